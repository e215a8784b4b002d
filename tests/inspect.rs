//! `palio inspect` as its users meet it.

use std::fmt::Write as _;

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

const CIRCLE: &str = "fixtures/circle.csv";

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").arg("inspect").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str], stdin: &str) -> Value {
    let (_, out, err) = run(&[args, &["--format", "json"]].concat(), stdin);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().expect("warnings").iter().filter_map(|it| it["code"].as_str()).collect()
}

#[test]
fn the_report_has_every_part() {
    let report = json(&[CIRCLE, "--seed", "2"], "");
    assert_eq!((&report["command"], &report["settings"]["seed"]), (&"inspect".into(), &2.into()));
    let keys = "graph components strong_components condorcet_winner smith schwartz triads hodge cycles feedback_arcs \
                deviance explained ladder verdict";
    for key in keys.split_whitespace() {
        assert!(report.get(key).is_some(), "{key}");
    }
    assert_eq!(report["condorcet_winner"], Value::Null);
    assert_eq!(report["smith"], serde_json::json!(["hammer", "spear", "shield"]));
    assert_eq!(report["cycles"]["strongest"][0]["items"].as_array().expect("items").len(), 3);
    assert_eq!(report["triads"]["cyclic"], 1);
    assert_eq!(report["feedback_arcs"]["exact"], true);
    assert_eq!(report["deviance"]["degrees_of_freedom"], 15);
    assert_eq!(report["ladder"], "in-part");
    assert!(report.get("merged").is_none());
    let shares = ["gradient", "curl", "harmonic"].map(|part| report["hodge"][part].as_f64().expect("a share"));
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn bad_logs_have_a_verdict_and_a_code_each() {
    let head = "a,b,winner\n";
    let far = "x,y,a\ny,x,a\nu,v,b\nv,u,b\n";
    for (rows, ladder, code) in [
        ("x,y,tie\ny,z,tie\n".to_owned(), "no-order", None),
        ("x,y,a\ny,x,a\n".to_owned(), "no-order", None),
        (far.to_owned() + "u,v,b\n", "disconnected", Some("disconnected")),
        ("x,y,a\ny,x,a\nx,y,a\n".to_owned(), "untestable", None),
        ("x,y,a\ny,z,a\nz,x,a\n".to_owned(), "too-few", None),
        ("x,y,0.7\ny,z,0.7\nz,x,0.7\n".to_owned(), "untested", Some("not-tested")),
    ] {
        let report = json(&["-"], &(head.to_owned() + &rows));
        assert_eq!(report["ladder"], ladder, "{rows}{report}");
        assert_eq!(codes(&report), code.into_iter().collect::<Vec<_>>(), "{rows}");
        let strict = run(&["-", "--strict", "--quiet"], &(head.to_owned() + &rows));
        assert_eq!((strict.0, strict.2.as_str()), (if code.is_some() { 3 } else { 0 }, ""), "{rows}");
    }
    let (code, out, err) = run(&["-"], head);
    assert!(code == 2 && out.is_empty() && err.contains("no"), "{err}");
}

#[test]
fn every_format_has_all_items() {
    for format in ["table", "json", "jsonl", "csv", "markdown"] {
        let (code, out, _) = run(&[CIRCLE, "--format", format, "--resamples", "20"], "");
        assert_eq!(code, 0);
        for item in ["hammer", "spear", "shield", "scout", "porter", "miller", "novice"] {
            assert!(out.contains(item), "{format}: {out}");
        }
    }
    let (_, out, _) = run(&[CIRCLE, "--format", "csv", "--resamples", "20"], "");
    assert!(out.starts_with("place,item,strong_component,in_circle,smith,schwartz\n1,"), "{out}");
    assert_eq!(out.lines().count(), 8);
}

#[test]
fn threads_do_not_change_a_byte_and_the_seed_does() {
    let sparse = "a,b,wins_a,wins_b\nx,y,2,1\ny,z,3,1\nz,x,2,2\nw,x,1,3\nw,y,2,2\nz,w,3,1\n";
    let bytes = |more: &[&str]| run(&[&["-", "--format", "json"], more].concat(), sparse).1;
    assert_eq!(bytes(&["--threads", "1"]), bytes(&["--threads", "2"]));
    let p_value = |seed: &str| json(&["-", "--seed", seed], sparse)["deviance"]["chance_deviance"]["mean"].clone();
    assert_ne!(p_value("1"), p_value("2"));
}

#[test]
fn lines_are_short_and_large_logs_stay_short() {
    let mut log = "a,b,wins_a,wins_b\n".to_owned();
    for i in 0..129_usize {
        for j in i + 1..129 {
            // A ladder with a circle of long-named items every now and then.
            let wins = if (i + 2 * j) % 7 == 0 { 2 } else { 5 };
            let name = "a-model-with-quite-a-long-name";
            writeln!(log, "{name}-{i:03},{name}-{j:03},{wins},3").expect("a row");
        }
    }
    let (code, out, _) = run(&["-", "--resamples", "40"], &log);
    assert_eq!(code, 0);
    assert!(out.lines().count() < 50, "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    assert!(out.contains("more"), "{out}");
}

#[test]
fn judges_are_merged_and_what_is_removed_is_told() {
    let report = json(&[CIRCLE, "--merge-judges", "--resamples", "20"], "");
    let merged = &report["merged"];
    assert_eq!((&merged["judges"], &merged["arcs"]), (&3.into(), &"net".into()));
    assert_eq!(merged["ranking"].as_array().expect("rows").len(), 7);
    assert_eq!(merged["removed"], report["feedback_arcs"]["removed"], "summed margins are those of the whole log");
    let each = &json(&[CIRCLE, "--merge-judges=each", "--resamples", "20"], "")["merged"];
    assert!(each["removed_weight"].as_f64() >= merged["removed_weight"].as_f64());
    // Each of three judges has one vote on each of 21 pairs.
    let votes = json(&[CIRCLE, "--merge-judges=votes", "--resamples", "20"], "")["merged"]["total_weight"].as_f64();
    assert!(votes.expect("votes") <= 63.0);
    let (_, out, _) = run(&[CIRCLE, "--merge-judges", "--resamples", "20"], "");
    assert!(out.contains("3 judges made into one"), "{out}");
}

#[test]
fn merging_needs_judges() {
    let (code, _, err) = run(&["-", "--merge-judges"], "a,b,winner\nx,y,a\n");
    assert!(code == 2 && err.contains("name it with --judge COLUMN"), "{err}");
    let one = json(&["-", "--merge-judges"], "a,b,winner,judge\nx,y,a,j\n");
    assert_eq!(codes(&one), ["one-judge", "not-identified"]);
    let some = json(&["-", "--merge-judges"], "a,b,winner,judge\nx,y,a,j\ny,x,a,\n");
    assert_eq!(codes(&some), ["rows-without-judge"]);
}

#[test]
fn a_judge_column_of_another_name_is_taken() {
    let log = "a,b,winner,who\nx,y,a,p\ny,x,a,q\n";
    assert_eq!(json(&["-", "--merge-judges", "--judge", "who"], log)["merged"]["judges"], 2);
}

#[test]
fn votes_on_one_task_are_not_independent() {
    let mut log = "a,b,winner,task\n".to_owned();
    let pairs = [("x", "y", 34), ("y", "z", 33), ("x", "z", 29), ("x", "w", 36), ("y", "w", 31), ("z", "w", 30)];
    for (left, right, wins) in pairs {
        for task in 0..50 {
            // A task has the same answer three times.
            let winner = if task < wins { "a" } else { "b" };
            (0..3).for_each(|_| writeln!(log, "{left},{right},{winner},{left}{right}{task}").expect("a row"));
        }
    }
    let p_value = |more: &[&str]| {
        let report = json(&[&["-", "--resamples", "0"], more].concat(), &log);
        (report["deviance"]["p_value"].as_f64().expect("a p-value"), report["deviance"]["cluster"].clone())
    };
    let (clustered, cluster) = p_value(&[]);
    assert_eq!((&cluster["column"], &cluster["clusters"]), (&"task".into(), &300.into()));
    let (independent, none) = p_value(&["--cluster", "none"]);
    assert!(none.is_null() && independent < clustered / 2.0, "{independent} {clustered}");
    let (_, out, _) = run(&["-", "--resamples", "0"], &log);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("clustered by task (300, which add a factor of 3.01 to misfit)"), "{out}");
}

#[test]
fn resistance_stands_beside_that_of_known_shapes() {
    // A cycle of four with two comparisons a pair: 3/8 for neighbours, 1/2 across.
    let cycle = "a,b,wins_a,wins_b\nw,x,1,1\nx,y,1,1\ny,z,2,0\nz,w,0,2\n";
    let found = &json(&["-", "--resistance"], cycle)["resistance"];
    let number = |value: &Value| value.as_f64().expect("a number");
    assert!((number(&found["mean"]) - (4.0 * 0.375 + 2.0 * 0.5) / 6.0).abs() < 1e-12, "{found}");
    assert!((number(&found["worst"]) - 0.5).abs() < 1e-12);
    assert_eq!((&found["worst_pairs"][0]["left"], &found["worst_pairs"][0]["right"]), (&"w".into(), &"y".into()));
    assert_eq!((&found["infinite_pairs"], &found["exact"]), (&0.into(), &true.into()));
    let shapes: Vec<&str> =
        found["shapes"].as_array().expect("shapes").iter().filter_map(|it| it["shape"].as_str()).collect();
    assert_eq!(shapes, ["complete", "random-regular", "star", "tree", "chain"]);
    // 3 wires of 8/3 comparisons: 3/8 each, and the ends of the chain are three of them apart.
    assert!((number(&found["shapes"][4]["worst"]) - 9.0 / 8.0).abs() < 1e-12);
    assert!(json(&["-"], cycle).get("resistance").is_none());
    let (_, out, _) = run(&["-", "--resistance"], cycle);
    assert!(out.contains("this log") && out.contains("random regular graph"), "{out}");
    let (_, out, _) = run(&["-", "--resistance", "--format", "csv"], cycle);
    assert!(out.starts_with("place,item,strong_component,in_circle,smith,schwartz,mean_resistance\n1,"), "{out}");
    let (_, out, _) = run(&["-", "--resistance", "--format", "jsonl"], cycle);
    assert!(out.lines().all(|line| line.contains("\"mean_resistance\":0.4166666666666")), "{out}");
}

#[test]
fn resistance_is_infinite_between_groups_that_never_met() {
    let far = "a,b,winner\nx,y,a\ny,x,a\nu,v,b\nv,u,b\n";
    let report = json(&["-", "--resistance"], far);
    let found = &report["resistance"];
    assert_eq!((&found["mean"], &found["worst"], &found["infinite_pairs"]), (&Value::Null, &Value::Null, &4.into()));
    for key in ["mean_connected", "worst_connected"] {
        assert!((found[key].as_f64().expect("a number") - 0.5).abs() < 1e-12, "{found}");
    }
    assert_eq!(codes(&report), ["disconnected"]);
    let (_, out, _) = run(&["-", "--resistance"], far);
    assert!(out.contains("infinite for 4 pairs"), "{out}");
}
