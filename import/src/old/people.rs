//! People of a firm: their addresses and what they may do, and those of elsewhere whom its records name.

use super::firms::{Belongs, Firm};
use super::tables::{Old, USERS, User};
use crate::report::{Report, Weight};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for somebody in records, until they have an id.
pub(crate) fn mark(user: i64) -> String {
    format!("\u{1}{user}")
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Admin,
    Manager,
    Estimator,
    Worker,
}

impl Role {
    /// As the old system spells it, whoever typed it.
    fn of(text: &str) -> Option<Self> {
        let word: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        match word.as_str() {
            "admin" | "administrator" | "owner" | "superadmin" => Some(Self::Admin),
            "projectmanager" | "manager" => Some(Self::Manager),
            "estimator" => Some(Self::Estimator),
            "employee" | "worker" => Some(Self::Worker),
            _ => None,
        }
    }

    pub(crate) const fn of_organization(self) -> &'static str {
        if matches!(self, Self::Admin) { "admin" } else { "member" }
    }

    pub(crate) const fn of_plugins(self) -> &'static [&'static str] {
        match self {
            Self::Admin => &[],
            Self::Manager => &["projects.manager", "timesheets.manager", "estimates.reader"],
            Self::Estimator => &["projects.estimator", "timesheets.worker", "estimates.estimator"],
            Self::Worker => &["projects.worker", "timesheets.worker"],
        }
    }
}

/// Somebody who comes along. Two rows of one address are one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) users: Vec<i64>,
    pub(crate) name: String,
    /// Empty for who does not sign in here.
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) active: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct People {
    pub(crate) list: Vec<Person>,
    /// The place of each user among them.
    places: BTreeMap<i64, usize>,
    /// Who is to own the organization.
    pub(crate) owner: Option<usize>,
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) && text.len() <= 254
    })
}

impl People {
    pub(crate) fn of(firm: &Firm, old: &Old, report: &mut Report) -> Self {
        let mut people = Self::default();
        let own: BTreeSet<i64> = firm.users.iter().copied().collect();
        for user in old.users.iter().filter(|user| own.contains(&user.id)) {
            people.add(user, report);
        }
        people.owner = people.elect(old, report);
        report.count("people", firm.users.len(), people.list.len());
        people
    }

    fn add(&mut self, user: &User, report: &mut Report) {
        if let Some(portrait) = user.portrait.as_deref().filter(|path| !path.is_empty()) {
            let what = format!("the portrait `{portrait}` stays behind: people have none here");
            report.find(Weight::Left, USERS, user.id, "profile_image", what);
        }
        let known = self.list.iter().position(|person| !user.email.is_empty() && person.email == user.email);
        if let Some(place) = known {
            let what = format!("{} has the address of {}: they are one person", user.name, self.list[place].name);
            report.find(Weight::Note, USERS, user.id, "email", what);
            self.list[place].users.push(user.id);
            self.list[place].active |= user.active;
            self.places.insert(user.id, place);
            return;
        }
        let role = Role::of(&user.role).unwrap_or_else(|| {
            let what = format!("`{}` is no role that is known: {} comes as a worker", user.role, user.name);
            report.find(Weight::Changed, USERS, user.id, "role", what);
            Role::Worker
        });
        let mut email = user.email.clone();
        if !is_address(&email) {
            let what = format!("`{email}` is no address: {} comes without a way to sign in", user.name);
            report.find(Weight::Changed, USERS, user.id, "email", what);
            email.clear();
        }
        self.places.insert(user.id, self.list.len());
        let name = if user.name.is_empty() { format!("Person {}", user.id) } else { user.name.clone() };
        self.list.push(Person { users: vec![user.id], name, email, role, active: user.active });
    }

    /// The mark of somebody who is among them.
    pub(crate) fn known(&self, user: i64) -> Option<String> {
        Some(mark(self.list[*self.places.get(&user)?].users[0]))
    }

    /// The first administrator who is active; else the first who is active at all.
    fn elect(&self, old: &Old, report: &mut Report) -> Option<usize> {
        let joined: BTreeMap<i64, _> = old.users.iter().map(|user| (user.id, (user.joined, user.id))).collect();
        let superusers: BTreeSet<i64> = old.users.iter().filter(|user| user.superuser).map(|user| user.id).collect();
        let able = |place: &&usize| self.list[**place].active && !self.list[**place].email.is_empty();
        let places: Vec<usize> = (0..self.list.len()).collect();
        let rank = |place: &usize| {
            let person = &self.list[*place];
            let leads = person.role == Role::Admin || person.users.iter().any(|user| superusers.contains(user));
            (!leads, person.users.iter().filter_map(|user| joined.get(user)).min().copied())
        };
        let owner = places.iter().filter(able).min_by_key(|place| rank(place)).copied();
        if let Some(place) = owner.filter(|place| self.list[*place].role != Role::Admin) {
            let what = format!("no administrator is active: {} owns the organization", self.list[place].name);
            report.find(Weight::Changed, USERS, self.list[place].users[0], "role", what);
        }
        owner
    }

    /// Marks somebody whom a record names. Who is of elsewhere comes along without a way to sign in, so that nothing of
    /// theirs is lost.
    pub(crate) fn name(
        &mut self,
        user: Option<i64>,
        old: &Old,
        belongs: &Belongs,
        at: (&'static str, i64, &'static str),
        report: &mut Report,
    ) -> Option<String> {
        let id = user?;
        if let Some(known) = self.known(id) {
            return Some(known);
        }
        let (table, row, column) = at;
        let Some(user) = old.user(id) else {
            report.find(Weight::Left, table, row, column, format!("there is nobody with the id {id}"));
            return None;
        };
        let of = belongs.user(Some(id)).map_or("no firm", |firm| belongs.firms[firm].name.as_str());
        let what = format!("{} is of {of}: they come along by name, without a way to sign in", user.name);
        report.find(Weight::Note, table, row, column, what);
        self.places.insert(id, self.list.len());
        let name = if user.name.is_empty() { format!("Person {id}") } else { user.name.clone() };
        self.list.push(Person { users: vec![id], name, email: String::new(), role: Role::Worker, active: false });
        Some(mark(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_known_however_they_are_typed() {
        for (text, role) in [
            ("Admin", Some(Role::Admin)),
            ("project_manager", Some(Role::Manager)),
            ("Project Manager", Some(Role::Manager)),
            ("ESTIMATOR", Some(Role::Estimator)),
            ("Employee", Some(Role::Worker)),
            ("foreman", None),
        ] {
            assert_eq!(Role::of(text), role, "{text}");
        }
    }
}
