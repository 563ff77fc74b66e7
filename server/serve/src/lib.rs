//! Surfaces over HTTP and MCP. Calls control; decides nothing itself.
