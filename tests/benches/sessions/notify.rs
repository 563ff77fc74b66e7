//! From the commit of an event, as its own time says, to the notification that brings it to an editor.

use std::time::{Duration, UNIX_EPOCH};

use fermata_tests::Lab;
use serde_json::json;

use crate::client::Client;
use crate::figures::{Samples, line, ms};

const STEPS: usize = 150;

pub(crate) fn run() {
    let lab = Lab::new();
    let mut text = String::from(
        "workflow:\n  name: ticks\n  entry_point: s0\n  limits: {max_iterations: 500}\nagents:\n",
    );
    for step in 0..STEPS {
        let to = if step + 1 == STEPS {
            "$end".to_owned()
        } else {
            format!("s{}", step + 1)
        };
        text += &format!(
            "  - {{name: s{step}, type: script, command: sleep, args: [\"0.03\"], routes: [{{to: {to}}}]}}\n"
        );
    }
    lab.write("ticks.yaml", &text);
    let mut client = Client::start(&lab);
    client.initialize(&lab);
    assert_eq!(lab.call(&["run", "ticks.yaml", "--detach"]).code, 0);
    let run = lab.newest()["run"].as_str().unwrap().to_owned();
    let began = client.request("fermata/subscribe", json!({"run": run, "from": 1}));
    let known = began.message["result"]["last"].as_u64().unwrap_or(0);
    let mut samples = Samples::default();
    loop {
        let came = client.until(|m| m["method"] == "fermata/events");
        let now = came.clock.duration_since(UNIX_EPOCH).unwrap();
        let mut over = false;
        for event in came.message["params"]["events"].as_array().unwrap() {
            let at = Duration::from_millis(event["at"].as_u64().unwrap());
            // What was written before the subscription waited for nobody, and a process is named in the log some time after
            // it began, which is what its event's time tells.
            if event["seq"].as_u64().unwrap() > known && event["type"] != "process_started" {
                samples.add(now.saturating_sub(at));
            }
            over |= event["type"] == "run_completed";
        }
        if over {
            break;
        }
    }
    let p99 = samples.percentile(99);
    line(
        &format!("commit → notification, {} events, p50", samples.len()),
        &ms(samples.percentile(50)),
        None,
    );
    line(
        "commit → notification, p99",
        &ms(p99),
        Some(("≤ 20 ms", p99 <= Duration::from_millis(20))),
    );
}
