//! A function that plugins' code exports. That its types are those of the contract is proved at the first call of a
//! component: what is proved there holds for each of its instances, and takes longer than entering one.

use crate::call::State;
use crate::contract::lignaflow::plugin::types::Error as WireError;
use crate::envelope::PACKAGE;
use lignaflow_core::CONTRACT;
use std::marker::PhantomData;
use std::sync::OnceLock;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Func, Instance, Lift, Lower, TypedFunc,
};
use wasmtime::{AsContext, Store};

/// It takes `P`, a tuple, and answers `T` or an error, as every function of the contract does.
pub(crate) struct Entry<P, T> {
    index: ComponentExportIndex,
    proved: OnceLock<()>,
    types: PhantomData<fn(P) -> T>,
}

/// What a function returns: one value, as a tuple.
type Returned<T> = (Result<T, WireError>,);

impl<P, T> Entry<P, T>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    T: Lift + Send + Sync + 'static,
{
    /// A function of an interface of the contract.
    pub(crate) fn of(component: &Component, interface: &str, function: &str) -> wasmtime::Result<Self> {
        let name = format!("{PACKAGE}/{interface}@{CONTRACT}.0");
        let index = component
            .get_export_index(None, &*name)
            .and_then(|interface| component.get_export_index(Some(&interface), function))
            .ok_or_else(|| wasmtime::Error::msg(format!("it exports no function `{function}` of {name}")))?;
        Ok(Self { index, proved: OnceLock::new(), types: PhantomData })
    }

    /// Calls it in an instance of the component that it is of.
    pub(crate) async fn call(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        arguments: P,
    ) -> wasmtime::Result<Result<T, WireError>> {
        let lacks = || wasmtime::Error::msg("the code does not export what it is called for");
        let function = instance.get_func(&mut *store, self.index).ok_or_else(lacks)?;
        let (answer,) = self.typed(&mut *store, function)?.call_async(store, arguments).await?;
        Ok(answer)
    }

    #[expect(unsafe_code, reason = "the types of one component are compared once, and not at every call")]
    fn typed(&self, store: impl AsContext, function: Func) -> wasmtime::Result<TypedFunc<P, Returned<T>>> {
        if self.proved.get().is_some() {
            // SAFETY: a function with these types was found at this very index of the same component, whose instances
            // all have the types that it has: `get_func` finds nothing by an index of another component.
            return Ok(unsafe { TypedFunc::new_unchecked(function) });
        }
        let typed = function.typed(store)?;
        let _ = self.proved.set(());
        Ok(typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::component::Linker;
    use wasmtime::{Config, Engine};

    /// A component whose function has other types than the contract says.
    const OTHER: &str = r#"(component
        (core module $code (func (export "handle") (param i32) (result i32) local.get 0))
        (core instance $code (instantiate $code))
        (func $handle (param "given" u32) (result u32) (canon lift (core func $code "handle")))
        (instance $routes (export "handle" (func $handle)))
        (export "lignaflow:plugin/routes@CONTRACT.0" (instance $routes))
    )"#;

    #[test]
    fn a_function_of_other_types_is_refused_at_every_call() {
        let engine = Engine::new(Config::new().wasm_component_model(true)).unwrap();
        let bytes = wat::parse_str(OTHER.replace("CONTRACT", CONTRACT)).unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let entry = Entry::<(String,), String>::of(&component, "routes", "handle").unwrap();
        for _ in 0..2 {
            let mut store = wasmtime::Store::new(&engine, ());
            let instance = Linker::new(&engine).instantiate(&mut store, &component).unwrap();
            let function = instance.get_func(&mut store, entry.index).unwrap();
            assert!(entry.typed(&store, function).is_err());
            assert!(entry.proved.get().is_none());
        }
        assert!(Entry::<(String,), String>::of(&component, "routes", "invoke").is_err(), "it exports no such function");
    }
}
