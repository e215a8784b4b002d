//! Filters and boards while rows are read: conditions become bits of a row, and rows with the same bits are a class,
//! for which it is worked out once whether they count and on which boards.
//!
//! A value of a column is looked at when it is first seen in a block and known by its hash from then on, so that a
//! row costs one look-up a column, however many conditions ask about it.

mod classes;
mod late;
mod plan;
mod short;

use xxhash_rust::xxh3::xxh3_128;

use self::classes::Classes;
pub(super) use self::classes::Fate;
pub(super) use self::late::Late;
pub(super) use self::plan::{Asked, Period, RowPlan, Unnamed};
use self::short::ShortValues;
use super::block::{Fields, Word};
use super::error::shown;
use super::names::Names;

/// More classes than this are not handed from block to block.
const MOST_CLASSES: usize = 1 << 16;
/// A value that has no cap.
pub(super) const NO_VALUE: u32 = u32::MAX;

/// What the filters made of a block.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// For each filter in its order how many rows it left out.
    pub(super) dropped: Vec<u64>,
    /// Rows that no board has.
    pub(super) outside: u64,
    /// Rows that were read and are no comparisons, for they say nothing of their outcome.
    pub(super) without_outcome: u64,
    /// Rows whose time is no date, though one is asked for.
    pub(super) odd_times: Doubt,
    /// Those of the columns that no header named ([`RowPlan::unnamed`]) that have no value in the block.
    pub(super) unseen: Vec<usize>,
    /// For each column that conditions ask about the rows in which it is no number where one is asked for.
    pub(super) doubts: Vec<Doubt>,
    /// The sets of boards that rows are on, one bit a board, so many words a set.
    pub(super) masks: Vec<u64>,
    /// For each set how many rows of the file have it.
    pub(super) mask_rows: Vec<u64>,
    /// For each comparison its set; empty where there are no boards.
    pub(super) of_row: Vec<u32>,
    /// What later filters need of each row of the file; empty where there are none.
    pub(super) keys: Vec<RowKey>,
    /// For each cap the values of its column, and for each row of the file which of them it has.
    pub(super) caps: Vec<(Names, Vec<u32>)>,
}

/// Rows in which a column is no number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) rows: u64,
    /// What the first of them holds.
    pub(super) example: String,
}

/// What later filters need of a row of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowKey {
    /// How many comparisons there are up to the row's last one.
    pub(super) end: u32,
    /// The hash of what must not be there twice; `None` where the row has nothing of it.
    pub(super) dedupe: Option<u128>,
}

/// Values of a column that were looked at.
#[derive(Debug, Default)]
struct Seen {
    values: Names,
    /// Their bits, so many words a value.
    bits: Vec<u64>,
    short: ShortValues,
    /// Values by their place in the column's dictionary, plus one; 0 where it is not known.
    by_entry: Vec<u32>,
}

/// What was learnt of values and of classes of rows. It is handed from block to block: what is learnt is the same in
/// all of a file.
#[derive(Debug)]
pub(super) struct Memory {
    seen: Vec<Seen>,
    classes: Classes,
    /// The sets of boards of the classes, so many words a set.
    masks: Vec<u64>,
}

impl Memory {
    fn new(plan: &RowPlan) -> Self {
        let seen = plan.asked.iter().map(|_| Seen::default()).collect();
        Self { seen, classes: Classes::new(plan.words), masks: Vec::new() }
    }

    /// Forgets what is true of one part of a file only.
    fn for_next_block(mut self) -> Self {
        self.seen.iter_mut().for_each(|seen| seen.by_entry.clear());
        self
    }
}

/// Filters the rows of one block.
#[derive(Debug)]
pub(super) struct RowFilter<'a> {
    pub(super) plan: &'a RowPlan,
    memory: Memory,
    /// The bits of the row being read.
    row: Vec<u64>,
    /// The set of boards that it is on.
    mask: u32,
    dedupe: Option<u128>,
    key: Vec<u8>,
    capped: Vec<u32>,
    /// How many comparisons there are.
    end: usize,
    pub(super) chosen: Chosen,
}

impl<'a> RowFilter<'a> {
    pub(super) fn new(plan: &'a RowPlan) -> Self {
        let chosen = Chosen {
            dropped: vec![0; plan.steps()],
            doubts: vec![Doubt::default(); plan.asked.len()],
            caps: plan.caps.iter().map(|_| <(Names, Vec<u32>)>::default()).collect(),
            unseen: plan.unnamed.iter().map(|it| it.column).collect(),
            ..Chosen::default()
        };
        Self {
            plan,
            memory: plan.memory().unwrap_or_else(|| Memory::new(plan)),
            row: vec![0; plan.words],
            mask: 0,
            dedupe: None,
            key: Vec::new(),
            capped: Vec::new(),
            end: 0,
            chosen,
        }
    }

    /// What becomes of a row by its conditions and boards.
    #[inline]
    pub(super) fn fate(&mut self, fields: &impl Fields) -> Fate {
        if !self.chosen.unseen.is_empty() {
            self.look_for_unseen(fields);
        }
        let Memory { seen, classes, .. } = &mut self.memory;
        let columns = self.plan.asked.iter().zip(seen);
        let class = if let [row] = &mut self.row[..] {
            *row = columns.fold(0, |row, (asked, seen)| row | seen.bits_of(asked, fields));
            classes.find_word(*row)
        } else {
            self.row.fill(0);
            columns.for_each(|(asked, seen)| seen.add_bits(asked, fields, &mut self.row));
            classes.find(&self.row)
        };
        let class = class.unwrap_or_else(|slot| self.learn(slot));
        if self.memory.classes.is_doubtful(class) {
            self.doubt(fields);
        }
        let fate = self.memory.classes.fate(class);
        if let Fate::On(mask) = fate {
            self.mask = mask;
        }
        fate
    }

    /// Takes note of columns that have a value at last.
    #[cold]
    fn look_for_unseen(&mut self, fields: &impl Fields) {
        self.chosen.unseen.retain(|&column| fields.get(column).or_else(|| fields.nested(column)).is_none());
    }

    /// Works out what becomes of the rows with these bits. Where duplicates or caps are counted, rows on no board are
    /// on the empty set until that is done, for they count there too.
    #[cold]
    fn learn(&mut self, slot: usize) -> u32 {
        let fate = match self.plan.failed(&self.row) {
            Some(step) => Fate::Dropped(step),
            None if self.plan.boards.is_empty() => Fate::On(0),
            None => {
                let mask = self.plan.mask(&self.row);
                let is_outside = is_empty(&mask) && !self.plan.has_late_filters();
                if is_outside { Fate::Outside } else { Fate::On(self.mask_id(&mask)) }
            }
        };
        self.memory.classes.add(slot, &self.row, fate, self.plan.is_doubtful(&self.row))
    }

    fn mask_id(&mut self, mask: &[u64]) -> u32 {
        self.memory.masks.extend_from_slice(mask);
        (self.memory.masks.len() / mask.len()) as u32 - 1
    }

    /// What was made of the block. What was learnt goes to the next one.
    pub(super) fn finish(self) -> Chosen {
        let mut chosen = self.chosen;
        chosen.masks.clone_from(&self.memory.masks);
        chosen.mask_rows.resize(chosen.masks.len() / self.plan.mask_words().max(1), 0);
        if self.memory.classes.len() < MOST_CLASSES {
            self.plan.keep(self.memory.for_next_block());
        }
        chosen
    }

    /// Counts columns that are no numbers.
    #[cold]
    fn doubt(&mut self, fields: &impl Fields) {
        for (asked, doubt) in self.plan.asked.iter().zip(&mut self.chosen.doubts) {
            if asked.is_doubtful(&self.row) {
                if doubt.rows == 0 {
                    doubt.example = shown(text(fields, asked.column));
                }
                doubt.rows += 1;
            }
        }
    }

    /// Counts a row that a filter leaves out.
    pub(super) fn drop_row(&mut self, step: usize) {
        self.chosen.dropped[step] += 1;
    }

    /// Counts a row whose time is no date.
    #[cold]
    pub(super) fn note_odd_time(&mut self, fields: &impl Fields, column: usize) {
        let odd = &mut self.chosen.odd_times;
        if odd.rows == 0 {
            odd.example = shown(text(fields, column));
        }
        odd.rows += 1;
    }

    /// Takes down what later filters need of the row. A column of a cap that is no text is the answer.
    pub(super) fn note_keys(&mut self, fields: &impl Fields) -> Result<(), usize> {
        if !self.plan.dedupe.is_empty() {
            self.key.clear();
            let mut there = false;
            for &column in &self.plan.dedupe {
                let value = text(fields, column);
                there |= !value.is_empty();
                self.key.extend_from_slice(&(value.len() as u64).to_le_bytes());
                self.key.extend_from_slice(value);
            }
            self.dedupe = there.then(|| xxh3_128(&self.key));
        }
        self.capped.clear();
        for (&column, (names, _)) in self.plan.caps.iter().zip(&mut self.chosen.caps) {
            let value = text(fields, column);
            let known = match names.find(value) {
                Some(known) => known,
                None => names.intern(std::str::from_utf8(value).map_err(|_| column)?),
            };
            self.capped.push(if value.is_empty() { NO_VALUE } else { known });
        }
        Ok(())
    }

    /// Takes down that the row was read: there are now so many comparisons.
    #[inline]
    pub(super) fn added(&mut self, comparisons: usize) {
        self.chosen.without_outcome += u64::from(comparisons == self.end);
        self.end = comparisons;
        if !self.plan.boards.is_empty() && comparisons > self.chosen.of_row.len() {
            let mask = self.mask as usize;
            if mask >= self.chosen.mask_rows.len() {
                self.chosen.mask_rows.resize(mask + 1, 0);
            }
            self.chosen.mask_rows[mask] += 1;
            self.chosen.of_row.resize(comparisons, self.mask);
        }
        if self.plan.has_late_filters() {
            self.chosen.keys.push(RowKey { end: comparisons as u32, dedupe: self.dedupe });
            for ((_, ids), &id) in self.chosen.caps.iter_mut().zip(&self.capped) {
                ids.push(id);
            }
        }
    }
}

/// Whether a set has no board.
pub(super) fn is_empty(set: &[u64]) -> bool {
    set.iter().all(|&word| word == 0)
}

/// What a column holds, as text; nothing where there is nothing.
pub(super) fn text(fields: &impl Fields, column: usize) -> &[u8] {
    fields.get(column).or_else(|| fields.nested(column)).unwrap_or_default()
}

impl Seen {
    /// The bits of the value that a row has in the column, where they are one word.
    #[inline]
    fn bits_of(&mut self, asked: &Asked, fields: &impl Fields) -> u64 {
        if let Some(bounds) = &asked.bounds
            && let Some(number) = fields.word(asked.column).and_then(Word::number)
        {
            return bounds.bits(number);
        }
        if let Some(known) = self.known(asked.column, fields) {
            return self.bits[known as usize];
        }
        let mut row = [0];
        self.add_unknown(asked, fields, &mut row);
        row[0]
    }

    /// Adds the bits of the value that a row has in the column.
    #[inline]
    fn add_bits(&mut self, asked: &Asked, fields: &impl Fields, row: &mut [u64]) {
        match self.known(asked.column, fields) {
            Some(known) => self.add_known(known, row),
            None => self.add_unknown(asked, fields, row),
        }
    }

    /// The value that a row has in the column, if it is found at first sight: by its place in a dictionary, or as a
    /// short one.
    #[inline]
    fn known(&self, column: usize, fields: &impl Fields) -> Option<u32> {
        match fields.entry(column) {
            Some(entry) => self.by_entry.get(entry as usize).and_then(|known| known.checked_sub(1)),
            None => self.short.find(fields.word(column)?),
        }
    }

    /// Adds the bits of a value that is not found at first sight.
    #[inline(never)]
    fn add_unknown(&mut self, asked: &Asked, fields: &impl Fields, row: &mut [u64]) {
        /// Entries of larger dictionaries are not known by their place.
        const ENTRIES: u32 = 1 << 16;
        let value = text(fields, asked.column);
        let Some(known) = self.values.find(value).or_else(|| self.learn(asked, value, row.len())) else {
            return asked.add_bits(value, row);
        };
        self.add_known(known, row);
        if let Some(entry) = fields.entry(asked.column).filter(|&entry| entry < ENTRIES) {
            let entry = entry as usize;
            self.by_entry.resize(self.by_entry.len().max(entry + 1), 0);
            self.by_entry[entry] = known + 1;
        } else if let Some(word) = fields.word(asked.column) {
            self.short.keep(word, known);
        }
    }

    #[inline]
    fn add_known(&self, known: u32, row: &mut [u64]) {
        let bits = &self.bits[known as usize * row.len()..][..row.len()];
        row.iter_mut().zip(bits).for_each(|(row, bits)| *row |= bits);
    }

    /// Looks at a value. `None` if it is not kept: there are too many, or it is no text.
    #[cold]
    fn learn(&mut self, asked: &Asked, value: &[u8], words: usize) -> Option<u32> {
        const MOST: usize = 1 << 14;
        if self.values.len() >= MOST {
            return None;
        }
        let known = self.values.intern(std::str::from_utf8(value).ok()?);
        self.bits.resize((known as usize + 1) * words, 0);
        asked.add_bits(value, &mut self.bits[known as usize * words..]);
        Some(known)
    }
}
