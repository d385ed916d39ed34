//! Answers what the types allow and the contract does not, a kind of nonsense a route.

#![expect(clippy::unnecessary_wraps, reason = "the contract's functions may refuse, and these never do")]

use hostile_kit::exports::lignaflow::plugin::hooks::{Change, Verdict};
use hostile_kit::exports::lignaflow::plugin::routes::{Payload, Reply, Request};
use hostile_kit::lignaflow::plugin::query::{Authority, Predicate, Selection};
use hostile_kit::lignaflow::plugin::types::{Entry, Error, ErrorCode, Money, Value};
use hostile_kit::lignaflow::plugin::writing::{Document, Guard, Insertion, Mutation};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn handle(request: &Request) -> Result<Reply, Error> {
    Ok(match request.route.as_str() {
        "bad-id" => writing(vec![insertion("notes", "../../etc/passwd", Vec::new())]),
        "not-a-tree" => writing(vec![guard("notes", vec![Predicate::Negate(0)])]),
        "doubled" => {
            let mut nodes: Vec<_> = (0..200).map(|level| Predicate::All(vec![level + 1, level + 1])).collect();
            nodes.push(Predicate::Search("a".to_owned()));
            writing(vec![guard("notes", nodes)])
        }
        "bad-decimal" => writing(vec![field(Value::Decimal("12,5".to_owned()))]),
        "bad-currency" => writing(vec![field(Value::Money(Money { minor: 1, currency: "dollars".to_owned() }))]),
        "bad-date" => writing(vec![field(Value::Date(i32::MIN))]),
        "twice" => {
            let entry = || Entry { key: "title".to_owned(), value: Value::Null };
            writing(vec![insertion("notes", ID, vec![entry(), entry()])])
        }
        "bad-status" => Reply { status: 999, ..answering(Payload::Empty) },
        "forged-header" => answering(Payload::Bytes(("text/plain\r\nSet-Cookie: admin=1".to_owned(), Vec::new()))),
        "page" => answering(Payload::Bytes(("text/html".to_owned(), b"<script>alert(1)</script>".to_vec()))),
        // Deeper than any reader's stack.
        "deep-json" => answering(Payload::Json(format!("{}{}", "[".repeat(500_000), "]".repeat(500_000)))),
        "outside-schema" => answering(Payload::Json("\"a word where a number was promised\"".to_owned())),
        "no-template" => writing(vec![Mutation::Render(Document {
            id: ID.to_owned(),
            template: "../../secret".to_owned(),
            name: "a.pdf".to_owned(),
            data: "null".to_owned(),
            date: None,
        })]),
        "not-json" => answering(Payload::Json("{".to_owned())),
        "too-many-writes" => writing((0..6_000).map(|_| insertion("notes", ID, Vec::new())).collect()),
        "bad-collection" => writing(vec![insertion("notes; drop table notes", ID, Vec::new())]),
        "foreign-write" => writing(vec![insertion("projects/tasks", ID, Vec::new())]),
        "foreign-guard" => writing(vec![guard("projects/tasks", Vec::new())]),
        "foreign-answer" => answering(Payload::Found(Selection {
            collection: "projects/tasks".to_owned(),
            authority: Authority::Plugin,
            where_: Vec::new(),
            sort: Vec::new(),
            select: Vec::new(),
            limit: 10,
            after: None,
        })),
        _ => writing(vec![insertion("notes", ID, Vec::new())]),
    })
}

/// The first change's title says what is wrong with the verdict.
fn before_save(changes: &[Change]) -> Result<Verdict, Error> {
    let title = changes.first().and_then(|change| change.after.first()).map(|entry| &entry.value);
    let foreign = matches!(title, Some(Value::Text(text)) if text == "foreign");
    Ok(Verdict {
        set: if foreign { Vec::new() } else { vec![(u32::MAX, Vec::new())] },
        also: if foreign { vec![insertion("projects/tasks", ID, Vec::new())] } else { Vec::new() },
    })
}

fn answering(payload: Payload) -> Reply {
    Reply { status: 200, payload, writes: Vec::new() }
}

fn writing(writes: Vec<Mutation>) -> Reply {
    Reply { status: 200, payload: Payload::Empty, writes }
}

fn insertion(collection: &str, id: &str, fields: Vec<Entry>) -> Mutation {
    Mutation::Insert(Insertion { collection: collection.to_owned(), id: id.to_owned(), fields })
}

fn field(value: Value) -> Mutation {
    insertion("notes", ID, vec![Entry { key: "title".to_owned(), value }])
}

fn guard(collection: &str, where_: Vec<Predicate>) -> Mutation {
    let fault = Error { code: ErrorCode::Conflict, message: "No.".to_owned(), issues: Vec::new() };
    Mutation::EnsureNone(Guard { collection: collection.to_owned(), where_, fault })
}

hostile_kit::guest!(handle, before_save);
