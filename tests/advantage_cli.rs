//! `palio advantage` as its users meet it.

#[path = "common/close.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod close;

use std::fs;
use std::io::Write as _;

use assert_cmd::cargo::cargo_bin_cmd;
use close::assert_close;
use serde_json::{Value, json};

/// What the cases of `groups.json` allow: their numbers were computed in float32.
const TOLERANCE: f64 = 2e-6;
/// The same of TRL's cases.
const TRL_TOLERANCE: f64 = 1e-5;

/// Exit code, stdout and stderr of a run.
fn run(line: &str, stdin: impl Into<Vec<u8>>) -> (i32, String, String) {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = cargo_bin_cmd!("palio").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// What a run on stdin writes that must go well.
fn out(options: &str, stdin: &str) -> String {
    let (code, out, err) = run(&format!("advantage - {options}"), stdin);
    assert_eq!(code, 0, "{options}: {err}");
    out
}

/// The report of a run on stdin.
fn report(options: &str, stdin: &str) -> Value {
    let out = out(&format!("--format json {options}"), stdin);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// What a run says that is refused.
fn refusal(options: &str, stdin: &str) -> String {
    let (code, out, err) = run(&format!("advantage - {options}"), stdin);
    assert_eq!((code, out.as_str()), (2, ""), "{options}: {err}");
    err.trim_end().to_owned()
}

fn items(report: &Value) -> &Vec<Value> {
    report["items"].as_array().expect("items")
}

/// A column of numbers, NaN for null.
fn column(report: &Value, key: &str) -> Vec<f64> {
    items(report).iter().map(|row| row[key].as_f64().unwrap_or(f64::NAN)).collect()
}

fn names(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    items(report).iter().map(|row| format!("{} {}", text(&row["group"]), text(&row["item"]))).collect()
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().expect("warnings").iter().filter_map(|it| it["code"].as_str()).collect()
}

fn assert_advantages(report: &Value, expected: &[f64], tolerance: f64) {
    assert_close("advantage", &column(report, "advantage"), expected, tolerance);
}

/// A table of scores.
fn scores(groups: &str, rewards: &[f64]) -> String {
    let rows = groups.split_whitespace().zip(rewards).map(|(group, reward)| format!("{group},{reward}\n"));
    rows.fold("uid,reward\n".to_owned(), |text, row| text + &row)
}

/// A log of one group from judged pairs: left, right and their scores.
fn judged(pairs: &[[f64; 4]]) -> String {
    let row = |[left, right, a, b]: &[f64; 4]| format!("g,{left},{right},{a},{b}\n");
    "group,item_a,item_b,score_a,score_b\n".to_owned() + &pairs.iter().map(row).collect::<String>()
}

/// groups.json, `grpo-verl-interleaved` and its like.
const INTERLEAVED: (&str, [f64; 8]) = ("b a c a b a b a", [3.0, 1.0, 5.0, 0.0, 1.0, 4.0, 2.0, 2.0]);

fn interleaved() -> String {
    scores(INTERLEAVED.0, &INTERLEAVED.1)
}

#[test]
fn grpo_of_verl_is_met() {
    // groups.json, grpo-verl-3groups and grpo-verl-interleaved.
    let three = scores("a a a a b b b c", &[1.0, 0.0, 0.5, 0.0, 2.0, 2.0, 2.0, 7.0]);
    let expected = [1.305_579_662, -0.783_347_785, 0.261_115_938, -0.783_347_785, 0.0, 0.0, 0.0, 6.999_993_324];
    assert_advantages(&report("--preset grpo-verl", &three), &expected, TOLERANCE);
    let found = report("--preset grpo-verl", &interleaved());
    let expected = [
        0.999_999_046,
        -0.439_154_774,
        4.999_995_232,
        -1.024_694_443,
        -0.999_999_046,
        1.317_464_352,
        0.0,
        0.146_384_925,
    ];
    assert_advantages(&found, &expected, TOLERANCE);
    assert_eq!(names(&found), ["b 0", "a 0", "c 0", "a 1", "b 1", "a 2", "b 2", "a 3"]);
    assert_eq!(column(&found, "rank"), [1.0, 3.0, 1.0, 4.0, 3.0, 1.0, 2.0, 2.0]);
}

#[test]
fn other_presets_are_met() {
    // groups.json, dr-grpo-verl, rloo-verl, passk-verl, opo-verl and trl-batch.
    let dr_grpo = [1.0, -0.75, 5.0, -1.75, -1.0, 2.25, 0.0, 0.25];
    assert_advantages(&report("--preset dr-grpo", &interleaved()), &dr_grpo, TOLERANCE);
    let rloo = [1.5, -0.999_999_881, 5.0, -2.333_333_254, -1.5, 3.000_000_238, 0.0, 0.333_333_492];
    assert_advantages(&report("--preset rloo", &interleaved()), &rloo, TOLERANCE);
    let four = scores("a a a a", &[1.0, 3.0, 2.0, 0.0]);
    assert_advantages(&report("--preset pass-at-k", &four), &[0.0, 0.774_596_095, 0.0, 0.0], TOLERANCE);
    let lengths = "group,score,tokens\na,1,2\na,0,4\na,0.5,2\n";
    assert_advantages(&report("--preset opo --length tokens", lengths), &[0.625, -0.375, 0.125], TOLERANCE);
    let batch = scores("a a a a b b b b", &[1.0, 0.0, 0.5, 0.0, 2.0, 2.0, 2.0, 2.0]);
    let expected = [0.676_768_776, -0.406_061_266, 0.135_353_755, -0.406_061_266, 0.0, 0.0, 0.0, 0.0];
    assert_advantages(&report("--normalize batch --eps 1e-4", &batch), &expected, TRL_TOLERANCE);
}

#[test]
fn rewards_that_are_none_are_skipped_as_in_trl() {
    // groups.json, trl-none-rewards.
    let table = "{\"group\":7,\"a\":1.0,\"b\":0.2}\n{\"group\":7,\"a\":null,\"b\":0.8}\n\
                 {\"group\":7,\"a\":null,\"b\":null}\n{\"group\":7,\"a\":0.0,\"b\":0.4}\n";
    let found = report("--preset grpo-trl --criteria a,b", table);
    assert_advantages(&found, &[0.999_750_062, 0.0, 0.0, -0.999_750_062], TRL_TOLERANCE);
    let masked: Vec<&Value> = items(&found).iter().map(|row| &row["masked"]).collect();
    assert_eq!(masked, [&json!(false), &json!(false), &json!(true), &json!(false)]);
    assert_eq!(codes(&found), ["masked-samples"]);
}

#[test]
fn references_are_columns() {
    // groups.json, par-sigmoid-k1.
    let table = "group,score,r1,r2,r3,r4\ng,-1,-0.5,0,0.5,1\ng,0.25,-0.5,0,0.5,1\ng,2,-0.5,0,0.5,1\n";
    let found = report("--preset par --reference r1,r2,r3,r4", table);
    assert_close("reward", &column(&found, "reward"), &[0.237_027_63, 0.5, 0.838_392_973], TOLERANCE);
    let message = refusal("--preset par", table);
    assert!(message.contains("name it with --reference"), "{message}");
}

#[test]
fn round_robins_of_arenarl_are_met() {
    // groups.json, rr-4-ties-min-rank and rr-5-mixed.
    let four = judged(&[
        [0.0, 1.0, 8.0, 6.0],
        [0.0, 2.0, 7.0, 5.0],
        [0.0, 3.0, 9.0, 2.0],
        [1.0, 2.0, 5.0, 5.0],
        [1.0, 3.0, 3.0, 3.0],
        [2.0, 3.0, 4.0, 4.0],
    ]);
    let found = report("--preset arenarl", &four);
    assert_advantages(&found, &[1.499_997_02, -0.499_998_987, -0.499_998_987, -0.499_998_987], TOLERANCE);
    assert_eq!(column(&found, "wins"), [3.0, 0.0, 0.0, 0.0]);
    assert_eq!(column(&found, "losses"), [0.0, 1.0, 1.0, 1.0]);
    assert_eq!(column(&found, "ties"), [0.0, 2.0, 2.0, 2.0]);
    assert_eq!(column(&found, "rank"), [1.0, 2.0, 2.0, 2.0]);
    assert_eq!(column(&found, "reward"), [1.0, 0.0, 0.0, 0.0]);
    let five = judged(&[
        [0.0, 1.0, 9.0, 1.0],
        [0.0, 2.0, 1.0, 9.0],
        [0.0, 3.0, 6.0, 5.0],
        [0.0, 4.0, 5.0, 5.0],
        [1.0, 2.0, 7.0, 2.0],
        [1.0, 3.0, 3.0, 3.0],
        [1.0, 4.0, 8.0, 1.0],
        [2.0, 3.0, 4.0, 9.0],
        [2.0, 4.0, 6.0, 2.0],
        [3.0, 4.0, 2.0, 8.0],
    ]);
    let expected = [1.055_006_504, 1.055_006_504, -0.263_751_626, -0.923_130_751, -0.923_130_751];
    assert_advantages(&report("--preset arenarl", &five), &expected, TOLERANCE);
}

#[test]
fn scores_of_the_judge_are_aggregated() {
    // groups.json, anchor-4: items are in first-seen order, in which the anchor comes second.
    let log = judged(&[[1.0, 0.0, 7.0, 5.0], [2.0, 0.0, 4.0, 6.0], [3.0, 0.0, 9.0, 4.0]]);
    let found = report("--preset arenarl --aggregate mean-score", &log);
    assert_eq!(names(&found), ["g 1", "g 0", "g 2", "g 3"]);
    assert_advantages(&found, &[0.387_297_451, -0.387_297_392, -1.161_892_176, 1.161_892_176], TOLERANCE);
    let words = "group,item_a,item_b,winner\ng,x,y,a\n";
    assert_eq!(codes(&report("--aggregate margin", words)), ["rows-without-scores"]);
}

#[test]
fn win_rates_of_pref_grpo_are_met() {
    // groups.json, prefgrpo-4, where what can't be parsed is a tie.
    let log = "uid,left,right,winner\nu,0,1,left\nu,0,2,left\nu,0,3,right\nu,1,2,tie\nu,1,3,right\nu,2,3,tie\n";
    let found = report("--preset pref-grpo", log);
    assert_close("reward", &column(&found, "reward"), &[0.667, 0.167, 0.333, 0.833], 1e-15);
    assert_advantages(&found, &[0.549_037_187, -1.094_786_769, -0.549_037_187, 1.094_786_769], TOLERANCE);
    assert_eq!(found["settings"]["aggregate"]["aggregation"], "win-rate");
}

#[test]
fn options_override_the_preset() {
    let with = |options: &str| report(options, &interleaved());
    assert_eq!(with("--preset grpo-verl --singleton zero")["items"][2]["advantage"], 0.0);
    let clipped = with("--preset rloo --clip 1.25");
    assert_advantages(&clipped, &[1.25, -1.0, 1.25, -1.25, -1.25, 1.25, 0.0, 1.0 / 3.0], 1e-15);
    let found = with("--preset grpo-verl --normalize mean-centred --ddof 0 --eps 0.5");
    assert_eq!(found["settings"]["normalize"]["normalizer"], "mean-centred");
    assert_eq!(
        (&found["settings"]["normalize"]["ddof"], &found["settings"]["normalize"]["eps"]),
        (&json!(0), &json!(0.5))
    );
    let plain = with("--normalize mean-centred --singleton raw");
    assert_eq!(column(&plain, "advantage"), column(&with("--preset dr-grpo"), "advantage"));
    let quantile = with("--preset grpo-verl --reward quantile --set ties=mean");
    assert_eq!(column(&quantile, "reward")[..3], [1.0, 1.0 / 3.0, 0.0]);
    assert_eq!(quantile["settings"]["reward"]["name"], "quantile");
}

#[test]
fn equal_rewards_share_the_best_or_the_mean_rank() {
    let table = scores("a a a a", &[1.0, 2.0, 2.0, 0.0]);
    assert_eq!(column(&report("", &table), "rank"), [3.0, 1.0, 1.0, 4.0]);
    assert_eq!(column(&report("--rank-ties mean", &table), "rank"), [3.0, 1.5, 1.5, 4.0]);
}

#[test]
fn samples_without_a_score_are_masked() {
    let table = "group,item,score\ng,a,1\ng,b,\ng,c,3\ng,d,NaN\n";
    let found = report("", table);
    assert_eq!(
        items(&found)[1],
        json!({"group":"g","item":"b","reward":null,"rank":null,"advantage":null,"masked":true})
    );
    let only = report("", "group,item,score\ng,a,1\ng,c,3\n");
    assert_eq!(items(&found)[0], items(&only)[0]);
    assert_eq!(items(&found)[2], items(&only)[1]);
    assert_eq!(codes(&found), ["masked-samples"]);
    let (code, _, err) = run("advantage - --strict", table);
    assert_eq!(
        (code, err.as_str()),
        (3, "warning: 2 of 4 samples have no reward: they count nowhere and have no advantage [masked-samples]\n")
    );
}

#[test]
fn what_groups_lack_is_told() {
    let table = scores("a a b c c", &[1.0, 1.0, 5.0, 1.0, 2.0]);
    let found = report("--preset slime", &table);
    assert_eq!(codes(&found), ["singleton-groups", "constant-groups", "uneven-groups"]);
    let messages: Vec<&str> =
        found["warnings"].as_array().unwrap().iter().filter_map(|it| it["message"].as_str()).collect();
    assert_eq!(
        messages[0],
        "1 of 3 groups (b) have a single reward, which nothing is held against; its advantage is 0"
    );
    assert!(messages[1].starts_with("1 of 3 groups (a) have equal rewards"), "{}", messages[1]);
    assert!(messages[2].starts_with("groups have from 1 to 2 samples; slime"), "{}", messages[2]);
    assert!(codes(&report("--normalize none", &table)).is_empty());
    let apart = "group,item_a,item_b,winner\ng,a,b,a\ng,c,d,a\nh,a,b,b\n,a,b,a\n";
    assert_eq!(codes(&report("", apart)), ["rows-without-group", "disconnected-groups"]);
}

#[test]
fn the_result_is_written_as_the_input_is() {
    let csv = out("", "item,group,score\nx,g,1\n\"y,z\",g,3\n");
    let first = "group,item,reward,rank,advantage,masked\ng,x,1,2,-0.7071062811869479";
    assert!(
        csv.starts_with(&first[..first.len() - 4]) && csv.lines().nth(2).unwrap().starts_with("g,\"y,z\",3,1,0.70710"),
        "{csv}"
    );
    let jsonl = out("", "{\"uid\":1,\"score\":1}\n{\"uid\":1,\"score\":3}\n");
    let rows: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[1]["group"], &rows[1]["rank"]), (2, &json!("1"), &json!(1.0)));
    let tsv = out("", "group\tscore\ng\t1\n");
    assert_eq!(tsv, "group,item,reward,rank,advantage,masked\ng,0,1,1,0,false\n");
}

#[test]
fn formats_can_be_chosen() {
    let table = "group,score\ng,1\ng,3\n";
    let shown = out("--format table", table);
    assert!(shown.starts_with("2 samples in 1 group\n"), "{shown}");
    let markdown = out("--format markdown", table);
    assert!(
        markdown.starts_with(
            "| group | item | reward | rank | advantage |\n|:--|:--|--:|--:|--:|\n| g | 0 | 1.0000 | 2 | -0.7071 |"
        ),
        "{markdown}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    assert_eq!(out(&format!("-o {}", path.display()), table), "");
    assert_eq!(fs::read_to_string(path).unwrap(), out("--format jsonl", table));
    let found = report("--seed 5", table);
    for key in ["schema", "command", "version", "settings", "input", "warnings", "items"] {
        assert!(found.get(key).is_some(), "{key}");
    }
    assert_eq!((&found["command"], &found["input"][0]["rows"]), (&json!("advantage"), &json!(2)));
    assert_eq!(found["settings"]["seed"], 5);
}

#[test]
fn compressed_and_several_files_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut gz =
        flate2::write::GzEncoder::new(fs::File::create(path("a.csv.gz")).unwrap(), flate2::Compression::fast());
    gz.write_all(b"group,score\ng,1\nh,2\n").unwrap();
    gz.finish().unwrap();
    let zst = zstd::encode_all(&b"{\"group\":\"g\",\"score\":3}\n"[..], 1).unwrap();
    fs::write(path("b.jsonl.zst"), zst).unwrap();
    let (code, found, err) = run(&format!("advantage {} {}", path("a.csv.gz"), path("b.jsonl.zst")), "");
    assert_eq!(code, 0, "{err}");
    let rows: Vec<&str> =
        found.lines().map(|line| line.rsplit_once(',').unwrap().0.rsplit_once(',').unwrap().0).collect();
    assert_eq!(rows, ["group,item,reward,rank", "g,0,1,2", "h,0,2,1", "g,1,3,1"]);
}

#[test]
fn every_number_of_threads_writes_the_same_bytes() {
    let rows = (0..40_000).map(|row: u64| {
        let score = (row * 7919 % 1009) as f64 / 7.0;
        format!("g{},{row},{score}\n", row * 31 % 2503)
    });
    let table = "group,item,score\n".to_owned() + &rows.collect::<String>();
    for options in ["", "--reward quantile --format jsonl", "--normalize batch"] {
        let one = out(&format!("{options} --quiet --threads 1"), &table);
        assert_eq!(one.lines().count() + usize::from(options.contains("jsonl")), 40_001);
        assert!(one == out(&format!("{options} --quiet --threads 2"), &table), "{options}");
    }
    let rows = (0..20_000).map(|row: u64| {
        format!("g{},{},{},{}\n", row % 301, row % 7, 7 + row % 5, ["a", "b", "tie"][(row * row % 3) as usize])
    });
    let log = "group,item_a,item_b,winner\n".to_owned() + &rows.collect::<String>();
    for options in ["", "--aggregate bradley-terry", "--reward quantile"] {
        let one = out(&format!("{options} --quiet --threads 1"), &log);
        assert!(one == out(&format!("{options} --quiet --threads 2"), &log), "{options}");
    }
}

#[test]
fn comparisons_come_in_first_seen_order() {
    let log = "group,model_a,model_b,winner\nh,y,x,a\ng,x,z,b\nh,z,y,tie\ng,z,y,a\n";
    let found = report("", log);
    assert_eq!(names(&found), ["h y", "h x", "g x", "g z", "h z", "g y"]);
    assert_eq!(column(&found, "reward"), [0.75, 0.0, 0.0, 1.0, 0.5, 0.0]);
    let counted = report("", "group,a,b,wins_a,wins_b,ties\ng,x,y,3,1,2\n");
    assert_eq!((column(&counted, "wins"), column(&counted, "ties")), (vec![3.0, 1.0], vec![2.0, 2.0]));
}

#[test]
fn a_match_log_is_read_back() {
    // groups.json, se-4-transitive: three matches for seeds, two semi-finals, a final.
    let log = "group,round,stage,item_a,item_b,score_a,score_b\n\
               g,1,seeding,1,0,9,4\ng,1,seeding,2,0,6,4\ng,1,seeding,3,0,7,4\n\
               g,2,main,1,0,9,4\ng,2,main,3,2,7,6\ng,3,main,1,3,9,7\n";
    let found = report("--preset arenarl --aggregate bracket --rules arenarl", log);
    assert_eq!(names(&found), ["g 1", "g 0", "g 2", "g 3"]);
    let ranks = column(&found, "rank");
    assert_close("rank", &ranks, &[1.0, 4.0, 3.0, 2.0], 0.0);
    let advantages = [1.161_892_176, -1.161_892_176, -0.387_297_392, 0.387_297_451];
    assert_close("advantage", &column(&found, "advantage"), &advantages, 2e-6);
    let error = refusal("--aggregate bracket", &log.replace("g,2,main", "g,semi,main"));
    assert_eq!(error, "error: the column round holds \"semi\"; a round is a whole number from 1");
    let error = refusal("--aggregate bracket", &log.replace("seeding", "warm-up"));
    assert!(
        error.starts_with("error: the column stage holds \"warm-up\", which is no part of a tournament"),
        "{error}"
    );
    let error = refusal("--aggregate bracket", &log.replace("round", "number"));
    assert!(error.starts_with("error: the aggregation bracket needs the log of a tournament"), "{error}");
}

#[test]
fn bad_input_is_refused_with_what_to_do() {
    let cases = [
        ("", "- is empty; start it with a header line that names the columns, or write JSON lines"),
        ("group,score\n", "no row in -; give at least one below the header"),
        (
            "score\n1\n",
            "- has no column for the group (group, group_id, uid); its columns are `score`; name the right one with --group COLUMN, or give --one-group if all rows belong to one group",
        ),
        (
            "group\n1\n",
            "- has no column for the score (score, reward, value); its columns are `group`; name the right one with --score",
        ),
        (
            "group,score\ng,good\n",
            "-, line 2: column `score` holds \"good\", which is not a number; write it like 1, 0.5 or 2e-3, or leave it empty where there is none",
        ),
        (
            "group,score\ng,1\ng,inf\n",
            "-, line 3: column `score` holds \"inf\"; give a finite number, or leave it empty where there is none",
        ),
        (
            "group,item,score\ng,a,1\nh,a,1\ng,a,1\n",
            "-, line 4: \"a\" has a row in group \"g\" already, in line 2; keep one of them",
        ),
        (
            "model_a,model_b,winner\nx,y,a\n",
            "comparisons need a group column (group, group_id or uid): name it with --group COLUMN, so that it is known which samples are compared with each other, or give --one-group if all rows belong to one group",
        ),
    ];
    for (input, message) in cases {
        assert_eq!(refusal("", input), format!("error: {message}"), "{input}");
    }
    let (code, _, err) = run("advantage /no/such/file.csv", "");
    assert_eq!(code, 1, "{err}");
}

#[test]
fn rows_are_one_group_where_that_is_said() {
    let found = report("--one-group", "prompt,score\np,1\nq,3\n");
    assert_eq!(names(&found), ["all 0", "all 1"]);
    assert_eq!(found["settings"]["one_group"], true);
    let log = report("--one-group", "group,item_a,item_b,winner\ng,x,y,a\nh,y,z,a\n");
    assert_eq!(names(&log), ["all x", "all y", "all z"]);
    assert_eq!(column(&log, "reward"), [1.0, 0.5, 0.0]);
    assert!(refusal("--one-group --group g", "g,score\n1,1\n").contains("cannot be used with"));
}

#[test]
fn matches_of_no_bracket_are_not_aggregated_as_one() {
    let robin = "group,round,left,right,winner\ng,1,x,y,left\ng,1,x,z,left\ng,1,y,z,left\n";
    let others = "give win-rate, copeland, mean-score, margin, bradley-terry, points, or a column stage where there are \
                  several parts";
    assert_eq!(
        refusal("--aggregate bracket", robin),
        format!(
            "error: --aggregate bracket: the matches of group \"g\" make no bracket (\"x\" met several items in round \
             1); {others}"
        )
    );
    let swiss = "group,round,left,right,winner\ng,1,x,y,left\ng,1,z,w,left\ng,2,x,z,left\ng,2,y,w,left\n";
    let message = refusal("--aggregate bracket", swiss);
    assert!(message.contains("(\"y\" lost in round 1 and played on in round 2)"), "{message}");
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let table = "group,score\ng,1\n";
    let log = "group,item_a,item_b,winner\ng,x,y,a\n";
    let refused = |options: &str, input: &str, words: &str| {
        let message = refusal(options, input);
        assert!(message.contains(words), "{options}: {message}");
    };
    refused("--preset ppo", table, "no preset is called 'ppo'; there are: arenarl, pref-grpo,");
    refused("--reward best", table, "no reward is called 'best'; there are: value, quantile,");
    refused("--aggregate elo", log, "no aggregation is called 'elo'; there are: bracket, win-rate,");
    refused("--reward quantile --set tie=min", table, "quantile has no setting 'tie'; it has: ties");
    refused("--set ties", table, "'ties' is not of the form key=value");
    refused("--normalize std", table, "possible values: z-score, mean-centred, leave-one-out");
    refused("--eps=-1", table, "eps=-1: eps takes a finite number of 0 or more");
    refused("--aggregate copeland", table, "--aggregate goes with a log of comparisons; this is a table of scores");
    refused("--winner score", table, "has no column for the left item");
    refused("--margin 1", table, "--margin goes with a log of comparisons; this is a table of scores");
    refused("--length n", log, "--length goes with scores");
    refused("--length n", table, "has no column for --length n; its columns are `group`, `score`");
    refused("-o x.pdf", table, "no format goes with the extension .pdf");
}
