//! Logs in Parquet files. Only the columns that are read are decoded, row group by row group on all
//! threads, and merged in the order of the file. A column that stands in a dictionary is never spelled
//! out: each of its texts is looked at once. A column inside of structs is called by its dotted path.

mod chunk;
mod hybrid;
mod rows;
mod values;

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use rayon::prelude::*;

use self::chunk::{Chunk, ColumnBytes};
use super::block::Block;
use super::columns::{Columns, Header};
use super::error::ReadError;
use super::merge::{Assembly, Progress};
use super::options::ReadOptions;
use super::source::Source;

/// Rows that are parsed together: enough to make up for looking at each text of a dictionary again.
const BLOCK_ROWS: usize = 1 << 18;
/// Row groups that are decoded before they are merged.
const WAVE: usize = 8;

/// A file whose footer was read.
pub(super) struct Parquet {
    path: String,
    bytes: Place,
    metadata: ParquetMetaData,
    /// Which of all columns those of the header are.
    leaves: Vec<usize>,
}

/// Where the bytes are.
enum Place {
    File(PathBuf),
    Memory(Bytes),
}

impl Parquet {
    /// Reads the footer of a source of which nothing was read but the start.
    pub(super) fn open(source: &mut Source<'_>) -> Result<Self, ReadError> {
        let path = source.path.clone();
        let reader = ParquetMetaDataReader::new();
        let (bytes, metadata) = if let Some(place) = source.file.clone() {
            let file = File::open(&place).map_err(|error| ReadError::Io { path: path.clone(), error })?;
            (Place::File(place), reader.parse_and_finish(&file))
        } else {
            let bytes = Bytes::from(source.rest()?);
            (Place::Memory(bytes.clone()), reader.parse_and_finish(&bytes))
        };
        let metadata = metadata.map_err(|error| failed(&path, &error))?;
        let columns = metadata.file_metadata().schema_descr().columns();
        let leaves = (0..columns.len()).filter(|&leaf| columns[leaf].max_rep_level() == 0).collect();
        Ok(Self { path, bytes, metadata, leaves })
    }

    /// The columns that have one value a row. What is inside of lists is left out.
    pub(super) fn header(&self) -> Header {
        let columns = self.metadata.file_metadata().schema_descr().columns();
        let names = self.leaves.iter().map(|&leaf| columns[leaf].path().parts().join(".")).collect();
        Header { names, ..Header::default() }
    }

    /// Reads all rows of a log.
    pub(super) fn read(
        &self,
        columns: &Columns,
        options: &ReadOptions,
        progress: &mut Progress,
        assembly: &mut Assembly<'_>,
    ) -> Result<(), ReadError> {
        let wanted = columns.wanted();
        let mut parsed = Vec::new();
        for wave in self.metadata.row_groups().chunks(WAVE) {
            let (added, groups) = rayon::join(
                || assembly.add_all(progress, std::mem::take(&mut parsed)),
                || wave.par_iter().map(|group| self.blocks(group, columns, &wanted, options)).collect::<Vec<_>>(),
            );
            added?;
            for blocks in groups {
                parsed.extend(blocks?);
            }
        }
        assembly.add_all(progress, parsed)
    }

    /// The rows of a row group.
    fn blocks(
        &self,
        group: &RowGroupMetaData,
        columns: &Columns,
        wanted: &[bool],
        options: &ReadOptions,
    ) -> Result<Vec<Block>, ReadError> {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let read =
            |(&leaf, &wanted): (&usize, &bool)| wanted.then(|| self.chunk(group.columns().get(leaf), rows)).transpose();
        let chunks: Vec<_> = self.leaves.par_iter().zip(wanted).map(read).collect::<Result<_, _>>()?;
        let ranges: Vec<Range<usize>> =
            (0..rows).step_by(BLOCK_ROWS).map(|start| start..rows.min(start + BLOCK_ROWS)).collect();
        Ok(ranges.into_par_iter().map(|range| rows::parse(&chunks, range, columns, options)).collect())
    }

    /// A column of a row group of so many rows.
    fn chunk(&self, column: Option<&ColumnChunkMetaData>, rows: usize) -> Result<Chunk, ReadError> {
        let bad = |message: &str| ReadError::Parquet { path: self.path.clone(), message: message.to_owned() };
        let column = column.ok_or_else(|| bad("a row group lacks a column"))?;
        let places = [Some(column.data_page_offset()), column.dictionary_page_offset(), Some(column.compressed_size())];
        if places.into_iter().flatten().any(i64::is_negative) {
            return Err(bad("a column begins before the file"));
        }
        let (start, length) = column.byte_range();
        let bytes = self.bytes(start, length)?;
        Chunk::read(ColumnBytes { start, bytes }, column, rows).map_err(|error| failed(&self.path, &error))
    }

    fn bytes(&self, start: u64, length: u64) -> Result<Bytes, ReadError> {
        let cut_off =
            || ReadError::Parquet { path: self.path.clone(), message: "a column ends behind the file".to_owned() };
        let bytes = match &self.bytes {
            Place::Memory(bytes) => {
                let range = usize::try_from(start).ok().zip(usize::try_from(start.saturating_add(length)).ok());
                range
                    .filter(|&(start, end)| start <= end && end <= bytes.len())
                    .map(|(start, end)| bytes.slice(start..end))
            }
            Place::File(path) => {
                let read = || {
                    // A file of its own, for two readers of one would move each other's place in it.
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(start))?;
                    let mut bytes = Vec::new();
                    file.take(length).read_to_end(&mut bytes)?;
                    Ok(bytes)
                };
                let bytes = read().map_err(|error| ReadError::Io { path: self.path.clone(), error })?;
                Some(Bytes::from(bytes)).filter(|bytes| bytes.len() as u64 == length)
            }
        };
        bytes.ok_or_else(cut_off)
    }
}

fn failed(path: &str, error: &ParquetError) -> ReadError {
    let message = error.to_string();
    // The library says first that the error is one.
    let short = message.split_once("error: ").or(message.split_once(": ")).map_or(&*message, |(_, short)| short);
    ReadError::Parquet { path: path.to_owned(), message: short.to_owned() }
}
