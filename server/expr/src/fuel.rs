//! Bounds on what one evaluation may cost: steps, memory, nesting. Knows nothing of the languages.

use crate::error::{EvalError, Res};
use std::cell::Cell;

/// Steps one evaluation may take; an expression node, a loop turn or an item handled is one step.
pub const STEPS: u64 = 2_000_000;
/// Bytes the longest text may have, a rendered template included.
pub const TEXT_BYTES: usize = 16 * 1024 * 1024;
/// Items the longest list may have.
pub const ITEMS: usize = 1_000_000;
/// Bits of the largest integer.
pub(crate) const INT_BITS: u64 = 262_144;
/// Expressions, loops and macros inside one another.
pub(crate) const DEPTH: u32 = 220;

/// What is left to spend.
#[derive(Debug)]
pub(crate) struct Fuel {
    steps: Cell<u64>,
    depth: Cell<u32>,
}

impl Default for Fuel {
    fn default() -> Self {
        Self {
            steps: Cell::new(STEPS),
            depth: Cell::new(0),
        }
    }
}

impl Fuel {
    /// Takes `cost` steps, or says that the evaluation does not come to an end.
    pub(crate) fn spend(&self, cost: u64) -> Res<()> {
        match self.steps.get().checked_sub(cost) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => {
                self.steps.set(0);
                Err(EvalError::limit(format!(
                    "evaluation stopped after {STEPS} steps; shorten the loop or the data it walks over"
                )))
            }
        }
    }

    /// Pays for a text of `bytes` bytes about to be built.
    pub(crate) fn text(&self, bytes: usize) -> Res<()> {
        if bytes > TEXT_BYTES {
            return Err(EvalError::limit(format!(
                "a text of {bytes} bytes would be built; at most {TEXT_BYTES} are allowed"
            )));
        }
        self.spend(bytes as u64 / 64 + 1)
    }

    /// Pays for a list of `count` items about to be built.
    pub(crate) fn items(&self, count: usize) -> Res<()> {
        if count > ITEMS {
            return Err(EvalError::limit(format!(
                "a list of {count} items would be built; at most {ITEMS} are allowed"
            )));
        }
        self.spend(count as u64 / 4 + 1)
    }

    /// A number below `bound`, spread by how far the evaluation is: runs stay repeatable.
    pub(crate) fn draw(&self, bound: u64) -> u64 {
        let mixed = self.steps.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }

    /// Counts one level of nesting; [`Fuel::ascend`] must follow.
    pub(crate) fn descend(&self) -> Res<()> {
        if self.depth.get() >= DEPTH {
            return Err(EvalError::limit(format!(
                "nested more than {DEPTH} levels deep"
            )));
        }
        self.depth.set(self.depth.get() + 1);
        Ok(())
    }

    /// Leaves a level entered by [`Fuel::descend`].
    pub(crate) fn ascend(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Runs `body` one level deeper, on a stack that grows where it is short.
    pub(crate) fn deeper<T>(&self, body: impl FnOnce() -> Res<T>) -> Res<T> {
        self.descend()?;
        let result = stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, body);
        self.ascend();
        result
    }
}
