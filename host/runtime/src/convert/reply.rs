//! Requests on their way to a route, and what it answers.

use super::mutation::mutations;
use super::query::{selection, summary};
use super::value::{id, shown};
use super::{Checked, Malformed, check_json};
use crate::contract::exports::lignaflow::plugin::routes as wire;
use lignaflow_core::guest::{Payload, RouteReply, RouteRequest};

/// Types that a browser runs or renders as a page of this origin. A plugin has no HTML, script or style to give.
const ACTIVE: [&str; 9] = [
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "application/xml",
    "text/javascript",
    "application/javascript",
    "application/ecmascript",
    "text/css",
];

pub(crate) fn request(request: RouteRequest) -> wire::Request {
    wire::Request {
        route: request.route,
        parameters: request.parameters,
        query: request.query,
        content_type: request.content_type,
        body: request.body,
    }
}

pub(crate) fn reply(reply: wire::Reply) -> Checked<RouteReply> {
    if !(200..300).contains(&reply.status) {
        return Err(Malformed::new(
            "/status",
            format!("{} does not tell success: a refusal is an error, not a reply", reply.status),
        ));
    }
    Ok(RouteReply {
        status: reply.status,
        payload: payload(reply.payload).map_err(|fault| fault.under("/payload"))?,
        writes: mutations(reply.writes, "writes")?,
    })
}

fn payload(payload: wire::Payload) -> Checked<Payload> {
    Ok(match payload {
        wire::Payload::Empty => Payload::Empty,
        wire::Payload::Json(text) => {
            check_json(&text)?;
            Payload::Json(text)
        }
        wire::Payload::Saved((collection, saved)) => Payload::Saved(collection, id(&saved)?),
        wire::Payload::Found(question) => Payload::Found(selection(question)?),
        wire::Payload::Summarized(question) => Payload::Summarized(summary(question)?),
        wire::Payload::Bytes((content_type, bytes)) => {
            check_type(&content_type)?;
            Payload::Bytes(content_type, bytes)
        }
        wire::Payload::Media(file) => Payload::Media(id(&file)?),
        wire::Payload::Link(link) => Payload::Link(id(&link)?),
    })
}

/// A media type becomes a header, so it is `type/subtype` with plain parameters and nothing that could end a line.
fn check_type(text: &str) -> Checked<()> {
    let essence = lignaflow_core::media::essence(text);
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let well_formed = text.len() <= 100
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype));
    if !well_formed {
        return Err(Malformed::new("", format!("{:?} is not a media type", shown(text))));
    }
    if ACTIVE.contains(&essence.as_str()) {
        return Err(Malformed::new("", format!("{essence} is what a browser runs: pages are declared")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(status: u16, payload: wire::Payload) -> String {
        reply(wire::Reply { status, payload, writes: Vec::new() }).unwrap_err().to_string()
    }

    fn bytes(content_type: &str) -> wire::Payload {
        wire::Payload::Bytes((content_type.to_owned(), Vec::new()))
    }

    #[test]
    fn a_reply_tells_success() {
        for status in [0, 100, 302, 404, 500, u16::MAX] {
            assert!(fault(status, wire::Payload::Empty).starts_with("/status"), "{status}");
        }
    }

    #[test]
    fn a_media_type_cannot_forge_a_header() {
        assert!(fault(200, bytes("text/plain\r\nSet-Cookie: a=b")).ends_with("is not a media type"));
        assert!(fault(200, bytes("pdf")).ends_with("is not a media type"));
        assert!(fault(200, bytes("Text/HTML; charset=utf-8")).contains("text/html is what a browser runs"));
        let reply = reply(wire::Reply { status: 200, payload: bytes("text/csv; charset=utf-8"), writes: Vec::new() });
        assert!(reply.is_ok());
    }

    #[test]
    fn json_is_json() {
        assert!(fault(200, wire::Payload::Json("{} {}".into())).starts_with("/payload: not JSON"));
        let deep = |depth: usize| wire::Payload::Json(format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        assert!(fault(200, deep(101)).contains("100 deep"));
        let text = format!("[{:?}]", "[\"\\".repeat(200));
        for payload in [deep(100), wire::Payload::Json(text)] {
            assert!(reply(wire::Reply { status: 200, payload, writes: Vec::new() }).is_ok());
        }
    }
}
