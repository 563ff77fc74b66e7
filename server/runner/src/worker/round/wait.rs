//! What a worker waits for when nothing follows by itself.

use std::time::Duration;

use fermata_engine::schedule;
use tokio::time::Instant;

use super::Round;
use crate::task::Report;
use crate::worker::WorkerError;

/// Wall deadlines are looked at again at least this often, so that suspend does not stretch them.
const RECHECK: Duration = Duration::from_secs(30);

/// Why waiting ended.
pub(super) enum Why {
    /// A task has something to say.
    Report(Box<Report>),
    /// Somebody else may have appended.
    Woken,
    /// Time has passed, or something has come in.
    Look,
    Flush,
    Settled,
    Park,
}

impl Round {
    /// Waits until there may be something to decide, taking in what only has to be noted.
    pub(super) async fn wait_for_work(
        &mut self,
        flush_at: Instant,
        park_at: Option<Instant>,
    ) -> Result<Why, WorkerError> {
        loop {
            match self.wait(flush_at, park_at).await {
                Why::Report(report) => {
                    let mut more = self.take(*report)?;
                    while let Ok(report) = self.inbox.try_recv() {
                        more |= self.take(report)?;
                    }
                    if more {
                        // What a result has set free starts before anything else is looked at.
                        self.carry_out();
                        return Ok(Why::Look);
                    }
                }
                // A hint, and often only of what this worker wrote.
                Why::Woken if !self.ledger.catch_up()? => {}
                why => return Ok(why),
            }
        }
    }

    async fn wait(&mut self, flush_at: Instant, park_at: Option<Instant>) -> Why {
        let now = self.around.clock.now();
        let timer = schedule::next_deadline(&self.ledger.state, &self.definition)
            .map_or(RECHECK, |at| until(at, now))
            .min(RECHECK)
            .min(self.around.poll);
        let flush_at = (!self.looking.is_empty()).then_some(flush_at);
        let settled_at = self.begun.next();
        let at = async |moment: Option<Instant>| match moment {
            Some(moment) => tokio::time::sleep_until(moment).await,
            None => std::future::pending().await,
        };
        tokio::select! {
            biased;
            Some(report) = self.inbox.recv() => Why::Report(Box::new(report)),
            () = self.woken.notified() => Why::Woken,
            () = at(settled_at) => Why::Settled,
            () = at(flush_at) => Why::Flush,
            () = at(park_at) => Why::Park,
            () = tokio::time::sleep(timer) => Why::Look,
        }
    }
}

/// Time until a deadline; a passed one whose consequences are under way is looked at again soon.
fn until(at: u64, now: u64) -> Duration {
    const AGAIN: Duration = Duration::from_millis(50);
    match at.checked_sub(now) {
        Some(ms @ 1..) => Duration::from_millis(ms),
        Some(0) | None => AGAIN,
    }
}
