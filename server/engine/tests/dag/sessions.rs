//! With which session a prompt begins (specs/archon.md 4.2, 13.17), and what
//! is remembered of the one that it was in.

use fermata_engine::state::NodeState;
use fermata_engine::{Failure, Outcome, SessionStart, Status, StepPath};
use serde_json::{Map, json};

use crate::run::{Run, workflow};

fn copy_of(session: &str) -> SessionStart {
    SessionStart::Fork {
        session: session.to_owned(),
        needed: false,
    }
}

fn needs(session: &str) -> SessionStart {
    SessionStart::Fork {
        session: session.to_owned(),
        needed: true,
    }
}

#[test]
fn nodes_alone_in_their_layers_copy_the_session_before_them() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - {id: sh, depends_on: [a], bash: x}
  - {id: b, depends_on: [sh], prompt: b}
  - {id: c, depends_on: [b], prompt: c, context: fresh}
  - {id: d, depends_on: [c], prompt: d}
  - {id: e1, depends_on: [d], prompt: e1}
  - {id: e2, depends_on: [d], prompt: e2}
  - {id: f, depends_on: [e1, e2], prompt: f, context: {resume: a}}
",
    ));
    assert_eq!(run.begins("a"), SessionStart::Fresh);
    run.speaks_in("a", "s-a");
    run.says("sh", "");
    assert_eq!(run.begins("b"), copy_of("s-a"));
    run.speaks_in("b", "s-b");
    assert_eq!(run.begins("c"), SessionStart::Fresh);
    run.speaks_in("c", "s-c");
    assert_eq!(run.begins("d"), copy_of("s-c"));
    run.speaks_in("d", "s-d");
    assert_eq!(
        run.begins("e1"),
        SessionStart::Fresh,
        "two in a layer start afresh"
    );
    run.speaks_in("e1", "s-e1");
    run.speaks_in("e2", "s-e2");
    assert_eq!(run.begins("f"), needs("s-a"), "it is named");
    run.folds_to_itself();
}

#[test]
fn a_session_that_somebody_may_go_on_with_stays_open() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - {id: b, depends_on: [a], prompt: b}
  - {id: c1, depends_on: [b], prompt: c1}
  - {id: c2, depends_on: [b], prompt: c2, context: {resume: a}}
",
    ));
    assert!(run.prompt("a").session.stays_open);
    run.speaks_in("a", "s-a");
    assert!(!run.prompt("b").session.stays_open);
    run.speaks_in("b", "s-b");
    assert_eq!(run.begins("c2"), needs("s-a"));
}

#[test]
fn another_provider_and_a_gate_begin_another_session() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - {id: b, depends_on: [a], prompt: b, provider: codex}
  - {id: ask, depends_on: [b], approval: {message: m}}
  - {id: c, depends_on: [ask], prompt: c, provider: codex}
",
    ));
    run.speaks_in("a", "s-a");
    assert_eq!(run.begins("b"), SessionStart::Fresh);
    run.speaks_in("b", "s-b");
    run.decide("approve", None);
    assert_eq!(run.begins("c"), SessionStart::Fresh);
}

#[test]
fn a_failed_node_and_a_skipped_gate_leave_the_session_before_them_current() {
    let mut run = Run::new(&workflow(
        "  - {id: sh, bash: x}
  - {id: a, depends_on: [sh], prompt: a}
  - {id: b, depends_on: [a], prompt: b}
  - {id: ask, depends_on: [b], trigger_rule: all_done, when: \"$sh.output == 'other'\", approval: {message: m}}
  - {id: c, depends_on: [ask], trigger_rule: all_done, prompt: c}
",
    ));
    run.says("sh", "this");
    run.speaks_in("a", "s-a");
    assert_eq!(run.begins("b"), copy_of("s-a"));
    run.fails("b", "provider", "bad luck");
    assert_eq!(run.state_of("ask"), NodeState::Skipped);
    assert_eq!(run.begins("c"), copy_of("s-a"));
}

#[test]
fn a_new_try_copies_the_same_session_again() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}\n  - {id: b, depends_on: [a], prompt: b}\n",
    ));
    run.speaks_in("a", "s-a");
    run.fails("b", "provider", "429 too many requests");
    run.now += 3_000;
    run.advance();
    assert_eq!(run.prompt("b").attempt, 2);
    assert_eq!(run.begins("b"), copy_of("s-a"));
}

#[test]
fn a_resumed_run_has_no_current_session_but_still_those_of_its_nodes() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - {id: b, depends_on: [a], prompt: b}
  - {id: c, depends_on: [b], prompt: c, context: {resume: a}}
",
    ));
    run.speaks_in("a", "s-a");
    run.fails("b", "provider", "broken");
    assert_eq!(run.state.status, Status::Failed);
    run.resume(2);
    assert_eq!(run.begins("b"), SessionStart::Fresh);
    run.speaks_in("b", "s-b");
    assert_eq!(run.begins("c"), needs("s-a"));
}

#[test]
fn what_is_reused_after_a_resume_lies_between_two_nodes_without_parting_their_sessions() {
    let mut run = Run::new(&workflow(
        "  - {id: x, prompt: x, always_run: true}
  - {id: sh, depends_on: [x], bash: s, always_run: true}
  - {id: first, bash: f}
  - {id: y, depends_on: [first], prompt: y}
  - {id: deep, depends_on: [sh, y], bash: d}
  - {id: z, depends_on: [deep], prompt: z}
",
    ));
    run.says("first", "");
    run.speaks_in("x", "s-x");
    run.speaks_in("y", "s-y");
    run.says("sh", "");
    run.says("deep", "");
    // Two nodes stand in each of the first layers, so nothing was handed on.
    assert_eq!(run.begins("z"), SessionStart::Fresh);

    let mut run = Run::new(&workflow(
        "  - {id: first, bash: f}
  - {id: y, depends_on: [first], prompt: y}
  - {id: x, depends_on: [y], trigger_rule: all_done, prompt: x, always_run: true}
  - {id: z, depends_on: [x], trigger_rule: all_done, prompt: z}
",
    ));
    run.says("first", "");
    run.speaks_in("y", "s-y");
    assert_eq!(run.begins("x"), copy_of("s-y"));
    run.speaks_in("x", "s-x");
    run.fails("z", "provider", "broken");
    run.resume(2);
    assert_eq!(
        run.begins("x"),
        SessionStart::Fresh,
        "y is not of this life"
    );
    run.speaks_in("x", "s-x2");
    assert_eq!(run.begins("z"), copy_of("s-x2"));
}

#[test]
fn a_gate_anywhere_makes_what_came_before_it_no_longer_current() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - {id: g, depends_on: [a], loop_group: {until: FIN, max_iterations: 2, nodes: [{id: ask, approval: {message: m, capture_response: true}}]}}
  - {id: z, depends_on: [g], prompt: z}
",
    ));
    run.speaks_in("a", "s-a");
    run.decide("approve", Some("FIN"));
    assert_eq!(run.begins("z"), SessionStart::Fresh);
}

#[test]
fn a_named_session_that_nobody_has_left_fails_the_node_before_it_starts() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}\n  - {id: b, depends_on: [a], prompt: b, context: {resume: a}, retry: {max_attempts: 2, on_error: all}}\n",
    ));
    run.speaks("a", json!("said without a session"));
    assert_eq!(run.error_of("b"), "session");
    assert_eq!(run.state_of("b"), NodeState::Failed, "no retry helps");
    assert_eq!(run.state.status, Status::Failed);
    let error = run.state.nodes[&StepPath::from("b")].error.clone().unwrap();
    assert!(
        error.message.contains("session of `a`") && error.message.contains("$a.output"),
        "{}",
        error.message
    );
    run.folds_to_itself();
}

#[test]
fn a_dry_run_needs_no_sessions() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}\n  - {id: b, depends_on: [a], prompt: b, context: {resume: a}}\n",
    ));
    run.state.request.dry_run = true;
    run.speaks("a", json!("a stub"));
    assert_eq!(run.begins("b"), SessionStart::Fresh);
}

#[test]
fn a_named_session_that_the_agent_has_lost_is_not_tried_again() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}\n  - {id: b, depends_on: [a], prompt: b, context: {resume: a}, retry: {max_attempts: 2, on_error: all}}\n",
    ));
    run.speaks_in("a", "s-a");
    run.fails("b", "session", "timeout while looking for it");
    assert_eq!(run.state_of("b"), NodeState::Failed);
}

#[test]
fn a_loop_goes_on_in_its_own_session_and_hands_on_the_last_one() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - {id: lp, depends_on: [a], loop: {prompt: go, until: FIN, max_iterations: 4}}
  - {id: z, depends_on: [lp], prompt: z}
",
    ));
    run.speaks_in("a", "s-a");
    assert_eq!(run.begins("lp[1]"), SessionStart::Fresh);
    run.speaks_in("lp[1]", "s-1");
    assert_eq!(run.begins("lp[2]"), SessionStart::Resume("s-1".to_owned()));
    // Its worker dies in the second round.
    run.claim(2);
    run.advance();
    assert_eq!(run.prompt("lp[2]").attempt, 2);
    assert_eq!(run.begins("lp[2]"), SessionStart::Resume("s-1".to_owned()));
    let session = fermata_engine::Session {
        id: "s-2".to_owned(),
        agent: "claude".to_owned(),
        from: None,
        key: None,
        cwd: None,
    };
    run.conclude(
        "lp[2]",
        Outcome::Agent {
            output: json!("FIN"),
            detail: Map::from_iter([session.fact()]),
            elapsed: 1,
        },
    );
    assert_eq!(run.begins("z"), copy_of("s-2"));
}

#[test]
fn an_interactive_loop_keeps_its_session_over_the_gate_and_a_group_leaves_none_behind_it() {
    let mut run = Run::new(&workflow(
        "  - {id: lp, loop: {prompt: go, until: FIN, max_iterations: 4, interactive: true, gate_message: m}}\n",
    ));
    run.speaks_in("lp[1]", "s-1");
    assert_eq!(run.state.status, Status::Waiting);
    assert_eq!(
        run.state.open_gates[0].gate.extra["session"],
        json!("s-1"),
        "who answers sees where it goes on"
    );
    run.claim(2);
    run.decide("approve", Some("more"));
    assert_eq!(run.begins("lp[2]"), SessionStart::Resume("s-1".to_owned()));

    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}
  - id: g
    depends_on: [a]
    loop_group: {until: FIN, max_iterations: 4, interactive: true, gate_message: m, nodes: [{id: p, prompt: p}]}
  - {id: z, depends_on: [g], prompt: z}
",
    ));
    run.speaks_in("a", "s-a");
    run.speaks_in("g[1]/p", "s-p");
    run.decide("approve", None);
    assert_eq!(run.begins("g[2]/p"), copy_of("s-p"));
    run.conclude(
        "g[2]/p",
        Outcome::Agent {
            output: json!("FIN"),
            detail: Map::new(),
            elapsed: 1,
        },
    );
    assert_eq!(run.begins("z"), SessionStart::Fresh, "people were asked");
}

#[test]
fn a_persistent_node_says_under_which_name_its_session_is_kept() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a, persist_session: true}
  - {id: b, depends_on: [a], prompt: b, persist_session: true, context: fresh}
  - {id: g, depends_on: [b], loop_group: {until: FIN, max_iterations: 2, nodes: [{id: p, prompt: p, persist_session: true}]}}
",
    ));
    assert_eq!(run.prompt("a").session.kept_as.as_deref(), Some("a"));
    assert!(!run.prompt("a").settings.contains_key("persist_session"));
    run.speaks_in("a", "s-a");
    let kept: Vec<_> = run
        .log
        .iter()
        .filter_map(|e| e.body.kept_session())
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].node.as_str(), kept[0].session.id.as_str()),
        ("a", "s-a")
    );
    assert_eq!(run.prompt("b").session.kept_as, None, "it wants no memory");
    run.speaks_in("b", "s-b");
    assert_eq!(run.prompt("g[1]/p").session.kept_as.as_deref(), Some("g/p"));
    let kept = run.log.iter().filter_map(|e| e.body.kept_session()).count();
    assert_eq!(kept, 1);
}

#[test]
fn the_runs_own_agent_has_the_sessions_and_not_the_provider_of_the_file() {
    let mut run = Run::new(&workflow(
        "  - {id: a, prompt: a}\n  - {id: b, depends_on: [a], prompt: b, context: {resume: a}}\n",
    ));
    run.state.request.agent = Some("scripted".to_owned());
    run.speaks_in("a", "s-a");
    let error: Failure = run.state.nodes[&StepPath::from("b")].error.clone().unwrap();
    assert!(error.message.contains("`scripted`"), "{}", error.message);
}

#[test]
fn with_a_fresh_context_each_round_of_a_group_begins_its_own_session() {
    for (fresh, continued) in [("true", false), ("false", true)] {
        let mut run = Run::new(&workflow(&format!(
            "  - id: g
    loop_group:
      until: FIN
      max_iterations: 2
      fresh_context: {fresh}
      nodes: [{{id: a, prompt: a}}, {{id: b, depends_on: [a], prompt: b}}]
"
        )));
        run.speaks_in("g[1]/a", "s1");
        assert_ne!(run.begins("g[1]/b"), SessionStart::Fresh, "{fresh}");
        run.speaks_in("g[1]/b", "s2");
        let begins = run.begins("g[2]/a");
        assert_eq!(begins != SessionStart::Fresh, continued, "{fresh}");
    }
}
