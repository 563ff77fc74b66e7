//! Archon graphs of 1,000 trivial bash nodes, in a chain and in one layer, against spawning the same shells.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fermata_tests::Lab;

use crate::figures::{line, ms};

const NODES: usize = 1_000;
/// Shells at work at once in a layer: what the worker allows by default.
const WIDTH: usize = 16;

pub(crate) fn run() {
    measure("a chain of 1,000 nodes", &spawned(1), |node| {
        node.checked_sub(1)
            .map_or_else(String::new, |before| format!(", depends_on: [n{before}]"))
    });
    measure("a layer of 1,000 nodes", &spawned(WIDTH), |_| String::new());
}

fn measure(what: &str, floor: &Duration, depends: impl Fn(usize) -> String) {
    let lab = Lab::new();
    let mut text = String::from(
        "name: graph\ndescription: Many trivial nodes\nmutates_checkout: false\nnodes:\n",
    );
    for node in 0..NODES {
        text += &format!("  - {{id: n{node}, bash: \"true\"{}}}\n", depends(node));
    }
    std::fs::create_dir_all(lab.work().join(".archon/workflows")).unwrap();
    lab.write(".archon/workflows/graph.yaml", &text);
    let began = Instant::now();
    let said = lab.call(&["run", ".archon/workflows/graph.yaml", "--json"]);
    let own = began.elapsed();
    assert_eq!(said.code, 0, "{}", said.err);
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    let each = u32::try_from(NODES).unwrap_or(1);
    line(
        &format!("{what}, followed"),
        &format!("{} a node = {ratio:.2} × the same shells", ms(own / each)),
        Some(("≤ 1.5 ×", ratio <= 1.5)),
    );
}

/// How long the shells alone take, so many at once.
fn spawned(width: usize) -> Duration {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..width {
            scope.spawn(move || {
                for _ in (worker..NODES).step_by(width) {
                    let output = Command::new("bash")
                        .args(["-c", "true"])
                        .stdin(Stdio::null())
                        .output()
                        .unwrap();
                    assert!(output.status.success());
                }
            });
        }
    });
    began.elapsed()
}
