//! Mail: what waits, was sent or has failed, with why and from where; and what a letter says.

use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

/// How a letter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailChip {
    Waiting,
    Sent,
    Failed,
}

impl MailChip {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Failed];

    /// As the API and the page's address have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Waiting => "tag",
            Self::Sent => "tag tag-good",
            Self::Failed => "tag tag-bad",
        }
    }
}

#[derive(Debug, Clone)]
pub struct MailRow {
    pub id: String,
    pub subject: String,
    pub to: String,
    /// What it is, and which plugin sends it.
    pub kind: String,
    pub state: MailChip,
    pub attempts: i64,
    /// While it waits.
    pub due_at: Option<Micros>,
    pub tried_at: Option<Micros>,
    pub tried_from: Option<String>,
    pub error: Option<String>,
    pub asked_at: Micros,
}

#[derive(Debug, Clone, Copy)]
pub struct MailPage<'a> {
    pub letters: &'a [MailRow],
    pub state: Option<MailChip>,
    pub next: Option<&'a str>,
    /// Whether letters lie in a folder of this machine, since no server is set.
    pub local: bool,
    /// Whether these are of accounts, and whether the reader may see those.
    pub accounts: bool,
    pub may_see_accounts: bool,
    pub fault: Option<&'a str>,
}

pub fn mail(shell: &Shell, view: &MailPage<'_>) -> Markup {
    let base = if view.accounts { paths::MAIL_ACCOUNTS } else { paths::MAIL };
    let actions = html! {
        @if view.may_see_accounts {
            @if view.accounts { a class="btn" href=(paths::MAIL) { "Of the organization" } }
            @else { a class="btn" href=(paths::MAIL_ACCOUNTS) { "About accounts" } }
        }
        @if !view.accounts {
            form method="post" action=(paths::MAIL_TEST) { button class="btn" type="submit" { (icon("send")) "Send one to myself" } }
        }
    };
    let body = html! {
        @if let Some(fault) = view.fault {
            div class="band" { div class="note note-bad" role="alert" { (icon("alert")) p { (fault) } } }
        }
        @if view.local {
            div class="band" {
                div class="note note-info" { (icon("info"))
                    p { "No server for mail is set, so nothing leaves this machine: letters lie in the folder " span class="code" { "mail" }
                        " of the data folder, and are read here. The setting is " span class="code" { "mail.host" } "." }
                }
            }
        }
        div class="band mt-4" {
            section aria-labelledby="h-mail" {
                div class="row-head" {
                    h2 id="h-mail" { @if view.accounts { "About accounts" } @else { "Letters" } }
                    form class="actions" method="get" action=(base) {
                        label class="visually-hidden" for="f-state" { "State" }
                        select class="input" id="f-state" name="state" {
                            option value="" selected[view.state.is_none()] { "All" }
                            @for state in MailChip::ALL { option value=(state.word()) selected[view.state == Some(state)] { (state.title()) } }
                        }
                        button class="btn btn-small" type="submit" { "Show" }
                    }
                }
                @if view.letters.is_empty() {
                    (empty("No letter here", "Invitations, resets, notices and what plugins send stand here, with what became of each.", &html! {}))
                } @else {
                    (table(shell, view, base))
                }
            }
        }
    };
    shell.page(&Head { title: "Mail", sheets: super::SHEETS, actions: Some(actions), ..Head::default() }, &body)
}

fn table(shell: &Shell, view: &MailPage<'_>, base: &str) -> Markup {
    let reader = &shell.reader;
    html! {
        table class="table" {
            caption class="visually-hidden" { "Letters" }
            thead { tr { th scope="col" { "Letter" } th scope="col" { "State" } th scope="col" class="p2" { "Last try" } th scope="col" { span class="visually-hidden" { "Send again" } } } }
            tbody {
                @for letter in view.letters {
                    tr {
                        th scope="row" {
                            a class="primary" href={ (base) "/" (letter.id) } { (letter.subject) }
                            span class="sub" { "to " (letter.to) ", " (letter.kind) ", " (when(letter.asked_at, reader)) }
                        }
                        td {
                            span class=(letter.state.class()) { (letter.state.title()) }
                            @if let Some(at) = letter.due_at.filter(|_| letter.attempts > 0) { span class="sub" { "again " (when(at, reader)) } }
                        }
                        td class="p2" { (tried(shell, letter)) }
                        td class="fit" { (again(letter, base)) }
                    }
                }
            }
        }
        @if let Some(next) = view.next {
            nav class="pager" aria-label="Pages" { span class="end" { a class="btn btn-small" href=(next) rel="next" { "Earlier" } } }
        }
    }
}

fn tried(shell: &Shell, letter: &MailRow) -> Markup {
    html! {
        @if let Some(error) = &letter.error { span { (error) } }
        @if let Some(at) = letter.tried_at {
            span class="sub" { (when(at, &shell.reader)) @if let Some(from) = &letter.tried_from { ", from " (from) } }
        } @else { span class="muted" { "not yet" } }
    }
}

fn again(letter: &MailRow, base: &str) -> Markup {
    html! {
        @if letter.state != MailChip::Waiting {
            form method="post" action={ (base) "/" (letter.id) "/send" } {
                button class="btn btn-small" type="submit" aria-label={ "Send again: " (letter.subject) } { "Send again" }
            }
        }
    }
}

/// One letter, as its reader has it.
#[derive(Debug, Clone, Copy)]
pub struct LetterPage<'a> {
    pub letter: &'a MailRow,
    pub accounts: bool,
    /// In whose name it is, and what it says; nothing where that is for its reader alone, or is not known any more.
    pub words: Option<(&'a str, &'a str)>,
}

pub fn letter(shell: &Shell, view: &LetterPage<'_>) -> Markup {
    let base = if view.accounts { paths::MAIL_ACCOUNTS } else { paths::MAIL };
    let letter = view.letter;
    let body = html! {
        div class="band" {
            dl class="titleblock" {
                div { dt { "To" } dd { (letter.to) } }
                @if let Some((sender, _)) = view.words { div { dt { "From" } dd { (sender) } } }
                div { dt { "State" } dd { span class=(letter.state.class()) { (letter.state.title()) } } }
                div { dt { "Tries" } dd { (letter.attempts) } }
                div { dt { "Last try" } dd { (tried(shell, letter)) } }
            }
        }
        div class="band mt-4" {
            @match view.words {
                Some((_, text)) => div class="letter-text" { @for line in text.lines() { (self::line(line)) } },
                None => p class="muted" { "What it says is for its reader alone, or is not kept any more." },
            }
        }
    };
    let crumbs = vec![Crumb { title: "Mail", href: base.to_owned() }];
    let head = Head {
        title: &letter.subject,
        crumbs,
        actions: Some(again(letter, base)),
        sheets: super::SHEETS,
        ..Head::default()
    };
    shell.page(&head, &body)
}

/// A line of a letter. An address that is all of it is a link.
fn line(text: &str) -> Markup {
    let trimmed = text.trim();
    html! {
        p {
            @if trimmed.starts_with("https://") && !trimmed.contains(' ') { a class="link" href=(trimmed) rel="noreferrer" { (trimmed) } }
            @else if trimmed.is_empty() { (maud::PreEscaped("&nbsp;")) }
            @else { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn row() -> MailRow {
        MailRow {
            id: "a".into(),
            subject: "Offer <1>".into(),
            to: "ana@client.example".into(),
            kind: "offer".into(),
            state: MailChip::Failed,
            attempts: 8,
            due_at: None,
            tried_at: Some(1_795_000_000_000_000),
            tried_from: Some("here through smtp.example:587".into()),
            error: Some("550 not here".into()),
            asked_at: 1_795_000_000_000_000,
        }
    }

    #[test]
    fn what_failed_says_why_and_from_where_and_is_sent_again() {
        let letters = [row()];
        let view = MailPage {
            letters: &letters,
            state: None,
            next: None,
            local: true,
            accounts: false,
            may_see_accounts: false,
            fault: None,
        };
        let html = mail(&shell(), &view).into_string();
        for said in
            ["550 not here", "from here through smtp.example:587", "/admin/mail/a/send", "Offer &lt;1&gt;", "mail.host"]
        {
            assert!(html.contains(said), "{said}");
        }
    }

    #[test]
    fn an_address_in_a_letter_is_a_link_and_the_rest_is_text() {
        let row = row();
        let view =
            LetterPage { letter: &row, accounts: false, words: Some(("Firm", "<b>Hi</b>\nhttps://x.example/a\n")) };
        let html = letter(&shell(), &view).into_string();
        assert!(html.contains("&lt;b&gt;Hi") && html.contains("href=\"https://x.example/a\""));
    }
}
