//! What is said to agents beside the author's prompt.

use serde_json::{Map, Value};

/// Asks for an answer of that shape.
pub(super) fn shape(schema: &Map<String, Value>) -> String {
    format!(
        "\n\nAnswer with one JSON object and nothing else. Its fields:\n```json\n{}\n```",
        pretty(&Value::Object(schema.clone()))
    )
}

/// Asks again after an answer that could not be read.
pub(super) fn unreadable(schema: &Map<String, Value>, error: &str) -> String {
    format!(
        "Your last answer could not be read as JSON: {error}{}",
        shape(schema)
    )
}

/// Asks again after an answer of another shape.
pub(super) fn unfit(schema: &Map<String, Value>, error: &str) -> String {
    format!(
        "Your last answer does not have the fields that are needed: {error}\nGive plain values for scalar fields, not objects around them.{}",
        shape(schema)
    )
}

/// Says that an agent gave no answer, and why where that is known: agents may end a turn in which a tool was rejected.
pub(super) fn gave_up(step: &str, how: &str, denied: &[String]) -> String {
    let message = format!("the agent of `{step}` {how}");
    if denied.is_empty() {
        return message;
    }
    let denied: Vec<String> = denied.iter().map(|title| format!("`{title}`")).collect();
    format!(
        "{message} after it was not allowed to do what it asked for: {}; allow it, or tell the agent in the prompt to do without",
        denied.join(", ")
    )
}

/// What a second opinion found, after the step's prompt.
pub(super) fn feedback(issues: &[String]) -> String {
    let mut text = String::from(
        "\n\n## Validation feedback\nAn earlier answer of yours was turned down for these reasons; give a better one:",
    );
    for issue in issues {
        text.push_str("\n- ");
        text.push_str(issue);
    }
    text.push('\n');
    text
}

/// The judge's part.
pub(super) fn judge(criteria: &str) -> String {
    format!(
        "You judge the output of another agent by criteria that the author of a workflow wrote. Apply them strictly and add none of your own.\n\n--- CRITERIA ---\n{criteria}\n--- END CRITERIA ---\n\nSay whether every point is met. `passed` is true only then; otherwise `issues` names each thing to change."
    )
}

/// What the judge looks at. Long texts are cut.
pub(super) fn exhibit(step: &str, task: &str, output: &Value) -> String {
    const TASK: usize = 6_000;
    const OUTPUT: usize = 8_000;
    format!(
        "Agent: {step}\n\n--- TASK ---\n{}\n--- END TASK ---\n\n--- OUTPUT ---\n{}\n--- END OUTPUT ---\n",
        cut(task, TASK),
        cut(&pretty(output), OUTPUT)
    )
}

/// The part of the side call that decides whether to ask the person.
pub(super) fn doubt(trigger: &str) -> String {
    format!(
        "You decide whether a person should be asked something before another agent's output is taken. Ask when this holds:\n\n{trigger}\n\nIf so, `trigger` is true and `question` is the one question to ask."
    )
}

/// What the side call looks at.
pub(super) fn draft(step: &str, output: &Value, said: &[(String, String)]) -> String {
    const OUTPUT: usize = 4_000;
    format!(
        "Agent: {step}\n\n--- OUTPUT ---\n{}\n--- END OUTPUT ---\n{}",
        cut(&pretty(output), OUTPUT),
        transcript(said)
    )
}

/// What was asked and answered about the output.
pub(super) fn transcript(said: &[(String, String)]) -> String {
    if said.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n\n## Conversation about your earlier answer");
    for (question, answer) in said {
        text.push_str(&format!("\nAsked: {question}\nAnswered: {answer}"));
    }
    text.push('\n');
    text
}

fn cut(text: &str, chars: usize) -> String {
    let mut kept: String = text.chars().take(chars).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::gave_up;

    #[test]
    fn an_agent_that_gave_up_after_a_rejection_says_what_was_rejected_and_what_to_do() {
        assert_eq!(
            gave_up("a", "said nothing", &[]),
            "the agent of `a` said nothing"
        );
        let message = gave_up("a", "cancelled the turn", &["cargo build".to_owned()]);
        for part in ["`a` cancelled the turn", "`cargo build`", "allow it"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
