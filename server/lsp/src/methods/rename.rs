//! `textDocument/prepareRename` and `textDocument/rename` of steps.

use std::collections::HashMap;

use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{Position, PrepareRenameResponse, TextEdit, WorkspaceEdit};

use crate::commands::bad;
use crate::convert;
use crate::session::View;

pub(crate) fn prepare(view: &View, position: Position) -> Option<PrepareRenameResponse> {
    let tree = view.snapshot.tree()?;
    let (name, span) = fermata_ide::rename_target(
        &view.snapshot,
        convert::offset(tree, position, view.encoding),
    )?;
    Some(PrepareRenameResponse::RangeWithPlaceholder {
        range: convert::range(tree, span, view.encoding),
        placeholder: name,
    })
}

pub(crate) fn run(view: &View, position: Position, name: &str) -> Result<Option<WorkspaceEdit>> {
    if name.is_empty()
        || name
            .chars()
            .any(|c| !(c.is_alphanumeric() || c == '_' || c == '-'))
    {
        return Err(bad(
            "newName",
            &format!("a step's name here is letters, digits, `_` and `-`, found `{name}`"),
        ));
    }
    let Some(tree) = view.snapshot.tree() else {
        return Ok(None);
    };
    let offset = convert::offset(tree, position, view.encoding);
    let Some((old, _)) = fermata_ide::rename_target(&view.snapshot, offset) else {
        return Ok(None);
    };
    if old != name && fermata_ide::is_taken(&view.snapshot, offset, name) {
        return Err(bad("newName", &format!("there is a step `{name}` already")));
    }
    let edit = |o: fermata_ide::Occurrence| TextEdit {
        range: convert::range(tree, o.span, view.encoding),
        new_text: name.to_owned(),
    };
    let edits = fermata_ide::occurrences_at(&view.snapshot, offset)
        .into_iter()
        .map(edit)
        .collect();
    Ok(Some(WorkspaceEdit {
        changes: Some(HashMap::from([(view.uri.clone(), edits)])),
        ..WorkspaceEdit::default()
    }))
}
