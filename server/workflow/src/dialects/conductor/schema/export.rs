//! The schema as JSON Schema, for editors' YAML extensions and for other
//! tools. Permissive where the dialect coerces; rules over several keys are
//! not expressed.

use serde_json::{Map, Value, json};

use super::top::TOP;
use super::types::{Kind, Model};

/// The dialect's files as JSON Schema (draft 2020-12).
#[must_use]
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let root = model(&TOP, &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Conductor workflow",
        "$ref": root["$ref"],
        "$defs": definitions,
    })
}

/// A reference to an object's definition, which is added where it is missing.
fn model(model: &'static Model, definitions: &mut Map<String, Value>) -> Value {
    let name = model.name.replace('`', "");
    let name = ["a ", "an "]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(&name)
        .replace(' ', "_");
    let reference = json!({ "$ref": format!("#/$defs/{name}") });
    if definitions.contains_key(&name) {
        return reference;
    }
    // Reserved before its keys are described, because an output field holds output fields.
    definitions.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in model.keys {
        let mut described = kind(&key.kind, definitions);
        if key.nullable {
            described = json!({ "anyOf": [described, { "type": "null" }] });
        }
        described["description"] = json!(key.doc);
        properties.insert(key.name.to_owned(), described);
        if key.required {
            required.push(key.name);
        }
    }
    let object = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": !model.strict,
    });
    definitions.insert(name, object);
    reference
}

fn kind(of: &Kind, definitions: &mut Map<String, Value>) -> Value {
    match of {
        Kind::Any => json!({}),
        Kind::Str => json!({ "type": "string" }),
        Kind::Int(low, high) => {
            bounded("integer", low.map(Value::from), None, high.map(Value::from))
        }
        Kind::Number(least, above, most) => bounded(
            "number",
            least.map(Value::from),
            above.map(Value::from),
            most.map(Value::from),
        ),
        // The dialect reads `yes`, `off` and the like as booleans too.
        Kind::Bool => json!({ "type": ["boolean", "string", "integer"] }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::WordOrText(words) => json!({ "anyOf": [{ "enum": words }, { "type": "string" }] }),
        Kind::Scalar => json!({ "type": ["string", "number"] }),
        Kind::List(item) => json!({ "type": "array", "items": kind(item, definitions) }),
        Kind::Map(value) => {
            json!({ "type": "object", "additionalProperties": kind(value, definitions) })
        }
        Kind::Model(of) => model(of, definitions),
        Kind::Short(_, of) => json!({ "anyOf": [{ "type": "string" }, model(of, definitions)] }),
    }
}

/// Numbers may also be written as strings, often with a variable in them.
fn bounded(word: &str, least: Option<Value>, above: Option<Value>, most: Option<Value>) -> Value {
    let mut schema = json!({ "type": [word, "string"] });
    for (key, bound) in [
        ("minimum", least),
        ("exclusiveMinimum", above),
        ("maximum", most),
    ] {
        if let Some(bound) = bound {
            schema[key] = bound;
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::json_schema;

    #[test]
    fn every_object_of_the_schema_is_defined_once_and_described() {
        let schema = json_schema();
        let definitions = schema["$defs"].as_object().expect("definitions");
        assert!(definitions.values().all(|d| d["type"] == "object"));
        let step = &definitions["step"];
        assert_eq!(step["required"], serde_json::json!(["name"]));
        assert_eq!(step["additionalProperties"], false);
        assert_eq!(definitions["runtime"]["additionalProperties"], true);
        let properties = step["properties"].as_object().expect("properties");
        assert!(
            properties
                .values()
                .all(|p| p["description"].as_str().is_some_and(|d| d.ends_with('.')))
        );
        let text = schema.to_string();
        for name in definitions.keys() {
            assert!(
                text.contains(&format!("#/$defs/{name}\"")),
                "{name} is used"
            );
        }
    }
}
