//! The columns that filters, boards and composite outcomes ask for.

use super::super::error::ReadError;
use super::super::filter::{Period, RowPlan, Unnamed};
use super::super::options::{ColumnNames, ReadOptions, Role};
use super::{Finder, TIME};

impl Finder<'_> {
    /// Where the filters and boards find what they ask for; `None` where there are neither.
    /// With columns that were taken on trust before it looks for these too.
    pub(super) fn plan(
        &mut self,
        options: &ReadOptions,
        names: &ColumnNames,
        mut unnamed: Vec<Unnamed>,
    ) -> Result<Option<RowPlan>, ReadError> {
        let filters = &options.filters;
        if !options.chooses_rows() && unnamed.is_empty() {
            return Ok(None);
        }
        let mut plan = RowPlan::new(filters, &options.boards, &mut |name, who| {
            self.named(name, || format!("`{name}` in {who}"), &mut unnamed)
        })?;
        if filters.since.is_some() || filters.until.is_some() {
            let column = self.required("the time", names.time.as_deref(), TIME, "--time")?;
            plan.period = Some(Period::new(column, filters.since, filters.until));
        }
        for name in &filters.dedupe {
            plan.dedupe.push(self.named(name, || format!("--dedupe {name}"), &mut unnamed)?);
        }
        for cap in &filters.max_per {
            let roles = [Role::Judge, Role::Task, Role::Group];
            let role = roles.into_iter().find(|role| role.name() == cap.column);
            let who = || format!("--max-per {}:{}", cap.column, cap.rows);
            let of_role =
                || role.filter(|_| !self.header.has(&cap.column)).and_then(|role| self.role(role, options, names));
            plan.caps.push(match of_role() {
                Some(column) => column,
                None => self.named(&cap.column, who, &mut unnamed)?,
            });
        }
        plan.unnamed = unnamed;
        Ok(Some(plan))
    }

    /// The outcomes that are to be made one, with their weights.
    pub(super) fn outcomes(
        &mut self,
        options: &ReadOptions,
        unnamed: &mut Vec<Unnamed>,
    ) -> Result<Vec<(usize, f64)>, ReadError> {
        let mut found = Vec::new();
        for outcome in &options.outcomes {
            let who = || format!("the outcome `{}` of --outcomes", outcome.column);
            found.push((self.named(&outcome.column, who, unnamed)?, outcome.weight));
        }
        Ok(found)
    }

    /// The column of that name or path. Where later rows may have more than the header, one that it has not is taken
    /// on trust.
    fn named(&mut self, name: &str, who: impl Fn() -> String, unnamed: &mut Vec<Unnamed>) -> Result<usize, ReadError> {
        if self.header.has(name) {
            return Ok(self.add_column(name));
        }
        let error = self.missing(who(), "its exact name");
        match error {
            ReadError::MissingColumn { wanted, found, .. } if self.header.open => {
                let column = self.add_column(name);
                unnamed.push(Unnamed { column, wanted, found });
                Ok(column)
            }
            error => Err(error),
        }
    }
}
