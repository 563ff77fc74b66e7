//! Our own notifications, sent only to clients that declare `experimental.fermata`.

use serde_json::Value;
use tower_lsp::ls_types::notification::Notification;

macro_rules! notification {
    ($(#[$doc:meta])* $name:ident, $method:literal) => {
        $(#[$doc])*
        pub(crate) enum $name {}

        impl Notification for $name {
            type Params = Value;
            const METHOD: &'static str = $method;
        }
    };
}

notification! {
    /// A run's status, gates or steps changed.
    RunChanged, "fermata/runChanged"
}
notification! {
    /// Start requests came or went.
    StartsChanged, "fermata/startsChanged"
}
notification! {
    /// A batch of a subscribed run's log.
    Events, "fermata/events"
}
notification! {
    /// How the server is.
    ServerStatus, "fermata/serverStatus"
}
notification! {
    /// The client should show a run in its panel.
    OpenPanel, "fermata/openPanel"
}
