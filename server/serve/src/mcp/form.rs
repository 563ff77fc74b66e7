//! A gate as a form that a client shows to its person, and the filled form as
//! the gate's answer. Whether the answer is valid is decided by control.

use fermata_engine::{Gate, GateKind};
use serde_json::{Map, Value, json};

/// Name of the field with the decision itself.
const DECISION: &str = "decision";

/// The form of a gate: flat, as elicitation wants it.
pub(super) fn schema(gate: &Gate) -> Value {
    let mut fields = Map::new();
    let labels = labels(gate);
    fields.insert(
        DECISION.to_owned(),
        json!({"type": "string", "title": "Decision", "enum": labels}),
    );
    for question in questions(gate) {
        let mut field = json!({"type": "string", "title": question.text});
        if !question.choices.is_empty() {
            field["enum"] = json!(question.choices);
        }
        fields.insert(question.id, field);
    }
    for spec in &gate.answers {
        for field in &spec.fields {
            let shown = if field.ty == "integer" {
                json!({"type": "integer", "title": field.name, "minimum": field.minimum.unwrap_or(0)})
            } else {
                json!({"type": "string", "title": field.name})
            };
            fields.entry(field.name.clone()).or_insert(shown);
        }
    }
    json!({"type": "object", "properties": fields, "required": [DECISION]})
}

/// What the person is shown above the form.
pub(super) fn message(gate: &Gate) -> String {
    let mut text = format!(
        "{} holds before {}: {}",
        gate.workflow, gate.step, gate.prompt
    );
    for (label, spec) in labels(gate).iter().zip(&gate.answers) {
        if let Some(consequence) = &spec.consequence {
            text.push_str(&format!("\n- {label}: {consequence}"));
        }
    }
    text
}

/// The answer in a filled form; none where no decision of the gate was made.
pub(super) fn answer(gate: &Gate, filled: &Value) -> Option<Value> {
    let decision = filled[DECISION].as_str()?;
    let at = labels(gate).iter().position(|label| label == decision)?;
    let spec = gate.answers.get(at)?;
    let mut answer = spec.answer.clone();
    for field in &spec.fields {
        let Some(value) = given(filled, &field.name) else {
            continue;
        };
        match gate.kind {
            GateKind::Human => answer["input"][&field.name] = value,
            GateKind::Questions => answer["answers"][&field.name] = value,
            GateKind::IterationLimit | GateKind::Approval | GateKind::Permission => {
                answer[&field.name] = value;
            }
        }
    }
    if gate.kind == GateKind::Questions && answer["do"] == "submit" {
        for question in questions(gate) {
            answer["answers"][&question.id] = given(filled, &question.id).unwrap_or_default();
        }
    }
    Some(answer)
}

fn given(filled: &Value, name: &str) -> Option<Value> {
    filled
        .get(name)
        .filter(|value| !value.is_null() && value.as_str() != Some(""))
        .cloned()
}

/// What each answer is called; told apart where an author gave two the same name.
fn labels(gate: &Gate) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for spec in &gate.answers {
        let same = labels.iter().filter(|label| **label == spec.label).count();
        labels.push(if same == 0 {
            spec.label.clone()
        } else {
            format!("{} ({})", spec.label, labels.len() + 1)
        });
    }
    labels
}

struct Question {
    id: String,
    text: String,
    choices: Vec<String>,
}

fn questions(gate: &Gate) -> Vec<Question> {
    let list = gate.extra.get("questions").and_then(Value::as_array);
    let read = |(index, entry): (usize, &Value)| {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let free = entry.get("allow_free_text") != Some(&Value::Bool(false));
        let choices = entry.get("choices").and_then(Value::as_array);
        Question {
            id: text("id").map_or_else(|| format!("q{}", index + 1), str::to_owned),
            text: text("text")
                .or_else(|| text("question"))
                .or_else(|| entry.as_str())
                .unwrap_or_default()
                .to_owned(),
            choices: choices
                .filter(|_| !free)
                .into_iter()
                .flatten()
                .filter_map(|choice| choice.as_str().map(str::to_owned))
                .collect(),
        }
    };
    list.into_iter().flatten().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(kind: &str, answers: Value, extra: Value) -> Gate {
        serde_json::from_value(json!({
            "gate": "g1", "kind": kind, "step": "ship", "path": "ship", "workflow": "w",
            "prompt": "Ship it?", "answers": answers, "extra": extra,
        }))
        .expect("a gate")
    }

    #[test]
    fn a_limit_is_a_decision_and_a_number() {
        let more = json!({"name": "n", "ty": "integer", "minimum": 2});
        let gate = gate(
            "iteration_limit",
            json!([
                {"answer": {"kind": "iteration_limit", "do": "continue", "n": 5}, "label": "5 more", "fields": [more]},
                {"answer": {"kind": "iteration_limit", "do": "stop"}, "label": "Stop"},
            ]),
            json!({}),
        );
        let form = schema(&gate);
        assert_eq!(
            form["properties"]["decision"]["enum"],
            json!(["5 more", "Stop"])
        );
        assert_eq!(form["properties"]["n"]["minimum"], 2);
        let filled = |value: Value| answer(&gate, &value);
        assert_eq!(
            filled(json!({"decision": "5 more"})),
            Some(json!({"kind": "iteration_limit", "do": "continue", "n": 5}))
        );
        assert_eq!(
            filled(json!({"decision": "5 more", "n": 7})),
            Some(json!({"kind": "iteration_limit", "do": "continue", "n": 7}))
        );
        assert_eq!(filled(json!({"decision": "Ship"})), None);
        assert_eq!(filled(json!({})), None);
    }

    #[test]
    fn answers_of_one_name_are_told_apart() {
        let gate = gate(
            "human",
            json!([
                {"answer": {"kind": "human", "value": "a"}, "label": "Go"},
                {"answer": {"kind": "human", "value": "b"}, "label": "Go", "fields": [{"name": "why", "ty": "text"}]},
            ]),
            json!({}),
        );
        assert_eq!(
            answer(&gate, &json!({"decision": "Go (2)", "why": "late"})),
            Some(json!({"kind": "human", "value": "b", "input": {"why": "late"}}))
        );
    }

    #[test]
    fn questions_are_fields_and_what_is_left_out_is_null() {
        let gate = gate(
            "questions",
            json!([{"answer": {"kind": "questions", "answers": {}, "do": "submit"}, "label": "Submit"}]),
            json!({"questions": [
                {"id": "db", "text": "Which database?", "choices": ["a", "b"], "allow_free_text": false},
                {"id": "why", "text": "Why?"},
            ]}),
        );
        assert_eq!(schema(&gate)["properties"]["db"]["enum"], json!(["a", "b"]));
        assert_eq!(
            answer(&gate, &json!({"decision": "Submit", "db": "b", "why": ""})),
            Some(json!({"kind": "questions", "do": "submit", "answers": {"db": "b", "why": null}}))
        );
    }
}
