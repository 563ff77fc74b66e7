//! Sessions that outlive their conversation: copied, gone on with, lost; by the
//! same worker and by the next one. The agent answers with all that was said in
//! the session.

use std::path::Path;

use fermata_agents::Limits;
use fermata_engine::SessionStart;
use fermata_runner::agent::{AgentErrorKind, AgentProvider as _, StepOutput, StepRequest};

use crate::stage::{AGENT, Stage};

/// A worker whose agent remembers in that folder and can do so much with earlier sessions.
fn worker(memory: &Path, can: &[&str]) -> Stage {
    let memory = memory.display().to_string();
    let args: Vec<&str> = [["remembering", memory.as_str()].as_slice(), can].concat();
    Stage::own(AGENT, &args, Limits::default())
}

fn copy_of(session: &str, needed: bool) -> SessionStart {
    SessionStart::Fork {
        session: session.to_owned(),
        needed,
    }
}

/// One turn of a step that may be gone on with, and the end of its conversation.
async fn turn(stage: &Stage, step: &str, session: SessionStart) -> StepOutput {
    let output = stage.run(request(stage, step, session)).await;
    stage.agents.end(step).await;
    output.expect("an answer")
}

fn request(stage: &Stage, step: &str, session: SessionStart) -> StepRequest {
    StepRequest {
        session,
        stays_open: true,
        ..stage.own_request(step, step)
    }
}

fn warnings(stage: &Stage) -> Vec<String> {
    stage.sink.with(|state| state.warnings.clone())
}

#[tokio::test]
async fn copies_of_a_session_know_the_original_and_nothing_of_each_other() {
    let memory = tempfile::tempdir().expect("a folder");
    let stage = worker(memory.path(), &["fork", "resume"]);
    let a = turn(&stage, "a", SessionStart::Fresh).await;
    let source = a.session.expect("an id");
    let b = turn(&stage, "b", copy_of(&source, true)).await;
    let c = turn(&stage, "c", copy_of(&source, false)).await;
    assert_eq!((b.text.as_str(), c.text.as_str()), ("a;b;", "a;c;"));
    assert!(b.session != c.session && b.session.as_deref() != Some(&source));
    let d = turn(&stage, "d", SessionStart::Resume(source.clone())).await;
    assert_eq!((d.text.as_str(), d.session), ("a;d;", Some(source)));
    assert_eq!(warnings(&stage), Vec::<String>::new());
    stage.agents.shutdown().await;
}

#[tokio::test]
async fn the_next_worker_finds_the_sessions_of_the_one_before() {
    for can in [["fork", "resume"], ["fork", "load"]] {
        let memory = tempfile::tempdir().expect("a folder");
        let first = worker(memory.path(), &can);
        let a = turn(&first, "a", SessionStart::Fresh).await;
        let source = a.session.expect("an id");
        first.agents.shutdown().await;
        let second = worker(memory.path(), &can);
        let b = turn(&second, "b", copy_of(&source, true)).await;
        assert_eq!(b.text, "a;b;");
        let c = turn(&second, "c", SessionStart::Resume(source.clone())).await;
        assert_eq!((c.text.as_str(), c.session), ("a;c;", Some(source)));
        assert_eq!(warnings(&second), Vec::<String>::new());
        second.agents.shutdown().await;
    }
}

#[tokio::test]
async fn an_agent_that_cannot_copy_goes_on_with_the_original_and_says_so_once() {
    let memory = tempfile::tempdir().expect("a folder");
    let first = worker(memory.path(), &["resume"]);
    let a = turn(&first, "a", SessionStart::Fresh).await;
    let source = a.session.expect("an id");
    let b = turn(&first, "b", copy_of(&source, true)).await;
    let c = turn(&first, "c", copy_of(&source, true)).await;
    assert_eq!((b.text.as_str(), c.text.as_str()), ("a;b;", "a;b;c;"));
    let said = warnings(&first);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("cannot copy a session"), "{said:?}");
    first.agents.shutdown().await;
    let second = worker(memory.path(), &["resume"]);
    let d = turn(&second, "d", copy_of(&source, true)).await;
    assert_eq!(d.text, "a;b;c;d;");
    second.agents.shutdown().await;
}

#[tokio::test]
async fn a_needed_session_that_is_lost_fails_the_step_before_its_prompt_is_sent() {
    for can in [&["fork", "resume"][..], &[]] {
        let memory = tempfile::tempdir().expect("a folder");
        let stage = worker(memory.path(), can);
        let error = stage
            .run(request(&stage, "b", copy_of("gone", true)))
            .await
            .expect_err("it is lost");
        assert_eq!(error.kind, AgentErrorKind::Session);
        assert!(!error.retryable);
        for part in ["`b`", "`gone`", "`own`", "fermata resume --from"] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
        let sessions = std::fs::read_dir(memory.path()).expect("a folder").count();
        assert_eq!(sessions, 0, "nothing was opened");
        stage.agents.shutdown().await;
    }
}

#[tokio::test]
async fn a_lost_session_that_is_not_needed_is_begun_anew_with_a_warning() {
    let memory = tempfile::tempdir().expect("a folder");
    let stage = worker(memory.path(), &["fork", "resume"]);
    let a = turn(&stage, "a", copy_of("gone", false)).await;
    assert_eq!(a.text, "a;");
    let b = turn(&stage, "b", SessionStart::Resume("gone too".to_owned())).await;
    assert_eq!(b.text, "b;");
    let said = warnings(&stage);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("`gone`") && said[1].contains("`gone too`"));
    assert!(
        said[0].contains("there is no such session"),
        "its own words: {said:?}"
    );
    // What took its place is not found under its name.
    let c = turn(&stage, "c", SessionStart::Resume("gone too".to_owned())).await;
    assert_eq!(c.text, "c;");
    stage.agents.shutdown().await;
}

#[tokio::test]
async fn steps_that_share_a_key_go_on_in_the_session_of_the_worker_before() {
    let memory = tempfile::tempdir().expect("a folder");
    let shared = |stage: &Stage, step: &str, session| StepRequest {
        session_key: Some("k".to_owned()),
        session,
        stays_open: false,
        ..stage.own_request(step, step)
    };
    let first = worker(memory.path(), &["resume"]);
    let a = first.run(shared(&first, "a", SessionStart::Fresh)).await;
    let id = a.expect("an answer").session.expect("an id");
    first.agents.shutdown().await;
    let second = worker(memory.path(), &["resume"]);
    for (step, all) in [("b", "a;b;"), ("c", "a;b;c;")] {
        // The first takes it up; for the second it is open already.
        let start = SessionStart::Resume(id.clone());
        let output = second.run(shared(&second, step, start)).await;
        assert_eq!(output.expect("an answer").text, all);
    }
    second.agents.shutdown().await;
}

#[tokio::test]
async fn the_scripted_agent_copies_sessions_and_forgets_them_where_its_script_says_so() {
    let script = |sessions: &str| format!("sessions: {sessions}\nrules: [{{answer: x}}]\n");
    for (word, found) in [
        ("copied", true),
        ("kept", true),
        ("forgotten", false),
        ("fleeting", false),
    ] {
        let stage = Stage::scripted(&script(word));
        let request = |step: &str, session| StepRequest {
            session,
            stays_open: true,
            ..stage.request(step, step)
        };
        let first = stage.run(request("a", SessionStart::Fresh)).await;
        let source = first.expect("an answer").session.expect("an id");
        let copy = stage.run(request("b", copy_of(&source, true))).await;
        let copy = copy.expect("it is open here").session;
        assert_eq!(
            copy.as_ref() != Some(&source),
            matches!(word, "copied" | "forgotten"),
            "{word}"
        );
        let other = stage
            .run(request("c", copy_of("of-another-process", true)))
            .await;
        assert_eq!(other.is_ok(), found, "{word}");
        stage.agents.shutdown().await;
    }
}
