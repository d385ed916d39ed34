//! Behaves: what the contract must carry, each as small as it can be, for the host's tests to race.

use lignaflow_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

struct Clockwork;

impl Plugin for Clockwork {
    fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
        bookings(changes)
    }

    fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
        match request.route.as_str() {
            "count" => count_later(request),
            "break" => Ok(reply::empty().with_writes([enqueue("fragile")])),
            "convert" => {
                let id = request.id("id")?;
                let job = enqueue("convert").with(&id.to_string())?.once(id.to_string());
                Ok(reply::empty().with_writes([job]))
            }
            "start" => start(request),
            "quote" => quote(request),
            "report" => report(),
            other => Err(Fault::not_found(format_args!("route `{other}`"))),
        }
    }

    fn run(call: &JobCall) -> Result<Slice, Fault> {
        match call.job.as_str() {
            "count" => count_on(call),
            "fragile" => fragile(call),
            "remind" => remind(call),
            "convert" => convert(call),
            other => Err(Fault::not_found(format_args!("job `{other}`"))),
        }
    }

    fn receive(events: &[Event]) -> Result<Vec<Mutation>, Fault> {
        let mut writes = Vec::new();
        let mut spent: Vec<Id> = Vec::new();
        for event in events {
            match event.collection.as_str() {
                "spends" => spent.extend(budgets_of(event)?),
                name if name.ends_with("echoes") => writes.push(echo(event)?),
                _ => writes.push(sighting(event)?),
            }
        }
        spent.sort_unstable();
        spent.dedup();
        for budget in spent {
            writes.extend(alert(budget)?);
        }
        Ok(writes)
    }
}

// --- Work in slices ---------------------------------------------------------------------------------------------------

#[derive(Serialize, Deserialize)]
struct Count {
    upto: u32,
    slice: Option<u32>,
    key: Option<String>,
    delay: Option<u32>,
    refused: Option<bool>,
}

/// Where what is asked for is to be refused, so is the job.
fn count_later(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let count: Count = request.json()?;
    let mut job = enqueue("count").with(&count)?.after(count.delay.unwrap_or_default());
    if let Some(key) = &count.key {
        job = job.once(key);
    }
    let mut writes: Vec<Mutation> = vec![job.into()];
    if count.refused == Some(true) {
        let fault = Fault::new(ErrorCode::Conflict, "Not so.");
        writes.push(ensure_some("ticks", field("title").eq("never"), fault));
    }
    Ok(reply::empty().with_writes(writes))
}

fn count_on(call: &JobCall) -> Result<Slice, Fault> {
    let count: Count = call.json()?;
    let begin = call.resumed::<u32>()?.unwrap_or_default();
    let end = count.upto.min(begin.saturating_add(count.slice.unwrap_or(10)));
    let title = count.key.unwrap_or_else(|| "tick".to_owned());
    let mut writes = Vec::new();
    for number in begin..end {
        writes.push(insert("ticks", context::new_id()?).set("title", title.as_str()).set("number", i64::from(number)));
    }
    let slice = Slice::default().with_writes(writes);
    if end < count.upto { slice.resuming(&end) } else { Ok(slice) }
}

/// Whether somebody has left a tick that says so.
fn is_mended() -> Result<bool, Fault> {
    let mended = select("ticks").as_plugin().columns(["id"]).filter(field("title").eq("mended")).limit(1);
    Ok(!records::find(mended)?.rows.is_empty())
}

/// Fails until somebody has mended it.
fn fragile(call: &JobCall) -> Result<Slice, Fault> {
    if !is_mended()? {
        return Err(Fault::new(ErrorCode::Conflict, format!("It broke at try {}.", call.attempt)));
    }
    Ok(Slice::default().with_writes([insert("ticks", context::new_id()?).set("title", "whole")]))
}

#[derive(Deserialize)]
struct Due {
    due: String,
}

fn remind(call: &JobCall) -> Result<Slice, Fault> {
    let Due { due } = call.json()?;
    let caller = context::caller()?;
    let nobody = caller.principal == context::Principal::Plugin && caller.person().is_none();
    let title = if nobody { format!("remind {due}") } else { "somebody".to_owned() };
    Ok(Slice::default().with_writes([insert("ticks", context::new_id()?).set("title", title)]))
}

// --- Conversion -------------------------------------------------------------------------------------------------------

/// A project with two tasks, once an order. What was read is re-checked, so two of these cannot both find it undone.
fn convert(call: &JobCall) -> Result<Slice, Fault> {
    let id: String = call.json()?;
    let id: Id = id.parse().map_err(|_| Fault::not_found("order"))?;
    let order =
        select("orders").as_plugin().columns(["title", "status", "project"]).filter(field("id").eq(id)).limit(1);
    let page = records::find(order)?;
    let Some(order) = page.records().next() else { return Err(Fault::not_found("order")) };
    if order.reference("project").is_some() {
        return Ok(Slice::default());
    }
    let project = context::new_id()?;
    let title = order.text("title").unwrap_or_default();
    let mut writes: Vec<Mutation> = vec![
        insert("projects/projects", project).set("name", title).into(),
        update("orders", id).set("project", project).into(),
    ];
    for task in ["Measure", "Cut"] {
        writes.push(insert("projects/tasks", context::new_id()?).set("title", task).set("project", project).into());
    }
    Ok(Slice::default().with_writes(writes))
}

// --- Budgets ----------------------------------------------------------------------------------------------------------

fn budgets_of(event: &Event) -> Result<Vec<Id>, Fault> {
    let mut found: Vec<Id> = [&event.before, &event.after].iter().filter_map(|side| side.reference("budget")).collect();
    if found.is_empty() {
        let whether_archived = any([field("archived_at").is_null(), field("archived_at").is_set()]);
        let spend = select("spends").as_plugin().columns(["budget"]).limit(1);
        let page = records::find(spend.filter(field("id").eq(event.id)).filter(whether_archived))?;
        found.extend(page.records().filter_map(|row| row.reference("budget")));
    }
    Ok(found)
}

/// One alert each time that the sum comes to be more than the budget.
fn alert(budget: Id) -> Result<Vec<Mutation>, Fault> {
    let page = records::find(
        select("budgets").as_plugin().columns(["title", "minutes", "over"]).filter(field("id").eq(budget)).limit(1),
    )?;
    let Some(row) = page.records().next() else { return Ok(Vec::new()) };
    let sums = records::summarize(
        summarize("spends").as_plugin().filter(field("budget").eq(budget)).measure(sum("minutes").named("spent")),
    )?;
    let spent = sums.records().next().and_then(|row| row.integer("spent")).unwrap_or_default();
    let over = spent > row.integer("minutes").unwrap_or_default();
    if row.boolean("over") == Some(over) {
        return Ok(Vec::new());
    }
    let mut writes: Vec<Mutation> = vec![update("budgets", budget).set("over", over).into()];
    if over {
        let title = format!("{} is used up: {spent}", row.text("title").unwrap_or_default());
        writes.push(insert("alerts", context::new_id()?).set("title", title).set("budget", budget).into());
    }
    Ok(writes)
}

// --- Echoes -----------------------------------------------------------------------------------------------------------

fn echo(event: &Event) -> Result<Mutation, Fault> {
    let number = event.after.integer("number").unwrap_or_default();
    if number < 0 && !is_mended()? {
        return Err(Fault::new(ErrorCode::Conflict, format!("It does not echo {number}.")));
    }
    let title = format!("echo of {}", event.collection);
    Ok(insert("echoes", context::new_id()?).set("title", title).set("number", number + 1).into())
}

fn sighting(event: &Event) -> Result<Mutation, Fault> {
    let shown = |fields: &Fields| fields.text("name").or(fields.text("status")).unwrap_or_default().to_owned();
    let kind = event.transition.clone().unwrap_or_else(|| event.kind.as_str().to_owned());
    Ok(insert("seen", context::new_id()?)
        .set("title", event.collection.as_str())
        .set("record", event.id.to_string())
        .set("sequence", i64::try_from(event.sequence).unwrap_or(i64::MAX))
        .set("kind", kind)
        .set("before", shown(&event.before))
        .set("after", shown(&event.after))
        .into())
}

// --- Timers -----------------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct Start {
    title: String,
}

fn start(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let Start { title } = request.json()?;
    let caller = context::caller()?;
    let person = caller.person().ok_or_else(|| Fault::denied("Only people have timers."))?;
    let running = select("timers")
        .columns(["id"])
        .filter(all([field("person").eq(person), field("ended_at").is_null()]))
        .limit(10);
    let new = context::new_id()?;
    let mut writes: Vec<Mutation> = Vec::new();
    for timer in records::find(running)?.records() {
        if let Some(id) = timer.reference("id") {
            writes.push(update("timers", id).set("ended_at", caller.now).into());
        }
    }
    writes.push(insert("timers", new).set("title", title).set("person", person).set("started_at", caller.now).into());
    Ok(reply::saved("timers", new).with_status(201).with_writes(writes))
}

// --- Bookings ---------------------------------------------------------------------------------------------------------

/// Overlaps within a batch are seen here; those with what others book at once are what the guard is for.
fn bookings(changes: &[HookChange]) -> Result<Verdict, Fault> {
    let span = |change: &HookChange| {
        let room = change.after.text("room").unwrap_or_default().to_owned();
        (room, change.after.integer("from").unwrap_or_default(), change.after.integer("until").unwrap_or_default())
    };
    let mut issues = Vec::new();
    let mut verdict = Verdict::default();
    for (index, change) in changes.iter().enumerate() {
        let (room, from, until) = span(change);
        let clashes =
            changes[..index].iter().map(span).any(|other| other.0 == room && other.1 < until && from < other.2);
        if clashes {
            issues.push(change_issue(index, "from", "overlap", "It overlaps another of the same batch."));
        }
        let others = changes.iter().map(|other| not(field("id").eq(other.id)));
        let overlapping = [field("room").eq(room), field("from").less_than(until), field("until").more_than(from)];
        let fault = Fault::new(ErrorCode::Conflict, "The room is taken then.");
        verdict.also.push(ensure_none("bookings", all(overlapping.into_iter().chain(others)), fault));
    }
    if issues.is_empty() { Ok(verdict) } else { Err(Fault::invalid(issues)) }
}

// --- Rates and reports ------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct Quote {
    scopes: Vec<String>,
    caller: Option<bool>,
}

/// The rate of the first scope that has one. Who asks need not see rates.
fn quote(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let Quote { scopes, caller } = request.json()?;
    let mut rates = select("rates").columns(["scope", "rate"]).filter(field("scope").within(scopes.clone())).limit(8);
    if caller != Some(true) {
        rates = rates.as_plugin();
    }
    let page = records::find(rates)?;
    let found = scopes.iter().find_map(|scope| page.records().find(|row| row.text("scope") == Some(scope.as_str())));
    let answer = found.map_or(
        Json::Null,
        |row| json!({ "scope": row.text("scope"), "minor": row.money("rate").map(|rate| rate.minor) }),
    );
    reply::json(&json!({ "rate": answer }))
}

fn report() -> Result<RouteReply, Fault> {
    let counted = |collection: &str| -> Result<Json, Fault> {
        let page = records::summarize(summarize(collection).measure(count().named("count")))?;
        Ok(json!(page.records().next().and_then(|row| row.integer("count")).unwrap_or_default()))
    };
    let minutes = records::summarize(summarize("spends").measure(sum("minutes").named("minutes")))?;
    reply::json(&json!({
        "orders": counted("orders")?,
        "projects": counted("projects/projects")?,
        "things": counted("other/things")?,
        "minutes": minutes.records().next().and_then(|row| row.integer("minutes")).unwrap_or_default(),
    }))
}

lignaflow_sdk::plugin!(Clockwork);
