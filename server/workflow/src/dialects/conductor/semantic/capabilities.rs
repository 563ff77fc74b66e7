//! What the providers in use cannot do: V31..V38, V46 and V47 (appendix A).

use crate::data::Datum;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

use super::super::findings::Findings;
use super::super::providers::{self, Capabilities, Structured};
use super::super::schema::{lax_integer, lax_number};
use super::view::{StepView, View};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    mcp_default(view, findings);
    for step in view.agents() {
        let Some(can) = view.capabilities(step) else {
            findings.semantic(unknown_provider(step, view.provider_of(step)));
            continue;
        };
        mcp_override(view, step, can, findings);
        tools(view, step, can, findings);
        effort(view, step, can, findings);
        structured(step, can, findings);
        for (rule, code, key, fails, what) in [
            (
                "V36",
                "session-limit-unsupported",
                "max_session_seconds",
                !can.session_limit,
                "session limits",
            ),
            (
                "V37",
                "working-dir-unsupported",
                "working_dir",
                !can.working_dir,
                "working folders",
            ),
            (
                "V38",
                "session-key-unsupported",
                "session_key",
                !can.sessions,
                "shared sessions",
            ),
        ] {
            if fails && let Some(field) = step.map.field(key).filter(|f| f.value.truthy()) {
                let message = format!(
                    "`{}` sets `{key}`, and the provider `{}` does not support {what}",
                    step.name, can.name
                );
                findings.semantic(step.diagnostic(code, rule, field.place(), message));
            }
        }
    }
    for (rule, code, key, what) in [
        (
            "V36",
            "session-limit-unsupported",
            "max_session_seconds",
            "session limits",
        ),
        (
            "V37",
            "working-dir-unsupported",
            "working_dir",
            "working folders",
        ),
    ] {
        let fails = |can: &Capabilities| {
            if rule == "V36" {
                !can.session_limit
            } else {
                !can.working_dir
            }
        };
        for_runtime_key(
            view,
            key,
            |can| fails(can).then(|| format!("does not support {what}")),
            rule,
            code,
            findings,
        );
    }
    let temperature = view.runtime.some("temperature").and_then(lax_number);
    if let Some(value) = temperature {
        let over = |can: &Capabilities| {
            can.max_temperature
                .filter(|max| value > *max)
                .map(|max| format!("takes temperatures up to {max:.1} only"))
        };
        for_runtime_key(
            view,
            "temperature",
            over,
            "V46",
            "temperature-ceiling",
            findings,
        );
    }
    concurrency(view, findings);
}

/// V31.
fn unknown_provider(step: &StepView<'_>, provider: &str) -> Diagnostic {
    let message = format!(
        "Nothing is known about the provider `{provider}` of `{}`",
        step.name
    );
    step.diagnostic(
        "provider-unknown",
        "V31",
        step.value_loc("provider"),
        message,
    )
}

/// A diagnostic about a key under `runtime`, once for every provider in use that cannot do it.
fn for_runtime_key(
    view: &View<'_>,
    key: &str,
    why: impl Fn(&Capabilities) -> Option<String>,
    rule: &'static str,
    code: &'static str,
    findings: &mut Findings,
) {
    let Some(field) = view.runtime.field(key).filter(|f| f.value.truthy()) else {
        return;
    };
    let mut told: Vec<&str> = Vec::new();
    for step in view.agents() {
        let Some(can) = view.capabilities(step) else {
            continue;
        };
        let (Some(why), false) = (why(can), told.contains(&can.name)) else {
            continue;
        };
        // A step that sets the key itself is told there.
        let users: Vec<&StepView<'_>> = view
            .agents()
            .filter(|s| view.provider_of(s) == can.name && s.map.some(key).is_none())
            .collect();
        if users.is_empty() {
            continue;
        }
        told.push(can.name);
        let names = list(users.iter().map(|s| s.name));
        let message = format!(
            "`runtime.{key}` is set, and the provider `{}` of {names} {why}",
            can.name
        );
        let mut diagnostic =
            Diagnostic::new(code, Severity::Error, field.place(), message).upstream(rule);
        diagnostic.path = Some(format!("workflow.runtime.{key}"));
        findings.semantic(diagnostic);
    }
}

pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn servers<'a>(view: &View<'a>) -> Option<(&'a crate::data::Field, Vec<&'a str>)> {
    let field = view
        .runtime
        .field("mcp_servers")
        .filter(|f| f.value.truthy())?;
    Some((
        field,
        field
            .value
            .map()?
            .iter()
            .map(|(k, _)| k.value.as_str())
            .collect(),
    ))
}

/// V32 on the default provider.
fn mcp_default(view: &View<'_>, findings: &mut Findings) {
    let Some((field, names)) = servers(view) else {
        return;
    };
    if providers::capabilities(view.provider).is_none_or(|can| can.mcp) {
        return;
    }
    let users: Vec<&str> = view
        .agents()
        .filter(|s| s.map.some("provider").is_none())
        .map(|s| s.name)
        .collect();
    if !users.is_empty() {
        let message = format!(
            "`mcp_servers` declares {}, and the provider `{}` of {} has no MCP; {} have",
            list(names.into_iter()),
            view.provider,
            list(users.into_iter()),
            providers::able(|p| p.mcp)
        );
        let mut diagnostic =
            Diagnostic::new("mcp-unsupported", Severity::Error, field.key.loc, message)
                .upstream("V32");
        diagnostic.path = Some("workflow.runtime.mcp_servers".into());
        findings.semantic(diagnostic);
    }
}

/// V32 on a step's own provider.
fn mcp_override(view: &View<'_>, step: &StepView<'_>, can: &Capabilities, findings: &mut Findings) {
    if servers(view).is_some() && !can.mcp && step.map.some("provider").is_some() {
        let message = format!(
            "`{}` runs on `{}`, which has no MCP, and the workflow declares `mcp_servers`",
            step.name, can.name
        );
        findings.semantic(step.diagnostic(
            "mcp-unsupported",
            "V32",
            step.value_loc("provider"),
            message,
        ));
    }
}

/// V33.
fn tools(view: &View<'_>, step: &StepView<'_>, can: &Capabilities, findings: &mut Findings) {
    if can.tool_allowlist {
        return;
    }
    let report = |loc: Loc, message: String| {
        step.diagnostic("tool-allowlist-unsupported", "V33", loc, message)
    };
    match step.map.some("tools").and_then(Datum::list) {
        Some([]) if can.mcp && servers(view).is_some() => {
            let message = format!(
                "`tools: []` of `{}` cannot keep MCP servers away: the provider `{}` passes them on regardless",
                step.name, can.name
            );
            findings.semantic(report(step.value_loc("tools"), message));
        }
        Some([]) => {}
        Some(_) => {
            let message = format!(
                "`{}` lists `tools`, and the provider `{}` cannot limit tools; the agent would get others than listed",
                step.name, can.name
            );
            findings.semantic(report(step.value_loc("tools"), message));
        }
        None => {
            let Some(inherited) = view.root.field("tools").filter(|f| f.value.truthy()) else {
                return;
            };
            let message = format!(
                "`{}` inherits the top-level `tools`, and the provider `{}` cannot limit tools; write `tools: []` or remove the list",
                step.name, can.name
            );
            findings.semantic(
                report(step.name_loc(), message)
                    .related(inherited.key.loc, "the top-level `tools`"),
            );
        }
    }
}

/// V34.
fn effort(view: &View<'_>, step: &StepView<'_>, can: &Capabilities, findings: &mut Findings) {
    let own = step.map.map("reasoning").and_then(|m| m.text("effort"));
    let Some(text) = own.or_else(|| view.runtime.text("default_reasoning_effort")) else {
        return;
    };
    let key = if own.is_some() {
        "reasoning.effort"
    } else {
        "runtime.default_reasoning_effort"
    };
    let level = text.value.as_str();
    let template = level.contains("{{") || level.contains("{%");
    let message = if can.efforts.is_empty() {
        format!(
            "`{}` has `{key}` `{level}`, and the provider `{}` has no reasoning effort",
            step.name, can.name
        )
    } else if !template && !can.efforts.contains(&level) {
        format!(
            "`{}` has `{key}` `{level}`, and the provider `{}` knows {} only",
            step.name,
            can.name,
            list(can.efforts.iter().copied())
        )
    } else {
        return;
    };
    findings.semantic(step.diagnostic("reasoning-effort-unsupported", "V34", text.loc, message));
}

/// V35.
fn structured(step: &StepView<'_>, can: &Capabilities, findings: &mut Findings) {
    let Some(output) = step.map.field("output").filter(|f| f.value.truthy()) else {
        return;
    };
    let (severity, message) = match can.structured {
        Structured::None => (
            Severity::Error,
            format!(
                "`{}` declares `output`, and the provider `{}` has no structured output",
                step.name, can.name
            ),
        ),
        Structured::Prompt if can.experimental => (
            Severity::Warning,
            format!(
                "`{}` declares `output`; the provider `{}` only asks for it in the prompt, which may fail now and then",
                step.name, can.name
            ),
        ),
        _ => return,
    };
    let mut diagnostic = step.diagnostic("structured-output-weak", "V35", output.key.loc, message);
    diagnostic.severity = severity;
    findings.semantic(diagnostic);
}

/// V47.
fn concurrency(view: &View<'_>, findings: &mut Findings) {
    let unsafe_provider = |step: &StepView<'_>| {
        view.capabilities(step)
            .filter(|can| !can.concurrent)
            .map(|can| can.name)
    };
    for group in &view.parallel {
        for step in view
            .steps
            .iter()
            .filter(|s| s.is_agent() && group.members().any(|m| m.value == s.name))
        {
            if let Some(provider) = unsafe_provider(step) {
                findings.semantic(not_concurrent(step, group.name, provider));
            }
        }
    }
    for (group, step) in view.each.iter().zip(&view.inline) {
        let many = group
            .map
            .some("max_concurrent")
            .and_then(lax_integer)
            .unwrap_or(10)
            > 1;
        if let Some(provider) = unsafe_provider(step).filter(|_| many && step.is_agent()) {
            findings.semantic(not_concurrent(step, group.name, provider));
        }
    }
}

fn not_concurrent(step: &StepView<'_>, group: &str, provider: &str) -> Diagnostic {
    let message = format!(
        "`{}` runs beside others in `{group}`, and the provider `{provider}` takes one call at a time",
        step.name
    );
    step.diagnostic(
        "provider-not-concurrent",
        "V47",
        step.value_loc("provider"),
        message,
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::load::document_of_text;
    use super::super::view::View;
    use super::{Findings, check, not_concurrent, unknown_provider};

    const TEXT: &str =
        "workflow: {name: n, entry_point: a}\nagents:\n  - {name: a, provider: mystery}\n";

    #[test]
    fn a_provider_without_description_is_named_at_the_step() {
        let (sources, root) = document_of_text(TEXT);
        let view = View::new(
            root.map().expect("a mapping"),
            &sources,
            Path::new("/w/w.yaml"),
        );
        assert!(view.capabilities(&view.steps[0]).is_none());
        let found = unknown_provider(&view.steps[0], "mystery");
        assert_eq!(
            (found.upstream, found.step.as_deref()),
            (Some("V31"), Some("a"))
        );
        assert!(found.message.contains("mystery"));
    }

    #[test]
    fn every_shipped_provider_takes_concurrent_calls_and_session_limits() {
        use super::super::super::providers::capabilities;
        for name in [
            "copilot",
            "openai",
            "claude",
            "claude-agent-sdk",
            "hermes",
            "aca",
        ] {
            let can = capabilities(name).expect("described");
            assert!(can.concurrent && can.session_limit, "{name}");
        }
    }

    #[test]
    fn a_provider_that_takes_one_call_at_a_time_is_named_with_the_group() {
        let (sources, root) = document_of_text(TEXT);
        let view = View::new(
            root.map().expect("a mapping"),
            &sources,
            Path::new("/w/w.yaml"),
        );
        let found = not_concurrent(&view.steps[0], "g", "mystery");
        assert_eq!(found.upstream, Some("V47"));
        assert!(found.message.contains("`g`"));
    }

    #[test]
    fn a_session_limit_that_a_provider_does_not_keep_is_named_at_the_step_and_at_the_runtime() {
        let text = "\
workflow:
  name: w
  entry_point: a
  runtime: {provider: endless, max_session_seconds: 60}
agents:
  - {name: a, prompt: x, max_session_seconds: 5}
  - {name: b, prompt: x}
  - {name: c, prompt: x, provider: copilot, max_session_seconds: 5}
";
        let (sources, root) = document_of_text(text);
        let view = View::new(
            root.map().expect("a mapping"),
            &sources,
            Path::new("/w/w.yaml"),
        );
        let mut findings = Findings::default();
        check(&view, &mut findings);
        let (found, _) = findings.finish();
        let told: Vec<(u32, &str)> = found
            .iter()
            .filter(|d| d.upstream == Some("V36"))
            .map(|d| (d.loc.span.start().into(), d.message.as_str()))
            .collect();
        let at = |words: &str| u32::try_from(text.find(words).expect("written")).expect("short");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told.iter().any(|(start, said)| *start >= at("60}") - 25
                && *start <= at("60}")
                && said.contains("`b`")),
            "{told:?}"
        );
        assert!(
            told.iter().any(|(start, said)| *start > at("name: a,")
                && *start < at("name: b")
                && said.contains("`a`")),
            "{told:?}"
        );
    }
}
