//! The cases of Swiss rounds in the evaluation vectors: enumerated with fractions, every way a
//! tournament can go. They hold the exact answer to rounding, and the simulation to its own errors.

use palio::simulation::swiss_rounds::{
    Bye, Eliminate, Moments, Rules, Shortfall, Simulation, SwissContext, SwissRow, SwissSettings, SwissStandings,
    TieRule, WinTensor, exact,
};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[("csd_exact", csd_exact), ("csd_sampled", csd_sampled)];

/// How many tournaments a case is sampled with.
const RUNS: u64 = 200_000;
/// How many standard errors a sampled number may be off. The seed is always the same, so that a check
/// that holds goes on to hold.
const ERRORS: f64 = 4.0;
/// How far a sampled standard deviation may be off, as a share of it: more than four errors of a
/// deviation from that many tournaments, unless its distribution has a kurtosis above 20.
const DEVIATION: f64 = 0.02;
/// How far a number may be off that every tournament has.
const ROUNDING: f64 = 1e-12;

/// What a case may say. A field that is not among these would be an input that is not played or an
/// output that is not held against anything.
const INPUT: &[&str] = &["scores_models_x_benchmarks", "T", "T_grid", "T_const_each_round", "tie", "bye", "elim"];
const OUTPUT: &[&str] = &["E", "var_single_run", "survive_prob", "rank", "E_by_T", "ols_slope"];
/// The same numbers in another form, and facts about the program that enumerated.
const TOLD_TWICE: &[&str] = &["E_exact", "diff_quotient_endpoints", "joint_states", "mc_check_max_z_6000"];

struct Case<'a> {
    id: &'a str,
    input: &'a Value,
    output: &'a Value,
    tolerance: f64,
}

fn csd_exact(shared: &Shared) {
    each_case(shared, |case| match &case.input["T_grid"] {
        Value::Null => case.one_tournament(),
        grid => case.sensitivity(&integers(grid)),
    });
}

fn csd_sampled(shared: &Shared) {
    each_case(shared, |case| match &case.input["T_grid"] {
        Value::Null => case.sampled_tournament(),
        grid => case.sampled_sensitivity(&integers(grid)),
    });
}

fn each_case(shared: &Shared, check: impl Fn(&Case<'_>)) {
    let file = shared.json("vectors/evaluation.json");
    let cases: Vec<&Value> =
        file["vectors"].as_array().expect("vectors").iter().filter(|case| case["group"] == "csd_exact").collect();
    assert!(!cases.is_empty());
    for case in cases {
        let id = case["id"].as_str().expect("an id");
        let tolerance = case["tolerance"].as_f64().expect("a tolerance");
        let case = Case { id, input: &case["input"], output: &case["output"], tolerance };
        case.knows_all_fields();
        check(&case);
    }
}

impl Case<'_> {
    fn knows_all_fields(&self) {
        let names = |object: &Value| object.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        for name in names(self.input) {
            assert!(INPUT.contains(&name.as_str()), "{}: no input is called {name}", self.id);
        }
        for name in names(self.output) {
            let known = OUTPUT.iter().chain(TOLD_TWICE).any(|&known| known == name);
            assert!(known, "{}: no output is called {name}", self.id);
        }
    }

    fn one_tournament(&self) {
        let moments = self.moments(integers(&self.input["T"]));
        let models = moments.expected_score.len();
        self.holds("E", &moments.expected_score);
        let variances: Vec<f64> = moments.std_dev.iter().map(|deviation| deviation.powi(2)).collect();
        self.holds("var_single_run", &variances);
        let rounds = moments.survival.len() / models;
        let last: Vec<f64> = moments.survival.chunks(rounds).map(|rounds| rounds[rounds.len() - 1]).collect();
        assert_close(&format!("{} survive_prob", self.id), &last, &self.survival(), self.tolerance);
        let order = integers(&self.output["rank"]);
        let fall = order.windows(2).all(|pair| {
            let [better, worse] = [pair[0], pair[1]].map(|model| moments.expected_score[model as usize]);
            better >= worse - self.tolerance
        });
        assert!(fall && order.len() == models, "{} rank: {order:?}", self.id);
    }

    /// The same number leaves after each round.
    fn sensitivity(&self, grid: &[u32]) {
        let rounds = self.columns().len();
        let scores: Vec<Vec<f64>> = grid.iter().map(|&t| self.moments(vec![t; rounds]).expected_score).collect();
        let expected = self.scores_by_number(grid);
        for ((t, found), expected) in grid.iter().zip(&scores).zip(&expected) {
            assert_close(&format!("{} E at T = {t}", self.id), found, expected, self.tolerance);
        }
        let slopes: Vec<f64> = (0..scores[0].len())
            .map(|model| slope(grid, &scores.iter().map(|scores| scores[model]).collect::<Vec<_>>()))
            .collect();
        self.holds("ols_slope", &slopes);
    }

    fn sampled_tournament(&self) {
        let settings = SwissSettings { eliminate: Eliminate::List(integers(&self.input["T"])), ..self.settings() };
        let standings = self.played(&settings);
        let (scores, variances) = (numbers(&self.output["E"]), numbers(&self.output["var_single_run"]));
        let survival = self.survival();
        for (model, row) in by_model(&standings) {
            self.near("E", model, row.expected_score, scores[model], row.mc_error);
            let deviation = variances[model].sqrt();
            let off = (row.std_dev - deviation).abs();
            assert!(off <= DEVIATION * deviation, "{} std_dev[{model}]: {} and not {deviation}", self.id, row.std_dev);
            let p = survival[model];
            let binomial = (p * (1.0 - p) / RUNS as f64).sqrt();
            let last = row.survival.last().copied().expect("a round");
            self.near("survive_prob", model, last, p, Some(binomial));
        }
    }

    /// Each number of the grid is the main one in turn, so that its errors are known.
    fn sampled_sensitivity(&self, grid: &[u32]) {
        let range = Some(grid[0]..=grid[grid.len() - 1]);
        let slopes = numbers(&self.output["ols_slope"]);
        for (place, (&number, scores)) in grid.iter().zip(self.scores_by_number(grid)).enumerate() {
            let eliminate = Eliminate::Every(number);
            let standings = self.played(&SwissSettings { eliminate, sensitivity: range.clone(), ..self.settings() });
            let point = &standings.sensitivity[place];
            assert_eq!((standings.sensitivity.len(), point.eliminate), (grid.len(), number), "{}", self.id);
            for (model, row) in by_model(&standings) {
                self.near("E_by_T", model, point.expected_score[&row.item], scores[model], row.mc_error);
                let slope = row.sensitivity.expect("a slope");
                self.near("ols_slope", model, slope, slopes[model], row.sensitivity_error);
            }
        }
    }

    fn near(&self, name: &str, model: usize, found: f64, expected: f64, error: Option<f64>) {
        let allowed = ERRORS * error.expect("an error") + ROUNDING;
        assert_close(&format!("{} sampled {name} of model {model}", self.id), &[found], &[expected], allowed);
    }

    fn played(&self, settings: &SwissSettings) -> SwissStandings {
        let tensor = self.tensor();
        let simulation = Simulation::new(&tensor, settings).expect("settings of the case");
        let context = SwissContext {
            items: (0..tensor.models()).map(|model| model.to_string()).collect(),
            rounds: (0..tensor.benchmarks()).map(|benchmark| benchmark.to_string()).collect(),
            mean_scores: vec![None; tensor.models()],
            runs: settings.runs,
            shuffled: false,
            level: settings.level,
            eliminate: simulation.rules().eliminate.clone(),
        };
        SwissStandings::from_sums(&context, &simulation.play(0..RUNS, &|_| true))
    }

    fn settings(&self) -> SwissSettings {
        let (shortfall, bye) = (self.shortfall(), self.bye());
        SwissSettings { runs: RUNS, shortfall, bye, samples: 0, ..SwissSettings::default() }
    }

    fn moments(&self, eliminate: Vec<u32>) -> Moments {
        let tensor = self.tensor();
        let schedule: Vec<usize> = (0..tensor.benchmarks()).collect();
        let rules = Rules { eliminate, shortfall: self.shortfall(), bye: self.bye() };
        exact(&tensor, &schedule, &rules).expect("a small case")
    }

    fn tensor(&self) -> WinTensor {
        WinTensor::from_scores(&self.columns(), self.tie_rule()).expect("scores")
    }

    /// The scores of each benchmark.
    fn columns(&self) -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> = list(&self.input["scores_models_x_benchmarks"]).iter().map(numbers).collect();
        (0..rows[0].len()).map(|k| rows.iter().map(|row| row[k]).collect()).collect()
    }

    /// Expected scores for each number of a grid that leaves after every round.
    fn scores_by_number(&self, grid: &[u32]) -> Vec<Vec<f64>> {
        assert_eq!(self.input["T_const_each_round"], true, "{}: T_grid is of constant numbers", self.id);
        let scores: Vec<Vec<f64>> = list(&self.output["E_by_T"]).iter().map(numbers).collect();
        assert_eq!(scores.len(), grid.len(), "{}: a row for each T", self.id);
        scores
    }

    /// The probability of each model to be active after the last round.
    fn survival(&self) -> Vec<f64> {
        list(&self.output["survive_prob"]).iter().map(fraction).collect()
    }

    /// A case that does not say has scores without ties, or the defaults.
    fn word(&self, name: &str) -> Option<&str> {
        match &self.input[name] {
            Value::Null => None,
            word => Some(word.as_str().unwrap_or_else(|| panic!("{}: {name} is {word}", self.id))),
        }
    }

    fn tie_rule(&self) -> TieRule {
        match self.word("tie") {
            None | Some("zero") => TieRule::Lose,
            Some("half") => TieRule::Half,
            Some("one") => TieRule::Win,
            Some(other) => panic!("{}: no tie rule {other}", self.id),
        }
    }

    fn bye(&self) -> Bye {
        match self.word("bye") {
            None | Some("0") => Bye::Nothing,
            Some("1/2") => Bye::Half,
            Some("1") => Bye::Point,
            Some(other) => panic!("{}: no bye {other}", self.id),
        }
    }

    fn shortfall(&self) -> Shortfall {
        let start = "lowest active bucket after the round, min(T_k,|bucket|) uniform";
        let Some(words) = self.word("elim") else { return Shortfall::Stop };
        match words.strip_prefix(start) {
            Some("") => Shortfall::Stop,
            Some(more) if more.contains("cascade") => Shortfall::Cascade,
            Some(more) if more.contains("never remove the last model") => Shortfall::KeepLast,
            _ => panic!("{}: no elimination {words}", self.id),
        }
    }

    fn holds(&self, name: &str, found: &[f64]) {
        assert_close(&format!("{} {name}", self.id), found, &numbers(&self.output[name]), self.tolerance);
    }
}

/// The rows and the numbers of their models, by which they are named.
fn by_model(standings: &SwissStandings) -> impl Iterator<Item = (usize, &SwissRow)> {
    standings.items.iter().map(|row| (row.item.parse().expect("a number"), row))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn integers(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// The value of "41/45", or of "1".
fn fraction(text: &Value) -> f64 {
    let text = text.as_str().unwrap_or_else(|| panic!("{text} is no fraction"));
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    let [above, below] = [above, below].map(|part| part.parse::<f64>().expect("a whole number"));
    above / below
}

/// The slope of least squares.
fn slope(x: &[u32], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let products = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y));
    products.sum::<f64>() / x.iter().map(|x| (x - mean_x).powi(2)).sum::<f64>()
}
