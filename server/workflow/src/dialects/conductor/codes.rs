//! Every code that the Conductor dialect reports, with the rule numbers it
//! stands for. `explain`, the documentation and the settings are checked against it.

use crate::codes::{Code, code_table};

/// All codes, sorted.
pub const CODES: &[Code] = code_table! {
    "abort-route-without-abort" ["S20"] "`abort_route` is written and aborting is not allowed."
    "blank-criteria" ["S14"] "A validator has no criteria to judge by."
    "blank-prompt" ["V11"] "An agent has a system prompt and no prompt."
    "concurrency-range" ["S12"] "`max_concurrent` is outside 1 to 100."
    "duplicate-key" ["L5"] "A mapping has the same key twice."
    "duration" ["S19"] "A duration cannot be read, or is outside its range."
    "empty-document" ["L8"] "The file holds nothing."
    "empty-route-target" ["S8"] "A route names no target."
    "environment-endless" ["L11"] "An environment variable refers to itself."
    "environment-unset" ["L10"] "An environment variable without default is not set."
    "file-missing" ["L1"] "The workflow file does not exist."
    "file-too-large" [] "The file is too large, too deep or too entangled to be read."
    "file-unreadable" ["L3"] "The workflow file cannot be read."
    "for-each-kind" ["V20"] "A for_each group runs a kind of step that it cannot."
    "include-cycle" ["L14"] "Files include each other in a circle."
    "included-file-encoding" ["L13"] "An included file is not UTF-8."
    "included-file-missing" ["L12"] "An included file does not exist."
    "input-default-type" ["S6"] "The default of an input is not of its type."
    "input-not-listed" ["V29"] "In explicit context mode a template reads what `input` does not list."
    "input-reference" ["V6"] "An entry of `input` is no reference."
    "invalid-value" ["S4" "S15"] "A value is none of the words that are allowed."
    "key-not-for-step" ["S20"] "A key does not belong on this kind of step."
    "keys-exclude-each-other" ["S20"] "Two keys are written of which only one may be."
    "list-source" ["S10"] "The source of a list is no dotted path of at least three parts."
    "loop-variable" ["S11"] "The loop variable is reserved or no identifier."
    "mcp-server-address" ["S22"] "An MCP server has no command or address."
    "mcp-unsupported" ["V32"] "MCP servers are declared and the provider has no MCP."
    "member-kind" ["V15"] "A parallel group lists a kind of step that it cannot run."
    "member-reads-member" ["V17" "V18"] "A member of a parallel group reads another one's output."
    "member-with-routes" ["V14"] "A member of a parallel group has routes of its own."
    "merge-key" ["L4"] "A merge key has something else than mappings."
    "missing-key" ["S2"] "A key that must be there is missing."
    "multiple-documents" ["L6"] "The file holds several YAML documents."
    "name-clash" ["V12"] "A step and a parallel group have the same name."
    "nested-for-each" ["S34"] "The inline step of a for_each group has the name of such a group."
    "nested-parallel" ["V19"] "A parallel group lists a parallel group."
    "not-a-file" ["L2"] "The path names no regular file."
    "not-a-mapping" ["L9"] "The file holds something else than a mapping."
    "not-checked" [] "A reference could not be checked without the network."
    "optional-root-field" ["S36"] "An output field at the root is optional."
    "out-of-range" ["S5"] "A number is outside its range."
    "output-field" ["S7"] "The declaration of an output field contradicts itself."
    "output-step-may-not-run" ["V26"] "The workflow's output reads a step that may not run."
    "parallel-too-small" ["S9"] "A parallel group has fewer than two members."
    "plugin-entry" ["S16"] "An entry of `plugins` or `plugin_sources` has the wrong form."
    "plugin-part-dropped" ["V45"] "A plugin has parts that are not loaded."
    "plugin-source-not-fetched" ["V45"] "A plugin source is not on this machine."
    "plugin-source-unused" ["V45"] "No plugin comes from a declared source."
    "plugin-unusable" ["V45"] "A plugin or its source cannot be used."
    "plugins-unsupported" ["V45"] "The provider cannot load plugins."
    "provider-not-concurrent" ["V47"] "The provider takes one call at a time."
    "provider-settings" ["S23"] "The provider's settings contradict each other."
    "provider-unknown" ["V31"] "Nothing is known about the provider."
    "raw-output-with-schema" ["S21"] "Raw output is declared with fields."
    "reasoning-effort-unsupported" ["V34"] "The provider does not know the reasoning effort."
    "session-key" ["S18"] "A session key is blank or a template."
    "session-key-unsupported" ["V38"] "The provider cannot share sessions."
    "session-limit-unsupported" ["V36"] "The provider cannot limit sessions."
    "shared-session" ["V48"] "Steps that run at the same time share a session."
    "skill-discovery" ["S25"] "`skill_discovery` has duplicates or blanks."
    "skill-discovery-unsupported" ["V41"] "Skills are discovered for a provider without skills of its own."
    "skill-entry" ["S16"] "An entry of `skills` is blank or no known skill."
    "skill-injection-order" ["S24"] "The warning bound of skill injection is above the maximum."
    "skill-injection-size" ["V43"] "Skills make every prompt too large."
    "skill-missing" ["V40"] "A skill does not exist or cannot be read."
    "skill-not-checked" ["V44"] "A relative skill path could not be checked."
    "skill-outside-plugin" ["V42"] "A skill lies in no plugin and the provider needs one."
    "skill-source-empty" ["V40"] "A source of discovered skills holds none."
    "skills-unsupported" ["V39"] "The provider has no skills."
    "step-needs-key" ["S20" "V3"] "This kind of step needs a key."
    "structured-output-weak" ["V35"] "The provider only asks for structured output in the prompt."
    "sub-workflow-cycle" ["V22"] "Workflows run each other in a circle."
    "sub-workflow-depth" ["V24"] "Sub-workflows nest too deep to be checked."
    "sub-workflow-invalid" ["V23"] "A sub-workflow has errors."
    "sub-workflow-missing" ["V21"] "A sub-workflow does not exist."
    "sub-workflow-warning" ["V23" "V24"] "A sub-workflow has warnings."
    "temperature-ceiling" ["V46"] "The temperature is above the provider's ceiling."
    "timeout-not-positive" ["S17"] "A time-out is not above zero."
    "tool-allowlist-unsupported" ["V33"] "The provider cannot limit tools."
    "unanswerable-question" ["S13"] "A question has no choices and takes no text."
    "undeclared-input" ["V9" "V28" "V30"] "A workflow input is read that is not declared."
    "undeclared-tool" ["V10"] "A step lists a tool that is not declared."
    "unknown-alias" ["L4"] "An alias has no anchor."
    "unknown-entry-point" ["S30" "V1"] "The entry point names no step or group."
    "unknown-input-group" ["V8"] "An entry of `input` names no group."
    "unknown-input-step" ["V7"] "An entry of `input` names no step."
    "unknown-key" ["S1"] "A key does not exist here."
    "unknown-member" ["S32" "V13"] "A parallel group lists no step of that name."
    "unknown-output-step" ["V25" "V30"] "The workflow's output reads no step of that name."
    "unknown-route-target" ["S31" "S33" "S35" "V2" "V4" "V5" "V16"] "A route names no step or group."
    "unknown-template-step" ["V27"] "A template reads no step or group of that name."
    "working-dir-unsupported" ["V37"] "The provider cannot work in another folder."
    "wrong-type" ["S3"] "A value is of the wrong type."
    "yaml-syntax" ["L4"] "The text is no valid YAML."
    "yaml-tab" ["L7"] "A tab stands where YAML takes spaces only."
};

/// The entry of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    CODES
        .binary_search_by(|c| c.code.cmp(code))
        .ok()
        .map(|at| &CODES[at])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CODES, find};

    #[test]
    fn codes_are_sorted_and_every_rule_of_the_dialect_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
        let rules: BTreeSet<&str> = CODES.iter().flat_map(|c| c.rules).copied().collect();
        let numbered = |letter: &str, numbers: std::ops::RangeInclusive<u32>| {
            numbers.map(|n| format!("{letter}{n}")).collect::<Vec<_>>()
        };
        let mut all = numbered("L", 1..=14);
        all.extend(numbered("S", 1..=25));
        all.extend(numbered("S", 30..=36));
        all.extend(numbered("V", 1..=48));
        let missing: Vec<&String> = all.iter().filter(|r| !rules.contains(r.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(find("unknown-key").map(|c| c.rules), Some(&["S1"][..]));
    }
}
