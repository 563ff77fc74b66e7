//! Texts that would never end, or fill the memory, end with an error that says why.

use fermata_expr::{EvalErrorKind, condition, schema, template};
use serde_json::{Value, json};

fn render_kind(source: &str) -> EvalErrorKind {
    template::render(source, &json!({"word": "abc", "list": [1, 2, 3]}))
        .expect_err("a bound is reached")
        .kind
}

fn decide_kind(when: &str) -> EvalErrorKind {
    condition::evaluate(when, &json!({"output": {"n": 3}}))
        .expect_err("a bound is reached")
        .kind
}

#[test]
fn a_loop_over_a_huge_range_runs_out_of_steps() {
    assert_eq!(
        render_kind(
            "{% for a in range(999999) %}{% for b in range(999999) %}x{% endfor %}{% endfor %}"
        ),
        EvalErrorKind::Limit
    );
    assert_eq!(
        render_kind("{{ range(10 ** 12) | list }}"),
        EvalErrorKind::Limit
    );
}

#[test]
fn a_macro_that_calls_itself_is_stopped_by_depth() {
    assert_eq!(
        render_kind("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        EvalErrorKind::Limit
    );
}

#[test]
fn a_text_that_repeats_itself_without_end_is_not_built() {
    assert_eq!(render_kind("{{ 'x' * 10 ** 9 }}"), EvalErrorKind::Limit);
    assert_eq!(
        render_kind("{{ '%999999999d' | format(1) }}"),
        EvalErrorKind::Limit
    );
    assert_eq!(
        render_kind("{{ word.center(10 ** 12) }}"),
        EvalErrorKind::Limit
    );
    assert_eq!(
        render_kind(
            "{% set ns = namespace(t='xx') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}"
        ),
        EvalErrorKind::Limit
    );
}

#[test]
fn a_tower_of_powers_is_refused_in_both_languages() {
    assert_eq!(decide_kind("9**9**9"), EvalErrorKind::Limit);
    assert_eq!(decide_kind("4000000**4000000 > 1"), EvalErrorKind::Limit);
    assert_eq!(decide_kind("1 << 100000"), EvalErrorKind::Limit);
    assert_eq!(decide_kind("'x' * 10000000 == ''"), EvalErrorKind::Limit);
    assert_eq!(render_kind("{{ 9 ** (9 ** 9) }}"), EvalErrorKind::Limit);
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let open = "(".repeat(50_000);
    assert!(condition::parse(&open).is_err());
    assert!(condition::parse(&format!("{}1", "not ".repeat(50_000))).is_err());
    assert!(condition::parse(&format!("{}1", "-".repeat(50_000))).is_err());
    assert!(condition::parse(&"1+".repeat(50_000)).is_err());
    assert!(template::parse(&format!("{{{{ {open} }}}}")).is_err());
    assert!(template::parse(&format!("{{{{ {}1 }}}}", "1+".repeat(50_000))).is_err());
    assert!(template::parse(&"{% if a %}".repeat(5_000)).is_err());
}

#[test]
fn a_catastrophic_pattern_ends_with_an_error_that_names_the_field() {
    let fields = json!({"code": {"type": "string", "pattern": "^(?:(a+)+)(?<!b)\\1$"}});
    let error = schema::validate_output(&json!({"code": "a".repeat(60) + "!"}), &fields)
        .expect_err("too long");
    assert_eq!(error.kind, EvalErrorKind::Limit);
    assert_eq!(error.names, ["code"]);
}

#[test]
fn an_unreadable_pattern_is_the_fields_error() {
    let fields = json!({"code": {"type": "string", "pattern": "["}});
    let error = schema::validate_output(&json!({"code": "a"}), &fields).expect_err("no pattern");
    assert!(error.message.contains("code"), "{error}");
}

#[test]
fn a_schema_nested_without_end_is_refused() {
    let mut field = json!({"type": "array"});
    let mut value = Value::Array(Vec::new());
    for _ in 0..120 {
        field = json!({"type": "array", "items": field});
        value = json!([value]);
    }
    let error =
        schema::validate_output(&json!({"f": value}), &json!({"f": field})).expect_err("too deep");
    assert_eq!(error.kind, EvalErrorKind::Limit);
}
