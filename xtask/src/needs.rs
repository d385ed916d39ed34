//! What tests ask of the machine beyond Rust: found, or loudly left out, or, where it is required, a failure.

use std::env;

use anyhow::{Result, bail};

use crate::steps::loud;

/// Names, between commas, of what must be there: `postgres`, `browser`.
pub(crate) const REQUIRE: &str = "LIGNAFLOW_REQUIRE";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// As it stands in `LIGNAFLOW_REQUIRE`.
    pub(crate) name: &'static str,
    /// What is not done without it.
    pub(crate) for_what: &'static str,
    /// Where it was looked for and how to get it.
    pub(crate) advice: &'static str,
}

/// `Ok` where it is all right to go on without.
pub(crate) fn missing(need: Need) -> Result<()> {
    let Need { name, for_what, advice } = need;
    if is_required(name, env::var(REQUIRE).ok().as_deref()) {
        bail!("{REQUIRE} asks for {name}, which is not here. {advice}");
    }
    loud(&format!("SKIPPED: {for_what}\n{advice}\n{REQUIRE}={name} makes this a failure."));
    Ok(())
}

fn is_required(name: &str, list: Option<&str>) -> bool {
    list.is_some_and(|list| list.split(',').any(|word| word.trim() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_a_list_between_commas() {
        assert!(is_required("browser", Some("postgres, browser")));
        assert!(!is_required("browser", Some("postgres,browsers")));
        assert!(!is_required("browser", None));
    }
}
