//! What is settled by the greeting: encoding, workspace folders, the rules'
//! pages, and what the server says it can do. Holds no state.

use std::path::{Path, PathBuf};

use fermata_engine::Surface;
use fermata_syntax::Encoding;
use serde_json::Value;
use tower_lsp::ls_types::*;

use crate::session::ClientFacts;
use crate::{commands, convert, methods, surface};

/// UTF-8 where the client offers it: our own offsets need no conversion then.
fn encoding(params: &InitializeParams) -> Encoding {
    let offered = params
        .capabilities
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_ref());
    let has = |kind| offered.is_some_and(|offered| offered.contains(&kind));
    if has(PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if has(PositionEncodingKind::UTF32) && !has(PositionEncodingKind::UTF16) {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}

/// The workspace folders as the client names them.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    let found: Vec<PathBuf> = folders
        .filter_map(|folder| convert::path(&folder.uri))
        .collect();
    if !found.is_empty() {
        return found;
    }
    #[allow(deprecated, reason = "older clients have only this")]
    let root = params.root_uri.as_ref();
    root.and_then(convert::path).into_iter().collect()
}

/// Folders, links resolved.
pub(crate) fn resolved(folders: &[PathBuf]) -> Vec<PathBuf> {
    let resolved = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    folders.iter().map(resolved).collect()
}

/// Everything about a client that the session needs to know. `home` takes the rules' pages.
pub(crate) fn client_facts(params: &InitializeParams, home: &Path) -> ClientFacts {
    let capabilities = &params.capabilities;
    let workspace = capabilities.workspace.as_ref();
    let text = capabilities.text_document.as_ref();
    let folders = folders(params);
    let refreshes_reports = workspace
        .and_then(|w| w.diagnostics.as_ref()?.refresh_support)
        .unwrap_or(false);
    let pull = text.and_then(|text| text.diagnostic.as_ref());
    let name = params.client_info.as_ref().map(|info| info.name.as_str());
    // Neovim before 0.12 asks and cannot be told to ask again: a change of another file would never reach it.
    let deaf = surface::of(name) == Surface::Neovim && !refreshes_reports;
    let experimental = capabilities.experimental.as_ref();
    let plugin = experimental.and_then(|e| e.get("fermata"));
    ClientFacts {
        encoding: encoding(params),
        plugin: plugin.is_some_and(|v| v != &Value::Bool(false) && !v.is_null()),
        says: plugin.is_some_and(|v| v["says"] == Value::Bool(true)),
        refreshes_lenses: workspace
            .and_then(|w| w.code_lens.as_ref()?.refresh_support)
            .unwrap_or(false),
        refreshes_inlays: workspace
            .and_then(|w| w.inlay_hint.as_ref()?.refresh_support)
            .unwrap_or(false),
        pulls: pull.is_some() && !deaf,
        refreshes_reports,
        related: pull
            .and_then(|pull| pull.related_document_support)
            .unwrap_or(false),
        resolves: text
            .and_then(|text| {
                let item = text.completion.as_ref()?.completion_item.as_ref()?;
                Some(&item.resolve_support.as_ref()?.properties)
            })
            .is_some_and(|lazily| lazily.iter().any(|name| name == "documentation")),
        watches: workspace
            .and_then(|w| w.did_change_watched_files.as_ref()?.dynamic_registration)
            .unwrap_or(false),
        shows_progress: capabilities
            .window
            .as_ref()
            .and_then(|window| window.work_done_progress)
            .unwrap_or(false),
        roots: resolved(&folders),
        folders,
        pages: write_pages(home),
    }
}

/// Puts the rules' pages into the home folder, where links of diagnostics can open them without a network.
fn write_pages(home: &Path) -> Option<PathBuf> {
    let folder = home.join("rules");
    std::fs::create_dir_all(&folder).ok()?;
    for (code, page) in fermata_analysis::pages() {
        let path = folder.join(format!("{code}.md"));
        if std::fs::read(&path).ok().as_deref() != Some(page.as_bytes()) {
            std::fs::write(&path, page).ok()?;
        }
    }
    Some(folder)
}

/// Offered to who asks for diagnostics; everybody else is sent them.
fn reports(facts: &ClientFacts, surface: Surface) -> Option<DiagnosticServerCapabilities> {
    facts.pulls.then(|| {
        DiagnosticServerCapabilities::Options(DiagnosticOptions {
            inter_file_dependencies: true,
            // Told to ask again, Neovim 0.12 asks for the workspace where that is offered, and no more for what is open.
            workspace_diagnostics: surface != Surface::Neovim,
            ..DiagnosticOptions::default()
        })
    })
}

/// What this server can do for a client.
pub(crate) fn capabilities(facts: &ClientFacts, surface: Surface) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match facts.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::INCREMENTAL),
                ..TextDocumentSyncOptions::default()
            },
        )),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", " ", "{", "$"].map(str::to_owned).to_vec()),
            resolve_provider: Some(true),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        call_hierarchy_provider: Some(CallHierarchyServerCapability::Simple(true)),
        selection_range_provider: Some(SelectionRangeProviderCapability::Simple(true)),
        linked_editing_range_provider: Some(LinkedEditingRangeServerCapabilities::Simple(true)),
        diagnostic_provider: reports(facts, surface),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        inlay_hint_provider: Some(OneOf::Left(true)),
        semantic_tokens_provider: Some(
            SemanticTokensOptions {
                legend: methods::semantic_tokens::legend(),
                full: Some(SemanticTokensFullOptions::Bool(true)),
                ..SemanticTokensOptions::default()
            }
            .into(),
        ),
        code_lens_provider: Some(CodeLensOptions {
            resolve_provider: Some(false),
        }),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![
                CodeActionKind::QUICKFIX,
                CodeActionKind::SOURCE_FIX_ALL,
                methods::code_action::RUN,
            ]),
            ..CodeActionOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: commands::IDS.iter().map(|id| (*id).to_owned()).collect(),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..ServerCapabilities::default()
    }
}
