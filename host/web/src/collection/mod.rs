//! The pages that every collection has from its descriptor alone: list, form, record, and the page after somebody else
//! was faster.

pub mod asking;
mod cell;
mod columns;
pub mod conflict;
mod draft;
pub mod earlier;
mod files;
pub mod follow;
pub mod form;
pub mod in_place;
mod input;
pub mod list;
mod query;
pub mod record;
pub mod share;
pub mod views;

pub(crate) use cell::Cells;
pub use cell::tag;
pub(crate) use columns::field_title;
pub use draft::{BASE, Draft, FIND, Find, Moved, VERSION};
pub use files::{FILE, takes_files};
pub(crate) use input::{Inputs, input_width};
pub use query::ListQuery;
