//! Who decides about time. About a week whoever approves it: of those who may, who sees everybody's time or leads the crew
//! that the week is of. About a line its project's manager, and where that one cannot, or there is none, the same. In the
//! place of either, who stands in for them.

use crate::crews::SEE_ALL;
use crate::sheets::APPROVE;
use crate::stand_ins;
use lignaflow_sdk::Person;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Whom a line waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    Manager(Id),
    /// Whoever approves the timesheets of that person.
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
    approvers: Vec<Id>,
    /// Who sees everybody's time. Of the others each approves that of the crews that they lead.
    everybodys: BTreeSet<Id>,
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
    /// Whether somebody approves what is of a crew with these leaders.
    fn approves(&self, who: Id, leaders: &[Id]) -> bool {
        self.approvers.contains(&who) && (self.everybodys.contains(&who) || leaders.contains(&who))
    }

    /// Those who approve somebody's time, beside themselves.
    fn others(&self, user: Id, leaders: &[Id]) -> Vec<Id> {
        let others = self.approvers.iter().copied().filter(|who| *who != user && self.approves(*who, leaders));
        others.collect()
    }

    fn right(&self, user: Id, whom: Whom, leaders: &[Id]) -> Option<Right> {
        let me = self.me?;
        let away = |may: &dyn Fn(Id) -> bool| {
            let of = self.stand_ins.iter().find(|(away, stand_in)| *stand_in == me && may(*away));
            of.filter(|_| me != user).map(|(away, _)| Right::For(*away))
        };
        match whom {
            Whom::Manager(manager) if manager == me => Some(Right::Own),
            Whom::Manager(manager) => away(&|who| who == manager),
            Whom::Approvers if self.approves(me, leaders) => {
                // Who is alone approves their own.
                (me != user || self.others(me, leaders).is_empty()).then_some(Right::Own)
            }
            Whom::Approvers => away(&|who| self.approves(who, leaders)),
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
        // Whoever asks may do no more here than by what they ask with.
        let holding = |permission: &str| -> Result<Vec<Id>, Fault> {
            let all = people::holding(Some(permission))?.into_iter().filter(|person| person.active);
            let others = all.map(|person| person.id).filter(|id| Some(*id) != caller.person());
            Ok(others.chain(caller.person().filter(|_| caller.holds(permission))).collect())
        };
        Ok(Self {
            firm: Firm {
                me: caller.person(),
                approvers: holding(APPROVE)?,
                everybodys: holding(SEE_ALL)?.into_iter().collect(),
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

    /// By what right whoever asks decides about it, where these lead the crew that it is of.
    pub(crate) fn right(&mut self, user: Id, manager: Option<Id>, leaders: &[Id]) -> Result<Option<Right>, Fault> {
        let whom = self.whom(user, manager)?;
        Ok(self.firm.right(user, whom, leaders))
    }

    /// Refuses whoever asks where they do not approve what is of somebody. Nobody approves their own, unless nobody else
    /// could.
    pub(crate) fn refuse(&self, user: Id, leaders: &[Id], what: &str) -> Result<(), Fault> {
        let Some(me) = self.firm.me else { return Ok(()) };
        if self.firm.right(user, Whom::Approvers, leaders).is_some() {
            return Ok(());
        }
        Err(Fault::denied(if me == user {
            format!("Somebody else approves your own {what}.")
        } else {
            format!("This {what} is approved by who leads the crew, or sees everybody's time.")
        }))
    }

    /// Those who approve what is of somebody, beside themselves.
    pub(crate) fn others(&self, user: Id, leaders: &[Id]) -> Vec<Id> {
        self.firm.others(user, leaders)
    }

    /// Those who decide about somebody's time, and who stands in for them today.
    pub(crate) fn those(&self, user: Id, whom: Whom, leaders: &[Id]) -> Vec<Id> {
        let mut those: Vec<Id> = match whom {
            Whom::Manager(manager) => vec![manager],
            Whom::Approvers => self.firm.others(user, leaders),
        };
        // Who is alone is waited for by themselves.
        if those.is_empty() && self.firm.approves(user, leaders) {
            those.push(user);
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

    /// All approvers see everybody's time.
    fn firm(me: Id, approvers: &[Id], stand_ins: &[(Id, Id)]) -> Firm {
        Firm {
            me: Some(me),
            approvers: approvers.to_vec(),
            everybodys: approvers.iter().copied().collect(),
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
        assert_eq!(firm(ben, &[ben], &[]).right(mia, Whom::Manager(ana), &[]), None);
        assert_eq!(firm(ben, &[ben], &[(ana, ben)]).right(mia, Whom::Manager(ana), &[]), Some(Right::For(ana)));
        assert_eq!(firm(ben, &[ben], &[]).right(mia, Whom::Approvers, &[]), Some(Right::Own));
        assert_eq!(firm(ana, &[ben], &[]).right(mia, Whom::Approvers, &[]), None);
        assert_eq!(firm(ana, &[ben], &[(ben, ana)]).right(mia, Whom::Approvers, &[]), Some(Right::For(ben)));
    }

    #[test]
    fn who_sees_nobody_elses_time_decides_about_the_crews_that_they_lead_and_so_does_their_stand_in() {
        let [mia, ana, ben, zoe] = [Id::fresh(), Id::fresh(), Id::fresh(), Id::fresh()];
        let firm = |me: Id| Firm { everybodys: BTreeSet::from([zoe]), ..firm(me, &[ana, ben, zoe], &[(ana, mia)]) };
        assert_eq!(firm(ana).right(ben, Whom::Approvers, &[ana]), Some(Right::Own));
        assert_eq!(firm(ana).right(ben, Whom::Approvers, &[zoe]), None);
        assert_eq!(firm(mia).right(ben, Whom::Approvers, &[ana]), Some(Right::For(ana)));
        assert_eq!(firm(mia).right(ben, Whom::Approvers, &[]), None);
        assert_eq!(firm(zoe).right(ben, Whom::Approvers, &[]), Some(Right::Own));
        // To lead is not to approve.
        assert_eq!(firm(mia).right(ben, Whom::Approvers, &[mia]), None);
        // A leader's own waits for the other leaders of the crew, and who sees everybody's time.
        assert_eq!(firm(ana).right(ana, Whom::Approvers, &[ana]), None);
        assert_eq!(firm(ana).others(ana, &[ana, ben]), [ben, zoe]);
    }

    proptest! {
        #[test]
        fn nobody_decides_about_their_own_time_unless_they_alone_approve(
            manager in prop::option::of(0_usize..4),
            left in prop::bool::ANY,
            approvers in prop::collection::btree_set(0_usize..4, 1..4),
            everybodys in prop::collection::btree_set(0_usize..4, 0..4),
            leaders in prop::collection::btree_set(0_usize..4, 0..4),
            away in prop::collection::vec((0_usize..4, 0_usize..4), 0..4),
            (user, me) in (0_usize..4, 0_usize..4),
        ) {
            let people: Vec<Id> = (0..4).map(|_| Id::fresh()).collect();
            let approvers: Vec<Id> = approvers.iter().map(|at| people[*at]).collect();
            let away: Vec<(Id, Id)> =
                away.iter().filter(|(who, by)| who != by).map(|(who, by)| (people[*who], people[*by])).collect();
            let everybodys: BTreeSet<Id> = everybodys.iter().map(|at| people[*at]).collect();
            let leaders: Vec<Id> = leaders.iter().map(|at| people[*at]).collect();
            let firm = |me: Id| Firm { everybodys: everybodys.clone(), ..firm(me, &approvers, &away) };
            let whom = whom(people[user], manager.map(|at| people[at]), !left);
            let right = firm(people[me]).right(people[user], whom, &leaders);
            if me == user && right.is_some() {
                prop_assert_eq!(right, Some(Right::Own));
                prop_assert!(firm(people[me]).others(people[me], &leaders).is_empty());
            }
            // Whom it waits for can decide about it, and where anybody could, it waits for somebody.
            let those = Desk { firm: firm(people[me]), people: BTreeMap::new() };
            let those = those.those(people[user], whom, &leaders);
            let some = approvers.iter().any(|who| everybodys.contains(who) || leaders.contains(who));
            prop_assert!(!those.is_empty() || (!some && whom == Whom::Approvers));
            for who in those {
                prop_assert!(firm(who).right(people[user], whom, &leaders).is_some());
            }
        }
    }
}
