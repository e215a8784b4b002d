//! The distribution of the highest entropy among those that linear conditions allow.

use nalgebra::{ColPivQR, DMatrix, DVector};

/// Distributions `p > 0` with `equalities · p = 0`, `Σ p = 1` and `inequalities · p ≤ 0`.
#[derive(Debug, Clone)]
pub(super) struct Face {
    /// One row a condition.
    pub(super) equalities: DMatrix<f64>,
    /// One row a condition; some p meets all of them strictly.
    pub(super) inequalities: DMatrix<f64>,
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct MostEven {
    pub(super) p: DVector<f64>,
    /// The largest violation left of any condition of optimality.
    pub(super) residual: f64,
    pub(super) iterations: u32,
    pub(super) converged: bool,
}

/// Conditions that differ by less than this, in units of the largest entry, are the same condition.
const RANK_TOLERANCE: f64 = 1e-11;
/// All conditions of optimality hold to within this where a fit has converged.
const TOLERANCE: f64 = 1e-10;
/// The iteration goes on, as long as it gains, to this.
const TARGET: f64 = 1e-14;
/// With inequalities it goes to this, and what they decide by then is polished.
const ROUGH: f64 = 1e-9;
const MAX_ITERATIONS: u32 = 200;
/// The farthest that the logarithm of a share moves in a step.
const LOG_STEP: f64 = 2.0;

impl Face {
    /// The distribution of maximal entropy, by a primal-dual interior-point method in coordinates of the
    /// null space of the equalities, and by those alone where they leave one point. Inequalities that then
    /// hold with equality are taken as such and the rest is polished by Newton. `start` is positive and
    /// about feasible; it is given back where the iteration does not converge. O(n³) at the start and O(d² (n + inequalities)) an iteration, d being the
    /// dimension of the face.
    ///
    /// # Source
    /// Boyd and Vandenberghe 2004, section 11.7.
    pub(super) fn most_even(&self, start: &DVector<f64>) -> MostEven {
        let space = Space::of(&self.equalities);
        let mut p = start / start.sum();
        // Once, and again for what rounding left.
        for _ in 0..2 {
            p = space.corrected(&p);
        }
        if !p.iter().all(|share| *share > 0.0) {
            // A support that these equalities don't allow.
            let left = space.violation(&p).max(-p.min());
            return MostEven { p, residual: left, iterations: 0, converged: false };
        }
        let mut point = Point::new(self, &space, p.clone());
        let mut iterations = 0;
        let targets: &[f64] = match (space.is_point(), self.inequalities.nrows()) {
            (true, _) => &[],
            (false, 0) => &[TARGET],
            (false, _) => &[ROUGH, TARGET],
        };
        for &target in targets {
            while iterations < MAX_ITERATIONS && point.residual() > target && point.step() {
                iterations += 1;
            }
            if let Some(polished) = self.polished(&point).filter(|it| it.residual <= point.residual()) {
                return MostEven { iterations: iterations + polished.iterations, ..polished };
            }
        }
        let residual = point.residual().max(space.violation(&point.p));
        let converged = residual <= TOLERANCE;
        MostEven { p: if converged { point.p } else { p }, residual, iterations, converged }
    }

    /// The optimum with the inequalities of nearly no slack as equalities and without the others, where that
    /// is the optimum of all.
    fn polished(&self, point: &Point<'_>) -> Option<MostEven> {
        let is_tight = |row: &usize| point.multipliers[*row] > point.s[*row];
        let (tight, loose): (Vec<usize>, Vec<usize>) = (0..point.s.len()).partition(is_tight);
        if point.s.is_empty() {
            return None;
        }
        let count = self.equalities.nrows();
        let tight = self.inequalities.select_rows(&tight);
        let mut equalities = self.equalities.clone().resize_vertically(count + tight.nrows(), 0.0);
        equalities.rows_mut(count, tight.nrows()).copy_from(&tight);
        let smaller = Self { equalities, inequalities: DMatrix::zeros(0, self.inequalities.ncols()) };
        let found = smaller.most_even(&point.p);
        let unmet = (self.inequalities.select_rows(&loose) * &found.p).iter().copied().fold(0.0, f64::max);
        let unbalanced = point.imbalance(&found.p, &tight)?;
        let residual = found.residual.max(unmet).max(unbalanced);
        found.converged.then_some(MostEven { residual, converged: residual <= TOLERANCE, ..found })
    }
}

/// The affine space of the equalities and the sum.
struct Space {
    /// The equalities, and a last row of ones.
    rows: DMatrix<f64>,
    /// An orthonormal basis of what the rows span, and R with `rowsᵀ Π = range · R` for independent rows.
    range: DMatrix<f64>,
    triangle: DMatrix<f64>,
    /// The independent rows.
    independent: Vec<usize>,
    /// An orthonormal basis of the directions in which p can move.
    directions: DMatrix<f64>,
}

impl Space {
    fn of(equalities: &DMatrix<f64>) -> Self {
        let n = equalities.ncols();
        let count = equalities.nrows() + 1;
        let rows = equalities.clone().insert_row(count - 1, 1.0);
        // Columns of zeros make the orthogonal factor square, and change nothing else.
        let padded = rows.transpose().resize_horizontally(count.max(n), 0.0);
        let mut order = DMatrix::from_fn(1, padded.ncols(), |_, column| column as f64);
        let (orthogonal, upper, permutation) = ColPivQR::new(padded).unpack();
        permutation.permute_columns(&mut order);
        let largest = upper.get((0, 0)).map_or(0.0, |it| it.abs());
        let rank = (0..n).take_while(|&k| upper[(k, k)].abs() > RANK_TOLERANCE * largest).count();
        Self {
            rows,
            range: orthogonal.columns(0, rank).into_owned(),
            triangle: upper.view((0, 0), (rank, rank)).into_owned(),
            independent: order.iter().take(rank).map(|row| *row as usize).collect(),
            directions: orthogonal.columns(rank, n - rank).into_owned(),
        }
    }

    fn is_point(&self) -> bool {
        self.directions.ncols() == 0
    }

    /// How far each row is from what it should be.
    fn misses(&self, p: &DVector<f64>) -> DVector<f64> {
        let mut misses = -(&self.rows * p);
        *misses.iter_mut().last().expect("the row of ones") += 1.0;
        misses
    }

    fn violation(&self, p: &DVector<f64>) -> f64 {
        self.misses(p).amax()
    }

    /// The nearest point that meets the equalities.
    fn corrected(&self, p: &DVector<f64>) -> DVector<f64> {
        let misses = self.misses(p);
        let of_independent =
            DVector::from_iterator(self.independent.len(), self.independent.iter().map(|&row| misses[row]));
        match self.triangle.tr_solve_upper_triangular(&of_independent) {
            Some(along) => p + &self.range * along,
            None => p.clone(),
        }
    }
}

/// A point of the primal-dual path: p, slacks s and multipliers λ of the inequalities. Steps are taken in
/// ln p, in which optimality is linear, so that shares of any size are reached.
struct Point<'a> {
    face: &'a Face,
    space: &'a Space,
    /// What `Yᵀ p` must be.
    held: DVector<f64>,
    /// The inequalities in coordinates of the directions.
    slopes: DMatrix<f64>,
    p: DVector<f64>,
    s: DVector<f64>,
    multipliers: DVector<f64>,
}

/// What is left of the conditions of optimality.
struct Residuals {
    /// `Zᵀ (ln p + Gᵀ λ)`.
    dual: DVector<f64>,
    /// `Yᵀ p` less what it must be, Y being a basis of what the equalities span.
    equal: DVector<f64>,
    /// `G p + s`.
    primal: DVector<f64>,
    /// `λ s − centre`.
    products: DVector<f64>,
}

impl Residuals {
    fn largest(&self) -> f64 {
        [&self.dual, &self.equal, &self.primal, &self.products]
            .iter()
            .filter(|it| !it.is_empty())
            .map(|it| it.amax())
            .fold(0.0, f64::max)
    }
}

impl<'a> Point<'a> {
    fn new(face: &'a Face, space: &'a Space, p: DVector<f64>) -> Self {
        let slopes = &face.inequalities * &space.directions;
        let s = (-(&face.inequalities * &p)).map(|slack| slack.max(1e-8));
        let multipliers = s.map(|slack| 1e-2 / slack.max(1e-2));
        let held = space.range.tr_mul(&p);
        Self { face, space, held, slopes, p, s, multipliers }
    }

    fn residuals(&self, centre: f64) -> Residuals {
        let gradient = self.p.map(f64::ln) + self.face.inequalities.tr_mul(&self.multipliers);
        Residuals {
            dual: self.space.directions.tr_mul(&gradient),
            equal: self.space.range.tr_mul(&self.p) - &self.held,
            primal: &self.face.inequalities * &self.p + &self.s,
            products: self.multipliers.component_mul(&self.s).map(|product| product - centre),
        }
    }

    /// What is left of optimality at p with the best multipliers of the tight inequalities, negative ones
    /// among it.
    fn imbalance(&self, p: &DVector<f64>, tight: &DMatrix<f64>) -> Option<f64> {
        let directions = &self.space.directions;
        let pull = directions.tr_mul(&p.map(f64::ln));
        if tight.nrows() == 0 {
            return Some(pull.amax());
        }
        let slopes = (tight * directions).transpose();
        let multipliers = slopes.clone().svd(true, true).solve(&-&pull, RANK_TOLERANCE).ok()?;
        Some((slopes * &multipliers + pull).amax().max(-multipliers.min()))
    }

    fn residual(&self) -> f64 {
        let mut left = self.residuals(0.0);
        if self.space.is_point() {
            // No direction and so no condition on multipliers: what must hold is that no slack is negative.
            left.products.fill(0.0);
            left.primal = (&self.face.inequalities * &self.p).map(|it| it.max(0.0));
        }
        left.largest()
    }

    /// One damped Newton step towards a more central and smaller gap; false where nothing is gained.
    ///
    /// The step minimises a sum of squares whose weights 1/p and λ/s run over many orders. So it is solved by
    /// orthogonal factors with the heaviest rows first (Powell and Reid 1969), and new logarithms and
    /// multipliers are read from what is left of the squares.
    fn step(&mut self) -> bool {
        let constraints = self.s.len();
        let gap = if constraints == 0 { 0.0 } else { self.multipliers.dot(&self.s) / constraints as f64 };
        // The gap shrinks once the other conditions hold as well as it does.
        let centre = if self.residuals(gap).largest() > 10.0 * gap { gap } else { 0.1 * gap };
        let left = self.residuals(centre);
        let back = -(&self.space.range * &left.equal);
        let primal = &left.primal + &self.face.inequalities * &back;
        let heavy = self.multipliers.component_div(&self.s).map(f64::sqrt);
        let root = self.p.map(f64::sqrt);
        let squares = Squares {
            rows: stacked(&self.space.directions, &root.map(f64::recip), &self.slopes, &heavy),
            constants: DVector::from_iterator(
                root.len() + constraints,
                (0..root.len())
                    .map(|i| root[i] * self.p[i].ln() + back[i] / root[i])
                    .chain((0..constraints).map(|i| heavy[i] * primal[i] + centre / (self.s[i] * heavy[i]))),
            ),
        };
        let Some((along, rest)) = squares.smallest() else { return false };
        let logs = DVector::from_fn(root.len(), |i, _| rest[i] / root[i] - self.p[i].ln());
        let multipliers = DVector::from_fn(constraints, |i, _| heavy[i] * rest[root.len() + i] - self.multipliers[i]);
        let s = -(&self.slopes * along + primal);
        self.advance(&logs, &s, &multipliers, (left.largest(), centre))
    }

    /// As far along as all stays positive and the residuals shrink.
    fn advance(
        &mut self,
        logs: &DVector<f64>,
        s: &DVector<f64>,
        multipliers: &DVector<f64>,
        before: (f64, f64),
    ) -> bool {
        let (now, centre) = before;
        let limit = |values: &DVector<f64>, changes: &DVector<f64>| {
            let pairs = values.iter().zip(changes).filter(|(_, change)| **change < 0.0);
            pairs.fold(f64::INFINITY, |most, (value, change)| most.min(-value / change))
        };
        let reach = limit(&self.s, s).min(limit(&self.multipliers, multipliers));
        let mut length = (0.995 * reach).min(1.0).min(LOG_STEP / logs.amax());
        let old = (self.p.clone(), self.s.clone(), self.multipliers.clone());
        while length > 1e-10 {
            self.p = old.0.zip_map(logs, |p, change| p * (length * change).exp());
            self.s = &old.1 + s * length;
            self.multipliers = &old.2 + multipliers * length;
            let there = self.residuals(centre).largest();
            if there.is_finite() && there <= (1.0 - 0.01 * length) * now {
                return true;
            }
            length *= 0.5;
        }
        (self.p, self.s, self.multipliers) = old;
        false
    }
}

/// The rows of one matrix above those of another, each times its weight.
fn stacked(
    above: &DMatrix<f64>,
    weights: &DVector<f64>,
    below: &DMatrix<f64>,
    weights_below: &DVector<f64>,
) -> DMatrix<f64> {
    let mut all = above.clone().resize_vertically(above.nrows() + below.nrows(), 0.0);
    all.rows_mut(above.nrows(), below.nrows()).copy_from(below);
    all.row_iter_mut().zip(weights.iter().chain(weights_below)).for_each(|(mut row, weight)| row *= *weight);
    all
}

/// `|rows · x + constants|²`.
struct Squares {
    rows: DMatrix<f64>,
    constants: DVector<f64>,
}

impl Squares {
    /// The x at which it is smallest, and what is left of each row there.
    fn smallest(&self) -> Option<(DVector<f64>, DVector<f64>)> {
        let mut order: Vec<usize> = (0..self.rows.nrows()).collect();
        let sizes: Vec<f64> = self.rows.row_iter().map(|row| row.amax()).collect();
        order.sort_by(|&i, &j| sizes[j].total_cmp(&sizes[i]));
        let (orthogonal, upper, permutation) = ColPivQR::new(self.rows.select_rows(&order)).unpack();
        let constants = self.constants.select_rows(&order);
        let across = orthogonal.tr_mul(&constants);
        let mut x = upper.solve_upper_triangular(&-&across)?;
        permutation.inv_permute_rows(&mut x);
        let mut rest = &constants - &orthogonal * across;
        rest -= &orthogonal * orthogonal.tr_mul(&rest);
        let mut in_place = DVector::zeros(rest.len());
        order.iter().zip(&rest).for_each(|(&row, value)| in_place[row] = *value);
        let finite = x.iter().chain(in_place.iter()).all(|value| value.is_finite());
        finite.then_some((x, in_place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn without_conditions_all_are_equal() {
        let face = Face { equalities: DMatrix::zeros(0, 5), inequalities: DMatrix::zeros(0, 5) };
        let found = face.most_even(&DVector::from_vec(vec![0.6, 0.1, 0.1, 0.1, 0.1]));
        assert!(found.converged);
        found.p.iter().for_each(|share| assert_relative_eq!(*share, 0.2, epsilon = 1e-14));
    }

    #[test]
    fn a_binding_inequality_holds_the_rest_even() {
        // p₀ ≥ p₁ + p₂ over four: p₀ = x, p₁ = p₂ = x/2, p₃ = 1 − 2x with the entropy's derivative 0.
        let face = Face {
            equalities: DMatrix::zeros(0, 4),
            inequalities: DMatrix::from_row_slice(1, 4, &[-1.0, 1.0, 1.0, 0.0]),
        };
        let found = face.most_even(&DVector::from_vec(vec![0.6, 0.1, 0.1, 0.2]));
        assert!(found.converged, "{found:?}");
        // d/dx of −x ln x − x ln(x/2) − (1−2x) ln(1−2x): 2 ln((1−2x)/x) + ln 2 = 0.
        let x = 1.0 / (2.0 + 0.5_f64.sqrt());
        for (share, expected) in found.p.iter().zip([x, x / 2.0, x / 2.0, 1.0 - 2.0 * x]) {
            assert_relative_eq!(*share, expected, epsilon = 1e-11);
        }
    }

    #[test]
    fn equalities_that_leave_one_point_give_it() {
        let face = Face {
            equalities: DMatrix::from_row_slice(3, 3, &[0.0, 1.0, -2.0, -1.0, 0.0, 3.0, 2.0, -3.0, 0.0]),
            inequalities: DMatrix::zeros(0, 3),
        };
        let found = face.most_even(&DVector::from_element(3, 1.0));
        for (share, expected) in found.p.iter().zip([1.0 / 2.0, 1.0 / 3.0, 1.0 / 6.0]) {
            assert_relative_eq!(*share, expected, epsilon = 1e-15);
        }
    }
}
