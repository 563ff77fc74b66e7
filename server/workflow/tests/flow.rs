//! Loops as people tell them: names, judges, verdict fields, bounds.

use fermata_workflow::flow::{BoundKind, FieldClass, Flow, Loop, ThresholdOrigin};
use fermata_workflow::{Dialect, MemoryWorld, Workflow, load_as};

fn workflow(text: &str) -> Workflow {
    let mut world = MemoryWorld::new();
    world.add_file("/w/w.yaml", text);
    load_as(&world, "/w/w.yaml".as_ref(), Dialect::Conductor)
        .workflow
        .expect("model")
}

fn loops(text: &str) -> (Workflow, Vec<Loop>) {
    let workflow = workflow(text);
    let loops = Flow::new(&workflow).loops(&workflow);
    (workflow, loops)
}

const REVIEW: &str = "workflow: {name: n, entry_point: intake}
agents:
  - {name: reviewer, prompt: 'Approve at a score of at least 8', output: {score: {type: number}, approved: {type: boolean}, notes: {type: string}}, routes: [{to: $end, when: 'WHEN'}, {to: architect}]}
  - {name: architect, prompt: p, routes: [{to: reviewer}]}
  - {name: intake, prompt: p, routes: [{to: architect}]}
";

#[test]
fn a_loop_is_named_from_the_step_nearest_to_the_entry() {
    let (workflow, loops) = loops(&REVIEW.replace("WHEN", "approved"));
    assert_eq!(loops.len(), 1);
    assert_eq!(loops[0].name, "architect → reviewer → architect");
    assert_eq!(loops[0].round_length(), 2);
    assert_eq!(loops[0].exits.len(), 1);
    let judge = &loops[0].judges[0];
    assert_eq!(workflow.steps[judge.step].name.as_str(), "reviewer");
}

#[test]
fn a_flag_alone_bounds_nothing() {
    let (_, loops) = loops(&REVIEW.replace("WHEN", "approved"));
    assert_eq!(loops[0].judges[0].fields[0].class, FieldClass::Flag);
    assert_eq!(loops[0].bounds, []);
}

#[test]
fn a_score_is_a_bound_with_a_threshold_in_both_condition_languages() {
    for when in [
        "score >= 7",
        "output_score >= 7",
        "reviewer_output.score >= 7",
        "{{ output.score >= 7 }}",
        "{{ reviewer.output.score >= 7 }}",
    ] {
        let (_, loops) = loops(&REVIEW.replace("WHEN", when));
        let field = &loops[0].judges[0].fields[0];
        assert_eq!(
            (field.name.as_str(), field.class),
            ("score", FieldClass::Score),
            "{when}"
        );
        assert_eq!(
            field.threshold.map(|t| (t.value, t.origin)),
            Some((7.0, ThresholdOrigin::Condition)),
            "{when}"
        );
        assert_eq!(loops[0].bounds[0].kind, BoundKind::Score, "{when}");
    }
}

#[test]
fn a_threshold_in_the_prompt_is_marked_as_guessed() {
    let workflow = workflow(&REVIEW.replace("WHEN", "approved"));
    let found = fermata_workflow::flow::threshold(
        &workflow,
        0,
        "score",
        &fermata_workflow::flow::Condition::default(),
    );
    assert_eq!(
        found.map(|t| (t.value, t.origin)),
        Some((8.0, ThresholdOrigin::Prompt))
    );
}

#[test]
fn counters_bound_a_loop_in_both_condition_languages() {
    for when in [
        "context_iteration > 5",
        "{{ context.iteration > 5 }}",
        "{{ context.history | length > 9 }}",
        "approved or context_iteration > 5",
    ] {
        let (_, loops) = loops(&REVIEW.replace("WHEN", when));
        assert_eq!(
            loops[0].bounds.first().map(|b| b.kind),
            Some(BoundKind::Counter),
            "{when}"
        );
    }
}

#[test]
fn a_count_kept_by_a_set_step_bounds_a_loop() {
    let (_, loops) = loops(
        "workflow: {name: n, entry_point: bump}
agents:
  - {name: bump, type: set, value: '{{ (bump.output if bump is defined else 0) + 1 }}', routes: [{to: try}]}
  - {name: try, prompt: p, routes: [{to: $end, when: 'bump_output > 3'}, {to: $end, when: '{{ bump.output > 3 }}'}, {to: bump}]}
",
    );
    assert_eq!(
        loops[0].bounds.first().map(|b| b.kind),
        Some(BoundKind::Counter)
    );
}

#[test]
fn people_on_the_way_bound_a_loop_and_are_no_judges() {
    let (_, loops) = loops(
        "workflow: {name: n, entry_point: draft}
agents:
  - {name: draft, prompt: p, routes: [{to: ask}]}
  - {name: ask, type: human_gate, prompt: p, options: [{label: Yes, value: y, route: $end}, {label: No, value: n, route: draft}]}
",
    );
    assert_eq!(loops[0].name, "draft → ask → draft");
    assert!(loops[0].judges.is_empty());
    assert_eq!(loops[0].bounds[0].kind, BoundKind::HumanGate);
}

#[test]
fn a_step_that_routes_to_itself_is_a_loop_and_a_line_is_none() {
    let (_, own) = loops(
        "workflow: {name: n, entry_point: a}\nagents: [{name: a, prompt: p, routes: [{to: $end, when: done}, {to: a}]}]\n",
    );
    assert_eq!(own[0].name, "a → a");
    assert_eq!(own[0].judges.len(), 1);
    let (_, none) = loops(
        "workflow: {name: n, entry_point: a}\nagents: [{name: a, prompt: p, routes: [{to: b}]}, {name: b, prompt: p}]\n",
    );
    assert!(none.is_empty());
}

#[test]
fn groups_are_on_the_way_of_a_loop() {
    let (_, loops) = loops(
        "workflow: {name: n, entry_point: plan}
agents:
  - {name: plan, prompt: p, routes: [{to: both}]}
  - {name: x, prompt: p}
  - {name: y, prompt: p}
  - {name: judge, prompt: p, routes: [{to: plan, when: 'not passed'}, {to: $end}]}
parallel: [{name: both, agents: [x, y], routes: [{to: judge}]}]
",
    );
    assert_eq!(loops[0].name, "plan → both → judge → plan");
    assert_eq!(loops[0].judges[0].fields[0].name, "passed");
}

#[test]
fn a_loop_that_nothing_leaves_has_no_exits() {
    let (_, loops) = loops(
        "workflow: {name: n, entry_point: a}\nagents: [{name: a, prompt: p, routes: [{to: b}]}, {name: b, prompt: p, routes: [{to: a}]}]\n",
    );
    assert!(loops[0].exits.is_empty());
}

#[test]
fn steps_that_no_route_reaches_have_no_distance() {
    let workflow = workflow(
        "workflow: {name: n, entry_point: g}\nagents: [{name: a, prompt: p}, {name: b, prompt: p}, {name: lost, prompt: p}]\nparallel: [{name: g, agents: [a, b]}]\n",
    );
    let flow = Flow::new(&workflow);
    assert_eq!(flow.reachable(&workflow), [true, true, false, true]);
    assert_eq!(flow.distance(3), Some(0));
}
