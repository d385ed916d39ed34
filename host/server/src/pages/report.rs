//! Reports over the records of a collection: the summary of the API as a page, in which every figure opens its records.
//! What is asked stands in the address, in the API's own words, so that a page, a file and a program see the same figures.

use super::declared::{Place, binder, bucket_name, field_at};
use super::house::{Reading, Visit};
use super::routed::Pairs;
use super::{charts, follow, lookup, paper, sharing, views};
use crate::rest::accept::Format;
use crate::rest::export::{Export, TakenBy, called, days_of};
use crate::rest::host::From;
use crate::rest::query;
use crate::views::is_report;
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::BoundSummary;
use lignaflow_core::catalog::{Schema, SchemaField};
use lignaflow_core::descriptor::{ChartKind, Field, FieldKind, ReportBlock, humanize};
use lignaflow_core::error::Fault;
use lignaflow_core::period::{self, Almanac};
use lignaflow_core::query::{Bucket, MetricKind, Page};
use lignaflow_core::value::{
    Currency, Decimal, Money, Value, civil_date, date_days, date_text, instant_text, parse_date,
};
use lignaflow_identity::{Client, RecordsTaken};
use lignaflow_web::blocks::report::{
    Asking, Controls, Facet, Grid, GridCell, GridHead, GridRow, KeptBar, KeptReport, Offer, PeriodView, Reckoned,
    ReportView,
};
use lignaflow_web::blocks::{Bar, BlockView, BlocksPage, ChartView, MOST_COLUMNS, page as draw, shares};
use lignaflow_web::format::{is_figure, money, plain_text};
use lignaflow_web::labels::{Labels, Wanted};
use lignaflow_web::{ListQuery, Reader, paths};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Groups that are offered, and measures.
const MOST_OFFERED: usize = 60;
/// Filters with a control of their own.
const MOST_FACETS: usize = 12;
/// Of instants.
const DAYS: [&str; 3] = ["day", "week", "month"];
const BUCKETS: [&str; 6] = ["day", "week", "month", "quarter", "year", "fiscal-year"];

/// What a report may be asked and how it opens.
struct Preset {
    title: String,
    /// Where its form is sent.
    action: String,
    groups: Vec<String>,
    measures: Vec<String>,
    date: Option<String>,
    opens: Pairs,
}

/// `GET /{plugin}/{collection}/report`: of any collection; with `format` a file.
pub(super) async fn of_collection(
    visit: Visit,
    From(client): From,
    Path((plugin, collection)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let asked: Pairs = form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()).into_owned().collect();
    if let Some((_, format)) = asked.iter().find(|(name, _)| name == "format") {
        if format == "pdf" {
            return printed(&visit, &client, &schema, &asked).await.unwrap_or_else(|fault| visit.fault(&fault));
        }
        return match file(&visit, &client, &schema, &asked, format).await {
            Ok(response) => response,
            Err(fault) => visit.fault(&fault),
        };
    }
    let preset = of_schema(&visit, &schema);
    let title = format!("Report of {}", lower_first(&schema.collection.title.many));
    match view(&visit, &schema, preset, &asked).await {
        Ok(view) => {
            let (blocks, labels) = ([BlockView::Report(Box::new(view))], Labels::default());
            let page = BlocksPage { title: &title, blocks: &blocks, labels: &labels, record: None };
            visit.page(draw(&visit.shell(), &page))
        }
        Err(fault) => visit.fault(&fault),
    }
}

/// The block of a page that a plugin declares.
pub(super) async fn block(
    place: &Place<'_>,
    block: &ReportBlock,
    page: &str,
    asked: &Pairs,
) -> Result<BlockView, Fault> {
    let schema = place.schema(&block.collection)?;
    let all = of_schema(place.visit, &schema);
    // What somebody may not see is neither offered nor asked for.
    let binder = binder(place.visit);
    let seen = |path: &&String| {
        let path = path.split_once(':').map_or(path.as_str(), |(path, _)| path);
        binder.path(&schema, path).is_ok()
    };
    let known = |paths: &[String]| paths.iter().filter(seen).cloned().collect::<Vec<_>>();
    let mut opens: Pairs = known(&block.group).into_iter().map(|path| ("group".to_owned(), path)).collect();
    opens.extend(known(&block.sum).into_iter().map(|path| ("sum".to_owned(), path)));
    if block.count {
        opens.push(("count".to_owned(), "id".to_owned()));
    }
    opens.extend(query::pairs(&block.filter));
    let preset = Preset {
        title: block.title.clone(),
        action: format!("/{}/-/{page}", place.home),
        groups: if block.groups.is_empty() { all.groups } else { known(&block.groups) },
        measures: if block.measures.is_empty() { all.measures } else { known(&block.measures) },
        date: block.date.clone().or(all.date),
        opens,
    };
    let view = view(place.visit, &schema, preset, asked).await?;
    Ok(BlockView::Report(Box::new(view)))
}

/// All that records of a collection can be grouped and measured by.
fn of_schema(visit: &Visit, schema: &Arc<Schema>) -> Preset {
    let (mut groups, mut timed) = (Vec::new(), Vec::new());
    let mut date = None;
    for field in &schema.fields {
        let name = field.name.as_str();
        match field.field.kind {
            FieldKind::Date => {
                date.get_or_insert_with(|| name.to_owned());
                groups.extend(BUCKETS.map(|bucket| format!("{name}:{bucket}")));
            }
            FieldKind::Instant => timed.extend(DAYS.map(|bucket| format!("{name}:{bucket}"))),
            FieldKind::Choice | FieldKind::Boolean | FieldKind::Person => groups.push(name.to_owned()),
            FieldKind::Reference => {
                groups.push(name.to_owned());
                let target = field.to.as_ref().and_then(|to| visit.snapshot.catalog.schema(to));
                let further = target.into_iter().flat_map(|target| &target.fields).filter(|field| {
                    matches!(field.field.kind, FieldKind::Choice | FieldKind::Reference | FieldKind::Person)
                });
                groups.extend(further.map(|further| format!("{name}.{}", further.name)));
            }
            _ => {}
        }
    }
    // Days of instants come last: where there is a date, it is the one that is meant.
    groups.truncate(MOST_OFFERED.saturating_sub(timed.len()));
    groups.append(&mut timed);
    let is_measure = |field: &&SchemaField| is_figure(field.field.kind) && field.field.kind != FieldKind::Percent;
    let measures = schema.fields.iter().filter(is_measure).take(MOST_OFFERED);
    let first = groups.iter().find(|group| !group.contains(':')).or(groups.first()).cloned();
    Preset {
        title: schema.collection.title.many.clone(),
        action: paths::report(&schema.name),
        opens: first.into_iter().map(|group| ("group".to_owned(), group)).chain([count()]).collect(),
        measures: measures.map(|field| field.name.to_string()).collect(),
        groups,
        date,
    }
}

fn count() -> (String, String) {
    ("count".to_owned(), "id".to_owned())
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What an address asks of the summary: nothing of what a form sends empty, nothing of the page's own.
fn meant(asked: &Pairs) -> Pairs {
    let own = |name: &str| matches!(name, "view" | "format");
    asked.iter().filter(|(name, text)| !text.is_empty() && !own(name)).cloned().collect()
}

async fn view(visit: &Visit, schema: &Arc<Schema>, preset: Preset, asked: &Pairs) -> Result<ReportView, Fault> {
    let kept = views::reports(visit, schema).await?;
    let wanted = super::routed::first(asked, "view");
    let current = kept.iter().find(|view| Some(view.id.to_string().as_str()) == wanted);
    let pairs_of = |query: &str| form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Pairs>();
    let said = meant(asked);
    let pairs = match (&current, said.is_empty(), asked.is_empty()) {
        (Some(view), true, _) => pairs_of(&view.query),
        (_, true, true) => preset.opens.clone(),
        _ => said,
    };
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let address = paths::report(&schema.name);
    let files = [("CSV", "csv"), ("Excel", "xlsx"), ("PDF", "pdf")]
        .map(|(title, format)| {
            let query = form_urlencoded::Serializer::new(query.clone()).append_pair("format", format).finish();
            (title.to_owned(), format!("{address}?{query}"))
        })
        .into();
    let found = figures(visit.reading(), schema, &pairs).await;
    let asking = asking(visit, schema, &preset, &pairs, current.map(|view| view.id.to_string())).await?;
    let bar = KeptBar {
        follow: match current {
            Some(current) => {
                let measured = crate::uses::measured(&visit.app, &visit.signed.caller, current).await;
                follow::of_view(visit, current, measured).await?
            }
            None => None,
        },
        share: current.and_then(|current| sharing::offered(visit, current)),
        changed: current.is_some_and(|view| meant(&pairs_of(&view.query)) != pairs),
        current: current.map(|view| view.id),
        reports: kept
            .iter()
            .map(|view| KeptReport {
                id: view.id,
                name: view.name.clone(),
                shared: view.shared,
                own: crate::views::may_change(&visit.signed, view),
                href: format!("{address}?view={}", view.id),
            })
            .collect(),
        base: paths::list(&schema.name),
        query: Some(query).filter(|query| visit.may_write() && is_report(query)),
    };
    let title = current.map_or(preset.title, |view| view.name.clone());
    let controls = Some(Controls::Records(Box::new(asking)));
    let empty = ReportView {
        title,
        controls,
        kept: Some(bar),
        whole: None,
        figures: Vec::new(),
        plots: Vec::new(),
        grid: None,
        caption: None,
        notes: Vec::new(),
        fault: None,
        files,
    };
    Ok(match found {
        Ok(Found { plot, grid, caption, notes }) => {
            ReportView { plots: plot.into_iter().collect(), grid: Some(grid), caption, notes, ..empty }
        }
        Err(fault) => ReportView { fault: Some(told(&fault)), files: Vec::new(), ..empty },
    })
}

/// The page as a PDF.
async fn printed(visit: &Visit, client: &Client, schema: &Arc<Schema>, asked: &Pairs) -> Result<Response, Fault> {
    let asked: Pairs = asked.iter().filter(|(name, _)| name != "format").cloned().collect();
    let view = view(visit, schema, of_schema(visit, schema), &asked).await?;
    let rows = view.grid.as_ref().map_or(0, |grid| grid.rows.len());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
    let taken = RecordsTaken {
        collection: &schema.name.to_string(),
        format: "pdf",
        query: &query,
        rows: rows.try_into().unwrap_or(u64::MAX),
    };
    let actor = &visit.signed.authenticated;
    visit.app.identity.note_records_export(actor, client.clone(), &taken).await?;
    let days = days_of(schema, &Almanac::of(&visit.signed.caller), &meant(&asked));
    let organization = visit.signed.authenticated.organization.name.as_str();
    let name = called([organization, schema.name.local.as_str()], days, &visit.signed.caller);
    paper::pdf(visit.reading(), &view, &name).await
}

/// The figures as a file: those of the API's summary.
async fn file(
    visit: &Visit,
    client: &Client,
    schema: &Arc<Schema>,
    asked: &Pairs,
    format: &str,
) -> Result<Response, Fault> {
    let format = Format::of_file(format, "A report")?;
    let Visit { app, signed, snapshot, .. } = visit;
    let (caller, taken_by) = (&signed.caller, TakenBy::Hand(&signed.authenticated, client));
    let export = Export { app, caller, taken_by, snapshot, schema, format, marked: true };
    export.summary(&meant(asked)).await
}

// --- What is asked ---------------------------------------------------------------------------------------------------

/// What a path is called: its fields from the first to the last, then its bucket.
pub(super) fn title_of(binder: &Binder<'_>, schema: &Arc<Schema>, group: &str) -> Option<String> {
    let (path, bucket) = group.split_once(':').map_or((group, None), |(path, bucket)| (path, Some(bucket)));
    let bound = binder.path(schema, path).ok()?;
    let mut at = schema;
    let mut titles = Vec::new();
    for (index, next) in &bound.hops {
        titles.push(named(&at.fields[*index]));
        at = next;
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    titles.push(bound.field().map_or_else(|| humanize(last), named));
    let mut title = titles.join(", ");
    if titles.len() > 1 {
        let further = titles[1..].iter().map(|title| lower_first(title)).collect::<Vec<_>>().join(", ");
        title = format!("{}: {further}", titles[0]);
    }
    Some(match bucket {
        Some(bucket) => format!("{title}, by {}", bucket.replace('-', " ")),
        None => title,
    })
}

fn named(field: &SchemaField) -> String {
    field.field.title.clone().unwrap_or_else(|| humanize(field.name.as_str()))
}

fn all_of<'a>(pairs: &'a Pairs, name: &str) -> Vec<&'a str> {
    let words = pairs.iter().filter(|(key, _)| key == name).flat_map(|(_, text)| text.split(','));
    words.map(str::trim).filter(|word| !word.is_empty()).collect()
}

async fn asking(
    visit: &Visit,
    schema: &Arc<Schema>,
    preset: &Preset,
    pairs: &Pairs,
    view: Option<String>,
) -> Result<Asking, Fault> {
    let binder = binder(visit);
    let value = |key: &str| super::routed::first(pairs, key).unwrap_or_default().to_owned();
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (group, sums) = (owned(all_of(pairs, "group")), owned(all_of(pairs, "sum")));
    let offers = |paths: &[String], chosen: &[String]| {
        let more = chosen.iter().filter(|path| !paths.contains(path));
        let all = paths.iter().chain(more);
        let offer = |path: &String| Some(Offer { title: title_of(&binder, schema, path)?, value: path.clone() });
        all.filter_map(offer).collect::<Vec<_>>()
    };
    let (groups, measures) = (offers(&preset.groups, &group), offers(&preset.measures, &sums));
    let period = preset.date.as_ref().filter(|path| binder.path(schema, path).is_ok()).map(|path| PeriodView {
        names: [format!("filter[{path}]"), format!("filter[{path}][gte]"), format!("filter[{path}][lte]")],
        title: title_of(&binder, schema, path).unwrap_or_default(),
        word: value(&format!("filter[{path}]")),
        from: value(&format!("filter[{path}][gte]")),
        until: value(&format!("filter[{path}][lte]")),
    });
    let choices = lookup::by_field(visit, schema, |_| None).await?;
    let mut facets = Vec::new();
    for field in &schema.fields {
        let name = field.name.as_str();
        let mut offers: Vec<Offer> = match field.field.kind {
            FieldKind::Choice => {
                let offer = |of: &String| Offer { value: of.clone(), title: field.field.choice_title(of) };
                field.field.of.iter().map(offer).collect()
            }
            FieldKind::Boolean => ["true", "false"]
                .map(|value| Offer { value: value.into(), title: if value == "true" { "Yes" } else { "No" }.into() })
                .into(),
            FieldKind::Reference | FieldKind::Person => choices
                .get(name)
                .map(|choices| {
                    let offer = |item: &lignaflow_web::labels::Choice| Offer {
                        value: item.id.to_string(),
                        title: item.label.clone(),
                    };
                    choices.items.iter().map(offer).collect()
                })
                .unwrap_or_default(),
            _ => continue,
        };
        if field.field.kind == FieldKind::Person {
            offers.insert(0, Offer { value: period::ME.to_owned(), title: "Me".to_owned() });
        }
        let key = format!("filter[{name}]");
        let chosen = value(&key);
        if facets.len() == MOST_FACETS && chosen.is_empty() {
            continue;
        }
        if !chosen.is_empty() && offers.iter().all(|offer| offer.value != chosen) {
            let mut wanted = Wanted::default();
            if let Ok(id) = chosen.parse() {
                wanted.add(field.field.kind, field.to.as_ref(), &Value::Reference(id));
            }
            let labels = lookup::labels(visit, &wanted).await?;
            let title = chosen.parse().ok().and_then(|id| labels.get(id)).unwrap_or(&chosen).to_owned();
            offers.push(Offer { value: chosen.clone(), title });
        }
        facets.push(Facet { title: named(field), key, offers, chosen });
    }
    let shown = |key: &str| {
        period.as_ref().is_some_and(|period| period.names.iter().any(|name| name == key))
            || facets.iter().any(|facet| facet.key == key)
            || matches!(key, "group" | "sum" | "count" | "zone" | "round")
    };
    let mut kept: Pairs = pairs.iter().filter(|(key, _)| !shown(key)).cloned().collect();
    kept.extend(view.map(|view| ("view".to_owned(), view)));
    // A kept report is asked at its own address, wherever it was opened.
    let action =
        if kept.iter().any(|(key, _)| key == "view") { paths::report(&schema.name) } else { preset.action.clone() };
    let counts = !all_of(pairs, "count").is_empty();
    let timed = |field: &SchemaField| matches!(field.field.kind, FieldKind::Date | FieldKind::Instant);
    let usual = &visit.signed.caller.time_zone;
    let lasts = |path: &String| binder.path(schema, path).is_ok_and(|path| path.kind() == FieldKind::Duration);
    let reckoned = Reckoned {
        zone: schema.fields.iter().any(timed).then(|| [value("zone"), usual.clone()]),
        rounding: preset.measures.iter().any(lasts).then(|| value("round")),
    };
    Ok(Asking { action, groups, group, measures, sums, counts, period, facets, reckoned, kept })
}

// --- The figures -----------------------------------------------------------------------------------------------------

pub(super) struct Found {
    pub plot: Option<ChartView>,
    pub grid: Grid,
    pub caption: Option<String>,
    pub notes: Vec<String>,
}

/// A group or a measure as a column.
struct Shown {
    title: String,
    field: Field,
}

pub(super) async fn figures(reading: Reading<'_>, schema: &Arc<Schema>, pairs: &Pairs) -> Result<Found, Fault> {
    let (binder, caller) = (reading.binder(), reading.caller);
    let summed = query::summary(&binder, schema, &Almanac::of(caller), pairs)?;
    let bound = summed.bound(&binder)?;
    let (summary, almanac) = (&summed.summary, &summed.almanac);
    let Page { rows, columns, .. } = reading.app.records.groups(caller, &bound).await?;
    let mut notes = Vec::new();
    if rows.len() >= usize::from(summary.limit) {
        notes.push(format!("There are more rows than the {} shown: narrow what is asked above.", rows.len()));
    }
    // Behind the groups stand the currencies of what is money, which each amount tells itself.
    let first_metric = columns.len() - bound.metrics.len();
    let groups: Vec<Shown> = bound
        .groups
        .iter()
        .zip(&summary.group_by)
        .map(|(group, key)| {
            let title = title_of(&binder, schema, &key.path).unwrap_or_default();
            let bucket = match group.bucket {
                Bucket::None => title,
                Bucket::FiscalYear => "Fiscal year".to_owned(),
                bucket => format!("{bucket:?}"),
            };
            Shown { title: bucket, field: field_at(&group.path).0 }
        })
        .collect();
    let measures: Vec<Shown> = bound.metrics.iter().map(|metric| measured(&binder, schema, metric)).collect();
    let names = named_keys(reading, &bound, &rows).await?;
    let reader = reading.reader();
    let mut rows: Vec<Line> = rows
        .into_iter()
        .map(|row| {
            let keys: Vec<(Value, String)> = bound
                .groups
                .iter()
                .zip(&groups)
                .zip(row.iter())
                .map(|((group, shown), key)| (key.clone(), key_label(&shown.field, key, group.bucket, &names, &reader)))
                .collect();
            Line { keys, values: row[first_metric..].to_vec() }
        })
        .collect();
    if summary.sort.is_empty() {
        sort(&mut rows, &bound);
    }
    let plot = plot(&bound, &groups, &measures, &rows);
    let single = |at: usize| {
        let currencies = rows.iter().filter_map(|row| currency_of(&row.values[at]));
        currencies.collect::<std::collections::BTreeSet<_>>().len() <= 1
    };
    let bars = plot.is_none() && !groups.is_empty() && rows.len() > 1 && single(0);
    let firsts: Vec<Value> = rows.iter().map(|row| row.values[0].clone()).collect();
    let shares: Vec<Option<u32>> =
        if bars { shares(&firsts).into_iter().map(Some).collect() } else { vec![None; firsts.len()] };
    let total = (!groups.is_empty()).then(|| {
        let here = list_address(schema, pairs, almanac);
        let mut cells = vec![GridCell { text: "Total".into(), ..GridCell::default() }];
        cells.resize(groups.len(), GridCell::default());
        cells.extend(bound.metrics.iter().enumerate().map(|(at, metric)| {
            let text = total(metric.kind, rows.iter().map(|row| &row.values[at]), &measures[at].field, &reader);
            GridCell { href: Some(here.clone()).filter(|_| !text.is_empty()), text, more: Vec::new() }
        }));
        cells
    });
    let lines = rows
        .iter()
        .zip(shares)
        .map(|(row, share)| {
            let mut narrowed: Pairs = pairs.clone();
            for (group, (key, _)) in bound.groups.iter().zip(&row.keys) {
                narrow(&mut narrowed, &group.path.text, group.bucket, key, group.zone.as_ref().map(|_| almanac));
            }
            let behind = list_address(schema, &narrowed, almanac);
            let heads = bound.groups.iter().zip(&row.keys).map(|(group, (key, text))| GridCell {
                text: text.clone(),
                href: group
                    .path
                    .field()
                    .and_then(|field| field.to.as_ref())
                    .zip(key.as_reference())
                    .and_then(|(to, id)| names.get(id).map(|_| paths::record(to, id))),
                more: Vec::new(),
            });
            let figures = row.values.iter().zip(&measures).map(|(value, shown)| {
                let text = figure_text(&shown.field, value, &reader);
                GridCell { href: Some(behind.clone()).filter(|_| !text.is_empty()), text, more: Vec::new() }
            });
            GridRow { cells: heads.chain(figures).collect(), share }
        })
        .collect();
    let heads = groups.iter().map(|shown| GridHead { title: shown.title.clone(), figure: false });
    let figures = measures.iter().map(|shown| GridHead { title: shown.title.clone(), figure: true });
    let grid = Grid { heads: heads.chain(figures).collect(), rows: lines, total };
    Ok(Found { plot, grid, caption: summed.caption(&bound), notes })
}

fn currency_of(value: &Value) -> Option<Currency> {
    if let Value::Money(amount) = value { Some(amount.currency) } else { None }
}

/// A fault in one sentence for each thing that is wrong.
pub(super) fn told(fault: &Fault) -> String {
    let issues: Vec<&str> = fault.issues.iter().map(|issue| issue.message.as_str()).collect();
    if issues.is_empty() { fault.message.clone() } else { issues.join(" ") }
}

/// One row: its groups with what they are called, and its figures.
struct Line {
    keys: Vec<(Value, String)>,
    values: Vec<Value>,
}

/// What a metric is called and shown as.
fn measured(binder: &Binder<'_>, schema: &Arc<Schema>, metric: &lignaflow_core::bound::BoundMetric) -> Shown {
    let of = || title_of(binder, schema, &metric.path.text).unwrap_or_default();
    let (title, field) = match metric.kind {
        MetricKind::Count => (schema.collection.title.many.clone(), Field::bare(FieldKind::Integer)),
        MetricKind::CountDistinct => (format!("Different: {}", lower_first(&of())), Field::bare(FieldKind::Integer)),
        MetricKind::Sum => (of(), field_at(&metric.path).0),
        MetricKind::Average => (format!("{}, on average", of()), field_at(&metric.path).0),
        MetricKind::Minimum => (format!("{}, least", of()), field_at(&metric.path).0),
        MetricKind::Maximum => (format!("{}, most", of()), field_at(&metric.path).0),
    };
    Shown { title, field }
}

async fn named_keys(reading: Reading<'_>, bound: &BoundSummary, rows: &[Vec<Value>]) -> Result<Labels, Fault> {
    let mut wanted = Wanted::default();
    for row in rows {
        for (group, key) in bound.groups.iter().zip(row) {
            let to = group.path.field().and_then(|field| field.to.as_ref());
            wanted.add(group.path.kind(), to, key);
        }
    }
    lookup::names(reading, &wanted).await
}

/// What a group is called.
pub(super) fn key_label(field: &Field, key: &Value, bucket: Bucket, names: &Labels, reader: &Reader) -> String {
    match key {
        Value::Null => "None".to_owned(),
        Value::Reference(id) => names.get(*id).unwrap_or("Unknown").to_owned(),
        Value::Date(days) => bucket_name(*days, bucket, reader),
        other => plain_text(field, other, reader),
    }
}

pub(super) fn figure_text(field: &Field, value: &Value, reader: &Reader) -> String {
    match value {
        Value::Money(amount) => money(*amount, reader.currency, &reader.locale),
        other => plain_text(field, other, reader),
    }
}

/// Times in their order; what is grouped by one thing alone by its first figure, the largest first; else by name.
fn sort(rows: &mut [Line], bound: &BoundSummary) {
    let timed: Vec<bool> = bound.groups.iter().map(|group| group.bucket != Bucket::None).collect();
    if let [false] = timed[..] {
        let folded = |line: &Line| lignaflow_core::fold::fold(&line.keys[0].1);
        rows.sort_by_cached_key(|line| (Reverse(charts::size(&line.values[0])), folded(line)));
        return;
    }
    rows.sort_by_cached_key(|line| {
        let keys = line.keys.iter().zip(&timed).map(|((key, name), timed)| match key {
            Value::Date(days) if *timed => (false, i64::from(*days), String::new()),
            Value::Null => (true, 0, String::new()),
            _ => (false, 0, lignaflow_core::fold::fold(name)),
        });
        keys.collect::<Vec<_>>()
    });
}

/// The sum of the rows that are shown: of amounts one for each currency. An average of averages would say nothing.
fn total<'a>(kind: MetricKind, values: impl Iterator<Item = &'a Value>, field: &Field, reader: &Reader) -> String {
    if !matches!(kind, MetricKind::Sum | MetricKind::Count) {
        return String::new();
    }
    let mut amounts: BTreeMap<Currency, i64> = BTreeMap::new();
    let (mut whole, mut exact) = (None::<i64>, None::<Decimal>);
    for value in values {
        match value {
            Value::Money(amount) => {
                let sum = amounts.entry(amount.currency).or_default();
                *sum = sum.saturating_add(amount.minor);
            }
            Value::Integer(number) => whole = Some(whole.unwrap_or(0).saturating_add(*number)),
            Value::Decimal(number) => exact = Some(exact.unwrap_or_default().saturating_add(*number)),
            _ => {}
        }
    }
    let sums = amounts.into_iter().map(|(currency, minor)| Value::Money(Money { minor, currency }));
    let sums = sums.chain(whole.map(Value::Integer)).chain(exact.map(Value::Decimal));
    sums.map(|sum| figure_text(field, &sum, reader)).collect::<Vec<_>>().join(", ")
}

/// The course of the first measure, where the first group is of time.
fn plot(bound: &BoundSummary, groups: &[Shown], measures: &[Shown], rows: &[Line]) -> Option<ChartView> {
    bound.groups.first().filter(|group| group.bucket != Bucket::None)?;
    bound.metrics.first().filter(|metric| matches!(metric.kind, MetricKind::Sum | MetricKind::Count))?;
    let mut bars: BTreeMap<i32, (String, Vec<&Value>)> = BTreeMap::new();
    for row in rows {
        let (key, label) = row.keys.first()?;
        if let Value::Date(days) = key {
            bars.entry(*days).or_insert_with(|| (label.clone(), Vec::new())).1.push(&row.values[0]);
        }
    }
    if !(2..=MOST_COLUMNS).contains(&bars.len()) {
        return None;
    }
    let bars = bars
        .into_values()
        .map(|(label, values)| Some(Bar { label, value: charts::summed(values)?, href: None, parts: Vec::new() }))
        .collect::<Option<Vec<Bar>>>()?;
    // By what is grouped second each bar is in parts.
    let portions = rows.iter().filter_map(|row| match row.keys.as_slice() {
        [group, part, ..] => {
            let (group, part, value) = (group.clone(), part.clone(), row.values.first()?.clone());
            Some(charts::Portion { group, part, value })
        }
        _ => None,
    });
    let parts = charts::stacked(&portions.collect::<Vec<_>>()).filter(|(series, _)| series.len() > 1);
    let (series, bars) = match parts {
        Some(parts) => parts,
        None => (Vec::new(), bars),
    };
    let currencies = bars.iter().filter_map(|bar| currency_of(&bar.value));
    if currencies.collect::<std::collections::BTreeSet<_>>().len() > 1 {
        return None;
    }
    Some(ChartView {
        title: measures[0].title.clone(),
        group: groups[0].title.clone(),
        measure: measures[0].title.clone(),
        field: measures[0].field.clone(),
        over_time: true,
        kind: if series.is_empty() { ChartKind::Bar } else { ChartKind::Stacked },
        series,
        said: None,
        bars,
    })
}

// --- What is behind a figure -----------------------------------------------------------------------------------------

/// The list of the records that a query of a summary is of. Its zone goes on where something is said by a word.
fn list_address(schema: &Schema, pairs: &Pairs, almanac: &Almanac) -> String {
    let filters: Pairs = pairs.iter().filter(|(name, _)| name.starts_with("filter[")).cloned().collect();
    let said = |name: &str| super::routed::first(pairs, name).unwrap_or_default().to_owned();
    let by_word = |text: &String| text.split(',').any(|word| almanac.period(word.trim()).is_some());
    let zone = if filters.iter().any(|(_, text)| by_word(text)) { said("zone") } else { String::new() };
    let base = paths::list(&schema.name);
    let query = ListQuery { filters, q: said("q"), zone, ..ListQuery::default() };
    // A list that opens with a view would narrow it.
    if query.is_bare() { ListQuery::all(&base) } else { query.address(&base) }
}

/// Narrows a query to one group, of instants by the days of an almanac.
fn narrow(pairs: &mut Pairs, path: &str, bucket: Bucket, key: &Value, instants: Option<&Almanac>) {
    let base = format!("filter[{path}]");
    if key.is_null() {
        pairs.push((format!("{base}[is_null]"), "true".to_owned()));
        return;
    }
    if let (Value::Date(first), true) = (key, bucket != Bucket::None) {
        if let Some(almanac) = instants {
            let begins = |day| almanac.begins(day).map(instant_text).unwrap_or_default();
            pairs.push((format!("{base}[gte]"), begins(*first)));
            pairs.push((format!("{base}[lt]"), begins(last_day(*first, bucket) + 1)));
            return;
        }
        let (from, until) = (format!("{base}[gte]"), format!("{base}[lte]"));
        let (mut first, mut last) = (*first, last_day(*first, bucket));
        // What is asked already may begin or end within it.
        for (name, text) in pairs.iter() {
            let day = parse_date(text);
            if let Some(day) = day.filter(|_| *name == from) {
                first = first.max(day);
            }
            if let Some(day) = day.filter(|_| *name == until) {
                last = last.min(day);
            }
        }
        pairs.retain(|(name, text)| (*name != from && *name != until) || parse_date(text).is_none());
        pairs.push((from, date_text(first)));
        pairs.push((until, date_text(last)));
        return;
    }
    let json = key.to_json();
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    if !pairs.iter().any(|(name, known)| *name == base && *known == text) {
        pairs.push((base, text));
    }
}

/// The last day of a bucket by its first.
fn last_day(first: i32, bucket: Bucket) -> i32 {
    use jiff::ToSpan as _;
    let span = match bucket {
        Bucket::None | Bucket::Day => return first,
        Bucket::Week => return first + 6,
        Bucket::Month => 1.month(),
        Bucket::Quarter => 3.months(),
        Bucket::Year | Bucket::FiscalYear => 1.year(),
    };
    civil_date(first).and_then(|day| day.checked_add(span).ok()).map_or(first, |next| date_days(next) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i32 {
        parse_date(text).unwrap()
    }

    #[test]
    fn a_bucket_ends_on_the_day_before_the_next() {
        let of = |first: &str, bucket| date_text(last_day(day(first), bucket));
        assert_eq!(of("2028-02-01", Bucket::Month), "2028-02-29");
        assert_eq!(of("2026-11-23", Bucket::Week), "2026-11-29");
        assert_eq!(of("2026-10-01", Bucket::Quarter), "2026-12-31");
        assert_eq!(of("2026-07-01", Bucket::FiscalYear), "2027-06-30");
    }

    #[test]
    fn a_group_is_narrowed_within_what_was_asked() {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut pairs = vec![pair("filter[day][gte]", "2026-11-10"), pair("filter[day]", "this-year")];
        narrow(&mut pairs, "day", Bucket::Month, &Value::Date(day("2026-11-01")), None);
        narrow(&mut pairs, "task", Bucket::None, &Value::Null, None);
        let wanted = [
            pair("filter[day]", "this-year"),
            pair("filter[day][gte]", "2026-11-10"),
            pair("filter[day][lte]", "2026-11-30"),
            pair("filter[task][is_null]", "true"),
        ];
        assert_eq!(pairs, wanted);
    }
}
