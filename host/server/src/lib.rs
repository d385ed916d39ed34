//! The server: everything between a socket and a handler, and the command line.
//!
//! | module | holds |
//! |---|---|
//! | [`cli`], [`commands`] | what can be typed, and what it does |
//! | [`assemble`], [`app`] | the rooms, opened and wired |
//! | [`router`] | every door in one place |
//! | [`auth`] | who asks |
//! | [`rest`], [`openapi`] | the API and its document |
//! | [`pages`] | what people see |
//! | [`webhooks`] | changes told elsewhere |
//! | [`live`] | streams of events |
//! | [`media`] | files that records hold |
//! | [`plugins`], [`customs`] | which plugins run; the fields that organizations add to their collections |
//! | [`background`] | work beside the requests, done by one host of several |
//! | [`jobs`] | work of plugins without a caller |
//! | [`notices`], [`links`] | what people are told; links for people without an account |
//! | [`link_secret`], [`sharing`] | the secrets of links for people without an account; kept views that are shown by one |
//! | [`mail`] | letters, queued with what they belong to and sent afterwards |
//! | [`confined`] | processes of this program that do what may be hostile, with little memory and little time |
//! | [`tables`], [`importing`], `times` | files from outside, read in such a process; the work on imports; time reports of other programs |
//! | [`compiling`] | plugins, compiled in such a process |
//! | [`documents`] | PDFs of templates and data, made in such a process |
//! | [`config`] | every setting, where its value comes from, what it may be |
//! | [`logging`], [`metrics`], [`health`] | what operators see |
//! | [`tls`] | the local authority, the leaf, the operator's own certificate |
//! | [`listener`], [`redirect`], [`shutdown`] | connections with a deadline for each stage, and their end |
//! | [`middleware`] | what every request passes through, in one commented function |
//! | [`serve`] | listeners and certificate of one run |
//! | [`problem`] | faults as `application/problem+json`; the one place that gives them a status |

pub mod app;
pub mod assemble;
pub mod auth;
pub mod background;
pub mod cli;
pub mod commands;
pub mod compiling;
pub mod config;
pub mod confined;
pub mod customs;
pub mod documents;
pub mod health;
pub mod importing;
pub mod jobs;
pub mod link_secret;
pub mod links;
pub mod listener;
pub mod live;
pub mod logging;
pub mod mail;
pub mod media;
pub mod metrics;
pub mod middleware;
pub mod notices;
pub mod openapi;
pub mod outbound;
pub mod outside;
pub mod pages;
pub mod plugins;
pub mod privacy;
pub(crate) mod private_file;
pub mod problem;
pub mod redirect;
pub mod rest;
pub mod rotation;
pub mod router;
#[cfg(feature = "shipped")]
pub mod sample;
pub mod secret_key;
pub mod serve;
pub mod settings;
pub mod sharing;
pub mod shutdown;
pub mod tables;
pub(crate) mod temporary;
#[cfg(feature = "shipped")]
pub mod times;
pub mod tls;
pub mod uses;
pub mod views;
pub mod webhooks;
