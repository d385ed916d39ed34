//! All collections that are loaded, each with an index of its fields, so that names are resolved once and what follows
//! works with positions. Immutable: a change of plugins makes a new one.

use crate::access::{SchemaRules, Views};
use crate::caller::Declared;
use crate::conditions::Conditions;
use crate::custom::Custom;
use crate::derive::Compiled;
use crate::descriptor::{Collection, Descriptor, Field, FieldKind, OnDelete, Sequence, Unique};
use crate::name::{CollectionName, FieldName, LocalName, PermissionName};
use crate::rule::{Loaded, Rule, TypedRule, World};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, RwLock};

/// Fields that the host gives to every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemField {
    Id,
    /// 1 for a new record, one more with each change.
    Version,
    CreatedAt,
    UpdatedAt,
    /// The person who made it, or null where a plugin did.
    CreatedBy,
    /// When it was archived, or null.
    ArchivedAt,
}

impl SystemField {
    pub const ALL: [Self; 6] =
        [Self::Id, Self::Version, Self::CreatedAt, Self::UpdatedAt, Self::CreatedBy, Self::ArchivedAt];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Version => "version",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::CreatedBy => "created_by",
            Self::ArchivedAt => "archived_at",
        }
    }

    pub const fn kind(self) -> FieldKind {
        match self {
            Self::Id => FieldKind::Reference,
            Self::Version => FieldKind::Integer,
            Self::CreatedAt | Self::UpdatedAt | Self::ArchivedAt => FieldKind::Instant,
            Self::CreatedBy => FieldKind::Person,
        }
    }
}

/// A collection as it is loaded.
#[derive(Debug)]
pub struct Schema {
    pub name: CollectionName,
    pub collection: Collection,
    /// Fields in the descriptor's order.
    pub fields: Vec<SchemaField>,
    by_name: HashMap<String, usize>,
    /// How its derived fields are calculated.
    pub derived: Compiled,
    /// Collections whose fields refer to this one.
    pub referrers: Vec<Referrer>,
    /// Of a view, the names of the fields that are not seen.
    pub(crate) hidden: BTreeSet<String>,
    /// Set once all collections are there that they may speak of.
    rules: OnceLock<SchemaRules>,
}

#[derive(Debug, Clone)]
pub struct SchemaField {
    pub name: FieldName,
    pub field: Field,
    /// Of `reference` and `references`, what they refer to.
    pub to: Option<CollectionName>,
    /// Where it is an organization's own.
    pub custom: Option<Arc<Custom>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    pub collection: CollectionName,
    pub field: FieldName,
    pub many: bool,
    pub on_delete: OnDelete,
}

impl Schema {
    /// A collection on its own, before it is known who refers to it.
    pub fn of(descriptor: &Descriptor, collection: &Collection) -> Self {
        let fields: Vec<_> = collection
            .fields
            .iter()
            .map(|(name, field)| SchemaField {
                name: name.clone(),
                field: field.clone(),
                to: field.to.as_deref().and_then(|to| CollectionName::within(&descriptor.id, to).ok()),
                custom: None,
            })
            .collect();
        let mut collection = collection.clone();
        // A number is never given twice; it is held so like any other unique rule.
        let numbered = fields.iter().filter_map(|field| Some((field, field.field.sequence.as_ref()?)));
        let rules =
            numbered.map(|(field, sequence)| [sequence.per.as_slice(), std::slice::from_ref(&field.name)].concat());
        collection.unique.extend(rules.map(Unique::Of).collect::<Vec<_>>());
        let name = CollectionName::new(&descriptor.id, &collection.name);
        let derived = crate::derive::compile(descriptor, &collection).0;
        let schema = Self::assembled(name, collection, fields, Vec::new(), SchemaRules::default());
        Self { derived, rules: OnceLock::new(), ..schema }
    }

    pub(crate) fn assembled(
        name: CollectionName,
        collection: Collection,
        fields: Vec<SchemaField>,
        referrers: Vec<Referrer>,
        rules: SchemaRules,
    ) -> Self {
        let by_name = fields.iter().enumerate().map(|(index, field)| (field.name.as_str().to_owned(), index)).collect();
        let (derived, hidden) = (Compiled::default(), BTreeSet::new());
        Self { name, collection, fields, by_name, derived, referrers, hidden, rules: rules.into() }
    }

    /// Whether there is a field of this name that is not seen here.
    pub fn hides(&self, name: &str) -> bool {
        self.hidden.contains(name)
    }

    /// Whether there are fields that are not seen here.
    pub fn hides_some(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Its access rules, where it is one of a catalog.
    pub(crate) fn rules(&self) -> Option<&SchemaRules> {
        self.rules.get()
    }

    /// What becomes of a record when the one is removed that this field refers to: parts go with the whole, whatever
    /// else is said of the reference.
    pub fn on_delete(&self, field: &SchemaField) -> OnDelete {
        let is_part = self.collection.part_of.as_ref() == Some(&field.name);
        if is_part { OnDelete::Cascade } else { field.field.on_delete }
    }

    /// Whether the commit calculates fields of its records from their parts.
    pub fn sums_parts(&self) -> bool {
        self.derived.derivations.iter().any(|derivation| derivation.of_parts)
    }

    /// The fields that are given numbers, by position.
    pub fn sequences(&self) -> impl Iterator<Item = (usize, &Sequence)> {
        self.fields.iter().enumerate().filter_map(|(index, field)| Some((index, field.field.sequence.as_ref()?)))
    }

    pub fn position(&self, field: &str) -> Option<usize> {
        self.by_name.get(field).copied()
    }

    /// The position of the reference to the record that each record is a part of, and the collection of that.
    pub fn whole(&self) -> Option<(usize, &CollectionName)> {
        let index = self.position(self.collection.part_of.as_ref()?.as_str())?;
        Some((index, self.fields[index].to.as_ref()?))
    }

    pub fn field(&self, name: &str) -> Option<&SchemaField> {
        self.position(name).map(|index| &self.fields[index])
    }
}

/// Every loaded collection. Cheap to share, never changed.
#[derive(Debug, Default)]
pub struct Catalog {
    schemas: BTreeMap<CollectionName, Arc<Schema>>,
    /// What plugins declare, as `plugin.name`.
    permissions: BTreeSet<String>,
    conditions: BTreeMap<CollectionName, Conditions>,
    declared: Arc<Declared>,
    /// Of a view, the collections that rules look at, which see all fields.
    whole: BTreeMap<CollectionName, Arc<Schema>>,
    /// What callers see.
    pub(crate) views: RwLock<Views>,
}

impl Catalog {
    /// The catalog of these descriptors. References into plugins that are not among them are told, as
    /// `plugin/collection.field -> target`, and access rules that speak of what is not there.
    pub fn new<'a>(descriptors: impl IntoIterator<Item = &'a Descriptor>) -> Result<Self, Vec<String>> {
        let mut schemas: BTreeMap<CollectionName, Schema> = BTreeMap::new();
        let descriptors: Vec<&Descriptor> = descriptors.into_iter().collect();
        let declared = Arc::new(Declared::by(descriptors.iter().copied()));
        let mut permissions = BTreeSet::new();
        for descriptor in &descriptors {
            permissions.extend(crate::rule::permissions(descriptor));
            for collection in &descriptor.collections {
                let schema = Schema::of(descriptor, collection);
                schemas.insert(schema.name.clone(), schema);
            }
        }
        let mut missing = Vec::new();
        let mut referrers = Vec::new();
        for schema in schemas.values() {
            for field in &schema.fields {
                let Some(to) = &field.to else { continue };
                if schemas.contains_key(to) {
                    referrers.push((
                        to.clone(),
                        Referrer {
                            collection: schema.name.clone(),
                            field: field.name.clone(),
                            many: field.field.kind == FieldKind::References,
                            on_delete: schema.on_delete(field),
                        },
                    ));
                } else {
                    missing.push(format!("{}.{} -> {to}", schema.name, field.name));
                }
            }
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        for (to, referrer) in referrers {
            if let Some(schema) = schemas.get_mut(&to) {
                schema.referrers.push(referrer);
            }
        }
        let schemas = schemas.into_iter().map(|(name, schema)| (name, Arc::new(schema))).collect();
        let mut catalog = Self { schemas, permissions, declared, ..Self::default() };
        let mut faults: Vec<String> = descriptors.iter().flat_map(|descriptor| catalog.unknown(descriptor)).collect();
        let mut rules = BTreeMap::new();
        for schema in catalog.schemas.values().cloned().collect::<Vec<_>>() {
            match Conditions::of(&catalog, &schema) {
                Ok(conditions) => _ = catalog.conditions.insert(schema.name.clone(), conditions),
                Err(told) => faults.extend(told),
            }
            match SchemaRules::new(&catalog, &schema) {
                Ok(own) => _ = rules.insert(schema.name.clone(), own),
                Err(told) => faults.extend(told),
            }
        }
        for schema in catalog.schemas() {
            // Nobody has set them before: the schema was made here.
            let _ = schema.rules.set(SchemaRules::inherited(schema, &catalog, &rules));
        }
        if faults.is_empty() { Ok(catalog) } else { Err(faults) }
    }

    /// Permissions that pages and routes ask for and that the plugin they name does not declare.
    fn unknown(&self, descriptor: &Descriptor) -> Vec<String> {
        let world = Loaded { home: &descriptor.id, schemas: &self.schemas, permissions: &self.permissions };
        let pages = descriptor.pages.iter().map(|page| ("page", &page.name, &page.permission));
        let routes = descriptor.routes.iter().map(|route| ("route", &route.name, &route.permission));
        let told = |(kind, name, permission): (&str, &LocalName, &Option<PermissionName>)| {
            let fault = world.permission(&permission.as_ref()?.full(&descriptor.id)).err()?;
            Some(format!("{kind} `{name}` of `{}`: {fault}", descriptor.id))
        };
        pages.chain(routes).filter_map(told).collect()
    }

    /// The same collections, each as it is seen here. Nothing is planned on what is seen, so conditions are not among it.
    pub(crate) fn view(&self, seen: Vec<Schema>) -> Self {
        Self {
            schemas: seen.into_iter().map(|schema| (schema.name.clone(), Arc::new(schema))).collect(),
            permissions: self.permissions.clone(),
            declared: self.declared.clone(),
            whole: if self.whole.is_empty() { self.schemas.clone() } else { self.whole.clone() },
            ..Self::default()
        }
    }

    /// The same with other schemas in the place of some.
    pub(crate) fn changed(&self, mut change: impl FnMut(&Schema) -> Option<Schema>) -> Self {
        let changed = |(name, schema): (&CollectionName, &Arc<Schema>)| {
            (name.clone(), change(schema).map_or_else(|| Arc::clone(schema), Arc::new))
        };
        Self {
            schemas: self.schemas.iter().map(changed).collect(),
            permissions: self.permissions.clone(),
            conditions: self.conditions.clone(),
            declared: self.declared.clone(),
            ..Self::default()
        }
    }

    /// A rule about the records of a collection, as its plugin writes it. What is wrong with it is told in sentences.
    pub fn rule(&self, schema: &Arc<Schema>, text: &str) -> Result<TypedRule, Vec<String>> {
        let rule = Rule::parse(text).map_err(|fault| vec![fault.to_string()])?;
        let world = Loaded { home: &schema.name.plugin, schemas: &self.schemas, permissions: &self.permissions };
        let typed = TypedRule::new(&rule, schema, &world);
        let typed = typed.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        typed.ok_or_else(|| vec![format!("`{text}` speaks of a collection that is not there")])
    }

    /// The checks of a collection and the conditions of its unique rules.
    pub fn conditions(&self, name: &CollectionName) -> Option<&Conditions> {
        self.conditions.get(name)
    }

    /// The permissions and roles that the plugins declare.
    pub const fn declared(&self) -> &Arc<Declared> {
        &self.declared
    }

    pub fn schema(&self, name: &CollectionName) -> Option<&Arc<Schema>> {
        self.schemas.get(name)
    }

    pub fn schemas(&self) -> impl Iterator<Item = &Arc<Schema>> {
        self.schemas.values()
    }
}
