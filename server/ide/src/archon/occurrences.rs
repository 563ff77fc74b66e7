//! Where a node's id is written: its own `id`, dependencies, references in every text, conditions, sessions to resume,
//! and what the workflow returns. Ids of bodies are told apart by their group.

use fermata_expr::archon::reference;
use fermata_syntax::{Offset, Span, Tree};
use fermata_workflow::dag::{self, Dag, Reading};
use fermata_workflow::{FileId, Workflow};

use crate::definition::Occurrence;
use crate::snapshot::Snapshot;

/// The node whose id an offset is on, with the span of that id.
pub(crate) fn target(snapshot: &Snapshot, offset: Offset) -> Option<(usize, Span)> {
    let (tree, workflow) = (snapshot.tree()?, snapshot.workflow()?);
    let dag = Dag::new(workflow);
    (0..dag.nodes.len()).find_map(|node| {
        let found = of(tree, workflow, &dag, node)
            .into_iter()
            .find(|o| o.span.contains_inclusive(offset))?;
        Some((node, found.span))
    })
}

/// Every place where a node's id is written, from top to bottom.
pub(crate) fn of(tree: &Tree, workflow: &Workflow, dag: &Dag<'_>, node: usize) -> Vec<Occurrence> {
    let mut found = Vec::new();
    let id = dag.nodes[node].step.name.trim();
    let mut add = |span: Span, defines| found.push(Occurrence { span, defines });
    for (at, other) in dag.nodes.iter().enumerate() {
        let Some(mapping) = dag::mapping(tree, other.step) else {
            continue;
        };
        let scalar = |path: &[&str]| {
            dag::value(mapping, path)?
                .as_scalar()
                .filter(|s| s.value().trim() == id)
        };
        if at == node
            && let Some(own) = scalar(&["id"])
        {
            add(inner(own), true);
        }
        if other.group == dag.nodes[node].group {
            for item in dag::value(mapping, &["depends_on"])
                .and_then(|n| n.as_sequence())
                .iter()
                .flat_map(|s| s.items())
            {
                if let Some(item) = item.as_scalar().filter(|s| s.value() == id) {
                    add(inner(item), false);
                }
            }
            if let Some(resumed) = scalar(&["context", "resume"]) {
                add(inner(resumed), false);
            }
        }
        let body = dag.nodes[node].group == Some(at);
        for text in dag::texts(tree, other.step) {
            let means = |name: &str| {
                dag.find(at, name) == Some(node)
                    // Only the program that ends a group sees its body.
                    || (body && text.field == "loop_group.until_bash" && name == id)
            };
            for reference in text.references() {
                if reference.node == id && means(&reference.node) {
                    add(text.span(reference.node_span), false);
                }
            }
            if text.reading != Reading::When {
                for reference in reference::loop_prev_refs(text.text()) {
                    let inside = dag.nodes[node].group.is_some() && means(&reference.node);
                    if reference.node == id && inside {
                        add(text.span(reference.node_span), false);
                    }
                }
            }
        }
    }
    let returns = workflow.archon.as_ref().and_then(|a| a.returns.as_ref());
    if let Some(text) = returns
        .filter(|t| dag.nodes[node].group.is_none() && t.trim() == id && t.loc.file == FileId::ROOT)
        && let Some(scalar) = text.node.and_then(|n| tree.node(n).as_scalar())
    {
        add(inner(scalar), false);
    }
    found.sort_by_key(|o| (o.span.start(), !o.defines));
    found.dedup();
    found
}

/// The id inside of quotes and blanks.
fn inner(scalar: fermata_syntax::Scalar<'_>) -> Span {
    let value = scalar.value();
    let start = value.len() - value.trim_start().len();
    scalar.source_span(start..start + value.trim().len())
}

/// The declaration of the input that an offset reads.
pub(crate) fn input(snapshot: &Snapshot, offset: Offset) -> Option<Span> {
    let (tree, workflow) = (snapshot.tree()?, snapshot.workflow()?);
    let dag = Dag::new(workflow);
    let (_, text, at) = super::text_at(tree, &dag, offset)?;
    let found = super::on(reference::input_refs(text.text()), |r| r.span.clone(), at)?;
    let input = workflow.inputs.get(&found.name)?;
    (input.name.loc.file == FileId::ROOT).then_some(input.name.loc.span)
}

/// The property that a field reference reads, where its node declares it.
pub(crate) fn field(snapshot: &Snapshot, offset: Offset) -> Option<Span> {
    let (tree, workflow) = (snapshot.tree()?, snapshot.workflow()?);
    let dag = Dag::new(workflow);
    let (node, text, at) = super::text_at(tree, &dag, offset)?;
    let found = text.references().into_iter().find(|r| {
        r.field_span
            .as_ref()
            .is_some_and(|f| f.start <= at && at <= f.end)
    })?;
    let producer = dag.nodes[dag.find(node, &found.node)?].step;
    let properties = dag::value(
        dag::mapping(tree, producer)?,
        &["output_format", "properties"],
    )?;
    Some(
        properties
            .as_mapping()?
            .get(found.field.as_deref()?)?
            .key
            .span(),
    )
}
