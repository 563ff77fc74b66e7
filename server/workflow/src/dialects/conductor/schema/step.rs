//! The keys of a step (specs/conductor.md 1.4), with S15, S17, S18 and the
//! boolean duration of S19. What each kind takes is in `step_kinds`.

use crate::data::{Datum, Shape};

use super::check::Checker;
use super::groups::ROUTE;
use super::lax;
use super::outputs::OUTPUT_FIELD;
use super::plugins::{PLUGIN, no_duplicate_plugins};
use super::provider::PROVIDERS;
use super::questions::{GATE_OPTION, QUESTION};
use super::runtime::{EFFORTS, TIERS};
use super::skills::skill_list;
use super::step_kinds;
use super::types::{Key, Kind, Model, STRING_MAP, STRINGS};

/// The kinds of steps.
pub(super) const KINDS: &[&str] = &[
    "agent",
    "human_gate",
    "questions",
    "script",
    "set",
    "terminate",
    "wait",
    "workflow",
];

pub(super) static STEP: Model = Model::strict(
    "a step",
    &[
        Key::required("name", Kind::Str, "The step's name; routes and templates use it."),
        Key::optional("type", Kind::Word(KINDS), "What the step does; `agent` by default."),
        Key::optional("description", Kind::Str, "What the step is for."),
        Key::optional("provider", Kind::Word(PROVIDERS), "Who runs this agent, when not the workflow's provider."),
        Key::optional("model", Kind::Str, "Model of this agent; a template."),
        Key::optional("context_tier", Kind::WordOrText(TIERS), "`default`, `long_context` or a template.").rule(context_tier),
        Key::default("input", STRINGS, "What this step may see in explicit context mode: `step.output.field`, `group.outputs`, `workflow.input.name`; `?` at the end for optional."),
        Key::optional("tools", STRINGS, "Tools this agent may use; all when absent, none when empty."),
        Key::optional("system_prompt", Kind::Str, "System prompt template."),
        Key::default("prompt", Kind::Str, "Prompt template."),
        Key::optional("output", Kind::Map(&Kind::Model(&OUTPUT_FIELD)), "Fields of the step's output."),
        Key::optional("output_mode", Kind::Word(&["raw", "envelope"]), "`raw` text, or an `envelope` with fields."),
        Key::default("routes", Kind::List(&Kind::Model(&ROUTE)), "Where the run goes next; the first match wins, none means `$end`."),
        Key::optional("options", Kind::List(&Kind::Model(&GATE_OPTION)), "What people can choose at a human gate."),
        Key::optional("questions", Kind::List(&Kind::Model(&QUESTION)), "Questions to ask."),
        Key::optional("source", Kind::Str, "Dotted path of a list with questions."),
        Key::optional("allow_back", Kind::Bool, "Whether one can go back; true by default."),
        Key::optional("allow_skip", Kind::Bool, "Whether a question can be skipped; true by default."),
        Key::optional("allow_skip_all", Kind::Bool, "Whether the rest can be skipped; true by default."),
        Key::optional("allow_abort", Kind::Bool, "Whether the questions can be aborted; false by default."),
        Key::optional("abort_route", Kind::Str, "Where an abort goes; `$end` by default."),
        Key::optional("command", Kind::Str, "Program to run, without a shell; a template."),
        Key::default("args", STRINGS, "Its arguments; templates."),
        Key::default("env", STRING_MAP, "Its environment; not templated."),
        Key::optional("working_dir", Kind::Str, "Folder to work in; a template."),
        Key::optional("stdin", Kind::Str, "Text for its standard input; a template."),
        Key::optional("timeout", Kind::Int(None, None), "Seconds until the process is stopped; above 0.").rule(positive),
        Key::optional("duration", Kind::Scalar, "How long to wait: seconds, or a number with `ms`, `s`, `m` or `h`; or a template.").rule(no_boolean),
        Key::optional("reason", Kind::Str, "Why; a template."),
        Key::optional("value", Kind::Str, "Template of the value."),
        Key::optional("values", STRING_MAP, "Templates of several values."),
        Key::optional("output_type", Kind::Word(&["auto", "string", "number", "integer", "boolean", "list", "dict"]), "What `value` becomes; `auto` by default."),
        Key::optional("workflow", Kind::Str, "Workflow to run: a path relative to this file, or a registry reference."),
        Key::optional("input_mapping", STRING_MAP, "Templates of the sub-workflow's inputs."),
        Key::optional("max_depth", Kind::Int(Some(1), Some(10)), "How deep sub-workflows may nest, 1 to 10."),
        Key::optional("timeout_seconds", Kind::Number(Some(1.0), None, None), "Seconds this agent may take; at least 1."),
        Key::optional("max_session_seconds", Kind::Number(Some(1.0), None, None), "Seconds for this agent's session; at least 1."),
        Key::optional("max_agent_iterations", Kind::Int(Some(1), Some(500)), "Tool turns inside one call, 1 to 500."),
        Key::optional("session_key", Kind::Str, "Steps with the same key share a session; a plain label, never a template.").rule(session_key),
        Key::optional("retry", Kind::Model(&RETRY), "When a failed call is tried again."),
        Key::optional("dialog", Kind::Model(&DIALOG), "Lets the agent ask to talk."),
        Key::optional("reasoning", Kind::Model(&REASONING), "Reasoning effort."),
        Key::optional("validator", Kind::Model(&VALIDATOR), "A second call that judges the output."),
        Key::optional("sandbox", Kind::Model(&SANDBOX), "Sandbox settings (aca)."),
        Key::optional("skills", STRINGS, "Skills of this agent; empty for none.").rule(skill_list),
        Key::optional("plugins", Kind::List(&Kind::Short("name", &PLUGIN)), "Plugins of this agent; empty for none.").rule(no_duplicate_plugins),
        Key::optional("status", Kind::Word(&["success", "failed"]), "How the workflow ends."),
        Key::optional("output_template", STRING_MAP, "Templates that replace the workflow's output."),
    ],
)
.rules(step_kinds::rules);

static RETRY: Model = Model::loose(
    "`retry`",
    &[
        Key::default(
            "max_attempts",
            Kind::Int(Some(1), Some(10)),
            "Attempts in all, 1 to 10.",
        ),
        Key::default(
            "backoff",
            Kind::Word(&["fixed", "exponential"]),
            "How the delay grows; `exponential` by default.",
        ),
        Key::default(
            "delay_seconds",
            Kind::Number(Some(0.0), None, Some(300.0)),
            "First delay in seconds, 0 to 300; 2 by default.",
        ),
        Key::default(
            "retry_on",
            Kind::List(&Kind::Word(&["provider_error", "timeout"])),
            "Which failures are tried again; both by default.",
        ),
        Key::optional(
            "max_parse_recovery_attempts",
            Kind::Int(Some(0), Some(10)),
            "Further turns to repair an answer that cannot be read, 0 to 10.",
        ),
    ],
);

static DIALOG: Model = Model::loose(
    "`dialog`",
    &[Key::required(
        "trigger_prompt",
        Kind::Str,
        "When the agent should ask to talk.",
    )],
);

static REASONING: Model = Model::loose(
    "`reasoning`",
    &[Key::required(
        "effort",
        Kind::WordOrText(EFFORTS),
        "`low`, `medium`, `high`, `xhigh`, `max` or a template.",
    )
    .rule(effort)],
);

static VALIDATOR: Model = Model::strict(
    "`validator`",
    &[
        Key::required("criteria", Kind::Str, "What the output is judged by.").rule(criteria),
        Key::optional("model", Kind::Str, "Model of the judge."),
        Key::default(
            "max_retries",
            Kind::Int(Some(0), Some(1)),
            "Whether the agent tries again once; 0 or 1.",
        ),
    ],
);

static SANDBOX: Model = Model::strict(
    "`sandbox`",
    &[
        Key::optional(
            "identifier_scope",
            Kind::Word(&["workflow", "agent", "item", "none"]),
            "What shares a sandbox.",
        ),
        Key::optional("working_dir", Kind::Str, "Folder inside the sandbox."),
    ],
);

/// S14.
fn criteria(c: &mut Checker<'_>, datum: &Datum) {
    if datum.text().is_some_and(|t| t.value.trim().is_empty()) {
        let loc = if datum.loc.span.is_empty() {
            c.anchor().unwrap_or(datum.loc)
        } else {
            datum.loc
        };
        c.fail(
            "S14",
            "blank-criteria",
            loc,
            "`criteria` of a validator must not be blank: it says what the output is judged by",
        );
    }
}

fn word_or_template(
    c: &mut Checker<'_>,
    datum: &Datum,
    key: &str,
    words: &[&str],
    openers: &[&str],
) {
    let Some(text) = datum.text() else { return };
    if words.contains(&text.value.as_str()) || openers.iter().any(|o| text.value.contains(o)) {
        return;
    }
    let list = words
        .iter()
        .map(|w| format!("`{w}`"))
        .collect::<Vec<_>>()
        .join(", ");
    c.fail(
        "S15",
        "invalid-value",
        datum.loc,
        format!(
            "`{key}` cannot be `{}`; it is one of {list}, or a template",
            text.value
        ),
    );
}

/// S15.
fn context_tier(c: &mut Checker<'_>, datum: &Datum) {
    word_or_template(c, datum, "context_tier", TIERS, &["{{", "{%"]);
}

/// S15.
fn effort(c: &mut Checker<'_>, datum: &Datum) {
    word_or_template(c, datum, "effort", EFFORTS, &["{{", "{%"]);
}

/// S17.
fn positive(c: &mut Checker<'_>, datum: &Datum) {
    if lax::integer(datum).is_some_and(|n| n <= 0) {
        c.fail(
            "S17",
            "timeout-not-positive",
            datum.loc,
            "`timeout` must be above 0 seconds",
        );
    }
}

/// S18.
fn session_key(c: &mut Checker<'_>, datum: &Datum) {
    let Some(text) = datum.text() else { return };
    if text.value.trim().is_empty() {
        c.fail(
            "S18",
            "session-key",
            datum.loc,
            "`session_key` must not be blank",
        );
    } else if text.value.contains("{{") || text.value.contains("{%") {
        let message = format!(
            "`session_key` is never rendered; `{}` would be shared by every execution as it stands, use a plain label",
            text.value
        );
        c.fail("S18", "session-key", datum.loc, message);
    }
}

/// S19, its boolean part.
fn no_boolean(c: &mut Checker<'_>, datum: &Datum) {
    if let Shape::Bool(b) = datum.shape {
        c.fail(
            "S19",
            "duration",
            datum.loc,
            format!("`duration` must be a number or a text like `30s`, not the boolean `{b}`"),
        );
    }
}
