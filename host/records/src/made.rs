//! Files that guest code sees and makes, and what it sends outside. Which files it sees is settled here: those that
//! records hold which it may read, and those that the caller has brought and no record holds yet. What it makes is kept
//! together with the records that hold it.

use crate::reads::GuestReads;
use crate::{Records, answers};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::files::{Files, MAX_MADE, Making, NewFile};
use lignaflow_core::media::{MAX_NAME, Media, Place, State};
use lignaflow_core::outbound::Outbound;
use lignaflow_core::query::Authority;
use lignaflow_core::reads::Reads as _;
use lignaflow_core::value::Value;
use lignaflow_core::{ErrorCode, Fault, Id};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A file that a call has begun.
pub(crate) struct MadeFile {
    pub id: Id,
    name: String,
    making: Box<dyn Making>,
}

impl std::fmt::Debug for MadeFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeFile").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Who keeps bytes and who sends, and what one call has made.
#[derive(Default)]
pub(crate) struct Outside {
    files: Option<Arc<dyn Files>>,
    outbound: Option<Arc<dyn Outbound>>,
    made: Mutex<Vec<MadeFile>>,
}

impl Outside {
    /// That of a call which this one leads to.
    pub(crate) fn nested(&self) -> Self {
        Self { files: self.files.clone(), outbound: self.outbound.clone(), made: Mutex::default() }
    }

    pub(crate) fn files(&self) -> Result<&Arc<dyn Files>, Fault> {
        self.files.as_ref().ok_or_else(|| Fault::new(ErrorCode::Unavailable, "No files are kept here."))
    }

    pub(crate) fn outbound(&self) -> Result<&Arc<dyn Outbound>, Fault> {
        self.outbound.as_ref().ok_or_else(|| Fault::new(ErrorCode::Unavailable, "Nothing is sent from here."))
    }

    /// What the call has made, once it has ended.
    pub(crate) fn made(&self) -> Vec<MadeFile> {
        self.made.try_lock().map(|mut made| std::mem::take(&mut *made)).unwrap_or_default()
    }

    pub(crate) async fn append(&self, id: Id, bytes: Vec<u8>) -> Result<(), Fault> {
        let mut made = self.made.lock().await;
        let file = made.iter_mut().find(|file| file.id == id);
        file.ok_or_else(|| Fault::not_found("file that this call has begun"))?.making.append(bytes).await
    }
}

impl GuestReads {
    /// The file, where the plugin may see it on these rights. Whatever else it is, there is no such file.
    pub(crate) async fn file(&self, id: Id, authority: Authority) -> Result<Media, Fault> {
        let nothing = || Fault::not_found("file");
        let access = Access::of_plugin(self.caller.organization);
        let found = self.store.media(access, &[id]).await.map_err(answers::of_store)?;
        let media = found.into_iter().next().filter(|media| media.state.is_whole()).ok_or_else(nothing)?;
        let may = match (media.state, &media.place) {
            (State::Attached, Some(place)) => self.sees(place, id, authority).await?,
            _ => media.created_by.is_some() && media.created_by == self.caller.person(),
        };
        if !may {
            return Err(nothing());
        }
        if media.pending {
            return Err(Fault::new(ErrorCode::Unavailable, "The document is being made."));
        }
        Ok(media)
    }

    /// Whether the plugin may read the record that holds the file, and sees it there.
    async fn sees(&self, place: &Place, id: Id, authority: Authority) -> Result<bool, Fault> {
        let name = &place.collection;
        let organization = self.caller.organization;
        let Some(guest) = self.snapshot.plugins.get(&self.plugin) else { return Ok(false) };
        let granted = guest.descriptor().grants.reads(&self.plugin, name) && guest.grants().reads(&self.plugin, name);
        if !granted || !self.snapshot.is_enabled(organization, &name.plugin) {
            return Ok(false);
        }
        let field = [place.field.clone()];
        let values = match self.get(&name.to_string(), place.record, &field, self.authority(authority)).await {
            Ok(values) => values,
            Err(fault) if fault.code == ErrorCode::Unavailable => return Err(fault),
            // A field that the caller does not see is as good as none.
            Err(_) => return Ok(false),
        };
        Ok(match values.as_deref() {
            Some([Value::Reference(held)]) => *held == id,
            Some([Value::References(held)]) => held.contains(&id),
            _ => false,
        })
    }

    pub(crate) async fn begin_file(&self, id: Id, name: &str) -> Result<(), Fault> {
        if !self.reach.may_write {
            return Err(Fault::denied("Nothing is kept of this call: it makes no files."));
        }
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(Fault::at("/name", "name", format!("A file's name has 1 to {MAX_NAME} characters.")));
        }
        let mut made = self.outside.made.lock().await;
        if made.iter().any(|file| file.id == id) {
            return Err(Fault::at("/id", "taken", "This call has begun a file of this id."));
        }
        if made.len() >= MAX_MADE {
            return Err(Fault::new(ErrorCode::Quota, format!("One call makes at most {MAX_MADE} files.")));
        }
        let making = self.outside.files()?.begin()?;
        made.push(MadeFile { id, name: name.to_owned(), making });
        Ok(())
    }
}

impl Records {
    pub(crate) fn outside(&self) -> Outside {
        Outside { files: self.files.clone(), outbound: self.outbound.clone(), made: Mutex::default() }
    }

    /// Has what was made kept, for records of the commit that follows to hold it.
    pub(crate) async fn keep_made(&self, caller: &Caller, files: Vec<MadeFile>) -> Result<(), Fault> {
        for MadeFile { id, name, making } in files {
            let file = NewFile { id, name, by: caller.person() };
            let _ = making.keep(Access::of_plugin(caller.organization), file).await?;
        }
        Ok(())
    }

    /// Takes away again what no record came to hold.
    pub(crate) async fn discard_unheld(&self, caller: &Caller, made: &[Id]) {
        if let Some(files) = &self.files {
            files.discard(caller.organization, made).await;
        }
    }
}
