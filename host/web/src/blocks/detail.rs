//! Some facts of the record whose page it is, in a strip above the rest.

use super::TableColumn;
use crate::collection::{Cells, tag};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::value::Value;
use maud::{Markup, html};

#[derive(Debug, Clone)]
pub struct DetailView {
    pub facts: Vec<(TableColumn, Value)>,
}

pub(super) fn draw(view: &DetailView, cells: Cells<'_>) -> Markup {
    html! {
        dl class="project-strip" {
            @for (fact, value) in view.facts.iter().filter(|(_, value)| !value.is_null()) {
                div {
                    dt { (fact.title) }
                    dd {
                        @match value {
                            Value::Text(state) if fact.state && fact.field.kind == FieldKind::Choice => (tag(&fact.field.of, state)),
                            Value::Money(amount) => (crate::format::money(*amount, cells.reader.currency, &cells.reader.locale)),
                            other => (cells.bare(&fact.field, fact.to.as_ref(), other)),
                        }
                    }
                }
            }
        }
    }
}
