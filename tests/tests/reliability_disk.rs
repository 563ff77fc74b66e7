//! A home folder that suffers: a full disk, a cut log of the database, a clock
//! that goes back, a blob that is gone. Errors have to be clear and nothing may
//! be lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fermata_tests::violence::examine;
use fermata_tests::{Lab, run_id, wait};

/// A first step whose output is large, a second that waits for a file.
const LARGE: &str = r#"
workflow:
  name: large
  entry_point: first
agents:
  - name: first
    type: script
    command: sh
    args: ["-c", "echo first >> log; i=0; while [ $i -lt 3000 ]; do echo 'a line that makes the output of this step large'; i=$((i+1)); done"]
    routes: [{to: second}]
  - name: second
    type: script
    command: sh
    args: ["-c", "echo second >> log; while [ ! -e go ]; do sleep 0.02; done"]
    routes: [{to: third}]
  - name: third
    type: script
    command: sh
    args: ["-c", "echo third >> log; echo {{ first.output.stdout | length }}"]
    routes: [{to: $end}]
"#;

fn interrupted(lab: &Lab) -> String {
    lab.write("large.yaml", LARGE);
    assert_eq!(lab.call(&["run", "large.yaml", "--detach"]).code, 0);
    wait("the second step runs", || {
        lab.read("log").contains("second").then_some(())
    });
    let run = run_id(&lab.newest());
    lab.kill_worker(&run);
    run
}

/// A small file system of its own, unmounted with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a place to mount");
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m,mode=700", "none"])
            .arg(at)
            .output()
            .is_ok_and(|said| said.status.success())
            .then(|| Self(at.to_path_buf()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Fills the home's disk up to the last byte, with a file.
fn fill(lab: &Lab) -> PathBuf {
    let filler = lab.home().join("filler");
    let mut size = 4 * 1024 * 1024;
    let mut file = fs::File::create(&filler).expect("a filler");
    while size > 0 {
        if std::io::Write::write_all(&mut file, &vec![0; size]).is_err() {
            size /= 2;
        }
    }
    filler
}

#[test]
fn whoever_follows_a_run_whose_worker_dies_on_a_full_disk_is_told_and_does_not_wait_for_ever() {
    let lab = Lab::new();
    let Some(_disk) = SmallDisk::mount(&lab.home()) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    lab.write("large.yaml", LARGE);
    assert_eq!(lab.call(&["run", "large.yaml", "--detach"]).code, 0);
    wait("the second step runs", || {
        lab.read("log").contains("second").then_some(())
    });
    let run = run_id(&lab.newest());
    let filler = fill(&lab);
    lab.kill_worker(&run);
    let told = lab.call(&["events", &run, "--follow"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.contains("no space left"), "{told:?}");
    fs::remove_file(&filler).expect("room again");
    lab.write("go", "");
    wait("the run is completed", || {
        let _ = lab.call(&["resume", &run]);
        (lab.newest()["status"] == "completed").then_some(())
    });
    examine(&lab);
}

#[test]
fn a_full_disk_is_said_clearly_and_the_run_goes_on_when_there_is_room() {
    let lab = Lab::new();
    let Some(_disk) = SmallDisk::mount(&lab.home()) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    let run = interrupted(&lab);
    lab.until_status("failed");
    let filler = fill(&lab);
    let before = lab.events(&run).len();
    let refused = lab.call(&["resume", &run]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let said = format!("{}{}", refused.out, refused.err).to_lowercase();
    assert!(said.contains("full") || said.contains("space"), "{said}");
    assert!(lab.events(&run).len() >= before, "what was logged is there");
    fs::remove_file(&filler).expect("room again");
    lab.write("go", "");
    wait("the run is completed", || {
        let _ = lab.call(&["resume", &run]);
        (lab.newest()["status"] == "completed").then_some(())
    });
    assert_eq!(lab.read("log").matches("first\n").count(), 1);
    examine(&lab);
}

#[test]
fn a_database_log_that_was_cut_costs_what_was_cut_and_nothing_else() {
    let lab = Lab::new();
    let run = interrupted(&lab);
    let wal: PathBuf = fs::read_dir(lab.home())
        .expect("the home")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().ends_with("-wal"))
        .expect("a killed worker leaves the database's log behind");
    let length = fs::metadata(&wal).expect("there").len();
    fs::OpenOptions::new()
        .write(true)
        .open(&wal)
        .and_then(|file| file.set_len(length.saturating_sub(100)))
        .expect("cut");
    // Whatever is left is whole: the run is there, it goes on, the store is sound.
    lab.write("go", "");
    wait("the run is completed", || {
        let status = lab.newest()["status"].clone();
        if status == "failed" {
            let _ = lab.call(&["resume", &run]);
        }
        (lab.newest()["status"] == "completed").then_some(())
    });
    examine(&lab);
}

#[test]
fn a_step_whose_stored_output_is_gone_runs_again_with_a_warning() {
    let lab = Lab::new();
    let run = interrupted(&lab);
    lab.until_status("failed");
    let mut folders = vec![lab.home().join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("blobs") {
            let path = entry.expect("a blob").path();
            if path.is_dir() {
                folders.push(path);
            } else if !fs::read_to_string(&path)
                .unwrap_or_default()
                .contains("entry_point")
            {
                fs::remove_file(path).expect("the output is gone");
            }
        }
    }
    lab.write("go", "");
    let shown = lab.call(&["show", &run, "--json"]);
    assert_eq!(
        shown.code, 0,
        "a run without a blob can be looked at: {shown:?}"
    );
    let resumed = lab.call(&["resume", &run, "--json"]);
    assert_eq!(resumed.json()["status"], "completed", "{resumed:?}");
    assert_eq!(lab.read("log").matches("first\n").count(), 2);
    let warned = lab.events(&run).iter().any(|e| {
        e["type"] == "warning"
            && e["message"]
                .as_str()
                .unwrap_or_default()
                .contains("`first`")
    });
    assert!(warned, "it says why");
}
