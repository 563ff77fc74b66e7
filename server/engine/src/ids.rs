//! Identities that must not be mixed up: runs, gates, sequence numbers, fences, step paths.

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_id! {
    /// A run: 26 characters that sort by creation time (ULID), lower case. The first differing characters come early enough that people use a prefix of the tail.
    RunId
}
text_id! {
    /// A gate, unique within its run: `g1`, `g2`, … in opening order.
    GateId
}
text_id! {
    /// Where in a run something happens: `plan/each[3]/reviewer#2` — sub-workflow, item, visit (from the second visit on). Empty for the run itself.
    StepPath
}

impl RunId {
    /// The last eight characters: what people are shown.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[self.0.len().saturating_sub(8)..]
    }
}

impl StepPath {
    /// The path of the run itself.
    #[must_use]
    pub fn root() -> Self {
        Self(String::new())
    }

    /// This path one level down.
    #[must_use]
    pub fn child(&self, segment: &str) -> Self {
        if self.0.is_empty() {
            Self(segment.to_owned())
        } else {
            Self(format!("{}/{segment}", self.0))
        }
    }
}

/// Position in a run's log: from 1, dense; 0 is "nothing yet".
pub type Seq = u64;

/// Counts the claims of a run; a worker with an older fence writes nothing.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Fence(pub u64);
