//! Whether a round ends the loop (specs/archon.md 4.5): the field of the
//! structured answer, then the signal, then the exit code of `until_bash`.
//! The first channel that fires decides; later ones are not looked at.

use fermata_expr::archon::signal;
use serde_json::Value;

use super::control::Control;

/// What a round's own output says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A channel fired.
    Done,
    /// No channel fired, and none is left.
    Goes,
    /// `until_bash` decides.
    AskBash,
}

/// Looks at the channels that need no process. The signal may be in each of the texts.
pub(crate) fn of<'t>(
    control: Control<'_>,
    mut texts: impl Iterator<Item = &'t str>,
    structured: Option<&Value>,
) -> Verdict {
    let field = control.until_field().is_some_and(|field| {
        structured.and_then(|value| value.get(field)) == Some(&Value::Bool(true))
    });
    if field
        || control
            .until()
            .is_some_and(|until| texts.any(|text| signal::given(text, until)))
    {
        Verdict::Done
    } else if control.until_bash().is_some() {
        Verdict::AskBash
    } else {
        Verdict::Goes
    }
}

/// The output as it is kept: without tags round the signal. What was structured is kept as it is.
pub(crate) fn cleaned(control: Control<'_>, output: &str) -> String {
    signal::strip(output, control.until())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::archon::node::Node;

    fn verdict(settings: Value, output: &str, structured: Option<Value>) -> Verdict {
        let node = json!({"id": "l", "kind": "loop", "loop": settings});
        of(
            Control::of(Node::of(&node)).unwrap(),
            [output].into_iter(),
            structured.as_ref(),
        )
    }

    #[test]
    fn the_field_decides_before_the_signal_and_the_signal_before_the_process() {
        let all = json!({"until": "DONE", "until_field": "ok", "until_bash": "true"});
        assert_eq!(
            verdict(all.clone(), "x", Some(json!({"ok": true}))),
            Verdict::Done
        );
        assert_eq!(
            verdict(all.clone(), "x DONE.", Some(json!({"ok": false}))),
            Verdict::Done
        );
        assert_eq!(
            verdict(all.clone(), "x", Some(json!({"ok": "true"}))),
            Verdict::AskBash
        );
        assert_eq!(
            verdict(json!({"until": "DONE"}), "UNDONE", None),
            Verdict::Goes
        );
    }
}
