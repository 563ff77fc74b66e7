//! Call hierarchy along routes: incoming is who routes here, outgoing is where it goes on. In Archon a node is reached
//! from what it depends on. The workflow itself calls what runs first, and is called by steps that run it, also from
//! other files, which the caller joins: this file sees one document.

use std::path::{Component, Path, PathBuf};

use fermata_syntax::{Offset, Span};
use fermata_workflow::dag::Dag;
use fermata_workflow::flow::{Flow, Target};
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Dialect, FileId, Loc, Step, StepKind, Text, Workflow};

use crate::archon;
use crate::definition::rename_target;
use crate::snapshot::Snapshot;
use crate::symbols::{self, SymbolKind};

/// A workflow or a step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallItem {
    /// Finds it again in another version of the text: names from the outermost group on, with `/`; empty for the
    /// workflow.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The kind's word.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The whole of it.
    pub span: Span,
    /// Its name's place, inside of `span`.
    pub selection: Span,
}

/// One end of a route, seen from the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The other end.
    pub item: CallItem,
    /// Where the route is written.
    pub places: Vec<Span>,
}

/// A step that runs another workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// The step.
    pub item: CallItem,
    /// Where the other workflow is named.
    pub place: Span,
    /// The other workflow's file; it need not exist.
    pub file: PathBuf,
}

/// The workflow of a document as an item; `None` when there is no model.
#[must_use]
pub fn workflow_item(snapshot: &Snapshot) -> Option<CallItem> {
    let (tree, workflow) = (snapshot.tree()?, snapshot.workflow()?);
    let source = snapshot.loaded.sources.get(FileId::ROOT)?;
    let end = Offset::try_from(tree.text().len()).ok()?;
    let stem = || source.path.file_stem().unwrap_or_default();
    let named = !workflow.name.trim().is_empty() && workflow.name.loc.file == FileId::ROOT;
    Some(CallItem {
        id: String::new(),
        name: if workflow.name.trim().is_empty() {
            stem().to_string_lossy().into_owned()
        } else {
            workflow.name.trim().to_owned()
        },
        detail: format!("{} workflow", workflow.dialect.as_str()),
        kind: SymbolKind::Workflow,
        span: Span::new(Offset::new(0), end),
        selection: if named {
            workflow.name.loc.span
        } else {
            Span::empty(Offset::new(0))
        },
    })
}

/// What stands at an offset: a step wherever it is named, or the workflow at its name.
#[must_use]
pub fn call_item(snapshot: &Snapshot, offset: Offset) -> Option<CallItem> {
    let workflow = snapshot.workflow()?;
    let web = Web::new(snapshot)?;
    if workflow.dialect == Dialect::Archon {
        if let Some((node, _)) = archon::occurrences::target(snapshot, offset) {
            return web.items.get(node + 1).cloned();
        }
    } else if let Some((name, _)) = rename_target(snapshot, offset) {
        return web.items.into_iter().find(|item| item.id == name);
    }
    let top = web.items.into_iter().next()?;
    let on_name = top.selection.contains_inclusive(offset) && !top.selection.is_empty();
    on_name.then_some(top)
}

/// Who routes to an item of the document; `None` when it is not there any more.
#[must_use]
pub fn incoming(snapshot: &Snapshot, id: &str) -> Option<Vec<Call>> {
    let web = Web::new(snapshot)?;
    let at = web.find(id)?;
    Some(web.joined(|edge| (edge.to == at).then_some(edge.from)))
}

/// Where an item of the document goes on to; `None` when it is not there any more.
#[must_use]
pub fn outgoing(snapshot: &Snapshot, id: &str) -> Option<Vec<Call>> {
    let web = Web::new(snapshot)?;
    let at = web.find(id)?;
    Some(web.joined(|edge| (edge.from == at).then_some(edge.to)))
}

/// The steps of the document that run other workflows.
#[must_use]
pub fn leaving(snapshot: &Snapshot) -> Vec<Leaving> {
    let Some((web, source)) = Web::new(snapshot).zip(snapshot.loaded.sources.get(FileId::ROOT))
    else {
        return Vec::new();
    };
    let folder = source.path.parent().unwrap_or(Path::new("/"));
    let neighbour = |name: &Text| {
        let found = snapshot.loaded.surroundings.workflows.get(name.trim());
        found.map(|neighbour| neighbour.path.clone())
    };
    web.steps
        .iter()
        .zip(web.items.iter().skip(1))
        .filter_map(|(step, item)| {
            let (name, file) = match &step.kind {
                StepKind::SubWorkflow(sub) if !sub.workflow.contains('@') => {
                    (&sub.workflow, joined(folder, sub.workflow.as_str()))
                }
                StepKind::Archon(kind) => match kind.as_ref() {
                    ArchonKind::Include { workflow, .. }
                    | ArchonKind::Workflow { workflow, .. } => (workflow, neighbour(workflow)?),
                    _ => return None,
                },
                _ => return None,
            };
            (name.loc.file == FileId::ROOT).then(|| Leaving {
                item: item.clone(),
                place: name.loc.span,
                file,
            })
        })
        .collect()
}

/// A path below or beside a folder, without `.` and `..`, so that it is a file's one name.
fn joined(folder: &Path, name: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in folder.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            other => path.push(other),
        }
    }
    path
}

struct Edge {
    from: usize,
    to: usize,
    place: Span,
}

/// The workflow and its steps, and every route between them that is written in the document.
struct Web<'s> {
    /// The workflow first.
    items: Vec<CallItem>,
    /// The steps of the items behind the workflow.
    steps: Vec<&'s Step>,
    edges: Vec<Edge>,
}

impl<'s> Web<'s> {
    fn new(snapshot: &'s Snapshot) -> Option<Self> {
        let mut web = Self {
            items: vec![workflow_item(snapshot)?],
            steps: Vec::new(),
            edges: Vec::new(),
        };
        let workflow = snapshot.workflow()?;
        match workflow.dialect {
            Dialect::Archon => web.nodes(workflow),
            Dialect::Conductor => web.routes(workflow),
        }
        Some(web)
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    fn add(&mut self, step: &'s Step, id: String) -> usize {
        let symbol = symbols::symbol(step);
        self.items.push(CallItem {
            id,
            name: symbol.name,
            detail: symbol.detail,
            kind: symbol.kind,
            span: symbol.span,
            selection: symbol.selection,
        });
        self.steps.push(step);
        self.items.len() - 1
    }

    fn route(&mut self, from: Option<usize>, to: Option<usize>, written: Loc) {
        if let (Some(from), Some(to)) = (from, to)
            && written.file == FileId::ROOT
        {
            self.edges.push(Edge {
                from,
                to,
                place: written.span,
            });
        }
    }

    fn routes(&mut self, workflow: &'s Workflow) {
        let mut at: Vec<Option<usize>> = Vec::new();
        for step in &workflow.steps {
            let own = step.loc.file == FileId::ROOT;
            at.push(own.then(|| self.add(step, step.name.as_str().to_owned())));
        }
        let flow = Flow::new(workflow);
        if let Some(entry) = &workflow.entry {
            for step in flow.entry() {
                self.route(Some(0), at[*step], entry.loc);
            }
        }
        for (index, step) in workflow.steps.iter().enumerate() {
            for edge in flow.outgoing(index) {
                if let Target::Step(to) = edge.to {
                    self.route(at[index], at[to], edge.loc);
                }
            }
            match &step.kind {
                StepKind::Parallel(group) => {
                    for member in &group.members {
                        let named = |s: &Step| s.name.as_str() == member.as_str();
                        let to = workflow.steps.iter().position(named);
                        self.route(at[index], to.and_then(|to| at[to]), member.loc);
                    }
                }
                StepKind::ForEach(each) if each.agent.loc.file == FileId::ROOT => {
                    let id = format!("{}/{}", step.name.as_str(), each.agent.name.as_str());
                    let inner = self.add(&each.agent, id);
                    self.route(at[index], Some(inner), each.agent.name.loc);
                }
                _ => {}
            }
        }
    }

    fn nodes(&mut self, workflow: &'s Workflow) {
        let dag = Dag::new(workflow);
        for node in &dag.nodes {
            let name = node.step.name.trim();
            // Groups stand before their bodies.
            let id = match node.group {
                Some(group) => format!("{}/{name}", self.items[group + 1].id),
                None => name.to_owned(),
            };
            self.add(node.step, id);
        }
        for (at, node) in dag.nodes.iter().enumerate() {
            let mut waits = false;
            for needed in &node.settings.depends_on {
                let named =
                    |n: &fermata_workflow::dag::DagNode<'_>| n.step.name.trim() == needed.as_str();
                let from = dag.list(node.group).find(|(_, n)| named(n));
                waits |= from.is_some();
                self.route(from.map(|(from, _)| from + 1), Some(at + 1), needed.loc);
            }
            if !waits {
                let from = node.group.map_or(0, |group| group + 1);
                self.route(Some(from), Some(at + 1), node.step.name.loc);
            }
        }
    }

    /// The other ends of the edges that are wanted, each once, as they are written.
    fn joined(&self, other: impl Fn(&Edge) -> Option<usize>) -> Vec<Call> {
        let mut ends: Vec<(usize, Vec<Span>)> = Vec::new();
        for (end, place) in self.edges.iter().filter_map(|e| Some((other(e)?, e.place))) {
            match ends.iter_mut().find(|(known, _)| *known == end) {
                Some((_, places)) => places.push(place),
                None => ends.push((end, vec![place])),
            }
        }
        ends.into_iter()
            .map(|(end, mut places)| {
                places.sort_by_key(|place| place.start());
                places.dedup();
                Call {
                    item: self.items[end].clone(),
                    places,
                }
            })
            .collect()
    }
}
