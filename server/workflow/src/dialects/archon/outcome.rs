//! R13 and R14: `returns` and `outcome_field`.

use fermata_expr::archon::js;
use serde_json::Value;

use super::findings::Findings;
use super::top::error;
use crate::data::Map;
use crate::diagnostic::Diagnostic;

/// R13.
pub(super) fn returns(map: &Map, nodes: &[Value], findings: &mut Findings) {
    let Some(field) = map.field("returns") else {
        return;
    };
    match field.value.text() {
        None => findings.graph(error(
            "returns-type",
            "R13",
            field.key.loc,
            format!("`returns` must name a node, found {}", field.value.word()),
        )),
        Some(text) if js::trim(&text.value).is_empty() => {
            findings.graph(error(
                "returns-type",
                "R13",
                field.key.loc,
                "`returns` must name a node, found a blank text",
            ));
        }
        Some(text)
            if !nodes
                .iter()
                .any(|n| n.get("id").and_then(Value::as_str) == Some(js::trim(&text.value))) =>
        {
            let ids = nodes.iter().filter_map(|n| n.get("id")?.as_str());
            let message = super::structure::suggest(
                format!(
                    "`returns` names '{}', which is no node at the top level",
                    text.value
                ),
                &text.value,
                ids,
            );
            findings.graph(error("returns-unknown", "R13", text.loc, message));
        }
        Some(_) => {}
    }
}

/// What is wrong with an `outcome_field`.
pub(super) struct Problem {
    pub(super) name: &'static str,
    pub(super) message: String,
    pub(super) mentions: Vec<String>,
}

/// R14, in the order in which the dialect looks. Include nodes are looked at after expansion.
pub(super) fn outcome_field(
    field: Option<&Value>,
    returns: Option<&str>,
    nodes: &[Value],
) -> Option<Problem> {
    let field = field?;
    let problem = |name: &'static str, message: String, mentions: &[&str]| {
        Some(Problem {
            name,
            message,
            mentions: mentions.iter().map(|m| (*m).to_owned()).collect(),
        })
    };
    let Some(field) = field.as_str().map(js::trim).filter(|f| !f.is_empty()) else {
        return problem(
            "outcome-field-type",
            "`outcome_field` must name a field of the result".into(),
            &[],
        );
    };
    let Some(returns) = returns else {
        return problem(
            "outcome-field-no-returns",
            "`outcome_field` needs `returns`: the node that has the field".into(),
            &[field],
        );
    };
    let node = nodes
        .iter()
        .find(|n| n.get("id").and_then(Value::as_str) == Some(returns))?;
    if node.get("include").is_some() {
        return None;
    }
    let both = [field, returns];
    if node.get("kind").is_some_and(|k| k == "loop_group") {
        return problem(
            "outcome-field-on-loop-group",
            format!("'{returns}' is a loop_group, whose result has no fields"),
            &both,
        );
    }
    if node.get("fan_out").is_some() {
        return problem(
            "outcome-field-on-fan-out",
            format!("'{returns}' yields a list, which has no fields"),
            &both,
        );
    }
    let Some(format) = node.get("output_format") else {
        return problem(
            "outcome-field-no-schema",
            format!("'{returns}' needs an `output_format` that declares '{field}'"),
            &both,
        );
    };
    if format.get("type").is_none_or(|t| t != "object") {
        return problem(
            "outcome-field-schema-not-object",
            format!("The `output_format` of '{returns}' must have the type object"),
            &both,
        );
    }
    let Some(property) = format.get("properties").and_then(|p| p.get(field)) else {
        return problem(
            "outcome-field-undeclared",
            format!("The `output_format` of '{returns}' does not declare '{field}'"),
            &both,
        );
    };
    let required = format
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|r| r.iter().any(|v| v == field));
    if !required {
        return problem(
            "outcome-field-not-required",
            format!("'{field}' must be listed in `required` of '{returns}'"),
            &both,
        );
    }
    if property.get("type").is_none_or(|t| t != "boolean") {
        return problem(
            "outcome-field-not-boolean",
            format!("'{field}' of '{returns}' must be declared as boolean"),
            &both,
        );
    }
    None
}

/// The problem at its place.
pub(super) fn diagnostic(problem: &Problem, map: &Map) -> Diagnostic {
    let loc = map.field("outcome_field").map(|f| {
        if f.value.text().is_some() {
            f.value.loc
        } else {
            f.key.loc
        }
    });
    let loc = loc
        .or_else(|| map.entries.first().map(|f| f.key.loc))
        .unwrap_or(crate::source::Loc {
            file: crate::source::FileId::ROOT,
            span: fermata_syntax::Span::empty(fermata_syntax::Offset::new(0)),
        });
    error(problem.name, "R14", loc, problem.message.clone())
}
