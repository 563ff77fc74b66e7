//! How step paths are spelled: `plan/each[3]/reviewer#2`. Segments are escaped,
//! so that a path can be taken apart again whatever a step or an item is called.
//! Nothing here knows what a segment stands for.

use std::fmt::Write as _;

use crate::ids::StepPath;

/// A step's name as one path segment; `#n` from the second visit on.
#[must_use]
pub fn segment(name: &str, visit: u64) -> String {
    let mut text = escape(name);
    if visit > 1 {
        let _ = write!(text, "#{visit}");
    }
    text
}

/// `/`, `[`, `]`, `#` and `%` as `%XX`; everything else as it is.
#[must_use]
pub fn escape(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '/' | '[' | ']' | '#' | '%' => {
                let _ = write!(text, "%{:02X}", c as u32);
            }
            _ => text.push(c),
        }
    }
    text
}

impl StepPath {
    /// The path of an item of the group at this path.
    #[must_use]
    pub fn item(&self, key: &str, repetition: u64) -> Self {
        let mut text = format!("{}[{}", self.0, escape(key));
        if repetition > 1 {
            let _ = write!(text, "#{repetition}");
        }
        text.push(']');
        Self(text)
    }

    /// What this path lies directly in: the group of an item, the group or workflow of a step.
    /// The root's parent is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        if self.0.ends_with(']')
            && let Some(open) = self.0.rfind('[')
        {
            return Self(self.0[..open].to_owned());
        }
        match self.0.rfind('/') {
            Some(slash) => Self(self.0[..slash].to_owned()),
            None => Self::root(),
        }
    }

    /// Whether everything on the path is there for the first time.
    #[must_use]
    pub fn is_first_visit(&self) -> bool {
        !self.0.contains('#')
    }

    /// Whether this is the path of the run itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this path is `other` or lies in it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root()
            || self
                .0
                .strip_prefix(other.0.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    }

    /// The path with the visit numbers taken off: what a person compares.
    #[must_use]
    pub fn without_visits(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        let mut skipping = false;
        for c in self.0.chars() {
            match c {
                '#' => skipping = true,
                '/' | '[' | ']' => {
                    skipping = false;
                    text.push(c);
                }
                _ if skipping => {}
                _ => text.push(c),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_the_way_it_was_put_together() {
        let plan = StepPath::root().child(&segment("plan", 1));
        let item = plan.child(&segment("each", 2)).item("a/b", 1);
        let step = item.child(&segment("reviewer", 3));
        assert_eq!(step.0, "plan/each#2[a%2Fb]/reviewer#3");
        assert_eq!(step.parent(), item);
        assert_eq!(item.parent().0, "plan/each#2");
        assert_eq!(plan.parent(), StepPath::root());
        assert_eq!(step.without_visits(), "plan/each[a%2Fb]/reviewer");
    }

    #[test]
    fn a_name_that_begins_like_another_is_not_within_it() {
        let plan = StepPath::from("plan");
        assert!(StepPath::from("plan/x").is_within(&plan));
        assert!(StepPath::from("plan[x]").is_within(&plan));
        assert!(!StepPath::from("planner").is_within(&plan));
        assert!(!StepPath::from("plan#2").is_within(&plan));
    }
}
