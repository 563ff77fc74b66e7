//! The schema as JSON Schema, for editors' YAML extensions and for other
//! tools. It takes what the dialect coerces; of the rules over several keys it
//! has those of the kinds of steps, not those over the whole file.

use serde_json::{Map, Value, json};

use super::step::KINDS;
use super::step_kinds::{Given, Standing, rejectable, standing};
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
        if let Some(more) = narrowed(model.name, key.name) {
            described = json!({ "allOf": [described, more] });
            if key.nullable {
                described = json!({ "anyOf": [described, { "type": "null" }] });
            }
        }
        described["description"] = json!(key.doc);
        properties.insert(key.name.to_owned(), described);
        if key.required {
            required.push(key.name);
        }
    }
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": !model.strict,
    });
    if model.name == "a step" {
        object["allOf"] = json!(kinds_of_steps());
    }
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
        Kind::Bool => json!({ "anyOf": [
            { "type": "boolean" },
            { "enum": [0, 1] },
            { "type": "string", "pattern": text_or_variable(BOOLEAN_TEXT) },
        ] }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::WordOrText(words) => json!({ "anyOf": [{ "enum": words }, { "type": "string" }] }),
        Kind::Scalar => json!({ "type": ["string", "number"] }),
        Kind::List(item) => json!({ "type": "array", "items": kind(item, definitions) }),
        Kind::Map(value) => {
            json!({ "type": "object", "additionalProperties": kind(value, definitions) })
        }
        Kind::Model(of) => model(of, definitions),
        Kind::Short(key, of) => {
            let short = match of.key(key) {
                Some(key) => kind(&key.kind, definitions),
                None => json!({ "type": "string" }),
            };
            json!({ "anyOf": [short, model(of, definitions)] })
        }
    }
}

/// Strings that the dialect takes for booleans, integers and numbers.
const BOOLEAN_TEXT: &str = "([01]|[oO][nN]|[oO][fF][fF]|[tT]|[fF]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[yYnN]|[yY][eE][sS]|[nN][oO])";
const INTEGER_TEXT: &str = "\\s*[+-]?[0-9]+(_[0-9]+)*(\\.0+)?\\s*";
const NUMBER_TEXT: &str = "\\s*[+-]?([0-9][0-9_]*\\.?[0-9_]*|\\.[0-9][0-9_]*)([eE][+-]?[0-9]+)?\\s*|\\s*[+-]?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)\\s*";

/// Such a text, or one that is only known once a variable is put in.
fn text_or_variable(text: &str) -> String {
    format!("^({text})$|\\$\\{{")
}

/// Numbers may also be written as booleans and as strings.
fn bounded(word: &str, least: Option<Value>, above: Option<Value>, most: Option<Value>) -> Value {
    let fits = |number: f64| {
        let at = |bound: &Option<Value>| bound.as_ref().and_then(Value::as_f64);
        at(&least).is_none_or(|least| number >= least)
            && at(&above).is_none_or(|above| number > above)
            && at(&most).is_none_or(|most| number <= most)
    };
    let booleans: Vec<bool> = [false, true]
        .into_iter()
        .filter(|boolean| fits(f64::from(u8::from(*boolean))))
        .collect();
    let text = match word {
        "integer" => INTEGER_TEXT,
        _ => NUMBER_TEXT,
    };
    let mut number = json!({ "type": word });
    for (key, bound) in [
        ("minimum", least),
        ("exclusiveMinimum", above),
        ("maximum", most),
    ] {
        if let Some(bound) = bound {
            number[key] = bound;
        }
    }
    let mut ways = vec![
        number,
        json!({ "type": "string", "pattern": text_or_variable(text) }),
    ];
    if !booleans.is_empty() {
        ways.push(json!({ "enum": booleans }));
    }
    json!({ "anyOf": ways })
}

/// What the rules of single keys add, by object and key.
fn narrowed(model: &str, key: &str) -> Option<Value> {
    Some(match (model, key) {
        ("a route", "to") => json!({ "minLength": 1 }),
        ("a parallel group", "agents") => json!({ "minItems": 2 }),
        ("a for_each group", "max_concurrent") => {
            bounded("integer", Some(json!(1)), None, Some(json!(100)))
        }
        ("a step", "timeout") => bounded("integer", Some(json!(1)), None, None),
        ("a step", "session_key") => {
            json!({ "pattern": "\\S", "not": { "pattern": "\\{\\{|\\{%" } })
        }
        ("`validator`", "criteria") => json!({ "pattern": "\\S" }),
        _ => return None,
    })
}

/// What each kind of step must have and cannot have, from the table that the step's own rules read.
fn kinds_of_steps() -> Vec<Value> {
    KINDS
        .iter()
        .map(|kind| {
            let mut this = json!({ "properties": { "type": { "const": kind } } });
            if *kind == "agent" {
                this = json!({ "properties": { "type": { "enum": [kind, null] } } });
            } else {
                this["required"] = json!(["type"]);
            }
            let mut keys = Map::new();
            let mut required = Vec::new();
            let mut alternatives = Vec::new();
            for (key, when) in rejectable() {
                match standing(kind, key) {
                    Standing::Accepted => {}
                    Standing::Rejected => {
                        let nothing = match when {
                            Given::NotNull => json!({ "type": "null" }),
                            Given::NotEmpty => json!({ "enum": [null, "", [], {}, 0, false] }),
                        };
                        keys.insert(key.to_owned(), nothing);
                    }
                    Standing::Required => {
                        let full = match when {
                            Given::NotNull => json!({ "not": { "type": "null" } }),
                            Given::NotEmpty => json!({ "not": { "enum": [null, "", [], {}] } }),
                        };
                        keys.insert(key.to_owned(), full);
                        required.push(key);
                    }
                    Standing::Alternative => {
                        let nothing = if *kind == "set" {
                            json!([null])
                        } else {
                            json!([null, "", []])
                        };
                        alternatives.push(json!({
                            "required": [key],
                            "properties": { key: { "not": { "enum": nothing } } },
                        }));
                    }
                }
            }
            let mut then = json!({ "properties": keys, "required": required });
            if !alternatives.is_empty() {
                then["oneOf"] = json!(alternatives);
            }
            match *kind {
                "terminate" => {
                    then["properties"]["reason"] = json!({ "type": "string", "pattern": "\\S" })
                }
                // Only a single value has a type.
                "set" => {
                    then["dependentSchemas"] = json!({
                        "values": { "anyOf": [
                            { "properties": { "values": { "type": "null" } } },
                            { "properties": { "output_type": { "type": "null" } } },
                        ] }
                    })
                }
                _ => {}
            }
            json!({ "if": this, "then": then })
        })
        .collect()
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
