//! Questions on the terminal: gates and the choice about an earlier run.

mod typed;

use anyhow::Result;
use fermata_control::{AnswerInput, AnswerOutcome, Choice, ChoiceAnswer, Control, PriorRun};
use fermata_engine::gate::{AnswerSpec, Gate};
use fermata_engine::{RunId, RunState};

use crate::console::Console;
use crate::left;
use typed::Typed;

/// How asking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Every gate is closed, by whomever.
    Closed,
    /// The person left, or there is nobody who types.
    Left,
}

/// Asks about every gate of a run that holds, until each is closed by somebody or the person leaves.
///
/// # Errors
/// When the store cannot be read or written.
pub(crate) fn gates(
    control: &Control,
    run: &RunId,
    state: &RunState,
    console: &Console,
) -> Result<Asked> {
    for open in &state.open_gates {
        // The bell: a held run is never silent.
        console.text("\u{7}\n");
        show(&open.gate, console);
        typed::forget();
        if ask(control, run, &open.gate, console)? == Asked::Left {
            return Ok(Asked::Left);
        }
    }
    Ok(Asked::Closed)
}

fn show(gate: &Gate, console: &Console) {
    console.line(gate.prompt.trim_end());
    if let Some(limit) = &gate.limit {
        console.line(&format!(
            "  {} of {} iterations used",
            limit.current_iteration, limit.max_iterations
        ));
        if let Some(cycle) = &limit.cycle {
            console.line(&format!(
                "  repeating: {} × {}",
                cycle.steps.join(" → "),
                cycle.rounds
            ));
        }
        for verdict in limit.verdicts.iter().rev().take(3).rev() {
            let score = verdict
                .score
                .map_or_else(String::new, |score| format!(" score {score}"));
            let flag = verdict
                .flag
                .map_or_else(String::new, |flag| format!(" {flag}"));
            let feedback = verdict
                .feedback
                .as_deref()
                .map_or_else(String::new, |text| format!(" · {text}"));
            console.line(&format!(
                "  {} #{}:{score}{flag}{feedback}",
                verdict.step, verdict.round
            ));
        }
    }
    for (number, spec) in gate.answers.iter().enumerate() {
        console.line(&format!("  {}) {}", number + 1, choice(spec)));
    }
}

/// One answer in a line.
pub(crate) fn choice(spec: &AnswerSpec) -> String {
    match &spec.consequence {
        Some(consequence) => format!("{} ({consequence})", spec.label),
        None => spec.label.clone(),
    }
}

fn ask(control: &Control, run: &RunId, gate: &Gate, console: &Console) -> Result<Asked> {
    let is_open = || -> Result<bool> {
        let state = control.state(run)?;
        Ok(state.open_gates.iter().any(|o| o.gate.gate == gate.gate))
    };
    loop {
        let line = match typed::read("answer> ", || Ok(!is_open()?))? {
            Typed::Line(line) => line,
            Typed::End | Typed::Left => return Ok(Asked::Left),
            // Who closed it, and how, stands in the log that is being followed.
            Typed::Settled => return Ok(Asked::Closed),
        };
        let answer = match input(gate, &line)? {
            Input::Answer(answer) => answer,
            Input::Nothing => continue,
            Input::Left => return Ok(Asked::Left),
        };
        match control.answer(run, Some(&gate.gate), answer)? {
            AnswerOutcome::Accepted { .. } => return Ok(Asked::Closed),
            AnswerOutcome::Refused(refusal) => {
                console.line(&refusal.reason);
                // Answered or withdrawn meanwhile: there is nothing left to ask.
                if !is_open()? {
                    return Ok(Asked::Closed);
                }
            }
        }
    }
}

/// What a typed line came to.
enum Input {
    Answer(AnswerInput),
    Nothing,
    Left,
}

/// A typed line as an answer: a number takes that offer and asks for its texts, anything else is words.
fn input(gate: &Gate, line: &str) -> Result<Input> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let [word] = words.as_slice() else {
        return Ok(match words.is_empty() {
            true => Input::Nothing,
            false => Input::Answer(AnswerInput::Words(words)),
        });
    };
    let chosen = word
        .parse::<usize>()
        .ok()
        .and_then(|number| gate.answers.get(number.checked_sub(1)?));
    let Some(spec) = chosen else {
        return Ok(Input::Answer(AnswerInput::Words(words)));
    };
    let mut answer = spec.answer.clone();
    for field in &spec.fields {
        let given = answer
            .get(&field.name)
            .filter(|value| !value.is_null())
            .map_or_else(String::new, |value| format!(" [{value}]"));
        let prompt = format!("{}{given}> ", field.name);
        let text = match typed::read(&prompt, || Ok(false))? {
            Typed::Line(text) => text,
            Typed::Settled | Typed::End | Typed::Left => return Ok(Input::Left),
        };
        if text.is_empty() && !given.is_empty() {
            // What stands in brackets is taken.
            continue;
        }
        if field.ty == "integer" {
            if let Ok(number) = text.trim().parse::<u64>() {
                answer[&field.name] = number.into();
            }
        } else if answer["kind"] == "human" {
            answer["input"][&field.name] = text.into();
        } else {
            answer[&field.name] = text.into();
        }
    }
    Ok(Input::Answer(AnswerInput::Json(answer)))
}

/// Asks what is meant by a new request while an earlier run is there. `None` when nobody answers.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn choose(choice: &Choice, console: &Console) -> Result<Option<ChoiceAnswer>> {
    describe(choice, console);
    left::watch();
    typed::forget();
    loop {
        let Typed::Line(line) = typed::read("choice> ", || Ok(false))? else {
            return Ok(None);
        };
        let word = line.trim();
        let by_number = word
            .parse::<usize>()
            .ok()
            .and_then(|number| choice.answers.get(number.checked_sub(1)?));
        let by_word = choice.answers.iter().find(|answer| answer.as_str() == word);
        if let Some(answer) = by_number.or(by_word) {
            return Ok(Some(*answer));
        }
        console.line(&format!(
            "a number from 1 to {}, or one of the words",
            choice.answers.len()
        ));
    }
}

/// The choice in words, with what each answer does.
pub(crate) fn describe(choice: &Choice, console: &Console) {
    match &choice.prior {
        Some(prior) => describe_prior(&choice.workflow, prior, console),
        None => describe_changes(choice, console),
    }
    console.line("What is meant?");
    for (number, answer) in choice.answers.iter().enumerate() {
        let means = match answer {
            ChoiceAnswer::Resume => "go on with that run; the new request is dropped",
            ChoiceAnswer::AbandonAndRun => "cancel that run, then run the new request",
            ChoiceAnswer::RunFresh => "leave that run as it is, run the new request",
            ChoiceAnswer::WithChanges => "take the changes along into the run's worktree",
            ChoiceAnswer::FromHead => "begin from the last commit, without them",
            ChoiceAnswer::Dismiss => "do nothing; the new request is dropped",
        };
        console.line(&format!("  {}) {}: {means}", number + 1, answer.as_str()));
    }
}

fn describe_changes(choice: &Choice, console: &Console) {
    console.line(&format!(
        "{} runs in a worktree of its own, and {} changes that are not committed",
        choice.workflow,
        match choice.changes.as_slice() {
            [file] => format!("{file} has"),
            files => format!("{} files have", files.len()),
        }
    ));
    if choice.changes.len() > 1 {
        for file in choice.changes.iter().take(5) {
            console.line(&format!("  {file}"));
        }
    }
}

fn describe_prior(workflow: &str, prior: &PriorRun, console: &Console) {
    let cause = prior
        .cause
        .map_or_else(String::new, |cause| format!(" ({})", word(&cause)));
    let progress = prior
        .progress
        .as_deref()
        .map_or_else(String::new, |text| format!(", {text}"));
    console.line(&format!(
        "The last run of {} is {}{cause}{progress}: run {}",
        workflow,
        prior.status.as_str(),
        prior.run.short()
    ));
    console.line(&format!("  it was about: {}", prior.message));
    if prior.changed {
        console.line("  the workflow file has changed since");
    }
}

/// The word of a value that serialises to one.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
