//! Renders texts of nodes: variables and references in one pass, each value
//! put in once and never looked at again (specs/archon.md 2.7, 13.15).

use fermata_expr::archon::js;
use fermata_expr::archon::output::Outputs;
use fermata_expr::archon::reference::NodeRef;
use fermata_expr::archon::render::{self, RenderError, Scene};
use fermata_expr::archon::substitute::{Body, SPILL_CHARS, shell_word};
use fermata_expr::archon::variables::Variables;
use serde_json::{Map, Value, json};

use super::outputs;
use super::place::Place;
use super::rounds::scope::{self, Inside};
use crate::definition::Definition;
use crate::draft::failure;
use crate::event::Failure;
use crate::state::RunState;

/// What a loop adds to the texts of its round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// `$LOOP_USER_INPUT`.
    pub(crate) user_input: String,
    /// `$LOOP_PREV_OUTPUT`.
    pub(crate) previous: String,
    /// `$REJECTION_REASON`.
    pub(crate) rejection: String,
}

/// Everything that texts of one node may name.
pub(crate) struct Texts<'a> {
    state: &'a RunState,
    definition: &'a Definition,
    place: &'a Place<'a>,
    /// Inputs of the run, with the node's own bindings over them.
    inputs: Map<String, Value>,
    round: Round,
    /// The groups that the node lies in.
    inside: Option<Inside>,
}

/// A shell text, and the values that go to it through files.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shell {
    /// The text.
    pub(crate) text: String,
    /// Files to write first: `{path, text}`.
    pub(crate) files: Vec<Value>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(
        state: &'a RunState,
        definition: &'a Definition,
        place: &'a Place<'a>,
    ) -> Self {
        let inputs = state
            .frames
            .get(&crate::ids::StepPath::root())
            .map(|frame| frame.inputs.clone())
            .unwrap_or_default();
        Self {
            state,
            definition,
            place,
            inputs,
            round: Round::default(),
            inside: scope::inside(state, definition, &place.scope),
        }
    }

    /// Adds a node's own bindings, over inputs of the same name.
    pub(crate) fn bind(mut self, bindings: &Map<String, Value>) -> Self {
        self.inputs
            .extend(bindings.iter().map(|(k, v)| (k.clone(), v.clone())));
        self
    }

    /// Adds what a loop or a rejection says.
    pub(crate) fn in_round(mut self, round: Round) -> Self {
        self.round = round;
        self
    }

    /// A prompt or a message: everything as it is.
    ///
    /// # Errors
    /// A [`Failure`] of class `output-ref` or `input`: the node fails.
    pub(crate) fn plain(&self, text: &str) -> Result<String, Failure> {
        let outputs = self.outputs(text);
        self.scene(&outputs, true, |scene| render::plain(text, scene))
            .map_err(|error| refused(&error))
    }

    /// Code of a script: outputs are put in as they are, what people wrote comes by the environment.
    ///
    /// # Errors
    /// As [`Self::plain`].
    pub(crate) fn code(&self, text: &str) -> Result<String, Failure> {
        let outputs = self.outputs(text);
        self.scene(&outputs, false, |scene| render::plain(text, scene))
            .map_err(|error| refused(&error))
    }

    /// A shell text: every value is one word, whatever is in it; long ones come through a file.
    ///
    /// # Errors
    /// As [`Self::plain`].
    pub(crate) fn shell(&self, text: &str) -> Result<Shell, Failure> {
        let folder = self.artifacts();
        let outputs = self.outputs(text);
        let mut prelude = String::new();
        let mut files = Vec::new();
        let mut write = |found: &NodeRef, value: &str, bare: bool| {
            if bare {
                return value.to_owned();
            }
            if value.chars().count() <= SPILL_CHARS {
                return shell_word(value);
            }
            let earlier = text[found.span.start..].starts_with("$LOOP_PREV.");
            let of = if earlier { "LOOP_PREV." } else { "" };
            let name = match &found.field {
                Some(field) => format!("{of}{}.{field}", found.node),
                None => format!("{of}{}", found.node),
            };
            let path = format!("{folder}/.archon/node-output-spills/{name}.nodeoutput");
            let variable = format!("__fermata_spill_{}", files.len() + 1);
            prelude.push_str(&read_back(&variable, &path));
            let mut file = json!({"path": path, "node": found.node, "field": found.field});
            if earlier {
                file["earlier"] = Value::Bool(true);
            }
            files.push(file);
            format!("\"${{{variable}}}\"")
        };
        let rendered = self
            .shell_scene(&outputs, |scene| render::with(text, scene, &mut write))
            .map_err(|error| refused(&error))?;
        Ok(Shell {
            text: format!("{prelude}{rendered}"),
            files,
        })
    }

    /// The outputs that a text names.
    pub(crate) fn outputs(&self, text: &str) -> Outputs {
        outputs::named(self.state, self.definition, &self.place.scope, [text])
    }

    /// Inputs and bindings.
    pub(crate) fn inputs(&self) -> &Map<String, Value> {
        &self.inputs
    }

    fn artifacts(&self) -> &str {
        self.definition
            .archon()
            .map_or("", |project| project.setting().artifacts.as_str())
    }

    fn scene<T>(
        &self,
        outputs: &Outputs,
        user_variables: bool,
        render: impl FnOnce(&Scene<'_>) -> T,
    ) -> T {
        self.any_scene(outputs, user_variables, false, render)
    }

    fn shell_scene<T>(&self, outputs: &Outputs, render: impl FnOnce(&Scene<'_>) -> T) -> T {
        self.any_scene(outputs, false, true, render)
    }

    fn any_scene<T>(
        &self,
        outputs: &Outputs,
        user_variables: bool,
        shell: bool,
        render: impl FnOnce(&Scene<'_>) -> T,
    ) -> T {
        let setting = self.definition.archon().map(|project| project.setting());
        let variables = Variables {
            workflow_id: self.state.run.as_ref().map_or("", |run| run.as_str()),
            user_message: self.state.request.message.as_deref().unwrap_or_default(),
            artifacts_dir: setting.map_or("", |s| s.artifacts.as_str()),
            state_dir: setting.and_then(|s| s.state.as_deref()),
            base_branch: setting.map_or("", |s| s.base_branch.as_str()),
            docs_dir: setting.map_or("", |s| s.docs.as_str()),
            loop_user_input: match &self.inside {
                Some(inside) if self.round.user_input.is_empty() => &inside.user_input,
                _ => &self.round.user_input,
            },
            loop_prev_output: &self.round.previous,
            rejection_reason: &self.round.rejection,
            context: None,
            inputs: Some(&self.inputs),
        };
        render(&Scene {
            variables: &variables,
            user_variables,
            outputs,
            previous: self.inside.as_ref().map(|inside| {
                let body = Body {
                    known: &inside.known,
                    direct: &inside.direct,
                };
                (Some(&inside.previous), body)
            }),
            words: self
                .inside
                .as_ref()
                .filter(|_| shell)
                .map(|inside| inside.user_input.as_str()),
        })
    }
}

/// Class and words of a text that cannot be rendered.
fn refused(error: &RenderError) -> Failure {
    let (kind, names): (&str, Vec<&str>) = match error {
        RenderError::Reference(error) => ("output-ref", vec![error.class()]),
        RenderError::Variable(_) => ("input", Vec::new()),
    };
    failure(kind, error.to_string(), &names)
}

/// Shell text that reads a file into a variable, line ends at its end included.
pub(crate) fn read_back(variable: &str, path: &str) -> String {
    // The mark behind it keeps line ends that the shell would take off.
    format!(
        "{variable}=$(cat {}; printf .); {variable}=${{{variable}%.}}; ",
        shell_word(path)
    )
}

/// The text of a spilled value, as `step_started` names it.
pub(crate) fn spilled(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    file: &Value,
) -> Option<(String, String)> {
    use fermata_expr::archon::output::{FieldValue, field, whole};
    let path = file.get("path")?.as_str()?;
    let node = file.get("node")?.as_str()?;
    let outputs = if file.get("earlier") == Some(&Value::Bool(true)) {
        scope::inside(state, definition, &place.scope)?.previous
    } else {
        let named = [format!("${node}.output")];
        outputs::named(state, definition, &place.scope, [named[0].as_str()])
    };
    let text = match file.get("field").and_then(Value::as_str) {
        None => whole(&outputs, node).ok()?,
        Some(name) => match field(&outputs, node, name).ok()? {
            FieldValue::Value(value) => js::canonical(&value),
            FieldValue::Empty => String::new(),
        },
    };
    Some((path.to_owned(), text))
}
