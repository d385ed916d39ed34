//! Refusals of the store and of guest code, as what a caller is told. Inner causes stay in the log.

use crate::rights::{denied, denied_field};
use lignaflow_core::access::Deed;
use lignaflow_core::catalog::Schema;
use lignaflow_core::commit::{Action, Change, Commit, Refusal};
use lignaflow_core::custom;
use lignaflow_core::descriptor::humanize;
use lignaflow_core::guest::CallFault;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_store::StoreError;

pub(crate) fn no_record(schema: &Schema) -> Fault {
    Fault::not_found(schema.collection.title.one.to_lowercase())
}

pub(crate) fn of_store(error: StoreError) -> Fault {
    tracing::error!(%error, "a read of the store failed");
    of_refusal_kind(&Refusal::from(error))
}

fn of_refusal_kind(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::Unavailable => Fault::new(
            ErrorCode::Unavailable,
            "The database cannot be reached just now. Nothing was changed; try again shortly.",
        ),
        Refusal::Unknown => Fault::new(
            ErrorCode::Unavailable,
            "The connection to the database broke while saving. Look whether the change is there before you repeat it.",
        ),
        Refusal::Full => Fault::new(ErrorCode::Quota, "There is no room left to save this. Nothing was changed."),
        Refusal::Repeated => {
            Fault::new(ErrorCode::Conflict, "The same request is being carried out just now. Ask again for its answer.")
        }
        Refusal::Backlog { plugin } => Fault::new(
            ErrorCode::Quota,
            format!(
                "Too many jobs or letters of the plugin {plugin} wait, or links of it are open. Nothing was changed; try again later."
            ),
        ),
        Refusal::LinkClosed => Fault::denied("This link was closed meanwhile. Nothing was changed."),
        Refusal::Changed => {
            Fault::new(ErrorCode::Conflict, "Others keep changing the same records. Nothing was changed; try again.")
        }
        _ => Fault::internal(),
    }
}

/// What the caller is told of a refused commit. `prefixes` holds, for each change, where it stands in the input.
pub(crate) fn of_refusal(refusal: &Refusal, commit: &Commit, prefixes: &[String]) -> Fault {
    let place = |index: usize| prefixes.get(index).map_or("", String::as_str);
    match refusal {
        Refusal::IdTaken { index } => {
            let mut fault = Fault::new(ErrorCode::Conflict, "A record with this id is there already.");
            fault.issues.push(Issue::new(format!("{}/id", place(*index)), "taken", fault.message.clone()));
            fault
        }
        Refusal::Duplicate { index, rule } => {
            let Some(change) = commit.changes.get(*index) else { return Fault::internal() };
            let issues = duplicate(&change.schema, *rule, place(*index));
            let message = issues.first().map_or_else(String::new, |issue| issue.message.clone());
            Fault { issues, ..Fault::new(ErrorCode::Conflict, message) }
        }
        Refusal::Dangling { index, field, .. } => {
            let Some(change) = commit.changes.get(*index) else { return Fault::internal() };
            dangling(&change.schema, field, place(*index))
        }
        Refusal::Calculation { index, collection, field, trouble } => {
            let own = commit.changes.get(*index).filter(|change| change.schema.name == *collection);
            let at = match (own, commit.changes.get(*index)) {
                (None, Some(part)) => part.schema.collection.part_of.as_ref().map_or("", AsRef::as_ref),
                _ => field,
            };
            let message = format!("{} of {} cannot be calculated: {trouble}.", humanize(field), collection.local);
            Fault::invalid(vec![Issue::new(format!("{}/{at}", place(*index)), "derived", message)])
        }
        Refusal::Circle { index, field, .. } => circle(field, place(*index), &[]),
        Refusal::Referred { index, by, count } => {
            let message =
                format!("{count} of {} still refer to it. Archive those first, or point them elsewhere.", by.local);
            let mut fault = Fault::new(ErrorCode::Conflict, message.clone());
            if !place(*index).is_empty() {
                fault.issues.push(Issue::new(place(*index), "conflict", message));
            }
            fault
        }
        Refusal::Hidden { index } => {
            commit.changes.get(*index).map_or_else(Fault::internal, |change| no_record(&change.schema))
        }
        Refusal::Denied { index } => {
            let deed = |change: &Change| match change.action {
                Action::Insert { .. } => Deed::Create,
                Action::Update { .. } | Action::Restore => Deed::Update,
                Action::Archive => Deed::Remove,
            };
            commit.changes.get(*index).map_or_else(Fault::internal, |change| denied(&change.schema, deed(change)))
        }
        Refusal::DeniedField { index, field } => {
            let schema = commit.changes.get(*index).map(|change| &change.schema);
            let field = schema.and_then(|schema| schema.field(field));
            field.map_or_else(Fault::internal, |field| {
                Fault::invalid(vec![denied_field(field, format!("{}/{}", place(*index), field.name))])
            })
        }
        Refusal::Guard { index } => commit.guards.get(*index).map_or_else(Fault::internal, |guard| guard.fault.clone()),
        other => of_refusal_kind(other),
    }
}

/// A reference that leads in a circle, with what the records of it are called.
pub(crate) fn circle(field: &str, prefix: &str, names: &[String]) -> Fault {
    let through = if names.is_empty() { String::new() } else { format!(": {}", names.join(" → ")) };
    let message = format!("{} leads in a circle{through}.", humanize(field));
    Fault::invalid(vec![Issue::new(format!("{prefix}/{field}"), "cycle", message)])
}

/// That another record has the same by a unique rule, at each of its fields.
pub(crate) fn duplicate(schema: &Schema, rule: usize, prefix: &str) -> Vec<Issue> {
    let Some(rule) = schema.collection.unique.get(rule) else { return Vec::new() };
    let message = rule.message().map_or_else(
        || {
            let spoken: Vec<_> = rule.fields().iter().map(|field| humanize(field.as_str()).to_lowercase()).collect();
            let one = schema.collection.title.one.to_lowercase();
            format!("Another {one} has the same {} already.", spoken.join(" and "))
        },
        str::to_owned,
    );
    rule.fields().iter().map(|field| Issue::new(format!("{prefix}/{field}"), "duplicate", message.clone())).collect()
}

fn dangling(schema: &Schema, field: &str, prefix: &str) -> Fault {
    if schema.field(field).is_some_and(|field| field.field.kind.is_media()) {
        let message = format!("{} names no file that you have brought. Upload it first.", humanize(field));
        return Fault::at(format!("{prefix}/{field}"), "unknown-file", message);
    }
    Fault::invalid(vec![dangling_issue(schema, field, prefix)])
}

/// A reference to what is not there, or that whoever asks may not read.
pub(crate) fn dangling_issue(schema: &Schema, field: &str, prefix: &str) -> Issue {
    let what = schema
        .field(field)
        .and_then(|field| field.to.as_ref())
        .map_or_else(|| "person of this organization".to_owned(), |to| format!("record of {to}"));
    Issue::new(
        format!("{prefix}{}", custom::pointer(field)),
        "unknown-reference",
        format!("{} refers to no {what} that is in use.", humanize(field)),
    )
}

/// What the caller is told when guest code gave no answer.
pub(crate) fn of_call(fault: CallFault, plugin: &PluginId) -> Fault {
    if !matches!(fault, CallFault::Refused(_)) {
        tracing::warn!(%plugin, %fault, "a call of plugin code failed");
    }
    let kept = "Nothing was changed.";
    match fault {
        CallFault::Refused(fault) => fault,
        CallFault::Trapped => Fault::new(ErrorCode::PluginFailed, format!("The plugin {plugin} failed. {kept}")),
        CallFault::CpuExhausted => {
            Fault::new(ErrorCode::PluginCpu, format!("The plugin {plugin} used up its computing time. {kept}"))
        }
        CallFault::TimedOut => {
            Fault::new(ErrorCode::PluginTimeout, format!("The plugin {plugin} took too long. {kept}"))
        }
        CallFault::OutOfMemory => {
            Fault::new(ErrorCode::PluginOutOfMemory, format!("The plugin {plugin} used up its memory. {kept}"))
        }
        CallFault::Exhausted(what) => {
            Fault::new(ErrorCode::PluginExhausted, format!("The plugin {plugin} used up its {what}. {kept}"))
        }
        CallFault::BadAnswer(_) | CallFault::NoCode => Fault::new(
            ErrorCode::PluginBadAnswer,
            format!("The plugin {plugin} gave an answer that it may not give. {kept}"),
        ),
        CallFault::Busy => {
            Fault::new(ErrorCode::PluginBusy, "Too many calls are under way just now. Try again shortly.")
        }
        CallFault::SetAside => Fault::new(
            ErrorCode::PluginSetAside,
            format!(
                "This part of the plugin {plugin} kept failing and is set aside until an administrator has it called again. {kept}"
            ),
        ),
        CallFault::NotGranted(what) => {
            Fault::new(ErrorCode::Denied, format!("The plugin {plugin} was not granted {what}. {kept}"))
        }
    }
}
