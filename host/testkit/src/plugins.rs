//! Plugins as files: those that `cargo xtask plugins` packs, and small ones put together by a test.

use std::fs;
use std::path::{Path, PathBuf};

/// The component's section that carries `plugin.toml`.
const DESCRIPTOR: &str = "lignaflow:descriptor";

/// `\0asm`, then version 13 and layer 1: the whole of an empty component.
const EMPTY_COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist")
}

/// Where a shipped plugin's file is.
pub fn path(id: &str) -> PathBuf {
    dist().join(format!("{id}.wasm"))
}

/// A shipped plugin.
pub fn shipped(id: &str) -> Vec<u8> {
    read(&path(id))
}

/// A guest that misbehaves.
pub fn hostile(id: &str) -> Vec<u8> {
    read(&dist().join("hostile").join(format!("{id}.wasm")))
}

/// A guest that does one thing for a test.
pub fn fixture(id: &str) -> Vec<u8> {
    read(&dist().join("fixtures").join(format!("{id}.wasm")))
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask plugins`", file.display()))
}

/// A plugin without code: collections and pages that its descriptor declares.
pub fn declared(descriptor: &str) -> Vec<u8> {
    with_descriptor(&EMPTY_COMPONENT, descriptor)
}

/// The code of a packed plugin with another descriptor: what was packed last is cut off.
pub fn redescribed(packed: &[u8], was: &str, descriptor: &str) -> Vec<u8> {
    let tail = with_descriptor(&[], was);
    let code = packed.strip_suffix(tail.as_slice()).expect("the descriptor that the plugin was packed with");
    with_descriptor(code, descriptor)
}

/// A custom section is the byte 0, its size, the length of its name, the name, and what it carries (WebAssembly core
/// specification, 5.5.3).
fn with_descriptor(component: &[u8], descriptor: &str) -> Vec<u8> {
    let mut body = leb128(DESCRIPTOR.len());
    body.extend_from_slice(DESCRIPTOR.as_bytes());
    body.extend_from_slice(descriptor.as_bytes());
    let mut packed = component.to_vec();
    packed.push(0);
    packed.extend(leb128(body.len()));
    packed.extend(body);
    packed
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
