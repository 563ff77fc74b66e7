//! Answer: a gate is closed exactly once. A run that nobody works on goes back
//! into the queue in the same transaction, and gets a worker.

use fermata_engine::gate::Refusal;
use fermata_engine::{Answer, EventBody, Gate, GateId, GateKind, RunId, RunState, Status, answer};
use fermata_store::{Miss, NewEvent, StoreError};

use crate::control::Control;
use crate::definition::env_drift;
use crate::error::ControlError;
use crate::outcome::AnswerOutcome;
use crate::request::{AnswerInput, ResumeOptions};
use crate::resume::gone;

impl Control {
    /// Answers a gate; without an id, the only one that is open.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] for an unknown run, [`ControlError::Store`].
    pub fn answer(
        &self,
        run: &RunId,
        gate: Option<&GateId>,
        input: AnswerInput,
    ) -> Result<AnswerOutcome, ControlError> {
        loop {
            self.settle(&self.store().run(run)?)?;
            let state = self.state(run)?;
            let (gate, answer) = match read(&state, gate, &input) {
                Ok(read) => read,
                Err(refusal) => return Ok(AnswerOutcome::Refused(refusal)),
            };
            if let Some((child, own)) = gate.stands_for() {
                return self.answer_child(run, &state, gate.gate, (&child, &own), answer);
            }
            let (mut events, opened) = closing(&state, &gate, &answer, self);
            let requeue =
                state.status == Status::Failed || (state.status == Status::Waiting && state.parked);
            if requeue {
                if let Some(reason) = self.cannot_go_on(run, &state)? {
                    return Ok(AnswerOutcome::Refused(refuse(reason)));
                }
                events.push(NewEvent::root(
                    self.now(),
                    EventBody::RunResumed {
                        status: Status::Queued,
                        actor: self.actor(),
                        definition: None,
                        from: None,
                        agent: None,
                    },
                ));
            }
            match self.store().append(run, state.last_seq, None, &events) {
                Ok(_) => {
                    let worker = requeue.then(|| self.launch(run));
                    self.tell_above(run);
                    return Ok(AnswerOutcome::Accepted {
                        run: run.clone(),
                        gate: opened,
                        worker,
                    });
                }
                // Somebody wrote in between: fold it, and decide again. If it was an answer, the next round says whose.
                Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => {}
                Err(StoreError::Miss(miss @ Miss::CheckoutBusy { .. })) => {
                    return Ok(AnswerOutcome::Refused(refuse(miss.to_string())));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Answers the gate of a child at the gate of its parent that stands for it.
    fn answer_child(
        &self,
        run: &RunId,
        state: &RunState,
        gate: GateId,
        (child, own): (&RunId, &GateId),
        answer: Answer,
    ) -> Result<AnswerOutcome, ControlError> {
        let failed = state.status == Status::Failed;
        if failed && let Some(reason) = self.cannot_go_on(run, state)? {
            return Ok(AnswerOutcome::Refused(refuse(reason)));
        }
        match self.answer(child, Some(own), AnswerInput::Typed(answer)) {
            Ok(AnswerOutcome::Accepted { worker, .. }) => {
                if failed {
                    // Whoever answers for it wants it to go on. Refused, it still can be resumed.
                    self.resume(run, ResumeOptions::default())?;
                }
                Ok(AnswerOutcome::Accepted {
                    run: run.clone(),
                    gate,
                    worker,
                })
            }
            Err(ControlError::NotFound(_)) => Ok(AnswerOutcome::Refused(refuse(format!(
                "gate {gate} stands for gate {own} of run {}, and there is no such run: stop this run or abandon it",
                child.short()
            )))),
            other => other,
        }
    }

    /// Why a run without a worker could not go on after an answer.
    fn cannot_go_on(&self, run: &RunId, state: &RunState) -> Result<Option<String>, ControlError> {
        let row = self.store().run(run)?;
        if row.damaged {
            return Ok(Some(format!(
                "the log of run {} was found damaged: abandon it",
                run.short()
            )));
        }
        if let Some(reason) = gone(&row, state) {
            return Ok(Some(reason));
        }
        let env = env_drift(self.store().as_ref(), &self.machine(&row.scope), &row.env)?;
        Ok((!env.missing.is_empty()).then(|| {
            format!(
                "the run needs {} in the environment, which is not set here: answer from where it is, the gate stays open",
                env.missing.join(", ")
            )
        }))
    }
}

/// The gate that is meant and the answer to it, both valid.
fn read(
    state: &RunState,
    gate: Option<&GateId>,
    input: &AnswerInput,
) -> Result<(Gate, Answer), Refusal> {
    let open = match gate {
        Some(id) => match state.open_gates.iter().find(|open| &open.gate.gate == id) {
            Some(open) => open.gate.clone(),
            None => {
                // Whatever the answer is, it comes late or to nothing; the engine knows which and says by whom.
                let any = Answer::Permission {
                    option: String::new(),
                };
                state.check_answer(id, &any)?;
                return Err(refuse(format!("gate {id} is not open")));
            }
        },
        None => state
            .only_gate()
            .map_err(|refusal| late(state, refusal))?
            .clone(),
    };
    let answer = match input {
        AnswerInput::Typed(answer) => answer.clone(),
        AnswerInput::Json(value) => answer::parse(&open, value)?,
        AnswerInput::Words(words) => answer::parse_words(&open, words)?,
    };
    state.check_answer(&open.gate, &answer)?;
    Ok((open, answer))
}

/// Without a gate id and with none open: whoever answered the last one is worth naming.
fn late(state: &RunState, refusal: Refusal) -> Refusal {
    if !state.open_gates.is_empty() {
        return refusal;
    }
    let Some((id, _)) = state.closed_gates.last() else {
        return refusal;
    };
    let any = Answer::Permission {
        option: String::new(),
    };
    state.check_answer(id, &any).err().unwrap_or(refusal)
}

/// The event that closes a gate, by its kind.
fn closing(
    state: &RunState,
    gate: &Gate,
    answer: &Answer,
    control: &Control,
) -> (Vec<NewEvent>, GateId) {
    let at = control.now();
    let opened = state
        .open_gates
        .iter()
        .find(|open| open.gate.gate == gate.gate)
        .map_or(at, |open| open.opened);
    let (id, actor, waited) = (
        gate.gate.clone(),
        control.actor(),
        at.saturating_sub(opened),
    );
    let body = match gate.kind {
        GateKind::IterationLimit => EventBody::IterationLimitResolved {
            gate: id.clone(),
            answer: answer.clone(),
            max_iterations: fermata_engine::schedule::maximum_after(gate, answer),
            actor,
            waited,
        },
        GateKind::Human | GateKind::Questions | GateKind::Approval | GateKind::Permission => {
            EventBody::GateAnswered {
                gate: id.clone(),
                answer: answer.clone(),
                actor,
                waited,
            }
        }
    };
    let event = NewEvent {
        at,
        path: gate.path.clone(),
        body,
    };
    (vec![event], id)
}

fn refuse(reason: String) -> Refusal {
    Refusal {
        reason,
        answered: None,
        needed: None,
    }
}
