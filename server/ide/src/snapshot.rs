//! What a feature is asked about: one checked document with what is known of its runs.

use std::sync::Arc;

use fermata_syntax::Tree;
use fermata_workflow::flow::Flow;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Diagnostic, FileId, Loaded, Step, StepKind, Workflow};

use crate::facts::RunFacts;

/// One version of a document, checked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The document and what it includes.
    pub loaded: Arc<Loaded>,
    /// What is wrong with it, ours included, by place.
    pub diagnostics: Arc<Vec<Diagnostic>>,
    /// What is known of its runs.
    pub facts: Arc<RunFacts>,
}

impl Snapshot {
    /// The document's own tree; `None` only when nothing was loaded.
    #[must_use]
    pub fn tree(&self) -> Option<&Tree> {
        self.loaded
            .sources
            .get(FileId::ROOT)
            .map(|source| &source.tree)
    }

    /// The model, as complete as the text allows.
    #[must_use]
    pub fn workflow(&self) -> Option<&Workflow> {
        self.loaded.workflow.as_ref()
    }

    /// The steps that are written in the document itself, with their indices.
    pub(crate) fn own_steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        let steps = self.workflow().map_or(&[][..], |workflow| &workflow.steps);
        steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.loc.file == FileId::ROOT)
    }

    /// The step of this name that is written in the document, bodies of groups included.
    pub(crate) fn own_step(&self, name: &str) -> Option<&Step> {
        fn find<'s>(steps: &'s [Step], name: &str) -> Option<&'s Step> {
            steps.iter().find_map(|step| {
                if step.name.trim() == name {
                    return Some(step);
                }
                match &step.kind {
                    StepKind::Archon(kind) => match kind.as_ref() {
                        ArchonKind::LoopGroup { nodes, .. } => find(nodes, name),
                        _ => None,
                    },
                    _ => None,
                }
            })
        }
        // Events name a node of a body behind its group.
        let name = name.rsplit(['.', '/']).next().unwrap_or(name);
        find(&self.workflow()?.steps, name).filter(|step| step.loc.file == FileId::ROOT)
    }

    /// The route graph.
    pub(crate) fn flow(&self) -> Option<Flow> {
        self.workflow().map(Flow::new)
    }
}
