//! Trust: which repositories the user allows runs in. Kept in the user's
//! store, per repository root; nothing in a repository can grant it.

use std::path::Path;

use fermata_store::Trust;

use crate::control::{Control, shown};
use crate::error::ControlError;
use crate::scope::root_of;

impl Control {
    /// Remembers that the user trusts the repository of a folder, or no longer does.
    ///
    /// # Errors
    /// [`ControlError::Io`] when there is no such folder, [`ControlError::Store`].
    pub fn trust(&self, root: &Path, trusted: bool) -> Result<(), ControlError> {
        let root = canonical(root)?;
        let root = shown(&root_of(&root));
        let record = trusted.then(|| Trust {
            root: root.clone(),
            at: self.now(),
            actor: self.actor(),
        });
        Ok(self.store().set_trust(&root, record)?)
    }

    /// Whether the user trusts the repository that a file or folder lies in. A store that cannot tell says no.
    #[must_use]
    pub fn is_trusted(&self, path: &Path) -> bool {
        let Ok(path) = canonical(path) else {
            return false;
        };
        matches!(self.store().trust(&shown(&root_of(&path))), Ok(Some(_)))
    }
}

pub(crate) fn canonical(path: &Path) -> Result<std::path::PathBuf, ControlError> {
    path.canonicalize().map_err(|error| ControlError::Io {
        path: shown(path),
        message: error.to_string(),
    })
}
