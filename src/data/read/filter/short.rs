//! A small cache of short values, which most values that conditions ask about are: such a value is one number and its
//! length, so that it is found by one look and one comparison.

use super::super::block::Word;

/// Entries: a power of two.
const ENTRIES: usize = 1 << 13;
/// The id where nothing is known.
const UNKNOWN: u32 = u32::MAX;

/// Values by what their bytes say as a number.
#[derive(Debug)]
pub(super) struct ShortValues {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    word: Word,
    id: u32,
}

impl Default for ShortValues {
    fn default() -> Self {
        Self { entries: vec![Entry { word: Word::default(), id: UNKNOWN }; ENTRIES] }
    }
}

impl ShortValues {
    /// The id of a value, if it was the last one in its place.
    #[inline]
    pub(super) fn find(&self, word: Word) -> Option<u32> {
        let entry = self.entries[place(word)];
        (entry.word == word && entry.id != UNKNOWN).then_some(entry.id)
    }

    /// Keeps the id of a value.
    pub(super) fn keep(&mut self, word: Word, id: u32) {
        self.entries[place(word)] = Entry { word, id };
    }
}

#[inline]
fn place(word: Word) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    ((word.bytes ^ u64::from(word.length)).wrapping_mul(FACTOR) >> (u64::BITS - ENTRIES.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_from_all_others() {
        let mut short = ShortValues::default();
        let values = ["", "\0", "\0\0", "a", "ab", "abc", "abca", "abcabc", "abcdabcd"];
        for value in values {
            let word = Word::of(value.as_bytes()).unwrap();
            assert_eq!(short.find(word), None, "{value:?}");
            short.keep(word, value.len() as u32);
            assert_eq!(short.find(word), Some(value.len() as u32), "{value:?}");
        }
        assert_eq!(Word::of(b"nine byte"), None);
    }

    #[test]
    fn a_word_is_the_same_whatever_stands_behind_it() {
        let text = b"Korean,true,7";
        let first = *text.first_chunk().unwrap();
        for length in 0..=Word::MOST {
            assert_eq!(Word::first(first, length), Word::of(&text[..length]), "{length}");
        }
        assert_eq!(Word::first(first, Word::MOST + 1), None);
    }

    #[test]
    fn words_of_digits_are_their_numbers_and_others_are_none() {
        for text in ["0", "7", "10", "007", "99999999", "12345678", "4294967", "3000", "90", "09"] {
            assert_eq!(Word::of(text.as_bytes()).unwrap().number(), text.parse().ok(), "{text}");
        }
        for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
            for place in 0..4 {
                let mut text = *b"1234";
                text[place] = byte;
                assert_eq!(Word::of(&text).unwrap().number(), None, "{text:?}");
                assert_eq!(Word::of(&[byte; 8]).unwrap().number(), None);
            }
        }
        assert_eq!(Word::of(b"").unwrap().number(), None);
    }
}
