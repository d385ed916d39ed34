//! Documents that were made: their bytes are put where those of uploads are, and their files are whole then.

use super::{KeepFault, Media, of_store};
use lignaflow_core::media::spoken_size;
use lignaflow_core::{ErrorCode, Fault, Id};
use lignaflow_store::documents::{Document, Taken};
use sha2::{Digest as _, Sha256};

impl Media {
    /// Keeps the bytes of a document that was taken over with `holder`. Where another host makes it by now, or no record
    /// wants it any more, nothing is kept.
    pub async fn keep_document(&self, document: &Document, holder: Id, pdf: Vec<u8>) -> Result<(), Fault> {
        let size = pdf.len() as u64;
        let sha256: [u8; 32] = Sha256::digest(&pdf).into();
        let quota = self.0.settings.organization_bytes;
        let taken = self.0.store.document_made(document, holder, (size, sha256), quota).await;
        match taken.map_err(|error| of_store(&error))? {
            Taken::Made => {}
            Taken::Overtaken | Taken::Gone => return Ok(()),
            Taken::Going => {
                return Err(Fault::new(ErrorCode::Unavailable, "The same file is being removed just now."));
            }
            Taken::Full { used } => {
                let message = format!("The files of this organization come to {} already.", spoken_size(used));
                return Err(Fault::new(ErrorCode::Quota, message));
            }
        }
        let file = self.0.keep.incoming().map_err(KeepFault::from)?;
        tokio::fs::write(file.path(), &pdf).await.map_err(KeepFault::from)?;
        self.0.keep.put(document.organization, &sha256, file).await?;
        let at = self.0.clock.now();
        self.0.store.document_arrived(document, holder, at).await.map(|_| ()).map_err(|error| of_store(&error))
    }
}
