//! What comes of what a worker carries out: settled by the case, the place and
//! how often something came of it there before, never by which attempt it was.

use fermata_engine::{AgentCall, Effect, Failure, Outcome, ScriptCall, Session};
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::picture;

/// What came of it at this place, so many times after the first.
pub(crate) fn outcome(seed: u64, effect: &Effect, times: usize) -> Outcome {
    let (path, _) = effect.attempt();
    let place = picture::place(path);
    let mut dice = Dice::of(seed, &["fate", &place, &times.to_string()]);
    match effect {
        Effect::Script(call) => process(&mut dice, call, &place),
        Effect::Agent(call) => turn(&mut dice, call, &place, times),
        Effect::Child(_) => child(&mut dice),
    }
}

fn process(dice: &mut Dice, call: &ScriptCall, place: &str) -> Outcome {
    let ended = |exit_code, stdout: &str, stderr: &str| Outcome::Process {
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
        exit_code,
        elapsed: 1,
    };
    if place.ends_with("[until]") {
        return ended(i64::from(dice.chance(60)), "", "");
    }
    if dice.chance(80) || place == "%evidence" && dice.chance(50) {
        let said = dice.pick(&[
            "0\n",
            "1\n",
            "2\n",
            "DONE\n",
            "fine <p>DONE</p>\n",
            "{\"kind\": \"k0\"}\n",
            "it's \"$x.output\"\n",
            "",
        ]);
        return ended(0, said, "");
    }
    if dice.chance(25) {
        return failed("timeout", &format!("`{}` took too long", call.step));
    }
    let stderr = dice.pick(&["rate limit", "permission denied", "boom"]);
    ended(3, "half\n", stderr)
}

fn turn(dice: &mut Dice, call: &AgentCall, place: &str, times: usize) -> Outcome {
    // A failure ends a Conductor workflow, mostly.
    if dice.chance(if call.text.is_some() { 22 } else { 8 }) {
        let (kind, message) = dice.pick(&[
            ("ProviderError", "rate limit"),
            ("ProviderError", "503 overloaded"),
            ("ProviderError", "401 unauthorized"),
            ("ProviderError", "strange"),
            ("idle-timeout", "it said nothing"),
            ("schema-invalid", "not what was asked for"),
        ]);
        return failed(kind, message);
    }
    let mut detail = Map::new();
    let schema = call.text.as_ref().and_then(|text| text.schema.as_ref());
    let output = if schema.is_some() {
        detail.insert("structured".to_owned(), Value::Bool(true));
        json!({"kind": dice.pick(&["k0", "k1"]), "ok": dice.chance(50)})
    } else if call.text.is_some() {
        let said = ["plain", "DONE", "so <p>DONE</p>", "it's $x.output", "1"];
        Value::from(dice.pick(&said))
    } else {
        fields(dice, call)
    };
    if dice.chance(70) {
        let session = Session {
            id: format!("{place}:{times}"),
            agent: call.provider.clone().unwrap_or_default(),
            from: None,
            key: call.session_key.clone(),
            cwd: call.cwd.clone(),
        };
        detail.extend([session.fact()]);
    }
    if dice.chance(30) {
        detail.insert("cost_usd".to_owned(), Value::from(0.25));
    }
    Outcome::Agent {
        output,
        detail,
        elapsed: 1,
    }
}

/// The declared fields of a Conductor step.
fn fields(dice: &mut Dice, call: &AgentCall) -> Value {
    let Some(schema) = &call.schema else {
        return json!({"result": dice.pick(&["plain", "DONE", "{{ x }}"])});
    };
    let one = |dice: &mut Dice, field: &Value| match field.get("type").and_then(Value::as_str) {
        Some("number") => json!(dice.below(5)),
        Some("boolean") => json!(dice.chance(50)),
        _ => Value::from(dice.pick(&["a", "b"])),
    };
    let fields = schema.iter();
    Value::Object(
        fields
            .map(|(name, field)| (name.clone(), one(dice, field)))
            .collect(),
    )
}

fn child(dice: &mut Dice) -> Outcome {
    if dice.chance(20) {
        return failed("child-failed", "run x of `kid` failed: exit code 3");
    }
    let mut detail = Map::from_iter([("child".to_owned(), Value::from("kid-run"))]);
    if dice.chance(20) {
        detail.insert("cost_usd".to_owned(), Value::from(0.5));
    }
    Outcome::Agent {
        output: dice.pick(&[json!("said"), json!(""), json!({"kind": "k0"})]),
        detail,
        elapsed: 1,
    }
}

fn failed(kind: &str, message: &str) -> Outcome {
    Outcome::Failed {
        error: Failure {
            kind: kind.to_owned(),
            message: message.to_owned(),
            names: Vec::new(),
        },
        detail: Map::new(),
        elapsed: 1,
    }
}
