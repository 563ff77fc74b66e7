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
