//! `kill -9` at any moment: a process that dies between or inside transactions leaves a log that is whole.

use std::io::BufRead;
use std::process::{Command, Stdio};

use fermata_engine::Status;
use fermata_store::{RunFilter, SqliteStore, Store, doctor, load_state};

use crate::make::{begun, fresh, home, message};

/// Not a test of its own: what the killed process does, when this binary is started with the variable set.
#[test]
fn appends_until_it_is_killed() {
    let Ok(root) = std::env::var("FERMATA_KILL_HOME") else {
        return;
    };
    let home = fermata_store::Home::open(std::path::Path::new(&root)).unwrap();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let _lock = store.try_lock(&run).unwrap().unwrap();
    // The lock is taken above, as a worker would; the claim goes through a second handle of the same process.
    let (fence, log) = store.claim(&run, crate::make::process(), &_lock).unwrap();
    let mut seq = log.len() as u64;
    seq += store
        .append(&run, seq, Some(fence), &[crate::make::started(fence)])
        .unwrap()
        .len() as u64;
    println!("ready");
    for round in 0_u64.. {
        let text = format!("round {round}");
        let batch = if round % 3 == 0 {
            vec![crate::make::gate(&format!("g{round}"))]
        } else {
            vec![message(&text), message(&text)]
        };
        seq += store.append(&run, seq, Some(fence), &batch).unwrap().len() as u64;
        println!("{seq}");
    }
}

#[test]
fn a_killed_writer_leaves_a_whole_log_a_free_lock_and_everything_it_was_told_was_written() {
    for after in [1_usize, 7, 40] {
        let (_folder, home) = home();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::appends_until_it_is_killed", "--nocapture"])
            .env("FERMATA_KILL_HOME", home.root())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = 0;
        let mut seen = 0;
        while seen < after {
            let line = lines.next().unwrap().unwrap();
            if let Ok(seq) = line.trim().parse::<u64>() {
                told = seq;
                seen += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SqliteStore::open(&home).unwrap();
        let run = store.runs(&RunFilter::default()).unwrap().remove(0);
        assert!(run.last_seq >= told, "{} < {told}", run.last_seq);
        assert_eq!(run.status, Status::Running);
        assert!(!store.is_locked(&run.run).unwrap());
        assert_eq!(load_state(&store, &run.run).unwrap().last_seq, run.last_seq);
        assert_eq!(doctor(&home, false).unwrap(), []);
    }
}

#[test]
fn a_process_that_only_begins_another_does_not_keep_the_lock_alive() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    begun(&store, &run);
    let lock = store.try_lock(&run).unwrap().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--list"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    drop(lock);
    assert!(!store.is_locked(&run).unwrap());
    child.wait().unwrap();
}
