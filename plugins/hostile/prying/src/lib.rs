//! Asks for records and files of other organizations by their ids, by every door that a guest has.

use hostile_kit::exports::lignaflow::plugin::routes::{Payload, Reply, Request};
use hostile_kit::lignaflow::plugin::context;
use hostile_kit::lignaflow::plugin::query::Authority;
use hostile_kit::lignaflow::plugin::records;
use hostile_kit::lignaflow::plugin::types::{Entry, Error, Value};
use hostile_kit::lignaflow::plugin::writing::{Insertion, Mutation, Removal, Revision};

fn handle(request: &Request) -> Result<Reply, Error> {
    let id = request.parameters.first().map(|(_, id)| id.clone()).unwrap_or_default();
    let reply = |payload, writes| Ok(Reply { status: 200, payload, writes });
    let titled = |value| vec![Entry { key: "title".to_owned(), value }];
    match request.route.as_str() {
        "get" => {
            let found = records::get("notes", &id, &["title".to_owned()], Authority::Plugin)?;
            let said = |value| match value {
                Value::Text(text) => format!("\"{text}\""),
                _ => "null".to_owned(),
            };
            let told: Vec<String> = found.into_iter().flatten().map(said).collect();
            reply(Payload::Json(format!("[{}]", told.join(","))), Vec::new())
        }
        "saved" => reply(Payload::Saved(("notes".to_owned(), id)), Vec::new()),
        "rewrite" => {
            let fields = titled(Value::Text("mine now".to_owned()));
            let revision = Revision { collection: "notes".to_owned(), id, expected: None, fields };
            reply(Payload::Empty, vec![Mutation::Update(revision)])
        }
        "remove" => {
            let removal = Removal { collection: "notes".to_owned(), id, expected: None };
            reply(Payload::Empty, vec![Mutation::Remove(removal)])
        }
        "hold" => {
            let mut fields = titled(Value::Text("a file of theirs".to_owned()));
            fields.push(Entry { key: "file".to_owned(), value: Value::Reference(id) });
            let insertion = Insertion { collection: "notes".to_owned(), id: context::new_id(), fields };
            reply(Payload::Empty, vec![Mutation::Insert(insertion)])
        }
        _ => reply(Payload::Media(id), Vec::new()),
    }
}

hostile_kit::guest!(handle);
