//! Answers `hello` to everything, as the route of `plugins/hostile/honest` does.

use std::io::Write as _;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Hello;

wasip2::http::proxy::export!(Hello);

impl wasip2::exports::http::incoming_handler::Guest for Hello {
    fn handle(_request: IncomingRequest, outparam: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("a body that nobody took");
        ResponseOutparam::set(outparam, Ok(response));
        let mut stream = body.write().expect("a stream that nobody took");
        stream.write_all(b"hello").expect("room for five bytes");
        drop(stream);
        OutgoingBody::finish(body, None).expect("a body that is whole");
    }
}
