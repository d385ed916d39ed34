//! What the disk itself can do: how often a second it makes a small write lasting.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// A page, as both databases write them.
const BLOCK: [u8; 4096] = [0x5a; 4096];
/// Written over and over, as a log that is used again is: the file does not grow, so that only data is synchronized.
const BLOCKS: u32 = 256;

/// `fdatasync` a second after one block each, in the folder that is measured.
pub(crate) fn syncs_per_second(folder: &Path, time: Duration) -> Result<f64> {
    let mut file = tempfile::tempfile_in(folder).with_context(|| format!("{} takes no file", folder.display()))?;
    for _ in 0..BLOCKS {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    let begin = Instant::now();
    let mut syncs = 0_u32;
    while begin.elapsed() < time {
        write(&mut file, syncs % BLOCKS)?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / begin.elapsed().as_secs_f64())
}

fn write(file: &mut File, block: u32) -> Result<()> {
    file.seek(SeekFrom::Start(u64::from(block) * BLOCK.len() as u64))?;
    file.write_all(&BLOCK)?;
    file.sync_data()?;
    Ok(())
}
