//! R75: skills that are not installed, or that the provider cannot use.

use std::path::Path;

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
    let provider = needs.provider(node);
    let repository = needs.project.root.clone();
    let user = needs.world.home();
    // Where nothing else is said, both the repository and the user are asked.
    let sources = node.node.get("settingSources").and_then(Value::as_array);
    let asked = |word: &str| sources.is_none_or(|all| all.iter().any(|s| s == word));
    let scopes = [
        (repository.as_ref(), asked("project")),
        (user.as_ref(), asked("user")),
    ];
    for skill in skills.iter().filter_map(Value::as_str) {
        let is_in = |base: &Path, folder: &str| {
            let file = base
                .join(folder)
                .join("skills")
                .join(skill)
                .join("SKILL.md");
            needs.world.kind(&file).is_ok()
        };
        let mut places = scopes
            .iter()
            .filter_map(|(base, asked)| Some(((*base)?, *asked)))
            .flat_map(|(base, asked)| [(base, asked, ".claude"), (base, asked, ".agents")])
            .filter(|(base, _, folder)| is_in(base, folder))
            .peekable();
        let elsewhere = places.peek().is_some();
        // Claude looks into its own folders of the scopes it is to take settings from, others into all.
        let found = if provider == "claude" {
            places.any(|(_, asked, folder)| asked && folder == ".claude")
        } else {
            elsewhere
        };
        if found {
            continue;
        }
        let severity = if elsewhere {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message = match (provider, elsewhere) {
            ("claude", true) => format!(
                "The skill '{skill}' is installed where this node does not look; put it into .claude/skills of a scope that it takes settings from"
            ),
            ("claude", false) => format!(
                "There is no skill '{skill}' in .claude/skills of the repository or of the user"
            ),
            _ => format!(
                "There is no skill '{skill}' in .agents/skills or .claude/skills of the repository or of the user"
            ),
        };
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
