//! What happens to the workers of a run.

use crate::dice::Dice;
use crate::story::Harm;

/// A way to harm a run.
#[derive(Debug, Clone)]
pub(crate) enum Harms {
    /// A worker dies after this commit.
    Once(usize),
    /// One dies so many commits after the one before it, each a little later.
    Every { gap: usize, last: usize },
    /// Some die, some park.
    Some { dice: Dice, left: usize },
    /// Every worker parks where it can.
    Parks,
}

/// How often workers of one run may die at random.
const MOST: usize = 40;

/// All that happens to a run of so many commits: it is cheap to be thorough with a short one.
pub(crate) fn all(dice: &mut Dice, commits: usize) -> Vec<Harms> {
    let mut harms: Vec<Harms> = (1..=commits).map(Harms::Once).collect();
    while harms.len() > 30 {
        let at = dice.below(harms.len());
        harms.swap_remove(at);
    }
    harms.push(Harms::Parks);
    harms.extend((1..5).map(|gap| Harms::Every { gap, last: 0 }));
    for _ in 0..6 {
        harms.push(Harms::Some {
            dice: Dice::new(dice.next()),
            left: MOST,
        });
    }
    harms
}

impl Harm for Harms {
    fn kills(&mut self, commit: usize) -> bool {
        match self {
            Self::Once(at) => *at == commit,
            Self::Every { gap, last } => {
                let kills = commit >= *last + *gap;
                if kills {
                    *last = commit;
                    *gap += 1;
                }
                kills
            }
            Self::Some { dice, left } => {
                let kills = *left > 0 && dice.chance(20);
                *left -= usize::from(kills);
                kills
            }
            Self::Parks => false,
        }
    }

    fn parks(&mut self) -> bool {
        match self {
            Self::Parks => true,
            Self::Some { dice, .. } => dice.chance(50),
            Self::Once(_) | Self::Every { .. } => false,
        }
    }
}
