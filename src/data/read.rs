//! Reading logs: CSV, TSV and JSON lines, plain or compressed, and Parquet, into counts or rows. Tables of scores
//! are written in the same ways and are read here too, by [`read_table`].
//!
//! A log is read in blocks of whole records. While one wave of blocks is parsed on all threads of
//! the current rayon pool, each block with ids of its own, the next wave is read and hashed and the
//! one before is merged in file order; so the result does not depend on the number of threads or
//! on where blocks end.
//!
//! ```
//! use palio::data::read::{ReadOptions, read_bytes};
//!
//! let log = b"model_a,model_b,winner\nada,bob,model_a\nbob,cleo,tie\n";
//! let reading = read_bytes("log.csv", log, &ReadOptions::default())?;
//! assert_eq!(reading.inputs[0].rows, 2);
//! # Ok::<(), palio::data::read::ReadError>(())
//! ```

mod array;
mod ballots;
mod block;
mod columns;
mod covariates;
mod csv;
mod dialect;
mod error;
mod fields;
mod groups;
mod jsonl;
mod marks;
mod merge;
mod names;
mod options;
mod outcome;
#[cfg(feature = "parquet")]
mod parquet;
mod path;
mod records;
mod samples;
mod source;
mod table;

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

pub use self::ballots::{BallotColumns, BallotReading, is_preflib, read_ballots, read_ballots_bytes};
pub use self::covariates::{CovariateColumn, FormulaError};
pub use self::dialect::Dialect;
pub use self::error::{Fault, Place, ReadError};
pub use self::options::{BothBad, ColumnNames, Keep, LabelColumn, OutcomeAs, ReadOptions, Role};
pub use self::path::{ColumnPath, PathError, Step};
pub use self::records::{RecordOptions, RecordReading, read_records, read_records_bytes};
pub use self::samples::{
    NoScore, NumberOption, SampleOptions, SampleReading, SamplesOrLog, read_samples, read_samples_bytes,
    read_samples_or_log,
};
pub use self::source::InputFormat;
pub use self::table::{
    Shape, TableOptions, TableOrLog, TableReading, read_table, read_table_bytes, read_table_or_log,
    read_table_or_log_bytes,
};

pub(crate) use self::outcome::{Verdict, verdict};

use self::block::{Block, BlockReader};
use self::columns::{Columns, Header};
use self::merge::{Assembly, Progress};
use self::source::{Bytes, Format, Source};
use super::Log;
use super::graph::Tally;

/// What was read, and from what.
#[derive(Debug)]
pub struct Reading {
    /// The comparisons.
    pub comparisons: Comparisons,
    /// The inputs, in the order in which they were given.
    pub inputs: Vec<Input>,
    /// How the first of them is written.
    pub format: InputFormat,
    /// What the reader has to say about them.
    pub notes: Notes,
}

/// Comparisons as counts or as rows.
#[derive(Debug)]
pub enum Comparisons {
    /// Counts by pair and outcome.
    Counts(Tally),
    /// Every row, in file order.
    Rows(Log),
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Its path as it was given; `-` for stdin.
    pub path: String,
    /// The rows read, without the header, blank lines and skipped rows.
    pub rows: u64,
    /// The XXH3 hash of the bytes of the file, compressed ones as they are, in 16 hexadecimal digits.
    pub xxh3: String,
    /// The dialect it was read in, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Dialect>,
    /// What its fields are separated by, if that is neither a comma nor a tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
}

impl Input {
    fn new(path: String, rows: u64, xxh3: String) -> Self {
        Self { path, rows, xxh3, from: None, delimiter: None }
    }
}

/// What the reader noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Bad rows that were left out.
    pub skipped: u64,
    /// What was wrong with the first five of them.
    pub first_skipped: Vec<String>,
    /// Rows in which outcome, counts and scores disagree about who did better.
    pub disagreements: u64,
    /// Rows left out because both items were called bad.
    pub both_bad_dropped: u64,
    /// Rows left out because a dialect's file says nothing of their outcome.
    pub no_verdict: u64,
    /// What was taken for what without being asked, in sentences for people.
    pub taken: Vec<String>,
    /// Whether an input gave counts rather than single comparisons.
    pub counted: bool,
    /// Which column was taken for each role that was asked for and found.
    pub label_roles: Vec<(Role, String)>,
}

/// Reads the files at `inputs` one after another; `-` is stdin.
///
/// Columns are found in each file by itself, but the first one decides which labels there are.
/// Items and labels are numbered in first-seen order over all inputs, left before right. Time and
/// memory are O(bytes read) and O(pairs), or O(rows) where rows are kept.
pub fn read(inputs: &[impl AsRef<Path>], options: &ReadOptions) -> Result<Reading, ReadError> {
    options.check()?;
    let mut assembly = Assembly::new(options);
    for input in inputs {
        read_source(Source::open(input.as_ref(), options.block_bytes)?, options, &mut assembly)?;
    }
    assembly.finish()
}

/// Reads a log from memory as if it were a file called `name`.
pub fn read_bytes(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Reading, ReadError> {
    options.check()?;
    let mut assembly = Assembly::new(options);
    let source = Source::new(name.to_owned(), Box::new(bytes), options.block_bytes)?;
    read_source(source, options, &mut assembly)?;
    assembly.finish()
}

/// Reads all rows of the log at `path`, with its judge, task and group columns where it has them.
pub fn read_log(path: impl AsRef<Path>) -> Result<Log, ReadError> {
    let labels = [Role::Judge, Role::Task, Role::Group].map(LabelColumn::Role).to_vec();
    let reading = read(&[path], &ReadOptions { keep: Keep::Rows, labels, ..ReadOptions::default() })?;
    Ok(match reading.comparisons {
        Comparisons::Rows(log) => log,
        Comparisons::Counts(tally) => Log::new(tally.items().clone()),
    })
}

/// An input whose columns are known and whose rows are yet to be read.
struct Opened<'a> {
    source: Source<'a>,
    progress: Progress,
    header: Header,
    /// The first blocks that hold rows.
    wave: Vec<Bytes>,
    #[cfg(feature = "parquet")]
    parquet: Option<parquet::Parquet>,
}

impl<'a> Opened<'a> {
    /// Reads up to the names of the columns. Whether JSON lines may begin with bad ones is `skip`.
    fn new(mut source: Source<'a>, skip: bool) -> Result<Self, ReadError> {
        let mut progress = Progress { path: source.path.clone(), lines: 0, rows: 0, place: Place::Line };
        let (header, wave) = match source.format {
            Format::Delimited(delimiter) => csv_start(&mut source, delimiter, &mut progress)?,
            Format::Json(layout) => jsonl_start(&mut source, layout, skip, &progress)?,
            Format::Parquet => return Self::parquet(source, progress),
        };
        Ok(Self {
            source,
            progress,
            header,
            wave,
            #[cfg(feature = "parquet")]
            parquet: None,
        })
    }

    /// Opens a file that has columns instead of lines.
    #[cfg(feature = "parquet")]
    fn parquet(mut source: Source<'a>, mut progress: Progress) -> Result<Self, ReadError> {
        progress.place = Place::Row;
        let parquet = parquet::Parquet::open(&mut source)?;
        Ok(Self { source, progress, header: parquet.header(), wave: Vec::new(), parquet: Some(parquet) })
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(source: Source<'a>, _progress: Progress) -> Result<Self, ReadError> {
        Err(ReadError::NoParquet { path: source.path, reason: "which this build of palio was made without" })
    }

    /// Opens what has no bad rows to be left out.
    fn whole(source: Source<'a>) -> Result<Self, ReadError> {
        Self::new(source, false).map_err(|error| match error {
            ReadError::Row { path, place, fault } => ReadError::TableRow { path, line: place.number(), fault },
            other => other,
        })
    }

    /// The same if it is a text.
    fn text(self) -> Result<Self, ReadError> {
        match self.source.format {
            Format::Parquet => Err(ReadError::NoParquet {
                path: self.source.path,
                reason: "which is read as a log of comparisons only",
            }),
            Format::Delimited(_) | Format::Json(_) => Ok(self),
        }
    }

    /// The next block of rows: at first those that were read along with the header.
    fn next_block(&mut self) -> Result<Option<Bytes>, ReadError> {
        if self.wave.is_empty() { self.source.next_block() } else { Ok(Some(self.wave.remove(0))) }
    }
}

fn read_source(source: Source<'_>, options: &ReadOptions, assembly: &mut Assembly<'_>) -> Result<(), ReadError> {
    read_opened(Opened::new(source, options.skip_bad_rows)?, options, assembly)
}

fn read_opened(mut opened: Opened<'_>, options: &ReadOptions, assembly: &mut Assembly<'_>) -> Result<(), ReadError> {
    let header = std::mem::take(&mut opened.header);
    let columns = Columns::find(&opened.source.path, header, options, assembly.wanted.as_deref())?;
    assembly.start(&columns);
    let delimiter = match opened.source.format {
        Format::Delimited(b';') => Some(';'),
        _ => None,
    };
    assembly.tell(&opened.source.path, &columns, delimiter);
    assembly.format.get_or_insert(opened.source.format.into());
    #[cfg(feature = "parquet")]
    if let Some(file) = opened.parquet.take() {
        let Opened { source, mut progress, .. } = opened;
        // The whole file is hashed beside, though only some columns are decoded.
        let (xxh3, read) = rayon::join(|| source.finish(), || file.read(&columns, options, &mut progress, assembly));
        read?;
        let from = columns.dialect;
        assembly.inputs.push(Input { path: progress.path, rows: progress.rows, xxh3: xxh3?, from, delimiter });
        return Ok(());
    }
    let parser = Parser { format: opened.source.format, wanted: columns.wanted(), columns: &columns, options };
    let input = each_wave(opened, |bytes| parser.block(bytes), |progress, blocks| assembly.add_all(progress, blocks))?;
    assembly.inputs.push(Input { from: columns.dialect, delimiter, ..input });
    Ok(())
}

/// Reads the logs of which the first is open already.
fn read_logs<'a>(
    first: Opened<'a>,
    others: impl Iterator<Item = Result<Source<'a>, ReadError>>,
    options: &ReadOptions,
) -> Result<Reading, ReadError> {
    options.check()?;
    let mut assembly = Assembly::new(options);
    read_opened(first, options, &mut assembly)?;
    for source in others {
        read_source(source?, options, &mut assembly)?;
    }
    assembly.finish()
}

/// Parses the rows of an input block by block on all threads, and has them added in file order.
fn each_wave<B: Send>(
    opened: Opened<'_>,
    parse: impl Fn(&[u8]) -> B + Sync,
    mut add: impl FnMut(&mut Progress, Vec<B>) -> Result<(), ReadError> + Send,
) -> Result<Input, ReadError> {
    let Opened { mut source, mut progress, mut wave, .. } = opened;
    let mut parsed = Vec::new();
    while !wave.is_empty() {
        let ((added, next), blocks) = rayon::join(
            || (add(&mut progress, parsed), source.wave()),
            || wave.par_iter().map(|bytes| parse(bytes.get())).collect(),
        );
        added?;
        parsed = blocks;
        source.reuse(std::mem::replace(&mut wave, next));
    }
    add(&mut progress, parsed)?;
    Ok(Input::new(progress.path, progress.rows, source.finish()?))
}

/// The header, and the first blocks that hold rows.
type Start = (Header, Vec<Bytes>);

/// Reads the record that names the columns. Lines up to its end are counted.
fn csv_start(source: &mut Source<'_>, delimiter: u8, progress: &mut Progress) -> Result<Start, ReadError> {
    while let Some(mut block) = source.next_block()? {
        let Some((record, end)) = csv::header(block.get(), delimiter) else {
            progress.lines += csv::line_ends(block.get());
            continue;
        };
        let names: Result<_, _> = record.iter().map(|name| String::from_utf8(name.to_vec())).collect();
        let names = names.map_err(|_| ReadError::HeaderEncoding { path: progress.path.clone() })?;
        progress.lines += csv::line_ends(&block.get()[..end]);
        block.advance(end);
        return Ok((Header { names, ..Header::default() }, vec![block]));
    }
    Err(ReadError::NoHeader { path: progress.path.clone() })
}

/// Reads the first good object, whose keys are the columns.
fn jsonl_start(
    source: &mut Source<'_>,
    layout: jsonl::Layout,
    skip: bool,
    progress: &Progress,
) -> Result<Start, ReadError> {
    let (mut blocks, mut first_fault, mut lines) = (Vec::new(), None, 0);
    while let Some(block) = source.next_block()? {
        let keys = jsonl::keys(block.get(), layout, skip);
        let block_lines = jsonl::line_ends(block.get());
        blocks.push(block);
        match keys {
            Some(Ok(header)) => return Ok((header, blocks)),
            Some(Err((line, fault))) if !skip => return Err(progress.bad_row(lines + line, fault)),
            Some(Err((line, fault))) => first_fault = first_fault.or(Some((lines + line, fault))),
            None => {}
        }
        lines += block_lines;
    }
    let no_header = || ReadError::NoHeader { path: progress.path.clone() };
    Err(first_fault.map_or_else(no_header, |(line, fault)| progress.bad_row(line, fault)))
}

/// What is needed to parse the blocks of one file.
struct Parser<'a> {
    format: Format,
    columns: &'a Columns,
    wanted: Vec<bool>,
    options: &'a ReadOptions,
}

impl Parser<'_> {
    fn block(&self, bytes: &[u8]) -> Block {
        let mut reader = BlockReader::new(self.columns, self.options);
        match self.format {
            Format::Delimited(delimiter) => csv::parse(bytes, delimiter, self.columns.names.len(), &mut reader),
            Format::Json(layout) => {
                let Columns { names, paths, .. } = self.columns;
                jsonl::parse(bytes, layout, jsonl::Keys { names, wanted: &self.wanted, paths }, &mut reader);
            }
            // It has no blocks of text.
            Format::Parquet => {}
        }
        reader.block
    }
}
