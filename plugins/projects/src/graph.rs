//! Circles among tasks. Only a change can close one, so it is enough to follow the links onwards from what changed; the
//! tasks on the way are loaded as they are met.

use lignaflow_sdk::Id;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The two ways in which tasks are linked. Each must be free of circles by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Parent,
    DependsOn,
}

impl Relation {
    pub(crate) const BOTH: [Self; 2] = [Self::Parent, Self::DependsOn];

    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::DependsOn => "depends_on",
        }
    }
}

/// What matters here of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) title: String,
    pub(crate) project: Option<Id>,
    pub(crate) parent: Option<Id>,
    pub(crate) depends_on: Vec<Id>,
}

impl Node {
    pub(crate) fn links(&self, relation: Relation) -> &[Id] {
        match relation {
            Relation::Parent => self.parent.as_slice(),
            Relation::DependsOn => &self.depends_on,
        }
    }
}

/// Tasks as they are to be: those of the batch, and of the stored ones those that were loaded. `None` is known not to
/// be there.
#[derive(Debug, Default)]
pub(crate) struct Graph(BTreeMap<Id, Option<Node>>);

impl Graph {
    /// What the batch makes of a task; it counts over what is stored.
    pub(crate) fn put(&mut self, id: Id, node: Option<Node>) {
        self.0.insert(id, node);
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Node> {
        self.0.get(&id)?.as_ref()
    }

    fn links(&self, id: Id, relation: Relation) -> &[Id] {
        self.get(id).map_or(&[], |node| node.links(relation))
    }

    /// Takes in what was loaded of these; what was not found is known to be missing from now on.
    pub(crate) fn learn(&mut self, asked: &BTreeSet<Id>, found: impl IntoIterator<Item = (Id, Node)>) {
        for (id, node) in found {
            self.0.entry(id).or_insert(Some(node));
        }
        for id in asked {
            self.0.entry(*id).or_insert(None);
        }
    }

    /// Those among these that nothing is known of yet.
    pub(crate) fn unknown(&self, ids: impl IntoIterator<Item = Id>) -> BTreeSet<Id> {
        ids.into_iter().filter(|id| !self.0.contains_key(id)).collect()
    }

    /// Those that the known links lead to from here and nothing is known of yet.
    pub(crate) fn frontier(&self, starts: &[Id]) -> BTreeSet<Id> {
        let mut frontier = BTreeSet::new();
        for relation in Relation::BOTH {
            let mut seen = BTreeSet::new();
            let mut open: Vec<Id> = starts.to_vec();
            while let Some(id) = open.pop() {
                for &next in self.links(id, relation) {
                    if !self.0.contains_key(&next) {
                        frontier.insert(next);
                    } else if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
        frontier
    }

    /// The shortest circle through a task, from it and back to it: `[a, b, a]`.
    pub(crate) fn circle(&self, start: Id, relation: Relation) -> Option<Vec<Id>> {
        let mut came_from: BTreeMap<Id, Id> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            for &next in self.links(id, relation) {
                if next == start {
                    let mut way = vec![start, id];
                    while let Some(&last) = way.last()
                        && last != start
                    {
                        way.push(came_from.get(&last).copied().unwrap_or(start));
                    }
                    way.reverse();
                    return Some(way);
                }
                if let Entry::Vacant(unseen) = came_from.entry(next) {
                    unseen.insert(id);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(number: u8) -> Id {
        Id::from_bytes([number; 16])
    }

    fn node(depends_on: &[u8]) -> Node {
        Node { depends_on: depends_on.iter().copied().map(id).collect(), ..Node::default() }
    }

    fn graph(edges: &[Vec<u8>]) -> Graph {
        let mut graph = Graph::default();
        for (at, to) in edges.iter().enumerate() {
            graph.put(id(u8::try_from(at).unwrap()), Some(node(to)));
        }
        graph
    }

    #[test]
    fn a_circle_is_told_from_its_start_and_back() {
        let graph = graph(&[vec![1], vec![2, 3], vec![0], vec![]]);
        assert_eq!(graph.circle(id(0), Relation::DependsOn), Some(vec![id(0), id(1), id(2), id(0)]));
        assert_eq!(graph.circle(id(3), Relation::DependsOn), None);
        assert_eq!(graph.circle(id(0), Relation::Parent), None);
    }

    #[test]
    fn a_task_may_stand_in_a_circle_with_itself() {
        assert_eq!(graph(&[vec![0]]).circle(id(0), Relation::DependsOn), Some(vec![id(0), id(0)]));
    }

    #[test]
    fn the_batch_counts_over_what_is_stored() {
        let mut graph = Graph::default();
        graph.put(id(0), Some(node(&[1])));
        graph.put(id(2), None);
        assert_eq!(graph.frontier(&[id(0)]), [id(1)].into());
        graph.learn(&[id(1), id(3)].into(), [(id(1), node(&[2])), (id(0), node(&[9]))]);
        assert_eq!(graph.get(id(0)), Some(&node(&[1])));
        assert_eq!((graph.get(id(2)), graph.get(id(3))), (None, None));
        assert!(graph.frontier(&[id(0)]).is_empty());
    }

    /// Who reaches whom, by the closure of Warshall.
    fn closure(edges: &[Vec<u8>]) -> Vec<Vec<bool>> {
        let count = edges.len();
        let mut reach = vec![vec![false; count]; count];
        for (from, to) in edges.iter().enumerate() {
            for to in to {
                reach[from][usize::from(*to)] = true;
            }
        }
        for via in 0..count {
            for from in 0..count {
                for to in 0..count {
                    reach[from][to] |= reach[from][via] && reach[via][to];
                }
            }
        }
        reach
    }

    fn some_edges() -> impl Strategy<Value = Vec<Vec<u8>>> {
        (1..12_usize).prop_flat_map(|count| {
            let most = u8::try_from(count).unwrap();
            prop::collection::vec(prop::collection::vec(0..most, 0..3), count)
        })
    }

    proptest! {
        #[test]
        fn a_circle_is_found_exactly_where_a_task_reaches_itself(edges in some_edges()) {
            let graph = graph(&edges);
            let reach = closure(&edges);
            for (start, reached) in reach.iter().enumerate() {
                let from = id(u8::try_from(start).unwrap());
                let circle = graph.circle(from, Relation::DependsOn);
                prop_assert_eq!(circle.is_some(), reached[start]);
                if let Some(circle) = circle {
                    prop_assert_eq!((circle.first(), circle.last()), (Some(&from), Some(&from)));
                    for pair in circle.windows(2) {
                        prop_assert!(graph.links(pair[0], Relation::DependsOn).contains(&pair[1]));
                    }
                }
            }
        }

        #[test]
        fn loading_as_one_goes_finds_the_same_circles(edges in some_edges()) {
            let whole = graph(&edges);
            let start = id(0);
            let mut partial = Graph::default();
            partial.put(start, whole.get(start).cloned());
            loop {
                let frontier = partial.frontier(&[start]);
                if frontier.is_empty() {
                    break;
                }
                let found: Vec<_> = frontier.iter().filter_map(|id| Some((*id, whole.get(*id)?.clone()))).collect();
                partial.learn(&frontier, found);
            }
            prop_assert_eq!(partial.circle(start, Relation::DependsOn), whole.circle(start, Relation::DependsOn));
        }
    }
}
