//! What can be wrong with a node, and the list that checks write to.

/// One step of a path into a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathPart {
    /// A key.
    Key(String),
    /// A place in a list, from 0.
    Index(usize),
}

/// A path into a node, from its top.
pub type Path = Vec<PathPart>;

/// One thing wrong with a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where; may name a key that is not there.
    pub path: Path,
    /// The kind of problem: `invalid_type`, `invalid_value`, `invalid_union`, `too_small`, `too_big`,
    /// `unrecognized_keys` or `custom`.
    pub code: &'static str,
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Issue {
    /// The path with dots.
    #[must_use]
    pub fn dotted(&self) -> String {
        let part = |p: &PathPart| match p {
            PathPart::Key(key) => key.clone(),
            PathPart::Index(index) => index.to_string(),
        };
        self.path.iter().map(part).collect::<Vec<_>>().join(".")
    }

    /// In how many loop_group bodies the place lies.
    #[must_use]
    pub fn body_depth(&self) -> usize {
        self.path
            .windows(3)
            .filter(|w| matches!(w, [PathPart::Key(a), PathPart::Key(b), PathPart::Index(_)] if a == "loop_group" && b == "nodes"))
            .count()
    }
}

/// A rule: number and name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule(pub(super) &'static str, pub(super) &'static str);

/// Values of the wrong type, where no other rule is nearer.
pub(super) const TYPE: Rule = Rule("R46", "type-mismatch");

/// The list that checks write to, with the place they are at.
#[derive(Debug, Default)]
pub(super) struct Issues {
    list: Vec<Issue>,
    at: Path,
    broken: usize,
}

impl Issues {
    /// Everything found.
    pub(super) fn finish(self) -> Vec<Issue> {
        self.list
    }

    /// Checks something one key down.
    pub(super) fn key<T>(&mut self, key: &str, check: impl FnOnce(&mut Self) -> T) -> T {
        self.at.push(PathPart::Key(key.to_owned()));
        let out = check(self);
        self.at.pop();
        out
    }

    /// Checks an item of a list.
    pub(super) fn index<T>(&mut self, index: usize, check: impl FnOnce(&mut Self) -> T) -> T {
        self.at.push(PathPart::Index(index));
        let out = check(self);
        self.at.pop();
        out
    }

    /// How many issues so far leave a value without its type: checks of wholes do not run on top of these.
    pub(super) fn broken(&self) -> usize {
        self.broken
    }

    /// A value is not what its type says.
    pub(super) fn wrong(&mut self, code: &'static str, rule: Rule, message: impl Into<String>) {
        self.broken += 1;
        self.push(code, rule, message);
    }

    /// A value has its type and breaks a rule.
    pub(super) fn custom(&mut self, rule: Rule, message: impl Into<String>) {
        self.push("custom", rule, message);
    }

    /// A value has its type and is out of bounds.
    pub(super) fn bounds(&mut self, code: &'static str, rule: Rule, message: impl Into<String>) {
        self.push(code, rule, message);
    }

    fn push(&mut self, code: &'static str, rule: Rule, message: impl Into<String>) {
        self.list.push(Issue {
            path: self.at.clone(),
            code,
            rule: rule.0,
            name: rule.1,
            message: message.into(),
        });
    }
}
