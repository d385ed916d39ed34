//! A joinery with clients, projects and tasks.

use lignaflow_core::accent::Accent;
use lignaflow_core::catalog::{Catalog, Schema};
use lignaflow_core::descriptor::{Descriptor, parse};
use lignaflow_core::id::{Id, PersonId};
use lignaflow_core::record::Record;
use lignaflow_core::value::{Currency, Money, Value, parse_date};
use lignaflow_web::labels::{Choice, Choices, ChoicesByField, Labels};
use lignaflow_web::navigation::Navigation;
use lignaflow_web::shell::{Membership, Person};
use lignaflow_web::{Reader, Shell, Theme};

const DESCRIPTOR: &str = r#"
id = "projects"
version = "0.1.0"
title = "Projects"
description = "Clients, projects and tasks, from the first sketch to the handover."
api = "0.1"
icon = "job"

[grants]
interfaces = ["records", "people"]

[[collections]]
name = "projects"
title = { one = "Project", many = "Projects" }
icon = "job"
display = "name"
list = ["name", "client", "status", "manager", "due", "effort", "budget"]
[collections.fields]
name = { type = "text", required = true, search = true }
number = { type = "text", max = 20 }
client = { type = "reference", to = "clients", required = true }
status = { type = "choice", of = ["draft", "active", "on-hold", "completed", "closed", "cancelled"], default = "draft" }
billing = { type = "choice", of = ["time-and-materials", "fixed", "milestones", "not-billable"], default = "fixed" }
manager = { type = "person", default = "caller" }
members = { type = "people" }
start = { type = "date", default = "today" }
due = { type = "date" }
effort = { type = "duration", min = 0, help = "Planned in all" }
budget = { type = "money" }
markup = { type = "percent", min = 0, max = 10000 }
agreed_at = { type = "instant", title = "Agreed" }
billable = { type = "boolean", default = true, title = "Bill it to the client" }
note = { type = "text", max = 2000 }
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
name = "complete"
from = ["active", "on-hold"]
to = "completed"
[[collections.transitions]]
name = "close"
from = ["active", "completed"]
to = "closed"
locks = true

[[collections]]
name = "clients"
title = { one = "Client", many = "Clients" }
icon = "people"
display = "name"
[collections.fields]
name = { type = "text", required = true, search = true }
tax_number = { type = "text", max = 40, title = "ABN" }
email = { type = "text" }
phone = { type = "text", max = 40 }

[[collections]]
name = "tasks"
title = { one = "Task", many = "Tasks" }
icon = "catalog"
display = "name"
[collections.fields]
name = { type = "text", required = true, search = true }
project = { type = "reference", to = "projects", required = true }
status = { type = "choice", of = ["todo", "in-progress", "blocked", "done"], default = "todo" }
assignee = { type = "person" }
planned = { type = "duration" }
due = { type = "date" }
[[collections.transitions]]
name = "start"
from = ["todo", "blocked"]
to = "in-progress"

[[routes]]
name = "copy"
title = "Make a project from another, with its dates shifted"
method = "POST"
path = "/projects/{id}/copy"
answer = { record = "projects" }

[[routes]]
name = "progress"
title = "How far a project is, by tasks and by effort"
method = "GET"
path = "/projects/{id}/progress"
answer = { json = { type = "object" } }

[[pages]]
name = "overview"
title = "Overview"
icon = "chart"
[[pages.blocks]]
figure = { title = "Active", collection = "projects", filter = { status = "active" } }
"#;

/// 2026-11-19, a Thursday, 14:05 in Sydney.
pub(crate) const NOW: i64 = 1_795_057_500_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000;

pub(crate) fn descriptor() -> Descriptor {
    match parse(DESCRIPTOR) {
        Ok(descriptor) => descriptor,
        Err(faults) => panic!("{faults:?}"),
    }
}

pub(crate) fn catalog() -> Catalog {
    Catalog::new([&descriptor()]).unwrap_or_default()
}

pub(crate) fn id(number: u8) -> Id {
    let mut bytes = [0x01, 0x90, 0xa1, 0x5d, 0xac, 0x96, 0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02, 0x09, 0x9a, 0x80, 0];
    bytes[15] = number;
    Id::from_bytes(bytes)
}

pub(crate) const PEOPLE: [(u8, &str); 5] =
    [(100, "Ruth Halloran"), (101, "Tom Beck"), (102, "Jess Tran"), (103, "Daniel Okafor"), (104, "Priya Nair")];

const CLIENTS: [(u8, &str); 9] = [
    (50, "Northlight Advisory"),
    (51, "Paper Mill Coffee"),
    (52, "Ferris Grove Legal"),
    (53, "M. and R. Vance"),
    (54, "Kingsline Dental"),
    (55, "Helen Papadakis"),
    (56, "J. Lindqvist"),
    (57, "Harbour Mutual"),
    (58, "Ocean Row Pty Ltd"),
];

type Row = (u8, &'static str, &'static str, u8, &'static str, u8, &'static str, i64, i64);

const PROJECTS: [Row; 9] = [
    (1, "Barangaroo L14 reception", "P-0219", 50, "active", 100, "2026-12-18", 1160, 14_820_000),
    (2, "Surry Hills café fit-out", "P-0224", 51, "active", 101, "2026-11-27", 652, 9_192_000),
    (3, "Chatswood law library", "P-0233", 52, "on-hold", 100, "2027-01-22", 540, 7_275_000),
    (4, "Cottesloe kitchen", "P-0240", 53, "draft", 103, "2027-02-12", 410, 5_830_000),
    (5, "Newtown dental surgeries", "P-0235", 54, "active", 101, "2027-03-05", 980, 11_860_000),
    (6, "Balmain terrace", "P-0228", 55, "active", 102, "2026-12-11", 317, 4_185_000),
    (7, "Mosman wardrobes", "P-0216", 56, "completed", 104, "2026-11-13", 262, 3_690_000),
    (8, "Kirribilli boardroom", "P-0205", 57, "closed", 103, "2026-09-30", 350, 8_814_025),
    (9, "Balgowlah pool house", "P-0237", 58, "cancelled", 100, "2026-10-30", 120, 1_400_000),
];

fn record(number: u8, values: Vec<Value>) -> Record {
    Record {
        id: id(number),
        version: 7,
        created_at: NOW - 40 * 24 * HOUR,
        updated_at: NOW - 3 * HOUR,
        created_by: Some(PersonId(id(100))),
        archived_at: None,
        values,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn day(iso: &str) -> Value {
    parse_date(iso).map_or(Value::Null, Value::Date)
}

pub(crate) fn projects(schema: &Schema) -> Vec<Record> {
    PROJECTS
        .iter()
        .map(|(number, name, code, client, status, manager, due, hours, budget)| {
            let values = schema.fields.iter().map(|field| match field.name.as_str() {
                "name" => text(name),
                "number" => text(code),
                "client" => Value::Reference(id(*client)),
                "status" => text(status),
                "billing" => text("fixed"),
                "manager" => Value::Reference(id(*manager)),
                "members" => Value::References(vec![id(101), id(102), id(104)]),
                "start" => day("2026-09-07"),
                "due" => day(due),
                "effort" => Value::Integer(hours * 3600 + 1800),
                "budget" => {
                    let currency = if *number == 4 { "NZD" } else { "AUD" };
                    Value::Money(Money { minor: *budget, currency: currency.parse().unwrap_or(Currency::AUD) })
                }
                "agreed_at" => Value::Instant(NOW - 60 * 24 * HOUR),
                "billable" => Value::Boolean(true),
                "note" => text("Library wall first, since the painters come on the 4th.\nStair after the floor is in.\n\nKeys with the neighbour at number 10; dog is friendly."),
                _ => Value::Null,
            });
            record(*number, values.collect())
        })
        .collect()
}

pub(crate) fn tasks(schema: &Schema) -> Vec<Record> {
    const TASKS: [(&str, &str, u8, i64, &str); 4] = [
        ("Stair: treads and nosings", "in-progress", 101, 24, "2026-11-24"),
        ("Kitchen: carcasses", "in-progress", 102, 18, "2026-11-20"),
        ("Order brass rail, 6.2 m", "blocked", 103, 1, "2026-11-18"),
        ("Library wall: fit cornice", "todo", 101, 8, "2026-11-27"),
    ];
    (1_u8..)
        .zip(TASKS)
        .map(|(number, (name, status, assignee, hours, due))| {
            let values = schema.fields.iter().map(|field| match field.name.as_str() {
                "name" => text(name),
                "project" => Value::Reference(id(6)),
                "status" => text(status),
                "assignee" => Value::Reference(id(assignee)),
                "planned" => Value::Integer(hours * 3600),
                "due" => day(due),
                _ => Value::Null,
            });
            record(number + 20, values.collect())
        })
        .collect()
}

pub(crate) fn labels() -> Labels {
    let people = PEOPLE.iter().map(|(number, name)| (id(*number), (*name).to_owned()));
    let clients = CLIENTS.iter().map(|(number, name)| (id(*number), (*name).to_owned()));
    let projects = PROJECTS.iter().map(|row| (id(row.0), row.1.to_owned()));
    people.chain(clients).chain(projects).collect()
}

pub(crate) fn choices() -> ChoicesByField {
    let of = |rows: &[(u8, &str)], hint: &str| {
        rows.iter()
            .map(|(number, name)| Choice { id: id(*number), label: (*name).to_owned(), hint: hint.to_owned() })
            .collect()
    };
    let people = Choices { items: of(&PEOPLE, ""), more: false, new: None };
    [
        ("client", Choices { items: of(&CLIENTS, "Sydney"), more: false, new: None }),
        ("manager", people.clone()),
        ("members", people.clone()),
        ("assignee", people),
    ]
    .map(|(name, choices)| (name.to_owned(), choices))
    .into()
}

pub(crate) fn shell(path: &str) -> Shell {
    Shell {
        reader: Reader::new("en-AU", "Australia/Sydney", Currency::AUD, NOW),
        theme: Theme::System,
        person: Person {
            name: "Ruth Halloran".into(),
            email: "ruth@halloran.example".into(),
            password_temporary: false,
        },
        organization: "Halloran & Beck".into(),
        accent: Accent::default(),
        organizations: vec![
            Membership { id: "a".into(), name: "Halloran & Beck".into(), current: true },
            Membership { id: "b".into(), name: "Beck Holdings".into(), current: false },
        ],
        navigation: Navigation::of([&descriptor()], |_, _| true, |_| true, true),
        path: path.into(),
        flash: None,
        unread: 0,
    }
}
