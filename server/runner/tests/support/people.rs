//! Somebody who answers gates as a surface does: appends a request, guarded by
//! the last event folded, and puts a parked run back into the queue.

use fermata_engine::conductor::maximum_after;
use fermata_engine::gate::GateKind;
use fermata_engine::{Answer, EventBody, GateId, Refusal, RunId, Status};
use fermata_store::{MemStore, Miss, NewEvent, Store, StoreError, load_state};

use super::actor;

/// Answers, or says why not.
pub fn answer(
    store: &MemStore,
    run: &RunId,
    gate: &GateId,
    answer: &Answer,
) -> Result<(), Refusal> {
    loop {
        let state = load_state(store, run).unwrap();
        state.check_answer(gate, answer)?;
        let open = state
            .open_gates
            .iter()
            .find(|o| o.gate.gate == *gate)
            .unwrap();
        let body = if open.gate.kind == GateKind::IterationLimit {
            EventBody::IterationLimitResolved {
                gate: gate.clone(),
                answer: answer.clone(),
                max_iterations: maximum_after(&open.gate, answer),
                actor: actor(),
                waited: 0,
            }
        } else {
            EventBody::GateAnswered {
                gate: gate.clone(),
                answer: answer.clone(),
                actor: actor(),
                waited: 0,
            }
        };
        let at = 1;
        let mut events = vec![NewEvent {
            at,
            path: open.gate.path.clone(),
            body,
        }];
        if state.parked {
            events.push(NewEvent::root(at, requeue()));
        }
        match store.append(run, state.last_seq, None, &events) {
            Ok(_) => return Ok(()),
            Err(StoreError::Miss(Miss::Stale { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Puts a failed run back into the queue.
pub fn resume(store: &MemStore, run: &RunId) {
    resume_in(store, run);
}

/// The same in any store.
pub fn resume_in(store: &dyn Store, run: &RunId) {
    let last = store.run(run).unwrap().last_seq;
    let again = NewEvent::root(1, requeue());
    store.append(run, last, None, &[again]).unwrap();
}

/// Back into the queue.
pub fn requeue() -> EventBody {
    EventBody::RunResumed {
        status: Status::Queued,
        actor: actor(),
        definition: None,
        from: None,
        agent: None,
    }
}
