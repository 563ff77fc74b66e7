//! Guidance that people gave while the run went on: taken up by the next step
//! of the root workflow and carried by every prompt after it.

use crate::event::EventBody;
use crate::ids::StepPath;

use super::Turn;

/// What follows the prompt, if there is guidance.
pub(crate) fn section(texts: &[String]) -> Option<String> {
    if texts.is_empty() {
        return None;
    }
    let mut section = String::from(
        "\n\n[User Guidance]\nWhile this workflow ran, its user added the following. Take it into account:",
    );
    for text in texts {
        section.push_str("\n- ");
        section.push_str(text);
    }
    Some(section)
}

impl Turn<'_> {
    /// Takes up queued guidance before a step of the root workflow.
    pub(crate) fn take_guidance(&mut self, path: &StepPath, step: &str) {
        let texts = self.draft.state.guidance.len() as u64;
        if texts > 0 && self.draft.state.frame_of(path).is_root() {
            self.draft.emit(
                path,
                EventBody::GuidanceApplied {
                    step: step.to_owned(),
                    texts,
                },
            );
        }
    }
}
