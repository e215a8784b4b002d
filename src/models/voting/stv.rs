//! The single transferable vote.

use std::ops::Range;

use super::{ballots, decided, first_seen_order, places_below};
use crate::data::ItemId;
use crate::data::profile::{Ballot, Profile};
use crate::models::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Setting, Units};

pub(in crate::models) const ENTRY: RaterEntry = RaterEntry {
    name: "stv",
    summary: "single transferable vote: items with a quota of first places are elected, the last one is taken out",
    needs: Needs::Ballots,
    units: Units::Items,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: false },
    has_covariance: false,
    settings: &[Setting {
        name: "winners",
        default: "half",
        summary: "how many are to be elected, fewer than the items; half: half of them, rounded down",
    }],
    build: |settings| {
        let winners = match settings.get("winners") {
            None | Some("half") => None,
            Some(_) => Some(settings.number("winners", 1, "half, or a whole number of 1 or more", |w: u32| w > 0)?),
        };
        Ok(Box::new(Stv { winners }))
    },
};

/// The single transferable vote. The rating is the number of items below: winners stand in the order in
/// which they were elected, the others below them against that in which they were taken out.
///
/// # Source
/// `OpenSpiel`'s `stv`: the quota is ⌊votes / (winners + 1) + 1⌋; a winner keeps its first *quota* of
/// votes, in the order of the ballots, and the last ones pass on whole; of equal items the first-seen is
/// elected and the last-seen taken out; this goes on when all seats are filled. Items tied on a ballot,
/// which it does not know, share its vote alike while they are standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stv {
    /// How many are to be elected; half of the items, rounded down, without it. It is less than the items.
    pub winners: Option<u32>,
}

/// What happened in a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StvRound {
    /// Who was elected or taken out.
    pub item: ItemId,
    /// Its votes in the round.
    pub votes: f64,
    /// Whether it was elected.
    pub elected: bool,
    /// Whether another item had as many votes, and the order of first sight decided.
    pub tied: bool,
}

impl Rater for Stv {
    /// O(items × (ballots + items) + places on all ballots).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let profile = ballots(&evidence, ENTRY.name)?;
        let rounds = self.rounds(profile)?;
        let of = |elected| rounds.iter().filter(move |round| round.elected == elected).map(|round| round.item.index());
        let order: Vec<usize> = of(true).chain(of(false).rev()).collect();
        let mut notes: Vec<Note> = Vec::new();
        if rounds.iter().any(|round| round.tied) {
            notes.push(first_seen_order("items with equal votes"));
        }
        Ok(Box::new(decided(evidence.graph, places_below(&order), notes)))
    }
}

/// A ballot while votes are counted.
struct Vote<'a> {
    ballot: Ballot<'a>,
    /// The places of the tied items that it counts for, as far as they are standing; empty when it is used up.
    places: Range<usize>,
    weight: f64,
}

impl<'a> Vote<'a> {
    fn new(ballot: Ballot<'a>) -> Self {
        let mut vote = Self { ballot, places: 0..0, weight: ballot.count };
        vote.move_on();
        vote
    }

    /// To the tied items that come next on the ballot.
    fn move_on(&mut self) {
        let from = self.places.end;
        let levels = &self.ballot.levels[from..];
        self.places = from..from + levels.iter().take_while(|&&level| level == levels[0]).count();
    }

    fn items(&self) -> &'a [ItemId] {
        &self.ballot.ranked[self.places.clone()]
    }

    /// What each of its items that are standing has of it.
    fn share(&self, standing: &[bool]) -> f64 {
        let sharing = self.items().iter().filter(|item| standing[item.index()]).count();
        self.weight / sharing.max(1) as f64
    }

    /// Passes on from items none of which is left.
    fn transfer(&mut self, standing: &[bool]) {
        while !self.places.is_empty() && !self.items().iter().any(|item| standing[item.index()]) {
            self.move_on();
        }
    }
}

impl Stv {
    /// All rounds, in order: one an item.
    ///
    /// # Errors
    /// If as many are to be elected as there are items, or more.
    pub fn rounds(&self, profile: &Profile) -> Result<Vec<StvRound>, FitError> {
        let items = profile.items().len();
        let winners = self.winners.map_or(items / 2, |winners| winners as usize);
        if winners >= items.max(1) {
            return Err(FitError::TooManyWinners { winners, items });
        }
        let quota = (profile.voters() / (winners as f64 + 1.0) + 1.0).floor();
        let mut votes: Vec<Vote<'_>> = profile.ballots().map(Vote::new).collect();
        let (mut standing, mut rounds) = (vec![true; items], Vec::with_capacity(items));
        for _ in 0..items {
            let round = next(&scores(&votes, &standing), &standing, quota);
            if round.elected {
                keep(&mut votes, round.item, quota, &standing);
            }
            standing[round.item.index()] = false;
            for vote in &mut votes {
                vote.transfer(&standing);
            }
            rounds.push(round);
        }
        Ok(rounds)
    }
}

fn scores(votes: &[Vote<'_>], standing: &[bool]) -> Vec<f64> {
    let mut scores = vec![0.0; standing.len()];
    for vote in votes {
        let share = vote.share(standing);
        for item in vote.items().iter().filter(|item| standing[item.index()]) {
            scores[item.index()] += share;
        }
    }
    scores
}

/// Who is elected, with a quota, or taken out.
fn next(scores: &[f64], standing: &[bool], quota: f64) -> StvRound {
    let standing = || (0..scores.len()).filter(|&item| standing[item]);
    let best = standing().map(|item| scores[item]).fold(f64::NEG_INFINITY, f64::max);
    let elected = is_level(best, quota) || best > quota;
    let votes = if elected { best } else { standing().map(|item| scores[item]).fold(f64::INFINITY, f64::min) };
    let mut equal = standing().filter(|&item| is_level(scores[item], votes));
    let tied = equal.clone().count() > 1;
    let item = if elected { equal.next() } else { equal.next_back() };
    StvRound { item: ItemId(item.unwrap_or_default() as u32), votes, elected, tied }
}

/// Whether numbers of votes differ by rounding alone, which shares of votes have.
fn is_level(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// Takes a quota of votes, which stay with the winner, from the first ballots.
fn keep(votes: &mut [Vote<'_>], winner: ItemId, quota: f64, standing: &[bool]) {
    let mut left = quota;
    for vote in votes.iter_mut().filter(|vote| vote.items().contains(&winner)) {
        let kept = vote.share(standing).min(left);
        vote.weight -= kept;
        left -= kept;
    }
}
