//! Asks a running server on this machine whether it is ready, as `lignaflow health` and a container's health check do.

use super::{TlsError, pem, provider, shown_file};
use crate::config::Config;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_BYTES: u64 = 64 * 1_024;

#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no LignaFlow answers at {address}")]
    Unreachable { address: SocketAddr, source: io::Error },
    #[error("nothing answered at {address} within {} seconds", PATIENCE.as_secs())]
    Silent { address: SocketAddr },
    #[error("the server is not ready: {answer}")]
    NotReady { answer: String },
    #[error("what answers at {address} is no LignaFlow: {answer}")]
    Strange { address: SocketAddr, answer: String },
}

/// Ready, and what the server says of itself.
pub async fn probe(config: &Config) -> Result<String, ProbeError> {
    let address = reachable(config.server.https);
    match tokio::time::timeout(PATIENCE, ask(config, address)).await {
        Ok(Ok(answer)) => read(address, &answer),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ProbeError::Silent { address }),
    }
}

/// What listens everywhere is asked here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        given => given,
    };
    SocketAddr::new(here, address.port())
}

async fn ask(config: &Config, address: SocketAddr) -> Result<Vec<u8>, ProbeError> {
    let expected = pem::chain(&shown_file(config))?.swap_remove(0);
    let pinned = Arc::new(Pinned { expected, provider: provider() });
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::from)?
        .dangerous()
        .with_custom_certificate_verifier(pinned)
        .with_no_client_auth();
    let host = config.server.public_url.host().to_owned();
    let name = ServerName::try_from(host).unwrap_or_else(|_| ServerName::IpAddress(address.ip().into()));
    let authority = config.server.public_url.authority();
    let request = format!("GET /health/ready HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");

    let exchange = async {
        let stream = TcpStream::connect(address).await?;
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        match stream.take(ANSWER_BYTES).read_to_end(&mut answer).await {
            // An end without a farewell is still an end.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(answer),
        }
    };
    exchange.await.map_err(|source| ProbeError::Unreachable { address, source })
}

fn read(address: SocketAddr, answer: &[u8]) -> Result<String, ProbeError> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let body = body.trim().to_owned();
    match head.split_ascii_whitespace().nth(1) {
        Some("200") => Ok(body),
        Some("503") => Err(ProbeError::NotReady { answer: body }),
        _ => {
            let first = head.lines().next().unwrap_or("").chars().take(100).collect();
            Err(ProbeError::Strange { address, answer: first })
        }
    }
}

/// Believes exactly the certificate that the server is configured to show, whoever signed it.
#[derive(Debug)]
struct Pinned {
    expected: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if shown.as_ref() == self.expected.as_ref() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_its_status() {
        let at = "127.0.0.1:1".parse().unwrap();
        assert_eq!(read(at, b"HTTP/1.1 200 OK\r\na: b\r\n\r\n{}").unwrap(), "{}");
        assert!(matches!(read(at, b"HTTP/1.1 503 x\r\n\r\n{}"), Err(ProbeError::NotReady { .. })));
        assert!(matches!(read(at, b"SSH-2.0-OpenSSH"), Err(ProbeError::Strange { .. })));
        assert!(matches!(read(at, b""), Err(ProbeError::Strange { .. })));
    }

    #[test]
    fn what_listens_everywhere_is_asked_on_this_machine() {
        let to = |address: &str| reachable(address.parse().unwrap()).to_string();
        assert_eq!(to("0.0.0.0:8443"), "127.0.0.1:8443");
        assert_eq!(to("[::]:8443"), "[::1]:8443");
        assert_eq!(to("192.0.2.1:8443"), "192.0.2.1:8443");
    }
}
