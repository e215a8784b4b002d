//! The rows of one file of a table.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ::csv::ByteRecord;
use serde_json::value::RawValue;

use super::super::super::ItemId;
use super::super::error::{Fault, shown};
use super::super::fields::{ScoreField, score};
use super::super::jsonl::text_of;
use super::cells::Cells;
use super::layout::Layout;

/// One file while it is read.
pub(super) struct Sheet<'a> {
    cells: &'a mut Cells,
    layout: Layout,
    /// The columns of a CSV file, or the keys of the first object.
    names: &'a [String],
    /// How many lines come before the ones that the rows are counted from.
    lines_before: u64,
    /// Where each model's row is, in a wide table.
    lines: HashMap<ItemId, u64>,
    /// How many rows were added.
    pub(super) rows: u64,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(cells: &'a mut Cells, layout: Layout, names: &'a [String], lines_before: u64) -> Self {
        Self { cells, layout, names, lines_before, lines: HashMap::new(), rows: 0 }
    }

    /// Adds a row of a CSV file, which has a field for each column. Lines are counted from 0.
    pub(super) fn add_record(&mut self, line: u64, record: &ByteRecord) -> Result<(), Fault> {
        let names = self.names;
        let text = |column: usize| {
            let valid = std::str::from_utf8(&record[column]);
            valid.map_err(|_| Fault::Encoding { column: label(names, column), value: shown(&record[column]) })
        };
        match self.layout {
            Layout::Long { model, benchmark, score } => {
                let model = named(text(model)?, "model", || label(names, model))?;
                let benchmark = named(text(benchmark)?, "benchmark", || label(names, benchmark))?;
                self.add(line, model, benchmark, text(score)?)?;
            }
            Layout::Wide { model: column } => {
                let model = named(text(column)?, "model", || label(names, column))?;
                self.start_model(line, model)?;
                for other in (0..record.len()).filter(|&other| other != column) {
                    self.add(line, model, &names[other], text(other)?)?;
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Adds an object of JSON lines. Lines are counted from 0.
    pub(super) fn add_object(&mut self, line: u64, object: &[(String, &RawValue)]) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        if let Some((key, _)) = object.iter().find(|(key, _)| !seen.insert(key)) {
            return Err(Fault::DuplicateKey { column: key.clone() });
        }
        let names = self.names;
        match self.layout {
            Layout::Long { model, benchmark, score } => {
                let model = name_in(object, &names[model], "model")?;
                let benchmark = name_in(object, &names[benchmark], "benchmark")?;
                self.add(line, &model, &benchmark, &text_of(value_in(object, &names[score])?))?;
            }
            Layout::Wide { model: column } => {
                let model = name_in(object, &names[column], "model")?;
                self.start_model(line, &model)?;
                for (key, value) in object.iter().filter(|(key, _)| *key != names[column]) {
                    if key.trim().is_empty() {
                        return Err(Fault::UnnamedKey);
                    }
                    self.add(line, &model, key, &text_of(value))?;
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// A model has one row only in a wide file.
    fn start_model(&mut self, line: u64, model: &str) -> Result<(), Fault> {
        let line = self.lines_before + line + 1;
        let id = self.cells.models.intern(model);
        match self.lines.insert(id, line) {
            None => Ok(()),
            Some(earlier) => Err(Fault::DuplicateModel { model: model.to_owned(), earlier }),
        }
    }

    /// Adds what `text` says about a model and a benchmark, which may be that there is a hole.
    fn add(&mut self, line: u64, model: &str, benchmark: &str, text: &str) -> Result<(), Fault> {
        let ids = (self.cells.models.intern(model), self.cells.benchmarks.intern(benchmark));
        let names = || (model.to_owned(), benchmark.to_owned(), shown(text.as_bytes()));
        match score(text.as_bytes()) {
            ScoreField::Finite(score) => self.cells.add(ids.0, ids.1, score, self.lines_before + line + 1),
            ScoreField::Missing => Ok(()),
            ScoreField::Infinite => {
                let (model, benchmark, value) = names();
                Err(Fault::InfiniteScore { model, benchmark, value })
            }
            ScoreField::Other => {
                let (model, benchmark, value) = names();
                Err(Fault::NotAScore { model, benchmark, value })
            }
        }
    }
}

/// What a column is called in a message: its number if it has no name.
fn label(names: &[String], column: usize) -> String {
    if names[column].trim().is_empty() { (column + 1).to_string() } else { names[column].clone() }
}

/// The name, which is that of a model or a benchmark, if it is one.
fn named<'t>(text: &'t str, what: &'static str, column: impl Fn() -> String) -> Result<&'t str, Fault> {
    if text.trim().is_empty() { Err(Fault::Unnamed { column: column(), what }) } else { Ok(text) }
}

fn value_in<'v>(object: &[(String, &'v RawValue)], key: &str) -> Result<&'v RawValue, Fault> {
    let found = object.iter().find(|(other, _)| other == key);
    found.map(|&(_, value)| value).ok_or_else(|| Fault::MissingKey { column: key.to_owned() })
}

fn name_in<'v>(object: &[(String, &'v RawValue)], key: &str, what: &'static str) -> Result<Cow<'v, str>, Fault> {
    let value = value_in(object, key)?;
    if value.get().starts_with(['{', '[']) {
        return Err(Fault::Nested { column: key.to_owned(), value: shown(value.get().as_bytes()) });
    }
    let text = text_of(value);
    named(&text, what, || key.to_owned())?;
    Ok(text)
}
