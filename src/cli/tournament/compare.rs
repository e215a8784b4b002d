//! `palio tournament --compare-topologies`: which schedule and aggregation pay for a judge.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use palio::report::{Report, topologies_csv, topologies_jsonl, topologies_markdown};
use palio::simulation::topologies::{Mean, StudyRow, TopologyStudy};
use palio::structure::Note;
use palio::tournaments::{JudgeModel, NoiseLaw};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::output::{Format, Output, progress_bar, warn};
use crate::cli::table::{Column, drop_until_it_fits, grouped, render, trimmed, width, wrapped};
use crate::cli::{Ended, Global, interrupt};

/// What is said of items, of their judge and of advantages: a comparison of topologies takes no notice of it.
const OF_ITEMS: &[&str] = &[
    "items",
    "topology",
    "seeds_by",
    "only_constant",
    "dedupe",
    "max_matches",
    "dry_run",
    "matches",
    "judge_command",
    "judge_stdio",
    "judge_log",
    "judge_id",
    "journal",
    "show",
    "orders",
    "repeats",
    "margin",
    "concurrency",
    "timeout",
    "retries",
    "retry_pause",
    "rpm",
    "on_failure",
    "preset",
    "aggregate",
    "rules",
    "rank_ties",
    "reward",
    "set",
    "normalize",
    "eps",
    "ddof",
    "clip",
    "singleton",
    "group",
    "one_group",
    "item",
    "length",
    "logprob",
    "reference",
    "criteria",
];

/// What is simulated where no items are played.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Comparing topologies")]
pub(super) struct CompareArgs {
    /// Simulate groups of known quality instead of playing items: how well every topology with every aggregation finds
    /// the true order, and at how many calls. The judge's errors are normal; --judge-model gives it another law and
    /// other faults
    #[arg(long, conflicts_with_all = OF_ITEMS)]
    pub(super) compare_topologies: bool,

    /// How many items a group has
    #[arg(long, value_name = "N", default_value_t = 16, requires = "compare_topologies")]
    group_size: u32,

    /// Scales of the error in the judge's scores, where the qualities of items have standard deviation 1 [default: that of
    /// --judge-model, or else 1]
    #[arg(
        long,
        value_name = "X,…",
        value_delimiter = ',',
        requires = "compare_topologies",
        allow_negative_numbers = true
    )]
    noise: Vec<f64>,

    /// How many groups are simulated
    #[arg(long, value_name = "N", default_value_t = 2_000, requires = "compare_topologies")]
    trials: u64,
}

#[derive(Serialize)]
struct Result<'a> {
    trials: u64,
    rows: &'a [StudyRow],
}

/// Simulates, one noise after the other, and writes.
pub(super) fn run(args: &CompareArgs, model: Option<&PathBuf>, global: &Global) -> anyhow::Result<Ended> {
    let format = Format::of(global, Format::Table)?;
    let judge = judge(model)?;
    let output = Output::open(global)?;
    let noises = if args.noise.is_empty() { vec![judge.noise] } else { args.noise.clone() };
    interrupt::listen();
    let bar = progress_bar(noises.len() as u64 * args.trials, "groups", global);
    let progress = |played| {
        bar.inc(played);
        !interrupt::asked()
    };
    let (mut rows, mut trials, mut notes) = (Vec::new(), args.trials, Vec::new());
    for &noise in &noises {
        let judge = JudgeModel { noise, ..judge };
        let study = TopologyStudy {
            items: args.group_size,
            trials: args.trials,
            judge,
            seed: global.seed,
            ..TopologyStudy::default()
        };
        let result = study.run(&progress)?;
        rows.extend(result.rows);
        if result.trials < args.trials {
            trials = result.trials;
            let groups = grouped(trials as f64);
            notes.push(Note::new("partial", format!("stopped before the end: noise {noise} has {groups} groups")));
            break;
        }
    }
    bar.finish_and_clear();
    warn(&notes, global);
    let bytes = match format {
        Format::Table => table(args, &judge, &rows).into_bytes(),
        Format::Csv => topologies_csv(&rows)?,
        Format::Jsonl => topologies_jsonl(&rows)?,
        Format::Markdown => topologies_markdown(&rows),
        Format::Json => {
            let settings = json!({
                "compare_topologies": true,
                "group_size": args.group_size,
                "noise": noises,
                "trials": args.trials,
                "judge": judge,
                "seed": global.seed,
            });
            let nothing: [(); 0] = [];
            Report::new("tournament", settings, nothing, &notes, Result { trials, rows: &rows }).to_json()?
        }
    };
    output.write(&bytes)?;
    Ok(if notes.is_empty() { Ended::Well } else { Ended::Interrupted })
}

/// The judge of a model's file, whose items are not looked at; without one, a judge with normal errors.
fn judge(model: Option<&PathBuf>) -> anyhow::Result<JudgeModel> {
    let Some(path) = model else { return Ok(JudgeModel { law: NoiseLaw::Normal, ..JudgeModel::default() }) };
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    let parse = || {
        let mut object: Map<String, Value> = serde_json::from_str(&text)?;
        object.retain(|key, _| key != "scores" && key != "score_column");
        serde_json::from_value(Value::Object(object))
    };
    let judge: JudgeModel = parse().with_context(|| format!("{} is no judge model", path.display()))?;
    if let Err(error) = judge.check() {
        bail!("{}: {error}", path.display());
    }
    Ok(judge)
}

fn table(args: &CompareArgs, judge: &JudgeModel, rows: &[StudyRow]) -> String {
    let width = width();
    let law = match judge.law {
        NoiseLaw::Normal => "normal",
        NoiseLaw::BradleyTerry => "Gumbel",
    };
    let mut parts = vec![
        format!("{} groups of {}", grouped(args.trials as f64), args.group_size),
        "strengths with standard deviation 1".to_owned(),
        format!("a judge with {law} errors, asked in both orders"),
    ];
    for (name, value) in [
        ("offset", judge.offset),
        ("position bias", judge.position_bias),
        ("tie margin", judge.tie_margin),
        ("cycle", judge.cycle),
    ] {
        if value != 0.0 {
            parts.push(format!("{name} {}", trimmed(value)));
        }
    }
    let mut text = wrapped(&parts, width) + "\n* the topology's own aggregation; ± one standard error\n";
    for rows in rows.chunk_by(|a, b| a.noise.total_cmp(&b.noise).is_eq()) {
        let noise = trimmed(rows.first().map_or(0.0, |row| row.noise));
        let _ = write!(text, "\nnoise {noise}\n{}", noise_table(rows, width));
    }
    text
}

fn noise_table(rows: &[StudyRow], width: usize) -> String {
    let with_error = |it: Mean| format!("{:.3} ±{:.3}", it.mean, it.std_error);
    let mut columns = vec![
        Column::new("topology", false, rows, |row: &StudyRow| row.topology.clone()),
        Column::new("aggregation", false, rows, |row| {
            row.aggregation.name().to_owned() + if row.is_own { " *" } else { "" }
        }),
        Column::new("matches", true, rows, |row| format!("{:.1}", row.matches.mean)),
        Column::new("calls", true, rows, |row| format!("{:.1}", row.calls.mean)),
        Column::new("rounds", true, rows, |row| format!("{:.1}", row.rounds.mean)),
        Column::new("Kendall tau", true, rows, |row| with_error(row.kendall_tau)),
        Column::new("advantage corr.", true, rows, |row| with_error(row.advantage_correlation)),
        Column::new("best first", true, rows, |row| format!("{:.1}%", 100.0 * row.best_first.mean)),
    ];
    drop_until_it_fits(&mut columns, width, &["best first", "matches", "rounds"]);
    render(&columns)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Args as _;

    use super::OF_ITEMS;
    use crate::cli::tournament::TournamentArgs;

    #[test]
    fn a_comparison_takes_no_option_that_it_ignores() {
        let command = TournamentArgs::augment_args(clap::Command::new("tournament"));
        let own = ["compare_topologies", "group_size", "noise", "trials", "judge_model"];
        let all: BTreeSet<&str> = command.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        let refused: BTreeSet<&str> = OF_ITEMS.iter().copied().collect();
        assert_eq!(refused, all.into_iter().filter(|id| !own.contains(id)).collect());
    }
}
