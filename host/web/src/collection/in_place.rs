//! Cells of a list that are changed where they stand. Each has a pen, a link to its field in the record's form; script puts
//! that form's control in the cell.

use super::columns::{columns_chosen, field_title};
use super::draft::is_editable;
use super::form::lower_first;
use super::input::is_long;
use super::query::ListQuery;
use crate::icon::icon;
use crate::issues::control_id;
use crate::paths;
use lignaflow_core::catalog::{Catalog, Schema, SchemaField};
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::id::Id;
use maud::{Markup, html};
use std::collections::{BTreeMap, HashSet};

/// Which cells of a page of a list its reader may change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InPlace {
    records: HashSet<Id>,
    /// By position of the field; on which of the records, where not on all.
    fields: BTreeMap<usize, Option<HashSet<Id>>>,
}

impl InPlace {
    /// Of these records no field yet.
    pub fn of(records: HashSet<Id>) -> Self {
        Self { records, fields: BTreeMap::new() }
    }

    /// A field may be changed, on those of the records.
    pub fn allow(&mut self, index: usize, on: Option<HashSet<Id>>) {
        self.fields.insert(index, on);
    }

    /// Whether some of the shown columns may be changed on some record, be it none of this page.
    pub(super) fn is_any(&self) -> bool {
        !self.fields.is_empty()
    }

    fn allows(&self, record: Id, index: usize) -> bool {
        let on = self.fields.get(&index).filter(|_| self.records.contains(&record));
        on.is_some_and(|on| on.as_ref().is_none_or(|ids| ids.contains(&record)))
    }

    /// The way to change a cell, where it may be changed. `name` is what the record is called.
    pub(super) fn pen(&self, schema: &Schema, record: Id, index: usize, name: &str) -> Markup {
        if !self.allows(record, index) {
            return html! {};
        }
        let field = &schema.fields[index];
        let href = format!("{}#{}", paths::edit(&schema.name, record), control_id(field.name.as_str()));
        html! {
            a class="cell-edit" href=(href) data-cell={ (record) "/" (field.name) } tabindex="-1"
                aria-label={ "Change " (lower_first(&field_title(field))) " of " (name) } { (icon("pen")) }
        }
    }
}

/// The positions of the shown fields that a cell has room to change.
pub fn candidates(catalog: &Catalog, schema: &Schema, query: &ListQuery) -> Vec<usize> {
    let columns = columns_chosen(catalog, schema, &query.fields);
    columns.iter().filter(|column| fits(schema, column.field)).map(|column| column.index).collect()
}

/// Whether a field has a control, and one of a line. What several are chosen for, and files, want the form.
fn fits(schema: &Schema, field: &SchemaField) -> bool {
    let kind = field.field.kind;
    is_editable(schema, field)
        && !is_long(&field.field)
        && !kind.is_media()
        && !matches!(kind, FieldKind::References | FieldKind::People | FieldKind::Json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{catalog, project};

    #[test]
    fn short_fields_that_a_form_writes_are_offered_on_the_records_that_allow_it() {
        let catalog = catalog();
        let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
        let names = |query: &ListQuery| -> Vec<String> {
            let all = candidates(&catalog, schema, query);
            all.into_iter().map(|index| schema.fields[index].name.to_string()).collect()
        };
        let query = ListQuery::of([("fields", "status,number,due,budget,note,members")]);
        assert_eq!(names(&query), ["title", "due", "budget"], "no state, nothing of code, no list, no long text");

        let (record, other) = (project().id, Id::from_bytes([9; 16]));
        let due = schema.position("due").unwrap();
        let mut some = InPlace::of([record, other].into());
        some.allow(due, Some([record].into()));
        some.allow(0, None);
        assert!(some.allows(record, due) && !some.allows(other, due) && some.allows(other, 0));
        assert!(!some.allows(Id::from_bytes([8; 16]), 0), "what is locked or not theirs to change");
        let pen = some.pen(schema, record, due, "<Stair>").into_string();
        assert!(pen.contains(&format!("href=\"/projects/projects/{record}/edit#f-due\"")), "{pen}");
        assert!(pen.contains("aria-label=\"Change due of &lt;Stair&gt;\""), "{pen}");
        assert_eq!(some.pen(schema, other, due, "x").into_string(), "");
    }
}
