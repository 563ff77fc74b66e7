//! Workflows that would eat the machine, through the real worker: each ends in
//! bounded time and memory, and says which step and which field it was.

#![cfg(unix)]

use fermata_tests::Lab;
use serde_json::Value;

/// Runs a workflow of one step; its result.
#[track_caller]
fn ran(lab: &Lab, step: &str, output: &str) -> Value {
    lab.write(
        "w.yaml",
        &format!("workflow: {{name: w, entry_point: s}}\nagents:\n{step}\noutput: {output}\n"),
    );
    let said = lab.call(&["run", "w.yaml", "--force", "--allow-errors", "--json"]);
    assert!(!said.err.contains("panicked"), "{said:?}");
    said.json()
}

#[track_caller]
fn fails(lab: &Lab, step: &str, kind: &str, says: &[&str]) {
    let result = ran(lab, step, "{}");
    assert_eq!(result["status"], "failed", "{result}");
    assert_eq!(result["error"]["kind"], kind, "{result}");
    let message = result["error"]["message"].as_str().unwrap_or_default();
    for word in says {
        assert!(message.contains(word), "expected `{word}` in {message}");
    }
}

#[test]
fn templates_and_conditions_that_never_end_run_out_of_fuel() {
    let lab = Lab::new();
    let round = "{% for a in range(100000) %}";
    let end = "{% endfor %}";
    fails(
        &lab,
        &format!("  - {{name: s, type: set, value: \"{round}{round}{round}x{end}{end}{end}\"}}"),
        "TemplateError",
        &["steps"],
    );
    fails(
        &lab,
        "  - {name: s, type: set, value: \"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}\"}",
        "TemplateError",
        &["levels deep"],
    );
    fails(
        &lab,
        "  - {name: s, type: set, value: \"1\", routes: [{to: $end, when: \"{{ 'a' * 100000000 * 1000 }}\"}]}",
        "TemplateError",
        &["bytes", "'a' * 100000000"],
    );
    fails(
        &lab,
        "  - {name: s, type: set, value: \"1\", routes: [{to: $end, when: \"9 ** 9 ** 9 > 1\"}]}",
        "ValueError",
        &["9 ** 9 ** 9", "power"],
    );
}

#[test]
fn a_catastrophic_pattern_is_bounded_and_the_error_names_its_field() {
    let lab = Lab::new();
    let said = format!("{}!", "a".repeat(64));
    for pattern in [r"^(a+)+$", r"^(a|aa)+(?=$)(\\\\1)?$", r"^(?:a*)*(?<!b)$"] {
        let step = format!(
            "  - name: s\n    type: script\n    command: echo\n    args: ['{{\"code\": \"{said}\"}}']\n    output: {{code: {{type: string, pattern: \"{pattern}\"}}}}\n",
        );
        fails(&lab, &step, "ValidationError", &["'code'", "pattern"]);
    }
}

#[test]
fn output_beyond_the_limit_is_cut_with_a_notice_and_the_step_goes_on() {
    let lab = Lab::new();
    let result = ran(
        &lab,
        "  - {name: s, type: script, command: sh, args: [-c, \"head -c 100000000 /dev/zero | tr '\\\\0' x\"]}",
        "{n: \"{{ s.output.stdout | length }}\", end: \"{{ s.output.stdout[-30:] }}\", exit: \"{{ s.output.exit_code }}\"}",
    );
    assert_eq!(result["status"], "completed", "{result}");
    let kept = result["output"]["n"].as_u64().expect("a length");
    assert!(kept < 9 * 1024 * 1024, "{kept}");
    let end = result["output"]["end"].as_str().expect("a text");
    assert!(end.contains("cut after"), "{end}");
    assert_eq!(result["output"]["exit"], 0);
    let events = lab.events("@last");
    let told = events
        .iter()
        .any(|event| event["type"] == "warning" && event["code"] == "output-cut");
    assert!(told, "the log says that output was cut");
    let log: usize = events.iter().map(|event| event.to_string().len()).sum();
    assert!(log < 4 * 1024 * 1024, "{log} bytes of events");
}

#[test]
fn a_script_that_ignores_sigterm_is_ended_with_all_that_it_started() {
    let lab = Lab::new();
    let mut seconds = 1;
    let pid = loop {
        let step = format!(
            "  - {{name: s, type: script, command: sh, args: [-c, \"trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done\"], timeout: {seconds}}}"
        );
        fails(
            &lab,
            &step,
            "ExecutionError",
            &["`s`", &format!("{seconds} s")],
        );
        let pid = lab.read("pid");
        if pid.ends_with('\n') {
            break pid;
        }
        // Its time was over before it had said who it is: more time.
        seconds *= 4;
        assert!(seconds < 100, "it never began");
    };
    assert!(
        !std::path::Path::new("/proc").join(pid.trim()).exists(),
        "process {pid} is still there"
    );
}

#[test]
fn output_that_is_no_utf8_is_replaced_byte_by_byte() {
    let lab = Lab::new();
    let result = ran(
        &lab,
        "  - {name: s, type: script, command: printf, args: ['a\\377\\376b']}",
        "{o: \"{{ s.output.stdout }}\"}",
    );
    assert_eq!(result["output"]["o"], "a\u{fffd}\u{fffd}b", "{result}");
}

#[test]
fn a_sub_workflow_that_runs_itself_stops_at_the_depth_that_the_dialect_allows() {
    let lab = Lab::new();
    fails(
        &lab,
        "  - {name: s, type: workflow, workflow: w.yaml}",
        "ExecutionError",
        &["at most 10"],
    );
    let checked = lab.call(&["check", "w.yaml", "--json"]).json();
    assert_eq!(checked["files"][0]["verdict"], "rejected");
    let upstream = &checked["files"][0]["diagnostics"][0]["upstream"];
    assert_eq!(upstream, "V22", "{checked}");
}

#[test]
fn a_sub_workflow_of_a_registry_is_refused_with_what_to_do() {
    let lab = Lab::new();
    for reference in ["review@team#v2", "review@owner/repo", "review"] {
        fails(
            &lab,
            &format!("  - {{name: s, type: workflow, workflow: '{reference}'}}"),
            "ConfigurationError",
            &[reference, "registry", "by its path"],
        );
    }
}

#[test]
fn a_thousand_groups_one_after_the_other_are_checked_and_drawn() {
    use std::fmt::Write as _;
    let lab = Lab::new();
    let mut text = String::from(
        "workflow: {name: w, entry_point: g0, limits: {max_iterations: 500}}\nagents:\n  - {name: a, prompt: x}\n  - {name: b, prompt: y}\nparallel:\n",
    );
    for group in 0..1000 {
        let to = match group {
            999 => "$end".to_owned(),
            _ => format!("g{}", group + 1),
        };
        writeln!(
            text,
            "  - {{name: g{group}, agents: [a, b], routes: [{{to: {to}}}]}}"
        )
        .expect("a text");
    }
    lab.write("w.yaml", &text);
    let said = lab.call(&["check", "w.yaml", "--json"]);
    assert_eq!(said.json()["files"][0]["verdict"], "accepted", "{said:?}");
    assert_eq!(lab.call(&["graph", "w.yaml"]).code, 0);
}

#[test]
fn nesting_beyond_all_reason_is_refused_with_its_place() {
    let lab = Lab::new();
    let deep = |open: &str, close: &str, times: usize| {
        format!(
            "# fermata: conductor\nworkflow: {{name: w, entry_point: a, metadata: {{x: {}1{}}}}}\nagents: [{{name: a, prompt: x}}]\n",
            open.repeat(times),
            close.repeat(times)
        )
    };
    let mut block =
        String::from("# fermata: conductor\nworkflow:\n  name: w\n  entry_point: a\n  metadata:\n");
    for depth in 0..1000 {
        block += &format!("{}x:\n", " ".repeat(4 + depth));
    }
    block += &format!(
        "{}y: 1\nagents: [{{name: a, prompt: x}}]\n",
        " ".repeat(1004)
    );
    for text in [deep("{x: ", "}", 1000), deep("[", "]", 100_000), block] {
        lab.write("w.yaml", &text);
        let said = lab.call(&["check", "w.yaml", "--json"]);
        assert_eq!(said.code, 1, "{said:?}");
        let first = said.json()["files"][0]["diagnostics"][0]["message"].to_string();
        assert!(first.contains("flatten"), "{first}");
        assert_eq!(lab.call(&["run", "w.yaml"]).code, 1);
    }
}

#[test]
fn a_megabyte_of_prompt_is_checked_and_reaches_its_agent_whole() {
    let lab = Lab::new();
    let line = format!("      {}\n", "word {{ workflow.name }} ".repeat(8));
    let prompt = line.repeat(1024 * 1024 / line.len() + 1);
    lab.write(
        "w.yaml",
        &format!(
            "workflow: {{name: w, entry_point: a}}\nagents:\n  - name: a\n    prompt: |\n{prompt}      last words\n"
        ),
    );
    lab.write(
        "w.script.yaml",
        "rules: [{step: a, contains: last words, answer: heard}]\n",
    );
    let said = lab.call(&["check", "w.yaml", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = lab.call(&["run", "w.yaml", "--agent", "scripted", "--json"]);
    assert_eq!(said.json()["status"], "completed", "{said:?}");
}
