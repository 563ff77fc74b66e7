//! Events for looking only, on their way to the log: pieces of one text are
//! joined, changes of one tool call replace each other, and at most
//! [`PER_FLUSH`] of them are written per [`EVERY`] (20 a second).

use std::collections::VecDeque;
use std::time::Duration;

use fermata_engine::{Entry, EventBody, StepPath};

/// Time between two flushes.
pub(crate) const EVERY: Duration = Duration::from_millis(250);
/// Events written at most per flush.
pub(crate) const PER_FLUSH: usize = 5;
/// Events kept at most until they are written; the oldest go first.
const KEPT: usize = 100;
/// Longest text of one event, bytes.
const LONGEST: usize = 16 * 1024;

/// Queue of looking-only events.
#[derive(Default)]
pub(crate) struct Looking {
    queue: VecDeque<Entry>,
    dropped: u64,
}

impl Looking {
    /// Adds an event, joined with an earlier one where that says the same.
    pub(crate) fn push(&mut self, at: u64, path: StepPath, body: EventBody) {
        for waiting in self.queue.iter_mut().rev().filter(|e| e.path == path) {
            match join(&mut waiting.body, &body) {
                Join::Done => return,
                Join::No => break,
                Join::LookOn => {}
            }
        }
        if self.queue.len() >= KEPT {
            self.queue.pop_front();
            self.dropped += 1;
        }
        self.queue.push_back(Entry { at, path, body });
    }

    /// The next events to write.
    pub(crate) fn take(&mut self, all: bool) -> Vec<Entry> {
        let count = if all { self.queue.len() } else { PER_FLUSH };
        let mut taken: Vec<Entry> = self.queue.drain(..count.min(self.queue.len())).collect();
        if self.dropped > 0
            && let Some(first) = taken.first()
        {
            let body = EventBody::Warning {
                code: None,
                message: format!(
                    "{} pieces of what was printed or said are not in the log, because they came too fast; results are whole",
                    self.dropped
                ),
                step: None,
            };
            let entry = Entry {
                at: first.at,
                path: StepPath::root(),
                body,
            };
            taken.insert(0, entry);
            self.dropped = 0;
        }
        taken
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

enum Join {
    /// The earlier event says it all now.
    Done,
    /// A different piece of the same attempt: order matters, so a new event.
    No,
    /// Nothing to do with each other.
    LookOn,
}

fn join(earlier: &mut EventBody, later: &EventBody) -> Join {
    match (earlier, later) {
        (
            EventBody::AgentMessage { text, attempt, .. },
            EventBody::AgentMessage {
                text: more,
                attempt: other,
                ..
            },
        )
        | (
            EventBody::AgentThought { text, attempt, .. },
            EventBody::AgentThought {
                text: more,
                attempt: other,
                ..
            },
        ) => grow(text, more, attempt == other),
        (
            EventBody::ScriptOutput {
                text,
                attempt,
                stream,
                ..
            },
            EventBody::ScriptOutput {
                text: more,
                attempt: other,
                stream: same,
                ..
            },
        ) => {
            if stream == same {
                grow(text, more, attempt == other)
            } else {
                Join::LookOn
            }
        }
        (
            EventBody::AgentToolCall {
                call,
                title,
                status,
                kind,
                ..
            },
            EventBody::AgentToolCall {
                call: same,
                title: new_title,
                status: new_status,
                kind: new_kind,
                ..
            },
        ) if call == same => {
            if !new_title.is_empty() {
                title.clone_from(new_title);
            }
            status.clone_from(new_status);
            if new_kind.is_some() {
                kind.clone_from(new_kind);
            }
            Join::Done
        }
        (EventBody::AgentUsage { usage, .. }, EventBody::AgentUsage { usage: more, .. }) => {
            usage.extend(more.clone());
            Join::Done
        }
        (EventBody::AgentToolCall { .. }, EventBody::AgentToolCall { .. }) => Join::LookOn,
        (_, EventBody::AgentUsage { .. }) | (EventBody::AgentUsage { .. }, _) => Join::LookOn,
        _ => Join::No,
    }
}

fn grow(text: &mut String, more: &str, same_attempt: bool) -> Join {
    if !same_attempt || text.len() + more.len() > LONGEST {
        return Join::No;
    }
    text.push_str(more);
    Join::Done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> EventBody {
        EventBody::AgentMessage {
            step: "a".to_owned(),
            attempt: 1,
            text: text.to_owned(),
        }
    }

    #[test]
    fn pieces_of_one_answer_become_one_event() {
        let mut looking = Looking::default();
        for piece in ["Hel", "lo ", "world"] {
            looking.push(1, StepPath::from("a"), message(piece));
            looking.push(1, StepPath::from("b"), message("x"));
        }
        let taken = looking.take(false);
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].body, message("Hello world"));
        assert_eq!(taken[1].body, message("xxx"));
    }

    #[test]
    fn no_more_than_twenty_events_are_written_a_second() {
        let mut looking = Looking::default();
        for n in 0..KEPT {
            looking.push(1, StepPath(format!("s{n}")), message("x"));
        }
        let flushes = Duration::from_secs(1).as_millis() / EVERY.as_millis();
        let mut written = 0;
        for _ in 0..flushes {
            written += looking.take(false).len();
        }
        assert!(written <= 20, "{written}");
    }
}
