//! The keys of nodes and of what stands inside them, in the order in which the dialect looks at them.

use serde_json::json;

use super::agent::{self, AGENTS, EFFORTS, HOOKS};
use super::control::{self, BLANK, FIELD, ITERATIONS};
use super::gate::{self, APPROVAL};
use super::issue::{Rule, TYPE};
use super::keys::{Key, Kind, Model, Own};
use super::launch::{self, BOUNDS, RETRY};
use super::node::{self, RUNTIME, TRIGGER_RULES};

mod agents;

pub(super) use agents::{AGENT, HOOK, PI, SANDBOX};

const fn key(name: &'static str, rule: Rule, kind: Kind, doc: &'static str) -> Key {
    Key::new(name, rule, kind, doc)
}

const fn own(
    check: fn(&super::fields::Object, &mut super::issue::Issues),
    words: &'static str,
    schema: fn() -> serde_json::Value,
) -> Kind {
    Kind::Own(Own {
        check,
        words,
        items: None,
        schema,
    })
}

const fn items(
    check: fn(&super::fields::Object, &mut super::issue::Issues),
    words: &'static str,
    model: &'static Model,
    schema: fn() -> serde_json::Value,
) -> Kind {
    Kind::Own(Own {
        check,
        words,
        items: Some(model),
        schema,
    })
}

/// A node.
pub static NODE: Model = Model {
    name: "a node",
    rules: Some(node::whole),
    keys: &[
        key("id", TYPE, own(node::id, "text", || json!({"type": "string", "pattern": "\\S", "not": {"pattern": "^\\s*INPUTS\\s*$"}})), "How other nodes name this one.").required(),
        key("description", TYPE, Kind::Text, "What the node does, for people."),
        key("depends_on", TYPE, Kind::Texts, "The nodes that must have ended before this one starts."),
        key("when", TYPE, Kind::Text, "A condition: comparisons joined by `&&` and `||`. The node is skipped where it is false, and where it cannot be read."),
        key("trigger_rule", TYPE, Kind::Word(TRIGGER_RULES), "How the states of `depends_on` join; `all_success` by default."),
        key("model", TYPE, Kind::Text, "A tier (`small`, `medium`, `large`), an `@alias` of the configuration, or a model's own name."),
        key("provider", TYPE, Kind::Solid, "Who carries out the prompt."),
        key("context", TYPE, own(agent::context, "fresh, shared, or a map with `resume`", agent::context_schema), "Which session the agent goes on with."),
        key("output_format", TYPE, Kind::Map, "A JSON Schema that the agent's answer must satisfy; its fields can be read as `$id.output.field`."),
        key("allowed_tools", TYPE, Kind::Texts, "The only tools that the agent may use; an empty list means none."),
        key("denied_tools", TYPE, Kind::Texts, "Tools that the agent may not use."),
        key("idle_timeout", TYPE, own(node::idle_timeout, "milliseconds above 0", || json!({"type": "number", "exclusiveMinimum": 0})), "How long an agent may be silent, in milliseconds; 30 minutes by default."),
        key("retry", RETRY, Kind::Object(&RETRIES), "When and how often a failed attempt is repeated."),
        key("hooks", HOOKS, own(agent::hooks, "lists of hooks by event", agent::hooks_schema), "What to answer to the agent's events."),
        key("mcp", TYPE, Kind::Full, "A JSON file of MCP servers, from the repository's root."),
        key("skills", TYPE, Kind::Fulls(0), "Skills to load."),
        key("agents", AGENTS, items(agent::agents, "sub-agents by name", &AGENT, || json!({"type": "object", "minProperties": 1, "propertyNames": {"pattern": KEBAB}})), "Sub-agents that the agent may call."),
        key("pi", TYPE, Kind::Object(&PI), "Settings of the provider pi."),
        key("effort", TYPE, Kind::Word(EFFORTS), "How hard the model thinks."),
        key("thinking", TYPE, own(agent::thinking, "adaptive, enabled, disabled, or a map with `type`", agent::thinking_schema), "Whether the model thinks aloud."),
        key("maxBudgetUsd", TYPE, Kind::POSITIVE, "Handed to the provider as its budget, in US dollars."),
        key("systemPrompt", TYPE, Kind::Full, "The agent's system prompt."),
        key("fallbackModel", TYPE, Kind::Full, "The model to use when the first one is not there."),
        key("settingSources", TYPE, Kind::Words(&["project", "user"]), "Where the provider takes its own settings from."),
        key("betas", TYPE, Kind::Fulls(1), "Beta features of the provider."),
        key("sandbox", TYPE, Kind::Object(&SANDBOX), "What the agent's programs may touch."),
        key("always_run", TYPE, Kind::Flag, "Run again on resume, whatever ran before."),
        key("persist_session", TYPE, Kind::Flag, "Keep the session for the next run of the same conversation."),
        key("output_type", TYPE, Kind::Full, "Writes the output to a file of this type among the artifacts."),
        key("command", TYPE, Kind::Text, "Sends the text of a command file to an agent."),
        key("prompt", TYPE, Kind::Text, "Sends this text to an agent."),
        key("bash", TYPE, Kind::Text, "Runs this text with bash. References arrive in single quotes."),
        key("loop", TYPE, Kind::Object(&LOOP), "Sends a text to an agent again and again until it is finished."),
        key("loop_group", TYPE, Kind::Object(&LOOP_GROUP), "Runs a list of nodes again and again until it is finished."),
        key("approval", TYPE, Kind::Object(&APPROVALS), "Holds the run until a person decides."),
        key("cancel", TYPE, Kind::Text, "Ends the run with this reason."),
        key("include", TYPE, own(node::include, "name of a workflow", || json!({"type": "string", "pattern": "\\S"})), "Puts the nodes of another workflow here."),
        key("workflow", TYPE, Kind::Full, "Starts another workflow as a run of its own."),
        key("input", TYPE, Kind::Text, "The invocation text of the sub-run."),
        key("isolation", TYPE, Kind::Word(&["inherit", "worktree"]), "Where the sub-run works."),
        key("fan_out", TYPE, Kind::Object(&FAN_OUT), "Starts one sub-run for every item of a list."),
        key("with", TYPE, own(|_, _| {}, "values by name", || json!({})), "Values that are handed over, read as `$INPUTS.name`."),
        key("script", TYPE, Kind::Text, "Runs code, or a script file by name, with bun or uv."),
        key("runtime", RUNTIME, Kind::Word(&["bun", "uv"]), "What runs the script: bun for JavaScript and TypeScript, uv for Python."),
        key("deps", TYPE, Kind::Fulls(0), "Packages that uv installs for the script."),
        key("timeout", TYPE, own(node::timeout, "milliseconds above 0", || json!({"type": "number"})), "How long the program may run, in milliseconds; 2 minutes by default."),
    ],
};

pub(super) const KEBAB: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

static RETRIES: Model = Model {
    name: "a retry",
    rules: None,
    keys: &[
        key(
            "max_attempts",
            RETRY,
            Kind::between(1.0, 5.0, true),
            "Retries after the first attempt, 1 to 5.",
        )
        .required(),
        key(
            "delay_ms",
            RETRY,
            Kind::between(1000.0, 60_000.0, false),
            "The first pause in milliseconds, 1000 to 60000; it doubles each time.",
        ),
        key(
            "on_error",
            RETRY,
            Kind::Word(&["transient", "all"]),
            "Which errors are retried; `transient` by default.",
        ),
    ],
};

const UNTIL: Key = key(
    "until",
    TYPE,
    Kind::Text,
    "The signal in an answer that ends the loop. Archon asks for no boundary before it.",
);
const ROUNDS: Key = key(
    "max_iterations",
    ITERATIONS,
    Kind::COUNT,
    "How often the loop goes round at most; then it fails.",
)
.required();
const FRESH: Key = key(
    "fresh_context",
    TYPE,
    Kind::Flag,
    "Start each iteration in a fresh session.",
);
const UNTIL_BASH: Key = key(
    "until_bash",
    TYPE,
    Kind::Text,
    "A program that ends the loop when it succeeds.",
);
const INTERACTIVE: Key = key(
    "interactive",
    TYPE,
    Kind::Flag,
    "Ask a person after each iteration.",
);
const GATE_MESSAGE: Key = key(
    "gate_message",
    TYPE,
    Kind::Text,
    "What the person is asked.",
);
const SIGNAL: Key = key(
    "signal_completes",
    TYPE,
    Kind::Flag,
    "Let the signal end an interactive loop without asking.",
);

/// `loop`.
static LOOP: Model = Model {
    name: "a loop",
    rules: Some(control::loop_whole),
    keys: &[
        UNTIL,
        ROUNDS,
        FRESH,
        UNTIL_BASH,
        INTERACTIVE,
        GATE_MESSAGE,
        SIGNAL,
        key("prompt", BLANK, Kind::Full, "The text of each iteration."),
        key(
            "command",
            BLANK,
            Kind::Solid,
            "The command file that is the text of each iteration.",
        ),
        key(
            "until_field",
            FIELD,
            own(
                control::until_name,
                "name of a boolean field of the answer",
                || json!({"type": "string", "pattern": "\\S"}),
            ),
            "A boolean field of the answer that ends the loop.",
        ),
    ],
};

/// `loop_group`.
static LOOP_GROUP: Model = Model {
    name: "a loop_group",
    rules: Some(control::group_whole),
    keys: &[
        UNTIL,
        ROUNDS,
        FRESH,
        UNTIL_BASH,
        INTERACTIVE,
        GATE_MESSAGE,
        SIGNAL,
        key(
            "nodes",
            TYPE,
            items(
                control::body,
                "list of nodes",
                &NODE,
                || json!({"type": "array", "minItems": 1}),
            ),
            "The nodes of each iteration.",
        )
        .required(),
    ],
};

static APPROVALS: Model = Model {
    name: "an approval",
    rules: None,
    keys: &[
        key("message", APPROVAL, Kind::Full, "What the person is asked.").required(),
        key(
            "decisions",
            TYPE,
            items(
                gate::decisions,
                "list of decisions",
                &DECISION,
                || json!({"type": "array", "minItems": 1}),
            ),
            "What the person can choose; one has the id `approve`.",
        ),
        key(
            "capture_response",
            TYPE,
            Kind::Flag,
            "Keep the person's comment as the output.",
        ),
        key(
            "on_reject",
            APPROVAL,
            Kind::Object(&ON_REJECT),
            "The old form of rework after a rejection.",
        ),
    ],
};

static ON_REJECT: Model = Model {
    name: "a rework",
    rules: None,
    keys: &[
        key(
            "prompt",
            APPROVAL,
            Kind::Full,
            "What the agent is told; `$REJECTION_REASON` is the person's text.",
        )
        .required(),
        key(
            "max_attempts",
            APPROVAL,
            Kind::between(1.0, 10.0, true),
            "Reworks before the run is cancelled, 1 to 10; 3 by default.",
        ),
    ],
};

/// One decision of an approval.
pub(super) static DECISION: Model = Model {
    name: "a decision",
    rules: None,
    keys: &[
        key(
            "id",
            gate::DECISION,
            own(
                gate::decision_id,
                "lower-case words joined by `-`",
                || json!({"type": "string", "pattern": format!("^\\s*{}\\s*$", &KEBAB[1..KEBAB.len() - 1])}),
            ),
            "The answer, as conditions compare it.",
        )
        .required(),
        key(
            "label",
            gate::DECISION,
            Kind::Full,
            "What the person reads.",
        ),
    ],
};

static FAN_OUT: Model = Model {
    name: "a fan-out",
    rules: None,
    keys: &[
        key("items", BOUNDS, Kind::Full, "A reference to a list.").required(),
        key("as", TYPE, Kind::Text, "The input that gets the item."),
        key(
            "max_parallel",
            BOUNDS,
            Kind::between(1.0, f64::INFINITY, true),
            "How many sub-runs run at a time; 5 by default.",
        ),
        key(
            "join",
            TYPE,
            Kind::Word(launch::JOINS),
            "Whether failures of sub-runs fail the node; `all_done` by default.",
        ),
    ],
};
