//! The collections that are open during a pass, and which child comes next.

use crate::expansion::Worth;
use crate::node::NodeId;

/// A collection that is not closed yet.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) id: NodeId,
    /// Where its bracket is, if it has one.
    pub(crate) bracket: Option<usize>,
    pub(crate) anchored: bool,
    pub(crate) worth: Worth,
    pub(crate) mapping: bool,
    /// A key that waits for its value.
    pub(crate) key: Option<NodeId>,
    pub(crate) entries: Vec<(NodeId, NodeId)>,
    pub(crate) items: Vec<NodeId>,
}

impl Frame {
    /// The first and the last child.
    pub(crate) fn ends(&self) -> (Option<NodeId>, Option<NodeId>) {
        if self.mapping {
            (
                self.entries.first().map(|entry| entry.0),
                self.entries.last().map(|entry| entry.1),
            )
        } else {
            (self.items.first().copied(), self.items.last().copied())
        }
    }
}

/// The place a node takes in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Root,
    Key,
    Value,
    Item,
}

#[derive(Debug, Default)]
pub(crate) struct Stack {
    frames: Vec<Frame>,
}

impl Stack {
    pub(crate) fn depth(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn top(&self) -> Option<&Frame> {
        self.frames.last()
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    pub(crate) fn pop(&mut self) -> Option<Frame> {
        self.frames.pop()
    }

    /// Start of the outermost open bracket.
    pub(crate) fn bracket(&self) -> Option<usize> {
        self.frames.iter().find_map(|frame| frame.bracket)
    }

    /// The slot that the next node takes.
    pub(crate) fn next_slot(&self) -> Slot {
        match self.frames.last() {
            None => Slot::Root,
            Some(frame) if !frame.mapping => Slot::Item,
            Some(frame) if frame.key.is_none() => Slot::Key,
            Some(_) => Slot::Value,
        }
    }

    /// Puts a node into its slot.
    pub(crate) fn attach(&mut self, id: NodeId) -> Slot {
        let slot = self.next_slot();
        if let Some(frame) = self.frames.last_mut() {
            match slot {
                Slot::Root => {}
                Slot::Item => frame.items.push(id),
                Slot::Key => frame.key = Some(id),
                Slot::Value => {
                    if let Some(key) = frame.key.take() {
                        frame.entries.push((key, id));
                    }
                }
            }
        }
        slot
    }

    /// Counts a complete child in its parent.
    pub(crate) fn worth(&mut self, child: Worth) {
        if let Some(frame) = self.frames.last_mut() {
            frame.worth.add(child);
        }
    }
}
