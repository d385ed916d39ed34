//! Questions to the records: what holds of them, which of them, and what they add up to.
//!
//! ```
//! use lignaflow_sdk::prelude::*;
//! let project = Id::fresh();
//! let open = select("tasks")
//!     .columns(["id", "title", "project.client.name"])
//!     .filter(field("project").eq(project).and(field("status").ne("done")))
//!     .sort("due")
//!     .limit(200);
//! # let _: Selection = open.into();
//! ```

use crate::values::IntoValue;
use crate::{Authority, Bucket, GroupKey, Id, Metric, MetricKind, Operator, Predicate, Selection, SortKey, Summary};
use lignaflow_core::query::{MAX_GROUPS, MAX_LIMIT};

/// A path to compare: `status`, or `project.client.name` through references, at most three of them.
#[derive(Debug, Clone)]
pub struct Path(String);

/// The field at a path, to say something of it.
pub fn field(path: impl Into<String>) -> Path {
    Path(path.into())
}

macro_rules! comparison {
    ($($(#[$doc:meta])* $name:ident => $operator:ident),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(self, value: impl IntoValue) -> Predicate {
            Predicate::Compare { path: self.0, operator: Operator::$operator, value: value.into_value() }
        }
    )+};
}

impl Path {
    comparison! {
        /// A comparison with null never holds: ask [`Path::is_null`].
        eq => Equal,
        /// Does not hold of null either.
        ne => NotEqual,
        less_than => Less,
        at_most => AtMost,
        more_than => Greater,
        at_least => AtLeast,
        /// Of texts, without regard to case or accents.
        contains => Contains,
        /// Of texts, without regard to case or accents.
        starts_with => StartsWith,
    }

    /// Compares two fields of one type.
    pub fn compare(self, operator: Operator, other: impl Into<String>) -> Predicate {
        Predicate::ComparePaths { left: self.0, operator, right: other.into() }
    }

    /// Equal to one of these; at most 1,000.
    pub fn within<V: IntoValue>(self, values: impl IntoIterator<Item = V>) -> Predicate {
        Predicate::Within { path: self.0, values: values.into_iter().map(V::into_value).collect() }
    }

    /// Of lists of references and people: this one is among them.
    pub fn includes(self, id: Id) -> Predicate {
        Predicate::Includes { path: self.0, id }
    }

    pub fn is_null(self) -> Predicate {
        Predicate::IsNull(self.0)
    }

    pub fn is_set(self) -> Predicate {
        not(self.is_null())
    }
}

/// Every one holds; of none at all, always.
pub fn all(predicates: impl IntoIterator<Item = Predicate>) -> Predicate {
    Predicate::All(predicates.into_iter().collect())
}

/// At least one holds; of none at all, never.
pub fn any(predicates: impl IntoIterator<Item = Predicate>) -> Predicate {
    Predicate::Any(predicates.into_iter().collect())
}

pub fn not(predicate: Predicate) -> Predicate {
    Predicate::Not(Box::new(predicate))
}

/// Some record of `collection`, whose reference `via` is the one in question, satisfies the predicate.
pub fn exists(collection: impl Into<String>, via: impl Into<String>, predicate: Predicate) -> Predicate {
    Predicate::Exists { collection: collection.into(), via: via.into(), child: Some(Box::new(predicate)) }
}

/// Every word is the beginning of one in the fields that the collection searches.
pub fn search(words: impl Into<String>) -> Predicate {
    Predicate::Search(words.into())
}

/// Which records, which of their fields, and in what order. Made by [`select`].
#[derive(Debug, Clone)]
#[must_use = "a selection asks nothing by itself"]
pub struct Select(Selection);

/// Records of a collection: `tasks` of the plugin itself, or `projects/tasks` of another with a grant to read it. On
/// the caller's rights unless [`Select::as_plugin`] says otherwise.
pub fn select(collection: impl Into<String>) -> Select {
    Select(Selection {
        collection: collection.into(),
        authority: Authority::Caller,
        filter: Predicate::always(),
        sort: Vec::new(),
        select: Vec::new(),
        limit: MAX_LIMIT,
        after: None,
    })
}

impl Select {
    /// Reads on the plugin's own rights. Hooks do, always: a rule that sees only what the caller may see is not one.
    pub fn as_plugin(mut self) -> Self {
        self.0.authority = Authority::Plugin;
        self
    }

    /// The paths to read, in the order of the page's columns.
    pub fn columns<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.0.select = paths.into_iter().map(P::into).collect();
        self
    }

    /// What holds of the records; of several, each.
    pub fn filter(mut self, predicate: Predicate) -> Self {
        self.0.filter = conjunction(self.0.filter, predicate);
        self
    }

    pub fn sort(mut self, path: impl Into<String>) -> Self {
        self.0.sort.push(SortKey { path: path.into(), descending: false });
        self
    }

    pub fn sort_descending(mut self, path: impl Into<String>) -> Self {
        self.0.sort.push(SortKey { path: path.into(), descending: true });
        self
    }

    /// Records of one page, 1 to 1,000; 1,000 where it is not said.
    pub fn limit(mut self, limit: u16) -> Self {
        self.0.limit = limit;
        self
    }

    /// Goes on after the page that gave this as its `next`.
    pub fn after(mut self, next: impl Into<String>) -> Self {
        self.0.after = Some(next.into());
        self
    }
}

impl From<Select> for Selection {
    fn from(select: Select) -> Self {
        select.0
    }
}

fn conjunction(first: Predicate, second: Predicate) -> Predicate {
    if first == Predicate::always() { second } else { Predicate::All(vec![first, second]) }
}

/// One figure of a summary, made by [`count`], [`sum`] and their like. Its column is called as [`Measure::named`] says.
#[derive(Debug, Clone)]
#[must_use = "a measure counts nothing by itself"]
pub struct Measure(Metric);

fn measure(kind: MetricKind, path: String) -> Measure {
    Measure(Metric { kind, label: path.clone(), path, filter: Predicate::always() })
}

/// The number of records.
pub fn count() -> Measure {
    measure(MetricKind::Count, "id".to_owned())
}

/// The number of different values.
pub fn count_distinct(path: impl Into<String>) -> Measure {
    measure(MetricKind::CountDistinct, path.into())
}

/// Sums of money are grouped by currency.
pub fn sum(path: impl Into<String>) -> Measure {
    measure(MetricKind::Sum, path.into())
}

pub fn average(path: impl Into<String>) -> Measure {
    measure(MetricKind::Average, path.into())
}

pub fn minimum(path: impl Into<String>) -> Measure {
    measure(MetricKind::Minimum, path.into())
}

pub fn maximum(path: impl Into<String>) -> Measure {
    measure(MetricKind::Maximum, path.into())
}

impl Measure {
    /// The name of its column, which is its path otherwise.
    pub fn named(mut self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    /// Only records for which this holds are measured.
    pub fn filter(mut self, predicate: Predicate) -> Self {
        self.0.filter = conjunction(self.0.filter, predicate);
        self
    }
}

/// What records add up to, by groups. Made by [`summarize`].
#[derive(Debug, Clone)]
#[must_use = "a summary asks nothing by itself"]
pub struct Summarize(Summary);

/// Figures over the records of a collection, on the caller's rights unless [`Summarize::as_plugin`] says otherwise.
pub fn summarize(collection: impl Into<String>) -> Summarize {
    Summarize(Summary {
        collection: collection.into(),
        authority: Authority::Caller,
        filter: Predicate::always(),
        group_by: Vec::new(),
        metrics: Vec::new(),
        sort: Vec::new(),
        limit: MAX_GROUPS,
        after: None,
    })
}

impl Summarize {
    /// Reads on the plugin's own rights.
    pub fn as_plugin(mut self) -> Self {
        self.0.authority = Authority::Plugin;
        self
    }

    pub fn filter(mut self, predicate: Predicate) -> Self {
        self.0.filter = conjunction(self.0.filter, predicate);
        self
    }

    /// A row for each value of this path; at most four groups.
    pub fn group(self, path: impl Into<String>) -> Self {
        self.group_by(path, Bucket::None)
    }

    /// A row for each day, week, month… of this date.
    pub fn group_by(mut self, path: impl Into<String>, bucket: Bucket) -> Self {
        self.0.group_by.push(GroupKey { path: path.into(), bucket });
        self
    }

    pub fn measure(mut self, measure: Measure) -> Self {
        self.0.metrics.push(measure.0);
        self
    }

    /// By a group's path or a measure's name.
    pub fn sort(mut self, label: impl Into<String>) -> Self {
        self.0.sort.push(SortKey { path: label.into(), descending: false });
        self
    }

    pub fn sort_descending(mut self, label: impl Into<String>) -> Self {
        self.0.sort.push(SortKey { path: label.into(), descending: true });
        self
    }

    /// Rows, 1 to 10,000; 10,000 where it is not said.
    pub fn limit(mut self, limit: u16) -> Self {
        self.0.limit = limit;
        self
    }
}

impl From<Summarize> for Summary {
    fn from(summarize: Summarize) -> Self {
        summarize.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn one_filter_stands_by_itself_and_several_must_all_hold() {
        let one: Selection = select("tasks").filter(field("status").eq("todo")).into();
        assert_eq!(one.filter, Predicate::equal("status", Value::Text("todo".into())));
        let two: Selection = select("tasks").filter(field("a").is_null()).filter(field("b").is_set()).into();
        assert_eq!(two.filter, all([field("a").is_null(), not(field("b").is_null())]));
    }

    #[test]
    fn a_filter_of_alternatives_is_not_widened_by_the_next() {
        let selection: Selection = select("tasks").filter(any([])).filter(field("a").is_null()).into();
        assert_eq!(selection.filter, all([any([]), field("a").is_null()]));
    }

    #[test]
    fn a_selection_is_the_callers_unless_it_says_otherwise() {
        assert_eq!(Selection::from(select("tasks")).authority, Authority::Caller);
        assert_eq!(Selection::from(select("tasks").as_plugin()).authority, Authority::Plugin);
        assert_eq!(Summary::from(summarize("tasks")).authority, Authority::Caller);
    }
}
