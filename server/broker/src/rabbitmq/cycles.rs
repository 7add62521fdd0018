//! Cycles of a directed graph.

/// The groups of nodes from each of which every other of the group can be reached, alone ones only
/// with an edge to themselves. `edges[n]` lists where node `n` leads. Linear; without recursion,
/// since the graph is as large as the broker says.
///
/// Source: R. Tarjan, "Depth-first search and linear graph algorithms", 1972.
pub(super) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![UNSEEN; edges.len()];
    let mut open = vec![false; edges.len()];
    let mut stack = Vec::new();
    let mut found = Vec::new();
    let mut next = 0;
    for root in 0..edges.len() {
        if order[root] != UNSEEN {
            continue;
        }
        // Node, and how many of its edges were followed.
        let mut path = vec![(root, 0)];
        while let Some((node, followed)) = path.pop() {
            if followed == 0 {
                order[node] = next;
                low[node] = next;
                next += 1;
                open[node] = true;
                stack.push(node);
            }
            if let Some(&to) = edges[node].get(followed) {
                path.push((node, followed + 1));
                if order[to] == UNSEEN {
                    path.push((to, 0));
                } else if open[to] {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == order[node] {
                let mut group = Vec::new();
                while let Some(member) = stack.pop() {
                    open[member] = false;
                    group.push(member);
                    if member == node {
                        break;
                    }
                }
                group.reverse();
                if group.len() > 1 || edges[node].contains(&node) {
                    found.push(group);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_and_nodes_that_lead_to_themselves() {
        let edges = vec![vec![1], vec![2], vec![0, 3], vec![4], vec![4], vec![0]];
        let mut found = cycles(&edges);
        for group in &mut found {
            group.sort_unstable();
        }
        found.sort();
        assert_eq!(found, [vec![0, 1, 2], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let edges: Vec<Vec<usize>> = (0..200_000).map(|n| vec![(n + 1) % 200_000]).collect();
        assert_eq!(cycles(&edges).len(), 1);
    }

    proptest! {
        #[test]
        fn agrees_with_reachability(pairs in proptest::collection::vec((0_usize..8, 0_usize..8), 0..20)) {
            let mut edges = vec![Vec::new(); 8];
            let mut reach = [[false; 8]; 8];
            for (from, to) in pairs {
                edges[from].push(to);
                reach[from][to] = true;
            }
            for middle in 0..8 {
                for from in 0..8 {
                    for to in 0..8 {
                        reach[from][to] |= reach[from][middle] && reach[middle][to];
                    }
                }
            }
            let found = cycles(&edges);
            let group_of = |node| found.iter().position(|g| g.contains(&node));
            for (node, reached) in reach.iter().enumerate() {
                prop_assert_eq!(group_of(node).is_some(), reached[node]);
                for (other, back) in reach.iter().enumerate() {
                    let together = group_of(node).is_some() && group_of(node) == group_of(other);
                    prop_assert_eq!(together, reached[other] && back[node]);
                }
            }
        }
    }
}
