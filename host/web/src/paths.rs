//! The addresses of pages, in one place: the router is built to match them.

use lignaflow_core::id::Id;
use lignaflow_core::name::CollectionName;
use std::fmt::Display;

pub const HOME: &str = "/";
pub const SIGN_IN: &str = "/sign-in";
/// POST: `pending`, `code`, `next`.
pub const SIGN_IN_CODE: &str = "/sign-in/code";
pub const SIGN_OUT: &str = "/sign-out";
pub const SETUP: &str = "/setup";
pub const SEARCH: &str = "/search";
/// POST: `theme` is `system`, `light` or `dark`; `back` the page to return to.
pub const THEME: &str = "/theme";
/// POST: `organization` is the one to change to.
pub const SWITCH_ORGANIZATION: &str = "/organization";
pub const ACCOUNT: &str = "/account";
pub const ACCOUNT_PASSWORD: &str = "/account/password";
pub const ACCOUNT_TOKENS: &str = "/account/tokens";
pub const ACCOUNT_SESSIONS: &str = "/account/sessions";
pub const PLUGINS: &str = "/admin/plugins";
pub const PLUGIN_INSTALL: &str = "/admin/plugins/install";
/// POST: installs all that is part of the program.
pub const PLUGINS_SHIPPED: &str = "/admin/plugins/shipped";
pub const WEBHOOKS: &str = "/admin/webhooks";
pub const JOBS: &str = "/admin/jobs";
/// One's own notices.
pub const NOTICES: &str = "/notices";
/// POST: marks all as read.
pub const NOTICES_READ: &str = "/notices/read";
/// POST: `by` is `page`, `digest` or `mail`; `quiet` whether nothing comes at night.
pub const NOTICES_SETTINGS: &str = "/notices/settings";
pub const MAIL: &str = "/admin/mail";
/// Letters about accounts, which are no organization's.
pub const MAIL_ACCOUNTS: &str = "/admin/mail/accounts";
/// POST: a letter to oneself.
pub const MAIL_TEST: &str = "/admin/mail/test";
pub const LINKS: &str = "/admin/links";
pub const OUTBOUND: &str = "/admin/outbound";
pub const DOCUMENTS: &str = "/admin/documents";
/// GET: the picture; POST: another, as `logo` of a form with a file.
pub const DOCUMENT_LOGO: &str = "/admin/documents/logo";
/// POST.
pub const DOCUMENT_LOGO_REMOVE: &str = "/admin/documents/logo/remove";
pub const SWAGGER: &str = "/swagger/";
pub const PEOPLE: &str = "/admin/people";
pub const FIELDS: &str = "/admin/fields";
/// POST: asks somebody to join.
pub const INVITATIONS: &str = "/admin/people/invitations";
/// POST: somebody who does not sign in.
pub const PLACEHOLDERS: &str = "/admin/people/placeholders";
/// POST: a role of the organization's own.
pub const ROLES: &str = "/admin/roles";
pub const AUDIT: &str = "/admin/audit";
pub const AUDIT_FILE: &str = "/admin/audit.csv";
/// POST: what the organization is set to.
pub const ORGANIZATION: &str = "/admin/organization";
/// GET: enrolled devices; POST: another, by `name`.
pub const DEVICES: &str = "/admin/devices";
/// GET: the form, on an enrolled device; POST: `username`, `pin`, `next`.
pub const SIGN_IN_PIN: &str = "/sign-in/pin";
/// POST: `current` and `pin`.
pub const ACCOUNT_PIN: &str = "/account/pin";
/// GET: the form; POST: `email` of who wants to make an organization.
pub const SIGN_UP: &str = "/sign-up";
/// For how long people are kept, posted here.
pub const RETENTION: &str = "/admin/organization/retention";
/// POST: `confirm`, the name of the organization that is taken away.
pub const ORGANIZATION_REMOVE: &str = "/admin/organization/remove";
/// POST: makes a sample firm.
pub const SAMPLE: &str = "/admin/sample";
/// What is held of oneself, as a file.
pub const ACCOUNT_EXPORT: &str = "/account/export";
/// POST: one's name, language and time zone.
pub const ACCOUNT_PROFILE: &str = "/account/profile";

/// GET: the form; POST: `email` of who has forgotten their password.
pub const FORGOTTEN: &str = "/forgotten";
/// POST: `current` and `email`.
pub const ACCOUNT_ADDRESS: &str = "/account/address";
/// GET: a second factor, to be turned on; POST: its first `code`.
pub const SECOND_FACTOR: &str = "/account/second-factor";
/// POST.
pub const SECOND_FACTOR_OFF: &str = "/account/second-factor/off";
/// POST: new codes on paper.
pub const SECOND_FACTOR_CODES: &str = "/account/second-factor/codes";
/// GET: the form, with `next`; POST: `password`, `code`, `next`.
pub const PROVE: &str = "/account/prove";
/// POST: ends all sessions but the one that asks.
pub const ACCOUNT_SESSIONS_END: &str = "/account/sessions/end-others";

/// GET: the form; POST: `password`.
pub fn reset(secret: impl Display) -> String {
    format!("/reset/{secret}")
}

/// GET: the form of a new organization; POST: makes it.
pub fn sign_up(secret: impl Display) -> String {
    format!("/sign-up/{secret}")
}

/// GET: what is to be enrolled; POST: enrols it.
pub fn enrol(secret: impl Display) -> String {
    format!("/enrol/{secret}")
}

/// POST.
pub fn device_revoke(id: impl Display) -> String {
    format!("/admin/devices/{id}/revoke")
}

/// POST: `username` and, if wanted, `pin`; or `remove`.
pub fn person_pin(id: impl Display) -> String {
    format!("/admin/people/{id}/pin")
}

/// GET: an invitation; POST: accepts it.
pub fn join(secret: impl Display) -> String {
    format!("/join/{secret}")
}

/// POST: withdraws it.
pub fn invitation_send(id: impl Display) -> String {
    format!("{INVITATIONS}/{id}/send")
}

pub fn invitation_withdraw(id: impl Display) -> String {
    format!("{INVITATIONS}/{id}/withdraw")
}

/// POST: what a role brings. `permission` comes once for each.
pub fn role(name: impl Display) -> String {
    format!("{ROLES}/{name}")
}

/// POST: takes a role away.
pub fn role_remove(name: impl Display) -> String {
    format!("{ROLES}/{name}/remove")
}

/// POST: `role` is `owner`, `admin` or `member`; `active` ends or resumes the membership.
pub fn person(id: impl Display) -> String {
    format!("{PEOPLE}/{id}")
}

/// What is held of somebody.
pub fn person_privacy(id: impl Display) -> String {
    format!("{PEOPLE}/{id}/privacy")
}

/// The same as a file.
pub fn person_export(id: impl Display) -> String {
    format!("{PEOPLE}/{id}/export")
}

/// Posted to, to take who somebody was away.
pub fn person_erase(id: impl Display) -> String {
    format!("{PEOPLE}/{id}/erase")
}

pub fn list(collection: &CollectionName) -> String {
    format!("/{}/{}", collection.plugin, collection.local)
}

/// Sums over its records, by what they are grouped by.
pub fn report(collection: &CollectionName) -> String {
    format!("{}/report", list(collection))
}

pub fn new(collection: &CollectionName) -> String {
    format!("{}/new", list(collection))
}

/// GET: the wizard's start; POST: a file.
pub fn imports(collection: &CollectionName) -> String {
    format!("{}/imports", list(collection))
}

/// GET: one import; POST: its mapping, and what is to be done.
pub fn import(collection: &CollectionName, id: Id) -> String {
    format!("{}/imports/{id}", list(collection))
}

/// GET: the choices for a reference to this collection, as JSON: `?q=` narrows them. POST: one more, by its `name`.
pub fn choices(collection: &CollectionName) -> String {
    format!("{}/choices", list(collection))
}

/// The people of the organization, as JSON.
pub const PEOPLE_CHOICES: &str = "/account/people";

/// POST: keeps a view of the list.
pub fn views(collection: &CollectionName) -> String {
    format!("{}/views", list(collection))
}

/// POST: changes it.
pub fn view(collection: &CollectionName, id: impl std::fmt::Display) -> String {
    format!("{}/views/{id}", list(collection))
}

/// POST.
pub fn view_remove(collection: &CollectionName, id: impl std::fmt::Display) -> String {
    format!("{}/views/{id}/remove", list(collection))
}

pub fn record(collection: &CollectionName, id: Id) -> String {
    format!("{}/{id}", list(collection))
}

pub fn edit(collection: &CollectionName, id: Id) -> String {
    format!("{}/{id}/edit", list(collection))
}

/// POST, with `~version`.
pub fn archive(collection: &CollectionName, id: Id) -> String {
    format!("{}/{id}/archive", list(collection))
}

/// POST, with `~version`.
pub fn restore(collection: &CollectionName, id: Id) -> String {
    format!("{}/{id}/restore", list(collection))
}

/// What a record was at a version. POST, with `~version`: sets it back to that.
pub fn earlier(collection: &CollectionName, id: Id, version: u64) -> String {
    format!("{}/{id}/versions/{version}", list(collection))
}

/// POST, with `~version`: a declared change of state.
pub fn transition(collection: &CollectionName, id: Id, name: impl Display) -> String {
    format!("{}/{id}/to/{name}", list(collection))
}

/// The page of a link for somebody without an account, once its secret is in a cookie.
pub fn link(id: Id) -> String {
    format!("/l/at/{id}")
}

/// POST: marks it as read, and goes where it leads.
pub fn notice(id: &str) -> String {
    format!("{NOTICES}/{id}")
}

/// POST.
pub fn link_withdraw(id: &str) -> String {
    format!("{LINKS}/{id}/withdraw")
}

/// POST, with `~version` and `transition`: the same, chosen from several.
pub fn moved(collection: &CollectionName, id: Id) -> String {
    format!("{}/{id}/to", list(collection))
}

/// The bytes of a file.
pub fn media(id: Id) -> String {
    format!("/media/{id}")
}

/// A picture made small.
pub fn thumbnail(id: Id) -> String {
    format!("/media/{id}/thumbnail")
}

/// A page that a plugin declares. The hyphen can be no collection's name.
pub fn page(plugin: impl Display, name: impl Display) -> String {
    format!("/{plugin}/-/{name}")
}

/// GET: a page that a plugin has of one record; POST: what its blocks ask for.
pub fn record_page(plugin: impl Display, name: impl Display, id: Id) -> String {
    format!("/{plugin}/-/{name}/{id}")
}

pub fn plugin(id: impl Display) -> String {
    format!("{PLUGINS}/{id}")
}

/// What the organization fills in for a plugin.
pub fn plugin_settings(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/settings")
}

/// What one call of a plugin may use.
pub fn plugin_bounds(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/bounds")
}

/// GET: what going back to a version would change, `to` in the query; POST: goes back to it.
pub fn plugin_rollback(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/rollback")
}

/// POST: switches a plugin on for the organization.
pub fn plugin_enable(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/enable")
}

/// POST: switches it off.
pub fn plugin_disable(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/disable")
}

/// POST: consents, for the organization, to what it is newly granted. `grant` comes once for each.
pub fn plugin_consent(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/consent")
}

/// POST: grants what it asks for. `grant` comes once for each, as [`crate::admin::Ask::key`] says it.
pub fn plugin_grant(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/grants")
}

/// POST: has a plugin run again that was stopped for everybody.
pub fn plugin_activate(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/activate")
}

/// POST: stops a plugin for everybody.
pub fn plugin_deactivate(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/deactivate")
}

/// POST: reads what a plugin of the program asks for.
pub fn plugin_install(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/install")
}

/// POST: has a part called again, by `kind` and `name`.
pub fn plugin_call_again(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/call-again")
}

pub fn webhook(id: impl Display) -> String {
    format!("{WEBHOOKS}/{id}")
}

/// POST: `pause`, `resume`, `rotate`, `remove`, or `replay` with `from` and `until`.
pub fn webhook_act(id: impl Display, act: &str) -> String {
    format!("{WEBHOOKS}/{id}/{act}")
}

/// POST: delivers one change again.
pub fn webhook_replay(id: impl Display, delivery: impl Display) -> String {
    format!("{WEBHOOKS}/{id}/deliveries/{delivery}/replay")
}

/// The fields that the organization added to a collection. POST: another.
pub fn fields(collection: &CollectionName) -> String {
    format!("{FIELDS}/{}/{}", collection.plugin, collection.local)
}

/// One of them. POST: changes it.
pub fn field(collection: &CollectionName, name: impl Display) -> String {
    format!("{}/{name}", fields(collection))
}

/// POST: `place`, `archive`, `restore`, or `purge` with its name as `confirm`.
pub fn field_act(collection: &CollectionName, name: impl Display, act: &str) -> String {
    format!("{}/{act}", field(collection, name))
}

/// POST: `retry` or `cancel`.
pub fn job_act(id: impl Display, act: &str) -> String {
    format!("{JOBS}/{id}/{act}")
}

/// GET: a template; POST: keeps `source` as the organization's own.
pub fn template(plugin: impl Display, template: impl Display) -> String {
    format!("{DOCUMENTS}/{plugin}/{template}")
}

/// POST: `preview` with `source` and `data`, or `drop`.
pub fn template_act(plugin: impl Display, name: impl Display, act: &str) -> String {
    format!("{}/{act}", template(plugin, name))
}

/// POST: has a document made once more.
pub fn document_retry(id: impl Display) -> String {
    format!("{DOCUMENTS}/{id}/retry")
}

/// POST: has a plugin told of changes again.
pub fn subscriber_resume(plugin: impl Display) -> String {
    format!("{JOBS}/subscribers/{plugin}/resume")
}

/// What is kept of a plugin that nothing declares.
pub fn plugin_kept(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/kept")
}

/// POST: takes what is typed as `name` away for good.
pub fn plugin_purge(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/purge")
}

/// POST: takes the plugin away; its records stay.
pub fn plugin_uninstall(id: impl Display) -> String {
    format!("{PLUGINS}/{id}/uninstall")
}

/// POST: `role` comes once for each role of a plugin that they are to have.
pub fn person_roles(id: impl Display) -> String {
    format!("{PEOPLE}/{id}/roles")
}

pub fn token_revoke(id: impl Display) -> String {
    format!("{ACCOUNT_TOKENS}/{id}/revoke")
}

pub fn session_revoke(id: impl Display) -> String {
    format!("{ACCOUNT_SESSIONS}/{id}/revoke")
}

/// Percent-encoding for a query's names and values (RFC 3986: all but the unreserved).
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

/// `?a=1&b=2`, or nothing.
pub fn query<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    let mut out = String::new();
    for (key, value) in pairs {
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(&encoded(key.as_ref()));
        out.push('=');
        out.push_str(&encoded(value.as_ref()));
    }
    out
}

/// Whether a `back` or `next` parameter stays on this host: an absolute path, and no second slash that a browser would
/// read as another host.
pub fn is_local(path: &str) -> bool {
    path.starts_with('/') && !path[1..].starts_with(['/', '\\']) && !path.contains(['\\', '\r', '\n', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_built_from_names() {
        let name: CollectionName = "projects/tasks".parse().unwrap();
        let id: Id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(transition(&name, id, "finish"), "/projects/tasks/01890a5d-ac96-774b-bcce-b302099a8057/to/finish");
        assert_eq!(page("projects", "overview"), "/projects/-/overview");
        assert_eq!(query([("q", "a b&c"), ("filter[x]", "é")]), "?q=a%20b%26c&filter%5Bx%5D=%C3%A9");
    }

    #[test]
    fn only_paths_of_this_host_are_returned_to() {
        assert!(is_local("/projects/tasks?q=a"));
        for path in ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nSet-Cookie: x", "/\t/evil"]
        {
            assert!(!is_local(path), "{path:?}");
        }
    }
}
