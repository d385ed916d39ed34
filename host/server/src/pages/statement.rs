//! Tables that a route of a plugin works out, with what is asked of it above: the same figures as a file.

use super::charts;
use super::declared::Place;
use super::follow;
use super::house::{Reading, Visit};
use super::lines::Sheet;
use super::lookup;
use super::report::figure_text;
use super::routed::{self, Pairs};
use super::sharing;
use crate::rest::accept::Format;
use crate::rest::export::{Sending, called};
use crate::rest::table::{Table, TableRow};
use crate::views;
use axum::response::Response;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{
    Block, ChartKind, ColumnKind, Field, Page, Route, StatementBlock, StatementChart, StatementFile,
};
use lignaflow_core::error::{ErrorCode, Fault, Issue};
use lignaflow_core::name::{CollectionName, FieldName, PermissionName};
use lignaflow_core::period::{Almanac, Period};
use lignaflow_core::value::{Value, date_text, parse_date};
use lignaflow_runtime::LoadedPlugin;
use lignaflow_store::views::View;
use lignaflow_web::blocks::report::{
    Controls, Grid, GridCell, GridHead, GridRow, KeptBar, KeptReport, PeriodView, ReportView,
};
use lignaflow_web::blocks::{Bar, BlockView, ChartView, FigureView};
use lignaflow_web::collection::asking::{AskView, asking_schema};
use lignaflow_web::collection::follow::Follow;
use lignaflow_web::collection::record::label;
use lignaflow_web::format::money;
use lignaflow_web::labels::Wanted;
use lignaflow_web::{Draft, Reader, paths};
use std::sync::Arc;

/// What a file of the plugin's own making is asked for by.
const OWN: &str = "own";
/// The names of the controls of a period.
const PERIOD: [&str; 3] = ["period", "from", "until"];

/// What is asked, and what came of it.
struct Told {
    schema: Option<Arc<Schema>>,
    draft: Draft,
    issues: Vec<Issue>,
    period: Option<PeriodView>,
    table: Result<Option<Table>, Fault>,
}

/// What is asked of a route: of which records, with which query.
struct Question {
    parameters: Pairs,
    query: Pairs,
}

/// What the address asks for, and the question that it comes to where nothing of it is missing or wrong.
struct Posed {
    schema: Option<Arc<Schema>>,
    draft: Draft,
    issues: Vec<Issue>,
    period: Option<PeriodView>,
    question: Option<Question>,
}

fn posed(
    reading: Reading<'_>,
    loaded: &LoadedPlugin,
    block: &StatementBlock,
    of: Option<&Sheet>,
    asked: &Pairs,
) -> Result<Posed, Fault> {
    let descriptor = loaded.descriptor();
    let route = route_of(loaded, block)?;
    let fields = block.fields.iter().map(|(name, field)| (name.clone(), field.clone()));
    let schema = asking_schema(descriptor, &block.title, fields).map(Arc::new);
    let person = reading.caller.person().map(|person| person.0);
    let reader = reading.reader();
    let opens = asked.iter().all(|(name, _)| name == "format");
    let draft = match &schema {
        Some(schema) if opens => Draft::blank(schema, person, &reader),
        Some(schema) => Draft::posted(schema, asked.iter().map(|(name, value)| (name, value))),
        None => Draft::default(),
    };
    let (period, days) = period(reading, block, asked, opens);
    let searching = draft.find.is_some();
    let (fields, issues) = schema.as_ref().map_or_else(Default::default, |schema| draft.read(schema, &reader));
    let (mut parameters, mut query) = (Pairs::new(), days);
    // On a page of a record it is that one, whatever the address says.
    let parameter = route.path.split('{').nth(1).and_then(|rest| rest.split('}').next());
    parameters.extend(parameter.zip(of).map(|(name, of)| (name.to_owned(), of.record.id.to_string())));
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let json = value.to_json();
        let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
        let to = if StatementBlock::is_of_path(route, name) { &mut parameters } else { &mut query };
        to.push((name.clone(), text));
    }
    let missing = route.path.matches('{').count() > parameters.len();
    let ready = !missing && !searching && issues.is_empty();
    let question = ready.then_some(Question { parameters, query });
    Ok(Posed { schema, draft, issues, period, question })
}

fn route_of<'a>(loaded: &'a LoadedPlugin, block: &StatementBlock) -> Result<&'a Route, Fault> {
    let route = loaded.descriptor().route(block.route.as_str());
    route.ok_or_else(|| Fault::not_found(format_args!("`{}`", block.route)))
}

/// Asks the route what the address asks for.
async fn told(
    reading: Reading<'_>,
    loaded: &LoadedPlugin,
    block: &StatementBlock,
    of: Option<&Sheet>,
    asked: &Pairs,
) -> Result<Told, Fault> {
    let (descriptor, route) = (loaded.descriptor(), route_of(loaded, block)?);
    let Posed { schema, draft, issues, period, question } = posed(reading, loaded, block, of, asked)?;
    let told = |table| Told { schema, draft, issues, period, table };
    let Some(Question { parameters, query }) = question else { return Ok(told(Ok(None))) };
    let answer = routed::told(reading, loaded, &block.route, parameters, query, None).await;
    let table = answer.map_err(Fault::from).and_then(|bytes| {
        let json = serde_json::from_slice(&bytes).map_err(|error| error.to_string());
        json.and_then(|json| Table::read(&route.answer.table, &json)).map(Some).map_err(|why| {
            tracing::warn!(plugin = %descriptor.id, route = %route.name, why, "a route's answer cannot be drawn");
            Fault::new(ErrorCode::PluginBadAnswer, "What the plugin answers is not the table that it promises.")
        })
    });
    Ok(told(table))
}

/// The days that are asked for, and the controls that ask for them. Days that are typed come before a word.
fn period(reading: Reading<'_>, block: &StatementBlock, asked: &Pairs, opens: bool) -> (Option<PeriodView>, Pairs) {
    let Some(first) = &block.period else { return (None, Pairs::new()) };
    let said = |name: &str| routed::first(asked, name).unwrap_or_default().to_owned();
    let (from, until) = (said("from"), said("until"));
    let word = if opens { first.clone() } else { said("period") };
    let mut days = Pairs::new();
    let found = Almanac::of(reading.caller).period(&word);
    for (name, typed, found) in
        [("from", &from, found.map(|found| found.first)), ("until", &until, found.map(|found| found.last))]
    {
        let text = if typed.is_empty() { found.map(date_text) } else { Some(typed.clone()) };
        days.extend(text.map(|text| (name.to_owned(), text)));
    }
    let view = PeriodView { names: PERIOD.map(str::to_owned), title: "Days".to_owned(), word, from, until };
    (Some(view), days)
}

pub(super) async fn block(
    place: &Place<'_>,
    loaded: &LoadedPlugin,
    block: &StatementBlock,
    page: &str,
    wanted: &mut Wanted,
) -> Result<BlockView, Fault> {
    let visit = place.visit;
    let mut kept = match place.of {
        Some(_) => None,
        None => Some(bar(place, page).await?),
    };
    // A kept one is asked what it was kept with, where the address says nothing else.
    let said: Pairs =
        place.asked.iter().filter(|(name, _)| !matches!(name.as_str(), "view" | "format")).cloned().collect();
    let current = kept.as_ref().and_then(|kept| kept.current.as_ref());
    let asked = &match current {
        Some(view) if said.is_empty() => pairs(&view.query),
        _ => said,
    };
    let Told { schema, draft, issues, period, table } = told(visit.reading(), loaded, block, place.of, asked).await?;
    if let Some(kept) = &mut kept
        && let Some(view) = &kept.current
    {
        let first = table.as_ref().ok().and_then(|table| table.as_ref()?.first_figure());
        kept.follow = follow::of_view(visit, view, first.map(|(field, _)| field)).await?;
    }
    let address = match place.of {
        Some(of) => paths::record_page(place.home, page, of.record.id),
        None => format!("/{}/-/{page}", place.home),
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked.iter().filter(|(name, _)| name != "format"))
        .finish();
    let own = block.file.iter().map(|file| (file.title.as_str(), OWN));
    let files = [("CSV", "csv"), ("Excel", "xlsx"), ("PDF", "pdf")].into_iter().chain(own).map(|(title, format)| {
        let and = if query.is_empty() { String::new() } else { format!("{query}&") };
        (title.to_owned(), format!("{address}?{and}format={format}"))
    });
    let find = |field: &str| draft.find.as_ref().filter(|find| find.field == field).map(|find| find.text.clone());
    let (choices, more) = match &schema {
        Some(schema) => (lookup::by_field(visit, schema, find).await?, Wanted::of_draft(schema, &draft, &[])),
        None => Default::default(),
    };
    let fault = table.as_ref().err().map(super::report::told);
    let shown = match table {
        Ok(Some(table)) => Some(drawn(block, &table, &visit.reader())),
        Ok(None) | Err(_) => None,
    };
    let kept = kept.map(|kept| kept.drawn(visit, place, page, shown.is_some().then_some(asked)));
    let asks = schema.is_some() || period.is_some();
    let ask = AskView {
        title: block.title.clone(),
        schema,
        draft,
        issues,
        fault: None,
        choices,
        action: address.clone(),
        button: "Show".to_owned(),
        id: None,
    };
    let files = if shown.is_some() { files.collect() } else { Vec::new() };
    let view = ReportView {
        files,
        controls: asks.then(|| Controls::Route(Box::new(ask), period)),
        kept,
        fault,
        ..shown.unwrap_or_else(|| nothing(&block.title))
    };
    wanted.join(more);
    Ok(BlockView::Report(Box::new(view)))
}

/// A table as it is shown, with nothing to be asked above it.
fn drawn(block: &StatementBlock, table: &Table, reader: &Reader) -> ReportView {
    let figures = table.figures.iter().map(|(title, field, value)| FigureView {
        title: title.clone(),
        values: vec![value.clone()],
        field: field.clone(),
        href: None,
    });
    ReportView {
        figures: figures.collect(),
        plots: block.charts.iter().filter_map(|chart| plotted(table, chart, &block.title, reader)).collect(),
        grid: Some(grid(table, reader)),
        notes: left_out(table, reader).into_iter().collect(),
        ..nothing(&block.title)
    }
}

fn nothing(title: &str) -> ReportView {
    ReportView {
        title: title.to_owned(),
        controls: None,
        kept: None,
        figures: Vec::new(),
        plots: Vec::new(),
        grid: None,
        caption: None,
        notes: Vec::new(),
        fault: None,
        whole: None,
        files: Vec::new(),
    }
}

// --- What is kept of it ----------------------------------------------------------------------------------------------

/// What is asked, whatever a form sends empty beside it.
fn meant(asked: &Pairs) -> Pairs {
    asked.iter().filter(|(_, text)| !text.is_empty()).cloned().collect()
}

fn pairs(query: &str) -> Pairs {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The table of a page that is there for whoever reads.
#[derive(Debug)]
pub(crate) struct Standing {
    loaded: Arc<LoadedPlugin>,
    block: StatementBlock,
}

/// The table of a page, by `plugin/page`, where its plugin is on and whoever reads may open it.
pub(crate) fn standing(reading: Reading<'_>, name: &CollectionName) -> Option<Standing> {
    let Reading { caller, snapshot, .. } = reading;
    let loaded = snapshot.plugins.get(&name.plugin)?;
    if !snapshot.is_enabled(caller.organization, &name.plugin) {
        return None;
    }
    let page = loaded.descriptor().page(name.local.as_str())?;
    let may = |permission: &PermissionName| caller.holds(&permission.full(&name.plugin));
    if page.link.is_some() || page.record.is_some() || !page.permission.as_ref().is_none_or(may) {
        return None;
    }
    page.blocks.iter().find_map(|block| match block {
        Block::Statement(block) => Some(Standing { loaded: Arc::clone(loaded), block: (**block).clone() }),
        _ => None,
    })
}

/// What is asked of a page's table, in the form in which it is kept.
pub(crate) fn checked(reading: Reading<'_>, name: &CollectionName, query: &str) -> Result<String, Vec<Issue>> {
    let unknown = || vec![Issue::new("/page", "unknown-page", "There is no page with a table of this name here.")];
    let Standing { loaded, block } = standing(reading, name).ok_or_else(unknown)?;
    let asked = pairs(query.strip_prefix('?').unwrap_or(query));
    let known = |name: &str| block.fields.keys().any(|field| field.as_str() == name.split('.').next().unwrap_or(name));
    let mut issues: Vec<Issue> = asked
        .iter()
        .filter(|(name, _)| !(known(name) || block.period.is_some() && PERIOD.contains(&name.as_str())))
        .map(|(name, _)| {
            let path = format!("/query/{}", lignaflow_core::record::escape(name));
            Issue::new(path, "unknown-parameter", format!("The table of this page is not asked `{name}`."))
        })
        .collect();
    match posed(reading, &loaded, &block, None, &asked) {
        Ok(posed) => {
            let none = posed.question.is_none() && posed.issues.is_empty();
            issues.extend(posed.issues.into_iter().map(|issue| issue.under("/query")));
            if none {
                issues.push(Issue::new("/query", "required", "Choose what the report is of first."));
            }
        }
        Err(fault) => issues.push(Issue::new("/query", "unknown-page", fault.message)),
    }
    if !issues.is_empty() {
        return Err(issues);
    }
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish())
}

async fn worked_out(reading: Reading<'_>, of: &Standing, query: &str) -> Result<Table, Fault> {
    let told = told(reading, &of.loaded, &of.block, None, &pairs(query)).await?;
    told.table?.ok_or_else(|| Fault::at("/query", "required", "Choose what the report is of first."))
}

/// What a kept table says first, where it can be worked out.
pub(crate) async fn first_figure(reading: Reading<'_>, of: &Standing, query: &str) -> Option<(Field, Value)> {
    worked_out(reading, of, query).await.ok()?.first_figure()
}

/// A kept table with what whoever reads may see of it now.
pub(crate) async fn as_it_stands(reading: Reading<'_>, of: &Standing, view: &View) -> Result<ReportView, Fault> {
    let table = worked_out(reading, of, &view.query).await?;
    Ok(ReportView { title: view.name.clone(), ..drawn(&of.block, &table, &reading.reader()) })
}

/// The same as a file, and how many rows it has.
pub(crate) async fn as_file(
    reading: Reading<'_>,
    of: &Standing,
    query: &str,
    format: Format,
) -> Result<(Response, u64), Fault> {
    let table = worked_out(reading, of, query).await?;
    let Reading { app, caller, snapshot } = reading;
    let name = called([of.block.route.as_str()], days_of(reading, &of.block, &pairs(query)), caller);
    let sending = Sending { app, caller, format, name: &name, title: &of.block.title, marked: true };
    Ok((table.file(sending, snapshot)?, table.rows.len().try_into().unwrap_or(u64::MAX)))
}

/// The days that a table is of, where it is asked for some.
fn days_of(reading: Reading<'_>, block: &StatementBlock, asked: &Pairs) -> Option<Period> {
    let opens = asked.iter().all(|(name, _)| name == "format");
    let (_, days) = period(reading, block, asked, opens);
    let day = |name: &str| routed::first(&days, name).and_then(parse_date);
    Some(Period { first: day("from")?, last: day("until")? })
}

/// What a file of it is called: whose it is, of which record, of what, and of which days.
fn file_name(visit: &Visit, block: &StatementBlock, of: Option<&Sheet>, what: &str, asked: &Pairs) -> String {
    let organization = visit.signed.authenticated.organization.name.as_str();
    let record = of.map(|of| label(&of.schema, &of.record)).unwrap_or_default();
    let days = days_of(visit.reading(), block, asked);
    called([organization, record.as_str(), what], days, &visit.signed.caller)
}

/// The days that are asked for, in words.
pub(crate) fn said(of: &Standing, query: &str) -> Option<String> {
    let first = of.block.period.as_ref()?;
    let asked = pairs(query);
    let said = |name: &str| routed::first(&asked, name).unwrap_or_default().to_owned();
    let word = if asked.is_empty() { first.clone() } else { said("period") };
    let view = PeriodView {
        names: PERIOD.map(str::to_owned),
        title: "Days".to_owned(),
        word,
        from: said("from"),
        until: said("until"),
    };
    super::paper::period_said(&view)
}

/// What is kept of the table of a page, and which of it is opened.
struct Kept {
    views: Vec<View>,
    current: Option<View>,
    /// What the visitor has of the opened one, once it is known what it comes to.
    follow: Option<Follow>,
}

async fn bar(place: &Place<'_>, page: &str) -> Result<Kept, Fault> {
    let visit = place.visit;
    let name: CollectionName = format!("{}/{page}", place.home).parse().map_err(|_| Fault::internal())?;
    let views = match visit.signed.caller.person() {
        Some(_) => views::of_page(&visit.app, &visit.signed, &name).await?,
        None => Vec::new(),
    };
    let wanted = routed::first(place.asked, "view");
    let current = views.iter().find(|view| Some(view.id.to_string().as_str()) == wanted).cloned();
    Ok(Kept { views, current, follow: None })
}

impl Kept {
    /// With what is asked, where it may be kept.
    fn drawn(self, visit: &Visit, place: &Place<'_>, page: &str, asked: Option<&Pairs>) -> KeptBar {
        let base = format!("/{}/-/{page}", place.home);
        let changed =
            |asked: &Pairs| self.current.as_ref().is_some_and(|view| meant(&pairs(&view.query)) != meant(asked));
        let query = |asked: &Pairs| form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
        let reports = self.views.iter().map(|view| KeptReport {
            id: view.id,
            name: view.name.clone(),
            shared: view.shared,
            own: views::may_change(&visit.signed, view),
            href: crate::uses::address(view),
        });
        KeptBar {
            reports: reports.collect(),
            current: self.current.as_ref().map(|view| view.id),
            changed: asked.is_some_and(changed),
            query: asked.filter(|_| visit.may_write()).map(query),
            share: self.current.as_ref().and_then(|view| sharing::offered(visit, view)),
            follow: self.follow,
            base,
        }
    }
}

// --- Files -----------------------------------------------------------------------------------------------------------

/// The table of a page as a file; nothing where the page has none.
pub(super) async fn file(
    visit: &Visit,
    loaded: &LoadedPlugin,
    page: &Page,
    of: Option<&Sheet>,
    asked: &Pairs,
) -> Option<Result<Response, Fault>> {
    let wanted = routed::first(asked, "format")?;
    let block = page.blocks.iter().find_map(|block| match block {
        Block::Statement(block) => Some(block),
        _ => None,
    })?;
    if let Some(own) = block.file.as_ref().filter(|_| wanted == OWN) {
        return Some(own_file(visit, loaded, block, own, of, asked).await);
    }
    if wanted == "pdf" {
        let asked: Pairs = asked.iter().filter(|(name, _)| name != "format").cloned().collect();
        let place = Place { visit, home: &loaded.descriptor().id, of, asked: &asked };
        let made = self::block(&place, loaded, block, page.name.as_str(), &mut Wanted::default()).await;
        return Some(match made {
            Ok(BlockView::Report(view)) => {
                let name = file_name(visit, block, of, block.route.as_str(), &asked);
                super::paper::pdf(visit.reading(), &view, &name).await
            }
            Ok(_) => Err(Fault::internal()),
            Err(fault) => Err(fault),
        });
    }
    let format = match Format::of_file(wanted, "A report") {
        Ok(format) => format,
        Err(fault) => return Some(Err(fault)),
    };
    let made = async {
        let table = told(visit.reading(), loaded, block, of, asked).await?.table?;
        let table = table.ok_or_else(|| Fault::at("/format", "required", "Choose what the report is of first."))?;
        let (app, caller) = (&*visit.app, &visit.signed.caller);
        let name = file_name(visit, block, of, block.route.as_str(), asked);
        let sending = Sending { app, caller, format, name: &name, title: &block.title, marked: true };
        table.file(sending, &visit.snapshot)
    };
    Some(made.await)
}

/// The file that the plugin makes of what is asked.
async fn own_file(
    visit: &Visit,
    loaded: &LoadedPlugin,
    block: &StatementBlock,
    own: &StatementFile,
    of: Option<&Sheet>,
    asked: &Pairs,
) -> Result<Response, Fault> {
    let question = posed(visit.reading(), loaded, block, of, asked)?.question;
    let Question { parameters, query } =
        question.ok_or_else(|| Fault::at("/format", "required", "Choose what the file is of first."))?;
    let response = routed::answer(visit, loaded, &own.route, parameters, query, None).await?;
    super::download::attached(response, &file_name(visit, block, of, own.route.as_str(), asked))
}

fn left_out(table: &Table, reader: &Reader) -> Option<String> {
    if table.left_out.is_empty() {
        return None;
    }
    let amounts = table.left_out.iter().map(|amount| money(*amount, reader.currency, &reader.locale));
    let amounts = lignaflow_web::format::list(&amounts.collect::<Vec<_>>());
    Some(format!("In no figure above, since it is in another currency: {amounts}."))
}

/// What of the rows is drawn; nothing where a column is not for whoever asked.
fn plotted(table: &Table, chart: &StatementChart, title: &str, reader: &Reader) -> Option<ChartView> {
    let place = |name: &FieldName| table.columns.iter().position(|column| column.name == name.as_str());
    let of = place(&chart.of)?;
    let figures: Vec<usize> = chart.figures.iter().filter_map(place).collect();
    let first = &table.columns[*figures.first()?];
    let in_parts = chart.kind == ChartKind::Stacked;
    let bars = table.rows.iter().filter_map(|row| {
        let label = figure_text(&table.columns[of].field, &row.values[of], reader);
        let parts: Vec<Value> = figures.iter().map(|at| row.values[*at].clone()).collect();
        let value = charts::summed(&parts)?;
        Some(Bar { label, value, href: None, parts: if in_parts { parts } else { Vec::new() } })
    });
    let bars: Vec<Bar> = bars.collect();
    let series = figures.iter().map(|at| table.columns[*at].title.clone());
    Some(ChartView {
        title: chart.title.clone().unwrap_or_else(|| title.to_owned()),
        group: table.columns[of].title.clone(),
        measure: first.title.clone(),
        field: first.field.clone(),
        over_time: true,
        kind: chart.kind,
        said: None,
        series: if in_parts { series.collect() } else { Vec::new() },
        bars,
    })
    .filter(|view| view.bars.len() > 1)
}

fn grid(table: &Table, reader: &Reader) -> Grid {
    let cell = |at: usize, value: &Value, behind: &[String]| {
        let text = figure_text(&table.columns[at].field, value, reader);
        match behind.split_first().filter(|_| !text.is_empty()) {
            Some((first, more)) => GridCell { text, href: Some(first.clone()), more: more.to_vec() },
            None => GridCell { text, ..GridCell::default() },
        }
    };
    let row = |row: &TableRow| GridRow {
        cells: row
            .values
            .iter()
            .zip(&row.behind)
            .enumerate()
            .map(|(at, (value, behind))| cell(at, value, behind))
            .collect(),
        share: None,
    };
    let total = table.total.as_ref().map(|values| {
        let mut cells: Vec<GridCell> = values.iter().enumerate().map(|(at, value)| cell(at, value, &[])).collect();
        if let Some(first) = cells.first_mut().filter(|cell| cell.text.is_empty()) {
            "Total".clone_into(&mut first.text);
        }
        cells
    });
    let is_figure = |kind: ColumnKind| !matches!(kind, ColumnKind::Text | ColumnKind::Date);
    Grid {
        heads: table
            .columns
            .iter()
            .map(|column| GridHead { title: column.title.clone(), figure: is_figure(column.kind) })
            .collect(),
        rows: table.rows.iter().map(row).collect(),
        total,
    }
}
