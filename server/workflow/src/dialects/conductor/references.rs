//! References to earlier outputs and inputs: in `input` lists (the anchored
//! grammar of V6) and in templates (the scan of V27..V30).

use std::ops::Range;

/// A name in a reference with its bytes in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// Its bytes in the text that was scanned.
    pub range: Range<usize>,
}

/// What an entry of an `input` list refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputReference {
    /// `A.output` with fields, or the shorthand `A.field`.
    Step {
        /// The step.
        step: Name,
        /// Fields below the output.
        fields: Vec<Name>,
        /// Whether `.output` is written.
        explicit: bool,
    },
    /// `G.outputs` or `G.errors` with a member and a field.
    Group {
        /// The group.
        group: Name,
        /// `outputs` or `errors`.
        part: Name,
        /// Member and field.
        rest: Vec<Name>,
    },
    /// `workflow.input.name`.
    Input {
        /// The input.
        input: Name,
    },
}

/// Reads an entry of an `input` list; also says whether it is optional (`?`).
/// `None` when it follows no accepted form.
#[must_use]
pub fn input_reference(text: &str) -> Option<(InputReference, bool)> {
    let (body, optional) = text.strip_suffix('?').map_or((text, false), |b| (b, true));
    let mut parts = Vec::new();
    let mut at = 0;
    for part in body.split('.') {
        if !is_name(part) {
            return None;
        }
        parts.push(Name {
            name: part.to_owned(),
            range: at..at + part.len(),
        });
        at += part.len() + 1;
    }
    if parts.len() < 2 {
        return None;
    }
    let second = parts[1].name.clone();
    let reference = match (parts[0].name.as_str(), second.as_str()) {
        ("workflow", "input") if parts.len() == 3 => InputReference::Input {
            input: parts.swap_remove(2),
        },
        (_, "output") => {
            let fields = parts.split_off(2);
            InputReference::Step {
                step: parts.swap_remove(0),
                fields,
                explicit: true,
            }
        }
        (_, "outputs" | "errors") if parts.len() <= 4 => {
            let rest = parts.split_off(2);
            let part = parts.swap_remove(1);
            InputReference::Group {
                group: parts.swap_remove(0),
                part,
                rest,
            }
        }
        ("workflow", _) | (_, "outputs" | "errors") => return None,
        _ => {
            let fields = parts.split_off(1);
            InputReference::Step {
                step: parts.swap_remove(0),
                fields,
                explicit: false,
            }
        }
    };
    Some((reference, optional))
}

fn is_name(part: &str) -> bool {
    let mut bytes = part.bytes();
    bytes
        .next()
        .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic())
        && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

/// A chain of attributes on an undeclared name of a template: `a.output.x`.
pub type Chain = Vec<Name>;

/// Every chain of a template that the dialect's scan sees: attributes only,
/// nothing behind brackets, no method at the end. A template with a syntax
/// error has none.
#[must_use]
pub fn chains(template: &str) -> Vec<Chain> {
    if !template.contains(['{']) {
        return Vec::new();
    }
    let Ok(parsed) = fermata_expr::template::parse(template) else {
        return Vec::new();
    };
    parsed
        .references()
        .into_iter()
        .filter_map(|reference| chain(template, reference))
        .collect()
}

fn chain(template: &str, reference: fermata_expr::Reference) -> Option<Chain> {
    let mut segments = reference.path;
    // A subscript hides what stands after it; the dialect walks attributes only.
    let quoted = |s: &fermata_expr::Segment| template[..s.span.start].ends_with(['"', '\'']);
    let hidden = segments.iter().skip(1).position(quoted).map(|at| at + 1);
    if let Some(at) = hidden {
        segments.truncate(at);
    } else if reference.called && segments.len() > 1 {
        segments.pop();
    }
    let names: Chain = segments
        .into_iter()
        .map(|s| Name {
            name: s.name,
            range: s.span,
        })
        .collect();
    (names.len() > 1).then_some(names)
}

/// `{{ name.output` anywhere in a template, as the dialect finds steps in the
/// workflow's `output` by a regular expression (V25, V26).
#[must_use]
pub fn output_names(template: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = template[from..].find("{{").map(|i| from + i) {
        from = open + 1;
        let rest = &template[open + 2..];
        let start = open + 2 + (rest.len() - rest.trim_start().len());
        let end = start
            + template[start..]
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(template.len() - start);
        if end > start && template[end..].starts_with(".output") {
            found.push(Name {
                name: template[start..end].to_owned(),
                range: start..end,
            });
            from = end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_references_follow_the_anchored_grammar() {
        for right in [
            "a.output",
            "a.output.x.y",
            "g.outputs",
            "g.errors.m.f",
            "workflow.input.p",
            "a.x",
            "a.x.y?",
            "g.count",
        ] {
            assert!(input_reference(right).is_some(), "{right}");
        }
        for wrong in [
            "a",
            "a-b.output",
            "workflow.input",
            "workflow.input.a.b",
            "workflow.dir",
            "g.outputs.a.b.c",
            "a..b",
            "a.output??",
            "",
            "a.1",
        ] {
            assert!(input_reference(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_template_is_scanned_for_attributes_of_undeclared_names_only() {
        let seen = |t: &str| {
            let dotted = |c: Chain| c.into_iter().map(|n| n.name).collect::<Vec<_>>().join(".");
            chains(t).into_iter().map(dotted).collect::<Vec<_>>()
        };
        assert_eq!(
            seen("{{ a.output.x }} {{ (b.outputs) }}"),
            ["a.output.x", "b.outputs"]
        );
        assert_eq!(
            seen("{{ a[\"output\"].x }} {{ a.output['x'].y }}"),
            ["a.output"]
        );
        assert_eq!(seen("{{ a.output.keys() }}"), ["a.output"]);
        assert_eq!(
            seen("{% for r in g.outputs %}{{ r.x }}{% endfor %}"),
            ["g.outputs"]
        );
        assert_eq!(seen("{{ a.output"), [] as [&str; 0]);
    }

    #[test]
    fn step_names_in_output_templates_are_found_where_an_expression_begins_with_them() {
        let names = |t: &str| {
            output_names(t)
                .into_iter()
                .map(|n| n.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("{{ a.output.x }} {{b.outputs}}"), ["a", "b"]);
        assert_eq!(
            names("{{ x | f(a.output) }} {% if c.output %}"),
            [] as [&str; 0]
        );
    }
}
