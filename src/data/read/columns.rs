//! From the names in a header to the columns that are read.

mod formulas;
mod verdicts;

pub(super) use self::verdicts::{DialectEvidence, UNNAMED_BASELINE};
use super::covariates::Formula;
use super::dialect::Dialect;
use super::error::ReadError;
use super::options::{ColumnNames, LabelColumn, ReadOptions, Role};
use super::path::ColumnPath;

const LEFT: &[&str] = &["model_a", "item_a", "player_a", "left", "agent_a", "a"];
const RIGHT: &[&str] = &["model_b", "item_b", "player_b", "right", "agent_b", "b"];
const WINNER: &[&str] = &["winner", "outcome", "result"];
const TIME: &[&str] = &["timestamp", "time", "date", "tstamp"];
const JUDGE: &[&str] = &["judge", "judger"];
const TASK: &[&str] = &["task", "question_id", "prompt_id"];
const ROUND: &[&str] = &["round"];
const STAGE: &[&str] = &["stage"];
const GROUP: &[&str] = &["group", "group_id"];
const GROUP_OR_UID: &[&str] = &["group", "group_id", "uid"];

/// The columns of a file: those of a CSV header, or the keys of the first JSON object.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) names: Vec<String>,
    /// Whether a row may have more than these, as a JSON object may.
    pub(super) open: bool,
    /// The values inside of those of the names, and their paths as they are written.
    pub(super) nested: Vec<(String, ColumnPath)>,
    /// The objects inside of those of the names, empty ones too.
    pub(super) objects: Vec<(String, ColumnPath)>,
}

/// Where a row says what came of it, by column indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    Outcome(usize),
    Counts {
        left: usize,
        right: usize,
        ties: Option<usize>,
    },
    Scores {
        left: usize,
        right: usize,
    },
    /// What only the files of a dialect have.
    Dialect(DialectEvidence),
}

/// A categorical column that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) column: usize,
    /// Which of the labels asked for it is.
    pub(super) wanted: LabelColumn,
}

impl Header {
    /// The names of the columns and the paths of the values inside of them.
    pub(super) fn columns(&self) -> impl Iterator<Item = &String> {
        self.names.iter().chain(self.nested.iter().map(|(path, _)| path))
    }

    /// The objects with nothing inside.
    fn empty_objects(&self) -> impl Iterator<Item = &String> {
        let is_empty = |name: &&String| {
            !self
                .nested
                .iter()
                .any(|(path, _)| path.strip_prefix(name.as_str()).is_some_and(|it| it.starts_with(['.', '['])))
        };
        self.objects.iter().map(|(path, _)| path).filter(is_empty)
    }

    /// Whether there is a column of that name, or a value at that path.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns().any(|column| column == name)
    }
}

impl Label {
    /// The role the column was taken for, and the column's name, if it was not asked for by name.
    pub(super) fn role(&self, columns: &Columns) -> Option<(Role, String)> {
        match self.wanted {
            LabelColumn::Role(role) => Some((role, columns.name(self.column))),
            LabelColumn::Named(_) => None,
        }
    }
}

/// The columns of one file that are read, as indices into its header.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    /// The dialect of the file, and whether it was guessed.
    pub(super) dialect: Option<Dialect>,
    pub(super) guessed: bool,
    pub(super) left: usize,
    pub(super) right: usize,
    /// The name of the left item in all rows, if no column has it. `left` is then that of the right one.
    pub(super) baseline: Option<String>,
    /// The weight of a strong grade.
    pub(super) strong_weight: f64,
    /// What decides.
    pub(super) evidence: Evidence,
    /// What else there is, which may disagree.
    pub(super) others: Vec<Evidence>,
    pub(super) weight: Option<usize>,
    pub(super) time: Option<usize>,
    /// Those of the left and the right item, if they are kept.
    pub(super) scores: Option<[usize; 2]>,
    pub(super) labels: Vec<Label>,
    pub(super) covariates: Vec<Formula>,
    /// The columns that stand inside of others, which only JSON objects have.
    pub(super) paths: Vec<(usize, ColumnPath)>,
}

impl Columns {
    /// Finds the columns that `options` asks for in the header of the file at `path`. The first file
    /// decides which labels there are: `labels` are the ones it has, or `None` for that file itself.
    pub(super) fn find(
        path: &str,
        header: Header,
        options: &ReadOptions,
        labels: Option<&[LabelColumn]>,
    ) -> Result<Self, ReadError> {
        let guess = || Dialect::guess(&header).filter(|_| !options.columns.has_comparison() && !options.prefer_scores);
        let dialect = options.from.or_else(guess);
        let shape = dialect.map(Dialect::shape);
        let names = &shape.map_or_else(|| options.columns.clone(), |shape| shape.names(&options.columns, &header));
        let mut finder = Finder { path, own: header.names.len(), header, paths: Vec::new() };
        finder.take_paths(names, labels.unwrap_or(&options.labels));
        finder.check_named(names)?;
        let baseline = shape.filter(|_| names.left.is_none()).and_then(|shape| shape.baseline(options));
        let left = match &baseline {
            Some(_) => None,
            None => Some(finder.required("the left item", names.left.as_deref(), LEFT, "--left")?),
        };
        let right = finder.required("the right item", names.right.as_deref(), RIGHT, "--right")?;
        // A baseline is on the left of every row, and takes no column.
        let left = left.unwrap_or(right);
        let weight = finder.optional(names.weight.as_deref(), "weight");
        let time = if options.read_time {
            Some(finder.required("the time", names.time.as_deref(), TIME, "--time")?)
        } else {
            None
        };
        check_unique(path, &finder.header.names)?;
        let mut found = match shape.map(|shape| finder.verdicts(&shape.verdicts)).transpose()?.flatten() {
            Some(evidence) if !options.columns.has_comparison() => vec![Evidence::Dialect(evidence)],
            _ => finder.evidence(names),
        };
        let scores = finder.scores(names).filter(|_| options.keep_scores);
        let evidence = finder.deciding(&mut found, options)?;
        let labels = finder.labels(options, names, labels)?;
        let covariates = options.covariates.iter().map(|wanted| finder.formula(wanted)).collect::<Result<_, _>>()?;
        let Finder { header, paths, .. } = finder;
        Ok(Self {
            names: header.names,
            dialect,
            guessed: options.from.is_none(),
            left,
            right,
            baseline,
            strong_weight: options.strong_weight.unwrap_or(shape.map_or(1.0, |shape| shape.strong_weight)),
            evidence,
            others: found,
            weight,
            time,
            scores,
            labels,
            covariates,
            paths,
        })
    }

    /// The name of a column.
    pub(super) fn name(&self, column: usize) -> String {
        self.names[column].clone()
    }

    /// Whether a column is read at all, for each column.
    pub(super) fn wanted(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.names.len()];
        let evidence = self.others.iter().chain([&self.evidence]).flat_map(|evidence| match *evidence {
            Evidence::Outcome(column) => [Some(column), None, None],
            Evidence::Counts { left, right, ties } => [Some(left), Some(right), ties],
            Evidence::Scores { left, right } => [Some(left), Some(right), None],
            Evidence::Dialect(evidence) => evidence.columns(),
        });
        let labels = self.labels.iter().map(|label| Some(label.column));
        let single = [Some(self.left), Some(self.right), self.weight, self.time];
        let scores = self.scores.into_iter().flatten().map(Some);
        let covariates = self.covariates.iter().flat_map(Formula::columns).map(Some);
        for column in single.into_iter().chain(evidence).chain(labels).chain(scores).chain(covariates).flatten() {
            wanted[column] = true;
        }
        wanted
    }
}

/// Whether the header is one of a log of comparisons rather than of anything else: it has both items,
/// or the user named a column that only a log has. Columns called `a` and `b` may be anything, so
/// they need an outcome beside them.
pub(super) fn is_log(header: &Header, options: &ReadOptions) -> bool {
    if options.columns.has_comparison() || options.from.is_some() || Dialect::guess(header).is_some() {
        return true;
    }
    let has = |name: &&str| header.names.iter().any(|column| column == name);
    let side = |usual: &[&'static str]| usual.iter().copied().find(has);
    let (Some(left), Some(right)) = (side(LEFT), side(RIGHT)) else { return false };
    let both = |left, right| has(&left) && has(&right);
    let decided = || WINNER.iter().any(has) || both("wins_a", "wins_b") || both("score_a", "score_b");
    (left != "a" && right != "b") || decided()
}

/// A name that stands twice would leave it open which column is meant.
pub(super) fn check_unique(path: &str, names: &[String]) -> Result<(), ReadError> {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ReadError::DuplicateColumn { path: path.to_owned(), column: name.clone() }),
    }
}

/// The column that has one of the usual names, first as they are written and then in any case of letters.
pub(super) fn usual(names: &[String], usual: &[&str]) -> Option<usize> {
    let exact = |name: &&str| names.iter().position(|column| column == name);
    let any_case = |name: &&str| names.iter().position(|column| column.eq_ignore_ascii_case(name));
    usual.iter().find_map(exact).or_else(|| usual.iter().find_map(any_case))
}

/// The error of a column that is not among `names`.
pub(super) fn missing(path: &str, names: &[String], wanted: String, option: &str) -> ReadError {
    const SHOWN: usize = 100;
    let mut found: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", name.escape_debug())).collect();
    if names.len() > SHOWN {
        found.push(format!("and {} more", names.len() - SHOWN));
    }
    ReadError::MissingColumn {
        path: path.to_owned(),
        wanted,
        found: if found.is_empty() { "none".to_owned() } else { found.join(", ") },
        option: option.to_owned() + holds_rankings(names, option),
    }
}

/// What to say where a log's columns are looked for in what seems to hold ballots.
fn holds_rankings(names: &[String], option: &str) -> &'static str {
    let is_log = ["--left", "--right", "--winner"].iter().any(|column| option.starts_with(column));
    if is_log && usual(names, &["ranking"]).is_some() {
        "; for palio rank, --as ballots reads a column of rankings, and all commands read PrefLib's .soc .soi .toc .toi"
    } else {
        ""
    }
}

struct Finder<'a> {
    path: &'a str,
    header: Header,
    /// How many of the names are those of the file's own columns.
    own: usize,
    /// The columns that were made of paths.
    paths: Vec<(usize, ColumnPath)>,
}

impl Finder<'_> {
    /// Makes columns of the paths that the user named.
    fn take_paths(&mut self, names: &ColumnNames, labels: &[LabelColumn]) {
        let labels = labels.iter().filter_map(|label| match label {
            LabelColumn::Named(name) => Some(name),
            LabelColumn::Role(_) => None,
        });
        for name in names.given().chain(labels) {
            if self.header.has(name) {
                self.add_column(name);
            }
        }
    }

    /// Adds a column that the header has not, if it has none of that name, and says where it is.
    fn add_column(&mut self, name: &str) -> usize {
        if let Some(column) = self.position(name) {
            return column;
        }
        let known = self.header.nested.iter().find(|(path, _)| path == name).map(|(_, path)| path.clone());
        let path = known.or_else(|| name.parse().ok().filter(|path: &ColumnPath| !path.steps().is_empty()));
        let column = self.header.names.len();
        self.header.names.push(name.to_owned());
        self.paths.extend(path.map(|path| (column, path)));
        column
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.header.names.iter().position(|column| column == name)
    }

    /// The named column, or else the first of the usual ones.
    fn any(&self, named: Option<&str>, usual: &[&str]) -> Option<usize> {
        match named {
            Some(name) => self.position(name),
            None => usual.iter().find_map(|name| self.position(name)),
        }
    }

    /// A column without which a row has a default; later JSON objects may have it where the first has not.
    fn optional(&mut self, named: Option<&str>, usual: &str) -> Option<usize> {
        let found = self.any(named, &[usual]);
        if found.is_none() && self.header.open {
            return Some(self.add_column(named.unwrap_or(usual)));
        }
        found
    }

    fn required(&self, role: &str, named: Option<&str>, usual: &[&str], option: &str) -> Result<usize, ReadError> {
        self.any(named, usual).ok_or_else(|| self.missing(format!("{role} ({})", usual.join(", ")), option))
    }

    fn missing(&self, wanted: String, option: &str) -> ReadError {
        // Behind the columns of the file stand those that were only looked for.
        let nested = self.header.nested.iter().map(|(path, _)| path);
        let names: Vec<String> =
            self.header.names[..self.own].iter().chain(nested).chain(self.header.empty_objects()).cloned().collect();
        missing(self.path, &names, wanted, option)
    }

    /// A column that the user named must be there, whether it is needed or not.
    fn check_named(&self, names: &ColumnNames) -> Result<(), ReadError> {
        let named = [
            (&names.left, "--left"),
            (&names.right, "--right"),
            (&names.winner, "--winner"),
            (&names.wins_a, "--wins-a"),
            (&names.wins_b, "--wins-b"),
            (&names.score_a, "--score-a"),
            (&names.score_b, "--score-b"),
            (&names.time, "--time"),
            (&names.judge, "--judge"),
            (&names.task, "--task"),
            (&names.group, "--group"),
        ];
        // What a row may leave out, the first object of JSON lines may leave out too.
        let optional = [(&names.ties, "--ties-column"), (&names.weight, "--weight")];
        let optional = optional.into_iter().filter(|_| !self.header.open);
        for (name, option) in named.into_iter().chain(optional) {
            if let Some(name) = name.as_ref().filter(|name| self.position(name).is_none()) {
                return Err(self.missing(format!("{option} {name}"), option));
            }
        }
        Ok(())
    }

    /// All evidence there is, in the order of precedence.
    fn evidence(&mut self, names: &ColumnNames) -> Vec<Evidence> {
        let mut found = Vec::new();
        found.extend(self.any(names.winner.as_deref(), WINNER).map(Evidence::Outcome));
        let wins = self.any(names.wins_a.as_deref(), &["wins_a"]).zip(self.any(names.wins_b.as_deref(), &["wins_b"]));
        if let Some((left, right)) = wins {
            let ties = self.optional(names.ties.as_deref(), "ties");
            found.push(Evidence::Counts { left, right, ties });
        }
        found.extend(self.scores(names).map(|[left, right]| Evidence::Scores { left, right }));
        found
    }

    /// The columns of the scores, if both are there.
    fn scores(&self, names: &ColumnNames) -> Option<[usize; 2]> {
        let left = self.any(names.score_a.as_deref(), &["score_a"])?;
        Some([left, self.any(names.score_b.as_deref(), &["score_b"])?])
    }

    /// Takes what decides out of the evidence found.
    fn deciding(&self, found: &mut Vec<Evidence>, options: &ReadOptions) -> Result<Evidence, ReadError> {
        if options.prefer_scores {
            let scores = found.iter().position(|evidence| matches!(evidence, Evidence::Scores { .. }));
            let missing = || self.missing("the scores (score_a, score_b)".to_owned(), "--score-a and --score-b");
            return scores.map(|index| found.remove(index)).ok_or_else(missing);
        }
        if found.is_empty() {
            let wanted = "the outcome (winner, outcome, result; or wins_a and wins_b; or score_a and score_b)";
            return Err(self.missing(wanted.to_owned(), "--winner, --wins-a and --wins-b, or --score-a and --score-b"));
        }
        Ok(found.remove(0))
    }

    /// The categorical columns, in the order in which they were asked for.
    fn labels(
        &self,
        options: &ReadOptions,
        names: &ColumnNames,
        first: Option<&[LabelColumn]>,
    ) -> Result<Vec<Label>, ReadError> {
        let mut labels = Vec::new();
        for wanted in first.unwrap_or(&options.labels) {
            let found = match wanted {
                LabelColumn::Role(role) => self.role(*role, options, names),
                LabelColumn::Named(name) => self.position(name),
            };
            match (found, wanted) {
                (Some(column), _) => labels.push(Label { column, wanted: wanted.clone() }),
                (None, LabelColumn::Named(name)) => {
                    return Err(self.missing(format!("the label `{name}`"), "its exact name"));
                }
                (None, LabelColumn::Role(role)) if first.is_some() => {
                    let option = match role {
                        Role::Judge | Role::Task | Role::Group => format!("--{}", role.name()),
                        Role::Round | Role::Stage => format!("the name {}", role.name()),
                    };
                    return Err(self.missing(format!("the {}, which the first input has", role.name()), &option));
                }
                (None, LabelColumn::Role(_)) => {}
            }
        }
        Ok(labels)
    }

    fn role(&self, role: Role, options: &ReadOptions, names: &ColumnNames) -> Option<usize> {
        let (named, usual) = match role {
            Role::Round => (&None, ROUND),
            Role::Stage => (&None, STAGE),
            Role::Judge => (&names.judge, JUDGE),
            Role::Task => (&names.task, TASK),
            Role::Group => (&names.group, if options.uid_is_group { GROUP_OR_UID } else { GROUP }),
        };
        self.any(named.as_deref(), usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str], options: &ReadOptions) -> Result<Columns, ReadError> {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Columns::find("log.csv", Header { names, ..Header::default() }, options, None)
    }

    #[test]
    fn the_usual_names_are_looked_for_in_their_order() {
        let columns = find(&["a", "b", "model_b", "model_a", "result", "winner"], &ReadOptions::default()).unwrap();
        assert_eq!((columns.left, columns.right), (3, 2));
        assert_eq!(columns.evidence, Evidence::Outcome(5));
        assert!(columns.others.is_empty());
    }

    #[test]
    fn outcomes_come_before_counts_and_counts_before_scores() {
        let all = ["a", "b", "score_a", "score_b", "wins_a", "wins_b", "winner"];
        let columns = find(&all, &ReadOptions::default()).unwrap();
        assert_eq!(columns.evidence, Evidence::Outcome(6));
        let counts = Evidence::Counts { left: 4, right: 5, ties: None };
        let scores = Evidence::Scores { left: 2, right: 3 };
        assert_eq!(columns.others, [counts, scores]);
        assert_eq!(find(&all[..6], &ReadOptions::default()).unwrap().evidence, counts);
        let by_scores = ReadOptions { prefer_scores: true, ..ReadOptions::default() };
        assert_eq!(find(&all, &by_scores).unwrap().evidence, scores);
    }

    #[test]
    fn a_log_has_both_items() {
        let is_log = |names: &str, columns: &ColumnNames| {
            let names = names.split(' ').map(str::to_owned).collect();
            let options = ReadOptions { columns: columns.clone(), ..ReadOptions::default() };
            is_log(&Header { names, ..Header::default() }, &options)
        };
        for names in ["model_a model_b", "x left right", "a b winner", "a b score_b score_a"] {
            assert!(is_log(names, &ColumnNames::default()), "{names}");
        }
        for names in ["model a b", "model_a winner", "a b score_a", "model benchmark score", "Model_A Model_B"] {
            assert!(!is_log(names, &ColumnNames::default()), "{names}");
        }
        assert!(is_log("x y", &ColumnNames { left: Some("x".to_owned()), ..ColumnNames::default() }));
        assert!(!is_log("x y", &ColumnNames { task: Some("x".to_owned()), ..ColumnNames::default() }));
    }
}
