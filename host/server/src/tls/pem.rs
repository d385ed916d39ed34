//! Certificates and keys out of files, with errors that say which file and what about it.

use super::{TlsError, provider};
use rustls::InconsistentKeys;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::path::Path;

/// The chain and its key, if they belong together. `advice` ends the sentence that says they do not.
pub(super) fn certified(certificate: &Path, key: &Path, advice: &'static str) -> Result<CertifiedKey, TlsError> {
    let chain = chain(certificate)?;
    CertifiedKey::from_der(chain, private_key(key)?, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { certificate: certificate.into(), key: key.into(), advice }
        }
        other => TlsError::Unusable { path: certificate.into(), reason: other.to_string() },
    })
}

pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(|error| not_pem(path, &error))?;
    if chain.is_empty() {
        return Err(nothing(path, &bytes, "certificate"));
    }
    Ok(chain)
}

pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(path)?;
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) if contains(&bytes, b"ENCRYPTED PRIVATE KEY") => {
            Err(TlsError::Encrypted { path: path.into() })
        }
        Err(PemError::NoItemsFound) => Err(nothing(path, &bytes, "private key")),
        Err(error) => Err(not_pem(path, &error)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.into(), source })
}

fn nothing(path: &Path, bytes: &[u8], what: &'static str) -> TlsError {
    if contains(bytes, b"-----BEGIN ") {
        TlsError::Missing { path: path.into(), what }
    } else {
        TlsError::NotPem { path: path.into(), reason: "there is no line with -----BEGIN".into() }
    }
}

/// Without the lines that the error quotes, which may be of a key.
fn not_pem(path: &Path, error: &PemError) -> TlsError {
    let reason = match error {
        PemError::MissingSectionEnd { .. } => "a line with -----END is missing",
        PemError::IllegalSectionStart { .. } => "a line with -----BEGIN is broken",
        PemError::Base64Decode(_) => "what stands between -----BEGIN and -----END is not base64",
        _ => "it cannot be parsed",
    };
    TlsError::NotPem { path: path.into(), reason: reason.into() }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
