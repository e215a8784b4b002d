//! `palio merge`: parts of a simulation into its result.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use palio::report::SCHEMA;
use palio::simulation::swiss_rounds::{Part, SwissStandings};
use palio::structure::Note;
use serde::Deserialize;
use serde_json::Value;

use super::output::{Format, Output};
use super::swiss::Told;
use super::{Ended, Global};

/// Put the parts of a simulation together that --partial wrote; the result is that of one run
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// Parts, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
}

/// A part as it lies in its file.
#[derive(Debug, Deserialize)]
struct PartFile {
    schema: u32,
    command: String,
    version: String,
    settings: Value,
    input: Value,
    warnings: Vec<Note>,
    #[serde(flatten)]
    part: Part,
}

/// Reads, merges and writes.
pub(super) fn run(args: &MergeArgs, global: &Global) -> anyhow::Result<Ended> {
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let mut parts = args
        .parts
        .iter()
        .map(|path| Ok((path.display().to_string(), read(path)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    parts.sort_by_key(|(_, part)| (part.part.sums.trials.start, part.part.sums.trials.end));
    let mut parts = parts.into_iter();
    let (first, whole) = parts.next().context("no part was given")?;
    let mut sums = whole.part.sums;
    for (path, part) in parts {
        if let Some(what) = differs(&whole.settings, &whole.input, &whole.part.context, &part) {
            bail!("{path} is no part of the same simulation as {first}: {what}; make one of them again");
        }
        let (end, next) = (sums.trials.end, part.part.sums.trials.clone());
        if next.start < end {
            bail!("{path} has trials {}..{}, but those before {end} are in other parts already", next.start, next.end);
        }
        if next.start > end {
            bail!(
                "no part has the trials {end}..{}; make it with --trials {end}..{} --partial",
                next.start,
                next.start
            );
        }
        sums = sums.merge(part.part.sums).map_err(|_| anyhow::anyhow!("{path} does not fit {first}"))?;
    }
    let (trials, runs) = (sums.trials.clone(), whole.part.context.runs);
    if trials.start > 0 {
        bail!("no part has the trials 0..{}; make it with --trials 0..{} --partial", trials.start, trials.start);
    }
    if trials.end < runs {
        bail!("no part has the trials {}..{runs}; make it with --trials {}..{runs} --partial", trials.end, trials.end);
    }
    let standings = SwissStandings::from_sums(&whole.part.context, &sums);
    let told = Told { settings: whole.settings, input: whole.input, notes: whole.warnings };
    told.write(&standings, &whole.part.context, format, output, global)
}

fn read(path: &PathBuf) -> anyhow::Result<PartFile> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let part: PartFile = serde_json::from_slice(&bytes).with_context(|| {
        format!("{shown} is no part of a simulation; palio swiss --trials A..B --partial writes one")
    })?;
    if part.schema != SCHEMA || part.command != "swiss" || part.version != env!("CARGO_PKG_VERSION") {
        bail!(
            "{shown} was written by palio {} {} (layout {}); make it again with this version, {}",
            part.version,
            part.command,
            part.schema,
            env!("CARGO_PKG_VERSION")
        );
    }
    part.part.check().with_context(|| format!("{shown} is damaged; make it again"))?;
    if !part.part.sums.beside.is_complete(part.settings["resample"].as_u64().unwrap_or(0)) {
        let trials = &part.part.sums.trials;
        bail!(
            "{shown} was stopped before other orders and samples of the benchmarks were played for its trials {}..{}; \
             make it again",
            trials.start,
            trials.end
        );
    }
    Ok(part)
}

/// What differs between two parts that should not.
fn differs(
    settings: &Value,
    input: &Value,
    context: &palio::simulation::swiss_rounds::SwissContext,
    part: &PartFile,
) -> Option<String> {
    if settings != &part.settings {
        let empty = serde_json::Map::new();
        let mut names = settings.as_object().unwrap_or(&empty).iter();
        let differing = names.find(|&(name, value)| value != &part.settings[name]);
        return Some(differing.map_or_else(
            || "their settings differ".to_owned(),
            |(name, value)| format!("the setting {name} is {} in one and {value} in the other", part.settings[name]),
        ));
    }
    if contents(input) != contents(&part.input) {
        return Some("they were made from different input".to_owned());
    }
    (context != &part.part.context).then(|| "their tables differ".to_owned())
}

/// What was read, wherever it lay: parts may come from machines with other folders.
fn contents(input: &Value) -> Vec<(&Value, &Value)> {
    input.as_array().into_iter().flatten().map(|file| (&file["rows"], &file["xxh3"])).collect()
}
