//! Every text of a Conductor workflow that the engine renders or decides by,
//! with what tells which names it sees. Parses nothing. Archon's texts are
//! written in another language and are not listed.

use crate::model::{SetValue, Step, StepKind, Workflow};
use crate::source::Text;

/// Where a text is rendered, which tells the names it sees besides the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Site {
    /// In a step, before it runs.
    Step,
    /// In the inline step of a for_each group: sees the loop variable, `_index` and `_key`.
    Inline,
    /// A route's `when`: sees `output`, in either condition language.
    Condition,
    /// A route's `output`: sees `output`.
    RouteOutput,
    /// The workflow's final `output`.
    Final,
    /// A hook; sees `result` or `error`.
    Hook,
    /// `runtime.working_dir`.
    Runtime,
}

/// One such text.
#[derive(Debug, Clone)]
pub struct Template<'w> {
    /// The text.
    pub text: &'w Text,
    /// Its key below the step, the workflow or `output`: `args.1`, `routes.0.when`.
    pub key: String,
    /// The step it belongs to by index in `Workflow::steps`; for an inline step, its group.
    pub step: Option<usize>,
    /// Where it is rendered.
    pub site: Site,
}

/// Every text that is rendered as a template, and every route's condition, in the model's order.
///
/// Left out is what the dialect never renders: `env` of scripts, labels and
/// values of gate options, routes of a for_each's inline step.
#[must_use]
pub fn templates(workflow: &Workflow) -> Vec<Template<'_>> {
    let mut found = Vec::new();
    let mut add = |text, key: String, step, site| {
        found.push(Template {
            text,
            key,
            step,
            site,
        })
    };
    if let Some(text) = &workflow.runtime.working_dir {
        add(text, "runtime.working_dir".into(), None, Site::Runtime);
    }
    for (name, text) in &workflow.hooks {
        add(text, format!("hooks.{name}"), None, Site::Hook);
    }
    for (index, step) in workflow.steps.iter().enumerate() {
        let (own, site) = match &step.kind {
            StepKind::ForEach(each) => (&each.agent, Site::Inline),
            _ => (step, Site::Step),
        };
        for (key, text) in of_step(own) {
            add(text, key, Some(index), site);
        }
        for (at, route) in step.routes.iter().enumerate() {
            if let Some(when) = &route.when {
                add(
                    when,
                    format!("routes.{at}.when"),
                    Some(index),
                    Site::Condition,
                );
            }
            for (name, text) in &route.output {
                add(
                    text,
                    format!("routes.{at}.output.{name}"),
                    Some(index),
                    Site::RouteOutput,
                );
            }
        }
    }
    for (name, text) in &workflow.output {
        add(text, format!("output.{name}"), None, Site::Final);
    }
    found
}

/// The texts of one step that are rendered before it runs, each with its key below the step; groups have none.
#[must_use]
pub fn of_step(step: &Step) -> Vec<(String, &Text)> {
    let mut found: Vec<(String, &Text)> = Vec::new();
    match &step.kind {
        StepKind::Agent(agent) => {
            let keys = [
                ("prompt", &agent.prompt),
                ("system_prompt", &agent.system_prompt),
                ("model", &agent.model),
                ("working_dir", &agent.working_dir),
                ("reasoning.effort", &agent.effort),
                ("context_tier", &agent.context_tier),
            ];
            found.extend(
                keys.into_iter()
                    .filter_map(|(key, text)| Some((key.to_owned(), text.as_ref()?))),
            );
            let judge = agent.validator.as_ref();
            let model = judge.and_then(|validator| validator.model.as_ref());
            found.extend(model.map(|text| ("validator.model".to_owned(), text)));
            let judge = agent.validator.as_ref().and_then(|v| v.model.as_ref());
            found.extend(judge.map(|text| ("validator.model".to_owned(), text)));
        }
        StepKind::HumanGate(gate) => found.push(("prompt".into(), &gate.prompt)),
        StepKind::Questions(questions) => {
            found.extend(
                questions
                    .prompt
                    .iter()
                    .map(|text| ("prompt".to_owned(), text)),
            );
            for (at, question) in questions.questions.iter().enumerate() {
                found.push((format!("questions.{at}.text"), &question.text));
                found.extend(
                    question
                        .hint
                        .iter()
                        .map(|text| (format!("questions.{at}.hint"), text)),
                );
                found.extend(
                    question
                        .choices
                        .iter()
                        .enumerate()
                        .map(|(n, text)| (format!("questions.{at}.choices.{n}"), text)),
                );
            }
        }
        StepKind::Script(script) => {
            found.push(("command".into(), &script.command));
            found.extend(
                script
                    .args
                    .iter()
                    .enumerate()
                    .map(|(n, text)| (format!("args.{n}"), text)),
            );
            found.extend(script.stdin.iter().map(|text| ("stdin".to_owned(), text)));
            found.extend(
                script
                    .working_dir
                    .iter()
                    .map(|text| ("working_dir".to_owned(), text)),
            );
        }
        StepKind::Set(set) => match &set.value {
            SetValue::One(text) => found.push(("value".into(), text)),
            SetValue::Many(all) => found.extend(
                all.iter()
                    .map(|(name, text)| (format!("values.{name}"), text)),
            ),
        },
        StepKind::Wait(wait) => {
            found.push(("duration".into(), &wait.duration));
            found.extend(wait.reason.iter().map(|text| ("reason".to_owned(), text)));
        }
        StepKind::Terminate(end) => {
            found.push(("reason".into(), &end.reason));
            let templates = end.output_template.iter().flatten();
            found.extend(templates.map(|(name, text)| (format!("output_template.{name}"), text)));
        }
        StepKind::SubWorkflow(sub) => {
            let mapped = sub.input_mapping.iter().flatten();
            found.extend(mapped.map(|(name, text)| (format!("input_mapping.{name}"), text)));
        }
        StepKind::Parallel(_) | StepKind::ForEach(_) | StepKind::Archon(_) => {}
    }
    found
}
