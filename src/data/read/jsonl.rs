//! JSON lines. A flat object without escapes is read here, in one pass; any other line goes to
//! `serde_json`, which also has the last word on what is wrong with a line. Both give numbers as
//! they are written.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::array;
use super::block::{Fields, RowReader};
use super::columns::Header;
use super::error::Fault;
use super::path::{ColumnPath, Step};

/// How objects stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One a line.
    Lines,
    /// In one array.
    Array,
}

/// The end of the last whole line. Strings in JSON hold no line end, so there is no other care to take.
pub(super) fn cut(bytes: &[u8]) -> Option<usize> {
    memrchr(b'\n', bytes).map(|last| last + 1)
}

/// How many lines end in `bytes`.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

/// The text of each object with its line, counted from 0, or what is wrong with its place.
fn texts(bytes: &[u8], layout: Layout) -> impl Iterator<Item = (u64, Result<&[u8], Fault>)> {
    let (in_lines, in_array) = match layout {
        Layout::Lines => (Some(lines(bytes)), None),
        Layout::Array => (None, Some(array::elements(bytes))),
    };
    let in_lines = (0..).zip(in_lines.into_iter().flatten()).filter(|(_, line)| !line.trim_ascii().is_empty());
    let in_array = in_array
        .into_iter()
        .flatten()
        .map(|element| (element.line, if element.in_place { Ok(element.text) } else { Err(Fault::ElementPlace) }));
    in_lines.map(|(number, line)| (number, Ok(line))).chain(in_array)
}

/// The keys of the first object in `bytes`, or what is wrong with the first that is none (with all that are
/// none, if `skip` is set) and its line, counted from 0.
pub(super) fn keys(bytes: &[u8], layout: Layout, skip: bool) -> Option<Result<Header, (u64, Fault)>> {
    let mut first = None;
    for (number, text) in texts(bytes, layout) {
        match text.and_then(|text| object(text, layout)) {
            Ok(object) => {
                let mut header = Header { open: true, ..Header::default() };
                for (key, value) in &object.0 {
                    nested_paths(key, &mut Vec::new(), value, &mut header);
                }
                header.names = object.0.into_iter().map(|(key, _)| key).collect();
                return Some(Ok(header));
            }
            Err(fault) => first = first.or(Some((number, fault))),
        }
        if !skip {
            break;
        }
    }
    first.map(Err)
}

/// Appends the single values and the objects inside of an object or an array, up to a number that no one reads.
fn nested_paths(key: &str, steps: &mut Vec<Step>, value: &RawValue, header: &mut Header) {
    const MOST: usize = 1000;
    let object: Option<Object<'_>> =
        value.get().starts_with('{').then(|| serde_json::from_str(value.get()).ok()).flatten();
    let array: Option<Vec<&RawValue>> =
        value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok()).flatten();
    let keyed = object.into_iter().flat_map(|object| object.0).map(|(key, inner)| (Step::Key(key), inner));
    let placed = array.into_iter().flatten().enumerate().map(|(place, inner)| (Step::Element(place), inner));
    for (step, inner) in keyed.chain(placed) {
        steps.push(step);
        let is_single = !inner.get().starts_with(['{', '[']);
        let paths = if is_single { &mut header.nested } else { &mut header.objects };
        if paths.len() < MOST && !inner.get().starts_with('[') {
            let path = ColumnPath::new(key.to_owned(), steps.clone());
            paths.push((path.to_string(), path));
        }
        if !is_single {
            nested_paths(key, steps, inner, header);
        }
        steps.pop();
    }
}

/// Calls `each` with the keys and values of every object of `bytes` and with its line, counted from 0.
pub(super) fn each_object(
    bytes: &[u8],
    layout: Layout,
    mut each: impl FnMut(u64, &[(String, &RawValue)]) -> Result<(), Fault>,
) -> Result<(), (u64, Fault)> {
    for (line, text) in texts(bytes, layout) {
        let object = text.and_then(|text| object(text, layout));
        object.and_then(|object| each(line, &object.0)).map_err(|fault| (line, fault))?;
    }
    Ok(())
}

/// The keys and values of an object in their order.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn object(text: &[u8], layout: Layout) -> Result<Object<'_>, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::LineEncoding)?;
    serde_json::from_str(text).map_err(|error| match layout {
        Layout::Lines => Fault::Json { message: message(&error) },
        Layout::Array => Fault::Element { message: message(&error) },
    })
}

/// The value so many steps inside of another, if there is one.
fn inside<'v>(value: &'v RawValue, steps: &[Step]) -> Option<&'v RawValue> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    let inner = match step {
        Step::Key(key) => {
            let object: Object<'_> = serde_json::from_str(value.get()).ok()?;
            object.0.into_iter().rev().find(|(name, _)| name == key)?.1
        }
        Step::Element(place) => {
            let array: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            *array.get(*place)?
        }
    };
    inside(inner, rest)
}

/// A value as a CSV file would hold it: a string without its quotes and escapes, null as nothing, a
/// number as it is written.
pub(super) fn text_of(value: &RawValue) -> Cow<'_, str> {
    match value.get() {
        "null" => Cow::Borrowed(""),
        text if text.starts_with('"') => Cow::Owned(serde_json::from_str(text).unwrap_or_default()),
        text => Cow::Borrowed(text),
    }
}

/// What the parser says, without the place in the line: the line is named anyway.
fn message(error: &serde_json::Error) -> String {
    let full = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match full.strip_suffix(&place) {
        Some(short) => format!("{short} at column {}", error.column()),
        None => full,
    }
}

/// A value of the line being read: a range of its text.
#[derive(Debug, Clone, Default)]
enum Value {
    #[default]
    Absent,
    Text(Range<usize>),
    Nested(Range<usize>),
}

struct Line<'a> {
    text: &'a [u8],
    values: &'a [Value],
}

impl Fields for Line<'_> {
    #[inline]
    fn get(&self, column: usize) -> Option<&[u8]> {
        match &self.values[column] {
            Value::Text(range) => self.text.get(range.clone()),
            Value::Absent | Value::Nested(_) => None,
        }
    }

    fn nested(&self, column: usize) -> Option<&[u8]> {
        match &self.values[column] {
            Value::Nested(range) => self.text.get(range.clone()),
            Value::Absent | Value::Text(_) => None,
        }
    }
}

/// The keys that are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) names: &'a [String],
    /// Whether each of the names is looked at.
    pub(super) wanted: &'a [bool],
    /// The columns that are no keys but stand inside of the value of one.
    pub(super) paths: &'a [(usize, ColumnPath)],
}

/// Parses a block of whole objects.
pub(super) fn parse(bytes: &[u8], layout: Layout, keys: Keys<'_>, reader: &mut impl RowReader) {
    let mut parser = Parser::new(keys, layout);
    let valid = std::str::from_utf8(bytes).is_ok();
    for (number, text) in texts(bytes, layout) {
        let row = text.and_then(|text| parser.line(text, valid || std::str::from_utf8(text).is_ok()));
        if let Err(fault) = row.and_then(|row| reader.add(&row, || number))
            && !reader.bad(number, fault)
        {
            return;
        }
    }
    reader.end(line_ends(bytes));
}

struct Parser<'a> {
    names: &'a [String],
    wanted: &'a [bool],
    paths: &'a [(usize, ColumnPath)],
    layout: Layout,
    /// The names as they stand in a line, with quotes and colon; empty if they need escapes.
    quoted: Vec<Vec<u8>>,
    values: Vec<Value>,
    /// The unescaped values of a line that is not plain.
    text: Vec<u8>,
}

impl<'a> Parser<'a> {
    fn new(keys: Keys<'a>, layout: Layout) -> Self {
        let Keys { names, wanted, paths } = keys;
        let plain = |name: &String| string_end(name.as_bytes(), 0) == name.len();
        let quote = |name| if plain(name) { format!("\"{name}\":").into_bytes() } else { Vec::new() };
        let quoted = names.iter().map(quote).collect();
        Self { names, wanted, paths, layout, quoted, values: vec![Value::Absent; names.len()], text: Vec::new() }
    }

    fn line<'l>(&'l mut self, line: &'l [u8], valid: bool) -> Result<Line<'l>, Fault> {
        self.values.fill(Value::Absent);
        if valid && self.plain(line).is_some() {
            return Ok(Line { text: line, values: &self.values });
        }
        self.values.fill(Value::Absent);
        self.text.clear();
        for (key, value) in object(line, self.layout)?.0 {
            for (column, path) in self.paths.iter().filter(|(column, path)| self.wanted[*column] && path.key() == key) {
                let found = inside(value, path.steps());
                self.values[*column] = found.map_or(Value::Absent, |value| self.unescaped(value.get()));
            }
            let column = self.names.iter().position(|name| *name == key);
            if let Some(column) = column.filter(|&column| self.wanted[column]) {
                self.values[column] = self.unescaped(value.get());
            }
        }
        Ok(Line { text: &self.text, values: &self.values })
    }

    /// Takes over a value that `serde_json` found to be valid.
    fn unescaped(&mut self, value: &str) -> Value {
        let start = self.text.len();
        match value.as_bytes() {
            b"null" => return Value::Absent,
            [b'"', ..] => {
                let text: String = serde_json::from_str(value).unwrap_or_default();
                self.text.extend_from_slice(text.as_bytes());
            }
            other => self.text.extend_from_slice(other),
        }
        let range = start..self.text.len();
        if value.starts_with(['{', '[']) { Value::Nested(range) } else { Value::Text(range) }
    }

    /// Reads an object whose values are numbers, words and strings without escapes. `None` says
    /// nothing but that the line is not of that kind.
    fn plain(&mut self, line: &[u8]) -> Option<()> {
        let mut at = expect(line, blank(line, 0), b'{')?;
        let mut next = 0;
        loop {
            at = blank(line, at);
            let (column, value) = self.key(line, at, next)?;
            let start = blank(line, value);
            let (range, end) = value_range(line, start)?;
            if let Some(column) = column {
                next = column + 1;
                if self.wanted[column] {
                    let null = line[start] == b'n';
                    self.values[column] = if null { Value::Absent } else { Value::Text(range) };
                }
            }
            at = blank(line, end);
            match line.get(at)? {
                b',' => at += 1,
                b'}' => return (blank(line, at + 1) == line.len()).then_some(()),
                _ => return None,
            }
        }
    }

    /// The column of the key at `at` and the place behind its colon. Keys mostly come in the order
    /// of the first object, so column `next` is tried first.
    fn key(&self, line: &[u8], at: usize, next: usize) -> Option<(Option<usize>, usize)> {
        let quoted = self.quoted.get(next).map_or(&[][..], Vec::as_slice);
        if !quoted.is_empty() && line[at..].starts_with(quoted) {
            return Some((Some(next), at + quoted.len()));
        }
        let (range, end) = string(line, expect(line, at, b'"')?)?;
        let value = expect(line, blank(line, end), b':')?;
        Some((self.names.iter().position(|name| name.as_bytes() == &line[range.clone()]), value))
    }
}

/// The next place from `at` on that is no white space.
#[inline]
fn blank(line: &[u8], mut at: usize) -> usize {
    while matches!(line.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

#[inline]
fn expect(line: &[u8], at: usize, byte: u8) -> Option<usize> {
    (line.get(at) == Some(&byte)).then_some(at + 1)
}

/// The text of the value at `start`, and the place behind it.
#[inline]
fn value_range(line: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
    if line.get(start)? == &b'"' {
        return string(line, start + 1);
    }
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
    let end = start + line[start..].iter().position(ends)?;
    let token = &line[start..end];
    (matches!(token, b"true" | b"false" | b"null") || is_number(token)).then_some((start..end, end))
}

/// The text of the string whose opening quote lies before `start`, and the place behind its closing one.
#[inline]
fn string(line: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
    let end = string_end(line, start);
    Some((start..end, expect(line, end, b'"')?))
}

/// The place of the first quote, backslash or control byte from `start` on, eight bytes at a time.
#[inline]
fn string_end(line: &[u8], start: usize) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest bit set is right; higher ones may be borrowed.
    let below = |word: u64, bound: u8| word.wrapping_sub(LOW * u64::from(bound)) & !word & HIGH;
    let (words, rest) = line[start..].as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (LOW * u64::from(b'"')), 1);
        let found = quote | below(word ^ (LOW * u64::from(b'\\')), 1) | below(word, b' ');
        if found != 0 {
            return start + 8 * index + found.trailing_zeros() as usize / 8;
        }
    }
    let special = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
    line.len() - rest.len() + rest.iter().position(special).unwrap_or(rest.len())
}

/// Whether the token is a number as JSON writes them.
fn is_number(token: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let token = token.strip_prefix(b"-").unwrap_or(token);
    let whole = digits(token);
    if whole == 0 || (whole > 1 && token[0] == b'0') {
        return false;
    }
    let mut rest = &token[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let places = digits(fraction);
        if places == 0 {
            return false;
        }
        rest = &fraction[places..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line gives for the columns a, b and c, by the plain path where it can.
    fn values(line: &str) -> Result<Vec<Option<String>>, Fault> {
        let names = ["a", "b", "c"].map(str::to_owned);
        let keys = Keys { names: &names, wanted: &[true, true, false], paths: &[] };
        let mut parser = Parser::new(keys, Layout::Lines);
        let line = parser.line(line.as_bytes(), true)?;
        Ok((0..3).map(|column| line.get(column).map(|text| String::from_utf8_lossy(text).into_owned())).collect())
    }

    #[test]
    fn plain_and_other_lines_are_read_alike() {
        let expected = |a: &str, b: &str| Ok(vec![Some(a.to_owned()), Some(b.to_owned()), None]);
        for line in [
            r#"{"a":"x","b":1.50,"c":true}"#,
            r#" { "b" : 1.50 , "other":null, "a" : "x" } "#,
            r#"{"\u0061":"x","b":1.50}"#,
            r#"{"a":"\u0078","b":1.50,"c":[1,{"a":2}]}"#,
            r#"{"a":"z","b":2,"a":"x","b":1.50}"#,
        ] {
            assert_eq!(values(line), expected("x", "1.50"), "{line}");
        }
        assert_eq!(values(r#"{"a":"say \"x\"","b":"é"}"#), expected("say \"x\"", "é"));
        assert_eq!(values(r#"{"a":null}"#), Ok(vec![None, None, None]));
        assert_eq!(values("{}"), Ok(vec![None, None, None]));
    }

    #[test]
    fn what_is_not_json_is_not_read() {
        for line in
            [r#"{"a":01}"#, r#"{"a":1.}"#, r#"{"a":"x}"#, r#"{"a" "x"}"#, "{\"a\":\"\t\"}", "[]", "1", r#"{"a":1}x"#]
        {
            assert!(values(line).is_err(), "{line}");
        }
    }

    #[test]
    fn numbers_are_what_the_parser_takes_for_numbers() {
        for token in
            ["0", "-0", "10", "1.5", "1e5", "1E-5", "-0.0e+00", "01", "1.", ".5", "+1", "1e", "-", "1e+", "0x1", ""]
        {
            let known = serde_json::from_str::<f64>(token).is_ok();
            assert_eq!(is_number(token.as_bytes()), known, "{token}");
        }
    }

    #[test]
    fn the_end_of_a_string_is_found_at_every_place() {
        for length in 0..40 {
            for end in ["\"", "\\", "\n", "\0", ""] {
                let text = "é".repeat(length / 2) + &"x".repeat(length % 2) + end + "\"tail of it";
                let expected = text.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ');
                assert_eq!(string_end(text.as_bytes(), 0), expected.unwrap(), "{text:?}");
            }
        }
    }
}
