//! Twenty runs of one workflow at once, each with its own worker and its own
//! viewer, as real processes on one home. Each prints line after line; nothing
//! of it may be lost, and whoever lists the runs meanwhile gets an answer.
//! `cargo xtask test --slow` makes them print more.

use std::process::Child;

use fermata_tests::violence::{examine, rounds};
use fermata_tests::{Lab, Said, run_id};
use serde_json::Value;

const RUNS: u64 = 20;

fn loud(lines: u64) -> String {
    format!(
        r#"
workflow: {{name: loud, entry_point: speak, input: {{number: {{type: string}}}}}}
agents:
  - name: speak
    type: script
    command: sh
    args:
      - "-c"
      - 'i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo "run $0 line $i"; [ $((i % 25)) -ne 0 ] || sleep 0.05; done'
      - "{{{{ workflow.input.number }}}}"
    routes: [{{to: last}}]
  - {{name: last, type: script, command: sh, args: ["-c", "echo {{{{ workflow.input.number }}}} >> ended"]}}
output: {{said: "{{{{ speak.output.stdout }}}}"}}
"#
    )
}

/// What the step of one run showed while it worked.
fn shown(events: &[Value]) -> String {
    events
        .iter()
        .filter(|event| event["type"] == "script_output")
        .filter_map(|event| event["text"].as_str())
        .collect()
}

#[test]
fn twenty_processes_stream_into_one_home_and_nothing_of_any_is_lost() {
    let lab = Lab::new();
    let lines = rounds(50);
    lab.write("loud.yaml", &loud(lines));
    let mut viewers: Vec<_> = (0..RUNS)
        .map(|number| {
            let number = number.to_string();
            lab.start(&["run", "loud.yaml", "--force", "--json", &number])
        })
        .collect();
    let mut listed = 0;
    let at_work = |viewer: &mut Child| viewer.try_wait().expect("a child").is_none();
    while viewers.iter_mut().any(at_work) {
        let runs = lab.runs().len();
        assert!(runs >= listed, "{listed} runs were listed, now {runs}");
        listed = runs;
        let table = lab.call(&["runs"]);
        assert_eq!(table.code, 0, "{table:?}");
    }

    let wanted = |number: &str| -> String {
        let line = |at| format!("run {number} line {at}\n");
        (1..=lines).map(line).collect()
    };
    for (number, viewer) in viewers.into_iter().enumerate() {
        let number = number.to_string();
        let output = viewer.wait_with_output().expect("it ends");
        let said = Said::from(output);
        assert_eq!(said.code, 0, "{said:?}");
        let ended = said.json();
        assert_eq!(
            ended["output"]["said"].as_str().map(str::trim_end),
            Some(wanted(&number).trim_end())
        );
        let events = lab.events(&run_id(&ended));
        assert_eq!(shown(&events), wanted(&number));
        for (at, event) in events.iter().enumerate() {
            assert_eq!(event["seq"], at as u64 + 1, "the log has no holes");
        }
    }
    let mut ended: Vec<u64> = lab
        .read("ended")
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, (0..RUNS).collect::<Vec<_>>(), "each went on once");
    examine(&lab);
}
