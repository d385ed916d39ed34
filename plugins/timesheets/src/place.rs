//! Where somebody stands: the zone that time is worked in, the day that it is there, and how long something took.

use lignaflow_sdk::prelude::*;

const MICROS: i64 = 1_000_000;

/// The zone of a person: of whoever asks as they have it now, of others as their account has it.
pub(crate) fn zone_of(user: Id) -> Result<String, Fault> {
    let caller = context::caller()?;
    if caller.person() == Some(user) {
        return Ok(caller.time_zone);
    }
    Ok(people::person(user)?.map_or(caller.time_zone, |person| person.time_zone))
}

/// The zone of a project's site, where it has one of its own.
pub(crate) fn zone_of_site(project: Option<Id>) -> Result<Option<String>, Fault> {
    let Some(project) = project else { return Ok(None) };
    let project = records::get("projects/projects", project, &["site.time_zone"])?;
    Ok(project.as_ref().and_then(|project| project.text("site.time_zone")).map(str::to_owned))
}

/// The zone that time for something is worked in: that of the project's site, where it has one of its own, else that of
/// the person.
pub(crate) fn zone_for(project: Option<Id>, user: Id) -> Result<String, Fault> {
    zone_of_site(project)?.map_or_else(|| zone_of(user), Ok)
}

/// How long something took by what clocks showed at its start and its end, to the minute: so that times, durations and
/// their totals add up as they are shown, and what follows on something else takes up where that ended.
pub(crate) const fn taken(started: Instant, ended: Instant) -> i64 {
    (minute(ended) - minute(started)) * 60
}

const fn minute(instant: Instant) -> i64 {
    instant.micros().div_euclid(60 * MICROS)
}

/// Nobody starts or stops a timer by less than a second.
pub(crate) const fn whole_second(instant: Instant) -> Instant {
    Instant::from_micros(instant.micros().div_euclid(MICROS) * MICROS)
}

/// So many seconds later.
pub(crate) fn later(instant: Instant, seconds: i64) -> Instant {
    Instant::from_micros(instant.micros().saturating_add(seconds.saturating_mul(MICROS)))
}

/// The first time from the minute of an instant on that clocks in the zone show this; seconds since midnight. Of an hour
/// that the clocks show twice, that is the second where the first is over by then.
pub(crate) fn first_at(second: u32, zone: &str, from: Instant) -> Result<Instant, Fault> {
    let today = calendar::to_local(from, zone)?.date;
    let tomorrow = today.plus_days(1).unwrap_or(today);
    let second = second % 86_400;
    // Clocks are put back by an hour, and by half of one on Lord Howe.
    for again in [0, 1_800, 3_600] {
        let at = later(calendar::to_instant(today, second, zone)?, again);
        let shown = again == 0 || calendar::to_local(at, zone)?.second == second;
        if shown && minute(at) >= minute(from) {
            return Ok(at.max(from));
        }
    }
    calendar::to_instant(tomorrow, second, zone)
}

/// From one time of the clock to another of a day; to the next where the end does not come after the start.
pub(crate) fn between(day: Date, from: u32, until: u32, zone: &str) -> Result<(Instant, Instant), Fault> {
    let start = calendar::to_instant(day, from, zone)?;
    let end_day = if until > from { day } else { day.plus_days(1).unwrap_or(day) };
    Ok((start, calendar::to_instant(end_day, until, zone)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::host;
    use proptest::prelude::*;

    const ZONES: [&str; 6] = [
        "Australia/Sydney",
        "Australia/Perth",
        "Australia/Lord_Howe",
        "Europe/London",
        "America/New_York",
        "Asia/Kathmandu",
    ];

    /// Within 2026 and 2027, so that every zone's switches are met.
    fn moment() -> impl Strategy<Value = Instant> {
        (1_767_225_600_i64..1_830_297_600).prop_map(|second| Instant::from_micros(second * MICROS))
    }

    proptest! {
        #[test]
        fn what_follows_on_something_takes_up_where_that_ended(
            start in moment(),
            first in 0_i64..90_000,
            second in 0_i64..90_000,
        ) {
            let (middle, end) = (later(start, first), later(start, first + second));
            prop_assert_eq!(taken(start, middle) + taken(middle, end), taken(start, end));
            prop_assert!((taken(start, end) - (first + second)).abs() < 60);
            prop_assert_eq!(taken(start, end) % 60, 0);
        }

        #[test]
        fn durations_are_those_of_the_faces_of_the_clocks_in_every_zone(
            zone in prop::sample::select(&ZONES),
            start in moment(),
            length in 0_i64..172_800,
        ) {
            let end = later(start, length);
            let (from, until) = (calendar::to_local(start, zone).unwrap(), calendar::to_local(end, zone).unwrap());
            let days = i64::from(until.date.days_since(from.date));
            let faces = days * 86_400 + i64::from(until.second / 60 * 60) - i64::from(from.second / 60 * 60);
            // What the clocks were put on or back by was not worked.
            let moved = i64::from(until.offset_seconds - from.offset_seconds);
            prop_assert_eq!(taken(start, end), faces - moved);
        }

        #[test]
        fn a_span_of_the_clock_begins_on_its_day_and_lasts_less_than_a_day_and_a_switch(
            zone in prop::sample::select(&ZONES),
            days in 20_454_i32..21_184,
            from in 0_u32..1440,
            until in 0_u32..1440,
        ) {
            prop_assume!(from != until);
            let day = Date::from_days(days).unwrap();
            let (start, end) = between(day, from * 60, until * 60, zone).unwrap();
            prop_assert_eq!(calendar::to_local(start, zone).unwrap().date, day);
            // Both may be moved onto the end of an hour that the clocks leave out.
            prop_assert!(start <= end && taken(start, end) <= 25 * 3600);
        }

        #[test]
        fn a_time_of_the_clock_comes_at_most_a_day_and_a_switch_later(
            zone in prop::sample::select(&ZONES),
            from in moment(),
            minute in 0_u32..1440,
        ) {
            let at = first_at(minute * 60, zone, from).unwrap();
            prop_assert!(at >= from && taken(from, at) <= 25 * 3600);
        }

        #[test]
        fn what_the_clock_shows_after_a_start_is_when_it_shows_it(
            zone in prop::sample::select(&ZONES),
            from in moment(),
            length in 0_i64..79_200,
        ) {
            let end = later(from, length);
            let shown = calendar::to_local(end, zone).unwrap().second / 60 * 60;
            let at = first_at(shown, zone, from).unwrap();
            prop_assert_eq!(calendar::to_local(at, zone).unwrap().second / 60 * 60, shown);
            // Of a time that is shown twice, it is the first.
            prop_assert!(at <= end && taken(at, end) <= 3600);
        }
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_is_the_next() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        // Put back at 3:00 to 2:00, and on Lord Howe at 2:00 to 1:30.
        let half_past_two = |from: &str| first_at(9_000, "Australia/Sydney", at(from)).unwrap();
        assert_eq!(half_past_two("2026-04-04T15:00:00Z"), at("2026-04-04T15:30:00Z"));
        assert_eq!(half_past_two("2026-04-04T15:45:00Z"), at("2026-04-04T16:30:00Z"));
        assert_eq!(half_past_two("2026-04-04T16:31:00Z"), at("2026-04-05T16:30:00Z"));
        let quarter_to_two = |from: &str| first_at(6_300, "Australia/Lord_Howe", at(from)).unwrap();
        assert_eq!(quarter_to_two("2026-04-04T14:50:00Z"), at("2026-04-04T15:15:00Z"));
        assert_eq!(first_at(0, "Australia/Sydney", at("2026-11-23T11:00:00Z")).unwrap(), at("2026-11-23T13:00:00Z"));
        assert_eq!(
            first_at(86_400, "Australia/Perth", at("2026-11-23T11:00:00Z")).unwrap(),
            at("2026-11-23T16:00:00Z")
        );
        // In the minute in which it was started, it was started.
        let started = at("2026-11-23T04:30:20Z");
        assert_eq!(first_at(55_800, "Australia/Sydney", started).unwrap(), started);
    }

    #[test]
    fn a_day_with_a_switch_is_as_long_as_it_was() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let hours = |date: &str, zone: &str, from: u32, until: u32| {
            let (start, end) = between(day(date), from * 3600, until * 3600, zone).unwrap();
            taken(start, end) * 2 / 3600
        };
        // Twice the hours: clocks on Lord Howe move by half of one.
        assert_eq!(hours("2026-10-04", "Australia/Sydney", 1, 5), 6);
        assert_eq!(hours("2026-04-05", "Australia/Sydney", 1, 5), 10);
        assert_eq!(hours("2026-10-04", "Australia/Lord_Howe", 1, 5), 7);
        assert_eq!(hours("2026-04-05", "Australia/Lord_Howe", 1, 5), 9);
        assert_eq!(hours("2026-10-04", "Australia/Perth", 1, 5), 8);
        assert_eq!(hours("2026-03-29", "Europe/London", 0, 4), 6);
        assert_eq!(hours("2026-11-01", "America/New_York", 0, 4), 10);
        assert_eq!(hours("2026-03-29", "Asia/Kathmandu", 0, 4), 8);
    }

    #[test]
    fn whose_zone_it_is_depends_on_who_works() {
        let mut host = host();
        let mia = host.add_person("Mia");
        host.caller.time_zone = "Australia/Perth".to_owned();
        let me = host.caller.person().unwrap();
        assert_eq!(host.run(|| zone_of(me)).unwrap(), "Australia/Perth");
        assert_eq!(host.run(|| zone_of(mia)).unwrap(), "Australia/Sydney");
    }
}
