//! Rounds of groups: how they end, what they see of each other, when they ask.

use fermata_engine::event::{Cause, EventBody};
use fermata_engine::gate::LimitDecision;
use fermata_engine::state::NodeState;
use fermata_engine::{Answer, GateKind, Outcome, Status};
use serde_json::{Map, json};

use crate::run::{Run, workflow};

fn group(settings: &str, body: &str, rest: &str) -> Run {
    Run::new(&workflow(&format!(
        "  - id: g\n    loop_group:\n      {settings}\n      nodes:\n{body}\n{rest}"
    )))
}

fn approval(decision: &str, text: &str) -> Answer {
    Answer::Approval {
        decision: decision.to_owned(),
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
    }
}

fn limit(decision: LimitDecision, n: Option<u64>) -> Answer {
    Answer::IterationLimit { decision, n }
}

const ONE: &str = "        - {id: a, bash: a}";

#[test]
fn a_group_goes_round_until_its_shell_says_so_and_gives_what_its_last_round_ended_with() {
    let mut run = group(
        "max_iterations: 3\n      until_bash: test $b.output = 2",
        "        - {id: a, bash: 'echo [$LOOP_PREV.b.output]'}
        - {id: b, depends_on: [a], bash: 'echo $a.output'}",
        "  - {id: z, depends_on: [g], bash: 'echo $g.output'}",
    );
    assert_eq!(run.under_way(), ["g", "g[1]/a"]);
    assert_eq!(run.call("g[1]/a").args[1], "echo ['']");
    run.says("g[1]/a", "x\n");
    run.says("g[1]/b", "it's 1\n");
    assert_eq!(run.call("g[1][until]").args[1], "test 'it'\\''s 1' = 2");
    run.ends("g[1][until]", 1, "");
    assert_eq!(run.call("g[2]/a").args[1], "echo ['it'\\''s 1']");
    run.says("g[2]/a", "x\n");
    run.says("g[2]/b", "2\n");
    run.ends("g[2][until]", 0, "");
    assert_eq!(run.call("z").args[1], "echo '2'");
    run.says("z", "");
    assert_eq!(run.state.status, Status::Completed);
    run.folds_to_itself();
}

#[test]
fn a_group_took_as_long_as_it_was_there_and_never_less_than_nothing() {
    for back in [false, true] {
        let mut run = group("max_iterations: 1\n      until: DONE", ONE, "");
        let began = run.now;
        run.now = if back { began - 500 } else { began + 700 };
        run.says("g[1]/a", "DONE\n");
        let took = run.log.iter().find_map(|event| match &event.body {
            EventBody::StepCompleted { elapsed, step, .. } if step == "g" => Some(*elapsed),
            _ => None,
        });
        assert_eq!(took, Some(if back { 0 } else { 700 }));
    }
}

#[test]
fn a_signal_ends_a_group_and_leaves_its_output_but_the_end_of_a_word_does_not() {
    let mut run = group("max_iterations: 3\n      until: COMPLETE", ONE, "");
    run.says("g[1]/a", "INCOMPLETE\n");
    run.says("g[2]/a", "all of it <p>complete</p>\n");
    assert_eq!(run.output_of("g"), json!("all of it"));
    assert_eq!(run.state.status, Status::Completed);
}

#[test]
fn a_failed_node_fails_its_group_when_the_rest_of_the_round_is_over() {
    let mut run = group(
        "max_iterations: 3\n      until: OK",
        "        - {id: a, bash: a}\n        - {id: b, bash: b}\n        - {id: c, depends_on: [b], bash: c}\n        - {id: d, depends_on: [a], bash: d}\n        - {id: e, depends_on: [a], trigger_rule: all_done, bash: e}",
        "  - {id: z, depends_on: [g], trigger_rule: all_done, bash: z}",
    );
    run.says("g[1]/b", "fine");
    assert_eq!(run.under_way(), ["g", "g[1]/a"], "`c` waits for its layer");
    run.ends("g[1]/a", 4, "");
    assert_eq!(run.under_way(), ["g", "g[1]/e", "g[1]/c"]);
    assert_eq!(run.reason_of("g[1]/d"), Some("trigger_rule"));
    run.says("g[1]/c", "");
    assert_eq!(run.state_of("g"), NodeState::Running);
    run.says("g[1]/e", "OK");
    assert_eq!(run.state_of("g"), NodeState::Failed);
    assert_eq!(run.error_of("g"), "exit");
    assert_eq!(run.under_way(), ["z"]);
    run.says("z", "");
    assert_eq!(run.state.status, Status::Failed);
    run.folds_to_itself();
}

#[test]
fn at_its_last_round_a_group_asks_and_goes_on_with_what_is_granted() {
    let mut run = group("max_iterations: 2\n      until: OK", ONE, "");
    run.says("g[1]/a", "one");
    run.says("g[2]/a", "two");
    assert_eq!(run.state.status, Status::Waiting);
    let gate = run.state.only_gate().unwrap().clone();
    assert_eq!(
        (gate.kind, gate.step.as_str()),
        (GateKind::IterationLimit, "g")
    );
    let evidence = gate.limit.unwrap();
    assert_eq!(
        (evidence.current_iteration, evidence.max_iterations),
        (2, 2)
    );
    let said: Vec<_> = evidence
        .verdicts
        .iter()
        .map(|verdict| (verdict.round, verdict.feedback.as_deref().unwrap()))
        .collect();
    assert_eq!(said, [(1, "one"), (2, "two")]);
    run.rules(limit(LimitDecision::Continue, Some(1)));
    assert_eq!(run.under_way(), ["g", "g[3]/a"]);
    run.says("g[3]/a", "OK");
    assert_eq!(run.state.status, Status::Completed);
    run.folds_to_itself();
}

#[test]
fn stopped_at_its_last_round_a_group_fails_and_a_resume_begins_at_the_first() {
    let mut run = group("max_iterations: 1\n      until: OK", ONE, "");
    run.says("g[1]/a", "no");
    run.rules(limit(LimitDecision::Stop, None));
    assert_eq!(run.state.status, Status::Failed);
    assert_eq!(run.state.cause, Some(Cause::IterationLimit));
    assert_eq!(run.error_of("g"), "max-iterations");
    run.resume(2);
    assert_eq!(run.under_way(), ["g", "g[1]/a"]);
    run.folds_to_itself();
}

#[test]
fn an_interactive_group_holds_after_every_round_and_hands_the_words_on() {
    let mut run = group(
        "max_iterations: 4\n      until: OK\n      interactive: true\n      gate_message: Well?",
        "        - {id: a, bash: 'echo $LOOP_USER_INPUT $LOOP_PREV.a.output'}",
        "",
    );
    assert_eq!(run.call("g[1]/a").args[1], "echo '' ''");
    run.says("g[1]/a", "OK");
    let gate = run.state.only_gate().unwrap().clone();
    assert_eq!(gate.kind, GateKind::Approval);
    assert!(gate.prompt.ends_with("Well?"), "{}", gate.prompt);
    assert_eq!(gate.extra["signalled"], json!(true));
    run.rules(approval("approve", "no, 'again'; $(rm x)"));
    // What the round before said does not count after a gate.
    assert_eq!(
        run.call("g[2]/a").args[1],
        "echo 'no, '\\''again'\\''; $(rm x)' ''"
    );
    run.says("g[2]/a", "two");
    run.rules(approval("approve", ""));
    assert_eq!(run.call("g[3]/a").args[1], "echo 'Approved' ''");
    run.says("g[3]/a", "fine OK");
    assert_eq!(run.state.status, Status::Completed);
    run.folds_to_itself();
}

#[test]
fn nothing_but_an_answer_passes_the_gate_of_a_loop_that_has_signalled() {
    let mut run = group(
        "max_iterations: 4\n      until: OK\n      interactive: true\n      gate_message: Well?",
        ONE,
        "  - {id: z, depends_on: [g], bash: z}",
    );
    run.says("g[1]/a", "OK");
    run.claim(2);
    run.advance();
    assert_eq!(run.state.status, Status::Waiting);
    assert_eq!(run.state.gates_opened, 1, "the same gate still holds");
    run.rules(approval("approve", ""));
    assert_eq!(run.under_way(), ["z"]);
}

#[test]
fn a_rejected_loop_cancels_the_run_in_the_name_of_who_rejected() {
    let mut run = group(
        "max_iterations: 4\n      until: OK\n      interactive: true\n      gate_message: Well?",
        ONE,
        "",
    );
    run.says("g[1]/a", "x");
    run.rules(approval("reject", "not like this"));
    assert_eq!(run.state.status, Status::Cancelled);
    let last = serde_json::to_value(run.log.last().unwrap()).unwrap();
    assert_eq!(last["by"], "ada");
    assert!(last["reason"].as_str().unwrap().contains("not like this"));
}

#[test]
fn a_group_in_a_group_sees_the_rounds_of_both() {
    let mut run = group(
        "max_iterations: 2\n      until_bash: check",
        "        - {id: a, bash: a}
        - id: in
          depends_on: [a]
          loop_group:
            max_iterations: 2
            until: IN
            nodes:
              - {id: i, bash: 'echo $a.output $LOOP_PREV.a.output $LOOP_PREV.i.output'}",
        "",
    );
    run.says("g[1]/a", "A1");
    assert_eq!(run.call("g[1]/in[1]/i").args[1], "echo 'A1' '' ''");
    run.says("g[1]/in[1]/i", "I1");
    assert_eq!(run.call("g[1]/in[2]/i").args[1], "echo 'A1' '' 'I1'");
    run.says("g[1]/in[2]/i", "IN");
    run.ends("g[1][until]", 1, "");
    run.says("g[2]/a", "A2");
    assert_eq!(run.call("g[2]/in[1]/i").args[1], "echo 'A2' 'A1' ''");
    run.says("g[2]/in[1]/i", "IN");
    run.ends("g[2][until]", 0, "");
    assert_eq!(run.output_of("g"), json!("IN"));
    run.folds_to_itself();
}

#[test]
fn a_round_that_lost_its_worker_goes_on_where_it_was() {
    let mut run = group(
        "max_iterations: 3\n      until: OK",
        "        - {id: a, bash: a}\n        - {id: b, depends_on: [a], bash: b}",
        "",
    );
    run.says("g[1]/a", "1");
    run.says("g[1]/b", "1");
    run.says("g[2]/a", "2");
    run.claim(2);
    run.advance();
    assert_eq!(
        run.call("g[2]/b").attempt,
        2,
        "only what was open starts again"
    );
    assert_eq!(run.state_of("g[2]/a"), NodeState::Completed);
    run.says("g[2]/b", "OK");
    assert_eq!(run.state.status, Status::Completed);
}

#[test]
fn a_group_speaks_with_the_first_end_that_has_something_to_say() {
    let mut run = group(
        "max_iterations: 3\n      until: OK",
        "        - {id: a, bash: a}\n        - {id: b, bash: b}\n        - {id: c, bash: c}",
        "",
    );
    run.says("g[1]/a", " \n");
    run.says("g[1]/b", "second OK");
    run.says("g[1]/c", "third");
    assert_eq!(run.output_of("g"), json!("second OK"));
}

#[test]
fn a_cancel_node_of_a_body_ends_the_run_even_where_another_node_has_failed() {
    let mut run = group(
        "max_iterations: 3\n      until: OK",
        "        - {id: a, bash: a}\n        - {id: stop, cancel: enough}",
        "  - {id: z, depends_on: [g], trigger_rule: all_done, bash: z}",
    );
    run.ends("g[1]/a", 1, "");
    assert_eq!(run.state.status, Status::Cancelled);
    assert_eq!(run.state_of("z"), NodeState::Pending);
}

#[test]
fn a_turn_that_is_nothing_but_the_signal_stays_as_it_is() {
    let mut run = Run::new(&workflow(
        "  - {id: l, loop: {prompt: p, until: FIN, max_iterations: 2}}\n",
    ));
    run.speaks("l[1]", json!("<promise>FIN</promise>"));
    assert_eq!(run.output_of("l"), json!("<promise>FIN</promise>"));
    assert_eq!(run.state.status, Status::Completed);
}

#[test]
fn the_signal_may_stand_beside_a_structured_answer() {
    let mut run = Run::new(&workflow(
        "  - {id: l, output_format: {type: object}, loop: {prompt: p, until: FIN, max_iterations: 2}}\n",
    ));
    assert!(run.prompt("l[1]").text.unwrap().beside);
    let detail = [
        ("structured".to_owned(), json!(true)),
        ("beside".to_owned(), json!("that is all. FIN")),
    ];
    run.conclude(
        "l[1]",
        Outcome::Agent {
            output: json!({"n": 1}),
            detail: Map::from_iter(detail),
            elapsed: 1,
        },
    );
    assert_eq!(run.output_of("l"), json!({"n": 1}));
    assert_eq!(run.state.status, Status::Completed);
}
