//! From the start of the program to its first answer, and what it needs while nobody types.

use std::process::Command;
use std::time::{Duration, Instant};

use fermata_tests::Lab;
use serde_json::json;

use crate::client::Client;
use crate::figures::{Samples, line, ms};

const ROUNDS: usize = 30;

pub(crate) fn run() {
    let lab = Lab::new();
    let mut nothing = Samples::default();
    let mut initialize = Samples::default();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        Command::new("true").status().unwrap();
        nothing.add(began.elapsed());

        let began = Instant::now();
        let mut client = Client::start(&lab);
        let came = client.request(
            "initialize",
            json!({"processId": null, "capabilities": {}, "rootUri": null}),
        );
        initialize.add(came.at - began);
    }
    let (own, floor) = (initialize.percentile(50), nothing.percentile(50));
    line("spawn `true`, p50", &ms(floor), None);
    line(
        "start → initialize, p50",
        &format!(
            "{} = {:.1} × `true`",
            ms(own),
            own.as_secs_f64() / floor.as_secs_f64()
        ),
        None,
    );
    line(
        "start → initialize, p95",
        &ms(initialize.percentile(95)),
        None,
    );

    let mut client = Client::start(&lab);
    client.initialize(&lab);
    settle(client.pid());
    let empty = resident(client.pid());
    line(
        "memory idle, nothing open",
        &format!("{empty:.1} MB"),
        Some(("≤ 30 MB", empty <= 30.0)),
    );
    let text = crate::edits::workflow(16 * 1024);
    let uri = "file:///bench/open.yaml";
    client.notify(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}),
    );
    client.until(|m| m["method"] == "textDocument/publishDiagnostics");
    settle(client.pid());
    let open = resident(client.pid());
    line(
        "memory idle, a workflow of 16 KB open",
        &format!("{open:.1} MB"),
        Some(("≤ 30 MB", open <= 30.0)),
    );
}

/// Waits until the process uses no processor time for a while.
fn settle(pid: u32) {
    let spent = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<u64> = rest.split(' ').map(|f| f.parse().unwrap_or(0)).collect();
        fields[11] + fields[12]
    };
    let mut last = spent();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = spent();
        if now == last {
            return;
        }
        last = now;
    }
}

/// Resident memory in MB (10⁶ bytes).
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib: f64 = status
        .lines()
        .find_map(|l| {
            l.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .unwrap();
    kib * 1024.0 / 1e6
}
