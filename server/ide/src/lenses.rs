//! Code lenses: Run on the first line, the last run's status, and what holds, on the step it holds at.

use fermata_syntax::{Offset, Span};
use fermata_workflow::FileId;

use crate::facts::{Act, GateFact, RunFact};
use crate::snapshot::Snapshot;

/// A line above the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
    /// Where it belongs.
    pub span: Span,
    /// What it says.
    pub title: String,
    /// What a click does.
    pub act: Act,
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

/// All lenses of a document, from top to bottom.
#[must_use]
pub fn lenses(snapshot: &Snapshot) -> Vec<Lens> {
    let top = top(snapshot);
    let facts = &snapshot.facts;
    let mut found = Vec::new();
    let mut add = |span, title: String, act| found.push(Lens { span, title, act });
    for start in &facts.starts {
        let title = match &start.prior {
            Some(prior) => format!("choose: run {prior} {}", start.stands()),
            None => format!("choose: {} changed, not committed", files(start.changes)),
        };
        add(
            top,
            title,
            Act::Choose {
                start: start.start.clone(),
                answer: String::new(),
            },
        );
    }
    add(
        top,
        "Run".to_owned(),
        Act::Run {
            agent: None,
            dry: false,
        },
    );
    if facts.scripted {
        add(
            top,
            "Run scripted".to_owned(),
            Act::Run {
                agent: Some("scripted".to_owned()),
                dry: false,
            },
        );
    }
    add(
        top,
        "Dry run".to_owned(),
        Act::Run {
            agent: None,
            dry: true,
        },
    );
    if let Some(last) = facts.runs.first() {
        add(
            top,
            last_run(last),
            Act::OpenPanel {
                run: last.run.clone(),
            },
        );
    }
    for run in &facts.runs {
        for gate in &run.gates {
            add(
                anchor(snapshot, gate).0,
                held(gate),
                Act::OpenPanel {
                    run: run.run.clone(),
                },
            );
        }
    }
    found.sort_by_key(|lens| lens.span.start());
    found
}

/// Where the workflow's own lenses stand: its name, else the first line.
pub(crate) fn top(snapshot: &Snapshot) -> Span {
    snapshot
        .workflow()
        .filter(|workflow| workflow.name.loc.file == FileId::ROOT)
        .map_or(Span::empty(Offset::new(0)), |workflow| {
            workflow.name.loc.span
        })
}

/// Where a gate is shown: its step's name in the current text, else the first
/// line; and whether the step was found.
pub(crate) fn anchor(snapshot: &Snapshot, gate: &GateFact) -> (Span, bool) {
    let step = snapshot
        .own_steps()
        .find(|(_, step)| step.name.as_str() == gate.step);
    step.map_or((Span::empty(Offset::new(0)), false), |(_, step)| {
        (step.name.loc.span, true)
    })
}

fn last_run(run: &RunFact) -> String {
    match &run.cause {
        Some(cause) => format!("last run {}: {} ({cause})", run.short, run.status),
        None => format!("last run {}: {}", run.short, run.status),
    }
}

fn held(gate: &GateFact) -> String {
    match gate.count {
        Some((current, max)) => format!("held at {current}/{max}: answer"),
        None => "held: answer".to_owned(),
    }
}
