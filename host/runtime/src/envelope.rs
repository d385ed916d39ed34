//! A plugin's file, read without running or compiling anything: its custom sections, what it imports and what it exports.

use crate::assets::{self, Assets};
use crate::fault::LoadFault;
use lignaflow_core::CONTRACT;
use lignaflow_core::descriptor::{self, Descriptor};
use sha2::{Digest, Sha256};
use wasmparser::{Encoding, Parser, Payload};

/// Carries `plugin.toml` as it was written.
const DESCRIPTOR: &str = "lignaflow:descriptor";
/// Bytes of one plugin. A Python component with its interpreter has some 19 MB.
const MOST_BYTES: usize = 64 << 20;
/// How deep components and modules nest.
const MOST_DEPTH: usize = 32;

/// The contract's package, as it stands before the slash of each name.
pub(crate) const PACKAGE: &str = "lignaflow:plugin";
/// Interfaces that hold types and nothing to call.
const TYPES: [&str; 3] = ["types", "query", "writing"];
/// Interfaces that reveal nothing of the organization's data: importing them takes no grant.
const FREE: [&str; 6] = ["context", "calendar", "logging", "settings", "services", "outbound"];
/// What the host links of WASI 0.2, all of it denied: no files, network, environment or arguments.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    pub descriptor: Descriptor,
    /// The descriptor as it stands in the file.
    pub text: String,
    /// Interfaces of the contract that its code may call, such as `records`.
    pub interfaces: Vec<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// The same in bytes.
    pub hash: [u8; 32],
    /// Templates and what they use.
    pub assets: Assets,
    pub(crate) exports: Vec<String>,
}

impl Inspection {
    /// Whether the code exports an interface of the contract.
    pub(crate) fn exports(&self, interface: &str) -> bool {
        self.exports.iter().any(|export| export == interface)
    }
}

/// Reads a plugin's file: what an administrator is asked to consent to before it is loaded.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadFault> {
    if bytes.len() > MOST_BYTES {
        return Err(LoadFault::TooLarge { bytes: bytes.len(), most: MOST_BYTES });
    }
    let outline = Outline::read(bytes)?;
    outline.check_version()?;
    let interfaces = outline.interfaces()?;
    let section = outline.descriptor.ok_or(LoadFault::NoSection(DESCRIPTOR))?;
    let text = std::str::from_utf8(section).map_err(|_| LoadFault::NotText)?;
    let descriptor = descriptor::parse(text).map_err(LoadFault::Descriptor)?;
    let assets = outline.assets.map(Assets::read).transpose()?.unwrap_or_default();
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let exports =
        outline.exports.iter().filter_map(|name| Name::of(name)).map(|name| name.interface.to_owned()).collect();
    Ok(Inspection { descriptor, text: text.to_owned(), interfaces, digest: hex::encode(hash), hash, assets, exports })
}

/// A name of the contract's package: `lignaflow:plugin/records@0.1.0`.
struct Name<'a> {
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(PACKAGE)?.strip_prefix('/')?;
        let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
        Some(Self { interface, version })
    }

    /// Whether a host of this version answers to it: 0.1.x and 0.2.y refuse each other.
    fn is_spoken(&self) -> bool {
        self.version.strip_prefix(CONTRACT).is_some_and(|patch| patch.starts_with('.'))
    }
}

/// A component's outermost sections.
#[derive(Debug, Default)]
struct Outline<'a> {
    descriptor: Option<&'a [u8]>,
    assets: Option<&'a [u8]>,
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, LoadFault> {
        if !bytes.starts_with(b"\0asm") {
            return Err(LoadFault::NotWasm);
        }
        let malformed = |error: wasmparser::BinaryReaderError| LoadFault::Malformed(error.to_string());
        let mut outline = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(malformed)? {
                Payload::Version { encoding, .. } => {
                    if depth == 0 && encoding == Encoding::Module {
                        return Err(LoadFault::CoreModule);
                    }
                    depth += 1;
                    if depth > MOST_DEPTH {
                        return Err(LoadFault::Malformed(format!("it nests more than {MOST_DEPTH} deep")));
                    }
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if section.name() == DESCRIPTOR => {
                    keep(&mut outline.descriptor, DESCRIPTOR, section.data(), depth, descriptor::MAX_BYTES)?;
                }
                Payload::CustomSection(section) if section.name() == assets::SECTION => {
                    keep(&mut outline.assets, assets::SECTION, section.data(), depth, assets::MOST_BYTES)?;
                }
                Payload::ComponentImportSection(imports) if depth == 1 => {
                    for import in imports {
                        outline.imports.push(import.map_err(malformed)?.name.name);
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 1 => {
                    for export in exports {
                        outline.exports.push(export.map_err(malformed)?.name.name);
                    }
                }
                _ => {}
            }
        }
        Ok(outline)
    }

    /// The version is read before anything else, so that a plugin of another one hears that and nothing confusing.
    fn check_version(&self) -> Result<(), LoadFault> {
        let foreign =
            self.imports.iter().chain(&self.exports).filter_map(|name| Name::of(name)).find(|n| !n.is_spoken());
        match foreign {
            Some(name) => {
                let found = if name.version.is_empty() { "without a version" } else { name.version };
                Err(LoadFault::ContractVersion { found: found.to_owned(), speaks: CONTRACT })
            }
            None => Ok(()),
        }
    }

    /// The contract's interfaces among the imports; refused where an import is neither of the contract nor of WASI 0.2.
    fn interfaces(&self) -> Result<Vec<String>, LoadFault> {
        let mut interfaces = Vec::new();
        let mut unknown = Vec::new();
        for import in &self.imports {
            match Name::of(import) {
                Some(name) if TYPES.contains(&name.interface) => {}
                Some(name) if is_known(name.interface) => interfaces.push(name.interface.to_owned()),
                None if is_wasi(import) => {}
                _ => unknown.push((*import).to_owned()),
            }
        }
        if unknown.is_empty() { Ok(interfaces) } else { Err(LoadFault::UnknownImports(unknown)) }
    }
}

/// Keeps a section of the component itself, of which there is one.
fn keep<'a>(
    place: &mut Option<&'a [u8]>,
    name: &'static str,
    data: &'a [u8],
    depth: usize,
    most: usize,
) -> Result<(), LoadFault> {
    if depth != 1 {
        return Err(LoadFault::NestedSection(name));
    }
    if data.len() > most {
        return Err(LoadFault::LargeSection { name, bytes: data.len(), most });
    }
    if place.replace(data).is_some() {
        return Err(LoadFault::DoubleSection(name));
    }
    Ok(())
}

fn is_known(interface: &str) -> bool {
    FREE.contains(&interface) || descriptor::Capability::ALL.iter().any(|it| it.interface() == interface)
}

fn is_wasi(import: &str) -> bool {
    import.strip_prefix("wasi:").and_then(|rest| rest.split_once('/')).is_some_and(|(package, rest)| {
        WASI.contains(&package) && rest.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."))
    })
}
