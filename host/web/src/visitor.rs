//! Pages for people without an account, who come by a link: one subject, what may be read of it, and what may be
//! answered; in the organization's name, without the house around it.

use crate::blocks::report::{self, ReportView};
use crate::blocks::{TableRow, TableView, table};
use crate::collection::Cells;
use crate::collection::record::paragraphs;
use crate::document::{Document, Theme};
use crate::format::{machine, moment, money};
use crate::icon::{icon, large};
use crate::labels::Labels;
use crate::reader::Reader;
use lignaflow_core::accent::Accent;
use lignaflow_core::descriptor::Field;
use lignaflow_core::sheet::{Choice, MAX_ROWS, MAX_SECTIONS, Section, Sheet};
use lignaflow_core::signature::{HEIGHT, WIDTH};
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// What stands between the name of a choice and its group.
pub const GROUP: char = '~';

/// One value with its title.
#[derive(Debug, Clone)]
pub struct Shown {
    pub title: String,
    pub field: Field,
    pub value: Value,
}

/// One control of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    pub name: String,
    pub label: String,
    pub help: Option<String>,
    pub kind: ControlKind,
    pub required: bool,
    /// What was typed.
    pub value: String,
    pub issue: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlKind {
    Text {
        /// The most characters.
        max: u64,
        long: bool,
    },
    Number,
    Check,
    Choice(Vec<String>),
    /// Drawn by hand, with script; without it there is none.
    Signature,
}

/// A form that answers.
#[derive(Debug, Clone)]
pub struct FormView {
    pub title: String,
    /// The route that it calls.
    pub route: String,
    /// Where it is posted.
    pub action: String,
    pub button: String,
    pub controls: Vec<Control>,
    pub fault: Option<String>,
}

/// A file that the reader may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    pub title: String,
    pub href: String,
    /// A picture of it, made small.
    pub small: Option<String>,
    /// How large it is, in words.
    pub size: String,
}

#[derive(Debug, Clone)]
pub enum Piece {
    Text(String),
    Facts {
        title: String,
        rows: Vec<Shown>,
    },
    Table(TableView),
    Sheet(Sheet),
    Files(Vec<FileView>),
    Form(FormView),
    /// What could not be read. The rest of the page stands.
    Failed(String),
}

#[derive(Debug)]
pub struct LinkPage<'a> {
    pub theme: Theme,
    pub reader: &'a Reader,
    /// In whose name it is.
    pub organization: &'a str,
    /// Their colour.
    pub accent: Accent,
    pub title: &'a str,
    /// Where the page itself is posted, to be drawn anew with what was ticked.
    pub address: &'a str,
    pub pieces: &'a [Piece],
    /// What the last answer came to.
    pub done: Option<&'a str>,
    /// Where it is told that somebody acted here.
    pub seen: Option<String>,
}

pub fn page(view: &LinkPage<'_>) -> Markup {
    let labels = Labels::default();
    let cells = Cells { reader: view.reader, labels: &labels };
    let (forms, body): (Vec<_>, Vec<_>) = view.pieces.iter().partition(|piece| matches!(piece, Piece::Form(_)));
    let sheets: Vec<&Sheet> =
        body.iter().filter_map(|piece| if let Piece::Sheet(sheet) = piece { Some(sheet) } else { None }).collect();
    // The page is called as what it shows, where that has a name.
    let title = sheets.iter().map(|sheet| sheet.title.as_str()).find(|title| !title.is_empty()).unwrap_or(view.title);
    let grand = sheets.iter().flat_map(|sheet| &sheet.totals).find(|total| total.grand);
    let first = forms.iter().find_map(|piece| if let Piece::Form(form) = piece { Some(form) } else { None });
    let inner = html! {
        (letterhead(view.organization))
        main class="paper" id="main" tabindex="-1" {
            lf-offer class="offer" data-address=(view.address) data-seen=[view.seen.as_ref()] {
                div class="offer-head" {
                    h1 { (title) }
                    @for text in sheets.iter().flat_map(|sheet| &sheet.text) { (paragraphs(text)) }
                }
                div class="offer-side" {
                    div class="sticky" {
                        @if let Some(done) = view.done { div class="note note-good" role="status" { (icon("check")) p { (done) } } }
                        div class="offer-sums" aria-live="polite" { @for sheet in &sheets { (sums(sheet)) } }
                        @if let Some(form) = first { (self::form(form, true)) }
                    }
                }
                div class="offer-body" {
                    @for piece in &body { (drawn(piece, cells, view)) }
                    // What else may be answered stands below what it is about.
                    @for form in forms.iter().skip(1) { @if let Piece::Form(form) = form { (self::form(form, false)) } }
                }
                @if let (Some(total), Some(form)) = (grand, first) {
                    div class="accept-bar" {
                        span { span class="small muted" { (total.name) } b { (total.value) } }
                        a class="btn btn-primary" href={ "#f-" (form.route) } { (form.title) }
                    }
                }
            }
        }
    };
    shell((view.theme, view.accent), view.reader.locale.tag(), title, view.organization, &inner)
}

/// A kept list or report.
#[derive(Debug)]
pub struct SharedPage<'a> {
    pub theme: Theme,
    pub accent: Accent,
    pub reader: &'a Reader,
    /// In whose name it is.
    pub organization: &'a str,
    /// Of which days it is.
    pub said: &'a [String],
    pub view: &'a ReportView,
}

pub fn shared(page: &SharedPage<'_>) -> Markup {
    let labels = Labels::default();
    let cells = Cells { reader: page.reader, labels: &labels };
    let title = &page.view.title;
    let now = page.reader.now.as_microsecond();
    let inner = html! {
        (letterhead(page.organization))
        main class="paper" id="main" tabindex="-1" {
            div class="shared" {
                div class="offer-head" {
                    h1 { (title) }
                    @for line in page.said { p { (line) } }
                    p class="small muted" {
                        "As it stood on " time datetime=(machine(now, page.reader)) { (moment(now, page.reader)) }
                        " (" (page.reader.zone_name()) ")"
                    }
                }
                (report::draw(page.view, cells))
            }
        }
    };
    shell((page.theme, page.accent), page.reader.locale.tag(), title, page.organization, &inner)
}

/// One message, where there is nothing to be shown any more.
#[derive(Debug, Clone, Copy)]
pub struct LinkMessage<'a> {
    pub theme: Theme,
    /// Nothing where it is not known whose link it was.
    pub organization: Option<&'a str>,
    pub accent: Accent,
    pub title: &'a str,
    pub text: &'a str,
}

pub fn message(view: &LinkMessage<'_>) -> Markup {
    let name = view.organization.unwrap_or("LignaFlow");
    let inner = html! {
        (letterhead(name))
        main class="paper" id="main" tabindex="-1" {
            div class="offer" { div class="offer-head" { h1 { (view.title) } p class="lead" { (view.text) } } }
        }
    };
    shell((view.theme, view.accent), "en", view.title, name, &inner)
}

fn letterhead(organization: &str) -> Markup {
    html! {
        header class="letterhead" { div class="firm" { (large("mark")) span { (organization) } } }
    }
}

fn shell((theme, accent): (Theme, Accent), lang: &str, title: &str, organization: &str, inner: &Markup) -> Markup {
    let whole = html! {
        a class="skip" href="#main" { "Skip to content" }
        div class="letter-page" { div class="letter" { (inner) } }
    };
    let title = format!("{title} · {organization}");
    Document { title: &title, lang, theme, sheets: &["css/client.css", "css/report.css"], accent }.render(&whole)
}

fn drawn(piece: &Piece, cells: Cells<'_>, view: &LinkPage<'_>) -> Markup {
    match piece {
        Piece::Text(text) => paragraphs(text),
        Piece::Facts { title, rows } => html! {
            section {
                @if !title.is_empty() { div class="row-head" { h2 { (title) } } }
                dl class="titleblock" {
                    @for row in rows.iter().filter(|row| !row.value.is_null()) {
                        div { dt { (row.title) } dd { (cells.bare(&row.field, None, &spelled(&row.value, cells.reader))) } }
                    }
                }
            }
        },
        Piece::Table(table) => {
            let row = |row: &TableRow| TableRow {
                href: None,
                values: row.values.iter().map(|value| spelled(value, cells.reader)).collect(),
            };
            let rows = table.rows.iter().map(row).collect();
            table::draw(&TableView { rows, ..table.clone() }, cells)
        }
        Piece::Sheet(sheet) => self::sheet(sheet, &Anew { address: view.address, by: None }),
        Piece::Files(files) => self::files(files),
        Piece::Form(form) => self::form(form, true),
        Piece::Failed(message) => html! { div class="note note-bad" { (icon("alert")) p { (message) } } },
    }
}

/// Money with its sign: who reads here knows no currency of the house.
fn spelled(value: &Value, reader: &Reader) -> Value {
    match value {
        Value::Money(amount) => Value::Text(money(*amount, reader.currency, &reader.locale)),
        other => other.clone(),
    }
}

/// The totals of a sheet, beside its words.
fn sums(sheet: &Sheet) -> Markup {
    html! {
        @for total in &sheet.totals {
            @if total.grand {
                div class="grand-total" { span class="label" { (total.name) } div class="amount" { (total.value) } }
            }
        }
        @if sheet.totals.iter().any(|total| !total.grand) {
            dl class="titleblock" {
                @for total in sheet.totals.iter().filter(|total| !total.grand) { div { dt { (total.name) } dd { (total.value) } } }
            }
        }
    }
}

/// Where a page is asked for with what is ticked, and by which method where that is not the one of its form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anew<'a> {
    pub(crate) address: &'a str,
    pub(crate) by: Option<&'a str>,
}

/// Files side by side.
pub(crate) fn files(files: &[FileView]) -> Markup {
    html! {
        @if !files.is_empty() {
            section {
                h2 { "Files" }
                div class="drawings" {
                    @for file in files {
                        a class="drawing" href=(file.href) target="_blank" rel="noopener" {
                            @match &file.small {
                                Some(small) => { img src=(small) alt=(file.title) loading="lazy"; }
                                None => { (icon("file")) span { (file.title) " " span class="faint small" { (file.size) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// On a page of a record: its sums above it, since there they stand nowhere else.
pub(crate) fn in_house(sheet: &Sheet, files: &[FileView], anew: &Anew<'_>) -> Markup {
    html! {
        @for text in &sheet.text { (paragraphs(text)) }
        div class="offer-sums mt-4" { (sums(sheet)) }
        (self::sheet(sheet, anew))
        (self::files(files))
    }
}

fn sheet(sheet: &Sheet, anew: &Anew<'_>) -> Markup {
    html! {
        @if !sheet.facts.is_empty() {
            dl class="titleblock" { @for fact in &sheet.facts { div { dt { (fact.name) } dd { (fact.value) } } } }
        }
        @if !sheet.choices.is_empty() {
            section {
                h2 { "Your choice" }
                div class="options" { @for choice in &sheet.choices { (self::choice(choice)) } }
                @let route = &sheet.choices[0].route;
                p class={ "mt-4" @if anew.by.is_none() { " without-script" } } {
                    button class="btn" type="submit" form={ "f-" (route) } formaction=(anew.address) formmethod=[anew.by] formnovalidate { "Show the total with this choice" }
                }
            }
        }
        div class="offer-sections" { @for section in sheet.sections.iter().take(MAX_SECTIONS) { (self::section(section)) } }
        @if sheet.sections.len() > MAX_SECTIONS { p class="faint" { "There is more than fits on this page." } }
        @for note in &sheet.notes { p class="small muted" { (note) } }
    }
}

fn section(section: &Section) -> Markup {
    let num = |at: usize| (at > 0).then_some("num");
    html! {
        section {
            div class="row-head" { h2 { (section.title) } @if let Some(total) = &section.total { span class="end" { (total) } } }
            @if !section.text.is_empty() { (paragraphs(&section.text)) }
            @if !section.rows.is_empty() {
                table class="table" {
                    caption class="visually-hidden" { (section.title) }
                    @if !section.columns.is_empty() {
                        thead { tr { @for (at, head) in section.columns.iter().enumerate() { th scope="col" class=[num(at)] { (head) } } } }
                    }
                    tbody {
                        @for row in section.rows.iter().take(MAX_ROWS) {
                            tr { @for (at, cell) in row.iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td class="num" { (cell) } }
                            } }
                        }
                    }
                }
                @if section.rows.len() > MAX_ROWS { p class="faint" { "There is more than fits on this page." } }
            }
        }
    }
}

fn choice(choice: &Choice) -> Markup {
    // Those of one group exclude each other by their name; what stands behind the sign is not posted on.
    let (kind, name) = match &choice.group {
        Some(group) => ("radio", format!("{}{GROUP}{group}", choice.name)),
        None => ("checkbox", choice.name.clone()),
    };
    html! {
        label class="option" {
            input type=(kind) name=(name) value=(choice.value) checked[choice.checked] form={ "f-" (choice.route) };
            span { span class="name" { (choice.title) } @if !choice.text.is_empty() { span class="sub" { (choice.text) } } }
            span class="price" { (choice.price) }
        }
    }
}

/// The first form of a page is what is foremost there.
fn form(form: &FormView, foremost: bool) -> Markup {
    html! {
        section {
            @if !form.title.is_empty() { h2 { (form.title) } }
            @if let Some(fault) = &form.fault { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
            form method="post" action=(form.action) id={ "f-" (form.route) } {
                div class="stack" {
                    @for control in &form.controls { (self::control(form, control)) }
                    button class={ "btn" @if foremost { " btn-primary" } } type="submit" { (form.button) }
                }
            }
        }
    }
}

fn control(form: &FormView, control: &Control) -> Markup {
    let id = format!("c-{}-{}", form.route, control.name);
    let told = control.issue.as_ref().map(|_| format!("{id}-issue"));
    html! {
        div class="field" {
            @if control.kind == ControlKind::Check {
                label class="check" for=(id) {
                    input type="checkbox" id=(id) name=(control.name) value="true" checked[control.value == "true"]
                        aria-invalid=[told.as_ref().map(|_| "true")] aria-describedby=[told.as_ref()];
                    " " (control.label)
                }
            } @else {
                label for=(id) { (control.label) }
                @match &control.kind {
                    ControlKind::Text { max, long: true } => {
                        textarea class="input" id=(id) name=(control.name) rows="4" maxlength=(max) required[control.required]
                            aria-invalid=[told.as_ref().map(|_| "true")] aria-describedby=[told.as_ref()] { (control.value) }
                    }
                    ControlKind::Text { max, .. } => {
                        input class="input" type="text" id=(id) name=(control.name) value=(control.value) maxlength=(max)
                            required[control.required] aria-invalid=[told.as_ref().map(|_| "true")] aria-describedby=[told.as_ref()];
                    }
                    ControlKind::Number => {
                        input class="input" type="text" inputmode="decimal" id=(id) name=(control.name) value=(control.value)
                            required[control.required] aria-invalid=[told.as_ref().map(|_| "true")] aria-describedby=[told.as_ref()];
                    }
                    ControlKind::Choice(values) => {
                        select class="input" id=(id) name=(control.name) required[control.required] {
                            option value="" {}
                            @for value in values { option value=(value) selected[*value == control.value] { (lignaflow_core::descriptor::humanize(value)) } }
                        }
                    }
                    ControlKind::Signature => {
                        lf-signature class="signature" {
                            input type="hidden" id=(id) name=(control.name) value=(control.value);
                            canvas width=(WIDTH) height=(HEIGHT) aria-label=(control.label) {}
                            button class="btn btn-quiet" type="button" { "Clear" }
                        }
                    }
                    ControlKind::Check => {}
                }
            }
            @if let Some(help) = &control.help { p class="hint" { (help) } }
            @if let Some(issue) = &control.issue { p class="field-error" id=[told.as_ref()] { (icon("alert")) (issue) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reader;

    fn view<'a>(reader: &'a Reader, pieces: &'a [Piece]) -> LinkPage<'a> {
        LinkPage {
            theme: Theme::System,
            reader,
            organization: "Halloran & Beck",
            accent: Accent::default(),
            title: "Offer",
            address: "/l/at/1",
            pieces,
            done: None,
            seen: None,
        }
    }

    #[test]
    fn what_a_plugin_says_is_text_and_what_is_ticked_goes_with_its_form() {
        let sheet: Sheet = serde_json::from_value(serde_json::json!({
            "title": "<b>Offer</b>",
            "sections": [{ "title": "Kitchen", "columns": ["What", "Amount"], "rows": [["<script>", "$1.00"]] }],
            "choices": [{ "route": "sign", "name": "options", "value": "lamp", "title": "Lamp", "checked": true }],
            "totals": [{ "name": "Total", "value": "$120.00", "grand": true }],
        }))
        .unwrap();
        let form = FormView {
            title: "Accept".into(),
            route: "sign".into(),
            action: "/l/at/1/sign".into(),
            button: "Accept".into(),
            controls: vec![Control {
                name: "name".into(),
                label: "Your name".into(),
                help: None,
                kind: ControlKind::Text { max: 100, long: false },
                required: true,
                value: "\"Ana".into(),
                issue: Some("Too short.".into()),
            }],
            fault: None,
        };
        let reader = reader();
        let html = page(&view(&reader, &[Piece::Sheet(sheet), Piece::Form(form)])).into_string();
        assert!(!html.contains("<script>\"") && html.contains("&lt;script&gt;") && html.contains("&lt;b&gt;Offer"));
        assert!(html.contains("checked form=\"f-sign\"") && html.contains("id=\"f-sign\""));
        assert!(html.contains("value=\"&quot;Ana\"") && html.contains("Too short."));
        assert!(html.contains("Halloran &amp; Beck") && html.contains("$120.00"));
        assert!(!html.contains("href=\"/projects"));
    }
}
