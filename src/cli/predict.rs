//! `palio predict`: who wins, and how surely that is known.

mod pairs;

use std::path::PathBuf;

use anyhow::bail;
use palio::data::ItemId;
use palio::data::graph::PreferenceGraph;
use palio::data::read::{BallotColumns, Input, ReadOptions, is_preflib, read, read_ballots};
use palio::leaderboard::{FitSummary, GraphSummary};
use palio::models::Fitted;
use palio::report::{Report, predictions_csv, predictions_jsonl, predictions_markdown};
use palio::structure::Note;
use palio::validation::{Matchup, Prediction, predict, predicting_raters};
use serde::Serialize;

use self::pairs::NamedPairs;
use super::input::{self, ReadingArgs};
use super::names::find_item;
use super::output::{Format, Output, warn};
use super::rating::{Evidences, IntervalKind, Rated, Rating, RatingArgs};
use super::table::{self, Column};
use super::{Ended, Global};

/// Predict who wins: the probability for a pair of items, for all pairs or for those of a file, with intervals
///
/// The probability is the left item's expected share, a tie being half a win; with --ties davidson or
/// rao-kupper the probability of a tie is given as well. Intervals are made on the scale of log-odds.
/// With --set side_advantage=true the advantage of the left side is taken out of the ratings, and of the
/// probabilities: they are on neutral ground.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PredictArgs {
    /// Predict the pairs of this file, with columns left and right (or model_a and model_b, …), in any
    /// format that logs have, or - for stdin
    #[arg(long, value_name = "FILE", conflicts_with = "first")]
    pairs: Option<PathBuf>,

    #[command(flatten)]
    rating: RatingArgs,

    /// A log of comparisons: CSV, TSV, JSON (.gz or .zst too) or Parquet, or - for stdin; or ballots in a PrefLib file
    #[arg(value_name = "LOG")]
    log: PathBuf,

    /// The item whose probability is asked for [default: all pairs, the higher rated item first]
    #[arg(value_name = "A", requires = "second")]
    first: Option<String>,

    /// Its opponent
    #[arg(value_name = "B")]
    second: Option<String>,

    #[command(flatten)]
    reading: ReadingArgs,
}

const EXAMPLES: &str = "Examples:
  palio predict arena.csv model-03 model-07
  palio predict arena.csv --pairs fixtures.csv --ties davidson --format csv
  palio predict arena.csv --method elo --interval bootstrap model-03 model-07";

/// More pairs than this are asked for by name.
const MOST_PAIRS: usize = 1_000_000;

/// Pairs beside the keys of every report.
#[derive(Serialize)]
struct Predicted {
    pairs: Vec<Prediction>,
    fit: FitSummary,
    graph: GraphSummary,
    /// How errors were made, in words.
    #[serde(skip)]
    interval: Option<&'static str>,
    #[serde(skip)]
    notes: Vec<Note>,
}

/// Reads, fits, predicts and writes.
pub(super) fn run(args: &PredictArgs, global: &Global) -> anyhow::Result<Ended> {
    let rating = Rating::new(&args.rating, global)?;
    check_predicts(&rating)?;
    if let Some(setting) = rating.idle_setting() {
        bail!("{setting} is of covariates, and predict has none but the side; add --set side_advantage=true");
    }
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let wanted = match &args.pairs {
        Some(path) if path == &args.log => bail!("the log and --pairs are both {}; give two files", path.display()),
        path => path.as_deref().map(pairs::read_pairs).transpose()?,
    };
    let Fit { graph, rated, mut inputs, mut notes } =
        if is_preflib(&args.log) { fit_to_ballots(args, &rating)? } else { fit_to_log(args, &rating)? };
    inputs.extend(wanted.as_ref().map(|wanted| wanted.input.clone()));
    let predicted = predicted(args, &rating, &graph, rated, wanted.as_ref())?;
    notes.extend(predicted.notes.iter().cloned());
    warn(&notes, global);
    let bytes = match format {
        Format::Table => text(&predicted, &rating, args.rating.level).into_bytes(),
        Format::Csv => predictions_csv(&predicted.pairs)?,
        Format::Jsonl => predictions_jsonl(&predicted.pairs)?,
        Format::Markdown => predictions_markdown(&predicted.pairs),
        Format::Json => report(args, global, &rating, &inputs, &notes, predicted)?,
    };
    output.write(&bytes)?;
    Ok(Ended::with(&notes))
}

/// What was read, and what it was fitted with.
struct Fit {
    graph: PreferenceGraph,
    rated: Rated,
    inputs: Vec<Input>,
    notes: Vec<Note>,
}

fn fit_to_log(args: &PredictArgs, rating: &Rating<'_>) -> anyhow::Result<Fit> {
    let labels = rating.label_columns();
    let options = ReadOptions { keep: rating.keep(), labels, ..ReadOptions::default() };
    let reading = read(&[&args.log], &args.reading.options(options))?;
    let notes = input::notes(&args.reading, &reading);
    let inputs = reading.inputs.clone();
    let Evidences { graph, log, task } = Evidences::of(reading, &args.reading);
    let rated = rating.rated(&graph, log.as_ref(), task.as_deref())?;
    Ok(Fit { graph, rated, inputs, notes })
}

fn fit_to_ballots(args: &PredictArgs, rating: &Rating<'_>) -> anyhow::Result<Fit> {
    args.reading.refuse_for_ballots()?;
    let reading = read_ballots(&[&args.log], &BallotColumns::default())?;
    let graph = reading.profile.graph();
    let rated = rating.rated_ballots(&graph, &reading.profile)?;
    Ok(Fit { graph, rated, inputs: reading.inputs, notes: Vec::new() })
}

/// Refuses a rater without probabilities before anything is read.
fn check_predicts(rating: &Rating<'_>) -> anyhow::Result<()> {
    let known: Vec<&str> = predicting_raters().iter().map(|entry| entry.name).collect();
    if !known.contains(&rating.entry.name) {
        bail!("{} gives no probabilities; these do: {}", rating.entry.name, known.join(", "));
    }
    Ok(())
}

fn predicted(
    args: &PredictArgs,
    rating: &Rating<'_>,
    graph: &PreferenceGraph,
    rated: Rated,
    wanted: Option<&NamedPairs>,
) -> anyhow::Result<Predicted> {
    let Rated { fitted, uncertainty } = rated;
    let matchups = match wanted {
        Some(wanted) => wanted.matchups(graph.items())?,
        None => matchups(args, graph, &*fitted)?,
    };
    if fitted.embedding().is_some() && rating.interval == IntervalKind::Bootstrap {
        bail!(
            "--interval bootstrap: predictions of {} have errors of their own, from the curvature of the fit, which are shown without --interval; none hides them",
            rating.entry.name
        );
    }
    let pairs = predict(graph, &*fitted, &uncertainty, matchups, args.rating.level);
    // A rater may know the errors of its predictions without those of ratings.
    let own = pairs.iter().any(|it| it.low.is_some()).then_some("model");
    Ok(Predicted {
        pairs,
        fit: FitSummary::of(&*fitted, &uncertainty, args.rating.level),
        graph: GraphSummary::of(graph, &*fitted),
        interval: rating.interval_name(&uncertainty).or(own),
        notes: uncertainty.notes_with(&*fitted).into_iter().chain(neutral_side(&*fitted)).collect(),
    })
}

/// A word where the advantage of a side was fitted, of which a pair says nothing.
fn neutral_side(fitted: &dyn Fitted) -> Option<Note> {
    let side = fitted.covariates().into_iter().find_map(|it| it.coefficient)?;
    let message = format!(
        "probabilities are on neutral ground: the advantage of the left side, {side:+.4} log-odds, is not in them"
    );
    Some(Note::new("at-neutral-side", message))
}

/// The two items asked for, or all pairs.
fn matchups(args: &PredictArgs, graph: &PreferenceGraph, fitted: &dyn Fitted) -> anyhow::Result<Vec<Matchup>> {
    if let (Some(left), Some(right)) = (&args.first, &args.second) {
        let found = Matchup { left: find_item(graph.items(), left)?, right: find_item(graph.items(), right)? };
        if found.left == found.right {
            bail!("'{left}' against itself: give two different items");
        }
        return Ok(vec![found]);
    }
    let items = graph.items().len();
    let pairs = items * items.saturating_sub(1) / 2;
    if pairs > MOST_PAIRS {
        bail!("{items} items make {pairs} pairs, more than {MOST_PAIRS}; name two items, or give --pairs FILE");
    }
    let mut order: Vec<ItemId> = (0..items as u32).map(ItemId).collect();
    order.sort_by(|a, b| fitted.ratings()[b.index()].total_cmp(&fitted.ratings()[a.index()]));
    let by_place = |it: Matchup| Matchup { left: order[it.left.index()], right: order[it.right.index()] };
    Ok(Matchup::all(items).map(by_place).collect())
}

fn report(
    args: &PredictArgs,
    global: &Global,
    rating: &Rating<'_>,
    inputs: &[Input],
    notes: &[Note],
    predicted: Predicted,
) -> anyhow::Result<Vec<u8>> {
    let settings = serde_json::json!({
        "method": rating.entry.name,
        "set": rating.set(),
        "interval": rating.interval,
        "level": args.rating.level,
        "resamples": args.rating.resamples,
        "cluster": args.rating.cluster,
        "pairs": args.pairs,
        "left": args.first,
        "right": args.second,
        "reading": args.reading,
        "seed": global.seed,
    });
    Ok(Report::new("predict", settings, inputs, notes, predicted).to_json()?)
}

/// A header line and one line a pair.
fn text(predicted: &Predicted, rating: &Rating<'_>, level: f64) -> String {
    let width = table::width();
    let mut parts = vec![rating.entry.name.to_owned()];
    parts.extend(table::what_was_compared(&predicted.graph));
    parts.extend(predicted.interval.map(|kind| table::what_intervals(kind, level, predicted.fit.cluster.as_ref())));
    parts.extend(table::parameters(&predicted.fit));
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let shown = |it: &Prediction| match (it.probability, it.low.zip(it.high)) {
        (None, _) => "?".to_owned(),
        (Some(p), Some((low, high))) => format!("{}% ({} to {})", percent(p), percent(low), percent(high)),
        // What no data hold up stands in brackets.
        (Some(p), None) if !it.identified => format!("({}%)", percent(p)),
        (Some(p), None) => format!("{}%", percent(p)),
    };
    let pairs = &predicted.pairs;
    let columns = [
        Column::new("left", false, pairs, |it| table::shown_name(&it.left, width)),
        Column::new("right", false, pairs, |it| table::shown_name(&it.right, width)),
        Column::new("probability", false, pairs, shown),
        Column::new("tie", true, pairs, |it| it.tie.map_or_else(String::new, |tie| format!("{}%", percent(tie)))),
        Column::new("met", true, pairs, |it| table::grouped(it.met)),
        Column::new("", false, pairs, |it| if it.identified { String::new() } else { "not identified".to_owned() }),
    ];
    format!("{}\n{}", table::wrapped(&parts, width), table::render(&columns))
}
