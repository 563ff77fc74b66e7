//! Unwraps `{"score": {"value": 3}}` where the schema wants the bare value. Rule 13.2.

use super::is_type;
use serde_json::Value;

/// Replaces single-key wrappers of scalar root fields: the key is `value`, `result` or the field's own name,
/// and the wrapped value must already be of the wanted type. Nothing else changes.
pub fn unwrap_values(content: Value, schema: &Value) -> Value {
    let (Value::Object(mut content), Value::Object(fields)) = (content.clone(), schema) else {
        return content;
    };
    for (name, field) in fields {
        let Some(wanted @ ("string" | "number" | "integer" | "boolean")) =
            field.get("type").and_then(Value::as_str)
        else {
            continue;
        };
        let Some(Value::Object(wrapper)) = content.get(name) else {
            continue;
        };
        let mut entries = wrapper.iter();
        let (Some((key, inner)), None) = (entries.next(), entries.next()) else {
            continue;
        };
        if (key == "value" || key == "result" || key == name) && is_type(inner, wanted) {
            let inner = inner.clone();
            content.insert(name.clone(), inner);
        }
    }
    Value::Object(content)
}
