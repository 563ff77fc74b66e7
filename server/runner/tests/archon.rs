//! Archon graphs in the real worker: real shells, real processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use fermata_engine::event::EventBody;
use fermata_engine::state::NodeState;
use fermata_engine::{Payload, RunId, Status, StepPath};
use fermata_runner::Surroundings;
use fermata_store::MemStore;
use serde_json::Value;
use support::scripted::Scripted;
use support::world::Disk;
use support::{Finished, graph, read, surroundings, work};

/// A project in a folder, and a store.
struct Stage {
    folder: tempfile::TempDir,
    store: Arc<MemStore>,
    run: RunId,
}

impl Stage {
    fn new(nodes: &str, message: &str) -> Self {
        let text = format!("name: main\ndescription: A graph.\nnodes:\n{nodes}");
        Self::of(&text, message)
    }

    fn of(text: &str, message: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".archon/workflows/main.yaml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let store = Arc::new(MemStore::new());
        let run = graph::queue(store.as_ref(), folder.path(), message);
        Self { folder, store, run }
    }

    async fn go(&self) -> Finished {
        self.with(Scripted::new(&Value::Null)).await
    }

    /// Child runs in threads of this process.
    async fn with_children(&self) -> Finished {
        let around = self.around(Scripted::new(&Value::Null));
        let mut parent = around.clone();
        parent.children = Some(Arc::new(graph::Threads {
            store: self.store.clone(),
            around,
        }));
        let ended = work(&self.store, &self.run, parent).await;
        read(&self.store, &self.run, ended)
    }

    fn around(&self, agents: Arc<Scripted>) -> Surroundings {
        let world = Arc::new(Disk {
            env: Default::default(),
        });
        let mut around = surroundings(self.store.clone(), agents, world);
        around.home = self.file("home");
        around
    }

    async fn with(&self, agents: Arc<Scripted>) -> Finished {
        let around = self.around(agents);
        let ended = work(&self.store, &self.run, around).await;
        read(&self.store, &self.run, ended)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn output(finished: &Finished, id: &str) -> String {
    let node = &finished.state.nodes[&StepPath::from(id)];
    match &node.output {
        Some(Payload::Inline(Value::String(text))) => text.clone(),
        other => panic!("`{id}` has {other:?}, {:?}", node.error),
    }
}

#[tokio::test]
async fn a_graph_of_shells_runs_to_its_end() {
    let stage = Stage::new(
        "  - {id: a, bash: 'echo one; echo two'}
  - {id: b, depends_on: [a], bash: 'printf %s $a.output | wc -l | tr -d \" \"'}
  - {id: c, depends_on: [a], when: \"$a.output == 'no'\", bash: echo never}
  - {id: d, depends_on: [b, c], trigger_rule: none_failed_min_one_success, bash: 'echo \"$ARGUMENTS\" $b.output > \"$ARTIFACTS_DIR/said\"; cat $ARTIFACTS_DIR/said'}
",
        "it's a 'message'",
    );
    let finished = stage.go().await;
    assert_eq!(
        finished.state.status,
        Status::Completed,
        "{:?}",
        finished.state.error
    );
    assert_eq!(output(&finished, "a"), "one\ntwo");
    assert_eq!(output(&finished, "d"), "it's a 'message' 1");
    let skipped = &finished.state.nodes[&StepPath::from("c")];
    assert_eq!(skipped.state, NodeState::Skipped);
}

#[tokio::test]
async fn hostile_text_passes_through_references_unharmed_and_is_never_carried_out() {
    let hostile = "'; touch pwned; ' \"; touch pwned; \" $(touch pwned) `touch pwned` ${IFS} \\ \n\n* ~ $a.output $ARGUMENTS !! \u{e9}\n\n";
    let long = format!("{hostile}{}", "$(touch pwned)'\"`\n".repeat(60_000));
    let stage = Stage::new(
        "  - {id: a, bash: 'cat hostile'}
  - {id: l, bash: 'cat long'}
  - {id: b, depends_on: [a], bash: 'printf %s $a.output > b.out'}
  - {id: m, depends_on: [l], bash: 'printf %s $l.output > l.out'}
  - {id: u, bash: 'printf %s \"$ARGUMENTS\" > u.out'}
",
        &long,
    );
    // A shell takes one line end off what it is given to say, so the files carry one more.
    std::fs::write(stage.file("hostile"), format!("{hostile}\n")).unwrap();
    std::fs::write(stage.file("long"), format!("{long}\n")).unwrap();
    assert!(long.len() > 1_000_000);
    let finished = stage.go().await;
    assert_eq!(
        finished.state.status,
        Status::Completed,
        "{:?}",
        finished.state.error
    );
    let said = |name: &str| std::fs::read_to_string(stage.file(name)).unwrap();
    assert!(said("b.out") == hostile);
    assert!(
        said("l.out") == long,
        "{} of {}",
        said("l.out").len(),
        long.len()
    );
    assert!(
        said("u.out") == long,
        "{} of {}",
        said("u.out").len(),
        long.len()
    );
    assert!(!stage.file("pwned").exists());
}

#[tokio::test]
async fn a_script_without_its_runtime_says_what_to_install() {
    let stage = Stage::new("  - {id: a, runtime: bun, script: 'console.log(1)'}\n", "");
    let finished = stage.go().await;
    let node = &finished.state.nodes[&StepPath::from("a")];
    match &node.error {
        Some(error) => {
            assert_eq!(error.kind, "not-found");
            assert!(
                error.message.contains("https://bun.sh"),
                "{}",
                error.message
            );
        }
        // It is installed here.
        None => assert_eq!(output(&finished, "a"), "1"),
    }
}

#[tokio::test]
async fn servers_that_a_node_names_reach_its_agent_and_no_other() {
    let stage = Stage::new(
        "  - {id: a, prompt: 'Use them', mcp: servers.json}
  - {id: b, depends_on: [a], prompt: 'Do without'}
  - {id: c, depends_on: [a], prompt: 'Not there', mcp: gone.json}
",
        "",
    );
    let servers = r#"{"words": {"command": "words", "env": {"W": "$NOT_SET_HERE"}}, "web": {"type": "http", "url": "http://127.0.0.1:1/mcp"}}"#;
    std::fs::write(stage.file("servers.json"), servers).unwrap();
    let answer = [serde_json::json!({"text": "hi"})];
    let agents = Scripted::new(&serde_json::json!({"agents": {"a": answer, "b": answer}}));
    let finished = stage.with(Arc::clone(&agents)).await;
    let asked = agents.asked.lock().unwrap();
    let names: Vec<Vec<&str>> = asked
        .iter()
        .map(|turn| {
            turn.tool_servers
                .iter()
                .map(|server| server.name.as_str())
                .collect()
        })
        .collect();
    assert_eq!(names, [vec!["words", "web"], vec![]]);
    let missing = finished.state.nodes[&StepPath::from("c")]
        .error
        .as_ref()
        .unwrap();
    assert_eq!(missing.kind, "not-found");
    for part in ["`c`", "gone.json", "correct the path"] {
        assert!(missing.message.contains(part), "{}", missing.message);
    }
    let unset = finished.log.iter().any(|event| {
        matches!(&event.body, EventBody::Warning { message, .. } if message.contains("NOT_SET_HERE"))
    });
    assert!(unset, "a variable that is not set is told");
}

#[tokio::test]
async fn a_node_that_takes_too_long_is_ended_and_fails() {
    let stage = Stage::new("  - {id: a, timeout: 100, bash: sleep 60}\n", "");
    let finished = stage.go().await;
    let node = &finished.state.nodes[&StepPath::from("a")];
    assert_eq!(node.error.as_ref().unwrap().kind, "timeout");
    assert_eq!(finished.state.status, Status::Failed);
}

#[tokio::test]
async fn prompts_are_answered_read_by_schema_asked_again_and_fail_when_empty() {
    let stage = Stage::new(
        "  - {id: a, prompt: 'Say hi'}
  - {id: s, depends_on: [a], prompt: 'Classify $a.output', output_type: verdict, output_format: {type: object, properties: {kind: {type: string}}, required: [kind]}}
  - {id: b, depends_on: [s], bash: 'echo $s.output.kind'}
  - {id: e, depends_on: [a], prompt: 'Nothing'}
",
        "",
    );
    let agents = Scripted::new(&serde_json::json!({"agents": {
        "a": [{"text": "hi"}],
        "s": [{"text": "no JSON"}, {"text": "```json\n{\"kind\": 5}\n```"}, {"text": "{\"kind\": \"ok\"}"}],
        "e": [{"text": "  \n"}],
    }}));
    let finished = stage.with(Arc::clone(&agents)).await;
    assert_eq!(output(&finished, "b"), "ok", "{:?}", finished.state.error);
    let empty = &finished.state.nodes[&StepPath::from("e")];
    assert_eq!(empty.error.as_ref().unwrap().kind, "empty-output");
    let asked = agents.asked.lock().unwrap();
    let turns: Vec<u32> = asked
        .iter()
        .filter(|a| a.step == "s")
        .map(|a| a.turn)
        .collect();
    assert_eq!(turns, [1, 2, 3]);
    drop(asked);
    let folder = stage
        .file("home/artifacts")
        .join(stage.run.as_str())
        .join("nodes");
    assert_eq!(
        std::fs::read_to_string(folder.join("s.md")).unwrap(),
        "{\"kind\":\"ok\"}"
    );
    assert!(
        std::fs::read_to_string(folder.join("s.meta.json"))
            .unwrap()
            .contains("verdict")
    );
}

#[tokio::test]
async fn a_run_that_owes_evidence_completes_only_with_it() {
    for (script, status) in [
        ("echo {} > $ARTIFACTS_DIR/evidence.json", Status::Completed),
        ("echo none", Status::Failed),
    ] {
        let stage = Stage::of(
            &format!(
                "name: main\ndescription: A graph.\nevidence_policy: {{required: true}}\nnodes:\n  - {{id: a, bash: '{script}'}}\n"
            ),
            "",
        );
        let finished = stage.go().await;
        assert_eq!(finished.state.status, status, "{:?}", finished.state.error);
    }
}

#[tokio::test]
async fn a_workflow_node_is_a_run_of_its_own_whose_result_is_the_nodes() {
    let stage = Stage::new(
        "  - {id: a, bash: echo ada}
  - {id: sub, depends_on: [a], workflow: kid, with: {who: $a.output}}
  - {id: b, depends_on: [sub], bash: 'echo got $sub.output'}
  - {id: bad, workflow: broken}
  - {id: none, workflow: nobody}
",
        "",
    );
    let kid = "name: kid\ndescription: A child.\nreturns: hi\ninputs:\n  who: {required: true}\nnodes:\n  - {id: hi, bash: 'echo hi $INPUTS_WHO'}\n  - {id: late, depends_on: [hi], bash: echo late}\n";
    let broken = "name: broken\ndescription: A child.\nnodes:\n  - {id: x, bash: exit 3}\n";
    for (name, text) in [("kid", kid), ("broken", broken)] {
        std::fs::write(stage.file(&format!(".archon/workflows/{name}.yaml")), text).unwrap();
    }
    let finished = stage.with_children().await;
    assert_eq!(output(&finished, "b"), "got hi ada");
    let error = |id: &str| {
        finished.state.nodes[&StepPath::from(id)]
            .error
            .clone()
            .unwrap()
    };
    assert_eq!(error("bad").kind, "child-failed");
    assert!(
        error("bad").message.contains("exit code 3"),
        "{:?}",
        error("bad")
    );
    assert_eq!(error("none").kind, "not-found");
    assert_eq!(finished.state.status, Status::Failed);
}
