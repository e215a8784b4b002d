//! Paths into nested columns.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where a value stands inside of objects and arrays: `conv_metadata.turns`, `games[0].score`.
///
/// Keys are separated by points, and elements of arrays are counted from 0. Where a path is looked for in a
/// file, a key may have points of its own, as in `category_tag.math_v0.1.math`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnPath {
    key: String,
    steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the value of a key of an object.
    Key(String),
    /// To an element of an array, counted from 0.
    Element(usize),
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path:?} is no path to a column: {reason}; write it like conv_metadata.turns or games[0].score")]
pub struct PathError {
    path: String,
    reason: &'static str,
}

impl ColumnPath {
    /// The value at these steps inside of that of a key.
    pub(super) fn new(key: String, steps: Vec<Step>) -> Self {
        Self { key, steps }
    }

    /// The column in which the value stands.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The steps from the column's value to the one meant; none if it is the column's own.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl FromStr for ColumnPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let error = |reason| PathError { path: text.to_owned(), reason };
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, elements) = part.split_at(part.find('[').unwrap_or(part.len()));
            if key.is_empty() {
                return Err(error("a key is empty"));
            }
            steps.push(Step::Key(key.to_owned()));
            let mut rest = elements;
            while !rest.is_empty() {
                let element = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let (number, behind) = element.ok_or_else(|| error("a bracket is not closed"))?;
                let number =
                    number.parse().map_err(|_| error("what is in brackets is not the number of an element"))?;
                steps.push(Step::Element(number));
                rest = behind;
            }
        }
        match steps.remove(0) {
            Step::Key(key) => Ok(Self { key, steps }),
            Step::Element(_) => Err(error("a key is empty")),
        }
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key)?;
        self.steps.iter().try_for_each(|step| step.fmt(formatter))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(formatter, ".{key}"),
            Self::Element(element) => write!(formatter, "[{element}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_keys_and_elements() {
        let path: ColumnPath = "games[1].score".parse().unwrap();
        assert_eq!(path.key(), "games");
        assert_eq!(path.steps(), [Step::Element(1), Step::Key("score".to_owned())]);
        for text in ["winner", "a.b.c", "a[0][12].b", "bold_count_a.**"] {
            assert_eq!(text.parse::<ColumnPath>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_told_apart() {
        let reason = |text: &str| text.parse::<ColumnPath>().unwrap_err().to_string();
        assert_eq!(
            reason("a..b"),
            "\"a..b\" is no path to a column: a key is empty; write it like conv_metadata.turns or games[0].score"
        );
        for (text, part) in [
            ("", "empty"),
            (".a", "empty"),
            ("a.", "empty"),
            ("[0].a", "empty"),
            ("a[0", "not closed"),
            ("a[0]b", "not closed"),
            ("a[x]", "not the number"),
            ("a[-1]", "not the number"),
        ] {
            assert!(reason(text).contains(part), "{text}");
        }
    }
}
