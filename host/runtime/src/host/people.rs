//! Names, locales and zones of the organization's people.

use crate::call::State;
use crate::contract::lignaflow::plugin::people::{Host, Person};
use crate::stop::Stop;
use lignaflow_core::descriptor::Capability;
use lignaflow_core::error::Fault;
use lignaflow_core::reads::Person as HostPerson;

impl Host for State {
    async fn get(&mut self, id: String) -> wasmtime::Result<Option<Person>> {
        self.charge()?;
        self.demand(Capability::People)?;
        // A text that is no id is nobody's.
        let Ok(id) = id.parse() else { return Ok(None) };
        let reads = self.reads.clone();
        let person = reads.person(id).await.map_err(unanswered)?;
        let person = person.map(to_wire);
        self.hand_over(person.iter().len(), person.iter().map(weight).sum())?;
        Ok(person)
    }

    async fn holding(&mut self, permission: Option<String>) -> wasmtime::Result<Vec<Person>> {
        self.charge()?;
        self.demand(Capability::People)?;
        let reads = self.reads.clone();
        let people = reads.people(permission.as_deref()).await.map_err(unanswered)?;
        let people: Vec<_> = people.into_iter().map(to_wire).collect();
        self.hand_over(people.len(), people.iter().map(weight).sum())?;
        Ok(people)
    }
}

/// This interface has no error to answer with, so the call ends with the host's.
fn unanswered(fault: Fault) -> Stop {
    Stop::Refused(fault)
}

fn to_wire(person: HostPerson) -> Person {
    Person {
        id: person.id.to_string(),
        name: person.name,
        active: person.active,
        locale: person.locale,
        time_zone: person.time_zone,
    }
}

fn weight(person: &Person) -> usize {
    size_of::<Person>() + person.id.len() + person.name.len() + person.locale.len() + person.time_zone.len()
}
