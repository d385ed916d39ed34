//! The query string of lists and summaries, as `docs/api.md` has it. What is unknown is an issue, never ignored.

use crate::rest::expand::{Expansion, Wanted};
use jiff::tz::TimeZone;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundPath, BoundSummary};
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{FieldKind, Filters};
use lignaflow_core::period::{self, Almanac};
use lignaflow_core::query::{
    Authority, Bucket, GroupKey, MAX_GROUPS, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary,
};
use lignaflow_core::reckoning::{Reckoning, Rounding};
use lignaflow_core::value::{Decimal, Money, Value, parse_date, parse_instant};
use lignaflow_core::{Fault, Id, Issue};
use std::sync::Arc;

/// Records of one page where the client names no limit, and the most that it may name.
pub const DEFAULT_LIMIT: u16 = 50;
pub const MAX_LIMIT: u16 = 200;

/// What only the query of a summary says.
pub const SUMMING: [&str; 7] = ["group", "count", "distinct", "sum", "average", "min", "max"];

/// Pairs of a query string, in their order.
pub type Pairs = Vec<(String, String)>;

/// A list as it was asked for.
#[derive(Debug)]
pub struct List {
    pub selection: Selection,
    pub expansion: Expansion,
    pub count: bool,
}

/// A summary as it was asked for.
#[derive(Debug)]
pub struct Summed {
    pub summary: Summary,
    pub reckoning: Reckoning,
    /// By what its relative dates were understood.
    pub almanac: Almanac,
    /// Whether it names its zone.
    pub zoned: bool,
}

impl Summed {
    /// The same with its names resolved.
    pub fn bound(&self, binder: &Binder<'_>) -> Result<BoundSummary, Fault> {
        binder.summary(&self.summary, &self.reckoning)
    }

    /// What whoever reads its figures has to know: whose days these are, and how durations were rounded.
    pub fn caption(&self, bound: &BoundSummary) -> Option<String> {
        let mut said = Vec::new();
        let zone = self.reckoning.zone.iana_name().unwrap_or("UTC");
        if bound.groups.iter().any(|group| group.zone.is_some()) {
            said.push(format!("Days are those of {zone}."));
        } else if self.zoned {
            said.push(format!("Relative dates are those of {zone}."));
        }
        if let Some(rounding) = bound.metrics.iter().find_map(|metric| metric.rounding) {
            let how = lignaflow_web::format::rounding(rounding);
            said.push(format!(
                "Durations are rounded {how}, each by itself; the records behind them are as they were."
            ));
        }
        (!said.is_empty()).then(|| said.join(" "))
    }
}

/// Where the days are that a query speaks of, and whether it says so: `zone=Europe/London`.
fn within(almanac: &Almanac, pairs: &Pairs, issues: &mut Vec<Issue>) -> (Almanac, bool) {
    let Some((_, text)) = pairs.iter().find(|(name, _)| name == "zone") else { return (almanac.clone(), false) };
    if let Some(zone) = TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some()) {
        return (almanac.within(zone), true);
    }
    let message = format!("A zone is one of the tz database, such as Australia/Sydney, not `{text}`.");
    issues.push(Issue::new("/zone", "unknown-zone", message));
    (almanac.clone(), false)
}

/// Filters of a descriptor as the API spells them: `status` and `due[lt]` become `filter[status]` and `filter[due][lt]`.
pub fn pairs(filters: &Filters) -> Pairs {
    filters
        .iter()
        .map(|(name, value)| {
            let key = match name.split_once('[') {
                Some((path, operator)) => format!("filter[{path}][{operator}"),
                None => format!("filter[{name}]"),
            };
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Array(items) => items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                    .collect::<Vec<_>>()
                    .join(","),
                other => other.to_string(),
            };
            (key, text)
        })
        .collect()
}

/// Reads the query of a list.
pub fn list(binder: &Binder<'_>, schema: &Arc<Schema>, almanac: &Almanac, pairs: &Pairs) -> Result<List, Fault> {
    let mut issues = Vec::new();
    let (almanac, _) = within(almanac, pairs, &mut issues);
    let mut reader = Reader { binder, schema, almanac: &almanac, issues, filters: Vec::new() };
    let mut sort = None;
    let mut limit = DEFAULT_LIMIT;
    let mut after = None;
    let mut wanted = Wanted::default();
    let mut count = false;
    for (name, text) in pairs {
        match name.as_str() {
            "sort" => sort = Some(text.as_str()),
            "limit" => limit = reader.limit(text),
            "after" => after = Some(text.clone()),
            "fields" => wanted.fields = Some(words(text)),
            "expand" => wanted.expand = words(text),
            "count" => count = reader.boolean("/count", text).unwrap_or_default(),
            "q" => reader.search(text),
            "zone" => {}
            _ => reader.filter(name, text, &["sort", "limit", "after", "fields", "expand", "count", "q", "zone"]),
        }
    }
    let default_sort = schema.collection.sort.as_deref().unwrap_or(schema.collection.display.as_str());
    let sort = sort_keys(sort.unwrap_or(default_sort));
    let expansion = Expansion::new(binder, schema, &wanted).map_err(|issues| reader.issues.extend(issues));
    let (filter, issues) = reader.finish();
    let (Ok(expansion), true) = (expansion, issues.is_empty()) else { return Err(Fault::invalid(issues)) };
    let selection = Selection {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter,
        sort,
        select: expansion.columns().to_vec(),
        limit,
        after,
    };
    Ok(List { selection, expansion, count })
}

/// Reads the query of a summary: `group=project,start:month&sum=planned_minutes&count=id&filter[…]`.
pub fn summary(binder: &Binder<'_>, schema: &Arc<Schema>, almanac: &Almanac, pairs: &Pairs) -> Result<Summed, Fault> {
    const KINDS: [(&str, MetricKind); 6] = [
        ("count", MetricKind::Count),
        ("distinct", MetricKind::CountDistinct),
        ("sum", MetricKind::Sum),
        ("average", MetricKind::Average),
        ("min", MetricKind::Minimum),
        ("max", MetricKind::Maximum),
    ];
    let mut issues = Vec::new();
    let (almanac, zoned) = within(almanac, pairs, &mut issues);
    let mut reader = Reader { binder, schema, almanac: &almanac, issues, filters: Vec::new() };
    let mut rounding = None;
    let mut group_by = Vec::new();
    let mut metrics = Vec::new();
    let mut sort = Vec::new();
    let mut limit = lignaflow_core::query::MAX_LIMIT;
    let mut after = None;
    for (name, text) in pairs {
        match name.as_str() {
            "group" => group_by.extend(words(text).iter().filter_map(|word| reader.group(word))),
            "sort" => sort = sort_keys(text),
            "limit" => {
                limit = text.parse().unwrap_or_else(|_| {
                    reader.issue("/limit", "limit", format!("The limit is 1 to {MAX_GROUPS}, not `{text}`."));
                    1
                });
            }
            "after" => after = Some(text.clone()),
            "q" => reader.search(text),
            "zone" => {}
            "round" => match text.parse::<Rounding>() {
                Ok(known) => rounding = Some(known),
                Err(error) => {
                    let message = format!("`round`: {error}, not `{text}`.");
                    reader.issue("/round", "rounding", message);
                }
            },
            _ => match KINDS.iter().find(|(word, _)| word == name) {
                Some((word, kind)) => metrics.extend(words(text).into_iter().map(|path| Metric {
                    label: if path == "id" { (*word).to_owned() } else { format!("{word}_{}", path.replace('.', "_")) },
                    kind: *kind,
                    path,
                    filter: Predicate::always(),
                })),
                None => reader.filter(
                    name,
                    text,
                    &[
                        "group", "sort", "limit", "after", "q", "zone", "round", "count", "distinct", "sum", "average",
                        "min", "max",
                    ],
                ),
            },
        }
    }
    if metrics.is_empty() {
        metrics.push(Metric {
            kind: MetricKind::Count,
            path: "id".into(),
            filter: Predicate::always(),
            label: "count".into(),
        });
    }
    let (filter, issues) = reader.finish();
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    let summary = Summary {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter,
        group_by,
        metrics,
        sort,
        limit,
        after,
    };
    Ok(Summed { summary, reckoning: almanac.reckoning(rounding), almanac, zoned })
}

/// Where a log begins that is read from its end: how many entries, and before which.
#[derive(Debug, Clone, Copy)]
pub struct Back<T> {
    pub limit: u16,
    pub before: Option<T>,
}

impl<T: std::str::FromStr> Back<T> {
    /// Reads `limit` and `after`, which is what an answer said in `next`.
    pub fn read(pairs: &Pairs, default: u16) -> Result<Self, Fault> {
        let mut read = Self { limit: default, before: None };
        let mut issues = Vec::new();
        for (name, text) in pairs {
            match name.as_str() {
                "limit" => match text.parse() {
                    Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => read.limit = limit,
                    _ => issues.push(limit_issue(text)),
                },
                "after" => match text.parse() {
                    Ok(before) => read.before = Some(before),
                    Err(_) => issues.push(Issue::new("/after", "cursor", "Give back what an answer said in `next`.")),
                },
                other => issues.push(unknown(other, "; there are `limit` and `after`.")),
            }
        }
        if issues.is_empty() { Ok(read) } else { Err(Fault::invalid(issues)) }
    }

    /// Takes what is more than the page away, and says where the next begins.
    pub fn cut<R>(&self, path: &str, rows: &mut Vec<R>, at: impl Fn(&R) -> String) -> Option<String> {
        let more = rows.len() > usize::from(self.limit);
        rows.truncate(usize::from(self.limit));
        let last = rows.last().filter(|_| more)?;
        Some(format!("/api/v1/{path}?limit={}&after={}", self.limit, at(last)))
    }
}

/// That there is no parameter at all.
pub fn none(pairs: &Pairs) -> Result<(), Fault> {
    let issues: Vec<_> = pairs.iter().map(|(name, _)| unknown(name, " here; there is none.")).collect();
    if issues.is_empty() { Ok(()) } else { Err(Fault::invalid(issues)) }
}

fn unknown(name: &str, known: &str) -> Issue {
    let path = format!("/{}", lignaflow_core::record::escape(name));
    Issue::new(path, "unknown-parameter", format!("There is no parameter `{name}`{known}"))
}

fn limit_issue(text: &str) -> Issue {
    Issue::new("/limit", "limit", format!("The limit is 1 to {MAX_LIMIT}, not `{text}`."))
}

/// `-due,id` as keys.
pub fn sort_keys(text: &str) -> Vec<SortKey> {
    words(text)
        .into_iter()
        .map(|word| match word.strip_prefix('-') {
            Some(path) => SortKey { path: path.to_owned(), descending: true },
            None => SortKey { path: word, descending: false },
        })
        .collect()
}

pub fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `start:month` as a group.
pub fn group_key(word: &str) -> Option<GroupKey> {
    let (path, bucket) = word.split_once(':').unwrap_or((word, ""));
    let bucket = match bucket {
        "" => Bucket::None,
        "day" => Bucket::Day,
        "week" => Bucket::Week,
        "month" => Bucket::Month,
        "quarter" => Bucket::Quarter,
        "year" => Bucket::Year,
        "fiscal-year" => Bucket::FiscalYear,
        _ => return None,
    };
    Some(GroupKey { path: path.to_owned(), bucket })
}

struct Reader<'a> {
    binder: &'a Binder<'a>,
    schema: &'a Arc<Schema>,
    almanac: &'a Almanac,
    issues: Vec<Issue>,
    filters: Vec<Predicate>,
}

impl Reader<'_> {
    fn issue(&mut self, path: &str, code: &str, message: String) {
        self.issues.push(Issue::new(path, code, message));
    }

    fn limit(&mut self, text: &str) -> u16 {
        match text.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => limit,
            _ => {
                self.issues.push(limit_issue(text));
                1
            }
        }
    }

    fn boolean(&mut self, path: &str, text: &str) -> Option<bool> {
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.issue(path, "type", format!("Expected true or false, not `{text}`."));
                None
            }
        }
    }

    fn search(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.filters.push(Predicate::Search(text.to_owned()));
        }
    }

    fn group(&mut self, word: &str) -> Option<GroupKey> {
        let key = group_key(word);
        if key.is_none() {
            let message = format!("`{word}` has no bucket of day, week, month, quarter, year or fiscal-year.");
            self.issue("/group", "bucket", message);
        }
        key
    }

    /// `filter[path]` or `filter[path][operator]`.
    fn filter(&mut self, name: &str, text: &str, known: &[&str]) {
        let Some(inner) = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')) else {
            let near = lignaflow_core::descriptor::nearest(name, known.iter().copied());
            let message = match near {
                Some(near) => format!("There is no parameter `{name}`; did you mean `{near}`?"),
                None => format!("There is no parameter `{name}`; filters are written `filter[field]`."),
            };
            let path = format!("/{}", lignaflow_core::record::escape(name));
            self.issue(&path, "unknown-parameter", message);
            return;
        };
        let (path, operator) = inner.split_once("][").unwrap_or((inner, "eq"));
        match self.binder.path(self.schema, path) {
            Ok(bound) => {
                if let Err(message) = self.comparison(&bound, operator, text) {
                    let at = format!("/filter/{}", lignaflow_core::record::escape(path));
                    self.issue(&at, "filter", message);
                }
            }
            Err(fault) => self.issues.extend(
                fault
                    .issues
                    .into_iter()
                    .map(|issue| Issue { path: format!("/filter/{}", lignaflow_core::record::escape(path)), ..issue }),
            ),
        }
    }

    fn comparison(&mut self, path: &BoundPath, operator: &str, text: &str) -> Result<(), String> {
        let predicate = comparison(path, self.almanac, operator, text)?;
        self.filters.push(predicate);
        Ok(())
    }

    fn finish(self) -> (Predicate, Vec<Issue>) {
        (Predicate::All(self.filters), self.issues)
    }
}

/// One filter: an operator and a text, read as the path's kind has it. Of dates and instants the text may be a period.
pub fn comparison(path: &BoundPath, almanac: &Almanac, operator: &str, text: &str) -> Result<Predicate, String> {
    let many = path.kind().is_list();
    let name = path.text.clone();
    match operator {
        "is_null" => match text {
            "true" => Ok(Predicate::IsNull(name)),
            "false" => Ok(Predicate::Not(Box::new(Predicate::IsNull(name)))),
            _ => Err(format!("`is_null` is true or false, not `{text}`.")),
        },
        "in" if many => {
            let any: Result<Vec<_>, _> = text.split(',').map(|part| includes(path, almanac, part)).collect();
            Ok(Predicate::Any(any?))
        }
        "in" if is_timed(path) => {
            let any: Result<Vec<_>, _> =
                text.split(',').map(|part| single(path, almanac, Operator::Equal, part.trim())).collect();
            Ok(Predicate::Any(any?))
        }
        "in" => {
            let values: Result<Vec<_>, _> = text.split(',').map(|part| value(path, almanac, part.trim())).collect();
            Ok(Predicate::Within { path: name, values: values? })
        }
        "eq" if many => includes(path, almanac, text),
        "ne" if many => Ok(Predicate::Not(Box::new(includes(path, almanac, text)?))),
        _ => {
            let operator = Operator::ALL.into_iter().find(|known| known.api_name() == operator).ok_or_else(|| {
                format!(
                    "There is no operator `{operator}`: eq, ne, lt, lte, gt, gte, in, contains, starts_with or is_null."
                )
            })?;
            single(path, almanac, operator, text)
        }
    }
}

fn is_timed(path: &BoundPath) -> bool {
    matches!(path.kind(), FieldKind::Date | FieldKind::Instant)
}

/// A comparison with one value, or with a period by its name.
fn single(path: &BoundPath, almanac: &Almanac, operator: Operator, text: &str) -> Result<Predicate, String> {
    let period = Some(text).filter(|_| is_timed(path)).and_then(|word| almanac.period(word));
    let period = period.and_then(|period| almanac.compare(&path.text, path.kind(), operator, period));
    match period {
        Some(predicate) => Ok(predicate),
        None => Ok(Predicate::Compare { path: path.text.clone(), operator, value: value(path, almanac, text)? }),
    }
}

/// What a date or an instant is compared with, where the text is neither a value of its own nor a period.
fn no_time(name: &str, example: &str, text: &str) -> String {
    let meant = period::near(text).map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"));
    format!("`{name}` is compared with {example}, or a period such as this-week, not `{text}`{meant}")
}

fn includes(path: &BoundPath, almanac: &Almanac, text: &str) -> Result<Predicate, String> {
    let id = match me(path, almanac, text.trim())? {
        Some(me) => me,
        None => text.trim().parse().map_err(|_| format!("`{}` holds ids; `{text}` is none.", path.text))?,
    };
    Ok(Predicate::Includes { path: path.text.clone(), id })
}

/// Whoever asks, in the place of a person.
fn me(path: &BoundPath, almanac: &Almanac, text: &str) -> Result<Option<Id>, String> {
    if text != period::ME || !matches!(path.kind(), FieldKind::Person | FieldKind::People) {
        return Ok(None);
    }
    almanac.me().map(Some).ok_or_else(|| format!("`{}` is compared with `me`, and no person asks.", path.text))
}

fn value(path: &BoundPath, almanac: &Almanac, text: &str) -> Result<Value, String> {
    use FieldKind as Kind;
    if let Some(me) = me(path, almanac, text)? {
        return Ok(Value::Reference(me));
    }
    let name = &path.text;
    let wrong = |right: &str| format!("`{name}` is compared with {right}, not `{text}`.");
    Ok(match path.kind() {
        Kind::Text | Kind::Choice | Kind::Json => Value::Text(text.to_owned()),
        Kind::Integer => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Kind::Duration => Value::Integer(text.parse().map_err(|_| wrong("whole seconds"))?),
        Kind::Minutes => Value::Integer(text.parse().map_err(|_| wrong("whole minutes"))?),
        Kind::Percent => Value::Integer(text.parse().map_err(|_| wrong("whole basis points"))?),
        Kind::Decimal => Value::Decimal(Decimal::from_str_exact(text).map_err(|_| wrong("a decimal such as 12.5"))?),
        Kind::Boolean => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Kind::Date => Value::Date(parse_date(text).ok_or_else(|| no_time(name, "a date such as 2026-11-23", text))?),
        Kind::Instant => {
            // A plus sign of an offset that was not percent-encoded arrives as a space.
            let repaired = text.replace(' ', "+");
            let instant = parse_instant(text).or_else(|| parse_instant(&repaired));
            Value::Instant(instant.ok_or_else(|| no_time(name, "an instant such as 2026-11-23T07:00:00Z", text))?)
        }
        Kind::Money => {
            let money = text.split_once(' ').and_then(|(minor, currency)| {
                Some(Money { minor: minor.parse().ok()?, currency: currency.parse().ok()? })
            });
            Value::Money(money.ok_or_else(|| wrong("minor units and currency such as `12550 AUD`"))?)
        }
        Kind::Reference | Kind::Person | Kind::References | Kind::People | Kind::Media | Kind::Files => {
            Value::Reference(text.parse().map_err(|_| wrong("an id"))?)
        }
    })
}
