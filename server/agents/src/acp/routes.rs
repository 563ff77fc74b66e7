//! Which turn hears what the agent sends: messages by session. What comes for a
//! session in which no turn is open is not part of any answer and is dropped
//! (histories that are replayed late, titles, command lists).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::wire::{
    RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse, Responder,
    SessionUpdate,
};

/// Something that came from the agent for one session.
pub(crate) enum Incoming {
    /// Progress.
    Update(Box<SessionUpdate>),
    /// A wish to run a tool.
    Permission(Box<Wish>),
}

/// A permission request with the way to answer it.
pub(crate) struct Wish {
    pub request: RequestPermissionRequest,
    pub responder: Responder<RequestPermissionResponse>,
}

/// The open turns of a connection by session id.
#[derive(Default)]
pub(crate) struct Routes(Mutex<HashMap<String, mpsc::UnboundedSender<Incoming>>>);

impl Routes {
    /// From now on the receiver hears that session.
    pub(crate) fn open(&self, session: &str) -> mpsc::UnboundedReceiver<Incoming> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(session.to_owned(), sender);
        receiver
    }

    /// Nobody hears that session any more.
    pub(crate) fn close(&self, session: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(session);
    }

    /// Hands on progress. Called within the dispatch loop, so in the order of the wire.
    pub(crate) fn update(&self, session: &str, update: SessionUpdate) {
        let routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(session) {
            let _ = route.send(Incoming::Update(Box::new(update)));
        }
    }

    /// Hands on a wish; one that nobody hears is answered as cancelled.
    pub(crate) fn permission(
        &self,
        request: RequestPermissionRequest,
        responder: Responder<RequestPermissionResponse>,
    ) {
        let route = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&*request.session_id.0)
            .cloned();
        let wish = Incoming::Permission(Box::new(Wish { request, responder }));
        let unheard = match route {
            Some(route) => match route.send(wish) {
                Ok(()) => return,
                Err(unheard) => unheard.0,
            },
            None => wish,
        };
        let Incoming::Permission(unheard) = unheard else {
            return;
        };
        let _ = unheard.responder.respond(RequestPermissionResponse::new(
            RequestPermissionOutcome::Cancelled,
        ));
    }
}
