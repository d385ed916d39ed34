//! What the organization has settled of pay, from a day on: what is overtime, which days are a band of their own, and what
//! the payroll calls each.

use lignaflow_sdk::prelude::{Date, ReadFields};

/// What overtime of the first band is by itself.
const FIRST_BAND: i64 = 7_200;
/// Ordinary time of a week by itself: 38 hours.
const WEEK: i64 = 136_800;

/// The columns that a rule is read by.
pub fn columns() -> impl Iterator<Item = &'static str> {
    let own = ["id", "effective_from", "overtime_by", "overtime_first", "overtime_week"];
    let apart = ["saturday_apart", "sunday_apart", "holiday_apart", "holidays_of"];
    own.into_iter().chain(apart).chain(Item::ALL.map(Item::field))
}

/// Whose holidays count for what was worked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HolidaysOf {
    /// Those of where the person is based, wherever they worked that day.
    #[default]
    Person,
    /// Those of where it was worked.
    Work,
}

/// How time is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How much of a day beyond its ordinary time is of the first band.
    pub first_band: i64,
    /// Whether what is beyond the pattern of a day is overtime.
    pub by_day: bool,
    /// Ordinary time of a week, beyond which it is overtime.
    pub by_week: Option<i64>,
    /// Days whose time is a band of its own.
    pub saturday: bool,
    pub sunday: bool,
    pub holiday: bool,
    pub holidays_of: HolidaysOf,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            first_band: FIRST_BAND,
            by_day: true,
            by_week: None,
            saturday: false,
            sunday: false,
            holiday: false,
            holidays_of: HolidaysOf::Person,
        }
    }
}

/// What the payroll has a name of its own for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    Ordinary,
    Overtime,
    FurtherOvertime,
    Saturday,
    Sunday,
    OnHoliday,
    Leave,
    Holiday,
}

impl Item {
    pub const ALL: [Self; 8] = [
        Self::Ordinary,
        Self::Overtime,
        Self::FurtherOvertime,
        Self::Saturday,
        Self::Sunday,
        Self::OnHoliday,
        Self::Leave,
        Self::Holiday,
    ];

    /// The figure that it names.
    pub const fn figure(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Overtime => "overtime",
            Self::FurtherOvertime => "further_overtime",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
            Self::OnHoliday => "on_holiday",
            Self::Leave => "leave",
            Self::Holiday => "holiday",
        }
    }

    /// The field of a rule that has the payroll's name of it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Ordinary => "pay_item_ordinary",
            Self::Overtime => "pay_item_overtime",
            Self::FurtherOvertime => "pay_item_further",
            Self::Saturday => "pay_item_saturday",
            Self::Sunday => "pay_item_sunday",
            Self::OnHoliday => "pay_item_on_holiday",
            Self::Leave => "pay_item_leave",
            Self::Holiday => "pay_item_holiday",
        }
    }

    /// What it is called where the payroll has no other name for it.
    pub const fn usual(self) -> &'static str {
        match self {
            Self::Ordinary => "Ordinary hours",
            Self::Overtime => "Overtime",
            Self::FurtherOvertime => "Further overtime",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
            Self::OnHoliday => "Worked on a public holiday",
            Self::Leave => "Leave",
            Self::Holiday => "Public holiday",
        }
    }
}

#[derive(Debug, Clone)]
struct Rule {
    from: Date,
    rules: Rules,
    items: [Option<String>; Item::ALL.len()],
}

/// All rules that there are, each from its day on.
#[derive(Debug, Clone, Default)]
pub struct Rulebook {
    /// The latest first.
    known: Vec<Rule>,
}

impl Rulebook {
    pub fn of(rows: impl Iterator<Item = impl ReadFields>) -> Self {
        let mut known: Vec<Rule> = rows.filter_map(|row| Rule::read(&row)).collect();
        known.sort_by_key(|rule| std::cmp::Reverse(rule.from));
        Self { known }
    }

    #[cfg(test)]
    pub(crate) fn all_along(rules: Rules) -> Self {
        let from = "1970-01-01".parse().expect("a date");
        Self { known: vec![Rule { from, rules, items: Item::ALL.map(|_| None) }] }
    }

    fn on(&self, day: Date) -> Option<&Rule> {
        self.known.iter().find(|rule| rule.from <= day)
    }

    /// The rules of a day.
    pub fn rules(&self, day: Date) -> Rules {
        self.on(day).map(|rule| rule.rules).unwrap_or_default()
    }

    /// What the payroll calls something on a day.
    pub fn called(&self, item: Item, day: Date) -> &str {
        let named = self.on(day).and_then(|rule| rule.items[item as usize].as_deref());
        named.unwrap_or(item.usual())
    }

    /// Whether days before those that are asked about have a say, as far as they are of the same week.
    pub fn counts_weeks(&self) -> bool {
        self.known.iter().any(|rule| rule.rules.by_week.is_some())
    }
}

impl Rule {
    fn read(row: &impl ReadFields) -> Option<Self> {
        let by = row.text("overtime_by").unwrap_or("day");
        let is = |name: &str| row.boolean(name) == Some(true);
        let rules = Rules {
            first_band: row.integer("overtime_first").unwrap_or(FIRST_BAND),
            by_day: by != "week",
            by_week: (by != "day").then(|| row.integer("overtime_week").unwrap_or(WEEK)),
            saturday: is("saturday_apart"),
            sunday: is("sunday_apart"),
            holiday: is("holiday_apart"),
            holidays_of: match row.text("holidays_of") {
                Some("work") => HolidaysOf::Work,
                _ => HolidaysOf::Person,
            },
        };
        let named =
            |item: Item| row.text(item.field()).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Self { from: row.date("effective_from")?, rules, items: Item::ALL.map(named) })
    }
}
