//! Editor features through their only door: text with a `$0` cursor in, answers out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on gives up")]

use std::path::PathBuf;
use std::sync::Arc;

use fermata_analysis::RuleSettings;
use fermata_ide::{
    Act, ActionKind, AnswerFact, GateFact, RunFact, RunFacts, Snapshot, StartFact, actions,
    completions, definition, folds, graph, hover, lenses, links, occurrences, rename_target,
    symbols,
};
use fermata_syntax::{Offset, Span};
use fermata_workflow::{Dialect, MemoryWorld, load_as};
use serde_json::json;

const LOOP: &str = r#"workflow:
  name: design
  entry_point: architect
  input:
    task: {type: string}
agents:
  - name: architect
    description: Writes the design
    prompt: Design {{ workflow.input.task }} {{ reviewer.output.feedback }}
    routes:
      - to: reviewer
  - name: reviewer
    prompt: Review {{ architect.output.result }}
    output:
      approved: {type: boolean}
      feedback: {type: string}
    routes:
      - to: $end
        when: "{{ output.approved }}"
      - to: architect
"#;

fn snapshot_with(text: &str, facts: RunFacts) -> Snapshot {
    let path = PathBuf::from("/work/design.yaml");
    let mut world = MemoryWorld::new();
    world.add_file(&path, text);
    let loaded = load_as(&world, &path, Dialect::Conductor);
    let diagnostics = fermata_analysis::run(&loaded, &RuleSettings::new());
    Snapshot {
        loaded: Arc::new(loaded),
        diagnostics: Arc::new(diagnostics),
        facts: Arc::new(facts),
    }
}

/// The snapshot of a text without its cursor, and where the cursor was.
fn at(text: &str) -> (Snapshot, Offset) {
    let cursor = text.find("$0").expect("a cursor");
    let snapshot = snapshot_with(&text.replace("$0", ""), RunFacts::default());
    (snapshot, Offset::try_from(cursor).unwrap())
}

fn labels(text: &str) -> Vec<String> {
    let (snapshot, offset) = at(text);
    completions(&snapshot, offset)
        .into_iter()
        .map(|found| found.label)
        .collect()
}

fn text(snapshot: &Snapshot, span: Span) -> String {
    snapshot.tree().unwrap().text()[span].to_owned()
}

fn held() -> RunFacts {
    let answer = |n: u64| AnswerFact {
        label: format!("Continue with {n} more"),
        answer: json!({"kind": "iteration_limit", "do": "continue", "n": n}),
        needs_text: false,
    };
    let gate = GateFact {
        gate: "g1".into(),
        kind: "iteration_limit".into(),
        step: "reviewer".into(),
        prompt: "used 20 of 20".into(),
        count: Some((20, 20)),
        answers: vec![
            answer(1),
            AnswerFact {
                label: "Say why".into(),
                answer: json!({}),
                needs_text: true,
            },
        ],
    };
    RunFacts {
        runs: vec![RunFact {
            run: "01abcdefgh".into(),
            short: "abcdefgh".into(),
            status: "waiting".into(),
            cause: None,
            gates: vec![gate],
        }],
        times: Vec::new(),
        starts: vec![StartFact {
            start: "s1".into(),
            prior: Some("abcdefgh".into()),
            changes: 0,
            status: "waiting".into(),
            message: "the old words".into(),
        }],
        scripted: true,
        trusted: true,
    }
}

#[test]
fn hover_on_a_key_says_what_it_takes_and_means() {
    let (snapshot, offset) = at(&LOOP.replace("entry_point: arch", "entry_p$0oint: arch"));
    let found = hover(&snapshot, offset).unwrap();
    assert_eq!(text(&snapshot, found.span), "entry_point");
    assert!(
        found
            .markdown
            .starts_with("**entry_point** · text · required"),
        "{}",
        found.markdown
    );
}

#[test]
fn hover_on_a_step_says_its_kind_fields_and_loop() {
    let (snapshot, offset) = at(&LOOP.replace("- to: reviewer", "- to: rev$0iewer"));
    let found = hover(&snapshot, offset).unwrap();
    assert_eq!(text(&snapshot, found.span), "reviewer");
    for part in [
        "**reviewer** · agent",
        "`approved` (boolean)",
        "architect → reviewer → architect",
        "about 5 rounds",
    ] {
        assert!(
            found.markdown.contains(part),
            "{part} is missing in {}",
            found.markdown
        );
    }
}

#[test]
fn completion_offers_the_keys_of_this_kind_of_step_and_none_that_stand_there() {
    let found = labels(&LOOP.replace("    description: Writes the design\n", "    desc$0\n"));
    assert!(found.contains(&"description".to_owned()), "{found:?}");
    assert!(found.contains(&"system_prompt".to_owned()));
    assert!(
        !found.contains(&"duration".to_owned()),
        "that is a wait step's"
    );
    assert!(
        !found.contains(&"prompt".to_owned()),
        "it stands there already: {found:?}"
    );
}

#[test]
fn completion_offers_steps_and_the_end_as_route_targets_also_while_the_value_is_empty() {
    for route in ["- to: rev$0", "- to: $0"] {
        let found = labels(&LOOP.replace("- to: reviewer", route));
        assert_eq!(found, ["architect", "reviewer", "$end"], "{route}");
    }
}

#[test]
fn completion_offers_the_words_of_a_closed_list() {
    let found = labels(&LOOP.replace("    description: Writes the design\n", "    type: s$0\n"));
    assert!(
        found.contains(&"script".to_owned()) && found.contains(&"set".to_owned()),
        "{found:?}"
    );
}

#[test]
fn completion_inside_braces_follows_names_to_inputs_and_output_fields() {
    assert_eq!(
        labels(&LOOP.replace("workflow.input.task", "workflow.input.$0")),
        ["task"]
    );
    assert_eq!(
        labels(&LOOP.replace("reviewer.output.feedback", "reviewer.output.$0")),
        ["approved", "feedback"]
    );
    let names = labels(&LOOP.replace("workflow.input.task", "$0"));
    assert!(
        ["architect", "reviewer", "workflow", "context"]
            .iter()
            .all(|name| names.contains(&(*name).to_owned())),
        "{names:?}"
    );
}

#[test]
fn definition_of_a_route_target_is_the_steps_name() {
    let (snapshot, offset) = at(&LOOP.replace("- to: architect", "- to: archi$0tect"));
    let span = definition(&snapshot, offset).unwrap();
    assert_eq!(
        usize::from(span.start()),
        LOOP.find("name: architect").unwrap() + 6
    );
}

#[test]
fn a_step_is_found_in_routes_templates_and_the_entry_point() {
    let snapshot = snapshot_with(LOOP, RunFacts::default());
    let places: Vec<usize> = occurrences(&snapshot, "architect")
        .iter()
        .map(|o| o.span.start().into())
        .collect();
    let written: Vec<usize> = LOOP.match_indices("architect").map(|(at, _)| at).collect();
    assert_eq!(places, written);
    let (snapshot, offset) = at(&LOOP.replace("{{ architect.output", "{{ archi$0tect.output"));
    assert_eq!(rename_target(&snapshot, offset).unwrap().0, "architect");
}

#[test]
fn the_outline_has_inputs_and_steps() {
    let snapshot = snapshot_with(LOOP, RunFacts::default());
    let names: Vec<String> = symbols(&snapshot)
        .into_iter()
        .map(|s| format!("{} {}", s.detail, s.name))
        .collect();
    assert_eq!(names, ["string task", "agent architect", "agent reviewer"]);
}

#[test]
fn lenses_say_where_it_holds_and_vanish_with_the_gate() {
    let titles = |facts| {
        lenses(&snapshot_with(LOOP, facts))
            .into_iter()
            .map(|lens| lens.title)
            .collect::<Vec<_>>()
    };
    let with = titles(held());
    assert!(
        with.contains(&"held at 20/20: answer".to_owned()),
        "{with:?}"
    );
    assert!(with.contains(&"choose: run abcdefgh is waiting".to_owned()));
    assert_eq!(titles(RunFacts::default()), ["Run", "Dry run"]);
    let at = lenses(&snapshot_with(LOOP, held()))
        .into_iter()
        .find(|lens| lens.title.starts_with("held"))
        .unwrap();
    assert_eq!(
        usize::from(at.span.start()),
        LOOP.find("name: reviewer").unwrap() + 6
    );
}

#[test]
fn a_gate_is_answered_by_code_action_anywhere_in_its_step() {
    let snapshot = snapshot_with(LOOP, held());
    let inside = Offset::try_from(LOOP.find("Review {{").unwrap()).unwrap();
    let found = actions(&snapshot, Span::empty(inside));
    let answers: Vec<_> = found
        .iter()
        .filter(|action| matches!(action.act, Some(Act::Answer { .. })))
        .collect();
    assert_eq!(
        answers.len(),
        1,
        "an answer that needs a text cannot be one click: {found:#?}"
    );
    assert!(answers[0].title.contains("held at 20/20"));
}

#[test]
fn a_gate_whose_step_is_gone_is_shown_on_the_first_line_and_says_so() {
    let changed = LOOP.replace("reviewer", "critic");
    let snapshot = snapshot_with(&changed, held());
    let found = actions(&snapshot, Span::empty(Offset::new(0)));
    let answer = found
        .iter()
        .find(|action| matches!(action.act, Some(Act::Answer { .. })))
        .unwrap();
    assert!(
        answer
            .title
            .contains("the file has changed since this run started"),
        "{}",
        answer.title
    );
}

#[test]
fn the_choice_about_an_earlier_run_has_four_actions_on_the_workflows_name() {
    let snapshot = snapshot_with(LOOP, held());
    let name = Offset::try_from(LOOP.find("design").unwrap()).unwrap();
    let found = actions(&snapshot, Span::empty(name));
    let choices: Vec<_> = found
        .iter()
        .filter_map(|action| match &action.act {
            Some(Act::Choose { answer, .. }) => Some(answer.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        choices,
        ["resume", "abandon_and_run", "run_fresh", "dismiss"]
    );
}

#[test]
fn fixes_of_a_diagnostic_are_offered_on_its_place() {
    let broken = LOOP.replace("- to: reviewer", "- to: reviwer");
    let snapshot = snapshot_with(&broken, RunFacts::default());
    let there = Offset::try_from(broken.find("reviwer").unwrap()).unwrap();
    let found = actions(&snapshot, Span::empty(there));
    let fix = found
        .iter()
        .find(|action| action.kind == ActionKind::Fix)
        .expect("a fix");
    assert_eq!(fix.edits[0].text, "reviewer");
}

#[test]
fn the_graph_marks_the_edge_that_leads_back() {
    let snapshot = snapshot_with(LOOP, RunFacts::default());
    let drawn = graph(&snapshot.loaded);
    let back: Vec<_> = drawn
        .edges
        .iter()
        .filter(|edge| edge.back)
        .map(|edge| (edge.from.as_str(), edge.to.as_str()))
        .collect();
    assert_eq!(back, [("reviewer", "architect")]);
    assert_eq!(drawn.loops[0].name, "architect → reviewer → architect");
    assert_eq!(drawn.to_json()["entry"], "architect");
}

#[test]
fn folds_and_links_lie_inside_the_text() {
    let with_file = LOOP.replace(
        "    prompt: Review {{ architect.output.result }}",
        "    prompt: !file prompts/review.md",
    );
    let snapshot = snapshot_with(&with_file, RunFacts::default());
    let whole = Span::new(Offset::new(0), Offset::try_from(with_file.len()).unwrap());
    assert!(
        folds(&snapshot)
            .iter()
            .all(|fold| whole.contains_range(fold.span))
    );
    let found = links(&snapshot);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, PathBuf::from("/work/prompts/review.md"));
    assert_eq!(text(&snapshot, found[0].span), "prompts/review.md");
}
