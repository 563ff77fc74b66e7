//! Breaks one line of a text, in the ways that typing does. Deterministic.

/// A small generator of numbers, so that a failure can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`, which must not be 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// A text with one broken line.
pub(crate) struct Broken {
    pub(crate) text: String,
    /// The line, from 0.
    pub(crate) line: u32,
    /// How it was broken.
    pub(crate) way: &'static str,
}

/// Breaks a random line in a random way; `None` where that changes nothing.
pub(crate) fn break_once(text: &str, dice: &mut Dice) -> Option<Broken> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let number = dice.below(lines.len());
    let line = lines[number].trim_end_matches(['\n', '\r']);
    if line.trim().is_empty() {
        return None;
    }
    let at = line.floor_char_boundary(dice.below(line.len()));
    let indent = line.len() - line.trim_start().len();
    let value = line.find(": ").map(|colon| colon + 2);
    let (way, new) = match dice.below(9) {
        0 | 1 => ("delete a byte", remove(line, at, 1)),
        2 => ("delete a run", remove(line, at, 2 + dice.below(7))),
        3 => ("cut the rest", line[..at].to_owned()),
        4 => {
            let c = [
                '"', '\'', '[', '{', ']', '}', ':', '\t', '@', '*', '&', '%', '|', '#', ',',
            ];
            let mut new = line.to_owned();
            new.insert(at, c[dice.below(c.len())]);
            ("insert a character", new)
        }
        5 => ("one deeper", format!(" {line}")),
        6 => (
            "one less deep",
            line.strip_prefix(' ').filter(|_| indent > 0)?.to_owned(),
        ),
        7 => {
            let colon = line.find(':')?;
            ("delete the colon", remove(line, colon, 1))
        }
        _ => {
            let value = value?;
            let c = ['"', '\'', '[', '{', '{', '@', '"'];
            let mut new = line.to_owned();
            new.insert(value, c[dice.below(c.len())]);
            ("open the value", new)
        }
    };
    if new == line {
        return None;
    }
    let ending = &lines[number][line.len()..];
    let mut broken = String::with_capacity(text.len() + 2);
    broken.extend(lines[..number].iter().copied());
    broken.push_str(&new);
    broken.push_str(ending);
    broken.extend(lines[number + 1..].iter().copied());
    Some(Broken {
        text: broken,
        line: number as u32,
        way,
    })
}

fn remove(line: &str, at: usize, bytes: usize) -> String {
    let end = line.ceil_char_boundary((at + bytes).min(line.len()));
    format!("{}{}", &line[..at], &line[end..])
}
