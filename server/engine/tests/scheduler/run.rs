//! Runs of Conductor workflows, and the loop that many tests go round in.

use fermata_engine::event::EventBody;
use fermata_engine::gate::LimitDecision;
use fermata_engine::schedule::maximum_after;
use fermata_engine::{Answer, Failure, Outcome};
use serde_json::{Map, Value, json};

pub(crate) use crate::support::{Run, ada};

impl Run {
    pub(crate) fn new(files: &[(&str, &str)], gates: &str) -> Self {
        Self::claimed(files, "main.yaml", None, Map::new(), gates)
    }

    pub(crate) fn say(&mut self, path: &str, output: Value) {
        self.conclude(
            path,
            Outcome::Agent {
                output,
                detail: Map::new(),
                elapsed: 1,
            },
        );
    }

    pub(crate) fn answer_limit(&mut self, decision: LimitDecision, n: Option<u64>) {
        let open = self.state.open_gates[0].clone();
        let answer = Answer::IterationLimit { decision, n };
        self.state.check_answer(&open.gate.gate, &answer).unwrap();
        let maximum = maximum_after(&open.gate, &answer);
        self.write(EventBody::IterationLimitResolved {
            gate: open.gate.gate,
            answer,
            max_iterations: maximum,
            actor: ada(),
            waited: 1,
        });
        self.advance();
    }

    pub(crate) fn started(&self) -> Vec<String> {
        self.log
            .iter()
            .filter(|event| matches!(event.body, EventBody::StepStarted { .. }))
            .map(|event| event.path.0.clone())
            .collect()
    }
}
pub(crate) const LOOP: &str = "
workflow: {name: loop, entry_point: write, limits: {max_iterations: 4}}
agents:
  - {name: write, prompt: 'Write.', routes: [{to: judge}]}
  - name: judge
    prompt: 'Judge {{ write.output.result }}'
    output: {score: {type: number}, approved: {type: boolean}, feedback: {type: string}}
    routes: [{to: $end, when: '{{ output.approved }}'}, {to: write}]
output: {text: '{{ write.output.result }}'}
";

pub(crate) fn verdict(score: u64, approved: bool) -> Value {
    json!({"score": score, "approved": approved, "feedback": "too long\nand dull"})
}

/// Two rounds of a loop with a limit of four: the gate is open.
pub(crate) fn at_limit() -> Run {
    let mut run = Run::new(&[("main.yaml", LOOP)], "ask");
    run.advance();
    run.say("write", json!({"result": "v1"}));
    run.say("judge", verdict(3, false));
    run.say("write#2", json!({"result": "v2"}));
    run.say("judge#2", verdict(5, false));
    run
}

pub(crate) fn fails() -> Outcome {
    Outcome::Failed {
        error: Failure {
            kind: "ProviderError".to_owned(),
            message: "no".to_owned(),
            names: Vec::new(),
        },
        detail: Map::new(),
        elapsed: 1,
    }
}
