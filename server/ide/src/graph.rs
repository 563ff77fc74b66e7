//! The route graph as every surface draws it: terminal, panel, editor.

use fermata_syntax::Encoding;
use fermata_workflow::flow::{EdgeKind, Flow, FlowEdge, Target};
use fermata_workflow::model::{ArchonKind, END};
use fermata_workflow::{Dialect, FileId, Loaded, Step, StepKind};
use serde_json::{Value, json};

/// A workflow as nodes and edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// Steps in file order, then `$end`.
    pub nodes: Vec<GraphNode>,
    /// Edges in file order.
    pub edges: Vec<GraphEdge>,
    /// Where a run starts.
    pub entry: Option<String>,
    /// Loops, nearest to the entry first.
    pub loops: Vec<GraphLoop>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    /// Its name.
    pub id: String,
    /// Its kind's word; `end` for `$end`.
    pub kind: String,
    /// What to write on it.
    pub label: String,
    /// Its line in the file, from 0; `None` for `$end` and for included steps.
    pub line: Option<u32>,
    /// Members of a parallel group.
    pub members: Vec<String>,
    /// The workflow that it runs, as written.
    pub runs: Option<String>,
}

/// One way from a step to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphEdge {
    /// Step name.
    pub from: String,
    /// Step name, or `$end`.
    pub to: String,
    /// Condition as written.
    pub when: Option<String>,
    /// Whether it leads back in a loop.
    pub back: bool,
    /// What to write on it: the gate option's label, or the condition.
    pub label: Option<String>,
}

/// One loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphLoop {
    /// Its steps.
    pub steps: Vec<String>,
    /// `architect → reviewer → architect`.
    pub name: String,
}

impl Graph {
    /// The JSON of `fermata/graph` and `fermata graph --format json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let nodes = self.nodes.iter().map(|n| json!({"id": n.id, "kind": n.kind, "label": n.label, "line": n.line, "members": n.members, "runs": n.runs}));
        let edges = self.edges.iter().map(|e| json!({"from": e.from, "to": e.to, "when": e.when, "back": e.back, "label": e.label}));
        let loops = self
            .loops
            .iter()
            .map(|l| json!({"steps": l.steps, "name": l.name}));
        json!({
            "version": 1,
            "nodes": nodes.collect::<Vec<_>>(),
            "edges": edges.collect::<Vec<_>>(),
            "entry": self.entry,
            "loops": loops.collect::<Vec<_>>(),
        })
    }
}

/// The graph of a loaded workflow; empty when nothing was loaded.
#[must_use]
pub fn graph(loaded: &Loaded) -> Graph {
    let Some(workflow) = &loaded.workflow else {
        return Graph::default();
    };
    let flow = Flow::new(workflow);
    let loops = flow.loops(workflow);
    let back: Vec<FlowEdge> = loops.iter().flat_map(|l| l.back.iter().copied()).collect();
    let mut edges = Vec::new();
    for (index, step) in workflow.steps.iter().enumerate() {
        for edge in flow.outgoing(index) {
            edges.push(graph_edge(&flow, step, edge, back.contains(edge)));
        }
        // A step without routes ends the workflow; terminate steps end it by themselves.
        if flow.outgoing(index).is_empty()
            && !is_member(workflow, step)
            && !matches!(step.kind, StepKind::Terminate(_))
        {
            edges.push(GraphEdge {
                from: step.name.as_str().to_owned(),
                to: END.to_owned(),
                when: None,
                back: false,
                label: None,
            });
        }
    }
    if workflow.dialect == Dialect::Archon {
        conditions(workflow, &mut edges);
    }
    edges.dedup();
    let round_edges: Vec<GraphEdge> = edges.iter().filter(|e| e.back).cloned().collect();
    let mut nodes: Vec<GraphNode> = workflow
        .steps
        .iter()
        .map(|step| node(loaded, step))
        .collect();
    if edges.iter().any(|edge| edge.to == END) {
        let end = GraphNode {
            id: END.to_owned(),
            kind: "end".to_owned(),
            label: "end".to_owned(),
            line: None,
            members: Vec::new(),
            runs: None,
        };
        nodes.push(end);
    }
    Graph {
        nodes,
        edges,
        entry: workflow
            .entry
            .as_ref()
            .map(|entry| entry.as_str().to_owned()),
        loops: if workflow.dialect == Dialect::Archon {
            rounds(&round_edges)
        } else {
            loops
                .iter()
                .map(|l| GraphLoop {
                    steps: l.steps.iter().map(|s| flow.name(*s).to_owned()).collect(),
                    name: l.name.clone(),
                })
                .collect()
        },
    }
}

/// Archon's loops: each inside of its node.
fn rounds(edges: &[GraphEdge]) -> Vec<GraphLoop> {
    let round = |edge: &GraphEdge| GraphLoop {
        steps: vec![edge.from.clone()],
        name: match &edge.label {
            Some(label) => format!("{} ({label})", edge.from),
            None => edge.from.clone(),
        },
    };
    edges.iter().map(round).collect()
}

/// Archon's conditions stand at the node that they let in; its loops go round inside of one node.
fn conditions(workflow: &fermata_workflow::Workflow, edges: &mut Vec<GraphEdge>) {
    for edge in edges.iter_mut() {
        let when = workflow
            .step(&edge.to)
            .and_then(|step| step.node.as_ref()?.when.as_ref());
        edge.when = when.map(|w| w.as_str().to_owned());
        edge.label.clone_from(&edge.when);
    }
    for step in &workflow.steps {
        let StepKind::Archon(kind) = &step.kind else {
            continue;
        };
        let (until, rounds) = match kind.as_ref() {
            ArchonKind::Loop(inner) => (inner.until.as_ref(), inner.max_iterations),
            ArchonKind::LoopGroup {
                until,
                max_iterations,
                ..
            } => (until.as_ref(), *max_iterations),
            _ => continue,
        };
        let until = until.map_or_else(String::new, |u| format!("until {}, ", u.trim()));
        let label = format!("{until}at most {}", rounds.map_or(0, |r| r.value));
        let name = step.name.as_str().to_owned();
        edges.push(GraphEdge {
            from: name.clone(),
            to: name,
            when: None,
            back: true,
            label: Some(label),
        });
    }
}

fn is_member(workflow: &fermata_workflow::Workflow, step: &Step) -> bool {
    workflow.steps.iter().any(|other| match &other.kind {
        StepKind::Parallel(group) => group
            .members
            .iter()
            .any(|member| member.as_str() == step.name.as_str()),
        _ => false,
    })
}

fn node(loaded: &Loaded, step: &Step) -> GraphNode {
    let line = (step.name.loc.file == FileId::ROOT)
        .then(|| loaded.sources.get(FileId::ROOT))
        .flatten()
        .map(|source| {
            source
                .tree
                .line_index()
                .position(step.name.loc.span.start(), Encoding::Utf16)
                .line
        });
    let members = match &step.kind {
        StepKind::Parallel(group) => group
            .members
            .iter()
            .map(|m| m.as_str().to_owned())
            .collect(),
        StepKind::ForEach(each) => vec![each.agent.name.as_str().to_owned()],
        StepKind::Archon(kind) => match kind.as_ref() {
            ArchonKind::LoopGroup { nodes, .. } => {
                nodes.iter().map(|n| n.name.trim().to_owned()).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let runs = match &step.kind {
        StepKind::SubWorkflow(inner) => Some(&inner.workflow),
        StepKind::Archon(kind) => match kind.as_ref() {
            ArchonKind::Workflow { workflow, .. } => Some(workflow),
            _ => None,
        },
        _ => None,
    };
    let name = step.name.as_str().to_owned();
    GraphNode {
        id: name.clone(),
        kind: step.kind.word().to_owned(),
        label: name,
        line,
        members,
        runs: runs.map(|workflow| workflow.trim().to_owned()),
    }
}

fn graph_edge(flow: &Flow, step: &Step, edge: &FlowEdge, back: bool) -> GraphEdge {
    let to = match edge.to {
        Target::Step(to) => flow.name(to).to_owned(),
        _ => END.to_owned(),
    };
    let (when, label) = match (edge.kind, &step.kind) {
        (EdgeKind::Route(index), _) => {
            let when = step
                .routes
                .get(index)
                .and_then(|route| route.when.as_ref())
                .map(|when| when.as_str().to_owned());
            (when.clone(), when)
        }
        (EdgeKind::Option(index), StepKind::HumanGate(gate)) => (
            None,
            gate.options
                .get(index)
                .map(|option| option.label.as_str().to_owned()),
        ),
        _ => (None, None),
    };
    GraphEdge {
        from: step.name.as_str().to_owned(),
        to,
        when,
        back,
        label,
    }
}
