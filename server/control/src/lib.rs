//! The one door for every surface: start, choose, answer, resume, abandon, stop, tail, and spawning a worker.
