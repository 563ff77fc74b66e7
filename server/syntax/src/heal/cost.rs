//! What a repair costs: the structure it hides or swallows, and the trouble
//! that is left. Lower is better; the numbers only order repairs.

use std::ops::Range;

use crate::build::{Built, Failure, Reason};
use crate::outline::{Line, Outline};
use crate::tree::Data;

/// A line with a key.
const KEY: usize = 10;
/// More, if it begins an item: the first key of an item is mostly its name.
const ITEM: usize = 15;
/// More, if it opens a block: all that is below hangs on it.
const OPENS: usize = 15;
/// The value of a key that stays.
const VALUE: usize = 6;
/// A line of something else.
const TEXT: usize = 2;
/// An error that is left.
const ERROR: usize = 30;
/// Each line at the depth of the error that is left: they will mostly fail
/// for the same reason.
const ALIKE: usize = 10;

/// The cost of having blanked `range` of the text that `outline` describes.
/// `None` if the error is still there.
pub(crate) fn of(
    outline: &Outline,
    range: &Range<usize>,
    failure: &Failure,
    built: &Built,
) -> Option<usize> {
    let mut cost = 0;
    let mut stop = outline.len();
    if let Some(next) = &built.failure {
        if !matches!(failure.reason, Reason::Scan(_)) || next.at <= failure.at {
            return None;
        }
        stop = outline.number(next.at)?;
        cost += ERROR;
        if stop <= outline.number(failure.at)? {
            cost += ERROR;
        }
        if let Some(line) = outline.get(stop) {
            let end = outline.dedent(stop, line.indent.saturating_sub(1));
            cost += ALIKE * outline.count_at(stop, end, line.indent).min(20);
        }
    }
    let standing = standing(outline, built);
    for (number, line) in outline.lines().enumerate() {
        if line.blank {
            continue;
        }
        let hidden = range.start.max(line.text_start()) < range.end.min(line.end);
        if line.text {
            cost += usize::from(hidden);
        } else if (hidden || number < stop) && !standing[number] {
            cost += structure(line);
        } else if hidden {
            let key = line.key_end.is_some();
            cost += if key { VALUE } else { TEXT };
            cost += if key && line.has_dash() { ITEM / 2 } else { 0 };
        }
    }
    Some(cost)
}

fn structure(line: &Line) -> usize {
    let Some(key_end) = line.key_end else {
        return TEXT + if line.has_dash() { ITEM / 3 } else { 0 };
    };
    let item = if line.has_dash() { ITEM } else { 0 };
    let opens = if key_end >= line.end { OPENS } else { 0 };
    KEY + item + opens
}

/// For each line, whether a key or an item of the tree begins on it.
fn standing(outline: &Outline, built: &Built) -> Vec<bool> {
    let mut standing = vec![false; outline.len()];
    let mut mark = |at: usize| {
        if let Some(number) = outline.number(at) {
            standing[number] = true;
        }
    };
    let start = |id: crate::NodeId| usize::from(built.nodes[id.index()].full.start());
    for node in &built.nodes {
        match &node.data {
            Data::Mapping { entries, .. } => entries.iter().for_each(|entry| mark(start(entry.0))),
            Data::Sequence { items, .. } => items.iter().for_each(|&item| mark(start(item))),
            Data::Scalar { .. } | Data::Alias { .. } => {}
        }
    }
    standing
}
