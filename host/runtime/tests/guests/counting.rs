//! What the counters say of calls.

use crate::support::{call, load};
use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Keeps counters and gauges by their name and labels.
#[derive(Default, Clone)]
struct Kept(Arc<Mutex<BTreeMap<String, i64>>>);

struct One(Kept, String);

impl One {
    fn add(&self, by: i64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += by;
    }
}

impl CounterFn for One {
    fn increment(&self, by: u64) {
        self.add(i64::try_from(by).unwrap());
    }

    fn absolute(&self, _: u64) {}
}

#[expect(clippy::cast_possible_truncation, reason = "a gauge of instances goes up and down by one")]
impl GaugeFn for One {
    fn increment(&self, by: f64) {
        self.add(by as i64);
    }

    fn decrement(&self, by: f64) {
        self.add(-(by as i64));
    }

    fn set(&self, _: f64) {}
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(One(self.clone(), format!("{} {}", key.name(), labels.join(" "))))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn calls_are_counted_by_how_they_ended() {
    let kept = Kept::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&kept, || {
        runtime.block_on(async {
            let (honest, bad) = (load("honest"), load("bad-answer"));
            for _ in 0..3 {
                call(&honest, "hello").await.unwrap();
            }
            call(&honest, "refuse").await.unwrap_err();
            call(&bad, "not-json").await.unwrap_err();
            call(&bad, "foreign-write").await.unwrap_err();
        });
    });
    let calls = |plugin: &str, outcome: &str| {
        let label = format!("plugin={plugin} version=0.1.0 kind=route outcome={outcome}");
        kept.0.lock().unwrap().get(&format!("lignaflow_plugin_calls_total {label}")).copied()
    };
    assert_eq!(calls("honest", "answered"), Some(3));
    assert_eq!(calls("honest", "refused"), Some(1));
    assert_eq!(calls("bad-answer", "bad-answer"), Some(1));
    assert_eq!(calls("bad-answer", "not-granted"), Some(1));
    let others = kept.0.lock().unwrap();
    assert_eq!(others["lignaflow_plugin_denied_total plugin=bad-answer version=0.1.0"], 1);
    assert_eq!(others["lignaflow_plugin_instances plugin=honest version=0.1.0"], 0);
}
