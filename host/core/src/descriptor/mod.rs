//! What a plugin is, without running it: `plugin.toml`, carried in the component's custom section
//! `lignaflow:descriptor`. [`model`] is its shape, [`page`] that of pages, [`parse`] reads it with errors that name line
//! and key, [`check`] holds the rules that no shape can say, [`former`] those of earlier names, [`migration`] those of
//! records that are carried over, [`post`] what is said of letters and links, [`routed`] blocks that call routes,
//! [`download`] files that are taken, [`first_steps`] what is done first, [`house_form`] of forms in the house, [`report`] of reports,
//! [`presets`], [`services`], [`settings`] and [`views`] those of what they are named after.

mod block;
mod check;
mod download;
mod family;
mod first_steps;
mod former;
mod house_form;
mod kept;
mod lines;
mod migration;
mod model;
mod page;
mod parse;
mod post;
mod presets;
mod record_pages;
mod report;
mod routed;
mod schema;
mod services;
mod settings;
mod views;
mod work;

pub use block::*;
pub use check::RESERVED;
pub use download::DownloadBlock;
pub use first_steps::FirstStep;
pub use former::Former;
pub use lines::{LineEditorBlock, Taking};
pub use model::*;
pub use page::{Asks, Menu, Page, RECORD};
pub use parse::{DescriptorFault, MAX_BYTES, nearest, parse};
pub use post::{DetailBlock, FormBlock, MailTemplate, PageLink, SheetBlock};
pub use presets::Preset;
pub use report::{Column, ColumnKind, Columns, ReportBlock, StatementBlock, StatementChart, StatementFile};
pub use routed::{ReviewBlock, TimerBlock, WeekGridBlock};
pub use schema::json_schema;
pub use services::{Service, ServiceMethod, parts as service_parts};
pub use views::ListView;
pub use work::unknown as unknown_events;
