//! What keeps failing is set aside, alone: one hook, route, job or subscriber, not its plugin. It takes faults of the
//! plugin's own code in a row. Where they are met by several people of one organization, it is set aside there; where by
//! several organizations, everywhere: nobody can have it set aside for others with an input that only they send. An
//! administrator has it called again.

use crate::tallies::Kind;
use lignaflow_core::caller::{Caller, Principal};
use lignaflow_core::guest::CallFault;
use lignaflow_core::id::OrganizationId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// Faults in a row, and the people of an organization, or the organizations, that met them.
const FAULTS: u32 = 10;
const CALLERS: usize = 3;

/// A part of a plugin that is called by itself: a route or a job by its name, a hook as `before-save`, a subscriber as
/// `receive`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// `before-save`, `route`, `job` or `subscriber`.
    pub kind: String,
    pub name: String,
    /// Where it is called; everywhere where none is named.
    pub organization: Option<OrganizationId>,
}

/// That a part was set aside just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    pub part: Part,
    /// What it failed with last.
    pub fault: String,
}

#[derive(Debug, Default)]
struct Streak {
    faults: u32,
    callers: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Inner {
    streaks: HashMap<Part, Streak>,
    aside: BTreeMap<Part, String>,
    trips: Vec<Trip>,
}

#[derive(Debug, Default)]
pub(crate) struct Asides(Mutex<Inner>);

/// Whether a call failed by the plugin's own fault.
pub(crate) fn is_fault(fault: &CallFault) -> bool {
    match fault {
        CallFault::Trapped
        | CallFault::CpuExhausted
        | CallFault::TimedOut
        | CallFault::OutOfMemory
        | CallFault::Exhausted(_)
        | CallFault::BadAnswer(_) => true,
        CallFault::Refused(_)
        | CallFault::Busy
        | CallFault::NotGranted(_)
        | CallFault::SetAside
        | CallFault::NoCode => false,
    }
}

/// Where a fault counts, and whose it is there.
fn met(kind: Kind, name: &str, caller: &Caller) -> [(Part, String); 2] {
    let person = match &caller.principal {
        Principal::Person(person) => person.to_string(),
        // What a plugin does by itself, and strangers: one caller an organization.
        _ => String::new(),
    };
    let organization = caller.organization;
    [(Asides::part(kind, name, Some(organization)), person), (Asides::part(kind, name, None), organization.to_string())]
}

impl Asides {
    pub(crate) fn part(kind: Kind, name: &str, organization: Option<OrganizationId>) -> Part {
        Part { kind: kind.as_str().to_owned(), name: name.to_owned(), organization }
    }

    pub(crate) fn holds(&self, kind: Kind, name: &str, organization: OrganizationId) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !inner.aside.is_empty()
            && [None, Some(organization)].into_iter().any(|at| inner.aside.contains_key(&Self::part(kind, name, at)))
    }

    /// Notes how a call ended.
    pub(crate) fn note(&self, kind: Kind, name: &str, caller: &Caller, fault: Option<&CallFault>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = fault else {
            if !inner.streaks.is_empty() {
                for (part, _) in met(kind, name, caller) {
                    inner.streaks.remove(&part);
                }
            }
            return;
        };
        // A migration is tried by hand, and ends by itself.
        if !is_fault(fault) || kind == Kind::Migration {
            return;
        }
        for (part, by) in met(kind, name, caller) {
            let streak = inner.streaks.entry(part.clone()).or_default();
            streak.faults = streak.faults.saturating_add(1);
            if streak.callers.len() < CALLERS {
                streak.callers.insert(by);
            }
            if streak.faults >= FAULTS && streak.callers.len() >= CALLERS && !inner.aside.contains_key(&part) {
                let fault = fault.to_string();
                inner.streaks.remove(&part);
                inner.aside.insert(part.clone(), fault.clone());
                inner.trips.push(Trip { part, fault });
            }
        }
    }

    /// What was set aside since this was asked last.
    pub(crate) fn trips(&self) -> Vec<Trip> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).trips)
    }

    /// What is set aside, as the host keeps it. What was set aside here and is not kept yet stays.
    pub(crate) fn keep(&self, kept: BTreeMap<Part, String>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: Vec<Trip> = inner.trips.clone();
        inner.aside = kept;
        inner.aside.extend(waiting.into_iter().map(|trip| (trip.part, trip.fault)));
        let Inner { streaks, aside, .. } = &mut *inner;
        streaks.retain(|part, _| !aside.contains_key(part));
    }

    pub(crate) fn all(&self) -> BTreeMap<Part, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).aside.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::bound::Calendar;
    use lignaflow_core::caller::Permissions;
    use lignaflow_core::id::{Id, PersonId, RequestId};

    fn organization(number: u8) -> OrganizationId {
        OrganizationId(Id::from_bytes([number; 16]))
    }

    fn caller(at: u8, person: u8) -> Caller {
        let id = |number| Id::from_bytes([number; 16]);
        Caller {
            organization: organization(at),
            principal: Principal::Person(PersonId(id(person))),
            role: None,
            permissions: Permissions::default(),
            locale: "en-AU".to_owned(),
            time_zone: "Australia/Sydney".to_owned(),
            currency: "AUD".parse().unwrap(),
            calendar: Calendar { week_starts: 1, fiscal_year_starts: 7 },
            request_id: RequestId(id(9)),
            now: 0,
        }
    }

    fn fail(asides: &Asides, (at, person): (u8, u8), times: u32) {
        for _ in 0..times {
            asides.note(Kind::Route, "loop", &caller(at, person), Some(&CallFault::Trapped));
        }
    }

    #[test]
    fn what_fails_for_several_people_is_set_aside_alone_and_there() {
        let asides = Asides::default();
        for person in 1..=3 {
            fail(&asides, (1, person), 5);
        }
        assert!(asides.holds(Kind::Route, "loop", organization(1)));
        assert!(!asides.holds(Kind::Route, "loop", organization(2)), "they fail for themselves");
        assert!(!asides.holds(Kind::Job, "loop", organization(1)));
        assert!(!asides.holds(Kind::Route, "hello", organization(1)));
        let trips = asides.trips();
        assert_eq!((trips.len(), trips[0].part.name.as_str()), (1, "loop"));
        assert!(asides.trips().is_empty());
        asides.keep(BTreeMap::new());
        assert!(!asides.holds(Kind::Route, "loop", organization(1)), "it was taken back");
    }

    #[test]
    fn what_fails_in_several_organizations_is_set_aside_everywhere() {
        let asides = Asides::default();
        fail(&asides, (1, 1), 5);
        fail(&asides, (2, 1), 5);
        assert!(!asides.holds(Kind::Route, "loop", organization(1)), "of two, one person each");
        fail(&asides, (3, 1), 1);
        assert!(asides.holds(Kind::Route, "loop", organization(4)));
        assert_eq!(asides.all().into_keys().map(|part| part.organization).collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn one_caller_alone_sets_nothing_aside_and_an_answer_ends_the_row() {
        let asides = Asides::default();
        let holds = || asides.holds(Kind::Route, "loop", organization(1));
        fail(&asides, (1, 1), 1_000);
        assert!(!holds());
        asides.note(Kind::Route, "loop", &caller(2, 1), None);
        asides.note(Kind::Route, "loop", &caller(1, 1), None);
        fail(&asides, (1, 2), 4);
        fail(&asides, (1, 3), 4);
        fail(&asides, (1, 1), 1);
        assert!(!holds(), "nine in a row");
        fail(&asides, (1, 1), 1);
        assert!(holds());
    }

    #[test]
    fn refusals_and_a_full_house_are_no_faults() {
        let asides = Asides::default();
        for person in 1..=9 {
            for fault in [CallFault::Busy, CallFault::Refused(lignaflow_core::Fault::internal()), CallFault::NoCode] {
                asides.note(Kind::Route, "hello", &caller(1, person), Some(&fault));
            }
        }
        assert!(asides.all().is_empty());
    }
}
