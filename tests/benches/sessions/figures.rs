//! Percentiles, and one line for a number and its aim. Measures nothing.

use std::time::Duration;

/// Samples of one thing, in the order they were taken.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest sample that `percent` of all do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted[at]
    }
}

/// Milliseconds with a decimal.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// `what: value`, and whether the aim is met where there is one.
pub(crate) fn line(what: &str, value: &str, aim: Option<(&str, bool)>) {
    let aim = aim.map_or_else(String::new, |(aim, met)| {
        format!("   aim {aim}: {}", if met { "met" } else { "MISSED" })
    });
    println!("  {what:<44} {value}{aim}");
}
