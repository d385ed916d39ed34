//! What guest code may ask the host while it runs. `host/records` implements it, for one call at a time; `host/runtime`
//! calls it and never learns where records live.

use crate::caller::Caller;
use crate::error::Fault;
use crate::files::{TableRows, TableSlice};
use crate::guest::{Remainder, ServiceCall};
use crate::id::{Id, OrganizationId};
use crate::media::Media;
use crate::name::PluginId;
use crate::outbound::{OutboundRequest, OutboundResponse};
use crate::query::{Authority, Page, Selection, Summary};
use crate::value::Value;
use async_trait::async_trait;

/// A person of the organization, as plugins see one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: Id,
    pub name: String,
    pub active: bool,
    pub locale: String,
    pub time_zone: String,
}

/// The reads of one guest call. What is read is remembered, so that it can be re-checked when the call's writes commit.
#[async_trait]
pub trait Reads: Send + Sync {
    fn caller(&self) -> &Caller;
    /// The selected values of one record, in order; `None` where there is none that may be read.
    async fn get(
        &self,
        collection: &str,
        id: Id,
        select: &[String],
        authority: Authority,
    ) -> Result<Option<Vec<Value>>, Fault>;
    async fn find(&self, selection: &Selection) -> Result<Page, Fault>;
    async fn summarize(&self, summary: &Summary) -> Result<Page, Fault>;
    async fn person(&self, id: Id) -> Result<Option<Person>, Fault>;
    /// The people who hold a permission, or all, by name; at most 1,000.
    async fn people(&self, permission: Option<&str>) -> Result<Vec<Person>, Fault>;
    /// The value of a setting of the plugin; nothing where it is empty, secret or not declared.
    async fn setting(&self, key: &str) -> Result<Option<Value>, Fault>;
    /// A file that the plugin may see on these rights.
    async fn describe_file(&self, id: Id, authority: Authority) -> Result<Media, Fault>;
    /// A part of its bytes, shorter at its end.
    async fn read_file(&self, id: Id, authority: Authority, offset: u64, length: usize) -> Result<Vec<u8>, Fault>;
    /// Some of its rows, where it is a table.
    async fn table_rows(&self, id: Id, authority: Authority, slice: TableSlice) -> Result<TableRows, Fault>;
    /// Begins a file that the call makes.
    async fn create_file(&self, id: Id, name: &str) -> Result<(), Fault>;
    /// Adds to a file that the call has begun.
    async fn append_to_file(&self, id: Id, bytes: Vec<u8>) -> Result<(), Fault>;
    /// Sends something from a job to a host outside, which is granted.
    async fn send(&self, job: &str, request: OutboundRequest) -> Result<OutboundResponse, Fault>;
    /// The answer of another plugin's service, whose writes join those of this call.
    async fn call_service(&self, plugin: &PluginId, call: ServiceCall, rest: Remainder) -> Result<String, Fault>;
}

/// Who belongs to an organization. Implemented by `host/identity`.
#[async_trait]
pub trait Directory: Send + Sync {
    async fn person(&self, organization: OrganizationId, id: Id) -> Result<Option<Person>, Fault>;
    /// The people who hold a permission, or all, by name; at most 1,000.
    async fn people(&self, organization: OrganizationId, permission: Option<&str>) -> Result<Vec<Person>, Fault>;
    /// What these are called, of those who belong, or belonged, to the organization.
    async fn names(&self, organization: OrganizationId, ids: &[Id]) -> Result<Vec<(Id, String)>, Fault>;
    /// Somebody who belongs, or belonged, to the organization, by their address.
    async fn addressed(&self, organization: OrganizationId, email: &str) -> Result<Option<Id>, Fault>;
}
