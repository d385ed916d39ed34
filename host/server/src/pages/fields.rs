//! `/admin/fields`: the fields that the organization adds to collections.

use super::house::Visit;
use crate::app::App;
use crate::customs::Desk;
use crate::customs::form::Form;
use crate::problem::Problem;
use crate::rest::host::From;
use axum::Router;
use axum::extract::{Path, RawForm};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use lignaflow_core::caller::Permission;
use lignaflow_core::catalog::Schema;
use lignaflow_core::custom::{CustomField, CustomKind, options_of};
use lignaflow_core::{Fault, Issue};
use lignaflow_web::admin::{
    FieldDraft, FieldForm, FieldPage, FieldsOf, FieldsPage, field as draw_field, fields as draw_fields, fields_index,
};
use lignaflow_web::paths;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(paths::FIELDS, get(index))
        .route("/admin/fields/{plugin}/{collection}", get(list).post(add))
        .route("/admin/fields/{plugin}/{collection}/{name}", get(one).post(change))
        .route("/admin/fields/{plugin}/{collection}/{name}/{act}", post(act))
}

fn may(visit: &Visit) -> Result<(), Fault> {
    if visit.signed.caller.holds(Permission::ADMINISTER) {
        Ok(())
    } else {
        Err(Fault::denied("Only who administers the organization adds fields and changes them."))
    }
}

/// The collections that are on.
fn collections(visit: &Visit) -> impl Iterator<Item = &Arc<Schema>> {
    let organization = visit.signed.caller.organization;
    visit.snapshot.catalog.schemas().filter(move |schema| visit.snapshot.is_enabled(organization, &schema.name.plugin))
}

async fn index(visit: Visit) -> Response {
    if let Err(fault) = may(&visit) {
        return visit.fault(&fault);
    }
    let plugin = |schema: &Schema| {
        let plugin = visit.snapshot.plugin(&schema.name.plugin);
        plugin.map(|plugin| plugin.descriptor().title.clone()).unwrap_or_default()
    };
    let rows: Vec<FieldsOf> = collections(&visit)
        .map(|schema| FieldsOf {
            name: schema.name.clone(),
            title: schema.collection.title.many.clone(),
            plugin: plugin(schema),
            count: schema.customs().count(),
        })
        .collect();
    visit.page(fields_index(&visit.shell(), &rows))
}

/// Where a page of fields is.
type At = (String, String, String);

/// The collection of an address, for who may change its fields.
#[expect(clippy::result_large_err, reason = "the other answer is made once and sent")]
fn schema(visit: &Visit, plugin: &str, collection: &str) -> Result<Arc<Schema>, Response> {
    may(visit).map_err(|fault| visit.fault(&fault))?;
    visit.collection(plugin, collection)
}

fn desk<'a>(visit: &'a Visit, schema: &'a Arc<Schema>) -> Desk<'a> {
    Desk { app: &visit.app, signed: &visit.signed, snapshot: &visit.snapshot, schema }
}

fn status(fault: Option<&Fault>) -> StatusCode {
    fault.map_or(StatusCode::OK, |fault| Problem::from(fault.clone()).status())
}

fn form<'a>(draft: &'a FieldDraft, targets: &'a [(String, String)], fault: Option<&'a Fault>) -> FieldForm<'a> {
    FieldForm {
        draft,
        targets,
        issues: fault.map_or(&[], |fault| fault.issues.as_slice()),
        fault: fault.filter(|fault| fault.issues.is_empty()).map(|fault| fault.message.as_str()),
    }
}

async fn list(visit: Visit, Path((plugin, collection)): Path<(String, String)>) -> Response {
    match schema(&visit, &plugin, &collection) {
        Ok(schema) => draw_list(&visit, &schema, &FieldDraft::default(), None).await,
        Err(response) => response,
    }
}

async fn draw_list(visit: &Visit, schema: &Arc<Schema>, draft: &FieldDraft, fault: Option<&Fault>) -> Response {
    let fields = match desk(visit, schema).all().await {
        Ok(fields) => fields,
        Err(fault) => return visit.fault(&fault),
    };
    let targets: Vec<(String, String)> =
        collections(visit).map(|schema| (schema.name.to_string(), schema.collection.title.many.clone())).collect();
    let view = FieldsPage {
        collection: &schema.name,
        title: &schema.collection.title.many,
        fields: &fields,
        form: form(draft, &targets, fault),
    };
    visit.page_with(status(fault), draw_fields(&visit.shell(), &view))
}

/// What was typed, with the version that the form was made from.
fn typed(body: &[u8]) -> (FieldDraft, Option<u64>) {
    let mut draft = FieldDraft::default();
    let mut version = None;
    for (name, value) in form_urlencoded::parse(body) {
        let value = value.into_owned();
        match &*name {
            "~version" => version = value.parse().ok(),
            "title" => draft.title = value,
            "name" => draft.name = value,
            "type" => draft.kind = value,
            "help" => draft.help = value,
            "options" => draft.options = value,
            "max" => draft.max = value,
            "scale" => draft.scale = value,
            "to" => draft.to = value,
            "required" => draft.required = value == "true",
            _ => {}
        }
    }
    (draft, version)
}

/// A name from a title: `Cost centre` is `cost_centre`.
fn name_of(title: &str) -> String {
    let folded = lignaflow_core::fold::fold(title);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_");
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    name.chars().take(40).collect::<String>().trim_end_matches('_').to_owned()
}

/// A number as it was typed, or an issue of it; nothing where nothing was.
fn number<T: std::str::FromStr>(text: &str, key: &str, issues: &mut Vec<Issue>) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    if number.is_none() {
        issues.push(Issue::new(format!("/{key}"), "type", format!("`{text}` is no whole number that fits here.")));
    }
    number
}

/// What a draft asks for. What does not belong to the type is left aside.
fn asked(draft: &FieldDraft, kind: Option<CustomKind>) -> Form {
    let mut issues = Vec::new();
    let of = |wanted: CustomKind| kind == Some(wanted);
    Form {
        title: Some(draft.title.clone()),
        help: Some(draft.help.clone()),
        required: Some(draft.required),
        options: of(CustomKind::Choice).then(|| options_of(&draft.options)),
        max: of(CustomKind::Text).then(|| number(&draft.max, "max", &mut issues)).flatten(),
        scale: of(CustomKind::Decimal).then(|| number(&draft.scale, "scale", &mut issues)).flatten(),
        to: of(CustomKind::Reference).then(|| draft.to.clone()),
        issues,
        ..Form::default()
    }
}

async fn add(
    visit: Visit,
    From(client): From,
    Path((plugin, collection)): Path<(String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match schema(&visit, &plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let (draft, _) = typed(&body);
    let name = if draft.name.trim().is_empty() { name_of(&draft.title) } else { draft.name.trim().to_owned() };
    let form = Form { name: Some(name), kind: Some(draft.kind.clone()), ..asked(&draft, draft.kind.parse().ok()) };
    match desk(&visit, &schema).add(&client, form).await {
        Ok(field) => visit.go(&paths::fields(&schema.name), &format!("Added “{}”.", field.title)),
        Err(mut fault) => {
            // A name that was to follow from a title that is missing is no fault of its own.
            if draft.name.trim().is_empty() && fault.issues.iter().any(|issue| issue.path == "/title") {
                fault.issues.retain(|issue| issue.path != "/name");
            }
            draw_list(&visit, &schema, &draft, Some(&fault)).await
        }
    }
}

async fn one(visit: Visit, Path((plugin, collection, name)): Path<At>) -> Response {
    let schema = match schema(&visit, &plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    draw_one(&visit, &schema, &name, None, None).await
}

fn draft_of(field: &CustomField) -> FieldDraft {
    let definition = &field.definition;
    let options = definition.options.iter().map(|option| format!("{} = {}", option.value, option.title));
    FieldDraft {
        title: field.title.clone(),
        name: field.name.to_string(),
        kind: field.kind.as_str().to_owned(),
        help: field.help.clone(),
        options: options.collect::<Vec<_>>().join("\n"),
        max: definition.max.map(|max| max.to_string()).unwrap_or_default(),
        scale: definition.scale.map(|scale| scale.to_string()).unwrap_or_default(),
        to: definition.to.as_ref().map(ToString::to_string).unwrap_or_default(),
        required: field.required,
    }
}

async fn draw_one(
    visit: &Visit,
    schema: &Arc<Schema>,
    name: &str,
    draft: Option<FieldDraft>,
    fault: Option<&Fault>,
) -> Response {
    let field = match desk(visit, schema).one(name).await {
        Ok(field) => field,
        Err(fault) => return visit.fault(&fault),
    };
    let draft = draft.unwrap_or_else(|| draft_of(&field));
    let view = FieldPage { title: &schema.collection.title.many, field: &field, form: form(&draft, &[], fault) };
    visit.page_with(status(fault), draw_field(&visit.shell(), &view))
}

async fn change(
    visit: Visit,
    From(client): From,
    Path((plugin, collection, name)): Path<At>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match schema(&visit, &plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let (draft, version) = typed(&body);
    let desk = desk(&visit, &schema);
    let kind = match desk.one(&name).await {
        Ok(field) => field.kind,
        Err(fault) => return visit.fault(&fault),
    };
    match desk.change(&client, &name, version, asked(&draft, Some(kind))).await {
        Ok(field) => visit.go(&paths::fields(&schema.name), &format!("Saved “{}”.", field.title)),
        Err(fault) => draw_one(&visit, &schema, &name, Some(draft), Some(&fault)).await,
    }
}

async fn act(
    visit: Visit,
    From(client): From,
    Path((plugin, collection, name, act)): Path<(String, String, String, String)>,
    RawForm(body): RawForm,
) -> Response {
    let schema = match schema(&visit, &plugin, &collection) {
        Ok(schema) => schema,
        Err(response) => return response,
    };
    let said = |key: &str| {
        let found = form_urlencoded::parse(&body).find(|(name, _)| name == key);
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let desk = desk(&visit, &schema);
    let done = match act.as_str() {
        "place" => {
            let form = Form { place: said("place").parse().ok(), ..Form::default() };
            desk.change(&client, &name, None, form).await.map(|field| format!("Moved “{}”.", field.title))
        }
        "archive" => {
            let archived = desk.archive(&client, &name, None, true).await;
            archived.map(|field| format!("Archived “{}”.", field.title))
        }
        "restore" => {
            let restored = desk.archive(&client, &name, None, false).await;
            restored.map(|field| format!("Restored “{}”.", field.title))
        }
        "purge" if said("confirm") != name => {
            Err(Fault::at("/confirm", "confirm", format!("Type `{name}`, so that no other field goes by mistake.")))
        }
        "purge" => {
            let purged = desk.purge(&client, &name, None).await;
            purged.map(|records| match records {
                1 => "Purged, with the value of one record.".to_owned(),
                count => format!("Purged, with the values of {count} records."),
            })
        }
        _ => return visit.not_found(),
    };
    match done {
        Ok(flash) => visit.go(&paths::fields(&schema.name), &flash),
        Err(fault) => draw_one(&visit, &schema, &name, None, Some(&fault)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_name_follows_from_a_title() {
        assert_eq!(name_of("Cost centre"), "cost_centre");
        assert_eq!(name_of(" 3rd party – Höhe "), "rd_party_hohe");
        assert_eq!(name_of("日本"), "");
        assert!(name_of(&"long word ".repeat(9)).parse::<lignaflow_core::name::FieldName>().is_ok());
    }
}
