#![expect(clippy::float_cmp, reason = "counts are whole numbers")]

use super::*;
use crate::data::graph::Tally;
use crate::data::{Comparison, ItemId, Outcome};

/// 5 items; every pair meets `times` times and the outcomes take turns.
fn log(times: u32) -> Log {
    let mut log = Log::new((0..5).map(|i| format!("item {i}")).collect());
    for turn in 0..times {
        for left in 0..5_u32 {
            for right in 0..left {
                let outcome = [Outcome::Left, Outcome::Right, Outcome::Tie][(turn + left * right) as usize % 3];
                log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
            }
        }
    }
    log
}

fn settings(folds: usize, seed: u64) -> FoldSettings {
    FoldSettings { folds, seed, repeat: 0 }
}

fn counts(graph: &PreferenceGraph) -> Vec<f64> {
    graph.sums().iter().map(|sum| sum.count).collect()
}

/// Every comparison is held out once, and trained on in all other folds.
fn assert_partition(folds: &Folds<'_>) {
    let mut held = vec![0.0; folds.graph().cells().len()];
    for fold in folds.iter() {
        for (cell, all) in folds.graph().sums().iter().enumerate() {
            let (train, test) = (fold.train.sums()[cell], fold.test.sums()[cell]);
            assert!((train.count + test.count - all.count).abs() < 1e-12);
            assert!((train.weight + test.weight - all.weight).abs() < 1e-12);
            held[cell] += test.count;
        }
    }
    assert_eq!(held, counts(folds.graph()));
}

#[test]
fn thinning_conserves_counts_in_folds_of_equal_size() {
    for (times, number) in [(1, 3), (7, 10), (100, 10), (400, 7)] {
        let graph = PreferenceGraph::from_log(&log(times));
        let folds = Folds::of_comparisons(&graph, settings(number, 3)).unwrap();
        assert_partition(&folds);
        let sizes: Vec<f64> = folds.iter().map(|fold| fold.test.comparisons()).collect();
        let largest = sizes.iter().fold(0.0_f64, |most, &size| most.max(size));
        assert!(sizes.iter().all(|&size| largest - size <= 1.0), "{sizes:?}");
    }
}

#[test]
fn as_many_folds_as_comparisons_leave_one_out() {
    let graph = PreferenceGraph::from_log(&log(3));
    let folds = Folds::of_comparisons(&graph, settings(30, 0)).unwrap();
    assert_eq!(folds.len(), 30);
    assert!(folds.iter().all(|fold| (fold.test.comparisons() - 1.0).abs() < 1e-12));
    assert_partition(&folds);
}

#[test]
fn rows_are_split_as_their_counts_are() {
    let log = log(40);
    let graph = PreferenceGraph::from_log(&log);
    let (by_count, by_row) =
        (Folds::of_comparisons(&graph, settings(6, 9)).unwrap(), Folds::of_rows(&log, &graph, settings(6, 9)).unwrap());
    for index in 0..6 {
        let (one, other) = (by_count.fold(index), by_row.fold(index));
        assert_eq!(one.test.sums(), other.test.sums());
        let rows = by_row.train_rows(index).unwrap();
        let trained = PreferenceGraph::from_log(&rows);
        assert_eq!(trained.comparisons(), other.train.comparisons());
        assert_eq!(trained.records(), other.train.records());
    }
    assert!(by_count.train_rows(0).is_none());
}

#[test]
fn counted_rows_are_split_comparison_by_comparison() {
    let mut log = Log::new(["a", "b", "c"].into_iter().collect());
    for (left, right, count) in [(0, 1, 30.0), (1, 0, 1.0), (1, 2, 0.0), (2, 1, 17.0), (1, 2, 5.0)] {
        log.push(Comparison { count, ..Comparison::new(ItemId(left), ItemId(right), Outcome::Left) });
    }
    let graph = PreferenceGraph::from_log(&log);
    let (by_count, by_row) =
        (Folds::of_comparisons(&graph, settings(4, 1)).unwrap(), Folds::of_rows(&log, &graph, settings(4, 1)).unwrap());
    assert_partition(&by_row);
    for index in 0..4 {
        assert_eq!(by_count.fold(index).test.sums(), by_row.fold(index).test.sums());
        let rows = by_row.train_rows(index).unwrap();
        assert_eq!(PreferenceGraph::from_log(&rows).records(), by_row.fold(index).train.records());
    }
}

#[test]
fn weighted_rows_are_held_out_whole() {
    let mut log = Log::new(["a", "b"].into_iter().collect());
    for weight in [0.5, 2.0, 3.0, 8.0] {
        log.push(Comparison { weight, ..Comparison::new(ItemId(0), ItemId(1), Outcome::Left) });
    }
    let graph = PreferenceGraph::from_log(&log);
    let folds = Folds::of_rows(&log, &graph, settings(4, 5)).unwrap();
    assert_partition(&folds);
    let mut held: Vec<f64> = folds.iter().map(|fold| fold.test.weight()).collect();
    held.sort_by(f64::total_cmp);
    assert_eq!(held, [0.5, 2.0, 3.0, 8.0]);
    // Their counts alone tell only the mean weight.
    let folds = Folds::of_comparisons(&graph, settings(4, 5)).unwrap();
    assert!(folds.averages_weights());
    assert!(folds.iter().all(|fold| (fold.test.weight() - 13.5 / 4.0).abs() < 1e-12));
}

#[test]
fn a_label_is_held_out_whole() {
    let mut log = log(12);
    let judges: Vec<String> = (0..log.len()).map(|row| format!("judge {}", row * row % 7)).collect();
    log.add_labels("judge", &judges);
    let graph = PreferenceGraph::from_log(&log);
    let labels = log.labels("judge").unwrap();
    let folds = Folds::of_labels(&log, labels, &graph, settings(3, 2)).unwrap();
    assert_partition(&folds);
    let values = labels.rows();
    for index in 0..folds.len() {
        let trained = folds.train_rows(index).unwrap();
        assert_eq!(trained.len() as f64, folds.fold(index).train.comparisons());
        let held = log.len() - trained.len();
        // Some set of whole labels has exactly this many rows.
        let sizes: Vec<usize> = values.iter().map(Vec::len).collect();
        assert!((1..1 << sizes.len()).any(|set| held
            == (0..sizes.len()).filter(|label| set >> label & 1 == 1).map(|label| sizes[label]).sum::<usize>()));
    }
    // More folds than labels: one a label.
    let used = values.iter().filter(|rows| !rows.is_empty()).count();
    assert_eq!(Folds::of_labels(&log, labels, &graph, settings(50, 2)).unwrap().len(), used);
}

#[test]
fn time_folds_train_on_what_came_before() {
    let mut log = log(10);
    // Later rows of the log came earlier, ten at a time.
    log.times = (0..log.len()).map(|row| -((row / 10) as f64)).collect();
    let graph = PreferenceGraph::from_log(&log);
    let folds = Folds::of_time(&log, &graph, 4).unwrap();
    assert_eq!(folds.len(), 4);
    let mut before = folds.fold(0).train.comparisons();
    assert_eq!(before, 20.0);
    for (index, fold) in folds.iter().enumerate() {
        assert_eq!((fold.train.comparisons(), fold.test.comparisons()), (before, 20.0));
        let trained = folds.train_rows(index).unwrap();
        assert!(trained.times().unwrap().is_sorted());
        assert_eq!(trained.times().unwrap().last(), Some(&(before / 10.0 - 10.0)));
        before += fold.test.comparisons();
    }
    assert_eq!(before, 100.0);
    // Equal times stay together: two times make one fold.
    log.times = (0..log.len()).map(|row| f64::from(u8::from(row > 90))).collect();
    assert_eq!(Folds::of_time(&log, &graph, 4).unwrap().len(), 1);
    // What is left behind half a log of one time makes folds of equal size.
    log.times = (0..log.len()).map(|row| f64::from(row.saturating_sub(49) as u32)).collect();
    let sizes: Vec<f64> = Folds::of_time(&log, &graph, 4).unwrap().iter().map(|fold| fold.test.comparisons()).collect();
    assert_eq!(sizes, [13.0, 13.0, 12.0, 12.0]);
    log.times.fill(7.0);
    assert!(matches!(Folds::of_time(&log, &graph, 4), Err(FoldError::OneValue { .. })));
}

#[test]
fn every_split_of_three_comparisons_is_drawn_as_often() {
    let mut tally = Tally::new(["a", "b", "c", "d"].into_iter().collect());
    for right in 1..4 {
        tally.add(Comparison::new(ItemId(0), ItemId(right), Outcome::Left));
    }
    let graph = PreferenceGraph::from_tally(tally);
    let mut alone = [0; 3];
    for seed in 0..3000 {
        let folds = Folds::of_comparisons(&graph, settings(2, seed)).unwrap();
        let held = folds.fold(1).test;
        alone[held.sums().iter().position(|sum| sum.count > 0.0).unwrap()] += 1;
    }
    // Binomial standard deviation 26.
    assert!(alone.iter().all(|times| (900..1100).contains(times)), "{alone:?}");
}

#[test]
fn repetitions_differ_and_come_again() {
    let graph = PreferenceGraph::from_log(&log(50));
    let held = |repeat| {
        let folds = Folds::of_comparisons(&graph, FoldSettings { repeat, ..settings(5, 1) }).unwrap();
        counts(&folds.fold(0).test)
    };
    assert_eq!(held(0), held(0));
    assert_ne!(held(0), held(1));
}

#[test]
fn what_cannot_be_split_is_told() {
    let graph = PreferenceGraph::from_log(&log(1));
    assert_eq!(Folds::of_comparisons(&graph, settings(1, 0)).unwrap_err(), FoldError::TooFew { folds: 1 });
    let error = Folds::of_comparisons(&graph, settings(11, 0)).unwrap_err();
    assert_eq!(error.to_string(), "11 folds of 10 comparisons: give at most as many folds");
    let mut log = log(1);
    log.push(Comparison { count: 2.5, ..Comparison::new(ItemId(0), ItemId(1), Outcome::Left) });
    let graph = PreferenceGraph::from_log(&log);
    assert!(matches!(Folds::of_comparisons(&graph, settings(3, 0)), Err(FoldError::NotWholeCounts { .. })));
    assert!(matches!(Folds::of_time(&log, &graph, 3), Err(FoldError::NoTimes)));
}
