//! Approvals: nothing passes without an answer; answers, rejections, rework.

use fermata_engine::event::EventBody;
use fermata_engine::state::NodeState;
use fermata_engine::{End, Outcome, Status};
use serde_json::json;

use crate::run::{Run, ada, workflow};

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
fn a_failed_rework_is_done_over_on_resume_before_anybody_is_asked_again() {
    let rework = "{message: m, on_reject: {prompt: 'Fix $REJECTION_REASON', max_attempts: 3}}";
    let mut run = gated(rework, USE);
    run.decide("reject", Some("one"));
    let path = "ask[g1]/on_reject";
    run.fails(path, "provider", "cannot fix");
    assert_eq!(run.state.status, Status::Failed);
    assert_eq!(run.state_of("z"), NodeState::Skipped);
    run.resume(2);
    assert!(run.state.open_gates.is_empty(), "the work is owed");
    let call = run.prompt(path);
    assert_eq!((call.attempt, call.prompt.as_str()), (2, "Fix one"));
    // It may fail a second time, and its worker may die.
    run.fails(path, "provider", "cannot fix");
    run.resume(3);
    run.claim(4);
    run.advance();
    assert_eq!(run.prompt(path).attempt, 4);
    run.speaks(path, json!("fixed"));
    assert_eq!(run.state.status, Status::Waiting);
    run.folds_to_itself();
    // The rejection counted once: one more rework is left.
    run.decide("reject", Some("two"));
    run.speaks("ask[g2]/on_reject", json!("fixed again"));
    run.decide("approve", None);
    assert_eq!(run.under_way(), ["z"]);
    run.folds_to_itself();
}

#[test]
fn a_rework_is_tried_again_as_a_prompt_is() {
    let rework = "{message: m, on_reject: {prompt: Fix}}";
    let mut run = gated(rework, USE);
    run.decide("reject", None);
    let path = "ask[g1]/on_reject";
    for delay in [3_000, 6_000] {
        run.fails(path, "provider", "429 too many requests");
        assert_eq!(run.state.status, Status::Running);
        run.now += delay - 1;
        run.advance();
        assert!(!run.under_way().contains(&path));
        run.now += 1;
        run.advance();
        assert!(run.under_way().contains(&path));
    }
    run.fails(path, "provider", "429 too many requests");
    assert_eq!(run.state.status, Status::Failed);
    // The node's own policy counts for its reworks.
    let mut run = Run::new(&workflow(
        "  - {id: ask, retry: {max_attempts: 1, on_error: all, delay_ms: 1000}, approval: {message: m, on_reject: {prompt: Fix}}}\n",
    ));
    run.decide("reject", None);
    run.fails(path, "provider", "something odd");
    run.now += 1_000;
    run.advance();
    assert_eq!(run.prompt(path).attempt, 2);
    run.fails(path, "provider", "something odd");
    assert_eq!(run.state.status, Status::Failed, "and nobody was asked");
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

#[test]
fn nothing_begins_while_a_rejected_run_is_being_ended() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}\n  - {id: b, bash: b}\n  - {id: ask, approval: {message: m}}\n  - {id: z, depends_on: [a], trigger_rule: all_done, bash: z}\n",
    ));
    run.decide("reject", None);
    run.conclude("a", Outcome::Cancelled { elapsed: 1 });
    assert_eq!(run.under_way(), ["b", "ask"], "`z` could begin");
    // Its worker may die now: whoever finds it knows that it is to end, and in whose name.
    let end = run.state.end_without_worker();
    assert!(
        matches!(&end, Some(End::Cancel(by, _)) if by.by == "ada"),
        "{end:?}"
    );
    run.conclude("b", Outcome::Cancelled { elapsed: 1 });
    assert_eq!(run.state.status, Status::Cancelled);
    assert_eq!(run.state_of("z"), NodeState::Pending);
    run.folds_to_itself();
}

#[test]
fn what_was_answered_before_a_stop_is_done_on_resume_before_anybody_is_asked_again() {
    let mut run = gated(
        "{message: m, on_reject: {prompt: 'Fix $REJECTION_REASON'}}",
        USE,
    );
    run.decide("reject", Some("typo"));
    let path = "ask[g1]/on_reject";
    run.write(EventBody::StopRequested { actor: ada() });
    run.advance();
    run.conclude(path, Outcome::Cancelled { elapsed: 1 });
    assert_eq!(run.state.status, Status::Failed);
    run.resume(2);
    assert_eq!(run.prompt(path).prompt, "Fix typo");
    assert!(run.state.open_gates.is_empty());
    run.speaks(path, json!("fixed"));
    run.decide("approve", None);
    assert_eq!(run.under_way(), ["z"]);
    run.folds_to_itself();
}
