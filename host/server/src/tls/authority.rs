//! An authority for this machine alone, and a leaf for the server, made where they are missing and renewed in time.

use super::{TlsError, pem, provider, validity};
use crate::private_file::{self, Readable};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;

const DAY: Duration = Duration::from_hours(24);
const AUTHORITY_FOR: Duration = DAY.saturating_mul(3_650);
const LEAF_FOR: Duration = DAY.saturating_mul(90);
/// What has less than this left is made again.
const RENEW_AT: Duration = DAY.saturating_mul(30);
/// Clocks of clients that are behind must not find the certificate to be of tomorrow.
const BACKDATED: Duration = Duration::from_hours(1);

const ADVICE: &str = "; delete both and the leaf to have new ones made, and trust the new authority";

/// The folder of the local authority, and the names that its leaf is for.
#[derive(Debug)]
pub(super) struct Local {
    folder: PathBuf,
    names: Vec<String>,
}

impl Local {
    pub(super) fn new(folder: &Path, host: &str) -> Self {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !names.iter().any(|name| name == host) {
            names.push(host.to_owned());
        }
        Self { folder: folder.into(), names }
    }

    pub(super) fn authority_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(super) fn leaf_file(&self) -> PathBuf {
        self.folder.join("leaf.pem")
    }

    fn authority_key_file(&self) -> PathBuf {
        self.folder.join("ca-key.pem")
    }

    fn leaf_key_file(&self) -> PathBuf {
        self.folder.join("leaf-key.pem")
    }

    /// The leaf that serves at `now`, made or renewed if need be.
    pub(super) fn ensure(&self, now: SystemTime) -> Result<CertifiedKey, TlsError> {
        let _alone = self.lock()?;
        if let Some(leaf) = self.present_leaf(now)? {
            return Ok(leaf);
        }
        let (certificate, key) = self.authority(now)?;
        self.issue(&certificate, &key, now)?;
        pem::certified(&self.leaf_file(), &self.leaf_key_file(), ADVICE)
    }

    /// Two programs that start together must not each make half of a pair.
    fn lock(&self) -> Result<File, TlsError> {
        let path = self.folder.join(".lock");
        let locked = fs::create_dir_all(&self.folder)
            .and_then(|()| File::options().create(true).truncate(false).write(true).open(&path))
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|source| TlsError::Write { path, source })
    }

    /// The leaf on disk, if it still serves: for all names, signed by the authority on disk, and with time left.
    fn present_leaf(&self, now: SystemTime) -> Result<Option<CertifiedKey>, TlsError> {
        if !self.leaf_file().exists() || !self.leaf_key_file().exists() || !self.authority_file().exists() {
            return Ok(None);
        }
        close(&self.leaf_key_file())?;
        let leaf = match pem::certified(&self.leaf_file(), &self.leaf_key_file(), ADVICE) {
            Ok(leaf) => leaf,
            // What this program makes it may make again; only what cannot be read at all needs somebody.
            Err(error @ TlsError::Read { .. }) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the leaf is made again");
                return Ok(None);
            }
        };
        let authority = pem::chain(&self.authority_file())?;
        if is_near_end(&authority, now) {
            return Ok(None);
        }
        match self.check(&leaf, &authority[0], now) {
            Ok(()) => Ok(Some(leaf)),
            Err(reason) => {
                tracing::info!(reason, "the leaf is made again");
                Ok(None)
            }
        }
    }

    /// As a client would look at it.
    fn check(&self, leaf: &CertifiedKey, authority: &CertificateDer<'_>, now: SystemTime) -> Result<(), String> {
        let [end_entity, ..] = leaf.cert.as_slice() else { return Err("it is empty".into()) };
        let parsed = ParsedCertificate::try_from(end_entity).map_err(|error| error.to_string())?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned()).map_err(|error| error.to_string())?;
        let at = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        let algorithms = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], at, algorithms)
            .map_err(|error| error.to_string())?;
        for name in &self.names {
            let subject = ServerName::try_from(name.as_str()).map_err(|_| format!("{name} is no host name"))?;
            verify_server_name(&parsed, &subject).map_err(|_| format!("it is not for {name}"))?;
        }
        if is_near_end(&leaf.cert, now) {
            return Err("it is near its end".into());
        }
        Ok(())
    }

    /// The authority on disk, or a new one.
    fn authority(&self, now: SystemTime) -> Result<(String, KeyPair), TlsError> {
        let (file, key_file) = (self.authority_file(), self.authority_key_file());
        match (file.exists(), key_file.exists()) {
            (true, true) => {
                close(&key_file)?;
                let pair = pem::certified(&file, &key_file, ADVICE)?;
                if !is_near_end(&pair.cert, now) {
                    let read = |path: &Path| {
                        fs::read_to_string(path).map_err(|source| TlsError::Read { path: path.into(), source })
                    };
                    return Ok((read(&file)?, KeyPair::from_pem(&read(&key_file)?)?));
                }
                tracing::warn!("the local authority is near its end and made again: trust the new one");
            }
            (true, false) => {
                tracing::warn!(file = %file.display(), "the local authority's key is gone, it is made again: trust the new one");
            }
            (false, _) => {}
        }
        let key = KeyPair::generate()?;
        let certificate = authority_params(&key, now).self_signed(&key)?.pem();
        // The key first: a certificate without its key is worth nothing.
        write(&key_file, &key.serialize_pem(), Readable::ByOwner)?;
        write(&file, &certificate, Readable::ByAll)?;
        tracing::info!(file = %file.display(), "made an authority for this machine; `lignaflow trust` installs it");
        Ok((certificate, key))
    }

    fn issue(&self, authority: &str, authority_key: &KeyPair, now: SystemTime) -> Result<(), TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(self.names.clone())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "LignaFlow");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = OffsetDateTime::from(now - BACKDATED);
        params.not_after = OffsetDateTime::from(now + LEAF_FOR);
        let issuer_params = authority_params(authority_key, now);
        let issuer = Issuer::from_params(&issuer_params, authority_key);
        let leaf = params.signed_by(&key, &issuer)?.pem();
        write(&self.leaf_key_file(), &key.serialize_pem(), Readable::ByOwner)?;
        write(&self.leaf_file(), &format!("{leaf}{authority}"), Readable::ByAll)?;
        tracing::info!(file = %self.leaf_file().display(), names = self.names.join(", "), "made a leaf for 90 days");
        Ok(())
    }
}

/// The authority's name is made of its key: two machines' authorities never have the same name, and it need not be
/// read back from the certificate in order to sign with it.
fn authority_params(key: &KeyPair, now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    let print = hex::encode(&Sha256::digest(key.subject_public_key_info())[..4]);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("LignaFlow local authority {print}"));
    params.distinguished_name.push(DnType::OrganizationName, "LignaFlow");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = OffsetDateTime::from(now - BACKDATED);
    params.not_after = OffsetDateTime::from(now + AUTHORITY_FOR);
    params
}

fn is_near_end(chain: &[CertificateDer<'_>], now: SystemTime) -> bool {
    let enough = i64::try_from(RENEW_AT.as_secs()).unwrap_or(i64::MAX);
    validity::seconds_left(chain, now).is_none_or(|left| left < enough)
}

fn write(path: &Path, text: &str, readable: Readable) -> Result<(), TlsError> {
    private_file::write(path, text.as_bytes(), readable).map_err(|source| TlsError::Write { path: path.into(), source })
}

fn close(key_file: &Path) -> Result<(), TlsError> {
    match private_file::close_to_others(key_file) {
        Ok(true) => tracing::warn!(file = %key_file.display(), "others could read this key: its rights are 0600 now"),
        Ok(false) => {}
        Err(source) => return Err(TlsError::Write { path: key_file.into(), source }),
    }
    Ok(())
}
