//! Ways through a file and between files: call hierarchy along routes, selection ranges, linked editing, symbols by name,
//! what completions say when they are looked at, and how long steps took.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on gives up")]

use std::path::Path;
use std::sync::Arc;

use fermata_analysis::RuleSettings;
use fermata_ide::{
    Call, Fit, RunFacts, Snapshot, StepTime, Subject, call_item, completions, describe, incoming,
    inlays, leaving, linked, outgoing, search, selections, workflow_item,
};
use fermata_syntax::{Offset, Span};
use fermata_workflow::{MemoryWorld, load};

const DESIGN: &str = "/repo/design.yaml";
const REVIEW: &str = r#"workflow:
  name: design
  entry_point: architect
  input:
    task: {type: string, description: What to build}
agents:
  - name: architect
    description: Writes the design
    prompt: Design {{ workflow.input.task }}, then {{ reviewer.output.feedback }}.
    routes:
      - to: reviewer
        when: "{{ output.ready }}"
      - to: "reviewer"
  - name: reviewer
    prompt: Review {{ architect.output.result }}
    routes:
      - {to: $end, when: "{{ output.approved }}"}
      - {to: architect}
  - name: ship
    type: workflow
    workflow: ./parts/../parts/ship.yaml
parallel:
  - {name: both, agents: [architect, ship]}
"#;

const PLAN: &str = "/repo/.archon/workflows/plan.yaml";
const NODES: &str = r#"name: plan
description: Plans and ships
inputs:
  branch: {default: main, description: Where to start}
nodes:
  - {id: look, bash: ls}
  - id: cycle
    depends_on: [look]
    loop_group:
      until: ALL_FINE_NOW
      max_iterations: 4
      nodes:
        - {id: fix, prompt: "By $look.output on $INPUTS.branch: ALL_FINE_NOW"}
        - {id: test, depends_on: [fix], bash: make test}
  - {id: ship, depends_on: [cycle, look], workflow: release}
"#;

fn snapshot(path: &str, text: &str) -> Snapshot {
    let mut world = MemoryWorld::new();
    world
        .add_file(path, text)
        .add_file(
            "/repo/.archon/workflows/release.yaml",
            "name: release\ndescription: d\ninputs: {tag: {required: true}}\nnodes:\n  - {id: a, bash: make release}\n",
        )
        .add_file("/repo/.archon/commands/make-plan.md", "Plan it.");
    let loaded = load(&world, Path::new(path));
    let diagnostics = fermata_analysis::run(&loaded, &RuleSettings::new());
    Snapshot {
        loaded: Arc::new(loaded),
        diagnostics: Arc::new(diagnostics),
        facts: Arc::new(RunFacts::default()),
    }
}

/// The snapshot of a text without its cursor, and where the cursor was.
fn at(path: &str, text: &str, from: &str, to: &str) -> (Snapshot, Offset) {
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let cursor = text.find("$0").expect("a cursor");
    let snapshot = snapshot(path, &text.replacen("$0", "", 1));
    (snapshot, Offset::try_from(cursor).unwrap())
}

fn text(snapshot: &Snapshot, span: Span) -> String {
    snapshot.tree().unwrap().text()[span].to_owned()
}

/// Ends of routes with the lines, from 1, that they are written on.
fn ends(snapshot: &Snapshot, calls: Option<Vec<Call>>) -> Vec<(String, Vec<usize>)> {
    let whole = snapshot.tree().unwrap().text();
    let line = |span: &Span| whole[..usize::from(span.start())].matches('\n').count() + 1;
    calls
        .expect("the item is there")
        .into_iter()
        .map(|call| (call.item.id, call.places.iter().map(line).collect()))
        .collect()
}

fn end(id: &str, lines: &[usize]) -> (String, Vec<usize>) {
    (id.to_owned(), lines.to_vec())
}

#[test]
fn who_routes_to_a_step_is_incoming_and_where_it_goes_on_is_outgoing() {
    let (snapshot, offset) = at(
        DESIGN,
        REVIEW,
        "      - to: reviewer",
        "      - to: revie$0wer",
    );
    let item = call_item(&snapshot, offset).unwrap();
    assert_eq!(
        (item.id.as_str(), item.detail.as_str()),
        ("reviewer", "agent")
    );
    assert_eq!(text(&snapshot, item.selection), "reviewer");
    assert!(item.span.contains_range(item.selection));
    assert_eq!(
        ends(&snapshot, incoming(&snapshot, "reviewer")),
        [end("architect", &[11, 13])]
    );
    assert_eq!(
        ends(&snapshot, outgoing(&snapshot, "reviewer")),
        [end("architect", &[18])]
    );
    // The entry point is the workflow's call, a member is its group's.
    assert_eq!(
        ends(&snapshot, incoming(&snapshot, "architect")),
        [end("", &[3]), end("reviewer", &[18]), end("both", &[23])]
    );
    assert_eq!(incoming(&snapshot, "nobody"), None);
    let (snapshot, offset) = at(DESIGN, REVIEW, "name: design", "name: des$0ign");
    assert_eq!(call_item(&snapshot, offset), workflow_item(&snapshot));
    let (snapshot, offset) = at(DESIGN, REVIEW, "Writes", "Wri$0tes");
    assert_eq!(call_item(&snapshot, offset), None);
}

#[test]
fn nodes_are_reached_from_what_they_depend_on_and_bodies_from_their_group() {
    let (snapshot, offset) = at(PLAN, NODES, "By $look", "By $lo$0ok");
    assert_eq!(call_item(&snapshot, offset).unwrap().id, "look");
    let into = |id: &str| ends(&snapshot, incoming(&snapshot, id));
    assert_eq!(into("look"), [end("", &[6])]);
    assert_eq!(into("ship"), [end("cycle", &[15]), end("look", &[15])]);
    assert_eq!(into("cycle/fix"), [end("cycle", &[13])]);
    assert_eq!(into("cycle/test"), [end("cycle/fix", &[14])]);
    let out = |id: &str| ends(&snapshot, outgoing(&snapshot, id));
    assert_eq!(out(""), [end("look", &[6])]);
    assert_eq!(out("look"), [end("cycle", &[8]), end("ship", &[15])]);
    assert_eq!(out("cycle"), [end("cycle/fix", &[13]), end("ship", &[15])]);
}

#[test]
fn steps_that_run_other_workflows_say_which_file_is_meant() {
    for (path, whole, step, place, file) in [
        (
            DESIGN,
            REVIEW,
            "ship",
            "./parts/../parts/ship.yaml",
            "/repo/parts/ship.yaml",
        ),
        (
            PLAN,
            NODES,
            "ship",
            "release",
            "/repo/.archon/workflows/release.yaml",
        ),
    ] {
        let snapshot = snapshot(path, whole);
        let found = leaving(&snapshot);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].item.id, step);
        assert_eq!(text(&snapshot, found[0].place), place);
        assert_eq!(found[0].file, Path::new(file));
    }
}

fn selected(path: &str, whole: &str, from: &str, to: &str) -> Vec<String> {
    let (snapshot, offset) = at(path, whole, from, to);
    let found = selections(&snapshot, offset);
    for pair in found.windows(2) {
        assert!(
            pair[1].contains_range(pair[0]) && pair[1] != pair[0],
            "{pair:?}"
        );
    }
    found
        .into_iter()
        .map(|span| text(&snapshot, span))
        .collect()
}

#[test]
fn a_selection_grows_from_a_word_over_reference_template_text_and_entry_to_the_file() {
    let found = selected(
        DESIGN,
        REVIEW,
        "reviewer.output.feed",
        "reviewer.out$0put.feed",
    );
    assert_eq!(
        found[..5],
        [
            "output",
            "reviewer.output.feedback",
            "{{ reviewer.output.feedback }}",
            "Design {{ workflow.input.task }}, then {{ reviewer.output.feedback }}.",
            "prompt: Design {{ workflow.input.task }}, then {{ reviewer.output.feedback }}.",
        ]
    );
    assert!(found[5].starts_with("name: architect"), "{}", found[5]);
    assert!(found.iter().any(|t| t.starts_with("agents:")));
    assert_eq!(found.last().unwrap(), REVIEW);
    let found = selected(PLAN, NODES, "$look.output on", "$lo$0ok.output on");
    assert_eq!(
        found[..4],
        [
            "look",
            "$look.output",
            "By $look.output on $INPUTS.branch: ALL_FINE_NOW",
            "\"By $look.output on $INPUTS.branch: ALL_FINE_NOW\"",
        ]
    );
    let found = selected(PLAN, NODES, "depends_on: [look]", "depe$0nds_on: [look]");
    assert_eq!(found[..2], ["depends_on", "depends_on: [look]"]);
}

#[test]
fn a_name_is_linked_where_it_is_defined_and_nowhere_else() {
    let places = |from: &str, to: &str| {
        let (snapshot, offset) = at(DESIGN, REVIEW, from, to);
        let found = linked(&snapshot, offset);
        assert!(
            found
                .iter()
                .all(|s| text(&snapshot, *s) == text(&snapshot, found[0]))
        );
        found.len()
    };
    assert_eq!(places("- name: reviewer", "- name: rev$0iewer"), 4);
    // Whoever types in a route means another step.
    assert_eq!(places("- to: reviewer", "- to: rev$0iewer"), 0);
    assert_eq!(places("- name: reviewer", "- name: \"rev\\x69e$0wer\""), 0);
    assert_eq!(
        places("- name: ship", "- name: rev$0iewer"),
        0,
        "a doubled name"
    );
    let (snapshot, offset) = at(PLAN, NODES, "{id: look", "{id: lo$0ok");
    assert_eq!(linked(&snapshot, offset).len(), 4);
}

#[test]
fn symbols_are_found_by_letters_with_what_they_are_in() {
    let found = |path: &str, whole: &str, query: &str| {
        let snapshot = snapshot(path, whole);
        search(&snapshot, query)
            .into_iter()
            .map(|s| {
                (
                    s.fit,
                    text(&snapshot, s.span),
                    s.container.unwrap_or_default(),
                )
            })
            .collect::<Vec<_>>()
    };
    let one = |fit, name: &str, within: &str| (fit, name.to_owned(), within.to_owned());
    assert_eq!(
        found(DESIGN, REVIEW, "DESIGN"),
        [one(Fit::Whole, "design", "")]
    );
    assert_eq!(
        found(PLAN, NODES, "fx"),
        [one(Fit::Letters, "fix", "cycle")]
    );
    assert_eq!(found(PLAN, NODES, "").len(), 7);
    assert_eq!(found(PLAN, NODES, "nothing of the kind"), []);
}

#[test]
fn what_is_completed_is_described_when_it_is_looked_at() {
    let described = |path: &str, whole: &str, from: &str, to: &str, label: &str| {
        let (snapshot, offset) = at(path, whole, from, to);
        let found = completions(&snapshot, offset);
        let found = found.into_iter().find(|c| c.label == label);
        let about = found.unwrap_or_else(|| panic!("no {label}")).about.unwrap();
        let (kind, name) = about.words();
        assert_eq!(Subject::from_words(kind, name).as_ref(), Some(&about));
        describe(&snapshot, &about).unwrap_or_else(|| panic!("nothing about {about:?}"))
    };
    let step = described(
        DESIGN,
        REVIEW,
        "- to: reviewer\n",
        "- to: $0\n",
        "architect",
    );
    assert!(step.contains("Writes the design"), "{step}");
    let input = described(DESIGN, REVIEW, "input.task", "input.$0", "task");
    assert!(input.contains("What to build"), "{input}");
    let key = described(
        DESIGN,
        REVIEW,
        "    description: W",
        "    $0\n    description: W",
        "model",
    );
    assert!(!key.is_empty());
    let input = described(PLAN, NODES, "$INPUTS.branch", "$INPUTS.$0", "branch");
    assert!(
        input.contains("Where to start") && input.contains("\"main\""),
        "{input}"
    );
    let other = described(
        PLAN,
        NODES,
        "  - {id: ship, depends_on: [cycle, look], workflow: release}",
        "  - id: ship\n    workflow: $0",
        "release",
    );
    assert!(
        other.contains("release.yaml") && other.contains("`tag` · required"),
        "{other}"
    );
    let command = described(
        PLAN,
        NODES,
        "  - {id: look, bash: ls}",
        "  - id: look\n    command: $0",
        "make-plan",
    );
    assert!(command.contains("make-plan.md"), "{command}");
    let node = described(
        PLAN,
        NODES,
        "  - {id: ship, depends_on: [cycle, look], workflow: release}",
        "  - id: ship\n    depends_on: [$0]\n    bash: x",
        "look",
    );
    assert!(node.contains("**look** · bash"), "{node}");
}

#[test]
fn how_long_a_step_took_stands_behind_its_name() {
    let mut snapshot = snapshot(PLAN, NODES);
    let time = |step: &str, took| StepTime {
        step: step.to_owned(),
        took,
        run: "01abcdef".to_owned(),
    };
    snapshot.facts = Arc::new(RunFacts {
        times: vec![time("look", 75_400), time("cycle/fix", 12), time("gone", 5)],
        ..RunFacts::default()
    });
    let whole = Span::new(Offset::new(0), Offset::try_from(NODES.len()).unwrap());
    let found: Vec<(usize, String)> = inlays(&snapshot, whole)
        .into_iter()
        .filter(|inlay| inlay.label.starts_with("last"))
        .map(|inlay| (usize::from(inlay.at), inlay.label))
        .collect();
    let behind = |name: &str| NODES.find(name).unwrap() + name.len();
    assert_eq!(
        found,
        [
            (behind("id: look"), "last 1 min 15 s".to_owned()),
            (behind("id: fix"), "last 12 ms".to_owned()),
        ]
    );
}

#[test]
fn all_of_it_answers_anywhere_in_a_file_that_is_being_typed() {
    for (path, whole) in [(DESIGN, REVIEW), (PLAN, NODES)] {
        for (cut, _) in whole.char_indices().step_by(5) {
            let snapshot = snapshot(path, &whole[..cut]);
            for offset in [0, cut / 2, cut] {
                let offset = Offset::try_from(offset).unwrap();
                let found = selections(&snapshot, offset);
                assert!(found.iter().all(|span| span.contains_inclusive(offset)));
                assert!(
                    linked(&snapshot, offset)
                        .iter()
                        .all(|s| usize::from(s.end()) <= cut)
                );
                let _ = (call_item(&snapshot, offset), search(&snapshot, "e"));
            }
            for id in leaving(&snapshot)
                .iter()
                .map(|l| l.item.id.as_str())
                .chain([""])
            {
                let _ = (incoming(&snapshot, id), outgoing(&snapshot, id));
            }
        }
    }
}
