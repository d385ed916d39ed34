//! Pages: what the web crate draws, filled with what records and identity say. Every one reads and posts without
//! script.
//!
//! | file | holds |
//! |---|---|
//! | [`house`] | the shell around a page, flashes, redirects, faults as pages |
//! | [`lookup`] | names of what is referred to, choices of references |
//! | [`lists`], [`forms`], [`posted`], [`record`] | lists, forms and records of any collection |
//! | [`in_place`] | which cells of a list can be changed where they stand |
//! | [`earlier`] | setting a record back to what it was |
//! | [`views`], [`report`], [`statement`] | saved views over lists; reports over the records of a collection; tables of routes |
//! | [`media`] | files, as links of pages lead to them |
//! | [`imports`] | the wizard by which files become records |
//! | [`declared`], [`routed`], [`plan`] | pages that plugins declare; blocks of them that call routes; boards, timelines, calendars |
//! | [`reached`] | pages that ask for one record, reached from it |
//! | [`lines`] | pages of one record, and the lines that are written there |
//! | [`home`] | the first page and the search |
//! | [`door`] | setup, sign-in, sign-out, theme, switching organizations |
//! | [`account`], [`admin`], [`people`], [`webhooks`] | one's own tokens and sessions; plugins; members and their roles; who is told elsewhere |
//! | [`second_factor`] | a second factor, and proving once more who one is |
//! | [`forgotten`], [`sign_up`] | a new password by a letter; an organization by one |
//! | [`devices`] | enrolled devices, and signing in on one by PIN |
//! | [`held`] | what was typed into a form whose session had ended |
//! | [`join`], [`roles`], [`audit`], [`organization`] | invitations as they are opened; who can do what; what was written down; settings |
//! | [`fields`] | fields that the organization adds to collections |
//! | [`told`] | one's own notices; the organization's mail and links |
//! | [`lifecycle`], [`figures`] | plugins run or stopped for everybody, and installed from the program; what they used |
//! | [`outbound`] | what plugins sent to hosts outside |
//! | [`links`] | pages that people without an account open by a link |
//! | [`jobs`] | what plugins do without a caller |
//! | [`documents`] | documents that could not be made, their templates, the logo |

mod account;
mod admin;
mod asking;
mod audit;
mod bounds;
mod bulk;
mod charts;
mod declared;
mod devices;
mod documents;
mod door;
mod download;
mod earlier;
mod fields;
mod figures;
mod follow;
mod forgotten;
mod forms;
pub mod held;
mod home;
mod house;
mod imports;
mod in_place;
mod jobs;
mod join;
mod kept;
mod lifecycle;
mod lines;
mod links;
mod lists;
mod lookup;
mod media;
mod organization;
mod outbound;
mod paper;
mod people;
mod plan;
mod posted;
mod privacy;
mod reached;
mod record;
mod report;
mod returning;
mod roles;
mod routed;
#[cfg(feature = "shipped")]
mod sample;
mod second_factor;
mod settings;
mod shared;
mod sharing;
mod sheets;
mod sign_up;
mod stated;
pub(crate) mod statement;
mod told;
mod views;
mod webhooks;

pub(crate) use house::Reading;

use crate::app::App;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use lignaflow_web::{assets, paths};
use std::sync::Arc;

/// Everything but the API.
pub fn router() -> Router<Arc<App>> {
    let pages = Router::new();
    #[cfg(feature = "shipped")]
    let pages = pages.merge(sample::router());
    pages
        .route(paths::HOME, get(home::home))
        .route(paths::SEARCH, get(home::search))
        .route(paths::THEME, post(door::theme))
        .merge(door::router())
        .merge(account::router())
        .merge(admin::router())
        .merge(people::router())
        .merge(roles::router())
        .merge(audit::router())
        .merge(organization::router())
        .merge(privacy::router())
        .merge(join::router())
        .merge(forgotten::router())
        .merge(sign_up::router())
        .merge(devices::router())
        .merge(second_factor::router())
        .merge(fields::router())
        .merge(webhooks::router())
        .merge(settings::router())
        .merge(jobs::router())
        .merge(links::router())
        .merge(outbound::router())
        .merge(told::router())
        .merge(documents::router())
        .route("/media/{id}", get(media::content))
        .route("/media/{id}/thumbnail", get(media::thumbnail))
        .route("/{plugin}/-/{page}", get(declared::page))
        .route("/{plugin}/-/{page}/views", post(stated::create))
        .route("/{plugin}/-/{page}/views/{id}", post(stated::change))
        .route("/{plugin}/-/{page}/views/{id}/remove", post(stated::remove))
        .route("/{plugin}/-/{page}/views/{id}/use", post(stated::set))
        .route("/{plugin}/-/{page}/views/{id}/links", get(stated::links).post(stated::share))
        .route("/{plugin}/-/{page}/views/{id}/links/{link}/withdraw", post(stated::withdraw))
        .route("/{plugin}/-/{page}/{block}/{deed}", post(declared::act))
        .route("/{plugin}/-/{page}/{id}/form/{block}", post(asking::on_record))
        .route("/{plugin}/-/{page}/{id}", get(declared::record_page).post(lines::act))
        .route("/{plugin}/{collection}", get(lists::list).post(forms::create))
        .route("/{plugin}/{collection}/new", get(forms::new))
        .route("/{plugin}/{collection}/report", get(report::of_collection))
        .route("/{plugin}/{collection}/choices", get(lookup::choices).post(lookup::new_choice))
        .route("/{plugin}/{collection}/imports", get(imports::start).post(imports::upload))
        .route("/{plugin}/{collection}/imports/{id}", get(imports::show).post(imports::act))
        .route("/{plugin}/{collection}/{id}", get(record::show).post(forms::update))
        .route("/{plugin}/{collection}/-/bulk", post(bulk::act))
        .route("/{plugin}/{collection}/views", post(views::create))
        .route("/{plugin}/{collection}/views/{id}", post(views::change))
        .route("/{plugin}/{collection}/views/{id}/remove", post(views::remove))
        .route("/{plugin}/{collection}/views/{id}/use", post(follow::set))
        .route("/{plugin}/{collection}/views/{id}/links", get(sharing::show).post(sharing::make))
        .route("/{plugin}/{collection}/views/{id}/links/{link}/withdraw", post(sharing::withdraw))
        .route("/{plugin}/{collection}/{id}/edit", get(forms::edit))
        .route("/{plugin}/{collection}/{id}/archive", post(record::archive))
        .route("/{plugin}/{collection}/{id}/restore", post(record::restore))
        .route("/{plugin}/{collection}/{id}/versions/{version}", get(earlier::show).post(earlier::restore))
        .route("/{plugin}/{collection}/{id}/to", post(record::moved))
        .route("/{plugin}/{collection}/{id}/to/{transition}", get(asking::transition).post(record::transition))
        .route("/static/{*path}", get(asset))
        .fallback(house::nothing_here)
}

async fn asset(uri: http::Uri, headers: HeaderMap) -> Response {
    let Some(asset) = assets::get(uri.path().trim_start_matches(assets::ROOT)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = asset.etag.clone();
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, asset.cache_control().to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, asset.content_type)], asset.bytes.into_owned()).into_response()
}
