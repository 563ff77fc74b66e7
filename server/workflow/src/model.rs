//! The typed workflow model: what every rule, editor feature and engine reads.
//!
//! Optional parts are `Option`, defaults of the dialect are applied by
//! accessors, so that "was it written?" can always be answered. Maps keep the
//! file's order. Steps of all kinds, groups included, are in one list.

use indexmap::IndexMap;
use serde_json::Value;

use crate::source::{Loc, Placed, Text};

mod archon;
mod kinds;
mod settings;

pub use archon::*;
pub use kinds::*;
pub use settings::*;

/// The language a workflow file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// microsoft/conductor: routes between steps, an iteration limit.
    Conductor,
    /// coleam00/Archon: a DAG of nodes by `depends_on`.
    Archon,
}

impl Dialect {
    /// The name used in files, on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conductor => "conductor",
            Self::Archon => "archon",
        }
    }
}

/// A step's name as the dialect compares it: exactly, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepName(pub String);

impl StepName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StepName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One workflow, lowered. Only what loads without errors is complete: a file
/// with errors still lowers as far as it can, for the editor.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The dialect it was lowered from.
    pub dialect: Dialect,
    /// `workflow.name` / `name`.
    pub name: Text,
    /// Free text.
    pub description: Option<Text>,
    /// Conductor `workflow.version`.
    pub version: Option<Text>,
    /// Conductor `workflow.entry_point`; Archon has none (roots are the nodes without `depends_on`).
    pub entry: Option<Text>,
    /// Declared inputs in file order.
    pub inputs: IndexMap<String, Input>,
    /// Context mode and trimming (Conductor).
    pub context: ContextSettings,
    /// Iteration limit, time-out and budget.
    pub limits: Limits,
    /// What agents run with by default.
    pub runtime: Runtime,
    /// Top-level `tools` (Conductor).
    pub tools: Vec<Text>,
    /// `workflow.instructions`, included text resolved.
    pub instructions: Vec<Text>,
    /// Hook templates by name: `on_start`, `on_complete`, `on_error`.
    pub hooks: IndexMap<String, Text>,
    /// Free metadata as data.
    pub metadata: Value,
    /// Every step in file order: for Conductor `agents`, then `parallel`, then `for_each`; for Archon `nodes` after include expansion.
    pub steps: Vec<Step>,
    /// Conductor's final `output` templates in file order.
    pub output: IndexMap<String, Text>,
    /// What only Archon workflows have.
    pub archon: Option<ArchonSettings>,
    /// The whole document (or the key that names the workflow), for diagnostics about the file.
    pub loc: Loc,
}

impl Workflow {
    /// The first step of that name (duplicates: the first wins at run time, specs/conductor.md 13.24).
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.name.as_str() == name)
    }
}

/// One step: an entry of `agents`, `parallel` or `for_each`, or an Archon node.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name, where it is written.
    pub name: Text,
    /// Free text.
    pub description: Option<Text>,
    /// The whole entry.
    pub loc: Loc,
    /// What it does.
    pub kind: StepKind,
    /// Where it goes next, in order, first match wins (Conductor).
    pub routes: Vec<Route>,
    /// `input` references (Conductor explicit mode).
    pub input: Vec<Text>,
    /// Declared output fields.
    pub output: Option<IndexMap<String, OutputField>>,
    /// Joins, conditions and the like (Archon nodes only).
    pub node: Option<NodeSettings>,
    /// Keys that the dialect accepts on this kind of step and then ignores: key and its place.
    pub ignored: Vec<Placed<&'static str>>,
}

/// An edge out of a step.
#[derive(Debug, Clone)]
pub struct Route {
    /// Target step, or `$end`.
    pub to: Text,
    /// Condition; always taken when absent.
    pub when: Option<Text>,
    /// Output templates, used only when the target is `$end`.
    pub output: IndexMap<String, Text>,
    /// The whole entry.
    pub loc: Loc,
}

/// The target that ends a Conductor workflow.
pub const END: &str = "$end";

/// A declared workflow input.
#[derive(Debug, Clone)]
pub struct Input {
    /// The key.
    pub name: Text,
    /// Declared type; Archon inputs have none.
    pub ty: Option<ValueType>,
    /// Whether a value must be given (Conductor default: true).
    pub required: bool,
    /// The default; JSON null counts as "no default" for Conductor.
    pub default: Option<Placed<Value>>,
    /// Free text.
    pub description: Option<Text>,
    /// The whole entry.
    pub loc: Loc,
}

/// The value types of inputs and output fields. There is no integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ValueType {
    String,
    Number,
    Boolean,
    Array,
    Object,
}

/// A declared output field (specs/conductor.md 1.4, OutputField).
#[derive(Debug, Clone)]
pub struct OutputField {
    /// Declared type.
    pub ty: ValueType,
    /// Free text.
    pub description: Option<Text>,
    /// False when the field may be missing.
    pub required: bool,
    /// Whether null is accepted.
    pub nullable: bool,
    /// The definition as data, exactly as written, for `expr::schema`.
    pub definition: Value,
    /// Fields of an object.
    pub properties: IndexMap<String, OutputField>,
    /// Element of an array.
    pub items: Option<Box<OutputField>>,
    /// The key.
    pub loc: Loc,
}
