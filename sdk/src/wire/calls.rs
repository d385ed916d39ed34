//! What the host calls, and the facts that it answers with.

use super::query::{selection, summary};
use super::values::{entries, fields, id, to_error};
use super::writing::mutations;
use crate::bindings::exports::lignaflow::plugin::{hooks, jobs, migration, provider, routes, subscriber};
use crate::bindings::lignaflow::plugin::types::Error;
use crate::bindings::lignaflow::plugin::writing::Mutation;
use crate::bindings::lignaflow::plugin::{context, logging, people};
use crate::context::{Caller, Principal};
use crate::log::Level;
use crate::{
    ChangeKind, Event, EventKind, Fault, FormerRecord, HookChange, Instant, JobCall, Origin, Payload, Person, Plugin,
    Portion, RouteReply, RouteRequest, ServiceAnswer, ServiceCall, Slice, Verdict,
};
use std::marker::PhantomData;

/// A plugin as the contract has it.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

impl<P: Plugin> hooks::Guest for Component<P> {
    fn before_save(changes: Vec<hooks::Change>) -> Result<hooks::Verdict, Error> {
        let called = || P::before_save(&changes.into_iter().map(change).collect::<Result<Vec<_>, _>>()?);
        called().map(verdict).map_err(to_error)
    }
}

impl<P: Plugin> routes::Guest for Component<P> {
    fn handle(request: routes::Request) -> Result<routes::Reply, Error> {
        P::handle(&self::request(request)).map(reply).map_err(to_error)
    }
}

impl<P: Plugin> jobs::Guest for Component<P> {
    fn run(job: String, payload: String, cursor: Option<String>, attempt: u16) -> Result<jobs::Slice, Error> {
        P::run(&JobCall { job, payload, cursor, attempt }).map(slice).map_err(to_error)
    }
}

impl<P: Plugin> subscriber::Guest for Component<P> {
    fn receive(events: Vec<subscriber::Event>) -> Result<Vec<Mutation>, Error> {
        let called = || P::receive(&events.into_iter().map(event).collect::<Result<Vec<_>, _>>()?);
        called().map(mutations).map_err(to_error)
    }
}

impl<P: Plugin> provider::Guest for Component<P> {
    fn invoke(service: String, method: String, arguments: String) -> Result<provider::Answer, Error> {
        let answer = P::invoke(&ServiceCall { service, method, arguments });
        let sent = |answer: ServiceAnswer| provider::Answer { value: answer.value, writes: mutations(answer.writes) };
        answer.map(sent).map_err(to_error)
    }
}

impl<P: Plugin> migration::Guest for Component<P> {
    fn migrate(portion: migration::Portion) -> Result<Vec<Mutation>, Error> {
        let called = || P::migrate(&self::portion(portion)?);
        called().map(mutations).map_err(to_error)
    }
}

fn slice(slice: Slice) -> jobs::Slice {
    let next = slice.next.map(|next| jobs::Resume { cursor: next.cursor, delay_seconds: next.delay_seconds });
    jobs::Slice { writes: mutations(slice.writes), next }
}

fn event(event: subscriber::Event) -> Result<Event, Fault> {
    Ok(Event {
        sequence: event.sequence,
        at: event.at,
        collection: event.collection,
        id: id(&event.id)?,
        version: event.version,
        kind: match event.kind {
            subscriber::EventKind::Insert => EventKind::Insert,
            subscriber::EventKind::Update => EventKind::Update,
            subscriber::EventKind::Remove => EventKind::Remove,
            subscriber::EventKind::Restore => EventKind::Restore,
        },
        transition: event.transition,
        person: event.person.as_deref().map(id).transpose()?,
        before: fields(event.before)?,
        after: fields(event.after)?,
    })
}

fn portion(portion: migration::Portion) -> Result<Portion, Fault> {
    let former = |record: migration::Former| {
        Ok(FormerRecord {
            id: id(&record.id)?,
            version: record.version,
            archived: record.archived,
            fields: fields(record.fields)?,
        })
    };
    Ok(Portion {
        from_version: portion.from_version,
        to_version: portion.to_version,
        collection: portion.collection,
        records: portion.records.into_iter().map(former).collect::<Result<_, Fault>>()?,
    })
}

fn change(change: hooks::Change) -> Result<HookChange, Fault> {
    Ok(HookChange {
        collection: change.collection,
        kind: match change.kind {
            hooks::ChangeKind::Insert => ChangeKind::Insert,
            hooks::ChangeKind::Update => ChangeKind::Update,
            hooks::ChangeKind::Remove => ChangeKind::Remove,
        },
        id: id(&change.id)?,
        transition: change.transition,
        origin: match change.origin {
            hooks::Origin::Api => Origin::Api,
            hooks::Origin::Page => Origin::Page,
            hooks::Origin::Batch => Origin::Batch,
            hooks::Origin::Route => Origin::Route,
            hooks::Origin::Job => Origin::Job,
            hooks::Origin::Subscriber => Origin::Subscriber,
            hooks::Origin::Service => Origin::Service,
        },
        before: fields(change.before)?,
        after: fields(change.after)?,
        related: fields(change.related)?,
    })
}

fn verdict(verdict: Verdict) -> hooks::Verdict {
    hooks::Verdict {
        set: verdict.set.iter().map(|(index, fields)| (*index, entries(fields))).collect(),
        also: mutations(verdict.also),
    }
}

fn request(request: routes::Request) -> RouteRequest {
    RouteRequest {
        route: request.route,
        parameters: request.parameters,
        query: request.query,
        content_type: request.content_type,
        body: request.body,
    }
}

fn reply(reply: RouteReply) -> routes::Reply {
    routes::Reply {
        status: reply.status,
        payload: match reply.payload {
            Payload::Empty => routes::Payload::Empty,
            Payload::Json(text) => routes::Payload::Json(text),
            Payload::Saved(collection, id) => routes::Payload::Saved((collection, id.to_string())),
            Payload::Found(question) => routes::Payload::Found(selection(&question)),
            Payload::Summarized(question) => routes::Payload::Summarized(summary(&question)),
            Payload::Bytes(content_type, bytes) => routes::Payload::Bytes((content_type, bytes)),
            Payload::Link(link) => routes::Payload::Link(link.to_string()),
            Payload::Media(id) => routes::Payload::Media(id.to_string()),
        },
        writes: mutations(reply.writes),
    }
}

pub(crate) fn caller(caller: context::Caller) -> Result<Caller, Fault> {
    Ok(Caller {
        organization: id(&caller.organization)?,
        principal: match caller.principal {
            context::Principal::Person(person) => Principal::Person(id(&person)?),
            context::Principal::Link(link) => Principal::Link(id(&link)?),
            context::Principal::Plugin => Principal::Plugin,
            context::Principal::Anonymous => Principal::Anonymous,
        },
        permissions: caller.permissions,
        locale: caller.locale,
        time_zone: caller.time_zone,
        currency: caller.currency.parse().map_err(|_| super::values::broken())?,
        request_id: caller.request_id,
        now: Instant::from_micros(caller.now),
    })
}

pub(crate) fn person(person: people::Person) -> Result<Person, Fault> {
    Ok(Person {
        id: id(&person.id)?,
        name: person.name,
        active: person.active,
        locale: person.locale,
        time_zone: person.time_zone,
    })
}

pub(crate) fn level(level: Level) -> logging::Level {
    match level {
        Level::Trace => logging::Level::Trace,
        Level::Debug => logging::Level::Debug,
        Level::Info => logging::Level::Info,
        Level::Warn => logging::Level::Warn,
        Level::Error => logging::Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::lignaflow::plugin::types::{Entry, ErrorCode, Value};
    use crate::calls::{BuildReply, BuildVerdict, reply};
    use crate::values::ReadFields;
    use crate::writes::insert;
    use crate::{Id, Issue};

    struct Echo;

    impl Plugin for Echo {
        fn before_save(changes: &[HookChange]) -> Result<Verdict, Fault> {
            let mut verdict = Verdict::default();
            for (index, change) in changes.iter().enumerate() {
                let Some(title) = change.after.text("title") else {
                    let issue = crate::calls::change_issue(index, "title", "required", "A title is needed.");
                    return Err(Fault::invalid(vec![issue]));
                };
                verdict.set_field(index, "title", title.to_uppercase());
            }
            Ok(verdict)
        }

        fn handle(request: &RouteRequest) -> Result<RouteReply, Fault> {
            let id = Id::fresh();
            Ok(reply::json(&request.route)?.with_status(201).with_writes([insert("notes", id)]))
        }

        fn migrate(portion: &Portion) -> Result<Vec<crate::Mutation>, Fault> {
            let carried = |record: &FormerRecord| {
                let title = record.fields.text("title").map(str::to_uppercase);
                crate::writes::update("notes", record.id).set("title", title).into()
            };
            Ok(portion.records.iter().map(carried).collect())
        }
    }

    #[test]
    fn records_are_handed_over_and_what_comes_of_them_returns() {
        let id = Id::fresh().to_string();
        let former = |id: &str| migration::Former {
            id: id.into(),
            version: 3,
            archived: true,
            fields: vec![Entry { key: "title".into(), value: Value::Text("cut".into()) }],
        };
        let portion = |id: &str| migration::Portion {
            from_version: "0.1.0".into(),
            to_version: "0.2.0".into(),
            collection: "notes".into(),
            records: vec![former(id)],
        };
        let writes = <Component<Echo> as migration::Guest>::migrate(portion(&id)).unwrap();
        assert!(matches!(&writes[..], [Mutation::Update(it)] if it.id == id && it.fields[0].key == "title"));
        let error = <Component<Echo> as migration::Guest>::migrate(portion("7")).unwrap_err();
        assert_eq!(error.code, ErrorCode::Internal);
        let error = <Component<Silent> as migration::Guest>::migrate(portion(&id)).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
    }

    struct Silent;

    impl Plugin for Silent {}

    fn a_change(id: &str, after: Vec<Entry>) -> hooks::Change {
        hooks::Change {
            collection: "notes".into(),
            kind: hooks::ChangeKind::Insert,
            id: id.into(),
            transition: None,
            origin: hooks::Origin::Api,
            before: Vec::new(),
            after,
            related: Vec::new(),
        }
    }

    fn a_request() -> routes::Request {
        routes::Request {
            route: "echo".into(),
            parameters: Vec::new(),
            query: Vec::new(),
            content_type: String::new(),
            body: Vec::new(),
        }
    }

    #[test]
    fn a_hook_is_called_with_the_changes_and_its_verdict_returns() {
        let id = Id::fresh().to_string();
        let entry = Entry { key: "title".into(), value: Value::Text("cut".into()) };
        let verdict = <Component<Echo> as hooks::Guest>::before_save(vec![a_change(&id, vec![entry])]).unwrap();
        assert!(matches!(&verdict.set[0].1[0].value, Value::Text(title) if title == "CUT"));

        let error = <Component<Echo> as hooks::Guest>::before_save(vec![a_change(&id, Vec::new())]).unwrap_err();
        assert_eq!(error.code, ErrorCode::Invalid);
        assert_eq!(error.issues[0].path, "/0/title");
        let _: Vec<Issue> = super::super::values::fault(error).issues;

        let error = <Component<Echo> as hooks::Guest>::before_save(vec![a_change("7", Vec::new())]).unwrap_err();
        assert_eq!(error.code, ErrorCode::Internal);
    }

    #[test]
    fn the_facts_about_a_call_keep_their_parts() {
        let (organization, ana) = (Id::fresh(), Id::fresh());
        let sent = |principal, currency: &str| context::Caller {
            organization: organization.to_string(),
            principal,
            permissions: vec!["records.read".into()],
            locale: "en-AU".into(),
            time_zone: "Australia/Perth".into(),
            currency: currency.into(),
            request_id: "r-1".into(),
            now: 7,
        };
        let read = caller(sent(context::Principal::Person(ana.to_string()), "AUD")).unwrap();
        assert_eq!((read.organization, read.person(), read.now.micros()), (organization, Some(ana), 7));
        assert!(read.holds("records.read") && !read.holds("records.write"));
        for (principal, expected) in [
            (context::Principal::Link(ana.to_string()), Principal::Link(ana)),
            (context::Principal::Plugin, Principal::Plugin),
            (context::Principal::Anonymous, Principal::Anonymous),
        ] {
            assert_eq!(caller(sent(principal, "AUD")).unwrap().principal, expected);
        }
        assert!(caller(sent(context::Principal::Anonymous, "dollars")).is_err());

        let sent = people::Person {
            id: ana.to_string(),
            name: "Ana".into(),
            active: false,
            locale: "en-AU".into(),
            time_zone: "Australia/Perth".into(),
        };
        assert_eq!(person(sent).map(|person| (person.id, person.active)), Ok((ana, false)));
        let levels = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error].map(level);
        assert_eq!((levels[0], levels[4]), (logging::Level::Trace, logging::Level::Error));
    }

    #[test]
    fn a_plugin_without_code_for_it_changes_nothing_and_has_no_routes() {
        let verdict = <Component<Silent> as hooks::Guest>::before_save(Vec::new()).unwrap();
        assert!(verdict.set.is_empty() && verdict.also.is_empty());
        let error = <Component<Silent> as routes::Guest>::handle(a_request()).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
        let error = <Component<Silent> as jobs::Guest>::run("none".into(), "null".into(), None, 1).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
        assert!(<Component<Silent> as subscriber::Guest>::receive(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn a_route_answers_with_its_writes() {
        let reply = <Component<Echo> as routes::Guest>::handle(a_request()).unwrap();
        assert_eq!((reply.status, reply.writes.len()), (201, 1));
        assert!(matches!(reply.payload, routes::Payload::Json(text) if text == "\"echo\""));
    }
}
