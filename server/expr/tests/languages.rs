//! The rules of both languages, one by one, in our own examples.

use fermata_expr::coerce::{self, OutputType};
use fermata_expr::{EvalErrorKind, Operator, condition, extract, schema, template};
use serde_json::{Value, json};

fn context() -> Value {
    json!({
        "draft": {"output": {"score": 4, "title": "On Rests", "tags": ["a", "b"]}},
        "output": {"approved": true, "score": 8.5, "note": null, "items": {"items": "key"}},
        "context": {"iteration": 2, "history": ["draft"]},
    })
}

fn render(source: &str) -> String {
    template::render(source, &context()).unwrap_or_else(|e| panic!("{source}: {e}"))
}

fn decides(when: &str) -> bool {
    condition::evaluate(when, &context()).unwrap_or_else(|e| panic!("{when}: {e}"))
}

fn refuses(when: &str) -> EvalErrorKind {
    condition::evaluate(when, &context())
        .expect_err("an error")
        .kind
}

#[test]
fn values_are_spelled_as_python_spells_them() {
    assert_eq!(
        render("{{ output.approved }} {{ output.note }} {{ draft.output.tags }}"),
        "True None ['a', 'b']"
    );
    assert_eq!(
        render("{{ 1e16 }} {{ 0.0001 }} {{ 1e-5 }} {{ 10 / 4 }} {{ (1,) }}"),
        "1e+16 0.0001 1e-05 2.5 (1,)"
    );
}

#[test]
fn texts_are_cut_wrapped_and_formatted_as_python_does() {
    assert_eq!(
        render("{{ '  x y '.split(none, 1) }} {{ ' x y '.rsplit(none, 1) }}"),
        "['x', 'y '] [' x', 'y']"
    );
    assert_eq!(
        render("{{ 'ab cdefgh' | wordwrap(3, wrapstring='/') }}"),
        "ab /cde/fgh"
    );
    assert_eq!(render("{{ 'a%%' % [1] }} {{ 'ﬁ ß'.title() }}"), "a% Fi Ss");
}

#[test]
fn a_filter_block_gives_a_text_and_numbers_have_one_spelling() {
    for refused in [
        "{% filter length %}a{% endfilter %}",
        "{{ 1. }}",
        "{{ 01 }}",
        "{{ 1__0 }}",
    ] {
        template::render(refused, &context()).expect_err(refused);
    }
    assert_eq!(render("{{ 1_0 }} {{ 0 }} {{ 00 }} {{ 0.5 }}"), "10 0 0 0.5");
}

#[test]
fn keys_win_over_methods() {
    assert_eq!(render("{{ output.items.items }}"), "key");
    assert_eq!(
        render("{% for k, v in draft.items() %}{{ k }}{% endfor %}"),
        "output"
    );
}

#[test]
fn default_replaces_null_but_its_alias_does_not() {
    assert_eq!(
        render("{{ output.note | default('n') }} {{ output.note | d('n') }}"),
        "n None"
    );
    assert_eq!(
        template::render("{{ a.b.c | default(1) }}", &json!({"a": {}}))
            .expect_err("a is empty")
            .kind,
        EvalErrorKind::Undefined
    );
}

#[test]
fn a_missing_name_is_an_error_with_its_place() {
    let error = template::render("Say {{ greeting }}!", &context()).expect_err("no greeting");
    assert_eq!(
        (error.kind, error.span, error.names),
        (
            EvalErrorKind::Undefined,
            Some(7..15),
            vec!["greeting".to_owned()]
        )
    );
}

#[test]
fn an_inline_if_without_else_reads_as_nothing() {
    assert_eq!(render("[{{ 'x' if context.iteration > 9 }}]"), "[]");
}

#[test]
fn types_without_an_order_are_not_compared() {
    assert_eq!(
        template::render("{{ 'a' < 1 }}", &context())
            .expect_err("no order")
            .kind,
        EvalErrorKind::Type
    );
}

#[test]
fn the_trailing_line_break_stays() {
    assert_eq!(render("done\n"), "done\n");
}

#[test]
fn an_unknown_filter_counts_where_it_can_be_reached() {
    assert!(template::parse("{{ a | shout }}").is_err());
    assert_eq!(render("{% if false %}{{ 1 | shout }}{% endif %}ok"), "ok");
}

#[test]
fn tojson_sorts_and_escapes_while_json_does_neither() {
    let context = json!({"v": {"b": "<", "a": 1}});
    assert_eq!(
        template::render("{{ v | tojson }}", &context).expect("renders"),
        r#"{"a": 1, "b": "\u003c"}"#
    );
    assert_eq!(
        template::render("{{ v | json(none) }}", &context).expect("renders"),
        r#"{"b": "<", "a": 1}"#
    );
}

#[test]
fn a_rendered_condition_is_true_unless_it_says_no() {
    for (when, expected) in [
        ("{{ output.approved }}", true),
        ("{{ ' No ' }}", false),
        ("{{ '' }}", false),
        ("{{ 0 }}", false),
        ("{{ 'off' }}", true),
        ("{{ [] }}", true),
        ("{{ none }}", true),
        ("{{ output.score }} > 99", true),
    ] {
        assert_eq!(decides(when), expected, "{when}");
    }
}

#[test]
fn plain_conditions_see_flattened_names() {
    assert!(decides(
        "draft_output.score == 4 and output_approved and approved"
    ));
    assert!(decides("context_iteration < 3"));
    assert_eq!(refuses("output.approved"), EvalErrorKind::Undefined);
    assert_eq!(refuses("draft.output.score > 1"), EvalErrorKind::Undefined);
}

#[test]
fn a_scalar_output_keeps_its_name() {
    assert!(condition::evaluate("output == 'done'", &json!({"output": "done"})).expect("decides"));
}

#[test]
fn plain_conditions_are_lazy_about_what_is_not_available() {
    assert!(decides("True or [1]"));
    assert_eq!(refuses("False or [1]"), EvalErrorKind::Unsupported);
    assert_eq!(refuses("len(draft_output) > 1"), EvalErrorKind::Undefined);
    assert_eq!(refuses("score > 'a'"), EvalErrorKind::Type);
    assert_eq!(refuses("score > > 1"), EvalErrorKind::Syntax);
    assert_eq!(refuses("  "), EvalErrorKind::Syntax);
}

#[test]
fn python_rules_hold_in_plain_conditions() {
    assert!(decides("1 < 2 < 3 and not 1 < 3 < 2"));
    assert!(decides("-7 // 2 == -4 and -7 % 3 == 2 and 2 ** -1 == 0.5"));
    assert!(decides("f'{score:.2f}' == '8.50'"));
    assert!(decides(
        "draft_output.title[::-1][0] == 's' if approved else False"
    ));
    assert!(decides("score = 1"));
}

#[test]
fn the_first_route_that_holds_is_taken() {
    let routes = [
        json!({"to": "fix", "when": "score < 5"}),
        json!({"to": "$end", "output": {"s": "{{ output.score }}"}}),
    ];
    let chosen =
        condition::choose_route(&routes, &json!({"score": 6}), &json!({})).expect("a route");
    assert_eq!((chosen.index, chosen.target.as_str()), (1, "$end"));
    assert_eq!(chosen.transform.map(Value::Object), Some(json!({"s": "6"})));
    let none = condition::choose_route(&routes[..1], &json!({"score": 6}), &json!({}))
        .expect_err("no route");
    assert_eq!(none.kind, EvalErrorKind::Unmatched);
}

#[test]
fn references_carry_spans_and_leave_locals_out() {
    let source = "{% for t in draft.output.tags %}{{ t }}{{ loop.index }}{% endfor %}{{ output['score'] | default(1) }}{{ a.b is defined }}";
    let found = template::parse(source).expect("parses").references();
    let texts: Vec<&str> = found.iter().map(|r| &source[r.span.clone()]).collect();
    assert_eq!(texts, ["draft.output.tags", "output['score']", "a.b"]);
    assert_eq!(&source[found[1].path[1].span.clone()], "score");
    assert!(found[1].default && found[2].defined_test);
}

#[test]
fn comparisons_are_found_in_both_languages() {
    for when in ["{{ 8 <= output.score }}", "output_score >= 8"] {
        let found = condition::parse(when).expect("parses").comparisons();
        assert_eq!(found.len(), 1, "{when}");
        assert_eq!(
            (found[0].operator, &found[0].constant),
            (Operator::GreaterOrEqual, &json!(8))
        );
        assert_eq!(&when[found[0].constant_span.clone()], "8");
    }
    let found = condition::parse("not approved")
        .expect("parses")
        .comparisons();
    assert_eq!(
        (found[0].operator, &found[0].constant),
        (Operator::Holds, &json!(false))
    );
}

#[test]
fn set_values_read_as_yaml_unless_a_type_is_asked() {
    let auto = |text| coerce::set_coerce(text, OutputType::Auto).expect("reads");
    assert_eq!(auto("007"), json!(7));
    assert_eq!(auto("on"), json!("on"));
    assert_eq!(auto("x: [1, 2.0]"), json!({"x": [1, 2.0]}));
    assert_eq!(auto("k: 1\nk: 2"), json!("k: 1\nk: 2"));
    assert_eq!(auto("2031-12-24"), json!("2031-12-24"));
    assert_eq!(
        coerce::set_coerce(" On ", OutputType::Boolean).expect("reads"),
        json!(true)
    );
    assert!(coerce::set_coerce("7", OutputType::List).is_err());
}

#[test]
fn durations_are_seconds() {
    assert_eq!(coerce::duration(&json!("1.5h")).expect("reads"), 5400.0);
    assert_eq!(coerce::duration(&json!(2)).expect("reads"), 2.0);
    assert!(coerce::duration(&json!("1h30m")).is_err());
    assert!(coerce::duration(&json!(true)).is_err());
}

#[test]
fn outputs_and_command_line_inputs_differ_in_their_words() {
    assert_eq!(coerce::maybe_json(&json!("True")), json!(true));
    assert_eq!(coerce::maybe_json(&json!("TRUE")), json!("TRUE"));
    assert_eq!(coerce::cli_coerce("TRUE"), json!(true));
    assert_eq!(coerce::cli_coerce("\"q\""), json!("\"q\""));
}

#[test]
fn answers_are_unwrapped_only_at_the_root_and_only_when_unambiguous() {
    let fields = json!({"n": {"type": "number"}});
    assert_eq!(
        extract::checked(r#"{"n": {"result": 3}}"#, &fields).expect("fits"),
        json!({"n": 3})
    );
    assert_eq!(
        extract::checked(r#"{"n": {"result": 3, "why": "x"}}"#, &fields).expect("one fits"),
        json!({"n": 3})
    );
    assert!(extract::checked(r#"{"n": {"result": 3, "value": 4}}"#, &fields).is_err());
}

#[test]
fn a_number_that_is_none_does_not_slip_past_its_bounds() {
    let fields = json!({"n": {"type": "number", "minimum": 1}});
    let error = schema::validate_output(&json!({"n": {"__float__": "nan"}}), &fields)
        .expect_err("no number");
    assert!(error.message.contains("finite"), "{error}");
}

#[test]
fn a_dollar_also_stands_before_the_last_line_break() {
    let fields = json!({"s": {"type": "string", "pattern": "^ab$"}});
    assert!(schema::validate_output(&json!({"s": "ab\n"}), &fields).is_ok());
    assert!(schema::validate_output(&json!({"s": "ab\nc"}), &fields).is_err());
}
