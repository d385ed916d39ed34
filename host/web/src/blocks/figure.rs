//! One number, large, that opens its records.

use crate::collection::Cells;
use crate::format::{money, plain_text};
use lignaflow_core::descriptor::Field;
use lignaflow_core::value::Value;
use maud::{Markup, html};

/// A count or a sum. A sum of money has a value for each currency.
#[derive(Debug, Clone)]
pub struct FigureView {
    pub title: String,
    pub values: Vec<Value>,
    /// The field that was summed, or a bare integer for a count: it says how to write the value.
    pub field: Field,
    /// The records behind it.
    pub href: Option<String>,
}

pub(super) fn draw(view: &FigureView, cells: Cells<'_>) -> Markup {
    let reader = cells.reader;
    let texts: Vec<String> = view
        .values
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| match value {
            Value::Money(amount) => money(*amount, reader.currency, &reader.locale),
            other => plain_text(&view.field, other, reader),
        })
        .collect();
    html! {
        div class="figure" {
            dt { (view.title) }
            dd class="value" {
                @if let Some((first, rest)) = texts.split_first() {
                    @match &view.href {
                        Some(href) => a href=(href) { (first) },
                        None => (first),
                    }
                    @for more in rest { " " small { (more) } }
                } @else {
                    // Nothing to sum is not zero.
                    span class="faint" { span aria-hidden="true" { "–" } span class="visually-hidden" { "nothing yet" } }
                }
            }
        }
    }
}
