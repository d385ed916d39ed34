//! From a file to a plugin that can be called: what it asks for against what it was granted, its code against the
//! contract, and the code itself, compiled or out of the cache.

use crate::call::State;
use crate::contract::carrying::exports::lignaflow::plugin::migration;
use crate::contract::exports::lignaflow::plugin::{hooks, jobs, provider, routes, subscriber};
use crate::contract::lignaflow::plugin::writing::Mutation;
use crate::engine::Shared;
use crate::entry::Entry;
use crate::envelope::{Inspection, inspect};
use crate::fault::LoadFault;
use crate::plugin::LoadedPlugin;
use lignaflow_core::allowance::Allowance;
use lignaflow_core::descriptor::{Capability, Grants};
use std::sync::Arc;
use wasmtime::component::{Component, ComponentNamedList, InstancePre, Lift, Lower};

/// What every plugin's code exports. What came to the contract later is asked of those alone that declare a use for it.
const EXPORTS: [&str; 2] = ["hooks", "routes"];

/// A plugin's code with the functions that it exports. One that was built before an interface came to the contract has
/// none of it.
pub(crate) struct Code {
    pub(crate) instance: InstancePre<State>,
    pub(crate) before_save: Entry<(Vec<hooks::Change>,), hooks::Verdict>,
    pub(crate) handle: Entry<(routes::Request,), routes::Reply>,
    pub(crate) run: Option<Entry<Run, jobs::Slice>>,
    pub(crate) receive: Option<Entry<(Vec<subscriber::Event>,), Vec<Mutation>>>,
    pub(crate) migrate: Option<Entry<(migration::Portion,), Vec<Mutation>>>,
    pub(crate) invoke: Option<Entry<(String, String, String), provider::Answer>>,
}

/// A job's name, its payload, where the last slice ended, and the attempt.
type Run = (String, String, Option<String>, u16);

pub(crate) fn load(
    engine: &Arc<Shared>,
    bytes: &[u8],
    granted: &Grants,
    usual: &Allowance,
) -> Result<Arc<LoadedPlugin>, LoadFault> {
    let inspection = inspect(bytes)?;
    check_grants(&inspection, granted)?;
    let code = if inspection.descriptor.needs_code() { Some(code(engine, &inspection, bytes)?) } else { None };
    Ok(Arc::new(LoadedPlugin::new(engine, inspection, granted, usual, code)))
}

/// Everything that is missing, at once: an administrator consents to a list and not to one thing after another.
fn check_grants(inspection: &Inspection, granted: &Grants) -> Result<(), LoadFault> {
    let asked = &inspection.descriptor.grants;
    let mut missing = asked.missing_from(granted);
    for capability in Capability::ALL {
        let imports = inspection.interfaces.iter().any(|interface| interface == capability.interface());
        if imports && !asked.interfaces.contains(&capability) {
            missing.push(format!(
                "interface {}, which the code imports and `grants.interfaces` does not ask for",
                capability.interface()
            ));
        }
    }
    if asked.services.is_empty() && inspection.interfaces.iter().any(|interface| interface == "services") {
        missing.push("services, which the code imports and `grants.services` does not name".to_owned());
    }
    if asked.outbound.is_empty() && inspection.interfaces.iter().any(|interface| interface == "outbound") {
        missing.push("outbound, which the code imports and `grants.outbound` names no host for".to_owned());
    }
    if missing.is_empty() { Ok(()) } else { Err(LoadFault::NotGranted(missing)) }
}

fn code(engine: &Shared, inspection: &Inspection, bytes: &[u8]) -> Result<Code, LoadFault> {
    let descriptor = &inspection.descriptor;
    let wanted = [
        ("jobs", !descriptor.jobs.is_empty()),
        ("subscriber", !descriptor.subscriptions.is_empty()),
        ("migration", descriptor.migration.is_some()),
        ("provider", !descriptor.services.is_empty()),
    ];
    let missing: Vec<_> = EXPORTS
        .into_iter()
        .chain(wanted.into_iter().filter(|(_, used)| *used).map(|(name, _)| name))
        .filter(|name| !inspection.exports(name))
        .map(|name| format!("lignaflow:plugin/{name}"))
        .collect();
    if !missing.is_empty() {
        return Err(LoadFault::MissingExports(missing));
    }
    let component = component(engine, inspection, bytes)?;
    let instance = engine.linker.instantiate_pre(&component).map_err(|error| misfit(&error))?;
    Ok(Code {
        before_save: Entry::of(&component, "hooks", "before-save").map_err(|error| misfit(&error))?,
        handle: Entry::of(&component, "routes", "handle").map_err(|error| misfit(&error))?,
        run: entry(&component, inspection, ("jobs", "run"))?,
        receive: entry(&component, inspection, ("subscriber", "receive"))?,
        migrate: entry(&component, inspection, ("migration", "migrate"))?,
        invoke: entry(&component, inspection, ("provider", "invoke"))?,
        instance,
    })
}

/// A function that not every plugin has.
fn entry<P, T>(
    component: &Component,
    inspection: &Inspection,
    (interface, function): (&str, &str),
) -> Result<Option<Entry<P, T>>, LoadFault>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    T: Lift + Send + Sync + 'static,
{
    if !inspection.exports(interface) {
        return Ok(None);
    }
    Entry::of(component, interface, function).map(Some).map_err(|error| misfit(&error))
}

fn misfit(error: &wasmtime::Error) -> LoadFault {
    LoadFault::Misfit(format!("{error:#}"))
}

/// The compiled code: our own artefact of these very bytes where there is one, else compiled now and kept.
fn component(engine: &Shared, inspection: &Inspection, bytes: &[u8]) -> Result<Component, LoadFault> {
    if let Some(cache) = &engine.cache
        && let Some(artefact) = cache.read(&inspection.hash)
    {
        match deserialize(engine, &artefact) {
            Ok(component) => return Ok(component),
            Err(error) => tracing::warn!(plugin = %inspection.descriptor.id, %error, "compiling again"),
        }
    }
    let malformed = |error: wasmtime::Error| LoadFault::Malformed(format!("{error:#}"));
    let artefact = engine.compile(bytes)?;
    if let Some(cache) = &engine.cache {
        // Without it the next start compiles again, which is slow and right.
        if let Err(error) = cache.write(&inspection.hash, &artefact) {
            tracing::warn!(plugin = %inspection.descriptor.id, %error, "the compiled plugin was not kept");
        }
    }
    deserialize(engine, &artefact).map_err(malformed)
}

#[expect(unsafe_code, reason = "an artefact is machine code: it comes from this process or with this host's own seal")]
fn deserialize(engine: &Shared, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `artefact` is the output of `Engine::precompile_component` of this very engine, or of one of the same
    // settings in a child of this process and this program, handed over by a pipe that nobody else holds; or it was read
    // by the cache, which answers only with what carries a code of authentication under a key that this host alone can
    // read.
    unsafe { Component::deserialize(&engine.wasmtime, artefact) }
}
