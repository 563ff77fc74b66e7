//! Edits that add routes and steps in the style of the file: block or flow,
//! with the indentation of what stands there already.

use fermata_syntax::Offset;
use fermata_syntax::Span;
use fermata_workflow::edits::line_ending;
use fermata_workflow::model::Route;
use fermata_workflow::{Edit, Loc, Sources, Step};

/// An edit that puts a route in front of `route`, in its file.
///
/// `None` where the text in front of the route is neither a block item nor a
/// flow sequence, for example behind an alias.
pub(crate) fn route_before(sources: &Sources, route: &Route, to: &str, when: &str) -> Option<Edit> {
    let text = sources.get(route.loc.file)?.tree.text();
    match place(text, route.loc)? {
        Place::Block { line, indent } => {
            let end = line_ending(text);
            Some(Edit {
                span: Span::empty(line),
                text: format!("{indent}- to: {to}{end}{indent}  when: \"{when}\"{end}"),
            })
        }
        Place::Flow => Some(Edit {
            span: Span::empty(route.loc.span.start()),
            text: format!("{{to: {to}, when: \"{when}\"}}, "),
        }),
    }
}

/// An edit that adds a block of lines as the next item after `step`. The first
/// line gets the dash; lines are given without indentation.
pub(crate) fn step_after(sources: &Sources, step: &Step, lines: &[String]) -> Option<Edit> {
    let text = sources.get(step.loc.file)?.tree.text();
    let Place::Block { indent, .. } = place(text, step.loc)? else {
        return None;
    };
    let end = line_ending(text);
    let at = usize::from(step.loc.span.end());
    let rest = text.get(at..)?;
    let (offset, lead) = match rest.find('\n') {
        Some(newline) => (at + newline + 1, ""),
        None => (text.len(), end),
    };
    let body: String = lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            format!(
                "{indent}{}{line}{end}",
                if index == 0 { "- " } else { "  " }
            )
        })
        .collect();
    let offset = Offset::try_from(offset).ok()?;
    Some(Edit {
        span: Span::empty(offset),
        text: format!("{lead}{body}"),
    })
}

enum Place<'t> {
    /// A block item: where its line starts, and what stands before the dash.
    Block { line: Offset, indent: &'t str },
    /// An item of `[…]`.
    Flow,
}

fn place(text: &str, loc: Loc) -> Option<Place<'_>> {
    let start = usize::from(loc.span.start());
    let before = text.get(..start)?;
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let lead = &before[line..];
    if let Some(indent) = lead.trim_end().strip_suffix('-')
        && indent.trim().is_empty()
    {
        return Some(Place::Block {
            line: Offset::try_from(line).ok()?,
            indent,
        });
    }
    before
        .trim_end()
        .ends_with(['[', ','])
        .then_some(Place::Flow)
}
