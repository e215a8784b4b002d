//! Whole ballots shared out to folds.

use super::thinning::{HeldCell, shared_out, whole};
use super::{FoldError, FoldSettings};
use crate::data::graph::{CellFinder, CellSum, PreferenceGraph};
use crate::data::profile::Profile;

/// The ballots that each fold holds out.
#[derive(Debug)]
pub(super) struct HeldBallots<'a> {
    profile: &'a Profile,
    /// For each fold how many ballots of which entries, sorted by entry.
    held: Vec<Vec<HeldCell>>,
}

impl<'a> HeldBallots<'a> {
    pub(super) fn drawn(profile: &'a Profile, settings: FoldSettings) -> Result<Self, FoldError> {
        let sizes = whole(profile.sizes(2).into_iter())?;
        Ok(Self { profile, held: shared_out(&sizes, "ballots", settings)? })
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// What the comparisons of the ballots held out add up to, cell by cell.
    pub(super) fn sums(&self, fold: usize, graph: &PreferenceGraph) -> Vec<CellSum> {
        let finder = CellFinder::new(graph);
        let mut sums = vec![CellSum::default(); graph.cells().len()];
        for it in &self.held[fold] {
            let entry = it.cell as usize;
            let sum = CellSum::of(it.count as f64 * self.profile.unit(entry), 1.0);
            for cell in self.profile.ballot(entry).comparisons().filter_map(|row| finder.cell(row)) {
                sums[cell as usize].add(sum);
            }
        }
        sums
    }

    /// The ballots that a fold does not hold out.
    pub(super) fn without(&self, fold: usize) -> Profile {
        let mut left: Vec<f64> = self.profile.ballots().map(|ballot| ballot.count).collect();
        for it in &self.held[fold] {
            let entry = it.cell as usize;
            left[entry] -= it.count as f64 * self.profile.unit(entry);
        }
        self.profile.with_counts(&left)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Folds;
    use super::*;
    use crate::data::ItemId;

    fn profile(unit: f64) -> Profile {
        let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
        for (order, count) in [([0, 1, 2], 30.0), ([2, 0, 1], 17.0), ([1, 2, 0], 5.0)] {
            profile.push(&order.map(|item| [ItemId(item)]), count * unit).unwrap();
        }
        profile.push(&[[ItemId(1)]], 9.0).unwrap();
        profile
    }

    #[test]
    fn each_voters_ballot_is_held_out_once_as_a_whole() {
        let profile = profile(1.0);
        let graph = profile.graph();
        let folds = Folds::of_ballots(&profile, &graph, FoldSettings { folds: 5, ..FoldSettings::default() }).unwrap();
        let mut held = 0.0;
        for (index, fold) in folds.iter().enumerate() {
            let train = folds.train_ballots(index).unwrap();
            assert_eq!(train.graph().pair_sums(), fold.train.pair_sums());
            // Three comparisons a ballot, and 52 ballots that make any.
            let ballots = fold.test.comparisons() / 3.0;
            assert!((10.0..=11.0).contains(&ballots) && ballots.fract() == 0.0, "{ballots}");
            held += ballots;
        }
        assert!((held - 52.0).abs() < 1e-12 && folds.train_rows(0).is_none());
        let too_many = FoldSettings { folds: 53, ..FoldSettings::default() };
        assert!(matches!(
            Folds::of_ballots(&profile, &graph, too_many),
            Err(FoldError::TooMany { what: "ballots", .. })
        ));
    }

    #[test]
    fn a_weighted_entry_is_one_ballot() {
        let profile = profile(0.5);
        let graph = profile.graph();
        let folds = Folds::of_ballots(&profile, &graph, FoldSettings { folds: 3, ..FoldSettings::default() }).unwrap();
        let mut held: Vec<f64> = folds.iter().map(|fold| fold.test.comparisons() / 3.0).collect();
        held.sort_by(f64::total_cmp);
        assert_eq!(held, [2.5, 8.5, 15.0]);
    }
}
