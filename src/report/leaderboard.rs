//! Leaderboards as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use serde::Serialize;

use crate::data::filter::Expression;
use crate::leaderboard::{CovariateRow, Leaderboard, Moves, Row};

/// A leaderboard, and the value of the column that it is the board of, if there are several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Board {
    /// The value of the column the log was split by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The rows it is of, if it was asked for by name.
    #[serde(flatten)]
    pub of: Option<NamedRows>,
    /// What was placed on a board that stays, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<FixedBoard>,
    /// What moved since an earlier board, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Moves>,
    /// The board.
    #[serde(flatten)]
    pub board: Leaderboard,
}

/// New items on a board that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FixedBoard {
    /// How many items stay as they are.
    pub staying: usize,
    /// How many of them the board gives no error of. Intervals of new items carry the errors of the others, as if
    /// they were independent, and take these ratings as exact.
    pub without_error: usize,
    /// The new items that are shown.
    pub new: Vec<String>,
}

/// The rows of a log that a board is of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedRows {
    /// The board's name.
    pub board: String,
    /// The condition that holds for them.
    #[serde(rename = "where")]
    pub condition: Expression,
    /// How many there are.
    pub rows: u64,
}

impl Board {
    /// What tells it from others: the value of a column, or its name.
    pub fn name(&self) -> Option<&str> {
        self.by.as_deref().or(self.of.as_ref().map(|of| of.board.as_str()))
    }
}

const COLUMNS: [&str; 16] = [
    "rank",
    "rank_best",
    "rank_worst",
    "item",
    "rating",
    "std_error",
    "low",
    "high",
    "wins",
    "losses",
    "ties",
    "comparisons",
    "identified",
    "separated_from_next",
    "win_rate_against_next",
    "tied_with",
];

/// The fields of a row in the order of [`COLUMNS`]; empty where there is none.
fn fields(row: &Row) -> [String; 16] {
    [
        row.rank.to_string(),
        text(row.rank_best),
        text(row.rank_worst),
        row.item.clone(),
        text(row.rating),
        text(row.std_error),
        text(row.low),
        text(row.high),
        row.wins.to_string(),
        row.losses.to_string(),
        row.ties.to_string(),
        row.comparisons.to_string(),
        row.identified.to_string(),
        text(row.separated_from_next),
        text(row.win_rate_against_next),
        ranges(&row.tied_with).join(" ").replace('–', "-"),
    ]
}

/// The value as text, or nothing.
pub(super) fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A rank interval as text, such as `3–5` or `3`.
pub fn rank_range(best: Option<usize>, worst: Option<usize>) -> Option<String> {
    best.zip(worst).map(|range| ranges(&[range]).concat())
}

/// Ranges of ranks as text, such as `3–5`.
pub fn ranges(ranges: &[(usize, usize)]) -> Vec<String> {
    ranges
        .iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}–{last}") })
        .collect()
}

/// All rows as CSV with a header, numbers in full; a first column `by` or `board` where there are several boards.
///
/// # Errors
/// None that writing to memory can have.
pub fn csv(boards: &[Board]) -> Result<Vec<u8>, std::io::Error> {
    let split = boards.iter().any(|board| board.name().is_some());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let by = |value: &str| split.then(|| value.to_owned());
    let head = if boards.iter().any(|board| board.of.is_some()) { "board" } else { "by" };
    writer.write_record(by(head).into_iter().chain(COLUMNS.map(str::to_owned)))?;
    for board in boards {
        for row in &board.board.items {
            writer.write_record(by(board.name().unwrap_or_default()).into_iter().chain(fields(row)))?;
        }
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// A row in the columns of the public leaderboards.
#[derive(Serialize)]
struct ArenaRow<'a> {
    model_name: &'a str,
    rating: Option<f64>,
    rating_lower: Option<f64>,
    rating_upper: Option<f64>,
    variance: Option<f64>,
    vote_count: VoteCount,
    rank: Option<usize>,
    category: &'a str,
    leaderboard_publish_date: &'a str,
}

/// A number of votes: whole, but for weights.
#[derive(Serialize)]
#[serde(untagged)]
enum VoteCount {
    Whole(u64),
    Weighted(f64),
}

impl VoteCount {
    fn of(comparisons: f64) -> Self {
        /// Up to here all whole numbers are told apart.
        const MOST: f64 = 9_007_199_254_740_992.0;
        let is_whole = comparisons.fract() == 0.0 && (0.0..=MOST).contains(&comparisons);
        if is_whole { Self::Whole(comparisons as u64) } else { Self::Weighted(comparisons) }
    }
}

fn arena_rows<'a>(boards: &'a [Board], date: &'a str) -> impl Iterator<Item = ArenaRow<'a>> {
    boards.iter().flat_map(move |board| {
        board.board.items.iter().map(move |row| ArenaRow {
            model_name: &row.item,
            // These columns have no place for a rating that rests on a rule.
            rating: row.rating.filter(|_| row.identified),
            rating_lower: row.low,
            rating_upper: row.high,
            variance: row.std_error.map(|error| error * error),
            vote_count: VoteCount::of(row.comparisons),
            rank: row.identified.then_some(row.rank),
            category: board.name().unwrap_or("overall"),
            leaderboard_publish_date: date,
        })
    })
}

/// All rows as CSV in the columns of the public leaderboards. A board without a name is the category `overall`. The
/// rating and the rank of an item that the log does not identify are empty.
///
/// # Errors
/// None that writing to memory can have.
pub fn arena_csv(boards: &[Board], date: &str) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in arena_rows(boards, date) {
        writer.serialize(row).map_err(std::io::Error::other)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// The same as JSON objects, one a line.
///
/// # Errors
/// None that a row can have.
pub fn arena_jsonl(boards: &[Board], date: &str) -> serde_json::Result<Vec<u8>> {
    lines(arena_rows(boards, date))
}

/// All rows as JSON objects, one a line, with the keys of the JSON report's `items`.
///
/// # Errors
/// None that a row can have.
pub fn jsonl(boards: &[Board]) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        board: Option<&'a str>,
        #[serde(flatten)]
        row: &'a Row,
    }
    let rows = boards.iter().flat_map(|board| {
        let (by, name) = (board.by.as_deref(), board.of.as_ref().map(|of| of.board.as_str()));
        board.board.items.iter().map(move |row| Line { by, board: name, row })
    });
    lines(rows)
}

/// Each row as a JSON object on a line of its own.
pub(super) fn lines(rows: impl IntoIterator<Item = impl Serialize>) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut bytes, &row)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// The boards as Markdown tables, numbers rounded for reading.
pub fn markdown(boards: &[Board]) -> Vec<u8> {
    let mut text = String::new();
    for board in boards {
        if let Some(name) = board.name() {
            let _ = writeln!(text, "## {}\n", escaped(name));
        }
        text += "| rank | rank interval | item | rating | low | high | comparisons |\n|--:|:-:|:--|--:|--:|--:|--:|\n";
        for row in &board.board.items {
            let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), rounded);
            let ranks = rank_range(row.rank_best, row.rank_worst).unwrap_or_else(|| "–".to_owned());
            let (item, low, high) = (escaped(&row.item), number(row.low), number(row.high));
            let rating =
                if row.identified { number(row.rating) } else { format!("({}) not identified", number(row.rating)) };
            let _ = writeln!(
                text,
                "| {} | {ranks} | {item} | {} | {low} | {high} | {} |",
                row.rank, rating, row.comparisons
            );
        }
        text += &effects(&board.board.fit.covariates);
        text.push('\n');
    }
    text.pop();
    text.into_bytes()
}

/// The effects of covariates as a Markdown table; nothing where there are none.
fn effects(covariates: &[CovariateRow]) -> String {
    let mut text = String::new();
    if !covariates.is_empty() {
        text += "\n| covariate | log-odds a unit | low | high | a unit is |\n|:--|--:|--:|--:|--:|\n";
    }
    for CovariateRow { fitted, low, high, .. } in covariates {
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), rounded);
        let effect = fitted.coefficient.map_or_else(|| "left out".to_owned(), rounded);
        // What only a ridge holds up stands in brackets.
        let effect = if fitted.coefficient.is_some() && !fitted.identified { format!("({effect})") } else { effect };
        let (name, low, high) = (escaped(&fitted.name), number(*low), number(*high));
        let _ = writeln!(text, "| {name} | {effect} | {low} | {high} | {} |", rounded(fitted.scale));
    }
    text
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A rating for people: points without decimals beyond one, small numbers with four digits.
pub(super) fn rounded(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.1}") } else { format!("{value:.4}") }
}
