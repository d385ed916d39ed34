//! What is written beside a request, which neither waits for it nor fails with it: that a session or token is in use, and
//! letters of which nobody is to learn by the time of an answer whether there was one.

use lignaflow_core::Id;
use lignaflow_store::StoreError;
use std::collections::HashSet;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use tokio::task::JoinSet;

/// Notes under way at one time. Past it they are left out, and come with the next use.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Touches(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    tasks: JoinSet<Id>,
    under_way: HashSet<Id>,
}

impl Touches {
    /// Starts writing a note, unless one of the same session or token is being written.
    pub(crate) fn start(&self, id: Id, write: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(done) = state.tasks.try_join_next() {
            match done {
                Ok(id) => {
                    state.under_way.remove(&id);
                }
                // Whose note it was is not told; none is held up for it.
                Err(_) => state.under_way.clear(),
            }
        }
        if state.tasks.len() >= MOST || !state.under_way.insert(id) {
            return;
        }
        state.tasks.spawn(async move {
            if let Err(error) = write.await {
                tracing::warn!(%error, "what is written beside a request, such as that a session is in use, was not written");
            }
            id
        });
    }

    /// Waits for those under way.
    pub(crate) async fn settle(&self) {
        let state = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut tasks = state.tasks;
        while tasks.join_next().await.is_some() {}
    }
}
