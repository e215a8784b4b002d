//! The rounds and stages of the matches in a log, as a tournament wrote them.

use anyhow::{Context, bail};
use palio::advantages::Aggregation;
use palio::data::Labels;
use palio::tournaments::{Match, Stage};
use serde::Deserialize;
use serde_json::Value;

/// The round and the stage of each row, where an aggregation asks for them.
#[derive(Debug)]
pub(super) struct Rounds<'l> {
    rounds: Option<Values<'l, u32>>,
    stages: Option<Values<'l, Stage>>,
}

/// What the labels of a column mean.
#[derive(Debug)]
struct Values<'l, T> {
    /// One entry a label.
    values: Vec<T>,
    /// The label of each row.
    ids: &'l [u32],
}

impl<'l, T: Copy> Values<'l, T> {
    fn of(labels: &'l Labels, value: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<Self> {
        let values = labels.names.iter().map(|name| value(name.trim())).collect::<anyhow::Result<_>>()?;
        Ok(Self { values, ids: &labels.ids })
    }

    fn get(&self, row: usize) -> T {
        self.values[self.ids[row] as usize]
    }
}

impl<'l> Rounds<'l> {
    /// Reads the columns if `aggregation` asks for them.
    pub(super) fn of(
        aggregation: Aggregation,
        rounds: Option<&'l Labels>,
        stages: Option<&'l Labels>,
    ) -> anyhow::Result<Self> {
        if aggregation == Aggregation::Bracket && rounds.is_none() {
            bail!(
                "the aggregation bracket needs the log of a tournament, with a column round and, where there are \
                 several, one for the stage; palio tournament --matches writes one"
            );
        }
        if !matches!(aggregation, Aggregation::Bracket | Aggregation::Points) {
            return Ok(Self { rounds: None, stages: None });
        }
        Ok(Self {
            rounds: rounds.map(|labels| Values::of(labels, round)).transpose()?,
            stages: stages.map(|labels| Values::of(labels, stage)).transpose()?,
        })
    }

    /// The match on a row between two items of its group.
    pub(super) fn game(&self, row: usize, [left, right]: [u32; 2]) -> Match {
        let round = self.rounds.as_ref().map_or(1, |rounds| rounds.get(row));
        let stage = self.stages.as_ref().map_or(Stage::Main, |stages| stages.get(row));
        Match { id: 0, round, stage, left, right }
    }
}

fn round(text: &str) -> anyhow::Result<u32> {
    let number = text.parse().ok().filter(|&round| round > 0);
    number.with_context(|| format!("the column round holds {text:?}; a round is a whole number from 1"))
}

fn stage(text: &str) -> anyhow::Result<Stage> {
    Stage::deserialize(&Value::from(text)).ok().with_context(|| {
        format!(
            "the column stage holds {text:?}, which is no part of a tournament; use seeding, main, losers, \
             grand-final or reset"
        )
    })
}
