//! A small cache of values of up to eight bytes, which most values that conditions ask about are: such a value is one
//! word and its length, so that it is found by one look and one comparison.

/// Entries: a power of two.
const ENTRIES: usize = 1 << 11;

/// Values by what their bytes say as a word.
#[derive(Debug)]
pub(super) struct ShortValues {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    word: u64,
    /// The length, plus one; 0 where nothing is known.
    length: u32,
    id: u32,
}

impl Default for ShortValues {
    fn default() -> Self {
        Self { entries: vec![Entry::default(); ENTRIES] }
    }
}

impl ShortValues {
    /// The id of a value, if it is short and was the last one in its place.
    #[inline]
    pub(super) fn find(&self, value: &[u8]) -> Option<u32> {
        let word = word(value)?;
        let entry = self.entries[place(word, value.len())];
        (entry.word == word && entry.length == value.len() as u32 + 1).then_some(entry.id)
    }

    /// Keeps the id of a value, if it is short.
    pub(super) fn keep(&mut self, value: &[u8], id: u32) {
        if let Some(word) = word(value) {
            self.entries[place(word, value.len())] = Entry { word, length: value.len() as u32 + 1, id };
        }
    }
}

/// All bytes of a value of up to eight: with its length they say which one it is.
#[inline]
fn word(value: &[u8]) -> Option<u64> {
    if let (Some(first), Some(last)) = (value.first_chunk(), value.last_chunk()) {
        let halves = u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
        return (value.len() <= 8).then_some(halves);
    }
    Some(match *value {
        [one] => u64::from(one),
        [one, two] => u64::from(u16::from_le_bytes([one, two])),
        [one, two, three] => u64::from(u32::from_le_bytes([one, two, three, 0])),
        _ => 0,
    })
}

#[inline]
fn place(word: u64, length: usize) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    ((word ^ length as u64).wrapping_mul(FACTOR) >> (u64::BITS - ENTRIES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_from_all_others() {
        let mut short = ShortValues::default();
        let values = ["", "\0", "\0\0", "a", "ab", "abc", "abca", "abcabc", "abcdabcd", "abcdefgh", "abcdefghi"];
        for value in values {
            assert_eq!(short.find(value.as_bytes()), None, "{value:?}");
            short.keep(value.as_bytes(), value.len() as u32);
            let expected = (value.len() <= 8).then_some(value.len() as u32);
            assert_eq!(short.find(value.as_bytes()), expected, "{value:?}");
        }
    }
}
