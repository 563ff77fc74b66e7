//! Workflow files for the surfaces that do not link the analysis: the panel's
//! server and the MCP server see what the verbs `check` and `graph` print.

use std::path::{Path, PathBuf};

use fermata_serve::Workflows;
use fermata_store::OsWorld;
use fermata_workflow::loader;
use serde_json::Value;

use crate::verbs::check;
use crate::{discover, report, source};

/// Workflow files as they are seen from a folder.
pub(crate) struct Here {
    pub(crate) folder: PathBuf,
}

impl Workflows for Here {
    fn locate(&self, name: &str) -> Result<PathBuf, String> {
        let name = Path::new(name);
        let file = discover::locate(name, &self.folder).map_err(|usage| usage.to_string())?;
        source::readable(&file, name).map_err(|usage| usage.to_string())?;
        Ok(file)
    }

    fn check(&self, file: &Path, text: Option<&str>) -> Result<Value, String> {
        let world = match text {
            Some(text) => OsWorld::with_overlay([(file.to_path_buf(), text.as_bytes().to_vec())]),
            None => OsWorld::new(),
        };
        let shown = file.strip_prefix(&self.folder).unwrap_or(file);
        let checked = check::one(&world, file, shown.to_path_buf(), None)
            .map_err(|usage| usage.to_string())?;
        Ok(report::json::document(&[checked]))
    }

    fn list(&self) -> Vec<(String, PathBuf)> {
        discover::named_below(&self.folder)
    }

    fn graph(&self, file: &Path) -> Option<Value> {
        source::readable(file, file).ok()?;
        let loaded = loader::load(&OsWorld::new(), file);
        loaded.workflow.as_ref()?;
        Some(fermata_ide::graph(&loaded).to_json())
    }
}
