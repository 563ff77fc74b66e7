//! Inputs that are stored as references (`env:NAME`, `file:PATH`): read again
//! by every worker, never written.

use std::path::Path;

use fermata_engine::RunState;
use fermata_workflow::World;
use indexmap::IndexMap;
use serde_json::Value;

use crate::mask::is_secret_name;

/// The values behind the references among a run's inputs.
///
/// # Errors
/// A sentence that names the reference which leads nowhere.
pub(crate) fn read(
    state: &RunState,
    world: &dyn World,
    cwd: &Path,
) -> Result<IndexMap<String, String>, String> {
    let mut values = IndexMap::new();
    for (name, value) in &state.request.inputs {
        let Value::String(reference) = value else {
            continue;
        };
        if !is_secret_name(name) {
            continue;
        }
        let found = match reference.split_once(':') {
            Some(("env", variable)) => world.env(variable).ok_or_else(|| {
                format!("the input `{name}` is read from the variable {variable}, which is not set here: set it and resume")
            })?,
            Some(("file", path)) => {
                let path = cwd.join(path);
                let bytes = world.read(&path).map_err(|error| {
                    format!("the input `{name}` is read from {}: {error}", path.display())
                })?;
                String::from_utf8_lossy(&bytes).trim_end().to_owned()
            }
            _ => continue,
        };
        values.insert(reference.clone(), found);
    }
    Ok(values)
}
