//! Kept lists and reports on people's first pages and in their mail: each is worked out with what its reader may see at
//! that moment, and mailed as a link or as a file, at its time in the organization's zone.

use crate::app::App;
use crate::auth::Signed;
use crate::background::{Duty, Round};
use crate::media::Upload;
use crate::pages::Reading;
use crate::pages::statement::{self, Standing};
use crate::rest::accept::Format;
use crate::rest::export::{Export, TakenBy};
use crate::rest::query;
use crate::views::{self, is_report, of_store};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::LengthLimitError;
use jiff::tz::TimeZone;
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::{BoundSummary, Calendar};
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Schema;
use lignaflow_core::clock::Micros;
use lignaflow_core::cron::Schedule;
use lignaflow_core::descriptor::{Field, FieldKind};
use lignaflow_core::id::RequestId;
use lignaflow_core::mail::{Letter, Message, Part, Recipient};
use lignaflow_core::period::Almanac;
use lignaflow_core::query::MetricKind;
use lignaflow_core::value::{Decimal, Value};
use lignaflow_core::{ErrorCode, Fault, Id, Issue, PersonId};
use lignaflow_identity::RecordsTaken;
use lignaflow_runtime::Snapshot;
use lignaflow_store::identity::organizations::{self, Organization};
use lignaflow_store::identity::people;
use lignaflow_store::view_uses::{self, Due, Room, ViewUse};
use lignaflow_store::views::View;
use lignaflow_store::{Lease, mail};
use lignaflow_web::format::{money, plain_text};
use lignaflow_web::{ListQuery, Reader, paths};
use std::sync::Arc;
use std::time::Duration;

/// The duty of the host that has lists and reports mailed.
pub const DUTY: Duty = Duty { name: "reports", every: Duration::from_millis(500) };
/// Letters that one round writes.
const SOME: u32 = 20;
/// People that one view is for, and views that one person has.
const ROOM: Room = Room { of_view: 200, of_person: 50 };
/// Bytes of a file that goes with a letter.
const MOST_BYTES: usize = 10 << 20;
/// As what a view is mailed.
pub const FORMS: [&str; 3] = ["link", "csv", "xlsx"];
/// How often, at seven in the morning.
pub const TIMES: [&str; 4] = ["daily", "weekdays", "weekly", "monthly"];

/// That a report is mailed only once its first figure has come to something, and again once it was not so meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// Above the figure, or below it.
    pub above: bool,
    /// In the smallest unit of what is measured: seconds, minor units, a count.
    pub figure: i64,
}

impl Alert {
    fn text(self) -> String {
        format!("{} {}", if self.above { "above" } else { "below" }, self.figure)
    }

    pub fn read(text: &str) -> Option<Self> {
        let (word, figure) = text.split_once(' ')?;
        Some(Self { above: word == "above", figure: figure.parse().ok()? })
    }

    fn rings(self, figure: Decimal) -> bool {
        let than = Decimal::from(self.figure);
        if self.above { figure > than } else { figure < than }
    }
}

/// What somebody wants of a view.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub home: bool,
    /// One of [`TIMES`].
    pub mailed: Option<String>,
    /// One of [`FORMS`]; a link where left out.
    pub form: Option<String>,
    /// When alone a report is mailed.
    pub alert: Option<Alert>,
    /// Somebody else, where one may change the view.
    pub person: Option<Id>,
}

/// When one is mailed next, by the organization's clocks; each week on the day that its weeks begin on.
fn next(mailed: &str, zone: &str, calendar: Calendar, now: Micros) -> Option<Micros> {
    let cron = match mailed {
        "daily" => "0 7 * * *".to_owned(),
        "weekdays" => "0 7 * * 1-5".to_owned(),
        "weekly" => format!("0 7 * * {}", calendar.week_starts),
        "monthly" => "0 7 1 * *".to_owned(),
        _ => return None,
    };
    let schedule: Schedule = cron.parse().ok()?;
    schedule.after(now, &TimeZone::get(zone).unwrap_or(TimeZone::UTC))
}

/// Who uses a view: all of them for who may change it, else oneself.
pub async fn of(app: &App, signed: &Signed, view: &View) -> Result<Vec<ViewUse>, Fault> {
    let all = app.store.view_uses(signed.caller.organization, view.id).await.map_err(|error| of_store(&error))?;
    let everybodys = views::may_change(signed, view);
    Ok(all.into_iter().filter(|of| everybodys || Some(of.person) == signed.caller.person()).collect())
}

/// Sets what somebody has of a view: oneself, or another who is a member and sees it.
pub async fn set(app: &App, signed: &Signed, id: Id, wish: Wish) -> Result<ViewUse, Fault> {
    let view = views::get(app, signed, id).await?;
    let caller = &signed.caller;
    let own = caller.person().ok_or_else(|| Fault::denied("Views are for people."))?;
    let person = wish.person.map_or(own, PersonId);
    let mut issues = Vec::new();
    if person != own {
        if !views::may_change(signed, &view) {
            return Err(Fault::denied("Only who may change a view has it mailed to others."));
        }
        let known = app.records.directory().person(caller.organization, person.0).await?;
        if known.is_none_or(|known| !known.active) || !view.shared {
            let message = "This is nobody here who sees the view: share it with the organization first.";
            issues.push(Issue::new("/person", "unknown-person", message));
        }
    }
    let unknown = |word: &Option<String>, of: &[&str]| word.as_ref().is_some_and(|word| !of.contains(&word.as_str()));
    if unknown(&wish.mailed, &TIMES) {
        let message = "A view is mailed `daily`, on `weekdays`, `weekly` or `monthly`.";
        issues.push(Issue::new("/mailed", "choice", message));
    }
    if unknown(&wish.form, &FORMS) {
        issues.push(Issue::new("/form", "choice", "A view is mailed as `link`, `csv` or `xlsx`."));
    }
    if wish.alert.is_some() && (wish.mailed.is_none() || measured(app, caller, &view).await.is_none()) {
        let message = "Of a report with a figure that is mailed it is said when alone that is: say also how often it is \
                       looked at.";
        issues.push(Issue::new("/alert", "report", message));
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    let Organization { time_zone, calendar, .. } = &*signed.authenticated.organization;
    let next_at = wish.mailed.as_deref().and_then(|mailed| next(mailed, time_zone, *calendar, app.clock.now()));
    let form = wish.form.unwrap_or_else(|| FORMS[0].to_owned());
    let alert = wish.alert.map(Alert::text);
    let (home, mailed) = (wish.home, wish.mailed);
    let of = ViewUse { view: view.id, person, home, mailed, form, next_at, alert, alerted: false };
    let kept = app.store.set_view_use(caller.organization, of.clone(), ROOM).await;
    if kept.map_err(|error| of_store(&error))? {
        return Ok(of);
    }
    let Room { of_view, of_person } = ROOM;
    let message = format!("A view is for {of_view} people at most, and one person has {of_person} of them.");
    Err(Fault::new(ErrorCode::Conflict, message))
}

/// The views on the caller's first page.
pub async fn at_home(app: &App, signed: &Signed, most: u32) -> Result<Vec<View>, Fault> {
    let Some(person) = signed.caller.person() else { return Ok(Vec::new()) };
    signed.caller.to_read()?;
    app.store.home_views(signed.caller.organization, person, most).await.map_err(|error| of_store(&error))
}

/// One round of the duty.
pub async fn round(app: Arc<App>, lease: Lease) -> Result<Round, Fault> {
    let now = app.clock.now();
    let due = app.store.due_view_uses(now, SOME).await.map_err(|error| of_store(&error))?;
    let more = due.len() == usize::try_from(SOME).unwrap_or(usize::MAX);
    // What fails for one is tried again in the next round, and keeps nobody else waiting.
    let mut failed = None;
    for due in due {
        if let Err(fault) = mailed(&app, due, &lease, now).await {
            failed = Some(fault);
        }
    }
    match failed {
        Some(fault) => Err(fault),
        None => Ok(if more { Round::More } else { Round::Done }),
    }
}

/// What becomes of one that is due.
enum Outcome {
    Mailed(Box<Message>),
    /// What it alerts of is not so, or was told already.
    Quiet {
        alerted: bool,
    },
    /// Its collection is off, or not for the reader: it comes when that has changed.
    NotNow,
    /// Who has left, has no address or does not see it any more is mailed nothing from now on.
    Ended,
}

async fn mailed(app: &App, due: Due, lease: &Lease, now: Micros) -> Result<(), Fault> {
    let organization = organizations::one(app.store.database(), due.organization).await;
    let organization = organization.map_err(|error| of_store(&error))?;
    let Some(organization) = organization else { return Ok(()) };
    let outcome = outcome(app, &organization, &due.of).await?;
    let again = due.of.mailed.as_deref().filter(|_| !matches!(outcome, Outcome::Ended));
    let next_at = again.and_then(|mailed| next(mailed, &organization.time_zone, organization.calendar, now));
    let alerted = match &outcome {
        Outcome::Mailed(_) => due.of.alert.is_some(),
        Outcome::Quiet { alerted } => *alerted,
        Outcome::NotNow | Outcome::Ended => due.of.alerted,
    };
    let lease = lease.clone();
    let written = app.store.database().write(move |tx| {
        Box::pin(async move {
            // What another host has done, or somebody changed meanwhile, is left to that.
            if !lease.holds(tx).await? || !view_uses::moved_on(tx, &due, next_at, alerted).await? {
                return Ok(());
            }
            if let Outcome::Mailed(message) = outcome {
                mail::queue(tx, &message, now, now).await?;
            }
            Ok(())
        })
    });
    written.await.map_err(|error| of_store(&error))
}

async fn outcome(app: &App, organization: &Organization, of: &ViewUse) -> Result<Outcome, Fault> {
    let declared = app.registry.current().catalog.declared().clone();
    let request = RequestId(Id::fresh());
    let caller = app.identity.acting(organization.id, of.person, request, &declared).await?;
    let view = app.store.view(organization.id, of.person, of.view).await.map_err(|error| of_store(&error))?;
    let person = people::one(app.store.database(), of.person).await.map_err(|error| of_store(&error))?;
    let (Some(caller), Some(view), Some(person)) = (caller, view, person) else { return Ok(Outcome::Ended) };
    if person.email.is_empty() {
        return Ok(Outcome::Ended);
    }
    // Such as one who is asked for a second factor and has none yet.
    if caller.to_read().is_err() {
        return Ok(Outcome::NotNow);
    }
    // It comes by the organization's morning, so that last week is the one that is over there.
    let caller = Caller { time_zone: organization.time_zone.clone(), ..caller };
    let alert = match of.alert.as_deref().and_then(Alert::read) {
        None => None,
        Some(alert) => {
            let Some(figure) = figure(app, &caller, &view).await else { return Ok(Outcome::NotNow) };
            let rings = size(&figure.1).is_some_and(|size| alert.rings(size));
            if !rings || of.alerted {
                return Ok(Outcome::Quiet { alerted: rings });
            }
            Some(said(alert, &figure, &caller))
        }
    };
    let Some((mut letter, files)) = letter(app, &caller, &view, &of.form).await? else { return Ok(Outcome::NotNow) };
    if let Some(said) = alert {
        letter.parts.insert(0, Part::Text(said));
    }
    let to = Recipient { address: person.email, name: person.name };
    let mut message = Message::new(Some(organization.id), "report", to, letter);
    message.attachments = files;
    Ok(Outcome::Mailed(Box::new(message)))
}

/// What a report measures first, over all of its records, and the field that this is of.
fn measure(snapshot: &Snapshot, caller: &Caller, schema: &Arc<Schema>, view: &View) -> Option<(BoundSummary, Field)> {
    let view = views::followed(snapshot, view.clone());
    let pairs = form_urlencoded::parse(view.query.as_bytes()).into_owned();
    let pairs: query::Pairs = pairs.filter(|(name, _)| !matches!(name.as_str(), "group" | "sort" | "limit")).collect();
    let binder = Binder { catalog: &snapshot.catalog, home: None };
    let mut summed = query::summary(&binder, schema, &Almanac::of(caller), &pairs).ok()?;
    summed.summary.metrics.truncate(1);
    let bound = summed.bound(&binder).ok()?;
    let metric = bound.metrics.first()?;
    let counts = matches!(metric.kind, MetricKind::Count | MetricKind::CountDistinct);
    let field = metric.path.field().filter(|_| !counts).map(|field| field.field.clone());
    let field = field.unwrap_or_else(|| Field::bare(if counts { FieldKind::Integer } else { metric.path.kind() }));
    Some((bound, field))
}

/// The field that the first figure of a report is of; nothing of a list, or where it cannot be told.
pub async fn measured(app: &App, caller: &Caller, view: &View) -> Option<Field> {
    if view.page {
        return stated(app, caller, view).await.map(|(field, _)| field);
    }
    let snapshot = app.registry.seen_by(caller);
    let schema = app.records.schema(&snapshot, caller, &view.collection).ok()?;
    is_report(&view.query).then(|| measure(&snapshot, caller, &schema, view))?.map(|(_, field)| field)
}

/// The first figure of a kept table of a page, as its route works it out for its reader.
async fn stated(app: &App, caller: &Caller, view: &View) -> Option<(Field, Value)> {
    let snapshot = app.registry.seen_by(caller);
    let reading = Reading { app, caller, snapshot: &snapshot };
    let table = statement::standing(reading, &view.collection)?;
    // A call of a plugin is large, and whoever asks for a page holds this.
    Box::pin(statement::first_figure(reading, &table, &view.query)).await
}

/// The first figure of a report in all; nothing where it cannot be worked out, or is of several currencies.
async fn figure(app: &App, caller: &Caller, view: &View) -> Option<(Field, Value)> {
    if view.page {
        return stated(app, caller, view).await;
    }
    let snapshot = app.registry.seen_by(caller);
    let schema = app.records.schema(&snapshot, caller, &view.collection).ok()?;
    let (bound, field) = measure(&snapshot, caller, &schema, view)?;
    let page = app.records.groups(caller, &bound).await.ok()?;
    match page.rows.as_slice() {
        [] => Some((field, Value::Null)),
        [row] => Some((field, row.last()?.clone())),
        _ => None,
    }
}

/// A figure in its smallest unit; of nothing there is none.
fn size(value: &Value) -> Option<Decimal> {
    match value {
        Value::Null => Some(Decimal::ZERO),
        Value::Integer(number) => Some(Decimal::from(*number)),
        Value::Decimal(number) => Some(*number),
        Value::Money(amount) => Some(Decimal::from(amount.minor)),
        _ => None,
    }
}

fn said(alert: Alert, (field, value): &(Field, Value), caller: &Caller) -> String {
    let reader = Reader::of(caller);
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Money(amount) => money(*amount, reader.currency, &reader.locale),
        other => plain_text(field, other, &reader),
    };
    let than = if alert.above { "above" } else { "below" };
    format!("Its figure is {than} what you named: it is {text} now.")
}

/// Where a view is looked at.
pub fn address(view: &View) -> String {
    let base = match view.page {
        true => paths::page(&view.collection.plugin, &view.collection.local),
        false if is_report(&view.query) => paths::report(&view.collection),
        false => paths::list(&view.collection),
    };
    ListQuery::view(&base, view.id)
}

/// What is posted of a view is posted below this.
pub fn posted_at(view: &View) -> String {
    if view.page {
        format!("{}/views/{}", paths::page(&view.collection.plugin, &view.collection.local), view.id)
    } else {
        paths::view(&view.collection, view.id)
    }
}

/// A view as a letter, with the file that goes with it; nothing where what it is of is off or not for the reader.
async fn letter(app: &App, caller: &Caller, view: &View, form: &str) -> Result<Option<(Letter, Vec<Id>)>, Fault> {
    let snapshot = app.registry.seen_by(caller);
    let reading = Reading { app, caller, snapshot: &snapshot };
    // One that is not there for its reader, or not now, comes when that has changed.
    let table = if view.page { statement::standing(reading, &view.collection) } else { None };
    let schema = app.records.schema(&snapshot, caller, &view.collection).ok().filter(|_| !view.page);
    if table.is_none() && schema.is_none() {
        return Ok(None);
    }
    let letter = Letter::new(view.name.as_str());
    let small = "It has what you may see. On its page, under Follow, you say when you are mailed it.";
    let ends = |letter: Letter| letter.button("Open it", address(view)).small(small);
    let format = [Format::Csv, Format::Xlsx].into_iter().find(|format| format.extension() == form);
    let Some(format) = format else {
        let letter = letter.text("It is ready for you, as it stands when you open it.");
        return Ok(Some((ends(letter), Vec::new())));
    };
    let made = match (&table, &schema) {
        (Some(table), _) => mailed_table(reading, table, view, format).await,
        (None, Some(schema)) => {
            let taken_by = TakenBy::Mail;
            let export = Export { app, caller, taken_by, snapshot: &snapshot, schema, format, marked: true };
            mailed_rows(&export, &views::followed(&snapshot, view.clone())).await
        }
        (None, None) => return Ok(None),
    };
    let made = match made {
        Ok(response) => file(reading, view, format, response).await,
        Err(fault) => Err(fault),
    };
    Ok(Some(match made {
        Ok(id) => {
            let letter = letter.text("It is attached, as it stood when this was sent.");
            let caption = schema.as_ref().and_then(|schema| caption(reading, schema, view));
            (ends(caption.into_iter().fold(letter, Letter::text)), vec![id])
        }
        // It is tried again.
        Err(fault) if fault.code == ErrorCode::Unavailable => return Err(fault),
        Err(fault) => {
            let why = fault.issues.first().map_or(fault.message.as_str(), |issue| issue.message.as_str());
            (ends(letter.text(format!("Its file could not be made: {why}"))), Vec::new())
        }
    }))
}

/// What whoever reads a report's figures has to know.
fn caption(reading: Reading<'_>, schema: &Arc<Schema>, view: &View) -> Option<String> {
    let view = views::followed(reading.snapshot, view.clone());
    let pairs = form_urlencoded::parse(view.query.as_bytes()).into_owned().collect();
    let (binder, almanac) = (reading.binder(), Almanac::of(reading.caller));
    let summed = query::summary(&binder, schema, &almanac, &pairs).ok().filter(|_| is_report(&view.query))?;
    summed.caption(&summed.bound(&binder).ok()?)
}

/// What its reader may see of a view over records.
async fn mailed_rows(export: &Export<'_>, view: &View) -> Result<Response, Fault> {
    let pairs: query::Pairs = form_urlencoded::parse(view.query.as_bytes()).into_owned().collect();
    if is_report(&view.query) {
        return export.summary(&pairs).await;
    }
    export.list(&views::listed(export.schema, &ListQuery::of(pairs))).await
}

/// What a route works out for its reader.
async fn mailed_table(reading: Reading<'_>, table: &Standing, view: &View, format: Format) -> Result<Response, Fault> {
    let (response, rows) = statement::as_file(reading, table, &view.query, format).await?;
    let (collection, format) = (&view.collection.to_string(), format.extension());
    let taken = RecordsTaken { collection, format, query: &view.query, rows };
    reading.app.identity.note_records_mailed(reading.caller, &taken).await?;
    Ok(response)
}

/// What was made of a view, as a file that waits for its letter.
async fn file(reading: Reading<'_>, view: &View, format: Format, response: Response) -> Result<Id, Fault> {
    let bytes = axum::body::to_bytes(response.into_body(), MOST_BYTES).await;
    let bytes = bytes.map_err(|error| match std::error::Error::source(&error) {
        Some(inner) if inner.is::<LengthLimitError>() => {
            Fault::new(ErrorCode::Quota, "It is too large for a letter: narrow the view.")
        }
        _ => Fault::new(ErrorCode::Unavailable, "It was broken off while it was written."),
    })?;
    let name = format!("{}.{}", view.name, format.extension());
    let upload =
        Upload { name: Some(&name), content_type: Some(format.media_type()), length: u64::try_from(bytes.len()).ok() };
    let body = futures_util::stream::iter([Ok::<Bytes, std::io::Error>(bytes)]);
    let kept = reading.app.media.take_in(reading.caller, upload, body).await;
    kept.map(|kept| kept.id).map_err(|problem| {
        // Where there is no room for it (507) there will be none in the next round.
        let passes = problem.status().is_server_error() && problem.status() != StatusCode::INSUFFICIENT_STORAGE;
        let code = if passes { ErrorCode::Unavailable } else { ErrorCode::Quota };
        Fault::new(code, problem.detail().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::value::instant_text;

    #[test]
    fn a_view_is_mailed_in_the_organizations_morning_and_as_its_week_begins() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        // Wednesday, 18 November 2026, in the evening of Sydney.
        let now = at("2026-11-18T11:06:40Z");
        let of = |mailed: &str, zone: &str, week_starts: u8| {
            let calendar = Calendar { week_starts, ..Calendar::default() };
            next(mailed, zone, calendar, now).map(instant_text).unwrap_or_default()
        };
        assert_eq!(of("daily", "Australia/Sydney", 1), "2026-11-18T20:00:00Z");
        assert_eq!(of("weekly", "Australia/Sydney", 1), "2026-11-22T20:00:00Z");
        assert_eq!(of("weekly", "Australia/Sydney", 7), "2026-11-21T20:00:00Z", "Sunday");
        assert_eq!(of("weekly", "Asia/Kathmandu", 6), "2026-11-21T01:15:00Z", "Saturday");
        assert_eq!(of("monthly", "Australia/Sydney", 1), "2026-11-30T20:00:00Z");
        assert_eq!(of("weekdays", "Australia/Perth", 1), "2026-11-18T23:00:00Z");
        assert_eq!(of("hourly", "Australia/Sydney", 1), "");
    }
}
