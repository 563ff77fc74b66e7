//! Which answer a prompt gets: the first rule that fits, and its entry for this
//! call. The number of the call comes from the request, not from this process's
//! memory, so that a restarted process and a resumed run answer alike.

use std::collections::HashMap;

use fermata_runner::agent::StepRequest;
use serde::Deserialize;
use serde_json::Value;

use super::action::Action;
use super::script::{Rule, Script};

/// How much of an unmatched prompt is shown, in characters.
const PROMPT_SHOWN: usize = 200;

/// What the host says about a turn under `_meta.fermata`. Another host says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    /// The step's name as a provider sees it.
    pub step: Option<String>,
    /// Where in the run.
    pub path: Option<String>,
    /// Which execution of the step in its workflow, from 1.
    pub visit: Option<u32>,
    /// Which prompt of the attempt, re-prompts and new tries included, from 1.
    pub call: Option<u32>,
    /// Which turn of the conversation, from 1.
    pub turn: Option<u32>,
    /// Which attempt of this visit, from 1.
    pub attempt: Option<u32>,
}

impl About {
    /// The facts of a request that comes without a host; `call` counts the prompts of the attempt.
    pub(crate) fn of(request: &StepRequest, call: u32) -> Self {
        Self {
            step: Some(request.step.clone()),
            path: Some(request.path.as_str().to_owned()),
            visit: Some(visit(request)),
            call: Some(call),
            turn: Some(request.turn),
            attempt: Some(request.attempt),
        }
    }

    /// Reads the host's facts; anything unreadable counts as not said.
    pub(crate) fn from_meta(meta: Option<&serde_json::Map<String, Value>>) -> Self {
        meta.and_then(|meta| meta.get("fermata"))
            .and_then(|facts| Self::deserialize(facts).ok())
            .unwrap_or_default()
    }
}

/// Which execution of its step a request is for: inside a loop, which round.
pub(crate) fn visit(request: &StepRequest) -> u32 {
    let last = request.path.as_str().rsplit('/').next().unwrap_or_default();
    let execution = last
        .rsplit_once('#')
        .and_then(|(_, number)| number.parse::<u32>().ok());
    let round = request.round.and_then(|round| u32::try_from(round).ok());
    execution.unwrap_or(1).max(round.unwrap_or(1))
}

/// Calls per rule, for hosts that do not count them.
pub(crate) type Calls = HashMap<usize, u32>;

impl Script {
    /// The actions for a prompt.
    ///
    /// # Errors
    /// No rule fits; the text says which prompt, and what to add.
    pub(crate) fn choose(
        &self,
        about: &About,
        prompt: &str,
        calls: &mut Calls,
    ) -> Result<&[Action], String> {
        let (index, rule) = self
            .rules
            .iter()
            .enumerate()
            .find(|(_, rule)| rule.fits(about, prompt))
            .ok_or_else(|| no_rule(about, prompt))?;
        let call = match about.visit {
            Some(visit) => visit
                .saturating_add(about.call.unwrap_or(1))
                .saturating_sub(1),
            None => {
                let calls = calls.entry(index).or_default();
                *calls += 1;
                *calls
            }
        };
        let last = rule.answers.0.len().saturating_sub(1);
        let entry = usize::try_from(call)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        Ok(&rule.answers.0[entry.min(last)])
    }
}

impl Rule {
    fn fits(&self, about: &About, prompt: &str) -> bool {
        let number = |wanted: Option<super::script::Numbers>, found: Option<u32>| {
            wanted.is_none_or(|wanted| found.is_some_and(|found| wanted.contains(found)))
        };
        self.step.as_deref().is_none_or(|wanted| {
            about
                .step
                .as_deref()
                .is_some_and(|step| names(wanted, step))
        }) && self
            .path
            .as_deref()
            .is_none_or(|wanted| about.path.as_deref() == Some(wanted))
            && self.contains.0.iter().all(|text| prompt.contains(text))
            && self
                .matches
                .as_ref()
                .is_none_or(|pattern| pattern.0.is_match(prompt))
            && number(self.visit, about.visit)
            && number(self.call, about.call)
            && number(self.turn, about.turn)
            && number(self.attempt, about.attempt)
    }
}

/// Whether a rule's `step` means this step: its exact name, or its name without the item's key.
fn names(wanted: &str, step: &str) -> bool {
    if wanted == step {
        return true;
    }
    let Some(open) = step.find('[') else {
        return false;
    };
    let Some(close) = step.rfind(']').filter(|close| *close > open) else {
        return false;
    };
    wanted.strip_prefix(&step[..open]) == Some(&step[close + 1..])
}

fn no_rule(about: &About, prompt: &str) -> String {
    use std::fmt::Write as _;

    let mut text = "no rule of the script fits".to_owned();
    if let Some(step) = &about.step {
        let _ = write!(text, " step `{step}`");
    }
    if let (Some(visit), Some(call)) = (about.visit, about.call) {
        let _ = write!(text, " (visit {visit}, call {call})");
    }
    let start: String = prompt.chars().take(PROMPT_SHOWN).collect();
    let more = if start.len() < prompt.len() {
        "…"
    } else {
        ""
    };
    let _ = write!(text, "; the prompt begins: {start:?}{more}. ");
    match &about.step {
        Some(step) => {
            let _ = write!(text, "Add a rule with `step: {step}` and an `answer`.");
        }
        None => text.push_str(
            "Add a rule with a `contains` that is in the prompt (this host does not name steps) and an `answer`.",
        ),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(step: &str, visit: u32, call: u32) -> About {
        About {
            step: Some(step.into()),
            path: Some(step.into()),
            visit: Some(visit),
            call: Some(call),
            turn: Some(call),
            attempt: Some(1),
        }
    }

    fn said(script: &Script, about: &About, prompt: &str, calls: &mut Calls) -> String {
        match script.choose(about, prompt, calls).expect("a rule fits") {
            [Action::Say(text)] => text.clone(),
            other => panic!("one text was expected, found {other:?}"),
        }
    }

    #[test]
    fn the_call_is_counted_by_the_request_and_the_last_answer_repeats() {
        let script =
            Script::parse("rules: [{step: a, answers: [one, two, three]}]").expect("script");
        let mut calls = Calls::new();
        for (visit, turn, expected) in [
            (2, 1, "two"),
            (1, 1, "one"),
            (1, 2, "two"),
            (3, 1, "three"),
            (9, 1, "three"),
        ] {
            assert_eq!(
                said(&script, &about("a", visit, turn), "", &mut calls),
                expected
            );
        }
        assert!(
            calls.is_empty(),
            "nothing is remembered where the host counts"
        );
    }

    #[test]
    fn another_host_is_counted_per_rule() {
        let script = Script::parse("rules: [{contains: x, answers: [one, two]}, {answer: else}]")
            .expect("script");
        let mut calls = Calls::new();
        let unknown = About::default();
        let heard: Vec<_> = ["x", "y", "x", "x"]
            .iter()
            .map(|prompt| said(&script, &unknown, prompt, &mut calls))
            .collect();
        assert_eq!(heard, ["one", "else", "two", "two"]);
    }

    #[test]
    fn a_step_name_without_a_key_stands_for_its_items_too() {
        assert!(names("worker", "worker[x]"));
        assert!(names("worker", "worker[a[1]]"));
        assert!(names("worker (validator)", "worker[x] (validator)"));
        assert!(!names("worker", "worker[x] (validator)"));
        assert!(!names("work", "worker[x]"));
        assert!(!names("worker", "worker2"));
    }

    #[test]
    fn rules_are_tried_in_order_and_every_condition_counts() {
        let script = Script::parse(
            r#"
rules:
  - { step: r, visit: "2..", turn: 1, contains: [draft, two], answer: later }
  - { step: r, matches: "^Review", answer: review }
  - { step: r, attempt: 2, answer: again }
"#,
        )
        .expect("script");
        let mut calls = Calls::new();
        assert_eq!(
            said(&script, &about("r", 3, 1), "draft number two", &mut calls),
            "later"
        );
        assert_eq!(
            said(&script, &about("r", 1, 1), "Review draft two", &mut calls),
            "review"
        );
        let error = script
            .choose(&about("r", 1, 1), "What now?", &mut calls)
            .expect_err("the third rule wants another attempt");
        assert!(
            error.contains("step `r`") && error.contains("What now?"),
            "{error}"
        );
    }
}
