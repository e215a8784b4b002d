//! Which rows of a log count: conditions on columns, periods, duplicates and caps, and boards of their own.
//!
//! A condition is written like `language = "German" and (turns >= 3 or is_code)`:
//! - a column, by its name or the dotted path to it; in backquotes where it has other characters than letters,
//!   digits, `_`, `-`, `.` and `[0]`. A column alone is a test for `true` (`true` in any case of letters, or 1);
//! - `=`, `!=`, `in (…)`, `not in (…)` with texts in quotes, numbers, `true`, `false` and `missing`. A text is the
//!   same byte by byte, a number by value: `turns = 2` holds for `2.0`, `turns = "2"` does not;
//! - `<`, `<=`, `>`, `>=` with a number, by value, or with a text, by its bytes, as ISO dates are ordered;
//! - `not`, `and`, `or`, in this order of strength, and parentheses.
//!
//! An empty field, a null and a key that is not there are `missing`. A comparison with what is missing does not
//! hold. `!=` and `not in` are the opposites of `=` and `in`, so they do hold there. An order of numbers does not
//! hold for what is no number either.

mod parse;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

/// A condition on the columns of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}\n  {}\n  {}^", .text.replace(char::is_control, " "), " ".repeat(*.column))]
pub struct ExpressionError {
    reason: String,
    text: String,
    /// The place of the fault, in columns of a terminal from 0.
    column: usize,
}

/// A condition or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Of every row, or of none.
    Always(bool),
    Test(Test),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// What is asked of one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) column: String,
    pub(crate) question: Question,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Question {
    /// Whether it is one of these.
    IsOneOf(Vec<Value>),
    /// Whether it is on that side of the number.
    Number(Order, f64),
    /// Whether it is on that side of the text.
    Text(Order, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a column may be compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
    Missing,
}

impl Order {
    /// Whether it is the order of the first to the second of two, given what they compare as.
    pub(crate) fn holds(self, found: Option<std::cmp::Ordering>) -> bool {
        match self {
            Self::Less => found.is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => found.is_some_and(std::cmp::Ordering::is_le),
            Self::Greater => found.is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => found.is_some_and(std::cmp::Ordering::is_ge),
        }
    }
}

impl Expression {
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// The columns it asks about, in the order in which it names them.
    pub fn columns(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.root.each_test(&mut |test| found.push(test.column.as_str()));
        found
    }
}

impl Node {
    fn each_test<'a>(&'a self, each: &mut impl FnMut(&'a Test)) {
        match self {
            Self::Always(_) => {}
            Self::Test(test) => each(test),
            Self::Not(inner) => inner.each_test(each),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_test(each)),
        }
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self { text: text.to_owned(), root: parse::parse(text)? })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for Expression {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Which rows of a log count. The default are all.
///
/// They are asked in this order, and a row that one of them leaves out is not looked at by those behind it:
/// conditions, the period, duplicates, caps. Conditions and the period come before anything else is read of a row,
/// so that a row they leave out may be bad.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filters {
    /// All of them must hold.
    pub conditions: Vec<Expression>,
    /// The time from which on rows count, in seconds since 1970 or in the numbers of the column.
    pub since: Option<f64>,
    /// The time before which rows count.
    pub until: Option<f64>,
    /// Of the rows that are alike in all of these columns the first counts, in the order of the files. Rows that
    /// have none of them are not alike.
    pub dedupe: Vec<String>,
    /// At most so many rows count that have the same value in a column.
    pub max_per: Vec<MaxPer>,
}

/// A cap on the rows of one judge, or of any other value of a column: the first ones count, in the order of the
/// files. Rows without a value are not capped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaxPer {
    /// The column: its name, or a role (`judge`, `task`, `group`) if there is no column of that name.
    pub column: String,
    /// How many rows count.
    pub rows: u64,
}

/// A board of the rows for which a condition holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoardRows {
    /// What it is called.
    pub name: String,
    /// Its condition.
    #[serde(rename = "where")]
    pub condition: Expression,
}

impl Filters {
    /// Whether all rows count.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether there are filters that depend on the rows before.
    pub(crate) fn depend_on_order(&self) -> bool {
        !self.dedupe.is_empty() || !self.max_per.is_empty()
    }

    /// What the filters are called, in the order in which they are asked: their option and its value.
    pub(crate) fn names(&self) -> Vec<[String; 2]> {
        let conditions = self.conditions.iter().map(|condition| ["where".to_owned(), condition.to_string()]);
        let period = [("since", self.since), ("until", self.until)];
        let period = period.into_iter().filter_map(|(name, time)| Some([name.to_owned(), shown_time(time?)]));
        let dedupe = (!self.dedupe.is_empty()).then(|| ["dedupe".to_owned(), self.dedupe.join(",")]);
        let caps = self.max_per.iter().map(|cap| ["max-per".to_owned(), format!("{}:{}", cap.column, cap.rows)]);
        conditions.chain(period).chain(dedupe).chain(caps).collect()
    }
}

/// A time as it may be given: a date where it is one that people write.
fn shown_time(time: f64) -> String {
    /// Smaller numbers count something else: steps, rounds, years.
    const DATES_FROM: f64 = 1e8;
    let timestamp = jiff::Timestamp::from_second(time as i64).ok();
    match timestamp.filter(|_| time.fract() == 0.0 && (DATES_FROM..1e11).contains(&time)) {
        Some(timestamp) => timestamp.to_string(),
        None => time.to_string(),
    }
}

/// The time in a text: a number as it is, or a date or a date and time, in UTC unless it says otherwise, as seconds
/// since 1970.
pub fn parse_time(text: &str) -> Option<f64> {
    super::read::time(text.as_bytes())
}
