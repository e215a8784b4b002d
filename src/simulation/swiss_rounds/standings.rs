//! From sums to standings: what is told of each model.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::parts::{Beside, SwissSums};
use super::sensitivity::{Profile, Sensitivity};
use super::settings::Order;
use super::simulate::Simulation;
use super::sums::{PointSums, Sums};
use crate::data::Items;

/// Expected scores no further apart than this are equal: exact ones carry rounding errors.
const EQUAL: f64 = 1e-12;

/// What standings need to know beside numbers of points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwissContext {
    /// The models.
    pub items: Vec<String>,
    /// The benchmark of each round; of a shuffled order, those that are shuffled.
    pub rounds: Vec<String>,
    /// For each model the plain mean of its scores, where there are scores.
    pub mean_scores: Vec<Option<f64>>,
    /// How many tournaments were asked for.
    pub runs: u64,
    /// Whether the order of the benchmarks was shuffled.
    pub shuffled: bool,
    /// The level of rank intervals.
    pub level: f64,
    /// How many models leave after each round.
    pub eliminate: Vec<u32>,
}

impl SwissContext {
    /// The context of a simulation, without mean scores. The names are those of the tensor's models
    /// and benchmarks.
    ///
    /// # Panics
    /// If there are fewer names of benchmarks than benchmarks.
    pub fn new(models: &Items, benchmarks: &Items, simulation: &Simulation<'_>) -> Self {
        let names: Vec<&str> = benchmarks.iter().collect();
        let settings = simulation.settings();
        Self {
            items: models.iter().map(str::to_owned).collect(),
            rounds: simulation.rounds().iter().map(|&benchmark| names[benchmark].to_owned()).collect(),
            mean_scores: vec![None; models.len()],
            runs: settings.runs,
            shuffled: matches!(settings.order, Order::Shuffle(_)),
            level: settings.level,
            eliminate: simulation.rules().eliminate.clone(),
        }
    }
}

/// One model's line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SwissRow {
    /// The rank by expected score; equal scores share one.
    pub rank: usize,
    /// The best rank in the interval over samples of benchmarks.
    pub rank_best: Option<usize>,
    /// The worst rank in that interval.
    pub rank_worst: Option<usize>,
    /// The model.
    pub item: String,
    /// The expected points of a tournament.
    pub expected_score: f64,
    /// The standard error of the expected score: how well the simulation is known, not the model.
    /// 0 where it was computed exactly.
    pub mc_error: Option<f64>,
    /// The standard deviation of the points of one tournament.
    pub std_dev: f64,
    /// The probability to end first, alone or not.
    pub win_probability: f64,
    /// The probability of each rank, from the first; equal points share a rank.
    pub rank_probability: Vec<f64>,
    /// The probability to be active still after each round.
    pub survival: Vec<f64>,
    /// The mean points of its opponents when they met.
    pub mean_opponent_score: Option<f64>,
    /// The slope of the expected score over the number of models eliminated each round, in points.
    pub sensitivity: Option<f64>,
    /// The standard error of that slope.
    pub sensitivity_error: Option<f64>,
    /// What the slope says of the model.
    pub profile: Option<Profile>,
    /// How far its rank is from this one in random orders of the benchmarks, as the root of the mean
    /// square; of a shuffled order the standard deviation of its rank.
    pub order_spread: Option<f64>,
    /// The plain mean of the scores it has, with the other sign those on which lower is better.
    pub mean_score: Option<f64>,
    /// Its rank by that mean.
    pub mean_score_rank: Option<usize>,
}

/// Expected scores with one elimination number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GridPoint {
    /// How many models leave after each round.
    pub eliminate: u32,
    /// The expected score of each model, in the order of ranks.
    pub expected_score: IndexMap<String, f64>,
}

/// The standings of a simulation, the best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SwissStandings {
    /// A line for each model.
    pub items: Vec<SwissRow>,
    /// Expected scores by elimination number, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<GridPoint>,
    /// How many tournaments the expected scores are from; none where they are exact.
    pub runs: Option<u64>,
    /// Whether the simulation was stopped before its end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// The share of rounds that models had an opponent in, of those in which they were active.
    pub paired: Option<f64>,
    /// How many random orders of the benchmarks order spreads are from.
    pub orders: usize,
    /// How many samples of the benchmarks rank intervals are from.
    pub samples: usize,
    /// The benchmark of each round; of a shuffled order, those that are shuffled.
    pub rounds: Vec<String>,
}

impl SwissStandings {
    /// The standings that sums of tournaments give. O(models² + models × (samples + rounds)).
    pub fn from_sums(context: &SwissContext, sums: &SwissSums) -> Self {
        let told = Told {
            moments: Moments::from_sums(&sums.main),
            errors: mc_errors(context, sums),
            sensitivity: sums.grid.as_ref().map(|grid| Sensitivity::from_sums(grid, sums.main.points.runs)),
        };
        let runs = sums.main.points.runs;
        Self { runs: Some(runs), partial: runs < context.runs, ..told.standings(context, &sums.beside) }
    }

    /// The standings that exact moments give, with rank intervals from tournaments that were played.
    pub fn from_exact(
        context: &SwissContext,
        moments: Moments,
        sensitivity: Option<Sensitivity>,
        beside: &Beside,
    ) -> Self {
        let errors = vec![Some(0.0); context.items.len()];
        Told { moments, errors, sensitivity }.standings(context, beside)
    }
}

/// What is told of the main tournaments.
struct Told {
    moments: Moments,
    errors: Vec<Option<f64>>,
    sensitivity: Option<Sensitivity>,
}

impl Told {
    fn standings(self, context: &SwissContext, beside: &Beside) -> SwissStandings {
        let ranks = ranks(&self.moments.expected_score);
        // A part of few trials plays none on the samples.
        let samples: Vec<&PointSums> = beside.samples.iter().filter(|sample| sample.runs > 0).collect();
        let intervals = rank_intervals(&ranks, &samples, context.level);
        let spreads = order_spreads((!context.shuffled).then_some(&ranks[..]), &beside.orders);
        let profiles = self.sensitivity.as_ref().map(Sensitivity::profiles);
        let mean_ranks = mean_score_ranks(&context.mean_scores);
        let mut order: Vec<usize> = (0..context.items.len()).collect();
        order.sort_by(|&i, &j| ranks[i].cmp(&ranks[j]).then_with(|| context.items[i].cmp(&context.items[j])));
        let row = |&model: &usize| SwissRow {
            order_spread: spreads.as_ref().map(|spreads| spreads[model]),
            profile: profiles.as_ref().and_then(|profiles| profiles[model]),
            mean_score: context.mean_scores[model],
            mean_score_rank: mean_ranks[model],
            rank_best: intervals.as_ref().map(|intervals| intervals[model].0),
            rank_worst: intervals.as_ref().map(|intervals| intervals[model].1),
            ..self.row(context, model, ranks[model])
        };
        SwissStandings {
            items: order.iter().map(row).collect(),
            sensitivity: self.grid(context, &order),
            runs: None,
            partial: false,
            paired: self.moments.paired(),
            orders: spreads.map_or(0, |_| beside.orders.len()),
            samples: samples.len(),
            rounds: context.rounds.clone(),
        }
    }

    fn row(&self, context: &SwissContext, model: usize, rank: usize) -> SwissRow {
        let (models, rounds) = (context.items.len(), context.rounds.len());
        let moments = &self.moments;
        let rank_probability = moments.rank_probability[model * models..][..models].to_vec();
        let slope = self.sensitivity.as_ref();
        SwissRow {
            rank,
            rank_best: None,
            rank_worst: None,
            item: context.items[model].clone(),
            expected_score: moments.expected_score[model],
            mc_error: self.errors[model],
            std_dev: moments.std_dev[model],
            win_probability: rank_probability[0],
            rank_probability,
            survival: moments.survival[model * rounds..][..rounds].to_vec(),
            mean_opponent_score: moments.mean_opponent_score[model],
            sensitivity: slope.map(|it| it.slopes[model]),
            sensitivity_error: slope.and_then(|it| it.errors[model]),
            profile: None,
            order_spread: None,
            mean_score: None,
            mean_score_rank: None,
        }
    }

    fn grid(&self, context: &SwissContext, order: &[usize]) -> Vec<GridPoint> {
        let point = |(&eliminate, scores): (&u32, &Vec<f64>)| GridPoint {
            eliminate,
            expected_score: order.iter().map(|&model| (context.items[model].clone(), scores[model])).collect(),
        };
        let grid = self.sensitivity.as_ref();
        grid.map_or_else(Vec::new, |grid| grid.eliminate.iter().zip(&grid.expected_scores).map(point).collect())
    }
}

impl Moments {
    /// The moments that sums of tournaments estimate.
    pub(super) fn from_sums(sums: &Sums) -> Self {
        let runs = sums.points.runs.max(1) as f64;
        let models = sums.points.points.len();
        let rounds = sums.eliminated.len() / models;
        let mut survival = Vec::with_capacity(sums.eliminated.len());
        for eliminated in sums.eliminated.chunks(rounds) {
            let gone = eliminated.iter().scan(0, |gone, number| {
                *gone += number;
                Some(*gone)
            });
            survival.extend(gone.map(|gone| sums.points.runs.saturating_sub(gone) as f64 / runs));
        }
        let opponent =
            |(&points, &meetings): (&u64, &u64)| (meetings > 0).then(|| points as f64 / (2.0 * meetings as f64));
        Self {
            expected_score: sums.points.means(),
            std_dev: sums.points.std_devs(),
            rank_probability: sums.ranks.iter().map(|&count| count as f64 / runs).collect(),
            survival,
            meetings: sums.meetings.iter().map(|&number| number as f64 / runs).collect(),
            mean_opponent_score: sums.opponents.iter().zip(&sums.meetings).map(opponent).collect(),
        }
    }
}

/// Standard errors of expected scores: of the mean over tournaments, or of the mean over random
/// orders, whose tournaments are not independent.
fn mc_errors(context: &SwissContext, sums: &SwissSums) -> Vec<Option<f64>> {
    let orders: Vec<Vec<f64>> = if context.shuffled {
        sums.beside.orders.iter().filter(|order| order.runs > 0).map(PointSums::means).collect()
    } else {
        Vec::new()
    };
    let over_orders = |model: usize| {
        let scores: Vec<f64> = orders.iter().map(|means| means[model]).collect();
        std_dev(&scores) / (scores.len() as f64).sqrt()
    };
    let runs = sums.main.points.runs;
    let std_devs = sums.main.points.std_devs();
    let error = |(model, deviation): (usize, f64)| match orders.len() {
        0 => (runs > 1).then(|| deviation / (runs as f64).sqrt()),
        1 => None,
        _ => Some(over_orders(model)),
    };
    std_devs.into_iter().enumerate().map(error).collect()
}

/// Competition ranks, the highest value first: 1 and the number of values above.
fn ranks(values: &[f64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    values.iter().map(|value| 1 + values.len() - sorted.partition_point(|other| *other <= value + EQUAL)).collect()
}

fn mean_score_ranks(scores: &[Option<f64>]) -> Vec<Option<usize>> {
    let known: Vec<f64> = scores.iter().flatten().copied().collect();
    let mut ranks = ranks(&known).into_iter();
    scores.iter().map(|score| score.and_then(|_| ranks.next())).collect()
}

/// For each model the ranks that the middle samples of benchmarks give it, its own rank included.
fn rank_intervals(ranks_now: &[usize], samples: &[&PointSums], level: f64) -> Option<Vec<(usize, usize)>> {
    let by_sample: Vec<Vec<usize>> = samples.iter().map(|sample| ranks(&sample.means())).collect();
    let last = by_sample.len().checked_sub(1)? as f64;
    let tail = (1.0 - level) / 2.0;
    let interval = |(model, &now): (usize, &usize)| {
        let mut ranks: Vec<usize> = by_sample.iter().map(|ranks| ranks[model]).collect();
        ranks.sort_unstable();
        let (best, worst) = (ranks[(tail * last).floor() as usize], ranks[((1.0 - tail) * last).ceil() as usize]);
        (best.min(now), worst.max(now))
    };
    Some(ranks_now.iter().enumerate().map(interval).collect())
}

/// For each model how far its ranks in random orders are from its rank in the given order, as the root
/// of the mean square; where there is no given one, from their mean, as the standard deviation.
fn order_spreads(given: Option<&[usize]>, orders: &[PointSums]) -> Option<Vec<f64>> {
    let played: Vec<Vec<usize>> =
        orders.iter().filter(|order| order.runs > 0).map(|order| ranks(&order.means())).collect();
    let models = played.first()?.len();
    let of = |model: usize| played.iter().map(|ranks| ranks[model] as f64).collect::<Vec<f64>>();
    let from = |rank: usize, others: &[f64]| {
        let squares: f64 = others.iter().map(|other| (other - rank as f64).powi(2)).sum();
        (squares / others.len() as f64).sqrt()
    };
    let spread = |model: usize| given.map_or_else(|| std_dev(&of(model)), |given| from(given[model], &of(model)));
    (played.len() > 1).then(|| (0..models).map(spread).collect())
}

/// The standard deviation of a sample of two or more.
fn std_dev(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(ranks(&[1.0, 3.0, 3.0 + 1e-14, 0.0]), [3, 1, 1, 4]);
        assert_eq!(mean_score_ranks(&[Some(1.0), None, Some(2.0)]), [Some(2), None, Some(1)]);
    }

    /// Sums of one tournament of two models in which the first takes as many points as `first`, the
    /// other one.
    fn sums(first: u64) -> PointSums {
        PointSums { runs: 1, points: vec![2 * first, 2], squares: vec![4 * first * first, 4] }
    }

    #[test]
    fn the_order_spread_is_the_distance_from_the_given_rank_or_else_the_standard_deviation() {
        let orders = [sums(0), sums(0), sums(0), sums(2)];
        let from_first = order_spreads(Some(&[1, 2]), &orders).expect("spreads");
        assert!((from_first[0] - 0.75_f64.sqrt()).abs() < 1e-15, "three of four ranks are one away");
        let from_mean = order_spreads(None, &orders).expect("spreads");
        assert!((from_mean[0] - 0.5).abs() < 1e-15, "ranks 2, 2, 2, 1 have a variance of 1/4");
        assert_eq!(order_spreads(None, &orders[..1]), None);
    }

    #[test]
    fn rank_intervals_are_the_middle_of_the_samples_and_the_rank_itself() {
        let samples: Vec<PointSums> = (0..20).map(|sample| sums(if sample < 3 { 2 } else { 0 })).collect();
        let samples: Vec<&PointSums> = samples.iter().collect();
        // Of 20 ranks of the first model three are 1: the middle 60 % begin behind the third.
        assert_eq!(rank_intervals(&[2, 1], &samples, 0.6), Some(vec![(2, 2), (1, 1)]));
        assert_eq!(rank_intervals(&[1, 2], &samples, 0.6), Some(vec![(1, 2), (1, 2)]));
        assert_eq!(rank_intervals(&[2, 1], &samples, 0.95), Some(vec![(1, 2), (1, 2)]));
        assert_eq!(rank_intervals(&[2, 1], &[], 0.95), None);
    }
}
