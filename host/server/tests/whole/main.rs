//! The whole server from outside: HTTP over real TLS, on both databases. One program, so that it is linked once and a
//! plugin is compiled once; one file a theme.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod access;
mod badinput;
mod batch;
mod browser;
mod cli;
mod contract;
mod custom;
mod document;
mod doors;
mod durability;
mod estimates;
mod exports;
mod family;
mod feed;
mod forms;
mod fuzz;
mod hidden;
mod hosts;
mod imports;
mod isolation;
mod jobs;
mod kept;
mod leaving;
mod lists;
mod mail;
mod media;
mod migrations;
mod pages;
mod permissions;
mod plugins;
mod records;
mod renames;
mod repeats;
mod revert;
mod roles;
mod routes;
mod rules;
mod scene;
mod search;
mod sightings;
mod starting;
mod upgrades;
mod views;
mod webhooks;
