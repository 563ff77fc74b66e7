//! One test for each rule of how nodes and runs go on and end.

use fermata_engine::event::{Cause, EventBody};
use fermata_engine::state::NodeState;
use fermata_engine::{Outcome, Status, schedule};
use serde_json::json;

use crate::run::{Run, ada, workflow};

#[test]
fn a_node_starts_as_soon_as_its_own_dependencies_are_done_whatever_else_runs() {
    let mut run = Run::new(&workflow(
        "  - {id: slow, bash: sleep}\n  - {id: a, bash: a}\n  - {id: b, depends_on: [a], bash: b}\n",
    ));
    assert_eq!(run.under_way(), ["slow", "a"]);
    run.says("a", "");
    assert_eq!(run.under_way(), ["slow", "b"]);
}

#[test]
fn a_failed_node_fails_the_run_even_when_a_later_node_absorbs_it() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}\n  - {id: b, depends_on: [a], trigger_rule: all_done, bash: b}\n",
    ));
    run.ends("a", 3, "");
    run.says("b", "fine");
    assert_eq!(run.state.status, Status::Failed);
    assert_eq!(run.state.cause, Some(Cause::StepFailed));
    let error = run.state.error.clone().unwrap();
    assert_eq!(error.names, ["a"]);
    run.folds_to_itself();
}

#[test]
fn a_skip_goes_on_through_all_success_and_a_run_without_a_completed_node_fails() {
    let mut run = Run::new(&workflow(
        "  - {id: a, when: \"'x' == 'y'\", bash: a}\n  - {id: b, depends_on: [a], bash: b}\n",
    ));
    assert_eq!(run.reason_of("a"), Some("when_condition_parse_error"));
    assert_eq!(run.reason_of("b"), Some("trigger_rule"));
    run.advance();
    assert_eq!(run.state.status, Status::Failed);
    assert_eq!(run.state.error.unwrap().kind, "nothing-completed");
}

#[test]
fn a_condition_decides_between_branches_and_a_field_that_cannot_be_read_fails_its_node() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}
  - {id: yes, depends_on: [a], when: \"$a.output.k == 'v'\", bash: y}
  - {id: no, depends_on: [a], when: \"$a.output.k != 'v'\", bash: n}
  - {id: bad, depends_on: [a], when: \"$a.output.missing == 'v'\", bash: n}
",
    ));
    run.says("a", "{\"k\":\"v\"}\n");
    assert_eq!(run.under_way(), ["yes"]);
    assert_eq!(run.reason_of("no"), Some("when_condition"));
    assert_eq!(run.error_of("bad"), "output-ref");
}

#[test]
fn a_reference_to_a_failed_node_fails_its_reader_and_one_to_a_skipped_node_is_empty() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}
  - {id: s, depends_on: [a], when: \"$a.output == 'never'\", bash: s}
  - {id: f, bash: f}
  - {id: r1, depends_on: [s], trigger_rule: all_done, bash: 'echo [$s.output]'}
  - {id: r2, depends_on: [f], trigger_rule: all_done, bash: 'echo $f.output'}
",
    ));
    run.says("a", "x");
    run.ends("f", 1, "text");
    assert_eq!(run.call("r1").args[1], "echo ['']");
    assert_eq!(run.error_of("r2"), "output-ref");
}

#[test]
fn output_loses_one_line_end_and_the_first_end_with_something_to_say_is_the_result() {
    let mut run = Run::new(&workflow(
        "  - {id: blank, bash: b}\n  - {id: a, bash: a}\n  - {id: z, bash: z}\n",
    ));
    run.says("blank", " \n");
    run.says("z", "last");
    run.says("a", "one\n\n");
    assert_eq!(run.output_of("a"), json!("one\n"));
    assert_eq!(run.state.status, Status::Completed);
    let result = run.state.output.clone().unwrap();
    assert_eq!(serde_json::to_value(result).unwrap(), json!("one\n"));
}

#[test]
fn returns_names_the_result_and_the_outcome_field_says_how_it_went() {
    let text = "name: main
description: A graph.
returns: a
nodes:
  - {id: a, bash: a}
  - {id: b, depends_on: [a], bash: b}
";
    let mut run = Run::new(text);
    run.says("a", "kept");
    run.says("b", "not kept");
    let done = run.log.iter().find_map(|event| match &event.body {
        EventBody::RunCompleted { output, .. } => Some(output.clone()),
        _ => None,
    });
    assert_eq!(serde_json::to_value(done.unwrap()).unwrap(), json!("kept"));
}

#[test]
fn a_cancel_node_lets_its_siblings_finish_and_later_nodes_never_start() {
    let mut run = Run::asked(
        &workflow(
            "  - {id: check, bash: c}
  - {id: halt, depends_on: [check], when: \"$check.output == 'stop'\", cancel: 'Stopped: $check.output $ARGUMENTS'}
  - {id: sib, depends_on: [check], bash: s}
  - {id: later, depends_on: [sib], bash: l}
",
        ),
        Some("because"),
        serde_json::Map::new(),
    );
    run.says("check", "stop");
    assert_eq!(run.under_way(), ["sib"]);
    run.says("sib", "sibling");
    assert_eq!(run.state.status, Status::Cancelled);
    assert_eq!(
        run.state.error.as_ref().unwrap().message,
        "Stopped: stop because"
    );
    assert_eq!(run.state_of("sib"), NodeState::Completed);
    assert_eq!(run.state_of("later"), NodeState::Pending);
    run.folds_to_itself();
}

#[test]
fn nothing_of_a_later_layer_starts_before_it_is_known_whether_the_run_is_cancelled() {
    let mut run = Run::new(&workflow(
        "  - {id: check, bash: c}
  - {id: fast, bash: f}
  - {id: halt, depends_on: [check], when: \"$check.output == 'stop'\", cancel: Stopped}
  - {id: deploy, depends_on: [fast], bash: d}
  - {id: after, depends_on: [deploy], bash: a}
",
    ));
    run.says("fast", "");
    run.says("deploy", "");
    assert_eq!(run.under_way(), ["check"], "`after` waits for the decision");
    run.says("check", "go on");
    assert_eq!(run.under_way(), ["after"]);
}

#[test]
fn a_declared_retry_waits_its_time_and_a_fatal_error_is_never_tried_again() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a, retry: {max_attempts: 2, delay_ms: 1000, on_error: all}}
  - {id: f, bash: f, retry: {max_attempts: 3, delay_ms: 1000, on_error: all}}
",
    ));
    run.conclude(
        "f",
        Outcome::Process {
            stdout: String::new(),
            stderr: "Permission denied".to_owned(),
            exit_code: 1,
            elapsed: 1,
        },
    );
    assert_eq!(run.state_of("f"), NodeState::Failed);
    run.ends("a", 5, "");
    assert!(run.under_way().is_empty());
    assert_eq!(
        schedule::next_deadline(&run.state, &run.definition),
        Some(2_000)
    );
    assert_eq!(
        run.state.status,
        Status::Running,
        "a retry is still to come"
    );
    run.now = 2_000;
    run.advance();
    assert_eq!(run.call("a").attempt, 2);
    run.says("a", "done");
    assert_eq!(run.state_of("a"), NodeState::Completed);
    run.folds_to_itself();
}

#[test]
fn a_resume_keeps_results_and_runs_again_what_failed_and_what_asks_for_it() {
    let mut run = Run::new(&workflow(
        "  - {id: a, always_run: true, bash: a}
  - {id: b, depends_on: [a], bash: b}
  - {id: p, bash: p}
  - {id: c, depends_on: [b, p], bash: c}
",
    ));
    run.says("a", "1");
    run.says("p", "p");
    run.says("b", "b 1");
    run.ends("c", 1, "");
    assert_eq!(run.state.status, Status::Failed);
    run.resume(2);
    assert_eq!(run.under_way(), ["a"], "`p` is kept, `b` waits for `a`");
    run.says("a", "2");
    assert_eq!(run.under_way(), ["b"]);
    run.says("b", "b 2");
    assert_eq!(run.under_way(), ["c"]);
    run.says("c", "c");
    assert_eq!(run.state.status, Status::Completed);
    run.folds_to_itself();
}

#[test]
fn an_attempt_of_a_dead_worker_starts_again_with_the_next_number() {
    let mut run = Run::new(&workflow("  - {id: a, bash: a}\n"));
    assert_eq!(run.call("a").attempt, 1);
    run.claim(2);
    run.advance();
    assert_eq!(run.call("a").attempt, 2);
}

#[test]
fn a_stop_ends_what_runs_first_and_a_resume_goes_on_there() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}\n  - {id: b, depends_on: [a], bash: b}\n",
    ));
    run.says("a", "kept");
    run.write(EventBody::StopRequested { actor: ada() });
    let cancel = run.advance();
    assert_eq!(cancel.len(), 1);
    run.conclude("b", Outcome::Cancelled { elapsed: 1 });
    assert_eq!(run.state.cause, Some(Cause::Stopped));
    run.resume(2);
    assert_eq!(run.under_way(), ["b"]);
    assert_eq!(run.call("b").attempt, 2);
}

#[test]
fn at_most_the_allowed_number_of_processes_is_open_at_once() {
    let mut nodes = String::new();
    for n in 0..40 {
        nodes.push_str(&format!("  - {{id: n{n}, bash: x}}\n"));
    }
    let mut run = Run::new(&workflow(&nodes));
    let width = fermata_engine::archon::Setting::WIDTH;
    assert_eq!(run.under_way().len(), width);
    run.says("n0", "");
    assert_eq!(run.under_way().len(), width);
}

#[test]
fn inputs_get_their_defaults_and_a_missing_one_fails_the_start() {
    let text = "name: main
description: A graph.
inputs:
  who: {required: true}
  n: {default: 2}
nodes:
  - {id: a, bash: 'echo $INPUTS_WHO'}
";
    let run = Run::asked(
        text,
        None,
        serde_json::Map::from_iter([("who".to_owned(), json!("z"))]),
    );
    let env = run.call("a").env;
    let of = |name: &str| {
        env.iter()
            .find(|(key, _)| key == name)
            .map(|(_, v)| v.as_str())
    };
    assert_eq!(of("INPUTS_WHO"), Some("z"));
    assert_eq!(of("INPUTS_N"), Some("2"));
    let run = Run::new(text);
    assert_eq!(run.state.cause, Some(Cause::StartFailed));
}

#[test]
fn an_include_that_is_skipped_takes_its_whole_block_with_it() {
    let block = "name: blk
description: block
returns: fin
nodes:
  - {id: st, bash: hi}
  - {id: fin, depends_on: [st], bash: fin}
  - {id: tidy, depends_on: [st], trigger_rule: all_done, bash: tidy}
";
    let main = workflow(
        "  - {id: pre, bash: pre}
  - {id: inn, include: blk, depends_on: [pre], when: \"$pre.output == 'yes'\"}
  - {id: end, depends_on: [inn], trigger_rule: all_done, bash: 'echo [$inn.output]'}
",
    );
    let mut run = Run::of(
        &[
            (".archon/workflows/main.yaml", main.as_str()),
            (".archon/workflows/blk.yaml", block),
        ],
        None,
        serde_json::Map::new(),
    );
    run.says("pre", "no");
    assert_eq!(run.reason_of("inn__st"), Some("when_condition"));
    assert_eq!(run.reason_of("inn__fin"), Some("trigger_rule"));
    assert_eq!(run.reason_of("inn__tidy"), Some("trigger_rule"));
    assert_eq!(run.under_way(), ["end"]);
}

#[test]
fn an_include_is_as_open_as_the_most_lenient_of_the_nodes_that_it_begins_with() {
    let block = "name: blk
description: block
nodes:
  - {id: st, trigger_rule: all_done, bash: st}
  - {id: strict, bash: strict}
  - {id: fin, depends_on: [st], bash: fin}
";
    let main =
        workflow("  - {id: pre, bash: pre}\n  - {id: inn, include: blk, depends_on: [pre]}\n");
    let mut run = Run::of(
        &[
            (".archon/workflows/main.yaml", main.as_str()),
            (".archon/workflows/blk.yaml", block),
        ],
        None,
        serde_json::Map::new(),
    );
    run.ends("pre", 1, "");
    assert_eq!(run.reason_of("inn__strict"), Some("trigger_rule"));
    assert_eq!(run.under_way(), ["inn__st"]);
    run.says("inn__st", "");
    assert_eq!(run.under_way(), ["inn__fin"]);
}

#[test]
fn processes_of_an_included_workflow_find_its_inputs_in_their_environment() {
    let inner = "name: inner
description: block
inputs:
  who: {required: true}
nodes:
  - {id: in, bash: 'echo $INPUTS_WHO'}
";
    let block = "name: blk
description: block
inputs:
  who: {required: true}
  n: {default: 2}
nodes:
  - {id: st, bash: 'echo $INPUTS_WHO $INPUTS_N'}
  - {id: tool, depends_on: [st], runtime: bun, script: tool, with: {n: 3}}
  - {id: deep, depends_on: [tool], when: \"$st.output == $INPUTS.n\", include: inner, with: {who: 'for $INPUTS.who'}}
  - {id: tail, depends_on: [deep], bash: tail}
";
    let main = workflow(
        "  - {id: pre, bash: pre}
  - {id: inn, include: blk, depends_on: [pre], with: {who: '$pre.output of $ARGUMENTS'}}
",
    );
    let mut run = Run::of(
        &[
            (".archon/workflows/main.yaml", main.as_str()),
            (".archon/workflows/blk.yaml", block),
            (".archon/workflows/inner.yaml", inner),
            (".archon/scripts/tool.ts", "console.log(1)"),
        ],
        Some("go"),
        serde_json::Map::new(),
    );
    let env = |run: &Run, path: &str, name: &str| {
        let env = run.call(path).env;
        env.iter()
            .find_map(|(key, value)| (key == name).then(|| value.clone()))
    };
    run.says("pre", "it's");
    assert_eq!(env(&run, "inn__st", "INPUTS_WHO").unwrap(), "it's of go");
    assert_eq!(env(&run, "inn__st", "INPUTS_N").unwrap(), "2");
    run.says("inn__st", "2");
    assert_eq!(env(&run, "inn__tool", "INPUTS_WHO").unwrap(), "it's of go");
    assert_eq!(env(&run, "inn__tool", "INPUTS_N").unwrap(), "3");
    run.says("inn__tool", "");
    let deep = "inn__deep__in";
    assert_eq!(env(&run, deep, "INPUTS_WHO").unwrap(), "for it's of go");
    assert_eq!(
        env(&run, deep, "INPUTS_N"),
        None,
        "it is another workflow's"
    );
}

#[test]
fn a_result_is_kept_while_what_it_was_made_from_comes_out_the_same() {
    let mut run = Run::new(&workflow(
        "  - {id: a, always_run: true, bash: a}
  - {id: b, depends_on: [a], bash: b}
  - {id: c, depends_on: [b], bash: c}
",
    ));
    run.says("a", "1");
    run.says("b", "from 1");
    run.ends("c", 1, "");
    run.resume(2);
    run.says("a", "1");
    assert_eq!(run.under_way(), ["c"], "`b` was made from the same");
    run.ends("c", 1, "");
    run.resume(3);
    run.ends("a", 1, "");
    assert_eq!(run.reason_of("b"), Some("trigger_rule"));
    run.resume(4);
    run.says("a", "1");
    assert_eq!(run.under_way(), ["b"]);
    run.says("b", "from 1");
    run.says("c", "");
    assert_eq!(run.state.status, Status::Completed);
    run.folds_to_itself();
}

#[test]
fn a_process_that_took_too_long_is_tried_again_only_where_everything_is() {
    for (on_error, state) in [
        ("transient", NodeState::Failed),
        ("all", NodeState::Pending),
    ] {
        let retry = format!("{{max_attempts: 2, delay_ms: 1000, on_error: {on_error}}}");
        let mut run = Run::new(&workflow(&format!(
            "  - {{id: a, bash: a, timeout: 100, retry: {retry}}}\n"
        )));
        let error = fermata_engine::Failure {
            kind: "other".to_owned(),
            message: "`a` took longer than 0.1 s".to_owned(),
            names: Vec::new(),
        };
        run.conclude(
            "a",
            Outcome::Failed {
                error,
                detail: serde_json::Map::from_iter([("timed_out".to_owned(), json!(true))]),
                elapsed: 1,
            },
        );
        assert_eq!(run.state_of("a"), state, "{on_error}");
    }
}

#[test]
fn a_file_that_does_not_load_is_refused_with_what_is_wrong() {
    let mut world = fermata_workflow::MemoryWorld::new();
    let file = std::path::Path::new("/w/.archon/workflows/main.yaml");
    world.add_file(
        file,
        workflow("  - {id: a, depends_on: [nobody], bash: x}\n"),
    );
    let error = fermata_engine::Definition::load(&world, file).unwrap_err();
    assert!(error.to_string().contains("nobody"), "{error}");
}

#[test]
fn bindings_keep_values_and_a_skipped_producer_needs_a_value_to_fall_back_to() {
    let mut run = Run::of(
        &[
            (
                ".archon/workflows/main.yaml",
                workflow(
                    "  - {id: a, bash: a}
  - {id: s, depends_on: [a], when: \"$a.output.k == 'no'\", bash: s}
  - {id: u, depends_on: [a, s], trigger_rule: all_done, runtime: bun, script: tool, with: {one: {from: $s.output.z, if_skipped: dflt}, two: {from: $a.output.k, if_skipped: 0}, three: $a.output, four: 7}}
  - {id: w, depends_on: [s], trigger_rule: all_done, runtime: bun, script: tool, with: {one: {from: $s.output.z}}}
",
                )
                .as_str(),
            ),
            (".archon/scripts/tool.ts", "console.log(1)"),
        ],
        None,
        serde_json::Map::new(),
    );
    run.says("a", "{\"k\":\"v\"}\n");
    let call = run.call("u");
    let of = |name: &str| {
        let found = call.env.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(of("INPUTS_ONE"), Some("dflt"));
    assert_eq!(of("INPUTS_TWO"), Some("v"));
    assert_eq!(of("INPUTS_THREE"), Some("{\"k\":\"v\"}"));
    assert_eq!(of("INPUTS_FOUR"), Some("7"));
    assert_eq!(call.args[..2], ["--no-env-file", "run"]);
    let pinned = call.pinned.unwrap();
    assert_eq!(&*pinned.files[0].bytes, b"console.log(1)");
    assert_eq!(run.error_of("w"), "binding");
}
