//! What one block of a file of samples says, with ids of its own.

use super::super::super::samples::ItemNames;
use super::super::block::{Fields, RowReader};
use super::super::error::{Fault, shown};
use super::super::fields::{ScoreField, score};
use super::super::groups::ONE_GROUP;
use super::super::names::Names;
use super::layout::Layout;

/// The rows of one block.
#[derive(Debug, Default)]
pub(super) struct SampleBlock {
    pub(super) groups: Names,
    /// The group of each row, as an index into `groups`.
    pub(super) group_ids: Vec<u32>,
    /// The item of each row, if items are named.
    pub(super) items: ItemNames,
    /// For each column of numbers one number a row; NaN where it is missing.
    pub(super) numbers: Vec<Vec<f64>>,
    /// Rows and the lines on which they start, both counted from 0; rows that are left out here follow
    /// the one before on the next line.
    pub(super) runs: Vec<(usize, u64)>,
    pub(super) lines: u64,
    /// The first bad row, on which reading ends.
    pub(super) bad: Option<(u64, Fault)>,
}

/// Reads the rows of one block.
#[derive(Debug)]
pub(super) struct SampleReader<'a> {
    layout: &'a Layout,
    pub(super) block: SampleBlock,
    next_line: u64,
}

impl<'a> SampleReader<'a> {
    pub(super) fn new(layout: &'a Layout) -> Self {
        let numbers = vec![Vec::new(); layout.numbers.len()];
        Self { layout, block: SampleBlock { numbers, ..SampleBlock::default() }, next_line: u64::MAX }
    }

    fn name(&self, column: usize) -> String {
        self.layout.names[column].clone()
    }

    /// The name that a row must have, of a group or an item.
    fn text<'f>(&self, fields: &'f impl Fields, column: usize, what: &'static str) -> Result<&'f str, Fault> {
        let Some(field) = fields.get(column) else { return Err(self.absent(fields, column)) };
        match std::str::from_utf8(field) {
            Ok(text) if text.trim_ascii().is_empty() => Err(Fault::Unnamed { column: self.name(column), what }),
            Ok(text) => Ok(text),
            Err(_) => Err(Fault::Encoding { column: self.name(column), value: shown(field) }),
        }
    }

    #[cold]
    fn absent(&self, fields: &impl Fields, column: usize) -> Fault {
        let name = self.name(column);
        match fields.nested(column) {
            Some(value) => Fault::Nested { column: name, value: shown(value) },
            None => Fault::MissingKey { column: name },
        }
    }

    /// The id of the row's group, mostly that of the row before.
    #[inline]
    fn group(&mut self, fields: &impl Fields) -> Result<u32, Fault> {
        let Some(column) = self.layout.group else { return Ok(self.block.groups.intern(ONE_GROUP)) };
        if let (Some(&last), Some(field)) = (self.block.group_ids.last(), fields.get(column))
            && self.block.groups.get(last).as_bytes() == field
        {
            return Ok(last);
        }
        let text = self.text(fields, column, "group")?;
        Ok(self.block.groups.intern(text))
    }

    #[inline]
    fn number(&self, fields: &impl Fields, column: usize) -> Result<f64, Fault> {
        let Some(field) = fields.get(column) else {
            return if fields.nested(column).is_some() { Err(self.absent(fields, column)) } else { Ok(f64::NAN) };
        };
        match score(field) {
            ScoreField::Finite(number) => Ok(number),
            ScoreField::Missing => Ok(f64::NAN),
            ScoreField::Infinite => Err(Fault::InfiniteNumber { column: self.name(column), value: shown(field) }),
            ScoreField::Other => Err(Fault::NotASampleNumber { column: self.name(column), value: shown(field) }),
        }
    }

    #[cold]
    fn check_late(&self, fields: &impl Fields) -> Result<(), Fault> {
        let late =
            self.layout.late.iter().find(|&&column| fields.get(column).is_some() || fields.nested(column).is_some());
        late.map_or(Ok(()), |&column| Err(Fault::LateKey { column: self.name(column) }))
    }
}

impl RowReader for SampleReader<'_> {
    #[inline]
    fn add(&mut self, fields: &impl Fields, line: impl FnOnce() -> u64) -> Result<(), Fault> {
        let group = self.group(fields)?;
        if let Some(column) = self.layout.item {
            let item = self.text(fields, column, "item")?;
            self.block.items.push(item);
        }
        if !self.layout.late.is_empty() {
            self.check_late(fields)?;
        }
        for index in 0..self.block.numbers.len() {
            let number = self.number(fields, self.layout.numbers[index])?;
            self.block.numbers[index].push(number);
        }
        let line = line();
        if line != self.next_line {
            self.block.runs.push((self.block.group_ids.len(), line));
        }
        self.next_line = line + 1;
        self.block.group_ids.push(group);
        Ok(())
    }

    fn bad(&mut self, line: u64, fault: Fault) -> bool {
        self.block.bad = Some((line, fault));
        false
    }

    fn shows_bad(&self) -> bool {
        true
    }

    fn end(&mut self, lines: u64) {
        self.block.lines = lines;
    }
}
