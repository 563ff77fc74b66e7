//! Runs that steps of other runs start, as people meet them: whoever sees only
//! the parent is asked for the child, once, and nobody works while both wait.

use fermata_tests::violence::{examine, lives, worker_of};
use fermata_tests::workflows::PARENT;
use fermata_tests::{Lab, Said, run_id, wait};
use serde_json::Value;

const KID: &str = "\
interactive: true
nodes:
  - {id: begin, bash: \"echo begun >> log\"}
  - {id: ask, depends_on: [begin], approval: {message: Ship it?}}
  - {id: end, depends_on: [ask], bash: echo shipped}
";

/// Asks at once and is at work until there is a file `go`.
const BUSY: &str = "\
interactive: true
returns: end
nodes:
  - {id: ask, approval: {message: Ship it?}}
  - {id: work, bash: \"while [ ! -e go ]; do sleep 0.02; done; echo worked >> log\"}
  - {id: end, depends_on: [ask, work], bash: echo shipped}
";

/// A lab in which runs that wait give up their workers at once.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.configure("park_after: 0\n");
    lab
}

/// Three workflows, each started by the next, the child at the bottom; the one at the top.
fn three(lab: &Lab, kid: &str) -> String {
    lab.archon("kid", kid);
    lab.archon(
        "middle",
        "interactive: true\nnodes:\n  - {id: inner, workflow: kid, input: q}\n",
    );
    lab.archon(
        "top",
        "interactive: true\nnodes:\n  - {id: outer, workflow: middle, input: q}\n",
    )
}

fn run(lab: &Lab, file: &str) -> Said {
    lab.call(&["run", file, "--share-checkout", "--json"])
}

/// A parent that waits for its child, both parked; the ids of both.
fn held(lab: &Lab) -> (String, String) {
    lab.archon("kid", KID);
    let parent = lab.archon("parent", PARENT);
    let said = run(lab, &parent);
    assert_eq!(said.code, 4, "{said:?}");
    let parent = run_id(&said.json());
    let child = run_id(&lab.children(&parent)[0]);
    lab.until_parked(&parent);
    lab.until_parked(&child);
    (parent, child)
}

fn answer(lab: &Lab, run: &str, words: &[&str]) -> Said {
    lab.call(&[&["answer", run, "--json"], words].concat())
}

fn types(lab: &Lab, run: &str, kind: &str, path: &str) -> usize {
    let of = |event: &&Value| event["type"] == kind && event["path"] == path;
    lab.events(run).iter().filter(of).count()
}

#[test]
fn a_parent_whose_child_waits_parks_with_it_and_names_the_child_and_its_gate() {
    let lab = lab();
    lab.archon("kid", KID);
    let file = lab.archon("parent", PARENT);
    let said = run(&lab, &file);
    assert_eq!(said.code, 4, "{said:?}");
    let parent = run_id(&said.json());
    let shown = lab.until_parked(&parent);
    let child = run_id(&shown["children"][0]);
    let own = &lab.until_parked(&child)["gates"][0];
    let gate = &shown["gates"][0];
    assert_eq!(shown["gates"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(gate["step"], "sub");
    assert_eq!(gate["kind"], "approval");
    assert_eq!(gate["prompt"], "Ship it?");
    assert_eq!(gate["workflow"], "kid");
    assert_eq!(gate["answers"], own["answers"]);
    assert_eq!(gate["extra"]["type"], "child_workflow");
    assert_eq!(gate["extra"]["child"], child.as_str());
    assert_eq!(gate["extra"]["child_gate"], own["gate"]);
    assert_eq!(gate["extra"]["child_step"], "ask");
    // Lists show the parent only, so nobody is asked twice.
    let listed = lab.runs();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["gates"][0], *gate);
    for run in [&parent, &child] {
        assert_eq!(types(&lab, run, "run_started", ""), 1, "a worker began");
        lab.until_workers_ended(run);
    }
}

#[test]
fn an_answer_at_the_parent_is_the_childs_and_both_go_on() {
    let lab = lab();
    let (parent, child) = held(&lab);
    let took = answer(&lab, &parent, &["approve"]);
    assert_eq!(took.json()["ok"], true, "{took:?}");
    let shown = lab.until(&parent, "completed");
    assert_eq!(shown["output"], "got shipped");
    assert_eq!(lab.status(&child), "completed");
    assert_eq!(lab.read("log"), "begun\n");
    // One attempt, looked after by two workers; one answer, in both logs.
    for kind in ["step_started", "child_started"] {
        assert_eq!(types(&lab, &parent, kind, "sub"), 1);
    }
    for (run, path) in [(&parent, "sub"), (&child, "ask")] {
        assert_eq!(types(&lab, run, "gate_opened", path), 1);
        assert_eq!(types(&lab, run, "gate_answered", path), 1);
    }
    examine(&lab);
}

#[test]
fn an_answer_at_the_child_is_the_parents_and_who_comes_late_there_is_told_who_was_first() {
    let lab = lab();
    let (parent, child) = held(&lab);
    let took = answer(&lab, &child, &["approve"]);
    assert_eq!(took.json()["ok"], true, "{took:?}");
    let late = answer(&lab, &parent, &["--gate", "g1", "approve"]).json();
    assert_eq!(late["ok"], false, "{late}");
    assert_eq!(late["answered"]["by"], "ada", "{late}");
    lab.until(&parent, "completed");
}

#[test]
fn what_the_child_comes_to_is_the_result_of_its_step() {
    for (verb, cause) in [("reject", "was cancelled"), ("abandon", "was cancelled")] {
        let lab = lab();
        lab.archon("kid", KID);
        let file = lab.archon(
            "parent",
            "nodes:\n  - {id: sub, workflow: kid, input: q}\n  - {id: z, depends_on: [sub], trigger_rule: all_done, bash: echo z >> log}\n",
        );
        let parent = run_id(&run(&lab, &file).json());
        let child = run_id(&lab.children(&parent)[0]);
        lab.until_parked(&parent);
        let said = match verb {
            "reject" => answer(&lab, &parent, &["reject"]),
            _ => lab.call(&[verb, &child]),
        };
        assert_eq!(said.code, 0, "{said:?}");
        let shown = lab.until(&parent, "failed");
        assert_eq!(lab.status(&child), "cancelled", "{verb}");
        let step = shown["steps"].as_array().expect("steps");
        let sub = step.iter().find(|step| step["path"] == "sub");
        let error = &sub.expect("the step")["error"];
        assert_eq!(error["kind"], "child-failed", "{verb}: {error}");
        let why = error["message"].as_str().expect("a message");
        assert!(why.contains(cause), "{verb}: {why}");
        assert_eq!(lab.read("log"), "begun\nz\n", "{verb}");
    }
}

#[test]
fn a_cancelled_child_is_its_steps_failure_and_a_resume_starts_another() {
    for stopped in [false, true] {
        let lab = lab();
        let (parent, child) = held(&lab);
        if stopped {
            // Cancelled while nobody looked after it: its step has not seen it.
            assert_eq!(lab.call(&["stop", &parent]).code, 0);
        }
        assert_eq!(lab.call(&["abandon", &child]).code, 0);
        lab.until(&parent, "failed");
        let resumed = lab.call(&["resume", &parent, "--json"]);
        assert_eq!(resumed.code, 4, "{resumed:?}");
        let gate = lab.until_parked(&parent)["gates"][0].clone();
        let fresh = gate["extra"]["child"].as_str().expect("a child").to_owned();
        assert_ne!(fresh, child);
        lab.until_parked(&fresh);
        // What was cancelled stays as it is; the other one is gone on with like any child.
        assert_eq!(lab.call(&["stop", &parent]).code, 0);
        assert_eq!(lab.call(&["resume", &parent]).code, 4);
        assert_eq!(answer(&lab, &parent, &["approve"]).json()["ok"], true);
        lab.until(&parent, "completed");
        let children: Vec<(String, Value)> = lab
            .children(&parent)
            .iter()
            .map(|child| (run_id(child), child["path"].clone()))
            .collect();
        assert_eq!(children.len(), 2, "{children:?}");
        assert!(children.iter().all(|(_, path)| path == "sub"));
        assert_eq!(lab.status(&child), "cancelled");
        assert_eq!(lab.status(&fresh), "completed");
        assert_eq!(lab.read("log"), "begun\nbegun\n");
        examine(&lab);
    }
}

#[test]
fn a_parent_parks_only_when_nothing_else_can_run_and_shows_the_gates_of_all_its_children() {
    let lab = lab();
    lab.archon("kid", KID);
    let file = lab.archon(
        "parent",
        "nodes:\n  - {id: one, workflow: kid, input: a}\n  - {id: two, workflow: kid, input: b}\n  - {id: work, bash: \"while [ ! -e go ]; do sleep 0.02; done\"}\n",
    );
    let said = lab.call(&["run", &file, "--share-checkout", "--json", "--detach"]);
    let parent = run_id(&said.json());
    let both = wait("both children hold", || {
        let shown = lab.show(&parent);
        (shown["gates"].as_array().map(Vec::len) == Some(2)).then_some(shown)
    });
    for child in both["children"].as_array().expect("children") {
        lab.until_parked(&run_id(child));
    }
    let shown = lab.show(&parent);
    assert_eq!(shown["status"], "running", "{shown}");
    assert!(worker_of(&shown).is_some_and(lives), "{shown}");
    lab.write("go", "");
    let shown = lab.until_parked(&parent);
    let named = answer(&lab, &parent, &["approve"]).json();
    assert!(
        named["reason"]
            .as_str()
            .is_some_and(|r| r.contains("--gate")),
        "{named}"
    );
    for gate in shown["gates"].as_array().expect("gates") {
        let gate = gate["gate"].as_str().expect("an id");
        let took = answer(&lab, &parent, &["--gate", gate, "approve"]).json();
        assert_eq!(took["ok"], true, "{took}");
    }
    assert_eq!(types(&lab, &parent, "gate_opened", "one"), 1);
    assert_eq!(types(&lab, &parent, "gate_opened", "two"), 1);
    lab.until(&parent, "completed");
    examine(&lab);
}

#[test]
fn the_gate_of_a_grandchild_is_answered_at_the_top() {
    let lab = lab();
    let top = three(&lab, KID);
    let said = run(&lab, &top);
    assert_eq!(said.code, 4, "{said:?}");
    let top = run_id(&said.json());
    let shown = lab.until_parked(&top);
    assert_eq!(shown["gates"][0]["step"], "outer");
    assert_eq!(shown["gates"][0]["workflow"], "kid");
    let took = answer(&lab, &top, &["approve"]);
    assert_eq!(took.json()["ok"], true, "{took:?}");
    assert_eq!(lab.until(&top, "completed")["output"], "shipped");
}

#[test]
fn the_gate_of_a_child_that_is_still_at_work_stands_at_once_in_every_run_above_it() {
    for at_the_top in [true, false] {
        let lab = lab();
        let top = three(&lab, BUSY);
        let said = lab.call(&["run", &top, "--share-checkout", "--json", "--detach"]);
        let top = run_id(&said.json());
        let gates = |run: &str| lab.show(run)["gates"].as_array().map_or(0, Vec::len);
        wait("the top asks", || (gates(&top) == 1).then_some(()));
        let middle = run_id(&lab.children(&top)[0]);
        let kid = run_id(&lab.children(&middle)[0]);
        let family = [&top, &middle, &kid];
        for run in family {
            assert_eq!(gates(run), 1);
            assert_eq!(lab.status(run), "running", "it has work to do");
        }
        assert_eq!(lab.runs()[0]["gates"][0]["prompt"], "Ship it?");
        let took = answer(&lab, if at_the_top { &top } else { &kid }, &["approve"]);
        assert_eq!(took.json()["ok"], true, "{took:?}");
        // Whoever has answered sees it closed everywhere: nobody is asked for what is decided.
        for run in family {
            assert_eq!(gates(run), 0);
            assert_eq!(lab.status(run), "running");
        }
        lab.write("go", "");
        assert_eq!(lab.until(&top, "completed")["output"], "shipped");
        for (run, path) in [(&top, "outer"), (&middle, "inner"), (&kid, "ask")] {
            assert_eq!(types(&lab, run, "gate_opened", path), 1);
            assert_eq!(types(&lab, run, "gate_answered", path), 1);
            assert_eq!(types(&lab, run, "run_waiting", ""), 0, "nobody held");
        }
        examine(&lab);
    }
}

#[test]
fn a_parent_waits_from_when_the_last_of_its_childs_work_is_done() {
    let lab = lab();
    lab.archon("kid", BUSY);
    let parent = lab.archon("parent", PARENT);
    let said = lab.call(&["run", &parent, "--share-checkout", "--json", "--detach"]);
    let parent = run_id(&said.json());
    wait("the parent asks", || {
        (lab.show(&parent)["gates"].as_array().map(Vec::len) == Some(1)).then_some(())
    });
    lab.write("go", "");
    lab.until_parked(&parent);
    let child = run_id(&lab.children(&parent)[0]);
    lab.until_parked(&child);
    assert_eq!(answer(&lab, &parent, &["approve"]).json()["ok"], true);
    lab.until(&parent, "completed");
    for (kind, path) in [
        ("gate_opened", "sub"),
        ("child_waiting", "sub"),
        ("run_waiting", ""),
    ] {
        assert_eq!(types(&lab, &parent, kind, path), 1, "{kind}");
    }
    examine(&lab);
}

#[test]
fn stopping_the_parent_stops_the_child_and_resuming_it_presents_the_childs_gate_again() {
    let lab = lab();
    let (parent, child) = held(&lab);
    let stopped = lab.call(&["stop", &parent]);
    assert_eq!(stopped.code, 0, "{stopped:?}");
    for run in [&parent, &child] {
        let shown = lab.show(run);
        assert_eq!(shown["status"], "failed", "{shown}");
        assert_eq!(shown["cause"], "stopped", "{shown}");
        assert_eq!(shown["gates"].as_array().map(Vec::len), Some(0), "{shown}");
    }
    let resumed = lab.call(&["resume", &parent, "--json"]);
    assert_eq!(resumed.code, 4, "{resumed:?}");
    lab.until_parked(&parent);
    assert_eq!(lab.children(&parent).len(), 1);
    assert_eq!(answer(&lab, &parent, &["approve"]).json()["ok"], true);
    lab.until(&parent, "completed");
    assert_eq!(lab.status(&child), "completed");
    assert_eq!(
        lab.read("log"),
        "begun\n",
        "what was done is not done again"
    );
}

#[test]
fn abandoning_the_parent_cancels_the_child() {
    let lab = lab();
    let (parent, child) = held(&lab);
    let gone = lab.call(&["abandon", &parent]);
    assert_eq!(gone.code, 0, "{gone:?}");
    for run in [&parent, &child] {
        assert_eq!(lab.status(run), "cancelled");
        assert_eq!(types(&lab, run, "run_started", ""), 1, "nobody was woken");
    }
}

#[test]
fn a_child_at_its_iteration_limit_is_answered_at_the_parent() {
    let lab = lab();
    lab.archon(
        "kid",
        "nodes:\n  - {id: again, loop: {prompt: p, until: DONE, max_iterations: 1}}\n",
    );
    lab.write(
        "agent.yaml",
        "rules:\n  - step: again\n    answers: [{say: not yet}, {say: \"<promise>DONE</promise>\"}]\n",
    );
    let file = lab.archon("parent", "nodes:\n  - {id: sub, workflow: kid, input: q}\n");
    let said = lab.call(&[
        "run",
        &file,
        "--share-checkout",
        "--json",
        "--agent",
        "scripted:agent.yaml",
    ]);
    assert_eq!(said.code, 4, "{said:?}");
    let parent = run_id(&said.json());
    let gate = &lab.until_parked(&parent)["gates"][0];
    assert_eq!(gate["kind"], "iteration_limit", "{gate}");
    assert_eq!(gate["current_iteration"], 1, "{gate}");
    let took = answer(&lab, &parent, &["continue", "2"]);
    assert_eq!(took.json()["ok"], true, "{took:?}");
    lab.until(&parent, "completed");
}

#[test]
fn parents_and_children_name_each_other() {
    let lab = lab();
    let (parent, child) = held(&lab);
    assert_eq!(lab.show(&child)["parent"], parent.as_str());
    assert_eq!(lab.children(&parent)[0]["path"], "sub");
    let short = |run: &str| run[run.len() - 8..].to_owned();
    let told = lab.call(&["show", &parent]).out;
    assert!(
        told.contains(&format!("child    {} of sub: kid waiting", short(&child))),
        "{told}"
    );
    let told = lab.call(&["show", &child]).out;
    assert!(
        told.contains(&format!("parent   {}", short(&parent))),
        "{told}"
    );
    let file = lab.work().join(".archon/workflows/parent.yaml");
    let told = lab.call(&["graph", file.to_str().expect("UTF-8")]).out;
    assert!(told.contains("sub (workflow kid)"), "{told}");
    let told = lab.call(&["runs", "--all"]).out;
    assert!(told.contains(&format!("for {}", short(&parent))), "{told}");
}
