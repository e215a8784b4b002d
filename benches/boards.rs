//! Twenty overlapping boards of one log in one pass, beside no boards at all: 200,000 rows of eight columns.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use palio::data::filter::{BoardRows, Filters};
use palio::data::read::{ReadOptions, read_bytes};

const ROWS: usize = 200_000;
const LANGUAGES: [&str; 8] = ["English", "Chinese", "Russian", "German", "French", "Spanish", "Korean", "Vietnamese"];

fn csv() -> String {
    let mut text = "model_a,model_b,winner,judge,turns,language,is_code,length\n".to_owned();
    for row in 0..ROWS {
        let step = row * 7919;
        let name = |model: usize| format!("provider-{:02}/model-name-{model:03}", model % 12);
        let (left, right) = (name(step % 100), name((step + 1 + step / 100 % 99) % 100));
        let word = ["model_a", "model_b", "tie", "model_a", "model_b"][step / 7 % 5];
        let (judge, turns, language) = (step % 2000, 1 + step / 11 % 9, LANGUAGES[step / 13 % 8]);
        let (code, length) = (step / 17 % 3 == 0, step / 19 % 3000);
        writeln!(text, "{left},{right},{word},judge-{judge:05},{turns},{language},{code},{length}")
            .expect("a string takes all");
    }
    text
}

fn board(name: String, condition: &str) -> BoardRows {
    BoardRows { name, condition: condition.parse().expect("a condition") }
}

/// Languages, kinds of prompts and cuts of numbers, alone and together.
fn boards() -> Vec<BoardRows> {
    let languages = LANGUAGES.iter().map(|language| format!("language = '{language}'"));
    let others = [
        "true",
        "is_code",
        "not is_code",
        "turns >= 2",
        "turns >= 5",
        "length > 500",
        "length > 1500 and turns = 1",
        "language != 'English'",
        "language in ('German', 'French', 'Spanish')",
        "is_code and language = 'English'",
        "is_code and turns > 3",
        "length < 100 or turns > 8",
    ];
    let all = languages.chain(others.map(str::to_owned));
    all.enumerate().map(|(place, condition)| board(place.to_string(), &condition)).collect()
}

/// The rows of each board, and those of the board of all rows.
fn check(text: &str) {
    let reading = read_bytes("log.csv", text.as_bytes(), &ReadOptions { boards: boards(), ..ReadOptions::default() });
    let rows = reading.expect("the log is good").boards.expect("boards").rows;
    let of_languages: u64 = rows[..LANGUAGES.len()].iter().sum();
    let (all, code, rest) = (rows[8], rows[9], rows[10]);
    assert_eq!((of_languages, all, code + rest), (ROWS as u64, ROWS as u64, ROWS as u64));
    assert!(rows.iter().all(|&rows| rows > 0));
}

fn reading(criterion: &mut Criterion) {
    let text = csv();
    check(&text);
    let one = vec![board("one".to_owned(), "language = 'English'")];
    let filters = Filters { conditions: vec!["turns < 9".parse().expect("a condition")], ..Filters::default() };
    let dedupe = Filters { dedupe: vec!["judge".to_owned(), "length".to_owned()], ..Filters::default() };
    let cases = [
        ("no boards", ReadOptions::default()),
        ("one condition", ReadOptions { filters, ..ReadOptions::default() }),
        ("no duplicates", ReadOptions { filters: dedupe, ..ReadOptions::default() }),
        ("one board", ReadOptions { boards: one, ..ReadOptions::default() }),
        ("twenty boards", ReadOptions { boards: boards(), ..ReadOptions::default() }),
    ];
    let mut group = criterion.benchmark_group("boards");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    for (name, options) in cases {
        let read = || read_bytes("log.csv", black_box(text.as_bytes()), &options).expect("the log is good");
        group.bench_function(name, |bencher| bencher.iter(read));
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
