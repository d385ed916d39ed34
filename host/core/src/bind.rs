//! Resolving a query's names against the catalog, with every fault at once.

use crate::bound::{
    BoundGroup, BoundMetric, BoundPath, BoundPredicate, BoundSelection, BoundSort, BoundSummary, Column, SummaryColumn,
};
use crate::catalog::{Catalog, Schema, SystemField};
use crate::custom::{self, CUSTOM};
use crate::descriptor::FieldKind;
use crate::error::{Fault, Issue};
use crate::name::{CollectionName, PluginId};
use crate::query::{
    Bucket, GroupKey, MAX_DEPTH, MAX_GROUPS, MAX_HOPS, MAX_LIMIT, MAX_NODES, MAX_PATH, MAX_SEARCHED, MAX_VALUES,
    Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary,
};
use crate::reckoning::{Offsets, Reckoning, Rounding};
use crate::value::{Decimal, Value};
use std::sync::Arc;

/// Binds queries made in the name of one plugin (whose collections need no prefix), or of the API.
#[derive(Debug, Clone, Copy)]
pub struct Binder<'a> {
    pub catalog: &'a Catalog,
    pub home: Option<&'a PluginId>,
}

impl Binder<'_> {
    pub fn collection(&self, text: &str) -> Result<&Arc<Schema>, Fault> {
        let name = match self.home {
            Some(home) => CollectionName::within(home, text),
            None => text.parse(),
        };
        name.ok()
            .and_then(|name| self.catalog.schema(&name))
            .ok_or_else(|| Fault::at("/collection", "unknown-collection", format!("There is no collection `{text}`.")))
    }

    pub fn selection(&self, selection: &Selection) -> Result<BoundSelection, Fault> {
        let schema = self.collection(&selection.collection)?.clone();
        let mut issues = Vec::new();
        if selection.limit == 0 || selection.limit > MAX_LIMIT {
            issues.push(Issue::new(
                "/limit",
                "limit",
                format!("The limit is 1 to {MAX_LIMIT}, not {}.", selection.limit),
            ));
        }
        let mut walk = Walk::new(*self, &mut issues);
        let filter = walk.predicate(&schema, &selection.filter, 0);
        let archived = walk.archived;
        let mut sort: Vec<_> = selection
            .sort
            .iter()
            .filter_map(|key| {
                let path = walk.path(&schema, &key.path, "/sort")?;
                walk.single(&path, "/sort", "sorted by");
                Some(BoundSort { path, descending: key.descending })
            })
            .collect();
        if sort.len() > 8 {
            issues.push(Issue::new("/sort", "too-many", "At most 8 sort keys."));
        }
        let by_id = |key: &BoundSort| key.path.hops.is_empty() && key.path.column == Column::System(SystemField::Id);
        match sort.iter().position(by_id) {
            Some(at) => sort.truncate(at + 1),
            None => sort.push(BoundSort {
                path: BoundPath {
                    text: "id".into(),
                    root: schema.clone(),
                    hops: Vec::new(),
                    column: Column::System(SystemField::Id),
                },
                descending: false,
            }),
        }
        let mut walk = Walk::new(*self, &mut issues);
        let columns = selection.select.iter().filter_map(|path| walk.path(&schema, path, "/select")).collect();
        let fingerprint = fingerprint(&schema.name, &selection.filter, &selection.sort);
        let after = match &selection.after {
            None => None,
            Some(text) => match crate::cursor::decode(text, fingerprint, &sort) {
                Ok(values) => Some(values),
                Err(message) => {
                    issues.push(Issue::new("/after", "cursor", message));
                    None
                }
            },
        };
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        Ok(BoundSelection { schema, filter, archived, sort, columns, limit: selection.limit, after, fingerprint })
    }

    /// A predicate by itself, as guards have one. The flag tells whether it speaks of `archived_at`.
    pub fn predicate(&self, schema: &Arc<Schema>, predicate: &Predicate) -> Result<(BoundPredicate, bool), Fault> {
        let mut issues = Vec::new();
        let mut walk = Walk::new(*self, &mut issues);
        let bound = walk.predicate(schema, predicate, 0);
        let archived = walk.archived;
        if issues.is_empty() { Ok((bound, archived)) } else { Err(Fault::invalid(issues)) }
    }

    /// One path by itself.
    pub fn path(&self, schema: &Arc<Schema>, text: &str) -> Result<BoundPath, Fault> {
        let mut issues = Vec::new();
        let path = Walk::new(*self, &mut issues).path(schema, text, "/path");
        path.ok_or_else(|| Fault::invalid(issues))
    }

    pub fn summary(&self, summary: &Summary, reckoning: &Reckoning) -> Result<BoundSummary, Fault> {
        let schema = self.collection(&summary.collection)?.clone();
        let mut issues = Vec::new();
        if summary.limit == 0 || summary.limit > MAX_GROUPS {
            issues.push(Issue::new(
                "/limit",
                "limit",
                format!("The limit is 1 to {MAX_GROUPS}, not {}.", summary.limit),
            ));
        }
        if summary.metrics.is_empty() || summary.metrics.len() > 16 {
            issues.push(Issue::new("/metrics", "count", "A summary measures 1 to 16 things."));
        }
        if summary.group_by.len() > 4 {
            issues.push(Issue::new("/group", "too-many", "At most 4 groups."));
        }
        let mut walk = Walk::new(*self, &mut issues);
        let filter = walk.predicate(&schema, &summary.filter, 0);
        let mut archived = walk.archived;
        let groups: Vec<_> = summary.group_by.iter().filter_map(|key| walk.group(&schema, key, reckoning)).collect();
        let mut metrics = Vec::new();
        for metric in &summary.metrics {
            metrics.extend(walk.metric(&schema, metric, reckoning.rounding));
            archived |= walk.archived;
        }
        let mut sort = Vec::new();
        for key in &summary.sort {
            let group = summary.group_by.iter().position(|group| group.path == key.path).map(SummaryColumn::Group);
            let metric = summary.metrics.iter().position(|m| m.label == key.path).map(SummaryColumn::Metric);
            match group.or(metric) {
                Some(column) => sort.push((column, key.descending)),
                None => issues.push(Issue::new(
                    "/sort",
                    "unknown-field",
                    format!("`{}` is neither a group nor a measure of this summary.", key.path),
                )),
            }
        }
        if !issues.is_empty() {
            return Err(Fault::invalid(issues));
        }
        let calendar = reckoning.calendar;
        let fingerprint = fingerprint_of((
            &schema.name,
            &summary.filter,
            &summary.group_by,
            &summary.metrics,
            &summary.sort,
            calendar,
            (groups.iter().any(|group| group.zone.is_some()).then(|| reckoning.zone.iana_name()), reckoning.rounding),
        ));
        let limit = summary.limit;
        let mut bound =
            BoundSummary { schema, filter, archived, groups, metrics, sort, limit, after: None, fingerprint, calendar };
        if let Some(text) = &summary.after {
            let row = crate::cursor::decode_row(text, fingerprint, &bound.kept());
            bound.after = Some(row.map_err(|message| Fault::at("/after", "cursor", message))?);
        }
        Ok(bound)
    }
}

/// What a cursor belongs to. Stable within one version of the program, which is all that a cursor lives for.
fn fingerprint(name: &CollectionName, filter: &Predicate, sort: &[SortKey]) -> u64 {
    fingerprint_of((name, filter, sort))
}

fn fingerprint_of(question: impl std::fmt::Debug) -> u64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{question:?}"));
    u64::from_be_bytes(digest[..8].try_into().unwrap_or_default())
}

struct Walk<'a, 'i> {
    binder: Binder<'a>,
    issues: &'i mut Vec<Issue>,
    nodes: usize,
    archived: bool,
}

impl<'a, 'i> Walk<'a, 'i> {
    fn new(binder: Binder<'a>, issues: &'i mut Vec<Issue>) -> Self {
        Self { binder, issues, nodes: 0, archived: false }
    }

    fn fault(&mut self, at: &str, code: &str, message: String) {
        self.issues.push(Issue::new(at, code, message));
    }

    fn path(&mut self, root: &Arc<Schema>, text: &str, at: &str) -> Option<BoundPath> {
        if text.len() > MAX_PATH {
            self.fault(at, "too-long", format!("A path has at most {MAX_PATH} bytes, not {}.", text.len()));
            return None;
        }
        let mut schema = root.clone();
        let mut hops = Vec::new();
        let mut parts = text.split('.').peekable();
        loop {
            let part = parts.next().unwrap_or_default();
            // What an organization added stands behind a word of its own: `custom.cost_centre`.
            let own = (part == CUSTOM).then(|| parts.next()).flatten().map(custom::named);
            let part = own.as_deref().unwrap_or(part);
            let last = parts.peek().is_none();
            let position = schema.position(part);
            if last {
                let system = SystemField::ALL.into_iter().find(|field| field.as_str() == part);
                let column = match (position, system) {
                    (Some(index), _) => Column::Field(index),
                    (None, Some(field)) => {
                        self.archived |= field == SystemField::ArchivedAt && hops.is_empty();
                        Column::System(field)
                    }
                    (None, None) => {
                        let issue = crate::record::unknown_field(&schema, part, at.to_owned());
                        self.issues.push(issue);
                        return None;
                    }
                };
                return Some(BoundPath { text: text.to_owned(), root: root.clone(), hops, column });
            }
            let Some(index) = position else {
                let issue = crate::record::unknown_field(&schema, part, at.to_owned());
                self.issues.push(issue);
                return None;
            };
            let field = &schema.fields[index];
            let next = match (&field.to, field.field.kind) {
                (Some(to), FieldKind::Reference) => self.binder.catalog.schema(to).cloned(),
                _ => None,
            };
            let Some(next) = next else {
                self.fault(
                    at,
                    "not-a-reference",
                    format!("`{part}` of `{text}` is not a reference that can be followed."),
                );
                return None;
            };
            hops.push((index, next.clone()));
            if hops.len() > MAX_HOPS {
                self.fault(at, "too-deep", format!("`{text}` follows more than {MAX_HOPS} references."));
                return None;
            }
            schema = next;
        }
    }

    fn single(&mut self, path: &BoundPath, at: &str, what: &str) {
        if path.kind().is_list() || path.kind() == FieldKind::Json {
            self.fault(at, "not-comparable", format!("`{}` cannot be {what}.", path.text));
        }
    }

    fn predicate(&mut self, schema: &Arc<Schema>, predicate: &Predicate, depth: usize) -> BoundPredicate {
        self.nodes += 1;
        if self.nodes == MAX_NODES + 1 {
            self.fault("/filter", "too-many", format!("A filter has at most {MAX_NODES} nodes."));
        }
        if depth == MAX_DEPTH {
            self.fault("/filter", "too-deep", format!("A filter nests at most {MAX_DEPTH} deep."));
        }
        if self.nodes > MAX_NODES || depth >= MAX_DEPTH {
            return BoundPredicate::always();
        }
        match predicate {
            Predicate::All(children) => {
                BoundPredicate::All(children.iter().map(|child| self.predicate(schema, child, depth + 1)).collect())
            }
            Predicate::Any(children) => {
                BoundPredicate::Any(children.iter().map(|child| self.predicate(schema, child, depth + 1)).collect())
            }
            Predicate::Not(child) => BoundPredicate::Not(Box::new(self.predicate(schema, child, depth + 1))),
            Predicate::Compare { path, operator, value } => {
                let at = at(path);
                let Some(bound) = self.path(schema, path, &at) else { return BoundPredicate::always() };
                self.operator(&bound, *operator, &at);
                match self.fit(&bound, value, &at) {
                    Some(value) => BoundPredicate::Compare { path: bound, operator: *operator, value },
                    None => BoundPredicate::always(),
                }
            }
            Predicate::ComparePaths { left, operator, right } => {
                let at_left = at(left);
                let (Some(left), Some(right)) =
                    (self.path(schema, left, &at_left), self.path(schema, right, &at(right)))
                else {
                    return BoundPredicate::always();
                };
                self.operator(&left, *operator, &at_left);
                if matches!(operator, Operator::Contains | Operator::StartsWith) {
                    self.fault(&at_left, "operator", "Two fields cannot be compared by what they contain.".into());
                }
                if left.kind() != right.kind() || left.scale() != right.scale() {
                    self.fault(&at_left, "type", format!("`{}` and `{}` are not of one type.", left.text, right.text));
                }
                BoundPredicate::ComparePaths { left, operator: *operator, right }
            }
            Predicate::Within { path, values } => {
                let at = at(path);
                let Some(bound) = self.path(schema, path, &at) else { return BoundPredicate::always() };
                self.operator(&bound, Operator::Equal, &at);
                if values.len() > MAX_VALUES {
                    self.fault(&at, "too-many", format!("At most {MAX_VALUES} values, not {}.", values.len()));
                    return BoundPredicate::always();
                }
                let values = values.iter().filter_map(|value| self.fit(&bound, value, &at)).collect();
                BoundPredicate::Within { path: bound, values }
            }
            Predicate::Includes { path, id } => {
                let at = at(path);
                let Some(bound) = self.path(schema, path, &at) else { return BoundPredicate::always() };
                if !matches!(bound.kind(), FieldKind::References | FieldKind::People) {
                    self.fault(&at, "operator", format!("`{path}` is not a list of references."));
                }
                BoundPredicate::Includes { path: bound, id: *id }
            }
            Predicate::IsNull(path) => match self.path(schema, path, &at(path)) {
                Some(bound) => BoundPredicate::IsNull(bound),
                None => BoundPredicate::always(),
            },
            Predicate::Exists { collection, via, child } => {
                self.exists(schema, collection, via, child.as_deref(), depth)
            }
            Predicate::Search(text) => self.search(schema, text),
        }
    }

    fn exists(
        &mut self,
        schema: &Arc<Schema>,
        collection: &str,
        via: &str,
        child: Option<&Predicate>,
        depth: usize,
    ) -> BoundPredicate {
        let other = match self.binder.collection(collection) {
            Ok(other) => other.clone(),
            Err(fault) => {
                self.issues.extend(fault.issues);
                return BoundPredicate::always();
            }
        };
        let found = other.position(via).filter(|index| other.fields[*index].to.as_ref() == Some(&schema.name));
        let Some(via_index) = found else {
            self.fault(
                "/filter",
                "not-a-reference",
                format!("`{via}` of `{collection}` does not refer to `{}`.", schema.name),
            );
            return BoundPredicate::always();
        };
        let archived = self.archived;
        let child = child.map_or_else(BoundPredicate::always, |child| self.predicate(&other, child, depth + 1));
        self.archived = archived;
        let many = other.fields[via_index].field.kind == FieldKind::References;
        BoundPredicate::Exists { schema: other, via: via_index, many, child: Box::new(child) }
    }

    fn search(&mut self, schema: &Arc<Schema>, text: &str) -> BoundPredicate {
        let fields: Vec<_> =
            schema.fields.iter().enumerate().filter(|(_, field)| field.field.search).map(|(index, _)| index).collect();
        if fields.is_empty() {
            self.fault("/q", "not-searchable", format!("`{}` has no field that is searched.", schema.name));
        }
        // Longer than that, it is not even taken apart.
        let mut words = Vec::new();
        if text.chars().nth(MAX_SEARCHED).is_some() {
            self.fault("/q", "too-long", format!("What is searched for has at most {MAX_SEARCHED} characters."));
        } else {
            words = crate::search::words(text);
        }
        if words.len() > 16 {
            self.fault("/q", "too-many", "At most 16 words are searched for.".into());
        }
        BoundPredicate::Search { schema: schema.clone(), words, fields }
    }

    fn operator(&mut self, path: &BoundPath, operator: Operator, at: &str) {
        use FieldKind as Kind;
        let kind = path.kind();
        let allowed = match kind {
            Kind::Files => {
                self.fault(at, "operator", format!("`{}` holds files: ask whether it is null.", path.text));
                return;
            }
            Kind::References | Kind::People => {
                self.fault(at, "operator", format!("`{}` is a list: ask whether it includes an id.", path.text));
                return;
            }
            Kind::Json => {
                self.fault(at, "not-comparable", format!("`{}` cannot be filtered by.", path.text));
                return;
            }
            Kind::Text => true,
            Kind::Boolean | Kind::Reference | Kind::Person | Kind::Media => {
                matches!(operator, Operator::Equal | Operator::NotEqual)
            }
            _ => !matches!(operator, Operator::Contains | Operator::StartsWith),
        };
        if !allowed {
            self.fault(at, "operator", format!("`{}` cannot be compared by `{}`.", path.text, operator.api_name()));
        }
    }

    /// The value as the path's kind has it; a null is refused, since nothing is ever equal to it.
    fn fit(&mut self, path: &BoundPath, value: &Value, at: &str) -> Option<Value> {
        use FieldKind as Kind;
        let fitted = match (path.kind(), value) {
            (_, Value::Null) => {
                self.fault(at, "null", format!("Nothing compares with null: ask whether `{}` is null.", path.text));
                return None;
            }
            (Kind::Text, Value::Text(text)) if text.contains('\0') => {
                self.fault(at, "character", format!("`{}` holds no null character.", path.text));
                return None;
            }
            (Kind::Text, Value::Text(_))
            | (Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent, Value::Integer(_))
            | (Kind::Boolean, Value::Boolean(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Instant, Value::Instant(_))
            | (Kind::Money, Value::Money(_))
            | (Kind::Reference | Kind::Person, Value::Reference(_)) => value.clone(),
            (Kind::Choice, Value::Text(text)) => {
                let known = path.field().is_some_and(|field| field.field.of.contains(text));
                if !known {
                    let of = path.field().map(|field| field.field.of.join(", ")).unwrap_or_default();
                    self.fault(at, "choice", format!("`{}` is one of {of}, not `{text}`.", path.text));
                    return None;
                }
                value.clone()
            }
            (Kind::Decimal, Value::Decimal(decimal)) => {
                if let Some(decimal) = fit_decimal(*decimal, path.scale()) {
                    Value::Decimal(decimal)
                } else {
                    self.fault(
                        at,
                        "digits",
                        format!("`{}` has at most {} digits after the point.", path.text, path.scale()),
                    );
                    return None;
                }
            }
            (_, other) => {
                self.fault(at, "type", format!("`{}` cannot be compared with {}.", path.text, other.kind()));
                return None;
            }
        };
        Some(fitted)
    }

    fn group(&mut self, schema: &Arc<Schema>, key: &GroupKey, reckoning: &Reckoning) -> Option<BoundGroup> {
        let path = self.path(schema, &key.path, "/group")?;
        self.single(&path, "/group", "grouped by");
        if path.kind() == FieldKind::Money {
            self.fault("/group", "not-comparable", format!("`{}` is money, which cannot be grouped by.", key.path));
        }
        let (bucketed, timed) = (key.bucket != Bucket::None, path.kind() == FieldKind::Instant);
        if bucketed && !timed && path.kind() != FieldKind::Date {
            let message = format!("`{}` is neither a date nor an instant, so it has no weeks or months.", key.path);
            self.fault("/group", "bucket", message);
        }
        let zone = (bucketed && timed).then(|| Arc::new(Offsets::of(&reckoning.zone)));
        Some(BoundGroup { path, bucket: key.bucket, zone })
    }

    fn metric(&mut self, schema: &Arc<Schema>, metric: &Metric, rounding: Option<Rounding>) -> Option<BoundMetric> {
        use FieldKind as Kind;
        let path = self.path(schema, &metric.path, "/metrics")?;
        let kind = path.kind();
        let fits = match metric.kind {
            MetricKind::Count => true,
            MetricKind::CountDistinct => !kind.is_list() && !matches!(kind, Kind::Json | Kind::Money),
            MetricKind::Sum | MetricKind::Average => {
                matches!(
                    kind,
                    Kind::Integer | Kind::Decimal | Kind::Duration | Kind::Minutes | Kind::Percent | Kind::Money
                )
            }
            MetricKind::Minimum | MetricKind::Maximum => {
                matches!(
                    kind,
                    Kind::Integer
                        | Kind::Decimal
                        | Kind::Duration
                        | Kind::Minutes
                        | Kind::Percent
                        | Kind::Date
                        | Kind::Instant
                )
            }
        };
        if !fits {
            self.fault("/metrics", "type", format!("`{}` cannot be measured so.", metric.path));
        }
        let filter = self.predicate(schema, &metric.filter, 0);
        let counts = matches!(metric.kind, MetricKind::Count | MetricKind::CountDistinct);
        let rounding = rounding.filter(|_| kind == Kind::Duration && !counts);
        Some(BoundMetric { kind: metric.kind, path, filter, label: metric.label.clone(), rounding })
    }
}

/// Where a fault of a filter stands, as the API's query names it.
fn at(path: &str) -> String {
    format!("/filter/{}", crate::record::escape(path))
}

/// A decimal at a field's scale, if it has no more digits than that, and no more than 18 in all.
pub fn fit_decimal(decimal: Decimal, scale: u8) -> Option<Decimal> {
    let mut fitted = decimal.normalize();
    if fitted.scale() > u32::from(scale) {
        return None;
    }
    fitted.rescale(u32::from(scale));
    (fitted.scale() == u32::from(scale) && fitted.mantissa().unsigned_abs() < 1_000_000_000_000_000_000)
        .then_some(fitted)
}
