//! What a descriptor says of records that belong together: parts of a whole, those that are removed with another, and
//! references that never lead in a circle.

use super::{Collection, Descriptor, Field, FieldKind, OnDelete};
use crate::name::CollectionName;

/// How many wholes may stand above a part.
const MAX_WHOLES: usize = 8;

pub(super) fn check(descriptor: &Descriptor, collection: &Collection, key: &str, say: &mut impl FnMut(String, String)) {
    if let Some(name) = &collection.part_of {
        if let Err(message) = whole(descriptor, collection) {
            say(format!("{key}.part_of"), format!("`{name}` {message}"));
        } else if above(descriptor, collection).is_none() {
            let message = format!("parts of parts lead in a circle, or more than {MAX_WHOLES} deep");
            say(format!("{key}.part_of"), message);
        }
    }
    for (name, field) in &collection.fields {
        let at = format!("{key}.fields.{name}");
        if field.on_delete == OnDelete::Cascade && field.kind != FieldKind::Reference {
            say(format!("{at}.on_delete"), "only a single reference can remove its record with the other".into());
        }
        let refers = matches!(field.kind, FieldKind::Reference | FieldKind::References);
        if field.related_title.is_some() && !refers {
            say(format!("{at}.related_title"), "only records are listed with what they refer to".into());
        }
        if field.acyclic && !(refers && leads_to(descriptor, field).as_deref() == Some(collection.name.as_str())) {
            say(format!("{at}.acyclic"), format!("it must refer to `{}`, its own collection", collection.name));
        }
    }
}

/// The collection of this plugin that a field refers to, by its local name.
fn leads_to(descriptor: &Descriptor, field: &Field) -> Option<String> {
    let name = CollectionName::within(&descriptor.id, field.to.as_deref()?).ok()?;
    (name.plugin == descriptor.id).then(|| name.local.as_str().to_owned())
}

/// The collection that this one is a part of.
fn whole<'a>(descriptor: &'a Descriptor, collection: &Collection) -> Result<&'a Collection, &'static str> {
    let name = collection.part_of.as_ref().ok_or("is not declared")?;
    let field = collection.field(name.as_str()).ok_or("is not a field")?;
    if field.kind != FieldKind::Reference || !field.required {
        return Err("must be a required reference");
    }
    let to = leads_to(descriptor, field).ok_or("must refer to a collection of this plugin")?;
    if to == collection.name.as_str() {
        return Err("must refer to another collection");
    }
    descriptor.collection(&to).ok_or("must refer to a collection of this plugin")
}

/// How many wholes stand above a collection; none where they lead in a circle.
fn above(descriptor: &Descriptor, collection: &Collection) -> Option<usize> {
    let (mut count, mut at) = (0, collection);
    while at.part_of.is_some() {
        count += 1;
        if count > MAX_WHOLES {
            return None;
        }
        let Ok(next) = whole(descriptor, at) else { break };
        at = next;
    }
    Some(count)
}
