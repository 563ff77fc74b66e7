//! The keys at the top of a workflow file. Most are optional settings that the dialect drops when they are wrong, so
//! that none of these checks runs here; what is refused is said with the file.

use serde_json::{Value, json};

use super::agent;
use super::agent::EFFORTS;
use super::issue::TYPE;
use super::keys::{Key, Kind, Model, Own};
use super::tables::{NODE, SANDBOX};

const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key::new(name, TYPE, kind, doc)
}

const fn own(words: &'static str, items: Option<&'static Model>, schema: fn() -> Value) -> Kind {
    Kind::Own(Own {
        check: |_, _| {},
        words,
        items,
        schema,
    })
}

/// Keys whose wrong value keeps the file from loading. Every other one is dropped then.
pub(super) const STRICT: &[&str] = &["name", "description", "nodes", "evidence_policy", "returns"];

/// A workflow file.
pub static TOP: Model = Model {
    name: "a workflow",
    rules: None,
    keys: &[
        key(
            "name",
            Kind::Full,
            "What the workflow is called; unique in its project.",
        )
        .required(),
        key(
            "description",
            Kind::Full,
            "What it does and when to use it.",
        )
        .required(),
        key(
            "nodes",
            own(
                "list of nodes",
                Some(&NODE),
                || json!({"type": "array", "minItems": 1}),
            ),
            "Its nodes; they depend on each other by `depends_on`.",
        )
        .required(),
        key(
            "provider",
            Kind::Full,
            "Who carries out prompts where a node does not say: claude, codex, opencode, pi or copilot.",
        ),
        key(
            "model",
            Kind::Full,
            "A tier (`small`, `medium`, `large`), an `@alias` of the configuration, or a model's own name.",
        ),
        key(
            "modelReasoningEffort",
            Kind::Word(&["minimal", "low", "medium", "high", "xhigh"]),
            "The old name of `effort`.",
        ),
        key(
            "effort",
            Kind::Word(EFFORTS),
            "How hard models think where a node does not say.",
        ),
        key(
            "webSearchMode",
            Kind::Word(&["disabled", "cached", "live"]),
            "How codex searches the web.",
        ),
        key(
            "thinking",
            own(
                "adaptive, enabled, disabled, or a map with `type`",
                None,
                agent::thinking_schema,
            ),
            "Whether models think aloud where a node does not say.",
        ),
        key(
            "fallbackModel",
            Kind::Full,
            "The model to use when the first one is not there.",
        ),
        key("betas", Kind::Fulls(1), "Beta features of the provider."),
        key(
            "sandbox",
            Kind::Object(&SANDBOX),
            "What programs of agents may touch.",
        ),
        key(
            "interactive",
            Kind::Flag,
            "Whether the run may wait for a person.",
        ),
        key(
            "worktree",
            Kind::Object(&WORKTREE),
            "Whether runs get a checkout of their own.",
        ),
        key(
            "container",
            Kind::Object(&CONTAINER),
            "Whether runs get a container of their own.",
        ),
        key(
            "evidence_policy",
            Kind::Object(&EVIDENCE),
            "Whether a run fails that leaves no `evidence.json` among its artifacts.",
        ),
        key(
            "mutates_checkout",
            Kind::Flag,
            "Whether runs change the checkout; `false` lets them run side by side.",
        ),
        key(
            "persist_sessions",
            Kind::Flag,
            "Whether agents keep their sessions for the next run.",
        ),
        key("tags", Kind::Texts, "Words to find it by."),
        key(
            "requires",
            Kind::Words(&["github"]),
            "What the user must have set up.",
        ),
        key(
            "inputs",
            own("inputs by name", Some(&INPUT), || json!({"type": "object"})),
            "Declared inputs, read as `$INPUTS.name`.",
        ),
        key(
            "returns",
            own(
                "id of a node",
                None,
                || json!({"type": "string", "pattern": "\\S"}),
            ),
            "The node whose output is the result.",
        ),
        key(
            "outcome_field",
            own(
                "name of a field",
                None,
                || json!({"type": "string", "pattern": "\\S"}),
            ),
            "The boolean field of the result that says whether the run has succeeded.",
        ),
    ],
};

static WORKTREE: Model = Model {
    name: "a worktree",
    rules: None,
    keys: &[key(
        "enabled",
        Kind::Flag,
        "`false`: always work in the live checkout.",
    )
    .required()],
};

static CONTAINER: Model = Model {
    name: "a container",
    rules: None,
    keys: &[
        key("enabled", Kind::Flag, "Whether to use one."),
        key(
            "write_back",
            Kind::Word(&["approve", "auto"]),
            "Whether somebody approves what is written back.",
        ),
    ],
};

static EVIDENCE: Model = Model {
    name: "an evidence policy",
    rules: None,
    keys: &[key("required", Kind::Flag, "Whether evidence must be there.").required()],
};

static INPUT: Model = Model {
    name: "an input",
    rules: None,
    keys: &[
        key(
            "required",
            Kind::Flag,
            "Whether a value must be given; excludes `default`.",
        ),
        key(
            "default",
            own("any value", None, || json!({})),
            "What it is when nothing is given.",
        ),
        key("description", Kind::Text, "What it is for."),
    ],
};
