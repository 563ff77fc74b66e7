//! What a node says without effect: unknown keys (R47), old forms (R48), `with` where nothing takes it (R49), settings
//! of agents on other kinds (R50, R52), a flag without its partner (R51).

use std::collections::BTreeMap;

use fermata_expr::archon::schema::keys::Model;
use fermata_expr::archon::schema::{self, Mode};

use super::findings::Findings;
use super::structure;
use crate::data::{Datum, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};

/// Maps inside of nodes whose keys are looked at. `context` is text or map.
const NESTED: &[&str] = &["approval", "retry", "pi", "fan_out", "loop", "loop_group"];
/// Checks every node; how many warnings the dialect shows.
pub(super) fn check(written: &BTreeMap<String, Datum>, findings: &mut Findings) -> usize {
    let mut count = 0;
    for (chain, datum) in written {
        let Some(map) = datum.map() else { continue };
        let id = chain.rsplit('/').next().unwrap_or(chain);
        let mut show = |code: &'static str, rule: &'static str, loc, message: String| {
            count += 1;
            findings.warning(
                Diagnostic::new(code, Severity::Warning, loc, message)
                    .upstream(rule)
                    .step(id),
            );
        };
        unknown(map, &mut show);
        old_forms(map, &mut show);
        let json = datum.to_json();
        let Some(mode) = json
            .as_object()
            .and_then(|m| schema::written_modes(m).first().copied())
        else {
            continue;
        };
        if let Some(field) = map.field("with").filter(|_| {
            // The dialect looks at the nodes of the workflow itself only.
            !chain.contains('/')
                && !matches!(
                    mode,
                    Mode::Command | Mode::Script | Mode::Include | Mode::Workflow
                )
        }) {
            show(
                "with-ignored",
                "R49",
                field.key.loc,
                format!("A `{}` node takes no `with`; it has no effect", mode.key()),
            );
        }
        ignored(map, mode, id, findings);
    }
    count
}

type Show<'s> = dyn FnMut(&'static str, &'static str, crate::source::Loc, String) + 's;

fn unknown(map: &Map, show: &mut Show<'_>) {
    for field in &map.entries {
        let Some(key) = field
            .key
            .text()
            .map(|t| t.value.as_str())
            .filter(|k| schema::NODE.key(k).is_none())
        else {
            continue;
        };
        let message = format!("`{key}` is no key of a node and has no effect");
        let message = if schema::TOP.key(key).is_some() {
            format!("{message}; it belongs to the workflow")
        } else {
            structure::suggest(message, key, schema::NODE.names())
        };
        show("unknown-node-key", "R47", field.key.loc, message);
    }
    let mut nested = |inner: Option<&Map>, known: &[&str], what: &str| {
        for field in inner.into_iter().flat_map(|m| &m.entries) {
            let Some(key) = field
                .key
                .text()
                .map(|t| t.value.as_str())
                .filter(|k| !known.contains(k))
            else {
                continue;
            };
            let message = format!("`{key}` is no key of `{what}` and has no effect");
            show(
                "unknown-node-key",
                "R47",
                field.key.loc,
                structure::suggest(message, key, known.iter().copied()),
            );
        }
    };
    let keys = |model: Option<&'static Model>| -> Vec<&'static str> {
        model.into_iter().flat_map(Model::names).collect()
    };
    for key in NESTED {
        nested(map.map(key), &keys(schema::NODE.below(key)), key);
    }
    nested(map.map("context"), &["resume"], "context");
    let below = schema::NODE.below("approval");
    if let (Some(approval), Some(known)) = (map.map("approval"), below) {
        let rework = keys(known.below("on_reject"));
        nested(approval.map("on_reject"), &rework, "on_reject");
        for decision in approval.list("decisions") {
            nested(decision.map(), &keys(known.below("decisions")), "decisions");
        }
    }
    for (_, agent) in map.map("agents").into_iter().flat_map(Map::iter) {
        nested(agent.map(), &keys(schema::NODE.below("agents")), "agents");
    }
}

fn is_true(map: &Map, key: &str) -> bool {
    matches!(map.get(key).map(|d| &d.shape), Some(Shape::Bool(true)))
}

fn old_forms(map: &Map, show: &mut Show<'_>) {
    if let Some(approval) = map.map("approval") {
        if let Some(field) = approval
            .field("capture_response")
            .filter(|_| approval.get("decisions").is_some())
        {
            show("deprecated-capture-response", "R48", field.key.loc, "`capture_response` has no effect beside `decisions`, whose answer always carries the text".into());
        }
        if let Some(field) = approval.field("on_reject") {
            show(
                "deprecated-on-reject",
                "R48",
                field.key.loc,
                "`on_reject` is the old form; make rework one of the `decisions`".into(),
            );
        }
    }
    for key in ["loop", "loop_group"] {
        if let Some(field) = map
            .map(key)
            .filter(|m| is_true(m, "interactive"))
            .and_then(|m| m.field("interactive"))
        {
            show("deprecated-loop-interactive", "R48", field.key.loc, "Interactive loops are the old form; put an `approval` with `decisions` after the loop".into());
        }
    }
}

fn ignored(map: &Map, mode: Mode, id: &str, findings: &mut Findings) {
    let include = mode == Mode::Include;
    let (code, rule) = if include {
        ("include-fields-ignored", "R52")
    } else {
        ("ai-fields-ignored", "R50")
    };
    for key in schema::dropped(mode) {
        if let Some(field) = map.field(key) {
            let message = format!("`{key}` has no effect on a `{}` node", mode.key());
            findings.ours(
                Diagnostic::new(code, Severity::Warning, field.key.loc, message)
                    .upstream(rule)
                    .step(id),
            );
        }
    }
    for key in ["loop", "loop_group"] {
        let Some(control) = map.map(key) else {
            continue;
        };
        if let Some(field) = control
            .field("signal_completes")
            .filter(|_| is_true(control, "signal_completes") && !is_true(control, "interactive"))
        {
            let message = "`signal_completes` has no effect without `interactive: true`";
            findings.ours(
                Diagnostic::new(
                    "signal-completes-without-interactive",
                    Severity::Warning,
                    field.key.loc,
                    message,
                )
                .upstream("R51")
                .step(id),
            );
        }
    }
}
