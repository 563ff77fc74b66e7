//! Completion on an Archon file: keys where a key can stand, ids in `depends_on`, names of commands, scripts, workflows
//! and aliases, the words of closed lists, and `$references` with the fields that their node declares.

use fermata_expr::archon::schema::{self, Mode};
use fermata_syntax::{Offset, Span, Tree};
use fermata_workflow::Workflow;
use fermata_workflow::dag::{self, Dag};
use fermata_workflow::model::ArchonKind;

use super::words::VARIABLES;
use crate::completion::{
    Completion, CompletionKind, line_before, mapping_path, present_keys, value_path, word_before,
};
use crate::describe::Subject;
use crate::place::place;
use crate::snapshot::Snapshot;

/// What can stand at an offset, the likeliest first.
pub(crate) fn completions(snapshot: &Snapshot, offset: Offset) -> Vec<Completion> {
    let (Some(tree), Some(workflow)) = (snapshot.tree(), snapshot.workflow()) else {
        return Vec::new();
    };
    let dag = Dag::new(workflow);
    if let Some(found) = reference(tree, workflow, &dag, offset) {
        return found;
    }
    let word = word_before(tree.text(), offset);
    let here = place(tree, offset);
    let line = line_before(tree.text(), offset);
    let path = match line.split_once(':') {
        Some((key, _)) => value_path(tree, word, key, &here),
        // An item of a list of names; items of other lists are maps, whose keys are meant.
        None if here.path.ends_with("[]") && super::model(&here.path).is_none() => {
            here.path.clone()
        }
        None => return keys(tree, offset, &here, word),
    };
    values(snapshot, workflow, &dag, &path, offset, word)
}

fn item(label: &str, kind: CompletionKind, detail: &str, span: Span) -> Completion {
    Completion {
        label: label.to_owned(),
        kind,
        detail: Some(detail.to_owned()),
        about: None,
        span,
        insert: None,
    }
}

/// A node's id.
fn node_item(node: &dag::DagNode<'_>, span: Span) -> Completion {
    let id = node.step.name.trim();
    Completion {
        about: Some(Subject::Step(id.to_owned())),
        ..item(id, CompletionKind::Step, node.kind.word(), span)
    }
}

/// Inside a `$…` chain: ids and variables, then `output`, then fields.
fn reference(
    tree: &Tree,
    workflow: &Workflow,
    dag: &Dag<'_>,
    offset: Offset,
) -> Option<Vec<Completion>> {
    let text = tree.text();
    let end = usize::from(offset).min(text.len());
    let before = &text[..end];
    let start =
        before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
    let chain = before[start..].strip_prefix('$')?;
    let node = super::node_at(dag, offset)?;
    let (lead, typed) = chain.rsplit_once('.').unwrap_or(("", chain));
    let span = Span::new(Offset::try_from(end - typed.len()).ok()?, offset);
    let name = |label: &str, detail: &str| item(label, CompletionKind::Name, detail, span);
    let parts: Vec<&str> = lead.split('.').filter(|p| !p.is_empty()).collect();
    let found = match parts.as_slice() {
        [] => {
            let before = dag.before(node);
            let mut ids: Vec<(bool, Completion)> = dag
                .visible(node)
                .into_iter()
                .filter(|id| *id != dag.nodes[node].step.name.trim())
                .filter_map(|id| {
                    let at = dag.find(node, id)?;
                    let late = !before.contains(&at);
                    let detail = if late {
                        format!("{} · need not have run before", dag.nodes[at].kind.word())
                    } else {
                        dag.nodes[at].kind.word().to_owned()
                    };
                    let found = Completion {
                        detail: Some(detail),
                        insert: Some(format!("{id}.output")),
                        ..node_item(&dag.nodes[at], span)
                    };
                    Some((late, found))
                })
                .collect();
            ids.sort_by_key(|(late, _)| *late);
            let inputs =
                (!workflow.inputs.is_empty()).then(|| name("INPUTS", "inputs of the workflow"));
            ids.into_iter()
                .map(|(_, c)| c)
                .chain(inputs)
                .chain(VARIABLES.iter().map(|(v, meaning)| name(v, meaning)))
                .collect()
        }
        ["INPUTS"] => workflow
            .inputs
            .keys()
            .map(|input| Completion {
                about: Some(Subject::Input(input.clone())),
                ..name(input, "input")
            })
            .collect(),
        ["LOOP_PREV"] => dag
            .list(dag.nodes[node].group)
            .map(|(_, n)| name(n.step.name.trim(), n.kind.word()))
            .collect(),
        [_] | ["LOOP_PREV", _] => vec![name("output", "what the node yielded")],
        [id, "output"] | ["LOOP_PREV", id, "output"] => fields(&dag.nodes[dag.find(node, id)?])
            .into_iter()
            .map(|(field, kind)| name(&field, &kind))
            .collect(),
        _ => Vec::new(),
    };
    Some(found)
}

/// The fields of a node's output, as far as they are declared.
fn fields(node: &dag::DagNode<'_>) -> Vec<(String, String)> {
    if let ArchonKind::Approval { raw, .. } = node.kind
        && raw.get("decisions").is_some()
    {
        return vec![
            ("decision".to_owned(), "id of the decision".to_owned()),
            ("text".to_owned(), "what the person wrote".to_owned()),
        ];
    }
    let properties = node
        .settings
        .output_format
        .as_ref()
        .and_then(|f| f.value.get("properties")?.as_object());
    properties
        .into_iter()
        .flatten()
        .map(|(field, declared)| {
            let kind = declared
                .get("type")
                .and_then(|t| t.as_str())
                .unwrap_or("field");
            (field.clone(), kind.to_owned())
        })
        .collect()
}

fn values(
    snapshot: &Snapshot,
    workflow: &Workflow,
    dag: &Dag<'_>,
    path: &str,
    offset: Offset,
    word: Span,
) -> Vec<Completion> {
    let around = &snapshot.loaded.surroundings;
    let node = super::node_at(dag, offset);
    let last = path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .trim_end_matches("[]");
    let inside = path.contains("nodes[]");
    let names = |names: Vec<&str>, detail: &str, about: fn(String) -> Subject| {
        names
            .into_iter()
            .map(|name| Completion {
                about: Some(about(name.to_owned())),
                ..item(name, CompletionKind::Step, detail, word)
            })
            .collect::<Vec<_>>()
    };
    match last {
        "depends_on" | "resume" if inside => {
            let own = node.map(|n| dag.nodes[n].step.name.trim());
            let group = node.and_then(|n| dag.nodes[n].group);
            dag.list(group)
                .filter(|(_, n)| Some(n.step.name.trim()) != own)
                .map(|(_, n)| node_item(n, word))
                .collect()
        }
        "returns" if !inside => dag.list(None).map(|(_, n)| node_item(n, word)).collect(),
        "command" if inside => names(
            around.commands.keys().map(String::as_str).collect(),
            "command",
            Subject::Command,
        ),
        "script" if inside => names(
            around.scripts.keys().map(String::as_str).collect(),
            "script",
            Subject::Script,
        ),
        "include" | "workflow" if inside => {
            let own = workflow.name.as_str();
            let others = around
                .workflows
                .keys()
                .map(String::as_str)
                .filter(|n| *n != own);
            names(others.collect(), "workflow", Subject::Workflow)
        }
        "provider" => fermata_workflow::dialects::archon::PROVIDERS
            .iter()
            .map(|name| item(name, CompletionKind::Step, "provider", word))
            .collect(),
        "model" => {
            let tiers =
                ["small", "medium", "large"].map(|t| item(t, CompletionKind::Word, "tier", word));
            let aliases = around.aliases.iter().map(|alias| Completion {
                // `@` cannot begin a plain text.
                insert: Some(format!("\"{alias}\"")),
                ..item(alias, CompletionKind::Word, "alias", word)
            });
            tiers.into_iter().chain(aliases).collect()
        }
        _ => super::key(path).map_or_else(Vec::new, |key| {
            super::choices(&key.kind)
                .iter()
                .map(|label| item(label, CompletionKind::Word, key.name, word))
                .collect()
        }),
    }
}

fn keys(tree: &Tree, offset: Offset, here: &crate::place::Place, word: Span) -> Vec<Completion> {
    let parent = mapping_path(tree, word);
    let Some(model) = super::model(&parent) else {
        return Vec::new();
    };
    let present = present_keys(tree, offset, here);
    let mode = std::ptr::eq(model, &raw const schema::NODE)
        .then(|| {
            schema::MODES
                .iter()
                .find(|(key, _)| present.iter().any(|p| p == key))
        })
        .flatten()
        .map(|(_, mode)| *mode);
    model
        .keys
        .iter()
        .filter(|key| !present.iter().any(|p| p == key.name))
        .filter(|key| mode.is_none_or(|mode| stands(mode, key.name)))
        .map(|key| Completion {
            label: key.name.to_owned(),
            kind: CompletionKind::Key,
            detail: Some(super::takes(&key.kind)),
            about: Some(Subject::key(&parent, key.name)),
            span: word,
            insert: Some(format!("{}: ", key.name)),
        })
        .collect()
}

/// Whether a key has an effect on a node of this kind.
fn stands(mode: Mode, key: &str) -> bool {
    if schema::MODES.iter().any(|(other, _)| *other == key) {
        return false;
    }
    let takes_values = matches!(
        mode,
        Mode::Command | Mode::Script | Mode::Include | Mode::Workflow
    );
    match key {
        "with" => takes_values,
        "isolation" | "fan_out" | "input" => mode == Mode::Workflow,
        "runtime" | "deps" => mode == Mode::Script,
        "timeout" => mode.is_exec(),
        "retry" => mode.is_agent() || mode.is_exec(),
        "idle_timeout" => mode.is_agent() || mode == Mode::Loop,
        "provider" | "model" if mode == Mode::Loop => false,
        _ => !schema::dropped(mode).contains(&key),
    }
}
