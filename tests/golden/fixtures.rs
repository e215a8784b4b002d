//! The golden fixture of every registered rater: `fixtures/golden_NAME.json`.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Trial;
use palio::data::graph::PreferenceGraph;
use palio::data::profile::Profile;
use palio::data::{Comparison, Items, Log, Outcome};
use palio::models::{Evidence, RATERS};
use palio::structure::Status;
use palio::uncertainty::{CovarianceKind, covariance};
use serde::Deserialize;

use crate::close::assert_close;
use crate::fitting::{fit, registered, std_errors};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    rater: String,
    cases: Vec<Case>,
}

/// One log and what comes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Where the expected numbers come from.
    source: String,
    /// `key=value` texts.
    #[serde(default)]
    settings: Vec<String>,
    #[serde(default)]
    rows: Vec<Row>,
    /// In place of rows ballots: a count and the names from the top down, tied ones with " = " between.
    #[serde(default)]
    ballots: Vec<(f64, Vec<String>)>,
    /// A rating for each item.
    ratings: BTreeMap<String, f64>,
    #[serde(default)]
    parameters: BTreeMap<String, f64>,
    log_likelihood: Option<f64>,
    /// Standard errors of the ratings by kind of covariance.
    #[serde(default)]
    std_errors: BTreeMap<String, BTreeMap<String, f64>>,
    tolerance: f64,
}

/// `[left, right, the left's share, count]`, the count being 1 if left out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Counted(String, String, f64, f64),
    Single(String, String, f64),
}

impl Row {
    fn parts(&self) -> (&str, &str, f64, f64) {
        match self {
            Self::Counted(left, right, share, count) => (left, right, *share, *count),
            Self::Single(left, right, share) => (left, right, *share, 1.0),
        }
    }
}

/// One trial a rater: it fails where there is no fixture.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &'static str| {
        Trial::test(format!("fixtures::{name}"), move || {
            let fixture = read(name);
            assert_eq!(fixture.rater, name);
            assert!(!fixture.cases.is_empty(), "no case");
            fixture.cases.iter().for_each(|case| check(name, case));
            Ok(())
        })
    };
    RATERS.iter().map(|entry| trial(entry.name)).collect()
}

fn read(rater: &str) -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/golden_{}.json", rater.replace('-', "_")));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{rater} is registered and has no golden fixture at {}: {error}", path.display())
    });
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn check(rater: &str, case: &Case) {
    assert!(!case.source.is_empty(), "{}: a golden value has a source", case.name);
    let log = log(case);
    let ballots = if case.ballots.is_empty() { Profile::from_log(&log) } else { profile(case) };
    let graph = if case.ballots.is_empty() { PreferenceGraph::from_log(&log) } else { ballots.graph() };
    let evidence = Evidence { graph: &graph, rows: Some(&log), ballots: Some(&ballots) };
    let fitted = fit(&*registered(rater, &case.settings), evidence);
    let in_order = |by_name: &BTreeMap<String, f64>| -> Vec<f64> {
        assert_eq!(by_name.len(), graph.items().len(), "{}: one number an item", case.name);
        graph.items().iter().map(|item| by_name[item]).collect()
    };
    let holds = |what: &str, found: &[f64], expected: &[f64]| {
        assert_close(&format!("{}: {what}", case.name), found, expected, case.tolerance);
    };
    holds("ratings", fitted.ratings(), &in_order(&case.ratings));
    for (name, &expected) in &case.parameters {
        let found = fitted.parameters().into_iter().find(|(known, _)| known == name).and_then(|(_, value)| value);
        holds(name, &[found.unwrap_or_else(|| panic!("{}: no {name}", case.name))], &[expected]);
    }
    if let Some(expected) = case.log_likelihood {
        holds("log-likelihood", &[fitted.log_likelihood().expect("a likelihood")], &[expected]);
    }
    for (kind, expected) in &case.std_errors {
        assert_eq!(fitted.identification().status, Status::Identified);
        let kind = match kind.as_str() {
            "fisher" => CovarianceKind::Fisher,
            "sandwich" => CovarianceKind::Sandwich,
            other => panic!("{}: no covariance {other}", case.name),
        };
        holds("errors", &std_errors(&covariance(&*fitted, &graph, kind, None), &graph), &in_order(expected));
    }
}

fn profile(case: &Case) -> Profile {
    let mut profile = Profile::default();
    for (count, places) in &case.ballots {
        let mut group = |place: &String| place.split(" = ").map(|name| profile.intern(name)).collect::<Vec<_>>();
        let groups: Vec<_> = places.iter().map(&mut group).collect();
        profile.push(&groups, *count).expect("a ballot");
    }
    profile
}

fn log(case: &Case) -> Log {
    let names = case.rows.iter().flat_map(|row| [row.parts().0.to_owned(), row.parts().1.to_owned()]);
    let mut log = Log::new(names.collect::<Items>());
    for row in &case.rows {
        let (left, right, share, count) = row.parts();
        let [left, right] = [left, right].map(|name| log.items().get(name).expect("interned"));
        let outcome = Outcome::from_share(share).expect("a share from 0 to 1");
        log.push(Comparison { count, ..Comparison::new(left, right, outcome) });
    }
    log
}
