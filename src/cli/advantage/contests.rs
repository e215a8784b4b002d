//! Groups whose samples met: from their matches to advantages.

use palio::advantages::{
    AdvantageError, AggregateSettings, Columns, Contest, Groups, Normalization, Reward, aggregate, normalize,
};
use palio::data::Outcome;
use palio::report::{AdvantageTable, Results};
use palio::tournaments::{History, Played};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// The matches of one group.
#[derive(Debug)]
pub(in crate::cli) struct GroupHistory {
    /// The matches; items are numbered as in `rows`.
    pub(in crate::cli) history: History,
    /// Which row of the table each item has.
    pub(in crate::cli) rows: Vec<u32>,
}

/// The number that a group's draws depend on, which no other group changes.
pub(in crate::cli) fn number_of_group(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

/// What was made of one group.
struct Standings {
    results: Vec<Results>,
    rewards: Vec<f64>,
    ranks: Vec<f64>,
}

/// How the matches of a group become rewards.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Making<'a> {
    pub(in crate::cli) aggregation: &'a AggregateSettings,
    pub(in crate::cli) reward: &'a Reward,
    /// What is known of each row of the table.
    pub(in crate::cli) columns: Columns<'a>,
}

/// Fills `table`, whose groups, group ids and items are there, but for the advantages, from the matches of
/// its groups, one history a group in the order of the groups.
///
/// # Errors
/// If the reward can't be made of matches.
pub(in crate::cli) fn fill(
    table: &mut AdvantageTable,
    histories: &[GroupHistory],
    making: Making<'_>,
) -> Result<(), AdvantageError> {
    let names: Vec<&str> = table.groups.iter().collect();
    let made: Result<Vec<Standings>, AdvantageError> =
        histories.par_iter().zip(names).map(|(group, name)| making.standings(group, number_of_group(name))).collect();
    let samples = table.group_ids.len();
    table.results = vec![Results::default(); samples];
    table.rewards = vec![f64::NAN; samples];
    table.ranks = vec![f64::NAN; samples];
    for (group, made) in histories.iter().zip(made?) {
        for (item, &row) in group.rows.iter().enumerate() {
            table.results[row as usize] = made.results[item];
            table.rewards[row as usize] = made.rewards[item];
            table.ranks[row as usize] = made.ranks[item];
        }
    }
    Ok(())
}

/// Normalises the rewards that `table` has.
///
/// # Errors
/// If a setting is out of its range, or there is no usable length where lengths are asked for.
pub(in crate::cli) fn advantages(
    table: &AdvantageTable,
    length: Option<&[f64]>,
    settings: &Normalization,
) -> Result<Vec<f64>, AdvantageError> {
    Ok(normalize(&table.rewards, &Groups::new(table.group_ids.clone()), length, settings)?)
}

impl Making<'_> {
    fn standings(&self, group: &GroupHistory, number: u64) -> Result<Standings, AdvantageError> {
        let GroupHistory { history, rows } = group;
        let of_items = |column: &[f64]| rows.iter().map(|&row| column[row as usize]).collect::<Vec<f64>>();
        let (length, logprob) = (self.columns.length.map(of_items), self.columns.logprob.map(of_items));
        let several = |columns: &[&[f64]]| columns.iter().map(|column| of_items(column)).collect::<Vec<_>>();
        let (reference, criteria) = (several(self.columns.reference), several(self.columns.criteria));
        let (reference, criteria) = (slices(&reference), slices(&criteria));
        let columns = Columns {
            length: length.as_deref(),
            logprob: logprob.as_deref(),
            reference: &reference,
            criteria: &criteria,
        };
        let standing = aggregate(history, self.aggregation);
        let contest = Contest::new(history, &standing).with(columns).numbered(number);
        let rewards = self.reward.of_standing(&contest)?;
        let ranks = standing.ranks.iter().map(|rank| rank.unwrap_or(f64::NAN)).collect();
        let mut results = vec![Results::default(); history.items()];
        history.played().for_each(|played| add(&mut results, &played));
        Ok(Standings { results, rewards, ranks })
    }
}

/// Columns as [`Columns`] has them.
pub(in crate::cli) fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

/// Counts a match for both.
fn add(results: &mut [Results], played: &Played) {
    let count = played.weight;
    let outcome = played.result.outcome;
    for (item, outcome) in [(played.game.left, outcome), (played.game.right, outcome.mirrored())] {
        let results = &mut results[item as usize];
        match outcome {
            Outcome::Left => results.wins += count,
            Outcome::Right => results.losses += count,
            Outcome::Tie => results.ties += count,
            Outcome::Share(share) => {
                results.wins += count * share;
                results.losses += count * (1.0 - share);
            }
        }
    }
}
