//! `palio next`: the comparisons to buy next, and how many it takes.

mod arguments;
mod shown;

use palio::data::graph::PreferenceGraph;
use palio::data::read::{Keep, LabelColumn, ReadOptions, Role};
use palio::leaderboard::GraphSummary;
use palio::models::Rater;
use palio::report::{Report, next_csv, next_jsonl, next_markdown};
use palio::simulation::next::{Goal, NextBatch, NextComparison, NextError, NextSettings, Separation};
use palio::structure::Note;
use palio::uncertainty::{Clusters, CovarianceKind, covariance};
use serde::Serialize;

use self::arguments::Chosen;
pub(crate) use self::arguments::NextArgs;
use super::input;
use super::output::{Format, Output, progress_bar, tell, warn};
use super::rating::{Evidences, Grouped, cluster_column};
use super::{Ended, Global, interrupt};

/// What is planned, beside the keys of every report.
#[derive(Serialize)]
struct Planned {
    comparisons: Vec<NextComparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Separation>,
    graph: GraphSummary,
}

/// Reads, chooses, simulates and writes.
pub(super) fn run(args: &NextArgs, global: &Global) -> anyhow::Result<Ended> {
    let chosen = Chosen::of(&args.sampler, global.seed)?;
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let reading = args.input.read(args.read_options())?;
    let mut notes = input::notes(&args.input.reading, &reading);
    let inputs = reading.inputs.clone();
    let found = Evidences::of(reading, &args.input.reading);
    let settings = args.settings(&chosen, found.graph.items(), global.seed)?;
    let planned = planned(args, &found, &settings, global, &mut notes)?;
    warn(&notes, global);
    let rows = &planned.comparisons;
    let bytes = match format {
        Format::Table => shown::plan(&planned, &chosen).into_bytes(),
        Format::Json => {
            let settings = args.report_settings(&chosen, &settings, &found.graph, global)?;
            Report::new("next", settings, inputs, &notes, &planned).to_json()?
        }
        Format::Jsonl => next_jsonl(rows)?,
        Format::Csv => next_csv(rows)?,
        Format::Markdown => next_markdown(rows),
    };
    if !matches!(format, Format::Table | Format::Json)
        && let Some(until) = &planned.until
    {
        // Rows have no place for it.
        tell(&shown::until(until), global);
    }
    output.write(&bytes)?;
    Ok(if interrupt::asked() { Ended::Interrupted } else { Ended::with(&notes) })
}

fn planned(
    args: &NextArgs,
    found: &Evidences,
    settings: &NextSettings,
    global: &Global,
    notes: &mut Vec<Note>,
) -> anyhow::Result<Planned> {
    let graph = &found.graph;
    let labels = found.log.as_ref().zip(found.task.as_deref());
    let tasks = labels.and_then(|(log, task)| Some((log, log.labels(task)?)));
    // The tasks of ballots are their voters, and nobody buys a comparison from one.
    let tasks = tasks.filter(|_| !input::hold_ballots(&args.input.logs));
    let batch = NextBatch::choose(graph, tasks, settings)?;
    notes.extend(batch.notes);
    let fitted = args.until.rater().fit(graph.into(), None)?;
    notes.extend(fitted.identification().notes(graph));
    let until =
        args.until.until.map(|goal| args.simulated(goal, found, settings, global, notes)).transpose()?.flatten();
    Ok(Planned { comparisons: batch.comparisons, until, graph: GraphSummary::of(graph, &*fitted) })
}

impl NextArgs {
    /// Rows are kept where there are tasks to choose, or clusters to tell apart.
    fn read_options(&self) -> ReadOptions {
        let task = LabelColumn::Role(Role::Task);
        let cluster = cluster_column(&self.until.cluster).filter(|column| *column != task);
        let labels = std::iter::once(task).chain(cluster).collect();
        ReadOptions { keep: Keep::Counts, labels, ..ReadOptions::default() }
    }

    fn simulated(
        &self,
        goal: Goal,
        found: &Evidences,
        settings: &NextSettings,
        global: &Global,
        notes: &mut Vec<Note>,
    ) -> anyhow::Result<Option<Separation>> {
        let graph = &found.graph;
        let wanted = self.until.settings(goal, graph.items().len(), graph.comparisons(), global.seed);
        let fitted = wanted.rater.fit(graph.into(), None)?;
        let grouped = found.log.as_ref().and_then(|log| {
            let grouped = Grouped::by(&self.until.cluster, log, found.task.as_deref())?;
            Some((Clusters::new(log, &grouped.labels, graph), grouped.note))
        });
        let clusters = grouped.as_ref().map(|(clusters, _)| clusters);
        let errors = covariance(&*fitted, graph, CovarianceKind::Sandwich, clusters);
        notes.extend(errors.notes_with(&*fitted));
        notes.extend(grouped.and_then(|(_, note)| note));
        let bar = progress_bar(u64::from(wanted.trials), "simulating futures", global);
        interrupt::listen();
        let progress = |futures: u32| {
            bar.inc(futures.into());
            !interrupt::asked()
        };
        let separation = Separation::simulate(graph, &*fitted, &errors, settings, wanted, &progress);
        bar.finish_and_clear();
        if interrupt::asked() {
            notes.push(Note::new("partial", "stopped before all futures were simulated"));
        }
        let separation = match separation {
            Err(NextError::Stopped) => return Ok(None),
            separation => separation?,
        };
        if separation.reached < separation.trials {
            let message = format!(
                "in {} of {} simulated futures the goal was not met within {} comparisons; --most lets them go on",
                separation.trials - separation.reached,
                separation.trials,
                separation.most
            );
            notes.push(Note::new("goal-not-met", message));
        }
        Ok(Some(separation))
    }

    /// All that changes a number.
    fn report_settings(
        &self,
        chosen: &Chosen,
        settings: &NextSettings,
        graph: &PreferenceGraph,
        global: &Global,
    ) -> anyhow::Result<serde_json::Value> {
        let worth = graph.items().iter().zip(&settings.worth).filter(|(_, worth)| (**worth - 1.0).abs() > 0.0);
        let worth: serde_json::Map<String, serde_json::Value> =
            worth.map(|(item, worth)| (item.to_owned(), (*worth).into())).collect();
        Ok(serde_json::json!({
            "count": self.count,
            "sampler": chosen.entry.name,
            "set": chosen.resolved(),
            "worth": worth,
            "until": self.until.until.map(|_| serde_json::to_value(&self.until)).transpose()?,
            "reading": serde_json::to_value(self.input.settings())?,
            "seed": global.seed,
        }))
    }
}
