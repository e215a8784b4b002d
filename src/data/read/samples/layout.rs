//! Which columns of a file of samples are read.

use super::super::columns::{Header, check_unique, missing, usual};
use super::super::error::ReadError;
use super::super::groups::{GroupColumns, Wanted};
use super::{NoScore, SampleOptions};

const SCORE: &[&str] = &["score", "reward", "value"];

/// The columns of one file, as indices into its header.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) names: Vec<String>,
    /// `None` where all rows are one group.
    pub(super) group: Option<usize>,
    pub(super) item: Option<usize>,
    /// The score if there is one, and then the numbers asked for.
    pub(super) numbers: Vec<usize>,
    pub(super) has_score: bool,
    /// Columns that name the item if the first JSON object has them. It has not, so none may have.
    pub(super) late: Vec<usize>,
    columns: GroupColumns,
}

impl Layout {
    /// Finds the columns in the header of the file at `path`. What the `first` file has, each later one
    /// must have.
    pub(super) fn find(
        path: &str,
        mut header: Header,
        options: &SampleOptions,
        first: Option<&Self>,
    ) -> Result<Self, ReadError> {
        check_unique(path, &header.names)?;
        let SampleOptions { group, one_group, item, .. } = options;
        let wanted = Wanted { group: group.as_deref(), one_group: *one_group, item: item.as_deref() };
        let columns = GroupColumns::find(path, &header, wanted, first.map(|first| first.columns))?;
        let position = |name: &str| header.names.iter().position(|column| column == name);
        let absent = |wanted, option: &str| missing(path, &header.names, wanted, option);
        let score = match &options.score {
            Some(name) => Some(position(name).ok_or_else(|| absent(format!("--score {name}"), "--score"))?),
            None => usual(&header.names, SCORE),
        };
        let first_has = first.map_or(options.no_score == NoScore::Refuse, |first| first.has_score);
        if score.is_none() && first_has {
            return Err(absent(format!("the score ({})", SCORE.join(", ")), "--score"));
        }
        let score = score.filter(|_| first.is_none_or(|first| first.has_score));
        let mut numbers: Vec<usize> = score.into_iter().collect();
        for wanted in &options.numbers {
            let missing = || absent(format!("{} {}", wanted.option, wanted.column), wanted.option);
            numbers.push(position(&wanted.column).ok_or_else(missing)?);
        }
        let late = if header.open { columns.late() } else { Vec::new() };
        let names = header.names.len();
        header.names.extend(late.iter().map(|&name| name.to_owned()));
        let late = (names..header.names.len()).collect();
        let GroupColumns { group, item } = columns;
        Ok(Self { group, item, numbers, has_score: score.is_some(), late, columns, names: header.names })
    }

    /// Whether a column is read at all, for each column.
    pub(super) fn wanted(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.names.len()];
        let single = [self.group, self.item].into_iter().flatten();
        for column in single.chain(self.numbers.iter().copied()).chain(self.late.iter().copied()) {
            wanted[column] = true;
        }
        wanted
    }

    /// The names of the columns of numbers.
    pub(super) fn number_names(&self) -> Vec<String> {
        self.numbers.iter().map(|&column| self.names[column].clone()).collect()
    }
}
