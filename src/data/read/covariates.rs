//! Covariates: what a column, or two columns of the two sides, say of a row beside its outcome.

use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

/// A covariate to be read, and how it is made of columns.
///
/// Written as `NAME=FORMULA` or only `FORMULA`, which is then the name too. A formula is a column, as it stands
/// (`length_lead`), a difference of two (`tokens_a-tokens_b`), or the same of the two columns that braces stand for
/// (`conv_metadata.sum_assistant_{a,b}_tokens`, left first); `relative(…)` around either divides the
/// difference by the sum of the two, and is 0 where both are 0. Columns may be dotted paths; one that holds an object
/// of numbers counts as their sum.
///
/// ```
/// use palio::data::read::CovariateColumn;
///
/// let length: CovariateColumn = "length=relative(tokens_{a,b})".parse()?;
/// assert_eq!(length.name(), "length");
/// # Ok::<(), palio::data::read::FormulaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct CovariateColumn {
    name: String,
    formula: String,
    pub(super) relative: bool,
    pub(super) operands: Operands,
}

/// The columns of a formula by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operands {
    /// One column, or a difference of two if there is none of that name.
    Written(String),
    /// The columns of the left and of the right item.
    Sides([String; 2]),
}

/// Why a text is no covariate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "'{text}' is no covariate: {reason}; write NAME=COLUMN, NAME=COLUMN-COLUMN, NAME=some_{{a,b}}_column or \
     NAME=relative(some_{{a,b}}_column)"
)]
pub struct FormulaError {
    text: String,
    reason: &'static str,
}

/// The names and the formulas of what arenas control for.
const STYLE: [[&str; 2]; 4] = [
    ["length", "relative(conv_metadata.sum_assistant_{a,b}_tokens)"],
    ["headers", "relative(conv_metadata.header_count_{a,b})"],
    ["lists", "relative(conv_metadata.list_count_{a,b})"],
    ["bold", "relative(conv_metadata.bold_count_{a,b})"],
];

impl CovariateColumn {
    /// What the public arenas control for: the relative differences (a − b)/(a + b) in length, headers, lists
    /// and bold type, from their column `conv_metadata`.
    ///
    /// # Source
    /// Li, Angelopoulos and Chiang, "Does style matter?" (LMSYS, 2024). FastChat adds 1 to the sums of counts, so
    /// that its ratios are a little nearer 0.
    pub fn style() -> Vec<Self> {
        STYLE.iter().filter_map(|[name, formula]| format!("{name}={formula}").parse().ok()).collect()
    }

    /// The covariates in a text in which commas separate them; commas inside of braces don't.
    ///
    /// # Errors
    /// If one of them is no covariate.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FormulaError> {
        let mut depth = 0_i32;
        let parts = text.split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth <= 0
        });
        parts.map(str::parse).collect()
    }

    /// What it is called in results.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for CovariateColumn {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, FormulaError> {
        let error = |reason| FormulaError { text: text.to_owned(), reason };
        let (name, formula) = text.split_once('=').map_or((text, text), |(name, formula)| (name, formula));
        let (name, formula) = (name.trim(), formula.trim());
        if name.is_empty() {
            return Err(error("it has no name"));
        }
        let inside = formula.strip_prefix("relative(").map(|rest| rest.strip_suffix(')'));
        let written = match inside {
            Some(None) => return Err(error("the parenthesis of relative( is not closed")),
            Some(Some(inside)) => inside.trim(),
            None => formula,
        };
        if written.is_empty() {
            return Err(error("it names no column"));
        }
        let operands = sides(written).map_err(error)?;
        let relative = inside.is_some();
        if relative && matches!(&operands, Operands::Written(text) if !text.contains('-')) {
            return Err(error("relative( ) needs the columns of both sides"));
        }
        Ok(Self { name: name.to_owned(), formula: formula.to_owned(), relative, operands })
    }
}

/// The two columns that braces stand for, if there are braces.
fn sides(written: &str) -> Result<Operands, &'static str> {
    let Some((before, rest)) = written.split_once('{') else {
        return if written.contains('}') {
            Err("a brace is not opened")
        } else {
            Ok(Operands::Written(written.to_owned()))
        };
    };
    let (inside, after) = rest.split_once('}').ok_or("a brace is not closed")?;
    if after.contains(['{', '}']) || inside.contains('{') {
        return Err("only one pair of braces can name the sides");
    }
    let (left, right) = inside.split_once(',').ok_or("braces hold the names of both sides, such as {a,b}")?;
    if right.contains(',') || left.trim() == right.trim() {
        return Err("braces hold the names of both sides, such as {a,b}");
    }
    Ok(Operands::Sides([left, right].map(|side| format!("{before}{}{after}", side.trim()))))
}

impl From<CovariateColumn> for String {
    fn from(column: CovariateColumn) -> Self {
        format!("{}={}", column.name, column.formula)
    }
}

/// A covariate as indices of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formula {
    pub(super) left: Term,
    /// What is taken off it.
    pub(super) right: Option<Term>,
    pub(super) relative: bool,
}

/// A number of a row: the sum of some columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) columns: Vec<usize>,
}

impl Formula {
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        let right = self.right.iter().flat_map(|term| &term.columns);
        self.left.columns.iter().chain(right).copied()
    }

    /// The value of a row in which the terms have these values, if there is one: relative differences are of amounts.
    #[inline]
    pub(super) fn value(&self, left: f64, right: f64) -> Option<f64> {
        let sum = left + right;
        let value = match (&self.right, self.relative) {
            (None, _) => left,
            (Some(_), false) => left - right,
            (Some(_), true) if left < 0.0 || right < 0.0 => return None,
            (Some(_), true) if sum == 0.0 => 0.0,
            (Some(_), true) => (left - right) / sum,
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> CovariateColumn {
        text.parse().unwrap()
    }

    #[test]
    fn braces_name_the_columns_of_both_sides() {
        let column = parsed("len=conv_metadata.sum_assistant_{a,b}_tokens");
        let sides = ["conv_metadata.sum_assistant_a_tokens", "conv_metadata.sum_assistant_b_tokens"];
        assert_eq!(column.operands, Operands::Sides(sides.map(str::to_owned)));
        assert_eq!((column.name(), column.relative), ("len", false));
        assert!(parsed("relative( price_{left, right} )").relative);
        assert_eq!(parsed("lead").operands, Operands::Written("lead".to_owned()));
    }

    #[test]
    fn commas_outside_of_braces_separate_covariates() {
        let names = |text: &str| -> Vec<String> {
            CovariateColumn::parse_list(text).unwrap().iter().map(|it| it.name().to_owned()).collect()
        };
        assert_eq!(names("x_{a,b}, y=z_a-z_b,w"), ["x_{a,b}", "y", "w"]);
        assert_eq!(CovariateColumn::style().len(), STYLE.len());
    }

    #[test]
    fn what_is_no_covariate_is_told_apart() {
        for (text, part) in [
            ("", "no name"),
            ("=x", "no name"),
            ("n=", "no column"),
            ("n=x_{a,b", "not closed"),
            ("n=x_a}", "not opened"),
            ("n=x_{a}", "both sides"),
            ("n=x_{a,a}", "both sides"),
            ("n=x_{a,b}_{a,b}", "one pair"),
            ("n=relative(x_{a,b}", "parenthesis"),
            ("n=relative(x)", "both sides"),
        ] {
            let message = text.parse::<CovariateColumn>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn a_relative_difference_of_nothing_is_nothing() {
        let term = || Term { columns: vec![0] };
        let formula = Formula { left: term(), right: Some(term()), relative: true };
        let plain = Formula { relative: false, ..formula.clone() };
        let values = vec![formula.value(3.0, 1.0), formula.value(0.0, 0.0), plain.value(3.0, 1.0)];
        assert_eq!(values, [Some(0.5), Some(0.0), Some(2.0)]);
        assert_eq!((formula.value(3.0, -1.0), plain.value(3.0, -1.0)), (None, Some(4.0)));
    }
}
