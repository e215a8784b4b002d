//! The judge that the arguments ask for.

use anyhow::Context;
use palio::data::Log;
use palio::data::read::{Comparisons, Keep, LabelColumn, ReadOptions, Role, read};
use palio::data::records::Records;
use palio::judges::{Entrants, Judge, LineJudge, LogJudge, ModelJudge, PlaySettings};

use super::arguments::TournamentArgs;

/// The judge, for items that it may want to know. A simulated one adds its own margin.
pub(super) fn judge(
    args: &TournamentArgs,
    records: &Records,
    groups: &[Entrants],
    settings: &mut PlaySettings,
) -> anyhow::Result<Box<dyn Judge>> {
    let judge = &args.judge;
    let identity = judge.judge_id.as_deref();
    let lines = judge.line_settings()?;
    if let Some(command) = &judge.judge_command {
        return Ok(Box::new(LineJudge::command(command, identity, lines)));
    }
    if let Some(path) = &judge.judge_log {
        let wanted = ReadOptions {
            keep: Keep::Rows,
            labels: vec![LabelColumn::Role(Role::Group)],
            keep_scores: true,
            uid_is_group: true,
            ..ReadOptions::default()
        };
        let reading = read(&[path], &wanted)?;
        let group = reading.notes.label_roles.first().map(|(_, column)| column.as_str());
        let hashes: Vec<&str> = reading.inputs.iter().map(|input| input.xxh3.as_str()).collect();
        let own = format!("log {}", hashes.join(" "));
        let log = match reading.comparisons {
            Comparisons::Rows(log) => log,
            Comparisons::Counts(tally) => Log::new(tally.items().clone()),
        };
        return Ok(Box::new(LogJudge::new(&log, group).identified(identity.unwrap_or(&own))));
    }
    if let Some(path) = &judge.judge_model {
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
        let model = ModelJudge::new(&text, records, groups, settings.seed);
        let model = model.with_context(|| path.display().to_string())?;
        settings.margin = settings.margin.max(model.tie_margin());
        return Ok(Box::new(model));
    }
    Ok(Box::new(LineJudge::stdio(identity, lines)))
}
