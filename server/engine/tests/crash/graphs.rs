//! Random Archon workflows: graphs of every kind of node, with loops, gates,
//! includes and runs of their own. Written as JSON, which is YAML.

use serde_json::{Map, Value, json};

use crate::dice::Dice;

/// What a node gives to those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// Text of a process.
    Text,
    /// `{kind, ok}`.
    Fields,
    /// `{decision, text}`.
    Decision,
    /// Something that no condition may look into.
    Else,
}

#[derive(Debug, Clone)]
struct Node {
    id: String,
    gives: Gives,
    /// Whether it leaves a session that others may name.
    speaks: bool,
    /// All that it depends on, however far.
    upstream: Vec<String>,
}

/// Files of a project whose `main` has at most so many nodes.
pub(crate) fn project(dice: &mut Dice, most: usize) -> Vec<(String, String)> {
    let mut before: Vec<Node> = Vec::new();
    let mut nodes = Vec::new();
    for at in 0..1 + dice.below(most) {
        let id = format!("n{at}");
        nodes.push(node(dice, &id, &mut before, 0));
    }
    let mut main = json!({
        "name": "main",
        "description": "A random graph.",
        "interactive": true,
        "inputs": {"who": {"default": "ada"}},
    });
    if dice.chance(10) {
        main["evidence_policy"] = json!({"required": true});
    }
    if dice.chance(15) {
        main["persist_sessions"] = json!(true);
    }
    let structured: Vec<&Node> = before.iter().filter(|n| n.gives == Gives::Fields).collect();
    if let Some(node) = structured.first()
        && dice.chance(30)
    {
        main["returns"] = json!(node.id);
        main["outcome_field"] = json!("ok");
    }
    main["nodes"] = Value::Array(nodes);
    let kid = json!({
        "name": "kid", "description": "A child.", "mutates_checkout": false,
        "nodes": [{"id": "k", "bash": "echo $ARGUMENTS"}],
    });
    let block = json!({
        "name": "block", "description": "A block.",
        "inputs": {"x": {"default": "y"}},
        "nodes": [
            {"id": "p", "prompt": "Block $INPUTS.x"},
            {"id": "q", "bash": "echo $p.output", "depends_on": ["p"]},
        ],
    });
    let file =
        |name: &str, value: Value| (format!(".archon/workflows/{name}.yaml"), value.to_string());
    vec![
        file("main", main),
        file("kid", kid),
        file("block", block),
        (
            ".archon/commands/fix.md".to_owned(),
            "Fix it for $ARGUMENTS.\n".to_owned(),
        ),
    ]
}

/// One node after those before it, in a body so deep.
fn node(dice: &mut Dice, id: &str, before: &mut Vec<Node>, depth: usize) -> Value {
    let mut on: Vec<Node> = Vec::new();
    for _ in 0..dice.pick(&[0, 1, 1, 1, 2, 2, 3]) {
        if !before.is_empty() {
            let other = dice.pick(before);
            if on.iter().all(|n| n.id != other.id) {
                on.push(other);
            }
        }
    }
    let mut upstream: Vec<String> = Vec::new();
    for other in &on {
        upstream.extend(other.upstream.iter().cloned());
        upstream.push(other.id.clone());
    }
    let mut seen = String::new();
    for other in &on {
        if dice.chance(60) {
            seen.push_str(&format!(" ${}.output", other.id));
        }
    }
    let mut node = Map::new();
    node.insert("id".to_owned(), json!(id));
    if !on.is_empty() {
        let ids: Vec<&str> = on.iter().map(|n| n.id.as_str()).collect();
        node.insert("depends_on".to_owned(), json!(ids));
        if dice.chance(40) {
            let rule = dice.pick(&["one_success", "none_failed_min_one_success", "all_done"]);
            node.insert("trigger_rule".to_owned(), json!(rule));
        }
    }
    if dice.chance(25)
        && let Some(when) = condition(dice, &on)
    {
        node.insert("when".to_owned(), json!(when));
    }
    let (gives, speaks) = kind(dice, &mut node, &seen, before, &upstream, depth);
    let include = node.contains_key("include");
    if !include && dice.chance(10) {
        node.insert("output_type".to_owned(), json!("note"));
    }
    let tries = ["bash", "script", "prompt", "command"];
    if tries.iter().any(|key| node.contains_key(*key)) && dice.chance(35) {
        let retry = json!({
            "max_attempts": 1 + dice.below(3),
            "delay_ms": 1000,
            "on_error": dice.pick(&["all", "transient"]),
        });
        node.insert("retry".to_owned(), retry);
    }
    before.push(Node {
        id: id.to_owned(),
        gives,
        speaks,
        upstream,
    });
    Value::Object(node)
}

fn condition(dice: &mut Dice, on: &[Node]) -> Option<String> {
    let one = |dice: &mut Dice, node: &Node| {
        let op = dice.pick(&["==", "!="]);
        let (field, values): (&str, &[&str]) = match node.gives {
            Gives::Text => ("", &["0", "1", "DONE", ""]),
            Gives::Fields => (".kind", &["k0", "k1"]),
            Gives::Decision => (".decision", &["approve", "later"]),
            Gives::Else => return None,
        };
        let value = dice.pick(values);
        Some(format!("${}.output{field} {op} '{value}'", node.id))
    };
    let first = one(dice, on.first()?)?;
    match on.get(1).filter(|_| dice.chance(50)) {
        Some(second) => {
            let second = one(dice, second)?;
            Some(format!("{first} {} {second}", dice.pick(&["&&", "||"])))
        }
        None => Some(first),
    }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"kind": {"type": "string"}, "ok": {"type": "boolean"}},
        "required": ["kind", "ok"],
    })
}

fn kind(
    dice: &mut Dice,
    node: &mut Map<String, Value>,
    seen: &str,
    before: &[Node],
    upstream: &[String],
    depth: usize,
) -> (Gives, bool) {
    let mut put = |key: &str, value: Value| {
        node.insert(key.to_owned(), value);
    };
    match dice.below(if depth == 0 { 100 } else { 80 }) {
        0..24 => {
            put("bash", json!(format!("echo{seen}")));
            (Gives::Text, false)
        }
        24..28 => {
            put("script", json!("console.log(1);"));
            put("runtime", json!("bun"));
            (Gives::Text, false)
        }
        28..46 => {
            if dice.chance(20) {
                put("command", json!("fix"));
            } else {
                put("prompt", json!(format!("Do{seen}")));
            }
            let named: Vec<&Node> = before
                .iter()
                .filter(|n| n.speaks && upstream.contains(&n.id))
                .collect();
            if depth == 0 && !named.is_empty() && dice.chance(25) {
                put("context", json!({"resume": dice.pick(&named).id}));
            } else if dice.chance(20) {
                put("context", json!(dice.pick(&["fresh", "shared"])));
            }
            if dice.chance(40) {
                put("output_format", schema());
                (Gives::Fields, true)
            } else {
                (Gives::Else, true)
            }
        }
        46..58 => {
            let mut rounds = rounds(dice);
            rounds["prompt"] = json!(format!(
                "Go on{seen} <$LOOP_PREV_OUTPUT> <$LOOP_USER_INPUT>"
            ));
            let mut gives = Gives::Else;
            if dice.chance(25) {
                put("output_format", schema());
                rounds["until_field"] = json!("ok");
                gives = Gives::Fields;
            }
            put("loop", rounds);
            (gives, true)
        }
        58..66 => {
            let mut rounds = rounds(dice);
            if depth > 1 {
                put("bash", json!("echo deep"));
                return (Gives::Text, false);
            }
            let id = node["id"].as_str().unwrap().to_owned();
            let mut body = Vec::new();
            let mut inside = Vec::new();
            for at in 0..1 + dice.below(3) {
                let id = format!("{id}b{at}");
                body.push(self::node(dice, &id, &mut inside, depth + 1));
            }
            rounds["nodes"] = Value::Array(body);
            node.insert("loop_group".to_owned(), rounds);
            (Gives::Else, false)
        }
        66..77 => approval(dice, node, seen),
        77..80 => {
            put("cancel", json!(format!("Enough{seen}")));
            (Gives::Else, false)
        }
        80..86 => {
            put("workflow", json!("kid"));
            put("input", json!(format!("Kid{seen}")));
            (Gives::Else, false)
        }
        86..94 => {
            put("workflow", json!("kid"));
            let mut fan = json!({
                "items": dice.pick(&["[\"a\", \"b\", {\"c\": 1}]", "[]", "[1, 2]", "no list"]),
                "max_parallel": 1 + dice.below(3),
                "join": dice.pick(&["all_done", "all_success"]),
            });
            if dice.chance(30) {
                fan["as"] = json!("item");
            }
            put("fan_out", fan);
            (Gives::Else, false)
        }
        _ => {
            put("include", json!("block"));
            (Gives::Else, false)
        }
    }
}

fn rounds(dice: &mut Dice) -> Value {
    let mut rounds = json!({"max_iterations": 1 + dice.below(3)});
    if dice.chance(30) {
        rounds["until_bash"] = json!("test -f done");
    }
    if rounds.get("until_bash").is_none() || dice.chance(70) {
        rounds["until"] = json!("DONE");
    }
    if dice.chance(25) {
        rounds["fresh_context"] = json!(true);
    }
    if dice.chance(35) {
        rounds["interactive"] = json!(true);
        rounds["gate_message"] = json!("Well?");
        if dice.chance(30) {
            rounds["signal_completes"] = json!(true);
        }
    }
    rounds
}

fn approval(dice: &mut Dice, node: &mut Map<String, Value>, seen: &str) -> (Gives, bool) {
    let mut approval = json!({"message": format!("Ship{seen}?")});
    let mut gives = Gives::Else;
    match dice.below(4) {
        0 => {}
        1 => approval["capture_response"] = json!(true),
        2 => {
            let mut decisions = vec![json!({"id": "approve"}), json!({"id": "later"})];
            if dice.chance(50) {
                decisions.push(json!({"id": "reject"}));
            }
            approval["decisions"] = Value::Array(decisions);
            gives = Gives::Decision;
        }
        _ => {
            approval["on_reject"] = json!({
                "prompt": format!("Fix{seen} for <$REJECTION_REASON>"),
                "max_attempts": 1 + dice.below(4),
            });
        }
    }
    node.insert("approval".to_owned(), approval);
    (gives, false)
}
