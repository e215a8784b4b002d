//! A hash of whole numbers, quick where a computation is little else than look-ups.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;

/// A map whose order is that of insertion, so that the hash decides nothing.
pub(super) type Map<K, V> = IndexMap<K, V, BuildHasherDefault<Folding>>;

/// Words are multiplied by an odd number near 2^64 divided by the golden ratio, and both halves of the
/// product are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folding(u64);

impl Default for Folding {
    fn default() -> Self {
        Self(0x2436_A885_A308_D313)
    }
}

impl Hasher for Folding {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9E37_79B9_7F4A_7C15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn write_u128(&mut self, word: u128) {
        self.write_u64(word as u64);
        self.write_u64((word >> 64) as u64);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }
}
