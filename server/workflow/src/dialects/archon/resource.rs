//! What a workflow needs on the machine (R69 to R78): models, commands, scripts, servers, skills, and what its providers
//! can do. On the graph after includes; a finding about an included node stands at the include.

use std::path::Path;

use serde_json::Value;

use super::authors::{Author, Authors};
use super::expand::Graph;
use super::findings::Findings;
use super::project::Project;
use super::{providers, structure};
use crate::data::Map;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;
use crate::world::World;

mod capabilities;
mod commands;
mod models;
mod scripts;
mod servers;
mod shell;
mod skills;
mod targets;

/// What the rules look at.
pub(super) struct Needs<'n> {
    pub(super) world: &'n dyn World,
    pub(super) project: &'n Project<'n>,
    pub(super) path: &'n Path,
    pub(super) map: &'n Map,
    pub(super) authors: &'n Authors<'n>,
    pub(super) graph: &'n Graph,
}

/// A node with the groups around it.
pub(super) struct Located<'n> {
    pub(super) node: &'n Value,
    pub(super) chain: String,
}

impl Located<'_> {
    pub(super) fn id(&self) -> &str {
        structure::id(self.node)
    }

    /// Whether an agent works here in one turn.
    pub(super) fn is_agent(&self) -> bool {
        structure::text(self.node, "kind") == "agent"
    }
}

impl Needs<'_> {
    /// The provider a node is looked at for: that of the alias or tier it names as a model, else its own or its
    /// workflow's.
    pub(super) fn provider<'l>(&'l self, node: &Located<'l>) -> &'l str {
        let text = |key: &str| node.node.get(key).and_then(Value::as_str);
        let config = &self.project.config;
        let by_model = text("model").and_then(|m| config.provider_of(m));
        let usual = || config.assistant.as_deref();
        by_model
            .or_else(|| text("provider"))
            .or_else(usual)
            .unwrap_or(providers::DEFAULT)
    }

    /// The place of a field of a node, or of the setting or include that it comes from.
    pub(super) fn loc(&self, node: &Located<'_>, field: &str) -> Loc {
        let author = self.authors.of(&node.chain);
        let top = field.split('.').next().unwrap_or(field);
        let start = self.map.entries.first().map(|f| f.key.loc);
        let own = |a: &Author<'_>| {
            field.is_empty() || a.datum.map().is_some_and(|m| m.get(top).is_some())
        };
        if let Some(author) = author.as_ref().filter(|a| own(a)) {
            return author.place(field);
        }
        // What a node does not say itself it has from its workflow.
        let setting = author.as_ref().and_then(|a| a.setting(top));
        let through = author.and_then(|a| a.through.first().copied());
        setting.or(through).or(start).unwrap_or(Loc {
            file: crate::source::FileId::ROOT,
            span: fermata_syntax::Span::empty(fermata_syntax::Offset::new(0)),
        })
    }

    /// Reports about a field of a node.
    pub(super) fn report(
        &self,
        findings: &mut Findings,
        severity: Severity,
        (rule, name): (&'static str, &'static str),
        node: &Located<'_>,
        field: &str,
        message: String,
    ) {
        self.report_at(
            findings,
            severity,
            (rule, name),
            node,
            (field, self.loc(node, field)),
            message,
        );
    }

    /// Reports about a place of a field of a node.
    pub(super) fn report_at(
        &self,
        findings: &mut Findings,
        severity: Severity,
        (rule, name): (&'static str, &'static str),
        node: &Located<'_>,
        (field, loc): (&str, Loc),
        message: String,
    ) {
        let mut diagnostic = Diagnostic::new(name, severity, loc, message)
            .upstream(rule)
            .step(node.id());
        if let Some(author) = self.authors.of(&node.chain) {
            diagnostic = author.included(diagnostic);
        }
        diagnostic.path = Some(field.to_owned());
        findings.resource(diagnostic);
    }
}

/// Checks a graph that loads.
pub(super) fn check(needs: &Needs<'_>, findings: &mut Findings) {
    if needs.project.config.malformed {
        let loc = needs.map.get("name").map(|d| d.loc);
        if let Some(loc) = loc {
            let message = "`tiers` and `aliases` in .archon/config.yaml must be maps";
            findings.resource(
                Diagnostic::new("bad-model-config", Severity::Error, loc, message).upstream("R69"),
            );
        }
    }
    let mut nodes = Vec::new();
    collect(&needs.graph.nodes, "", &mut nodes);
    for node in &nodes {
        models::check(needs, node, findings);
        commands::check(needs, node, findings);
        servers::check(needs, node, findings);
        skills::check(needs, node, findings);
        capabilities::check(needs, node, findings);
        scripts::check(needs, node, findings);
        targets::check(needs, node, findings);
        shell::check(needs, node, findings);
    }
}

fn collect<'n>(nodes: &'n [Value], prefix: &str, all: &mut Vec<Located<'n>>) {
    for node in nodes {
        let chain = format!("{prefix}{}", structure::id(node));
        if let Some(body) = structure::body(node) {
            collect(body, &format!("{chain}/"), all);
        }
        all.push(Located { node, chain });
    }
}
