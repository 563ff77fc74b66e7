//! Child runs: started for a step of another run, from the project as that run
//! was pinned, without asking about earlier ones. Ended with their parent.

use std::path::{Path, PathBuf};

use fermata_engine::{EventBody, RunId, Status, family};
use fermata_store::{Created, Decision, RunRow};
use serde_json::{Map, Value};

use crate::control::Control;
use crate::error::ControlError;
use crate::family::FURTHEST;
use crate::outcome::{Outcome, StartRefusal};
use crate::request::{Isolation, ResumeOptions, StartRequest};
use crate::scope::Scope;
use crate::script::script_of;

/// How deep runs may start each other, the outermost included.
const DEPTH: usize = 5;
/// A wish for a child run.
#[derive(Debug, Clone, Default)]
pub struct ChildRequest {
    /// The workflow file.
    pub file: PathBuf,
    /// Inputs.
    pub inputs: Map<String, Value>,
    /// Message.
    pub message: Option<String>,
    /// Whether it works in a worktree of its own.
    pub worktree: bool,
    /// Request id: the same one is the same run.
    pub request: String,
    /// Whether a fresh run takes the place of one that was cancelled.
    pub anew: bool,
    /// The run of this request that is gone on with whatever has become of it.
    pub child: Option<RunId>,
}

/// Why there is no child run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildRefusal {
    /// `cycle`, `depth`, `input`, `not-found` or `child-failed`.
    pub kind: &'static str,
    /// In one sentence.
    pub message: String,
}

impl Control {
    /// Starts a child, or goes on with the one that the same request has led to.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] for an unknown parent, [`ControlError::Store`].
    pub fn start_child(
        &self,
        parent: &RunId,
        mut request: ChildRequest,
    ) -> Result<Result<RunId, ChildRefusal>, ControlError> {
        if let Some(child) = &request.child {
            return self.go_on(child);
        }
        if let Some((child, next)) = self.latest(&request.request)? {
            if !request.anew || self.store().run(&child)?.status != Status::Cancelled {
                return self.go_on(&child);
            }
            request.request = next;
        }
        let above = self.store().run(parent)?;
        if let Some(refusal) = self.too_deep(&above, &request)? {
            return Ok(Err(refusal));
        }
        // The project as the parent was pinned, so that an edit made meanwhile does not change what its child is.
        let overlay = above
            .definition
            .iter()
            .map(|file| Ok((PathBuf::from(&file.path), self.store().blob(&file.blob)?)))
            .collect::<Result<_, ControlError>>()?;
        let agent = agent_of(&above, &request.file);
        let start = StartRequest {
            file: request.file,
            inputs: request.inputs,
            message: request.message,
            agent,
            request: Some(request.request),
            // What its nodes remember of earlier runs belongs to the same conversation.
            conversation: Scope::conversation_of_key(&above.scope).map(str::to_owned),
            gates: above.policy.parse().ok(),
            isolation: if request.worktree {
                Isolation::Worktree
            } else {
                Isolation::ShareCheckout
            },
            overlay,
            cwd: Some(PathBuf::from(&above.cwd)),
            dry_run: above.dry_run,
            allow_secret_inputs: true,
            trusted: true,
            ..StartRequest::default()
        };
        let plan = match self.plan(&start) {
            Ok(Ok(plan)) => plan,
            Ok(Err(refusal)) => return Ok(Err(refused(&refusal))),
            Err(error @ ControlError::BadRequest { .. }) => {
                return Ok(Err(ChildRefusal {
                    kind: "input",
                    message: error.to_string(),
                }));
            }
            Err(error) => return Err(error),
        };
        let mut run = plan.proposal.run;
        for event in &mut run.events {
            match &mut event.body {
                EventBody::RunQueued {
                    parent: of, cwd, ..
                } => {
                    *of = Some(parent.clone());
                    if !request.worktree {
                        cwd.clone_from(&above.cwd);
                    }
                }
                EventBody::DefinitionPinned { files, .. } => {
                    for file in files {
                        let before = above.definition.iter().find(|p| p.path == file.path);
                        file.unsaved = before.is_some_and(|pinned| pinned.unsaved);
                    }
                }
                _ => {}
            }
        }
        match self.store().create_run(run)? {
            Created::New(child) => {
                self.launch(&child);
                Ok(Ok(child))
            }
            Created::Existing(child) => self.go_on(&child),
        }
    }

    /// The run that a request for a child has led to, the latest where earlier ones were cancelled.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn child_of(&self, request: &str) -> Result<Option<RunId>, ControlError> {
        Ok(self.latest(request)?.map(|(child, _)| child))
    }

    /// The latest run of a request for a child, and the request for the one after it.
    fn latest(&self, request: &str) -> Result<Option<(RunId, String)>, ControlError> {
        let mut latest = None;
        let mut next = request.to_owned();
        for nth in 2.. {
            let Some(child) = self.run_of(&next)? else {
                break;
            };
            next = family::again(request, nth);
            latest = Some((child, next.clone()));
        }
        Ok(latest)
    }

    fn run_of(&self, request: &str) -> Result<Option<RunId>, ControlError> {
        Ok(match self.store().requested(request)? {
            Some(Decision::Existing(child) | Decision::Queued(child)) => Some(child),
            Some(Decision::Choice { .. } | Decision::Closed(_)) | None => None,
        })
    }

    /// Ends a child because its parent ends.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn end_child(&self, parent: &RunId, child: &RunId) -> Result<(), ControlError> {
        if self.store().run(parent)?.aborting {
            self.cancel(child, "cancelled with its parent")?;
        } else {
            self.stop(child, false)?;
        }
        Ok(())
    }

    fn go_on(&self, child: &RunId) -> Result<Result<RunId, ChildRefusal>, ControlError> {
        let row = self.store().run(child)?;
        match row.status {
            Status::Failed => {
                let resumed = self.resume(child, ResumeOptions::default())?;
                if let Outcome::Refused(refusal) = &resumed {
                    return Ok(Err(refused(refusal)));
                }
            }
            Status::Queued if !self.store().is_locked(child)? => {
                self.relaunch(&row)?;
            }
            // A worker that finds the traces of a dead one says so; nobody else may.
            Status::Running | Status::Waiting
                if !row.parked && !self.store().is_locked(child)? =>
            {
                self.launch(child);
            }
            Status::Queued
            | Status::Running
            | Status::Waiting
            | Status::Completed
            | Status::Cancelled => {}
        }
        Ok(Ok(child.clone()))
    }

    fn too_deep(
        &self,
        parent: &RunRow,
        request: &ChildRequest,
    ) -> Result<Option<ChildRefusal>, ControlError> {
        let file = request.file.display().to_string();
        let mut chain = vec![parent.clone()];
        while chain.len() < FURTHEST
            && let Some(above) = chain.last().and_then(|row| row.parent.clone())
        {
            chain.push(self.store().run(&above)?);
        }
        let names = || {
            let names: Vec<&str> = chain.iter().rev().map(|r| r.workflow.as_str()).collect();
            names.join(" → ")
        };
        if chain.iter().any(|row| row.file == file) {
            return Ok(Some(ChildRefusal {
                kind: "cycle",
                message: format!("{file} would start itself: {}", names()),
            }));
        }
        if chain.len() >= DEPTH {
            return Ok(Some(ChildRefusal {
                kind: "depth",
                message: format!("more than {DEPTH} workflows start each other: {}", names()),
            }));
        }
        Ok(None)
    }
}

/// The agent that a parent runs with. The scripted one answers from the script beside the child, and where there is
/// none goes on with its parent's: one script then tells the whole family what to say.
fn agent_of(parent: &RunRow, child: &Path) -> Option<String> {
    let agent = parent.agent.clone()?;
    if agent != "scripted" || script_of(child).is_some() {
        return Some(agent);
    }
    match script_of(Path::new(&parent.file)) {
        Some(script) => Some(format!("scripted:{}", script.display())),
        None => Some(agent),
    }
}

fn refused(refusal: &StartRefusal) -> ChildRefusal {
    let (kind, message) = match refusal {
        StartRefusal::InputsNeeded { missing } => {
            let names: Vec<&str> = missing.iter().map(|input| input.name.as_str()).collect();
            (
                "input",
                format!(
                    "it needs the inputs {}; hand them over in `with`",
                    names.join(", ")
                ),
            )
        }
        StartRefusal::NotFound { message } => ("not-found", message.clone()),
        StartRefusal::NotResumable { reason, .. } => ("child-failed", reason.clone()),
        StartRefusal::CheckoutBusy { message, .. } => ("child-failed", message.clone()),
        StartRefusal::Rejected { problems } => {
            let each: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
            (
                "not-found",
                format!("it does not load: {}", each.join("; ")),
            )
        }
        StartRefusal::NoAgent { .. } => ("child-failed", refusal.message()),
        StartRefusal::DefinitionChanged { message, .. } => ("child-failed", message.clone()),
        StartRefusal::Choice(_) => (
            "child-failed",
            "an earlier run has to be decided about".to_owned(),
        ),
        StartRefusal::Untrusted { root } => {
            ("child-failed", format!("{} is not trusted", root.display()))
        }
    };
    ChildRefusal { kind, message }
}
