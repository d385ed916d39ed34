//! Blocks whose data and deeds are routes of a plugin: the data is asked for as the API asks, and what a form posts
//! becomes the body that the route takes. What is refused is told on the page, with what was typed.

use super::house::{Reading, Visit};
use crate::problem::Problem;
use crate::rest::guest::RouteCall;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use lignaflow_core::descriptor::{Block, ReviewBlock, TimerBlock, WeekGridBlock};
use lignaflow_core::error::{ErrorCode, Fault};
use lignaflow_core::name::LocalName;
use lignaflow_runtime::LoadedPlugin as Loaded;
use lignaflow_web::blocks::week::{NEW_KEY, cell_name, cell_text, key_name, new_cell_name, was_name};
use lignaflow_web::blocks::{BlockView, Posting, ReviewData, ReviewView, TimerView, WeekView};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Bytes of a route's answer that a page takes.
const MOST: usize = 4 << 20;
/// Rows of a week that are read from a form, and days of each.
const ROWS: usize = 500;
const DAYS: usize = 7;

/// A form as it came.
pub(super) type Pairs = Vec<(String, String)>;

pub(super) fn first<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// A deed that was refused, and what was typed for it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) problem: Problem,
    pub(super) typed: Pairs,
    /// The names of the controls, by the place of each in the body that was refused.
    pub(super) places: BTreeMap<String, String>,
}

impl Refused {
    /// What is said above the block: what no control can be told of.
    fn message(&self) -> String {
        let issues = self.problem.issues().iter();
        let told: Vec<&str> =
            issues.filter(|issue| !self.places.contains_key(&issue.path)).map(|issue| issue.message.as_str()).collect();
        match (told.is_empty(), self.places.is_empty() || self.problem.issues().is_empty()) {
            (true, true) => self.problem.detail().to_owned(),
            (true, false) => "Not everything could be read. Nothing was changed.".to_owned(),
            (false, _) => told.join(" "),
        }
    }
}

/// Calls a route of the plugin on behalf of whoever visits.
pub(super) async fn call(
    visit: &Visit,
    loaded: &Loaded,
    name: &LocalName,
    parameters: Pairs,
    pairs: Pairs,
    body: Option<&Json>,
) -> Result<Bytes, Problem> {
    told(visit.reading(), loaded, name, parameters, pairs, body).await
}

/// The same, on behalf of whoever reads.
pub(super) async fn told(
    reading: Reading<'_>,
    loaded: &Loaded,
    name: &LocalName,
    parameters: Pairs,
    pairs: Pairs,
    body: Option<&Json>,
) -> Result<Bytes, Problem> {
    let response = answered(reading, loaded, name, parameters, pairs, body).await?;
    axum::body::to_bytes(response.into_body(), MOST).await.map_err(|_| Problem::internal())
}

/// The same, with what the answer says of itself.
pub(super) async fn answer(
    visit: &Visit,
    loaded: &Loaded,
    name: &LocalName,
    parameters: Pairs,
    pairs: Pairs,
    body: Option<&Json>,
) -> Result<Response, Problem> {
    answered(visit.reading(), loaded, name, parameters, pairs, body).await
}

async fn answered(
    reading: Reading<'_>,
    loaded: &Loaded,
    name: &LocalName,
    parameters: Pairs,
    pairs: Pairs,
    body: Option<&Json>,
) -> Result<Response, Problem> {
    let descriptor = loaded.descriptor();
    let route = descriptor.route(name.as_str()).ok_or_else(|| Fault::not_found(format_args!("route `{name}`")))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let route = RouteCall {
        plugin: &descriptor.id,
        route,
        schemas: reading.app.schemas.of(loaded.digest(), route),
        parameters,
        pairs,
        headers: &headers,
        body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
        once: None,
    };
    route.answer(reading.app, reading.caller).await
}

/// The answer of a data route, in the shape that the block draws.
async fn data<T: DeserializeOwned>(
    visit: &Visit,
    loaded: &Loaded,
    name: &LocalName,
    asked: &Pairs,
) -> Result<T, Fault> {
    let descriptor = loaded.descriptor();
    let known = descriptor.route(name.as_str()).map(|route| &route.query);
    let takes = |key: &str| known.is_some_and(|query| query.contains_key(key));
    let pairs = asked.iter().filter(|(key, value)| takes(key) && !value.is_empty()).cloned().collect();
    let answer = call(visit, loaded, name, Vec::new(), pairs, None).await;
    let answer = answer.map_err(Fault::from)?;
    serde_json::from_slice(&answer).map_err(|error| {
        tracing::warn!(plugin = %descriptor.id, route = %name, %error, "a block cannot be drawn of what its route answers");
        Fault::new(ErrorCode::PluginBadAnswer, "What the plugin answers is not what this block shows.")
    })
}

/// Where a block stands: on which page, and as which of its blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) page: &'a str,
    pub(super) index: usize,
}

fn posting(loaded: &Loaded, spot: Spot<'_>, refused: Option<&Refused>) -> Posting {
    let page = format!("/{}/-/{}", loaded.descriptor().id, spot.page);
    Posting { action: format!("{page}/{}", spot.index), page, refused: refused.map(Refused::message) }
}

pub(super) async fn week(
    visit: &Visit,
    loaded: &Loaded,
    block: &WeekGridBlock,
    spot: Spot<'_>,
    asked: &Pairs,
    refused: Option<&Refused>,
) -> Result<BlockView, Fault> {
    let mut issues = BTreeMap::new();
    if let Some(refused) = refused {
        for issue in refused.problem.issues() {
            if let Some(name) = refused.places.get(&issue.path) {
                issues.insert(name.clone(), issue.message.clone());
            }
        }
    }
    Ok(BlockView::Week(Box::new(WeekView {
        title: block.title.clone(),
        data: data(visit, loaded, &block.data, asked).await?,
        posting: posting(loaded, spot, refused),
        copies: block.copy.is_some(),
        fills: block.fill.is_some(),
        submits: block.submit.is_some(),
        chosen: first(asked, "day").and_then(|day| day.parse().ok()),
        typed: refused.map(|refused| refused.typed.iter().cloned().collect()).unwrap_or_default(),
        issues,
    })))
}

pub(super) async fn timer(
    visit: &Visit,
    loaded: &Loaded,
    block: &TimerBlock,
    spot: Spot<'_>,
    asked: &Pairs,
    refused: Option<&Refused>,
) -> Result<BlockView, Fault> {
    let data: lignaflow_web::blocks::TimerData = data(visit, loaded, &block.data, asked).await?;
    let id = data.running.as_ref().and_then(|running| running.id.parse::<lignaflow_core::Id>().ok());
    let edit = block
        .record
        .as_ref()
        .zip(id)
        .map(|(collection, id)| format!("/{}/{collection}/{id}/edit", loaded.descriptor().id));
    Ok(BlockView::Timer(TimerView { title: block.title.clone(), data, posting: posting(loaded, spot, refused), edit }))
}

/// Nothing where the route answers `null`: it is not for whoever looks.
pub(super) async fn review(
    visit: &Visit,
    loaded: &Loaded,
    block: &ReviewBlock,
    spot: Spot<'_>,
    asked: &Pairs,
    refused: Option<&Refused>,
) -> Result<Option<BlockView>, Fault> {
    let data = data::<Option<ReviewData>>(visit, loaded, &block.data, asked).await?;
    Ok(data.map(|data| {
        BlockView::Review(ReviewView {
            title: block.title.clone(),
            data,
            posting: posting(loaded, spot, refused),
            records: block.record.as_ref().map(|name| format!("/{}/{name}", loaded.descriptor().id)),
        })
    }))
}

/// Does what a form of a block posted; says what was done.
pub(super) async fn act(
    visit: &Visit,
    loaded: &Loaded,
    block: &Block,
    deed: &str,
    form: Pairs,
) -> Result<String, Box<Refused>> {
    let refuse =
        |problem: Problem, places: BTreeMap<String, String>| Box::new(Refused { problem, typed: form.clone(), places });
    let none = || refuse(Fault::not_found(format_args!("`{deed}` here")).into(), BTreeMap::new());
    let text = |name: &str| first(&form, name).unwrap_or_default().to_owned();
    let plain = async |name: &LocalName, body: Json| {
        call(visit, loaded, name, Vec::new(), Vec::new(), Some(&body))
            .await
            .map_err(|problem| refuse(problem, BTreeMap::new()))
    };
    match (block, deed) {
        (Block::WeekGrid(block), "save" | "submit") => {
            let (cells, places) = typed_cells(&form);
            let some = !cells.is_empty();
            if some {
                let body = json!({ "week": text("week"), "cells": cells });
                let saved = call(visit, loaded, &block.save, Vec::new(), Vec::new(), Some(&body)).await;
                saved.map_err(|problem| refuse(problem, places))?;
            }
            match block.submit.as_ref().filter(|_| deed == "submit") {
                Some(submit) => {
                    let attested = first(&form, "attested") == Some("yes");
                    plain(submit, json!({ "week": text("week"), "attested": attested })).await?;
                    Ok("Submitted.".to_owned())
                }
                None if deed == "submit" => Err(none()),
                None => Ok(if some { "Saved." } else { "Nothing was changed." }.to_owned()),
            }
        }
        (Block::WeekGrid(WeekGridBlock { copy: Some(copy), .. }), "copy") => {
            plain(copy, json!({ "week": text("week") })).await?;
            Ok("Copied last week.".to_owned())
        }
        (Block::WeekGrid(WeekGridBlock { fill: Some(fill), .. }), "fill") => {
            plain(fill, json!({ "week": text("week") })).await?;
            Ok("Filled with what is planned.".to_owned())
        }
        (Block::Timer(block), "start") => {
            let body = serde_json::from_str(&text("body")).unwrap_or_else(|_| json!({}));
            plain(&block.start, body).await?;
            Ok("Started.".to_owned())
        }
        (Block::Timer(block), "stop") => {
            let mut body = serde_json::Map::new();
            if let Some(at) = first(&form, "at_time").filter(|at| !at.is_empty()) {
                body.insert("at_time".to_owned(), at.into());
            }
            if let Some(pause) = first(&form, "break_time").and_then(|pause| pause.parse::<i64>().ok()) {
                body.insert("break_time".to_owned(), pause.into());
            }
            plain(&block.stop, Json::Object(body)).await?;
            Ok("Stopped.".to_owned())
        }
        (Block::Review(block), "approve") => {
            let ids: Vec<&str> = form.iter().filter(|(name, _)| name == "id").map(|(_, id)| id.as_str()).collect();
            if ids.is_empty() {
                let fault = Fault::new(ErrorCode::Invalid, "Tick what is to be approved.");
                return Err(refuse(fault.into(), BTreeMap::new()));
            }
            plain(&block.approve, json!({ "ids": ids })).await?;
            Ok(format!("Approved {}.", ids.len()))
        }
        (Block::Review(block), "give_back") => {
            plain(&block.give_back, json!({ "id": text("id"), "reason": text("reason") })).await?;
            Ok("Returned.".to_owned())
        }
        _ => Err(none()),
    }
}

/// The cells of a week that say something else than they did, as the saving route takes them, and the control of each.
fn typed_cells(form: &Pairs) -> (Vec<Json>, BTreeMap<String, String>) {
    let fields: BTreeMap<&str, &str> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let week: Option<jiff::civil::Date> = fields.get("week").and_then(|text| text.parse().ok());
    let (mut cells, mut places) = (Vec::new(), BTreeMap::new());
    let Some(week) = week else { return (cells, places) };
    let day = |offset: usize| {
        let days = i64::try_from(offset).unwrap_or(0);
        week.checked_add(jiff::Span::new().days(days)).unwrap_or(week).to_string()
    };
    let mut take = |key: &Json, offset: usize, name: String, was: &str| {
        let Some(text) = fields.get(name.as_str()).map(|text| text.trim()).filter(|text| *text != was) else { return };
        places.insert(format!("/cells/{}/value", cells.len()), name);
        cells.push(json!({ "key": key, "day": day(offset), "value": text }));
    };
    for row in 0..ROWS {
        let Some(key) = fields.get(key_name(row).as_str()) else { break };
        let Ok(key) = serde_json::from_str::<Json>(key) else { continue };
        let was = fields.get(was_name(row).as_str()).copied().unwrap_or_default();
        let was: Vec<i64> = was.split(' ').map(|seconds| seconds.parse().unwrap_or(0)).collect();
        for offset in 0..DAYS {
            let before = cell_text(was.get(offset).copied().unwrap_or(0));
            take(&key, offset, cell_name(row, offset), &before);
        }
    }
    if let Some(key) = fields.get(NEW_KEY).and_then(|key| serde_json::from_str::<Json>(key).ok()) {
        for offset in 0..DAYS {
            take(&key, offset, new_cell_name(offset), "");
        }
    }
    (cells, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_sends_what_was_typed_and_nothing_else() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = vec![
            pair("week", "2026-11-16"),
            pair("k0", r#"{"task":"a"}"#),
            pair("w0", "27000 0 0 0 0 0 0"),
            pair("r0d0", "7:30"),
            pair("r0d1", " 2h "),
            pair("r0d2", ""),
            pair("nkey", r#"{"task":"b"}"#),
            pair("nd6", "7-9"),
        ];
        let (cells, places) = typed_cells(&form);
        let told = [
            json!({ "key": { "task": "a" }, "day": "2026-11-17", "value": "2h" }),
            json!({ "key": { "task": "b" }, "day": "2026-11-22", "value": "7-9" }),
        ];
        assert_eq!(cells, told);
        assert_eq!(places.get("/cells/1/value").map(String::as_str), Some("nd6"));
        assert!(typed_cells(&vec![pair("week", "never")]).0.is_empty());
    }
}
