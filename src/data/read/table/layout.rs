//! Which columns of a table hold what.

use super::super::columns::{Header, check_unique, missing, usual};
use super::super::error::ReadError;
use super::{Shape, TableOptions};

const MODEL: &[&str] = &["model", "model_name", "system", "agent", "item", "name"];
const BENCHMARK: &[&str] = &["benchmark", "task", "dataset", "game"];
const SCORE: &[&str] = &["score", "value", "result", "main_score", "accuracy"];

/// The columns of one file, as indices into its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One row a score.
    Long { model: usize, benchmark: usize, score: usize },
    /// One row a model; all other columns are benchmarks.
    Wide { model: usize },
}

impl Layout {
    /// Finds the columns in the header of the file at `path`.
    pub(super) fn find(path: &str, header: &Header, options: &TableOptions) -> Result<Self, ReadError> {
        // Keys may differ from object to object, so each object is checked by itself.
        if !header.open {
            check_unique(path, &header.names)?;
        }
        let finder = Finder { path, header, options };
        let named = [(&options.benchmark, "--benchmark"), (&options.score, "--score")];
        let long_only = named.into_iter().find_map(|(name, option)| name.is_some().then_some(option));
        match (options.shape, long_only) {
            (Some(Shape::Wide), Some(option)) => Err(ReadError::LongOnly { option }),
            (Some(Shape::Long), _) | (None, Some(_)) => finder.long(),
            (Some(Shape::Wide), None) => finder.wide(),
            (None, None) => finder.long().or_else(|_| finder.wide()),
        }
    }
}

struct Finder<'a> {
    path: &'a str,
    header: &'a Header,
    options: &'a TableOptions,
}

impl Finder<'_> {
    fn long(&self) -> Result<Layout, ReadError> {
        let model = self.required("model", self.options.model.as_deref(), MODEL)?;
        let benchmark = self.required("benchmark", self.options.benchmark.as_deref(), BENCHMARK)?;
        let score = self.required("score", self.options.score.as_deref(), SCORE)?;
        Ok(Layout::Long { model, benchmark, score })
    }

    fn wide(&self) -> Result<Layout, ReadError> {
        let model = self.model()?;
        let unnamed = |&(column, name): &(usize, &String)| column != model && name.trim().is_empty();
        match self.header.names.iter().enumerate().find(unnamed) {
            Some((column, _)) if !self.header.open => {
                Err(ReadError::UnnamedColumn { path: self.path.to_owned(), column: column + 1 })
            }
            _ => Ok(Layout::Wide { model }),
        }
    }

    /// The column of the models in a wide table.
    fn model(&self) -> Result<usize, ReadError> {
        let found = self.required("model", self.options.model.as_deref(), MODEL);
        let Some(first) = self.header.names.first().filter(|_| self.options.model.is_none()) else { return found };
        if found.is_err() && BENCHMARK.iter().any(|usual| first.eq_ignore_ascii_case(usual)) {
            return Err(ReadError::BenchmarkRows { path: self.path.to_owned(), column: first.clone() });
        }
        Ok(found.unwrap_or(0))
    }

    /// The named column, or else the first of the usual ones.
    fn required(&self, role: &str, named: Option<&str>, usual_names: &[&str]) -> Result<usize, ReadError> {
        let names = &self.header.names;
        let wanted = || {
            named.map_or_else(|| format!("the {role} ({})", usual_names.join(", ")), |name| format!("--{role} {name}"))
        };
        let found = match named {
            Some(name) => names.iter().position(|column| column == name),
            None => usual(names, usual_names),
        };
        found.ok_or_else(|| missing(self.path, names, wanted(), &format!("--{role}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &str, options: &TableOptions) -> Result<Layout, ReadError> {
        let names = names.split(',').map(str::to_owned).collect();
        Layout::find("t.csv", &Header { names, ..Header::default() }, options)
    }

    fn guess(names: &str) -> Layout {
        find(names, &TableOptions::default()).unwrap()
    }

    #[test]
    fn a_table_is_long_that_has_all_three_columns() {
        assert_eq!(guess("x,score,task,model"), Layout::Long { model: 3, benchmark: 2, score: 1 });
        assert_eq!(guess("Model,Dataset,Accuracy"), Layout::Long { model: 0, benchmark: 1, score: 2 });
        assert_eq!(guess("x,score,model"), Layout::Wide { model: 2 });
        assert_eq!(guess(",mmlu,gsm8k"), Layout::Wide { model: 0 });
    }

    #[test]
    fn an_exact_name_comes_before_one_in_other_letters() {
        assert_eq!(guess("Model,name,x"), Layout::Wide { model: 1 });
        assert_eq!(guess("NAME,Model,x"), Layout::Wide { model: 1 });
    }

    #[test]
    fn options_decide() {
        let wide = TableOptions { shape: Some(Shape::Wide), ..TableOptions::default() };
        assert_eq!(find("model,task,score", &wide).unwrap(), Layout::Wide { model: 0 });
        let named = TableOptions { score: Some("f1".to_owned()), ..TableOptions::default() };
        assert_eq!(find("f1,task,model,score", &named).unwrap(), Layout::Long { model: 2, benchmark: 1, score: 0 });
        let model = TableOptions { model: Some("llm".to_owned()), ..TableOptions::default() };
        assert_eq!(find("model,task,score,llm", &model).unwrap(), Layout::Long { model: 3, benchmark: 1, score: 2 });
        assert_eq!(find("task,llm", &model).unwrap(), Layout::Wide { model: 1 });
    }
}
