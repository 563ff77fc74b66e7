//! Declared output fields as JSON Schema, for agents that take one.

use serde_json::{Map, Value, json};

/// The schema of an object with these fields.
pub(super) fn json_schema(fields: &Map<String, Value>) -> Value {
    let required: Vec<&String> = fields
        .iter()
        .filter(|(_, field)| field.get("required") != Some(&Value::Bool(false)))
        .map(|(name, _)| name)
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, field)| (name.clone(), of_field(field)))
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn of_field(field: &Value) -> Value {
    let mut schema = Map::new();
    let nullable = field.get("nullable") == Some(&Value::Bool(true));
    if let Some(ty) = field.get("type") {
        let ty = if nullable {
            json!([ty, "null"])
        } else {
            ty.clone()
        };
        schema.insert("type".to_owned(), ty);
    }
    for key in [
        "description",
        "pattern",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
    ] {
        if let Some(value) = field.get(key).filter(|value| !value.is_null()) {
            schema.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(Value::Array(choices)) = field.get("enum") {
        let mut choices = choices.clone();
        if nullable {
            choices.push(Value::Null);
        }
        schema.insert("enum".to_owned(), choices.into());
    }
    if let Some(Value::Object(properties)) = field.get("properties") {
        let Value::Object(inner) = json_schema(properties) else {
            return Value::Object(schema);
        };
        for key in ["properties", "required"] {
            if let Some(value) = inner.get(key) {
                schema.insert(key.to_owned(), value.clone());
            }
        }
    }
    if let Some(items) = field.get("items").filter(|items| items.is_object()) {
        schema.insert("items".to_owned(), of_field(items));
    }
    Value::Object(schema)
}
