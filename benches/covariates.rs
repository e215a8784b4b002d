//! Style control: a million votes on 100 models with 4 covariates, from text to a fit and its errors.

use std::fmt::Write as _;

use criterion::{Criterion, criterion_group, criterion_main};
use palio::data::read::{Comparisons, CovariateColumn, ReadOptions, read_bytes};
use palio::models::Evidence;
use palio::simulation::{GenerateSettings, Generator};
use palio::uncertainty::{CovarianceKind, covariance};
use palio::{BradleyTerry, PreferenceGraph, Rater};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const COUNTS: [&str; 4] = ["sum_assistant_{}_tokens", "header_count_{}", "list_count_{}", "bold_count_{}"];

/// Votes with the eight counts that style control reads, as CSV.
fn text(rows: u64) -> String {
    let settings = GenerateSettings { items: 100, comparisons: rows, ties: 0.2, seed: 1, ..Default::default() };
    let log = Generator::new(settings).expect("valid settings").log();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut text = "model_a,model_b,winner".to_owned();
    for count in COUNTS {
        for side in ["a", "b"] {
            let _ = write!(text, ",conv_metadata.{}", count.replace("{}", side));
        }
    }
    for row in log.rows() {
        let name = |id| log.items().name(id);
        let _ = write!(text, "\n{},{},{}", name(row.left), name(row.right), row.outcome.share());
        for most in [2000, 2000, 12, 12, 30, 30, 40, 40] {
            let _ = write!(text, ",{}", rng.random_range(0..most));
        }
    }
    text
}

fn style_control(c: &mut Criterion) {
    let text = text(1_000_000);
    let options = ReadOptions { covariates: CovariateColumn::style(), ..ReadOptions::default() };
    let read = || read_bytes("votes.csv", text.as_bytes(), &options).expect("a log").comparisons;
    let Comparisons::Rows(log) = read() else { panic!("covariates keep rows") };
    let graph = PreferenceGraph::from_log(&log);
    let evidence = Evidence { graph: &graph, rows: Some(&log), ballots: None };
    let rater = BradleyTerry::default();
    let fitted = rater.fit(evidence, None).expect("a fit");
    let mut group = c.benchmark_group("style control/100 models, 1,000,000 rows, 4 covariates");
    group.sample_size(10);
    group.bench_function("read", |b| b.iter(read));
    group.bench_function("fit", |b| b.iter(|| rater.fit(evidence, None).expect("a fit")));
    group.bench_function("sandwich", |b| b.iter(|| covariance(&*fitted, &graph, CovarianceKind::Sandwich, None)));
    group.finish();
}

criterion_group!(benches, style_control);
criterion_main!(benches);
