//! A kept list or report as somebody without an account sees it by a link: as it stands when they look, with what whoever
//! made the link may see then. Nothing here leads to a record, no cursor tells what a list is sorted by, and what the
//! maker may not show any more is told without saying why.

use super::declared;
use super::house::{Reading, html};
use super::links::{Holder, ended, failed, private, told};
use super::routed::Pairs;
use super::{lookup, paper, report, statement};
use crate::app::App;
use crate::rest::accept::Format;
use crate::rest::export::{Export, TakenBy};
use crate::rest::query;
use crate::sharing::{self, Nothing, Of, Shown};
use crate::views::{self, is_report};
use axum::response::Response;
use http::StatusCode;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::id::RequestId;
use lignaflow_core::period::Almanac;
use lignaflow_core::query::{MAX_LIMIT, Selection};
use lignaflow_core::value::{Value, civil_date, parse_date};
use lignaflow_core::{ErrorCode, Fault, PersonId};
use lignaflow_identity::{Client, RecordsTaken};
use lignaflow_store::links::State as LinkState;
use lignaflow_web::blocks::report::{Grid, GridCell, GridHead, GridRow, ReportView};
use lignaflow_web::format::{date, is_figure};
use lignaflow_web::labels::{Labels, Wanted};
use lignaflow_web::visitor::{SharedPage, shared as draw};
use lignaflow_web::{ListQuery, Reader, paths};
use std::sync::Arc;

/// Rows of a list that are shown, and those that are put on paper.
const ROWS: usize = 500;
const ON_PAPER: usize = 2_000;
/// Members of a list of references that are told by name.
const NAMED: usize = 10;

/// Who looks, and at what.
pub(super) struct Looking<'a> {
    pub app: &'a Arc<App>,
    pub holder: &'a Holder,
    pub maker: PersonId,
    /// Whether it may be taken as a file.
    pub files: bool,
    pub request: RequestId,
    pub client: &'a Client,
    /// Whether this is a look rather than a question about one.
    pub counts: bool,
}

impl Looking<'_> {
    /// The page, or with `format` a file.
    pub(super) async fn answer(&self, format: Option<&str>) -> Response {
        let Holder { link, organization, theme } = self.holder;
        let shown = match sharing::shown(self.app, link, self.maker, self.request).await {
            Ok(Ok(shown)) => shown,
            Ok(Err(Nothing::NotTheirs)) => return self.nothing(),
            Ok(Err(Nothing::Off)) => return ended(*theme, organization, LinkState::Open),
            Err(fault) => return failed(*theme, fault),
        };
        if self.counts {
            match sharing::looked(self.app, link).await {
                Ok(true) => {}
                // It was ended since this request began.
                Ok(false) => return ended(*theme, organization, self.end()),
                Err(fault) => tracing::warn!(why = fault.message, "that a link was looked at is not counted"),
            }
        }
        let made = match format {
            Some(format) => self.file(&shown, format).await,
            None => self.page(&shown).await,
        };
        match made {
            Ok(response) => private(response),
            Err(fault) if fault.code == ErrorCode::Invalid && fault.issues.iter().any(|it| it.path == "/format") => {
                let why = report::told(&fault);
                told(*theme, Some(organization), StatusCode::NOT_FOUND, "There is no such file", &why)
            }
            Err(fault) if matches!(fault.code, ErrorCode::Invalid | ErrorCode::Denied | ErrorCode::NotFound) => {
                // What does not fit its collection any more, or asks for what its maker may not see, is not theirs to show.
                tracing::debug!(link = %link.id, why = report::told(&fault), "a shared view cannot be worked out");
                self.nothing()
            }
            Err(fault) => failed(*theme, fault),
        }
    }

    fn end(&self) -> LinkState {
        if self.holder.link.expires_at <= self.app.clock.now() { LinkState::Expired } else { LinkState::Withdrawn }
    }

    fn nothing(&self) -> Response {
        let Holder { organization, theme, .. } = self.holder;
        let text = "Whoever made this link cannot show what it led to any more. Ask them, or somebody else here, for \
                    another.";
        told(*theme, Some(organization), StatusCode::FORBIDDEN, "Nothing is shown here any more", text)
    }

    async fn page(&self, shown: &Shown) -> Result<Response, Fault> {
        let reading = self.reading(shown);
        let view = self.worked_out(shown, ROWS).await?;
        let address = paths::link(self.holder.link.id);
        let files = [("CSV", "csv"), ("Excel", "xlsx"), ("PDF", "pdf")];
        let files = files.iter().filter(|_| self.files);
        let view = ReportView {
            files: files.map(|(title, format)| ((*title).to_owned(), format!("{address}?format={format}"))).collect(),
            ..view
        };
        let page = SharedPage {
            theme: self.holder.theme,
            accent: self.holder.organization.accent,
            reader: &reading.reader(),
            organization: &self.holder.organization.name,
            said: &days(reading, shown),
            view: &view,
        };
        Ok(html(StatusCode::OK, draw(&page)))
    }

    /// What it shows, as a file that is written down before it leaves.
    async fn file(&self, shown: &Shown, format: &str) -> Result<Response, Fault> {
        if !self.files {
            return Err(Fault::at("/format", "denied", "This may be looked at here, and not taken as a file."));
        }
        let Shown { caller, snapshot, of, view } = shown;
        let link = self.holder.link.id;
        if format == "pdf" {
            let reading = self.reading(shown);
            let mut drawn = self.worked_out(shown, ON_PAPER + 1).await?;
            let mut notes = days(reading, shown);
            notes.append(&mut drawn.notes);
            drawn.notes = notes;
            let rows = drawn.grid.as_ref().map_or(0, |grid| grid.rows.len());
            let response = paper::pdf(reading, &drawn, view.collection.local.as_str()).await?;
            self.note(shown, format, rows.try_into().unwrap_or(u64::MAX)).await?;
            return Ok(response);
        }
        let format = Format::of_file(format, "What is shared")?;
        let schema = match of {
            Of::Records(schema) => schema,
            Of::Table(of) => {
                let (response, rows) = statement::as_file(self.reading(shown), of, &view.query, format).await?;
                self.note(shown, format.extension(), rows).await?;
                return Ok(response);
            }
        };
        let taken_by = TakenBy::Link(link, self.client);
        let export = Export { app: self.app, caller, taken_by, snapshot, schema, format, marked: true };
        if is_report(&view.query) {
            return export.summary(&pairs(&view.query)).await;
        }
        let query = ListQuery::of(pairs(&view.query));
        let mut asked = views::listed(schema, &query);
        asked.retain(|(name, _)| name != "fields");
        asked.push(("fields".to_owned(), columns(schema, &query).join(",")));
        export.list(&asked).await
    }

    /// Writes down that it is taken as a file; without a line nothing is taken.
    async fn note(&self, shown: &Shown, format: &str, rows: u64) -> Result<(), Fault> {
        let Shown { caller, view, .. } = shown;
        let collection = &view.collection.to_string();
        let taken = RecordsTaken { collection, format, query: &view.query, rows };
        let link = self.holder.link.id;
        self.app.identity.note_records_by_link(caller.organization, link, self.client, &taken).await
    }

    fn reading<'a>(&'a self, shown: &'a Shown) -> Reading<'a> {
        Reading { app: self.app, caller: &shown.caller, snapshot: &shown.snapshot }
    }

    /// The figures or the rows, with nothing behind them.
    async fn worked_out(&self, shown: &Shown, most: usize) -> Result<ReportView, Fault> {
        let Shown { of, view, .. } = shown;
        let reading = self.reading(shown);
        let schema = match of {
            Of::Records(schema) => schema,
            Of::Table(of) => {
                let drawn = statement::as_it_stands(reading, of, view).await?;
                return Ok(ReportView { grid: drawn.grid.map(unlinked), ..drawn });
            }
        };
        let (plot, grid, caption, notes) = if is_report(&view.query) {
            let found = report::figures(reading, schema, &pairs(&view.query)).await?;
            (found.plot, unlinked(found.grid), found.caption, found.notes)
        } else {
            let (grid, more) = listed(reading, schema, &ListQuery::of(pairs(&view.query)), most).await?;
            let note = more.then(|| format!("There is more than the first {most} rows."));
            (None, grid, None, note.into_iter().collect())
        };
        Ok(ReportView {
            title: view.name.clone(),
            controls: None,
            kept: None,
            figures: Vec::new(),
            plots: plot.into_iter().collect(),
            grid: Some(grid),
            caption,
            notes,
            fault: None,
            whole: None,
            files: Vec::new(),
        })
    }
}

fn pairs(query: &str) -> Pairs {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Figures without what is behind them.
fn unlinked(grid: Grid) -> Grid {
    let bare = |cells: Vec<GridCell>| {
        cells.into_iter().map(|cell| GridCell { text: cell.text, ..GridCell::default() }).collect::<Vec<_>>()
    };
    let rows = grid.rows.into_iter().map(|row| GridRow { cells: bare(row.cells), share: row.share });
    Grid { heads: grid.heads, rows: rows.collect(), total: grid.total.map(bare) }
}

/// The columns of a list, as far as they are there for whoever reads: what its records are called by, and those that were
/// chosen, else its own.
fn columns(schema: &Schema, query: &ListQuery) -> Vec<String> {
    let display = schema.collection.display.to_string();
    let own = |name: &String| *name != display && schema.position(name).is_some();
    let mut columns: Vec<String> = query.fields.iter().filter(|name| own(name)).cloned().collect();
    if columns.is_empty() {
        columns = schema.collection.list.iter().map(ToString::to_string).filter(|name| own(name)).collect();
    }
    columns.insert(0, display);
    columns
}

/// The rows of a list as words and figures, and whether there are more than were asked for.
async fn listed(
    reading: Reading<'_>,
    schema: &Arc<Schema>,
    query: &ListQuery,
    most: usize,
) -> Result<(Grid, bool), Fault> {
    let Reading { app, caller, snapshot } = reading;
    let mut asked = views::listed(schema, query);
    asked.retain(|(name, _)| name != "fields");
    let list = query::list(&reading.binder(), schema, &Almanac::of(caller), &asked)?;
    let select = columns(schema, query);
    let columns = declared::columns(&reading.binder(), schema, &select)?;
    let mut selection = Selection { select, limit: MAX_LIMIT, after: None, ..list.selection };
    let mut rows = Vec::new();
    loop {
        let page = app.records.find(caller.to_read()?, &snapshot.catalog, &selection).await?;
        rows.extend(page.rows);
        selection.after = page.next;
        if selection.after.is_none() || rows.len() > most {
            break;
        }
    }
    let more = rows.len() > most || selection.after.is_some();
    rows.truncate(most);
    let mut wanted = Wanted::default();
    for row in &rows {
        for (column, value) in columns.iter().zip(row) {
            wanted.add(column.field.kind, column.to.as_ref(), value);
        }
    }
    let (names, reader) = (lookup::names(reading, &wanted).await?, reading.reader());
    let cell =
        |field: &Field, value: &Value| GridCell { text: text(field, value, &names, &reader), ..GridCell::default() };
    let rows = rows.iter().map(|row| GridRow {
        cells: columns.iter().zip(row).map(|(column, value)| cell(&column.field, value)).collect(),
        share: None,
    });
    let grid = Grid {
        rows: rows.collect(),
        heads: columns
            .iter()
            .map(|column| GridHead { title: column.title.clone(), figure: is_figure(column.field.kind) })
            .collect(),
        total: None,
    };
    Ok((grid, more))
}

/// A value in words: what it refers to by its name, where whoever reads may know it.
fn text(field: &Field, value: &Value, names: &Labels, reader: &Reader) -> String {
    match value {
        Value::Reference(id) => names.get(*id).unwrap_or_default().to_owned(),
        Value::References(ids) => {
            let known: Vec<&str> = ids.iter().take(NAMED).filter_map(|id| names.get(*id)).collect();
            let rest = ids.len().saturating_sub(NAMED);
            if rest > 0 { format!("{} and {rest} more", known.join(", ")) } else { known.join(", ") }
        }
        other => report::figure_text(field, other, reader),
    }
}

/// Of which days it is.
fn days(reading: Reading<'_>, shown: &Shown) -> Vec<String> {
    match &shown.of {
        Of::Records(schema) => said(reading, schema, &pairs(&shown.view.query)),
        Of::Table(of) => statement::said(of, &shown.view.query).into_iter().collect(),
    }
}

/// Of which days records are: figures without their period say nothing. What else narrows it is the house's own business.
fn said(reading: Reading<'_>, schema: &Arc<Schema>, pairs: &Pairs) -> Vec<String> {
    let (binder, reader) = (reading.binder(), reading.reader());
    let day = |text: &str| match parse_date(text).and_then(civil_date) {
        Some(day) => date(day, &reader.locale),
        None => text.replace('-', " "),
    };
    let line = |(name, value): &(String, String)| {
        let mut parts = name.strip_prefix("filter[")?.strip_suffix(']')?.split("][");
        let (path, operator) = (parts.next()?, parts.next());
        let kind = binder.path(schema, path).ok()?.kind();
        if !matches!(kind, FieldKind::Date | FieldKind::Instant) {
            return None;
        }
        let value = day(value);
        let said = match operator {
            None => value,
            Some("gte") => format!("from {value}"),
            Some("gt") => format!("after {value}"),
            Some("lte") => format!("up to {value}"),
            Some("lt") => format!("before {value}"),
            Some(_) => return None,
        };
        Some(format!("{}: {said}", report::title_of(&binder, schema, path)?))
    };
    pairs.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_from_a_figure_to_what_is_behind_it() {
        let cell = GridCell { text: "7:30".into(), href: Some("/t?p=1".into()), more: vec!["/t?p=2".into()] };
        let grid = Grid {
            heads: Vec::new(),
            rows: vec![GridRow { cells: vec![cell.clone()], share: Some(10_000) }],
            total: Some(vec![cell]),
        };
        let bare = unlinked(grid);
        let plain = GridCell { text: "7:30".into(), ..GridCell::default() };
        assert_eq!(bare.rows[0].cells, std::slice::from_ref(&plain));
        assert_eq!(bare.total, Some(vec![plain]));
    }
}
