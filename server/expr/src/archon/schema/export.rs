//! The dialect's files as JSON Schema, from the descriptions that check them. Rules over several keys are there where
//! JSON Schema can say them: what a node does, and what may not stand beside it.

use serde_json::{Map, Value, json};

use super::keys::{Key, Kind, Model};
use super::mode::{MODES, Mode};
use super::top::{STRICT, TOP};

/// The dialect's files as JSON Schema (draft 2020-12).
#[must_use]
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let root = model(&TOP, &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Archon workflow",
        "$ref": root["$ref"],
        "$defs": definitions,
    })
}

/// A reference to a map's definition, which is added where it is missing.
fn model(model: &'static Model, definitions: &mut Map<String, Value>) -> Value {
    let name = model
        .name
        .split_once(' ')
        .map_or(model.name, |(_, name)| name);
    let name = name.replace(' ', "_");
    let reference = json!({ "$ref": format!("#/$defs/{name}") });
    if definitions.contains_key(&name) {
        return reference;
    }
    // Reserved before its keys are described, because bodies of groups hold nodes.
    definitions.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    for key in model.keys {
        let mut described = kind(key, definitions);
        if std::ptr::eq(model, &TOP) && !STRICT.contains(&key.name) {
            // A wrong value is dropped, which is a warning and no reason to refuse the file.
            described = json!({ "anyOf": [described, {}] });
        }
        described["description"] = json!(key.doc);
        properties.insert(key.name.to_owned(), described);
    }
    let required: Vec<&str> = model
        .keys
        .iter()
        .filter(|k| k.required)
        .map(|k| k.name)
        .collect();
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "required": required,
    });
    if name == "node" {
        object["oneOf"] = MODES.iter().map(|(key, _)| does(key)).collect();
        object["allOf"] = beside();
    }
    definitions.insert(name, object);
    reference
}

fn kind(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    match key.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Full => json!({ "type": "string", "minLength": 1 }),
        Kind::Solid => json!({ "type": "string", "pattern": "\\S" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number {
            least,
            most,
            integer,
            positive,
        } => {
            let mut schema = json!({ "type": if integer { "integer" } else { "number" } });
            schema[if positive {
                "exclusiveMinimum"
            } else {
                "minimum"
            }] = whole(least);
            if most.is_finite() {
                schema["maximum"] = whole(most);
            }
            schema
        }
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Fulls(least) => {
            json!({ "type": "array", "minItems": least, "items": { "type": "string", "minLength": 1 } })
        }
        Kind::Words(words) => json!({ "type": "array", "items": { "enum": words } }),
        Kind::Map => json!({ "type": "object" }),
        Kind::Object(of) => model(of, definitions),
        Kind::Own(own) => {
            let mut schema = (own.schema)();
            if let Some(items) = own.items {
                let inside = if schema["type"] == "array" {
                    "items"
                } else {
                    "additionalProperties"
                };
                schema[inside] = model(items, definitions);
            }
            schema
        }
    }
}

/// Bounds are whole numbers.
#[allow(clippy::cast_possible_truncation)]
fn whole(bound: f64) -> Value {
    json!(bound as i64)
}

/// That a node does what a key says: it holds a text that is not blank, or a map.
fn does(key: &str) -> Value {
    let written =
        json!({ "anyOf": [{ "type": "string", "pattern": "\\S" }, { "type": "object" }] });
    json!({ "required": [key], "properties": { key: written } })
}

/// What may not stand beside what a node does, and what must.
fn beside() -> Value {
    let of = |modes: &[Mode]| -> Value {
        json!({ "anyOf": modes.iter().map(|m| does(m.key())).collect::<Vec<_>>() })
    };
    let none = |keys: &[&str]| -> Value {
        let each: Vec<Value> = keys.iter().map(|k| json!({ "required": [k] })).collect();
        json!({ "not": { "anyOf": each } })
    };
    json!([
        { "if": of(&[Mode::Workflow]), "then": { "not": { "required": ["with", "input"] } }, "else": none(&["isolation", "fan_out"]) },
        { "if": of(&[Mode::Include]), "then": none(&["input"]) },
        { "if": of(&[Mode::Workflow, Mode::Loop, Mode::LoopGroup]), "then": none(&["retry"]) },
        { "if": of(&[Mode::Script]), "then": { "required": ["runtime"] } },
        { "if": of(&[Mode::Bash, Mode::Script]), "then": { "properties": { "timeout": { "exclusiveMinimum": 0 } } } },
    ])
}

#[cfg(test)]
mod tests {
    use super::json_schema;

    #[test]
    fn every_map_is_defined_once_and_every_key_described() {
        let schema = json_schema();
        let definitions = schema["$defs"].as_object().expect("definitions");
        let text = schema.to_string();
        for (name, definition) in definitions {
            assert_eq!(definition["type"], "object", "{name}");
            let properties = definition["properties"].as_object().expect("properties");
            for (key, described) in properties {
                let doc = described["description"].as_str().unwrap_or_default();
                assert!(doc.ends_with('.'), "{name}.{key}: {doc}");
            }
            assert!(
                text.contains(&format!("#/$defs/{name}\"")),
                "{name} is used"
            );
        }
    }
}
