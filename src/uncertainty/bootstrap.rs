//! The bootstrap: the method refitted on resampled evidence, from the full fit.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::weighted::WeightedAliasIndex;
use rand_distr::{Binomial, Distribution, Poisson};
use rayon::prelude::*;

use super::clusters::Clusters;
use super::covariance::{FEW_UNITS, counted_units, few_clusters};
use super::estimate::{OUTSIDE, groups_of, rows_of};
use super::{ClusterSummary, Spread, Uncertainty};
use crate::data::graph::{CellSum, PreferenceGraph};
use crate::data::profile::Profile;
use crate::data::{ItemId, Labels, Log};
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
/// Where there are ballots and no rows, ballots are resampled: as many as there are voters, or, where counts are
/// [weights](Profile::is_weighted), as many as there are entries. Else raters of a graph get multinomially resampled cells,
/// which for equal weights is the same as resampling rows; a cell of unequal weights w counts as
/// (Σw)²/Σw² comparisons, which keeps its mean and variance. Raters of a sequence get resampled rows in
/// their order. With clusters whole clusters are drawn, which a profile does not have: then ballots are
/// those of the rows. A replicate whose ratings are not identified is refitted with the rater's fallback
/// penalty, and their number is told: such replicates pull the intervals in. An item with fewer than
/// [`FEW_UNITS`] comparisons (or clusters, or ballots where they are resampled) has no interval, and a
/// note names it: so few can't be resampled. Intervals are percentiles. `progress` is called after each replicate.
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
    let grouped = clusters.map(|(clusters, _)| clusters);
    if fitted.likelihood().is_some_and(|likelihood| likelihood.rows().is_some()) {
        let message =
            "the bootstrap resamples counts, which have no covariates: no interval was computed; the sandwich has some";
        return Ok(Uncertainty { notes: vec![Note::new("intervals-skipped", message)], ..Uncertainty::unknown(items) });
    }
    if let Some(note) = weak_link(evidence.graph, fitted) {
        return Ok(Uncertainty { notes: vec![note], ..Uncertainty::unknown(items) });
    }
    let ballots = evidence.ballots.filter(|_| grouped.is_none() && evidence.rows.is_none());
    let ballots = ballots.map(|profile| Clusters::of_ballots(profile, evidence.graph));
    let drawn = grouped.or(ballots.as_ref());
    let units = match evidence.ballots {
        Some(profile) if ballots.is_some() && rater.counts_ballots() => ballots_with(profile),
        _ => units(evidence.graph, fitted, drawn),
    };
    let identified = &fitted.identification().members;
    let (members, few): (Vec<ItemId>, Vec<ItemId>) =
        identified.iter().partition(|member| units[member.index()] >= FEW_UNITS);
    let mut notes: Vec<Note> = (!few.is_empty()).then(|| few_units(evidence.graph, &few, drawn)).into_iter().collect();
    if members.is_empty() {
        return Ok(Uncertainty { notes, ..Uncertainty::unknown(items) });
    }
    let resampler = Resampler::new(evidence, clusters)?;
    let settled = rater.with_choices_of(fitted);
    let rater = settled.as_deref().unwrap_or(rater);
    let replicate = |number: u32| -> Result<Replicate, FitError> {
        let mut rng = stream(settings.seed, Purpose::Bootstrap, u64::from(number));
        let refit = resampler.refit(rater, fitted, &mut rng)?;
        progress();
        Ok(Replicate::of(&*refit, identified, &members, settings.units))
    };
    let replicates: Vec<Replicate> =
        (0..settings.resamples).into_par_iter().map(replicate).collect::<Result<_, _>>()?;
    notes.extend(not_identified(fitted, &replicates));
    let by_member = |member: usize| replicates.iter().map(|replicate| replicate.ratings[member]).collect();
    let found =
        Uncertainty::new(items, members.clone(), Spread::Replicates((0..members.len()).map(by_member).collect()));
    if members.iter().all(|&member| found.std_error(member).is_none_or(|error| error <= 0.0)) {
        let message = "every resample gave the same ratings, so there is no spread to tell errors from: what the input says is \
                       unanimous, or all of it is ties";
        notes.push(Note::new("no-spread", message));
        return Ok(Uncertainty { notes, ..Uncertainty::unknown(items) });
    }
    let clusters = grouped.map(|clusters| ClusterSummary {
        column: clusters.column.clone(),
        clusters: clusters.used(),
        design_effect: None,
    });
    notes.extend(clusters.as_ref().and_then(few_clusters));
    Ok(Uncertainty { clusters, notes, ..found })
}

/// The ratings of one refit.
struct Replicate {
    /// Of the members; of log-odds, relative to the mean of all identified items.
    ratings: Vec<f64>,
    identified: bool,
}

impl Replicate {
    fn of(refit: &dyn Fitted, identified: &[ItemId], members: &[ItemId], units: Units) -> Self {
        let rating = |item: &ItemId| refit.ratings()[item.index()];
        let mean = match units {
            Units::LogOdds => identified.iter().map(rating).sum::<f64>() / identified.len() as f64,
            _ => 0.0,
        };
        Self {
            ratings: members.iter().map(|member| rating(member) - mean).collect(),
            identified: refit.identification().status == Status::Identified,
        }
    }
}

/// A note where some resamples could not identify what the log could.
fn not_identified(fitted: &dyn Fitted, replicates: &[Replicate]) -> Option<Note> {
    let unidentified = replicates.iter().filter(|replicate| !replicate.identified).count();
    let penalised = fitted.likelihood().is_some() && fitted.identification().status == Status::Identified;
    (unidentified > 0 && penalised).then(|| {
        let message = format!(
            "{unidentified} of {} resamples left some rating without a finite estimate and were fitted with a penalty: intervals are too short there",
            replicates.len()
        );
        Note::new("bootstrap-not-identified", message)
    })
}

/// For each cell whether its comparisons say anything.
fn speaking_cells(graph: &PreferenceGraph, fitted: &dyn Fitted) -> Vec<bool> {
    let uses = |share| fitted.likelihood().is_none_or(|likelihood| likelihood.uses(share));
    graph.cells().iter().zip(graph.sums()).map(|(cell, sum)| sum.weight > 0.0 && uses(cell.share)).collect()
}

/// For each item the clusters, or else the comparisons, that it occurs in.
fn units(graph: &PreferenceGraph, fitted: &dyn Fitted, clusters: Option<&Clusters>) -> Vec<f64> {
    let speaking = speaking_cells(graph, fitted);
    let mut units = vec![0.0; graph.items().len()];
    let items = |cell: usize| {
        let pair = graph.pairs()[graph.cells()[cell].pair as usize];
        [pair.low.index(), pair.high.index()]
    };
    let Some(clusters) = clusters else {
        for (cell, sum) in graph.sums().iter().enumerate().filter(|(cell, _)| speaking[*cell]) {
            for item in items(cell) {
                units[item] += sum.count;
            }
        }
        return units;
    };
    let mut last = vec![usize::MAX; graph.items().len()];
    for cluster in 0..clusters.len() {
        for (cell, _) in clusters.comparisons(cluster).filter(|&(cell, weight)| speaking[cell] && weight > 0.0) {
            for item in items(cell) {
                if std::mem::replace(&mut last[item], cluster) != cluster {
                    units[item] += clusters.copies(cluster);
                }
            }
        }
    }
    units
}

/// For each group of members the comparisons that say something of how far it is from the others.
fn links(graph: &PreferenceGraph, fitted: &dyn Fitted, row: &[usize], group: &[usize], groups: usize) -> Vec<f64> {
    let mut links = vec![0.0; groups];
    let cells = graph.cells().iter().zip(graph.sums()).zip(speaking_cells(graph, fitted));
    for ((cell, sum), _) in cells.filter(|(_, speaking)| *speaking) {
        let pair = graph.pairs()[cell.pair as usize];
        let (low, high) = (row[pair.low.index()], row[pair.high.index()]);
        if low != OUTSIDE && high != OUTSIDE && group[low] != group[high] {
            links[group[low]] += sum.count;
            links[group[high]] += sum.count;
        }
    }
    links
}

/// A note where a group of items hangs on the rest by fewer comparisons than can be resampled.
fn weak_link(graph: &PreferenceGraph, fitted: &dyn Fitted) -> Option<Note> {
    fitted.likelihood()?;
    let members = &fitted.identification().members;
    let row = rows_of(members, graph.items().len());
    let (group, groups) = groups_of(graph, &speaking_cells(graph, fitted), &row, members.len());
    let links = links(graph, fitted, &row, &group, groups);
    let mut sizes = vec![0; groups];
    for &group in &group {
        sizes[group] += 1;
    }
    let weak = (0..groups).find(|&it| links[it] < FEW_UNITS && sizes[it] > 1 && sizes[it] < members.len())?;
    let ids: Vec<ItemId> = members.iter().zip(&group).filter(|(_, group)| **group == weak).map(|(id, _)| *id).collect();
    let message = format!(
        "{} comparisons link {} with the rest, too few to resample, so there is no interval; a sandwich has the model's there",
        links[weak],
        graph.items().listed(&ids, |_| "")
    );
    Some(Note::new("few-comparisons", message))
}

fn few_units(graph: &PreferenceGraph, few: &[ItemId], clusters: Option<&Clusters>) -> Note {
    let what = counted_units(clusters.map(|clusters| clusters.column.as_str()));
    let names = graph.items().listed(few, |_| "");
    let message = format!(
        "fewer than {FEW_UNITS} {what} are too few to resample, so there is no interval for {} of {} items: {names}",
        few.len(),
        graph.items().len()
    );
    Note::new("few-comparisons", message)
}

/// For each item the ballots on which it stands. O(places).
fn ballots_with(profile: &Profile) -> Vec<f64> {
    let mut with = vec![0.0; profile.items().len()];
    for (ballot, size) in profile.ballots().zip(profile.sizes(1)) {
        for item in ballot.ranked {
            with[item.index()] += size;
        }
    }
    with
}

/// What a replicate is drawn from.
enum Resampler<'a> {
    /// Ballots, as many as there are voters, or entries where counts are weights.
    Ballots {
        profile: &'a Profile,
        urn: Urn,
    },
    Cells {
        graph: &'a PreferenceGraph,
        urn: Urn,
    },
    ClustersOfCells {
        graph: &'a PreferenceGraph,
        clusters: &'a Clusters,
    },
    /// `singles` are the rows of single comparisons.
    Rows {
        graph: &'a PreferenceGraph,
        log: &'a Log,
        singles: Vec<u32>,
        labels: Option<&'a Labels>,
        /// Whether the rater reads them as ballots of two.
        are_ballots: bool,
    },
}

impl<'a> Resampler<'a> {
    fn new(evidence: Evidence<'a>, clusters: Option<(&'a Clusters, &'a Labels)>) -> Result<Self, FitError> {
        let graph = evidence.graph;
        Ok(match (evidence.ballots, evidence.rows, clusters) {
            (Some(profile), None, None) => Self::Ballots { profile, urn: Urn::of_sizes(profile.sizes(1)) },
            (None, None, None) => Self::Cells { graph, urn: Urn::new(graph) },
            (_, None, Some((clusters, _))) => Self::ClustersOfCells { graph, clusters },
            (ballots, Some(log), clusters) => {
                let not_whole =
                    |count: f64| FitError::NotWholeCounts { method: "the bootstrap", count: count.to_string() };
                let labels = clusters.map(|(_, labels)| labels);
                let singles = log.singles().map_err(not_whole)?;
                Self::Rows { graph, log, singles, labels, are_ballots: ballots.is_some() }
            }
        })
    }

    fn refit(&self, rater: &dyn Rater, full: &dyn Fitted, rng: &mut SimRng) -> Result<Box<dyn Fitted>, FitError> {
        let start = Some(full.ratings());
        match self {
            Self::Ballots { profile, urn } => {
                let drawn = urn.counts(rng).into_iter().enumerate();
                let counts: Vec<f64> = drawn.map(|(entry, drawn)| drawn * profile.unit(entry)).collect();
                let resampled = profile.with_counts(&counts);
                let graph = resampled.graph();
                rater.fit(Evidence { graph: &graph, rows: None, ballots: Some(&resampled) }, start)
            }
            Self::Cells { graph, urn } => rater.fit((&graph.with_sums(urn.draw(rng))).into(), start),
            Self::ClustersOfCells { graph, clusters } => {
                rater.fit((&graph.with_sums(resampled_clusters(graph, clusters, rng))).into(), start)
            }
            Self::Rows { graph, log, singles, labels, are_ballots } => {
                let resampled = log.select_singles(&resampled_rows(log, singles, *labels, rng));
                if !are_ballots {
                    return rater.fit(Evidence { graph, rows: Some(&resampled), ballots: None }, start);
                }
                let (graph, ballots) = (PreferenceGraph::from_log(&resampled), Profile::from_log(&resampled));
                rater.fit(Evidence { graph: &graph, rows: Some(&resampled), ballots: Some(&ballots) }, start)
            }
        }
    }
}

/// The cell sums of as many clusters as there are, drawn with replacement.
fn resampled_clusters(graph: &PreferenceGraph, clusters: &Clusters, rng: &mut SimRng) -> Vec<CellSum> {
    let copies = drawn_clusters(clusters, rng);
    let mut sums = vec![CellSum::default(); graph.cells().len()];
    for (cluster, &copies) in copies.iter().enumerate().filter(|(_, copies)| **copies > 0.0) {
        for (cell, weight) in clusters.comparisons(cluster) {
            let sum = &mut sums[cell];
            sum.count += copies;
            sum.weight += copies * weight;
            sum.weight_squared += copies * weight * weight;
        }
    }
    sums
}

/// How often each cluster comes up in as many draws as there are clusters, equal ones counted.
fn drawn_clusters(clusters: &Clusters, rng: &mut SimRng) -> Vec<f64> {
    let sizes: Vec<f64> = (0..clusters.len()).map(|cluster| clusters.copies(cluster)).collect();
    if sizes.iter().all(|&copies| copies <= 1.0) {
        return draw_with_replacement(clusters.len(), rng).into_iter().map(f64::from).collect();
    }
    Urn::of_sizes(sizes).counts(rng)
}

/// The rows of resampled comparisons, in the order of the log; where it counts and so has no order, in
/// a random one.
fn resampled_rows(log: &Log, singles: &[u32], labels: Option<&Labels>, rng: &mut SimRng) -> Vec<u32> {
    let mut rows = if let Some(labels) = labels {
        let copies = draw_with_replacement(labels.names.len(), rng);
        repeated(singles, |_, row| copies[labels.ids[row as usize] as usize])
    } else {
        let copies = draw_with_replacement(singles.len(), rng);
        repeated(singles, |place, _| copies[place])
    };
    if log.is_counted() {
        rows.shuffle(rng);
    }
    rows
}

/// How often each of `n` things comes up in `n` draws with replacement.
fn draw_with_replacement(n: usize, rng: &mut SimRng) -> Vec<u32> {
    let mut copies = vec![0; n];
    for _ in 0..n {
        copies[rng.random_range(0..n)] += 1;
    }
    copies
}

/// Each row as often as its number of copies says, in order.
fn repeated(rows: &[u32], copies: impl Fn(usize, u32) -> u32) -> Vec<u32> {
    let repeat = |(place, &row): (usize, &u32)| std::iter::repeat_n(row, copies(place, row) as usize);
    rows.iter().enumerate().flat_map(repeat).collect()
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
    /// For each cell the number of comparisons that it counts as.
    sizes: Vec<f64>,
    /// The bulk of each cell; `None` for a cell that is never drawn.
    bulk: Vec<Option<Poisson<f64>>>,
    /// The cell of a single comparison; `None` where there are none at all.
    single: Option<WeightedAliasIndex<f64>>,
    /// For each cell the sums of one comparison; empty for ballots.
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
        let unit = |(sum, &size): (&CellSum, &f64)| {
            if size <= 0.0 {
                return CellSum::default();
            }
            let weight = sum.weight / size;
            CellSum { count: sum.count / size, weight, weight_squared: weight * weight }
        };
        let units = graph.sums().iter().zip(&sizes).map(unit).collect();
        Self { units, ..Self::of_sizes(sizes) }
    }

    fn of_sizes(sizes: Vec<f64>) -> Self {
        let total = sizes.iter().sum::<f64>().round();
        let part = 1.0 - SHORT_BY / total.max(1.0).sqrt();
        Self {
            total: total as u64,
            bulk: sizes.iter().map(|size| Poisson::new(size * part).ok()).collect(),
            units: Vec::new(),
            single: WeightedAliasIndex::new(sizes.clone()).ok(),
            sizes,
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

    /// Deals `rest` comparisons to the cells, one binomial a cell of what earlier cells have left.
    fn deal(&self, mut rest: u64, counts: &mut [f64], rng: &mut SimRng) {
        let mut left: f64 = self.sizes.iter().sum();
        for (count, &size) in counts.iter_mut().zip(&self.sizes).filter(|(_, size)| **size > 0.0) {
            let chance = if left > size { size / left } else { 1.0 };
            let dealt = Binomial::new(rest, chance).map_or(0, |binomial| binomial.sample(rng));
            *count += dealt as f64;
            rest -= dealt;
            left -= size;
        }
    }

    /// How many comparisons fall into each cell.
    fn counts(&self, rng: &mut SimRng) -> Vec<f64> {
        let Some(single) = &self.single else { return vec![0.0; self.sizes.len()] };
        loop {
            let bulk = |cell: &Option<Poisson<f64>>| cell.as_ref().map_or(0.0, |poisson| poisson.sample(rng));
            let mut counts: Vec<f64> = self.bulk.iter().map(bulk).collect();
            let drawn = counts.iter().sum::<f64>() as u64;
            if drawn > self.total {
                continue;
            }
            let rest = self.total - drawn;
            if rest > 16 * counts.len() as u64 {
                self.deal(rest, &mut counts, rng);
            } else {
                for _ in 0..rest {
                    counts[single.sample(rng)] += 1.0;
                }
            }
            return counts;
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

    /// Forty ballots of three items, each of this weight.
    fn ballots(weight: f64, is_weight: bool) -> Profile {
        let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
        if is_weight {
            profile.take_counts_as_weights();
        }
        for ballot in 0..40 {
            let order = if ballot % 3 == 0 { [2, 1, 0] } else { [0, 1, 2] };
            profile.push(&order.map(|item| [ItemId(item)]), weight).unwrap();
        }
        profile
    }

    fn error_of(profile: &Profile, rows: Option<&Log>) -> Uncertainty {
        let graph = profile.graph();
        let evidence = Evidence { graph: &graph, rows, ballots: Some(profile) };
        let rater = crate::models::BradleyTerry::default();
        let fitted = rater.fit(evidence, None).unwrap();
        let settings = BootstrapSettings { resamples: 200, seed: 1, units: Units::LogOdds };
        bootstrap(&rater, evidence, &*fitted, None, settings, &|| {}).unwrap()
    }

    #[test]
    fn errors_don_t_depend_on_the_unit_of_weights() {
        let one = error_of(&ballots(1.0, false), None).std_error(ItemId(0)).unwrap();
        for weight in [1.0 / 40.0, 0.5, 1000.0] {
            let weighted = error_of(&ballots(weight, true), None).std_error(ItemId(0)).unwrap();
            assert!((weighted / one - 1.0).abs() < 1e-6, "{weight}: {weighted} against {one}");
        }
        // A thousand voters a ballot are another thing.
        let voters = error_of(&ballots(1000.0, false), None).std_error(ItemId(0)).unwrap();
        assert!(voters < 0.1 * one, "{voters} against {one}");
    }

    #[test]
    fn an_item_on_few_ballots_has_no_interval_however_many_pairs_they_are() {
        let mut profile = Profile::new(["a", "b", "c", "d"].into_iter().collect());
        for ballot in 0..40 {
            let order = if ballot % 3 == 0 { [2, 1, 0] } else { [0, 1, 2] };
            profile.push(&order.map(|item| [ItemId(item)]), 1.0).unwrap();
        }
        for order in [[0, 3, 1, 2], [3, 2, 1, 0]] {
            // Six comparisons of the fourth item, on two ballots.
            profile.push(&order.map(|item| [ItemId(item)]), 1.0).unwrap();
        }
        let found = error_of(&profile, None);
        assert_eq!(found.std_error(ItemId(3)), None);
        assert!(found.std_error(ItemId(0)).is_some());
        assert!(found.notes.iter().any(|note| note.message.contains("values of ballot")), "{:?}", found.notes);
    }
}
