//! `palio tournament`: items in groups to matches before a judge, and on to advantages.

mod arguments;
mod compare;
mod judge;
mod shown;

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::bail;
use palio::advantages::{AdvantageSettings, AggregateSettings, Groups, normalize, ranks};
use palio::data::read::{Input, InputFormat, RecordReading, read_records};
use palio::data::records::Records;
use palio::judges::{
    Ending, Entrants, Journal, JudgeReport, Outcomes, PlaySettings, Progress, are_constant, cost, entrants, numbers,
    play,
};
use palio::report::{AdvantageTable, MatchRow, Report, matches_csv, matches_jsonl};
use palio::structure::Note;
use palio::tournaments::History;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::arguments::TournamentArgs;
use super::advantage::contests::{GroupHistory, fill};
use super::advantage::{notes, shown as advantages_shown};
use super::output::{Format, Output, progress_bar, warn};
use super::table::grouped;
use super::{Ended, Global, interrupt};

/// Reads, plays, computes and writes.
pub(super) fn run(args: &TournamentArgs, global: &Global) -> anyhow::Result<Ended> {
    if args.compare.compare_topologies {
        return compare::run(&args.compare, args.judge.judge_model.as_ref(), global);
    }
    let mut settings = args.play_settings(global.seed)?;
    let (advantages, aggregation) = args.advantage_settings(global.seed)?;
    Format::of(global, Format::Table)?;
    if !args.dry_run {
        args.judge.check(&args.items, global)?;
    }
    let entry = Entry::read(args)?;
    if args.dry_run {
        return entry.tell_cost(&settings, global);
    }
    let mut judge = judge::judge(args, &entry.records, &entry.groups, &mut settings)?;
    let mut journal = args.judge.journal.as_deref().map(Journal::open).transpose()?;
    let output = Output::open(global)?;
    let matches = args.matches.as_deref().map(|path| MatchesOutput::open(path, global)).transpose()?;
    interrupt::listen();
    let played: Vec<Entrants> = entry.played().cloned().collect();
    let bar = progress_bar(*cost(&played, &settings)?.matches.end(), "matches", global);
    let mut watch = |progress: Progress| {
        bar.set_position(progress.matches);
        !interrupt::asked()
    };
    let ending = play(&played, &settings, judge.as_mut(), journal.as_mut(), &mut watch);
    bar.finish_and_clear();
    warn(&judge.notes(), global);
    let outcomes = match ending? {
        Ending::Over(outcomes) => *outcomes,
        Ending::Stopped(progress) => return Ok(tell_stopped(progress, journal.as_ref(), global)),
    };
    let steps = Steps { advantages, aggregation };
    let result = entry.result(outcomes, &steps, args, global)?;
    if let Some(matches) = matches {
        matches.write(&result.rows(&entry))?;
    }
    result.write(&entry, &steps, &settings, judge.identity(), output, args, global)
}

/// How matches become advantages.
struct Steps {
    advantages: AdvantageSettings,
    aggregation: AggregateSettings,
}

/// What was read.
struct Entry {
    records: Records,
    inputs: Vec<Input>,
    format: InputFormat,
    groups: Vec<Entrants>,
    /// Whether each group is played.
    plays: Vec<bool>,
    /// The scores that groups have that are not played.
    scores: Vec<f64>,
}

impl Entry {
    fn read(args: &TournamentArgs) -> anyhow::Result<Self> {
        let RecordReading { records, inputs, format } = read_records(&args.items, &args.record_options())?;
        let mut groups = entrants(&records, args.dedupe.as_deref())?;
        if let Some(column) = &args.seeds_by {
            let seeds = numbers(&records, column)?;
            for group in &mut groups {
                group.seed_by(&seeds);
            }
        }
        let scores = args.only_constant.as_deref().map(|column| numbers(&records, column)).transpose()?;
        let plays = groups.iter().map(|group| scores.as_ref().is_none_or(|scores| are_constant(group, scores)));
        let (plays, scores) = (plays.collect(), scores.unwrap_or_default());
        Ok(Self { records, inputs, format, groups, plays, scores })
    }

    fn played(&self) -> impl Iterator<Item = &Entrants> {
        self.groups.iter().zip(&self.plays).filter(|(_, plays)| **plays).map(|(group, _)| group)
    }

    /// Tells what a run would cost.
    fn tell_cost(&self, settings: &PlaySettings, global: &Global) -> anyhow::Result<Ended> {
        let played: Vec<Entrants> = self.played().cloned().collect();
        let total = cost(&played, settings)?;
        let bytes = match Format::of(global, Format::Table)? {
            Format::Json => {
                let (least, most) = (total.matches.clone(), total.calls.clone());
                let range = |low: u64, high: u64| json!({"least": low, "most": high});
                let sizes = total.sizes.iter().map(|it| {
                    json!({
                        "items": it.items,
                        "groups": it.groups,
                        "matches": range(*it.matches.start(), *it.matches.end()),
                        "rounds": range((*it.rounds.start()).into(), (*it.rounds.end()).into()),
                    })
                });
                let result = json!({
                    "matches": range(*least.start(), *least.end()),
                    "calls": range(*most.start(), *most.end()),
                    "rounds": range((*total.rounds.start()).into(), (*total.rounds.end()).into()),
                    "sizes": sizes.collect::<Vec<_>>(),
                });
                Report::new("tournament", settings, &self.inputs, &[], result).to_json()?
            }
            Format::Table => shown::cost(&total, settings.calls_per_match()).into_bytes(),
            _ => bail!("--dry-run writes a table or JSON: leave --format out, or give --format json"),
        };
        Output::open(global)?.write(&bytes)?;
        Ok(Ended::Well)
    }

    /// Advantages from what was played.
    fn result(
        &self,
        outcomes: Outcomes,
        steps: &Steps,
        args: &TournamentArgs,
        global: &Global,
    ) -> anyhow::Result<Outcome> {
        let mut notes = Vec::new();
        let Outcomes { groups, judge, progress } = outcomes;
        let over: Vec<u64> = groups.iter().map(|group| group.over_budget).filter(|&over| over > 0).collect();
        let mut played = groups.into_iter().map(|group| group.history);
        let history = |(group, plays): (&Entrants, &bool)| GroupHistory {
            history: plays.then(|| played.next()).flatten().unwrap_or_else(|| History::new(group.items.len() as u32)),
            rows: group.rows.iter().map(|&row| row as u32).collect(),
        };
        let histories: Vec<GroupHistory> = self.groups.iter().zip(&self.plays).map(history).collect();
        let mut table = AdvantageTable {
            groups: self.records.groups.clone(),
            group_ids: self.records.rows.iter().map(|record| record.group).collect(),
            items: self.records.rows.iter().map(|record| record.item.as_str()).collect(),
            ..AdvantageTable::default()
        };
        fill(&mut table, &histories, &steps.aggregation, &steps.advantages)?;
        self.take_scores(&mut table, args);
        let groups = Groups::new(table.group_ids.clone());
        table.advantages = normalize(&table.rewards, &groups, None, &steps.advantages.normalize)?;
        if judge.failures > 0 {
            let reason = judge.first_failure.as_deref().unwrap_or("unknown");
            let (failed, all) = (grouped(judge.failures as f64), grouped(judge.calls as f64));
            let message = format!("{failed} of {all} questions have no answer; the first: {reason}");
            notes.push(Note::new("unanswered", message));
        }
        if !over.is_empty() {
            let (matches, groups) = (grouped(over.iter().sum::<u64>() as f64), grouped(over.len() as f64));
            let message = format!(
                "the budget had no room for {matches} matches that were due, in {groups} groups; who has none is masked"
            );
            notes.push(Note::new("over-budget", message));
        }
        notes.extend(notes::of(&table, &steps.advantages.normalize, args.steps.preset()?));
        if !global.quiet && !matches!(Format::of(global, Format::Table)?, Format::Json) {
            let _ = writeln!(io::stderr(), "{}", shown::judge(&judge, progress));
        }
        Ok(Outcome { table, histories, judge, notes })
    }

    /// Groups that are not played take their score for a reward.
    fn take_scores(&self, table: &mut AdvantageTable, args: &TournamentArgs) {
        for (group, _) in self.groups.iter().zip(&self.plays).filter(|(_, plays)| !**plays) {
            let scores: Vec<f64> = group.rows.iter().map(|&row| self.scores[row]).collect();
            let ranks = ranks(&scores, args.steps.rank_ties());
            for ((&row, score), rank) in group.rows.iter().zip(scores).zip(ranks) {
                table.rewards[row] = score;
                table.ranks[row] = rank.unwrap_or(f64::NAN);
            }
        }
    }

    fn default_format(&self) -> Format {
        match self.format {
            InputFormat::Csv | InputFormat::Tsv => Format::Csv,
            InputFormat::Jsonl => Format::Jsonl,
        }
    }
}

/// What came out.
struct Outcome {
    table: AdvantageTable,
    histories: Vec<GroupHistory>,
    judge: JudgeReport,
    notes: Vec<Note>,
}

impl Outcome {
    /// All matches, those without a result among them, by group and number.
    fn rows<'e>(&self, entry: &'e Entry) -> Vec<MatchRow<'e>> {
        let mut rows = Vec::new();
        for (group, played) in entry.groups.iter().zip(&self.histories) {
            let history = &played.history;
            let answered = history.played().map(|played| (played.game, Some(played.result)));
            let mut matches: Vec<_> = answered.chain(history.unanswered().map(|game| (game, None))).collect();
            matches.sort_by_key(|(game, _)| game.id);
            for (game, result) in matches {
                let names = [game.left, game.right].map(|item| group.items[item as usize].name.as_str());
                rows.push(MatchRow::new(&group.group, names, game, result));
            }
        }
        rows
    }

    #[expect(clippy::too_many_arguments, reason = "all that a report tells")]
    fn write(
        &self,
        entry: &Entry,
        steps: &Steps,
        settings: &PlaySettings,
        judge: &str,
        output: Output,
        args: &TournamentArgs,
        global: &Global,
    ) -> anyhow::Result<Ended> {
        #[derive(Serialize)]
        struct Result<'a> {
            #[serde(flatten)]
            table: &'a AdvantageTable,
            matches: Vec<MatchRow<'a>>,
            judge: &'a JudgeReport,
        }
        warn(&self.notes, global);
        match Format::of(global, entry.default_format())? {
            Format::Table => output.write(advantages_shown::advantages(&self.table).as_bytes())?,
            Format::Csv => output.write_with(|out| Ok(self.table.write_csv(out)?))?,
            Format::Jsonl => output.write_with(|out| Ok(self.table.write_jsonl(out)?))?,
            Format::Markdown => output.write_with(|out| Ok(self.table.write_markdown(out)?))?,
            Format::Json => {
                let told = report_settings(steps, settings, judge, args);
                let result = Result { table: &self.table, matches: self.rows(entry), judge: &self.judge };
                output.write(&Report::new("tournament", told, &entry.inputs, &self.notes, result).to_json()?)?;
            }
        }
        Ok(Ended::with(&self.notes))
    }
}

/// All that changes a number, as it was resolved.
fn report_settings(steps: &Steps, settings: &PlaySettings, judge: &str, args: &TournamentArgs) -> Value {
    json!({
        "play": settings,
        "judge": judge,
        "seeds_by": args.seeds_by,
        "only_constant": args.only_constant,
        "dedupe": args.dedupe,
        "preset": args.steps.preset,
        "aggregate": steps.aggregation,
        "reward": steps.advantages.reward,
        "normalize": steps.advantages.normalize,
    })
}

/// A place for the matches.
struct MatchesOutput {
    output: Output,
    format: Format,
}

impl MatchesOutput {
    fn open(path: &Path, global: &Global) -> anyhow::Result<Self> {
        let own = Global { format: None, output: Some(path.to_owned()), ..*global };
        let format = Format::of(&own, Format::Csv)?;
        if !matches!(format, Format::Csv | Format::Jsonl) {
            bail!(
                "--matches {}: matches are written as CSV or JSON lines; give the extension .csv or .jsonl",
                path.display()
            );
        }
        Ok(Self { output: Output::open(&own)?, format })
    }

    fn write(self, rows: &[MatchRow<'_>]) -> anyhow::Result<()> {
        let bytes = if self.format == Format::Csv { matches_csv(rows)? } else { matches_jsonl(rows)? };
        self.output.write(&bytes)
    }
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
