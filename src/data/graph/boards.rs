//! Counts for several boards at once, of which a comparison may belong to any number.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::super::{CODE_LEFT, CODE_SHARE, ItemId, Items, Log};
use super::{CellSum, DENSE_ITEMS, Entry, PLAIN_OUTCOMES, Pair, Tally, widened};

const NO_PLACE: u32 = u32::MAX;
/// Sets of boards spelled out as one number a board: more are gone through bit by bit.
const SPELLED: usize = 1 << 12;

/// Sets of boards, one bit a board.
#[derive(Debug, Clone, Default)]
pub(crate) struct BoardSets {
    boards: usize,
    words: usize,
    bits: Vec<u64>,
    known: HashMap<Box<[u64]>, u32>,
}

impl BoardSets {
    pub(crate) fn new(boards: usize) -> Self {
        Self { boards, words: boards.div_ceil(u64::BITS as usize), ..Self::default() }
    }

    /// Words of bits a set.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// How many sets there are.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of a set, which is added if it is new.
    pub(crate) fn intern(&mut self, set: &[u64]) -> u32 {
        if let Some(&known) = self.known.get(set) {
            return known;
        }
        let id = self.known.len() as u32;
        self.bits.extend_from_slice(set);
        self.known.insert(set.into(), id);
        id
    }

    fn set(&self, id: u32) -> &[u64] {
        &self.bits[id as usize * self.words..][..self.words]
    }

    /// Whether the set has the board.
    pub(crate) fn has(&self, id: u32, board: usize) -> bool {
        self.set(id)[board / u64::BITS as usize] >> (board % u64::BITS as usize) & 1 == 1
    }

    fn boards_of(&self, id: u32) -> impl Iterator<Item = usize> {
        (0..self.boards).filter(move |&board| self.has(id, board))
    }
}

/// A cell as it is counted: a pair and a share of its low item, or of its left item where the two must be told
/// apart so that no share is rounded.
type Key = (u32, u32, u64);

/// Counts of comparisons by cell and board. The counts of a cell stand beside each other, so that a comparison
/// costs one look-up, and one addition a board that a processor does many of at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct BoardTally {
    boards: usize,
    /// Items that the table has room for: a power of two.
    side: usize,
    /// Cells by `(low, high, outcome)`, for single comparisons and others of plain outcomes.
    table: Vec<u32>,
    /// Cells of plain outcomes that the table has no place for.
    others: HashMap<Key, u32>,
    /// Comparisons of other outcomes by cell and set: of these there may be as many as there are rows, so that
    /// they have no number a board.
    shares: IndexMap<(Key, u32), CellSum>,
    /// What is counted in a cell, and the share.
    cells: Vec<(Pair, f64)>,
    /// Single comparisons of weight one: so many numbers a cell as there are boards.
    plain: Vec<u32>,
    /// What `plain` can still count for sure.
    room: u32,
    /// Weighted or counted comparisons, by the same index; empty until one comes.
    sums: Vec<CellSum>,
    /// The sets as 0 and 1, one number a board.
    spelled: Vec<u32>,
    /// For each item the boards that have it, so many words an item.
    seen: Vec<u64>,
    /// For each board its items in first-seen order.
    order: Vec<Vec<u32>>,
}

impl BoardTally {
    pub(crate) fn new(boards: usize) -> Self {
        Self { boards, room: u32::MAX, order: vec![Vec::new(); boards], ..Self::default() }
    }

    /// Counts the rows of a log, whose item ids index `ids` for those of the `items` known so far, and each of
    /// which is on the boards of its set.
    pub(crate) fn append(&mut self, rows: &Log, ids: &[u32], items: usize, of_row: &[u32], sets: &BoardSets) {
        self.make_room(items, rows.len(), sets);
        let single = rows.shares.is_empty() && rows.counts.is_empty() && rows.weights.is_empty();
        let sides: Vec<[u32; 2]> = std::iter::zip(&rows.left, &rows.right)
            .map(|(&left, &right)| [ids[left as usize], ids[right as usize]])
            .collect();
        for (&sides, &set) in sides.iter().zip(of_row) {
            self.see(sides[0], set, sets);
            self.see(sides[1], set, sets);
        }
        if !single {
            for (row, (&sides, &set)) in sides.iter().zip(of_row).enumerate() {
                self.add_any(rows, row, sides, set, sets);
            }
            return;
        }
        // One thing after the other for all rows, so that a processor may look ahead in each.
        let mut places = Vec::with_capacity(sides.len());
        for (&[left, right], &code) in sides.iter().zip(&rows.codes) {
            places.push(self.place(left, right, code));
        }
        for (&place, &set) in places.iter().zip(of_row) {
            self.count(place, set, sets);
        }
    }

    /// Counts a comparison of any weight.
    fn add_any(&mut self, rows: &Log, row: usize, [left, right]: [u32; 2], set: u32, sets: &BoardSets) {
        let found = rows.row(row);
        if rows.codes[row] == CODE_SHARE {
            let key = (left, right, found.outcome.share().to_bits());
            return self.shares.entry((key, set)).or_default().add(CellSum::of(found.count, found.weight));
        }
        let place = self.place(left, right, rows.codes[row]);
        #[expect(clippy::float_cmp, reason = "exactly one is the default")]
        if found.count == 1.0 && found.weight == 1.0 {
            return self.count(place, set, sets);
        }
        self.sums.resize(self.plain.len(), CellSum::default());
        for board in sets.boards_of(set) {
            self.sums[place * self.boards + board].add(CellSum::of(found.count, found.weight));
        }
    }

    fn make_room(&mut self, items: usize, rows: usize, sets: &BoardSets) {
        self.seen.resize(items * sets.words(), 0);
        let wanted = items.next_power_of_two().clamp(16, DENSE_ITEMS);
        if wanted > self.side {
            self.table = widened(&self.table, self.side, wanted, NO_PLACE);
            self.side = wanted;
        }
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        if rows > self.room {
            self.spill();
        }
        self.room -= rows;
        let spelled = self.spelled.len() / self.boards.max(1);
        for set in spelled..sets.len().min(SPELLED) {
            self.spelled.extend((0..self.boards).map(|board| u32::from(sets.has(set as u32, board))));
        }
    }

    /// Moves what was counted to where there is no end of room.
    fn spill(&mut self) {
        self.sums.resize(self.plain.len(), CellSum::default());
        for (sum, plain) in self.sums.iter_mut().zip(&mut self.plain) {
            sum.add(CellSum::of(f64::from(std::mem::take(plain)), 1.0));
        }
        self.room = u32::MAX;
    }

    /// Takes down that an item is on the boards of a set.
    #[inline]
    fn see(&mut self, item: u32, set: u32, sets: &BoardSets) {
        let words = sets.words();
        let seen = &self.seen[item as usize * words..][..words];
        if seen.iter().zip(sets.set(set)).any(|(seen, set)| set & !seen != 0) {
            self.see_first(item, set, sets);
        }
    }

    #[cold]
    fn see_first(&mut self, item: u32, set: u32, sets: &BoardSets) {
        let seen = &mut self.seen[item as usize * sets.words()..][..sets.words()];
        for board in sets.boards_of(set) {
            let (word, bit) = (board / u64::BITS as usize, 1 << (board % u64::BITS as usize));
            if seen[word] & bit == 0 {
                seen[word] |= bit;
                self.order[board].push(item);
            }
        }
    }

    /// The place of the cell of a comparison.
    #[inline]
    fn place(&mut self, left: u32, right: u32, code: u8) -> usize {
        let (low, high, slot) =
            if left < right { (left, right, code) } else { (right, left, CODE_LEFT.wrapping_sub(code)) };
        if high as usize >= self.side {
            return self.other_place(left, right, code);
        }
        let index = (low as usize * self.side + high as usize) * PLAIN_OUTCOMES + slot as usize;
        match self.table[index] {
            NO_PLACE => {
                let place = self.new_cell(low, high, f64::from(slot) / 2.0);
                self.table[index] = place;
                place as usize
            }
            place => place as usize,
        }
    }

    #[cold]
    fn new_cell(&mut self, left: u32, right: u32, share: f64) -> u32 {
        self.cells.push((Pair { low: ItemId(left), high: ItemId(right) }, share));
        self.plain.resize(self.cells.len() * self.boards, 0);
        self.cells.len() as u32 - 1
    }

    fn other_place(&mut self, left: u32, right: u32, code: u8) -> usize {
        let share = f64::from(code) / 2.0;
        let key = (left, right, share.to_bits());
        if let Some(&place) = self.others.get(&key) {
            return place as usize;
        }
        let place = self.new_cell(left, right, share);
        self.others.insert(key, place);
        place as usize
    }

    #[inline]
    fn count(&mut self, place: usize, set: u32, sets: &BoardSets) {
        let counts = &mut self.plain[place * self.boards..][..self.boards];
        match self.spelled.get(set as usize * self.boards..).and_then(|spelled| spelled.get(..self.boards)) {
            Some(spelled) => counts.iter_mut().zip(spelled).for_each(|(count, add)| *count += add),
            None => sets.boards_of(set).for_each(|board| counts[board] += 1),
        }
    }

    /// The counts of each board over its own items, in the order in which they were first seen on it. O(cells ×
    /// boards).
    pub(crate) fn finish(&self, items: &Items, sets: &BoardSets) -> Vec<Tally> {
        (0..self.boards).map(|board| self.board(board, items, sets)).collect()
    }

    fn board(&self, board: usize, items: &Items, sets: &BoardSets) -> Tally {
        let order = &self.order[board];
        let mut ids = vec![ItemId(u32::MAX); items.len()];
        for (id, &item) in order.iter().enumerate() {
            ids[item as usize] = ItemId(id as u32);
        }
        let mut entries = Vec::new();
        let entry = |low: u32, high: u32, share: f64, sum: CellSum| {
            let (one, other) = (ids[low as usize], ids[high as usize]);
            let (low, high, share) = if one < other { (one, other, share) } else { (other, one, 1.0 - share) };
            Entry { pair: Pair { low, high }, share, sum }
        };
        for (place, &(pair, share)) in self.cells.iter().enumerate() {
            let index = place * self.boards + board;
            let mut sum = CellSum::of(f64::from(self.plain[index]), 1.0);
            if let Some(&weighted) = self.sums.get(index) {
                sum.add(weighted);
            }
            if sum.count > 0.0 {
                entries.push(entry(pair.low.0, pair.high.0, share, sum));
            }
        }
        for (&((left, right, share), set), &sum) in &self.shares {
            if sets.has(set, board) && sum.count > 0.0 {
                entries.push(entry(left, right, f64::from_bits(share), sum));
            }
        }
        let names = order.iter().map(|&item| items.name(ItemId(item))).collect();
        Tally { items: names, entries, ..Tally::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Comparison, Outcome};
    use super::super::PreferenceGraph;
    use super::*;

    fn rows(items: usize) -> Log {
        let mut log = Log::new((0..items).map(|item| format!("item {item}")).collect());
        for row in 0..600u32 {
            let (left, right) = (row * 7 % items as u32, (row * 11 + 3) % items as u32);
            if left == right {
                continue;
            }
            let outcome = [Outcome::Left, Outcome::Right, Outcome::Tie, Outcome::Share(0.25)][row as usize / 5 % 4];
            log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
        }
        log
    }

    /// Counted board by board.
    fn apart(log: &Log, of_row: &[u32], sets: &BoardSets, board: usize) -> PreferenceGraph {
        let rows: Vec<u32> = (0..log.len() as u32).filter(|&row| sets.has(of_row[row as usize], board)).collect();
        PreferenceGraph::from_log(&log.part(&rows))
    }

    fn check(log: &Log, boards: usize) {
        let mut sets = BoardSets::new(boards);
        let of_row: Vec<u32> = (0..log.len() as u64)
            .map(|row| {
                let bits = |word: u64| (row * 0x9e37_79b9 + word).wrapping_mul(0x2545_f491_4f6c_dd1d) >> 3 & row;
                let set: Vec<u64> = (0..sets.words() as u64).map(bits).collect();
                sets.intern(&set)
            })
            .collect();
        let ids: Vec<u32> = (0..log.items().len() as u32).collect();
        let mut tally = BoardTally::new(boards);
        tally.append(log, &ids, ids.len(), &of_row, &sets);
        tally.spill();
        tally.append(log, &ids, ids.len(), &of_row, &sets);
        let twice = tally.finish(log.items(), &sets);
        for (board, tally) in twice.into_iter().enumerate() {
            let (found, expected) = (PreferenceGraph::from_tally(tally), apart(log, &of_row, &sets, board));
            assert_eq!(found.items(), expected.items());
            assert_eq!(found.cells(), expected.cells());
            let counts: Vec<f64> = expected.sums().iter().map(|sum| 2.0 * sum.count).collect();
            assert_eq!(found.sums().iter().map(|sum| sum.count).collect::<Vec<_>>(), counts, "board {board}");
        }
    }

    #[test]
    fn boards_counted_together_are_those_counted_apart() {
        check(&rows(12), 3);
        check(&rows(40), 70);
        check(&rows(DENSE_ITEMS + 9), 2);
    }

    #[test]
    fn rows_of_as_many_shares_as_rows_take_no_number_a_board() {
        let mut log = rows(12);
        (0..500).for_each(|row| {
            let share = Outcome::Share(0.1 + f64::from(row) / 1000.0);
            log.push(Comparison::new(ItemId(row % 12), ItemId((row + 1) % 12), share));
        });
        check(&log, 20);
        let (mut tally, mut sets) = (BoardTally::new(20), BoardSets::new(20));
        let all = sets.intern(&[0xf_ffff]);
        let ids: Vec<u32> = (0..12).collect();
        tally.append(&log, &ids, 12, &vec![all; log.len()], &sets);
        assert!(tally.plain.len() <= 20 * 3 * 66, "{}", tally.plain.len());
    }

    #[test]
    fn weights_are_summed_on_each_board() {
        let mut log = rows(12);
        log.push(Comparison { count: 2.0, weight: 3.0, ..Comparison::new(ItemId(1), ItemId(0), Outcome::Left) });
        check(&log, 5);
    }
}
