//! Failures, and what records say of them: a class, and for some a code, a
//! text or a reference that the message must hold.

use fermata_engine::Failure;
use serde_json::{Value, json};

/// A failure as it is compared.
pub(crate) fn of(error: &Failure) -> Value {
    let code = error.names.first().and_then(|n| n.parse::<i64>().ok());
    match (error.kind.as_str(), code) {
        ("exit", Some(code)) => json!({"class": "exit", "code": code, "message": error.message}),
        (kind, _) => json!({"class": kind, "message": error.message}),
    }
}

/// Whether a failure is the recorded one.
pub(crate) fn same(own: &Value, recorded: &Value) -> bool {
    let message = own["message"].as_str().unwrap_or_default();
    let holds = |key: &str| {
        recorded[key]
            .as_str()
            .is_none_or(|text| message.contains(text))
    };
    // How an agent's own tool classes its errors does not come through the protocol that agents speak here.
    let told = match recorded["class"].as_str() {
        Some("sdk-error") => own["class"] == "provider" && holds("subtype"),
        Some("other") => matches!(own["class"].as_str(), Some("other" | "depth")),
        Some("budget") => own["class"] == "provider" && message.contains("budget"),
        _ => own["class"] == recorded["class"],
    };
    told && own["code"] == recorded["code"] && holds("text") && holds("ref")
}
