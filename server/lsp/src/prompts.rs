//! Prompts: gates and choices brought to the person (design/protocol.md,
//! "Prompts"). One outstanding per client; only runs of this workspace; only
//! what opened after the server started; the rest is one summary.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;

use fermata_control::{
    AnswerInput, AnswerOutcome, ChoiceAnswer, Control, Outcome, RunSummary, RunsView, StartRefusal,
    StartSummary,
};
use fermata_engine::gate::{AnswerSpec, Gate, Refusal};
use fermata_engine::{GateId, RunId};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tower_lsp::Client;
use tower_lsp::ls_types::{MessageActionItem, MessageType};

use crate::outbox::{Mail, Outbox};
use crate::session::Message;
use crate::settings::{GatePrompt, Settings};
use crate::words;

/// One thing to ask.
#[derive(Debug, Clone)]
struct Prompt {
    key: String,
    text: String,
    /// What is asked about it, where there are buttons.
    question: &'static str,
    /// Button and what it stands for.
    buttons: Vec<(String, Choice)>,
}

impl Prompt {
    fn asked(&self) -> String {
        match self.question {
            "" => self.text.clone(),
            question => format!("{}. {question}", self.text),
        }
    }
}

#[derive(Debug, Clone)]
enum Choice {
    Gate {
        run: RunId,
        gate: GateId,
        answer: Value,
    },
    Start {
        start: String,
        answer: ChoiceAnswer,
    },
    /// The panel has what a notification cannot: a place to type in.
    Open(RunId),
    ShowNext,
}

/// What was asked and what is still to be asked.
pub(crate) struct Prompts {
    client: Client,
    control: Control,
    own: UnboundedSender<Message>,
    outbox: Outbox,
    roots: Vec<PathBuf>,
    /// Whether the client has a panel.
    panel: bool,
    /// Gates and starts that were there at the start, or were asked about already.
    known: HashSet<String>,
    primed: bool,
    queue: VecDeque<Prompt>,
    /// What the client is being asked, and the number of that question.
    outstanding: Option<(u64, HashSet<String>)>,
    asked: u64,
}

impl Prompts {
    pub(crate) fn new(
        client: Client,
        control: Control,
        own: UnboundedSender<Message>,
        outbox: Outbox,
        roots: Vec<PathBuf>,
        panel: bool,
    ) -> Self {
        Self {
            client,
            control,
            own,
            outbox,
            roots,
            panel,
            known: HashSet::new(),
            primed: false,
            queue: VecDeque::new(),
            outstanding: None,
            asked: 0,
        }
    }

    /// The workspace folders are others now, links resolved.
    pub(crate) fn move_to(&mut self, roots: Vec<PathBuf>) {
        self.roots = roots;
    }

    /// Looks through the runs for what opened since the last look.
    pub(crate) fn look(&mut self, view: &RunsView, settings: &Settings) {
        let found = self.find(view);
        let open: HashSet<&String> = found.iter().map(|prompt| &prompt.key).collect();
        // No client can withdraw a notification. One about what is over must not hold back the next;
        // a late click on it is told who answered.
        if let Some((_, keys)) = &self.outstanding
            && !keys.iter().any(|key| open.contains(key))
        {
            self.outstanding = None;
        }
        // What somebody else has answered meanwhile is no longer asked.
        self.queue.retain(|prompt| open.contains(&prompt.key));
        let fresh: Vec<Prompt> = found
            .into_iter()
            .filter(|prompt| self.known.insert(prompt.key.clone()))
            .collect();
        if !self.primed {
            self.primed = true;
            return;
        }
        match settings.gate_prompt {
            GatePrompt::Request => self.queue.extend(fresh),
            GatePrompt::Message => self.tell(fresh),
            GatePrompt::None => {}
        }
        self.next();
    }

    /// Asks again about a run's gates or a start request: somebody clicked on a lens.
    pub(crate) fn again(
        &mut self,
        view: &RunsView,
        run: Option<&str>,
        start: Option<&str>,
        settings: &Settings,
    ) {
        let wanted = |prompt: &Prompt| {
            run.is_some_and(|run| prompt.key.starts_with(&format!("{run}/")))
                || start.is_some_and(|start| prompt.key.split('/').next() == Some(start))
        };
        let found: Vec<Prompt> = self.find(view).into_iter().filter(wanted).collect();
        match settings.gate_prompt {
            // Asked for by a click, so it may go first, and may show what was dismissed before.
            GatePrompt::Request | GatePrompt::None => found
                .into_iter()
                .rev()
                .for_each(|prompt| self.queue.push_front(prompt)),
            GatePrompt::Message => self.tell(found),
        }
        self.next();
    }

    /// A prompt is gone: if it was the outstanding one, the next may be asked.
    pub(crate) fn closed(&mut self, number: u64) {
        if self
            .outstanding
            .as_ref()
            .is_some_and(|(outstanding, _)| *outstanding == number)
        {
            self.outstanding = None;
            self.next();
        }
    }

    fn find(&self, view: &RunsView) -> Vec<Prompt> {
        let mine = |root: &PathBuf| {
            self.roots.is_empty()
                || self
                    .roots
                    .iter()
                    .any(|own| root.starts_with(own) || own.starts_with(root))
        };
        let panel = self.panel;
        let gates = view
            .runs
            .iter()
            .rev()
            .filter(|run| mine(&run.root))
            .flat_map(|run| run.gates.iter().map(move |gate| of_gate(run, gate, panel)));
        let starts = view
            .starts
            .iter()
            .filter(|start| mine(&start.root))
            .map(|start| of_start(view, start));
        gates.chain(starts).collect()
    }

    fn tell(&self, prompts: Vec<Prompt>) {
        let text = match prompts.as_slice() {
            [] => return,
            [one] => format!(
                "{}. Answer it by code action or with `fermata answer`",
                one.text
            ),
            many => format!(
                "{} decisions wait. Answer them by code action or with `fermata answer`",
                many.len()
            ),
        };
        let client = self.client.clone();
        tokio::spawn(async move { client.show_message(MessageType::WARNING, text).await });
    }

    fn next(&mut self) {
        if self.outstanding.is_some() {
            return;
        }
        let prompt = match self.queue.len() {
            0 => return,
            1 => self.queue.pop_front(),
            many => Some(Prompt {
                key: String::new(),
                text: format!("{many} decisions wait in this workspace"),
                question: "",
                buttons: vec![("Show".to_owned(), Choice::ShowNext)],
            }),
        };
        let Some(prompt) = prompt else { return };
        let (client, control, own) = (self.client.clone(), self.control.clone(), self.own.clone());
        let outbox = self.outbox.clone();
        let rest: Vec<Prompt> = if prompt.key.is_empty() {
            self.queue.drain(..).collect()
        } else {
            Vec::new()
        };
        let keys = std::iter::once(&prompt)
            .chain(&rest)
            .map(|prompt| prompt.key.clone())
            .collect();
        self.asked += 1;
        let number = self.asked;
        self.outstanding = Some((number, keys));
        tokio::spawn(async move {
            let chosen = ask(&client, &prompt).await;
            if let Some(Choice::ShowNext) = chosen {
                // Asked for, so they come one after the other.
                for prompt in &rest {
                    if let Some(choice) = ask(&client, prompt).await {
                        decide(&client, &control, &outbox, choice).await;
                    }
                }
            } else if let Some(choice) = chosen {
                decide(&client, &control, &outbox, choice).await;
            }
            let _ = own.send(Message::PromptClosed(number));
        });
    }
}

/// Shows a prompt; an error, null or anything that is no button is no answer.
async fn ask(client: &Client, prompt: &Prompt) -> Option<Choice> {
    let item = |title: &str| MessageActionItem {
        title: title.to_owned(),
        properties: std::collections::HashMap::default(),
    };
    let items = prompt
        .buttons
        .iter()
        .map(|(title, _)| item(title))
        .collect();
    let chosen = client
        .show_message_request(MessageType::WARNING, prompt.asked(), Some(items))
        .await
        .ok()??;
    prompt
        .buttons
        .iter()
        .find(|(title, _)| *title == chosen.title)
        .map(|(_, choice)| choice.clone())
}

async fn decide(client: &Client, control: &Control, outbox: &Outbox, choice: Choice) {
    let (control, outbox) = (control.clone(), outbox.clone());
    let told = tokio::task::spawn_blocking(move || match choice {
        Choice::Gate { run, gate, answer } => {
            match control.answer(&run, Some(&gate), AnswerInput::Json(answer)) {
                Ok(AnswerOutcome::Accepted { .. }) => None,
                Ok(AnswerOutcome::Refused(refusal)) => Some(late(&run, refusal)),
                Err(error) => Some(error.to_string()),
            }
        }
        Choice::Start { start, answer } => match control.choose(&start, answer) {
            Ok(Outcome::Started { run, .. }) => {
                // The window that asked shows what it asked for, where it has a panel.
                outbox.send(Mail::OpenPanel(json!({ "run": run, "started": true })));
                None
            }
            Ok(Outcome::Refused(StartRefusal::Choice(_)) | Outcome::Dismissed) => None,
            Ok(Outcome::Refused(refusal)) => Some(refusal.message()),
            Err(error) => Some(error.to_string()),
        },
        Choice::Open(run) => {
            outbox.send(Mail::OpenPanel(json!({ "run": run })));
            None
        }
        Choice::ShowNext => None,
    })
    .await;
    if let Ok(Some(text)) = told {
        client.show_message(MessageType::WARNING, text).await;
    }
}

/// What somebody reads whose click came to nothing. Toasts are cut, so who was first comes first.
fn late(run: &RunId, refusal: Refusal) -> String {
    let Some(by) = &refusal.answered else {
        return refusal.reason;
    };
    format!(
        "Answered already by {} from {}, {}. Your click changed nothing (run {})",
        by.by,
        by.surface,
        fermata_engine::answer::utc_text(by.at),
        run.short()
    )
}

fn of_gate(run: &RunSummary, gate: &Gate, panel: bool) -> Prompt {
    let text = format!("{} (run {})", words::gate(gate), run.run.short());
    let question = match gate.limit {
        Some(_) => "Continue with how many more?",
        None => "",
    };
    let mut buttons: Vec<(String, Choice)> = gate
        .answers
        .iter()
        .filter(|spec| !spec.answer.is_null() && !spec.needs_text())
        .map(|spec| {
            (
                button(spec),
                Choice::Gate {
                    run: run.run.clone(),
                    gate: gate.gate.clone(),
                    answer: spec.answer.clone(),
                },
            )
        })
        .collect();
    if panel && buttons.len() < gate.answers.len() {
        // A rejection with its reason must not be further away than an approval.
        buttons.push(("Open".to_owned(), Choice::Open(run.run.clone())));
    }
    Prompt {
        key: format!("{}/{}", run.run, gate.gate),
        text,
        question,
        buttons,
    }
}

/// Editors cut buttons to a few letters each, so a limit's are as short as can be.
fn button(spec: &AnswerSpec) -> String {
    if spec.answer.get("kind").and_then(Value::as_str) != Some("iteration_limit") {
        return spec.label.clone();
    }
    match (
        spec.answer.get("do").and_then(Value::as_str),
        spec.answer.get("n").and_then(Value::as_u64),
    ) {
        (Some("continue"), Some(more)) => format!("{more} more"),
        (Some("stop"), _) => "Stop".to_owned(),
        (Some("abort"), _) => "Abort".to_owned(),
        _ => spec.label.clone(),
    }
}

fn of_start(view: &RunsView, start: &StartSummary) -> Prompt {
    let question = match &start.prior {
        Some(_) => "Resume it, abandon it and run, or run fresh and keep it?",
        None => "Take your changes along, or begin from the last commit?",
    };
    let text = words::start(view, start);
    let label = |answer: &ChoiceAnswer| match answer {
        ChoiceAnswer::Resume => "Resume",
        ChoiceAnswer::AbandonAndRun => "Abandon",
        ChoiceAnswer::RunFresh => "Run fresh",
        ChoiceAnswer::WithChanges => "With changes",
        ChoiceAnswer::FromHead => "From HEAD",
        ChoiceAnswer::Dismiss => "Dismiss",
    };
    let buttons = start
        .answers
        .iter()
        .map(|answer| {
            (
                label(answer).to_owned(),
                Choice::Start {
                    start: start.start.clone(),
                    answer: *answer,
                },
            )
        })
        .collect();
    Prompt {
        // Asked again under the same id, once the earlier run is decided about.
        key: match &start.prior {
            Some(_) => start.start.clone(),
            None => format!("{}/changes", start.start),
        },
        text,
        question,
        buttons,
    }
}
