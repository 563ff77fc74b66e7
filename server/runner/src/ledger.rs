//! The worker's copy of the run: state folded from the log, and the only place
//! that appends to it. Large values become blobs on the way out and are read
//! back on the way in, so that the scheduler always sees values.

use std::sync::Arc;

use fermata_engine::{Entry, Event, EventBody, Fence, Payload, RunId, RunState, Seq, StepPath};
use fermata_store::{Miss, NewEvent, Store, StoreError, Wake};
use serde_json::Value;

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is in the log.
    Yes,
    /// Somebody was first: the state was read again, decide again.
    Again,
}

/// Log and state of one run.
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    run: RunId,
    fence: Fence,
    wake: Wake,
    /// The folded state.
    pub(crate) state: RunState,
    /// Outputs whose blobs are gone: frame and step.
    lost: Vec<(StepPath, String)>,
    /// Nodes of a graph whose outputs' blobs are gone.
    lost_nodes: Vec<StepPath>,
}

impl Ledger {
    /// Folds a log that was just claimed; `wake` tells of what others append to it.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        run: RunId,
        fence: Fence,
        state: RunState,
        wake: Wake,
    ) -> Self {
        let mut ledger = Self {
            store,
            run,
            fence,
            wake,
            state,
            lost: Vec::new(),
            lost_nodes: Vec::new(),
        };
        ledger.inflate();
        ledger
    }

    /// Calls back whenever somebody else may have appended.
    pub(crate) fn on_wake(&self, callback: impl Fn() + Send + Sync + 'static) {
        self.wake.on_wake(callback);
    }

    /// Appends events that the state has already folded.
    pub(crate) fn commit(&mut self, entries: Vec<Entry>) -> Result<Appended, StoreError> {
        if entries.is_empty() {
            return Ok(Appended::Yes);
        }
        let last_seq = self.state.last_seq - entries.len() as u64;
        let mut events = Vec::with_capacity(entries.len());
        for entry in entries {
            let mut body = entry.body;
            for payload in body.payloads_mut() {
                self.spill(payload)?;
            }
            events.push(new_event(entry.at, entry.path, body));
        }
        match self.put(last_seq, &events) {
            Ok(written) => {
                if let Some(last) = written.last() {
                    self.state.last_check.clone_from(&last.check);
                }
                Ok(Appended::Yes)
            }
            Err(StoreError::Miss(Miss::Stale { .. })) => {
                self.reload()?;
                Ok(Appended::Again)
            }
            Err(error) => Err(error),
        }
    }

    /// Appends one event of the worker's own, folding it; read again and repeated while others are first.
    pub(crate) fn write(
        &mut self,
        at: u64,
        path: &StepPath,
        body: &EventBody,
    ) -> Result<(), StoreError> {
        self.write_new(&[new_event(at, path.clone(), body.clone())])
    }

    /// Appends events of the worker's own in one transaction.
    pub(crate) fn write_all(&mut self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.write_new(&new_events(entries))
    }

    fn write_new(&mut self, events: &[NewEvent]) -> Result<(), StoreError> {
        while !events.is_empty() && !self.append(events)? {}
        Ok(())
    }

    /// Appends one event if nobody was first; else folds what came and says no.
    pub(crate) fn write_if_unchanged(
        &mut self,
        at: u64,
        path: &StepPath,
        body: EventBody,
    ) -> Result<bool, StoreError> {
        self.append(&[new_event(at, path.clone(), body)])
    }

    /// Appends all in one transaction if nobody was first; else folds what came and says no.
    pub(crate) fn write_all_if_unchanged(
        &mut self,
        entries: Vec<Entry>,
    ) -> Result<bool, StoreError> {
        Ok(entries.is_empty() || self.append(&new_events(entries))?)
    }

    /// Appends and folds; folds what others have appended instead, and says no, when they were first.
    fn append(&mut self, events: &[NewEvent]) -> Result<bool, StoreError> {
        match self.put(self.state.last_seq, events) {
            Ok(written) => {
                for event in &written {
                    self.fold(event)?;
                }
                Ok(true)
            }
            Err(StoreError::Miss(Miss::Stale { .. })) => {
                self.catch_up()?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Appends after that event, without being woken by it.
    fn put(&self, last_seq: Seq, events: &[NewEvent]) -> Result<Vec<Event>, StoreError> {
        self.wake.know(last_seq + events.len() as Seq);
        let written = self
            .store
            .append(&self.run, last_seq, Some(self.fence), events);
        if written.is_err() {
            self.wake.know(last_seq);
        }
        written
    }

    /// Folds what others have appended; whether they have.
    pub(crate) fn catch_up(&mut self) -> Result<bool, StoreError> {
        let before = self.state.last_seq;
        for event in self.store.events(&self.run, before + 1, usize::MAX)? {
            self.fold(&event)?;
        }
        Ok(self.state.last_seq > before)
    }

    fn fold(&mut self, event: &Event) -> Result<(), StoreError> {
        self.state.fold(event).map_err(|error| StoreError::Corrupt {
            path: format!("run {}", self.run),
            what: error.to_string(),
        })
    }

    fn reload(&mut self) -> Result<(), StoreError> {
        let secrets = std::mem::take(&mut self.state.secrets);
        self.state = fermata_store::load_state(self.store.as_ref(), &self.run)?;
        self.state.know_secrets(secrets);
        self.inflate();
        Ok(())
    }

    fn spill(&self, payload: &mut Payload) -> Result<(), StoreError> {
        if let Payload::Inline(value) = payload {
            let value = std::mem::take(value);
            *payload = fermata_store::spill(self.store.as_ref(), value)?;
        }
        Ok(())
    }

    /// Reads back every blob that the scheduler may look at.
    fn inflate(&mut self) {
        let store = Arc::clone(&self.store);
        let fetch = |payload: &mut Payload| -> bool {
            if !matches!(payload, Payload::Blob { .. }) {
                return true;
            }
            match fermata_store::fetch(store.as_ref(), payload) {
                Ok(value) => {
                    *payload = Payload::Inline(value);
                    true
                }
                Err(_) => false,
            }
        };
        for (path, frame) in &mut self.state.frames {
            for (name, output) in &mut frame.outputs {
                if !fetch(output) {
                    self.lost.push((path.clone(), name.clone()));
                }
            }
        }
        for (path, node) in &mut self.state.nodes {
            if let Some(output) = &mut node.output
                && !fetch(output)
            {
                self.lost_nodes.push(path.clone());
            }
        }
        for group in self.state.groups.values_mut() {
            if let Some(items) = &mut group.items
                && !fetch(items)
            {
                *items = Payload::Inline(Value::Array(Vec::new()));
            }
            for slot in group.slots.values_mut() {
                if let Some(output) = &mut slot.output
                    && !fetch(output)
                {
                    // The item is due again.
                    slot.status = fermata_engine::state::SlotStatus::Pending;
                    slot.output = None;
                }
            }
        }
    }

    /// Nodes whose outputs could not be read back, once.
    pub(crate) fn take_lost_nodes(&mut self) -> Vec<StepPath> {
        std::mem::take(&mut self.lost_nodes)
    }

    /// Outputs that could not be read back, once.
    pub(crate) fn take_lost(&mut self) -> Vec<(StepPath, String)> {
        std::mem::take(&mut self.lost)
    }
}

fn new_events(entries: Vec<Entry>) -> Vec<NewEvent> {
    entries
        .into_iter()
        .map(|entry| new_event(entry.at, entry.path, entry.body))
        .collect()
}

fn new_event(at: u64, path: StepPath, body: EventBody) -> NewEvent {
    NewEvent { at, path, body }
}
