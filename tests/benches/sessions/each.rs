//! A for_each over 1,000 items that sleep, 10 at a time, against a plain loop of the same sleeps.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use fermata_tests::Lab;

use crate::figures::{line, ms};

const ITEMS: usize = 1_000;
const AT_ONCE: usize = 10;
const SLEEP: Duration = Duration::from_millis(200);

const CHILD: &str = "
workflow: {name: nap, entry_point: nap}
agents: [{name: nap, type: wait, duration: 200ms, routes: [{to: $end}]}]
";

pub(crate) fn run() {
    let lab = Lab::new();
    lab.write("nap.yaml", CHILD);
    let items: Vec<String> = (0..ITEMS).map(|item| item.to_string()).collect();
    lab.write(
        "each.yaml",
        &format!(
            "
workflow: {{name: each, entry_point: make, limits: {{max_iterations: 500}}}}
agents:
  - {{name: make, type: set, value: \"[{}]\", routes: [{{to: all}}]}}
for_each:
  - name: all
    type: for_each
    source: make.output.list
    as: item
    max_concurrent: {AT_ONCE}
    agent: {{name: nap, type: workflow, workflow: nap.yaml}}
    routes: [{{to: $end}}]
output: {{count: \"{{{{ all.count }}}}\"}}
",
            items.join(", ")
        )
        .replace("value: \"[", "values: {list: \"[")
        .replace("]\", routes", "]\"}, routes"),
    );
    let floor = floor();
    let began = Instant::now();
    let said = lab.call(&["run", "each.yaml", "--json"]);
    let own = began.elapsed();
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.json()["output"]["count"], ITEMS);
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    line("a plain loop of the same sleeps", &ms(floor), None);
    line(
        "1,000 items that sleep, 10 at a time",
        &format!("{} = {ratio:.2} ×", ms(own)),
        Some(("≤ 1.3 ×", ratio <= 1.3)),
    );
}

fn floor() -> Duration {
    let left = Mutex::new(ITEMS);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let mut left = left.lock().unwrap();
                    if *left == 0 {
                        return;
                    }
                    *left -= 1;
                    drop(left);
                    std::thread::sleep(SLEEP);
                }
            });
        }
    });
    began.elapsed()
}
