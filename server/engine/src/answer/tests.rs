use serde_json::json;

use super::*;
use crate::gate::{AnswerField, AnswerSpec, Counted, LimitEvidence};
use crate::ids::StepPath;

fn gate(kind: GateKind, answers: Vec<AnswerSpec>) -> Gate {
    Gate {
        gate: GateId::from("g1"),
        kind,
        step: "review".to_owned(),
        path: StepPath::from("review"),
        workflow: "w".to_owned(),
        prompt: "?".to_owned(),
        answers,
        limit: None,
        extra: Map::new(),
    }
}

fn spec(answer: Value, label: &str, field: Option<&str>) -> AnswerSpec {
    AnswerSpec {
        answer,
        label: label.to_owned(),
        consequence: None,
        fields: field
            .map(|name| AnswerField {
                name: name.to_owned(),
                ty: "text".to_owned(),
                minimum: None,
                multiline: false,
                optional: false,
            })
            .into_iter()
            .collect(),
    }
}

fn limit_gate(needed: u64) -> Gate {
    let mut gate = gate(GateKind::IterationLimit, Vec::new());
    gate.limit = Some(LimitEvidence {
        current_iteration: 8,
        max_iterations: 3,
        needed,
        agent_history: Vec::new(),
        possible_loop: false,
        cycle: None,
        verdicts: Vec::new(),
        counts: Counted::Steps,
    });
    gate
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn read(gate: &Gate, text: &str) -> Result<Value, Refusal> {
    let answer = parse_words(gate, &words(text))?;
    check(gate, &answer)?;
    Ok(serde_json::to_value(answer).unwrap())
}

#[test]
fn too_few_iterations_are_refused_with_the_number_that_would_do() {
    let refusal = read(&limit_gate(6), "continue 5").unwrap_err();
    assert_eq!(refusal.needed, Some(6));
    assert!(read(&limit_gate(6), "continue 6").is_ok());
    assert_eq!(
        read(&limit_gate(6), "continue").unwrap_err().needed,
        Some(6)
    );
}

#[test]
fn a_limit_takes_continue_stop_and_abort_and_nothing_else() {
    let gate = limit_gate(1);
    assert_eq!(
        read(&gate, "continue 5").unwrap(),
        json!({"kind": "iteration_limit", "do": "continue", "n": 5})
    );
    assert_eq!(
        read(&gate, "stop").unwrap(),
        json!({"kind": "iteration_limit", "do": "stop"})
    );
    assert_eq!(
        read(&gate, "abort").unwrap(),
        json!({"kind": "iteration_limit", "do": "abort"})
    );
    for wrong in [
        "continue -1",
        "continue 2.5",
        "go on",
        "stop now",
        "yes",
        "continue 0",
    ] {
        assert!(read(&gate, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn at_a_human_gate_stop_is_the_option_stop() {
    let gate = gate(
        GateKind::Human,
        vec![
            spec(json!({"kind": "human", "value": "stop"}), "Stop here", None),
            spec(
                json!({"kind": "human", "value": "revise"}),
                "Revise it",
                Some("feedback"),
            ),
        ],
    );
    let human = |value: &str| json!({"kind": "human", "value": value});
    assert_eq!(read(&gate, "stop").unwrap(), human("stop"));
    assert_eq!(read(&gate, "Stop here").unwrap(), human("stop"));
    assert_eq!(read(&gate, "REVISE").unwrap(), human("revise"));
    assert_eq!(read(&gate, "2").unwrap(), human("revise"));
    assert_eq!(
        read(&gate, "revise: make it shorter").unwrap(),
        json!({"kind": "human", "value": "revise", "input": {"feedback": "make it shorter"}})
    );
    for wrong in ["stop everything", "abort", "3", "0"] {
        assert!(read(&gate, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn free_text_approves_only_when_all_of_it_is_in_the_list() {
    let gate = gate(
        GateKind::Approval,
        vec![
            spec(
                json!({"kind": "approval", "decision": "approve"}),
                "Approve",
                None,
            ),
            spec(
                json!({"kind": "approval", "decision": "reject"}),
                "Reject",
                Some("text"),
            ),
        ],
    );
    for yes in ["LGTM!", "Looks good, ship it.", "ok", "Yes", "go ahead"] {
        assert_eq!(read(&gate, yes).unwrap()["decision"], "approve", "{yes}");
    }
    assert_eq!(
        read(&gate, "no: the tests fail").unwrap(),
        json!({"kind": "approval", "decision": "reject", "text": "the tests fail"})
    );
    for unclear in [
        "yes, but rename it first",
        "yes please",
        "not ok",
        "nope",
        "hm",
    ] {
        assert!(read(&gate, unclear).is_err(), "{unclear}");
    }
}

#[test]
fn a_decision_named_as_it_is_offered_may_be_followed_by_a_colon_and_a_text() {
    let gate = gate(
        GateKind::Approval,
        vec![
            spec(
                json!({"kind": "approval", "decision": "approve"}),
                "Approve",
                Some("text"),
            ),
            spec(
                json!({"kind": "approval", "decision": "ask-change"}),
                "Ask for a change",
                Some("text"),
            ),
        ],
    );
    for (typed, decision, text) in [
        (
            "approve: the small one: blue",
            "approve",
            "the small one: blue",
        ),
        ("Ask for a change: shorter", "ask-change", "shorter"),
        ("ASK-CHANGE :  shorter", "ask-change", "shorter"),
    ] {
        assert_eq!(
            read(&gate, typed).unwrap(),
            json!({"kind": "approval", "decision": decision, "text": text}),
            "{typed}"
        );
    }
    for unclear in [
        "yes: but rename it first",
        "approve the small one",
        "other: x",
    ] {
        let refusal = read(&gate, unclear).unwrap_err();
        assert!(refusal.reason.ends_with("(`approve: TEXT`)"), "{refusal}");
    }
}

#[test]
fn a_required_question_cannot_be_skipped() {
    let mut gate = gate(GateKind::Questions, Vec::new());
    gate.extra = serde_json::from_value(json!({
        "questions": [
            {"id": "q1", "text": "?", "required": true},
            {"id": "q2", "text": "?", "choices": ["a", "b"], "allow_free_text": false}
        ]
    }))
    .unwrap();
    assert!(read(&gate, "q1=x q2=a").is_ok());
    assert!(read(&gate, "q1=x q2=c").is_err());
    assert!(read(&gate, "q2=a").is_err());
    assert!(read(&gate, "skip_all").is_err());
    assert!(read(&gate, "abort").is_err());
}

#[test]
fn an_answer_of_another_kind_is_refused() {
    let answer = Answer::Permission {
        option: "allow_once".to_owned(),
    };
    assert!(check(&limit_gate(1), &answer).is_err());
}
