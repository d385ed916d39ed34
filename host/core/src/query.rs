//! The query tree, as a guest or a request writes it: names are still text. [`crate::catalog`] binds it to collections
//! and fields, with every fault at once, and only what is bound reaches a store.

use crate::id::Id;
use crate::value::Value;

/// The most nodes of one predicate, the deepest that it nests, and the most values of one `within`.
pub const MAX_NODES: usize = 256;
pub const MAX_DEPTH: usize = 16;
/// Bytes of a path: more than its names can have together.
pub const MAX_PATH: usize = 500;
/// Characters that are searched for.
pub const MAX_SEARCHED: usize = 1_000;
pub const MAX_VALUES: usize = 1000;
/// References that a path may follow.
pub const MAX_HOPS: usize = 3;
/// Rows of one page at most.
pub const MAX_LIMIT: u16 = 1000;
/// Groups of one page of a summary at most: a year of 200 people on some projects, by month.
pub const MAX_GROUPS: u16 = 10_000;

/// On whose rights a read is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    Caller,
    /// The plugin's own: its collections in full, and what it was granted of others.
    Plugin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// Of texts, without regard to case or accents.
    Contains,
    StartsWith,
}

impl Operator {
    pub const ALL: [Self; 8] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::AtMost,
        Self::Greater,
        Self::AtLeast,
        Self::Contains,
        Self::StartsWith,
    ];

    /// As the API spells it in `filter[field][…]`.
    pub const fn api_name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Less => "lt",
            Self::AtMost => "lte",
            Self::Greater => "gt",
            Self::AtLeast => "gte",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
        }
    }
}

/// What holds of a record. SQL's three values are not used: a comparison with nothing is false, and `Not` turns it true.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Every child holds; the empty list always does.
    All(Vec<Predicate>),
    /// Some child holds; the empty list never does.
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    Compare {
        path: String,
        operator: Operator,
        value: Value,
    },
    ComparePaths {
        left: String,
        operator: Operator,
        right: String,
    },
    Within {
        path: String,
        values: Vec<Value>,
    },
    /// A list of references holds this one.
    Includes {
        path: String,
        id: Id,
    },
    IsNull(String),
    /// Some record of `collection`, whose reference `via` is this one, satisfies the child.
    Exists {
        collection: String,
        via: String,
        child: Option<Box<Predicate>>,
    },
    /// Every word is the beginning of one in the fields that the collection searches ([`crate::search`]).
    Search(String),
}

impl Predicate {
    /// The predicate that always holds.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    pub fn equal(path: impl Into<String>, value: Value) -> Self {
        Self::Compare { path: path.into(), operator: Operator::Equal, value }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut children) => {
                children.push(other);
                Self::All(children)
            }
            first => Self::All(vec![first, other]),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    pub path: String,
    pub descending: bool,
}

/// Which records, which of their fields, in what order, and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// `tasks` of the plugin in hand, or `projects/tasks`.
    pub collection: String,
    pub authority: Authority,
    pub filter: Predicate,
    pub sort: Vec<SortKey>,
    pub select: Vec<String>,
    pub limit: u16,
    /// The `next` of an earlier page.
    pub after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    Count,
    CountDistinct,
    Sum,
    /// Exact: the sum divided by the count, rounded half up to the field's scale (of integers: to 4 digits).
    Average,
    Minimum,
    Maximum,
}

/// Of dates, and of instants by the days of a zone. Weeks, fiscal years begin where the organization says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    None,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    FiscalYear,
}

/// Sums of money are grouped by currency as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub kind: MetricKind,
    /// `id` for a plain count.
    pub path: String,
    /// Only records for which this holds are measured.
    pub filter: Predicate,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey {
    pub path: String,
    pub bucket: Bucket,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub collection: String,
    pub authority: Authority,
    pub filter: Predicate,
    pub group_by: Vec<GroupKey>,
    pub metrics: Vec<Metric>,
    /// Labels of metrics or paths of groups.
    pub sort: Vec<SortKey>,
    pub limit: u16,
    pub after: Option<String>,
}

/// Rows with their columns' names once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// Give it as `after` to read on.
    pub next: Option<String>,
}
