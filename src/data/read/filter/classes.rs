//! Rows with the same answers to all questions.

use super::super::names::folded;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Fate {
    /// The condition of this number leaves it out.
    Dropped(u32),
    /// No board has it.
    Outside,
    /// It is on the boards of this set.
    On(u32),
}

/// Classes by their bits: open addressing over keys of one length.
#[derive(Debug)]
pub(super) struct Classes {
    words: usize,
    keys: Vec<u64>,
    /// For each class what becomes of it, and whether it holds something that should be a number.
    fates: Vec<(Fate, bool)>,
    /// Classes plus one; 0 is free.
    slots: Vec<u32>,
}

impl Classes {
    pub(super) fn new(words: usize) -> Self {
        Self { words, keys: Vec::new(), fates: Vec::new(), slots: vec![0; 256] }
    }

    /// The class with these bits, or else the free slot where it belongs.
    #[inline]
    pub(super) fn find(&self, bits: &[u64]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(bits) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                class if self.key(class - 1).iter().zip(bits).all(|(a, b)| a == b) => return Ok(class - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// The same where a key is one word.
    #[inline]
    pub(super) fn find_word(&self, bits: u64) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(&[bits]) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                class if self.keys[class as usize - 1] == bits => return Ok(class - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    #[inline]
    fn key(&self, class: u32) -> &[u64] {
        &self.keys[class as usize * self.words..][..self.words]
    }

    /// How many classes there are.
    pub(super) fn len(&self) -> usize {
        self.fates.len()
    }

    pub(super) fn fate(&self, class: u32) -> Fate {
        self.fates[class as usize].0
    }

    pub(super) fn is_doubtful(&self, class: u32) -> bool {
        self.fates[class as usize].1
    }

    /// Adds a class in the slot that [`find`](Self::find) found for it.
    pub(super) fn add(&mut self, slot: usize, bits: &[u64], fate: Fate, doubtful: bool) -> u32 {
        self.keys.extend_from_slice(bits);
        self.fates.push((fate, doubtful));
        let count = self.fates.len() as u32;
        self.slots[slot] = count;
        if 2 * self.fates.len() >= self.slots.len() {
            self.grow();
        }
        count - 1
    }

    fn grow(&mut self) {
        self.slots = vec![0; 4 * self.slots.len()];
        let mask = self.slots.len() - 1;
        for class in 0..self.fates.len() as u32 {
            let mut slot = hash(self.key(class)) as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = class + 1;
        }
    }
}

#[inline]
fn hash(bits: &[u64]) -> u64 {
    const START: u64 = 0x243f_6a88_85a3_08d3;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    bits.iter().fold(START, |hash, &word| folded(word ^ hash, FACTOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_their_fates_while_the_table_grows() {
        let mut classes = Classes::new(2);
        let bits = |class: u32| [u64::from(class % 7), u64::from(class / 7) << 40];
        for class in 0..1000 {
            let slot = classes.find(&bits(class)).unwrap_err();
            assert_eq!(classes.add(slot, &bits(class), Fate::On(class), class % 2 == 0), class);
        }
        for class in 0..1000 {
            let found = classes.find(&bits(class)).unwrap();
            assert_eq!((classes.fate(found), classes.is_doubtful(found)), (Fate::On(class), class % 2 == 0));
        }
    }

    #[test]
    fn rows_without_questions_are_one_class() {
        let mut classes = Classes::new(0);
        let slot = classes.find(&[]).unwrap_err();
        classes.add(slot, &[], Fate::Outside, false);
        assert_eq!(classes.find(&[]), Ok(0));
    }
}
