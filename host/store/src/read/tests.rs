//! The statements themselves, so that a change of them is seen: the organization in every condition, values bound,
//! limits written out, indexes left usable.

use super::listing::Listing;
use super::summary::{Summing, Sums};
use crate::database::{Dialect, Statement};
use lignaflow_core::bind::Binder;
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::query::{
    Authority, Bucket, GroupKey, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary,
};
use lignaflow_core::reckoning::Reckoning;
use lignaflow_core::{Id, OrganizationId, Value, cursor};

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
name = { type = "text", required = true, search = true }
client = { type = "reference", to = "clients" }
start = { type = "date" }
status = { type = "choice", of = ["draft", "active", "done"] }
budget = { type = "money" }
people = { type = "people" }
"#;

fn catalog() -> Catalog {
    Catalog::new([&lignaflow_core::descriptor::parse(WORK).unwrap()]).unwrap()
}

fn access() -> Access<'static> {
    Access::of_plugin(OrganizationId(Id::from_parts(0, [0; 10])))
}

fn selection(filter: Predicate, sort: &[(&str, bool)]) -> Selection {
    let key = |(path, descending): &(&str, bool)| SortKey { path: (*path).to_owned(), descending: *descending };
    Selection {
        collection: "work/projects".into(),
        authority: Authority::Caller,
        filter,
        sort: sort.iter().map(key).collect(),
        select: vec!["name".into(), "client.name".into()],
        limit: 50,
        after: None,
    }
}

/// A page's statement, after a row with these sort values if there are any.
fn page(dialect: Dialect, selection: &Selection, after: Option<&[Value]>) -> String {
    let catalog = catalog();
    let binder = Binder { catalog: &catalog, home: None };
    let mut bound = binder.selection(selection).unwrap();
    bound.after = after.map(<[Value]>::to_vec);
    if let Some(values) = &bound.after {
        let next = cursor::encode(bound.fingerprint, values);
        assert_eq!(cursor::decode(&next, bound.fingerprint, &bound.sort).as_ref(), Ok(values));
    }
    unquoted(&Listing::new(dialect, access(), &bound).unwrap().0)
}

/// Without quotes, which stand around every name.
fn unquoted(statement: &Statement) -> String {
    statement.sql().replace('"', "")
}

/// That a statement is this, however its text is broken into lines.
fn says(found: &str, wanted: &str) {
    let wanted: Vec<_> = wanted.split_whitespace().collect();
    assert_eq!(found, wanted.join(" "));
}

fn compare(path: &str, operator: Operator, value: Value) -> Predicate {
    Predicate::Compare { path: path.into(), operator, value }
}

#[test]
fn a_list_joins_what_it_names_once() {
    let filter = Predicate::All(vec![
        compare("client.name", Operator::Equal, Value::Text("Ärger".into())),
        Predicate::Not(Box::new(compare("status", Operator::Less, Value::Text("done".into())))),
    ]);
    says(
        &page(Dialect::Postgres, &selection(filter, &[("name", false)]), None),
        r"
            SELECT t0.name, t0j0.name, t0.id
            FROM work__projects AS t0
            LEFT JOIN work__clients AS t0j0 ON t0j0.organization = $1 AND t0j0.id = t0.client
            WHERE t0.organization = $2 AND t0.archived_at IS NULL AND (t0j0.name__fold = $3 AND t0j0.name = $4) AND
              (t0.status IN ($5, $6)) IS NOT TRUE
            ORDER BY t0.name__fold ASC NULLS LAST, t0.id ASC
            LIMIT 51
        ",
    );
}

#[test]
fn a_page_begins_where_an_index_can_look_it_up() {
    let by_date = selection(Predicate::always(), &[("start", true)]);
    let id = Value::Reference(Id::from_parts(0, [1; 10]));
    says(
        &page(Dialect::Postgres, &by_date, Some(&[Value::Date(20_000), id.clone()])),
        r"
            SELECT *
            FROM (SELECT t0.name, t0j0.name, t0.start, t0.id
            FROM work__projects AS t0
            LEFT JOIN work__clients AS t0j0 ON t0j0.organization = $1 AND t0j0.id = t0.client
            WHERE t0.organization = $2 AND t0.archived_at IS NULL AND t0.start IS NOT NULL AND (t0.start <= $3 AND
              (t0.start < $4 OR (t0.start = $5 AND t0.id > $6)))
            ORDER BY t0.start DESC, t0.id ASC
            LIMIT 51) AS p0
            UNION ALL SELECT *
            FROM (SELECT t0.name, t0j0.name, t0.start, t0.id
            FROM work__projects AS t0
            LEFT JOIN work__clients AS t0j0 ON t0j0.organization = $7 AND t0j0.id = t0.client
            WHERE t0.organization = $8 AND t0.archived_at IS NULL AND t0.start IS NULL
            ORDER BY t0.id ASC
            LIMIT 51) AS p1
            LIMIT 51
        ",
    );
    says(
        &page(Dialect::Sqlite, &by_date, Some(&[Value::Null, id.clone()])),
        r"
            SELECT t0.name, t0j0.name, t0.start, t0.id
            FROM work__projects AS t0
            LEFT JOIN work__clients AS t0j0 ON t0j0.organization = ? AND t0j0.id = t0.client
            WHERE t0.organization = ? AND t0.archived_at IS NULL AND t0.start IS NULL AND t0.id > ?
            ORDER BY t0.id ASC
            LIMIT 51
        ",
    );
    let by_time = selection(Predicate::always(), &[("created_at", false)]);
    says(
        &page(Dialect::Sqlite, &by_time, Some(&[Value::Instant(7), id])),
        r"
            SELECT t0.name, t0j0.name, t0.created_at, t0.id
            FROM work__projects AS t0
            LEFT JOIN work__clients AS t0j0 ON t0j0.organization = ? AND t0j0.id = t0.client
            WHERE t0.organization = ? AND t0.archived_at IS NULL AND (t0.created_at, t0.id) > (?, ?)
            ORDER BY t0.created_at ASC, t0.id ASC
            LIMIT 51
        ",
    );
}

#[test]
fn relations_are_asked_within_the_organization() {
    let mut includes = selection(
        Predicate::All(vec![Predicate::Includes { path: "people".into(), id: Id::from_parts(0, [1; 10]) }]),
        &[("id", true)],
    );
    includes.select = Vec::new();
    says(
        &page(Dialect::Postgres, &includes, None),
        r"
            SELECT t0.id
            FROM work__projects AS t0
            WHERE t0.organization = $1 AND t0.archived_at IS NULL AND t0.id IN (SELECT l.record
            FROM work__projects__people AS l
            WHERE l.organization = $2 AND l.target = $3)
            ORDER BY t0.id DESC
            LIMIT 51
        ",
    );
    let mut clients = includes;
    clients.collection = "work/clients".into();
    clients.filter = Predicate::Exists {
        collection: "work/projects".into(),
        via: "client".into(),
        child: Some(Box::new(Predicate::Search("a b".into()))),
    };
    says(
        &page(Dialect::Sqlite, &clients, None),
        r"
            SELECT t0.id
            FROM work__clients AS t0
            WHERE t0.organization = ? AND t0.archived_at IS NULL AND EXISTS(SELECT 1
            FROM work__projects AS t1
            WHERE t1.organization = ? AND t1.archived_at IS NULL AND t1.client = t0.id AND t1.rowid IN (SELECT rowid
            FROM work__projects____words
            WHERE work__projects____words MATCH ?))
            ORDER BY t0.id DESC
            LIMIT 51
        ",
    );
    let mut projects = clients;
    projects.collection = "work/projects".into();
    projects.filter = Predicate::Search("a b".into());
    says(
        &page(Dialect::Postgres, &projects, None),
        r"
            SELECT t0.id
            FROM work__projects AS t0
            WHERE t0.organization = $1 AND t0.archived_at IS NULL AND ((cast(coalesce(t0.name__words, '') as tsvector))
              @@ CAST($2 AS tsquery))
            ORDER BY t0.id DESC
            LIMIT 51
        ",
    );
}

#[test]
fn a_summary_is_grouped_within_and_sorted_without() {
    let summary = Summary {
        collection: "work/projects".into(),
        authority: Authority::Caller,
        filter: Predicate::always(),
        group_by: vec![GroupKey { path: "start".into(), bucket: Bucket::Month }],
        metrics: vec![Metric {
            kind: MetricKind::Sum,
            path: "budget".into(),
            filter: compare("status", Operator::Equal, Value::Text("active".into())),
            label: "budget".into(),
        }],
        sort: vec![SortKey { path: "budget".into(), descending: true }],
        limit: 12,
        after: None,
    };
    let catalog = catalog();
    let bound = Binder { catalog: &catalog, home: None }.summary(&summary, &Reckoning::default()).unwrap();
    let sql = |dialect, sums| unquoted(&Summing::new(dialect, access(), &bound, sums).unwrap().0);
    says(
        &sql(Dialect::Postgres, Sums::Whole),
        r"
            SELECT s.g0, s.u0, CAST(s.m0 AS text)
            FROM (SELECT t0.start - ((((2141 * ((((4 * ((((4 * t0.start) + 3462263) % 146097) / 4)) + 3) % 1461) /
              4)) + 197913) % 65536) / 2141) AS g0, t0.budget__currency AS u0, COALESCE(SUM(t0.budget__minor) FILTER
              (WHERE t0.status = $1), 0) AS m0
            FROM work__projects AS t0
            WHERE t0.organization = $2 AND t0.archived_at IS NULL
            GROUP BY 1, 2) AS s
            ORDER BY s.u0 COLLATE C DESC NULLS LAST, s.m0 DESC NULLS LAST, s.g0 ASC NULLS LAST, s.u0 COLLATE C ASC
              NULLS LAST
            LIMIT 13
        ",
    );
    says(
        &sql(Dialect::Sqlite, Sums::Halves),
        r"
            SELECT s.g0, s.u0, s.m0, s.l0
            FROM (SELECT t0.start - ((((2141 * ((((4 * ((((4 * t0.start) + 3462263) % 146097) / 4)) + 3) % 1461) /
              4)) + 197913) % 65536) / 2141) AS g0, t0.budget__currency AS u0, COALESCE(SUM(t0.budget__minor >> 32)
              FILTER (WHERE t0.status = ?), 0) AS m0, COALESCE(SUM(t0.budget__minor & 4294967295) FILTER (WHERE
              t0.status = ?), 0) AS l0
            FROM work__projects AS t0
            WHERE t0.organization = ? AND t0.archived_at IS NULL
            GROUP BY 1, 2) AS s
            LIMIT 100001
        ",
    );
}
