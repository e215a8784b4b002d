//! Filters and boards: against a straightforward reading of the same rows, and as users meet them.

use std::fmt::{self, Write as _};

use assert_cmd::cargo::cargo_bin_cmd;
use palio::data::filter::{BoardRows, Filters, MaxPer};
use palio::data::graph::{PreferenceGraph, Tally};
use palio::data::read::{
    BoardParts, BothBad, Comparisons, Dialect, Keep, LabelColumn, ReadError, ReadOptions, Reading, Role,
    WeightedOutcome, read_bytes,
};
use proptest::prelude::*;
use serde_json::Value;

/// A row of a made-up log: what conditions may ask about.
#[derive(Debug, Clone)]
struct Row {
    left: u8,
    right: u8,
    winner: &'static str,
    judge: &'static str,
    language: &'static str,
    turns: &'static str,
    code: &'static str,
    time: u32,
}

const HEADER: &str = "model_a,model_b,winner,judge,language,turns,is_code,time\n";

impl Row {
    fn csv(&self) -> String {
        let Self { left, right, winner, judge, language, turns, code, time } = self;
        format!("m{left},m{right},{winner},{judge},{language},{turns},{code},{time}\n")
    }

    /// What is not there is no key, a null or an empty text.
    fn json(&self) -> String {
        let Self { left, right, winner, judge, language, turns, code, time } = self;
        let turns = if turns.is_empty() { "null".to_owned() } else { format!("\"{turns}\"") };
        let code = if code.is_empty() { String::new() } else { format!("\"is_code\": {}, ", code.to_lowercase()) };
        format!(
            "{{\"model_a\": \"m{left}\", \"model_b\": \"m{right}\", \"winner\": \"{winner}\", \"judge\": \"{judge}\", \
             \"language\": \"{language}\", \"turns\": {turns}, {code}\"time\": {time}}}\n"
        )
    }
}

fn row() -> impl Strategy<Value = Row> {
    let items = (0u8..8, 1u8..8).prop_map(|(left, step)| (left, (left + step) % 8));
    let winner = prop::sample::select(vec!["model_a", "model_b", "tie", "0.25", "both_bad"]);
    let judge = prop::sample::select(vec!["", "ada", "bob", "cleo"]);
    let language = prop::sample::select(vec!["", "en", "de", "fr"]);
    let turns = prop::sample::select(vec!["", "1", "2", "2.0", "10", "many", "nan"]);
    let code = prop::sample::select(vec!["", "true", "false", "True", "1", "0"]);
    (items, winner, judge, language, turns, code, 0u32..50).prop_map(
        |((left, right), winner, judge, language, turns, code, time)| Row {
            left,
            right,
            winner,
            judge,
            language,
            turns,
            code,
            time,
        },
    )
}

/// A condition that says what it means by itself.
#[derive(Debug, Clone)]
enum Condition {
    Language(&'static str),
    LanguageIn(Vec<&'static str>),
    LanguageAfter(&'static str),
    Turns(&'static str, f64),
    TurnsMissing,
    Code,
    NotCode,
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Condition {
    fn holds(&self, row: &Row) -> bool {
        let turns: Option<f64> = row.turns.parse().ok();
        match self {
            Self::Language(language) => row.language == *language,
            Self::LanguageIn(languages) => languages.contains(&row.language),
            Self::LanguageAfter(language) => !row.language.is_empty() && row.language > *language,
            Self::Turns(order, bound) => turns.is_some_and(|turns| match *order {
                "=" => turns.total_cmp(bound).is_eq(),
                "<" => turns < *bound,
                "<=" => turns <= *bound,
                ">" => turns > *bound,
                _ => turns >= *bound,
            }),
            Self::TurnsMissing => row.turns.is_empty(),
            Self::Code => ["true", "True", "1"].contains(&row.code),
            Self::NotCode => ["false", "0"].contains(&row.code),
            Self::Not(inner) => !inner.holds(row),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined =
            |parts: &[Self], word: &str| parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(word);
        match self {
            Self::Language(language) => write!(f, "language = '{language}'"),
            Self::LanguageIn(languages) => write!(f, "language in (\"{}\")", languages.join("\", \"")),
            Self::LanguageAfter(language) => write!(f, "language > '{language}'"),
            Self::Turns(order, bound) => write!(f, "turns{order}{bound}"),
            Self::TurnsMissing => write!(f, "turns = missing"),
            Self::Code => write!(f, "is_code"),
            Self::NotCode => write!(f, "is_code = false"),
            Self::Not(inner) => match &**inner {
                Self::Language(language) => write!(f, "language != '{language}'"),
                Self::LanguageIn(languages) => write!(f, "language not in ['{}']", languages.join("','")),
                other => write!(f, "not ({other})"),
            },
            Self::All(parts) => f.write_str(&joined(parts, " and ")),
            Self::Any(parts) => f.write_str(&joined(parts, " or ")),
        }
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let languages = || prop::sample::select(vec!["en", "de", "", "xx"]);
    let orders = prop::sample::select(vec!["=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        languages().prop_map(Condition::Language),
        prop::collection::vec(languages(), 1..3).prop_map(Condition::LanguageIn),
        languages().prop_map(Condition::LanguageAfter),
        (orders, prop::sample::select(vec![1.0, 2.0, 9.5])).prop_map(|(order, bound)| Condition::Turns(order, bound)),
        Just(Condition::TurnsMissing),
        Just(Condition::Code),
        Just(Condition::NotCode),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
            parts().prop_map(Condition::All),
            parts().prop_map(Condition::Any),
        ]
    })
}

fn csv(rows: &[Row]) -> String {
    HEADER.to_owned() + &rows.iter().map(Row::csv).collect::<String>()
}

/// What a fit reads of a log: items in order, cells, sums, and for kept rows everything.
fn told(comparisons: Comparisons) -> String {
    let graph = |graph: &PreferenceGraph| {
        format!("{:?} {:?} {:?} {:?}", graph.items(), graph.pairs(), graph.cells(), graph.sums())
    };
    match comparisons {
        Comparisons::Counts(tally) => graph(&PreferenceGraph::from_tally(tally)),
        Comparisons::Rows(log) => {
            let judges = log.labels("judge").map(|judges| (&judges.names, &judges.ids));
            let rows: Vec<_> = log.rows().collect();
            format!("{} {rows:?} {judges:?}", graph(&PreferenceGraph::from_log(&log)))
        }
    }
}

/// The log of these rows alone, or nothing where there are none.
fn alone(rows: &[Row], options: &ReadOptions) -> Option<String> {
    match read_bytes("log.csv", csv(rows).as_bytes(), options) {
        Ok(reading) => Some(told(reading.comparisons)),
        Err(ReadError::Empty { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

fn kept(rows: &[Row], holds: impl Fn(&Row) -> bool) -> Vec<Row> {
    rows.iter().filter(|row| holds(row)).cloned().collect()
}

/// The boards of a reading, by what they say.
fn boards(reading: Reading) -> Vec<Option<String>> {
    let found = reading.boards.expect("boards");
    let has_rows = |board: usize| found.rows[board] > 0;
    match (found.parts, reading.comparisons) {
        (BoardParts::Counts(tallies), _) => {
            let board = |(board, tally): (usize, Tally)| has_rows(board).then(|| told(Comparisons::Counts(tally)));
            tallies.into_iter().enumerate().map(board).collect()
        }
        (BoardParts::Rows(membership), Comparisons::Rows(log)) => (0..found.rows.len())
            .map(|board| has_rows(board).then(|| told(Comparisons::Rows(membership.part(&log, board)))))
            .collect(),
        _ => panic!("rows are kept"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_board_with_a_filter_is_the_board_of_the_filtered_file(
        rows in prop::collection::vec(row(), 1..60),
        conditions in prop::collection::vec(condition(), 0..3),
        cuts in prop::collection::vec(condition(), 1..5),
        keeps_rows in any::<bool>(),
        block_bytes in prop::sample::select(vec![40, 400, 1 << 20]),
    ) {
        let keep = if keeps_rows { Keep::Rows } else { Keep::Counts };
        let labels = if keeps_rows { vec![LabelColumn::Role(Role::Judge)] } else { Vec::new() };
        let plain = ReadOptions { keep, labels, block_bytes, ..ReadOptions::default() };
        let filters = Filters {
            conditions: conditions.iter().map(|it| it.to_string().parse().unwrap()).collect(),
            ..Filters::default()
        };
        let options = ReadOptions { filters, ..plain.clone() };
        let left = kept(&rows, |row| conditions.iter().all(|condition| condition.holds(row)));
        for (name, text) in [("log.csv", csv(&rows)), ("log.jsonl", rows.iter().map(Row::json).collect())] {
            if name == "log.jsonl" && rows.iter().all(|row| row.code.is_empty()) {
                continue; // No object has such a key.
            }
            let found = match read_bytes(name, text.as_bytes(), &options) {
                Ok(reading) => {
                    prop_assert_eq!(reading.inputs[0].rows, rows.len() as u64);
                    let filters = reading.inputs[0].filters.as_ref();
                    prop_assert_eq!(filters.is_none(), conditions.is_empty());
                    prop_assert!(filters.is_none_or(|filters| filters.kept == left.len() as u64));
                    Some(told(reading.comparisons))
                }
                Err(ReadError::AllFiltered { .. }) => None,
                Err(error) => panic!("{error}"),
            };
            prop_assert_eq!(&found, &alone(&left, &plain));

            let board = |(index, cut): (usize, &Condition)| BoardRows {
                name: index.to_string(),
                condition: cut.to_string().parse().unwrap(),
            };
            let asked = ReadOptions { boards: cuts.iter().enumerate().map(board).collect(), ..options.clone() };
            let expected: Vec<Option<String>> =
                cuts.iter().map(|cut| alone(&kept(&left, |row| cut.holds(row)), &plain)).collect();
            match read_bytes(name, text.as_bytes(), &asked) {
                Ok(reading) => {
                    let counts: Vec<u64> =
                        cuts.iter().map(|cut| kept(&left, |row| cut.holds(row)).len() as u64).collect();
                    prop_assert_eq!(&reading.boards.as_ref().unwrap().rows, &counts);
                    prop_assert_eq!(boards(reading), expected);
                }
                Err(ReadError::AllFiltered { .. }) => prop_assert!(expected.iter().all(Option::is_none)),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn periods_duplicates_and_caps_are_those_of_one_row_after_another(
        rows in prop::collection::vec(row(), 1..60),
        since in 0u32..30,
        most in 1u64..4,
        block_bytes in prop::sample::select(vec![40, 400, 1 << 20]),
    ) {
        let (options, plain) = (in_order(since, most, block_bytes), plain_in_order(block_bytes));
        let expected = one_after_another(&rows, since, most);
        match read_bytes("log.csv", csv(&rows).as_bytes(), &options) {
            Ok(reading) => {
                let found = reading.inputs[0].filters.clone().unwrap();
                prop_assert_eq!(found.steps.iter().map(|step| step.dropped).collect::<Vec<_>>(), expected.dropped);
                prop_assert_eq!(found.without_outcome, expected.without_outcome);
                prop_assert_eq!(found.kept, expected.left.len() as u64);
                prop_assert_eq!(Some(told(reading.comparisons)), alone(&expected.left, &plain));
            }
            Err(ReadError::AllFiltered { .. } | ReadError::Empty { .. }) => prop_assert!(expected.left.is_empty()),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn duplicates_and_caps_come_before_boards_whichever_are_asked_for(
        rows in prop::collection::vec(row(), 1..60),
        cuts in prop::collection::vec(condition(), 1..4),
        since in 0u32..30,
        most in 1u64..4,
        keeps_rows in any::<bool>(),
        block_bytes in prop::sample::select(vec![40, 400, 1 << 20]),
    ) {
        let keep = if keeps_rows { Keep::Rows } else { Keep::Counts };
        let labels = if keeps_rows { vec![LabelColumn::Role(Role::Judge)] } else { Vec::new() };
        let as_kept = |options: ReadOptions| ReadOptions { keep, labels: labels.clone(), ..options };
        let (plain, options) = (as_kept(plain_in_order(block_bytes)), as_kept(in_order(since, most, block_bytes)));
        let board = |(index, cut): (usize, &Condition)| BoardRows {
            name: index.to_string(),
            condition: cut.to_string().parse().unwrap(),
        };
        let options = ReadOptions { boards: cuts.iter().enumerate().map(board).collect(), ..options };
        let expected = one_after_another(&rows, since, most);
        let on = |cut: &Condition| kept(&expected.left, |row| cut.holds(row));
        match read_bytes("log.csv", csv(&rows).as_bytes(), &options) {
            Ok(reading) => {
                let found = reading.inputs[0].filters.clone().unwrap();
                let outside = kept(&expected.left, |row| !cuts.iter().any(|cut| cut.holds(row))).len() as u64;
                prop_assert_eq!(found.steps.iter().map(|step| step.dropped).collect::<Vec<_>>(), expected.dropped);
                prop_assert_eq!((found.outside_boards, found.without_outcome), (Some(outside), expected.without_outcome));
                prop_assert_eq!(found.kept + outside, expected.left.len() as u64);
                let counts: Vec<u64> = cuts.iter().map(|cut| on(cut).len() as u64).collect();
                prop_assert_eq!(&reading.boards.as_ref().unwrap().rows, &counts);
                let alone: Vec<Option<String>> = cuts.iter().map(|cut| alone(&on(cut), &plain)).collect();
                prop_assert_eq!(boards(reading), alone);
            }
            Err(ReadError::AllFiltered { .. } | ReadError::Empty { .. }) => {
                prop_assert!(cuts.iter().all(|cut| on(cut).is_empty()));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn plain_in_order(block_bytes: usize) -> ReadOptions {
    let labels = vec![LabelColumn::Role(Role::Judge)];
    ReadOptions { keep: Keep::Rows, labels, block_bytes, both_bad: BothBad::Drop, ..ReadOptions::default() }
}

/// 25 units of time, no duplicates, and no more than `most` rows a judge.
fn in_order(since: u32, most: u64, block_bytes: usize) -> ReadOptions {
    let filters = Filters {
        since: Some(since.into()),
        until: Some((since + 25).into()),
        dedupe: vec!["judge".to_owned(), "language".to_owned(), "turns".to_owned()],
        max_per: vec![MaxPer { column: "judge".to_owned(), rows: most }],
        ..Filters::default()
    };
    ReadOptions { filters, ..plain_in_order(block_bytes) }
}

/// What [`in_order`] leaves of rows.
struct InOrder {
    dropped: Vec<u64>,
    without_outcome: u64,
    left: Vec<Row>,
}

fn one_after_another(rows: &[Row], since: u32, most: u64) -> InOrder {
    let mut found = InOrder { dropped: vec![0; 4], without_outcome: 0, left: Vec::new() };
    let mut seen = std::collections::HashSet::new();
    let mut per_judge = std::collections::HashMap::new();
    for row in rows {
        let key = [row.judge, row.language, row.turns];
        if row.time < since {
            found.dropped[0] += 1;
        } else if row.time >= since + 25 {
            found.dropped[1] += 1;
        } else if row.winner == "both_bad" {
            found.without_outcome += 1;
        } else if key != [""; 3] && !seen.insert(key) {
            found.dropped[2] += 1;
        } else if !row.judge.is_empty() && per_judge.get(row.judge).is_some_and(|&rows| rows >= most) {
            found.dropped[3] += 1;
        } else {
            *per_judge.entry(row.judge).or_insert(0) += 1;
            found.left.push(row.clone());
        }
    }
    found
}

fn filtered(text: &str, condition: &str) -> Result<Reading, ReadError> {
    let filters = Filters { conditions: vec![condition.parse().unwrap()], ..Filters::default() };
    read_bytes("log.jsonl", text.as_bytes(), &ReadOptions { filters, ..ReadOptions::default() })
}

#[test]
fn a_row_that_a_condition_leaves_out_may_be_bad() {
    let text = "{\"a\":\"x\",\"b\":\"y\",\"winner\":\"a\",\"ok\":true}\n{\"a\":\"x\",\"b\":\"y\",\"winner\":\"?\",\"ok\":false}\n";
    let found = filtered(text, "ok").unwrap().inputs.remove(0);
    assert_eq!((found.rows, found.filters.unwrap().kept), (2, 1));
    assert!(filtered(text, "true").unwrap_err().to_string().contains("no outcome"));
}

#[test]
fn a_path_that_later_objects_have_may_be_missing_in_the_first() {
    let text = "{\"a\":\"x\",\"b\":\"y\",\"winner\":\"a\",\"tags\":null}\n\
                {\"a\":\"x\",\"b\":\"y\",\"winner\":\"b\",\"tags\":{\"math\":true}}\n";
    assert_eq!(filtered(text, "tags.math").unwrap().inputs[0].filters.as_ref().unwrap().kept, 1);
    assert_eq!(filtered(text, "tags != missing").unwrap().inputs[0].filters.as_ref().unwrap().kept, 1);
    let message = filtered(text, "tagz.math").unwrap_err().to_string();
    assert!(
        message.starts_with("log.jsonl has no column for `tagz.math` in --where 'tagz.math'; its columns are `a`, `b`"),
        "{message}"
    );
}

#[test]
fn a_key_that_later_objects_have_may_be_missing_in_the_first() {
    let text = "{\"a\":\"x\",\"b\":\"y\",\"winner\":\"a\"}\n{\"a\":\"x\",\"b\":\"y\",\"winner\":\"b\",\"math\":true}\n";
    assert_eq!(filtered(text, "math").unwrap().inputs[0].filters.as_ref().unwrap().kept, 1);
    assert_eq!(filtered(text, "math = missing").unwrap().inputs[0].filters.as_ref().unwrap().kept, 1);
    let message = filtered(text, "maths").unwrap_err().to_string();
    assert!(
        message
            .starts_with("log.jsonl has no column for `maths` in --where 'maths'; its columns are `a`, `b`, `winner`"),
        "{message}"
    );
    for filters in [
        Filters { dedupe: vec!["math".to_owned()], ..Filters::default() },
        Filters { max_per: vec![MaxPer { column: "math".to_owned(), rows: 1 }], ..Filters::default() },
    ] {
        let options = ReadOptions { filters, ..ReadOptions::default() };
        assert_eq!(read_bytes("log.jsonl", text.as_bytes(), &options).unwrap().inputs[0].rows, 2);
    }
    let of = |columns: &[&str]| {
        let outcome = |&column: &&str| WeightedOutcome { column: column.to_owned(), weight: 1.0 };
        let outcomes = columns.iter().map(outcome).collect();
        read_bytes("log.jsonl", text.as_bytes(), &ReadOptions { outcomes, ..ReadOptions::default() })
    };
    assert!(of(&["winner", "math"]).is_err_and(|error| error.to_string().contains("no outcome")));
    assert!(
        of(&["winner", "maths"]).is_err_and(|error| error.to_string().contains("the outcome `maths` of --outcomes"))
    );
}

#[test]
fn a_cap_on_what_is_no_text_is_a_bad_row() {
    let filters = Filters { max_per: vec![MaxPer { column: "judge".to_owned(), rows: 1 }], ..Filters::default() };
    let options = ReadOptions { filters, ..ReadOptions::default() };
    let text = b"a,b,winner,judge\nx,y,a,ann\nx,y,a,\xff\n";
    let message = read_bytes("log.csv", text, &options).unwrap_err().to_string();
    assert!(
        message.starts_with("log.csv, line 3: column `judge` holds") && message.contains("not valid UTF-8"),
        "{message}"
    );
}

#[test]
fn times_that_are_no_seconds_are_told_where_a_date_is_asked_for() {
    let text = "a,b,winner,time\nx,y,a,1711670400000\nx,y,b,1711670500000\n";
    let since = |since| {
        let filters = Filters { since: Some(since), ..Filters::default() };
        read_bytes("log.csv", text.as_bytes(), &ReadOptions { filters, ..ReadOptions::default() }).unwrap()
    };
    let odd = since(1_711_670_400.0).notes.odd_times.unwrap();
    assert_eq!((odd.rows, odd.example.as_str()), (2, "1711670400000"));
    assert_eq!(since(1_711_670_450_000.0).notes.odd_times, None);
}

#[test]
fn what_is_no_number_is_told_where_an_order_of_numbers_is_asked_for() {
    let text = "{\"a\":\"x\",\"b\":\"y\",\"winner\":\"a\",\"n\":3}\n{\"a\":\"x\",\"b\":\"y\",\"winner\":\"b\",\"n\":\"few\"}\n\
                {\"a\":\"x\",\"b\":\"y\",\"winner\":\"b\",\"n\":\"NA\"}\n";
    let found = filtered(text, "n > 1 or n <= 1").unwrap();
    assert_eq!(found.inputs[0].filters.as_ref().unwrap().kept, 1);
    assert_eq!(found.notes.not_numbers.len(), 1);
    let note = &found.notes.not_numbers[0];
    assert_eq!((note.column.as_str(), note.rows, note.example.as_str()), ("n", 1, "few"));
    assert!(filtered(text, "n = 3").unwrap().notes.not_numbers.is_empty());
}

#[test]
fn several_outcomes_make_one_comparison_with_the_mean_of_their_shares() {
    let text = "a,b,x,y\np,q,a,b\np,q,tie,\nq,p,b,p\np,q,,\n";
    let outcomes =
        [("x", 1.0), ("y", 0.5)].map(|(column, weight)| WeightedOutcome { column: column.to_owned(), weight });
    let options = ReadOptions { outcomes: outcomes.to_vec(), keep: Keep::Rows, ..ReadOptions::default() };
    let reading = read_bytes("log.csv", text.as_bytes(), &options).unwrap();
    assert_eq!((reading.notes.no_verdict, reading.inputs[0].rows), (1, 4));
    let Comparisons::Rows(log) = reading.comparisons else { panic!("rows were asked for") };
    let rows: Vec<(f64, f64)> = log.rows().map(|row| (row.outcome.share(), row.weight)).collect();
    assert_eq!(rows, [(1.0 / 1.5, 1.0), (0.5, 1.0 / 1.5), (0.0, 1.0)]);
}

#[test]
fn a_strong_grade_among_several_outcomes_counts_as_often_as_its_weight() {
    let text = "a,b,x,y\np,q,a>>b,b\np,q,a>b,b\n";
    let outcomes =
        [("x", 1.0), ("y", 1.0)].map(|(column, weight)| WeightedOutcome { column: column.to_owned(), weight });
    let options = ReadOptions {
        outcomes: outcomes.to_vec(),
        strong_weight: Some(3.0),
        keep: Keep::Rows,
        ..ReadOptions::default()
    };
    let reading = read_bytes("log.csv", text.as_bytes(), &options).unwrap();
    let Comparisons::Rows(log) = reading.comparisons else { panic!("rows were asked for") };
    let rows: Vec<(f64, f64)> = log.rows().map(|row| (row.outcome.share(), row.weight)).collect();
    assert_eq!(rows, [(0.75, 2.0), (0.5, 1.0)]);
}

#[test]
fn outcomes_that_contradict_other_options_are_refused() {
    let outcome = |column: &str, weight| WeightedOutcome { column: column.to_owned(), weight };
    let refused = |options: ReadOptions| read_bytes("log.csv", b"a,b,x\np,q,a\n", &options).unwrap_err().to_string();
    let of = |outcomes| ReadOptions { outcomes, ..ReadOptions::default() };
    assert!(refused(of(vec![outcome("x", 1e308)])).contains("the weight of the outcome `x` is 1000"));
    assert!(refused(of(vec![outcome("x", 1.0), outcome("x", 2.0)])).contains("`x` is given twice"));
    let one = || of(vec![outcome("x", 1.0)]);
    assert!(refused(ReadOptions { margin: 0.5, ..one() }).contains("--margin) has no effect"));
    assert!(refused(ReadOptions { from: Some(Dialect::Lmarena), ..one() }).contains("--from)"));
}

const VOTES: &str = "fixtures/votes.csv";

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").args(args).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str]) -> Value {
    let (_, out, err) = run(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

/// Bad usage, and what is said of it.
fn refused(args: &[&str]) -> String {
    let (code, out, err) = run(args);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    err
}

#[test]
fn every_filter_is_counted_in_the_result() {
    let filters = ["--where", "turns > 1", "--since", "2025-02-08", "--dedupe", "user,model_a,model_b"];
    let more = ["--max-per", "user:10", "--board", "german=language = 'German'", "--board", "code=is_code"];
    let report = json(&[&["rank", VOTES], &filters[..], &more[..]].concat());
    let found = &report["input"][0]["filters"];
    let steps: Vec<(&str, &str)> = found["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["filter"].as_str().unwrap(), step["value"].as_str().unwrap()))
        .collect();
    let expected = [
        ("where", "turns > 1"),
        ("since", "2025-02-08T00:00:00Z"),
        ("dedupe", "user,model_a,model_b"),
        ("max-per", "user:10"),
    ];
    assert_eq!(steps, expected);
    let dropped: u64 = found["steps"].as_array().unwrap().iter().map(|step| step["dropped"].as_u64().unwrap()).sum();
    let (outside, kept) = (found["outside_boards"].as_u64().unwrap(), found["kept"].as_u64().unwrap());
    assert_eq!(dropped + outside + kept, 600);
    assert_eq!(report["input"][0]["rows"], 600);
    let boards = report["boards"].as_array().unwrap();
    assert_eq!(
        (boards[0]["board"].as_str(), boards[0]["where"].as_str()),
        (Some("german"), Some("language = 'German'"))
    );
    assert_eq!(boards[0]["rows"].as_f64(), boards[0]["graph"]["comparisons"].as_f64());
    assert_eq!(report["settings"]["reading"]["where"][0], "turns > 1");
    assert_eq!(report["settings"]["boards"][1]["name"], "code");
}

#[test]
fn boards_of_one_pass_are_those_of_a_pass_each() {
    let cuts = [("german", "language = 'German'"), ("long", "turns >= 3"), ("all", "true")];
    let boards: Vec<String> = cuts.iter().map(|(name, cut)| format!("--board={name}={cut}")).collect();
    for rest in [&["--cluster", "none"][..], &["--cluster", "user"], &["--method", "elo", "--sort", "time"]] {
        let args: Vec<&str> = ["rank", VOTES].into_iter().chain(boards.iter().map(String::as_str)).collect();
        let together = json(&[&args, rest].concat());
        for (place, (name, cut)) in cuts.iter().enumerate() {
            let alone = json(&[&["rank", VOTES, "--where", cut], rest].concat());
            assert_eq!(together["boards"][place]["board"], *name);
            assert_eq!(together["boards"][place]["items"], alone["items"], "{name} {rest:?}");
            assert_eq!(together["boards"][place]["fit"], alone["fit"], "{name} {rest:?}");
        }
    }
}

#[test]
fn boards_are_the_same_bytes_whatever_the_threads() {
    let bytes = |threads: &str| {
        let args = ["rank", VOTES, "--board", "code=is_code", "--board", "rest=not is_code", "--threads", threads];
        run(&[&args[..], &["--format", "json"]].concat()).1
    };
    assert!(!bytes("1").is_empty());
    assert_eq!(bytes("1"), bytes("2"));
}

#[test]
fn other_commands_take_filters_too() {
    for command in ["inspect", "crossval", "predict"] {
        let report = json(&[command, VOTES, "--where", "is_code", "--max-per", "user:5"]);
        assert_eq!(report["input"][0]["filters"]["steps"][0]["filter"], "where", "{command}");
        assert_eq!(report["settings"]["reading"]["where"][0], "is_code", "{command}");
        let (code, out, _) = run(&[command, VOTES, "--where", "is_code"]);
        assert_eq!(code, 0);
        assert!(out.starts_with("600 rows · --where is_code left out "), "{command}: {out}");
    }
}

#[test]
fn what_to_compare_next_has_a_period_beside_its_goal() {
    let report = json(&["next", VOTES, "--where", "is_code", "--until-time", "2025-02-15", "--count", "2"]);
    let steps: Vec<&Value> = report["input"][0]["filters"]["steps"].as_array().unwrap().iter().collect();
    assert_eq!(
        (steps[1]["filter"].as_str(), steps[1]["value"].as_str()),
        (Some("until"), Some("2025-02-15T00:00:00Z"))
    );
}

#[test]
fn four_digits_are_a_year() {
    let report = json(&["rank", VOTES, "--since", "2025", "--until", "2026"]);
    assert_eq!(report["input"][0]["filters"]["steps"][0]["value"], "2025-01-01T00:00:00Z");
    assert_eq!(report["input"][0]["filters"]["kept"], 600);
}

#[test]
fn what_filters_left_out_is_told_on_stderr_where_the_result_has_no_place_for_it() {
    for format in ["csv", "jsonl", "markdown"] {
        let (code, out, err) = run(&["rank", VOTES, "--where", "is_code", "--format", format]);
        assert_eq!(code, 0);
        assert!(err.starts_with("600 rows, --where is_code left out ") && err.trim_end().ends_with(" left"), "{err}");
        assert!(!out.contains("left out"), "{out}");
    }
}

#[test]
fn one_board_that_cannot_be_made_does_not_take_the_others_with_it() {
    let boards = ["--board", "all=true", "--board", "few=model_a = 'amber' and model_b = 'birch'"];
    let (code, out, err) = run(&[&["rank", VOTES, "--anchor", "dune=1000"], &boards[..]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("board few: the log has no item 'dune' to be the anchor") && err.contains("it is left out"),
        "{err}"
    );
    assert!(out.contains("all · true") && !out.contains("few · "), "{out}");
    let err = refused(&["rank", VOTES, "--anchor", "oak=1000", "--board", "all=true"]);
    assert!(err.contains("no item 'oak' to be the anchor"), "{err}");
}

#[test]
fn the_caret_stands_under_its_place_whatever_the_width_of_letters() {
    let err = refused(&["rank", VOTES, "--where", "language = \"日本語\" and turns ! 3"]);
    let lines: Vec<&str> = err.lines().collect();
    let caret = lines.iter().position(|line| line.trim() == "^").expect("a caret");
    // Three wide letters take two columns each.
    assert_eq!(lines[caret].find('^'), Some(2 + "language = \"______\" and turns ".len()), "{err}");
}

#[test]
fn ballots_take_no_filters_and_no_boards() {
    let file = "fixtures/tennessee.soc";
    for (args, part) in [
        (["--where", "x"], "--where chooses rows of comparisons"),
        (["--board", "x=y"], "--board is for comparisons"),
        (["--since", "2025"], "--since chooses rows of comparisons"),
    ] {
        let err = refused(&[&["rank", file], &args[..]].concat());
        assert!(err.contains(part), "{err}");
    }
}

#[test]
fn a_board_without_rows_is_left_out_and_told() {
    let (code, out, err) = run(&["rank", VOTES, "--board", "greek=language = 'Greek'", "--board", "code=is_code"]);
    assert_eq!(code, 0);
    assert!(err.contains("no row is on the board `greek` (language = 'Greek'); it is left out [empty-board]"), "{err}");
    assert!(out.contains("\ncode · is_code · "), "{out}");
    let err = refused(&["rank", VOTES, "--board", "greek=language = 'Greek'"]);
    assert!(err.contains("no row of fixtures/votes.csv is left: of 600 rows 600 are on no board"), "{err}");
    let err = refused(&["rank", VOTES, "--where", "turns > 9"]);
    assert!(err.contains("of 600 rows --where 'turns > 9' left out 600"), "{err}");
}

#[test]
fn bad_filters_have_their_messages() {
    let err = refused(&["rank", VOTES, "--where", "language = German"]);
    assert!(err.contains("put a text in quotes: \"German\"\n  language = German\n             ^"), "{err}");
    let err = refused(&["rank", VOTES, "--board", "x=turns >"]);
    assert!(err.contains("the condition of board x: expected a value"), "{err}");
    assert!(err.contains("\n  turns >\n         ^"), "{err}");
    let mut columns = String::new();
    write!(columns, "its columns are `model_a`, `model_b`, `winner`, `user`, `language`, `turns`").unwrap();
    for (args, parts) in [
        (["--where", "lang = 'de'"], ["no column for `lang` in --where 'lang = 'de''", columns.as_str()]),
        (["--board", "x=lang"], ["no column for `lang` in --board x='lang'", columns.as_str()]),
        (["--dedupe", "user,prompt"], ["no column for --dedupe prompt", columns.as_str()]),
        (["--max-per", "judge:3"], ["no column for --max-per judge:3", columns.as_str()]),
        (["--max-per", "user"], ["write COLUMN:N", ""]),
        (["--max-per", "user:0"], ["'0' is no number of rows", ""]),
        (["--since", "yesterday"], ["this is no time", ""]),
        (["--board", "german"], ["write NAME='EXPR'", ""]),
        (["--board", "=is_code"], ["the board has no name", ""]),
        (["--outcomes", "helpful=-1"], ["'-1' is no weight", ""]),
        (["--outcomes", "useful=1"], ["no column for the outcome `useful` of --outcomes", columns.as_str()]),
    ] {
        let err = refused(&[&["rank", VOTES], &args[..]].concat());
        assert!(parts.iter().all(|part| err.contains(part)), "{args:?}: {err}");
    }
    let err = refused(&["rank", VOTES, "--since", "2025-03-01", "--until", "2025-03-01"]);
    assert!(err.contains("--since is not before --until"), "{err}");
    let err = refused(&["rank", VOTES, "--board", "x=is_code", "--board", "x=true"]);
    assert!(err.contains("there are two boards `x`"), "{err}");
    let err = refused(&["rank", VOTES, "--board", "x=is_code", "--by", "language"]);
    assert!(err.contains("cannot be used with"), "{err}");
}

#[test]
fn covariates_of_a_board_are_those_of_its_rows_alone() {
    const STYLE: &str = "fixtures/style.jsonl";
    let cut = "conv_metadata.sum_assistant_a_tokens > 200";
    let board = format!("long={cut}");
    for more in [&["--style-control"][..], &["--style-control", "--side-advantage"], &["--reweight", "pair:5"]] {
        let together = json(&[&["rank", STYLE, "--board", &board, "--board", "all=true"], more].concat());
        let (alone, all) =
            (json(&[&["rank", STYLE, "--where", cut], more].concat()), json(&[&["rank", STYLE], more].concat()));
        for (found, expected) in [(&together["boards"][0], alone), (&together["boards"][1], all)] {
            assert_eq!(found["items"], expected["items"], "{more:?}");
            assert_eq!(found["fit"]["covariates"], expected["fit"]["covariates"], "{more:?}");
        }
    }
    let err = refused(&["rank", STYLE, "--style-control", "--anchor", "x=1+-2"]);
    assert!(err.contains("fit no covariates; leave out --style-control"), "{err}");
}
