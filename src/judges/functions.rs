//! Judges that answer at once: a log that is looked up, and a simulated one.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::{Answer, Answered, Judgment};
use super::entrants::{EntrantError, Entrants, numbers};
use super::question::{KeyedBy, Question, digest};
use super::{Judge, JudgeError};
use crate::data::records::Records;
use crate::data::{ItemId, Log};
use crate::tournaments::{JudgeModel, JudgeModelError, Quality};

/// Questions that are answered between two looks at the clock.
const BATCH: usize = 4096;

/// A log of comparisons as a judge: each comparison is looked up by the names of its items, and of its
/// group where the log has groups. Rows of a pair in the order asked for are averaged by weight; if there
/// are none, those in the other order, exchanged.
#[derive(Debug)]
pub struct LogJudge {
    identity: String,
    has_groups: bool,
    pairs: HashMap<u128, Mean>,
    ready: Vec<Answered>,
}

/// What the rows of an ordered pair say together.
#[derive(Debug, Default)]
struct Mean {
    weight: f64,
    share: f64,
    /// Sums of scores, while every row has them.
    scores: Option<[f64; 2]>,
}

impl LogJudge {
    /// The judge of a log, whose groups are those of the column `group` if it was read.
    pub fn new(log: &Log, group: Option<&str>) -> Self {
        let labels = group.and_then(|column| log.labels(column));
        let mut pairs: HashMap<u128, Mean> = HashMap::new();
        for (index, row) in log.rows().enumerate() {
            let names = [row.left, row.right].map(|item| log.items().name(item));
            let group = labels.map(|labels| labels.names.name(ItemId(labels.ids[index])));
            let mean = pairs.entry(pair(group, names)).or_default();
            let weight = row.count * row.weight;
            let before = if mean.weight > 0.0 { mean.scores } else { Some([0.0; 2]) };
            mean.scores =
                before.zip(log.scores(index)).map(|(sum, scores)| [0, 1].map(|i| sum[i] + weight * scores[i]));
            mean.share += weight * row.outcome.share();
            mean.weight += weight;
        }
        let identity = "log".to_owned();
        Self { identity, has_groups: labels.is_some(), pairs, ready: Vec::new() }
    }

    /// The same judge, known in journals as `identity`.
    #[must_use]
    pub fn identified(self, identity: &str) -> Self {
        Self { identity: identity.to_owned(), ..self }
    }

    fn answer(&self, question: &Question<'_>) -> Result<Answer, String> {
        let group = self.has_groups.then_some(question.group);
        let names = [question.left, question.right].map(|entrant| entrant.name.as_str());
        let found = |names: [&str; 2]| self.pairs.get(&pair(group, names)).filter(|mean| mean.weight > 0.0);
        if let Some(mean) = found(names) {
            return Ok(Answer::new(mean.judgment()));
        }
        let other = found([names[1], names[0]]).ok_or("the log has no row of this pair")?;
        Ok(Answer { mirrored: true, ..Answer::new(other.judgment().mirrored()) })
    }
}

fn pair(group: Option<&str>, [left, right]: [&str; 2]) -> u128 {
    match group {
        Some(group) => digest(&[left, right, group]),
        None => digest(&[left, right]),
    }
}

impl Mean {
    fn judgment(&self) -> Judgment {
        match self.scores {
            Some(sums) => Judgment::Scores(sums.map(|sum| sum / self.weight)),
            None => Judgment::Share((self.share / self.weight).clamp(0.0, 1.0)),
        }
    }
}

/// A simulated judge: it knows how good each item is, and errs by a law.
#[derive(Debug)]
pub struct ModelJudge {
    identity: String,
    model: JudgeModel,
    seed: u64,
    qualities: HashMap<u128, Quality>,
    ready: Vec<Answered>,
}

/// A file of a judge model that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not what a model is.
    #[error(
        "the judge model is not understood: {0}; it is an object with `scores` (a number for each item) or `score_column`, and noise, law, offset, position_bias, tie_margin, cycle"
    )]
    Json(serde_json::Error),
    /// A number that no judge has.
    #[error("the judge model's {0}")]
    Model(JudgeModelError),
    /// Neither or both.
    #[error(
        "the judge model has {0} of `scores` and `score_column`; give one: a number for each item, or the column that has it"
    )]
    Source(&'static str),
    /// An item without a score.
    #[error("the judge model's `scores` has no {item:?}, an item of group {group:?}; give every item a number")]
    Item {
        /// The item.
        item: String,
        /// Its group.
        group: String,
    },
    /// A record without the column.
    #[error(transparent)]
    Column(#[from] EntrantError),
}

// Messages hold their cause, so that it is not told once more as a source.
impl From<serde_json::Error> for ModelError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<JudgeModelError> for ModelError {
    fn from(error: JudgeModelError) -> Self {
        Self::Model(error)
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Given {
    Strength(f64),
    Quality(Quality),
}

/// What the qualities of items are found by.
fn key_of(group: &Entrants, item: usize) -> u128 {
    pair(None, [&group.group, &group.items[item].name])
}

/// The qualities of items by their names.
fn of_names(groups: &[Entrants], given: &BTreeMap<String, Given>) -> Result<HashMap<u128, Quality>, ModelError> {
    let mut qualities = HashMap::new();
    for group in groups {
        for (number, item) in group.items.iter().enumerate() {
            let quality = match given.get(&item.name) {
                Some(&Given::Strength(strength)) => Quality { strength, turn: 0.0 },
                Some(&Given::Quality(quality)) => quality,
                None => return Err(ModelError::Item { item: item.name.clone(), group: group.group.clone() }),
            };
            qualities.insert(key_of(group, number), quality);
        }
    }
    Ok(qualities)
}

/// The qualities of items by their rows in the records.
fn of_rows(groups: &[Entrants], numbers: &[f64]) -> HashMap<u128, Quality> {
    let of_group = |group: &Entrants| {
        let rows = group.rows.iter().enumerate();
        rows.map(|(item, &row)| (key_of(group, item), Quality { strength: numbers[row], turn: 0.0 }))
            .collect::<Vec<_>>()
    };
    groups.iter().flat_map(of_group).collect()
}

impl ModelJudge {
    /// The judge that the JSON of a model stands for, for the items of these groups.
    ///
    /// # Errors
    /// If the text is no model, or an item has no score in it.
    pub fn new(text: &str, records: &Records, groups: &[Entrants], seed: u64) -> Result<Self, ModelError> {
        let mut object: Map<String, Value> = serde_json::from_str(text)?;
        let scores = object.remove("scores").filter(|it| !it.is_null());
        let column: Option<String> = object.remove("score_column").map(serde_json::from_value).transpose()?;
        let model: JudgeModel = serde_json::from_value(Value::Object(object))?;
        model.check()?;
        let identity = format!("model {:032x}, seed {seed}", digest(&[text]));
        let qualities = match (scores, column) {
            (Some(scores), None) => of_names(groups, &serde_json::from_value(scores)?)?,
            (None, Some(column)) => of_rows(groups, &numbers(records, &column)?),
            (Some(_), Some(_)) => return Err(ModelError::Source("both")),
            (None, None) => return Err(ModelError::Source("neither")),
        };
        Ok(Self { identity, model, seed, qualities, ready: Vec::new() })
    }

    /// Scores of a match that differ by no more than this are a tie to the judge.
    pub fn tie_margin(&self) -> f64 {
        self.model.tie_margin
    }

    fn answer(&self, question: &Question<'_>) -> Result<Answer, String> {
        let quality = |name: &str| self.qualities.get(&pair(None, [question.group, name])).copied();
        let (Some(left), Some(right)) = (quality(&question.left.name), quality(&question.right.name)) else {
            return Err("the judge model doesn't know an item".to_owned());
        };
        let number = question.key.number();
        Ok(Answer::new(Judgment::Scores(self.model.call(left, right, self.seed, number))))
    }
}

/// What both have in common: answers are ready when they are asked for.
macro_rules! answers_at_once {
    ($judge:ty) => {
        impl Judge for $judge {
            fn identity(&self) -> &str {
                &self.identity
            }

            fn keyed_by(&self) -> KeyedBy {
                KeyedBy::Names
            }

            fn room(&self) -> usize {
                BATCH.saturating_sub(self.ready.len())
            }

            fn open(&self) -> usize {
                self.ready.len()
            }

            fn ask(&mut self, question: &Question<'_>) {
                self.ready.push(Answered::at_once(question, self.answer(question)));
            }

            fn wait(&mut self, answers: &mut Vec<Answered>) -> Result<(), JudgeError> {
                answers.append(&mut self.ready);
                Ok(())
            }
        }
    };
}

answers_at_once!(LogJudge);
answers_at_once!(ModelJudge);

/// Whether all items of the group have the same number, so that the numbers don't separate them. `numbers`
/// has one for each row of the records.
pub fn are_constant(group: &Entrants, numbers: &[f64]) -> bool {
    let distinct: HashSet<u64> = group.rows.iter().map(|&row| (numbers[row] + 0.0).to_bits()).collect();
    distinct.len() <= 1
}
