//! Answers to an iteration limit: continue with enough, stop, or abort.

use crate::gate::{Answer, Gate, LimitDecision, Refusal};

use super::{choices, refuse};

fn needed(gate: &Gate) -> u64 {
    gate.limit.as_ref().map_or(1, |limit| limit.needed).max(1)
}

pub(super) fn valid(gate: &Gate) -> String {
    format!(
        "`continue N` with N at least {}, `stop`, `abort`",
        needed(gate)
    )
}

pub(super) fn check(gate: &Gate, decision: LimitDecision, n: Option<u64>) -> Result<(), Refusal> {
    let needed = needed(gate);
    match (decision, n) {
        (LimitDecision::Continue, Some(n)) if n >= needed => Ok(()),
        (LimitDecision::Continue, given) => Err(Refusal {
            reason: match given {
                Some(n) => format!(
                    "{n} further iterations are not enough for `{}` to start: at least {needed} are needed",
                    gate.step
                ),
                None => format!("continue with how many more? At least {needed} are needed"),
            },
            answered: None,
            needed: Some(needed),
        }),
        (LimitDecision::Stop | LimitDecision::Abort, None) => Ok(()),
        (decision @ (LimitDecision::Stop | LimitDecision::Abort), Some(_)) => Err(refuse(format!(
            "`{}` takes no number",
            super::limit_word(decision)
        ))),
    }
}

pub(super) fn read(gate: &Gate, text: &str) -> Result<Answer, Refusal> {
    let folded = text.to_lowercase();
    let mut words = folded.split_whitespace();
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let answer = |decision, n| Answer::IterationLimit { decision, n };
    match (first, rest.as_slice()) {
        ("stop", []) => Ok(answer(LimitDecision::Stop, None)),
        ("abort", []) => Ok(answer(LimitDecision::Abort, None)),
        ("continue", []) => {
            let needed = needed(gate);
            Err(Refusal {
                reason: format!("continue with how many more? At least {needed} are needed"),
                answered: None,
                needed: Some(needed),
            })
        }
        ("continue", [number] | ["with", number] | [number, "more"] | ["with", number, "more"]) => {
            number
                .trim_start_matches('+')
                .parse()
                .map(|n| answer(LimitDecision::Continue, Some(n)))
                .map_err(|_| choices(gate, &format!("`{number}` is not a number of iterations")))
        }
        (number, []) if number.trim_start_matches('+').parse::<u64>().is_ok() => Ok(answer(
            LimitDecision::Continue,
            number.trim_start_matches('+').parse().ok(),
        )),
        _ => Err(choices(gate, &format!("`{text}` was not understood"))),
    }
}
