//! `run --dry-run`: every kind of step is decided and nothing is started.

use fermata_tests::Lab;

const ALL: &str = r#"
workflow:
  name: all
  entry_point: plan
  limits: {max_iterations: 40}
agents:
  - {name: plan, prompt: "Plan.", output: {items: {type: array}}, routes: [{to: judge}]}
  - name: judge
    prompt: "Judge {{ plan.output['items'] | length }}."
    output: {score: {type: number, minimum: 3}, word: {type: string, enum: [low, high]}}
    validator: {criteria: "fair"}
    routes: [{to: build}]
  - {name: build, type: script, command: sh, args: [-c, "touch started"], routes: [{to: test}]}
  - {name: test, type: script, command: sh, args: [-c, "touch started"], routes: [{to: nap}]}
  - {name: nap, type: wait, duration: 23h, routes: [{to: sum}]}
  - {name: sum, type: set, value: "{{ judge.output.score + build.output.n }}", routes: [{to: ask}]}
  - name: ask
    type: human_gate
    prompt: "Go on?"
    options: [{label: Yes, value: "yes", route: more}, {label: No, value: "no", route: $end}]
  - {name: more, type: questions, questions: [{text: "Why?"}], routes: [{to: both}]}
  - {name: left, prompt: "L"}
  - {name: right, prompt: "R"}
  - {name: child, type: workflow, workflow: child.yaml, routes: [{to: done}]}
  - {name: done, type: terminate, status: success, reason: "fine", output_template: {sum: "{{ sum.output }}", left: "{{ both.outputs.left.result }}", each: "{{ each.count }}", child: "{{ child.output.said }}", word: "{{ judge.output.word }}"}}
parallel:
  - {name: both, agents: [left, right], routes: [{to: each}]}
for_each:
  - name: each
    type: for_each
    source: plan.output.items
    as: item
    agent: {name: one, prompt: "{{ item }}"}
    routes: [{to: child}]
"#;

const CHILD: &str = r#"
workflow: {name: child, entry_point: say}
agents:
  - {name: say, prompt: "Say.", routes: [{to: $end}]}
output: {said: "{{ say.output.result }}"}
"#;

const STUBS: &str = r#"
rules:
  - {step: plan, answer: {json: {items: [a, b, c]}}}
  - {step: build, answer: {json: {n: 4}}}
  - {step: left, answer: [[{tool: {title: rm, kind: execute, permission: true}}, {sleep_ms: 100000000}, to the left]]}
  - {step: one, contains: b, answer: bee}
  - {step: say, answer: said}
"#;

#[test]
fn a_dry_run_takes_every_kind_of_step_starts_nothing_and_lists_the_stubs_that_are_missing() {
    let lab = Lab::new();
    lab.write("all.yaml", ALL);
    lab.write("child.yaml", CHILD);
    lab.write("all.stubs.yaml", STUBS);
    let words = [
        "run",
        "all.yaml",
        "--dry-run",
        "--stubs",
        "all.stubs.yaml",
        "--gates",
        "first",
    ];
    let said = lab.call(&[&words[..], &["--json"]].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let result = said.json();
    assert_eq!(
        result["output"],
        serde_json::json!({"sum": 7, "left": "to the left", "each": 3, "child": "said", "word": "low"})
    );
    assert_eq!(result["dry_run"], true);
    assert_eq!(
        result["missing_stubs"],
        serde_json::json!(["judge", "one[0]", "one[2]", "right", "test"])
    );
    assert!(!lab.work().join("started").exists());
    let told = lab.call(&[&words[..], &["--force"]].concat());
    assert!(
        (told.out + &told.err).contains("no stub for judge, one[0], one[2], right, test"),
        "people are told as well"
    );
}

#[test]
fn a_dry_run_without_stubs_lists_every_agent_and_program() {
    let lab = Lab::new();
    lab.write("all.yaml", ALL);
    lab.write("child.yaml", CHILD);
    let said = lab.call(&["run", "all.yaml", "--dry-run", "--gates", "first", "--json"]);
    assert_eq!(
        said.json()["missing_stubs"],
        serde_json::json!(["build", "judge", "plan", "test"]),
        "up to the step that needs an answer: {said:?}"
    );
    assert_eq!(said.json()["status"], "failed", "{said:?}");
}

#[test]
fn stubs_that_are_no_script_are_told_before_anything_starts() {
    let lab = Lab::new();
    lab.write("all.yaml", ALL);
    lab.write("child.yaml", CHILD);
    lab.write("bad.yaml", "rules: [{stepp: plan, answer: x}]");
    for (file, found) in [("bad.yaml", "stepp"), ("gone.yaml", "gone.yaml")] {
        let said = lab.call(&["run", "all.yaml", "--dry-run", "--stubs", file]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(found), "{said:?}");
    }
    assert_eq!(lab.runs().len(), 0);
}
