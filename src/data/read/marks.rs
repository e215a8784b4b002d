//! Where the bytes that structure a text are: 64 bytes at a time, in a form that compilers turn
//! into vector instructions.

const CHUNK: usize = 64;

/// Positions of special bytes, in order.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The positions, and room behind them that is written before it is known how much of it counts.
    places: Vec<u32>,
    len: usize,
}

impl Marks {
    /// The positions.
    pub(super) fn get(&self) -> &[u32] {
        &self.places[..self.len]
    }

    /// Forgets the first `count`.
    pub(super) fn forget(&mut self, count: usize) {
        self.places.copy_within(count..self.len, 0);
        self.len -= count;
    }

    /// Appends one position.
    pub(super) fn push(&mut self, place: usize) {
        self.places.truncate(self.len);
        self.places.push(place as u32);
        self.len += 1;
    }

    /// Appends the positions, counted from the start of `bytes` plus `offset`, of all bytes that
    /// are special. A space must not be special.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8], offset: usize, special: impl Fn(u8) -> bool + Copy) {
        self.places.resize(self.places.len().max(self.len + bytes.len() + 2 * CHUNK), 0);
        // A slice and a length of their own stay in registers, which those of `self` do not.
        let (places, mut len) = (self.places.as_mut_slice(), self.len);
        let (chunks, rest) = bytes.as_chunks::<CHUNK>();
        let mut at = offset as u32;
        for chunk in chunks {
            len += write(bits(chunk, special), at, &mut places[len..len + CHUNK]);
            at += CHUNK as u32;
        }
        let mut last = [b' '; CHUNK];
        last[..rest.len()].copy_from_slice(rest);
        len += write(bits(&last, special), at, &mut places[len..len + CHUNK]);
        self.len = len;
    }
}

/// Writes the positions of the set bits, four at a time, and says how many of them count.
#[inline]
fn write(mut bits: u64, at: u32, room: &mut [u32]) -> usize {
    const STEP: usize = 4;
    let count = bits.count_ones() as usize;
    let mut written = 0;
    while written < count {
        for place in &mut room[written..written + STEP] {
            *place = at.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        written += STEP;
    }
    count
}

/// Bit i is set where byte i is special.
#[inline]
fn bits(chunk: &[u8; CHUNK], special: impl Fn(u8) -> bool) -> u64 {
    /// Moves the lowest bit of byte i to bit 56 + i.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut flags = [0u8; CHUNK];
    for (flag, &byte) in flags.iter_mut().zip(chunk) {
        *flag = u8::from(special(byte));
    }
    let (words, _) = flags.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| (bits << 8) | (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_special_bytes_are_found_in_order(bytes in prop::collection::vec(prop::sample::select(b"a,\n\xff ".as_slice()), 0..300)) {
            let mut marks = super::Marks::default();
            marks.push(7);
            marks.find(&bytes, 1000, |byte| byte == b',' || byte == b'\n');
            let places = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b',' | b'\n'));
            let expected: Vec<u32> = std::iter::once(7).chain(places.map(|(place, _)| place as u32 + 1000)).collect();
            prop_assert_eq!(marks.get(), &expected);
            marks.forget(1);
            prop_assert_eq!(marks.get(), &expected[1..]);
        }
    }
}
