//! Prompts: what agents are asked, and when they are asked again.

use fermata_engine::state::NodeState;
use serde_json::{Map, json};

use crate::run::{Run, workflow};

#[test]
fn a_prompt_is_rendered_once_and_what_is_inserted_stays_as_it_is() {
    let mut run = Run::asked(
        &workflow(
            "  - {id: a, prompt: 'Do $ARGUMENTS.', systemPrompt: 'Run $WORKFLOW_ID', model: large, allowed_tools: [Read]}
  - {id: b, depends_on: [a], prompt: 'After <$a.output>'}
",
        ),
        Some("it with $a.output"),
        Map::new(),
    );
    let call = run.prompt("a");
    assert_eq!(call.prompt, "Do it with $a.output.");
    assert_eq!(call.system_prompt.as_deref(), Some("Run r1"));
    assert_eq!(call.model.as_deref(), Some("opus"));
    assert_eq!(call.provider.as_deref(), Some("claude"));
    assert_eq!(call.tools, Some(vec!["Read".to_owned()]));
    run.speaks("a", json!("$ARGUMENTS"));
    assert_eq!(run.prompt("b").prompt, "After <$ARGUMENTS>");
}

#[test]
fn a_command_is_its_file_with_its_own_bindings() {
    let run = Run::of(
        &[
            (
                ".archon/workflows/main.yaml",
                workflow(
                    "  - {id: a, command: fix, with: {who: ada}}\n  - {id: b, command: none}\n",
                )
                .as_str(),
            ),
            (".archon/commands/fix.md", "Fix it for $INPUTS.who\n"),
        ],
        None,
        Map::new(),
    );
    assert_eq!(run.prompt("a").prompt, "Fix it for ada\n");
    assert_eq!(run.error_of("b"), "not-found");
}

#[test]
fn a_structured_answer_is_read_by_field_and_written_as_canonical_json() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: p, output_format: {type: object, properties: {kind: {type: string}}, required: [kind]}}
  - {id: b, depends_on: [a], prompt: '$a.output.kind of $a.output'}
",
    ));
    let rule = run.prompt("a").text.unwrap();
    assert!(rule.schema.is_some() && rule.strict);
    run.speaks("a", json!({"kind": "x"}));
    assert_eq!(run.prompt("b").prompt, "x of {\"kind\":\"x\"}");
}

#[test]
fn transient_failures_are_tried_again_twice_with_growing_delays_and_unknown_ones_are_not() {
    let mut run = Run::new(&workflow(
        "  - {id: t, prompt: t}\n  - {id: u, prompt: u}\n  - {id: f, prompt: f}\n  - {id: e, prompt: e, retry: {max_attempts: 1, on_error: all}}\n",
    ));
    run.fails("u", "provider", "something odd");
    run.fails("f", "provider", "401 unauthorized");
    assert_eq!(run.state_of("u"), NodeState::Failed);
    assert_eq!(run.state_of("f"), NodeState::Failed);
    run.fails("e", "empty-output", "said nothing");
    assert_eq!(run.state_of("e"), NodeState::Pending);
    for delay in [3_000, 6_000] {
        run.fails("t", "provider", "429 too many requests");
        assert_eq!(run.state_of("t"), NodeState::Pending);
        run.now += delay - 1;
        run.advance();
        assert!(!run.under_way().contains(&"t"));
        run.now += 1;
        run.advance();
        assert!(run.under_way().contains(&"t"));
    }
    run.fails("t", "provider", "429 too many requests");
    assert_eq!(run.state_of("t"), NodeState::Failed);
}

#[test]
fn a_tier_an_alias_and_an_unknown_alias_are_told_apart() {
    let run = Run::of(
        &[
            (
                ".archon/workflows/main.yaml",
                workflow("  - {id: a, prompt: a, model: small}\n  - {id: b, prompt: b, model: '@quick'}\n  - {id: c, prompt: c, model: exact-name}\n").as_str(),
            ),
            (
                ".archon/config.yaml",
                "tiers: {medium: {provider: codex, model: m1, effort: low}}\naliases: {quick: {provider: pi, model: q1}}\n",
            ),
        ],
        None,
        Map::new(),
    );
    let of = |id: &str| {
        let call = run.prompt(id);
        (call.provider.unwrap(), call.model.unwrap(), call.effort)
    };
    assert_eq!(
        of("a"),
        ("codex".to_owned(), "m1".to_owned(), Some("low".to_owned()))
    );
    assert_eq!(of("b"), ("pi".to_owned(), "q1".to_owned(), None));
    assert_eq!(
        of("c"),
        ("claude".to_owned(), "exact-name".to_owned(), None)
    );
}

#[test]
fn the_agents_that_a_prompt_may_call_in_are_told_what_the_prompt_is_told() {
    let mut run = Run::asked(
        &workflow(
            "  - {id: a, bash: a}
  - {id: b, depends_on: [a], prompt: p, agents: {critic: {description: 'of $a.output', prompt: 'read $ARGUMENTS', model: haiku}}}
",
        ),
        Some("this"),
        serde_json::Map::new(),
    );
    run.says("a", "A");
    let agents = run.prompt("b").settings["agents"].clone();
    let told = json!({"critic": {"description": "of A", "prompt": "read this", "model": "haiku"}});
    assert_eq!(agents, told);
}
