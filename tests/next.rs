//! `palio next` as its users meet it.

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

const ARENA: &str = "fixtures/arena.csv";
const SMALL: &str = "a,b,wins_a,wins_b\nx,y,12,8\ny,z,11,9\nx,z,14,6\n";
const PARTS: &str = "a,b,winner\nx,y,a\ny,x,a\nu,v,b\nv,u,b\n";

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").arg("next").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str], stdin: &str) -> Value {
    let (_, out, err) = run(&[args, &["--format", "json"]].concat(), stdin);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

fn rows(report: &Value) -> &Vec<Value> {
    report["comparisons"].as_array().expect("comparisons")
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().expect("warnings").iter().filter_map(|it| it["code"].as_str()).collect()
}

#[test]
fn the_report_says_what_to_buy_and_why() {
    let report = json(&[ARENA, "--count", "25", "--seed", "4"], "");
    assert_eq!((&report["command"], &report["settings"]["seed"]), (&"next".into(), &4.into()));
    assert_eq!(
        (&report["settings"]["sampler"], &report["settings"]["set"]["precision"]),
        (&"d-optimal".into(), &"0.1".into())
    );
    assert_eq!(rows(&report).len(), 25);
    for row in rows(&report) {
        for key in ["left", "right", "task", "gain", "probability"] {
            assert!(!row[key].is_null(), "{key} of {row}");
        }
        let (gain, share) = (row["gain"].as_f64().expect("a gain"), row["probability"].as_f64().expect("a share"));
        assert!(gain > 0.0 && gain < 2.0_f64.ln() && share > 0.0 && share < 1.0);
    }
    assert!(report.get("until").is_none());
    assert_eq!(report["warnings"], serde_json::json!([]));
}

#[test]
fn probabilities_are_those_that_predict_tells() {
    let report = json(&["-", "--count", "3"], SMALL);
    for row in rows(&report) {
        let names = [row["left"].as_str().expect("a name"), row["right"].as_str().expect("a name")];
        let args = ["predict", "-", names[0], names[1], "--format", "json"];
        let output = cargo_bin_cmd!("palio").args(args).write_stdin(SMALL).output().expect("palio runs");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(told["pairs"][0]["probability"], row["probability"]);
    }
}

#[test]
fn every_format_has_all_rows() {
    for format in ["table", "json", "jsonl", "csv", "markdown"] {
        let (code, out, _) = run(&["-", "--count", "3", "--format", format], SMALL);
        assert_eq!(code, 0);
        for item in ["x", "y", "z"] {
            assert!(out.contains(item), "{format}: {out}");
        }
    }
    let (_, out, _) = run(&["-", "--count", "3", "--format", "csv"], SMALL);
    assert!(out.starts_with("left,right,task,gain,probability,met,met_on_task,joins\n"), "{out}");
    assert_eq!(out.lines().count(), 4);
}

#[test]
fn threads_do_not_change_a_byte_and_the_seed_does() {
    let until = ["--until", "separable 1", "--trials", "12", "--most", "400"];
    let bytes =
        |threads: &str| run(&[&["-"], until.as_slice(), &["--format", "json", "--threads", threads]].concat(), SMALL).1;
    assert_eq!(bytes("1"), bytes("2"));
    let curve =
        |seed: &str| json(&[&["-"], until.as_slice(), &["--seed", seed]].concat(), SMALL)["until"]["curve"].clone();
    assert_ne!(curve("1"), curve("2"));
}

#[test]
fn parts_are_joined_first_and_a_batch_too_small_for_it_is_told() {
    let report = json(&["-", "--count", "2"], PARTS);
    let joins: Vec<&Value> = rows(&report).iter().map(|row| &row["joins"]).collect();
    assert_eq!(joins, [&Value::Bool(true), &Value::Bool(false)]);
    let apart = "a,b,winner\nx,y,a\nu,v,b\np,q,a\n";
    assert_eq!(codes(&json(&["-", "--count", "1"], apart)), ["still-disconnected", "disconnected"]);
    assert_eq!(run(&["-", "--count", "1", "--strict"], apart).0, 3);
    assert_eq!(codes(&json(&["-", "--count", "9"], SMALL)), ["batch-short"]);
}

#[test]
fn items_are_favoured_and_retired_by_name() {
    let report = json(&[ARENA, "--count", "12", "--favour", "model-03=50", "--retire", "model-07"], "");
    assert_eq!(report["settings"]["worth"], serde_json::json!({"model-03": 50.0, "model-07": 0.0}));
    let has = |row: &Value, name: &str| row["left"] == name || row["right"] == name;
    assert!(rows(&report).iter().all(|row| has(row, "model-03") && !has(row, "model-07")));
    for (args, word) in [
        (["--favour", "model-3"], "near it are"),
        (["--favour", "model-03=-1"], "is not a factor above 0"),
        (["--retire", "nobody"], "has no item"),
        (["--sampler", "best"], "there is no sampler 'best'; there are: uniform"),
        (["--sampler", "uniform:k=1"], "has no setting 'k'"),
        (["--count", "0"], "0"),
        (["--until", "top 3"], "is no goal"),
        (["--until", "separable 20"], "needs 21 items or more, and the log has 20"),
        (["--trials", "50"], "--until"),
        (["--favour=model-03=2", "--favour=model-03=3"], "names 'model-03' twice"),
    ] {
        let (code, out, err) = run(&[&[ARENA], args.as_slice()].concat(), "");
        assert!(code == 2 && out.is_empty() && err.contains(word), "{args:?}: {err}");
    }
    let both = run(&["-", "--favour", "x", "--retire", "x"], SMALL);
    assert!(both.0 == 2 && both.2.contains("decide for one"), "{}", both.2);
    let all = run(&["-", "--retire", "x", "--retire", "y"], SMALL);
    assert!(all.0 == 2 && all.2.contains("1 of 3 are not retired"), "{}", all.2);
}

#[test]
fn how_many_it_takes_stands_beside_the_batch() {
    let args = ["-", "--until", "separable 1", "--trials", "40", "--most", "3000", "--truth", "estimate"];
    let report = json(&args, SMALL);
    let until = &report["until"];
    assert_eq!((&until["goal"], &until["truth"]), (&"separable 1".into(), &"estimate".into()));
    assert_eq!((&until["trials"], &until["met_now"]), (&40.into(), &false.into()));
    assert_eq!(report["settings"]["until"]["until"], "separable 1");
    let (low, median) = (&until["needed"]["median_low"], &until["needed"]["median"]);
    assert!(low.as_u64() <= median.as_u64() && median.as_u64() > Some(0), "{until}");
    let shares: Vec<f64> =
        until["curve"].as_array().expect("points").iter().filter_map(|it| it["share"].as_f64()).collect();
    assert!(shares.is_sorted() && shares[0].abs() < 1e-12, "{shares:?}");
    let (_, out, _) = run(&args, SMALL);
    assert!(out.contains("separable 1: about"), "{out}");
    // Rows have no place for it, so it is told beside them.
    let (_, out, err) = run(&[args.as_slice(), &["--format", "csv"]].concat(), SMALL);
    assert!(!out.contains("separable") && err.contains("separable 1: about"), "{out}{err}");
    let short = ["-", "--until", "separable neighbours", "--trials", "10", "--most", "12"];
    assert!(codes(&json(&short, SMALL)).contains(&"goal-not-met"));
    let clear = "a,b,wins_a,wins_b\nx,y,90,10\ny,z,60,40\nx,z,95,5\n";
    assert_eq!(json(&["-", "--until", "separable 1"], clear)["until"]["needed"]["median"], 0);
}

#[test]
fn items_that_are_hardly_worth_a_comparison_are_still_compared() {
    let args = ["-", "--count", "3", "--sampler", "variance-proportional"];
    let favoured = ["--favour", "x=1e-161", "--favour", "y=1e-161", "--favour", "z=1e-161"];
    let (code, _, err) = run(&[&args[..], &favoured[..]].concat(), SMALL);
    assert!(code == 0 || code == 2, "{err}");
}

#[test]
fn a_pair_meets_on_tasks_that_are_new_to_it_while_there_are_some() {
    let report = json(&[ARENA, "--count", "300", "--sampler", "least-played"], "");
    let olds = rows(&report).iter().filter(|row| row["met_on_task"] != 0).count();
    assert_eq!(olds, 0, "400 tasks, and no pair met on most of them");
    let log = "a,b,winner,task\nx,y,a,t\ny,x,a,u\n";
    let short = json(&["-", "--count", "3"], log);
    assert_eq!(rows(&short).len(), 2);
    assert!(rows(&short).iter().all(|row| row["met_on_task"] == 1), "what was asked before is marked");
}

#[test]
fn voters_are_no_tasks() {
    let report = json(&["fixtures/tennessee.soc", "--count", "3"], "");
    assert!(rows(&report).iter().all(|row| row["task"].is_null()));
}

#[test]
fn probabilities_across_groups_that_never_met_are_warned_of() {
    let (code, _, err) = run(&["-", "--count", "4", "--strict"], PARTS);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("2 groups of items never met"), "{err}");
}

#[test]
fn a_goal_that_is_met_wrongly_is_told() {
    let log = "a,b,wins_a,wins_b\nx,y,10,10\ny,z,10,10\nx,z,10,10\n";
    let args = ["-", "--until", "separable 1", "--trials", "200", "--level", "0.5", "--seed", "3"];
    let report = json(&args, log);
    let (wrong, reached) = (report["until"]["wrong"].as_u64().unwrap(), report["until"]["reached"].as_u64().unwrap());
    assert!(wrong > 0 && wrong < reached / 2, "{wrong} of {reached}");
    let (_, out, _) = run(&args, log);
    assert!(out.contains(&format!("in {wrong} of them something is told apart that is not so in truth")), "{out}");
    let (code, _, err) = run(&["-", "--until", "separable 1", "--trials", "1"], log);
    assert!(code == 2 && err.contains("10..=1000000"), "{err}");
}

#[test]
fn a_goal_that_retired_items_put_out_of_reach_is_refused() {
    let (code, _, err) = run(&["-", "--until", "separable 1", "--retire", "u", "--retire", "v"], PARTS);
    assert!(code == 2 && err.contains("'separable 1' can't be met"), "{err}");
}

#[test]
fn a_goal_is_met_wrongly_even_where_few_futures_meet_it() {
    let log = "a,b,wins_a,wins_b\nx,y,10,10\ny,z,10,10\nx,z,10,10\n";
    let args =
        ["-", "--until", "separable 1", "--trials", "100", "--truth", "estimate", "--most", "300", "--level", "0.8"];
    let report = json(&args, log);
    let until = &report["until"];
    assert!(until["reached"].as_u64() > Some(0) && until["needed"]["median"].is_null(), "{until}");
    assert_eq!(until["wrong"], until["reached"], "all are level in truth");
    assert!(run(&args, log).1.contains("told apart that is not so in truth"));
}
