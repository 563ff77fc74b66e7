//! The pure state machine of a run: fold(state, event) and next(state) to commands. No I/O, no clock.
