//! Properties of majorities, cycles, feedback arcs and the deviance test.

use palio::data::{Comparison, ItemId, Outcome};
use palio::models::{BradleyTerry, Rater};
use palio::structure::cycles::{CycleLimits, Cycles};
use palio::structure::dominance::Dominance;
use palio::structure::ensemble::{Ensemble, JudgeArcs};
use palio::structure::feedback_arcs::{FeedbackArcs, Search, WeightedArc};
use palio::structure::hodge::Flow;
use palio::structure::resistance::Resistance;
use palio::structure::triads::Triads;
use palio::uncertainty::{CovarianceKind, covariance};
use palio::validation::deviance::{Deviance, DevianceSettings};
use palio::validation::inspection::{Inspection, InspectionSettings};
use petgraph::algo::is_cyclic_directed;
use proptest::prelude::*;

use crate::small_logs::{Small, odd_logs, small_logs};
use crate::{ONE_THREAD, SEED, TWO_THREADS, assert_same, cases};

/// The same log with item k under another id, and these ids.
fn relabelled(small: &Small, rng: &mut impl Rng) -> (Small, Vec<u32>) {
    let mut ids: Vec<u32> = (0..small.items() as u32).collect();
    for last in (1..ids.len()).rev() {
        ids.swap(last, rng.random_range(0..=last));
    }
    let renamed = |item: ItemId| ItemId(ids[item.index()]);
    (small.map(|row| [Comparison { left: renamed(row.left), right: renamed(row.right), ..row }]), ids)
}

fn renamed(items: &[ItemId], ids: &[u32]) -> Vec<ItemId> {
    let mut renamed: Vec<ItemId> = items.iter().map(|item| ItemId(ids[item.index()])).collect();
    renamed.sort_unstable();
    renamed
}

fn few(resamples: u32) -> DevianceSettings {
    DevianceSettings { resamples, seed: SEED }
}

fn deviance(small: &Small) -> Deviance {
    Deviance::test(&small.graph, None, few(0), &|| {}).expect("a fit")
}

fn inspected(small: &Small) -> Inspection {
    let settings = InspectionSettings { deviance: few(25), ..InspectionSettings::default() };
    Inspection::of(&small.graph, None, settings, &|| {}).expect("a fit")
}

proptest! {
    #![proptest_config(cases(256))]

    /// Nobody outside the Smith set is level with a member or above, and the Schwartz set is part of it where
    /// all pairs met.
    #[test]
    fn the_smith_set_is_above_all_others(small in odd_logs()) {
        let found = Dominance::of(&small.graph);
        let smith = found.smith();
        prop_assert!(found.unmet_pairs > 0 || found.schwartz.iter().all(|item| smith.contains(item)));
        prop_assert_eq!(found.condorcet_winner.is_some(), smith.len() == 1);
        let points = small.graph.pair_sums();
        for pair in 0..points.low.len() {
            let (low, high) = (ItemId(points.low[pair]), ItemId(points.high[pair]));
            let (low_wins, high_wins) = (points.low_wins[pair], points.high_wins[pair]);
            let met = low_wins + high_wins + points.ties[pair] > 0.0;
            match (smith.contains(&low), smith.contains(&high)) {
                (true, false) => prop_assert!(!met || low_wins > high_wins),
                (false, true) => prop_assert!(!met || high_wins > low_wins),
                _ => {}
            }
        }
    }

    /// Strong components hold every item once, and no majority leads from a later one to an earlier one.
    #[test]
    fn majorities_lead_down_the_components(small in odd_logs()) {
        let found = Dominance::of(&small.graph);
        let mut all = found.strong_components.concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..small.items() as u32).map(ItemId).collect::<Vec<_>>());
        let place = |item: ItemId| found.strong_components.iter().position(|component| component.contains(&item));
        let majority = small.graph.majority();
        for arc in majority.edge_indices() {
            let (from, to) = majority.edge_endpoints(arc).expect("an arc");
            prop_assert!(place(majority[from]) <= place(majority[to]));
        }
    }

    /// The order of the ids does not matter to any set, count, weight or test.
    #[test]
    fn relabelling_changes_nothing_of_the_structure(small in small_logs(), rng in Just(()).prop_perturb(|(), rng| rng)) {
        let mut rng = rng;
        let (other, ids) = relabelled(&small, &mut rng);
        let (before, after) = (Dominance::of(&small.graph), Dominance::of(&other.graph));
        prop_assert_eq!(renamed(&before.smith(), &ids), after.smith());
        prop_assert_eq!(renamed(&before.schwartz, &ids), after.schwartz.clone());
        let sizes = |found: &Dominance| found.strong_components.iter().map(Vec::len).collect::<Vec<_>>();
        prop_assert_eq!(sizes(&before), sizes(&after));
        let triads = |small: &Small| Triads::of(&Flow::margins(&small.graph));
        let (before, after) = (triads(&small), triads(&other));
        prop_assert_eq!((before.triples, before.cyclic), (after.triples, after.cyclic));
        let arcs = |small: &Small| FeedbackArcs::of(&small.graph.majority(), Search::Best).weight;
        assert_same("feedback arcs", &[arcs(&other)], &[arcs(&small)], 1e-9);
        let cycles = |small: &Small| Cycles::of(&small.graph, CycleLimits::default());
        let (before, after) = (cycles(&small), cycles(&other));
        if before.all_counted {
            prop_assert_eq!(before.count, after.count);
        }
        let strength = |found: &Cycles| found.strongest.first().map_or(0.0, |cycle| cycle.weakest);
        assert_same("strongest cycle", &[strength(&after)], &[strength(&before)], 1e-9);
        let (before, after) = (deviance(&small), deviance(&other));
        assert_same("deviance", &[after.deviance], &[before.deviance], 1e-6);
        prop_assert_eq!(before.degrees_of_freedom, after.degrees_of_freedom);
    }

    /// Without its feedback arcs a majority digraph has no cycle, and no search finds lighter ones than the
    /// exact one.
    #[test]
    fn removed_arcs_leave_no_cycle(small in odd_logs()) {
        let majority = small.graph.majority();
        let (exact, greedy) = (FeedbackArcs::of(&majority, Search::Best), FeedbackArcs::of(&majority, Search::Greedy));
        prop_assert!(exact.exact);
        prop_assert!(exact.weight <= greedy.weight + 1e-9);
        for found in [exact, greedy] {
            let left = found.acyclic(&majority);
            prop_assert!(!is_cyclic_directed(&left));
            prop_assert_eq!(left.edge_count() + found.removed.len(), majority.edge_count());
        }
    }

    /// Every cycle that is listed is one: each item has a majority over the next, and the weakest of these
    /// is its strength. There are some exactly where a strong component has several items.
    #[test]
    fn listed_cycles_are_cycles(small in odd_logs()) {
        let found = Cycles::of(&small.graph, CycleLimits::default());
        let majority = small.graph.majority();
        for cycle in found.shortest.iter().chain(&found.strongest) {
            let next = cycle.items.iter().cycle().skip(1);
            let margins: Vec<f64> = cycle.items.iter().zip(next).map(|(from, to)| {
                majority[majority.find_edge((from.0).into(), (to.0).into()).expect("a majority")]
            }).collect();
            assert_same("strength", &[cycle.weakest], &[margins.iter().copied().fold(f64::INFINITY, f64::min)], 0.0);
        }
        let circles = Dominance::of(&small.graph).circles().count();
        prop_assert_eq!(circles > 0, !found.strongest.is_empty());
        prop_assert_eq!(circles > 0, !found.shortest.is_empty());
        prop_assert_eq!(circles > 0, found.count > 0);
    }

    /// No cycle of a fully counted log is stronger than the first of the strongest, or shorter than the
    /// shortest.
    #[test]
    fn no_cycle_is_stronger_or_shorter_than_those_listed(small in small_logs()) {
        let found = Cycles::of(&small.graph, CycleLimits { count: 20_000, ..CycleLimits::default() });
        let majority = small.graph.majority();
        let all = palio::structure::cycles::elementary_cycles(&majority, 20_000);
        if !all.complete || all.cycles.is_empty() {
            return Ok(());
        }
        let strength = |cycle: &Vec<ItemId>| {
            let next = cycle.iter().cycle().skip(1);
            let margin = |from: ItemId, to: ItemId| majority.find_edge((from.0).into(), (to.0).into()).expect("an arc");
            cycle.iter().zip(next).map(|(&from, &to)| majority[margin(from, to)]).fold(f64::INFINITY, f64::min)
        };
        let strongest = all.cycles.iter().map(strength).fold(0.0, f64::max);
        assert_same("strongest", &[found.strongest[0].weakest], &[strongest], 0.0);
        prop_assert_eq!(found.shortest[0].items.len(), all.cycles[0].len());
    }

    /// One judge's ensemble of net margins ranks an item above all that it has a path to.
    #[test]
    fn an_ensemble_ranks_along_its_arcs(small in small_logs()) {
        let majority = small.graph.majority();
        let found = Ensemble::of(small.items(), &[WeightedArc::all(&majority)], JudgeArcs::Net, Search::Best);
        let place = |item: ItemId| found.ranking.iter().position(|other| *other == item);
        for arc in found.acyclic.edge_indices() {
            let (from, to) = found.acyclic.edge_endpoints(arc).expect("an arc");
            prop_assert!(found.descendants[from.index()] > found.descendants[to.index()]);
            prop_assert!(place(majority[from]) < place(majority[to]));
        }
    }
}

#[test]
fn a_quarter_of_the_variance_of_a_difference_of_equals_is_the_resistance() {
    // Every pair level: the ladder is flat, and each comparison has the information 1/4.
    let pairs = [(0, 1, 3.0), (1, 2, 1.0), (2, 3, 2.0), (3, 0, 5.0), (1, 3, 4.0), (3, 4, 2.0)];
    let level = pairs.into_iter().flat_map(|(i, j, count)| {
        let row = |left, right| Comparison { count, ..Comparison::new(ItemId(left), ItemId(right), Outcome::Left) };
        [row(i, j), row(j, i)]
    });
    let small = Small::new(5, level);
    let fitted = BradleyTerry::default().fit((&small.graph).into(), None).expect("a fit");
    let errors = covariance(&*fitted, &small.graph, CovarianceKind::Fisher, None);
    let found = Resistance::of(&small.graph, 1, SEED);
    for i in (0..5).map(ItemId) {
        for j in (i.0 + 1..5).map(ItemId) {
            let error = errors.difference_error(i, j).expect("an error");
            assert_same("resistance", &[found.between(i, j)], &[error * error / 4.0], 1e-9);
        }
    }
}

/// How often each pair met, in comparisons of positive weight.
fn met(small: &Small) -> Vec<(ItemId, ItemId, f64)> {
    let mut counts = vec![0.0; small.graph.pairs().len()];
    for (cell, sum) in small.graph.cells().iter().zip(small.graph.sums()).filter(|(_, sum)| sum.weight > 0.0) {
        counts[cell.pair as usize] += sum.count;
    }
    let pairs = small.graph.pairs().iter().zip(counts).filter(|(_, count)| *count > 0.0);
    pairs.map(|(pair, count)| (pair.low, pair.high, count)).collect()
}

proptest! {
    #![proptest_config(cases(256))]

    /// Foster's theorem: over the pairs that met, comparisons times resistances sum to the items less the
    /// groups of them that comparisons connect.
    #[test]
    fn resistances_keep_fosters_theorem(small in odd_logs()) {
        let found = Resistance::of(&small.graph, 3, SEED);
        let mut groups: Vec<usize> = (0..small.items()).collect();
        let mut sum = 0.0;
        for (low, high, count) in met(&small) {
            sum += count * found.between(low, high);
            let (from, to) = (groups[high.index()], groups[low.index()]);
            groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
        }
        groups.sort_unstable();
        groups.dedup();
        assert_same("Foster", &[sum], &[(small.items() - groups.len()) as f64], 1e-9);
    }

    /// Resistance is a distance: never more than by way of a third item, no more than the direct wire's, and
    /// less with more comparisons.
    #[test]
    fn resistance_is_a_distance(small in odd_logs()) {
        let found = Resistance::of(&small.graph, 3, SEED);
        let doubled = small.map(|row| [row, row]);
        let half = Resistance::of(&doubled.graph, 3, SEED);
        let ids: Vec<ItemId> = (0..small.items() as u32).map(ItemId).collect();
        for &i in &ids {
            for &j in &ids {
                let direct = found.between(i, j);
                prop_assert!(direct >= 0.0 && (i != j || direct <= 0.0));
                prop_assert!(direct.is_infinite() || (2.0 * half.between(i, j) - direct).abs() <= 1e-9 * direct);
                for &k in &ids {
                    prop_assert!(direct <= (found.between(i, k) + found.between(k, j)) * (1.0 + 1e-9));
                }
            }
        }
        for (low, high, count) in met(&small) {
            prop_assert!(found.between(low, high) <= (1.0 + 1e-9) / count);
        }
        if let (Some(mean), Some(worst)) = (found.mean(), found.worst()) {
            prop_assert!(mean <= worst.resistance * (1.0 + 1e-9));
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    /// Any log has a verdict, whatever is missing in it, and the same one on any number of threads.
    #[test]
    fn every_log_has_one_verdict(small in odd_logs()) {
        let one = ONE_THREAD.install(|| inspected(&small));
        prop_assert!(one.verdict.ends_with('.'));
        let json = |found: &Inspection| serde_json::to_string(found).expect("JSON");
        prop_assert_eq!(json(&one), json(&TWO_THREADS.install(|| inspected(&small))));
    }
}
