//! Fixtures of this room's own tests.

use crate::document::Theme;
use crate::labels::Labels;
use crate::navigation::Navigation;
use crate::reader::Reader;
use crate::shell::{Person, Shell};
use lignaflow_core::accent::Accent;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::descriptor::{Descriptor, Field, FieldKind};
use lignaflow_core::id::{Id, PersonId};
use lignaflow_core::record::Record;
use lignaflow_core::value::{Currency, Money, Value};

pub(crate) const EVERY_KIND: [FieldKind; 18] = [
    FieldKind::Text,
    FieldKind::Integer,
    FieldKind::Decimal,
    FieldKind::Money,
    FieldKind::Boolean,
    FieldKind::Date,
    FieldKind::Instant,
    FieldKind::Duration,
    FieldKind::Minutes,
    FieldKind::Choice,
    FieldKind::Percent,
    FieldKind::Reference,
    FieldKind::References,
    FieldKind::Person,
    FieldKind::People,
    FieldKind::Media,
    FieldKind::Files,
    FieldKind::Json,
];

/// 2026-11-19, a Thursday, 14:05 in Sydney.
pub(crate) fn reader() -> Reader {
    Reader::new("en-AU", "Australia/Sydney", Currency::AUD, 1_795_057_500_000_000)
}

/// A field of a type with nothing else said of it, but for the choices `open` and `closed`.
pub(crate) fn field_of(kind: FieldKind) -> Field {
    let mut field = Field::bare(kind);
    if kind == FieldKind::Choice {
        field.of = vec!["open".to_owned(), "closed".to_owned()];
    }
    field
}

const DESCRIPTOR: &str = r#"
id = "projects"
version = "0.1.0"
title = "Projects"
description = "Clients, projects and tasks."
api = "0.1"
icon = "job"

[[collections]]
name = "projects"
title = { one = "Project", many = "Projects" }
icon = "job"
display = "title"

[collections.fields]
title = { type = "text", required = true, search = true }
number = { type = "text", max = 20, read_only = true }
client = { type = "reference", to = "clients", required = true }
status = { type = "choice", of = ["draft", "active", "on-hold", "completed", "closed", "cancelled"], default = "draft" }
billing = { type = "choice", of = ["time-and-materials", "fixed", "milestones"], default = "fixed" }
manager = { type = "person", default = "caller" }
members = { type = "people" }
start = { type = "date", default = "today" }
due = { type = "date" }
effort = { type = "duration", min = 0, help = "Planned in all" }
budget = { type = "money" }
markup = { type = "percent", min = 0, max = 10000 }
billable = { type = "boolean", default = true, title = "Bill it to the client" }
agreed_at = { type = "instant" }
note = { type = "text", max = 2000 }
settings = { type = "json" }

[[collections.transitions]]
name = "start"
from = ["draft"]
to = "active"

[[collections.transitions]]
name = "pause"
title = "Put on hold"
from = ["active"]
to = "on-hold"

[[collections.transitions]]
name = "close"
from = ["active", "on-hold", "completed"]
to = "closed"
locks = true

[[collections]]
name = "clients"
title = { one = "Client", many = "Clients" }
icon = "people"
display = "name"

[collections.fields]
name = { type = "text", required = true, search = true }
email = { type = "text" }

[[pages]]
name = "overview"
title = "Overview"
[[pages.blocks]]
figure = { title = "Active", collection = "projects", filter = { status = "active" } }
"#;

pub(crate) fn descriptor() -> Descriptor {
    lignaflow_core::descriptor::parse(DESCRIPTOR).unwrap()
}

pub(crate) fn catalog() -> Catalog {
    Catalog::new([&descriptor()]).unwrap()
}

/// An identifier that is told from others by its last digit.
pub(crate) fn id(last: u8) -> Id {
    format!("01890a5d-ac96-774b-bcce-b302099a80{last:02x}").parse().unwrap()
}

/// A project with something in most fields, at version 7.
pub(crate) fn project() -> Record {
    let catalog = catalog();
    let schema = catalog.schema(&"projects/projects".parse().unwrap()).unwrap();
    let values = schema
        .fields
        .iter()
        .map(|field| match field.name.as_str() {
            "title" => Value::Text("Balmain terrace".into()),
            "number" => Value::Text("P-0228".into()),
            "client" => Value::Reference(id(2)),
            "status" => Value::Text("active".into()),
            "billing" => Value::Text("fixed".into()),
            "manager" => Value::Reference(id(3)),
            "members" => Value::References(vec![id(3), id(4)]),
            "start" => Value::Date(20_700),
            "due" => Value::Date(20_798),
            "effort" => Value::Integer(317 * 3600),
            "budget" => Value::Money(Money { minor: 4_185_000, currency: Currency::AUD }),
            "billable" => Value::Boolean(true),
            "agreed_at" => Value::Instant(1_795_057_500_000_000),
            "note" => Value::Text("Library wall first.\nStair after the floor is in.".into()),
            _ => Value::Null,
        })
        .collect();
    Record {
        id: id(1),
        version: 7,
        created_at: 1_790_000_000_000_000,
        updated_at: 1_795_050_000_000_000,
        created_by: Some(PersonId(id(3))),
        archived_at: None,
        values,
    }
}

/// Names for everything that [`project`] refers to.
pub(crate) fn labels() -> Labels {
    [(id(2), "Helen Papadakis".to_owned()), (id(3), "Ruth Halloran".to_owned()), (id(4), "Tom Beck".to_owned())]
        .into_iter()
        .collect()
}

pub(crate) fn shell() -> Shell {
    Shell {
        reader: reader(),
        theme: Theme::System,
        person: Person {
            name: "Ruth Halloran".into(),
            email: "ruth@halloran.example".into(),
            password_temporary: false,
        },
        organization: "Halloran & Beck".into(),
        accent: Accent::default(),
        organizations: Vec::new(),
        navigation: Navigation::of([&descriptor()], |_, _| true, |_| true, true),
        path: "/projects/projects".into(),
        flash: None,
        unread: 0,
    }
}
