//! Rules about the file and its settings: R2 to R13, and the settings themselves.

use std::collections::BTreeMap;

use fermata_expr::archon::{js, names};
use indexmap::IndexMap;
use serde_json::Value;

use super::file::Parsed;
use super::findings::Findings;
use super::{place, providers};
use crate::data::{Datum, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

/// Settings of a workflow that go down into its nodes, with the name they have there.
pub(super) const PUSHED: &[(&str, &str)] = &[
    ("provider", "provider"),
    ("model", "model"),
    ("effort", "effort"),
    ("thinking", "thinking"),
    ("fallbackModel", "fallbackModel"),
    ("betas", "betas"),
    ("sandbox", "sandbox"),
    ("persist_sessions", "persist_session"),
];

pub(super) fn error(
    code: &'static str,
    rule: &'static str,
    loc: Loc,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::new(code, Severity::Error, loc, message).upstream(rule)
}

pub(super) fn not_a_mapping(what: &str, loc: Loc) -> Diagnostic {
    error(
        "not-a-mapping",
        "R2",
        loc,
        format!("A workflow is a map with `name`, `description` and `nodes`, this is {what}"),
    )
}

/// R3 to R6: what every workflow needs.
pub(super) fn check(map: &Map, at: Loc, findings: &mut Findings) {
    for (key, code, rule) in [
        ("name", "missing-name", "R3"),
        ("description", "missing-description", "R4"),
    ] {
        let value = map.get(key);
        if value
            .and_then(Datum::text)
            .is_none_or(|t| t.value.is_empty())
        {
            let loc = map.field(key).map_or(at, |f| {
                if f.value.is_null() {
                    f.key.loc
                } else {
                    f.value.loc
                }
            });
            let found = value.map_or("nothing", Datum::word);
            findings.file(error(
                code,
                rule,
                loc,
                format!("A workflow needs a text as its `{key}`, found {found}"),
            ));
        }
    }
    // An empty list of steps is just a key without meaning.
    if let Some(steps) = map
        .field("steps")
        .filter(|f| f.value.list().is_some_and(|l| !l.is_empty()))
    {
        let message =
            "`steps` is the form of old versions; write `nodes` that depend on each other";
        findings.file(error("steps-removed", "R5", steps.key.loc, message));
    }
    let nodes = map.field("nodes");
    if nodes.is_none_or(|f| f.value.list().is_none_or(<[Datum]>::is_empty)) {
        let found = nodes.map_or("nothing", |f| f.value.word());
        let message =
            format!("A workflow needs a list of `nodes` with at least one node, found {found}");
        findings.file(error(
            "missing-nodes",
            "R6",
            nodes.map_or(at, |f| f.key.loc),
            message,
        ));
    }
}

/// The workflow's provider; an empty text names none.
fn named_provider(map: &Map) -> Option<&crate::source::Text> {
    map.text("provider").filter(|t| !t.value.is_empty())
}

/// R7 to R10: providers, and sessions that go from node to node.
pub(super) fn providers(
    map: &Map,
    nodes: &[Value],
    written: &BTreeMap<String, Datum>,
    findings: &mut Findings,
) {
    let registered = providers::REGISTERED;
    let list = registered.join(", ");
    if let Some(text) = named_provider(map).filter(|t| !registered.contains(&t.value.as_str())) {
        findings.graph(error(
            "unknown-provider",
            "R7",
            text.loc,
            super::structure::suggest(
                format!("There is no provider '{}'; there are {list}", text.value),
                &text.value,
                registered.iter().copied(),
            ),
        ));
    }
    let place_of =
        |id: &str, field: &str| written.get(id).map(|d| place::of(d, &place::dotted(field)));
    let provider_of = |node: &Value| {
        node.get("provider")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let workflow = named_provider(map).map(|t| t.value.clone());
    for node in nodes {
        let id = node.get("id").and_then(Value::as_str).unwrap_or_default();
        let Some(own) = provider_of(node).filter(|own| !registered.contains(&own.as_str())) else {
            continue;
        };
        let Some(loc) = place_of(id, "provider") else {
            continue;
        };
        let message = super::structure::suggest(
            format!("There is no provider '{own}'; there are {list}"),
            &own,
            registered.iter().copied(),
        );
        findings.graph(error("unknown-node-provider", "R8", loc, message).step(id));
    }
    for node in nodes {
        let id = node.get("id").and_then(Value::as_str).unwrap_or_default();
        let Some(target) = node
            .get("context")
            .and_then(|c| c.get("resume"))
            .and_then(Value::as_str)
        else {
            continue;
        };
        let Some(source) = nodes
            .iter()
            .find(|n| n.get("id").and_then(Value::as_str) == Some(target))
            .filter(|n| n.get("include").is_none())
        else {
            continue;
        };
        // Where the file names no provider, the configuration of the machine does, and nothing can be said here.
        let mine = provider_of(node).or_else(|| workflow.clone());
        let theirs = provider_of(source).or_else(|| workflow.clone());
        let Some(loc) = place_of(id, "context.resume") else {
            continue;
        };
        let known = match (&mine, &theirs) {
            (Some(mine), Some(theirs)) if mine != theirs => {
                let message = format!(
                    "'{target}' runs on {theirs} and this node on {mine}; a session stays with its provider"
                );
                findings.graph(error("resume-provider-differs", "R9", loc, message).step(id));
                continue;
            }
            _ => mine.or(theirs),
        };
        if let Some(known) =
            known.filter(|k| registered.contains(&k.as_str()) && !providers::forks_sessions(k))
        {
            let message = format!("{known} cannot go on from another node's session");
            findings.graph(error("resume-provider-no-fork", "R9", loc, message).step(id));
        }
    }
    for node in nodes {
        let id = node.get("id").and_then(Value::as_str).unwrap_or_default();
        let fresh = node.get("context").is_some_and(|c| c == "fresh");
        if node.get("kind").is_none_or(|k| k != "agent") || fresh {
            continue;
        }
        let kept = match node.get("persist_session") {
            Some(own) => own == &Value::Bool(true),
            None => map
                .get("persist_sessions")
                .is_some_and(|d| matches!(d.shape, Shape::Bool(true))),
        };
        let provider = provider_of(node).or_else(|| workflow.clone());
        let unable = provider
            .filter(|p| registered.contains(&p.as_str()) && !providers::resumes_sessions(p));
        if let (true, Some(provider), Some(loc)) = (kept, unable, place_of(id, "provider")) {
            let message = format!(
                "'{provider}' cannot resume sessions, so none can be kept; take `persist_session` away"
            );
            findings.graph(error("persist-session-unsupported", "R10", loc, message).step(id));
        }
    }
}

/// R11 and R12.
pub(super) fn late(map: &Map, findings: &mut Findings) {
    if let Some(field) = map.field("evidence_policy") {
        let sound = field.value.map().is_some_and(|m| {
            m.get("required")
                .is_some_and(|d| matches!(d.shape, Shape::Bool(_)))
        });
        if !sound {
            let message =
                "`evidence_policy` must be a map with `required: true` or `required: false`";
            findings.graph(error("bad-evidence-policy", "R11", field.key.loc, message));
        }
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, spec) in map.map("inputs").into_iter().flat_map(Map::iter) {
        // A declaration that is dropped is in nobody's way.
        if super::top_warnings::input_problem(&name.value, spec).is_some() {
            continue;
        }
        let key = names::env_key(&name.value);
        if let Some(other) = seen.insert(key.clone(), &name.value) {
            let message = format!(
                "The inputs '{other}' and '{}' both become the variable {key}; rename one",
                name.value
            );
            findings.graph(error("inputs-env-collision", "R12", name.loc, message));
        }
    }
}

/// The settings, as far as they are sound; `nodes`, `written` and `warnings` are left empty.
pub(super) fn settings(map: &Map) -> Parsed {
    let text = |key: &str| map.text(key).map(|t| t.value.clone());
    let trimmed = |key: &str| text(key).map(|t| js::trim(&t).to_owned());
    let requires = map
        .list("requires")
        .iter()
        .filter_map(Datum::text)
        .map(|t| t.value.clone())
        .filter(|t| t == "github")
        .collect();
    let inputs = map.map("inputs").map(|inputs| {
        let one = |(name, spec): (&crate::source::Text, &Datum)| {
            super::top_warnings::input_problem(&name.value, spec)
                .is_none()
                .then_some(())?;
            let spec = spec.map()?;
            let required = matches!(
                spec.get("required").map(|d| &d.shape),
                Some(Shape::Bool(true))
            );
            let default = spec.get("default").map(Datum::to_json);
            Some((name.value.clone(), (required, default)))
        };
        inputs.iter().filter_map(one).collect::<IndexMap<_, _>>()
    });
    let pushed = PUSHED
        .iter()
        .filter_map(|(key, inner)| {
            Some((
                (*inner).to_owned(),
                super::top_warnings::sound(key, map.get(key)?)?,
            ))
        })
        // `false` is as good as nothing said.
        .filter(|(inner, value)| inner != "persist_session" || value == &Value::Bool(true))
        .collect();
    Parsed {
        name: text("name").unwrap_or_default(),
        nodes: Vec::new(),
        written: BTreeMap::new(),
        returns: trimmed("returns"),
        requires,
        inputs,
        pushed,
        outcome_field: trimmed("outcome_field"),
        warnings: 0,
    }
}
