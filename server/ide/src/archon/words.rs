//! What the dialect's own variables stand for, and what becomes of a reference where it is put in.

use fermata_workflow::dag::Reading;

/// What only a chat of the original knows.
const CHAT: &str =
    "the text of the issue or pull request that a chat is about; empty in a run from here";

/// Variables of the engine, and what each stands for.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("ARGUMENTS", "the text that the run was started with"),
    ("USER_MESSAGE", "the text that the run was started with"),
    (
        "ARTIFACTS_DIR",
        "the folder for what this run leaves behind",
    ),
    ("STATE_DIR", "the folder that the project's runs share"),
    ("WORKFLOW_ID", "the id of this run"),
    ("BASE_BRANCH", "the branch that the work starts from"),
    (
        "DOCS_DIR",
        "the folder of the documentation, `docs/` by default",
    ),
    ("CONTEXT", CHAT),
    ("EXTERNAL_CONTEXT", CHAT),
    ("ISSUE_CONTEXT", CHAT),
    (
        "LOOP_USER_INPUT",
        "what a person said at the loop's gate; in the next iteration only",
    ),
    (
        "LOOP_PREV_OUTPUT",
        "the output of the iteration before; empty in the first",
    ),
    (
        "REJECTION_REASON",
        "why a person has rejected, in `on_reject`",
    ),
];

/// What happens to a reference in a text that is read in this way.
pub(crate) fn becomes(reading: Reading) -> &'static str {
    match reading {
        Reading::Prose => "The value is put in as it is.",
        Reading::Bash => {
            "In bash the value arrives in single quotes (`'` as `'\\''`; numbers, `true` and `false` bare; long values as `$(cat …)` of a file). Write it without quotes of your own."
        }
        Reading::Script => {
            "In a script the value is put in raw, as code. Hand it over by `with` and read the variable `INPUTS_…` instead."
        }
        Reading::When => "The value is compared as text; `<` and `>` compare numbers.",
        Reading::Value => {
            "A value that is nothing but this reference keeps its type; inside a longer text it becomes text."
        }
    }
}
