//! Between the contract's types and those that authors see. What comes from the host is read strictly: a value that the
//! contract does not allow is a fault of the host's, told as such and never guessed at.

mod calls;
mod post;
mod query;
mod values;
mod writing;

pub use calls::Component;
#[cfg(target_arch = "wasm32")]
pub(crate) use calls::{caller, level, person};
#[cfg(target_arch = "wasm32")]
pub(crate) use query::{authority, page, selection, summary};
#[cfg(target_arch = "wasm32")]
pub(crate) use values::{broken, entry, fault, id, value, values};
