//! How an open group goes on: members and items are started as far as they may
//! run at once, each goes on by itself, and when enough is known the group ends
//! as its failure mode says (specs/conductor.md 4.14, 4.15). Items run as a
//! sliding pool, not in batches.

use fermata_workflow::StepKind;
use fermata_workflow::model::FailureMode;
use serde_json::{Map, Value, json};

use crate::draft::failure;
use crate::event::{EventBody, Failure, Payload};
use crate::ids::StepPath;
use crate::state::{Group, Slot, SlotStatus};

use super::Turn;

/// What a group's definition says about how to run it.
struct Rules {
    mode: FailureMode,
    at_once: usize,
    keyed: bool,
}

impl Turn<'_> {
    /// One round over an open group.
    pub(super) fn group(&mut self, path: &StepPath) {
        let Some((name, rules)) = self.rules(path) else {
            return;
        };
        if self.settle(path, &name, &rules) {
            return;
        }
        let Some(group) = self.draft.state.groups.get(path) else {
            return;
        };
        let running: Vec<StepPath> = of(group, SlotStatus::Running);
        let free = rules.at_once.saturating_sub(running.len());
        let pending: Vec<StepPath> = of(group, SlotStatus::Pending)
            .into_iter()
            .take(free)
            .collect();
        for slot in running {
            if self.draft.is_full() {
                return;
            }
            self.running(&slot);
            if self.stops_early(path, &rules) {
                return;
            }
        }
        for slot in pending {
            if self.draft.is_full() {
                return;
            }
            self.start_slot(path, &slot);
            if self.stops_early(path, &rules) {
                return;
            }
        }
    }

    fn rules(&self, path: &StepPath) -> Option<(String, Rules)> {
        let name = self.draft.state.open.get(path)?.step.clone();
        let place = self.place(path, &name)?;
        let rules = match &place.step.kind {
            StepKind::Parallel(group) => Rules {
                mode: group.failure_mode,
                at_once: usize::MAX,
                keyed: true,
            },
            StepKind::ForEach(group) => Rules {
                mode: group.failure_mode,
                at_once: group.max_concurrent as usize,
                keyed: group.key_by.is_some(),
            },
            _ => return None,
        };
        Some((name, rules))
    }

    fn stops_early(&self, path: &StepPath, rules: &Rules) -> bool {
        rules.mode == FailureMode::FailFast
            && self
                .draft
                .state
                .groups
                .get(path)
                .is_some_and(|group| !of(group, SlotStatus::Failed).is_empty())
    }

    fn start_slot(&mut self, group: &StepPath, path: &StepPath) {
        let Some(slot) = self
            .draft
            .state
            .groups
            .get(group)
            .and_then(|g| g.slots.get(path))
        else {
            return;
        };
        let name = slot.key.clone();
        let attempt = self
            .draft
            .state
            .steps
            .get(path)
            .map_or(0, |record| record.attempt);
        match self.place(path, &name) {
            Some(place) => self.start(&place, path, attempt + 1),
            None => self.failed(
                path,
                &name,
                attempt + 1,
                failure(
                    "ValueError",
                    format!("the group has a member `{name}` that no step has"),
                    &[&name],
                ),
                0,
                Map::new(),
            ),
        }
    }

    /// Ends the group when its mode allows; whether it is ended or being ended.
    fn settle(&mut self, path: &StepPath, name: &str, rules: &Rules) -> bool {
        let Some(group) = self.draft.state.groups.get(path) else {
            return true;
        };
        let count = |status| of(group, status).len();
        let (failed, succeeded) = (count(SlotStatus::Failed), count(SlotStatus::Completed));
        let total = group.slots.len();
        let all_done = failed + succeeded == total;
        let fails = match rules.mode {
            FailureMode::FailFast => failed > 0,
            FailureMode::ContinueOnError => all_done && succeeded == 0 && total > 0,
            FailureMode::AllOrNothing => all_done && failed > 0,
        };
        if !fails && !all_done {
            return false;
        }
        if fails {
            let first = first_failure(group);
            let (key, error) =
                first.unwrap_or_else(|| (name.to_owned(), failure("ExecutionError", "", &[])));
            let reason = format!("`{key}` failed and `{name}` with it");
            if !self.close(path, &reason) {
                return true;
            }
            self.finish_group(path, name, succeeded, failed);
            let error = group_failure(name, rules.mode, &key, &error, (failed, total));
            let (attempt, elapsed) = self.timing(path);
            self.failed(path, name, attempt, error, elapsed, Map::new());
            return true;
        }
        let output = output(group, rules.keyed);
        let counted = total as u64;
        self.finish_group(path, name, succeeded, failed);
        let (attempt, elapsed) = self.timing(path);
        self.step_completed(path, name, attempt, output, elapsed, counted, Map::new());
        true
    }

    fn timing(&self, path: &StepPath) -> (u32, u64) {
        let open = self.draft.state.open.get(path);
        (open.map_or(1, |open| open.attempt), self.age(path))
    }

    fn finish_group(&mut self, path: &StepPath, name: &str, succeeded: usize, failed: usize) {
        self.draft.emit(
            path,
            EventBody::GroupCompleted {
                group: name.to_owned(),
                succeeded: succeeded as u64,
                failed: failed as u64,
            },
        );
    }
}

fn of(group: &Group, status: SlotStatus) -> Vec<StepPath> {
    group
        .slots
        .iter()
        .filter(|(_, slot)| slot.status == status)
        .map(|(path, _)| path.clone())
        .collect()
}

fn first_failure(group: &Group) -> Option<(String, Failure)> {
    let failed = |slot: &&Slot| slot.status == SlotStatus::Failed;
    let own = |slot: &&Slot| {
        slot.error
            .as_ref()
            .is_some_and(|e| e.kind != crate::fold::CUT_OFF)
    };
    group
        .slots
        .values()
        .filter(failed)
        .find(own)
        .or_else(|| group.slots.values().find(failed))
        .and_then(|slot| Some((slot.key.clone(), slot.error.clone()?)))
}

fn group_failure(
    name: &str,
    mode: FailureMode,
    key: &str,
    error: &Failure,
    (failed, total): (usize, usize),
) -> Failure {
    let names = |own: &[&str]| {
        let mut list: Vec<String> = own.iter().map(|n| (*n).to_owned()).collect();
        list.extend(error.names.clone());
        list
    };
    let (message, names) = match mode {
        FailureMode::FailFast => (
            format!("`{key}` of `{name}` failed: {}", error.message),
            names(&[key, name]),
        ),
        FailureMode::ContinueOnError => (
            format!(
                "all {total} members of `{name}` failed, first `{key}`: {}",
                error.message
            ),
            vec![name.to_owned()],
        ),
        FailureMode::AllOrNothing => (
            format!(
                "{failed} of {total} members of `{name}` failed, first `{key}`: {}",
                error.message
            ),
            vec![name.to_owned()],
        ),
    };
    Failure {
        kind: "ExecutionError".to_owned(),
        message,
        names,
    }
}

/// What templates see of a group.
fn output(group: &Group, keyed: bool) -> Value {
    let value = |slot: &Slot| match &slot.output {
        Some(Payload::Inline(value)) => Some(value.clone()),
        Some(Payload::Blob { .. }) | None => None,
    };
    let mut outputs = Map::new();
    let mut list = Vec::new();
    let mut errors = Map::new();
    let for_each = group.kind == "for_each";
    for slot in group.slots.values() {
        match slot.status {
            SlotStatus::Completed => {
                let value = value(slot).unwrap_or(Value::Null);
                if keyed {
                    outputs.insert(slot.key.clone(), value);
                } else {
                    list.push(value);
                }
            }
            SlotStatus::Failed => {
                let error = slot.error.clone().unwrap_or(Failure {
                    kind: String::new(),
                    message: String::new(),
                    names: Vec::new(),
                });
                let who = if for_each { "item_key" } else { "agent_name" };
                errors.insert(
                    slot.key.clone(),
                    json!({
                        (who): slot.key,
                        "exception_type": error.kind,
                        "message": error.message,
                        "suggestion": null,
                    }),
                );
            }
            SlotStatus::Pending | SlotStatus::Running => {}
        }
    }
    let outputs = if keyed {
        Value::Object(outputs)
    } else {
        Value::Array(list)
    };
    let mut all = Map::new();
    all.insert("type".to_owned(), Value::from(group.kind.as_str()));
    all.insert("outputs".to_owned(), outputs);
    all.insert("errors".to_owned(), Value::Object(errors));
    if for_each {
        all.insert("count".to_owned(), Value::from(group.slots.len()));
    }
    Value::Object(all)
}
