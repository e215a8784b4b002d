//! What can be wrong with a log or a table. Every message says where, what was found, and what to do.

use std::{fmt, io};

use thiserror::Error;

/// Why a log or a table could not be read.
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
    #[error("{path} is empty; start it with a header line that names the columns, or write JSON lines")]
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
    /// A JSON array that does not end.
    #[error("the JSON array of {path} has no end; the file is cut off, or is not one array of objects")]
    OpenArray {
        /// The input's path.
        path: String,
    },
    /// A file that cannot be read as Parquet.
    #[error(
        "{path} cannot be read as Parquet: {message}; the file is damaged, cut off, or of a kind that is not known here"
    )]
    Parquet {
        /// The input's path.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A Parquet file where only text is read.
    #[error("{path} is a Parquet file, {reason}; write it as CSV or JSON lines")]
    NoParquet {
        /// The input's path.
        path: String,
        /// Why it is not read.
        reason: &'static str,
    },
    /// Two columns of the same name.
    #[error("{path} has two columns `{column}`; rename one of them")]
    DuplicateColumn {
        /// The input's path.
        path: String,
        /// The name.
        column: String,
    },
    /// More than one column that may say how often a ballot counts.
    #[error("{path} has several columns that may say how much a ballot counts: {columns}; name one with --count")]
    SeveralCounts {
        /// The input's path.
        path: String,
        /// The columns.
        columns: String,
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
    /// A column that says something of rows that other inputs say nothing of.
    #[error("{path} has a column `{column}`, which the first input has not; give it to all inputs, or to none")]
    ExtraColumn {
        /// The input's path.
        path: String,
        /// The column.
        column: String,
    },
    /// The first bad row.
    #[error("{path}, {place}: {fault} (--skip-bad-rows leaves such rows out)")]
    Row {
        /// The input's path.
        path: String,
        /// Where the row stands.
        place: Place,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The first bad row of a table, which leaves none out.
    #[error("{path}, line {line}: {fault}")]
    TableRow {
        /// The input's path.
        path: String,
        /// The line on which the row starts, counted from 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A column without a name where each is called by it, such as one of a benchmark.
    #[error("column {column} of {path} has no name; give it one, or remove it")]
    UnnamedColumn {
        /// The input's path.
        path: String,
        /// Which column it is, counted from 1.
        column: usize,
    },
    /// A wide table that seems to have one row a benchmark.
    #[error(
        "the rows of {path} are named in the column `{column}`, as if each were a benchmark; write one row a model and \
         one column a benchmark, or name the column of the models with --model"
    )]
    BenchmarkRows {
        /// The input's path.
        path: String,
        /// The first column.
        column: String,
    },
    /// A column named for a wide table that only a long one has.
    #[error("{option} names a column of a long table, which has one row a score; leave it out for a wide one")]
    LongOnly {
        /// The option.
        option: &'static str,
    },
    /// Too few models to compare.
    #[error("the number of models in {paths} is {models}; a table needs at least two")]
    FewModels {
        /// The inputs' paths.
        paths: String,
        /// How many there are.
        models: usize,
    },
    /// Not one benchmark in all inputs.
    #[error(
        "no benchmark in {paths}; a wide table has a column for each beside the models' names, a long one a row for each score"
    )]
    NoBenchmark {
        /// The inputs' paths.
        paths: String,
    },
    /// More cells than a table may have.
    #[error(
        "{models} models × {benchmarks} benchmarks in {paths} are too many; a table has no more than {most} cells, so check \
         which columns are meant with --model, --benchmark and --score"
    )]
    TableSize {
        /// The inputs' paths.
        paths: String,
        /// How many models there are.
        models: usize,
        /// How many benchmarks there are.
        benchmarks: usize,
        /// How many cells there may be.
        most: usize,
    },
    /// Not one comparison in all inputs.
    #[error("no comparison in {paths}{}; a log needs at least one row below its header", but_skipped(*.skipped))]
    Empty {
        /// The inputs' paths.
        paths: String,
        /// How many bad rows were left out.
        skipped: u64,
    },
    /// Not one row in all inputs.
    #[error("no row in {paths}; give at least one below the header")]
    NoRows {
        /// The inputs' paths.
        paths: String,
    },
    /// Not one ballot in all inputs.
    #[error("no ballot in {paths}; a profile needs at least one")]
    NoBallots {
        /// The inputs' paths.
        paths: String,
    },
    /// Too few items to rank.
    #[error("the number of items on the ballots of {paths} is {items}; to rank, give ballots on two or more")]
    FewItems {
        /// The inputs' paths.
        paths: String,
        /// How many there are.
        items: usize,
    },
    /// Another number of voters than the header of a PrefLib file says.
    #[error(
        "the header of {path} says {header} voters and its ballots are of {found}; the file may be cut off: get it again, \
         or mend the header"
    )]
    Voters {
        /// The input's path.
        path: String,
        /// The header's number.
        header: f64,
        /// The sum of the ballots' counts.
        found: f64,
    },
    /// Another number of different ballots than the header of a PrefLib file says.
    #[error(
        "the header of {path} says {header} unique orders and the file has {found}; it may be cut off: get it again, or \
         mend the header"
    )]
    Orders {
        /// The input's path.
        path: String,
        /// The header's number.
        header: u64,
        /// The lines of ballots.
        found: u64,
    },
    /// A PrefLib file of categories.
    #[error(
        "{path} is a file of categories, which are no orders; give a .soc, .soi, .toc or .toi file, or write what it says \
         as rankings such as a = b > c in CSV"
    )]
    Categories {
        /// The input's path.
        path: String,
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
            Self::Row { path, place, fault } => format!("{path}, {place}: {fault}"),
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

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The line of a text on which it starts, counted from 1.
    Line(u64),
    /// Its number in a file without lines, counted from 1.
    Row(u64),
}

impl Place {
    /// The number of the line or of the row.
    pub fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Row(row) => write!(formatter, "row {row}"),
        }
    }
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
    /// What is no verdict in the files of a dialect.
    #[error("column `{column}` holds {value:?}, which is no verdict here; use {known}")]
    Verdict {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
        /// What it may hold.
        known: &'static str,
    },
    /// Columns of which not exactly one is set.
    #[error("columns {columns} hold {values}; set one of them to 1 and the others to 0")]
    OneHot {
        /// The columns' names.
        columns: String,
        /// What they hold.
        values: String,
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
    /// A covariate that is no finite number.
    #[error(
        "column `{column}` holds {value:?}, which is no finite number, as a covariate has in every row (and none beyond \
         1e100); write it like 1, 0.5 or 2e-3"
    )]
    Covariate {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A relative difference of amounts that are below zero, whose sum is no whole.
    #[error(
        "{found}: a relative difference is of amounts of 0 or more; take the plain difference, without relative( )"
    )]
    RelativeToNegative {
        /// Both columns and what they hold.
        found: String,
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
    /// An element of a JSON array that is no object.
    #[error("the element is not a JSON object: {message}; write an array of objects")]
    Element {
        /// What the parser said.
        message: String,
    },
    /// Something in a JSON array behind anything but one comma.
    #[error("there is not one comma before this element of the JSON array; write an array of objects")]
    ElementPlace,
    /// A JSON object without a key that is needed.
    #[error("the object has no `{column}`; give it a string or a number")]
    MissingKey {
        /// The key.
        column: String,
    },
    /// A null where a value is needed.
    #[error("column `{column}` is null; give it a value")]
    Null {
        /// The column's name.
        column: String,
    },
    /// A JSON object with one key twice, of which only one could count.
    #[error("the object has `{column}` twice; keep one of them")]
    DuplicateKey {
        /// The key.
        column: String,
    },
    /// A JSON object with a key that names something, which the first object has not.
    #[error("the object has `{column}`, which the first object has not; give it to all objects, or to none")]
    LateKey {
        /// The key.
        column: String,
    },
    /// A second row of an item in its group.
    #[error("{item:?} has a row in group {group:?} already, in {earlier}; keep one of them")]
    DuplicateItem {
        /// The item's name.
        item: String,
        /// The group's name.
        group: String,
        /// The line of the first, and its file if that is another one.
        earlier: String,
    },
    /// A model, a benchmark, a group or an item without a name.
    #[error("column `{column}` is empty; give the {what}'s name")]
    Unnamed {
        /// The column's name, or its number if it has none.
        column: String,
        /// `model`, `benchmark`, `group` or `item`.
        what: &'static str,
    },
    /// A JSON object with an empty key, which is a benchmark.
    #[error("a key of the object is empty; give it the name of its benchmark, or remove it")]
    UnnamedKey,
    /// Something in a table that should be a score.
    #[error(
        "the score of {model:?} on {benchmark:?} is {value:?}, which is not a number; write it like 1, 0.5 or 2e-3, \
         leave it empty where there is none, or take the column out of the table if it holds no scores"
    )]
    NotAScore {
        /// The model's name.
        model: String,
        /// The benchmark's name.
        benchmark: String,
        /// What stands there.
        value: String,
    },
    /// A score in a table that is not finite.
    #[error(
        "the score of {model:?} on {benchmark:?} is {value:?}; a score must be finite: leave it empty where there is none"
    )]
    InfiniteScore {
        /// The model's name.
        model: String,
        /// The benchmark's name.
        benchmark: String,
        /// What stands there.
        value: String,
    },
    /// Something in a column of samples that should be a number.
    #[error(
        "column `{column}` holds {value:?}, which is not a number; write it like 1, 0.5 or 2e-3, or leave it empty \
         where there is none"
    )]
    NotASampleNumber {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A number of a sample that is not finite.
    #[error("column `{column}` holds {value:?}; give a finite number, or leave it empty where there is none")]
    InfiniteNumber {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A second score of a model on a benchmark.
    #[error("{model:?} has a score on {benchmark:?} already, in {earlier}; keep one of them")]
    DuplicateScore {
        /// The model's name.
        model: String,
        /// The benchmark's name.
        benchmark: String,
        /// The line of the first, and its file if that is another one.
        earlier: String,
    },
    /// A second row of a model in a wide table.
    #[error("{model:?} has a row already, in line {earlier}; put the two together, or keep one of them")]
    DuplicateModel {
        /// The model's name.
        model: String,
        /// The line of the first.
        earlier: u64,
    },
    /// A ballot that can't be one.
    #[error("{message}")]
    Ballot {
        /// Why it is none.
        message: String,
    },
    /// Rows of one ballot that say different things of how often it counts.
    #[error("the ballot of {voter:?} counts {count} here and {earlier} in an earlier row; give all its rows one count")]
    OtherCount {
        /// Whose ballot it is.
        voter: String,
        /// This row's count.
        count: String,
        /// The count so far.
        earlier: String,
    },
    /// A ranking with nothing between two of its signs.
    #[error("a place in column `{column}` is empty; write the ranking like a > b = c > d")]
    EmptyPlace {
        /// The column's name.
        column: String,
    },
    /// A list that is no ranking.
    #[error(
        "`{column}` holds {value}, which is no ranking; write it like [\"a\", [\"b\", \"c\"], \"d\"], tied items in a list"
    )]
    Ranking {
        /// The key.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A line of a PrefLib file that is no ballot.
    #[error(
        "{value:?} is no ballot; write how many voters cast it, a colon and the alternatives, such as 12: 3,1,{{2,4}}"
    )]
    PrefLib {
        /// The line.
        value: String,
    },
    /// A line in the header of a PrefLib file that can't be right.
    #[error("the header's {key} is {value:?}; give a whole number, and names to alternatives numbered from 1")]
    PrefLibHeader {
        /// What the line is of.
        key: String,
        /// What it holds.
        value: String,
    },
    /// A PrefLib file of something else than orders.
    #[error(
        "the header's DATA TYPE is {value:?}, and only files of orders are read: soc, soi, toc and toi; rank categories or \
         weights in another way, or mend the header"
    )]
    DataType {
        /// What the file says it is.
        value: String,
    },
    /// A name given too late.
    #[error("alternative {number} gets its name after the first ballot; put all names before it")]
    LateName {
        /// The alternative.
        number: usize,
    },
    /// An alternative that a PrefLib file does not have.
    #[error("there is an alternative {number} and the file has {most}; number alternatives from 1 to their number")]
    Alternative {
        /// Its number.
        number: usize,
        /// How many there are.
        most: usize,
    },
    /// Two alternatives of one name.
    #[error("two alternatives are called {name:?}; rename one of them")]
    SameName {
        /// The name.
        name: String,
    },
    /// A tie in a PrefLib file that is to have none.
    #[error("the ballot ties alternatives, which a .{extension} file has not; name the file .toc or .toi")]
    TiesIn {
        /// The file's extension.
        extension: &'static str,
    },
    /// A missing alternative in a PrefLib file that is to have none.
    #[error("the ballot ranks {ranked} of {of} alternatives, and a .{extension} file has all; name it .soi or .toi")]
    Incomplete {
        /// The file's extension.
        extension: &'static str,
        /// How many are ranked.
        ranked: usize,
        /// How many there are.
        of: usize,
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
