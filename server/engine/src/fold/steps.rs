//! Events about steps, groups and sub-workflows.

use serde_json::Value;

use super::END;
use crate::event::{Event, EventBody, Payload};
use crate::gate::Verdict;
use crate::ids::{Seq, StepPath};
use crate::path::segment;
use crate::session::Session;
use crate::state::{Frame, Group, Phase, Result as Counted, RunState, Slot, SlotStatus};

impl RunState {
    /// Events about steps, groups and sub-workflows.
    pub(super) fn copy_step(&mut self, event: &Event) {
        let path = &event.path;
        match &event.body {
            EventBody::StepStarted { step, attempt, .. } => {
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Running;
                } else if let Some(frame) = self.frames.get_mut(&path.parent()) {
                    if *attempt == 1 {
                        *frame.visits.entry(step.clone()).or_default() += 1;
                    }
                    frame.phase = Phase::Running(path.clone());
                }
            }
            EventBody::StepCompleted {
                step,
                output,
                counted,
                detail,
                ..
            } => {
                if let Some(session) = Session::of(detail)
                    && let Some(key) = &session.key
                {
                    self.sessions.insert(key.clone(), session);
                }
                self.complete(event, step, output, *counted, detail.get("verdict"));
            }
            EventBody::StepFailed { error, .. } => {
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Failed;
                    slot.error = Some(error.clone());
                } else if let Some(frame) = self.frames.get_mut(&path.parent()) {
                    frame.phase = Phase::Failed(path.clone());
                }
            }
            EventBody::RouteTaken { to, output, .. } => {
                if let Some(frame) = self.frames.get_mut(&path.parent()) {
                    frame.next = Some(to.clone());
                    frame.route_output.clone_from(output);
                    frame.phase = if to == END {
                        Phase::Ended
                    } else {
                        Phase::Ready
                    };
                }
            }
            EventBody::StepsInvalidated { from, after } => {
                self.invalidate(path, *after);
                if let Some(frame) = self.frames.get_mut(path) {
                    frame.next = Some(from.clone());
                    frame.phase = Phase::Ready;
                }
            }
            EventBody::GroupStarted {
                group,
                kind,
                members,
                items,
            } => self.start_group(path, group, kind, members, items.as_ref()),
            EventBody::ItemStarted { .. } => {
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Running;
                }
            }
            EventBody::ItemCompleted { output, .. } => {
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Completed;
                    slot.output = Some(output.clone());
                }
            }
            EventBody::ItemFailed { error, .. } => {
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Failed;
                    slot.error = Some(error.clone());
                }
            }
            EventBody::SubworkflowStarted {
                workflow,
                file,
                inputs,
                deadline,
                ..
            } => {
                let mut inputs = inputs.clone();
                self.reveal(&mut inputs);
                let frame = self.frames.entry(path.clone()).or_default();
                frame.workflow.clone_from(workflow);
                frame.file.clone_from(file);
                frame.inputs = inputs;
                frame.deadline = None;
                if let Some(deadline) = deadline {
                    self.set_deadline(event, *deadline);
                }
            }
            EventBody::ContextTrimmed {
                dropped, replaced, ..
            } => {
                if let Some(frame) = self.frames.get_mut(path) {
                    for name in dropped {
                        frame.outputs.shift_remove(name);
                    }
                    for (name, value) in replaced {
                        frame
                            .outputs
                            .insert(name.clone(), Payload::Inline(value.clone()));
                    }
                }
            }
            EventBody::BudgetExceeded { spent_usd, .. } => {
                if let Some(frame) = self.frames.get_mut(path) {
                    frame.budget_told_usd = Some(*spent_usd);
                }
            }
            _ => {}
        }
    }

    fn complete(
        &mut self,
        event: &Event,
        step: &str,
        output: &Payload,
        counted: u64,
        verdict: Option<&Value>,
    ) {
        let path = &event.path;
        self.groups.shift_remove(path);
        if let Some(slot) = self.slot(path) {
            slot.status = SlotStatus::Completed;
            slot.output = Some(output.clone());
            return;
        }
        let Some(frame) = self.frames.get_mut(&path.parent()) else {
            return;
        };
        let replaced = frame.outputs.insert(step.to_owned(), output.clone());
        frame.journal.push(Counted {
            seq: event.seq,
            name: step.to_owned(),
            replaced,
            counted,
        });
        frame.history.push(step.to_owned());
        frame.iteration += counted;
        frame.phase = Phase::Finished(path.clone());
        if let Some(verdict) =
            verdict.and_then(|value| serde_json::from_value::<Verdict>(value.clone()).ok())
        {
            frame.verdicts.push(verdict);
            if frame.verdicts.len() > Frame::VERDICTS {
                frame.verdicts.remove(0);
            }
        }
    }

    fn start_group(
        &mut self,
        path: &StepPath,
        name: &str,
        kind: &str,
        members: &[String],
        items: Option<&Payload>,
    ) {
        let mut seen = indexmap::IndexMap::<&str, u64>::new();
        let mut slots = indexmap::IndexMap::with_capacity(members.len());
        for (index, key) in members.iter().enumerate() {
            let times = seen.entry(key).or_default();
            *times += 1;
            let at = if kind == "for_each" {
                path.item(key, *times)
            } else {
                path.child(&segment(key, *times))
            };
            slots.insert(
                at,
                Slot {
                    key: key.clone(),
                    index: index as u64,
                    status: SlotStatus::Pending,
                    output: None,
                    error: None,
                },
            );
        }
        self.groups.insert(
            path.clone(),
            Group {
                name: name.to_owned(),
                kind: kind.to_owned(),
                items: items.cloned(),
                slots,
            },
        );
    }

    /// The member or item at that path, if its parent is a group.
    pub(super) fn slot(&mut self, path: &StepPath) -> Option<&mut Slot> {
        self.groups.get_mut(&path.parent())?.slots.get_mut(path)
    }

    /// Takes back what the frame learned after `after`. Sub-workflows and groups of the steps
    /// that run again are forgotten; their records stay.
    fn invalidate(&mut self, frame_path: &StepPath, after: Seq) {
        let Some(frame) = self.frames.get_mut(frame_path) else {
            return;
        };
        while frame.journal.last().is_some_and(|r| r.seq > after) {
            let Some(result) = frame.journal.pop() else {
                break;
            };
            frame.history.pop();
            frame.iteration = frame.iteration.saturating_sub(result.counted);
            match result.replaced {
                Some(earlier) => {
                    frame.outputs.insert(result.name, earlier);
                }
                None => {
                    frame.outputs.shift_remove(&result.name);
                }
            }
        }
        frame.route_output = None;
        let within = |path: &StepPath| path != frame_path && path.is_within(frame_path);
        let kept: Vec<StepPath> = self
            .steps
            .values()
            .filter(|r| r.result_seq.is_some_and(|seq| seq <= after))
            .map(|r| r.path.clone())
            .collect();
        let forget = |path: &StepPath| within(path) && !kept.iter().any(|k| path.is_within(k));
        self.frames.retain(|path, _| !forget(path));
        self.groups.retain(|path, _| !forget(path));
        self.open.retain(|path, _| !forget(path));
    }
}
