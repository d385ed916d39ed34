//! The contract's flat predicate as a tree. One forward pass proves that it is one: node 0 is the root, each child stands
//! after its parent, and each other node is the child of exactly one. Without that proof a list of n nodes could stand
//! for 2ⁿ conditions of SQL.

use super::value::from_wire;
use super::{Checked, Malformed};
use crate::contract::lignaflow::plugin::query::{Operator as WireOperator, Predicate as Wire};
use lignaflow_core::Value;
use lignaflow_core::query::{MAX_DEPTH, MAX_NODES, MAX_VALUES, Operator, Predicate};

pub(crate) fn from_wire_list(nodes: Vec<Wire>) -> Checked<Predicate> {
    if nodes.len() > MAX_NODES {
        return Err(Malformed::new("", format!("{} nodes; at most {MAX_NODES}", nodes.len())));
    }
    if nodes.is_empty() {
        return Ok(Predicate::always());
    }
    prove(&nodes)?;
    // Children stand after their parents, so going backwards each finds its own built.
    let mut built: Vec<Option<Predicate>> = Vec::with_capacity(nodes.len());
    built.resize_with(nodes.len(), || None);
    for (index, node) in nodes.into_iter().enumerate().rev() {
        let tree = build(node, &mut built).map_err(|it| it.under(format_args!("/{index}")))?;
        built[index] = Some(tree);
    }
    built[0].take().ok_or_else(|| Malformed::new("/0", "the root is missing"))
}

fn children(node: &Wire) -> &[u32] {
    match node {
        Wire::All(children) | Wire::Any(children) => children,
        Wire::Negate(child) => std::slice::from_ref(child),
        Wire::Exists(relation) => relation.child.as_slice(),
        Wire::Compare(_)
        | Wire::ComparePaths(_)
        | Wire::Within(_)
        | Wire::Includes(_)
        | Wire::IsNull(_)
        | Wire::Search(_) => &[],
    }
}

fn prove(nodes: &[Wire]) -> Checked<()> {
    let mut depths = vec![None; nodes.len()];
    depths[0] = Some(1_usize);
    for (index, node) in nodes.iter().enumerate() {
        let fault = |what: String| Malformed::new(format!("/{index}"), what);
        let Some(depth) = depths[index] else {
            return Err(fault("no node before it has it as a child".to_owned()));
        };
        if depth > MAX_DEPTH {
            return Err(fault(format!("nests more than {MAX_DEPTH} deep")));
        }
        for child in children(node) {
            let place = usize::try_from(*child).ok().filter(|child| *child > index);
            match place.and_then(|child| depths.get_mut(child)) {
                Some(slot @ None) => *slot = Some(depth + 1),
                Some(Some(_)) => return Err(fault(format!("its child {child} has another parent"))),
                None => return Err(fault(format!("its child {child} does not stand after it"))),
            }
        }
    }
    Ok(())
}

fn build(node: Wire, built: &mut [Option<Predicate>]) -> Checked<Predicate> {
    let mut take = |child: u32| {
        let slot = usize::try_from(child).ok().and_then(|child| built.get_mut(child));
        slot.and_then(Option::take).ok_or_else(|| Malformed::new("", format!("its child {child} is missing")))
    };
    Ok(match node {
        Wire::All(children) => Predicate::All(children.into_iter().map(take).collect::<Checked<_>>()?),
        Wire::Any(children) => Predicate::Any(children.into_iter().map(take).collect::<Checked<_>>()?),
        Wire::Negate(child) => Predicate::Not(Box::new(take(child)?)),
        Wire::Compare(it) => {
            Predicate::Compare { path: it.path, operator: operator(it.operator), value: from_wire(it.value)? }
        }
        Wire::ComparePaths(it) => {
            Predicate::ComparePaths { left: it.left, operator: operator(it.operator), right: it.right }
        }
        Wire::Within(it) if it.values.len() > MAX_VALUES => {
            return Err(Malformed::new("", format!("{} values; at most {MAX_VALUES}", it.values.len())));
        }
        Wire::Within(it) => {
            Predicate::Within { path: it.path, values: it.values.into_iter().map(from_wire).collect::<Checked<_>>()? }
        }
        Wire::Includes(it) => {
            if it.operator != WireOperator::Equal {
                return Err(Malformed::new("", "a list includes what equals a member: the operator is `equal`"));
            }
            match from_wire(it.value)? {
                Value::Reference(id) => Predicate::Includes { path: it.path, id },
                other => {
                    return Err(Malformed::new("", format!("a list of references does not hold {}", other.kind())));
                }
            }
        }
        Wire::IsNull(path) => Predicate::IsNull(path),
        Wire::Exists(it) => Predicate::Exists {
            collection: it.collection,
            via: it.via,
            child: it.child.map(|child| take(child).map(Box::new)).transpose()?,
        },
        Wire::Search(text) => Predicate::Search(text),
    })
}

/// Every other collection that a predicate asks about, so that grants are checked for each.
pub(crate) fn collections<'a>(predicate: &'a Predicate, found: &mut Vec<&'a str>) {
    match predicate {
        Predicate::All(children) | Predicate::Any(children) => {
            for child in children {
                collections(child, found);
            }
        }
        Predicate::Not(child) => collections(child, found),
        Predicate::Exists { collection, child, .. } => {
            found.push(collection);
            if let Some(child) = child {
                collections(child, found);
            }
        }
        Predicate::Compare { .. }
        | Predicate::ComparePaths { .. }
        | Predicate::Within { .. }
        | Predicate::Includes { .. }
        | Predicate::IsNull(_)
        | Predicate::Search(_) => {}
    }
}

const fn operator(operator: WireOperator) -> Operator {
    match operator {
        WireOperator::Equal => Operator::Equal,
        WireOperator::NotEqual => Operator::NotEqual,
        WireOperator::Less => Operator::Less,
        WireOperator::AtMost => Operator::AtMost,
        WireOperator::Greater => Operator::Greater,
        WireOperator::AtLeast => Operator::AtLeast,
        WireOperator::Contains => Operator::Contains,
        WireOperator::StartsWith => Operator::StartsWith,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::lignaflow::plugin::query::{Comparison, Relation};
    use crate::contract::lignaflow::plugin::types::Value as WireValue;

    fn null(path: &str) -> Wire {
        Wire::IsNull(path.to_owned())
    }

    fn fault(nodes: Vec<Wire>) -> String {
        from_wire_list(nodes).unwrap_err().to_string()
    }

    #[test]
    fn a_flat_list_becomes_its_tree() {
        let nodes = vec![Wire::All(vec![2, 1]), Wire::Negate(3), null("a"), null("b")];
        let tree = Predicate::All(vec![
            Predicate::IsNull("a".into()),
            Predicate::Not(Box::new(Predicate::IsNull("b".into()))),
        ]);
        assert_eq!(from_wire_list(nodes), Ok(tree));
        assert_eq!(from_wire_list(Vec::new()), Ok(Predicate::always()));
    }

    #[test]
    fn what_is_not_a_tree_is_refused() {
        assert_eq!(fault(vec![Wire::Negate(0)]), "/0: its child 0 does not stand after it");
        assert_eq!(fault(vec![Wire::Negate(7)]), "/0: its child 7 does not stand after it");
        assert_eq!(fault(vec![Wire::All(vec![1, 1]), null("a")]), "/0: its child 1 has another parent");
        assert_eq!(fault(vec![null("a"), null("b")]), "/1: no node before it has it as a child");
        let cycle = vec![Wire::All(vec![1]), Wire::All(vec![2]), Wire::All(vec![1])];
        assert_eq!(fault(cycle), "/2: its child 1 does not stand after it");
    }

    #[test]
    fn a_list_that_would_double_at_each_level_is_refused() {
        let mut nodes: Vec<Wire> = (0..60).map(|level| Wire::All(vec![level + 1, level + 1])).collect();
        nodes.push(null("a"));
        assert_eq!(fault(nodes), "/0: its child 1 has another parent");
    }

    #[test]
    fn nodes_depth_and_values_are_bounded() {
        assert_eq!(fault(vec![null("a"); MAX_NODES + 1]), "257 nodes; at most 256");
        let mut deep: Vec<Wire> = (0..40).map(|level| Wire::Negate(level + 1)).collect();
        deep.push(null("a"));
        assert_eq!(fault(deep), "/16: nests more than 16 deep");
        let within = Wire::Within(crate::contract::lignaflow::plugin::query::Membership {
            path: "a".into(),
            values: vec![WireValue::Null; MAX_VALUES + 1],
        });
        assert_eq!(fault(vec![within]), "/0: 1001 values; at most 1000");
    }

    #[test]
    fn includes_takes_one_reference() {
        let includes = |operator, value| vec![Wire::Includes(Comparison { path: "members".into(), operator, value })];
        assert!(fault(includes(WireOperator::Less, WireValue::Null)).contains("`equal`"));
        assert_eq!(
            fault(includes(WireOperator::Equal, WireValue::Integer(1))),
            "/0: a list of references does not hold a whole number"
        );
    }

    #[test]
    fn other_collections_are_found_wherever_they_stand() {
        let exists = |collection: &str, child| {
            Wire::Exists(Relation { collection: collection.to_owned(), via: "project".to_owned(), child })
        };
        let nodes = vec![
            Wire::Any(vec![1, 3]),
            Wire::Negate(2),
            exists("a/one", None),
            exists("b/two", Some(4)),
            exists("c/three", None),
        ];
        let tree = from_wire_list(nodes).unwrap();
        let mut found = Vec::new();
        collections(&tree, &mut found);
        assert_eq!(found, ["a/one", "b/two", "c/three"]);
    }
}
