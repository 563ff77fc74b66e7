//! Bad input through the real binary: each thing is refused at once, with the
//! exit code of the protocol and a sentence that says what was found and what
//! to do. Violence against workers is in `reliability.rs`.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use fermata_tests::workflows::HELD;
use fermata_tests::{Lab, Said};

/// Refused with this code, all of these words on standard error, and nothing started.
#[track_caller]
fn refused(lab: &Lab, words: &[&str], code: i32, says: &[&str]) {
    let said = lab.call(words);
    assert_eq!(said.code, code, "{words:?}: {said:?}");
    for word in says {
        assert!(
            said.err.contains(word),
            "{words:?}: expected `{word}` in {said:?}"
        );
    }
    assert!(!said.err.contains("panicked"), "{said:?}");
}

#[test]
fn what_is_no_workflow_is_refused_with_what_was_found_instead() {
    let lab = Lab::new();
    std::fs::write(lab.work().join("binary.yaml"), b"\x00\x01\xff\xfe\x80").expect("a file");
    lab.write("empty.yaml", "");
    lab.write("blank.yaml", "\n  \n# nothing\n");
    lab.write("not-yaml.yaml", "hello: [unclosed\n");
    lab.write("other.yaml", "services: {web: {}}\nvolumes: {}\n");
    lab.write("list.yaml", "- a\n- b\n");
    lab.write("text.yaml", "just words\n");
    std::fs::create_dir(lab.work().join("folder.yaml")).expect("a folder");
    for (file, found) in [
        ("empty.yaml", "an empty file"),
        ("blank.yaml", "found nothing"),
        ("binary.yaml", "no UTF-8 text"),
        ("not-yaml.yaml", "not YAML (line 1, column"),
        ("other.yaml", "a mapping of `services`, `volumes`"),
        ("list.yaml", "a list"),
        ("text.yaml", "plain text"),
    ] {
        for verb in ["check", "run", "graph"] {
            refused(&lab, &[verb, file], 2, &[file, found, "workflow"]);
        }
    }
    for verb in ["run", "graph"] {
        refused(
            &lab,
            &[verb, "folder.yaml"],
            2,
            &["folder.yaml is a folder"],
        );
    }
    for verb in ["check", "run", "graph"] {
        refused(
            &lab,
            &[verb, "gone.yaml"],
            2,
            &["there is no file gone.yaml"],
        );
        refused(&lab, &[verb, "nobody"], 2, &["nobody", "no workflow"]);
    }
    assert_eq!(lab.runs().len(), 0);
}

#[test]
fn a_workflow_that_is_not_yaml_is_checked_and_not_run() {
    let lab = Lab::new();
    lab.write(
        "broken.yaml",
        "workflow:\n  name: broken\nagents:\n  - name: [a\n",
    );
    let checked = lab.call(&["check", "broken.yaml", "--json"]);
    assert_eq!(checked.code, 1);
    let file = &checked.json()["files"][0];
    assert_eq!(file["verdict"], "rejected");
    assert_eq!(file["diagnostics"][0]["code"], "yaml-syntax");
    refused(
        &lab,
        &["run", "broken.yaml"],
        1,
        &["broken.yaml:4", "fermata check"],
    );
    assert_eq!(lab.runs().len(), 0);
}

#[test]
fn fifty_megabytes_are_refused_before_they_are_read() {
    let lab = Lab::new();
    let line = "  - name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
    let text = format!(
        "workflow:\n  name: large\nagents:\n{}",
        line.repeat(50 * 1024 * 1024 / line.len())
    );
    lab.write("large.yaml", &text);
    for verb in ["check", "run", "graph"] {
        refused(&lab, &[verb, "large.yaml"], 2, &["bytes", "at most"]);
    }
    // In a folder it is passed over, loudly.
    lab.write("held.yaml", HELD);
    refused(&lab, &["check"], 2, &["large.yaml has"]);
}

#[test]
fn an_alias_bomb_is_neither_unfolded_nor_run() {
    let lab = Lab::new();
    let mut text = String::from("x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
    for round in 1..10 {
        let uses = vec![format!("*x{}", round - 1); 10].join(", ");
        text += &format!("x{round}: &x{round} [{uses}]\n");
    }
    text += "workflow: {name: bomb, entry_point: s, metadata: {all: *x9}}\nagents:\n  - {name: s, type: set, value: '1'}\n";
    lab.write("bomb.yaml", &text);
    let checked = lab.call(&["check", "bomb.yaml"]);
    assert_eq!(checked.code, 1);
    assert!(checked.out.contains("aliases"), "{checked:?}");
    refused(&lab, &["run", "bomb.yaml"], 1, &["aliases", "bomb.yaml:"]);
    assert_eq!(lab.runs().len(), 0);
}

#[test]
fn a_missing_include_is_named_with_its_place() {
    let lab = Lab::new();
    lab.write(
        "include.yaml",
        "workflow: {name: inc, entry_point: a}\nagents:\n  - name: a\n    prompt: !file gone.md\n",
    );
    let checked = lab.call(&["check", "include.yaml"]);
    assert_eq!(checked.code, 1);
    assert!(
        checked.out.contains("gone.md") && checked.out.contains("include.yaml:4"),
        "{checked:?}"
    );
    refused(
        &lab,
        &["run", "include.yaml"],
        1,
        &["gone.md", "include.yaml:4"],
    );
}

#[test]
fn a_file_that_may_not_be_read_is_said_so() {
    let lab = Lab::new();
    let path = lab.write("secret.yaml", HELD);
    let Some(call) = modes_bind(&lab) else { return };
    set_mode(&path, 0o000);
    for verb in ["check", "run", "graph"] {
        let said = call(&[verb, "secret.yaml"]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("secret.yaml cannot be read"), "{said:?}");
    }
    // Found below a folder, it is not passed over in silence either.
    let said = call(&["check"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("secret.yaml"), "{said:?}");
    set_mode(&path, 0o644);
}

#[test]
fn a_read_only_store_can_be_looked_at_and_not_changed() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    let Some(call) = modes_bind(&lab) else { return };
    assert_eq!(call(&["run", "held.yaml"]).code, 4);
    each_below(&lab.home(), |path| {
        set_mode(path, if path.is_dir() { 0o500 } else { 0o400 });
    });
    let seen = call(&["runs", "--json"]);
    assert_eq!(seen.code, 0, "{seen:?}");
    assert_eq!(seen.json()["runs"][0]["status"], "waiting");
    assert_eq!(call(&["events", "@last"]).code, 0);
    for words in [
        ["run", "held.yaml", "--force"].as_slice(),
        &["answer", "@last", "stop"],
        &["stop", "@last"],
        &["abandon", "@last"],
    ] {
        let said = call(words);
        assert_eq!(said.code, 1, "{words:?}: {said:?}");
        assert!(said.err.contains("read-only"), "{words:?}: {said:?}");
    }
    each_below(&lab.home(), |path| {
        set_mode(path, if path.is_dir() { 0o700 } else { 0o600 });
    });
    assert_eq!(
        call(&["answer", "@last", "abort"]).code,
        0,
        "nothing was lost"
    );
}

#[test]
fn a_home_that_cannot_be_one_is_refused_with_what_to_set() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    let file = lab.write("a-file", "");
    for home in [file.clone(), file.join("below")] {
        let home = home.to_str().expect("UTF-8");
        for words in [["runs"].as_slice(), &["run", "held.yaml"], &["doctor"]] {
            let mut call = vec!["--home", home];
            call.extend(words);
            refused(&lab, &call, 1, &[home, "FERMATA_HOME"]);
        }
    }
}

#[test]
fn a_corrupt_store_is_named_and_the_doctor_says_what_is_left_to_do() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    assert_eq!(lab.call(&["run", "held.yaml"]).code, 4);
    assert_eq!(lab.call(&["abandon", "@last"]).code, 0);
    // The last thing that its worker does is to close the store.
    lab.until_workers_ended("@last");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(lab.home().join(format!("fermata.db{end}")));
    }
    std::fs::write(lab.home().join("fermata.db"), vec![0x5a; 100_000]).expect("damage");
    for words in [
        ["runs"].as_slice(),
        &["show", "@last"],
        &["run", "held.yaml"],
        &["answer", "@last", "stop"],
    ] {
        refused(&lab, words, 1, &["fermata.db is damaged", "fermata doctor"]);
    }
    let json = lab.call(&["runs", "--json"]);
    assert_eq!(json.json()["ok"], false, "{json:?}");
    let doctor = lab.call(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.out.contains("away"), "{doctor:?}");
    // As it advises: the damaged file out of the way, a new store begins.
    std::fs::rename(lab.home().join("fermata.db"), lab.home().join("damaged")).expect("a move");
    assert_eq!(lab.call(&["run", "held.yaml"]).code, 4);
    // What the old store has left behind is found and taken away.
    let repaired = lab.call(&["doctor", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired:?}");
    assert_eq!(lab.call(&["doctor"]).code, 0);
}

#[test]
fn an_unknown_run_or_start_request_is_a_refusal_that_says_where_to_look() {
    let lab = Lab::new();
    for words in [
        ["show", "nosuch"].as_slice(),
        &["events", "nosuch"],
        &["answer", "nosuch", "stop"],
        &["resume", "nosuch"],
        &["stop", "nosuch"],
        &["abandon", "nosuch"],
        &["tell", "nosuch", "hello"],
        &["show", "@last"],
    ] {
        refused(&lab, words, 1, &["there is no", "fermata runs"]);
    }
    refused(
        &lab,
        &["choose", "nosuch", "resume"],
        1,
        &["nosuch", "fermata runs --starts"],
    );
    refused(
        &lab,
        &["choose", "nosuch", "perhaps"],
        2,
        &["run_fresh", "perhaps"],
    );
    for words in [
        ["resume", "nosuch", "--json"].as_slice(),
        &["choose", "nosuch", "resume", "--json"],
        &["show", "nosuch", "--json"],
    ] {
        let said = lab.call(words).json();
        assert_eq!(said["ok"], false, "{words:?}: {said}");
        assert_eq!(said["reason"], "not_found", "{words:?}: {said}");
    }
}

#[test]
fn an_answer_to_a_gate_that_is_not_open_changes_nothing() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    assert_eq!(lab.call(&["run", "held.yaml"]).code, 4);
    let before = lab.events("@last").len();
    refused(
        &lab,
        &["answer", "@last", "--gate", "g9", "stop"],
        1,
        &["g9", "open: g1"],
    );
    refused(
        &lab,
        &["answer", "@last", "perhaps"],
        1,
        &["perhaps", "continue N", "stop", "abort"],
    );
    refused(
        &lab,
        &["answer", "@last", "continue", "many"],
        1,
        &["many", "number"],
    );
    refused(
        &lab,
        &["answer", "@last", r#"{"kind":"human","value":"x"}"#],
        1,
        &["g1"],
    );
    assert_eq!(lab.events("@last").len(), before);
    assert_eq!(lab.call(&["answer", "@last", "stop"]).code, 0);
    let late = lab.call(&["answer", "@last", "stop", "--json"]);
    assert_eq!(late.code, 1);
    assert_eq!(late.json()["answered"]["by"], "ada");
}

#[test]
fn inputs_options_and_configuration_that_do_not_fit_are_wrong_usage() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    refused(
        &lab,
        &["run", "held.yaml", "-i", "novalue"],
        2,
        &["NAME=VALUE", "novalue"],
    );
    refused(
        &lab,
        &["run", "held.yaml", "-i", "a=@gone.txt"],
        2,
        &["gone.txt"],
    );
    refused(&lab, &["run", "held.yaml", "what for?"], 2, &["input"]);
    refused(
        &lab,
        &["run", "held.yaml", "--gates", "maybe"],
        2,
        &["maybe"],
    );
    refused(&lab, &["run"], 2, &["WORKFLOW"]);
    refused(&lab, &["explain", "no-such-code"], 2, &["no-such-code"]);
    lab.configure("agnets: {}\n");
    refused(
        &lab,
        &["runs"],
        2,
        &["config.yaml", "agnets", "schema config"],
    );
}

/// A way to call the binary as somebody whom file modes bind; `None`, said loudly, where there is none.
fn modes_bind(lab: &Lab) -> Option<impl Fn(&[&str]) -> Said + '_> {
    let probe = lab.write("probe", "");
    set_mode(&probe, 0o000);
    let root = std::fs::read(&probe).is_ok();
    set_mode(&probe, 0o600);
    let drop = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    if root {
        let folder = lab.work();
        let folder = folder.parent().expect("the lab's folder");
        each_below(folder, |path| {
            let _ = std::os::unix::fs::chown(path, Some(65534), Some(65534));
        });
        let works = Command::new("setpriv")
            .args(drop)
            .arg(fermata_tests::fermata())
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        if !works {
            eprintln!(
                "SKIPPED: run by root, whom file modes do not bind, and setpriv cannot change that"
            );
            return None;
        }
    }
    Some(move |words: &[&str]| {
        let plain = lab.command(words);
        let mut command = Command::new(if root {
            "setpriv".as_ref()
        } else {
            plain.get_program()
        });
        if root {
            command.args(drop).arg(plain.get_program());
        }
        command.args(plain.get_args());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let output = command
            .current_dir(lab.work())
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the binary starts");
        Said::from(output)
    })
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The folder and everything in it, what is inside first.
fn each_below(folder: &Path, mut act: impl FnMut(&Path)) {
    fn walk(path: &Path, act: &mut impl FnMut(&Path)) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
                walk(&entry.path(), act);
            }
        }
        act(path);
    }
    walk(folder, &mut act);
}
