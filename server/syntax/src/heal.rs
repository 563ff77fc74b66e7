//! Reading broken text: find what breaks it, read that as blanks of the same
//! length, try again. `suspects` says what may be to blame; this module tries
//! the suspects and decides. It never changes the text inside a block scalar
//! whose header parsed, and gives up after [`ROUNDS`].

mod cost;
pub(crate) mod quotes;
mod suspects;

use std::ops::Range;
use std::sync::OnceLock;

use crate::build::{Built, Failure};
use crate::outline::Outline;
use crate::tree::{Data, Inner, span};
use crate::{MAX_TEXT_BYTES, Span, build, message};

/// How many places are repaired at most.
const ROUNDS: usize = 12;

/// Texts up to this many bytes get every suspect tried in a round; in longer
/// ones the first suspect that helps is taken.
const THOROUGH_BYTES: usize = 128 * 1024;

/// Parses `text`, healed where needed.
pub(crate) fn run(text: &str) -> Inner {
    if text.len() > MAX_TEXT_BYTES {
        let cut = text.floor_char_boundary(u32::MAX as usize);
        return Inner {
            text: text[..cut].to_owned(),
            problems: vec![message::too_large(text.len())],
            ..Inner::default()
        };
    }
    let built = build::run(text);
    let Some(failure) = built.failure.clone() else {
        return finish(text, built, None, &[]);
    };
    let primary = message::failure(text, &failure);
    let mut work = Work {
        original: text,
        text: text.to_owned(),
        built,
        blanked: Vec::new(),
    };
    for _ in 0..ROUNDS {
        let Some(failure) = work.built.failure.clone() else {
            break;
        };
        if !work.round(&failure) {
            break;
        }
    }
    work.give_up();
    work.clean_scalars();
    work.restore_blocks();
    let Work {
        mut built, blanked, ..
    } = work;
    if !text.is_ascii() {
        built.snap_to_characters(text);
    }
    finish(text, built, Some(primary), &blanked)
}

fn finish(
    text: &str,
    built: Built,
    primary: Option<crate::Problem>,
    blanked: &[Range<usize>],
) -> Inner {
    let mut problems = built.problems;
    problems.sort_by_key(|problem| problem.span.start());
    match primary {
        None => message::choose_primary(&mut problems),
        Some(_) => problems
            .iter_mut()
            .for_each(|problem| problem.primary = false),
    }
    problems.splice(0..0, primary);
    Inner {
        text: text.to_owned(),
        nodes: built.nodes,
        root: built.root,
        documents: built.documents,
        version: built.version,
        problems,
        broken: regions(text, blanked),
        comments: built.comments,
        lines: OnceLock::new(),
    }
}

/// A text under repair and what the last pass over it gave.
struct Work<'t> {
    original: &'t str,
    text: String,
    built: Built,
    blanked: Vec<Range<usize>>,
}

/// A repair that was tried.
struct Trial {
    text: String,
    built: Built,
    range: Range<usize>,
    cost: usize,
}

impl Work<'_> {
    /// Repairs one place; false if nothing helps.
    fn round(&mut self, failure: &Failure) -> bool {
        let outline = Outline::new(&self.text);
        let suspects = suspects::find(&self.text, &outline, failure);
        let mut best: Option<Trial> = None;
        for range in suspects {
            let range = self.outside_blocks(range, failure.at);
            let text = blank(&self.text, &range);
            if text == self.text {
                continue;
            }
            let built = build::run(&text);
            if self.adopts(&outline, &range, &built) {
                continue;
            }
            let Some(cost) = cost::of(&outline, &range, failure, &built) else {
                continue;
            };
            let enough = self.text.len() > THOROUGH_BYTES;
            if best.as_ref().is_none_or(|best| cost < best.cost) {
                best = Some(Trial {
                    text,
                    built,
                    range,
                    cost,
                });
            }
            if enough {
                break;
            }
        }
        let Some(best) = best else {
            return false;
        };
        self.text = best.text;
        self.built = best.built;
        self.blanked.push(best.range);
        true
    }

    /// Whether a key whose value is blanked takes the text below for its
    /// value: that would be a name nobody gave.
    fn adopts(&self, outline: &Outline, range: &Range<usize>, built: &Built) -> bool {
        let mut robbed = vec![false; outline.len()];
        for range in self.blanked.iter().chain([range]) {
            let first = outline.number(range.start).unwrap_or(0);
            let lines = outline.lines().enumerate().skip(first);
            for (number, line) in lines.take_while(|(_, line)| line.start < range.end) {
                let from = range.start.max(line.body);
                let hidden = self.original.get(from..range.end.min(line.end).max(from));
                robbed[number] |= hidden.is_some_and(|hidden| !hidden.trim().is_empty());
            }
        }
        let line_of = |id: crate::NodeId| {
            let start = built.nodes[id.index()].full.start();
            outline.number(start.into()).unwrap_or(0)
        };
        built.nodes.iter().any(|node| {
            let Data::Mapping { entries, .. } = &node.data else {
                return false;
            };
            entries.iter().any(|&(key, value)| {
                let value_node = &built.nodes[value.index()];
                matches!(value_node.data, Data::Scalar { .. })
                    && !value_node.span.is_empty()
                    && robbed.get(line_of(key)) == Some(&true)
                    && line_of(value) > line_of(key)
            })
        })
    }

    /// The part of `range` that is behind every block scalar the last pass
    /// read before the error.
    fn outside_blocks(&self, range: Range<usize>, at: usize) -> Range<usize> {
        let start = blocks(&self.built)
            .filter(|block| usize::from(block.end()) <= at)
            .map(|block| usize::from(block.end()))
            .filter(|&end| range.start < end && end <= range.end)
            .fold(range.start, usize::max);
        start..range.end
    }

    /// When rounds did not help, what follows the error is not read.
    fn give_up(&mut self) {
        if let Some(failure) = &self.built.failure {
            let start = failure.at.min(self.original.len());
            self.blanked.push(start..self.original.len());
        }
    }

    /// A plain or quoted scalar that lost text in its middle says something
    /// that nobody wrote: read it as nothing.
    fn clean_scalars(&mut self) {
        if self.built.failure.is_some() {
            return;
        }
        let broken = regions(self.original, &self.blanked);
        let torn: Vec<_> = self
            .built
            .nodes
            .iter()
            .filter(|node| {
                matches!(&node.data, Data::Scalar { style, .. } if !style.is_block())
                    && broken.iter().any(|&region| {
                        node.span
                            .intersect(region)
                            .is_some_and(|both| !both.is_empty())
                    })
            })
            .map(|node| Range::<usize>::from(node.span))
            .collect();
        if torn.is_empty() {
            return;
        }
        let mut text = self.text.clone();
        for range in &torn {
            text = blank(&text, range);
        }
        let built = build::run(&text);
        if built.failure.is_none() {
            self.text = text;
            self.built = built;
            self.blanked.extend(torn);
        }
    }

    /// What turned out to lie inside a block scalar is text after all.
    fn restore_blocks(&mut self) {
        if self.built.failure.is_some() {
            return;
        }
        let blocks: Vec<Span> = blocks(&self.built).collect();
        let inside = |range: &Range<usize>| {
            let range = span(range.start, range.end);
            blocks
                .iter()
                .any(|block| block.intersect(range).is_some_and(|both| !both.is_empty()))
        };
        if !self.blanked.iter().any(inside) {
            return;
        }
        let kept: Vec<_> = self
            .blanked
            .iter()
            .filter(|range| !inside(range))
            .cloned()
            .collect();
        let text = kept
            .iter()
            .fold(self.original.to_owned(), |text, range| blank(&text, range));
        let built = build::run(&text);
        if built.failure.is_none() {
            self.text = text;
            self.built = built;
            self.blanked = kept;
        }
    }
}

/// The contents of all block scalars.
fn blocks(built: &Built) -> impl Iterator<Item = Span> + '_ {
    built.nodes.iter().filter_map(|node| match &node.data {
        Data::Scalar { style, content, .. } if style.is_block() => Some(*content),
        _ => None,
    })
}

/// `text` with spaces for every byte of `range` but line breaks.
fn blank(text: &str, range: &Range<usize>) -> String {
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end.max(start));
    let mut blanked = String::with_capacity(text.len());
    blanked.push_str(&text[..start]);
    for c in text[start..end].chars() {
        match c {
            '\n' | '\r' => blanked.push(c),
            _ => blanked.extend(std::iter::repeat_n(' ', c.len_utf8())),
        }
    }
    blanked.push_str(&text[end..]);
    blanked
}

/// The blanked ranges in order, joined where they touch, without blanks at
/// their ends.
fn regions(text: &str, blanked: &[Range<usize>]) -> Vec<Span> {
    let mut trimmed: Vec<Range<usize>> = blanked
        .iter()
        .filter_map(|range| {
            let start = text.floor_char_boundary(range.start);
            let end = text.ceil_char_boundary(range.end.max(start));
            let inside = &text[start..end];
            let from = start + (inside.len() - inside.trim_start().len());
            let to = start + inside.trim_end().len();
            (from < to).then_some(from..to)
        })
        .collect();
    trimmed.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in trimmed {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
        .into_iter()
        .map(|range| span(range.start, range.end))
        .collect()
}
