//! Code actions: fixes where something is wrong, answers where a run holds,
//! the choice about an earlier run on the first line, and running the file.

use fermata_syntax::Span;
use fermata_workflow::{Edit, FileId};

use crate::facts::{Act, GateFact, RunFact};
use crate::lenses::{anchor, top};
use crate::snapshot::Snapshot;

/// What kind of action it is, for clients that filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Mends a diagnostic.
    Fix,
    /// Mends everything that can be mended safely.
    FixAll,
    /// Runs, answers or chooses.
    Run,
}

/// One code action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What it is called.
    pub title: String,
    /// Its kind.
    pub kind: ActionKind,
    /// Edits of the document.
    pub edits: Vec<Edit>,
    /// What the server does, for actions without edits.
    pub act: Option<Act>,
    /// Index of the diagnostic it mends, in the snapshot's list.
    pub diagnostic: Option<usize>,
    /// Whether it is the one to prefer.
    pub preferred: bool,
}

/// The actions for a range of the document.
#[must_use]
pub fn actions(snapshot: &Snapshot, range: Span) -> Vec<Action> {
    let mut found = Vec::new();
    gates(snapshot, range, &mut found);
    choices(snapshot, range, &mut found);
    fixes(snapshot, range, &mut found);
    fix_all(snapshot, &mut found);
    if on_line(snapshot, top(snapshot), range) {
        found.push(act(
            "Run this workflow",
            Act::Run {
                agent: None,
                dry: false,
            },
        ));
        if snapshot.facts.scripted {
            found.push(act(
                "Run with the scripted agent",
                Act::Run {
                    agent: Some("scripted".to_owned()),
                    dry: false,
                },
            ));
        }
        for run in &snapshot.facts.runs {
            found.extend(of_run(run));
        }
    }
    found
}

fn act(title: impl Into<String>, act: Act) -> Action {
    Action {
        title: title.into(),
        kind: ActionKind::Run,
        edits: Vec::new(),
        act: Some(act),
        diagnostic: None,
        preferred: false,
    }
}

/// Whether a span and the asked range share a line. Files without a tree have one line.
fn on_line(snapshot: &Snapshot, span: Span, range: Span) -> bool {
    let Some(tree) = snapshot.tree() else {
        return true;
    };
    let line = |offset| {
        tree.line_index()
            .position(offset, fermata_syntax::Encoding::Utf8)
            .line
    };
    line(span.start()) <= line(range.end()) && line(range.start()) <= line(span.end())
}

/// Whether a range lies on a step: anywhere in its entry, so that the cursor need not hunt for the name.
fn on_gate(snapshot: &Snapshot, gate: &GateFact, range: Span) -> bool {
    let step = snapshot
        .own_steps()
        .find(|(_, step)| step.name.as_str() == gate.step);
    match step {
        Some((_, step)) => {
            step.loc.span.intersect(range).is_some() || on_line(snapshot, step.name.loc.span, range)
        }
        None => on_line(snapshot, anchor(snapshot, gate).0, range),
    }
}

fn gates(snapshot: &Snapshot, range: Span, found: &mut Vec<Action>) {
    for run in &snapshot.facts.runs {
        for gate in run
            .gates
            .iter()
            .filter(|gate| on_gate(snapshot, gate, range))
        {
            let (_, anchored) = anchor(snapshot, gate);
            let changed = if anchored {
                ""
            } else {
                " (the file has changed since this run started)"
            };
            let held = match gate.count {
                Some((current, max)) => format!("held at {current}/{max}"),
                None => format!("held at {}", gate.step),
            };
            for answer in gate.answers.iter().filter(|answer| !answer.needs_text) {
                let title = format!("{} · {held}, run {}{changed}", answer.label, run.short);
                found.push(act(
                    title,
                    Act::Answer {
                        run: run.run.clone(),
                        gate: gate.gate.clone(),
                        answer: answer.answer.clone(),
                    },
                ));
            }
            found.push(act(
                format!("Open run {} in the panel", run.short),
                Act::OpenPanel {
                    run: run.run.clone(),
                },
            ));
        }
    }
}

fn choices(snapshot: &Snapshot, range: Span, found: &mut Vec<Action>) {
    if !on_line(snapshot, top(snapshot), range) {
        return;
    }
    for start in &snapshot.facts.starts {
        let dismiss = ("dismiss", "Dismiss the new request".to_owned());
        let choices = match &start.prior {
            Some(prior) => vec![
                ("resume", format!("Resume run {prior} ({})", start.status)),
                (
                    "abandon_and_run",
                    format!("Abandon run {prior} and run fresh"),
                ),
                ("run_fresh", format!("Run fresh, keep run {prior}")),
                dismiss,
            ],
            None => vec![
                (
                    "with_changes",
                    "Run with your uncommitted changes".to_owned(),
                ),
                ("from_head", "Run from the last commit".to_owned()),
                dismiss,
            ],
        };
        for (answer, title) in choices {
            found.push(act(
                title,
                Act::Choose {
                    start: start.start.clone(),
                    answer: answer.to_owned(),
                },
            ));
        }
    }
}

fn fixes(snapshot: &Snapshot, range: Span, found: &mut Vec<Action>) {
    for (index, diagnostic) in snapshot.diagnostics.iter().enumerate() {
        if diagnostic.loc.file != FileId::ROOT || diagnostic.loc.span.intersect(range).is_none() {
            continue;
        }
        for (number, fix) in diagnostic.fixes.iter().enumerate() {
            found.push(Action {
                title: fix.title.clone(),
                kind: ActionKind::Fix,
                edits: fix.edits.clone(),
                act: None,
                diagnostic: Some(index),
                preferred: number == 0 && diagnostic.fixes.len() == 1,
            });
        }
    }
}

/// Every diagnostic that has exactly one fix, mended at once; overlapping edits are left for the next time.
fn fix_all(snapshot: &Snapshot, found: &mut Vec<Action>) {
    let mut edits: Vec<Edit> = Vec::new();
    let mut mended = 0;
    for diagnostic in snapshot
        .diagnostics
        .iter()
        .filter(|d| d.loc.file == FileId::ROOT && d.fixes.len() == 1)
    {
        let fix = &diagnostic.fixes[0];
        let overlaps = |edit: &Edit| {
            edits
                .iter()
                .any(|other| other.span.intersect(edit.span).is_some())
        };
        if !fix.edits.iter().any(overlaps) {
            edits.extend(fix.edits.iter().cloned());
            mended += 1;
        }
    }
    if mended > 1 {
        let title = format!("Fix {mended} problems of this file");
        found.push(Action {
            title,
            kind: ActionKind::FixAll,
            edits,
            act: None,
            diagnostic: None,
            preferred: false,
        });
    }
}

fn of_run(run: &RunFact) -> Vec<Action> {
    let RunFact { short, run: id, .. } = run;
    match run.status.as_str() {
        "failed" => vec![
            act(
                format!("Resume run {short}"),
                Act::Resume { run: id.clone() },
            ),
            act(
                format!("Abandon run {short}"),
                Act::Abandon { run: id.clone() },
            ),
        ],
        "running" | "queued" | "waiting" => vec![act(
            format!("Stop run {short}"),
            Act::Stop { run: id.clone() },
        )],
        _ => Vec::new(),
    }
}
