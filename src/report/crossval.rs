//! Cross-validations as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::leaderboard::{escaped, lines, text};
use crate::validation::{Crossval, HeldOut, LossDifference, MethodScore};

/// A cross-validation with the settings of its raters, in the order of a report's keys.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The raters.
    pub methods: Vec<MethodLine>,
    /// Each rater against each one after it.
    pub differences: Vec<LossDifference>,
    /// The rater of the lowest loss.
    pub lowest: String,
    /// The first within one standard error of it.
    pub best: String,
    /// What was held out.
    pub held_out: HeldOut,
    /// The difference of each rater from the one of the lowest loss; `None` for that one.
    #[serde(skip)]
    pub from_lowest: Vec<Option<LossDifference>>,
}

/// The scores of a rater and its settings.
#[derive(Debug, Serialize)]
pub struct MethodLine {
    /// The scores.
    #[serde(flatten)]
    pub score: MethodScore,
    /// All settings, as they were given or by default.
    pub settings: Map<String, Value>,
}

/// A rater on a line of its own.
#[derive(Debug, Serialize)]
struct RaterLine<'a> {
    #[serde(flatten)]
    line: &'a MethodLine,
    from_lowest: Option<&'a LossDifference>,
    best: bool,
}

const COLUMNS: [&str; 10] = [
    "method",
    "log_loss",
    "std_error",
    "difference_from_lowest",
    "difference_std_error",
    "brier",
    "accuracy",
    "calibration_slope",
    "calibration_error",
    "best",
];

impl Compared {
    /// A result, and the settings of each of its raters.
    pub fn new(found: Crossval, settings: Vec<Map<String, Value>>) -> Self {
        let from_lowest = found.methods.iter().map(|it| found.difference(&it.method, &found.lowest)).collect();
        let lines = found.methods.into_iter().zip(settings);
        Self {
            methods: lines.map(|(score, settings)| MethodLine { score, settings }).collect(),
            differences: found.differences,
            lowest: found.lowest,
            best: found.best,
            held_out: found.held_out,
            from_lowest,
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&MethodScore, Option<&LossDifference>)> {
        self.methods.iter().map(|it| &it.score).zip(self.from_lowest.iter().map(Option::as_ref))
    }

    /// One row a rater with a header, numbers in full.
    ///
    /// # Errors
    /// None that writing to memory can have.
    pub fn to_csv(&self) -> Result<Vec<u8>, std::io::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS)?;
        for (it, difference) in self.rows() {
            writer.write_record([
                it.method.clone(),
                it.log_loss.to_string(),
                text(it.std_error),
                text(difference.map(|it| it.log_loss)),
                text(difference.and_then(|it| it.std_error)),
                it.brier.to_string(),
                it.accuracy.to_string(),
                text(it.calibration.slope),
                it.calibration.expected_error.to_string(),
                (it.method == self.best).to_string(),
            ])?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    /// One JSON object a rater, one a line: the keys of the JSON report's `methods`, its difference from the
    /// lowest loss (`null` for that one), and whether it is the best.
    ///
    /// # Errors
    /// None that a score can have.
    pub fn to_jsonl(&self) -> serde_json::Result<Vec<u8>> {
        lines(self.methods.iter().zip(&self.from_lowest).map(|(line, from_lowest)| RaterLine {
            line,
            from_lowest: from_lowest.as_ref(),
            best: line.score.method == self.best,
        }))
    }

    /// One row a rater as a Markdown table, numbers rounded for reading.
    pub fn to_markdown(&self) -> Vec<u8> {
        let mut out = String::from(
            "| method | log loss | difference from lowest | Brier | accuracy | calibration slope | calibration error |\n|:--|--:|--:|--:|--:|--:|--:|\n",
        );
        for (it, difference) in self.rows() {
            let name =
                if it.method == self.best { format!("**{}**", escaped(&it.method)) } else { escaped(&it.method) };
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {:.4} | {:.1}% | {} | {:.1}% |",
                with_error(it.log_loss, it.std_error, false),
                difference.map_or_else(|| "lowest".to_owned(), |it| with_error(it.log_loss, it.std_error, true)),
                it.brier,
                100.0 * it.accuracy,
                it.calibration.slope.map_or_else(|| "–".to_owned(), |slope| format!("{slope:.2}")),
                100.0 * it.calibration.expected_error,
            );
        }
        out.into_bytes()
    }
}

/// A difference of losses with its sign and four digits; what rounds to nothing is +0.0000.
pub fn signed(difference: f64) -> String {
    format!("{:+.4}", (difference * 1e4).round() / 1e4 + 0.0)
}

/// A loss and its standard error with four digits; differences with their sign.
fn with_error(value: f64, error: Option<f64>, is_difference: bool) -> String {
    let value = if is_difference { signed(value) } else { format!("{value:.4}") };
    error.map_or_else(|| value.clone(), |error| format!("{value} ±{error:.4}"))
}
