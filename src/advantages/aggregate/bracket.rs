//! How far an item came in its bracket.

use std::cmp::{Ordering, Reverse};

use crate::data::Outcome;
use crate::tournaments::{History, Played, Rules, ScoreMean, Stage, descending_key, seeding_scores};

/// How many items came less far in the bracket than each; NaN for who was withdrawn, and for who has no
/// answered match but seeding ones.
///
/// Rounds, stages and results are enough, so that a log of a bracket does as well as a tournament. Who
/// did not lose its last match stands above who did, then a later last round above an earlier one, and
/// inside a round the higher mean of all scores, of which those of the seeding count as one. Rows of
/// one match in one round are taken together; weights don't matter.
///
/// Under standard rules equal evidence stands equally high: losers of one round with equal
/// means; the one who went out by a tied match with equal means, and the one who went on in its place,
/// wherever that came; everyone, if all matches of the group were tied. Under [`Rules::ArenaRl`] all
/// values differ, as in the published code: a tie goes to the left, and equal means stand in the order
/// of their matches.
///
/// O(m log m + n log n) in the numbers m of matches and n of items.
pub(super) fn bracket(history: &History, rules: Rules) -> Vec<f64> {
    let ways = Ways { history, rules, ends: ends(history) };
    if rules == Rules::Standard && history.played().all(|played| played.result.outcome == Outcome::Tie) {
        return (0..history.items()).map(|item| ways.end(item).map_or(f64::NAN, |_| 0.0)).collect();
    }
    let mut placed = Vec::with_capacity(history.items());
    placed.extend((0..history.items()).filter_map(|item| Some((ways.key(item)?, item))));
    // Items of equal keys stay in their order.
    placed.sort_unstable();
    let mut below = vec![f64::NAN; history.items()];
    let mut left = placed.len();
    for shared in placed.chunk_by(|(a, _), (b, _)| rules == Rules::Standard && a == b) {
        left -= shared.len();
        for &(_, item) in shared {
            below[item] = left as f64;
        }
    }
    below
}

/// The last match of an item, and its scores.
#[derive(Debug, Clone, Copy)]
struct End {
    round: u32,
    /// The number of the match, or of the first of its rows.
    id: u32,
    opponent: usize,
    on_the_left: bool,
    /// The item's shares of the rows of the match, summed.
    shares: f64,
    rows: f64,
    /// The mean of its scores after the match, and how it compared with the opponent's.
    mean: f64,
    compared: Ordering,
    /// The last round in which the item played or sat out.
    reached: u32,
}

/// The last match of each item, and the means as they were after it.
fn ends(history: &History) -> Vec<Option<End>> {
    let mut means = vec![ScoreMean::default(); history.items()];
    seeding_scores(history, &mut means);
    let mut ends = vec![None; history.items()];
    let matches = history.played().filter(|played| played.game.stage != Stage::Seeding);
    let time = |played: &Played| (played.game.round, played.game.id);
    // A tournament's are in order nearly always, a log's need not be.
    if matches.clone().is_sorted_by_key(|played| time(&played)) {
        for played in matches {
            end_with(&played, &mut means, &mut ends);
        }
    } else {
        let mut matches: Vec<Played> = matches.collect();
        matches.sort_by_key(time);
        for played in &matches {
            end_with(played, &mut means, &mut ends);
        }
    }
    for bye in history.byes() {
        if let Some(end) = &mut ends[bye.item as usize] {
            end.reached = bye.round.max(end.reached);
        }
    }
    ends
}

/// Takes a match for the last one of its items.
fn end_with(played: &Played, means: &mut [ScoreMean], ends: &mut [Option<End>]) {
    let (game, result) = (played.game, played.result);
    let items = [game.left as usize, game.right as usize];
    for (item, score) in items.into_iter().zip(result.scores) {
        means[item].add(score);
    }
    // Zero is added so that there is only one zero.
    let now = items.map(|item| means[item].value().unwrap_or_default() + 0.0);
    let share = result.outcome.share();
    for (side, share) in [share, 1.0 - share].into_iter().enumerate() {
        let (item, opponent) = (items[side], items[1 - side]);
        let (mean, compared) = (now[side], now[side].total_cmp(&now[1 - side]));
        let row = End {
            round: game.round,
            id: game.id,
            opponent,
            on_the_left: side == 0,
            shares: share,
            rows: 1.0,
            mean,
            compared,
            reached: game.round,
        };
        ends[item] = Some(row.after(ends[item]));
    }
}

impl End {
    /// This row, together with the row before it if that is of the same match.
    fn after(self, before: Option<Self>) -> Self {
        match before {
            Some(before) if before.round == self.round && before.opponent == self.opponent => {
                Self { shares: before.shares + self.shares, rows: before.rows + self.rows, ..before }.with_mean_of(self)
            }
            _ => self,
        }
    }

    fn with_mean_of(self, other: Self) -> Self {
        Self { mean: other.mean, compared: other.compared, ..self }
    }
}

/// How items went out.
struct Ways<'a> {
    history: &'a History,
    rules: Rules,
    ends: Vec<Option<End>>,
}

/// Where an item stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// By itself.
    Own(Key),
    /// Where this item does.
    With(usize),
}

/// Better ones are less: who did not lose, later rounds, higher means. The last is the number of the
/// match under the published code's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    lost: bool,
    round: Reverse<u32>,
    mean: u64,
    id: u32,
}

impl Ways<'_> {
    fn end(&self, item: usize) -> Option<&End> {
        self.ends[item].as_ref().filter(|_| !self.history.is_withdrawn(item as u32))
    }

    fn place(&self, item: usize) -> Option<Place> {
        let end = self.end(item)?;
        let lost = match (end.shares * 2.0).total_cmp(&end.rows) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal if self.rules == Rules::ArenaRl => !end.on_the_left,
            // Who was withdrawn later had gone on.
            Ordering::Equal if self.history.is_withdrawn(end.opponent as u32) => true,
            Ordering::Equal => match end.reached.cmp(&self.reached(end.opponent)) {
                Ordering::Greater => false,
                Ordering::Less if end.compared.is_eq() => return Some(Place::With(end.opponent)),
                Ordering::Less => true,
                // Neither of a tied match went on: the final of a bracket, mostly.
                Ordering::Equal if end.compared.is_eq() && end.opponent < item => {
                    return Some(Place::With(end.opponent));
                }
                Ordering::Equal => end.compared.is_lt(),
            },
        };
        let id = if self.rules == Rules::ArenaRl { end.id } else { 0 };
        Some(Place::Own(Key { lost, round: Reverse(end.round), mean: descending_key(end.mean), id }))
    }

    /// The key of an item, which may be that of another one. The way there ends, as each step leads to
    /// who went further, or to the lower number of two who went as far.
    fn key(&self, mut item: usize) -> Option<Key> {
        loop {
            match self.place(item)? {
                Place::Own(key) => return Some(key),
                Place::With(other) => item = other,
            }
        }
    }

    fn reached(&self, item: usize) -> u32 {
        self.ends[item].map_or(0, |end| end.reached)
    }
}
