//! Comparisons grouped by judge, task or any other column, so that what they share is not counted
//! as independent evidence.

use std::ops::Range;

use rayon::prelude::*;

use crate::data::graph::{CellFinder, PreferenceGraph};
use crate::data::profile::Profile;
use crate::data::{Labels, Log};
use crate::models::Fitted;

/// The cells of a graph that each cluster's comparisons fell into.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// The column whose values are the clusters.
    pub column: String,
    len: usize,
    of_rows: bool,
    /// Stretches of the log, each sorted by cluster.
    parts: Vec<Part>,
    ballots: Option<Ballots>,
}

/// Ballots, each of which is a cluster, and equal ones as often as they were cast.
#[derive(Debug, Clone)]
struct Ballots {
    profile: Profile,
    copies: Vec<f64>,
    finder: CellFinder<'static>,
}

#[derive(Debug, Clone)]
struct Part {
    /// For each cluster the position of its first comparison, and the number of rows at the end.
    offsets: Vec<u32>,
    /// For each comparison, sorted by cluster, the index of its cell, or of its row in the log. A cluster's comparisons that
    /// the graph has no cell for leave [`NO_CELL`] at its end.
    cells: Vec<u32>,
    /// For each comparison its weight, times its count; empty where all are 1.
    weights: Vec<f64>,
}

/// Rows sorted at a time: few enough to stay in a processor's cache.
const PART_ROWS: usize = 1 << 20;
const NO_CELL: u32 = u32::MAX;

impl Clusters {
    /// The rows of `log` by the values of `labels`, in the cells of `graph`, which must be the
    /// graph of that log. Rows whose cell the graph does not have (ties that were dropped) are left
    /// out. O(rows + clusters).
    pub fn new(log: &Log, labels: &Labels, graph: &PreferenceGraph) -> Self {
        let finder = CellFinder::new(graph);
        Self::sorted(log, labels, false, |row| finder.cell_of(log, row))
    }

    /// The rows of `log` by the values of `labels`, each for itself: for fits whose comparisons differ within a cell,
    /// as with covariates. O(rows + clusters).
    pub fn of_rows(log: &Log, labels: &Labels) -> Self {
        Self::sorted(log, labels, true, |row| Some(row as u32))
    }

    /// Those that `fitted` needs of a log and its graph.
    pub fn for_fit(fitted: &dyn Fitted, log: &Log, labels: &Labels, graph: &PreferenceGraph) -> Self {
        let by_row = fitted.likelihood().is_some_and(|likelihood| likelihood.rows().is_some());
        if by_row { Self::of_rows(log, labels) } else { Self::new(log, labels, graph) }
    }

    fn sorted(log: &Log, labels: &Labels, of_rows: bool, slot: impl Fn(usize) -> Option<u32> + Sync) -> Self {
        let clusters = labels.names.len();
        // Every part has an offset a cluster: with many clusters there must be few parts.
        let size = PART_ROWS.max(4 * clusters);
        let part = |number: usize| {
            let rows = number * size..((number + 1) * size).min(log.len());
            Part::sorted(log, rows, &labels.ids, clusters, &slot)
        };
        let parts = (0..log.len().div_ceil(size)).into_par_iter().map(part).collect();
        Self { column: labels.column.clone(), len: clusters, of_rows, parts, ballots: None }
    }

    /// Whether they are of rows rather than of cells.
    pub fn are_of_rows(&self) -> bool {
        self.of_rows
    }

    /// The ballots of `profile`, each voter's by itself, in the cells of `graph`, which must be that of the
    /// profile. Equal ballots of many voters are kept once, so that memory is that of the profile. Where
    /// counts are [weights](Profile::is_weighted), each entry is one ballot. O(places + cells).
    pub fn of_ballots(profile: &Profile, graph: &PreferenceGraph) -> Self {
        let ballots =
            Ballots { profile: profile.clone(), copies: profile.sizes(2), finder: CellFinder::new(graph).into_owned() };
        Self {
            column: Profile::BALLOT.to_owned(),
            len: profile.len(),
            of_rows: false,
            parts: Vec::new(),
            ballots: Some(ballots),
        }
    }

    /// How many clusters are equal to this one, itself included: more than one where voters cast one ballot.
    pub(crate) fn copies(&self, cluster: usize) -> f64 {
        self.ballots.as_ref().map_or(1.0, |ballots| ballots.copies[cluster])
    }

    /// The number of different clusters, empty ones included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no cluster.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The largest sum of the weights of a cluster's comparisons.
    pub(crate) fn largest_weight(&self) -> f64 {
        let weight = |cluster| self.comparisons(cluster).map(|(_, weight)| weight).sum::<f64>();
        (0..self.len()).map(weight).fold(0.0, f64::max)
    }

    /// The number of clusters with a comparison in the graph.
    pub fn used(&self) -> usize {
        let used = (0..self.len()).filter(|&cluster| self.comparisons(cluster).next().is_some());
        used.map(|cluster| self.copies(cluster)).sum::<f64>() as usize
    }

    /// Cell (or row) and weight of each comparison of a cluster, in the order of the log.
    pub(crate) fn comparisons(&self, cluster: usize) -> impl Iterator<Item = (usize, f64)> {
        let of_rows = self.parts.iter().flat_map(move |part| {
            let range = part.offsets[cluster] as usize..part.offsets[cluster + 1] as usize;
            let used = range.take_while(|&slot| part.cells[slot] != NO_CELL);
            used.map(|slot| (part.cells[slot] as usize, part.weights.get(slot).copied().unwrap_or(1.0)))
        });
        of_rows.chain(self.ballots.iter().flat_map(move |ballots| ballots.comparisons(cluster)))
    }
}

impl Ballots {
    /// The comparisons of one ballot; none of one that was not cast.
    fn comparisons(&self, entry: usize) -> impl Iterator<Item = (usize, f64)> {
        let (ballot, unit) = (self.profile.ballot(entry), self.profile.unit(entry));
        let cells = ballot.comparisons().filter_map(|row| self.finder.cell(row));
        cells.filter(move |_| ballot.count > 0.0).map(move |cell| (cell as usize, unit))
    }
}

impl Part {
    /// Some rows by counting sort.
    fn sorted(
        log: &Log,
        rows: Range<usize>,
        labels: &[u32],
        clusters: usize,
        slot_of: &impl Fn(usize) -> Option<u32>,
    ) -> Self {
        let mut next = vec![0_u32; clusters + 1];
        for &label in &labels[rows.clone()] {
            next[label as usize + 1] += 1;
        }
        for cluster in 0..clusters {
            next[cluster + 1] += next[cluster];
        }
        let offsets = next.clone();
        let weighted = log.is_counted() || !log.weights.is_empty();
        let mut cells = vec![NO_CELL; rows.len()];
        let mut weights = if weighted { vec![0.0; rows.len()] } else { Vec::new() };
        for row in rows {
            let Some(cell) = slot_of(row) else { continue };
            let place = &mut next[labels[row] as usize];
            let slot = *place as usize;
            *place += 1;
            cells[slot] = cell;
            if weighted {
                let row = log.row(row);
                weights[slot] = row.weight * row.count;
            }
        }
        Self { offsets, cells, weights }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::data::ItemId;
    use crate::models::{BradleyTerry, Evidence, Rater};
    use crate::uncertainty::{CovarianceKind, covariance};

    fn profile(unit: f64) -> Profile {
        let mut profile = Profile::new(["a", "b", "c", "d"].into_iter().collect());
        let ballots: [(f64, &[&[u32]]); 6] = [
            (24.0, &[&[0], &[1], &[2]]),
            (31.0, &[&[2], &[0, 1]]),
            (9.0, &[&[3], &[1]]),
            (7.0, &[&[1], &[3], &[0]]),
            (5.0, &[&[2], &[3]]),
            (1000.0, &[&[3]]),
        ];
        for (count, groups) in ballots {
            let groups: Vec<Vec<ItemId>> = groups.iter().map(|it| it.iter().copied().map(ItemId).collect()).collect();
            profile.push(&groups, count * unit).unwrap();
        }
        profile
    }

    fn errors(graph: &PreferenceGraph, clusters: &Clusters) -> (Vec<f64>, usize) {
        let fitted = BradleyTerry::default().fit(Evidence::from(graph), None).unwrap();
        let found = covariance(&*fitted, graph, CovarianceKind::Sandwich, Some(clusters));
        let error = |item| found.std_error(ItemId(item)).unwrap();
        ((0..4).map(error).collect(), found.clusters.as_ref().unwrap().clusters)
    }

    #[test]
    fn voters_of_equal_ballots_are_clusters_of_their_own() {
        let profile = profile(1.0);
        let (graph, log) = (profile.graph(), profile.to_log());
        let by_voter = errors(&graph, &Clusters::new(&log, log.labels(Profile::BALLOT).unwrap(), &graph));
        let by_ballot = errors(&graph, &Clusters::of_ballots(&profile, &graph));
        assert_eq!((by_voter.1, by_ballot.1), (76, 76));
        for (voter, ballot) in by_voter.0.iter().zip(&by_ballot.0) {
            assert_relative_eq!(voter, ballot, max_relative = 1e-9);
        }
    }

    #[test]
    fn more_voters_than_rows_could_hold_are_still_clusters() {
        let millions = profile(1e7);
        assert!(!millions.has_few_voters());
        let (few, many) = (profile(1.0), millions.graph());
        let (errors_few, _) = errors(&few.graph(), &Clusters::of_ballots(&few, &few.graph()));
        let (errors_many, voters) = errors(&many, &Clusters::of_ballots(&millions, &many));
        assert_eq!(voters, 760_000_000);
        // Ten million times the voters, and the factors of small samples gone.
        for (few, many) in errors_few.iter().zip(&errors_many) {
            assert_relative_eq!(few / many, 1e7_f64.sqrt(), max_relative = 0.02);
        }
    }

    #[test]
    fn weights_of_ballots_don_t_make_voters() {
        let (one, thousand) = (profile(1.0), profile(1000.0));
        let weighted = |mut profile: Profile| {
            profile.take_counts_as_weights();
            errors(&profile.graph(), &Clusters::of_ballots(&profile, &profile.graph()))
        };
        let (one, thousand) = (weighted(one), weighted(thousand));
        assert_eq!((one.1, thousand.1), (5, 5));
        for (one, thousand) in one.0.iter().zip(&thousand.0) {
            assert_relative_eq!(one, thousand, max_relative = 0.05);
        }
    }
}
