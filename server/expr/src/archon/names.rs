//! Which names the dialect takes, and how a workflow is found by a name that somebody typed.

/// Whether `text` can be referenced: `[a-zA-Z_][a-zA-Z0-9_-]*`. Node ids need not match; those that do not cannot be
/// referenced at all.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(is_name_byte)
}

/// Whether a byte may stand inside a name.
#[must_use]
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether `text` is lower-case words joined by single hyphens, as agent and decision ids must be.
#[must_use]
pub fn is_kebab(text: &str) -> bool {
    text.split('-').all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// Whether a command can have this name: a single file name that does not climb.
#[must_use]
pub fn is_command(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains("..")
        && !name.contains(['/', '\\'])
}

/// Whether a workflow can have this name: `name`, or `pack/name` for one that comes in a pack.
#[must_use]
pub fn is_workflow(name: &str) -> bool {
    name.split('/').count() <= 2 && name.split('/').all(is_command)
}

/// Whether a `script:` is code rather than the name of a script file.
#[must_use]
pub fn is_inline_script(script: &str) -> bool {
    script.contains([
        '\n', ';', '(', ')', '{', '}', '&', '|', '<', '>', '$', '`', '"', '\'', ' ',
    ])
}

/// The environment variable that carries an input or a binding.
#[must_use]
pub fn env_key(name: &str) -> String {
    format!("INPUTS_{}", name.to_uppercase().replace('-', "_"))
}

/// Several workflows answer to one name; the candidates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' could mean {}; type more of the name", .candidates.join(", "))]
pub struct Ambiguous {
    /// What was typed.
    pub name: String,
    /// What it could mean, in the order given.
    pub candidates: Vec<String>,
}

/// The workflow that `name` means: exactly, without regard to case, as a last part `-name`, or inside the name; the
/// first of these with a single hit.
///
/// # Errors
/// When the first of these that hits at all hits more than one workflow.
pub fn resolve<'a>(name: &str, workflows: &[&'a str]) -> Result<Option<&'a str>, Ambiguous> {
    let lower = name.to_lowercase();
    let suffix = format!("-{lower}");
    let tiers: [&dyn Fn(&str) -> bool; 4] = [
        &|w| w == name,
        &|w| w.to_lowercase() == lower,
        &|w| w.to_lowercase().ends_with(&suffix),
        &|w| w.to_lowercase().contains(&lower),
    ];
    for tier in tiers {
        let hits: Vec<&str> = workflows.iter().copied().filter(|w| tier(w)).collect();
        match hits.as_slice() {
            [] => {}
            [one] => return Ok(workflows.iter().copied().find(|w| w == one)),
            many => {
                let candidates = many.iter().map(|w| (*w).to_owned()).collect();
                return Err(Ambiguous {
                    name: name.to_owned(),
                    candidates,
                });
            }
        }
    }
    Ok(None)
}
