//! Enrolled devices, on which members sign in by a name and a PIN.

use crate::control::{Control, Input, Width};
use crate::empty::empty;
use crate::format::when;
use crate::icon::icon;
use crate::issues;
use crate::paths;
use crate::qr::{self, Qr};
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::clock::Micros;
use lignaflow_core::error::Issue;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct DeviceRow {
    pub id: String,
    pub name: String,
    /// `open`, `enrolled`, `expired` or `revoked`.
    pub state: &'static str,
    /// What the browser calls itself; empty until it is enrolled.
    pub browser: String,
    pub created_at: Micros,
    pub last_used_at: Option<Micros>,
}

/// One just made, whose link is shown this once.
#[derive(Debug, Clone)]
pub struct DeviceMade {
    pub name: String,
    pub link: String,
    pub code: Qr,
}

#[derive(Debug, Clone, Copy)]
pub struct DevicesPage<'a> {
    pub rows: &'a [DeviceRow],
    pub made: Option<&'a DeviceMade>,
    /// The name that was typed.
    pub typed: &'a str,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

fn chip(state: &str) -> (&'static str, &'static str) {
    match state {
        "enrolled" => ("tag tag-good", "Enrolled"),
        "open" => ("tag", "Not opened yet"),
        "expired" => ("tag", "Expired"),
        _ => ("tag tag-bad", "Revoked"),
    }
}

pub fn devices(shell: &Shell, view: &DevicesPage<'_>) -> Markup {
    let body = html! {
        (issues::summary(view.issues, &[("name", "Name".to_owned())], view.fault))
        @if let Some(made) = view.made {
            div class="band" {
                section class="note note-info" role="status" aria-labelledby="h-made" {
                    (icon("link"))
                    div {
                        h2 id="h-made" { "Open this on " (made.name) }
                        p { "The link serves once, for a day. It is shown now and never again." }
                        p class="token" { lf-copy data-text=(made.link) { code class="code" { (made.link) } } }
                        (qr::svg(&made.code, "The link as a QR code"))
                    }
                }
            }
        }
        div class="band mt-4" {
            div class="stack" {
                section aria-label="Devices" {
                    @if view.rows.is_empty() {
                        (empty("No device yet", "People without an address of mail sign in on an enrolled phone or tablet, by a name and a PIN that you give them under People.", &html! {}))
                    } @else { (rows(shell, view.rows)) }
                }
                section aria-labelledby="h-new" {
                    div class="row-head" { h2 id="h-new" { "Enrol a device" } }
                    form class="inline-form" method="post" action=(paths::DEVICES) novalidate {
                        (Control::new("name", "Name").width(Width::Third).errors(issues::at(view.issues, "name"))
                            .input("text", view.typed, &Input { autocomplete: Some("off"), placeholder: Some("Workshop tablet"), ..Input::default() }))
                        button class="btn" type="submit" { (icon("plus")) "Make a link" }
                    }
                }
            }
        }
    };
    let crumbs = vec![Crumb { title: "People", href: paths::PEOPLE.to_owned() }];
    shell.page(&Head { title: "Devices", crumbs, sheets: super::SHEETS, ..Head::default() }, &body)
}

fn rows(shell: &Shell, rows: &[DeviceRow]) -> Markup {
    html! {
        table class="table" {
            caption class="visually-hidden" { "Devices" }
            thead { tr { th scope="col" { "Device" } th scope="col" { "State" } th scope="col" class="p2" { "Last used" } th scope="col" { span class="visually-hidden" { "Revoke" } } } }
            tbody {
                @for row in rows {
                    @let (class, title) = chip(row.state);
                    tr {
                        th scope="row" {
                            span class="primary" { (row.name) }
                            span class="sub" { @if row.browser.is_empty() { "made " (when(row.created_at, &shell.reader)) } @else { (row.browser) } }
                        }
                        td { span class=(class) { (title) } }
                        td class="p2 muted" { @if let Some(at) = row.last_used_at { (when(at, &shell.reader)) } }
                        td class="fit" {
                            @if matches!(row.state, "enrolled" | "open") {
                                form method="post" action=(paths::device_revoke(&row.id)) {
                                    button class="btn btn-small btn-danger" type="submit" aria-label={ "Revoke " (row.name) } { "Revoke" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell;

    #[test]
    fn what_serves_is_revoked_and_what_does_not_is_not() {
        let page = |state| {
            let row = DeviceRow {
                id: "018f".into(),
                name: "Tablet <1>".into(),
                state,
                browser: String::new(),
                created_at: 0,
                last_used_at: None,
            };
            let view = DevicesPage { rows: &[row], made: None, typed: "", issues: &[], fault: None };
            devices(&shell(), &view).into_string()
        };
        assert!(page("enrolled").contains("/admin/devices/018f/revoke") && page("open").contains("/018f/revoke"));
        assert!(!page("revoked").contains("/018f/revoke") && page("revoked").contains("Tablet &lt;1&gt;"));
    }
}
