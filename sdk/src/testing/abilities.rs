//! What the plugin is given beside records: its settings, and services of others. And its own services, called as
//! another plugin would.

use super::MemoryHost;
use super::call;
use crate::{Fault, Origin, Plugin, ServiceCall, Value};
use lignaflow_core::settings;
use serde_json::{Map, Value as Json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

type Served = Rc<dyn Fn(&str, &Json) -> Result<Json, Fault>>;

#[derive(Default)]
pub(super) struct Abilities {
    filled: RefCell<Map<String, Json>>,
    services: RefCell<HashMap<String, Served>>,
}

impl std::fmt::Debug for Abilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Abilities").field("filled", &self.filled).finish_non_exhaustive()
    }
}

impl<P: Plugin> MemoryHost<P> {
    /// Fills a setting in, as an administrator does.
    ///
    /// # Panics
    ///
    /// Where `plugin.toml` does not declare it, or the value does not fit.
    pub fn fill_in(&mut self, name: &str, value: impl Into<Json>) {
        let value = value.into();
        let (key, field) = self
            .world
            .descriptor
            .settings
            .get_key_value(name)
            .unwrap_or_else(|| panic!("plugin.toml declares no setting `{name}`"));
        if let Err(issue) = settings::read(key, field, &value) {
            panic!("the setting does not fit: {issue:?}");
        }
        self.world.abilities.filled.borrow_mut().insert(name.to_owned(), value);
    }

    /// Fills in what a preset does, as an administrator who takes it.
    ///
    /// # Panics
    ///
    /// Where `plugin.toml` does not declare it.
    pub fn take_preset(&mut self, name: &str) {
        let declared = self.world.descriptor.presets.iter().find(|preset| preset.name.as_str() == name);
        let preset = declared.unwrap_or_else(|| panic!("plugin.toml declares no preset `{name}`")).clone();
        for (name, value) in preset.values {
            self.fill_in(name.as_str(), value);
        }
    }

    /// Answers for a service of another plugin, `projects.budget`, by method and arguments. What it would write is left
    /// out: only this plugin's code runs.
    pub fn provide(&mut self, service: &str, answer: impl Fn(&str, &Json) -> Result<Json, Fault> + 'static) {
        self.world.abilities.services.borrow_mut().insert(service.to_owned(), Rc::new(answer));
    }

    /// Calls a service of the plugin as another one does, and carries its writes out.
    ///
    /// # Panics
    ///
    /// Where `plugin.toml` does not declare it, or the answer is no JSON.
    pub fn invoke(&mut self, service: &str, method: &str, arguments: &Json) -> Result<Json, Fault> {
        let declared = self.world.descriptor.service(service).and_then(|service| service.method(method));
        assert!(declared.is_some(), "plugin.toml declares no service `{service}` with a method `{method}`");
        let call =
            ServiceCall { service: service.to_owned(), method: method.to_owned(), arguments: arguments.to_string() };
        let answer = self.during(call::Kind::Route, || P::invoke(&call))?;
        self.carry_out(Origin::Service, answer.writes, true)?;
        Ok(serde_json::from_str(&answer.value).unwrap_or_else(|error| panic!("not JSON: {error}: {}", answer.value)))
    }
}

impl call::Call {
    pub(crate) fn setting(&self, key: &str) -> Option<Value> {
        settings::value(&self.world.descriptor, &self.world.abilities.filled.borrow(), key)
    }

    pub(crate) fn service(&self, service: &str, method: &str, arguments: &str) -> Result<String, Fault> {
        assert!(
            self.world.descriptor.grants.services.iter().any(|granted| granted == service),
            "plugin.toml does not ask for `{service}`: write services = [\"{service}\"] under [grants]"
        );
        let served = self.world.abilities.services.borrow().get(service).cloned();
        let served = served.unwrap_or_else(|| panic!("the test answers for no service `{service}`: see `provide`"));
        let arguments: Json =
            serde_json::from_str(arguments).unwrap_or_else(|error| panic!("not JSON: {error}: {arguments}"));
        served(method, &arguments).map(|answer| answer.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::testing::MemoryHost;
    use serde_json::json;

    const TOML: &str = r#"
        id = "quotes"
        version = "0.1.0"
        title = "Quotes"
        api = "0.1"

        [grants]
        services = ["projects.budget"]

        [settings]
        deposit = { type = "percent", default = 1000 }

        [[collections]]
        name = "quotes"
        title = { one = "Quote", many = "Quotes" }
        display = "title"
        fields = { title = { type = "text", required = true } }

        [[services]]
        name = "open"
        methods = [{ name = "quote", arguments = { type = "object" }, answer = { type = "object" } }]
    "#;

    struct Quotes;

    impl Plugin for Quotes {
        fn invoke(call: &ServiceCall) -> Result<ServiceAnswer, Fault> {
            let asked: serde_json::Value = call.json()?;
            let left: i64 = services::call("projects.budget", "left", &asked)?;
            let deposit = settings::all(["deposit"])?.integer("deposit");
            let id = context::new_id()?;
            let answer = ServiceAnswer::of(&json!({ "left": left, "deposit": deposit }))?;
            Ok(answer.with_writes([insert("quotes", id).set("title", "Kitchen")]))
        }
    }

    #[test]
    fn a_service_answers_with_what_others_and_the_settings_say_and_its_writes_are_carried_out() {
        let mut host = MemoryHost::<Quotes>::new(TOML);
        host.provide("projects.budget", |method, asked| {
            Ok(json!(i64::try_from(method.len()).unwrap() + asked["add"].as_i64().unwrap()))
        });
        assert_eq!(host.invoke("open", "quote", &json!({ "add": 3 })).unwrap(), json!({ "left": 7, "deposit": 1000 }));
        host.fill_in("deposit", 2500);
        assert_eq!(host.invoke("open", "quote", &json!({ "add": 0 })).unwrap()["deposit"], 2500);
        assert_eq!(host.count("quotes", all([])).unwrap(), 2);
        host.provide("projects.budget", |_, _| Err(Fault::new(ErrorCode::Unavailable, "Off.")));
        assert_eq!(host.invoke("open", "quote", &json!({})).unwrap_err().code, ErrorCode::Unavailable);
        assert_eq!(host.count("quotes", all([])).unwrap(), 2);
    }
}
