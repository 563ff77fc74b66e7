//! How events change the state. `fold` copies: rendered text, chosen route,
//! coerced output and deadlines are in the events. It never evaluates, never
//! looks at the definition and never fails on an event that a worker of this
//! schema version wrote.

use serde_json::Value;

use crate::event::{Event, EventBody, Failure, Payload, Status};
use crate::gate::{Answer, Answered, Gate, GateKind, LimitDecision, Verdict};
use crate::ids::{GateId, Seq, StepPath};
use crate::path::segment;
use crate::state::{
    ClosedGate, FoldError, Frame, Group, OpenAttempt, OpenGate, Phase, Request, Result as Counted,
    RunState, Slot, SlotStatus, StepRecord, StepStatus, Timer,
};

impl RunState {
    /// Copies one event into the state.
    ///
    /// # Errors
    /// [`FoldError`] when the log has a hole or goes on after its end.
    pub fn fold(&mut self, event: &Event) -> Result<(), FoldError> {
        if event.seq != self.last_seq + 1 {
            return Err(FoldError::Hole {
                last: self.last_seq,
                found: event.seq,
            });
        }
        if self.status.is_final() {
            return Err(FoldError::AfterEnd(event.seq));
        }
        self.last_seq = event.seq;
        self.last_check.clone_from(&event.check);
        if self.run.is_none() {
            self.run = Some(event.run.clone());
        }
        self.copy_run(event);
        self.copy_step(event);
        self.copy_gate(event);
        Ok(())
    }

    /// Folds a whole log.
    ///
    /// # Errors
    /// [`FoldError`] when the log has a hole or goes on after its end.
    pub fn fold_all<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut state = Self::default();
        for event in events {
            state.fold(event)?;
        }
        Ok(state)
    }

    /// Events about the run as a whole.
    fn copy_run(&mut self, event: &Event) {
        match &event.body {
            EventBody::RunQueued {
                workflow,
                file,
                dialect,
                scope,
                message,
                inputs,
                parent,
                gates,
                agent,
                cwd,
                dry_run,
                ..
            } => {
                self.status = Status::Queued;
                self.queued_at = event.at;
                self.request = Request {
                    workflow: workflow.clone(),
                    file: file.clone(),
                    dialect: dialect.clone(),
                    scope: scope.clone(),
                    message: message.clone(),
                    inputs: inputs.clone(),
                    gates: gates.clone(),
                    agent: agent.clone(),
                    cwd: cwd.clone(),
                    parent: parent.clone(),
                    dry_run: *dry_run,
                };
                self.frames.insert(
                    StepPath::root(),
                    Frame {
                        inputs: inputs.clone(),
                        workflow: workflow.clone(),
                        file: file.clone(),
                        ..Frame::default()
                    },
                );
            }
            EventBody::DefinitionPinned { steps, .. } => self.step_count = *steps,
            EventBody::InputsResolved { inputs } => {
                let frame = self.frames.entry(StepPath::root()).or_default();
                frame.inputs.clone_from(inputs);
                self.inputs_resolved = true;
            }
            EventBody::RunStarted {
                fence,
                worker,
                seed,
                deadline,
                ..
            } => {
                self.status = Status::Running;
                self.parked = false;
                self.fence = *fence;
                self.worker = Some(worker.clone());
                self.seed = *seed;
                self.deadline = *deadline;
                self.stop_waiting(event.at);
                self.deadline_waited = self.waited;
                self.started_at.get_or_insert(event.at);
            }
            EventBody::RunWaiting { .. } => {
                self.status = Status::Waiting;
                self.waiting_since = Some(event.at);
            }
            EventBody::RunParked {} => self.parked = true,
            EventBody::RunResumed { status, agent, .. } => {
                let failed = self.status == Status::Failed;
                self.status = *status;
                self.parked = false;
                if *status == Status::Running {
                    self.stop_waiting(event.at);
                }
                if agent.is_some() {
                    self.request.agent.clone_from(agent);
                }
                if failed {
                    self.reopen();
                }
            }
            EventBody::RunCompleted {
                output, outcome, ..
            } => {
                self.end(Status::Completed, event.at);
                self.output = Some(output.clone());
                self.outcome.clone_from(outcome);
            }
            EventBody::RunFailed {
                cause,
                error,
                output,
                ..
            } => {
                self.end(Status::Failed, event.at);
                self.cause = Some(*cause);
                self.error = Some(error.clone());
                self.output.clone_from(output);
            }
            EventBody::RunCancelled { reason, .. } => {
                self.end(Status::Cancelled, event.at);
                self.error = Some(Failure {
                    kind: "Cancelled".to_owned(),
                    message: reason.clone(),
                    names: Vec::new(),
                });
            }
            EventBody::StopRequested { actor } => self.stop_requested = Some(actor.clone()),
            EventBody::AbortRequested { actor, reason } => {
                self.abort_requested = Some((actor.clone(), reason.clone()));
            }
            EventBody::GuidanceGiven { text, .. } => self.guidance.push(text.clone()),
            EventBody::GuidanceApplied { texts, .. } => {
                let taken = usize::try_from(*texts).unwrap_or(usize::MAX);
                let taken: Vec<String> = self
                    .guidance
                    .drain(..taken.min(self.guidance.len()))
                    .collect();
                let frame = self.frame_of(&event.path);
                if let Some(frame) = self.frames.get_mut(&frame) {
                    frame.guidance.extend(taken);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, status: Status, at: u64) {
        self.status = status;
        self.parked = false;
        self.ended_at = Some(at);
        self.stop_requested = None;
        self.abort_requested = None;
        self.stop_waiting(at);
    }

    fn stop_waiting(&mut self, at: u64) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += at.saturating_sub(since);
        }
    }

    /// A failed run goes on: what failed is due again, what has a result keeps it.
    fn reopen(&mut self) {
        self.cause = None;
        self.error = None;
        self.output = None;
        self.ended_at = None;
        for frame in self.frames.values_mut() {
            frame.spent_usd = 0.0;
            frame.budget_told_usd = None;
            frame.phase = match std::mem::take(&mut frame.phase) {
                Phase::Failed(path) => Phase::Retry(path),
                Phase::LimitStopped { then } => *then,
                phase => phase,
            };
        }
        for (path, group) in &mut self.groups {
            let group_failed = self
                .steps
                .iter()
                .rev()
                .find(|record| record.path == *path)
                .is_some_and(|record| record.status == StepStatus::Failed);
            for slot in group.slots.values_mut() {
                let cut_off = slot.error.as_ref().is_some_and(|e| e.kind == CUT_OFF);
                if slot.status == SlotStatus::Failed && (group_failed || cut_off) {
                    slot.status = SlotStatus::Pending;
                    slot.error = None;
                }
            }
        }
    }

    /// Events about steps, groups and sub-workflows.
    fn copy_step(&mut self, event: &Event) {
        let path = &event.path;
        match &event.body {
            EventBody::StepStarted {
                step,
                kind,
                attempt,
                rendered,
                ..
            } => {
                self.record_start(event, step, kind, *attempt);
                self.open.insert(
                    path.clone(),
                    OpenAttempt {
                        step: step.clone(),
                        kind: kind.clone(),
                        attempt: *attempt,
                        fence: self.fence,
                        started: event.at,
                        rendered: rendered.clone(),
                        gate: None,
                        timer: None,
                        process: None,
                    },
                );
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Running;
                } else if let Some(frame) = self.frames.get_mut(&path.parent()) {
                    if *attempt == 1 {
                        *frame.visits.entry(step.clone()).or_default() += 1;
                    }
                    frame.phase = Phase::Running(path.clone());
                }
            }
            EventBody::ProcessStarted {
                attempt, process, ..
            } => {
                if let Some(open) = self.open.get_mut(path)
                    && open.attempt == *attempt
                {
                    open.process = Some(process.clone());
                }
                if let Some(record) = self.record(path) {
                    record.process = Some(process.clone());
                }
            }
            EventBody::StepCompleted {
                step,
                output,
                counted,
                detail,
                ..
            } => self.complete(
                event,
                step,
                output,
                *counted,
                detail.get("verdict"),
                detail.get("cost_usd"),
            ),
            EventBody::StepFailed {
                step,
                error,
                detail,
                ..
            } => {
                self.spend(path, detail.get("cost_usd"));
                if self.record(path).is_none() {
                    // It failed before it could start: its first attempt is still to come.
                    self.record_start(event, step, "", 0);
                }
                self.close(path, event.at, StepStatus::Failed, None, Some(error));
                if let Some(slot) = self.slot(path) {
                    slot.status = SlotStatus::Failed;
                    slot.error = Some(error.clone());
                } else if let Some(frame) = self.frames.get_mut(&path.parent()) {
                    frame.phase = Phase::Failed(path.clone());
                }
            }
            EventBody::StepSkipped { step, .. } => {
                self.record_start(event, step, "", 1);
                self.close(path, event.at, StepStatus::Skipped, Some(event.seq), None);
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
                let waited = self.waited;
                let frame = self.frames.entry(path.clone()).or_default();
                frame.workflow.clone_from(workflow);
                frame.file.clone_from(file);
                frame.inputs.clone_from(inputs);
                frame.deadline = *deadline;
                frame.waited_before = waited;
            }
            EventBody::TimerStarted {
                deadline, seconds, ..
            } => {
                if let Some(open) = self.open.get_mut(path) {
                    open.timer = Some(Timer {
                        deadline: *deadline,
                        seconds: *seconds,
                        fired: false,
                    });
                }
            }
            EventBody::TimerFired { .. } => {
                if let Some(timer) = self.open.get_mut(path).and_then(|o| o.timer.as_mut()) {
                    timer.fired = true;
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
        cost: Option<&Value>,
    ) {
        let path = &event.path;
        self.spend(path, cost);
        self.close(path, event.at, StepStatus::Completed, Some(event.seq), None);
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

    /// Cost goes to the workflow of the step and to all around it.
    fn spend(&mut self, path: &StepPath, cost: Option<&Value>) {
        let Some(cost) = cost.and_then(Value::as_f64) else {
            return;
        };
        let mut at = path.clone();
        while !at.is_root() {
            at = at.parent();
            if let Some(frame) = self.frames.get_mut(&at) {
                frame.spent_usd += cost;
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

    fn record_start(&mut self, event: &Event, step: &str, kind: &str, attempt: u32) {
        let record = StepRecord {
            path: event.path.clone(),
            step: step.to_owned(),
            kind: kind.to_owned(),
            attempt,
            status: StepStatus::Running,
            started: event.at,
            ended: None,
            result_seq: None,
            error: None,
            process: None,
        };
        match self.record(&event.path) {
            Some(earlier) => *earlier = record,
            None => self.steps.push(record),
        }
    }

    fn record(&mut self, path: &StepPath) -> Option<&mut StepRecord> {
        self.steps.iter_mut().rev().find(|r| r.path == *path)
    }

    fn close(
        &mut self,
        path: &StepPath,
        at: u64,
        status: StepStatus,
        result: Option<Seq>,
        error: Option<&Failure>,
    ) {
        if let Some(open) = self.open.shift_remove(path)
            && let Some(gate) = open.gate
        {
            self.answers.shift_remove(&gate);
        }
        if let Some(record) = self.record(path) {
            record.status = status;
            record.ended = Some(at);
            record.result_seq = result;
            record.error = error.cloned();
        }
    }

    /// The member or item at that path, if its parent is a group.
    fn slot(&mut self, path: &StepPath) -> Option<&mut Slot> {
        self.groups.get_mut(&path.parent())?.slots.get_mut(path)
    }

    /// The innermost workflow that the path lies in.
    #[must_use]
    pub fn frame_of(&self, path: &StepPath) -> StepPath {
        let mut at = path.clone();
        while !at.is_root() {
            at = at.parent();
            if self.frames.contains_key(&at) {
                break;
            }
        }
        at
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
            .iter()
            .filter(|r| r.result_seq.is_some_and(|seq| seq <= after))
            .map(|r| r.path.clone())
            .collect();
        let forget = |path: &StepPath| within(path) && !kept.iter().any(|k| path.is_within(k));
        self.frames.retain(|path, _| !forget(path));
        self.groups.retain(|path, _| !forget(path));
        self.open.retain(|path, _| !forget(path));
    }

    /// Events about gates.
    fn copy_gate(&mut self, event: &Event) {
        match &event.body {
            EventBody::IterationLimitReached { gate } => {
                self.open_gate(event, gate);
                if let Some(frame) = self.frames.get_mut(&gate.path.parent()) {
                    let then = Box::new(std::mem::take(&mut frame.phase));
                    frame.phase = Phase::AtLimit {
                        gate: gate.gate.clone(),
                        then,
                    };
                }
            }
            EventBody::IterationLimitResolved {
                gate,
                answer,
                max_iterations,
                actor,
                ..
            } => {
                let Some(open) = self.take_gate(gate) else {
                    return;
                };
                self.answered(event, gate, answer, &actor.by, actor.surface);
                let Answer::IterationLimit { decision, .. } = answer else {
                    return;
                };
                if *decision == LimitDecision::Abort {
                    self.abort_requested = Some((
                        actor.clone(),
                        format!("aborted at the iteration limit of `{}`", open.gate.workflow),
                    ));
                    return;
                }
                if let Some(frame) = self.frames.get_mut(&open.gate.path.parent())
                    && let Phase::AtLimit { then, .. } = std::mem::take(&mut frame.phase)
                {
                    if *decision == LimitDecision::Continue {
                        frame.max_iterations = Some(*max_iterations);
                        frame.phase = *then;
                    } else {
                        frame.phase = Phase::LimitStopped { then };
                    }
                }
            }
            EventBody::GateOpened { gate } => {
                self.open_gate(event, gate);
                if gate.kind != GateKind::Permission
                    && let Some(open) = self.open.get_mut(&gate.path)
                {
                    open.gate = Some(gate.gate.clone());
                }
                if let Some(record) = self.record(&gate.path) {
                    record.status = StepStatus::Waiting;
                }
            }
            EventBody::GateAnswered {
                gate,
                answer,
                actor,
                ..
            } => {
                let Some(open) = self.take_gate(gate) else {
                    return;
                };
                self.answered(event, gate, answer, &actor.by, actor.surface);
                self.answers.insert(gate.clone(), as_value(answer));
                self.back_to_work(&open.gate.path);
            }
            EventBody::GateWithdrawn { gate, reason } => {
                if let Some(open) = self.take_gate(gate) {
                    self.back_to_work(&open.gate.path);
                    if let Some(frame) = self.frames.get_mut(&open.gate.path.parent())
                        && matches!(&frame.phase, Phase::AtLimit { gate: held, .. } if held == gate)
                        && let Phase::AtLimit { then, .. } = std::mem::take(&mut frame.phase)
                    {
                        frame.phase = *then;
                    }
                    if let Some(attempt) = self.open.get_mut(&open.gate.path)
                        && attempt.gate.as_ref() == Some(gate)
                    {
                        attempt.gate = None;
                    }
                }
                self.closed_gates
                    .entry(gate.clone())
                    .or_insert_with(|| ClosedGate::Withdrawn(reason.clone()));
            }
            _ => {}
        }
    }

    fn open_gate(&mut self, event: &Event, gate: &Gate) {
        self.gates_opened += 1;
        self.open_gates.push(OpenGate {
            gate: gate.clone(),
            opened: event.at,
            seq: event.seq,
        });
    }

    fn take_gate(&mut self, gate: &GateId) -> Option<OpenGate> {
        let at = self.open_gates.iter().position(|o| o.gate.gate == *gate)?;
        Some(self.open_gates.remove(at))
    }

    fn answered(
        &mut self,
        event: &Event,
        gate: &GateId,
        answer: &Answer,
        by: &str,
        surface: crate::event::Surface,
    ) {
        let surface = as_value(&surface);
        self.closed_gates.insert(
            gate.clone(),
            ClosedGate::Answered(Answered {
                by: by.to_owned(),
                surface: surface.as_str().unwrap_or_default().to_owned(),
                at: event.at,
                answer: as_value(answer),
            }),
        );
    }

    fn back_to_work(&mut self, path: &StepPath) {
        let other_gate = self.open_gates.iter().any(|o| o.gate.path == *path);
        if !other_gate
            && let Some(record) = self.record(path)
            && record.status == StepStatus::Waiting
        {
            record.status = StepStatus::Running;
        }
    }
}

/// The target that ends a workflow.
pub(crate) const END: &str = "$end";

/// Error class of an attempt that was ended because its surroundings were.
pub const CUT_OFF: &str = "Cancelled";

fn as_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
