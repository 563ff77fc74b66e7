//! What the tool server says to a message: the few methods of the tool protocol that
//! a server with one tool needs. No HTTP.

use std::sync::{Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{SERVER, TOOL};

/// Version of the tool protocol that is offered when the agent names none.
const PROTOCOL: &str = "2025-06-18";
/// Most problems that are told at once.
const PROBLEMS: usize = 8;

/// One step's wish for a result, and the result.
pub(crate) struct Wish {
    schema: Value,
    validator: Validator,
    result: Mutex<Option<Value>>,
}

impl Wish {
    /// A wish for an object of that schema; `None` when a tool cannot take it.
    pub(crate) fn new(schema: &Value) -> Option<Self> {
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return None;
        }
        let validator = jsonschema::validator_for(schema).ok()?;
        Some(Self {
            schema: schema.clone(),
            validator,
            result: Mutex::new(None),
        })
    }

    /// The result that was handed in last, if any; it is gone then.
    pub(crate) fn take(&self) -> Option<Value> {
        self.result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The answer to one message; `None` for a notification.
    pub(crate) fn answer(&self, message: &Value) -> Option<Value> {
        let id = message.get("id")?;
        let method = message.get("method").and_then(Value::as_str);
        let parameters = message.get("params").unwrap_or(&Value::Null);
        let outcome = match method {
            Some("initialize") => Ok(json!({
                "protocolVersion": parameters.get("protocolVersion").cloned().unwrap_or(json!(PROTOCOL)),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": SERVER, "version": env!("CARGO_PKG_VERSION")},
            })),
            Some("ping") => Ok(json!({})),
            Some("tools/list") => Ok(json!({"tools": [{
                "name": TOOL,
                "description": "Hand in the final result of this step. Call it once, when the work is done, with the fields of the result as arguments.",
                "inputSchema": self.schema,
                // Some agents hide the tools of a server until they search for them.
                "_meta": {"anthropic/alwaysLoad": true},
            }]})),
            Some("tools/call") => self.call(parameters),
            _ => Err((
                -32601,
                format!(
                    "the method {} does not exist here: this server has initialize, ping, tools/list and tools/call",
                    method.unwrap_or("(none)")
                ),
            )),
        };
        Some(match outcome {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err((code, text)) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}})
            }
        })
    }

    fn call(&self, parameters: &Value) -> Result<Value, (i32, String)> {
        let name = parameters.get("name").and_then(Value::as_str);
        if name != Some(TOOL) {
            return Err((
                -32602,
                format!(
                    "there is no tool `{}`: the only one is `{TOOL}`",
                    name.unwrap_or_default()
                ),
            ));
        }
        let value = parameters.get("arguments").cloned().unwrap_or(json!({}));
        let problems: Vec<String> = self
            .validator
            .iter_errors(&value)
            .take(PROBLEMS)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() { "/" } else { &place };
                format!("{place}: {error}")
            })
            .collect();
        if problems.is_empty() {
            *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            return Ok(said("The result was taken. Nothing else is needed.", false));
        }
        Ok(said(
            &format!(
                "The result does not fit its schema; correct it and call the tool again:\n{}",
                problems.join("\n")
            ),
            true,
        ))
    }
}

fn said(text: &str, wrong: bool) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": wrong})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish::new(&json!({
            "type": "object",
            "properties": {"verdict": {"enum": ["pass", "fail"]}},
            "required": ["verdict"],
        }))
        .expect("an object")
    }

    fn call(arguments: &Value) -> Value {
        json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": TOOL, "arguments": arguments}})
    }

    #[test]
    fn a_result_that_does_not_fit_is_sent_back_with_the_reason_and_not_taken() {
        let wish = wish();
        let answer = wish
            .answer(&call(&json!({"verdict": "maybe"})))
            .expect("an answer");
        assert_eq!(answer["result"]["isError"], true);
        let text = answer["result"]["content"][0]["text"]
            .as_str()
            .expect("text");
        assert!(
            text.contains("/verdict") && text.contains("maybe"),
            "{text}"
        );
        assert_eq!(wish.take(), None);

        let answer = wish
            .answer(&call(&json!({"verdict": "pass"})))
            .expect("an answer");
        assert_eq!(answer["result"]["isError"], false);
        assert_eq!(wish.take(), Some(json!({"verdict": "pass"})));
        assert_eq!(wish.take(), None, "a result is taken once");
    }

    #[test]
    fn the_tool_is_listed_with_the_steps_schema_and_notifications_get_no_answer() {
        let wish = wish();
        let list = wish
            .answer(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))
            .expect("an answer");
        let tool = &list["result"]["tools"][0];
        assert_eq!(tool["name"], TOOL);
        assert_eq!(tool["inputSchema"]["required"], json!(["verdict"]));
        let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(wish.answer(&note), None);
        let unknown = wish
            .answer(&json!({"jsonrpc": "2.0", "id": 2, "method": "resources/list"}))
            .expect("an answer");
        assert_eq!(unknown["error"]["code"], -32601);
    }

    #[test]
    fn a_result_that_is_no_object_cannot_be_a_tools_arguments() {
        assert!(Wish::new(&json!({"type": "array"})).is_none());
        assert!(Wish::new(&json!({"enum": [1]})).is_none());
    }
}
