//! What becomes a plugin and what does not, and how often code is compiled.

use crate::support::{asked, call, declared, engine, guest, json, leb, with_section};
use lignaflow_core::allowance::Allowance;
use lignaflow_core::descriptor::{Capability, Grants};
use lignaflow_core::guest::CallFault;
use lignaflow_runtime::{Engine, EngineOptions, LoadFault, inspect};
use std::fs;
use std::path::{Path, PathBuf};

const NOTES: &str = r#"
id = "notes"
version = "0.1.0"
title = "Notes"
api = "0.1"
"#;

fn fault(bytes: &[u8]) -> LoadFault {
    engine().load(bytes, &Grants::default(), &Allowance::default()).unwrap_err()
}

fn cached(folder: &Path) -> Engine {
    Engine::new(EngineOptions { cache_dir: Some(folder.to_owned()), instances: 4, ..EngineOptions::default() }).unwrap()
}

fn artefacts(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|it| it == "compiled")).collect()
}

async fn hello(engine: &Engine) -> String {
    let bytes = guest("honest");
    let plugin = engine.load(&bytes, &asked(&bytes), &Allowance::default()).unwrap();
    json(call(&plugin, "hello").await)
}

#[tokio::test]
async fn a_descriptor_without_code_is_a_plugin() {
    let plugin = engine().load(&declared(NOTES), &Grants::default(), &Allowance::default()).unwrap();
    assert_eq!((plugin.id().as_str(), plugin.version(), plugin.has_code()), ("notes", "0.1.0", false));
    assert_eq!(call(&plugin, "hello").await, Err(CallFault::NoCode));
}

#[test]
fn a_file_tells_what_it_asks_for_before_it_is_loaded() {
    let inspection = inspect(&guest("honest")).unwrap();
    assert_eq!(inspection.descriptor.id.as_str(), "honest");
    assert_eq!(inspection.interfaces, ["context", "records", "people", "calendar", "logging"]);
    assert_eq!(inspection.descriptor.grants.interfaces, [Capability::Records, Capability::People]);
    assert_eq!(inspection.digest.len(), 64);
}

#[test]
fn what_is_no_component_is_told_what_it_is() {
    assert_eq!(fault(b""), LoadFault::NotWasm);
    assert_eq!(fault(b"MZ\x90\0"), LoadFault::NotWasm);
    assert_eq!(fault(b"\0asm\x01\0\0\0"), LoadFault::CoreModule);
    assert_eq!(fault(b"\0asm\x0d\0\x01\0"), LoadFault::NoSection("lignaflow:descriptor"));
    assert!(matches!(fault(b"\0asm\x0d\0\x01\0\x00\xff"), LoadFault::Malformed(_)));
    assert!(matches!(fault(&vec![0; 65 << 20]), LoadFault::TooLarge { .. }));
}

#[test]
fn a_component_that_is_cut_off_or_bent_is_refused_and_does_no_harm() {
    let whole = guest("honest");
    let granted = asked(&whole);
    let engine = Engine::new(EngineOptions { instances: 4, ..EngineOptions::default() }).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 24) {
        assert!(engine.load(&whole[..length], &granted, &Allowance::default()).is_err(), "{length} bytes");
    }
    // Some bits matter to nobody; none of them may end the host.
    for at in (8..whole.len()).step_by(whole.len() / 24) {
        let mut bent = whole.clone();
        bent[at] ^= 0x10;
        let _ = engine.load(&bent, &granted, &Allowance::default());
    }
}

#[test]
fn the_descriptor_is_the_components_own_and_there_once() {
    let name = "lignaflow:descriptor";
    let twice = with_section(&declared(NOTES), name, NOTES.as_bytes());
    assert_eq!(fault(&twice), LoadFault::DoubleSection(name));
    let module = with_section(b"\0asm\x01\0\0\0", name, b"inner");
    let mut nested = b"\0asm\x0d\0\x01\0\x01".to_vec();
    nested.extend(leb(module.len()));
    nested.extend(module);
    assert_eq!(fault(&with_section(&nested, name, NOTES.as_bytes())), LoadFault::NestedSection(name));
    let large = "#".repeat(300_000);
    assert!(matches!(fault(&declared(&large)), LoadFault::LargeSection { bytes: 300_000, .. }));
    assert_eq!(fault(&with_section(b"\0asm\x0d\0\x01\0", name, b"\xff\xfe")), LoadFault::NotText);
}

#[test]
fn a_descriptor_with_faults_names_line_and_key() {
    let message = fault(&declared(&NOTES.replace("title", "titel"))).to_string();
    assert!(message.contains("line 4") && message.contains("did you mean `title`?"), "{message}");
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let bytes = guest("honest");
    let missing = |granted: &Grants| match engine().load(&bytes, granted, &Allowance::default()) {
        Err(LoadFault::NotGranted(missing)) => missing,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(&Grants::default()), ["interface records", "interface people", "read other/things"]);
    let some = Grants { interfaces: vec![Capability::People], ..Grants::default() };
    assert_eq!(missing(&some), ["interface records", "read other/things"]);
}

#[test]
fn an_import_that_the_descriptor_does_not_ask_for_is_refused_though_all_is_granted() {
    let all = Grants { interfaces: Capability::ALL.to_vec(), ..Grants::default() };
    let refused = engine().load(&guest("ungranted-import"), &all, &Allowance::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the plugin was not granted: interface people, which the code imports and `grants.interfaces` does not ask for"
    );
}

#[test]
fn another_version_of_the_contract_is_named_before_anything_else() {
    let refused = fault(&guest("wrong-version"));
    assert_eq!(refused, LoadFault::ContractVersion { found: "0.2.0".to_owned(), speaks: "0.1" });
    let declared = fault(&declared(&NOTES.replace("\"0.1\"", "\"0.2\""))).to_string();
    assert!(declared.contains("built against contract `0.2`, but this host speaks `0.1`"), "{declared}");
}

#[test]
fn unknown_imports_are_refused_by_name() {
    // A component that imports two empty instances.
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend([7, 3, 1, 0x42, 0]);
    let mut imports = vec![2];
    for name in ["wasi:http/outgoing-handler@0.2.0", "lignaflow:plugin/passwords@0.1.0"] {
        imports.push(0);
        imports.extend(leb(name.len()));
        imports.extend(name.as_bytes());
        imports.extend([5, 0]);
    }
    component.push(10);
    component.extend(leb(imports.len()));
    component.extend(imports);
    let bytes = with_section(&component, "lignaflow:descriptor", NOTES.as_bytes());
    assert_eq!(
        fault(&bytes),
        LoadFault::UnknownImports(vec![
            "wasi:http/outgoing-handler@0.2.0".to_owned(),
            "lignaflow:plugin/passwords@0.1.0".to_owned()
        ])
    );
}

#[test]
fn routes_without_code_are_refused() {
    let text = format!("{NOTES}\n[[routes]]\nname = \"run\"\ntitle = \"Run\"\nmethod = \"GET\"\npath = \"/run\"\n");
    assert_eq!(
        fault(&declared(&text)).to_string(),
        "the descriptor declares routes or hooks, but the component does not export lignaflow:plugin/hooks, \
         lignaflow:plugin/routes"
    );
}

#[tokio::test]
async fn what_was_compiled_once_is_not_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = cached(folder.path());
    assert_eq!(hello(&first).await, "\"hello\"");
    assert_eq!(hello(&first).await, "\"hello\"");
    assert_eq!(first.compiled(), 1);
    let second = cached(folder.path());
    assert_eq!(hello(&second).await, "\"hello\"");
    assert_eq!(second.compiled(), 0);
}

#[tokio::test]
async fn a_compiled_file_that_was_tampered_with_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(hello(&cached(folder.path())).await, "\"hello\"");
    let file = artefacts(folder.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let engine = cached(folder.path());
    assert_eq!(hello(&engine).await, "\"hello\"");
    assert_eq!(engine.compiled(), 1);
    // And what was compiled again is in its place.
    let engine = cached(folder.path());
    assert_eq!(hello(&engine).await, "\"hello\"");
    assert_eq!(engine.compiled(), 0);
}

#[tokio::test]
async fn a_compiled_file_of_another_host_is_compiled_again() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(hello(&cached(theirs.path())).await, "\"hello\"");
    let file = artefacts(theirs.path()).remove(0);
    let engine = cached(ours.path());
    fs::copy(&file, ours.path().join(file.file_name().unwrap())).unwrap();
    assert_eq!(hello(&engine).await, "\"hello\"");
    assert_eq!(engine.compiled(), 1);
}

#[test]
fn a_cache_that_is_not_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compiled");
    fs::write(&file, "").unwrap();
    let options = EngineOptions { cache_dir: Some(file.clone()), instances: 4, ..EngineOptions::default() };
    let message = Engine::new(options).unwrap_err().to_string();
    assert!(message.starts_with(&format!("the folder of compiled plugins, {}: ", file.display())), "{message}");
}
