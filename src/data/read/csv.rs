//! Delimited text. A block without a quote is scanned here, where only the columns that are read
//! are looked at; any other block goes to the `csv` crate. Both follow its rules: a record ends
//! with `\n`, `\r\n` or a lone `\r`, blank lines are nothing, and a quote opens only at the start of
//! a field.

use std::io::Read;

use ::csv::{ByteRecord, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter, memchr2, memrchr, memrchr2};

use super::block::{Fields, RowReader, Word};
use super::error::Fault;
use super::marks::Marks;

const QUOTE: u8 = b'"';

/// The end of the last record that is sure to be complete in `bytes`, which start with a record and
/// do not end with the file.
pub(super) fn cut(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let mut end = None;
    let mut from = 0;
    loop {
        let open = opening_quote(bytes, from, delimiter);
        let stretch = from..open.unwrap_or(bytes.len());
        end = record_end(bytes, stretch).or(end);
        let Some(close) = open.and_then(|open| closing_quote(bytes, open + 1)) else {
            return end;
        };
        from = close + 1;
    }
}

/// The first quote from `from` on, which lies outside of quotes, that opens a quoted field.
fn opening_quote(bytes: &[u8], mut from: usize, delimiter: u8) -> Option<usize> {
    while let Some(found) = memchr(QUOTE, &bytes[from..]) {
        let quote = from + found;
        let before = quote.checked_sub(1).map(|before| bytes[before]);
        if before.is_none_or(|byte| byte == delimiter || byte == b'\n' || byte == b'\r') {
            return Some(quote);
        }
        from = quote + 1;
    }
    None
}

/// The quote that closes a field, doubled ones inside passed over. A quote that is the last byte
/// may yet turn out to be doubled and closes nothing.
fn closing_quote(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let quote = from + memchr(QUOTE, bytes.get(from..)?)?;
        match bytes.get(quote + 1) {
            Some(&QUOTE) => from = quote + 2,
            Some(_) => return Some(quote),
            None => return None,
        }
    }
}

/// The place behind the last record in a stretch without quoted fields. A `\r` that is the last
/// byte is left to what follows, which may be its `\n`.
fn record_end(bytes: &[u8], stretch: std::ops::Range<usize>) -> Option<usize> {
    let last = memrchr2(b'\n', b'\r', &bytes[stretch.clone()])? + stretch.start;
    if last + 1 < bytes.len() || bytes[last] == b'\n' {
        return Some(last + 1);
    }
    let last = memrchr2(b'\n', b'\r', &bytes[stretch.start..last])? + stretch.start;
    Some(last + 1)
}

/// The first record of `bytes` and what it takes up, its line end included.
pub(super) fn header(bytes: &[u8], delimiter: u8) -> Option<(ByteRecord, usize)> {
    let mut reader = records(bytes, delimiter);
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).unwrap_or(false) {
        return None;
    }
    let end = reader.position().byte() as usize - LEAD.len();
    let half = end > 0 && bytes[end - 1] == b'\r' && bytes.get(end) == Some(&b'\n');
    Some((record, end + usize::from(half)))
}

/// How many lines end in `bytes`.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let lone = memchr_iter(b'\r', bytes).filter(|&place| bytes.get(place + 1) != Some(&b'\n')).count();
    (memchr_iter(b'\n', bytes).count() + lone) as u64
}

/// A blank line that is read before the text, so that a byte-order mark in it is kept: the one that
/// is not text is gone when the file is opened.
const LEAD: &[u8] = b"\n";

fn records(bytes: &[u8], delimiter: u8) -> Reader<impl Read> {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(1 << 16);
    builder.from_reader(LEAD.chain(bytes))
}

/// Parses a block of whole records. `width` is the number of columns.
pub(super) fn parse(bytes: &[u8], delimiter: u8, width: usize, reader: &mut impl RowReader) {
    let has_lone_cr = || memchr_iter(b'\r', bytes).any(|place| bytes.get(place + 1) != Some(&b'\n'));
    let has_other = || memchr(QUOTE, bytes).is_some() || has_lone_cr();
    let simple = memchr2(QUOTE, b'\r', bytes).is_none() || !has_other();
    if simple && u32::try_from(bytes.len()).is_ok() {
        Scanner { bytes, delimiter, width, lines: 0, start: 0 }.run(reader);
    } else {
        parse_quoted(bytes, delimiter, width, reader);
    }
}

fn parse_quoted(bytes: &[u8], delimiter: u8, width: usize, reader: &mut impl RowReader) {
    let mut records = records(bytes, delimiter);
    let mut record = ByteRecord::new();
    let mut lines = Lines { bytes, line: 0, counted: 0 };
    while records.read_byte_record(&mut record).unwrap_or(false) {
        let added = check_width(record.len(), width)
            .and_then(|()| reader.add(&Record(&record), || lines.up_to(record.position())));
        let Err(fault) = added else { continue };
        let line = if reader.shows_bad() { lines.up_to(record.position()) } else { 0 };
        if !reader.bad(line, fault) {
            return;
        }
    }
    reader.end(line_ends(bytes));
}

/// Counts lines up to places that come one after another.
struct Lines<'a> {
    bytes: &'a [u8],
    line: u64,
    counted: usize,
}

impl Lines<'_> {
    /// The line on which the record at `position` starts.
    fn up_to(&mut self, position: Option<&::csv::Position>) -> u64 {
        let start = start_of(self.bytes, position);
        self.line += line_ends(&self.bytes[self.counted..start]);
        self.counted = start;
        self.line
    }
}

/// Calls `each` with every record of `bytes`, which start with one, and with the line on which it
/// starts, counted from 0. `width` is the number of columns.
pub(super) fn each_record(
    bytes: &[u8],
    delimiter: u8,
    width: usize,
    mut each: impl FnMut(u64, &ByteRecord) -> Result<(), Fault>,
) -> Result<(), (u64, Fault)> {
    let mut records = records(bytes, delimiter);
    let mut record = ByteRecord::new();
    let mut lines = Lines { bytes, line: 0, counted: 0 };
    while records.read_byte_record(&mut record).unwrap_or(false) {
        let line = lines.up_to(record.position());
        check_width(record.len(), width).and_then(|()| each(line, &record)).map_err(|fault| (line, fault))?;
    }
    Ok(())
}

/// Where a record starts. Its position may lie before line ends that belong to nothing.
fn start_of(bytes: &[u8], position: Option<&::csv::Position>) -> usize {
    let from = position.map_or(0, |position| position.byte() as usize).saturating_sub(LEAD.len());
    let blank = bytes[from..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    from + blank
}

fn check_width(found: usize, expected: usize) -> Result<(), Fault> {
    if found == expected { Ok(()) } else { Err(Fault::FieldCount { found, expected }) }
}

struct Record<'a>(&'a ByteRecord);

impl Fields for Record<'_> {
    fn get(&self, column: usize) -> Option<&[u8]> {
        self.0.get(column)
    }
}

/// A row of a block without quotes.
struct Row<'a> {
    bytes: &'a [u8],
    start: usize,
    /// Where its fields end, one entry a field.
    ends: &'a [u32],
    /// Where the last field ends, without a `\r`.
    end: usize,
}

impl Row<'_> {
    /// Where a field lies in the bytes.
    #[inline]
    fn range(&self, column: usize) -> std::ops::Range<usize> {
        let from = if column == 0 { self.start } else { self.ends[column - 1] as usize + 1 };
        let to = if column + 1 == self.ends.len() { self.end } else { self.ends[column] as usize };
        from..to
    }
}

impl Fields for Row<'_> {
    #[inline]
    fn get(&self, column: usize) -> Option<&[u8]> {
        self.bytes.get(self.range(column))
    }

    /// Mostly there are bytes enough behind the field's start that it takes no step a byte.
    #[inline]
    fn word(&self, column: usize) -> Option<Word> {
        let range = self.range(column);
        match self.bytes.get(range.start..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => Word::first(*bytes, range.len()),
            None => Word::of(self.bytes.get(range)?),
        }
    }
}

/// Goes through a block that has no quote and no lone `\r`.
struct Scanner<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    width: usize,
    lines: u64,
    /// Where the next row starts.
    start: usize,
}

impl Scanner<'_> {
    fn run(mut self, reader: &mut impl RowReader) {
        /// So much at a time that the marks stay in the nearest cache.
        const WINDOW: usize = 1 << 14;
        let delimiter = self.delimiter;
        let (mut marks, mut at, mut window) = (Marks::default(), 0, WINDOW);
        while at < self.bytes.len() {
            let to = (at + window).min(self.bytes.len());
            marks.find(&self.bytes[at..to], at, |byte| byte == delimiter || byte == b'\n');
            if to == self.bytes.len() && memrchr(b'\n', &self.bytes[to - 1..]).is_none() {
                marks.push(to);
            }
            let Some(used) = self.rows(marks.get(), reader) else { return };
            if used == 0 {
                window *= 2;
            }
            marks.forget(used);
            at = to;
        }
        reader.end(self.lines);
    }

    /// Reads the rows that end in `marks`, and says how many marks they took, or that it is over.
    fn rows(&mut self, marks: &[u32], reader: &mut impl RowReader) -> Option<usize> {
        let mut used = 0;
        while let Some(fields) = self.fields(&marks[used..]) {
            let ends = &marks[used..used + fields];
            let last = ends[fields - 1] as usize;
            let carriage = last > self.start && self.bytes[last - 1] == b'\r';
            let row = Row { bytes: self.bytes, start: self.start, ends, end: last - usize::from(carriage) };
            let blank = fields == 1 && row.end == row.start;
            if !blank {
                let added = check_width(fields, self.width).and_then(|()| reader.add(&row, || self.lines));
                if let Err(fault) = added
                    && !reader.bad(self.lines, fault)
                {
                    return None;
                }
            }
            self.lines += 1;
            self.start = last + 1;
            used += fields;
        }
        Some(used)
    }

    /// How many fields the next row has, if its end is marked.
    #[inline]
    fn fields(&self, marks: &[u32]) -> Option<usize> {
        let is_end = |&mark: &u32| self.bytes.get(mark as usize) != Some(&self.delimiter);
        marks.iter().position(is_end).map(|last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_cut_behind_its_last_whole_record() {
        let cases: [(&[u8], Option<usize>); 12] = [
            (b"a,b\nc", Some(4)),
            (b"a,b", None),
            (b"a\r\nb\r", Some(3)),
            (b"a\rb\rc", Some(4)),
            (b"a\r", None),
            (b"\"x\ny\"\nz", Some(6)),
            (b"a\n\"x\ny", Some(2)),
            (b"a\n\"x\n\"", Some(2)),
            (b"a\n\"x\"\"\ny", Some(2)),
            (b"a\"b\nc", Some(4)),
            (b"\"a\"b\"\nc", Some(6)),
            (b"\"a\",\"\n", None),
        ];
        for (bytes, end) in cases {
            assert_eq!(cut(bytes, b','), end, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn lines_end_in_three_ways() {
        assert_eq!(line_ends(b"a\nb\r\nc\rd"), 3);
        assert_eq!(line_ends(b"\r\r\n\n"), 3);
    }

    #[test]
    fn a_header_takes_its_whole_line_end() {
        for (text, end) in [("a,b\r\nx", 5), ("\n\na,b\nx", 6), ("a,b\rx", 4), ("\"a\n\",b", 6)] {
            let (record, place) = header(text.as_bytes(), b',').unwrap();
            assert_eq!((record.len(), place), (2, end), "{text:?}");
        }
        assert!(header(b"\r\n\n", b',').is_none());
    }
}
