//! `palio tournament` as its users meet it.

#[path = "common/judged.rs"]
mod judged;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use judged::{Folder, items, judge};
use serde_json::{Value, json};

/// A folder with items of groups.
fn folder(groups: usize, size: usize) -> Folder {
    let folder = Folder::new();
    folder.file("items.jsonl", items(groups, size));
    folder
}

/// What a run says as JSON that must end with this code.
fn report(folder: &Folder, options: &str, command: &str, code: i32) -> Value {
    let mut args = vec!["items.jsonl", "--format", "json"];
    args.extend(options.split_whitespace());
    if !command.is_empty() {
        args.extend(["--judge-command", command]);
    }
    let (found, out, err) = folder.run(&args);
    assert_eq!(found, code, "{options}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().expect("warnings").iter().filter_map(|it| it["code"].as_str()).collect()
}

fn masked(report: &Value) -> usize {
    report["items"].as_array().expect("items").iter().filter(|it| it["masked"] == true).count()
}

#[test]
fn scrambled_answers_give_the_same_bytes() {
    let folder = folder(3, 6);
    for topology in ["round-robin", "anchor", "seeded-single-elimination", "double-elimination", "swiss"] {
        let run = |concurrency: &str, command: &str| {
            let options = ["items.jsonl", "--format", "json", "--judge-id", "j", "--topology", topology];
            let rest = ["--concurrency", concurrency, "--judge-command", command];
            let (code, out, err) = folder.run(&[&options[..], &rest[..]].concat());
            assert_eq!(code, 0, "{topology}: {err}");
            out
        };
        let plain = run("1", &judge());
        assert_eq!(plain, run("32", &format!("{} --delay 3 --scramble", judge())), "{topology}");
    }
}

#[test]
fn json_tells_how_the_judge_did() {
    let folder = folder(2, 4);
    let report = report(&folder, "", &format!("{} --usage", judge()), 0);
    let judge = &report["judge"];
    assert_eq!((&judge["calls"], &judge["failures"], &judge["retried"]), (&json!(24), &json!(0), &json!(0)));
    assert_eq!(judge["cost"], 12.0);
    assert!(judge["usage"]["tokens"].as_f64().is_some_and(|tokens| tokens > 0.0));
    assert_eq!(judge["self_consistency"]["n"], 12);
    assert_eq!(judge["position_bias"]["n"], 12);
    assert_eq!(report["matches"].as_array().map(Vec::len), Some(12));
    for row in report["items"].as_array().expect("items") {
        let met = ["wins", "losses", "ties"].iter().map(|key| row[key].as_f64().expect("a number")).sum::<f64>();
        assert!((met - 3.0).abs() < 1e-12);
    }
}

#[test]
fn faults_of_a_judge_are_told_and_change_nothing() {
    let folder = folder(1, 4);
    let plain = report(&folder, "--judge-id j", &judge(), 0);
    for (fault, words) in [
        ("--garbage", "[judge-garbage]"),
        ("--duplicate", "[judge-duplicates]"),
        ("--die-after 5", "[judge-restarts]"),
        ("--hang-once hung", "[judge-restarts]"),
    ] {
        let command = format!("{} {fault}", judge());
        let args =
            ["items.jsonl", "--format", "json", "--judge-id", "j", "--timeout", "1", "--judge-command", &command];
        let (code, out, err) = folder.run(&args);
        assert_eq!(code, 0, "{fault}: {err}");
        let found: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(found["items"], plain["items"], "{fault}");
        assert!(err.contains(words), "{fault}: {err}");
    }
    let retried = report(&folder, "--judge-id j --retry-pause 0.01", &format!("{} --error-once", judge()), 0);
    assert_eq!((&retried["items"], &retried["judge"]["retried"]), (&plain["items"], &json!(12)));
}

#[test]
fn a_question_that_kills_or_hangs_the_judge_harms_no_other() {
    let folder = folder(1, 4);
    for fault in ["--die-on", "--hang-on", "--fail-on"] {
        let command = format!("{} {fault} 'text 2 of 0'", judge());
        let found = report(&folder, "--retries 1 --timeout 0.3 --retry-pause 0.01", &command, 0);
        assert_eq!(found["judge"]["failures"], 6, "{fault}");
        assert_eq!(masked(&found), 1, "{fault}");
        assert!(codes(&found).contains(&"unanswered"), "{fault}");
        let item = &found["items"][2];
        assert!(item["reward"].is_null() && item["rank"].is_null() && item["advantage"].is_null());
    }
    let command = format!("{} --fail-on 'text 2 of 0'", judge());
    let tied = report(&folder, "--retries 0 --on-failure tie", &command, 0);
    assert_eq!((masked(&tied), &tied["items"][2]["ties"]), (0, &json!(3.0)));
    let arguments = ["items.jsonl", "--retries", "0", "--on-failure", "abort", "--judge-command", &command];
    let (code, _, err) = folder.run(&arguments);
    assert!(code == 1 && err.contains("no answer to \"i") && err.contains("out of order"), "{err}");
}

#[test]
fn a_parent_answers_over_stdio() {
    let folder = folder(1, 3);
    let mut child = folder
        .palio(&["items.jsonl", "--judge-stdio", "-o", "out.jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("palio starts");
    let mut to = child.stdin.take().expect("a pipe");
    let questions = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut asked = 0;
    for line in questions.lines().map_while(Result::ok) {
        let question: Value = serde_json::from_str(&line).expect("a question");
        let better = question["left"]["known"].as_u64() > question["right"]["known"].as_u64();
        let answer = json!({"id": question["id"], "winner": if better { "left" } else { "right" }});
        writeln!(to, "{answer}").expect("written");
        asked += 1;
        if asked == 6 {
            break;
        }
    }
    assert!(child.wait().expect("palio ends").success());
    let ranks: Vec<Value> = folder
        .read("out.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a row")["rank"].clone())
        .collect();
    assert_eq!(ranks, [json!(3.0), json!(2.0), json!(1.0)]);
}

#[test]
fn a_budget_is_spent_from_the_front() {
    let folder = folder(3, 4);
    let found = report(&folder, "--max-matches 8", &judge(), 0);
    let answered = |group: &str| {
        let matches = found["matches"].as_array().expect("matches");
        matches.iter().filter(|it| it["group"] == group && !it["winner"].is_null()).count()
    };
    assert_eq!([answered("g0"), answered("g1"), answered("g2")], [6, 2, 0]);
    assert!(codes(&found).contains(&"budget"));
    assert!(masked(&found) >= 4);
}

#[test]
fn groups_that_a_score_separates_are_not_played() {
    let folder = Folder::new();
    let text = items(2, 3);
    let constant = text.lines().map(|line| {
        let line =
            if line.contains("\"g1\"") { line.replace("\"known\":", "\"known\":7,\"was\":") } else { line.into() };
        line + "\n"
    });
    folder.file("items.jsonl", constant.collect::<String>());
    let found = report(&folder, "--only-constant known", &judge(), 0);
    assert_eq!(found["judge"]["calls"], 6);
    let rewards: Vec<&Value> = (0..3).map(|row| &found["items"][row]["reward"]).collect();
    assert_eq!(rewards, [&json!(0.0), &json!(1.0), &json!(2.0)]);
    assert_eq!(found["items"][2]["advantage"].as_f64().map(|it| (it * 1e5).round()), Some(1e5));
}

#[test]
fn known_scores_seed_the_bracket() {
    let folder = folder(1, 4);
    let options = "--topology seeded-single-elimination --seeds-by known";
    let found = report(&folder, options, &judge(), 0);
    // Items 3 and 0, the best and the worst by the column, meet first, and no match is played for seeds.
    let first = &found["matches"][0];
    assert_eq!((&first["stage"], &first["left"], &first["right"]), (&json!("main"), &json!("i3"), &json!("i0")));
    assert_eq!(found["matches"].as_array().map(Vec::len), Some(3));
}

#[test]
fn twins_tie_without_a_call() {
    let folder = Folder::new();
    folder.file("items.jsonl", items(1, 4).replace("text 3 of 0", "text 1 of 0"));
    let found = report(&folder, "--dedupe text", &judge(), 0);
    // Of six matches one is between twins; the other four of theirs ask two pairs of texts, both ways.
    assert_eq!((&found["judge"]["calls"], masked(&found)), (&json!(6), 0));
    let twin = |row: usize| ["wins", "losses", "ties"].map(|key| found["items"][row][key].as_f64());
    assert!(twin(1)[2] >= Some(1.0) && twin(3)[2] >= Some(1.0));
}

#[test]
fn a_dry_run_calls_nobody() {
    let folder = folder(3, 5);
    let found = report(&folder, "--dry-run", "", 0);
    assert_eq!(found["matches"], json!({"least": 30, "most": 30}));
    assert_eq!(found["calls"], json!({"least": 60, "most": 60}));
    assert_eq!(found["rounds"], json!({"least": 1, "most": 1}));
    let (code, out, _) = folder.run(&["items.jsonl", "--dry-run", "--orders", "one", "--repeats", "3"]);
    assert!(code == 0 && out.starts_with("30 matches · 90 calls · 1 sequential rounds"), "{out}");
}

#[test]
fn a_log_is_looked_up_and_matches_are_a_log() {
    let folder = folder(2, 4);
    let first = report(&folder, "--matches matches.csv", &judge(), 0);
    let again = report(&folder, "--judge-log matches.csv --orders one", "", 0);
    assert_eq!(again["items"], first["items"]);
    folder.file("short.csv", "left,right,winner\ni0,i1,left\ni1,i0,left\ni0,i1,left\n");
    let short = report(&folder, "--judge-log short.csv", "", 0);
    assert_eq!(short["items"][0]["ties"], 1.0);
    assert!(codes(&short).contains(&"unanswered"));
}

#[test]
fn a_simulated_judge_without_noise_ranks_by_quality() {
    let folder = folder(2, 4);
    folder.file("model.json", "{\"score_column\": \"known\", \"noise\": 0}");
    let found = report(&folder, "--judge-model model.json", "", 0);
    let ranks: Vec<Option<f64>> = (0..4).map(|row| found["items"][row]["rank"].as_f64()).collect();
    assert_eq!(ranks, [4.0, 3.0, 2.0, 1.0].map(Some));
    folder.file("model.json", "{\"scores\": {\"i0\": 1, \"i1\": 2, \"i2\": 3, \"i3\": 4}, \"position_bias\": 1}");
    let noisy = report(&folder, "--judge-model model.json --topology swiss", "", 0);
    assert_eq!(noisy, report(&folder, "--judge-model model.json --topology swiss", "", 0));
}

#[test]
fn bad_input_is_refused_with_what_to_do() {
    let folder = folder(1, 3);
    folder.file("twice.jsonl", "{\"group\":\"g\",\"item\":\"a\"}\n{\"group\":\"g\",\"item\":\"a\"}\n");
    let judge = judge();
    let with = |options: &str| -> Vec<String> {
        let words = options.split_whitespace().map(str::to_owned);
        words.chain(["--judge-command".to_owned(), judge.clone()]).collect()
    };
    let plain = |options: &str| options.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    for (args, code, words) in [
        (with("items.jsonl --group prompt"), 2, "--group prompt"),
        (with("twice.jsonl"), 2, "has a row in group"),
        (with("items.jsonl --topology ladder"), 2, "no topology is called 'ladder'"),
        (with("items.jsonl --aggregate best"), 2, "no aggregation is called 'best'"),
        (with("items.jsonl --set speed=1"), 2, "no setting is called 'speed'"),
        (with("items.jsonl --judge-stdio -o out.json"), 2, "two judges"),
        (plain("items.jsonl"), 2, "needs a judge"),
        (plain("items.jsonl --judge-stdio"), 2, "give --output"),
        (plain("- --judge-stdio -o out.json"), 2, "can't come from there"),
        (plain("items.jsonl --judge-command no-such-judge"), 1, "can't be run"),
        (plain("items.jsonl --judge-command false"), 1, "times in a row, on 6 different questions, without an answer"),
        (with("items.jsonl --dedupe prompt"), 2, "has no `prompt`"),
        (with("items.jsonl --seeds-by known"), 2, "--seeds-by: round-robin has no seeds"),
        (with("items.jsonl --topology swiss --seeds-by text"), 2, "not a finite number"),
        (with("items.jsonl --timeout 0"), 2, "--timeout is 0"),
        (with("nothing.jsonl"), 1, "cannot read nothing.jsonl"),
    ] {
        let (found, _, err) = folder.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found, code, "{args:?}: {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_keeps_its_answers_and_says_so() {
    let folder = folder(20, 8);
    let command = format!("{} --delay 20", judge());
    let args = ["items.jsonl", "--judge-command", &command, "--journal", "journal", "-o", "out.json"];
    let child = folder.palio(&args).stderr(Stdio::piped()).spawn().expect("palio starts");
    while folder.read("journal").lines().count() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("palio ends");
    assert_eq!(output.status.code(), Some(130));
    let kept = folder.read("journal").lines().count() - 1;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains(&format!("{kept} new answers are kept in journal")), "{words}");
    assert!(!folder.read("journal").is_empty() && folder.read("out.json").is_empty());
}

#[test]
fn topologies_are_compared_at_every_noise_that_is_given() {
    let args = "tournament --compare-topologies --group-size 6 --trials 200 --noise 0.5,2 --format json";
    let output = palio(args);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&found["trials"], &found["settings"]["judge"]["law"]), (&200.into(), &"normal".into()));
    let rows = found["rows"].as_array().expect("rows");
    // Six topologies with six aggregations each, and the bracket for the two that have one.
    assert_eq!(rows.len(), 2 * (6 * 6 + 2));
    let tau = |noise: f64, topology: &str| {
        let row = rows.iter().find(|row| row["noise"] == noise && row["topology"] == topology && row["is_own"] == true);
        row.expect("a row")["kendall_tau"]["mean"].as_f64().expect("a number")
    };
    for topology in ["round-robin", "anchor", "swiss", "double-elimination"] {
        assert!(tau(0.5, topology) > tau(2.0, topology), "{topology}");
    }
    assert_eq!(palio(&format!("{args} --threads 1")).stdout, output.stdout);
}

#[test]
fn a_comparison_of_topologies_tells_what_it_can_t_simulate() {
    let message = |args: &str| {
        let output = palio(&format!("tournament --compare-topologies {args}"));
        assert_eq!(output.status.code(), Some(2), "{args}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert_eq!(message("--group-size 1"), "error: a group of 1 items can't be simulated; give 2 to 2048\n");
    assert_eq!(message("--noise -1"), "error: noise is -1; give a finite number that is not negative\n");
    assert_eq!(message("--trials 1"), "error: too few trials; give 2 or more, so that there are standard errors\n");
    for given in [
        "items.jsonl",
        "--topology swiss",
        "--aggregate margin",
        "--orders one",
        "--repeats 2",
        "--show x",
        "--set a=b",
    ] {
        assert!(message(given).contains("cannot be used with"), "{given}");
    }
}

fn palio(args: &str) -> std::process::Output {
    std::process::Command::new(assert_cmd::cargo::cargo_bin!("palio"))
        .args(args.split_whitespace())
        .output()
        .expect("palio runs")
}
