//! What the visitor has of kept lists and reports: the menu beside one, what it posts, and the first page.

use super::declared;
use super::house::{Reading, Visit};
use super::routed::Pairs;
use super::statement::{self, Standing};
use super::{lookup, report};
use crate::uses::{self, Alert, Wish};
use crate::views;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::period::Almanac;
use lignaflow_core::query::Selection;
use lignaflow_core::value::Decimal;
use lignaflow_core::{Fault, Id};
use lignaflow_store::view_uses::ViewUse;
use lignaflow_store::views::View;
use lignaflow_web::blocks::report::{Offer, ReportView};
use lignaflow_web::blocks::{BlockView, TableRow, TableView};
use lignaflow_web::collection::follow::{Follow, times};
use lignaflow_web::labels::Wanted;
use lignaflow_web::{ListQuery, paths};
use std::sync::Arc;

/// Views on a first page, and rows of each.
const AT_HOME: u32 = 12;
const ROWS: u16 = 8;
/// Columns of a list on a first page, where none were chosen.
const COLUMNS: usize = 5;
/// People that are told of by name.
const NAMED: usize = 20;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn weekday(visit: &Visit) -> &'static str {
    let day = usize::from(visit.signed.caller.calendar.week_starts);
    WEEKDAYS.get(day.saturating_sub(1)).copied().unwrap_or(WEEKDAYS[0])
}

/// `Mia: on the first page, mailed on Mondays`.
fn told(visit: &Visit, name: &str, of: &ViewUse) -> String {
    let home = of.home.then(|| "on the first page".to_owned());
    let mailed = of.mailed.as_deref().map(|mailed| format!("mailed {}", times(mailed, weekday(visit))));
    format!("{name}: {}", home.into_iter().chain(mailed).collect::<Vec<_>>().join(", "))
}

/// What the visitor has of a view, and whom else it can be for. `measured` is what its first figure is of.
pub(super) async fn of_view(visit: &Visit, view: &View, measured: Option<Field>) -> Result<Option<Follow>, Fault> {
    let (app, signed) = (&visit.app, &visit.signed);
    let Some(me) = signed.caller.person() else { return Ok(None) };
    let (own, others): (Vec<_>, Vec<_>) =
        uses::of(app, signed, view).await?.into_iter().partition(|of| of.person == me);
    let may_others = view.shared && views::may_change(signed, view);
    let people = if may_others { lookup::people(visit, "").await? } else { Vec::new() };
    let name = |id: Id| people.iter().find(|person| person.id == id).map(|person| person.label.as_str());
    let others: Vec<String> =
        others.iter().take(NAMED).filter_map(|of| Some(told(visit, name(of.person.0)?, of))).collect();
    let offered = people.iter().filter(|person| person.hint.is_empty() && person.id != me.0);
    let people = offered.map(|person| Offer { value: person.id.to_string(), title: person.label.clone() }).collect();
    let own = own.into_iter().next();
    let measure = measured.map(|field| unit(visit, &field));
    let alert = own.as_ref().and_then(|of| Alert::read(of.alert.as_deref()?)).zip(measure.as_ref());
    let alert = alert.map(|(alert, (per, _))| {
        let figure = (Decimal::from(alert.figure) / per).round_dp(4).normalize();
        (if alert.above { "above" } else { "below" }, figure.to_string())
    });
    Ok(Some(Follow {
        action: format!("{}/use", uses::posted_at(view)),
        home: own.as_ref().is_some_and(|of| of.home),
        mailed: own.as_ref().and_then(|of| of.mailed.clone()).unwrap_or_default(),
        form: own.map(|of| of.form).unwrap_or_default(),
        week_starts: weekday(visit),
        unit: measure.map(|(_, unit)| unit),
        alert,
        people,
        others,
    }))
}

/// In how many of its smallest units a figure is told and typed, as a power of ten, 60 or 3,600, and what these are called.
fn unit(visit: &Visit, field: &Field) -> (Decimal, String) {
    let currency = visit.signed.caller.currency;
    match field.kind {
        FieldKind::Duration => (Decimal::from(3_600), "hours".to_owned()),
        FieldKind::Minutes => (Decimal::from(60), "hours".to_owned()),
        FieldKind::Money => (Decimal::from(10_i64.pow(currency.minor_digits())), currency.to_string()),
        FieldKind::Percent => (Decimal::ONE_HUNDRED, "%".to_owned()),
        _ => (Decimal::ONE, String::new()),
    }
}

/// What was typed of a figure, in its smallest unit.
async fn smallest(visit: &Visit, view: &View, typed: &str) -> Option<i64> {
    let field = uses::measured(&visit.app, &visit.signed.caller, view).await?;
    let typed: Decimal = typed.trim().replace(',', "").parse().ok()?;
    typed.checked_mul(unit(visit, &field).0)?.round().try_into().ok()
}

/// `POST …/views/{id}/use`: on whose first page a view stands, and when it is mailed to them.
pub(super) async fn set(
    visit: Visit,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    match visit.collection(&plugin, &collection) {
        Ok(_) => wished(&visit, &id, &body).await,
        Err(response) => response,
    }
}

/// What somebody wants of a view, wherever that is kept.
pub(super) async fn wished(visit: &Visit, id: &str, body: &[u8]) -> Response {
    let Some(id) = lookup::id(id) else { return visit.not_found() };
    let fields: Pairs = form_urlencoded::parse(body).into_owned().collect();
    let said = |name: &str| super::routed::first(&fields, name).filter(|text| !text.is_empty()).map(str::to_owned);
    let Ok(person) = said("person").map(|text| text.parse::<Id>()).transpose() else { return visit.not_found() };
    let view = match views::get(&visit.app, &visit.signed, id).await {
        Ok(view) => view,
        Err(fault) => return visit.fault(&fault),
    };
    let alert = match (said("than"), said("figure")) {
        (None, _) => None,
        (Some(than), figure) => {
            let figure = match figure {
                Some(typed) => smallest(visit, &view, &typed).await,
                None => None,
            };
            let Some(figure) = figure else {
                return visit.go(&uses::address(&view), "Write the figure as a number, such as 40 or 12.5.");
            };
            Some(Alert { above: than == "above", figure })
        }
    };
    let wish = Wish { home: said("home").is_some(), mailed: said("mailed"), form: said("form"), alert, person };
    match uses::set(&visit.app, &visit.signed, id, wish).await {
        Ok(_) => visit.go(&uses::address(&view), "Saved who has it, and when."),
        Err(fault) => visit.go(&uses::address(&view), &report::told(&fault)),
    }
}

/// The lists and reports that the visitor has on their first page, each with its first rows.
pub(super) async fn at_home(visit: &Visit, wanted: &mut Wanted) -> Result<Vec<BlockView>, Fault> {
    let mut blocks = Vec::new();
    for view in uses::at_home(&visit.app, &visit.signed, AT_HOME).await? {
        if view.page {
            let reading = visit.reading();
            // One that is not theirs to open, or whose plugin is off, comes back with that.
            let Some(of) = statement::standing(reading, &view.collection) else { continue };
            blocks.push(stated(reading, &of, &view).await);
            continue;
        }
        // One whose plugin is off comes back with it.
        let Ok(schema) = visit.app.records.schema(&visit.snapshot, &visit.signed.caller, &view.collection) else {
            continue;
        };
        let view = views::followed(&visit.snapshot, view);
        blocks.push(if views::is_report(&view.query) {
            summed(visit, &schema, &view).await
        } else {
            listed(visit, &schema, &view, wanted)
                .await
                .unwrap_or_else(|fault| BlockView::Failed { title: view.name.clone(), message: report::told(&fault) })
        });
    }
    Ok(blocks)
}

async fn stated(reading: Reading<'_>, of: &Standing, view: &View) -> BlockView {
    match statement::as_it_stands(reading, of, view).await {
        Ok(mut shown) => {
            if let Some(grid) = &mut shown.grid {
                grid.rows.truncate(usize::from(ROWS));
            }
            shown.whole = Some(uses::address(view));
            BlockView::Report(Box::new(shown))
        }
        Err(fault) => BlockView::Failed { title: view.name.clone(), message: report::told(&fault) },
    }
}

async fn summed(visit: &Visit, schema: &Arc<Schema>, view: &View) -> BlockView {
    let pairs: Pairs = form_urlencoded::parse(view.query.as_bytes()).into_owned().collect();
    let (plot, grid, caption, fault) = match report::figures(visit.reading(), schema, &pairs).await {
        Ok(mut found) => {
            found.grid.rows.truncate(usize::from(ROWS));
            (found.plot, Some(found.grid), found.caption, None)
        }
        Err(fault) => (None, None, None, Some(report::told(&fault))),
    };
    BlockView::Report(Box::new(ReportView {
        title: view.name.clone(),
        controls: None,
        kept: None,
        figures: Vec::new(),
        plots: plot.into_iter().collect(),
        grid,
        caption,
        notes: Vec::new(),
        fault,
        whole: Some(uses::address(view)),
        files: Vec::new(),
    }))
}

async fn listed(visit: &Visit, schema: &Arc<Schema>, view: &View, wanted: &mut Wanted) -> Result<BlockView, Fault> {
    let pairs: Pairs = form_urlencoded::parse(view.query.as_bytes()).into_owned().collect();
    let query = ListQuery::of(pairs);
    let mut asked = views::listed(schema, &query);
    asked.retain(|(name, _)| name != "fields");
    let caller = &visit.signed.caller;
    let list = crate::rest::query::list(&declared::binder(visit), schema, &Almanac::of(caller), &asked)?;
    let display = schema.collection.display.to_string();
    let own = |name: &String| *name != display && schema.position(name).is_some();
    let mut paths_of: Vec<String> = query.fields.iter().filter(|name| own(name)).cloned().collect();
    if paths_of.is_empty() {
        paths_of = schema.collection.list.iter().map(ToString::to_string).filter(|name| own(name)).collect();
    }
    paths_of.truncate(COLUMNS);
    paths_of.insert(0, display);
    let columns = declared::columns(&declared::binder(visit), schema, &paths_of)?;
    let mut select = paths_of;
    select.push("id".to_owned());
    let selection = Selection { select, limit: ROWS, after: None, ..list.selection };
    let page = visit.app.records.find(caller.to_read()?, &visit.snapshot.catalog, &selection).await?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for mut row in page.rows {
        let id = row.pop().and_then(|value| value.as_reference());
        for (column, value) in columns.iter().zip(&row) {
            wanted.add(column.field.kind, column.to.as_ref(), value);
        }
        rows.push(TableRow { href: id.map(|id| paths::record(&schema.name, id)), values: row });
    }
    Ok(BlockView::Table(TableView {
        title: view.name.clone(),
        columns,
        rows,
        all: Some(uses::address(view)),
        empty: format!("No {} here.", schema.collection.title.many.to_lowercase()),
    }))
}
