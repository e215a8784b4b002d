//! The points of all models, and who still plays, in one number.

/// Standings in one number: a digit for each model, the first model's lowest.
///
/// The digit's highest bit is set while the model is active, and the rest are its half points. A model
/// that is out has 1 more there, since a digit of 0 means that its place is settled and was written
/// down, so that nothing of it needs to be kept.
pub(super) type Packed = u128;

/// More bits to a digit than this would hold more half points than anyone asks for.
const MAX_WIDTH: u32 = 21;

/// How many digits standings have, and how wide each of them is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    models: usize,
    width: u32,
}

/// Standings in the open.
#[derive(Debug, Clone)]
pub(super) struct Standings {
    /// Half points of each model; of no meaning where it is settled.
    pub(super) halves: Vec<u32>,
    /// The models that still play, as a set of bits.
    pub(super) active: u64,
    /// The models that are out and not settled.
    pub(super) out: u64,
}

impl Layout {
    /// The layout for `models` of up to `most` half points each, or `None` where they don't fit.
    pub(super) fn new(models: usize, most: u64) -> Option<Self> {
        let width = 1 + (u64::BITS - most.checked_add(1)?.leading_zeros());
        let fits = width <= MAX_WIDTH && models <= (Packed::BITS / width) as usize;
        fits.then_some(Self { models, width })
    }

    /// All models active, without points.
    pub(super) fn start(self) -> Packed {
        (0..self.models).map(|model| self.flag(model)).sum()
    }

    /// What is added to standings where an active model gains half points.
    pub(super) fn gain(self, model: usize, halves: u32) -> Packed {
        Packed::from(halves) << self.shift(model)
    }

    /// Reads standings into `into`, which is of this many models.
    pub(super) fn read(self, packed: Packed, into: &mut Standings) {
        let flag = 1 << (self.width - 1);
        (into.active, into.out) = (0, 0);
        let mut digits = packed;
        for (model, halves) in into.halves.iter_mut().enumerate() {
            let digit = digits as u32 & (2 * flag - 1);
            digits >>= self.width;
            if digit & flag != 0 {
                into.active |= 1 << model;
                *halves = digit - flag;
            } else if digit != 0 {
                into.out |= 1 << model;
                *halves = digit - 1;
            }
        }
    }

    /// The standings after active models have left.
    pub(super) fn without(self, packed: Packed, leaving: u64) -> Packed {
        bits(leaving).fold(packed, |packed, model| packed - self.flag(model) + self.gain(model, 1))
    }

    /// The standings without the models that are settled.
    pub(super) fn settled(self, packed: Packed, settled: u64) -> Packed {
        let digit = (1 << self.width) - 1;
        bits(settled).fold(packed, |packed, model| packed & !(digit << self.shift(model)))
    }

    fn flag(self, model: usize) -> Packed {
        1 << (self.shift(model) + self.width - 1)
    }

    fn shift(self, model: usize) -> u32 {
        model as u32 * self.width
    }
}

impl Standings {
    /// Nobody's points yet: what [`Layout::read`] writes to.
    pub(super) fn of(models: usize) -> Self {
        Self { halves: vec![0; models], active: 0, out: 0 }
    }

    /// Those of some models who have the fewest points among them.
    pub(super) fn lowest(&self, among: u64) -> u64 {
        let fewest = bits(among).map(|model| self.halves[model]).min().unwrap_or(0);
        bits(among).filter(|&model| self.halves[model] == fewest).fold(0, |set, model| set | 1 << model)
    }

    /// The buckets of some models, the lowest first.
    pub(super) fn buckets(&self, among: u64, into: &mut Vec<u64>) {
        into.clear();
        into.extend(bits(among).map(|model| u64::from(self.halves[model]) << 6 | model as u64));
        into.sort_unstable();
        let (mut buckets, mut last) = (0, None);
        for place in 0..into.len() {
            let (halves, model) = (into[place] >> 6, into[place] & 63);
            if last != Some(halves) {
                (into[buckets], last) = (0, Some(halves));
                buckets += 1;
            }
            into[buckets - 1] |= 1 << model;
        }
        into.truncate(buckets);
    }

    /// The models whose rank nothing can change any more: out, and with fewer points than anyone who
    /// still plays.
    pub(super) fn certain(&self) -> u64 {
        if self.out == 0 {
            return 0;
        }
        let fewest = bits(self.active).map(|model| self.halves[model]).min().unwrap_or(u32::MAX);
        bits(self.out).filter(|&model| self.halves[model] < fewest).fold(0, |set, model| set | 1 << model)
    }

    /// Counts the models that are not settled and have more than some half points, into a place for
    /// each number from the fewest, which is returned, to the most.
    pub(super) fn count_above(&self, above: &mut Vec<usize>) -> u32 {
        let halves = || bits(self.active | self.out).map(|model| self.halves[model]);
        let (fewest, most) = halves().fold((u32::MAX, 0), |(low, high), of| (low.min(of), high.max(of)));
        above.clear();
        above.resize((most.saturating_sub(fewest) + 1) as usize, 0);
        for more in halves().filter(|&of| of > fewest) {
            above[(more - fewest - 1) as usize] += 1;
        }
        for place in (1..above.len()).rev() {
            above[place - 1] += above[place];
        }
        fewest
    }
}

/// The members of a set, in order.
pub(super) fn bits(set: u64) -> impl Iterator<Item = usize> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let first = rest.trailing_zeros() as usize;
        let member = (rest != 0).then_some(first);
        rest &= rest.wrapping_sub(1);
        member
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(layout: Layout, models: usize, packed: Packed) -> Standings {
        let mut standings = Standings::of(models);
        layout.read(packed, &mut standings);
        standings
    }

    #[test]
    fn standings_are_read_as_they_were_written() {
        let layout = Layout::new(3, 6).unwrap();
        let packed = layout.start() + layout.gain(0, 6) + layout.gain(2, 5);
        let found = read(layout, 3, packed);
        assert_eq!((found.halves, found.active, found.out), (vec![6, 0, 5], 0b111, 0));
        let packed = layout.without(packed, 0b101);
        let found = read(layout, 3, packed);
        assert_eq!((found.halves, found.active, found.out), (vec![6, 0, 5], 0b010, 0b101));
        let found = read(layout, 3, layout.settled(packed, 0b001));
        assert_eq!((found.halves[2], found.active, found.out), (5, 0b010, 0b100));
    }

    #[test]
    fn a_layout_fills_the_number_and_no_more() {
        let layout = Layout::new(64, 0).unwrap();
        assert_eq!(read(layout, 64, layout.start()).active, u64::MAX);
        assert!(Layout::new(65, 0).is_none() && Layout::new(64, 1).is_none());
        assert!(Layout::new(1, 1 << 40).is_none() && Layout::new(1, u64::MAX).is_none());
        let layout = Layout::new(32, 6).unwrap();
        let packed = layout.without(layout.start() + layout.gain(31, 6), 1 << 31);
        let found = read(layout, 32, packed);
        assert_eq!((found.halves[31], found.active, found.out), (6, (1 << 31) - 1, 1 << 31));
    }

    #[test]
    fn buckets_rise_and_the_settled_are_below_all_who_play() {
        let standings = Standings { halves: vec![2, 0, 2, 1, 3], active: 0b01101, out: 0b10010 };
        let mut buckets = vec![7];
        standings.buckets(0b11101, &mut buckets);
        assert_eq!(buckets, [0b01000, 0b00101, 0b10000]);
        assert_eq!((standings.lowest(0b01101), standings.lowest(0)), (0b01000, 0));
        assert_eq!(standings.certain(), 0b00010);
        let mut above = Vec::new();
        assert_eq!(standings.count_above(&mut above), 0);
        assert_eq!(above, [4, 3, 1, 0]);
    }
}
