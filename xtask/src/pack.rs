//! Puts what a plugin says of itself into its component, as custom sections beside the code.
//!
//! A custom section is the byte 0, its size, the length of its name, the name, and what it carries; sizes are unsigned
//! LEB128 of 32 bits (WebAssembly core specification, 5.5.3). It may stand anywhere between the sections of a
//! component, so it is appended; sections of the modules nested inside do not count.

use anyhow::{Context, Result, bail, ensure};

/// Carries `plugin.toml` as it was written.
pub(crate) const DESCRIPTOR: &str = "lignaflow:descriptor";

/// `\0asm`, then version 13 and layer 1: a component, and the whole of an empty one.
const EMPTY_COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

/// Carries templates and what they use, as an archive in the format of tar.
pub(crate) const ASSETS: &str = "lignaflow:assets";

/// A plugin as one file. Without code it is an empty component, which is a legal plugin too.
pub(crate) fn pack(code: Option<&[u8]>, descriptor: &[u8], assets: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let packed = append(code.unwrap_or(&EMPTY_COMPONENT), DESCRIPTOR, descriptor)?;
    if assets.is_empty() { Ok(packed) } else { append(&packed, ASSETS, &archive(assets)?) }
}

/// The files as an archive that is the same for the same files: in the format of tar (POSIX.1-1988, `ustar`), without
/// owners and times.
fn archive(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    const BLOCK: usize = 512;
    let mut archive = Vec::new();
    for (path, bytes) in files {
        ensure!(path.len() <= 100, "the path {path} has more than 100 characters");
        let mut head = [0_u8; BLOCK];
        let mut put = |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, path);
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}", bytes.len()));
        put(136, "00000000000");
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&head);
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    Ok(archive)
}

/// The component with one more custom section; refused where it has one of that name already.
fn append(component: &[u8], name: &str, payload: &[u8]) -> Result<Vec<u8>> {
    if custom_sections(component)?.contains(&name) {
        bail!("the component has a section {name} already");
    }
    let mut body = Vec::with_capacity(payload.len() + name.len() + 5);
    write_u32(&mut body, u32::try_from(name.len())?);
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(payload);

    let mut packed = Vec::with_capacity(component.len() + body.len() + 6);
    packed.extend_from_slice(component);
    packed.push(0);
    write_u32(&mut packed, u32::try_from(body.len()).context("a section holds at most 4 GiB")?);
    packed.extend_from_slice(&body);
    Ok(packed)
}

/// The names of the component's own custom sections, in their order.
fn custom_sections(component: &[u8]) -> Result<Vec<&str>> {
    ensure!(component.starts_with(b"\0asm"), "not WebAssembly");
    ensure!(component.starts_with(&EMPTY_COMPONENT), "a core module, not a component: build it for wasm32-wasip2");
    let mut rest = &component[EMPTY_COMPONENT.len()..];
    let mut names = Vec::new();
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = read_u32(after)?;
        let (body, after) = split(after, size)?;
        if id == 0 {
            let (length, body) = read_u32(body)?;
            let (name, _) = split(body, length)?;
            names.push(std::str::from_utf8(name).context("a custom section's name is not UTF-8")?);
        }
        rest = after;
    }
    Ok(names)
}

fn split(bytes: &[u8], at: u32) -> Result<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(at)?).context("a section is longer than the file")
}

fn write_u32(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn read_u32(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let mut value = 0_u32;
    // Five bytes carry 35 bits; the last may use four of its seven.
    for (index, &byte) in bytes.iter().take(5).enumerate() {
        let low = u32::from(byte & 0x7f);
        ensure!(index < 4 || low < 0x10, "a size is larger than 32 bits");
        value |= low << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[index + 1..]));
        }
    }
    bail!("a size is cut off or too long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_survive_both_ways() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (624_485, &[0xe5, 0x8e, 0x26]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut out = Vec::new();
            write_u32(&mut out, value);
            assert_eq!(out, bytes);
            assert_eq!(read_u32(bytes).unwrap(), (value, &[][..]));
        }
    }

    #[test]
    fn sizes_that_are_cut_off_or_too_large_are_refused() {
        assert!(read_u32(&[]).is_err());
        assert!(read_u32(&[0x80]).is_err());
        assert!(read_u32(&[0xff, 0xff, 0xff, 0xff, 0x1f]).is_err());
        assert!(read_u32(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]).is_err());
    }

    #[test]
    fn a_plugin_without_code_is_an_empty_component_with_its_descriptor() {
        let packed = pack(None, b"id = \"notes\"\n", &[]).unwrap();
        assert_eq!(packed[..8], EMPTY_COMPONENT);
        assert_eq!(packed[8], 0);
        assert_eq!(usize::from(packed[9]), packed.len() - 10);
        assert_eq!(usize::from(packed[10]), DESCRIPTOR.len());
        assert!(packed.ends_with(b"lignaflow:descriptorid = \"notes\"\n"));
        assert_eq!(custom_sections(&packed).unwrap(), [DESCRIPTOR]);
    }

    #[test]
    fn code_stays_as_it_was_and_the_section_follows_it() {
        let code = append(&EMPTY_COMPONENT, "producers", &[7; 300]).unwrap();
        let packed = pack(Some(&code), &vec![b'x'; 200_000], &[]).unwrap();
        assert!(packed.starts_with(&code));
        assert_eq!(custom_sections(&packed).unwrap(), ["producers", DESCRIPTOR]);
    }

    #[test]
    fn templates_go_along_as_an_archive() {
        let files = [("templates/quote.typ".to_owned(), b"= Quote".to_vec())];
        let packed = pack(None, b"x", &files).unwrap();
        assert_eq!(custom_sections(&packed).unwrap(), [DESCRIPTOR, ASSETS]);
        assert_eq!(archive(&files).unwrap().len(), 4 * 512);
        assert!(archive(&[("x".repeat(101), Vec::new())]).is_err());
    }

    #[test]
    fn a_second_descriptor_is_refused() {
        let once = pack(None, b"first", &[]).unwrap();
        assert!(pack(Some(&once), b"second", &[]).is_err());
    }

    #[test]
    fn a_section_of_a_nested_module_is_not_the_components_own() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend_from_slice(&append(&EMPTY_COMPONENT, DESCRIPTOR, b"inner").unwrap()[8..]);
        let mut component = EMPTY_COMPONENT.to_vec();
        component.push(1);
        write_u32(&mut component, u32::try_from(module.len()).unwrap());
        component.extend_from_slice(&module);
        let packed = pack(Some(&component), b"outer", &[]).unwrap();
        assert_eq!(custom_sections(&packed).unwrap(), [DESCRIPTOR]);
    }

    #[test]
    fn what_is_not_a_component_is_refused_with_the_reason() {
        let of = |bytes: &[u8]| pack(Some(bytes), b"", &[]).unwrap_err().to_string();
        assert_eq!(of(b"MZ"), "not WebAssembly");
        assert_eq!(of(b"\0asm\x01\0\0\0"), "a core module, not a component: build it for wasm32-wasip2");
        assert_eq!(of(b"\0asm\x0d\0\x01\0\x00\x09ab"), "a section is longer than the file");
    }
}
