//! The real Schur form of a skew-symmetric matrix, and of one that is known by its products only.

use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};

use crate::random::{Purpose, stream};

/// One plane of a skew matrix `C = Σ σ (u wᵀ − w uᵀ)`: u and w have length 1 and are orthogonal, also to
/// those of the other planes.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) sigma: f64,
    pub(super) u: Vec<f64>,
    pub(super) w: Vec<f64>,
}

/// All ⌊n/2⌋ planes of a skew matrix, σ descending. O(n³).
///
/// Householder reflections make the matrix tridiagonal; its entries between even and odd places then
/// are a matrix of half the size, whose singular vectors are the planes. Unlike the eigenvectors of −C²
/// this squares nothing, and planes of equal σ need no care.
pub(super) fn planes(skew: &DMatrix<f64>) -> Vec<Plane> {
    let n = skew.nrows();
    if n < 2 {
        return Vec::new();
    }
    let (basis, tridiagonal) = skew.clone().hessenberg().unpack();
    let (even, odd) = (n.div_ceil(2), n / 2);
    let mut half = DMatrix::zeros(even, odd);
    for place in 0..n - 1 {
        let entry = 0.5 * (tridiagonal[(place, place + 1)] - tridiagonal[(place + 1, place)]);
        if place % 2 == 0 {
            half[(place / 2, place / 2)] = entry;
        } else {
            half[(place / 2 + 1, place / 2)] = -entry;
        }
    }
    let svd = half.svd(true, true);
    let (Some(left), Some(right)) = (svd.u, svd.v_t) else { return Vec::new() };
    let plane = |which: usize| {
        let (mut u, mut w) = (vec![0.0; n], vec![0.0; n]);
        for row in 0..n {
            u[row] = (0..even).map(|place| basis[(row, 2 * place)] * left[(place, which)]).sum();
            w[row] = (0..odd).map(|place| basis[(row, 2 * place + 1)] * right[(which, place)]).sum();
        }
        Plane { sigma: svd.singular_values[which], u, w }
    };
    let mut found: Vec<Plane> = (0..odd).map(plane).collect();
    found.sort_by(|a, b| b.sigma.total_cmp(&a.sigma));
    found
}

/// The planes of `Σ (a bᵀ − b aᵀ)`, `factors` having the columns a₁ b₁ a₂ b₂ … : at most as many as
/// blocks. O(n blocks²).
pub(super) fn planes_of_factors(factors: &DMatrix<f64>) -> Vec<Plane> {
    let blocks = factors.ncols() / 2;
    if blocks == 0 || factors.nrows() < 2 {
        return Vec::new();
    }
    let qr = factors.clone().qr();
    let (basis, r) = (qr.q(), qr.r());
    let mut small = DMatrix::zeros(r.nrows(), r.nrows());
    for block in 0..blocks {
        let (a, b) = (r.column(2 * block), r.column(2 * block + 1));
        small.ger(1.0, &a, &b, 1.0);
        small.ger(-1.0, &b, &a, 1.0);
    }
    lifted(&basis, planes(&small), blocks)
}

/// The first `count` planes of a matrix of `n` rows that is known by its products, nearly: by subspace
/// iteration from `start`, or from a seeded draw. `rounds` iterations, each two products with a few
/// columns more than there are planes.
pub(super) fn leading_planes(
    n: usize,
    count: usize,
    rounds: usize,
    start: Option<DMatrix<f64>>,
    multiply: impl Fn(&DMatrix<f64>) -> DMatrix<f64>,
) -> Leading {
    let columns = (2 * count + 8).min(n);
    let mut basis = start.unwrap_or_else(|| {
        let mut rng = stream(0, Purpose::Embedding, 0);
        DMatrix::from_fn(n, columns, |_, _| StandardNormal.sample(&mut rng))
    });
    basis = basis.qr().q();
    let exact = columns == n;
    for _ in 0..if exact { 0 } else { rounds } {
        basis = multiply(&multiply(&basis)).qr().q();
    }
    let small = basis.transpose() * multiply(&basis);
    let small = (&small - small.transpose()) * 0.5;
    Leading { planes: lifted(&basis, planes(&small), count), basis }
}

/// What subspace iteration found.
pub(super) struct Leading {
    pub(super) planes: Vec<Plane>,
    /// Where to go on from, for a matrix nearby.
    pub(super) basis: DMatrix<f64>,
}

/// The first planes, given in coordinates of `basis`, as vectors of items.
fn lifted(basis: &DMatrix<f64>, planes: Vec<Plane>, count: usize) -> Vec<Plane> {
    let lift = |coordinates: Vec<f64>| (basis * nalgebra::DVector::from_vec(coordinates)).data.into();
    let planes = planes.into_iter().take(count);
    planes.map(|plane| Plane { sigma: plane.sigma, u: lift(plane.u), w: lift(plane.w) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(n: usize) -> DMatrix<f64> {
        let mut rng = stream(1, Purpose::Embedding, n as u64);
        let any = DMatrix::<f64>::from_fn(n, n, |_, _| StandardNormal.sample(&mut rng));
        (&any - any.transpose()) * 0.5
    }

    fn rebuilt(planes: &[Plane], n: usize) -> DMatrix<f64> {
        DMatrix::from_fn(n, n, |i, j| planes.iter().map(|p| p.sigma * (p.u[i] * p.w[j] - p.w[i] * p.u[j])).sum())
    }

    #[test]
    fn the_planes_add_up_to_the_matrix() {
        for n in [0, 1, 2, 3, 4, 5, 8, 9, 30] {
            let matrix = skew(n);
            let found = planes(&matrix);
            assert_eq!(found.len(), n / 2);
            assert!(found.is_sorted_by(|a, b| a.sigma >= b.sigma));
            assert!((rebuilt(&found, n) - matrix).amax() < 1e-12 || n == 0);
        }
    }

    #[test]
    fn equal_planes_stay_orthogonal() {
        // Two rock-paper-scissors games side by side, and the zero matrix.
        let mut matrix = DMatrix::zeros(6, 6);
        for start in [0, 3] {
            for i in 0..3 {
                matrix[(start + i, start + (i + 1) % 3)] = 1.0;
                matrix[(start + (i + 1) % 3, start + i)] = -1.0;
            }
        }
        let found = planes(&matrix);
        let sigmas: Vec<f64> = found.iter().map(|plane| plane.sigma).collect();
        assert!((sigmas[0] - 3.0_f64.sqrt()).abs() < 1e-12 && (sigmas[1] - sigmas[0]).abs() < 1e-12);
        assert!(sigmas[2].abs() < 1e-12);
        assert!((rebuilt(&found, 6) - matrix).amax() < 1e-12);
        assert!(planes(&DMatrix::zeros(4, 4)).iter().all(|plane| plane.sigma == 0.0));
    }

    #[test]
    fn factors_and_products_give_the_same_planes() {
        let n = 40;
        let mut rng = stream(2, Purpose::Embedding, 0);
        let factors = DMatrix::<f64>::from_fn(n, 6, |_, _| StandardNormal.sample(&mut rng));
        let matrix = DMatrix::from_fn(n, n, |i, j| {
            let block = |l: usize| factors[(i, 2 * l)] * factors[(j, 2 * l + 1)];
            let back = |l: usize| factors[(i, 2 * l + 1)] * factors[(j, 2 * l)];
            (0..3).map(|l| block(l) - back(l)).sum()
        });
        let (all, of_factors) = (planes(&matrix), planes_of_factors(&factors));
        let leading = leading_planes(n, 3, 10, None, |x| &matrix * x).planes;
        for l in 0..3 {
            assert!((all[l].sigma - of_factors[l].sigma).abs() < 1e-10);
            assert!((all[l].sigma - leading[l].sigma).abs() < 1e-10);
        }
        assert!(all[3].sigma < 1e-12);
        assert!((rebuilt(&of_factors, n) - &matrix).amax() < 1e-10 && (rebuilt(&leading, n) - &matrix).amax() < 1e-10);
    }
}
