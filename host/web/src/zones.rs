//! The zones of the tz database that name a place, to choose among.

use maud::{Markup, html};

/// What a control that offers them names as its `list`.
pub(crate) const LIST: &str = "zones";

const PLACES: [&str; 10] =
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/// One stands on a page that has such a control.
pub(crate) fn list() -> Markup {
    let all = jiff::tz::db().available().map(|zone| zone.as_str().to_owned());
    let named = all.filter(|zone| zone.split_once('/').is_some_and(|(area, _)| PLACES.contains(&area)));
    html! { datalist id=(LIST) { @for zone in named { option value=(zone) {} } } }
}
