//! The cases of the group vectors that are about aggregations, rewards and advantages. Those about
//! topologies are held elsewhere, and a case that is in neither list fails.

use palio::advantages::{
    AdvantageSettings, AggregateSettings, Aggregation, Column, Columns, Contest, Grade, Groups, LengthMargin,
    LengthRule, NEUTRAL_SCORES, Normalization, Normalizer, REWARDS, Reward, RewardEntry, Samples, Spread, TASK_WEIGHTS,
    aggregate, fidelity, lipo, normalize, reward, sum_of_orders, task_macro, tie_beyond_length,
};
use palio::data::Outcome;
use palio::settings::Settings;
use palio::tournaments::{History, Match, MatchResult, Played, Rules, Stage};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[("advantages", advantages)];

/// Methods whose cases are tournaments, from the draw to the order in which items came.
const TOPOLOGIES: &[&str] = &[
    "arenarl.single_elimination.bracket",
    "arenarl.single_elimination",
    "arenarl.double_elimination",
    "arenarl.swiss",
    "arenarl.swiss(as shipped, DO NOT REPRODUCE)",
    "arenarl.counts",
];

struct Case<'a> {
    id: &'a str,
    inputs: &'a Value,
    outputs: &'a Value,
    tolerance: f64,
}

fn advantages(shared: &Shared) {
    let file = shared.json("vectors/groups.json");
    let mut held = 0;
    for case in file["cases"].as_array().expect("cases") {
        let method = case["method"].as_str().expect("a method");
        if TOPOLOGIES.contains(&method) {
            continue;
        }
        let case = Case {
            id: case["id"].as_str().expect("an id"),
            inputs: &case["inputs"],
            outputs: &case["outputs"],
            tolerance: case["tolerance"].as_f64().expect("a tolerance"),
        };
        check(method, &case);
        held += 1;
    }
    assert!(held > 40, "{held} cases");
}

fn check(method: &str, case: &Case<'_>) {
    match method {
        "arenarl.round_robin" => case.round_robin(),
        "arenarl.anchor" => case.anchor(),
        "arenarl.judge" => case.orders(),
        "arenarl.quantile" => case.quantile(),
        "prefgrpo.win_rate" => case.win_rate(),
        "prefgrpo.weighted_advantage" => case.weighted_advantage(),
        "prefgrpo.flex" => case.flex(),
        "grpo.verl" => case.preset("grpo-verl"),
        "grpo.no_std" => case.preset("dr-grpo"),
        "rloo" => case.preset("rloo"),
        "grpo_passk" => case.preset("pass-at-k"),
        "opo" => case.preset("opo"),
        "gpg" => case.advantage(&Normalization::new(Normalizer::Gpg)),
        "grpo.trl" => case.trl(),
        "grpo.eps" => case.eps(),
        "brpo" => case.brpo(),
        "unlikeliness" => case.unlikeliness(),
        "par.relative_sigmoid" => case.par("shaped", &[("k", &case.inputs["k"].to_string())]),
        "par.centered" => {
            case.par("centered", &[("shape", "centred")]);
            case.par("tanh", &[("shape", "tanh")]);
        }
        "lsc" => case.lsc(),
        "lsc.combine" => case.lsc_and(),
        "wb_reward" => case.wildbench(),
        "wb_reward.task_macro" => case.task_macro(),
        "wb_elo.vote" => case.wb_elo(),
        "lipo_lambda" => case.lipo(),
        "vqathinker.regression" => case.bell(),
        "vqathinker.pairwise" => case.fidelity(),
        "sppo" => case.sppo(),
        "dno" => case.dno(),
        "flowfactory.rank" => case.rank_over_n(),
        other => panic!("{}: nothing holds cases of {other}", case.id),
    }
}

impl Case<'_> {
    fn numbers(&self, name: &str) -> Vec<f64> {
        numbers(&self.inputs[name])
    }

    fn number(&self, name: &str) -> f64 {
        self.inputs[name].as_f64().unwrap_or_else(|| panic!("{}: {name} is a number", self.id))
    }

    fn close(&self, output: &str, found: &[f64]) {
        let expected = &self.outputs[output];
        let expected = if expected.is_array() { numbers(expected) } else { vec![expected.as_f64().expect("a number")] };
        assert_close(&format!("{} {output}", self.id), found, &expected, self.tolerance);
    }

    fn has(&self, output: &str) -> bool {
        !self.outputs[output].is_null()
    }

    /// The rewards of the case, and the groups that its labels make in the order in which they come.
    fn groups(&self) -> Groups {
        let labels: Vec<&str> = self.inputs["group"]
            .as_array()
            .expect("groups")
            .iter()
            .map(|label| label.as_str().expect("text"))
            .collect();
        let first = |label: &&str| labels.iter().position(|other| other == label).expect("itself") as u32;
        Groups::new(labels.iter().map(first).collect())
    }

    /// Matches with scores, as `[left, right, score, score]`.
    fn scored(&self) -> History {
        let rows = self.inputs["scores"].as_array().expect("matches");
        let matches = rows.iter().map(|row| {
            let row = numbers(row);
            (row[0] as u32, row[1] as u32, MatchResult::from_scores(row[2], row[3], 0.0))
        });
        history(self.number("n") as u32, matches)
    }

    /// `ArenaRL`'s advantages of matches, under both rules and by its preset.
    fn arenarl(&self, history: &History, aggregation: Aggregation) {
        let settings = AdvantageSettings::preset("arenarl").expect("a preset");
        for rules in [Rules::Standard, Rules::ArenaRl] {
            let standing = aggregate(history, &AggregateSettings { rules, ..AggregateSettings::new(aggregation) });
            let rewards = reward(history, &standing, &settings.reward).expect("quantiles");
            if self.has("reward") {
                self.close("reward", &rewards);
            }
            self.close("advantage", &advantages_of_one(&rewards, &settings.normalize));
        }
    }

    fn round_robin(&self) {
        let history = self.scored();
        if self.has("wins") {
            let others = self.number("n") - 1.0;
            let standing = aggregate(&history, &AggregateSettings::new(Aggregation::WinRate));
            self.close("wins", &known(&standing.values).iter().map(|rate| rate * others).collect::<Vec<_>>());
            if self.has("rank_min") {
                self.close("rank_min", &known(&standing.ranks));
            }
        }
        if self.has("comparisons") {
            assert_eq!(history.played().count() as u64, self.outputs["comparisons"], "{}", self.id);
        }
        self.arenarl(&history, Aggregation::WinRate);
        // Everyone met everyone, so that points are wins; ties of points share the mean place.
        let points = aggregate(&history, &AggregateSettings::new(Aggregation::Points));
        if self.has("wins") {
            self.close("wins", &known(&points.values));
        }
    }

    fn anchor(&self) {
        let history = self.scored();
        if self.has("raw") {
            let standing = aggregate(&history, &AggregateSettings::new(Aggregation::MeanScore));
            self.close("raw", &known(&standing.values));
        }
        self.arenarl(&history, Aggregation::MeanScore);
    }

    fn orders(&self) {
        let pair = |name: &str| match &self.inputs[name] {
            Value::Array(scores) => [scores[0].as_f64().expect("a score"), scores[1].as_f64().expect("a score")],
            _ => NEUTRAL_SCORES,
        };
        let [prediction, reference] = sum_of_orders(pair("order_ab"), pair("order_ba"));
        self.close("prediction", &[prediction]);
        self.close("reference", &[reference]);
    }

    fn quantile(&self) {
        let settings = AdvantageSettings::preset("arenarl").expect("a preset");
        if self.has("reward") {
            let scores: Vec<f64> = self.numbers("rank").iter().map(|rank| -rank).collect();
            let groups = Groups::blocks(scores.len(), scores.len());
            let samples = Samples::new(&groups, &scores);
            self.close("reward", &settings.reward.of_scores(&samples).expect("quantiles"));
            self.close("advantage", &settings.of_scores(&samples).expect("advantages"));
            return;
        }
        for (items, expected) in self.outputs["advantage_best_to_worst"].as_object().expect("advantages by N") {
            let items: usize = items.parse().expect("N");
            let scores: Vec<f64> = (0..items).map(|item| (items - item) as f64).collect();
            let found = settings.of_scores(&Samples::new(&Groups::blocks(items, items), &scores)).expect("advantages");
            assert_close(self.id, &found, &numbers(expected), self.tolerance);
        }
    }

    fn win_rate(&self) {
        let rows = self.inputs["pairs"].as_array().expect("pairs");
        let matches = rows.iter().map(|row| {
            let result = match row[2].as_str().expect("an answer") {
                "1" => MatchResult::LEFT,
                "2" => MatchResult::RIGHT,
                _ => MatchResult::TIE,
            };
            (row[0].as_u64().expect("an item") as u32, row[1].as_u64().expect("an item") as u32, result)
        });
        let history = history(self.number("n") as u32, matches);
        let settings = AdvantageSettings::preset("pref-grpo").expect("a preset");
        let standing = aggregate(&history, settings.aggregate.as_ref().expect("an aggregation"));
        let rewards = reward(&history, &standing, &settings.reward).expect("values");
        self.close("win_rate", &rewards);
        self.close("advantage", &advantages_of_one(&rewards, &settings.normalize));
    }

    fn weighted_advantage(&self) {
        let (rewards, weights) = (&self.inputs["rewards"], &self.inputs["weights"]);
        let columns = [numbers(&rewards["pref"]), numbers(&rewards["clip"])];
        let criteria = [columns[0].as_slice(), columns[1].as_slice()];
        let weights = format!("{},{}", weights["pref"], weights["clip"]);
        let settings = AdvantageSettings {
            reward: named("normalized-sum", &[("weights", &weights)]),
            normalize: Normalization { clip: Some(5.0), ..Normalization::new(Normalizer::None) },
            ..AdvantageSettings::default()
        };
        let groups = Groups::blocks(4, 4);
        let samples = Samples::new(&groups, &columns[0]).with(Columns { criteria: &criteria, ..Columns::default() });
        self.close("advantage", &settings.of_scores(&samples).expect("advantages"));
        let gdpo = Normalization { eps: 1e-8, clip: Some(5.0), ..Normalization::new(Normalizer::Global) };
        let found = AdvantageSettings { normalize: gdpo, ..settings }.of_scores(&samples);
        self.close("advantage_gdpo", &found.expect("advantages"));
    }

    fn flex(&self) {
        let items = self.number("n") as u32;
        let pairs = self.inputs["pairs"].as_array().expect("pairs");
        let answers: Vec<Option<Value>> = self.inputs["responses"]
            .as_array()
            .expect("responses")
            .iter()
            .map(|text| serde_json::from_str(text.as_str().expect("text")).ok())
            .collect();
        let winner = |text: &Value| match text.as_str() {
            Some("Image 1") => MatchResult::LEFT,
            Some("Image 2") => MatchResult::RIGHT,
            _ => MatchResult::TIE,
        };
        let rates = |of: &dyn Fn(&Option<Value>) -> Option<MatchResult>| {
            let played = pairs.iter().zip(&answers).filter_map(|(pair, answer)| {
                let pair = numbers(pair);
                Some((pair[0] as u32, pair[1] as u32, of(answer)?))
            });
            let settings = AggregateSettings { decimals: Some(3), ..AggregateSettings::default() };
            let standing = aggregate(&history(items, played), &settings);
            standing.values.iter().map(|value| value.unwrap_or(f64::NAN)).collect::<Vec<f64>>()
        };
        // What can't be read is a tie overall, and is left out by dimension.
        let overall = rates(&|answer| Some(answer.as_ref().map_or(MatchResult::TIE, |it| winner(&it["winner"]))));
        self.close("overall", &overall);
        let dimension = |name: &str| {
            rates(&|answer| {
                let categories = answer.as_ref()?["categories"].as_array()?.clone();
                Some(winner(&categories.iter().find(|category| category["name"] == name)?["cat_winner"]))
            })
        };
        let (sem, qual) = (dimension("sem"), dimension("qual"));
        let criteria = [sem.as_slice(), qual.as_slice()];
        let columns = Columns { criteria: &criteria, ..Columns::default() };
        let weights = [
            ("overall_weight", self.inputs["overall_weight"].to_string()),
            ("dimension_weight", self.inputs["dim_weight"].to_string()),
        ];
        let weights: Vec<(&str, &str)> = weights.iter().map(|(name, weight)| (*name, weight.as_str())).collect();
        self.close("reward", &rewards("flex", &weights, &overall, columns));
        self.close("dim_mean", &rewards("flex", &[("overall_weight", "0")], &overall, columns));
    }

    fn preset(&self, name: &str) {
        let settings = AdvantageSettings::preset(name).expect("a preset");
        if let Some(eps) = self.inputs["eps"].as_f64() {
            assert!((settings.normalize.eps - eps).abs() < 1e-18, "{}: the eps of {name}", self.id);
        }
        let (scores, groups) = (self.numbers("reward"), self.groups());
        let length = self.inputs["response_length"].as_array().map(|_| self.numbers("response_length"));
        let columns = Columns { length: length.as_deref(), ..Columns::default() };
        let found = settings.of_scores(&Samples::new(&groups, &scores).with(columns));
        self.close("advantage", &found.expect("advantages"));
    }

    fn advantage(&self, settings: &Normalization) {
        let found = normalize(&self.numbers("reward"), &self.groups(), None, settings);
        self.close("advantage", &found.expect("advantages"));
    }

    fn trl(&self) {
        let rows = self.inputs["rewards"].as_array().expect("rows");
        let number = |row: &Value, k: usize| row[k].as_f64().unwrap_or(f64::NAN);
        let columns: Vec<Vec<f64>> = (0..rows[0].as_array().expect("a row").len())
            .map(|k| rows.iter().map(|row| number(row, k)).collect())
            .collect();
        let criteria: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let groups = Groups::blocks(rows.len(), self.number("num_generations") as usize);
        let mut settings = AdvantageSettings::preset("grpo-trl").expect("a preset");
        let weights = self.inputs["weights"]
            .as_array()
            .map(|_| self.numbers("weights").iter().map(f64::to_string).collect::<Vec<_>>().join(","));
        let mut with: Vec<(&str, &str)> = vec![("missing", "skip")];
        with.extend(weights.as_deref().map(|weights| ("weights", weights)));
        settings.reward = named("weighted-sum", &with);
        if self.inputs["scale_rewards"] == "batch" {
            settings.normalize.normalizer = Normalizer::Batch;
        }
        if self.inputs["aggregation"] == "normalize_then_sum" {
            with.push(("eps", "1e-4"));
            settings.reward = named("normalized-sum", &with);
            settings.normalize.normalizer = Normalizer::Global;
        }
        let columns = Columns { criteria: &criteria, ..Columns::default() };
        let found = settings.of_scores(&Samples::new(&groups, criteria[0]).with(columns));
        self.close("advantage", &found.expect("advantages"));
    }

    fn eps(&self) {
        let scores = self.numbers("reward");
        let groups = Groups::blocks(scores.len(), scores.len());
        let hold = |output: &str, normalize: &Normalization| {
            let settings = AdvantageSettings { normalize: normalize.clone(), ..AdvantageSettings::default() };
            self.close(output, &settings.of_scores(&Samples::new(&groups, &scores)).expect("advantages"));
        };
        let preset = |name| AdvantageSettings::preset(name).expect("a preset").normalize;
        for name in ["grpo-verl", "slime", "arenarl"] {
            hold("verl_slime_roll_qqr_1e-6", &preset(name));
        }
        hold("verl_slime_roll_qqr_1e-6", &Normalization::default());
        hold("trl_1e-4", &preset("grpo-trl"));
        hold("openrlhf_1e-9", &preset("openrlhf"));
        for name in ["par", "pref-grpo"] {
            hold("par_prefgrpo_1e-8", &preset(name));
        }
        hold("population_std_1e-6", &Normalization { ddof: 0, ..Normalization::default() });
        assert_eq!(self.outputs.as_object().expect("outputs").len(), 5, "{}", self.id);
    }

    /// Against the reference, once as scores and once as matches.
    fn brpo(&self) {
        let (against, item) = (self.numbers("pref_vs_ref"), self.number("ref") as usize);
        let threshold = self.inputs["threshold"].to_string();
        let settings = [("reference", &*item.to_string()), ("threshold", &threshold)];
        self.close("advantage", &rewards("brpo", &settings, &against, Columns::default()));
        let others = (0..against.len()).filter(|&other| other != item);
        let matches = others.map(|other| {
            let result = if against[other] > 0.0 { MatchResult::LEFT } else { MatchResult::RIGHT };
            (other as u32, item as u32, result)
        });
        let history = history(against.len() as u32, matches);
        let preset = AdvantageSettings::preset("brpo").expect("a preset");
        let standing = aggregate(&history, preset.aggregate.as_ref().expect("an aggregation"));
        // Only the reference met all others, so that the draw can't take another.
        let found = reward(&history, &standing, &preset.reward).expect("rewards");
        self.close("advantage", &advantages_of_one(&found, &preset.normalize));
        let kept = found.iter().any(|&reward| reward != 0.0);
        assert_eq!(kept, self.outputs["kept"], "{}", self.id);
    }

    fn unlikeliness(&self) {
        let (scores, logprob) = (self.numbers("reward"), self.numbers("mean_logprob"));
        let beta = self.inputs["beta_rank"].to_string();
        let columns = Columns { logprob: Some(&logprob), ..Columns::default() };
        let shaped = rewards("unlikeliness", &[("beta", &beta)], &scores, columns);
        self.close("shaped", &shaped);
        let verl = AdvantageSettings::preset("grpo-verl").expect("a preset");
        self.close("advantage", &advantages_of_one(&shaped, &verl.normalize));
    }

    fn par(&self, output: &str, settings: &[(&str, &str)]) {
        let scores = self.numbers("reward");
        with_references(&self.numbers("ref_rewards"), scores.len(), |columns| {
            self.close(output, &rewards("par", settings, &scores, columns));
        });
    }

    fn lsc(&self) {
        let (scores, quantile) = (self.numbers("reward"), self.inputs["percentile"].to_string());
        with_references(&self.numbers("ref_rewards"), scores.len(), |columns| {
            self.close("shaped", &rewards("log-sigmoid", &[("quantile", &quantile)], &scores, columns));
        });
        let reference = self.outputs["r_ref"].as_f64().expect("a number");
        with_references(&[reference], scores.len(), |columns| {
            self.close("shaped", &rewards("log-sigmoid", &[], &scores, columns));
        });
    }

    fn lsc_and(&self) {
        let rows: Vec<Vec<f64>> = self.inputs["rewards"].as_array().expect("rows").iter().map(numbers).collect();
        let column = |k: usize| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
        let (first, second) = (column(0), column(1));
        let weights = self.numbers("weights").iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        with_references(&self.numbers("refs"), rows.len(), |columns| {
            let columns = Columns { criteria: &[&first, &second], ..columns };
            self.close("combined", &rewards("log-sigmoid", &[("weights", &weights)], &first, columns));
        });
    }

    fn wildbench(&self) {
        let rows = self.inputs["items"].as_array().expect("items");
        let grade = |row: &Value| match row[0].as_str() {
            Some("win_much") => Grade::MuchBetter,
            Some("win") => Grade::Better,
            Some("tie") => Grade::Tie,
            Some("lose") => Grade::Worse,
            Some("lose_much") => Grade::MuchWorse,
            other => panic!("{}: a grade {other:?}", self.id),
        };
        let grades: Vec<f64> = rows.iter().map(|row| grade(row).reward()).collect();
        let lengths = |k: usize| rows.iter().map(|row| row[k].as_f64().expect("a length")).collect::<Vec<f64>>();
        let (own, other) = (lengths(1), lengths(2));
        let columns = Columns { length: Some(&own), reference: &[&other], ..Columns::default() };
        let found = rewards("wildbench", &[("length_margin", &self.inputs["K"].to_string())], &grades, columns);
        self.close("reward", &found);
        self.close("mean", &[found.iter().sum::<f64>() / found.len() as f64]);
        let margin = LengthMargin { margin: self.number("K"), rule: LengthRule::SlightWins };
        if margin.margin >= 0.0 {
            let each: Vec<f64> = (0..rows.len()).map(|row| margin.apply(grades[row], own[row], other[row])).collect();
            self.close("reward", &each);
            let preset = AdvantageSettings::preset("wildbench").expect("a preset");
            let groups = Groups::blocks(rows.len(), rows.len());
            let samples = Samples::new(&groups, &grades).with(columns);
            self.close("reward", &preset.of_scores(&samples).expect("rewards"));
        }
        // The same answers as matches against baselines of their own.
        self.wildbench_matches(&grades, &own, &other);
    }

    fn wildbench_matches(&self, grades: &[f64], own: &[f64], other: &[f64]) {
        let n = grades.len() as u32;
        let matches = (0..n).map(|item| {
            let outcome = Outcome::from_share(f64::midpoint(grades[item as usize], 1.0)).expect("a share");
            (item, n + item, MatchResult { outcome, ..MatchResult::TIE })
        });
        let history = history(2 * n, matches);
        let standing = aggregate(&history, &AggregateSettings::default());
        let lengths: Vec<f64> = own.iter().chain(other).copied().collect();
        let contest = Contest::new(&history, &standing).with(Columns { length: Some(&lengths), ..Columns::default() });
        let reward = named("wildbench", &[("length_margin", &self.inputs["K"].to_string())]);
        let found = reward.of_standing(&contest).expect("rewards");
        self.close("reward", &found[..grades.len()]);
        let theirs: Vec<f64> = found[grades.len()..].iter().map(|reward| -reward).collect();
        self.close("reward", &theirs);
    }

    fn task_macro(&self) {
        let (rewards, weights) = (&self.inputs["category_reward"], &self.inputs["weights"]);
        let rewards: Vec<f64> =
            TASK_WEIGHTS.iter().map(|task| rewards[task.category].as_f64().expect("a reward")).collect();
        let expected: Vec<f64> =
            TASK_WEIGHTS.iter().map(|task| weights[task.category].as_f64().expect("a weight")).collect();
        let ours: Vec<f64> = TASK_WEIGHTS.iter().map(|task| task.weight).collect();
        assert_close("the weights of the tasks", &ours, &expected, 0.0);
        self.close("task_macro_reward", &[task_macro(&rewards, &ours)]);
    }

    /// One Elo step of the result that is left after the length margin.
    fn wb_elo(&self) {
        let (ratings, lengths, k) = (self.numbers("r"), self.numbers("len"), self.number("K"));
        assert_eq!(self.inputs["winner"], 1, "{}: the first wins", self.id);
        let step = |result: MatchResult| {
            let expected = 1.0 / (1.0 + 10_f64.powf((ratings[1] - ratings[0]) / 400.0));
            let change = k * (result.outcome.share() - expected);
            [ratings[0] + change, ratings[1] - change]
        };
        self.close("r_without", &step(MatchResult::LEFT));
        let tied = tie_beyond_length(MatchResult::LEFT, [lengths[0], lengths[1]], self.number("margin"));
        self.close("r_with_margin", &step(tied));
    }

    fn lipo(&self) {
        let (labels, s) = (self.numbers("psi"), self.numbers("s"));
        let found = lipo(&labels, &s);
        let ranks: Vec<f64> = found.ranks.iter().map(|&rank| rank as f64).collect();
        self.close("tau", &ranks);
        let deltas: Vec<f64> = found.deltas.into_iter().flatten().collect();
        let expected: Vec<f64> = self.outputs["delta"].as_array().expect("rows").iter().flat_map(numbers).collect();
        assert_close(self.id, &deltas, &expected, self.tolerance);
        self.close("loss", &[found.loss]);
        // The vector gives weights to eight decimals and the loss to nine.
        let weights = numbers(&self.outputs["descent_weight_per_item"]);
        assert_close(self.id, &found.weights, &weights, self.tolerance.max(5e-9));
        let zeros = vec![0.0; s.len()];
        let columns = Columns { logprob: Some(&s), reference: &[&zeros], ..Columns::default() };
        assert_close(self.id, &rewards("lipo", &[("beta", "1")], &labels, columns), &found.weights, 1e-15);
    }

    fn bell(&self) {
        let rows: Vec<Vec<f64>> = self.inputs["pred_gt"].as_array().expect("rows").iter().map(numbers).collect();
        let predictions: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        let truth: Vec<f64> = rows.iter().map(|row| row[1]).collect();
        let columns = Columns { reference: &[&truth], ..Columns::default() };
        let settings = [
            ("sigma", self.inputs["sigma"].to_string()),
            ("penalty_factor", self.inputs["penalty_factor"].to_string()),
        ];
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.close("reward", &rewards("bell", &settings, &predictions, columns));
    }

    fn fidelity(&self) {
        let (predictions, truth) = (self.numbers("pred1"), self.numbers("gt"));
        let other = Spread { mean: self.number("mean2"), variance: self.number("var2") };
        let own = self.number("var1");
        let found: Vec<f64> =
            predictions.iter().zip(truth).map(|(&prediction, truth)| fidelity(prediction, own, other, truth)).collect();
        self.close("reward", &found);
    }

    fn sppo(&self) {
        let scores = self.numbers("pair_scores");
        let plain = Columns::default();
        self.close("win_prob", &rewards("sppo", &[("output", "rate")], &scores, plain));
        let beta = self.inputs["beta"].to_string();
        let ratios = rewards("sppo", &[("output", "log-ratio"), ("beta", &beta)], &scores, plain);
        // A probability with nine decimals, times a thousand.
        assert_close(self.id, &ratios, &numbers(&self.outputs["target_logratio"]), 1e3 * self.tolerance);
        let preset = AdvantageSettings::preset("sppo").expect("a preset");
        let groups = Groups::blocks(scores.len(), scores.len());
        let found = preset.of_scores(&Samples::new(&groups, &scores)).expect("advantages");
        let payoffs: Vec<f64> = numbers(&self.outputs["win_prob"]).iter().map(|rate| rate - 0.5).collect();
        assert_close(self.id, &found, &payoffs, self.tolerance);
        // The same chances as matches.
        let chances: Vec<Vec<f64>> = self.outputs["P"].as_array().expect("rows").iter().map(numbers).collect();
        let history = of_chances(&chances);
        let standing = aggregate(&history, &AggregateSettings::default());
        let found = named("sppo", &[("output", "rate")]).of_standing(&Contest::new(&history, &standing));
        self.close("win_prob", &found.expect("rewards"));
    }

    fn dno(&self) {
        let chances: Vec<Vec<f64>> = self.inputs["pref_matrix"].as_array().expect("rows").iter().map(numbers).collect();
        let history = of_chances(&chances);
        let standing = aggregate(&history, &AggregateSettings::default());
        let contest = Contest::new(&history, &standing);
        self.close("reward_excl_self", &named("dno", &[]).of_standing(&contest).expect("rewards"));
        let including = named("sppo", &[("output", "rate")]).of_standing(&contest);
        self.close("reward_incl_self", &including.expect("rewards"));
    }

    fn rank_over_n(&self) {
        self.close("reward", &rewards("rank-over-n", &[], &self.numbers("score"), Columns::default()));
    }
}

fn history(items: u32, matches: impl IntoIterator<Item = (u32, u32, MatchResult)>) -> History {
    let mut history = History::new(items);
    for (left, right, result) in matches {
        let game = Match { id: 0, round: 1, stage: Stage::Main, left, right };
        history.push(Played { game, result, weight: 1.0 }).expect("two items of the group");
    }
    history
}

/// One match for each pair, of which the one that is on the left takes its chance as a share.
fn of_chances(chances: &[Vec<f64>]) -> History {
    let pairs = (0..chances.len()).flat_map(|i| (i + 1..chances.len()).map(move |j| (i, j)));
    let matches = pairs.map(|(i, j)| {
        let outcome = Outcome::from_share(chances[i][j]).expect("a share");
        (i as u32, j as u32, MatchResult { outcome, ..MatchResult::TIE })
    });
    history(chances.len() as u32, matches.collect::<Vec<_>>())
}

fn named(name: &str, settings: &[(&str, &str)]) -> Reward {
    let settings = Settings::parse(settings.iter().map(|(name, value)| format!("{name}={value}")));
    Reward::new(name, &settings.expect("pairs")).unwrap_or_else(|error| panic!("{error}"))
}

/// The rewards of one group.
fn rewards(name: &str, settings: &[(&str, &str)], scores: &[f64], columns: Columns<'_>) -> Vec<f64> {
    let needs = REWARDS.iter().find(|entry: &&RewardEntry| entry.name == name).expect("a reward").needs;
    assert!(!needs.contains(&Column::Criteria) || !columns.criteria.is_empty());
    let groups = Groups::blocks(scores.len(), scores.len());
    named(name, settings).of_scores(&Samples::new(&groups, scores).with(columns)).expect("rewards")
}

fn advantages_of_one(rewards: &[f64], settings: &Normalization) -> Vec<f64> {
    normalize(rewards, &Groups::blocks(rewards.len(), rewards.len()), None, settings).expect("advantages")
}

fn known(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|value| value.expect("known")).collect()
}

/// Columns of references that are the same for each of so many samples.
fn with_references(references: &[f64], samples: usize, then: impl FnOnce(Columns<'_>)) {
    let columns: Vec<Vec<f64>> = references.iter().map(|&reference| vec![reference; samples]).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    then(Columns { reference: &columns, ..Columns::default() });
}
