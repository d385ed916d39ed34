//! Speaks a version of the contract that is not there yet.

#![expect(unsafe_code, reason = "generated: values cross the boundary through linear memory")]
#![allow(clippy::pedantic, reason = "generated")]

wit_bindgen::generate!({
    inline: "
        package lignaflow:plugin@0.2.0;

        interface routes {
            handle: func(request: string) -> string;
        }

        world plugin {
            export routes;
        }
    ",
});

struct Guest;

impl exports::lignaflow::plugin::routes::Guest for Guest {
    fn handle(request: String) -> String {
        request
    }
}

export!(Guest);
