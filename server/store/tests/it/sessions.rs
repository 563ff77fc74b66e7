//! Sessions that are kept from run to run: taken out of results, found by their
//! key, forgotten.

use fermata_store::{Retention, SessionKey, SqliteStore, Store};

use crate::make::{begun, completed, each, failed, fresh, home, kept, session_of};

#[test]
fn a_session_that_a_result_names_is_kept_under_workflow_node_scope_and_agent() {
    each(|store| {
        let key = session_of("a", "/w//flow");
        assert_eq!(store.kept_session(&key).unwrap(), None);
        let run = fresh(store, "/w//flow", "one");
        let fence = begun(store, &run);
        let events = [kept("a", "s1", 30), kept("b", "s2", 30), failed()];
        store.append(&run, 2, Some(fence), &events).unwrap();
        let found = |key: &SessionKey| store.kept_session(key).unwrap();
        assert_eq!(found(&key).as_deref(), Some("s1"));
        let b = session_of("b", "/w//flow");
        assert_eq!(found(&b).as_deref(), Some("s2"));
        for other in [
            session_of("a", "/w//flow//@c"),
            SessionKey {
                workflow: "other".to_owned(),
                ..key.clone()
            },
            SessionKey {
                agent: "codex".to_owned(),
                ..key
            },
        ] {
            assert_eq!(found(&other), None, "{other:?}");
        }
    });
}

#[test]
fn a_later_result_takes_the_place_of_an_earlier_one_and_a_refused_append_does_not() {
    each(|store| {
        let key = session_of("a", "s");
        let run = fresh(store, "s", "one");
        let fence = begun(store, &run);
        let keep = |after, session, at| {
            let event = kept("a", session, at);
            store.append(&run, after, Some(fence), &[event]).is_ok()
        };
        assert!(keep(2, "s1", 30));
        assert!(!keep(2, "late", 31));
        assert_eq!(store.kept_session(&key).unwrap().as_deref(), Some("s1"));
        assert!(keep(3, "s2", 32));
        assert_eq!(store.kept_session(&key).unwrap().as_deref(), Some("s2"));
    });
}

#[test]
fn the_sessions_of_one_workspace_are_forgotten_and_those_beside_it_are_not() {
    each(|store| {
        for scope in ["/w//flow", "/w//flow//@c", "/wide//flow"] {
            let run = fresh(store, scope, scope);
            let fence = begun(store, &run);
            let event = kept("a", "s", 30);
            store.append(&run, 2, Some(fence), &[event]).unwrap();
        }
        assert_eq!(store.forget_sessions("/w//").unwrap(), 2);
        let left = |scope: &str| store.kept_session(&session_of("a", scope)).unwrap();
        assert_eq!(left("/w//flow"), None);
        assert_eq!(left("/w//flow//@c"), None);
        assert_eq!(left("/wide//flow").as_deref(), Some("s"));
        assert_eq!(store.forget_sessions("/w//").unwrap(), 0);
    });
}

#[test]
fn a_session_outlives_its_run_and_is_pruned_when_no_run_has_gone_on_with_it_for_thirty_days() {
    let (_folder, home) = home();
    let store = SqliteStore::open(&home).unwrap();
    let day = 24 * 3600 * 1000;
    let since = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    let now = u64::try_from(since.as_millis()).unwrap();
    let run = fresh(&store, "s", "one");
    let fence = begun(&store, &run);
    let events = [
        kept("old", "s1", now - 31 * day),
        kept("young", "s2", now - 29 * day),
        completed(),
    ];
    store.append(&run, 2, Some(fence), &events).unwrap();
    let none = Retention {
        runs: 0,
        ..Retention::default()
    };
    let pruned = store.prune(none).unwrap();
    assert_eq!((pruned.runs.len(), pruned.sessions), (1, 1));
    drop(store);
    let store = SqliteStore::open(&home).unwrap();
    let left = |node: &str| store.kept_session(&session_of(node, "s")).unwrap();
    assert_eq!((left("old"), left("young").as_deref()), (None, Some("s2")));
}
