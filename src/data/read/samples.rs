//! Reading samples in groups with their scores, in blocks as logs are read.

mod duplicates;
mod layout;
mod rows;

use std::path::Path;

use self::duplicates::{Place, Places, check_items};
use self::layout::Layout;
use self::rows::{SampleBlock, SampleReader};
use super::super::Items;
use super::super::samples::{ItemNames, NumberColumn, SampleTable, index_names};
use super::columns::is_log;
use super::error::ReadError;
use super::merge::{Progress, interned};
use super::options::ReadOptions;
use super::source::{Format, InputFormat, Source};
use super::{Input, Opened, Reading, csv, each_wave, jsonl, read_logs};

/// Where group, item, score and other numbers stand. Where a name is `None`, the usual names are looked
/// for, first as they are written here and then in any case of letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleOptions {
    /// The column of the group (`group group_id uid`).
    pub group: Option<String>,
    /// Whether all samples are one group, which is called `all`, whatever columns there are.
    pub one_group: bool,
    /// The column of the item (`item item_id sample sample_id response_id`). Without any of these a
    /// sample is called by its index in its group, from 0.
    pub item: Option<String>,
    /// The column of the score (`score reward value`).
    pub score: Option<String>,
    /// What a table without a score is taken for.
    pub no_score: NoScore,
    /// Further columns of numbers.
    pub numbers: Vec<NumberOption>,
    /// How many bytes are parsed at a time. It changes no result.
    pub block_bytes: usize,
}

/// What a table is taken for that has no score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoScore {
    /// An error.
    #[default]
    Refuse,
    /// Samples whose scores are all missing: other columns say enough.
    Missing,
}

/// A column of numbers that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberOption {
    /// The column's name.
    pub column: String,
    /// The option that named it, for messages.
    pub option: &'static str,
}

impl Default for SampleOptions {
    fn default() -> Self {
        let block_bytes = ReadOptions::default().block_bytes;
        let (no_score, numbers) = (NoScore::default(), Vec::new());
        Self { group: None, one_group: false, item: None, score: None, no_score, numbers, block_bytes }
    }
}

/// Samples that were read, and from what.
#[derive(Debug)]
pub struct SampleReading {
    /// The samples.
    pub samples: SampleTable,
    /// The inputs, in the order in which they were given.
    pub inputs: Vec<Input>,
    /// How the first of them is written.
    pub format: InputFormat,
}

/// What the inputs turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a run")]
pub enum SamplesOrLog {
    /// Samples with scores.
    Samples(SampleReading),
    /// A log of comparisons.
    Log(Reading),
}

/// Reads the samples that the files at `inputs` hold together; `-` is stdin.
///
/// Groups may have any size and be interleaved, in one file or over several. A score, or another number,
/// is missing where its field is empty or one of `na`, `n/a`, `nan`, `null`, `none` and `-` in any case of
/// letters, and where a JSON object has null or no such key. Time and memory are O(bytes read).
///
/// # Errors
/// Anything else that is no finite number; an item that is given twice in a group; a group or an item
/// without a name; files of which one has a column for the item and another has not; no row at all; and
/// what is wrong with the file, as for logs.
pub fn read_samples(inputs: &[impl AsRef<Path>], options: &SampleOptions) -> Result<SampleReading, ReadError> {
    let sources = inputs.iter().map(|input| Source::open(input.as_ref(), options.block_bytes));
    read_all(sources.map(|source| Opened::whole(source?)), options)
}

/// Reads samples from memory as if they were a file called `name`.
pub fn read_samples_bytes(name: &str, bytes: &[u8], options: &SampleOptions) -> Result<SampleReading, ReadError> {
    let source = Source::new(name.to_owned(), Box::new(bytes), options.block_bytes)?;
    read_all([Opened::whole(source)], options)
}

/// Reads samples, or a log if that is what the first of `inputs` is; `-` is stdin.
///
/// Inputs are samples if `samples` names the column of the item or the score. Else they are a log if
/// `log` names a column of an item, an outcome, a count or a score, or if the header has the usual names
/// of the left and the right item; where these are no more than `a` and `b`, an outcome, counts or scores
/// must be there too.
pub fn read_samples_or_log(
    inputs: &[impl AsRef<Path>],
    samples: &SampleOptions,
    log: &ReadOptions,
) -> Result<SamplesOrLog, ReadError> {
    let mut sources = inputs.iter().map(|input| Source::open(input.as_ref(), log.block_bytes));
    let can_be_log = samples.item.is_none() && samples.score.is_none();
    let Some(first) = sources.next() else { return read_all([], samples).map(SamplesOrLog::Samples) };
    let first = if can_be_log && log.skip_bad_rows { Opened::new(first?, true)? } else { Opened::whole(first?)? };
    if can_be_log && is_log(&first.header, log) {
        return read_logs(first, sources, log).map(SamplesOrLog::Log);
    }
    let opened = std::iter::once(Ok(first)).chain(sources.map(|source| Opened::whole(source?)));
    read_all(opened, samples).map(SamplesOrLog::Samples)
}

fn read_all<'a>(
    opened: impl IntoIterator<Item = Result<Opened<'a>, ReadError>>,
    options: &SampleOptions,
) -> Result<SampleReading, ReadError> {
    let (mut growing, mut inputs, mut format) = (Growing::default(), Vec::new(), None);
    for opened in opened {
        let opened = opened?.text()?;
        format.get_or_insert(InputFormat::from(opened.source.format));
        inputs.push(growing.read(opened, options)?);
    }
    match format {
        Some(format) if !growing.group_ids.is_empty() => {
            Ok(SampleReading { samples: growing.finish()?, inputs, format })
        }
        _ => Err(ReadError::NoRows { paths: growing.places.paths.join(", ") }),
    }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Growing {
    /// The columns of the first file.
    first: Option<Layout>,
    groups: Items,
    group_ids: Vec<u32>,
    items: ItemNames,
    /// The score if there is one, and then the numbers asked for.
    numbers: Vec<Vec<f64>>,
    places: Places,
}

impl Growing {
    fn read(&mut self, mut opened: Opened<'_>, options: &SampleOptions) -> Result<Input, ReadError> {
        let path = opened.progress.path.clone();
        let header = std::mem::take(&mut opened.header);
        let layout = Layout::find(&path, header, options, self.first.as_ref())?;
        self.numbers.resize(layout.numbers.len(), Vec::new());
        self.places.paths.push(path);
        let format = opened.source.format;
        let parse = |bytes: &[u8]| {
            let mut reader = SampleReader::new(&layout);
            match format {
                Format::Delimited(delimiter) => csv::parse(bytes, delimiter, layout.names.len(), &mut reader),
                Format::Json(objects) => {
                    let keys = jsonl::Keys { names: &layout.names, wanted: &layout.wanted(), paths: &[] };
                    jsonl::parse(bytes, objects, keys, &mut reader);
                }
                Format::Parquet => {}
            }
            reader.block
        };
        let input = each_wave(opened, parse, |progress, blocks| {
            blocks.into_iter().try_for_each(|block| self.add(progress, block))
        })?;
        self.first.get_or_insert(layout);
        Ok(input)
    }

    fn add(&mut self, progress: &mut Progress, block: SampleBlock) -> Result<(), ReadError> {
        if let Some((line, fault)) = block.bad {
            let line = progress.lines + line + 1;
            return Err(ReadError::TableRow { path: progress.path.clone(), line, fault });
        }
        let (file, rows) = (self.places.paths.len() - 1, self.group_ids.len());
        for (row, line) in block.runs {
            self.places.runs.push(Place { row: rows + row, file, line: progress.lines + line + 1 });
        }
        let ids = interned(&mut self.groups, block.groups.iter());
        self.group_ids.extend(block.group_ids.iter().map(|&id| ids[id as usize]));
        self.items.append(&block.items);
        for (column, block) in self.numbers.iter_mut().zip(&block.numbers) {
            column.extend_from_slice(block);
        }
        progress.rows += block.group_ids.len() as u64;
        progress.lines += block.lines;
        Ok(())
    }

    /// All that was read. An item may be there once in its group.
    fn finish(self) -> Result<SampleTable, ReadError> {
        let items = if self.items.is_empty() {
            index_names(&self.group_ids, self.groups.len())
        } else {
            check_items(&self.groups, &self.group_ids, &self.items, &self.places)?;
            self.items
        };
        let (names, has_score) =
            self.first.map_or_else(Default::default, |layout| (layout.number_names(), layout.has_score));
        let columns = names.into_iter().zip(self.numbers).map(|(name, values)| NumberColumn { name, values });
        let mut columns: Vec<NumberColumn> = columns.collect();
        if !has_score {
            columns.insert(0, NumberColumn { name: String::new(), values: vec![f64::NAN; self.group_ids.len()] });
        }
        Ok(SampleTable { groups: self.groups, group_ids: self.group_ids, items, columns })
    }
}

#[cfg(test)]
mod tests;
