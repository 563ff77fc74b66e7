//! The Archon sample, as a person would run it.

use fermata_tests::{Lab, samples};
use serde_json::json;

#[test]
fn the_archon_sample_polishes_its_draft_and_announces_only_after_an_approval() {
    let lab = Lab::new();
    let sample = samples().join("release-notes");
    let file = sample.join(".archon/workflows/release-notes.yaml");
    let file = file.to_str().expect("UTF-8");
    let held = lab.call(&[
        "run",
        file,
        "--agent",
        "scripted",
        "--share-checkout",
        "--json",
        "version 2.4",
    ]);
    assert_eq!(held.code, 4, "{held:?}");
    let held = held.json();
    let gate = &held["gates"][0];
    assert_eq!(gate["kind"], "approval");
    assert_eq!(gate["step"], "publish");
    let prompt = gate["prompt"].as_str().expect("a prompt");
    assert!(prompt.contains("every setting"), "{prompt}");
    let run = held["run"].as_str().expect("an id");
    let rounds = |lab: &Lab| {
        let steps = lab.call(&["show", run, "--json"]).json()["steps"].clone();
        let steps = steps.as_array().expect("steps").clone();
        steps
            .iter()
            .map(|step| {
                (
                    step["path"].as_str().unwrap_or_default().to_owned(),
                    step["status"].clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    let before = rounds(&lab);
    assert!(before.contains(&("notes[3]".to_owned(), json!("completed"))));
    assert!(!before.iter().any(|(path, _)| path == "notes[4]"));
    assert!(!before.iter().any(|(path, _)| path == "announce"));

    let answered = lab.call(&["answer", run, "--json", "approve"]);
    assert_eq!(answered.code, 0, "{answered:?}");
    lab.until_status("completed");
    let after = rounds(&lab);
    assert!(after.contains(&("announce".to_owned(), json!("completed"))));
    assert!(after.contains(&("shelve".to_owned(), json!("skipped"))));
}
