//! The standings that a person sees.

use palio::report::rank_range;
use palio::simulation::swiss_rounds::{SwissContext, SwissRow, SwissStandings};

use crate::cli::table::{Column, drop_until_it_fits, grouped, render, shown_name, trimmed, width, wrapped};

/// Standings as text.
pub(in crate::cli) fn standings(standings: &SwissStandings, context: &SwissContext) -> String {
    let width = width();
    header(standings, context, width) + "\n" + &rows(standings, context, width)
}

fn header(standings: &SwissStandings, context: &SwissContext, width: usize) -> String {
    let rounds = counted(context.rounds.len() as u64, "round");
    let played = format!("{} models in {rounds}", grouped(context.items.len() as f64));
    let mut parts = vec![match standings.runs {
        Some(runs) => format!("{} of {played}", counted(runs, "tournament")),
        None => format!("all tournaments of {played}, exactly"),
    }];
    if standings.partial {
        parts.push("stopped before the end".to_owned());
    }
    parts.push(eliminated(&context.eliminate));
    if let Some(paired) = standings.paired {
        parts.push(format!("paired in {:.0}% of rounds", 100.0 * paired));
    }
    if standings.samples > 0 {
        let (level, samples) = (trimmed(context.level * 100.0), grouped(standings.samples as f64));
        parts.push(format!("range: {level}% over {samples} samples of the benchmarks"));
    }
    if standings.orders > 1 {
        let orders = grouped(standings.orders as f64);
        let orders = if context.shuffled { format!("these {orders}") } else { format!("{orders} other") };
        parts.push(format!("order: ± in rank over {orders} orders"));
    }
    wrapped(&parts, width)
}

fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number as f64), if number == 1 { "" } else { "s" })
}

fn eliminated(numbers: &[u32]) -> String {
    match numbers {
        [first, rest @ ..] if rest.iter().all(|number| number == first) => match first {
            0 => "nobody eliminated".to_owned(),
            number => format!("{number} eliminated after each round"),
        },
        _ => format!("{} eliminated in all", grouped(numbers.iter().map(|&number| f64::from(number)).sum())),
    }
}

fn rows(standings: &SwissStandings, context: &SwissContext, width: usize) -> String {
    let items = &standings.items;
    let decimals = decimals(items);
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let optional = |value: Option<String>| value.unwrap_or_default();
    let eliminates = context.eliminate.iter().any(|&number| number > 0);
    let mut columns = vec![
        Column::new("rank", true, items, |row| row.rank.to_string()),
        Column::new("range", false, items, |row| optional(rank_range(row.rank_best, row.rank_worst))),
        Column::new("model", false, items, |row| shown_name(&row.item, width)),
        Column::new("score", true, items, |row| score(row, decimals)),
        Column::new("sd", true, items, |row| format!("{:.1}", row.std_dev)),
        Column::new("first", true, items, |row| percent(row.win_probability)),
        Column::new("rounds", true, items, |row| {
            optional(eliminates.then(|| format!("{:.1}", rounds_played(&row.survival))))
        }),
        Column::new("opponents", true, items, |row| {
            optional(row.mean_opponent_score.map(|score| format!("{score:.1}")))
        }),
        Column::new("order", true, items, |row| optional(row.order_spread.map(|spread| format!("±{spread:.1}")))),
        Column::new("slope", true, items, slope),
        Column::new("by mean", true, items, |row| optional(row.mean_score_rank.map(|rank| rank.to_string()))),
        Column::new("", false, items, |row| row.profile.map_or_else(String::new, |it| it.words().to_owned())),
    ];
    drop_until_it_fits(&mut columns, width, &["opponents", "sd", "rounds", "first"]);
    render(&columns)
}

fn score(row: &SwissRow, decimals: usize) -> String {
    match row.mc_error {
        Some(error) if error > 0.0 => format!("{:.decimals$} ±{error:.decimals$}", row.expected_score),
        _ => format!("{:.decimals$}", row.expected_score),
    }
}

/// How many rounds a model is active in on average: the first, and each whose round before it survives.
fn rounds_played(survival: &[f64]) -> f64 {
    1.0 + survival[..survival.len().saturating_sub(1)].iter().sum::<f64>()
}

fn slope(row: &SwissRow) -> String {
    match (row.sensitivity, row.sensitivity_error) {
        (Some(slope), Some(error)) if error > 0.0 => format!("{slope:.3} ±{error:.3}"),
        (Some(slope), _) => format!("{slope:.3}"),
        _ => String::new(),
    }
}

/// As many decimals as the middle one of the Monte Carlo errors leaves; three where there is none.
fn decimals(items: &[SwissRow]) -> usize {
    let mut errors: Vec<f64> = items.iter().filter_map(|row| row.mc_error).filter(|&error| error > 0.0).collect();
    errors.sort_by(f64::total_cmp);
    let middle = errors.get(errors.len() / 2);
    middle.map_or(3, |error| (-error.log10()).ceil().clamp(1.0, 4.0) as usize)
}
