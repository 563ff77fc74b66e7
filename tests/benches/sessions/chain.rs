//! A chain of 1,000 `true` scripts, against spawning the same processes and two synced transactions each.

use std::process::{Command, Stdio};
use std::time::Instant;

use fermata_tests::Lab;

use crate::figures::{line, ms};

const STEPS: usize = 1_000;

pub(crate) fn run() {
    let lab = Lab::new();
    let floor = floor(&lab);
    let mut text = String::from(
        "workflow:\n  name: chain\n  entry_point: s0\n  limits: {max_iterations: 500}\nagents:\n",
    );
    for step in 0..STEPS {
        let to = if step + 1 == STEPS {
            "$end".to_owned()
        } else {
            format!("s{}", step + 1)
        };
        text += &format!(
            "  - {{name: s{step}, type: script, command: \"true\", routes: [{{to: {to}}}]}}\n"
        );
    }
    lab.write("chain.yaml", &text);
    let began = Instant::now();
    let said = lab.call(&["run", "chain.yaml", "--json", "--gates", "continue:600"]);
    let own = began.elapsed();
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.json()["steps"], STEPS);
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    let each = u32::try_from(STEPS).unwrap_or(1);
    line(
        "floor: processes and transactions alone",
        &format!("{} a step", ms(floor / each)),
        None,
    );
    line(
        "a chain of 1,000 scripts, followed",
        &format!("{} a step = {ratio:.2} × the floor", ms(own / each)),
        Some(("≤ 1.5 ×", ratio <= 1.5)),
    );
}

fn floor(lab: &Lab) -> std::time::Duration {
    let path = lab.work().join("floor.db");
    let mut db = rusqlite::Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, text TEXT)", [])
        .unwrap();
    let row = "x".repeat(300);
    let mut write = || {
        let step = db.transaction().unwrap();
        step.execute("INSERT INTO log (text) VALUES (?)", [&row])
            .unwrap();
        step.commit().unwrap();
    };
    let began = Instant::now();
    for _ in 0..STEPS {
        write();
        let output = Command::new("true").stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success());
        write();
    }
    began.elapsed()
}
