//! Pages: HTML out of plain view-models, and what people type back into values. No I/O, no clock, no database.
//!
//! The server fills a view-model and calls the page's function; every page reads and posts without script, and the small
//! modules under `assets/js` make it quick.
//!
//! | module | holds |
//! |---|---|
//! | [`reader`], [`locale`] | who reads: zone, currency, how their region writes figures and dates |
//! | [`mod@format`], [`parse`] | values as text, and text as values |
//! | [`assets`], [`icon`] | style sheets, modules, icons, at addresses that hold their hash |
//! | [`paths`] | the addresses of pages, which the router is built to match |
//! | [`shell`], [`navigation`], [`document`] | the house around a page |
//! | [`collection`] | list, form, record and conflict of any collection, from its descriptor |
//! | [`labels`], [`activity`] | names of what values refer to; what happened to a record |
//! | [`blocks`] | pages that plugins declare |
//! | [`imports`] | the wizard by which files become records |
//! | [`home`], [`search`] | the first page, and the way anywhere |
//! | [`door`], [`account`] | signing in, setting up; one's own password, tokens and sessions |
//! | [`notices`] | one's own notices, and how one is told by mail |
//! | [`visitor`] | pages for people without an account, who come by a link |
//! | [`admin`] | plugins: switched, granted, installed, read in their log; people, roles, the audit |
//! | [`second_factor`] | a second factor, and proving once more who one is |
//! | [`qr`] | QR codes |
//! | [`mail`] | letters, as mail clients show them |
//! | [`message`] | everything that went wrong, and what to do next |

pub mod account;
pub mod activity;
pub mod admin;
pub mod assets;
pub mod blocks;
pub mod collection;
#[cfg(test)]
mod contrast;
mod control;
pub mod document;
pub mod door;
mod empty;
pub mod format;
pub mod home;
pub mod icon;
pub mod imports;
mod issues;
pub mod labels;
pub mod locale;
pub mod mail;
pub mod message;
pub mod navigation;
pub mod notices;
pub mod parse;
pub mod paths;
pub mod qr;
pub mod reader;
pub mod search;
pub mod second_factor;
pub mod shell;
#[cfg(test)]
mod testing;
pub mod visitor;
mod zones;

pub use collection::{Draft, ListQuery};
pub use document::Theme;
pub use maud::Markup;
pub use reader::Reader;
pub use shell::{Flash, Shell};
