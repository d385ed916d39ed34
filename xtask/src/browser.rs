//! Chromium and the driver that speaks WebDriver to it, for the tests that open pages.

use std::env;
use std::path::{Path, PathBuf};

use crate::needs::Need;
use crate::workspace::in_path;

pub(crate) const CHROMIUM: &str = "LIGNAFLOW_TEST_CHROMIUM";
pub(crate) const DRIVER: &str = "LIGNAFLOW_TEST_CHROMEDRIVER";

pub(crate) const NEED: Need = Need {
    name: "browser",
    for_what: "tests in the browser",
    advice: "Neither PATH nor the usual folders have both chromium and chromedriver. Debian: apt-get install chromium chromium-driver",
};

#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

pub(crate) fn find() -> Option<Browser> {
    let chromium = named(CHROMIUM).or_else(|| {
        look(
            &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
            &[
                "/Applications/Chromium.app/Contents/MacOS/Chromium",
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            ],
        )
    })?;
    let driver = named(DRIVER).or_else(|| {
        look(&["chromedriver"], &["/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"])
    })?;
    Some(Browser { chromium, driver })
}

/// What the environment says comes first.
fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file())
}

fn look(programs: &[&str], files: &[&str]) -> Option<PathBuf> {
    programs
        .iter()
        .find_map(|program| in_path(program))
        .or_else(|| files.iter().map(Path::new).find(|file| file.is_file()).map(Path::to_path_buf))
}
