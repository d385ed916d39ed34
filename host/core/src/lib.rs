//! What every room of the host speaks of, and no I/O, no clock, no database, no HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`id`], [`name`] | identifiers and names, parsed once at the edge |
//! | [`value`], [`fold`], [`search`] | values that fields hold; text as it is sorted; the words that it is found by |
//! | [`descriptor`] | `plugin.toml`: shape, reading, rules, JSON Schema |
//! | [`allowance`] | what guest code may use, for each class of call and for one plugin |
//! | [`derive`], [`sequence`], [`conditions`] | calculated fields; numbers; checks and conditions of a record's own values |
//! | [`catalog`], [`custom`] | all loaded collections, with their fields by position; those that organizations add |
//! | [`query`], [`bind`], [`bound`], [`cursor`] | the query tree as written, its resolution, and as it is run |
//! | [`rule`], [`access`] | rules of access and of data, as descriptors write them; what of the catalog a caller sees |
//! | [`period`], [`cron`] | `this-week` and its like as days; times that come again |
//! | [`record`], [`mutation`], [`commit`] | records, input into values, what a transaction is made of |
//! | [`background`], [`position`] | jobs and subscribers, as commits know of them; places in the change log |
//! | [`caller`] | who asks and what they may |
//! | [`repeat`] | answers that can be given again |
//! | [`accent`] | the colour that an organization gives its pages |
//! | [`mail`], [`post`] | what letters say; notices, letters and links as plugins ask for them |
//! | [`media`] | files that records hold: what is known of one, what its bytes say that it is |
//! | [`sheet`], [`signature`] | what routes put on pages, also of those who come by a link; a signature drawn by hand |
//! | [`reads`], [`guest`] | the traits between records and guest code |
//! | [`memory`] | the query tree over plain vectors: the model that stores are tested against |
//! | [`error`], [`clock`] | faults without HTTP; time as a parameter |

pub mod accent;
pub mod access;
pub mod allowance;
pub mod background;
pub mod bind;
pub mod bound;
pub mod caller;
pub mod catalog;
pub mod clock;
pub mod commit;
pub mod conditions;
pub mod cron;
pub mod cursor;
pub mod custom;
pub mod derive;
pub mod descriptor;
pub mod error;
pub mod files;
pub mod fold;
pub mod guest;
pub mod id;
pub mod mail;
pub mod media;
pub mod memory;
pub mod mutation;
pub mod name;
pub mod outbound;
pub mod period;
pub mod position;
pub mod post;
pub mod query;
pub mod reads;
pub mod reckoning;
pub mod record;
pub mod repeat;
pub mod rule;
pub mod search;
pub mod sequence;
pub mod settings;
pub mod sheet;
pub mod signature;
pub mod value;

pub use error::{ErrorCode, Fault, Issue};
pub use id::{Id, OrganizationId, PersonId, RequestId};
pub use value::{Currency, Decimal, Money, Value};

/// The version of `lignaflow:plugin` in `wit/` that this host speaks, as descriptors name it in `api`.
pub const CONTRACT: &str = "0.1";
