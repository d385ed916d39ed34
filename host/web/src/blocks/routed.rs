//! What blocks have in common whose data and deeds are routes of a plugin.

use maud::{Markup, html};
use serde::Deserialize;

/// Where a block's forms are posted, and what was said of the last one that was refused.
#[derive(Debug, Clone, Default)]
pub struct Posting {
    /// The address of the block: a deed's name is put after it.
    pub action: String,
    /// The page by itself.
    pub page: String,
    /// Why the last deed was refused.
    pub refused: Option<String>,
}

impl Posting {
    pub(super) fn to(&self, deed: &str) -> String {
        format!("{}/{deed}", self.action)
    }

    /// An id that nothing else on the page has: blocks of one kind may stand beside each other.
    pub(super) fn id(&self, of: &str) -> String {
        let place = self.action.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
        std::iter::once(of).chain(place).collect::<Vec<_>>().join("-")
    }

    /// The same page about another week.
    pub(super) fn week(&self, week: &str) -> String {
        format!("{}?week={week}", self.page)
    }

    pub(super) fn note(&self) -> Markup {
        html! {
            @if let Some(message) = &self.refused {
                div class="note note-bad" role="alert" { (crate::icon::icon("alert")) p { (message) } }
            }
        }
    }
}

/// A day of a grid's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) date: jiff::civil::Date,
    pub(super) today: bool,
    /// The one that is shown where there is room for no more.
    pub(super) chosen: bool,
}

impl Day {
    pub(super) fn all(
        days: &[jiff::civil::Date],
        today: Option<jiff::civil::Date>,
        chosen: Option<jiff::civil::Date>,
    ) -> Vec<Self> {
        let first = days.first().copied();
        let here = |date: Option<jiff::civil::Date>| date.filter(|date| days.contains(date));
        let chosen = here(chosen).or(here(today)).or(first);
        days.iter()
            .map(|date| Self { date: *date, today: today == Some(*date), chosen: chosen == Some(*date) })
            .collect()
    }

    /// Saturday and Sunday stand back.
    pub(super) fn is_off(self) -> bool {
        self.date.weekday().to_monday_zero_offset() >= 5
    }

    pub(super) fn short(self) -> &'static str {
        &crate::format::weekday(self.date)[..3]
    }

    pub(super) fn class(self) -> &'static str {
        match (self.today, self.is_off(), self.chosen) {
            (true, _, true) => "today chosen",
            (true, _, false) => "today",
            (false, true, true) => "off chosen",
            (false, true, false) => "off",
            (false, false, true) => "chosen",
            (false, false, false) => "",
        }
    }

    /// `Thu 19 November`.
    pub(super) fn spoken(self) -> String {
        format!("{} {} {}", self.short(), self.date.day(), crate::format::month(self.date.month()))
    }
}

/// The week before, this one, the week after.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Weeks {
    /// How the week is told: `16 – 22 Nov 2026`.
    pub title: String,
    /// Its first day.
    pub week: String,
    pub previous: String,
    pub next: String,
}

impl Weeks {
    pub(super) fn switch(&self, posting: &Posting) -> Markup {
        html! {
            div class="btn-group" role="group" aria-label="Week" {
                a class="btn btn-icon" href=(posting.week(&self.previous)) aria-label="Week before" { (crate::icon::icon("left")) }
                a class="btn" href=(posting.page) { (self.title) }
                a class="btn btn-icon" href=(posting.week(&self.next)) aria-label="Week after" { (crate::icon::icon("right")) }
            }
        }
    }
}

/// `7:30`; nothing of no time.
pub(super) fn hours(seconds: i64) -> String {
    if seconds == 0 { String::new() } else { crate::format::duration_plain(seconds) }
}

/// `+0:14`, `−0:30`.
pub(super) fn difference(seconds: i64) -> String {
    let sign = if seconds < 0 { '−' } else { '+' };
    format!("{sign}{}", crate::format::duration_plain(seconds.abs()))
}
