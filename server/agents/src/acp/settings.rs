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

/// What a session offers, and what it is set to.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    pub modes: Option<SessionModeState>,
    pub options: Vec<SessionConfigOption>,
}

/// What a session that nobody has set is set to: what steps get that name nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    model: Option<String>,
    effort: Option<String>,
}

/// What agents call the value that they choose themselves.
const OWN_CHOICE: &str = "default";

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

    /// What it is set to.
    pub(crate) fn defaults(&self) -> Defaults {
        let current = |category| self.select(category).map(|select| select.current);
        Defaults {
            model: current(&SessionConfigOptionCategory::Model),
            effort: current(&SessionConfigOptionCategory::ThoughtLevel),
        }
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

    /// What a step gets that names nothing, in a session that was begun for another one.
    fn default(
        &self,
        defaults: Option<&Defaults>,
        of: impl Fn(&Defaults) -> &Option<String>,
    ) -> Option<String> {
        let known = of(defaults?).as_deref().and_then(|known| self.value(known));
        known.or_else(|| self.value(OWN_CHOICE))
    }
}

/// Sets a session up for a step. `defaults` is what a session has that was not begun for this step, where the step names
/// nothing: a copy has inherited the settings of another step. Returns the model that will answer, where the agent says so.
///
/// # Errors
/// The agent refused a value that it had offered, or it would send prompts to a model that its
/// maker hosts although nobody chose that.
pub(crate) async fn settle(
    connection: &Connection,
    session: &str,
    offers: &mut Offers,
    defaults: Option<&Defaults>,
    request: &StepRequest,
    sink: &dyn AgentSink,
    limits: &Limits,
) -> Result<Option<String>, AgentError> {
    let launch = connection.launch();
    if launch.scripted {
        return Ok(request.model.clone());
    }
    let wanted = request.model.as_ref().or(launch.model.as_ref());
    let select = offers.select(&SessionConfigOptionCategory::Model);
    let mut model = match &select {
        Some(select) => Some(select.current.clone()),
        None => connection.started_with().cloned(),
    };
    match (wanted, &select) {
        (Some(wanted), select) => {
            match select.as_ref().map(|select| (select, select.value(wanted))) {
                Some((select, Some(value))) => {
                    set(connection, session, select, &value, offers, limits).await?;
                    model = Some(value);
                }
                None if connection.started_with() == Some(wanted) => {}
                _ => sink.warning(&format!(
                    "agent `{}` does not offer the model `{wanted}`; it uses {}",
                    launch.name,
                    model.as_deref().unwrap_or("its own default")
                )),
            }
        }
        (None, Some(select)) => {
            if let Some(value) = select.default(defaults, |defaults| &defaults.model) {
                set(connection, session, select, &value, offers, limits).await?;
                model = Some(value);
            }
        }
        (None, None) => {}
    }
    refuse_hosted_default(connection, wanted.is_some(), model.as_deref())?;
    // Which efforts there are depends on the model.
    let select = offers.select(&SessionConfigOptionCategory::ThoughtLevel);
    match (&request.effort, &select) {
        (Some(effort), select) => {
            match select.as_ref().map(|select| (select, select.value(effort))) {
                Some((select, Some(value))) => {
                    set(connection, session, select, &value, offers, limits).await?;
                }
                _ => sink.warning(&format!(
                    "agent `{}` does not offer the reasoning effort `{effort}`; it uses its own default",
                    launch.name
                )),
            }
        }
        (None, Some(select)) => {
            if let Some(value) = select.default(defaults, |defaults| &defaults.effort) {
                set(connection, session, select, &value, offers, limits).await?;
            }
        }
        (None, None) => {}
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

/// Sets the mode that the user, or what is known of the agent, wants in every session.
///
/// # Errors
/// The agent refused a mode that it had offered.
pub(crate) async fn set_mode(
    connection: &Connection,
    session: &str,
    offers: &mut Offers,
    sink: &dyn AgentSink,
    limits: &Limits,
) -> Result<(), AgentError> {
    let Some(mode) = connection.launch().mode.as_deref() else {
        return Ok(());
    };
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
        return set(connection, session, &select, &value, offers, limits).await;
    }
    sink.warning(&format!(
        "agent `{}` does not offer the mode `{mode}`; it offers: {}",
        connection.launch().name,
        offers.modes().join(", ")
    ));
    Ok(())
}

/// Sets an option to a value, unless it has it. What is offered then is what the agent says.
async fn set(
    connection: &Connection,
    session: &str,
    option: &Select,
    value: &str,
    offers: &mut Offers,
    limits: &Limits,
) -> Result<(), AgentError> {
    if option.current == value {
        return Ok(());
    }
    let id = option.id.clone();
    let request = SetSessionConfigOptionRequest::new(session.to_owned(), id, value);
    let response = connection
        .ask("setting an option of the session", request, limits.session)
        .await?;
    if !response.config_options.is_empty() {
        offers.options = response.config_options;
    }
    Ok(())
}
