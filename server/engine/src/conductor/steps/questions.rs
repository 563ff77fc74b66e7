//! `questions`: a questionnaire, all of it in one gate (specs/conductor.md 4.12).

use fermata_workflow::model::QuestionsStep;
use serde_json::{Map, Value, json};

use crate::conductor::context::{Context, accumulated};
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval};
use crate::draft::failure;
use crate::event::{EventBody, Failure};
use crate::gate::{AnswerSpec, Gate, GateKind};
use crate::ids::StepPath;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    questions: &QuestionsStep,
) {
    let context = accumulated(place.source, turn.frame_state(&place.frame));
    let prompt = questions
        .prompt
        .as_ref()
        .map(|text| eval::prompt(text, &context))
        .transpose();
    let both = prompt.and_then(|prompt| Ok((prompt, list(place, questions, &context)?)));
    let (prompt, list) = match both {
        Ok(both) => both,
        Err(error) => {
            turn.started(place, path, attempt, Map::new());
            turn.fail_step(path, place.step, attempt, error);
            return;
        }
    };
    let mut rendered = Map::new();
    if let Some(prompt) = &prompt {
        rendered.insert("prompt".to_owned(), Value::from(prompt.as_str()));
    }
    rendered.insert("questions".to_owned(), Value::Array(list.clone()));
    turn.started(place, path, attempt, rendered);
    let mut extra = Map::new();
    extra.insert("questions".to_owned(), Value::Array(list));
    for (key, allowed) in [
        ("allow_back", questions.allow_back),
        ("allow_skip", questions.allow_skip),
        ("allow_skip_all", questions.allow_skip_all),
        ("allow_abort", questions.allow_abort),
    ] {
        extra.insert(key.to_owned(), Value::from(allowed));
    }
    let gate = Gate {
        gate: turn.next_gate(),
        kind: GateKind::Questions,
        step: place.step.name.value.clone(),
        path: path.clone(),
        workflow: place.source.workflow.name.value.clone(),
        prompt: prompt.unwrap_or_default(),
        answers: answers(questions),
        limit: None,
        extra,
    };
    turn.draft.emit(path, EventBody::GateOpened { gate });
}

fn answers(questions: &QuestionsStep) -> Vec<AnswerSpec> {
    let spec = |decision: &str, label: &str, consequence: &str| AnswerSpec {
        answer: json!({"kind": "questions", "do": decision, "answers": {}}),
        label: label.to_owned(),
        consequence: Some(consequence.to_owned()),
        fields: Vec::new(),
    };
    let mut list = vec![spec(
        "submit",
        "Submit the answers",
        "Unanswered questions take their default or are skipped.",
    )];
    if questions.allow_skip_all {
        list.push(spec(
            "skip_all",
            "Skip the rest",
            "Defaults are taken where there are some.",
        ));
    }
    if questions.allow_abort {
        list.push(spec(
            "abort",
            "Abort the questions",
            "The workflow goes the way that is meant for it.",
        ));
    }
    list
}

/// The questions with their texts rendered and ids given.
fn list(
    place: &Place<'_>,
    questions: &QuestionsStep,
    context: &Context,
) -> Result<Vec<Value>, Failure> {
    if let Some(source) = &questions.source {
        return from_source(place, source.as_str(), context);
    }
    questions
        .questions
        .iter()
        .enumerate()
        .map(|(at, question)| {
            let id = question
                .id
                .as_ref()
                .map_or_else(|| format!("q{}", at + 1), |id| id.value.clone());
            let hint = question
                .hint
                .as_ref()
                .map(|hint| eval::render(hint, context))
                .transpose()?;
            let choices: Vec<String> = question
                .choices
                .iter()
                .map(|choice| eval::render(choice, context))
                .collect::<Result<_, _>>()?;
            Ok(json!({
                "id": id,
                "text": eval::render(&question.text, context)?,
                "hint": hint,
                "choices": choices,
                "allow_free_text": question.allow_free_text,
                "default": question.default.as_ref().map(|d| d.value.clone()),
                "required": question.required,
                "multiline": question.multiline,
            }))
        })
        .collect()
}

/// Items of a list in the context: texts, or objects like inline questions. Their templates are not
/// trusted to be templates: what does not render is shown as it is.
fn from_source(place: &Place<'_>, source: &str, context: &Context) -> Result<Vec<Value>, Failure> {
    let name = place.step.name.as_str();
    let Some(Value::Array(items)) = eval::dotted(context, source) else {
        return Err(failure(
            "ExecutionError",
            format!("`source` of `{name}` must name a list; `{source}` does not"),
            &[name, source],
        ));
    };
    let soft = |text: &str| eval::render(text, context).unwrap_or_else(|_| text.to_owned());
    let mut list = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let get = |key: &str| item.get(key).filter(|value| !value.is_null());
        let text = item.as_str().or_else(|| {
            get("text")
                .or_else(|| get("question"))
                .and_then(Value::as_str)
        });
        let Some(text) = text else {
            return Err(failure(
                "ExecutionError",
                format!("item {at} of `{source}` is neither a text nor an object with `text`"),
                &[name, source],
            ));
        };
        let choices: Vec<String> = get("choices")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).map(soft).collect())
            .unwrap_or_default();
        let flag = |key: &str, default: bool| get(key).and_then(Value::as_bool).unwrap_or(default);
        list.push(json!({
            "id": get("id").and_then(Value::as_str).map_or_else(|| format!("q{}", at + 1), str::to_owned),
            "text": soft(text),
            "hint": get("hint").and_then(Value::as_str).map(soft),
            "choices": choices,
            "allow_free_text": flag("allow_free_text", true),
            "default": get("default").and_then(Value::as_str),
            "required": flag("required", false),
            "multiline": flag("multiline", true),
        }));
    }
    Ok(list)
}

/// What templates see of the answers.
pub(in crate::conductor) fn output(rendered: &Map<String, Value>, answer: &Value) -> Value {
    let empty = Vec::new();
    let questions = rendered
        .get("questions")
        .and_then(Value::as_array)
        .unwrap_or(&empty);
    let given = answer.get("answers").and_then(Value::as_object);
    let decision = answer.get("do").and_then(Value::as_str).unwrap_or("submit");
    let (mut answers, mut items, mut lines) = (Map::new(), Vec::new(), Vec::new());
    let mut skipped = 0_u64;
    for question in questions {
        let text = |key: &str| question.get(key).and_then(Value::as_str);
        let id = text("id").unwrap_or_default();
        let asked = text("text").unwrap_or_default();
        let own = given
            .and_then(|given| given.get(id))
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty());
        let offered = question
            .get("choices")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|c| c.as_str() == own));
        let default = text("default").filter(|_| decision != "abort");
        let (value, source) = match (own, default) {
            (Some(own), _) if offered => (Some(own), "choice"),
            (Some(own), _) => (Some(own), "free_text"),
            (None, Some(default)) => (Some(default), "default"),
            (None, None) => (None, "skipped"),
        };
        match value {
            Some(value) => {
                answers.insert(id.to_owned(), Value::from(value));
                lines.push(format!("Q{}. {asked}\nA: {value}", items.len() + 1));
            }
            None => skipped += 1,
        }
        items.push(json!({
            "id": id,
            "question": asked,
            "answer": value,
            "source": source,
            "skipped": value.is_none(),
        }));
    }
    let outcome = match decision {
        "abort" => "aborted",
        "skip_all" => "skipped_remaining",
        _ => "completed",
    };
    json!({
        "answered_count": answers.len(),
        "answered_any": !answers.is_empty(),
        "answers": answers,
        "items": items,
        "transcript": lines.join("\n\n"),
        "skipped_count": skipped,
        "outcome": outcome,
    })
}
