//! A plugin that is loaded: what it is, what it was granted, and its code, which the host calls through [`Guest`].

use crate::aside::{Asides, Part, Trip, is_fault};
use crate::assets::Assets;
use crate::budget::Budget;
use crate::call::{Answer, Ask, Lanes, run};
use crate::convert::{Checked, error, hook, migration, mutation, query, reply, work};
use crate::engine::Shared;
use crate::envelope::Inspection;
use crate::figures::{Figures, Spent};
use crate::limits;
use crate::load::Code;
use crate::log::{CallLog, Level, LogLine, PluginLog};
use crate::meter::Meter;
use crate::schema;
use crate::slow::Paces;
use crate::tallies::{Held, Kind, Outcome, Tallies};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use lignaflow_core::allowance::{Allowance, PluginBounds};
use lignaflow_core::background::MAX_DOCUMENTS;
use lignaflow_core::caller::Caller;
use lignaflow_core::clock::Micros;
use lignaflow_core::descriptor::{Capability, Descriptor, Grants};
use lignaflow_core::guest::{
    CallFault, Event, Guest, HookChange, JobCall, Payload, Portion, Remainder, RouteReply, RouteRequest, ServiceAnswer,
    ServiceCall, Slice, Verdict,
};
use lignaflow_core::mutation::{Mailing, Mutation};
use lignaflow_core::name::{CollectionName, PluginId};
use lignaflow_core::outbound::Host;
use lignaflow_core::reads::Reads;
use lignaflow_core::{ErrorCode, Fault};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What calls are named by that have no name of their own.
const BEFORE_SAVE: &str = "before-save";
const RECEIVE: &str = "receive";
const MIGRATE: &str = "migrate";

/// A place among the plugin's instances and one among all, counted while they are held.
pub(crate) type Place = (OwnedSemaphorePermit, OwnedSemaphorePermit, Held);

/// A plugin as it stands in the registry. Calls hold on to it: one that is replaced lives until its last call ends.
pub struct LoadedPlugin {
    core: Arc<Core>,
    code: Option<Arc<Code>>,
    engine: Arc<Shared>,
    places: ArcSwap<Semaphore>,
    /// What its calls may use where its grants set nothing else.
    usual: Allowance,
    services: schema::Services,
    answers: schema::Answers,
}

/// What calls share with their plugin.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) descriptor: Arc<Descriptor>,
    pub(crate) tallies: Tallies,
    digest: String,
    assets: Assets,
    figures: Arc<Figures>,
    asides: Asides,
    paces: Paces,
    grants: ArcSwap<Grants>,
    held: ArcSwap<limits::Held>,
    log: Arc<PluginLog>,
}

impl Core {
    /// Whether an interface is granted at this moment.
    pub(crate) fn holds(&self, capability: Capability) -> bool {
        self.grants.load().interfaces.contains(&capability)
    }

    /// Whether the plugin may read a collection at this moment: declared and granted, or its own.
    pub(crate) fn reads(&self, name: &CollectionName) -> bool {
        let home = &self.descriptor.id;
        self.descriptor.grants.reads(home, name) && self.grants.load().reads(home, name)
    }

    /// Counts something that the plugin wanted and was not granted.
    pub(crate) fn denied(&self, at: Micros, what: &str) {
        self.tallies.denied(what);
        self.figures.denied(at);
    }

    /// Whether the plugin may call a service at this moment: declared and granted.
    pub(crate) fn calls(&self, plugin: &PluginId, service: &str) -> bool {
        self.descriptor.grants.calls(plugin, service) && self.grants.load().calls(plugin, service)
    }

    /// Whether the plugin may send to a host at this moment: declared and granted.
    pub(crate) fn sends_to(&self, host: &Host) -> bool {
        self.descriptor.grants.sends_to(host) && self.grants.load().sends_to(host)
    }

    fn writes(&self, name: &CollectionName) -> bool {
        let home = &self.descriptor.id;
        self.descriptor.grants.writes(home, name) && self.grants.load().writes(home, name)
    }
}

impl std::fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedPlugin")
            .field("id", self.id())
            .field("version", &self.version())
            .field("code", &self.code.is_some())
            .finish_non_exhaustive()
    }
}

impl LoadedPlugin {
    pub(crate) fn new(
        engine: &Arc<Shared>,
        inspection: Inspection,
        granted: &Grants,
        usual: &Allowance,
        code: Option<Code>,
    ) -> Self {
        let descriptor = inspection.descriptor;
        let held = limits::Held::new(usual.with(&granted.bounds));
        let places = ArcSwap::from_pointee(places(&held));
        let core = Core {
            held: ArcSwap::from_pointee(held),
            tallies: Tallies::new(descriptor.id.as_str(), &descriptor.version),
            digest: inspection.digest,
            assets: inspection.assets,
            figures: engine.figures.of(&descriptor.id, &descriptor.version),
            asides: Asides::default(),
            paces: Paces::default(),
            grants: ArcSwap::from_pointee(granted.clone()),
            log: Arc::new(PluginLog::new(descriptor.id.clone())),
            descriptor: Arc::new(descriptor),
        };
        let services = schema::Services::of(&core.descriptor);
        let answers = schema::Answers::of(&core.descriptor);
        Self {
            core: Arc::new(core),
            code: code.map(Arc::new),
            engine: engine.clone(),
            places,
            usual: usual.clone(),
            services,
            answers,
        }
    }

    pub fn id(&self) -> &PluginId {
        &self.core.descriptor.id
    }

    pub fn version(&self) -> &str {
        &self.core.descriptor.version
    }

    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.core.descriptor
    }

    /// SHA-256 of the file that it was loaded from, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.core.digest
    }

    /// What it brings beside its code.
    pub fn assets(&self) -> &Assets {
        &self.core.assets
    }

    /// What of it is set aside, and what that failed with.
    pub fn set_aside(&self) -> BTreeMap<Part, String> {
        self.core.asides.all()
    }

    /// What was set aside since this was asked last, for whoever keeps it.
    pub fn take_trips(&self) -> Vec<Trip> {
        self.core.asides.trips()
    }

    /// Sets these parts aside, and no others but those that were taken by nobody yet.
    pub fn keep_aside(&self, parts: BTreeMap<Part, String>) {
        self.core.asides.keep(parts);
    }

    /// Whether it has code that the host calls.
    pub fn has_code(&self) -> bool {
        self.code.is_some()
    }

    pub fn grants(&self) -> Arc<Grants> {
        self.core.grants.load_full()
    }

    /// What its calls may use at this moment.
    pub fn allowance(&self) -> Allowance {
        self.core.held.load().allowance().clone()
    }

    /// What they may use where nothing else is set for it.
    pub fn usual(&self) -> &Allowance {
        &self.usual
    }

    /// Calls under way keep the bounds that they began with.
    fn hold_to(&self, bounds: &PluginBounds) {
        let held = limits::Held::new(self.usual.with(bounds));
        let before = self.core.held.load();
        if held.instances() != before.instances() {
            self.places.store(Arc::new(places(&held)));
        }
        if held != **before {
            self.core.held.store(Arc::new(held));
        }
    }

    /// Gives and revokes. Calls under way meet it at their next call of the host.
    pub fn set_grants(&self, granted: Grants) {
        self.hold_to(&granted.bounds);
        self.core.grants.store(Arc::new(granted));
    }

    /// The last lines of its log, oldest first.
    pub fn log(&self) -> Vec<LogLine> {
        self.core.log.lines()
    }

    async fn call(
        &self,
        (kind, name): (Kind, &str),
        meter: &Arc<Meter>,
        reads: Arc<dyn Reads>,
        ask: Ask,
    ) -> Result<(Answer, Arc<CallLog>), CallFault> {
        let budget = Arc::new(Budget::new(self.core.held.load().of(kind), meter.clone()));
        self.call_within(budget, (kind, name), reads, ask).await
    }

    /// A call that shares its bounds with others.
    async fn call_within(
        &self,
        budget: Arc<Budget>,
        (kind, name): (Kind, &str),
        reads: Arc<dyn Reads>,
        ask: Ask,
    ) -> Result<(Answer, Arc<CallLog>), CallFault> {
        let code = self.code.as_ref().ok_or(CallFault::NoCode)?;
        if self.core.asides.holds(kind, name, reads.caller().organization) {
            return Err(CallFault::SetAside);
        }
        let held = self.core.held.load_full();
        let limits = held.of(kind);
        let within = budget.clone().enter(limits.service_depth);
        let place = self.place(within.depth).await?;
        let (request, now) = (reads.caller().request_id, reads.caller().now);
        let bounds = (limits.log_lines, limits.log_bytes);
        let label = match kind {
            Kind::Route => format!("route {name}"),
            Kind::Job => format!("job {name}"),
            Kind::Service => format!("service {name}"),
            Kind::Migration | Kind::BeforeSave | Kind::Subscriber => name.to_owned(),
        };
        let log = CallLog::new(self.core.log.clone(), label.into(), request, now, budget.meter.clone(), bounds);
        let log = Arc::new(log);
        let pace = self.core.paces.of(kind, name);
        let lanes = Lanes { lane: self.engine.lane.clone(), pace, place };
        let answered = run(&self.core, code.clone(), reads, &log, (limits, budget), lanes, ask).await;
        log.close();
        Ok((answered?, log))
    }

    /// A place among the plugin's instances, then one among all.
    async fn place(&self, depth: usize) -> Result<Place, CallFault> {
        let waiting = async {
            let own = self.places.load_full().acquire_owned().await.map_err(|_| CallFault::Busy)?;
            let shared = self.engine.slots.at(depth).acquire_owned().await.map_err(|_| CallFault::Busy)?;
            Ok((own, shared, self.core.tallies.instance()))
        };
        tokio::time::timeout(self.core.held.load().queue(), waiting).await.map_err(|_| CallFault::Busy)?
    }

    /// What the guest wants written and read, against its grants as they stand.
    fn check_writes(&self, (kind, at): (Kind, Micros), writes: &[Mutation], foreign: bool) -> Result<(), CallFault> {
        if writes.len() > self.core.held.load().of(kind).writes {
            return Err(CallFault::Exhausted("writes"));
        }
        let mut documents = 0;
        for write in writes {
            if let Mutation::Enqueue(job) = write
                && self.core.descriptor.job(&job.name).is_none()
            {
                return Err(CallFault::BadAnswer(format!("the descriptor declares no job `{}`", job.name)));
            }
            if let Mutation::Render(document) = write {
                documents += 1;
                if documents > MAX_DOCUMENTS {
                    return Err(CallFault::Exhausted("documents"));
                }
                if self.core.assets.template(&document.template).is_none() {
                    let what = format!("the component brings no template `{}`", document.template);
                    return Err(CallFault::BadAnswer(what));
                }
            }
            self.check_post(at, write)?;
            if let Some(text) = mutation::written(write) {
                let name = self.collection(text)?;
                if !foreign && name.plugin != *self.id() {
                    return Err(CallFault::BadAnswer(format!("it changes its own plugin's records, not {name}")));
                }
                if !self.core.writes(&name) {
                    return Err(self.denied(at, format!("write {name}")));
                }
            }
            self.check_reads(at, &mutation::read(write))?;
        }
        Ok(())
    }

    /// Letters and links, which are granted apart.
    fn check_post(&self, at: Micros, write: &Mutation) -> Result<(), CallFault> {
        let grants = self.grants();
        match write {
            Mutation::Mail(_) if !grants.mail => Err(self.denied(at, "mail".to_owned())),
            Mutation::OpenLink(_) | Mutation::CloseLink(_) if !grants.links => Err(self.denied(at, "links".to_owned())),
            Mutation::Mail(mailing) => self.check_letter(mailing),
            Mutation::OpenLink(opening) => {
                let page = self.core.descriptor.page(&opening.page);
                if page.is_some_and(|page| page.link.is_some()) {
                    return Ok(());
                }
                let what = format!("the descriptor declares no page `{}` that links open", opening.page);
                Err(CallFault::BadAnswer(what))
            }
            _ => Ok(()),
        }
    }

    /// Whether the descriptor declares the letter, with these arguments and no others.
    fn check_letter(&self, mailing: &Mailing) -> Result<(), CallFault> {
        let name = &mailing.template;
        let Some(template) = self.core.descriptor.mail(name) else {
            return Err(CallFault::BadAnswer(format!("the descriptor declares no letter `{name}`")));
        };
        let wanted = template.arguments();
        let given: BTreeSet<&str> = mailing.arguments.iter().map(|(name, _)| name.as_str()).collect();
        if given.len() == mailing.arguments.len() && given == wanted {
            return Ok(());
        }
        let list = |names: Vec<&str>| names.join(", ");
        Err(CallFault::BadAnswer(format!(
            "the letter `{name}` takes the arguments {}, and was given {}",
            list(wanted.into_iter().collect()),
            list(mailing.arguments.iter().map(|(name, _)| name.as_str()).collect()),
        )))
    }

    fn check_reads(&self, at: Micros, collections: &[&str]) -> Result<(), CallFault> {
        for text in collections {
            let name = self.collection(text)?;
            if !self.core.reads(&name) {
                return Err(self.denied(at, format!("read {name}")));
            }
        }
        Ok(())
    }

    fn check_payload(&self, at: Micros, payload: &Payload) -> Result<(), CallFault> {
        match payload {
            Payload::Saved(collection, _) => self.check_reads(at, &[collection.as_str()]),
            Payload::Found(selection) => self.check_reads(at, &query::read_by_selection(selection)),
            Payload::Summarized(summary) => self.check_reads(at, &query::read_by_summary(summary)),
            Payload::Empty | Payload::Json(_) | Payload::Bytes(..) | Payload::Media(_) | Payload::Link(_) => Ok(()),
        }
    }

    fn collection(&self, text: &str) -> Result<CollectionName, CallFault> {
        CollectionName::within(self.id(), text).map_err(|error| CallFault::BadAnswer(error.to_string()))
    }

    fn denied(&self, at: Micros, what: String) -> CallFault {
        self.core.denied(at, &what);
        CallFault::NotGranted(what)
    }

    /// Counts a call, and notes whether what was called goes on failing.
    fn counted<T>(
        &self,
        (kind, name): (Kind, &str),
        caller: &Caller,
        spent: Spent,
        result: Result<T, CallFault>,
    ) -> Result<T, CallFault> {
        let fault = result.as_ref().err();
        let outcome = Outcome::of(&result);
        self.core.tallies.called(kind, outcome, spent);
        self.core.figures.call(caller.now, spent, outcome, self.core.tallies.most_instances());
        self.core.asides.note(kind, name, caller, fault);
        // One that found no place tells nothing of how long it takes.
        if !spent.cpu.is_zero() {
            self.core.paces.note((kind, name), spent, fault.is_some_and(is_fault));
        }
        result
    }

    async fn verdict(
        &self,
        meter: &Arc<Meter>,
        reads: Arc<dyn Reads>,
        changes: Vec<HookChange>,
    ) -> Result<Verdict, CallFault> {
        let at = reads.caller().now;
        let count = changes.len();
        let ask = Ask::BeforeSave(hook::changes(changes));
        let (answer, log) = self.call((Kind::BeforeSave, BEFORE_SAVE), meter, reads, ask).await?;
        let Answer::Verdict(answer) = answer else { return Err(CallFault::Trapped) };
        let verdict = answer.map_err(refused)?;
        let checked = proved(hook::verdict(verdict, count))
            .and_then(|verdict| self.check_writes((Kind::BeforeSave, at), &verdict.also, false).map(|()| verdict));
        told(&log, checked)
    }

    async fn reply(
        &self,
        meter: &Arc<Meter>,
        reads: Arc<dyn Reads>,
        request: RouteRequest,
    ) -> Result<RouteReply, CallFault> {
        let at = reads.caller().now;
        let route = self.core.descriptor.route(&request.route).ok_or(CallFault::NoCode)?;
        let ask = Ask::Handle(reply::request(request));
        let (answer, log) = self.call((Kind::Route, route.name.as_str()), meter, reads, ask).await?;
        let Answer::Reply(answer) = answer else { return Err(CallFault::Trapped) };
        let reply = answer.map_err(refused)?;
        let checked = proved(reply::reply(reply)).and_then(|reply| {
            if !route.method.writes() && !reply.writes.is_empty() {
                return Err(CallFault::BadAnswer(format!("a {} changes nothing", route.method.as_str())));
            }
            self.check_writes((Kind::Route, at), &reply.writes, true)?;
            self.check_payload(at, &reply.payload)?;
            self.answers.broken(route, &reply.payload).map_err(CallFault::BadAnswer)?;
            Ok(reply)
        });
        told(&log, checked)
    }

    async fn slice(&self, meter: &Arc<Meter>, reads: Arc<dyn Reads>, call: JobCall) -> Result<Slice, CallFault> {
        let at = reads.caller().now;
        let name = self.core.descriptor.job(&call.job).ok_or(CallFault::NoCode)?.name.clone();
        let (answer, log) = self.call((Kind::Job, name.as_str()), meter, reads, Ask::Run(call)).await?;
        let Answer::Slice(answer) = answer else { return Err(CallFault::Trapped) };
        let checked = proved(work::slice(answer.map_err(refused)?))
            .and_then(|slice| self.check_writes((Kind::Job, at), &slice.writes, true).map(|()| slice));
        told(&log, checked)
    }

    async fn writes(
        &self,
        meter: &Arc<Meter>,
        reads: Arc<dyn Reads>,
        events: Vec<Event>,
    ) -> Result<Vec<Mutation>, CallFault> {
        let at = reads.caller().now;
        let ask = Ask::Receive(work::events(events));
        let (answer, log) = self.call((Kind::Subscriber, RECEIVE), meter, reads, ask).await?;
        let Answer::Writes(answer) = answer else { return Err(CallFault::Trapped) };
        let checked = proved(mutation::mutations(answer.map_err(refused)?, "writes"))
            .and_then(|writes| self.check_writes((Kind::Subscriber, at), &writes, true).map(|()| writes));
        told(&log, checked)
    }

    async fn carried(
        &self,
        meter: &Arc<Meter>,
        reads: Arc<dyn Reads>,
        portion: Portion,
    ) -> Result<Vec<Mutation>, CallFault> {
        let at = reads.caller().now;
        let ask = Ask::Migrate(migration::portion(portion));
        let (answer, log) = self.call((Kind::Migration, MIGRATE), meter, reads, ask).await?;
        let Answer::Writes(answer) = answer else { return Err(CallFault::Trapped) };
        let writes = answer.map_err(refused)?;
        let checked = proved(mutation::mutations(writes, "writes")).and_then(|writes| {
            if writes.iter().any(|write| matches!(write, Mutation::Render(_))) {
                return Err(CallFault::BadAnswer("a migration asks for a document".to_owned()));
            }
            self.check_writes((Kind::Migration, at), &writes, false).map(|()| writes)
        });
        told(&log, checked)
    }

    async fn served(
        &self,
        reads: Arc<dyn Reads>,
        call: ServiceCall,
        budget: Arc<Budget>,
    ) -> Result<ServiceAnswer, CallFault> {
        let at = reads.caller().now;
        let name = format!("{}.{}", call.service, call.method);
        let Some((arguments, promised)) = self.services.method(&call.service, &call.method) else {
            let what = format!("The plugin {} has no service {name}.", self.id());
            return Err(CallFault::Refused(Fault::new(ErrorCode::NotFound, what)));
        };
        let given = serde_json::from_str(&call.arguments).map_err(|error| {
            let what = format!("The arguments are no JSON: {error}.");
            CallFault::Refused(Fault::at("", "unparsable", what))
        })?;
        let issues = schema::faults(arguments.as_ref(), &given, "");
        if !issues.is_empty() {
            return Err(CallFault::Refused(Fault::invalid(issues)));
        }
        let (answer, log) = self.call_within(budget, (Kind::Service, &name), reads, Ask::Invoke(call)).await?;
        let Answer::Service(answer) = answer else { return Err(CallFault::Trapped) };
        let answer = answer.map_err(refused)?;
        let checked = proved(mutation::mutations(answer.writes, "writes")).and_then(|writes| {
            self.check_writes((Kind::Service, at), &writes, true)?;
            let json = serde_json::from_str(&answer.value).map_err(|error| CallFault::BadAnswer(error.to_string()))?;
            match schema::faults(promised.as_ref(), &json, "").into_iter().next() {
                Some(issue) => Err(CallFault::BadAnswer(format!("{}: {}", issue.path, issue.message))),
                None => Ok(ServiceAnswer { value: answer.value, writes }),
            }
        });
        told(&log, checked)
    }
}

fn places(held: &limits::Held) -> Semaphore {
    Semaphore::new(held.instances().clamp(1, Semaphore::MAX_PERMITS))
}

fn refused(error: crate::contract::lignaflow::plugin::types::Error) -> CallFault {
    CallFault::Refused(error::from_wire(error))
}

fn proved<T>(checked: Checked<T>) -> Result<T, CallFault> {
    checked.map_err(|fault| CallFault::BadAnswer(fault.to_string()))
}

/// An answer that is not valid is the plugin author's to read about.
fn told<T>(log: &CallLog, checked: Result<T, CallFault>) -> Result<T, CallFault> {
    checked.inspect_err(|fault| log.host(Level::Error, fault.to_string()))
}

#[async_trait]
impl Guest for LoadedPlugin {
    async fn before_save(&self, reads: Arc<dyn Reads>, changes: Vec<HookChange>) -> Result<Verdict, CallFault> {
        let meter = Arc::new(Meter::new());
        let verdict = self.verdict(&meter, reads.clone(), changes).await;
        self.counted((Kind::BeforeSave, BEFORE_SAVE), reads.caller(), meter.used(), verdict)
    }

    async fn handle(&self, reads: Arc<dyn Reads>, request: RouteRequest) -> Result<RouteReply, CallFault> {
        let meter = Arc::new(Meter::new());
        let route = request.route.clone();
        let reply = self.reply(&meter, reads.clone(), request).await;
        self.counted((Kind::Route, &route), reads.caller(), meter.used(), reply)
    }

    async fn run(&self, reads: Arc<dyn Reads>, call: JobCall) -> Result<Slice, CallFault> {
        let meter = Arc::new(Meter::new());
        let job = call.job.clone();
        let slice = self.slice(&meter, reads.clone(), call).await;
        self.counted((Kind::Job, &job), reads.caller(), meter.used(), slice)
    }

    async fn receive(&self, reads: Arc<dyn Reads>, events: Vec<Event>) -> Result<Vec<Mutation>, CallFault> {
        let meter = Arc::new(Meter::new());
        let writes = self.writes(&meter, reads.clone(), events).await;
        self.counted((Kind::Subscriber, RECEIVE), reads.caller(), meter.used(), writes)
    }

    async fn migrate(&self, reads: Arc<dyn Reads>, portion: Portion) -> Result<Vec<Mutation>, CallFault> {
        let meter = Arc::new(Meter::new());
        let writes = self.carried(&meter, reads.clone(), portion).await;
        self.counted((Kind::Migration, MIGRATE), reads.caller(), meter.used(), writes)
    }

    async fn invoke(
        &self,
        reads: Arc<dyn Reads>,
        call: ServiceCall,
        rest: Remainder,
    ) -> Result<ServiceAnswer, CallFault> {
        let budget = rest.0.downcast::<Budget>().map_err(|_| CallFault::Trapped)?;
        let before = budget.meter.used();
        let name = format!("{}.{}", call.service, call.method);
        let answer = self.served(reads.clone(), call, budget.clone()).await;
        self.counted((Kind::Service, &name), reads.caller(), budget.meter.used().since(before), answer)
    }
}
