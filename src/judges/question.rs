//! Questions to a judge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::entrants::Entrant;

/// What a question is known by: a hash of the judge, both records in the order in which they are shown,
/// and the number of the repeat. As text it has 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(u128);

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a key of 32 hexadecimal digits")]
pub struct KeyError(String);

/// What the key of a question is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyedBy {
    /// The records alone: who judges texts says the same of the same texts in any group.
    Records,
    /// The names of the group and the items too.
    Names,
}

/// One call: two items of a group, one of them shown first.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What it is known by.
    pub key: Key,
    /// The group's name.
    pub group: &'a str,
    /// The sequential round of its tournament, from 1.
    pub round: u32,
    /// Which repeat it is, from 0.
    pub repeat: u32,
    /// The item that is shown first.
    pub left: &'a Entrant,
    /// The item that is shown second.
    pub right: &'a Entrant,
}

impl Question<'_> {
    /// The line that a judge reads, with the newline. The number of the repeat is there from the second
    /// on.
    pub fn to_line(&self) -> String {
        let repeat = if self.repeat > 0 { format!(",\"repeat\":{}", self.repeat) } else { String::new() };
        format!(
            "{{\"id\":\"{}\",\"group\":{},\"round\":{}{repeat},\"left\":{},\"right\":{}}}\n",
            self.key,
            serde_json::Value::from(self.group),
            self.round,
            self.left.json,
            self.right.json
        )
    }

    /// The question in words, for messages.
    pub fn in_words(&self) -> String {
        format!("{:?} against {:?} in group {:?}", self.left.name, self.right.name, self.group)
    }
}

impl Key {
    /// The key of a call: `judge` says who is asked, the digests what is shown first and second.
    pub(super) fn new(judge: &str, digests: [u128; 2], repeat: u32) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&(judge.len() as u64).to_le_bytes());
        hash.update(judge.as_bytes());
        for digest in digests {
            hash.update(&digest.to_le_bytes());
        }
        hash.update(&repeat.to_le_bytes());
        Self(hash.digest128())
    }

    /// The lower half of the hash: a number for draws.
    pub(super) fn number(self) -> u64 {
        self.0 as u64
    }
}

/// The hash of texts, each with its length.
pub(super) fn digest(texts: &[&str]) -> u128 {
    let mut hash = Xxh3::new();
    for text in texts {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.digest128()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let key = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        key.map(Self).ok_or_else(|| KeyError(text.to_owned()))
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_judge_order_text_and_repeat() {
        let (a, b) = (digest(&["a"]), digest(&["b"]));
        let key = Key::new("judge", [a, b], 0);
        for other in [
            Key::new("judge", [b, a], 0),
            Key::new("judge2", [a, b], 0),
            Key::new("judge", [a, digest(&["c"])], 0),
            Key::new("judge", [a, b], 1),
        ] {
            assert_ne!(key, other);
        }
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert!("xyz".parse::<Key>().is_err());
    }

    #[test]
    fn a_line_is_one_json_object() {
        let entrant =
            |name: &str| Entrant { name: name.to_owned(), json: format!("{{\"item\":\"{name}\"}}").into(), twin: 0 };
        let (left, right) = (entrant("a"), entrant("b"));
        let key = Key::new("", [0, 1], 0);
        let question = Question { key, group: "say \"g\"\n", round: 2, repeat: 0, left: &left, right: &right };
        let line = question.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["group"], "say \"g\"\n");
        assert_eq!(value["right"]["item"], "b");
        assert!(value.get("repeat").is_none());
    }
}
