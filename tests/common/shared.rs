//! The reference values and real logs that lie beside the repository and are not part of it.

use std::path::{Path, PathBuf};

use palio::data::graph::PreferenceGraph;
use palio::data::{Comparison, Items, Log, Outcome};
use serde_json::Value;

/// The directory of shared files: `$PALIO_SHARED`, or `../shared` beside the repository.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    root: PathBuf,
}

impl Shared {
    pub(crate) fn find() -> Result<Self, String> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let root = std::env::var_os("PALIO_SHARED").map_or(beside, PathBuf::from);
        if root.join("vectors").is_dir() {
            Ok(Self { root })
        } else {
            Err(format!("no shared files at {} (PALIO_SHARED names another place)", root.display()))
        }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let text = std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The columns of a CSV file by name, row by row.
    pub(crate) fn table(&self, path: &str) -> Table {
        let mut reader = csv::Reader::from_path(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let header = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
        Table { header, rows }
    }
}

#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The column of one of these names.
    pub(crate) fn column(&self, names: &[&str]) -> Vec<&str> {
        let place = self.header.iter().position(|name| names.contains(&name.as_str()));
        let place = place.unwrap_or_else(|| panic!("none of {names:?} among {:?}", self.header));
        self.rows.iter().map(|row| row[place].as_str()).collect()
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        self.column(&[name]).iter().map(|text| text.parse().expect("a number")).collect()
    }

    /// A log without rows, and the two sides that its rows will have.
    fn sides(&self) -> (Log, Vec<(&str, &str)>) {
        let (left, right) = (self.column(&["model_a", "left"]), self.column(&["model_b", "right"]));
        let sides: Vec<(&str, &str)> = left.into_iter().zip(right).collect();
        (Log::new(sides.iter().flat_map(|&(left, right)| [left, right]).collect()), sides)
    }

    /// The rows as comparisons with a winner, items in first-seen order.
    pub(crate) fn log(&self) -> Log {
        let (mut log, sides) = self.sides();
        for ((left, right), winner) in sides.into_iter().zip(self.column(&["winner"])) {
            let outcome = match winner {
                "left" | "model_a" => Outcome::Left,
                "right" | "model_b" => Outcome::Right,
                "tie" | "tie (bothbad)" => Outcome::Tie,
                other => panic!("the winner is {other}"),
            };
            push(&mut log, left, right, outcome, 1.0);
        }
        log
    }

    /// The rows as counts of wins.
    pub(crate) fn counted_log(&self) -> Log {
        let (mut log, sides) = self.sides();
        let wins = self.numbers("wins_a").into_iter().zip(self.numbers("wins_b"));
        for ((left, right), (wins_a, wins_b)) in sides.into_iter().zip(wins) {
            push(&mut log, left, right, Outcome::Left, wins_a);
            push(&mut log, left, right, Outcome::Right, wins_b);
        }
        log
    }
}

fn push(log: &mut Log, left: &str, right: &str, outcome: Outcome, count: f64) {
    let id = |name| log.items().get(name).expect("an item of the log");
    let (left, right) = (id(left), id(right));
    if count > 0.0 {
        log.push(Comparison { count, ..Comparison::new(left, right, outcome) });
    }
}

/// The graph of `wins[i][j]` wins of i over j and `ties[i][j]` ties, over items named by number.
pub(crate) fn graph_of_matrices(wins: &Value, ties: &Value) -> PreferenceGraph {
    let n = wins.as_array().expect("a matrix").len();
    let items: Items = (0..n).map(|item| item.to_string()).collect();
    let mut log = Log::new(items);
    for i in 0..n {
        for j in 0..n {
            push(&mut log, &i.to_string(), &j.to_string(), Outcome::Left, wins[i][j].as_f64().unwrap_or(0.0));
            if i < j {
                let tied = ties[i][j].as_f64().unwrap_or(0.0);
                push(&mut log, &i.to_string(), &j.to_string(), Outcome::Tie, tied);
            }
        }
    }
    PreferenceGraph::from_log(&log)
}
