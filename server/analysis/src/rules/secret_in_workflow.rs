//! `secret-in-workflow`: a key or a token is written into the file.

use fermata_syntax::{Node, Scalar};
use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Dialect, Loc, Severity, Workflow};

use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "secret-in-workflow",
    dialects: BOTH,
    check,
};

/// How well-known tokens begin, and how long the rest is at least.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk-", 32),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("github_pat_", 30),
    ("glpat-", 18),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 16),
    ("AIza", 30),
    ("hf_", 30),
];
/// Keys whose values are secrets.
const KEYS: &[&str] = &[
    "api_key",
    "bearer_token",
    "auth_token",
    "runtime_token",
    "authorization",
];
/// Words that only a placeholder has.
const PLACEHOLDERS: &[&str] = &[
    "your",
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "xxxx",
    "dummy",
    "not-needed",
    "unused",
    "none",
    "test",
    "local",
    "fake",
    "redacted",
    "...",
    "<",
];

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let advice = if workflow.dialect == Dialect::Archon {
        "put it in the environment, where shells and scripts find it as `$NAME`"
    } else {
        "put it in the environment and write `${NAME}`"
    };
    for (file, source) in loaded.sources.iter().filter(|(_, s)| !s.raw) {
        for node in source.tree.nodes() {
            let Some(scalar) = node.as_scalar().filter(|_| node.resolved() == node) else {
                continue;
            };
            let Some((range, what)) = secret(node, scalar) else {
                continue;
            };
            let loc = Loc {
                file,
                span: scalar.source_span(range),
            };
            let message = format!(
                "{what} is written into the workflow, where everyone who reads the file has it; {advice}"
            );
            report.add(Diagnostic::new(RULE.code, Severity::Warning, loc, message));
        }
    }
}

/// The bytes of the value that are a secret, and a word for it.
fn secret(node: Node<'_>, scalar: Scalar<'_>) -> Option<(std::ops::Range<usize>, &'static str)> {
    let value = scalar.value();
    if let Some(at) = value.find("-----BEGIN ").filter(|at| {
        value[*at..]
            .lines()
            .next()
            .is_some_and(|l| l.contains("PRIVATE KEY-----"))
    }) {
        let end = value[at..].find('\n').map_or(value.len(), |n| at + n);
        return Some((at..end, "A private key"));
    }
    for (prefix, least) in PREFIXES {
        for (at, _) in value.match_indices(prefix) {
            let fresh = value[..at]
                .chars()
                .next_back()
                .is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            let rest = &value[at + prefix.len()..];
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
                .unwrap_or(rest.len());
            let end = at + prefix.len() + length;
            if fresh && length >= *least && random(&value[at..end]) {
                return Some((at..end, "A token"));
            }
        }
    }
    let key = node
        .parent()?
        .as_mapping()?
        .entries()
        .find(|e| e.value == node)?
        .key_text()?
        .to_lowercase();
    let bare = value.strip_prefix("Bearer ").unwrap_or(value);
    let literal =
        !value.contains("${") && !value.contains("{{") && !bare.contains(char::is_whitespace);
    let named = KEYS.contains(&key.as_str())
        || key.ends_with("_api_key")
        || key.ends_with("_token")
        || key.ends_with("_secret")
        || key.ends_with("_password");
    (named && literal && bare.len() >= 16 && random(bare)).then_some((0..value.len(), "A secret"))
}

/// Whether a text looks drawn by lot: letters and digits mixed, and nothing that a placeholder says.
fn random(text: &str) -> bool {
    let lower = text.to_lowercase();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let mut kinds: Vec<char> = lower.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    digits >= 2
        && letters >= 4
        && kinds.len() >= 8
        && !PLACEHOLDERS.iter().any(|p| lower.contains(p))
}
