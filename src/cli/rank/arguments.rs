//! The arguments of `palio rank`, and what they mean together.

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use palio::data::filter::BoardRows;
use palio::leaderboard::published::date;
use palio::leaderboard::{Scale, ScaleKind};
use palio::models::{RaterEntry, Units};

use super::ballots::BallotArgs;
use super::covariates::CovariateArgs;
use super::known::Anchor;
use crate::cli::filters;
use crate::cli::input::InputArgs;
use crate::cli::rating::RatingArgs;

/// Rate the items of a log or a profile of ballots and rank them, with intervals
#[derive(Debug, clap::Args)]
pub(crate) struct RankArgs {
    #[command(flatten)]
    pub(super) rating: RatingArgs,

    /// What rank intervals claim [default: simultaneous, above 500 items overlap]
    #[arg(long, value_name = "RULE")]
    pub(super) rank_interval: Option<RankRuleArg>,

    /// Scale of log-odds ratings [default: elo]
    #[arg(long, value_name = "SCALE")]
    pub(super) scale: Option<ScaleArg>,

    /// What the mean rating is shown as [default: 1000 on elo, 0 on log-odds]
    #[arg(long, value_name = "RATING", allow_negative_numbers = true)]
    pub(super) center: Option<f64>,

    /// An item whose rating is this number, in place of a centre; may be given several times. With ±SD (or +-SD) it
    /// is known so far only: a normal prior
    #[arg(long, value_name = "ITEM=RATING[±SD]", conflicts_with = "center", value_parser = Anchor::parse)]
    pub(super) anchor: Vec<Anchor>,

    /// Place new items on this board (JSON of rank, or CSV), on which all ratings stay as they are
    #[arg(long, value_name = "BOARD", conflicts_with = "center")]
    pub(super) fixed: Option<PathBuf>,

    /// Ratings and errors of this board as normal priors of its items
    #[arg(long, value_name = "BOARD", conflicts_with = "center")]
    pub(super) priors: Option<PathBuf>,

    /// Tell what moved since this board (JSON of rank, or CSV), and whether beyond what chance allows
    #[arg(long, value_name = "BOARD")]
    pub(super) previous: Option<PathBuf>,

    /// Hide the items named in this file, one a line, after the fit
    #[arg(long, value_name = "FILE")]
    pub(super) hide: Option<PathBuf>,

    /// Show items by other names: a file with two names a line, the log's and the one shown, and a comma between
    #[arg(long, value_name = "FILE")]
    pub(super) rename: Option<PathBuf>,

    /// Columns of CSV and JSON lines: palio's, or those of the public leaderboards
    #[arg(long, value_name = "COLUMNS", default_value = "palio")]
    pub(super) columns: ColumnsArg,

    /// The day for the column leaderboard_publish_date of --columns arena
    #[arg(long, value_name = "DATE", default_value = "")]
    pub(super) publish_date: String,

    /// The item that --scale win-rate is against [default: the mean item]
    #[arg(long, value_name = "ITEM")]
    pub(super) baseline: Option<String>,

    /// One leaderboard for each value of this column
    #[arg(long, value_name = "COLUMN")]
    pub(super) by: Option<String>,

    /// A leaderboard of the rows for which EXPR holds (written as in --where); may be given several times. Boards may
    /// overlap, and all are made in one pass over the log; 'all=true' is one of all rows
    #[arg(long, value_name = "NAME=EXPR", value_parser = filters::board, conflicts_with = "by")]
    pub(super) board: Vec<BoardRows>,

    /// Hide items with fewer comparisons, after the fit
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    pub(super) min_comparisons: f64,

    #[command(flatten)]
    pub(super) covariates: CovariateArgs,

    #[command(flatten)]
    pub(super) input: InputArgs,

    #[command(flatten)]
    pub(super) ballots: BallotArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColumnsArg {
    /// All that palio knows of an item
    Palio,
    /// model_name, rating, rating_lower, rating_upper, variance, vote_count, rank, category, leaderboard_publish_date
    Arena,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RankRuleArg {
    /// All rank intervals hold together at the level
    Simultaneous,
    /// From intervals that don't overlap, as arenas do
    Overlap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ScaleArg {
    /// Elo points
    Elo,
    /// Natural log-odds
    LogOdds,
    /// Fitted win rate against the baseline
    WinRate,
}

pub(super) fn check_numbers(args: &RankArgs) -> anyhow::Result<()> {
    if let Some(center) = args.center.filter(|center| !center.is_finite()) {
        bail!("--center {center}: give a finite number");
    }
    for (place, anchor) in args.anchor.iter().enumerate() {
        if args.anchor[..place].iter().any(|other| other.item == anchor.item) {
            bail!("--anchor {}: two ratings for one item; give one", anchor.item);
        }
    }
    if !args.publish_date.is_empty() && (args.publish_date.len() != 10 || date(&args.publish_date).is_none()) {
        bail!("--publish-date {}: this is no day; write it like 2024-03-29", args.publish_date);
    }
    if !(args.min_comparisons >= 0.0 && args.min_comparisons.is_finite()) {
        bail!("--min-comparisons {}: give a number of 0 or more", args.min_comparisons);
    }
    Ok(())
}

pub(super) fn scale(args: &RankArgs, entry: &RaterEntry) -> anyhow::Result<Scale> {
    let asked = args.scale.is_some() || args.center.is_some() || !args.anchor.is_empty() || args.baseline.is_some();
    if asked && entry.units != Units::LogOdds {
        bail!(
            "{} has units of its own: --scale, --center, --anchor and --baseline go with log-odds raters",
            entry.name
        );
    }
    let kind = match args.scale {
        Some(ScaleArg::Elo) | None => ScaleKind::Elo,
        Some(ScaleArg::LogOdds) => ScaleKind::LogOdds,
        Some(ScaleArg::WinRate) => ScaleKind::WinRate,
    };
    if args.baseline.is_some() && kind != ScaleKind::WinRate {
        bail!("--baseline goes with --scale win-rate; on the other scales use --anchor ITEM=RATING");
    }
    if kind == ScaleKind::WinRate && (args.center.is_some() || !args.anchor.is_empty()) {
        bail!("--center and --anchor don't go with --scale win-rate; use --baseline ITEM");
    }
    // One anchor says where the numbers lie and nothing of the items; more of them, or one with a deviation, do.
    let known = args.fixed.is_some() || args.priors.is_some();
    let anchor = match args.anchor.as_slice() {
        [Anchor { item, rating, deviation: None }] if !known => Some((item.clone(), *rating)),
        _ => None,
    };
    Ok(Scale { kind, centre: args.center, anchor, baseline: args.baseline.clone() })
}
