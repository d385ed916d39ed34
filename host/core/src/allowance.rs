//! What guest code may use: bounds for each class of call, as the operator sets them, and what is set apart from that for
//! one plugin. A plugin asks for its own in `grants.bounds`; what an administrator set for it holds, and where nothing is
//! set, what is usual does.

use crate::descriptor::Descriptor;
use crate::error::Issue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

/// What a plugin is called for. Each class has bounds of its own: somebody waits for a hook, and nobody for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Hook,
    Route,
    Job,
    Subscriber,
    Service,
    Migration,
}

impl Class {
    pub const ALL: [Self; 6] = [Self::Hook, Self::Route, Self::Job, Self::Subscriber, Self::Service, Self::Migration];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Route => "route",
            Self::Job => "job",
            Self::Subscriber => "subscriber",
            Self::Service => "service",
            Self::Migration => "migration",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Hook => "Checks before saving",
            Self::Route => "Routes",
            Self::Job => "Jobs, each slice",
            Self::Subscriber => "Hearing of changes",
            Self::Service => "Services",
            Self::Migration => "Carrying records over, each portion",
        }
    }

    /// One call of it, at the beginning of a sentence.
    const fn spoken(self) -> &'static str {
        match self {
            Self::Hook => "A check before saving",
            Self::Route => "A route",
            Self::Job => "One slice of a job",
            Self::Subscriber => "Hearing of changes",
            Self::Service => "A service",
            Self::Migration => "Carrying over a portion of records",
        }
    }
}

macro_rules! bounds {
    ($($(#[doc = $doc:literal])+ $name:ident: $variant:ident, $title:literal, $range:expr;)+) => {
        /// One of the things that a call may use so much of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Bound {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Bound {
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$variant),+];

            /// Its key, in settings and in `plugin.toml`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)+ }
            }

            /// What it counts, with the unit.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What it can be set to.
            pub const fn range(self) -> RangeInclusive<u64> {
                match self { $(Self::$variant => $range,)+ }
            }
        }

        /// What one call may use. Past each bound the call ends with the fault that names it, and nothing of it is kept.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Bounds {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Bounds {
            pub const fn get(&self, bound: Bound) -> u64 {
                match bound { $(Bound::$variant => self.$name,)+ }
            }

            pub const fn set(&mut self, bound: Bound, value: u64) {
                match bound { $(Bound::$variant => self.$name = value,)+ }
            }
        }

        /// Bounds of one class of call, those that are set apart from what is usual.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct ClassBounds {
            $($(#[doc = $doc])+ #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<u64>,)+
        }

        impl ClassBounds {
            pub const fn get(&self, bound: Bound) -> Option<u64> {
                match bound { $(Bound::$variant => self.$name,)+ }
            }

            pub const fn set(&mut self, bound: Bound, value: Option<u64>) {
                match bound { $(Bound::$variant => self.$name = value,)+ }
            }
        }
    };
}

bounds! {
    /// Milliseconds of computing.
    cpu_ms: CpuMs, "Computing, ms", 1..=600_000;
    /// Milliseconds from call to answer, waiting included.
    wall_ms: WallMs, "From call to answer, ms", 1..=600_000;
    /// Memory of the instance, in bytes.
    memory_bytes: MemoryBytes, "Memory, bytes", 1 << 20..=512 << 20;
    /// Elements of all its tables together.
    table_elements: TableElements, "Elements of tables", 1..=TABLE_ELEMENTS as u64;
    /// Calls from the plugin into the host.
    host_calls: HostCalls, "Calls of the host", 1..=1_000_000;
    /// Rows that it reads.
    rows: Rows, "Rows read", 1..=10_000_000;
    /// Bytes that it is handed by what it reads.
    bytes_in: BytesIn, "Bytes in", 1_024..=1 << 30;
    /// Bytes that it hands over at once: in one call of the host, or as its answer.
    bytes_out: BytesOut, "Bytes out", 1_024..=1 << 30;
    /// Changes in one answer.
    writes: Writes, "Changes", 1..=100_000;
    /// Services within one another that are called from it: none, those that it calls itself, those that these call, and so
    /// on.
    service_depth: ServiceDepth, "Services within each other", 0..=SERVICE_DEPTH as u64;
    /// Lines in its log.
    log_lines: LogLines, "Lines of log", 0..=2_000;
    /// Bytes in its log.
    log_bytes: LogBytes, "Bytes of log", 0..=1 << 20;
}

/// Elements of tables that any call may be granted.
pub const TABLE_ELEMENTS: u32 = 100_000;

/// How deep services call one another at most: each depth has places of its own.
pub const SERVICE_DEPTH: u32 = 4;

impl Bounds {
    /// What is usual for a class where the operator says nothing else.
    pub const fn usual(class: Class) -> Self {
        let (cpu_ms, wall_ms) = match class {
            Class::Hook | Class::Route | Class::Service => (1_000, 5_000),
            Class::Subscriber => (2_000, 15_000),
            Class::Job | Class::Migration => (5_000, 30_000),
        };
        let (host_calls, rows) = match class {
            Class::Hook | Class::Route | Class::Service | Class::Subscriber => (1_000, 50_000),
            Class::Job | Class::Migration => (5_000, 200_000),
        };
        Self {
            cpu_ms,
            wall_ms,
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            host_calls,
            rows,
            bytes_in: 32 << 20,
            bytes_out: 16 << 20,
            writes: 5_000,
            service_depth: SERVICE_DEPTH as u64,
            log_lines: 200,
            log_bytes: 64 << 10,
        }
    }

    /// What cannot be, with where it stands.
    pub fn faults(&self) -> Vec<(Bound, String)> {
        let mut faults: Vec<_> =
            Bound::ALL.into_iter().filter_map(|bound| Some((bound, out_of_range(bound, self.get(bound))?))).collect();
        if self.cpu_ms > self.wall_ms {
            faults.push((Bound::CpuMs, format!("is more than wall_ms, which is {}", self.wall_ms)));
        }
        faults
    }

    fn with(&self, set: &ClassBounds) -> Self {
        let mut bounds = self.clone();
        for bound in Bound::ALL {
            if let Some(value) = set.get(bound) {
                bounds.set(bound, value);
            }
        }
        // Who is given more to compute is given the time for it.
        if set.wall_ms.is_none() {
            bounds.wall_ms = bounds.wall_ms.max(bounds.cpu_ms);
        }
        bounds
    }
}

fn out_of_range(bound: Bound, value: u64) -> Option<String> {
    let range = bound.range();
    (!range.contains(&value)).then(|| format!("is to be between {} and {}, not {value}", range.start(), range.end()))
}

/// Instances of one plugin at a time, at most.
pub const INSTANCES: RangeInclusive<u64> = 1..=10_000;

/// What is set for one plugin apart from what is usual, or asked for by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PluginBounds {
    /// Instances of it at a time on one host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<u64>,
    /// Of a call before records are saved.
    #[serde(skip_serializing_if = "ClassBounds::is_empty")]
    pub hook: ClassBounds,
    #[serde(skip_serializing_if = "ClassBounds::is_empty")]
    pub route: ClassBounds,
    /// Of one slice of a job.
    #[serde(skip_serializing_if = "ClassBounds::is_empty")]
    pub job: ClassBounds,
    /// Of one call with changes that it hears of.
    #[serde(skip_serializing_if = "ClassBounds::is_empty")]
    pub subscriber: ClassBounds,
    /// Of one call of a service. Its caller's bounds hold as well.
    #[serde(skip_serializing_if = "ClassBounds::is_empty")]
    pub service: ClassBounds,
    /// Of one portion of records that are carried over.
    #[serde(skip_serializing_if = "ClassBounds::is_empty")]
    pub migration: ClassBounds,
}

/// One thing that is set: of a class, or the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// `None`: how many instances there may be.
    pub of: Option<(Class, Bound)>,
    pub value: u64,
}

impl Setting {
    /// What consenting to it means.
    pub fn sentence(&self) -> String {
        let value = self.value;
        let Some((class, bound)) = self.of else { return format!("It may have {value} instances at a time.") };
        let bytes = |value: u64| {
            if value >= 1 << 20 && value.is_multiple_of(1 << 20) {
                format!("{} MiB", value >> 20)
            } else {
                format!("{value} bytes")
            }
        };
        let time = |value: u64| {
            if value.is_multiple_of(1_000) { format!("{} s", value / 1_000) } else { format!("{value} ms") }
        };
        let what = match bound {
            Bound::CpuMs => format!("compute for {}", time(value)),
            Bound::WallMs => format!("take {} by the clock", time(value)),
            Bound::MemoryBytes => format!("have {} of memory", bytes(value)),
            Bound::TableElements => format!("have {value} elements of tables"),
            Bound::HostCalls => format!("call the host {value} times"),
            Bound::Rows => format!("read {value} rows"),
            Bound::BytesIn => format!("be handed {}", bytes(value)),
            Bound::BytesOut => format!("hand over {} at once", bytes(value)),
            Bound::Writes => format!("make {value} changes"),
            Bound::ServiceDepth if value == 0 => "call no service".to_owned(),
            Bound::ServiceDepth => format!("have services call each other {value} deep"),
            Bound::LogLines => format!("log {value} lines"),
            Bound::LogBytes => format!("log {}", bytes(value)),
        };
        format!("{} may {what}.", class.spoken())
    }
}

impl fmt::Display for Setting {
    /// As it is consented to: `bound job.cpu_ms 20000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Some((class, bound)) => write!(f, "bound {}.{} {}", class.as_str(), bound.as_str(), self.value),
            None => write!(f, "bound instances {}", self.value),
        }
    }
}

impl Descriptor {
    /// Whether there are calls of a class.
    pub fn has(&self, class: Class) -> bool {
        match class {
            Class::Hook => self.collections.iter().any(|collection| collection.hook.is_some()),
            Class::Route => !self.routes.is_empty(),
            Class::Job => !self.jobs.is_empty(),
            Class::Subscriber => !self.subscriptions.is_empty(),
            Class::Service => !self.services.is_empty(),
            Class::Migration => self.migration.is_some(),
        }
    }
}

impl ClassBounds {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl PluginBounds {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub const fn class(&self, class: Class) -> &ClassBounds {
        match class {
            Class::Hook => &self.hook,
            Class::Route => &self.route,
            Class::Job => &self.job,
            Class::Subscriber => &self.subscriber,
            Class::Service => &self.service,
            Class::Migration => &self.migration,
        }
    }

    pub const fn class_mut(&mut self, class: Class) -> &mut ClassBounds {
        match class {
            Class::Hook => &mut self.hook,
            Class::Route => &mut self.route,
            Class::Job => &mut self.job,
            Class::Subscriber => &mut self.subscriber,
            Class::Service => &mut self.service,
            Class::Migration => &mut self.migration,
        }
    }

    /// All that is set, one thing after the other.
    pub fn settings(&self) -> impl Iterator<Item = Setting> + '_ {
        let instances = self.instances.map(|value| Setting { of: None, value });
        let classes = Class::ALL.into_iter().flat_map(move |class| {
            Bound::ALL.into_iter().filter_map(move |bound| {
                Some(Setting { of: Some((class, bound)), value: self.class(class).get(bound)? })
            })
        });
        instances.into_iter().chain(classes)
    }

    pub const fn get(&self, of: Option<(Class, Bound)>) -> Option<u64> {
        match of {
            Some((class, bound)) => self.class(class).get(bound),
            None => self.instances,
        }
    }

    pub const fn set(&mut self, of: Option<(Class, Bound)>, value: Option<u64>) {
        match of {
            Some((class, bound)) => self.class_mut(class).set(bound, value),
            None => self.instances = value,
        }
    }

    /// Those that are consented to, by [`Setting`]'s text.
    #[must_use]
    pub fn chosen(&self, named: &[String]) -> Self {
        let mut chosen = Self::default();
        for setting in self.settings().filter(|setting| named.contains(&setting.to_string())) {
            chosen.set(setting.of, Some(setting.value));
        }
        chosen
    }

    /// These, and where they say nothing, what the other says.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut both = other.clone();
        for setting in self.settings() {
            both.set(setting.of, Some(setting.value));
        }
        both
    }

    /// What is out of range, with its pointer: `/job/cpu_ms`.
    pub fn faults(&self) -> Vec<Issue> {
        self.settings()
            .filter_map(|Setting { of, value }| match of {
                Some((class, bound)) => Some(Issue::new(
                    format!("/{}/{}", class.as_str(), bound.as_str()),
                    "out-of-range",
                    format!("It {}.", out_of_range(bound, value)?),
                )),
                None if INSTANCES.contains(&value) => None,
                None => {
                    let message = format!("It is to be between {} and {}.", INSTANCES.start(), INSTANCES.end());
                    Some(Issue::new("/instances", "out-of-range", message))
                }
            })
            .collect()
    }
}

/// What the calls of a plugin may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    pub hook: Bounds,
    pub route: Bounds,
    pub job: Bounds,
    pub subscriber: Bounds,
    pub service: Bounds,
    pub migration: Bounds,
    /// Instances of one plugin at a time.
    pub instances: u64,
    /// Milliseconds that a call waits for an instance before it is told that all are busy.
    pub queue_ms: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            hook: Bounds::usual(Class::Hook),
            route: Bounds::usual(Class::Route),
            job: Bounds::usual(Class::Job),
            subscriber: Bounds::usual(Class::Subscriber),
            service: Bounds::usual(Class::Service),
            migration: Bounds::usual(Class::Migration),
            instances: 32,
            queue_ms: 1_000,
        }
    }
}

impl Allowance {
    pub const fn class(&self, class: Class) -> &Bounds {
        match class {
            Class::Hook => &self.hook,
            Class::Route => &self.route,
            Class::Job => &self.job,
            Class::Subscriber => &self.subscriber,
            Class::Service => &self.service,
            Class::Migration => &self.migration,
        }
    }

    const fn class_mut(&mut self, class: Class) -> &mut Bounds {
        match class {
            Class::Hook => &mut self.hook,
            Class::Route => &mut self.route,
            Class::Job => &mut self.job,
            Class::Subscriber => &mut self.subscriber,
            Class::Service => &mut self.service,
            Class::Migration => &mut self.migration,
        }
    }

    /// The same bounds for every class.
    #[must_use]
    pub fn alike(bounds: &Bounds) -> Self {
        let mut allowance = Self::default();
        for class in Class::ALL {
            *allowance.class_mut(class) = bounds.clone();
        }
        allowance
    }

    /// What holds for a plugin for which this is set.
    #[must_use]
    pub fn with(&self, set: &PluginBounds) -> Self {
        let mut allowance = self.clone();
        for class in Class::ALL {
            *allowance.class_mut(class) = self.class(class).with(set.class(class));
        }
        allowance.instances = set.instances.unwrap_or(self.instances);
        allowance
    }

    /// What is usual instead of what is set.
    pub const fn usual(&self, of: Option<(Class, Bound)>) -> u64 {
        match of {
            Some((class, bound)) => self.class(class).get(bound),
            None => self.instances,
        }
    }

    /// What is set so that it cannot hold beside what is usual, with its pointer: more computing than there is time.
    pub fn faults(&self, set: &PluginBounds) -> Vec<Issue> {
        let mut issues = set.faults();
        for class in Class::ALL {
            let bounds = self.class(class).with(set.class(class));
            if bounds.cpu_ms > bounds.wall_ms {
                let message = format!("It is at most wall_ms, which is {}.", bounds.wall_ms);
                issues.push(Issue::new(format!("/{}/cpu_ms", class.as_str()), "out-of-range", message));
            }
        }
        issues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(json: serde_json::Value) -> PluginBounds {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_set_for_a_plugin_holds_and_the_rest_is_as_usual() {
        let usual = Allowance::default();
        let holds = usual.with(&set(serde_json::json!({ "instances": 2, "job": { "cpu_ms": 40_000, "rows": 7 } })));
        assert_eq!((holds.instances, holds.job.cpu_ms, holds.job.rows), (2, 40_000, 7));
        assert_eq!(holds.job.wall_ms, 40_000, "what may be computed may take as long");
        assert_eq!((&holds.route, holds.job.writes), (&usual.route, usual.job.writes));
        assert_eq!(usual.with(&PluginBounds::default()), usual);
    }

    #[test]
    fn each_bound_is_consented_to_by_itself() {
        let asked =
            set(serde_json::json!({ "instances": 9, "hook": { "cpu_ms": 5 }, "job": { "rows": 8, "writes": 3 } }));
        let names: Vec<String> = asked.settings().map(|setting| setting.to_string()).collect();
        assert_eq!(names, ["bound instances 9", "bound hook.cpu_ms 5", "bound job.rows 8", "bound job.writes 3"]);
        let chosen = asked.chosen(&["bound job.rows 8".to_owned(), "bound job.writes 4".to_owned()]);
        assert_eq!(chosen, set(serde_json::json!({ "job": { "rows": 8 } })), "another number is another question");
        let before = set(serde_json::json!({ "job": { "rows": 1, "cpu_ms": 2 } }));
        assert_eq!(chosen.or(&before), set(serde_json::json!({ "job": { "rows": 8, "cpu_ms": 2 } })));
        assert!(serde_json::to_value(PluginBounds::default()).unwrap().as_object().unwrap().is_empty());
    }

    #[test]
    fn what_cannot_hold_is_told_with_its_place() {
        let bad = set(serde_json::json!({
            "instances": 0, "hook": { "memory_bytes": 1 }, "job": { "cpu_ms": 9_000, "wall_ms": 10 },
        }));
        let paths: Vec<String> = Allowance::default().faults(&bad).into_iter().map(|issue| issue.path).collect();
        assert_eq!(paths, ["/instances", "/hook/memory_bytes", "/job/cpu_ms"]);
        for class in Class::ALL {
            assert_eq!(Bounds::usual(class).faults(), []);
        }
    }
}
