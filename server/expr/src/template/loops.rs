//! The state behind `loop`. Running the loop is in `render`.

use super::node;
use super::render::Scope;
use crate::value::Val;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a recursive loop needs to run its next level.
#[derive(Debug)]
pub(crate) struct Recursion {
    pub(crate) definition: Rc<node::Loop>,
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Debug)]
pub(crate) struct LoopState {
    pub(crate) items: Vec<Val>,
    pub(crate) position: Cell<usize>,
    pub(crate) depth0: usize,
    pub(crate) changed: RefCell<Option<Vec<Val>>>,
    pub(crate) recursion: Option<Recursion>,
}

impl LoopState {
    pub(crate) fn index0(&self) -> usize {
        self.position.get()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The attributes that need no call.
    pub(crate) fn attribute(&self, name: &str) -> Option<Val> {
        let (at, len) = (self.index0(), self.len());
        let number = |n: usize| Some(Val::int(n as u64));
        match name {
            "index" => number(at + 1),
            "index0" => number(at),
            "revindex" => number(len - at),
            "revindex0" => number(len - at - 1),
            "first" => Some(Val::Bool(at == 0)),
            "last" => Some(Val::Bool(at + 1 == len)),
            "length" => number(len),
            "depth" => number(self.depth0 + 1),
            "depth0" => number(self.depth0),
            "previtem" => Some(
                at.checked_sub(1)
                    .and_then(|p| self.items.get(p))
                    .cloned()
                    .unwrap_or_else(|| {
                        Val::undefined("there is no previous item".to_owned(), Vec::new())
                    }),
            ),
            "nextitem" => {
                Some(self.items.get(at + 1).cloned().unwrap_or_else(|| {
                    Val::undefined("there is no next item".to_owned(), Vec::new())
                }))
            }
            _ => None,
        }
    }
}
