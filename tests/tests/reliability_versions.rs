//! Stores of another version, through the real binary: an older one is brought
//! up to date after a copy was made, a newer one is only touched as far as it
//! allows itself.

use fermata_tests::violence::examine;
use fermata_tests::{Lab, run_id};
use rusqlite::Connection;

const FLOW: &str = r#"
workflow: {name: small, entry_point: missing}
agents: [{name: missing, type: script, command: ./program}]
"#;

/// The database of a lab in which a run has failed.
fn store(lab: &Lab) -> Connection {
    lab.write("small.yaml", FLOW);
    let said = lab.call(&["run", "small.yaml", "--json"]).json();
    assert_eq!(said["status"], "failed", "{said:#}");
    // Nobody else has it open.
    lab.until_workers_ended(&run_id(&said));
    Connection::open(lab.home().join("fermata.db")).expect("the store")
}

fn version(db: &Connection) -> u32 {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version")
}

/// As if a later fermata had been here.
fn pretend(db: &Connection, readers: u32, writers: u32) {
    for (key, value) in [("readers", readers), ("writers", writers)] {
        db.execute(
            "UPDATE meta SET value = ?2 WHERE key = ?1",
            rusqlite::params![key, value.to_string()],
        )
        .expect("meta");
    }
    db.pragma_update(None, "user_version", 99)
        .expect("a version");
}

#[test]
fn an_older_store_is_copied_brought_up_to_date_and_goes_on() {
    let lab = Lab::new();
    let db = store(&lab);
    let now = version(&db);
    assert!(now > 1, "there is an older version to come from");
    // What the later versions have added.
    db.execute_batch("DROP INDEX runs_of_status; DROP TABLE sessions; PRAGMA user_version = 1")
        .expect("the first version");
    drop(db);

    let listed = lab.runs();
    assert_eq!(listed.len(), 1);
    let db = Connection::open(lab.home().join("fermata.db")).expect("the store");
    assert_eq!(version(&db), now);
    let copy = lab.home().join("fermata.db.v1.bak");
    let kept = Connection::open(&copy).expect("the copy");
    assert_eq!(version(&kept), 1);
    let runs: u32 = kept
        .query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
        .expect("runs");
    assert_eq!(runs, 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&copy).expect("the copy").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        let program = lab.write("program", "#!/bin/sh\n");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700))
            .expect("its mode");
        let run = listed[0]["run"].as_str().expect("an id");
        let resumed = lab.call(&["resume", run, "--json"]);
        assert_eq!(resumed.json()["status"], "completed", "{resumed:?}");
    }
    drop((db, kept));
    examine(&lab);
}

#[test]
fn a_newer_store_is_refused_with_both_versions_and_the_way_out_and_is_not_touched() {
    let lab = Lab::new();
    let db = store(&lab);
    pretend(&db, 99, 99);
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("everything in one file");
    drop(db);
    let before = std::fs::read(lab.home().join("fermata.db")).expect("the store");
    for words in [
        &["runs", "--json"][..],
        &["run", "small.yaml", "--json"],
        &["doctor", "--json"],
    ] {
        let said = lab.call(words);
        assert_eq!(said.code, 1, "{words:?}: {said:?}");
        for part in ["99", "FERMATA_HOME", "fermata.db", "newer"] {
            assert!(said.err.contains(part), "{words:?}: {part}: {}", said.err);
        }
    }
    let after = std::fs::read(lab.home().join("fermata.db")).expect("the store");
    assert!(before == after, "not a byte is different");
    Connection::open(lab.home().join("fermata.db"))
        .and_then(|db| db.pragma_update(None, "user_version", 2))
        .expect("so that the lab can be cleaned up");
}

#[test]
fn a_newer_store_that_allows_reading_is_looked_at_and_not_changed() {
    let lab = Lab::new();
    let db = store(&lab);
    let now = version(&db);
    pretend(&db, now, 99);
    drop(db);
    assert_eq!(lab.runs().len(), 1);
    let refused = lab.call(&["run", "small.yaml", "--force", "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(lab.runs().len(), 1, "nothing was started");

    let db = Connection::open(lab.home().join("fermata.db")).expect("the store");
    pretend(&db, now, now);
    drop(db);
    let run = lab.call(&["run", "small.yaml", "--force", "--json"]);
    assert_eq!(run.json()["status"], "failed", "it ran: {run:?}");
}
