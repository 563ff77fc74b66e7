//! The project that sequences are played over: files of both dialects that use each other, each with several texts. No
//! server and no chance in here.

use std::path::Path;

use fermata_workflow::{Dialect, detect};

/// One file of a project.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Below the project's folder.
    pub(crate) name: String,
    /// What may stand in it; the first is there at the beginning.
    pub(crate) texts: Vec<Vec<u8>>,
}

/// Files that use each other.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) files: Vec<File>,
}

/// Whether a text is a workflow without anybody having said so before.
pub(crate) fn is_workflow(path: &Path, text: &str) -> Option<Dialect> {
    detect::dialect(path, &fermata_syntax::parse(text))
}

fn file(name: &str, texts: &[&str]) -> File {
    File {
        name: name.to_owned(),
        texts: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
    }
}

/// Both dialects, parents and children, what they include and what they look up by name.
pub(crate) fn small() -> Project {
    let mut files = conductor();
    files.extend(archon());
    for file in &mut files {
        // Not UTF-8, and cut off within a line.
        file.texts.push(vec![0xff, 0xfe, b':', 0x00, b'\n']);
        let first = &file.texts[0];
        file.texts.push(first[..first.len() * 2 / 3].to_vec());
    }
    Project { files }
}

fn conductor() -> Vec<File> {
    vec![
        file(
            "parent.yaml",
            &[
                "workflow: {name: parent, entry_point: kid}\nagents:\n  - name: kid\n    type: workflow\n    workflow: kid.yaml\n    routes: [{to: other}]\n  - {name: other, type: workflow, workflow: sub/grand.yaml, routes: [{to: $end}]}\n",
                "workflow: {name: parent, entry_point: kid}\nagents:\n  - {name: kid, type: workflow, workflow: ./sub/../kid.yaml, routes: [{to: ask}]}\n  - {name: ask, prompt: !file prompts/ask.md, routes: !file part.yaml}\n",
                "workflow: {name: parent, entry_point: ask}\nagents:\n  - {name: ask, prompt: !file prompts/ask.md, routes: !file part.yaml}\n  - {name: gone, type: workflow, workflow: gone.yaml}\n",
            ],
        ),
        file(
            "kid.yaml",
            &[
                "workflow: {name: kid, entry_point: s}\nagents:\n  - {name: s, type: set, value: x, routes: [{to: nowhere}]}\n",
                "workflow: {name: kid, entry_point: s}\nagents:\n  - {name: s, type: set, value: \"𝄐\", routes: [{to: $end}]}\n",
                "# about it\nworkflow: {name: kid, entry_point: s}\nagents:\n  - {name: s, type: workflow, workflow: sub/grand.yaml, routes: [{to: nowhere}]}\n",
                "workflow: {name: kid, entry_point: s}\nagents:\n  - {name: s, type: workflow, workflow: parent.yaml, routes: [{to: $end}]}\n",
                "nothing: of a workflow\n",
            ],
        ),
        file(
            "sub/grand.yaml",
            &[
                "workflow: {name: grand, entry_point: s}\nagents:\n  - {name: s, type: set, value: \"{{ nobody.output }}\", routes: [{to: $end}]}\n",
                "workflow: {name: grand, entry_point: s, input: {topic: {type: string, required: true}}}\nagents:\n  - {name: s, type: set, value: x, routes: [{to: lost}]}\n",
                "workflow: {name: grand, entry_point: s}\nagents:\n  - {name: s, type: workflow, workflow: ../kid.yaml, routes: !file ../part.yaml}\n",
            ],
        ),
        file(
            "part.yaml",
            &[
                "[{to: $end}]\n",
                "[{to: nowhere}]\n",
                "- to: $end\n  wen: x\n",
                "[\n",
            ],
        ),
        file(
            "prompts/ask.md",
            &[
                "Ask {{ kid.output }}\n",
                "Ask {{ nobody.output }}\n",
                "Ask {{ \n",
                "",
            ],
        ),
    ]
}

fn archon() -> Vec<File> {
    let flow = ".archon/workflows";
    vec![
        file(
            &format!("{flow}/main.yaml"),
            &[
                "name: main\ndescription: d\nnodes:\n  - {id: a, command: plan}\n  - {id: i, include: part, depends_on: [a]}\n  - {id: w, workflow: sub, inputs: {topic: x}, depends_on: [i]}\n",
                "name: main\ndescription: d\nnodes:\n  - {id: a, prompt: x, model: \"@fast\"}\n  - {id: s, script: tool, runtime: bun, depends_on: [a]}\n  - {id: b, prompt: By $a.output and $i.output, depends_on: [a]}\n",
                "name: main\ndescription: d\nnodes:\n  - {id: w, workflow: sub}\n  - {id: v, workflow: part}\n",
            ],
        ),
        file(
            &format!("{flow}/part.yaml"),
            &[
                "name: part\ndescription: d\nnodes:\n  - {id: x, prompt: x, model: \"@fast\"}\n  - {id: y, bash: make, modle: z}\n",
                "name: part\ndescription: d\nnodes:\n  - {id: x, command: plan}\n",
                "name: sub\ndescription: d\nnodes:\n  - {id: x, bash: make}\n",
                "name: part\ndescription: d\nnodes:\n  - {id: x, include: sub}\n  - {id: y, include: main}\n",
            ],
        ),
        file(
            &format!("{flow}/sub.yaml"),
            &[
                "name: sub\ndescription: d\ninputs: {topic: {type: string, required: true}}\nnodes:\n  - {id: x, bash: echo $INPUTS.topic}\n",
                "name: sub\ndescription: d\nnodes:\n  - {id: x, bash: make}\n",
                "name: sub\ndescription: d\nnodes:\n  - {id: x, bash: make}\n  - {id: x, include: part}\n",
                "name: other\ndescription: d\nnodes:\n  - {id: x, workflow: main}\n",
            ],
        ),
        file(
            &format!("{flow}/deep/more.yaml"),
            &[
                "name: more\ndescription: d\nnodes:\n  - {id: m, workflow: sub, inputs: {topic: x}}\n",
                "name: main\ndescription: d\nnodes:\n  - {id: m, include: part}\n",
            ],
        ),
        file(
            ".archon/commands/plan.md",
            &["Plan it.\n", " \n", "Plan $nobody.output and $ARGUMENTS\n"],
        ),
        file(".archon/scripts/tool.ts", &["console.log(1)\n", ""]),
        file(
            ".archon/config.yaml",
            &[
                "aliases: {fast: {provider: claude, model: haiku}}\n",
                "assistant: claude\n",
                "aliases: [\n",
            ],
        ),
    ]
}
