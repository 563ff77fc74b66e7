//! `fermata show RUN`: one run whole.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use fermata_engine::answer::taken_words;
use fermata_engine::{Gate, RunId};
use serde_json::Value;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;

/// Options of `show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be read.
pub(crate) fn run(options: &Show, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let shown = control.show(&run)?;
    if options.json {
        console.json(&shown);
        return Ok(Exit::Fine);
    }
    let text = |key: &str| shown[key].as_str().unwrap_or("-").to_owned();
    console.line(&format!("run      {run}"));
    console.line(&format!("workflow {} ({})", text("workflow"), text("path")));
    let stands = |run: &Value| {
        let cause = run["cause"].as_str();
        let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
        format!("{}{cause}", run["status"].as_str().unwrap_or("-"))
    };
    if let Some(parent) = shown["parent"].as_str() {
        console.line(&format!("parent   {}", RunId::from(parent).short()));
    }
    console.line(&format!("status   {}", stands(&shown)));
    if let Some(message) = shown["message"].as_str() {
        console.line(&format!("message  {message}"));
    }
    if let Some(worktree) = shown["worktree"].as_str() {
        console.line(&format!("worktree {worktree}"));
    }
    for step in shown["steps"].as_array().into_iter().flatten() {
        let took = match (step["started"].as_u64(), step["ended"].as_u64()) {
            (Some(started), Some(ended)) => format!(
                "{:.1} s",
                std::time::Duration::from_millis(ended.saturating_sub(started)).as_secs_f64()
            ),
            _ => String::new(),
        };
        let path = step["path"].as_str().unwrap_or_default();
        console.line(&format!(
            "  {:<10} {path} {took}",
            step["status"].as_str().unwrap_or_default()
        ));
        if let Some(why) = step["error"]["message"].as_str() {
            console.line(&format!("             {why}"));
        }
    }
    for child in shown["children"].as_array().into_iter().flatten() {
        console.line(&format!(
            "child    {} of {}: {} {}",
            RunId::from(child["run"].as_str().unwrap_or_default()).short(),
            child["path"].as_str().unwrap_or("-"),
            child["workflow"].as_str().unwrap_or("-"),
            stands(child),
        ));
    }
    for gate in shown["gates"].as_array().into_iter().flatten() {
        console.line(&format!(
            "holds at {}: {}",
            gate["step"].as_str().unwrap_or_default(),
            gate["prompt"].as_str().unwrap_or_default()
        ));
        if let Ok(gate) = serde_json::from_value::<Gate>(gate.clone()) {
            console.line(&format!(
                "answer with: fermata answer {} --gate {} ANSWER, which is one of: {}",
                run.short(),
                gate.gate,
                taken_words(&gate)
            ));
        }
    }
    if let Some(why) = shown["error"]["message"].as_str() {
        console.line(&format!("failed   {why}"));
    }
    if !shown["output"].is_null() {
        console.line(&serde_json::to_string_pretty(&shown["output"])?);
    }
    Ok(Exit::Fine)
}
