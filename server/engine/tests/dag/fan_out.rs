//! `fan_out`: a pool of runs, one for each item, and what their node comes to.

use fermata_engine::Effect;
use fermata_engine::state::NodeState;
use serde_json::{Map, json};

use crate::run::{Run, workflow};

const KID: &str = ".archon/workflows/kid.yaml";

/// A list of four, fanned out to `kid`, whose text is given below its name.
fn fanned(settings: &str, kid: &str) -> Run {
    let main = workflow(&format!(
        "  - {{id: items, bash: i}}\n  - {{id: each, depends_on: [items], workflow: kid, {settings}}}\n"
    ));
    let kid = format!("name: kid\ndescription: A child.\n{kid}");
    let files = [
        (".archon/workflows/main.yaml", main.as_str()),
        (KID, kid.as_str()),
    ];
    let mut run = Run::of(&files, None, Map::new());
    run.says("items", r#"["a", "b", {"c": 1}, 4]"#);
    run
}

/// Messages of the children that are due, in order.
fn children(run: &Run) -> Vec<String> {
    run.due()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Child(call) => call.message,
            _ => None,
        })
        .collect()
}

const HARMLESS: &str = "mutates_checkout: false\nnodes:\n  - {id: k, bash: k}\n";

#[test]
fn the_pool_slides_over_the_items_and_the_output_has_their_order() {
    let mut run = fanned("fan_out: {items: $items.output, max_parallel: 2}", HARMLESS);
    assert_eq!(children(&run), ["a", "b"]);
    run.speaks("each[1]", json!("B"));
    assert_eq!(children(&run), ["a", r#"{"c":1}"#]);
    run.speaks("each[2]", json!("C"));
    run.speaks("each[3]", json!("D"));
    assert_eq!(run.state_of("each"), NodeState::Running);
    run.speaks("each[0]", json!("A"));
    assert_eq!(run.output_of("each"), json!(["A", "B", "C", "D"]));
    run.folds_to_itself();
}

#[test]
fn every_item_runs_after_one_failed_and_the_join_decides() {
    for (join, state) in [
        ("all_done", NodeState::Completed),
        ("all_success", NodeState::Failed),
    ] {
        let settings = format!("fan_out: {{items: $items.output, max_parallel: 1, join: {join}}}");
        let mut run = fanned(&settings, HARMLESS);
        run.fails("each[0]", "child-failed", "no");
        for index in 1..4 {
            assert_eq!(run.state_of("each"), NodeState::Running, "{join}");
            run.speaks(&format!("each[{index}]"), json!("done"));
        }
        assert_eq!(run.state_of("each"), state, "{join}");
        if state == NodeState::Completed {
            assert_eq!(run.output_of("each")[0]["archon_failed"], true);
            assert_eq!(run.output_of("each")[3], "done");
        }
    }
}

#[test]
fn a_target_that_may_hold_for_people_is_refused_before_anything_starts() {
    for kid in [
        "interactive: true\nmutates_checkout: false\nnodes:\n  - {id: k, bash: k}\n",
        "mutates_checkout: false\nnodes:\n  - {id: k, approval: {message: m}}\n",
    ] {
        let run = fanned("fan_out: {items: $items.output}", kid);
        assert_eq!(run.state_of("each"), NodeState::Failed, "{kid}");
        assert!(children(&run).is_empty());
    }
}

#[test]
fn runs_at_work_at_once_may_not_change_one_checkout() {
    let changes = "nodes:\n  - {id: k, bash: k}\n";
    let refused = fanned("fan_out: {items: $items.output}", changes);
    assert_eq!(refused.state_of("each"), NodeState::Failed);
    for settings in [
        "fan_out: {items: $items.output, max_parallel: 1}",
        "isolation: worktree, fan_out: {items: $items.output}",
        "fan_out: {items: '[\"only\"]'}",
    ] {
        let run = fanned(settings, changes);
        assert!(!children(&run).is_empty(), "{settings}");
    }
}

#[test]
fn for_no_items_nothing_is_asked_of_the_target() {
    let run = fanned(
        "fan_out: {items: '[]'}",
        "interactive: true\nnodes:\n  - {id: k, bash: k}\n",
    );
    assert_eq!(run.state_of("each"), NodeState::Completed);
    assert_eq!(run.output_of("each"), json!("[]"));
}

#[test]
fn a_target_that_is_not_there_fails_the_node_whatever_its_join() {
    let mut run = Run::new(&workflow(
        "  - {id: each, workflow: nobody, fan_out: {items: '[1, 2]', max_parallel: 1}}\n",
    ));
    run.advance();
    assert_eq!(run.error_of("each"), "not-found");
}
