//! Keeps aliases from standing for more than a walk over the tree can bear:
//! counts, while the tree is built, what each anchored node is worth once its
//! own aliases are followed.

use std::collections::HashMap;

use crate::node::NodeId;
use crate::{MAX_DEPTH, MAX_EXPANDED_NODES};

/// Size and height of a subtree with its aliases followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worth {
    pub(crate) nodes: usize,
    pub(crate) height: usize,
}

impl Worth {
    pub(crate) const LEAF: Worth = Worth {
        nodes: 1,
        height: 0,
    };

    /// Takes in a child.
    pub(crate) fn add(&mut self, child: Worth) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.height = self.height.max(child.height + 1);
    }
}

/// Why an alias does not resolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its target is a collection it is part of.
    Cycle,
    /// Followed, all aliases would give more than [`MAX_EXPANDED_NODES`].
    Nodes,
    /// Followed, it would reach below [`MAX_DEPTH`].
    Depth,
}

#[derive(Debug, Default)]
pub(crate) struct Expansion {
    worth: HashMap<NodeId, Worth>,
    spent: usize,
}

impl Expansion {
    /// An anchored node is complete.
    pub(crate) fn define(&mut self, id: NodeId, worth: Worth) {
        self.worth.insert(id, worth);
    }

    /// An alias to `target` stands `depth` collections deep.
    pub(crate) fn follow(&mut self, target: NodeId, depth: usize) -> Result<Worth, Refusal> {
        let Some(&worth) = self.worth.get(&target) else {
            return Err(Refusal::Cycle);
        };
        if depth + worth.height > MAX_DEPTH {
            return Err(Refusal::Depth);
        }
        let spent = self.spent.saturating_add(worth.nodes);
        if spent > MAX_EXPANDED_NODES {
            return Err(Refusal::Nodes);
        }
        self.spent = spent;
        Ok(worth)
    }
}
