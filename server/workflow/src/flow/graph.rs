//! Steps and the edges between them: routes, gate options, the abort of a
//! questionnaire, the end that a step without routes leads to, and Archon's
//! `depends_on`. Knows nothing about conditions.

use std::collections::{HashMap, VecDeque};

use petgraph::graph::{DiGraph, NodeIndex};

use crate::model::{ArchonKind, END, Step, StepKind, Workflow};
use crate::source::Loc;

/// Where an edge leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A step, by its index in `Workflow::steps`.
    Step(usize),
    /// The end of the workflow.
    End,
}

/// Why there is an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// A route, by its index in `Step::routes`.
    Route(usize),
    /// A human gate's option, by its index.
    Option(usize),
    /// The abort of a questionnaire.
    Abort,
    /// A step without routes ends the workflow.
    Implicit,
    /// Archon: the second node depends on the first.
    Dependency,
}

/// One edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowEdge {
    /// The step it leaves, by its index in `Workflow::steps`.
    pub from: usize,
    /// Where it leads.
    pub to: Target,
    /// Why it is there.
    pub kind: EdgeKind,
    /// The name that it is written with (for an implicit end, the step's name).
    pub loc: Loc,
}

/// The route graph.
#[derive(Debug, Clone)]
pub struct Flow {
    graph: DiGraph<usize, FlowEdge>,
    /// Edges by step in authored order.
    edges: Vec<Vec<FlowEdge>>,
    entry: Vec<usize>,
    /// Routes whose target does not exist: step and edge kind.
    dangling: Vec<(usize, EdgeKind)>,
    distance: Vec<Option<usize>>,
    names: Vec<String>,
}

impl Flow {
    /// The graph of a workflow. Edges to names that do not exist are left out.
    #[must_use]
    pub fn new(workflow: &Workflow) -> Self {
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (index, step) in workflow.steps.iter().enumerate() {
            by_name.entry(step.name.as_str()).or_insert(index);
        }
        let mut graph = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..workflow.steps.len())
            .map(|i| graph.add_node(i))
            .collect();
        let mut edges = vec![Vec::new(); workflow.steps.len()];
        let mut dangling = Vec::new();
        for (index, step) in workflow.steps.iter().enumerate() {
            for (name, kind, loc) in written(step) {
                let to = if name == END {
                    Some(Target::End)
                } else {
                    by_name.get(name).copied().map(Target::Step)
                };
                match to {
                    Some(to) => edges[index].push(FlowEdge {
                        from: index,
                        to,
                        kind,
                        loc,
                    }),
                    None => dangling.push((index, kind)),
                }
            }
        }
        let mut entry: Vec<usize> = workflow
            .entry
            .iter()
            .filter_map(|e| by_name.get(e.as_str()).copied())
            .collect();
        if workflow.entry.is_none() {
            entry = dependencies(workflow, &by_name, &mut edges);
        }
        for edge in edges.iter().flatten() {
            if let Target::Step(to) = edge.to {
                graph.add_edge(nodes[edge.from], nodes[to], *edge);
            }
        }
        let distance = distances(&edges, &entry);
        let names = workflow
            .steps
            .iter()
            .map(|s| s.name.value.clone())
            .collect();
        Self {
            graph,
            edges,
            entry,
            dangling,
            distance,
            names,
        }
    }

    /// The steps that run first.
    #[must_use]
    pub fn entry(&self) -> &[usize] {
        &self.entry
    }

    /// Edges out of a step in authored order.
    #[must_use]
    pub fn outgoing(&self, step: usize) -> &[FlowEdge] {
        self.edges.get(step).map(Vec::as_slice).unwrap_or_default()
    }

    /// Edges into a step in file order.
    pub fn incoming(&self, step: usize) -> impl Iterator<Item = &FlowEdge> {
        self.edges
            .iter()
            .flatten()
            .filter(move |e| e.to == Target::Step(step))
    }

    /// Routes, options and aborts whose target does not exist.
    #[must_use]
    pub fn dangling(&self) -> &[(usize, EdgeKind)] {
        &self.dangling
    }

    /// Edges on the shortest way from the entry, `None` when there is no way.
    #[must_use]
    pub fn distance(&self, step: usize) -> Option<usize> {
        self.distance.get(step).copied().flatten()
    }

    /// The name of a step.
    #[must_use]
    pub fn name(&self, step: usize) -> &str {
        self.names.get(step).map_or("", String::as_str)
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Whether there is no step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Strongly connected components with at least one cycle, each in file order.
    #[must_use]
    pub fn components(&self) -> Vec<Vec<usize>> {
        let mut found: Vec<Vec<usize>> = petgraph::algo::tarjan_scc(&self.graph)
            .into_iter()
            .map(|component| {
                component
                    .into_iter()
                    .map(|n| self.graph[n])
                    .collect::<Vec<_>>()
            })
            .filter(|c| {
                c.len() > 1
                    || self
                        .outgoing(c[0])
                        .iter()
                        .any(|e| e.to == Target::Step(c[0]))
            })
            .collect();
        for component in &mut found {
            component.sort_unstable();
        }
        found.sort_by_key(|c| {
            (
                c.iter()
                    .filter_map(|s| self.distance(*s))
                    .min()
                    .unwrap_or(usize::MAX),
                c[0],
            )
        });
        found
    }

    /// The shortest way between two steps through `allowed` steps only, both ends included.
    #[must_use]
    pub fn shortest(
        &self,
        from: usize,
        to: usize,
        allowed: impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        if from == to {
            return Some(vec![from]);
        }
        let mut before: HashMap<usize, usize> = HashMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for edge in self.outgoing(at) {
                let Target::Step(next) = edge.to else {
                    continue;
                };
                if next == from || before.contains_key(&next) || !(allowed(next) || next == to) {
                    continue;
                }
                before.insert(next, at);
                if next == to {
                    let mut path = vec![to];
                    while let Some(previous) = path.last().and_then(|p| before.get(p)) {
                        path.push(*previous);
                    }
                    path.reverse();
                    return Some(path);
                }
                queue.push_back(next);
            }
        }
        None
    }

    /// Edges that lead back to a step on the way from the entry to where they
    /// leave (depth first, in authored order).
    #[must_use]
    pub fn back_edges(&self) -> Vec<FlowEdge> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.len()];
        let mut found = Vec::new();
        for start in self.entry.iter().copied().chain(0..self.len()) {
            if marks[start] != Mark::New {
                continue;
            }
            marks[start] = Mark::Open;
            let mut stack = vec![(start, 0)];
            while let Some((at, next)) = stack.pop() {
                let Some(edge) = self.outgoing(at).get(next) else {
                    marks[at] = Mark::Done;
                    continue;
                };
                stack.push((at, next + 1));
                let Target::Step(to) = edge.to else { continue };
                match marks[to] {
                    Mark::New => {
                        marks[to] = Mark::Open;
                        stack.push((to, 0));
                    }
                    Mark::Open => found.push(*edge),
                    Mark::Done => {}
                }
            }
        }
        found
    }

    /// Steps that can be reached from the entry, members of reached groups included.
    #[must_use]
    pub fn reachable(&self, workflow: &Workflow) -> Vec<bool> {
        let mut reached: Vec<bool> = self.distance.iter().map(Option::is_some).collect();
        for (index, step) in workflow.steps.iter().enumerate() {
            if let StepKind::Parallel(group) = &step.kind
                && reached[index]
            {
                for member in &group.members {
                    if let Some(at) = workflow
                        .steps
                        .iter()
                        .position(|s| s.name.as_str() == member.as_str())
                    {
                        reached[at] = true;
                    }
                }
            }
        }
        reached
    }

    /// How many edges between steps there are.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }
}

/// The edges that a step is written with: target, kind and place.
fn written(step: &Step) -> Vec<(&str, EdgeKind, Loc)> {
    let routes = || {
        step.routes
            .iter()
            .enumerate()
            .map(|(i, r)| (r.to.as_str(), EdgeKind::Route(i), r.to.loc))
    };
    let implicit = (END, EdgeKind::Implicit, step.name.loc);
    match &step.kind {
        StepKind::Terminate(_) | StepKind::Archon(_) => Vec::new(),
        StepKind::HumanGate(gate) => gate
            .options
            .iter()
            .enumerate()
            .map(|(i, o)| (o.route.as_str(), EdgeKind::Option(i), o.route.loc))
            .collect(),
        StepKind::Questions(questions) => {
            let mut edges: Vec<_> = routes().collect();
            if edges.is_empty() {
                edges.push(implicit);
            }
            if questions.allow_abort {
                let (name, loc) = questions
                    .abort_route
                    .as_ref()
                    .map_or((END, step.name.loc), |r| (r.as_str(), r.loc));
                edges.push((name, EdgeKind::Abort, loc));
            }
            edges
        }
        _ if step.routes.is_empty() => vec![implicit],
        _ => routes().collect(),
    }
}

/// Archon: edges along `depends_on`; returns the nodes that wait for nothing.
fn dependencies(
    workflow: &Workflow,
    by_name: &HashMap<&str, usize>,
    edges: &mut [Vec<FlowEdge>],
) -> Vec<usize> {
    let mut roots = Vec::new();
    for (index, step) in workflow.steps.iter().enumerate() {
        let depends = step
            .node
            .as_ref()
            .map(|n| n.depends_on.as_slice())
            .unwrap_or_default();
        for on in depends {
            if let Some(from) = by_name.get(on.as_str()) {
                edges[*from].push(FlowEdge {
                    from: *from,
                    to: Target::Step(index),
                    kind: EdgeKind::Dependency,
                    loc: on.loc,
                });
            }
        }
        let archon = matches!(&step.kind, StepKind::Archon(kind) if !matches!(**kind, ArchonKind::Include { .. }));
        if archon && depends.is_empty() {
            roots.push(index);
        }
    }
    roots
}

fn distances(edges: &[Vec<FlowEdge>], entry: &[usize]) -> Vec<Option<usize>> {
    let mut distance = vec![None; edges.len()];
    let mut queue: VecDeque<usize> = entry.iter().copied().collect();
    for start in entry {
        distance[*start] = Some(0);
    }
    while let Some(at) = queue.pop_front() {
        let next = distance[at].map(|d: usize| d + 1);
        for edge in &edges[at] {
            if let Target::Step(to) = edge.to
                && distance[to].is_none()
            {
                distance[to] = next;
                queue.push_back(to);
            }
        }
    }
    distance
}
