//! The same done to many records of a list at once: all of it, or nothing.

use super::house::{Visit, own_address};
use super::lookup;
use super::routed::{Pairs, first};
use axum::extract::{Path, RawForm};
use axum::response::Response;
use lignaflow_core::access;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{FieldKind, humanize};
use lignaflow_core::mutation::{Fields, Mutation, Origin};
use lignaflow_core::value::Value;
use lignaflow_core::{Fault, Id};
use lignaflow_web::blocks::BACK;
use lignaflow_web::blocks::report::Offer;
use lignaflow_web::collection::list::{CHOSEN, DEED};
use lignaflow_web::paths;

/// Records of one deed: a page of a list.
const MOST: usize = 200;
/// Issues that are told of a refusal.
const TOLD: usize = 3;
/// Choice fields up to this many values are offered value by value.
const VALUES: usize = 8;

/// What is done to each.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    Archive,
    Restore,
    Transition(String),
    /// A choice field and its value.
    Set(String, String),
}

impl Deed {
    /// As a form sends it.
    fn word(&self) -> String {
        match self {
            Self::Archive => "archive".to_owned(),
            Self::Restore => "restore".to_owned(),
            Self::Transition(name) => format!("to:{name}"),
            Self::Set(field, value) => format!("set:{field}={value}"),
        }
    }

    fn mutation(&self, schema: &Schema, id: Id) -> Mutation {
        let (collection, expected) = (schema.name.to_string(), None);
        match self {
            Self::Archive => Mutation::Remove { collection, id, expected },
            Self::Restore => Mutation::Restore { collection, id, expected },
            Self::Transition(name) => {
                Mutation::Transition { collection, id, expected, name: name.clone(), fields: Fields::new() }
            }
            Self::Set(field, value) => {
                let fields = Fields::from([(field.clone(), Value::Text(value.clone()))]);
                Mutation::Update { collection, id, expected, fields }
            }
        }
    }
}

/// What may be done to the records of a list, with what each is called. What it does not do to one of them is told then.
fn all(visit: &Visit, schema: &Schema, archived: bool) -> Vec<(Deed, String)> {
    if !visit.may_write() {
        return Vec::new();
    }
    let may = |what| !schema.allows(what, Some(&visit.signed.caller)).is_never();
    let updates = may(access::Deed::Update);
    if archived {
        return if updates { vec![(Deed::Restore, "Take back".to_owned())] } else { Vec::new() };
    }
    let plugin = &schema.name.plugin;
    let open = schema.collection.transitions.iter().filter(|transition| {
        let may = |permission| visit.signed.caller.holds(&format!("{plugin}.{permission}"));
        updates && !transition.by_code && transition.asks.is_empty() && transition.permission.as_ref().is_none_or(may)
    });
    let mut deeds: Vec<(Deed, String)> = open
        .map(|transition| {
            let title = transition.title.clone().unwrap_or_else(|| humanize(transition.name.as_str()));
            (Deed::Transition(transition.name.to_string()), title)
        })
        .collect();
    for field in &schema.fields {
        let name = field.name.as_str();
        let set = updates
            && field.field.kind == FieldKind::Choice
            && field.field.of.len() <= VALUES
            && !field.field.is_read_only()
            && field.field.derived.is_none()
            && !schema.collection.is_state(name);
        if set {
            let title = field.field.title.clone().unwrap_or_else(|| humanize(name));
            deeds.extend(field.field.of.iter().map(|value| {
                (Deed::Set(name.to_owned(), value.clone()), format!("{title}: {}", field.field.choice_title(value)))
            }));
        }
    }
    if may(access::Deed::Remove) {
        deeds.push((Deed::Archive, "Archive".to_owned()));
    }
    deeds
}

/// The same as a list offers it.
pub(super) fn offers(visit: &Visit, schema: &Schema, archived: bool) -> Vec<Offer> {
    all(visit, schema, archived).into_iter().map(|(deed, title)| Offer { value: deed.word(), title }).collect()
}

/// `POST /{plugin}/{collection}/-/bulk`.
pub(super) async fn act(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let pairs: Pairs = form_urlencoded::parse(&body).into_owned().collect();
    let back = first(&pairs, BACK).map_or_else(|| paths::list(&schema.name), |back| own_address(back).to_owned());
    let word = first(&pairs, DEED).unwrap_or_default();
    let deeds = [false, true].into_iter().flat_map(|archived| all(&visit, &schema, archived));
    let Some((deed, title)) = deeds.into_iter().find(|(deed, _)| deed.word() == word) else {
        return visit.go(&back, "Choose what is to be done.");
    };
    let mut ids: Vec<Id> =
        pairs.iter().filter(|(name, _)| name == CHOSEN).filter_map(|(_, text)| lookup::id(text)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST {
        return visit.go(&back, &format!("Tick what it is to be done to: 1 to {MOST}."));
    }
    let mutations = ids.iter().map(|id| deed.mutation(&schema, *id)).collect();
    let titles = &schema.collection.title;
    let what = if ids.len() == 1 { titles.one.to_lowercase() } else { titles.many.to_lowercase() };
    match visit.app.records.write(&visit.signed.caller, Origin::Page, mutations).await {
        Ok(_) => visit.go(&back, &format!("{title}: {} {what}.", ids.len())),
        Err(fault) => visit.go(&back, &refused(&fault)),
    }
}

/// Why nothing was done.
fn refused(fault: &Fault) -> String {
    let mut told: Vec<&str> = fault.issues.iter().map(|issue| issue.message.as_str()).collect();
    told.dedup();
    told.truncate(TOLD);
    let why = if told.is_empty() { fault.message.clone() } else { told.join(" ") };
    format!("Nothing was changed. {why}")
}
