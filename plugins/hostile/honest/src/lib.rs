//! Behaves: what the host answers to guests is tested with it, and the others are measured by it.

use hostile_kit::exports::lignaflow::plugin::hooks::{Change, Verdict};
use hostile_kit::exports::lignaflow::plugin::jobs::{Resume, Slice};
use hostile_kit::exports::lignaflow::plugin::provider::Answer;
use hostile_kit::exports::lignaflow::plugin::routes::{Payload, Reply, Request};
use hostile_kit::exports::lignaflow::plugin::subscriber::{Event, EventKind};
use hostile_kit::json;
use hostile_kit::lignaflow::plugin::logging::{Level, log};
use hostile_kit::lignaflow::plugin::query::{
    Authority, Bucket, Comparison, GroupKey, Metric, MetricKind, Operator, Page, Predicate, Selection, SortKey, Summary,
};
use hostile_kit::lignaflow::plugin::types::{Entry, Error, ErrorCode, Issue, Value};
use hostile_kit::lignaflow::plugin::writing::{Guard, Insertion, Mutation};
use hostile_kit::lignaflow::plugin::{calendar, context, people, records};

fn handle(request: &Request) -> Result<Reply, Error> {
    match request.route.as_str() {
        "hello" => json("\"hello\""),
        "titles" => titles(&records::find(&selection("notes", 50))?),
        "count" => count(),
        "one" => one(parameter(request, "id")),
        "facts" => facts(),
        "folk" => folk(),
        "clock" => clock(request),
        "foreign" => titles(&records::find(&selection("other/things", 50))?),
        "all-of-them" => all_of_them(),
        "copy" => Ok(copy(request)),
        "notes-as-they-are" => {
            Ok(Reply { status: 200, payload: Payload::Found(selection("notes", 50)), writes: Vec::new() })
        }
        _ => Err(Error {
            code: ErrorCode::Locked,
            message: "Not today.".to_owned(),
            issues: vec![Issue {
                path: "/title".to_owned(),
                code: "day".to_owned(),
                message: "Come back tomorrow.".to_owned(),
            }],
        }),
    }
}

/// Titles are trimmed; one that is forbidden is refused.
fn before_save(changes: &[Change]) -> Result<Verdict, Error> {
    let mut verdict = Verdict { set: Vec::new(), also: Vec::new() };
    for (index, change) in (0_u32..).zip(changes) {
        let Some(title) = change.after.iter().find_map(|entry| text(&entry.value)) else { continue };
        if title == "forbidden" {
            return Err(Error {
                code: ErrorCode::Invalid,
                message: "A title is forbidden.".to_owned(),
                issues: vec![Issue {
                    path: format!("/{index}/title"),
                    code: "forbidden".to_owned(),
                    message: "Find another title.".to_owned(),
                }],
            });
        }
        let value = Value::Text(title.trim().to_owned());
        verdict.set.push((index, vec![Entry { key: "title".to_owned(), value }]));
    }
    log(
        Level::Info,
        "looked at changes",
        &[Entry { key: "count".to_owned(), value: Value::Integer(i64::try_from(changes.len()).unwrap_or(i64::MAX)) }],
    );
    Ok(verdict)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn parameter<'a>(request: &'a Request, name: &str) -> &'a str {
    request.parameters.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

fn selection(collection: &str, limit: u16) -> Selection {
    Selection {
        collection: collection.to_owned(),
        authority: Authority::Plugin,
        where_: vec![
            Predicate::All(vec![1, 2]),
            Predicate::Negate(3),
            Predicate::Compare(Comparison {
                path: "title".to_owned(),
                operator: Operator::NotEqual,
                value: Value::Text("secret".to_owned()),
            }),
            Predicate::IsNull("title".to_owned()),
        ],
        sort: vec![SortKey { path: "title".to_owned(), descending: true }],
        select: vec!["title".to_owned()],
        limit,
        after: None,
    }
}

fn titles(page: &Page) -> Result<Reply, Error> {
    let titles: Vec<_> = page.rows.iter().flatten().filter_map(text).collect();
    json(format!("{titles:?}"))
}

fn count() -> Result<Reply, Error> {
    let page = records::summarize(&Summary {
        collection: "notes".to_owned(),
        authority: Authority::Caller,
        where_: Vec::new(),
        group_by: vec![GroupKey { path: "title".to_owned(), bucket: Bucket::None }],
        metrics: vec![Metric {
            kind: MetricKind::Count,
            path: "id".to_owned(),
            where_: Vec::new(),
            label: "count".to_owned(),
        }],
        sort: Vec::new(),
        limit: 100,
        after: None,
    })?;
    json(page.rows.len().to_string())
}

fn one(id: &str) -> Result<Reply, Error> {
    match records::get("notes", id, &["title".to_owned()], Authority::Caller)? {
        Some(values) => json(format!("{:?}", values.first().and_then(text).unwrap_or_default())),
        None => json("null"),
    }
}

fn facts() -> Result<Reply, Error> {
    let caller = context::current();
    let principal = match caller.principal {
        context::Principal::Person(_) => "person",
        context::Principal::Link(_) => "link",
        context::Principal::Plugin => "plugin",
        context::Principal::Anonymous => "anonymous",
    };
    let fresh = context::new_id() != context::new_id();
    json(format!(
        "[{principal:?}, {:?}, {:?}, {:?}, {}, {fresh}]",
        caller.locale, caller.currency, caller.permissions, caller.now
    ))
}

fn folk() -> Result<Reply, Error> {
    let all = people::holding(Some("honest.read"));
    let found = all.first().and_then(|person| people::get(&person.id));
    let nobody = people::get("no id").is_none();
    json(format!("[{}, {:?}, {nobody}]", all.len(), found.map(|person| person.name).unwrap_or_default()))
}

fn clock(request: &Request) -> Result<Reply, Error> {
    let zone = parameter(request, "zone");
    match calendar::to_local(1_796_000_400_000_000, zone) {
        Ok(local) => {
            let back = calendar::to_instant(local.date, local.second, zone).unwrap_or_default();
            json(format!("[{}, {}, {}, {back}]", local.date, local.second, local.offset_seconds))
        }
        Err(message) => json(format!("{message:?}")),
    }
}

/// Reads page after page without end.
fn all_of_them() -> Result<Reply, Error> {
    loop {
        records::find(&selection("notes", 1000))?;
    }
}

fn copy(request: &Request) -> Reply {
    let id = context::new_id();
    let title = String::from_utf8_lossy(&request.body).into_owned();
    let fault = Error { code: ErrorCode::Conflict, message: "It is there already.".to_owned(), issues: Vec::new() };
    Reply {
        status: 201,
        payload: Payload::Saved(("notes".to_owned(), id.clone())),
        writes: vec![
            Mutation::Insert(Insertion {
                collection: "notes".to_owned(),
                id,
                fields: vec![Entry { key: "title".to_owned(), value: Value::Text(title.clone()) }],
            }),
            Mutation::EnsureSome(Guard {
                collection: "notes".to_owned(),
                where_: vec![Predicate::Compare(Comparison {
                    path: "title".to_owned(),
                    operator: Operator::Equal,
                    value: Value::Text(title),
                })],
                fault,
            }),
        ],
    }
}

/// Three slices, each with a note of where it stands; one that is to break is refused.
fn run(job: &str, payload: &str, cursor: Option<&str>, attempt: u16) -> Result<Slice, Error> {
    if payload == "\"break\"" {
        return Err(refusal(ErrorCode::Unavailable, "Not yet."));
    }
    let done: u32 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
    let next = (done < 2).then(|| Resume { cursor: (done + 1).to_string(), delay_seconds: done * 5 });
    Ok(Slice { writes: vec![note(format!("{job} {payload} {done} {attempt}"))], next })
}

/// A note for each event.
fn receive(events: &[Event]) -> Result<Vec<Mutation>, Error> {
    let heard = |event: &Event| {
        let kind = match event.kind {
            EventKind::Insert => "insert",
            EventKind::Update => "update",
            EventKind::Remove => "remove",
            EventKind::Restore => "restore",
        };
        let title = event.after.iter().find_map(|entry| text(&entry.value)).unwrap_or_default();
        note(format!("{} {} {kind} {} {title}", event.sequence, event.collection, event.version))
    };
    if events.is_empty() {
        Err(refusal(ErrorCode::Invalid, "Nothing was told."))
    } else {
        Ok(events.iter().map(heard).collect())
    }
}

/// Greets whoever it is told, and notes it.
fn invoke(service: &str, method: &str, arguments: &str) -> Result<Answer, Error> {
    if method == "refuse" {
        return Err(refusal(ErrorCode::Denied, "Not to you."));
    }
    let value = format!("\"{service}: {}\"", arguments.trim_matches('"'));
    Ok(Answer { value, writes: vec![note(format!("{method} {arguments}"))] })
}

fn note(title: String) -> Mutation {
    let fields = vec![Entry { key: "title".to_owned(), value: Value::Text(title) }];
    Mutation::Insert(Insertion { collection: "notes".to_owned(), id: context::new_id(), fields })
}

fn refusal(code: ErrorCode, message: &str) -> Error {
    Error { code, message: message.to_owned(), issues: Vec::new() }
}

hostile_kit::guest!(handle, before_save, run, receive, invoke);
