//! Access rules as the host has them: what of the world a caller sees, and what they may do with it.

use super::call::World;
use super::plan::{Desk, Draft};
use super::{commit, no_record};
use crate::context::{Caller, Principal};
use crate::{ChangeKind, ErrorCode, Fault, Fields, Id, Issue, Page, Selection, Summary, Value};
use lignaflow_core::access::Deed;
use lignaflow_core::bind::Binder;
use lignaflow_core::caller as host;
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::descriptor::humanize;
use lignaflow_core::id::{OrganizationId, PersonId, RequestId};
use lignaflow_core::memory::Memory;
use lignaflow_core::name::CollectionName;
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::record::{Record, unknown_field};
use serde_json::Value as Json;

/// The caller as rules ask about them.
pub(super) fn viewer(world: &World, caller: &Caller) -> host::Caller {
    host::Caller {
        organization: OrganizationId(caller.organization),
        principal: match caller.principal {
            Principal::Person(person) => host::Principal::Person(PersonId(person)),
            Principal::Plugin => host::Principal::Plugin(world.descriptor.id.clone()),
            Principal::Link(_) | Principal::Anonymous => host::Principal::Anonymous,
        },
        role: None,
        permissions: caller.permissions.iter().cloned().collect(),
        locale: caller.locale.clone(),
        time_zone: caller.time_zone.clone(),
        currency: caller.currency,
        calendar: world.calendar.get(),
        request_id: RequestId(caller.request_id.parse().unwrap_or_else(|_| Id::from_parts(0, [0; 10]))),
        now: caller.now.micros(),
    }
}

impl World {
    fn bound<T>(
        &self,
        viewer: Option<&host::Caller>,
        bind: impl Fn(Binder<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let on = |catalog: &Catalog| bind(Binder { catalog, home: Some(&self.descriptor.id) });
        if let Some(viewer) = viewer {
            // Fields that they never see are as good as not there.
            on(&self.catalog.seen_by(viewer))?;
        }
        on(&self.catalog)
    }

    /// What a selection finds of what a viewer sees, or of everything.
    pub(super) fn find(&self, selection: &Selection, viewer: Option<&host::Caller>) -> Result<Page, Fault> {
        let bound = self.bound(viewer, |binder| binder.selection(selection))?;
        Ok(self.memory.borrow().seen_by(viewer).find(&bound))
    }

    /// Figures over what a viewer sees, or over everything.
    pub(super) fn summarize(&self, summary: &Summary, viewer: Option<&host::Caller>) -> Result<Page, Fault> {
        let whose = viewer.map(Reckoning::of).unwrap_or_default();
        let reckoning = Reckoning { calendar: self.calendar.get(), ..whose };
        let bound = self.bound(viewer, |binder| binder.summary(summary, &reckoning))?;
        let figures = self.memory.borrow().seen_by(viewer).summarize(&bound);
        figures.map_err(|error| {
            Fault::new(ErrorCode::Quota, format!("The sum `{}` is too large to be told.", error.label))
        })
    }

    /// A record that was saved, as whoever saved it sees it.
    pub(super) fn shown(&self, schema: &Schema, id: Id, viewer: &host::Caller) -> Option<Json> {
        let memory = self.memory.borrow();
        let mut record = memory.get(&schema.name, id)?.clone();
        let veiled = schema.veiled_fields(Some(viewer));
        let veiled: Vec<usize> =
            veiled.into_iter().filter(|(_, rule)| !memory.matches(rule, &record)).map(|(index, _)| index).collect();
        for index in veiled {
            record.values[index] = match &record.values[index] {
                Value::References(_) => Value::References(Vec::new()),
                _ => Value::Null,
            };
        }
        let mut shown = record.to_json(schema);
        if let Some(fields) = shown.as_object_mut() {
            let seen = self.catalog.seen_by(viewer);
            fields.retain(|name, _| seen.schema(&schema.name).is_none_or(|seen| !seen.hides(name)));
        }
        Some(shown)
    }
}

fn denied(schema: &Schema, deed: Deed) -> Fault {
    let one = schema.collection.title.one.to_lowercase();
    Fault::denied(match deed {
        Deed::Create => format!("You may not create such a {one}."),
        Deed::Update => format!("You may not change this {one} so."),
        Deed::Remove => format!("You may not archive this {one}."),
    })
}

impl Desk<'_> {
    /// Whether a client may do this with a record as it stands: of one that they do not see, there is nothing.
    pub(super) fn may_touch(&self, schema: &Schema, before: Option<&Record>, deed: Deed) -> Result<(), Fault> {
        let (viewer, memory) = (viewer(self.world, self.caller), self.world.memory.borrow());
        let Some(before) = before.filter(|record| memory.matches(&schema.readable(Some(&viewer)), record)) else {
            return Err(no_record(schema));
        };
        if memory.matches(&schema.allows(deed, Some(&viewer)), before) { Ok(()) } else { Err(denied(schema, deed)) }
    }

    /// Why a client may not give these fields of a draft a value; what stands already is no change. They are judged by the
    /// record as it was, or as it is to be where there was none.
    pub(super) fn denied_fields(&self, draft: &Draft, given: &Fields) -> Vec<Issue> {
        let schema = &draft.schema;
        let (viewer, memory) = (viewer(self.world, self.caller), self.world.memory.borrow());
        let record = draft.before.clone().unwrap_or_else(|| commit::record(draft, self.caller));
        let refused = |(name, value): (&String, &Value)| {
            let index = schema.position(name)?;
            let path = format!("{}/{name}", draft.prefix);
            if schema.field_readable(index, Some(&viewer)).is_never() {
                let seen = self.world.catalog.seen_by(&viewer);
                return Some(unknown_field(seen.schema(&schema.name).unwrap_or(schema), name, path));
            }
            let message = || format!("You may not set {}.", humanize(name).to_lowercase());
            let rule = schema.field_writable(index, Some(&viewer));
            let changes = draft.before.is_none() || draft.after.get(name) != Some(value);
            (changes && !memory.matches(&rule, &record)).then(|| Issue::new(path, "denied", message()))
        };
        given.iter().filter_map(refused).collect()
    }
}

/// Whether a client may leave a record as it is to be.
pub(super) fn may_leave(world: &World, next: &Memory, draft: &Draft, caller: &Caller) -> Result<(), Fault> {
    let deed = if draft.before.is_none() { Deed::Create } else { Deed::Update };
    if draft.by_plugin || draft.follows || draft.kind == ChangeKind::Remove {
        return Ok(());
    }
    let rule = draft.schema.allows(deed, Some(&viewer(world, caller)));
    let holds = next.get(&draft.schema.name, draft.id).is_none_or(|record| next.matches(&rule, record));
    if holds { Ok(()) } else { Err(denied(&draft.schema, deed)) }
}

/// Whether a client may refer to a record that stands.
pub(super) fn may_refer(world: &World, to: &CollectionName, record: &Record, caller: &Caller) -> bool {
    let rule = world.catalog.schema(to).map(|schema| schema.readable(Some(&viewer(world, caller))));
    rule.is_none_or(|rule| world.memory.borrow().matches(&rule, record))
}
