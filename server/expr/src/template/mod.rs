//! Conductor's templates: Jinja with Python's values. Rule 4.5. The parser is `minijinja`'s, everything after it is here.
//!
//! `minijinja`'s own evaluator orders values of different types, compares missing ones, and joins with its own spelling;
//! none of that can be replaced from outside, and the dialect answers each with an error or with Python's text.

mod filters;
mod functions;
mod load;
pub(crate) mod loops;
mod lower;
pub(crate) mod macros;
pub mod names;
mod node;
pub mod partials;
mod references;
mod render;
mod tests;

use crate::error::{EvalError, SyntaxError};
use crate::reference::{Compared, Reference};
use minijinja::machinery;
use node::Node;
pub use partials::Partials;
use serde_json::Value;

/// Operators and words one tag or output may hold; more than any person writes.
const TAG_PARTS: usize = 4_000;

/// A read template.
#[derive(Debug)]
pub struct Parsed {
    nodes: Vec<Node>,
}

/// A tag that takes in another template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// `include`, `import` or `extends`.
    pub tag: &'static str,
    /// The names that it goes through; one of them has to be there.
    pub names: Vec<String>,
    /// Where they are written.
    pub span: std::ops::Range<usize>,
}

impl Parsed {
    /// Names the template takes from its context, with their fields, in source order.
    ///
    /// Loop variables, assigned names, macros and the functions in [`names::FUNCTIONS`] are left out.
    pub fn references(&self) -> Vec<Reference> {
        references::references(&self.nodes)
    }

    /// Templates that it takes in, by name; `None` for a name that only rendering tells.
    pub fn loads(&self) -> Vec<Option<String>> {
        references::loads(&self.nodes)
    }

    /// Templates that have to be there when it is rendered, where their names are written out.
    pub fn needs(&self) -> Vec<Need> {
        references::needs(&self.nodes)
    }

    /// Comparisons of a reference with a constant in outputs and `if` tags.
    pub fn comparisons(&self) -> Vec<Compared> {
        references::comparisons(&self.nodes)
    }
}

/// Whether a text has anything a template engine would act on.
pub fn is_template(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| source.contains(mark))
}

/// Counts what could nest inside one tag, because the parser builds chains as deep as they are long.
fn refuse_endless_tags(source: &str) -> Result<(), SyntaxError> {
    let bytes = source.as_bytes();
    let (mut at, mut start, mut parts) = (0, None, 0usize);
    let mut quote = None;
    while at < bytes.len() {
        let byte = bytes[at];
        let Some(from) = start else {
            if byte == b'{' && matches!(bytes.get(at + 1), Some(b'{' | b'%')) {
                (start, parts, quote) = (Some(at), 0, None);
                at += 1;
            }
            at += 1;
            continue;
        };
        let closes = matches!(byte, b'}' | b'%') && bytes.get(at + 1) == Some(&b'}');
        if quote.is_none() && closes {
            start = None;
            at += 1;
        } else if byte == b'\\' {
            at += 1;
        } else if matches!(byte, b'"' | b'\'') {
            quote = match quote {
                None => Some(byte),
                Some(open) if open == byte => None,
                other => other,
            };
        }
        // Quoted text counts too: a quote outside of any tag must not hide what follows it.
        if byte.is_ascii_punctuation() || byte.is_ascii_whitespace() {
            parts += 1;
        }
        if parts > TAG_PARTS {
            return Err(SyntaxError {
                message: format!("one tag holds more than {TAG_PARTS} operators and words"),
                span: clamp(from..at, source),
            });
        }
        at += 1;
    }
    Ok(())
}

/// Reads a template.
///
/// # Errors
/// The first place where the text leaves the language, an unknown filter or test included.
pub fn parse(source: &str) -> Result<Parsed, SyntaxError> {
    if !is_template(source) {
        return Ok(Parsed {
            nodes: vec![Node::Text(newlines(source))],
        });
    }
    refuse_endless_tags(source)?;
    // Reading, lowering and dropping the parser's tree recurse as deep as the text nests.
    stacker::maybe_grow(4 * 1024 * 1024, 16 * 1024 * 1024, || read(source))
}

fn read(source: &str) -> Result<Parsed, SyntaxError> {
    let mut syntax = minijinja::syntax::SyntaxConfig::builder();
    syntax.keep_trailing_newline(true);
    let syntax = syntax.build().map_err(|e| SyntaxError {
        message: e.to_string(),
        span: 0..0,
    })?;
    let tree = machinery::parse(source, "template", syntax).map_err(|error| SyntaxError {
        message: error
            .detail()
            .map_or_else(|| error.to_string(), str::to_owned),
        span: clamp(error.range().unwrap_or(0..source.len()), source),
    })?;
    let nodes = lower::Lowering::new(source).body(std::slice::from_ref(&tree))?;
    Ok(Parsed { nodes })
}

fn clamp(range: std::ops::Range<usize>, source: &str) -> std::ops::Range<usize> {
    let (mut start, mut end) = (range.start.min(source.len()), range.end.min(source.len()));
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    while !source.is_char_boundary(end) {
        end += 1;
    }
    start..end.max(start)
}

/// Line ends become `\n`, as the language reads its source.
fn newlines(source: &str) -> String {
    if source.contains('\r') {
        source.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        source.to_owned()
    }
}

/// Renders a template against a context object.
///
/// # Errors
/// Syntax, names that do not exist, types that do not fit, and the bounds in [`crate::fuel`].
pub fn render(source: &str, context: &Value) -> Result<String, EvalError> {
    render_with(source, context, &Partials::default())
}

/// Renders the text of a prompt file, which may take in others.
///
/// # Errors
/// As [`render`], and templates that are not among `partials`.
pub fn render_with(
    source: &str,
    context: &Value,
    partials: &Partials,
) -> Result<String, EvalError> {
    let parsed = parse(source)?;
    render::render(&parsed.nodes, context, partials)
}
