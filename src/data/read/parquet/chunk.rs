//! One column of one row group: its values as text, each of those in a dictionary once.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::hybrid::Runs;
use super::values::{Meaning, Value};

/// The text of a row that has no value.
pub(super) const ABSENT: u32 = u32::MAX;

/// Room is made at once for no more rows than this: a bad file may promise any number.
const RESERVED: usize = 1 << 21;

/// A column of a row group.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    texts: Texts,
    /// For each row which of the texts it has, or [`ABSENT`].
    ids: Vec<u32>,
}

impl Chunk {
    /// The text of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<&[u8]> {
        self.texts.get(self.ids[row])
    }

    /// For each row which of the texts it has, or [`ABSENT`].
    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How many texts there are.
    pub(super) fn texts(&self) -> usize {
        self.texts.ends.len()
    }

    /// Reads a column of so many rows. O(rows + bytes).
    pub(super) fn read(bytes: ColumnBytes, column: &ColumnChunkMetaData, rows: usize) -> Result<Self> {
        let bytes = Arc::new(bytes);
        let pages = || SerializedPageReader::new(Arc::clone(&bytes), column, rows, None);
        let chunk = match Self::from_dictionary(&mut pages()?, column, rows)? {
            Some(chunk) => chunk,
            None => Self::from_values(get_column_reader(column.column_descr_ptr(), Box::new(pages()?)), column, rows)?,
        };
        if chunk.ids.len() != rows {
            let column = column.column_path();
            return Err(general(&format!("column {column} has {} of {rows} rows", chunk.ids.len())));
        }
        Ok(chunk)
    }

    /// Reads a column all of whose values stand in a dictionary. `None` if some don't.
    fn from_dictionary(pages: &mut dyn PageReader, column: &ColumnChunkMetaData, rows: usize) -> Result<Option<Self>> {
        let mut chunk = Self { ids: Vec::with_capacity(rows.min(RESERVED)), ..Self::default() };
        let levels = column.column_descr().max_def_level();
        while let Some(page) = pages.get_next_page()? {
            let in_dictionary = matches!(page.encoding(), Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
            match &page {
                Page::DictionaryPage { buf, num_values, .. } => {
                    let Some(texts) = Texts::of_dictionary(buf, *num_values as usize, column) else { return Ok(None) };
                    chunk.texts = texts;
                }
                Page::DataPage { buf, num_values, def_level_encoding, .. }
                    if in_dictionary && (levels == 0 || *def_level_encoding == Encoding::RLE) =>
                {
                    let (levels, indices) = if levels == 0 { (&[][..], &buf[..]) } else { prefixed(buf)? };
                    chunk.add_page(levels, indices, [*num_values as usize, rows], column)?;
                }
                Page::DataPageV2 { buf, num_values, def_levels_byte_len, rep_levels_byte_len, .. } if in_dictionary => {
                    let (before, length) = (*rep_levels_byte_len as usize, *def_levels_byte_len as usize);
                    let parts = buf.get(before..).and_then(|buf| buf.split_at_checked(length));
                    let (levels, indices) = parts.ok_or_else(cut_off)?;
                    chunk.add_page(levels, indices, [*num_values as usize, rows], column)?;
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(chunk))
    }

    /// Adds the rows of a page, so many of all: its definition levels and its indices into the dictionary.
    fn add_page(
        &mut self,
        levels: &[u8],
        indices: &[u8],
        [rows, all_rows]: [usize; 2],
        column: &ColumnChunkMetaData,
    ) -> Result<()> {
        let most = column.column_descr().max_def_level().unsigned_abs().into();
        let before = self.ids.len();
        if before + rows > all_rows {
            return Err(general("a page has more rows than its row group"));
        }
        let width = |most: u32| u32::BITS - most.leading_zeros();
        let levels = Runs::new(levels, width(most)).filter(|levels| most > 0 && !levels.are_all(most, rows));
        let there = levels.map(|levels| {
            let mut there = Vec::new();
            levels.read(rows, &mut there).map(|()| there)
        });
        let there = there.map(|there| there.ok_or_else(cut_off)).transpose()?;
        let count = there.as_ref().map_or(rows, |there| there.iter().filter(|&&level| level == most).count());
        if count > 0 {
            let (&width, packed) = indices.split_first().ok_or_else(cut_off)?;
            let runs = Runs::new(packed, width.into()).ok_or_else(cut_off)?;
            runs.read(count, &mut self.ids).ok_or_else(cut_off)?;
        }
        let largest = self.ids[before..].iter().copied().max();
        if largest.is_some_and(|largest| largest as usize >= self.texts()) {
            return Err(general("an index leads out of its dictionary"));
        }
        if let Some(there) = there {
            let mut indices = self.ids.split_off(before).into_iter();
            self.ids.extend(there.iter().map(
                |&level| {
                    if level == most { indices.next().unwrap_or(ABSENT) } else { ABSENT }
                },
            ));
        }
        Ok(())
    }

    /// Reads a column value by value.
    fn from_values(reader: ColumnReader, column: &ColumnChunkMetaData, rows: usize) -> Result<Self> {
        let mut chunk = Self { ids: Vec::with_capacity(rows.min(RESERVED)), ..Self::default() };
        let most = column.column_descr().max_def_level();
        let meaning = known_meaning(column)?;
        let chunk_ref = &mut chunk;
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |&truth| Value::Bool(truth))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |&number| Value::Integer(number.into()))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |&number| Value::Integer(number))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |time| Value::Integer(time.to_nanos()))
            }
            ColumnReader::FloatColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |&number| Value::Single(number))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |&number| Value::Double(number))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |bytes| Value::Bytes(bytes.as_bytes()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                chunk_ref.add_values(reader, most, meaning, rows, |bytes| Value::Bytes(bytes.as_bytes()))
            }
        }?;
        Ok(chunk)
    }

    fn add_values<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        most: i16,
        meaning: Meaning,
        rows: usize,
        value: impl Fn(&T::T) -> Value<'_>,
    ) -> Result<()> {
        const BATCH: usize = 1 << 13;
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        while self.ids.len() < rows {
            levels.clear();
            values.clear();
            let levels_wanted = (most > 0).then_some(&mut levels);
            let (read, ..) = reader.read_records(BATCH.min(rows - self.ids.len()), levels_wanted, None, &mut values)?;
            if read == 0 {
                break;
            }
            let mut values = values.iter();
            for row in 0..read {
                let there = levels.get(row).is_none_or(|&level| level == most);
                let id = match there.then(|| values.next()).flatten() {
                    Some(found) => self.texts.add(|text| meaning.write(value(found), text)),
                    None => ABSENT,
                };
                self.ids.push(id);
            }
        }
        Ok(())
    }
}

/// Texts end to end.
#[derive(Debug, Default)]
struct Texts {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    #[inline]
    fn get(&self, id: u32) -> Option<&[u8]> {
        let id = id as usize;
        let end = *self.ends.get(id)?;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        self.text.get(start..end)
    }

    /// Adds what `write` appends, and says which one it is.
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        write(&mut self.text);
        self.ends.push(self.text.len());
        self.ends.len() as u32 - 1
    }

    /// The values of a dictionary page. `None` if they are not told here.
    fn of_dictionary(bytes: &[u8], count: usize, column: &ColumnChunkMetaData) -> Option<Self> {
        let meaning = known_meaning(column).ok()?;
        let mut texts = Self::default();
        let mut rest = bytes;
        for _ in 0..count {
            let length = match column.column_descr().physical_type() {
                Type::BYTE_ARRAY => {
                    let (length, behind) = rest.split_first_chunk::<4>()?;
                    rest = behind;
                    u32::from_le_bytes(*length) as usize
                }
                Type::INT32 | Type::FLOAT => 4,
                Type::INT64 | Type::DOUBLE => 8,
                _ => return None,
            };
            let (value, behind) = rest.split_at_checked(length)?;
            rest = behind;
            let value = match column.column_descr().physical_type() {
                Type::INT32 => Value::Integer(i32::from_le_bytes(*value.first_chunk()?).into()),
                Type::INT64 => Value::Integer(i64::from_le_bytes(*value.first_chunk()?)),
                Type::FLOAT => Value::Single(f32::from_le_bytes(*value.first_chunk()?)),
                Type::DOUBLE => Value::Double(f64::from_le_bytes(*value.first_chunk()?)),
                _ => Value::Bytes(value),
            };
            texts.add(|text| meaning.write(value, text));
        }
        Some(texts)
    }
}

fn known_meaning(column: &ColumnChunkMetaData) -> Result<Meaning> {
    let descriptor = column.column_descr();
    match Meaning::of(descriptor) {
        Meaning::Unknown => {
            let kind = descriptor.logical_type_ref().map_or_else(String::new, |kind| format!(" of type {kind:?}"));
            Err(general(&format!("column {}{kind} holds no text, number, truth value or time", column.column_path())))
        }
        meaning => Ok(meaning),
    }
}

/// Bytes whose length stands before them, and what follows them.
fn prefixed(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut_off)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut_off)
}

fn general(message: &str) -> ParquetError {
    ParquetError::General(message.to_owned())
}

fn cut_off() -> ParquetError {
    general("a page ends before its last value")
}

/// The bytes of one column of one row group, at their place in the file.
#[derive(Debug)]
pub(super) struct ColumnBytes {
    pub(super) start: u64,
    pub(super) bytes: Bytes,
}

impl ColumnBytes {
    fn from(&self, start: u64) -> Result<Bytes> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.filter(|&at| at <= self.bytes.len()).map(|at| self.bytes.slice(at..)).ok_or_else(cut_off)
    }
}

impl Length for ColumnBytes {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for ColumnBytes {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.from(start)?;
        if length > bytes.len() { Err(cut_off()) } else { Ok(bytes.slice(..length)) }
    }
}
