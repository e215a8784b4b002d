//! `palio predict` as its users meet it.

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

const ARENA: &str = "fixtures/arena.csv";

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str]) -> Value {
    let (_, out, err) = run(&[args, &["--format", "json"]].concat(), "");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

fn error(args: &[&str], stdin: &str) -> String {
    let (code, out, err) = run(args, stdin);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    err
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} is a number in {value}"))
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

#[test]
fn predictions_and_intervals_are_those_of_rank_against_a_baseline() {
    let circle = vec!["fixtures/circle.csv", "--method", "general-preference"];
    for (input, baseline, count) in [
        (vec![ARENA, "--interval", "sandwich"], "model-07", 190),
        (vec![ARENA, "--interval", "fisher"], "model-07", 190),
        (vec![ARENA, "--interval", "bootstrap", "--resamples", "60"], "model-07", 190),
        // What goes round in circles is no difference of ratings.
        (circle.clone(), "hammer", 21),
        ([&circle[..], &["--interval", "none"]].concat(), "hammer", 21),
    ] {
        let options = [&input[..], &["--level", "0.9"]].concat();
        let board = json(&[&["rank"], &options[..], &["--scale", "win-rate", "--baseline", baseline]].concat());
        let pairs = json(&[&["predict"], &options[..]].concat());
        let pairs = pairs["pairs"].as_array().expect("pairs");
        assert_eq!(pairs.len(), count);
        let items = board["items"].as_array().expect("items");
        for row in items.iter().filter(|row| row["item"] != baseline) {
            let find = |side: &str, other: &str| {
                pairs.iter().find(|pair| pair[side] == row["item"] && pair[other] == baseline)
            };
            if let Some(pair) = find("left", "right") {
                close(number(pair, "probability"), number(row, "rating"));
                assert_eq!((&pair["low"], &pair["high"]), (&row["low"], &row["high"]));
            } else {
                let pair = find("right", "left").expect("the pair");
                close(1.0 - number(pair, "probability"), number(row, "rating"));
                if let (Some(high), Some(low)) = (pair["high"].as_f64(), row["low"].as_f64()) {
                    close(1.0 - high, low);
                }
            }
        }
    }
}

#[test]
fn tie_probabilities_are_those_of_the_model() {
    let board = json(&["rank", ARENA, "--ties", "davidson", "--scale", "log-odds"]);
    let rating = |item: &str| {
        let items = board["items"].as_array().expect("items");
        number(items.iter().find(|row| row["item"] == item).expect("the item"), "rating")
    };
    let d = rating("model-03") - rating("model-07");
    let nu = number(&board["fit"]["parameters"], "nu");
    let weights = [(d / 2.0).exp(), nu, (-d / 2.0).exp()];
    let total: f64 = weights.iter().sum();
    let found = json(&["predict", ARENA, "model-03", "model-07", "--ties", "davidson"]);
    let pair = &found["pairs"][0];
    close(number(pair, "tie"), nu / total);
    close(number(pair, "probability"), (weights[0] + nu / 2.0) / total);
    // Rao and Kupper: a side wins if it is ahead by more than eta.
    let board = json(&["rank", ARENA, "--ties", "rao-kupper", "--scale", "log-odds"]);
    let items = board["items"].as_array().expect("items");
    let (first, last) = (&items[0], &items[19]);
    let (d, eta) = (number(first, "rating") - number(last, "rating"), number(&board["fit"]["parameters"], "eta"));
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let name = |row: &Value| row["item"].as_str().expect("a name").to_owned();
    let found = json(&["predict", ARENA, &name(first), &name(last), "--ties", "rao-kupper"]);
    close(number(&found["pairs"][0], "tie"), 1.0 - logistic(d - eta) - logistic(-d - eta));
    assert_eq!(json(&["predict", ARENA, "model-03", "model-07"])["pairs"][0]["tie"], Value::Null);
}

#[test]
fn json_has_its_keys_and_what_makes_it_again() {
    let found = json(&["predict", ARENA, "model-03", "model-07", "--seed", "5", "--set", "penalty=0.5"]);
    assert_eq!((&found["schema"], &found["command"]), (&Value::from(1), &Value::from("predict")));
    assert_eq!(found["settings"]["seed"], 5);
    assert_eq!(found["settings"]["set"]["penalty"], "0.5");
    assert_eq!(found["input"][0]["rows"], 20_000);
    assert_eq!(found["graph"]["status"], "identified");
    let keys: Vec<&str> = found["pairs"][0].as_object().expect("a pair").keys().map(String::as_str).collect();
    assert_eq!(keys, ["left", "right", "probability", "low", "high", "tie", "identified", "met"]);
}

#[test]
fn a_pair_that_is_not_identified_has_no_interval() {
    let found = json(&["predict", "fixtures/undefeated.csv", "Ada", "Bob"]);
    let pair = &found["pairs"][0];
    assert_eq!((&pair["low"], &pair["high"], &pair["identified"]), (&Value::Null, &Value::Null, &Value::from(false)));
    assert!(number(pair, "probability") < 1.0);
    assert_eq!(found["warnings"][0]["code"], "not-identified");
    let (code, out, err) = run(&["predict", "fixtures/undefeated.csv", "Ada", "Bob", "--strict"], "");
    assert_eq!(code, 3);
    assert!(out.contains("(93.9%)") && out.contains("not identified"), "{out}");
    assert!(err.contains("Ada (never lost)"), "{err}");
    let rest = json(&["predict", "fixtures/undefeated.csv", "Bob", "Cy"]);
    assert!(number(&rest["pairs"][0], "low") > 0.0);
}

#[test]
fn pairs_come_from_files_in_any_of_the_usual_forms() {
    let csv = "comment,model_a,model_b\nx,model-03,model-07\ny,model-07,model-03\n";
    let (_, out, err) = run(&["predict", ARENA, "--pairs", "-", "--format", "csv"], csv);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{err}");
    assert_eq!(lines[0], "left,right,probability,low,high,tie,identified,met");
    assert!(lines[1].starts_with("model-03,model-07,0.24") && lines[2].starts_with("model-07,model-03,0.75"), "{out}");
    let jsonl = "{\"left\":\"model-03\",\"right\":\"model-07\"}\n";
    let (_, out, _) = run(&["predict", ARENA, "--pairs", "-", "--format", "jsonl"], jsonl);
    assert!(out.starts_with("{\"left\":\"model-03\",\"right\":\"model-07\",\"probability\":0.24"), "{out}");
    let (_, out, _) = run(&["predict", ARENA, "--pairs", "-", "--format", "markdown"], jsonl);
    assert!(out.contains("| model-03 | model-07 | 24.1% | 21.9% | 26.5% | – | 94 |"), "{out}");
}

#[test]
fn any_rater_with_probabilities_predicts() {
    let elo = json(&["predict", ARENA, "model-03", "model-07", "--method", "elo"]);
    assert_eq!(elo["pairs"][0]["low"], Value::Null);
    let args = ["predict", ARENA, "model-03", "model-07", "--method", "elo", "--interval", "bootstrap"];
    let found = json(&[&args[..], &["--resamples", "60"]].concat());
    let pair = &found["pairs"][0];
    assert_eq!(pair["probability"], elo["pairs"][0]["probability"]);
    assert!(number(pair, "low") < number(pair, "probability") && number(pair, "probability") < number(pair, "high"));
    let none = json(&["predict", ARENA, "model-03", "model-07", "--interval", "none"]);
    assert_eq!(none["pairs"][0]["low"], Value::Null);
    assert_eq!(none["warnings"], Value::Array(Vec::new()));
}

#[test]
fn what_cannot_be_predicted_is_refused_with_what_to_do() {
    let unknown = error(&["predict", ARENA, "model-3", "model-07"], "");
    assert!(unknown.contains("the log has no item 'model-3'; near it are: model-03, model-13"), "{unknown}");
    let itself = error(&["predict", ARENA, "model-03", "model-03"], "");
    assert!(itself.contains("'model-03' against itself"), "{itself}");
    let counting = error(&["predict", ARENA, "--method", "win-rate"], "");
    assert!(counting.contains("win-rate gives no probabilities; these do: bradley-terry, "), "{counting}");
    let columns = error(&["predict", ARENA, "--pairs", "-"], "x,y\nmodel-03,model-07\n");
    assert!(columns.contains("no columns left and right (or model_a and model_b); there are: x, y"), "{columns}");
    let row = error(&["predict", ARENA, "--pairs", "-"], "left,right\nmodel-03,model-07\nmodel-03,zebra\n");
    assert!(row.contains("-, row 2: the log has no item 'zebra'; it has: "), "{row}");
    assert!(error(&["predict", ARENA, "model-03"], "").contains("<B>"));
    assert!(error(&["predict", "-", "--pairs", "-"], "").contains("give two files"));
}

#[test]
fn every_thread_count_predicts_the_same_bytes() {
    let of =
        |threads| run(&["predict", ARENA, "--interval", "bootstrap", "--resamples", "60", "--threads", threads], "").1;
    assert_eq!(of("1"), of("2"));
}
