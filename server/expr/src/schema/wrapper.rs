//! Unwraps `{"score": {"value": 3}}` where the schema wants the bare value. Rule 13.2.

use super::is_type;
use serde_json::Value;

/// Replaces wrappers of scalar root fields by what they hold: the entry called `value`, `result` or like the field
/// itself, provided that exactly one of these is of the wanted type. Nothing else changes.
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
        let mut fitting = wrapper.iter().filter(|(key, inner)| {
            (*key == "value" || *key == "result" || *key == name) && is_type(inner, wanted)
        });
        if let (Some((_, inner)), None) = (fitting.next(), fitting.next()) {
            let inner = inner.clone();
            content.insert(name.clone(), inner);
        }
    }
    Value::Object(content)
}

#[cfg(test)]
mod tests {
    use super::unwrap_values;
    use serde_json::{Value, json};

    fn unwrapped(field: &str, ty: &str, wrapper: Value) -> Value {
        unwrap_values(json!({field: wrapper}), &json!({field: {"type": ty}}))[field].take()
    }

    #[test]
    fn a_wrapper_is_taken_off_when_one_entry_fits_and_left_when_two_do() {
        let other_keys = unwrapped("verdict", "string", json!({"verdict": "A", "why": "x"}));
        assert_eq!(other_keys, json!("A"));
        let by_type = unwrapped("done", "boolean", json!({"result": true, "value": "yes"}));
        assert_eq!(by_type, json!(true));
        let two = json!({"verdict": "A", "value": "B"});
        assert_eq!(unwrapped("verdict", "string", two.clone()), two);
        let none = json!({"error": "cannot"});
        assert_eq!(unwrapped("verdict", "string", none.clone()), none);
    }
}
