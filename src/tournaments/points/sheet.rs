//! What each item played, and the sums over it.

use super::{History, PointsSettings, TieBreak, Unplayed};
use crate::tournaments::Played;

/// One round of an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) item: u32,
    /// Nobody, if it was a bye or a match that nobody could answer.
    pub(super) opponent: Option<u32>,
    round: u32,
    /// The share of it that the item has.
    pub(super) share: f64,
    pub(super) weight: f64,
    /// The item's score minus the opponent's.
    margin: f64,
}

impl Entry {
    fn unplayed(item: u32, round: u32, share: f64) -> Self {
        Self { item, opponent: None, round, share, weight: 1.0, margin: 0.0 }
    }

    fn points(&self) -> f64 {
        self.weight * self.share
    }
}

/// What an opponent adds to a Buchholz sum.
struct Contribution {
    score: f64,
    weight: f64,
    share: f64,
}

/// The rounds of all items, and their points.
pub(super) struct Sheets {
    /// By item, then by round.
    entries: Vec<Entry>,
    /// Where the entries of each item begin, and the last end.
    starts: Vec<usize>,
    points: Vec<f64>,
    /// The points that count for an item's opponents.
    adjusted: Vec<f64>,
    rounds: u32,
    is_decisive: bool,
    unplayed: Unplayed,
}

impl Sheets {
    pub(super) fn new(history: &History, settings: &PointsSettings) -> Self {
        let items = history.items();
        let (entries, starts) = entries(history, settings.bye);
        let rounds = entries.iter().map(|entry| entry.round).max().unwrap_or(0);
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        let is_decisive =
            entries.iter().any(|entry| entry.opponent.is_some() && entry.weight > 0.0 && entry.share != 0.5);
        let mut sheets = Self {
            entries,
            starts,
            points: Vec::new(),
            adjusted: Vec::new(),
            rounds,
            is_decisive,
            unplayed: settings.unplayed,
        };
        sheets.points = (0..items as u32).map(|item| sheets.entries(item).iter().map(Entry::points).sum()).collect();
        sheets.adjusted = (0..items as u32).map(|item| sheets.adjusted_points(item)).collect();
        sheets
    }

    pub(super) fn entries(&self, item: u32) -> &[Entry] {
        &self.entries[self.starts[item as usize]..self.starts[item as usize + 1]]
    }

    pub(super) fn points(&self, item: u32) -> f64 {
        self.points[item as usize]
    }

    /// Whether a match had a winner.
    pub(super) fn is_decisive(&self) -> bool {
        self.is_decisive
    }

    /// The value of a tie-break; `None` for the direct encounter, which is not one item's own.
    pub(super) fn tie_break(&self, tie_break: TieBreak, item: u32) -> Option<f64> {
        let entries = self.entries(item);
        match tie_break {
            TieBreak::Buchholz => Some(self.buchholz(item, 0, 0)),
            TieBreak::BuchholzCut1 => Some(self.buchholz(item, 1, 0)),
            TieBreak::BuchholzCut2 => Some(self.buchholz(item, 2, 0)),
            TieBreak::BuchholzMedian1 => Some(self.buchholz(item, 1, 1)),
            TieBreak::SonnebornBerger => Some(self.contributions(item).map(|it| it.weight * it.share * it.score).sum()),
            TieBreak::DirectEncounter => None,
            TieBreak::Wins => {
                let won = |entry: &&Entry| entry.opponent.is_some() && entry.share > 0.5;
                Some(entries.iter().filter(won).map(|entry| entry.weight).sum())
            }
            TieBreak::Progressive => {
                let rounds_with = |entry: &Entry| f64::from(self.rounds - entry.round) + 1.0;
                Some(entries.iter().map(|entry| entry.points() * rounds_with(entry)).sum())
            }
            TieBreak::ScoreMargin => Some(entries.iter().map(|entry| entry.weight * entry.margin).sum()),
        }
    }

    /// The sum of the opponents' points without the lowest and the highest of them.
    fn buchholz(&self, item: u32, cut_lowest: usize, cut_highest: usize) -> f64 {
        if cut_lowest + cut_highest == 0 {
            return self.contributions(item).map(|it| it.weight * it.score).sum();
        }
        let mut opponents: Vec<Contribution> = self.contributions(item).collect();
        opponents.sort_by(|a, b| a.score.total_cmp(&b.score));
        let kept = opponents.get(cut_lowest..opponents.len().saturating_sub(cut_highest)).unwrap_or_default();
        kept.iter().map(|it| it.weight * it.score).sum()
    }

    fn contributions(&self, item: u32) -> impl Iterator<Item = Contribution> {
        self.entries(item).iter().filter_map(move |entry| {
            let score = match (entry.opponent, self.unplayed) {
                (Some(opponent), _) => self.adjusted[opponent as usize],
                (None, Unplayed::Dummy2023) => self.points(item),
                (None, Unplayed::Virtual2009) => self.virtual_opponent(entry),
                (None, Unplayed::Ignore) => return None,
            };
            Some(Contribution { score, weight: entry.weight, share: entry.share })
        })
    }

    /// What an item's points are to its opponents.
    fn adjusted_points(&self, item: u32) -> f64 {
        match self.unplayed {
            Unplayed::Dummy2023 | Unplayed::Ignore => self.points(item),
            Unplayed::Virtual2009 => {
                let points = |entry: &Entry| if entry.opponent.is_some() { entry.points() } else { 0.5 };
                self.entries(item).iter().map(points).sum()
            }
        }
    }

    /// The points in the end of who, with as many as the item, took its place opposite in a round, and
    /// has half a point in each round after it.
    fn virtual_opponent(&self, unplayed: &Entry) -> f64 {
        let before = self.entries(unplayed.item).iter().filter(|entry| entry.round < unplayed.round);
        before.map(Entry::points).sum::<f64>() + 1.0 - unplayed.share + 0.5 * f64::from(self.rounds - unplayed.round)
    }
}

/// The entries by item, then by round, and where those of each item begin and the last end. They are
/// counted out by item, since those of an item come by round from a tournament.
fn entries(history: &History, bye: f64) -> (Vec<Entry>, Vec<usize>) {
    let mut starts = vec![0; history.items() + 1];
    for_each_entry(history, bye, |entry| starts[entry.item as usize + 1] += 1);
    for item in 0..history.items() {
        starts[item + 1] += starts[item];
    }
    let mut next = starts.clone();
    let mut entries = vec![Entry::unplayed(0, 0, 0.0); starts[history.items()]];
    for_each_entry(history, bye, |entry| {
        let place = &mut next[entry.item as usize];
        entries[*place] = entry;
        *place += 1;
    });
    for bounds in starts.windows(2) {
        let of_item = &mut entries[bounds[0]..bounds[1]];
        if !of_item.is_sorted_by_key(|entry| entry.round) {
            of_item.sort_by_key(|entry| entry.round);
        }
    }
    (entries, starts)
}

/// Two entries a match, one a bye.
fn for_each_entry(history: &History, bye: f64, mut take: impl FnMut(Entry)) {
    for Played { game, result, weight } in history.played() {
        let share = result.outcome.share();
        let margin = result.scores[0] - result.scores[1];
        let side = |item, opponent, share, margin| Entry {
            item,
            opponent: Some(opponent),
            round: game.round,
            share,
            weight,
            margin,
        };
        take(side(game.left, game.right, share, margin));
        take(side(game.right, game.left, 1.0 - share, -margin));
    }
    for it in history.byes() {
        take(Entry::unplayed(it.item, it.round, bye));
    }
    for game in history.unanswered() {
        take(Entry::unplayed(game.left, game.round, 0.0));
        take(Entry::unplayed(game.right, game.round, 0.0));
    }
}
