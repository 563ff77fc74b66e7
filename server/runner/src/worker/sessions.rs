//! Sessions that an earlier run has kept for this one (`persist_session`). What
//! a run keeps is in its result events; the store derives it from them.

use fermata_engine::state::Request;
use fermata_engine::{AgentCall, EventBody, SessionStart};
use fermata_store::{SessionKey, Store};

/// A session that is kept for the step is gone on with, as a copy. What people should know, where it cannot be looked up.
pub(super) fn recall(
    store: &dyn Store,
    request: &Request,
    call: &mut AgentCall,
) -> Option<EventBody> {
    let key = SessionKey {
        workflow: request.workflow.clone(),
        node: call.session.kept_as.clone()?,
        scope: request.scope.clone(),
        agent: request.agent.clone().or_else(|| call.provider.clone())?,
    };
    match store.kept_session(&key) {
        Ok(Some(session)) => {
            call.session.start = SessionStart::Fork {
                session,
                needed: false,
            };
            None
        }
        Ok(None) => None,
        Err(error) => Some(EventBody::Warning {
            code: None,
            message: format!(
                "`{}` begins a new session: that of an earlier run cannot be looked up: {error}",
                call.step
            ),
            step: Some(call.step.clone()),
        }),
    }
}
