//! The single transferable vote.

use super::{ballots, first_seen_order, ordered, places_below};
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
/// which it does not know, stand there in first-seen order.
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
        if profile.ballots().any(|ballot| ballot.groups().any(|group| group.len() > 1)) {
            notes.push(Note { code: "tied-ballots".into(), ..first_seen_order("items tied on a ballot") });
        }
        Ok(Box::new(ordered(evidence.graph, places_below(&order), notes)))
    }
}

/// A ballot while votes are counted.
struct Vote {
    ranked: Vec<ItemId>,
    /// The place that it counts for; behind the last when it is used up.
    place: usize,
    weight: f64,
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
        let mut votes = votes(profile);
        let (mut standing, mut rounds) = (vec![true; items], Vec::with_capacity(items));
        for _ in 0..items {
            let round = next(&scores(&votes, items), &standing, quota);
            standing[round.item.index()] = false;
            if round.elected {
                keep(&mut votes, round.item, quota);
            }
            transfer(&mut votes, round.item, &standing);
            rounds.push(round);
        }
        Ok(rounds)
    }
}

fn votes(profile: &Profile) -> Vec<Vote> {
    let vote = |ballot: Ballot<'_>| {
        let mut ranked = Vec::with_capacity(ballot.ranked.len());
        for group in ballot.groups() {
            let from = ranked.len();
            ranked.extend_from_slice(group);
            ranked[from..].sort_unstable();
        }
        Vote { ranked, place: 0, weight: ballot.count }
    };
    profile.ballots().map(vote).collect()
}

fn scores(votes: &[Vote], items: usize) -> Vec<f64> {
    let mut scores = vec![0.0; items];
    for vote in votes {
        if let Some(item) = vote.ranked.get(vote.place) {
            scores[item.index()] += vote.weight;
        }
    }
    scores
}

/// Who is elected, with a quota, or taken out.
fn next(scores: &[f64], standing: &[bool], quota: f64) -> StvRound {
    let standing = || (0..scores.len()).filter(|&item| standing[item]);
    let best = standing().map(|item| scores[item]).fold(f64::NEG_INFINITY, f64::max);
    let elected = best >= quota;
    let votes = if elected { best } else { standing().map(|item| scores[item]).fold(f64::INFINITY, f64::min) };
    #[expect(clippy::float_cmp, reason = "one of these scores")]
    let mut equal = standing().filter(|&item| scores[item] == votes);
    let tied = equal.clone().count() > 1;
    let item = if elected { equal.next() } else { equal.next_back() };
    StvRound { item: ItemId(item.unwrap_or_default() as u32), votes, elected, tied }
}

/// Takes a quota of votes, which stay with the winner, from the first ballots.
fn keep(votes: &mut [Vote], winner: ItemId, quota: f64) {
    let mut left = quota;
    for vote in votes.iter_mut().filter(|vote| vote.ranked.get(vote.place) == Some(&winner)) {
        let kept = vote.weight.min(left);
        vote.weight -= kept;
        left -= kept;
    }
}

/// Passes votes for an item on to the next on the ballot that is still standing.
fn transfer(votes: &mut [Vote], from: ItemId, standing: &[bool]) {
    for vote in votes.iter_mut().filter(|vote| vote.ranked.get(vote.place) == Some(&from)) {
        while vote.ranked.get(vote.place).is_some_and(|item| !standing[item.index()]) {
            vote.place += 1;
        }
    }
}
