//! Every template and condition of a workflow, parsed once and shared by the
//! rules: what it reads, as paths of the context, whichever language it is
//! written in. Says nothing about what is wrong.

use std::collections::HashSet;
use std::ops::Range;

use fermata_expr::condition::{self, Language};
use fermata_expr::{Compared, Reference, Segment, SyntaxError, template};
use fermata_workflow::model::StepKind;
use fermata_workflow::texts::{Site, templates};
use fermata_workflow::{Text, Workflow};

/// Every text of a workflow, read.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Templates and conditions in the model's order.
    pub(crate) all: Vec<Read>,
    /// Dotted paths outside of templates: `input` lists and sources.
    pub(crate) paths: Vec<Read>,
    /// Whether some text draws in other templates, so that not everything read is seen here.
    pub(crate) includes: bool,
}

/// One text, read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) text: Text,
    /// Its key below the step.
    pub(crate) key: String,
    /// Its step by index in `Workflow::steps`.
    pub(crate) step: Option<usize>,
    pub(crate) site: Site,
    /// The language of a condition.
    pub(crate) language: Option<Language>,
    /// Why it cannot be read.
    pub(crate) error: Option<SyntaxError>,
    /// What it reads.
    pub(crate) uses: Vec<Use>,
    /// Comparisons with constants.
    pub(crate) comparisons: Vec<Compared>,
    /// Paths whose presence it asks about.
    asked: HashSet<Vec<String>>,
}

/// How a name of the context is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a template has it: `a.output.x`.
    Path,
    /// As a plain condition has it: `a_output.x`.
    Flat,
    /// A field of `output` by its bare name, in a plain condition.
    Bare,
    /// `a.output.x` in a plain condition, where it does not exist.
    Dotted,
}

/// One chain of names that a text reads.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// The path in the context: `["a", "output", "x"]`.
    pub(crate) path: Vec<String>,
    /// Where each name of the path stands in the text.
    pub(crate) spans: Vec<Range<usize>>,
    pub(crate) form: Form,
    /// The chain as it is written.
    pub(crate) written: Reference,
}

impl Texts {
    /// Reads every text of the workflow.
    pub(crate) fn read(workflow: &Workflow) -> Self {
        let names: Vec<&str> = workflow.steps.iter().map(|s| s.name.as_str()).collect();
        let all: Vec<Read> = templates(workflow)
            .into_iter()
            .map(|t| {
                let mut read = Read {
                    text: t.text.clone(),
                    key: t.key,
                    step: t.step,
                    site: t.site,
                    language: None,
                    error: None,
                    uses: Vec::new(),
                    comparisons: Vec::new(),
                    asked: HashSet::new(),
                };
                read.parse(&names);
                read
            })
            .collect();
        let includes = all.iter().any(|r| draws_in(&r.text.value));
        Self {
            all,
            paths: dotted(workflow),
            includes,
        }
    }

    /// The conditions of a step's routes that read, by index of the route.
    pub(crate) fn conditions(&self, step: usize) -> impl Iterator<Item = &Read> {
        self.all
            .iter()
            .filter(move |r| r.step == Some(step) && r.site == Site::Condition)
    }

    /// The condition of one route.
    pub(crate) fn condition(&self, step: usize, route: usize) -> Option<&Read> {
        let key = format!("routes.{route}.when");
        self.conditions(step).find(|r| r.key == key)
    }

    /// Everything that reads names of the context: templates, conditions and dotted paths.
    pub(crate) fn everywhere(&self) -> impl Iterator<Item = &Read> {
        self.all.iter().chain(&self.paths)
    }

    /// Every path that any text or list reads, with its step.
    pub(crate) fn read_paths(&self) -> impl Iterator<Item = (Option<usize>, &[String])> {
        self.everywhere()
            .flat_map(|r| r.uses.iter().map(|u| (r.step, u.path.as_slice())))
    }
}

impl Read {
    fn parse(&mut self, names: &[&str]) {
        let source = self.text.value.as_str();
        if self.site == Site::Condition {
            self.language = Some(condition::language(source));
            match condition::parse(source) {
                Ok(parsed) => {
                    let plain = parsed.language() == Language::Plain;
                    self.uses = parsed
                        .references()
                        .into_iter()
                        .map(|r| if plain { flat(r, names) } else { as_path(r) })
                        .collect();
                    self.comparisons = parsed.comparisons();
                }
                Err(error) => self.error = Some(error),
            }
        } else {
            match template::parse(source) {
                Ok(parsed) => {
                    self.uses = parsed.references().into_iter().map(as_path).collect();
                    self.comparisons = parsed.comparisons();
                }
                Err(error) => self.error = Some(error),
            }
        }
        let asked = self.uses.iter().filter(|used| used.written.defined_test);
        self.asked = asked.map(|used| used.path.clone()).collect();
    }

    /// Whether the text asks first whether `path`, or what it begins with, is there.
    pub(crate) fn asks_for(&self, path: &[String]) -> bool {
        (1..=path.len()).any(|end| self.asked.contains(&path[..end]))
    }
}

/// Whether a text takes names or text from other files.
pub(crate) fn draws_in(source: &str) -> bool {
    source.match_indices("{%").any(|(at, _)| {
        let word = source[at + 2..].trim_start_matches(['-', '+']).trim_start();
        ["include", "import", "from", "extends"]
            .iter()
            .any(|w| word.starts_with(w))
    })
}

fn as_path(written: Reference) -> Use {
    let path = written.path.iter().map(|s| s.name.clone()).collect();
    let spans = written.path.iter().map(|s| s.span.clone()).collect();
    Use {
        path,
        spans,
        form: Form::Path,
        written,
    }
}

/// What each kind of entry of the context is flattened into.
const STEP_PARTS: &[&str] = &["output", "outputs", "errors", "type", "count"];
const WORKFLOW_PARTS: &[&str] = &["input", "dir", "file", "name"];
const CONTEXT_PARTS: &[&str] = &["iteration", "history"];

fn parts_of(key: &str, names: &[&str]) -> &'static [&'static str] {
    match key {
        "workflow" => WORKFLOW_PARTS,
        "context" => CONTEXT_PARTS,
        _ if names.contains(&key) => STEP_PARTS,
        _ => &[],
    }
}

/// A name of a plain condition as a path of the context.
fn flat(written: Reference, names: &[&str]) -> Use {
    let mut used = as_path(written);
    let (root, span) = (used.path[0].clone(), used.spans[0].clone());
    if let Some(part) = used.path.get(1) {
        let dotted = root == "output" || parts_of(&root, names).contains(&part.as_str());
        if dotted {
            used.form = Form::Dotted;
            return used;
        }
    }
    let split = |key: &str, part: &str| {
        let (mut path, mut spans) = (used.path.clone(), used.spans.clone());
        path.splice(0..1, [key.to_owned(), part.to_owned()]);
        spans.splice(0..1, [span.clone(), span.clone()]);
        Use {
            path,
            spans,
            form: Form::Flat,
            written: used.written.clone(),
        }
    };
    let keys = names.iter().copied().chain(["workflow", "context"]);
    let known = keys
        .filter_map(|key| {
            let part = root.strip_prefix(key)?.strip_prefix('_')?;
            parts_of(key, names).contains(&part).then_some((key, part))
        })
        .max_by_key(|(key, _)| key.len());
    if let Some((key, part)) = known {
        return split(key, part);
    }
    if let Some(part) = root.strip_prefix("output_") {
        return split("output", part);
    }
    if root == "output" {
        used.form = Form::Flat;
        return used;
    }
    let mut bare = split("output", &root);
    bare.form = Form::Bare;
    bare
}

fn dotted(workflow: &Workflow) -> Vec<Read> {
    let mut found = Vec::new();
    for (index, step) in workflow.steps.iter().enumerate() {
        let own = match &step.kind {
            StepKind::ForEach(each) => {
                found.push(as_read(index, "source", &each.source, false));
                &each.agent
            }
            StepKind::Questions(questions) => {
                found.extend(
                    questions
                        .source
                        .iter()
                        .map(|text| as_read(index, "source", text, false)),
                );
                step
            }
            _ => step,
        };
        found.extend(
            own.input
                .iter()
                .map(|text| as_read(index, "input", text, true)),
        );
    }
    found
}

/// A dotted path as if a template read it. Lists know the short form `a.field`.
fn as_read(step: usize, key: &str, text: &Text, list: bool) -> Read {
    let optional = list && text.trim_end().ends_with('?');
    let mut segments = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    for name in text.trim().trim_end_matches('?').split('.') {
        segments.push(Segment {
            name: name.to_owned(),
            span: at..at + name.len(),
        });
        at += name.len() + 1;
    }
    let span = segments[0].span.start..at - 1;
    let short = list
        && segments.len() > 1
        && segments[0].name != "workflow"
        && !STEP_PARTS.contains(&segments[1].name.as_str());
    if short {
        let span = segments[0].span.clone();
        segments.insert(
            1,
            Segment {
                name: "output".to_owned(),
                span,
            },
        );
    }
    let written = Reference {
        path: segments,
        span,
        defined_test: false,
        default: optional,
        called: false,
    };
    Read {
        text: text.clone(),
        key: key.to_owned(),
        step: Some(step),
        site: Site::Step,
        language: None,
        error: None,
        uses: vec![as_path(written)],
        comparisons: Vec::new(),
        asked: HashSet::new(),
    }
}
