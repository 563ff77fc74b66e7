//! What is known of the runs of a document, and what an editor may do about it.

use serde_json::Value;

/// Runs and open choices of one workflow file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFacts {
    /// Runs, newest first.
    pub runs: Vec<RunFact>,
    /// Open start requests, oldest first.
    pub starts: Vec<StartFact>,
    /// How long the steps of the newest run took, the last time that each of them ended.
    pub times: Vec<StepTime>,
    /// Whether the workflow has a script for the scripted agent.
    pub scripted: bool,
    /// Whether running is allowed here.
    pub trusted: bool,
}

/// One run as an editor shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFact {
    /// Full id.
    pub run: String,
    /// What people are shown of it.
    pub short: String,
    /// Status word.
    pub status: String,
    /// Cause word of a failed run.
    pub cause: Option<String>,
    /// Gates that hold.
    pub gates: Vec<GateFact>,
}

/// How long a step took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTime {
    /// The step, by name; a node of a body behind its group.
    pub step: String,
    /// Milliseconds from its start to its end.
    pub took: u64,
    /// What people are shown of the run.
    pub run: String,
}

/// One gate that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct GateFact {
    /// Its id.
    pub gate: String,
    /// Kind word.
    pub kind: String,
    /// The step it belongs to, by name.
    pub step: String,
    /// The question.
    pub prompt: String,
    /// Count and limit of an iteration limit.
    pub count: Option<(u64, u64)>,
    /// What is valid, in order.
    pub answers: Vec<AnswerFact>,
}

/// One valid answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerFact {
    /// What a button says.
    pub label: String,
    /// What to send.
    pub answer: Value,
    /// Whether a text must be given with it, which a code action cannot ask for.
    pub needs_text: bool,
}

/// One open choice: about an earlier run, or about uncommitted changes.
#[derive(Debug, Clone, PartialEq)]
pub struct StartFact {
    /// Its id.
    pub start: String,
    /// Short id of the earlier run; `None` when it is about uncommitted changes.
    pub prior: Option<String>,
    /// How many files have uncommitted changes that it is about.
    pub changes: usize,
    /// `failed (iteration_limit)`.
    pub status: String,
    /// What the earlier run was about.
    pub message: String,
}

impl StartFact {
    /// How the earlier run stands, behind its name: `failed (iteration_limit)`, `is waiting`.
    #[must_use]
    pub fn stands(&self) -> String {
        if self.status.starts_with("failed") {
            self.status.clone()
        } else {
            format!("is {}", self.status)
        }
    }
}

/// What an editor can ask the server to do.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Act {
    Run {
        agent: Option<String>,
        dry: bool,
    },
    Answer {
        run: String,
        gate: String,
        answer: Value,
    },
    Choose {
        start: String,
        answer: String,
    },
    Resume {
        run: String,
    },
    Stop {
        run: String,
    },
    Abandon {
        run: String,
    },
    OpenPanel {
        run: String,
    },
}
