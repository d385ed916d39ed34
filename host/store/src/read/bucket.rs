//! The first day of the week, month, quarter or year that a day lies in, as whole-number arithmetic that both databases
//! do alike and without a table of boundaries. Days are counted from 1970-01-01.
//!
//! The calendar is taken to begin in March, so that the leap day is the last of its year and every month begins a fixed
//! number of days after the first of March (C. Neri and L. Schneider, Euclidean affine functions and their application
//! to calendar algorithms, 2023). A year that begins elsewhere is a March year of days counted from elsewhere.

use lignaflow_core::bound::Calendar;
use lignaflow_core::clock::Micros;
use lignaflow_core::query::Bucket;
use lignaflow_core::reckoning::{DAY, Offsets, Rounding};
use sea_query::{CaseStatement, Expr, ExprTrait};

/// Makes days of the common era positive, and 1970-01-01 a Thursday: a multiple of seven.
const WEEKS: i32 = 719_166;
/// Quarters of days since 0000-03-01, and 400 years more so that what is counted from elsewhere is not negative.
const QUARTER_DAYS: i32 = 4 * 719_468 + 4 * 146_097 + 3;

/// Days from the first of March to the first of a month, from January on.
const MONTHS: [i32; 12] = [306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];

/// More days than instants reach back before 1970.
const BEFORE: i64 = 4_000_000;

fn number(number: i32) -> Expr {
    Expr::Constant(number.into())
}

fn wide(number: i64) -> Expr {
    Expr::Constant(number.into())
}

/// The day of an instant in a zone. Division cuts towards zero, so it is done above zero.
pub(super) fn day(instant: &Expr, zone: &Offsets) -> Expr {
    let (first, changes) = zone.table();
    instant.clone().add(offset(instant, first, changes)).div(wide(DAY)).sub(wide(BEFORE))
}

/// How far the clocks are ahead at an instant, and [`BEFORE`]: halves of the table, so that a few comparisons find it.
fn offset(instant: &Expr, first: Micros, changes: &[(Micros, Micros)]) -> Expr {
    let (before, rest) = changes.split_at(changes.len() / 2);
    let Some(((at, since), after)) = rest.split_first() else { return wide(first + BEFORE * DAY) };
    CaseStatement::new()
        .case(instant.clone().lt(wide(*at)), offset(instant, first, before))
        .finally(offset(instant, *since, after))
        .into()
}

/// A duration as it is rounded. What lies so near the ends of 64 bits that it could go beyond is cut down.
pub(super) fn rounded(seconds: Expr, rounding: Rounding) -> Expr {
    let step = rounding.step();
    let beyond = seconds.clone().modulo(wide(step));
    let whole = seconds.clone().sub(beyond.clone());
    let Some(turns) = rounding.turns() else { return whole };
    let (most, least) = (i64::MAX / step * step - 1, i64::MIN / step * step);
    CaseStatement::new()
        .case(beyond.clone().gte(wide(turns)).and(seconds.clone().lte(wide(most))), whole.clone().add(wide(step)))
        .case(beyond.lte(wide(-turns)).and(seconds.gt(wide(least))), whole.clone().sub(wide(step)))
        .finally(whole)
        .into()
}

/// The bucket of a column of days.
pub(super) fn start(day: &Expr, bucket: Bucket, calendar: Calendar) -> Expr {
    match bucket {
        Bucket::None | Bucket::Day => day.clone(),
        Bucket::Week => day.clone().sub(weekday(day.clone(), calendar.week_starts)),
        Bucket::Month => {
            let counted = number(2141).mul(year_day(day.clone())).add(number(197_913));
            day.clone().sub(counted.modulo(number(65_536)).div(number(2141)))
        }
        // From April on: quarters of 91, 92, 92 and at most 91 days.
        Bucket::Quarter => {
            let counted = number(10).mul(year_day(day.clone().sub(number(MONTHS[3])))).add(number(9));
            day.clone().sub(counted.modulo(number(917)).div(number(10)))
        }
        Bucket::Year => year(day, 1),
        Bucket::FiscalYear => year(day, calendar.fiscal_year_starts),
    }
}

/// Days since the week began; 1 is Monday.
fn weekday(day: Expr, starts: u8) -> Expr {
    day.add(number(WEEKS + 11 - i32::from(starts.clamp(1, 7)))).modulo(number(7))
}

/// The first day of the year that begins in a month.
fn year(day: &Expr, starts: u8) -> Expr {
    let since = MONTHS[usize::from(starts.clamp(1, 12)) - 1];
    day.clone().sub(year_day(day.clone().sub(number(since))))
}

/// Days since the first of March.
fn year_day(day: Expr) -> Expr {
    let of_century = number(4).mul(day).add(number(QUARTER_DAYS)).modulo(number(146_097)).div(number(4));
    number(4).mul(of_century).add(number(3)).modulo(number(1461)).div(number(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::value::{date_text, parse_date};
    use sea_query::{BinOper, Value};

    /// What a database makes of such an expression, whose division cuts towards zero.
    fn evaluated(expr: &Expr, day: i32) -> i32 {
        match expr {
            Expr::Column(_) => day,
            Expr::Constant(Value::Int(Some(number))) => *number,
            Expr::Binary(left, operator, right) => {
                let (left, right) = (evaluated(left, day), evaluated(right, day));
                match operator {
                    BinOper::Add => left + right,
                    BinOper::Sub => left - right,
                    BinOper::Mul => left * right,
                    BinOper::Div => left / right,
                    BinOper::Mod => left % right,
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Every day of two centuries, days all over the common era, and its ends.
    fn days() -> impl Iterator<Item = i32> {
        let (first, last) = (parse_date("0001-01-01").unwrap(), parse_date("9999-12-31").unwrap());
        let near = parse_date("1899-12-01").unwrap()..parse_date("2101-02-01").unwrap();
        near.chain((first..last).step_by(1009)).chain(first..first + 800).chain(last - 800..=last)
    }

    fn agrees(bucket: Bucket, calendar: Calendar) {
        let expr = start(&Expr::col("day"), bucket, calendar);
        for day in days() {
            let (found, wanted) = (evaluated(&expr, day), calendar.bucket_start(day, bucket));
            let shown = || (date_text(day), date_text(found), date_text(wanted));
            assert_eq!(found, wanted, "{bucket:?} {calendar:?} {:?}", shown());
        }
    }

    #[test]
    fn the_arithmetic_agrees_with_the_calendar() {
        for bucket in [Bucket::Day, Bucket::Month, Bucket::Quarter, Bucket::Year] {
            agrees(bucket, Calendar::default());
        }
        for week_starts in [1, 6, 7] {
            agrees(Bucket::Week, Calendar { week_starts, ..Calendar::default() });
        }
        for fiscal_year_starts in 1..=12 {
            agrees(Bucket::FiscalYear, Calendar { fiscal_year_starts, ..Calendar::default() });
        }
    }
}
