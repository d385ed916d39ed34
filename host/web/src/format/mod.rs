//! Values as people read them. Exact, pure, and the inverse of [`crate::parse`] where a form shows what it will read.

mod money;
mod number;
mod time;
mod value;
mod words;

pub use money::{figure, money, plain as money_plain, symbol};
pub use number::{MINUS, decimal, decimal_plain, integer, percent, percent_plain, scaled};
pub(crate) use time::MONTHS;
pub use time::{
    date, day_and_month, duration, duration_plain, instant, long_day, machine, moment, month, rounding, weekday, when,
};
pub use value::{field_text, is_figure, plain_text};
pub use words::{bytes, count, initials, list, tone};
