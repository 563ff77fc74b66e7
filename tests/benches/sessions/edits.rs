//! From a keystroke to the diagnostics of the text it made, by size of the file.

use fermata_tests::Lab;
use serde_json::json;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::figures::{Samples, line, ms};

const KEYSTROKES: i64 = 200;

/// A workflow of about so many bytes: agents in a row with prompts, outputs and conditions.
pub(crate) fn workflow(bytes: usize) -> String {
    let mut text = String::from(
        "workflow:\n  name: bench\n  entry_point: step0\n  input:\n    task: {type: string}\n  limits:\n    max_iterations: 400\nagents:\n",
    );
    let mut step = 0;
    while text.len() < bytes {
        let _ = write!(
            text,
            "  - name: step{step}\n    prompt: |\n      Work on {{{{ workflow.input.task }}}} and say how far you came.\n      {{% if step{before} is defined %}}Before: {{{{ step{before}.output.text }}}}{{% endif %}}\n    output:\n      text: {{type: string, description: What was done}}\n      score: {{type: number, minimum: 0, maximum: 100}}\n    routes:\n      - to: step{next}\n        when: \"{{{{ output.score >= 80 }}}}\"\n      - to: $end\n",
            before = usize::saturating_sub(step, 1),
            next = step + 1,
        );
        step += 1;
    }
    let _ = write!(
        text,
        "  - name: step{step}\n    type: set\n    value: \"done\"\n"
    );
    text
}

pub(crate) fn run() {
    let lab = Lab::new();
    for kilobytes in [1, 16, 80] {
        let text = workflow(kilobytes * 1024);
        let mut client = Client::start(&lab);
        client.initialize(&lab);
        let uri = format!("file:///bench/of-{kilobytes}.yaml");
        client.notify(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": "yaml", "version": 0, "text": text}}),
        );
        client.until(|m| m["method"] == "textDocument/publishDiagnostics");
        // Inside a prompt in the middle, where people type.
        let lines = text.lines().count();
        let at = text
            .lines()
            .enumerate()
            .skip(lines / 2)
            .find(|(_, line)| line.trim_start().starts_with("Work on"))
            .map_or(10, |(at, _)| at);
        let mut samples = Samples::default();
        for version in 1..=KEYSTROKES {
            let place = json!({"line": at, "character": 8});
            let began = Instant::now();
            client.notify(
                "textDocument/didChange",
                json!({
                    "textDocument": {"uri": uri, "version": version},
                    "contentChanges": [{"range": {"start": place, "end": place}, "text": "x"}],
                }),
            );
            let came = client.until(|m| {
                m["method"] == "textDocument/publishDiagnostics"
                    && m["params"]["version"] == version
            });
            samples.add(came.at - began);
        }
        let p95 = samples.percentile(95);
        let aim = (kilobytes == 16).then_some(("≤ 10 ms", p95 <= Duration::from_millis(10)));
        line(
            &format!("change → diagnostics, {kilobytes} KB, p50"),
            &ms(samples.percentile(50)),
            None,
        );
        line(
            &format!("change → diagnostics, {kilobytes} KB, p95"),
            &ms(p95),
            aim,
        );
    }
}
