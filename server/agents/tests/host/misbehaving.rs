//! Agents that die, keep silent, talk rubbish or do not let go.

use std::time::Duration;

use fermata_agents::Limits;
use fermata_runner::agent::{AgentErrorKind, AgentProvider as _};
use serde_json::json;

use crate::stage::{AGENT, Stage, short};

#[tokio::test]
async fn an_agent_that_dies_in_a_turn_is_said_and_the_conversation_goes_on_in_a_new_process() {
    let stage = Stage::scripted(
        r"
rules:
  - { step: a, turn: 1, answer: [[so far, crash: true]] }
  - { step: a, answer: back }
",
    );
    let error = stage
        .run(stage.request("a", ""))
        .await
        .expect_err("it dies");
    assert_eq!(
        (error.kind, error.retryable),
        (AgentErrorKind::Provider, true)
    );
    assert!(error.message.contains("exit status: 1"), "{error}");
    assert!(
        error.message.contains("action `crash`"),
        "its last words: {error}"
    );
    let mut again = stage.request("a", "");
    again.turn = 2;
    assert_eq!(stage.run(again).await.expect("a turn").text, "back");
    stage.sink.with(|seen| {
        assert_ne!(seen.processes[0].pid, seen.processes[1].pid);
        assert_eq!(seen.warnings, [""; 0], "the session was found again");
    });
}

#[tokio::test]
async fn a_history_that_is_replayed_after_loading_is_not_taken_for_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    let state = state.to_str().expect("text");
    let limits = Limits {
        // What was said long ago comes right behind the answer, on a slow machine as well.
        quiet: Duration::from_secs(3),
        ..Limits::default()
    };
    let stage = Stage::own(AGENT, &["late-replay", state], limits);
    let error = stage
        .run(stage.own_request("a", ""))
        .await
        .expect_err("it dies first");
    assert!(error.message.contains("exit status: 7"), "{error}");
    let mut again = stage.own_request("a", "");
    again.turn = 2;
    assert_eq!(stage.run(again).await.expect("a turn").text, "fresh");
}

#[tokio::test]
async fn an_agent_that_does_not_let_go_is_killed_with_its_group() {
    let stage = Stage::own(AGENT, &["stubborn"], short());
    let mut request = stage.own_request("a", "");
    request.timeout = Some(Duration::from_millis(50));
    let error = stage.run(request).await.expect_err("it never answers");
    assert_eq!(error.kind, AgentErrorKind::Timeout);
    assert!(error.message.contains("killed"), "{error}");
    stage.agents.shutdown().await;
    let pid = stage.sink.with(|seen| seen.processes[0].pid);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn what_an_agent_left_running_ends_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("child");
    let script = folder.path().join("s.yaml");
    std::fs::write(&script, "rules: [{answer: fine}]").expect("writes");
    let text = format!(
        "sleep 1000 >/dev/null 2>&1 &\necho $! > '{}'\nexec '{AGENT}' scripted-agent '{}'",
        note.display(),
        script.display()
    );
    let file = Stage::shell(folder.path(), &text);
    let stage = Stage::own(file.to_str().expect("text"), &[], Limits::default());
    let output = stage.run(stage.own_request("a", "")).await.expect("a turn");
    assert_eq!(output.text, "fine");
    let child = std::fs::read_to_string(&note).expect("written before the agent");
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!(alive(), "it runs while the agent does");
    stage.agents.shutdown().await;
    while alive() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn rubbish_on_stdout_is_told_and_does_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("s.yaml");
    std::fs::write(&script, "rules: [{answer: fine}]").expect("writes");
    let text = format!(
        "echo 'Welcome to my agent!'\necho '{{\"level\":\"info\"}}'\nexec '{AGENT}' scripted-agent '{}'",
        script.display()
    );
    let file = Stage::shell(folder.path(), &text);
    let stage = Stage::own(file.to_str().expect("text"), &[], Limits::default());
    let output = stage.run(stage.own_request("a", "")).await.expect("a turn");
    assert_eq!(output.text, "fine");
    stage.sink.with(|seen| {
        assert_eq!(seen.warnings.len(), 1);
        assert!(
            seen.warnings[0].contains("2 line(s)"),
            "{:?}",
            seen.warnings
        );
        assert!(
            seen.warnings[0].contains("Welcome to my agent!"),
            "{:?}",
            seen.warnings
        );
    });
}

#[tokio::test]
async fn a_program_that_is_no_agent_is_named_with_what_it_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Stage::shell(
        folder.path(),
        "echo 'usage: me FILE'\necho 'no FILE' >&2\nexit 3",
    );
    let stage = Stage::own(file.to_str().expect("text"), &[], Limits::default());
    let error = stage
        .run(stage.own_request("a", ""))
        .await
        .expect_err("no agent");
    assert_eq!(
        (error.kind, error.retryable),
        (AgentErrorKind::Start, false)
    );
    for part in ["exit status: 3", "usage: me FILE", "no FILE"] {
        assert!(error.message.contains(part), "{part} in: {error}");
    }
}

#[tokio::test]
async fn an_agent_that_never_answers_initialize_is_given_up_and_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("pid");
    let text = format!("echo $$ > '{}'\nexec sleep 1000", note.display());
    let file = Stage::shell(folder.path(), &text);
    let mut patience = Duration::from_millis(300);
    let pid = loop {
        let limits = Limits {
            initialize: patience,
            ..short()
        };
        let stage = Stage::own(file.to_str().expect("text"), &[], limits);
        let error = stage
            .run(stage.own_request("a", ""))
            .await
            .expect_err("silence");
        assert_eq!(error.kind, AgentErrorKind::Start);
        assert!(error.message.contains("`initialize`"), "{error}");
        match std::fs::read_to_string(&note) {
            Ok(pid) if pid.ends_with('\n') => break pid,
            // Given up before it could even say who it is: more patience.
            _ => patience *= 4,
        }
        assert!(patience < Duration::from_secs(60), "it was never started");
    };
    while std::path::Path::new(&format!("/proc/{}", pid.trim())).exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_agent_of_another_protocol_version_is_refused() {
    let stage = Stage::own(AGENT, &["next-version"], Limits::default());
    let error = stage
        .run(stage.own_request("a", ""))
        .await
        .expect_err("version 2");
    assert_eq!(error.kind, AgentErrorKind::Start);
    assert!(error.message.contains("version"), "{error}");
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_is_named_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("agent");
    std::fs::write(&file, "text").expect("writes");
    let stage = Stage::own(file.to_str().expect("text"), &[], Limits::default());
    let error = stage
        .run(stage.own_request("a", ""))
        .await
        .expect_err("not executable");
    assert_eq!(error.kind, AgentErrorKind::Start);
    for part in [file.to_str().expect("text"), "executable"] {
        assert!(error.message.contains(part), "{part} in: {error}");
    }
}

#[tokio::test]
async fn a_result_is_handed_in_by_the_hosts_tool_after_a_bad_one_was_refused() {
    let stage = Stage::own(AGENT, &["submitter"], Limits::default());
    let mut request = stage.own_request("a", "Judge.");
    request.schema = Some(json!({
        "type": "object",
        "properties": {"verdict": {"enum": ["pass", "fail"]}},
        "required": ["verdict"],
    }));
    let output = stage.run(request).await.expect("a turn");
    assert_eq!(output.text, "first refused, then taken");
    assert_eq!(output.value, Some(json!({"verdict": "pass"})));
}
