//! The agent protocol's crate, seen through one keyhole: no other file names it.
//! Its Rust interface changes every month while the wire stays version 1, so an
//! upgrade must be a change to this file and to what the compiler then points at.
//! Nothing from here may appear in a public item of this crate.

pub(crate) use agent_client_protocol::schema::ProtocolVersion;
pub(crate) use agent_client_protocol::v1::schema::{
    AgentCapabilities, AuthMethod, CancelNotification, ClientCapabilities,
    ClientSessionCapabilities, CloseSessionRequest, ContentBlock, ContentChunk, EnvVariable,
    ForkSessionRequest, ForkSessionResponse, HttpHeader, Implementation, InitializeRequest,
    InitializeResponse, LoadSessionRequest, LoadSessionResponse, McpServer, McpServerHttp,
    McpServerSse, McpServerStdio, NewSessionRequest, NewSessionResponse, Notice,
    NoticeCapabilities, NoticeSeverity, PermissionOption, PermissionOptionKind, PromptRequest,
    PromptResponse, RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse,
    ResumeSessionRequest, ResumeSessionResponse, SelectedPermissionOutcome, SessionCapabilities,
    SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption,
    SessionConfigSelectOptions, SessionForkCapabilities, SessionModeState, SessionNotification,
    SessionResumeCapabilities, SessionUpdate, SetSessionConfigOptionRequest, SetSessionModeRequest,
    StopReason, TextContent, ToolCall, ToolCallContent, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind, Usage,
};
pub(crate) use agent_client_protocol::v1::{ConnectionTo, Responder};
pub(crate) use agent_client_protocol::{
    Agent, Client, Error, ErrorCode, JsonRpcNotification, JsonRpcRequest, Lines,
    is_connection_terminated, is_incoming_transport_closed, on_receive_notification,
    on_receive_request,
};

/// The word for a kind of tool, as gates and policies use it.
pub(crate) fn tool_kind_word(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Read => "read",
        ToolKind::Edit => "edit",
        ToolKind::Delete => "delete",
        ToolKind::Move => "move",
        ToolKind::Search => "search",
        ToolKind::Execute => "execute",
        ToolKind::Think => "think",
        ToolKind::Fetch => "fetch",
        ToolKind::SwitchMode => "switch_mode",
        _ => "other",
    }
}

/// The kind of tool for a word.
pub(crate) fn tool_kind(word: &str) -> Option<ToolKind> {
    [
        ToolKind::Read,
        ToolKind::Edit,
        ToolKind::Delete,
        ToolKind::Move,
        ToolKind::Search,
        ToolKind::Execute,
        ToolKind::Think,
        ToolKind::Fetch,
        ToolKind::SwitchMode,
        ToolKind::Other,
    ]
    .into_iter()
    .find(|kind| tool_kind_word(*kind) == word)
}
