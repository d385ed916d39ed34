//! The wizard by which a file becomes records: upload, mapping with a sample, dry run with its faults, run, undo. Each
//! page is one form; nothing of it needs script.

use crate::collection::field_title;
use crate::empty::empty;
use crate::format::{count, integer, when};
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::error::Issue;
use lignaflow_core::id::Id;
use maud::{Markup, html};

/// The parameter of a page that says how its file is to come in, and what it may be: as the file of a program that is known,
/// whole, or column by column.
pub const WAY: &str = "as";
pub const WHOLE: &str = "program";
pub const COLUMNS: &str = "columns";

/// What stands between the parts of a choice: a field, by what it is known, its unit.
pub const BETWEEN: char = '|';

/// The start: a file to choose, and what was brought before.
#[derive(Debug, Clone, Copy)]
pub struct StartPage<'a> {
    pub schema: &'a Schema,
    pub imports: &'a [ImportRow],
    /// The largest file that is taken, in bytes, and the most rows.
    pub max_bytes: u64,
    pub max_rows: u32,
    pub fault: Option<&'a str>,
}

#[derive(Debug, Clone)]
pub struct ImportRow {
    pub id: Id,
    pub file: String,
    pub rows: u32,
    /// As the API names it.
    pub state: String,
    pub at: Micros,
}

/// One import.
#[derive(Debug, Clone, Copy)]
pub struct ImportPage<'a> {
    pub catalog: &'a Catalog,
    pub schema: &'a Schema,
    pub id: Id,
    pub file: &'a str,
    /// What the file was found to be, in words.
    pub shape: &'a str,
    pub state: &'a str,
    pub rows: u32,
    pub heads: &'a [String],
    pub sample: &'a [(u32, Vec<String>)],
    pub mapping: &'a MappingForm,
    /// What the file is, where it is of a program that is known: `detailed time report of Toggl Track`.
    pub program: Option<&'a str>,
    /// What a file that was brought whole came to, beside its rows.
    pub notes: &'a [String],
    pub counts: Counts,
    pub faults: &'a [FaultRow<'a>],
    pub fault_count: u64,
    /// What ended it early, or refused the last act, with what else was told.
    pub fault: Option<&'a str>,
    pub issues: &'a [Issue],
    /// Whether the mapping can be changed, it can be run, and be undone.
    pub may_map: bool,
    pub may_run: bool,
    pub may_undo: bool,
}

/// The form as it stands: choices by column, texts by field.
#[derive(Debug, Clone, Default)]
pub struct MappingForm {
    /// `field|by|unit` of each column, or empty.
    pub columns: Vec<String>,
    /// Values of fields that no column brings, as field and text.
    pub constants: Vec<(String, String)>,
    pub key: String,
    pub dates: String,
    pub decimal: String,
    pub empty: String,
    pub faulty: String,
    /// The program that the file is of, where it comes in whole.
    pub program: String,
    pub zone: String,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub looked_at: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub skipped: u64,
    pub archived: u64,
    pub set_back: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct FaultRow<'a> {
    pub row: u32,
    pub column: Option<&'a str>,
    pub message: &'a str,
}

fn crumbs(schema: &Schema, deeper: bool) -> Vec<Crumb<'_>> {
    let mut crumbs = vec![Crumb { title: &schema.collection.title.many, href: paths::list(&schema.name) }];
    if deeper {
        crumbs.push(Crumb { title: "Imports", href: paths::imports(&schema.name) });
    }
    crumbs
}

fn bad(fault: Option<&str>, issues: &[Issue]) -> Markup {
    html! {
        @if let Some(fault) = fault {
            div class="band" {
                div class="note note-bad" role="alert" {
                    (icon("alert"))
                    div {
                        p { (fault) }
                        @if issues.len() > 1 { ul { @for issue in issues.iter().take(20) { li { (issue.message) } } } }
                    }
                }
            }
        }
    }
}

/// The file comes as `file` in a multipart form to [`paths::imports`].
pub fn start(shell: &Shell, view: &StartPage<'_>) -> Markup {
    let many = &view.schema.collection.title.many;
    let locale = &shell.reader.locale;
    let megabytes = i64::try_from(view.max_bytes / 1_048_576).unwrap_or(i64::MAX);
    let body = html! {
        (bad(view.fault, &[]))
        div class="band" {
            form class="stack" method="post" action=(paths::imports(&view.schema.name)) enctype="multipart/form-data" {
                div class="field" {
                    label for="file" { "A CSV or Excel file (.xlsx)" }
                    input class="input" type="file" id="file" name="file" required accept=".csv,.tsv,.txt,.xlsx,text/csv";
                    p class="help" {
                        "The first row names the columns. At most " (integer(megabytes, locale)) " MB and "
                        (integer(view.max_rows.into(), locale)) " rows. Nothing is saved before you have seen what becomes of it."
                    }
                }
                div class="actions" { button class="btn btn-primary" type="submit" { "Go on" } }
            }
        }
        @if view.imports.is_empty() {
            div class="band" {
                (empty("No imports yet", "What you bring stands here, with what became of it, and can be undone from here.", &html! {}))
            }
        } @else {
            table class="table table-bleed mt-4" {
                caption class="visually-hidden" { "Imports" }
                thead { tr { th scope="col" { "File" } th scope="col" class="num" { "Rows" } th scope="col" { "State" } th scope="col" class="p2" { "When" } } }
                tbody {
                    @for row in view.imports {
                        tr {
                            th scope="row" { a class="primary" href=(paths::import(&view.schema.name, row.id)) { (row.file) } }
                            td class="num" { (integer(row.rows.into(), locale)) }
                            td { (humanize(&row.state)) }
                            td class="p2" { (when(row.at, &shell.reader)) }
                        }
                    }
                }
            }
        }
    };
    let title = format!("Import {}", many.to_lowercase());
    shell.page(&Head { title: &title, crumbs: crumbs(view.schema, false), ..Head::default() }, &body)
}

/// Posts to [`paths::import`]: the mapping's controls, and `act`, which is `map`, `dry-run`, `run`, `undo` or `forget`.
pub fn import(shell: &Shell, view: &ImportPage<'_>) -> Markup {
    let busy = matches!(view.state, "uploading" | "checking" | "running" | "undoing");
    let body = html! {
        (bad(view.fault, view.issues))
        div class="band" { (summary(shell, view, busy)) }
        @if busy {
            div class="band" { p class="actions" { a class="btn" href=(paths::import(&view.schema.name, view.id)) { "Look again" } } }
        } @else {
            (faults(shell, view))
            @if !view.may_map { (acts(view)) }
            @else if view.mapping.program.is_empty() { (mapping(shell, view)) }
            @else { (whole(shell, view)) }
        }
    };
    shell.page(&Head { title: view.file, crumbs: crumbs(view.schema, true), ..Head::default() }, &body)
}

fn summary(shell: &Shell, view: &ImportPage<'_>, busy: bool) -> Markup {
    let locale = &shell.reader.locale;
    let number = |value: u64| integer(i64::try_from(value).unwrap_or(i64::MAX), locale);
    let counts = &view.counts;
    let told: [(u64, &str); 6] = [
        (counts.created, if view.state == "checked" { "to be created" } else { "created" }),
        (counts.updated, if view.state == "checked" { "to be changed" } else { "changed" }),
        (counts.unchanged, "unchanged"),
        (counts.skipped, if view.state == "checked" { "at fault" } else { "left out" }),
        (counts.archived, "archived"),
        (counts.set_back, "set back"),
    ];
    html! {
        p {
            b { (humanize(view.state)) } ". " (count(i64::from(view.rows), "row", "rows", locale)) ", " (view.shape) "."
            @if busy { " " (number(counts.looked_at)) " looked at so far. This page looks again by itself." }
        }
        @if told.iter().any(|(count, _)| *count > 0) {
            ul class="tally" {
                @for (count, what) in told.iter().filter(|(count, _)| *count > 0) { li { b { (number(*count)) } " " (what) } }
            }
        }
        @for note in view.notes { p class="help" { (note) } }
    }
}

fn faults(shell: &Shell, view: &ImportPage<'_>) -> Markup {
    if view.faults.is_empty() {
        return html! {};
    }
    let locale = &shell.reader.locale;
    let total = i64::try_from(view.fault_count).unwrap_or(i64::MAX);
    let rows: std::collections::BTreeSet<u32> = view.faults.iter().map(|fault| fault.row).collect();
    let more = total - i64::try_from(view.faults.len()).unwrap_or(0);
    html! {
        section class="band" aria-labelledby="h-faults" {
            h2 id="h-faults" {
                @if more > 0 { (count(total, "fault", "faults", locale)) }
                @else {
                    (count(i64::try_from(rows.len()).unwrap_or(0), "row", "rows", locale))
                    // What overlaps comes along, otherwise.
                    @if view.mapping.program.is_empty() { " at fault" } @else { " to look at" }
                }
            }
            @if more > 0 { p class="help" { "The first " (integer(i64::try_from(view.faults.len()).unwrap_or(0), locale)) " are shown." } }
        }
        table class="table table-bleed table-sticky" {
            caption class="visually-hidden" { "Faults by row and column" }
            thead { tr { th scope="col" class="num" { "Row" } th scope="col" { "Column" } th scope="col" { "What is wrong" } } }
            tbody {
                @for fault in view.faults {
                    tr { td class="num" { (fault.row) } td { (fault.column.unwrap_or_default()) } td class="wrap" { (fault.message) } }
                }
            }
        }
    }
}

fn acts(view: &ImportPage<'_>) -> Markup {
    html! {
        form class="band actions" method="post" action=(paths::import(&view.schema.name, view.id)) {
            @if view.may_run { button class="btn btn-primary" type="submit" name="act" value="run" { "Go on" } }
            @if view.may_undo { button class="btn" type="submit" name="act" value="undo" { (icon("back")) "Undo this import" } }
            a class="btn btn-quiet" href=(paths::list(&view.schema.name)) { "To the " (view.schema.collection.title.many.to_lowercase()) }
            button class="btn btn-quiet" type="submit" name="act" value="forget" { "Take off the list" }
        }
    }
}

fn mapping(shell: &Shell, view: &ImportPage<'_>) -> Markup {
    let choices = choices(view.catalog, view.schema);
    let form = view.mapping;
    html! {
        @if let Some(program) = view.program {
            div class="band" {
                div class="note" {
                    (icon("info"))
                    p { "This is a " (program) ". " a href=(another_way(view, WHOLE)) { "Bring it in as one" } ", with people, projects and tasks by their names." }
                }
            }
        }
        form method="post" action=(paths::import(&view.schema.name, view.id)) {
            div class="scroll-x mt-6" {
                table class="table table-bleed" {
                    caption class="visually-hidden" { "Columns of the file and the fields they go to" }
                    thead { tr { th scope="col" { "Column" } th scope="col" { "Goes to" } th scope="col" class="p2" { "In the first rows" } } }
                    tbody {
                        @for (at, head) in view.heads.iter().enumerate() {
                            @let chosen = form.columns.get(at).map(String::as_str).unwrap_or_default();
                            @let name = format!("column-{at}");
                            tr {
                                th scope="row" { label for=(name) { (head) } }
                                td { (select(&name, chosen, &choices, "Leave out")) }
                                td class="p2 wrap faint" { (examples(view, at)) }
                            }
                        }
                    }
                }
            }
            div class="band settings mt-4" {
                @for (field, text) in &form.constants {
                    @let name = format!("constant-{field}");
                    div class="field" {
                        label for=(name) { (view.schema.field(field).map_or_else(|| humanize(field), field_title)) " of every row" }
                        input class="input" id=(name) name=(name) value=(text) autocomplete="off";
                        p class="help" { "No column brings it." }
                    }
                }
                (setting("key", "Rows that stand already", &form.key, &keys(view)))
                (setting("faulty", "Rows at fault", &form.faulty, &pairs(&[("stop", "Stop the import"), ("skip", "Leave them out and list them")])))
                (setting("dates", "Dates are written", &form.dates, &pairs(&[("iso", "2026-11-23"), ("dmy", "23/11/2026"), ("mdy", "11/23/2026")])))
                (setting("decimal", "Numbers are written", &form.decimal, &pairs(&[("point", "1,234.50"), ("comma", "1.234,50")])))
                (setting("empty", "An empty cell of a record that stands", &form.empty, &pairs(&[("keep", "Leaves what is there"), ("clear", "Empties it")])))
            }
            div class="band actions" {
                button class="btn btn-primary" type="submit" name="act" value="dry-run" { "Try it" }
                button class="btn" type="submit" name="act" value="run" { "Import " (count(i64::from(view.rows), "row", "rows", &shell.reader.locale)) }
                button class="btn btn-quiet" type="submit" name="act" value="forget" { "Give up" }
            }
        }
    }
}

fn another_way(view: &ImportPage<'_>, way: &str) -> String {
    format!("{}?{WAY}={way}", paths::import(&view.schema.name, view.id))
}

/// The form of a file that is of a program.
fn whole(shell: &Shell, view: &ImportPage<'_>) -> Markup {
    let form = view.mapping;
    html! {
        form method="post" action=(paths::import(&view.schema.name, view.id)) {
            input type="hidden" name="program" value=(form.program);
            div class="band mt-6" {
                p {
                    "This is a " (view.program.unwrap_or("file of another program")) ". People, clients, projects and tasks are found by their names, "
                    "and made where they are not there; who is new comes without a way to sign in, until they are invited. "
                    "Brought again, the same rows make nothing twice. It is not undone at once: try it first."
                }
            }
            div class="band settings" {
                div class="field" {
                    label for="zone" { "Time zone of its times" }
                    input class="input" id="zone" name="zone" value=(form.zone) placeholder="Australia/Perth" autocomplete="off" spellcheck="false";
                    p class="help" { "Where clocks showed what the file says; the organization's where it is left empty." }
                }
                (setting("dates", "Dates are written", &form.dates, &pairs(&[("iso", "As all of them together tell"), ("dmy", "23/11/2026"), ("mdy", "11/23/2026")])))
            }
            div class="band actions" {
                button class="btn btn-primary" type="submit" name="act" value="dry-run" { "Try it" }
                button class="btn" type="submit" name="act" value="run" { "Import " (count(i64::from(view.rows), "row", "rows", &shell.reader.locale)) }
                a class="btn btn-quiet" href=(another_way(view, COLUMNS)) { "Map its columns instead" }
                button class="btn btn-quiet" type="submit" name="act" value="forget" { "Give up" }
            }
        }
    }
}

fn examples(view: &ImportPage<'_>, at: usize) -> String {
    let cells = view
        .sample
        .iter()
        .filter_map(|(_, cells)| cells.get(at))
        .map(|cell| cell.trim())
        .filter(|cell| !cell.is_empty());
    let shortened = |cell: &str| {
        if cell.chars().count() > 40 {
            format!("{}…", cell.chars().take(40).collect::<String>())
        } else {
            cell.to_owned()
        }
    };
    cells.take(3).map(shortened).collect::<Vec<_>>().join(" · ")
}

fn setting(name: &str, title: &str, chosen: &str, options: &[(String, String)]) -> Markup {
    html! {
        div class="field" {
            label for=(name) { (title) }
            select class="input" id=(name) name=(name) {
                @for (value, title) in options { option value=(value) selected[value == chosen] { (title) } }
            }
        }
    }
}

fn select(name: &str, chosen: &str, options: &[(String, String)], none: &str) -> Markup {
    html! {
        select class="input" id=(name) name=(name) {
            option value="" { (none) }
            @for (value, title) in options { option value=(value) selected[value == chosen] { (title) } }
            // What the API has set and no choice here says, is kept.
            @if !chosen.is_empty() && !options.iter().any(|(value, _)| value == chosen) {
                option value=(chosen) selected { (chosen.replace(BETWEEN, ", ")) }
            }
        }
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(value, title)| ((*value).to_owned(), (*title).to_owned())).collect()
}

/// Whether a file may bring a field.
pub fn is_brought(schema: &Schema, field: &SchemaField) -> bool {
    !field.field.is_read_only() && !field.field.kind.is_media() && !schema.collection.is_state(field.name.as_str())
}

/// What a column can go to.
fn choices(catalog: &Catalog, schema: &Schema) -> Vec<(String, String)> {
    let mut choices = vec![("id".to_owned(), "Id of the record".to_owned())];
    for field in schema.fields.iter().filter(|field| is_brought(schema, field)) {
        let (name, title) = (field.name.as_str(), field_title(field));
        let mut add = |value: String, title: String| choices.push((value, title));
        match field.field.kind {
            FieldKind::Reference | FieldKind::References => {
                add(name.to_owned(), format!("{title}, by name"));
                add(format!("{name}{BETWEEN}id"), format!("{title}, by id"));
                let target = field.to.as_ref().and_then(|to| catalog.schema(to));
                for rule in target.map(|target| &target.fields[..]).unwrap_or_default() {
                    let plain = rule.field.kind == FieldKind::Text && rule.field.max_characters() <= 60;
                    if plain && target.is_some_and(|target| target.collection.display != rule.name) {
                        let by = rule.name.as_str();
                        add(
                            format!("{name}{BETWEEN}{by}"),
                            format!("{title}, by {}", field_title(rule).to_lowercase()),
                        );
                    }
                }
            }
            FieldKind::Person | FieldKind::People => {
                for (by, how) in [("", "by name"), ("email", "by e-mail"), ("id", "by id")] {
                    let value = if by.is_empty() { name.to_owned() } else { format!("{name}{BETWEEN}{by}") };
                    add(value, format!("{title}, {how}"));
                }
            }
            FieldKind::Money => {
                add(name.to_owned(), title.clone());
                add(format!("{name}.currency"), format!("{title}, its currency"));
            }
            FieldKind::Duration => {
                add(name.to_owned(), format!("{title}, h:mm or seconds"));
                add(format!("{name}{BETWEEN}{BETWEEN}minutes"), format!("{title}, in minutes"));
                add(format!("{name}{BETWEEN}{BETWEEN}hours"), format!("{title}, in hours"));
            }
            FieldKind::Minutes => {
                add(name.to_owned(), format!("{title}, h:mm or minutes"));
                add(format!("{name}{BETWEEN}{BETWEEN}hours"), format!("{title}, in hours"));
            }
            FieldKind::Percent => {
                add(name.to_owned(), format!("{title}, such as 12.5"));
                add(format!("{name}{BETWEEN}{BETWEEN}fraction"), format!("{title}, such as 0.125"));
            }
            _ => add(name.to_owned(), title),
        }
    }
    choices
}

/// By what a record that stands can be known.
fn keys(view: &ImportPage<'_>) -> Vec<(String, String)> {
    let mut keys = vec![(String::new(), "Every row is a new record".to_owned())];
    let kinds = [FieldKind::Text, FieldKind::Integer, FieldKind::Date, FieldKind::Reference];
    for field in view.schema.fields.iter().filter(|field| is_brought(view.schema, field)) {
        if kinds.contains(&field.field.kind) {
            keys.push((
                field.name.as_str().to_owned(),
                format!("Are known by {}, and changed", field_title(field).to_lowercase()),
            ));
        }
    }
    // Several fields at once are the API's to say.
    if !view.mapping.key.is_empty() && !keys.iter().any(|(value, _)| *value == view.mapping.key) {
        keys.push((
            view.mapping.key.clone(),
            format!("Are known by {}, and changed", view.mapping.key.replace(',', " and ")),
        ));
    }
    keys
}
