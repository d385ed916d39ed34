//! The versions of a plugin that are kept, and the way back to one.

use super::plugin::PluginPage;
use crate::format::{machine, when};
use crate::icon::icon;
use crate::paths;
use crate::shell::Shell;
use lignaflow_core::clock::Micros;
use maud::{Markup, html};

/// A version whose file is kept.
#[derive(Debug, Clone)]
pub struct VersionRow {
    pub version: String,
    /// The file's SHA-256, in hexadecimal.
    pub digest: String,
    pub installed_at: Micros,
    pub in_use: bool,
}

/// On the plugin's page, where there is more than the one in use.
pub(super) fn section(shell: &Shell, view: &PluginPage<'_>) -> Markup {
    html! {
        @if view.versions.len() > 1 {
            section class="consent" aria-labelledby="h-versions" {
                div {
                    h2 id="h-versions" { "Versions that are kept" }
                    ul class="asks" {
                        @for row in view.versions {
                            li {
                                (icon(if row.in_use { "check" } else { "clock" }))
                                span {
                                    span class="code" { (row.version) }
                                    @if row.in_use { " is in use" } @else {
                                        " "
                                        a class="link" href={ (paths::plugin_rollback(&view.descriptor.id)) "?to=" (row.digest) } {
                                            "Go back" span class="visually-hidden" { " to " (row.version) } "…"
                                        }
                                    }
                                    span class="sub" {
                                        "Installed " time datetime=(machine(row.installed_at, &shell.reader)) { (when(row.installed_at, &shell.reader)) }
                                        ", " span class="code" { (row.digest.get(..16).unwrap_or(&row.digest)) }
                                    }
                                }
                            }
                        }
                    }
                    p class="small faint mt-2" { "What going back would change is shown before it is done." }
                }
            }
        }
    }
}
