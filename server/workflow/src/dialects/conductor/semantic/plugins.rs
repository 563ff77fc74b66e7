//! V45: plugins and their sources.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::data::Datum;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Loc, Text};
use crate::world::{PathKind, World};

use super::super::findings::Findings;
use super::super::providers::{self, Capabilities, Skills};
use super::super::schema::{is_path, lax_boolean};
use super::skills::resolve;
use super::view::{StepView, View};

const MANIFESTS: &[&str] = &[".claude-plugin/plugin.json", ".github/plugin/plugin.json"];
const MARKETPLACES: &[&str] = &[
    ".claude-plugin/marketplace.json",
    ".github/plugin/marketplace.json",
];
/// Parts of a plugin that the dialect does not load.
const DROPPED: &[&str] = &["hooks", "commands"];

/// One entry of a `plugins` list.
struct Entry<'a> {
    name: &'a Text,
    skills: bool,
    agents: bool,
    mcp: bool,
}

fn entry(datum: &Datum) -> Option<Entry<'_>> {
    if let Some(name) = datum.text() {
        return Some(Entry {
            name,
            skills: true,
            agents: true,
            mcp: true,
        });
    }
    let map = datum.map()?;
    let part = |key: &str| map.some(key).and_then(lax_boolean).unwrap_or(true);
    Some(Entry {
        name: map.text("name")?,
        skills: part("skills"),
        agents: part("agents"),
        mcp: part("mcp"),
    })
}

fn entries<'a>(view: &View<'a>, step: &StepView<'a>) -> Vec<Entry<'a>> {
    let list = step
        .map
        .some("plugins")
        .or_else(|| view.runtime.some("plugins"))
        .and_then(Datum::list);
    list.unwrap_or_default().iter().filter_map(entry).collect()
}

pub(super) fn check(world: &dyn World, view: &View<'_>, findings: &mut Findings) {
    sources(world, view, findings);
    for step in view.agents() {
        let (list, Some(can)) = (entries(view, step), view.capabilities(step)) else {
            continue;
        };
        if list.is_empty() {
            continue;
        }
        if !can.plugins {
            let message = format!(
                "`{}` has plugins, and the provider `{}` cannot load them; {} can",
                step.name,
                can.name,
                providers::able(|p| p.plugins)
            );
            let named = list
                .iter()
                .map(|e| format!("`{}`", e.name.value))
                .collect::<Vec<_>>()
                .join(", ");
            let loc = list[0].name.loc;
            findings.semantic(step.diagnostic(
                "plugins-unsupported",
                "V45",
                loc,
                format!("{message} ({named})"),
            ));
            continue;
        }
        for entry in &list {
            plugin(world, view, step, entry, can, findings);
        }
    }
}

fn plugin(
    world: &dyn World,
    view: &View<'_>,
    step: &StepView<'_>,
    entry: &Entry<'_>,
    can: &Capabilities,
    findings: &mut Findings,
) {
    let name = entry.name.value.trim();
    let error =
        |message: String| step.diagnostic("plugin-unusable", "V45", entry.name.loc, message);
    if !is_path(name) {
        if let Some(diagnostic) = installed(world, view, step, entry, name) {
            findings.semantic(diagnostic);
        }
        return;
    }
    let root = resolve(world, view.folder(), name);
    if world.kind(&root).is_err() {
        return findings.semantic(error(format!(
            "The plugin `{name}` of `{}` does not exist",
            step.name
        )));
    }
    if !has(world, &root, MANIFESTS) {
        let message = format!(
            "The plugin `{name}` of `{}` is no plugin: it has neither `{}`",
            step.name,
            MANIFESTS.join("` nor `")
        );
        return findings.semantic(error(message));
    }
    if entry.mcp {
        let declared: Vec<&str> = view
            .runtime
            .map("mcp_servers")
            .map(|m| m.iter().map(|(k, _)| k.value.as_str()).collect())
            .unwrap_or_default();
        for server in servers(world, &root)
            .iter()
            .filter(|s| declared.contains(&s.as_str()))
        {
            let message = format!(
                "The plugin `{name}` of `{}` has an MCP server `{server}`, which `runtime.mcp_servers` declares too; rename yours, or set `mcp: false`",
                step.name
            );
            findings.semantic(error(message));
        }
    }
    let by_root = can.skills == Skills::PluginRoot
        && entry.skills
        && matches!(world.kind(&root.join("skills")), Ok(PathKind::Folder));
    if by_root && !entry.agents {
        let message = format!(
            "`agents: false` of the plugin `{name}` cannot be kept on `{}`: its skills are reached by registering the whole plugin",
            can.name
        );
        findings.semantic(error(message));
    }
    for part in DROPPED
        .iter()
        .filter(|p| matches!(world.kind(&root.join(p)), Ok(PathKind::Folder)))
    {
        let message = if by_root {
            format!(
                "The plugin `{name}` of `{}` has `{part}/`, which the provider `{}` will see, because its skills are reached by registering the whole plugin",
                step.name, can.name
            )
        } else {
            format!(
                "The plugin `{name}` of `{}` has `{part}/`, which is not loaded here",
                step.name
            )
        };
        let mut diagnostic = error(message);
        diagnostic.code = "plugin-part-dropped";
        diagnostic.severity = Severity::Warning;
        findings.semantic(diagnostic);
    }
}

/// Plugins by name, or by name and marketplace.
fn installed(
    world: &dyn World,
    view: &View<'_>,
    step: &StepView<'_>,
    entry: &Entry<'_>,
    name: &str,
) -> Option<Diagnostic> {
    let diagnostic =
        |message: String| step.diagnostic("plugin-unusable", "V45", entry.name.loc, message);
    let roots: Vec<PathBuf> = world
        .home()
        .into_iter()
        .flat_map(|h| {
            [
                h.join(".copilot/installed-plugins"),
                h.join(".claude/plugins"),
            ]
        })
        .collect();
    let markets = || {
        roots.iter().flat_map(|r| {
            world
                .list(r)
                .unwrap_or_default()
                .into_iter()
                .map(move |n| r.join(n))
        })
    };
    let Some((plugin, market)) = name.rsplit_once('@') else {
        let found = markets().any(|m| world.kind(&m.join(name)).is_ok());
        return (!found).then(|| {
            diagnostic(format!(
                "The plugin `{name}` of `{}` is not installed; install it, or name it by path",
                step.name
            ))
        });
    };
    let declared = view
        .runtime
        .map("plugin_sources")
        .and_then(|m| m.get(market));
    if let Some(source) = declared {
        let written = source.text().or_else(|| source.map()?.text("source"))?;
        return match locate(world, view, &written.value) {
            Place::Remote => {
                let message = format!(
                    "The plugin `{name}` of `{}` comes from `{market}`, which has not been fetched on this machine; it was not checked",
                    step.name
                );
                let mut diagnostic = diagnostic(message);
                diagnostic.code = "plugin-source-not-fetched";
                diagnostic.severity = Severity::Warning;
                Some(diagnostic)
            }
            // A broken source is told at the source.
            Place::Local(_) => None,
        };
    }
    let known = markets()
        .any(|m| m.file_name().is_some_and(|n| n == market) && world.kind(&m.join(plugin)).is_ok());
    (!known).then(|| {
        diagnostic(format!("The plugin `{name}` of `{}` names the marketplace `{market}`, which is neither in `runtime.plugin_sources` nor installed", step.name))
    })
}

/// Where a plugin source lies.
enum Place {
    Local(PathBuf),
    Remote,
}

fn locate(world: &dyn World, view: &View<'_>, written: &str) -> Place {
    let written = written.trim();
    let scheme = ["http://", "https://", "ssh://", "git://", "file://"]
        .iter()
        .any(|s| written.starts_with(s));
    let remote_shell = written
        .split_once(':')
        .is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    let body = written.split('#').next().unwrap_or_default();
    let owner_repo = !written.starts_with(['.', '~', '/'])
        && body.split('/').count() == 2
        && body
            .split('/')
            .all(|p| super::super::schema::is_safe_name(p));
    if scheme || remote_shell || owner_repo {
        Place::Remote
    } else {
        Place::Local(resolve(world, view.folder(), written))
    }
}

fn sources(world: &dyn World, view: &View<'_>, findings: &mut Findings) {
    let Some(declared) = view.runtime.map("plugin_sources") else {
        return;
    };
    let used: Vec<&str> = view
        .runtime
        .list("plugins")
        .iter()
        .chain(view.all_steps().flat_map(|s| s.map.list("plugins")))
        .filter_map(|d| {
            entry(d)?
                .name
                .value
                .trim()
                .rsplit_once('@')
                .map(|(_, market)| market)
        })
        .collect();
    for (name, source) in declared.iter() {
        let mut report = |severity, code, loc: Loc, message: String| {
            let mut diagnostic = Diagnostic::new(code, severity, loc, message).upstream("V45");
            diagnostic.path = Some(format!("workflow.runtime.plugin_sources.{}", name.value));
            findings.semantic(diagnostic);
        };
        if !used.contains(&name.value.as_str()) {
            let message = format!(
                "No plugin comes from the source `{0}`; name one as `plugin@{0}`, or remove it",
                name.value
            );
            report(Severity::Warning, "plugin-source-unused", name.loc, message);
        }
        let map = source.map();
        let Some(written) = source.text().or_else(|| map?.text("source")) else {
            continue;
        };
        match locate(world, view, &written.value) {
            Place::Remote => {
                let message = format!(
                    "The plugin source `{}` (`{}`) has not been fetched on this machine, so it was not checked",
                    name.value, written.value
                );
                report(
                    Severity::Warning,
                    "plugin-source-not-fetched",
                    written.loc,
                    message,
                );
            }
            Place::Local(root) => {
                let root = map
                    .and_then(|m| m.text("path"))
                    .map_or(root.clone(), |p| root.join(&p.value));
                let why = match world.kind(&root) {
                    Ok(PathKind::Folder)
                        if has(world, &root, MARKETPLACES) || has(world, &root, MANIFESTS) =>
                    {
                        continue;
                    }
                    Ok(PathKind::Folder) => "is neither a marketplace nor a plugin",
                    Ok(_) => "is not a folder",
                    Err(_) => "does not exist",
                };
                let message = format!(
                    "The plugin source `{}` (`{}`) {why}",
                    name.value, written.value
                );
                report(Severity::Error, "plugin-unusable", written.loc, message);
            }
        }
    }
}

fn has(world: &dyn World, root: &Path, names: &[&str]) -> bool {
    names
        .iter()
        .any(|n| matches!(world.kind(&root.join(n)), Ok(PathKind::File)))
}

/// Names of the MCP servers that a plugin brings.
fn servers(world: &dyn World, root: &Path) -> Vec<String> {
    let read =
        |name: &str| serde_json::from_slice::<Value>(&world.read(&root.join(name)).ok()?).ok();
    let mut found = Vec::new();
    for file in [".mcp.json", MANIFESTS[0], MANIFESTS[1]] {
        let value = read(file).unwrap_or(Value::Null);
        if let Some(map) = value.get("mcpServers").and_then(Value::as_object) {
            found.extend(map.keys().cloned());
        }
    }
    found.dedup();
    found
}
