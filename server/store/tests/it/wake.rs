//! Wake-ups, within a process and between stores that share only files.

use std::time::Duration;

use fermata_store::{MemStore, SqliteStore, Store};

use crate::make::{begun, failed, fresh, home, message};

/// Longer than any machine needs; no test waits for it to pass.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn a_subscriber_in_another_process_learns_of_a_run_and_of_the_list() {
    let (_folder, home) = home();
    let writer = SqliteStore::open(&home).unwrap();
    let reader = SqliteStore::open(&home).unwrap();
    let list = reader.subscribe(None).unwrap();
    let run = fresh(&writer, "s", "a");
    assert!(list.wait(LONG));
    let one = reader.subscribe(Some(&run)).unwrap();
    let fence = begun(&writer, &run);
    assert!(one.wait(LONG));
    while reader.run(&run).unwrap().last_seq < 2 {
        assert!(one.wait(LONG));
    }
    writer
        .append(&run, 2, Some(fence), &[message("m")])
        .unwrap();
    while reader.run(&run).unwrap().last_seq < 3 {
        assert!(one.wait(LONG));
    }
}

#[test]
fn progress_of_a_run_does_not_wake_those_who_watch_the_list() {
    let store = MemStore::new();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    let list = store.subscribe(None).unwrap();
    let one = store.subscribe(Some(&run)).unwrap();
    store.append(&run, 2, Some(fence), &[message("m")]).unwrap();
    assert!(one.wait(Duration::ZERO));
    assert!(!list.wait(Duration::ZERO));
    store.append(&run, 3, Some(fence), &[failed()]).unwrap();
    assert!(list.wait(Duration::ZERO));
    assert!(!list.wait(Duration::ZERO), "many changes are one wake-up");
}

#[test]
fn a_subscriber_is_not_woken_by_events_that_it_knows() {
    let store = MemStore::new();
    let run = fresh(&store, "s", "a");
    let fence = begun(&store, &run);
    let one = store.subscribe(Some(&run)).unwrap();
    one.know(3);
    store.append(&run, 2, Some(fence), &[message("m")]).unwrap();
    assert!(!one.wait(Duration::ZERO));
    store.append(&run, 3, Some(fence), &[message("n")]).unwrap();
    assert!(one.wait(Duration::ZERO));
    one.know(9);
    one.know(4);
    store.append(&run, 4, Some(fence), &[failed()]).unwrap();
    assert!(
        one.wait(Duration::ZERO),
        "what was taken back counts no more"
    );
}

#[test]
fn a_callback_is_called_from_whatever_thread_noticed() {
    let store = MemStore::new();
    let list = store.subscribe(None).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    list.on_wake(move || {
        let _ = sender.send(());
    });
    fresh(&store, "s", "a");
    receiver.recv_timeout(LONG).unwrap();
}
