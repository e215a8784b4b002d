//! Blocks put together in file order.

use super::super::graph::Tally;
use super::super::{Covariates, ItemId, Items, Labels, Log};
use super::block::{Block, MESSAGES};
use super::columns::{Columns, Evidence, Label, UNNAMED_BASELINE};
use super::error::{Fault, Place, ReadError};
use super::names::Names;
use super::options::{Keep, LabelColumn, ReadOptions};
use super::{Comparisons, Input, InputFormat, Notes, Reading};

/// How far one file has been read.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) path: String,
    /// Lines of a text, or rows of a file without lines, bad ones included.
    pub(super) lines: u64,
    /// Good rows.
    pub(super) rows: u64,
    /// How a place so many lines on is called.
    pub(super) place: fn(u64) -> Place,
}

impl Progress {
    /// The error of a bad row, `line` lines from here.
    pub(super) fn bad_row(&self, line: u64, fault: Fault) -> ReadError {
        ReadError::Row { path: self.path.clone(), place: (self.place)(self.lines + line + 1), fault }
    }
}

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Assembly<'a> {
    options: &'a ReadOptions,
    /// The labels that the first file has.
    pub(super) wanted: Option<Vec<LabelColumn>>,
    comparisons: Comparisons,
    labels: Vec<Growing>,
    /// Row by row.
    covariates: Vec<f64>,
    /// Rows stored, whether kept or counted.
    stored: u64,
    notes: Notes,
    pub(super) inputs: Vec<Input>,
    /// How the first file is written.
    pub(super) format: Option<InputFormat>,
}

/// A categorical column that is being read. There may be many labels in every block, so they are
/// interned by the blocks' own fast table.
#[derive(Debug)]
struct Growing {
    column: String,
    names: Names,
    ids: Vec<u32>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            wanted: None,
            comparisons: Comparisons::Counts(Tally::default()),
            labels: Vec::new(),
            covariates: Vec::new(),
            stored: 0,
            notes: Notes::default(),
            inputs: Vec::new(),
            format: None,
        }
    }

    /// Starts a file. The first one decides whether rows are kept, and with which labels.
    pub(super) fn start(&mut self, columns: &Columns) {
        self.notes.counted |= matches!(columns.evidence, Evidence::Counts { .. });
        if self.wanted.is_some() {
            return;
        }
        self.wanted = Some(columns.labels.iter().map(|label| label.wanted.clone()).collect());
        self.labels = columns.labels.iter().map(|label| Growing::new(columns, label)).collect();
        self.notes.label_roles = columns.labels.iter().filter_map(|label| label.role(columns)).collect();
        if self.options.keep == Keep::Rows
            || self.options.read_time
            || columns.scores.is_some()
            || !self.labels.is_empty()
            || !columns.covariates.is_empty()
        {
            self.comparisons = Comparisons::Rows(Log::default());
        }
    }

    /// Takes down what the reader of a file took for what without being asked.
    pub(super) fn tell(&mut self, path: &str, columns: &Columns, delimiter: Option<char>) {
        if delimiter == Some(';') {
            self.notes.taken.push(format!("{path} has fields separated by semicolons, as its header is"));
        }
        let Some(dialect) = columns.dialect else { return };
        if columns.guessed {
            let about = dialect.about();
            self.notes.taken.push(format!("{path} is read as {dialect} (--from {dialect} says so): {about}"));
        }
        if columns.baseline.is_some() && self.options.baseline.is_none() {
            self.notes.taken.push(format!(
                "the baseline of {path}, which has no name there, is called `{UNNAMED_BASELINE}`; name it with --from \
                 {dialect}:NAME"
            ));
        }
    }

    /// Adds blocks in their order, up to the first bad row unless these are skipped.
    pub(super) fn add_all(&mut self, progress: &mut Progress, blocks: Vec<Block>) -> Result<(), ReadError> {
        blocks.into_iter().try_for_each(|block| self.add(progress, block))
    }

    fn add(&mut self, progress: &mut Progress, mut block: Block) -> Result<(), ReadError> {
        for bad in std::mem::take(&mut block.bad) {
            let error = progress.bad_row(bad.line, bad.fault);
            if !self.options.skip_bad_rows {
                return Err(error);
            }
            if self.notes.first_skipped.len() < MESSAGES {
                self.notes.first_skipped.push(error.skipped_message());
            }
        }
        self.notes.skipped += block.skipped;
        self.notes.disagreements += block.disagreements;
        self.notes.both_bad_dropped += block.both_bad_dropped;
        self.notes.no_verdict += block.no_verdict;
        self.stored += block.rows.len() as u64;
        progress.lines += block.lines;
        progress.rows += block.read;
        self.store(&block);
        Ok(())
    }

    fn store(&mut self, block: &Block) {
        match &mut self.comparisons {
            Comparisons::Counts(tally) => {
                let ids: Vec<u32> = block.items.iter().map(|name| tally.intern(name).0).collect();
                tally.append(&block.rows, &ids);
            }
            Comparisons::Rows(log) => {
                let ids = interned(&mut log.items, block.items.iter());
                log.append(&block.rows, &ids);
            }
        }
        self.covariates.extend_from_slice(&block.covariates);
        for (labels, (names, local)) in self.labels.iter_mut().zip(&block.labels) {
            let ids: Vec<u32> = names.iter().map(|name| labels.names.intern(name)).collect();
            labels.ids.extend(local.iter().map(|&id| ids[id as usize]));
        }
    }

    /// All that was read.
    pub(super) fn finish(mut self) -> Result<Reading, ReadError> {
        if self.stored == 0 {
            let paths: Vec<&str> = self.inputs.iter().map(|input| input.path.as_str()).collect();
            return Err(ReadError::Empty { paths: paths.join(", "), skipped: self.notes.skipped });
        }
        if let Comparisons::Rows(log) = &mut self.comparisons {
            let names = self.options.covariates.iter().map(|column| column.name().to_owned()).collect();
            log.covariates = Covariates::new(names, self.covariates);
            for labels in self.labels {
                // A column may have been asked for by its role and by its name.
                if log.labels(&labels.column).is_none() {
                    let names = labels.names.iter().collect();
                    log.labels.push(Labels { column: labels.column, names, ids: labels.ids });
                }
            }
        }
        let format = self.format.unwrap_or(InputFormat::Csv);
        Ok(Reading { comparisons: self.comparisons, inputs: self.inputs, format, notes: self.notes })
    }
}

impl Growing {
    fn new(columns: &Columns, label: &Label) -> Self {
        Self { column: columns.name(label.column), names: Names::default(), ids: Vec::new() }
    }
}

/// The ids of the names, each of which is added if it is new.
pub(super) fn interned<'n>(items: &mut Items, names: impl Iterator<Item = &'n str>) -> Vec<u32> {
    names.map(|name| items.intern(name)).map(|ItemId(id)| id).collect()
}
