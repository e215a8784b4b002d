//! Intervals for ranks: which items are surely above which.

use std::sync::OnceLock;

use nalgebra::{Cholesky, DMatrix};
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rayon::prelude::*;
use serde::Serialize;

use super::Uncertainty;
use crate::data::ItemId;
use crate::random::{Purpose, SimRng, stream};

/// What a rank interval claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankRule {
    /// All intervals together hold at the level: joint tests of all differences by stepdown max-t.
    Simultaneous,
    /// The arenas' rule: an item is above another if their intervals don't overlap. No confidence
    /// statement.
    Overlap,
}

/// How rank intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSettings {
    /// The rule.
    pub rule: RankRule,
    /// The level, such as 0.95.
    pub level: f64,
    /// Draws that the simultaneous rule's critical value is simulated from; more where the level is so
    /// high that they would tell its quantile poorly.
    pub draws: u32,
    /// The seed of those draws.
    pub seed: u64,
}

impl Default for RankSettings {
    fn default() -> Self {
        Self { rule: RankRule::Simultaneous, level: 0.95, draws: 10_000, seed: 0 }
    }
}

/// Which items are surely above which, and what ranks that leaves. Items are named by their position
/// in the list that was ranked.
#[derive(Debug, Clone, PartialEq)]
pub struct RankIntervals {
    /// For each item whether it has an interval.
    known: Vec<bool>,
    above: Above,
}

#[derive(Debug, Clone, PartialEq)]
enum Above {
    /// Nobody is surely above anybody.
    Nobody,
    /// Row-major: whether the row's item is surely above the column's.
    Pairs(Vec<bool>),
    /// Who is above whom follows from intervals, in memory that grows with the items alone.
    Intervals {
        /// NaN where there is none.
        by_item: Vec<(f64, f64)>,
        sorted_lows: Vec<f64>,
        sorted_highs: Vec<f64>,
    },
}

impl RankIntervals {
    fn by_pairs(items: usize) -> Self {
        Self { known: vec![false; items], above: Above::Pairs(vec![false; items * items]) }
    }

    fn by_intervals(intervals: &[Option<(f64, f64)>]) -> Self {
        let known: Vec<bool> = intervals.iter().map(Option::is_some).collect();
        if !known.contains(&true) {
            return Self { known, above: Above::Nobody };
        }
        let sorted = |end: fn(&(f64, f64)) -> f64| {
            let mut ends: Vec<f64> = intervals.iter().flatten().map(end).collect();
            ends.sort_by(f64::total_cmp);
            ends
        };
        let by_item = intervals.iter().map(|interval| interval.unwrap_or((f64::NAN, f64::NAN))).collect();
        let (sorted_lows, sorted_highs) = (sorted(|it| it.0), sorted(|it| it.1));
        Self { known, above: Above::Intervals { by_item, sorted_lows, sorted_highs } }
    }

    /// Whether item `i` is surely above item `j`; `None` if either has no interval.
    pub fn is_above(&self, i: usize, j: usize) -> Option<bool> {
        (self.known[i] && self.known[j]).then(|| match &self.above {
            Above::Nobody => false,
            Above::Pairs(above) => above[i * self.known.len() + j],
            Above::Intervals { by_item, .. } => by_item[i].0 > by_item[j].1,
        })
    }

    /// The best and the worst rank that item `i` may have.
    pub fn interval(&self, i: usize) -> Option<(usize, usize)> {
        let items = self.known.len();
        let (better, worse) = match &self.above {
            _ if !self.known[i] => return None,
            Above::Nobody => (0, 0),
            Above::Pairs(above) => (
                (0..items).filter(|&j| above[j * items + i]).count(),
                (0..items).filter(|&j| above[i * items + j]).count(),
            ),
            Above::Intervals { by_item, sorted_lows, sorted_highs } => (
                sorted_lows.len() - sorted_lows.partition_point(|&low| low <= by_item[i].1),
                sorted_highs.partition_point(|&high| high < by_item[i].0),
            ),
        };
        Some((1 + better, items - worse))
    }

    /// The other items in the list that `i` can't be told from, in order.
    pub fn tied_with(&self, i: usize) -> impl Iterator<Item = usize> {
        let others = if self.known[i] { 0..self.known.len() } else { 0..0 };
        others.filter(move |&j| j != i && self.is_above(i, j) == Some(false) && self.is_above(j, i) == Some(false))
    }

    fn set_above(&mut self, i: usize, j: usize) {
        let items = self.known.len();
        if let Above::Pairs(above) = &mut self.above {
            above[i * items + j] = true;
        }
    }
}

/// Standard normal draws that the simultaneous rule of several boards begins with, made once for all of them. They
/// are the draws that each would make for itself, so that they change no number.
#[derive(Debug)]
pub struct NormalDraws {
    settings: RankSettings,
    members: usize,
    blocks: OnceLock<Vec<DMatrix<f64>>>,
}

impl PartialEq for NormalDraws {
    /// Draws of the same settings are the same, made or not.
    fn eq(&self, other: &Self) -> bool {
        (self.settings, self.members) == (other.settings, other.members)
    }
}

impl NormalDraws {
    /// Draws for boards of up to so many items, made when the first of them asks. O(items × draws) memory.
    pub fn new(items: usize, settings: RankSettings) -> Self {
        Self { settings, members: items, blocks: OnceLock::new() }
    }

    /// The draws, if they are of these settings and enough for so many members.
    fn blocks(&self, members: usize, settings: RankSettings) -> Option<&[DMatrix<f64>]> {
        let fits = members <= self.members && settings == self.settings;
        fits.then(|| {
            &**self.blocks.get_or_init(|| {
                let total = total(settings);
                let block = |number: usize| normal_block(number, total, self.members, &mut stream_of(number, settings));
                (0..total.div_ceil(BLOCK)).into_par_iter().map(block).collect()
            })
        })
    }
}

/// How many draws it takes.
fn total(settings: RankSettings) -> usize {
    let needed = (DRAWS_BEYOND / (1.0 - settings.level)).min(MAX_DRAWS);
    (settings.draws as usize).max(needed as usize)
}

fn stream_of(block: usize, settings: RankSettings) -> SimRng {
    stream(settings.seed, Purpose::RankIntervals, block as u64)
}

/// A block of draws, one a row. Column comes after column, so that a block of fewer members is its beginning.
fn normal_block(number: usize, total: usize, members: usize, rng: &mut SimRng) -> DMatrix<f64> {
    DMatrix::from_fn(BLOCK.min(total - number * BLOCK), members, |_, _| StandardNormal.sample(rng))
}

/// Rank intervals of `items` with these ratings (parallel to `items`, in the rater's units). An item
/// without an error has none, and is surely above or below nobody.
///
/// The simultaneous rule tests the n(n−1) statements "i is above j" jointly: statistic
/// `(r_i − r_j)/se_ij`, critical value from `draws` of N(0, C) (or of the t that goes with clusters),
/// repeated without the statements already accepted until none is added. With the level's
/// probability all intervals hold at once. O(items² × draws) a step.
///
/// # Source
/// Mogstad, Romano, Shaikh and Wilhelm 2024, section 3; Romano and Wolf 2005 for the stepdown.
pub fn rank_intervals(
    items: &[ItemId],
    ratings: &[f64],
    uncertainty: &Uncertainty,
    settings: RankSettings,
) -> RankIntervals {
    rank_intervals_with(items, ratings, uncertainty, settings, None)
}

/// The same by draws that several boards share.
pub(crate) fn rank_intervals_with(
    items: &[ItemId],
    ratings: &[f64],
    uncertainty: &Uncertainty,
    settings: RankSettings,
    shared: Option<&NormalDraws>,
) -> RankIntervals {
    match settings.rule {
        RankRule::Overlap => overlap(items, ratings, uncertainty, settings.level),
        RankRule::Simultaneous => simultaneous(items, ratings, uncertainty, settings, shared),
    }
}

fn overlap(items: &[ItemId], ratings: &[f64], uncertainty: &Uncertainty, level: f64) -> RankIntervals {
    let interval = |(&item, &rating)| uncertainty.interval(item, rating, level);
    let intervals: Vec<Option<(f64, f64)>> = items.iter().zip(ratings).map(interval).collect();
    RankIntervals::by_intervals(&intervals)
}

fn simultaneous(
    items: &[ItemId],
    ratings: &[f64],
    uncertainty: &Uncertainty,
    settings: RankSettings,
    shared: Option<&NormalDraws>,
) -> RankIntervals {
    let places: Vec<usize> = (0..items.len()).filter(|&i| uncertainty.std_error(items[i]).is_some()).collect();
    if places.is_empty() {
        return RankIntervals::by_intervals(&vec![None; items.len()]);
    }
    let mut found = RankIntervals::by_pairs(items.len());
    for &place in &places {
        found.known[place] = true;
    }
    let members: Vec<ItemId> = places.iter().map(|&place| items[place]).collect();
    let covariance = uncertainty.covariance_of(&members);
    for (i, j) in known_exactly(&covariance) {
        let [one, other] = [places[i], places[j]];
        let gap = ratings[one] - ratings[other];
        if gap.abs() > EXACT_GAP * ratings[one].abs().max(ratings[other].abs()) {
            if gap > 0.0 { found.set_above(one, other) } else { found.set_above(other, one) }
        }
    }
    let drawn = Draws::new(&covariance, uncertainty.degrees_of_freedom(), settings, shared);
    let Some(draws) = drawn else { return found };
    let mut pairs = ordered_pairs(&covariance, |i, j| ratings[places[i]] >= ratings[places[j]]);
    let mut largest = draws.largest_statistics(&pairs);
    loop {
        let critical = draws.critical_value(&pairs, &mut largest, settings.level);
        let mut accepted = false;
        for pair in pairs.iter_mut().filter(|pair| !pair.accepted) {
            let (upper, lower) = (places[pair.upper], places[pair.lower]);
            if (ratings[upper] - ratings[lower]) * pair.precision > critical {
                pair.accepted = true;
                found.set_above(upper, lower);
                accepted = true;
            }
        }
        if !accepted {
            return found;
        }
    }
}

/// Two members, the one with the higher rating first.
#[derive(Debug, Clone, Copy)]
struct OrderedPair {
    upper: usize,
    lower: usize,
    /// One over the standard error of their difference.
    precision: f64,
    /// Whether "upper is above lower" was accepted. Its reverse stays among the statements tested.
    accepted: bool,
}

/// Ratings whose difference has no error are told apart if they differ by more than rounding, as a share of them.
const EXACT_GAP: f64 = 1e-9;

/// The variance of a difference.
fn difference_variance(covariance: &DMatrix<f64>, i: usize, j: usize) -> f64 {
    covariance[(i, i)] + covariance[(j, j)] - 2.0 * covariance[(i, j)]
}

/// Variances up to this are rounding.
fn rounding(covariance: &DMatrix<f64>) -> f64 {
    1e-14 * covariance.trace() / covariance.nrows() as f64
}

/// The pairs of which neither item has an error, such as those whose ratings were given.
fn known_exactly(covariance: &DMatrix<f64>) -> impl Iterator<Item = (usize, usize)> {
    let (n, least) = (covariance.nrows(), rounding(covariance));
    let pairs = (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)));
    pairs.filter(move |&(i, j)| covariance[(i, i)].max(covariance[(j, j)]) <= least)
}

/// The pairs whose difference has an error at all.
fn ordered_pairs(covariance: &DMatrix<f64>, is_upper: impl Fn(usize, usize) -> bool) -> Vec<OrderedPair> {
    let n = covariance.nrows();
    let least = rounding(covariance);
    let mut pairs = Vec::with_capacity(n * (n - 1) / 2);
    for i in 0..n {
        for j in i + 1..n {
            let variance = difference_variance(covariance, i, j);
            if variance > least {
                let (upper, lower) = if is_upper(i, j) { (i, j) } else { (j, i) };
                pairs.push(OrderedPair { upper, lower, precision: variance.sqrt().recip(), accepted: false });
            }
        }
    }
    pairs
}

/// Draws of a block: few enough that a block of a hundred members fits a processor's first cache.
const BLOCK: usize = 64;
/// Draws whose statistics are brought up to date at a time.
const BATCH: usize = 512;

/// Draws that must lie beyond the quantile for it to be known.
const DRAWS_BEYOND: f64 = 100.0;
const MAX_DRAWS: f64 = 1e6;

/// Draws from the distribution of the errors of the members: a row a draw, in blocks.
struct Draws {
    blocks: Vec<DMatrix<f64>>,
}

impl Draws {
    fn new(
        covariance: &DMatrix<f64>,
        degrees_of_freedom: Option<f64>,
        settings: RankSettings,
        shared: Option<&NormalDraws>,
    ) -> Option<Self> {
        let factor = factor(covariance)?.transpose();
        let (members, total) = (factor.nrows(), total(settings));
        // The size of t draws comes behind the normal ones in a stream.
        let shared = shared.filter(|_| degrees_of_freedom.is_none());
        if let Some(normal) = shared.and_then(|shared| shared.blocks(members, settings)) {
            let block = |normal: &DMatrix<f64>| normal.columns(0, members) * &factor;
            return Some(Self { blocks: normal.par_iter().map(block).collect() });
        }
        let block = |number: usize| {
            let mut rng = stream_of(number, settings);
            let mut draws = normal_block(number, total, members, &mut rng) * &factor;
            if let Some(chi_squared) = degrees_of_freedom.and_then(|df| ChiSquared::new(df).ok()) {
                for mut draw in draws.row_iter_mut() {
                    let size: f64 = chi_squared.sample(&mut rng);
                    draw *= (degrees_of_freedom.unwrap_or(1.0) / size).sqrt();
                }
            }
            draws
        };
        Some(Self { blocks: (0..total.div_ceil(BLOCK)).into_par_iter().map(block).collect() })
    }

    /// For each draw the largest statistic among the statements tested.
    fn largest_statistics(&self, pairs: &[OrderedPair]) -> Vec<f64> {
        let Some(members) = self.blocks.first().map(DMatrix::ncols) else { return Vec::new() };
        let statements = Statements::of(members, pairs);
        let of_block = |block: &DMatrix<f64>| {
            // A draw lies side by side in the transposed block.
            let draws = block.transpose();
            draws.column_iter().map(|draw| statements.largest_statistic(draw.as_slice())).collect::<Vec<f64>>()
        };
        self.blocks.par_iter().flat_map_iter(of_block).collect()
    }

    /// The largest statistic of one draw.
    fn largest_of(&self, draw: usize, statements: &Statements) -> f64 {
        let errors: Vec<f64> = self.blocks[draw / BLOCK].row(draw % BLOCK).iter().copied().collect();
        statements.largest_statistic(&errors)
    }

    /// The level's quantile of the largest statistic among the statements still tested.
    ///
    /// `largest` holds what it was among more statements, and so bounds it from above: only the
    /// draws at the top need to be looked at again, until none below can reach the quantile.
    fn critical_value(&self, pairs: &[OrderedPair], largest: &mut [f64], level: f64) -> f64 {
        let above = largest.len() - ((level * largest.len() as f64).ceil() as usize).clamp(1, largest.len());
        let mut order: Vec<usize> = (0..largest.len()).collect();
        order.sort_by(|&a, &b| largest[b].total_cmp(&largest[a]));
        let statements = Statements::of(self.blocks.first().map_or(0, DMatrix::ncols), pairs);
        let mut exact = Vec::new();
        for batch in order.chunks(BATCH) {
            if exact.get(above).is_some_and(|&quantile| quantile >= largest[batch[0]]) {
                break;
            }
            let updated: Vec<f64> = batch.par_iter().map(|&draw| self.largest_of(draw, &statements)).collect();
            for (&draw, &statistic) in batch.iter().zip(&updated) {
                largest[draw] = statistic;
            }
            exact.extend(updated);
            exact.sort_by(|a, b| f64::total_cmp(b, a));
        }
        exact[above]
    }
}

/// The statements "one member is above another" that are tested, by the precisions of the differences.
struct Statements {
    members: usize,
    /// A square, row by row: the row's member above the column's. 0 where nothing is tested.
    precisions: Vec<f64>,
    /// The largest of each row.
    largest: Vec<f64>,
}

impl Statements {
    /// Both directions of each pair, but for those accepted.
    fn of(members: usize, pairs: &[OrderedPair]) -> Self {
        let mut found = Self { members, precisions: vec![0.0; members * members], largest: vec![0.0; members] };
        for pair in pairs {
            let both = [(pair.upper, pair.lower, pair.accepted), (pair.lower, pair.upper, false)];
            for (above, below, _) in both.into_iter().filter(|&(.., accepted)| !accepted) {
                found.precisions[above * members + below] = pair.precision;
                found.largest[above] = found.largest[above].max(pair.precision);
            }
        }
        found
    }

    /// The largest statistic of a draw. A member that would not reach what was found already if it stood at its best
    /// precision against the lowest is passed over, which leaves few of most draws.
    fn largest_statistic(&self, errors: &[f64]) -> f64 {
        let lowest = errors.iter().copied().fold(f64::INFINITY, |low, error| if error < low { error } else { low });
        let bound = |member: usize| self.largest[member] * (errors[member] - lowest);
        let (mut first, mut reach) = (0, 0.0);
        for member in 0..self.members {
            if bound(member) > reach {
                (first, reach) = (member, bound(member));
            }
        }
        let mut largest = self.largest_of_row(errors, first);
        for member in (0..self.members).filter(|&member| member != first) {
            if bound(member) > largest {
                largest = largest.max(self.largest_of_row(errors, member));
            }
        }
        largest
    }

    /// The largest statistic of a member above others, a few of them at a time.
    fn largest_of_row(&self, errors: &[f64], member: usize) -> f64 {
        const LANES: usize = 8;
        let row = &self.precisions[member * self.members..][..self.members];
        let own = errors[member];
        let ((many, rest), (precise, others)) = (errors.as_chunks::<LANES>(), row.as_chunks::<LANES>());
        let mut largest = [0.0_f64; LANES];
        for (errors, precisions) in many.iter().zip(precise) {
            for lane in 0..LANES {
                let found = (own - errors[lane]) * precisions[lane];
                largest[lane] = if found > largest[lane] { found } else { largest[lane] };
            }
        }
        let rest = rest.iter().zip(others).map(|(&error, &precision)| (own - error) * precision);
        largest.into_iter().chain(rest).fold(0.0, |one, other| if other > one { other } else { one })
    }
}

/// A lower triangular L with L Lᵀ = C up to a shift common to all members, which no difference sees
/// and which makes the covariance of mean-free ratings regular. What is still singular gets a ridge
/// too small to matter.
pub(super) fn factor(covariance: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let n = covariance.nrows();
    let level = covariance.trace() / n as f64;
    if !level.is_finite() || level <= 0.0 {
        return None;
    }
    let shifted = covariance.add_scalar(level / n as f64);
    [0.0, 1e-14, 1e-12, 1e-10, 1e-8].into_iter().find_map(|ridge| {
        let regular = &shifted + DMatrix::from_diagonal_element(n, n, ridge * level);
        Cholesky::new(regular).map(Cholesky::unpack)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::Spread;

    fn independent(errors: &[f64]) -> Uncertainty {
        let n = errors.len();
        let covariance = DMatrix::from_fn(n, n, |i, j| if i == j { errors[i] * errors[i] } else { 0.0 });
        Uncertainty::new(n, (0..n as u32).map(ItemId).collect(), Spread::Covariance(covariance))
    }

    fn ids(n: u32) -> Vec<ItemId> {
        (0..n).map(ItemId).collect()
    }

    /// The 95% critical value of equal items, from 200,000 draws: known to 0.005.
    fn critical(errors: &[f64]) -> f64 {
        let n = errors.len() as u32;
        let covariance = independent(errors).covariance_of(&ids(n));
        let settings = RankSettings { draws: 200_000, ..RankSettings::default() };
        let draws = Draws::new(&covariance, None, settings, None).expect("a regular covariance");
        let pairs = ordered_pairs(&covariance, |_, _| true);
        draws.critical_value(&pairs, &mut draws.largest_statistics(&pairs), 0.95)
    }

    #[test]
    fn two_items_have_the_critical_value_of_one_two_sided_test() {
        // The normal quantile.
        assert!((critical(&[1.0, 1.0]) - 1.959_964).abs() < 0.02);
    }

    #[test]
    fn three_equal_items_need_tukeys_critical_value() {
        // Studentised range, three groups, infinite degrees of freedom: 3.3145 / sqrt(2).
        assert!((critical(&[1.0, 1.0, 1.0]) - 3.3145 / 2.0_f64.sqrt()).abs() < 0.02);
    }

    #[test]
    fn bounds_from_more_statements_give_the_quantile_of_fewer() {
        let covariance = independent(&[1.0, 2.0, 0.5, 1.0]).covariance_of(&ids(4));
        let draws = Draws::new(&covariance, None, RankSettings::default(), None).expect("a regular covariance");
        let mut pairs = ordered_pairs(&covariance, |_, _| true);
        let mut bounds = draws.largest_statistics(&pairs);
        pairs[0].accepted = true;
        pairs[3].accepted = true;
        let statements = Statements::of(4, &pairs);
        let mut exact: Vec<f64> = (0..bounds.len()).map(|draw| draws.largest_of(draw, &statements)).collect();
        exact.sort_by(f64::total_cmp);
        assert_eq!(draws.critical_value(&pairs, &mut bounds, 0.95).to_bits(), exact[9_499].to_bits());
    }

    #[test]
    fn far_apart_is_separated_and_near_is_not() {
        let found = rank_intervals(&ids(3), &[10.0, 0.0, 0.1], &independent(&[1.0, 1.0, 1.0]), RankSettings::default());
        assert_eq!(found.interval(0), Some((1, 1)));
        assert_eq!(found.interval(1), Some((2, 3)));
        assert_eq!(found.interval(2), Some((2, 3)));
        assert_eq!((found.is_above(0, 1), found.is_above(1, 2)), (Some(true), Some(false)));
    }

    #[test]
    fn an_item_without_an_error_has_no_rank_interval() {
        let mut uncertainty = independent(&[1.0, 1.0]);
        uncertainty.position.push(None);
        for rule in [RankRule::Simultaneous, RankRule::Overlap] {
            let found = rank_intervals(
                &ids(3),
                &[10.0, 0.0, 50.0],
                &uncertainty,
                RankSettings { rule, ..RankSettings::default() },
            );
            assert_eq!(found.interval(2), None);
            assert_eq!(found.interval(0), Some((1, 2)), "the third may be anywhere");
        }
    }

    #[test]
    fn items_that_can_not_differ_are_not_told_apart() {
        let covariance = DMatrix::from_element(2, 2, 1.0);
        let uncertainty = Uncertainty::new(2, ids(2), Spread::Covariance(covariance));
        let found = rank_intervals(&ids(2), &[1.0, 0.0], &uncertainty, RankSettings::default());
        assert_eq!(found.interval(0), Some((1, 2)));
    }

    #[test]
    fn draws_that_boards_share_change_no_interval() {
        let errors: Vec<f64> = (1..40).map(|item| 0.02 + f64::from(item % 7) / 50.0).collect();
        let ratings: Vec<f64> = (1..40).map(|item| f64::from(item * item % 17) / 10.0).collect();
        let (items, uncertainty) = ((0..39).map(ItemId).collect::<Vec<_>>(), independent(&errors));
        let settings = RankSettings { draws: 1000, ..RankSettings::default() };
        let own = rank_intervals(&items, &ratings, &uncertainty, settings);
        for members in [39, 60] {
            let shared = NormalDraws::new(members, settings);
            assert_eq!(rank_intervals_with(&items, &ratings, &uncertainty, settings, Some(&shared)), own);
        }
        let few = NormalDraws::new(3, settings);
        assert_eq!(rank_intervals_with(&items, &ratings, &uncertainty, settings, Some(&few)), own);
    }

    #[test]
    fn the_largest_statistic_of_a_draw_is_that_of_all_statements_tested() {
        let mut rng = stream(3, Purpose::RankIntervals, 0);
        for members in [1, 2, 7, 8, 9, 30] {
            let mut pairs = Vec::new();
            for upper in 0..members {
                for lower in upper + 1..members {
                    let precision = 0.5 + ((upper * 7 + lower) % 11) as f64;
                    pairs.push(OrderedPair { upper, lower, precision, accepted: (upper + lower) % 3 == 0 });
                }
            }
            let statements = Statements::of(members, &pairs);
            for _ in 0..50 {
                let errors: Vec<f64> = (0..members).map(|_| StandardNormal.sample(&mut rng)).collect();
                let statistic = |pair: &OrderedPair| {
                    let reverse = (errors[pair.lower] - errors[pair.upper]) * pair.precision;
                    if pair.accepted { reverse } else { reverse.abs() }
                };
                let expected = pairs.iter().map(statistic).fold(0.0, f64::max);
                assert_eq!(statements.largest_statistic(&errors).to_bits(), f64::to_bits(expected));
            }
        }
    }
}
