//! Kept lists and reports that people without an account see by a link: who may make one, and what stands behind it when
//! somebody looks. It is read with the rights of whoever made it, as they are at that moment; who may not share, or not
//! see the view, any more shows nothing.

use crate::app::App;
use crate::auth::Signed;
use crate::pages::Reading;
use crate::pages::statement::{self, Standing};
use crate::{links, views};
use lignaflow_core::caller::{Caller, Permission};
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::id::RequestId;
use lignaflow_core::post::{MAX_LINK, MAX_TITLE, NewLink, Opens};
use lignaflow_core::value::instant_text;
use lignaflow_core::{ErrorCode, Fault, Id, Issue, PersonId};
use lignaflow_identity::Client;
use lignaflow_runtime::Snapshot;
use lignaflow_store::Tx;
use lignaflow_store::identity::audit;
use lignaflow_store::identity::organizations;
use lignaflow_store::links::{Link, Room, Which, share, used};
use lignaflow_store::views::View;
use serde_json::json;
use std::sync::Arc;

/// Links that are open, of one view and of one organization.
const ROOM: Room = Room { of_view: 50, of_organization: 2_000 };
/// Links of one view that are told of.
const TOLD: u32 = 200;
/// For how long one is open where nothing is said.
pub const USUAL: Micros = 30 * DAY;
/// A day of a link's time.
pub const DAY: Micros = 24 * 60 * 60 * 1_000_000;

/// A link that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// For whom it is.
    pub label: String,
    /// In [`USUAL`] where left out.
    pub expires_at: Option<Micros>,
    /// Whether it may be taken as a file.
    pub files: bool,
}

/// Whether the caller may show what they see to people outside.
pub fn may_share(signed: &Signed) -> bool {
    signed.caller.holds(Permission::SHARE) && signed.caller.person().is_some()
}

/// Whether a link is one's own, or of a view that one may change.
fn may_end(signed: &Signed, view: &View, link: &Link) -> bool {
    let own = link.maker() == signed.caller.person();
    own || signed.caller.holds(Permission::ADMINISTER) || views::may_change(signed, view)
}

/// Makes a link to a view that the caller sees.
pub async fn make(app: &App, signed: &Signed, client: &Client, id: Id, wish: Wish) -> Result<Link, Fault> {
    let caller = &signed.caller;
    let maker = caller.person().filter(|_| may_share(signed)).ok_or_else(|| {
        Fault::denied("Lists and reports are shared outside by administrators, and by whose role brings that.")
    })?;
    let view = views::get(app, signed, id).await?;
    let now = app.clock.now();
    let snapshot = app.registry.seen_by(caller);
    let mut issues = if view.page {
        views::stated_faults(app, signed, &view)
    } else {
        let schema = app.records.schema(&snapshot, caller, &view.collection)?;
        views::faults(signed, &snapshot, &schema, &view.query)
    };
    let label = wish.label.trim().to_owned();
    if label.chars().count() > MAX_TITLE || label.chars().any(char::is_control) {
        let message = format!("For whom a link is, is said in {MAX_TITLE} characters at most, in one line.");
        issues.push(Issue::new("/label", "too-long", message));
    }
    let expires_at = wish.expires_at.unwrap_or(now + USUAL);
    if expires_at <= now || expires_at > now + MAX_LINK {
        let message = "A link is open until some time from now on, and for a year at most.";
        issues.push(Issue::new("/expires_at", "expiry", message));
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    let addresses = app.records.link_addresses().ok_or_else(Fault::internal)?;
    let (organization, id) = (caller.organization, Id::fresh());
    let link = NewLink {
        id,
        hash: addresses.hash(organization, id),
        plugin: view.collection.plugin.clone(),
        opens: Opens::View { maker, files: wish.files },
        subject: view.id,
        label,
        expires_at,
    };
    let detail = json!({
        "link": id.to_string(), "view": view.id.to_string(), "name": view.name, "collection": view.collection.to_string(),
        "label": link.label, "files": wish.files, "expires_at": instant_text(expires_at),
    });
    let event = links::event(signed, client, now, "link.made", detail);
    let made = link.clone();
    let kept = app.store.database().write(move |tx: &mut Tx| {
        Box::pin(async move {
            let kept = share(tx, organization, &link, now, ROOM).await?;
            if kept {
                audit::append(tx, &event).await?;
            }
            Ok::<_, lignaflow_store::StoreError>(kept)
        })
    });
    if !kept.await.map_err(links::unavailable)? {
        let Room { of_view, of_organization } = ROOM;
        let message = format!(
            "{of_view} links to one view are open at a time, and {of_organization} in all: withdraw one of them first."
        );
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    let NewLink { id, hash, plugin, opens, subject, label, expires_at } = made;
    Ok(Link {
        organization,
        id,
        hash: hash.to_vec(),
        plugin,
        opens,
        subject,
        label,
        expires_at,
        opened_at: now,
        closed: None,
        uses: 0,
        used_at: None,
    })
}

/// The links to a view, those made last first: all of them for who may change it, else one's own.
pub async fn of(app: &App, signed: &Signed, view: &View) -> Result<Vec<Link>, Fault> {
    let all = signed.caller.holds(Permission::ADMINISTER) || views::may_change(signed, view);
    let which = Which {
        plugin: Some(view.collection.plugin.clone()),
        subject: Some(view.id),
        maker: signed.caller.person().filter(|_| !all),
        ..Which::default()
    };
    let found = lignaflow_store::links::of(app.store.database(), signed.caller.organization, &which, TOLD).await;
    // A record has no view's id, but who says so.
    Ok(found.map_err(links::unavailable)?.into_iter().filter(|link| link.maker().is_some()).collect())
}

/// The address of a link that is open, for whoever made it: it shows what they may see, and nobody else.
pub fn address(app: &App, signed: &Signed, link: &Link) -> Option<String> {
    let open = link.state(app.clock.now()) == lignaflow_store::links::State::Open;
    let own = open && may_share(signed) && link.maker() == signed.caller.person();
    app.records.link_addresses().filter(|_| own)?.address_of(link.organization, link.id, &link.hash)
}

/// Ends a link to a view at once.
pub async fn withdraw(app: &App, signed: &Signed, client: &Client, view: &View, id: Id) -> Result<Link, Fault> {
    signed.caller.to_write()?;
    let found = lignaflow_store::links::one(app.store.database(), signed.caller.organization, id).await;
    let link = found.map_err(links::unavailable)?.filter(|link| link.maker().is_some() && link.subject == view.id);
    // What somebody else made is told of to nobody who could not end it.
    let link = link.filter(|link| may_end(signed, view, link)).ok_or_else(|| Fault::not_found("link"))?;
    app.links.end(signed, client, link).await
}

/// What a link to a view shows now.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Whoever made it, by the clocks and in the words of the organization.
    pub caller: Caller,
    pub snapshot: Arc<Snapshot>,
    pub of: Of,
    pub view: View,
}

/// Of what a view is.
#[derive(Debug)]
pub(crate) enum Of {
    Records(Arc<Schema>),
    /// The table of a page, which a route works out.
    Table(Box<Standing>),
}

/// Why a link that is open shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// Whoever made it is not active, may not share, or does not see the view any more.
    NotTheirs,
    /// Its plugin is off.
    Off,
}

/// What stands behind a link to a view at this moment.
pub(crate) async fn shown(
    app: &App,
    link: &Link,
    maker: PersonId,
    request: RequestId,
) -> Result<Result<Shown, Nothing>, Fault> {
    let declared = app.registry.current().catalog.declared().clone();
    let caller = app.identity.acting(link.organization, maker, request, &declared).await?;
    // Who is asked for a second factor and has none holds nothing.
    let caller = caller.filter(|caller| caller.holds(Permission::SHARE) && caller.to_read().is_ok());
    let view = app.store.view(link.organization, maker, link.subject).await.map_err(links::unavailable)?;
    let organization = organizations::one(app.store.database(), link.organization).await;
    let organization = organization.map_err(links::unavailable)?;
    let (Some(caller), Some(view), Some(organization)) = (caller, view, organization) else {
        return Ok(Err(Nothing::NotTheirs));
    };
    let caller = Caller { time_zone: organization.time_zone, locale: organization.locale, ..caller };
    let snapshot = app.registry.seen_by(&caller);
    if view.page {
        let reading = Reading { app, caller: &caller, snapshot: &snapshot };
        return Ok(match statement::standing(reading, &view.collection) {
            Some(of) => Ok(Shown { of: Of::Table(Box::new(of)), caller, snapshot, view }),
            None if snapshot.is_enabled(link.organization, &view.collection.plugin) => Err(Nothing::NotTheirs),
            None => Err(Nothing::Off),
        });
    }
    let Ok(schema) = app.records.schema(&snapshot, &caller, &view.collection) else { return Ok(Err(Nothing::Off)) };
    if schema.readable(Some(&caller)).is_never() {
        return Ok(Err(Nothing::NotTheirs));
    }
    let view = views::followed(&snapshot, view);
    Ok(Ok(Shown { caller, snapshot, of: Of::Records(schema), view }))
}

/// Counts that somebody looked, where the link is open still.
pub async fn looked(app: &App, link: &Link) -> Result<bool, Fault> {
    let (organization, id, now) = (link.organization, link.id, app.clock.now());
    let counted =
        app.store.database().write(move |tx: &mut Tx| Box::pin(async move { used(tx, organization, id, now).await }));
    counted.await.map_err(links::unavailable)
}
