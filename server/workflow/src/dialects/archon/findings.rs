//! Collects what is wrong, and beside it what the dialect's own tool would have reported: of the file and of the graph
//! the first problem only, all problems of nodes together, warnings only for what loads. Knows no rule.

use crate::diagnostic::{Diagnostic, Severity};

/// Diagnostics by stage.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Diagnostic>,
    file: Option<&'static str>,
    nodes: Vec<&'static str>,
    graph: Option<&'static str>,
    project: Option<&'static str>,
    resources: Vec<&'static str>,
    warnings: Vec<&'static str>,
    mentions: Vec<String>,
}

/// Why a file does not load by itself: the first problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// The node, if one is meant.
    pub node: Option<String>,
    /// Names in the message.
    pub mentions: Vec<String>,
}

impl Findings {
    /// A rule about the file as a whole.
    pub(super) fn file(&mut self, diagnostic: Diagnostic) {
        self.file = self.file.or(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// A rule about one node by itself.
    pub(super) fn node(&mut self, diagnostic: Diagnostic) {
        self.nodes.extend(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// A rule about nodes together, or about settings that name nodes.
    pub(super) fn graph(&mut self, diagnostic: Diagnostic) {
        self.graph = self.graph.or(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// As [`Findings::graph`], with the names that the message is about.
    pub(super) fn graph_about(&mut self, diagnostic: Diagnostic, mentions: &[String]) {
        if self.graph.is_none() {
            self.mentions = mentions.to_vec();
        }
        self.graph(diagnostic);
    }

    /// A rule about the file among others: names, includes, the graph after includes.
    pub(super) fn project(&mut self, diagnostic: Diagnostic) {
        self.project = self.project.or(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// A rule about what the workflow needs on the machine.
    pub(super) fn resource(&mut self, diagnostic: Diagnostic) {
        let list = if diagnostic.severity == Severity::Error {
            &mut self.resources
        } else {
            &mut self.warnings
        };
        list.extend(diagnostic.upstream);
        // A setting of the workflow is wrong once, however many nodes have it from there.
        let said = |d: &Diagnostic| {
            (d.code, d.loc, &d.message, &d.related)
                == (
                    diagnostic.code,
                    diagnostic.loc,
                    &diagnostic.message,
                    &diagnostic.related,
                )
        };
        if !self.all.iter().any(said) {
            self.all.push(diagnostic);
        }
    }

    /// A warning that the dialect shows for a file that loads.
    pub(super) fn warning(&mut self, diagnostic: Diagnostic) {
        self.warnings.extend(diagnostic.upstream);
        self.all.push(diagnostic);
    }

    /// What the dialect only logs, and what is ours.
    pub(super) fn ours(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// Whether the file by itself loads.
    pub(super) fn loads(&self) -> bool {
        self.file.is_none() && self.nodes.is_empty() && self.graph.is_none()
    }

    /// Whether the file and its nodes are sound, so that the graph can be looked at.
    pub(super) fn nodes_passed(&self) -> bool {
        self.file.is_none() && self.nodes.is_empty()
    }

    /// What keeps the file from loading.
    pub(super) fn first_refusal(&self) -> Option<Refusal> {
        let rule = self.file.or(self.nodes.first().copied()).or(self.graph)?;
        let first = self.all.iter().find(|d| d.upstream == Some(rule))?;
        let mentions = self.mentions.clone();
        Some(Refusal {
            rule,
            name: first.code,
            node: first.step.clone(),
            mentions,
        })
    }

    /// Whether the project takes the file too.
    pub(super) fn project_passed(&self) -> bool {
        self.loads() && self.project.is_none()
    }

    /// Everything found in file order, and the rules that the dialect's tool would have named, sorted.
    pub(super) fn finish(self) -> (Vec<Diagnostic>, Vec<&'static str>) {
        let first = |rule: Option<&'static str>| rule.map(|r| vec![r]);
        let mut agreed = first(self.file)
            .or_else(|| (!self.nodes.is_empty()).then_some(self.nodes))
            .or_else(|| first(self.graph))
            .or_else(|| first(self.project))
            .unwrap_or_else(|| self.resources.into_iter().chain(self.warnings).collect());
        agreed.sort_unstable();
        agreed.dedup();
        let mut all = self.all;
        all.sort_by_key(|d| (d.loc.file, d.loc.span.start(), d.severity));
        (all, agreed)
    }
}
