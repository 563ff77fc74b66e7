//! What an attempt cost, by the workflow's own prices.

use serde_json::Value;

use crate::agent::Usage;

/// US dollars of a turn: as the agent says, else by `cost.pricing` of the workflow; `None` for a
/// model without a price.
pub(super) fn of(usage: &Usage, model: Option<&str>, pricing: Option<&Value>) -> Option<f64> {
    if usage.cost_usd.is_some() {
        return usage.cost_usd;
    }
    let price = pricing?.get(model?)?;
    let per = |key: &str| price.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    #[allow(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^52"
    )]
    let millions = |tokens: Option<u64>| tokens.unwrap_or(0) as f64 / 1e6;
    Some(
        millions(usage.input) * per("input_per_mtok")
            + millions(usage.output) * per("output_per_mtok")
            + millions(usage.cache_read) * per("cache_read_per_mtok")
            + millions(usage.cache_write) * per("cache_write_per_mtok"),
    )
}
