//! What a file is called. Its rows are for programs, and a CSV has nothing beside them: so it is the name by which people
//! tell whose it is, of what, and of which days.

use crate::rest::query::Pairs;
use lignaflow_core::caller::Caller;
use lignaflow_core::catalog::Schema;
use lignaflow_core::descriptor::FieldKind;
use lignaflow_core::fold::fold;
use lignaflow_core::period::{Almanac, Period};
use lignaflow_core::value::{date_text, parse_date};

/// Characters of each of its parts.
const LONGEST: usize = 40;

/// Letters, digits and hyphens alone, which need no escaping.
pub fn plain(text: &str, most: usize) -> String {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined: String = words.collect::<Vec<_>>().join("-").chars().take(most).collect();
    joined.trim_end_matches('-').to_owned()
}

/// Of its parts, and of the days that it is of; else of the day on which it is made.
pub fn called<'a>(parts: impl IntoIterator<Item = &'a str>, days: Option<Period>, caller: &Caller) -> String {
    let days = match days {
        Some(Period { first, last }) if first == last => date_text(first),
        Some(Period { first, last }) => format!("{}-to-{}", date_text(first), date_text(last)),
        None => date_text(caller.today().unwrap_or_default()),
    };
    let mut words: Vec<String> =
        parts.into_iter().map(|part| plain(part, LONGEST)).filter(|part| !part.is_empty()).collect();
    words.push(days);
    words.join("-")
}

/// The days that a query narrows to, where it does so by one date of the records alone.
pub fn days_of(schema: &Schema, almanac: &Almanac, pairs: &Pairs) -> Option<Period> {
    let is_day = |path: &str| {
        schema.field(path).is_some_and(|field| matches!(field.field.kind, FieldKind::Date | FieldKind::Instant))
    };
    within(is_day, almanac, pairs)
}

fn within(is_day: impl Fn(&str) -> bool, almanac: &Almanac, pairs: &Pairs) -> Option<Period> {
    let mut found: Option<(&str, Option<i32>, Option<i32>)> = None;
    for (name, text) in pairs {
        let Some((path, operator)) = name.strip_prefix("filter[").and_then(|rest| rest.split_once(']')) else {
            continue;
        };
        if !is_day(path) {
            continue;
        }
        let day = parse_date(text).map(|day| Period { first: day, last: day });
        let said = almanac.period(text).or(day)?;
        let (first, last) = match operator {
            "" => (Some(said.first), Some(said.last)),
            "[gte]" => (Some(said.first), None),
            "[lte]" => (None, Some(said.last)),
            _ => return None,
        };
        found = match found {
            None => Some((path, first, last)),
            Some((known, was_first, was_last)) if known == path => Some((path, was_first.or(first), was_last.or(last))),
            Some(_) => return None,
        };
    }
    let (_, first, last) = found?;
    Some(Period { first: first?, last: last? }).filter(|period| period.first <= period.last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::caller::{Permissions, Principal};
    use lignaflow_core::id::{Id, OrganizationId, RequestId};

    /// Thursday 26 November 2026 in Sydney.
    fn caller() -> Caller {
        Caller {
            organization: OrganizationId(Id::fresh()),
            principal: Principal::Anonymous,
            role: None,
            permissions: Permissions::default(),
            locale: "en-AU".into(),
            time_zone: "Australia/Sydney".into(),
            currency: lignaflow_core::value::Currency::AUD,
            calendar: lignaflow_core::bound::Calendar::default(),
            request_id: RequestId(Id::fresh()),
            now: 1_795_654_800_000_000,
        }
    }

    #[test]
    fn a_file_says_whose_it_is_of_what_and_of_which_days() {
        let days = Period { first: parse_date("2026-11-01").unwrap(), last: parse_date("2026-11-30").unwrap() };
        let named = |days| called(["Halloran & Beck Söhne", "", "utilisation"], days, &caller());
        assert_eq!(named(Some(days)), "halloran-beck-sohne-utilisation-2026-11-01-to-2026-11-30");
        assert_eq!(named(Some(Period { last: days.first, ..days })), "halloran-beck-sohne-utilisation-2026-11-01");
        assert_eq!(named(None), "halloran-beck-sohne-utilisation-2026-11-26");
        assert_eq!(called(["…", "\"; evil=\r\n"], None, &caller()), "evil-2026-11-26");
    }

    #[test]
    fn the_days_are_those_that_one_date_is_narrowed_to() {
        let almanac = Almanac::of(&caller());
        let of = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            within(|path| path.starts_with("day"), &almanac, &pairs)
                .map(|days| format!("{} {}", date_text(days.first), date_text(days.last)))
        };
        let november = Some("2026-11-01 2026-11-30".to_owned());
        assert_eq!(of(&[("filter[day]", "this-month"), ("filter[kind]", "plant")]), november);
        assert_eq!(of(&[("filter[day][gte]", "2026-11-01"), ("filter[day][lte]", "2026-11-30")]), november);
        for unclear in [
            vec![("filter[day][gte]", "2026-11-01")],
            vec![("filter[day][lt]", "2026-11-30")],
            vec![("filter[day]", "this-month"), ("filter[day_paid]", "this-month")],
            vec![("filter[kind]", "this-month"), ("sort", "day")],
        ] {
            assert_eq!(of(&unclear), None, "{unclear:?}");
        }
    }
}
