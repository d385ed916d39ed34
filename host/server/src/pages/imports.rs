//! The wizard of imports: each step a page, each act a form.

use super::house::Visit;
use crate::rest::imports as api;
use axum::body::Body;
use axum::extract::{Path, Query, RawForm};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lignaflow_core::caller::Permission;
use lignaflow_core::catalog::Schema;
use lignaflow_core::id::Id;
use lignaflow_core::{ErrorCode, Fault};
use lignaflow_records::imports::{Act, Constant, Import, Mapping, State};
use lignaflow_web::imports::{
    BETWEEN, COLUMNS, Counts, FaultRow, ImportPage, ImportRow, MappingForm, StartPage, WAY, WHOLE,
    import as draw_import, is_brought, start as draw_start,
};
use lignaflow_web::paths;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a form waits for what it began, before it shows how far it has come.
const WAIT: Duration = Duration::from_secs(3);
/// Seconds after which a page of something under way looks again.
const LOOK_AGAIN: &str = "2";
const REFRESH: header::HeaderName = header::HeaderName::from_static("refresh");

pub(super) async fn start(visit: Visit, Path((plugin, collection)): Path<(String, String)>) -> Response {
    match visit.collection(&plugin, &collection) {
        Ok(schema) => draw(&visit, &schema, None).await,
        Err(response) => response,
    }
}

async fn draw(visit: &Visit, schema: &Arc<Schema>, fault: Option<&Fault>) -> Response {
    let imports = match visit.app.imports.list(&visit.signed.caller, schema).await {
        Ok(imports) => imports,
        Err(fault) => return visit.fault(&fault),
    };
    let rows: Vec<ImportRow> = imports
        .into_iter()
        .map(|import| ImportRow {
            id: import.id,
            file: import.document.file,
            rows: import.document.rows,
            state: import.state.as_str().to_owned(),
            at: import.made_at,
        })
        .collect();
    let view = StartPage {
        schema,
        imports: &rows,
        max_bytes: visit.app.config.imports.file_bytes,
        max_rows: visit.app.config.imports.rows,
        fault: fault.map(|fault| fault.message.as_str()),
    };
    let status = fault.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    visit.page_with(status, draw_start(&visit.shell(), &view))
}

pub(super) async fn upload(
    visit: Visit,
    Path((plugin, collection)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    match taken(&visit, &schema, &headers, body).await {
        Ok(import) => visit.go(&paths::import(&schema.name, import.id), ""),
        Err(fault) => draw(&visit, &schema, Some(&fault)).await,
    }
}

async fn taken(visit: &Visit, schema: &Arc<Schema>, headers: &HeaderMap, body: Body) -> Result<Import, Fault> {
    let caller = &visit.signed.caller;
    caller.to_write()?;
    let received = api::received(&visit.app, headers, body).await;
    let (file, name) = received.map_err(|problem| Fault {
        code: ErrorCode::Invalid,
        message: problem.detail().to_owned(),
        issues: problem.issues().to_vec(),
    })?;
    api::read(&visit.app, caller, schema, file, name.as_deref().unwrap_or("upload"), None).await
}

pub(super) async fn show(
    visit: Visit,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = super::lookup::id(&id) else { return visit.not_found() };
    one(&visit, &schema, id, Showing { form: None, way: query.get(WAY).map(String::as_str), refused: None }).await
}

/// What an import is shown with.
#[derive(Debug, Default)]
struct Showing<'a> {
    /// What was typed, where it was refused.
    form: Option<MappingForm>,
    refused: Option<&'a Fault>,
    /// [`WHOLE`] or [`COLUMNS`], where that is asked for.
    way: Option<&'a str>,
}

async fn one(visit: &Visit, schema: &Arc<Schema>, id: Id, Showing { form, refused, way }: Showing<'_>) -> Response {
    let caller = &visit.signed.caller;
    let import = match visit.app.imports.settled(caller, schema, id, Duration::ZERO).await {
        Ok(import) => import,
        Err(fault) => return visit.fault(&fault),
    };
    let sample = match visit.app.imports.sample(caller, &import).await {
        Ok(sample) => sample,
        Err(fault) => return visit.fault(&fault),
    };
    let document = &import.document;
    let faults: Vec<FaultRow<'_>> = document
        .faults
        .iter()
        .map(|fault| FaultRow {
            row: fault.row,
            column: fault.column.as_deref().or(fault.field.as_deref()),
            message: &fault.message,
        })
        .collect();
    let mut form = form.unwrap_or_else(|| form_of(schema, &import));
    let program = visit.app.imports.program_of(&import).filter(|_| caller.holds(Permission::ADMINISTER));
    match (way, program) {
        (Some(COLUMNS), _) => form.program.clear(),
        (Some(WHOLE), Some(program)) => program.name.clone_into(&mut form.program),
        _ => {}
    }
    let progress = &document.progress;
    let may_map = matches!(import.state, State::Uploaded | State::Checked) || import.untouched();
    let stopped = document.stopped.as_ref().map(|stopped| stopped.message.as_str());
    let view = ImportPage {
        catalog: &visit.snapshot.catalog,
        schema,
        id,
        file: &document.file,
        shape: &shape(&document.shape),
        state: import.state.as_str(),
        rows: document.rows,
        heads: &document.heads,
        sample: &sample,
        mapping: &form,
        program: program.map(|program| program.title),
        notes: &document.notes,
        counts: Counts {
            looked_at: progress.rows,
            created: progress.created,
            updated: progress.updated,
            unchanged: progress.unchanged,
            skipped: progress.skipped,
            archived: progress.archived,
            set_back: progress.set_back,
        },
        faults: &faults,
        fault_count: document.fault_count,
        fault: refused.map(|fault| fault.message.as_str()).or(stopped),
        issues: refused.map_or(&[], |fault| &fault.issues),
        may_map,
        may_run: import.state == State::Stopped && progress.below.is_none(),
        may_undo: matches!(import.state, State::Done | State::Stopped)
            && document.ran
            && document.mapping.program.is_none(),
    };
    let status = refused.map_or(StatusCode::OK, |fault| crate::problem::Problem::from(fault.clone()).status());
    let mut response = visit.page_with(status, draw_import(&visit.shell(), &view));
    if import.state.is_under_way() {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static(LOOK_AGAIN));
    }
    response
}

/// What a file was found to be, in words.
fn shape(shape: &Json) -> String {
    let text = |name: &str| shape[name].as_str();
    match (text("format"), text("sheet"), text("encoding"), text("delimiter")) {
        (Some("xlsx"), Some(sheet), _, _) => format!("sheet “{sheet}”"),
        (_, _, Some(encoding), Some(delimiter)) => {
            let between = match delimiter {
                "\t" => "tabs",
                ";" => "semicolons",
                "|" => "bars",
                _ => "commas",
            };
            format!("{encoding} with {between}")
        }
        _ => "a table".to_owned(),
    }
}

pub(super) async fn act(
    visit: Visit,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match visit.collection(&plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let Some(id) = super::lookup::id(&id) else { return visit.not_found() };
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let deed = pairs.iter().find(|(name, _)| name == "act").map_or("map", |(_, act)| act.as_str());
    match carry(&visit, &schema, id, &pairs, deed).await {
        Ok(None) => visit.go(&paths::import(&schema.name, id), ""),
        Ok(Some(flash)) => visit.go(&paths::imports(&schema.name), &flash),
        Err(fault) => {
            let form = pairs.iter().any(|(name, _)| name == "dates").then(|| typed(&pairs));
            one(&visit, &schema, id, Showing { form, refused: Some(&fault), way: None }).await
        }
    }
}

async fn carry(
    visit: &Visit,
    schema: &Arc<Schema>,
    id: Id,
    pairs: &[(String, String)],
    deed: &str,
) -> Result<Option<String>, Fault> {
    let caller = &visit.signed.caller;
    let imports = &visit.app.imports;
    if deed == "forget" {
        let import = imports.get(caller, schema, id).await?;
        imports.forget(caller, schema, id).await?;
        return Ok(Some(format!("Took “{}” off the list.", import.document.file)));
    }
    if pairs.iter().any(|(name, _)| name == "dates") {
        let import = imports.get(caller, schema, id).await?;
        let mapping = mapping(&typed(pairs), &import)?;
        if mapping != import.document.mapping || import.state == State::Stopped {
            imports.map(caller, schema, id, mapping).await?;
        }
    }
    let act = match deed {
        "dry-run" => Act::DryRun,
        "run" => Act::Run,
        "undo" => Act::Undo,
        _ => return Ok(None),
    };
    imports.begin(caller, schema, id, act).await?;
    imports.start(caller.organization, id);
    imports.settled(caller, schema, id, WAIT).await?;
    Ok(None)
}

/// A target as the form's choice of it.
fn choice(field: &str, by: Option<&str>, unit: Option<&str>) -> String {
    let mut choice = field.to_owned();
    if by.is_some() || unit.is_some() {
        choice.push(BETWEEN);
        choice.push_str(by.unwrap_or_default());
    }
    if let Some(unit) = unit {
        choice.push(BETWEEN);
        choice.push_str(unit);
    }
    choice
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|json| json.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The form of a mapping as it stands, with a place for each required field that no column brings.
fn form_of(schema: &Schema, import: &Import) -> MappingForm {
    let mapping = &import.document.mapping;
    let columns = mapping
        .columns
        .iter()
        .map(|target| {
            target.as_ref().map_or_else(String::new, |target| {
                choice(&target.field, target.by.as_deref(), target.unit.map(|unit| word(&unit)).as_deref())
            })
        })
        .collect();
    let mut constants: Vec<(String, String)> =
        mapping.constants.iter().map(|constant| (constant.field.clone(), constant.value.clone())).collect();
    for field in &schema.fields {
        let name = field.name.as_str();
        let mapped = mapping.columns.iter().flatten().any(|target| target.field == name);
        let missing = field.field.required && field.field.default.is_none() && is_brought(schema, field);
        if missing && !mapped && !constants.iter().any(|(known, _)| known == name) {
            constants.push((name.to_owned(), String::new()));
        }
    }
    MappingForm {
        columns,
        constants,
        key: mapping.key.join(","),
        dates: word(&mapping.dates),
        decimal: word(&mapping.decimal),
        empty: word(&mapping.empty),
        faulty: word(&mapping.faulty),
        program: mapping.program.clone().unwrap_or_default(),
        zone: mapping.zone.clone().unwrap_or_default(),
    }
}

/// What was typed.
fn typed(pairs: &[(String, String)]) -> MappingForm {
    let mut form = MappingForm::default();
    for (name, value) in pairs {
        if let Some(at) = name.strip_prefix("column-").and_then(|at| at.parse::<usize>().ok()).filter(|at| *at < 1000) {
            if form.columns.len() <= at {
                form.columns.resize(at + 1, String::new());
            }
            form.columns[at].clone_from(value);
        } else if let Some(field) = name.strip_prefix("constant-") {
            form.constants.push((field.to_owned(), value.clone()));
        } else {
            match name.as_str() {
                "key" => form.key.clone_from(value),
                "dates" => form.dates.clone_from(value),
                "decimal" => form.decimal.clone_from(value),
                "empty" => form.empty.clone_from(value),
                "faulty" => form.faulty.clone_from(value),
                "program" => form.program.clone_from(value),
                "zone" => value.trim().clone_into(&mut form.zone),
                _ => {}
            }
        }
    }
    form
}

/// The mapping that was typed. How constants are known that the API has set is kept.
fn mapping(form: &MappingForm, import: &Import) -> Result<Mapping, Fault> {
    if !form.program.is_empty() {
        let mut whole = json!(import.document.mapping);
        whole["program"] = json!(form.program);
        whole["zone"] = if form.zone.is_empty() { Json::Null } else { json!(form.zone) };
        whole["dates"] = json!(form.dates);
        return read(whole);
    }
    let target = |choice: &String| -> Json {
        let mut parts = choice.split(BETWEEN);
        let field = parts.next().unwrap_or_default();
        if field.is_empty() {
            return Json::Null;
        }
        let mut target = json!({ "field": field });
        for (name, part) in ["by", "unit"].into_iter().zip(parts) {
            if !part.is_empty() {
                target[name] = json!(part);
            }
        }
        target
    };
    let before = &import.document.mapping.constants;
    let constants: Vec<Constant> = form
        .constants
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(field, value)| {
            let known = before.iter().find(|constant| constant.field == *field);
            Constant {
                field: field.clone(),
                value: value.clone(),
                by: known.and_then(|constant| constant.by.clone()),
                unit: known.and_then(|constant| constant.unit),
            }
        })
        .collect();
    let columns: Vec<Json> = form.columns.iter().map(target).collect();
    let key: Vec<&str> = form.key.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let whole = json!({
        "columns": columns,
        "constants": constants,
        "key": key,
        "dates": form.dates,
        "decimal": form.decimal,
        "empty": form.empty,
        "faulty": form.faulty,
    });
    read(whole)
}

fn read(mapping: Json) -> Result<Mapping, Fault> {
    serde_json::from_value(mapping)
        .map_err(|error| Fault::at("/columns", "type", format!("The form cannot be read: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_records::imports::Target;

    #[test]
    fn a_target_is_chosen_and_read_back() {
        for target in [
            Target { field: "title".into(), by: None, unit: None },
            Target { field: "project".into(), by: Some("id".into()), unit: None },
            Target { field: "effort".into(), by: None, unit: Some(lignaflow_records::imports::Unit::Hours) },
        ] {
            let chosen = choice(&target.field, target.by.as_deref(), target.unit.map(|unit| word(&unit)).as_deref());
            let mut parts = chosen.split(BETWEEN);
            assert_eq!(parts.next(), Some(target.field.as_str()));
            assert_eq!(parts.next().filter(|by| !by.is_empty()), target.by.as_deref());
            assert_eq!(parts.next(), target.unit.map(|unit| word(&unit)).as_deref());
        }
    }
}
