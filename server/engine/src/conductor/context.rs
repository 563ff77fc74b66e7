//! The variables that templates and conditions see (specs/conductor.md 4.4).
//! Built from a frame's results; nothing is evaluated here.

use fermata_workflow::model::ContextMode;
use fermata_workflow::{StepKind, texts};
use serde_json::{Map, Value, json};

use crate::definition::Source;
use crate::event::{Failure, Payload};
use crate::state::Frame;

use super::explicit;
use super::place::Place;

/// The variables by name.
#[derive(Debug, Clone)]
pub(crate) struct Context(Value);

impl Context {
    fn new(variables: Map<String, Value>) -> Self {
        Self(Value::Object(variables))
    }

    /// As the evaluators take it.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// Adds variables, over those of the same name.
    pub(crate) fn with(mut self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
        if let Value::Object(variables) = &mut self.0 {
            variables.extend(more);
        }
        self
    }
}

/// Everything that came before, whatever the mode: for routes, gates, terminate and final output.
pub(crate) fn accumulated(source: &Source, frame: &Frame) -> Context {
    seen_by(&Reader::default(), source, frame)
}

/// Of everything that came before, what these texts can see. In a long run that is a small part, and a step must not
/// cost more the later it comes.
pub(crate) fn seen_by(reader: &Reader<'_>, source: &Source, frame: &Frame) -> Context {
    let mut context = always(reader, source, frame, Value::Object(frame.inputs.clone()));
    for (name, output) in &frame.outputs {
        if reader.mentions(name) {
            insert(&mut context, name, output);
        }
    }
    Context::new(context)
}

/// The texts that a context is built for. A name that stands in none of them, not even as a part of another word, is
/// not needed; without texts everything is.
#[derive(Debug, Default)]
pub(crate) struct Reader<'a> {
    texts: Option<Vec<&'a str>>,
}

impl<'a> Reader<'a> {
    /// Of these texts. One that takes in another file can see anything.
    pub(crate) fn of(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let takes_in = ["include", "import", "extends"];
        let open = texts
            .iter()
            .any(|text| takes_in.iter().any(|word| text.contains(word)));
        Self {
            texts: (!open).then_some(texts),
        }
    }

    fn of_step(place: &Place<'a>) -> Self {
        match &place.step.kind {
            StepKind::Agent(_) | StepKind::Script(_) | StepKind::Set(_) | StepKind::Wait(_) => {
                let own = texts::of_step(place.step).into_iter().map(|(_, text)| text);
                let folder = place.source.workflow.runtime.working_dir.as_ref();
                Self::of(own.chain(folder).map(|text| text.as_str()))
            }
            _ => Self::default(),
        }
    }

    fn mentions(&self, name: &str) -> bool {
        match &self.texts {
            Some(texts) => texts.iter().any(|text| text.contains(name)),
            None => true,
        }
    }
}

/// What a step's own templates see, in the workflow's mode.
pub(crate) fn of_step(place: &Place<'_>, frame: &Frame) -> Result<Context, Failure> {
    let source = place.source;
    let reader = Reader::of_step(place);
    let context = match source.workflow.context.mode {
        ContextMode::Accumulate => seen_by(&reader, source, frame),
        ContextMode::LastOnly => {
            let mut context = always(&reader, source, frame, Value::Object(frame.inputs.clone()));
            if let Some((name, output)) = frame
                .history
                .last()
                .and_then(|name| frame.outputs.get_key_value(name))
            {
                insert(&mut context, name, output);
            }
            Context::new(context)
        }
        ContextMode::Explicit => {
            let full = matches!(
                place.step.kind,
                StepKind::Script(_)
                    | StepKind::Set(_)
                    | StepKind::Wait(_)
                    | StepKind::SubWorkflow(_)
            );
            let inputs = if full {
                frame.inputs.clone()
            } else {
                Map::new()
            };
            let mut context = always(&reader, source, frame, Value::Object(inputs));
            explicit::add(&mut context, &place.step.input, frame)?;
            Context::new(context)
        }
    };
    Ok(match &place.item {
        Some(item) => context.with(item.locals.clone()),
        None => context,
    })
}

fn always(
    reader: &Reader<'_>,
    source: &Source,
    frame: &Frame,
    inputs: Value,
) -> Map<String, Value> {
    let mut workflow = Map::new();
    workflow.insert("input".to_owned(), inputs);
    workflow.insert(
        "dir".to_owned(),
        Value::from(source.dir().to_string_lossy().into_owned()),
    );
    workflow.insert(
        "file".to_owned(),
        Value::from(source.file.to_string_lossy().into_owned()),
    );
    workflow.insert(
        "name".to_owned(),
        Value::from(source.workflow.name.value.as_str()),
    );
    let mut context = Map::new();
    context.insert("workflow".to_owned(), Value::Object(workflow));
    if reader.mentions("context") {
        context.insert(
            "context".to_owned(),
            json!({"iteration": frame.history.len(), "history": frame.history}),
        );
    }
    context
}

fn insert(context: &mut Map<String, Value>, name: &str, output: &Payload) {
    let Payload::Inline(value) = output else {
        return;
    };
    let entry = if looks_like_group(value) {
        value.clone()
    } else {
        json!({"output": value})
    };
    context.insert(name.to_owned(), entry);
}

/// Groups are told by their shape, so a step's output with both keys passes for one (4.4).
pub(crate) fn looks_like_group(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|o| o.contains_key("outputs") && o.contains_key("errors"))
}
