//! The scripted agent on a pair of pipes: sessions, prompts and their
//! cancellation. What an answer consists of is in `play`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};

use super::choose::{About, Calls};
use super::play::{End, Player};
use super::script::{Script, ScriptError, Sessions};
use crate::lines;
use crate::wire::{
    self, Agent, AgentCapabilities, CancelNotification, Client, ConnectionTo, ContentBlock,
    ForkSessionRequest, ForkSessionResponse, Implementation, InitializeRequest, InitializeResponse,
    Lines, LoadSessionRequest, LoadSessionResponse, NewSessionRequest, NewSessionResponse,
    PromptRequest, PromptResponse, ProtocolVersion, Responder, ResumeSessionRequest,
    ResumeSessionResponse, SessionCapabilities, SessionForkCapabilities, SessionResumeCapabilities,
    on_receive_notification, on_receive_request,
};

/// The scripted agent ended otherwise than by the end of its input.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The script cannot be used.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The script has a `crash` action: the process has to end at once, with a failure.
    #[error("the script says that the agent crashes here (action `crash`)")]
    Crash,
    /// The pipes broke.
    #[error("the scripted agent lost its host: {0}")]
    Connection(String),
}

#[derive(Default)]
struct Session {
    cancel: Option<watch::Sender<bool>>,
    calls: u32,
}

struct Stage {
    script: Script,
    /// What sessions of this process begin with: another process has others.
    name: String,
    sessions: Mutex<HashMap<String, Session>>,
    calls: Mutex<Calls>,
    notices: Mutex<bool>,
    crashed: Notify,
}

/// Tells this process from every other one.
fn name() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    format!("scripted-{:x}-{nanos:x}", std::process::id())
}

impl Stage {
    fn open(&self) -> String {
        let mut sessions = lock(&self.sessions);
        let id = format!("{}-{}", self.name, sessions.len() + 1);
        sessions.insert(id.clone(), Session::default());
        id
    }

    /// Whether a session can be found again: answers need no memory, so one of another process can as well, unless the
    /// script says otherwise.
    fn finds(&self, id: &str) -> Result<(), wire::Error> {
        let mut sessions = lock(&self.sessions);
        if self.script.sessions == Sessions::Forgotten && !sessions.contains_key(id) {
            return Err(wire::Error::invalid_params().data(format!("there is no session `{id}`")));
        }
        sessions.entry(id.to_owned()).or_default();
        Ok(())
    }

    fn capabilities(&self) -> AgentCapabilities {
        let resume = SessionCapabilities::new().resume(SessionResumeCapabilities::new());
        let (sessions, load) = match self.script.sessions {
            Sessions::Copied | Sessions::Forgotten => {
                (resume.fork(SessionForkCapabilities::new()), true)
            }
            Sessions::Kept => (resume, true),
            Sessions::Fleeting => (SessionCapabilities::new(), false),
        };
        AgentCapabilities::new()
            .session_capabilities(sessions)
            .load_session(load)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves the script in `file` to the host at the other end of the pipes, until the input ends.
///
/// # Errors
/// [`ServeError`]: the script is unusable, says `crash`, or the pipes broke. The caller ends the
/// process with a failure in each case.
pub async fn serve<R, W>(file: &Path, input: R, output: W) -> Result<(), ServeError>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let stage = Arc::new(Stage {
        script: Script::read(file)?,
        name: name(),
        sessions: Mutex::default(),
        calls: Mutex::default(),
        notices: Mutex::new(false),
        crashed: Notify::new(),
    });
    let connection = connect(stage.clone(), input, output);
    tokio::select! {
        result = connection => result.map_err(|error| ServeError::Connection(error.to_string())),
        () = stage.crashed.notified() => Err(ServeError::Crash),
    }
}

async fn connect<R, W>(stage: Arc<Stage>, input: R, output: W) -> Result<(), wire::Error>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (greeter, opener, forker, loader) =
        (stage.clone(), stage.clone(), stage.clone(), stage.clone());
    let (reopener, prompter, canceller) = (stage.clone(), stage.clone(), stage);
    Agent
        .v1()
        .name("scripted")
        .on_receive_request(
            async move |request: InitializeRequest, responder, _cx| {
                *lock(&greeter.notices) = request
                    .client_capabilities
                    .session
                    .as_ref()
                    .is_some_and(|session| session.notices.is_some());
                responder.respond(
                    InitializeResponse::new(ProtocolVersion::V1)
                        .agent_capabilities(greeter.capabilities())
                        .agent_info(Implementation::new("scripted", env!("CARGO_PKG_VERSION"))),
                )
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |_request: NewSessionRequest, responder, _cx| {
                responder.respond(NewSessionResponse::new(opener.open()))
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: ForkSessionRequest, responder, _cx| match forker
                .finds(&request.session_id.0)
            {
                Ok(()) => responder.respond(ForkSessionResponse::new(forker.open())),
                Err(error) => responder.respond_with_error(error),
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: LoadSessionRequest, responder, _cx| match loader
                .finds(&request.session_id.0)
            {
                Ok(()) => responder.respond(LoadSessionResponse::new()),
                Err(error) => responder.respond_with_error(error),
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: ResumeSessionRequest, responder, _cx| match reopener
                .finds(&request.session_id.0)
            {
                Ok(()) => responder.respond(ResumeSessionResponse::new()),
                Err(error) => responder.respond_with_error(error),
            },
            on_receive_request!(),
        )
        .on_receive_request(
            async move |request: PromptRequest, responder, cx: ConnectionTo<Client>| {
                let stage = prompter.clone();
                let link = cx.clone();
                cx.spawn(async move {
                    prompt(&stage, request, responder, link).await;
                    Ok(())
                })
            },
            on_receive_request!(),
        )
        .on_receive_notification(
            async move |cancel: CancelNotification, _cx| {
                if let Some(session) = lock(&canceller.sessions).get(&*cancel.session_id.0)
                    && let Some(turn) = &session.cancel
                {
                    turn.send_replace(true);
                }
                Ok(())
            },
            on_receive_notification!(),
        )
        .connect_to(Lines::new(
            lines::outgoing(output),
            lines::incoming(input, None),
        ))
        .await
}

async fn prompt(
    stage: &Stage,
    request: PromptRequest,
    responder: Responder<PromptResponse>,
    cx: ConnectionTo<Client>,
) {
    let id = request.session_id.0.to_string();
    let (cancel, cancelled) = watch::channel(false);
    let next_call = {
        let mut sessions = lock(&stage.sessions);
        let Some(session) = sessions.get_mut(&id) else {
            drop(sessions);
            let error = wire::Error::invalid_params().data(format!(
                "there is no session `{id}`: open it with session/new"
            ));
            let _ = responder.respond_with_error(error);
            return;
        };
        session.cancel = Some(cancel);
        session.calls
    };
    let about = About::from_meta(request.meta.as_ref());
    let text = text_of(&request.prompt);
    let chosen = stage.script.choose(&about, &text, &mut lock(&stage.calls));
    let mut player = Player {
        cx,
        session: id.clone(),
        cancelled,
        piece: stage.script.piece,
        notices: *lock(&stage.notices),
        next_call,
    };
    let end = match chosen {
        Ok(actions) => player.play(actions).await,
        Err(reason) => End::Failed(wire::Error::new(-32602, reason)),
    };
    if let Some(session) = lock(&stage.sessions).get_mut(&id) {
        session.cancel = None;
        session.calls = player.next_call;
    }
    let _ = match end {
        End::Answered(response) => responder.respond(response),
        End::Failed(error) => responder.respond_with_error(error),
        End::Crash => {
            stage.crashed.notify_one();
            // The connection goes down with this task in it; answering would hide the crash.
            std::future::pending().await
        }
    };
}

fn text_of(blocks: &[ContentBlock]) -> String {
    let texts: Vec<&str> = blocks
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n\n")
}
