//! Surfaces over HTTP and MCP: the live panel's server, and the MCP server.
//! Calls control and holds no state: whatever is shown is read when it is asked
//! for. What needs analysis comes in as [`Workflows`].

mod mcp;
mod panel;
mod shown;
mod workflows;

pub use mcp::serve_mcp;
pub use panel::{Panel, PanelError};
pub use workflows::Workflows;
