//! Properties of every registered rater and of the uncertainty around it, one sentence a test.

#[path = "common/small_logs.rs"]
mod small_logs;
#[path = "properties/structure.rs"]
mod structure;

use std::sync::LazyLock;

use palio::data::graph::PreferenceGraph;
use palio::data::{Comparison, ItemId, Log, Outcome};
use palio::models::{
    BradleyTerry, Evidence, FitError, Fitted, Mirror, Needs, RATERS, Rater, RaterEntry, Settings, TieRule, Units,
};
use palio::structure::Status;
use palio::uncertainty::{
    BootstrapSettings, Clusters, CovarianceKind, RankIntervals, RankRule, RankSettings, Uncertainty, bootstrap,
    covariance, covariance_among, rank_intervals,
};
use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use small_logs::{Small, connected_logs, odd_logs, small_logs};

const TIE_RULES: [TieRule; 4] = [TieRule::Half, TieRule::Davidson, TieRule::RaoKupper, TieRule::Drop];
const SEED: u64 = 11;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn fit_with(entry: &RaterEntry, settings: &Settings, small: &Small) -> Box<dyn Fitted> {
    entry.rater(settings).expect("its settings").fit(small.evidence(), None).expect("a fit")
}

/// The defaults, but for what a rater would choose by a thousand fits.
fn settings(entry: &RaterEntry) -> Settings {
    let given: &[&str] = match entry.name {
        "general-preference" => &["dimension=8", "penalty=1", "rating_penalty=0.1"],
        _ => &[],
    };
    Settings::parse(given).expect("settings")
}

fn fit(entry: &RaterEntry, small: &Small) -> Box<dyn Fitted> {
    fit_with(entry, &settings(entry), small)
}

fn bradley_terry(ties: TieRule, small: &Small) -> Box<dyn Fitted> {
    BradleyTerry { ties, ..BradleyTerry::default() }.fit(small.evidence(), None).expect("a fit")
}

fn is_identified(fitted: &dyn Fitted) -> bool {
    fitted.identification().status == Status::Identified
}

/// Whether the ratings are penalised because the data identify none.
fn fell_back(fitted: &dyn Fitted) -> bool {
    fitted.parameters().iter().any(|(name, _)| *name == "penalty")
}

/// Whether the order in which items were first seen decided something, as a note must say.
fn by_first_seen(fitted: &dyn Fitted) -> bool {
    fitted.notes().iter().any(|note| ["first-seen-order", "tied-ballots", "several-optima"].contains(&&*note.code))
}

fn items(small: &Small) -> Vec<ItemId> {
    (0..small.items() as u32).map(ItemId).collect()
}

/// Equal up to rounding: in relation to the larger of the number and 1. What has no value has none on
/// both sides.
fn assert_same(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs() / expected.abs().max(1.0);
        let neither = found.is_nan() && expected.is_nan();
        assert!(neither || off <= tolerance, "{what}: {found} instead of {expected} at {place}");
    }
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

static ONE_THREAD: LazyLock<ThreadPool> = LazyLock::new(|| pool(1));
static TWO_THREADS: LazyLock<ThreadPool> = LazyLock::new(|| pool(2));

/// The bootstrap with few replicates.
fn few_resamples(entry: &RaterEntry, fitted: &dyn Fitted, small: &Small) -> Uncertainty {
    let rater = entry.rater(&settings(entry)).expect("settings");
    let settings = BootstrapSettings { resamples: 8, seed: SEED, units: entry.units };
    let all = small.evidence();
    let evidence = match entry.needs {
        Needs::Counts => Evidence { rows: None, ballots: None, ..all },
        Needs::Rows => Evidence { ballots: None, ..all },
        Needs::Ballots => Evidence { rows: None, ..all },
    };
    bootstrap(&*rater, evidence, fitted, None, settings, &|| {}).expect("a bootstrap")
}

fn ranks(small: &Small, fitted: &dyn Fitted, uncertainty: &Uncertainty, rule: RankRule) -> RankIntervals {
    let settings = RankSettings { rule, draws: 300, seed: SEED, ..RankSettings::default() };
    rank_intervals(&items(small), fitted.ratings(), uncertainty, settings)
}

/// All numbers that come of a log, errors and rank intervals included.
fn everything(small: &Small) -> Vec<u64> {
    let mut found = Vec::new();
    for entry in RATERS {
        let fitted = fit(entry, small);
        found.extend(bits(fitted.ratings()));
        let mut spreads = vec![few_resamples(entry, &*fitted, small)];
        for kind in [CovarianceKind::Fisher, CovarianceKind::Sandwich] {
            spreads.push(covariance(&*fitted, &small.graph, kind, None));
        }
        for spread in spreads {
            let errors = items(small).into_iter().filter_map(|item| spread.std_error(item));
            found.extend(errors.map(f64::to_bits));
            let ranks = ranks(small, &*fitted, &spread, RankRule::Simultaneous);
            let ends = (0..small.items()).filter_map(|item| ranks.interval(item));
            found.extend(ends.flat_map(|(best, worst)| [best as u64, worst as u64]));
        }
    }
    found
}

proptest! {
    #![proptest_config(cases(256))]

    /// The order of the ids does not matter.
    #[test]
    fn relabelling_the_items_permutes_the_ratings(small in small_logs(), order in Just(()).prop_perturb(|(), rng| rng)) {
        let mut order = order;
        let n = small.items();
        let mut ids: Vec<u32> = (0..n as u32).collect();
        for last in (1..n).rev() {
            ids.swap(last, order.random_range(0..=last));
        }
        let renamed = |item: ItemId| ItemId(ids[item.index()]);
        let permuted = small.map(|row| [Comparison { left: renamed(row.left), right: renamed(row.right), ..row }]);
        for entry in RATERS {
            let (before, after) = (fit(entry, &small), fit(entry, &permuted));
            if by_first_seen(&*before) || by_first_seen(&*after) {
                continue;
            }
            let moved: Vec<f64> = ids.iter().map(|&id| after.ratings()[id as usize]).collect();
            assert_same(entry.name, &moved, before.ratings(), 1e-9);
            prop_assert_eq!(before.identification().status, after.identification().status);
        }
    }

    /// Exchanging winners and losers reflects the ratings at their centre.
    #[test]
    fn the_mirror_reflects(small in small_logs()) {
        let mirrored = small.map(|row| [Comparison { outcome: row.outcome.mirrored(), ..row }]);
        for entry in RATERS.iter().filter(|entry| entry.laws.mirror == Mirror::Reflects) {
            let centre = match entry.units {
                Units::LogOdds | Units::Own => 0.0,
                Units::Share => 0.5,
                Units::Points => 1000.0,
                Units::Count
                | Units::Items
                | Units::Votes
                | Units::Weight
                | Units::Probability
                | Units::Payoff => panic!("{}: a centre", entry.name),
            };
            let reflected: Vec<f64> = fit(entry, &small).ratings().iter().map(|rating| 2.0 * centre - rating).collect();
            assert_same(entry.name, fit(entry, &mirrored).ratings(), &reflected, 1e-9);
        }
    }

    /// Every comparison counted twice leaves the ratings as they are, where they are identified without a
    /// penalty, whose say is less among more comparisons.
    #[test]
    fn doubling_changes_nothing(small in small_logs()) {
        let doubled = small.map(|row| [row, row]);
        for entry in RATERS.iter().filter(|entry| entry.laws.doubling_changes_nothing) {
            let (once, twice) = (fit(entry, &small), fit(entry, &doubled));
            if !fell_back(&*once) {
                assert_same(entry.name, twice.ratings(), once.ratings(), 1e-9);
            }
        }
    }

    /// An item that never won, and lost to each of the others at least as often as anyone did, ranks last.
    #[test]
    fn dominated_ranks_last(small in small_logs()) {
        let with_loser = with_dominated_item(&small);
        for entry in RATERS.iter().filter(|entry| entry.laws.dominated_ranks_last) {
            let fitted = fit(entry, &with_loser);
            let (loser, others) = fitted.ratings().split_last().expect("items");
            for other in others {
                prop_assert!(*loser <= other + 1e-9, "{}: {} above {}", entry.name, loser, other);
            }
        }
    }

    /// Counts say what as many rows say, to raters that read counts.
    #[test]
    fn counts_are_rows(small in small_logs(), count in 1..4_u32) {
        let rows = small.map(|row| vec![row; count as usize]);
        let counts = small.map(|row| [Comparison { count: f64::from(count), ..row }]);
        prop_assert_eq!(rows.graph.cells(), counts.graph.cells());
        for entry in RATERS.iter().filter(|entry| entry.needs == Needs::Counts) {
            assert_same(entry.name, fit(entry, &counts).ratings(), fit(entry, &rows).ratings(), 1e-9);
        }
    }

    /// A weight of two moves a rating as far as two comparisons.
    #[test]
    fn a_weight_of_two_is_two_rows(small in small_logs()) {
        let rows = small.map(|row| [row, row]);
        let weights = small.map(|row| [Comparison { weight: 2.0, ..row }]);
        for entry in RATERS.iter().filter(|entry| entry.needs == Needs::Counts) {
            assert_same(entry.name, fit(entry, &weights).ratings(), fit(entry, &rows).ratings(), 1e-9);
        }
    }

    /// At a Bradley-Terry estimate the points of each item are those expected of it.
    #[test]
    fn the_gradient_vanishes(small in connected_logs()) {
        let fitted = bradley_terry(TieRule::Half, &small);
        if fell_back(&*fitted) {
            return Ok(());
        }
        let mut gradient = vec![0.0; small.items()];
        for row in small.log.rows() {
            let expected = fitted.probability(row.left, row.right).expect("a probability");
            gradient[row.left.index()] += row.outcome.share() - expected;
            gradient[row.right.index()] -= row.outcome.share() - expected;
        }
        let largest = gradient.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
        prop_assert!(largest <= 1e-10 * small.graph.weight(), "{largest}");
    }

    /// The likelihood that a fit reports is that of its probabilities, and no other ratings near or far
    /// have a higher one.
    #[test]
    fn no_ratings_are_more_likely(small in connected_logs(), by in prop::collection::vec(-1.0..1.0_f64, 9)) {
        let decided = small.map(|row| (!matches!(row.outcome, Outcome::Share(_))).then_some(row));
        for rule in TIE_RULES {
            let fitted = bradley_terry(rule, &decided);
            if fell_back(&*fitted) {
                continue;
            }
            let parameter = fitted.parameters().first().map_or(0.0, |(_, value)| value.expect("a parameter"));
            let at = |ratings: &[f64], parameter: f64| log_likelihood(rule, &decided, ratings, parameter);
            let best = fitted.log_likelihood().expect("a likelihood");
            assert_same("likelihood", &[at(fitted.ratings(), parameter)], &[best], 1e-12);
            for size in [1e-3, 0.1, 3.0] {
                let ratings: Vec<f64> = fitted.ratings().iter().zip(&by).map(|(r, by)| r + size * by).collect();
                let there = at(&ratings, parameter * (size * by[8]).exp());
                prop_assert!(there <= best + 1e-12 * best.abs(), "{rule:?}: {there} above {best}");
            }
        }
    }

    /// Twice the comparisons make sandwich errors smaller by the root of two.
    #[test]
    fn sandwich_errors_shrink_with_the_root_of_the_comparisons(small in connected_logs()) {
        let doubled = small.map(|row| [row, row]);
        for rule in TIE_RULES {
            let (once, twice) = (sandwich(rule, &small), sandwich(rule, &doubled));
            prop_assert_eq!(once.is_some(), twice.is_some());
            if let (Some(once), Some(twice)) = (once, twice) {
                let shrunk: Vec<f64> = once.iter().map(|error| error / f64::sqrt(2.0)).collect();
                assert_same("errors", &twice, &shrunk, 1e-8);
            }
        }
    }

    /// Ties that are dropped leave the ratings and the errors of the log without them.
    #[test]
    fn dropped_ties_leave_no_trace(small in connected_logs()) {
        let without = small.map(|row| if row.outcome == Outcome::Tie { Vec::new() } else { vec![row] });
        let errors_of = |rule, small: &Small| {
            let fitted = bradley_terry(rule, small);
            let labels = (0..small.log.len()).map(|row| row.to_string()).collect::<Vec<_>>();
            let mut log = small.log.clone();
            log.add_labels("row", labels);
            let clusters = Clusters::new(&log, log.labels("row").expect("labels"), &small.graph);
            let kinds = [(CovarianceKind::Sandwich, None), (CovarianceKind::Fisher, None), (CovarianceKind::Sandwich, Some(&clusters))];
            let found = kinds.map(|(kind, clusters)| errors(&covariance(&*fitted, &small.graph, kind, clusters), small));
            (fitted.ratings().to_vec(), found)
        };
        let (dropped, alone) = (errors_of(TieRule::Drop, &small), errors_of(TieRule::Half, &without));
        assert_same("ratings", &dropped.0, &alone.0, 1e-9);
        for (with_ties, without_ties) in dropped.1.iter().zip(&alone.1) {
            assert_same("errors", with_ties, without_ties, 1e-8);
        }
    }

    /// An item's error is never below the model's where fewer than five comparisons have a say in it.
    #[test]
    fn little_data_are_not_taken_for_much(small in connected_logs()) {
        let fitted = bradley_terry(TieRule::Half, &small);
        let (bare, guarded) = (bare(&*fitted, &small.graph, None), covariance(&*fitted, &small.graph, CovarianceKind::Sandwich, None));
        let model = covariance(&*fitted, &small.graph, CovarianceKind::Fisher, None);
        for (item, record) in items(&small).into_iter().zip(small.graph.records()) {
            let (Some(bare), Some(guarded), Some(model)) = (bare.std_error(item), guarded.std_error(item), model.std_error(item)) else {
                continue;
            };
            prop_assert!(guarded >= bare * (1.0 - 1e-12));
            if record.comparisons() < 5.0 {
                prop_assert!(guarded >= model * (1.0 - 1e-9));
            }
        }
    }

    /// Clusters of single comparisons give the plain sandwich times the small-sample factor.
    #[test]
    fn a_comparison_is_the_smallest_cluster(small in connected_logs()) {
        let fitted = bradley_terry(TieRule::Half, &small);
        if !is_identified(&*fitted) {
            return Ok(());
        }
        let labels = (0..small.log.len()).map(|row| row.to_string()).collect();
        let (n, p) = (small.log.len() as f64, small.items() as f64 - 1.0);
        let factor = n / (n - 1.0) * (n - 1.0) / (n - p);
        let plain = bare(&*fitted, &small.graph, None);
        let plain: Vec<f64> = errors(&plain, &small).iter().map(|error| error * factor.sqrt()).collect();
        assert_same("errors", &errors(&clustered(&small, labels), &small), &plain, 1e-9);
    }

    /// Clusters are the same whatever the order of the rows.
    #[test]
    fn clusters_have_no_order(small in connected_logs(), clusters in 2..6_usize) {
        let label = |row: usize| (row % clusters).to_string();
        let rows = small.log.len();
        let labels: Vec<String> = (0..rows).map(label).collect();
        let reversed: Vec<u32> = (0..rows as u32).rev().collect();
        let backwards = Small::of(small.log.select(&reversed));
        let there = errors(&clustered(&small, labels), &small);
        let back = errors(&clustered(&backwards, reversed.iter().map(|&row| label(row as usize)).collect()), &small);
        assert_same("errors", &back, &there, 1e-10);
    }

    /// One thread and two give the same bytes.
    #[test]
    fn threads_change_nothing(small in small_logs()) {
        prop_assert_eq!(ONE_THREAD.install(|| everything(&small)), TWO_THREADS.install(|| everything(&small)));
    }
}

proptest! {
    #![proptest_config(cases(512))]

    /// No log makes a method panic, and what is said to be identified is a finite number.
    #[test]
    fn any_log_has_an_answer(small in odd_logs()) {
        for entry in RATERS {
            answers(entry, &*fit(entry, &small), &small);
        }
        let bradley_terry_entry = RaterEntry::find("bradley-terry").expect("it is registered");
        for rule in TIE_RULES {
            answers(bradley_terry_entry, &*bradley_terry(rule, &small), &small);
        }
    }
}

/// What must hold of any fit, and of the errors and the rank intervals around it.
fn answers(entry: &RaterEntry, fitted: &dyn Fitted, small: &Small) {
    assert_eq!(fitted.ratings().len(), small.items());
    for &member in &fitted.identification().members {
        let rating = fitted.ratings()[member.index()];
        assert!(rating.is_finite(), "{}: {member:?} is identified as {rating}", entry.name);
    }
    let mut spreads = vec![few_resamples(entry, fitted, small)];
    for kind in [CovarianceKind::Fisher, CovarianceKind::Sandwich] {
        spreads.push(covariance(fitted, &small.graph, kind, None));
    }
    for spread in &spreads {
        for item in items(small) {
            let known = fitted.identification().members.contains(&item);
            let error = spread.std_error(item);
            assert!(error.is_none() || known, "{}: an error without an estimate", entry.name);
            assert!(error.is_none_or(f64::is_finite), "{}: an error of {error:?}", entry.name);
            let interval = spread.interval(item, fitted.ratings()[item.index()], 0.95);
            assert!(interval.is_none_or(|(low, high)| low <= high && low.is_finite() && high.is_finite()));
        }
        for rule in [RankRule::Simultaneous, RankRule::Overlap] {
            let ranks = ranks(small, fitted, spread, rule);
            for item in 0..small.items() {
                let interval = ranks.interval(item);
                assert!(interval.is_none_or(|(best, worst)| 1 <= best && best <= worst && worst <= small.items()));
            }
        }
    }
}

/// The log with one item more, which loses to each of the others once more than anyone else did.
fn with_dominated_item(small: &Small) -> Small {
    let n = small.items();
    let mut lost = vec![vec![0.0; n]; n];
    for row in small.log.rows() {
        let (left, right) = (row.left.index(), row.right.index());
        lost[right][left] += row.outcome.share();
        lost[left][right] += 1.0 - row.outcome.share();
    }
    let loser = ItemId(n as u32);
    let losses = (0..n).flat_map(|winner| {
        let most = lost.iter().map(|lost| lost[winner]).fold(0.0, f64::max);
        let row = Comparison::new(ItemId(winner as u32), loser, Outcome::Left);
        std::iter::repeat_n(row, 1 + most.ceil() as usize)
    });
    Small::new(n + 1, small.log.rows().chain(losses))
}

/// By the definition of each rule, row by row.
fn log_likelihood(rule: TieRule, small: &Small, ratings: &[f64], parameter: f64) -> f64 {
    let of_row = |row: Comparison| {
        let found = rule.probabilities(ratings[row.left.index()] - ratings[row.right.index()], parameter);
        match (row.outcome, rule) {
            (Outcome::Tie, TieRule::Half) => 0.5 * (found.win.ln() + found.loss.ln()),
            (Outcome::Tie, TieRule::Drop) => 0.0,
            (Outcome::Tie, TieRule::Davidson | TieRule::RaoKupper) => found.tie.ln(),
            (Outcome::Left, _) => found.win.ln(),
            (Outcome::Right, _) => found.loss.ln(),
            (Outcome::Share(_), _) => panic!("no shares here"),
        }
    };
    small.log.rows().map(of_row).sum()
}

fn errors(found: &Uncertainty, small: &Small) -> Vec<f64> {
    items(small).into_iter().filter_map(|item| found.std_error(item)).collect()
}

/// The sandwich errors, where the data identify all ratings and leave residuals.
fn sandwich(rule: TieRule, small: &Small) -> Option<Vec<f64>> {
    let fitted = bradley_terry(rule, small);
    let found = errors(&bare(&*fitted, &small.graph, None), small);
    (is_identified(&*fitted) && !found.is_empty()).then_some(found)
}

fn clustered(small: &Small, labels: Vec<String>) -> Uncertainty {
    let mut log = small.log.clone();
    log.add_labels("cluster", labels);
    let clusters = Clusters::new(&log, log.labels("cluster").expect("labels"), &small.graph);
    let fitted = bradley_terry(TieRule::Half, small);
    bare(&*fitted, &small.graph, Some(&clusters))
}

/// The sandwich by its formula alone, without the guard of items with little data.
fn bare(fitted: &dyn Fitted, graph: &PreferenceGraph, clusters: Option<&Clusters>) -> Uncertainty {
    let members = &fitted.identification().members;
    match fitted.likelihood() {
        Some(likelihood) if members.len() > 1 => {
            covariance_among(likelihood, graph, members, CovarianceKind::Sandwich, clusters)
        }
        _ => Uncertainty::unknown(graph.items().len()),
    }
}

/// A log with more items than matrices are dense for, and more pairs than one task works on.
#[test]
fn threads_change_nothing_in_a_large_sparse_fit() {
    let (n, mut state) = (2_000_u32, 1_u64);
    let mut next = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as u32) % below
    };
    let mut log = Log::new((0..n).map(|item| item.to_string()).collect());
    for row in 0..60_000 {
        let left = next(n);
        let right = (left + 1 + next(n - 1)) % n;
        let outcome = if row % 7 == 0 { Outcome::Tie } else { Outcome::from_share(f64::from(next(2))).unwrap() };
        log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
    }
    let small = Small::of(log);
    for entry in RATERS {
        // What a cross-validation chooses takes minutes here, and is tested on smaller logs.
        let given: &[&str] =
            if entry.name == "general-preference" { &["dimension=2", "penalty=1", "rating_penalty=0.1"] } else { &[] };
        let rater = entry.rater(&Settings::parse(given).expect("pairs")).expect("settings");
        let ratings =
            |pool: &ThreadPool| pool.install(|| rater.fit(small.evidence(), None)).map(|it| bits(it.ratings()));
        let one = ratings(&ONE_THREAD);
        if !matches!(one, Err(FitError::TooManyItems { .. })) {
            assert_eq!(one.expect("a fit"), ratings(&TWO_THREADS).expect("a fit"), "{}", entry.name);
        }
    }
}

/// A rater of a sequence refuses counts alone, and says why.
#[test]
fn rows_are_asked_for_where_they_are_needed() {
    let small = Small::new(2, [Comparison::new(ItemId(0), ItemId(1), Outcome::Left)]);
    for entry in RATERS {
        let rater = entry.rater(&Settings::default()).unwrap();
        let refused = matches!(rater.fit((&small.graph).into(), None), Err(FitError::NeedsRows { .. }));
        assert_eq!(refused, entry.needs == Needs::Rows, "{}", entry.name);
        let refused = matches!(rater.fit((&small.graph).into(), None), Err(FitError::NeedsBallots { .. }));
        assert_eq!(refused, entry.needs == Needs::Ballots, "{}", entry.name);
    }
}
