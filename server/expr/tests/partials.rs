//! Templates of prompt files that take in others. Rule 2 (`!file`) and 4.5.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use fermata_expr::template::{self, Partials};
use serde_json::json;

fn beside(files: &[(&str, &str)]) -> Partials {
    let files = files.iter();
    Partials::of(
        files
            .map(|(name, text)| ((*name).to_owned(), Ok((*text).to_owned())))
            .collect::<BTreeMap<_, _>>(),
    )
}

fn rendered(text: &str, files: &[(&str, &str)]) -> String {
    let context = json!({"who": "Bo", "names": ["a", "b"]});
    template::render_with(text, &context, &beside(files)).unwrap_or_else(|e| format!("! {e}"))
}

#[test]
fn an_include_sees_the_names_around_it_and_leaves_none_behind() {
    let part = ("part.md", "{% set x = 2 %}{{ who }}{{ n }}");
    assert_eq!(
        rendered(
            "{% for n in names %}{% include 'part.md' %} {% endfor %}{{ x is defined }}",
            &[part]
        ),
        "Boa Bob False"
    );
    assert_eq!(
        rendered(
            "{% set n = 1 %}{% include './part.md' without context %}",
            &[part]
        ),
        "! in `./part.md`: 'who' is undefined"
    );
}

#[test]
fn a_missing_include_fails_unless_it_may_be_missing() {
    let part = ("sub/b.md", "B");
    assert_eq!(rendered("{% include ['a.md', 'sub/b.md'] %}", &[part]), "B");
    assert_eq!(
        rendered("x{% include 'a.md' ignore missing %}", &[part]),
        "x"
    );
    assert!(rendered("{% include 'a.md' %}", &[part]).contains("`a.md`"));
    assert!(rendered("{% include '../a.md' %}", &[("../a.md", "no")]).starts_with('!'));
}

#[test]
fn macros_and_values_are_imported_by_name_or_as_a_module() {
    let part = (
        "m.md",
        "{% macro hi(x) %}Hi {{ x }}{% endmacro %}{% set five = 5 %}text",
    );
    assert_eq!(
        rendered(
            "{% import 'm.md' as m %}{{ m.hi(who) }} {{ m.five }}",
            &[part]
        ),
        "Hi Bo 5"
    );
    assert_eq!(
        rendered(
            "{% from 'm.md' import hi as hello, five %}{{ hello('y') }}{{ five }}",
            &[part]
        ),
        "Hi y5"
    );
    let shy = ("shy.md", "{% macro me() %}{{ who }}{% endmacro %}");
    assert!(rendered("{% from 'shy.md' import me %}{{ me() }}", &[shy]).contains("'who'"));
    assert_eq!(
        rendered(
            "{% from 'shy.md' import me with context %}{{ me() }}",
            &[shy]
        ),
        "Bo"
    );
}

#[test]
fn a_template_replaces_the_blocks_of_those_it_extends() {
    let base = (
        "base.md",
        "<{% block a %}A{% endblock %}|{% block b %}B{% endblock %}>",
    );
    let middle = (
        "middle.md",
        "{% extends 'base.md' %}lost{% block a %}[{{ super() }}]{% endblock %}",
    );
    assert_eq!(
        rendered(
            "{% extends 'middle.md' %}{% block a %}{{ who }}{{ super() }}{% endblock %}",
            &[base, middle]
        ),
        "<Bo[A]|B>"
    );
    assert_eq!(
        rendered(
            "{% extends 'base.md' %}{% set x = 1 %}{% block b %}{{ x }}{{ self.a() }}{% endblock %}",
            &[base]
        ),
        "<A|1A>"
    );
}

#[test]
fn templates_that_take_in_themselves_come_to_an_end() {
    let around = ("a.md", "{% include 'a.md' %}");
    assert!(rendered("{% include 'a.md' %}", &[around]).starts_with('!'));
    let around = ("a.md", "{% extends 'a.md' %}");
    assert!(rendered("{% extends 'a.md' %}", &[around]).starts_with('!'));
}

#[test]
fn a_text_that_is_no_file_takes_in_nothing() {
    let error = template::render("{% include 'a.md' %}", &json!({})).unwrap_err();
    assert!(error.message.contains("comes from a file"), "{error}");
}
