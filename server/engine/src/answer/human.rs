//! Answers to a human gate: one of its options, with the text that the option asks for.

use serde_json::{Map, Value};

use crate::gate::{Answer, AnswerSpec, Gate, Refusal};

use super::{choices, refuse, text_map};

fn value_of(spec: &AnswerSpec) -> &str {
    spec.answer
        .get("value")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn check(gate: &Gate, value: &str, input: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(spec) = gate.answers.iter().find(|spec| value_of(spec) == value) else {
        return Err(choices(gate, &format!("`{value}` is not an option")));
    };
    for (name, text) in input {
        let Some(field) = spec.fields.iter().find(|field| field.name == *name) else {
            return Err(refuse(if spec.fields.is_empty() {
                format!("the option `{value}` asks for no text, but `{name}` was given")
            } else {
                let names: Vec<&str> = spec.fields.iter().map(|f| f.name.as_str()).collect();
                format!(
                    "the option `{value}` asks for {}, not for `{name}`",
                    names.join(", ")
                )
            }));
        };
        if !text.is_string() {
            return Err(refuse(format!(
                "`{}` of the option `{value}` must be a text",
                field.name
            )));
        }
    }
    Ok(())
}

/// Value or label of an option; after it, the text that the option asks for.
pub(super) fn read(gate: &Gate, text: &str) -> Result<Answer, Refusal> {
    if let Some(spec) = option(gate, text)? {
        return Ok(Answer::Human {
            value: value_of(spec).to_owned(),
            input: Map::new(),
        });
    }
    let mut cut = text.len();
    while let Some(space) = text[..cut].rfind(char::is_whitespace) {
        cut = space;
        let head = text[..cut].trim_end();
        let head = head.strip_suffix([':', ',']).unwrap_or(head);
        if let Some(spec) = option(gate, head)? {
            let rest = text[cut..].trim();
            return match spec.fields.as_slice() {
                [field] => Ok(Answer::Human {
                    value: value_of(spec).to_owned(),
                    input: text_map([(field.name.clone(), rest.to_owned())]),
                }),
                [] => Err(choices(
                    gate,
                    &format!("the option `{}` takes no text (`{rest}`)", value_of(spec)),
                )),
                _ => Err(refuse(format!(
                    "the option `{}` asks for several texts; give the answer as JSON",
                    value_of(spec)
                ))),
            };
        }
    }
    if let Ok(position) = text.parse::<usize>()
        && let Some(spec) = position.checked_sub(1).and_then(|i| gate.answers.get(i))
    {
        return Ok(Answer::Human {
            value: value_of(spec).to_owned(),
            input: Map::new(),
        });
    }
    Err(choices(gate, &format!("`{text}` is not an option")))
}

/// Exactly a value, exactly a label, or either of them in another case if only one option fits.
fn option<'a>(gate: &'a Gate, text: &str) -> Result<Option<&'a AnswerSpec>, Refusal> {
    let exact = |spec: &&AnswerSpec| value_of(spec) == text;
    let labelled = |spec: &&AnswerSpec| spec.label == text;
    if let Some(spec) = gate
        .answers
        .iter()
        .find(exact)
        .or_else(|| gate.answers.iter().find(labelled))
    {
        return Ok(Some(spec));
    }
    let folded = text.to_lowercase();
    let mut near = gate.answers.iter().filter(|spec| {
        value_of(spec).to_lowercase() == folded || spec.label.to_lowercase() == folded
    });
    match (near.next(), near.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(choices(gate, &format!("`{text}` fits several options"))),
    }
}
