//! Bytes by their SHA-256 within the organization: in a folder, or with a service that speaks S3. A file is there whole
//! and on the disk, or not at all.

use super::Place;
use crate::config::Config;
use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use lignaflow_core::OrganizationId;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use std::fs::{self, DirBuilder};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

/// What a folder holds beside the organizations: uploads that are not whole yet.
const INCOMING: &str = ".incoming";
/// Uploads of which nothing has come for so long were left by a program that ended.
const LEFT: Duration = Duration::from_hours(24);

/// Why bytes could not be put, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum KeepFault {
    #[error("there is no room left where files are kept")]
    Full,
    #[error("the bytes of a file are not where they should be")]
    Missing,
    #[error("{0}")]
    Failed(String),
}

impl From<io::Error> for KeepFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<object_store::Error> for KeepFault {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Bytes that are read from a file at once.
const PART: u64 = 64 * 1024;

/// What is kept of a file: itself, and what was made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Bytes,
    Thumbnail,
}

#[derive(Debug, Clone)]
pub struct Keep {
    at: At,
    /// Where uploads are read to.
    incoming: PathBuf,
}

#[derive(Debug, Clone)]
enum At {
    Folder(PathBuf),
    Bucket {
        objects: Arc<dyn ObjectStore>,
        /// What keys begin with, or empty.
        prefix: String,
    },
}

impl Keep {
    pub(super) fn open(place: &Place, config: &Config) -> anyhow::Result<Self> {
        let cannot = |folder: &Path| format!("the folder {} cannot be made", folder.display());
        match place {
            Place::Folder(folder) => {
                let incoming = folder.join(INCOMING);
                private_folder(&incoming).with_context(|| cannot(&incoming))?;
                Ok(Self { at: At::Folder(folder.clone()), incoming })
            }
            Place::Bucket { bucket, prefix } => {
                let incoming = config.data_dir.join("incoming");
                private_folder(&incoming).with_context(|| cannot(&incoming))?;
                let media = &config.media;
                let mut builder = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_region(&media.s3_region)
                    // What speaks S3 without being Amazon's often lacks it.
                    .with_disable_bulk_delete(true)
                    .with_allow_http(media.s3_endpoint.starts_with("http://"));
                if !media.s3_endpoint.is_empty() {
                    builder = builder.with_endpoint(&media.s3_endpoint);
                }
                if !media.s3_access_key.is_empty() {
                    builder = builder
                        .with_access_key_id(media.s3_access_key.expose())
                        .with_secret_access_key(media.s3_secret_key.expose());
                }
                let objects = builder.build().context("the bucket of media.url cannot be used")?;
                let at = At::Bucket { objects: Arc::new(objects), prefix: prefix.clone() };
                Ok(Self { at, incoming })
            }
        }
    }

    /// A file to read an upload to. It is removed again unless it is put where it belongs.
    pub(super) fn incoming(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix("upload-").tempfile_in(&self.incoming)
    }

    /// Puts an upload where it belongs. The same bytes twice are one.
    pub(super) async fn put(
        &self,
        organization: OrganizationId,
        sha256: &[u8; 32],
        upload: NamedTempFile,
    ) -> Result<(), KeepFault> {
        self.put_as(organization, sha256, Kept::Bytes, upload).await
    }

    /// Puts something small that was made of a file.
    pub(super) async fn put_made(
        &self,
        organization: OrganizationId,
        sha256: &[u8; 32],
        kept: Kept,
        bytes: Bytes,
    ) -> Result<(), KeepFault> {
        let file = self.incoming()?;
        tokio::fs::write(file.path(), bytes).await?;
        self.put_as(organization, sha256, kept, file).await
    }

    async fn put_as(
        &self,
        organization: OrganizationId,
        sha256: &[u8; 32],
        kept: Kept,
        upload: NamedTempFile,
    ) -> Result<(), KeepFault> {
        let name = name(organization, sha256, kept);
        match &self.at {
            At::Folder(folder) => {
                let path = folder.join(name);
                let moved = tokio::task::spawn_blocking(move || move_in(upload, &path)).await;
                moved.map_err(|error| KeepFault::Failed(error.to_string()))?.map_err(KeepFault::from)
            }
            At::Bucket { objects, prefix } => {
                let mut file = tokio::fs::File::open(upload.path()).await?;
                let mut writer = BufWriter::new(objects.clone(), key(prefix, &name));
                match tokio::io::copy(&mut file, &mut writer).await {
                    Ok(_) => Ok(writer.shutdown().await?),
                    Err(error) => {
                        // Parts that have arrived would be charged for ever.
                        let _ = writer.abort().await;
                        Err(error.into())
                    }
                }
            }
        }
    }

    /// The bytes of a file, or a part of them, as they come from where they are kept.
    pub(super) async fn read(
        &self,
        organization: OrganizationId,
        sha256: &[u8; 32],
        kept: Kept,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, KeepFault> {
        let name = name(organization, sha256, kept);
        match &self.at {
            At::Folder(folder) => {
                let mut file = tokio::fs::File::open(folder.join(name)).await?;
                let Range { start, end } = range.unwrap_or(0..u64::MAX);
                file.seek(io::SeekFrom::Start(start)).await?;
                Ok(parts(file, end - start).boxed())
            }
            At::Bucket { objects, prefix } => {
                let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
                let found = objects.get_opts(&key(prefix, &name), options).await?;
                Ok(found.into_stream().map(|part| part.map_err(io::Error::other)).boxed())
            }
        }
    }

    /// A file of this machine with the bytes of one that is kept.
    pub(super) async fn local(&self, organization: OrganizationId, sha256: &[u8; 32]) -> Result<fs::File, KeepFault> {
        if let At::Folder(folder) = &self.at {
            let path = folder.join(name(organization, sha256, Kept::Bytes));
            return Ok(tokio::fs::File::open(path).await?.into_std().await);
        }
        let file = tempfile::tempfile_in(&self.incoming)?;
        let mut writer = tokio::fs::File::from_std(file.try_clone()?);
        let mut parts = self.read(organization, sha256, Kept::Bytes, None).await?;
        while let Some(part) = parts.next().await {
            writer.write_all(&part?).await?;
        }
        writer.flush().await?;
        writer.seek(io::SeekFrom::Start(0)).await?;
        Ok(file)
    }

    /// All bytes of something small.
    pub(super) async fn read_whole(
        &self,
        organization: OrganizationId,
        sha256: &[u8; 32],
        kept: Kept,
    ) -> Result<Bytes, KeepFault> {
        let mut parts = self.read(organization, sha256, kept, None).await?;
        let mut whole = Vec::new();
        while let Some(part) = parts.next().await {
            whole.extend_from_slice(&part?);
        }
        Ok(whole.into())
    }

    /// Removes a file and what was made of it. What is not there is removed already.
    pub(super) async fn remove(&self, organization: OrganizationId, sha256: &[u8; 32]) -> Result<(), KeepFault> {
        for kept in [Kept::Bytes, Kept::Thumbnail] {
            let name = name(organization, sha256, kept);
            let removed = match &self.at {
                At::Folder(folder) => tokio::fs::remove_file(folder.join(name)).await.map_err(KeepFault::from),
                At::Bucket { objects, prefix } => objects.delete(&key(prefix, &name)).await.map_err(KeepFault::from),
            };
            match removed {
                Ok(()) | Err(KeepFault::Missing) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Removes everything that is kept of an organization.
    pub(super) async fn remove_all(&self, organization: OrganizationId) -> Result<(), KeepFault> {
        match &self.at {
            At::Folder(folder) => match tokio::fs::remove_dir_all(folder.join(organization.to_string())).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
            At::Bucket { objects, prefix } => {
                let mut kept = objects.list(Some(&key(prefix, &organization.to_string())));
                while let Some(object) = kept.try_next().await? {
                    match objects.delete(&object.location).await.map_err(KeepFault::from) {
                        Ok(()) | Err(KeepFault::Missing) => {}
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(())
            }
        }
    }

    /// Removes uploads that a program left which ended in the middle of one. Ages are told by the file system's own
    /// clock, since several hosts may share it.
    pub(super) fn clear_incoming(&self) -> io::Result<u64> {
        let now = self.incoming()?.as_file().metadata()?.modified()?;
        let mut removed = 0;
        for entry in fs::read_dir(&self.incoming)? {
            let entry = entry?;
            let Ok(age) = entry.metadata().and_then(|data| data.modified()).map(|at| now.duration_since(at)) else {
                continue;
            };
            if age.is_ok_and(|age| age > LEFT) && fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// What is kept of a file, under the place where files are.
fn name(organization: OrganizationId, sha256: &[u8; 32], kept: Kept) -> String {
    let digits = hex::encode(sha256);
    let ending = match kept {
        Kept::Bytes => "",
        Kept::Thumbnail => ".thumbnail",
    };
    format!("{organization}/{}/{digits}{ending}", &digits[..2])
}

fn key(prefix: &str, name: &str) -> Key {
    if prefix.is_empty() { name.into() } else { format!("{prefix}/{name}").into() }
}

/// The next `left` bytes of a file, part by part.
fn parts(file: tokio::fs::File, left: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        let mut part = Vec::new();
        let read = (&mut file).take(left.min(PART)).read_to_end(&mut part).await? as u64;
        Ok((read > 0).then(|| (Bytes::from(part), (file, left - read))))
    })
}

/// A folder that its owner alone may enter, with those above it.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// In one step, and on the disk when it returns.
fn move_in(upload: NamedTempFile, path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    upload.as_file().sync_all()?;
    upload.persist(path).map_err(|error| error.error)?;
    // The folder's entry, and the folder's own in the one above, which may be new.
    for folder in folder.ancestors().take(3).filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::Id;

    fn keep(folder: &Path) -> Keep {
        Keep::open(&Place::Folder(folder.join("media")), &Config::default()).unwrap()
    }

    fn upload(keep: &Keep, bytes: &[u8]) -> NamedTempFile {
        let file = keep.incoming().unwrap();
        fs::write(file.path(), bytes).unwrap();
        file
    }

    async fn read(keep: &Keep, of: OrganizationId, sha256: &[u8; 32], range: Option<Range<u64>>) -> Vec<u8> {
        let mut stream = keep.read(of, sha256, Kept::Bytes, range).await.unwrap();
        let mut all = Vec::new();
        while let Some(part) = stream.next().await {
            all.extend(part.unwrap());
        }
        all
    }

    #[tokio::test]
    async fn bytes_come_back_whole_and_in_parts_until_they_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (keep, organization) = (keep(folder.path()), OrganizationId(Id::fresh()));
        for _ in 0..2 {
            keep.put(organization, &[7; 32], upload(&keep, b"oak and ash")).await.unwrap();
        }
        assert_eq!(read(&keep, organization, &[7; 32], None).await, b"oak and ash");
        assert_eq!(read(&keep, organization, &[7; 32], Some(4..7)).await, b"and");
        let other = OrganizationId(Id::fresh());
        assert!(matches!(keep.read(other, &[7; 32], Kept::Bytes, None).await, Err(KeepFault::Missing)));
        keep.put_made(organization, &[7; 32], Kept::Thumbnail, Bytes::from_static(b"small")).await.unwrap();
        assert_eq!(keep.read_whole(organization, &[7; 32], Kept::Thumbnail).await.unwrap(), "small");
        for _ in 0..2 {
            keep.remove(organization, &[7; 32]).await.unwrap();
        }
        assert!(matches!(keep.read(organization, &[7; 32], Kept::Bytes, None).await, Err(KeepFault::Missing)));
        assert!(matches!(keep.read_whole(organization, &[7; 32], Kept::Thumbnail).await, Err(KeepFault::Missing)));
    }

    #[tokio::test]
    async fn an_upload_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keep = keep(folder.path());
        drop(upload(&keep, b"half"));
        assert_eq!(fs::read_dir(&keep.incoming).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_on_the_machine_reads_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (keep, organization) = (keep(folder.path()), OrganizationId(Id::fresh()));
        keep.put(organization, &[7; 32], upload(&keep, b"oak")).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let root = folder.path().join("media");
        assert_eq!(mode(&root), 0o700);
        assert_eq!(mode(&root.join(name(organization, &[7; 32], Kept::Bytes))), 0o600);
    }

    #[tokio::test]
    async fn what_a_program_left_that_ended_is_cleared_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let keep = keep(folder.path());
        let (_, left) = upload(&keep, b"left").keep().unwrap();
        let fresh = upload(&keep, b"fresh");
        let old = fs::metadata(&left).unwrap().modified().unwrap() - Duration::from_hours(25);
        fs::File::options().write(true).open(&left).unwrap().set_modified(old).unwrap();
        assert_eq!(keep.clear_incoming().unwrap(), 1);
        assert!(fresh.path().exists() && !left.exists());
    }

    /// As much of S3 as is spoken here: signed requests that put, get in parts and delete, and uploads in parts.
    mod bucket {
        use super::*;
        use axum::Router;
        use axum::body::Body;
        use axum::extract::{Request, State};
        use axum::response::{IntoResponse as _, Response};
        use http::{Method, StatusCode, header};
        use std::collections::BTreeMap;
        use std::sync::Mutex;

        #[derive(Debug, Default)]
        pub(super) struct Bucket {
            pub(super) objects: Mutex<BTreeMap<String, Bytes>>,
            parts: Mutex<BTreeMap<String, Bytes>>,
        }

        async fn answer(State(bucket): State<Arc<Bucket>>, request: Request) -> Response {
            let signed = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            if !signed.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=key/")) {
                return StatusCode::FORBIDDEN.into_response();
            }
            let (method, key) = (request.method().clone(), request.uri().path().to_owned());
            let query = request.uri().query().unwrap_or_default().to_owned();
            let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let etag = [(header::ETAG, "\"etag\""), (header::LAST_MODIFIED, "Thu, 26 Nov 2026 05:00:00 GMT")];
            match (method, query.as_str()) {
                (Method::POST, begins) if begins.starts_with("uploads") => {
                    let text =
                        "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>";
                    text.into_response()
                }
                (Method::PUT, parts) if parts.contains("partNumber") => {
                    bucket.parts.lock().unwrap().insert(parts.to_owned(), body);
                    etag.into_response()
                }
                (Method::POST, _) => {
                    let parts = std::mem::take(&mut *bucket.parts.lock().unwrap());
                    let whole: Vec<u8> = parts.into_values().flatten().collect();
                    bucket.objects.lock().unwrap().insert(key, whole.into());
                    "<CompleteMultipartUploadResult><ETag>etag</ETag></CompleteMultipartUploadResult>".into_response()
                }
                (Method::PUT, _) => {
                    bucket.objects.lock().unwrap().insert(key, body);
                    etag.into_response()
                }
                (Method::DELETE, _) => {
                    bucket.objects.lock().unwrap().remove(&key);
                    StatusCode::NO_CONTENT.into_response()
                }
                _ => match (bucket.objects.lock().unwrap().get(&key), range) {
                    (None, _) => StatusCode::NOT_FOUND.into_response(),
                    (Some(bytes), None) => (etag, Body::from(bytes.clone())).into_response(),
                    (Some(bytes), Some(range)) => {
                        let (first, last) = range.trim_start_matches("bytes=").split_once('-').unwrap();
                        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                        let told = [(header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", bytes.len()))];
                        (StatusCode::PARTIAL_CONTENT, etag, told, bytes.slice(first..=last)).into_response()
                    }
                },
            }
        }

        pub(super) async fn serve() -> (Arc<Bucket>, String) {
            let bucket = Arc::new(Bucket::default());
            let router = Router::new().fallback(answer).with_state(bucket.clone());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            (bucket, format!("http://{address}"))
        }
    }

    #[tokio::test]
    async fn a_bucket_keeps_what_a_folder_does() {
        crate::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let (bucket, endpoint) = bucket::serve().await;
        let mut config = Config { data_dir: folder.path().into(), ..Config::default() };
        config.media.s3_endpoint = endpoint;
        config.media.s3_access_key = crate::config::Secret::new("key");
        config.media.s3_secret_key = crate::config::Secret::new("secret");
        let place = Place::Bucket { bucket: "files".to_owned(), prefix: "ligna".to_owned() };
        let keep = Keep::open(&place, &config).unwrap();
        let organization = OrganizationId(Id::fresh());
        keep.put(organization, &[7; 32], upload(&keep, b"oak and ash")).await.unwrap();
        let key = format!("/files/ligna/{organization}/07/{}", hex::encode([7; 32]));
        assert_eq!(bucket.objects.lock().unwrap().keys().collect::<Vec<_>>(), [&key]);
        assert_eq!(read(&keep, organization, &[7; 32], None).await, b"oak and ash");
        assert_eq!(read(&keep, organization, &[7; 32], Some(4..7)).await, b"and");
        // More than goes in one request.
        let large: Vec<u8> = (0..12_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        keep.put(organization, &[8; 32], upload(&keep, &large)).await.unwrap();
        assert_eq!(read(&keep, organization, &[8; 32], None).await, large);
        for _ in 0..2 {
            keep.remove(organization, &[7; 32]).await.unwrap();
        }
        assert!(matches!(keep.read(organization, &[7; 32], Kept::Bytes, None).await, Err(KeepFault::Missing)));
        assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
    }
}
