//! Turns that go as they should, and how they are ended from outside.

use std::time::Duration;

use fermata_runner::agent::{AgentErrorKind, AgentProvider as _, StopReason, Usage};
use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn an_answer_is_streamed_in_pieces_with_thoughts_and_tokens() {
    let stage = Stage::scripted(
        r"
piece: 4
rules:
  - step: greet
    answer:
      - - think: hm
        - say: Hello there
        - usage: { input: 10, output: 3, cache_read: 2, context_used: 13, context_size: 100, cost_usd: 0.5 }
",
    );
    let output = stage
        .run(stage.request("greet", "Say hello"))
        .await
        .expect("a turn");
    assert_eq!(output.text, "Hello there");
    assert_eq!(output.stop, StopReason::EndTurn);
    assert_eq!(
        output.usage,
        Usage {
            input: Some(10),
            output: Some(3),
            cache_read: Some(2),
            cache_write: None,
            cost_usd: Some(0.5),
        }
    );
    stage.sink.with(|seen| {
        assert_eq!(seen.messages, ["Hell", "o th", "ere"]);
        assert_eq!(seen.thoughts, ["hm"]);
        assert_eq!(seen.usage[0]["context_used"], json!(13));
        assert_eq!(seen.processes.len(), 1);
        assert!(
            seen.processes[0].started > 0,
            "a recycled pid must be told apart"
        );
        assert_eq!(seen.warnings, [""; 0]);
    });
}

#[tokio::test]
async fn every_turn_of_a_run_shares_one_process_and_visits_select_the_answer() {
    let stage = Stage::scripted(
        r#"
rules:
  - { step: writer, answers: [first, second] }
  - { step: reviewer, turn: 1, answer: "no JSON here" }
  - { step: reviewer, answer: [{ json: { score: 7 } }] }
"#,
    );
    let mut texts = Vec::new();
    for (step, path, turn) in [
        ("writer", "writer", 1),
        ("reviewer", "reviewer", 1),
        ("reviewer", "reviewer", 2),
        ("writer", "plan/writer#2", 1),
    ] {
        let mut request = stage.request(step, "go");
        request.path = path.into();
        request.conversation = path.to_owned();
        request.turn = turn;
        // Said of one step, so not of the process that serves them all.
        request.env = vec![("FERMATA_STEP_KEY".to_owned(), format!("{path} {turn}"))];
        texts.push(stage.run(request).await.expect("a turn").text);
    }
    assert_eq!(texts, ["first", "no JSON here", r#"{"score":7}"#, "second"]);
    stage.sink.with(|seen| {
        let pids: Vec<_> = seen.processes.iter().map(|process| process.pid).collect();
        assert_eq!(pids, [pids[0]; 4]);
    });
}

#[tokio::test]
async fn a_new_try_takes_the_next_answer_and_a_new_attempt_the_same() {
    let stage = Stage::scripted("rules: [{step: a, answers: [{fail: busy}, well]}]");
    let mut request = stage.request("a", "");
    for (attempt, conversation, expected) in
        [(1, "1:1", None), (1, "1:2", Some("well")), (2, "2:1", None)]
    {
        request.attempt = attempt;
        request.conversation = conversation.to_owned();
        let text = stage
            .run(request.clone())
            .await
            .ok()
            .map(|output| output.text);
        assert_eq!(
            text.as_deref(),
            expected,
            "attempt {attempt}, {conversation}"
        );
        stage.agents.end("1").await;
    }
}

#[tokio::test]
async fn a_variable_of_the_whole_run_has_a_process_of_its_own() {
    let stage = Stage::scripted("rules: [{answer: x}]");
    let mut request = stage.request("a", "");
    stage.run(request.clone()).await.expect("a turn");
    request.env = vec![("REGION".to_owned(), "north".to_owned())];
    request.conversation = "b".to_owned();
    stage.run(request).await.expect("a turn");
    stage
        .sink
        .with(|seen| assert_ne!(seen.processes[0].pid, seen.processes[1].pid));
}

#[tokio::test]
async fn turns_of_different_steps_run_at_once_in_one_process() {
    let stage = Stage::scripted(
        "rules: [{step: a, answer: [[from a, hang: true]]}, {step: b, answer: from b}]",
    );
    let first = stage.start(stage.request("a", ""));
    stage.sink.until(|seen| seen.messages == ["from a"]).await;
    let second = stage
        .run(stage.request("b", ""))
        .await
        .expect("b does not wait for a");
    assert_eq!(second.text, "from b");
    first.abort();
    stage
        .sink
        .with(|seen| assert_eq!(seen.processes[0], seen.processes[1]));
}

#[tokio::test]
async fn a_turn_that_nobody_waits_for_is_cancelled_and_the_process_stays_usable() {
    let stage = Stage::scripted("rules: [{step: a, answers: [[started, hang: true], again]}]");
    let turn = stage.start(stage.request("a", ""));
    stage.sink.until(|seen| seen.messages == ["started"]).await;
    turn.abort();
    let mut again = stage.request("a", "");
    again.path = "a#2".into();
    assert_eq!(stage.run(again).await.expect("a turn").text, "again");
    stage
        .sink
        .with(|seen| assert_eq!(seen.processes[0], seen.processes[1]));
}

#[tokio::test]
async fn a_turn_over_its_time_limit_is_a_timeout_and_the_process_stays_usable() {
    let stage =
        Stage::scripted("rules: [{step: a, answer: {hang: true}}, {step: b, answer: fine}]");
    let mut request = stage.request("a", "");
    request.timeout = Some(Duration::from_millis(50));
    let error = stage.run(request).await.expect_err("it hangs");
    assert_eq!(error.kind, AgentErrorKind::Timeout);
    assert!(error.message.contains("within 50 ms"), "{error}");
    assert!(
        !error.message.contains("killed"),
        "it ended when asked to: {error}"
    );
    assert_eq!(
        stage
            .run(stage.request("b", ""))
            .await
            .expect("a turn")
            .text,
        "fine"
    );
    stage
        .sink
        .with(|seen| assert_eq!(seen.processes[0], seen.processes[1]));
}

#[tokio::test]
async fn a_reported_error_keeps_its_words_status_and_whether_to_try_again() {
    let stage = Stage::scripted(
        r#"
rules:
  - { step: busy, answer: { fail: { message: "overloaded", retryable: true, status: 529 } } }
  - { step: broken, answer: { fail: "bad request" } }
  - { step: nobody, answer: { fail: { message: "who are you?", code: -32000 } } }
"#,
    );
    let error = stage
        .run(stage.request("busy", ""))
        .await
        .expect_err("fails");
    assert_eq!(
        (error.kind, error.retryable, error.status),
        (AgentErrorKind::Provider, true, Some(529))
    );
    assert!(error.message.contains("overloaded"), "{error}");
    let error = stage
        .run(stage.request("broken", ""))
        .await
        .expect_err("fails");
    assert_eq!((error.retryable, error.status), (false, None));
    let error = stage
        .run(stage.request("nobody", ""))
        .await
        .expect_err("fails");
    assert_eq!((error.kind, error.retryable), (AgentErrorKind::Auth, false));
    assert!(error.message.contains("log in"), "{error}");
}

#[tokio::test]
async fn a_prompt_that_no_rule_fits_is_an_error_that_shows_the_prompt() {
    let stage = Stage::scripted("rules: [{step: other, answer: x}]");
    let error = stage
        .run(stage.request("architect", "Draw the plan of a house"))
        .await
        .expect_err("no rule");
    for part in ["`architect`", "Draw the plan", "step: architect"] {
        assert!(error.message.contains(part), "{part} in: {error}");
    }
    assert!(!error.retryable);
}

#[tokio::test]
async fn a_stop_reason_and_a_notice_come_through() {
    let stage = Stage::scripted(
        "rules: [{step: a, answer: [[warn: the disk is full, say: partly, stop: max_tokens]]}]",
    );
    let output = stage.run(stage.request("a", "")).await.expect("a turn");
    assert_eq!(
        (output.text.as_str(), output.stop),
        ("partly", StopReason::MaxTokens)
    );
    stage
        .sink
        .with(|seen| assert_eq!(seen.warnings, ["the disk is full"]));
}

#[tokio::test]
async fn a_notice_that_an_agent_repeats_is_shown_once() {
    let stage = Stage::scripted("rules: [{answer: [[warn: the disk is full, say: well]]}]");
    for step in ["a", "b"] {
        stage.run(stage.request(step, "")).await.expect("a turn");
    }
    stage
        .sink
        .with(|seen| assert_eq!(seen.warnings, ["the disk is full"]));
}

#[tokio::test]
async fn the_end_of_the_run_ends_the_process() {
    let stage = Stage::scripted("rules: [{answer: x}]");
    stage.run(stage.request("a", "")).await.expect("a turn");
    stage.agents.end("a").await;
    stage.agents.end("never heard of").await;
    stage.agents.shutdown().await;
    let pid = stage.sink.with(|seen| seen.processes[0].pid);
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "shutdown waits for the end"
    );
}
