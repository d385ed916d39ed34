//! The text that a PDF shows, as far as those go that this program makes: streams deflated, fonts with a map back to
//! characters. Words of one show of text stand together; what is moved to is on a line of its own.

use std::collections::BTreeMap;
use std::io::Read as _;

type Objects = BTreeMap<u32, Object>;

#[derive(Debug, Default)]
struct Object {
    /// What stands before its stream, or all of it.
    head: String,
    stream: Vec<u8>,
}

/// Its text, page after page.
pub fn text(pdf: &[u8]) -> String {
    let objects = objects(pdf);
    let mut told = String::new();
    for page in objects.values().filter(|object| is(&object.head, "/Type", "/Page")) {
        let resources = follow(&objects, &page.head, "/Resources").unwrap_or_else(|| page.head.clone());
        let fonts = follow(&objects, &resources, "/Font").unwrap_or_default();
        let fonts: BTreeMap<String, Glyphs> = references(&fonts)
            .into_iter()
            .filter_map(|(name, font)| {
                let map = reference(&objects.get(&font)?.head, "/ToUnicode")?;
                Some((name, Glyphs::of(&objects.get(&map)?.stream)))
            })
            .collect();
        for contents in listed(&page.head, "/Contents") {
            if let Some(contents) = objects.get(&contents) {
                show(&contents.stream, &fonts, &mut told);
            }
        }
    }
    told
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| at + from)
}

/// Everything between `n 0 obj` and `endobj`, and what streams of objects hold.
fn objects(pdf: &[u8]) -> Objects {
    let mut found = Objects::new();
    let mut at = 0;
    while let Some(begin) = find(pdf, b" 0 obj", at) {
        let digits = pdf[..begin].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&pdf[begin - digits..begin]).ok().and_then(|text| text.parse().ok());
        let body = begin + b" 0 obj".len();
        let end = find(pdf, b"endobj", body).unwrap_or(pdf.len());
        let stream = find(pdf, b"stream", body).filter(|at| *at < end);
        let head = String::from_utf8_lossy(&pdf[body..stream.unwrap_or(end)]).into_owned();
        let mut object = Object { head, stream: Vec::new() };
        at = end;
        if let Some(stream) = stream {
            let begin = stream
                + b"stream".len()
                + pdf[stream + b"stream".len()..].iter().take_while(|it| matches!(it, b'\r' | b'\n')).count();
            let end = find(pdf, b"endstream", begin).unwrap_or(pdf.len());
            at = find(pdf, b"endobj", end).unwrap_or(pdf.len());
            object.stream =
                if object.head.contains("FlateDecode") { inflated(&pdf[begin..end]) } else { pdf[begin..end].to_vec() };
        }
        if is(&object.head, "/Type", "/ObjStm") {
            unpack(&object, &mut found);
        }
        if let Some(number) = number {
            found.insert(number, object);
        }
    }
    found
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    // What is cut off at the end of it is told as far as it goes.
    let _ = flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut whole);
    whole
}

/// The objects that a stream of objects holds.
fn unpack(object: &Object, found: &mut Objects) {
    let text = String::from_utf8_lossy(&object.stream).into_owned();
    let Some(first) = number(&object.head, "/First") else { return };
    let first = first as usize;
    let heads: Vec<usize> =
        text.get(..first).unwrap_or_default().split_ascii_whitespace().filter_map(|it| it.parse().ok()).collect();
    for (place, pair) in heads.chunks_exact(2).enumerate() {
        let end = heads.get(place * 2 + 3).map_or(text.len(), |next| first + next);
        if let (Ok(number), Some(head)) = (u32::try_from(pair[0]), text.get(first + pair[1]..end)) {
            found.insert(number, Object { head: head.to_owned(), stream: Vec::new() });
        }
    }
}

/// What stands behind a key.
fn after<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    head.match_indices(key)
        .map(|(at, _)| &head[at + key.len()..])
        .find(|rest| !rest.starts_with(char::is_alphanumeric))
        .map(str::trim_start)
}

fn is(head: &str, key: &str, value: &str) -> bool {
    after(head, key)
        .is_some_and(|rest| rest.strip_prefix(value).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

fn number(head: &str, key: &str) -> Option<u32> {
    after(head, key)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The object that a key refers to.
fn reference(head: &str, key: &str) -> Option<u32> {
    let mut words = after(head, key)?.split_ascii_whitespace();
    let (object, generation, sign) = (words.next()?, words.next()?, words.next()?);
    (generation == "0" && sign.starts_with('R')).then(|| object.parse().ok()).flatten()
}

/// The objects that a key refers to, one or a list.
fn listed(head: &str, key: &str) -> Vec<u32> {
    match after(head, key) {
        Some(rest) if rest.starts_with('[') => {
            let inner = rest[1..].split(']').next().unwrap_or_default();
            inner.split('R').filter_map(|it| it.split_ascii_whitespace().next()?.parse().ok()).collect()
        }
        _ => reference(head, key).into_iter().collect(),
    }
}

/// A dictionary that stands in place, or that a key refers to.
fn follow(objects: &Objects, head: &str, key: &str) -> Option<String> {
    if let Some(object) = reference(head, key) {
        return objects.get(&object).map(|object| object.head.clone());
    }
    let rest = after(head, key)?;
    let mut depth = 0_usize;
    for (at, pair) in rest.as_bytes().windows(2).enumerate() {
        match pair {
            b"<<" => depth += 1,
            b">>" if depth <= 1 => return rest.get(..at + 2).map(str::to_owned),
            b">>" => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `/F0 12 0 R /F1 13 0 R`.
fn references(dictionary: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for part in dictionary.split('/').skip(1) {
        let mut words = part.split_ascii_whitespace();
        if let (Some(name), Some(object), Some("0")) = (words.next(), words.next(), words.next())
            && let Ok(object) = object.parse()
        {
            found.push((name.to_owned(), object));
        }
    }
    found
}

/// What the glyphs of a font stand for.
#[derive(Debug, Default)]
struct Glyphs(BTreeMap<u32, String>);

impl Glyphs {
    fn of(map: &[u8]) -> Self {
        let text = String::from_utf8_lossy(map).into_owned();
        let mut glyphs = BTreeMap::new();
        for part in text.split("beginbfchar").skip(1) {
            let codes = hexes(part.split("endbfchar").next().unwrap_or_default());
            for pair in codes.chunks_exact(2) {
                glyphs.insert(code(&pair[0]), characters(&pair[1]));
            }
        }
        for part in text.split("beginbfrange").skip(1) {
            let codes = hexes(part.split("endbfrange").next().unwrap_or_default());
            for range in codes.chunks_exact(3) {
                let (from, to, mut is) = (code(&range[0]), code(&range[1]), code(&range[2]));
                for glyph in from..=to {
                    glyphs.insert(glyph, char::from_u32(is).map(String::from).unwrap_or_default());
                    is += 1;
                }
            }
        }
        Self(glyphs)
    }

    fn spelled(&self, bytes: &[u8]) -> String {
        bytes.chunks(2).filter_map(|pair| self.0.get(&code(pair))).map(String::as_str).collect()
    }
}

fn code(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn characters(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn hexes(text: &str) -> Vec<Vec<u8>> {
    text.split('<').skip(1).filter_map(|part| part.split('>').next()).map(hex).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().filter_map(|byte| char::from(byte).to_digit(16)).filter_map(|it| u8::try_from(it).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

/// Reads a page's operators, of which those that show text are told.
fn show(stream: &[u8], fonts: &BTreeMap<String, Glyphs>, told: &mut String) {
    let none = Glyphs::default();
    let mut font = &none;
    let (mut name, mut pending): (String, Vec<u8>) = Default::default();
    let mut at = 0;
    while let Some(byte) = stream.get(at).copied() {
        match byte {
            b'<' if stream.get(at + 1) != Some(&b'<') => {
                let end = find(stream, b">", at).unwrap_or(stream.len());
                pending.extend(hex(&String::from_utf8_lossy(&stream[at + 1..end])));
                at = end + 1;
            }
            b'(' => {
                let (bytes, end) = literal(stream, at + 1);
                pending.extend(bytes);
                at = end;
            }
            b'/' => {
                let end = at + 1 + stream[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                name = String::from_utf8_lossy(&stream[at + 1..end]).into_owned();
                at = end;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'\'' | b'"' => {
                let end = at
                    + stream[at..]
                        .iter()
                        .take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'"' | b'*'))
                        .count();
                match &stream[at..end] {
                    b"Tf" => font = fonts.get(&name).unwrap_or(&none),
                    b"Tj" | b"TJ" | b"'" | b"\"" => told.push_str(&font.spelled(&pending)),
                    b"ET" => told.push('\n'),
                    _ => {}
                }
                pending.clear();
                at = end.max(at + 1);
            }
            _ => at += 1,
        }
    }
}

/// `(text)` with what is escaped in it, and where it ends.
fn literal(stream: &[u8], from: usize) -> (Vec<u8>, usize) {
    let (mut bytes, mut at, mut depth) = (Vec::new(), from, 1_usize);
    while let Some(byte) = stream.get(at).copied() {
        at += 1;
        match byte {
            b'\\' => {
                let escaped = stream.get(at).copied().unwrap_or(b'\\');
                at += 1;
                match escaped {
                    b'n' => bytes.push(b'\n'),
                    b'r' => bytes.push(b'\r'),
                    b't' => bytes.push(b'\t'),
                    b'b' => bytes.push(8),
                    b'f' => bytes.push(12),
                    b'0'..=b'7' => {
                        let more = stream[at..].iter().take(2).take_while(|it| matches!(it, b'0'..=b'7')).count();
                        let octal =
                            stream[at - 1..at + more].iter().fold(0_u32, |code, it| code * 8 + u32::from(it - b'0'));
                        bytes.push(u8::try_from(octal & 0xff).unwrap_or_default());
                        at += more;
                    }
                    b'\n' => {}
                    other => bytes.push(other),
                }
            }
            b'(' => {
                depth += 1;
                bytes.push(byte);
            }
            b')' if depth == 1 => break,
            b')' => {
                depth -= 1;
                bytes.push(byte);
            }
            other => bytes.push(other),
        }
    }
    (bytes, at)
}
