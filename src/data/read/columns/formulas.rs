//! From the columns that a covariate names to those of a file.

use super::super::covariates::{CovariateColumn, Formula, Operands, Term};
use super::super::error::ReadError;
use super::super::path::ColumnPath;
use super::Finder;

impl Finder<'_> {
    /// The covariate as columns of this file.
    pub(super) fn formula(&mut self, wanted: &CovariateColumn) -> Result<Formula, ReadError> {
        let relative = wanted.relative;
        let (left, right) = match &wanted.operands {
            Operands::Sides([left, right]) => (left.as_str(), Some(right.as_str())),
            Operands::Written(text) if self.is_term(text) && !relative => (text.as_str(), None),
            Operands::Written(text) => self.difference(text).map_or((text.as_str(), None), |(l, r)| (l, Some(r))),
        };
        let left = self.term(left, wanted)?;
        let right = right.map(|right| self.term(right, wanted)).transpose()?;
        Ok(Formula { left, right, relative })
    }

    /// The two columns of a difference. Names may hold a minus sign too, so all are tried.
    fn difference<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let sides = |(place, sign): (usize, &str)| (text[..place].trim(), text[place + sign.len()..].trim());
        let mut all = text.match_indices('-').map(sides);
        all.clone().find(|(left, right)| self.is_term(left) && self.is_term(right)).or_else(|| all.next())
    }

    /// Whether there is such a column, or an object with such columns inside.
    fn is_term(&self, name: &str) -> bool {
        self.header.has(name) || self.object(name).is_some() || self.inside(name).next().is_some()
    }

    /// The columns that stand inside of another.
    fn inside<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s String> {
        self.header.columns().filter(move |column| column.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    fn term(&mut self, name: &str, wanted: &CovariateColumn) -> Result<Term, ReadError> {
        if self.header.has(name) {
            return Ok(Term { columns: vec![self.add_column(name)] });
        }
        // Objects of one file may differ in their keys, so each is summed as it is; columns are what they are.
        if let Some(path) = self.object(name).cloned() {
            let column = self.header.names.len();
            self.header.names.push(name.to_owned());
            self.paths.push((column, path));
            return Ok(Term { columns: vec![column] });
        }
        let inside: Vec<String> = self.inside(name).cloned().collect();
        if inside.is_empty() {
            return Err(self.missing(format!("the covariate {} (`{name}`)", wanted.name()), "--covariates"));
        }
        Ok(Term { columns: inside.iter().map(|column| self.add_column(column)).collect() })
    }

    /// The path to the object of this name, in files whose rows have any.
    fn object(&self, name: &str) -> Option<&ColumnPath> {
        self.header.objects.iter().find(|(written, _)| written == name).map(|(_, path)| path)
    }
}
