//! Edits of YAML text in its own style, block or flow: an entry removed, renamed or added, a dependency added. They
//! keep every line that they are not about. Know no dialect and no rule.

use fermata_syntax::{Entry, Mapping, Node, Offset, Span, Tree};

use crate::diagnostic::Edit;
use crate::nearest::writes_plainly;

/// A name as it is written into YAML: with quotes only where it needs them.
#[must_use]
pub fn scalar(name: &str) -> String {
    if writes_plainly(name) && !name.starts_with('$') {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "''"))
    }
}

/// The entry whose key stands at a span, with its mapping.
#[must_use]
pub fn entry_at(tree: &Tree, key: Span) -> Option<(Mapping<'_>, Entry<'_>)> {
    let path = tree.path_at(key.start());
    path.into_iter()
        .rev()
        .filter_map(Node::as_mapping)
        .find_map(|mapping| {
            let entry = mapping.entries().find(|e| e.key.span() == key)?;
            Some((mapping, entry))
        })
}

/// Removes whole lines: an entry or an item that begins its line.
///
/// `None` for flow style, and where something else stands on the first line.
#[must_use]
pub fn remove_lines(text: &str, span: Span) -> Option<Edit> {
    let (start, end) = (usize::from(span.start()), usize::from(span.end()));
    let line = line_start(text, start)?;
    let lead = text.get(line..start)?.trim();
    if !(lead.is_empty() || lead == "-") {
        return None;
    }
    let after = if text.get(..end)?.ends_with('\n') {
        end
    } else {
        let rest = &text[end..];
        let newline = rest
            .find('\n')
            .map_or(text.len(), |newline| end + newline + 1);
        let tail = text[end..newline].trim();
        if !(tail.is_empty() || tail.starts_with('#')) {
            return None;
        }
        newline
    };
    Some(Edit {
        span: span_of(line, after)?,
        text: String::new(),
    })
}

/// Removes the entry whose key stands at a span; `None` for the only entry, and for one on a dash's line.
#[must_use]
pub fn remove_entry(tree: &Tree, key: Span) -> Option<Edit> {
    let (mapping, entry) = entry_at(tree, key)?;
    let entries: Vec<Entry<'_>> = mapping.entries().collect();
    if entries.len() < 2 {
        return None;
    }
    let text = tree.text();
    if !mapping.is_flow() {
        let start = usize::from(entry.span().start());
        let line = line_start(text, start)?;
        return text[line..start]
            .trim()
            .is_empty()
            .then(|| remove_lines(text, entry.span()))?;
    }
    let at = entries.iter().position(|e| e.key.span() == key)?;
    let span = match at.checked_sub(1).map(|before| entries[before].span()) {
        Some(before) => Span::new(before.end(), entry.span().end()),
        None => Span::new(entry.span().start(), entries[1].span().start()),
    };
    Some(Edit {
        span,
        text: String::new(),
    })
}

/// Adds an entry in front of the one whose key stands at a span.
#[must_use]
pub fn entry_before(tree: &Tree, key: Span, line: &str) -> Option<Edit> {
    let (mapping, entry) = entry_at(tree, key)?;
    let start = entry.span().start();
    let text = if mapping.is_flow() {
        format!("{line}, ")
    } else {
        let indent = column(tree.text(), start.into())?;
        format!("{line}{}{}", line_ending(tree.text()), " ".repeat(indent))
    };
    Some(Edit {
        span: Span::empty(start),
        text,
    })
}

/// Adds an entry behind the one whose key stands at a span, when that one's value ends on its own line.
#[must_use]
pub fn entry_after(tree: &Tree, key: Span, line: &str) -> Option<Edit> {
    let (mapping, entry) = entry_at(tree, key)?;
    let end = entry.span().end();
    let text = if mapping.is_flow() {
        format!(", {line}")
    } else {
        let indent = column(tree.text(), entry.span().start().into())?;
        format!("{}{}{line}", line_ending(tree.text()), " ".repeat(indent))
    };
    Some(Edit {
        span: Span::empty(end),
        text,
    })
}

/// Lets the node (a mapping with `id`) depend on another one too.
#[must_use]
pub fn depend_on(tree: &Tree, node: Span, name: &str) -> Option<Edit> {
    let mapping = tree
        .path_at(node.start())
        .into_iter()
        .filter(|n| n.span() == node)
        .find_map(Node::as_mapping)?;
    let name = scalar(name);
    let Some(entry) = mapping.get("depends_on") else {
        let id = mapping.get("id")?;
        return entry_after(tree, id.key.span(), &format!("depends_on: [{name}]"));
    };
    let list = entry.value.as_sequence()?;
    let last = list.items().last();
    let text = tree.text();
    match last {
        _ if entry.value.resolved() != entry.value => None,
        None => {
            let span = list.span();
            (list.is_flow() && &text[span] == "[]").then(|| Edit {
                span,
                text: format!("[{name}]"),
            })
        }
        Some(last) if list.is_flow() => Some(Edit {
            span: Span::empty(last.span().end()),
            text: format!(", {name}"),
        }),
        Some(last) => {
            let start = usize::from(last.full_span().start());
            let line = line_start(text, start)?;
            let lead = &text[line..start];
            lead.trim_start().starts_with('-').then(|| Edit {
                span: Span::empty(last.span().end()),
                text: format!("{}{lead}{name}", line_ending(text)),
            })
        }
    }
}

/// The line ending that the file uses.
#[must_use]
pub fn line_ending(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn line_start(text: &str, at: usize) -> Option<usize> {
    Some(text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1))
}

/// How far a byte stands from the start of its line; `None` behind anything but blanks and dashes.
fn column(text: &str, at: usize) -> Option<usize> {
    let lead = &text[line_start(text, at)?..at];
    lead.chars()
        .all(|c| matches!(c, ' ' | '-'))
        .then_some(lead.len())
}

fn span_of(start: usize, end: usize) -> Option<Span> {
    Some(Span::new(
        Offset::try_from(start).ok()?,
        Offset::try_from(end).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, edit: &Edit) -> String {
        let mut out = text.to_owned();
        out.replace_range(std::ops::Range::<usize>::from(edit.span), &edit.text);
        out
    }

    fn key(text: &str, key: &str) -> (Tree, Span) {
        let at = text.find(key).expect("the key is there");
        (
            fermata_syntax::parse(text),
            span_of(at, at + key.len()).expect("small"),
        )
    }

    #[test]
    fn an_entry_goes_with_its_lines_or_with_its_comma() {
        let cases = [
            ("a: 1\nb: 2\nc: 3\n", "b", "a: 1\nc: 3\n"),
            ("a: 1\nb: |\n  x\n  y\nc: 3\n", "b", "a: 1\nc: 3\n"),
            ("{a: 1, b: 2, c: 3}", "b", "{a: 1, c: 3}"),
            ("{a: 1, b: 2}", "a", "{b: 2}"),
        ];
        for (text, name, after) in cases {
            let (tree, span) = key(text, name);
            let edit = remove_entry(&tree, span).expect("it can be removed");
            assert_eq!(apply(text, &edit), after);
        }
        let (tree, span) = key("- a: 1\n  b: 2\n", "a");
        assert_eq!(remove_entry(&tree, span), None, "the dash would be lost");
    }

    #[test]
    fn a_dependency_is_added_in_the_style_of_the_file() {
        let cases = [
            ("id: a\nbash: x\n", "id: a\ndepends_on: [next]\nbash: x\n"),
            ("{id: a, bash: x}", "{id: a, depends_on: [next], bash: x}"),
            ("id: a\ndepends_on: [b]\n", "id: a\ndepends_on: [b, next]\n"),
            ("id: a\ndepends_on: []\n", "id: a\ndepends_on: [next]\n"),
            (
                "id: a\ndepends_on:\n  - b\n",
                "id: a\ndepends_on:\n  - b\n  - next\n",
            ),
        ];
        for (text, after) in cases {
            let tree = fermata_syntax::parse(text);
            let node = tree.root().expect("a mapping").span();
            let edit = depend_on(&tree, node, "next").expect("it can be added");
            assert_eq!(apply(text, &edit), after);
        }
    }

    #[test]
    fn names_get_quotes_where_yaml_needs_them() {
        assert_eq!(scalar("plan-v2"), "plan-v2");
        assert_eq!(scalar("@fast"), "'@fast'");
        assert_eq!(scalar("no"), "'no'");
    }
}
