//! An array of JSON objects at the top of a file: where its elements begin and end.

use memchr::{memchr_iter, memchr2};

/// An element of the array.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) text: &'a [u8],
    /// The line on which it starts, counted from 0.
    pub(super) line: u64,
    /// Whether it stands where an element may: behind the opening bracket or one comma.
    pub(super) in_place: bool,
}

/// The elements of a part of an array that starts with the array or behind an element, and with
/// `in_place` false what stands where neither an element nor the end of the array may.
pub(super) fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let (mut at, mut line, mut counted) = (0, 0, 0);
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|&byte| !is_between(byte))?;
        let gap: Vec<u8> = bytes[at..start].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let in_place = gap == b"," || (at == 0 && gap == b"[");
        let end = end_of(bytes, start).unwrap_or(bytes.len());
        line += memchr_iter(b'\n', &bytes[counted..start]).count() as u64;
        (at, counted) = (end, start);
        Some(Element { text: &bytes[start..end], line, in_place })
    })
}

/// The end of the last element that is whole.
pub(super) fn cut(bytes: &[u8]) -> Option<usize> {
    let mut end = None;
    while let Some(start) = bytes[end.unwrap_or(0)..].iter().position(|&byte| !is_between(byte)) {
        let Some(next) = end_of(bytes, end.unwrap_or(0) + start) else { break };
        end = Some(next);
    }
    end
}

/// Whether these bytes, behind the last whole element or the opening bracket, end the array.
pub(super) fn is_end(bytes: &[u8]) -> bool {
    bytes.trim_ascii_end().last() == Some(&b']')
}

/// What may stand between two elements.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']')
}

/// The place behind the value that starts at `start`, if it ends.
fn end_of(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => return string_end(bytes, start + 1),
        b'{' => {}
        _ => {
            let ends = |byte: &u8| is_between(*byte) || *byte == b'}';
            return bytes[start + 1..].iter().position(ends).map(|length| start + 1 + length);
        }
    }
    let (mut depth, mut at) = (0_usize, start);
    loop {
        match *bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at + 1)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The place behind the quote that ends a string.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, u64, bool)> {
        let text_of = |element: &Element<'_>| str::from_utf8(element.text).unwrap().len();
        let mut rest = text;
        elements(text.as_bytes())
            .map(|element| {
                let at = rest.find(str::from_utf8(element.text).unwrap()).unwrap();
                let found = &rest[at..at + text_of(&element)];
                rest = &rest[at + found.len()..];
                (found, element.line, element.in_place)
            })
            .collect()
    }

    #[test]
    fn elements_are_found_with_their_lines_wherever_they_begin() {
        let text = "[\n {\"a\": \"}]\\\"{\"},\n\n {\"b\":\n [1,{}]} , {} ]\n";
        let expected = [("{\"a\": \"}]\\\"{\"}", 1, true), ("{\"b\":\n [1,{}]}", 3, true), ("{}", 4, true)];
        assert_eq!(found(text), expected);
        assert_eq!(found("[]"), []);
        assert_eq!(found(", {\"a\":1}]"), [("{\"a\":1}", 0, true)]);
    }

    #[test]
    fn what_stands_between_elements_is_looked_at() {
        assert_eq!(found("[{} {}]"), [("{}", 0, true), ("{}", 0, false)]);
        assert_eq!(found("[{},,{}]"), [("{}", 0, true), ("{}", 0, false)]);
        assert_eq!(found("[[{}]]"), [("{}", 0, false)]);
        assert_eq!(found("[1,\"x\"]"), [("1", 0, true), ("\"x\"", 0, true)]);
    }

    #[test]
    fn a_part_is_cut_behind_its_last_whole_element() {
        let text = "[{\"a\":1},{\"b\":\"]\"}, {\"c";
        assert_eq!(cut(text.as_bytes()), Some(text.find(", {").unwrap()));
        assert_eq!(cut(b"[{\"a\":"), None);
        assert!(is_end(b" ]\n") && !is_end(b"") && !is_end(b"},"));
    }
}
