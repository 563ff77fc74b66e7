//! Which files are workflows, and of which dialect: by modeline, by place, by
//! top-level keys (design/protocol.md, the end of "Language server"). Never
//! guesses by extension.

use std::path::Path;

use fermata_syntax::{Node, Tree};

use crate::model::Dialect;

/// Mode keys of Archon nodes: a node has exactly one.
const ARCHON_MODES: &[&str] = &[
    "command",
    "prompt",
    "bash",
    "script",
    "loop",
    "loop_group",
    "approval",
    "cancel",
    "include",
    "workflow",
];

/// The dialect of a file, or `None` when it is no workflow.
#[must_use]
pub fn dialect(path: &Path, tree: &Tree) -> Option<Dialect> {
    by_modeline(tree)
        .or_else(|| by_place(path))
        .or_else(|| by_keys(tree))
}

/// Whether a file can be a workflow at all, by its words alone: what says no here need not be parsed to be told from one.
#[must_use]
pub fn is_possible(path: &Path, bytes: &[u8]) -> bool {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    by_place(path).is_some() || has(b"fermata:") || has(b"nodes") || has(b"workflow")
}

/// `# fermata: conductor` or `# fermata: archon`, anywhere in the file's comments.
#[must_use]
pub fn by_modeline(tree: &Tree) -> Option<Dialect> {
    tree.comments().iter().find_map(|comment| {
        let word = comment
            .text
            .trim()
            .strip_prefix("fermata:")?
            .split_whitespace()
            .next()?;
        match word {
            "conductor" => Some(Dialect::Conductor),
            "archon" => Some(Dialect::Archon),
            _ => None,
        }
    })
}

/// Files under `.archon/workflows/`.
#[must_use]
pub fn by_place(path: &Path) -> Option<Dialect> {
    let mut before = None;
    for part in path.parent()?.components() {
        let part = part.as_os_str();
        if before.is_some_and(|b| b == ".archon") && part == "workflows" {
            return Some(Dialect::Archon);
        }
        before = Some(part);
    }
    None
}

/// Archon: `nodes:` whose items have `id` and a mode key. Conductor: a
/// `workflow:` mapping and one of `agents:`, `parallel:`, `for_each:`.
#[must_use]
pub fn by_keys(tree: &Tree) -> Option<Dialect> {
    let root = tree.root()?.as_mapping()?;
    let has = |key: &str| root.get(key).is_some();
    if root
        .get("workflow")
        .is_some_and(|e| e.value.as_mapping().is_some())
        && (has("agents") || has("parallel") || has("for_each"))
    {
        return Some(Dialect::Conductor);
    }
    let nodes = root.get("nodes")?.value.as_sequence()?;
    nodes.items().any(is_archon_node).then_some(Dialect::Archon)
}

fn is_archon_node(node: Node<'_>) -> bool {
    node.as_mapping().is_some_and(|map| {
        map.get("id").is_some() && ARCHON_MODES.iter().any(|mode| map.get(mode).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_to_be_a_workflow_was_possible_before_it_was_parsed() {
        let cases = [
            ("/w.yaml", "workflow: {name: x}\nagents: []\n", true),
            ("/w.yaml", "nodes: [{id: a, bash: x}]\n", true),
            ("/w.yaml", "#  fermata: archon\n", true),
            ("/.archon/workflows/w.yaml", "", true),
            ("/w.yaml", "services: {web: {image: nginx}}\n", false),
        ];
        for (path, text, expected) in cases {
            let path = Path::new(path);
            let found = dialect(path, &fermata_syntax::parse(text)).is_some();
            assert_eq!(found, expected, "{text}");
            assert_eq!(is_possible(path, text.as_bytes()), expected, "{text}");
        }
    }
}
