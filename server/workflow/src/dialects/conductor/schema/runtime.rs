//! `workflow.runtime`, MCP servers (S22), checkpoints and tool output.

use crate::data::Datum;

use super::check::Checker;
use super::plugins::{PLUGIN, PLUGIN_SOURCE, no_duplicate_plugins, source_names};
use super::provider::PROVIDER;
use super::skills::{SKILL_DISCOVERY, SKILL_INJECTION, skill_list};
use super::types::{Key, Kind, Model, STRING_MAP, STRINGS};

/// Levels of reasoning effort.
pub(super) const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
/// Context tiers.
pub(super) const TIERS: &[&str] = &["default", "long_context"];

pub(super) static RUNTIME: Model = Model::loose(
    "`runtime`",
    &[
        Key::default(
            "provider",
            Kind::Short("name", &PROVIDER),
            "Who runs the agents: a name, or an object with settings.",
        ),
        Key::optional(
            "default_model",
            Kind::Str,
            "Model of agents that name none.",
        ),
        Key::default(
            "mcp_servers",
            Kind::Map(&Kind::Model(&MCP_SERVER)),
            "MCP servers by name.",
        ),
        Key::optional(
            "temperature",
            Kind::Number(Some(0.0), None, Some(2.0)),
            "Sampling temperature, 0 to 2; providers have lower ceilings.",
        ),
        Key::optional(
            "max_tokens",
            Kind::Int(Some(1), Some(200_000)),
            "Tokens of one answer at most.",
        ),
        Key::optional(
            "timeout",
            Kind::Number(Some(1.0), None, None),
            "Seconds for one API request.",
        ),
        Key::optional(
            "max_session_seconds",
            Kind::Number(Some(1.0), None, None),
            "Seconds for one agent session.",
        ),
        Key::optional(
            "max_agent_iterations",
            Kind::Int(Some(1), Some(500)),
            "Tool turns inside one agent call.",
        ),
        Key::optional(
            "default_reasoning_effort",
            Kind::Word(EFFORTS),
            "Reasoning effort of agents that name none.",
        ),
        Key::optional(
            "default_context_tier",
            Kind::Word(TIERS),
            "Context tier of agents that name none; the engine does not pass it on.",
        ),
        Key::optional(
            "working_dir",
            Kind::Str,
            "Folder that agents work in, relative to this file; a template.",
        ),
        Key::default(
            "skills",
            STRINGS,
            "Skills of every agent: built-in names or paths.",
        )
        .rule(skill_list),
        Key::default(
            "skill_injection",
            Kind::Model(&SKILL_INJECTION),
            "Bounds on skill text that is put into prompts.",
        ),
        Key::default(
            "skill_discovery",
            Kind::Model(&SKILL_DISCOVERY),
            "Which installed skills are found by themselves.",
        ),
        Key::default(
            "plugin_sources",
            Kind::Map(&Kind::Short("source", &PLUGIN_SOURCE)),
            "Marketplaces and repositories of plugins by name.",
        )
        .rule(source_names),
        Key::default(
            "plugins",
            Kind::List(&Kind::Short("name", &PLUGIN)),
            "Plugins of every agent.",
        )
        .rule(no_duplicate_plugins),
        Key::default(
            "checkpoint",
            Kind::Model(&CHECKPOINT),
            "When the run's state is saved.",
        ),
        Key::default(
            "tool_output",
            Kind::Model(&TOOL_OUTPUT),
            "What happens to long tool output.",
        ),
    ],
);

static MCP_SERVER: Model = Model::loose(
    "an MCP server",
    &[
        Key::default(
            "type",
            Kind::Word(&["stdio", "http", "sse"]),
            "How the server is reached; `stdio` by default.",
        ),
        Key::optional("command", Kind::Str, "Program of a stdio server."),
        Key::default("args", STRINGS, "Its arguments."),
        Key::default("env", STRING_MAP, "Its environment."),
        Key::optional("url", Kind::Str, "Address of an http or sse server."),
        Key::default("headers", STRING_MAP, "Headers sent to it."),
        Key::optional(
            "timeout",
            Kind::Int(None, None),
            "Milliseconds for one call.",
        ),
        Key::default("tools", STRINGS, "Tools that are offered; `*` for all."),
    ],
)
.rules(command_or_url);

/// S22: a stdio server needs a command, the others an address.
fn command_or_url(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let ty = map.text("type").map_or("stdio", |t| t.value.as_str());
    let needed = if ty == "stdio" { "command" } else { "url" };
    if map.some(needed).is_none_or(|d| !d.truthy()) {
        let loc = map
            .field(needed)
            .or_else(|| map.field("type"))
            .map(crate::data::Field::loc)
            .or_else(|| c.anchor())
            .unwrap_or(datum.loc);
        c.fail(
            "S22",
            "mcp-server-address",
            loc,
            format!("An MCP server of type `{ty}` needs `{needed}`"),
        );
    }
}

static CHECKPOINT: Model = Model::strict(
    "`checkpoint`",
    &[
        Key::default("every_agent", Kind::Bool, "Save after every step."),
        Key::optional(
            "every_seconds",
            Kind::Int(Some(1), None),
            "Save at most this often, in seconds.",
        ),
        Key::default(
            "keep_last",
            Kind::Int(Some(1), Some(100)),
            "How many are kept; 5 by default.",
        ),
    ],
);

static TOOL_OUTPUT: Model = Model::strict(
    "`tool_output`",
    &[
        Key::default("enabled", Kind::Bool, "Whether long tool output is cut."),
        Key::default(
            "max_chars",
            Kind::Int(Some(1000), None),
            "Characters kept; at least 1000.",
        ),
        Key::default(
            "spill_to_file",
            Kind::Bool,
            "Whether the whole is kept in a file.",
        ),
        Key::optional("spill_dir", Kind::Str, "Folder of these files."),
    ],
);
