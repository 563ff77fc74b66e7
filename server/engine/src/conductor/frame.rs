//! What a workflow does next: find the due step, ask at the limit, start it,
//! start it again after a failed life, or see how an open one goes on.

use fermata_workflow::{Step, StepKind};
use serde_json::Map;

use crate::definition::Source;
use crate::draft::failure;
use crate::event::{EventBody, Failure};
use crate::ids::StepPath;
use crate::path::segment;
use crate::state::Frame;

use super::place::{Place, is_group, source_of};
use super::{Turn, context, limit, steps};

impl<'a> Turn<'a> {
    /// The workflow of a frame.
    pub(crate) fn source(&self, frame: &StepPath) -> Option<&'a Source> {
        source_of(self.draft.state, self.definition, frame)
    }

    pub(crate) fn frame_state(&self, frame: &StepPath) -> &Frame {
        self.draft
            .state
            .frames
            .get(frame)
            .expect("a frame is asked for only while it exists")
    }

    /// The target of the last route, or the entry point.
    pub(super) fn next_step(&mut self, frame: &StepPath) {
        let Some(source) = self.source(frame) else {
            return;
        };
        let name = match &self.frame_state(frame).next {
            Some(name) => name.clone(),
            None => source
                .workflow
                .entry
                .as_ref()
                .map(|entry| entry.value.clone())
                .unwrap_or_default(),
        };
        let named = || {
            source
                .workflow
                .steps
                .iter()
                .filter(|s| s.name.as_str() == name)
        };
        // Of a group and a step with one name the group runs first, then the step.
        let step = named().find(|s| is_group(s)).or_else(|| named().next());
        self.start_named(frame, &name, step);
    }

    pub(super) fn start_named(&mut self, frame: &StepPath, name: &str, step: Option<&'a Step>) {
        let Some(step) = step else {
            let error = failure(
                "ValueError",
                format!("there is no step `{name}` to go to"),
                &[name],
            );
            self.fail(frame, error, None);
            return;
        };
        let visit = self
            .frame_state(frame)
            .visits
            .get(name)
            .copied()
            .unwrap_or(0)
            + 1;
        let path = frame.child(&segment(name, visit));
        let members = limit::cost(step);
        if self.at_limit(frame, step, &path, members) {
            return;
        }
        self.trim(frame);
        self.take_guidance(&path, name);
        let Some(source) = self.source(frame) else {
            return;
        };
        let place = Place {
            frame: frame.clone(),
            source,
            step,
            item: None,
        };
        self.start(&place, &path, 1);
    }

    /// Starts a step: intent with everything rendered, and for steps without an effect the result too.
    pub(super) fn start(&mut self, place: &Place<'a>, path: &StepPath, attempt: u32) {
        let context = match context::of_step(place, self.frame_state(&place.frame)) {
            Ok(context) => context,
            Err(error) => {
                self.fail_step(path, place.step, attempt, error);
                return;
            }
        };
        match &place.step.kind {
            StepKind::Agent(agent) => {
                steps::agent::start(self, place, path, attempt, agent, &context)
            }
            StepKind::Script(script) => {
                steps::script::start(self, place, path, attempt, script, &context);
            }
            StepKind::Set(set) => steps::set::run(self, place, path, attempt, set, &context),
            StepKind::Wait(wait) => steps::wait::start(self, place, path, attempt, wait, &context),
            StepKind::Terminate(terminate) => {
                steps::terminate::run(self, place, path, attempt, terminate, &context);
            }
            StepKind::HumanGate(gate) => {
                steps::human_gate::start(self, place, path, attempt, gate);
            }
            StepKind::Questions(questions) => {
                steps::questions::start(self, place, path, attempt, questions);
            }
            StepKind::SubWorkflow(sub) => {
                steps::sub_workflow::start(self, place, path, attempt, sub, &context);
            }
            StepKind::Parallel(group) => {
                steps::parallel::start(self, place, path, attempt, group);
            }
            StepKind::ForEach(group) => steps::for_each::start(self, place, path, attempt, group),
            StepKind::Archon(_) => {
                let error = failure(
                    "ExecutionError",
                    "a node of the Archon dialect cannot run in a Conductor workflow",
                    &[],
                );
                self.fail_step(path, place.step, attempt, error);
            }
        }
    }

    /// The intent of a step.
    pub(super) fn started(
        &mut self,
        place: &Place<'_>,
        path: &StepPath,
        attempt: u32,
        rendered: Map<String, serde_json::Value>,
    ) {
        let iteration = self.frame_state(&place.frame).iteration;
        if let Some(item) = &place.item
            && attempt == 1
        {
            self.draft.emit(
                path,
                EventBody::ItemStarted {
                    group: item.group.clone(),
                    key: item.key.clone(),
                    index: item.index,
                },
            );
        }
        self.draft.emit(
            path,
            EventBody::StepStarted {
                step: place.step.name.value.clone(),
                kind: place.step.kind.word().to_owned(),
                attempt,
                iteration,
                rendered,
            },
        );
    }

    /// A failure of a step that was perhaps not even started.
    pub(super) fn fail_step(&mut self, path: &StepPath, step: &Step, attempt: u32, error: Failure) {
        self.failed(path, step.name.as_str(), attempt, error, 0, Map::new());
    }

    /// The failed step of an earlier life of the run, once more.
    pub(super) fn retry(&mut self, frame: &StepPath, path: &StepPath) {
        let Some((name, attempt)) = self
            .draft
            .state
            .steps
            .get(path)
            .map(|record| (record.step.clone(), record.attempt))
        else {
            self.next_step(frame);
            return;
        };
        match self.place(path, &name) {
            Some(place) => self.start(&place, path, attempt + 1),
            None => self.start_named(frame, &name, None),
        }
    }

    /// How an open attempt goes on.
    pub(super) fn running(&mut self, path: &StepPath) {
        let Some(open) = self.draft.state.open.get(path) else {
            return;
        };
        let stale = open.fence < self.draft.state.fence;
        let (name, attempt) = (open.step.clone(), open.attempt);
        if self.place(path, &name).is_none() {
            let error = failure(
                "ExecutionError",
                format!(
                    "`{name}` was being carried out, but the definition has no such step any more; resume from an earlier step"
                ),
                &[&name],
            );
            self.failed(path, &name, attempt, error, 0, Map::new());
            return;
        }
        let Some(open) = self.draft.state.open.get(path) else {
            return;
        };
        match open.kind.as_str() {
            "agent" | "script" if stale => {
                self.withdraw_gates(path, "its attempt was interrupted and starts again");
                if let Some(place) = self.place(path, &name) {
                    self.start(&place, path, attempt + 1);
                }
            }
            "wait" => steps::wait::look(self, path),
            "human_gate" | "questions" => self.look_at_gate(path),
            "workflow" => self.frame(path),
            "parallel" | "for_each" => self.group(path),
            _ => {}
        }
    }
}
