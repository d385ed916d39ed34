//! Who waits for changes of an organization is woken: a hint that there may be more in the change log, never a promise.
//! So it is told, too, that who may do what has changed.
//!
//! A commit of this host wakes at once. On PostgreSQL other hosts are told in one `NOTIFY` for all organizations every
//! 20 ms, since one in every transaction takes two thirds of the writes. A notice that is lost is made up for by
//! whoever waits looking by itself now and then.

use crate::Store;
use crate::database::Statement;
use crate::identity::values;
use lignaflow_core::{Id, OrganizationId};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// PostgreSQL's channel, and in place of organizations that are too many to name.
const CHANNEL: &str = "lignaflow_changes";
const ALL: &str = "*";
/// In place of an organization: who may do what has changed.
const STANDING: &str = "standing";
/// Organizations in one notice: it takes 8,000 bytes, an id takes 37.
const NAMED: usize = 200;
const GATHER: Duration = Duration::from_millis(20);
const RECONNECT: Duration = Duration::from_secs(1);

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Signal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Tells this host's own notices from others'.
    host: Id,
    waiting: Mutex<HashMap<OrganizationId, watch::Sender<()>>>,
    /// How often it has become known here that who may do what has changed.
    standing: AtomicU64,
    /// What other hosts are not told of yet; `None` where there are none to be told.
    untold: Option<Mutex<Untold>>,
    told: Notify,
    /// Jobs were asked for.
    asked: Notify,
    /// Documents were asked for.
    papers: Notify,
}

#[derive(Debug, Default)]
struct Untold {
    organizations: BTreeSet<OrganizationId>,
    standing: bool,
}

/// One who waits for changes of one organization.
#[derive(Debug)]
pub struct Changes(watch::Receiver<()>);

impl Changes {
    /// Returns when something was changed since the last time, or since the beginning.
    pub async fn wait(&mut self) {
        if self.0.changed().await.is_err() {
            // Whoever wakes is gone: it is for the one who waits to look by itself.
            std::future::pending::<()>().await;
        }
    }
}

impl Signal {
    /// `shared` where other hosts may be on the same database.
    pub(crate) fn new(shared: bool) -> Self {
        Self(Arc::new(Inner {
            host: Id::fresh(),
            waiting: Mutex::default(),
            standing: AtomicU64::new(0),
            untold: shared.then(Mutex::default),
            told: Notify::new(),
            asked: Notify::new(),
            papers: Notify::new(),
        }))
    }

    /// Waits for changes of an organization from here on.
    pub fn subscribe(&self, organization: OrganizationId) -> Changes {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        Changes(waiting.entry(organization).or_insert_with(|| watch::Sender::new(())).subscribe())
    }

    /// An organization's log has grown, by this host.
    pub(crate) fn raise(&self, organization: OrganizationId) {
        self.wake(organization);
        if let Some(untold) = &self.0.untold {
            untold.lock().unwrap_or_else(PoisonError::into_inner).organizations.insert(organization);
            self.0.told.notify_one();
        }
    }

    /// Another number than before where who may do what may have changed since: what was found out about somebody
    /// holds only with the number that stood before it was asked.
    pub fn standing(&self) -> u64 {
        self.0.standing.load(Ordering::Acquire)
    }

    /// Who may do what has changed, by this host.
    pub fn raise_standing(&self) {
        self.0.standing.fetch_add(1, Ordering::AcqRel);
        if let Some(untold) = &self.0.untold {
            untold.lock().unwrap_or_else(PoisonError::into_inner).standing = true;
            self.0.told.notify_one();
        }
    }

    /// Jobs were asked for, by this host.
    pub fn ask(&self) {
        self.0.asked.notify_one();
    }

    /// Returns when jobs were asked for by this host since the last time.
    pub async fn asked(&self) {
        self.0.asked.notified().await;
    }

    /// Documents were asked for, by this host.
    pub fn ask_for_documents(&self) {
        self.0.papers.notify_one();
    }

    /// Returns when documents were asked for by this host since the last time.
    pub async fn asked_for_documents(&self) {
        self.0.papers.notified().await;
    }

    fn wake(&self, organization: OrganizationId) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&organization)
            && sender.send(()).is_err()
        {
            // Nobody waits any more.
            waiting.remove(&organization);
        }
    }

    /// Something was told that was not heard: it may have been anything.
    fn wake_all(&self) {
        self.0.standing.fetch_add(1, Ordering::AcqRel);
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, sender| sender.send(()).is_ok());
    }

    /// What to tell other hosts, once there is something.
    async fn notice(&self, untold: &Mutex<Untold>) -> String {
        loop {
            self.0.told.notified().await;
            tokio::time::sleep(GATHER).await;
            let untold = std::mem::take(&mut *untold.lock().unwrap_or_else(PoisonError::into_inner));
            let Untold { organizations, standing } = untold;
            if organizations.is_empty() && !standing {
                continue;
            }
            let mut notice = self.0.host.to_string();
            if standing {
                let _ = write!(notice, " {STANDING}");
            }
            if organizations.len() > NAMED {
                let _ = write!(notice, " {ALL}");
            } else {
                for organization in organizations {
                    let _ = write!(notice, " {}", organization.0);
                }
            }
            return notice;
        }
    }

    /// What another host told.
    fn heed(&self, notice: &str) {
        let mut words = notice.split(' ');
        if words.next().and_then(|host| host.parse::<Id>().ok()) == Some(self.0.host) {
            return;
        }
        for word in words {
            match word.parse::<Id>() {
                Ok(id) => self.wake(OrganizationId(id)),
                Err(_) if word == STANDING => {
                    self.0.standing.fetch_add(1, Ordering::AcqRel);
                }
                Err(_) => self.wake_all(),
            }
        }
    }
}

impl Store {
    /// Wakes whoever waits for changes of an organization.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Tells other hosts of this one's changes and hears of theirs, until stopped. On SQLite there are no others.
    pub async fn relay(&self, stopped: impl Future<Output = ()> + Send) {
        let Some(untold) = &self.signal.0.untold else { return };
        tokio::select! {
            () = stopped => {}
            () = self.tell(untold) => {}
            () = self.listen() => {}
        }
    }

    async fn tell(&self, untold: &Mutex<Untold>) {
        loop {
            let notice = self.signal.notice(untold).await;
            let statement = Statement::new("select pg_notify($1, $2)", values![CHANNEL, notice]);
            if let Err(error) = self.database().fetch_all(statement).await {
                tracing::debug!(%error, "other hosts could not be told of changes");
            }
        }
    }

    async fn listen(&self) {
        loop {
            match self.database().listen(CHANNEL).await {
                Ok(mut notices) => {
                    // What was told before this connection stood is not known.
                    self.signal.wake_all();
                    loop {
                        match notices.try_recv().await {
                            Ok(Some(notice)) => self.signal.heed(notice.payload()),
                            Ok(None) => self.signal.wake_all(),
                            Err(error) => {
                                tracing::debug!(%error, "other hosts' changes cannot be heard of");
                                break;
                            }
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "other hosts' changes cannot be heard of"),
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn organization() -> OrganizationId {
        OrganizationId(Id::fresh())
    }

    #[test]
    fn who_waits_is_woken_once_for_what_came_meanwhile() {
        let signal = Signal::new(false);
        let (one, other) = (organization(), organization());
        let mut changes = signal.subscribe(one);
        assert!(changes.wait().now_or_never().is_none());
        signal.raise(other);
        assert!(changes.wait().now_or_never().is_none(), "another organization's changes are not its own");
        signal.raise(one);
        signal.raise(one);
        assert!(changes.wait().now_or_never().is_some());
        assert!(changes.wait().now_or_never().is_none());
    }

    #[test]
    fn an_organization_that_nobody_waits_for_is_forgotten() {
        let signal = Signal::new(false);
        let one = organization();
        drop(signal.subscribe(one));
        signal.raise(one);
        assert!(signal.0.waiting.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_changes_together_is_told_in_one_notice_and_heeded_by_others_alone() {
        let (here, there) = (Signal::new(true), Signal::new(true));
        let (one, other) = (organization(), organization());
        for organization in [one, other, one] {
            here.raise(organization);
        }
        let notice = here.notice(here.0.untold.as_ref().unwrap()).await;
        let (mut own, mut theirs) = (here.subscribe(one), there.subscribe(other));
        for signal in [&here, &there] {
            signal.heed(&notice);
        }
        assert!(own.wait().now_or_never().is_none());
        assert!(theirs.wait().now_or_never().is_some());
        assert_eq!(notice.split(' ').count(), 3);
    }

    #[tokio::test]
    async fn that_who_may_do_what_has_changed_is_known_here_at_once_and_told() {
        let (here, there) = (Signal::new(true), Signal::new(true));
        let before = (here.standing(), there.standing());
        here.raise_standing();
        assert_ne!(here.standing(), before.0);
        let notice = here.notice(here.0.untold.as_ref().unwrap()).await;
        let now = here.standing();
        here.heed(&notice);
        there.heed(&notice);
        assert_eq!(here.standing(), now, "its own notice is no news");
        assert_ne!(there.standing(), before.1);
    }

    #[tokio::test]
    async fn too_many_to_name_are_all() {
        let (here, there) = (Signal::new(true), Signal::new(true));
        for _ in 0..=NAMED {
            here.raise(organization());
        }
        let notice = here.notice(here.0.untold.as_ref().unwrap()).await;
        assert!(notice.len() < 100);
        let mut changes = there.subscribe(organization());
        there.heed(&notice);
        assert!(changes.wait().now_or_never().is_some());
    }
}
