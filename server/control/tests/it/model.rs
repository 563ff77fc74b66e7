//! A naive model of the start policy: a list of runs and a list of start
//! requests, each operation a few ifs. Says what the real thing must look like
//! afterwards; knows nothing of logs, locks and transactions.

use fermata_control::ChoiceAnswer;
use fermata_engine::Status;

/// What people, workers and accidents do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    Start {
        force: bool,
    },
    Choose {
        start: usize,
        answer: ChoiceAnswer,
    },
    Answer {
        run: usize,
    },
    Resume {
        run: usize,
    },
    Abandon {
        run: usize,
    },
    Stop {
        run: usize,
    },
    Tick,
    /// Three seconds pass.
    Pass,
    /// The clock jumps: forward by a day, as after a suspend, or back by an hour, as when somebody sets it.
    Jump {
        back: bool,
    },
    Worker {
        run: usize,
        deed: Deed,
    },
}

/// What a worker does, if it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Begin,
    Gate,
    Hold,
    Continue,
    Park,
    Fail,
    Complete,
    Crash,
    Obey,
}

/// What an operation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Started(usize),
    Choice,
    Refused,
    Dismissed,
    Done,
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) args: usize,
    pub(crate) status: Status,
    pub(crate) parked: bool,
    pub(crate) gate: bool,
    pub(crate) kept: bool,
    pub(crate) stopping: bool,
    pub(crate) aborting: bool,
    pub(crate) alive: bool,
    /// Queued less than two seconds ago.
    pub(crate) fresh: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Start {
    pub(crate) args: usize,
    pub(crate) prior: usize,
    pub(crate) open: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) runs: Vec<Run>,
    pub(crate) starts: Vec<Start>,
}

impl Model {
    /// Whether an operation means anything now; others are skipped.
    pub(crate) fn can(&self, op: &Op) -> bool {
        match op {
            Op::Start { .. } | Op::Pass | Op::Jump { .. } => true,
            Op::Choose { start, .. } => *start < self.starts.len(),
            // What becomes of a run that no worker ever claims has a test of its own.
            Op::Tick => !self
                .runs
                .iter()
                .any(|run| run.status == Status::Queued && !run.fresh),
            Op::Answer { run } | Op::Resume { run } | Op::Abandon { run } | Op::Stop { run } => {
                *run < self.runs.len()
            }
            Op::Worker { run, deed } => self.runs.get(*run).is_some_and(|run| run.can(*deed)),
        }
    }

    pub(crate) fn apply(&mut self, op: &Op, args: usize) -> Said {
        match *op {
            Op::Start { force } => self.start(force, args),
            Op::Choose { start, answer } => self.choose(start, answer),
            Op::Answer { run } => self.answer(run),
            Op::Resume { run } => self.resume(run),
            Op::Abandon { run } => self.runs[run].abandon(),
            Op::Stop { run } => self.runs[run].stop(),
            Op::Tick => {
                for run in &mut self.runs {
                    run.settle();
                }
                Said::Nothing
            }
            // A moment that is still to come counts as long ago.
            Op::Pass | Op::Jump { .. } => {
                for run in &mut self.runs {
                    run.fresh = false;
                }
                Said::Nothing
            }
            Op::Worker { run, deed } => {
                self.runs[run].work(deed);
                Said::Nothing
            }
        }
    }

    fn prior(&self) -> Option<usize> {
        let holds =
            |run: &Run| !run.kept && !run.status.is_final() && (run.status.is_live() || run.gate);
        self.runs
            .iter()
            .rposition(holds)
            .or(self.runs.len().checked_sub(1))
    }

    fn start(&mut self, force: bool, args: usize) -> Said {
        if let Some(prior) = self.prior() {
            self.runs[prior].settle();
        }
        if !force
            && let Some(prior) = self.prior()
            && !self.runs[prior].status.is_final()
            && !self.runs[prior].kept
        {
            self.starts.push(Start {
                args,
                prior,
                open: true,
            });
            return Said::Choice;
        }
        self.fresh(args)
    }

    fn fresh(&mut self, args: usize) -> Said {
        self.runs.push(Run {
            args,
            status: Status::Queued,
            parked: false,
            gate: false,
            kept: false,
            stopping: false,
            aborting: false,
            alive: false,
            fresh: true,
        });
        Said::Started(self.runs.len() - 1)
    }

    fn choose(&mut self, start: usize, answer: ChoiceAnswer) -> Said {
        let Start { args, prior, open } = self.starts[start].clone();
        if !open {
            return Said::Refused;
        }
        match answer {
            // Nothing runs in a worktree here, so nobody is asked about changes.
            ChoiceAnswer::WithChanges | ChoiceAnswer::FromHead => Said::Refused,
            ChoiceAnswer::Dismiss => {
                self.starts[start].open = false;
                Said::Dismissed
            }
            ChoiceAnswer::Resume => {
                self.runs[prior].settle();
                if self.runs[prior].status.is_final() {
                    return Said::Refused;
                }
                self.runs[prior].requeue();
                self.starts[start].open = false;
                Said::Started(prior)
            }
            ChoiceAnswer::AbandonAndRun => {
                self.runs[prior].abandon();
                if !self.runs[prior].status.is_final() {
                    return Said::Refused;
                }
                self.starts[start].open = false;
                self.fresh(args)
            }
            ChoiceAnswer::RunFresh => {
                self.runs[prior].kept = true;
                self.starts[start].open = false;
                self.fresh(args)
            }
        }
    }

    fn answer(&mut self, run: usize) -> Said {
        let run = &mut self.runs[run];
        run.settle();
        if !run.gate || run.status.is_final() {
            return Said::Refused;
        }
        run.gate = false;
        if run.parked {
            run.queue();
        } else {
            run.requeue();
        }
        Said::Done
    }

    fn resume(&mut self, index: usize) -> Said {
        let run = &mut self.runs[index];
        run.settle();
        match run.status {
            Status::Completed | Status::Cancelled | Status::Running => Said::Refused,
            Status::Queued if run.fresh => Said::Refused,
            Status::Queued | Status::Waiting => Said::Started(index),
            Status::Failed => {
                run.requeue();
                Said::Started(index)
            }
        }
    }
}

impl Run {
    fn queue(&mut self) {
        self.status = Status::Queued;
        self.parked = false;
        self.fresh = true;
    }

    fn requeue(&mut self) {
        if self.status == Status::Failed {
            self.queue();
        }
    }

    fn end(&mut self, status: Status) {
        self.status = status;
        self.parked = false;
        self.stopping = false;
        self.aborting = false;
        self.alive = false;
    }

    fn works(&self) -> bool {
        matches!(self.status, Status::Running | Status::Waiting) && !self.parked
    }

    /// Somebody notices that its worker is gone.
    fn settle(&mut self) {
        if !self.works() || self.alive {
            return;
        }
        if self.aborting {
            self.gate = false;
            self.end(Status::Cancelled);
        } else if self.stopping {
            self.gate = false;
            self.end(Status::Failed);
        } else {
            self.end(Status::Failed);
        }
    }

    fn abandon(&mut self) -> Said {
        if self.status.is_final() {
            return Said::Refused;
        }
        if self.alive {
            self.aborting = true;
            return Said::Refused;
        }
        self.gate = false;
        self.end(Status::Cancelled);
        Said::Done
    }

    fn stop(&mut self) -> Said {
        if !self.status.is_live() {
            return Said::Refused;
        }
        if self.alive {
            if !self.aborting {
                self.stopping = true;
            }
            return Said::Done;
        }
        self.gate = false;
        self.end(Status::Failed);
        Said::Done
    }

    fn can(&self, deed: Deed) -> bool {
        let asked = self.stopping || self.aborting;
        match deed {
            Deed::Begin => self.status == Status::Queued && !self.alive,
            Deed::Crash => self.alive,
            Deed::Obey => self.alive && asked,
            _ if asked || !self.alive => false,
            Deed::Gate | Deed::Fail | Deed::Complete => {
                self.status == Status::Running && !self.gate
            }
            Deed::Hold => self.status == Status::Running && self.gate,
            Deed::Continue => self.status == Status::Waiting && !self.gate,
            Deed::Park => self.status == Status::Waiting && self.gate,
        }
    }

    fn work(&mut self, deed: Deed) {
        match deed {
            Deed::Begin => {
                self.status = Status::Running;
                self.alive = true;
            }
            Deed::Gate => {
                self.gate = true;
                self.status = Status::Waiting;
            }
            Deed::Hold => self.status = Status::Waiting,
            Deed::Continue => self.status = Status::Running,
            Deed::Park => {
                self.parked = true;
                self.alive = false;
            }
            Deed::Fail => self.end(Status::Failed),
            Deed::Complete => self.end(Status::Completed),
            Deed::Crash => self.alive = false,
            Deed::Obey => {
                self.gate = false;
                self.end(if self.aborting {
                    Status::Cancelled
                } else {
                    Status::Failed
                });
            }
        }
    }
}
