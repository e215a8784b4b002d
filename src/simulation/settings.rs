//! What a synthetic log is made from, and what can be wrong with it.

use super::popularity::Popularity;
use super::worlds::World;

/// The largest standard deviation or bias, in log-odds: every comparison is certain long before it.
const MAX_LOG_ODDS: f64 = 500.0;
/// The most effects of a table over labels and items: 1 GiB.
const MAX_EFFECTS: usize = 1 << 27;

/// What a synthetic log is made from. [`Generator::new`](super::Generator::new) checks it.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateSettings {
    /// How many items there are: 2 or more, defaults to 20. Some may have no comparison.
    pub items: usize,
    /// How many comparisons the log has, defaults to 20,000.
    pub comparisons: u64,
    /// The probability that a comparison of two equal items ends in a tie, at least 0 and below 1,
    /// defaults to 0.2. In the worlds Bradley-Terry and cyclic it is that of every comparison; in
    /// Rao-Kupper's uneven items tie less, so that the log's share of ties is smaller.
    pub ties: f64,
    /// The law of the outcomes, defaults to Bradley-Terry.
    pub world: World,
    /// How many judges there are, each as busy as the others; 0, the default, for no judge column.
    pub judges: usize,
    /// How many tasks there are, each as frequent as the others; 0, the default, for no task column.
    pub tasks: usize,
    /// How often items are compared, defaults to uniform.
    pub popularity: Popularity,
    /// The standard deviation of the strengths, in log-odds, defaults to 1.
    pub spread: f64,
    /// The standard deviation of the normal effect that each task has on each item's log-odds,
    /// defaults to 0. Comparisons of one task are then no longer independent.
    pub task_effect: f64,
    /// The standard deviation of the normal effect that each judge has on each item's log-odds,
    /// defaults to 0.
    pub judge_effect: f64,
    /// What the left item gains by its side, in log-odds, defaults to 0; negative favours the right.
    pub position_bias: f64,
    /// What the items' names begin with, defaults to `model`: `model-00`, `model-01` and so on.
    pub prefix: String,
    /// The seed of every draw, defaults to 0.
    pub seed: u64,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            items: 20,
            comparisons: 20_000,
            ties: 0.2,
            world: World::default(),
            judges: 0,
            tasks: 0,
            popularity: Popularity::default(),
            spread: 1.0,
            task_effect: 0.0,
            judge_effect: 0.0,
            position_bias: 0.0,
            prefix: "model".to_owned(),
            seed: 0,
        }
    }
}

impl GenerateSettings {
    /// Whether a log can be made from these settings; if not, what to change. O(1).
    pub fn validate(&self) -> Result<(), GenerateError> {
        if self.items < 2 {
            return Err(GenerateError::TooFewItems(self.items));
        }
        check_count("items", self.items)?;
        check_count("judges", self.judges)?;
        check_count("tasks", self.tasks)?;
        if !(0.0..1.0).contains(&self.ties) {
            return Err(GenerateError::Ties(self.ties));
        }
        self.popularity.validate()?;
        check_deviation("spread", self.spread)?;
        if !(-MAX_LOG_ODDS..=MAX_LOG_ODDS).contains(&self.position_bias) {
            return Err(GenerateError::PositionBias(self.position_bias));
        }
        check_deviation("judge effect", self.judge_effect)?;
        self.check_effect("judge", self.judges, self.judge_effect)?;
        check_deviation("task effect", self.task_effect)?;
        self.check_effect("task", self.tasks, self.task_effect)?;
        if self.prefix.is_empty() || self.prefix.contains(|c: char| matches!(c, ',' | '"') || c.is_control()) {
            return Err(GenerateError::Prefix(self.prefix.clone()));
        }
        Ok(())
    }

    fn check_effect(&self, label: &'static str, labels: usize, effect: f64) -> Result<(), GenerateError> {
        if effect == 0.0 {
            return Ok(());
        }
        if labels == 0 {
            return Err(GenerateError::EffectOfNobody { label });
        }
        if labels.saturating_mul(self.items) > MAX_EFFECTS {
            return Err(GenerateError::TooManyEffects { label, labels, items: self.items });
        }
        Ok(())
    }
}

fn check_count(what: &'static str, count: usize) -> Result<(), GenerateError> {
    let fits = u32::try_from(count).is_ok();
    if fits { Ok(()) } else { Err(GenerateError::TooMany { what, count }) }
}

fn check_deviation(setting: &'static str, value: f64) -> Result<(), GenerateError> {
    let valid = (0.0..=MAX_LOG_ODDS).contains(&value);
    if valid { Ok(()) } else { Err(GenerateError::Deviation { setting, value }) }
}

/// Why no log can be made from the settings. Every message says what to change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// There is nothing to compare.
    #[error("a comparison needs two items, but there would be {0}: ask for 2 or more")]
    TooFewItems(usize),
    /// Ids of items, judges and tasks have 32 bits.
    #[error("{count} {what} are too many: ask for at most {max}", max = u32::MAX)]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many were asked for.
        count: usize,
    },
    /// The share of ties is no probability, or leaves no win.
    #[error("the share of ties is {0}: give at least 0 and less than 1")]
    Ties(f64),
    /// A standard deviation is negative, not a number or out of all proportion.
    #[error("the {setting} is {value}, but it is a standard deviation in log-odds: give 0 to {MAX_LOG_ODDS}")]
    Deviation {
        /// Which setting it is.
        setting: &'static str,
        /// Its value.
        value: f64,
    },
    /// The position bias is not a number or out of all proportion.
    #[error("the position bias is {0}, but it is a difference in log-odds: give -{MAX_LOG_ODDS} to {MAX_LOG_ODDS}")]
    PositionBias(f64),
    /// The exponent of Zipf's law is out of range.
    #[error("the exponent of the popularity zipf is {0}: give a number from 0 to 4")]
    Exponent(f64),
    /// Judges or tasks have effects, but there are none.
    #[error("a {label} effect needs {label}s: ask for 1 or more, or leave the effect at 0")]
    EffectOfNobody {
        /// `judge` or `task`.
        label: &'static str,
    },
    /// The effects would not fit in memory.
    #[error(
        "{labels} {label}s with effects on {items} items are more than {MAX_EFFECTS} numbers: \
         ask for fewer {label}s or items, or leave the {label} effect at 0"
    )]
    TooManyEffects {
        /// `judge` or `task`.
        label: &'static str,
        /// How many judges or tasks were asked for.
        labels: usize,
        /// How many items were asked for.
        items: usize,
    },
    /// The items' names could not be written as CSV.
    #[error("items can't be named `{0}`: give a prefix without comma, quote or control character, and not empty")]
    Prefix(String),
    /// No world has this name.
    #[error("there is no world `{0}`: choose one of {worlds}", worlds = World::ALL.map(World::name).join(", "))]
    UnknownWorld(String),
    /// These are not the words of a popularity.
    #[error("there is no popularity `{0}`: choose uniform, zipf or zipf with an exponent, as in zipf:1.2")]
    UnknownPopularity(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(settings: &GenerateSettings) -> String {
        settings.validate().unwrap_err().to_string()
    }

    fn settings() -> GenerateSettings {
        GenerateSettings::default()
    }

    #[test]
    fn the_default_settings_and_an_empty_log_are_valid() {
        assert_eq!(settings().validate(), Ok(()));
        assert_eq!(GenerateSettings { comparisons: 0, ..settings() }.validate(), Ok(()));
    }

    #[test]
    fn counts_out_of_range_are_refused() {
        let too_few = GenerateSettings { items: 1, ..settings() };
        assert_eq!(message(&too_few), "a comparison needs two items, but there would be 1: ask for 2 or more");
        let too_many = GenerateSettings { tasks: 1 << 32, ..settings() };
        assert_eq!(message(&too_many), "4294967296 tasks are too many: ask for at most 4294967295");
    }

    #[test]
    fn shares_and_deviations_out_of_range_are_refused() {
        for ties in [-0.1, 1.0, f64::NAN] {
            assert!(message(&GenerateSettings { ties, ..settings() }).ends_with("give at least 0 and less than 1"));
        }
        for spread in [-1.0, f64::INFINITY, f64::NAN] {
            let message = message(&GenerateSettings { spread, ..settings() });
            assert!(message.starts_with("the spread is") && message.ends_with("give 0 to 500"), "{message}");
        }
        let biased = GenerateSettings { position_bias: f64::NAN, ..settings() };
        assert!(message(&biased).ends_with("give -500 to 500"));
        let steep = GenerateSettings { popularity: Popularity::Zipf(9.0), ..settings() };
        assert!(message(&steep).ends_with("give a number from 0 to 4"));
    }

    #[test]
    fn effects_need_somebody_who_has_them_and_room() {
        let nobody = GenerateSettings { task_effect: 0.4, ..settings() };
        assert_eq!(message(&nobody), "a task effect needs tasks: ask for 1 or more, or leave the effect at 0");
        let nobody = GenerateSettings { judge_effect: 0.4, ..settings() };
        assert!(message(&nobody).starts_with("a judge effect needs judges"));
        let large = GenerateSettings { items: 50_000, tasks: 50_000, task_effect: 0.4, ..settings() };
        assert!(message(&large).contains("ask for fewer tasks or items"));
        assert_eq!(GenerateSettings { task_effect: 0.0, ..large }.validate(), Ok(()));
    }

    #[test]
    fn a_prefix_that_would_break_the_csv_is_refused() {
        for prefix in ["", "a,b", "a\"", "a\n"] {
            let refused = GenerateSettings { prefix: prefix.to_owned(), ..settings() };
            assert!(message(&refused).contains("without comma, quote or control character"));
        }
    }
}
