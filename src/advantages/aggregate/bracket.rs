//! How far an item came in its bracket.

use std::cmp::{Ordering, Reverse};

use crate::data::Outcome;
use crate::tournaments::{History, Played, Rules, ScoreMean, Stage, seeding_scores};

/// The rank of each item in its bracket, 1 for the best; `None` for who was withdrawn, and for who has
/// no answered match but seeding ones.
///
/// Rounds, stages and results are enough, so that a log of a bracket does as well as a tournament. Who
/// did not lose its last match stands above who did, then a later last round above an earlier one, and
/// inside a round the higher mean of all scores, of which those of the seeding count as one. Rows of
/// one match in one round are taken together; weights don't matter.
///
/// Under standard rules equal evidence shares the best of its ranks: losers of one round with equal
/// means; the one who went out by a tied match with equal means, and the one who went on in its place,
/// wherever that came; everyone, if all matches of the group were tied. Under [`Rules::ArenaRl`] all
/// ranks differ, as in the published code: a tie goes to the left, and equal means stand in the order
/// of their matches.
///
/// O(m log m + n log n) in the numbers m of matches and n of items.
pub(super) fn bracket(history: &History, rules: Rules) -> Vec<Option<f64>> {
    let ends = ends(history);
    let ways = Ways { history, rules, reached: reached(history, &ends), ends: &ends };
    if rules == Rules::Standard && history.played().all(|played| played.result.outcome == Outcome::Tie) {
        return (0..ends.len()).map(|item| ways.end(item).map(|_| 1.0)).collect();
    }
    let places: Vec<Option<Place>> = (0..ends.len()).map(|item| ways.place(item)).collect();
    ranks(&places, rules)
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
}

/// The last match of each item, and the means as they were after it.
fn ends(history: &History) -> Vec<Option<End>> {
    let mut means = vec![ScoreMean::default(); history.items()];
    seeding_scores(history, &mut means);
    let mut matches: Vec<Played> = history.played().filter(|played| played.game.stage != Stage::Seeding).collect();
    matches.sort_by_key(|played| (played.game.round, played.game.id));
    let mut ends = vec![None; history.items()];
    for played in matches {
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
            };
            ends[item] = Some(row.after(ends[item]));
        }
    }
    ends
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

/// The last round in which each item played or sat out.
fn reached(history: &History, ends: &[Option<End>]) -> Vec<u32> {
    let mut reached: Vec<u32> = ends.iter().map(|end| end.map_or(0, |end| end.round)).collect();
    for bye in history.byes() {
        let round = &mut reached[bye.item as usize];
        *round = bye.round.max(*round);
    }
    reached
}

/// How items went out.
struct Ways<'a> {
    history: &'a History,
    rules: Rules,
    ends: &'a [Option<End>],
    reached: Vec<u32>,
}

/// Where an item stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// By itself.
    Own(Key),
    /// Where this item does.
    With(usize),
}

/// Better ones are less. The last one is the number of the match under the published code's rules.
#[derive(Debug, Clone, Copy)]
struct Key {
    lost: bool,
    round: Reverse<u32>,
    mean: f64,
    id: u32,
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        let rounds = (self.lost, self.round).cmp(&(other.lost, other.round));
        rounds.then(other.mean.total_cmp(&self.mean)).then(self.id.cmp(&other.id))
    }
}

impl Ways<'_> {
    fn end(&self, item: usize) -> Option<End> {
        self.ends[item].filter(|_| !self.history.is_withdrawn(item as u32))
    }

    fn place(&self, item: usize) -> Option<Place> {
        let end = self.end(item)?;
        let lost = match (end.shares * 2.0).total_cmp(&end.rows) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal if self.rules == Rules::ArenaRl => !end.on_the_left,
            // Who was withdrawn later had gone on.
            Ordering::Equal if self.history.is_withdrawn(end.opponent as u32) => true,
            Ordering::Equal => match self.reached[item].cmp(&self.reached[end.opponent]) {
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
        Some(Place::Own(Key { lost, round: Reverse(end.round), mean: end.mean, id }))
    }
}

/// Competition ranks: who shares one has the best of the places that all of them take.
fn ranks(places: &[Option<Place>], rules: Rules) -> Vec<Option<f64>> {
    let mut placed: Vec<(usize, Key)> = (0..places.len()).filter_map(|item| Some((item, key(places, item)?))).collect();
    placed.sort_by(|(_, a), (_, b)| a.compare(b));
    let mut ranks = vec![None; places.len()];
    let mut better = 0;
    for shared in placed.chunk_by(|(_, a), (_, b)| rules == Rules::Standard && a.compare(b).is_eq()) {
        for &(item, _) in shared {
            ranks[item] = Some(f64::from(better) + 1.0);
        }
        better += shared.len() as u32;
    }
    ranks
}

/// The key of an item, which may be that of another one. The way there ends, as each step leads to who
/// went further, or to the lower number of two who went as far.
fn key(places: &[Option<Place>], mut item: usize) -> Option<Key> {
    loop {
        match places[item]? {
            Place::Own(key) => return Some(key),
            Place::With(other) => item = other,
        }
    }
}
