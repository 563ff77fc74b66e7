//! What Archon's loop rules ask of a loop or a loop_group: who works in it, whose verdict ends it, and what else could.

use fermata_workflow::flow::{FieldClass, field_class};
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Edit, Loc, edits};
use serde_json::Value;

use crate::nodes::{self, Nodes};
use crate::signals::LoopTexts;

/// A loop that ends by what an agent says of the work.
pub(crate) struct Judged {
    /// The agent that says it.
    pub(crate) judge: usize,
    /// Agents of the body that have worked before, in file order; none in a `loop`, whose agent judges itself.
    pub(crate) workers: Vec<usize>,
    /// The field that decides; `None` for a signal, and for an output as a whole.
    pub(crate) field: Option<String>,
    /// Where the verdict is asked for.
    pub(crate) loc: Loc,
    /// Whether a person is asked on the way round.
    pub(crate) asks: bool,
    /// Whether a score, or something that no agent says, ends it too.
    pub(crate) decides: bool,
}

/// The verdict of a loop, if it is an agent's.
pub(crate) fn read(nodes: &Nodes<'_>, found: &LoopTexts) -> Option<Judged> {
    let asks = nodes::is_set(&found.raw, &["interactive"])
        || found
            .members
            .iter()
            .any(|n| matches!(nodes.dag.nodes[*n].kind, ArchonKind::Approval { .. }));
    if found.key == "loop" {
        let field = nodes::text(&found.raw, &["until_field"])?;
        return Some(Judged {
            judge: found.node,
            workers: Vec::new(),
            field: Some(field.to_owned()),
            loc: nodes.place(found.node, &["loop", "until_field"])?,
            asks,
            decides: found.raw.get("until_bash").is_some(),
        });
    }
    let shell = shell(nodes, found);
    let sink = || {
        let loc = nodes.place(found.node, &["loop_group", "until"])?;
        let sink = sinks(nodes, found.node).into_iter().next()?;
        (is_agent(nodes, sink) && !found.signal.trim().is_empty()).then_some((sink, None, loc))
    };
    let scored = shell.iter().any(|r| r.class == FieldClass::Score);
    let fact = found.raw.get("until_bash").is_some() && shell.is_empty();
    let asked = shell
        .into_iter()
        .find(|r| r.class != FieldClass::Score)
        .map(|r| (r.node, r.field, r.loc));
    let (judge, field, loc) = asked.or_else(sink)?;
    let before = nodes.dag.before(judge);
    let workers = nodes
        .dag
        .list(Some(found.node))
        .map(|(n, _)| n)
        .filter(|n| before.contains(n) && is_agent(nodes, *n))
        .collect();
    Some(Judged {
        judge,
        workers,
        field,
        loc,
        asks,
        decides: scored || fact,
    })
}

/// Whether an agent works at a node.
pub(crate) fn is_agent(nodes: &Nodes<'_>, node: usize) -> bool {
    matches!(
        nodes.dag.nodes[node].kind,
        ArchonKind::Prompt { .. } | ArchonKind::Command { .. } | ArchonKind::Loop(_)
    )
}

/// Nodes of a group's body on which no other one waits: the first that completes gives the group's output.
pub(crate) fn sinks(nodes: &Nodes<'_>, group: usize) -> Vec<usize> {
    let body: Vec<usize> = nodes.dag.list(Some(group)).map(|(n, _)| n).collect();
    let waited = |n: usize| {
        let name = nodes.dag.nodes[n].step.name.trim();
        body.iter().any(|other| {
            let waits = &nodes.dag.nodes[*other].settings.depends_on;
            waits.iter().any(|d| d.as_str() == name)
        })
    };
    body.iter().copied().filter(|n| !waited(*n)).collect()
}

/// What `until_bash` reads of an agent.
struct Verdict {
    node: usize,
    field: Option<String>,
    class: FieldClass,
    loc: Loc,
}

fn shell(nodes: &Nodes<'_>, found: &LoopTexts) -> Vec<Verdict> {
    let texts = nodes.texts(found.node);
    let Some(text) = texts.iter().find(|t| t.field == "loop_group.until_bash") else {
        return Vec::new();
    };
    let body = |name: &str| nodes.dag.beside(Some(found.node), name);
    let references = text.references().into_iter();
    references
        .filter_map(|r| {
            let node = body(&r.node).filter(|n| is_agent(nodes, *n))?;
            Some(Verdict {
                node,
                class: r.field.as_deref().map_or(FieldClass::Other, |field| {
                    class(field, property(nodes, node, field))
                }),
                loc: nodes::at(text.span(r.span.clone())),
                field: r.field,
            })
        })
        .collect()
}

/// What a node declares of a field of its output.
pub(crate) fn property<'w>(nodes: &Nodes<'w>, node: usize, field: &str) -> Option<&'w Value> {
    declared(nodes, node)?.get(field)
}

/// The fields that a node declares.
pub(crate) fn declared<'w>(
    nodes: &Nodes<'w>,
    node: usize,
) -> Option<&'w serde_json::Map<String, Value>> {
    let format = nodes.dag.nodes[node].settings.output_format.as_ref()?;
    format.value.get("properties")?.as_object()
}

/// Score, flag or neither, by declared type and then by name.
pub(crate) fn class(name: &str, declared: Option<&Value>) -> FieldClass {
    match declared.and_then(|d| d.get("type")?.as_str()) {
        Some("number" | "integer") => FieldClass::Score,
        Some("boolean") => FieldClass::Flag,
        Some("array" | "object") => FieldClass::Other,
        _ => field_class(name, None),
    }
}

/// The loop's way as a person would name it: `draft → review → draft`.
pub(crate) fn way(nodes: &Nodes<'_>, judged: &Judged) -> String {
    let name = |n: &usize| nodes.dag.nodes[*n].step.name.trim();
    let first = judged.workers.first().map(&name);
    let all = judged.workers.iter().chain([&judged.judge]).map(name);
    all.chain(first).collect::<Vec<_>>().join(" → ")
}

/// Lets a group end once a whole-numbered score is high enough, besides by what ends it now.
pub(crate) fn end_on_score(
    nodes: &Nodes<'_>,
    found: &LoopTexts,
    judge: usize,
    score: &str,
    enough: f64,
) -> Option<Vec<Edit>> {
    let whole = property(nodes, judge, score)?.get("type")? == "integer" && enough.fract() == 0.0;
    let name = nodes.dag.nodes[judge].step.name.trim();
    if !whole || found.key != "loop_group" {
        return None;
    }
    let test = format!("test ${name}.output.{score} -ge {enough}");
    if let Some(loc) = nodes.place(found.node, &["loop_group", "until_bash"]) {
        let written = nodes::text(&found.raw, &["until_bash"])?.trim();
        let source = &nodes.tree.text()[std::ops::Range::<usize>::from(loc.span)];
        // Only what stands on one line without quotes can be written around.
        let plain = source == written && !source.contains(['#', ':', '\n']);
        return plain.then(|| {
            vec![Edit {
                span: loc.span,
                text: format!("({written}) || {test}"),
            }]
        });
    }
    let key = nodes.key(found.node, &["loop_group", "until"])?;
    let edit = edits::entry_after(nodes.tree, key.span, &format!("until_bash: {test}"))?;
    Some(vec![edit])
}
