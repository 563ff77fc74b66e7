//! Guards, rights and the start policy of any store.

use fermata_engine::{EventBody, Fence, GateId, RunId, Status};
use fermata_store::{
    Closing, Created, Decision, Miss, Place, RunFilter, StartAnswer, StartId, Store, StoreError,
    Took, Trust, load_state,
};
use serde_json::{Value, json};

use crate::make::{
    actor, begun, cancelled, completed, each, event, failed, fresh, gate, message, new_run,
    process, proposal, queued, resumed, started,
};

fn miss(error: &StoreError) -> &Miss {
    error
        .miss()
        .unwrap_or_else(|| panic!("expected a miss, found {error}"))
}

#[test]
fn an_append_that_has_not_seen_the_last_event_is_refused_and_told_how_far_the_log_is() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        let error = store
            .append(&run, 1, Some(fence), &[message("late")])
            .unwrap_err();
        assert_eq!(miss(&error), &Miss::Stale { last_seq: 2 });
        assert_eq!(store.events(&run, 1, 100).unwrap().len(), 2);
    });
}

#[test]
fn a_worker_with_an_older_fence_writes_nothing_more() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let old = begun(store, &run);
        let lock = store.try_lock(&run).unwrap().unwrap();
        let (new, _) = store.claim(&run, process(), &lock).unwrap();
        assert!(new > old);
        let error = store
            .append(&run, 2, Some(old), &[completed()])
            .unwrap_err();
        assert_eq!(miss(&error), &Miss::Fenced { fence: new.0 });
        assert_eq!(store.run(&run).unwrap().status, Status::Running);
    });
}

#[test]
fn a_log_never_goes_on_after_its_terminal_event() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        let both = store
            .append(&run, 2, Some(fence), &[completed(), message("after")])
            .unwrap_err();
        assert!(matches!(both, StoreError::Forbidden { .. }), "{both}");
        store.append(&run, 2, Some(fence), &[completed()]).unwrap();
        let error = store
            .append(&run, 3, Some(fence), &[message("after")])
            .unwrap_err();
        assert_eq!(miss(&error), &Miss::Final(Status::Completed));
        let lock = store.try_lock(&run).unwrap().unwrap();
        let error = store.claim(&run, process(), &lock).unwrap_err();
        assert_eq!(miss(&error), &Miss::Final(Status::Completed));
    });
}

#[test]
fn a_surface_may_ask_but_not_report_progress() {
    each(|store| {
        let run = fresh(store, "s", "a");
        begun(store, &run);
        for body in [completed(), failed(), cancelled(), gate("g1"), message("x")] {
            let error = store.append(&run, 2, None, &[body]).unwrap_err();
            assert!(matches!(error, StoreError::Forbidden { .. }), "{error}");
        }
        store
            .append(
                &run,
                2,
                None,
                &[event(EventBody::StopRequested { actor: actor() })],
            )
            .unwrap();
        assert!(store.run(&run).unwrap().stopping);
    });
}

#[test]
fn a_gate_is_closed_exactly_once() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        store.append(&run, 2, Some(fence), &[gate("g1")]).unwrap();
        let answer = event(EventBody::GateAnswered {
            gate: GateId::from("g1"),
            answer: fermata_engine::Answer::Approval {
                decision: "approve".to_owned(),
                text: None,
            },
            actor: actor(),
            waited: 5,
        });
        assert_eq!(store.run(&run).unwrap().gates.len(), 1);
        store
            .append(&run, 3, None, std::slice::from_ref(&answer))
            .unwrap();
        let stale = store
            .append(&run, 3, None, std::slice::from_ref(&answer))
            .unwrap_err();
        assert_eq!(miss(&stale), &Miss::Stale { last_seq: 4 });
        assert!(store.append(&run, 4, None, &[answer]).is_err());
        assert!(store.run(&run).unwrap().gates.is_empty());
    });
}

#[test]
fn numbers_are_dense_and_every_event_carries_the_checksum_of_the_one_before() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        let written = store
            .append(
                &run,
                2,
                Some(fence),
                &[message("1"), message("2"), failed()],
            )
            .unwrap();
        let read = store.events(&run, 1, 100).unwrap();
        assert_eq!(
            read.iter().map(|e| e.seq).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5]
        );
        assert_eq!(&read[2..], &written[..]);
        assert!(read.iter().all(|e| e.check.len() == 16));
        assert_eq!(store.events(&run, 4, 1).unwrap(), &read[3..4]);
        assert_eq!(store.events(&run, 6, 10).unwrap(), []);
    });
}

#[test]
fn the_row_says_what_the_folded_log_says() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        store
            .append(&run, 2, Some(fence), &[gate("g1"), failed()])
            .unwrap();
        store.append(&run, 4, None, &[resumed()]).unwrap();
        let row = store.run(&run).unwrap();
        let state = load_state(store, &run).unwrap();
        assert_eq!(row.status, state.status);
        assert_eq!(row.status, Status::Queued);
        assert_eq!(row.cause, state.cause);
        assert_eq!(row.gates.len(), state.open_gates.len());
        assert_eq!(row.last_seq, state.last_seq);
        assert_eq!(row.last_check, state.last_check);
    });
}

#[test]
fn the_same_request_twice_is_one_run() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let again = store.start_or_choose(proposal("s", "a")).unwrap();
        assert_eq!(again, Decision::Existing(run.clone()));
        assert_eq!(
            store.create_run(new_run("s", "a")).unwrap(),
            Created::Existing(run)
        );
        assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 1);
    });
}

fn choice(store: &dyn Store, scope: &str, request: &str) -> (StartId, RunId) {
    match store.start_or_choose(proposal(scope, request)).unwrap() {
        Decision::Choice {
            start,
            prior: Some(prior),
        } => (start.start, prior.run),
        other => panic!("expected a choice, found {other:?}"),
    }
}

#[test]
fn a_failed_or_live_prior_leads_to_a_choice_and_a_finished_one_does_not() {
    each(|store| {
        let run = fresh(store, "s", "a");
        assert_eq!(choice(store, "s", "b").1, run, "queued");
        let fence = begun(store, &run);
        assert_eq!(choice(store, "s", "c").1, run, "running");
        store.append(&run, 2, Some(fence), &[failed()]).unwrap();
        let (start, prior) = choice(store, "s", "d");
        assert_eq!(prior, run, "failed");
        assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 1);
        assert_eq!(
            choice(store, "s", "d").0,
            start,
            "the same request leads to the same choice"
        );
        fresh(store, "other", "e");
        store.append(&run, 3, Some(fence), &[cancelled()]).unwrap();
        fresh(store, "s", "f");
    });
}

#[test]
fn force_starts_fresh_and_leaves_the_prior_as_it_is() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        store.append(&run, 2, Some(fence), &[failed()]).unwrap();
        let before = store.run(&run).unwrap();
        let mut forced = proposal("s", "b");
        forced.force = true;
        assert!(matches!(
            store.start_or_choose(forced).unwrap(),
            Decision::Queued(_)
        ));
        assert_eq!(store.run(&run).unwrap(), before);
        assert!(store.starts().unwrap().is_empty());
    });
}

fn closing(answer: StartAnswer) -> Closing {
    Closing {
        answer,
        actor: actor(),
        at: 30,
        run: None,
        resumed: None,
        append: None,
        ask: Vec::new(),
    }
}

#[test]
fn a_start_request_is_closed_once_and_a_kept_prior_is_not_asked_about_again() {
    each(|store| {
        let prior = fresh(store, "s", "a");
        let fence = begun(store, &prior);
        store.append(&prior, 2, Some(fence), &[failed()]).unwrap();
        let (start, _) = choice(store, "s", "b");
        assert_eq!(store.starts().unwrap().len(), 1);
        let mut fresh_run = closing(StartAnswer::RunFresh);
        fresh_run.run = Some(new_run("s", "b"));
        let Took::Closed(Some(run)) = store.close_start(&start, fresh_run).unwrap() else {
            panic!("the first answer wins");
        };
        let Took::Already(row) = store
            .close_start(&start, closing(StartAnswer::Dismiss))
            .unwrap()
        else {
            panic!("the second answer is told who was first");
        };
        let closed = row.closed.unwrap();
        assert_eq!(
            (closed.answer, closed.run),
            (StartAnswer::RunFresh, Some(run.clone()))
        );
        assert!(store.starts().unwrap().is_empty());
        assert!(store.run(&prior).unwrap().kept);
        let fence = begun(store, &run);
        store.append(&run, 2, Some(fence), &[completed()]).unwrap();
        fresh(store, "s", "c");
    });
}

#[test]
fn start_requests_are_listed_in_the_order_in_which_they_came_whatever_the_clock_says() {
    each(|store| {
        let prior = fresh(store, "s", "a");
        begun(store, &prior);
        for (request, created) in [("m", 5_000), ("z", 1_000), ("b", 3_000)] {
            let mut late = proposal("s", request);
            late.start.created = created;
            store.start_or_choose(late).unwrap();
        }
        let listed = || -> Vec<String> {
            let starts = store.starts().unwrap().into_iter();
            starts.map(|row| row.request_id).collect()
        };
        assert_eq!(listed(), ["b", "z", "m"]);
        let newest = store.starts().unwrap().remove(0).start;
        store
            .close_start(&newest, closing(StartAnswer::Dismiss))
            .unwrap();
        choice(store, "s", "c");
        assert_eq!(listed(), ["c", "z", "m"]);
    });
}

#[test]
fn a_kept_prior_does_not_hide_a_later_failure() {
    each(|store| {
        let waiting = fresh(store, "s", "a");
        begun(store, &waiting);
        let (start, _) = choice(store, "s", "b");
        let mut answer = closing(StartAnswer::RunFresh);
        answer.run = Some(new_run("s", "b"));
        let Took::Closed(Some(second)) = store.close_start(&start, answer).unwrap() else {
            panic!("closed");
        };
        let fence = begun(store, &second);
        store.append(&second, 2, Some(fence), &[failed()]).unwrap();
        assert_eq!(choice(store, "s", "c").1, second);
    });
}

#[test]
fn a_live_run_is_the_prior_even_when_a_newer_one_has_ended() {
    each(|store| {
        let old = fresh(store, "s", "a");
        begun(store, &old);
        let mut forced = proposal("s", "b");
        forced.force = true;
        let Decision::Queued(new) = store.start_or_choose(forced).unwrap() else {
            panic!("forced");
        };
        let fence = begun(store, &new);
        store.append(&new, 2, Some(fence), &[completed()]).unwrap();
        assert_eq!(store.prior("s").unwrap().unwrap().run, old);
    });
}

#[test]
fn child_runs_are_hidden_and_never_a_prior() {
    each(|store| {
        let parent = fresh(store, "s", "a");
        let fence = begun(store, &parent);
        let mut child = new_run("s", "a/child");
        child.events = vec![event(queued("s", "a/child", Some(&parent)))];
        store.create_run(child.clone()).unwrap();
        store
            .append(&parent, 2, Some(fence), &[completed()])
            .unwrap();
        assert_eq!(store.prior("s").unwrap().unwrap().run, parent);
        assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 1);
        let children = RunFilter {
            parent: Some(parent.clone()),
            ..RunFilter::default()
        };
        assert_eq!(store.runs(&children).unwrap()[0].run, child.run);
        assert_eq!(store.find("@last").unwrap(), parent);
    });
}

#[test]
fn a_second_live_run_in_a_held_checkout_is_refused_and_told_who_holds_it() {
    each(|store| {
        let held = |request: &str, scope: &str| {
            let mut proposal = proposal(scope, request);
            proposal.run.place = Place {
                checkout: Some("/repo".to_owned()),
                ..Place::default()
            };
            proposal
        };
        let Decision::Queued(first) = store.start_or_choose(held("a", "s")).unwrap() else {
            panic!("the checkout is free");
        };
        let error = store.start_or_choose(held("b", "t")).unwrap_err();
        assert!(
            matches!(miss(&error), Miss::CheckoutBusy { run, .. } if run == &first),
            "{error}"
        );
        assert!(error.to_string().contains("--share-checkout"));
        let fence = begun(store, &first);
        store.append(&first, 2, Some(fence), &[failed()]).unwrap();
        let Decision::Queued(_) = store.start_or_choose(held("c", "t")).unwrap() else {
            panic!("a failed run holds nothing");
        };
        let error = store.append(&first, 3, None, &[resumed()]).unwrap_err();
        assert!(matches!(miss(&error), Miss::CheckoutBusy { .. }), "{error}");
    });
}

#[test]
fn of_two_resumers_who_read_the_same_state_one_wins() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let fence = begun(store, &run);
        store.append(&run, 2, Some(fence), &[failed()]).unwrap();
        store.append(&run, 3, None, &[resumed()]).unwrap();
        let error = store.append(&run, 3, None, &[resumed()]).unwrap_err();
        assert_eq!(miss(&error), &Miss::Stale { last_seq: 4 });
        assert!(store.append(&run, 4, None, &[resumed()]).is_err());
    });
}

#[test]
fn a_lock_is_held_once_and_is_free_when_its_holder_is_gone() {
    each(|store| {
        let run = RunId::from("00000000000000000000000001");
        let lock = store.try_lock(&run).unwrap().unwrap();
        assert!(store.is_locked(&run).unwrap());
        assert!(store.try_lock(&run).unwrap().is_none());
        drop(lock);
        assert!(!store.is_locked(&run).unwrap());
    });
}

#[test]
fn a_claim_needs_the_lock_of_that_very_run() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let other = store.try_lock(&RunId::from("other")).unwrap().unwrap();
        assert!(store.claim(&run, process(), &other).is_err());
        assert_eq!(store.run(&run).unwrap().fence, Fence(0));
    });
}

#[test]
fn a_run_is_found_by_a_unique_beginning_or_end_of_its_id() {
    each(|store| {
        let one = fresh(store, "s", "a");
        let two = fresh(store, "t", "b");
        assert_eq!(store.find(one.as_str()).unwrap(), one);
        assert_eq!(store.find(two.short()).unwrap(), two);
        assert_eq!(store.find("@last").unwrap(), two);
        assert!(matches!(
            store.find("0").unwrap_err(),
            StoreError::Ambiguous { count: 2, .. }
        ));
        assert!(matches!(
            miss(&store.find("zzz").unwrap_err()),
            Miss::NotFound(_)
        ));
    });
}

#[test]
fn every_state_bearing_append_is_one_synced_transaction_and_looking_only_ones_are_not_synced() {
    each(|store| {
        let run = fresh(store, "s", "a");
        let lock = store.try_lock(&run).unwrap().unwrap();
        let (fence, _) = store.claim(&run, process(), &lock).unwrap();
        let before = store.commits();
        store
            .append(&run, 1, Some(fence), &[started(fence), gate("g1")])
            .unwrap();
        store
            .append(&run, 3, Some(fence), &[message("1"), message("2")])
            .unwrap();
        let after = store.commits();
        assert_eq!(after.synced - before.synced, 1);
        assert_eq!(after.relaxed - before.relaxed, 1);
    });
}

#[test]
fn small_values_stay_in_the_log_large_ones_become_blobs_and_both_come_back() {
    each(|store| {
        let small = json!({"a": 1});
        let large = Value::String("x".repeat(fermata_store::SPILL_BYTES));
        // A value that looks like a reference must not be taken for one.
        let sly = json!({"blob": "00", "bytes": 3});
        for value in [small, large, sly] {
            let payload = fermata_store::spill(store, value.clone()).unwrap();
            let text = serde_json::to_string(&payload).unwrap();
            let read = serde_json::from_str(&text).unwrap();
            assert_eq!(fermata_store::fetch(store, &read).unwrap(), value);
        }
        assert!(store.blob(&"0".repeat(64)).is_err());
        assert!(store.blob("../../etc/passwd").is_err());
    });
}

#[test]
fn trust_covers_the_folders_below_and_can_be_taken_back() {
    each(|store| {
        let trust = Trust {
            root: "/repo".to_owned(),
            at: 1,
            actor: actor(),
        };
        store.set_trust("/repo", Some(trust.clone())).unwrap();
        assert_eq!(store.trust("/repo/a/b").unwrap(), Some(trust));
        assert_eq!(store.trust("/repository").unwrap(), None);
        store.set_trust("/repo", None).unwrap();
        assert_eq!(store.trust("/repo").unwrap(), None);
        store.remember("k", "v").unwrap();
        assert_eq!(store.recall("k").unwrap().as_deref(), Some("v"));
    });
}
