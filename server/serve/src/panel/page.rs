//! The page and its two files, as they were bundled into this binary.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

const PAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/index.html"));
const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/panel.js"));
const STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/panel.css"));

pub(super) async fn page() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE)
}

pub(super) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}
