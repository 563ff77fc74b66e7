//! Unattended gates: what the run's policy says when nobody is asked.

use serde_json::Value;

use crate::gate::{Answer, Gate, GateKind, LimitDecision};

/// How gates are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GatePolicy {
    /// Every gate asks people.
    #[default]
    Ask,
    /// Iteration limits stop; other gates ask.
    Stop,
    /// Iteration limits go on with that many more, or as many as are needed; other gates ask.
    Continue(u64),
    /// Human gates take their first option, questions are skipped, limits stop.
    First,
}

impl GatePolicy {
    /// Reads `ask`, `stop`, `continue:N` or `first`; anything else asks.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match text.split_once(':') {
            None => match text {
                "stop" => Self::Stop,
                "first" => Self::First,
                _ => Self::Ask,
            },
            Some(("continue", n)) => n.trim().parse().map_or(Self::Ask, Self::Continue),
            Some(_) => Self::Ask,
        }
    }

    /// The name that the log gives it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Ask => "ask".to_owned(),
            Self::Stop => "stop".to_owned(),
            Self::Continue(n) => format!("continue:{n}"),
            Self::First => "first".to_owned(),
        }
    }

    /// The answer that it gives, if it gives one.
    #[must_use]
    pub fn answer(self, gate: &Gate) -> Option<Answer> {
        match (gate.kind, self) {
            (_, Self::Ask) | (GateKind::Approval | GateKind::Permission, Self::Stop) => None,
            (GateKind::IterationLimit, Self::Stop | Self::First) => Some(Answer::IterationLimit {
                decision: LimitDecision::Stop,
                n: None,
            }),
            (GateKind::IterationLimit, Self::Continue(n)) => {
                let needed = gate.limit.as_ref().map_or(1, |limit| limit.needed);
                Some(Answer::IterationLimit {
                    decision: LimitDecision::Continue,
                    n: Some(n.max(needed)),
                })
            }
            (GateKind::Human, Self::First) => {
                let first = gate.answers.first()?;
                Some(Answer::Human {
                    value: first.answer.get("value")?.as_str()?.to_owned(),
                    input: serde_json::Map::new(),
                })
            }
            (GateKind::Questions, Self::First) => Some(Answer::Questions {
                answers: serde_json::Map::new(),
                decision: "skip_all".to_owned(),
            }),
            (GateKind::Permission, Self::First) => {
                let rejects = |spec: &&crate::gate::AnswerSpec| {
                    spec.answer.get("option").and_then(Value::as_str) == Some("reject_once")
                };
                gate.answers
                    .iter()
                    .find(rejects)
                    .map(|_| Answer::Permission {
                        option: "reject_once".to_owned(),
                    })
            }
            (GateKind::Approval, Self::First)
            | (
                GateKind::Human | GateKind::Questions | GateKind::Approval | GateKind::Permission,
                Self::Stop | Self::Continue(_),
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::gate::{AnswerSpec, Counted, LimitEvidence};
    use crate::ids::{GateId, StepPath};

    fn gate(kind: GateKind, answers: &[Value]) -> Gate {
        Gate {
            gate: GateId("g1".to_owned()),
            kind,
            step: "s".to_owned(),
            path: StepPath::from("s"),
            workflow: "w".to_owned(),
            prompt: String::new(),
            answers: answers
                .iter()
                .map(|answer| AnswerSpec {
                    answer: answer.clone(),
                    label: "label".to_owned(),
                    consequence: None,
                    fields: Vec::new(),
                })
                .collect(),
            limit: (kind == GateKind::IterationLimit).then(|| LimitEvidence {
                current_iteration: 10,
                max_iterations: 10,
                needed: 4,
                agent_history: Vec::new(),
                possible_loop: false,
                cycle: None,
                verdicts: Vec::new(),
                counts: Counted::Steps,
            }),
            extra: Map::new(),
        }
    }

    fn gates() -> [Gate; 5] {
        [
            gate(GateKind::IterationLimit, &[]),
            gate(
                GateKind::Human,
                &[
                    json!({"kind": "human", "value": "ship"}),
                    json!({"kind": "human", "value": "drop"}),
                ],
            ),
            gate(GateKind::Questions, &[]),
            gate(
                GateKind::Approval,
                &[json!({"kind": "approval", "decision": "approve"})],
            ),
            gate(
                GateKind::Permission,
                &[
                    json!({"kind": "permission", "option": "allow_always"}),
                    json!({"kind": "permission", "option": "reject_once"}),
                ],
            ),
        ]
    }

    /// What a policy says at each kind of gate, in the order of [`gates`].
    fn says(policy: &str) -> Vec<Value> {
        let policy = GatePolicy::read(policy);
        gates()
            .iter()
            .map(|gate| policy.answer(gate).map_or(Value::Null, |a| json!(a)))
            .collect()
    }

    #[test]
    fn each_policy_decides_what_it_may_and_leaves_the_rest_to_people() {
        let none = Value::Null;
        let stop = json!({"kind": "iteration_limit", "do": "stop"});
        let more = |n: u64| json!({"kind": "iteration_limit", "do": "continue", "n": n});
        let four = || vec![none.clone(), none.clone(), none.clone(), none.clone()];
        assert_eq!(says("ask"), [vec![none.clone()], four()].concat());
        assert_eq!(says("stop"), [vec![stop.clone()], four()].concat());
        assert_eq!(says("continue:9"), [vec![more(9)], four()].concat());
        // Fewer than are needed would be refused from a person; the policy goes on all the same.
        assert_eq!(says("continue:1"), [vec![more(4)], four()].concat());
        let first = says("first");
        assert_eq!(first[0], stop);
        assert_eq!(first[1]["value"], "ship");
        assert_eq!(first[2]["do"], "skip_all");
        // Nobody approves by default, and no tool is allowed that nobody allowed.
        assert_eq!(first[3], none);
        assert_eq!(first[4]["option"], "reject_once");
        assert_eq!(says("nonsense"), says("ask"));
    }

    #[test]
    fn a_tool_that_cannot_be_rejected_once_waits_for_people() {
        let gate = gate(
            GateKind::Permission,
            &[json!({"kind": "permission", "option": "allow_once"})],
        );
        assert_eq!(GatePolicy::First.answer(&gate), None);
    }
}
