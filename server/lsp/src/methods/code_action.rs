//! `textDocument/codeAction`.

use std::collections::HashMap;

use fermata_ide::{Action, ActionKind};
use tower_lsp::ls_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, Range, WorkspaceEdit,
};

use crate::convert;
use crate::methods::command;
use crate::session::View;

/// The kind of actions that run, answer and choose.
pub(crate) const RUN: CodeActionKind = CodeActionKind::new("fermata.run");

pub(crate) fn run(
    view: &View,
    range: Range,
    context: &CodeActionContext,
) -> Vec<CodeActionOrCommand> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    let span = convert::span(tree, range, view.encoding);
    let wanted = |kind: &CodeActionKind| {
        context.only.as_ref().is_none_or(|only| {
            only.iter().any(|o| {
                kind.as_str() == o.as_str()
                    || kind.as_str().starts_with(&format!("{}.", o.as_str()))
            })
        })
    };
    fermata_ide::actions(&view.snapshot, span)
        .into_iter()
        .map(|action| convert_action(view, action))
        .filter(|action| action.kind.as_ref().is_none_or(wanted))
        .map(CodeActionOrCommand::CodeAction)
        .collect()
}

fn convert_action(view: &View, action: Action) -> CodeAction {
    let tree = view.snapshot.tree();
    let edits = tree
        .filter(|_| !action.edits.is_empty())
        .map(|tree| convert::edits(tree, &action.edits, view.encoding));
    let mended = action
        .diagnostic
        .and_then(|index| view.snapshot.diagnostics.get(index))
        .and_then(|diagnostic| {
            convert::diagnostic(
                &view.snapshot.loaded.sources,
                diagnostic,
                view.encoding,
                None,
            )
        });
    CodeAction {
        kind: Some(match action.kind {
            ActionKind::Fix => CodeActionKind::QUICKFIX,
            ActionKind::FixAll => CodeActionKind::SOURCE_FIX_ALL,
            ActionKind::Run => RUN,
        }),
        diagnostics: mended.map(|(_, diagnostic)| vec![diagnostic]),
        edit: edits.map(|edits| WorkspaceEdit {
            changes: Some(HashMap::from([(view.uri.clone(), edits)])),
            ..WorkspaceEdit::default()
        }),
        command: action
            .act
            .as_ref()
            .map(|act| command(&action.title, act, &view.uri)),
        is_preferred: action.preferred.then_some(true),
        title: action.title,
        ..CodeAction::default()
    }
}
