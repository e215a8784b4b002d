//! Reading tables of scores, long or wide. Tables are small beside logs, so a file is read as a whole.

mod cells;
mod layout;
mod sheet;

use std::path::Path;

use self::cells::Cells;
use self::layout::Layout;
use self::sheet::Sheet;
use super::super::table::ScoreTable;
use super::columns::is_log;
use super::error::ReadError;
use super::options::ReadOptions;
use super::source::{Format, Source};
use super::{Input, Opened, Reading, csv, jsonl, read_logs};

/// How a table of scores is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One row a score, with columns for the model, the benchmark and the score.
    Long,
    /// One row a model, with a column for each benchmark.
    Wide,
}

/// Where the scores of a table stand. Where a name is `None`, the usual names are looked for, first as
/// they are written here and then in any case of letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The shape. Without one, a file is long that has columns for model, benchmark and score, or for
    /// which one of the latter two is named here; else it is wide.
    pub shape: Option<Shape>,
    /// The column of the model (`model model_name system agent item name`; in a wide table without
    /// any of these the first column, unless that has the name of a column of benchmarks).
    pub model: Option<String>,
    /// The column of the benchmark in a long table (`benchmark task dataset game`).
    pub benchmark: Option<String>,
    /// The column of the score in a long table (`score value result main_score accuracy`).
    pub score: Option<String>,
}

/// A table that was read, and from what.
#[derive(Debug)]
pub struct TableReading {
    /// The table.
    pub table: ScoreTable,
    /// The inputs, in the order in which they were given.
    pub inputs: Vec<Input>,
}

/// What the inputs turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a run")]
pub enum TableOrLog {
    /// A table of scores.
    Table(TableReading),
    /// A log of comparisons.
    Log(Reading),
}

/// Reads the table that the files at `inputs` hold together; `-` is stdin.
///
/// Each file is long or wide by itself. In a long one a score that is absent, and in both one whose
/// field is empty, is a hole; so is one that is `na`, `n/a`, `nan`, `null`, `none` or `-` in any case
/// of letters. JSON lines have the columns of a file as keys, and in a wide one every key but the
/// model's is a benchmark; `null` is a hole, and in a wide one so is an absent key. Models and
/// benchmarks are in first-seen order, which in a wide file is that of its columns. Time and memory
/// are O(bytes read + models × benchmarks).
///
/// # Errors
/// Anything else that is no finite number; a score that is given twice, in one file or in two (a hole
/// is no score, so another file may fill it); a model with two rows in a wide file; fewer than two
/// models or no benchmark; and what is wrong with the file, as for logs.
pub fn read_table(inputs: &[impl AsRef<Path>], options: &TableOptions) -> Result<TableReading, ReadError> {
    let block_bytes = ReadOptions::default().block_bytes;
    read_tables(inputs.iter().map(|input| Source::open(input.as_ref(), block_bytes)), options)
}

/// Reads a table from memory as if it were a file called `name`.
pub fn read_table_bytes(name: &str, bytes: &[u8], options: &TableOptions) -> Result<TableReading, ReadError> {
    let block_bytes = ReadOptions::default().block_bytes;
    read_tables([Source::new(name.to_owned(), Box::new(bytes), block_bytes)], options)
}

/// Reads a table, or a log if that is what the first of `inputs` is; `-` is stdin.
///
/// Inputs are a table if `table` asks for a shape or a column. Else they are a log if `log` names a
/// column of an item, an outcome, a count or a score, or if the header has the usual names of the
/// left and the right item; where these are no more than `a` and `b`, an outcome, counts or scores
/// must be there too.
pub fn read_table_or_log(
    inputs: &[impl AsRef<Path>],
    table: &TableOptions,
    log: &ReadOptions,
) -> Result<TableOrLog, ReadError> {
    read_either(inputs.iter().map(|input| Source::open(input.as_ref(), log.block_bytes)), table, log)
}

/// Reads a table or a log from memory as if it were a file called `name`.
pub fn read_table_or_log_bytes(
    name: &str,
    bytes: &[u8],
    table: &TableOptions,
    log: &ReadOptions,
) -> Result<TableOrLog, ReadError> {
    read_either([Source::new(name.to_owned(), Box::new(bytes), log.block_bytes)], table, log)
}

type Opening<'a> = Result<Source<'a>, ReadError>;

fn read_tables<'a>(
    sources: impl IntoIterator<Item = Opening<'a>>,
    options: &TableOptions,
) -> Result<TableReading, ReadError> {
    read_all(sources.into_iter().map(|source| Opened::whole(source?)), options)
}

fn read_either<'a>(
    sources: impl IntoIterator<Item = Opening<'a>>,
    table: &TableOptions,
    log: &ReadOptions,
) -> Result<TableOrLog, ReadError> {
    let mut sources = sources.into_iter();
    let Some(first) = sources.next() else { return read_tables([], table).map(TableOrLog::Table) };
    let can_be_log = *table == TableOptions::default();
    let first = if can_be_log && log.skip_bad_rows { Opened::new(first?, true)? } else { Opened::whole(first?)? };
    if can_be_log && is_log(&first.header, log) {
        return read_logs(first, sources, log).map(TableOrLog::Log);
    }
    let opened = std::iter::once(Ok(first)).chain(sources.map(|source| Opened::whole(source?)));
    read_all(opened, table).map(TableOrLog::Table)
}

fn read_all<'a>(
    opened: impl Iterator<Item = Result<Opened<'a>, ReadError>>,
    options: &TableOptions,
) -> Result<TableReading, ReadError> {
    let (mut cells, mut inputs) = (Cells::default(), Vec::new());
    for opened in opened {
        inputs.push(read_file(opened?.text()?, options, &mut cells)?);
    }
    Ok(TableReading { table: cells.finish()?, inputs })
}

fn read_file(opened: Opened<'_>, options: &TableOptions, cells: &mut Cells) -> Result<Input, ReadError> {
    let Opened { mut source, progress, header, wave, .. } = opened;
    let layout = Layout::find(&progress.path, &header, options)?;
    let mut bytes = Vec::new();
    for block in &wave {
        bytes.extend_from_slice(block.get());
    }
    while let Some(block) = source.next_block()? {
        bytes.extend_from_slice(block.get());
        source.reuse(vec![block]);
    }
    cells.paths.push(progress.path.clone());
    let mut sheet = Sheet::new(cells, layout, &header.names, progress.lines);
    let read = match source.format {
        Format::Delimited(delimiter) => {
            csv::each_record(&bytes, delimiter, header.names.len(), |line, record| sheet.add_record(line, record))
        }
        Format::Json(layout) => jsonl::each_object(&bytes, layout, |line, object| sheet.add_object(line, object)),
        Format::Parquet => Ok(()),
    };
    let rows = sheet.rows;
    let bad_row = |(line, fault)| {
        let line = progress.lines + line + 1;
        ReadError::TableRow { path: progress.path.clone(), line, fault }
    };
    read.map_err(bad_row)?;
    Ok(Input::new(progress.path, rows, source.finish()?))
}
