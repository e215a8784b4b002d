//! The interner of one block: a small hash table over names that lie end to end in one string.
//!
//! Each block has its own, so that blocks can be parsed apart from each other; its names are then
//! interned for the whole log, once a block instead of once a row: items in the log's
//! [`Items`](crate::data::Items), labels, of which there may be very many, in a table of this kind.

/// Names, in first-seen order.
#[derive(Debug)]
pub(super) struct Names {
    text: String,
    /// Where the names begin in `text`, and at last where the next one will.
    bounds: Vec<usize>,
    /// Open addressing: the upper half of a name's hash, and its id plus one; 0 is free.
    slots: Vec<(u32, u32)>,
}

impl Default for Names {
    fn default() -> Self {
        Self { text: String::new(), bounds: vec![0], slots: Vec::new() }
    }
}

impl Names {
    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The id of `name`, if it was added.
    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<u32> {
        self.probe(name, hash(name)).ok()
    }

    /// The id of `name`, which is added if it is new.
    pub(super) fn intern(&mut self, name: &str) -> u32 {
        if 4 * self.len() >= self.slots.len() {
            self.grow();
        }
        let hash = hash(name.as_bytes());
        self.probe(name.as_bytes(), hash).unwrap_or_else(|slot| {
            self.text.push_str(name);
            self.bounds.push(self.text.len());
            let count = self.len() as u32;
            self.slots[slot] = (tag(hash), count);
            count - 1
        })
    }

    /// The name of an id.
    #[inline]
    pub(super) fn get(&self, id: u32) -> &str {
        &self.text[self.range(id as usize)]
    }

    /// The names in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|id| self.get(id))
    }

    #[inline]
    fn range(&self, id: usize) -> std::ops::Range<usize> {
        self.bounds[id]..self.bounds[id + 1]
    }

    /// The id of the name, or else the free slot where it belongs.
    #[inline]
    fn probe(&self, name: &[u8], hash: u64) -> Result<u32, usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let text = self.text.as_bytes();
        let mut slot = hash as usize & mask;
        while let Some(&(seen, count)) = self.slots.get(slot) {
            if count == 0 {
                return Err(slot);
            }
            if seen == tag(hash) && same(&text[self.range(count as usize - 1)], name) {
                return Ok(count - 1);
            }
            slot = (slot + 1) & mask;
        }
        Err(slot)
    }

    fn grow(&mut self) {
        self.slots = vec![(0, 0); (2 * self.slots.len()).max(1024)];
        let mask = self.slots.len() - 1;
        for id in 0..self.len() {
            let hash = hash(&self.text.as_bytes()[self.range(id)]);
            let mut slot = hash as usize & mask;
            while self.slots[slot].1 != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = (tag(hash), id as u32 + 1);
        }
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Mixes the name in pairs of eight-byte words, the last of which may overlap those before.
#[inline]
pub(super) fn hash(name: &[u8]) -> u64 {
    const START: u64 = 0x243f_6a88_85a3_08d3;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let pair = |hash, pair: &[u8; 16]| {
        let [first, second] = [0, 8].map(|at| pair[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word)));
        folded(first ^ hash, second ^ FACTOR)
    };
    let mut hash = START;
    if let Some(last) = name.last_chunk() {
        hash = name.as_chunks().0.iter().fold(hash, pair);
        hash = pair(hash, last);
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        hash = folded(u64::from_le_bytes(*first) ^ hash, u64::from_le_bytes(*last) ^ FACTOR);
    } else if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        hash ^= u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    } else {
        hash ^= name.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte));
    }
    folded(hash ^ name.len() as u64, FACTOR)
}

/// Both halves of the product, so that the upper bits of a factor also reach the lower ones.
#[inline]
pub(super) fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// Equality by words, without the call that comparing slices of unknown length costs.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_last), Some(b_last)) => {
            let (a_words, b_words) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
            a_last == b_last && a_words.iter().zip(b_words).all(|(a, b)| a == b)
        }
        _ => match (a.first_chunk::<4>(), a.last_chunk::<4>(), b.first_chunk::<4>(), b.last_chunk::<4>()) {
            (Some(a_first), Some(a_last), Some(b_first), Some(b_last)) => a_first == b_first && a_last == b_last,
            _ => a.iter().zip(b).all(|(a, b)| a == b),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_ids_while_the_table_grows() {
        let mut names = Names::default();
        assert_eq!(names.find(b"a"), None);
        let all: Vec<String> = (0..2000).map(|i| "x".repeat(i % 20) + &i.to_string()).collect();
        for (id, name) in all.iter().enumerate() {
            assert_eq!(names.intern(name), id as u32);
        }
        for (id, name) in all.iter().enumerate() {
            assert_eq!(names.find(name.as_bytes()), Some(id as u32));
            assert_eq!(names.intern(name), id as u32);
        }
        assert_eq!(names.iter().collect::<Vec<_>>(), all);
        assert_eq!(names.find(b"never"), None);
    }

    #[test]
    fn the_empty_name_is_a_name() {
        let mut names = Names::default();
        assert_eq!((names.intern(""), names.intern("b"), names.intern("")), (0, 1, 0));
    }
}
