//! `palio methods`: what the registry has.

use std::fmt::Write as _;

use palio::advantages::{AGGREGATIONS, AggregationEntry, PRESETS, PresetEntry, REWARDS, RewardEntry};
use palio::data::read::Dialect;
use palio::models::{Mirror, Needs, RATERS, RaterEntry, Setting, Units};
use palio::report::Report;
use palio::simulation::budget::{RANKERS, RankerEntry, WORLDS, WorldEntry};
use palio::simulation::samplers::{Chooses, SAMPLERS, SamplerEntry};
use palio::tournaments::{TOPOLOGIES, TopologyEntry};
use serde::Serialize;

use super::output::{Format, Output};
use super::{Ended, Global};

/// List raters, topologies, aggregations, rewards, presets, samplers, worlds and dialects with their settings, defaults and laws
#[derive(Debug, clap::Args)]
pub(crate) struct MethodsArgs {
    /// Only the methods of this name
    method: Option<String>,
}

#[derive(Serialize)]
struct Methods {
    raters: Vec<RaterEntry>,
    topologies: Vec<TopologyEntry>,
    aggregations: Vec<AggregationEntry>,
    rewards: Vec<RewardEntry>,
    presets: Vec<PresetEntry>,
    samplers: Vec<SamplerEntry>,
    worlds: Vec<WorldEntry>,
    rankers: Vec<RankerEntry>,
    dialects: Vec<DialectEntry>,
}

/// A kind of published file.
#[derive(Clone, Serialize)]
struct DialectEntry {
    name: &'static str,
    summary: &'static str,
}

/// Writes the list.
pub(super) fn run(args: &MethodsArgs, global: &Global) -> anyhow::Result<Ended> {
    let methods = Methods::called(args.method.as_deref())?;
    let bytes = match Format::of(global, Format::Table)? {
        Format::Table => text(&methods).into_bytes(),
        Format::Json => {
            let nothing: [(); 0] = [];
            Report::new("methods", serde_json::json!({}), nothing, &[], methods).to_json()?
        }
        _ => anyhow::bail!("methods are written as table or json"),
    };
    Output::open(global)?.write(&bytes)?;
    Ok(Ended::Well)
}

impl Methods {
    /// All of this name, or all.
    fn called(name: Option<&str>) -> anyhow::Result<Self> {
        fn kept<T: Clone>(entries: &[T], name: Option<&str>, of: impl Fn(&T) -> &'static str) -> Vec<T> {
            entries.iter().filter(|entry| name.is_none_or(|name| of(entry) == name)).cloned().collect()
        }
        let dialects = Dialect::ALL.map(|it| DialectEntry { name: it.name(), summary: it.about() });
        let found = Self {
            raters: kept(RATERS, name, |it| it.name),
            topologies: kept(TOPOLOGIES, name, |it| it.name),
            aggregations: kept(AGGREGATIONS, name, |it| it.name),
            rewards: kept(REWARDS, name, |it| it.name),
            presets: kept(PRESETS, name, |it| it.name),
            samplers: kept(SAMPLERS, name, |it| it.name),
            worlds: kept(WORLDS, name, |it| it.name),
            rankers: kept(RANKERS, name, |it| it.name),
            dialects: kept(&dialects, name, |it| it.name),
        };
        if let Some(name) = name.filter(|_| found.names().is_empty()) {
            let known = Self::called(None)?.names().join(", ");
            anyhow::bail!("no method is called '{name}'; there are: {known}");
        }
        Ok(found)
    }

    fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.raters.iter().map(|it| it.name).collect();
        names.extend(self.topologies.iter().map(|it| it.name));
        names.extend(self.aggregations.iter().map(|it| it.name));
        names.extend(self.rewards.iter().map(|it| it.name));
        names.extend(self.presets.iter().map(|it| it.name));
        names.extend(self.samplers.iter().map(|it| it.name));
        names.extend(self.worlds.iter().map(|it| it.name));
        names.extend(self.rankers.iter().map(|it| it.name));
        names.extend(self.dialects.iter().map(|it| it.name));
        // A rater, a sampler and a world may share a name.
        let is_first = |&at: &usize| !names[..at].contains(&names[at]);
        (0..names.len()).filter(is_first).map(|at| names[at]).collect()
    }
}

fn text(methods: &Methods) -> String {
    let mut text = String::new();
    let mut section = |title: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = write!(text, "{gap}{title}\n{}", entries.concat());
        }
    };
    section("RATERS (palio rank --method NAME --set SETTING=VALUE)", each(&methods.raters, rater));
    section("TOPOLOGIES (palio tournament --topology NAME --set SETTING=VALUE)", each(&methods.topologies, topology));
    section("AGGREGATIONS (palio advantage or tournament, --aggregate NAME)", each(&methods.aggregations, aggregation));
    section(
        "REWARDS (palio advantage or tournament, --reward NAME --set SETTING=VALUE)",
        each(&methods.rewards, reward),
    );
    section("PRESETS (palio advantage or tournament, --preset NAME)", each(&methods.presets, preset));
    section(
        "SAMPLERS (palio budget --samplers or next --sampler, NAME:SETTING=VALUE)",
        each(&methods.samplers, sampler),
    );
    section("WORLDS (palio budget --worlds NAME:SETTING=VALUE,…)", each(&methods.worlds, world));
    section("RANKERS (palio budget --rankers NAME:SETTING=VALUE,…, beside all raters)", each(&methods.rankers, ranker));
    section("DIALECTS (logs of comparisons, --from NAME)", each(&methods.dialects, dialect));
    text
}

fn each<T>(entries: &[T], written: impl Fn(&T) -> String) -> Vec<String> {
    entries.iter().map(written).collect()
}

fn rater(rater: &RaterEntry) -> String {
    format!(
        "\n{}\n  {}\n  gives {}; reads {}; intervals: {}\n  laws: {}\n{}",
        rater.name,
        rater.summary,
        units(rater.units),
        needs(rater.needs),
        intervals(rater),
        laws(rater).join(", "),
        settings(rater.settings)
    )
}

fn topology(topology: &TopologyEntry) -> String {
    let TopologyEntry { name, summary, size_in_words, aggregation, .. } = topology;
    let settings = settings(topology.settings);
    format!("\n{name}\n  {summary}\n  {size_in_words}\n  its own aggregation: {aggregation}\n{settings}")
}

fn aggregation(aggregation: &AggregationEntry) -> String {
    format!("  {:<16} {} ({})\n", aggregation.name, aggregation.summary, aggregation.units)
}

fn reward(reward: &RewardEntry) -> String {
    let columns: Vec<&str> = reward.needs.iter().map(|column| column.option()).collect();
    let needs = if columns.is_empty() { String::new() } else { format!("; needs {}", columns.join(", ")) };
    format!("\n{}\n  {}{needs}\n{}", reward.name, reward.summary, settings(reward.settings))
}

fn preset(preset: &PresetEntry) -> String {
    format!("  {:<16} {}\n  {:<16}   from {}\n", preset.name, preset.summary, "", preset.source)
}

fn sampler(sampler: &SamplerEntry) -> String {
    let chooses = match sampler.chooses {
        Chooses::Nothing => "",
        Chooses::Pairs => "\n  chooses the pair",
        Chooses::Tasks => "\n  chooses the task",
    };
    format!("\n{}\n  {}{chooses}\n{}", sampler.name, sampler.summary, settings(sampler.settings))
}

fn world(world: &WorldEntry) -> String {
    format!("\n{}\n  {}\n{}", world.name, world.summary, settings(world.settings))
}

fn ranker(ranker: &RankerEntry) -> String {
    format!("\n{}\n  {}\n{}", ranker.name, ranker.summary, settings(ranker.settings))
}

fn dialect(dialect: &DialectEntry) -> String {
    format!("  {:<16} {}\n", dialect.name, dialect.summary)
}

fn settings(settings: &[Setting]) -> String {
    let line = |it: &Setting| format!("    {:<14} {:<12} {}\n", it.name, it.default, it.summary);
    settings.iter().map(line).collect()
}

fn units(units: Units) -> &'static str {
    match units {
        Units::LogOdds => "log-odds (--scale elo, log-odds or win-rate)",
        Units::Points => "Elo points",
        Units::Share => "a share",
        Units::Count => "a number of comparisons",
        Units::Own => "ratings of its own scale",
        Units::Items => "a number of items",
        Units::Votes => "a weight of votes",
        Units::Weight => "a weight",
        Units::Probability => "a probability; all sum to 1",
        Units::Payoff => "a payoff, at most 0",
    }
}

fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Counts => "pair counts",
        Needs::Rows => "rows in order",
        Needs::Ballots => "ballots",
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
