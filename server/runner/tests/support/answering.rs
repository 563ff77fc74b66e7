//! A whole run with people who answer its gates from lists.

use std::path::Path;
use std::sync::Arc;

use fermata_engine::Answer;
use fermata_engine::gate::{GateKind, LimitDecision};
use fermata_runner::Ended;
use fermata_store::{MemStore, load_state};
use serde_json::{Map, Value, json};

use super::scripted::Scripted;
use super::world::Disk;
use super::{Case, Finished, people, queue, read, surroundings, work};

/// Runs to the end, answering limit gates from a list; a refused answer leaves the gate open for the next.
pub fn run_answering(
    runtime: &tokio::runtime::Runtime,
    file: &Path,
    args: (&Map<String, Value>, &str, Vec<String>),
    script: &Value,
    world: &Arc<Disk>,
    people: (&[Value], bool, &[Value]),
) -> (Finished, Arc<Scripted>) {
    let (answers, newest, human) = people;
    let store = Arc::new(MemStore::new());
    let agents = Scripted::new(script);
    let run = queue(
        store.as_ref(),
        &Case {
            file,
            inputs: args.0.clone(),
            gates: args.1,
            guidance: args.2,
        },
    );
    let (mut answers, mut human) = (answers.iter(), human.iter());
    loop {
        let around = surroundings(store.clone(), agents.clone(), world.clone());
        let ended = runtime.block_on(work(&store, &run, around));
        if ended != Ended::Parked {
            return (read(&store, &run, ended), agents);
        }
        let mut asked = false;
        loop {
            let state = load_state(store.as_ref(), &run).unwrap();
            let mut open: Vec<_> = state.open_gates.iter().map(|o| o.gate.clone()).collect();
            if newest {
                open.reverse();
            }
            let Some(gate) = open.first() else {
                break;
            };
            let answer = match gate.kind {
                GateKind::IterationLimit => answers
                    .next()
                    .map(|n| match n.get("raw") {
                        Some(raw) => fermata_engine::answer::parse(gate, raw),
                        None => Ok(limit_answer(n)),
                    })
                    .and_then(Result::ok),
                _ => human.next().map(|answer| {
                    let answer = json!({"kind": "human", "value": answer["select"], "input": answer.get("input").cloned().unwrap_or(json!({}))});
                    serde_json::from_value(answer).unwrap()
                }),
            };
            let Some(answer) = answer else {
                break;
            };
            if people::answer(&store, &run, &gate.gate, &answer).is_ok() {
                asked = true;
            }
            let parked_again = load_state(store.as_ref(), &run).unwrap().parked;
            if asked && !parked_again && !newest {
                // With several gates open, all are answered before the run goes on.
                if load_state(store.as_ref(), &run)
                    .unwrap()
                    .open_gates
                    .is_empty()
                {
                    break;
                }
            }
        }
        if !asked {
            return (read(&store, &run, ended), agents);
        }
    }
}

pub fn limit_answer(n: &Value) -> Answer {
    match n.as_i64() {
        Some(n) if n > 0 => Answer::IterationLimit {
            decision: LimitDecision::Continue,
            n: Some(n.unsigned_abs()),
        },
        _ => Answer::IterationLimit {
            decision: LimitDecision::Stop,
            n: None,
        },
    }
}
