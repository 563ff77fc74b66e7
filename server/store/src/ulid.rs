//! Ids that sort by creation time: 48 bits of milliseconds, 80 random bits,
//! Crockford's base 32 in lower case.

use fermata_engine::RunId;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 26 characters for a moment in UTC milliseconds.
#[must_use]
pub fn new_id(at: u64) -> String {
    let mut random = [0_u8; 10];
    getrandom::fill(&mut random).expect("the system always has randomness for ids");
    let mut bits = u128::from(at & 0xffff_ffff_ffff) << 80;
    for (index, byte) in random.iter().enumerate() {
        bits |= u128::from(*byte) << (8 * (9 - index));
    }
    (0..26)
        .map(|digit| ALPHABET[((bits >> (5 * (25 - digit))) & 31) as usize] as char)
        .collect()
}

/// A run id for a moment in UTC milliseconds.
#[must_use]
pub fn new_run_id(at: u64) -> RunId {
    RunId(new_id(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_26_characters_that_sort_by_time_and_never_repeat() {
        let early = new_id(1_700_000_000_000);
        let late = new_id(1_700_000_000_001);
        assert_eq!(early.len(), 26);
        assert!(early < late);
        assert_ne!(new_id(5), new_id(5));
    }
}
