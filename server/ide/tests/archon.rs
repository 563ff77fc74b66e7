//! The features on Archon files: text with a `$0` cursor in, answers out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on gives up")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_analysis::RuleSettings;
use fermata_ide::{
    AnswerFact, GateFact, RunFact, RunFacts, Snapshot, TokenKind, actions, completions, definition,
    graph, hover, inlays, is_taken, lenses, links, occurrences_at, rename_target, symbols, tokens,
};
use fermata_syntax::{Offset, Span};
use fermata_workflow::{Dialect, MemoryWorld, load_as};
use serde_json::json;

const PATH: &str = "/repo/.archon/workflows/ship.yaml";
const SHIP: &str = r#"name: ship
description: Plans, builds and ships
interactive: true
inputs:
  branch: {default: main, description: Where to start}
returns: review
nodes:
  - id: plan
    description: Writes the plan
    command: make-plan
  - id: review
    depends_on: [plan]
    prompt: Review $plan.output on $INPUTS.branch
    output_format: {type: object, properties: {verdict: {type: string, enum: [ok, bad]}, score: {type: number}}}
  - id: cycle
    depends_on: [review]
    when: "$review.output.verdict == 'bad' && $review.score < 80"
    loop_group:
      until: ALL_FINE_NOW
      max_iterations: 4
      nodes:
        - id: fix
          prompt: Fix by $review.output and $LOOP_PREV.test.output, then ALL_FINE_NOW.
        - id: test
          depends_on: [fix]
          bash: make test < $fix.output
          timeout: 300000
  - id: ask
    depends_on: [cycle]
    trigger_rule: all_done
    approval: {message: Ship it?, decisions: [{id: approve}, {id: wait}]}
  - id: ship
    depends_on: [ask]
    when: "$ask.output.decision == 'approve'"
    workflow: release
"#;

fn snapshot_with(text: &str, facts: RunFacts) -> Snapshot {
    let mut world = MemoryWorld::new();
    world
        .add_file(PATH, text)
        .add_file("/repo/.archon/commands/make-plan.md", "Plan it.")
        .add_file("/repo/.archon/scripts/stats.py", "print(1)")
        .add_file(
            "/repo/.archon/config.yaml",
            "aliases: {fast: {provider: claude, model: haiku}}\n",
        )
        .add_file(
            "/repo/.archon/workflows/release.yaml",
            "name: release\ndescription: d\nnodes:\n  - {id: a, bash: make release}\n",
        );
    let loaded = load_as(&world, Path::new(PATH), Dialect::Archon);
    let diagnostics = fermata_analysis::run(&loaded, &RuleSettings::new());
    Snapshot {
        loaded: Arc::new(loaded),
        diagnostics: Arc::new(diagnostics),
        facts: Arc::new(facts),
    }
}

/// The snapshot of the sample with `from` replaced by `to`, which holds the cursor.
fn at(from: &str, to: &str) -> (Snapshot, Offset) {
    assert!(SHIP.contains(from), "{from}");
    let text = SHIP.replacen(from, to, 1);
    let cursor = text.find("$0").expect("a cursor");
    let snapshot = snapshot_with(&text.replacen("$0", "", 1), RunFacts::default());
    (snapshot, Offset::try_from(cursor).unwrap())
}

fn text(snapshot: &Snapshot, span: Span) -> String {
    snapshot.tree().unwrap().text()[span].to_owned()
}

fn labels(from: &str, to: &str) -> Vec<String> {
    let (snapshot, offset) = at(from, to);
    completions(&snapshot, offset)
        .into_iter()
        .map(|c| c.label)
        .collect()
}

fn hovered(from: &str, to: &str) -> (String, String) {
    let (snapshot, offset) = at(from, to);
    let found = hover(&snapshot, offset).unwrap_or_else(|| panic!("nothing about {to}"));
    (text(&snapshot, found.span), found.markdown)
}

#[test]
fn the_sample_is_clean() {
    let snapshot = snapshot_with(SHIP, RunFacts::default());
    assert!(
        snapshot.diagnostics.is_empty(),
        "{:#?}",
        snapshot.diagnostics
    );
}

#[test]
fn a_node_is_found_in_dependencies_texts_conditions_and_what_is_returned() {
    let (snapshot, offset) = at("id: review", "id: rev$0iew");
    assert_eq!(rename_target(&snapshot, offset).unwrap().0, "review");
    let places: Vec<usize> = occurrences_at(&snapshot, offset)
        .iter()
        .map(|o| o.span.start().into())
        .collect();
    // Every time that the word stands there by itself, but for none.
    let written: Vec<usize> = SHIP.match_indices("review").map(|(at, _)| at).collect();
    assert_eq!(places, written);
    assert!(is_taken(&snapshot, offset, "fix"), "a body would see both");
    assert!(!is_taken(&snapshot, offset, "judge"));
}

#[test]
fn ids_of_bodies_are_renamed_inside_of_their_group_with_what_the_last_iteration_yielded() {
    let (snapshot, offset) = at("- id: test", "- id: te$0st");
    let found: Vec<String> = occurrences_at(&snapshot, offset)
        .iter()
        .map(|o| {
            let start = usize::from(o.span.start());
            snapshot.tree().unwrap().text()[start.saturating_sub(4)..start].to_owned()
        })
        .collect();
    assert_eq!(found, ["REV.", "id: "]);
}

#[test]
fn definitions_lead_to_ids_fields_and_inputs() {
    let place = |from: &str, to: &str| {
        let (snapshot, offset) = at(from, to);
        let span = definition(&snapshot, offset).unwrap_or_else(|| panic!("none for {to}"));
        let whole = snapshot.tree().unwrap().text().to_owned();
        whole[usize::from(span.start())..]
            .chars()
            .take(9)
            .collect::<String>()
    };
    assert_eq!(place("Review $plan", "Review $pl$0an"), "plan\n    ");
    assert_eq!(place("INPUTS.branch", "INPUTS.bra$0nch"), "branch: {");
    assert_eq!(
        place("$review.output.verdict", "$review.output.ver$0dict"),
        "verdict: "
    );
    assert_eq!(place("< $fix.output", "< $fi$0x.output"), "fix\n     ");
}

#[test]
fn commands_and_other_workflows_are_links_to_their_files() {
    let snapshot = snapshot_with(SHIP, RunFacts::default());
    let found: Vec<(String, PathBuf)> = links(&snapshot)
        .into_iter()
        .map(|l| (text(&snapshot, l.span), l.path))
        .collect();
    assert_eq!(
        found,
        [
            (
                "make-plan".to_owned(),
                "/repo/.archon/commands/make-plan.md".into()
            ),
            (
                "release".to_owned(),
                "/repo/.archon/workflows/release.yaml".into()
            ),
        ]
    );
}

#[test]
fn hover_says_what_a_reference_becomes_where_it_stands() {
    let (span, words) = hovered("< $fix.output", "< $fi$0x.output");
    assert_eq!(span, "$fix.output");
    assert!(words.contains("single quotes"), "{words}");
    let (_, words) = hovered("Review $plan.output", "Review $plan.out$0put");
    assert!(words.contains("put in as it is"), "{words}");
    let (_, words) = hovered("$review.output.verdict", "$review.output.verd$0ict");
    assert!(
        words.contains("`ok`") && words.contains("compared as text"),
        "{words}"
    );
    let (_, words) = hovered("$INPUTS.branch", "$INPUTS.bran$0ch");
    assert!(
        words.contains("Where to start") && words.contains("main"),
        "{words}"
    );
}

#[test]
fn hover_on_a_node_says_who_runs_it_and_how_often_it_is_tried() {
    let (span, words) = hovered("id: review", "id: rev$0iew");
    assert_eq!(span, "review");
    for part in [
        "prompt",
        "Waits for `plan`",
        "3 times",
        "provider `default`",
        "`verdict`",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let (_, words) = hovered(
        "id: review\n    depends_on: [plan]",
        "id: rev$0iew\n    retry: {max_attempts: 1, on_error: all}\n    depends_on: [plan]",
    );
    assert!(
        words.contains("up to 2 times on all but fatal errors"),
        "{words}"
    );
}

#[test]
fn hover_on_a_key_says_what_it_takes() {
    let (span, words) = hovered("max_iterations: 4", "max_iter$0ations: 4");
    assert_eq!(span, "max_iterations");
    assert!(
        words.starts_with("**max_iterations** · whole number above 0 · required"),
        "{words}"
    );
    let (_, words) = hovered("trigger_rule: all_done", "trigger_rule: all_$0done");
    assert!(words.contains("all_success, one_success"), "{words}");
}

#[test]
fn completion_offers_keys_that_have_an_effect_on_this_kind_of_node() {
    let found = labels("    description: Writes the plan\n", "    re$0\n");
    assert!(found.contains(&"retry".to_owned()), "{found:?}");
    assert!(!found.contains(&"runtime".to_owned()) && !found.contains(&"bash".to_owned()));
    assert!(
        !found.contains(&"command".to_owned()),
        "it stands there already"
    );
    let loops = labels("      max_iterations: 4\n", "      max$0\n");
    assert!(loops.contains(&"max_iterations".to_owned()), "{loops:?}");
    let top = labels("interactive: true\n", "inter$0\n");
    assert!(top.contains(&"interactive".to_owned()), "{top:?}");
}

#[test]
fn completion_offers_names_where_names_are_meant() {
    assert_eq!(labels("command: make-plan", "command: $0"), ["make-plan"]);
    assert_eq!(labels("workflow: release", "workflow: $0"), ["release"]);
    let ids = labels("depends_on: [ask]", "depends_on: [$0]");
    assert_eq!(ids, ["plan", "review", "cycle", "ask"]);
    let rules = labels("trigger_rule: all_done", "trigger_rule: $0");
    assert!(
        rules.contains(&"none_failed_min_one_success".to_owned()),
        "{rules:?}"
    );
    let models = labels("    description: Writes the plan\n", "    model: $0\n");
    assert_eq!(models, ["small", "medium", "large", "@fast"]);
}

#[test]
fn completion_follows_references_to_fields_and_inputs() {
    let roots = labels("Review $plan.output", "Review $$0");
    assert_eq!(roots[0], "plan", "what has run comes first: {roots:?}");
    assert!(roots.contains(&"INPUTS".to_owned()) && roots.contains(&"ARTIFACTS_DIR".to_owned()));
    assert_eq!(labels("$INPUTS.branch", "$INPUTS.$0"), ["branch"]);
    assert_eq!(
        labels("$review.output.verdict", "$review.output.$0"),
        ["verdict", "score"]
    );
    assert_eq!(
        labels("$ask.output.decision", "$ask.output.$0"),
        ["decision", "text"]
    );
}

#[test]
fn the_outline_has_bodies_below_their_group() {
    let snapshot = snapshot_with(SHIP, RunFacts::default());
    let all = symbols(&snapshot);
    let names: Vec<&str> = all.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["branch", "plan", "review", "cycle", "ask", "ship"]);
    let body: Vec<&str> = all[3].children.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(body, ["fix", "test"]);
}

#[test]
fn the_graph_shows_conditions_and_how_loops_end() {
    let snapshot = snapshot_with(SHIP, RunFacts::default());
    let drawn = graph(&snapshot.loaded);
    let edge = |from: &str, to: &str| drawn.edges.iter().find(|e| e.from == from && e.to == to);
    let into = edge("review", "cycle").expect("a dependency");
    assert!(into.when.as_deref().unwrap().contains("'bad'"));
    let round = edge("cycle", "cycle").expect("a loop");
    assert!(round.back && round.label.as_deref() == Some("until ALL_FINE_NOW, at most 4"));
    let cycle = drawn.nodes.iter().find(|n| n.id == "cycle").unwrap();
    assert_eq!(cycle.members, ["fix", "test"]);
}

#[test]
fn inlays_say_what_loops_and_times_come_to() {
    let snapshot = snapshot_with(SHIP, RunFacts::default());
    let whole = Span::new(Offset::new(0), Offset::try_from(SHIP.len()).unwrap());
    let found: Vec<String> = inlays(&snapshot, whole)
        .into_iter()
        .map(|i| i.label)
        .collect();
    assert!(found.contains(&"≤ 4 agent calls".to_owned()), "{found:?}");
    assert!(found.contains(&"5 min".to_owned()), "{found:?}");
    assert_eq!(
        found.iter().filter(|l| *l == "3 attempts").count(),
        3,
        "{found:?}"
    );
}

#[test]
fn tokens_tell_nodes_fields_operators_and_texts_apart() {
    let snapshot = snapshot_with(SHIP, RunFacts::default());
    let found: Vec<(String, TokenKind)> = tokens(&snapshot)
        .into_iter()
        .map(|t| (text(&snapshot, t.span), t.kind))
        .collect();
    for (word, kind) in [
        ("$plan", TokenKind::Step),
        ("branch", TokenKind::Field),
        ("verdict", TokenKind::Field),
        ("==", TokenKind::Operator),
        ("'bad'", TokenKind::Text),
        ("&&", TokenKind::Keyword),
        ("80", TokenKind::Number),
        ("$LOOP_PREV", TokenKind::Variable),
    ] {
        assert!(
            found.contains(&(word.to_owned(), kind)),
            "{word}: {found:?}"
        );
    }
}

#[test]
fn a_gate_inside_of_a_group_is_shown_at_its_node() {
    let gate = GateFact {
        gate: "g".into(),
        kind: "approval".into(),
        step: "fix".into(),
        prompt: "ok?".into(),
        count: None,
        answers: vec![AnswerFact {
            label: "Approve".into(),
            answer: json!({"kind": "approval", "decision": "approve"}),
            needs_text: false,
        }],
    };
    let facts = RunFacts {
        runs: vec![RunFact {
            run: "01".into(),
            short: "01".into(),
            status: "waiting".into(),
            cause: None,
            gates: vec![gate],
        }],
        ..RunFacts::default()
    };
    let snapshot = snapshot_with(SHIP, facts);
    let held = lenses(&snapshot)
        .into_iter()
        .find(|l| l.title.starts_with("held"))
        .unwrap();
    assert_eq!(text(&snapshot, held.span), "fix");
    let found = actions(&snapshot, Span::empty(held.span.start()));
    assert!(
        found.iter().any(|a| a.title.starts_with("Approve")),
        "{found:#?}"
    );
}

#[test]
fn features_answer_anywhere_in_a_file_that_is_being_typed() {
    for (cut, _) in SHIP.char_indices().step_by(7) {
        let snapshot = snapshot_with(&SHIP[..cut], RunFacts::default());
        let offset = Offset::try_from(cut).unwrap();
        let whole = Span::new(Offset::new(0), offset);
        let _ = (hover(&snapshot, offset), completions(&snapshot, offset));
        let _ = (
            definition(&snapshot, offset),
            occurrences_at(&snapshot, offset),
        );
        let inside = |span: Span| whole.contains_range(span);
        assert!(tokens(&snapshot).iter().all(|t| inside(t.span)));
        assert!(links(&snapshot).iter().all(|l| inside(l.span)));
        assert!(inlays(&snapshot, whole).iter().all(|i| i.at <= offset));
    }
}
