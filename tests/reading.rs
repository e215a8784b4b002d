//! The log reader against a straightforward one, and every message it has for bad input.

use std::fmt::Write as _;
use std::io::Write as _;

use palio::data::graph::PreferenceGraph;
use palio::data::read::{
    BothBad, ColumnNames, Comparisons, Keep, LabelColumn, OutcomeAs, ReadError, ReadOptions, Reading, Role, read,
    read_bytes, read_log,
};
use palio::data::{Comparison, Log, Outcome};
use proptest::prelude::*;

fn rows() -> ReadOptions {
    ReadOptions { keep: Keep::Rows, ..ReadOptions::default() }
}

fn log(reading: Reading) -> Log {
    match reading.comparisons {
        Comparisons::Rows(log) => log,
        Comparisons::Counts(_) => panic!("rows were asked for"),
    }
}

fn graph(reading: Reading) -> PreferenceGraph {
    match reading.comparisons {
        Comparisons::Rows(log) => PreferenceGraph::from_log(&log),
        Comparisons::Counts(tally) => PreferenceGraph::from_tally(tally),
    }
}

/// Everything that a reading says about its rows, as text.
fn told(reading: &Reading) -> String {
    let mut text = format!("{:?}\n{:?}\n", reading.inputs, reading.notes);
    match &reading.comparisons {
        Comparisons::Counts(tally) => {
            let graph = PreferenceGraph::from_tally(tally.clone());
            let names: Vec<&str> = graph.items().iter().collect();
            write!(text, "{names:?} {:?} {:?} {:?}", graph.pairs(), graph.cells(), graph.sums()).unwrap();
        }
        Comparisons::Rows(log) => write!(text, "{log:?}").unwrap(),
    }
    text
}

/// The outcomes of a log, one letter a row.
fn letters(log: &Log) -> String {
    let letter = |row: Comparison| match row.outcome {
        Outcome::Left => 'L',
        Outcome::Right => 'R',
        Outcome::Tie => 'T',
        Outcome::Share(_) => 'S',
    };
    log.rows().map(letter).collect()
}

fn error(name: &str, text: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    let error = read_bytes(name, text.as_ref(), options).expect_err("the log is bad");
    assert!(!error.is_io(), "{error}");
    error.to_string()
}

const HEAD: &str = "model_a,model_b,winner\nada,bob,tie\n";

mod messages {
    use super::*;

    /// What is wrong with a second row below a good one.
    fn second(row: &str) -> String {
        let message = error("log.csv", format!("{HEAD}{row}\n"), &ReadOptions::default());
        let fault = message.strip_prefix("log.csv, line 3: ").expect("the place comes first");
        fault.strip_suffix(" (--skip-bad-rows leaves such rows out)").expect("the way out comes last").to_owned()
    }

    #[test]
    fn of_outcomes() {
        assert_eq!(
            second("ada,bob,ties"),
            "column `winner` holds \"ties\", which is no outcome; use model_a, a, left, win, model_b, b, right, loss, \
             tie, both_bad, a grade like a>>b, the left item's share from 0 to 1, or the name of one of the row's items"
        );
        assert_eq!(
            second("b,a,a"),
            "column `winner` holds \"a\", which is both an outcome and the name of an item with another outcome; say \
             which is meant with --outcome-as side or --outcome-as name"
        );
    }

    #[test]
    fn of_items() {
        assert_eq!(second(",bob,tie"), "column `model_a` is empty; give the item's name");
        assert_eq!(
            second("bob,bob,tie"),
            "columns `model_a` and `model_b` both hold \"bob\"; an item cannot be compared with itself"
        );
        let message = error("log.csv", b"model_a,model_b,winner\nada,b\xffb,tie\n", &ReadOptions::default());
        assert_eq!(
            message,
            "log.csv, line 2: column `model_b` holds \"b\u{fffd}b\", which is not valid UTF-8; convert the file to \
             UTF-8 (--skip-bad-rows leaves such rows out)"
        );
    }

    #[test]
    fn of_the_number_of_fields() {
        let message = "the row has 2 fields and the header has 3; put a field that holds a delimiter in double quotes";
        assert_eq!(second("ada,bob"), message);
        assert_eq!(second("ada,bob,tie,x"), message.replace("has 2", "has 4"));
        assert_eq!(second("\"ada\",bob,tie,x"), message.replace("has 2", "has 4"));
    }

    #[test]
    fn of_numbers() {
        let text = |row: &str| format!("a,b,wins_a,wins_b,weight\nx,y,1,2,1\n{row}\n");
        let fault = |row: &str| error("log.csv", text(row), &ReadOptions::default());
        assert_eq!(
            fault("x,y,-1,2,1"),
            "log.csv, line 3: column `wins_a` holds \"-1\"; a count must be finite and not negative (and no larger than 1e100) \
             (--skip-bad-rows leaves such rows out)"
        );
        assert!(fault("x,y,1,inf,1").contains("column `wins_b` holds \"inf\"; a count must be finite"));
        assert!(fault("x,y,1,2,-0.5").contains("column `weight` holds \"-0.5\"; a weight must be finite"));
        assert!(fault("x,y,1,2,NaN").contains("column `weight` holds \"NaN\"; a weight must be finite"));
        assert!(fault("x,y,1,2,").contains("column `weight` holds \"\", which is not a number; write it like"));
        let scores = |row: &str| error("log.csv", format!("a,b,score_a,score_b\n{row}\n"), &ReadOptions::default());
        assert_eq!(
            scores("x,y,1,good"),
            "log.csv, line 2: column `score_b` holds \"good\", which is not a number; write it like 1, 0.5 or 2e-3 \
             (--skip-bad-rows leaves such rows out)"
        );
        assert!(scores("x,y,inf,1").contains("column `score_a` holds \"inf\"; a score must be finite"));
    }

    #[test]
    fn of_times() {
        let options = ReadOptions { read_time: true, ..ReadOptions::default() };
        assert_eq!(
            error("log.csv", "a,b,winner,date\nx,y,a,yesterday\n", &options),
            "log.csv, line 2: column `date` holds \"yesterday\", which is no time; use a number, or a date like \
             2024-03-29 or 2024-03-29T12:00:00Z (--skip-bad-rows leaves such rows out)"
        );
        assert!(error("log.csv", HEAD, &options).contains("no column for the time (timestamp, time, date, tstamp)"));
    }

    #[test]
    fn of_missing_columns() {
        assert_eq!(
            error("log.csv", "x,model_b,winner\n", &ReadOptions::default()),
            "log.csv has no column for the left item (model_a, item_a, player_a, left, agent_a, a); its columns are \
             `x`, `model_b`, `winner`; name the right one with --left"
        );
        assert_eq!(
            error("log.csv", "a,b,wins_a\n", &ReadOptions::default()),
            "log.csv has no column for the outcome (winner, outcome, result; or wins_a and wins_b; or score_a and \
             score_b); its columns are `a`, `b`, `wins_a`; name the right one with --winner, --wins-a and --wins-b, or \
             --score-a and --score-b"
        );
        let named = ReadOptions { labels: vec![LabelColumn::Named("lang".to_owned())], ..ReadOptions::default() };
        assert!(error("log.csv", HEAD, &named).starts_with("log.csv has no column for the label `lang`; its columns"));
        let columns = ColumnNames { judge: Some("rater".to_owned()), ..ColumnNames::default() };
        let message = error("log.csv", HEAD, &ReadOptions { columns, ..ReadOptions::default() });
        assert!(message.starts_with("log.csv has no column for --judge rater; its columns"), "{message}");
        let scores = ReadOptions { prefer_scores: true, ..ReadOptions::default() };
        assert!(error("log.csv", HEAD, &scores).contains("no column for the scores (score_a, score_b)"));
    }

    #[test]
    fn of_empty_logs() {
        let empty = "log.csv is empty; start it with a header line that names the columns, or write JSON lines";
        assert_eq!(error("log.csv", "", &ReadOptions::default()), empty);
        assert_eq!(error("log.csv", "\n\r\n", &ReadOptions::default()), empty);
        assert_eq!(error("log.csv", "\u{feff}", &ReadOptions::default()), empty);
        assert_eq!(
            error("log.csv", "a,b,winner\n", &ReadOptions::default()),
            "no comparison in log.csv; a log needs at least one row below its header"
        );
        let skip = ReadOptions { skip_bad_rows: true, ..ReadOptions::default() };
        assert_eq!(
            error("log.csv", "a,b,winner\nx,x,a\n", &skip),
            "no comparison in log.csv (1 bad rows were skipped); a log needs at least one row below its header"
        );
        let utf16: &[u8] = b"a,b\xff\xfe\n";
        let message = error("log.csv", utf16, &ReadOptions::default());
        assert_eq!(
            message,
            "the header of log.csv is not valid UTF-8; convert the file to UTF-8, or name it .gz or .zst if it is \
             compressed"
        );
    }

    #[test]
    fn of_json_lines() {
        let first = r#"{"a":"x","b":"y","winner":"a"}"#;
        let second = |line: &[u8]| {
            let text = [first.as_bytes(), b"\n", line, b"\n"].concat();
            let message = error("log.jsonl", text, &ReadOptions::default());
            message.strip_prefix("log.jsonl, line 2: ").expect("the place comes first").to_owned()
        };
        let end = " (--skip-bad-rows leaves such rows out)";
        assert_eq!(
            second(b"{\"a\":\"x\""),
            format!(
                "the line is not a JSON object: EOF while parsing an object at column 8; write one object a line{end}"
            )
        );
        assert!(
            second(b"[1]").starts_with("the line is not a JSON object: invalid type: sequence, expected an object")
        );
        let missing = format!("the object has no `winner`; give it a string or a number{end}");
        assert_eq!(second(br#"{"a":"x","b":"y"}"#), missing);
        assert_eq!(second(br#"{"a":"x","b":"y","winner":null}"#), missing);
        assert_eq!(
            second(br#"{"a":["x"],"b":"y","winner":"a"}"#),
            format!("`a` holds [\"x\"], which is neither a string nor a number; give it one of these{end}")
        );
        let encoding = format!("the line is not valid UTF-8; convert the file to UTF-8{end}");
        assert_eq!(second(b"{\"a\":\"\xff\",\"b\":\"y\",\"winner\":\"a\"}"), encoding);
    }

    #[test]
    fn of_damaged_and_missing_files() {
        let message = error("log.csv.gz", HEAD, &ReadOptions::default());
        assert!(message.starts_with("log.csv.gz cannot be decompressed: "), "{message}");
        assert!(message.ends_with("; the file is damaged, cut off, or not what its name says"), "{message}");
        let mut packed = gz(HEAD.repeat(1000).as_bytes());
        packed.truncate(packed.len() / 2);
        error("log.csv.gz", &packed, &ReadOptions { block_bytes: 100, ..ReadOptions::default() });
        error("log.csv.zst", HEAD, &ReadOptions::default());
        let absent = read(&["/nowhere/log.csv"], &ReadOptions::default()).unwrap_err();
        assert!(absent.is_io());
        assert!(absent.to_string().starts_with("cannot read /nowhere/log.csv: "), "{absent}");
        assert!(read(&["/"], &ReadOptions::default()).unwrap_err().is_io());
    }

    #[test]
    fn of_settings() {
        let options = ReadOptions { margin: -1.0, ..ReadOptions::default() };
        assert_eq!(error("log.csv", HEAD, &options), "the margin is -1; give a finite number that is not negative");
        let options = ReadOptions { strong_weight: Some(f64::NAN), ..ReadOptions::default() };
        assert!(error("log.csv", HEAD, &options).starts_with("the strong weight is NaN"));
    }
}

#[test]
fn the_line_of_a_bad_row_is_right_behind_quoted_newlines_and_in_every_block() {
    let good = "ada,bob,\"tie\"\r\n\n\"x\r\ny\",bob,tie\n";
    let text = format!("model_a,model_b,\n\"winner\"\n{}bad,bad,tie\n", good.repeat(50));
    let text = text.replacen(",\n\"winner\"", ",winner", 1);
    for block_bytes in [1, 2, 7, 64, 1000, 1 << 20] {
        let message = error("log.csv", &text, &ReadOptions { block_bytes, ..ReadOptions::default() });
        assert!(message.starts_with("log.csv, line 202: columns"), "{block_bytes}: {message}");
    }
}

#[test]
fn bad_rows_are_skipped_counted_and_told_in_order() {
    let mut text = HEAD.to_owned();
    for row in 0..7 {
        write!(text, "x{row},x{row},tie\nada,c{row},model_a\n").unwrap();
    }
    for block_bytes in [1, 30, 1 << 20] {
        let options = ReadOptions { skip_bad_rows: true, block_bytes, ..rows() };
        let reading = read_bytes("log.csv", text.as_bytes(), &options).unwrap();
        assert_eq!((reading.notes.skipped, reading.inputs[0].rows), (7, 8));
        assert_eq!(reading.notes.first_skipped.len(), 5);
        assert_eq!(
            reading.notes.first_skipped[4],
            "log.csv, line 11: columns `model_a` and `model_b` both hold \"x4\"; an item cannot be compared with itself"
        );
        assert_eq!(log(reading).items().iter().last(), Some("c6"), "bad rows add no item");
    }
}

#[test]
fn the_first_bad_row_is_told_whatever_the_threads() {
    let mut text = HEAD.to_owned();
    for row in 0..3000 {
        let word = if row > 1500 && row % 7 == 0 { "what" } else { "tie" };
        writeln!(text, "ada,bob,{word}").unwrap();
    }
    let options = ReadOptions { block_bytes: 64, ..ReadOptions::default() };
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let message = pool.install(|| error("log.csv", &text, &options));
        assert!(message.starts_with("log.csv, line 1508: "), "{threads}: {message}");
    }
}

#[test]
fn the_result_is_the_same_whatever_the_threads_and_blocks() {
    let mut text = "model_a,model_b,winner,judge\n".to_owned();
    for row in 0..2000_u32 {
        let (left, right) = (row * 7 % 31, 31 + row * 13 % 29);
        let word = ["model_a", "model_b", "tie", "0.25"][row as usize % 4];
        writeln!(text, "m{left},m{right},{word},j{}", row % 11).unwrap();
    }
    for labels in [vec![], vec![LabelColumn::Role(Role::Judge)]] {
        let mut results = Vec::new();
        for (threads, block_bytes) in [(1, 1 << 20), (1, 50), (2, 50), (2, 1000), (4, 333)] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options = ReadOptions { labels: labels.clone(), block_bytes, ..ReadOptions::default() };
            results.push(pool.install(|| told(&read_bytes("log.csv", text.as_bytes(), &options).unwrap())));
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn a_file_may_be_cut_anywhere() {
    let lines = ["model_a,model_b,winner", "ada,bob,model_a", "", "\"b\"\"ob\",ada,\"tie\"", "ada,cleo,b"];
    for mark in ["", "\u{feff}"] {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let text = format!("{mark}{}{last}", lines.join(end));
                for block_bytes in 1..=text.len() + 1 {
                    let log =
                        log(read_bytes("log.csv", text.as_bytes(), &ReadOptions { block_bytes, ..rows() }).unwrap());
                    assert_eq!(letters(&log), "LTR", "{text:?} in blocks of {block_bytes}");
                    assert_eq!(log.items().iter().collect::<Vec<_>>(), ["ada", "bob", "b\"ob", "cleo"]);
                }
            }
        }
    }
}

#[test]
fn a_mark_inside_a_file_belongs_to_the_name() {
    let text = "a,b,winner\n\u{feff}x,y,a\n\u{feff}x,\"y\",a\n";
    for block_bytes in [1, 16, 1 << 20] {
        let log = log(read_bytes("log.csv", text.as_bytes(), &ReadOptions { block_bytes, ..rows() }).unwrap());
        assert_eq!(log.items().iter().collect::<Vec<_>>(), ["\u{feff}x", "y"]);
    }
}

#[test]
fn an_outcome_may_be_an_items_name() {
    let text = "a,b,winner\nada,bob,bob\nada,bob,ada\ntie,bob,bob\nmodel_a,x,model_a\nx,1,0\n";
    assert_eq!(letters(&log(read_bytes("log.csv", text.as_bytes(), &rows()).unwrap())), "RLRLR");
    let text = b"a,b,winner\nb,a,a\nmodel_b,x,model_b\n";
    for (outcome_as, expected) in [(OutcomeAs::Side, "LR"), (OutcomeAs::Name, "RL")] {
        let options = ReadOptions { outcome_as: Some(outcome_as), ..rows() };
        assert_eq!(letters(&log(read_bytes("log.csv", text, &options).unwrap())), expected);
    }
}

#[test]
fn graded_words_have_the_strong_weight() {
    let text = b"a,b,winner,weight\nx,y,A>>B,1\nx,y,a>b,2\nx,y,B++,3\nx,y,a=b,1\n";
    let log = log(read_bytes("log.csv", text, &ReadOptions { strong_weight: Some(3.0), ..rows() }).unwrap());
    assert_eq!(letters(&log), "LLRT");
    assert_eq!(log.rows().map(|row| row.weight).collect::<Vec<_>>(), [3.0, 2.0, 9.0, 1.0]);
}

#[test]
fn both_bad_is_a_tie_or_nothing() {
    let text = b"a,b,winner\nx,y,tie (bothbad)\nx,z,both_bad\nx,y,a\n";
    assert_eq!(letters(&log(read_bytes("log.csv", text, &rows()).unwrap())), "TTL");
    let reading = read_bytes("log.csv", text, &ReadOptions { both_bad: BothBad::Drop, ..rows() }).unwrap();
    assert_eq!((reading.notes.both_bad_dropped, reading.inputs[0].rows), (2, 3));
    let log = log(reading);
    assert_eq!((letters(&log).as_str(), log.items().len()), ("L", 3));
}

#[test]
fn counts_become_up_to_three_rows_and_zeros_none() {
    let text = b"a,b,wins_a,wins_b,ties,judge\nx,y,2,0,1.5,j\nx,z,0,0,0,k\ny,z,0,1,0,k\n";
    let labels = vec![LabelColumn::Role(Role::Judge)];
    let reading = read_bytes("log.csv", text, &ReadOptions { labels, ..ReadOptions::default() }).unwrap();
    assert!(reading.notes.counted);
    assert_eq!(reading.notes.label_roles, [(Role::Judge, "judge".to_owned())]);
    let log = log(reading);
    assert_eq!(letters(&log), "LTR");
    assert_eq!(log.rows().map(|row| row.count).collect::<Vec<_>>(), [2.0, 1.5, 1.0]);
    let judges = log.labels("judge").unwrap();
    assert_eq!(judges.ids.iter().map(|&id| judges.names.iter().nth(id as usize).unwrap()).collect::<String>(), "jjk");
}

#[test]
fn outcomes_come_first_and_disagreements_are_counted() {
    let text = b"a,b,winner,score_a,score_b\nx,y,a,1,2\nx,y,b,1,2\nx,y,tie,1,1.5\nx,y,tie,,\n";
    let reading = read_bytes("log.csv", text, &rows()).unwrap();
    assert_eq!(reading.notes.disagreements, 2);
    assert_eq!(letters(&log(reading)), "LRTT");
    let by_scores = ReadOptions { prefer_scores: true, margin: 0.5, ..rows() };
    let reading = read_bytes("log.csv", &text[..text.len() - 11], &by_scores).unwrap();
    assert_eq!(reading.notes.disagreements, 1);
    assert_eq!(letters(&log(reading)), "RRT");
}

#[test]
fn times_and_labels_go_with_their_rows() {
    let text = "model_a,model_b,winner,judge,question_id,tstamp,lang\nx,y,a,j,q1,2024-03-29,de\ny,x,b,k,q2,5,\n";
    let roles = [Role::Judge, Role::Task, Role::Group].map(LabelColumn::Role);
    let labels = roles.into_iter().chain([LabelColumn::Named("lang".to_owned())]).collect();
    let options = ReadOptions { labels, read_time: true, ..ReadOptions::default() };
    let reading = read_bytes("log.csv", text.as_bytes(), &options).unwrap();
    let roles = [(Role::Judge, "judge".to_owned()), (Role::Task, "question_id".to_owned())];
    assert_eq!(reading.notes.label_roles, roles);
    let log = log(reading);
    assert_eq!(log.times(), Some(&[1_711_670_400.0, 5.0][..]));
    assert_eq!(log.labels("question_id").unwrap().ids, [0, 1]);
    assert_eq!(log.labels("lang").unwrap().names.iter().collect::<Vec<_>>(), ["de", ""]);
    assert!(log.labels("group").is_none());
}

#[test]
fn a_uid_is_a_group_only_where_that_is_asked_for() {
    let text = b"a,b,winner,uid\nx,y,a,u\n";
    for uid_is_group in [false, true] {
        let options = ReadOptions { uid_is_group, labels: vec![LabelColumn::Role(Role::Group)], ..rows() };
        let log = log(read_bytes("log.csv", text, &options).unwrap());
        assert_eq!(log.labels("uid").is_some(), uid_is_group);
    }
}

#[test]
fn json_lines_and_tabs_say_the_same_as_commas() {
    let csv = "model_a,model_b,winner,judge\nada,bob,model_a,1\nbob,cleo,0.25,x y\nada,cleo,tie,true\n";
    let json = "\n{\"model_a\":\"ada\",\"model_b\":\"bob\",\"winner\":\"model_a\",\"judge\":1}\r\n\
        {\"judge\" : \"x y\", \"winner\":0.25, \"model_b\":\"cleo\", \"model_a\":\"b\\u006fb\", \"extra\":[{}]}\n\n\
        {\"model_a\":\"ada\",\"model_b\":\"cleo\",\"winner\":\"tie\",\"judge\":true}";
    let tsv = csv.replace(',', "\t");
    for block_bytes in [1, 10, 60, 1 << 20] {
        let options = ReadOptions { labels: vec![LabelColumn::Role(Role::Judge)], block_bytes, ..rows() };
        let read = |name: &str, text: &str| format!("{:?}", log(read_bytes(name, text.as_bytes(), &options).unwrap()));
        let expected = read("log.csv", csv);
        for (name, text) in [("l.jsonl", json), ("-", json), ("l.tsv", &tsv), ("-", &tsv), ("l.txt", csv)] {
            assert_eq!(read(name, text), expected, "{name} in blocks of {block_bytes}");
        }
    }
}

#[test]
fn a_json_object_may_leave_out_weight_and_ties() {
    let text = "{\"a\":\"x\",\"b\":\"y\",\"wins_a\":1,\"wins_b\":0}\n\
                {\"a\":\"x\",\"b\":\"y\",\"wins_a\":0,\"wins_b\":0,\"ties\":2,\"weight\":0.5}\n";
    let log = log(read_bytes("log.jsonl", text.as_bytes(), &rows()).unwrap());
    assert_eq!(letters(&log), "LT");
    assert_eq!((log.row(1).count, log.row(1).weight), (2.0, 0.5));
}

#[test]
fn a_bad_first_object_is_told_or_skipped() {
    let text = "{\"a\":1\n{\"a\":\"x\",\"b\":\"y\",\"winner\":\"a\"}\n";
    for block_bytes in [1, 1 << 20] {
        let skip = ReadOptions { skip_bad_rows: true, block_bytes, ..rows() };
        let reading = read_bytes("log.jsonl", text.as_bytes(), &skip).unwrap();
        assert_eq!((reading.notes.skipped, reading.inputs[0].rows), (1, 1));
        let message = error("log.jsonl", text, &ReadOptions { block_bytes, ..rows() });
        assert!(message.starts_with("log.jsonl, line 1: the line is not a JSON object"), "{message}");
        let message = error("log.jsonl", "\n{\n{\n", &skip);
        assert!(message.starts_with("log.jsonl, line 2: "), "{message}");
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_files_are_read_and_hashed_as_they_are() {
    let plain = read_bytes("log.csv", HEAD.as_bytes(), &rows()).unwrap();
    assert_eq!(plain.inputs[0].xxh3, format!("{:016x}", xxhash_rust::xxh3::xxh3_64(HEAD.as_bytes())));
    let expected = format!("{:?}", log(plain));
    let (head, tail) = HEAD.split_at(10);
    let members = [gz(head.as_bytes()), gz(tail.as_bytes())].concat();
    let frames = [head, tail].map(|part| zstd::encode_all(part.as_bytes(), 1).unwrap()).concat();
    for (name, bytes) in [("log.csv.gz", members), ("log.csv.zst", frames), ("log.GZ", gz(HEAD.as_bytes()))] {
        let reading = read_bytes(name, &bytes, &rows()).unwrap();
        assert_eq!(reading.inputs[0].xxh3, format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes)));
        assert_eq!(format!("{:?}", log(reading)), expected);
    }
}

#[test]
fn several_files_share_their_items() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (directory.path().join("one.csv"), directory.path().join("two.jsonl"));
    std::fs::write(&one, "a,b,winner,judge\nx,y,a,j\n").unwrap();
    std::fs::write(&two, "{\"model_a\":\"z\",\"model_b\":\"x\",\"outcome\":1,\"judger\":\"j\"}\n").unwrap();
    let options = ReadOptions { labels: vec![LabelColumn::Role(Role::Judge)], ..ReadOptions::default() };
    let reading = read(&[&one, &two], &options).unwrap();
    assert_eq!(reading.inputs.iter().map(|input| input.rows).collect::<Vec<_>>(), [1, 1]);
    let log = log(reading);
    assert_eq!(log.items().iter().collect::<Vec<_>>(), ["x", "y", "z"]);
    assert_eq!(log.labels("judge").unwrap().ids, [0, 0]);
    assert_eq!(read_log(&one).unwrap().labels("judge").unwrap().ids, [0]);
    std::fs::write(&two, "{\"a\":\"z\",\"b\":\"x\",\"outcome\":1}\n").unwrap();
    let message = read(&[&one, &two], &options).unwrap_err().to_string();
    assert!(message.contains("no column for the judge, which the first input has; its columns are"), "{message}");
}

/// A reader in a few lines: all of the file in memory, one row at a time, no labels.
fn reference(text: &[u8]) -> Result<Log, (String, u64)> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text);
    let records: Vec<csv::ByteRecord> = reader.byte_records().map(Result::unwrap).collect();
    let Some((head, records)) = records.split_first() else { return Err(("empty".to_owned(), 0)) };
    let mut rows = Vec::new();
    let mut names = palio::data::Items::new();
    for (index, record) in records.iter().enumerate() {
        let bad = |what: &str| Err((what.to_owned(), index as u64));
        if record.len() != head.len() {
            return bad("fields");
        }
        let (Ok(left), Ok(right)) = (str::from_utf8(&record[0]), str::from_utf8(&record[1])) else {
            return bad("UTF-8");
        };
        if left.is_empty() || right.is_empty() {
            return bad("is empty");
        }
        if left == right {
            return bad("itself");
        }
        let word = &record[2];
        let outcome = match word.trim_ascii() {
            b"a" => Outcome::Left,
            b"b" => Outcome::Right,
            b"tie" => Outcome::Tie,
            b"0.25" => Outcome::Share(0.25),
            _ if word == left.as_bytes() => Outcome::Left,
            _ if word == right.as_bytes() => Outcome::Right,
            _ => return bad("outcome"),
        };
        rows.push(Comparison::new(names.intern(left), names.intern(right), outcome));
    }
    let mut log = Log::new(names);
    for row in rows {
        log.push(row);
    }
    Ok(log)
}

/// Fields as they stand in a file, most of them good ones.
fn field(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    let odd =
        ["", "\"x\"", "\"a,\"\"b\"", "\"l\ni\r\nn\re\"", "é\"x", "\"q\"tail", "\"", " ", "\r", "x\ry", "\u{feff}"];
    prop_oneof![20 => prop::sample::select(good).prop_map(str::to_owned), 1 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned)]
}

fn file() -> impl Strategy<Value = String> {
    let names = &["x", "y", "\"z,1\"", "long-enough-for-two-words", "long-enough-for-two-wordz", "ünï"];
    let words = &["a", "b", "tie", "0.25", "\"tie\"", " a "];
    let row = (field(names), field(names), field(words), field(&["", "more", "\"m\"\"e\""]));
    let row = row.prop_map(|(left, right, word, more)| format!("{left},{right},{word},{more}"));
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r", "\n\n"]);
    let rows = prop::collection::vec((row, end), 0..12);
    (rows, any::<bool>()).prop_map(|(rows, last)| {
        let mut text = "a,b,winner,more\n".to_owned();
        for (row, end) in &rows {
            text.extend([row.as_str(), end]);
        }
        if last { text } else { text.trim_end_matches(['\r', '\n']).to_owned() }
    })
}

#[test]
fn an_array_of_objects_says_the_same_as_its_lines_and_has_their_messages() {
    let objects = [
        r#"{"a":"x","b":"y","winner":"a"}"#,
        "{\n  \"winner\": 0.5,\n \"a\": \"y}\", \"b\" :\"x\"\n}",
        r#"{"b":"x","a":"z","winner":"b","c":[{}]}"#,
    ];
    let lines = objects.map(|object| object.replace('\n', "")).join("\n");
    let expected = format!("{:?}", log(read_bytes("log.jsonl", lines.as_bytes(), &rows()).unwrap()));
    for text in [format!("[{}]", objects.join(",")), format!(" [\n{}\n]\n", objects.join("\n,\n"))] {
        for block_bytes in [1, 7, 40, 1 << 20] {
            let options = ReadOptions { block_bytes, ..rows() };
            assert_eq!(format!("{:?}", log(read_bytes("-", text.as_bytes(), &options).unwrap())), expected);
        }
    }
    let fault = |text: &str| error("log.json", text, &ReadOptions { block_bytes: 8, ..rows() });
    let first = objects[0];
    assert_eq!(
        fault(&format!("[{first},\n {{\"a\":\"x\",\n \"b\":\"x\",\"winner\":1}}]")),
        "log.json, line 2: columns `a` and `b` both hold \"x\"; an item cannot be compared with itself \
         (--skip-bad-rows leaves such rows out)"
    );
    assert!(
        fault(&format!("[{first},\n7]"))
            .starts_with("log.json, line 2: the element is not a JSON object: invalid type")
    );
    assert!(fault(&format!("[{first}\n{first}]")).starts_with("log.json, line 2: there is not one comma before this"));
    let cut_off = "the JSON array of log.json has no end; the file is cut off, or is not one array of objects";
    for end in ["", ",", ",{\"a\":"] {
        let message = fault(&format!("[{first}{end}"));
        assert!(message == cut_off || message.starts_with("log.json, line 1: the element"), "{message}");
    }
    assert!(fault("[]").starts_with("log.json is empty"));
}

#[test]
fn a_column_inside_of_others_is_called_by_its_path() {
    let text = r#"{"a":"x","b":"y","games":[{"score":"a"},{"score":"b"}],"meta":{"turns":3,"who":{"id":"u1"}}}
{"b":"z","a":"x","meta":{"turns":null,"who":{}},"games":[{"score":"tie"}]}
{"a":"y","b":"z","games":[{"score":"b","more":{"score":"a"}}]}"#;
    let columns = ColumnNames { winner: Some("games[0].score".to_owned()), ..ColumnNames::default() };
    let labels = ["meta.turns", "meta.who.id"].map(|name| LabelColumn::Named(name.to_owned())).to_vec();
    let named = ReadOptions { columns: columns.clone(), labels, ..rows() };
    let found = log(read_bytes("log.jsonl", text.as_bytes(), &named).unwrap());
    assert_eq!(letters(&found), "LTR");
    let texts = |column: &str| [0, 1, 2].map(|row| found.labels(column).unwrap().name(row).to_owned());
    assert_eq!(texts("meta.turns"), ["3", "", ""]);
    assert_eq!(texts("meta.who.id"), ["u1", "", ""]);
    let second = ColumnNames { winner: Some("games[1].score".to_owned()), ..ColumnNames::default() };
    assert_eq!(
        error("log.jsonl", text, &ReadOptions { columns: second, ..rows() }),
        "log.jsonl, line 2: the object has no `games[1].score`; give it a string or a number (--skip-bad-rows leaves \
         such rows out)"
    );
    let absent = ColumnNames { task: Some("meta.turn".to_owned()), ..columns };
    assert_eq!(
        error("log.jsonl", text, &ReadOptions { columns: absent, ..rows() }),
        "log.jsonl has no column for --task meta.turn; its columns are `a`, `b`, `games`, `meta`, `games[0].score`, \
         `games[1].score`, `meta.turns`, `meta.who.id`; name the right one with --task"
    );
}

#[test]
fn fields_may_be_separated_by_semicolons_if_the_header_is() {
    let reading = read_bytes("log.csv", b"a;b;winner\nx;y;a\ny,1;x;\"b\"\n", &rows()).unwrap();
    assert_eq!(reading.inputs[0].delimiter, Some(';'));
    assert_eq!(reading.notes.taken, ["log.csv has fields separated by semicolons, as its header is"]);
    assert_eq!(log(reading).items().iter().collect::<Vec<_>>(), ["x", "y", "y,1"]);
}

#[test]
fn scores_rounds_and_stages_are_kept_where_they_are_asked_for() {
    let text =
        b"round,stage,a,b,winner,score_a,score_b\n2,main,x,y,a,7.5,-1\n1,seeding,y,z,tie,,\n2,main,z,x,b,3,nan\n";
    let labels = [Role::Round, Role::Stage].map(LabelColumn::Role).to_vec();
    let options = ReadOptions { keep_scores: true, labels, ..rows() };
    let found = log(read_bytes("log.csv", text, &options).unwrap());
    assert_eq!([0, 1, 2].map(|row| found.scores(row)), [Some([7.5, -1.0]), None, None]);
    let rounds = found.labels("round").unwrap();
    assert_eq!([rounds.name(0), rounds.name(1), found.labels("stage").unwrap().name(1)], ["2", "1", "seeding"]);
    assert_eq!(found.select(&[1, 0]).scores(1), Some([7.5, -1.0]));
    assert_eq!(log(read_bytes("log.csv", text, &rows()).unwrap()).scores(0), None);
    let counted = b"a,b,wins_a,wins_b,score_a,score_b\nx,y,2,1,5,4\nx,z,1,0,6,6\n";
    let found = log(read_bytes("log.csv", counted, &options).unwrap());
    assert_eq!([0, 1, 2].map(|row| found.scores(row)), [Some([5.0, 4.0]), Some([5.0, 4.0]), Some([6.0, 6.0])]);
    let bad = read_bytes("log.csv", b"a,b,winner,score_a,score_b\nx,y,a,1,good\n", &options).unwrap_err();
    assert!(bad.to_string().starts_with("log.csv, line 2: column `score_b` holds \"good\", which is not a number"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_are_read_as_the_whole_file_is(text in file(), block_bytes in 1usize..80) {
        let kept = read_bytes("log.csv", text.as_bytes(), &ReadOptions { block_bytes, ..rows() });
        let counted = read_bytes("log.csv", text.as_bytes(), &ReadOptions { block_bytes, ..ReadOptions::default() });
        match (reference(text.as_bytes()), kept) {
            (Ok(expected), Err(ReadError::Empty { .. })) => prop_assert!(expected.is_empty()),
            (Ok(expected), kept) => {
                let kept = log(kept.unwrap());
                prop_assert_eq!(format!("{:?}", &kept), format!("{:?}", &expected));
                let (from_rows, from_counts) = (PreferenceGraph::from_log(&expected), graph(counted.unwrap()));
                prop_assert_eq!(from_rows.cells(), from_counts.cells());
                prop_assert_eq!(from_rows.sums(), from_counts.sums());
            }
            (Err((what, _)), kept) => {
                let (kept, counted) = (kept.unwrap_err().to_string(), counted.unwrap_err().to_string());
                prop_assert!(kept.contains(&what), "{} / {}", kept, what);
                prop_assert_eq!(kept, counted);
            }
        }
    }

    #[test]
    fn skipping_and_lines_do_not_depend_on_blocks(text in file(), block_bytes in 1usize..80) {
        let options = |block_bytes| ReadOptions { skip_bad_rows: true, block_bytes, ..rows() };
        let result = |block_bytes| match read_bytes("log.csv", text.as_bytes(), &options(block_bytes)) {
            Ok(reading) => told(&reading),
            Err(error) => error.to_string(),
        };
        prop_assert_eq!(result(block_bytes), result(1 << 20));
    }

    #[test]
    fn no_bytes_are_too_bad(
        name in prop::sample::select(vec!["l.csv", "l.tsv", "l.jsonl", "-", "l.csv.gz", "l.zst"]),
        head in prop::sample::select(vec!["", "a,b,winner\n", "{\"a\":\"x\",\"b\":\"y\",\"winner\":1}\n", "a\tb\tscore_a\tscore_b\n"]),
        tail in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",{}:\n\r\tab01.\\".to_vec())], 0..60),
        block_bytes in 1usize..40,
        skip_bad_rows: bool,
    ) {
        let bytes = [head.as_bytes(), &tail].concat();
        let _ = read_bytes(name, &bytes, &ReadOptions { block_bytes, skip_bad_rows, ..rows() });
    }
}
