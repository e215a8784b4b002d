//! What one block of a file says, with ids of its own. Blocks are parsed apart from each other and
//! merged in file order.

mod chosen;
pub(super) mod covariates;
mod dialect;

use super::super::{Comparison, ItemId, Log, Outcome};
use super::columns::{Columns, Evidence};
use super::error::{Fault, shown};
use super::fields::{ScoreField, number, score, time};
use super::filter::{Chosen, RowFilter};
use super::names::Names;
use super::options::{AMOUNTS, BothBad, OutcomeAs, ReadOptions};
use super::outcome::{Verdict, usual, verdict};

/// The fields of a row by the index of their column.
pub(super) trait Fields {
    /// The field as text, or `None` where a JSON object has no such key, a null or no single value.
    fn get(&self, column: usize) -> Option<&[u8]>;

    /// Which text of a dictionary of the column it is, where that is known.
    #[inline]
    fn entry(&self, _column: usize) -> Option<u32> {
        None
    }

    /// The field as a word, if it is a short one.
    #[inline]
    fn word(&self, column: usize) -> Option<Word> {
        Word::of(self.get(column)?)
    }

    /// What is wrong with a row that has no value in the column of this name.
    fn absent(&self, column: String) -> Fault {
        Fault::MissingKey { column }
    }

    /// The array or the object that is there instead of a single value.
    fn nested(&self, _column: usize) -> Option<&[u8]> {
        None
    }
}

/// A text of up to eight bytes: they are a number, and with their count say which text it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) bytes: u64,
    pub(super) length: u32,
}

impl Word {
    /// The most bytes of a word.
    pub(super) const MOST: usize = 8;

    /// The text as a word, if it is short.
    #[inline]
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MOST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { bytes: u64::from_le_bytes(bytes), length: text.len() as u32 })
    }

    /// The number that the word is, if it is digits only.
    #[inline]
    pub(super) fn number(self) -> Option<u32> {
        const ZEROS: u64 = 0x3030_3030_3030_3030;
        if self.length == 0 {
            return None;
        }
        // Zeros in front, so that there are eight digits, the first in the lowest byte.
        let free = u64::BITS - 8 * self.length;
        let text = if free == 0 { self.bytes } else { self.bytes << free | ZEROS >> (u64::BITS - free) };
        let digits = text ^ ZEROS;
        let is_digits = (digits | digits.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0;
        // Pairs of digits, then of these, then of those.
        let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
        let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
        let number = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) as u32;
        is_digits.then_some(number)
    }

    /// The first bytes of these as a word.
    #[inline]
    pub(super) fn first(bytes: [u8; Self::MOST], length: usize) -> Option<Self> {
        /// The bits of so many bytes.
        const MASKS: [u64; Word::MOST + 1] =
            [0, 0xff, 0xffff, 0xff_ffff, 0xffff_ffff, u64::MAX >> 24, u64::MAX >> 16, u64::MAX >> 8, u64::MAX];
        let mask = MASKS.get(length)?;
        Some(Self { bytes: u64::from_le_bytes(bytes) & mask, length: length as u32 })
    }
}

/// What makes a block of the rows of a text, which are given to it one after another.
pub(super) trait RowReader {
    /// Adds a row, or nothing at all if it is bad. `line` tells the line of the text on which it starts,
    /// counted from 0; asking may take long.
    fn add(&mut self, fields: &impl Fields, line: impl FnOnce() -> u64) -> Result<(), Fault>;

    /// Takes a bad row. Whether reading goes on is the answer.
    fn bad(&mut self, line: u64, fault: Fault) -> bool;

    /// Whether it matters on which line a bad row stands.
    fn shows_bad(&self) -> bool;

    /// Ends a text that was read up to its end and has so many lines.
    fn end(&mut self, lines: u64);
}

/// Bad rows keep this many messages.
pub(super) const MESSAGES: usize = 5;

/// A bad row and the line of its block on which it starts, counted from 0.
#[derive(Debug)]
pub(super) struct BadRow {
    pub(super) line: u64,
    pub(super) fault: Fault,
}

/// The rows of one block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The rows, whose ids count in `items`.
    pub(super) rows: Log,
    pub(super) items: Names,
    /// For each label column its values, and one id for each of `rows`.
    pub(super) labels: Vec<(Names, Vec<u32>)>,
    /// The covariates of `rows`, row by row.
    pub(super) covariates: Vec<f64>,
    /// Good rows of the file, of which `rows` may hold none or several.
    pub(super) read: u64,
    /// Lines of the file.
    pub(super) lines: u64,
    pub(super) disagreements: u64,
    pub(super) both_bad_dropped: u64,
    pub(super) no_verdict: u64,
    pub(super) skipped: u64,
    /// The first few of the skipped rows; the one bad row where none is skipped.
    pub(super) bad: Vec<BadRow>,
    /// What filters made of it, if there are any.
    pub(super) chosen: Option<Chosen>,
}

/// What the evidence of one row adds.
enum Found {
    One(Outcome, f64),
    Counts([f64; 3]),
    /// Two games, each with its weight: one as the row says, one with exchanged sides.
    Games([(Outcome, f64); 2]),
    /// Both items are bad, and such rows are left out.
    Nothing,
    /// The row says nothing.
    NoVerdict,
}

/// Reads the rows of one block.
#[derive(Debug)]
pub(super) struct BlockReader<'a> {
    columns: &'a Columns,
    options: &'a ReadOptions,
    pub(super) block: Block,
    filter: Option<RowFilter<'a>>,
    /// Whether no column asks for more care than [`add_common`](Self::add_common) takes.
    pub(super) common: bool,
    /// The labels of the row being read.
    labels: Vec<u32>,
    /// The covariates of the row being read.
    covariates: Vec<f64>,
}

impl RowReader for BlockReader<'_> {
    #[inline]
    fn add(&mut self, fields: &impl Fields, _line: impl FnOnce() -> u64) -> Result<(), Fault> {
        if !self.admits(fields)? {
            return Ok(());
        }
        self.add_admitted(fields)
    }

    #[cold]
    fn bad(&mut self, line: u64, fault: Fault) -> bool {
        if self.shows_bad() {
            self.block.bad.push(BadRow { line, fault });
        }
        self.block.skipped += 1;
        self.options.skip_bad_rows
    }

    fn shows_bad(&self) -> bool {
        self.block.bad.len() < MESSAGES
    }

    fn end(&mut self, lines: u64) {
        self.block.lines = lines;
    }
}

impl<'a> BlockReader<'a> {
    pub(super) fn new(columns: &'a Columns, options: &'a ReadOptions) -> Self {
        let labels = columns.labels.iter().map(|_| <(Names, Vec<u32>)>::default()).collect();
        let common = columns.baseline.is_none()
            && columns.weight.is_none()
            && columns.time.is_none()
            && columns.scores.is_none()
            && columns.others.is_empty();
        let filter = columns.plan.as_ref().map(RowFilter::new);
        let block = Block { labels, ..Block::default() };
        Self { columns, options, block, filter, common, labels: Vec::new(), covariates: Vec::new() }
    }

    /// Adds a row that the filters let through.
    #[inline]
    pub(super) fn add_admitted(&mut self, fields: &impl Fields) -> Result<(), Fault> {
        if !(self.common && self.add_common(fields).is_some()) {
            self.add_any(fields)?;
        }
        self.added();
        Ok(())
    }

    /// Adds a row of the commonest kind: a usual word about items that were seen before. `None`
    /// says nothing but that the row, which is not added, is of another kind.
    #[inline]
    fn add_common(&mut self, fields: &impl Fields) -> Option<()> {
        let Evidence::Outcome(column) = self.columns.evidence else { return None };
        let (left, right) = (fields.get(self.columns.left)?, fields.get(self.columns.right)?);
        let word = fields.get(column)?;
        let code = usual(word).filter(|_| word != left && word != right)?;
        let (left, right) = (self.block.items.find(left)?, self.block.items.find(right)?);
        if left == right {
            return None;
        }
        self.labels.clear();
        for (label, (names, _)) in self.columns.labels.iter().zip(&self.block.labels) {
            self.labels.push(names.find(fields.get(label.column)?)?);
        }
        if !self.columns.covariates.is_empty() {
            self.read_covariates(fields).ok()?;
            self.push_row_covariates();
        }
        for ((_, ids), &id) in self.block.labels.iter_mut().zip(&self.labels) {
            ids.push(id);
        }
        self.block.rows.push_single(left, right, code);
        self.block.read += 1;
        Some(())
    }

    /// Adds a row of the commonest kind by ids of this block that are known already, one for each label, and by its
    /// covariates.
    #[inline]
    #[cfg(feature = "parquet")]
    pub(super) fn add_known(&mut self, [left, right]: [u32; 2], code: u8, labels: &[u32], covariates: &[f64]) {
        self.block.covariates.extend_from_slice(covariates);
        for ((_, ids), &id) in self.block.labels.iter_mut().zip(labels) {
            ids.push(id);
        }
        self.block.rows.push_single(left, right, code);
        self.block.read += 1;
    }

    fn add_any(&mut self, fields: &impl Fields) -> Result<(), Fault> {
        let columns = self.columns;
        let right = self.field(fields, columns.right)?;
        let left = match &columns.baseline {
            Some(name) => name.as_bytes(),
            None => self.field(fields, columns.left)?,
        };
        let (left_id, right_id) = (self.block.items.find(left), self.block.items.find(right));
        let known = left_id.zip(right_id).filter(|(left, right)| left != right);
        if known.is_none() {
            self.check_items(left, right)?;
        }
        let found = self.found(columns.evidence, fields, left, right)?;
        let weight = match columns.weight.filter(|&column| is_there(fields, column)) {
            Some(column) => self.amount(column, self.field(fields, column)?, "weight")?,
            None => 1.0,
        };
        let time = columns.time.map(|column| self.time(fields, column)).transpose()?;
        let scores = columns.scores.map(|columns| self.scores(fields, columns)).transpose()?;
        self.read_covariates(fields)?;
        self.check_labels(fields)?;
        self.compare_others(&found, fields, left, right);
        // From here on nothing can fail.
        match found {
            Found::Nothing => self.block.both_bad_dropped += 1,
            Found::NoVerdict => self.block.no_verdict += 1,
            Found::One(..) | Found::Counts(_) | Found::Games(_) => {}
        }
        if matches!(found, Found::Nothing | Found::NoVerdict) {
            self.block.read += 1;
            // Where rows are chosen, those of no board must add no item to it.
            if self.filter.is_none() && known.is_none() {
                self.intern(left);
                self.intern(right);
            }
            return Ok(());
        }
        let (left, right) = known.unwrap_or_else(|| (self.intern(left), self.intern(right)));
        let before = self.block.rows.len();
        self.push(fields, Comparison { weight, ..comparison(left, right) }, &found, time);
        self.push_covariates(&found, self.block.rows.len() - before);
        if let Some(scores) = scores {
            let added = self.block.rows.len() - before;
            self.block.rows.scores.truncate(before);
            self.block.rows.scores.extend(std::iter::repeat_n(scores, added));
        }
        Ok(())
    }

    fn field<'f>(&self, fields: &'f impl Fields, column: usize) -> Result<&'f [u8], Fault> {
        fields.get(column).ok_or_else(|| match fields.nested(column) {
            Some(value) => Fault::Nested { column: self.columns.name(column), value: shown(value) },
            None => fields.absent(self.columns.name(column)),
        })
    }

    #[cold]
    fn check_items(&self, left: &[u8], right: &[u8]) -> Result<(), Fault> {
        for (column, name) in [(self.columns.left, left), (self.columns.right, right)] {
            if name.is_empty() {
                return Err(Fault::EmptyName { column: self.columns.name(column) });
            }
            self.check_text(column, name)?;
        }
        if left == right {
            return Err(Fault::SelfComparison {
                left: self.columns.name(self.columns.left),
                right: self.columns.name(self.columns.right),
                value: shown(left),
            });
        }
        Ok(())
    }

    fn check_text(&self, column: usize, field: &[u8]) -> Result<(), Fault> {
        match std::str::from_utf8(field) {
            Ok(_) => Ok(()),
            Err(_) => Err(Fault::Encoding { column: self.columns.name(column), value: shown(field) }),
        }
    }

    /// The id of a name that is known to be valid.
    #[cold]
    fn intern(&mut self, name: &[u8]) -> u32 {
        self.block.items.intern(std::str::from_utf8(name).unwrap_or_default())
    }

    fn found(&self, evidence: Evidence, fields: &impl Fields, left: &[u8], right: &[u8]) -> Result<Found, Fault> {
        match evidence {
            Evidence::Dialect(evidence) => self.found_in_dialect(evidence, fields, [left, right]),
            Evidence::Composite => self.composite(fields, [left, right]),
            Evidence::Outcome(column) => {
                let word = self.field(fields, column)?;
                Ok(match self.verdict(column, word, left, right)? {
                    Verdict::Plain(outcome) => Found::One(outcome, 1.0),
                    Verdict::Strong(outcome) => Found::One(outcome, self.columns.strong_weight),
                    Verdict::BothBad if self.options.both_bad == BothBad::Drop => Found::Nothing,
                    Verdict::BothBad => Found::One(Outcome::Tie, 1.0),
                })
            }
            Evidence::Counts { left, right, ties } => {
                let count = |column| self.amount(column, self.field(fields, column)?, "count");
                let ties = ties.filter(|&column| is_there(fields, column));
                Ok(Found::Counts([count(left)?, count(right)?, ties.map_or(Ok(0.0), count)?]))
            }
            Evidence::Scores { left, right } => {
                let score = |column| self.score(column, self.field(fields, column)?);
                let (left, right) = (score(left)?, score(right)?);
                Ok(Found::One(by_score(left, right, self.options.margin), 1.0))
            }
        }
    }

    fn verdict(&self, column: usize, word: &[u8], left: &[u8], right: &[u8]) -> Result<Verdict, Fault> {
        let side = verdict(word);
        let Some(name) = named(word, left, right) else {
            return side.ok_or_else(|| self.bad_outcome(column, word));
        };
        match (side, self.options.outcome_as) {
            (Some(side), Some(OutcomeAs::Side)) => Ok(side),
            (Some(side), None) if side != name => {
                Err(Fault::AmbiguousOutcome { column: self.columns.name(column), value: shown(word) })
            }
            _ => Ok(name),
        }
    }

    #[cold]
    fn bad_outcome(&self, column: usize, word: &[u8]) -> Fault {
        let (column, value) = (self.columns.name(column), shown(word));
        if std::str::from_utf8(word).is_err() {
            return Fault::Encoding { column, value };
        }
        Fault::Outcome { column, value }
    }

    fn number(&self, column: usize, field: &[u8]) -> Result<f64, Fault> {
        number(field).ok_or_else(|| Fault::NotANumber { column: self.columns.name(column), value: shown(field) })
    }

    fn score(&self, column: usize, field: &[u8]) -> Result<f64, Fault> {
        let score = self.number(column, field)?;
        let bad = || Fault::Score { column: self.columns.name(column), value: shown(field) };
        score.is_finite().then_some(score).ok_or_else(bad)
    }

    /// The scores that are kept beside what decides; NaN where there are none.
    fn scores(&self, fields: &impl Fields, columns: [usize; 2]) -> Result<[f64; 2], Fault> {
        let [left, right] = columns.map(|column| match fields.get(column) {
            None if fields.nested(column).is_none() => Ok(f64::NAN),
            _ => {
                let field = self.field(fields, column)?;
                if score(field) == ScoreField::Missing { Ok(f64::NAN) } else { self.score(column, field) }
            }
        });
        Ok([left?, right?])
    }

    fn amount(&self, column: usize, field: &[u8], what: &'static str) -> Result<f64, Fault> {
        let amount = self.number(column, field)?;
        let bad = || Fault::Amount { column: self.columns.name(column), what, value: shown(field) };
        (amount == 0.0 || AMOUNTS.contains(&amount)).then_some(amount).ok_or_else(bad)
    }

    fn time(&self, fields: &impl Fields, column: usize) -> Result<f64, Fault> {
        let field = self.field(fields, column)?;
        time(field).ok_or_else(|| Fault::Time { column: self.columns.name(column), value: shown(field) })
    }

    /// Whether the row's labels are text. A label that is not there is empty.
    fn check_labels(&self, fields: &impl Fields) -> Result<(), Fault> {
        for label in &self.columns.labels {
            if fields.nested(label.column).is_some() {
                self.field(fields, label.column)?;
            }
            self.check_text(label.column, fields.get(label.column).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Counts the row if other evidence in it has another winner. Evidence that cannot be read says nothing.
    fn compare_others(&mut self, found: &Found, fields: &impl Fields, left: &[u8], right: &[u8]) {
        if self.columns.others.is_empty() {
            return;
        }
        let lead = found.lead();
        let disagrees = |&other| match self.found(other, fields, left, right) {
            // A margin makes ties of wins; that is no disagreement.
            Ok(other) if self.options.margin > 0.0 => other.lead() * lead < 0,
            Ok(other) => other.lead() != lead,
            Err(_) => false,
        };
        self.block.disagreements += u64::from(self.columns.others.iter().any(disagrees));
    }

    /// Pushes the rows that the evidence makes, each with the row's time and labels.
    fn push(&mut self, fields: &impl Fields, row: Comparison, found: &Found, time: Option<f64>) {
        let before = self.block.rows.len();
        match *found {
            Found::One(outcome, factor) => {
                self.block.rows.push(Comparison { outcome, weight: row.weight * factor, ..row });
            }
            Found::Counts(counts) => {
                for (count, outcome) in counts.into_iter().zip([Outcome::Left, Outcome::Right, Outcome::Tie]) {
                    if count > 0.0 {
                        self.block.rows.push(Comparison { outcome, count, ..row });
                    }
                }
            }
            Found::Games([one, other]) => {
                let exchanged = Comparison { left: row.right, right: row.left, ..row };
                for (row, (outcome, factor)) in [(row, one), (exchanged, other)] {
                    self.block.rows.push(Comparison { outcome, weight: row.weight * factor, ..row });
                }
            }
            Found::Nothing | Found::NoVerdict => {}
        }
        self.block.read += 1;
        let added = self.block.rows.len() - before;
        if let Some(time) = time {
            self.block.rows.times.extend(std::iter::repeat_n(time, added));
        }
        for (label, (names, ids)) in self.columns.labels.iter().zip(&mut self.block.labels) {
            let text = std::str::from_utf8(fields.get(label.column).unwrap_or_default());
            ids.extend(std::iter::repeat_n(names.intern(text.unwrap_or_default()), added));
        }
    }
}

/// Whether the column of a row has a value, if only one that is bad.
fn is_there(fields: &impl Fields, column: usize) -> bool {
    fields.get(column).is_some() || fields.nested(column).is_some()
}

impl Found {
    /// Who did better: the sign of the left item's lead.
    fn lead(&self) -> i8 {
        let lead = match *self {
            Self::One(outcome, _) => outcome.share() - 0.5,
            Self::Counts([left, right, _]) => left - right,
            Self::Games([(one, _), (other, _)]) => one.share() - other.share(),
            Self::Nothing | Self::NoVerdict => 0.0,
        };
        i8::from(lead > 0.0) - i8::from(lead < 0.0)
    }
}

fn comparison(left: u32, right: u32) -> Comparison {
    Comparison::new(ItemId(left), ItemId(right), Outcome::Tie)
}

/// The outcome if the word names one of the row's items, with or without spaces around it.
fn named(word: &[u8], left: &[u8], right: &[u8]) -> Option<Verdict> {
    let names = |word: &[u8]| match word {
        _ if word == left => Some(Verdict::Plain(Outcome::Left)),
        _ if word == right => Some(Verdict::Plain(Outcome::Right)),
        _ => None,
    };
    names(word).or_else(|| names(word.trim_ascii()))
}

fn by_score(left: f64, right: f64, margin: f64) -> Outcome {
    match left - right {
        lead if lead > margin => Outcome::Left,
        lead if lead < -margin => Outcome::Right,
        _ => Outcome::Tie,
    }
}
