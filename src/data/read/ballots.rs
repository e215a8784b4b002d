//! Reading profiles: PrefLib files, and rankings in CSV, TSV or JSON lines. A file is read as a whole.

mod preflib;
mod rankings;

use std::path::Path;

use self::rankings::Layout;
use super::super::profile::{BallotError, Profile};
use super::error::{Fault, ReadError};
use super::options::ReadOptions;
use super::source::{Bytes, Format, Source, stripped};
use super::{Input, Opened, csv, jsonl};

/// Where the ballots of a CSV file or of JSON lines stand. Where a name is `None`, the usual names are
/// looked for, first as they are written here and then in any case of letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BallotColumns {
    /// The column of whole rankings, one ballot a row (`ranking order`).
    pub ranking: Option<String>,
    /// The column of how many voters cast the ballot (`count votes`), or of the weight of a single ballot
    /// (`weight`, or where one is not whole); 1 without it.
    pub count: Option<String>,
    /// Of one row a place: the column that says whose ballot it is on (`ballot voter voter_id judge`).
    pub voter: Option<String>,
    /// Of one row a place: the column of the item (`item model candidate alternative name`).
    pub item: Option<String>,
    /// Of one row a place: the column of its rank, 1 being the best (`rank position place`).
    pub rank: Option<String>,
}

/// A profile that was read, and from what.
#[derive(Debug)]
pub struct BallotReading {
    /// The ballots.
    pub profile: Profile,
    /// The inputs, in the order in which they were given.
    pub inputs: Vec<Input>,
}

/// Whether the name of a file says that it is a PrefLib profile: `.soc .soi .toc .toi`, compressed or
/// not.
pub fn is_preflib(path: impl AsRef<Path>) -> bool {
    preflib::Kind::of(&path.as_ref().display().to_string()).is_some()
}

/// Reads the profile that the files at `inputs` hold together; `-` is stdin.
///
/// A file whose name ends in `.soc .soi .toc` or `.toi` is PrefLib's, in its present form or the one
/// before 2022. Any other holds either one ballot a row, in a column such as `a > b = c > d` (in JSON
/// lines also `["a", ["b", "c"], "d"]`), or one row a place, with the voter, the item and its rank;
/// equal ranks are ties, and an empty one leaves the item out. White space around names is left out; a name
/// with `>` or `=` in it can be written in a list of JSON lines, or with one row a place. Items are in first-seen order; those of
/// PrefLib in the order of their numbers. Time and memory are O(bytes read).
///
/// # Errors
/// A ballot that is none, or ranks an item twice; no ballot at all; fewer than two items; in a PrefLib
/// file ties or missing items where its extension excludes them, alternatives that it does not have, and
/// another number of voters than its header says; and what is wrong with the file, as for logs.
pub fn read_ballots(inputs: &[impl AsRef<Path>], columns: &BallotColumns) -> Result<BallotReading, ReadError> {
    let block_bytes = ReadOptions::default().block_bytes;
    read_all(inputs.iter().map(|input| Source::open(input.as_ref(), block_bytes)), columns)
}

/// Reads a profile from memory as if it were a file called `name`.
pub fn read_ballots_bytes(name: &str, bytes: &[u8], columns: &BallotColumns) -> Result<BallotReading, ReadError> {
    let block_bytes = ReadOptions::default().block_bytes;
    read_all([Source::new(name.to_owned(), Box::new(bytes), block_bytes)], columns)
}

fn read_all<'a>(
    sources: impl IntoIterator<Item = Result<Source<'a>, ReadError>>,
    columns: &BallotColumns,
) -> Result<BallotReading, ReadError> {
    let (mut profile, mut inputs) = (Profile::default(), Vec::new());
    for source in sources {
        let source = source?;
        if preflib::holds_categories(&source.path) {
            return Err(ReadError::Categories { path: source.path });
        }
        let input = match preflib::Kind::of(&source.path) {
            Some(kind) => read_preflib(source, kind, &mut profile),
            None => read_rankings(source, columns, &mut profile),
        };
        inputs.push(input?);
    }
    let paths = || inputs.iter().map(|input| input.path.as_str()).collect::<Vec<_>>().join(", ");
    if profile.is_empty() {
        return Err(ReadError::NoBallots { paths: paths() });
    }
    if profile.items().len() < 2 {
        return Err(ReadError::FewItems { paths: paths(), items: profile.items().len() });
    }
    Ok(BallotReading { profile, inputs })
}

fn read_preflib(mut source: Source<'_>, kind: preflib::Kind, profile: &mut Profile) -> Result<Input, ReadError> {
    let mut bytes = Vec::new();
    append_rest(&mut source, &mut bytes)?;
    let rows = preflib::parse(&source.path, &bytes, kind, profile)?;
    Ok(Input::new(source.path.clone(), rows, source.finish()?))
}

fn read_rankings(source: Source<'_>, columns: &BallotColumns, profile: &mut Profile) -> Result<Input, ReadError> {
    let Opened { mut source, progress, header, wave, .. } = Opened::whole(source)?.text()?;
    let columns = Layout::find(&progress.path, &header.names, columns)?;
    let mut bytes: Vec<u8> = wave.iter().flat_map(Bytes::get).copied().collect();
    append_rest(&mut source, &mut bytes)?;
    let mut sheet = rankings::Sheet::new(profile, &columns, &header.names);
    let read = match source.format {
        Format::Delimited(delimiter) => {
            csv::each_record(&bytes, delimiter, header.names.len(), |line, record| sheet.add_record(line, record))
        }
        Format::Json(layout) => jsonl::each_object(&bytes, layout, |line, object| sheet.add_object(line, object)),
        Format::Parquet => Ok(()),
    };
    let rows = read.and_then(|()| sheet.finish()).map_err(|(line, fault)| {
        let line = progress.lines + line + 1;
        ReadError::TableRow { path: progress.path.clone(), line, fault }
    })?;
    Ok(Input::new(progress.path, rows, source.finish()?))
}

fn append_rest(source: &mut Source<'_>, bytes: &mut Vec<u8>) -> Result<(), ReadError> {
    while let Some(block) = source.next_block()? {
        bytes.extend_from_slice(block.get());
        source.reuse(vec![block]);
    }
    Ok(())
}

impl From<BallotError> for Fault {
    fn from(error: BallotError) -> Self {
        Self::Ballot { message: error.to_string() }
    }
}
