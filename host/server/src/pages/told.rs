//! What people are told: one's own notices; the organization's mail and links.

use super::house::Visit;
use super::sharing::{self, chip};
use crate::app::App;
use crate::mail::acts::Whose;
use crate::problem::Problem;
use crate::rest::host::From;
use axum::Router;
use axum::extract::{Path, Query, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::caller::Permission;
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::post::Opens;
use lignaflow_core::{Fault, Id};
use lignaflow_store::links::{Link, State as LinkState, Which};
use lignaflow_store::mail::{Kept, State as MailState};
use lignaflow_store::notices::{By, Notice, Wish};
use lignaflow_store::views::View;
use lignaflow_web::admin::{
    LetterPage, LinkChip, LinkRow, LinksPage, MailChip, MailPage, MailRow, letter as draw_letter, links as draw_links,
    mail as draw_mail,
};
use lignaflow_web::notices::{NoticeRow, NoticesPage, page as draw_notices};
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of one page.
const SHOWN: usize = 50;
const ASKED: u32 = 51;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::NOTICES, get(notices))
        .route(paths::NOTICES_READ, post(read_all))
        .route(paths::NOTICES_SETTINGS, post(settings))
        .route("/notices/{id}", post(open))
        .route(paths::MAIL, get(mail))
        .route(paths::MAIL_TEST, post(try_out))
        .route(paths::MAIL_ACCOUNTS, get(accounts))
        .route("/admin/mail/{id}", get(letter))
        .route("/admin/mail/{id}/send", post(send))
        .route("/admin/mail/accounts/{id}", get(account_letter))
        .route("/admin/mail/accounts/{id}/send", post(account_send))
        .route(paths::LINKS, get(links))
        .route("/admin/links/{id}/withdraw", post(withdraw))
}

/// Takes what is more than a page away, and says after which the next begins.
fn cut<T>(rows: &mut Vec<T>, id: impl Fn(&T) -> Id) -> Option<Id> {
    let more = rows.len() > SHOWN;
    rows.truncate(SHOWN);
    rows.last().filter(|_| more).map(id)
}

fn before(query: &HashMap<String, String>) -> Option<Id> {
    query.get("after").and_then(|text| text.parse().ok())
}

fn plugin_title(visit: &Visit, plugin: &PluginId) -> String {
    visit.snapshot.plugin(plugin).map_or_else(|| plugin.to_string(), |plugin| plugin.descriptor().title.clone())
}

/// The page that a notice leads to.
fn leads(notice: &Notice) -> Option<String> {
    let about = notice.about.as_ref().map(|(collection, id)| paths::record(collection, *id));
    about.or_else(|| notice.path.clone())
}

async fn notices(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    let found = async {
        let mine = visit.app.notices.mine(&visit.signed, false, before(&query), ASKED).await?;
        Ok::<_, Fault>((mine, visit.app.notices.wish(&visit.signed).await?))
    };
    let (mut mine, wish) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let next = cut(&mut mine, |notice| notice.id).map(|id| format!("{}?after={id}", paths::NOTICES));
    let row = |notice: &Notice| NoticeRow {
        id: notice.id.to_string(),
        title: notice.title.clone(),
        text: notice.text.clone(),
        from: notice.plugin.as_ref().map_or_else(|| "LignaFlow".to_owned(), |plugin| plugin_title(&visit, plugin)),
        at: notice.at,
        unread: notice.read_at.is_none(),
        leads: leads(notice).is_some(),
    };
    let rows: Vec<_> = mine.iter().map(row).collect();
    let view = NoticesPage { notices: &rows, next: next.as_deref(), by: wish.by.as_str(), quiet: wish.quiet };
    visit.page(draw_notices(&visit.shell(), &view))
}

/// Marks a notice as read and goes where it leads.
async fn open(visit: Visit, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    match visit.app.notices.read(&visit.signed, id).await {
        Ok(notice) => visit.go(&leads(&notice).unwrap_or_else(|| paths::NOTICES.to_owned()), ""),
        Err(fault) => visit.fault(&fault),
    }
}

async fn read_all(visit: Visit) -> Response {
    match visit.app.notices.read_all(&visit.signed).await {
        Ok(_) => visit.go(paths::NOTICES, "All are read."),
        Err(fault) => visit.fault(&fault),
    }
}

async fn settings(visit: Visit, RawForm(body): RawForm) -> Response {
    let typed: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let by = typed.get("by").and_then(|word| By::ALL.into_iter().find(|by| by.as_str() == word)).unwrap_or_default();
    let wish = Wish { by, quiet: typed.contains_key("quiet") };
    match visit.app.notices.set_wish(&visit.signed, wish).await {
        Ok(()) => visit.go(paths::NOTICES, "Saved."),
        Err(fault) => visit.fault(&fault),
    }
}

fn mail_row(visit: &Visit, kept: &Kept) -> MailRow {
    let message = &kept.message;
    let own = message.plugin.as_ref().and_then(|plugin| visit.snapshot.plugin(plugin));
    let title = own.and_then(|plugin| plugin.descriptor().mail(&message.kind)).map(|mail| mail.title.clone());
    MailRow {
        id: kept.id.to_string(),
        subject: message.letter.subject.clone(),
        to: message.to.address.clone(),
        kind: title.unwrap_or_else(|| lignaflow_core::descriptor::humanize(&message.kind)),
        state: match kept.state {
            MailState::Waiting => MailChip::Waiting,
            MailState::Sent => MailChip::Sent,
            MailState::Failed => MailChip::Failed,
        },
        attempts: kept.attempts,
        due_at: (kept.state == MailState::Waiting).then_some(kept.due_at),
        tried_at: kept.tried_at,
        tried_from: kept.tried_from.clone(),
        error: kept.error.clone(),
        asked_at: kept.asked_at,
    }
}

async fn mail(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    mail_page(&visit, Whose::Organization, &query, None).await
}

async fn accounts(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    mail_page(&visit, Whose::Accounts, &query, None).await
}

const fn base(whose: Whose) -> &'static str {
    match whose {
        Whose::Organization => paths::MAIL,
        Whose::Accounts => paths::MAIL_ACCOUNTS,
    }
}

async fn mail_page(visit: &Visit, whose: Whose, query: &HashMap<String, String>, fault: Option<&Fault>) -> Response {
    let chip = query.get("state").and_then(|word| MailChip::ALL.into_iter().find(|state| state.word() == word));
    let state = chip.and_then(|chip| MailState::ALL.into_iter().find(|state| state.as_str() == chip.word()));
    let mut all = match visit.app.mail.all(&visit.signed, whose, state, before(query), ASKED).await {
        Ok(all) => all,
        Err(fault) => return visit.fault(&fault),
    };
    let word = chip.map_or("", MailChip::word);
    let next = cut(&mut all, |kept| kept.id).map(|id| format!("{}?state={word}&after={id}", base(whose)));
    let rows: Vec<_> = all.iter().map(|kept| mail_row(visit, kept)).collect();
    let view = MailPage {
        letters: &rows,
        state: chip,
        next: next.as_deref(),
        local: visit.app.mail.is_local(),
        accounts: whose == Whose::Accounts,
        may_see_accounts: visit.signed.caller.holds(Permission::INSTALL_PLUGINS),
        fault: fault.map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_mail(&visit.shell(), &view))
}

async fn letter(visit: Visit, Path(id): Path<String>) -> Response {
    letter_page(&visit, Whose::Organization, &id).await
}

async fn account_letter(visit: Visit, Path(id): Path<String>) -> Response {
    letter_page(&visit, Whose::Accounts, &id).await
}

async fn letter_page(visit: &Visit, whose: Whose, id: &str) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    let found = async {
        let kept = visit.app.mail.one_letter(&visit.signed, whose, id).await?;
        let words = visit.app.mail.words(&visit.signed, &kept).await?;
        Ok::<_, Fault>((kept, words))
    };
    match found.await {
        Ok((kept, words)) => {
            let row = mail_row(visit, &kept);
            let words = words.as_ref().map(|words| (words.sender.as_str(), words.text.as_str()));
            let view = LetterPage { letter: &row, accounts: whose == Whose::Accounts, words };
            visit.page(draw_letter(&visit.shell(), &view))
        }
        Err(fault) => visit.fault(&fault),
    }
}

async fn send(visit: Visit, from: From, Path(id): Path<String>) -> Response {
    send_again(&visit, from, Whose::Organization, &id).await
}

async fn account_send(visit: Visit, from: From, Path(id): Path<String>) -> Response {
    send_again(&visit, from, Whose::Accounts, &id).await
}

async fn send_again(visit: &Visit, From(client): From, whose: Whose, id: &str) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    match visit.app.mail.send_again(&visit.signed, &client, whose, id).await {
        Ok(_) => visit.go(base(whose), "It is sent again."),
        Err(fault) => mail_page(visit, whose, &HashMap::new(), Some(&fault)).await,
    }
}

async fn try_out(visit: Visit) -> Response {
    match visit.app.mail.try_out(&visit.signed).await {
        Ok(()) => visit.go(paths::MAIL, "A letter to you is on its way."),
        Err(fault) => mail_page(&visit, Whose::Organization, &HashMap::new(), Some(&fault)).await,
    }
}

/// What a link opens: what it is called, and where that is for who may see it.
fn opened(visit: &Visit, link: &Link, views: &[View]) -> (String, Option<String>) {
    let name = match &link.opens {
        Opens::Page(name) => name,
        Opens::View { .. } => {
            let view = views.iter().find(|view| view.id == link.subject);
            let seen = view.filter(|view| view.shared || Some(view.owner) == visit.signed.caller.person());
            let name = view.map_or_else(|| "A view that was deleted".to_owned(), |view| view.name.clone());
            return (name, seen.map(sharing::address));
        }
    };
    let descriptor = visit.snapshot.plugin(&link.plugin).map(|plugin| plugin.descriptor().clone());
    let page = descriptor.as_ref().and_then(|it| it.page(name.as_str()));
    let subject = page.and_then(|page| page.link.as_ref()).map(|link| link.subject.clone());
    let collection = subject.map(|local| CollectionName { plugin: link.plugin.clone(), local });
    let href = collection.map(|collection| paths::record(&collection, link.subject));
    (page.map_or_else(|| name.to_string(), |page| page.title.clone()), href)
}

fn link_row(visit: &Visit, link: &Link, views: &[View], makers: &HashMap<Id, String>) -> LinkRow {
    let (page, href) = opened(visit, link, views);
    LinkRow {
        id: link.id.to_string(),
        label: link.label.clone(),
        plugin: plugin_title(visit, &link.plugin),
        page,
        href,
        maker: link.maker().and_then(|maker| makers.get(&maker.0).cloned()),
        state: chip(link.state(visit.app.clock.now())),
        opened_at: link.opened_at,
        expires_at: link.expires_at,
        uses: link.uses,
        used_at: link.used_at,
    }
}

async fn links(visit: Visit, Query(query): Query<HashMap<String, String>>) -> Response {
    links_page(&visit, &query, None).await
}

async fn links_page(visit: &Visit, query: &HashMap<String, String>, fault: Option<&Fault>) -> Response {
    let wanted = query.get("state").and_then(|word| LinkChip::ALL.into_iter().find(|state| state.word() == word));
    let state = wanted.and_then(|chip| LinkState::ALL.into_iter().find(|state| state.as_str() == chip.word()));
    let which =
        Which { state: state.map(|state| (state, visit.app.clock.now())), before: before(query), ..Which::default() };
    let found = async {
        let all = visit.app.links.all(&visit.signed, &which, ASKED).await?;
        let views = visit.app.links.views(&visit.signed).await?;
        let makers: Vec<Id> = all.iter().filter_map(|link| link.maker().map(|maker| maker.0)).collect();
        let makers = visit.app.records.directory().names(visit.signed.caller.organization, &makers).await?;
        let makers: HashMap<Id, String> = makers.into_iter().collect();
        Ok::<_, Fault>((all, visit.app.links.open(&visit.signed).await?, views, makers))
    };
    let (mut all, open, views, makers) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let word = wanted.map_or("", LinkChip::word);
    let next = cut(&mut all, |link| link.id).map(|id| format!("{}?state={word}&after={id}", paths::LINKS));
    let rows: Vec<_> = all.iter().map(|link| link_row(visit, link, &views, &makers)).collect();
    let fault_text = fault.map(|fault| fault.message.as_str());
    let view = LinksPage { links: &rows, open, state: wanted, next: next.as_deref(), fault: fault_text };
    let status = fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status());
    visit.page_with(status, draw_links(&visit.shell(), &view))
}

async fn withdraw(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    match visit.app.links.withdraw(&visit.signed, &client, id).await {
        Ok(_) => visit.go(paths::LINKS, "Withdrawn."),
        Err(fault) => links_page(&visit, &HashMap::new(), Some(&fault)).await,
    }
}
