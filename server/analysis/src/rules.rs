//! The list of our rules. A rule is one file here, one page in `docs/rules/`,
//! and a folder of fixtures that fire and that do not.

mod contradictory_verdict;
mod implicit_iteration_limit;
mod loop_without_exit;
mod reviewer_loop;

use crate::rule::Rule;

/// Every rule of ours, by code.
pub const OUR_RULES: &[Rule] = &[
    contradictory_verdict::RULE,
    implicit_iteration_limit::RULE,
    loop_without_exit::RULE,
    reviewer_loop::RULE,
];
