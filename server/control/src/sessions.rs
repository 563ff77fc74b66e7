//! Sessions of agents that runs keep for the next run (`persist_session`):
//! forgetting them. They are kept and looked up by workers.

use std::path::{Path, PathBuf};

use crate::control::Control;
use crate::error::ControlError;
use crate::scope::{Scope, root_of};

impl Control {
    /// Forgets the sessions that runs in the repository around a folder have kept; how many there were. Their agents
    /// still have them; the next runs begin new ones.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn forget_sessions(&self, folder: &Path) -> Result<usize, ControlError> {
        let folder = folder
            .canonicalize()
            .unwrap_or_else(|_| folder.to_path_buf());
        let around = Scope {
            root: root_of(&folder),
            workflow: PathBuf::new(),
            conversation: None,
        };
        Ok(self.store().forget_sessions(&around.key())?)
    }
}
