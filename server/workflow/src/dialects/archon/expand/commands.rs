//! Commands of an included workflow become prompts, so that what they refer to can be renamed with the rest.

use fermata_expr::archon::{js, reference};
use serde_json::{Value, json};

use super::super::file::Parsed;
use super::super::structure::{self, body, id};
use super::{ExpandError, Library};

/// What is needed to put the texts of commands into the nodes of one include.
pub(super) struct Inlining<'i> {
    /// The ids of its outermost nodes.
    ids: Vec<String>,
    include: &'i Value,
    file: &'i Parsed,
    library: &'i dyn Library,
}

impl<'i> Inlining<'i> {
    pub(super) fn new(
        nodes: &[Value],
        include: &'i Value,
        file: &'i Parsed,
        library: &'i dyn Library,
    ) -> Self {
        let ids = nodes.iter().map(|n| id(n).to_owned()).collect();
        Self {
            ids,
            include,
            file,
            library,
        }
    }

    /// Puts the text of its command into an outermost node, and of their commands into the nodes of its body.
    pub(super) fn top(&self, node: &mut Value) -> Result<(), ExpandError> {
        one(node, "", &self.ids, self)
    }
}

fn one(
    node: &mut Value,
    around: &str,
    visible: &[String],
    inlining: &Inlining<'_>,
) -> Result<(), ExpandError> {
    let Inlining {
        include,
        file,
        library,
        ..
    } = inlining;
    let own = format!("{around}{}", id(node));
    let inner: Vec<String> = body(node)
        .unwrap_or_default()
        .iter()
        .map(|n| id(n).to_owned())
        .collect();
    if let Some(Value::Array(nodes)) = node.get_mut("loop_group").and_then(|g| g.get_mut("nodes")) {
        let visible: Vec<String> = visible.iter().cloned().chain(inner).collect();
        let within = format!("{own} → ");
        for node in nodes {
            one(node, &within, &visible, inlining)?;
        }
    }
    let Some(name) = node
        .get("source")
        .filter(|s| structure::text(s, "kind") == "command")
        .map(|s| structure::text(s, "name").to_owned())
    else {
        return Ok(());
    };
    let (at, target) = (id(include), file.name.as_str());
    let mentions = [at, target, own.as_str(), name.as_str()];
    let Some(text) = library.command(target, &name) else {
        let message = format!(
            "'{target}' needs the command '{name}' for its node '{own}', and there is no such file"
        );
        return Err(ExpandError::new(
            "include-command-missing",
            at,
            "include",
            &mentions,
            message,
        ));
    };
    if js::trim(&text).is_empty() {
        let message = format!(
            "'{target}' needs the command '{name}' for its node '{own}', and the file is empty"
        );
        return Err(ExpandError::new(
            "include-command-empty",
            at,
            "include",
            &mentions,
            message,
        ));
    }
    if let Some(far) = reference::node_refs(&text)
        .into_iter()
        .find(|r| r.node != reference::INPUTS && !visible.contains(&r.node))
    {
        let word = format!("${}.output", far.node);
        let message = format!(
            "The command '{name}' reads '{word}', which is no node of '{target}'; hand it in through `with`"
        );
        return Err(ExpandError::new(
            "include-command-escapes",
            at,
            "include",
            &[at, target, &own, &name, &word],
            message,
        ));
    }
    let with = node.get("source").and_then(|s| s.get("with")).cloned();
    let mut source = json!({"kind": "inline", "prompt": text});
    if let (Some(with), Some(map)) = (with, source.as_object_mut()) {
        map.insert("with".into(), with);
    }
    node["source"] = source;
    Ok(())
}
