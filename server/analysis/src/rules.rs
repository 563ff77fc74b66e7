//! The list of our rules. A rule is one file here, one page in `docs/rules/`,
//! and a folder of fixtures that fire and that do not.

mod always_true_condition;
mod blind_revision;
mod condition_names;
mod condition_syntax;
mod contradictory_verdict;
mod dead_route;
mod duplicate_step;
mod hooks_have_no_effect;
mod human_gate_in_for_each;
mod ignored_field;
mod implicit_iteration_limit;
mod iteration_limit_too_low;
mod iteration_limit_unbounded;
mod loop_without_exit;
mod missing_workflow_input;
mod no_catch_all_route;
mod retry_storm;
mod reviewer_loop;
mod route_output_dropped;
mod secret_in_workflow;
mod shell_env_eaten;
mod subworkflow_inputs;
mod template_syntax;
mod unknown_key_ignored;
mod unknown_output_field;
mod unknown_template_name;
mod unquoted_template;
mod unreachable_step;
mod unused_input;
mod unused_output;
mod yaml_1_1_word;

use crate::rule::Rule;

/// Every rule of ours, by code.
pub const OUR_RULES: &[Rule] = &[
    always_true_condition::RULE,
    blind_revision::RULE,
    condition_names::RULE,
    condition_syntax::RULE,
    contradictory_verdict::RULE,
    dead_route::RULE,
    duplicate_step::RULE,
    hooks_have_no_effect::RULE,
    human_gate_in_for_each::RULE,
    ignored_field::RULE,
    implicit_iteration_limit::RULE,
    iteration_limit_too_low::RULE,
    iteration_limit_unbounded::RULE,
    loop_without_exit::RULE,
    missing_workflow_input::RULE,
    no_catch_all_route::RULE,
    retry_storm::RULE,
    reviewer_loop::RULE,
    route_output_dropped::RULE,
    secret_in_workflow::RULE,
    shell_env_eaten::RULE,
    subworkflow_inputs::RULE,
    template_syntax::RULE,
    unknown_key_ignored::RULE,
    unknown_output_field::RULE,
    unknown_template_name::RULE,
    unquoted_template::RULE,
    unreachable_step::RULE,
    unused_input::RULE,
    unused_output::RULE,
    yaml_1_1_word::RULE,
];

/// Rules that also run on a file that does not load, because they say why.
pub(crate) const EXPLAIN_ERRORS: &[&str] = &["unquoted-template"];
