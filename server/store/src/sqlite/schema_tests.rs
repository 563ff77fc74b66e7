//! Migrations: proved over a made-up next version.

use super::*;

const NEXT: &[Migration] = &[
    Migration {
        to: 1,
        readers: 1,
        writers: 1,
        sql: MIGRATIONS[0].sql,
    },
    Migration {
        to: 2,
        readers: 1,
        writers: 1,
        sql: "ALTER TABLE runs ADD COLUMN colour TEXT",
    },
    Migration {
        to: 3,
        readers: 1,
        writers: 3,
        sql: "ALTER TABLE runs ADD COLUMN weight TEXT",
    },
    Migration {
        to: 4,
        readers: 4,
        writers: 4,
        sql: "ALTER TABLE runs RENAME TO executions",
    },
];

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open_on(folder.path(), "").unwrap();
    (folder, home)
}

fn prepare_to(home: &Home, migrations: &[Migration]) -> Result<Access> {
    let path = home.database();
    let mut db = Connection::open(&path).unwrap();
    prepare(&mut db, home, &path, migrations)
}

#[test]
fn an_older_store_is_upgraded_after_a_backup_copy() {
    let (_folder, home) = home();
    assert_eq!(prepare_to(&home, &NEXT[..1]).unwrap(), Access::Write);
    assert_eq!(prepare_to(&home, &NEXT[..2]).unwrap(), Access::Write);
    let backup = Connection::open(home.root().join("fermata.db.v1.bak")).unwrap();
    assert_eq!(version(&backup, Path::new("b")).unwrap(), 1);
}

#[test]
fn a_newer_store_is_written_read_or_refused_as_its_own_note_says() {
    let (_folder, home) = home();
    prepare_to(&home, &NEXT[..2]).unwrap();
    assert_eq!(prepare_to(&home, &NEXT[..1]).unwrap(), Access::Write);
    prepare_to(&home, &NEXT[..3]).unwrap();
    assert_eq!(prepare_to(&home, &NEXT[..1]).unwrap(), Access::Read);
    prepare_to(&home, NEXT).unwrap();
    let refused = prepare_to(&home, &NEXT[..1]).unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Version {
                found: 4,
                supported: 1,
                ..
            }
        ),
        "{refused}"
    );
    assert!(refused.to_string().contains("fermata.db"), "{refused}");
}

#[test]
fn an_upgrade_that_is_not_additive_waits_for_live_workers() {
    let (_folder, home) = home();
    prepare_to(&home, &NEXT[..1]).unwrap();
    Connection::open(home.database())
        .unwrap()
        .execute(
            "INSERT INTO runs (ord, id, request, scope, status, holds, kept, last_seq, fence, facts)
             VALUES (1, 'r1', 'q', 's', 'running', 0, 0, 1, 1, '{}')",
            [],
        )
        .unwrap();
    let lock = crate::lock::RunLock::try_acquire(&home.locks(), &fermata_engine::RunId::from("r1"))
        .unwrap()
        .unwrap();
    // Version 2 only adds: allowed beside a live worker of version 1.
    assert!(prepare_to(&home, &NEXT[..2]).is_ok());
    let refused = prepare_to(&home, NEXT).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    drop(lock);
    assert!(prepare_to(&home, NEXT).is_ok());
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let (_folder, home) = home();
    Connection::open(home.database())
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let refused = prepare_to(&home, MIGRATIONS).unwrap_err();
    assert!(refused.to_string().contains("another program"), "{refused}");
}

#[test]
fn a_store_of_the_version_before_keeps_what_it_has_and_can_keep_sessions() {
    use crate::Store as _;

    let (_folder, home) = home();
    prepare_to(&home, &MIGRATIONS[..2]).unwrap();
    Connection::open(home.database())
        .unwrap()
        .execute_batch("INSERT INTO memory (key, value) VALUES ('k', 'v')")
        .unwrap();
    let store = crate::SqliteStore::open(&home).unwrap();
    assert_eq!(store.recall("k").unwrap().as_deref(), Some("v"));
    let key = crate::SessionKey {
        workflow: "w".to_owned(),
        node: "n".to_owned(),
        scope: "s".to_owned(),
        agent: "a".to_owned(),
    };
    assert_eq!(store.kept_session(&key).unwrap(), None);
    assert!(home.root().join("fermata.db.v2.bak").exists());
    // A program of the version before may still write it.
    assert_eq!(prepare_to(&home, &MIGRATIONS[..2]).unwrap(), Access::Write);
}
