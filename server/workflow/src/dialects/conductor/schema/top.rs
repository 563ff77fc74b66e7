//! The top level, `workflow`, inputs, context, limits, cost and hooks (S6 here).

use crate::data::{Datum, Shape};

use super::check::Checker;
use super::groups::{FOR_EACH, PARALLEL};
use super::runtime::RUNTIME;
use super::step::STEP;
use super::types::{Key, Kind, Model, STRING_MAP, STRINGS};

/// The whole document.
pub static TOP: Model = Model::strict(
    "a workflow file",
    &[
        Key::required(
            "workflow",
            Kind::Model(&WORKFLOW),
            "Name, entry point, inputs, limits and runtime of the workflow.",
        ),
        Key::default(
            "tools",
            STRINGS,
            "Names of the tools that steps may list under `tools`.",
        ),
        Key::required(
            "agents",
            Kind::List(&Kind::Model(&STEP)),
            "The steps; may be empty when the entry point is a group.",
        ),
        Key::default(
            "parallel",
            Kind::List(&Kind::Model(&PARALLEL)),
            "Groups of steps that run at the same time.",
        ),
        Key::default(
            "for_each",
            Kind::List(&Kind::Model(&FOR_EACH)),
            "Groups that run one inline step for every item of a list.",
        ),
        Key::default(
            "output",
            STRING_MAP,
            "Templates of the workflow's final output.",
        ),
    ],
);

static WORKFLOW: Model = Model::strict(
    "`workflow`",
    &[
        Key::required("name", Kind::Str, "The workflow's name."),
        Key::optional("description", Kind::Str, "What the workflow is for."),
        Key::optional(
            "version",
            Kind::Str,
            "Free version text; quote it, `1.0` would be a number.",
        ),
        Key::required(
            "entry_point",
            Kind::Str,
            "The step or group that runs first.",
        ),
        Key::default(
            "runtime",
            Kind::Model(&RUNTIME),
            "Provider, model and what agents run with.",
        ),
        Key::default(
            "input",
            Kind::Map(&Kind::Model(&INPUT)),
            "Declared inputs by name.",
        ),
        Key::default(
            "context",
            Kind::Model(&CONTEXT),
            "Which earlier outputs a step's templates see.",
        ),
        Key::default(
            "limits",
            Kind::Model(&LIMITS),
            "Iterations, time and money.",
        ),
        Key::default(
            "cost",
            Kind::Model(&COST),
            "What is shown about costs, and prices of models.",
        ),
        Key::optional(
            "hooks",
            Kind::Model(&HOOKS),
            "Templates rendered at start, completion and error; the engine does nothing with the text.",
        ),
        Key::default(
            "metadata",
            Kind::Map(&Kind::Any),
            "Free data; also a place for anchors.",
        ),
        Key::default(
            "instructions",
            STRINGS,
            "Texts put before every agent's prompt; `!file` includes one.",
        ),
    ],
);

static INPUT: Model = Model::loose(
    "an input",
    &[
        Key::required(
            "type",
            Kind::Word(&["string", "number", "boolean", "array", "object"]),
            "The value's type.",
        ),
        Key::default(
            "required",
            Kind::Bool,
            "Whether a value must be given; true by default.",
        ),
        Key::optional(
            "default",
            Kind::Any,
            "The value when none is given; null means no default.",
        ),
        Key::optional("description", Kind::Str, "What the input is for."),
    ],
)
.rules(default_matches_type);

fn default_matches_type(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let (Some(default), Some(ty)) = (map.some("default"), map.text("type")) else {
        return;
    };
    let fits = match ty.value.as_str() {
        "string" => matches!(default.shape, Shape::Text(_)),
        "number" => matches!(default.shape, Shape::Int(_) | Shape::Float(_)),
        "boolean" => matches!(default.shape, Shape::Bool(_)),
        "array" => matches!(default.shape, Shape::List(_)),
        _ => matches!(default.shape, Shape::Map(_)),
    };
    if !fits {
        c.at("default", |c| {
            let message = format!(
                "`default` must be of the input's type `{}`, this is {}",
                ty.value,
                default.word()
            );
            c.fail("S6", "input-default-type", default.loc, message);
        });
    }
}

static CONTEXT: Model = Model::loose(
    "`context`",
    &[
        Key::default(
            "mode",
            Kind::Word(&["accumulate", "last_only", "explicit"]),
            "All earlier outputs, the last one, or only those that `input` lists.",
        ),
        Key::optional(
            "max_tokens",
            Kind::Int(None, None),
            "Budget of the context in tokens, estimated as JSON characters / 4.",
        ),
        Key::optional(
            "trim_strategy",
            Kind::Word(&["summarize", "truncate", "drop_oldest"]),
            "How a context over its budget is cut; `drop_oldest` by default.",
        ),
    ],
);

static LIMITS: Model = Model::loose(
    "`limits`",
    &[
        Key::default(
            "max_iterations",
            Kind::Int(Some(1), Some(500)),
            "Step executions before the run asks whether to go on; 1 to 500, 10 by default.",
        ),
        Key::optional(
            "timeout_seconds",
            Kind::Int(Some(1), None),
            "Wall clock of the whole run in seconds.",
        ),
        Key::optional(
            "budget_usd",
            Kind::Number(None, Some(0.0), None),
            "US dollars that model calls may cost.",
        ),
        Key::default(
            "budget_mode",
            Kind::Word(&["audit", "enforce"]),
            "Tell when the budget is exceeded, or fail the run.",
        ),
    ],
);

static COST: Model = Model::loose(
    "`cost`",
    &[
        Key::default("show_per_agent", Kind::Bool, "Show the cost of each step."),
        Key::default("show_summary", Kind::Bool, "Show the total at the end."),
        Key::default(
            "pricing",
            Kind::Map(&Kind::Model(&PRICING)),
            "Prices by model name.",
        ),
    ],
);

static PRICING: Model = Model::loose(
    "a price",
    &[
        Key::required(
            "input_per_mtok",
            Kind::Number(Some(0.0), None, None),
            "US dollars per million input tokens.",
        ),
        Key::required(
            "output_per_mtok",
            Kind::Number(Some(0.0), None, None),
            "US dollars per million output tokens.",
        ),
        Key::default(
            "cache_read_per_mtok",
            Kind::Number(Some(0.0), None, None),
            "US dollars per million tokens read from the cache.",
        ),
        Key::default(
            "cache_write_per_mtok",
            Kind::Number(Some(0.0), None, None),
            "US dollars per million tokens written to the cache.",
        ),
    ],
);

static HOOKS: Model = Model::loose(
    "`hooks`",
    &[
        Key::optional(
            "on_start",
            Kind::Str,
            "Template rendered when the run starts.",
        ),
        Key::optional(
            "on_complete",
            Kind::Str,
            "Template rendered when the run completes; sees `result`.",
        ),
        Key::optional(
            "on_error",
            Kind::Str,
            "Template rendered when the run fails; sees `error`.",
        ),
    ],
);
