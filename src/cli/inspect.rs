//! `palio inspect`: what a log's comparisons are, beyond one number an item.

mod resistance;
mod shown;

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::Log;
use palio::data::graph::PreferenceGraph;
use palio::data::read::{Comparisons, Keep, LabelColumn, ReadOptions, Reading, Role};
use palio::report::{Report, inspection_csv, inspection_jsonl, inspection_markdown};
use palio::structure::Note;
use palio::structure::ensemble::JudgeArcs;
use palio::uncertainty::Clusters;
use palio::validation::deviance::{Deviance, DevianceSettings, FEWEST_LOGS};
use palio::validation::inspection::{Inspection, InspectionSettings, Merged, ResistanceFacts};

use super::input::{self, InputArgs};
use super::output::{Format, Output, progress_bar, warn};
use super::rating::{Grouped, cluster_column, task_column};
use super::{Ended, Global};

/// Tell whether one ladder can describe a log: circles, triads, HodgeRank, and a test
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// Make one ranking of the judges' graphs (GED): the arcs that contradict an order are taken out
    /// and told, and items rank by how many are below them
    #[arg(long, value_name = "ARCS", num_args = 0..=1, require_equals = true, default_missing_value = "net")]
    merge_judges: Option<JudgeArcsArg>,

    /// Logs drawn from the fitted ladder, to tell what chance makes; fewer where many would take long
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = resamples)]
    resamples: u32,

    /// Column whose rows belong together: auto (the task, if there are 30 or more), none, or a column
    #[arg(long, value_name = "COLUMN", default_value = "auto")]
    cluster: String,

    /// Tell how well the comparisons tie pairs of items together (effective resistance), and what a chain, a
    /// tree, a random regular graph and a star of as many items and comparisons would give
    #[arg(long)]
    resistance: bool,

    #[command(flatten)]
    input: InputArgs,
}

/// None, or enough of them to say something.
fn resamples(text: &str) -> Result<u32, String> {
    let number: u32 = text.parse().map_err(|_| "give a whole number".to_owned())?;
    if number > 0 && number < FEWEST_LOGS {
        return Err(format!("so few logs say nothing; give {FEWEST_LOGS} or more, or 0 for none"));
    }
    Ok(number)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum JudgeArcsArg {
    /// Margins of all judges are summed: one arc a pair
    Net,
    /// Each judge's majority is an arc, and judges who disagree on a pair leave two
    Each,
    /// As net, with one vote a judge and pair
    Votes,
}

impl From<JudgeArcsArg> for JudgeArcs {
    fn from(asked: JudgeArcsArg) -> Self {
        match asked {
            JudgeArcsArg::Net => Self::Net,
            JudgeArcsArg::Each => Self::Each,
            JudgeArcsArg::Votes => Self::Votes,
        }
    }
}

/// Reads, inspects and writes.
pub(super) fn run(args: &InspectArgs, global: &Global) -> anyhow::Result<Ended> {
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let reading = args.input.read(args.read_options())?;
    let mut notes = input::notes(&args.input.reading, &reading);
    let inputs = reading.inputs.clone();
    let (graph, merged, clusters) = match reading.comparisons {
        Comparisons::Counts(tally) => (PreferenceGraph::from_tally(tally), None, None),
        Comparisons::Rows(ref log) => {
            let graph = PreferenceGraph::from_log(log);
            let merged = args.merged(&reading, log, &mut notes)?;
            let grouped = Grouped::by(&args.cluster, log, task_column(&reading).as_deref());
            let clusters = grouped.as_ref().map(|grouped| Clusters::new(log, &grouped.labels, &graph));
            notes.extend(grouped.and_then(|grouped| grouped.note));
            (graph, merged, clusters)
        }
    };
    let settings = args.settings(global.seed);
    let logs = Deviance::logs_drawn(&graph, args.resamples);
    let bar = progress_bar(u64::from(logs), "drawing logs", global);
    let mut found = Inspection::of(&graph, clusters.as_ref(), settings, &|| bar.inc(1))?;
    bar.finish_and_clear();
    found.merged = merged;
    found.resistance = args.resistance.then(|| ResistanceFacts::of(&graph, global.seed));
    notes.append(&mut found.notes);
    notes.extend(found.resistance.as_ref().and_then(ResistanceFacts::note));
    warn(&notes, global);
    let bytes = match format {
        Format::Table => shown::inspection(&found).into_bytes(),
        Format::Json => Report::new("inspect", args.report_settings(global)?, inputs, &notes, &found).to_json()?,
        Format::Jsonl => inspection_jsonl(&found)?,
        Format::Csv => inspection_csv(&found)?,
        Format::Markdown => inspection_markdown(&found),
    };
    output.write(&bytes)?;
    Ok(Ended::with(&notes))
}

impl InspectArgs {
    /// Rows are kept where judges or clusters are to be told apart.
    fn read_options(&self) -> ReadOptions {
        let judges = self.merge_judges.map(|_| LabelColumn::Role(Role::Judge));
        let keep = if judges.is_some() { Keep::Rows } else { Keep::Counts };
        let labels = judges.into_iter().chain(cluster_column(&self.cluster)).collect();
        ReadOptions { keep, labels, ..ReadOptions::default() }
    }

    fn settings(&self, seed: u64) -> InspectionSettings {
        let deviance = DevianceSettings { resamples: self.resamples, seed };
        InspectionSettings { deviance, ..InspectionSettings::default() }
    }

    /// The judges' graphs made into one, if that was asked for.
    fn merged(&self, reading: &Reading, log: &Log, notes: &mut Vec<Note>) -> anyhow::Result<Option<Merged>> {
        let Some(arcs) = self.merge_judges else { return Ok(None) };
        let roles = &reading.notes.label_roles;
        let Some((_, column)) = roles.iter().find(|(role, _)| *role == Role::Judge) else {
            bail!("--merge-judges needs a column of judges, and there is none; name it with --judge COLUMN");
        };
        let judges = log.labels(column).context("the column of judges was not read")?;
        let merged = Merged::of(log, judges, arcs.into());
        if judges.names.get("").is_some() {
            let message = format!("rows without a {column} were taken as one judge's");
            notes.push(Note::new("rows-without-judge", message));
        }
        if merged.judges == 1 {
            let message = format!("the column {column} has one judge, so there is nothing to merge");
            notes.push(Note::new("one-judge", message));
        }
        Ok(Some(merged))
    }

    /// All that changes a number.
    fn report_settings(&self, global: &Global) -> anyhow::Result<serde_json::Value> {
        let defaults = InspectionSettings::default();
        Ok(serde_json::json!({
            "merge_judges": self.merge_judges.map(JudgeArcs::from),
            "resamples": self.resamples,
            "cluster": self.cluster,
            "resistance": self.resistance,
            "most_cycles_counted": defaults.cycles.count,
            "listed": defaults.cycles.listed,
            "reading": serde_json::to_value(self.input.settings())?,
            "seed": global.seed,
        }))
    }
}
