//! What the keys of the Conductor dialect mean, for hover and completion. The
//! paths are those of `place`: list items as `[]`, author-named keys as `*`.

mod conductor;

/// One key of a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Where it may stand: `agents[].routes[].to`.
    pub path: &'static str,
    /// Its type, in the dialect's words.
    pub ty: &'static str,
    /// Its default, if it has one.
    pub default: Option<&'static str>,
    /// What it means, in one or two sentences.
    pub about: &'static str,
    /// The kinds of steps it has an effect on; empty for all, or where there is no step.
    pub kinds: &'static [&'static str],
}

impl Key {
    /// The key's own name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path
            .rsplit('.')
            .next()
            .unwrap_or(self.path)
            .trim_end_matches("[]")
    }

    /// The path of the mapping that it stands in; empty for the top level.
    #[must_use]
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

/// Every key of the Conductor dialect, by path.
#[must_use]
pub fn conductor() -> &'static [Key] {
    conductor::KEYS
}

/// The key that a document's path names. Author-named parts match `*`, and the
/// inline step of a for_each has the keys of a step.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    let path = step_path(path);
    conductor().iter().find(|key| matches(key.path, &path))
}

/// The keys that may stand in the mapping at `path` (empty for the top level).
pub fn below(path: &str) -> impl Iterator<Item = &'static Key> {
    let path = step_path(path);
    conductor()
        .iter()
        .filter(move |key| matches(key.parent(), &path) && key.name() != "*")
}

fn step_path(path: &str) -> String {
    path.replacen("for_each[].agent", "agents[]", 1)
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (pattern.split('.'), path.split('.'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(w), Some(f)) if w == f || w == "*" || (w == "*[]" && f.ends_with("[]")) => {}
            _ => return false,
        }
    }
}
