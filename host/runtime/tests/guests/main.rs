//! Guests, good and bad, through the door that the rest of the host uses. They are built by `cargo xtask plugins`.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod bounds;
mod counting;
mod hostile;
mod languages;
mod loading;
mod registry;
mod serving;
mod support;
