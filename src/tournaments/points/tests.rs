#![expect(clippy::float_cmp, reason = "halves and their sums are exact")]

use super::super::{Bye, History, Match, MatchResult, Played, Stage};
use super::*;
use crate::data::Outcome;

/// A match in which the left item has this share.
fn play(history: &mut History, round: u32, left: u32, share: f64, right: u32) {
    weighted(history, round, left, share, right, 1.0);
}

fn weighted(history: &mut History, round: u32, left: u32, share: f64, right: u32, weight: f64) {
    let outcome = Outcome::from_share(share).expect("a share");
    let game = Match { id: 0, round, stage: Stage::Main, left, right };
    history.push(Played { game, result: MatchResult { outcome, scores: [share, 1.0 - share] }, weight }).unwrap();
}

fn bye(history: &mut History, round: u32, item: u32) {
    history.bye(Bye { round, item });
}

fn nobody_answers(history: &mut History, round: u32, left: u32, right: u32) {
    let id = history.reports().len() as u32;
    history.give(Match { id, round, stage: Stage::Main, left, right });
    history.report(id, None).expect("an open match");
}

fn by(tie_breaks: &[TieBreak]) -> PointsSettings {
    PointsSettings { tie_breaks: tie_breaks.to_vec(), ..PointsSettings::default() }
}

fn under(tie_break: TieBreak, unplayed: Unplayed) -> PointsSettings {
    PointsSettings { unplayed, ..by(&[tie_break]) }
}

fn values(history: &History, settings: &PointsSettings) -> Vec<f64> {
    points(history, settings).iter().map(|row| row.tie_breaks[0].expect("a value of one item")).collect()
}

fn ranks(history: &History, settings: &PointsSettings) -> Vec<Option<u32>> {
    points(history, settings).iter().map(|row| row.rank).collect()
}

/// The crosstable of the tie-break exercises that FIDE's technical commission published on 18 March
/// 2024 (tec.fide.com/2024/03/18/tie-break-exercise), by the numbers of its players.
///
/// Half-point byes are draws against items 17 and 18, who aren't in it: the points that others see are
/// those of the table. Rounds of players whose absence gives no points are left out, and a win by
/// forfeit is a bye: to its winner, article 16 makes no difference between the two.
fn exercise() -> History {
    let rounds: [&[(u32, f64, u32)]; 5] = [
        &[
            (1, 1.0, 9),
            (2, 1.0, 10),
            (3, 0.5, 11),
            (4, 1.0, 12),
            (13, 1.0, 5),
            (14, 1.0, 6),
            (7, 1.0, 15),
            (8, 0.5, 16),
        ],
        &[
            (1, 0.5, 13),
            (2, 1.0, 7),
            (3, 1.0, 6),
            (4, 0.5, 17),
            (15, 1.0, 5),
            (8, 1.0, 14),
            (10, 1.0, 9),
            (16, 1.0, 11),
        ],
        &[(1, 0.5, 2), (3, 1.0, 8), (4, 1.0, 13), (5, 1.0, 11), (16, 1.0, 7), (15, 1.0, 10), (9, 0.5, 18)],
        &[(1, 1.0, 15), (2, 1.0, 16), (3, 0.5, 4), (5, 0.5, 7), (6, 1.0, 10), (8, 1.0, 13)],
        &[(1, 0.5, 4), (2, 0.5, 3), (5, 1.0, 10), (11, 1.0, 7), (6, 1.0, 8), (14, 1.0, 13), (16, 1.0, 15)],
    ];
    let mut history = History::new(19);
    for (round, games) in (1..).zip(rounds) {
        for &(left, share, right) in games {
            play(&mut history, round, left, share, right);
        }
    }
    for (round, item) in [(3, 6), (4, 11), (5, 9)] {
        bye(&mut history, round, item);
    }
    history
}

#[test]
fn points_are_those_of_the_fide_exercise() {
    let rows = points(&exercise(), &PointsSettings::default());
    for (player, expected) in [(1, 3.5), (2, 4.0), (3, 3.5), (16, 3.5), (7, 1.5), (10, 1.0)] {
        assert_eq!(rows[player].points, expected, "player {player}");
    }
}

#[test]
fn buchholz_is_that_of_the_fide_exercise() {
    let values = values(&exercise(), &by(&[TieBreak::Buchholz]));
    for (player, expected) in [(1, 12.5), (2, 13.0), (3, 15.5), (5, 8.5), (8, 13.5), (11, 13.5), (16, 12.5)] {
        assert_eq!(values[player], expected, "player {player}");
    }
}

#[test]
fn buchholz_cut_1_is_that_of_the_fide_exercise() {
    let values = values(&exercise(), &by(&[TieBreak::BuchholzCut1]));
    for (player, expected) in [(5, 7.5), (8, 12.0), (11, 12.0)] {
        assert_eq!(values[player], expected, "player {player}");
    }
}

#[test]
fn cuts_take_the_lowest_and_the_median_the_highest_too() {
    // Player 3 of the exercise met 11, 6, 8, 4 and 2, who have 2.5, 3, 2.5, 3.5 and 4.
    let history = exercise();
    assert_eq!(values(&history, &by(&[TieBreak::BuchholzCut2]))[3], 3.0 + 3.5 + 4.0);
    assert_eq!(values(&history, &by(&[TieBreak::BuchholzMedian1]))[3], 2.5 + 3.0 + 3.5);
}

/// An item with these shares in rounds 1, 2, …, against others who have no other match; `None` is a bye.
fn career(shares: &[Option<f64>]) -> History {
    let mut history = History::new(shares.len() as u32 + 1);
    for (round, share) in (1..).zip(shares) {
        match share {
            Some(share) => play(&mut history, round, 0, *share, round),
            None => bye(&mut history, round, 0),
        }
    }
    history
}

#[test]
fn the_virtual_opponent_has_the_points_of_the_fide_examples() {
    // Handbook until 2022, example 2: 3.5 points after 5 of 9 rounds, and a win without an opponent in
    // round 6: the virtual opponent has 5 in the end.
    let won = Some(1.0);
    let history = career(&[won, won, won, Some(0.5), Some(0.0), None, won, Some(0.0), won]);
    assert_eq!(virtual_part(&history), 5.0);
    // Example 1: 1.5 points after 2 rounds, and nothing in round 3: 5.5.
    let mut history = History::new(10);
    nobody_answers(&mut history, 3, 0, 9);
    for (round, share) in [(1, 1.0), (2, 0.5), (4, 1.0), (5, 0.0), (6, 1.0), (7, 0.0), (8, 1.0), (9, 1.0)] {
        play(&mut history, round, 0, share, round.min(8));
    }
    assert_eq!(virtual_part(&history), 5.5);
}

/// What the virtual opponents of item 0 add, where nobody else has a round without a match.
fn virtual_part(history: &History) -> f64 {
    let buchholz = |unplayed| values(history, &under(TieBreak::Buchholz, unplayed))[0];
    buchholz(Unplayed::Virtual2009) - buchholz(Unplayed::Ignore)
}

#[test]
fn an_opponents_rounds_without_a_match_are_draws_under_the_rules_of_2009() {
    // Minutes of FIDE's Swiss pairings committee, 2009, example 1: 6 points of 9 rounds, with a win by
    // default in round 3 after 2 points: 5 from the virtual opponent, and 5.5 to the opponents.
    let (won, lost) = (Some(1.0), Some(0.0));
    let history = career(&[won, won, None, won, won, won, lost, lost, lost]);
    assert_eq!(virtual_part(&history), 5.0);
    assert_eq!(values(&history, &under(TieBreak::Buchholz, Unplayed::Virtual2009))[1], 5.5);
    assert_eq!(values(&history, &under(TieBreak::Buchholz, Unplayed::Dummy2023))[1], 6.0);
}

#[test]
fn sonneborn_berger_counts_a_bye_against_who_has_as_many_points() {
    let history = career(&[Some(1.0), None, Some(0.5)]);
    // Opponents have 0 and 0.5 points, the item 2.5: 1·0 + 1·2.5 + 0.5·0.5.
    assert_eq!(values(&history, &by(&[TieBreak::SonnebornBerger]))[0], 2.75);
    assert_eq!(values(&history, &under(TieBreak::SonnebornBerger, Unplayed::Ignore))[0], 0.25);
}

#[test]
fn progressive_sums_the_points_after_each_round() {
    // A win, a draw, a loss, a bye of half a point: 1 + 1.5 + 1.5 + 2.
    let history = career(&[Some(1.0), Some(0.5), Some(0.0), None]);
    let settings = PointsSettings { bye: 0.5, ..by(&[TieBreak::Progressive]) };
    assert_eq!(values(&history, &settings)[0], 6.0);
}

#[test]
fn wins_leave_byes_out_and_margins_sum_scores() {
    let history = career(&[Some(1.0), None, Some(0.75), Some(0.5)]);
    assert_eq!(values(&history, &by(&[TieBreak::Wins]))[0], 2.0);
    assert_eq!(values(&history, &by(&[TieBreak::ScoreMargin]))[0], 1.0 + 0.5);
}

#[test]
fn weights_and_shares_count_as_so_many_matches() {
    let mut split = History::new(3);
    weighted(&mut split, 1, 0, 0.75, 1, 4.0);
    play(&mut split, 2, 2, 1.0, 0);
    let mut whole = History::new(3);
    for share in [1.0, 1.0, 1.0, 0.0] {
        play(&mut whole, 1, 0, share, 1);
    }
    play(&mut whole, 2, 2, 1.0, 0);
    let settings = by(&[TieBreak::Buchholz, TieBreak::SonnebornBerger, TieBreak::ScoreMargin, TieBreak::Progressive]);
    assert_eq!(points(&split, &settings), points(&whole, &settings));
}

#[test]
fn in_a_round_robin_sums_over_opponents_are_matrix_products() {
    let shares = [[0.5, 1.0, 0.0, 0.3], [0.0, 0.5, 0.5, 0.6], [1.0, 0.5, 0.5, 0.1], [0.7, 0.4, 0.9, 0.5]];
    let mut history = History::new(4);
    for left in 0..4 {
        for right in left + 1..4 {
            play(&mut history, 1, left, shares[left as usize][right as usize], right);
        }
    }
    let total: Vec<f64> = shares.iter().map(|row| row.iter().sum::<f64>() - 0.5).collect();
    let rows = points(&history, &by(&[TieBreak::Buchholz, TieBreak::SonnebornBerger]));
    for (item, row) in rows.iter().enumerate() {
        let all: f64 = total.iter().sum();
        let product: f64 = (0..4).map(|other| shares[item][other] * total[other]).sum::<f64>() - 0.5 * total[item];
        assert!((row.points - total[item]).abs() < 1e-12);
        assert!((row.tie_breaks[0].expect("buchholz") - (all - total[item])).abs() < 1e-12);
        assert!((row.tie_breaks[1].expect("sonneborn-berger") - product).abs() < 1e-12);
    }
}

/// Four items of 2 points: among themselves 0 and 1 have 2, 2 and 3 have 1 and a win over item 4; 0 beat
/// 1, and 2 beat 3.
fn four_tied() -> History {
    let mut history = History::new(5);
    for (winner, loser) in [(0, 1), (0, 2), (3, 0), (1, 2), (1, 3), (2, 4), (3, 4), (2, 3)] {
        play(&mut history, 1, winner, 1.0, loser);
    }
    history
}

#[test]
fn direct_encounters_are_compared_again_among_those_still_tied() {
    let rows = points(&four_tied(), &by(&[TieBreak::DirectEncounter]));
    assert_eq!(rows.iter().map(|row| row.points).collect::<Vec<_>>(), [2.0, 2.0, 2.0, 2.0, 0.0]);
    assert_eq!(rows.iter().map(|row| row.rank).collect::<Vec<_>>(), [1, 2, 3, 4, 5].map(Some));
    let scores: Vec<Option<f64>> = rows.iter().map(|row| row.tie_breaks[0]).collect();
    assert_eq!(scores, [Some(2.0), Some(2.0), Some(1.0), Some(1.0), None]);
}

#[test]
fn direct_encounters_decide_nothing_unless_all_tied_items_met() {
    let mut history = History::new(5);
    for (winner, loser) in [(0, 1), (0, 2), (3, 0), (1, 2), (1, 3), (2, 4), (3, 4), (2, 4)] {
        play(&mut history, 1, winner, 1.0, loser);
    }
    let rows = points(&history, &by(&[TieBreak::DirectEncounter]));
    assert_eq!(rows.iter().map(|row| row.rank).collect::<Vec<_>>(), [1, 1, 1, 1, 5].map(Some));
    assert!(rows.iter().all(|row| row.tie_breaks[0].is_none()));
}

#[test]
fn direct_encounters_see_only_who_is_tied_when_their_turn_comes() {
    // By margins 0 and 1, who won one more match than they lost, are apart from 2 and 3 before that.
    let rows = points(&four_tied(), &by(&[TieBreak::ScoreMargin, TieBreak::DirectEncounter]));
    let scores: Vec<Option<f64>> = rows.iter().map(|row| row.tie_breaks[1]).collect();
    assert_eq!(scores, [Some(1.0), Some(0.0), Some(1.0), Some(0.0), None]);
}

#[test]
fn without_a_decisive_match_all_share_the_first_rank() {
    let mut history = History::new(3);
    play(&mut history, 1, 0, 0.5, 1);
    bye(&mut history, 1, 2);
    nobody_answers(&mut history, 2, 0, 2);
    bye(&mut history, 2, 1);
    let all = [TieBreak::Buchholz, TieBreak::Progressive, TieBreak::DirectEncounter];
    assert_eq!(ranks(&history, &by(&all)), [Some(1); 3]);
    assert_eq!(points(&history, &by(&all)).iter().map(|row| row.points).collect::<Vec<_>>(), [0.5, 1.5, 1.0]);
    play(&mut history, 3, 0, 1.0, 2);
    assert_eq!(ranks(&history, &by(&[])), [Some(1), Some(1), Some(3)]);
}

#[test]
fn withdrawn_items_have_no_rank_and_others_close_up() {
    let mut history = four_tied();
    history.withdraw(0);
    assert_eq!(ranks(&history, &by(&[TieBreak::DirectEncounter])), [None, Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn sums_in_another_order_are_still_equal() {
    let mut history = History::new(4);
    for (round, (first, second)) in (1..).zip([(0.1, 0.3), (0.2, 0.2), (0.3, 0.1)]) {
        play(&mut history, round, 0, first, 2);
        play(&mut history, round, 1, second, 3);
    }
    assert_eq!(ranks(&history, &by(&[]))[..2], [Some(3); 2]);
}

#[test]
fn nobody_and_one_item_have_points_too() {
    assert_eq!(points(&History::new(0), &PointsSettings::default()), []);
    let alone = points(&History::new(1), &PointsSettings::default());
    assert_eq!((alone[0].points, alone[0].rank), (0.0, Some(1)));
}

#[test]
fn names_are_read_and_others_refused_with_the_list() {
    for tie_break in TieBreak::ALL {
        assert_eq!(tie_break.name().parse(), Ok(tie_break));
        assert_eq!(serde_json::to_value(tie_break).expect("a value"), tie_break.name());
    }
    for unplayed in Unplayed::ALL {
        assert_eq!(unplayed.name().parse(), Ok(unplayed));
        assert_eq!(serde_json::to_value(unplayed).expect("a value"), unplayed.name());
    }
    let refused = "solkoff".parse::<TieBreak>().expect_err("not a name").to_string();
    assert!(refused.starts_with("tie-break=solkoff: tie-break takes buchholz, buchholz-cut-1, "), "{refused}");
}
