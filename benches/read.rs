//! Reading a log from memory: 200,000 rows of six columns, as they come and as they should not.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
#[cfg(feature = "parquet")]
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use palio::data::read::{LabelColumn, ReadOptions, Role, read_bytes};

const ROWS: usize = 200_000;

/// Row `row` of a log of 100 models: left, right, winner, judge, task and time.
fn row(row: usize) -> [String; 6] {
    // A step that is coprime to the numbers of models, words, judges and tasks visits all of them.
    let step = row * 7919;
    let name = |model: usize| format!("provider-{:02}/model-name-{model:03}", model % 12);
    let (left, right) = (step % 100, (step + 1 + step / 100 % 99) % 100);
    let word = ["model_a", "model_b", "tie", "model_a", "model_b"][step / 7 % 5];
    let (judge, task) = (format!("judge-{:05}", step % 2000), format!("task-{:06}", step % 1000));
    [name(left), name(right), word.to_owned(), judge, task, format!("{}.25", 1_700_000_000 + row)]
}

fn csv() -> String {
    let mut text = "model_a,model_b,winner,judge,task,timestamp\n".to_owned();
    (0..ROWS).for_each(|index| writeln!(text, "{}", row(index).join(",")).expect("a string takes all"));
    text
}

fn jsonl() -> String {
    let line = |[left, right, winner, judge, task, time]: [String; 6]| {
        format!(
            "{{\"model_a\":\"{left}\",\"model_b\":\"{right}\",\"winner\":\"{winner}\",\"judge\":\"{judge}\",\
             \"task\":\"{task}\",\"timestamp\":{time}}}\n"
        )
    };
    (0..ROWS).map(|index| line(row(index))).collect()
}

fn array() -> String {
    format!("[\n{}\n]\n", jsonl().trim_end().replace('\n', ",\n"))
}

/// Objects of which most is nested and not read.
fn nested() -> String {
    jsonl().replace(
        "}\n",
        ",\"conversation\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"meta\":{\"turns\":2,\"tokens\":80}}\n",
    )
}

/// The columns of the log in row groups of 50,000 rows, each with dictionaries.
#[cfg(feature = "parquet")]
fn parquet() -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    let columns = ["model_a", "model_b", "winner", "judge", "task", "timestamp"];
    let columns_of = columns.map(|column| format!("required binary {column} (UTF8);")).concat();
    let schema = parquet::schema::parser::parse_message_type(&format!("message log {{ {columns_of} }}"));
    let schema = Arc::new(schema.expect("a schema"));
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(Vec::new(), schema, Arc::default()).expect("memory takes all");
    let rows: Vec<[String; 6]> = (0..ROWS).map(row).collect();
    for rows in rows.chunks(50_000) {
        let mut group = writer.next_row_group().expect("memory takes all");
        for column in 0..columns.len() {
            let values: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(row[column].as_str())).collect();
            let mut writer = group.next_column().expect("memory takes all").expect("a column");
            writer.typed::<ByteArrayType>().write_batch(&values, None, None).expect("memory takes all");
            writer.close().expect("memory takes all");
        }
        group.close().expect("memory takes all");
    }
    writer.into_inner().expect("memory takes all")
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).expect("memory takes all")
}

fn reading(criterion: &mut Criterion) {
    let csv = csv();
    let quoted = csv.replace(",tie,", ",\"tie\",");
    let plain = ReadOptions::default();
    let labels = ReadOptions { labels: vec![LabelColumn::Role(Role::Task)], ..ReadOptions::default() };
    let times = ReadOptions { read_time: true, ..ReadOptions::default() };
    let cases = [
        ("csv", "log.csv", csv.clone().into_bytes(), &plain),
        ("csv with labels", "log.csv", csv.clone().into_bytes(), &labels),
        ("csv with times", "log.csv", csv.clone().into_bytes(), &times),
        ("quoted csv", "log.csv", quoted.into_bytes(), &plain),
        ("jsonl", "log.jsonl", jsonl().into_bytes(), &plain),
        ("csv.gz", "log.csv.gz", gz(&csv), &plain),
        ("json array", "log.json", array().into_bytes(), &plain),
        ("nested jsonl", "log.jsonl", nested().into_bytes(), &plain),
        #[cfg(feature = "parquet")]
        ("parquet", "log.parquet", parquet(), &plain),
        #[cfg(feature = "parquet")]
        ("parquet with labels", "log.parquet", parquet(), &labels),
    ];
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    for (name, path, bytes, options) in cases {
        let read = || read_bytes(path, black_box(&bytes), options).expect("the log is good");
        group.bench_function(name, |bencher| bencher.iter(read));
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
