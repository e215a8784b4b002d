//! Options that choose the rows of a log.

use anyhow::bail;
use palio::data::filter::{BoardRows, Expression, Filters, MaxPer, parse_time};
use palio::data::read::{Filtered, Input, Notes, ReadOptions};
use palio::structure::Note;
use serde::Serialize;

use super::Global;
use super::output::{Format, tell};
use super::table::{grouped, width, wrapped};

/// Which rows of a log count.
#[derive(Debug, Clone, Default, Serialize, clap::Args)]
#[command(next_help_heading = "Choosing rows")]
pub(super) struct FilterArgs {
    /// Only rows for which this holds, such as 'language = "German" and (turns >= 3 or not is_code)'; may be given
    /// several times. Columns by name or path, texts in quotes, numbers, true, false, missing; = != < > <= >=,
    /// in (…), and, or, not
    #[arg(long = "where", value_name = "EXPR")]
    #[serde(rename = "where")]
    conditions: Vec<Expression>,
    /// Only rows from this time on: a date like 2024-03-29, a date and time, a year, or a number as the column has them
    /// (2024.0, if it counts to thousands)
    #[arg(long, value_name = "TIME", value_parser = time, allow_negative_numbers = true)]
    since: Option<f64>,
    /// Only rows before this time, so that --since 2024-03-01 --until 2024-04-01 is March
    #[arg(id = "before", long = "until", value_name = "TIME", value_parser = time, allow_negative_numbers = true)]
    until: Option<f64>,
    /// Of rows that are alike in all of these columns only the first, in the order of the files
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    dedupe: Vec<String>,
    /// At most N rows with the same value of a column, the first N in the order of the files: judge:500; may
    /// be given several times
    #[arg(long, value_name = "COLUMN:N", value_parser = max_per)]
    max_per: Vec<MaxPer>,
}

/// The time in a text. Four digits are a year: nobody asks for the first half hour of 1970.
fn time(text: &str) -> Result<f64, String> {
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = if is_year { &format!("{text}-01-01") } else { text };
    parse_time(text).ok_or_else(|| "this is no time; give a number, or a date like 2024-03-29".to_owned())
}

fn max_per(text: &str) -> Result<MaxPer, String> {
    let (column, rows) = text.rsplit_once(':').ok_or("write COLUMN:N, such as judge:500")?;
    if column.contains(':') && column.contains(',') {
        return Err("these are several caps; give --max-per once for each, such as --max-per judge:500".to_owned());
    }
    let rows: u64 = rows.parse().ok().filter(|&rows| rows > 0).ok_or_else(|| {
        format!("'{rows}' is no number of rows; write COLUMN:N with a whole number of 1 or more, such as judge:500")
    })?;
    Ok(MaxPer { column: column.to_owned(), rows })
}

/// A board's name and its condition, for clap.
pub(super) fn board(text: &str) -> Result<BoardRows, String> {
    let (name, condition) = text.split_once('=').ok_or("write NAME='EXPR', such as german='language = \"German\"'")?;
    if name.trim().is_empty() {
        return Err("the board has no name; write NAME='EXPR'".to_owned());
    }
    let name = name.trim().to_owned();
    let condition = condition.parse().map_err(|error| format!("the condition of board {name}: {error}"))?;
    Ok(BoardRows { name, condition })
}

impl FilterArgs {
    /// Refuses to choose rows where there are ballots.
    pub(super) fn refuse_for_ballots(&self) -> anyhow::Result<()> {
        let given = [
            ("--where", !self.conditions.is_empty()),
            ("--since", self.since.is_some()),
            ("--until", self.until.is_some()),
            ("--dedupe", !self.dedupe.is_empty()),
            ("--max-per", !self.max_per.is_empty()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => bail!("{option} chooses rows of comparisons, and the input holds ballots"),
            None => Ok(()),
        }
    }

    /// The options with these filters.
    pub(super) fn options(&self, options: ReadOptions) -> anyhow::Result<ReadOptions> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            bail!("--since is not before --until, so that no row is between them");
        }
        let filters = Filters {
            conditions: self.conditions.clone(),
            since: self.since,
            until: self.until,
            dedupe: self.dedupe.clone(),
            max_per: self.max_per.clone(),
        };
        Ok(ReadOptions { filters, ..options })
    }
}

/// Says on stderr what filters left of the rows, where the result has no place for it.
pub(super) fn tell_counts(inputs: &[Input], format: Format, global: &Global) {
    if !matches!(format, Format::Table | Format::Json)
        && let Some(parts) = counts(inputs)
    {
        tell(&parts.join(", "), global);
    }
}

/// A result for people below a line that says what filters left of the rows, if there were any.
pub(super) fn with_counts(inputs: &[Input], text: &str) -> Vec<u8> {
    match counts(inputs) {
        Some(parts) => format!("{}\n{text}", wrapped(&parts, width())).into_bytes(),
        None => text.as_bytes().to_vec(),
    }
}

fn counts(inputs: &[Input]) -> Option<Vec<String>> {
    let found = Filtered::sum(inputs)?;
    // Boards of earlier weeks are inputs too, and nothing filters their rows.
    let rows: u64 = inputs.iter().filter(|input| input.filters.is_some()).map(|input| input.rows).sum();
    let mut parts = vec![format!("{} rows", grouped(rows as f64))];
    for step in &found.steps {
        parts.push(format!("--{} {} left out {}", step.filter, step.value, grouped(step.dropped as f64)));
    }
    parts.extend(found.outside_boards.map(|outside| format!("on no board {}", grouped(outside as f64))));
    if found.without_outcome > 0 {
        parts.push(format!("without an outcome {}", grouped(found.without_outcome as f64)));
    }
    parts.push(format!("{} left", grouped(found.kept as f64)));
    Some(parts)
}

/// What is to be said of columns that are no numbers.
pub(super) fn notes(notes: &Notes) -> Vec<Note> {
    let note = |found: &palio::data::read::NotNumbers| {
        let message = format!(
            "column `{}` is no number in {} rows, such as {:?}: there no order of numbers holds",
            found.column, found.rows, found.example
        );
        Note::new("not-numbers", message)
    };
    let odd_times = notes.odd_times.iter().map(|found| {
        let message = format!(
            "{} rows have times such as {:?}, which are no seconds since 1970, as --since and --until are where they are \
             dates: give these in the numbers of the column",
            found.rows, found.example
        );
        Note::new("times-no-seconds", message)
    });
    notes.not_numbers.iter().map(note).chain(odd_times).collect()
}
