//! The control of a field, by its type.

use super::draft::{Draft, FIND};
use super::files;
use crate::control::{Control, Input, Width};
use crate::format::{duration_plain, integer, percent_plain, symbol};
use crate::labels::{Choice, Choices, Labels};
use crate::locale::DateOrder;
use crate::paths;
use crate::reader::Reader;
use lignaflow_core::catalog::SchemaField;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::id::Id;
use maud::{Markup, html};

/// Texts with more characters than this get a box of several lines.
const ONE_LINE: i64 = 500;
/// Lists of so few choices are checkboxes.
const CHECKBOXES: usize = 12;

/// Whether a text is written in a box of several lines.
pub(super) fn is_long(field: &Field) -> bool {
    match field.kind {
        FieldKind::Text => field.max_characters() > ONE_LINE,
        FieldKind::Json => true,
        _ => false,
    }
}

pub(super) fn width(field: &SchemaField, is_display: bool) -> Width {
    match field.field.kind {
        FieldKind::Text if is_display => Width::TwoThirds,
        FieldKind::Text if field.field.max_characters() <= 60 => Width::Third,
        FieldKind::Text if field.field.max_characters() <= 200 => Width::Half,
        FieldKind::Instant | FieldKind::Reference | FieldKind::Person | FieldKind::Boolean => Width::Half,
        FieldKind::Text | FieldKind::Json | FieldKind::References | FieldKind::People => Width::Full,
        kind if kind.is_media() => Width::Full,
        _ => Width::Third,
    }
}

/// How wide a field is that is none of a record's.
pub(crate) fn input_width(field: &SchemaField) -> Width {
    width(field, false)
}

/// What is needed to draw any field's control.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) choices: &'a crate::labels::ChoicesByField,
    pub(crate) labels: &'a Labels,
    pub(crate) reader: &'a Reader,
}

impl Inputs<'_> {
    pub(crate) fn draw(&self, field: &SchemaField, mut control: Control<'_>) -> Markup {
        let name = field.name.as_str();
        let text = self.draft.text(name);
        if control.hint.is_none() {
            control.hint = self.hint(&field.field);
        }
        match field.field.kind {
            FieldKind::Text if is_long(&field.field) => long_text(&control, text, false),
            FieldKind::Json => long_text(&control, text, true),
            FieldKind::Text => {
                // The descriptor has no types of texts; the names that people give to two of them are plain enough.
                let (kind, token) = match name {
                    "email" | "mail" => ("email", Some("off")),
                    "phone" | "mobile" => ("tel", Some("off")),
                    _ => ("text", Some("off")),
                };
                control.input(kind, text, &Input { autocomplete: token, ..Input::default() })
            }
            FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes => {
                // A number pad has no minus and no colon.
                let digits = field.field.kind == FieldKind::Integer && field.field.min.is_some_and(|min| min >= 0);
                numeric(&control, text, if digits { "numeric" } else { "text" }, None, None)
            }
            FieldKind::Decimal => numeric(&control, text, "decimal", None, None),
            FieldKind::Percent => numeric(&control, text, "decimal", None, Some("%")),
            FieldKind::Money => self.money(name, &control, text),
            FieldKind::Boolean => control.switch(text == "true"),
            FieldKind::Date => self.date(&control, text, "date"),
            FieldKind::Instant => self.date(&control, text, "datetime-local"),
            FieldKind::Choice => choice(&field.field, &control, text),
            FieldKind::Reference | FieldKind::Person => self.reference(field, &control, text),
            FieldKind::References | FieldKind::People => self.references(field, &control, text),
            FieldKind::Media | FieldKind::Files => files::control(field, &control, text, self.labels),
        }
    }

    /// The descriptor's own words, and the bounds that a number must keep.
    fn hint(&self, field: &Field) -> Option<String> {
        if field.kind.is_media() {
            return files::hint(field);
        }
        let locale = &self.reader.locale;
        let bound = |value: i64| match field.kind {
            FieldKind::Duration => duration_plain(value),
            FieldKind::Minutes => duration_plain(value.saturating_mul(60)),
            FieldKind::Percent => percent_plain(value, locale),
            FieldKind::Money => {
                let amount = lignaflow_core::Money { minor: value, currency: self.reader.currency };
                crate::format::money(amount, self.reader.currency, locale)
            }
            _ => integer(value, locale),
        };
        let range = match field.kind {
            FieldKind::Integer | FieldKind::Duration | FieldKind::Minutes | FieldKind::Percent | FieldKind::Money => {
                match (field.min, field.max) {
                    (Some(min), Some(max)) => Some(format!("{} to {}", bound(min), bound(max))),
                    (None, Some(max)) => Some(format!("At most {}", bound(max))),
                    (Some(min), None) if min != 0 => Some(format!("At least {}", bound(min))),
                    _ => None,
                }
            }
            FieldKind::Text if is_long(field) => {
                Some(format!("Up to {} characters", integer(field.max_characters(), locale)))
            }
            FieldKind::Instant => Some(format!("{} time", self.reader.zone_name())),
            _ => None,
        };
        let form = match field.kind {
            FieldKind::Minutes => Some("2:30, 2.5 or 150m".to_owned()),
            FieldKind::Duration if field.help.is_none() => Some("2:30, 2.5 or 150m".to_owned()),
            _ => None,
        };
        let parts: Vec<String> = [field.help.clone(), form, range].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    fn money(&self, name: &str, control: &Control<'_>, text: &str) -> Markup {
        let home = self.reader.currency;
        let currency = self.draft.currency(name).unwrap_or(home);
        html! {
            (numeric(control, text, "decimal", Some(symbol(currency, home).trim_end()), None))
            @if currency != home { input type="hidden" name={ (name) "~currency" } value=(currency); }
        }
    }

    fn date(&self, control: &Control<'_>, text: &str, kind: &str) -> Markup {
        let ties = control.ties();
        let pattern = self.reader.locale.date;
        let order = match pattern.order {
            DateOrder::DayMonthYear => "dmy",
            DateOrder::MonthDayYear => "mdy",
            DateOrder::YearMonthDay => "ymd",
        };
        let hint = self.reader.locale.date_hint();
        let placeholder = if kind == "date" { hint } else { format!("{hint}, hh:mm") };
        control.around(&html! {
            lf-date data-kind=(kind) data-order=(order) data-separator=(pattern.separator) data-padded=[pattern.padded.then_some("")] {
                div class="affix" {
                    input class="input" type="text" id=(ties.id) name=(control.name) value=(text) placeholder=(placeholder) autocomplete="off"
                        aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required];
                }
            }
        })
    }

    fn choices_of(&self, field: &SchemaField) -> (&[Choice], bool) {
        self.choices
            .get(field.name.as_str())
            .map_or((&[], false), |Choices { items, more, .. }| (items.as_slice(), *more))
    }

    /// The address where script looks for choices.
    fn source(field: &SchemaField) -> Option<String> {
        match field.field.kind {
            FieldKind::Person | FieldKind::People => Some(paths::PEOPLE_CHOICES.to_owned()),
            _ => field.to.as_ref().map(paths::choices),
        }
    }

    fn reference(&self, field: &SchemaField, control: &Control<'_>, text: &str) -> Markup {
        let (items, more) = self.choices_of(field);
        let new = self.choices.get(field.name.as_str()).and_then(|choices| choices.new.as_ref());
        let ties = control.ties();
        let current = text.parse::<Id>().ok();
        let listed = current.is_none_or(|id| items.iter().any(|item| item.id == id));
        control.around(&html! {
            lf-reference data-source=[Self::source(field)] data-more=[more.then_some("")] data-new=[new] {
                select class="input" id=(ties.id) name=(control.name)
                    aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required] {
                    option value="" { (if control.required { "Choose" } else { "None" }) }
                    @if let Some(id) = current && !listed {
                        option value=(id) selected { (self.labels.get(id).unwrap_or("The one chosen before")) }
                    } @else if current.is_none() && !text.is_empty() {
                        option value=(text) selected { (text) }
                    }
                    @for item in items { (option(item, current == Some(item.id))) }
                }
                @if more { (self.finder(control)) }
            }
        })
    }

    fn references(&self, field: &SchemaField, control: &Control<'_>, text: &str) -> Markup {
        let (items, more) = self.choices_of(field);
        let chosen: Vec<Id> = text.split(',').filter_map(|id| id.trim().parse().ok()).collect();
        let unlisted: Vec<Id> = chosen.iter().copied().filter(|id| !items.iter().any(|item| item.id == *id)).collect();
        let name_of = |id: Id| self.labels.get(id).unwrap_or("One chosen before");
        if !more && items.len() + unlisted.len() <= CHECKBOXES {
            let checkbox = |id: Id, label: &str| {
                html! {
                    label class="hit" {
                        input type="checkbox" name=(control.name) value=(id) checked[chosen.contains(&id)];
                        (label)
                    }
                }
            };
            return control.group(&html! {
                div class="checks" {
                    @for id in &unlisted { (checkbox(*id, name_of(*id))) }
                    @for item in items { (checkbox(item.id, &item.label)) }
                    @if items.is_empty() && unlisted.is_empty() { p class="faint" { "There is nothing to choose yet." } }
                }
            });
        }
        let ties = control.ties();
        control.around(&html! {
            lf-references data-source=[Self::source(field)] data-more=[more.then_some("")] {
                select class="input" id=(ties.id) name=(control.name) multiple size="6"
                    aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required] {
                    @for id in &unlisted { option value=(id) selected { (name_of(*id)) } }
                    @for item in items { (option(item, chosen.contains(&item.id))) }
                }
                @if more { (self.finder(control)) }
            }
        })
    }

    /// Without script: a name to look for, and the form comes back with what was found among the choices.
    fn finder(&self, control: &Control<'_>) -> Markup {
        html! {
            div class="finder without-script" {
                input class="input" type="search" name={ (control.name) "~find" } value=(self.draft.find_text(control.name))
                    aria-label={ "Part of a name, to find " (control.label) } placeholder="Not in the list? Part of its name";
                button class="btn" type="submit" name=(FIND) value=(control.name) { "Find" }
            }
        }
    }
}

fn option(item: &Choice, selected: bool) -> Markup {
    html! {
        option value=(item.id) selected[selected] data-hint=[(!item.hint.is_empty()).then_some(&item.hint)] { (item.label) }
    }
}

fn long_text(control: &Control<'_>, text: &str, code: bool) -> Markup {
    let ties = control.ties();
    control.around(&html! {
        textarea class={ "input" @if code { " code" } } id=(ties.id) name=(control.name) rows=(if code { 5 } else { 3 })
            spellcheck=[code.then_some("false")]
            aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required] {
            // The first line end of a box is not part of its text.
            "\n" (text)
        }
    })
}

/// A figure, right-aligned, with what is fixed before or after it.
fn numeric(control: &Control<'_>, text: &str, inputmode: &str, before: Option<&str>, after: Option<&str>) -> Markup {
    let ties = control.ties();
    let input = html! {
        input class="input input-num" type="text" id=(ties.id) name=(control.name) value=(text) inputmode=(inputmode) autocomplete="off"
            aria-describedby=[ties.described] aria-invalid=[ties.invalid] aria-required=[ties.required];
    };
    control.around(&html! {
        @if before.is_some() || after.is_some() {
            div class="affix" {
                @if let Some(before) = before { span { (before) } }
                (input)
                @if let Some(after) = after { span { (after) } }
            }
        } @else { (input) }
    })
}

fn choice(field: &Field, control: &Control<'_>, text: &str) -> Markup {
    let titles: Vec<String> = field.of.iter().map(|choice| field.choice_title(choice)).collect();
    let mut options: Vec<(&str, &str)> = Vec::new();
    if !field.required || text.is_empty() {
        options.push(("", if field.required { "Choose" } else { "None" }));
    }
    options.extend(field.of.iter().map(String::as_str).zip(titles.iter().map(String::as_str)));
    // What is no choice any more is still told, so that it can be corrected.
    if !text.is_empty() && !field.of.iter().any(|choice| choice == text) {
        options.push((text, text));
    }
    control.select(options, text)
}
