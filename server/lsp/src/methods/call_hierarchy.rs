//! `textDocument/prepareCallHierarchy`, `callHierarchy/incomingCalls` and `callHierarchy/outgoingCalls`, along routes and
//! across files. What an item stands for is found again by name in the newest text.

use std::path::Path;

use fermata_ide::{Call, CallItem, Leaving};
use fermata_syntax::Tree;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::{
    CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, Position, Range, Uri,
    error_codes::CONTENT_MODIFIED,
};

use crate::commands::bad;
use crate::convert;
use crate::methods::document_symbol::kind;
use crate::session::View;

/// Calls inside of a document, and those of workflows in other files by the file.
type Outgoing = (Vec<CallHierarchyOutgoingCall>, Vec<(Uri, Vec<Range>)>);

/// What an item of the client stands for.
pub(crate) struct Item {
    pub(crate) uri: Uri,
    /// See [`CallItem::id`].
    id: String,
}

impl Item {
    /// Whether it is a whole workflow, which other files may run.
    pub(crate) fn is_workflow(&self) -> bool {
        self.id.is_empty()
    }

    fn gone(&self) -> Error {
        Error {
            code: ErrorCode::ServerError(CONTENT_MODIFIED),
            message: format!("there is no step `{}` any more", self.id).into(),
            data: None,
        }
    }
}

/// Reads an item that the client sends back.
pub(crate) fn item(given: &CallHierarchyItem) -> Result<Item> {
    let id = given.data.as_ref().and_then(|data| data.get("id"));
    let id = id.and_then(Value::as_str).ok_or_else(|| {
        bad(
            "item",
            "expected an item of `textDocument/prepareCallHierarchy`, with its data",
        )
    })?;
    Ok(Item {
        uri: given.uri.clone(),
        id: id.to_owned(),
    })
}

pub(crate) fn prepare(view: &View, position: Position) -> Option<Vec<CallHierarchyItem>> {
    let tree = view.snapshot.tree()?;
    let offset = convert::offset(tree, position, view.encoding);
    let found = fermata_ide::call_item(&view.snapshot, offset)?;
    Some(vec![convert_item(view, tree, found)])
}

/// The item of the workflow itself.
pub(crate) fn workflow(view: &View) -> Option<CallHierarchyItem> {
    let found = fermata_ide::workflow_item(&view.snapshot)?;
    Some(convert_item(view, view.snapshot.tree()?, found))
}

/// Who routes to a step.
pub(crate) fn incoming(view: &View, item: &Item) -> Result<Vec<CallHierarchyIncomingCall>> {
    let found = fermata_ide::incoming(&view.snapshot, &item.id).zip(view.snapshot.tree());
    let (calls, tree) = found.ok_or_else(|| item.gone())?;
    let call = |call: Call| CallHierarchyIncomingCall {
        from_ranges: ranges(view, tree, &call.places),
        from: convert_item(view, tree, call.item),
    };
    Ok(calls.into_iter().map(call).collect())
}

/// The steps of all files that run a workflow.
pub(crate) fn callers(views: &[View], item: &Item) -> Vec<CallHierarchyIncomingCall> {
    let Some(wanted) = convert::path(&item.uri) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for view in views {
        let Some(tree) = view.snapshot.tree() else {
            continue;
        };
        let same = |leaving: &Leaving| is_same(&leaving.file, &wanted);
        for leaving in fermata_ide::leaving(&view.snapshot)
            .into_iter()
            .filter(same)
        {
            found.push(CallHierarchyIncomingCall {
                from_ranges: ranges(view, tree, &[leaving.place]),
                from: convert_item(view, tree, leaving.item),
            });
        }
    }
    found
}

/// Where a step goes on to, and which workflows it runs.
pub(crate) fn outgoing(view: &View, item: &Item) -> Result<Outgoing> {
    let found = fermata_ide::outgoing(&view.snapshot, &item.id).zip(view.snapshot.tree());
    let (calls, tree) = found.ok_or_else(|| item.gone())?;
    let call = |call: Call| CallHierarchyOutgoingCall {
        from_ranges: ranges(view, tree, &call.places),
        to: convert_item(view, tree, call.item),
    };
    let leaving = fermata_ide::leaving(&view.snapshot).into_iter();
    let leaving = leaving
        .filter(|leaving| leaving.item.id == item.id)
        .filter_map(|leaving| {
            let file = convert::uri(&leaving.file)?;
            Some((file, ranges(view, tree, &[leaving.place])))
        });
    Ok((calls.into_iter().map(call).collect(), leaving.collect()))
}

fn convert_item(view: &View, tree: &Tree, item: CallItem) -> CallHierarchyItem {
    CallHierarchyItem {
        kind: kind(item.kind),
        tags: None,
        detail: Some(item.detail),
        uri: view.uri.clone(),
        range: convert::range(tree, item.span, view.encoding),
        selection_range: convert::range(tree, item.selection, view.encoding),
        data: Some(json!({ "id": item.id })),
        name: item.name,
    }
}

fn ranges(view: &View, tree: &Tree, places: &[fermata_syntax::Span]) -> Vec<Range> {
    let range = |place: &fermata_syntax::Span| convert::range(tree, *place, view.encoding);
    places.iter().map(range).collect()
}

/// Whether two paths are one file, whatever they are called.
fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    one == other || canonical(one) == canonical(other)
}
