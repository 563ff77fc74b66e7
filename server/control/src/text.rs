//! Texts of the choice: the preview of a prompt, and a message quoted for a shell.

/// Characters of a preview before the ellipsis.
const PREVIEW: usize = 160;

/// A message as a preview: white space folded, cut at 160 characters with `…`, `(no message)` where there is none.
#[must_use]
pub fn preview(message: Option<&str>) -> String {
    let folded = message
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if folded.is_empty() {
        return "(no message)".to_owned();
    }
    let mut characters = folded.chars();
    let mut cut: String = characters.by_ref().take(PREVIEW).collect();
    if characters.next().is_some() {
        cut.push('…');
    }
    cut
}

/// A message in double quotes for a suggested command: `\`, `"`, backtick and `$` escaped.
pub(crate) fn quote(message: &str) -> String {
    let mut quoted = String::with_capacity(message.len() + 2);
    quoted.push('"');
    for character in message.chars() {
        if matches!(character, '\\' | '"' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_folds_white_space_and_is_cut_at_160_characters() {
        assert_eq!(preview(Some("  a\n\tb  ")), "a b");
        assert_eq!(preview(Some("é".repeat(160).as_str())), "é".repeat(160));
        let cut = preview(Some("é".repeat(161).as_str()));
        assert_eq!(cut, format!("{}…", "é".repeat(160)));
        assert_eq!(preview(None), "(no message)");
        assert_eq!(preview(Some(" \n ")), "(no message)");
    }

    #[test]
    fn suggested_commands_escape_backslash_quote_and_backtick() {
        assert_eq!(
            quote(r#"fix \ path "quoted" `tick`"#),
            r#""fix \\ path \"quoted\" \`tick\`""#
        );
    }
}
