//! The arguments of `palio rank`, and what they mean together.

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::leaderboard::{Scale, ScaleKind};
use palio::models::{RaterEntry, Units};

use super::ballots::BallotArgs;
use super::covariates::CovariateArgs;
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

    /// An item whose rating is shown as this number, in place of a centre
    #[arg(long, value_name = "ITEM=RATING", conflicts_with = "center")]
    pub(super) anchor: Option<String>,

    /// The item that --scale win-rate is against [default: the mean item]
    #[arg(long, value_name = "ITEM")]
    pub(super) baseline: Option<String>,

    /// One leaderboard for each value of this column
    #[arg(long, value_name = "COLUMN")]
    pub(super) by: Option<String>,

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
    if !(args.min_comparisons >= 0.0 && args.min_comparisons.is_finite()) {
        bail!("--min-comparisons {}: give a number of 0 or more", args.min_comparisons);
    }
    Ok(())
}

pub(super) fn scale(args: &RankArgs, entry: &RaterEntry) -> anyhow::Result<Scale> {
    let asked = args.scale.is_some() || args.center.is_some() || args.anchor.is_some() || args.baseline.is_some();
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
    if kind == ScaleKind::WinRate && (args.center.is_some() || args.anchor.is_some()) {
        bail!("--center and --anchor don't go with --scale win-rate; use --baseline ITEM");
    }
    let anchor = args.anchor.as_deref().map(parse_anchor).transpose()?;
    Ok(Scale { kind, centre: args.center, anchor, baseline: args.baseline.clone() })
}

fn parse_anchor(text: &str) -> anyhow::Result<(String, f64)> {
    let (item, rating) =
        text.rsplit_once('=').with_context(|| format!("--anchor '{text}' is not of the form ITEM=RATING"))?;
    let rating: f64 = rating
        .parse()
        .ok()
        .filter(|rating: &f64| rating.is_finite())
        .with_context(|| format!("--anchor '{text}': '{rating}' is not a number"))?;
    Ok((item.to_owned(), rating))
}
