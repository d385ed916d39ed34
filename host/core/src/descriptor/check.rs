//! The rules of a descriptor that no shape can say. Each broken one is told with the key where it stands.

use super::{Answer, ChangeKind, Collection, Descriptor, Field, FieldKind, Route, Transition};
use super::{former, migration, presets, services, settings};
use crate::media::{MAX_FILES, is_pattern};
use crate::name::{CollectionName, PermissionName};
use crate::outbound::{Host, MAX_HOSTS};
use crate::value::{Currency, parse_date, parse_instant};
use std::collections::HashSet;

/// Names that the host gives to every record itself.
pub const RESERVED: [&str; 10] =
    ["id", "version", "created_at", "updated_at", "created_by", "archived_at", "organization", "etag", "custom", "row"];

/// Words of the host's own API and pages, which no plugin may be called.
const RESERVED_PLUGINS: [&str; 33] = [
    "auth",
    "users",
    "organizations",
    "roles",
    "tokens",
    "plugins",
    "settings",
    "webhooks",
    "changes",
    "media",
    "jobs",
    "search",
    "people",
    "sessions",
    "setup",
    "sign-in",
    "sign-out",
    "account",
    "admin",
    "api",
    "swagger",
    "static",
    "health",
    "metrics",
    "l",
    "host",
    "theme",
    "views",
    "organization",
    "notices",
    "mail",
    "links",
    "outbound",
];

/// Words of every collection's own API, which no transition may be called.
const TAKEN: [&str; 8] = ["batch", "summary", "create", "update", "remove", "restore", "revert", "history"];

/// The most of each thing that one descriptor may declare.
const MAX_COLLECTIONS: usize = 60;
const MAX_FIELDS: usize = 120;
const MAX_ROUTES: usize = 200;
const MAX_ROLES: usize = 20;

type Faults = Vec<(String, String)>;

pub(super) fn check(descriptor: &Descriptor) -> Faults {
    let mut faults = Faults::new();
    let mut say = |key: String, message: String| faults.push((key, message));
    if RESERVED_PLUGINS.contains(&descriptor.id.as_str()) {
        say("id".into(), format!("`{}` is a word of the host's own", descriptor.id));
    }
    if !is_version(&descriptor.version) {
        say("version".into(), format!("`{}` is not a semantic version such as 0.1.0", descriptor.version));
    }
    if descriptor.api != crate::CONTRACT {
        say(
            "api".into(),
            format!("built against contract `{}`, but this host speaks `{}`", descriptor.api, crate::CONTRACT),
        );
    }
    if descriptor.title.trim().is_empty() {
        say("title".into(), "a plugin needs a title".into());
    }
    if descriptor.collections.len() > MAX_COLLECTIONS {
        say("collections".into(), format!("{} collections; at most {MAX_COLLECTIONS}", descriptor.collections.len()));
    }
    if descriptor.routes.len() > MAX_ROUTES {
        say("routes".into(), format!("{} routes; at most {MAX_ROUTES}", descriptor.routes.len()));
    }
    // Each is held against all others: of too many, that they are too many is all that is told.
    if descriptor.collections.len() > MAX_COLLECTIONS || descriptor.routes.len() > MAX_ROUTES {
        return faults;
    }
    for (kind, list) in [("read", &descriptor.grants.read), ("write", &descriptor.grants.write)] {
        for (index, text) in list.iter().enumerate() {
            if text.strip_suffix("/*").map_or_else(
                || text.parse::<CollectionName>().is_err(),
                |p| p.parse::<crate::name::PluginId>().is_err(),
            ) {
                say(format!("grants.{kind}[{index}]"), format!("`{text}` is not plugin/collection or plugin/*"));
            }
        }
    }
    for issue in descriptor.grants.bounds.faults() {
        say(format!("grants.bounds{}", issue.path.replace('/', ".")), issue.message);
    }
    services::check(descriptor, &mut say);
    outside(descriptor, &mut say);
    settings::check(descriptor, &mut say);
    presets::check(descriptor, &mut say);
    migration::check(descriptor, &mut say);
    if descriptor.roles.len() > MAX_ROLES {
        say("roles".into(), format!("{} roles; at most {MAX_ROLES}", descriptor.roles.len()));
    }
    for (name, role) in &descriptor.roles {
        if role.title.trim().is_empty() {
            say(format!("roles.{name}.title"), "a role needs a title".into());
        }
        for permission in &role.permissions {
            permission_known(descriptor, Some(permission), &format!("roles.{name}.permissions"), &mut say);
        }
    }
    let mut names = HashSet::new();
    for (index, collection) in descriptor.collections.iter().enumerate() {
        let key = format!("collections[{index}]");
        if !names.insert(collection.name.as_str()) {
            say(format!("{key}.name"), format!("two collections are called `{}`", collection.name));
        }
        collection_rules(descriptor, collection, &key, &mut say);
    }
    former::collections(descriptor, &mut say);
    let mut names = HashSet::new();
    for (index, route) in descriptor.routes.iter().enumerate() {
        let key = format!("routes[{index}]");
        if !names.insert(route.name.as_str()) {
            say(format!("{key}.name"), format!("two routes are called `{}`", route.name));
        }
        route_rules(descriptor, route, &key, &mut say);
    }
    super::work::check(descriptor, &mut say);
    super::post::check(descriptor, &mut say);
    super::first_steps::check(descriptor, &mut say);
    let mut names = HashSet::new();
    for (index, page) in descriptor.pages.iter().enumerate() {
        let key = format!("pages[{index}]");
        if !names.insert(page.name.as_str()) {
            say(format!("{key}.name"), format!("two pages are called `{}`", page.name));
        }
        if descriptor.collection(page.name.as_str()).is_some() {
            say(format!("{key}.name"), format!("`{}` is a collection's name already", page.name));
        }
        permission_named(descriptor, page.permission.as_ref(), &format!("{key}.permission"), &mut say);
        super::page::check(descriptor, page, &key, &mut say);
    }
    faults
}

/// Hosts that a plugin sends to. That its code sends anywhere is known from its imports.
fn outside(descriptor: &Descriptor, say: &mut impl FnMut(String, String)) {
    let hosts = &descriptor.grants.outbound;
    if hosts.len() > MAX_HOSTS {
        say("grants.outbound".into(), format!("{} hosts; at most {MAX_HOSTS}", hosts.len()));
    }
    for (index, entry) in hosts.iter().enumerate() {
        match entry.parse::<Host>() {
            Ok(host) if host.to_string() == *entry => {}
            Ok(host) => say(format!("grants.outbound[{index}]"), format!("`{entry}` is written `{host}`")),
            Err(message) => say(format!("grants.outbound[{index}]"), message),
        }
    }
}

fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<_> = core.split('.').collect();
    parts.len() == 3
        && text.len() <= 40
        && parts.iter().all(|part| part.parse::<u32>().is_ok_and(|number| number.to_string() == *part))
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
}

/// The collection that `text` names from within `descriptor`. Those of other plugins are looked up when it is loaded.
pub(super) fn target(descriptor: &Descriptor, text: &str) -> Result<(), String> {
    let name = CollectionName::within(&descriptor.id, text).map_err(|error| error.to_string())?;
    if name.plugin == descriptor.id {
        if descriptor.collection(name.local.as_str()).is_none() {
            return Err(format!("there is no collection `{}` in this plugin", name.local));
        }
    } else if !may_read(descriptor, &name) {
        return Err(format!("`{name}` belongs to another plugin and is not among `grants.read`"));
    }
    Ok(())
}

/// Whether the grants that a descriptor asks for cover reading a collection.
pub(super) fn may_read(descriptor: &Descriptor, name: &CollectionName) -> bool {
    descriptor.grants.reads(&descriptor.id, name)
}

impl super::Grants {
    /// Whether these grants cover reading a collection; a plugin reads its own.
    pub fn reads(&self, home: &crate::name::PluginId, name: &CollectionName) -> bool {
        name.plugin == *home || covers(&self.read, name) || covers(&self.write, name)
    }

    /// Whether these grants cover writing a collection; a plugin writes its own.
    pub fn writes(&self, home: &crate::name::PluginId, name: &CollectionName) -> bool {
        name.plugin == *home || covers(&self.write, name)
    }

    /// What of `self` these give as well. Interfaces stay: what they lead to is what is granted beside them.
    #[must_use]
    pub fn within(&self, granted: &Self) -> Self {
        let common = |own: &[String], others: &[String]| own.iter().filter(|it| others.contains(it)).cloned().collect();
        Self {
            interfaces: self.interfaces.clone(),
            read: common(&self.read, &granted.read),
            write: common(&self.write, &granted.write),
            services: common(&self.services, &granted.services),
            outbound: common(&self.outbound, &granted.outbound),
            mail: self.mail && granted.mail,
            links: self.links && granted.links,
            // How much it may use is the instance's matter, and no organization's.
            bounds: self.bounds.clone(),
        }
    }

    /// What `self` asks for and `granted` does not give, each as it stands in the descriptor.
    pub fn missing_from(&self, granted: &Self) -> Vec<String> {
        let mut missing = Vec::new();
        missing.extend(
            self.interfaces
                .iter()
                .filter(|i| !granted.interfaces.contains(i))
                .map(|i| format!("interface {}", i.interface())),
        );
        missing.extend(self.read.iter().filter(|name| !granted.read.contains(name)).map(|name| format!("read {name}")));
        missing
            .extend(self.write.iter().filter(|name| !granted.write.contains(name)).map(|name| format!("write {name}")));
        let flags = [("mail", self.mail && !granted.mail), ("links", self.links && !granted.links)];
        missing.extend(flags.into_iter().filter(|(_, lacks)| *lacks).map(|(name, _)| name.to_owned()));
        let services = self.services.iter().filter(|name| !granted.services.contains(name));
        missing.extend(services.map(|name| format!("service {name}")));
        let hosts = self.outbound.iter().filter(|host| !granted.outbound.contains(host));
        missing.extend(hosts.map(|host| format!("outbound {host}")));
        missing
    }

    /// Those of these that are named: `interface records`, `read projects/tasks`.
    #[must_use]
    pub fn chosen(&self, named: &[String]) -> Self {
        let has = |text: String| named.contains(&text);
        let of = |word: &str, names: &[String]| -> Vec<String> {
            names.iter().filter(|name| has(format!("{word} {name}"))).cloned().collect()
        };
        Self {
            interfaces: self
                .interfaces
                .iter()
                .copied()
                .filter(|i| has(format!("interface {}", i.interface())))
                .collect(),
            read: of("read", &self.read),
            write: of("write", &self.write),
            mail: self.mail && has("mail".to_owned()),
            links: self.links && has("links".to_owned()),
            services: of("service", &self.services),
            outbound: of("outbound", &self.outbound),
            bounds: self.bounds.chosen(named),
        }
    }

    /// These as they follow where what the version in use is granted went from `before` to `after`: what was taken back from
    /// it is not theirs either, and bounds that were set otherwise are so here.
    #[must_use]
    pub fn following(&self, before: &Self, after: &Self) -> Self {
        let taken = before.missing_from(after);
        let kept = self.missing_from(&Self::default()).into_iter().filter(|name| !taken.contains(name));
        let mut bounds = self.bounds.clone();
        for of in before.bounds.settings().chain(after.bounds.settings()).map(|setting| setting.of) {
            if before.bounds.get(of) != after.bounds.get(of) {
                bounds.set(of, after.bounds.get(of));
            }
        }
        Self { bounds, ..self.chosen(&kept.collect::<Vec<_>>()) }
    }

    /// What consenting means, as sentences for the administrator.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<_> = self.interfaces.iter().map(|i| i.sentence().to_owned()).collect();
        sentences.extend(self.read.iter().map(|name| format!("Reads {}.", spoken(name))));
        sentences.extend(self.write.iter().map(|name| format!("Reads and changes {}.", spoken(name))));
        if self.mail {
            sentences.push("Sends mail in the organization's name.".to_owned());
        }
        if self.links {
            sentences.push("Opens pages of its own to people without an account, by links.".to_owned());
        }
        sentences.extend(self.services.iter().map(|name| services::sentence(name)));
        sentences.extend(self.outbound.iter().map(|host| format!("Sends to {host}.")));
        sentences.extend(self.bounds.settings().map(|setting| setting.sentence()));
        sentences
    }
}

fn spoken(name: &str) -> String {
    match name.split_once('/') {
        Some((plugin, "*")) => format!("everything of the plugin {plugin}"),
        Some((plugin, local)) => format!("{} of the plugin {plugin}", local.replace('-', " ")),
        None => name.to_owned(),
    }
}

fn covers(list: &[String], name: &CollectionName) -> bool {
    list.iter().any(|entry| {
        entry.split_once('/').is_some_and(|(plugin, local)| {
            plugin == name.plugin.as_str() && (local == "*" || local == name.local.as_str())
        })
    })
}

fn permission_known(
    descriptor: &Descriptor,
    permission: Option<&crate::name::LocalName>,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    if let Some(permission) = permission
        && !descriptor.permissions.contains_key(permission)
    {
        say(key.to_owned(), format!("`{permission}` is not among [permissions]"));
    }
}

/// What another plugin declares is known once it is loaded.
fn permission_named(
    descriptor: &Descriptor,
    permission: Option<&PermissionName>,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    let Some((plugin, name)) = permission.map(|permission| permission.parts(&descriptor.id)) else { return };
    if plugin == descriptor.id.as_str() && !descriptor.permissions.contains_key(name) {
        say(key.to_owned(), format!("`{name}` is not among [permissions]"));
    }
}

fn collection_rules(descriptor: &Descriptor, collection: &Collection, key: &str, say: &mut impl FnMut(String, String)) {
    if collection.fields.len() > MAX_FIELDS {
        say(format!("{key}.fields"), format!("{} fields; at most {MAX_FIELDS}", collection.fields.len()));
    }
    match collection.field(collection.display.as_str()) {
        Some(field) if field.kind == FieldKind::Text && field.required => {}
        Some(_) => say(format!("{key}.display"), format!("`{}` must be a required text", collection.display)),
        None => say(format!("{key}.display"), format!("there is no field `{}`", collection.display)),
    }
    let mut known = |names: &[crate::name::FieldName], at: String| {
        for name in names {
            if collection.field(name.as_str()).is_none() && !RESERVED[..6].contains(&name.as_str()) {
                say(at.clone(), format!("there is no field `{name}`"));
            }
        }
    };
    known(&collection.list, format!("{key}.list"));
    known(&collection.serialize, format!("{key}.serialize"));
    for (index, names) in collection.indexes.iter().enumerate() {
        known(names, format!("{key}.indexes[{index}]"));
    }
    for (index, names) in collection.unique.iter().enumerate() {
        known(names.fields(), format!("{key}.unique[{index}]"));
    }
    let sets = collection.indexes.iter().map(|names| ("indexes", names.as_slice()));
    let sets = sets.chain(collection.unique.iter().map(|rule| ("unique", rule.fields())));
    for (what, names) in sets.chain(std::iter::once(("serialize", collection.serialize.as_slice()))) {
        for name in names {
            if collection.field(name.as_str()).is_some_and(|field| !field.is_single()) {
                say(format!("{key}.{what}"), format!("`{name}` holds many values or JSON, which cannot be a key"));
            }
        }
    }
    if let Some(sort) = &collection.sort {
        for part in sort.split(',') {
            let name = part.trim_start_matches('-');
            let first = name.split('.').next().unwrap_or_default();
            if collection.field(first).is_none() && !RESERVED[..6].contains(&first) {
                say(format!("{key}.sort"), format!("there is no field `{first}`"));
            }
        }
    }
    if let Some(hook) = &collection.hook {
        if hook.on.is_empty() {
            say(format!("{key}.hook.on"), "names nothing to be called on".into());
        }
        for path in &hook.with {
            let first = path.split('.').next().unwrap_or_default();
            if !path.contains('.') || !collection.field(first).is_some_and(|f| f.kind == FieldKind::Reference) {
                say(
                    format!("{key}.hook.with"),
                    format!("`{path}` is not a path through a reference, such as project.status"),
                );
            }
        }
    }
    super::family::check(descriptor, collection, key, say);
    super::views::check(descriptor, collection, key, say);
    super::kept::check(descriptor, collection, key, say);
    for (name, field) in &collection.fields {
        let at = format!("{key}.fields.{name}");
        if field.secret {
            say(format!("{at}.secret"), "a setting can be secret, a field of records cannot".into());
        }
        if !field.sent_to.is_empty() {
            say(format!("{at}.sent_to"), "`sent_to` is for secrets among the settings".into());
        }
        field_rules(descriptor, name.as_str(), field, &at, say);
    }
    former::fields(collection, key, say);
    access_rules(descriptor, collection, key, say);
    let mut names = HashSet::new();
    for (index, transition) in collection.transitions.iter().enumerate() {
        let at = format!("{key}.transitions[{index}]");
        if !names.insert(transition.name.as_str()) {
            say(format!("{at}.name"), format!("two transitions are called `{}`", transition.name));
        }
        transition_rules(descriptor, collection, transition, &at, say);
    }
}

fn access_rules(descriptor: &Descriptor, collection: &Collection, key: &str, say: &mut impl FnMut(String, String)) {
    let mut check = |at: String, text: &str| {
        for fault in crate::rule::faults(descriptor, collection, text) {
            say(at.clone(), fault);
        }
    };
    for (name, text) in collection.access.each() {
        check(format!("{key}.access.{name}"), text);
    }
    for (field, declared) in &collection.fields {
        for (name, text) in declared.rules() {
            check(format!("{key}.fields.{field}.{name}"), text);
        }
    }
    for (field, declared) in &collection.fields {
        let told = collection.unique.iter().any(|rule| rule.fields().contains(field));
        if declared.read.is_some() && (*field == collection.display || told) {
            let why = if told { "a unique field tells whether a value is taken" } else { "a record is called by it" };
            say(format!("{key}.fields.{field}.read"), format!("{why}: everybody who reads the record reads it"));
        }
    }
}

fn transition_rules(
    descriptor: &Descriptor,
    collection: &Collection,
    transition: &Transition,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    permission_known(descriptor, transition.permission.as_ref(), &format!("{key}.permission"), say);
    let Some(field) = collection.field(transition.field()).filter(|field| field.kind == FieldKind::Choice) else {
        say(format!("{key}.field"), format!("`{}` is not a choice field", transition.field()));
        return;
    };
    if field.default.is_none() {
        say(
            format!("{key}.field"),
            format!("`{}` needs a default, the state that a record begins in", transition.field()),
        );
    }
    if transition.from.is_empty() {
        say(format!("{key}.from"), "names no state".into());
    }
    for name in &transition.asks {
        let asked = collection.field(name.as_str()).filter(|field| !field.is_read_only() && !field.kind.is_media());
        if asked.is_none() || collection.is_state(name.as_str()) {
            say(format!("{key}.asks"), format!("`{name}` is no field of a form"));
        }
    }
    for state in transition.from.iter().chain(std::iter::once(&transition.to)) {
        if !field.of.contains(state) {
            say(key.to_owned(), format!("`{state}` is not one of {}", field.of.join(", ")));
        }
    }
    if TAKEN.contains(&transition.name.as_str()) {
        say(format!("{key}.name"), format!("`{}` is a word of the API", transition.name));
    }
}

impl Field {
    /// Whether one value of it can be compared, indexed and grouped by.
    pub const fn is_single(&self) -> bool {
        !self.kind.is_list() && !matches!(self.kind, FieldKind::Json)
    }
}

pub(super) fn field_rules(
    descriptor: &Descriptor,
    name: &str,
    field: &Field,
    key: &str,
    say: &mut impl FnMut(String, String),
) {
    use FieldKind as Kind;
    if RESERVED.contains(&name) {
        say(key.to_owned(), format!("`{name}` is a field that the host gives to every record"));
    }
    let only = |given: bool, what: &str, kinds: &[Kind], say: &mut dyn FnMut(String, String)| {
        if given && !kinds.contains(&field.kind) {
            say(format!("{key}.{what}"), format!("`{what}` means nothing for this type"));
        }
    };
    only(field.scale.is_some(), "scale", &[Kind::Decimal], say);
    only(!field.of.is_empty(), "of", &[Kind::Choice], say);
    only(field.to.is_some(), "to", &[Kind::Reference, Kind::References], say);
    let bounded = [Kind::Text, Kind::Integer, Kind::Duration, Kind::Minutes, Kind::Percent, Kind::Money, Kind::Files];
    only(field.max.is_some(), "max", &bounded, say);
    only(
        field.min.is_some(),
        "min",
        &[Kind::Text, Kind::Integer, Kind::Duration, Kind::Minutes, Kind::Percent, Kind::Money],
        say,
    );
    only(field.search, "search", &[Kind::Text], say);
    only(!field.accept.is_empty(), "accept", &[Kind::Media, Kind::Files], say);
    only(field.max_bytes.is_some(), "max_bytes", &[Kind::Media, Kind::Files], say);
    for pattern in &field.accept {
        if !is_pattern(pattern) {
            let message = format!("`{pattern}` is no type of files such as image/* or application/pdf");
            say(format!("{key}.accept"), message);
        }
    }
    if field.max_bytes == Some(0) {
        say(format!("{key}.max_bytes"), "a file has at least one byte".into());
    }
    if let (Some(min), Some(max)) = (field.min, field.max)
        && min > max
    {
        say(key.to_owned(), format!("min {min} is more than max {max}"));
    }
    match field.kind {
        Kind::Text if !(1..=100_000).contains(&field.max_characters()) || field.min.is_some_and(|min| min < 0) => {
            say(format!("{key}.max"), "a text has 1 to 100,000 characters".into());
        }
        Kind::Files
            if field.max.is_some_and(|max| !(1..=i64::try_from(MAX_FILES).unwrap_or(i64::MAX)).contains(&max)) =>
        {
            say(format!("{key}.max"), format!("a field holds 1 to {MAX_FILES} files"));
        }
        Kind::Decimal if field.scale() > 9 => say(format!("{key}.scale"), "at most 9 digits after the point".into()),
        Kind::Choice => {
            if field.of.is_empty() || field.of.len() > 100 {
                say(format!("{key}.of"), "a choice needs 1 to 100 values in `of`".into());
            }
            let mut seen = HashSet::new();
            for choice in &field.of {
                if choice.is_empty() || choice.len() > 60 || !seen.insert(choice) {
                    say(format!("{key}.of"), format!("`{choice}` is empty, longer than 60 bytes, or there twice"));
                }
            }
        }
        Kind::Reference | Kind::References => match &field.to {
            None => say(format!("{key}.to"), "a reference needs the collection in `to`".into()),
            Some(to) => {
                if let Err(message) = target(descriptor, to) {
                    say(format!("{key}.to"), message);
                }
                if field.on_delete == super::OnDelete::Clear && field.required {
                    say(format!("{key}.on_delete"), "a required reference cannot be cleared".into());
                }
            }
        },
        _ => {}
    }
    if let Some(default) = &field.default
        && !default_fits(field, default)
    {
        say(format!("{key}.default"), format!("`{default}` is not a value of this type"));
    }
}

fn default_fits(field: &Field, default: &serde_json::Value) -> bool {
    use FieldKind as Kind;
    let text = default.as_str();
    match field.kind {
        Kind::Text => text.is_some(),
        Kind::Integer | Kind::Duration | Kind::Minutes | Kind::Percent => default.as_i64().is_some(),
        Kind::Decimal => text.is_some_and(|t| t.parse::<crate::value::Decimal>().is_ok()),
        Kind::Boolean => default.is_boolean(),
        Kind::Date => text.is_some_and(|t| t == "today" || parse_date(t).is_some()),
        Kind::Instant => text.is_some_and(|t| t == "now" || parse_instant(t).is_some()),
        Kind::Choice => text.is_some_and(|t| field.of.iter().any(|choice| choice == t)),
        Kind::Person => text == Some("caller"),
        Kind::Money => {
            default["minor"].is_i64() && default["currency"].as_str().is_some_and(|c| c.parse::<Currency>().is_ok())
        }
        Kind::Json => true,
        Kind::Reference | Kind::References | Kind::People | Kind::Media | Kind::Files => false,
    }
}

fn route_rules(descriptor: &Descriptor, route: &Route, key: &str, say: &mut impl FnMut(String, String)) {
    permission_named(descriptor, route.permission.as_ref(), &format!("{key}.permission"), say);
    let segments: Vec<_> = route.path.split('/').skip(1).collect();
    let mut seen = HashSet::new();
    let well = route.path.starts_with('/')
        && !segments.is_empty()
        && segments.iter().all(|segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            Some(name) => name.parse::<crate::name::FieldName>().is_ok() && seen.insert(name),
            None => segment.parse::<crate::name::LocalName>().is_ok(),
        });
    if !well {
        say(format!("{key}.path"), format!("`{}` is not a path such as /projects/{{id}}/copy", route.path));
    }
    // A path under a collection's own must go deeper than the collection's routes do, or it would hide one of them.
    let first = segments.first().copied().unwrap_or_default();
    if let Some(collection) = descriptor.collection(first) {
        let verb = segments.get(2).copied();
        let clear = segments.len() >= 3 && verb.is_some_and(|verb| collection.transition(verb).is_none());
        if !clear {
            say(format!("{key}.path"), format!("`{}` hides a route of the collection `{first}`", route.path));
        }
    }
    if route.method == super::Method::Get && route.body.is_some() {
        say(format!("{key}.body"), "a GET has no body".into());
    }
    let Answer { record, records, json, link, file, table: _ } = &route.answer;
    let named = [record.is_some(), records.is_some(), json.is_some(), *link, file.is_some()];
    if named.iter().filter(|set| **set).count() > 1 {
        say(format!("{key}.answer"), "names more than one kind of answer".into());
    }
    if let Some(kind) = file.as_ref().filter(|kind| !is_media_type(kind)) {
        say(format!("{key}.answer.file"), format!("`{kind}` is not a type such as text/csv"));
    }
    super::report::check_table(route, key, say);
    for name in record.iter().chain(records) {
        if descriptor.collection(name.as_str()).is_none() {
            say(format!("{key}.answer"), format!("there is no collection `{name}`"));
        }
    }
}

/// A type and a subtype in small letters, without parameters (RFC 6838, 4.2).
fn is_media_type(text: &str) -> bool {
    let word = |word: &str| {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte);
        (1..=127).contains(&word.len()) && word.bytes().all(known)
    };
    text.split_once('/').is_some_and(|(kind, of)| word(kind) && word(of))
}

/// Whether a hook is called on this kind of change.
impl Collection {
    pub fn hooked_on(&self, kind: ChangeKind) -> bool {
        self.hook.as_ref().is_some_and(|hook| hook.on.contains(&kind))
    }
}
