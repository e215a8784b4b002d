//! Where the bytes that structure a text are: 64 bytes at a time, in a form that compilers turn
//! into vector instructions.

const CHUNK: usize = 64;

/// Appends to `marks` the positions, counted from the start of `bytes` plus `offset`, of all bytes
/// that are special. A space must not be special.
#[inline]
pub(super) fn find(bytes: &[u8], offset: usize, marks: &mut Vec<u32>, special: impl Fn(u8) -> bool + Copy) {
    let (chunks, rest) = bytes.as_chunks::<CHUNK>();
    let mut at = offset as u32;
    for chunk in chunks {
        push(bits(chunk, special), at, marks);
        at += CHUNK as u32;
    }
    let mut last = [b' '; CHUNK];
    last[..rest.len()].copy_from_slice(rest);
    push(bits(&last, special), at, marks);
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

/// Appends the positions of the set bits, a few more than there are at a time and then the surplus off.
#[inline]
fn push(mut bits: u64, at: u32, marks: &mut Vec<u32>) {
    const STEP: usize = 8;
    let end = marks.len() + bits.count_ones() as usize;
    while bits != 0 {
        let mut some = [0; STEP];
        for mark in &mut some {
            *mark = at.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        marks.extend_from_slice(&some);
    }
    marks.truncate(end);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_special_bytes_are_found_in_order(bytes in prop::collection::vec(prop::sample::select(b"a,\n\xff ".as_slice()), 0..300)) {
            let mut marks = vec![7];
            super::find(&bytes, 1000, &mut marks, |byte| byte == b',' || byte == b'\n');
            let places = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b',' | b'\n'));
            let expected: Vec<u32> = std::iter::once(7).chain(places.map(|(place, _)| place as u32 + 1000)).collect();
            prop_assert_eq!(marks, expected);
        }
    }
}
