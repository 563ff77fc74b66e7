//! R75: skills that are not installed, or that the provider cannot use.

use serde_json::Value;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::providers;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    if !node.is_agent() {
        return;
    }
    let Some(skills) = node
        .node
        .get("skills")
        .and_then(Value::as_array)
        .filter(|s| !s.is_empty())
    else {
        return;
    };
    if !providers::supports(needs.provider(node), "skills") {
        let message = format!(
            "{} takes no skills; `skills` has no effect",
            needs.provider(node)
        );
        needs.report(
            findings,
            Severity::Warning,
            ("R75", "skills-unsupported"),
            node,
            "skills",
            message,
        );
        return;
    }
    let bases = [needs.project.root.clone(), needs.world.home()];
    for skill in skills.iter().filter_map(Value::as_str) {
        let place = |folder: &str| {
            bases.iter().flatten().any(|b| {
                needs
                    .world
                    .kind(&b.join(folder).join("skills").join(skill).join("SKILL.md"))
                    .is_ok()
            })
        };
        if place(".claude") {
            continue;
        }
        let elsewhere = place(".agents") || place(".codex");
        let severity = if elsewhere && needs.provider(node) == "claude" {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message = format!(
            "There is no skill '{skill}' in .claude/skills of the repository or of the user"
        );
        needs.report(
            findings,
            severity,
            ("R75", "skill-not-found"),
            node,
            "skills",
            message,
        );
    }
}
