//! The rows of a row group as blocks of a log. A name or a word is looked at when it is first seen in its
//! dictionary, and known by its index from then on.

use std::ops::Range;

use super::super::super::{CODE_LEFT, CODE_RIGHT, CODE_TIE, Outcome};
use super::super::block::covariates::finite;
use super::super::block::{Block, BlockReader, Fields, RowReader};
use super::super::columns::{Columns, Evidence};
use super::super::covariates::{Formula, Term};
use super::super::error::Fault;
use super::super::options::ReadOptions;
use super::super::outcome::{Verdict, verdict};
use super::chunk::Chunk;

/// What is not known yet, or must be looked at in every row.
const UNKNOWN: u32 = u32::MAX;

/// The columns of a row group that are read; `None` where one is not.
pub(super) type Chunks = Vec<Option<Chunk>>;

struct Row<'a> {
    chunks: &'a [Option<Chunk>],
    row: usize,
}

impl Fields for Row<'_> {
    fn get(&self, column: usize) -> Option<&[u8]> {
        self.chunks.get(column)?.as_ref()?.get(self.row)
    }

    fn absent(&self, column: String) -> Fault {
        Fault::Null { column }
    }
}

/// Reads a range of the rows of a row group.
pub(super) fn parse(chunks: &Chunks, range: Range<usize>, columns: &Columns, options: &ReadOptions) -> Block {
    let mut reader = BlockReader::new(columns, options);
    let mut known = Known::new(chunks, columns, &reader, range.len());
    for row in range.clone() {
        if known.as_mut().is_some_and(|known| known.add(row, &mut reader)) {
            continue;
        }
        let line = (row - range.start) as u64;
        match reader.add(&Row { chunks, row }, || line) {
            Ok(()) => known.iter_mut().for_each(|known| known.learn(row, &reader.block)),
            Err(fault) => {
                if !reader.bad(line, fault) {
                    return reader.block;
                }
            }
        }
    }
    reader.end(range.len() as u64);
    reader.block
}

/// What is known of the texts of a column, by their place in its dictionary.
struct Seen<'a> {
    chunk: &'a Chunk,
    ids: &'a [u32],
    known: Vec<u32>,
}

impl<'a> Seen<'a> {
    fn new(chunk: &'a Chunk) -> Self {
        Self { chunk, ids: chunk.ids(), known: vec![UNKNOWN; chunk.texts()] }
    }

    #[inline]
    fn get(&self, row: usize) -> Option<u32> {
        self.known.get(self.ids[row] as usize).copied().filter(|&known| known != UNKNOWN)
    }

    fn learn(&mut self, row: usize, what: impl FnOnce(&[u8]) -> Option<u32>) {
        if let Some(text) = self.chunk.get(row)
            && let Some(known) = self.known.get_mut(self.ids[row] as usize)
        {
            *known = what(text).unwrap_or(UNKNOWN);
        }
    }
}

/// The numbers of a column, each text of its dictionary looked at once.
struct Numbers<'a> {
    chunk: &'a Chunk,
    /// By the place of a text in the dictionary: NaN for what is no number or was not looked at. Empty where there are
    /// more texts than rows to be read.
    known: Vec<f64>,
}

impl<'a> Numbers<'a> {
    fn new(chunk: &'a Chunk, rows: usize) -> Self {
        Self { chunk, known: if chunk.texts() <= rows { vec![f64::NAN; chunk.texts()] } else { Vec::new() } }
    }

    #[inline]
    fn get(&mut self, row: usize) -> Option<f64> {
        let number = || self.chunk.get(row).and_then(finite);
        let Some(known) = self.known.get_mut(self.chunk.ids()[row] as usize) else { return number() };
        if known.is_nan() {
            *known = number()?;
        }
        Some(*known)
    }
}

/// What is known of the columns of a covariate.
struct KnownFormula<'a> {
    formula: &'a Formula,
    left: Vec<Numbers<'a>>,
    right: Vec<Numbers<'a>>,
}

impl<'a> KnownFormula<'a> {
    fn new(formula: &'a Formula, chunks: &'a Chunks, rows: usize) -> Option<Self> {
        let term = |term: &Term| {
            let numbers = |&column: &usize| chunks.get(column)?.as_ref().map(|chunk| Numbers::new(chunk, rows));
            term.columns.iter().map(numbers).collect::<Option<Vec<Numbers<'_>>>>()
        };
        let right = formula.right.as_ref().map_or_else(|| Some(Vec::new()), term)?;
        Some(Self { formula, left: term(&formula.left)?, right })
    }

    #[inline]
    fn get(&mut self, row: usize) -> Option<f64> {
        let sum = |term: &mut Vec<Numbers<'_>>| term.iter_mut().try_fold(0.0, |sum, it| Some(sum + it.get(row)?));
        self.formula.value(sum(&mut self.left)?, sum(&mut self.right)?)
    }
}

/// What is known of the texts of a log whose rows are of the commonest kind.
struct Known<'a> {
    left: Seen<'a>,
    right: Seen<'a>,
    words: Seen<'a>,
    labels: Vec<Seen<'a>>,
    covariates: Vec<KnownFormula<'a>>,
    /// The labels and the covariates of the row being read.
    row_labels: Vec<u32>,
    row_covariates: Vec<f64>,
}

impl<'a> Known<'a> {
    fn new(chunks: &'a Chunks, columns: &'a Columns, reader: &BlockReader<'_>, rows: usize) -> Option<Self> {
        let Evidence::Outcome(outcome) = columns.evidence else { return None };
        let seen = |column: usize| chunks.get(column).and_then(Option::as_ref).map(Seen::new);
        if !reader.common {
            return None;
        }
        let labels: Option<Vec<Seen<'_>>> = columns.labels.iter().map(|label| seen(label.column)).collect();
        let covariates = columns.covariates.iter().map(|formula| KnownFormula::new(formula, chunks, rows));
        let covariates: Option<Vec<KnownFormula<'_>>> = covariates.collect();
        Some(Self {
            left: seen(columns.left)?,
            right: seen(columns.right)?,
            words: seen(outcome)?,
            labels: labels?,
            covariates: covariates?,
            row_labels: Vec::new(),
            row_covariates: Vec::new(),
        })
    }

    /// Adds a row of which all is known, and says whether it was such a row.
    #[inline]
    fn add(&mut self, row: usize, reader: &mut BlockReader<'_>) -> bool {
        let (Some(left), Some(right), Some(code)) = (self.left.get(row), self.right.get(row), self.words.get(row))
        else {
            return false;
        };
        if left == right {
            return false;
        }
        self.row_labels.clear();
        for label in &self.labels {
            let Some(label) = label.get(row) else { return false };
            self.row_labels.push(label);
        }
        self.row_covariates.clear();
        for covariate in &mut self.covariates {
            let Some(value) = covariate.get(row) else { return false };
            self.row_covariates.push(value);
        }
        reader.add_known([left, right], code as u8, &self.row_labels, &self.row_covariates);
        true
    }

    /// Takes over what a good row says. A name that is also a word is looked at each time, for it is said
    /// of the row which of the two is meant.
    fn learn(&mut self, row: usize, block: &Block) {
        let item = |name: &[u8]| block.items.find(name).filter(|_| verdict(name).is_none());
        self.left.learn(row, item);
        self.right.learn(row, item);
        self.words.learn(row, |word| match verdict(word)? {
            Verdict::Plain(Outcome::Left) => Some(CODE_LEFT.into()),
            Verdict::Plain(Outcome::Right) => Some(CODE_RIGHT.into()),
            Verdict::Plain(Outcome::Tie) => Some(CODE_TIE.into()),
            Verdict::Plain(Outcome::Share(_)) | Verdict::Strong(_) | Verdict::BothBad => None,
        });
        for (label, (names, _)) in self.labels.iter_mut().zip(&block.labels) {
            label.learn(row, |text| names.find(text));
        }
    }
}
