//! Whether the files that a change newly names may be there: brought by whoever writes, held by nothing else, of a type
//! and a size that the field takes. The commit asks once more who holds them.

use crate::answers;
use crate::plan::{Desk, Draft, Plan};
use lignaflow_core::catalog::SchemaField;
use lignaflow_core::descriptor::humanize;
use lignaflow_core::media::{Media, PDF, State, accepts, spoken_size};
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Id, Issue};
use std::collections::HashMap;

fn ids(value: Option<&Value>) -> &[Id] {
    match value {
        Some(Value::Reference(id)) => std::slice::from_ref(id),
        Some(Value::References(ids)) => ids,
        _ => &[],
    }
}

/// Each file that a draft newly names, with the field and its place there.
fn named(draft: &Draft) -> impl Iterator<Item = (&SchemaField, usize, Id)> {
    draft.schema.fields.iter().filter(|field| field.field.kind.is_media()).flat_map(|field| {
        let name = field.name.as_str();
        let before = ids(draft.before.as_ref().and_then(|before| before.get(&draft.schema, name)));
        let after = ids(draft.after.get(name)).iter().copied().enumerate();
        after.filter(|(_, id)| !before.contains(id)).map(move |(at, id)| (field, at, id))
    })
}

/// Refuses documents that nobody could find again: each is held by a field of a record that is written with it.
pub(crate) fn unheld(plan: &Plan) -> Result<(), Fault> {
    let held = |id: Id| plan.drafts.iter().flat_map(named).any(|(_, _, named)| named == id);
    match plan.documents.iter().find(|(_, document)| !held(document.id)) {
        None => Ok(()),
        Some((plugin, document)) => {
            tracing::warn!(%plugin, template = document.template, "no field of a record holds the document");
            let message = format!(
                "The plugin {plugin} asked for a document that no record which it writes holds. Nothing was changed."
            );
            Err(Fault::new(ErrorCode::PluginBadAnswer, message))
        }
    }
}

/// Why a field does not take a document, if it does not.
fn not_a_document(field: &SchemaField) -> Option<(&'static str, String)> {
    if field.field.accept.is_empty() || accepts(&field.field.accept, PDF) {
        return None;
    }
    let title = field.field.title.clone().unwrap_or_else(|| humanize(field.name.as_str()));
    Some(("file-type", format!("{title} takes {}, and no documents.", field.field.accept.join(", "))))
}

impl Desk<'_> {
    /// What is wrong with the files that these drafts newly name. Without any, nothing is asked.
    pub(crate) async fn check_files(&self, plan: &Plan) -> Result<Vec<Issue>, Fault> {
        let drafts = &plan.drafts;
        let wanted: Vec<Id> = drafts.iter().flat_map(named).map(|(_, _, id)| id).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.media(self.access, &wanted).await.map_err(answers::of_store)?;
        let found: HashMap<Id, Media> = found.into_iter().map(|media| (media.id, media)).collect();
        let mut issues = Vec::new();
        for draft in drafts {
            for (field, at, id) in named(draft) {
                let name = field.name.as_str();
                let path = if field.field.kind.is_list() {
                    format!("{}/{name}/{at}", draft.prefix)
                } else {
                    format!("{}/{name}", draft.prefix)
                };
                let made = plan.documents.iter().any(|(_, document)| document.id == id);
                let fault =
                    if made { not_a_document(field) } else { self.fault_of(draft, field, found.get(&id), &plan.files) };
                if let Some((code, message)) = fault {
                    issues.push(Issue::new(path, code, message));
                }
            }
        }
        Ok(issues)
    }

    fn fault_of(
        &self,
        draft: &Draft,
        field: &SchemaField,
        media: Option<&Media>,
        made: &[Id],
    ) -> Option<(&'static str, String)> {
        let title = field.field.title.clone().unwrap_or_else(|| humanize(field.name.as_str()));
        let here = |media: &&Media| {
            let place = media.place.as_ref();
            place.is_some_and(|place| place.record == draft.id && place.collection == draft.schema.name)
        };
        let own = |media: &&Media| {
            let brought = media.created_by.is_some() && media.created_by == self.caller.person();
            brought || made.contains(&media.id)
        };
        // What somebody else brought, or another record holds, is not told from what is not there.
        let Some(media) = media.filter(|media| media.state.is_whole() && (own(media) || here(media))) else {
            return Some(("unknown-file", format!("{title} names no file that you have brought. Upload it first.")));
        };
        if media.state == State::Attached && !here(&media) {
            return Some(("in-use", format!("“{}” is held by another record. Upload it once more.", media.name)));
        }
        if !field.field.accept.is_empty() && !accepts(&field.field.accept, &media.content_type) {
            let types = field.field.accept.join(", ");
            let message = format!("“{}” is {}; {title} takes {types}.", media.name, media.content_type);
            return Some(("file-type", message));
        }
        match field.field.max_bytes.filter(|most| media.size > *most) {
            Some(most) => {
                let (size, most) = (spoken_size(media.size), spoken_size(most));
                Some(("too-large", format!("“{}” has {size}; {title} takes files of up to {most}.", media.name)))
            }
            None => None,
        }
    }
}
