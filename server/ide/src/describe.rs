//! What a completion is about, put into words when somebody looks at it: the text of a long list would be made for nothing.

use std::fmt::Write as _;

use fermata_workflow::dag::Dag;
use fermata_workflow::{Dialect, Workflow};

use crate::snapshot::Snapshot;
use crate::{archon, hover, keys};

/// Something with more to say than fits into a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A key, by its place: `agents[].routes[].to`.
    Key(String),
    /// A step, by name.
    Step(String),
    /// An input of the workflow, by name.
    Input(String),
    /// A command of an Archon project, by name.
    Command(String),
    /// A script of an Archon project, by name.
    Script(String),
    /// Another workflow of an Archon project, by name.
    Workflow(String),
}

impl Subject {
    /// The key `name` of the map at `parent`, which is empty for the whole file.
    pub(crate) fn key(parent: &str, name: &str) -> Self {
        if parent.is_empty() {
            Self::Key(name.to_owned())
        } else {
            Self::Key(format!("{parent}.{name}"))
        }
    }

    /// Kind word and name, from which [`Subject::from_words`] makes it again.
    #[must_use]
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Key(name) => ("key", name),
            Self::Step(name) => ("step", name),
            Self::Input(name) => ("input", name),
            Self::Command(name) => ("command", name),
            Self::Script(name) => ("script", name),
            Self::Workflow(name) => ("workflow", name),
        }
    }

    /// The subject of a kind word and a name; `None` for a word that is none.
    #[must_use]
    pub fn from_words(kind: &str, name: &str) -> Option<Self> {
        let make = match kind {
            "key" => Self::Key,
            "step" => Self::Step,
            "input" => Self::Input,
            "command" => Self::Command,
            "script" => Self::Script,
            "workflow" => Self::Workflow,
            _ => return None,
        };
        Some(make(name.to_owned()))
    }
}

/// Markdown about a subject; `None` when the document does not know it, or knows nothing more.
#[must_use]
pub fn describe(snapshot: &Snapshot, subject: &Subject) -> Option<String> {
    let workflow = snapshot.workflow()?;
    let around = &snapshot.loaded.surroundings;
    match subject {
        Subject::Key(path) => match workflow.dialect {
            Dialect::Archon => archon::key(path).map(|key| key.doc.to_owned()),
            Dialect::Conductor => keys::find(path).map(|key| key.doc.to_owned()),
        },
        Subject::Step(name) if workflow.dialect == Dialect::Archon => {
            let dag = Dag::new(workflow);
            let node = dag.nodes.iter().position(|n| n.step.name.trim() == name)?;
            Some(archon::hover::of_node(snapshot, workflow, &dag, node))
        }
        Subject::Step(name) => hover::of_step(snapshot, workflow, name),
        Subject::Input(name) => input(workflow, name),
        Subject::Command(name) => {
            let file = format!("`{}`", around.commands.get(name)?.display());
            let text = around.command_texts.get(name);
            Some(text.map_or_else(|| file.clone(), |text| format!("{file}\n\n{text}")))
        }
        Subject::Script(name) => Some(format!("`{}`", around.scripts.get(name)?.display())),
        Subject::Workflow(name) => {
            let other = around.workflows.get(name)?;
            let mut text = format!("`{}`", other.path.display());
            for (input, (required, default)) in other.inputs.iter().flatten() {
                let _ = write!(text, "\n* `{input}`");
                if *required {
                    text.push_str(" · required");
                }
                if let Some(default) = default {
                    let _ = write!(text, " · default `{default}`");
                }
            }
            Some(text)
        }
    }
}

/// An input: whether it is required, its default, what it is for.
pub(crate) fn input(workflow: &Workflow, name: &str) -> Option<String> {
    let input = workflow.inputs.get(name)?;
    let mut text = format!("**{name}** · input of the workflow");
    if input.required {
        text.push_str(" · required");
    }
    if let Some(default) = &input.default {
        let _ = write!(text, " · default `{}`", default.value);
    }
    if let Some(description) = &input.description {
        let _ = write!(text, "\n\n{}", description.as_str());
    }
    Some(text)
}
