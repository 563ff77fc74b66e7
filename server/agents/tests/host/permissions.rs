//! Permission requests: they reach the sink, its decision reaches the agent.

use fermata_runner::agent::{PermissionDecision, PermissionOption, StopReason};
use serde_json::json;

use crate::stage::Stage;

const SCRIPT: &str = r"
rules:
  - step: builder
    answer:
      - - say: I will build.
        - tool:
            title: cargo build
            kind: execute
            input: { command: cargo build }
            permission: true
            result: Finished
            on_reject: [Then not.]
        - say: Built.
";

#[tokio::test]
async fn an_allowed_tool_runs_and_its_states_are_shown() {
    let stage = Stage::scripted(SCRIPT);
    stage
        .sink
        .decide(PermissionDecision::Chosen(PermissionOption::AllowOnce));
    let output = stage
        .run(stage.request("builder", "build"))
        .await
        .expect("a turn");
    assert_eq!(output.text, "I will build.\n\nBuilt.");
    assert_eq!(output.denied, [""; 0]);
    stage.sink.with(|seen| {
        let asked = &seen.asked[0];
        assert_eq!(asked.title, "cargo build");
        assert_eq!(asked.kind.as_deref(), Some("execute"));
        assert_eq!(asked.input, Some(json!({"command": "cargo build"})));
        let options: Vec<_> = asked
            .options
            .iter()
            .map(|choice| choice.option.as_str())
            .collect();
        assert_eq!(options, ["allow_once", "allow_always", "reject_once"]);
        let states: Vec<_> = seen.calls.iter().map(|call| call.status.as_str()).collect();
        assert_eq!(states, ["pending", "in_progress", "completed"]);
    });
}

#[tokio::test]
async fn a_rejected_tool_is_reported_whatever_the_stop_reason_says() {
    let stage = Stage::scripted(SCRIPT);
    stage
        .sink
        .decide(PermissionDecision::Chosen(PermissionOption::RejectOnce));
    let output = stage
        .run(stage.request("builder", "build"))
        .await
        .expect("a turn");
    assert_eq!(output.text, "I will build.\n\nThen not.");
    assert_eq!(output.stop, StopReason::EndTurn);
    assert_eq!(output.denied, ["cargo build"]);
    stage.sink.with(|seen| {
        let states: Vec<_> = seen.calls.iter().map(|call| call.status.as_str()).collect();
        assert_eq!(states, ["pending", "failed"]);
    });
}

#[tokio::test]
async fn a_withdrawn_gate_cancels_the_request() {
    let stage = Stage::scripted(SCRIPT);
    stage.sink.decide(PermissionDecision::Cancelled);
    let output = stage
        .run(stage.request("builder", "build"))
        .await
        .expect("a turn");
    assert_eq!(output.stop, StopReason::Cancelled);
}

#[tokio::test]
async fn a_turn_that_is_dropped_while_it_asks_leaves_the_process_usable() {
    let stage = Stage::scripted(SCRIPT);
    let turn = stage.start(stage.request("builder", "build"));
    stage.sink.until(|seen| seen.asked.len() == 1).await;
    turn.abort();
    let _ = turn.await;
    stage
        .sink
        .decide(PermissionDecision::Chosen(PermissionOption::AllowOnce));
    let output = stage
        .run(stage.request("builder", "build"))
        .await
        .expect("a turn");
    assert!(output.text.ends_with("Built."));
    stage
        .sink
        .with(|seen| assert_eq!(seen.processes[0], seen.processes[1]));
}
