//! An input as blocks of whole records: opened, decompressed, hashed and cut.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::error::ReadError;
use super::jsonl::Layout;
use super::{array, csv, jsonl};

/// What a Parquet file begins with.
const PARQUET: &[u8] = b"PAR1";

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Fields with this byte between them.
    Delimited(u8),
    /// JSON objects.
    Json(Layout),
    /// Columns of a Parquet file.
    Parquet,
}

/// How an input is written, compressed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// Fields with commas between them.
    Csv,
    /// Fields with tabs between them.
    Tsv,
    /// JSON objects, one a line or in one array.
    Jsonl,
    /// Columns of a Parquet file.
    Parquet,
}

impl From<Format> for InputFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Delimited(b'\t') => Self::Tsv,
            Format::Delimited(_) => Self::Csv,
            Format::Json(_) => Self::Jsonl,
            Format::Parquet => Self::Parquet,
        }
    }
}

impl Format {
    /// By the name of the file, or else by its first line.
    fn guess(path: &str, start: &[u8]) -> Self {
        let name = ["gz", "zst"].iter().find_map(|end| stripped(path, end)).unwrap_or(path);
        let is = |end| stripped(name, end).is_some();
        if start.starts_with(PARQUET) || is("parquet") {
            return Self::Parquet;
        }
        let text = start.trim_ascii_start();
        if let Some(inside) = text.strip_prefix(b"[").filter(|_| !is("csv") && !is("tsv"))
            && matches!(inside.trim_ascii_start().first(), None | Some(b'{' | b']'))
        {
            return Self::Json(Layout::Array);
        }
        if is("jsonl") || is("ndjson") || text.first() == Some(&b'{') {
            return Self::Json(Layout::Lines);
        }
        let header = text.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
        let has = |delimiter| header.contains(&delimiter);
        Self::Delimited(match (has(b'\t'), has(b','), has(b';')) {
            _ if is("tsv") => b'\t',
            (true, false, _) if !is("csv") => b'\t',
            (false, false, true) => b';',
            _ => b',',
        })
    }

    /// How many lines end in `bytes`.
    pub(super) fn line_ends(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Delimited(_) => csv::line_ends(bytes),
            Self::Json(_) => jsonl::line_ends(bytes),
            Self::Parquet => 0,
        }
    }

    /// The end of the last whole record of bytes that start with a record.
    fn cut(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Delimited(delimiter) => csv::cut(bytes, delimiter),
            Self::Json(Layout::Lines) => jsonl::cut(bytes),
            Self::Json(Layout::Array) => array::cut(bytes),
            Self::Parquet => None,
        }
    }
}

/// The name without its extension, if that is `extension` in any case.
pub(super) fn stripped<'a>(name: &'a str, extension: &str) -> Option<&'a str> {
    let (stem, end) = name.rsplit_once('.')?;
    end.eq_ignore_ascii_case(extension).then_some(stem)
}

/// Passes bytes on and hashes them.
struct Hashed<'a> {
    inner: Box<dyn Read + Send + 'a>,
    hash: Xxh3,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

enum Decoder<'a> {
    Plain(Hashed<'a>),
    Gzip(Box<MultiGzDecoder<BufReader<Hashed<'a>>>>),
    Zstd(zstd::Decoder<'static, BufReader<Hashed<'a>>>),
}

impl<'a> Decoder<'a> {
    fn new(path: &str, inner: Box<dyn Read + Send + 'a>) -> io::Result<Self> {
        let hashed = Hashed { inner, hash: Xxh3::new() };
        let buffered = |hashed| BufReader::with_capacity(1 << 17, hashed);
        Ok(if stripped(path, "gz").is_some() {
            Self::Gzip(Box::new(MultiGzDecoder::new(buffered(hashed))))
        } else if stripped(path, "zst").is_some() {
            Self::Zstd(zstd::Decoder::with_buffer(buffered(hashed))?)
        } else {
            Self::Plain(hashed)
        })
    }

    fn hashed(&mut self) -> &mut Hashed<'a> {
        match self {
            Self::Plain(hashed) => hashed,
            Self::Gzip(decoder) => decoder.get_mut().get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(hashed) => hashed.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// Whole records: a part of a buffer that is used again and never shrinks.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
}

impl Bytes {
    pub(super) fn get(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    /// Forgets the first `count` bytes.
    pub(super) fn advance(&mut self, count: usize) {
        self.from += count;
    }
}

/// One input.
pub(super) struct Source<'a> {
    pub(super) path: String,
    pub(super) format: Format,
    /// Where the bytes can be read again in any order, if they can.
    pub(super) file: Option<PathBuf>,
    decoder: Decoder<'a>,
    block_bytes: usize,
    /// What was read behind the last whole record.
    carry: Vec<u8>,
    ended: bool,
    /// Whether the end of a JSON array was seen.
    array_ended: bool,
    /// What stopped the reading, to be told when all before it is parsed.
    failure: Option<ReadError>,
    spare: Vec<Bytes>,
}

impl Source<'static> {
    /// Opens the file at `path`, or stdin for `-`.
    pub(super) fn open(path: &Path, block_bytes: usize) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        if name == "-" {
            return Source::new(name, Box::new(io::stdin()), block_bytes);
        }
        let file = File::open(path).map_err(|error| ReadError::Io { path: name.clone(), error })?;
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let mut source = Source::new(name, Box::new(file), block_bytes)?;
        source.file = (is_file && matches!(source.decoder, Decoder::Plain(_))).then(|| path.to_owned());
        Ok(source)
    }
}

impl<'a> Source<'a> {
    /// Reads from `reader`; the format goes by `path` and the first line.
    pub(super) fn new(path: String, reader: Box<dyn Read + Send + 'a>, block_bytes: usize) -> Result<Self, ReadError> {
        let decoder = Decoder::new(&path, reader).map_err(|error| ReadError::Io { path: path.clone(), error })?;
        let mut source = Self {
            path,
            format: Format::Json(Layout::Lines),
            file: None,
            decoder,
            block_bytes: block_bytes.max(1),
            carry: Vec::new(),
            ended: false,
            array_ended: false,
            failure: None,
            spare: Vec::new(),
        };
        source.start()?;
        Ok(source)
    }

    /// Reads up to the end of the first line, which says what the format is, and drops a
    /// byte-order mark.
    fn start(&mut self) -> Result<(), ReadError> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let mut start = Bytes::default();
        let ends_line = |bytes: &[u8]| bytes.trim_ascii_start().iter().any(|byte| matches!(byte, b'\n' | b'\r'));
        let is_known = |bytes: &[u8]| ends_line(bytes) || bytes.starts_with(PARQUET);
        while !self.ended && (start.to < MARK.len() || !is_known(start.get())) {
            self.fill(&mut start)?;
        }
        if start.get().starts_with(MARK) {
            start.advance(MARK.len());
        }
        self.format = Format::guess(&self.path, start.get());
        self.carry.extend_from_slice(start.get());
        Ok(())
    }

    /// Reads one block more into `bytes`, or twice as much as it holds, or up to the end.
    fn fill(&mut self, bytes: &mut Bytes) -> Result<(), ReadError> {
        let goal = self.block_bytes.max(2 * bytes.to);
        if bytes.buffer.len() < goal {
            bytes.buffer.resize(goal, 0);
        }
        while bytes.to < goal && !self.ended {
            match self.decoder.read(&mut bytes.buffer[bytes.to..goal]) {
                Ok(read) => {
                    bytes.to += read;
                    self.ended = read == 0;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    /// A decoder's error has no system error below it.
    fn failed(&self, error: io::Error) -> ReadError {
        let path = self.path.clone();
        if matches!(self.decoder, Decoder::Plain(_)) || error.raw_os_error().is_some() {
            return ReadError::Io { path, error };
        }
        ReadError::Corrupt { path, error }
    }

    /// The next block of whole records, or `None` at the end.
    pub(super) fn next_block(&mut self) -> Result<Option<Bytes>, ReadError> {
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.buffer.resize(bytes.buffer.len().max(self.carry.len()), 0);
        bytes.buffer[..self.carry.len()].copy_from_slice(&self.carry);
        (bytes.from, bytes.to) = (0, self.carry.len());
        loop {
            self.fill(&mut bytes)?;
            let cut = if self.ended { Some(bytes.to) } else { self.format.cut(bytes.get()) };
            if self.ended && self.format == Format::Json(Layout::Array) {
                self.array_ended |= array::is_end(bytes.get());
                if !self.array_ended {
                    return Err(ReadError::OpenArray { path: self.path.clone() });
                }
            }
            if let Some(cut) = cut {
                self.carry.clear();
                self.carry.extend_from_slice(&bytes.get()[cut..]);
                bytes.to = cut;
                return Ok((cut > 0).then_some(bytes));
            }
        }
    }

    /// The next blocks, none at the end or behind a failure, which [`finish`](Self::finish) tells.
    pub(super) fn wave(&mut self) -> Vec<Bytes> {
        /// Enough to keep all threads busy, and few enough to stay in the processor's cache.
        const BLOCKS: usize = 16;
        let mut blocks = Vec::with_capacity(BLOCKS);
        while blocks.len() < BLOCKS && self.failure.is_none() {
            match self.next_block() {
                Ok(Some(block)) => blocks.push(block),
                Ok(None) => break,
                Err(error) => self.failure = Some(error),
            }
        }
        blocks
    }

    /// All bytes from the start that is not yet given out to the end.
    #[cfg(feature = "parquet")]
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut bytes = std::mem::take(&mut self.carry);
        match self.decoder.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Takes buffers back.
    pub(super) fn reuse(&mut self, blocks: Vec<Bytes>) {
        self.spare.extend(blocks);
    }

    /// The hash of all bytes of the file, compressed ones as they are.
    pub(super) fn finish(mut self) -> Result<String, ReadError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let hashed = self.decoder.hashed();
        let mut rest = BufReader::with_capacity(1 << 18, &mut *hashed);
        io::copy(&mut rest, &mut io::sink()).map_err(|error| ReadError::Io { path: self.path, error })?;
        Ok(format!("{:016x}", hashed.hash.digest()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_goes_by_the_name_and_then_by_the_first_line() {
        let guess = |path, start: &str| Format::guess(path, start.as_bytes());
        let (lines, array) = (Format::Json(Layout::Lines), Format::Json(Layout::Array));
        assert_eq!(guess("x.jsonl", "a,b"), lines);
        assert_eq!(guess("x.NDJSON.gz", ""), lines);
        assert_eq!(guess("-", "\n {\"a\":1}"), lines);
        for text in ["[{\"a\":1}]", " [\n", "[ ]", "[\n  {"] {
            assert_eq!(guess("x.json", text), array, "{text}");
        }
        assert_eq!(guess("x.csv", "[a],b"), Format::Delimited(b','));
        assert_eq!(guess("x.csv", "a;b\n1,2;3"), Format::Delimited(b';'));
        assert_eq!(guess("-", "a;b,c"), Format::Delimited(b','));
        assert_eq!(guess("-", "PAR1"), Format::Parquet);
        assert_eq!(guess("x.tsv.zst", "a,b"), Format::Delimited(b'\t'));
        assert_eq!(guess("-", "a\tb\nc,d"), Format::Delimited(b'\t'));
        assert_eq!(guess("x.csv", "a\tb"), Format::Delimited(b','));
        assert_eq!(guess("x.txt", "a\tb,c"), Format::Delimited(b','));
    }
}
