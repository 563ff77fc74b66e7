//! Where a run of an Archon workflow is set: folders and limits that texts and
//! processes see. Comes from whoever carries the run out; nothing is read here.

/// Folders, programs and limits of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `$ARTIFACTS_DIR`, absolute.
    pub artifacts: String,
    /// `$STATE_DIR`, absolute; kept between runs of the project.
    pub state: Option<String>,
    /// `$LOG_DIR`, absolute.
    pub logs: String,
    /// `$BASE_BRANCH`; empty when unknown.
    pub base_branch: String,
    /// `$DOCS_DIR`; empty for its default.
    pub docs: String,
    /// The shell of `bash:` nodes.
    pub bash: String,
    /// How many processes and turns may be open at once, from 1.
    pub width: usize,
}

impl Setting {
    /// Open at once where nobody says otherwise.
    pub const WIDTH: usize = 16;
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            artifacts: String::new(),
            state: None,
            logs: String::new(),
            base_branch: String::new(),
            docs: String::new(),
            bash: "bash".to_owned(),
            width: Self::WIDTH,
        }
    }
}
