//! Sub-workflows: V21 (not found), V22 (circular), V23 (fails) and V24 (too
//! deep). Problems of the child are shown at the step that runs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity};
use crate::loader::Child;
use crate::source::Text;
use crate::world::{PathKind, World, normal};

use super::super::findings::Findings;
use super::super::{Chain, load};
use super::view::{StepView, View};

/// Depth at which the dialect stops looking.
const DEPTH: usize = 10;

pub(super) fn check(
    world: &dyn World,
    view: &View<'_>,
    chain: &Chain,
    findings: &mut Findings,
) -> Vec<Child> {
    let mut children = Vec::new();
    for step in view.all_steps().filter(|s| s.kind == "workflow") {
        let Some(reference) = step.map.text("workflow").filter(|t| !t.value.is_empty()) else {
            continue;
        };
        children.extend(child(world, view, step, reference, chain, findings));
    }
    children
}

fn child(
    world: &dyn World,
    view: &View<'_>,
    step: &StepView<'_>,
    reference: &Text,
    chain: &Chain,
    findings: &mut Findings,
) -> Option<Child> {
    let report = |rule, code, severity, message: String| {
        let mut diagnostic: Diagnostic = step.diagnostic(code, rule, reference.loc, message);
        diagnostic.severity = severity;
        diagnostic.path = Some(format!("{}.workflow", step.path));
        diagnostic
    };
    let written = reference.value.as_str();
    if chain.stack.len() >= DEPTH {
        let message = format!(
            "The sub-workflow `{written}` of `{}` is not checked: {DEPTH} levels are reached",
            step.name
        );
        findings.semantic(report(
            "V24",
            "sub-workflow-depth",
            Severity::Warning,
            message,
        ));
        return None;
    }
    let path = match resolve(world, view.folder(), written) {
        Found::File(path) => path,
        Found::Wrong(why) => {
            findings.semantic(report(
                "V21",
                "sub-workflow-missing",
                Severity::Error,
                format!("The sub-workflow `{written}` of `{}` {why}", step.name),
            ));
            return None;
        }
        Found::Remote => {
            let message = format!(
                "The sub-workflow `{written}` of `{}` lives in a registry and is not checked here",
                step.name
            );
            let mut diagnostic = report("V21", "not-checked", Severity::Information, message);
            diagnostic.upstream = None;
            findings.semantic(diagnostic);
            return None;
        }
    };
    let identity = world.canonical(&path).unwrap_or_else(|_| path.clone());
    if chain.stack.contains(&identity) {
        let message = format!(
            "`{}` runs `{written}`, which is being run already: {}",
            step.name,
            names(chain, &identity)
        );
        findings.semantic(report(
            "V22",
            "sub-workflow-cycle",
            Severity::Error,
            message,
        ));
        return None;
    }
    if chain.spend() {
        let message = format!(
            "The sub-workflow `{written}` of `{}` is not checked: this workflow draws in too many others",
            step.name
        );
        let mut diagnostic = report("V24", "not-checked", Severity::Information, message);
        diagnostic.upstream = None;
        findings.semantic(diagnostic);
        return None;
    }
    let bytes = world.read(&path).unwrap_or_default();
    let loaded = load(
        world,
        &path,
        fermata_syntax::parse_bytes(&bytes),
        &chain.with(identity),
    );
    let said = |d: &Diagnostic| {
        let at = loaded
            .sources
            .get(d.loc.file)
            .map_or(0, |f| f.tree.line_index().line_of(d.loc.span.start()) + 1);
        format!("line {at}: {}", d.message)
    };
    let errors: Vec<&Diagnostic> = loaded.diagnostics.iter().filter(|d| d.rejects()).collect();
    let warnings: Vec<&Diagnostic> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.upstream.is_some() && d.severity == Severity::Warning)
        .collect();
    if let Some(first) = errors.first() {
        // The dialect nests the child's messages; a circle found below is told as a circle.
        let circle = errors.iter().find(|d| d.upstream == Some("V22"));
        let rule = if circle.is_some() { "V22" } else { "V23" };
        let code = if circle.is_some() {
            "sub-workflow-cycle"
        } else {
            "sub-workflow-invalid"
        };
        let more = match errors.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let message = format!(
            "The sub-workflow `{written}` of `{}` has errors; {}{more}",
            step.name,
            said(circle.unwrap_or(first))
        );
        findings.semantic(report(rule, code, Severity::Error, message));
    } else {
        for warning in warnings {
            let rule = if warning.upstream == Some("V24") {
                "V24"
            } else {
                "V23"
            };
            let message = format!(
                "The sub-workflow `{written}` of `{}`: {}",
                step.name,
                said(warning)
            );
            findings.semantic(report(
                rule,
                "sub-workflow-warning",
                Severity::Warning,
                message,
            ));
        }
    }
    Some(Child {
        step: step.name.to_owned(),
        path,
        loaded: Arc::new(loaded),
    })
}

fn names(chain: &Chain, last: &Path) -> String {
    let name = |p: &PathBuf| {
        p.file_name().map_or_else(
            || p.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        )
    };
    chain
        .stack
        .iter()
        .chain([&last.to_path_buf()])
        .map(name)
        .collect::<Vec<_>>()
        .join(" → ")
}

/// What a reference leads to.
enum Found {
    File(PathBuf),
    /// Needs the network or a registry's cache.
    Remote,
    Wrong(String),
}

fn resolve(world: &dyn World, folder: &Path, written: &str) -> Found {
    let path = normal(&folder.join(written));
    if matches!(world.kind(&path), Ok(PathKind::File)) {
        return Found::File(path);
    }
    let lower = written.to_ascii_lowercase();
    let file_like = !written.contains('@')
        && (written.contains(['/', '\\']) || lower.ends_with(".yaml") || lower.ends_with(".yml"));
    if file_like {
        let why = match world.kind(&path) {
            Ok(_) => "is not a file".to_owned(),
            Err(_) => {
                let near = path
                    .parent()
                    .and_then(|p| world.list(p).ok())
                    .unwrap_or_default();
                let name = path
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default();
                match crate::nearest::nearest(&name, near.iter().map(String::as_str)) {
                    Some(best) => format!("does not exist; did you mean `{best}`?"),
                    None => "does not exist".to_owned(),
                }
            }
        };
        return Found::Wrong(why);
    }
    registry(world, written)
}

/// `<workflow>[@<registry>][#<ref>]`.
fn registry(world: &dyn World, written: &str) -> Found {
    let wrong = |why: &str| Found::Wrong(format!("is no file and no registry reference: {why}"));
    if written.matches('#').count() > 1 || written.matches('@').count() > 1 {
        return wrong("there may be one `@` and one `#`");
    }
    let (body, reference) = written
        .split_once('#')
        .map_or((written, None), |(b, r)| (b, Some(r)));
    if reference.is_some_and(|r| r.trim().is_empty()) {
        return wrong("nothing stands after `#`");
    }
    let (name, registry) = body.split_once('@').map_or((body, ""), |(n, r)| (n, r));
    if name.trim().is_empty() {
        return wrong("it names no workflow");
    }
    if registry.contains('/') {
        let parts: Vec<&str> = registry.split('/').collect();
        return if parts.len() == 2 && parts.iter().all(|p| !p.trim().is_empty()) {
            Found::Remote
        } else {
            wrong(&format!("`{registry}` is no `owner/repo`"))
        };
    }
    // Registries are configured in the user's home; where there is such a folder we cannot tell without asking it.
    let configured = world
        .home()
        .is_some_and(|home| world.kind(&home.join(".conductor")).is_ok());
    if configured {
        return Found::Remote;
    }
    if registry.is_empty() {
        wrong("no default registry is configured")
    } else {
        wrong(&format!("there is no registry `{registry}`"))
    }
}
