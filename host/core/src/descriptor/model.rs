//! The shape of `plugin.toml`. The JSON Schema for editors is made from these types.

use super::{FirstStep, Former, ListView, MailTemplate, Menu, Page, Preset, Service};
use crate::allowance::PluginBounds;
use crate::custom::ChoiceTitles;
use crate::name::{FieldName, LocalName, PermissionName, PluginId};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One plugin: identity, grants, collections, routes and pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    pub id: PluginId,
    /// Semantic version, such as `0.1.0`.
    pub version: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    /// The version of `lignaflow:plugin` that it was built against, `0.1`.
    pub api: String,
    /// The name of an icon of the host's set.
    #[serde(default)]
    pub icon: Option<String>,
    #[serde(default)]
    pub grants: Grants,
    /// That the code carries records of earlier versions over, before this one is in use.
    #[serde(default)]
    pub migration: Option<Migration>,
    /// Rights that the plugin adds, by name, with a title each: `approve = "Approve timesheets"`.
    #[serde(default)]
    pub permissions: IndexMap<LocalName, String>,
    /// What members can be made beside the host's owner, admin and member: `supervisor = { title = "Supervisor",
    /// permissions = ["approve"] }`. Owners and administrators hold every permission without.
    #[serde(default)]
    pub roles: IndexMap<LocalName, PluginRole>,
    #[serde(default)]
    pub collections: Vec<Collection>,
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Work that is done without a caller, when code asks for it or when its time comes.
    #[serde(default)]
    pub jobs: Vec<Job>,
    /// Changes that code is told of once they are committed.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
    /// Letters that code sends.
    #[serde(default)]
    pub mails: Vec<MailTemplate>,
    /// What other plugins may call, where an administrator grants it to them.
    #[serde(default)]
    pub services: Vec<Service>,
    /// What each organization fills in for itself: `deposit = { type = "percent", default = 1000 }`. Types of one value
    /// that name nothing else.
    #[serde(default)]
    pub settings: IndexMap<FieldName, Field>,
    /// What organizations of one kind usually fill in of these settings, offered above their form.
    #[serde(default)]
    pub presets: Vec<Preset>,
    #[serde(default)]
    pub pages: Vec<Page>,
    /// What a new organization does first. Its administrators find it on their first page until it is done.
    #[serde(default)]
    pub first_steps: Vec<FirstStep>,
}

/// Which records the code carries over, and of which versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Earlier versions, or their beginnings: `["0.1"]` is every 0.1.x. From others nothing is carried over.
    pub from: Vec<String>,
    /// Collections whose records are handed to `migrate`, in their order.
    pub collections: Vec<LocalName>,
    /// Records that one call is handed, 100 unless it says otherwise.
    #[serde(default)]
    pub portion: Option<u16>,
}

impl Migration {
    /// The most records that one call is handed.
    pub const MOST: u16 = 500;

    /// Whether records of a version are carried over.
    pub fn covers(&self, version: &str) -> bool {
        self.from.iter().any(|from| {
            version.strip_prefix(from.as_str()).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    }

    pub fn portion(&self) -> u16 {
        self.portion.unwrap_or(100)
    }
}

/// What the plugin asks for beyond its own collections. An administrator consents to each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Interfaces of the contract that the code may call: `records`, `people`. What reveals nothing (`context`,
    /// `calendar`, `logging`) needs no grant.
    pub interfaces: Vec<Capability>,
    /// Collections of other plugins that it reads, `projects/tasks` or `projects/*`.
    pub read: Vec<String>,
    /// Collections of other plugins that it writes.
    pub write: Vec<String>,
    /// Whether it sends letters in the organization's name.
    pub mail: bool,
    /// Whether it opens pages of its own to people without an account.
    pub links: bool,
    /// Services of other plugins that it calls, `projects.budget`.
    pub services: Vec<String>,
    /// Hosts that its jobs send to by HTTPS, `api.xero.com`.
    pub outbound: Vec<String>,
    /// What its calls may use, where it needs more than is usual or is content with less. Without the consent what is
    /// usual holds.
    #[serde(skip_serializing_if = "PluginBounds::is_empty")]
    pub bounds: PluginBounds,
}

/// An interface of the contract that must be granted before a component may import it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Records of its own collections, and of those granted in `read`.
    Records,
    /// Names, locales and zones of the organization's people.
    People,
    /// Files of the records that it may read, and files that it makes.
    Media,
}

impl Capability {
    pub const ALL: [Self; 3] = [Self::Records, Self::People, Self::Media];

    /// The interface's name in `wit/`.
    pub const fn interface(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::People => "people",
            Self::Media => "media",
        }
    }

    /// What an administrator is asked to consent to, as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Records => "Reads the records of its own collections.",
            Self::People => "Sees the names, locales and time zones of the organization's people.",
            Self::Media => "Reads the files of the records that it may read, and keeps files that it makes.",
        }
    }
}

/// A role that a plugin declares: permissions of its own that members of an organization are given together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginRole {
    pub title: String,
    #[serde(default)]
    pub permissions: Vec<LocalName>,
}

/// How a thing is called, in both numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Title {
    pub one: String,
    pub many: String,
}

/// A kind of record. It yields a table, REST routes, OpenAPI, a list, a form and a detail page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    pub name: LocalName,
    /// What it was called in earlier versions: `"jobs"`, or `["jobs", "works"]` with the latest first. Its records come
    /// along.
    #[serde(default)]
    pub renamed_from: Former<LocalName>,
    pub title: Title,
    #[serde(default)]
    pub icon: Option<String>,
    /// Where the menu has it. Left out: parts nowhere, all others first.
    #[serde(default)]
    pub menu: Option<Menu>,
    /// The field by which a record is called where it is referred to. A required text.
    pub display: FieldName,
    /// Columns of the list, in order. Left out: the first six that fit.
    #[serde(default)]
    pub list: Vec<FieldName>,
    /// Sort of the list, such as `-start`. Left out: by `display`.
    #[serde(default)]
    pub sort: Option<String>,
    /// Views of the list that everybody has who may read what they are of, beside those that people keep.
    #[serde(default)]
    pub views: Vec<ListView>,
    /// Writers that share a value of one of these fields take turns, so that guards on it hold.
    #[serde(default)]
    pub serialize: Vec<FieldName>,
    /// The required reference to the record of this plugin that each record is a part of, as a line is of an order. A
    /// write of a part makes a new version of the whole, is refused where the whole is locked, and a part is archived
    /// and restored with it.
    #[serde(default)]
    pub part_of: Option<FieldName>,
    /// When code is called before a save, and what it is handed with each change.
    #[serde(default)]
    pub hook: Option<Hook>,
    #[serde(default)]
    pub indexes: Vec<Vec<FieldName>>,
    /// Sets of fields whose values no two records that are not archived may share. A null shares nothing.
    #[serde(default)]
    pub unique: Vec<Unique>,
    /// What must hold of every record that is saved.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Who reads and writes which of its records.
    #[serde(default)]
    pub access: AccessRules,
    pub fields: IndexMap<FieldName, Field>,
    #[serde(default)]
    pub transitions: Vec<Transition>,
}

/// Fields whose values are unique: their names, or these with a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Unique {
    Of(Vec<FieldName>),
    When(UniqueWhen),
}

/// A unique rule among the records that fulfil a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniqueWhen {
    pub fields: Vec<FieldName>,
    /// A rule over the record's own fields, such as `ended_at is null`. All records where left out.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// What is said to whoever breaks it, as a sentence.
    #[serde(default)]
    pub message: Option<String>,
}

impl Unique {
    pub fn fields(&self) -> &[FieldName] {
        match self {
            Self::Of(fields) => fields,
            Self::When(rule) => &rule.fields,
        }
    }

    pub fn condition(&self) -> Option<&str> {
        match self {
            Self::Of(_) => None,
            Self::When(rule) => rule.condition.as_deref(),
        }
    }

    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Of(_) => None,
            Self::When(rule) => rule.message.as_deref(),
        }
    }
}

/// What must hold of every record that is saved. A comparison with an empty field refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// A rule over the record's own fields, such as `due >= start`.
    pub rule: String,
    /// The field at which a record that breaks it is told of; the whole record where left out.
    #[serde(default)]
    pub field: Option<FieldName>,
    /// What is said, as a sentence.
    pub message: String,
}

/// Rules over the record and the caller, such as `user = caller or has(read-all)`. What has no rule is open to all who
/// may read, or write, records of the organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessRules {
    pub read: Option<String>,
    /// Of a new record, as it is to be.
    pub create: Option<String>,
    /// Of a record as it was and as it is to be; transitions and restoring among it.
    pub update: Option<String>,
    /// Of a record that is archived.
    pub remove: Option<String>,
    /// Stands for those of create, update and remove that are left out.
    pub write: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    pub on: Vec<ChangeKind>,
    /// Paths through references, such as `project.status`, whose values come with each change and are re-checked
    /// inside the transaction.
    #[serde(default)]
    pub with: Vec<String>,
}

/// What is done to a record. Archiving and restoring are `remove` and `update`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    Insert,
    Update,
    Remove,
}

impl ChangeKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Remove => "remove",
        }
    }
}

/// One field of a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    #[serde(rename = "type")]
    pub kind: FieldKind,
    #[serde(default)]
    pub title: Option<String>,
    /// A sentence of help under the form's control.
    #[serde(default)]
    pub help: Option<String>,
    #[serde(default)]
    pub required: bool,
    /// The value of a new record where none is given; for a person also `"caller"`, for a date `"today"`, for an
    /// instant `"now"`.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// Text: characters, 200 where left out, at most 100,000. Integer, duration, percent: the largest value. Files: how
    /// many, 50 where left out.
    #[serde(default)]
    pub max: Option<i64>,
    /// Text: characters. Integer, duration, percent: the smallest value.
    #[serde(default)]
    pub min: Option<i64>,
    /// Digits after the point of a decimal, 0 to 9; 4 where left out.
    #[serde(default)]
    pub scale: Option<u8>,
    /// The choices, in their order, which is also how they sort.
    #[serde(default)]
    pub of: Vec<String>,
    /// The collection referred to: `sheets`, or `projects/tasks` of another plugin.
    #[serde(default)]
    pub to: Option<String>,
    /// What becomes of this record when the one it refers to is removed.
    #[serde(default)]
    pub on_delete: OnDelete,
    /// Of a reference: what the records that refer by it are called where they are listed with the one referred to, such
    /// as "Tasks that depend on this".
    #[serde(default)]
    pub related_title: Option<String>,
    /// Of a reference to the same collection: whether following it never leads back to where it began.
    #[serde(default)]
    pub acyclic: bool,
    /// Types of files that it takes, such as `image/*` or `application/pdf`; whatever the host takes where left out.
    #[serde(default)]
    pub accept: Vec<String>,
    /// The largest file that it takes, in bytes; as the host has it where left out.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Whether `q=` searches it.
    #[serde(default)]
    pub search: bool,
    /// Set by code and transitions alone: no client writes it.
    #[serde(default)]
    pub read_only: bool,
    /// Of a field that is `read_only`: the plugin's code writes it also where a state locks the record, or the record
    /// that it is a part of. For what is noted of a record later, such as where it was billed.
    #[serde(default)]
    pub even_locked: bool,
    /// Of a text: numbers that the host gives, each once and without gaps.
    #[serde(default)]
    pub sequence: Option<Sequence>,
    /// What code knows a record by, and nobody reads, such as the ids of what it was made from: records' pages leave it
    /// out.
    #[serde(default)]
    pub internal: bool,
    /// What it is calculated from, such as `quantity * unit_price` or `sum(lines.amount)`. Nobody writes it.
    #[serde(default)]
    pub derived: Option<String>,
    /// What it was called in earlier versions, as of a collection. Its values come along.
    #[serde(default)]
    pub renamed_from: Former<FieldName>,
    /// Choices that were renamed: `{ done = "finished" }` where `of` now has `finished` in the place of `done`.
    #[serde(default)]
    pub renamed: IndexMap<String, String>,
    /// A rule: who reads it, of those who read the record.
    #[serde(default)]
    pub read: Option<String>,
    /// A rule: who writes it, of those who read it and write the record.
    #[serde(default)]
    pub write: Option<String>,
    /// Of a text among the settings: whether it is kept encrypted and shown to nobody, code included.
    #[serde(default)]
    pub secret: bool,
    /// Of a secret: the hosts that it may be sent to, of those in `grants.outbound`. Where the plugin sends to one alone,
    /// it is that one.
    #[serde(default)]
    pub sent_to: Vec<String>,
    /// What choices are called that do not speak for themselves; of fields of organizations' own.
    #[serde(skip)]
    pub titles: ChoiceTitles,
}

/// Numbers given one after the other, within an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// `EST-{n}`, or `EST-{n:4}` for at least 4 digits. Letters, digits and punctuation of ASCII around it.
    pub format: String,
    /// The transition at which a record is given its number; when it is made, where left out.
    #[serde(default)]
    pub on: Option<LocalName>,
    /// Fields whose values are counted apart, such as `["project"]`.
    #[serde(default)]
    pub per: Vec<FieldName>,
    /// The first number; 1 where left out.
    #[serde(default)]
    pub start: Option<u32>,
}

impl Sequence {
    /// What its first number looks like.
    pub fn example(&self) -> String {
        let first = self.start.map_or(1, i64::from);
        crate::sequence::Format::parse(&self.format).map_or_else(|_| first.to_string(), |format| format.number(first))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    Text,
    /// 64 bits, signed.
    Integer,
    /// Exact, with `scale` digits after the point; at most 18 digits in all.
    Decimal,
    /// Minor units with a currency.
    Money,
    Boolean,
    /// A civil date.
    Date,
    /// A point in time, to the microsecond.
    Instant,
    /// Whole seconds.
    Duration,
    /// Whole minutes, such as planned effort. People read and type them as they do durations.
    Minutes,
    Choice,
    /// Basis points: 1250 is 12.5 %.
    Percent,
    /// A record of the collection in `to`.
    Reference,
    /// Any number of records of the collection in `to`, up to 1,000.
    References,
    /// A person of the organization.
    Person,
    /// Any number of people of the organization, up to 1,000.
    People,
    /// One file.
    Media,
    /// Any number of files, up to 50.
    Files,
    Json,
}

impl FieldKind {
    /// Whether it holds any number of ids, in their order.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::References | Self::People | Self::Files)
    }

    /// Whether it holds files.
    pub const fn is_media(self) -> bool {
        matches!(self, Self::Media | Self::Files)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnDelete {
    /// The other cannot be removed while this one stands.
    #[default]
    Restrict,
    /// The reference becomes null, or loses that member.
    Clear,
    /// This one is removed with it, and restored with it.
    Cascade,
}

/// A declared change of a choice field: a verb in the API and a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    pub name: LocalName,
    #[serde(default)]
    pub title: Option<String>,
    /// The choice field that it changes; `status` where left out. That field is then written by transitions alone.
    #[serde(default)]
    pub field: Option<FieldName>,
    pub from: Vec<String>,
    pub to: String,
    /// A permission of the plugin that it needs.
    #[serde(default)]
    pub permission: Option<LocalName>,
    /// The record refuses every change in the state that this leads to, but transitions.
    #[serde(default)]
    pub locks: bool,
    /// Fields that its button asks for before it is made, such as a reason.
    #[serde(default)]
    pub asks: Vec<FieldName>,
    /// The plugin's code alone makes it: clients have no verb for it, and pages no button.
    #[serde(default)]
    pub by_code: bool,
}

impl Transition {
    /// The choice field that it changes.
    pub fn field(&self) -> &str {
        self.field.as_ref().map_or("status", FieldName::as_str)
    }
}

/// A route that code answers, under `/api/v1/{plugin}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub name: LocalName,
    pub title: String,
    pub method: Method,
    /// `/projects/{id}/copy`; parameters are identifiers.
    pub path: String,
    /// What its caller has to hold, of this plugin or, as `projects.see-money`, of another.
    #[serde(default)]
    pub permission: Option<PermissionName>,
    /// JSON Schema of each query parameter.
    #[serde(default)]
    pub query: IndexMap<String, serde_json::Value>,
    /// JSON Schema of the body.
    #[serde(default)]
    pub body: Option<serde_json::Value>,
    #[serde(default)]
    pub answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it may return writes.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// What a route answers with. At most one of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// A record of this collection of the plugin.
    pub record: Option<LocalName>,
    /// A list of records of this collection.
    pub records: Option<LocalName>,
    /// JSON of this schema.
    pub json: Option<serde_json::Value>,
    /// Of JSON whose `rows` are objects: what they hold, in this order. Such an answer is a CSV or XLSX file where that is
    /// accepted, and a block `statement` of a page. Its `total`, where there is one, is a last row; `currency` is that of
    /// money; `records` of a row has the addresses of what is behind it, one for all or one by the name of each column.
    pub table: super::Columns,
    /// The address of a link, with when it expires.
    pub link: bool,
    /// A file of this type, such as `text/csv`: bytes, or what `media` has.
    pub file: Option<String>,
}

/// Work that code does on the plugin's own account, in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub name: LocalName,
    #[serde(default)]
    pub title: Option<String>,
    /// When it is done by itself, in the organization's time zone, as cron writes it: minute, hour, day of the month,
    /// month, day of the week. `0 16 * * 5` is 16:00 on Fridays.
    #[serde(default)]
    pub schedule: Option<String>,
    /// How often one slice is tried before the job has failed, 1 to 20; 8 where left out.
    #[serde(default)]
    pub attempts: Option<u16>,
}

impl Job {
    pub fn attempts(&self) -> u16 {
        self.attempts.unwrap_or(8)
    }

    /// How people call it.
    pub fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| humanize(self.name.as_str()))
    }
}

/// Changes of a collection that code is told of, in the order of their commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// `entries`, or `projects/projects` of another plugin with a grant to read it.
    pub collection: String,
    /// `insert`, `update`, `remove`, `restore`, or a transition by its name. An update is a transition as well.
    pub on: Vec<LocalName>,
}

impl Collection {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    pub fn transition(&self, name: &str) -> Option<&Transition> {
        self.transitions.iter().find(|transition| transition.name.as_str() == name)
    }

    /// The changes of state that clients make.
    pub fn verbs(&self) -> impl Iterator<Item = &Transition> {
        self.transitions.iter().filter(|transition| !transition.by_code)
    }

    /// Whether a field is written by transitions alone.
    pub fn is_state(&self, field: &str) -> bool {
        self.transitions.iter().any(|transition| transition.field() == field)
    }

    /// The states, as field and value, in which a record refuses changes.
    pub fn locked_states(&self) -> impl Iterator<Item = (&str, &str)> {
        self.transitions.iter().filter(|t| t.locks).map(|t| (t.field(), t.to.as_str()))
    }
}

impl Field {
    /// A field of this type with nothing else declared.
    pub fn bare(kind: FieldKind) -> Self {
        Self {
            kind,
            title: None,
            help: None,
            required: false,
            default: None,
            max: None,
            min: None,
            scale: None,
            of: Vec::new(),
            to: None,
            on_delete: OnDelete::Restrict,
            related_title: None,
            acyclic: false,
            accept: Vec::new(),
            max_bytes: None,
            search: false,
            read_only: false,
            even_locked: false,
            sequence: None,
            internal: false,
            derived: None,
            renamed_from: Former::default(),
            renamed: IndexMap::new(),
            read: None,
            write: None,
            secret: false,
            sent_to: Vec::new(),
            titles: ChoiceTitles::new(),
        }
    }

    /// Whether the host alone writes it: numbers that it gives, and what it calculates.
    pub const fn is_kept(&self) -> bool {
        self.sequence.is_some() || self.derived.is_some()
    }

    /// Whether code gives it in a hook: nothing that a record is refused for before its hook has run.
    pub const fn is_given_by_code(&self) -> bool {
        self.read_only && self.required && self.default.is_none()
    }

    /// Whether no client writes it.
    pub const fn is_read_only(&self) -> bool {
        self.read_only || self.is_kept()
    }

    /// Whether it holds identifiers, of records, people or files.
    pub const fn names_ids(&self) -> bool {
        self.refers() || self.kind.is_media()
    }

    /// Digits after the point of a decimal.
    pub fn scale(&self) -> u8 {
        self.scale.unwrap_or(4)
    }

    /// The most characters of a text.
    pub fn max_characters(&self) -> i64 {
        self.max.unwrap_or(200)
    }

    /// The most files that it holds.
    pub fn max_files(&self) -> usize {
        self.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(crate::media::MAX_FILES)
    }

    /// Whether it holds identifiers, one or many, of records or people.
    pub const fn refers(&self) -> bool {
        matches!(self.kind, FieldKind::Reference | FieldKind::References | FieldKind::Person | FieldKind::People)
    }
}

impl Descriptor {
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name.as_str() == name)
    }

    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name.as_str() == name)
    }

    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name.as_str() == name)
    }

    pub fn mail(&self, name: &str) -> Option<&MailTemplate> {
        self.mails.iter().find(|mail| mail.name.as_str() == name)
    }

    pub fn page(&self, name: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.name.as_str() == name)
    }

    /// Whether the plugin has code that the host calls.
    pub fn needs_code(&self) -> bool {
        let called = [self.routes.len(), self.jobs.len(), self.subscriptions.len(), self.services.len()];
        called.into_iter().any(|count| count > 0)
            || self.migration.is_some()
            || self.collections.iter().any(|collection| collection.hook.is_some())
    }
}

/// A field's or choice's name as people read it: `due_date` is `Due date`.
pub fn humanize(name: &str) -> String {
    let name = crate::custom::within(name).unwrap_or(name);
    let mut text = name.replace(['_', '-'], " ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}
