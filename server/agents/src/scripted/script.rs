//! The script file: its types, and reading it strictly. What a script may say is
//! documented in `docs/scripted-agent.md`; a change here is a change there.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::action::Answers;

/// Characters of a piece in which `say` and `think` are streamed, unless the script says otherwise.
const PIECE: usize = 24;

/// A script that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read the script {path}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a script.
    #[error("{path} is not a script for the scripted agent: {reason}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was expected and found, with line and column where they are known.
        reason: String,
    },
}

/// A script: rules, tried in their order; the first that fits answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// For people only.
    #[serde(default)]
    pub description: Option<String>,
    /// Characters of a streamed piece, at least 1.
    #[serde(default = "piece")]
    pub(crate) piece: usize,
    /// What becomes of sessions.
    #[serde(default)]
    pub(crate) sessions: Sessions,
    /// The rules.
    pub(crate) rules: Vec<Rule>,
}

/// What a host can do with an earlier session of the scripted agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sessions {
    /// Copy it, and go on with it, from any process.
    #[default]
    Copied,
    /// Go on with it, from any process.
    Kept,
    /// Nothing, once the process has ended, although the agent says that it could.
    Forgotten,
    /// Nothing, once the process has ended, and the agent says so.
    Fleeting,
}

fn piece() -> usize {
    PIECE
}

impl Script {
    /// Reads a script from a file.
    ///
    /// # Errors
    /// [`ScriptError`], which names the file and the place in it.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|reason| ScriptError::Invalid {
            path: path.to_owned(),
            reason,
        })
    }

    /// Reads a script from its text.
    ///
    /// # Errors
    /// What was expected and found, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let script: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if script.piece == 0 {
            return Err(
                "`piece` is 0: give the number of characters of a streamed piece, at least 1"
                    .into(),
            );
        }
        for (index, rule) in script.rules.iter().enumerate() {
            if rule.answers.0.is_empty() {
                return Err(format!(
                    "rule {} ({rule}) has no answer: give `answer` or a list `answers` with at least one entry",
                    index + 1
                ));
            }
        }
        Ok(script)
    }
}

/// When to answer, and what.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Name of the step; `worker` also stands for `worker[x]`.
    #[serde(default)]
    pub step: Option<String>,
    /// Step path.
    #[serde(default)]
    pub path: Option<String>,
    /// Texts that the prompt must contain, all of them.
    #[serde(default)]
    pub contains: Texts,
    /// Pattern that the prompt must match somewhere.
    #[serde(default)]
    pub matches: Option<Pattern>,
    /// Which visits of the step.
    #[serde(default)]
    pub visit: Option<Numbers>,
    /// Which prompts of an attempt.
    #[serde(default)]
    pub call: Option<Numbers>,
    /// Which turns of the conversation.
    #[serde(default)]
    pub turn: Option<Numbers>,
    /// Which attempts.
    #[serde(default)]
    pub attempt: Option<Numbers>,
    /// What to answer at the first, second, … call; the last one repeats.
    #[serde(alias = "answer")]
    pub answers: Answers,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(f, "for step `{step}`")
        } else if let Some(path) = &self.path {
            write!(f, "for path `{path}`")
        } else if let Some(text) = self.contains.0.first() {
            write!(f, "for prompts containing `{text}`")
        } else {
            f.write_str("for any prompt")
        }
    }
}

/// One text, or several that must all be there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// A regular expression, compiled at reading.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(pub regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        regex::Regex::new(&text).map(Self).map_err(|error| {
            de::Error::custom(format!("`matches` is not a regular expression: {error}"))
        })
    }
}

/// Numbers from 1: `2`, `"2.."`, `"..3"`, `"2..4"` (both ends included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    from: u32,
    to: u32,
}

impl Numbers {
    pub(crate) fn contains(self, number: u32) -> bool {
        (self.from..=self.to).contains(&number)
    }

    fn parse(text: &str) -> Option<Self> {
        let end = |text: &str, open: u32| match text.trim() {
            "" => Some(open),
            digits => digits.parse().ok().filter(|number| *number > 0),
        };
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (end(from, 1)?, end(to, u32::MAX)?),
            None => {
                let only = end(text, 0).filter(|number| *number > 0)?;
                (only, only)
            }
        };
        (from <= to).then_some(Self { from, to })
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Numbers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1, or a range such as \"2..\", \"..3\" or \"2..4\"")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Numbers, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Numbers, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Numbers, E> {
                Numbers::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::{Action, Fail};
    use super::*;

    #[test]
    fn every_short_form_means_its_long_form() {
        let long = Script::parse("rules: [{answers: [[{say: hi}]]}]").expect("a script");
        for short in [
            "rules: [{answer: hi}]",
            "rules: [{answer: {say: hi}}]",
            "rules: [{answers: [hi]}]",
            "rules: [{answers: [[hi]]}]",
        ] {
            assert_eq!(Script::parse(short).expect("a script"), long, "{short}");
        }
        let fail = Script::parse("rules: [{answer: {fail: broken}}]").expect("a script");
        let expected = Fail {
            message: "broken".into(),
            code: -32603,
            retryable: false,
            status: None,
        };
        assert_eq!(fail.rules[0].answers.0, [[Action::Fail(expected)]]);
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_what_was_expected() {
        for (text, parts) in [
            (
                "rules:\n  - stp: a\n    answer: x\n",
                &["stp", "step", "2"] as &[&str],
            ),
            (
                "rules:\n  - answer:\n      - - sya: x\n",
                &["sya", "say", "3"],
            ),
            ("rules:\n  - answer: [[{say: a, json: 1}]]\n", &["one key"]),
            ("rules:\n  - step: a\n", &["answers"]),
            (
                "rules:\n  - { step: a, answers: [] }\n",
                &["rule 1", "`a`", "no answer"],
            ),
            ("rules:\n  - { visit: 0, answer: x }\n", &["from 1"]),
            ("rules:\n  - { visit: 3..2, answer: x }\n", &["3..2"]),
            (
                "rules:\n  - { matches: '(', answer: x }\n",
                &["regular expression"],
            ),
            (
                "rules:\n  - answer: { tool: { title: t, kind: hack } }\n",
                &["hack", "execute"],
            ),
            ("rules: []\npiece: 0\n", &["piece"]),
        ] {
            let error = Script::parse(text).expect_err(text);
            for part in parts {
                assert!(error.contains(part), "{part:?} in: {error}");
            }
        }
    }

    #[test]
    fn numbers_are_single_or_ranges_with_both_ends() {
        let within = |text: &str| {
            let numbers = Numbers::parse(text).expect(text);
            (1..=5).filter(|n| numbers.contains(*n)).collect::<Vec<_>>()
        };
        assert_eq!(within("2"), [2]);
        assert_eq!(within("4.."), [4, 5]);
        assert_eq!(within("..2"), [1, 2]);
        assert_eq!(within("2..4"), [2, 3, 4]);
        assert_eq!(Numbers::parse("x"), None);
        assert_eq!(Numbers::parse("0"), None);
    }
}
