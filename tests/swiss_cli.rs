//! `palio swiss` and `palio merge` as their users meet them.

use std::fs;
use std::io::Write as _;

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// The words of a command line, of which none has a space in it.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// What a run writes that must go well.
fn out(line: &str, stdin: &str) -> String {
    let (code, out, err) = run(&words(line), stdin);
    assert_eq!(code, 0, "{line}: {err}");
    out
}

/// What `palio swiss` says of a table on stdin.
fn swiss(options: &str, table: &str) -> Value {
    let out = out(&format!("swiss - --format json {options}"), table);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn item<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["items"].as_array().expect("items").iter().find(|it| it["item"] == name).expect("the item")
}

fn names(report: &Value) -> Vec<&str> {
    report["items"].as_array().expect("items").iter().filter_map(|it| it["item"].as_str()).collect()
}

fn number(report: &Value, name: &str, key: &str) -> f64 {
    item(report, name)[key].as_f64().unwrap_or_else(|| panic!("{name} has no {key}"))
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().expect("warnings").iter().filter_map(|it| it["code"].as_str()).collect()
}

/// A folder for one test, and the paths of files in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.0.path().join(name), bytes).expect("written");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("read")
    }
}

/// Everyone but Bob is best on one benchmark.
const WIDE: &str = "model,math,code,safety\nAda,0.9,0.4,0.8\nBob,0.7,0.6,0.7\nCy,0.4,0.8,0.6\nDi,0.2,0.1,0.9\n";

/// The largest block without holes has Ada and Bob on math and safety.
const HOLES: &str = "model,math,code,safety\nAda,0.9,,0.8\nBob,0.7,0.6,0.7\nCy,,0.8,0.6\n";

/// A log in which each pair meets on the first task, but not on the second.
const LOG: &str = "model_a,model_b,winner,task\n\
x,y,a,sums\ny,x,b,sums\nx,y,b,sums\nx,z,a,sums\ny,z,a,sums\nz,y,tie,sums\nx,z,b,words\n";

/// The cells of [`WIDE`] as text.
fn cells() -> Vec<[&'static str; 3]> {
    let mut lines = WIDE.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    lines.flat_map(|row| (1..row.len()).map(|at| [row[0], header[at], row[at]]).collect::<Vec<_>>()).collect()
}

#[test]
fn json_has_every_key_of_the_design() {
    let report = swiss("--runs 500 --sensitivity 0..=2 --eliminate 1 --seed 3", WIDE);
    for key in words("schema command version settings input warnings items sensitivity runs rounds") {
        assert!(!report[key].is_null(), "{key}");
    }
    assert_eq!(report["schema"], 1);
    assert_eq!(report["command"], "swiss");
    assert_eq!(report["runs"], 500);
    assert_eq!(report["rounds"], json!(["math", "code", "safety"]));
    assert_eq!(report["input"][0]["rows"], 4);
    assert_eq!(report["input"][0]["xxh3"].as_str().map(str::len), Some(16));
    let keys = "rank rank_best rank_worst item expected_score mc_error std_dev win_probability rank_probability \
                survival mean_opponent_score sensitivity sensitivity_error profile order_spread";
    for row in report["items"].as_array().expect("items") {
        for key in words(keys) {
            assert!(row.get(key).is_some(), "{key}");
        }
        assert_eq!(row["rank_probability"].as_array().map(Vec::len), Some(4));
        assert_eq!(row["survival"].as_array().map(Vec::len), Some(3));
    }
    let grid = report["sensitivity"].as_array().expect("a grid");
    assert_eq!(grid.iter().map(|point| &point["eliminate"]).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(grid[0]["expected_score"].as_object().map(serde_json::Map::len), Some(4));
    assert_eq!(grid[1]["expected_score"]["Bob"], item(&report, "Bob")["expected_score"]);
}

#[test]
fn every_shape_of_a_table_gives_the_same_items() {
    let folder = Folder::new();
    let long = |separator: &str| cells().iter().map(|cell| cell.join(separator) + "\n").collect::<String>();
    let object = |[model, benchmark, score]: &[&str; 3]| {
        format!("{{\"model\":\"{model}\",\"benchmark\":\"{benchmark}\",\"score\":{score}}}\n")
    };
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(WIDE.as_bytes()).expect("in memory");
    let files = [
        folder.file("wide.csv", WIDE),
        folder.file("wide.tsv", WIDE.replace(',', "\t")),
        folder.file("wide.csv.gz", zipped.finish().expect("in memory")),
        folder.file("long.csv", format!("model,benchmark,score\n{}", long(","))),
        folder.file("long.tsv", format!("Model\tTask\tAccuracy\n{}", long("\t"))),
        folder.file("long.jsonl", cells().iter().map(object).collect::<String>()),
    ];
    let expected = swiss("--runs 300", WIDE);
    for file in &files {
        let found: Value = serde_json::from_str(&out(&format!("swiss {file} --runs 300 --format json"), "")).unwrap();
        assert_eq!(found["items"], expected["items"], "{file}");
        assert_eq!(found["rounds"], expected["rounds"], "{file}");
    }
    let reversed: Vec<&str> = WIDE.lines().rev().collect();
    let named = format!("safety,llm\n{}", "0.8,Ada\n0.7,Bob\n0.6,Cy\n0.9,Di\n");
    assert_eq!(names(&swiss("--model llm --runs 300", &named))[0], "Di");
    assert_eq!(run(&["swiss", "-"], &reversed.join("\n")).0, 2);
}

#[test]
fn exact_scores_are_the_known_fractions() {
    // The vector csd02: one of three has the bye, and the better of the others wins.
    let three = "model,b\nx,3\ny,2\nz,1\n";
    let exact = swiss("--exact", three);
    for (name, score) in [("x", 2.0 / 3.0), ("y", 1.0 / 3.0), ("z", 0.0)] {
        assert!((number(&exact, name, "expected_score") - score).abs() < 1e-15, "{name}");
        assert!((number(&swiss("--runs 20000", three), name, "expected_score") - score).abs() < 0.02, "{name}");
    }
    assert!(exact["runs"].is_null() && exact["settings"]["exact"] == true);
    assert_eq!(item(&exact, "x")["mc_error"], 0.0);
    let tied = "model,b\nx,1\ny,1\n";
    for (ties, score) in [("lose", 0.0), ("half", 0.5), ("win", 1.0)] {
        let report = swiss(&format!("--exact --ties {ties}"), tied);
        assert_eq!(item(&report, "x")["expected_score"], score);
        assert_eq!(item(&report, "y")["rank"], 1);
    }
    // csd07: eliminations in every round but the last.
    let five = "model,a,b,c\n0,5,4,1\n1,4,1,5\n2,3,5,2\n3,2,3,4\n4,1,2,3\n";
    let report = swiss("--exact --eliminate 1,1,0 --resample 0", five);
    assert_eq!(names(&report), ["0", "1", "2", "3", "4"]);
    assert!((number(&report, "0", "expected_score") - 13.0 / 9.0).abs() < 1e-12);
    assert!((item(&report, "4")["survival"][2].as_f64().expect("a share") - 2.0 / 15.0).abs() < 1e-12);
}

#[test]
fn every_format_has_all_models() {
    let table = WIDE.replace("Ada", "\"Ada, the | first\"");
    let of = |format: &str| out(&format!("swiss - --runs 300 --sensitivity 0..=2 --format {format}"), &table);
    let csv = of("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(
        reader.headers().expect("a header").iter().take(4).collect::<Vec<_>>().join(","),
        "rank,rank_best,rank_worst,item"
    );
    let rows: Vec<_> = reader.records().map(|row| row.expect("as many fields as the header")).collect();
    assert!(rows.len() == 4 && rows.iter().any(|row| &row[3] == "Ada, the | first"));
    let report: Value = serde_json::from_str(&of("json")).expect("JSON");
    let lines: Vec<Value> = of("jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(report["items"].as_array(), Some(&lines));
    let markdown = of("markdown");
    assert_eq!(markdown.lines().count(), 6);
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(markdown.lines().all(|line| bars(line) == 8), "{markdown}");
    let shown = of("table");
    assert!(shown.starts_with("300 tournaments of 4 models in 3 rounds"), "{shown}");
    assert!(["Ada, the | first", "Bob", "Cy", "Di"].iter().all(|name| shown.contains(name)), "{shown}");
}

#[test]
fn a_result_goes_to_a_file_whose_name_says_the_format() {
    let folder = Folder::new();
    for (name, start) in [("r.json", "{\n  \"schema\": 1"), ("r.csv", "rank,"), ("r.md", "| rank"), ("r.txt", "100 ")] {
        assert_eq!(out(&format!("swiss - --runs 100 -o {}", folder.path(name)), WIDE), "");
        assert!(folder.read(name).starts_with(start), "{name}");
    }
}

#[test]
fn the_settings_of_a_result_make_it_again() {
    let options = "--runs 700 --seed 9 --eliminate 1,0,1 --shortfall cascade --ties half --bye 0.5 \
                   --order safety,math,code --lower-is-better=math --missing skip --sensitivity 0..=2 --resample 20 \
                   --level 0.8";
    let first = swiss(options, WIDE);
    let settings = &first["settings"];
    let option = |key: &str| {
        let value = &settings[key];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("--{}={} ", key.replace('_', "-"), text.trim_matches(['[', ']']))
    };
    let keys = "runs seed eliminate shortfall ties bye order lower_is_better missing sensitivity resample level";
    let again: String = words(keys).into_iter().map(option).collect();
    assert_eq!(swiss(&again, WIDE), first);
}

#[test]
fn holes_need_a_rule() {
    let (code, out, err) = run(&words("swiss -"), HOLES);
    assert!(code == 2 && out.is_empty(), "{err}");
    for told in ["2 of the 9 scores are missing", "--missing lose", "skip", "2 of 3 models on 2 of 3 benchmarks"] {
        assert!(err.contains(told), "{told}: {err}");
    }
    // On code Cy beats Bob, and only Ada has no score.
    let code = |rule| swiss(&format!("--order code --exact --resample 0 --missing {rule}"), HOLES);
    for (name, score) in [("Cy", 2.0 / 3.0), ("Bob", 1.0 / 3.0), ("Ada", 0.0)] {
        assert!((number(&code("lose"), name, "expected_score") - score).abs() < 1e-15, "{name}");
    }
    for (name, score) in [("Cy", 1.0), ("Bob", 0.0), ("Ada", 0.0)] {
        assert_eq!(item(&code("skip"), name)["expected_score"], score, "{name}");
    }
    assert!(item(&code("skip"), "Ada")["mean_opponent_score"].is_null());
    assert_eq!(names(&code("complete")), ["Cy", "Bob"]);
}

#[test]
fn the_complete_block_names_what_falls_out() {
    let report = swiss("--missing complete --runs 200", HOLES);
    assert_eq!(names(&report), ["Ada", "Bob"]);
    assert_eq!(report["rounds"], json!(["math", "safety"]));
    assert!(codes(&report).contains(&"left-out-for-holes"));
    let message = report["warnings"][0]["message"].as_str().expect("a message");
    assert!(message.contains("1 of 3 models (Cy) and 1 of 3 benchmarks (code)"), "{message}");
    let (code, out, err) = run(&words("swiss - --missing complete --runs 200 --strict"), HOLES);
    assert!(code == 3 && out.contains("Ada") && err.contains("[left-out-for-holes]"), "{err}");
    let apart = "model,a,b\nx,1,\ny,,2\n";
    let (code, _, err) = run(&words("swiss - --missing complete"), apart);
    assert!(code == 2 && err.contains("no two models have a benchmark in common"), "{err}");
}

#[test]
fn benchmarks_that_are_not_played_have_no_say() {
    let report = swiss("--order safety,math --runs 300", &HOLES.replace("Cy,,", "Cy,0.1,"));
    assert_eq!(report["rounds"], json!(["safety", "math"]));
    assert!(!codes(&report).contains(&"left-out-for-holes"));
    assert!((number(&report, "Cy", "mean_score") - 0.35).abs() < 1e-15);
}

#[test]
fn what_makes_a_ranking_mean_little_is_told() {
    let told = |options: &str, table: &str| {
        let report = swiss(options, table);
        codes(&report).into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let apart = "model,benchmark,score\na,x,1\nb,x,2\nc,y,1\nd,y,2\n";
    assert!(told("--missing skip --resample 0", apart).contains(&"disconnected".to_owned()));
    let sat_out = told("--missing skip --resample 0", HOLES);
    assert!(sat_out.contains(&"rounds-sat-out".to_owned()) && !sat_out.contains(&"disconnected".to_owned()));
    assert_eq!(told("--exact --resample 0 --eliminate 3", WIDE), ["rounds-not-reached"]);
    assert_eq!(told("--exact --resample 40 --runs 10000", WIDE), ["few-benchmarks"]);
    assert_eq!(told("--exact --resample 39 --runs 10000", WIDE), ["few-benchmarks", "few-samples"]);
    assert_eq!(told("--exact --resample 0 --runs 9999", WIDE), ["few-runs"]);
}

#[test]
fn options_for_logs_are_refused_with_a_table() {
    for option in ["--skip-bad-rows", "--margin 0.1", "--task math", "--both-bad drop"] {
        let (code, out, err) = run(&words(&format!("swiss - {option}")), WIDE);
        let name = option.split(' ').next().expect("an option");
        assert!(code == 2 && out.is_empty() && err.contains(&format!("{name} goes with a log")), "{err}");
    }
}

#[test]
fn a_log_gives_the_majority_of_each_task() {
    let report = swiss("--exact --resample 0", LOG);
    assert_eq!(report["rounds"], json!(["sums", "words"]));
    assert_eq!(report["settings"]["input_kind"], "log");
    assert_eq!(codes(&report), ["pairs-not-met"]);
    let message = report["warnings"][0]["message"].as_str().expect("a message");
    assert!(message.contains("2 of 6 meetings") && message.contains("a tie"), "{message}");
    // On sums x beats both, and y beats z by one win and a tie: as with scores of 3, 2 and 1.
    let sums = swiss("--exact --resample 0 --order sums", LOG);
    for (name, score) in [("x", 2.0 / 3.0), ("y", 1.0 / 3.0), ("z", 0.0)] {
        assert!((number(&sums, name, "expected_score") - score).abs() < 1e-15, "{name}");
    }
    // With chances x has 2/3 against y and 1 against z, y has 3/4 against z; each pair meets once in three times.
    let chances = swiss("--exact --resample 0 --order sums --ties bernoulli", LOG);
    for (name, score) in [("x", 5.0 / 9.0), ("y", (1.0 / 3.0 + 0.75) / 3.0), ("z", 0.25 / 3.0)] {
        assert!((number(&chances, name, "expected_score") - score).abs() < 1e-15, "{name}");
    }
    let all = swiss("--runs 100 --ties bernoulli", LOG);
    assert!(all["warnings"][0]["message"].as_str().expect("a message").contains("an even chance"));
}

#[test]
fn a_log_without_tasks_is_refused_with_a_hint() {
    let (code, _, err) = run(&words("swiss -"), "model_a,model_b,winner\nx,y,a\n");
    assert!(code == 2 && err.contains("needs a task column") && err.contains("--task"), "{err}");
    let (code, _, err) = run(&words("swiss -"), "model_a,model_b,winner,task\nx,y,a,\n");
    assert!(code == 2 && err.contains("no row of the log has a task"), "{err}");
    let named = swiss("--task subject --runs 100", &LOG.replace("task", "subject"));
    assert_eq!(named["rounds"], json!(["sums", "words"]));
    let (code, _, err) = run(&words("swiss - --missing skip"), LOG);
    assert!(code == 2 && err.contains("go with a table of scores"), "{err}");
}

/// Options that between them play everything there is.
const PLAYS: [&str; 4] = [
    "--runs 3000",
    "--runs 2500 --eliminate 1 --sensitivity 0..=3 --resample 30 --seed 5",
    "--runs 2000 --order shuffle:7 --eliminate 1,0,2 --shortfall cascade --ties half --resample 20",
    "--runs 1501 --ties bernoulli --bye 0.5 --resample 0 --sensitivity 1..=2 --shortfall keep-last",
];

#[test]
fn every_thread_count_gives_the_same_bytes() {
    for options in PLAYS {
        for format in ["json", "table"] {
            let of = |threads| out(&format!("swiss - {options} --format {format} --threads {threads}"), WIDE);
            let one = of(1);
            assert!(one == of(2) && one == of(3), "{options} {format}");
        }
    }
}

/// Writes the parts of a run, cut at these trials, and returns their paths.
fn parts(folder: &Folder, table: &str, options: &str, cuts: &[u64]) -> Vec<String> {
    let part = |ends: &[u64]| {
        let path = folder.path(&format!("part-{}-{}.json", ends[0], ends[1]));
        out(&format!("swiss {table} {options} --trials {}..{} --partial -o {path}", ends[0], ends[1]), "");
        path
    };
    cuts.windows(2).map(part).collect()
}

#[test]
fn parts_in_any_order_merge_to_the_bytes_of_one_run() {
    let cuts: [&[u64]; 4] = [&[0, 1, 100, 3000], &[0, 1250, 2500], &[0, 3, 700, 1999, 2000], &[0, 1501]];
    for (options, cuts) in PLAYS.iter().zip(cuts) {
        let folder = Folder::new();
        let table = folder.file("table.csv", WIDE);
        let mut parts = parts(&folder, &table, options, cuts);
        for format in ["json", "table", "csv"] {
            let whole = out(&format!("swiss {table} {options} --format {format}"), "");
            assert!(out(&format!("merge {} --format {format}", parts.join(" ")), "") == whole, "{options} {format}");
            parts.rotate_left(1);
            assert!(out(&format!("merge {} --format {format}", parts.join(" ")), "") == whole, "{options} {format}");
            parts.reverse();
        }
    }
}

#[test]
fn parts_carry_their_warnings_into_the_whole() {
    let folder = Folder::new();
    let table = folder.file("table.csv", HOLES);
    let options = "--runs 400 --missing complete";
    let parts = parts(&folder, &table, options, &[0, 150, 400]).join(" ");
    let merged = out(&format!("merge {parts} --format json"), "");
    assert_eq!(merged, out(&format!("swiss {table} {options} --format json"), ""));
    assert!(codes(&serde_json::from_str(&merged).expect("JSON")).contains(&"left-out-for-holes"));
    assert_eq!(run(&words(&format!("merge {parts} --strict")), "").0, 3);
}

#[test]
fn parts_of_the_same_table_in_another_place_fit() {
    let folder = Folder::new();
    let (here, there) = (folder.file("here.csv", WIDE), folder.file("there.csv", WIDE));
    let first = parts(&folder, &here, "--runs 300", &[0, 100]).remove(0);
    let second = parts(&folder, &there, "--runs 300", &[100, 300]).remove(0);
    let whole = out(&format!("swiss {here} --runs 300 --format json"), "");
    assert_eq!(out(&format!("merge {second} {first} --format json"), ""), whole);
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused() {
    let folder = Folder::new();
    let table = folder.file("table.csv", WIDE);
    let part = |options: &str, start, end| parts(&folder, &table, options, &[start, end]).remove(0);
    let [first, second, late, early] =
        [(0, 200), (200, 400), (250, 400), (150, 400)].map(|(start, end)| part("--runs 400", start, end));
    let seeded = part("--runs 400 --seed 1", 201, 400);
    let other = folder.file("other.csv", WIDE.replace("0.9", "0.95"));
    let other = parts(&folder, &other, "--runs 400", &[202, 400]).remove(0);
    let text = fs::read_to_string(&second).expect("read");
    let damaged = folder.file("damaged.json", text.replacen("\"runs\": 200", "\"runs\": 201", 1));
    let cut_off = folder.file("cut.json", &text[..text.len() / 2]);
    let versioned = folder.file("old.json", text.replacen("\"version\": \"", "\"version\": \"0.0.", 1));
    let whole = folder.path("whole.json");
    out(&format!("swiss {table} --runs 400 -o {whole}"), "");
    let old = folder.file("merged.json", "old");
    for (parts, message) in [
        (vec![&first, &early], "has trials 150..400, but those before 200 are in other parts already"),
        (vec![&first, &second, &first], "has trials 0..200, but those before 200"),
        (vec![&first, &late], "no part has the trials 200..250; make it with --trials 200..250 --partial"),
        (vec![&second], "no part has the trials 0..200; make it with --trials 0..200 --partial"),
        (vec![&first], "no part has the trials 200..400; make it with --trials 200..400 --partial"),
        (vec![&first, &seeded], "the setting seed is 1 in one and 0 in the other; make one of them again"),
        (vec![&first, &other], "they were made from different input; make one of them again"),
        (vec![&first, &whole], "is no part of a simulation; palio swiss --trials A..B --partial writes one"),
        (vec![&first, &table], "is no part of a simulation; palio swiss --trials A..B --partial writes one"),
        (vec![&first, &cut_off], "is no part of a simulation; palio swiss --trials A..B --partial writes one"),
        (vec![&first, &damaged], "is damaged; make it again"),
        (vec![&first, &versioned], "make it again with this version"),
    ] {
        let files: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        let (code, out, err) = run(&[&["merge", "-o", &old], &files[..]].concat(), "");
        assert!(code == 2 && out.is_empty(), "{message}: {code} {err}");
        assert!(err.contains(message), "{message}: {err}");
        assert_eq!(folder.read("merged.json"), "old");
    }
    let (code, _, err) = run(&["merge", &first, &folder.path("none.json")], "");
    assert!(code == 1 && err.contains("cannot read"), "{err}");
    assert_eq!(out(&format!("merge {first} {second} -o {old}"), ""), "");
    assert_eq!(folder.read("merged.json"), fs::read_to_string(&whole).expect("read"));
}

#[cfg(unix)]
mod interrupted {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    /// Starts a run that writes to a file, presses Ctrl-C a while after that file was opened, and returns the exit
    /// code and stderr.
    fn interrupt(folder: &Folder, line: &str) -> (Option<i32>, String) {
        let files = || fs::read_dir(folder.0.path()).expect("a folder").count();
        let before = files();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("palio"));
        let child = command.args(words(line)).stderr(Stdio::piped()).spawn().expect("palio runs");
        let start = Instant::now();
        while files() == before && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_secs(1));
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the run is over already");
        let output = child.wait_with_output().expect("an end");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    }

    #[test]
    fn ctrl_c_prints_the_result_of_the_trials_done_so_far() {
        let folder = Folder::new();
        let table = folder.file("table.csv", WIDE);
        // With many elimination numbers few trials are played in that time, and played again below.
        let options = format!("swiss {table} --resample 0 --sensitivity 0..=40 --format json --runs");
        let (code, err) = interrupt(&folder, &format!("{options} 50000000 -o {}", folder.path("result.json")));
        assert_eq!(code, Some(130), "{err}");
        let report: Value = serde_json::from_str(&folder.read("result.json")).expect("JSON");
        assert_eq!(report["partial"], true);
        assert_eq!(codes(&report), ["partial"]);
        let runs = report["runs"].as_u64().expect("a number");
        assert!(runs > 0 && runs < 50_000_000, "{runs}");
        assert!(err.contains(&format!("this is the result of {runs} of 50000000 tournaments")), "{err}");
        let again: Value = serde_json::from_str(&out(&format!("{options} {runs}"), "")).expect("JSON");
        assert!(again.get("partial").is_none());
        for name in ["Ada", "Bob", "Cy", "Di"] {
            for key in ["expected_score", "mc_error", "std_dev", "rank_probability", "survival", "sensitivity"] {
                assert_eq!(item(&report, name)[key], item(&again, name)[key], "{name} {key}");
            }
        }
    }

    #[test]
    fn a_part_that_was_stopped_is_never_taken_for_a_whole() {
        let folder = Folder::new();
        let (table, part) = (folder.file("table.csv", WIDE), folder.path("part.json"));
        let options = format!("swiss {table} --trials 0..50000000 --runs 50000000 --partial -o {part}");
        let (code, err) = interrupt(&folder, &options);
        assert!(code == Some(130) && err.contains("stopped before the end: this part has the trials 0.."), "{err}");
        let (code, _, err) = run(&["merge", &part], "");
        assert!(code == 2 && err.contains("was stopped before") && err.contains("make it again"), "{err}");
    }

    #[test]
    fn a_stopped_part_of_shuffled_orders_lacks_only_its_last_trials() {
        let folder = Folder::new();
        let (table, part) = (folder.file("table.csv", WIDE), folder.path("part.json"));
        let options = format!("swiss {table} --order shuffle:5 --resample 0 --runs 50000000 --partial");
        assert_eq!(interrupt(&folder, &format!("{options} --trials 0..50000000 -o {part}")).0, Some(130));
        let (code, _, err) = run(&["merge", &part], "");
        assert!(code == 2 && err.contains("no part has the trials ") && err.contains("..50000000"), "{err}");
    }
}

/// Fails unless the run is refused with this message, nothing is written and the old file stays.
fn refused(args: &[&str], table: &str, message: &str) {
    let folder = Folder::new();
    let old = folder.file("old.json", "old");
    for rest in [&[][..], &["-o", &old]] {
        let (code, out, err) = run(&[&["swiss", "-"], args, rest].concat(), table);
        assert!(code == 2 && out.is_empty(), "{args:?}: {code} {err}");
        assert!(err.contains(message), "{args:?}: {err}");
    }
    assert_eq!(folder.read("old.json"), "old");
    assert_eq!(fs::read_dir(folder.0.path()).expect("a folder").count(), 1, "no temporary file is left");
}

#[test]
fn bad_options_are_refused_with_what_to_do() {
    for (line, message) in [
        ("--order math,speed", "--order names 'speed', which is no benchmark here; there are: math, code, safety"),
        ("--lower-is-better=speed", "--lower-is-better names 'speed', which is no benchmark here"),
        ("--order math,code,math", "--order names 'math' twice"),
        ("--lower-is-better=code,code", "--lower-is-better names 'code' twice"),
        ("--lower-is-better=", "--lower-is-better names no benchmark"),
        ("--order=", "--order names no benchmark"),
        ("--order shuffle:x", "--order shuffle:x: give a number, as in shuffle:20"),
        ("--order shuffle:0", "--order shuffle:0: give a number, as in shuffle:20"),
        ("--order shuffle:20 --runs 10", "the number of orders 20 is out of range"),
        ("--eliminate 1,1", "the elimination list has 2 numbers, and the tournament as many rounds as benchmarks, 3"),
        ("--eliminate 1,1 --order math", "the elimination list has 2 numbers"),
        ("--eliminate one", "--eliminate 'one': give a number such as 1, or one for each round such as 1,1,0\n"),
        ("--eliminate 1,,1", "--eliminate '1,,1': give a number"),
        ("--eliminate -1", "--eliminate '-1': give a number"),
        ("--eliminate --runs 5", "a value is required for '--eliminate"),
        ("--sensitivity 0..5", "--sensitivity '0..5' is not of the form A..=B, such as 0..=5"),
        ("--sensitivity 3..=3", "sensitivity needs two elimination numbers or more"),
        ("--sensitivity 5..=0", "sensitivity needs two elimination numbers or more"),
        ("--sensitivity 0..=4000000000", "at most 1,000"),
        ("--trials 0-50 --partial", "--trials '0-50' is not of the form A..B, such as 0..50000"),
        ("--trials 50..50 --partial", "give a range with trials in it, from 0 up to --runs 100000"),
        ("--trials 50..20 --partial", "give a range with trials in it"),
        ("--trials 0..100001 --partial", "from 0 up to --runs 100000"),
        ("--trials 0..10", "--partial"),
        ("--partial", "--trials <A..B>"),
        ("--partial --trials 0..10 --format csv", "--partial writes JSON for palio merge"),
        ("--partial --trials 0..10 --exact", "cannot be used with"),
        ("--exact --order shuffle:5", "--exact computes one order of the benchmarks"),
        ("--runs 0", "the number of runs 0 is out of range"),
        ("--level 95", "the level 95 is out of range"),
        ("--ties bernoulli --lower-is-better", "--lower-is-better turns scores round"),
    ] {
        refused(&words(line), WIDE, message);
    }
}

#[test]
fn bad_tables_are_refused_with_the_place() {
    let long = "model,benchmark,score\nx,math,1\ny,math,2\n";
    for (line, table, message) in [
        (
            "",
            WIDE.replace("0.6,0.7", "good,0.7"),
            "line 3: the score of \"Bob\" on \"code\" is \"good\", which is not a number",
        ),
        (
            "",
            WIDE.replace("0.6,0.7", "inf,0.7"),
            "line 3: the score of \"Bob\" on \"code\" is \"inf\"; a score must be finite",
        ),
        ("", format!("{WIDE}Bob,1,1,1\n"), "line 6: \"Bob\" has a row already, in line 3"),
        ("", format!("{long}x,math,3\n"), "line 4: \"x\" has a score on \"math\" already, in line 2"),
        ("", "model,math\nx,1\n".to_owned(), "is 1; a table needs at least two"),
        ("", "model,math\n".to_owned(), "is 0; a table needs at least two"),
        ("", String::new(), "is empty; start it with a header line"),
        ("", "model\nx\ny\n".to_owned(), "no benchmark in "),
        (
            "--ties bernoulli",
            WIDE.replace("0.4,0.8,", "0.4,1.8,"),
            "the score of \"Cy\" on \"code\" is 1.8, which is no probability",
        ),
        ("--shape long", WIDE.to_owned(), "--benchmark"),
    ] {
        refused(&words(line), &table, message);
    }
}

#[test]
fn a_table_too_large_for_exact_scores_says_to_sample() {
    let row = |model: usize| {
        let scores: Vec<String> = (0..38).map(|round| (model * 37 % 101 * (round + 3) % 97).to_string()).collect();
        format!("m{model},{}\n", scores.join(","))
    };
    let head: Vec<String> = (0..38).map(|round| format!("b{round}")).collect();
    let table = format!("model,{}\n{}", head.join(","), (0..30).map(row).collect::<String>());
    refused(&["--exact"], &table, "too large for an exact answer: leave out --exact");
}

#[test]
fn a_missing_table_is_an_io_failure() {
    let (code, out, err) = run(&words("swiss no/such/table.csv"), "");
    assert!(code == 1 && out.is_empty() && err.contains("cannot read no/such/table.csv"), "{err}");
}

#[test]
fn lower_can_be_better_everywhere_or_on_some_benchmarks() {
    let table = "model,ms,\"errors, total\"\nfast,1,5\nslow,9,5.5\n";
    let winner = |args: &[&str]| {
        let (_, out, err) = run(&[&["swiss", "-", "--runs", "100", "--format", "jsonl"], args].concat(), table);
        let first = out.lines().next().unwrap_or_else(|| panic!("{args:?}: {err}"));
        let first: Value = serde_json::from_str(first).expect("JSON");
        (first["item"].as_str().expect("a name").to_owned(), first["expected_score"].as_f64().expect("a number"))
    };
    let (fast, slow) = ("fast".to_owned(), "slow".to_owned());
    // Whoever wins the first round has nobody to meet in the second, and whoever loses it the same.
    assert_eq!(winner(&[]), (slow.clone(), 1.0));
    assert_eq!(winner(&["--lower-is-better"]), (fast.clone(), 1.0));
    assert_eq!(winner(&["--lower-is-better=ms"]), (fast.clone(), 1.0));
    assert_eq!(winner(&["--lower-is-better=\"errors, total\""]), (slow, 1.0));
    assert_eq!(winner(&["--lower-is-better=\"errors, total\"", "--order", "\"errors, total\""]), (fast.clone(), 1.0));
    assert_eq!(winner(&["--lower-is-better=ms,\"errors, total\"", "--order", "\"errors, total\",ms"]), (fast, 1.0));
    refused(&["--lower-is-better=errors, total"], table, "names 'errors', which is no benchmark here");
}

#[test]
fn lower_is_better_never_takes_the_table_for_a_name() {
    let folder = Folder::new();
    let table = folder.file("table.csv", WIDE);
    let of = |line: &str| out(&format!("swiss {line} --runs 100 --format json"), "");
    let report = of(&format!("--lower-is-better {table}"));
    assert_eq!(report, of(&format!("{table} --lower-is-better")));
    assert_eq!(names(&serde_json::from_str(&report).expect("JSON"))[0], "Di");
}

#[test]
fn names_of_benchmarks_may_stand_on_lines_and_beside_spaces() {
    let spaced = WIDE.replace("math,code", "math , code");
    for order in ["code,math", " code , math ", "code\nmath\n", "code\r\nmath"] {
        for table in [WIDE, &spaced] {
            let (_, out, err) = run(&["swiss", "-", "--runs", "100", "--format", "json", "--order", order], table);
            let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{order:?}: {error} {err}"));
            let rounds: Vec<&str> =
                report["rounds"].as_array().expect("rounds").iter().filter_map(Value::as_str).map(str::trim).collect();
            assert_eq!(rounds, ["code", "math"], "{order:?}");
        }
    }
}

#[test]
fn the_heading_counts_in_words_that_fit() {
    let one = out("swiss - --runs 1 --resample 0", "model,b\nx,3\ny,2\n");
    assert!(one.starts_with("1 tournament of 2 models in 1 round · nobody eliminated"), "{one}");
    let shuffled = out("swiss - --runs 400 --resample 0 --order shuffle:4", WIDE);
    assert!(shuffled.contains("order: ± in rank over these 4 orders"), "{shuffled}");
    let given = out("swiss - --runs 400 --resample 0 --eliminate 1,0,1", WIDE);
    assert!(
        given.contains("2 eliminated in all") && given.contains("order: ± in rank over 20 other orders"),
        "{given}"
    );
}

#[test]
fn odd_tables_are_played_without_a_panic() {
    let long_name = "x".repeat(500);
    let row = |model: usize| format!("m{model},{},{}\n", model * 7 % 300, model * 11 % 13);
    let many: String = (0..300).map(row).collect();
    for table in [
        "model,b\nx,1\ny,1\n".to_owned(),
        "model,b\nx,1e308\ny,-1e308\n".to_owned(),
        format!("model,b\n{long_name},1\n\"a\nb\t|\",2\n"),
        "mödel,日本語,🎉\nクロード,1,2\nЁж é,2,1\nzz,0,0\n".to_owned(),
        format!("model,a,b\n{many}"),
    ] {
        for options in ["", "--eliminate 4294967295", "--eliminate 9 --shortfall cascade --sensitivity 0..=2"] {
            for format in ["table", "json", "csv", "markdown"] {
                let (code, text, err) =
                    run(&words(&format!("swiss - --runs 20 --resample 3 --format {format} {options}")), &table);
                assert!(code == 0 && !text.is_empty() && !err.contains("panic"), "{options} {format}: {err}");
            }
        }
    }
    let empty = "model,a,b\nx,,\ny,,\n";
    for rule in ["lose", "skip"] {
        assert_eq!(item(&swiss(&format!("--runs 20 --missing {rule}"), empty), "x")["expected_score"], 0.0);
    }
}
