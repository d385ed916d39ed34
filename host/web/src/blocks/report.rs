//! A report: what is asked above, a drawing where there is a course of time, and the table in which every figure opens
//! what it is of. The form is sent by GET, so that a report has an address, and needs no script.

use super::{ChartView, FigureView, anchor, chart, figure};
use crate::collection::Cells;
use crate::collection::asking::{self, AskView};
use crate::collection::follow::{self, Follow};
use crate::collection::share;
use crate::empty::empty;
use crate::icon::icon;
use crate::{format, zones};
use lignaflow_core::descriptor::humanize;
use lignaflow_core::id::Id;
use lignaflow_core::period;
use lignaflow_core::reckoning::{Rounding, Way};
use maud::{Markup, html};

/// Groups of one report.
pub const MOST_GROUPS: usize = 3;

/// One of some things to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub value: String,
    pub title: String,
}

/// A filter with its choices.
#[derive(Debug, Clone)]
pub struct Facet {
    /// `filter[status]`.
    pub key: String,
    pub title: String,
    pub offers: Vec<Offer>,
    pub chosen: String,
}

/// The period of a report: a word, or from a day to another.
#[derive(Debug, Clone)]
pub struct PeriodView {
    /// What its controls are called: the word, the first day, the last.
    pub names: [String; 3],
    pub title: String,
    pub word: String,
    pub from: String,
    pub until: String,
}

/// Whose days are reckoned with, and how durations are rounded.
#[derive(Debug, Clone, Default)]
pub struct Reckoned {
    /// The zone that is named, and the one where none is; nothing where no field is of time.
    pub zone: Option<[String; 2]>,
    /// As the address says it; nothing where no field is a duration.
    pub rounding: Option<String>,
}

/// What is asked of a report over records.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Where it is sent.
    pub action: String,
    pub groups: Vec<Offer>,
    pub group: Vec<String>,
    pub measures: Vec<Offer>,
    pub sums: Vec<String>,
    pub counts: bool,
    pub period: Option<PeriodView>,
    pub facets: Vec<Facet>,
    pub reckoned: Reckoned,
    /// What else the address says, which the form must not lose.
    pub kept: Vec<(String, String)>,
}

/// One cell: what it says, and what is behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GridCell {
    pub text: String,
    pub href: Option<String>,
    /// Where the rest is that one address cannot say.
    pub more: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct GridHead {
    pub title: String,
    pub figure: bool,
}

#[derive(Debug, Clone)]
pub struct GridRow {
    pub cells: Vec<GridCell>,
    /// Hundredths of a per cent that its first figure takes of the largest.
    pub share: Option<u32>,
}

/// Rows with their total.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    pub heads: Vec<GridHead>,
    pub rows: Vec<GridRow>,
    pub total: Option<Vec<GridCell>>,
}

/// A report that is kept under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReport {
    pub id: Id,
    pub name: String,
    pub shared: bool,
    /// Whether the reader may change it.
    pub own: bool,
    pub href: String,
}

/// The reports that are kept of a collection.
#[derive(Debug, Clone, Default)]
pub struct KeptBar {
    pub reports: Vec<KeptReport>,
    pub current: Option<Id>,
    /// Where they are kept: `{}/views`.
    pub base: String,
    /// The query as it stands, where it may be kept.
    pub query: Option<String>,
    /// Whether the query is not that of the current one any more.
    pub changed: bool,
    /// What the reader has of the current one.
    pub follow: Option<Follow>,
    /// Where they share it with people outside, where they may.
    pub share: Option<String>,
}

#[derive(Debug, Clone)]
pub enum Controls {
    Records(Box<Asking>),
    /// What a route is asked.
    Route(Box<AskView>, Option<PeriodView>),
}

#[derive(Debug, Clone)]
pub struct ReportView {
    pub title: String,
    pub controls: Option<Controls>,
    pub kept: Option<KeptBar>,
    /// What is told above the table.
    pub figures: Vec<FigureView>,
    /// What of it is drawn above the table, each with a title of its own where there are several.
    pub plots: Vec<ChartView>,
    /// Nothing where it could not be worked out.
    pub grid: Option<Grid>,
    /// What whoever reads the figures has to know, above them.
    pub caption: Option<String>,
    /// What is said beside the figures.
    pub notes: Vec<String>,
    pub fault: Option<String>,
    /// Where the whole of it is, where this is a part.
    pub whole: Option<String>,
    /// `CSV`, `Excel`, with their addresses.
    pub files: Vec<(String, String)>,
}

/// What is drawn: by itself as wide as there is room, several beside each other.
fn plots(view: &ReportView, cells: Cells<'_>) -> Markup {
    let fitting: Vec<&ChartView> = view.plots.iter().filter(|plot| chart::fits(plot)).collect();
    html! {
        @if let [plot] = fitting.as_slice() {
            div class="band mt-4" { section class="chart" aria-label={ (view.title) ", drawn" } { (chart::plot(plot, cells)) } }
        } @else if !fitting.is_empty() {
            div class="band mt-4 drawings" {
                @for plot in fitting {
                    section class="chart" aria-label={ (plot.title) ", drawn" } { h3 { (plot.title) } (chart::plot(plot, cells)) }
                }
            }
        }
    }
}

pub(crate) fn draw(view: &ReportView, cells: Cells<'_>) -> Markup {
    let id = anchor("r", &view.title);
    html! {
        section class="reporting" aria-labelledby=(id) {
            @match &view.whole {
                Some(href) => div class="row-head" { h2 id=(id) { (view.title) } a class="link small end" href=(href) { "All" } },
                None => h2 class="visually-hidden" id=(id) { (view.title) },
            }
            @if let Some(kept) = &view.kept { (bar(kept)) }
            @match &view.controls {
                Some(Controls::Records(asking)) => (ask(asking)),
                Some(Controls::Route(ask, period)) => {
                    div class="band" {
                        @let before = html! {
                            // What is asked from a kept one is still about it, so that it can be changed in its place.
                            @if let Some(current) = view.kept.as_ref().and_then(|kept| kept.current) {
                                input type="hidden" name="view" value=(current);
                            }
                            @if let Some(period) = period { div class="asking-row" { (period_controls(period)) } }
                        };
                        (asking::choices_above(ask, &before, cells.reader, cells.labels))
                    }
                }
                None => {},
            }
            @if let Some(fault) = &view.fault {
                div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
            }
            @if !view.figures.is_empty() {
                dl class="figures figures-bleed mt-4" { @for one in &view.figures { (figure::draw(one, cells)) } }
            }
            (plots(view, cells))
            @if let Some(grid) = &view.grid {
                @if let Some(caption) = &view.caption { p class="band caption muted small" { (caption) } }
                @if grid.rows.is_empty() {
                    @let text = if view.controls.is_some() {
                        "No record that you see fits what is asked above. Widen the period, or take a filter off."
                    } else {
                        "There is nothing in it just now."
                    };
                    (empty("Nothing to report", text, &html! {}))
                } @else {
                    div class="mt-4" { (table(&view.title, grid)) }
                    div class="pager" {
                        span { (crate::format::count(i64::try_from(grid.rows.len()).unwrap_or(i64::MAX), "row", "rows", &cells.reader.locale)) }
                        @if !view.files.is_empty() {
                            span class="files" {
                                (icon("export")) "Export:"
                                @for (title, href) in &view.files { a href=(href) download rel="nofollow" { (title) } }
                            }
                        }
                    }
                }
            }
            @if !view.notes.is_empty() {
                div class="band" { @for note in &view.notes { p class="muted small" { (note) } } }
            }
        }
    }
}

/// The reports that are kept, and what may be done with the one at hand.
fn bar(bar: &KeptBar) -> Markup {
    let current = bar.reports.iter().find(|report| Some(report.id) == bar.current);
    html! {
        @if !bar.reports.is_empty() || bar.query.is_some() {
            div class="views" {
                @if !bar.reports.is_empty() {
                    nav class="tabs" aria-label="Saved reports" {
                        @for report in &bar.reports {
                            a href=(report.href) aria-current=[(Some(report.id) == bar.current).then_some("page")] {
                                (report.name)
                                @if report.shared { (icon("people")) span class="visually-hidden" { "shared" } }
                            }
                        }
                    }
                }
                span class="end" {
                    @if let Some(of) = &bar.follow { (follow::menu(of)) }
                    @if let Some(share) = &bar.share { (share::button(share)) }
                    @if let Some(report) = current.filter(|report| report.own) { (change(bar, report)) }
                    @if let Some(query) = bar.query.as_deref().filter(|_| current.is_none() || bar.changed) { (keep(bar, query)) }
                }
            }
        }
    }
}

fn keep(bar: &KeptBar, query: &str) -> Markup {
    html! {
        lf-menu {
            details class="menu" {
                summary class="btn btn-small" { (icon("plus")) "Save report" }
                form class="menu-list menu-ask" method="post" action={ (bar.base) "/views" } {
                    input type="hidden" name="query" value=(query);
                    div class="field" {
                        label for="report-name" { "Name of the report" }
                        input class="input" id="report-name" name="name" required maxlength="80" autocomplete="off";
                    }
                    (shared(false))
                    button class="btn btn-primary" type="submit" { "Save report" }
                }
            }
        }
    }
}

fn shared(on: bool) -> Markup {
    html! {
        div class="checks" {
            label class="hit" { input type="checkbox" name="shared" value="true" checked[on]; "Everybody here sees it, each with what they may see" }
        }
    }
}

fn change(bar: &KeptBar, report: &KeptReport) -> Markup {
    let action = format!("{}/views/{}", bar.base, report.id);
    html! {
        @if let Some(query) = bar.query.as_deref().filter(|_| bar.changed) {
            form method="post" action=(action) {
                input type="hidden" name="query" value=(query);
                button class="btn btn-small" type="submit" { (icon("check")) "Update report" }
            }
        }
        lf-menu {
            details class="menu" {
                summary class="btn btn-small btn-quiet" { (icon("pen")) "Edit report" }
                div class="menu-list menu-ask" {
                    form method="post" action=(action) class="view-form" {
                        input type="hidden" name="settings" value="true";
                        div class="field" {
                            label for="report-rename" { "Name of the report" }
                            input class="input" id="report-rename" name="name" value=(report.name) required maxlength="80" autocomplete="off";
                        }
                        (shared(report.shared))
                        button class="btn btn-primary" type="submit" { "Save" }
                    }
                    form method="post" action={ (action) "/remove" } {
                        button class="btn btn-danger" type="submit" { (icon("cross")) "Delete report" }
                    }
                }
            }
        }
    }
}

/// What is asked of records: period, groups, measures, filters.
fn ask(asking: &Asking) -> Markup {
    let select = |name: &str, id: &str, title: &str, none: &str, offers: &[Offer], chosen: &str| {
        html! {
            div class="field" {
                label for=(id) { (title) }
                select class="input" id=(id) name=(name) {
                    option value="" { (none) }
                    @for offer in offers { option value=(offer.value) selected[offer.value == chosen] { (offer.title) } }
                }
            }
        }
    };
    let narrowed = asking.facets.iter().filter(|facet| !facet.chosen.is_empty()).count();
    html! {
        form class="asking band mt-4" method="get" action=(asking.action) aria-label="What the report is of" {
            @for (key, value) in &asking.kept { input type="hidden" name=(key) value=(value); }
            div class="asking-row" {
                @if let Some(period) = &asking.period { (period_controls(period)) }
                @for at in 0..MOST_GROUPS {
                    @let chosen = asking.group.get(at).map(String::as_str).unwrap_or_default();
                    @let title = if at == 0 { "Grouped by" } else { "then by" };
                    (select("group", &format!("group-{at}"), title, "nothing", &asking.groups, chosen))
                }
            }
            div class="asking-row" {
                fieldset class="asking-measures" {
                    legend { "Shown" }
                    div class="checks" {
                        label class="hit" { input type="checkbox" name="count" value="id" checked[asking.counts]; "How many" }
                        @for measure in &asking.measures {
                            label class="hit" {
                                input type="checkbox" name="sum" value=(measure.value) checked[asking.sums.contains(&measure.value)];
                                (measure.title)
                            }
                        }
                    }
                }
                @if !asking.facets.is_empty() {
                    details class="asking-more" open[narrowed > 0] {
                        summary class="btn btn-small" { (icon("filter")) "Filters" @if narrowed > 0 { " (" (narrowed) ")" } }
                        div class="asking-row" {
                            @for (at, facet) in asking.facets.iter().enumerate() {
                                (select(&facet.key, &format!("facet-{at}"), &facet.title, "Any", &facet.offers, &facet.chosen))
                            }
                        }
                    }
                }
                (reckoned(&asking.reckoned))
                button class="btn btn-primary" type="submit" { "Show" }
            }
        }
    }
}

/// Minutes that are offered.
const STEPS: [u8; 7] = [1, 5, 6, 10, 15, 30, 60];

/// Whose days, and what is rounded: behind a button, since few reports ask for it.
fn reckoned(of: &Reckoned) -> Markup {
    let set = of.zone.as_ref().is_some_and(|[zone, _]| !zone.is_empty())
        || of.rounding.as_ref().is_some_and(|rounding| !rounding.is_empty());
    let title = match (&of.zone, &of.rounding) {
        (Some(_), Some(_)) => "Zone and rounding",
        (Some(_), None) => "Zone",
        (None, Some(_)) => "Rounding",
        (None, None) => return html! {},
    };
    html! {
        details class="asking-more" open[set] {
            summary class="btn btn-small" { (icon("clock")) (title) }
            div class="asking-row" {
                @if let Some([zone, usual]) = &of.zone {
                    div class="field" {
                        label for="zone" { "Days of" }
                        input class="input" id="zone" name="zone" value=(zone) placeholder=(usual) list=(zones::LIST) autocomplete="off" spellcheck="false";
                        (zones::list())
                    }
                }
                @if let Some(chosen) = &of.rounding {
                    div class="field" {
                        label for="round" { "Durations" }
                        select class="input" id="round" name="round" {
                            option value="" { "as they are" }
                            @if let Some(own) = chosen.parse::<Rounding>().ok().filter(|own| !STEPS.contains(&own.minutes())) {
                                option value=(chosen) selected { (format::rounding(own)) }
                            }
                            @for offer in Way::ALL.into_iter().flat_map(|way| STEPS.into_iter().filter_map(move |step| Rounding::new(way, step))) {
                                option value=(offer) selected[offer.to_string() == *chosen] { (format::rounding(offer)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn period_controls(period: &PeriodView) -> Markup {
    let [key, from, until] = &period.names;
    html! {
        div class="field" {
            label for="period" { (period.title) " in" }
            select class="input" id="period" name=(key) {
                option value="" { "any time" }
                @if !period.word.is_empty() && !period::NAMES.contains(&period.word.as_str()) {
                    option value=(period.word) selected { (humanize(&period.word)) }
                }
                @for name in period::NAMES { option value=(name) selected[name == period.word] { (humanize(name)) } }
            }
        }
        div class="field" {
            label for="from" { "from" }
            input class="input" type="date" id="from" name=(from) value=(period.from);
        }
        div class="field" {
            label for="until" { "to" }
            input class="input" type="date" id="until" name=(until) value=(period.until);
        }
    }
}

fn table(title: &str, grid: &Grid) -> Markup {
    let bars = grid.rows.iter().any(|row| row.share.is_some());
    let first_figure = grid.heads.iter().position(|head| head.figure);
    let last = grid.heads.len().saturating_sub(1);
    // On a phone what the rows are grouped by stays, up to two columns, with the first figure; where there is room, the
    // last one too, which is what the others come to.
    let groups = first_figure.unwrap_or(1);
    let class = |at: usize| {
        let num = if grid.heads.get(at).is_some_and(|head| head.figure) { "num " } else { "" };
        let kept = at == 0
            || Some(at) == first_figure
            || (at < groups && groups <= 2)
            || (at == last && (groups <= 1 || first_figure.is_none()));
        let priority = if kept {
            ""
        } else if at <= 3 {
            "p2"
        } else {
            "p3"
        };
        let class = format!("{num}{priority}");
        let class = class.trim().to_owned();
        (!class.is_empty()).then_some(class)
    };
    let linked = |cell: &GridCell| {
        html! {
            @match &cell.href {
                Some(href) if !cell.text.is_empty() => {
                    a href=(href) { (cell.text) }
                    @for more in &cell.more { " " a href=(more) aria-label="The rest of what it is of" { "+" } }
                }
                _ => (cell.text),
            }
        }
    };
    html! {
        table class="table table-bleed report" {
            caption class="visually-hidden" { (title) }
            thead {
                tr {
                    @for (at, head) in grid.heads.iter().enumerate() { th scope="col" class=[class(at)] { (head.title) } }
                    @if bars { th scope="col" class="p2 vb" { span class="visually-hidden" { "As a bar" } } }
                }
            }
            tbody {
                @for row in &grid.rows {
                    tr {
                        @for (at, cell) in row.cells.iter().enumerate() {
                            @if at == 0 { th scope="row" class="primary" { (linked(cell)) } }
                            @else { td class=[class(at)] { (linked(cell)) } }
                        }
                        @if bars { td class="p2 vb" aria-hidden="true" { (chart::horizontal(row.share.unwrap_or(0))) } }
                    }
                }
            }
            @if let Some(total) = &grid.total {
                tfoot {
                    tr {
                        @for (at, cell) in total.iter().enumerate() {
                            @if at == 0 { th scope="row" { (linked(cell)) } }
                            @else { td class=[class(at)] { (linked(cell)) } }
                        }
                        @if bars { td class="p2 vb" {} }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Bar;
    use crate::testing::{id, labels, reader};
    use lignaflow_core::descriptor::{ChartKind, Field, FieldKind};
    use lignaflow_core::value::Value;

    fn view() -> ReportView {
        let cell = |text: &str, href: &str| GridCell { text: text.into(), href: Some(href.into()), more: Vec::new() };
        let head = |title: &str, figure| GridHead { title: title.into(), figure };
        ReportView {
            title: "Hours".into(),
            controls: Some(Controls::Records(Box::new(Asking {
                action: "/reporting/-/hours".into(),
                groups: vec![Offer { value: "project".into(), title: "Project".into() }],
                group: vec!["project".into()],
                measures: vec![Offer { value: "duration".into(), title: "Time".into() }],
                sums: vec!["duration".into()],
                counts: false,
                period: Some(PeriodView {
                    names: ["filter[local_date]", "filter[local_date][gte]", "filter[local_date][lte]"]
                        .map(str::to_owned),
                    title: "Day".into(),
                    word: "last-45-days".into(),
                    from: String::new(),
                    until: String::new(),
                }),
                facets: Vec::new(),
                reckoned: Reckoned {
                    zone: Some(["Asia/Kathmandu", "Australia/Sydney"].map(str::to_owned)),
                    rounding: Some("up:7".into()),
                },
                kept: vec![("filter[duration][is_null]".into(), "false".into())],
            }))),
            kept: Some(KeptBar {
                reports: vec![KeptReport {
                    id: id(9),
                    name: "Mine <now>".into(),
                    shared: false,
                    own: true,
                    href: "/t/e/report?view=9".into(),
                }],
                current: Some(id(9)),
                base: "/t/e".into(),
                query: Some("group=project".into()),
                changed: true,
                share: Some("/t/e/views/9/links".into()),
                follow: Some(Follow { mailed: "daily".into(), form: "xlsx".into(), ..Follow::default() }),
            }),
            figures: Vec::new(),
            plots: Vec::new(),
            grid: Some(Grid {
                heads: vec![head("Project", false), head("Time", true)],
                rows: vec![GridRow {
                    cells: vec![cell("Kitchen", "/p/1"), cell("7:30", "/t?p=1")],
                    share: Some(10_000),
                }],
                total: Some(vec![GridCell { text: "Total".into(), ..GridCell::default() }, cell("7:30", "/t")]),
            }),
            caption: Some("Days are those of Asia/Kathmandu.".into()),
            notes: vec!["Without what runs.".into()],
            fault: None,
            whole: None,
            files: vec![("CSV".into(), "/t/e/report?format=csv".into())],
        }
    }

    #[test]
    fn every_figure_opens_what_it_is_of_and_the_form_keeps_what_it_has_no_control_for() {
        let (reader, labels) = (reader(), labels());
        let html = draw(&view(), Cells { reader: &reader, labels: &labels }).into_string();
        assert!(html.contains("<td class=\"num\"><a href=\"/t?p=1\">7:30</a></td>"), "{html}");
        assert!(html.contains("<tfoot><tr><th scope=\"row\">Total</th><td class=\"num\"><a href=\"/t\">7:30</a>"));
        assert!(html.contains("name=\"filter[duration][is_null]\" value=\"false\""));
        assert!(html.contains("<option value=\"last-45-days\" selected>Last 45 days</option>"));
        assert!(html.contains("Mine &lt;now&gt;") && html.contains("Update report") && html.contains("Delete report"));
        assert!(html.contains("<option value=\"daily\" selected>every day") && html.contains("On the first page"));
        assert!(html.contains("<p class=\"band caption muted small\">Days are those of Asia/Kathmandu.</p>"), "{html}");
        assert!(
            html.contains("name=\"zone\" value=\"Asia/Kathmandu\" placeholder=\"Australia/Sydney\" list=\"zones\"")
        );
        assert!(
            html.contains("<option value=\"up:7\" selected>up to the next 7 minutes") && html.contains("\"down:60\"")
        );
        assert!(html.contains("width=\"100.00%\""), "the largest row fills its bar");
        assert!(html.contains("href=\"/t/e/views/9/links\""), "{html}");
    }

    #[test]
    fn several_drawings_have_their_titles_and_one_alone_does_without() {
        let (reader, labels) = (reader(), labels());
        let cells = Cells { reader: &reader, labels: &labels };
        let bar = |label: &str, seconds| Bar {
            label: label.into(),
            value: Value::Integer(seconds),
            href: None,
            parts: Vec::new(),
        };
        let plot = |title: &str| ChartView {
            title: title.into(),
            group: "Month".into(),
            measure: "Left".into(),
            field: Field::bare(FieldKind::Duration),
            over_time: true,
            kind: ChartKind::Area,
            said: None,
            series: Vec::new(),
            bars: vec![bar("Oct", 7_200), bar("Nov", 3_600)],
        };
        let drawn = |plots| draw(&ReportView { plots, ..view() }, cells).into_string();
        let one = drawn(vec![plot("Time left")]);
        assert!(one.contains("class=\"chart\"") && !one.contains("<h3>"), "{one}");
        let two = drawn(vec![plot("Time left"), plot("Money left")]);
        assert!(two.contains("<h3>Time left</h3>") && two.contains("aria-label=\"Money left, drawn\""), "{two}");
    }

    #[test]
    fn nothing_says_what_to_do_and_a_fault_stands_above_it() {
        let (reader, labels) = (reader(), labels());
        let cells = Cells { reader: &reader, labels: &labels };
        let none = ReportView { grid: Some(Grid::default()), kept: None, ..view() };
        assert!(draw(&none, cells).into_string().contains("Widen the period"));
        let bare = ReportView { controls: None, ..none.clone() };
        assert!(!draw(&bare, cells).into_string().contains("Widen the period"), "nothing is asked above it");
        let failed = ReportView { grid: None, fault: Some("No such group.".into()), ..none };
        let html = draw(&failed, cells).into_string();
        assert!(html.contains("role=\"alert\"") && html.contains("No such group.") && !html.contains("<table"));
    }
}
