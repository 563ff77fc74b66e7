//! Quick fixes of Archon's own rules: the text before, the code, and the text after its first fix.

use std::path::Path;

use fermata_workflow::{Diagnostic, Dialect, FileId, MemoryWorld, load_as};

const PATH: &str = "/repo/.archon/workflows/main.yaml";
const HEAD: &str = "name: main\ndescription: d\n";

fn check(text: &str) -> Vec<Diagnostic> {
    let mut world = MemoryWorld::new();
    world
        .set_home("/home/none")
        .add_program("bun", "/bin/bun")
        .add_program("uv", "/bin/uv")
        .add_file(PATH, text)
        .add_file("/repo/.archon/commands/plan.md", "Plan.")
        .add_file(
            "/repo/.archon/config.yaml",
            "aliases: {fast: {provider: claude, model: haiku}}\n",
        )
        .add_file(
            "/repo/.archon/workflows/part.yaml",
            "name: part\ndescription: d\ninputs: {branch: {default: main}}\nnodes:\n  - {id: x, bash: echo $INPUTS.branch}\n",
        );
    load_as(&world, Path::new(PATH), Dialect::Archon).diagnostics
}

fn mended(text: &str, code: &str) -> String {
    let all = check(text);
    let found = all
        .iter()
        .find(|d| d.code == code)
        .unwrap_or_else(|| panic!("{code} is not reported: {all:#?}\n{text}"));
    assert_eq!(found.loc.file, FileId::ROOT);
    let fix = found
        .fixes
        .first()
        .unwrap_or_else(|| panic!("{code} has no fix: {found:#?}\n{text}"));
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span.start()));
    let mut after = text.to_owned();
    for edit in edits {
        after.replace_range(std::ops::Range::<usize>::from(edit.span), &edit.text);
    }
    after
}

/// Code, nodes before, nodes after.
const CASES: &[(&str, &str, &str)] = &[
    (
        "unknown-dependency",
        "  - {id: build, bash: make}\n  - {id: b, depends_on: [biuld], bash: make}\n",
        "  - {id: build, bash: make}\n  - {id: b, depends_on: [build], bash: make}\n",
    ),
    (
        "ref-unknown-node",
        "  - {id: plan, bash: make}\n  - {id: b, depends_on: [plan], prompt: \"By $paln.output.x here\"}\n",
        "  - {id: plan, bash: make}\n  - {id: b, depends_on: [plan], prompt: \"By $plan.output.x here\"}\n",
    ),
    (
        "when-unknown-node",
        "  - {id: plan, bash: make}\n  - {id: b, depends_on: [plan], when: \"$paln.output == 'x'\", bash: make}\n",
        "  - {id: plan, bash: make}\n  - {id: b, depends_on: [plan], when: \"$plan.output == 'x'\", bash: make}\n",
    ),
    (
        "unknown-node-key",
        "  - id: a\n    depend_on: []\n    bash: make\n",
        "  - id: a\n    depends_on: []\n    bash: make\n",
    ),
    (
        "command-not-found",
        "  - {id: a, command: paln}\n",
        "  - {id: a, command: plan}\n",
    ),
    (
        "unknown-model-alias",
        "  - {id: a, prompt: x, model: \"@fsat\"}\n",
        "  - {id: a, prompt: x, model: '@fast'}\n",
    ),
    (
        "include-target-unknown",
        "  - {id: a, include: prat}\n",
        "  - {id: a, include: part}\n",
    ),
    (
        "include-input-undeclared",
        "  - {id: a, include: part, with: {brnach: dev}}\n",
        "  - {id: a, include: part, with: {branch: dev}}\n",
    ),
    (
        "unknown-node-provider",
        "  - {id: a, prompt: x, provider: cluade}\n",
        "  - {id: a, prompt: x, provider: claude}\n",
    ),
    (
        "tool-renamed",
        "  - {id: a, prompt: x, allowed_tools: [Read, Task]}\n",
        "  - {id: a, prompt: x, allowed_tools: [Read, Agent]}\n",
    ),
    (
        "tool-unknown",
        "  - {id: a, prompt: x, denied_tools: [bash]}\n",
        "  - {id: a, prompt: x, denied_tools: [Bash]}\n",
    ),
    (
        "context-resume-not-upstream",
        "  - {id: p, prompt: x}\n  - id: a\n    prompt: x\n    context: {resume: p}\n",
        "  - {id: p, prompt: x}\n  - id: a\n    depends_on: [p]\n    prompt: x\n    context: {resume: p}\n",
    ),
    (
        "binding-not-upstream",
        "  - {id: p, bash: x}\n  - {id: a, command: plan, with: {v: $p.output}}\n",
        "  - {id: p, bash: x}\n  - {id: a, depends_on: [p], command: plan, with: {v: $p.output}}\n",
    ),
    (
        "ai-fields-ignored",
        "  - id: a\n    bash: make\n    model: large\n",
        "  - id: a\n    bash: make\n",
    ),
    (
        "with-ignored",
        "  - {id: a, bash: make, with: {x: 1}}\n",
        "  - {id: a, bash: make}\n",
    ),
    (
        "retry-not-supported",
        "  - id: a\n    retry: {max_attempts: 2}\n    loop: {prompt: x, until: D, max_iterations: 2}\n",
        "  - id: a\n    loop: {prompt: x, until: D, max_iterations: 2}\n",
    ),
    (
        "retry-bounds",
        "  - {id: a, prompt: x, retry: {max_attempts: 9}}\n",
        "  - {id: a, prompt: x, retry: {max_attempts: 5}}\n",
    ),
    (
        "loop-max-iterations",
        "  - id: a\n    loop:\n      prompt: x\n      until: D\n",
        "  - id: a\n    loop:\n      max_iterations: 5\n      prompt: x\n      until: D\n",
    ),
    (
        "type-mismatch",
        "  - {id: a, bash: x, always_run: on}\n",
        "  - {id: a, bash: x, always_run: true}\n",
    ),
    (
        "double-quoted-ref",
        "  - {id: p, bash: x}\n  - id: a\n    depends_on: [p]\n    bash: |\n      echo \"is $p.output here\"\n",
        "  - {id: p, bash: x}\n  - id: a\n    depends_on: [p]\n    bash: |\n      echo \"is\"\\ $p.output\" here\"\n",
    ),
    (
        "double-quoted-ref",
        "  - {id: p, bash: x}\n  - {id: a, depends_on: [p], bash: echo \"$p.output\"}\n",
        "  - {id: p, bash: x}\n  - {id: a, depends_on: [p], bash: echo $p.output}\n",
    ),
];

#[test]
fn a_fix_changes_what_is_wrong_and_nothing_else_and_the_rule_is_silent_after() {
    for (code, before, after) in CASES {
        let before = format!("{HEAD}nodes:\n{before}");
        let fixed = mended(&before, code);
        assert_eq!(fixed, format!("{HEAD}nodes:\n{after}"), "{code}");
        let again = check(&fixed);
        assert!(
            again.iter().all(|d| d.code != *code),
            "{code} fires again: {again:#?}"
        );
    }
}

#[test]
fn settings_of_the_workflow_are_mended_too() {
    let nodes = "nodes:\n  - {id: a, approval: {message: Ship?}}\n";
    let plain = format!("{HEAD}{nodes}");
    let said = format!("{HEAD}interactive: true\n{nodes}");
    assert_eq!(mended(&plain, "undeclared-pause"), said);
    let words = format!("{HEAD}interactive: yes\n{nodes}");
    assert_eq!(mended(&words, "dropped-invalid"), said);
    let old = format!("{HEAD}modelReasoningEffort: high\nnodes:\n  - {{id: a, bash: x}}\n");
    assert_eq!(
        mended(&old, "deprecated-reasoning-effort"),
        old.replace("modelReasoningEffort", "effort")
    );
    let key = format!("{HEAD}retuns: a\nnodes:\n  - {{id: a, bash: x}}\n");
    assert_eq!(
        mended(&key, "unknown-workflow-key"),
        key.replace("retuns", "returns")
    );
}
