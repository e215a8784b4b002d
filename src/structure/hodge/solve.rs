//! The two least squares problems of the decomposition.

use nalgebra::{DMatrix, DVector};
use petgraph::unionfind::UnionFind;

use super::{DENSE_ITEMS, Flow};

/// Relative residual at which an iterative solve has met its tolerance.
const TOLERANCE: f64 = 1e-13;
/// Stagnating at this relative residual is rounding and not failure.
const ROUNDING: f64 = 1e-10;

/// Minimises `Σ w (y_ij − s_i + s_j)²`. The potentials have mean 0 in each component; also whether the
/// solve converged, and the number of components.
pub(super) fn potentials(flow: &Flow) -> (Vec<f64>, bool, usize) {
    let components = Components::of(flow);
    let mut right = vec![0.0; flow.items];
    for ((pair, y), w) in flow.pairs.iter().zip(&flow.values).zip(&flow.weights) {
        right[pair.low.index()] += w * y;
        right[pair.high.index()] -= w * y;
    }
    let dense = (flow.items <= DENSE_ITEMS).then(|| dense(flow, &components, &right)).flatten();
    let (mut found, converged) = dense.map_or_else(
        || {
            let mut diagonal = vec![0.0; flow.items];
            for (pair, w) in flow.pairs.iter().zip(&flow.weights) {
                diagonal[pair.low.index()] += w;
                diagonal[pair.high.index()] += w;
            }
            conjugate_gradients(&right, Some(&diagonal), |x, y| laplacian(flow, &diagonal, x, y))
        },
        |found| (found, true),
    );
    components.centre(&mut found);
    (found, converged, components.sizes.len())
}

/// Cholesky of the Laplacian with 11ᵀ filled in for each component.
fn dense(flow: &Flow, components: &Components, right: &[f64]) -> Option<Vec<f64>> {
    let n = flow.items;
    let mut matrix = DMatrix::<f64>::zeros(n, n);
    for (pair, &w) in flow.pairs.iter().zip(&flow.weights) {
        let (low, high) = (pair.low.index(), pair.high.index());
        matrix[(low, low)] += w;
        matrix[(high, high)] += w;
        matrix[(low, high)] -= w;
        matrix[(high, low)] -= w;
    }
    let level = match matrix.trace() / n.max(1) as f64 {
        level if level > 0.0 => level,
        _ => 1.0,
    };
    for i in 0..n {
        for j in 0..n {
            if components.of_item[i] == components.of_item[j] {
                matrix[(i, j)] += level / components.sizes[components.of_item[i]] as f64;
            }
        }
    }
    Some(matrix.cholesky()?.solve(&DVector::from_column_slice(right)).data.into())
}

/// y = L x.
pub(in crate::structure) fn laplacian(flow: &Flow, diagonal: &[f64], x: &[f64], y: &mut [f64]) {
    for ((y, x), d) in y.iter_mut().zip(x).zip(diagonal) {
        *y = d * x;
    }
    for (pair, w) in flow.pairs.iter().zip(&flow.weights) {
        let (low, high) = (pair.low.index(), pair.high.index());
        y[low] -= w * x[high];
        y[high] -= w * x[low];
    }
}

/// The part of `rest` in the span of the triangles, orthogonally in the weights.
///
/// With x = w^½ rest and `M = w^-½ CᵀC w^-½`, C being the curl, it is the projection of x on the range of
/// M: the solution of M z = M x that conjugate gradients find from nothing. Unlike a potential on the
/// triangles, which has the same spectrum to converge by, z needs no memory by triangle.
pub(super) fn curl(flow: &Flow, rest: &[f64]) -> (Vec<f64>, bool) {
    let roots: Vec<f64> = flow.weights.iter().map(|w| w.sqrt()).collect();
    let apply = |x: &[f64], y: &mut [f64]| {
        y.fill(0.0);
        flow.each_triangle(|t| {
            let around = x[t.ij] / roots[t.ij] + x[t.jk] / roots[t.jk] - x[t.ik] / roots[t.ik];
            y[t.ij] += around / roots[t.ij];
            y[t.jk] += around / roots[t.jk];
            y[t.ik] -= around / roots[t.ik];
        });
    };
    let scaled: Vec<f64> = rest.iter().zip(&roots).map(|(r, root)| r * root).collect();
    let mut right = vec![0.0; rest.len()];
    apply(&scaled, &mut right);
    let (z, converged) = conjugate_gradients(&right, None, apply);
    (z.iter().zip(&roots).map(|(z, root)| z / root).collect(), converged)
}

/// Conjugate gradients from nothing on a semidefinite system that has a solution, preconditioned by
/// the diagonal where one is given.
pub(in crate::structure) fn conjugate_gradients(
    right: &[f64],
    diagonal: Option<&[f64]>,
    mut apply: impl FnMut(&[f64], &mut [f64]),
) -> (Vec<f64>, bool) {
    let n = right.len();
    let (mut x, mut residual, mut product) = (vec![0.0; n], right.to_vec(), vec![0.0; n]);
    let precondition = |r: &[f64], z: &mut [f64]| match diagonal {
        None => z.copy_from_slice(r),
        Some(diagonal) => {
            for ((z, r), d) in z.iter_mut().zip(r).zip(diagonal) {
                *z = if *d > 0.0 { r / d } else { 0.0 };
            }
        }
    };
    let mut z = vec![0.0; n];
    precondition(&residual, &mut z);
    let mut direction = z.clone();
    let mut size = dot(&residual, &z);
    let start = size;
    for _ in 0..1_000 + 2 * n {
        if size <= TOLERANCE * TOLERANCE * start {
            break;
        }
        apply(&direction, &mut product);
        let bend = dot(&direction, &product);
        if bend.is_nan() || bend <= 0.0 {
            break;
        }
        let length = size / bend;
        for i in 0..n {
            x[i] += length * direction[i];
            residual[i] -= length * product[i];
        }
        precondition(&residual, &mut z);
        let next = dot(&residual, &z);
        for (d, z) in direction.iter_mut().zip(&z) {
            *d = z + next / size * *d;
        }
        size = next;
    }
    (x, size <= ROUNDING * ROUNDING * start)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Which items are connected at all.
#[derive(Debug, Clone)]
pub(in crate::structure) struct Components {
    /// By item, numbered in the order of their first items.
    pub(in crate::structure) of_item: Vec<usize>,
    pub(in crate::structure) sizes: Vec<usize>,
}

impl Components {
    pub(in crate::structure) fn of(flow: &Flow) -> Self {
        let mut groups = UnionFind::<u32>::new(flow.items);
        for pair in &flow.pairs {
            groups.union(pair.low.0, pair.high.0);
        }
        let labels = groups.into_labeling();
        let mut number = vec![usize::MAX; flow.items];
        let mut found = Self { of_item: Vec::with_capacity(flow.items), sizes: Vec::new() };
        for label in labels {
            let number = &mut number[label as usize];
            if *number == usize::MAX {
                *number = found.sizes.len();
                found.sizes.push(0);
            }
            found.sizes[*number] += 1;
            found.of_item.push(*number);
        }
        found
    }

    /// Takes the mean of each component out of its items' values.
    pub(in crate::structure) fn centre(&self, values: &mut [f64]) {
        let mut sums = vec![0.0; self.sizes.len()];
        for (value, &component) in values.iter().zip(&self.of_item) {
            sums[component] += *value;
        }
        for (value, &component) in values.iter_mut().zip(&self.of_item) {
            *value -= sums[component] / self.sizes[component] as f64;
        }
    }
}
