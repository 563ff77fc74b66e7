//! Runs of Archon graphs, and the runs that their nodes start.

use std::path::Path;
use std::sync::Arc;

use fermata_engine::{Cause, ChildCall, EventBody, RunId};
use fermata_runner::{Children, Refused, Surroundings, run_worker};
use fermata_store::{Created, NewEvent, NewRun, Place, Store};
use serde_json::Map;

use super::{actor, people};

/// Queues a run of the graph `main` of a project.
pub fn queue(store: &dyn Store, folder: &Path, message: &str) -> RunId {
    let run = fermata_store::new_run_id(1);
    let file = folder.join(".archon/workflows/main.yaml");
    let root = folder.display().to_string();
    let queued = EventBody::RunQueued {
        workflow: "main".to_owned(),
        file: file.display().to_string(),
        dialect: "archon".to_owned(),
        scope: root.clone(),
        message: Some(message.to_owned()),
        inputs: Map::new(),
        request: run.0.clone(),
        parent: None,
        gates: "ask".to_owned(),
        agent: None,
        actor: actor(),
        cwd: root,
        dry_run: false,
    };
    store
        .create_run(NewRun {
            run: run.clone(),
            events: vec![NewEvent::root(1, queued)],
            place: Place::default(),
        })
        .unwrap();
    run
}

/// Starts children in threads.
pub struct Threads {
    pub store: Arc<dyn Store>,
    pub around: Surroundings,
}

impl Threads {
    /// Works on a child until it is over; one whose worker died is gone on with.
    async fn work(store: &dyn Store, run: &RunId, around: &Surroundings) {
        loop {
            let Some(guard) = store.try_lock(run).unwrap() else {
                return;
            };
            let died = run_worker(run, guard, around.clone()).await.is_err();
            let row = store.run(run).unwrap();
            if row.cause == Some(Cause::Interrupted) {
                let again = NewEvent::root(1, people::requeue());
                // If that fails, it is tried again.
                let _ = store.append(run, row.last_seq, None, &[again]);
            } else if !died {
                return;
            }
        }
    }
}

impl Children for Threads {
    fn find(&self, call: &ChildCall) -> Option<RunId> {
        match self.store.requested(&call.request).unwrap()? {
            fermata_store::Decision::Existing(child) => Some(child),
            _ => None,
        }
    }

    fn start(&self, parent: &RunId, call: &ChildCall) -> Result<RunId, Refused> {
        let above = self.store.run(parent).unwrap();
        let run = fermata_store::new_run_id(1);
        let queued = EventBody::RunQueued {
            workflow: call.workflow.clone(),
            file: call.file.clone(),
            dialect: "archon".to_owned(),
            scope: format!("{}//kid", above.scope),
            message: call.message.clone(),
            inputs: call.inputs.clone(),
            request: call.request.clone(),
            parent: Some(parent.clone()),
            gates: "ask".to_owned(),
            agent: None,
            actor: actor(),
            cwd: above.cwd,
            dry_run: false,
        };
        let created = self.store.create_run(NewRun {
            run,
            events: vec![NewEvent::root(1, queued)],
            place: Place::default(),
        });
        let child = match created.unwrap() {
            Created::Existing(child) => return Ok(child),
            Created::New(child) => child,
        };
        let (store, around, run) = (self.store.clone(), self.around.clone(), child.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(Self::work(store.as_ref(), &run, &around));
        });
        Ok(child)
    }

    fn end(&self, _parent: &RunId, _child: &RunId) {}
}
