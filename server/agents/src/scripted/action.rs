//! What a script lets the agent do: answers made of actions, read strictly.
//! Doing it is not here.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// What to answer, call by call. A bare text or action is one answer of one action.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answers(pub Vec<Vec<Action>>);

impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Answers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, an action, or a list with one entry per call")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Answers, E> {
                Ok(Answers(vec![vec![Action::Say(text.to_owned())]]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Answers, A::Error> {
                Ok(Answers(vec![vec![Action::read(map)?]]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Answers, A::Error> {
                let mut answers = Vec::new();
                while let Some(Actions(actions)) = list.next_element()? {
                    answers.push(actions);
                }
                Ok(Answers(answers))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// One answer: a text, an action, or a list of both.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Actions(pub Vec<Action>);

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Actions;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, an action, or a list of texts and actions")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Actions, E> {
                Ok(Actions(vec![Action::Say(text.to_owned())]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Actions, A::Error> {
                Ok(Actions(vec![Action::read(map)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Actions, A::Error> {
                let mut actions = Vec::new();
                while let Some(action) = list.next_element()? {
                    actions.push(action);
                }
                Ok(Actions(actions))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// One thing that the agent does during a turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Streams a piece of the answer.
    Say(String),
    /// Streams reasoning.
    Think(String),
    /// Says a value as one line of JSON.
    Json(Value),
    /// Shows a tool call.
    Tool(Box<Tool>),
    /// Reports tokens.
    Usage(Tokens),
    /// Shows a notice that is not part of the answer.
    Warn(String),
    /// Waits that many milliseconds.
    SleepMs(u64),
    /// Waits until the turn is cancelled.
    Hang,
    /// Ends the turn with that reason.
    Stop(Stop),
    /// Ends the turn with an error.
    Fail(Fail),
    /// Ends the agent's process at once.
    Crash,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionKey {
    Say,
    Think,
    Json,
    Tool,
    Usage,
    Warn,
    SleepMs,
    Hang,
    Stop,
    Fail,
    Crash,
}

impl Action {
    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        fn yes<'de, A: MapAccess<'de>>(
            map: &mut A,
            action: Action,
            name: &str,
        ) -> Result<Action, A::Error> {
            if map.next_value::<bool>()? {
                Ok(action)
            } else {
                Err(de::Error::custom(format!(
                    "`{name}: false` says nothing: write `{name}: true` or leave the action out"
                )))
            }
        }
        let Some(key) = map.next_key::<ActionKey>()? else {
            return Err(de::Error::custom(
                "an action has one key, this one has none",
            ));
        };
        let action = match key {
            ActionKey::Say => Self::Say(map.next_value()?),
            ActionKey::Think => Self::Think(map.next_value()?),
            ActionKey::Json => Self::Json(map.next_value()?),
            ActionKey::Tool => Self::Tool(map.next_value()?),
            ActionKey::Usage => Self::Usage(map.next_value()?),
            ActionKey::Warn => Self::Warn(map.next_value()?),
            ActionKey::SleepMs => Self::SleepMs(map.next_value()?),
            ActionKey::Hang => yes(&mut map, Self::Hang, "hang")?,
            ActionKey::Stop => Self::Stop(map.next_value()?),
            ActionKey::Fail => Self::Fail(map.next_value()?),
            ActionKey::Crash => yes(&mut map, Self::Crash, "crash")?,
        };
        if map.next_key::<ActionKey>()?.is_some() {
            map.next_value::<IgnoredAny>()?;
            return Err(de::Error::custom(
                "an action has one key, this one has several: write each as a list entry of its own",
            ));
        }
        Ok(action)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Action;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an action such as `say: …`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Action, E> {
                Ok(Action::Say(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Action, A::Error> {
                Action::read(map)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// A tool call that is shown. Nothing is really run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tool {
    /// What people see.
    pub title: String,
    /// `read`, `edit`, `execute`, …
    #[serde(default)]
    pub kind: Option<Kind>,
    /// The tool's input.
    #[serde(default)]
    pub input: Option<Value>,
    /// Whether the agent asks first.
    #[serde(default)]
    pub permission: bool,
    /// What the tool printed.
    #[serde(default)]
    pub result: Option<String>,
    /// Whether the tool fails.
    #[serde(default)]
    pub fails: bool,
    /// What happens instead of the rest when the permission is rejected; without it the rest goes on.
    #[serde(default)]
    pub on_reject: Option<Actions>,
}

/// A kind of tool that the protocol knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(pub crate::wire::ToolKind);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        crate::wire::tool_kind(&word).map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "unknown kind of tool `{word}`, expected one of read, edit, delete, move, search, execute, think, fetch, switch_mode, other"
            ))
        })
    }
}

/// Tokens and money.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tokens {
    pub input: u64,
    pub output: u64,
    pub cache_read: Option<u64>,
    pub cache_write: Option<u64>,
    /// Tokens in the context, and its size.
    pub context_used: Option<u64>,
    pub context_size: Option<u64>,
    /// US dollars of the session so far.
    pub cost_usd: Option<f64>,
}

/// Why a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stop {
    EndTurn,
    MaxTokens,
    MaxTurnRequests,
    Refusal,
    Cancelled,
}

/// An error instead of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fail {
    pub message: String,
    /// JSON-RPC code; -32000 means "not logged in".
    pub code: i32,
    /// Whether trying again may help.
    pub retryable: bool,
    /// HTTP status of the model endpoint.
    pub status: Option<u16>,
}

impl<'de> Deserialize<'de> for Fail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            message: String,
            #[serde(default = "internal")]
            code: i32,
            #[serde(default)]
            retryable: bool,
            #[serde(default)]
            status: Option<u16>,
        }
        fn internal() -> i32 {
            -32603
        }
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Fail;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message, or a mapping with `message` and maybe `code`, `retryable`, `status`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Fail, E> {
                Ok(Fail {
                    message: text.to_owned(),
                    code: internal(),
                    retryable: false,
                    status: None,
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fail, A::Error> {
                let whole = Whole::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Fail {
                    message: whole.message,
                    code: whole.code,
                    retryable: whole.retryable,
                    status: whole.status,
                })
            }
        }
        deserializer.deserialize_any(Read)
    }
}
