//! Which way a workflow goes after a step (specs/conductor.md 4.3), and what it
//! yields at its end.

use fermata_workflow::model::END;
use fermata_workflow::{Step, StepKind, Text};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::definition::Source;
use crate::event::{EventBody, Failure, Payload};
use crate::ids::StepPath;
use crate::state::Frame;

use super::context::{Context, Reader, accumulated, seen_by};
use super::place::is_group;
use super::{Turn, eval, steps};

impl<'a> Turn<'a> {
    /// The route out of a completed step.
    pub(super) fn route(&mut self, frame_path: &StepPath, path: &StepPath) {
        let Some((name, kind)) = self
            .draft
            .state
            .steps
            .get(path)
            .map(|record| (record.step.clone(), record.kind.clone()))
        else {
            return;
        };
        let Some(source) = self.source(frame_path) else {
            return;
        };
        let named = |group: bool| {
            source
                .workflow
                .steps
                .iter()
                .find(|s| s.name.as_str() == name && is_group(s) == group)
        };
        if kind == "terminate" {
            steps::terminate::end(self, frame_path, path, &name);
            return;
        }
        let was_group = matches!(kind.as_str(), "parallel" | "for_each");
        if was_group && let Some(step) = named(false) {
            // The group's own route is thrown away: the step of the same name runs next (4.2).
            self.start_named(frame_path, &name, Some(step));
            return;
        }
        let Some(step) = named(was_group) else {
            return;
        };
        match self.choose(frame_path, source, step) {
            Ok((to, rule, when, output)) => self.draft.emit(
                path,
                EventBody::RouteTaken {
                    from: name,
                    to,
                    rule,
                    when,
                    output,
                },
            ),
            Err(error) => self.fail(frame_path, error, None),
        }
    }

    #[allow(clippy::type_complexity, reason = "the fields of route_taken")]
    fn choose(
        &self,
        frame_path: &StepPath,
        source: &Source,
        step: &Step,
    ) -> Result<(String, Option<u64>, Option<String>, Option<Value>), Failure> {
        let frame = self.frame_state(frame_path);
        let output = match frame.outputs.get(step.name.as_str()) {
            Some(Payload::Inline(value)) => value.clone(),
            Some(Payload::Blob { .. }) | None => Value::Null,
        };
        match &step.kind {
            StepKind::HumanGate(gate) => {
                let selected = output.get("selected").and_then(Value::as_str);
                let at = gate
                    .options
                    .iter()
                    .position(|option| Some(option.value.as_str()) == selected);
                let to = at.map_or(END, |at| gate.options[at].route.as_str());
                return Ok((to.to_owned(), at.map(|at| at as u64), None, None));
            }
            StepKind::Questions(questions)
                if output.get("outcome").and_then(Value::as_str) == Some("aborted") =>
            {
                let to = questions.abort_route.as_ref().map_or(END, |t| t.as_str());
                return Ok((to.to_owned(), None, None, None));
            }
            _ => {}
        }
        if step.routes.is_empty() {
            return Ok((END.to_owned(), None, None, None));
        }
        let texts = step
            .routes
            .iter()
            .flat_map(|route| route.when.iter().chain(route.output.values()));
        let context = seen_by(&Reader::of(texts.map(Text::as_str)), source, frame)
            .with([("output".to_owned(), output.clone())]);
        let at = eval::choose_route(&step.routes, &context)?;
        let route = &step.routes[at];
        let transform = if route.to.as_str() == END && !route.output.is_empty() {
            Some(Value::Object(templates(&route.output, &context)?))
        } else {
            None
        };
        Ok((
            route.to.value.clone(),
            Some(at as u64),
            route.when.as_ref().map(|when| when.value.clone()),
            transform,
        ))
    }
}

/// Rendered and coerced templates of an output map.
pub(super) fn templates(
    texts: &IndexMap<String, Text>,
    context: &Context,
) -> Result<Map<String, Value>, Failure> {
    let mut values = Map::new();
    for (name, text) in texts {
        let rendered = eval::render(text, context)?;
        values.insert(name.clone(), eval::maybe_json(rendered));
    }
    Ok(values)
}

/// The final output: the workflow's templates, with the last route's over them.
pub(super) fn final_output(source: &Source, frame: &Frame) -> Result<Value, Failure> {
    let context = accumulated(source, frame);
    let mut output = templates(&source.workflow.output, &context)?;
    if let Some(Value::Object(over)) = &frame.route_output {
        output.extend(over.clone());
    }
    Ok(Value::Object(output))
}
