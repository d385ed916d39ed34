//! An upload on its way in: read to the disk as it comes, never whole into memory; measured, named by its SHA-256 and
//! told what it is. Whoever leaves in the middle leaves nothing.

use super::picture::dimensions;
use super::{Keep, Media, of_store};
use crate::problem::{Kind, Problem};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use lignaflow_core::caller::{Access, Caller};
use lignaflow_core::media::{HEAD, Media as File, State, accepts, agrees, clean_name, sniff, spoken_size};
use lignaflow_core::{ErrorCode, Fault, Id, Issue};
use lignaflow_store::media::{Doom, Reserved};
use sha2::{Digest as _, Sha256};
use std::io;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

/// What a client says of a file that it sends.
#[derive(Debug, Clone, Copy, Default)]
pub struct Upload<'a> {
    pub name: Option<&'a str>,
    pub content_type: Option<&'a str>,
    /// Bytes, where it says so beforehand.
    pub length: Option<u64>,
}

/// A file that has been read whole.
pub(super) struct Arrived {
    pub file: NamedTempFile,
    pub size: u64,
    pub sha256: [u8; 32],
    pub head: Vec<u8>,
}

/// A file that is being read.
pub(super) struct Receiving {
    file: NamedTempFile,
    writer: tokio::fs::File,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
}

impl Receiving {
    pub(super) fn begin(keep: &Keep) -> io::Result<Self> {
        let file = keep.incoming()?;
        let writer = tokio::fs::File::from_std(file.as_file().try_clone()?);
        Ok(Self { file, writer, hash: Sha256::new(), head: Vec::with_capacity(HEAD), size: 0 })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) async fn add(&mut self, part: &[u8]) -> io::Result<()> {
        self.size += part.len() as u64;
        self.hash.update(part);
        // One byte more than is looked at tells that there is more.
        self.head.extend(part.iter().take((HEAD + 1).saturating_sub(self.head.len())));
        self.writer.write_all(part).await
    }

    pub(super) async fn end(mut self) -> io::Result<Arrived> {
        self.writer.flush().await?;
        Ok(Arrived { file: self.file, size: self.size, sha256: self.hash.finalize().into(), head: self.head })
    }
}

impl Media {
    /// Takes a file in for a caller who may write. It waits for a record to hold it.
    pub async fn take_in<S, E>(&self, caller: &Caller, upload: Upload<'_>, body: S) -> Result<File, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        // It outlives the request; files have no access rules of their own.
        let access = caller.to_write()?.unbound();
        let Some(person) = caller.person() else {
            return Err(Fault::denied("Files are brought by people.").into());
        };
        let organization = caller.organization;
        if let Some(length) = upload.length {
            self.bounded(length)?;
            let (used, _) = self.0.store.media_used(organization).await.map_err(|error| of_store(&error))?;
            if used.saturating_add(length) > self.0.settings.organization_bytes {
                return Err(self.full(used).into());
            }
        }
        let Ok(_place) = self.0.uploads.try_acquire() else {
            return Err(Problem::new(ErrorCode::Unavailable, "Too many files arrive at once. Try again shortly.")
                .retry_after(Duration::from_secs(2)));
        };
        let arrived = self.receive(body).await?;
        let name = clean_name(upload.name.unwrap_or_default());
        let content_type = self.type_of(&arrived, upload, &name)?;
        let path = arrived.file.path().to_owned();
        let dimensions = tokio::task::spawn_blocking(move || dimensions(&path, content_type)).await;
        let media = File {
            id: Id::fresh(),
            name,
            content_type: content_type.to_owned(),
            size: arrived.size,
            sha256: arrived.sha256,
            dimensions: dimensions.unwrap_or_default(),
            created_by: Some(person),
            created_at: self.0.clock.now(),
            state: State::Waiting,
            place: None,
            pending: false,
        };
        // In a task of its own: once all of it has come, it is kept, whether or not the client waits for the answer.
        let (here, of) = (self.clone(), media.clone());
        let settled = tokio::spawn(async move { here.settle(access, &of, arrived.file).await }).await;
        settled.map_err(|_| Problem::internal())?.map_err(|fault| {
            let later = fault.code == ErrorCode::Unavailable;
            let problem = Problem::from(fault);
            if later { problem.retry_after(Duration::from_secs(1)) } else { problem }
        })?;
        metrics::counter!("lignaflow_media_bytes_total", "way" => "in").increment(media.size);
        Ok(media)
    }

    /// Room is taken, the bytes are put where they are kept, and then the file is there.
    pub(super) async fn settle(&self, access: Access<'_>, media: &File, file: NamedTempFile) -> Result<(), Fault> {
        let quota = self.0.settings.organization_bytes;
        match self.0.store.reserve_media(access, media, quota).await.map_err(|error| of_store(&error))? {
            Reserved::Made => {}
            Reserved::Full { used } => return Err(self.full(used)),
            Reserved::Going => {
                let detail = "The same file is being removed just now. Try again shortly.";
                return Err(Fault::new(ErrorCode::Unavailable, detail));
            }
        }
        if let Err(fault) = self.0.keep.put(access.organization(), &media.sha256, file).await {
            let fault = Fault::from(fault);
            // Its room is given back at once, not when it would be swept.
            if let Err(error) = self.give_up(access, media.id).await {
                tracing::warn!(%error, "a file that could not be kept stays reserved until it is swept");
            }
            return Err(fault);
        }
        let there = self.0.store.media_arrived(access, media.id).await.map_err(|error| of_store(&error))?;
        if there { Ok(()) } else { Err(Fault::internal()) }
    }

    pub(super) async fn give_up(&self, access: Access<'_>, id: Id) -> Result<(), Fault> {
        let at = self.0.clock.now();
        let doom = Doom { at, until: at, begun: at };
        let doomed = self.0.store.doom_media(access.organization(), id, doom).await;
        let Some(doomed) = doomed.map_err(|error| of_store(&error))? else { return Ok(()) };
        if doomed.last {
            self.0.keep.remove(doomed.organization, &doomed.sha256).await?;
        }
        self.0.store.media_removed(doomed).await.map_err(|error| of_store(&error))
    }

    fn bounded(&self, size: u64) -> Result<(), Problem> {
        let most = self.0.settings.file_bytes;
        if size <= most {
            return Ok(());
        }
        metrics::counter!("http_refused_total", "reason" => "body").increment(1);
        Err(Problem::new(
            Kind::TooLarge,
            format!("The file is larger than the {} that one may have.", spoken_size(most)),
        ))
    }

    fn full(&self, used: u64) -> Fault {
        let most = self.0.settings.organization_bytes;
        Fault::new(
            ErrorCode::Quota,
            format!(
                "The files of this organization come to {} of the {} that they may have; this one does not fit. \
                 Nothing was kept.",
                spoken_size(used),
                spoken_size(most)
            ),
        )
    }

    async fn receive<S, E>(&self, mut body: S) -> Result<Arrived, Problem>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let mut receiving = Receiving::begin(&self.0.keep).map_err(of_disk)?;
        while let Some(part) = body.next().await {
            // Why it broke off is told by the layer that bounds bodies, where it did that itself.
            let part = part.map_err(|_| Problem::new(Kind::Unparsable, "The file broke off before its end."))?;
            self.bounded(receiving.size() + part.len() as u64)?;
            receiving.add(&part).await.map_err(of_disk)?;
        }
        if receiving.size() == 0 {
            return Err(Fault::at("", "empty", "The file is empty.").into());
        }
        receiving.end().await.map_err(of_disk)
    }

    /// What the file is, where it is what the client says and of a type that is taken.
    fn type_of(&self, arrived: &Arrived, upload: Upload<'_>, name: &str) -> Result<&'static str, Problem> {
        let content_type = agrees(sniff(&arrived.head), upload.content_type, name).map_err(|is| {
            let said = upload.content_type.unwrap_or_default();
            let said: String = said.chars().take(100).collect();
            let message = format!("The file is said to be {said}, but its bytes are {is}.");
            Fault::invalid(vec![Issue::new("/content_type", "type-mismatch", message)])
        })?;
        if accepts(&self.0.settings.types, content_type) {
            return Ok(content_type);
        }
        let types = self.0.settings.types.join(", ");
        Err(Problem::new(
            Kind::UnsupportedMediaType,
            format!("Files of type {content_type} are not taken here; {types} are."),
        ))
    }
}

fn of_disk(error: io::Error) -> Problem {
    Fault::from(super::KeepFault::from(error)).into()
}
