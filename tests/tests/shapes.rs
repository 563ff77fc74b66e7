//! The stable interfaces of the command line: its reference, which is
//! `docs/cli.md`, and its JSON documents, field by field. What the documents
//! mean is tested where it happens.

use std::path::Path;

use fermata_tests::workflows::held_with;
use fermata_tests::{Lab, samples, wait};
use serde_json::{Map, Value, json};

/// Every key of the list, no less; more may be there.
#[track_caller]
fn has(value: &Value, keys: &[&str]) {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("an object: {value}"));
    for key in keys {
        assert!(object.contains_key(*key), "`{key}` is missing in {value:#}");
    }
}

/// What differs from call to call, replaced by its name.
fn steady(lab: &Lab, value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, value)| {
                    let value = match (key.as_str(), value) {
                        ("pid", Value::Number(_)) => json!("<pid>"),
                        ("hash", Value::String(_)) => json!("<hash>"),
                        (_, value) => steady(lab, value),
                    };
                    (key.clone(), value)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.iter().map(|item| steady(lab, item)).collect(),
        Value::Number(number) if number.as_u64().is_some_and(|n| n > 1_000_000_000_000) => {
            json!("<time>")
        }
        Value::String(text) => {
            let folder = lab.work();
            let folder = folder.canonicalize().unwrap_or(folder);
            let text = text.replace(&folder.display().to_string(), "<work>");
            let words: Vec<String> = text.split(' ').map(id).collect();
            json!(words.join(" "))
        }
        other => other.clone(),
    }
}

fn id(word: &str) -> String {
    let start = word.trim_end_matches([',', ':', '"']);
    let end = &word[start.len()..];
    let name = |text: &str, what: &str| {
        let lower = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        (lower && digits).then(|| format!("<{what}>{end}"))
    };
    match start.len() {
        26 => name(start, "run"),
        27 if start.starts_with('s') => name(start, "start"),
        8 => name(start, "short"),
        _ => None,
    }
    .unwrap_or_else(|| word.to_owned())
}

#[track_caller]
fn shape(lab: &Lab, name: &str, value: &Value) {
    let steady = steady(lab, value);
    let text = serde_json::to_string_pretty(&steady).expect("JSON");
    insta::assert_snapshot!(name, text);
}

#[test]
fn check_answers_in_the_shape_of_the_protocol() {
    let lab = Lab::new();
    let text = std::fs::read_to_string(samples().join("review-loop.yaml")).expect("a sample");
    lab.write(
        "review-loop.yaml",
        &text.replace("to: reviewer", "to: reviwer"),
    );
    let said = lab.call(&["check", "--json", "review-loop.yaml"]);
    assert_eq!(said.code, 1);
    let checked = said.json();
    assert_eq!(checked["version"], 1);
    let file = &checked["files"][0];
    has(file, &["path", "dialect", "verdict", "diagnostics"]);
    assert_eq!(file["verdict"], "rejected");
    for diagnostic in file["diagnostics"].as_array().expect("diagnostics") {
        has(
            diagnostic,
            &[
                "code", "severity", "upstream", "message", "step", "range", "fixes", "related",
            ],
        );
        for end in ["start", "end"] {
            has(&diagnostic["range"][end], &["line", "character", "byte"]);
        }
        for fix in diagnostic["fixes"].as_array().expect("fixes") {
            has(fix, &["title", "edits"]);
        }
    }
    shape(&lab, "check", &checked);
    assert_eq!(lab.call(&["check", "--format", "json"]).json(), checked);
}

#[test]
fn runs_choices_and_answers_have_the_shapes_of_the_protocol() {
    const RUN: [&str; 8] = [
        "version", "run", "status", "cause", "output", "error", "steps", "gates",
    ];
    const LISTED: [&str; 16] = [
        "run", "workflow", "path", "dialect", "status", "cause", "parked", "message", "inputs",
        "step", "gates", "started", "ended", "scope", "parent", "outcome",
    ];
    let lab = Lab::new();
    lab.write("held.yaml", &held_with("{task: {type: string}}"));
    let held = lab
        .call(&["run", "held.yaml", "--json", "the first words"])
        .json();
    has(&held, &RUN);
    shape(&lab, "run-held", &held);

    let listed = lab.call(&["runs", "--json"]).json();
    has(&listed, &["version", "runs", "starts"]);
    has(&listed["runs"][0], &LISTED);
    let shown = lab.show("@last");
    has(&shown, &LISTED);
    has(
        &shown,
        &["version", "worker", "steps", "worktree", "definition"],
    );
    for step in shown["steps"].as_array().expect("steps") {
        has(
            step,
            &["path", "step", "attempt", "status", "started", "ended"],
        );
    }
    has(&shown["worker"], &["pid", "fence"]);
    shape(&lab, "show", &shown);

    let few = lab
        .call(&["answer", "@last", "--json", "continue", "0"])
        .json();
    has(&few, &["ok", "reason", "answered", "needed"]);
    shape(&lab, "answer-too-few", &few);
    let took = lab.call(&["answer", "@last", "--json", "stop"]).json();
    assert_eq!(took["ok"], true);
    lab.until_status("failed");
    let late = lab
        .call(&["answer", "@last", "--gate", "g1", "--json", "stop"])
        .json();
    has(&late["answered"], &["by", "surface", "at", "answer"]);

    let asked = lab
        .call(&["run", "held.yaml", "--json", "say \"two\""])
        .json();
    has(&asked, &["version", "ok", "reason", "choice"]);
    let choice = &asked["choice"];
    has(choice, &["start", "prior", "request", "answers"]);
    has(
        &choice["prior"],
        &[
            "run", "status", "cause", "started", "progress", "message", "changed",
        ],
    );
    assert_eq!(
        choice["answers"],
        json!(["resume", "abandon_and_run", "run_fresh", "dismiss"])
    );
    shape(&lab, "choice", &asked);
    let listed = lab.call(&["runs", "--json"]).json();
    has(
        &listed["starts"][0],
        &["start", "workflow", "prior", "request", "created"],
    );
    shape(&lab, "runs", &listed);

    let start = choice["start"].as_str().expect("a start request");
    let done = lab.call(&["choose", start, "dismiss", "--json"]).json();
    assert_eq!(done["ok"], true);
    let stopped = lab.call(&["abandon", "@last", "--json"]).json();
    assert_eq!(stopped["ok"], true, "{stopped}");
    wait("it is cancelled", || {
        (lab.newest()["status"] == "cancelled").then_some(())
    });
}

#[test]
fn refusals_have_a_reason_that_machines_know() {
    let lab = Lab::new();
    lab.write("held.yaml", &held_with("{task: {type: string}}"));
    lab.write(
        "bad.yaml",
        &held_with("{task: {type: string}}").replace("to: again", "to: nowhere"),
    );
    lab.write(
        "agent.yaml",
        "workflow: {name: agent, entry_point: a, runtime: {provider: claude}}\nagents: [{name: a, prompt: hello}]\n",
    );
    for (words, code, reason) in [
        (
            ["run", "held.yaml", "--json"].as_slice(),
            1,
            "inputs_needed",
        ),
        (&["run", "bad.yaml", "--json"], 1, "rejected"),
        (
            &["run", "agent.yaml", "--json", "--agent", "no-such-agent"],
            1,
            "no_agent",
        ),
        (&["resume", "nosuch", "--json"], 1, "not_found"),
        (&["run", "gone.yaml", "--json"], 2, "usage"),
    ] {
        let said = lab.call(words);
        assert_eq!(said.code, code, "{words:?}: {said:?}");
        let refused = said.json();
        has(&refused, &["version", "ok", "reason", "message"]);
        assert_eq!(refused["reason"], reason, "{refused}");
    }
}

#[test]
fn the_reference_in_docs_is_what_the_binary_says_about_itself() {
    let lab = Lab::new();
    let help = |words: &[&str]| {
        let said = lab.call(&[words, &["--help"]].concat());
        assert_eq!(said.code, 0, "{said:?}");
        let lines: Vec<&str> = said.out.trim_end().lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    let whole = help(&[]);
    let listed = whole.split("Commands:").nth(1).expect("a list of verbs");
    let mut verbs: Vec<&str> = listed
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    verbs.extend(["eval", "worker", "scripted-agent"]);
    let mut text = format!(
        "# The command line\n\nThis page is what the binary says about itself; a test compares them, and `FERMATA_UPDATE=1 cargo test -p fermata-tests --test shapes` writes it anew. Exit codes: 0 fine (also a detached run), 1 errors found, run failed or cancelled, request refused, 2 wrong usage, unreadable input or not a workflow, 3 a choice about an earlier run or a changed definition is needed, 4 waiting at a gate that nobody here can answer.\n\n```text\n{whole}\n```\n"
    );
    for verb in verbs {
        text += &format!("\n## {verb}\n\n```text\n{}\n```\n", help(&[verb]));
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    if std::env::var_os("FERMATA_UPDATE").is_some() {
        std::fs::write(&page, &text).expect("docs/cli.md");
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == text,
        "docs/cli.md is not what the binary says; write it anew with FERMATA_UPDATE=1"
    );
}

#[test]
fn schemas_and_the_starter_can_be_printed_and_hold() {
    let lab = Lab::new();
    for name in ["conductor", "archon", "config", "events"] {
        let said = lab.call(&["schema", name]);
        assert_eq!(said.code, 0, "{said:?}");
        has(&said.json(), &["$schema"]);
    }
    let archon = lab.call(&["new", "starter-of-nodes", "--dialect", "archon"]);
    assert_eq!(archon.code, 0, "{archon:?}");
    let file = ".archon/workflows/starter-of-nodes.yaml";
    let checked = lab.call(&["check", file, "--deny", "warnings"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("nothing to report"), "{checked:?}");
    let drawn = lab.call(&["graph", file]);
    assert!(drawn.out.contains("loop: work"), "{drawn:?}");
    let starter = ["new", "starter", "--dialect", "conductor"];
    assert_eq!(lab.call(&starter).code, 0);
    let checked = lab.call(&["check", "starter.yaml", "--deny", "warnings"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("nothing to report"), "{checked:?}");
    assert_eq!(lab.call(&starter).code, 2, "nothing is overwritten");
    assert_eq!(lab.call(&["new", "../up"]).code, 2);
    // Found by its name, too.
    assert_eq!(lab.call(&["check", "starter"]).code, 0);
    assert!(lab.call(&["graph", "starter"]).out.contains("loop:"));
    let near = lab.call(&["graph", "startr"]);
    assert_eq!(near.code, 2);
    assert!(near.err.contains("`starter` is the nearest"), "{near:?}");
}

#[test]
fn check_fixes_files_reads_standard_input_and_speaks_to_code_scanning() {
    let lab = Lab::new();
    let sample = samples().join("review-loop.yaml");
    let text = std::fs::read_to_string(sample).expect("a sample");
    lab.write("review-loop.yaml", &text);
    assert_eq!(
        lab.call(&["check"]).code,
        0,
        "warnings alone are no failure"
    );
    assert_eq!(lab.call(&["check", "--deny", "warnings"]).code, 1);
    let sarif = lab.call(&["check", "--format", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(
        results
            .iter()
            .any(|result| result["ruleId"] == "reviewer-loop")
    );
    let github = lab.call(&["check", "--format", "github"]);
    assert!(
        github.out.contains("::warning file=review-loop.yaml,line="),
        "{github:?}"
    );
    let as_archon = lab.call(&["check", "--json", "--dialect", "archon", "review-loop.yaml"]);
    assert_eq!(as_archon.json()["files"][0]["dialect"], "archon");

    // From standard input the text is fixed and printed; the file of that name stays as it is.
    use std::io::Write as _;
    let mut child = lab
        .command(&["check", "--fix", "--stdin-filename", "review-loop.yaml"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let fixed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_ne!(fixed, text);
    assert!(fixed.contains("workflow:"), "{fixed}");
    assert_eq!(lab.read("review-loop.yaml"), text);

    assert_eq!(lab.call(&["check", "--fix"]).code, 0);
    assert_eq!(lab.read("review-loop.yaml"), fixed);
    let again = lab.call(&["check", "--json"]).json();
    let left = again["files"][0]["diagnostics"]
        .as_array()
        .expect("diagnostics");
    assert!(
        left.iter().all(|d| d["code"] != "reviewer-loop"),
        "{again:#}"
    );
}
