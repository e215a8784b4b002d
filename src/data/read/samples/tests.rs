//! Samples as they are read from memory.

use proptest::prelude::*;

use super::*;

fn options(block_bytes: usize) -> SampleOptions {
    SampleOptions { block_bytes, ..SampleOptions::default() }
}

fn read(name: &str, text: &str) -> SampleReading {
    read_samples_bytes(name, text.as_bytes(), &SampleOptions::default()).unwrap()
}

fn error(name: &str, text: &str) -> String {
    read_samples_bytes(name, text.as_bytes(), &SampleOptions::default()).unwrap_err().to_string()
}

/// Group, item and score of each sample; no score as a dash.
fn rows(samples: &SampleTable) -> Vec<String> {
    let shown = |score: f64| if score.is_nan() { "-".to_owned() } else { score.to_string() };
    let row =
        |row: usize| format!("{} {} {}", samples.group(row), samples.items().get(row), shown(samples.scores()[row]));
    (0..samples.len()).map(row).collect()
}

#[test]
fn groups_may_be_interleaved_and_ragged() {
    let found = read("x.csv", "score,uid\n1,b\n2,a\n3.5,b\n-1e-3,c\n4,a\n");
    assert_eq!(rows(&found.samples), ["b 0 1", "a 0 2", "b 1 3.5", "c 0 -0.001", "a 1 4"]);
    assert_eq!(found.samples.groups().iter().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert_eq!((found.inputs[0].rows, found.format), (5, InputFormat::Csv));
}

#[test]
fn missing_scores_are_written_in_many_ways() {
    let csv = read("x.csv", "group,item,reward\n1,a,\n1,b,NaN\n1,c,null\n1,d, none \n1,e,7\n");
    assert_eq!(rows(&csv.samples), ["1 a -", "1 b -", "1 c -", "1 d -", "1 e 7"]);
    let jsonl = "{\"group\":1,\"item\":\"a\",\"reward\":null}\n{\"item\":\"b\",\"group\":\"1\"}\n";
    let jsonl = read("x.jsonl", jsonl);
    assert_eq!(rows(&jsonl.samples), ["1 a -", "1 b -"]);
    assert_eq!((jsonl.samples.groups().len(), jsonl.format), (1, InputFormat::Jsonl));
}

#[test]
fn numbers_asked_for_are_read_beside_the_score() {
    let number = |column: &str| NumberOption { column: column.to_owned(), option: "--criteria" };
    let wanted = SampleOptions { numbers: vec![number("y"), number("score")], ..SampleOptions::default() };
    let read = |text: &[u8]| read_samples_bytes("x.tsv", text, &wanted);
    let found = read(b"group\tscore\tx\ty\n1\t2\tnot read\t\n1\t3\t\t5\n").unwrap();
    let samples = &found.samples;
    assert!(samples.column("y").unwrap()[0].is_nan());
    assert_eq!((samples.column("y").unwrap()[1], samples.column("score").unwrap()), (5.0, [2.0, 3.0].as_slice()));
    assert_eq!((samples.column("x"), found.format), (None, InputFormat::Tsv));
    assert_eq!(
        read(b"group\tscore\n1\t2\n").unwrap_err().to_string(),
        "x.tsv has no column for --criteria y; its columns are `group`, `score`; name the right one with --criteria"
    );
}

#[test]
fn bad_values_are_told_with_their_place_and_a_mend() {
    assert_eq!(
        error("x.csv", "group,score\n1,2\n\n1,good\n"),
        "x.csv, line 4: column `score` holds \"good\", which is not a number; write it like 1, 0.5 or 2e-3, or leave \
         it empty where there is none"
    );
    assert_eq!(
        error("x.csv", "group,score\n1,-inf\n"),
        "x.csv, line 2: column `score` holds \"-inf\"; give a finite number, or leave it empty where there is none"
    );
    assert_eq!(error("x.csv", "group,score\n ,1\n"), "x.csv, line 2: column `group` is empty; give the group's name");
    assert_eq!(
        error("x.csv", "group,score\n1,2,3\n"),
        "x.csv, line 2: the row has 3 fields and the header has 2; put a field that holds a delimiter in double quotes"
    );
    assert_eq!(
        error("x.jsonl", "{\"group\":1,\"score\":[1]}"),
        "x.jsonl, line 1: `score` holds [1], which is neither a string nor a number; give it one of these"
    );
    assert_eq!(
        error("x.jsonl", "{\"group\":1,\"score\":1}\n{\"group\":1,\"score\":1,\"item\":\"a\"}\n"),
        "x.jsonl, line 2: the object has `item`, which the first object has not; give it to all objects, or to none"
    );
}

#[test]
fn inputs_without_what_is_needed_are_told_apart() {
    assert_eq!(
        error("x.csv", ""),
        "x.csv is empty; start it with a header line that names the columns, or write JSON lines"
    );
    assert_eq!(error("x.csv", "group,score\n"), "no row in x.csv; give at least one below the header");
    assert_eq!(
        error("x.csv", "score\n1\n"),
        "x.csv has no column for the group (group, group_id, uid); its columns are `score`; name the right one with \
         --group COLUMN, or give --one-group if all rows belong to one group"
    );
    assert_eq!(
        error("x.csv", "group\n1\n"),
        "x.csv has no column for the score (score, reward, value); its columns are `group`; name the right one with \
         --score"
    );
}

#[test]
fn a_second_row_of_an_item_names_both_lines() {
    let twice = "x.csv, line 5: \"a\" has a row in group \"g\" already, in line 2; keep one of them";
    assert_eq!(error("x.csv", "group,item,score\ng,a,1\nh,a,1\ng,b,1\ng,a,1\n"), twice);
    // Quotes, blank lines and line ends inside of a field.
    let quoted = "group,item,score\n\n\"g\",a,1\n\"h\",\"x\ny\",1\n\n\ng,b,1\n\"g\",\"a\",1\n";
    assert_eq!(
        error("x.csv", quoted),
        "x.csv, line 9: \"a\" has a row in group \"g\" already, in line 3; keep one of them"
    );
    let many: Vec<String> = (0..100).map(|item| format!("g,{},1", item % 90)).collect();
    assert_eq!(
        error("x.csv", &format!("group,item,score\n{}\n", many.join("\n"))),
        "x.csv, line 92: \"0\" has a row in group \"g\" already, in line 2; keep one of them"
    );
}

/// Rows of a table: a group, a score or none, and whether a blank line follows.
fn tables() -> impl Strategy<Value = Vec<(u8, Option<i8>, bool)>> {
    prop::collection::vec((0..4_u8, prop::option::of(any::<i8>()), any::<bool>()), 1..60)
}

proptest! {
    #[test]
    fn blocks_and_formats_change_nothing(table in tables(), block_bytes in 1..200_usize, quoted: bool) {
        let quote = if quoted { "\"" } else { "" };
        let (mut csv, mut jsonl) = ("group,item,score\n".to_owned(), String::new());
        for (item, (group, score, blank)) in table.iter().enumerate() {
            let end = if *blank { "\r\n\r\n" } else { "\r\n" };
            let number = score.map(|score| f64::from(score) / 8.0);
            let text = number.map_or(String::new(), |number| number.to_string());
            csv += &[quote, "g", &group.to_string(), quote, ",", &item.to_string(), ",", &text, end].concat();
            let null = number.map_or("null".to_owned(), |number| number.to_string());
            let object = format!("{{\"score\":{null},\"item\":{item},\"group\":\"g{group}\"}}");
            jsonl += &[object.as_str(), end].concat();
        }
        let whole = rows(&read("x.csv", &csv).samples);
        let expected: Vec<String> = table.iter().enumerate().map(|(item, (group, score, _))| {
            format!("g{group} {item} {}", score.map_or("-".to_owned(), |score| (f64::from(score) / 8.0).to_string()))
        }).collect();
        prop_assert_eq!(&whole, &expected);
        for (name, text) in [("x.csv", &csv), ("x.jsonl", &jsonl)] {
            let parts = read_samples_bytes(name, text.as_bytes(), &options(block_bytes)).unwrap();
            prop_assert_eq!(&rows(&parts.samples), &expected);
        }
        // The last row once more: the error knows the lines of both, wherever blocks end.
        let (last, lines) = (table.len() - 1, csv.lines().count());
        let line_of_last = lines - usize::from(table[last].2);
        let again = format!("{csv}g{},{last},1\n", table[last].0);
        let found = read_samples_bytes("x.csv", again.as_bytes(), &options(block_bytes)).unwrap_err().to_string();
        let expected = format!(
            "x.csv, line {}: \"{last}\" has a row in group \"g{}\" already, in line {line_of_last}; keep one of them",
            lines + 1, table[last].0
        );
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_bytes_are_too_bad(
        name in prop::sample::select(vec!["s.csv", "s.tsv", "s.jsonl", "-", "s.csv.gz"]),
        head in prop::sample::select(vec!["", "group,item,score\n", "uid,score\n", "{\"group\":1,\"score\":1}\n", "uid\tscore\n"]),
        tail in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",{}:\n\r\tgs01.-\\".to_vec())], 0..60),
        block_bytes in 1..40_usize,
    ) {
        let bytes = [head.as_bytes(), &tail].concat();
        let _ = read_samples_bytes(name, &bytes, &options(block_bytes));
        let _ = super::super::read_records_bytes(name, &bytes, &super::super::RecordOptions::default());
    }
}
