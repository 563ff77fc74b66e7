//! Inlay hints: what a number or a silence in the file comes to. Rounds of loops and their agent calls, durations as
//! text, defaults that hold where nothing is written, and how long a step took the last time.

use fermata_syntax::{Kind, Node, Offset, Span};
use fermata_workflow::dag::Dag;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Dialect, FileId, Workflow};

use crate::archon::hover::rounds;
use crate::snapshot::Snapshot;

/// A few words behind a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inlay {
    /// Where it stands.
    pub at: Offset,
    /// What it says.
    pub label: String,
    /// More, as Markdown.
    pub tooltip: Option<String>,
}

/// The hints of a range of the document, from top to bottom.
#[must_use]
pub fn inlays(snapshot: &Snapshot, range: Span) -> Vec<Inlay> {
    let (Some(tree), Some(workflow)) = (snapshot.tree(), snapshot.workflow()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(root) = tree.root() {
        durations(root, workflow.dialect, &mut found);
    }
    match workflow.dialect {
        Dialect::Archon => archon(workflow, &mut found),
        Dialect::Conductor => loops(snapshot, workflow, &mut found),
    }
    for time in &snapshot.facts.times {
        let step = snapshot.own_step(&time.step);
        if let Some(step) = step.filter(|step| step.name.loc.file == FileId::ROOT) {
            found.push(Inlay {
                tooltip: Some(format!("In run {}.", time.run)),
                ..inlay(step.name.loc.span, format!("last {}", took(time.took)))
            });
        }
    }
    found.retain(|inlay| range.contains_inclusive(inlay.at));
    found.sort_by_key(|inlay| inlay.at);
    found
}

fn inlay(at: Span, label: String) -> Inlay {
    Inlay {
        at: at.end(),
        label,
        tooltip: None,
    }
}

/// How long the numbers under keys of time are.
fn durations(node: Node<'_>, dialect: Dialect, found: &mut Vec<Inlay>) {
    let unit = |key: &str| match (dialect, key) {
        (Dialect::Archon, "timeout" | "idle_timeout" | "delay_ms") => Some(1.0),
        (Dialect::Conductor, "timeout_seconds" | "max_session_seconds") => Some(1000.0),
        _ => None,
    };
    match node.kind() {
        Kind::Mapping(mapping) => {
            for entry in mapping.entries() {
                let unit = entry.key_text().and_then(unit);
                let number = || entry.value.as_scalar()?.value().parse::<f64>().ok();
                match unit.zip(number()) {
                    Some((unit, n)) if n * unit >= 1000.0 => {
                        found.push(inlay(entry.value.span(), duration(n * unit)));
                    }
                    _ => durations(entry.value, dialect, found),
                }
            }
        }
        Kind::Sequence(items) => items.items().for_each(|i| durations(i, dialect, found)),
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}

/// Milliseconds for people: `5 min`, `1 h 30 min`, `2.5 s`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn duration(milliseconds: f64) -> String {
    let seconds = milliseconds / 1000.0;
    if seconds < 60.0 {
        return format!("{} s", (seconds * 10.0).round() / 10.0);
    }
    let whole = seconds.round() as u64;
    let parts = [
        (whole / 3600, "h"),
        (whole % 3600 / 60, "min"),
        (whole % 60, "s"),
    ];
    let words: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n} {unit}"))
        .collect();
    words.join(" ")
}

/// A measured time: below a second the milliseconds count.
#[allow(clippy::cast_precision_loss)]
fn took(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        _ => duration(milliseconds as f64),
    }
}

fn archon(workflow: &Workflow, found: &mut Vec<Inlay>) {
    let dag = Dag::new(workflow);
    for (at, node) in dag.nodes.iter().enumerate() {
        if let Some(bound) = rounds(node.kind).filter(|b| b.loc.file == FileId::ROOT) {
            let calls = calls(&dag, at);
            if calls > 0 {
                found.push(inlay(bound.loc.span, format!("≤ {calls} agent calls")));
            }
        }
        let retried = node.settings.raw.get("retry").is_none();
        let agent = matches!(
            node.kind,
            ArchonKind::Prompt { .. } | ArchonKind::Command { .. }
        );
        if agent && retried && node.step.name.loc.file == FileId::ROOT {
            found.push(Inlay {
                tooltip: crate::archon::hover::retry(node),
                ..inlay(node.step.name.loc.span, "3 attempts".to_owned())
            });
        }
    }
}

/// Agent calls of a node in the worst case, retries left out.
fn calls(dag: &Dag<'_>, at: usize) -> u64 {
    let times = u64::from(rounds(dag.nodes[at].kind).map_or(1, |b| b.value));
    match dag.nodes[at].kind {
        ArchonKind::Prompt { .. } | ArchonKind::Command { .. } => 1,
        ArchonKind::Loop(_) => times,
        ArchonKind::LoopGroup { .. } => {
            let body: u64 = dag.list(Some(at)).map(|(n, _)| calls(dag, n)).sum();
            times.saturating_mul(body)
        }
        _ => 0,
    }
}

/// Rounds of Conductor's loops, at the step that they begin with.
fn loops(snapshot: &Snapshot, workflow: &Workflow, found: &mut Vec<Inlay>) {
    let Some(flow) = snapshot.flow() else { return };
    let limit = u64::from(workflow.limits.max_iterations());
    for round in flow.loops(workflow) {
        let Some(first) = round.steps.first().and_then(|s| workflow.steps.get(*s)) else {
            continue;
        };
        if first.name.loc.file != FileId::ROOT {
            continue;
        }
        let length = round.round_length().max(1) as u64;
        found.push(Inlay {
            tooltip: Some(format!(
                "{}, {length} steps a round, until the limit of {limit} iterations.",
                round.name
            )),
            ..inlay(
                first.name.loc.span,
                format!("↺ ≤ {} rounds", limit / length),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, took};

    #[test]
    fn times_are_written_as_people_say_them() {
        assert_eq!(duration(300_000.0), "5 min");
        assert_eq!(duration(5_400_000.0), "1 h 30 min");
        assert_eq!(duration(2_500.0), "2.5 s");
        assert_eq!(duration(61_000.0), "1 min 1 s");
        assert_eq!(took(12), "12 ms");
        assert_eq!(took(75_400), "1 min 15 s");
    }
}
