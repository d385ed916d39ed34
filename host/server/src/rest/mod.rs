//! The API under `/api/v1`. Collections and routes of plugins are found by name at each call, since plugins come and go
//! while the server runs; what the host itself offers stands in [`host`].
//!
//! | file | holds |
//! |---|---|
//! | [`dispatch`] | from path and method to what is meant |
//! | [`collections`] | list, get, create, change, archive, restore, transitions, summary |
//! | [`accept`], [`export`] | in which format; lists and summaries as files |
//! | [`batch`] | many changes in one request |
//! | [`answer`] | answers before they are HTTP |
//! | [`imports`] | files that become records |
//! | [`fields`] | fields that organizations add |
//! | [`query`], [`expand`] | the query string; which fields of which records are shown |
//! | [`body`], [`etag`] | JSON bodies; versions as ETags |
//! | [`guest`], [`table`] | plugins' own routes; the tables in their answers |
//! | [`repeat`] | requests that come twice |
//! | [`host`] | sign-in, tokens, sessions, people, plugins, the search over everything |

pub mod accept;
pub mod answer;
pub mod batch;
pub mod body;
pub mod collections;
pub mod dispatch;
pub mod etag;
pub mod expand;
pub mod export;
pub mod fields;
pub mod guest;
pub mod host;
pub mod imports;
pub mod query;
pub mod repeat;
pub mod table;
