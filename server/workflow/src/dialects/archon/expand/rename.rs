//! Ids of an included workflow get the include's id in front, and everything that names them follows.

use fermata_expr::archon::reference::{self, NodeRef};
use serde_json::{Value, json};

use super::super::structure::id;
use super::texts::{self, Slot};
use super::{Graph, Uses};

/// New names for what a node names.
struct Names<'n> {
    /// Of a dependency; one can become several.
    dependency: &'n dyn Fn(&str) -> Option<Vec<String>>,
    /// Of a node whose output is read.
    output: &'n dyn Fn(&str) -> Option<String>,
    /// Of a node whose output of the iteration before is read.
    before: &'n dyn Fn(&str) -> Option<String>,
}

/// The names that the outermost nodes of a graph get inside an include.
pub(super) struct Renaming<'i> {
    ids: Vec<String>,
    include: &'i str,
}

impl<'i> Renaming<'i> {
    pub(super) fn new(child: &Graph, include: &'i str) -> Self {
        let ids = child.nodes.iter().map(|n| id(n).to_owned()).collect();
        Self { ids, include }
    }

    /// `include__name` for a node of the graph.
    pub(super) fn new_name(&self, name: &str) -> Option<String> {
        let own = self.ids.iter().any(|id| id == name);
        own.then(|| format!("{}__{name}", self.include))
    }

    /// Renames an outermost node of the graph and what it names.
    pub(super) fn node(&self, node: &mut Value) {
        let new = |name: &str| self.new_name(name);
        rename(
            node,
            &Names {
                dependency: &|name| new(name).map(|n| vec![n]),
                output: &new,
                before: &new,
            },
        );
        node["id"] = json!(format!("{}__{}", self.include, id(node)));
        let marks = node.get_mut("composed").and_then(Value::as_array_mut);
        for mark in marks.into_iter().flatten() {
            mark["id"] = json!(format!("{}__{}", self.include, id(mark)));
        }
    }
}

/// Uses of include nodes by their neighbours: dependencies go to all ends of one, references to its result. Of the
/// iteration before only nodes can be read, and an include is none.
pub(super) fn include_uses(node: &mut Value, uses: &Uses) {
    rename(
        node,
        &Names {
            dependency: &|name| uses.get(name).map(|ends| ends.sinks.clone()),
            output: &|name| uses.get(name).map(|ends| ends.result.clone()),
            before: &|_| None,
        },
    );
}

/// The script that ends a group reads what stands in its body, so includes of the body, too.
pub(super) fn until_bash(group: &mut Value, inside: &Uses) {
    if let Some(Value::String(text)) = group.pointer_mut("/loop_group/until_bash") {
        *text = replaced(text, reference::node_refs(text), &|name| {
            inside.get(name).map(|ends| ends.result.clone())
        });
    }
}

/// Replaces names in a node and in its body.
fn rename(node: &mut Value, names: &Names<'_>) {
    let mut change = |slot: Slot, value: &mut Value| {
        if let Value::String(text) = value
            && slot != Slot::Default
        {
            let plain = replaced(text, reference::node_refs(text), names.output);
            *text = replaced(&plain, reference::loop_prev_refs(&plain), names.before);
        }
        Ok(())
    };
    // Renaming refuses nothing.
    let _renamed = texts::each(node, &mut change);
    if let Some(dependencies) = node.get_mut("depends_on") {
        *dependencies = renamed(dependencies, names);
    }
    if let Some(when) = node.get_mut("when") {
        condition(when, names);
    }
    if let Some(Value::String(target)) = node.pointer_mut("/context/resume")
        && let Some(name) = (names.output)(target)
    {
        *target = name;
    }
    let marks = node.get_mut("composed").and_then(Value::as_array_mut);
    for mark in marks.into_iter().flatten() {
        mark["depends_on"] = renamed(&mark["depends_on"], names);
        condition(&mut mark["when"], names);
    }
    let body = node.pointer_mut("/loop_group/nodes");
    for node in body.and_then(Value::as_array_mut).into_iter().flatten() {
        // What waits on what in a body stays inside of it.
        let dependency = &|_: &str| None;
        rename(
            node,
            &Names {
                dependency,
                ..*names
            },
        );
    }
}

fn renamed(dependencies: &Value, names: &Names<'_>) -> Value {
    let old = dependencies.as_array().into_iter().flatten();
    old.filter_map(Value::as_str)
        .flat_map(|name| (names.dependency)(name).unwrap_or_else(|| vec![name.to_owned()]))
        .collect()
}

fn condition(when: &mut Value, names: &Names<'_>) {
    if let Value::String(text) = when {
        *text = replaced(text, reference::dotted_refs(text), names.output);
    }
}

fn replaced(text: &str, refs: Vec<NodeRef>, new: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in refs {
        if let Some(name) = new(&found.node) {
            out.push_str(&text[from..found.node_span.start]);
            out.push_str(&name);
            from = found.node_span.end;
        }
    }
    out.push_str(&text[from..]);
    out
}
