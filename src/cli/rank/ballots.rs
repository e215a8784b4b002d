//! Profiles as the input of `palio rank`: what holds ballots, and how they are read.

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use palio::data::profile::{EqualScores, Profile};
use palio::data::read::{BallotColumns, Input, TableOptions, read_ballots, read_table};
use serde::Serialize;

use crate::cli::input::hold_ballots;

/// Ballots and how to read them.
#[derive(Debug, Clone, Serialize, clap::Args)]
#[command(next_help_heading = "Reading ballots")]
pub(crate) struct BallotArgs {
    /// What the inputs hold [default: ballots where one is PrefLib's .soc .soi .toc or .toi, else comparisons]
    #[arg(long = "as", value_name = "KIND")]
    #[serde(rename = "as")]
    kind: Option<InputKind>,
    /// What it means that a ballot leaves an item out
    #[arg(long, value_name = "RULE", default_value = "unknown")]
    unranked: UnrankedArg,
    /// What equal scores mean where each benchmark is a ballot
    #[arg(long, value_name = "RULE", default_value = "tied")]
    equal_scores: EqualScoresArg,
    /// Column of whole rankings such as a > b = c, one ballot a row [default: ranking or order]
    #[arg(long, value_name = "COLUMN")]
    ranking: Option<String>,
    /// Column of how many voters cast a ballot [default: count, votes or weight]
    #[arg(long, value_name = "COLUMN")]
    count: Option<String>,
    /// Column of the voter, where each row is a place on a ballot [default: ballot, voter, voter_id or judge]
    #[arg(long, value_name = "COLUMN")]
    voter: Option<String>,
    /// Column of the item there [default: item, model, candidate, alternative or name]
    #[arg(long, value_name = "COLUMN")]
    item: Option<String>,
    /// Column of its rank there, 1 being the best [default: rank, position or place]
    #[arg(long, value_name = "COLUMN")]
    rank: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum InputKind {
    /// Comparisons of two items
    Comparisons,
    /// Rankings of items
    Ballots,
    /// Scores of models on benchmarks, each benchmark a ballot
    Scores,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum UnrankedArg {
    /// Nothing is known of it
    Unknown,
    /// It is below all that are ranked
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum EqualScoresArg {
    /// The models are tied
    Tied,
    /// The model that the table names first is above
    TableOrder,
}

impl BallotArgs {
    /// Whether the inputs are to be read as ballots.
    pub(super) fn are_given(&self, inputs: &[PathBuf]) -> bool {
        match self.kind {
            Some(kind) => kind != InputKind::Comparisons,
            None => hold_ballots(inputs),
        }
    }

    /// Refuses options that say how ballots are read where there are none.
    pub(super) fn refuse(&self) -> anyhow::Result<()> {
        let last = (self.unranked == UnrankedArg::Last).then_some("--unranked");
        let order = (self.equal_scores == EqualScoresArg::TableOrder).then_some("--equal-scores");
        match self.named_column().or(last).or(order) {
            Some(option) => bail!("{option} is for ballots; say --as ballots (or scores) where the input holds them"),
            None => Ok(()),
        }
    }

    /// An option that names a column of ballots, if one was given.
    fn named_column(&self) -> Option<&'static str> {
        let columns = [&self.ranking, &self.count, &self.voter, &self.item, &self.rank];
        let names = ["--ranking", "--count", "--voter", "--item", "--rank"];
        columns.iter().zip(names).find(|(column, _)| column.is_some()).map(|(_, name)| name)
    }

    /// Reads the ballots.
    pub(super) fn read(&self, inputs: &[PathBuf]) -> anyhow::Result<(Profile, Vec<Input>)> {
        let (profile, inputs) = if self.kind == Some(InputKind::Scores) {
            if let Some(option) = self.named_column() {
                bail!("{option} is for rankings, and --as scores reads a table of scores; leave it out");
            }
            let reading = read_table(inputs, &TableOptions::default())?;
            let equal = match self.equal_scores {
                EqualScoresArg::Tied => EqualScores::Tied,
                EqualScoresArg::TableOrder => EqualScores::TableOrder,
            };
            (Profile::from_table(&reading.table, equal), reading.inputs)
        } else {
            if self.equal_scores == EqualScoresArg::TableOrder {
                bail!("--equal-scores is for tables of scores; say --as scores where the input is one");
            }
            let reading = read_ballots(inputs, &self.columns())?;
            (reading.profile, reading.inputs)
        };
        Ok(match self.unranked {
            UnrankedArg::Unknown => (profile, inputs),
            UnrankedArg::Last => (profile.with_unranked_last(), inputs),
        })
    }

    fn columns(&self) -> BallotColumns {
        BallotColumns {
            ranking: self.ranking.clone(),
            count: self.count.clone(),
            voter: self.voter.clone(),
            item: self.item.clone(),
            rank: self.rank.clone(),
        }
    }
}
