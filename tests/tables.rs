//! The reader of score tables: every shape it reads, and every message it has for bad input.

use std::fmt::Write as _;
use std::io::Write as _;

use palio::data::read::{
    ColumnNames, Comparisons, Keep, ReadError, ReadOptions, Shape, TableOptions, TableOrLog, read_table,
    read_table_bytes, read_table_or_log, read_table_or_log_bytes,
};
use palio::data::table::ScoreTable;
use proptest::prelude::*;

const LONG: &str = "model,benchmark,score\nada,x,1\nada,y,2\nbob,x,3\n";

fn table_of(name: &str, text: impl AsRef<[u8]>) -> ScoreTable {
    read_table_bytes(name, text.as_ref(), &TableOptions::default()).expect("the table is good").table
}

fn error_with(name: &str, text: impl AsRef<[u8]>, options: &TableOptions) -> String {
    let error = read_table_bytes(name, text.as_ref(), options).expect_err("the table is bad");
    assert!(!error.is_io(), "{error}");
    error.to_string()
}

fn error(name: &str, text: impl AsRef<[u8]>) -> String {
    error_with(name, text, &TableOptions::default())
}

fn shape(shape: Shape) -> TableOptions {
    TableOptions { shape: Some(shape), ..TableOptions::default() }
}

/// A table as text: the models, then a line for each benchmark with `-` for a hole.
fn told(table: &ScoreTable) -> String {
    let mut text = table.models().iter().collect::<Vec<_>>().join(" ");
    for (benchmark, name) in table.benchmarks().iter().enumerate() {
        write!(text, "; {name}").unwrap();
        for model in 0..table.models().len() {
            let score = table.score(model, benchmark);
            write!(text, " {}", score.map_or_else(|| "-".to_owned(), |score| score.to_string())).unwrap();
        }
    }
    text
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

mod shapes {
    use super::*;

    const EXPECTED: &str = "ada bob; x 1 3; y 2 -";

    #[test]
    fn long_and_wide_tables_in_every_format() {
        let cases = [
            ("t.csv", LONG),
            ("-", LONG),
            ("t.csv", "\u{feff}model,benchmark,score\r\nada,x,1\r\n\r\nada,\"y\",2\r\nbob,x,3"),
            ("t.tsv", "Model\tTask\tAccuracy\nada\tx\t1\nada\ty\t2\nbob\tx\t3\nbob\ty\t\n"),
            ("t.csv", "note,score,model,game\n,1,ada,x\n,2.0,ada,y\nbad,3,bob,x\n"),
            ("t.csv", "model,x,y\nada,1,2\nbob,3,\n"),
            ("t.csv", ",x,y\nada,1,2\nbob,3,NaN\n"),
            ("t.csv", "x,name,y\n1,ada,2\n3,bob,-\n"),
            ("-", "llm\tx\ty\nada\t1\t2\nbob\t 3 \tn/a\n"),
            (
                "t.jsonl",
                "{\"model\":\"ada\",\"benchmark\":\"x\",\"score\":1}\n\n{\"score\":2,\"model\":\"ada\",\"benchmark\":\"y\"}\n\
                 {\"model\":\"bob\",\"benchmark\":\"x\",\"score\":\"3\"}\n{\"model\":\"bob\",\"benchmark\":\"y\",\"score\":null}",
            ),
            ("-", "{\"model\":\"ada\",\"x\":1,\"y\":2}\n{\"x\":3,\"model\":\"bob\"}\n"),
            (
                "-",
                "{\"llm\":\"ada\",\"x\":1.0}\n{\"llm\":\"b\\u006fb\",\"x\":3e0,\"y\":null}\n{\"llm\":\"ada2\",\"y\":2}\n",
            ),
        ];
        for (name, text) in &cases[..cases.len() - 1] {
            assert_eq!(told(&table_of(name, text)), EXPECTED, "{text}");
        }
        let (name, text) = cases[cases.len() - 1];
        assert_eq!(told(&table_of(name, text)), "ada bob ada2; x 1 3 -; y - - 2");
        assert_eq!(told(&table_of("t.csv.gz", gz(LONG.as_bytes()))), EXPECTED);
    }

    #[test]
    fn holes_are_written_in_many_ways() {
        let mut text = "model,x\nada,1\n".to_owned();
        for (row, hole) in ["", " ", "NA", "n/a", "NaN", "-nan", "NULL", "None", "-"].into_iter().enumerate() {
            writeln!(text, "m{row},{hole}").unwrap();
        }
        let table = table_of("t.csv", &text);
        assert_eq!((table.models().len(), table.holes()), (10, 9));
        let long = text.replace("model,x", "model,task,score").replacen(",1", ",x,1", 1);
        let long = (0..9).fold(long, |long, row| long.replace(&format!("m{row},"), &format!("m{row},x,")));
        assert_eq!(table_of("t.csv", long), table);
    }

    #[test]
    fn numbers_are_read_in_full() {
        let table = table_of("t.csv", "model,x,y\nada,-0.0,0.30000000000000004\nbob,+1e-3,.5\n");
        assert_eq!(told(&table), "ada bob; x 0 0.001; y 0.30000000000000004 0.5");
        assert!(table.score(0, 0).unwrap().is_sign_positive());
    }

    #[test]
    fn columns_are_named_by_options() {
        let text = "run,llm,task,score,f1\n1,ada,x,0,1\n1,ada,y,0,2\n2,bob,x,0,3\n";
        let name = |name: &str| Some(name.to_owned());
        let options = TableOptions { model: name("llm"), score: name("f1"), ..TableOptions::default() };
        let reading = read_table_bytes("t.csv", text.as_bytes(), &options).unwrap();
        assert_eq!(told(&reading.table), EXPECTED);
        let wide = read_table_bytes("t.csv", b"task,model,score\n1,ada,2\n3,bob,4\n", &shape(Shape::Wide)).unwrap();
        assert_eq!(told(&wide.table), "ada bob; task 1 3; score 2 4");
        let model = TableOptions { model: name("task"), ..TableOptions::default() };
        let reading = read_table_bytes("t.csv", b"x,task\n1,ada\n3,bob\n", &model).unwrap();
        assert_eq!(told(&reading.table), "ada bob; x 1 3");
    }

    #[test]
    fn several_files_are_one_table() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let wide = write("wide.csv", b"model,z,x\nbob,9,\ncleo,8,7\n");
        let files = [write("long.csv.gz", &gz(LONG.as_bytes())), wide.clone()];
        let reading = read_table(&files, &TableOptions::default()).unwrap();
        assert_eq!(told(&reading.table), "ada bob cleo; x 1 3 7; y 2 - -; z - 9 8");
        assert_eq!(reading.inputs.iter().map(|input| input.rows).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(reading.inputs[0].path, files[0].display().to_string());
        assert_ne!(reading.inputs[0].xxh3, reading.inputs[1].xxh3);

        let again = write("again.jsonl", b"\n{\"model\":\"cleo\",\"x\":7}\n");
        let message = read_table(&[&wide, &again], &TableOptions::default()).unwrap_err().to_string();
        let (wide, again) = (wide.display(), again.display());
        assert_eq!(
            message,
            format!("{again}, line 2: \"cleo\" has a score on \"x\" already, in {wide}, line 3; keep one of them")
        );
        assert!(read_table(&["/nowhere/t.csv"], &TableOptions::default()).unwrap_err().is_io());
    }
}

mod messages {
    use super::*;

    #[test]
    fn of_scores() {
        assert_eq!(
            error("t.csv", "model,x,y\nada,1,2\nbob,\"3\n\",high\n"),
            "t.csv, line 3: the score of \"bob\" on \"y\" is \"high\", which is not a number; write it like 1, 0.5 or \
             2e-3, leave it empty where there is none, or take the column out of the table if it holds no scores"
        );
        assert_eq!(
            error("t.csv", format!("{LONG}bob,y,-inf\n")),
            "t.csv, line 5: the score of \"bob\" on \"y\" is \"-inf\"; a score must be finite: leave it empty where \
             there is none"
        );
        for (value, shown) in [("1e999", "1e999"), ("true", "true"), ("[1]", "[1]"), ("\"1,5\"", "1,5")] {
            let message = error("t.jsonl", format!("{{\"model\":\"ada\",\"x\":{value}}}"));
            assert!(message.starts_with(&format!("t.jsonl, line 1: the score of \"ada\" on \"x\" is {shown:?}")));
        }
    }

    #[test]
    fn of_what_is_there_twice() {
        assert_eq!(
            error("t.csv", format!("{LONG}\nada,y,2\n")),
            "t.csv, line 6: \"ada\" has a score on \"y\" already, in line 3; keep one of them"
        );
        assert_eq!(
            error("t.csv", "model,x\nada,1\nbob,2\nada,\n"),
            "t.csv, line 4: \"ada\" has a row already, in line 2; put the two together, or keep one of them"
        );
        assert_eq!(error("t.csv", "model,x,x\n"), "t.csv has two columns `x`; rename one of them");
        assert_eq!(
            error("t.jsonl", "{\"model\":\"ada\",\"x\":1,\"x\":2}"),
            "t.jsonl, line 1: the object has `x` twice; keep one of them"
        );
    }

    #[test]
    fn of_names() {
        assert_eq!(
            error("t.csv", format!("{LONG} ,y,1\n")),
            "t.csv, line 5: column `model` is empty; give the model's name"
        );
        assert_eq!(
            error("t.csv", format!("{LONG}bob,,1\n")),
            "t.csv, line 5: column `benchmark` is empty; give the benchmark's name"
        );
        assert_eq!(error("t.csv", ",x\n,1\n"), "t.csv, line 2: column `1` is empty; give the model's name");
        assert_eq!(error("t.csv", ",model,x\n"), "column 1 of t.csv has no name; give it one, or remove it");
        assert_eq!(
            error("t.jsonl", "{\"model\":\"ada\",\"\":1}"),
            "t.jsonl, line 1: a key of the object is empty; give it the name of its benchmark, or remove it"
        );
        assert_eq!(
            error("t.jsonl", "{\"model\":null,\"x\":1}"),
            "t.jsonl, line 1: column `model` is empty; give the model's name"
        );
        assert_eq!(
            error("t.jsonl", "{\"model\":{\"id\":1},\"x\":1}"),
            "t.jsonl, line 1: `model` holds {\"id\":1}, which is neither a string nor a number; give it one of these"
        );
    }

    #[test]
    fn of_too_little() {
        let empty = "t.csv is empty; start it with a header line that names the columns, or write JSON lines";
        assert_eq!(error("t.csv", ""), empty);
        assert_eq!(error("t.csv", "\u{feff}\n\n"), empty);
        let few = |models| format!("the number of models in t.csv is {models}; a table needs at least two");
        assert_eq!(error("t.csv", "model,x\n"), few(0));
        assert_eq!(error("t.csv", "model,task,score\nada,x,1\nada,y,2\n"), few(1));
        assert_eq!(
            error("t.csv", "model\nada\nbob\n"),
            "no benchmark in t.csv; a wide table has a column for each beside the models' names, a long one a row for \
             each score"
        );
    }

    #[test]
    fn of_rows() {
        assert_eq!(
            error("t.csv", "model,x\nada,1\nbob,1,5\n"),
            "t.csv, line 3: the row has 3 fields and the header has 2; put a field that holds a delimiter in double \
             quotes"
        );
        assert_eq!(
            error("t.csv", b"model,x\nada,1\nb\xffb,2\n"),
            "t.csv, line 3: column `model` holds \"b\u{fffd}b\", which is not valid UTF-8; convert the file to UTF-8"
        );
        assert!(error("t.csv", b"model,x\nada,\xff\n").contains("line 2: column `x` holds \"\u{fffd}\""));
        assert!(error("t.csv", b"model,\xff\n").starts_with("the header of t.csv is not valid UTF-8; "));
        assert_eq!(
            error("t.jsonl", "{\"model\":\"ada\",\"x\":1}\n{\"x\":1}\n"),
            "t.jsonl, line 2: the object has no `model`; give it a string or a number"
        );
        assert_eq!(
            error("t.jsonl", "[1]\n"),
            "t.jsonl, line 1: the line is not a JSON object: invalid type: sequence, expected an object at column 0; \
             write one object a line"
        );
        assert!(error("t.jsonl", "{\"model\":\"ada\",\"x\":NaN}\n").starts_with("t.jsonl, line 1: the line is not a"));
        let encoding = "t.jsonl, line 1: the line is not valid UTF-8; convert the file to UTF-8";
        assert_eq!(error("t.jsonl", b"{\"model\":\"\xff\"}\n"), encoding);
        assert!(error("t.csv.gz", LONG).starts_with("t.csv.gz cannot be decompressed: "));
    }

    #[test]
    fn of_columns() {
        assert_eq!(
            error_with("t.csv", "model,x\n", &shape(Shape::Long)),
            "t.csv has no column for the benchmark (benchmark, task, dataset, game); its columns are `model`, `x`; \
             name the right one with --benchmark"
        );
        let score = TableOptions { score: Some("f1".to_owned()), ..TableOptions::default() };
        assert_eq!(
            error_with("t.csv", "model,task,score\n", &score),
            "t.csv has no column for --score f1; its columns are `model`, `task`, `score`; name the right one with \
             --score"
        );
        let model = TableOptions { model: Some("llm".to_owned()), ..TableOptions::default() };
        assert!(error_with("t.csv", LONG, &model).starts_with("t.csv has no column for --model llm; its columns are"));
        let both = TableOptions { shape: Some(Shape::Wide), ..score };
        assert_eq!(
            error_with("t.csv", "model,x\n", &both),
            "--score names a column of a long table, which has one row a score; leave it out for a wide one"
        );
        assert_eq!(
            error("t.csv", "task,ada,bob\nx,1,2\n"),
            "the rows of t.csv are named in the column `task`, as if each were a benchmark; write one row a model and \
             one column a benchmark, or name the column of the models with --model"
        );
    }
}

#[test]
fn a_table_of_too_many_cells_is_refused() {
    let mut text = "model,benchmark,score\n".to_owned();
    for row in 0..12_000 {
        writeln!(text, "m{row},b{row},1").unwrap();
    }
    assert_eq!(
        error("t.csv", text),
        "12000 models × 12000 benchmarks in t.csv are too many; a table has no more than 134217728 cells, so check \
         which columns are meant with --model, --benchmark and --score"
    );
}

mod either {
    use super::*;

    fn read(text: &str, table: &TableOptions, log: &ReadOptions) -> Result<TableOrLog, ReadError> {
        read_table_or_log_bytes("-", text.as_bytes(), table, log)
    }

    fn is_log(text: &str, table: &TableOptions, log: &ReadOptions) -> bool {
        matches!(read(text, table, log).unwrap(), TableOrLog::Log(_))
    }

    #[test]
    fn the_header_tells_a_log_from_a_table() {
        let (table, log) = (TableOptions::default(), ReadOptions::default());
        assert!(is_log("model_a,model_b,winner,task\nada,bob,a,x\n", &table, &log));
        assert!(is_log("{\"left\":\"ada\",\"right\":\"bob\",\"winner\":\"left\"}\n", &table, &log));
        assert!(is_log("a,b,score_a,score_b\nada,bob,1,2\n", &table, &log));
        assert!(!is_log(LONG, &table, &log));
        assert!(!is_log("model,a,b\nada,1,2\nbob,1,2\n", &table, &log));
        assert!(!is_log("{\"model\":\"ada\",\"x\":1}\n{\"model\":\"bob\",\"x\":1}\n", &table, &log));
    }

    #[test]
    fn options_tell_a_log_from_a_table() {
        let text = "left,right,winner\n1,2,1\n2,1,0.5\n";
        assert!(is_log(text, &TableOptions::default(), &ReadOptions::default()));
        assert!(!is_log(text, &shape(Shape::Wide), &ReadOptions::default()));
        let model = TableOptions { model: Some("winner".to_owned()), ..TableOptions::default() };
        assert!(!is_log(text, &model, &ReadOptions::default()));
        let columns = ColumnNames {
            left: Some("model".to_owned()),
            right: Some("task".to_owned()),
            winner: Some("score".to_owned()),
            ..ColumnNames::default()
        };
        let named = ReadOptions { columns, ..ReadOptions::default() };
        assert!(is_log("model,task,score\nada,bob,1\n", &TableOptions::default(), &named));
        assert!(!is_log(LONG, &shape(Shape::Long), &named));
    }

    #[test]
    fn both_are_read_to_the_end_from_the_same_bytes() {
        let mut text = "\u{feff}model_a,model_b,winner\n".to_owned();
        text.extend((0..500).map(|row| format!("m{},m{},tie\n", row % 7, row % 7 + 1)));
        for block_bytes in [1, 100, 1 << 20] {
            let options = ReadOptions { keep: Keep::Rows, block_bytes, ..ReadOptions::default() };
            let read = read(&text, &TableOptions::default(), &options).unwrap();
            let TableOrLog::Log(reading) = read else { panic!("it is a log") };
            let Comparisons::Rows(log) = reading.comparisons else { panic!("rows were asked for") };
            assert_eq!((log.len(), reading.inputs[0].rows), (500, 500));
            let read = super::either::read(LONG, &TableOptions::default(), &options).unwrap();
            let TableOrLog::Table(reading) = read else { panic!("it is a table") };
            assert_eq!(reading.table, table_of("t.csv", LONG));
            let known = read_table_bytes("-", LONG.as_bytes(), &TableOptions::default()).unwrap();
            assert_eq!(reading.inputs, known.inputs);
        }
    }

    #[test]
    fn each_says_what_is_wrong_in_its_own_words() {
        let message =
            |text: &str, log: &ReadOptions| read(text, &TableOptions::default(), log).unwrap_err().to_string();
        let skip = ReadOptions { skip_bad_rows: true, ..ReadOptions::default() };
        assert!(
            message("model_a,model_b\nada,bob\n", &skip)
                .starts_with("- has no column for the outcome (winner, outcome,")
        );
        let bad = "what\n{\"model_a\":\"ada\",\"model_b\":\"bob\",\"winner\":\"a\"}\n".replace("what", "{\"a\"");
        assert!(message(&bad, &ReadOptions::default()).starts_with("-, line 1: the line is not a JSON object"));
        assert!(is_log(&bad, &TableOptions::default(), &skip));
        let bad = "{\"a\"\n{\"model\":\"ada\",\"x\":1}\n";
        assert!(message(bad, &skip).starts_with("-, line 1: the line is not a JSON object"));
        let margin = ReadOptions { margin: -1.0, ..ReadOptions::default() };
        assert!(message("model_a,model_b,winner\n", &margin).starts_with("the margin is -1"));
        let none = read_table_or_log(&[] as &[&str], &TableOptions::default(), &skip).unwrap_err();
        assert!(matches!(none, ReadError::FewModels { .. }));
    }

    #[test]
    fn the_first_file_decides_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["log.csv", "table.csv"].map(|name| folder.path().join(name));
        std::fs::write(&paths[0], "model_a,model_b,winner\nada,bob,tie\n").unwrap();
        std::fs::write(&paths[1], LONG).unwrap();
        let read =
            |paths: &[&std::path::PathBuf]| read_table_or_log(paths, &TableOptions::default(), &ReadOptions::default());
        assert!(matches!(read(&[&paths[0], &paths[0]]).unwrap(), TableOrLog::Log(_)));
        let message = read(&[&paths[0], &paths[1]]).unwrap_err().to_string();
        assert!(message.contains("table.csv has no column for the left item"), "{message}");
        let message = read(&[&paths[1], &paths[0]]).unwrap_err().to_string();
        assert!(message.contains("the score of \"ada\" on \"model_b\" is \"bob\""), "{message}");
    }
}

/// The table with models and benchmarks in the order of their names.
fn by_name(table: &ScoreTable) -> ScoreTable {
    let order = |names: Vec<&str>| {
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|&index| names[index]);
        order
    };
    table.select(&order(table.models().iter().collect()), &order(table.benchmarks().iter().collect()))
}

fn wide_csv(table: &ScoreTable) -> String {
    let mut text = "model".to_owned();
    for benchmark in table.benchmarks().iter() {
        write!(text, ",{benchmark}").unwrap();
    }
    for (model, name) in table.models().iter().enumerate() {
        write!(text, "\n{name}").unwrap();
        for benchmark in 0..table.benchmarks().len() {
            let score = table.score(model, benchmark);
            write!(text, ",{}", score.map_or_else(String::new, |score| format!("{score:?}"))).unwrap();
        }
    }
    text
}

fn wide_jsonl(table: &ScoreTable) -> String {
    let mut text = String::new();
    for (model, name) in table.models().iter().enumerate() {
        write!(text, "{{\"model\":\"{name}\"").unwrap();
        for (benchmark, name) in table.benchmarks().iter().enumerate() {
            let score = table.score(model, benchmark);
            write!(text, ",\"{name}\":{}", score.map_or_else(|| "null".to_owned(), |score| format!("{score:?}")))
                .unwrap();
        }
        text.push_str("}\n");
    }
    text
}

/// The rows of the long form, of which that of a hole may be left out where others name its model and
/// its benchmark.
fn long_rows(table: &ScoreTable) -> Vec<String> {
    let (models, benchmarks) = (table.models(), table.benchmarks());
    let mut rows = Vec::new();
    for (benchmark, name) in benchmarks.iter().enumerate() {
        for (model, model_name) in models.iter().enumerate() {
            let named = table.column(benchmark).iter().any(|score| !score.is_nan())
                && (0..benchmarks.len()).any(|benchmark| table.score(model, benchmark).is_some());
            match table.score(model, benchmark) {
                Some(score) => rows.push(format!("{name},{score:?},{model_name}\n")),
                None if named && (model + benchmark) % 2 == 0 => {}
                None => rows.push(format!("{name},na,{model_name}\n")),
            }
        }
    }
    rows
}

fn tables() -> impl Strategy<Value = ScoreTable> {
    let score = prop_oneof![3 => -1e6..1e6_f64, 1 => Just(f64::NAN), 1 => Just(-0.0)];
    (2_usize..7, 1_usize..6).prop_flat_map(move |(models, benchmarks)| {
        prop::collection::vec(score.clone(), models * benchmarks).prop_map(move |scores| {
            let names = |letter: char, count: usize| (0..count).map(|index| format!("{letter}{index}")).collect();
            ScoreTable::new(names('m', models), names('b', benchmarks), scores).expect("finite scores")
        })
    })
}

proptest! {
    #[test]
    fn long_and_wide_forms_are_the_same_table_in_any_order_of_rows(
        (table, rows) in tables().prop_flat_map(|table| {
            let rows = Just(long_rows(&table)).prop_shuffle();
            (Just(table), rows)
        })
    ) {
        prop_assert_eq!(&table_of("t.csv", wide_csv(&table)), &table);
        prop_assert_eq!(&table_of("t.jsonl", wide_jsonl(&table)), &table);
        let long = format!("benchmark,score,model\n{}", rows.concat());
        prop_assert_eq!(by_name(&table_of("t.csv", long)), table);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), letters in "[a,\"\n\r{}:1\\-]{0,60}") {
        for name in ["t.csv", "t.tsv", "t.jsonl", "-", "t.csv.gz"] {
            for text in [bytes.as_slice(), letters.as_bytes()] {
                let table = read_table_bytes(name, text, &TableOptions::default());
                prop_assert!(table.is_err() || table.is_ok_and(|reading| reading.table.models().len() > 1));
                let _ = read_table_or_log_bytes(name, text, &TableOptions::default(), &ReadOptions::default());
            }
        }
    }
}
