//! A component and its descriptor, as `cargo xtask plugins` packs them into one file.

/// `\0asm`, then version 13 and layer 1: the whole of an empty component.
pub(crate) const EMPTY: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

/// A component with a descriptor behind it.
pub(crate) fn described(component: &[u8], descriptor: &str) -> Vec<u8> {
    const NAME: &[u8] = b"lignaflow:descriptor";
    let mut body = length(NAME.len());
    body.extend_from_slice(NAME);
    body.extend_from_slice(descriptor.as_bytes());
    let mut file = component.to_vec();
    file.push(0);
    file.extend(length(body.len()));
    file.extend(body);
    file
}

/// As WebAssembly writes lengths (LEB128).
fn length(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        bytes.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}
