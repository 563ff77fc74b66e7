//! `input-in-shell`: `$INPUTS.name` in a text for the shell, where nothing is put in for it: the shell reads a variable
//! of its own, `INPUTS`, and prints the rest.

use fermata_expr::archon::names;
use fermata_workflow::dag::Reading;
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Edit, Severity, Workflow};

use super::quoted_node_ref::quote_at;
use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "input-in-shell",
    dialects: ARCHON,
    check,
};

const READ: &str = "$INPUTS.";

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        for text in nodes.texts(at) {
            let shell = text.text();
            // A script that sets the variable itself means its own.
            if text.reading != Reading::Bash || shell.contains("INPUTS=") {
                continue;
            }
            for (start, _) in shell.match_indices(READ) {
                let name = name_at(&shell[start + READ.len()..]);
                let quote = quote_at(shell, start);
                if name.is_empty() || quote == Some('\'') || shell[..start].ends_with('\\') {
                    continue;
                }
                let variable = names::env_key(name);
                let message = format!(
                    "`{READ}{name}` is not put into a text for the shell, which reads an empty `$INPUTS` and then `.{name}`; the input is in the variable `{variable}`"
                );
                let span = text.span(start..start + READ.len() + name.len());
                let inside = quote == Some('"');
                let plain = text.scalar.style().is_block()
                    || text.scalar.style() == fermata_syntax::ScalarStyle::Plain;
                let mut found = nodes::finding(
                    RULE.code,
                    Severity::Warning,
                    nodes::at(span),
                    node.step,
                    message,
                );
                if inside || plain {
                    let written = match inside {
                        true => format!("${{{variable}}}"),
                        false => format!("\"${variable}\""),
                    };
                    let edit = Edit {
                        span,
                        text: written.clone(),
                    };
                    found = found.fix(format!("Change to `{written}`"), vec![edit]);
                }
                report.add(found);
            }
        }
    }
}

/// The name that a text begins with, perhaps none.
fn name_at(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(text.len());
    let name = &text[..end];
    match name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        true => name,
        false => "",
    }
}
