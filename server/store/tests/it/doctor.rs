//! The doctor's findings and repairs.

use fermata_store::{SqliteStore, Store, StoreError, doctor};

use crate::make::{begun, cancelled, event, failed, fresh, gate, home, message, resumed};

#[test]
fn a_healthy_store_has_no_findings() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store
        .append(&run, 2, Some(fence), &[gate("g1"), message("m"), failed()])
        .unwrap();
    assert_eq!(doctor(&home, false).unwrap(), []);
}

#[test]
fn a_row_that_contradicts_its_log_is_derived_again() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store.append(&run, 2, Some(fence), &[failed()]).unwrap();
    let before = store.run(&run).unwrap();
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute(
            "UPDATE runs SET facts = replace(facts, '\"status\":\"failed\"', '\"status\":\"running\"')",
            [],
        )
        .unwrap();
    let found = doctor(&home, false).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!found[0].repaired);
    assert!(doctor(&home, true).unwrap()[0].repaired);
    assert_eq!(store.run(&run).unwrap(), before);
    assert_eq!(doctor(&home, false).unwrap(), []);
}

#[test]
fn a_damaged_log_is_marked_can_be_abandoned_and_is_not_resumed() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store
        .append(&run, 2, Some(fence), &[message("x"), failed()])
        .unwrap();
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute("DELETE FROM events WHERE seq = 3", [])
        .unwrap();
    assert!(doctor(&home, true).unwrap()[0].repaired);
    let error = store.append(&run, 4, None, &[resumed()]).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    store.append(&run, 4, None, &[cancelled()]).unwrap();
}

#[test]
fn a_log_of_a_newer_version_is_no_damage_and_is_left_alone() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store.append(&run, 2, Some(fence), &[failed()]).unwrap();
    let written = store.events(&run, 1, 3).unwrap();
    // The last event as a later version might have written it, sealed as it should be.
    let (body, newer) = (r#"{"type":"moon_rose"}"#, fermata_engine::event::SCHEMA + 1);
    let at = written[2].at.to_string();
    let mut hasher = blake3::Hasher::new();
    for part in [
        &written[1].check,
        run.as_str(),
        "3",
        &at,
        "",
        &newer.to_string(),
        body,
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let check = &hasher.finalize().to_hex()[..16];
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute(
            "UPDATE events SET body = ?1, schema = ?2, checksum = ?3 WHERE seq = 3",
            rusqlite::params![body, newer, check],
        )
        .unwrap();
    let error = store.events(&run, 1, 3).unwrap_err();
    assert!(matches!(error, StoreError::Version { .. }), "{error}");
    let found = doctor(&home, true).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!found[0].repaired, "{found:?}");
    assert!(!store.run(&run).unwrap().damaged);
}

#[test]
fn a_missing_blob_is_found_and_files_of_no_run_are_cleared_away() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    let hash = store.put_blob(b"1").unwrap();
    let done = event(fermata_engine::EventBody::RunCompleted {
        output: fermata_engine::Payload::Blob {
            blob: hash.clone(),
            bytes: 1,
        },
        outcome: None,
        terminated_by: None,
        reason: None,
    });
    store.append(&run, 2, Some(fence), &[done]).unwrap();
    std::fs::remove_file(home.blob(&hash).unwrap()).unwrap();
    let stray = home.locks().join("0123456789abcdefghjkmnpqrs");
    std::fs::write(&stray, "").unwrap();
    let found = doctor(&home, true).unwrap();
    assert!(
        found.iter().any(|f| f.what.contains(&hash) && !f.repaired),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|f| f.place.contains("0123456789") && f.repaired),
        "{found:?}"
    );
    assert!(!stray.exists());
}

#[cfg(unix)]
#[test]
fn modes_that_let_others_look_in_are_closed() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, home) = home();
    drop(SqliteStore::open(&home).unwrap());
    let locks = home.locks();
    std::fs::set_permissions(&locks, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(doctor(&home, true).unwrap().iter().any(|f| f.repaired));
    assert_eq!(
        std::fs::metadata(&locks).unwrap().permissions().mode() & 0o777,
        0o700
    );
}
