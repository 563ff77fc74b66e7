//! In which order nodes run: layer by layer, each layer whole before the next (specs/archon.md 4.1).

use std::collections::BTreeMap;

/// Nodes that wait for each other, or for a node that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these nodes wait for each other and never run: {}", .left.join(", "))]
pub struct Cycle {
    /// Their ids, in file order.
    pub left: Vec<String>,
}

/// The layers of a graph: each holds the nodes whose dependencies are all in earlier ones, in file order.
///
/// # Errors
/// When nodes are left over that can never run.
pub fn layers<'n>(nodes: &[(&'n str, Vec<&'n str>)]) -> Result<Vec<Vec<&'n str>>, Cycle> {
    let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut layers: Vec<Vec<&'n str>> = Vec::new();
    let mut left: Vec<&(&'n str, Vec<&'n str>)> = nodes.iter().collect();
    while !left.is_empty() {
        let (ready, waiting): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|(_, deps)| deps.iter().all(|d| placed.contains_key(d)));
        if ready.is_empty() {
            return Err(Cycle {
                left: waiting.iter().map(|(id, _)| (*id).to_owned()).collect(),
            });
        }
        for (id, _) in &ready {
            placed.insert(id, layers.len());
        }
        layers.push(ready.iter().map(|(id, _)| *id).collect());
        left = waiting;
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_keeps_the_order_of_the_file() {
        let nodes = [
            ("c", vec!["a"]),
            ("a", vec![]),
            ("b", vec![]),
            ("d", vec!["c", "b"]),
        ];
        assert_eq!(
            layers(&nodes),
            Ok(vec![vec!["a", "b"], vec!["c"], vec!["d"]])
        );
    }

    #[test]
    fn nodes_that_wait_for_each_other_are_named() {
        let nodes = [("a", vec![]), ("b", vec!["c"]), ("c", vec!["b"])];
        assert_eq!(
            layers(&nodes),
            Err(Cycle {
                left: vec!["b".to_owned(), "c".to_owned()]
            })
        );
    }
}
