//! What to read from a log: which columns, which rows, what to keep of them.

use serde::Serialize;

use super::covariates::CovariateColumn;
use super::dialect::Dialect;
use super::error::ReadError;

/// Columns named by the user. Where a name is `None` the usual names are looked for.
///
/// A column inside of others, as in the structs of a Parquet file or in JSON objects, is named by its
/// path, such as `conv_metadata.turns` or, in JSON, `games[0].score`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnNames {
    /// The left item (`model_a item_a player_a left agent_a a`).
    pub left: Option<String>,
    /// The right item (`model_b item_b player_b right agent_b b`).
    pub right: Option<String>,
    /// The outcome in words or as the left's share (`winner outcome result`).
    pub winner: Option<String>,
    /// How often the left item won (`wins_a`).
    pub wins_a: Option<String>,
    /// How often the right item won (`wins_b`).
    pub wins_b: Option<String>,
    /// How often neither won (`ties`).
    pub ties: Option<String>,
    /// The left item's score (`score_a`).
    pub score_a: Option<String>,
    /// The right item's score (`score_b`).
    pub score_b: Option<String>,
    /// The weight of the row (`weight`).
    pub weight: Option<String>,
    /// When the comparison was made (`timestamp time date tstamp`).
    pub time: Option<String>,
    /// Who judged it (`judge judger`).
    pub judge: Option<String>,
    /// What it was about (`task question_id prompt_id`).
    pub task: Option<String>,
    /// The group it belongs to (`group group_id`).
    pub group: Option<String>,
}

impl ColumnNames {
    /// Whether a column of an item, an outcome, a count or a score was given.
    pub(super) fn has_comparison(&self) -> bool {
        let sides = [&self.left, &self.right, &self.winner, &self.wins_a, &self.wins_b, &self.ties];
        sides.into_iter().chain([&self.score_a, &self.score_b]).any(Option::is_some)
    }

    /// The names that were given.
    pub(super) fn given(&self) -> impl Iterator<Item = &String> {
        let names = [&self.left, &self.right, &self.winner, &self.wins_a, &self.wins_b, &self.ties, &self.score_a];
        let others = [&self.score_b, &self.weight, &self.time, &self.judge, &self.task, &self.group];
        names.into_iter().chain(others).flatten()
    }
}

/// A part that a categorical column can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Who judged the comparison.
    Judge,
    /// The task or prompt it was about.
    Task,
    /// The group of items it belongs to.
    Group,
    /// The round of a tournament in which it was played (`round`).
    Round,
    /// The part of a tournament it belongs to (`stage`).
    Stage,
}

impl Role {
    /// The role's name, which is also that of the option that names its column, where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Task => "task",
            Self::Group => "group",
            Self::Round => "round",
            Self::Stage => "stage",
        }
    }
}

/// A categorical column that is wanted beside the comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelColumn {
    /// The column of that role, if there is one.
    Role(Role),
    /// The column of that name, without which reading is an error.
    Named(String),
}

/// What is kept of the comparisons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// Counts by pair and outcome, in memory that does not grow with the rows.
    #[default]
    Counts,
    /// Every row, in file order.
    Rows,
}

/// What a row means in which both items are called bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BothBad {
    /// A tie.
    #[default]
    Tie,
    /// Nothing: it is counted and left out.
    Drop,
}

/// How to read an outcome that is both a side and the name of the item on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeAs {
    /// As the side.
    Side,
    /// As the item's name.
    Name,
}

/// How a log is read. The default takes the usual column names and keeps counts.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, set by name")]
pub struct ReadOptions {
    /// Columns named by the user.
    pub columns: ColumnNames,
    /// Whether rows are kept even where nothing else asks for them.
    pub keep: Keep,
    /// Categorical columns wanted; rows are kept where one of them is there.
    pub labels: Vec<LabelColumn>,
    /// Covariates wanted; rows are kept where there are any.
    pub covariates: Vec<CovariateColumn>,
    /// Whether times are kept, and rows with them; a log without a time column is then an error.
    pub read_time: bool,
    /// Whether the judge's scores are kept, and rows with them, where the log has them. A row may lack
    /// them unless they decide.
    pub keep_scores: bool,
    /// Whether scores decide even where there are outcomes or counts.
    pub prefer_scores: bool,
    /// Scores that differ by no more than this are a tie.
    pub margin: f64,
    /// What a row means in which both items are called bad.
    pub both_bad: BothBad,
    /// The weight of a strong grade such as `a>>b`, by which the row's own weight is multiplied; without it
    /// 1, or what is usual for the dialect.
    pub strong_weight: Option<f64>,
    /// The dialect the files are written in. Without one it is guessed from the columns, unless some of these
    /// are named.
    pub from: Option<Dialect>,
    /// The name of the baseline where the files of a dialect do not name it (`baseline`).
    pub baseline: Option<String>,
    /// How to read an outcome that is both a side and a name; without it such a row is bad.
    pub outcome_as: Option<OutcomeAs>,
    /// Whether bad rows are counted and left out instead of being an error.
    pub skip_bad_rows: bool,
    /// Whether a column called `uid` can be the group, as in sampled groups of training loops.
    pub uid_is_group: bool,
    /// How many bytes are parsed at a time. It changes no result.
    pub block_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            columns: ColumnNames::default(),
            keep: Keep::default(),
            labels: Vec::new(),
            covariates: Vec::new(),
            read_time: false,
            keep_scores: false,
            prefer_scores: false,
            margin: 0.0,
            both_bad: BothBad::default(),
            strong_weight: None,
            from: None,
            baseline: None,
            outcome_as: None,
            skip_bad_rows: false,
            uid_is_group: false,
            block_bytes: 1 << 20,
        }
    }
}

impl ReadOptions {
    /// Refuses numbers that would make every row bad.
    pub(super) fn check(&self) -> Result<(), ReadError> {
        for (name, value) in [("margin", self.margin), ("strong weight", self.strong_weight.unwrap_or(1.0))] {
            if !value.is_finite() || value < 0.0 {
                return Err(ReadError::Setting { name, value });
            }
        }
        Ok(())
    }
}
