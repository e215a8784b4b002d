//! `palio swiss`: tables of scores to standings of simulated tournaments.

mod arguments;
mod entry;
pub(super) mod shown;

use anyhow::bail;
use palio::report::Report;
use palio::simulation::swiss_rounds::{
    Part, Sensitivity, Simulation, SwissContext, SwissSettings, SwissStandings, exact,
};
use palio::structure::Note;
use serde_json::Value;

pub(crate) use self::arguments::SwissArgs;
use self::entry::Entry;
use super::output::{Format, Output, progress_bar, warn};
use super::{Ended, Global, interrupt};

/// Reads, plays, ranks and writes.
pub(super) fn run(args: &SwissArgs, global: &Global) -> anyhow::Result<Ended> {
    let trials = args.trials()?;
    let format = if args.partial { Format::Json } else { Format::of(global, Format::Table)? };
    if args.partial && global.format.is_some_and(|format| format != Format::Json) {
        bail!("--partial writes JSON for palio merge: leave --format out");
    }
    let output = Output::open(global)?;
    let entry = Entry::read(args)?;
    let settings = args.settings(entry.order.clone(), global.seed)?;
    let simulation = Simulation::new(&entry.tensor, &settings)?;
    let mean_scores = entry.mean_scores.clone();
    let context = SwissContext { mean_scores, ..SwissContext::new(&entry.models, &entry.benchmarks, &simulation) };
    let told = Told {
        settings: entry.report_settings(args, &settings)?,
        input: serde_json::to_value(&entry.inputs)?,
        notes: entry.notes.clone(),
    };
    interrupt::listen();
    let length = if args.exact { simulation.tournaments_beside(&trials) } else { simulation.tournaments(&trials) };
    let bar = progress_bar(length, "tournaments", global);
    let progress = |played| {
        bar.inc(played);
        !interrupt::asked()
    };
    if args.exact {
        let standings = exact_standings(&simulation, &settings, &context, &progress)?;
        bar.finish_and_clear();
        return told.write(&standings, &context, format, output, global);
    }
    let sums = simulation.play(trials, &progress);
    bar.finish_and_clear();
    if args.partial {
        return told.write_part(Part { context, sums }, output, global);
    }
    let mut standings = SwissStandings::from_sums(&context, &sums);
    standings.partial |= standings.samples < settings.samples as usize;
    told.write(&standings, &context, format, output, global)
}

/// Expected scores without sampling; the tournaments on samples and other orders are played.
fn exact_standings(
    simulation: &Simulation<'_>,
    settings: &SwissSettings,
    context: &SwissContext,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> anyhow::Result<SwissStandings> {
    if context.shuffled {
        bail!("--exact computes one order of the benchmarks; give --order as-given or their names");
    }
    let solve = |rules: &_| exact(simulation.tensor(), simulation.rounds(), rules);
    let moments = solve(simulation.rules())?;
    let sensitivity = match &settings.sensitivity {
        None => None,
        Some(grid) => {
            let scores = grid.clone().map(|number| Ok(solve(&simulation.rules().with_every(number))?.expected_score));
            Some(Sensitivity::from_exact(grid.clone().collect(), scores.collect::<anyhow::Result<_>>()?))
        }
    };
    let beside = simulation.play_beside(&(0..settings.runs), progress);
    let mut standings = SwissStandings::from_exact(context, moments, sensitivity, &beside);
    standings.partial = standings.samples < settings.samples as usize;
    Ok(standings)
}

/// What a report tells beside the result.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) settings: Value,
    pub(super) input: Value,
    pub(super) notes: Vec<Note>,
}

impl Told {
    /// Writes a part. That it was stopped stands in the words alone: `warnings` become those of the merged result.
    fn write_part(self, part: Part, output: Output, global: &Global) -> anyhow::Result<Ended> {
        let trials = part.sums.trials.clone();
        let complete = part.sums.beside.is_complete(self.settings["resample"].as_u64().unwrap_or(0));
        warn(&self.notes, global);
        output.write(&Report::new("swiss", &self.settings, &self.input, &self.notes, part).to_json()?)?;
        if !interrupt::asked() {
            return Ok(Ended::with(&self.notes));
        }
        let mergeable =
            if complete { "" } else { ", and no samples or other orders, so that palio merge can't use it" };
        let message =
            format!("stopped before the end: this part has the trials {}..{}{mergeable}", trials.start, trials.end);
        warn(&[Note::new("partial", message)], global);
        Ok(Ended::Interrupted)
    }

    /// Writes standings, whether they come from one run or from parts.
    pub(super) fn write(
        mut self,
        standings: &SwissStandings,
        context: &SwissContext,
        format: Format,
        output: Output,
        global: &Global,
    ) -> anyhow::Result<Ended> {
        self.notes.extend(standings.notes(context));
        warn(&self.notes, global);
        let bytes = match format {
            Format::Table => shown::standings(standings, context).into_bytes(),
            Format::Json => Report::new("swiss", &self.settings, &self.input, &self.notes, standings).to_json()?,
            Format::Jsonl => standings.to_jsonl()?,
            Format::Csv => standings.to_csv()?,
            Format::Markdown => standings.to_markdown(),
        };
        output.write(&bytes)?;
        Ok(if standings.partial { Ended::Interrupted } else { Ended::with(&self.notes) })
    }
}
