//! What only a store on disk can suffer: reopening, damage, full and read-only disks, other versions, pruning.

use std::sync::Arc;

use fermata_engine::Status;
use fermata_store::{Retention, RunFilter, SqliteStore, Store, StoreError};

use crate::make::{begun, completed, failed, fresh, home, message, proposal};

#[test]
fn everything_is_there_after_reopening() {
    let (_folder, home) = home();
    let run = {
        let store = SqliteStore::open(&home).unwrap();
        let run = fresh(&store, "s", "a");
        begun(&store, &run);
        store.start_or_choose(proposal("s", "b")).unwrap();
        run
    };
    let store = SqliteStore::open(&home).unwrap();
    assert_eq!(store.run(&run).unwrap().status, Status::Running);
    assert_eq!(store.events(&run, 1, 10).unwrap().len(), 2);
    assert_eq!(store.starts().unwrap()[0].request["message"], "b");
}

#[test]
fn of_many_starters_at_once_one_gets_the_run_and_the_others_the_choice() {
    // Each round makes a store of its own: who makes it is one of the races.
    for _ in 0..25 {
        let (_folder, home) = home();
        let barrier = Arc::new(std::sync::Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|index| {
                let (home, barrier) = (home.clone(), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    // Whoever fails here still comes to the barrier, or the others would wait there for ever.
                    let store = SqliteStore::open(&home);
                    barrier.wait();
                    store?.start_or_choose(proposal("s", &format!("r{index}")))
                })
            })
            .collect();
        let won = threads
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap())
            .filter(|decision| matches!(decision, fermata_store::Decision::Queued(_)))
            .count();
        assert_eq!(won, 1);
        let store = SqliteStore::open(&home).unwrap();
        assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 1);
        assert_eq!(store.starts().unwrap().len(), 7);
    }
}

#[test]
fn a_writer_waits_for_another_process_instead_of_failing() {
    let (_folder, home) = home();
    let store = Arc::new(SqliteStore::open(&home).unwrap());
    let run = fresh(store.as_ref(), "s", "a");
    let fence = begun(store.as_ref(), &run);
    let other = rusqlite::Connection::open(home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let writer = std::thread::spawn({
        let (store, run) = (Arc::clone(&store), run.clone());
        move || {
            sender.send(()).unwrap();
            store.append(&run, 2, Some(fence), &[failed()]).unwrap()
        }
    });
    receiver.recv().unwrap();
    assert_eq!(
        store.run(&run).unwrap().last_seq,
        2,
        "readers go on meanwhile"
    );
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(writer.join().unwrap().len(), 1);
}

#[test]
fn a_changed_event_is_noticed_when_it_is_read() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store
        .append(&run, 2, Some(fence), &[message("true")])
        .unwrap();
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute(
            "UPDATE events SET body = replace(body, 'true', 'fake') WHERE seq = 3",
            [],
        )
        .unwrap();
    let error = store.events(&run, 1, 10).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("fermata doctor"), "{error}");
}

#[test]
fn a_missing_event_is_noticed_when_it_is_read() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store
        .append(&run, 2, Some(fence), &[message("1"), message("2")])
        .unwrap();
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute("DELETE FROM events WHERE seq = 3", [])
        .unwrap();
    assert!(store.events(&run, 1, 10).is_err());
    assert!(store.events(&run, 4, 10).is_err());
}

#[test]
fn a_file_that_is_no_database_is_refused_with_advice() {
    let (_folder, home) = home();
    std::fs::write(
        home.database(),
        "this is not a database at all, is it?".repeat(100),
    )
    .unwrap();
    let error = SqliteStore::open(&home).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn a_full_disk_changes_nothing_and_says_so() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    store.limit_pages(1).unwrap();
    let large = message(&"x".repeat(200_000));
    let error = store.append(&run, 2, Some(fence), &[large]).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.events(&run, 1, 10).unwrap().len(), 2);
    store.limit_pages(1_000_000).unwrap();
    store.append(&run, 2, Some(fence), &[failed()]).unwrap();
}

#[test]
fn a_store_opened_to_look_at_can_be_read_and_not_written() {
    let (_folder, home) = home();
    let run = fresh(&SqliteStore::open(&home).unwrap(), "s", "a");
    let store = SqliteStore::open_to_read(&home).unwrap();
    assert_eq!(store.run(&run).unwrap().status, Status::Queued);
    let error = store.start_or_choose(proposal("s", "b")).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_store_of_a_future_version_is_refused_with_both_versions_and_paths() {
    let (_folder, home) = home();
    drop(SqliteStore::open(&home).unwrap());
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute_batch(
            "PRAGMA user_version = 9; UPDATE meta SET value = '9' WHERE key IN ('readers', 'writers')",
        )
        .unwrap();
    let error = SqliteStore::open(&home).err().unwrap();
    assert!(
        matches!(error, StoreError::Version { found: 9, .. }),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains("fermata.db") && text.contains('9'), "{text}");
}

#[cfg(unix)]
#[test]
fn the_database_and_what_lies_beside_it_are_the_users_own() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let run = fresh(&store, "s", "a");
    begun(&store, &run);
    let blob = store.put_blob(b"secret").unwrap();
    for path in [
        home.database(),
        home.database().with_extension("db-wal"),
        home.locks().join(run.as_str()),
        home.wakes().join(run.as_str()),
        home.blob(&blob).unwrap(),
    ] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[test]
fn pruning_takes_the_oldest_finished_runs_and_never_a_resumable_one() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let resumable = fresh(&store, "s", "old");
    let fence = begun(&store, &resumable);
    store
        .append(&resumable, 2, Some(fence), &[failed()])
        .unwrap();
    let mut finished = Vec::new();
    for index in 0..4 {
        let mut forced = proposal("s", &format!("r{index}"));
        forced.force = true;
        let fermata_store::Decision::Queued(run) = store.start_or_choose(forced).unwrap() else {
            panic!("forced");
        };
        let fence = begun(&store, &run);
        store.append(&run, 2, Some(fence), &[completed()]).unwrap();
        finished.push(run);
    }
    let keep = Retention {
        runs: 2,
        ..Retention::default()
    };
    let pruned = store.prune(keep).unwrap();
    assert_eq!(pruned.runs, finished[..3]);
    assert!(store.run(&finished[0]).is_err());
    assert!(!home.locks().join(finished[0].as_str()).exists());
    assert_eq!(store.run(&resumable).unwrap().status, Status::Failed);
    assert_eq!(store.events(&resumable, 1, 10).unwrap().len(), 3);
}

#[test]
fn pruning_by_size_counts_blobs_and_leaves_runs_whose_worktree_stands() {
    let (folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let tree = folder.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    let mut runs = Vec::new();
    for (index, worktree) in [Some(tree.display().to_string()), None]
        .into_iter()
        .enumerate()
    {
        let mut forced = proposal("s", &format!("r{index}"));
        forced.force = true;
        forced.run.place.worktree = worktree;
        let fermata_store::Decision::Queued(run) = store.start_or_choose(forced).unwrap() else {
            panic!("forced");
        };
        let fence = begun(&store, &run);
        let payload = fermata_store::spill(&store, "y".repeat(100_000 + index).into()).unwrap();
        let fermata_engine::EventBody::RunCompleted {
            outcome,
            terminated_by,
            reason,
            ..
        } = completed().body
        else {
            panic!("completed");
        };
        let done = crate::make::event(fermata_engine::EventBody::RunCompleted {
            output: payload,
            outcome,
            terminated_by,
            reason,
        });
        store.append(&run, 2, Some(fence), &[done]).unwrap();
        runs.push(run);
    }
    let keep = Retention {
        runs: 10,
        bytes: 50_000,
    };
    let pruned = store.prune(keep).unwrap();
    assert_eq!(pruned.runs, runs[1..]);
    assert_eq!(pruned.held_by_worktree, runs[..1]);
}
