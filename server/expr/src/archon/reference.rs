//! Where a text refers to other nodes: `$id.output`, `$id.output.field`, `$LOOP_PREV.id.output`, `$INPUTS.name`.
//!
//! Ids are read greedily with their hyphens, a field is one level without hyphens, and no word boundary is asked for
//! behind `.output` (specs/archon.md 2.7).

use std::ops::Range;

use super::js;
use super::names::is_name_byte;

/// The reserved id of inputs in references.
pub const INPUTS: &str = "INPUTS";
/// How references to the iteration before begin.
const LOOP_PREV: &str = "$LOOP_PREV.";

/// One reference to a node's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRef {
    /// The id it names.
    pub node: String,
    /// The field of its output, if any.
    pub field: Option<String>,
    /// Bytes of the whole reference, from `$`.
    pub span: Range<usize>,
    /// Bytes of the id.
    pub node_span: Range<usize>,
    /// Bytes of the field.
    pub field_span: Option<Range<usize>>,
}

/// One use of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRef {
    /// The input's name.
    pub name: String,
    /// Bytes of the whole reference, from `$`.
    pub span: Range<usize>,
}

/// Every `$id.output[.field]` in order.
#[must_use]
pub fn node_refs(text: &str) -> Vec<NodeRef> {
    starts(text)
        .filter_map(|at| node_ref(text, at, at + 1))
        .fold(Vec::new(), push)
}

/// Every `$LOOP_PREV.id.output[.field]` in order.
#[must_use]
pub fn loop_prev_refs(text: &str) -> Vec<NodeRef> {
    text.match_indices(LOOP_PREV)
        .filter_map(|(at, _)| node_ref(text, at, at + LOOP_PREV.len()))
        .fold(Vec::new(), push)
}

/// Every `$INPUTS.name` in order.
#[must_use]
pub fn input_refs(text: &str) -> Vec<InputRef> {
    const HEAD: &str = "$INPUTS.";
    let found = |at: usize| {
        let name = at + HEAD.len();
        let end = name_end(text, name)?;
        Some(InputRef {
            name: text[name..end].to_owned(),
            span: at..end,
        })
    };
    text.match_indices(HEAD)
        .filter_map(|(at, _)| found(at))
        .collect()
}

/// Every `$id.word` in order, whatever the word: the coarse look that the dialect takes at `when`.
#[must_use]
pub fn dotted_refs(text: &str) -> Vec<NodeRef> {
    let found = |at: usize| {
        let end = name_end(text, at + 1)?;
        let field = text[end..].starts_with('.').then_some(end + 1)?;
        let stop = segment_end(text, field)?;
        Some(NodeRef {
            node: text[at + 1..end].to_owned(),
            field: Some(text[field..stop].to_owned()),
            span: at..stop,
            node_span: at + 1..end,
            field_span: Some(field..stop),
        })
    };
    starts(text).filter_map(found).fold(Vec::new(), push)
}

/// The reference that the text is, when it is one and nothing else but blanks around it.
#[must_use]
pub fn whole(text: &str) -> Option<NodeRef> {
    let inner = js::trim(text);
    let at = inner.as_ptr() as usize - text.as_ptr() as usize;
    let end = at + inner.len();
    inner.strip_prefix('$')?;
    node_ref(&text[..end], at, at + 1).filter(|r| r.span.end == end)
}

/// Where double quotes open before a reference on the same line of shell text (R78): the reference comes with single
/// quotes of its own, which then arrive in the value. Each range is the quoted stretch up to the reference's end.
#[must_use]
pub fn double_quoted(shell: &str) -> Vec<Range<usize>> {
    let refs = node_refs(shell);
    let bytes = shell.as_bytes();
    let opens = |i: usize| {
        bytes[i] == b'"' && (i == 0 || bytes[i - 1] == b'=' || bytes[i - 1].is_ascii_whitespace())
    };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = (from..bytes.len()).find(|i| opens(*i)) {
        let stretch = bytes[open + 1..]
            .iter()
            .position(|b| matches!(b, b'"' | b'\n'))
            .map_or(bytes.len(), |n| open + 1 + n);
        match refs
            .iter()
            .find(|r| r.span.start > open && r.span.start < stretch)
        {
            Some(reference) => {
                found.push(open..reference.span.end);
                from = reference.span.end.max(open + 1);
            }
            None => from = open + 1,
        }
    }
    found
}

/// The `$id.output[.field]` that begins at this byte.
pub(super) fn node_ref_at(text: &str, at: usize) -> Option<NodeRef> {
    node_ref(text, at, at + 1)
}

/// The `$LOOP_PREV.id.output[.field]` that begins at this byte.
pub(super) fn loop_prev_at(text: &str, at: usize) -> Option<NodeRef> {
    text[at..]
        .starts_with(LOOP_PREV)
        .then(|| node_ref(text, at, at + LOOP_PREV.len()))?
}

fn push(mut all: Vec<NodeRef>, next: NodeRef) -> Vec<NodeRef> {
    if all
        .last()
        .is_none_or(|last| last.span.end <= next.span.start)
    {
        all.push(next);
    }
    all
}

fn starts(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('$').map(|(at, _)| at)
}

fn node_ref(text: &str, start: usize, id: usize) -> Option<NodeRef> {
    let end = name_end(text, id)?;
    let rest = text[end..].strip_prefix(".output")?;
    let whole = text.len() - rest.len();
    let field = rest
        .strip_prefix('.')
        .and_then(|_| Some(whole + 1..segment_end(text, whole + 1)?));
    Some(NodeRef {
        node: text[id..end].to_owned(),
        field: field.clone().map(|f| text[f].to_owned()),
        span: start..field.as_ref().map_or(whole, |f| f.end),
        node_span: id..end,
        field_span: field,
    })
}

fn name_end(text: &str, from: usize) -> Option<usize> {
    end_of(text, from, is_name_byte)
}

fn segment_end(text: &str, from: usize) -> Option<usize> {
    end_of(text, from, |b| b.is_ascii_alphanumeric() || b == b'_')
}

fn end_of(text: &str, from: usize, inside: impl Fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    let first = bytes.first()?;
    (first.is_ascii_alphabetic() || *first == b'_')
        .then(|| from + bytes.iter().take_while(|b| inside(**b)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_greedy_and_fields_are_one_level() {
        let refs = node_refs("a $my-node.output.k.z and $x.outputs, ${y.output} $$z.output");
        let seen: Vec<_> = refs
            .iter()
            .map(|r| (r.node.as_str(), r.field.as_deref()))
            .collect();
        assert_eq!(seen, [("my-node", Some("k")), ("x", None), ("z", None)]);
    }

    #[test]
    fn a_whole_reference_has_nothing_around_it() {
        assert!(whole("$a.output.b").is_some());
        assert_eq!(whole(" $a.output.b\n").map(|r| r.span), Some(1..12));
        assert!(whole("$a.output.b c").is_none());
        assert!(whole("x$a.output").is_none());
        assert!(whole("").is_none());
    }

    #[test]
    fn double_quotes_round_a_reference_are_found_where_a_word_starts() {
        assert_eq!(double_quoted("x=\"a $n.output\"").len(), 1);
        assert!(double_quoted("echo '$n.output' \"b\" $n.output").is_empty());
        assert!(double_quoted("echo a\"$n.output\"").is_empty());
    }
}
