//! The blocks of work under way: boards, timelines, calendars, and what belongs to the record whose page it is. What they
//! read is read with the caller's rights.

use super::declared::{Place, binder, columns};
use crate::rest::query;
use jiff::ToSpan as _;
use jiff::civil::Date;
use lignaflow_core::access::Deed;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::{
    BoardBlock, CalendarBlock, CommentsBlock, DetailBlock, TimelineBlock, Transition, humanize,
};
use lignaflow_core::name::FieldName;
use lignaflow_core::query::{
    Authority, Bucket, GroupKey, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary,
};
use lignaflow_core::value::{Value, date_days};
use lignaflow_core::{Fault, Id};
use lignaflow_web::blocks::{
    BlockView, BoardView, CalendarView, Card, Comment, CommentsView, DetailView, Entry, Lane, Move, Saying, Span,
    TimelineView,
};
use lignaflow_web::labels::Wanted;
use lignaflow_web::paths;
use std::collections::HashMap;

/// Comments that a page shows, and records of one month.
const COMMENTS: u16 = 50;
const MONTH: u16 = 500;

/// What a block asks for, on the caller's rights.
fn selection(schema: &Schema, filter: Predicate, sort: Vec<SortKey>, select: Vec<String>, limit: u16) -> Selection {
    Selection {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter,
        sort,
        select,
        limit,
        after: None,
    }
}

async fn find(place: &Place<'_>, selection: &Selection) -> Result<lignaflow_core::query::Page, Fault> {
    let access = place.visit.signed.caller.to_read()?;
    place.visit.app.records.find(access, &place.visit.snapshot.catalog, selection).await
}

fn both(first: Predicate, second: Predicate) -> Predicate {
    Predicate::All(vec![first, second])
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_text).unwrap_or_default().to_owned()
}

/// How many records of a filter have each value of a field.
async fn counts(
    place: &Place<'_>,
    schema: &Schema,
    filter: Predicate,
    field: &str,
) -> Result<HashMap<String, i64>, Fault> {
    let summary = Summary {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter,
        group_by: vec![GroupKey { path: field.to_owned(), bucket: Bucket::None }],
        metrics: vec![count()],
        sort: Vec::new(),
        limit: 100,
        after: None,
    };
    let caller = &place.visit.signed.caller;
    let page = place.visit.app.records.summarize(caller, &place.visit.snapshot.catalog, &summary).await?;
    Ok(page
        .rows
        .iter()
        .filter_map(|row| Some((row.first()?.as_text()?.to_owned(), row.get(1)?.as_integer()?)))
        .collect())
}

fn count() -> Metric {
    Metric { kind: MetricKind::Count, path: "id".to_owned(), filter: Predicate::always(), label: "n".to_owned() }
}

pub(super) async fn board(place: &Place<'_>, block: &BoardBlock, wanted: &mut Wanted) -> Result<BlockView, Fault> {
    let visit = place.visit;
    let schema = place.schema(&block.collection)?;
    let field = block.lanes();
    let choices = schema.field(field).map(|field| field.field.of.clone()).unwrap_or_default();
    let facts = columns(&binder(visit), &schema, &block.card)?;
    let filter = place.filter(&schema, &block.filter)?;
    let counts = counts(place, &schema, filter.clone(), field).await?;
    let sort = block.sort.as_deref().or(schema.collection.sort.as_deref());
    let sort = query::sort_keys(sort.unwrap_or(schema.collection.display.as_str()));
    let mut select = vec!["id".to_owned(), "version".to_owned(), schema.collection.display.to_string()];
    let own = select.len();
    select.extend(block.card.iter().cloned());
    let may = |transition: &&Transition| {
        visit.may_write()
            && !schema.allows(Deed::Update, Some(&visit.signed.caller)).is_never()
            && transition
                .permission
                .as_ref()
                .is_none_or(|permission| visit.signed.caller.holds(&format!("{}.{permission}", schema.name.plugin)))
    };
    let mut lanes = Vec::with_capacity(choices.len());
    for state in &choices {
        let moves: Vec<Move> = schema
            .collection
            .transitions
            .iter()
            .filter(|transition| transition.field() == field && transition.from.contains(state))
            .filter(may)
            .map(|transition| Move {
                name: transition.name.to_string(),
                title: transition.title.clone().unwrap_or_else(|| humanize(transition.name.as_str())),
                to: transition.to.clone(),
            })
            .collect();
        let lane = both(filter.clone(), Predicate::equal(field, Value::Text(state.clone())));
        let limit = block.limit.unwrap_or(50).clamp(1, 200);
        let count = counts.get(state).copied().unwrap_or_default();
        let mut cards = Vec::new();
        if count > 0 {
            for mut row in find(place, &selection(&schema, lane, sort.clone(), select.clone(), limit)).await?.rows {
                let said = row.split_off(own);
                for (fact, value) in facts.iter().zip(&said) {
                    wanted.add(fact.field.kind, fact.to.as_ref(), value);
                }
                let Some(id) = row.first().and_then(Value::as_reference) else { continue };
                cards.push(Card {
                    title: text(row.get(2)),
                    href: paths::record(&schema.name, id),
                    action: paths::moved(&schema.name, id),
                    version: row.get(1).and_then(Value::as_integer).unwrap_or_default().unsigned_abs(),
                    facts: said,
                    moves: moves.clone(),
                });
            }
        }
        let all = place.address(&schema, &block.filter, &[(format!("filter[{field}]"), state.clone())]);
        lanes.push(Lane { state: state.clone(), count, cards, all });
    }
    Ok(BlockView::Board(BoardView {
        title: block.title.clone(),
        states: choices,
        facts,
        lanes,
        new: visit.may_create(&schema).then(|| new_of(place, &schema, &block.filter)),
        one: schema.collection.title.one.clone(),
        back: visit.shell().path,
    }))
}

/// The form for one more record, with what the block's filter fixes filled in.
fn new_of(place: &Place<'_>, schema: &Schema, filters: &lignaflow_core::descriptor::Filters) -> String {
    let fixed = place.filters(filters);
    let pairs = fixed.iter().filter(|(name, _)| schema.field(name).is_some_and(|field| !field.field.is_read_only()));
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(text) = value.as_str() {
            query.append_pair(name, text);
        }
    }
    let query = query.finish();
    let new = paths::new(&schema.name);
    if query.is_empty() { new } else { format!("{new}?{query}") }
}

pub(super) async fn timeline(place: &Place<'_>, block: &TimelineBlock) -> Result<BlockView, Fault> {
    let schema = place.schema(&block.collection)?;
    let dated = |path: &String| Predicate::Not(Box::new(Predicate::IsNull(path.clone())));
    let filter = place.filter(&schema, &block.filter)?;
    let any = Predicate::Any(vec![dated(&block.start), dated(&block.end)]);
    let key = |path: &String| SortKey { path: path.clone(), descending: false };
    let sort = vec![key(&block.start), key(&block.end)];
    let mut select =
        vec!["id".to_owned(), schema.collection.display.to_string(), block.start.clone(), block.end.clone()];
    select.extend(block.depends_on.iter().cloned());
    select.extend(block.state.iter().cloned());
    let limit = block.limit.unwrap_or(100).clamp(1, 200);
    let page = find(place, &selection(&schema, both(filter.clone(), any.clone()), sort, select, limit)).await?;
    let last = block.state.as_deref().and_then(|state| schema.field(state)?.field.of.last().cloned());
    let day = |value: Option<&Value>| match value {
        Some(Value::Date(days)) => Some(*days),
        _ => None,
    };
    let mut spans: Vec<Span> = page
        .rows
        .iter()
        .filter_map(|row| {
            let id = row.first()?.as_reference()?;
            let (start, end) = (day(row.get(2)), day(row.get(3)));
            let mut more = row.get(4..)?.iter();
            let after = match block.depends_on.as_ref().and_then(|_| more.next()) {
                Some(Value::References(ids)) => ids.clone(),
                Some(Value::Reference(id)) => vec![*id],
                _ => Vec::new(),
            };
            let done = last.is_some() && more.next().and_then(Value::as_text) == last.as_deref();
            let start = start.or(end)?;
            let end = end.unwrap_or(start).max(start);
            Some(Span { id, title: text(row.get(1)), href: paths::record(&schema.name, id), start, end, done, after })
        })
        .collect();
    spans.sort_by_key(|span| (span.start, span.end));
    let summary = Summary {
        collection: schema.name.to_string(),
        authority: Authority::Caller,
        filter: both(filter, Predicate::Not(Box::new(any))),
        group_by: Vec::new(),
        metrics: vec![count()],
        sort: Vec::new(),
        limit: 1,
        after: None,
    };
    let caller = &place.visit.signed.caller;
    let undated = place.visit.app.records.summarize(caller, &place.visit.snapshot.catalog, &summary).await?;
    let undated = undated.rows.first().and_then(|row| row.first()).and_then(Value::as_integer).unwrap_or_default();
    Ok(BlockView::Timeline(TimelineView {
        title: block.title.clone(),
        spans,
        undated,
        without: without_dates(place, &schema, block),
        more: page.next.is_some(),
        all: place.address(&schema, &block.filter, &[]),
    }))
}

/// The list of what has neither date, with both of them as columns, so that they are put in there.
fn without_dates(place: &Place<'_>, schema: &Schema, block: &TimelineBlock) -> String {
    let mut days = vec![block.start.as_str(), block.end.as_str()];
    days.dedup();
    let none: Vec<(String, String)> =
        days.iter().map(|day| (format!("filter[{day}][is_null]"), "true".to_owned())).collect();
    let others = schema.collection.list.iter().map(FieldName::as_str).filter(|name| !days.contains(name));
    // What is reached through references is no column of the list.
    let columns: Vec<&str> = others.chain(days.iter().copied().filter(|day| schema.field(day).is_some())).collect();
    place.listed(schema, &block.filter, &none, &columns)
}

/// The month of an address, `2026-11`; else the one that it is.
fn month_of(place: &Place<'_>) -> Date {
    let asked = super::routed::first(place.asked, "month").and_then(|text| format!("{text}-01").parse::<Date>().ok());
    asked.unwrap_or_else(|| place.visit.reader().today()).first_of_month()
}

pub(super) async fn calendar(place: &Place<'_>, block: &CalendarBlock) -> Result<BlockView, Fault> {
    let schema = place.schema(&block.collection)?;
    let month = month_of(place);
    let compare = |operator, date: Date| Predicate::Compare {
        path: block.date.clone(),
        operator,
        value: Value::Date(date_days(date)),
    };
    let filter = Predicate::All(vec![
        place.filter(&schema, &block.filter)?,
        compare(Operator::AtLeast, month),
        compare(Operator::AtMost, month.last_of_month()),
    ]);
    let sort = vec![SortKey { path: block.date.clone(), descending: false }];
    let select = vec!["id".to_owned(), schema.collection.display.to_string(), block.date.clone()];
    let page = find(place, &selection(&schema, filter, sort, select, MONTH)).await?;
    let entries = page
        .rows
        .iter()
        .filter_map(|row| {
            let Some(Value::Date(day)) = row.get(2) else { return None };
            let id = row.first()?.as_reference()?;
            Some(Entry { day: *day, title: text(row.get(1)), href: paths::record(&schema.name, id) })
        })
        .collect();
    let here = place.visit.shell().path;
    let here = here.split('?').next().unwrap_or_default();
    let to = |date: Option<Date>| {
        date.map_or_else(|| here.to_owned(), |date| format!("{here}?month={}", date.strftime("%Y-%m")))
    };
    let within = [
        (format!("filter[{}][gte]", block.date), month.to_string()),
        (format!("filter[{}][lte]", block.date), month.last_of_month().to_string()),
    ];
    Ok(BlockView::Calendar(CalendarView {
        title: block.title.clone(),
        month,
        week_starts: i8::try_from(place.visit.signed.caller.calendar.week_starts).unwrap_or(1),
        entries,
        before: to(month.checked_sub(1.month()).ok()),
        after: to(month.checked_add(1.month()).ok()),
        all: place.address(&schema, &block.filter, &within),
    }))
}

pub(super) async fn comments(
    place: &Place<'_>,
    block: &CommentsBlock,
    wanted: &mut Wanted,
) -> Result<BlockView, Fault> {
    let Some(of) = place.of else { return Err(Fault::not_found("the record that is spoken of")) };
    let schema = place.schema(&block.collection)?;
    let filter = Predicate::equal(block.on.as_str(), Value::Reference(of.record.id));
    let sort = vec![SortKey { path: "created_at".to_owned(), descending: true }];
    let select = ["id", "created_at", block.author.as_str(), block.text.as_str()].map(str::to_owned).to_vec();
    let page = find(place, &selection(&schema, filter, sort, select, COMMENTS)).await?;
    let comments = page
        .rows
        .iter()
        .filter_map(|row| {
            let id: Id = row.first()?.as_reference()?;
            let Some(Value::Instant(at)) = row.get(1) else { return None };
            let author = row.get(2).and_then(Value::as_reference);
            wanted.people.extend(author);
            Some(Comment { author, at: *at, text: text(row.get(3)), href: paths::record(&schema.name, id) })
        })
        .collect();
    let say = place.visit.may_create(&schema).then(|| Saying {
        action: paths::list(&schema.name),
        on: (block.on.clone(), of.record.id.to_string()),
        text: block.text.clone(),
        most: schema.field(&block.text).map_or(5_000, |field| field.field.max_characters()),
        back: place.visit.shell().path,
    });
    let on = [(format!("filter[{}]", block.on), of.record.id.to_string())];
    let all = page.next.is_some().then(|| place.address(&schema, &lignaflow_core::descriptor::Filters::new(), &on));
    Ok(BlockView::Comments(CommentsView { title: block.title.clone(), comments, say, all }))
}

pub(super) async fn detail(place: &Place<'_>, block: &DetailBlock, wanted: &mut Wanted) -> Result<BlockView, Fault> {
    let Some(of) = place.of else { return Err(Fault::not_found("the record whose page it is")) };
    // What the reader may not know is left out, rather than the rest with it.
    let seen: Vec<String> =
        block.fields.iter().filter(|path| binder(place.visit).path(&of.schema, path).is_ok()).cloned().collect();
    let facts = columns(&binder(place.visit), &of.schema, &seen)?;
    let filter = Predicate::equal("id", Value::Reference(of.record.id));
    let archived = Predicate::Any(vec![
        Predicate::IsNull("archived_at".to_owned()),
        Predicate::Not(Box::new(Predicate::IsNull("archived_at".to_owned()))),
    ]);
    let page = find(place, &selection(&of.schema, both(filter, archived), Vec::new(), seen, 1)).await?;
    let values = page.rows.into_iter().next().unwrap_or_default();
    for (fact, value) in facts.iter().zip(&values) {
        wanted.add(fact.field.kind, fact.to.as_ref(), value);
    }
    Ok(BlockView::Detail(DetailView { facts: facts.into_iter().zip(values).collect() }))
}
