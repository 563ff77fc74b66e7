//! "Did you mean", with its fix.

use fermata_workflow::nearest::nearest;
use fermata_workflow::{Diagnostic, Edit};

/// Adds the nearest of the names to the message, and a fix where the text
/// stands in the file as it is read.
pub(crate) fn name<'n>(
    mut diagnostic: Diagnostic,
    wrong: &str,
    names: impl IntoIterator<Item = &'n str>,
    exact: bool,
) -> Diagnostic {
    if let Some(best) = nearest(wrong, names) {
        diagnostic
            .message
            .push_str(&format!("; did you mean `{best}`?"));
        if exact {
            let edit = Edit {
                span: diagnostic.loc.span,
                text: best.to_owned(),
            };
            diagnostic = diagnostic.fix(format!("Change to `{best}`"), vec![edit]);
        }
    }
    diagnostic
}
