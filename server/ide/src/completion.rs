//! Completion: keys where a key can stand, step names where a step is named,
//! the words of closed lists, and names inside `{{ }}`.

use fermata_syntax::{Offset, Span, Tree};
use fermata_workflow::dialects::conductor::schema::{Standing, standing};
use fermata_workflow::model::END;
use fermata_workflow::{Dialect, Workflow};

use crate::describe::Subject;
use crate::keys;
use crate::place::{Place, place};
use crate::snapshot::Snapshot;

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CompletionKind {
    Key,
    Step,
    Word,
    Name,
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is shown and, without `insert`, written.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside it.
    pub detail: Option<String>,
    /// What there is more to say about.
    pub about: Option<Subject>,
    /// The bytes that it replaces.
    pub span: Span,
    /// What is written instead of the label.
    pub insert: Option<String>,
}

/// What can stand at an offset, the likeliest first.
#[must_use]
pub fn completions(snapshot: &Snapshot, offset: Offset) -> Vec<Completion> {
    let (Some(tree), Some(workflow)) = (snapshot.tree(), snapshot.workflow()) else {
        return Vec::new();
    };
    if workflow.dialect == Dialect::Archon {
        return crate::archon::completion::completions(snapshot, offset);
    }
    let word = word_before(tree.text(), offset);
    if let Some(found) = in_template(tree.text(), workflow, offset, word) {
        return found;
    }
    let here = place(tree, offset);
    let line = line_before(tree.text(), offset);
    if let Some((key, _)) = line.split_once(':') {
        return values(workflow, &value_path(tree, word, key, &here), word);
    }
    key_names(tree, offset, &here, word)
}

/// The identifier that ends at the offset.
pub(crate) fn word_before(text: &str, offset: Offset) -> Span {
    let end = usize::from(offset).min(text.len());
    let start = text[..end]
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '$'))
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    Span::new(Offset::try_from(start.min(end)).unwrap_or(offset), offset)
}

pub(crate) fn line_before(text: &str, offset: Offset) -> &str {
    let end = usize::from(offset).min(text.len());
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    text[start..end]
        .trim_start()
        .trim_start_matches("- ")
        .trim_start()
}

/// Where the first character behind blanks and dash stands on the offset's line.
fn line_start(text: &str, offset: Offset) -> Offset {
    let end = usize::from(offset).min(text.len());
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let blank = text[start..end].len() - text[start..end].trim_start_matches([' ', '-']).len();
    Offset::try_from(start + blank).unwrap_or(offset)
}

fn in_template(
    text: &str,
    workflow: &Workflow,
    offset: Offset,
    word: Span,
) -> Option<Vec<Completion>> {
    let before = &text[..usize::from(offset).min(text.len())];
    let open = before.rfind("{{")?;
    if before[open..].contains("}}") || before[open..].contains("\n\n") {
        return None;
    }
    let start = usize::from(word.start());
    let name = |label: &str, detail: &str| Completion {
        label: label.to_owned(),
        kind: CompletionKind::Name,
        detail: Some(detail.to_owned()),
        about: None,
        span: word,
        insert: None,
    };
    let chain: Vec<&str> = before[open + 2..start]
        .rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .next()
        .unwrap_or_default()
        .split('.')
        .collect();
    let found = match chain.as_slice() {
        [""] | [] => {
            let steps = workflow.steps.iter().map(|step| Completion {
                about: Some(Subject::Step(step.name.as_str().to_owned())),
                ..name(step.name.as_str(), step.kind.word())
            });
            steps
                .chain([
                    name("workflow", "inputs, name and folder"),
                    name("context", "iteration and history"),
                    name("output", "the step's own output"),
                ])
                .collect()
        }
        ["workflow", ""] => ["input", "name", "dir", "file"]
            .map(|word| name(word, "workflow"))
            .to_vec(),
        ["workflow", "input", ""] => workflow
            .inputs
            .iter()
            .map(|(input, declared)| Completion {
                about: Some(Subject::Input(input.clone())),
                ..name(input, declared.ty.map_or("input", |ty| ty.word()))
            })
            .collect(),
        ["context", ""] => vec![
            name("iteration", "steps completed so far"),
            name("history", "their names"),
        ],
        [step, ""] => match workflow.step(step).map(|step| &step.kind) {
            Some(
                fermata_workflow::StepKind::Parallel(_) | fermata_workflow::StepKind::ForEach(_),
            ) => {
                vec![
                    name("outputs", "by member or item"),
                    name("errors", "of failed members or items"),
                ]
            }
            Some(_) => vec![name("output", "what the step yielded")],
            None => Vec::new(),
        },
        [step, "output", ""] => {
            let fields = workflow.step(step).and_then(|step| step.output.as_ref());
            fields
                .into_iter()
                .flatten()
                .map(|(field, declared)| name(field, declared.ty.word()))
                .collect()
        }
        _ => Vec::new(),
    };
    Some(found)
}

/// The path of the value whose key stands on this line, even while the value is empty.
pub(crate) fn value_path(tree: &Tree, word: Span, key: &str, here: &Place) -> String {
    let last = here
        .path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .trim_end_matches("[]");
    if last == key.trim() {
        return here.path.clone();
    }
    let line = Span::empty(line_start(tree.text(), word.start()));
    let parent = mapping_path(tree, line);
    if parent.is_empty() {
        key.trim().to_owned()
    } else {
        format!("{parent}.{}", key.trim())
    }
}

fn values(workflow: &Workflow, path: &str, word: Span) -> Vec<Completion> {
    let names_step = crate::hover::names_step(&Place {
        path: path.to_owned(),
        key: None,
        on_key: false,
        value: None,
    });
    if names_step && !path.ends_with(".name") {
        let steps = workflow.steps.iter().map(|step| Completion {
            label: step.name.as_str().to_owned(),
            kind: CompletionKind::Step,
            detail: Some(step.kind.word().to_owned()),
            about: Some(Subject::Step(step.name.as_str().to_owned())),
            span: word,
            insert: None,
        });
        let end =
            (!path.ends_with("entry_point") && !path.ends_with("agents[]")).then(|| Completion {
                label: END.to_owned(),
                kind: CompletionKind::Step,
                detail: Some("end of the workflow".to_owned()),
                about: None,
                span: word,
                insert: None,
            });
        return steps.chain(end).collect();
    }
    let Some(key) = keys::find(path) else {
        return Vec::new();
    };
    keys::words(&key.kind)
        .iter()
        .map(|label| Completion {
            label: (*label).to_owned(),
            kind: CompletionKind::Word,
            detail: None,
            about: None,
            span: word,
            insert: None,
        })
        .collect()
}

/// The path of the mapping that a new key in place of `word` would stand in:
/// the key is tried out, which also tells broken text from a good place.
pub(crate) fn mapping_path(tree: &Tree, word: Span) -> String {
    const TRIED: &str = "fermata_key: 0";
    let mut text = tree.text().to_owned();
    text.replace_range(usize::from(word.start())..usize::from(word.end()), TRIED);
    let tried = fermata_syntax::parse(&text);
    let here = place(&tried, word.start() + Offset::new(1));
    here.path
        .strip_suffix("fermata_key")
        .map_or_else(String::new, |parent| {
            parent.trim_end_matches('.').to_owned()
        })
}

fn key_names(tree: &Tree, offset: Offset, here: &Place, word: Span) -> Vec<Completion> {
    let parent = mapping_path(tree, word);
    let kind = step_kind(tree, offset);
    let present = present_keys(tree, offset, here);
    let Some(model) = keys::model(&parent) else {
        return Vec::new();
    };
    let stands = |key: &str| match &kind {
        Some(kind) if parent.ends_with("agents[]") || parent.ends_with("for_each[].agent") => {
            standing(kind, key) != Standing::Rejected
        }
        _ => true,
    };
    model
        .keys
        .iter()
        .filter(|key| stands(key.name) && !present.iter().any(|name| name == key.name))
        .map(|key| Completion {
            label: key.name.to_owned(),
            kind: CompletionKind::Key,
            detail: Some(keys::type_words(&key.kind)),
            about: Some(Subject::key(&parent, key.name)),
            span: word,
            insert: Some(format!("{}: ", key.name)),
        })
        .collect()
}

/// The `type` of the step that an offset is in; `agent` where none is written.
fn step_kind(tree: &Tree, offset: Offset) -> Option<String> {
    let near = tree.path_at(offset);
    let step = near
        .iter()
        .filter_map(|node| node.as_mapping())
        .find(|mapping| mapping.get("name").is_some() && mapping.get("entry_point").is_none())?;
    let kind = step
        .get("type")
        .and_then(|entry| Some(entry.value.as_scalar()?.value().to_owned()));
    Some(kind.unwrap_or_else(|| "agent".to_owned()))
}

pub(crate) fn present_keys(tree: &Tree, offset: Offset, here: &Place) -> Vec<String> {
    let skip = here
        .key
        .as_ref()
        .filter(|_| here.on_key)
        .map(|(key, _)| key.clone());
    let near = tree.path_at(offset);
    let innermost = near.iter().rev().find_map(|node| node.as_mapping());
    let keys = innermost.into_iter().flat_map(|mapping| {
        mapping
            .entries()
            .filter_map(|e| Some(e.key_text()?.to_owned()))
            .collect::<Vec<_>>()
    });
    keys.filter(|key| Some(key) != skip.as_ref()).collect()
}
