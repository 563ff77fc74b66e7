//! Random Conductor workflows: steps of every kind that go wherever their
//! routes say, groups, gates and sub-workflows. Written as JSON, which is YAML.

use serde_json::{Map, Value, json};

use crate::dice::Dice;

/// Files of a workflow with at most so many steps, `main.yaml` first.
pub(crate) fn files(dice: &mut Dice, most: usize) -> Vec<(String, String)> {
    let main = workflow(dice, "main", 1 + dice.clone().below(most), true);
    let steps = 1 + dice.below(3);
    let kid = workflow(dice, "kid", steps, false);
    vec![
        ("main.yaml".to_owned(), main.to_string()),
        ("kid.yaml".to_owned(), kid.to_string()),
    ]
}

fn workflow(dice: &mut Dice, name: &str, steps: usize, root: bool) -> Value {
    let mut all = Steps::default();
    for at in 0..steps {
        step(dice, &mut all, at, steps, root);
    }
    let mut limits = json!({"max_iterations": 2 + dice.below(8)});
    if dice.chance(15) {
        limits["budget_usd"] = json!(0.6);
        limits["budget_mode"] = json!(dice.pick(&["audit", "enforce"]));
    }
    let mut output = Map::new();
    for at in 0..steps {
        output.insert(format!("s{at}"), json!(seen(at)));
    }
    json!({
        "workflow": {
            "name": name,
            "entry_point": "s0",
            "limits": limits,
            "input": {
                "items": {"type": "array", "required": false, "default": [1, "two", {"n": 3}]},
                "n": {"type": "string", "required": false, "default": "0"},
            },
        },
        "agents": all.agents,
        "parallel": all.parallel,
        "for_each": all.for_each,
        "output": output,
    })
}

#[derive(Default)]
struct Steps {
    agents: Vec<Value>,
    parallel: Vec<Value>,
    for_each: Vec<Value>,
}

/// The output of a step, if there is one by then.
fn seen(at: usize) -> String {
    format!("{{% if s{at} is defined %}}{{{{ s{at} }}}}{{% endif %}}")
}

fn target(at: usize, steps: usize) -> String {
    if at >= steps {
        "$end".to_owned()
    } else {
        format!("s{at}")
    }
}

fn routes(dice: &mut Dice, at: usize, steps: usize) -> Value {
    let mut routes = Vec::new();
    for _ in 0..dice.below(3) {
        let rest = dice.below(3);
        let when = format!("{{{{ context.iteration % 3 == {rest} }}}}");
        let to = target(dice.below(steps + 1), steps);
        routes.push(json!({"to": to, "when": when}));
    }
    routes.push(json!({"to": target(at + 1, steps)}));
    Value::Array(routes)
}

fn mode(dice: &mut Dice) -> &'static str {
    dice.pick(&["fail_fast", "continue_on_error", "all_or_nothing"])
}

fn agent(dice: &mut Dice, name: &str, text: &str) -> Value {
    let mut step = json!({"name": name, "prompt": format!("Do {text}")});
    if dice.chance(40) {
        step["output"] = json!({
            "score": {"type": "number"}, "approved": {"type": "boolean"}, "feedback": {"type": "string"},
        });
    }
    if dice.chance(20) {
        step["session_key"] = json!("k");
    }
    step
}

fn step(dice: &mut Dice, all: &mut Steps, at: usize, steps: usize, root: bool) {
    let name = format!("s{at}");
    let text = seen(dice.below(steps));
    let routes = routes(dice, at, steps);
    let mut step = match dice.below(if root { 100 } else { 60 }) {
        0..18 => json!({
            "name": name, "type": "script", "command": "sh", "args": ["-c", format!("echo '{text}'")],
        }),
        18..28 => {
            json!({"name": name, "type": "set", "value": format!("{{{{ context.iteration }}}} {text}")})
        }
        28..50 => agent(dice, &name, &text),
        50..58 => {
            let option = |dice: &mut Dice, value: &str| json!({"label": value, "value": value, "route": target(dice.below(steps + 1), steps)});
            let mut options = vec![option(dice, "on"), option(dice, "back")];
            if dice.chance(50) {
                options[1]["prompt_for"] = json!("why");
            }
            all.agents.push(json!({
                "name": name, "type": "human_gate", "prompt": format!("Go on? {text}"), "options": options,
            }));
            return;
        }
        58..63 => json!({"name": name, "type": "wait", "duration": "30s"}),
        63..70 => {
            let mut step = json!({
                "name": name, "type": "questions", "questions": [{"id": "a", "text": "A?"}, {"id": "b", "text": text}],
            });
            if dice.chance(50) {
                step["allow_abort"] = json!(true);
                step["abort_route"] = json!(target(dice.below(steps + 1), steps));
            }
            step
        }
        70..73 => {
            all.agents.push(json!({
                "name": name, "type": "terminate", "status": dice.pick(&["success", "failed"]), "reason": "Enough.",
            }));
            return;
        }
        73..82 => json!({
            "name": name, "type": "workflow", "workflow": "./kid.yaml",
            "input_mapping": {"n": "{{ context.iteration }}"},
        }),
        82..91 => {
            let members: Vec<String> = (0..2 + dice.below(2))
                .map(|m| format!("m{at}{m}"))
                .collect();
            for member in &members {
                let member = if dice.chance(25) {
                    json!({"name": member, "type": "set", "value": "{{ context.iteration }}"})
                } else {
                    agent(dice, member, &text)
                };
                all.agents.push(member);
            }
            all.parallel.push(json!({
                "name": name, "agents": members, "failure_mode": mode(dice), "routes": routes,
            }));
            return;
        }
        _ => {
            let inner = match dice.below(3) {
                0 => json!({"name": "one", "type": "set", "value": "{{ it }}"}),
                1 => agent(dice, "one", "{{ it }}"),
                _ => json!({
                    "name": "one", "type": "workflow", "workflow": "./kid.yaml",
                    "input_mapping": {"n": "{{ it }}"},
                }),
            };
            all.for_each.push(json!({
                "name": name, "type": "for_each", "source": "workflow.input.items", "as": "it", "agent": inner,
                "max_concurrent": 1 + dice.below(3), "failure_mode": mode(dice), "routes": routes,
            }));
            return;
        }
    };
    step["routes"] = routes;
    all.agents.push(step);
}
