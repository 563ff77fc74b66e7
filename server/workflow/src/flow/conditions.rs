//! What a route's condition is about, in either of the dialect's condition
//! languages: outputs of steps, counters, the history.

use std::ops::Range;

use fermata_expr::condition::{self, Language};
use fermata_expr::{Compared, Segment};

use crate::model::Workflow;

/// What a name in a condition stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A field of a step's output; `None` for the whole of it. The step is an index in `Workflow::steps`.
    Output {
        /// The step.
        step: usize,
        /// The field.
        field: Option<String>,
    },
    /// `context.iteration`.
    Iteration,
    /// `context.history`.
    History,
    /// A workflow input.
    Input(String),
}

/// One name in a condition, with its bytes in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it stands for.
    pub subject: Subject,
    /// Bytes of the name in the condition.
    pub range: Range<usize>,
}

/// A comparison of a name with a constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is compared.
    pub subject: Subject,
    /// The comparison as it is written.
    pub compared: Compared,
}

/// A condition, read.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// Every name that stands for something.
    pub mentions: Vec<Mention>,
    /// Comparisons of such names with constants.
    pub comparisons: Vec<Comparison>,
}

impl Condition {
    /// Reads the condition of a route out of `step`. One that does not parse says nothing.
    #[must_use]
    pub fn read(workflow: &Workflow, step: usize, when: &str) -> Self {
        let Ok(parsed) = condition::parse(when) else {
            return Self::default();
        };
        let plain = parsed.language() != Language::Template;
        let subject = |path: &[Segment]| subject(workflow, step, path, plain);
        let mentions = parsed
            .references()
            .into_iter()
            .filter_map(|r| {
                Some(Mention {
                    subject: subject(&r.path)?,
                    range: r.span,
                })
            })
            .collect();
        let comparisons = parsed
            .comparisons()
            .into_iter()
            .filter_map(|compared| {
                Some(Comparison {
                    subject: subject(&compared.path)?,
                    compared,
                })
            })
            .collect();
        Self {
            mentions,
            comparisons,
        }
    }
}

/// What a chain of names stands for in the routes of `step`.
fn subject(workflow: &Workflow, step: usize, path: &[Segment], plain: bool) -> Option<Subject> {
    let name = |at: usize| path.get(at).map(|s| s.name.as_str());
    let root = name(0)?;
    let by_name = |wanted: &str| {
        workflow
            .steps
            .iter()
            .position(|s| s.name.as_str() == wanted)
    };
    let field = |at: usize| {
        name(at)
            .filter(|n| !["get", "items", "keys", "values"].contains(n))
            .map(str::to_owned)
    };
    match (root, name(1)) {
        ("output", _) => {
            return Some(Subject::Output {
                step,
                field: field(1),
            });
        }
        ("context", Some("iteration")) | ("context_iteration", _) => {
            return Some(Subject::Iteration);
        }
        ("context", Some("history")) | ("context_history", _) => return Some(Subject::History),
        ("workflow", Some("input")) => return Some(Subject::Input(name(2)?.to_owned())),
        ("workflow_input", Some(input)) => return Some(Subject::Input(input.to_owned())),
        ("workflow" | "context" | "workflow_input", _) => return None,
        (_, Some("output")) => {
            if let Some(on) = by_name(root) {
                return Some(Subject::Output {
                    step: on,
                    field: field(2),
                });
            }
        }
        _ => {}
    }
    if !plain {
        return None;
    }
    // The plain language sees a flattened map: `reviewer_output.score`, `output_score`, `score`.
    if let Some(on) = root.strip_suffix("_output").and_then(by_name) {
        return Some(Subject::Output {
            step: on,
            field: field(1),
        });
    }
    if let Some(rest) = root.strip_prefix("output_") {
        return Some(Subject::Output {
            step,
            field: Some(rest.to_owned()),
        });
    }
    let literal = matches!(
        root,
        "True"
            | "False"
            | "None"
            | "true"
            | "false"
            | "int"
            | "float"
            | "str"
            | "rand"
            | "randint"
            | "loop"
    );
    (!literal).then(|| Subject::Output {
        step,
        field: Some(root.to_owned()),
    })
}
