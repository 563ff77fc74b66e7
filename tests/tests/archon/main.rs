//! Runs of the Archon conformance data through the doors that people use: start,
//! answer, resume and abandon through `control`, workers in this process, the
//! store on disk. What differs on purpose is listed with its reason in
//! `differences.json`; anything else that differs fails.
//! `FERMATA_CASE=NAME` runs the cases whose name holds NAME and shows their logs.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod case;
mod classes;
mod compare;
mod judge;
mod observed;
mod scene;
mod scripted;

use std::collections::BTreeMap;

use case::Case;
use scene::Scene;

#[test]
fn archon_runs_without_agents_go_as_recorded() {
    replay("runs");
}

#[test]
fn archon_runs_with_scripted_agents_go_as_recorded() {
    replay("ai");
}

fn replay(set: &str) {
    let Some(cases) = case::all(set) else {
        return;
    };
    let mut found = BTreeMap::new();
    let mut left_out = Vec::new();
    for case in &cases {
        if let Some(program) = case.missing_program() {
            left_out.push(format!("{} (no {program} here)", case.name));
            continue;
        }
        let differences = one(case);
        if !differences.is_empty() {
            found.insert(case.name.clone(), differences);
        }
    }
    if !left_out.is_empty() {
        eprintln!("LEFT OUT: {}", left_out.join(", "));
    }
    judge::judge(set, &found, cases.len() - left_out.len());
}

/// Replays a case; what differs.
fn one(case: &Case) -> Vec<String> {
    let mut scene = Scene::new(case);
    let mut differences = Vec::new();
    for (at, action) in case.actions.iter().enumerate() {
        let exit = scene.act(at + 1, action);
        let step = &case.expected["steps"][at];
        compare::step(&scene, at + 1, step, exit, &mut differences);
    }
    compare::end(&scene, case, &mut differences);
    if std::env::var_os("FERMATA_CASE").is_some() {
        scene.show();
        for difference in &differences {
            eprintln!("{}: {difference}", case.name);
        }
    }
    differences
}
