//! Commands of an included workflow become prompts, so that what they refer to can be renamed with the rest.

use fermata_expr::archon::reference;
use serde_json::{Value, json};

use super::super::file::Parsed;
use super::super::structure::{self, body, id};
use super::{ExpandError, Library};

/// Puts the text of every command into its node.
pub(super) fn inline(
    nodes: &mut [Value],
    include: &Value,
    file: &Parsed,
    library: &dyn Library,
) -> Result<(), ExpandError> {
    let ids: Vec<String> = nodes.iter().map(|n| id(n).to_owned()).collect();
    for node in nodes {
        one(node, &ids, include, file, library)?;
    }
    Ok(())
}

fn one(
    node: &mut Value,
    visible: &[String],
    include: &Value,
    file: &Parsed,
    library: &dyn Library,
) -> Result<(), ExpandError> {
    let inner: Vec<String> = body(node)
        .unwrap_or_default()
        .iter()
        .map(|n| id(n).to_owned())
        .collect();
    if let Some(Value::Array(nodes)) = node.get_mut("loop_group").and_then(|g| g.get_mut("nodes")) {
        let visible: Vec<String> = visible.iter().cloned().chain(inner).collect();
        for node in nodes {
            one(node, &visible, include, file, library)?;
        }
    }
    let Some(name) = node
        .get("source")
        .filter(|s| structure::text(s, "kind") == "command")
        .map(|s| structure::text(s, "name").to_owned())
    else {
        return Ok(());
    };
    let (at, target, own) = (id(include), file.name.as_str(), id(node).to_owned());
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
    if text.trim().is_empty() {
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
        let word = &text[far.span];
        let message = format!(
            "The command '{name}' reads '{word}', which is no node of '{target}'; hand it in through `with`"
        );
        return Err(ExpandError::new(
            "include-command-escapes",
            at,
            "include",
            &[at, target, &own, &name, word],
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
