//! Loops of Archon that end by a signal in an answer, with every text that can tell the agent the signal.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use serde_json::Value;

use crate::nodes::{self, Nodes};

/// One loop or loop_group.
pub(crate) struct LoopTexts {
    /// Its node.
    pub(crate) node: usize,
    /// `loop` or `loop_group`.
    pub(crate) key: &'static str,
    /// The signal as written.
    pub(crate) signal: String,
    /// What its agents are told, as far as it is known.
    pub(crate) texts: Vec<String>,
    /// Whether every text is known.
    pub(crate) whole: bool,
    /// Whether every text is written in the file itself.
    pub(crate) inline: bool,
    /// The nodes whose texts these are.
    pub(crate) members: Vec<usize>,
    /// Everything under the key, as data.
    pub(crate) raw: Value,
}

/// Every loop with a signal, in file order.
pub(crate) fn loops(loaded: &Loaded, nodes: &Nodes<'_>) -> Vec<LoopTexts> {
    let all = nodes.dag.nodes.iter().enumerate();
    all.filter_map(|(at, node)| {
        let (key, raw): (&'static str, &Value) = match node.kind {
            ArchonKind::Loop(inner) => ("loop", &inner.raw),
            ArchonKind::LoopGroup { raw, .. } => ("loop_group", raw),
            _ => return None,
        };
        let signal = nodes::text(raw, &["until"]).filter(|s| !s.trim().is_empty());
        let mut found = LoopTexts {
            node: at,
            key,
            signal: signal.unwrap_or_default().to_owned(),
            texts: Vec::new(),
            whole: true,
            inline: true,
            members: vec![at],
            raw: raw.clone(),
        };
        if key == "loop_group" {
            let inside = |n: &usize| {
                std::iter::successors(nodes.dag.nodes[*n].group, |g| nodes.dag.nodes[*g].group)
                    .any(|g| g == at)
            };
            found
                .members
                .extend((0..nodes.dag.nodes.len()).filter(inside));
        }
        for member in found.members.clone() {
            told(loaded, nodes, member, &mut found);
        }
        Some(found)
    })
    .collect()
}

fn told(loaded: &Loaded, nodes: &Nodes<'_>, member: usize, found: &mut LoopTexts) {
    let node = &nodes.dag.nodes[member];
    let command = match node.kind {
        ArchonKind::Command { name, .. } => Some(name.trim()),
        ArchonKind::Loop(inner) => nodes::text(&inner.raw, &["command"]),
        ArchonKind::Include { .. } | ArchonKind::Workflow { .. } => {
            found.whole = false;
            found.inline = false;
            None
        }
        _ => None,
    };
    if let Some(name) = command {
        found.inline = false;
        match loaded.surroundings.command_texts.get(name) {
            Some(text) => found.texts.push(text.clone()),
            None => found.whole = false,
        }
    }
    found
        .texts
        .extend(nodes.texts(member).iter().map(|t| t.text().to_owned()));
}

/// Words of texts that hand the state over by files.
const BY_FILES: &[&str] = &[
    "ARTIFACTS_DIR",
    "STATE_DIR",
    ".md",
    ".json",
    ".txt",
    ".yaml",
    "git ",
];

/// Whether a text speaks of files, through which an iteration may learn of the one before.
pub(crate) fn names_files(text: &str) -> bool {
    BY_FILES.iter().any(|word| text.contains(word))
}
