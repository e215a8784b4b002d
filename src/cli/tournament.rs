//! `palio tournament`: items in groups to matches before a judge, and on to advantages.

mod arguments;
mod compare;
mod entry;
mod judge;
mod notes;
mod outcome;
mod paths;
mod shown;

use palio::advantages::{AdvantageSettings, AggregateSettings};
use palio::judges::{Ending, Journal, JudgeError, PlaySettings, Progress, cost, play};
use palio::structure::Note;

pub(crate) use self::arguments::TournamentArgs;
use self::entry::Entry;
use self::outcome::MatchesOutput;
use super::output::{Format, Output, progress_bar, warn};
use super::table::grouped;
use super::{Ended, Global, interrupt};

/// What was asked for.
struct Order<'a> {
    args: &'a TournamentArgs,
    global: &'a Global,
    steps: Steps,
    settings: PlaySettings,
}

/// How matches become advantages.
struct Steps {
    advantages: AdvantageSettings,
    aggregation: AggregateSettings,
}

/// Reads, plays, computes and writes.
pub(super) fn run(args: &TournamentArgs, global: &Global) -> anyhow::Result<Ended> {
    paths::refuse_shared(args, global)?;
    if args.compare.compare_topologies {
        return compare::run(&args.compare, args.judge.judge_model.as_ref(), global);
    }
    let settings = args.play_settings(global.seed)?;
    let mut order = Order { args, global, steps: args.advantage_settings(global.seed)?, settings };
    Format::of(global, Format::Table)?;
    args.judge.line_settings()?;
    if !args.dry_run {
        args.judge.check(&args.items, global)?;
    }
    let entry = Entry::read(args)?;
    entry.check(&order.steps)?;
    if args.dry_run {
        return entry.tell_cost(&order.settings, global);
    }
    let mut judge = judge::judge(args, &entry.records, &entry.groups, &mut order.settings)?;
    let mut journal = args.judge.journal.as_deref().map(Journal::open).transpose().map_err(JudgeError::from)?;
    let output = Output::open(global)?;
    let matches = args.matches.as_deref().map(|path| MatchesOutput::open(path, global)).transpose()?;
    interrupt::listen();
    let played = entry.played();
    let bar = progress_bar(*cost(&played, &order.settings)?.matches.end(), "matches", global);
    let mut watch = |progress: Progress| {
        bar.set_position(progress.matches);
        !interrupt::asked()
    };
    let ending = play(&played, &order.settings, judge.as_mut(), journal.as_mut(), &mut watch);
    bar.finish_and_clear();
    warn(&judge.notes(), global);
    let outcomes = match ending? {
        Ending::Over(outcomes) => *outcomes,
        Ending::Stopped(progress) => return Ok(tell_stopped(progress, journal.as_ref(), global)),
    };
    let outcome = entry.outcome(outcomes, &order)?;
    if let Some(matches) = matches {
        matches.write(&outcome.rows(&entry))?;
    }
    outcome.write(&entry, &order, judge.identity(), output)
}

/// Tells what is kept of a run that was stopped.
fn tell_stopped(progress: Progress, journal: Option<&Journal>, global: &Global) -> Ended {
    let asked = grouped(progress.asked as f64);
    let message = match journal {
        Some(journal) => format!(
            "stopped before the end: {asked} new answers are kept in {}; run the same command again to go on",
            journal.path().display()
        ),
        None => format!("stopped before the end: {asked} answers are lost; with --journal they are kept"),
    };
    warn(&[Note::new("stopped", message)], global);
    Ended::Interrupted
}
