//! Rows that filters choose, and outcomes of several columns in one.

use super::super::super::{Log, Outcome};
use super::super::error::{Fault, shown};
use super::super::filter::{Fate, RowFilter, text};
use super::super::names::Names;
use super::super::options::BothBad;
use super::super::outcome::Verdict;
use super::{Block, BlockReader, Fields, Found};

impl BlockReader<'_> {
    /// Whether the filters let a row through. Those that depend on the rows before come later.
    #[inline]
    pub(in super::super) fn admits(&mut self, fields: &impl Fields) -> Result<bool, Fault> {
        let Some(filter) = &mut self.filter else { return Ok(true) };
        let fate = filter.fate(fields);
        if let Fate::Dropped(step) = fate {
            filter.drop_row(step as usize);
            return Ok(false);
        }
        let (period, behind) = (filter.plan.period, filter.plan.behind_conditions());
        if let Some(period) = period {
            let time = self.time(fields, period.column)?;
            let Some(filter) = &mut self.filter else { return Ok(true) };
            if period.is_odd(time) {
                filter.note_odd_time(fields, period.column);
            }
            if let Some(step) = period.leaves_out(time) {
                filter.drop_row(behind + step);
                return Ok(false);
            }
        }
        let Some(filter) = &mut self.filter else { return Ok(true) };
        if fate == Fate::Outside {
            filter.chosen.outside += 1;
            return Ok(false);
        }
        if filter.plan.has_late_filters()
            && let Err(column) = filter.note_keys(fields)
        {
            return Err(Fault::Encoding { column: self.columns.name(column), value: shown(text(fields, column)) });
        }
        Ok(true)
    }

    /// Takes down that a row was added.
    #[inline]
    pub(in super::super) fn added(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.added(self.block.rows.len());
        }
    }

    /// What was read.
    pub(in super::super) fn finish(self) -> Block {
        Block { chosen: self.filter.map(RowFilter::finish), ..self.block }
    }

    /// The weighted mean of the outcomes of several columns, as one comparison. Its weight is the part that the
    /// columns with an outcome have of all weights. A strong grade counts as so many outcomes as its weight.
    pub(super) fn composite(&self, fields: &impl Fields, [left, right]: [&[u8]; 2]) -> Result<Found, Fault> {
        let (mut won, mut there, mut all) = (0.0, 0.0, 0.0);
        for &(column, weight) in &self.columns.outcomes {
            all += weight;
            let word = fields.get(column).unwrap_or_default();
            if word.trim_ascii().is_empty() && fields.nested(column).is_none() {
                continue;
            }
            let (outcome, times) = match self.verdict(column, self.field(fields, column)?, left, right)? {
                Verdict::BothBad if self.options.both_bad == BothBad::Drop => continue,
                Verdict::BothBad => (Outcome::Tie, 1.0),
                Verdict::Plain(outcome) => (outcome, 1.0),
                Verdict::Strong(outcome) => (outcome, self.columns.strong_weight),
            };
            won += times * weight * outcome.share();
            there += times * weight;
        }
        // Rounding must not lead out of [0, 1].
        let outcome = Outcome::from_share((won / there).clamp(0.0, 1.0));
        Ok(outcome.map_or(Found::NoVerdict, |outcome| Found::One(outcome, there / all)))
    }
}

impl Block {
    /// Keeps the comparisons that are marked, as if the others had not been there. What counts rows of the file
    /// stays as it is.
    pub(in super::super) fn retain(&mut self, keep: &[bool]) {
        let kept: Vec<u32> = (0..keep.len() as u32).filter(|&row| keep[row as usize]).collect();
        let picked = |ids: &[u32]| kept.iter().map(|&row| ids[row as usize]).collect::<Vec<u32>>();
        let mut rows: Log = self.rows.select_unlabelled(&kept);
        let mut items = Names::default();
        for (left, right) in rows.left.iter_mut().zip(&mut rows.right) {
            *left = items.intern(self.items.get(*left));
            *right = items.intern(self.items.get(*right));
        }
        (self.rows, self.items) = (rows, items);
        for (names, ids) in &mut self.labels {
            let mut kept_names = Names::default();
            *ids = picked(ids).into_iter().map(|id| kept_names.intern(names.get(id))).collect();
            *names = kept_names;
        }
        if let Some(chosen) = self.chosen.as_mut().filter(|chosen| !chosen.of_row.is_empty()) {
            chosen.of_row = picked(&chosen.of_row);
        }
    }
}
