//! The voting cases of the evaluation and preference vectors: `OpenSpiel`, `pref_voting` and exhaustive
//! search, each at its own tolerance.

use nalgebra::DMatrix;
use palio::data::graph::PreferenceGraph;
use palio::data::profile::{EqualScores, Profile};
use palio::data::read::{BallotColumns, TableOptions, read_ballots, read_table};
use palio::data::table::ScoreTable;
use palio::data::{ItemId, Items};
use palio::models::kemeny::KemenyOrder;
use palio::models::tsp_rank::BestPath;
use palio::models::voting::{LockedPairs, Strength, strongest_paths};
use palio::models::{Evidence, Fitted, RaterEntry, Settings};
use palio::structure::dominance::Dominance;
use palio::structure::feedback_arcs::{FeedbackArcs, Search};
use petgraph::graph::NodeIndex;
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, by_item, numbers};
use crate::preference::each;
use crate::shared::{Shared, graph_of_matrices};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("scores", |shared| each_case(shared, "voting", scores)),
    ("orders", |shared| each_case(shared, "voting", orders)),
    ("kemeny", |shared| each_case(shared, "voting", kemeny)),
    ("atari", |shared| each_case(shared, "atari", atari)),
    ("kemeny_of_files", kemeny_of_files),
    ("mfas", |shared| {
        each(shared, "mfas", |case| {
            let graph = graph_of_matrices(&case.input["M"], &Value::Null);
            let found = KemenyOrder::of(&graph);
            let order: Vec<f64> = found.order.iter().map(|item| f64::from(item.0)).collect();
            case.holds("exact_order_lex", &order);
            case.holds("exact_back_weight", &[found.distance]);
            let greedy = FeedbackArcs::of(graph.wins(), Search::Greedy);
            case.holds("eades_order", &greedy.order.iter().map(|item| f64::from(item.0)).collect::<Vec<_>>());
            case.holds("eades_back_weight", &[greedy.weight]);
        });
    }),
    ("tsprank", |shared| {
        each(shared, "tsprank", |case| {
            let rows = dense(&case.input["S"]);
            let found = BestPath::of(&DMatrix::from_fn(rows.len(), rows.len(), |i, j| rows[i][j]));
            case.holds("path", &found.order.iter().map(|item| f64::from(item.0)).collect::<Vec<_>>());
            case.holds("score", &[found.score]);
        });
    }),
    ("pairs", |shared| each_case(shared, "voting", pairs)),
    ("winners", |shared| each_case(shared, "voting", winners)),
    ("schulze_and_ranked_pairs", |shared| {
        each(shared, "voting", |case| {
            let graph = graph_of_matrices(&case.input["pref"], &Value::Null);
            case.holds("strongest_paths_winning_votes", &paths(&graph));
            let found = LockedPairs::of(&graph).expect("locked pairs");
            case.holds("ranked_pairs_locked", &locked(&found, graph.items().len()));
            let rejected: Vec<[u32; 2]> =
                found.pairs.iter().filter(|pair| !pair.locked).map(|pair| [pair.winner.0, pair.loser.0]).collect();
            let mut expected: Vec<[u32; 2]> =
                serde_json::from_value(case.expected["ranked_pairs_rejected"].clone()).unwrap();
            assert_eq!(sorted(rejected), {
                expected.sort_unstable();
                expected
            });
        });
    }),
];

/// A case with ballots.
pub(crate) struct Case<'a> {
    pub(crate) id: &'a str,
    pub(crate) input: &'a Value,
    pub(crate) output: &'a Value,
    pub(crate) tolerance: &'a Value,
    pub(crate) profile: Profile,
    pub(crate) graph: PreferenceGraph,
}

/// Checks every case of a group of the evaluation vectors.
pub(crate) fn each_case(shared: &Shared, group: &str, check: fn(&Case<'_>)) {
    let file = shared.json("vectors/evaluation.json");
    let cases: Vec<&Value> = file["vectors"].as_array().unwrap().iter().filter(|case| case["group"] == group).collect();
    assert!(!cases.is_empty(), "no case of {group}");
    for case in cases {
        let profile = profile(&case["input"]);
        check(&Case {
            id: case["id"].as_str().unwrap(),
            input: &case["input"],
            output: &case["output"],
            tolerance: &case["tolerance"],
            graph: profile.graph(),
            profile,
        });
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// The ballots `[count, [names]]` over the alternatives.
fn profile(input: &Value) -> Profile {
    let items: Items = ["alternatives", "agents"]
        .iter()
        .find(|key| input[**key].is_array())
        .map_or_else(Items::new, |key| names(&input[*key]).into_iter().collect());
    let mut profile = Profile::new(items);
    for vote in input["votes"].as_array().into_iter().flatten() {
        let (count, ranked) = if vote[0].is_number() { (vote[0].as_f64().unwrap(), &vote[1]) } else { (1.0, vote) };
        let places: Vec<[ItemId; 1]> = names(ranked).iter().map(|name| [profile.intern(name)]).collect();
        profile.push(&places, count).unwrap();
    }
    profile
}

impl Case<'_> {
    /// The tolerance of a kind of number.
    pub(crate) fn tolerance(&self, kind: &str) -> f64 {
        let named = self.tolerance.get(kind).or_else(|| self.tolerance.get("default"));
        named.unwrap_or(self.tolerance).as_f64().expect("a tolerance")
    }

    pub(crate) fn fit(&self, method: &str, settings: &[&str]) -> Box<dyn Fitted> {
        let rater = RaterEntry::find(method).expect(method).rater(&Settings::parse(settings).unwrap()).unwrap();
        let evidence = Evidence { ballots: Some(&self.profile), ..(&self.graph).into() };
        rater.fit(evidence, None).unwrap_or_else(|error| panic!("{} {method}: {error}", self.id))
    }

    /// The names from the top down, equal ones in first-seen order.
    pub(crate) fn ranking(&self, fitted: &dyn Fitted) -> Vec<String> {
        let ratings = fitted.ratings();
        let mut order: Vec<usize> = (0..ratings.len()).collect();
        order.sort_by(|&a, &b| ratings[b].total_cmp(&ratings[a]));
        order.into_iter().map(|item| self.profile.items().name(ItemId(item as u32)).to_owned()).collect()
    }

    /// Holds the ratings of a method against the numbers of this name, if the case has them.
    pub(crate) fn rates(&self, name: &str, method: &str, settings: &[&str], kind: &str) {
        if !self.output[name].is_null() {
            let expected = by_item(&self.output[name], self.profile.items());
            assert_close(&self.what(name), self.fit(method, settings).ratings(), &expected, self.tolerance(kind));
        }
    }

    /// Holds the order of a method against the ranking of this name, if the case has it.
    pub(crate) fn ranks(&self, name: &str, method: &str, settings: &[&str]) {
        if !self.output[name].is_null() {
            let expected: Vec<String> = serde_json::from_value(self.output[name].clone()).unwrap();
            assert_eq!(self.ranking(&*self.fit(method, settings)), expected, "{}", self.what(name));
        }
    }

    pub(crate) fn what(&self, name: &str) -> String {
        format!("{} {name}", self.id)
    }
}

fn scores(case: &Case<'_>) {
    case.rates("borda", "borda", &[], "default");
    case.rates("plurality", "plurality", &[], "default");
    case.rates("approval_k2", "approval", &["k=2"], "default");
    case.rates("copeland", "copeland", &[], "default");
    case.rates("maximal_lottery_lp", "maximal-lottery", &[], "maximal_lottery_lp");
    case.rates("iterative_maximal_lottery", "iterative-maximal-lottery", &[], "openspiel_ecos");
    elo(case, "elo_mm", "elo_mm");
}

/// `OpenSpiel`'s Elo: a pseudo count of 0.01 and the lowest at 0.
pub(crate) fn elo(case: &Case<'_>, name: &str, kind: &str) {
    if case.output[name].is_null() {
        return;
    }
    let fitted = case.fit("bradley-terry", &["pseudo_count=0.01"]);
    let lowest = fitted.ratings().iter().copied().fold(f64::INFINITY, f64::min);
    let points: Vec<f64> =
        fitted.ratings().iter().map(|rating| 400.0 / std::f64::consts::LN_10 * (rating - lowest)).collect();
    let expected = by_item(&case.output[name], case.profile.items());
    assert_close(&case.what(name), &points, &expected, case.tolerance(kind));
}

fn orders(case: &Case<'_>) {
    case.ranks("schulze_ranking", "schulze", &[]);
    case.ranks("schulze", "schulze", &[]);
    case.ranks("ranked_pairs_ranking", "ranked-pairs", &[]);
    case.ranks("ranked_pairs", "ranked-pairs", &[]);
    case.ranks("stv_ranking_half", "stv", &[]);
    case.ranks("kemeny_ranking", "kemeny", &[]);
    case.ranks("kemeny", "kemeny", &[]);
    // OpenSpiel's scores: of Schulze the votes between neighbours from below, of ranked pairs the margins
    // of all locked pairs that an item leads to.
    let n = case.graph.items().len();
    let id = |name: &String| case.graph.items().get(name).unwrap().index();
    if !case.output["schulze_scores_openspiel"].is_null() {
        let order: Vec<usize> = case.ranking(&*case.fit("schulze", &[])).iter().map(id).collect();
        let votes = dense(&case.output["pref_matrix"]);
        let mut scores = vec![0.0; n];
        for place in (0..n - 1).rev() {
            scores[place] = scores[place + 1] + votes[order[place]][order[place + 1]];
        }
        let expected = numbers(&case.output["schulze_scores_openspiel"]);
        assert_close(&case.what("schulze_scores"), &scores, &expected, case.tolerance("default"));
        let found = LockedPairs::of(&case.graph).unwrap();
        let scores: Vec<f64> = found.order.iter().map(|item| margins_below(&found, *item, n)).collect();
        let expected = numbers(&case.output["ranked_pairs_scores_openspiel"]);
        assert_close(&case.what("ranked_pairs_scores"), &scores, &expected, case.tolerance("default"));
    }
}

fn margins_below(found: &LockedPairs, item: ItemId, items: usize) -> f64 {
    let mut below = vec![false; items];
    below[item.index()] = true;
    let locked = || found.pairs.iter().filter(|pair| pair.locked);
    for _ in 0..items {
        for pair in
            locked().filter(|pair| below[pair.winner.index()]).map(|pair| pair.loser.index()).collect::<Vec<_>>()
        {
            below[pair] = true;
        }
    }
    locked().filter(|pair| below[pair.winner.index()]).map(|pair| pair.margin).sum()
}

fn kemeny(case: &Case<'_>) {
    if case.output["kemeny_total"].is_null() {
        return;
    }
    let found = KemenyOrder::of(&case.graph);
    let exactly = |name: &str, found: &[f64], expected: &[f64]| {
        assert_close(&case.what(name), found, expected, case.tolerance("default"));
    };
    exactly("kemeny_total", &[found.agreement], &[case.output["kemeny_total"].as_f64().unwrap()]);
    let distance = case.output["kemeny_min_total_kendall_distance"].as_f64().unwrap();
    exactly("kendall distance", &[found.distance, found.bound], &[distance, distance]);
    assert_eq!(found.unique, Some(case.output["kemeny_num_optimal"] == 1), "{}", case.what("unique"));
    // OpenSpiel's score of an item: the votes for it over those below.
    let votes = dense(&case.output["pref_matrix"]);
    let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
    let scores: Vec<f64> =
        (0..order.len()).map(|at| order[at + 1..].iter().map(|&below| votes[order[at]][below]).sum()).collect();
    exactly("kemeny_scores", &scores, &numbers(&case.output["kemeny_scores"]));
}

/// Published tables of scores, each game a vote.
fn atari(case: &Case<'_>) {
    case.rates("borda", "borda", &[], "default");
    case.rates("copeland", "copeland", &[], "default");
    case.ranks("kemeny", "kemeny", &[]);
    elo(case, "elo", "elo");
    pairs(case);
    let found = KemenyOrder::of(&case.graph);
    let (total, mean) = (&case.output["kemeny_total"], &case.output["mean_normalised_kendall_to_votes"]);
    assert_close(&case.what("total"), &[found.agreement], &[total.as_f64().unwrap()], case.tolerance("default"));
    let n = case.graph.items().len() as f64;
    let per_vote = found.distance / case.profile.voters() / (n * (n - 1.0) / 2.0);
    assert_close(&case.what("mean distance"), &[per_vote], &[mean.as_f64().unwrap()], 1e-12);
    // The same votes from the table of scores, where equal scores keep the order of the table.
    let games = dense(&case.input["scores_games_x_agents"]);
    let benchmarks: Items = (0..games.len()).map(|game| game.to_string()).collect();
    let table = ScoreTable::new(case.profile.items().clone(), benchmarks, games.concat()).unwrap();
    let votes = Profile::from_table(&table, EqualScores::TableOrder).graph();
    assert_eq!(votes.pair_sums(), case.graph.pair_sums(), "{}", case.id);
    let tied = Profile::from_table(&table, EqualScores::Tied);
    let with_ties = tied.ballots().filter(|ballot| ballot.groups().any(|group| group.len() > 1)).count();
    assert_eq!(with_ties as u64, case.output["games_with_ties"].as_u64().unwrap(), "{}", case.id);
}

/// Exact and proved on elections of about 50,000 ballots, and on the tables of scores.
fn kemeny_of_files(shared: &Shared) {
    let files = |folder: &str, end: &str| {
        let entries = std::fs::read_dir(shared.path(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_string_lossy().ends_with(end)).collect::<Vec<_>>()
    };
    let elections = files("data/preflib_nswla", ".soi.gz");
    let tables = files("data/atari_agents", ".csv");
    assert_eq!((elections.len(), tables.len()), (10, 4));
    let mut profiles: Vec<Profile> =
        elections.iter().map(|path| read_ballots(&[path], &BallotColumns::default()).unwrap().profile).collect();
    profiles.extend(tables.iter().map(|path| {
        let reading = read_table(&[path], &TableOptions::default()).unwrap();
        Profile::from_table(&reading.table, EqualScores::Tied)
    }));
    for profile in profiles {
        let graph = profile.graph();
        let found = KemenyOrder::of(&graph);
        assert_close("proved", &[found.distance], &[found.bound], 0.0);
        // A Condorcet winner is first, and no neighbours are the wrong way round.
        let first = Dominance::of(&graph).condorcet_winner;
        assert!(first.is_none_or(|winner| winner == found.order[0]));
        let majority = graph.majority();
        assert!(found.order.windows(2).all(|pair| {
            let [above, below] = [pair[0], pair[1]].map(|item| NodeIndex::new(item.index()));
            majority.find_edge(below, above).is_none()
        }));
    }
}

/// Pair counts, margins, paths and locked pairs.
fn pairs(case: &Case<'_>) {
    let n = case.graph.items().len();
    let mut votes = vec![0.0; n * n];
    let sums = case.graph.pair_sums();
    for pair in 0..sums.low.len() {
        let (low, high) = (sums.low[pair] as usize, sums.high[pair] as usize);
        (votes[low * n + high], votes[high * n + low]) = (sums.low_wins[pair], sums.high_wins[pair]);
    }
    let at = |i: usize, j: usize| votes[i * n + j];
    let margins: Vec<f64> = (0..n * n).map(|at_| at(at_ / n, at_ % n) - at(at_ % n, at_ / n)).collect();
    let met: Vec<f64> = (0..n * n).map(|at_| at(at_ / n, at_ % n) + at(at_ % n, at_ / n)).collect();
    let holds = |name: &str, found: &[f64]| {
        if !case.output[name].is_null() {
            let expected: Vec<f64> = dense(&case.output[name]).concat();
            assert_close(&case.what(name), found, &expected, case.tolerance("default"));
        }
    };
    holds("pref_matrix", &votes);
    holds("margin_matrix", &margins);
    holds("pairwise_count", &met);
    holds("schulze_strongest_paths_winning_votes", &paths(&case.graph));
    holds("ranked_pairs_graph", &locked(&LockedPairs::of(&case.graph).unwrap(), n));
}

fn paths(graph: &PreferenceGraph) -> Vec<f64> {
    strongest_paths(graph, Strength::WinningVotes).unwrap().transpose().as_slice().to_vec()
}

/// 1 where the item of the row is locked above that of the column.
fn locked(found: &LockedPairs, items: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; items * items];
    for pair in found.pairs.iter().filter(|pair| pair.locked) {
        matrix[pair.winner.index() * items + pair.loser.index()] = 1.0;
    }
    matrix
}

/// The winners that `pref_voting` finds.
fn winners(case: &Case<'_>) {
    if let Some(winners) = case.output["condorcet_winner_strong"].as_array() {
        let found = Dominance::of(&case.graph).condorcet_winner;
        let found: Vec<&str> = found.into_iter().map(|item| case.graph.items().name(item)).collect();
        assert_eq!(found, winners.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>(), "{}", case.id);
    }
    let expected = &case.output["pref_voting"];
    if expected.is_null() {
        return;
    }
    for (name, method, settings) in [
        ("copeland", "copeland", &[][..]),
        ("borda", "borda", &[]),
        ("minimax", "minimax", &[]),
        ("beat_path", "schulze", &["strength=margins"]),
        ("ranked_pairs", "ranked-pairs", &[]),
        ("kemeny", "kemeny", &[]),
    ] {
        let fitted = case.fit(method, settings);
        let best = fitted.ratings().iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut found: Vec<&str> = (0..fitted.ratings().len())
            .filter(|&item| fitted.ratings()[item] >= best)
            .map(|item| case.profile.items().name(ItemId(item as u32)))
            .collect();
        found.sort_unstable();
        let winners: Vec<&str> = expected[name].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(found, winners, "{}", case.what(name));
    }
    let mut smith: Vec<&str> =
        Dominance::of(&case.graph).smith_sets[0].iter().map(|&item| case.graph.items().name(item)).collect();
    smith.sort_unstable();
    assert_eq!(
        smith,
        expected["smith"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>()
    );
}

fn dense(matrix: &Value) -> Vec<Vec<f64>> {
    matrix.as_array().unwrap().iter().map(numbers).collect()
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}
