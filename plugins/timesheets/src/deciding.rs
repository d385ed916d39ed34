//! Who decides about a line: its project's manager, and where that one cannot, or there is none, who approves timesheets;
//! in the place of either, who stands in for them.

use crate::sheets::APPROVE;
use crate::stand_ins;
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// Whom a line waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    Manager(Id),
    /// Whoever approves timesheets.
    Approvers,
}

/// By what right somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    Own,
    /// In the place of somebody who is away.
    For(Id),
}

impl Right {
    pub(crate) const fn place(self) -> Option<Id> {
        match self {
            Self::Own => None,
            Self::For(user) => Some(user),
        }
    }
}

/// What is known of those who decide.
#[derive(Debug, Clone, Default)]
struct Firm {
    me: Option<Id>,
    /// Whether I approve timesheets.
    approves: bool,
    approvers: Vec<Id>,
    /// Who is away today, with who stands in for them.
    stand_ins: Vec<(Id, Id)>,
}

/// Nobody decides about their own time, and nobody who has left about anybody's.
fn whom(user: Id, manager: Option<Id>, active: bool) -> Whom {
    match manager.filter(|manager| *manager != user && active) {
        Some(manager) => Whom::Manager(manager),
        None => Whom::Approvers,
    }
}

impl Firm {
    fn right(&self, user: Id, whom: Whom) -> Option<Right> {
        let me = self.me?;
        let away = |may: &dyn Fn(Id) -> bool| {
            let of = self.stand_ins.iter().find(|(away, stand_in)| *stand_in == me && may(*away));
            of.filter(|_| me != user).map(|(away, _)| Right::For(*away))
        };
        match whom {
            Whom::Manager(manager) if manager == me => Some(Right::Own),
            Whom::Manager(manager) => away(&|who| who == manager),
            Whom::Approvers if self.approves => {
                // Who is alone approves their own.
                let alone = self.approvers.iter().all(|approver| *approver == me);
                (me != user || alone).then_some(Right::Own)
            }
            Whom::Approvers => away(&|who| self.approvers.contains(&who)),
        }
    }
}

/// Looks up who decides, once for many lines.
#[derive(Debug)]
pub(crate) struct Desk {
    firm: Firm,
    people: BTreeMap<Id, Option<Person>>,
}

impl Desk {
    pub(crate) fn read() -> Result<Self, Fault> {
        let caller = context::caller()?;
        let approvers = people::holding(Some(APPROVE))?;
        Ok(Self {
            firm: Firm {
                me: caller.person(),
                approves: caller.holds(APPROVE),
                approvers: approvers.into_iter().filter(|person| person.active).map(|person| person.id).collect(),
                stand_ins: stand_ins::named(caller.today()?)?,
            },
            people: BTreeMap::new(),
        })
    }

    fn person(&mut self, id: Id) -> Result<Option<&Person>, Fault> {
        if let std::collections::btree_map::Entry::Vacant(place) = self.people.entry(id) {
            place.insert(people::person(id)?);
        }
        Ok(self.people.get(&id).and_then(Option::as_ref))
    }

    pub(crate) fn name(&mut self, id: Id) -> Result<Option<String>, Fault> {
        Ok(self.person(id)?.map(|person| person.name.clone()))
    }

    /// Whom time of somebody on a project with this manager waits for.
    pub(crate) fn whom(&mut self, user: Id, manager: Option<Id>) -> Result<Whom, Fault> {
        let active = match manager {
            Some(manager) => self.person(manager)?.is_some_and(|person| person.active),
            None => false,
        };
        Ok(whom(user, manager, active))
    }

    /// By what right whoever asks decides about it.
    pub(crate) fn right(&mut self, user: Id, manager: Option<Id>) -> Result<Option<Right>, Fault> {
        let whom = self.whom(user, manager)?;
        Ok(self.firm.right(user, whom))
    }

    /// Those who decide about somebody's time, and who stands in for them today.
    pub(crate) fn those(&self, user: Id, whom: Whom) -> Vec<Id> {
        let mut those: Vec<Id> = match whom {
            Whom::Manager(manager) => vec![manager],
            Whom::Approvers => self.firm.approvers.iter().copied().filter(|approver| *approver != user).collect(),
        };
        // Who is alone is waited for by themselves.
        if those.is_empty() {
            those.clone_from(&self.firm.approvers);
        }
        let stand_ins = self.firm.stand_ins.iter().filter(|(away, _)| those.contains(away));
        let stand_ins: Vec<Id> = stand_ins.map(|(_, stand_in)| *stand_in).filter(|who| *who != user).collect();
        for stand_in in stand_ins {
            if !those.contains(&stand_in) {
                those.push(stand_in);
            }
        }
        those
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn firm(me: Id, approvers: &[Id], stand_ins: &[(Id, Id)]) -> Firm {
        Firm {
            me: Some(me),
            approves: approvers.contains(&me),
            approvers: approvers.to_vec(),
            stand_ins: stand_ins.to_vec(),
        }
    }

    #[test]
    fn a_line_waits_for_the_manager_unless_it_is_their_own_or_they_have_left() {
        let [mia, ana] = [Id::fresh(), Id::fresh()];
        assert_eq!(whom(mia, Some(ana), true), Whom::Manager(ana));
        assert_eq!(whom(mia, Some(ana), false), Whom::Approvers);
        assert_eq!(whom(ana, Some(ana), true), Whom::Approvers);
        assert_eq!(whom(mia, None, false), Whom::Approvers);
    }

    #[test]
    fn who_approves_timesheets_decides_nothing_of_a_project_that_has_a_manager() {
        let [mia, ana, ben] = [Id::fresh(), Id::fresh(), Id::fresh()];
        assert_eq!(firm(ben, &[ben], &[]).right(mia, Whom::Manager(ana)), None);
        assert_eq!(firm(ben, &[ben], &[(ana, ben)]).right(mia, Whom::Manager(ana)), Some(Right::For(ana)));
        assert_eq!(firm(ben, &[ben], &[]).right(mia, Whom::Approvers), Some(Right::Own));
        assert_eq!(firm(ana, &[ben], &[]).right(mia, Whom::Approvers), None);
        assert_eq!(firm(ana, &[ben], &[(ben, ana)]).right(mia, Whom::Approvers), Some(Right::For(ben)));
    }

    proptest! {
        #[test]
        fn nobody_decides_about_their_own_time_unless_they_alone_approve(
            manager in prop::option::of(0_usize..4),
            left in prop::bool::ANY,
            approvers in prop::collection::btree_set(0_usize..4, 1..4),
            away in prop::collection::vec((0_usize..4, 0_usize..4), 0..4),
            (user, me) in (0_usize..4, 0_usize..4),
        ) {
            let people: Vec<Id> = (0..4).map(|_| Id::fresh()).collect();
            let approvers: Vec<Id> = approvers.iter().map(|at| people[*at]).collect();
            let away: Vec<(Id, Id)> =
                away.iter().filter(|(who, by)| who != by).map(|(who, by)| (people[*who], people[*by])).collect();
            let whom = whom(people[user], manager.map(|at| people[at]), !left);
            let right = firm(people[me], &approvers, &away).right(people[user], whom);
            if me == user && right.is_some() {
                prop_assert_eq!((right, &approvers[..]), (Some(Right::Own), &[people[me]][..]));
            }
            // Somebody can always decide who is waited for.
            let those = Desk { firm: firm(people[me], &approvers, &away), people: BTreeMap::new() };
            let those = those.those(people[user], whom);
            prop_assert!(!those.is_empty());
            for who in those {
                prop_assert!(firm(who, &approvers, &away).right(people[user], whom).is_some());
            }
        }
    }
}
