//! The objects that say how an agent works: its sandbox, sub-agents and hooks, and the settings of one provider.

use serde_json::json;

use super::super::agent::{self, AGENTS, HOOKS};
use super::super::issue::TYPE;
use super::super::keys::{Kind, Model};
use super::{key, own};

/// `sandbox`; unknown keys pass.
pub(in crate::archon::schema) static SANDBOX: Model = Model {
    name: "a sandbox",
    rules: None,
    keys: &[
        key(
            "enabled",
            TYPE,
            Kind::Flag,
            "Whether programs run in the sandbox.",
        ),
        key(
            "autoAllowBashIfSandboxed",
            TYPE,
            Kind::Flag,
            "Run bash without asking inside the sandbox.",
        ),
        key(
            "allowUnsandboxedCommands",
            TYPE,
            Kind::Flag,
            "Let the agent ask for commands outside.",
        ),
        key(
            "network",
            TYPE,
            Kind::Object(&NETWORK),
            "What may be reached.",
        ),
        key(
            "filesystem",
            TYPE,
            Kind::Object(&FILESYSTEM),
            "What may be read and written.",
        ),
        key(
            "ignoreViolations",
            TYPE,
            own(
                agent::violations,
                "lists of texts by name",
                || json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}),
            ),
            "Violations that are not reported, by command.",
        ),
        key(
            "enableWeakerNestedSandbox",
            TYPE,
            Kind::Flag,
            "Accept a weaker sandbox inside of containers.",
        ),
        key(
            "enableWeakerNetworkIsolation",
            TYPE,
            Kind::Flag,
            "Accept weaker isolation of the network.",
        ),
        key(
            "excludedCommands",
            TYPE,
            Kind::Texts,
            "Commands that run outside.",
        ),
        key(
            "ripgrep",
            TYPE,
            Kind::Object(&RIPGREP),
            "The search program to use.",
        ),
    ],
};

static NETWORK: Model = Model {
    name: "a network",
    rules: None,
    keys: &[
        key(
            "allowedDomains",
            TYPE,
            Kind::Texts,
            "Domains that may be reached.",
        ),
        key(
            "allowManagedDomainsOnly",
            TYPE,
            Kind::Flag,
            "Only domains of the managed settings.",
        ),
        key(
            "allowUnixSockets",
            TYPE,
            Kind::Texts,
            "Sockets that may be used.",
        ),
        key(
            "allowAllUnixSockets",
            TYPE,
            Kind::Flag,
            "All sockets may be used.",
        ),
        key(
            "allowLocalBinding",
            TYPE,
            Kind::Flag,
            "Ports of this machine may be opened.",
        ),
        key(
            "httpProxyPort",
            TYPE,
            own(agent::http_port, "number", || json!({"type": "number"})),
            "Port of an HTTP proxy.",
        ),
        key(
            "socksProxyPort",
            TYPE,
            own(agent::socks_port, "number", || json!({"type": "number"})),
            "Port of a SOCKS proxy.",
        ),
    ],
};

static FILESYSTEM: Model = Model {
    name: "a file system",
    rules: None,
    keys: &[
        key(
            "allowWrite",
            TYPE,
            Kind::Texts,
            "Paths that may be written.",
        ),
        key(
            "denyWrite",
            TYPE,
            Kind::Texts,
            "Paths that may not be written.",
        ),
        key("denyRead", TYPE, Kind::Texts, "Paths that may not be read."),
    ],
};

static RIPGREP: Model = Model {
    name: "a ripgrep",
    rules: None,
    keys: &[
        key("command", TYPE, Kind::Text, "The program.").required(),
        key("args", TYPE, Kind::Texts, "Its arguments."),
    ],
};

/// One sub-agent.
pub(in crate::archon::schema) static AGENT: Model = Model {
    name: "a sub-agent",
    rules: None,
    keys: &[
        key("description", AGENTS, Kind::Full, "When to call it.").required(),
        key("prompt", AGENTS, Kind::Full, "Its system prompt.").required(),
        key("model", AGENTS, Kind::Full, "Its model."),
        key(
            "tools",
            AGENTS,
            Kind::Fulls(0),
            "The only tools that it may use.",
        ),
        key(
            "disallowedTools",
            AGENTS,
            Kind::Fulls(0),
            "Tools that it may not use.",
        ),
        key("skills", AGENTS, Kind::Fulls(0), "Its skills."),
        key(
            "maxTurns",
            AGENTS,
            Kind::COUNT,
            "How many turns it may take.",
        ),
    ],
};

pub(in crate::archon::schema) static PI: Model = Model {
    name: "a pi",
    rules: None,
    keys: &[
        key("enableExtensions", TYPE, Kind::Flag, "Load extensions."),
        key("interactive", TYPE, Kind::Flag, "Let extensions ask."),
        key(
            "extensionFlags",
            TYPE,
            own(
                agent::flags,
                "true, false or a text by name",
                || json!({"type": "object", "additionalProperties": {"type": ["boolean", "string"]}}),
            ),
            "Flags of extensions.",
        ),
    ],
};

/// One hook.
pub(in crate::archon::schema) static HOOK: Model = Model {
    name: "a hook",
    rules: None,
    keys: &[
        key("matcher", HOOKS, Kind::Text, "Which tools it looks at."),
        key(
            "response",
            HOOKS,
            own(agent::response, "map", || json!({"type": "object"})),
            "What is answered.",
        )
        .required(),
        key(
            "timeout",
            HOOKS,
            Kind::POSITIVE,
            "Seconds before it is given up.",
        ),
    ],
};
