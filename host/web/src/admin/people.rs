//! The members of an organization, what each may do, and who was asked to join.

use crate::control::{Control, Input, Width};
use crate::format::when;
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::qr::{self, Qr};
use crate::shell::{Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct MemberRow {
    pub id: String,
    pub name: String,
    /// Empty for somebody who does not sign in.
    pub email: String,
    /// `owner`, `admin` or `member`.
    pub role: &'static str,
    /// Whether they hold every permission without a further role.
    pub holds_all: bool,
    pub active: bool,
    /// Their name was taken away: they are made nothing any more.
    pub erased: bool,
    /// Further roles.
    pub roles: Vec<String>,
    /// By what name they sign in on enrolled devices, where they have a PIN.
    pub username: Option<String>,
}

/// A PIN just set, shown this once.
#[derive(Debug, Clone)]
pub struct PinMade {
    pub name: String,
    pub username: String,
    pub pin: String,
}

/// A role beside owner, admin and member.
#[derive(Debug, Clone)]
pub struct RoleChoice {
    /// `plugin.role`, or the organization's own.
    pub name: String,
    pub title: String,
    /// The plugin's title; empty for the organization's own.
    pub plugin: String,
}

/// Somebody who was asked, and has not answered.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    pub id: String,
    /// The address, the name, or that it is for whoever has the link.
    pub whose: String,
    pub role: &'static str,
    pub expires_at: Micros,
    pub expired: bool,
    /// The letter that it went out with last, as far as it is known.
    pub letter: Option<LetterRow>,
    /// Whether it goes out by letter.
    pub by_letter: bool,
}

/// How the letter of an invitation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    pub waits: bool,
    pub failed: bool,
    pub tried_at: Option<Micros>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// An invitation just made, whose link is shown this once.
#[derive(Debug, Clone)]
pub struct InvitationMade {
    /// As a picture and as it is; nothing where it goes to its address alone.
    pub link: Option<(Qr, String)>,
    pub mailed_to: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct PeoplePage<'a> {
    pub members: &'a [MemberRow],
    pub roles: &'a [RoleChoice],
    pub invitations: &'a [InvitationRow],
    pub made: Option<&'a InvitationMade>,
    pub pin: Option<&'a PinMade>,
    /// The highest role that the reader may give.
    pub highest: &'static str,
    /// What was typed for an invitation: `email`, `name`.
    pub typed: (&'a str, &'a str),
    pub issues: &'a [Issue],
    /// Why the last change was refused.
    pub fault: Option<&'a str>,
}

/// What the host makes of members, by what it is called in forms.
pub const HOST_ROLES: [(&str, &str); 3] = [("member", "Member"), ("admin", "Administrator"), ("owner", "Owner")];

fn title_of(role: &str) -> &'static str {
    HOST_ROLES.iter().find(|(name, _)| *name == role).map_or("", |(_, title)| title)
}

/// Each member's switches are a form of their own, which posts `role` once for each that is on to
/// [`paths::person_roles`].
pub fn people(shell: &Shell, view: &PeoplePage<'_>) -> Markup {
    let fields = [("email", "Email".to_owned()), ("name", "Name".to_owned()), ("role", "Role".to_owned())];
    let body = html! {
        (issues::summary(view.issues, &fields, view.fault))
        @if let Some(made) = view.made { (shown_once(made)) }
        @if let Some(made) = view.pin { (pin_once(made)) }
        div class="band mt-4" {
            div class="stack" {
                section aria-label="Members" { (members(view)) }
                section aria-labelledby="h-invite" {
                    div class="row-head" { h2 id="h-invite" { "Ask somebody to join" } }
                    (invite(view))
                    @if !view.invitations.is_empty() { (invitations(shell, view.invitations)) }
                }
                section aria-labelledby="h-placeholder" {
                    div class="row-head" {
                        h2 id="h-placeholder" { "Somebody who does not sign in" }
                        span class="faint hide-phone" { "for imports, and for who has left" }
                    }
                    form class="inline-form" method="post" action=(paths::PLACEHOLDERS) {
                        (Control::new("placeholder", "Name").width(Width::Third).input("text", "", &Input { autocomplete: Some("off"), ..Input::default() }))
                        button class="btn" type="submit" { (icon("plus")) "Add" }
                    }
                }
            }
        }
    };
    let actions = html! {
        a class="btn" href=(paths::DEVICES) { (icon("link")) "Devices" }
        a class="btn" href=(paths::ROLES) { (icon("key")) "Roles" }
    };
    shell.page(&Head { title: "People", actions: Some(actions), sheets: super::SHEETS, ..Head::default() }, &body)
}

fn shown_once(made: &InvitationMade) -> Markup {
    html! {
        div class="band" {
            section class="note note-info" role="status" aria-labelledby="h-made" {
                (icon("link"))
                div {
                    h2 id="h-made" { "The invitation" }
                    @if let Some(address) = &made.mailed_to { p { "It is on its way to " b { (address) } "." } }
                    @if let Some((code, link)) = &made.link {
                        p { "This link serves once. It is shown now and never again." }
                        p class="token" { lf-copy data-text=(link) { code class="code" { (link) } } }
                        (qr::svg(code, "The link as a QR code"))
                    } @else { p { "Its link goes there alone. How the letter fares stands below." } }
                }
            }
        }
    }
}

fn pin_once(made: &PinMade) -> Markup {
    html! {
        div class="band" {
            section class="note note-info" role="status" aria-labelledby="h-pin" {
                (icon("key"))
                div {
                    h2 id="h-pin" { "The PIN of " (made.name) }
                    p { "On enrolled devices they sign in as " b { (made.username) } ". The PIN is shown now and never again." }
                    p class="token" { lf-copy data-text=(made.pin) { code class="code" { (made.pin) } } }
                }
            }
        }
    }
}

/// By what a member signs in on enrolled devices, who is neither administrator nor owner.
fn pin(member: &MemberRow) -> Markup {
    let title = if member.username.is_some() { "New PIN" } else { "Give a PIN" };
    html! {
        form class="inline-form" method="post" action=(paths::person_pin(&member.id)) {
            input class="input" name="username" maxlength="40" autocomplete="off" value=(member.username.as_deref().unwrap_or_default())
                placeholder="Name for signing in" aria-label={ "Name by which " (member.name) " signs in" };
            button class="btn btn-small" type="submit" { (title) }
            @if member.username.is_some() {
                button class="btn btn-small btn-danger" type="submit" name="remove" value="yes" aria-label={ "Take the PIN of " (member.name) " away" } { "Remove" }
            }
        }
    }
}

fn members(view: &PeoplePage<'_>) -> Markup {
    html! {
        table class="table table-stacks" {
            caption class="visually-hidden" { "Members and their roles" }
            thead {
                tr {
                    th scope="col" { "Person" }
                    th scope="col" { "Role" }
                    @if !view.roles.is_empty() { th scope="col" { "Further roles" } }
                    th scope="col" { span class="visually-hidden" { "Membership" } }
                }
            }
            tbody { @for member in view.members { (row(view, member)) } }
        }
    }
}

fn offered(view: &PeoplePage<'_>) -> Vec<(&'static str, &'static str)> {
    let last = HOST_ROLES.iter().position(|(name, _)| *name == view.highest).unwrap_or(0);
    HOST_ROLES[..=last].to_vec()
}

fn row(view: &PeoplePage<'_>, member: &MemberRow) -> Markup {
    let choices = offered(view);
    let within = choices.iter().any(|(name, _)| *name == member.role);
    html! {
        tr {
            th scope="row" {
                a class="primary" href=(paths::person_privacy(&member.id)) { (member.name) }
                span class="sub" {
                    @if member.erased {
                        "erased"
                    } @else {
                        @match (&member.username, member.email.is_empty()) {
                            (Some(username), true) => { "signs in as " (username) " by PIN" }
                            (Some(username), false) => { (member.email) " · " (username) " by PIN" }
                            (None, true) => { "does not sign in" }
                            (None, false) => { (member.email) }
                        }
                        @if !member.active { " · no longer active" }
                    }
                }
            }
            td {
                @if within && member.active && !member.email.is_empty() {
                    form class="inline-form" method="post" action=(paths::person(&member.id)) {
                        select class="input" name="role" aria-label={ "Role of " (member.name) } {
                            @for (value, title) in &choices { option value=(value) selected[*value == member.role] { (title) } }
                        }
                        button class="btn btn-small" type="submit" { "Set" }
                    }
                } @else { (title_of(member.role)) }
            }
            @if !view.roles.is_empty() {
                td {
                    @if member.holds_all { p class="small faint" { "Holds every permission." } }
                    @else {
                        details {
                            summary { (held(view, member)) }
                            (switches(view, member))
                        }
                    }
                }
            }
            td class="fit" {
                @if within && !member.erased {
                    @if member.role == "member" && member.active { (pin(member)) }
                    form method="post" action=(paths::person(&member.id)) {
                        @if member.active {
                            button class="btn btn-small btn-danger" type="submit" name="active" value="false" aria-label={ "Deactivate " (member.name) } { "Deactivate" }
                        } @else {
                            button class="btn btn-small" type="submit" name="active" value="true" aria-label={ "Reactivate " (member.name) } { "Reactivate" }
                        }
                    }
                    @if member.email.is_empty() && member.active {
                        form method="post" action=(paths::INVITATIONS) {
                            input type="hidden" name="person" value=(member.id);
                            input type="hidden" name="name" value=(member.name);
                            button class="btn btn-small" type="submit" aria-label={ "Invite " (member.name) } { "Invite" }
                        }
                    }
                }
            }
        }
    }
}

/// What a member holds further, as a line that opens.
fn held(view: &PeoplePage<'_>, member: &MemberRow) -> String {
    let held: Vec<String> = view
        .roles
        .iter()
        .filter(|role| member.roles.contains(&role.name))
        .map(|role| match role.plugin.as_str() {
            "" => role.title.clone(),
            plugin => format!("{} ({plugin})", role.title),
        })
        .collect();
    if held.is_empty() { "None".to_owned() } else { held.join(", ") }
}

fn switches(view: &PeoplePage<'_>, member: &MemberRow) -> Markup {
    html! {
        form method="post" action=(paths::person_roles(&member.id)) {
            fieldset class="checks" {
                legend class="visually-hidden" { "Roles of " (member.name) }
                @for role in view.roles {
                    label class="hit" {
                        input class="switch" type="checkbox" role="switch" name="role" value=(role.name)
                            checked[member.roles.contains(&role.name)];
                        (role.title) " " span class="faint small" { (role.plugin) }
                    }
                }
                button class="btn btn-small" type="submit" { "Save" }
            }
        }
    }
}

fn invite(view: &PeoplePage<'_>) -> Markup {
    let control = |name: &'static str, label: &'static str| {
        Control::new(name, label).width(Width::Third).errors(issues::at(view.issues, name))
    };
    html! {
        form class="inline-form" method="post" action=(paths::INVITATIONS) novalidate {
            div class="fields" {
                (control("email", "Email").hint("Left empty, the link serves whoever is shown it")
                    .input("email", view.typed.0, &Input { autocomplete: Some("off"), ..Input::default() }))
                (control("name", "Name").input("text", view.typed.1, &Input { autocomplete: Some("off"), ..Input::default() }))
                (control("role", "Role").select(offered(view), "member"))
            }
            @if !view.roles.is_empty() {
                fieldset class="checks" {
                    legend class="label" { "Further roles" }
                    @for role in view.roles {
                        label class="hit" {
                            input class="switch" type="checkbox" role="switch" name="further" value=(role.name);
                            (role.title) " " span class="faint small" { (role.plugin) }
                        }
                    }
                }
            }
            button class="btn" type="submit" { (icon("send")) "Invite" }
        }
    }
}

fn invitations(shell: &Shell, rows: &[InvitationRow]) -> Markup {
    html! {
        table class="table table-stacks mt-4" {
            caption class="visually-hidden" { "Open invitations" }
            thead { tr { th scope="col" { "Asked" } th scope="col" { "Role" } th scope="col" { "Until" } th scope="col" { "Letter" } th scope="col" { span class="visually-hidden" { "What can be done" } } } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { span class="primary" { (row.whose) } }
                        td { (title_of(row.role)) }
                        td { @if row.expired { span class="tag tag-bad" { "Expired" } } @else { (when(row.expires_at, &shell.reader)) } }
                        td { (letter(shell, row)) }
                        td class="fit" {
                            @if row.by_letter && !row.expired && row.letter.as_ref().is_none_or(|letter| !letter.waits) {
                                form method="post" action=(paths::invitation_send(&row.id)) {
                                    button class="btn btn-small" type="submit" aria-label={ "Send the letter to " (row.whose) " again" } { "Send again" }
                                }
                            }
                            form method="post" action=(paths::invitation_withdraw(&row.id)) {
                                button class="btn btn-small btn-danger" type="submit" aria-label={ "Withdraw the invitation of " (row.whose) } { "Withdraw" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn letter(shell: &Shell, row: &InvitationRow) -> Markup {
    html! {
        @match &row.letter {
            None if row.by_letter => { span class="faint" { "Not known any more" } }
            None => { span class="faint" { "By link" } }
            Some(letter) if letter.failed => {
                span class="tag tag-bad" { "Not sent" }
                @if let Some(why) = &letter.error { span class="sub" { (why) } }
            }
            Some(letter) if letter.waits => {
                span class="tag tag-draft" { "Waits" }
                @if let Some(why) = &letter.error { span class="sub" { "Tried, and to be tried again: " (why) } }
            }
            Some(letter) => {
                span class="tag tag-done" { "Sent" }
                @if let Some(at) = letter.tried_at { span class="sub" { (when(at, &shell.reader)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    fn member(holds_all: bool) -> MemberRow {
        MemberRow {
            id: "018f".into(),
            name: "Mia".into(),
            email: "mia@example.com".into(),
            role: "member",
            holds_all,
            active: true,
            erased: false,
            roles: vec!["hours.supervisor".into()],
            username: None,
        }
    }

    fn page_of(members: &[MemberRow], roles: &[RoleChoice], highest: &'static str) -> String {
        let view = PeoplePage {
            members,
            roles,
            invitations: &[],
            made: None,
            pin: None,
            highest,
            typed: ("", ""),
            issues: &[],
            fault: None,
        };
        people(&shell(), &view).into_string()
    }

    #[test]
    fn a_members_roles_post_without_script() {
        let role = |name: &str| RoleChoice { name: name.into(), title: "Role".into(), plugin: "Hours".into() };
        let html = page_of(&[member(false)], &[role("hours.supervisor"), role("hours.bookkeeper")], "owner");
        assert!(html.contains("action=\"/admin/people/018f/roles\""));
        assert!(html.contains("value=\"hours.supervisor\" checked"));
        assert!(html.contains("value=\"hours.bookkeeper\">"), "{html}");
    }

    #[test]
    fn who_holds_everything_is_given_nothing_more() {
        let role = RoleChoice { name: "hours.supervisor".into(), title: "Role".into(), plugin: "Hours".into() };
        assert!(!page_of(&[member(true)], &[role], "owner").contains("/people/018f/roles\""));
        assert!(!page_of(&[member(false)], &[], "owner").contains("/people/018f/roles\""));
    }

    #[test]
    fn an_invitation_tells_how_its_letter_stands() {
        let letter = |failed, waits, error: Option<&str>| {
            Some(LetterRow { waits, failed, tried_at: Some(0), error: error.map(str::to_owned) })
        };
        let row = |letter| InvitationRow {
            id: "018f".into(),
            whose: "sam@example.com".into(),
            role: "member",
            expires_at: 0,
            expired: false,
            letter,
            by_letter: true,
        };
        let drawn = |letter| invitations(&shell(), &[row(letter)]).into_string();
        let failed = drawn(letter(true, false, Some("550 <no> such mailbox")));
        assert!(failed.contains("Not sent") && failed.contains("550 &lt;no&gt; such mailbox"), "{failed}");
        assert!(failed.contains("action=\"/admin/people/invitations/018f/send\""));
        assert!(!drawn(letter(false, true, None)).contains("Send again"), "it waits already");
        assert!(drawn(letter(false, false, None)).contains("tag-done"));
        let by_link = invitations(&shell(), &[InvitationRow { by_letter: false, ..row(None) }]).into_string();
        assert!(by_link.contains("By link") && !by_link.contains("Send again"));
    }

    #[test]
    fn an_administrator_is_offered_nothing_above_their_own() {
        let owner = MemberRow { role: "owner", holds_all: true, ..member(true) };
        let html = page_of(&[owner], &[], "admin");
        assert!(!html.contains("value=\"owner\"") && !html.contains("Deactivate"));
    }
}
