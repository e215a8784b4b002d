//! The covariates of a row.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::covariates::{Formula, Term};
use super::super::error::{Fault, shown};
use super::super::fields::number;
use super::{BlockReader, Fields, Found};

impl BlockReader<'_> {
    /// Reads the covariates of a row, seen from the left item.
    #[inline]
    pub(super) fn read_covariates(&mut self, fields: &impl Fields) -> Result<(), Fault> {
        let mut values = std::mem::take(&mut self.covariates);
        values.clear();
        for formula in &self.columns.covariates {
            let left = self.term(fields, &formula.left)?;
            let right = formula.right.as_ref().map_or(Ok(0.0), |term| self.term(fields, term))?;
            match formula.value(left, right) {
                Some(value) => values.push(value),
                None => return Err(self.no_value(formula, left, right)),
            }
        }
        self.covariates = values;
        Ok(())
    }

    /// Why a formula has no value.
    #[cold]
    fn no_value(&self, formula: &Formula, left: f64, right: f64) -> Fault {
        let name = |term: &Term| self.columns.name(term.columns[0]);
        match &formula.right {
            Some(term) if formula.relative => Fault::RelativeToNegative {
                found: format!("`{}` is {left} and `{}` is {right}", name(&formula.left), name(term)),
            },
            _ => Fault::Covariate { column: name(&formula.left), value: left.to_string() },
        }
    }

    /// Adds those of a row of the commonest kind, which was just read.
    #[inline]
    pub(super) fn push_row_covariates(&mut self) {
        self.block.covariates.extend_from_slice(&self.covariates);
    }

    /// Adds them for each of the rows that were made of one; in the second of two games the sides are exchanged.
    pub(super) fn push_covariates(&mut self, found: &Found, added: usize) {
        if self.covariates.is_empty() {
            return;
        }
        for game in 0..added {
            let exchanged = game == 1 && matches!(found, Found::Games(_));
            let seen = self.covariates.iter().map(|&value| if exchanged { -value } else { value });
            self.block.covariates.extend(seen);
        }
    }

    fn term(&self, fields: &impl Fields, term: &Term) -> Result<f64, Fault> {
        let mut sum = 0.0;
        for &column in &term.columns {
            let bad = |value: &[u8]| Fault::Covariate { column: self.columns.name(column), value: shown(value) };
            sum += if let Some(object) = fields.nested(column) {
                let name = || self.columns.name(column);
                sum_of_object(object).map_err(|entry| match entry {
                    None => bad(object),
                    Some(Entry { key, value }) => {
                        Fault::Covariate { column: format!("{}.{key}", name()), value: shown(value.as_bytes()) }
                    }
                })?
            } else {
                let field = self.field(fields, column)?;
                finite(field).ok_or_else(|| bad(field))?
            };
        }
        Ok(sum)
    }
}

/// Beyond this the squares of numbers could not be summed.
const LARGEST: f64 = 1e100;

/// A finite number, or a truth value as 1 or 0.
#[inline]
pub(in super::super) fn finite(field: &[u8]) -> Option<f64> {
    match field {
        // Counts, which most covariates are made of.
        [b'0'..=b'9', rest @ ..] if rest.len() < 15 && rest.iter().all(u8::is_ascii_digit) => {
            Some(field.iter().fold(0_u64, |number, digit| 10 * number + u64::from(digit - b'0')) as f64)
        }
        b"true" => Some(1.0),
        b"false" => Some(0.0),
        field => number(field).filter(|number| number.abs() <= LARGEST),
    }
}

/// An entry of an object that is no number.
struct Entry {
    key: String,
    value: String,
}

/// The sum of the numbers of a JSON object; else the first entry that is none, if it is an object at all.
fn sum_of_object(text: &[u8]) -> Result<f64, Option<Entry>> {
    let object: BTreeMap<String, Value> = serde_json::from_slice(text).map_err(|_| None)?;
    let value = |(key, value): (String, Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        finite(text.as_bytes()).ok_or_else(|| Some(Entry { key, value: value.to_string() }))
    };
    object.into_iter().map(value).sum()
}
