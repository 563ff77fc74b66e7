//! Step `reliability`: integration tests `reliability*`, which kill workers
//! and race surfaces against each other. A step of its own, so that nothing
//! else competes for the two cores while they wait on processes.

use anyhow::Result;

use super::rust;
use crate::test::Session;

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    rust::run_own_step(session, "reliability")
}
