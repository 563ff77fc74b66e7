//! Every code that the Archon dialect reports, with the rule numbers it stands for (specs/archon.md 3). `explain`, the
//! documentation and the settings are checked against it.

use crate::codes::Code;

const fn code(code: &'static str, rules: &'static [&'static str], summary: &'static str) -> Code {
    Code {
        code,
        rules,
        summary,
    }
}

/// All codes, sorted. R64 has none: inside a loop_group the inner rule's code is given.
pub const CODES: &[Code] = &[
    code(
        "ai-fields-ignored",
        &["R50"],
        "A setting of agents stands on a node that runs none.",
    ),
    code(
        "alias-not-portable",
        &["R71"],
        "A workflow for every project uses an alias of one.",
    ),
    code(
        "bad-agents",
        &["R43"],
        "A sub-agent is not described as it must be.",
    ),
    code(
        "bad-approval",
        &["R26"],
        "An approval lacks its message, or its rework is out of bounds.",
    ),
    code(
        "bad-binding-directive",
        &["R28"],
        "A map under `with` is no binding.",
    ),
    code(
        "bad-command-name",
        &["R36", "R73"],
        "A command is named with a folder, or in a way that no file can have.",
    ),
    code(
        "bad-decision",
        &["R25"],
        "A decision of an approval has no usable id or label.",
    ),
    code(
        "bad-evidence-policy",
        &["R11"],
        "`evidence_policy` does not say whether evidence is required.",
    ),
    code(
        "bad-hooks",
        &["R44"],
        "A hook hangs on an event that does not exist, or lacks its response.",
    ),
    code(
        "bad-idle-timeout",
        &["R39"],
        "`idle_timeout` is not above zero.",
    ),
    code(
        "bad-input-name",
        &["R28"],
        "A key of `with` cannot be the name of an input.",
    ),
    code(
        "bad-model-config",
        &["R69"],
        "`tiers` or `aliases` in the configuration are no maps.",
    ),
    code("bad-timeout", &["R37"], "`timeout` is no time."),
    code(
        "binding-env-collision",
        &["R28"],
        "Two keys of `with` become the same variable.",
    ),
    code(
        "binding-from-loop-prev",
        &["R28"],
        "A binding takes its value from the iteration before.",
    ),
    code(
        "binding-from-not-ref",
        &["R28"],
        "`from` is not one whole reference.",
    ),
    code(
        "binding-not-upstream",
        &["R62"],
        "A binding reads a node that need not have run.",
    ),
    code(
        "blank-mode",
        &["R21"],
        "The key that says what the node does is blank.",
    ),
    code(
        "body-id-shadows",
        &["R54"],
        "A node inside a loop_group has an id that is taken outside.",
    ),
    code(
        "bundled-target",
        &["R72"],
        "A bundled workflow starts one that is not bundled.",
    ),
    code(
        "capability-unsupported",
        &["R76"],
        "The node asks something of its provider that it cannot do.",
    ),
    code(
        "command-file-empty",
        &["R79"],
        "The file of a command is empty.",
    ),
    code(
        "command-not-found",
        &["R73"],
        "There is no command file of this name.",
    ),
    code(
        "context-resume-blank",
        &["R27"],
        "`context.resume` names no node.",
    ),
    code(
        "context-resume-in-body",
        &["R60"],
        "A session is resumed inside a loop_group.",
    ),
    code(
        "context-resume-kind",
        &["R27"],
        "`context.resume` stands on a node that has no session.",
    ),
    code(
        "context-resume-not-upstream",
        &["R60"],
        "The session to resume belongs to a node that need not have run.",
    ),
    code(
        "context-resume-source-kind",
        &["R60"],
        "The node to resume has no session to go on with.",
    ),
    code(
        "context-resume-unknown",
        &["R60"],
        "`context.resume` names a node that does not exist.",
    ),
    code("cycle", &["R56"], "Nodes wait for each other."),
    code(
        "decisions-with-on-reject",
        &["R22"],
        "An approval has decisions of its own and the old rework.",
    ),
    code(
        "deprecated-capture-response",
        &["R48"],
        "`capture_response` stands beside `decisions`.",
    ),
    code(
        "deprecated-loop-interactive",
        &["R48"],
        "The loop asks a person after every iteration, in the old way.",
    ),
    code(
        "deprecated-on-reject",
        &["R48"],
        "Rework after a rejection is written in the old way.",
    ),
    code(
        "deprecated-reasoning-effort",
        &["R16"],
        "`modelReasoningEffort` is the old name of `effort`.",
    ),
    code(
        "deps-ignored",
        &["R77"],
        "`deps` has no effect with this runtime.",
    ),
    code(
        "double-quoted-ref",
        &["R78"],
        "Double quotes stand round a reference that comes quoted.",
    ),
    code("dropped-input", &["R17"], "A declared input is dropped."),
    code(
        "dropped-invalid",
        &["R17"],
        "A setting has a value that it cannot have, and is dropped.",
    ),
    code(
        "duplicate-decision",
        &["R23"],
        "Two decisions have the same id.",
    ),
    code("duplicate-id", &["R53"], "Two nodes have the same id."),
    code(
        "duplicate-key",
        &[],
        "A mapping has the same key twice; the last one counts.",
    ),
    code(
        "duplicate-workflow-name",
        &["R65"],
        "Another file has a workflow of this name.",
    ),
    code(
        "fan-out-as-collision",
        &["R34"],
        "The item of a fan-out has the name of another input.",
    ),
    code(
        "fan-out-bounds",
        &["R35"],
        "A fan-out has no items, or no width.",
    ),
    code(
        "fan-out-first-success",
        &["R33"],
        "A fan-out wants to stop at the first success.",
    ),
    code(
        "fan-out-items-not-upstream",
        &["R61"],
        "A fan-out takes its items from a node that need not have run.",
    ),
    code(
        "include-broken",
        &["R68"],
        "A workflow that is included here does not load.",
    ),
    code(
        "include-command-empty",
        &["R68"],
        "An included workflow needs a command whose file is empty.",
    ),
    code(
        "include-command-escapes",
        &["R68"],
        "A command of an included workflow reads a node of somebody else.",
    ),
    code(
        "include-command-missing",
        &["R68"],
        "An included workflow needs a command that does not exist.",
    ),
    code(
        "include-cycle",
        &["R68"],
        "Workflows include each other in a circle.",
    ),
    code(
        "include-depth",
        &["R68"],
        "Workflows include each other too deeply.",
    ),
    code(
        "include-fields-ignored",
        &["R52"],
        "A setting on an include has no effect.",
    ),
    code(
        "include-input-missing",
        &["R68"],
        "An include does not hand over a value that is needed.",
    ),
    code(
        "include-input-undeclared",
        &["R68"],
        "An include hands over a value that nobody takes.",
    ),
    code(
        "include-object-binding",
        &["R68"],
        "An input that is a map arrives where a map means something else.",
    ),
    code(
        "include-other",
        &["R68"],
        "An included workflow cannot be put together.",
    ),
    code(
        "include-target-unknown",
        &["R68"],
        "There is no sound workflow of this name to include.",
    ),
    code(
        "include-when-broken-by-input",
        &["R68"],
        "A value breaks the condition that it is put into.",
    ),
    code(
        "include-when-or",
        &["R68"],
        "Two conditions cannot be joined.",
    ),
    code(
        "inputs-env-collision",
        &["R12"],
        "Two inputs become the same variable.",
    ),
    code(
        "launch-option-misplaced",
        &["R31"],
        "`isolation` or `fan_out` stands on a node that starts nothing.",
    ),
    code(
        "launch-option-on-include",
        &["R32"],
        "An include has an option of sub-runs.",
    ),
    code(
        "loop-bad-command",
        &["R40"],
        "The command of a loop is no name of a command.",
    ),
    code("loop-blank-channel", &["R40"], "A loop's text is blank."),
    code(
        "loop-gate-message",
        &["R40"],
        "An interactive loop does not say what it asks.",
    ),
    code("loop-group-empty", &["R42"], "A loop_group has no nodes."),
    code(
        "loop-group-no-channel",
        &["R42"],
        "Nothing says when the loop_group is finished.",
    ),
    code(
        "loop-max-iterations",
        &["R40"],
        "A loop has no sound `max_iterations`.",
    ),
    code(
        "loop-no-channel",
        &["R40"],
        "Nothing says when the loop is finished.",
    ),
    code(
        "loop-prompt-xor-command",
        &["R40"],
        "A loop has both a prompt and a command, or neither.",
    ),
    code(
        "mcp-bad-json",
        &["R74"],
        "The file of MCP servers is no JSON.",
    ),
    code(
        "mcp-file-missing",
        &["R74"],
        "There is no such file of MCP servers.",
    ),
    code(
        "mcp-not-object",
        &["R74"],
        "The file of MCP servers holds no object.",
    ),
    code("mcp-unsupported", &["R74"], "The provider has no MCP."),
    code(
        "merge-key",
        &[],
        "`<<` stands before something that is no mapping.",
    ),
    code(
        "missing-description",
        &["R4"],
        "The workflow has no description.",
    ),
    code("missing-id", &["R18"], "A node has no usable id."),
    code("missing-name", &["R3"], "The workflow has no name."),
    code("missing-nodes", &["R6"], "The workflow has no nodes."),
    code(
        "no-approve-decision",
        &["R24"],
        "None of the decisions approves.",
    ),
    code("no-mode", &["R21"], "A node does nothing."),
    code(
        "not-a-mapping",
        &["R2"],
        "The file is empty or holds something else than a mapping.",
    ),
    code(
        "outcome-field-no-returns",
        &["R14"],
        "`outcome_field` has no node to read from.",
    ),
    code(
        "outcome-field-no-schema",
        &["R14"],
        "The node of the outcome does not declare its output.",
    ),
    code(
        "outcome-field-not-boolean",
        &["R14"],
        "The outcome is not declared as a boolean.",
    ),
    code(
        "outcome-field-not-required",
        &["R14"],
        "The outcome may be missing from the answer.",
    ),
    code(
        "outcome-field-on-fan-out",
        &["R14"],
        "The outcome is to be read from a list.",
    ),
    code(
        "outcome-field-on-loop-group",
        &["R14"],
        "The outcome is to be read from a loop_group.",
    ),
    code(
        "outcome-field-schema-not-object",
        &["R14"],
        "The node of the outcome does not yield an object.",
    ),
    code(
        "outcome-field-type",
        &["R14"],
        "`outcome_field` is no name.",
    ),
    code(
        "outcome-field-undeclared",
        &["R14"],
        "The node of the outcome does not declare the field.",
    ),
    code(
        "pack-bad-dir",
        &["R66"],
        "The folder of a packaged workflow has a name that none can have.",
    ),
    code(
        "pack-yaml-count",
        &["R66"],
        "A packaged workflow has no workflow file, or several.",
    ),
    code(
        "persist-session-unsupported",
        &["R10"],
        "The provider cannot keep a session for the next run.",
    ),
    code("read-error", &["R67"], "The file cannot be read."),
    code(
        "ref-unknown-node",
        &["R57"],
        "A reference names a node that does not exist.",
    ),
    code("reserved-id", &["R19"], "The id `INPUTS` is reserved."),
    code(
        "resume-provider-differs",
        &["R9"],
        "A session is to go on with another provider.",
    ),
    code(
        "resume-provider-no-fork",
        &["R9"],
        "The provider cannot go on from another node's session.",
    ),
    code("retry-bounds", &["R45"], "`retry` is out of bounds."),
    code(
        "retry-not-supported",
        &["R30"],
        "This kind of node cannot be retried as a whole.",
    ),
    code("returns-type", &["R13"], "`returns` is no id."),
    code(
        "returns-unknown",
        &["R13"],
        "`returns` names a node that does not exist.",
    ),
    code(
        "runtime-missing",
        &["R38"],
        "A script does not say what runs it.",
    ),
    code(
        "runtime-not-on-path",
        &["R77"],
        "The program that runs the script is not installed.",
    ),
    code("runtime-unknown", &["R38"], "There is no such runtime."),
    code(
        "script-not-found",
        &["R77"],
        "There is no script of this name.",
    ),
    code(
        "several-modes",
        &["R20"],
        "A node does more than one thing.",
    ),
    code(
        "signal-completes-without-interactive",
        &["R51"],
        "`signal_completes` has no effect here.",
    ),
    code(
        "skill-not-found",
        &["R75"],
        "There is no skill of this name.",
    ),
    code(
        "skills-unsupported",
        &["R75"],
        "The provider has no skills.",
    ),
    code(
        "steps-removed",
        &["R5"],
        "The workflow is written in the form of old versions.",
    ),
    code(
        "tool-renamed",
        &["R76"],
        "A tool is listed under its old name.",
    ),
    code(
        "tool-unknown",
        &["R76"],
        "The provider has no tool of this name.",
    ),
    code("type-mismatch", &["R46"], "A value is of the wrong type."),
    code(
        "undeclared-pause",
        &["R15"],
        "The workflow waits for a person and does not say so.",
    ),
    code("unknown-alias", &["R1"], "An alias has no anchor."),
    code(
        "unknown-dependency",
        &["R55"],
        "A node depends on one that does not exist.",
    ),
    code(
        "unknown-model-alias",
        &["R70"],
        "A model is named by an alias that nobody defined.",
    ),
    code(
        "unknown-node-key",
        &["R47"],
        "A node has a key that means nothing.",
    ),
    code(
        "unknown-node-provider",
        &["R8"],
        "A node names a provider that does not exist.",
    ),
    code(
        "unknown-provider",
        &["R7"],
        "The workflow names a provider that does not exist.",
    ),
    code(
        "unknown-workflow-key",
        &["R16"],
        "The workflow has a key that means nothing.",
    ),
    code(
        "until-field",
        &["R41"],
        "The field that ends the loop is not declared as it must be.",
    ),
    code(
        "when-free-text",
        &["R59"],
        "A condition compares the whole answer of an agent.",
    ),
    code(
        "when-unknown-node",
        &["R58"],
        "A condition names a node that does not exist.",
    ),
    code(
        "with-and-input",
        &["R29"],
        "A sub-run gets both a text and inputs.",
    ),
    code(
        "with-ignored",
        &["R49"],
        "`with` has no effect on this kind of node.",
    ),
    code("with-not-map", &["R28"], "`with` is no map."),
    code(
        "workflow-in-body",
        &["R63"],
        "A loop_group starts sub-runs.",
    ),
    code("yaml-syntax", &["R1"], "The text is no valid YAML."),
];

#[cfg(test)]
mod tests;
