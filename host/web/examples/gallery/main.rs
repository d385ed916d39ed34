//! Writes every page with sample content to a folder of plain HTML with its assets, to look at:
//! `cargo run -p lignaflow-web --example gallery -- FOLDER`, then serve the folder with any static server.

mod pages;
mod sample;

use lignaflow_web::assets;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("gallery"), PathBuf::from);
    let pages = pages::all();
    for name in assets::names() {
        let address = assets::url(name);
        let path = folder.join(address.trim_start_matches('/'));
        if let Some(asset) = assets::get(address.trim_start_matches(assets::ROOT)) {
            write(&path, &asset.bytes)?;
        }
    }
    let mut index = String::from("<!doctype html><title>Gallery</title><ul>");
    for (name, page) in &pages {
        write(&folder.join(format!("{name}.html")), page.clone().into_string().as_bytes())?;
        let _ = write!(index, "<li><a href=\"/{name}.html\">{name}</a>");
    }
    write(&folder.join("index.html"), index.as_bytes())?;
    println!("{} pages in {}", pages.len(), folder.display());
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}
