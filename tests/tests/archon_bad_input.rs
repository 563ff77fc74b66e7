//! An `.archon` folder in which everything is wrong, through the real binary:
//! the check ends, and whatever it says has a place, a number or a page, and
//! words.

#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use fermata_tests::Lab;
use serde_json::Value;

const HEAD: &str = "name: NAME\ndescription: d\nnodes:\n";

fn workflow(lab: &Lab, name: &str, nodes: &str) {
    let text = format!("{}{nodes}", HEAD.replace("NAME", name));
    bytes(lab, &format!("workflows/{name}.yaml"), text.as_bytes());
}

fn bytes(lab: &Lab, name: &str, content: &[u8]) {
    let path = lab.work().join(".archon").join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, content).expect("a file");
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo starts").success());
}

/// Every file that was checked, by its name.
fn check(lab: &Lab) -> Vec<Value> {
    let said = lab.call(&["check", "--format", "json"]);
    assert!(!said.err.contains("panicked"), "{said:?}");
    let files = said.json()["files"].as_array().cloned();
    files.expect("files")
}

fn codes<'f>(files: &'f [Value], name: &str) -> Vec<&'f str> {
    let suffix = format!("{name}.yaml");
    let file = files
        .iter()
        .find(|f| f["path"].as_str().is_some_and(|p| p.ends_with(&suffix)))
        .unwrap_or_else(|| panic!("{name} was not checked"));
    let found = file["diagnostics"].as_array().expect("diagnostics");
    found.iter().filter_map(|d| d["code"].as_str()).collect()
}

#[test]
fn odd_bytes_links_pipes_and_folders_in_place_of_files_end_in_findings_and_never_in_waiting() {
    let lab = Lab::new();
    let text = "name: enc\ndescription: d\nnodes:\n  - {id: a, bash: echo $nope.output}\n";
    let with = |name: &str| text.replace("enc", name);
    let mut bom = b"\xef\xbb\xbf".to_vec();
    bom.extend(with("bom").bytes());
    bytes(&lab, "workflows/bom.yaml", &bom);
    let crlf = with("crlf").replace('\n', "\r\n");
    bytes(&lab, "workflows/crlf.yaml", crlf.as_bytes());
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(with("wide").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    bytes(&lab, "workflows/wide.yaml", &wide);
    bytes(&lab, "workflows/nul.yaml", &with("n\0ul").into_bytes());
    let tabs = text.replace("  - ", "\t- ");
    bytes(&lab, "workflows/tabs.yaml", tabs.as_bytes());
    bytes(&lab, "workflows/empty.yaml", b"");
    let long = format!(
        "{}  - {{id: a, bash: echo {}}}\n",
        HEAD.replace("NAME", "long"),
        "x".repeat(2_000_000)
    );
    bytes(&lab, "workflows/long.yaml", long.as_bytes());
    let folder = lab.work().join(".archon");
    std::fs::create_dir(folder.join("workflows/folder.yaml")).expect("a folder");
    symlink(".", folder.join("workflows/again")).expect("a link");
    symlink("nowhere.yaml", folder.join("workflows/dangling.yaml")).expect("a link");
    pipe(&folder.join("workflows/pipe.yaml"));
    pipe(&folder.join("config.yaml"));
    workflow(
        &lab,
        "sound",
        "  - {id: a, command: pipe}\n  - {id: b, command: folder}\n",
    );
    std::fs::create_dir_all(folder.join("commands/folder.md")).expect("a folder");
    symlink("..", folder.join("commands/up")).expect("a link");
    pipe(&folder.join("commands/pipe.md"));
    let files = check(&lab);
    assert_eq!(codes(&files, "bom"), ["ref-unknown-node"]);
    assert_eq!(codes(&files, "crlf"), ["ref-unknown-node"]);
    assert_eq!(codes(&files, "wide"), ["yaml-syntax"]);
    assert!(codes(&files, "nul").contains(&"yaml-syntax"));
    assert!(codes(&files, "tabs").contains(&"yaml-syntax"));
    assert_eq!(codes(&files, "empty"), ["not-a-mapping"]);
    assert_eq!(codes(&files, "long"), Vec::<&str>::new());
    // A link to the folder around gives no name twice.
    assert_eq!(
        codes(&files, "sound"),
        ["command-not-found", "command-not-found"]
    );
}

#[test]
fn includes_that_never_end_and_aliases_that_explode_are_told_in_bounded_time() {
    let lab = Lab::new();
    workflow(&lab, "one", "  - {id: i, include: two}\n");
    workflow(&lab, "two", "  - {id: i, include: one}\n");
    workflow(&lab, "self", "  - {id: i, include: self}\n");
    for depth in 0..24 {
        let nodes = format!("  - {{id: i, include: deep{}}}\n", depth + 1);
        workflow(&lab, &format!("deep{depth}"), &nodes);
    }
    workflow(&lab, "deep24", "  - {id: a, bash: echo}\n");
    let mut bomb = "name: bomb\ndescription: d\nx0: &x0 {k: v}\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        bomb.push_str(&format!(
            "x{level}: &x{level} {{<<: [*x{below}, *x{below}]}}\n"
        ));
    }
    bomb.push_str("nodes:\n  - {<<: *x39, id: a, bash: echo}\n");
    bytes(&lab, "workflows/bomb.yaml", bomb.as_bytes());
    let chain: String = (0..1500)
        .map(|n| match n {
            0 => "  - {id: n0, bash: echo}\n".to_owned(),
            _ => format!(
                "  - {{id: n{n}, bash: echo $n{}.output, depends_on: [n{}]}}\n",
                n - 1,
                n - 1
            ),
        })
        .collect();
    workflow(&lab, "chain", &chain);
    let files = check(&lab);
    assert!(codes(&files, "one").contains(&"include-cycle"));
    assert!(codes(&files, "self").contains(&"include-cycle"));
    assert!(codes(&files, "deep0").contains(&"include-depth"));
    assert_eq!(codes(&files, "deep20"), Vec::<&str>::new());
    assert!(codes(&files, "bomb").contains(&"yaml-syntax"));
    assert_eq!(codes(&files, "chain"), Vec::<&str>::new());
}

/// One file for many rules, with the rules that have to be named in it.
const WRONG: &[(&str, &str, &[&str])] = &[
    (
        "ids",
        "  - {bash: x}\n  - {id: '', bash: x}\n  - {id: [1], bash: x}\n  - {id: INPUTS, bash: x}\n  - 5\n  - null\n",
        &["R18", "R19", "R46"],
    ),
    (
        "modes",
        "  - {id: a, bash: x, prompt: y}\n  - {id: b, bash: ' '}\n  - {id: c}\n",
        &["R20", "R21"],
    ),
    (
        "gates",
        "  - {id: a, approval: {message: m, decisions: [{id: approve}, {id: Bad ID}], on_reject: {prompt: x, max_attempts: 99}}}\n  - {id: b, approval: {message: '', decisions: [{id: no}, {id: no}]}}\n",
        &["R22", "R23", "R24", "R25", "R26"],
    ),
    (
        "sessions",
        "  - {id: a, bash: x, context: {resume: b}}\n  - {id: b, prompt: x, context: {resume: ''}}\n",
        &["R27"],
    ),
    (
        "bindings",
        "  - {id: a, bash: x}\n  - {id: b, command: c, with: [1]}\n  - {id: c, command: c, with: {'bad name': 1, a-b: 1, a_b: 2, o: {x: 1}, f: {from: hello}}}\n",
        &["R28"],
    ),
    (
        "children",
        "  - {id: a, workflow: ids, with: {a: 1}, input: x, retry: {max_attempts: 99, delay_ms: 1}, fan_out: {items: '', max_parallel: 0, join: first_success, as: a}}\n  - {id: b, bash: x, isolation: worktree}\n  - {id: c, include: ids, fan_out: {items: x}}\n",
        &["R29", "R30", "R31", "R32", "R33", "R34", "R35", "R45"],
    ),
    (
        "programs",
        "  - {id: a, bash: x, timeout: -1}\n  - {id: b, script: x}\n  - {id: c, script: x, runtime: node}\n  - {id: d, prompt: x, idle_timeout: 0}\n  - {id: e, bash: x, timeout: .nan}\n  - {id: f, command: ../x}\n",
        &["R36", "R37", "R38", "R39"],
    ),
    (
        "loops",
        "  - {id: a, loop: {}}\n  - {id: b, loop: {prompt: x, until_field: z, max_iterations: 0, interactive: true}}\n  - {id: c, loop_group: {max_iterations: 2, nodes: []}}\n",
        &["R40", "R41", "R42"],
    ),
    (
        "agents",
        "  - {id: a, prompt: x, agents: {}, hooks: {Nope: [], Stop: [{timeout: 0}]}}\n",
        &["R43", "R44"],
    ),
    (
        "graph",
        "  - {id: a, bash: $zz.output, depends_on: [nope]}\n  - {id: a, bash: x}\n  - {id: b, bash: x, when: \"$qq.output == 'x'\"}\n",
        &["R53", "R55", "R57", "R58"],
    ),
    (
        "circle",
        "  - {id: a, bash: x, depends_on: [b]}\n  - {id: b, bash: x, depends_on: [a]}\n",
        &["R56"],
    ),
    (
        "bodies",
        "  - id: g\n    loop_group:\n      until: DONE_NOW\n      max_iterations: 2\n      nodes: [{id: g, bash: x}, {id: w, workflow: ids}, {id: p, prompt: x, context: {resume: g}}]\n",
        &["R54", "R60", "R63"],
    ),
    (
        "upstream",
        "  - {id: a, prompt: x}\n  - {id: b, workflow: ids, fan_out: {items: $a.output}}\n  - {id: c, command: c, with: {x: {from: $a.output}}}\n  - {id: d, bash: x, depends_on: [a], when: \"$a.output == 'yes'\"}\n",
        &["R59", "R61", "R62"],
    ),
    (
        "needs",
        "  - {id: a, prompt: x, model: '@nope'}\n  - {id: b, prompt: x, mcp: gone.json}\n  - {id: c, prompt: x, skills: [none]}\n  - {id: d, script: gone, runtime: uv}\n  - {id: e, prompt: x, provider: pi, hooks: {Stop: [{response: {}}]}}\n  - {id: f, command: gone}\n",
        &["R70", "R73", "R74", "R75", "R76", "R77"],
    ),
];

#[test]
fn every_mistake_has_its_number_its_place_and_words_and_one_does_not_hide_the_next() {
    let lab = Lab::new();
    for (name, nodes, _) in WRONG {
        workflow(&lab, name, nodes);
    }
    bytes(&lab, "workflows/top.yaml", b"name: 5\ndescription: [x]\nprovider: nope\nnodes: {a: 1}\ninputs: {a-b: {}, a_b: {}, 'd e': {}}\nevidence_policy: yes\ninteractive: on\nfoo: 1\n");
    let files = check(&lab);
    let of = |name: &str| -> Vec<String> {
        let suffix = format!("/{name}.yaml");
        let file = files
            .iter()
            .find(|f| f["path"].as_str().is_some_and(|p| p.ends_with(&suffix)));
        let found = file
            .and_then(|f| f["diagnostics"].as_array())
            .expect("findings");
        for d in found {
            let words = d["message"].as_str().unwrap_or_default();
            assert!(words.len() > 15, "{name}: {d}");
            let (start, end) = (&d["range"]["start"], &d["range"]["end"]);
            let empty = start == end && d["code"] != "not-a-mapping";
            assert!(!empty, "{name} has a finding that covers nothing: {d}");
        }
        found
            .iter()
            .filter_map(|d| d["upstream"].as_str().map(str::to_owned))
            .collect()
    };
    for (name, _, rules) in WRONG {
        let found = of(name);
        for rule in *rules {
            assert!(
                found.iter().any(|f| f == rule),
                "{name}: no {rule} among {found:?}"
            );
        }
    }
    let top = of("top");
    for rule in ["R3", "R4", "R6", "R7", "R11", "R12", "R16", "R17"] {
        assert!(
            top.iter().any(|f| f == rule),
            "top: no {rule} among {top:?}"
        );
    }
}
