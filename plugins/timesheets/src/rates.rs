//! What an hour is charged at and costs: the entry's own, or the first of seven scopes that has a rate on its day.

use crate::findings::Findings;
use lignaflow_sdk::prelude::*;

/// The scopes of stored rates, the nearest first. Before them comes the rate of the entry itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    Task,
    ProjectUser,
    ProjectActivity,
    Project,
    Client,
    User,
    Organization,
}

impl Scope {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::ProjectUser => "project-user",
            Self::ProjectActivity => "project-activity",
            Self::Project => "project",
            Self::Client => "client",
            Self::User => "user",
            Self::Organization => "organization",
        }
    }
}

/// What a rate is of, and what work is of. Of work all are known, of a rate those that it is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) task: Option<Id>,
    pub(crate) project: Option<Id>,
    pub(crate) activity: Option<Id>,
    pub(crate) client: Option<Id>,
    pub(crate) user: Option<Id>,
}

impl Facts {
    fn of(fields: &impl ReadFields) -> Self {
        Self {
            task: fields.reference("task"),
            project: fields.reference("project"),
            activity: fields.reference("activity"),
            client: fields.reference("client"),
            user: fields.reference("user"),
        }
    }

    /// The scope of a rate that is for these; nothing where there is no such.
    fn scope(&self) -> Option<Scope> {
        let named = [self.task, self.project, self.activity, self.client, self.user].map(|it| it.is_some());
        Some(match named {
            [true, false, false, false, false] => Scope::Task,
            [false, true, false, false, true] => Scope::ProjectUser,
            [false, true, true, false, false] => Scope::ProjectActivity,
            [false, true, false, false, false] => Scope::Project,
            [false, false, false, true, false] => Scope::Client,
            [false, false, false, false, true] => Scope::User,
            [false, false, false, false, false] => Scope::Organization,
            _ => return None,
        })
    }

    fn covers(&self, work: &Self) -> bool {
        let fits = |rate: Option<Id>, work: Option<Id>| rate.is_none() || rate == work;
        fits(self.task, work.task)
            && fits(self.project, work.project)
            && fits(self.activity, work.activity)
            && fits(self.client, work.client)
            && fits(self.user, work.user)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Rate {
    pub(crate) scope: Scope,
    pub(crate) of: Facts,
    pub(crate) from: Date,
    pub(crate) sell: Option<Money>,
    pub(crate) cost: Option<Money>,
}

/// The rate of work on a day, and the scope that it came from: the nearest that has one by then, the latest of these.
/// `wanted` says which of the two amounts.
pub(crate) fn resolve(
    rates: &[Rate],
    work: &Facts,
    day: Date,
    wanted: impl Fn(&Rate) -> Option<Money>,
) -> Option<(Money, Scope)> {
    let fitting = rates.iter().filter(|rate| rate.from <= day && rate.of.covers(work));
    let priced = fitting.filter_map(|rate| Some((rate, wanted(rate)?)));
    // Of two from the same day the one that was written last counts.
    let best = priced.max_by_key(|(rate, _)| (std::cmp::Reverse(rate.scope), rate.from));
    best.map(|(rate, money)| (money, rate.scope))
}

/// Rates that are looked through at once.
const MOST: usize = 20_000;

/// Every rate there is, on the plugin's own account: who approves need not see rates.
pub(crate) fn stored() -> Result<Vec<Rate>, Fault> {
    let columns = ["id", "task", "project", "activity", "client", "user", "sell", "cost", "effective_from"];
    let all = records::find_all(select("rates").as_plugin().columns(columns).sort("id"), MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} rates are not looked through.")))?;
    let rate = |fields: &Fields| {
        let of = Facts::of(fields);
        let (scope, from) = (of.scope()?, fields.date("effective_from")?);
        Some(Rate { scope, of, from, sell: fields.money("sell"), cost: fields.money("cost") })
    };
    Ok(all.iter().filter_map(rate).collect())
}

/// What a rate is of, and that it is one that can be found.
pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    findings.reckons = true;
    if change.kind == ChangeKind::Remove {
        return Ok(());
    }
    let of = Facts::of(&change.after);
    let Some(scope) = of.scope() else {
        let message = "A rate is of a task, a project, a project and a person, a project and an activity, a client, a \
                       person, or of nothing in particular.";
        findings.add(index, "project", "scope", message);
        return Ok(());
    };
    if change.after.is_null("sell") && change.after.is_null("cost") {
        findings.add(index, "sell", "required", "Say what is charged, what it costs, or both.");
    }
    let related = |path: &str| change.related.text(path).unwrap_or_default().to_owned();
    let person = match of.user {
        Some(user) => people::person(user)?.map(|person| person.name).unwrap_or_default(),
        None => String::new(),
    };
    let label = match scope {
        Scope::Task => related("task.title"),
        Scope::ProjectUser => format!("{}, {person}", related("project.name")),
        Scope::ProjectActivity => format!("{}, {}", related("project.name"), related("activity.name")),
        Scope::Project => related("project.name"),
        Scope::Client => related("client.name"),
        Scope::User => person,
        Scope::Organization => "Everything".to_owned(),
    };
    findings.set(index, change, "scope", scope.as_str());
    findings.name(index, change, label);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money { minor, currency: Currency::AUD }
    }

    fn day(days: i32) -> Date {
        Date::from_days(20_000 + days).unwrap()
    }

    /// Each scope's facts, of this work.
    fn scopes(work: &Facts) -> [(Scope, Facts); 7] {
        let none = Facts::default();
        [
            (Scope::Task, Facts { task: work.task, ..none }),
            (Scope::ProjectUser, Facts { project: work.project, user: work.user, ..none }),
            (Scope::ProjectActivity, Facts { project: work.project, activity: work.activity, ..none }),
            (Scope::Project, Facts { project: work.project, ..none }),
            (Scope::Client, Facts { client: work.client, ..none }),
            (Scope::User, Facts { user: work.user, ..none }),
            (Scope::Organization, none),
        ]
    }

    fn work() -> Facts {
        let id = || Some(Id::fresh());
        Facts { task: id(), project: id(), activity: id(), client: id(), user: id() }
    }

    #[test]
    fn the_nearest_scope_that_has_a_rate_counts_whatever_was_written_first() {
        let work = work();
        let rates: Vec<Rate> = scopes(&work)
            .into_iter()
            .enumerate()
            .map(|(at, (scope, of))| {
                assert_eq!(of.scope(), Some(scope));
                Rate { scope, of, from: day(0), sell: Some(money(i64::try_from(at).unwrap())), cost: None }
            })
            .rev()
            .collect();
        for left in (1..=7).rev() {
            let (found, scope) = resolve(&rates[..left], &work, day(3), |rate| rate.sell).unwrap();
            assert_eq!((found.minor, scope), (7 - i64::try_from(left).unwrap(), rates[left - 1].scope));
        }
        assert_eq!(resolve(&rates, &work, day(3), |rate| rate.cost), None);
        // Of other work only the organization's own holds.
        let other = Facts { task: Some(Id::fresh()), ..Facts::default() };
        assert_eq!(resolve(&rates, &other, day(3), |rate| rate.sell), Some((money(6), Scope::Organization)));
    }

    #[test]
    fn a_rate_of_a_person_and_a_task_is_none() {
        let work = work();
        assert_eq!(Facts { client: None, activity: None, project: None, ..work }.scope(), None);
        assert_eq!(Facts { client: work.client, user: work.user, ..Facts::default() }.scope(), None);
    }

    proptest! {
        #[test]
        fn a_later_rate_never_changes_an_earlier_day(
            mut stored in prop::collection::vec((0_usize..7, 0_i32..60, 1_i64..1_000, proptest::bool::ANY), 0..20),
            later in (0_usize..7, 30_i32..60, 1_i64..1_000),
            asked in 0_i32..30,
        ) {
            let work = work();
            let rate = |(at, from, minor, known): (usize, i32, i64, bool)| {
                let (scope, of) = scopes(&work)[at];
                Rate { scope, of, from: day(from), sell: known.then(|| money(minor)), cost: None }
            };
            stored.sort_unstable();
            let mut rates: Vec<Rate> = stored.into_iter().map(rate).collect();
            let before = resolve(&rates, &work, day(asked), |rate| rate.sell);
            rates.push(rate((later.0, later.1, later.2, true)));
            prop_assert_eq!(resolve(&rates, &work, day(asked), |rate| rate.sell), before);
            if let Some((found, scope)) = before {
                let best = rates.iter().filter(|r| r.from <= day(asked) && r.sell.is_some()).map(|r| r.scope).min();
                prop_assert_eq!(Some(scope), best);
                prop_assert!(rates.iter().any(|rate| rate.sell == Some(found) && rate.from <= day(asked)));
            }
        }
    }
}
