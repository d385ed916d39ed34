//! Webhooks: the list with the form for a new one, and one with the log of what it was told.

use crate::control::{Control, Input, Width};
use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

/// How a webhook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    Active,
    /// Every try has failed since then.
    Failing(Micros),
    PausedByHand(Micros),
    /// The host paused it: nothing has arrived since the first of these instants.
    PausedFailing(Micros, Micros),
    /// Whoever made it is not active any more.
    PausedOwner(Micros),
}

impl WebhookState {
    const fn is_paused(self) -> bool {
        matches!(self, Self::PausedByHand(_) | Self::PausedFailing(..) | Self::PausedOwner(_))
    }
}

#[derive(Debug, Clone)]
pub struct WebhookRow {
    pub id: String,
    pub url: String,
    pub description: String,
    /// Titles of collections; all where there are none.
    pub collections: Vec<String>,
    pub kinds: Vec<&'static str>,
    pub state: WebhookState,
    /// Who it sees as.
    pub owner: String,
    pub created_at: Micros,
}

/// What is in the form: typed just now, or as it stands.
#[derive(Debug, Clone, Default)]
pub struct WebhookDraft {
    pub url: String,
    pub description: String,
    /// Names, such as `projects/tasks`.
    pub collections: Vec<String>,
    pub kinds: Vec<String>,
}

/// A form with everything that may be chosen in it.
#[derive(Debug, Clone, Copy)]
pub struct WebhookForm<'a> {
    pub draft: &'a WebhookDraft,
    /// Names and titles of the collections that are on.
    pub collections: &'a [(String, String)],
    /// Words and titles.
    pub kinds: &'a [(&'a str, &'a str)],
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub struct WebhooksPage<'a> {
    pub webhooks: &'a [WebhookRow],
    pub form: WebhookForm<'a>,
}

/// How a delivery does, in words and as a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Waiting,
    Delivered,
    GivenUp,
    Withheld,
}

#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub id: String,
    pub changed_at: Micros,
    /// The collection's name for one record, and what was done with it.
    pub what: String,
    /// Where the record stands.
    pub href: Option<String>,
    pub state: DeliveryState,
    pub tries: i64,
    pub next_try_at: Option<Micros>,
    /// `204 in 31 ms`, or why there was no answer.
    pub last: Option<String>,
    /// The beginning of what was answered.
    pub answer: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct WebhookPage<'a> {
    pub row: &'a WebhookRow,
    pub form: WebhookForm<'a>,
    /// A secret that was just made, shown this once.
    pub made: Option<&'a str>,
    /// The latest first.
    pub deliveries: &'a [DeliveryRow],
    /// The address of the earlier ones.
    pub next: Option<&'a str>,
}

fn fields() -> [(&'static str, String); 4] {
    [
        ("url", "Address".to_owned()),
        ("description", "What it is for".to_owned()),
        ("collections", "Tell of".to_owned()),
        ("kinds", "When they are".to_owned()),
    ]
}

/// The list posts to [`paths::WEBHOOKS`].
pub fn webhooks(shell: &Shell, view: &WebhooksPage<'_>) -> Markup {
    let body = html! {
        (issues::summary(view.form.issues, &fields(), view.form.fault))
        div class="band mt-4" {
            div class="stack" {
                @if view.webhooks.is_empty() {
                    (empty("Nobody is told yet", "A webhook tells another program of what changes here, signed, at an address of yours.", &html! {}))
                } @else {
                    (table(shell, view.webhooks))
                }
                section aria-labelledby="h-new" {
                    div class="row-head" { h2 id="h-new" { "New webhook" } span class="faint hide-phone" { "it is told of what you may see" } }
                    form class="inline-form" method="post" action=(paths::WEBHOOKS) novalidate {
                        (inputs(&view.form))
                        button class="btn btn-primary" type="submit" { (icon("plus")) "Make it" }
                    }
                }
            }
        }
    };
    shell.page(&Head { title: "Webhooks", sheets: super::SHEETS, ..Head::default() }, &body)
}

fn table(shell: &Shell, rows: &[WebhookRow]) -> Markup {
    html! {
        table class="table" {
            caption class="visually-hidden" { "Webhooks" }
            thead {
                tr {
                    th scope="col" { "Address" } th scope="col" class="p2" { "Tells of" } th scope="col" class="p3" { "Sees as" }
                    th scope="col" class="p3" { "Made" } th scope="col" { "State" }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" {
                            a class="primary" href=(paths::webhook(&row.id)) { (title(row)) }
                            @if !row.description.is_empty() { span class="sub code" { (row.url) } }
                        }
                        td class="p2 muted" { (of(row)) }
                        td class="p3 muted" { (row.owner) }
                        td class="p3 muted" { (when(row.created_at, &shell.reader)) }
                        td { (tag(row.state)) }
                    }
                }
            }
        }
    }
}

fn title(row: &WebhookRow) -> &str {
    if row.description.is_empty() { &row.url } else { &row.description }
}

fn of(row: &WebhookRow) -> String {
    let what = if row.collections.is_empty() { "everything".to_owned() } else { row.collections.join(", ") };
    if row.kinds.is_empty() { what } else { format!("{what}, when {}", row.kinds.join(" or ")) }
}

fn tag(state: WebhookState) -> Markup {
    html! {
        @match state {
            WebhookState::Active => span class="tag tag-good" { "Active" },
            WebhookState::Failing(_) => span class="tag tag-warn" { "Failing" },
            WebhookState::PausedByHand(_) => span class="tag" { "Paused" },
            WebhookState::PausedFailing(..) | WebhookState::PausedOwner(_) => span class="tag tag-bad" { "Paused" },
        }
    }
}

fn inputs(form: &WebhookForm<'_>) -> Markup {
    let control =
        |name: &'static str, label: &'static str| Control::new(name, label).errors(issues::at(form.issues, name));
    let draft = form.draft;
    html! {
        div class="fields" {
            (control("url", "Address").width(Width::Half).required().hint("Over HTTPS, on the public internet")
                .input("url", &draft.url, &Input { placeholder: Some("https://example.com/hooks"), autocomplete: Some("off"), ..Input::default() }))
            (control("description", "What it is for").width(Width::Half)
                .input("text", &draft.description, &Input { placeholder: Some("Our accounting"), autocomplete: Some("off"), ..Input::default() }))
            (control("collections", "Tell of").width(Width::Half).hint("All of them where none is ticked")
                .group(&checks("collections", form.collections.iter().map(|(name, title)| (name.as_str(), title.as_str())), &draft.collections)))
            (control("kinds", "When they are").width(Width::Half).hint("Whatever is done where none is ticked")
                .group(&checks("kinds", form.kinds.iter().copied(), &draft.kinds)))
        }
    }
}

fn checks<'a>(name: &str, choices: impl Iterator<Item = (&'a str, &'a str)>, ticked: &[String]) -> Markup {
    html! {
        ul class="asks" {
            @for (value, title) in choices {
                @let id = format!("c-{name}-{}", value.replace('/', "-"));
                li {
                    input type="checkbox" id=(id) name=(name) value=(value) checked[ticked.iter().any(|one| one == value)];
                    label for=(id) { (title) }
                }
            }
        }
    }
}

/// One webhook. Its form posts to its own address.
pub fn webhook(shell: &Shell, view: &WebhookPage<'_>) -> Markup {
    let row = view.row;
    let act = |action: String, name: &str, title: &str, class: &str| {
        html! { form method="post" action=(action) { button class={ "btn " (class) } type="submit" { (icon(name)) (title) } } }
    };
    let actions = html! {
        @if row.state.is_paused() {
            (act(paths::webhook_act(&row.id, "resume"), "play", "Resume", "btn-primary"))
        } @else {
            (act(paths::webhook_act(&row.id, "pause"), "pause", "Pause", ""))
        }
    };
    let head = Head {
        title: title(row),
        crumbs: vec![Crumb { title: "Webhooks", href: paths::WEBHOOKS.to_owned() }],
        tag: Some(tag(row.state)),
        actions: Some(actions),
        sheets: super::SHEETS,
    };
    let body = html! {
        (issues::summary(view.form.issues, &fields(), view.form.fault))
        (notice(shell, row.state))
        @if let Some(secret) = view.made { (made(secret)) }
        div class="band mt-4" {
            div class="stack" {
                dl class="titleblock" {
                    div { dt { "Address" } dd class="code" { (row.url) } }
                    div { dt { "Tells of" } dd { (of(row)) } }
                    div { dt { "Sees as" } dd { (row.owner) } }
                    div { dt { "Made" } dd { (when(row.created_at, &shell.reader)) } }
                }
                (log(shell, view))
                section aria-labelledby="h-change" {
                    div class="row-head" { h2 id="h-change" { "What it is" } }
                    form class="inline-form" method="post" action=(paths::webhook(&row.id)) novalidate {
                        (inputs(&view.form))
                        button class="btn" type="submit" { "Save" }
                    }
                }
                section aria-labelledby="h-secret" {
                    div class="row-head" { h2 id="h-secret" { "Secret and end" } }
                    p class="hint" { "A new secret signs at once; the former one signs as well for a day, so that the receiver can follow." }
                    div class="actions mt-2" {
                        (act(paths::webhook_act(&row.id, "rotate"), "key", "New secret", ""))
                        (act(paths::webhook_act(&row.id, "remove"), "cross", "Remove with its log", "btn-danger"))
                    }
                }
            }
        }
    };
    shell.page(&head, &body)
}

fn notice(shell: &Shell, state: WebhookState) -> Markup {
    let since = |at: Micros| when(at, &shell.reader);
    let (class, text) = match state {
        WebhookState::Active | WebhookState::PausedByHand(_) => return html! {},
        WebhookState::Failing(at) => (
            "note-warn",
            format!(
                "Nothing has arrived since {}. What did not is tried again; after three days it is paused.",
                since(at)
            ),
        ),
        WebhookState::PausedFailing(from, at) => (
            "note-bad",
            format!(
                "Nothing has arrived since {}, so it was paused {}. What changed since waits: resume it once the receiver answers.",
                since(from),
                since(at)
            ),
        ),
        WebhookState::PausedOwner(at) => (
            "note-bad",
            format!(
                "Whoever made it is not active any more, so it was paused {}. Resume it, and it sees as you.",
                since(at)
            ),
        ),
    };
    html! {
        div class="band" { div class={ "note " (class) } role="status" { (icon("alert")) p { (text) } } }
    }
}

fn made(secret: &str) -> Markup {
    html! {
        div class="band" {
            section class="note note-info token-made" role="status" aria-labelledby="h-made" {
                (icon("key"))
                div {
                    h2 id="h-made" { "Its secret" }
                    p { "Copy it now: it is shown this once, and nobody can read it again." }
                    p class="token" { lf-copy data-text=(secret) { code class="code" { (secret) } } }
                    p class="hint" { "With it the receiver checks " span class="code" { "LignaFlow-Signature" } "." }
                }
            }
        }
    }
}

fn log(shell: &Shell, view: &WebhookPage<'_>) -> Markup {
    let reader = &shell.reader;
    html! {
        section aria-labelledby="h-log" {
            div class="row-head" { h2 id="h-log" { "What it was told" } span class="faint hide-phone" { "kept for 30 days" } }
            @if view.deliveries.is_empty() {
                p class="muted" { "Nothing yet: it is told of what changes from now on." }
            } @else {
                table class="table" {
                    caption class="visually-hidden" { "Deliveries" }
                    thead {
                        tr {
                            th scope="col" { "Change" } th scope="col" { "State" } th scope="col" class="p2" { "Last try" }
                            th scope="col" class="num p3" { "Tries" } th scope="col" { span class="visually-hidden" { "Deliver again" } }
                        }
                    }
                    tbody {
                        @for delivery in view.deliveries {
                            tr {
                                th scope="row" {
                                    @match &delivery.href {
                                        Some(href) => a class="primary" href=(href) { (delivery.what) },
                                        None => span class="primary" { (delivery.what) },
                                    }
                                    span class="sub" { (when(delivery.changed_at, reader)) }
                                }
                                td { (delivery_tag(delivery, shell)) }
                                td class="p2" {
                                    @if let Some(last) = &delivery.last { (last) }
                                    @if let Some(answer) = &delivery.answer { @if !answer.trim().is_empty() { span class="sub code trunc" { (answer.trim()) } } }
                                }
                                td class="num p3" { (delivery.tries) }
                                td class="fit" {
                                    @if delivery.state != DeliveryState::Waiting {
                                        form method="post" action=(paths::webhook_replay(&view.row.id, &delivery.id)) {
                                            button class="btn btn-small" type="submit" aria-label={ "Deliver again: " (delivery.what) } { "Again" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if let Some(next) = view.next {
                    nav class="pager" aria-label="Pages" { span class="end" { a class="btn btn-small" href=(next) rel="next" { "Earlier" } } }
                }
                form class="inline-form mt-4" method="post" action=(paths::webhook_act(&view.row.id, "replay")) {
                    div class="fields" {
                        (Control::new("from", "Deliver again what changed from").width(Width::Half).input("date", "", &Input::default()))
                        (Control::new("until", "to").width(Width::Half).input("date", "", &Input::default()))
                    }
                    button class="btn" type="submit" { "Deliver these again" }
                }
            }
        }
    }
}

fn delivery_tag(delivery: &DeliveryRow, shell: &Shell) -> Markup {
    html! {
        @match delivery.state {
            DeliveryState::Delivered => span class="tag tag-good" { "Delivered" },
            DeliveryState::GivenUp => span class="tag tag-bad" { "Given up" },
            DeliveryState::Withheld => span class="tag" { "Withheld" },
            DeliveryState::Waiting => {
                span class="tag tag-warn" { "Waiting" }
                @if let Some(at) = delivery.next_try_at { span class="sub" { "next " (when(at, &shell.reader)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn row(state: WebhookState) -> WebhookRow {
        WebhookRow {
            id: "018f".into(),
            url: "https://example.com/hooks".into(),
            description: "Books <x>".into(),
            collections: vec!["Tasks".into()],
            kinds: vec!["made", "changed"],
            state,
            owner: "Ana".into(),
            created_at: 1_795_000_000_000_000,
        }
    }

    fn form<'a>(draft: &'a WebhookDraft, collections: &'a [(String, String)]) -> WebhookForm<'a> {
        WebhookForm { draft, collections, kinds: &[("insert", "made")], issues: &[], fault: None }
    }

    #[test]
    fn a_secret_is_shown_where_it_was_made_and_what_ended_can_be_delivered_again() {
        let draft = WebhookDraft { collections: vec!["projects/tasks".into()], ..WebhookDraft::default() };
        let collections = [("projects/tasks".to_owned(), "Tasks".to_owned())];
        let delivery = |state| DeliveryRow {
            id: "d1".into(),
            changed_at: 1_795_000_000_000_000,
            what: "Task changed".into(),
            href: None,
            state,
            tries: 2,
            next_try_at: None,
            last: Some("500 in 12 ms".into()),
            answer: Some("<b>no</b>".into()),
        };
        let deliveries = [delivery(DeliveryState::GivenUp), delivery(DeliveryState::Waiting)];
        let row = row(WebhookState::PausedFailing(1_795_000_000_000_000, 1_795_000_000_000_000));
        let view = WebhookPage {
            row: &row,
            form: form(&draft, &collections),
            made: Some("lfw_1"),
            deliveries: &deliveries,
            next: None,
        };
        let html = webhook(&shell(), &view).into_string();
        assert!(html.contains("<code class=\"code\">lfw_1</code>"));
        assert_eq!(html.matches("/admin/webhooks/018f/deliveries/d1/replay").count(), 1);
        assert!(html.contains("&lt;b&gt;no&lt;/b&gt;") && html.contains("Books &lt;x&gt;"));
        assert!(html.contains("value=\"projects/tasks\" checked"));
        assert!(html.contains("Nothing has arrived since") && html.contains("/admin/webhooks/018f/resume"));
    }

    #[test]
    fn a_list_says_of_what_and_when() {
        let draft = WebhookDraft::default();
        let rows = [row(WebhookState::Active)];
        let html = webhooks(&shell(), &WebhooksPage { webhooks: &rows, form: form(&draft, &[]) }).into_string();
        assert!(html.contains("Tasks, when made or changed"));
        let empty = webhooks(&shell(), &WebhooksPage { webhooks: &[], form: form(&draft, &[]) }).into_string();
        assert!(empty.contains("Nobody is told yet"));
    }
}
