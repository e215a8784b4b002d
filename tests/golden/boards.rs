//! Degenerate boards, on which other engines print divergent numbers with narrow intervals, stop, or
//! make everybody equal. (The board with an unknown label and that with an item against itself are
//! for the reader.)

use palio::data::graph::PreferenceGraph;
use palio::data::{Comparison, Items, Log, Outcome};
use palio::models::{BradleyTerry, Fitted, Rater, TieRule};
use palio::structure::Status;
use palio::uncertainty::{CovarianceKind, Uncertainty, covariance};

pub(crate) const CHECKS: &[(&str, fn())] = &[
    ("one_item_never_wins", || partial(&["AB", "BA", "AC", "BC", "AC", "BC"], &["A", "B"])),
    ("one_item_always_wins", || partial(&["AB", "BA", "CA", "CB", "CA", "CB"], &["A", "B"])),
    ("a_pair_always_beats_another", || partial(&["AB", "BA", "CD", "DC", "AC", "BD", "AD", "BC"], &["A", "B"])),
    ("one_game", || partial(&["AB"], &[])),
    ("two_groups_never_met", two_groups),
    ("only_ties", only_ties),
    ("a_tie_parameter_needs_more_than_ties", only_ties_with_a_parameter),
];

/// A comparison for each pair of letters, won by the first.
fn board(games: &[&str], outcome: Outcome) -> PreferenceGraph {
    let mut items = Items::new();
    let ids: Vec<_> = games.iter().map(|game| (items.intern(&game[..1]), items.intern(&game[1..]))).collect();
    let mut log = Log::new(items);
    for (left, right) in ids {
        log.push(Comparison::new(left, right, outcome));
    }
    PreferenceGraph::from_log(&log)
}

fn rated(graph: &PreferenceGraph, ties: TieRule) -> Box<dyn Fitted> {
    let fitted = BradleyTerry { ties, ..BradleyTerry::default() }.fit(graph.into(), None).unwrap();
    assert!(fitted.convergence().converged);
    // Penalised, no rating of these small boards is far out.
    assert!(fitted.ratings().iter().all(|rating| rating.abs() < 10.0), "{:?}", fitted.ratings());
    fitted
}

fn codes(fitted: &dyn Fitted) -> Vec<String> {
    fitted.notes().into_iter().map(|note| note.code.into_owned()).collect()
}

fn with_errors<'a>(found: &Uncertainty, items: &'a Items) -> Vec<&'a str> {
    items.iter().filter(|name| found.std_error(items.get(name).unwrap()).is_some()).collect()
}

/// Penalised ratings for all, errors for the members of the largest strong component.
fn partial(games: &[&str], identified: &[&str]) {
    let graph = board(games, Outcome::Left);
    let fitted = rated(&graph, TieRule::Half);
    let found = fitted.identification();
    assert_eq!(found.status, Status::PartiallyIdentified);
    let members: Vec<&str> = found.members.iter().map(|&member| graph.items().name(member)).collect();
    assert_eq!(members, identified);
    assert_eq!(codes(&*fitted), ["not-identified"]);
    assert!(fitted.parameters().contains(&("penalty", Some(0.1))));
    for kind in [CovarianceKind::Fisher, CovarianceKind::Sandwich] {
        let uncertainty = covariance(&*fitted, &graph, kind, None);
        assert_eq!(with_errors(&uncertainty, graph.items()), identified);
        for item in graph.items().iter() {
            let id = graph.items().get(item).unwrap();
            let interval = uncertainty.interval(id, fitted.ratings()[id.index()], 0.95);
            assert_eq!(interval.is_some(), identified.contains(&item));
        }
    }
}

/// Nobody's rating is identified: within a group it would be, and a board shows all items together.
fn two_groups() {
    let graph = board(&["AB", "BA", "AB", "CD", "DC", "DC"], Outcome::Left);
    let fitted = rated(&graph, TieRule::Half);
    let found = fitted.identification();
    assert_eq!((found.status, found.components), (Status::Disconnected, 2));
    assert!(found.members.is_empty());
    assert_eq!(codes(&*fitted), ["disconnected"]);
    let uncertainty = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    assert!(with_errors(&uncertainty, graph.items()).is_empty());
}

/// As half wins ties identify all as equal, and leave no residual to tell errors from.
fn only_ties() {
    let graph = board(&["AB", "BC", "CA"], Outcome::Tie);
    let fitted = rated(&graph, TieRule::Half);
    assert_eq!(fitted.identification().status, Status::Identified);
    assert!(codes(&*fitted).is_empty());
    assert!(fitted.ratings().iter().all(|rating| rating.abs() < 1e-15));
    for kind in [CovarianceKind::Fisher, CovarianceKind::Sandwich] {
        let uncertainty = covariance(&*fitted, &graph, kind, None);
        assert_eq!(uncertainty.notes.iter().map(|note| &*note.code).collect::<Vec<_>>(), ["no-spread"]);
        assert!(with_errors(&uncertainty, graph.items()).is_empty());
    }
}

/// Nothing but ties fits with an infinite parameter and any ratings that are not too far apart.
fn only_ties_with_a_parameter() {
    let graph = board(&["AB", "BC", "CA"], Outcome::Tie);
    for (rule, name) in [(TieRule::Davidson, "nu"), (TieRule::RaoKupper, "eta")] {
        let fitted = rated(&graph, rule);
        assert_eq!(fitted.identification().status, Status::PartiallyIdentified);
        assert!(fitted.identification().members.is_empty());
        assert!(fitted.parameters().contains(&(name, None)));
        assert!(fitted.ratings().iter().all(|rating| rating.abs() < 1e-15));
        assert_eq!(codes(&*fitted), ["not-identified"]);
        assert_eq!(fitted.log_likelihood(), None, "it has no maximum");
    }
}
