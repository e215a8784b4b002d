//! The single transferable vote.

use std::ops::Range;

use super::{Optimum, ballots, decided, first_seen_order, places_below};
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
    settings: &[
        Setting {
            name: "winners",
            default: "half",
            summary: "how many are to be elected, fewer than the items; half: half of them, rounded down",
        },
        Setting {
            name: "surplus",
            default: "last",
            summary: "what passes on of a winner's votes: last (whole ballots, the last in the file), or shared (of each ballot as much)",
        },
    ],
    build: |settings| {
        let winners = match settings.get("winners") {
            None | Some("half") => None,
            Some(_) => Some(settings.number("winners", 1, "half, or a whole number of 1 or more", |w: u32| w > 0)?),
        };
        let surplus = settings.choice("surplus", &[("last", Surplus::Last), ("shared", Surplus::Shared)])?;
        Ok(Box::new(Stv { winners, surplus }))
    },
};

/// The single transferable vote. The rating is the number of items below: winners stand in the order in
/// which they were elected, the others below them against that in which they were taken out.
///
/// # Source
/// `OpenSpiel`'s `stv`: the quota is ⌊votes / (winners + 1) + 1⌋; a winner keeps its first *quota* of
/// votes, in the order of the ballots, and the last ones pass on whole; of equal items the first-seen is
/// elected and the last-seen taken out; this goes on when all seats are filled. What it does not know: items tied on
/// a ballot share its vote alike while they are standing; and where ballots have weights, whose scale must not matter,
/// the quota is votes / (winners + 1), which a winner has more than.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stv {
    /// How many are to be elected; half of the items, rounded down, without it. It is less than the items.
    pub winners: Option<u32>,
    /// What passes on of a winner's votes.
    pub surplus: Surplus,
}

/// What passes on of the votes that a winner has beyond the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surplus {
    /// Whole ballots, the last ones: the order of the ballots decides who gets them.
    #[default]
    Last,
    /// The same share of each of the winner's ballots.
    ///
    /// # Source
    /// The weighted inclusive Gregory method.
    Shared,
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
    /// Whether votes passed on whose ballots were chosen by their order.
    pub by_ballot_order: bool,
}

impl Rater for Stv {
    fn counts_ballots(&self) -> bool {
        true
    }

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
        if rounds.iter().any(|round| round.by_ballot_order) {
            let message = "the votes that winners had beyond the quota passed on from the last ballots of the file, in \
                           another order of which others may win; surplus=shared passes on a part of each";
            notes.push(Note::new("ballot-order", message));
        }
        let seats = self.seats(profile);
        Ok(Box::new(Optimum {
            fit: decided(evidence.graph, places_below(&order), notes),
            parameters: vec![("seats", Some(seats as f64)), ("quota", Some(Quota::of(profile, seats).kept()))],
            log_likelihood: None,
        }))
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
    /// How many are to be elected.
    fn seats(&self, profile: &Profile) -> usize {
        self.winners.map_or(profile.items().len() / 2, |winners| winners as usize)
    }

    /// All rounds, in order: one an item.
    ///
    /// # Errors
    /// If as many are to be elected as there are items, or more.
    pub fn rounds(&self, profile: &Profile) -> Result<Vec<StvRound>, FitError> {
        let (items, winners) = (profile.items().len(), self.seats(profile));
        if winners >= items.max(1) {
            return Err(FitError::TooManyWinners { winners, items });
        }
        let quota = Quota::of(profile, winners);
        let mut votes: Vec<Vote<'_>> = profile.ballots().map(Vote::new).collect();
        let (mut standing, mut rounds) = (vec![true; items], Vec::with_capacity(items));
        for _ in 0..items {
            let mut round = next(&scores(&votes, &standing), &standing, quota);
            if round.elected {
                let stays = Stays { votes: quota.kept(), of: round.votes };
                round.by_ballot_order = self.keep(&mut votes, round.item, stays, &standing);
            }
            standing[round.item.index()] = false;
            for vote in &mut votes {
                vote.transfer(&standing);
            }
            rounds.push(round);
        }
        Ok(rounds)
    }

    /// Takes a quota of votes, which stay with the winner. Whether the order of the ballots chose them.
    fn keep(&self, votes: &mut [Vote<'_>], winner: ItemId, stays: Stays, standing: &[bool]) -> bool {
        let (mut left, mut ballots) = (stays.votes, 0);
        for vote in votes.iter_mut().filter(|vote| vote.weight > 0.0 && vote.items().contains(&winner)) {
            let share = vote.share(standing);
            let kept = match self.surplus {
                Surplus::Last => share.min(left),
                Surplus::Shared => share * (stays.votes / stays.of).min(1.0),
            };
            vote.weight -= kept;
            left -= kept;
            ballots += 1;
        }
        let has_surplus = !is_level(stays.of, stays.votes) && standing.iter().filter(|&&it| it).count() > 2;
        self.surplus == Surplus::Last && ballots > 1 && has_surplus
    }
}

/// The votes that stay with a winner, and those that it has.
#[derive(Debug, Clone, Copy)]
struct Stays {
    votes: f64,
    of: f64,
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

/// The votes that elect an item.
#[derive(Debug, Clone, Copy)]
enum Quota {
    /// As many, or more.
    Votes(f64),
    /// More weight than this.
    Above(f64),
}

impl Quota {
    fn of(profile: &Profile, winners: usize) -> Self {
        let share = profile.voters() / (winners as f64 + 1.0);
        if profile.is_weighted() { Self::Above(share) } else { Self::Votes((share + 1.0).floor()) }
    }

    /// The votes that stay with a winner.
    fn kept(self) -> f64 {
        match self {
            Self::Votes(votes) | Self::Above(votes) => votes,
        }
    }

    fn is_met(self, votes: f64) -> bool {
        match self {
            Self::Votes(quota) => is_level(votes, quota) || votes > quota,
            Self::Above(quota) => !is_level(votes, quota) && votes > quota,
        }
    }
}

/// Who is elected, with a quota, or taken out.
fn next(scores: &[f64], standing: &[bool], quota: Quota) -> StvRound {
    let standing = || (0..scores.len()).filter(|&item| standing[item]);
    let best = standing().map(|item| scores[item]).fold(f64::NEG_INFINITY, f64::max);
    let elected = quota.is_met(best);
    let votes = if elected { best } else { standing().map(|item| scores[item]).fold(f64::INFINITY, f64::min) };
    let mut equal = standing().filter(|&item| is_level(scores[item], votes));
    let tied = equal.clone().count() > 1;
    let item = if elected { equal.next() } else { equal.next_back() };
    StvRound { item: ItemId(item.unwrap_or_default() as u32), votes, elected, tied, by_ballot_order: false }
}

/// Whether numbers of votes differ by rounding alone, which shares of votes have.
fn is_level(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}
