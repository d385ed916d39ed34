use super::*;
use crate::bind::Binder;
use crate::descriptor::parse;
use crate::query::{Authority, Operator, Predicate, Selection, SortKey};
use crate::record::fields_from_json;
use crate::value::Value;
use serde_json::json;

const WORK: &str = r#"
id = "work"
version = "0.1.0"
title = "Work"
api = "0.1"

[[collections]]
name = "clients"
title = { one = "Client", many = "Clients" }
display = "name"
fields = { name = { type = "text", required = true } }

[[collections]]
name = "projects"
title = { one = "Project", many = "Projects" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
client = { type = "reference", to = "clients" }
"#;

fn field(collection: &str, name: &str, kind: CustomKind) -> CustomField {
    CustomField {
        id: Id::fresh(),
        collection: collection.parse().unwrap(),
        name: name.parse().unwrap(),
        title: humanize(name),
        help: String::new(),
        kind,
        definition: Definition::default(),
        required: false,
        place: 1,
        version: 1,
        since: 5,
        created_at: 5,
        updated_at: 5,
        archived_at: None,
    }
}

fn catalog(fields: &[CustomField]) -> Catalog {
    Catalog::new([&parse(WORK).unwrap()]).unwrap().with_customs(fields)
}

fn projects(catalog: &Catalog) -> Arc<Schema> {
    Arc::clone(catalog.schema(&"work/projects".parse().unwrap()).unwrap())
}

#[test]
fn an_organizations_fields_stand_behind_the_collections_own() {
    let region = CustomField { place: 2, ..field("work/projects", "region", CustomKind::Text) };
    let code = field("work/projects", "code", CustomKind::Integer);
    let gone = CustomField { archived_at: Some(9), ..field("work/projects", "gone", CustomKind::Text) };
    let lost = CustomField {
        definition: Definition { to: Some("other/things".parse().unwrap()), ..Definition::default() },
        ..field("work/projects", "lost", CustomKind::Reference)
    };
    let schema = projects(&catalog(&[region, code, gone, lost]));
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["name", "client", "custom.code", "custom.region"]);
    assert_eq!(schema.customs().count(), 2);
    assert!(schema.speaks_of("name", 0) && schema.speaks_of("custom.code", 5));
    assert!(!schema.speaks_of("custom.code", 4), "said of a field of that name before");
    assert!(!schema.speaks_of("custom.gone", 9));
}

#[test]
fn json_has_them_together_and_every_fault_points_there() {
    let schema = projects(&catalog(&[
        field("work/projects", "code", CustomKind::Integer),
        field("work/projects", "cost_centre", CustomKind::Text),
    ]));
    let body = json!({
        "name": "Stair",
        "custom": { "code": "seven", "cost_center": "A1", "cost_centre": null },
        "custom.code": 7,
    });
    let (fields, issues) = fields_from_json(&schema, body.as_object().unwrap());
    assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), ["name", "custom.cost_centre"]);
    let told: Vec<(&str, &str)> = issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_str())).collect();
    assert_eq!(
        told,
        [("/custom/code", "type"), ("/custom/cost_center", "unknown-field"), ("/custom.code", "unknown-field")]
    );
    assert_eq!(issues[1].message, "There is no field `custom.cost_center`; did you mean `custom.cost_centre`?");
    let (_, issues) = fields_from_json(&schema, json!({ "custom": "A1" }).as_object().unwrap());
    assert_eq!((issues[0].path.as_str(), issues[0].code.as_str()), ("/custom", "type"));
}

#[test]
fn pointers_lead_to_fields_and_back() {
    assert_eq!((pointer("custom.code").as_str(), pointer("name").as_str()), ("/custom/code", "/name"));
    assert_eq!((field_at("/custom/code/minor").as_str(), field_at("/name").as_str()), ("custom.code", "name"));
    let flat = json!({ "name": "Stair", "custom.code": 7 });
    let nested = nested(flat.as_object().unwrap());
    assert_eq!(Json::Object(nested), json!({ "name": "Stair", "custom": { "code": 7 } }));
}

#[test]
fn paths_lead_to_them_also_through_references() {
    let to = Definition { to: Some("work/clients".parse().unwrap()), ..Definition::default() };
    let catalog = catalog(&[
        field("work/clients", "tier", CustomKind::Integer),
        CustomField { definition: to, ..field("work/projects", "agent", CustomKind::Reference) },
    ]);
    let binder = Binder { catalog: &catalog, home: None };
    let selection = Selection {
        collection: "work/projects".into(),
        authority: Authority::Caller,
        filter: Predicate::Compare {
            path: "client.custom.tier".into(),
            operator: Operator::AtLeast,
            value: Value::Integer(2),
        },
        sort: vec![SortKey { path: "custom.agent.custom.tier".into(), descending: true }],
        select: vec!["custom.agent".into(), "custom.agent.name".into()],
        limit: 10,
        after: None,
    };
    let bound = binder.selection(&selection).unwrap();
    assert_eq!(bound.sort[0].path.hops.len(), 1);
    let schema = projects(&catalog);
    for (path, code) in [("custom.tier", "unknown-field"), ("custom", "unknown-field"), ("custom.", "unknown-field")] {
        assert_eq!(binder.path(&schema, path).unwrap_err().issues[0].code, code, "{path}");
    }
}

#[test]
fn a_declaration_is_told_all_its_faults() {
    let options = vec![
        CustomOption { value: "north".into(), title: "North".into() },
        CustomOption { value: "north".into(), title: String::new() },
    ];
    let choice = CustomField {
        title: " ".into(),
        definition: Definition { options, max: Some(5), scale: Some(2), ..Definition::default() },
        ..field("work/projects", "region", CustomKind::Choice)
    };
    let mut told: Vec<String> = choice.faults().into_iter().map(|issue| issue.path).collect();
    told.sort();
    assert_eq!(told, ["/max", "/options/1/title", "/options/1/value", "/scale", "/title"]);
    let reference = field("work/projects", "agent", CustomKind::Reference);
    assert_eq!(reference.faults()[0].path, "/to");
    let fine = field("work/projects", "due", CustomKind::Date);
    assert_eq!(fine.faults(), []);
}

#[test]
fn options_are_written_one_in_a_line() {
    let options = options_of("north\n south = Far south \r\n\n");
    let read: Vec<(&str, &str)> = options.iter().map(|o| (o.value.as_str(), o.title.as_str())).collect();
    assert_eq!(read, [("north", "North"), ("south", "Far south")]);
}
