//! What a row of a dialect says.

use super::super::super::Outcome;
use super::super::columns::DialectEvidence;
use super::super::error::{Fault, shown};
use super::super::fields::number;
use super::super::outcome::{Verdict, verdict};
use super::{BlockReader, Fields, Found};

/// One game of a row.
enum Game {
    Played(Outcome, f64),
    NoVerdict,
}

impl BlockReader<'_> {
    pub(super) fn found_in_dialect(
        &self,
        evidence: DialectEvidence,
        fields: &impl Fields,
        sides: [&[u8]; 2],
    ) -> Result<Found, Fault> {
        Ok(match evidence {
            DialectEvidence::OneHot(columns) => Found::One(self.one_hot(fields, columns)?, 1.0),
            DialectEvidence::Preference(column) => self.preference(fields, column)?,
            DialectEvidence::Games([one, other]) => match (self.game(fields, one)?, self.game(fields, other)?) {
                (Game::Played(one, weight), Game::Played(other, other_weight)) => {
                    Found::Games([(one, weight), (other, other_weight)])
                }
                _ => Found::NoVerdict,
            },
            DialectEvidence::Agreement([one, other]) => match self.side(fields, one)?.zip(self.side(fields, other)?) {
                Some((one, other)) => Found::One(if one == other { one } else { Outcome::Tie }, 1.0),
                None => Found::NoVerdict,
            },
            DialectEvidence::Chosen { name, equal } => self.chosen(fields, name, equal, sides)?,
            DialectEvidence::Sides(column) => {
                match self.value(fields, column)?.map(<[u8]>::to_ascii_lowercase).as_deref() {
                    Some(b"left") => Found::One(Outcome::Left, 1.0),
                    Some(b"right") => Found::One(Outcome::Right, 1.0),
                    Some(b"tie") => Found::One(Outcome::Tie, 1.0),
                    _ => Found::NoVerdict,
                }
            }
        })
    }

    /// What stands in a column without white space around it, if anything does.
    fn value<'f>(&self, fields: &'f impl Fields, column: usize) -> Result<Option<&'f [u8]>, Fault> {
        if fields.nested(column).is_some() {
            return self.field(fields, column).map(Some);
        }
        let value = fields.get(column).map(<[u8]>::trim_ascii);
        Ok(value.filter(|value| ![&b""[..], b"null", b"None", b"NA", b"nan", b"NaN"].contains(value)))
    }

    fn no_verdict(&self, column: usize, value: &[u8], known: &'static str) -> Fault {
        Fault::Verdict { column: self.columns.name(column), value: shown(value), known }
    }

    fn one_hot(&self, fields: &impl Fields, columns: [usize; 3]) -> Result<Outcome, Fault> {
        let mut values: [&[u8]; 3] = [&[]; 3];
        for (value, column) in values.iter_mut().zip(columns) {
            *value = self.field(fields, column)?;
        }
        match values.map(flag) {
            [Some(true), Some(false), Some(false)] => Ok(Outcome::Left),
            [Some(false), Some(true), Some(false)] => Ok(Outcome::Right),
            [Some(false), Some(false), Some(true)] => Ok(Outcome::Tie),
            _ => Err(Fault::OneHot {
                columns: columns.map(|column| format!("`{}`", self.columns.name(column))).join(", "),
                values: values.map(|value| format!("{:?}", shown(value))).join(", "),
            }),
        }
    }

    /// From 1 for the left item to 2 for the right one; old files write a tie as 0.
    fn preference(&self, fields: &impl Fields, column: usize) -> Result<Found, Fault> {
        let Some(value) = self.value(fields, column)? else { return Ok(Found::NoVerdict) };
        let share = match number(value) {
            Some(0.0) => Some(0.5),
            Some(preference) => Some(2.0 - preference),
            None => None,
        };
        let outcome = share.and_then(Outcome::from_share);
        let known = "a number from 1 (generator_1 is better) to 2 (generator_2 is), or 0 for a tie";
        outcome.map(|outcome| Found::One(outcome, 1.0)).ok_or_else(|| self.no_verdict(column, value, known))
    }

    fn game(&self, fields: &impl Fields, column: usize) -> Result<Game, Fault> {
        let Some(word) = self.value(fields, column)? else { return Ok(Game::NoVerdict) };
        match verdict(word) {
            Some(Verdict::Plain(outcome)) => Ok(Game::Played(outcome, 1.0)),
            Some(Verdict::Strong(outcome)) => Ok(Game::Played(outcome, self.columns.strong_weight)),
            Some(Verdict::BothBad) => Ok(Game::Played(Outcome::Tie, 1.0)),
            None => Err(self.no_verdict(column, word, "A>>B, A>B, A=B, B>A or B>>A, or null where there is none")),
        }
    }

    fn side(&self, fields: &impl Fields, column: usize) -> Result<Option<Outcome>, Fault> {
        match self.value(fields, column)? {
            None | Some(b"error") => Ok(None),
            Some(b"model_1") => Ok(Some(Outcome::Left)),
            Some(b"model_2") => Ok(Some(Outcome::Right)),
            Some(b"tie") => Ok(Some(Outcome::Tie)),
            Some(word) => Err(self.no_verdict(column, word, "model_1, model_2, tie or error")),
        }
    }

    fn chosen(
        &self,
        fields: &impl Fields,
        name: usize,
        equal: Option<usize>,
        [left, right]: [&[u8]; 2],
    ) -> Result<Found, Fault> {
        if let Some(equal) = equal
            && let Some(value) = self.value(fields, equal)?
            && flag(value).ok_or_else(|| self.no_verdict(equal, value, "true or false"))?
        {
            return Ok(Found::One(Outcome::Tie, 1.0));
        }
        match self.value(fields, name)? {
            None => Ok(Found::NoVerdict),
            Some(name) if name == left.trim_ascii() => Ok(Found::One(Outcome::Left, 1.0)),
            Some(name) if name == right.trim_ascii() => Ok(Found::One(Outcome::Right, 1.0)),
            Some(other) => Err(self.no_verdict(name, other, "the name of one of the row's items")),
        }
    }
}

/// A truth value, in words or as a number.
fn flag(value: &[u8]) -> Option<bool> {
    let value = value.trim_ascii();
    if value.eq_ignore_ascii_case(b"true") {
        return Some(true);
    }
    if value.eq_ignore_ascii_case(b"false") {
        return Some(false);
    }
    match number(value) {
        Some(1.0) => Some(true),
        Some(0.0) => Some(false),
        _ => None,
    }
}
