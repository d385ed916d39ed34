//! Asks questions that would take for ever to answer, or to read: a kind of bomb a route.

use hostile_kit::exports::lignaflow::plugin::routes::{Reply, Request};
use hostile_kit::lignaflow::plugin::query::{Authority, Comparison, Operator, Predicate, Selection};
use hostile_kit::lignaflow::plugin::records;
use hostile_kit::lignaflow::plugin::types::{Error, Value};

fn handle(request: &Request) -> Result<Reply, Error> {
    let where_ = match request.route.as_str() {
        // Each level twice in the one above: 2^200 leaves, were it read as a tree.
        "doubled" => {
            let mut nodes: Vec<_> = (0..200).map(|level| Predicate::All(vec![level + 1, level + 1])).collect();
            nodes.push(title_is("a"));
            nodes
        }
        "deep" => {
            let mut nodes: Vec<_> = (0..20_000).map(|level| Predicate::Negate(level + 1)).collect();
            nodes.push(title_is("a"));
            nodes
        }
        "wide" => {
            let mut nodes = vec![Predicate::Any((1..=20_000).collect())];
            nodes.extend((0..20_000).map(|number| title_is(&format!("title {number}"))));
            nodes
        }
        "circle" => vec![Predicate::All(vec![1]), Predicate::All(vec![0])],
        "far" => vec![Predicate::IsNull("note.".repeat(20_000) + "title")],
        _ => vec![Predicate::Search("a ".repeat(100_000))],
    };
    let selection = Selection {
        collection: "notes".to_owned(),
        authority: Authority::Plugin,
        where_,
        sort: Vec::new(),
        select: vec!["title".to_owned()],
        limit: 10,
        after: None,
    };
    // What the host says to it is the answer.
    records::find(&selection)?;
    hostile_kit::json("\"answered\"")
}

fn title_is(title: &str) -> Predicate {
    Predicate::Compare(Comparison {
        path: "title".to_owned(),
        operator: Operator::Equal,
        value: Value::Text(title.to_owned()),
    })
}

hostile_kit::guest!(handle);
