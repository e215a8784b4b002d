//! Files as arenas and benchmarks publish them: the made-up fixtures have the shapes of the true ones.

use palio::data::read::{
    Comparisons, Dialect, Keep, LabelColumn, ReadOptions, Reading, Role, read, read_bytes, read_samples_or_log,
};
use palio::data::{ItemId, Log};

fn options() -> ReadOptions {
    let labels = [Role::Task, Role::Judge].map(LabelColumn::Role).to_vec();
    ReadOptions { keep: Keep::Rows, labels, ..ReadOptions::default() }
}

fn path(file: &str) -> String {
    format!("{}/fixtures/dialects/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn reading(file: &str, from: Option<Dialect>) -> Reading {
    read(&[path(file)], &ReadOptions { from, ..options() }).unwrap()
}

fn log(reading: Reading) -> Log {
    match reading.comparisons {
        Comparisons::Rows(log) => log,
        Comparisons::Counts(_) => panic!("rows were asked for"),
    }
}

/// One line a row: left, right, the left's share, the weight, the task and the judge.
fn lines(log: &Log) -> Vec<String> {
    let roles =
        ["task", "question_id", "uid", "evaluation_session_id", "instruction", "conversation_pair_id", "session_id"];
    let label = |columns: &[&str], row: usize| {
        columns.iter().find_map(|column| log.labels(column)).map_or(String::new(), |labels| labels.name(row).to_owned())
    };
    let name = |id: ItemId| log.items().name(id);
    log.rows()
        .enumerate()
        .map(|(place, row)| {
            let (task, judge) = (label(&roles, place), label(&["judge", "judge[0]", "annotator", "visitor_id"], place));
            let share = row.outcome.share();
            format!("{} {} {share} {} {task}/{judge}", name(row.left), name(row.right), row.weight)
        })
        .collect()
}

/// What the fixture says, whether the dialect is named or guessed.
fn check(file: &str, dialect: Dialect, no_verdict: u64, expected: &[&str]) {
    for from in [Some(dialect), None] {
        let reading = reading(file, from);
        assert_eq!(reading.inputs[0].from, Some(dialect));
        assert_eq!(reading.notes.no_verdict, no_verdict);
        let told = reading.notes.taken.iter().any(|taken| taken.contains(&format!("--from {dialect} says so")));
        assert_eq!(told, from.is_none());
        assert_eq!(lines(&log(reading)), expected);
    }
}

#[test]
fn lmarena_has_both_bad_and_sessions() {
    let expected = ["alpha-7b beta-70b 0 1 s1/", "beta-70b gamma 0.5 1 s1/", "gamma alpha-7b 1 1 s2/"];
    check("lmarena.jsonl", Dialect::Lmarena, 0, &expected);
    let columns = ["conv_metadata.turns", "category_tag.math_v0.1.math"];
    let named = |name: &str| LabelColumn::Named(name.to_owned());
    let nested = ReadOptions { labels: columns.map(named).to_vec(), ..options() };
    let found = log(read(&[path("lmarena.jsonl")], &nested).unwrap());
    let texts = |column| [0, 1, 2].map(|row| found.labels(column).unwrap().name(row));
    assert_eq!([texts(columns[0]), texts(columns[1])], [["1", "2", "1"], ["false", "true", "false"]]);
    let absent = ReadOptions { labels: vec![named("category_tag.math")], ..options() };
    let message = read(&[path("lmarena.jsonl")], &absent).unwrap_err().to_string();
    assert!(message.contains("no column for the label `category_tag.math`; its columns are `id`, "), "{message}");
    assert!(message.contains("`conv_metadata.header_count_a.h1`, `conv_metadata.header_count_a.h2`"), "{message}");
}

#[test]
fn lmsys_55k_sets_one_of_three_columns() {
    let expected = ["alpha-7b beta-70b 0 1 /", "beta-70b gamma 0.5 1 /", "gamma alpha-7b 1 1 /"];
    check("lmsys-55k.csv", Dialect::Lmsys55k, 0, &expected);
    let text = "model_a,model_b,winner_model_a,winner_model_b,winner_tie\nx,y,1,0,1\n";
    assert_eq!(
        read_bytes("log.csv", text.as_bytes(), &options()).unwrap_err().to_string(),
        "log.csv, line 2: columns `winner_model_a`, `winner_model_b`, `winner_tie` hold \"1\", \"0\", \"1\"; set one of \
         them to 1 and the others to 0 (--skip-bad-rows leaves such rows out)"
    );
}

#[test]
fn arena_hard_plays_two_games_against_a_baseline_without_a_name() {
    let expected = [
        "baseline alpha-7b 1 3 q1/judge-1",
        "alpha-7b baseline 0 1 q1/judge-1",
        "baseline alpha-7b 0 3 q2/judge-1",
        "alpha-7b baseline 0.5 1 q2/judge-1",
        "baseline beta-70b 0 1 q3/judge-1",
        "beta-70b baseline 1 1 q3/judge-1",
    ];
    check("arena-hard.jsonl", Dialect::ArenaHard, 2, &expected);
    let options = ReadOptions { baseline: Some("o3".to_owned()), strong_weight: Some(1.0), ..options() };
    let reading = read(&[path("arena-hard.jsonl")], &options).unwrap();
    assert_eq!(reading.inputs[0].rows, 5);
    assert_eq!(lines(&log(reading))[0], "o3 alpha-7b 1 1 q1/judge-1");
    let bad = r#"{"uid":1,"judge":"j","model":"m","games":[{"score":"A>B"},{"score":"C"}]}"#;
    let message = read_bytes("x.jsonl", bad.as_bytes(), &options).unwrap_err().to_string();
    assert!(
        message
            .starts_with("x.jsonl, line 1: column `games[1].score` holds \"C\", which is no verdict here; use A>>B,"),
        "{message}"
    );
}

#[test]
fn alpaca_eval_prefers_from_one_to_two() {
    let expected = [
        "reference alpha-7b 0.25 1 Name a colour./judge-fn",
        "reference alpha-7b 1 1 Count to two./judge-fn",
        "reference beta-70b 0.5 1 Name a fruit./judge-fn",
    ];
    check("alpaca-eval.json", Dialect::AlpacaEval, 1, &expected);
    let bad = r#"[{"generator_1":"x","generator_2":"y","preference":2.5}]"#;
    let message = read_bytes("x.json", bad.as_bytes(), &options()).unwrap_err().to_string();
    assert!(message.contains("column `preference` holds \"2.5\", which is no verdict here; use a number from 1"));
}

#[test]
fn mt_bench_counts_what_both_orders_agree_on() {
    let expected =
        ["alpha-7b beta-70b 0 1 81/judge-1", "alpha-7b gamma 0.5 1 82/judge-1", "beta-70b gamma 0.5 1 83/judge-1"];
    check("mt-bench.jsonl", Dialect::MtBench, 1, &expected);
    let bad = r#"{"model_1":"x","model_2":"y","g1_winner":"model_1","g2_winner":"A"}"#;
    let message = read_bytes("x.jsonl", bad.as_bytes(), &options()).unwrap_err().to_string();
    assert!(
        message
            .contains("column `g2_winner` holds \"A\", which is no verdict here; use model_1, model_2, tie or error")
    );
}

#[test]
fn comparia_names_the_chosen_model_or_says_both_are_equal() {
    let expected = ["alpha-7b beta-70b 0 1 a-b-1/u1", "beta-70b gamma 0.5 1 b-c-1/u1", "gamma alpha-7b 1 1 c-a-1/"];
    check("comparia.csv", Dialect::Comparia, 1, &expected);
    let text = "model_a_name,model_b_name,chosen_model_name,both_equal\nx,y,z,false\n";
    let message = read_bytes("log.csv", text.as_bytes(), &options()).unwrap_err().to_string();
    assert!(
        message.contains("`chosen_model_name` holds \"z\", which is no verdict here; use the name of one of the row's")
    );
}

#[test]
fn evalica_leaves_out_other_words_where_it_is_named_and_only_there() {
    let named = reading("evalica.csv", Some(Dialect::Evalica));
    assert_eq!(named.notes.no_verdict, 1);
    assert_eq!(lines(&log(named)), ["pizza burger 1 1 /", "burger sushi 0 1 /", "pizza sushi 0.5 1 /"]);
    let message = read(&[path("evalica.csv")], &options()).unwrap_err().to_string();
    assert!(message.contains("line 5: column `winner` holds \"unsure\", which is no outcome"), "{message}");
}

#[test]
fn wildbench_grades_by_its_parsed_result() {
    let expected = ["alpha-7b reference 1 1 w1/", "beta-70b reference 0 1 w2/", "reference beta-70b 0.5 1 w3/"];
    check("wildbench.json", Dialect::Wildbench, 0, &expected);
    let strong = ReadOptions { strong_weight: Some(2.0), ..options() };
    let found = log(read(&[path("wildbench.json")], &strong).unwrap());
    assert_eq!(lines(&found)[0], "alpha-7b reference 1 2 w1/");
}

#[test]
fn pairwisellm_names_the_better_sample() {
    let expected = ["S01 S02 0 1 /", "S01 S03 1 1 /"];
    check("pairwisellm.csv", Dialect::PairwiseLlm, 1, &expected);
}

#[test]
fn what_is_named_by_hand_is_not_guessed() {
    let text = "ID1,ID2,better_id,w\nx,y,y,1\n";
    let columns = palio::data::read::ColumnNames {
        left: Some("ID1".to_owned()),
        right: Some("ID2".to_owned()),
        winner: Some("w".to_owned()),
        ..Default::default()
    };
    let reading = read_bytes("log.csv", text.as_bytes(), &ReadOptions { columns, ..options() }).unwrap();
    assert_eq!(reading.inputs[0].from, None);
    assert_eq!(lines(&log(reading)), ["x y 1 1 /"]);
}

#[test]
fn a_file_of_another_dialect_is_refused_with_its_columns() {
    let from = Some(Dialect::AlpacaEval);
    let message = read_bytes("log.csv", b"a,b,winner\nx,y,a\n", &ReadOptions { from, ..options() }).unwrap_err();
    assert_eq!(
        message.to_string(),
        "log.csv has no column for --left generator_1; its columns are `a`, `b`, `winner`; name the right one with --left"
    );
    let text = b"generator_1,generator_2\nx,y\n";
    let message = read_bytes("log.csv", text, &ReadOptions { from, ..options() }).unwrap_err();
    assert_eq!(
        message.to_string(),
        "log.csv has no column for the verdict (preference); its columns are `generator_1`, `generator_2`; name the right \
         one with another --from, or --winner"
    );
}

#[test]
fn files_of_a_dialect_are_logs_where_samples_could_be_meant() {
    let samples = palio::data::read::SampleOptions::default();
    let found = read_samples_or_log(&[path("mt-bench.jsonl")], &samples, &options()).unwrap();
    assert!(matches!(found, palio::data::read::SamplesOrLog::Log(_)));
}

#[test]
fn names_of_dialects_are_read_back() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.name().parse(), Ok(dialect));
        assert_eq!(serde_json::to_value(dialect).unwrap(), dialect.name());
        assert!(!dialect.about().is_empty());
    }
    assert_eq!(
        "arena".parse::<Dialect>().unwrap_err(),
        "there is no dialect \"arena\"; there are: lmarena, lmsys-55k, arena-hard, alpaca-eval, mt-bench, comparia, \
         evalica, wildbench, pairwisellm"
    );
}
