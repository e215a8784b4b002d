//! Scores to advantages.

use palio::advantages::{
    AdvantageError, AdvantageSettings, Column, Columns, Groups, RankTies, Samples, normalize, ranks,
};
use palio::data::samples::{ByGroup, SampleTable};
use palio::report::AdvantageTable;
use rayon::prelude::*;

use super::arguments::AdvantageArgs;

/// The advantages of all samples.
pub(super) fn advantages(
    samples: SampleTable,
    args: &AdvantageArgs,
    settings: &AdvantageSettings,
) -> Result<AdvantageTable, AdvantageError> {
    let of = |wanted: Column| {
        let columns = args.samples.columns.named().filter(move |(column, _)| *column == wanted);
        columns.filter_map(|(_, name)| samples.column(name)).collect::<Vec<_>>()
    };
    let (reference, criteria) = (of(Column::Reference), of(Column::Criteria));
    let columns = Columns {
        length: of(Column::Length).first().copied(),
        logprob: of(Column::LogProb).first().copied(),
        reference: &reference,
        criteria: &criteria,
    };
    let groups = Groups::new(samples.group_ids().to_vec());
    let known = Samples::new(&groups, samples.scores()).with(columns);
    let rewards = settings.reward.of_scores(&known)?;
    let (advantages, ranks) = rayon::join(
        || normalize(&rewards, &groups, columns.length, &settings.normalize),
        || group_ranks(&rewards, samples.group_ids(), samples.groups().len(), args.steps.rank_ties()),
    );
    let advantages = advantages?;
    Ok(AdvantageTable::of_samples(samples, rewards, ranks, advantages))
}

/// The rank of each reward in its group; NaN where there is none.
fn group_ranks(rewards: &[f64], group_ids: &[u32], groups: usize, ties: RankTies) -> Vec<f64> {
    /// So many groups at a time.
    const PIECE: usize = 1 << 10;
    let by_group = ByGroup::new(group_ids, groups);
    let piece = |first: usize| -> Vec<Option<f64>> {
        let mut of_group = Vec::new();
        (first..groups.min(first + PIECE))
            .flat_map(|group| {
                of_group.clear();
                of_group.extend(by_group.rows(group).iter().map(|&row| rewards[row as usize]));
                ranks(&of_group, ties)
            })
            .collect()
    };
    let pieces: Vec<Vec<Option<f64>>> = (0..groups).into_par_iter().step_by(PIECE).map(piece).collect();
    let mut all = vec![f64::NAN; rewards.len()];
    let rows = (0..groups).flat_map(|group| by_group.rows(group));
    for (&row, rank) in rows.zip(pieces.iter().flatten()) {
        all[row as usize] = rank.unwrap_or(f64::NAN);
    }
    all
}
