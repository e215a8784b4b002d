//! The games of the preference and evaluation vectors: equilibria, lotteries, α-Rank, mElo and self-play.

use palio::data::ItemId;
use palio::models::games::self_play::{
    PoolScores, exponential_weights, mean_win_probabilities, nash_md, nash_md_fixed_point,
};
use palio::models::games::{
    AgentsAgainstTasks, Equilibrium, MaximalLottery, NashAveraging, Payoff, PayoffSettings, Payoffs, Selection,
    alpha_rank, log_fixation,
};
use palio::models::melo::{MeloRates, MeloState};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::preference::{Case, each};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("nash_averaging", |shared| each(shared, "nash_averaging", nash_averaging)),
    ("lottery", |shared| each(shared, "lottery", lottery)),
    ("alpharank", |shared| each(shared, "alpharank", alpharank)),
    ("melo", |shared| each(shared, "melo", melo)),
    ("selfplay", |shared| each(shared, "selfplay", selfplay)),
    ("gpo", |shared| each(shared, "gpo", gpo)),
    ("open_spiel_nash_averaging", |shared| in_group(shared, "nash_averaging", open_spiel_nash_averaging)),
    ("open_spiel_alpharank", |shared| in_group(shared, "alpharank", open_spiel_alpharank)),
];

/// The equilibrium is unique, and each case's own accuracy is what limits the comparison.
fn nash_averaging(case: &Case<'_>) {
    let found = equilibrium(&scores(&case.input["A"]));
    case.holds("maxent_nash", &found.probabilities);
    case.holds("nash_average_score", &found.payoffs);
    let support: Vec<u64> = (0..found.support.len() as u64).filter(|&item| found.support[item as usize]).collect();
    assert_eq!(serde_json::to_value(support).unwrap(), case.expected["support"]);
}

/// Four games of one table of counts.
fn lottery(case: &Case<'_>) {
    let graph = case.graph();
    let of = |payoff| {
        let payoffs = PayoffSettings { smoothing: 0.0, ..PayoffSettings::of(payoff) };
        let found = MaximalLottery { payoffs }.solve(&graph).unwrap().equilibrium;
        let same = NashAveraging { payoffs }.solve(&graph).unwrap().equilibrium;
        assert_eq!(found, same, "two readings of one equilibrium");
        found.probabilities
    };
    case.holds("von_neumann_P", &of(Payoff::Probability));
    case.holds("maximal_lottery_margin", &of(Payoff::Margin));
    case.holds("nash_avg_logit", &of(Payoff::Logits));
    case.holds("bipartisan_sign", &of(Payoff::Sign));
}

fn alpharank(case: &Case<'_>) {
    let payoffs = scores(&case.input["A"]);
    let population = case.input["m"].as_u64().unwrap() as u32;
    let masses = |selection| alpha_rank(&payoffs, selection, population).unwrap().masses;
    case.holds("pi_alpha0_05", &masses(Selection::Finite { alpha: 0.05 }));
    case.holds("pi_alpha1", &masses(Selection::Finite { alpha: 1.0 }));
    case.holds("pi_inf_eps0_01", &masses(Selection::Infinite { epsilon: 0.01 }));
}

fn melo(case: &Case<'_>) {
    let input = case.input;
    let place = |name: &str| ItemId(input[name].as_u64().unwrap() as u32);
    let (i, j) = (place("i"), place("j"));
    let vectors: Vec<f64> = input["C"].as_array().unwrap().iter().flat_map(numbers).collect();
    let mut state = MeloState { ratings: numbers(&input["r"]), vectors, dimension: 2 };
    case.holds("p_hat", &[1.0 / (1.0 + (-state.log_odds(i, j)).exp())]);
    let rates = MeloRates { rating: number(input, "eta_r"), vector: number(input, "eta_c") };
    state.update(i, j, number(input, "y"), rates);
    case.holds("r_new", &state.ratings);
    case.holds("c_i_new", state.vector(i));
    case.holds("c_j_new", state.vector(j));
}

/// Steps of SPPO and their average, which tends to the von Neumann winner.
fn selfplay(case: &Case<'_>) {
    let win: Vec<Vec<f64>> = serde_json::from_value(case.input["P"].clone()).unwrap();
    let game = Payoffs::from_probabilities(&win).unwrap();
    let (start, rate) = (numbers(&case.input["pi0"]), number(case.input, "eta"));
    let wins: Vec<f64> = game.against(&start).unwrap().iter().map(|margin| margin + 0.5).collect();
    case.holds("win_vs_pi0", &wins);
    let step = exponential_weights(&game, &start, rate, 1).unwrap();
    assert_close("a step averages what it started from", &step.average, &start, 1e-15);
    case.holds("pi1", &step.last);
    if let Some(steps) = case.input["T"].as_u64() {
        let run = exponential_weights(&game, &start, rate, steps).unwrap();
        case.holds("last", &run.last);
        case.holds("average", &run.average);
        case.holds("exploit_avg", &[game.exploitability(&run.average).unwrap()]);
        case.holds("von_neumann", &equilibrium(&game).probabilities);
    }
    nash_md_tends_to_its_fixed_point(&game);
}

/// The distance of the last iterate falls as 1/T, and Newton finds where to.
fn nash_md_tends_to_its_fixed_point(game: &Payoffs) {
    let reference = [0.2, 0.5, 0.3];
    let fixed = nash_md_fixed_point(game, &reference, 0.1).unwrap();
    assert!(fixed.convergence.converged && fixed.residual <= 1e-14, "{fixed:?}");
    let distance = |steps| {
        let run = nash_md(game, &reference, 0.1, &[1.0, 1.0, 1.0], steps).unwrap();
        run.last.iter().zip(&fixed.policy).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()))
    };
    let (early, late) = (distance(2_000), distance(20_000));
    assert!(late < 1e-4 && late < 0.2 * early, "{early} and then {late}");
}

fn gpo(case: &Case<'_>) {
    let game = scores(&case.input["S"]);
    let beta = number(case.input, "beta");
    let uniform = vec![1.0; game.len()];
    let pool = PoolScores::of(&game);
    case.holds("s_vs_pool", &pool.scores);
    case.holds("gpo_target_over_beta", &pool.targets(beta));
    let doubled: Vec<f64> = pool.scores.iter().map(|score| 2.0 * score).collect();
    case.holds("repo_max_logits", &doubled);
    if let Some(chosen) = case.expected["chosen"].as_u64() {
        assert_eq!(pool.chosen, Some(chosen as usize));
        assert_eq!(pool.rejected.map(|it| it as u64), case.expected["rejected"].as_u64());
        let chances = mean_win_probabilities(&game, 1.0).unwrap();
        assert_close("all chances and those against average to one half", &[chances.iter().sum()], &[2.0], 1e-14);
    }
    case.holds("pi1", &exponential_weights(&game, &uniform, 1.0 / beta, 1).unwrap().last);
    if let Some(steps) = case.input["T"].as_u64() {
        let run = exponential_weights(&game, &uniform, 1.0 / beta, steps).unwrap();
        case.holds("last", &run.last);
        case.holds("average", &run.average);
        case.holds("exploitability_avg", &[game.exploitability(&run.average).unwrap()]);
        case.holds("nash", &equilibrium(&game).probabilities);
    }
}

/// Its general solver stops some 1e-5 off.
fn open_spiel_nash_averaging(input: &Value, output: &Value, tolerance: f64) {
    let holds = |name: &str, found: &[f64]| assert_close(name, found, &numbers(&output[name]), tolerance);
    if input["antisymmetric_payoff"].is_array() {
        let found = equilibrium(&scores(&input["antisymmetric_payoff"]));
        holds("maxent_nash", &found.probabilities);
        holds("nash_avg_score", &found.payoffs);
        return;
    }
    let rows: Vec<Vec<f64>> = serde_json::from_value(input["scores_agents_x_tasks"].clone()).unwrap();
    let found = AgentsAgainstTasks::of(&rows).unwrap();
    assert!(found.convergence.converged && found.convergence.gradient_norm.unwrap() <= 1e-12);
    holds("agent_mix", &found.agents);
    holds("task_mix", &found.tasks);
    holds("agent_scores", &found.agent_scores);
    holds("task_scores", &found.task_scores.iter().map(|score| score.unwrap()).collect::<Vec<_>>());
}

fn open_spiel_alpharank(input: &Value, output: &Value, tolerance: f64) {
    let payoffs = scores(&input["payoff_symmetric_single_population"]);
    let (alpha, m) = (number(input, "alpha"), input["m"].as_u64().unwrap() as u32);
    let found = alpha_rank(&payoffs, Selection::Finite { alpha }, m).unwrap();
    assert_close("pi", &found.masses, &numbers(&output["pi"]), tolerance);
    for (resident, row) in output["fixation_matrix"].as_array().unwrap().iter().enumerate() {
        for (mutant, expected) in numbers(row).into_iter().enumerate().filter(|(mutant, _)| *mutant != resident) {
            let gain = payoffs.get(mutant, resident) - payoffs.get(resident, mutant);
            assert_close("fixation", &[log_fixation(alpha * gain, m).exp()], &[expected], tolerance);
        }
    }
}

fn equilibrium(payoffs: &Payoffs) -> Equilibrium {
    let found = Equilibrium::of(payoffs);
    assert!(found.convergence.converged, "{found:?}");
    assert!(found.convergence.gradient_norm.unwrap() <= 1e-12 && found.exploitability <= 1e-9, "{found:?}");
    found
}

fn scores(rows: &Value) -> Payoffs {
    Payoffs::from_scores(&serde_json::from_value::<Vec<Vec<f64>>>(rows.clone()).unwrap()).unwrap()
}

fn number(object: &Value, name: &str) -> f64 {
    object[name].as_f64().unwrap_or_else(|| panic!("no number {name}"))
}

/// Checks every case of a group of the evaluation vectors.
fn in_group(shared: &Shared, group: &str, check: fn(&Value, &Value, f64)) {
    let file = shared.json("vectors/evaluation.json");
    let cases: Vec<&Value> = file["vectors"].as_array().unwrap().iter().filter(|case| case["group"] == group).collect();
    assert!(!cases.is_empty(), "no case of group {group}");
    for case in cases {
        check(&case["input"], &case["output"], case["tolerance"].as_f64().unwrap());
    }
}
