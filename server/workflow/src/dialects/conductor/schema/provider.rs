//! The provider object and its twelve rules (S23).

use crate::data::{Datum, Map};

use super::check::Checker;
use super::types::{Key, Kind, Model, STRING_MAP, STRINGS};

/// Names of the providers.
pub(super) const PROVIDERS: &[&str] = &[
    "copilot",
    "openai",
    "claude",
    "claude-agent-sdk",
    "hermes",
    "aca",
];

pub(super) static PROVIDER: Model = Model::strict(
    "`provider`",
    &[
        Key::default(
            "name",
            Kind::Word(PROVIDERS),
            "Which provider; `copilot` by default.",
        ),
        Key::optional(
            "type",
            Kind::Word(&["openai", "azure", "anthropic"]),
            "Kind of the endpoint (copilot).",
        ),
        Key::optional(
            "wire_api",
            Kind::Word(&["completions", "responses"]),
            "Which API the endpoint speaks (copilot).",
        ),
        Key::optional("base_url", Kind::Str, "Address of the endpoint."),
        Key::optional(
            "api_key",
            Kind::Str,
            "Secret key; use an environment variable.",
        ),
        Key::optional("bearer_token", Kind::Str, "Secret token (copilot)."),
        Key::optional("auth_token", Kind::Str, "Secret token (claude)."),
        Key::optional(
            "runtime_token",
            Kind::Str,
            "Secret of a running runtime (copilot).",
        ),
        Key::optional("headers", STRING_MAP, "Headers of every request (copilot)."),
        Key::optional(
            "azure",
            Kind::Model(&AZURE),
            "Azure settings (copilot, type azure).",
        ),
        Key::optional(
            "runtime_url",
            Kind::Str,
            "Address of a running runtime (copilot).",
        ),
        Key::optional("hermes_home", Kind::Str, "Hermes' home folder."),
        Key::optional("hermes_toolsets", STRINGS, "Hermes' tool sets."),
        Key::optional(
            "hermes_skip_memory",
            Kind::Bool,
            "Whether Hermes leaves its memory out.",
        ),
        Key::optional(
            "hermes_skip_context_files",
            Kind::Bool,
            "Whether Hermes leaves context files out.",
        ),
        Key::optional(
            "pool_endpoint",
            Kind::Str,
            "Address of the session pool (aca), https.",
        ),
        Key::optional("api_version", Kind::Str, "Version of the pool's API (aca)."),
        Key::optional(
            "inner_provider",
            Kind::Word(&["copilot", "claude-agent-sdk"]),
            "Who runs inside the pool (aca).",
        ),
        Key::optional(
            "identifier_scope",
            Kind::Word(&["workflow", "agent", "item", "none"]),
            "What shares a sandbox (aca).",
        ),
        Key::optional(
            "egress",
            Kind::Word(&["enabled", "disabled"]),
            "Whether sandboxes reach the network (aca).",
        ),
        Key::optional(
            "lifecycle",
            Kind::Word(&["timed", "on_container_exit"]),
            "When sandboxes end (aca).",
        ),
        Key::optional(
            "auth",
            Kind::Word(&["azure_default"]),
            "How the pool is authenticated (aca).",
        ),
    ],
)
.rules(rules);

static AZURE: Model = Model::strict(
    "`azure`",
    &[Key::optional(
        "api_version",
        Kind::Str,
        "Version of the Azure API.",
    )],
);

const COPILOT_ONLY: &[&str] = &[
    "type",
    "wire_api",
    "bearer_token",
    "headers",
    "azure",
    "runtime_url",
    "runtime_token",
];
const ENDPOINT: &[&str] = &["base_url", "api_key"];
const HERMES: &[&str] = &[
    "hermes_home",
    "hermes_toolsets",
    "hermes_skip_memory",
    "hermes_skip_context_files",
];
const ACA: &[&str] = &[
    "pool_endpoint",
    "api_version",
    "inner_provider",
    "identifier_scope",
    "egress",
    "lifecycle",
    "auth",
];
const SECRETS: &[&str] = &["api_key", "bearer_token", "auth_token", "runtime_token"];

fn rules(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let name = map.text("name").map_or("copilot", |t| t.value.as_str());
    belongs(c, map, name, COPILOT_ONLY, &["copilot"]);
    belongs(
        c,
        map,
        name,
        ENDPOINT,
        &["copilot", "openai", "claude", "hermes"],
    );
    belongs(c, map, name, &["auth_token"], &["claude"]);
    belongs(c, map, name, HERMES, &["hermes"]);
    belongs(c, map, name, ACA, &["aca"]);
    azure(c, map);
    for key in SECRETS {
        blank(
            c,
            map,
            key,
            "must not be blank; remove it or fill it from an environment variable",
        );
    }
    blank(c, map, "runtime_url", "must not be blank");
    if let Some(headers) = map.some("headers").filter(|d| !d.truthy()) {
        fail(c, headers.loc, "`headers` must not be empty; remove it");
    }
    let endpoint = ["base_url", "api_key", "bearer_token"]
        .iter()
        .any(|k| map.some(k).is_some());
    for key in ["type", "wire_api", "headers", "azure"] {
        if let Some(field) = map.field(key).filter(|f| !f.value.is_null() && !endpoint) {
            fail(
                c,
                field.key.loc,
                &format!("`{key}` needs an endpoint: give `base_url`, `api_key` or `bearer_token`"),
            );
        }
    }
    if let Some(field) = map.field("runtime_token").filter(|f| !f.value.is_null())
        && map.some("runtime_url").is_none()
    {
        fail(c, field.key.loc, "`runtime_token` needs `runtime_url`");
    }
    if name == "aca" {
        pool(c, map, datum);
    }
}

fn fail(c: &mut Checker<'_>, loc: crate::source::Loc, message: &str) {
    c.fail("S23", "provider-settings", loc, message);
}

fn belongs(c: &mut Checker<'_>, map: &Map, name: &str, keys: &[&str], providers: &[&str]) {
    if providers.contains(&name) {
        return;
    }
    for key in keys {
        if let Some(field) = map.field(key).filter(|f| !f.value.is_null()) {
            let list = providers
                .iter()
                .map(|p| format!("`{p}`"))
                .collect::<Vec<_>>()
                .join(", ");
            fail(
                c,
                field.key.loc,
                &format!("`{key}` is a setting of {list} only, the provider is `{name}`"),
            );
        }
    }
}

fn azure(c: &mut Checker<'_>, map: &Map) {
    let Some(field) = map.field("azure").filter(|f| !f.value.is_null()) else {
        return;
    };
    if map.text("type").is_none_or(|t| t.value != "azure") {
        fail(c, field.key.loc, "`azure` needs `type: azure`");
    }
    let version = field.value.map().and_then(|m| m.text("api_version"));
    if version.is_none_or(|v| v.value.trim().is_empty()) {
        fail(c, field.key.loc, "`azure` needs a non-empty `api_version`");
    }
}

fn blank(c: &mut Checker<'_>, map: &Map, key: &str, what: &str) {
    if let Some(text) = map.text(key).filter(|t| t.value.trim().is_empty()) {
        fail(c, text.loc, &format!("`{key}` {what}"));
    }
}

/// Rule 12: the pool's address.
fn pool(c: &mut Checker<'_>, map: &Map, datum: &Datum) {
    let Some(endpoint) = map
        .text("pool_endpoint")
        .filter(|t| !t.value.trim().is_empty())
    else {
        let loc = map
            .field("pool_endpoint")
            .or_else(|| map.field("name"))
            .map_or(datum.loc, |f| f.value.loc);
        fail(c, loc, "The provider `aca` needs `pool_endpoint`");
        return;
    };
    let value = endpoint.value.trim();
    let Some(rest) = value
        .get(..8)
        .filter(|s| s.eq_ignore_ascii_case("https://"))
        .map(|_| &value[8..])
    else {
        fail(c, endpoint.loc, "`pool_endpoint` must be an https address");
        return;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = if host.starts_with('[') {
        host
    } else {
        host.split(':').next().unwrap_or_default()
    };
    if host.is_empty() {
        fail(
            c,
            endpoint.loc,
            "`pool_endpoint` must name a host: `https://<pool>`",
        );
    }
    if rest.contains(['?', '#']) {
        fail(
            c,
            endpoint.loc,
            "`pool_endpoint` must have no query and no fragment",
        );
    }
}
