//! Groups whose samples met: from their matches to advantages.

use palio::advantages::{
    AdvantageError, AdvantageSettings, AggregateSettings, Columns, Contest, Groups, aggregate, normalize,
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

/// Fills `table`, whose groups, group ids and items are there, from the matches of its groups, one
/// history a group in the order of the groups.
///
/// # Errors
/// If the reward can't be made of matches.
pub(in crate::cli) fn fill(
    table: &mut AdvantageTable,
    histories: &[GroupHistory],
    aggregation: &AggregateSettings,
    settings: &AdvantageSettings,
) -> Result<(), AdvantageError> {
    let names: Vec<&str> = table.groups.iter().collect();
    let made: Result<Vec<Standings>, AdvantageError> = histories
        .par_iter()
        .zip(names)
        .map(|(group, name)| standings(&group.history, number_of_group(name), aggregation, settings))
        .collect();
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
    let groups = Groups::new(table.group_ids.clone());
    table.advantages = normalize(&table.rewards, &groups, None, &settings.normalize)?;
    Ok(())
}

fn standings(
    history: &History,
    number: u64,
    aggregation: &AggregateSettings,
    settings: &AdvantageSettings,
) -> Result<Standings, AdvantageError> {
    let standing = aggregate(history, aggregation);
    let contest = Contest::new(history, &standing).with(Columns::default()).numbered(number);
    let rewards = settings.reward.of_standing(&contest)?;
    let ranks = standing.ranks.iter().map(|rank| rank.unwrap_or(f64::NAN)).collect();
    let mut results = vec![Results::default(); history.items()];
    history.played().for_each(|played| add(&mut results, &played));
    Ok(Standings { results, rewards, ranks })
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
