//! Fields that an organization adds to collections: which it has, and each with what may be changed of it.

use crate::control::{Control, Input, Width};
use crate::empty::empty;
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::custom::{CustomField, CustomKind, LONGEST_TEXT, MOST};
use lignaflow_core::error::Issue;
use lignaflow_core::name::CollectionName;
use maud::{Markup, html};

/// A collection with how many fields the organization has added to it.
#[derive(Debug, Clone)]
pub struct FieldsOf {
    pub name: CollectionName,
    pub title: String,
    /// The plugin's title.
    pub plugin: String,
    pub count: usize,
}

/// What is in a form: typed just now, or as it stands.
#[derive(Debug, Clone, Default)]
pub struct FieldDraft {
    pub title: String,
    pub name: String,
    pub kind: String,
    pub help: String,
    /// One in each line.
    pub options: String,
    pub max: String,
    pub scale: String,
    pub to: String,
    pub required: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct FieldForm<'a> {
    pub draft: &'a FieldDraft,
    /// What a reference may lead to, by name and title.
    pub targets: &'a [(String, String)],
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

/// The fields of one collection, with the form for another.
#[derive(Debug, Clone, Copy)]
pub struct FieldsPage<'a> {
    pub collection: &'a CollectionName,
    pub title: &'a str,
    /// Archived ones among them.
    pub fields: &'a [CustomField],
    pub form: FieldForm<'a>,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct FieldPage<'a> {
    /// What its collection is called.
    pub title: &'a str,
    pub field: &'a CustomField,
    pub form: FieldForm<'a>,
}

/// What a type is called where one is chosen.
pub(super) const fn kind_title(kind: CustomKind) -> &'static str {
    match kind {
        CustomKind::Text => "Text",
        CustomKind::Integer => "Whole number",
        CustomKind::Decimal => "Decimal number",
        CustomKind::Money => "Money",
        CustomKind::Boolean => "Yes or no",
        CustomKind::Date => "Date",
        CustomKind::Choice => "Choice",
        CustomKind::Person => "Person",
        CustomKind::Reference => "Reference to a record",
    }
}

fn labels() -> [(&'static str, String); 9] {
    [
        ("title", "Title"),
        ("type", "What it holds"),
        ("name", "Name in the API"),
        ("help", "Help under it"),
        ("options", "Choices"),
        ("max", "Characters"),
        ("scale", "Digits after the point"),
        ("to", "Refers to"),
        ("confirm", "Its name, to be sure"),
    ]
    .map(|(name, title)| (name, title.to_owned()))
}

/// Every collection that fields may be added to.
pub fn fields_index(shell: &Shell, collections: &[FieldsOf]) -> Markup {
    let body = html! {
        div class="band" {
            @if collections.is_empty() {
                (empty("No plugin is on", "Fields are added to the lists of plugins; switch one on first.", &html! {}))
            } @else {
                p class="hint" { "Add what your firm keeps beside: a cost centre, a colour, who inspected. A field stands in forms, lists, filters and files, and nobody else sees it." }
                table class="table mt-4" {
                    caption class="visually-hidden" { "Lists that fields can be added to" }
                    thead { tr { th scope="col" { "List" } th scope="col" class="p2" { "Plugin" } th scope="col" class="num" { "Own fields" } } }
                    tbody {
                        @for of in collections {
                            tr {
                                th scope="row" { a class="primary" href=(paths::fields(&of.name)) { (of.title) } }
                                td class="p2 muted" { (of.plugin) }
                                td class="num" { @if of.count > 0 { (of.count) } @else { span class="faint" { "none" } } }
                            }
                        }
                    }
                }
            }
        }
    };
    shell.page(&Head { title: "Fields", sheets: super::SHEETS, ..Head::default() }, &body)
}

/// The fields of a collection. The form posts to its own address.
pub fn fields(shell: &Shell, view: &FieldsPage<'_>) -> Markup {
    let (shown, archived): (Vec<_>, Vec<_>) = view.fields.iter().partition(|field| field.archived_at.is_none());
    let title = format!("Fields of {}", crate::collection::form::lower_first(view.title));
    let head = Head {
        title: &title,
        crumbs: vec![Crumb { title: "Fields", href: paths::FIELDS.to_owned() }],
        sheets: super::SHEETS,
        ..Head::default()
    };
    let body = html! {
        (issues::summary(view.form.issues, &labels(), view.form.fault))
        div class="band mt-4" {
            div class="stack" {
                @if shown.is_empty() {
                    (empty("No field of your own yet", "What you add here stands in forms, lists, filters and files of this list.", &html! {}))
                } @else {
                    (table(view.collection, &shown))
                }
                @if !archived.is_empty() { (kept(view.collection, &archived)) }
                section aria-labelledby="h-new" {
                    div class="row-head" {
                        h2 id="h-new" { "Add a field" }
                        span class="faint hide-phone" { (view.fields.len()) " of " (MOST) }
                    }
                    form class="inline-form" method="post" action=(paths::fields(view.collection)) novalidate {
                        div class="fields" { (new_inputs(&view.form)) }
                        button class="btn btn-primary" type="submit" { (icon("plus")) "Add it" }
                    }
                }
            }
        }
    };
    shell.page(&head, &body)
}

fn table(collection: &CollectionName, fields: &[&CustomField]) -> Markup {
    let last = fields.len();
    html! {
        table class="table" {
            caption class="visually-hidden" { "Own fields, in their order" }
            thead {
                tr {
                    th scope="col" { "Field" } th scope="col" class="p2" { "Holds" } th scope="col" class="p3" { "In the API" }
                    th scope="col" { span class="visually-hidden" { "Order" } }
                }
            }
            tbody {
                @for (at, field) in fields.iter().enumerate() {
                    tr {
                        th scope="row" {
                            a class="primary" href=(paths::field(collection, &field.name)) { (field.title) }
                            @if field.required { " " span class="tag" { "Required" } }
                            @if !field.help.is_empty() { span class="sub" { (field.help) } }
                        }
                        td class="p2 muted" { (holds(field)) }
                        td class="p3 code" { "custom." (field.name) }
                        td {
                            div class="actions" {
                                @if at > 0 { (moved(collection, field, fields[at - 1].place, "up")) }
                                @if at + 1 < last { (moved(collection, field, fields[at + 1].place, "down")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn moved(collection: &CollectionName, field: &CustomField, place: u32, way: &str) -> Markup {
    html! {
        form method="post" action=(paths::field_act(collection, &field.name, "place")) {
            input type="hidden" name="place" value=(place);
            button class="btn btn-quiet btn-small" type="submit" aria-label={ "Move " (field.title) " " (way) } { (icon(way)) }
        }
    }
}

/// What a field holds, in words.
fn holds(field: &CustomField) -> String {
    let kind = kind_title(field.kind);
    match field.kind {
        CustomKind::Choice => {
            let titles: Vec<_> = field.definition.options.iter().take(4).map(|option| option.title.as_str()).collect();
            let rest = field.definition.options.len().saturating_sub(4);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            format!("{kind}: {}{more}", titles.join(", "))
        }
        CustomKind::Decimal => format!("{kind}, {} digits after the point", field.definition.scale.unwrap_or_default()),
        CustomKind::Reference => match &field.definition.to {
            Some(to) => format!("{kind} of {to}"),
            None => kind.to_owned(),
        },
        _ => kind.to_owned(),
    }
}

fn kept(collection: &CollectionName, fields: &[&CustomField]) -> Markup {
    html! {
        section aria-labelledby="h-kept" {
            div class="row-head" { h2 id="h-kept" { "Archived" } }
            p class="hint" { "Seen nowhere. Records keep what they hold in them, until a field is purged." }
            ul class="list mt-2" {
                @for field in fields {
                    li {
                        span { a class="link" href=(paths::field(collection, &field.name)) { (field.title) } " " span class="faint small" { (kind_title(field.kind)) } }
                        form method="post" action=(paths::field_act(collection, &field.name, "restore")) {
                            button class="btn btn-small" type="submit" { "Restore" }
                        }
                    }
                }
            }
        }
    }
}

fn control<'a>(form: &FieldForm<'a>, name: &'static str, label: &'a str) -> Control<'a> {
    Control::new(name, label).errors(issues::at(form.issues, name))
}

fn line(control: &Control<'_>, text: &str, placeholder: Option<&str>) -> Markup {
    control.input("text", text, &Input { placeholder, autocomplete: Some("off"), ..Input::default() })
}

fn lines(control: &Control<'_>, text: &str) -> Markup {
    let ties = control.ties();
    control.around(&html! {
        textarea class="input" id=(ties.id) name=(control.name) rows="4" spellcheck="false"
            aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required] { "\n" (text) }
    })
}

fn new_inputs(form: &FieldForm<'_>) -> Markup {
    let draft = form.draft;
    let kinds = CustomKind::ALL.map(|kind| (kind.as_str(), kind_title(kind)));
    let targets = form.targets.iter().map(|(name, title)| (name.as_str(), title.as_str()));
    html! {
        (line(&control(form, "title", "Title").width(Width::Half).required(), &draft.title, Some("Cost centre")))
        (control(form, "type", "What it holds").width(Width::Half).hint("It stays as it is chosen").select(kinds, &draft.kind))
        (line(&control(form, "name", "Name in the API").width(Width::Half).hint("From the title where it is left empty; it stays"), &draft.name, Some("cost_centre")))
        (line(&control(form, "help", "Help under it").width(Width::Half), &draft.help, None))
        (options(form))
        (max(form))
        (line(&control(form, "scale", "Digits after the point").width(Width::Third).hint("Of a decimal number; 2 where left empty"), &draft.scale, None))
        (control(form, "to", "Refers to").width(Width::Third).hint("Of a reference").select(std::iter::once(("", "Choose")).chain(targets), &draft.to))
        (control(form, "required", "Must be given").switch(draft.required))
    }
}

fn options(form: &FieldForm<'_>) -> Markup {
    let hint = "Of a choice, one in each line: north, or north = Far north. Records hold what stands before the sign";
    lines(&control(form, "options", "Choices").hint(hint), &form.draft.options)
}

fn max(form: &FieldForm<'_>) -> Markup {
    let hint = format!("Of a text, up to {LONGEST_TEXT}; 200 where left empty");
    line(&control(form, "max", "Characters").width(Width::Third).hint(hint), &form.draft.max, None)
}

/// One field. Its form posts to its own address, with `~version`.
pub fn field(shell: &Shell, view: &FieldPage<'_>) -> Markup {
    let (field, form) = (view.field, &view.form);
    let list_title = format!("Fields of {}", crate::collection::form::lower_first(view.title));
    let archived = field.archived_at.is_some();
    let head = Head {
        title: &field.title,
        crumbs: vec![
            Crumb { title: "Fields", href: paths::FIELDS.to_owned() },
            Crumb { title: &list_title, href: paths::fields(&field.collection) },
        ],
        tag: archived.then(|| html! { span class="tag" { "Archived" } }),
        sheets: super::SHEETS,
        ..Head::default()
    };
    let body = html! {
        (issues::summary(form.issues, &labels(), form.fault))
        div class="band mt-4" {
            div class="stack" {
                dl class="titleblock" {
                    div { dt { "Holds" } dd { (kind_title(field.kind)) } }
                    div { dt { "In the API" } dd class="code" { "custom." (field.name) } }
                    @if let Some(to) = &field.definition.to { div { dt { "Refers to" } dd class="code" { (to) } } }
                    @if let Some(scale) = field.definition.scale { div { dt { "Digits after the point" } dd { (scale) } } }
                }
                @if archived { (ended(field, form)) } @else { (changed(field, form)) }
            }
        }
    };
    shell.page(&head, &body)
}

fn changed(field: &CustomField, form: &FieldForm<'_>) -> Markup {
    let draft = form.draft;
    html! {
        section aria-labelledby="h-change" {
            div class="row-head" { h2 id="h-change" { "What it is" } }
            form class="inline-form" method="post" action=(paths::field(&field.collection, &field.name)) novalidate {
                input type="hidden" name="~version" value=(field.version);
                div class="fields" {
                    (line(&control(form, "title", "Title").width(Width::Half).required(), &draft.title, None))
                    (line(&control(form, "help", "Help under it").width(Width::Half), &draft.help, None))
                    @if field.kind == CustomKind::Choice { (options(form)) }
                    @if field.kind == CustomKind::Text { (max(form)) }
                    (control(form, "required", "Must be given").switch(draft.required))
                }
                button class="btn btn-primary" type="submit" { "Save" }
            }
        }
        section aria-labelledby="h-end" {
            div class="row-head" { h2 id="h-end" { "Archive" } }
            p class="hint" { "It leaves forms, lists and files. Records keep what they hold in it, and it can be taken back." }
            form class="mt-2" method="post" action=(paths::field_act(&field.collection, &field.name, "archive")) {
                button class="btn" type="submit" { (icon("archive")) "Archive it" }
            }
        }
    }
}

/// What is left to be done with an archived field.
fn ended(field: &CustomField, form: &FieldForm<'_>) -> Markup {
    html! {
        section aria-labelledby="h-back" {
            div class="row-head" { h2 id="h-back" { "Take it back" } }
            p class="hint" { "It stands in forms and lists again, with what records hold in it." }
            form class="mt-2" method="post" action=(paths::field_act(&field.collection, &field.name, "restore")) {
                button class="btn btn-primary" type="submit" { "Restore" }
            }
        }
        section aria-labelledby="h-purge" {
            div class="row-head" { h2 id="h-purge" { "Purge" } }
            p class="hint" { "The field goes with everything that records hold in it, for good. Nobody can bring that back." }
            form class="inline-form mt-2" method="post" action=(paths::field_act(&field.collection, &field.name, "purge")) novalidate {
                div class="fields" {
                    (line(&control(form, "confirm", "Its name, to be sure").width(Width::Half).hint(format!("Type {}", field.name)), "", None))
                }
                button class="btn btn-danger" type="submit" { (icon("cross")) "Purge with its values" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;
    use lignaflow_core::Id;
    use lignaflow_core::custom::Definition;

    fn field_of(name: &str, kind: CustomKind) -> CustomField {
        CustomField {
            id: Id::from_bytes([7; 16]),
            collection: "projects/tasks".parse().unwrap(),
            name: name.parse().unwrap(),
            title: format!("The {name}"),
            help: String::new(),
            kind,
            definition: Definition::default(),
            required: false,
            place: 1,
            version: 3,
            since: 0,
            created_at: 0,
            updated_at: 0,
            archived_at: None,
        }
    }

    fn form<'a>(draft: &'a FieldDraft, issues: &'a [Issue]) -> FieldForm<'a> {
        FieldForm { draft, targets: &[], issues, fault: None }
    }

    #[test]
    fn fields_are_moved_and_opened_without_script() {
        let second = CustomField { place: 2, ..field_of("batch", CustomKind::Text) };
        let gone = CustomField { archived_at: Some(1), place: 3, ..field_of("gone", CustomKind::Date) };
        let all = [field_of("region", CustomKind::Boolean), second, gone];
        let name = "projects/tasks".parse().unwrap();
        let draft = FieldDraft::default();
        let view = FieldsPage { collection: &name, title: "Tasks", fields: &all, form: form(&draft, &[]) };
        let html = fields(&shell(), &view).into_string();
        assert!(html.contains("action=\"/admin/fields/projects/tasks/region/place\""), "{html}");
        assert!(html.contains("aria-label=\"Move The batch up\"") && !html.contains("Move The region up"));
        assert!(html.contains("action=\"/admin/fields/projects/tasks/gone/restore\""));
        assert!(!html.contains("Move The gone"));
    }

    #[test]
    fn an_archived_field_is_taken_back_or_purged_by_its_name() {
        let gone = CustomField { archived_at: Some(1), ..field_of("gone", CustomKind::Choice) };
        let draft = FieldDraft::default();
        let issues = [Issue::new("/confirm", "confirm", "Type `gone`.")];
        let view = FieldPage { title: "Tasks", field: &gone, form: form(&draft, &issues) };
        let html = field(&shell(), &view).into_string();
        assert!(html.contains("/gone/purge\"") && html.contains("/gone/restore\""));
        assert!(!html.contains("name=\"title\""), "nothing of it is changed");
        assert!(html.contains("Type `gone`."));
    }
}
