//! Logs in Parquet files: they say the same as logs in text, and bad ones have the same messages.
#![cfg(feature = "parquet")]

use std::sync::Arc;

use palio::data::Log;
use palio::data::read::{
    ColumnNames, Comparisons, CovariateColumn, InputFormat, Keep, LabelColumn, ReadError, ReadOptions, Reading, Role,
    TableOptions, read, read_bytes, read_table_bytes,
};
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// The cells of a column.
enum Cells {
    Text(Vec<Option<String>>),
    Fixed(Vec<Vec<u8>>),
    Integer(Vec<Option<i64>>),
    Short(Vec<Option<i32>>),
    Double(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
}

fn text<'a>(cells: impl IntoIterator<Item = &'a str>) -> Cells {
    Cells::Text(cells.into_iter().map(|cell| Some(cell.to_owned())).collect())
}

/// A file of the given columns, the leaves of the schema in their order, all of which are optional down from
/// the top; `depths` are the numbers of their levels.
fn file(schema: &str, columns: &[(i16, Cells)], group: usize, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message log {{ {schema} }}")).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    let rows = columns.iter().map(|(_, cells)| cells.len()).max().unwrap();
    for start in (0..rows).step_by(group) {
        let range = start..rows.min(start + group);
        let mut group = writer.next_row_group().unwrap();
        for (depth, cells) in columns {
            let mut column = group.next_column().unwrap().unwrap();
            cells.write(column.untyped(), *depth, range.clone());
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Fixed(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
            Self::Short(cells) => cells.len(),
            Self::Double(cells) => cells.len(),
            Self::Bool(cells) => cells.len(),
        }
    }

    fn write(&self, writer: &mut ColumnWriter<'_>, depth: i16, range: std::ops::Range<usize>) {
        fn parts<T: Clone, V>(cells: &[Option<T>], depth: i16, value: impl Fn(&T) -> V) -> (Vec<V>, Vec<i16>) {
            let levels = cells.iter().map(|cell| if cell.is_some() { depth } else { depth - 1 }).collect();
            (cells.iter().flatten().map(value).collect(), levels)
        }
        match (self, writer) {
            (Self::Text(cells), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                let (values, levels) = parts(&cells[range], depth, |text| ByteArray::from(text.as_bytes().to_vec()));
                writer.write_batch(&values, Some(&levels), None).unwrap();
            }
            (Self::Fixed(cells), ColumnWriter::FixedLenByteArrayColumnWriter(writer)) => {
                let values: Vec<FixedLenByteArray> =
                    cells[range].iter().map(|bytes| ByteArray::from(bytes.clone()).into()).collect();
                writer.write_batch(&values, Some(&vec![depth; values.len()]), None).unwrap();
            }
            (Self::Integer(cells), ColumnWriter::Int64ColumnWriter(writer)) => {
                let (values, levels) = parts(&cells[range], depth, |&number| number);
                writer.write_batch(&values, Some(&levels), None).unwrap();
            }
            (Self::Short(cells), ColumnWriter::Int32ColumnWriter(writer)) => {
                let (values, levels) = parts(&cells[range], depth, |&number| number);
                writer.write_batch(&values, Some(&levels), None).unwrap();
            }
            (Self::Double(cells), ColumnWriter::DoubleColumnWriter(writer)) => {
                let (values, levels) = parts(&cells[range], depth, |&number| number);
                writer.write_batch(&values, Some(&levels), None).unwrap();
            }
            (Self::Bool(cells), ColumnWriter::BoolColumnWriter(writer)) => {
                let (values, levels) = parts(&cells[range], depth, |&truth| truth);
                writer.write_batch(&values, Some(&levels), None).unwrap();
            }
            _ => panic!("the cells are of the column's type"),
        }
    }
}

const PLAIN: &str = "optional binary model_a (UTF8); optional binary model_b (UTF8); optional binary winner (UTF8);";

fn rows() -> ReadOptions {
    ReadOptions { keep: Keep::Rows, ..ReadOptions::default() }
}

fn log(reading: Reading) -> Log {
    match reading.comparisons {
        Comparisons::Rows(log) => log,
        Comparisons::Counts(_) => panic!("rows were asked for"),
    }
}

fn read_log(bytes: &[u8], options: &ReadOptions) -> Log {
    log(read_bytes("log.parquet", bytes, options).unwrap())
}

fn error(bytes: &[u8], options: &ReadOptions) -> String {
    read_bytes("log.parquet", bytes, options).expect_err("the log is bad").to_string()
}

/// A file of three columns, three words a row.
fn plain(text_rows: &str) -> Vec<u8> {
    let column = |index: usize| {
        let cells = text_rows.lines().map(|line| line.split(' ').nth(index).filter(|&cell| cell != "NULL"));
        (1, Cells::Text(cells.map(|cell| cell.map(str::to_owned)).collect()))
    };
    file(PLAIN, &[column(0), column(1), column(2)], 2, WriterProperties::builder())
}

/// Rows of many kinds: usual words, numbers, grades, names, and names that are also words.
fn many() -> Vec<[String; 4]> {
    let words = ["model_a", "model_b", "tie", "A>>B", "0.25", "Draw", "b", "0", "tie (bothbad)", "model_a"];
    let row = |row: usize| {
        let step = row * 7919;
        let name = |item: usize| if item == 12 { "win".to_owned() } else { format!("item {item}") };
        let (left, right) = (name(step % 13), name((step + 1 + step / 13 % 12) % 13));
        let word = if row.is_multiple_of(17) { left.clone() } else { words[step / 7 % words.len()].to_owned() };
        [left, right, word, format!("judge {}", step % 400)]
    };
    (0..5_000).map(row).filter(|[left, right, ..]| left != right).collect()
}

#[test]
fn a_file_says_the_same_as_the_text_of_its_rows_however_it_is_written() {
    let many = many();
    let mut csv = "model_a,model_b,winner,judge\n".to_owned();
    for row in &many {
        csv.extend([row.join(","), "\n".to_owned()]);
    }
    let schema = format!("{PLAIN} optional binary judge (UTF8);");
    let columns: Vec<(i16, Cells)> =
        (0..4).map(|column| (1, text(many.iter().map(|row| row[column].as_str())))).collect();
    let builder = WriterProperties::builder;
    let ways = [
        builder(),
        builder().set_dictionary_enabled(false),
        builder().set_writer_version(WriterVersion::PARQUET_2_0).set_compression(Compression::SNAPPY),
        builder().set_dictionary_page_size_limit(300).set_data_page_row_count_limit(100).set_write_batch_size(50),
        builder().set_dictionary_enabled(false).set_encoding(Encoding::DELTA_BYTE_ARRAY),
        builder().set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default())),
        builder().set_compression(Compression::GZIP(parquet::basic::GzipLevel::default())),
        builder().set_compression(Compression::LZ4_RAW),
    ];
    let labels = vec![LabelColumn::Role(Role::Judge)];
    let all = [rows(), ReadOptions { labels, ..rows() }, ReadOptions { strong_weight: Some(3.0), ..rows() }];
    for (way, properties) in ways.into_iter().enumerate() {
        let bytes = file(&schema, &columns, [4_999, 700, 64][way % 3], properties);
        for options in &all {
            let expected = log(read_bytes("log.csv", csv.as_bytes(), options).unwrap());
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let reading = pool.install(|| read_bytes("-", &bytes, options)).unwrap();
                assert_eq!(reading.format, InputFormat::Parquet);
                assert_eq!(reading.inputs[0].xxh3, format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes)));
                assert_eq!(reading.inputs[0].rows, many.len() as u64);
                assert_eq!(format!("{:?}", log(reading)), format!("{expected:?}"), "way {way}");
            }
        }
    }
}

#[test]
fn a_file_on_disk_is_read_like_one_in_memory_and_compressed_whole_too() {
    let bytes = plain("x y model_a\ny z tie\nz x b");
    let directory = tempfile::tempdir().unwrap();
    let (file, packed) = (directory.path().join("log.data"), directory.path().join("log.parquet.zst"));
    std::fs::write(&file, &bytes).unwrap();
    std::fs::write(&packed, zstd::encode_all(bytes.as_slice(), 1).unwrap()).unwrap();
    let expected = format!("{:?}", read_log(&bytes, &rows()));
    for path in [file, packed] {
        let reading = read(&[&path], &rows()).unwrap();
        let on_disk = std::fs::read(&path).unwrap();
        assert_eq!(reading.inputs[0].xxh3, format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&on_disk)));
        assert_eq!(format!("{:?}", log(reading)), expected);
    }
}

#[test]
fn numbers_truth_values_and_times_are_read_by_their_types() {
    let schema = "optional int64 a; optional int32 b; optional boolean result; optional double weight;
        optional int64 time (TIMESTAMP(MICROS,true)); optional int32 task (DATE);
        optional fixed_len_byte_array(16) judge (UUID);";
    let columns = [
        (1, Cells::Integer(vec![Some(7), Some(-8)])),
        (1, Cells::Short(vec![Some(9), Some(7)])),
        (1, Cells::Bool(vec![Some(true), Some(false)])),
        (1, Cells::Double(vec![Some(0.5), None])),
        (1, Cells::Integer(vec![Some(1_711_670_400_250_000), Some(0)])),
        (1, Cells::Short(vec![Some(19_811), None])),
        (1, Cells::Fixed(vec![vec![0; 16], vec![255; 16]])),
    ];
    for dictionary in [true, false] {
        let bytes = file(schema, &columns, 10, WriterProperties::builder().set_dictionary_enabled(dictionary));
        let labels = vec![LabelColumn::Role(Role::Task), LabelColumn::Role(Role::Judge)];
        let options = ReadOptions { read_time: true, labels, ..rows() };
        let message = error(&bytes, &options);
        assert!(
            message.starts_with("log.parquet, row 1: column `result` holds \"true\", which is no outcome"),
            "{message}"
        );
        let columns = ColumnNames { winner: Some("weight".to_owned()), ..ColumnNames::default() };
        let options = ReadOptions { columns, skip_bad_rows: true, ..options };
        let reading = read_bytes("log.parquet", &bytes, &options).unwrap();
        assert_eq!(reading.notes.first_skipped, ["log.parquet, row 2: column `weight` is null; give it a value"]);
        let found = log(reading);
        assert_eq!(found.items().iter().collect::<Vec<_>>(), ["7", "9"]);
        assert_eq!(found.times(), Some(&[1_711_670_400.25][..]));
        assert_eq!(found.row(0).weight.to_string(), "0.5");
        assert_eq!(found.labels("task").unwrap().name(0), "2024-03-29");
        assert_eq!(found.labels("judge").unwrap().name(0), "00000000-0000-0000-0000-000000000000");
    }
}

#[test]
fn a_column_inside_of_structs_is_called_by_its_dotted_path() {
    let schema = "optional group pair { optional binary a (UTF8); optional binary b (UTF8); }
        optional binary winner (UTF8); optional group conv { optional group tag { optional int64 turns; } }
        optional group list (LIST) { repeated group list { optional binary element (UTF8); } }";
    let columns = [
        (2, text(["x", "y", "x"])),
        (2, text(["y", "z", "z"])),
        (1, text(["a", "b", "tie"])),
        (3, Cells::Integer(vec![Some(2), None, Some(5)])),
    ];
    let schema = &schema[..schema.find("optional group list").unwrap()];
    let bytes = file(schema, &columns, 2, WriterProperties::builder());
    let named = |left: &str| ColumnNames {
        left: Some(left.to_owned()),
        right: Some("pair.b".to_owned()),
        task: Some("conv.tag.turns".to_owned()),
        ..ColumnNames::default()
    };
    let labels = vec![LabelColumn::Role(Role::Task)];
    let found = read_log(&bytes, &ReadOptions { columns: named("pair.a"), labels: labels.clone(), ..rows() });
    assert_eq!(found.items().iter().collect::<Vec<_>>(), ["x", "y", "z"]);
    let turns = found.labels("conv.tag.turns").unwrap();
    assert_eq!([0, 1, 2].map(|row| turns.name(row)), ["2", "", "5"]);
    assert_eq!(
        error(&bytes, &ReadOptions { columns: named("pair.c"), ..rows() }),
        "log.parquet has no column for --left pair.c; its columns are `pair.a`, `pair.b`, `winner`, `conv.tag.turns`; \
         name the right one with --left"
    );
}

#[test]
fn a_bad_row_is_told_with_its_number_its_column_and_its_value() {
    let fault = |rows: &str| error(&plain(rows), &ReadOptions::default());
    let end = "(--skip-bad-rows leaves such rows out)";
    assert_eq!(
        fault("x y a\ny x b\nx y a\nx x a"),
        format!(
            "log.parquet, row 4: columns `model_a` and `model_b` both hold \"x\"; an item cannot be compared with itself \
             {end}"
        )
    );
    assert!(
        fault("x y a\nx y ties").starts_with("log.parquet, row 2: column `winner` holds \"ties\", which is no outcome")
    );
    assert_eq!(fault("x NULL a"), format!("log.parquet, row 1: column `model_b` is null; give it a value {end}"));
    assert_eq!(fault("x y NULL"), format!("log.parquet, row 1: column `winner` is null; give it a value {end}"));
    assert!(fault("a b b\na b a\nb a b").contains("row 3: column `winner` holds \"b\", which is both an outcome and"));
    let skip = ReadOptions { skip_bad_rows: true, ..rows() };
    let reading = read_bytes("log.parquet", &plain("x y a\nx x a\nNULL y b\ny z b\nz x q"), &skip).unwrap();
    assert_eq!(reading.notes.skipped, 3);
    assert!(reading.notes.first_skipped[1].starts_with("log.parquet, row 3: column `model_a` is null"));
    assert_eq!(log(reading).len(), 2);
}

#[test]
fn what_is_no_log_is_refused_with_what_to_do() {
    let empty = file(PLAIN, &[(1, text([])), (1, text([])), (1, text([]))], 1, WriterProperties::builder());
    assert_eq!(
        error(&empty, &ReadOptions::default()),
        "no comparison in log.parquet; a log needs at least one row below its header"
    );
    let table = read_table_bytes("t.parquet", &plain("x y a"), &TableOptions::default()).unwrap_err();
    assert_eq!(
        table.to_string(),
        "t.parquet is a Parquet file, which is read as a log of comparisons only; write it as CSV or JSON lines"
    );
    let end = "; the file is damaged, cut off, or of a kind that is not known here";
    let named = error(b"a,b,winner\nx,y,a\n", &ReadOptions::default());
    assert!(named.starts_with("log.parquet cannot be read as Parquet: ") && named.ends_with(end), "{named}");
    let decimal = "optional fixed_len_byte_array(12) a (INTERVAL); optional binary b; optional binary winner;";
    let columns = [(1, Cells::Fixed(vec![vec![1; 12]])), (1, text(["x"])), (1, text(["a"]))];
    let message = error(&file(decimal, &columns, 1, WriterProperties::builder()), &ReadOptions::default());
    assert!(message.contains("column \"a\" holds no text, number, truth value or time"), "{message}");
}

#[test]
fn damaged_files_are_refused_or_read_and_never_break_the_reader() {
    let bytes = plain("x y a\ny z model_b\nz x tie");
    let options = ReadOptions { block_bytes: 1 << 10, ..rows() };
    for length in (0..bytes.len()).step_by(7) {
        let cut = read_bytes("log.parquet", &bytes[..length], &options);
        assert!(matches!(cut, Err(ReadError::Parquet { .. })), "{length}");
    }
    for place in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[place] ^= [1, 0x80, 0xff][place % 3];
        let _ = read_bytes("log.parquet", &bad, &options);
    }
}

#[test]
fn a_struct_of_numbers_is_summed_as_a_covariate() {
    let schema = "optional binary model_a (UTF8); optional binary model_b (UTF8); optional binary winner (UTF8);
        optional group m { optional group head_a { optional int64 h1; optional int64 h2; } optional int64 head_b; }";
    let columns = |last: Option<i64>| {
        vec![
            (1, text(["x", "y"])),
            (1, text(["y", "x"])),
            (1, text(["model_a", "tie"])),
            (3, Cells::Integer(vec![Some(2), Some(5)])),
            (3, Cells::Integer(vec![Some(1), Some(0)])),
            (2, Cells::Integer(vec![Some(1), last])),
        ]
    };
    let covariates = CovariateColumn::parse_list("h=m.head_{a,b},m.head_a.h1").unwrap();
    let options = ReadOptions { covariates, ..ReadOptions::default() };
    let read = |last| file(schema, &columns(last), 10, WriterProperties::builder());
    let found = read_log(&read(Some(7)), &options);
    let rows: Vec<&[f64]> = (0..2).map(|row| found.covariates().row(row)).collect();
    assert_eq!(rows, [[2.0, 2.0], [-2.0, 5.0]]);
    let told = error(&read(None), &options);
    assert!(told.contains("row 2: column `m.head_b` is null; give it a value"), "{told}");
}
