//! Which pure strategies some equilibrium plays, by one linear program solved from the inside.

use nalgebra::{DMatrix, DVector};

/// A strictly complementary solution of `x ≥ 0, s = −A x ≥ 0` for a skew A: for each i either `x_i > 0`, and
/// i is played in some equilibrium, or `s_i > 0`, and it is played in none.
#[derive(Debug, Clone)]
pub(super) struct Complementary {
    /// x, of mean about 1 over the support.
    pub(super) x: DVector<f64>,
    /// Whether each is in the support.
    pub(super) support: Vec<bool>,
    pub(super) iterations: u32,
    /// Whether the support could be told for all.
    pub(super) clear: bool,
}

/// The duality gap at which the support is read. Payoffs that are apart by less than this, in units of
/// the largest, count as equal.
const GAP: f64 = 1e-11;
/// Below this gap rounding decides, and what is not clear then stays so.
const SMALLEST_GAP: f64 = 1e-14;
const MAX_ITERATIONS: u32 = 200;
/// The smallest product `x_i s_i` that a step may leave, in units of the mean one: iterates that keep to
/// it tend to a strictly complementary solution.
const NEIGHBOURHOOD: f64 = 1e-3;

/// Solves by a predictor-corrector interior-point method on the self-dual embedding, which starts at its
/// centre. `a` is skew, its largest entry about 1. O(n³) an iteration, some twenty of them.
///
/// # Source
/// Tucker 1956 for existence; Goldman and Tucker 1956 for the embedding; Roos, Terlaky and Vial 2006,
/// chapter 2; the direction of Mehrotra 1992; the indicators of El-Bakry, Tapia and Zhang 1994.
pub(super) fn strictly_complementary(a: &DMatrix<f64>) -> Complementary {
    let n = a.nrows();
    let mut path = Path::from_centre(a);
    let mut iterations = 0;
    loop {
        let gap = path.gap();
        let predictor = path.direction(&path.towards_zero());
        // Of each pair (x, s) the relative changes in this direction add up to −1: near the end s goes to
        // zero and x stays, or the other way round.
        let stays: Vec<f64> = predictor
            .as_ref()
            .map_or_else(Vec::new, |it| it.x.iter().zip(&path.x).take(n).map(|(change, x)| change / x).collect());
        let clear = !stays.is_empty() && stays.iter().all(|change| (change + 0.5).abs() > 0.4);
        let ended = (gap <= GAP && clear) || gap <= SMALLEST_GAP || iterations == MAX_ITERATIONS;
        let step = predictor.as_ref().filter(|_| !ended).and_then(|predictor| path.corrected(predictor));
        let Some(step) = step else {
            let support = (0..n).map(|i| stays.get(i).map_or(path.x[i] > path.s[i], |change| *change > -0.5)).collect();
            return Complementary { x: path.x.rows(0, n).into_owned(), support, iterations, clear: clear || n == 0 };
        };
        path.take(&step);
        iterations += 1;
    }
}

/// A point `s = M x + (0, …, 0, n + 1)` of the embedding, x and s positive.
struct Path {
    m: DMatrix<f64>,
    x: DVector<f64>,
    s: DVector<f64>,
}

struct Direction {
    x: DVector<f64>,
    s: DVector<f64>,
}

impl Path {
    /// `M = [[−A, r], [−rᵀ, 0]]` with `r = 1 + A 1`, so that all ones solve it.
    fn from_centre(a: &DMatrix<f64>) -> Self {
        let n = a.nrows();
        let mut m = DMatrix::zeros(n + 1, n + 1);
        m.view_mut((0, 0), (n, n)).copy_from(&-a);
        for i in 0..n {
            let r = 1.0 + a.row(i).sum();
            (m[(i, n)], m[(n, i)]) = (r, -r);
        }
        let ones = DVector::from_element(n + 1, 1.0);
        Self { m, x: ones.clone(), s: ones }
    }

    fn gap(&self) -> f64 {
        self.x.dot(&self.s) / self.x.len() as f64
    }

    /// What the products `x_i s_i` change by on the way to zero.
    fn towards_zero(&self) -> DVector<f64> {
        -self.x.component_mul(&self.s)
    }

    /// The Newton direction with `s_i dx_i + x_i ds_i = products_i` and `ds = M dx`.
    fn direction(&self, products: &DVector<f64>) -> Option<Direction> {
        let mut system = self.m.clone();
        for i in 0..self.x.len() {
            system[(i, i)] += self.s[i] / self.x[i];
        }
        let x = system.lu().solve(&products.component_div(&self.x))?;
        let s = (products - self.s.component_mul(&x)).component_div(&self.x);
        x.iter().chain(s.iter()).all(|change| change.is_finite()).then_some(Direction { x, s })
    }

    /// The step with centring and the second-order correction, as long as it may be.
    fn corrected(&self, predictor: &Direction) -> Option<Direction> {
        let gap = self.gap();
        let reach = self.reach(predictor);
        let after = (&self.x + &predictor.x * reach).dot(&(&self.s + &predictor.s * reach)) / self.x.len() as f64;
        // Not so far that rounding blurs the support.
        let least = (0.5 * GAP).min(0.01 * gap);
        let centred = (gap * (after / gap).clamp(0.0, 1.0).powi(3)).max(least);
        let products = (self.towards_zero() - predictor.x.component_mul(&predictor.s)).map(|product| product + centred);
        let mut step = self.direction(&products)?;
        let mut length = (self.reach(&step) * (1.0 - 1e-3_f64.min(gap))).min(1.0);
        while !self.stays_central(&step, length) {
            length *= 0.8;
            if length < 1e-6 {
                // Straight to the centre of the same gap.
                step = self.direction(&self.towards_zero().map(|product| product + gap))?;
                length = 0.5 * self.reach(&step);
                break;
            }
        }
        Some(Direction { x: step.x * length, s: step.s * length })
    }

    /// The largest length, at most 1, at which nothing is negative.
    fn reach(&self, step: &Direction) -> f64 {
        let now = self.x.iter().chain(&self.s);
        let changes = step.x.iter().chain(&step.s);
        now.zip(changes).filter(|(_, change)| **change < 0.0).fold(1.0, |most, (now, change)| most.min(-now / change))
    }

    fn stays_central(&self, step: &Direction, length: f64) -> bool {
        let x = &self.x + &step.x * length;
        let s = &self.s + &step.s * length;
        let least = NEIGHBOURHOOD * x.dot(&s) / x.len() as f64;
        x.iter().zip(&s).all(|(x, s)| *x > 0.0 && *s > 0.0 && x * s >= least)
    }

    fn take(&mut self, step: &Direction) {
        self.x += &step.x;
        self.s += &step.s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support(n: usize, a: &[f64]) -> Vec<bool> {
        let found = strictly_complementary(&DMatrix::from_row_slice(n, n, a));
        assert!(found.clear);
        found.support
    }

    #[test]
    fn the_support_is_the_largest_of_all_equilibria() {
        assert_eq!(support(3, &[0.0, -1.0, 1.0, 1.0, 0.0, -1.0, -1.0, 1.0, 0.0]), [true; 3]);
        assert_eq!(support(3, &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, -1.0, -1.0, 0.0]), [true, true, false]);
        assert_eq!(support(2, &[0.0; 4]), [true; 2]);
        assert_eq!(support(1, &[0.0]), [true]);
        assert_eq!(support(0, &[]), [true; 0]);
    }

    #[test]
    fn a_small_share_of_an_equilibrium_is_seen() {
        // A cycle whose equilibrium is (b, c, a) / (a + b + c) for A₀₁ = a, A₁₂ = b, A₂₀ = c.
        for small in [1e-3, 1e-5, 1e-6] {
            assert_eq!(support(3, &[0.0, small, -1.0, -small, 0.0, 1.0, 1.0, -1.0, 0.0]), [true; 3], "{small}");
        }
    }

    #[test]
    fn a_difference_of_rounding_is_a_tie() {
        let e = 1e-16;
        assert_eq!(support(3, &[0.0, e, 1.0, -e, 0.0, 1.0, -1.0, -1.0, 0.0]), [true, true, false]);
    }
}
