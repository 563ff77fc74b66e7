//! Whatever somebody types: loading gives an answer, and its places lie inside the files.

use fermata_workflow::flow::Flow;
use fermata_workflow::{Dialect, MemoryWorld, load_as};
use proptest::prelude::*;

const WHOLE: &str = "workflow:
  name: n
  entry_point: a
  limits: {max_iterations: 5}
  runtime: {provider: copilot, skills: [./s], mcp_servers: {m: {command: x}}}
  input: {who: {type: string, default: \"é\"}}
agents:
  - &a {name: a, prompt: \"{{ workflow.input.who }} ${HOME:-x}\", routes: [{to: g, when: 'x > 1'}, {to: $end}]}
  - {<<: *a, name: b}
  - {name: c, type: set, value: !file other.md}
parallel:
  - {name: g, agents: [b, c], routes: [{to: f}]}
for_each:
  - {name: f, type: for_each, source: a.output.items, as: it, agent: {name: one, type: workflow, workflow: ./w.yaml}}
output: {x: \"{{ a.output.x }}\"}
";

fn answers(text: &str) {
    let mut world = MemoryWorld::new();
    world
        .add_file("/w/w.yaml", text)
        .add_file("/w/other.md", "- {name: x");
    let loaded = load_as(&world, "/w/w.yaml".as_ref(), Dialect::Conductor);
    for diagnostic in &loaded.diagnostics {
        let places =
            std::iter::once(diagnostic.loc).chain(diagnostic.related.iter().map(|r| r.loc));
        for loc in places {
            let file = loaded.sources.get(loc.file).expect("a file of the load");
            assert!(
                file.tree
                    .text()
                    .get(std::ops::Range::<usize>::from(loc.span))
                    .is_some(),
                "{diagnostic:?}"
            );
        }
    }
    if let Some(workflow) = &loaded.workflow {
        let flow = Flow::new(workflow);
        assert!(flow.loops(workflow).iter().all(|l| !l.round.is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_text_lowers_without_panic(text in "\\PC{0,200}") {
        answers(&text);
    }

    #[test]
    fn any_cut_and_any_insertion_into_a_whole_workflow_lowers_without_panic(
        cut in 0usize..900, length in 0usize..40, insert in "[ \\n\\t:\\-{}\\[\\]\"'#&*!|>%@a-z0-9é]{0,6}"
    ) {
        let chars: Vec<char> = WHOLE.chars().collect();
        let start = cut.min(chars.len());
        let end = (start + length).min(chars.len());
        let text: String = chars[..start].iter().copied().chain(insert.chars()).chain(chars[end..].iter().copied()).collect();
        answers(&text);
    }

    #[test]
    fn any_value_in_any_place_of_the_schema_lowers_without_panic(
        place in 0usize..12, value in prop_oneof![
            Just("null"), Just("[]"), Just("{}"), Just("5"), Just("-1.5e9"), Just("true"), Just("''"), Just("[[{}]]"), Just("{a: {b: []}}"),
            Just("2024-01-01"), Just("!!str x"), Just("\"{{ a.output\""), Just("99999999999999999999999999999999999999999999")
        ]
    ) {
        let keys = ["workflow", "name", "entry_point", "limits", "runtime", "input", "agents", "routes", "parallel", "for_each", "output", "max_iterations"];
        let key = keys[place];
        let text: String = WHOLE.lines().map(|line| match line.find(&format!("{key}: ")) {
            Some(at) => format!("{}{key}: {value}\n", &line[..at]),
            None => format!("{line}\n"),
        }).collect();
        answers(&text);
    }
}
