//! `palio advantage`: comparisons or scores in groups to advantages.

mod arguments;
mod brackets;
mod comparisons;
pub(super) mod contests;
pub(super) mod notes;
mod rounds;
mod scores;
pub(super) mod shown;

use anyhow::bail;
use palio::advantages::AdvantageSettings;
use palio::data::read::{
    Input, InputFormat, Keep, LabelColumn, ReadOptions, Role, SampleOptions, SamplesOrLog, read_samples_or_log,
};
use palio::report::{AdvantageTable, Report};
use palio::structure::Note;
use serde_json::{Value, json};

pub(crate) use self::arguments::AdvantageArgs;
pub(super) use self::arguments::{ColumnArgs, RulesArg, StepArgs};
use super::input;
use super::output::{Format, Output, warn};
use super::{Ended, Global};

/// Reads, computes and writes.
pub(super) fn run(args: &AdvantageArgs, global: &Global) -> anyhow::Result<Ended> {
    let settings = args.steps.settings(global.seed)?;
    Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let made = Made::of(args, settings)?;
    warn(&made.notes, global);
    let format = Format::of(global, made.default_format())?;
    let ended = Ended::with(&made.notes);
    made.write(format, output, args, global)?;
    Ok(ended)
}

/// Advantages, and what they were made of.
#[derive(Debug)]
struct Made {
    table: AdvantageTable,
    settings: AdvantageSettings,
    inputs: Vec<Input>,
    format: InputFormat,
    notes: Vec<Note>,
}

impl Made {
    fn of(args: &AdvantageArgs, settings: AdvantageSettings) -> anyhow::Result<Self> {
        let labels = [Role::Group, Role::Round, Role::Stage].map(LabelColumn::Role).to_vec();
        let wanted =
            ReadOptions { keep: Keep::Rows, labels, keep_scores: true, uid_is_group: true, ..ReadOptions::default() };
        let group = args.reading.group().map(str::to_owned);
        let samples = args.samples.options(settings.reward.entry().reads);
        let samples = SampleOptions { group, one_group: args.one_group, ..samples };
        let read = read_samples_or_log(&args.inputs, &samples, &args.reading.options(wanted))?;
        let preset = args.steps.preset()?;
        let (settings, table, inputs, format, mut notes) = match read {
            SamplesOrLog::Samples(reading) => {
                refuse_for_scores(args)?;
                let table = scores::advantages(reading.samples, args, &settings)?;
                (AdvantageSettings { aggregate: None, ..settings }, table, reading.inputs, reading.format, Vec::new())
            }
            SamplesOrLog::Log(reading) => {
                args.samples.refuse_for_a_log()?;
                let notes = input::notes(&args.reading, &reading);
                let (inputs, format) = (reading.inputs.clone(), reading.format);
                let compared = comparisons::advantages(reading, args, settings)?;
                (compared.settings, compared.table, inputs, format, [notes, compared.notes].concat())
            }
        };
        notes.extend(notes::of(&table, &settings, preset));
        Ok(Self { table, settings, inputs, format, notes })
    }

    /// The format of the input.
    fn default_format(&self) -> Format {
        match self.format {
            InputFormat::Csv | InputFormat::Tsv | InputFormat::Parquet => Format::Csv,
            InputFormat::Jsonl => Format::Jsonl,
        }
    }

    fn write(&self, format: Format, output: Output, args: &AdvantageArgs, global: &Global) -> anyhow::Result<()> {
        match format {
            Format::Table => output.write(shown::advantages(&self.table).as_bytes()),
            Format::Csv => output.write_with(|out| Ok(self.table.write_csv(out)?)),
            Format::Jsonl => output.write_with(|out| Ok(self.table.write_jsonl(out)?)),
            Format::Markdown => output.write_with(|out| Ok(self.table.write_markdown(out)?)),
            Format::Json => {
                let settings = self.report_settings(args, global)?;
                output.write(&Report::new("advantage", settings, &self.inputs, &self.notes, &self.table).to_json()?)
            }
        }
    }

    /// All that changes a number, as it was resolved.
    fn report_settings(&self, args: &AdvantageArgs, global: &Global) -> anyhow::Result<Value> {
        Ok(json!({
            "preset": args.steps.preset()?.map(|preset| preset.name),
            "aggregate": self.settings.aggregate,
            "rank_ties": args.steps.rank_ties(),
            "reward": self.settings.reward,
            "normalize": self.settings.normalize,
            "samples": args.samples,
            "one_group": args.one_group,
            "reading": args.reading,
            "seed": global.seed,
        }))
    }
}

/// Refuses options that say something of comparisons.
fn refuse_for_scores(args: &AdvantageArgs) -> anyhow::Result<()> {
    let given = args.steps.aggregates().map(str::to_owned);
    if let Some(option) = given.or_else(|| args.reading.first_given_beside(&["group"])) {
        bail!("{option} goes with a log of comparisons; this is a table of scores");
    }
    Ok(())
}
