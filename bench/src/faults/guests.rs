//! Whom to call, with what, and what must come of it; and files that are no plugins.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::host::Host;
use crate::packed::{EMPTY, described};

/// A guest, what it is called with, what it must answer, and where it must be told why.
pub(super) struct Guest {
    pub(super) id: &'static str,
    /// With the id of a record of another organization in the place of `{theirs}`.
    pub(super) route: &'static str,
    pub(super) body: Option<&'static str>,
    pub(super) status: u16,
    /// What must be told.
    pub(super) line: &'static str,
    /// Where, under `/api/v1/`; the guest's own log where it is empty.
    pub(super) told_at: &'static str,
    /// What goes on after the answer: lists that are empty when it is done.
    pub(super) until: &'static [&'static str],
    /// It is called once where others are called so often.
    pub(super) share: u32,
}

const fn guest(id: &'static str, route: &'static str, status: u16, line: &'static str) -> Guest {
    Guest { id, route, body: None, status, line, told_at: "", until: &[], share: 1 }
}

/// A job is asked for, which sends to an address inside.
const fn reaching(body: &'static str, line: &'static str) -> Guest {
    Guest {
        body: Some(body),
        until: &["jobs?plugin=outreach&state=waiting&limit=1", "jobs?plugin=outreach&state=running&limit=1"],
        ..guest("outreach", "reach", 204, line)
    }
}

pub(super) const GUESTS: [Guest; 33] = [
    guest("loop", "run", 504, "used up its computing time"),
    guest("sleep", "run", 504, "took too long"),
    guest("slow-host-calls", "run", 504, "the plugin"),
    guest("memory", "run", 507, "used up its memory"),
    guest("tables", "run", 507, "used up its memory"),
    guest("recursion", "run", 502, "the plugin failed"),
    guest("panic", "run", 502, "the sky is falling"),
    guest("panic", "exit", 502, "the plugin failed"),
    guest("host-call-flood", "run", 502, "used up its host calls"),
    guest("log-flood", "run", 502, "used up its host calls"),
    guest("giant-string", "argument", 502, "used up its bytes"),
    guest("giant-string", "answer", 502, "used up its bytes"),
    guest("bad-answer", "deep-json", 502, "not JSON"),
    guest("bad-answer", "outside-schema", 502, "is not of type"),
    guest("bad-answer", "doubled", 502, "not valid"),
    guest("bad-answer", "forged-header", 502, "media type"),
    guest("bad-answer", "no-template", 502, "no template"),
    guest("bad-answer", "too-many-writes", 502, "used up its"),
    guest("bad-answer", "foreign-write", 403, ""),
    guest("prying", "get/{theirs}", 200, ""),
    guest("prying", "saved/{theirs}", 404, ""),
    guest("prying", "rewrite/{theirs}", 404, ""),
    guest("prying", "remove/{theirs}", 404, ""),
    guest("predicate-bomb", "doubled", 422, ""),
    guest("predicate-bomb", "deep", 422, ""),
    guest("predicate-bomb", "wide", 422, ""),
    guest("predicate-bomb", "circle", 422, ""),
    guest("predicate-bomb", "far", 422, ""),
    guest("predicate-bomb", "words", 422, ""),
    reaching(r#"{"url":"https://localhost/"}"#, "inside this host's own network"),
    reaching(r#"{"url":"https://169.254.169.254/latest/meta-data/"}"#, "is no host by its name"),
    // Each passes on to the next, and four deep is enough.
    Guest {
        body: Some(r#"["second.pass","third.pass","fourth.pass","fifth.pass","last.pass"]"#),
        ..guest("first", "pass", 403, "")
    },
    // A process a document, each of which computes until it is ended: a thousand are twenty minutes.
    Guest {
        body: Some(r#"{"title":"Endless","template":"endless"}"#),
        told_at: "documents?state=failed&limit=1",
        until: &["documents?state=waiting&limit=1"],
        share: 20,
        ..guest("papers", "write", 201, "of computing that it has")
    },
];

/// What time is the point of has little of it, so that a thousand calls are done within a minute; the rest is as usual.
pub(super) const TIGHT: [(&str, u64, u64); 3] = [("loop", 20, 5_000), ("sleep", 20, 50), ("slow-host-calls", 20, 100)];

/// Seconds of computing that a document has here.
pub(super) const DOCUMENT_SECONDS: &str = "1";

const PROJECTS: &str = include_str!("../../../plugins/projects/plugin.toml");
/// The versions between which the plugin of honest clients is swapped.
pub(super) const FIRST: &str = "0.1.0";
pub(super) const NEXT: &str = "0.1.1";

const RELAY: &str = include_str!("../../../plugins/fixtures/relay/plugin.toml");
/// Of services that pass on, the last first; each calls the one before it.
const CHAIN: [&str; 6] = ["last", "fifth", "fourth", "third", "second", "first"];

fn packed(path: &str) -> Result<Vec<u8>> {
    let path = format!("plugins/dist/{path}.wasm");
    fs::read(&path).with_context(|| format!("there is no {path}: `cargo xtask plugins` packs it"))
}

/// Installs everybody who is called.
pub(super) async fn install(host: &Host) -> Result<()> {
    let mut ids: Vec<&str> = GUESTS.iter().map(|guest| guest.id).filter(|id| !CHAIN.contains(id)).collect();
    ids.dedup();
    for id in ids {
        let folder = if id == "papers" { "fixtures" } else { "hostile" };
        host.install(Path::new(&format!("plugins/dist/{folder}/{id}.wasm")), id).await?;
    }
    host.install(Path::new("plugins/dist/fixtures/ledger.wasm"), "ledger").await?;
    let mut next: Option<&str> = None;
    for id in CHAIN {
        let file = host.folder().join(format!("{id}.wasm"));
        fs::write(&file, relay(id, "0.1.0", next)?)?;
        host.install(&file, id).await?;
        next = Some(id);
    }
    Ok(())
}

/// The relay under another name, which passes on to that one.
fn relay(id: &str, version: &str, next: Option<&str>) -> Result<Vec<u8>> {
    let services = next.map(|next| format!("\"{next}.pass\"")).unwrap_or_default();
    let descriptor = RELAY
        .replace("id = \"relay\"", &format!("id = \"{id}\""))
        .replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
    // The last of them passes on to nobody, and its code calls services all the same: it names one that is there.
    let services = if services.is_empty() { "\"ledger.book\"".to_owned() } else { services };
    let descriptor = descriptor.replace("\"ledger.book\"", &services);
    redescribed("fixtures/relay", RELAY, &descriptor)
}

/// The next version of the plugin that honest clients ask, which differs in its number alone.
pub(super) fn next_projects() -> Result<Vec<u8>> {
    let next = PROJECTS.replace("version = \"0.1.0\"", &format!("version = \"{NEXT}\""));
    redescribed("projects", PROJECTS, &next)
}

/// The code of a packed plugin with another descriptor.
fn redescribed(path: &str, was: &str, descriptor: &str) -> Result<Vec<u8>> {
    let mut code = packed(path)?;
    let section = described(&[], was);
    ensure!(code.ends_with(&section), "plugins/dist/{path}.wasm is of another day: `cargo xtask plugins` packs it");
    code.truncate(code.len() - section.len());
    Ok(described(&code, descriptor))
}

/// Files that are no plugins, or none that fits, each with what it must be answered.
pub(super) fn files() -> Result<Vec<(&'static str, Vec<u8>, u16)>> {
    let whole = packed("hostile/memory")?;
    let mut torn = whole.clone();
    // The length of the first section: what follows is nothing.
    torn[9] ^= 0x55;
    let head = "id = \"bomb\"\nversion = \"0.1.0\"\ntitle = \"Bomb\"\napi = \"0.1\"\n";
    let deep = format!("{head}deep = {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
    let dotted = format!("{head}{}a = 1\n", "a.".repeat(20_000));
    let collection = |number: usize| {
        format!(
            "[[collections]]\nname = \"c{number}\"\ntitle = {{ one = \"C\", many = \"Cs\" }}\ndisplay = \"t\"\n\
             [collections.fields]\nt = {{ type = \"text\" }}\n"
        )
    };
    let many = format!("{head}{}", (0..2_000).map(collection).collect::<String>());
    let rule = format!("{}t is null{}", "(".repeat(10_000), ")".repeat(10_000));
    let rule = format!("{head}{}", collection(0)).replace(
        "[collections.fields]",
        &format!("checks = [{{ rule = \"{rule}\", message = \"m\" }}]\n[collections.fields]"),
    );
    let inside = |host: &str| described(&EMPTY, &format!("{head}[grants]\noutbound = [\"{host}\"]\n"));
    Ok(vec![
        ("ungranted import", packed("hostile/ungranted-import")?, 422),
        ("wrong contract version", packed("hostile/wrong-version")?, 422),
        ("cut in the middle", whole[..whole.len() / 2].to_vec(), 422),
        ("flipped bits", torn, 422),
        ("descriptor 20,000 deep", described(&EMPTY, &deep), 422),
        ("descriptor with a key of 20,000 parts", described(&EMPTY, &dotted), 422),
        ("descriptor of 2,000 collections", described(&EMPTY, &many), 422),
        ("descriptor with a rule 10,000 deep", described(&EMPTY, &rule), 422),
        ("a grant to send to 127.0.0.1", inside("127.0.0.1"), 422),
        ("a grant to send to 169.254.169.254", inside("169.254.169.254"), 422),
        // The last of those that pass on would call the first.
        ("services in a circle", relay("last", "0.2.0", Some("first"))?, 409),
    ])
}
