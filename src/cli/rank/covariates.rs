//! Covariates of `palio rank`, and weights by pair.

use std::str::FromStr;

use anyhow::{Context, bail};
use palio::data::read::{Comparisons, CovariateColumn, Keep, Reading};
use palio::data::{Log, Outcome};
use palio::leaderboard::{CovariateRow, ELO_PER_LOG_ODDS};
use palio::structure::Note;
use serde_json::{Map, Value, json};

use crate::cli::rating::{IntervalKind, NO_BOOTSTRAP, Rating};
use crate::cli::table::{Column, render, shown_name, trimmed, width};

/// What sways comparisons beside who is compared.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Covariates (of bradley-terry)")]
pub(crate) struct CovariateArgs {
    /// Covariates: NAME=COLUMN, NAME=COLUMN-COLUMN or NAME=some_{a,b}_column, which is the left's minus the right's;
    /// relative(some_{a,b}_column) divides that by their sum. Separated by commas, or given several times. Columns may
    /// be dotted paths; one that holds numbers by name counts as their sum
    #[arg(long, value_name = "NAME=FORMULA")]
    covariates: Vec<String>,

    /// Control for style: relative differences in length, headers, lists and bold type, from the column conv_metadata
    /// that public arenas have. (FastChat adds 1 to the sums it divides by, and palio does not.)
    #[arg(long)]
    style_control: bool,

    /// Fit the advantage of the left side too: of the first position, or of playing at home. The ridge of covariates
    /// (--set covariate_penalty=1) is on it as well
    #[arg(long)]
    side_advantage: bool,

    /// Weigh each comparison of a pair by 1/max(n, MIN), n being how many the pair has [default MIN: 50]
    #[arg(long, value_name = "pair[:MIN]")]
    reweight: Option<Reweight>,
}

/// Weights by which no pair counts for much more than another.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reweight {
    least: f64,
}

/// Below this many comparisons the weights of pairs don't differ.
const LEAST: f64 = 50.0;

impl FromStr for Reweight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, least) = text.split_once(':').map_or((text, None), |(what, least)| (what, Some(least)));
        if what != "pair" {
            return Err(format!("there is no weighting by '{what}'; write pair, or pair:MIN"));
        }
        let least = least.map_or(Ok(LEAST), str::parse).ok().filter(|least| *least >= 1.0 && least.is_finite());
        least.map(|least| Self { least }).ok_or_else(|| "MIN is a number of comparisons, 1 or more".to_owned())
    }
}

impl CovariateArgs {
    /// The settings of the rater that these arguments stand for.
    pub(super) fn settings(&self) -> &'static [(&'static str, &'static str)] {
        if self.side_advantage { &[("side_advantage", "true")] } else { &[] }
    }

    /// The covariates asked for, style first.
    pub(super) fn columns(&self) -> anyhow::Result<Vec<CovariateColumn>> {
        let mut columns = if self.style_control { CovariateColumn::style() } else { Vec::new() };
        for text in &self.covariates {
            columns.extend(CovariateColumn::parse_list(text).with_context(|| format!("--covariates '{text}'"))?);
        }
        for (place, column) in columns.iter().enumerate() {
            let is_side = self.side_advantage && column.name() == "side";
            if is_side || columns[..place].iter().any(|other| other.name() == column.name()) {
                bail!(
                    "two covariates are called '{}'; give one of them another name, as in OTHER=FORMULA",
                    column.name()
                );
            }
        }
        Ok(columns)
    }

    /// An option that was given for what sways comparisons, if one was.
    pub(super) fn of_rows(&self) -> Option<&'static str> {
        let given = [
            ("--covariates", !self.covariates.is_empty()),
            ("--style-control", self.style_control),
            ("--side-advantage", self.side_advantage),
        ];
        given.iter().find(|(_, given)| *given).map(|(option, _)| *option)
    }

    /// An option that was given for what only comparisons have, if one was.
    pub(super) fn of_comparisons(&self) -> Option<&'static str> {
        self.of_rows().or(self.reweight.is_some().then_some("--reweight"))
    }

    /// Refuses what does not go together, before anything is read.
    pub(super) fn check(&self, rating: &Rating<'_>) -> anyhow::Result<()> {
        let of_rows = self.of_rows();
        if let Some(option) = self.of_comparisons().filter(|_| rating.entry.name != "bradley-terry") {
            bail!("{option} goes with --method bradley-terry, not with {}", rating.entry.name);
        }
        if let Some(option) = of_rows.filter(|_| rating.interval == IntervalKind::Bootstrap) {
            bail!("{option} {NO_BOOTSTRAP}");
        }
        if let Some(setting) = rating.idle_setting().filter(|_| of_rows.is_none()) {
            bail!(
                "{setting} is of covariates, and there are none; add --covariates, --style-control or --side-advantage"
            );
        }
        Ok(())
    }

    /// Rows where weights depend on which of them enter the fit, which counts don't tell.
    pub(super) fn keep(&self, needed: Keep) -> Keep {
        if self.reweight.is_some() { Keep::Rows } else { needed }
    }

    /// The log with its rows reweighted, if that was asked for.
    pub(super) fn reweighted(&self, log: Log, rating: &Rating<'_>) -> Log {
        match self.reweight {
            Some(Reweight { least }) if rating.drops_ties() => {
                log.reweighted_by_pair(least, |outcome| outcome != Outcome::Tie)
            }
            Some(Reweight { least }) => log.reweighted_by_pair(least, |_| true),
            None => log,
        }
    }

    /// What becomes of the weights, in words.
    pub(super) fn weights(&self) -> Option<String> {
        self.reweight.map(|Reweight { least }| format!("reweighted by pair (at least {least})"))
    }

    /// What was given, for a report.
    pub(super) fn report(&self) -> anyhow::Result<Map<String, Value>> {
        let mut given = Map::new();
        let columns = self.columns()?;
        if !columns.is_empty() {
            given.insert("covariates".to_owned(), json!(columns));
        }
        if let Some(Reweight { least }) = self.reweight {
            given.insert("reweight".to_owned(), json!({ "by": "pair", "least": least }));
        }
        Ok(given)
    }
}

/// A word on the side of rows that stand for several comparisons.
pub(super) fn side_of_counts(reading: &Reading, rating: &Rating<'_>) -> Option<Note> {
    let Comparisons::Rows(log) = &reading.comparisons else { return None };
    (rating.fits_side() && log.has_counts()).then(|| {
        let message = "rows count several comparisons, so the side whose advantage was fitted is that of the column, whoever \
                       was first in each comparison";
        Note::new("side-of-counts", message)
    })
}

/// Where to find the effects of the covariates, of which rows of items say nothing; `None` where there are none.
pub(super) fn elsewhere(covariates: &[CovariateRow]) -> Option<String> {
    let names: Vec<&str> = covariates.iter().map(|row| row.fitted.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("the effects of {} are in --format json, table and markdown", names.join(", ")))
}

/// The effects of the covariates, for people; nothing where there are none.
pub(super) fn table(covariates: &[CovariateRow]) -> String {
    if covariates.is_empty() {
        return String::new();
    }
    let signed = |value: f64, decimals: usize| format!("{value:+.decimals$}");
    let effect = |row: &CovariateRow| match (row.fitted.coefficient, row.low.zip(row.high)) {
        (None, _) => "left out".to_owned(),
        (Some(middle), Some((low, high))) => format!("{} ±{:.4}", signed(middle, 4), (high - low) / 2.0),
        // What only a ridge holds up stands in brackets.
        (Some(middle), None) if !row.fitted.identified => format!("({})", signed(middle, 4)),
        (Some(middle), None) => signed(middle, 4),
    };
    let elo =
        |row: &CovariateRow| row.fitted.coefficient.map_or_else(String::new, |it| signed(it * ELO_PER_LOG_ODDS, 1));
    let unit = |row: &CovariateRow| {
        let scale = row.fitted.scale;
        let digits = if (0.001..1e6).contains(&scale) { trimmed(scale) } else { format!("{scale:.2e}") };
        if row.fitted.coefficient.is_some() { digits } else { String::new() }
    };
    let columns = [
        Column::new("covariate", false, covariates, |row| shown_name(&row.fitted.name, width())),
        Column::new("log-odds a unit", true, covariates, effect),
        Column::new("Elo", true, covariates, elo),
        Column::new("a unit is", true, covariates, unit),
    ];
    format!("\n{}", render(&columns))
}
