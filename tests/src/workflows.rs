//! Workflows that many tests run. One that a single file of tests needs stands there.

/// A loop of one set step that reaches its limit of three.
pub const HELD: &str = r#"
workflow:
  name: held
  entry_point: again
  limits: {max_iterations: 3}
agents:
  - name: again
    type: set
    value: "{{ again.output + 1 if again is defined else 1 }}"
    output_type: integer
    routes:
      - {to: $end, when: "{{ output >= 100 }}"}
      - {to: again}
output: {rounds: "{{ again.output }}"}
"#;

/// The same with inputs, given as the mapping that declares them.
#[must_use]
pub fn held_with(inputs: &str) -> String {
    let limits = "  limits:";
    HELD.replace(limits, &format!("  input: {inputs}\n{limits}"))
}

/// Nodes of an Archon workflow that starts the workflow `kid` and then says what that said.
pub const PARENT: &str = "\
nodes:
  - {id: sub, workflow: kid, input: hello}
  - {id: after, depends_on: [sub], bash: \"echo got $sub.output\"}
";
