//! What a session is set to before its first prompt: mode, model, effort. An agent
//! that does not offer what was asked for keeps its own, and the person is told.

use fermata_runner::agent::{AgentError, AgentErrorKind, AgentSink, StepRequest};

use super::connection::Connection;
use super::failure;
use crate::limits::Limits;
use crate::wire::{
    SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory,
    SessionConfigSelectOptions, SessionModeState, SetSessionConfigOptionRequest,
    SetSessionModeRequest,
};

/// What a new session offers.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    pub modes: Option<SessionModeState>,
    pub options: Vec<SessionConfigOption>,
}

/// One selectable option: id, current value, and every value with its name.
struct Select {
    id: String,
    current: String,
    values: Vec<(String, String)>,
}

impl Offers {
    fn select(&self, category: &SessionConfigOptionCategory) -> Option<Select> {
        self.options.iter().find_map(|option| {
            let SessionConfigKind::Select(select) = &option.kind else {
                return None;
            };
            if option.category.as_ref() != Some(category) {
                return None;
            }
            let one = |value: &crate::wire::SessionConfigSelectOption| {
                (value.value.0.to_string(), value.name.clone())
            };
            let values = match &select.options {
                SessionConfigSelectOptions::Ungrouped(values) => values.iter().map(one).collect(),
                SessionConfigSelectOptions::Grouped(groups) => groups
                    .iter()
                    .flat_map(|group| group.options.iter().map(one))
                    .collect(),
                _ => Vec::new(),
            };
            Some(Select {
                id: option.id.0.to_string(),
                current: select.current_value.0.to_string(),
                values,
            })
        })
    }

    /// Whether there is nothing to choose.
    pub(crate) fn is_empty(&self) -> bool {
        self.modes.is_none() && self.options.is_empty()
    }

    fn modes(&self) -> Vec<String> {
        self.modes.as_ref().map_or_else(Vec::new, |state| {
            state
                .available_modes
                .iter()
                .map(|mode| mode.id.0.to_string())
                .collect()
        })
    }
}

impl Select {
    /// The value that a name stands for: itself, its label, or its last part after a slash.
    fn value(&self, wanted: &str) -> Option<String> {
        let same = |text: &str| text.eq_ignore_ascii_case(wanted);
        let last = |text: &str| text.rsplit('/').next().is_some_and(same);
        let find = |test: &dyn Fn(&(String, String)) -> bool| {
            self.values
                .iter()
                .find(|value| test(value))
                .map(|(value, _)| value.clone())
        };
        find(&|(value, _)| same(value))
            .or_else(|| find(&|(_, name)| same(name)))
            .or_else(|| find(&|(value, _)| last(value)))
    }
}

/// Sets a fresh session up. Returns the model that will answer, where the agent says so.
///
/// # Errors
/// The agent refused a value that it had offered, or it would send prompts to a model that its
/// maker hosts although nobody chose that.
pub(crate) async fn settle(
    connection: &Connection,
    session: &str,
    offers: &Offers,
    request: &StepRequest,
    sink: &dyn AgentSink,
    limits: &Limits,
) -> Result<Option<String>, AgentError> {
    let launch = connection.launch();
    if launch.scripted {
        return Ok(None);
    }
    if let Some(mode) = &launch.mode {
        set_mode(connection, session, offers, mode, sink, limits).await?;
    }
    let wanted = request.model.as_ref().or(launch.model.as_ref());
    let select = offers.select(&SessionConfigOptionCategory::Model);
    let mut model = select.as_ref().map(|select| select.current.clone());
    if let Some(wanted) = wanted {
        match select.as_ref().map(|select| (select, select.value(wanted))) {
            Some((select, Some(value))) => {
                if value != select.current {
                    set(connection, session, &select.id, &value, limits).await?;
                }
                model = Some(value);
            }
            None if launch.model_flag.is_some() => model = Some(wanted.clone()),
            _ => sink.warning(&format!(
                "agent `{}` does not offer the model `{wanted}`; it uses {}",
                launch.name,
                model.as_deref().unwrap_or("its own default")
            )),
        }
    }
    refuse_hosted_default(connection, wanted.is_some(), model.as_deref())?;
    if let Some(effort) = &request.effort {
        let select = offers.select(&SessionConfigOptionCategory::ThoughtLevel);
        match select.as_ref().map(|select| (select, select.value(effort))) {
            Some((select, Some(value))) => {
                if value != select.current {
                    set(connection, session, &select.id, &value, limits).await?;
                }
            }
            _ => sink.warning(&format!(
                "agent `{}` does not offer the reasoning effort `{effort}`; it uses its own default",
                launch.name
            )),
        }
    }
    Ok(model)
}

/// An agent without a configured model may fall back to one that its maker hosts: prompts would
/// leave the machine although nobody said so.
fn refuse_hosted_default(
    connection: &Connection,
    chosen: bool,
    model: Option<&str>,
) -> Result<(), AgentError> {
    let launch = connection.launch();
    let (Some(prefix), Some(model)) = (&launch.hosted_default, model) else {
        return Ok(());
    };
    if chosen || !model.starts_with(prefix.as_str()) {
        return Ok(());
    }
    Err(failure::of(
        AgentErrorKind::Unsupported,
        format!(
            "agent `{name}` has no configured model and would send the prompt to `{model}`, which its maker hosts; \
             configure a model in the agent, or name one with `model:` under `agents: {name}:` in the user configuration \
             (`{model}` too, if that is what you want)",
            name = launch.name
        ),
    ))
}

async fn set_mode(
    connection: &Connection,
    session: &str,
    offers: &Offers,
    mode: &str,
    sink: &dyn AgentSink,
    limits: &Limits,
) -> Result<(), AgentError> {
    if offers.modes().iter().any(|offered| offered == mode) {
        let request = SetSessionModeRequest::new(session.to_owned(), mode.to_owned());
        connection
            .ask("setting the session's mode", request, limits.session)
            .await?;
        return Ok(());
    }
    if let Some(select) = offers.select(&SessionConfigOptionCategory::Mode)
        && let Some(value) = select.value(mode)
    {
        return set(connection, session, &select.id, &value, limits).await;
    }
    sink.warning(&format!(
        "agent `{}` does not offer the mode `{mode}`; it offers: {}",
        connection.launch().name,
        offers.modes().join(", ")
    ));
    Ok(())
}

async fn set(
    connection: &Connection,
    session: &str,
    option: &str,
    value: &str,
    limits: &Limits,
) -> Result<(), AgentError> {
    let request = SetSessionConfigOptionRequest::new(session.to_owned(), option.to_owned(), value);
    connection
        .ask("setting an option of the session", request, limits.session)
        .await?;
    Ok(())
}
