//! The settings of a plugin: what its descriptor declares, as a form for the organization. A secret is typed and never
//! shown.

use crate::collection::asking::asking_schema;
use crate::collection::{BASE, Draft, Inputs, VERSION, field_title, input_width};
use crate::control::{Control, Input, Width};
use crate::format::when;
use crate::icon::icon;
use crate::issues;
use crate::labels::{ChoicesByField, Labels};
use crate::paths;
use crate::shell::{Crumb, Head, Shell};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{Descriptor, Field, Preset, humanize};
use lignaflow_core::error::Issue;
use lignaflow_core::name::FieldName;
use maud::{Markup, html};

/// What the controls of secrets are called: the name, and whether it is to be taken away.
pub const SECRET: &str = "~secret.";
pub const CLEAR: &str = "~clear.";

#[derive(Debug, Clone, Copy)]
pub struct SettingsPage<'a> {
    pub descriptor: &'a Descriptor,
    /// From [`settings_schema`].
    pub schema: Option<&'a Schema>,
    pub draft: &'a Draft,
    /// When each secret was set that is.
    pub secrets: &'a [(String, Micros)],
    /// What the plugin declares of presets, each with whether it holds as things are saved.
    pub presets: &'a [(&'a Preset, bool)],
    /// The one that the form has been filled in with, and is not saved yet.
    pub taken: Option<&'a Preset>,
    pub issues: &'a [Issue],
    pub fault: Option<&'a str>,
}

/// The settings that are no secrets, as the fields of something that a form can be made for; nothing where there are
/// none.
pub fn settings_schema(descriptor: &Descriptor) -> Option<Schema> {
    let plain = descriptor.settings.iter().filter(|(_, field)| !field.secret);
    asking_schema(descriptor, "Settings", plain.map(|(name, field)| (name.clone(), field.clone())))
}

fn secrets(descriptor: &Descriptor) -> impl Iterator<Item = (&FieldName, &Field)> {
    descriptor.settings.iter().filter(|(_, field)| field.secret)
}

fn title(name: &FieldName, field: &Field) -> String {
    field.title.clone().unwrap_or_else(|| humanize(name.as_str()))
}

pub fn settings(shell: &Shell, view: &SettingsPage<'_>) -> Markup {
    let descriptor = view.descriptor;
    let (choices, labels) = (ChoicesByField::default(), Labels::default());
    let inputs = Inputs { draft: view.draft, choices: &choices, labels: &labels, reader: &shell.reader };
    let plain = view.schema.into_iter().flat_map(|schema| &schema.fields);
    let mut named: Vec<(&str, String)> = plain.clone().map(|field| (field.name.as_str(), field_title(field))).collect();
    named.extend(secrets(descriptor).map(|(name, field)| (name.as_str(), title(name, field))));
    let head = Head {
        title: "Settings",
        crumbs: vec![
            Crumb { title: "Plugins", href: paths::PLUGINS.to_owned() },
            Crumb { title: &descriptor.title, href: paths::plugin(&descriptor.id) },
        ],
        tag: None,
        actions: None,
        sheets: super::SHEETS,
    };
    let body = html! {
        (presets(view))
        form method="post" action=(paths::plugin_settings(&descriptor.id)) novalidate {
            (issues::summary(view.issues, &named, view.fault))
            @if let Some(version) = view.draft.version { input type="hidden" name=(VERSION) value=(version); }
            @if let Some(base) = view.draft.base_json() { input type="hidden" name=(BASE) value=(base); }
            div class="band" {
                div class="fields fields-alone mt-4" {
                    @for field in plain {
                        @let label = field_title(field);
                        @let control = Control::new(field.name.as_str(), &label)
                            .width(input_width(field))
                            .errors(issues::at(view.issues, field.name.as_str()));
                        (inputs.draw(field, if field.field.required { control.required() } else { control }))
                    }
                    @for (name, field) in secrets(descriptor) { (secret(shell, view, name, field)) }
                }
            }
            div class="form-foot" {
                button class="btn btn-primary" type="submit" { "Save" }
                a class="btn" href=(paths::plugin(&descriptor.id)) { "Cancel" }
            }
        }
    };
    shell.page(&head, &body)
}

/// What fills the form in at once: links, so that nothing changes before it is saved.
fn presets(view: &SettingsPage<'_>) -> Markup {
    let here = paths::plugin_settings(&view.descriptor.id);
    html! {
        @if !view.presets.is_empty() {
            section class="band" aria-labelledby="h-presets" {
                div class="row-head" {
                    h2 id="h-presets" { "Begin with what is usual" }
                }
                p class="hint" { "A choice fills the form in below. Nothing changes until you save it." }
                ul class="presets" {
                    @for (preset, holds) in view.presets {
                        @let taken = view.taken.is_some_and(|taken| taken.name == preset.name);
                        li {
                            span {
                                strong { (preset.title) }
                                @if let Some(text) = &preset.text { span class="hint" { (text) } }
                            }
                            @if taken {
                                span class="chip chip-info" { "Filled in below" }
                            } @else if *holds {
                                span class="chip chip-good" { "As it is" }
                            }
                            @if !taken && (!holds || view.taken.is_some()) {
                                a class="btn btn-small" href={ (here) "?preset=" (preset.name) } {
                                    "Fill in" span class="visually-hidden" { ": " (preset.title) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(preset) = view.taken {
            div class="band mt-4" {
                div class="note note-info" role="status" {
                    (icon("info"))
                    div { p { "“" (preset.title) "” is filled in below and not saved yet." } }
                }
            }
        }
    }
}

fn secret(shell: &Shell, view: &SettingsPage<'_>, name: &FieldName, field: &Field) -> Markup {
    let label = title(name, field);
    let set = view.secrets.iter().find(|(set, _)| set == name.as_str()).map(|(_, at)| *at);
    let state = match set {
        Some(at) => format!(
            "Set {}. Leave it empty to keep it: it is kept encrypted and shown to nobody.",
            when(at, &shell.reader)
        ),
        None => "Not set. It is kept encrypted and shown to nobody.".to_owned(),
    };
    let hint = field.help.as_ref().map_or_else(|| state.clone(), |help| format!("{help} {state}"));
    let key = format!("{SECRET}{name}");
    let control =
        Control::new(&key, &label).width(Width::Half).hint(hint).errors(issues::at(view.issues, name.as_str()));
    html! {
        (control.input("password", "", &Input { autocomplete: Some("new-password"), ..Input::default() }))
        @if set.is_some() {
            div class="field half" {
                label class="check" {
                    input type="checkbox" name={ (CLEAR) (name) } value="true";
                    span { "Take “" (label) "” away" }
                }
            }
        }
    }
}
