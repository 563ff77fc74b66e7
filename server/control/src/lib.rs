//! The one door for every surface: start, choose, answer, resume, abandon,
//! stop, tell, look, wake, and spawning a worker. The start policy and the
//! JSON shapes live here and nowhere else. All calls block; nothing here
//! executes a step.

mod abandon;
mod announce;
mod answer;
mod child;
mod choose;
pub mod config;
mod control;
mod cover;
mod definition;
mod drift;
mod end;
mod env;
mod error;
mod family;
mod git;
mod inputs;
pub mod json;
mod launch;
mod options;
mod outcome;
mod place;
mod plan;
mod request;
mod resume;
mod scope;
mod script;
mod sessions;
mod settle;
mod start;
mod stop;
mod sys;
mod tell;
mod text;
mod trust;
mod verbs;
mod views;
mod watch;
mod worktree;

pub use child::{ChildRefusal, ChildRequest};
pub use config::{
    AgentConfig, ConfigError, IsolationConfig, OnConfig, Permission, RepositoryConfig,
    RetentionConfig, UserConfig,
};
pub use control::{Control, Parts, Patience};
pub use cover::Cover;
pub use error::ControlError;
pub use json::run_result;
pub use launch::{Launcher, WorkerCommand, WorkerReport};
pub use options::{AgentCheck, AnyAgent, NoAgent, Options};
pub use outcome::{
    Act, AnswerOutcome, Choice, InputNeeded, Outcome, PriorRun, Problem, StartRefusal,
};
pub use request::{
    AnswerInput, ChangesWish, ChoiceAnswer, DefinitionChoice, GatesPolicy, Isolation,
    ResumeOptions, RunsFilter, StartRequest,
};
pub use scope::{Scope, root_of};
pub use script::script_of;
pub use text::preview;
pub use verbs::{Given, file_of};
pub use views::{RunSummary, RunsView, StartSummary};
pub use watch::{Changes, Watcher};
pub use worktree::{Applied, Removed, Wish, Worktree, WorktreeRefusal};
