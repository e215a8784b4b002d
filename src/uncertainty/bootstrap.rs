//! The bootstrap: the method refitted on resampled evidence, from the full fit.

use rand::RngExt;
use rand_distr::weighted::WeightedAliasIndex;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use super::clusters::Clusters;
use super::covariance::few_clusters;
use super::{ClusterSummary, Spread, Uncertainty};
use crate::data::graph::{CellSum, PreferenceGraph};
use crate::data::{Labels, Log};
use crate::models::{Evidence, FitError, Fitted, Rater, Units};
use crate::random::{Purpose, SimRng, stream};
use crate::structure::{Note, Status};

/// How the bootstrap is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootstrapSettings {
    /// The number of replicates.
    pub resamples: u32,
    /// The seed; replicate `k` uses stream `k` of it.
    pub seed: u64,
    /// What the rater's numbers mean: log-odds are compared after their mean is taken out.
    pub units: Units,
}

/// Refits `rater` on resampled evidence.
///
/// Raters of a graph get multinomially resampled cells, which is the same as resampling rows: a cell
/// of weights w counts as (Σw)²/Σw² comparisons. Raters of a sequence get resampled rows in their
/// order. With clusters whole clusters are drawn. A replicate whose ratings are not identified is
/// refitted with the rater's fallback penalty, and their number is told: such replicates pull the
/// intervals in. Intervals are percentiles. `progress` is called after each replicate.
/// O(resamples × (cells + a fit from a near start)).
///
/// # Errors
/// If the rater can't be fitted.
///
/// # Source
/// Efron 1979; the cells as in FastChat and arena-rank.
pub fn bootstrap(
    rater: &dyn Rater,
    evidence: Evidence<'_>,
    fitted: &dyn Fitted,
    clusters: Option<(&Clusters, &Labels)>,
    settings: BootstrapSettings,
    progress: &(dyn Fn() + Sync),
) -> Result<Uncertainty, FitError> {
    let items = evidence.graph.items().len();
    let members = fitted.identification().members.clone();
    if members.is_empty() {
        return Ok(Uncertainty::unknown(items));
    }
    let resampler = Resampler::new(evidence, clusters);
    let replicate = |number: u32| -> Result<(Vec<f64>, bool), FitError> {
        let mut rng = stream(settings.seed, Purpose::Bootstrap, u64::from(number));
        let refit = resampler.refit(rater, fitted, &mut rng)?;
        progress();
        let ratings: Vec<f64> = members.iter().map(|member| refit.ratings()[member.index()]).collect();
        let identified = refit.identification().status == Status::Identified;
        Ok((if settings.units == Units::LogOdds { without_mean(ratings) } else { ratings }, identified))
    };
    let replicates: Vec<(Vec<f64>, bool)> =
        (0..settings.resamples).into_par_iter().map(replicate).collect::<Result<_, _>>()?;
    let by_member = |member: usize| replicates.iter().map(|(ratings, _)| ratings[member]).collect();
    let ratings: Vec<Vec<f64>> = (0..members.len()).map(by_member).collect();
    let unidentified = replicates.iter().filter(|(_, identified)| !identified).count();
    let mut found = Uncertainty::new(items, members, Spread::Replicates(ratings));
    if unidentified > 0 && fitted.identification().status == Status::Identified {
        found.notes.push(Note::new(
            "bootstrap-not-identified",
            format!(
                "{unidentified} of {} resamples left some rating without a finite estimate and were fitted with a penalty: intervals are too short there",
                settings.resamples
            ),
        ));
    }
    found.clusters = clusters.map(|(clusters, _)| ClusterSummary {
        column: clusters.column.clone(),
        clusters: clusters.used(),
        design_effect: None,
    });
    found.notes.extend(found.clusters.as_ref().and_then(few_clusters));
    Ok(found)
}

fn without_mean(mut ratings: Vec<f64>) -> Vec<f64> {
    let mean = ratings.iter().sum::<f64>() / ratings.len() as f64;
    for rating in &mut ratings {
        *rating -= mean;
    }
    ratings
}

/// What a replicate is drawn from.
enum Resampler<'a> {
    Cells { graph: &'a PreferenceGraph, urn: Urn },
    ClustersOfCells { graph: &'a PreferenceGraph, clusters: &'a Clusters },
    Rows { graph: &'a PreferenceGraph, log: &'a Log },
    ClustersOfRows { graph: &'a PreferenceGraph, log: &'a Log, labels: &'a Labels },
}

impl<'a> Resampler<'a> {
    fn new(evidence: Evidence<'a>, clusters: Option<(&'a Clusters, &'a Labels)>) -> Self {
        let graph = evidence.graph;
        match (evidence.rows, clusters) {
            (None, None) => Self::Cells { graph, urn: Urn::new(graph) },
            (None, Some((clusters, _))) => Self::ClustersOfCells { graph, clusters },
            (Some(log), None) => Self::Rows { graph, log },
            (Some(log), Some((_, labels))) => Self::ClustersOfRows { graph, log, labels },
        }
    }

    fn refit(&self, rater: &dyn Rater, full: &dyn Fitted, rng: &mut SimRng) -> Result<Box<dyn Fitted>, FitError> {
        let start = Some(full.ratings());
        match *self {
            Self::Cells { graph, ref urn } => rater.fit((&graph.with_sums(urn.draw(rng))).into(), start),
            Self::ClustersOfCells { graph, clusters } => {
                let copies = draw_with_replacement(clusters.len(), rng);
                let mut sums = vec![CellSum::default(); graph.cells().len()];
                for (cluster, &copies) in copies.iter().enumerate().filter(|(_, copies)| **copies > 0) {
                    for (cell, weight) in clusters.comparisons(cluster) {
                        let sum = &mut sums[cell];
                        sum.count += f64::from(copies);
                        sum.weight += f64::from(copies) * weight;
                        sum.weight_squared += f64::from(copies) * weight * weight;
                    }
                }
                rater.fit((&graph.with_sums(sums)).into(), start)
            }
            Self::Rows { graph, log } => {
                let copies = draw_with_replacement(log.len(), rng);
                let rows = repeated(copies.iter().copied());
                rater.fit(Evidence { graph, rows: Some(&log.select(&rows)) }, start)
            }
            Self::ClustersOfRows { graph, log, labels } => {
                let copies = draw_with_replacement(labels.names.len(), rng);
                let rows = repeated(labels.ids.iter().map(|&label| copies[label as usize]));
                rater.fit(Evidence { graph, rows: Some(&log.select(&rows)) }, start)
            }
        }
    }
}

/// How often each of `n` things comes up in `n` draws with replacement.
fn draw_with_replacement(n: usize, rng: &mut SimRng) -> Vec<u32> {
    let mut copies = vec![0; n];
    for _ in 0..n {
        copies[rng.random_range(0..n)] += 1;
    }
    copies
}

/// Each index as often as its number of copies says, in order.
fn repeated(copies: impl Iterator<Item = u32>) -> Vec<usize> {
    copies.enumerate().flat_map(|(index, copies)| std::iter::repeat_n(index, copies as usize)).collect()
}

/// Draws multinomial cell sums with the means and variances that resampled rows would have.
///
/// Independent Poisson counts with slightly too small a total, given that total, are multinomial;
/// what is missing is dealt out one by one, which keeps them so. A Poisson draw whose constants are
/// made once is several times cheaper than a binomial of what earlier cells have left.
#[derive(Debug)]
struct Urn {
    /// Comparisons drawn.
    total: u64,
    /// The bulk of each cell; `None` for a cell that is never drawn.
    bulk: Vec<Option<Poisson<f64>>>,
    /// The cell of a single comparison; `None` where there are none at all.
    single: Option<WeightedAliasIndex<f64>>,
    /// For each cell the sums of one comparison.
    units: Vec<CellSum>,
}

/// The bulk falls short of the total by this many of its standard deviations, so that it is seldom
/// drawn again for being too large.
const SHORT_BY: f64 = 1.5;

impl Urn {
    fn new(graph: &PreferenceGraph) -> Self {
        let effective = |sum: &CellSum| {
            if sum.weight_squared > 0.0 { sum.weight * sum.weight / sum.weight_squared } else { 0.0 }
        };
        let sizes: Vec<f64> = graph.sums().iter().map(effective).collect();
        let total = sizes.iter().sum::<f64>().round();
        let part = 1.0 - SHORT_BY / total.max(1.0).sqrt();
        let unit = |(sum, &size): (&CellSum, &f64)| {
            if size <= 0.0 {
                return CellSum::default();
            }
            let weight = sum.weight / size;
            CellSum { count: sum.count / size, weight, weight_squared: weight * weight }
        };
        Self {
            total: total as u64,
            bulk: sizes.iter().map(|size| Poisson::new(size * part).ok()).collect(),
            units: graph.sums().iter().zip(&sizes).map(unit).collect(),
            single: WeightedAliasIndex::new(sizes).ok(),
        }
    }

    fn draw(&self, rng: &mut SimRng) -> Vec<CellSum> {
        self.counts(rng)
            .into_iter()
            .zip(&self.units)
            .map(|(drawn, unit)| CellSum {
                count: drawn * unit.count,
                weight: drawn * unit.weight,
                weight_squared: drawn * unit.weight_squared,
            })
            .collect()
    }

    /// How many comparisons fall into each cell.
    fn counts(&self, rng: &mut SimRng) -> Vec<f64> {
        let Some(single) = &self.single else { return vec![0.0; self.units.len()] };
        loop {
            let bulk = |cell: &Option<Poisson<f64>>| cell.as_ref().map_or(0.0, |poisson| poisson.sample(rng));
            let mut counts: Vec<f64> = self.bulk.iter().map(bulk).collect();
            let drawn = counts.iter().sum::<f64>() as u64;
            if drawn <= self.total {
                for _ in drawn..self.total {
                    counts[single.sample(rng)] += 1.0;
                }
                return counts;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, ItemId, Outcome};

    #[test]
    fn drawn_cells_have_the_mean_and_variance_of_resampled_rows() {
        let mut tally = Tally::new(["a", "b"].into_iter().collect());
        let weights = [1.0, 2.0, 5.0];
        for (outcome, weight) in [Outcome::Left, Outcome::Right, Outcome::Left].into_iter().zip(weights) {
            tally.add(Comparison { count: 40.0, weight, ..Comparison::new(ItemId(0), ItemId(1), outcome) });
        }
        let graph = PreferenceGraph::from_tally(tally);
        let urn = Urn::new(&graph);
        let draws: u64 = 20_000;
        let won = graph.cell_index(0, 1.0).unwrap();
        let drawn: Vec<f64> = (0..draws).map(|k| urn.draw(&mut stream(7, Purpose::Bootstrap, k))[won].weight).collect();
        let mean = drawn.iter().sum::<f64>() / draws as f64;
        // 40 rows of weight 1 and 40 of weight 5: Σw = 240, Σw² = 1040.
        let error = (1040.0_f64 / draws as f64).sqrt();
        assert!((mean - 240.0).abs() < 4.0 * error + 240.0 * 0.01, "{mean}");
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws as f64;
        // Multinomial: each cell's variance is reduced by its own share of the total.
        let share = urn.units[won].weight.recip() * 240.0 / urn.total as f64;
        let expected = 1040.0 * (1.0 - share);
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance} {expected}");
    }
}
