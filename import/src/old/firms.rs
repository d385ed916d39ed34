//! Who belongs where. The old system knows firms by what people typed as their company, and of everything else only who
//! made it; what was made by nobody belongs where what it hangs together with does.

use super::tables::{Old, USERS, User};
use crate::report::{Report, Weight};
use std::collections::{BTreeMap, BTreeSet};

/// A firm, as it is to become an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Firm {
    /// As most of its people write it.
    pub(crate) name: String,
    /// Those who say that it is theirs.
    pub(crate) users: Vec<i64>,
}

/// Which firm each row is of, by its place among the firms.
#[derive(Debug, Clone, Default)]
pub(crate) struct Belongs {
    pub(crate) firms: Vec<Firm>,
    users: BTreeMap<i64, usize>,
    pub(crate) materials: BTreeMap<i64, BTreeSet<usize>>,
    pub(crate) components: BTreeMap<i64, BTreeSet<usize>>,
    pub(crate) defaults: BTreeMap<i64, BTreeSet<usize>>,
    pub(crate) estimates: BTreeMap<i64, usize>,
    pub(crate) projects: BTreeMap<i64, usize>,
    pub(crate) tasks: BTreeMap<i64, usize>,
}

/// Spellings that are one name.
pub(crate) fn key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn firms(users: &[User], report: &mut Report) -> (Vec<Firm>, BTreeMap<i64, usize>) {
    let mut spelled: BTreeMap<String, Vec<(&User, String)>> = BTreeMap::new();
    for user in users {
        match &user.company {
            Some(company) => {
                let shown = company.split_whitespace().collect::<Vec<_>>().join(" ");
                spelled.entry(key(company)).or_default().push((user, shown));
            }
            None => report.find(
                Weight::Note,
                USERS,
                user.id,
                "company_name",
                format!("{} names no company: they come along only where a firm's records name them", user.name),
            ),
        }
    }
    let (mut firms, mut of) = (Vec::new(), BTreeMap::new());
    for members in spelled.into_values() {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, shown) in &members {
            *counts.entry(shown).or_default() += 1;
        }
        let most = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
        let name = most.map(|(name, _)| (*name).to_owned()).unwrap_or_default();
        for (user, shown) in &members {
            of.insert(user.id, firms.len());
            if *shown != name {
                let what = format!("`{shown}` is taken for {name}, which differs in case or spaces alone");
                report.find(Weight::Note, USERS, user.id, "company_name", what);
            }
        }
        firms.push(Firm { name, users: members.iter().map(|(user, _)| user.id).collect() });
    }
    (firms, of)
}

impl Belongs {
    pub(crate) fn of(old: &Old, report: &mut Report) -> Self {
        let (firms, users) = firms(&old.users, report);
        let mut all = Self { firms, users, ..Self::default() };
        all.jobs(old, report);
        all.catalogue(old, report);
        all
    }

    /// The firm that somebody says is theirs.
    pub(crate) fn user(&self, id: Option<i64>) -> Option<usize> {
        self.users.get(&id?).copied()
    }

    /// Where there is one firm alone, everything is its own.
    fn sole(&self) -> Option<usize> {
        (self.firms.len() == 1).then_some(0)
    }

    fn jobs(&mut self, old: &Old, report: &mut Report) {
        let made: BTreeMap<i64, usize> =
            old.estimates.iter().filter_map(|it| Some((it.id, self.user(it.by)?))).collect();
        for project in &old.projects {
            let firm = self.user(project.by).or_else(|| self.user(project.manager));
            let firm = firm.or_else(|| made.get(&project.estimate?).copied()).or(self.sole());
            match firm {
                Some(firm) => {
                    self.projects.insert(project.id, firm);
                }
                None => unowned(report, super::tables::PROJECTS, project.id, &project.name),
            }
        }
        for estimate in &old.estimates {
            let of_project = || self.projects.get(&old.project_of(estimate.id)?.id).copied();
            match made.get(&estimate.id).copied().or_else(of_project).or(self.sole()) {
                Some(firm) => {
                    self.estimates.insert(estimate.id, firm);
                }
                None => unowned(report, super::tables::ESTIMATES, estimate.id, &estimate.project),
            }
        }
        for task in &old.tasks {
            match task.project.and_then(|project| self.projects.get(&project)) {
                Some(firm) => {
                    self.tasks.insert(task.id, *firm);
                }
                None => unowned(report, super::tables::TASKS, task.id, &task.name),
            }
        }
    }

    /// What is bought and put together is of who made it, and of everybody who uses it.
    fn catalogue(&mut self, old: &Old, report: &mut Report) {
        let own = |by: Option<i64>| self.user(by).or(self.sole()).into_iter().collect::<BTreeSet<usize>>();
        let mut materials: BTreeMap<i64, BTreeSet<usize>> =
            old.materials.iter().map(|it| (it.id, own(it.by))).collect();
        let mut components: BTreeMap<i64, BTreeSet<usize>> =
            old.components.iter().map(|it| (it.id, own(it.by))).collect();
        let mut defaults: BTreeMap<i64, BTreeSet<usize>> = old.defaults.iter().map(|it| (it.id, own(it.by))).collect();
        for estimate in &old.estimates {
            let Some(firm) = self.estimates.get(&estimate.id) else { continue };
            for item in &estimate.items {
                let Some((kind, id)) = super::quotes::named(item) else { continue };
                let of = match kind {
                    super::quotes::Kind::Material => &mut materials,
                    super::quotes::Kind::Component => &mut components,
                    super::quotes::Kind::Default => &mut defaults,
                };
                if let Some(firms) = of.get_mut(&id) {
                    firms.insert(*firm);
                }
            }
        }
        for part in &old.default_components {
            let users = defaults.get(&part.of).cloned().unwrap_or_default();
            if let Some(firms) = components.get_mut(&part.which) {
                firms.extend(users);
            }
        }
        for part in &old.component_materials {
            let users = components.get(&part.of).cloned().unwrap_or_default();
            if let Some(firms) = materials.get_mut(&part.which) {
                firms.extend(users);
            }
        }
        for material in old.materials.iter().filter(|it| materials.get(&it.id).is_some_and(BTreeSet::is_empty)) {
            unowned(report, super::tables::MATERIALS, material.id, &material.name);
        }
        for (table, made, of) in [
            (super::tables::COMPONENTS, &old.components, &components),
            (super::tables::DEFAULTS, &old.defaults, &defaults),
        ] {
            for one in made.iter().filter(|it| of.get(&it.id).is_some_and(BTreeSet::is_empty)) {
                unowned(report, table, one.id, &one.name);
            }
        }
        (self.materials, self.components, self.defaults) = (materials, components, defaults);
    }
}

fn unowned(report: &mut Report, table: &'static str, row: i64, name: &str) {
    let what = format!("nothing tells which firm `{name}` is of: nobody of one made it, and none uses it");
    report.find(Weight::Left, table, row, "created_by_id", what);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, company: &str) -> User {
        User {
            id,
            email: format!("{id}@example.com"),
            name: id.to_string(),
            company: (!company.is_empty()).then(|| company.to_owned()),
            role: String::new(),
            active: true,
            superuser: false,
            portrait: None,
            joined: None,
        }
    }

    #[test]
    fn names_typed_by_hand_are_one_firm_where_case_and_spaces_alone_differ() {
        let mut report = Report::default();
        let users = [
            user(1, "Ligna Joinery"),
            user(2, "ligna  joinery "),
            user(3, "Ligna Joinery"),
            user(4, "Beck"),
            user(5, ""),
        ];
        let (firms, of) = firms(&users, &mut report);
        let names: Vec<&str> = firms.iter().map(|firm| firm.name.as_str()).collect();
        assert_eq!((names, of[&2], of.get(&5)), (vec!["Beck", "Ligna Joinery"], 1, None));
        assert_eq!(report.findings.iter().map(|it| it.row.as_str()).collect::<Vec<_>>(), ["5", "2"]);
    }
}
