//! Least-squares ratings of score margins.

use nalgebra::{DMatrix, DVector};

use super::matches;
use crate::tournaments::History;

/// The ratings r that minimise `Σ w (r_left − r_right − (score_left − score_right))²`, with mean 0 in
/// every connected part of the group.
///
/// Items of parts that never met, not even through others, can't be compared: each part is rated
/// around its own mean, as if the parts were equally good on average. O(matches + items³).
///
/// # Source
/// Massey 1997. A score that the judge shifts for both items of a call alike leaves them as they are.
pub(super) fn margins(history: &History) -> Vec<f64> {
    let items = history.items();
    let mut parts = Parts::new(items);
    let mut laplacian = DMatrix::<f64>::zeros(items, items);
    let mut margins = DVector::<f64>::zeros(items);
    for played in matches(history) {
        let (left, right) = (played.game.left as usize, played.game.right as usize);
        let margin = played.weight * (played.result.scores[0] - played.result.scores[1]);
        laplacian[(left, left)] += played.weight;
        laplacian[(right, right)] += played.weight;
        laplacian[(left, right)] -= played.weight;
        laplacian[(right, left)] -= played.weight;
        margins[left] += margin;
        margins[right] -= margin;
        parts.join(left, right);
    }
    let part: Vec<usize> = (0..items).map(|item| parts.root(item)).collect();
    let (mut sizes, mut weights) = (vec![0.0; items], vec![0.0; items]);
    for item in 0..items {
        sizes[part[item]] += 1.0;
        weights[part[item]] += laplacian[(item, item)];
    }
    // A constant between the items of a part leaves solutions of mean 0 as they are, and makes the
    // matrix regular. It is of the part's own size, so that heavy parts don't drown light ones.
    for i in 0..items {
        for j in 0..items {
            if part[i] == part[j] {
                let size: f64 = sizes[part[i]];
                laplacian[(i, j)] += if size > 1.0 { weights[part[i]] / (size * size) } else { 1.0 };
            }
        }
    }
    let Some(cholesky) = laplacian.cholesky() else { return vec![f64::NAN; items] };
    let ratings = cholesky.solve(&margins);
    (0..items).map(|item| if sizes[part[item]] > 1.0 { ratings[item] } else { f64::NAN }).collect()
}

/// Items that met, directly or through others.
struct Parts {
    parents: Vec<usize>,
}

impl Parts {
    fn new(items: usize) -> Self {
        Self { parents: (0..items).collect() }
    }

    fn root(&mut self, item: usize) -> usize {
        let mut at = item;
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }
}
