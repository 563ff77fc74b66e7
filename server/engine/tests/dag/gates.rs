//! Approvals: nothing passes without an answer; answers, rejections, rework.

use fermata_engine::Status;
use fermata_engine::state::NodeState;
use serde_json::json;

use crate::run::{Run, workflow};

fn gated(approval: &str, after: &str) -> Run {
    let mut run = Run::new(&workflow(&format!(
        "  - {{id: a, bash: a}}\n  - {{id: ask, depends_on: [a], approval: {approval}}}\n{after}"
    )));
    run.says("a", "v1");
    run
}

const USE: &str = "  - {id: z, depends_on: [ask], bash: 'echo [$ask.output]'}\n";

#[test]
fn an_approval_asks_with_its_message_and_nothing_passes_it() {
    let mut run = gated("{message: 'Ship $a.output?'}", USE);
    assert_eq!(run.state.status, Status::Waiting);
    assert_eq!(run.state.open_gates[0].gate.prompt, "Ship v1?");
    run.claim(2);
    run.advance();
    assert_eq!(
        run.state.open_gates.len(),
        1,
        "a new worker presents it again"
    );
    assert_eq!(run.state_of("z"), NodeState::Pending);
    run.decide("approve", Some("words that nobody keeps"));
    assert_eq!(run.output_of("ask"), json!(""));
    assert_eq!(run.call("z").args[1], "echo ['']");
    run.folds_to_itself();
}

#[test]
fn captured_words_are_the_output_and_are_not_looked_at_again() {
    let mut run = gated("{message: m, capture_response: true}", USE);
    run.decide("approve", Some("yes, but $a.output"));
    assert_eq!(run.call("z").args[1], "echo ['yes, but $a.output']");
    let mut run = gated("{message: m, capture_response: true}", USE);
    run.decide("approve", None);
    assert_eq!(run.output_of("ask"), json!("Approved"));
}

#[test]
fn authored_decisions_are_data_and_reject_is_one_of_them_when_it_is_written() {
    let after =
        "  - {id: go, depends_on: [ask], when: \"$ask.output.decision == 'approve'\", bash: g}
  - {id: redo, depends_on: [ask], when: \"$ask.output.decision == 'reject'\", bash: r}
";
    let mut run = gated(
        "{message: m, decisions: [{id: approve}, {id: reject, label: Redo}]}",
        after,
    );
    run.decide("reject", Some("too long"));
    assert_eq!(
        run.output_of("ask"),
        json!({"decision": "reject", "text": "too long"})
    );
    assert_eq!(run.under_way(), ["redo"]);
    let mut run = gated(
        "{message: m, decisions: [{id: approve}, {id: later}]}",
        after,
    );
    run.decide("reject", None);
    assert_eq!(run.state.status, Status::Cancelled);
}

#[test]
fn a_plain_rejection_cancels_the_run_and_says_why() {
    let mut run = gated("{message: m}", USE);
    run.decide("reject", Some("not now"));
    assert_eq!(run.state.status, Status::Cancelled);
    assert_eq!(
        run.state.error.as_ref().unwrap().message,
        "`ask` was rejected: not now"
    );
    run.folds_to_itself();
}

#[test]
fn a_rework_is_done_and_asked_about_again_and_the_last_rejection_cancels() {
    let rework = "{message: 'ok $a.output?', on_reject: {prompt: 'Fix <$a.output> for <$REJECTION_REASON>', max_attempts: 3}}";
    let mut run = gated(rework, USE);
    run.decide("reject", Some("typo $a.output"));
    let path = "ask[g1]/on_reject";
    let call = run.prompt(path);
    assert_eq!(call.prompt, "Fix <v1> for <typo $a.output>");
    assert_eq!(call.step, "ask:on_reject");
    assert_eq!(run.state.status, Status::Running);
    run.speaks(path, json!("fixed"));
    assert_eq!(run.state.status, Status::Waiting);
    assert_eq!(run.state.open_gates[0].gate.prompt, "ok v1?");
    run.decide("reject", Some("again"));
    run.speaks("ask[g2]/on_reject", json!("fixed again"));
    run.decide("reject", Some("enough"));
    assert_eq!(run.state.status, Status::Cancelled);
    run.folds_to_itself();
}

#[test]
fn a_rework_that_a_dead_worker_left_is_done_again() {
    let rework = "{message: m, on_reject: {prompt: Fix}}";
    let mut run = gated(rework, USE);
    run.decide("reject", None);
    assert_eq!(run.prompt("ask[g1]/on_reject").attempt, 1);
    run.claim(2);
    run.advance();
    assert_eq!(run.prompt("ask[g1]/on_reject").attempt, 2);
    run.speaks("ask[g1]/on_reject", json!("done"));
    run.decide("approve", None);
    assert_eq!(run.under_way(), ["z"]);
}

#[test]
fn work_beside_a_gate_goes_on_and_the_run_waits_only_when_nothing_else_does() {
    let mut run = Run::new(&workflow(
        "  - {id: ask, approval: {message: m}}\n  - {id: b, bash: b}\n  - {id: c, approval: {message: m2}}\n",
    ));
    assert_eq!(run.state.status, Status::Running);
    assert_eq!(run.state.open_gates.len(), 2);
    run.says("b", "");
    assert_eq!(run.state.status, Status::Waiting);
}
