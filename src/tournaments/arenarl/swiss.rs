//! The Swiss tournament of the published code.

use crate::tournaments::bracket::halvings;
use crate::tournaments::{Draw, Field, History, Match, MatchResult, Schedule, Stage, Topology};

/// Rounds in which each item meets the first one below it in points that it did not meet yet, or the
/// first at all; the last of an odd number sits out and has a point for it, again if need be.
///
/// `rounds` is how many there are, ⌈log₂ N⌉ if it is not given or 0, and never more than N−1. A match
/// that nobody could answer counts as a tie, as in the published code, whose judge then gives both
/// sides the same score.
pub(in crate::tournaments) fn swiss(rounds: Option<u32>) -> Box<dyn Topology> {
    Box::new(Swiss {
        asked: rounds.filter(|&rounds| rounds > 0),
        rounds: 0,
        round: 0,
        draw: Draw::AsGiven,
        halves: Vec::new(),
        met: Vec::new(),
        open: 0,
        next_id: 0,
    })
}

#[derive(Debug)]
struct Swiss {
    asked: Option<u32>,
    rounds: u32,
    round: u32,
    draw: Draw,
    /// Twice the points of each item.
    halves: Vec<u32>,
    /// Whom each item met.
    met: Vec<Vec<u32>>,
    /// Matches of this round without a report.
    open: u32,
    next_id: u32,
}

impl Swiss {
    fn next_round(&mut self, schedule: &mut Schedule<'_>) {
        if self.round == self.rounds {
            return;
        }
        self.round += 1;
        let mut list: Vec<u32> = (0..self.halves.len() as u32).collect();
        self.draw.shuffle(self.round, &mut list);
        list.sort_by_key(|&item| std::cmp::Reverse(self.halves[item as usize]));
        if list.len() % 2 == 1
            && let Some(last) = list.pop()
        {
            schedule.bye(self.round, last);
            self.halves[last as usize] += 2;
        }
        while !list.is_empty() {
            let left = list.remove(0);
            let met = &self.met[left as usize];
            let place = list.iter().position(|other| !met.contains(other)).unwrap_or(0);
            let right = list.remove(place);
            self.play(left, right, schedule);
        }
    }

    fn play(&mut self, left: u32, right: u32, schedule: &mut Schedule<'_>) {
        self.met[left as usize].push(right);
        self.met[right as usize].push(left);
        schedule.play(Match { id: self.next_id, round: self.round, stage: Stage::Main, left, right });
        self.next_id += 1;
        self.open += 1;
    }
}

impl Topology for Swiss {
    fn start(&mut self, field: &Field, schedule: &mut Schedule<'_>) {
        let items = field.items as usize;
        self.rounds = self.asked.unwrap_or(halvings(field.items)).min(field.items - 1);
        self.draw = field.draw;
        self.halves.clear();
        self.halves.resize(items, 0);
        self.met.iter_mut().for_each(Vec::clear);
        self.met.resize(items, Vec::new());
        (self.round, self.open, self.next_id) = (0, 0, 0);
        self.next_round(schedule);
    }

    fn report(&mut self, played: Match, result: Option<MatchResult>, schedule: &mut Schedule<'_>) {
        let left = halves(result);
        self.halves[played.left as usize] += left;
        self.halves[played.right as usize] += 2 - left;
        self.open -= 1;
        if self.open == 0 {
            self.next_round(schedule);
        }
    }
}

/// Twice the points of the left item: a win has one, anything else that is no loss a half.
fn halves(result: Option<MatchResult>) -> u32 {
    match result.map(|result| result.outcome.share()) {
        Some(share) if share > 0.5 => 2,
        Some(share) if share < 0.5 => 0,
        _ => 1,
    }
}

/// Points and Buchholz of each item, by which the published code ranks: the first counts more, and
/// equal ones are tied.
///
/// A win has a point, a tie and a match that nobody could answer a half, a bye a point. Buchholz is the
/// sum of the points of all opponents, each once however often it was met; a bye adds nothing to it.
/// O(m log m) in the number m of matches.
pub fn standing(history: &History) -> Vec<[f64; 2]> {
    let mut points = vec![0.0; history.items()];
    let mut met = Vec::new();
    let played = history.played().map(|played| (played.game, Some(played.result)));
    for (game, result) in played.chain(history.unanswered().map(|game| (game, None))) {
        let left = f64::from(halves(result)) / 2.0;
        points[game.left as usize] += left;
        points[game.right as usize] += 1.0 - left;
        met.extend([[game.left, game.right], [game.right, game.left]]);
    }
    for bye in history.byes() {
        points[bye.item as usize] += 1.0;
    }
    met.sort_unstable();
    met.dedup();
    let mut standing: Vec<[f64; 2]> = points.iter().map(|&points| [points, 0.0]).collect();
    for [item, opponent] in met {
        standing[item as usize][1] += points[opponent as usize];
    }
    standing
}
