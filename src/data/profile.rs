//! Profiles: ballots that rank items, with ties and missing items, and the pair counts they come to.
//!
//! ```
//! use palio::data::profile::Profile;
//! use palio::models::{Copeland, Rater};
//!
//! let mut profile = Profile::new(["ada", "bob", "cleo"].into_iter().collect());
//! let [ada, bob, cleo] = [0, 1, 2].map(palio::data::ItemId);
//! profile.push(&[&[ada], &[bob], &[cleo]], 2.0)?;
//! profile.push(&[&[cleo][..], &[ada, bob]], 3.0)?;
//! let fitted = Copeland.fit((&profile.graph()).into(), None)?;
//! assert_eq!(fitted.ratings(), [1.0, 0.0, 2.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::graph::{PreferenceGraph, Tally};
use super::table::ScoreTable;
use super::{Comparison, ItemId, Items, Log, Outcome};

/// Ballots over some items, each of which stands for one voter or more.
///
/// An item that a ballot leaves out is one of which it says nothing; [`Profile::with_unranked_last`]
/// puts such items below the others. Memory is O(places on all ballots).
#[derive(Debug, Clone, Default)]
pub struct Profile {
    items: Items,
    /// For each ballot the index of its first place, and the number of places at the end.
    starts: Vec<usize>,
    /// The items on all ballots, each from the top down.
    ranked: Vec<ItemId>,
    /// For each of them its level on its ballot, from 0; tied items have one level.
    levels: Vec<u32>,
    counts: Vec<f64>,
    /// The sum of the counts.
    voters: f64,
    weighted: bool,
}

/// One ballot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ballot<'a> {
    /// The items ranked, from the top down; tied ones in the order in which they were given.
    pub ranked: &'a [ItemId],
    /// For each of them its level, from 0: how many groups of tied items stand above it.
    pub levels: &'a [u32],
    /// How many voters cast it, or its weight: [`Profile::is_weighted`] tells which.
    pub count: f64,
}

/// Why something is no ballot.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BallotError {
    /// An item stands on the ballot twice.
    #[error("{item:?} is ranked twice; rank each item once, or leave it out")]
    RankedTwice {
        /// The item's name.
        item: String,
    },
    /// An id that is none of the profile's items.
    #[error("there is no item {id} among {items}; rank items of this profile")]
    UnknownItem {
        /// The id.
        id: u32,
        /// How many items there are.
        items: usize,
    },
    /// A number of voters that is negative, or too large to be one.
    #[error("a ballot counts {count} times; give a number that is not negative and at most 2^53")]
    Count {
        /// The number.
        count: f64,
    },
    /// More voters than can be counted one by one.
    #[error("with this ballot there are {voters} voters; give counts that come to at most 2^53")]
    TooManyVoters {
        /// Their number.
        voters: f64,
    },
}

/// Up to this many voters each counts.
const MOST_VOTERS: f64 = 9_007_199_254_740_992.0;

/// What equal scores of two models on a benchmark mean for its vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EqualScores {
    /// The two are tied.
    #[default]
    Tied,
    /// The model that the table names first stands above: `OpenSpiel`'s stable sort.
    TableOrder,
}

impl Profile {
    /// The label column of [`to_log`](Self::to_log) that tells the ballots apart.
    pub const BALLOT: &'static str = "ballot";

    /// A profile without ballots.
    pub fn new(items: Items) -> Self {
        Self { items, starts: vec![0], ..Self::default() }
    }

    /// The id of an item, which is added if it is new.
    pub fn intern(&mut self, name: &str) -> ItemId {
        self.items.intern(name)
    }

    /// Adds a ballot: groups of tied items from the top down, and how many voters cast it. Empty groups
    /// are left out. Counts come to at most 2⁵³. O(places²) up to a dozen places, else O(items).
    pub fn push<G: AsRef<[ItemId]>>(&mut self, groups: &[G], count: f64) -> Result<(), BallotError> {
        if !(0.0..=MOST_VOTERS).contains(&count) {
            return Err(BallotError::Count { count });
        }
        if count > MOST_VOTERS - self.voters {
            return Err(BallotError::TooManyVoters { voters: self.voters + count });
        }
        let first = self.ranked.len();
        for (level, group) in (0..).zip(groups.iter().map(AsRef::as_ref).filter(|group| !group.is_empty())) {
            self.ranked.extend_from_slice(group);
            self.levels.resize(self.ranked.len(), level);
        }
        if let Err(error) = self.check(&self.ranked[first..]) {
            self.ranked.truncate(first);
            self.levels.truncate(first);
            return Err(error);
        }
        self.close(count);
        Ok(())
    }

    /// Ends a ballot with the places so far.
    fn close(&mut self, count: f64) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.starts.push(self.ranked.len());
        self.counts.push(count);
        self.voters += count;
        self.weighted |= count.fract() != 0.0;
    }

    /// Takes each entry as one ballot, whose count is its weight.
    pub fn take_counts_as_weights(&mut self) {
        self.weighted = true;
    }

    /// Whether counts are weights of single ballots, and not numbers of voters: where that was
    /// [said](Self::take_counts_as_weights), or one of them is not whole.
    pub fn is_weighted(&self) -> bool {
        self.weighted
    }

    /// Whether each of these items is one of the profile's and there once.
    fn check(&self, ranked: &[ItemId]) -> Result<(), BallotError> {
        const FEW: usize = 12;
        let items = self.items.len();
        if let Some(unknown) = ranked.iter().find(|item| item.index() >= items) {
            return Err(BallotError::UnknownItem { id: unknown.0, items });
        }
        let twice = if ranked.len() <= FEW {
            (1..ranked.len()).find(|&place| ranked[..place].contains(&ranked[place]))
        } else {
            let mut seen = vec![false; items];
            (0..ranked.len()).find(|&place| std::mem::replace(&mut seen[ranked[place].index()], true))
        };
        match twice {
            Some(place) => Err(BallotError::RankedTwice { item: self.items.name(ranked[place]).to_owned() }),
            None => Ok(()),
        }
    }

    /// The ballots that the rows of a log are: of two items each, tied where neither won. A share of a
    /// comparison is a ballot each way, which count as much as the share. O(rows).
    pub fn from_log(log: &Log) -> Self {
        let mut profile = Self::new(log.items().clone());
        profile.weighted = !log.weights.is_empty();
        for row in log.rows() {
            let count = row.count * row.weight;
            let (left, right) = (row.left, row.right);
            if row.outcome == Outcome::Tie {
                profile.extend(&[left, right], &[0, 0], count);
                continue;
            }
            let share = row.outcome.share();
            for (ranked, share) in [([left, right], share), ([right, left], 1.0 - share)] {
                if share > 0.0 {
                    profile.extend(&ranked, &[0, 1], count * share);
                }
            }
        }
        profile
    }

    /// Each benchmark as a vote on the models, the highest score on top; a model without a score on it
    /// is not ranked. O(cells log models).
    pub fn from_table(table: &ScoreTable, equal: EqualScores) -> Self {
        let mut profile = Self::new(table.models().clone());
        for benchmark in 0..table.benchmarks().len() {
            let scores = table.column(benchmark);
            let mut order: Vec<usize> = (0..scores.len()).filter(|&model| !scores[model].is_nan()).collect();
            // Zeros of either sign are equal.
            order.sort_by(|&a, &b| (scores[b] + 0.0).total_cmp(&(scores[a] + 0.0)));
            let mut level = 0;
            let mut levels: Vec<u32> = Vec::with_capacity(order.len());
            for (place, &model) in order.iter().enumerate() {
                let below = place > 0 && (equal == EqualScores::TableOrder || scores[model] < scores[order[place - 1]]);
                level += u32::from(below);
                levels.push(level);
            }
            let ranked: Vec<ItemId> = order.into_iter().map(|model| ItemId(model as u32)).collect();
            profile.extend(&ranked, &levels, 1.0);
        }
        profile
    }

    /// Adds a ballot that is known to be one.
    pub(crate) fn extend(&mut self, ranked: &[ItemId], levels: &[u32], count: f64) {
        self.ranked.extend_from_slice(ranked);
        self.levels.extend_from_slice(levels);
        self.close(count);
    }

    /// The items, in first-seen order; some may stand on no ballot.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// The number of different entries, each of which may be many voters' ballot.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is no ballot.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The number of voters: the sum of the ballots' counts.
    pub fn voters(&self) -> f64 {
        self.voters
    }

    /// Ballot `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such ballot.
    pub fn ballot(&self, index: usize) -> Ballot<'_> {
        let places = self.starts[index]..self.starts[index + 1];
        Ballot { ranked: &self.ranked[places.clone()], levels: &self.levels[places], count: self.counts[index] }
    }

    /// All ballots, in order.
    pub fn ballots(&self) -> impl ExactSizeIterator<Item = Ballot<'_>> {
        (0..self.len()).map(|index| self.ballot(index))
    }

    /// The ballots that other counts leave, without those that count nothing: a resampled copy. O(places left).
    ///
    /// # Panics
    /// If there is not one count a ballot.
    #[must_use]
    pub fn with_counts(&self, counts: &[f64]) -> Self {
        assert_eq!(counts.len(), self.len(), "one count a ballot");
        let mut left = Self::new(self.items.clone());
        for (ballot, &count) in self.ballots().zip(counts).filter(|(_, count)| **count > 0.0) {
            left.extend(ballot.ranked, ballot.levels, count);
        }
        left.weighted = self.weighted;
        left
    }

    /// For each entry how many ballots it is: those of its voters, or one where counts are weights. None of an entry
    /// that ranks fewer than `least` items: one item is a vote, and two are a comparison.
    pub(crate) fn sizes(&self, least: usize) -> Vec<f64> {
        let size = |ballot: Ballot<'_>| match (ballot.ranked.len() >= least && ballot.count > 0.0, self.weighted) {
            (false, _) => 0.0,
            (true, true) => 1.0,
            (true, false) => ballot.count,
        };
        self.ballots().map(size).collect()
    }

    /// What each of the [ballots](Self::sizes) of an entry counts.
    pub(crate) fn unit(&self, entry: usize) -> f64 {
        if self.weighted { self.counts[entry] } else { 1.0 }
    }

    /// The profile in which the items that a ballot leaves out are tied below all that it ranks.
    /// O(ballots × items).
    #[must_use]
    pub fn with_unranked_last(&self) -> Self {
        let mut complete = Self { weighted: self.weighted, ..Self::new(self.items.clone()) };
        let (mut ranked, mut levels, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for ballot in self.ballots() {
            ranked.clear();
            levels.clear();
            seen.clear();
            seen.resize(self.items.len(), false);
            ranked.extend_from_slice(ballot.ranked);
            levels.extend_from_slice(ballot.levels);
            for item in ballot.ranked {
                seen[item.index()] = true;
            }
            let below = ballot.levels.last().map_or(0, |level| level + 1);
            ranked.extend((0..self.items.len()).filter(|&item| !seen[item]).map(|item| ItemId(item as u32)));
            levels.resize(ranked.len(), below);
            complete.extend(&ranked, &levels, ballot.count);
        }
        complete
    }

    /// The comparisons that the ballots are: one for each two items that a ballot ranks, a tie where it
    /// ties them. O(places²) a ballot.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::new(self.items.clone());
        for ballot in self.ballots() {
            ballot.comparisons().for_each(|row| tally.add(Comparison { count: ballot.count, ..row }));
        }
        tally
    }

    /// The same comparisons row by row, with the label column [`Profile::BALLOT`]: each voter's rows
    /// together. Where voters can't be [told apart](Self::has_few_voters), a row counts all those of an
    /// entry, which are one ballot then. O(rows).
    pub fn to_log(&self) -> Log {
        let by_voter = self.has_few_voters();
        let (mut log, mut labels, mut voter) = (Log::new(self.items.clone()), Vec::new(), 0_u64);
        for ballot in self.ballots() {
            let (copies, count) = if by_voter { (ballot.count as u64, 1.0) } else { (1, ballot.count) };
            if ballot.ranked.len() < 2 {
                voter += copies;
                continue;
            }
            for _ in 0..copies {
                voter += 1;
                ballot.comparisons().for_each(|row| log.push(Comparison { count, ..row }));
                labels.resize(log.len(), voter.to_string());
            }
        }
        log.add_labels(Self::BALLOT, labels);
        log
    }

    /// Whether counts are voters who make no more than 2²⁴ comparisons, so that [`to_log`](Self::to_log)
    /// has rows for each of them. O(ballots).
    pub fn has_few_voters(&self) -> bool {
        const MOST_ROWS: f64 = 16_777_216.0;
        let pairs = |ranked: usize| ranked * ranked.saturating_sub(1) / 2;
        let rows: f64 = self.ballots().map(|ballot| ballot.count * pairs(ballot.ranked.len()) as f64).sum();
        rows <= MOST_ROWS && !self.weighted
    }

    /// The graph of the pair counts. O(places²) a ballot.
    pub fn graph(&self) -> PreferenceGraph {
        PreferenceGraph::from_tally(self.tally())
    }
}

impl<'a> Ballot<'a> {
    /// The comparison of each two items that it ranks, once.
    pub fn comparisons(&self) -> impl Iterator<Item = Comparison> + use<'a> {
        let Self { ranked, levels, .. } = *self;
        let outcome = move |above: usize, below: usize| {
            if levels[above] < levels[below] { Outcome::Left } else { Outcome::Tie }
        };
        let row =
            move |above: usize, below: usize| Comparison::new(ranked[above], ranked[below], outcome(above, below));
        (0..ranked.len()).flat_map(move |above| (above + 1..ranked.len()).map(move |below| row(above, below)))
    }

    /// The groups of tied items, from the top down.
    pub fn groups(&self) -> impl Iterator<Item = &'a [ItemId]> + use<'a> {
        let ranked = self.ranked;
        let mut start = 0;
        self.levels.chunk_by(|a, b| a == b).map(move |group| {
            start += group.len();
            &ranked[start - group.len()..start]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<const N: usize>(ids: [u32; N]) -> [ItemId; N] {
        ids.map(ItemId)
    }

    fn profile() -> Profile {
        let mut profile = Profile::new(["a", "b", "c", "d"].into_iter().collect());
        profile.push(&[&ids([0])[..], &ids([2, 1])], 2.0).unwrap();
        profile.push(&[ids([3])], 1.0).unwrap();
        profile
    }

    #[test]
    fn unranked_items_carry_no_information() {
        let sums = profile().graph();
        let pairs: Vec<[u32; 2]> = sums.pairs().iter().map(|pair| [pair.low.0, pair.high.0]).collect();
        assert_eq!(pairs, [[0, 1], [0, 2], [1, 2]]);
        assert_eq!((sums.pair_sums().low_wins, sums.pair_sums().ties), (vec![2.0, 2.0, 0.0], vec![0.0, 0.0, 2.0]));
    }

    #[test]
    fn voters_ballots_are_told_apart_in_a_log() {
        let mut profile = profile();
        let (log, pairs) = (profile.to_log(), profile.graph());
        assert_eq!(PreferenceGraph::from_log(&log).pair_sums(), pairs.pair_sums());
        let voters: f64 = profile.ballots().filter(|it| it.ranked.len() > 1).map(|it| it.count).sum();
        let ballots = |log: &Log| log.labels(Profile::BALLOT).unwrap().names.len();
        assert_eq!(ballots(&log), voters as usize);
        profile.push(&[ids([0]), ids([1])], 0.5).unwrap();
        let log = profile.to_log();
        assert_eq!(PreferenceGraph::from_log(&log).pair_sums(), profile.graph().pair_sums());
        assert!(ballots(&log) <= profile.len());
    }

    #[test]
    fn voters_of_one_item_make_no_rows() {
        let mut profile = Profile::new(["a", "b"].into_iter().collect());
        profile.push(&[ids([0])], 4_294_967_296.0).unwrap();
        profile.push(&[ids([0]), ids([1])], 3.0).unwrap();
        let log = profile.to_log();
        assert_eq!((log.len(), log.labels(Profile::BALLOT).unwrap().names.len()), (3, 3));
    }

    #[test]
    fn no_more_voters_are_taken_than_can_be_counted() {
        let mut profile = Profile::new(["a", "b"].into_iter().collect());
        let most = 2.0_f64.powi(53);
        assert!(matches!(profile.push(&[ids([0])], 1e308), Err(BallotError::Count { .. })));
        profile.push(&[ids([0]), ids([1])], most - 1.0).unwrap();
        assert!(matches!(profile.push(&[ids([1])], 2.0), Err(BallotError::TooManyVoters { .. })));
        assert_eq!((profile.len(), profile.voters(), profile.is_weighted()), (1, most - 1.0, false));
        profile.push(&[ids([1])], 0.5).unwrap();
        assert!(profile.is_weighted());
    }

    #[test]
    fn other_counts_leave_out_what_counts_nothing() {
        let left = profile().with_counts(&[0.0, 3.0]);
        assert_eq!((left.len(), left.voters(), left.ballot(0).ranked), (1, 3.0, &ids([3])[..]));
        assert_eq!((profile().sizes(2), profile().sizes(1)), (vec![2.0, 0.0], vec![2.0, 1.0]));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn unranked_items_can_be_tied_below_the_others() {
        let complete = profile().with_unranked_last();
        let groups: Vec<Vec<ItemId>> = complete.ballot(1).groups().map(<[ItemId]>::to_vec).collect();
        assert_eq!(groups, [ids([3]).to_vec(), ids([0, 1, 2]).to_vec()]);
        assert_eq!(complete.ballot(0).groups().count(), 3);
        assert_eq!(complete.graph().comparisons(), 18.0);
    }

    #[test]
    fn what_is_no_ballot_changes_nothing() {
        let mut profile = profile();
        let twice = profile.push(&[&ids([0])[..], &ids([1, 0])], 1.0).unwrap_err();
        assert_eq!(twice.to_string(), "\"a\" is ranked twice; rank each item once, or leave it out");
        assert!(matches!(profile.push(&[ids([9])], 1.0), Err(BallotError::UnknownItem { id: 9, items: 4 })));
        assert!(matches!(profile.push(&[ids([1])], f64::NAN), Err(BallotError::Count { .. })));
        assert_eq!((profile.len(), profile.voters()), (2, 3.0));
        profile.push(&[ids([1]), ids([2])], 1.0).unwrap();
        assert_eq!(profile.ballot(2).levels, [0, 1]);
    }

    #[test]
    fn a_benchmark_is_a_vote() {
        let (models, benchmarks) = (["a", "b", "c"].into_iter().collect(), ["x", "y"].into_iter().collect());
        let table = ScoreTable::new(models, benchmarks, vec![1.0, 2.0, 1.0, f64::NAN, 0.0, 5.0]).unwrap();
        let tied = Profile::from_table(&table, EqualScores::Tied);
        assert_eq!((tied.ballot(0).ranked, tied.ballot(0).levels), (&ids([1, 0, 2])[..], &[0, 1, 1][..]));
        assert_eq!(tied.ballot(1).ranked, ids([2, 1]));
        let strict = Profile::from_table(&table, EqualScores::TableOrder);
        assert_eq!(strict.ballot(0).levels, [0, 1, 2]);
        let (models, benchmarks) = (["a", "b"].into_iter().collect(), ["x"].into_iter().collect());
        let zeros = ScoreTable::new(models, benchmarks, vec![-0.0, 0.0]).unwrap();
        assert_eq!(Profile::from_table(&zeros, EqualScores::TableOrder).ballot(0).ranked, ids([0, 1]));
    }

    #[test]
    fn a_comparison_is_a_ballot_of_two() {
        let mut log = Log::new(["a", "b"].into_iter().collect());
        for outcome in [Outcome::Left, Outcome::Tie, Outcome::Right, Outcome::Share(0.25)] {
            log.push(Comparison::new(ItemId(0), ItemId(1), outcome));
        }
        let profile = Profile::from_log(&log);
        assert_eq!((profile.len(), profile.voters()), (5, 4.0));
        let (votes, rows) = (profile.graph().pair_sums(), PreferenceGraph::from_log(&log).pair_sums());
        assert_eq!((votes.low_wins, votes.ties), (rows.low_wins, rows.ties));
    }
}
