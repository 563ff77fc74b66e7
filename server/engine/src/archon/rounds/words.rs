//! What people read at the gates of a loop.

use super::control::Control;

/// Characters of a round's output that a gate shows.
const EXCERPT: usize = 500;

/// The text of an interactive loop's gate: where it stands, what the round said, and the author's question.
pub(crate) fn gate(control: Control<'_>, round: u64, max: u64, done: bool, output: &str) -> String {
    let mut text = status(control, round, max, done);
    let excerpt = quoted(output);
    if !excerpt.is_empty() {
        text.push_str("\n\n");
        text.push_str(&excerpt);
    }
    text.push_str("\n\n");
    text.push_str(control.gate_message());
    text
}

/// Which channels there are, and whether one fired.
pub(crate) fn status(control: Control<'_>, round: u64, max: u64, done: bool) -> String {
    let mut channels = Vec::new();
    if let Some(field) = control.until_field() {
        channels.push(format!("`{field}` is true"));
    }
    if let Some(until) = control.until() {
        channels.push(format!("the signal `{until}` is given"));
    }
    if control.until_bash().is_some() {
        channels.push("`until_bash` succeeds".to_owned());
    }
    let ends = format!("it ends when {}", channels.join(" or "));
    if done {
        format!("Round {round} of {max} says that the work is done ({ends}).")
    } else {
        format!("Round {round} of {max} does not say that the work is done yet ({ends}).")
    }
}

/// The beginning of an output, as a quotation.
pub(crate) fn quoted(output: &str) -> String {
    let trimmed = output.trim();
    let mut excerpt: String = trimmed.chars().take(EXCERPT).collect();
    if excerpt.len() < trimmed.len() {
        excerpt.push('…');
    }
    excerpt
        .lines()
        .map(|line| {
            if line.is_empty() {
                ">".to_owned()
            } else {
                format!("> {line}")
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::archon::node::Node;

    #[test]
    fn a_gate_says_where_the_loop_stands_quotes_the_round_and_ends_with_the_question() {
        let node = json!({"id": "l", "loop": {"until": "OK", "gate_message": "Ship $x.output?"}});
        let text = gate(
            Control::of(Node::of(&node)).unwrap(),
            2,
            5,
            false,
            &"ab\n\n".repeat(400),
        );
        assert!(text.starts_with("Round 2 of 5 does not say"), "{text}");
        assert!(
            text.contains("`OK`") && text.contains("\n> ab\n>\n> ab"),
            "{text}"
        );
        assert!(text.ends_with("…\n\nShip $x.output?"), "{text}");
        assert!(text.len() < 1200);
    }
}
