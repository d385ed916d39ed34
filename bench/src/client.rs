//! HTTP/1.1 for measuring, over TLS but for what speaks none: one request at a time on a connection that stays open, written and read whole.
//!
//! It does no more than the measurements need, so that on a machine with few cores the load costs little beside what is
//! measured.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The most bytes of an answer; past this something else is measured than was meant.
const LARGEST: usize = 16 << 20;

/// A server on this machine.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    /// None where it speaks plain HTTP.
    connector: Option<TlsConnector>,
}

impl Target {
    /// `authority` is the PEM file of the only certificate authority that is believed.
    pub(crate) fn new(port: u16, authority: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority)
            .with_context(|| format!("{} cannot be read", authority.display()))?
        {
            roots.add(certificate.with_context(|| format!("{} is not PEM", authority.display()))?)?;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = Some(TlsConnector::from(Arc::new(config)));
        Ok(Self { address: (Ipv4Addr::LOCALHOST, port).into(), connector })
    }

    /// A server that speaks plain HTTP.
    pub(crate) fn plain(port: u16) -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, port).into(), connector: None }
    }

    pub(crate) async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let stream: Box<dyn Stream> = match &self.connector {
            Some(connector) => Box::new(connector.connect(name, stream).await?),
            None => Box::new(stream),
        };
        Ok(Connection { stream, buffer: vec![0; 64 << 10], broken: false })
    }

    /// One call on a connection of its own; the answer must be of `status`.
    pub(crate) async fn json(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
        status: u16,
    ) -> Result<Value> {
        let body = body.map(Value::to_string);
        let request = request(method, path, token, body.as_deref());
        let mut connection = self.connect().await.context("no connection")?;
        let answer = connection.call(request.as_bytes()).await.with_context(|| format!("{method} {path}"))?;
        let text = String::from_utf8_lossy(answer.body);
        if answer.status != status {
            bail!("{method} {path} answered {} instead of {status}: {text}", answer.status);
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path} did not answer JSON"))
    }
}

/// A whole request as text.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n");
    // Writing to a string cannot fail.
    if let Some(token) = token {
        let _ = write!(text, "authorization: Bearer {token}\r\n");
    }
    if method == "PUT" {
        // Whatever stands there is replaced.
        text.push_str("if-match: *\r\n");
    }
    match body {
        Some(body) => {
            let _ = write!(text, "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
        None if method == "GET" => text.push_str("\r\n"),
        None => text.push_str("content-length: 0\r\n\r\n"),
    }
    text
}

#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Whether some of the answer had come: then the server had certainly begun it.
    pub(crate) begun: bool,
    pub(crate) error: io::Error,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.error)
    }
}

impl std::error::Error for Broken {}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    broken: bool,
}

impl Connection {
    /// Whether another request can be sent on it.
    pub(crate) fn is_usable(&self) -> bool {
        !self.broken
    }

    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>, Broken> {
        self.broken = true;
        let not_begun = |error| Broken { begun: false, error };
        self.stream.write_all(request).await.map_err(not_begun)?;
        self.stream.flush().await.map_err(not_begun)?;

        let mut filled = 0;
        let head = loop {
            filled += self.read(filled).await?;
            if let Some(head) = Head::parse(&self.buffer[..filled]) {
                break head.map_err(|error| Broken { begun: true, error })?;
            }
        };
        let body = match head.length {
            Length::Known(length) => {
                let end = head.end + length;
                while filled < end {
                    filled += self.read(filled).await?;
                }
                head.end..end
            }
            Length::Chunked => loop {
                match unchunk(&mut self.buffer[..filled], head.end) {
                    Chunks::Whole(body) => break body,
                    Chunks::More => filled += self.read(filled).await?,
                    Chunks::Wrong => {
                        return Err(Broken { begun: true, error: io::Error::other("chunks that cannot be read") });
                    }
                }
            },
        };
        self.broken = head.closes;
        Ok(Answer { status: head.status, body: &self.buffer[body] })
    }

    /// Sends and leaves, without a look at what is answered.
    pub(crate) async fn leave(mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        self.stream.flush().await
    }

    /// Reads more of an answer of which `filled` bytes are there.
    async fn read(&mut self, filled: usize) -> Result<usize, Broken> {
        let begun = filled > 0;
        if filled == self.buffer.len() {
            if filled >= LARGEST {
                return Err(Broken { begun, error: io::Error::other("the answer is too large to be measured") });
            }
            self.buffer.resize(filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[filled..]).await {
            Ok(0) => Err(Broken { begun, error: io::ErrorKind::UnexpectedEof.into() }),
            Ok(count) => Ok(count),
            Err(error) => Err(Broken { begun, error }),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Length {
    Known(usize),
    Chunked,
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: Length,
    closes: bool,
    /// Where the body begins.
    end: usize,
}

impl Head {
    /// None until the whole head is there.
    fn parse(bytes: &[u8]) -> Option<io::Result<Self>> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        Some(Self::read(&bytes[..end], end).ok_or_else(|| io::Error::other("the head cannot be read")))
    }

    fn read(head: &[u8], end: usize) -> Option<Self> {
        let text = std::str::from_utf8(head).ok()?;
        let mut lines = text.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let mut length = Length::Known(0);
        let mut closes = false;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.parse().ok()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.eq_ignore_ascii_case("close");
            }
        }
        Some(Self { status, length, closes, end })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Chunks {
    Whole(Range<usize>),
    More,
    Wrong,
}

/// Puts the chunks that begin at `start` together in place, once all are there.
fn unchunk(bytes: &mut [u8], start: usize) -> Chunks {
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let Some(line) = bytes[at..].windows(2).position(|two| two == b"\r\n") else { return Chunks::More };
        let size =
            std::str::from_utf8(&bytes[at..at + line]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size else { return Chunks::Wrong };
        let begin = at + line + 2;
        if bytes.len() < begin + size + 2 {
            return Chunks::More;
        }
        at = begin + size + 2;
        if size == 0 {
            break;
        }
        parts.push(begin..begin + size);
    }
    let mut end = start;
    for part in parts {
        let length = part.len();
        bytes.copy_within(part, end);
        end += length;
    }
    Chunks::Whole(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_status_and_length() {
        assert!(Head::parse(b"HTTP/1.1 201 Created\r\nContent-Le").is_none());
        let head =
            Head::parse(b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nconnection: close\r\n\r\n{").unwrap().unwrap();
        assert_eq!(head, Head { status: 201, length: Length::Known(12), closes: true, end: 63 });
        assert!(Head::parse(b"SSH-2.0\r\n\r\n").unwrap().is_err());
    }

    #[test]
    fn chunks_are_put_together() {
        let mut bytes = b"head5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n".to_vec();
        for cut in 5..bytes.len() {
            assert_eq!(unchunk(&mut bytes[..cut].to_vec(), 4), Chunks::More, "{cut}");
        }
        assert_eq!(unchunk(&mut bytes, 4), Chunks::Whole(4..10));
        assert_eq!(&bytes[4..10], b"hello!");
        assert_eq!(unchunk(&mut b"zz\r\n\r\n".to_vec(), 0), Chunks::Wrong);
    }
}
