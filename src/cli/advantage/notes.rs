//! What a user of advantages must know.

use palio::advantages::{
    AdvantageSettings, Aggregation, Missing, Normalization, Normalizer, PresetEntry, Reward, Singleton,
};
use palio::data::{ItemId, Items, Log};
use palio::report::AdvantageTable;
use palio::structure::Note;
use rayon::prelude::*;

use super::contests::GroupHistory;
use crate::cli::table::grouped;

/// Presets whose code needs as many samples in each group, and what it does where they differ.
const EVEN: &[(&str, &str)] = &[
    ("grpo-trl", "TRL takes num_generations samples one after another for a group"),
    ("openrlhf", "OpenRLHF takes n_samples_per_prompt samples one after another for a group"),
    ("slime", "slime takes all samples for one group then"),
];

/// The reward that draws a reference in each group.
const BRPO: &str = "brpo";

/// The known rewards of one group.
#[derive(Debug, Clone, Copy)]
struct Known {
    samples: u32,
    rewards: u32,
    lowest: f64,
    highest: f64,
}

/// What the rewards of all groups have the user know.
pub(in crate::cli) fn of(
    table: &AdvantageTable,
    settings: &AdvantageSettings,
    preset: Option<&PresetEntry>,
) -> Vec<Note> {
    let groups = known(table);
    let normalize = &settings.normalize;
    let notes = [
        masked(table, normalize),
        singletons(table, &groups, normalize),
        constant(table, &groups, normalize),
        preset.and_then(|preset| uneven(&groups, preset)),
        skewed(table, &groups, &settings.reward),
        without_reference(table, &groups, &settings.reward),
    ];
    notes.into_iter().flatten().collect()
}

fn known(table: &AdvantageTable) -> Vec<Known> {
    let none = Known { samples: 0, rewards: 0, lowest: f64::INFINITY, highest: f64::NEG_INFINITY };
    let mut groups = vec![none; table.groups.len()];
    for (&id, &reward) in table.group_ids.iter().zip(&table.rewards) {
        let group = &mut groups[id as usize];
        group.samples += 1;
        if reward.is_finite() {
            group.rewards += 1;
            group.lowest = group.lowest.min(reward);
            group.highest = group.highest.max(reward);
        }
    }
    groups
}

/// The groups for which `is` holds as words, such as `3 of 10 groups (a, b, c)`; nothing if there is none.
fn which(table: &AdvantageTable, groups: &[Known], is: impl Fn(&Known) -> bool) -> Option<String> {
    let found: Vec<ItemId> = (0..).zip(groups).filter(|(_, group)| is(group)).map(|(place, _)| ItemId(place)).collect();
    named(&table.groups, &found)
}

/// These groups as words, of which the first few are named; nothing if there is none.
pub(in crate::cli) fn named(groups: &Items, found: &[ItemId]) -> Option<String> {
    const NAMED: usize = 3;
    if found.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = found.iter().take(NAMED).map(|&group| groups.name(group)).collect();
    if found.len() > NAMED {
        names.push("…");
    }
    let (found, all) = (grouped(found.len() as f64), grouped(groups.len() as f64));
    Some(format!("{found} of {all} groups ({})", names.join(", ")))
}

fn masked(table: &AdvantageTable, settings: &Normalization) -> Option<Note> {
    let masked = table.rewards.iter().filter(|reward| !reward.is_finite()).count();
    let advantage = match settings.missing {
        Missing::Mask => "no advantage",
        Missing::Zero => "the advantage 0",
    };
    let message = format!(
        "{} of {} samples have no reward: they count nowhere and have {advantage}",
        grouped(masked as f64),
        grouped(table.len() as f64)
    );
    (masked > 0).then(|| Note::new("masked-samples", message))
}

fn singletons(table: &AdvantageTable, groups: &[Known], settings: &Normalization) -> Option<Note> {
    if matches!(settings.normalizer, Normalizer::None | Normalizer::Global) {
        return None;
    }
    let found = which(table, groups, |group| group.rewards == 1)?;
    let advantage = match settings.singleton {
        Singleton::Zero => "0",
        Singleton::Raw => "that reward",
        Singleton::RawOverOnePlusEps => "that reward over 1 + eps",
    };
    let message = format!("{found} have a single reward, which nothing is held against; its advantage is {advantage}");
    Some(Note::new("singleton-groups", message))
}

fn constant(table: &AdvantageTable, groups: &[Known], settings: &Normalization) -> Option<Note> {
    if matches!(settings.normalizer, Normalizer::None | Normalizer::Global | Normalizer::LengthWeighted) {
        return None;
    }
    #[expect(clippy::float_cmp, reason = "rewards that are equal have no spread")]
    let found = which(table, groups, |group| group.rewards > 1 && group.lowest == group.highest)?;
    let message =
        format!("{found} have equal rewards, so that all their advantages are 0: nothing is learnt from them");
    Some(Note::new("constant-groups", message))
}

fn uneven(groups: &[Known], preset: &PresetEntry) -> Option<Note> {
    let (_, words) = EVEN.iter().find(|(name, _)| *name == preset.name)?;
    let sizes = || groups.iter().map(|group| group.samples);
    let (fewest, most) = (sizes().min()?, sizes().max()?);
    let message =
        format!("groups have from {fewest} to {most} samples; {words}, while here each group is taken by its name");
    (fewest < most).then(|| Note::new("uneven-groups", message))
}

/// Groups that BRPO drops: of two rewards or more that it keeps, all but one are 1 or −1.
fn skewed(table: &AdvantageTable, groups: &[Known], reward: &Reward) -> Option<Note> {
    let is_dropped = |group: &Known| group.rewards > 1 && group.lowest == 0.0 && group.highest == 0.0;
    let found = which(table, groups, is_dropped).filter(|_| reward.entry().name == BRPO)?;
    let threshold = reward.settings().get("threshold").unwrap_or("0.6");
    let message = format!(
        "{found} have rewards of 0 only: brpo drops groups that nearly all lie on one side of the reference, with \
         |sum of rewards| above {threshold} of the number of items; --set threshold=1 keeps them"
    );
    Some(Note::new("skewed-groups", message))
}

/// Groups in which BRPO finds nobody to hold the others against.
fn without_reference(table: &AdvantageTable, groups: &[Known], reward: &Reward) -> Option<Note> {
    let found = which(table, groups, |group| group.samples > 1 && group.rewards == 0);
    let found = found.filter(|_| reward.entry().name == BRPO && !table.results.is_empty())?;
    let message = format!(
        "{found} have no item that met all others, and brpo needs one for a reference: in a tournament, play \
         --topology anchor or round-robin"
    );
    Some(Note::new("no-reference", message))
}

/// Groups whose only item meets nobody, in a tournament.
pub(in crate::cli) fn alone(table: &AdvantageTable) -> Option<Note> {
    let found = which(table, &known(table), |group| group.samples == 1 && group.rewards == 0)?;
    let message = format!("{found} have a single item, which meets nobody: it has no reward and is masked");
    Some(Note::new("singleton-groups", message))
}

pub(super) fn rows_without_group(rows: usize) -> Option<Note> {
    let message = format!("{} rows have no group and are left out", grouped(rows as f64));
    (rows > 0).then(|| Note::new("rows-without-group", message))
}

/// Rows in which an aggregation that reads scores finds none, or none but shares of a win.
pub(super) fn rows_without_scores(log: &Log, aggregation: Aggregation) -> Option<Note> {
    let scores = || (0..log.len()).filter_map(|row| log.scores(row));
    let (without, all) = (log.len() - scores().count(), grouped(log.len() as f64));
    if without > 0 {
        let message = format!(
            "{} of {all} rows have no scores of the judge (score_a, score_b): there a win stands for 1 and a loss for 0",
            grouped(without as f64)
        );
        return Some(Note::new("rows-without-scores", message));
    }
    let message = format!(
        "the scores of all {all} rows add up to 1, as shares of a win do: if the judge gave winners and no scores, {} \
         tells no more than win-rate",
        aggregation.name()
    );
    let are_shares = scores().all(|[left, right]| (left + right - 1.0).abs() < 1e-9);
    (are_shares && !log.is_empty()).then(|| Note::new("scores-are-shares", message))
}

/// Groups whose items fall into parts that never met.
pub(in crate::cli) fn disconnected(groups: &Items, histories: &[GroupHistory]) -> Option<Note> {
    let apart: Vec<bool> = histories.par_iter().map(is_disconnected).collect();
    let found: Vec<ItemId> = (0..).zip(apart).filter(|(_, apart)| *apart).map(|(group, _)| ItemId(group)).collect();
    let found = named(groups, &found)?;
    let message = format!("{found} fall into parts that never met, whose samples are not really comparable");
    Some(Note::new("disconnected-groups", message))
}

fn is_disconnected(group: &GroupHistory) -> bool {
    let mut parents: Vec<usize> = (0..group.history.items()).collect();
    let mut parts = parents.len();
    for played in group.history.played() {
        let [left, right] = [played.game.left, played.game.right].map(|item| root(&mut parents, item as usize));
        if left != right {
            parents[left] = right;
            parts -= 1;
        }
    }
    parts > 1
}

/// The root of an item's part; the way there is halved.
fn root(parents: &mut [usize], mut item: usize) -> usize {
    while parents[item] != item {
        parents[item] = parents[parents[item]];
        item = parents[item];
    }
    item
}
