//! Archon's nodes as they are written: which see which, what has run before, and every text of a node with its place.
//! Reads no other file; nodes that come in by an include are its include node here.

use std::collections::{BTreeSet, HashMap};

use fermata_expr::archon::reference::{self, NodeRef};
use fermata_syntax::{Entry, Mapping, Node, Scalar, Span, Tree};

use crate::model::{ArchonKind, NodeSettings, Step, StepKind, Workflow};

/// The nodes of a workflow, bodies of loop_groups behind their group.
#[derive(Debug)]
pub struct Dag<'w> {
    /// All nodes, in file order.
    pub nodes: Vec<DagNode<'w>>,
    /// The first node of a name in a list.
    by_name: HashMap<(Option<usize>, &'w str), usize>,
}

/// One node.
#[derive(Debug, Clone, Copy)]
pub struct DagNode<'w> {
    /// The node.
    pub step: &'w Step,
    /// What it does.
    pub kind: &'w ArchonKind,
    /// What it waits for.
    pub settings: &'w NodeSettings,
    /// The loop_group it is in, as an index of [`Dag::nodes`].
    pub group: Option<usize>,
}

impl<'w> Dag<'w> {
    /// The nodes of a workflow; none for another dialect's.
    #[must_use]
    pub fn new(workflow: &'w Workflow) -> Self {
        let mut nodes = Vec::new();
        collect(&workflow.steps, None, &mut nodes);
        let mut by_name = HashMap::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            let name = (node.group, node.step.name.trim());
            by_name.entry(name).or_insert(at);
        }
        Self { nodes, by_name }
    }

    /// The nodes of one list: the top level, or a group's body.
    pub fn list(&self, group: Option<usize>) -> impl Iterator<Item = (usize, &DagNode<'w>)> {
        self.nodes
            .iter()
            .enumerate()
            .filter(move |(_, n)| n.group == group)
    }

    /// The node of a name in one list, which is what a dependency means.
    #[must_use]
    pub fn beside(&self, group: Option<usize>, name: &str) -> Option<usize> {
        self.by_name.get(&(group, name)).copied()
    }

    /// The node that a name means where `from` is written: beside it, or around its group.
    #[must_use]
    pub fn find(&self, from: usize, name: &str) -> Option<usize> {
        let mut group = self.nodes.get(from)?.group;
        loop {
            if let Some(found) = self.beside(group, name) {
                return Some(found);
            }
            group = self.nodes[group?].group;
        }
    }

    /// Every name that a text of a node can refer to.
    #[must_use]
    pub fn visible(&self, from: usize) -> Vec<&'w str> {
        let mut group = self.nodes.get(from).and_then(|n| n.group);
        let mut names = Vec::new();
        loop {
            names.extend(self.list(group).map(|(_, n)| n.step.name.trim()));
            match group {
                Some(at) => group = self.nodes[at].group,
                None => return names,
            }
        }
    }

    /// Everything that has ended before a node starts: what it and the groups around it wait for, through others too.
    #[must_use]
    pub fn before(&self, node: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut at = Some(node);
        while let Some(start) = at {
            let mut open = vec![start];
            while let Some(next) = open.pop() {
                for name in &self.nodes[next].settings.depends_on {
                    let group = self.nodes[next].group;
                    if let Some(on) = self.beside(group, name.as_str())
                        && found.insert(on)
                    {
                        open.push(on);
                    }
                }
            }
            at = self.nodes[start].group;
        }
        found
    }
}

fn collect<'w>(steps: &'w [Step], group: Option<usize>, nodes: &mut Vec<DagNode<'w>>) {
    for step in steps {
        let (StepKind::Archon(kind), Some(settings)) = (&step.kind, &step.node) else {
            continue;
        };
        nodes.push(DagNode {
            step,
            kind,
            settings,
            group,
        });
        if let ArchonKind::LoopGroup { nodes: body, .. } = kind.as_ref() {
            let own = nodes.len() - 1;
            collect(body, Some(own), nodes);
        }
    }
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Sent to an agent or shown to a person: values are put in as they are.
    Prose,
    /// Run by bash: values arrive in single quotes.
    Bash,
    /// Run by bun or uv: values are put in raw.
    Script,
    /// A condition.
    When,
    /// A value that is handed over.
    Value,
}

/// One text of a node.
#[derive(Debug, Clone, Copy)]
pub struct NodeText<'t> {
    /// Its key, with dots: `loop.prompt`, `with.plan`.
    pub field: &'t str,
    /// How it is read.
    pub reading: Reading,
    /// Where it is written.
    pub scalar: Scalar<'t>,
}

impl<'t> NodeText<'t> {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.scalar.value()
    }

    /// Where a stretch of it stands in the file.
    #[must_use]
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        self.scalar.source_span(range)
    }

    /// Every reference to a node's output, `$LOOP_PREV` not among them.
    #[must_use]
    pub fn references(&self) -> Vec<NodeRef> {
        let found = match self.reading {
            Reading::When => when_references(self.text()),
            _ => reference::node_refs(self.text()),
        };
        found
            .into_iter()
            .filter(|r| r.node != reference::INPUTS)
            .collect()
    }
}

/// References of a condition; `$id.field` is short for `$id.output.field`.
fn when_references(text: &str) -> Vec<NodeRef> {
    let plain = reference::node_refs(text);
    let short = reference::dotted_refs(text).into_iter().filter(|d| {
        d.field.as_deref() != Some("output") && !plain.iter().any(|p| p.span.start == d.span.start)
    });
    let mut all: Vec<NodeRef> = plain.iter().cloned().chain(short).collect();
    all.sort_by_key(|r| r.span.start);
    all
}

/// The mapping of a node in its file.
#[must_use]
pub fn mapping<'t>(tree: &'t Tree, step: &Step) -> Option<Mapping<'t>> {
    tree.path_at(step.loc.span.start())
        .into_iter()
        .filter(|n| n.span() == step.loc.span)
        .find_map(Node::as_mapping)
}

/// The entry of a key: the mapping's own, else that of what it merges with `<<`, of several merged the first.
#[must_use]
pub fn entry<'t>(mapping: Mapping<'t>, key: &str) -> Option<Entry<'t>> {
    merged(mapping, key, 0)
}

/// Merges nest no deeper than a file can be read.
const MERGES: usize = 200;

fn merged<'t>(mapping: Mapping<'t>, key: &str, depth: usize) -> Option<Entry<'t>> {
    mapping.get(key).or_else(|| {
        let merges = mapping.entries().rev();
        let mut merges = merges.filter(|e| depth < MERGES && e.key_text() == Some("<<"));
        merges.find_map(|e| {
            let value = e.value.resolved();
            let below = |node: Node<'t>| merged(node.resolved().as_mapping()?, key, depth + 1);
            match value.as_sequence() {
                Some(list) => list.items().find_map(below),
                None => below(value),
            }
        })
    })
}

/// The value at a path of keys below a mapping, aliases and merges followed.
#[must_use]
pub fn value<'t>(mapping: Mapping<'t>, path: &[&str]) -> Option<Node<'t>> {
    let (first, rest) = path.split_first()?;
    let value = entry(mapping, first)?.value.resolved();
    if rest.is_empty() {
        return Some(value);
    }
    self::value(value.as_mapping()?, rest)
}

const TEXTS: &[(&str, &[&str], Reading)] = &[
    ("when", &["when"], Reading::When),
    ("prompt", &["prompt"], Reading::Prose),
    ("systemPrompt", &["systemPrompt"], Reading::Prose),
    ("bash", &["bash"], Reading::Bash),
    ("script", &["script"], Reading::Script),
    ("input", &["input"], Reading::Value),
    ("fan_out.items", &["fan_out", "items"], Reading::Value),
    ("cancel", &["cancel"], Reading::Prose),
    ("approval.message", &["approval", "message"], Reading::Prose),
    (
        "approval.on_reject.prompt",
        &["approval", "on_reject", "prompt"],
        Reading::Prose,
    ),
    ("loop.prompt", &["loop", "prompt"], Reading::Prose),
    ("loop.until_bash", &["loop", "until_bash"], Reading::Bash),
    (
        "loop_group.until_bash",
        &["loop_group", "until_bash"],
        Reading::Bash,
    ),
];

/// Every text of a node in which references are read, in the order of the fields.
#[must_use]
pub fn texts<'t>(tree: &'t Tree, step: &Step) -> Vec<NodeText<'t>> {
    let Some(mapping) = mapping(tree, step) else {
        return Vec::new();
    };
    let mut all: Vec<NodeText<'t>> = TEXTS
        .iter()
        .filter_map(|(field, path, reading)| {
            Some(NodeText {
                field,
                reading: *reading,
                scalar: value(mapping, path)?.as_scalar()?,
            })
        })
        .collect();
    let below = |key: &str| value(mapping, &[key]).and_then(Node::as_mapping);
    for agent in below("agents").iter().flat_map(|m| m.entries()) {
        for key in ["description", "prompt"] {
            let inner = agent.value.resolved().as_mapping();
            all.extend(
                inner
                    .and_then(|m| value(m, &[key])?.as_scalar())
                    .map(|scalar| NodeText {
                        field: "agents",
                        reading: Reading::Prose,
                        scalar,
                    }),
            );
        }
    }
    for entry in below("with").iter().flat_map(|m| m.entries()) {
        let value = entry.value.resolved();
        let from = || self::value(value.as_mapping()?, &["from"])?.as_scalar();
        all.extend(value.as_scalar().or_else(from).map(|scalar| NodeText {
            field: "with",
            reading: Reading::Value,
            scalar,
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Dialect, MemoryWorld, load_as};

    #[test]
    fn a_body_sees_what_its_group_waits_for_and_every_reference_has_its_place() {
        let text = "name: n\ndescription: d\nnodes:\n  - {id: a, bash: x}\n  - id: g\n    depends_on: [a]\n    loop_group:\n      until: D\n      max_iterations: 2\n      nodes:\n        - {id: b, prompt: \"By $a.output.k\"}\n        - {id: c, depends_on: [b], when: \"$b.ok == 'x' && $a.output == 'y'\", bash: x}\n";
        let mut world = MemoryWorld::new();
        world.add_file("/w.yaml", text);
        let loaded = load_as(&world, Path::new("/w.yaml"), Dialect::Archon);
        let workflow = loaded.workflow.as_ref().expect("a model");
        let dag = Dag::new(workflow);
        let names: Vec<&str> = dag.nodes.iter().map(|n| n.step.name.as_str()).collect();
        assert_eq!(names, ["a", "g", "b", "c"]);
        assert_eq!(dag.before(3).into_iter().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(dag.find(3, "a"), Some(0));
        assert_eq!(dag.visible(3), ["b", "c", "a", "g"]);
        let tree = &loaded.sources.iter().next().expect("a file").1.tree;
        let found: Vec<&str> = texts(tree, dag.nodes[3].step)
            .iter()
            .flat_map(|t| t.references().into_iter().map(move |r| t.span(r.node_span)))
            .map(|span| &text[std::ops::Range::<usize>::from(span)])
            .collect();
        assert_eq!(found, ["b", "a"]);
    }
}
