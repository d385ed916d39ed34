//! Form controls: a label for each, its hint and its issues tied to it, and what was typed kept as it was.

use crate::icon::icon;
use crate::issues::control_id;
use maud::{Markup, html};

/// How much of a row of six columns a control takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    Third,
    Half,
    TwoThirds,
    Full,
}

impl Width {
    pub(crate) const fn columns(self) -> u8 {
        match self {
            Self::Third => 2,
            Self::Half => 3,
            Self::TwoThirds => 4,
            Self::Full => 6,
        }
    }

    pub(crate) const fn of_columns(columns: u8) -> Option<Self> {
        match columns {
            2 => Some(Self::Third),
            3 => Some(Self::Half),
            4 => Some(Self::TwoThirds),
            6 => Some(Self::Full),
            _ => None,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Third => "field third",
            Self::Half => "field half",
            Self::TwoThirds => "field two-thirds",
            Self::Full => "field",
        }
    }
}

/// What surrounds an input of any type.
#[derive(Debug)]
pub(crate) struct Control<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) width: Width,
    pub(crate) required: bool,
    pub(crate) hint: Option<String>,
    pub(crate) errors: Vec<&'a str>,
    /// What somebody else did to this field meanwhile.
    pub(crate) notice: Option<Markup>,
}

/// Attributes that tie an input to its label, hint and issues.
#[derive(Debug)]
pub(crate) struct Ties {
    pub(crate) id: String,
    pub(crate) described: Option<String>,
    pub(crate) invalid: Option<&'static str>,
    pub(crate) required: Option<&'static str>,
}

impl<'a> Control<'a> {
    pub(crate) fn new(name: &'a str, label: &'a str) -> Self {
        Self { name, label, width: Width::Full, required: false, hint: None, errors: Vec::new(), notice: None }
    }

    #[must_use]
    pub(crate) fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    #[must_use]
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn errors(mut self, errors: Vec<&'a str>) -> Self {
        self.errors = errors;
        self
    }

    pub(crate) fn ties(&self) -> Ties {
        let id = control_id(self.name);
        let mut described = Vec::new();
        if !self.errors.is_empty() {
            described.push(format!("error-{}", self.name));
        }
        if self.hint.is_some() {
            described.push(format!("hint-{}", self.name));
        }
        if self.notice.is_some() {
            described.push(format!("notice-{}", self.name));
        }
        Ties {
            id,
            described: (!described.is_empty()).then(|| described.join(" ")),
            invalid: (!self.errors.is_empty()).then_some("true"),
            required: self.required.then_some("true"),
        }
    }

    /// The field around an input that carries [`Control::ties`].
    pub(crate) fn around(&self, input: &Markup) -> Markup {
        html! {
            div class=(self.width.class()) {
                label for=(control_id(self.name)) { (self.label) (self.mark()) }
                (input)
                (self.below())
            }
        }
    }

    /// The field around several inputs, such as checkboxes: a group with a legend.
    pub(crate) fn group(&self, inputs: &Markup) -> Markup {
        let ties = self.ties();
        html! {
            fieldset class=(self.width.class()) id=(ties.id) tabindex="-1" aria-describedby=[ties.described] {
                legend class="label" { (self.label) (self.mark()) }
                (inputs)
                (self.below())
            }
        }
    }

    /// A switch with its words beside it.
    pub(crate) fn switch(&self, on: bool) -> Markup {
        let ties = self.ties();
        html! {
            div class={ (self.width.class()) " field-switch" } {
                label class="hit" {
                    input class="switch" type="checkbox" role="switch" id=(ties.id) name=(self.name) value="true" checked[on]
                        aria-describedby=[ties.described] aria-invalid=[ties.invalid];
                    (self.label)
                }
                (self.below())
            }
        }
    }

    /// One line of text.
    pub(crate) fn input(&self, kind: &str, value: &str, more: &Input<'_>) -> Markup {
        let ties = self.ties();
        self.around(&html! {
            input class="input" type=(kind) id=(ties.id) name=(self.name) value=(value) autocomplete=[more.autocomplete]
                inputmode=[more.inputmode] list=[more.list] placeholder=[more.placeholder] spellcheck=[more.spellcheck]
                autofocus[more.autofocus]
                aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required];
        })
    }

    /// A file to send.
    pub(crate) fn file(&self, accept: &str) -> Markup {
        let ties = self.ties();
        self.around(&html! {
            input class="input" type="file" id=(ties.id) name=(self.name) accept=(accept) required
                aria-describedby=[ties.described] aria-invalid=[ties.invalid];
        })
    }

    /// One of several words.
    pub(crate) fn select<'b>(&self, options: impl IntoIterator<Item = (&'b str, &'b str)>, current: &str) -> Markup {
        let ties = self.ties();
        self.around(&html! {
            select class="input" id=(ties.id) name=(self.name)
                aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required] {
                @for (value, title) in options { option value=(value) selected[value == current] { (title) } }
            }
        })
    }

    fn mark(&self) -> Markup {
        html! { @if self.required { " " span class="req" { "required" } } }
    }

    fn below(&self) -> Markup {
        html! {
            @if !self.errors.is_empty() {
                div id={ "error-" (self.name) } {
                    @for error in &self.errors { p class="field-error" { (icon("alert")) span { (error) } } }
                }
            }
            @if let Some(notice) = &self.notice { p class="field-notice" id={ "notice-" (self.name) } { (icon("info")) span { (notice) } } }
            @if let Some(hint) = &self.hint { p class="hint" id={ "hint-" (self.name) } { (hint) } }
        }
    }
}

/// What an input of one line may want beside its value.
#[derive(Debug, Default)]
pub(crate) struct Input<'a> {
    pub(crate) autocomplete: Option<&'a str>,
    pub(crate) inputmode: Option<&'a str>,
    pub(crate) list: Option<&'a str>,
    pub(crate) placeholder: Option<&'a str>,
    pub(crate) spellcheck: Option<&'a str>,
    pub(crate) autofocus: bool,
}

impl<'a> Input<'a> {
    pub(crate) fn autocomplete(token: &'a str) -> Self {
        Self { autocomplete: Some(token), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_tied_to_its_label_hint_and_issues() {
        let control = Control::new("due", "Due").hint("d/m/yyyy").errors(vec!["November has 30 days"]).required();
        let html = control.input("text", "31/11/\"2026", &Input::default()).into_string();
        assert!(html.contains("<label for=\"f-due\">Due <span class=\"req\">required</span></label>"), "{html}");
        assert!(
            html.contains("aria-describedby=\"error-due hint-due\" aria-invalid=\"true\" aria-required=\"true\""),
            "{html}"
        );
        assert!(html.contains("value=\"31/11/&quot;2026\""), "what was typed is kept: {html}");
    }
}
