//! Equilibria of zero-sum games: of all of them the one with the highest entropy.

use nalgebra::{DMatrix, DVector};

use super::complementary::strictly_complementary;
use super::entropy::{Face, MostEven};
use super::payoffs::{PayoffError, Payoffs, rectangle};
use crate::models::Convergence;

/// The equilibrium of highest entropy of a symmetric zero-sum game. It is unique, and copies of an item
/// share what the item would have alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Equilibrium {
    /// The probability of each item, 0 outside the support.
    pub probabilities: Vec<f64>,
    /// Whether each item is in the support: whether any equilibrium plays it (the essential set).
    pub support: Vec<bool>,
    /// `A p`: what each item gets against the equilibrium, 0 in the support and at most 0 outside.
    pub payoffs: Vec<f64>,
    /// What the best answer gets against the equilibrium as computed: rounding.
    pub exploitability: f64,
    /// `gradient_norm` is the largest violation of a condition of optimality, the payoffs being in units
    /// of the largest. Not converged where the support could not be told from rounding, or where shares
    /// of the highest entropy are too small to be found; the probabilities are then those of another
    /// equilibrium, the centre of all.
    pub convergence: Convergence,
}

impl Equilibrium {
    /// Of the game `payoffs`: the support by one linear program (Tucker 1956), then the distribution of
    /// the highest entropy on it. Payoffs that differ by less than 1e-11 of the largest count as equal.
    /// O(items³) an iteration, some twenty of them.
    ///
    /// # Source
    /// Balduzzi et al. 2018, "Re-evaluating evaluation"; `OpenSpiel`'s `nash_averaging` solves the same
    /// program with a general solver: on 157 random tables of counts its probabilities were off by 1e-8 in
    /// the median and 1e-4 at most, in three others it had no answer.
    pub fn of(payoffs: &Payoffs) -> Self {
        let scale = largest(&payoffs.matrix);
        let a = &payoffs.matrix / scale;
        let inside = strictly_complementary(&a);
        let (support, rest) = split(&inside.support);
        let face = Face {
            equalities: a.select_rows(&support).select_columns(&support),
            inequalities: a.select_rows(&rest).select_columns(&support),
        };
        let found = most_even_on(&face, &inside.x, &support);
        let mut probabilities = DVector::zeros(a.nrows());
        support.iter().zip(&found.p).for_each(|(&item, &share)| probabilities[item] = share);
        let mut against = payoffs.mean_against(&probabilities);
        let exploitability = against.iter().copied().fold(0.0, f64::max);
        if found.converged {
            // In the support 0 and outside at most 0 by theorem, and up to rounding as computed. Adding 0 leaves
            // no negative zero.
            for (payoff, plays) in against.iter_mut().zip(&inside.support) {
                *payoff = if *plays { 0.0 } else { payoff.min(0.0) + 0.0 };
            }
        }
        Self {
            probabilities: probabilities.iter().copied().collect(),
            support: inside.support,
            payoffs: against,
            exploitability,
            convergence: Convergence {
                converged: inside.clear && found.converged,
                iterations: inside.iterations + found.iterations,
                gradient_norm: Some(found.residual),
            },
        }
    }
}

/// The equilibrium of agents that choose a task's player and a nature that chooses the task, of highest
/// entropy on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentsAgainstTasks {
    /// The probability of each agent.
    pub agents: Vec<f64>,
    /// The probability of each task; 0 for one on which all agents are equal, which has no say.
    pub tasks: Vec<f64>,
    /// What each agent scores on tasks drawn by those probabilities, scores being between 0 (the worst
    /// agent of a task) and 1 (the best).
    pub agent_scores: Vec<f64>,
    /// How hard each task is for agents drawn by theirs: their mean score, negated. None for a task on
    /// which all are equal.
    pub task_scores: Vec<Option<f64>>,
    /// The score of the best agents.
    pub value: f64,
    /// As of [`Equilibrium`].
    pub convergence: Convergence,
}

impl AgentsAgainstTasks {
    /// Of `scores`, one row an agent and one column a task, higher being better. Each task is scaled to
    /// run from 0 to 1. O((agents + tasks)³) an iteration, some twenty of them.
    ///
    /// # Errors
    /// If the rows have different lengths, or an entry is not finite.
    ///
    /// # Source
    /// Balduzzi et al. 2018, section 4; `OpenSpiel`'s `nash_averaging_avt_matrix`, where a task on which all
    /// are equal makes all NaN.
    pub fn of(scores: &[Vec<f64>]) -> Result<Self, PayoffError> {
        let scores = rectangle(scores)?;
        let spread = |task: usize| scores.column(task).max() - scores.column(task).min();
        let telling: Vec<usize> =
            (0..scores.ncols()).filter(|&task| !scores.is_empty() && spread(task) > 0.0).collect();
        let (n, k) = (scores.nrows(), telling.len());
        let scaled = DMatrix::from_fn(n, k, |agent, task| {
            let of_task = scores.column(telling[task]);
            (of_task[agent] - of_task.min()) / (of_task.max() - of_task.min())
        });
        let sides = Sides::of(&scaled);
        let agent_scores = &scaled * &sides.tasks.p;
        let task_scores = -scaled.tr_mul(&sides.agents.p);
        let (mut tasks, mut hardness) = (vec![0.0; scores.ncols()], vec![None; scores.ncols()]);
        for (place, &task) in telling.iter().enumerate() {
            tasks[task] = sides.tasks.p[place];
            hardness[task] = Some(task_scores[place]);
        }
        let residual = sides.agents.residual.max(sides.tasks.residual);
        Ok(Self {
            agents: sides.agents.p.iter().copied().collect(),
            tasks,
            value: sides.agents.p.dot(&agent_scores),
            agent_scores: agent_scores.iter().copied().collect(),
            task_scores: hardness,
            convergence: Convergence {
                converged: sides.clear && sides.agents.converged && sides.tasks.converged,
                iterations: sides.iterations + sides.agents.iterations + sides.tasks.iterations,
                gradient_norm: Some(residual),
            },
        })
    }
}

/// Both sides of a game of rows against columns.
struct Sides {
    agents: MostEven,
    tasks: MostEven,
    iterations: u32,
    clear: bool,
}

impl Sides {
    /// By the symmetric game of Gale, Kuhn and Tucker 1951, which needs a positive value: so 1 is added.
    fn of(scores: &DMatrix<f64>) -> Self {
        let (n, k) = scores.shape();
        if n == 0 || k == 0 {
            let even = |count: usize| MostEven {
                p: DVector::from_element(count, 1.0 / count as f64),
                residual: 0.0,
                iterations: 0,
                converged: true,
            };
            return Self { agents: even(n), tasks: even(k), iterations: 0, clear: true };
        }
        let mut game = DMatrix::zeros(n + k + 1, n + k + 1);
        for agent in 0..n {
            for task in 0..k {
                let payoff = 0.5 * (scores[(agent, task)] + 1.0);
                (game[(agent, n + task)], game[(n + task, agent)]) = (payoff, -payoff);
            }
        }
        for side in 0..n + k {
            let sign = if side < n { -1.0 } else { 1.0 };
            (game[(side, n + k)], game[(n + k, side)]) = (sign, -sign);
        }
        let inside = strictly_complementary(&game);
        let (agents, other_agents) = split(&inside.support[..n]);
        let (tasks, other_tasks) = split(&inside.support[n..n + k]);
        let of_agents = inside.x.rows(0, n).into_owned();
        let of_tasks = inside.x.rows(n, k).into_owned();
        Self {
            agents: side(&scores.transpose(), &tasks, &other_tasks, (&agents, &of_agents), -1.0),
            tasks: side(scores, &agents, &other_agents, (&tasks, &of_tasks), 1.0),
            iterations: inside.iterations,
            clear: inside.clear,
        }
    }
}

/// The most even p over the columns `own.0` for which the rows `equal` of `scores · p` are equal and the
/// rows `rest`, times `sign`, are not larger than those.
fn side(scores: &DMatrix<f64>, equal: &[usize], rest: &[usize], own: (&[usize], &DVector<f64>), sign: f64) -> MostEven {
    let (columns, inside) = own;
    let of = |rows: &[usize]| {
        let mut chosen = scores.select_rows(rows).select_columns(columns);
        if let Some(&first) = equal.first() {
            let first = scores.row(first).select_columns(columns);
            chosen.row_iter_mut().for_each(|mut row| row -= &first);
        }
        chosen
    };
    let face = Face { equalities: of(equal.get(1..).unwrap_or_default()), inequalities: of(rest) * sign };
    let found = most_even_on(&face, inside, columns);
    let mut p = DVector::zeros(inside.len());
    columns.iter().zip(&found.p).for_each(|(&column, &share)| p[column] = share);
    MostEven { p, ..found }
}

fn most_even_on(face: &Face, inside: &DVector<f64>, support: &[usize]) -> MostEven {
    if support.is_empty() {
        return MostEven { p: DVector::zeros(0), residual: 0.0, iterations: 0, converged: inside.is_empty() };
    }
    face.most_even(&inside.select_rows(support))
}

/// The largest entry, or 1 where all are 0.
fn largest(matrix: &DMatrix<f64>) -> f64 {
    let largest = if matrix.is_empty() { 0.0 } else { matrix.amax() };
    if largest > 0.0 { largest } else { 1.0 }
}

/// The places that hold true, and the others.
fn split(flags: &[bool]) -> (Vec<usize>, Vec<usize>) {
    (0..flags.len()).partition(|&place| flags[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn equilibrium(rows: &[&[f64]]) -> Equilibrium {
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
        let found = Equilibrium::of(&Payoffs::from_scores(&rows).unwrap());
        assert!(found.convergence.converged, "{found:?}");
        found
    }

    fn assert_all(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        found.iter().zip(expected).for_each(|(x, y)| assert_relative_eq!(x, y, epsilon = 1e-12));
    }

    #[test]
    fn copies_share_what_the_item_would_have_alone() {
        let found = equilibrium(&[
            &[0.0, -1.0, 1.0, 1.0],
            &[1.0, 0.0, -1.0, -1.0],
            &[-1.0, 1.0, 0.0, 0.0],
            &[-1.0, 1.0, 0.0, 0.0],
        ]);
        assert_all(&found.probabilities, &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]);
        assert_all(&found.payoffs, &[0.0; 4]);
    }

    #[test]
    fn games_of_no_and_of_one_item_have_their_only_equilibrium() {
        assert_eq!(equilibrium(&[]).probabilities, [0.0; 0]);
        assert_all(&equilibrium(&[&[0.0]]).probabilities, &[1.0]);
        assert_all(&equilibrium(&[&[0.0, 2.0], &[-2.0, 0.0]]).payoffs, &[0.0, -2.0]);
    }

    #[test]
    fn an_item_outside_may_still_bound_the_entropy() {
        // 0 and 1 are even, 2 loses to 0 by 1 and beats 1 by 2: it is played by none, as long as p₀ ≥ 2 p₁.
        let found = equilibrium(&[&[0.0, 0.0, 1.0], &[0.0, 0.0, -2.0], &[-1.0, 2.0, 0.0]]);
        assert_all(&found.probabilities, &[2.0 / 3.0, 1.0 / 3.0, 0.0]);
        assert_eq!(found.support, [true, true, false]);
    }

    #[test]
    fn a_task_on_which_all_are_equal_has_no_say() {
        let scores = [vec![1.0, 7.0, 0.0], vec![0.0, 7.0, 1.0]];
        let found = AgentsAgainstTasks::of(&scores).unwrap();
        assert!(found.convergence.converged);
        assert_all(&found.agents, &[0.5, 0.5]);
        assert_all(&found.tasks, &[0.5, 0.0, 0.5]);
        assert_eq!(found.task_scores[1], None);
        assert_relative_eq!(found.value, 0.5, epsilon = 1e-12);
        let nothing = AgentsAgainstTasks::of(&[vec![7.0], vec![7.0]]).unwrap();
        assert_all(&nothing.agents, &[0.5, 0.5]);
        assert!(AgentsAgainstTasks::of(&[]).unwrap().agents.is_empty());
    }
}
