//! What sessions are set to, and what their turns cost: each step gets what it names, or what the agent chooses itself,
//! whoever began the session.

use fermata_agents::Limits;
use fermata_engine::SessionStart;
use fermata_runner::agent::{AgentProvider as _, StepRequest, ToolServer, ToolServerWay};

use crate::stage::{AGENT, Stage};

fn stage(can: &[&str]) -> Stage {
    let args: Vec<&str> = [&["choosing"], can].concat();
    Stage::own(AGENT, &args, Limits::default())
}

fn copy_of(session: Option<String>) -> SessionStart {
    SessionStart::Fork {
        session: session.expect("an id"),
        needed: true,
    }
}

fn step(stage: &Stage, name: &str, session: SessionStart, model: Option<&str>) -> StepRequest {
    StepRequest {
        session,
        stays_open: true,
        model: model.map(str::to_owned),
        effort: model.map(|_| "high".to_owned()),
        ..stage.own_request(name, name)
    }
}

#[tokio::test]
async fn a_step_that_names_no_model_gets_the_agents_own_also_in_a_session_of_another_step() {
    for can in [&["fork"][..], &[]] {
        let stage = stage(can);
        let a = step(&stage, "a", SessionStart::Fresh, None);
        let a = stage.run(a).await.expect("an answer");
        let b = step(&stage, "b", copy_of(a.session.clone()), Some("big"));
        let b = stage.run(b).await.expect("an answer");
        let c = step(&stage, "c", copy_of(b.session), None);
        let c = stage.run(c).await.expect("an answer");
        let texts = [&a.text, &b.text, &c.text].map(|text| text.split(' ').next());
        assert_eq!(
            texts,
            [Some("default"), Some("big"), Some("default")],
            "{can:?}"
        );
        assert!(
            b.text.ends_with("high"),
            "an effort that comes with the model"
        );
        let models = [a.model, b.model, c.model].map(Option::unwrap_or_default);
        assert_eq!(models, ["default", "big", "default"]);
        let unoffered = |text: &String| text.contains("does not offer");
        stage
            .sink
            .with(|seen| assert!(!seen.warnings.iter().any(unoffered)));
        stage.agents.shutdown().await;
    }
}

#[tokio::test]
async fn a_worker_that_has_begun_no_session_yet_takes_what_the_agent_calls_its_default() {
    let stage = stage(&["fork"]);
    let session = SessionStart::Resume("0".to_owned());
    let a = stage.run(step(&stage, "a", session, None)).await;
    assert_eq!(a.expect("an answer").text, "default high");
    stage.agents.shutdown().await;
}

#[tokio::test]
async fn costs_that_begin_anew_with_a_process_are_counted_whole() {
    let stage = stage(&["fork"]);
    let prompt = |turn, text: &str| StepRequest {
        turn,
        prompt: text.to_owned(),
        ..step(&stage, "a", SessionStart::Fresh, None)
    };
    let mut costs = Vec::new();
    for (turn, text) in [(1, "x"), (2, "x"), (3, "die"), (4, "x"), (5, "x")] {
        let output = stage.run(prompt(turn, text)).await;
        costs.push(output.ok().and_then(|output| output.usage.cost_usd));
    }
    let each = Some(0.25);
    assert_eq!(costs, [each, each, None, each, each]);
    stage.agents.shutdown().await;
}

#[tokio::test]
async fn servers_of_a_step_that_goes_on_in_an_open_session_are_told_to_be_without_effect() {
    let stage = stage(&[]);
    let a = step(&stage, "a", SessionStart::Fresh, None);
    let a = stage.run(a).await.expect("an answer");
    let server = ToolServer {
        name: "words".to_owned(),
        way: ToolServerWay::Process {
            command: "words".to_owned(),
            args: Vec::new(),
            env: Vec::new(),
        },
        other: Vec::new(),
    };
    let b = StepRequest {
        tool_servers: vec![server],
        ..step(&stage, "b", copy_of(a.session), None)
    };
    stage.run(b).await.expect("an answer");
    stage.sink.with(|seen| {
        let late: Vec<_> = seen
            .warnings
            .iter()
            .filter(|text| text.contains("does without its tool servers"))
            .collect();
        assert_eq!(late.len(), 1, "{:?}", seen.warnings);
        assert!(late[0].contains("`b`") && late[0].contains("context: fresh"));
    });
    stage.agents.shutdown().await;
}
