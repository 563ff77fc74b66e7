//! V10: `tools` of a step must be declared at the top level.

use super::super::findings::Findings;
use super::view::{View, suggest};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let declared: Vec<&str> = view
        .root
        .list("tools")
        .iter()
        .filter_map(|d| d.text().map(|t| t.value.as_str()))
        .collect();
    for step in &view.steps {
        if matches!(step.kind, "script" | "set" | "wait") {
            continue;
        }
        for (index, tool) in step.map.list("tools").iter().enumerate() {
            let Some(tool) = tool
                .text()
                .filter(|t| !declared.contains(&t.value.as_str()))
            else {
                continue;
            };
            let message = format!(
                "`{}` lists the tool `{}`, which is not among the top-level `tools`",
                step.name, tool.value
            );
            let mut diagnostic = step.diagnostic("undeclared-tool", "V10", tool.loc, message);
            diagnostic.path = Some(format!("{}.tools.{index}", step.path));
            findings.semantic(suggest(
                diagnostic,
                &tool.value,
                declared.iter().copied(),
                tool.node.is_some() && !tool.substituted,
            ));
        }
    }
}
