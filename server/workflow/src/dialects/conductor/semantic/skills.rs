//! Skills: V39 (provider without), V40 (not found or unreadable), V41
//! (discovery without native skills), V42 (outside a plugin), V43 (too large to
//! inject) and V44 (a relative path without a file to start from).

use std::path::{Path, PathBuf};

use crate::data::Datum;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;
use crate::world::{PathKind, World, normal};

use super::super::findings::Findings;
use super::super::providers::{Capabilities, Skills};
use super::super::schema::{is_path, lax_integer};
use super::capabilities::list;
use super::view::{StepView, View};

/// Bytes that the built-in skill adds to every prompt, with its frame (observed in the dialect's release).
const BUILT_IN_BYTES: u64 = 131_894;
/// Bytes of the frame around each further skill (observed).
const FRAME_BYTES: u64 = 47;
/// Files of one skill that are counted.
const FILES: usize = 2_000;

pub(super) fn check(world: &dyn World, view: &View<'_>, findings: &mut Findings) {
    unsupported(view, findings);
    for step in view.agents() {
        if let Some(can) = view
            .capabilities(step)
            .filter(|can| can.skills != Skills::None)
        {
            agent(world, view, step, can, findings);
        }
    }
    empty_sources(world, view, findings);
}

/// The skills of a step: its own list, else the runtime's.
fn entries<'a>(view: &View<'a>, step: &StepView<'a>) -> &'a [Datum] {
    step.map
        .some("skills")
        .or_else(|| view.runtime.some("skills"))
        .and_then(Datum::list)
        .unwrap_or_default()
}

fn sources<'a>(view: &View<'a>) -> &'a [Datum] {
    view.runtime
        .map("skill_discovery")
        .map(|m| m.list("sources"))
        .unwrap_or_default()
}

/// V39.
fn unsupported(view: &View<'_>, findings: &mut Findings) {
    let lacks: Vec<(&StepView<'_>, &Capabilities)> = view
        .agents()
        .filter_map(|s| Some((s, view.capabilities(s)?)))
        .filter(|(_, can)| can.skills == Skills::None)
        .collect();
    for (step, can) in &lacks {
        if let Some(field) = step.map.field("skills").filter(|f| f.value.truthy()) {
            let message = format!(
                "`{}` has `skills`, and the provider `{}` has none",
                step.name, can.name
            );
            findings.semantic(step.diagnostic("skills-unsupported", "V39", field.place(), message));
        }
    }
    let inherit: Vec<_> = lacks
        .iter()
        .filter(|(s, _)| s.map.some("skills").is_none())
        .collect();
    let Some((_, can)) = inherit.first() else {
        return;
    };
    let runtime = view.runtime.field("skills").filter(|f| f.value.truthy());
    let discovery = view
        .runtime
        .field("skill_discovery")
        .filter(|_| !sources(view).is_empty());
    for field in runtime.into_iter().chain(discovery) {
        let users = list(inherit.iter().map(|(s, _)| s.name));
        let key = field.key.key_string();
        let message = format!(
            "`runtime.{key}` is set, and the provider `{}` of {users} has no skills",
            can.name
        );
        let mut diagnostic = Diagnostic::new(
            "skills-unsupported",
            Severity::Error,
            field.place(),
            message,
        )
        .upstream("V39");
        diagnostic.path = Some(format!("workflow.runtime.{key}"));
        findings.semantic(diagnostic);
    }
}

fn agent(
    world: &dyn World,
    view: &View<'_>,
    step: &StepView<'_>,
    can: &Capabilities,
    findings: &mut Findings,
) {
    if can.skills == Skills::Injected
        && !sources(view).is_empty()
        && step.map.some("skills").is_none()
    {
        let loc = view
            .runtime
            .field("skill_discovery")
            .map_or_else(|| step.name_loc(), |f| f.key.loc);
        let message = format!(
            "`{}` runs on `{}`, which has no skills of its own, so discovered skills would go into every prompt; name the skills you want under `skills`",
            step.name, can.name
        );
        return findings.semantic(step.diagnostic(
            "skill-discovery-unsupported",
            "V41",
            loc,
            message,
        ));
    }
    let mut bytes = 0;
    for entry in entries(view, step) {
        let Some(text) = entry.text() else { continue };
        let name = text.value.trim();
        if !is_path(name) {
            bytes += BUILT_IN_BYTES;
            continue;
        }
        if !view.path.is_absolute() && !name.starts_with(['/', '~']) {
            findings.semantic(unchecked_path(step, entry.loc, name));
            continue;
        }
        let folder = resolve(world, view.folder(), name);
        match skill_folders(world, &folder) {
            Err(why) => {
                let message = format!("The skill `{name}` of `{}` {why}", step.name);
                findings.semantic(step.diagnostic("skill-missing", "V40", entry.loc, message));
            }
            Ok(folders) => {
                for folder in folders {
                    bytes += size(world, &folder) + FRAME_BYTES;
                    if can.skills == Skills::PluginRoot && plugin_root(world, &folder).is_none() {
                        let message = format!(
                            "The skill `{name}` of `{}` lies in no plugin, and the provider `{}` takes skills through plugins only",
                            step.name, can.name
                        );
                        findings.semantic(step.diagnostic(
                            "skill-outside-plugin",
                            "V42",
                            entry.loc,
                            message,
                        ));
                    }
                }
            }
        }
    }
    if can.skills == Skills::Injected {
        injected(view, step, can, bytes, findings);
    }
}

/// V44.
fn unchecked_path(step: &StepView<'_>, loc: Loc, name: &str) -> Diagnostic {
    let message = format!(
        "The skill `{name}` of `{}` is relative to the workflow's file, which has no path yet; it was not checked",
        step.name
    );
    let mut diagnostic = step.diagnostic("skill-not-checked", "V44", loc, message);
    diagnostic.severity = Severity::Warning;
    diagnostic
}

/// V43.
fn injected(
    view: &View<'_>,
    step: &StepView<'_>,
    can: &Capabilities,
    bytes: u64,
    findings: &mut Findings,
) {
    let settings = view.runtime.map("skill_injection");
    let bound = |key: &str, default: u64| match settings.and_then(|m| m.get(key)) {
        Some(value) if value.is_null() => None,
        Some(value) => lax_integer(value).and_then(|n| u64::try_from(n).ok()),
        None => Some(default),
    };
    let over = |max: Option<u64>| max.filter(|m| bytes > *m);
    let (severity, key, limit) = match (
        over(bound("max_bytes", 163_840)),
        over(bound("warn_bytes", 65_536)),
    ) {
        (Some(max), _) => (Severity::Error, "max_bytes", max),
        (None, Some(warn)) => (Severity::Warning, "warn_bytes", warn),
        (None, None) => return,
    };
    let loc = if step.map.some("skills").is_some() {
        step.value_loc("skills")
    } else {
        view.runtime
            .field("skills")
            .map_or_else(|| step.name_loc(), crate::data::Field::place)
    };
    let message = format!(
        "`{}` puts {bytes} bytes of skills into every prompt, because `{}` has no skills of its own; `skill_injection.{key}` is {limit}",
        step.name, can.name
    );
    let mut diagnostic = step.diagnostic("skill-injection-size", "V43", loc, message);
    diagnostic.severity = severity;
    findings.semantic(diagnostic);
}

/// V40 on discovery: sources that hold no skill.
fn empty_sources(world: &dyn World, view: &View<'_>, findings: &mut Findings) {
    let discovers = |step: &StepView<'_>| {
        view.capabilities(step)
            .is_some_and(|can| matches!(can.skills, Skills::Native | Skills::PluginRoot))
            && step
                .map
                .some("skills")
                .and_then(Datum::list)
                .is_none_or(|l| !l.is_empty())
    };
    if !view.agents().any(discovers) {
        return;
    }
    for source in sources(view) {
        let Some(text) = source.text() else { continue };
        let places: Vec<PathBuf> = match text.value.as_str() {
            "personal" => world
                .home()
                .into_iter()
                .flat_map(|h| [h.join(".copilot/skills"), h.join(".claude/skills")])
                .collect(),
            _ => [".github/skills", ".claude/skills"]
                .iter()
                .map(|p| view.folder().join(p))
                .collect(),
        };
        if places
            .iter()
            .any(|p| skill_folders(world, p).is_ok_and(|f| !f.is_empty()))
        {
            continue;
        }
        let message = format!(
            "`skill_discovery` names the source `{}`, and there are no skills in it",
            text.value
        );
        let mut diagnostic =
            Diagnostic::new("skill-source-empty", Severity::Warning, source.loc, message)
                .upstream("V40");
        diagnostic.path = Some("workflow.runtime.skill_discovery.sources".into());
        findings.semantic(diagnostic);
    }
}

/// A path of the file, `~` expanded.
pub(super) fn resolve(world: &dyn World, folder: &Path, written: &str) -> PathBuf {
    let home = written
        .strip_prefix('~')
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
    match home.and_then(|rest| {
        world
            .home()
            .map(|h| h.join(rest.trim_start_matches(['/', '\\'])))
    }) {
        Some(path) => normal(&path),
        None => normal(&folder.join(written)),
    }
}

/// The folders with a `SKILL.md` at a path: itself, or its subfolders.
fn skill_folders(world: &dyn World, folder: &Path) -> Result<Vec<PathBuf>, String> {
    match world.kind(folder) {
        Err(_) => return Err("does not exist".into()),
        Ok(PathKind::Folder) => {}
        Ok(_) => return Err("is not a folder".into()),
    }
    let is_skill = |p: &Path| matches!(world.kind(&p.join("SKILL.md")), Ok(PathKind::File));
    let mut folders = Vec::new();
    if is_skill(folder) {
        folders.push(folder.to_path_buf());
    } else {
        folders.extend(
            world
                .list(folder)
                .unwrap_or_default()
                .into_iter()
                .map(|n| folder.join(n))
                .filter(|p| is_skill(p)),
        );
    }
    if folders.is_empty() {
        return Err("holds no `SKILL.md`, neither itself nor in a subfolder".into());
    }
    for folder in &folders {
        manifest(world, &folder.join("SKILL.md"))?;
    }
    Ok(folders)
}

/// Checks the frontmatter of a `SKILL.md`.
fn manifest(world: &dyn World, path: &Path) -> Result<(), String> {
    let bytes = world
        .read(path)
        .map_err(|e| format!("cannot be read: {e}"))?;
    let text =
        String::from_utf8(bytes).map_err(|_| "has a `SKILL.md` that is not UTF-8".to_owned())?;
    let Some(front) = frontmatter(&text) else {
        return Err("has a `SKILL.md` without frontmatter; it begins with a line `---`".into());
    };
    let tree = fermata_syntax::parse(front);
    if let Some(problem) = tree.problems().first() {
        return Err(format!(
            "has a `SKILL.md` whose frontmatter is no valid YAML: {}",
            problem.message
        ));
    }
    let Some(map) = tree.root().and_then(|n| n.as_mapping()) else {
        return Err("has a `SKILL.md` whose frontmatter is no mapping".into());
    };
    for key in ["name", "description"] {
        let given = map
            .get(key)
            .and_then(|e| e.value.as_scalar())
            .is_some_and(|s| !s.value().trim().is_empty());
        if !given {
            return Err(format!(
                "has a `SKILL.md` without `{key}` in its frontmatter"
            ));
        }
    }
    Ok(())
}

/// The text between the first two `---` lines of a file that begins with one.
fn frontmatter(text: &str) -> Option<&str> {
    let is_fence = |line: &str| {
        line.strip_prefix("---").is_some_and(|rest| {
            rest.trim_end_matches(['\r', '\n'])
                .trim_matches([' ', '\t'])
                .is_empty()
        })
    };
    let first = text
        .split_inclusive('\n')
        .next()
        .filter(|l| is_fence(l) && l.ends_with('\n'))?;
    let mut at = first.len();
    for line in text[at..].split_inclusive('\n') {
        if is_fence(line) {
            return Some(&text[first.len()..at]);
        }
        at += line.len();
    }
    None
}

/// The plugin that a folder lies in.
fn plugin_root(world: &dyn World, folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .find(|p| {
            matches!(
                world.kind(&p.join(".claude-plugin/plugin.json")),
                Ok(PathKind::File)
            )
        })
        .map(Path::to_path_buf)
}

/// Bytes of all files of a skill.
fn size(world: &dyn World, folder: &Path) -> u64 {
    let mut open = vec![folder.to_path_buf()];
    let (mut total, mut files) = (0, 0);
    while let Some(path) = open.pop() {
        files += 1;
        if files > FILES {
            break;
        }
        match world.kind(&path) {
            Ok(PathKind::Folder) => open.extend(
                world
                    .list(&path)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|n| path.join(n)),
            ),
            Ok(PathKind::File) => total += world.read(&path).map_or(0, |b| b.len() as u64),
            _ => {}
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::findings::Findings;
    use super::super::super::load::document_of_text;
    use super::super::view::View;
    use super::{check, frontmatter};
    use crate::memory::MemoryWorld;

    #[test]
    fn a_relative_skill_path_is_not_checked_while_the_workflow_has_no_path() {
        let (sources, root) = document_of_text(
            "workflow: {name: n, entry_point: a}\nagents: [{name: a, skills: [./mine]}]\n",
        );
        let view = View::new(
            root.map().expect("a mapping"),
            &sources,
            Path::new("untitled.yaml"),
        );
        let mut findings = Findings::default();
        check(&MemoryWorld::new(), &view, &mut findings);
        let (found, agreed) = findings.finish();
        assert_eq!(agreed, ["V44"]);
        assert!(found[0].message.contains("./mine"));
    }

    #[test]
    fn frontmatter_stands_between_two_fences_at_the_beginning() {
        assert_eq!(frontmatter("---\na: 1\n---\nx"), Some("a: 1\n"));
        assert_eq!(frontmatter("--- \r\na: 1\r\n---\r\n"), Some("a: 1\r\n"));
        assert_eq!(frontmatter("x\n---\na: 1\n---\n"), None);
        assert_eq!(frontmatter("---\na: 1\n"), None);
    }
}
