//! Step `conformance`: integration tests `conformance*`, against the recorded
//! verdicts and runs of the dialects' own tools. The data is no part of the
//! project and may be absent.

use anyhow::Result;

use super::rust;
use crate::test::Session;

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    if rust::corpus(session).is_none() {
        session.skip(
            "no conformance data: FERMATA_CORPUS is not set to a folder, \
             and there is none at ../shared/corpus",
        );
        return Ok(());
    }
    rust::run_own_step(session, "conformance")
}
