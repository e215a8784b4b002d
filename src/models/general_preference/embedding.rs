//! Embeddings whose scores may go round in circles, and their canonical form.

use nalgebra::DMatrix;
use serde::Serialize;

use super::disc::Disc;
use super::schur::{Plane, planes, planes_of_factors};
use crate::data::ItemId;

/// One rating and `2 × blocks` coordinates an item: `s_ij = r_i − r_j + Σ_l (a_il b_jl − b_il a_jl)`.
///
/// Unit: natural log-odds, above 0 where i is preferred. Scores are skew: `s_ij = −s_ji`. In polar
/// coordinates a block is `|v_i| |v_j| sin(θ_j − θ_i)`: an item beats whatever lies within half a turn
/// counter-clockwise of it.
///
/// # Source
/// Zhang et al. 2025, "Beyond Bradley-Terry Models", Definition 4.3 and its code (their Theorem 4.4 and
/// their gated score have the other sign); with ratings, Balduzzi et al. 2018 (mElo) and Chen and Joachims
/// 2016 (Blade-Chest inner).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedding {
    ratings: Vec<f64>,
    /// Item by item: a₁, b₁, a₂, b₂, …
    vectors: Vec<f64>,
    blocks: usize,
}

/// Numbers that are no embedding.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// Not two coordinates a block and item.
    #[error("{found} coordinates for {items} items and {blocks} blocks: {} are needed, a and b for each", items * blocks * 2)]
    WrongSize {
        /// The coordinates given.
        found: usize,
        /// The items.
        items: usize,
        /// The blocks.
        blocks: usize,
    },
    /// Scores that are not the negatives of each other.
    #[error("the scores of items {i} and {j} are {there} and {back}: they must be numbers that add up to 0")]
    NotSkew {
        /// The index of the first item.
        i: usize,
        /// The index of the second item.
        j: usize,
        /// The first's score against the second.
        there: f64,
        /// The second's against the first.
        back: f64,
    },
    /// Not a square of scores.
    #[error("{found} scores are no square of {items} items")]
    NotSquare {
        /// The scores given.
        found: usize,
        /// The items.
        items: usize,
    },
}

impl Embedding {
    /// An embedding of `ratings.len()` items; `vectors` has for each item a₁, b₁, a₂, b₂, … of `blocks`
    /// blocks.
    ///
    /// # Errors
    /// If there are not `2 × blocks` coordinates an item.
    pub fn new(ratings: Vec<f64>, vectors: Vec<f64>, blocks: usize) -> Result<Self, EmbeddingError> {
        let items = ratings.len();
        if vectors.len() != items * blocks * 2 {
            return Err(EmbeddingError::WrongSize { found: vectors.len(), items, blocks });
        }
        Ok(Self { ratings, vectors, blocks })
    }

    /// The embedding with the fewest blocks that has these scores, row by row: half their rank. All ratings
    /// are 0; [`canonical`](Self::canonical) splits them off. O(items³).
    ///
    /// # Errors
    /// If they are no skew square of `items` items.
    pub fn of_scores(scores: &[f64], items: usize) -> Result<Self, EmbeddingError> {
        let found = planes(&skew(scores, items)?);
        let largest = found.first().map_or(0.0, |plane| plane.sigma);
        let kept: Vec<Plane> = found.into_iter().take_while(|plane| plane.sigma > 1e-13 * largest).collect();
        Ok(Self::of_planes(vec![0.0; items], &kept))
    }

    /// The construction of a proof: one block an item, `a_i` the unit vector and `b_i = −s_i / 2`. It takes
    /// as many blocks as items, and any other embedding of these scores fewer.
    ///
    /// # Errors
    /// If they are no skew square of `items` items.
    ///
    /// # Source
    /// Zhang et al. 2025, Theorem 4.4, whose +1/2 is for the other sign.
    pub fn of_unit_vectors(scores: &[f64], items: usize) -> Result<Self, EmbeddingError> {
        let scores = skew(scores, items)?;
        let unit = |i, l| if i == l { 1.0 } else { 0.0 };
        let coordinates = (0..items).flat_map(|i| (0..items).map(move |l| (i, l)));
        let vectors = coordinates.flat_map(|(i, l)| [unit(i, l), -0.5 * scores[(i, l)]]).collect();
        Ok(Self { ratings: vec![0.0; items], vectors, blocks: items })
    }

    /// The parts of a fit, whose sizes agree.
    pub(super) fn from_parts(ratings: Vec<f64>, vectors: Vec<f64>, blocks: usize) -> Self {
        debug_assert_eq!(vectors.len(), ratings.len() * blocks * 2);
        Self { ratings, vectors, blocks }
    }

    fn of_planes(ratings: Vec<f64>, planes: &[Plane]) -> Self {
        let items = ratings.len();
        let mut vectors = Vec::with_capacity(2 * items * planes.len());
        for item in 0..items {
            for plane in planes {
                let length = plane.sigma.max(0.0).sqrt();
                vectors.extend([length * plane.u[item], length * plane.w[item]]);
            }
        }
        Self { ratings, vectors, blocks: planes.len() }
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.ratings.len()
    }

    /// The number of blocks: half the dimension of the vectors.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// One rating an item.
    pub fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    /// The coordinates of an item: a₁, b₁, a₂, b₂, …
    pub fn vector(&self, item: ItemId) -> &[f64] {
        &self.vectors[2 * self.blocks * item.index()..][..2 * self.blocks]
    }

    /// All coordinates, item by item.
    pub fn coordinates(&self) -> &[f64] {
        &self.vectors
    }

    /// The points (a, b) of all items in one block.
    pub fn points(&self, block: usize) -> Vec<Point> {
        let start = (0..self.items()).map(|item| 2 * (item * self.blocks + block));
        start.map(|at| Point { a: self.vectors[at], b: self.vectors[at + 1] }).collect()
    }

    /// The log-odds of `i` against `j`. O(blocks).
    pub fn log_odds(&self, i: ItemId, j: ItemId) -> f64 {
        let blocks = self.vector(i).chunks_exact(2).zip(self.vector(j).chunks_exact(2));
        let cyclic: f64 = blocks.map(|(i, j)| i[0] * j[1] - i[1] * j[0]).sum();
        self.ratings[i.index()] - self.ratings[j.index()] + cyclic
    }

    /// All log-odds, row by row. O(items² × blocks).
    pub fn scores(&self) -> Vec<f64> {
        let ids = || (0..self.items() as u32).map(ItemId);
        ids().flat_map(|i| ids().map(move |j| self.log_odds(i, j))).collect()
    }

    /// The first `blocks` blocks; blocks of zeros where there are fewer.
    pub(super) fn with_blocks(&self, blocks: usize) -> Self {
        let mut vectors = Vec::with_capacity(2 * blocks * self.items());
        let kept = 2 * blocks.min(self.blocks);
        for item in 0..self.items() {
            let start = 2 * self.blocks * item;
            vectors.extend_from_slice(&self.vectors[start..start + kept]);
            vectors.resize(2 * blocks * (item + 1), 0.0);
        }
        Self { ratings: self.ratings.clone(), vectors, blocks }
    }

    /// The same directions with every item's vector, over all blocks, of length 1; a vector of zeros stays.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        for vector in self.vectors.chunks_exact_mut((2 * self.blocks).max(1)) {
            let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                for x in vector {
                    *x /= length;
                }
            }
        }
        self
    }

    /// Each block's scores times `scales[block]`, 0 or more: what the eigenvalue scale gate does. Of unit
    /// vectors no cyclic score then exceeds the largest scale.
    ///
    /// # Errors
    /// If there is not one scale a block.
    pub fn scaled(mut self, scales: &[f64]) -> Result<Self, EmbeddingError> {
        if scales.len() != self.blocks {
            let (items, blocks) = (self.items(), scales.len());
            return Err(EmbeddingError::WrongSize { found: self.vectors.len(), items, blocks });
        }
        let roots: Vec<f64> = scales.iter().flat_map(|scale| [scale.max(0.0).sqrt(); 2]).collect();
        for vector in self.vectors.chunks_exact_mut(roots.len().max(1)) {
            vector.iter_mut().zip(&roots).for_each(|(x, root)| *x *= root);
        }
        Ok(self)
    }

    /// The canonical form: the one embedding, up to degenerate blocks, of all that have the same scores.
    /// O(items × blocks²).
    ///
    /// # Source
    /// The split is Balduzzi et al.'s 2018: ratings are the mean scores, and what is left sums to 0 for each
    /// item.
    pub fn canonical(&self, split: Split) -> Canonical {
        let n = self.items();
        let columns = 2 * self.blocks;
        let mut factors = DMatrix::from_row_slice(n, columns, &self.vectors);
        let mut ratings = self.ratings.clone();
        if n > 0 {
            let means: Vec<f64> = (0..columns).map(|column| factors.column(column).mean()).collect();
            let shift = ratings.iter().sum::<f64>() / n as f64;
            for (item, rating) in ratings.iter_mut().enumerate() {
                // The mean score: against a mean item, whose vector is the mean of all.
                let block =
                    |l: usize| factors[(item, 2 * l)] * means[2 * l + 1] - factors[(item, 2 * l + 1)] * means[2 * l];
                *rating += (0..self.blocks).map(block).sum::<f64>() - shift;
            }
            if split == Split::Ratings {
                for (mut column, mean) in factors.column_iter_mut().zip(&means) {
                    column.add_scalar_mut(-mean);
                }
            }
        }
        let planes = match split {
            Split::Ratings => planes_of_factors(&factors),
            Split::None => planes_of_factors(&with_ratings_as_block(factors, &self.ratings)),
        };
        Canonical::of(ratings, planes, split)
    }
}

/// The ratings, if they are not all equal, as one block more: `r_i · 1 − 1 · r_j`.
fn with_ratings_as_block(factors: DMatrix<f64>, ratings: &[f64]) -> DMatrix<f64> {
    if ratings.windows(2).all(|two| two[0].total_cmp(&two[1]).is_eq()) {
        return factors;
    }
    let columns = factors.ncols();
    let mut wider = factors.resize_horizontally(columns + 2, 1.0);
    wider.column_mut(columns).copy_from_slice(ratings);
    wider
}

fn skew(scores: &[f64], items: usize) -> Result<DMatrix<f64>, EmbeddingError> {
    if scores.len() != items * items {
        return Err(EmbeddingError::NotSquare { found: scores.len(), items });
    }
    let largest = scores.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
    let matrix = DMatrix::from_row_slice(items, items, scores);
    for i in 0..items {
        for j in 0..=i {
            let (there, back) = (matrix[(i, j)], matrix[(j, i)]);
            let off = (there + back).abs();
            if !off.is_finite() || off > 1e-9 * largest {
                return Err(EmbeddingError::NotSkew { i, j, there, back });
            }
        }
    }
    Ok((&matrix - matrix.transpose()) * 0.5)
}

/// The place of an item in one block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The first coordinate.
    pub a: f64,
    /// The second coordinate.
    pub b: f64,
}

impl Point {
    pub(super) fn radius(self) -> f64 {
        self.a.hypot(self.b)
    }
}

/// What canonical ratings take out of the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// The mean scores: the coordinates of each block then sum to 0.
    Ratings,
    /// Nothing: the blocks hold all of the scores.
    None,
}

/// An embedding in canonical form.
///
/// The ratings are each item's mean score, with mean 0. Blocks have descending σ, are orthogonal, have
/// coordinates a and b of the same length √σ, and are turned so that the item farthest out (of equal ones
/// the first) has b = 0 and a > 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Canonical {
    /// One an item, natural log-odds, mean 0: the mean scores, whatever the split.
    pub ratings: Vec<f64>,
    /// One a block, descending: the singular values, each of which comes twice.
    pub sigmas: Vec<f64>,
    /// Whether each block's coordinates are arbitrary because its σ is that of another block.
    pub degenerate: Vec<bool>,
    /// The embedding whose scores are the given ones: with these ratings, or with zeros where they were
    /// left in the blocks.
    pub embedding: Embedding,
}

/// What a block says: how much it adds, and whether that is an order or a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BlockReading {
    /// The singular value: how large the block's log-odds are.
    pub sigma: f64,
    /// The widest angle without an item, in radians.
    pub largest_gap: f64,
    /// Whether that is more than half a turn, so that the block is an order and no cycle.
    pub transitive: bool,
    /// Whether the block's plane is arbitrary, since another block has the same σ.
    pub degenerate: bool,
}

/// Blocks with a smaller σ say nothing.
const NO_BLOCK: f64 = 1e-6;

impl BlockReading {
    /// Whether the penalty emptied the block.
    pub fn is_empty(&self) -> bool {
        self.sigma < NO_BLOCK
    }
}

/// Two σ closer than this, as a share of the largest, are the same.
const SAME_SIGMA: f64 = 1e-6;
/// Two radii closer than this, as a share, are the same.
const SAME_RADIUS: f64 = 1e-9;

impl Canonical {
    fn of(ratings: Vec<f64>, planes: Vec<Plane>, split: Split) -> Self {
        let largest = planes.first().map_or(0.0, |plane| plane.sigma);
        let planes: Vec<Plane> = planes.into_iter().take_while(|plane| plane.sigma > 1e-13 * largest).collect();
        let sigmas: Vec<f64> = planes.iter().map(|plane| plane.sigma).collect();
        let same = |l: usize| sigmas[l] - sigmas[l + 1] <= SAME_SIGMA * largest;
        let last = sigmas.len().saturating_sub(1);
        let degenerate = (0..sigmas.len()).map(|l| (l > 0 && same(l - 1)) || (l < last && same(l))).collect();
        let in_blocks = if split == Split::Ratings { ratings.clone() } else { vec![0.0; ratings.len()] };
        let mut embedding = Embedding::of_planes(in_blocks, &planes);
        for block in 0..embedding.blocks {
            turn(&mut embedding, block);
        }
        Self { ratings, sigmas, degenerate, embedding }
    }

    /// What each block is: transitive or cyclic. O(items log items) a block.
    pub fn discs(&self) -> Vec<Disc> {
        (0..self.embedding.blocks).map(|block| Disc::of(&self.embedding.points(block))).collect()
    }

    /// Whether no block says anything.
    pub(super) fn is_flat(&self) -> bool {
        self.sigmas.iter().all(|sigma| *sigma < NO_BLOCK)
    }

    /// What the blocks say, without their coordinates.
    pub fn readings(&self) -> Vec<BlockReading> {
        let blocks = self.sigmas.iter().zip(&self.degenerate).zip(self.discs());
        let reading = |((&sigma, &degenerate), disc): ((&f64, &bool), Disc)| BlockReading {
            sigma,
            largest_gap: disc.largest_gap,
            transitive: disc.transitive,
            degenerate,
        };
        blocks.map(reading).collect()
    }
}

/// Turns a block so that the item farthest out has b = 0 and a > 0.
fn turn(embedding: &mut Embedding, block: usize) {
    let points = embedding.points(block);
    let farthest = points.iter().fold(0.0_f64, |most, point| most.max(point.radius()));
    let Some(leader) = points.iter().find(|point| point.radius() >= (1.0 - SAME_RADIUS) * farthest) else { return };
    if farthest <= 0.0 {
        return;
    }
    let (cos, sin) = (leader.a / leader.radius(), leader.b / leader.radius());
    let exact = points.iter().position(|point| point == leader);
    for (item, point) in points.iter().enumerate() {
        let at = 2 * (item * embedding.blocks + block);
        embedding.vectors[at] = cos * point.a + sin * point.b;
        embedding.vectors[at + 1] = if exact == Some(item) { 0.0 } else { cos * point.b - sin * point.a };
    }
}

/// The scale gate of the published reward models: one scale a block from as many logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gate {
    /// The logits' softmax: scales add up to 1. The alignment code's.
    Softmax,
    /// The softmax of the logits over √`width`, times the blocks: scales have mean 1. The reward training
    /// code's, `width` being that of the hidden layer the logits come from; 1 leaves them as they are.
    ScaledSoftmax {
        /// The width of the layer.
        width: f64,
    },
}

impl Gate {
    /// One scale a logit, for [`Embedding::scaled`].
    pub fn scales(self, logits: &[f64]) -> Vec<f64> {
        let (shrink, factor) = match self {
            Self::Softmax => (1.0, 1.0),
            Self::ScaledSoftmax { width } => (width.max(f64::MIN_POSITIVE).sqrt(), logits.len() as f64),
        };
        let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, logit| largest.max(*logit));
        let exponentials: Vec<f64> = logits.iter().map(|logit| ((logit - largest) / shrink).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        exponentials.iter().map(|exponential| factor * exponential / sum).collect()
    }
}

/// The probability that goes with a score at a temperature: σ(s/τ).
pub fn probability_at(score: f64, temperature: f64) -> f64 {
    crate::models::bradley_terry::logistic(score / temperature)
}
