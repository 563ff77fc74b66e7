//! Plugin entries and plugin sources (S16).

use std::collections::HashSet;

use crate::data::Datum;

use super::check::Checker;
use super::skills::is_path;
use super::types::{Key, Kind, Model};

pub(super) static PLUGIN: Model = Model::strict(
    "a plugin",
    &[
        Key::required(
            "name",
            Kind::Str,
            "An installed plugin, `plugin@marketplace`, or a path.",
        )
        .rule(plugin_name),
        Key::default("skills", Kind::Bool, "Whether its skills are used."),
        Key::default("agents", Kind::Bool, "Whether its agents are used."),
        Key::default("mcp", Kind::Bool, "Whether its MCP servers are used."),
    ],
);

pub(super) static PLUGIN_SOURCE: Model = Model::strict(
    "a plugin source",
    &[
        Key::required(
            "source",
            Kind::Str,
            "`owner/repo[#ref]`, a git address, or a path.",
        )
        .rule(source),
        Key::optional("path", Kind::Str, "Folder inside the repository.").rule(not_blank),
        Key::optional("plugin", Kind::Str, "The one plugin of the repository.").rule(not_blank),
    ],
);

fn fail(c: &mut Checker<'_>, datum: &Datum, message: String) {
    c.fail("S16", "plugin-entry", datum.loc, message);
}

/// Whether a name of a plugin or marketplace is safe to look up.
pub(in super::super) fn is_safe_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn plugin_name(c: &mut Checker<'_>, datum: &Datum) {
    let Some(text) = datum.text() else { return };
    let name = text.value.trim();
    if name.is_empty() {
        return fail(
            c,
            datum,
            "A plugin entry must have a non-empty `name`".into(),
        );
    }
    if is_path(name) {
        return;
    }
    if let Some(glob) = name.chars().find(|ch| "*?[]".contains(*ch)) {
        return fail(
            c,
            datum,
            format!(
                "The plugin `{name}` contains `{glob}`; name one plugin, or a path that begins with `.` or `~`"
            ),
        );
    }
    if let Some((plugin, market)) = name.rsplit_once('@')
        && !(is_safe_name(plugin) && is_safe_name(market))
    {
        fail(
            c,
            datum,
            format!(
                "`{name}` is no `plugin@marketplace`: both parts take letters, digits, `_`, `.` and `-` only"
            ),
        );
    }
}

fn source(c: &mut Checker<'_>, datum: &Datum) {
    let Some(text) = datum.text() else { return };
    if text.value.trim().is_empty() {
        fail(c, datum, "`source` must not be blank".into());
    }
}

fn not_blank(c: &mut Checker<'_>, datum: &Datum) {
    let Some(text) = datum.text() else { return };
    if text.value.trim().is_empty() {
        fail(
            c,
            datum,
            "`path` and `plugin` of a plugin source must not be blank; remove the key".into(),
        );
    }
}

/// Names of plugin sources.
pub(super) fn source_names(c: &mut Checker<'_>, datum: &Datum) {
    for field in datum
        .map()
        .map(|m| m.entries.as_slice())
        .unwrap_or_default()
    {
        if let Some(name) = field.key.text()
            && !is_safe_name(&name.value)
        {
            fail(
                c,
                &field.key,
                format!(
                    "The plugin source `{}` needs a name of letters, digits, `_`, `.` and `-`",
                    name.value
                ),
            );
        }
    }
}

/// No plugin twice, on the runtime and on a step.
pub(super) fn no_duplicate_plugins(c: &mut Checker<'_>, datum: &Datum) {
    let mut seen = HashSet::new();
    for entry in datum.list().unwrap_or_default() {
        let name = entry
            .text()
            .or_else(|| entry.map().and_then(|m| m.text("name")));
        if let Some(name) = name
            && !seen.insert(name.value.trim().to_owned())
        {
            let message = format!(
                "The plugin `{}` is listed twice; list it once with the parts you want",
                name.value
            );
            c.fail("S16", "plugin-entry", name.loc, message);
        }
    }
}
