//! Files as plugins read and make them: bytes by parts, tables by slices, and what a call makes on its way to where files
//! are kept.

use super::intake::Receiving;
use super::keep::Kept;
use super::{KeepFault, Media, of_store};
use crate::tables::Shelf;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use lignaflow_core::caller::Access;
use lignaflow_core::files::{Files, Making, NewFile, TableRows, TableSlice};
use lignaflow_core::media::{Media as File, State, accepts, agrees, clean_name, sniff, spoken_size};
use lignaflow_core::{Fault, Id, OrganizationId};
use std::io;

/// What records ask for the bytes of files.
#[derive(Debug, Clone)]
pub struct PluginFiles {
    media: Media,
    shelf: Shelf,
}

impl PluginFiles {
    pub fn new(media: Media, shelf: Shelf) -> Self {
        Self { media, shelf }
    }
}

#[async_trait]
impl Files for PluginFiles {
    async fn read(
        &self,
        organization: OrganizationId,
        file: &File,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, Fault> {
        let end = offset.saturating_add(length as u64).min(file.size);
        if offset >= end {
            return Ok(Vec::new());
        }
        let parts = self.media.0.keep.read(organization, &file.sha256, Kept::Bytes, Some(offset..end)).await;
        let mut parts = parts.map_err(Fault::from)?;
        let mut bytes = Vec::with_capacity(length.min(usize::try_from(end - offset).unwrap_or(length)));
        while let Some(part) = parts.next().await {
            bytes.extend_from_slice(&part.map_err(of_disk)?);
        }
        Ok(bytes)
    }

    async fn rows(&self, organization: OrganizationId, file: &File, slice: TableSlice) -> Result<TableRows, Fault> {
        let (media, sha256) = (self.media.clone(), file.sha256);
        let open = async move { media.0.keep.local(organization, &sha256).await.map_err(Fault::from) };
        self.shelf.rows(organization, sha256, slice, open).await
    }

    fn begin(&self) -> Result<Box<dyn Making>, Fault> {
        let receiving = Receiving::begin(&self.media.0.keep).map_err(of_disk)?;
        Ok(Box::new(Made { media: self.media.clone(), receiving }))
    }

    async fn discard(&self, organization: OrganizationId, ids: &[Id]) {
        for id in ids {
            // Where it cannot be now, it is swept with what no record has held for a day.
            if let Err(fault) = self.media.give_up(Access::of_plugin(organization), *id).await {
                tracing::warn!(%fault, "a file that a plugin made and no record holds stays until it is swept");
            }
        }
    }
}

/// A file on its way in from a plugin's code.
struct Made {
    media: Media,
    receiving: Receiving,
}

#[async_trait]
impl Making for Made {
    async fn append(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        let most = self.media.file_bytes();
        if self.receiving.size() + bytes.len() as u64 > most {
            let message = format!("The file is larger than the {} that one may have.", spoken_size(most));
            return Err(Fault::at("/bytes", "too-large", message));
        }
        self.receiving.add(&bytes).await.map_err(of_disk)
    }

    async fn keep(self: Box<Self>, access: Access<'static>, file: NewFile) -> Result<File, Fault> {
        let Self { media: here, receiving } = *self;
        let arrived = receiving.end().await.map_err(of_disk)?;
        if arrived.size == 0 {
            return Err(Fault::at("", "empty", format!("The file “{}” is empty.", file.name)));
        }
        let name = clean_name(&file.name);
        let inner = &here.0;
        let content_type = agrees(sniff(&arrived.head), None, &name)
            .map_err(|is| Fault::at("", "type-mismatch", format!("The bytes of “{name}” are {is}.")))?;
        if !accepts(&inner.settings.types, content_type) {
            let types = inner.settings.types.join(", ");
            let message = format!("“{name}” is {content_type}; files of the types {types} are taken.");
            return Err(Fault::at("", "file-type", message));
        }
        let media = File {
            id: file.id,
            name,
            content_type: content_type.to_owned(),
            size: arrived.size,
            sha256: arrived.sha256,
            dimensions: None,
            created_by: file.by,
            created_at: inner.clock.now(),
            state: State::Waiting,
            place: None,
            pending: false,
        };
        let found = inner.store.media(access, &[media.id]).await.map_err(|error| of_store(&error))?;
        if !found.is_empty() {
            return Err(Fault::at("/id", "taken", "There is a file of this id."));
        }
        here.settle(access, &media, arrived.file).await?;
        metrics::counter!("lignaflow_media_bytes_total", "way" => "made").increment(media.size);
        Ok(media)
    }
}

fn of_disk(error: io::Error) -> Fault {
    Fault::from(KeepFault::from(error))
}
