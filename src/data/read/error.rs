//! What can be wrong with a log. Every message says where, what was found, and what to do.

use std::io;

use thiserror::Error;

/// Why a log could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The input's path.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// Compressed data that cannot be decompressed.
    #[error("{path} cannot be decompressed: {error}; the file is damaged, cut off, or not what its name says")]
    Corrupt {
        /// The input's path.
        path: String,
        /// What the decoder said.
        error: io::Error,
    },
    /// A file without even a header.
    #[error("{path} is empty; a log starts with a header line that names its columns, or is JSON lines")]
    NoHeader {
        /// The input's path.
        path: String,
    },
    /// A header that is not UTF-8.
    #[error(
        "the header of {path} is not valid UTF-8; convert the file to UTF-8, or name it .gz or .zst if it is compressed"
    )]
    HeaderEncoding {
        /// The input's path.
        path: String,
    },
    /// Two columns of the same name.
    #[error("{path} has two columns `{column}`; rename one of them")]
    DuplicateColumn {
        /// The input's path.
        path: String,
        /// The name.
        column: String,
    },
    /// No column for something that is needed.
    #[error("{path} has no column for {wanted}; its columns are {found}; name the right one with {option}")]
    MissingColumn {
        /// The input's path.
        path: String,
        /// What the column is for, and the names that were looked for.
        wanted: String,
        /// The columns that are there.
        found: String,
        /// The option that names a column for it.
        option: String,
    },
    /// The first bad row.
    #[error("{path}, line {line}: {fault} (--skip-bad-rows leaves such rows out)")]
    Row {
        /// The input's path.
        path: String,
        /// The line on which the row starts, counted from 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Not one comparison in all inputs.
    #[error("no comparison in {paths}{}; a log needs at least one row below its header", but_skipped(*.skipped))]
    Empty {
        /// The inputs' paths.
        paths: String,
        /// How many bad rows were left out.
        skipped: u64,
    },
    /// An option that no log can be read with.
    #[error("the {name} is {value}; give a finite number that is not negative")]
    Setting {
        /// What the number is for.
        name: &'static str,
        /// The number.
        value: f64,
    },
}

impl ReadError {
    /// The message without the advice to skip the row, for a row that was.
    pub(super) fn skipped_message(&self) -> String {
        match self {
            Self::Row { path, line, fault } => format!("{path}, line {line}: {fault}"),
            other => other.to_string(),
        }
    }

    /// Whether the system failed, rather than the input or the options being bad.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

fn but_skipped(rows: u64) -> String {
    if rows == 0 { String::new() } else { format!(" ({rows} bad rows were skipped)") }
}

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// More or fewer fields than the header has.
    #[error(
        "the row has {found} fields and the header has {expected}; put a field that holds a delimiter in double quotes"
    )]
    FieldCount {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// An item without a name.
    #[error("column `{column}` is empty; give the item's name")]
    EmptyName {
        /// The column's name.
        column: String,
    },
    /// An item against itself.
    #[error("columns `{left}` and `{right}` both hold {value:?}; an item cannot be compared with itself")]
    SelfComparison {
        /// The left column's name.
        left: String,
        /// The right column's name.
        right: String,
        /// The item's name.
        value: String,
    },
    /// A word that is no outcome.
    #[error(
        "column `{column}` holds {value:?}, which is no outcome; use model_a, a, left, win, model_b, b, right, loss, \
         tie, both_bad, a grade like a>>b, the left item's share from 0 to 1, or the name of one of the row's items"
    )]
    Outcome {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A word that means one side and names the item on the other.
    #[error(
        "column `{column}` holds {value:?}, which is both an outcome and the name of an item with another outcome; \
         say which is meant with --outcome-as side or --outcome-as name"
    )]
    AmbiguousOutcome {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// Something that should be a number.
    #[error("column `{column}` holds {value:?}, which is not a number; write it like 1, 0.5 or 2e-3")]
    NotANumber {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A score that is not finite.
    #[error("column `{column}` holds {value:?}; a score must be finite")]
    Score {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A count or weight that is negative or not finite.
    #[error("column `{column}` holds {value:?}; a {what} must be finite and not negative (and no larger than 1e100)")]
    Amount {
        /// The column's name.
        column: String,
        /// `count` or `weight`.
        what: &'static str,
        /// What it holds.
        value: String,
    },
    /// Something that is neither a number nor a date.
    #[error(
        "column `{column}` holds {value:?}, which is no time; use a number, or a date like 2024-03-29 or 2024-03-29T12:00:00Z"
    )]
    Time {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// Bytes that are not UTF-8.
    #[error("column `{column}` holds {value:?}, which is not valid UTF-8; convert the file to UTF-8")]
    Encoding {
        /// The column's name.
        column: String,
        /// What it holds, with U+FFFD for the invalid parts.
        value: String,
    },
    /// A line of JSON that is not UTF-8.
    #[error("the line is not valid UTF-8; convert the file to UTF-8")]
    LineEncoding,
    /// A line that is no JSON object.
    #[error("the line is not a JSON object: {message}; write one object a line")]
    Json {
        /// What the parser said.
        message: String,
    },
    /// A JSON object without a key that is needed.
    #[error("the object has no `{column}`; give it a string or a number")]
    MissingKey {
        /// The key.
        column: String,
    },
    /// An array or an object where one value is needed.
    #[error("`{column}` holds {value}, which is neither a string nor a number; give it one of these")]
    Nested {
        /// The key.
        column: String,
        /// What it holds.
        value: String,
    },
}

/// A value as it is shown in a message: valid text of bounded length.
pub(super) fn shown(value: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = String::from_utf8_lossy(&value[..value.len().min(4 * LONGEST)]);
    if text.chars().count() <= LONGEST {
        return text.into_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
