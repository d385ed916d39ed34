//! Questions and what they answer. The tree of a predicate crosses as a list: the root first, each child after its
//! parent, and each node with one parent.

use super::values::{to_value, values};
use crate::bindings::lignaflow::plugin::query as wit;
use crate::{Authority, Bucket, Fault, MetricKind, Operator, Page, Predicate, Selection, SortKey, Summary};

/// Nodes of a predicate beyond which no list of them is made: the host takes 256 at most and says so.
const MOST: usize = 4096;

pub(crate) fn authority(authority: Authority) -> wit::Authority {
    match authority {
        Authority::Caller => wit::Authority::Caller,
        Authority::Plugin => wit::Authority::Plugin,
    }
}

fn operator(operator: Operator) -> wit::Operator {
    match operator {
        Operator::Equal => wit::Operator::Equal,
        Operator::NotEqual => wit::Operator::NotEqual,
        Operator::Less => wit::Operator::Less,
        Operator::AtMost => wit::Operator::AtMost,
        Operator::Greater => wit::Operator::Greater,
        Operator::AtLeast => wit::Operator::AtLeast,
        Operator::Contains => wit::Operator::Contains,
        Operator::StartsWith => wit::Operator::StartsWith,
    }
}

/// Breadth first, so that children stand after their parents. What always holds is the empty list.
pub(crate) fn predicate(root: &Predicate) -> Vec<wit::Predicate> {
    if *root == Predicate::always() {
        return Vec::new();
    }
    let mut queue = vec![root];
    let mut nodes = Vec::new();
    while let Some(&next) = queue.get(nodes.len()) {
        let mut child = |predicate| {
            queue.push(predicate);
            u32::try_from(queue.len() - 1).unwrap_or(u32::MAX)
        };
        let node = match next {
            Predicate::All(children) => wit::Predicate::All(children.iter().map(child).collect()),
            Predicate::Any(children) => wit::Predicate::Any(children.iter().map(child).collect()),
            Predicate::Not(inner) => wit::Predicate::Negate(child(inner)),
            Predicate::Compare { path, operator: by, value } => wit::Predicate::Compare(wit::Comparison {
                path: path.clone(),
                operator: operator(*by),
                value: to_value(value),
            }),
            Predicate::ComparePaths { left, operator: by, right } => {
                wit::Predicate::ComparePaths(wit::PathComparison {
                    left: left.clone(),
                    operator: operator(*by),
                    right: right.clone(),
                })
            }
            Predicate::Within { path, values } => wit::Predicate::Within(wit::Membership {
                path: path.clone(),
                values: values.iter().map(to_value).collect(),
            }),
            Predicate::Includes { path, id } => wit::Predicate::Includes(wit::Comparison {
                path: path.clone(),
                operator: wit::Operator::Equal,
                value: to_value(&crate::Value::Reference(*id)),
            }),
            Predicate::IsNull(path) => wit::Predicate::IsNull(path.clone()),
            Predicate::Exists { collection, via, child: inner } => wit::Predicate::Exists(wit::Relation {
                collection: collection.clone(),
                via: via.clone(),
                child: inner.as_deref().map(child),
            }),
            Predicate::Search(words) => wit::Predicate::Search(words.clone()),
        };
        nodes.push(node);
        if nodes.len() == MOST {
            break;
        }
    }
    nodes
}

fn sort(keys: &[SortKey]) -> Vec<wit::SortKey> {
    keys.iter().map(|key| wit::SortKey { path: key.path.clone(), descending: key.descending }).collect()
}

pub(crate) fn selection(selection: &Selection) -> wit::Selection {
    wit::Selection {
        collection: selection.collection.clone(),
        authority: authority(selection.authority),
        where_: predicate(&selection.filter),
        sort: sort(&selection.sort),
        select: selection.select.clone(),
        limit: selection.limit,
        after: selection.after.clone(),
    }
}

fn metric_kind(kind: MetricKind) -> wit::MetricKind {
    match kind {
        MetricKind::Count => wit::MetricKind::Count,
        MetricKind::CountDistinct => wit::MetricKind::CountDistinct,
        MetricKind::Sum => wit::MetricKind::Sum,
        MetricKind::Average => wit::MetricKind::Average,
        MetricKind::Minimum => wit::MetricKind::Minimum,
        MetricKind::Maximum => wit::MetricKind::Maximum,
    }
}

fn bucket(bucket: Bucket) -> wit::Bucket {
    match bucket {
        Bucket::None => wit::Bucket::None,
        Bucket::Day => wit::Bucket::Day,
        Bucket::Week => wit::Bucket::Week,
        Bucket::Month => wit::Bucket::Month,
        Bucket::Quarter => wit::Bucket::Quarter,
        Bucket::Year => wit::Bucket::Year,
        Bucket::FiscalYear => wit::Bucket::FiscalYear,
    }
}

pub(crate) fn summary(summary: &Summary) -> wit::Summary {
    let groups = summary.group_by.iter();
    let metrics = summary.metrics.iter();
    wit::Summary {
        collection: summary.collection.clone(),
        authority: authority(summary.authority),
        where_: predicate(&summary.filter),
        group_by: groups.map(|key| wit::GroupKey { path: key.path.clone(), bucket: bucket(key.bucket) }).collect(),
        metrics: metrics
            .map(|metric| wit::Metric {
                kind: metric_kind(metric.kind),
                path: metric.path.clone(),
                where_: predicate(&metric.filter),
                label: metric.label.clone(),
            })
            .collect(),
        sort: sort(&summary.sort),
        limit: summary.limit,
        after: summary.after.clone(),
    }
}

pub(crate) fn page(page: wit::Page) -> Result<Page, Fault> {
    let rows = page.rows.into_iter().map(values).collect::<Result<_, _>>()?;
    Ok(Page { columns: page.columns, rows, next: page.next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::{all, count, exists, field, not, search, select, summarize};
    use crate::{Id, Value};
    use proptest::prelude::*;

    /// The tree again, read as the host reads it: in one pass, no node with two parents.
    fn tree(nodes: &[wit::Predicate]) -> Predicate {
        let mut parents = vec![0_usize; nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            for child in children(node) {
                assert!(child > at, "a child stands after its parent");
                parents[child] += 1;
            }
        }
        assert!(parents.iter().skip(1).all(|count| *count == 1), "each node has one parent");
        if nodes.is_empty() { Predicate::always() } else { node(nodes, 0) }
    }

    fn children(node: &wit::Predicate) -> Vec<usize> {
        let list = match node {
            wit::Predicate::All(list) | wit::Predicate::Any(list) => list.clone(),
            wit::Predicate::Negate(child) => vec![*child],
            wit::Predicate::Exists(relation) => relation.child.into_iter().collect(),
            _ => Vec::new(),
        };
        list.into_iter().map(|child| child as usize).collect()
    }

    fn node(nodes: &[wit::Predicate], at: usize) -> Predicate {
        let inner = || children(&nodes[at]).into_iter().map(|child| node(nodes, child));
        match &nodes[at] {
            wit::Predicate::All(_) => all(inner()),
            wit::Predicate::Any(_) => crate::select::any(inner()),
            wit::Predicate::Negate(_) => not(inner().next().unwrap()),
            wit::Predicate::Exists(relation) => Predicate::Exists {
                collection: relation.collection.clone(),
                via: relation.via.clone(),
                child: inner().next().map(Box::new),
            },
            wit::Predicate::Compare(comparison) => Predicate::equal(
                comparison.path.clone(),
                super::super::values::value(comparison.value.clone()).unwrap(),
            ),
            wit::Predicate::IsNull(path) => Predicate::IsNull(path.clone()),
            wit::Predicate::Search(words) => Predicate::Search(words.clone()),
            other => panic!("not made here: {other:?}"),
        }
    }

    fn a_predicate() -> impl Strategy<Value = Predicate> {
        let leaf = prop_oneof![
            ("[a-z]{1,8}", any::<i64>()).prop_map(|(path, number)| field(path).eq(number)),
            "[a-z]{1,8}".prop_map(|path| field(path).is_null()),
            "[a-z ]{1,8}".prop_map(search),
        ];
        leaf.prop_recursive(5, 60, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(all),
                prop::collection::vec(inner.clone(), 0..5).prop_map(crate::select::any),
                inner.clone().prop_map(not),
                inner.prop_map(|child| exists("tasks", "project", child)),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_survives_as_a_list(given in a_predicate()) {
            prop_assert_eq!(tree(&predicate(&given)), given);
        }
    }

    #[test]
    fn every_kind_of_question_keeps_its_parts() {
        let id = Id::fresh();
        let given: Selection = select("tasks")
            .as_plugin()
            .columns(["id", "project.name"])
            .filter(all([
                field("status").within(["todo", "done"]),
                field("depends_on").includes(id),
                field("due").compare(Operator::Less, "start"),
            ]))
            .sort_descending("due")
            .limit(7)
            .after("cursor")
            .into();
        let sent = selection(&given);
        assert_eq!((sent.limit, sent.after.as_deref(), sent.select.len()), (7, Some("cursor"), 2));
        assert!(sent.sort[0].descending);
        assert_eq!(sent.authority, wit::Authority::Plugin);
        assert!(matches!(&sent.where_[1], wit::Predicate::Within(membership) if membership.values.len() == 2));
        assert!(
            matches!(&sent.where_[2], wit::Predicate::Includes(it) if matches!(&it.value, wit::Value::Reference(held) if *held == id.to_string()))
        );
        assert!(matches!(&sent.where_[3], wit::Predicate::ComparePaths(it) if it.right == "start"));

        let sent = summary(
            &summarize("tasks")
                .group_by("due", Bucket::Month)
                .measure(count().named("late").filter(field("status").ne("done")))
                .sort("late")
                .into(),
        );
        assert_eq!(sent.group_by[0].bucket, wit::Bucket::Month);
        assert_eq!((sent.metrics[0].label.as_str(), sent.metrics[0].where_.len()), ("late", 1));
        assert!(sent.where_.is_empty());
    }

    #[test]
    fn a_page_comes_with_its_values() {
        let sent = wit::Page {
            columns: vec!["due".into()],
            rows: vec![vec![crate::bindings::lignaflow::plugin::types::Value::Date(3)]],
            next: Some("more".into()),
        };
        let read = page(sent).unwrap();
        assert_eq!((read.rows, read.next.as_deref()), (vec![vec![Value::Date(3)]], Some("more")));
    }
}
