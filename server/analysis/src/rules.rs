//! The list of our rules. A rule is one file here, one page in `docs/rules/`,
//! and a folder of fixtures that fire and that do not.

mod always_true_condition;
mod blind_revision;
mod completion_signal_shared;
mod completion_signal_suffix;
mod completion_signal_unmentioned;
mod condition_names;
mod condition_syntax;
mod contradictory_verdict;
mod dead_route;
mod duplicate_step;
mod feedback_not_carried;
mod hooks_have_no_effect;
mod human_gate_in_for_each;
mod ignored_field;
mod implicit_iteration_limit;
mod input_in_shell;
mod iteration_limit_too_low;
mod iteration_limit_unbounded;
mod loop_without_exit;
mod missing_template;
mod missing_workflow_input;
mod no_catch_all_route;
mod not_upstream;
mod quoted_node_ref;
mod retry_storm;
mod reviewer_loop;
mod route_output_dropped;
mod secret_in_workflow;
mod shell_env_eaten;
mod subworkflow_inputs;
mod subworkflow_target;
mod template_syntax;
mod unknown_body_provider;
mod unknown_input;
mod unknown_key_ignored;
mod unknown_output_field;
mod unknown_template_name;
mod unquoted_template;
mod unreachable_step;
mod unread_decision;
mod unreferenceable_id;
mod unused_input;
mod unused_output;
mod when_unparseable;
mod yaml_1_1_word;

use crate::rule::Rule;

/// Every rule of ours, by code.
pub const OUR_RULES: &[Rule] = &[
    always_true_condition::RULE,
    blind_revision::RULE,
    completion_signal_shared::RULE,
    completion_signal_suffix::RULE,
    completion_signal_unmentioned::RULE,
    condition_names::RULE,
    condition_syntax::RULE,
    contradictory_verdict::RULE,
    dead_route::RULE,
    duplicate_step::RULE,
    feedback_not_carried::RULE,
    hooks_have_no_effect::RULE,
    human_gate_in_for_each::RULE,
    ignored_field::RULE,
    implicit_iteration_limit::RULE,
    input_in_shell::RULE,
    iteration_limit_too_low::RULE,
    iteration_limit_unbounded::RULE,
    loop_without_exit::RULE,
    missing_template::RULE,
    missing_workflow_input::RULE,
    no_catch_all_route::RULE,
    not_upstream::RULE,
    quoted_node_ref::RULE,
    retry_storm::RULE,
    reviewer_loop::RULE,
    route_output_dropped::RULE,
    secret_in_workflow::RULE,
    shell_env_eaten::RULE,
    subworkflow_inputs::RULE,
    subworkflow_target::RULE,
    template_syntax::RULE,
    unknown_body_provider::RULE,
    unknown_input::RULE,
    unknown_key_ignored::RULE,
    unknown_output_field::RULE,
    unknown_template_name::RULE,
    unquoted_template::RULE,
    unreachable_step::RULE,
    unread_decision::RULE,
    unreferenceable_id::RULE,
    unused_input::RULE,
    unused_output::RULE,
    when_unparseable::RULE,
    yaml_1_1_word::RULE,
];

/// Rules that also run on a file that does not load, because they say why.
pub(crate) const EXPLAIN_ERRORS: &[&str] = &["unquoted-template"];
