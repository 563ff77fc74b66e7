//! From what the agent or its process said to the one error type that the worker
//! knows: kind, words with advice, and whether trying again may help.

use std::time::Duration;

use fermata_runner::agent::{AgentError, AgentErrorKind};
use serde_json::Value;

use super::Launch;
use super::connection::Connection;
use crate::wire::{self, AuthMethod, ErrorCode};

/// Longest detail of an agent's error that is passed on, in characters.
const DETAIL: usize = 2000;

/// An error of that kind that is not worth repeating.
pub(crate) fn of(kind: AgentErrorKind, message: String) -> AgentError {
    AgentError {
        kind,
        message,
        retryable: false,
        status: None,
    }
}

/// The program could not be started.
pub(crate) fn start(launch: &Launch, error: &std::io::Error) -> AgentError {
    let advice = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "make it executable, or name another command",
        std::io::ErrorKind::NotFound => {
            "the program or the folder it should run in is missing; install it, or name another command"
        }
        _ => "try the command in a terminal",
    };
    of(
        AgentErrorKind::Start,
        format!(
            "agent `{}`: `{}` could not be started: {error}; {advice} under `agents` in the user configuration",
            launch.name,
            launch.program.display(),
        ),
    )
}

/// Nothing came in time.
pub(crate) fn slow(launch: &Launch, what: &str, limit: Duration, rest: &str) -> AgentError {
    AgentError {
        kind: AgentErrorKind::Timeout,
        message: format!(
            "agent `{}` did not answer {what} within {}{rest}",
            launch.name,
            in_words(limit)
        ),
        retryable: false,
        status: None,
    }
}

/// A duration as people say it.
pub(crate) fn in_words(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}

impl Connection {
    /// What the process left behind, for the end of a message: exit status, stray output, stderr.
    pub(crate) fn remains(&self) -> String {
        use std::fmt::Write as _;

        let mut text = String::new();
        if let Some(status) = self.process().exit_status() {
            let _ = write!(text, "; it ended with {status}");
        }
        if let Some((count, first)) = self.noise().take() {
            let _ = write!(
                text,
                "; it wrote {count} line(s) to its standard output that are not protocol, the first: {first:?}"
            );
        }
        if let Some(words) = self.process().last_words() {
            let _ = write!(text, "; the last lines of its error output:\n{words}");
        }
        text
    }

    /// Translates an error that came in answer to a request.
    pub(crate) async fn failure(&self, during: &str, error: &wire::Error) -> AgentError {
        let name = &self.launch().name;
        if wire::is_incoming_transport_closed(error) || wire::is_connection_terminated(error) {
            self.process().settle().await;
            return AgentError {
                kind: AgentErrorKind::Provider,
                message: format!(
                    "agent `{name}` ended during {during}, before it had answered; `{}` in a terminal may show why{}",
                    self.launch().command_line(),
                    self.remains()
                ),
                retryable: true,
                status: None,
            };
        }
        if error.code == ErrorCode::AUTH_REQUIRED {
            return of(AgentErrorKind::Auth, self.log_in(error));
        }
        let told = error.data.as_ref().and_then(|data| data.get("fermata"));
        let retryable = told
            .and_then(|told| told.get("retryable"))
            .and_then(Value::as_bool)
            .unwrap_or(error.code == ErrorCode::INTERNAL_ERROR);
        let status = told
            .and_then(|told| told.get("status"))
            .and_then(Value::as_u64)
            .and_then(|status| u16::try_from(status).ok());
        AgentError {
            kind: AgentErrorKind::Provider,
            message: format!(
                "agent `{name}` reported an error during {during}: {}",
                words(error)
            ),
            retryable,
            status,
        }
    }

    fn log_in(&self, error: &wire::Error) -> String {
        let launch = self.launch();
        let advice = match &launch.login {
            Some(login) => format!("run `{login}` in a terminal, then resume"),
            None => {
                let offers: Vec<String> = self
                    .greeting()
                    .auth_methods
                    .iter()
                    .filter_map(method)
                    .collect();
                if offers.is_empty() {
                    "log in with the agent's own command in a terminal, then resume".to_owned()
                } else {
                    format!(
                        "log in with the agent itself, then resume; it offers: {}",
                        offers.join(", ")
                    )
                }
            }
        };
        format!(
            "agent `{}` is not logged in ({}); {advice}",
            launch.name,
            words(error)
        )
    }
}

/// A way to log in. Some agents name the command in the description.
fn method(method: &AuthMethod) -> Option<String> {
    let (name, more) = match method {
        AuthMethod::Terminal(method) => (&method.name, &method.description),
        AuthMethod::Agent(method) => (&method.name, &method.description),
        _ => return None,
    };
    Some(match more.as_ref().filter(|more| *more != name) {
        Some(more) => format!("{name} ({more})"),
        None => name.clone(),
    })
}

/// Message and detail. Agents put the useful half into `data`, each under another key.
fn words(error: &wire::Error) -> String {
    let detail = error.data.as_ref().and_then(|data| match data {
        Value::String(text) => Some(text.as_str()),
        Value::Object(map) => ["details", "detail", "message", "error"]
            .iter()
            .find_map(|key| map.get(*key).and_then(Value::as_str)),
        _ => None,
    });
    match detail {
        Some(detail) if !error.message.contains(detail) => {
            let detail: String = detail.chars().take(DETAIL).collect();
            format!("{}: {detail}", error.message)
        }
        _ => error.message.clone(),
    }
}
