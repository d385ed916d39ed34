//! Documents: what plugins ask for in a commit is made once it stands, by as many hosts as there are, each in a process of
//! its own with little memory and little time.
//!
//! | file | holds |
//! |---|---|
//! | [`child`] | what that process does |
//! | [`worker`] | one document after the other is taken over and made |
//! | [`order`] | what a template sees: the plugin's files, the organization's own template, its logo, and the data |
//! | [`acts`] | what administrators see and do: documents that cannot be made, templates, the logo |

pub mod acts;
pub mod child;
mod order;
pub mod worker;

pub use order::Paper;

use crate::background::Rooms;
use crate::confined::{Bounds, Ended, Program};
use crate::media::Media;
use futures_util::future::BoxFuture;
use lignaflow_core::clock::Clock;
use lignaflow_core::{ErrorCode, Fault, Id, OrganizationId};
use lignaflow_documents::{Flaw, Made, Order, Outcome};
use lignaflow_runtime::Registry;
use lignaflow_store::documents;
use lignaflow_store::{Store, StoreError, Tx};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bytes of a PDF at most.
const MOST_BYTES: usize = 32 << 20;
/// Documents that one host makes at once: each has a core to itself.
const AT_ONCE: usize = 2;

/// The documents of this instance. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Documents(Arc<Inner>);

struct Inner {
    store: Store,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    media: Media,
    program: Program,
    bounds: Bounds,
    places: Semaphore,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// Why a document was not made.
#[derive(Debug, Clone, PartialEq)]
enum Unmade {
    /// It is the template's, or the data's: the same again comes to the same.
    Flawed(Flaw),
    /// Not now.
    Later(Fault),
}

impl Documents {
    pub fn new(rooms: Rooms, media: Media, program: Program, bounds: Bounds) -> Self {
        let Rooms { store, registry, clock, .. } = rooms;
        let places = Semaphore::new(AT_ONCE);
        Self(Arc::new(Inner { store, registry, clock, media, program, bounds, places }))
    }

    /// Makes a document in a process of its own.
    async fn make(&self, mut order: Order) -> Result<Made, Unmade> {
        let _place = self.0.places.acquire().await.map_err(|_| Unmade::Later(Fault::internal()))?;
        order.most = MOST_BYTES;
        let Bounds { memory, seconds } = self.0.bounds;
        let flawed = |message: String| Err(Unmade::Flawed(Flaw::of(message)));
        let input = order.to_bytes().map_err(|error| Unmade::Flawed(Flaw::of(error.to_string())))?;
        // What comes before the PDF is one line.
        let answer = self.0.program.ask("make-document", self.0.bounds, input, MOST_BYTES + 64 * 1024).await;
        match answer {
            Ok(bytes) => match Outcome::read(&bytes) {
                Ok(Outcome::Made(made)) => Ok(made),
                Ok(Outcome::Flawed(flaw)) => Err(Unmade::Flawed(flaw)),
                Err(error) => {
                    tracing::error!(%error, "the process that makes documents cannot be understood");
                    Err(Unmade::Later(Fault::internal()))
                }
            },
            Err(Ended::TooSlow) => {
                flawed(format!("It takes more than the {seconds} seconds of computing that it has."))
            }
            Err(Ended::TooLarge) => {
                flawed(format!("It takes more than the {} MiB of memory that it has.", memory >> 20))
            }
            Err(Ended::TooMuch) => flawed(format!("It has more than the {MOST_BYTES} bytes that are taken.")),
            Err(Ended::Failed(why)) => {
                tracing::error!(why, "the process that makes documents failed");
                Err(Unmade::Later(Fault::new(ErrorCode::Unavailable, "The document cannot be made just now.")))
            }
        }
    }

    /// Why a document cannot be made, where it was given up.
    pub async fn flaw(&self, organization: OrganizationId, id: Id) -> Result<Option<String>, Fault> {
        let known = documents::one(self.0.store.database(), organization, id).await.map_err(unavailable)?;
        let failed = known.filter(|document| document.state == documents::State::Failed);
        Ok(failed.map(|document| document.error.unwrap_or_default()))
    }

    async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.store.database().write(work).await.map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unavailable(error: StoreError) -> Fault {
    tracing::error!(%error, "the tables of documents could not be used");
    Fault::new(
        ErrorCode::Unavailable,
        "The database cannot be reached just now. Nothing was changed; try again shortly.",
    )
}
