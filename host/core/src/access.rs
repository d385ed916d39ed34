//! Access rules of collections and their fields, and what of the catalog a caller sees.
//!
//! A rule that who asks settles is settled before a statement is written: a field that a caller may never read is not
//! among the fields of the catalog that they see, so that nothing of it can be asked for, shown or written. Where a rule
//! looks at the record, the store has it in the statement.

use crate::bound::BoundPredicate;
use crate::caller::{Caller, Permissions};
use crate::catalog::{Catalog, Schema};
use crate::descriptor::{AccessRules, Collection, Field};
use crate::name::{CollectionName, FieldName};
use crate::rule::TypedRule;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

/// What is done with a record that exists, or is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    Create,
    /// Also its transitions, and taking it back from the archive.
    Update,
    Remove,
}

/// The rules of one collection. What has none is as open as the permissions to read and write records are.
#[derive(Debug, Clone, Default)]
pub(crate) struct SchemaRules {
    read: Option<TypedRule>,
    create: Option<TypedRule>,
    update: Option<TypedRule>,
    remove: Option<TypedRule>,
    /// By position; empty where no field has a rule.
    fields: Vec<FieldRules>,
}

#[derive(Debug, Clone, Default)]
struct FieldRules {
    read: Option<TypedRule>,
    write: Option<TypedRule>,
}

impl AccessRules {
    /// Each rule that is given, with the key that it stands under.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("read", &self.read),
            ("write", &self.write),
            ("create", &self.create),
            ("update", &self.update),
            ("remove", &self.remove),
        ];
        all.into_iter().filter_map(|(key, rule)| Some((key, rule.as_deref()?)))
    }

    fn of(&self, deed: Deed) -> Option<&str> {
        let own = match deed {
            Deed::Create => &self.create,
            Deed::Update => &self.update,
            Deed::Remove => &self.remove,
        };
        own.as_deref().or(self.write.as_deref())
    }
}

impl Field {
    /// Each of its access rules, with the key that it stands under.
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("read", &self.read), ("write", &self.write)]
            .into_iter()
            .filter_map(|(key, rule)| Some((key, rule.as_deref()?)))
    }
}

impl SchemaRules {
    /// The rules of a collection, typed by the catalog. What is wrong is told with the key.
    pub(crate) fn new(catalog: &Catalog, schema: &Arc<Schema>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut typed = |key: &str, text: Option<&str>| {
            let rule = catalog.rule(schema, text?);
            rule.map_err(|told| faults.extend(told.iter().map(|fault| format!("{} {key}: {fault}", schema.name)))).ok()
        };
        let access = &schema.collection.access;
        let mut rules = Self {
            read: typed("access.read", access.read.as_deref()),
            create: typed("access.create", access.of(Deed::Create)),
            update: typed("access.update", access.of(Deed::Update)),
            remove: typed("access.remove", access.of(Deed::Remove)),
            fields: Vec::new(),
        };
        if schema.fields.iter().any(|field| field.field.rules().next().is_some()) {
            for field in &schema.fields {
                rules.fields.push(FieldRules {
                    read: typed(&format!("{}.read", field.name), field.field.read.as_deref()),
                    write: typed(&format!("{}.write", field.name), field.field.write.as_deref()),
                });
            }
        }
        if faults.is_empty() { Ok(rules) } else { Err(faults) }
    }

    /// The rules of parts, which are open to nobody who may not read their whole, and changed by nobody who may not
    /// change it. `index` is the position of the reference to the whole.
    fn of_part(self, whole: &Self, schema: &Arc<Schema>, index: usize) -> Self {
        let read = whole.read.as_ref().map(|rule| rule.through(schema, index));
        let change = whole.update.as_ref().map(|rule| rule.through(schema, index));
        Self {
            read: TypedRule::and(self.read, read),
            create: TypedRule::and(self.create, change.clone()),
            update: TypedRule::and(self.update, change.clone()),
            remove: TypedRule::and(self.remove, change),
            fields: self.fields,
        }
    }

    /// Has parts inherit the rules of their wholes, those of these in turn.
    pub(crate) fn inherited(schema: &Arc<Schema>, catalog: &Catalog, own: &BTreeMap<CollectionName, Self>) -> Self {
        let mut line = vec![Arc::clone(schema)];
        while let Some((_, whole)) = line.last().and_then(|last| above(last, catalog)) {
            // A circle of wholes is told with the descriptor.
            if line.iter().any(|known| known.name == whole.name) {
                break;
            }
            line.push(whole);
        }
        let own_of = |schema: &Schema| own.get(&schema.name).cloned().unwrap_or_default();
        let mut rules = line.last().map(|top| own_of(top)).unwrap_or_default();
        for part in line.iter().rev().skip(1) {
            if let Some((index, _)) = above(part, catalog) {
                rules = own_of(part).of_part(&rules, part, index);
            }
        }
        rules
    }

    /// The same for a collection of which only the fields at these positions are seen.
    fn of_fields(&self, seen: &[usize]) -> Self {
        let fields = if self.fields.is_empty() {
            Vec::new()
        } else {
            seen.iter().filter_map(|index| self.fields.get(*index).cloned()).collect()
        };
        Self { fields, ..self.clone() }
    }
}

/// What a collection's records are parts of, and the position of the reference to it.
fn above(schema: &Schema, catalog: &Catalog) -> Option<(usize, Arc<Schema>)> {
    let index = schema.position(schema.collection.part_of.as_ref()?.as_str())?;
    let whole = catalog.schema(schema.fields[index].to.as_ref()?)?;
    Some((index, Arc::clone(whole)))
}

fn bound(rule: Option<&TypedRule>, viewer: Option<&Caller>) -> BoundPredicate {
    match (rule, viewer) {
        (Some(rule), Some(viewer)) => rule.bind(Some(viewer)),
        // The host and its plugins on their own account see and do everything.
        _ => BoundPredicate::always(),
    }
}

impl Schema {
    /// Whether reading its records has a rule.
    pub fn restricts_reading(&self) -> bool {
        self.rules().is_some_and(|rules| rules.read.is_some())
    }

    /// Whether reading a field has a rule.
    pub fn restricts_field(&self, index: usize) -> bool {
        self.field_rules(index).is_some_and(|rules| rules.read.is_some())
    }

    /// Whether what is read of it can be something else on another day without any change: by a rule of its own, of what
    /// its records are parts of, or of a field.
    pub fn is_read_by_day(&self) -> bool {
        let Some(rules) = self.rules() else { return false };
        let fields = rules.fields.iter().map(|field| field.read.as_ref());
        std::iter::once(rules.read.as_ref()).chain(fields).flatten().any(TypedRule::asks_when)
    }

    /// Which of its records a viewer reads.
    pub fn readable(&self, viewer: Option<&Caller>) -> BoundPredicate {
        bound(self.rules().and_then(|rules| rules.read.as_ref()), viewer)
    }

    /// On which of the records that a viewer reads they read a field.
    pub fn field_readable(&self, index: usize, viewer: Option<&Caller>) -> BoundPredicate {
        bound(self.field_rules(index).and_then(|rules| rules.read.as_ref()), viewer)
    }

    /// On which of its records a viewer may do something.
    pub fn allows(&self, deed: Deed, viewer: Option<&Caller>) -> BoundPredicate {
        let rule = self.rules().and_then(|rules| match deed {
            Deed::Create => rules.create.as_ref(),
            Deed::Update => rules.update.as_ref(),
            Deed::Remove => rules.remove.as_ref(),
        });
        bound(rule, viewer)
    }

    /// On which of its records a viewer may write a field: where they read it, and its own rule says so.
    pub fn field_writable(&self, index: usize, viewer: Option<&Caller>) -> BoundPredicate {
        let rules = self.field_rules(index);
        let read = bound(rules.and_then(|rules| rules.read.as_ref()), viewer);
        BoundPredicate::all([read, bound(rules.and_then(|rules| rules.write.as_ref()), viewer)])
    }

    /// Fields that a viewer reads on some records and not on others.
    pub fn veiled_fields(&self, viewer: Option<&Caller>) -> Vec<(usize, BoundPredicate)> {
        (0..self.rules().map_or(0, |rules| rules.fields.len()))
            .map(|index| (index, self.field_readable(index, viewer)))
            .filter(|(_, rule)| !rule.is_always())
            .collect()
    }

    fn field_rules(&self, index: usize) -> Option<&FieldRules> {
        self.rules()?.fields.get(index)
    }

    /// The collection with these of its fields alone.
    fn of_fields(&self, seen: &[usize]) -> Self {
        let names: BTreeSet<&str> = seen.iter().map(|index| self.fields[*index].name.as_str()).collect();
        let sees = |name: &str| names.contains(name) || self.field(name).is_none();
        let mut collection: Collection = self.collection.clone();
        collection.fields.retain(|name, _| sees(name.as_str()));
        collection.list.retain(|name| sees(name.as_str()));
        collection.transitions.retain(|transition| sees(transition.field()));
        let first = |key: &str| key.trim().trim_start_matches('-').split('.').next().is_some_and(sees);
        collection.sort = collection.sort.take().filter(|sort| sort.split(',').all(first));
        let fields = seen.iter().map(|index| self.fields[*index].clone()).collect();
        let rules = self.rules().map(|rules| rules.of_fields(seen)).unwrap_or_default();
        let gone = self.fields.iter().map(|field| field.name.as_str()).filter(|name| !names.contains(name));
        let hidden = gone.map(str::to_owned).chain(self.hidden.iter().cloned()).collect();
        let mut schema = Self::assembled(self.name.clone(), collection, fields, self.referrers.clone(), rules);
        schema.hidden = hidden;
        schema
    }
}

/// What a caller has less of a field than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Less {
    /// They read it on no record.
    Hidden,
    /// They write it on no record.
    Frozen,
}

/// The fields of a catalog that a caller has less of, by the positions of collection and field.
type Differences = Vec<(usize, usize, Less)>;

/// All of a caller that decides what of a catalog they see: what rules come to without a record. The person and the day
/// that a rule compares with are in the statement; it is told here whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sight {
    permissions: Permissions,
    person: bool,
    day: bool,
}

impl Sight {
    fn of(caller: &Caller) -> Self {
        let permissions = caller.permissions.clone();
        Self { permissions, person: caller.person().is_some(), day: caller.has_day() }
    }
}

/// What callers see of a catalog. One who sees all of it has no view of their own.
#[derive(Debug, Default)]
pub(crate) struct Views {
    by_sight: HashMap<Sight, Option<Arc<Catalog>>>,
    /// Whoever sees the same has the same view.
    by_less: HashMap<Differences, Arc<Catalog>>,
}

impl Catalog {
    /// The catalog as a caller sees it: without the fields that they may not read on any record, and with those that
    /// they may not write on any as the program's own. It is this one where that is all of it, and one for all callers
    /// who see the same.
    pub fn seen_by(self: &Arc<Self>, caller: &Caller) -> Arc<Self> {
        let sight = Sight::of(caller);
        if let Some(known) = self.views.read().unwrap_or_else(PoisonError::into_inner).by_sight.get(&sight) {
            return Arc::clone(known.as_ref().unwrap_or(self));
        }
        let less = self.less(caller);
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        // Who sees what follows from few permissions; should it not, nothing but work is lost.
        if views.by_sight.len() >= MAX_SIGHTS {
            views.by_sight.clear();
        }
        if views.by_less.len() >= MAX_VIEWS {
            views.by_less.clear();
            views.by_sight.clear();
        }
        let view = if less.is_empty() {
            None
        } else {
            let make = |less: &Differences| Arc::new(self.with_less(less));
            Some(Arc::clone(views.by_less.entry(less).or_insert_with_key(make)))
        };
        views.by_sight.insert(sight, view.clone());
        view.unwrap_or_else(|| Arc::clone(self))
    }

    /// What a caller has less of, as the rules say.
    fn less(&self, caller: &Caller) -> Differences {
        let mut less = Differences::new();
        for (at, schema) in self.schemas().enumerate() {
            for index in 0..schema.rules().map_or(0, |rules| rules.fields.len()) {
                if schema.field_readable(index, Some(caller)).is_never() {
                    less.push((at, index, Less::Hidden));
                } else if !schema.fields[index].field.read_only && schema.field_writable(index, Some(caller)).is_never()
                {
                    less.push((at, index, Less::Frozen));
                }
            }
        }
        less
    }

    fn with_less(&self, less: &Differences) -> Self {
        let mut gone: BTreeSet<(CollectionName, FieldName)> = BTreeSet::new();
        let mut seen = Vec::new();
        for (at, schema) in self.schemas().enumerate() {
            let is = |index: usize, what: Less| less.contains(&(at, index, what));
            let shown: Vec<usize> = (0..schema.fields.len()).filter(|index| !is(*index, Less::Hidden)).collect();
            let hidden = (0..schema.fields.len()).filter(|index| is(*index, Less::Hidden));
            gone.extend(hidden.map(|index| (schema.name.clone(), schema.fields[index].name.clone())));
            let mut view = schema.of_fields(&shown);
            for (place, index) in shown.iter().enumerate().filter(|(_, index)| is(**index, Less::Frozen)) {
                view.fields[place].field.read_only = true;
                if let Some(field) = view.collection.fields.get_mut(schema.fields[*index].name.as_str()) {
                    field.read_only = true;
                }
            }
            seen.push(view);
        }
        for schema in &mut seen {
            schema.referrers.retain(|by| !gone.contains(&(by.collection.clone(), by.field.clone())));
        }
        self.view(seen)
    }
}

/// Views of one catalog that are kept, and what callers hold who have one.
const MAX_VIEWS: usize = 64;
const MAX_SIGHTS: usize = 1_024;

#[cfg(test)]
mod tests;
