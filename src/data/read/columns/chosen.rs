//! The columns that filters, boards and composite outcomes ask for.

use super::super::error::ReadError;
use super::super::filter::{Period, RowPlan};
use super::super::options::{ColumnNames, ReadOptions, Role};
use super::super::path::ColumnPath;
use super::{Finder, TIME};

impl Finder<'_> {
    /// Where the filters and boards find what they ask for; `None` where there are neither.
    pub(super) fn plan(&mut self, options: &ReadOptions, names: &ColumnNames) -> Result<Option<RowPlan>, ReadError> {
        let filters = &options.filters;
        if filters.is_empty() && options.boards.is_empty() {
            return Ok(None);
        }
        let mut plan = RowPlan::new(filters, &options.boards, &mut |name, who| {
            self.named(name).ok_or_else(|| self.missing(format!("`{name}` in {who}"), "its exact name"))
        })?;
        if filters.since.is_some() || filters.until.is_some() {
            let column = self.required("the time", names.time.as_deref(), TIME, "--time")?;
            plan.period = Some(Period { column, since: filters.since, until: filters.until });
        }
        for name in &filters.dedupe {
            let column = self.named(name);
            plan.dedupe.push(column.ok_or_else(|| self.missing(format!("--dedupe {name}"), "its exact name"))?);
        }
        for cap in &filters.max_per {
            let roles = [Role::Judge, Role::Task, Role::Group];
            let role = roles.into_iter().find(|role| role.name() == cap.column);
            let column = self.named(&cap.column).or_else(|| self.role(role?, options, names));
            let missing = || self.missing(format!("--max-per {}:{}", cap.column, cap.rows), "its exact name");
            plan.caps.push(column.ok_or_else(missing)?);
        }
        Ok(Some(plan))
    }

    /// The outcomes that are to be made one, with their weights.
    pub(super) fn outcomes(&mut self, options: &ReadOptions) -> Result<Vec<(usize, f64)>, ReadError> {
        let mut found = Vec::new();
        for outcome in &options.outcomes {
            let column = self.named(&outcome.column);
            let missing = || self.missing(format!("the outcome `{}` of --outcomes", outcome.column), "its exact name");
            found.push((column.ok_or_else(missing)?, outcome.weight));
        }
        Ok(found)
    }

    /// The column of that name or path. One inside of others may be missing in the first object.
    fn named(&mut self, name: &str) -> Option<usize> {
        let is_inside = || {
            let path: ColumnPath = name.parse().ok()?;
            (!path.steps().is_empty() && self.header.open && self.position(path.key()).is_some()).then_some(())
        };
        (self.header.has(name) || is_inside().is_some()).then(|| self.add_column(name))
    }
}
