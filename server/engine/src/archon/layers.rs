//! In which order nodes run: layer by layer, each layer whole before the next (specs/archon.md 4.1).

use std::collections::HashMap;

/// Nodes that wait for each other, or for a node that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these nodes wait for each other and never run: {}", .left.join(", "))]
pub struct Cycle {
    /// Their ids, in file order.
    pub left: Vec<String>,
}

/// The layers of a graph: each holds the nodes whose dependencies are all in earlier ones. Inside a layer the order is
/// that in which their last dependency sets them free, and among those the order of the file.
///
/// # Errors
/// When nodes are left over that can never run.
pub fn layers<'n>(nodes: &[(&'n str, Vec<&'n str>)]) -> Result<Vec<Vec<&'n str>>, Cycle> {
    let mut open: Vec<usize> = nodes.iter().map(|(_, deps)| deps.len()).collect();
    let mut layer: Vec<usize> = (0..nodes.len()).filter(|n| open[*n] == 0).collect();
    let mut layers: Vec<Vec<&'n str>> = Vec::new();
    let mut placed = vec![false; nodes.len()];
    // Who waits for an id, once for each time that it is named.
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    for (n, (_, deps)) in nodes.iter().enumerate() {
        for dep in deps {
            waiting.entry(dep).or_default().push(n);
        }
    }
    while !layer.is_empty() {
        let mut next = Vec::new();
        for done in &layer {
            placed[*done] = true;
            for n in waiting.get(nodes[*done].0).into_iter().flatten() {
                if open[*n] > 0 {
                    open[*n] -= 1;
                    if open[*n] == 0 {
                        next.push(*n);
                    }
                }
            }
        }
        layers.push(layer.iter().map(|n| nodes[*n].0).collect());
        layer = next;
    }
    if placed.iter().all(|p| *p) {
        return Ok(layers);
    }
    let left = nodes.iter().zip(&placed).filter(|(_, placed)| !**placed);
    Err(Cycle {
        left: left.map(|((id, _), _)| (*id).to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_holds_what_the_one_before_sets_free() {
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
