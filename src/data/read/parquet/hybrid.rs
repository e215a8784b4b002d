//! The hybrid of runs and packed bits in which Parquet writes definition levels and indices into a
//! dictionary (Apache Parquet format, Encodings.md, "RLE / Bit-Packing Hybrid").

/// Numbers of at most this many bits are written so.
const WIDEST: u32 = 32;
/// Room is made at once for no more numbers than this: a bad file may promise any number.
const RESERVED: usize = 1 << 20;
/// Packed numbers come in groups of this many.
const GROUP: usize = 8;

/// Runs of numbers of one width.
#[derive(Debug)]
pub(super) struct Runs<'a> {
    bytes: &'a [u8],
    width: u32,
}

/// Numbers that are written together.
enum Run<'a> {
    /// One number, so many times.
    Same(u32, usize),
    /// Groups of eight numbers.
    Packed(&'a [u8], usize),
}

impl<'a> Runs<'a> {
    /// Numbers of `width` bits, if there is such a width.
    pub(super) fn new(bytes: &'a [u8], width: u32) -> Option<Self> {
        (width <= WIDEST).then_some(Self { bytes, width })
    }

    /// Whether the next `count` numbers are all `number` and stand in one run.
    pub(super) fn are_all(&self, number: u32, count: usize) -> bool {
        let mut ahead = Self { ..*self };
        matches!(ahead.next_run(), Some(Run::Same(found, times)) if found == number && times >= count)
    }

    /// Appends the next `count` numbers. `None` if there are fewer.
    pub(super) fn read(mut self, count: usize, numbers: &mut Vec<u32>) -> Option<()> {
        let end = numbers.len() + count;
        numbers.reserve(count.min(RESERVED) + GROUP);
        while numbers.len() < end {
            let left = end - numbers.len();
            match self.next_run()? {
                Run::Same(number, times) => numbers.extend(std::iter::repeat_n(number, times.min(left))),
                Run::Packed(bytes, groups) => unpack(bytes, self.width, groups.min(left.div_ceil(GROUP)), numbers),
            }
        }
        numbers.truncate(end);
        Some(())
    }

    fn next_run(&mut self) -> Option<Run<'a>> {
        let header = self.varint()?;
        let length = usize::try_from(header >> 1).ok().filter(|&length| length > 0)?;
        let width = self.width as usize;
        if header & 1 == 1 {
            // The last run of a page may be cut off behind its last number.
            let size = length.checked_mul(width)?.min(self.bytes.len());
            let (bytes, rest) = self.bytes.split_at(size);
            self.bytes = rest;
            let groups = if width == 0 { length } else { size.div_ceil(width) };
            return (groups > 0).then_some(Run::Packed(bytes, groups));
        }
        let (bytes, rest) = self.bytes.split_at_checked(width.div_ceil(8))?;
        self.bytes = rest;
        Some(Run::Same(bytes.iter().rev().fold(0, |number, &byte| (number << 8) | u32::from(byte)), length))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// Appends groups of numbers of `width` bits, lowest bits first. Missing bytes are zero.
fn unpack(bytes: &[u8], width: u32, groups: usize, numbers: &mut Vec<u32>) {
    if width == 0 {
        numbers.extend(std::iter::repeat_n(0, GROUP * groups));
        return;
    }
    for group in bytes.chunks(width as usize).take(groups) {
        numbers.extend_from_slice(&if width <= 8 { narrow(group, width) } else { wide(group, width) });
    }
}

/// A group that fits in one word.
#[inline]
fn narrow(group: &[u8], width: u32) -> [u32; GROUP] {
    let mut padded = [0; 8];
    padded[..group.len()].copy_from_slice(group);
    let (word, mask) = (u64::from_le_bytes(padded), (1 << width) - 1);
    std::array::from_fn(|place| (word >> (place as u32 * width) & mask) as u32)
}

/// A group of up to 32 bytes.
#[inline]
fn wide(group: &[u8], width: u32) -> [u32; GROUP] {
    let mut padded = [0; WIDEST as usize + 8];
    padded[..group.len()].copy_from_slice(group);
    let mask = (1u64 << width) - 1;
    std::array::from_fn(|place| {
        let bit = place * width as usize;
        let word = padded[bit / 8..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        ((word >> (bit % 8)) & mask) as u32
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes numbers as one packed run, and says how many there are with those that fill its last group.
    fn packed(numbers: &[u32], width: u32) -> Vec<u8> {
        let groups = numbers.len().div_ceil(GROUP);
        let mut bits: Vec<bool> = Vec::new();
        for place in 0..groups * GROUP {
            let number = numbers.get(place).copied().unwrap_or(0);
            bits.extend((0..width).map(|bit| number >> bit & 1 == 1));
        }
        let bytes = bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |all, &bit| (all << 1) | u8::from(bit)));
        std::iter::once((groups as u8) << 1 | 1).chain(bytes).collect()
    }

    fn read(bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
        let mut numbers = Vec::new();
        Runs::new(bytes, width)?.read(count, &mut numbers)?;
        Some(numbers)
    }

    proptest! {
        #[test]
        fn packed_numbers_are_what_was_packed(width in 0u32..=32, seeds in prop::collection::vec(any::<u32>(), 1..200), times in 1usize..60) {
            let numbers: Vec<u32> = seeds.iter().map(|seed| if width == 0 { 0 } else { seed >> (32 - width) }).collect();
            let mut bytes = packed(&numbers, width);
            prop_assert_eq!(read(&bytes, width, numbers.len()), Some(numbers.clone()));
            // A run of one number behind whole groups.
            let whole = numbers.len() / GROUP * GROUP;
            if whole > 0 {
                bytes = packed(&numbers[..whole], width);
                bytes.push((times as u8) << 1);
                bytes.extend_from_slice(&numbers[0].to_le_bytes()[..width.div_ceil(8) as usize]);
                let expected: Vec<u32> = numbers[..whole].iter().copied().chain(std::iter::repeat_n(numbers[0], times)).collect();
                prop_assert_eq!(read(&bytes, width, whole + times), Some(expected));
                prop_assert_eq!(read(&bytes, width, whole + times + 1), None);
            }
        }

        #[test]
        fn no_bytes_are_too_bad(bytes in prop::collection::vec(any::<u8>(), 0..60), width in 0u32..40, count in 0usize..300) {
            let _ = read(&bytes, width, count);
        }
    }

    #[test]
    fn a_run_of_one_number_is_seen_at_once() {
        let runs = Runs::new(&[20, 1], 1).unwrap();
        assert!(runs.are_all(1, 10) && !runs.are_all(1, 11) && !runs.are_all(0, 10));
        assert!(!Runs::new(&[3, 255], 1).unwrap().are_all(1, 8));
    }
}
