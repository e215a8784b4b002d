//! What rewards are made of: samples with their columns, and the matches of one group.

use serde::Serialize;

use super::aggregate::{Standing, matches};
use super::normalize::Groups;
use super::rewards::RewardError;
use crate::tournaments::{History, Played};

/// A column that a reward may need beside the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// `--length`: how long the sample is.
    Length,
    /// `--logprob`: the mean log-probability of its tokens under the policy that drew it.
    LogProb,
    /// `--reference`: one column or more of what the sample is held against.
    Reference,
    /// `--criteria`: one column or more of further scores.
    Criteria,
}

impl Column {
    /// The option of the command line that names the column.
    pub fn option(self) -> &'static str {
        match self {
            Self::Length => "--length",
            Self::LogProb => "--logprob",
            Self::Reference => "--reference",
            Self::Criteria => "--criteria",
        }
    }
}

/// The columns beside the scores: one value a sample, NaN where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'a> {
    /// The length of each sample, in any unit.
    pub length: Option<&'a [f64]>,
    /// The mean log-probability of each sample's tokens.
    pub logprob: Option<&'a [f64]>,
    /// Columns of references: what they hold is the reward's matter (rewards of other answers to the
    /// same prompt, a true value, lengths, relevances).
    pub reference: &'a [&'a [f64]],
    /// Columns of further scores.
    pub criteria: &'a [&'a [f64]],
}

/// The samples of all groups.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// The group of each.
    pub groups: &'a Groups,
    /// The score of each, higher being better; NaN where there is none.
    pub scores: &'a [f64],
    /// What else is known of them.
    pub columns: Columns<'a>,
}

/// One group whose items met, and the standing that was made of it.
#[derive(Debug, Clone, Copy)]
pub struct Contest<'a> {
    /// The matches.
    pub history: &'a History,
    /// The standing of the items.
    pub standing: &'a Standing,
    /// A number that is the group's own, such as a hash of its name: draws depend on it and a seed.
    pub group: u64,
    /// What else is known of the items.
    pub columns: Columns<'a>,
}

impl<'a> Columns<'a> {
    /// The lengths, which `reward` needs.
    ///
    /// # Errors
    /// If there are none.
    pub fn length(&self, reward: &'static str) -> Result<&'a [f64], RewardError> {
        self.length.ok_or(RewardError::Column { reward, column: Column::Length })
    }

    /// The log-probabilities, which `reward` needs.
    ///
    /// # Errors
    /// If there are none.
    pub fn logprob(&self, reward: &'static str) -> Result<&'a [f64], RewardError> {
        self.logprob.ok_or(RewardError::Column { reward, column: Column::LogProb })
    }

    /// The references, of which `reward` needs one or more.
    ///
    /// # Errors
    /// If there are none.
    pub fn references(&self, reward: &'static str) -> Result<&'a [&'a [f64]], RewardError> {
        if self.reference.is_empty() {
            return Err(RewardError::Column { reward, column: Column::Reference });
        }
        Ok(self.reference)
    }

    /// The criteria, of which `reward` needs one or more.
    ///
    /// # Errors
    /// If there are none.
    pub fn criteria(&self, reward: &'static str) -> Result<&'a [&'a [f64]], RewardError> {
        if self.criteria.is_empty() {
            return Err(RewardError::Column { reward, column: Column::Criteria });
        }
        Ok(self.criteria)
    }

    /// Refuses columns that don't have one value for each of `samples`.
    fn check(&self, samples: usize) -> Result<(), RewardError> {
        let one = |column, values: &[f64]| {
            let found = values.len();
            if found == samples { Ok(()) } else { Err(RewardError::Uneven { column, found, samples }) }
        };
        self.length.map_or(Ok(()), |values| one(Column::Length, values))?;
        self.logprob.map_or(Ok(()), |values| one(Column::LogProb, values))?;
        self.reference.iter().try_for_each(|values| one(Column::Reference, values))?;
        self.criteria.iter().try_for_each(|values| one(Column::Criteria, values))
    }
}

impl<'a> Samples<'a> {
    /// Samples of which nothing is known but their scores.
    pub fn new(groups: &'a Groups, scores: &'a [f64]) -> Self {
        Self { groups, scores, columns: Columns::default() }
    }

    /// The same samples with columns.
    #[must_use]
    pub fn with(self, columns: Columns<'a>) -> Self {
        Self { columns, ..self }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), RewardError> {
        let (samples, ids) = (self.len(), self.groups.ids().len());
        if ids != samples {
            return Err(RewardError::Groups { ids, samples });
        }
        self.columns.check(samples)
    }
}

impl<'a> Contest<'a> {
    /// A group of which nothing is known but its matches.
    pub fn new(history: &'a History, standing: &'a Standing) -> Self {
        Self { history, standing, group: 0, columns: Columns::default() }
    }

    /// The same group with columns: one value an item.
    #[must_use]
    pub fn with(self, columns: Columns<'a>) -> Self {
        Self { columns, ..self }
    }

    /// The same group with its own number.
    #[must_use]
    pub fn numbered(self, group: u64) -> Self {
        Self { group, ..self }
    }

    /// The matches that count.
    pub(super) fn matches(&self) -> impl Iterator<Item = Played> + Clone {
        matches(self.history)
    }

    pub(super) fn check(&self) -> Result<(), RewardError> {
        let (items, places) = (self.history.items(), self.standing.values.len());
        if items != places || items != self.standing.ranks.len() {
            return Err(RewardError::Standing { items, places });
        }
        self.columns.check(items)
    }
}
