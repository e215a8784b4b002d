//! `palio methods`: what the registry has.

use std::fmt::Write as _;

use palio::models::{Mirror, Needs, RATERS, RaterEntry, Units};
use palio::report::Report;
use serde::Serialize;

use super::output::{Format, Output};
use super::{Ended, Global};

/// List the raters with their settings, defaults and laws
#[derive(Debug, clap::Args)]
pub(crate) struct MethodsArgs {
    /// Only this method
    method: Option<String>,
}

#[derive(Serialize)]
struct Methods {
    raters: Vec<RaterEntry>,
}

/// Writes the list.
pub(super) fn run(args: &MethodsArgs, global: &Global) -> anyhow::Result<Ended> {
    let raters: Vec<RaterEntry> = match &args.method {
        None => RATERS.to_vec(),
        Some(name) => vec![*super::rank::find_rater(name)?],
    };
    let bytes = match Format::of(global, Format::Table)? {
        Format::Table => text(&raters).into_bytes(),
        Format::Json => {
            let nothing: [(); 0] = [];
            Report::new("methods", serde_json::json!({}), nothing, &[], Methods { raters }).to_json()?
        }
        _ => anyhow::bail!("methods are written as table or json"),
    };
    Output::open(global)?.write(&bytes)?;
    Ok(Ended::Well)
}

fn text(raters: &[RaterEntry]) -> String {
    let mut text = String::from("RATERS (palio rank --method NAME --set SETTING=VALUE)\n");
    for rater in raters {
        let _ = write!(text, "\n{}\n  {}\n", rater.name, rater.summary);
        let _ = writeln!(
            text,
            "  gives {}; reads {}; intervals: {}",
            units(rater.units),
            needs(rater.needs),
            intervals(rater)
        );
        let _ = writeln!(text, "  laws: {}", laws(rater).join(", "));
        for setting in rater.settings {
            let _ = writeln!(text, "    {:<14} {:<12} {}", setting.name, setting.default, setting.summary);
        }
    }
    text
}

fn units(units: Units) -> &'static str {
    match units {
        Units::LogOdds => "log-odds (--scale elo, log-odds or win-rate)",
        Units::Points => "Elo points",
        Units::Share => "a share",
        Units::Count => "a number of comparisons",
        Units::Weight => "a weight",
    }
}

fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Counts => "pair counts",
        Needs::Rows => "rows in order",
    }
}

fn intervals(rater: &RaterEntry) -> &'static str {
    if rater.has_covariance { "sandwich, fisher, bootstrap" } else { "bootstrap" }
}

fn laws(rater: &RaterEntry) -> Vec<&'static str> {
    let mut laws = vec!["names and threads don't matter"];
    if rater.laws.mirror == Mirror::Reflects {
        laws.push("exchanging winners and losers reflects the ratings");
    }
    if rater.laws.doubling_changes_nothing {
        laws.push("counting all twice changes nothing");
    }
    if rater.laws.dominated_ranks_last {
        laws.push("who lost to everyone ranks last");
    }
    laws
}
