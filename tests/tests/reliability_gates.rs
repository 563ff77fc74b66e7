//! Gates from several places at once and from none: unattended policies, two
//! editors and a terminal that answer the same gate, the bell, and requests
//! that come twice.

use std::sync::Barrier;

use fermata_tests::violence::{Lsp, uri};
use fermata_tests::{Lab, Terminal, run_id, wait};
use serde_json::{Value, json};

const ASKED: &str = r#"
workflow: {name: asked, entry_point: ask}
agents:
  - name: ask
    type: human_gate
    prompt: Ship it?
    options:
      - {label: Ship it, value: ship, route: done}
      - {label: Drop it, value: drop, route: $end}
  - {name: done, type: set, value: shipped}
output: {how: "{{ done.output if done is defined else 'dropped' }}"}
"#;

const HELD: &str = r#"
workflow:
  name: held
  entry_point: again
  limits: {max_iterations: 2}
agents:
  - name: again
    type: set
    value: "{{ again.output + 1 if again is defined else 1 }}"
    output_type: integer
    routes:
      - {to: $end, when: "{{ output >= 4 }}"}
      - {to: again}
output: {rounds: "{{ again.output }}"}
"#;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("asked.yaml", ASKED);
    lab.write("held.yaml", HELD);
    lab
}

/// Who closed the first gate of a run, as its log says.
fn closed(lab: &Lab, run: &str) -> Value {
    let events = lab.events(run);
    events
        .into_iter()
        .find(|event| {
            event["type"] == "gate_answered" || event["type"] == "iteration_limit_resolved"
        })
        .unwrap_or(Value::Null)
}

#[test]
fn an_unattended_run_takes_the_first_offer_and_the_log_names_the_policy() {
    let lab = lab();
    let said = lab.call(&["run", "asked.yaml", "--gates", "first", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.json()["output"]["how"], "shipped");
    let actor = closed(&lab, &run_id(&said.json()));
    assert_eq!(
        (&actor["surface"], &actor["by"]),
        (&json!("policy"), &json!("first"))
    );
}

#[test]
fn a_policy_for_limits_leaves_other_gates_to_people() {
    for policy in ["stop", "continue:5"] {
        let lab = lab();
        let said = lab.call(&["run", "asked.yaml", "--gates", policy, "--json"]);
        assert_eq!(said.code, 4, "{policy}: {said:?}");
        assert_eq!(said.json()["gates"][0]["kind"], "human", "{policy}");
    }
}

#[test]
fn the_users_configuration_decides_where_nothing_was_said_and_the_command_line_wins() {
    let lab = lab();
    lab.configure("gates: continue:1\n");
    let said = lab.call(&["run", "held.yaml", "--json"]);
    assert_eq!(said.json()["output"]["rounds"], 4, "{said:?}");
    let actor = closed(&lab, &run_id(&said.json()));
    assert_eq!(actor["by"], "continue:1");
    let asked = lab.call(&["run", "held.yaml", "--gates", "ask", "--json"]);
    assert_eq!(asked.code, 4, "{asked:?}");
    let stopped = lab.call(&["run", "held.yaml", "--force", "--gates", "stop", "--json"]);
    assert_eq!(stopped.json()["cause"], "iteration_limit", "{stopped:?}");
}

#[test]
fn a_gate_rings_the_bell_of_a_terminal() {
    let lab = lab();
    let Some(mut terminal) = Terminal::open(&lab, &["run", "asked.yaml"]) else {
        return;
    };
    terminal.until("answer> ");
    assert!(
        terminal.screen().contains('\u{7}'),
        "a held run is never silent"
    );
    terminal.types("ship\n");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn of_two_editors_and_a_terminal_that_answer_at_once_one_wins_and_the_others_are_told() {
    let lab = lab();
    let mut editors = [Lsp::start(&lab), Lsp::start(&lab)];
    for round in 0..5 {
        let run = run_id(&lab.call(&["run", "asked.yaml", "--force", "--json"]).json());
        let barrier = Barrier::new(3);
        let words = ["ship", "drop"];
        let said: Vec<Value> = std::thread::scope(|scope| {
            let (run, barrier, lab) = (&run, &barrier, &lab);
            let mut answers: Vec<_> = editors
                .iter_mut()
                .zip(words)
                .map(|(editor, word)| {
                    scope.spawn(move || {
                        barrier.wait();
                        let command = json!({"command": "fermata.answer", "arguments": [
                            {"run": run, "gate": "g1", "answer": {"kind": "human", "value": word}},
                        ]});
                        editor
                            .ask("workspace/executeCommand", &command)
                            .expect("an answer")["result"]
                            .clone()
                    })
                })
                .collect();
            answers.push(scope.spawn(move || {
                barrier.wait();
                lab.call(&["answer", run, "--gate", "g1", "--json", "ship"])
                    .json()
            }));
            answers
                .into_iter()
                .map(|answer| answer.join().expect("it ends"))
                .collect()
        });
        let won = said.iter().filter(|answer| answer["ok"] == true).count();
        assert_eq!(won, 1, "round {round}: {said:#?}");
        for lost in said.iter().filter(|answer| answer["ok"] == false) {
            assert_eq!(lost["answered"]["by"], "ada", "round {round}: {lost:#}");
            let from = lost["answered"]["surface"].as_str().unwrap_or_default();
            assert!(["lsp", "terminal"].contains(&from), "{lost:#}");
        }
        wait("the run goes on as was answered first", || {
            (lab.show(&run)["status"] == "completed").then_some(())
        });
        let answers = lab
            .events(&run)
            .iter()
            .filter(|event| event["type"] == "gate_answered")
            .count();
        assert_eq!(answers, 1, "round {round}");
    }
}

#[test]
fn a_double_click_in_an_editor_is_one_run() {
    let lab = lab();
    let mut editor = Lsp::start(&lab);
    let click = json!({"command": "fermata.run", "arguments": [
        {"uri": uri(&lab.work().join("asked.yaml")), "request": "click-1"},
    ]});
    let first = editor.request("workspace/executeCommand", &click);
    let second = editor
        .ask("workspace/executeCommand", &click)
        .expect("an answer");
    let run = run_id(&second["result"]);
    assert_eq!(second["result"]["ok"], true, "{second:#}");
    wait("the run holds at its gate", || {
        (lab.show(&run)["status"] == "waiting").then_some(())
    });
    assert_eq!(lab.runs().len(), 1, "request {first} was the same");
    // Another window that repeats it is told of the same run, also after a restart.
    let mut other = Lsp::start(&lab);
    let third = other
        .ask("workspace/executeCommand", &click)
        .expect("an answer");
    assert_eq!(run_id(&third["result"]), run);
    assert_eq!(third["result"]["existing"], true);
    let next = json!({"command": "fermata.run", "arguments": [
        {"uri": uri(&lab.work().join("asked.yaml")), "request": "click-2"},
    ]});
    let asked = other
        .ask("workspace/executeCommand", &next)
        .expect("an answer");
    assert_eq!(asked["result"]["reason"], "choice", "a request of its own");
}
