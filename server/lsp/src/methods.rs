//! One LSP method per file: parameters and a view in, the method's result out.
//! Pure conversions of what `ide` answers.

pub(crate) mod call_hierarchy;
pub(crate) mod code_action;
pub(crate) mod code_lens;
pub(crate) mod completion;
pub(crate) mod definition;
pub(crate) mod document_highlight;
pub(crate) mod document_link;
pub(crate) mod document_symbol;
pub(crate) mod folding_range;
pub(crate) mod hover;
pub(crate) mod inlay_hint;
pub(crate) mod linked_editing_range;
pub(crate) mod marks;
pub(crate) mod references;
pub(crate) mod rename;
pub(crate) mod selection_range;
pub(crate) mod semantic_tokens;
pub(crate) mod workspace_symbol;

use fermata_ide::Act;
use serde_json::{Value, json};
use tower_lsp::ls_types::{Command, Uri};

/// The command of the server that carries out an act on a document.
pub(crate) fn command(title: &str, act: &Act, uri: &Uri) -> Command {
    let (id, argument): (&str, Value) = match act {
        Act::Run { agent, dry: false } => ("fermata.run", json!({ "uri": uri, "agent": agent })),
        Act::Run { agent, dry: true } => ("fermata.dryRun", json!({ "uri": uri, "agent": agent })),
        Act::Answer { run, gate, answer } => (
            "fermata.answer",
            json!({ "run": run, "gate": gate, "answer": answer }),
        ),
        Act::Choose { start, answer } if answer.is_empty() => {
            ("fermata.openPanel", json!({ "start": start }))
        }
        Act::Choose { start, answer } => (
            "fermata.choose",
            json!({ "start": start, "answer": answer }),
        ),
        Act::Resume { run } => ("fermata.resume", json!({ "run": run })),
        Act::Stop { run } => ("fermata.stop", json!({ "run": run })),
        Act::Abandon { run } => ("fermata.abandon", json!({ "run": run })),
        Act::OpenPanel { run } => ("fermata.openPanel", json!({ "run": run })),
    };
    Command {
        title: title.to_owned(),
        command: id.to_owned(),
        arguments: Some(vec![argument]),
    }
}
