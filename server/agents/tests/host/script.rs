//! The scripted agent on the wire, without our host: what any host would see.

use std::path::Path;

use fermata_agents::scripted::{Script, ServeError, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// What a message calls the session that was opened first: its id is another one in each process.
const FIRST: &str = "scripted-1";

/// Sends the messages one after another, each after the answer to the one before, and returns
/// every line that came back.
async fn talk(script: &Path, messages: &[Value]) -> (Vec<Value>, Result<(), ServeError>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(theirs);
    let script = script.to_owned();
    let agent = tokio::spawn(async move { serve(&script, input, output).await });
    let (reader, mut writer) = tokio::io::split(ours);
    let mut lines = BufReader::new(reader).lines();
    let mut heard: Vec<Value> = Vec::new();
    let mut first: Option<String> = None;
    'all: for message in messages {
        let line = format!("{message}\n");
        let line = line.replace(FIRST, first.as_deref().unwrap_or(FIRST));
        writer.write_all(line.as_bytes()).await.expect("it reads");
        let Some(id) = message.get("id") else {
            continue;
        };
        loop {
            let Some(line) = lines.next_line().await.expect("it writes") else {
                break 'all;
            };
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            if let Some(opened) = answer["result"]["sessionId"].as_str() {
                first.get_or_insert_with(|| opened.to_owned());
            }
            let line = line.replace(first.as_deref().unwrap_or(FIRST), FIRST);
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            let done = answer.get("id") == Some(id) && answer.get("method").is_none();
            heard.push(answer);
            if done {
                break;
            }
        }
    }
    writer.shutdown().await.expect("closes");
    drop((writer, lines));
    (heard, agent.await.expect("no panic"))
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn prompt(id: u64, session: &str, text: &str) -> Value {
    let blocks = json!([{"type": "text", "text": text}]);
    request(
        id,
        "session/prompt",
        &json!({"sessionId": session, "prompt": blocks}),
    )
}

fn conversation() -> Vec<Value> {
    vec![
        request(0, "initialize", &json!({"protocolVersion": 1})),
        request(1, "session/new", &json!({"cwd": "/", "mcpServers": []})),
        prompt(2, FIRST, "Write."),
        prompt(3, FIRST, "Write."),
        prompt(4, "scripted-9", "Write."),
    ]
}

#[tokio::test]
async fn the_same_script_says_the_same_every_time_to_any_host() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.yaml");
    let script = r"
piece: 3
rules:
  - contains: Write
    answers:
      - [think: hm, say: draft one, tool: { title: look, kind: read, result: seen }]
      - draft two
";
    std::fs::write(&file, script).expect("writes");
    let (first, end) = talk(&file, &conversation()).await;
    assert!(end.is_ok(), "{end:?}");
    let (second, _) = talk(&file, &conversation()).await;
    assert_eq!(first, second);
    let text = |lines: &[Value]| -> String {
        lines
            .iter()
            .filter(|line| line["params"]["update"]["sessionUpdate"] == "agent_message_chunk")
            .filter_map(|line| line["params"]["update"]["content"]["text"].as_str())
            .collect()
    };
    assert_eq!(
        text(&first),
        "draft onedraft two",
        "the last answer comes second"
    );
    let last = first.last().expect("an answer");
    assert_eq!(
        last["error"]["code"], -32602,
        "a session that was never opened: {last}"
    );
}

#[tokio::test]
async fn a_script_that_cannot_be_used_is_refused_before_anything_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.yaml");
    let (input, output) = tokio::io::split(tokio::io::duplex(64).0);
    let error = serve(&file, input, output).await.expect_err("no file");
    assert!(error.to_string().contains("s.yaml"), "{error}");
    std::fs::write(&file, "rules: 5").expect("writes");
    let (input, output) = tokio::io::split(tokio::io::duplex(64).0);
    let error = serve(&file, input, output).await.expect_err("no rules");
    assert!(matches!(error, ServeError::Script(_)), "{error}");
}

#[tokio::test]
async fn a_crash_ends_the_agent_without_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, "rules: [{answer: {crash: true}}]").expect("writes");
    let (heard, end) = talk(&file, &conversation()[..3]).await;
    assert!(matches!(end, Err(ServeError::Crash)), "{end:?}");
    assert_eq!(heard.len(), 2, "the prompt was not answered");
}

#[test]
fn the_examples_of_the_manual_are_scripts() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scripted-agent.md");
    let text = std::fs::read_to_string(&manual).expect("the manual is there");
    let mut examples = 0;
    for block in text.split("```yaml\n").skip(1) {
        let (example, _) = block.split_once("```").expect("a closed block");
        if let Err(error) = Script::parse(example) {
            panic!("{error}\nin the example:\n{example}");
        }
        examples += 1;
    }
    assert!(examples >= 2, "the manual shows scripts");
}
