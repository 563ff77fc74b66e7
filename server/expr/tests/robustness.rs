//! Any text whatsoever is answered: no panic, no hang.

use fermata_expr::coerce::{self, OutputType};
use fermata_expr::{condition, extract, schema, template};
use proptest::prelude::*;
use serde_json::{Value, json};

fn context() -> Value {
    json!({"output": {"score": 7, "label": "ok", "items": [1, 2.5, null]}, "x": {"a": {"b": "c"}}, "n": 3})
}

/// Texts made of the pieces the languages are made of, which random characters rarely hit.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(words), 0..24).prop_map(|parts| parts.concat())
}

const TEMPLATE: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{%- ",
    " -%}",
    "{# ",
    " #}",
    "if ",
    "else",
    "endif",
    "for i in ",
    "endfor",
    "set ",
    "x",
    ".a",
    "['b']",
    "[0]",
    "[1:]",
    "| ",
    "upper",
    "join(',')",
    "map('abs')",
    "slice(",
    "n",
    ")",
    "(",
    "'",
    "\"",
    "\\",
    "=",
    "==",
    "<",
    "+",
    "**",
    "%",
    "~",
    "is ",
    "not ",
    "in ",
    "defined",
    "é",
    "\n",
    "{",
    "}",
    "-",
    "1",
    "2.5",
    "macro m(a)",
    "endmacro",
    "m(",
    "loop",
    "raw",
    "endraw",
    "wordwrap(3)",
    "urlize",
    "pprint",
    "center(9)",
    "format(",
];
const PLAIN: &[&str] = &[
    "score", "label", "items", " and ", " or ", " not ", " in ", " is ", "(", ")", "[", "]", "{",
    "}", ":", ",", ".", "1", "2.5", "0x", "1_0", "'a'", "\"", "f'{", "}'", "!r", ":>3", "\\", "+",
    "-", "*", "**", "//", "%", "<<", "==", "=", ":=", "<", ">=", "lambda ", " if ", " else ",
    " for ", "int(", "str(", "upper()", "\n", ";", "#", "é", "~", "None",
];

proptest! {
    #[test]
    fn any_text_is_answered_by_templates(text in "\\PC{0,60}") {
        let _ = template::parse(&text).map(|p| (p.references(), p.comparisons()));
        let _ = template::render(&text, &context());
    }

    #[test]
    fn template_pieces_are_answered_with_spans_inside_the_text(text in pieces(TEMPLATE)) {
        match template::parse(&text) {
            Ok(parsed) => for reference in parsed.references() {
                prop_assert!(text.get(reference.span.clone()).is_some());
                for segment in reference.path {
                    prop_assert!(text.get(segment.span).is_some());
                }
            },
            Err(error) => prop_assert!(text.get(error.span).is_some()),
        }
        if let Err(error) = template::render(&text, &context()) && let Some(span) = error.span {
            prop_assert!(text.get(span).is_some());
        }
    }

    #[test]
    fn any_text_is_answered_by_conditions(text in "\\PC{0,60}") {
        let _ = condition::parse(&text).map(|p| (p.references(), p.comparisons()));
        let _ = condition::evaluate(&text, &context());
    }

    #[test]
    fn condition_pieces_are_answered_with_spans_inside_the_text(text in pieces(PLAIN)) {
        match condition::parse(&text) {
            Ok(parsed) => for reference in parsed.references() {
                prop_assert!(text.get(reference.span.clone()).is_some());
            },
            Err(error) => prop_assert!(text.get(error.span).is_some()),
        }
        let _ = condition::evaluate(&text, &context());
    }

    #[test]
    fn any_text_is_coerced_or_refused(text in "[ \\t\\n\\[\\]{}:,'\"#&*!|>%@`0-9a-zA-Z.+_~-]{0,40}") {
        for name in ["auto", "string", "integer", "number", "boolean", "list", "dict"] {
            let wanted = OutputType::from_name(name).expect("a known name");
            let _ = coerce::set_coerce(&text, wanted);
        }
        let _ = coerce::duration(&Value::String(text.clone()));
        let _ = coerce::maybe_json(&Value::String(text.clone()));
        let _ = coerce::cli_coerce(&text);
        let _ = extract::whole_then_fences(&text);
        let _ = extract::fences_then_rest(&text);
    }

    #[test]
    fn any_pattern_is_searched_or_refused(pattern in "[ab()\\[\\]*+?^$|.\\\\dZz{}0-9]{0,16}", text in "[ab1\\n]{0,24}") {
        let fields = json!({"f": {"type": "string", "pattern": pattern}});
        let _ = schema::validate_output(&json!({"f": text}), &fields);
    }
}
