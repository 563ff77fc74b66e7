//! `fermata events RUN`: a run's log, as lines or as JSON, an event each.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use fermata_engine::{Event, Status, words};

use crate::console::Console;
use crate::exit::Exit;
use crate::follow::tend;
use crate::open;
use crate::prompt::word;

/// Characters of what an agent or a program said that a line shows.
const WIDTH: usize = 160;

/// Options of `events`.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// Go on until the run is over.
    #[arg(long)]
    follow: bool,
    /// The first event to print.
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    from: u64,
    /// An event a line as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be read.
pub(crate) fn run(options: &Events, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    let run = control.find(&options.run)?;
    let watcher = control.watch()?;
    watcher.subscribe(&run)?;
    let cover = control.cover(&run)?;
    // A log can be long: what is not printed is not read.
    let mut next = options.from.max(1);
    loop {
        let row = control.store().run(&run)?;
        let events = control.events(&run, next, 500)?;
        for event in &events {
            next = event.seq + 1;
            if options.json {
                console.json(&cover.event(event)?);
            } else {
                console.line(&cover.text(line(event)));
            }
        }
        let over = matches!(
            row.status,
            Status::Completed | Status::Failed | Status::Cancelled
        );
        if events.is_empty() && (over || !options.follow) {
            return Ok(Exit::Fine);
        }
        if events.is_empty() {
            let _ = watcher.next(Duration::from_secs(1));
            tend(&control, &run)?;
        }
    }
}

/// An event as one line of the log: number, time of day (UTC), where, what.
fn line(event: &Event) -> String {
    let seconds = event.at / 1000;
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let path = if event.path.as_str().is_empty() {
        String::new()
    } else {
        format!(" {}", event.path)
    };
    let what = words::of(event)
        .or_else(|| Some(first_line(&words::spoken(event)?)))
        .unwrap_or_else(|| word(&serde_json::json!(kind(event))));
    format!("{:>5} {h:02}:{m:02}:{s:02}{path} {what}", event.seq)
}

/// The first line that says something, cut: `--json` has all of it.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let mut shown: String = first.chars().take(WIDTH).collect();
    if shown.len() < first.len() || lines.next().is_some() {
        shown.push_str(" …");
    }
    shown
}

fn kind(event: &Event) -> String {
    serde_json::to_value(&event.body)
        .ok()
        .and_then(|v| Some(v["type"].as_str()?.to_owned()))
        .unwrap_or_default()
}
