//! Several criteria, compared with each other: Pareto layers, and a hierarchy with margins.

use std::sync::Arc;

use super::settings::numbers;
use super::{Reads, RewardEntry, RewardError, RewardRule, known_or_nan};
use crate::advantages::{AggregateSettings, Column, Samples, aggregate};
use crate::settings::Setting;
use crate::tournaments::{History, Match, MatchResult, Played, Stage};

const PARETO: &str = "pareto";
const HIERARCHY: &str = "hierarchy";

pub(super) const PARETO_ENTRY: RewardEntry = RewardEntry {
    name: PARETO,
    summary: "how early the Pareto layer of the criteria is, from 1 for the front to 0 for the last",
    reads: Reads::Columns,
    needs: &[Column::Criteria],
    rare: true,
    settings: &[],
    build: |_| Ok(Arc::new(Pareto)),
};

pub(super) const HIERARCHY_ENTRY: RewardEntry = RewardEntry {
    name: HIERARCHY,
    summary: "win rate in the group, where the first criterion decides that differs by more than its margin",
    reads: Reads::Columns,
    needs: &[Column::Criteria],
    rare: true,
    settings: &[Setting {
        name: "margins",
        default: "0",
        summary: "of the criteria in their order, with commas; 0 for those not given",
    }],
    build: |settings| {
        let expected = "numbers of 0 or more with commas between them";
        Ok(Arc::new(Hierarchy { margins: numbers(settings, "margins", expected, |x| x >= 0.0)? }))
    },
};

/// The layer of each point, from 0 for those that no other point dominates; the next layer is what no
/// other point dominates once the earlier ones are taken away. A point dominates another that is nowhere
/// higher and somewhere lower. `value(point, k)` is the k-th of the `criteria` values. O(points² criteria).
///
/// # Source
/// Fast non-dominated sort, Deb et al. 2002 (NSGA-II).
pub fn pareto_layers(points: usize, criteria: usize, value: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let dominates = |a: usize, b: usize| {
        let pairs = || (0..criteria).map(|k| (value(a, k), value(b, k)));
        pairs().all(|(a, b)| a >= b) && pairs().any(|(a, b)| a > b)
    };
    let below: Vec<Vec<usize>> = (0..points).map(|a| (0..points).filter(|&b| dominates(a, b)).collect()).collect();
    let mut above = vec![0_usize; points];
    below.iter().flatten().for_each(|&point| above[point] += 1);
    let mut layers = vec![0; points];
    let mut front: Vec<usize> = (0..points).filter(|&point| above[point] == 0).collect();
    let mut layer = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for point in front {
            layers[point] = layer;
            for &other in &below[point] {
                above[other] -= 1;
                if above[other] == 0 {
                    next.push(other);
                }
            }
        }
        (front, layer) = (next, layer + 1);
    }
    layers
}

/// (M − 1 − layer)/(M − 1) over the M Pareto layers of a group, as quantile rewards are of ranks; 0 where
/// all are in one layer. A sample that lacks a criterion is unknown.
///
/// # Source
/// palio's own mapping of the layers.
#[derive(Debug, Clone, Copy)]
struct Pareto;

impl RewardRule for Pareto {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let criteria = samples.columns.criteria(PARETO)?;
        let mut rewards = vec![f64::NAN; samples.len()];
        for members in samples.groups.members().iter() {
            let complete = |&sample: &usize| criteria.iter().all(|column| !column[sample].is_nan());
            let known: Vec<usize> = members.iter().copied().filter(complete).collect();
            let layers = pareto_layers(known.len(), criteria.len(), |point, k| criteria[k][known[point]]);
            let last = layers.iter().max().copied().unwrap_or(0);
            for (&sample, layer) in known.iter().zip(layers) {
                rewards[sample] = if last == 0 { 0.0 } else { (last - layer) as f64 / last as f64 };
            }
        }
        Ok(rewards)
    }
}

/// The matches of everyone against everyone that columns of scores decide: the first criterion in which
/// two samples differ by more than its margin gives the match to the higher one; if there is none they
/// tie. A criterion that either lacks decides nothing. Items are the `members` in their order, criteria
/// beyond the margins given have margin 0. O(members² criteria).
///
/// Such a relation need not be transitive, which is why it is played out and not sorted; any aggregation
/// can be made of it.
pub fn hierarchy(criteria: &[&[f64]], members: &[usize], margins: &[f64]) -> History {
    let mut history = History::new(members.len() as u32);
    for left in 0..members.len() {
        for right in left + 1..members.len() {
            let decide = |(k, column): (usize, &&[f64])| {
                let lead = column[members[left]] - column[members[right]];
                (lead.abs() > *margins.get(k).unwrap_or(&0.0)).then_some(lead)
            };
            let result = match criteria.iter().enumerate().find_map(decide) {
                Some(lead) if lead > 0.0 => MatchResult::LEFT,
                Some(_) => MatchResult::RIGHT,
                None => MatchResult::TIE,
            };
            let (left, right) = (left as u32, right as u32);
            let game = Match { id: 0, round: 1, stage: Stage::Main, left, right };
            // Two different members are two items of the history.
            let _ = history.push(Played { game, result, weight: 1.0 });
        }
    }
    history
}

/// The win rate in [`hierarchy`]; 1/2 in a group of one. A sample that has none of the criteria is
/// unknown, and plays nobody.
#[derive(Debug, Clone)]
struct Hierarchy {
    margins: Vec<f64>,
}

impl RewardRule for Hierarchy {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let criteria = samples.columns.criteria(HIERARCHY)?;
        if self.margins.len() > criteria.len() {
            let (found, expected) = (criteria.len(), self.margins.len());
            let (column, setting) = (Column::Criteria, "margins");
            return Err(RewardError::Columns { reward: HIERARCHY, column, found, setting, expected });
        }
        let mut rewards = vec![f64::NAN; samples.len()];
        for members in samples.groups.members().iter() {
            let has_any = |&sample: &usize| criteria.iter().any(|column| !column[sample].is_nan());
            let known: Vec<usize> = members.iter().copied().filter(has_any).collect();
            if let [only] = known[..] {
                rewards[only] = 0.5;
                continue;
            }
            let standing = aggregate(&hierarchy(criteria, &known, &self.margins), &AggregateSettings::default());
            known.iter().zip(known_or_nan(&standing.values)).for_each(|(&sample, value)| rewards[sample] = value);
        }
        Ok(rewards)
    }
}
