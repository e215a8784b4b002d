use super::*;
use crate::data::graph::Tally;
use crate::data::{Comparison, Outcome};

fn inspected(items: usize, rows: &[(u32, u32, Outcome, f64)]) -> Inspection {
    let mut tally = Tally::new((0..items).map(|i| format!("m{i}")).collect());
    for &(left, right, outcome, count) in rows {
        tally.add(Comparison { count, ..Comparison::new(ItemId(left), ItemId(right), outcome) });
    }
    let settings =
        InspectionSettings { deviance: DevianceSettings { resamples: 200, seed: 1 }, ..InspectionSettings::default() };
    Inspection::of(&PreferenceGraph::from_tally(tally), None, settings, &|| {}).expect("a fit")
}

/// All pairs of a ladder with the given steps of log-odds, each met `games` times, in whole wins.
fn ladder(items: u32, step: f64, games: f64) -> Vec<(u32, u32, Outcome, f64)> {
    let mut rows = Vec::new();
    for i in 0..items {
        for j in i + 1..items {
            let wins = (games / (1.0 + (-step * f64::from(j - i)).exp())).round();
            rows.extend([(i, j, Left, wins), (j, i, Left, games - wins)]);
        }
    }
    rows.retain(|row| row.3 > 0.0);
    rows
}

use Outcome::{Left, Tie};

#[test]
fn nothing_to_order_has_a_sentence_each() {
    for (items, rows, sentence) in [
        (0, vec![], "Nothing to order: the log has no items."),
        (1, vec![], "Nothing to order: the log has one item."),
        (2, vec![(0, 1, Tie, 5.0)], "No order shows: every comparison is a tie."),
        (2, vec![(0, 1, Left, 5.0), (1, 0, Left, 5.0)], "No order shows: no item has a majority over any other."),
    ] {
        let found = inspected(items, &rows);
        assert_eq!((found.ladder, found.verdict.as_str()), (Ladder::NoOrder, sentence));
    }
}

#[test]
fn groups_that_never_met_are_on_no_ladder() {
    let found = inspected(4, &[(0, 1, Left, 5.0), (2, 3, Left, 5.0)]);
    assert_eq!(found.ladder, Ladder::Disconnected);
    assert!(found.verdict.starts_with("No: the items fall into 2 groups"), "{}", found.verdict);
    assert_eq!(found.components, [["m0", "m1"], ["m2", "m3"]]);
    assert_eq!(found.notes[0].code, "disconnected");
}

#[test]
fn a_chain_can_not_contradict_a_ladder() {
    let found = inspected(3, &[(0, 1, Left, 3.0), (1, 0, Left, 2.0), (1, 2, Left, 3.0), (2, 1, Left, 2.0)]);
    assert_eq!(found.ladder, Ladder::Untestable);
    assert_eq!(found.condorcet_winner.as_deref(), Some("m0"));
    assert_eq!(found.condorcet_unmet, Some(1));
}

#[test]
fn few_comparisons_that_fit_tell_nothing() {
    let found = inspected(4, &ladder(4, 0.5, 4.0));
    assert_eq!(found.ladder, Ladder::TooFew, "{}", found.verdict);
}

#[test]
fn many_comparisons_of_a_ladder_are_a_ladder() {
    let found = inspected(5, &ladder(5, 0.6, 200.0));
    assert_eq!(found.ladder, Ladder::Yes, "{}", found.verdict);
    assert!(found.deviance.p_value.unwrap() > 0.5);
    assert!(found.explained.unwrap().at_least > 0.8);
    assert_eq!(found.circles().count(), 0);
}

#[test]
fn a_circle_above_a_ladder_is_named() {
    let mut rows = ladder(6, 0.6, 100.0);
    rows.retain(|row| row.0 > 2 || row.1 > 2);
    rows.extend([(0, 1, Left, 80.0), (1, 0, Left, 20.0), (1, 2, Left, 75.0), (2, 1, Left, 25.0)]);
    rows.extend([(2, 0, Left, 70.0), (0, 2, Left, 30.0)]);
    let found = inspected(6, &rows);
    assert_eq!(found.ladder, Ladder::InPart, "{}", found.verdict);
    assert!(found.verdict.ends_with("the strongest circle is m0 > m1 > m2 > m0."), "{}", found.verdict);
    assert_eq!(found.smith, ["m0", "m1", "m2"]);
    let cycle = &found.cycles.as_ref().unwrap().strongest[0];
    assert_eq!((cycle.margins.as_slice(), cycle.weakest), ([60.0, 50.0, 40.0].as_slice(), 40.0));
    let removed: Vec<(&str, f64)> =
        found.feedback_arcs.removed.iter().map(|arc| (arc.winner.as_str(), arc.margin)).collect();
    assert_eq!(removed, [("m2", 40.0)]);
}

#[test]
fn an_order_whose_distances_do_not_fit_is_mostly_a_ladder() {
    let mut rows = ladder(6, 0.8, 2000.0);
    // The first meets the last as if it were its neighbour.
    rows.retain(|row| (row.0, row.1) != (0, 5) && (row.0, row.1) != (5, 0));
    rows.extend([(0, 5, Left, 1880.0), (5, 0, Left, 120.0)]);
    let found = inspected(6, &rows);
    assert_eq!(found.ladder, Ladder::Mostly, "{}", found.verdict);
    assert!(found.verdict.contains("only its distances"), "{}", found.verdict);
}

#[test]
fn a_pure_circle_is_no_ladder() {
    let rows = [(0, 1), (1, 2), (2, 0)].map(|(i, j)| [(i, j, Left, 60.0), (j, i, Left, 20.0)]).concat();
    let found = inspected(3, &rows);
    assert_eq!(found.ladder, Ladder::No);
    assert!(found.verdict.starts_with("No: one ladder carries only 0%"), "{}", found.verdict);
    let hodge = found.hodge.unwrap();
    assert!(hodge.gradient < 1e-12 && (hodge.curl.unwrap() - 1.0).abs() < 1e-12);
    // log((60.5)/(20.5)) on each side, with the error of three such log-odds.
    let triangle = &hodge.triangles[0];
    assert!((triangle.curl - 3.0 * (60.5_f64 / 20.5).ln()).abs() < 1e-12);
    assert!((triangle.std_error.unwrap() - (3.0 * (1.0 / 60.5 + 1.0 / 20.5_f64)).sqrt()).abs() < 1e-12);
}

#[test]
fn win_shares_are_told_and_not_tested() {
    let rows = [(0, 1), (1, 2), (2, 0)].map(|(i, j)| (i, j, Outcome::Share(0.8), 1.0));
    let found = inspected(3, &rows);
    assert_eq!(found.ladder, Ladder::Untested);
    assert!(found.verdict.contains("m0 > m1 > m2 > m0"), "{}", found.verdict);
    assert_eq!(found.notes[0].code, "not-tested");
}

#[test]
fn a_flat_ladder_of_many_games_is_one_and_of_few_can_not_be_told() {
    let many = inspected(4, &ladder(4, 0.002, 4000.0));
    assert_eq!(many.ladder, Ladder::Yes, "{}", many.verdict);
    assert!(many.verdict.contains("to within 1 percentage point of"), "{}", many.verdict);
    let few = inspected(4, &ladder(4, 0.1, 20.0));
    assert_eq!(few.ladder, Ladder::TooFew, "{}", few.verdict);
}
