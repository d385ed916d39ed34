//! What guests may call, one capability a module. Each call counts against the call's limits before anything is done.

mod calendar;
mod context;
mod logging;
mod media;
mod outbound;
mod people;
mod records;
mod services;
mod settings;

use crate::call::State;
use crate::contract::lignaflow::plugin::{
    calendar as calendar_interface, context as context_interface, logging as logging_interface,
    media as media_interface, outbound as outbound_interface, people as people_interface, query,
    records as records_interface, services as services_interface, settings as settings_interface, types, writing,
};
use wasmtime::component::{HasSelf, Linker};

/// Links the contract, and WASI 0.2 with everything denied that a context does not allow.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    types::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    query::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    writing::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    context_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    records_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    people_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    calendar_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    logging_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    settings_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    services_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    media_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    outbound_interface::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

// Interfaces of types alone have nothing to call.
impl types::Host for State {}
impl query::Host for State {}
impl writing::Host for State {}
