//! Documents that could not be made, the templates that they are made of, and the organization's logo.

use super::house::Visit;
use crate::app::App;
use crate::documents::acts::{Known, Trial};
use crate::problem::Problem;
use crate::rest::host::{From, as_pdf, as_picture};
use axum::Router;
use axum::extract::{Multipart, Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::name::PluginId;
use lignaflow_core::{Fault, Id};
use lignaflow_store::documents::State;
use lignaflow_web::admin::{
    DocumentsPage, TemplatePage, TemplateRow, UnmadeRow, documents as draw, template as draw_template,
};
use lignaflow_web::paths;
use std::collections::HashMap;
use std::sync::Arc;

/// Documents of the page.
const SHOWN: u32 = 50;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::DOCUMENTS, get(list))
        .route(paths::DOCUMENT_LOGO, get(logo).post(keep_logo))
        .route(paths::DOCUMENT_LOGO_REMOVE, post(drop_logo))
        .route("/admin/documents/{id}/retry", post(retry))
        .route("/admin/documents/{plugin}/{template}", get(one).post(keep))
        .route("/admin/documents/{plugin}/{template}/preview", post(preview))
        .route("/admin/documents/{plugin}/{template}/drop", post(drop))
}

fn row(known: &Known) -> TemplateRow {
    TemplateRow {
        plugin: known.plugin.to_string(),
        plugin_title: known.plugin_title.clone(),
        template: known.template.clone(),
        own_since: known.own.as_ref().map(|own| own.changed_at),
    }
}

fn status(fault: Option<&Fault>) -> StatusCode {
    fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status())
}

/// What is wrong, in one sentence: the issue where there is one.
fn told(fault: &Fault) -> &str {
    fault.issues.first().map_or(fault.message.as_str(), |issue| issue.message.as_str())
}

async fn list(visit: Visit) -> Response {
    page(&visit, None).await
}

async fn page(visit: &Visit, fault: Option<&Fault>) -> Response {
    let documents = &visit.app.documents;
    let found = async {
        let templates = documents.templates(&visit.signed).await?;
        let mut unmade = documents.all(&visit.signed, Some(State::Failed), None, SHOWN).await?;
        unmade.extend(documents.all(&visit.signed, Some(State::Waiting), None, SHOWN).await?);
        let has_logo = documents.logo(&visit.signed).await.is_ok();
        Ok::<_, Fault>((templates, unmade, has_logo))
    };
    let (templates, unmade, has_logo) = match found.await {
        Ok(found) => found,
        Err(fault) => return visit.fault(&fault),
    };
    let title = |id: &PluginId| {
        visit.snapshot.plugin(id).map_or_else(|| id.to_string(), |plugin| plugin.descriptor().title.clone())
    };
    let unmade: Vec<UnmadeRow> = unmade
        .into_iter()
        .map(|document| UnmadeRow {
            id: document.id.to_string(),
            plugin_title: title(&document.plugin),
            template: document.template,
            asked_at: document.asked_at,
            flaw: document.error.filter(|_| document.state == State::Failed),
        })
        .collect();
    let templates: Vec<TemplateRow> = templates.iter().map(row).collect();
    let view = DocumentsPage { templates: &templates, unmade: &unmade, has_logo, fault: fault.map(told) };
    visit.page_with(status(fault), draw(&visit.shell(), &view))
}

async fn retry(visit: Visit, From(client): From, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Id>() else { return visit.not_found() };
    match visit.app.documents.retry(&visit.signed, &client, id).await {
        Ok(_) => visit.go(paths::DOCUMENTS, "It is made once more."),
        Err(fault) => page(&visit, Some(&fault)).await,
    }
}

async fn logo(visit: Visit) -> Response {
    match visit.app.documents.logo(&visit.signed).await {
        Ok(logo) => as_picture(logo),
        Err(fault) => visit.fault(&fault),
    }
}

async fn keep_logo(visit: Visit, From(client): From, mut form: Multipart) -> Response {
    let unreadable = || Fault::at("", "file", "The form has no picture.");
    let read = async {
        while let Ok(Some(part)) = form.next_field().await {
            if part.name() == Some("logo") {
                let kind = part.content_type().map(str::to_owned);
                return Ok((kind, part.bytes().await.map_err(|_| unreadable())?));
            }
        }
        Err(unreadable())
    };
    let kept = match read.await {
        Ok((kind, bytes)) => {
            visit.app.documents.keep_logo(&visit.signed, &client, kind.as_deref(), bytes.to_vec()).await
        }
        Err(fault) => Err(fault),
    };
    match kept {
        Ok(()) => visit.go(paths::DOCUMENTS, "It is on the next documents."),
        Err(fault) => page(&visit, Some(&fault)).await,
    }
}

async fn drop_logo(visit: Visit, From(client): From) -> Response {
    match visit.app.documents.drop_logo(&visit.signed, &client).await {
        Ok(()) => visit.go(paths::DOCUMENTS, "Documents have no logo any more."),
        Err(fault) => page(&visit, Some(&fault)).await,
    }
}

async fn one(visit: Visit, Path((plugin, template)): Path<(String, String)>) -> Response {
    editor(&visit, (&plugin, &template), None, None).await
}

async fn editor(
    visit: &Visit,
    (plugin, template): (&str, &str),
    typed: Option<&HashMap<String, String>>,
    fault: Option<&Fault>,
) -> Response {
    let Ok(plugin) = plugin.parse::<PluginId>() else { return visit.not_found() };
    let known = match visit.app.documents.template(&visit.signed, &plugin, template).await {
        Ok(known) => known,
        Err(fault) => return visit.fault(&fault),
    };
    let of = |name: &str| typed.and_then(|typed| typed.get(name)).map(String::as_str);
    let view = TemplatePage {
        row: &row(&known),
        source: of("source").unwrap_or(&known.source),
        sample: of("data").unwrap_or(&known.sample),
        fault: fault.map(told),
    };
    visit.page_with(status(fault), draw_template(&visit.shell(), &view))
}

/// What a form says. A browser ends lines of a text with CR LF.
fn typed(body: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect()
}

async fn keep(
    visit: Visit,
    From(client): From,
    Path((plugin, template)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let Ok(of) = plugin.parse::<PluginId>() else { return visit.not_found() };
    let typed = typed(&body);
    let source = typed.get("source").map_or("", String::as_str);
    match visit.app.documents.keep_template(&visit.signed, &client, (&of, &template), source).await {
        Ok(_) => visit.go(&paths::template(&plugin, &template), "Saved. The next documents are made of it."),
        Err(fault) => editor(&visit, (&plugin, &template), Some(&typed), Some(&fault)).await,
    }
}

async fn preview(visit: Visit, Path((plugin, template)): Path<(String, String)>, RawForm(body): RawForm) -> Response {
    let Ok(of) = plugin.parse::<PluginId>() else { return visit.not_found() };
    let typed = typed(&body);
    let trial = Trial {
        source: typed.get("source").map(String::as_str),
        data: typed.get("data").map(String::as_str).filter(|data| !data.trim().is_empty()),
    };
    match visit.app.documents.preview(&visit.signed, &of, &template, trial).await {
        Ok(pdf) => as_pdf(pdf),
        Err(fault) => editor(&visit, (&plugin, &template), Some(&typed), Some(&fault)).await,
    }
}

async fn drop(visit: Visit, From(client): From, Path((plugin, template)): Path<(String, String)>) -> Response {
    let Ok(of) = plugin.parse::<PluginId>() else { return visit.not_found() };
    match visit.app.documents.drop_template(&visit.signed, &client, &of, &template).await {
        Ok(()) => visit.go(&paths::template(&plugin, &template), "The plugin's template is used again."),
        Err(fault) => editor(&visit, (&plugin, &template), None, Some(&fault)).await,
    }
}
