//! The columns in which the files of a dialect say what came of a comparison.

use super::super::dialect::{Shape, Verdicts};
use super::super::error::ReadError;
use super::super::options::ReadOptions;
use super::Finder;

/// What a baseline is called that a file does not name.
pub(in super::super) const UNNAMED_BASELINE: &str = "baseline";

/// Where a row of a dialect says what came of it, by column indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum DialectEvidence {
    OneHot([usize; 3]),
    Preference(usize),
    Games([usize; 2]),
    Agreement([usize; 2]),
    Chosen { name: usize, equal: Option<usize> },
    Sides(usize),
}

impl DialectEvidence {
    pub(super) fn columns(self) -> [Option<usize>; 3] {
        match self {
            Self::OneHot(columns) => columns.map(Some),
            Self::Games([first, second]) | Self::Agreement([first, second]) => [Some(first), Some(second), None],
            Self::Chosen { name, equal } => [Some(name), equal, None],
            Self::Preference(column) | Self::Sides(column) => [Some(column), None, None],
        }
    }
}

impl Shape {
    /// The name of the left item of all rows, if no column has it.
    pub(super) fn baseline(&self, options: &ReadOptions) -> Option<String> {
        let name = || options.baseline.clone().unwrap_or_else(|| UNNAMED_BASELINE.to_owned());
        matches!(self.verdicts, Verdicts::Games(_)).then(name)
    }
}

impl Finder<'_> {
    /// The evidence that only the files of a dialect have; `None` where it is in words like any other.
    pub(super) fn verdicts(&mut self, verdicts: &Verdicts) -> Result<Option<DialectEvidence>, ReadError> {
        Ok(Some(match *verdicts {
            Verdicts::Words(_) => return Ok(None),
            Verdicts::OneHot([left, right, tie]) => {
                DialectEvidence::OneHot([self.verdict(left)?, self.verdict(right)?, self.verdict(tie)?])
            }
            Verdicts::Preference(number) => DialectEvidence::Preference(self.verdict(number)?),
            Verdicts::Games([first, second]) => DialectEvidence::Games([self.verdict(first)?, self.verdict(second)?]),
            Verdicts::Agreement([first, second]) => {
                DialectEvidence::Agreement([self.verdict(first)?, self.verdict(second)?])
            }
            Verdicts::Chosen(name, equal) => DialectEvidence::Chosen {
                name: self.verdict(name)?,
                equal: equal.filter(|equal| self.header.has(equal)).map(|equal| self.add_column(equal)),
            },
            Verdicts::Sides(word) => DialectEvidence::Sides(self.verdict(word)?),
        }))
    }

    /// A column of a verdict. One inside of others may be missing in the first object.
    fn verdict(&mut self, name: &str) -> Result<usize, ReadError> {
        let outer = name.split(['.', '[']).next().unwrap_or(name);
        if self.header.has(name) || (outer != name && self.header.open && self.position(outer).is_some()) {
            return Ok(self.add_column(name));
        }
        Err(self.missing(format!("the verdict ({name})"), "another --from, or --winner"))
    }
}
