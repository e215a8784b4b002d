//! The parts of a covariance in closed form: the curvature of a likelihood, and the sums of the scores
//! of its comparisons.

mod bordered;

use nalgebra::DMatrix;
use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

pub(super) use self::bordered::Leverage;
use super::clusters::Clusters;
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::models::bradley_terry::dense_laplacian;
use crate::models::{CellScore, Curvature, Likelihood, RowLikelihood};

/// Parts into which the clusters are cut for parallel sums: fixed, so that the number of threads
/// changes no sum.
const PARTS: usize = 16;
pub(super) const OUTSIDE: usize = usize::MAX;
/// A score below this share of what it is the sum of is zero but for rounding.
pub(super) const NO_SCORE: f64 = 1e-9;
/// Squared scores that sum to less than this share of the squared weights are rounding.
const NO_SPREAD: f64 = 1e-20;

/// J, and for each member, and after them each group, how many comparisons or clusters have a score
/// against the rest that is not zero.
pub(super) struct OuterProducts {
    pub(super) sum: DMatrix<f64>,
    units: Vec<f64>,
    /// The number of clusters with a comparison between members that enters the likelihood.
    pub(super) clusters: usize,
}

/// Members on one side of a cut through the graph, by row.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) members: Vec<usize>,
    /// Clusters, or else comparisons, with a score across the cut that is not zero.
    pub(super) units: f64,
}

/// Items that met in fewer comparisons than this are not held together by them.
const HOLDS_TOGETHER: f64 = 5.0;

/// A fit restricted to some items, and the likelihood around it.
pub(super) struct Estimate<'a> {
    graph: &'a PreferenceGraph,
    curvature: Curvature,
    scores: Vec<CellScore>,
    /// Where comparisons of one cell differ, they stand in for curvature and scores.
    rows: Option<Box<dyn RowLikelihood + 'a>>,
    /// For each cell whether it enters the likelihood.
    used: Vec<bool>,
    members: usize,
    /// For each member its group: members that met often enough, directly or through others.
    group: Vec<usize>,
    groups: usize,
    /// For each item its row, or [`OUTSIDE`].
    row: Vec<usize>,
}

impl<'a> Estimate<'a> {
    pub(super) fn new(likelihood: &'a dyn Likelihood, graph: &'a PreferenceGraph, members: &[ItemId]) -> Self {
        let row = rows_of(members, graph.items().len());
        let used: Vec<bool> = graph.cells().iter().map(|cell| likelihood.uses(cell.share)).collect();
        let (group, groups) = groups_of(graph, &used, &row, members.len());
        let rows = likelihood.rows();
        let (curvature, scores) = match &rows {
            Some(_) => Default::default(),
            None => (likelihood.curvature(), likelihood.cell_scores(graph)),
        };
        Self { graph, group, groups, curvature, scores, rows, used, members: members.len(), row }
    }

    pub(super) fn has_parameter(&self) -> bool {
        self.rows.as_ref().map_or(!self.curvature.cross.is_empty(), |rows| rows.has_parameter())
    }

    /// Whether scores are those of rows rather than of cells.
    pub(super) fn is_by_row(&self) -> bool {
        self.rows.is_some()
    }

    /// How many of the parameters are coefficients of covariates.
    pub(super) fn covariates(&self) -> usize {
        self.rows.as_ref().map_or(0, |rows| rows.covariates())
    }

    /// What the coefficients are divided by to be told.
    pub(super) fn units(&self) -> Vec<f64> {
        self.rows.iter().flat_map(|rows| (0..rows.covariates()).map(|place| rows.unit(place))).collect()
    }

    /// The name of the covariate of a coefficient.
    pub(super) fn name(&self, place: usize) -> String {
        self.rows.as_ref().map_or_else(String::new, |rows| rows.name(place).to_owned())
    }

    /// How many parameters all comparisons share.
    fn shared(&self) -> usize {
        usize::from(self.has_parameter()) + self.covariates()
    }

    /// Each member alone, and each group of several but not all, with what tells how far off it is.
    pub(super) fn cuts(&self, outer: &OuterProducts) -> Vec<Cut> {
        let mut groups = vec![Vec::new(); self.groups];
        for (member, &group) in self.group.iter().enumerate() {
            groups[group].push(member);
        }
        let single = (0..self.members).map(|member| Cut { members: vec![member], units: outer.units[member] });
        let several = groups.into_iter().enumerate().filter(|(_, it)| it.len() > 1 && it.len() < self.members);
        single
            .chain(several.map(|(group, members)| Cut { members, units: outer.units[self.members + group] }))
            .collect()
    }

    /// Whether the scores are more than rounding.
    pub(super) fn is_spread(&self, outer: &OuterProducts) -> bool {
        let scale: f64 = self.graph.sums().iter().map(|sum| sum.weight_squared).sum();
        // Of the ratings alone: what all comparisons share has other units.
        outer.sum.view((0, 0), (self.members, self.members)).trace() > NO_SPREAD * scale
    }

    fn size(&self) -> usize {
        self.members + self.shared()
    }

    /// Both rows of a pair, if both items are members.
    fn rows(&self, low: usize, high: usize) -> Option<(usize, usize)> {
        let (low, high) = (self.row[low], self.row[high]);
        (low != OUTSIDE && high != OUTSIDE).then_some((low, high))
    }

    /// P H⁻¹, P taking the mean out of the ratings.
    pub(super) fn bread(&self) -> Option<DMatrix<f64>> {
        let inverse = self.hessian().cholesky()?.inverse();
        Some(without_mean(inverse, self.members))
    }

    fn hessian(&self) -> DMatrix<f64> {
        if let Some(rows) = &self.rows {
            return self.hessian_of_rows(&**rows);
        }
        let curvature = &self.curvature;
        let (mut low, mut high, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let mut border = vec![0.0; self.members];
        let mut corner = 0.0;
        for pair in 0..curvature.low.len() {
            let Some((i, j)) = self.rows(curvature.low[pair] as usize, curvature.high[pair] as usize) else { continue };
            low.push(i as u32);
            high.push(j as u32);
            weights.push(curvature.difference[pair]);
            if self.has_parameter() {
                border[i] += curvature.cross[pair];
                border[j] -= curvature.cross[pair];
                corner += curvature.parameter[pair];
            }
        }
        let ratings = dense_laplacian(self.members, &low, &high, &weights, curvature.penalty);
        if !self.has_parameter() {
            return ratings;
        }
        let mut full = ratings.resize(self.size(), self.size(), 0.0);
        for (i, value) in border.into_iter().enumerate() {
            full[(i, self.members)] = value;
            full[(self.members, i)] = value;
        }
        full[(self.members, self.members)] = corner;
        full
    }

    /// J: the sum over comparisons of w² s sᵀ.
    pub(super) fn outer_products(&self) -> OuterProducts {
        if let Some(rows) = &self.rows {
            return self.outer_products_of_rows(&**rows);
        }
        let mut outer = DMatrix::zeros(self.size(), self.size());
        let mut units = vec![0.0; self.members + self.groups];
        for ((cell, score), sum) in self.graph.cells().iter().zip(&self.scores).zip(self.graph.sums()) {
            let pair = self.graph.pairs()[cell.pair as usize];
            let Some((i, j)) = self.rows(pair.low.index(), pair.high.index()) else { continue };
            if sum.weight > 0.0 && score.difference.abs() > NO_SCORE {
                self.count_units(&mut units, [i, j], sum.count);
            }
            let square = sum.weight_squared * score.difference * score.difference;
            outer[(i, i)] += square;
            outer[(j, j)] += square;
            outer[(i, j)] -= square;
            outer[(j, i)] -= square;
            if self.has_parameter() {
                let (cross, t) = (sum.weight_squared * score.difference * score.parameter, self.members);
                for (row, value) in [(i, cross), (j, -cross)] {
                    outer[(row, t)] += value;
                    outer[(t, row)] += value;
                }
                outer[(t, t)] += sum.weight_squared * score.parameter * score.parameter;
            }
        }
        OuterProducts { sum: outer, units, clusters: 0 }
    }

    /// Counts comparisons of two members for both, and for their groups if these differ.
    fn count_units(&self, units: &mut [f64], pair: [usize; 2], count: f64) {
        let apart = self.group[pair[0]] != self.group[pair[1]];
        for member in pair {
            units[member] += count;
            if apart {
                units[self.members + self.group[member]] += count;
            }
        }
    }

    /// J with the scores summed within clusters first.
    pub(super) fn clustered_outer_products(&self, clusters: &Clusters) -> OuterProducts {
        let size = clusters.len().div_ceil(PARTS).max(1);
        let rows = if self.is_by_row() { Vec::new() } else { self.cell_rows() };
        let parts: Vec<OuterProducts> = (0..clusters.len())
            .collect::<Vec<_>>()
            .par_chunks(size)
            .map(|part| self.outer_products_of(clusters, part, &rows))
            .collect();
        let mut lower = DMatrix::zeros(self.size(), self.size());
        let mut units = vec![0.0; self.members + self.groups];
        let mut used = 0;
        for part in parts {
            lower += part.sum;
            used += part.clusters;
            units.iter_mut().zip(part.units).for_each(|(total, units)| *total += units);
        }
        let sum = DMatrix::from_fn(self.size(), self.size(), |i, j| lower[(i.max(j), i.min(j))]);
        OuterProducts { sum, units, clusters: used }
    }

    /// The lower triangle of J of some clusters. Each touches few items, and only those are added.
    fn outer_products_of(&self, clusters: &Clusters, part: &[usize], rows: &[Option<(usize, usize)>]) -> OuterProducts {
        let mut outer = DMatrix::zeros(self.size(), self.size());
        let size = self.size();
        let mut units = vec![0.0; self.members + self.groups];
        // The entries of groups stand behind those of J.
        let mut total = ClusterScore::new(size + self.groups);
        let mut used = 0;
        let mut shared = vec![0.0; self.shared()];
        for &cluster in part {
            let copies = clusters.copies(cluster);
            let mut is_used = false;
            for (slot, weight) in clusters.comparisons(cluster) {
                let Some((i, j, difference)) = self.score(slot, rows, &mut shared) else { continue };
                is_used |= weight > 0.0;
                let value = weight * difference;
                total.add(i, value);
                total.add(j, -value);
                if self.group[i] != self.group[j] {
                    total.add(size + self.group[i], value);
                    total.add(size + self.group[j], -value);
                }
                for (place, score) in shared.iter().enumerate() {
                    total.add(self.members + place, weight * score);
                }
            }
            total.touched.sort_unstable();
            for (place, &j) in total.touched.iter().enumerate() {
                let by = total.sum[j];
                let counts = if by.abs() > NO_SCORE * total.size[j] { copies } else { 0.0 };
                if j >= size {
                    units[self.members + j - size] += counts;
                    continue;
                }
                if j < self.members {
                    units[j] += counts;
                }
                let column = &mut outer.as_mut_slice()[j * size..][..size];
                for &i in total.touched[place..].iter().take_while(|&&i| i < size) {
                    column[i] += copies * total.sum[i] * by;
                }
            }
            total.clear();
            used += if is_used { copies as usize } else { 0 };
        }
        OuterProducts { sum: outer, units, clusters: used }
    }

    /// The rows of the items of a comparison of a cluster, and its score with respect to their difference; `shared`
    /// gets those with respect to the shared parameters.
    fn score(
        &self,
        slot: usize,
        cell_rows: &[Option<(usize, usize)>],
        shared: &mut [f64],
    ) -> Option<(usize, usize, f64)> {
        if let Some(rows) = &self.rows {
            let score = rows.score(slot, shared)?;
            let (i, j) = self.rows(score.low.index(), score.high.index())?;
            return Some((i, j, score.difference));
        }
        let (i, j) = cell_rows[slot]?;
        let score = self.scores[slot];
        shared.fill(score.parameter);
        Some((i, j, score.difference))
    }

    /// For each cell the rows of its items, if it is between members and enters the likelihood.
    fn cell_rows(&self) -> Vec<Option<(usize, usize)>> {
        let cells = self.graph.cells().iter().zip(&self.used);
        cells
            .map(|(cell, &used)| {
                let pair = self.graph.pairs()[cell.pair as usize];
                self.rows(pair.low.index(), pair.high.index()).filter(|_| used)
            })
            .collect()
    }

    /// The number of comparisons between members that enter the likelihood.
    fn comparisons(&self) -> f64 {
        let cells = self.cell_rows().into_iter().zip(self.graph.sums());
        cells.filter(|(rows, sum)| rows.is_some() && sum.weight > 0.0).map(|(_, sum)| sum.count).sum()
    }

    /// G/(G−1) · (N−1)/(N−p), as statsmodels and Stata have it.
    pub(super) fn small_sample_factor(&self, clusters: usize) -> f64 {
        let (g, n) = (clusters as f64, self.comparisons());
        let p = (self.size() - 1) as f64;
        if g > 1.0 && n > p { g / (g - 1.0) * (n - 1.0) / (n - p) } else { 1.0 }
    }
}

/// The score of one cluster, with the list of its entries that are in use.
struct ClusterScore {
    sum: Vec<f64>,
    /// The sums of the absolute values, by which rounding is told from a score.
    size: Vec<f64>,
    touched: Vec<usize>,
}

impl ClusterScore {
    fn new(entries: usize) -> Self {
        Self { sum: vec![0.0; entries], size: vec![0.0; entries], touched: Vec::new() }
    }

    fn add(&mut self, entry: usize, value: f64) {
        if self.size[entry] <= 0.0 && value.abs() > 0.0 {
            self.touched.push(entry);
        }
        self.sum[entry] += value;
        self.size[entry] += value.abs();
    }

    fn clear(&mut self) {
        for entry in self.touched.drain(..) {
            (self.sum[entry], self.size[entry]) = (0.0, 0.0);
        }
    }
}

/// For each item its row among `members`, or [`OUTSIDE`].
pub(super) fn rows_of(members: &[ItemId], items: usize) -> Vec<usize> {
    let mut row = vec![OUTSIDE; items];
    for (place, member) in members.iter().enumerate() {
        row[member.index()] = place;
    }
    row
}

/// For each member the group of those that it met often enough, directly or through others, in the
/// cells that are used; and how many groups there are.
pub(super) fn groups_of(graph: &PreferenceGraph, used: &[bool], row: &[usize], members: usize) -> (Vec<usize>, usize) {
    let mut found = UnionFind::<u32>::new(members);
    let mut counts = vec![0.0; graph.pairs().len()];
    for ((cell, sum), &used) in graph.cells().iter().zip(graph.sums()).zip(used) {
        if used && sum.weight > 0.0 {
            counts[cell.pair as usize] += sum.count;
        }
    }
    for (pair, _) in graph.pairs().iter().zip(&counts).filter(|(_, count)| **count >= HOLDS_TOGETHER) {
        let (low, high) = (row[pair.low.index()], row[pair.high.index()]);
        if low != OUTSIDE && high != OUTSIDE {
            found.union(low as u32, high as u32);
        }
    }
    let mut number = vec![OUTSIDE; members];
    let mut groups = 0;
    let labels = found.into_labeling();
    let group = labels.into_iter().map(|label| {
        let number = &mut number[label as usize];
        if *number == OUTSIDE {
            *number = groups;
            groups += 1;
        }
        *number
    });
    let group: Vec<usize> = group.collect();
    (group, groups)
}

/// Takes the mean over the first `members` rows out of them, in every column.
fn without_mean(mut matrix: DMatrix<f64>, members: usize) -> DMatrix<f64> {
    for mut column in matrix.column_iter_mut() {
        let mut ratings = column.rows_mut(0, members);
        let mean = ratings.sum() / members as f64;
        ratings.add_scalar_mut(-mean);
    }
    matrix
}
