//! Where bytes are kept, as `media.url` says it.

use crate::config::Config;
use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Folder(PathBuf),
    /// A bucket of a service that speaks S3, and what its keys begin with, without slashes at either end.
    Bucket {
        bucket: String,
        prefix: String,
    },
}

impl Place {
    /// What the settings name; the error says what would be right.
    pub fn of(config: &Config) -> Result<Self, String> {
        let url = config.media.url.trim();
        if url.is_empty() {
            return Ok(Self::Folder(config.data_dir.join("media")));
        }
        if let Some(rest) = url.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
            if bucket.is_empty() || !bucket.bytes().all(letter) {
                return Err(format!("names the bucket `{bucket}`; write s3://bucket or s3://bucket/prefix"));
            }
            return Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() });
        }
        let path = url.strip_prefix("file://").unwrap_or(url);
        if path.contains("://") || path.is_empty() {
            return Err("is to be a folder, s3://bucket/prefix, or empty for `media` in the data folder".to_owned());
        }
        Ok(Self::Folder(path.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Place, String> {
        let mut config = Config { data_dir: "/var/lib/lignaflow".into(), ..Config::default() };
        url.clone_into(&mut config.media.url);
        Place::of(&config)
    }

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert_eq!(of(""), Ok(Place::Folder("/var/lib/lignaflow/media".into())));
        assert_eq!(of("/srv/media"), Ok(Place::Folder("/srv/media".into())));
        assert_eq!(of("file:///srv/media"), Ok(Place::Folder("/srv/media".into())));
        let bucket = |bucket: &str, prefix: &str| Ok(Place::Bucket { bucket: bucket.into(), prefix: prefix.into() });
        assert_eq!(of("s3://files"), bucket("files", ""));
        assert_eq!(of("s3://files/ligna/flow/"), bucket("files", "ligna/flow"));
        assert!(of("s3:///x").is_err() && of("ftp://x/y").is_err() && of("s3://Files").is_err());
    }
}
