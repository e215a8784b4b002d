//! Reading items in groups, each with all that its row says: what a judge is given.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use ::csv::ByteRecord;
use serde_json::value::RawValue;

use super::super::ItemId;
use super::super::records::{Record, Records};
use super::columns::{Header, check_unique};
use super::error::{Fault, ReadError, shown};
use super::groups::{GroupColumns, ONE_GROUP, Wanted};
use super::jsonl::text_of;
use super::options::ReadOptions;
use super::source::{Format, InputFormat, Source};
use super::{Input, Opened, csv, jsonl};

/// Where group and item stand. Where a name is `None`, the usual names are looked for, first as they are
/// written here and then in any case of letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordOptions {
    /// The column of the group (`group group_id uid`).
    pub group: Option<String>,
    /// Whether all items are one group, which is called `all`, whatever columns there are.
    pub one_group: bool,
    /// The column of the item (`item item_id sample sample_id response_id`). Without any of these an item
    /// is called by its index in its group, from 0.
    pub item: Option<String>,
}

/// Records that were read, and from what.
#[derive(Debug)]
pub struct RecordReading {
    /// The records.
    pub records: Records,
    /// The inputs, in the order in which they were given.
    pub inputs: Vec<Input>,
    /// How the first of them is written.
    pub format: InputFormat,
}

/// Reads the items that the files at `inputs` hold together; `-` is stdin. Rows of a group need not stand
/// together. Time and memory are O(bytes read).
///
/// # Errors
/// No column for the group; an item that is given twice in a group; a group or an item without a name; files
/// of which one has a column for the item and another has not; no row at all; and what is wrong with the
/// file, as for logs.
pub fn read_records(inputs: &[impl AsRef<Path>], options: &RecordOptions) -> Result<RecordReading, ReadError> {
    let block_bytes = ReadOptions::default().block_bytes;
    read_all(inputs.iter().map(|input| Source::open(input.as_ref(), block_bytes)), options)
}

/// Reads records from memory as if they were a file called `name`.
pub fn read_records_bytes(name: &str, bytes: &[u8], options: &RecordOptions) -> Result<RecordReading, ReadError> {
    let block_bytes = ReadOptions::default().block_bytes;
    read_all([Source::new(name.to_owned(), Box::new(bytes), block_bytes)], options)
}

fn read_all<'a>(
    sources: impl IntoIterator<Item = Result<Source<'a>, ReadError>>,
    options: &RecordOptions,
) -> Result<RecordReading, ReadError> {
    let (mut growing, mut inputs, mut format) = (Growing::default(), Vec::new(), None);
    for source in sources {
        let opened = Opened::whole(source?)?.text()?;
        format.get_or_insert(InputFormat::from(opened.source.format));
        inputs.push(growing.read(opened, options)?);
    }
    let paths = || growing.paths.join(", ");
    let format =
        format.filter(|_| !growing.records.rows.is_empty()).ok_or_else(|| ReadError::NoRows { paths: paths() });
    Ok(RecordReading { format: format?, records: growing.records, inputs })
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Growing {
    records: Records,
    /// The columns of the first file.
    first: Option<GroupColumns>,
    /// The files, of which the last is being read.
    paths: Vec<String>,
    /// How many items each group has.
    sizes: Vec<u32>,
    /// The file and the line of each item that has a name.
    places: HashMap<(u32, Box<str>), (usize, u64)>,
}

/// The columns of one file.
struct Layout {
    columns: GroupColumns,
    names: Vec<String>,
    /// The names as JSON, with a colon behind each.
    keys: Vec<String>,
    late: Vec<&'static str>,
}

impl Growing {
    fn read(&mut self, mut opened: Opened<'_>, options: &RecordOptions) -> Result<Input, ReadError> {
        let path = opened.progress.path.clone();
        let layout = Layout::find(&path, &opened.header, options, self.first)?;
        self.first.get_or_insert(layout.columns);
        self.paths.push(path.clone());
        let before = self.records.rows.len();
        while let Some(block) = opened.next_block()? {
            self.add_block(&layout, opened.source.format, block.get(), opened.progress.lines).map_err(
                |(line, fault)| {
                    let line = opened.progress.lines + line + 1;
                    ReadError::TableRow { path: path.clone(), line, fault }
                },
            )?;
            opened.progress.lines += opened.source.format.line_ends(block.get());
            opened.source.reuse(vec![block]);
        }
        let rows = (self.records.rows.len() - before) as u64;
        Ok(Input::new(path, rows, opened.source.finish()?))
    }

    /// Adds the rows of a block that starts behind so many lines. A bad one is told with its line in it.
    fn add_block(
        &mut self,
        layout: &Layout,
        format: Format,
        bytes: &[u8],
        lines_before: u64,
    ) -> Result<(), (u64, Fault)> {
        match format {
            Format::Delimited(delimiter) => csv::each_record(bytes, delimiter, layout.names.len(), |line, record| {
                self.add_record(layout, lines_before + line + 1, record)
            }),
            Format::Json(objects) => jsonl::each_object(bytes, objects, |line, object| {
                self.add_object(layout, lines_before + line + 1, object)
            }),
            Format::Parquet => Ok(()),
        }
    }

    /// Adds a row of a CSV file, which has a field for each column.
    fn add_record(&mut self, layout: &Layout, line: u64, record: &ByteRecord) -> Result<(), Fault> {
        let text = |column: usize| {
            let bad = || Fault::Encoding { column: layout.names[column].clone(), value: shown(&record[column]) };
            std::str::from_utf8(&record[column]).map_err(|_| bad())
        };
        let mut json = String::with_capacity(2 * record.as_slice().len());
        for (column, key) in layout.keys.iter().enumerate() {
            json.push(if column == 0 { '{' } else { ',' });
            json += key;
            json += &quoted(text(column)?);
        }
        json.push('}');
        let name =
            |column: Option<usize>, what| column.map(|column| layout.name(column, text(column)?, what)).transpose();
        let (group, item) = (name(layout.columns.group, "group")?, name(layout.columns.item, "item")?);
        self.add(line, group, item, json)
    }

    /// Adds an object of JSON lines.
    fn add_object(&mut self, layout: &Layout, line: u64, object: &[(String, &RawValue)]) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        if let Some((key, _)) = object.iter().find(|(key, _)| !seen.insert(key)) {
            return Err(Fault::DuplicateKey { column: key.clone() });
        }
        if let Some((key, _)) = object.iter().find(|(key, _)| layout.late.contains(&key.as_str())) {
            return Err(Fault::LateKey { column: key.clone() });
        }
        let mut json = String::new();
        for (place, (key, value)) in object.iter().enumerate() {
            json.push(if place == 0 { '{' } else { ',' });
            json += &quoted(key);
            json.push(':');
            push_compact(&mut json, value.get());
        }
        json.push('}');
        let group = layout.columns.group.map(|column| layout.name_in(column, object, "group")).transpose()?;
        let item = layout.columns.item.map(|column| layout.name_in(column, object, "item")).transpose()?;
        self.add(line, group.as_deref(), item.as_deref(), json)
    }

    fn add(&mut self, line: u64, group: Option<&str>, item: Option<&str>, json: String) -> Result<(), Fault> {
        let group = self.records.groups.intern(group.unwrap_or(ONE_GROUP)).0;
        self.sizes.resize(self.records.groups.len(), 0);
        let size = &mut self.sizes[group as usize];
        let item = item.map_or_else(|| size.to_string(), str::to_owned);
        *size += 1;
        if self.first.is_some_and(|columns| columns.item.is_some()) {
            self.check_item(line, group, &item)?;
        }
        self.records.rows.push(Record { group, item, json: json.into() });
        Ok(())
    }

    /// An item has one row in its group.
    fn check_item(&mut self, line: u64, group: u32, item: &str) -> Result<(), Fault> {
        let file = self.paths.len() - 1;
        let (earlier_file, earlier) = match self.places.entry((group, item.into())) {
            Entry::Vacant(vacant) => {
                vacant.insert((file, line));
                return Ok(());
            }
            Entry::Occupied(occupied) => *occupied.get(),
        };
        let other_file = (earlier_file != file).then(|| format!("{}, ", self.paths[earlier_file]));
        Err(Fault::DuplicateItem {
            item: shown(item.as_bytes()),
            group: shown(self.records.groups.name(ItemId(group)).as_bytes()),
            earlier: format!("{}line {earlier}", other_file.unwrap_or_default()),
        })
    }
}

impl Layout {
    fn find(
        path: &str,
        header: &Header,
        options: &RecordOptions,
        first: Option<GroupColumns>,
    ) -> Result<Self, ReadError> {
        // Keys may differ from object to object, so each object is checked by itself.
        if !header.open {
            check_unique(path, &header.names)?;
            if let Some(column) = header.names.iter().position(String::is_empty) {
                return Err(ReadError::UnnamedColumn { path: path.to_owned(), column: column + 1 });
            }
        }
        let RecordOptions { group, one_group, item } = options;
        let wanted = Wanted { group: group.as_deref(), one_group: *one_group, item: item.as_deref() };
        let columns = GroupColumns::find(path, header, wanted, first)?;
        let keys = header.names.iter().map(|name| quoted(name) + ":").collect();
        Ok(Self { columns, names: header.names.clone(), keys, late: columns.late() })
    }

    /// The name that stands in a column, if it is one.
    fn name<'t>(&self, column: usize, text: &'t str, what: &'static str) -> Result<&'t str, Fault> {
        if text.trim().is_empty() {
            return Err(Fault::Unnamed { column: self.names[column].clone(), what });
        }
        Ok(text)
    }

    fn name_in<'v>(
        &self,
        column: usize,
        object: &[(String, &'v RawValue)],
        what: &'static str,
    ) -> Result<Cow<'v, str>, Fault> {
        let key = &self.names[column];
        let found = object.iter().find(|(other, _)| other == key);
        let value = found.map(|&(_, value)| value).ok_or_else(|| Fault::MissingKey { column: key.clone() })?;
        if value.get().starts_with(['{', '[']) {
            return Err(Fault::Nested { column: key.clone(), value: shown(value.get().as_bytes()) });
        }
        let text = text_of(value);
        self.name(column, &text, what)?;
        Ok(text)
    }
}

/// The text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Appends valid JSON without the white space between its parts, and with each string written in the one
/// way of [`quoted`]: what is equal is then equal as text. Numbers stay as they are.
fn push_compact(out: &mut String, json: &str) {
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        out.extend(rest[..start].split_ascii_whitespace());
        rest = &rest[start..];
        let end = string_end(rest);
        match rest[..end].contains('\\').then(|| serde_json::from_str::<String>(&rest[..end])) {
            Some(Ok(text)) => *out += &quoted(&text),
            // Half a surrogate pair is no text, and stands as it is.
            Some(Err(_)) | None => *out += &rest[..end],
        }
        rest = &rest[end..];
    }
    out.extend(rest.split_ascii_whitespace());
}

/// The end of the JSON string with which the text begins.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let quote = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = !escaped && byte == b'\\';
        is_end
    });
    quote.map_or(text.len(), |place| place + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<RecordReading, ReadError> {
        read_records_bytes(name, text.as_bytes(), &RecordOptions::default())
    }

    fn read_as_one_group(name: &str, text: &str) -> Result<RecordReading, ReadError> {
        let options = RecordOptions { one_group: true, ..RecordOptions::default() };
        read_records_bytes(name, text.as_bytes(), &options)
    }

    /// Group, item and JSON of each record.
    fn rows(name: &str, text: &str) -> Vec<[String; 3]> {
        rows_of(&read(name, text).unwrap().records)
    }

    fn rows_of(records: &Records) -> Vec<[String; 3]> {
        let row =
            |row: &Record| [records.groups.name(ItemId(row.group)).to_owned(), row.item.clone(), row.json.to_string()];
        records.rows.iter().map(row).collect()
    }

    #[test]
    fn fields_of_a_csv_file_are_strings() {
        let found = rows("x.csv", "uid,item,text,n\n7,a,\"say \"\"x\"\"\n\",1.50\n7,b,é,\n");
        assert_eq!(found[0], ["7", "a", r#"{"uid":"7","item":"a","text":"say \"x\"\n","n":"1.50"}"#]);
        assert_eq!(found[1], ["7", "b", r#"{"uid":"7","item":"b","text":"é","n":""}"#]);
    }

    #[test]
    fn objects_keep_their_numbers_and_lose_white_space() {
        let text = "{ \"item\" : 1.50, \"t\": [ 1e5 , {\"a b\": \" \\\" x\"} ],\"u\":null}\n";
        let found = rows_of(&read_as_one_group("x.jsonl", text).unwrap().records);
        assert_eq!(found, [["all", "1.50", r#"{"item":1.50,"t":[1e5,{"a b":" \" x"}],"u":null}"#]]);
    }

    #[test]
    fn strings_are_written_in_one_way() {
        let text = r#"{"\u0061": "\u00e9\/\"\\", "b":["\ud83d\ude00", {"\t":"\ud800 x"} , 1.0]}"#;
        let found = rows_of(&read_as_one_group("x.jsonl", text).unwrap().records);
        assert_eq!(found, [["all", "0", r#"{"a":"é/\"\\","b":["😀",{"\t":"\ud800 x"},1.0]}"#]]);
    }

    #[test]
    fn items_without_a_name_are_called_by_their_index() {
        let found = rows("x.csv", "text,group\nx,g\ny,h\nz,g\n");
        let names: Vec<[&str; 2]> = found.iter().map(|[group, item, _]| [group.as_str(), item.as_str()]).collect();
        assert_eq!(names, [["g", "0"], ["h", "0"], ["g", "1"]]);
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        let error = |name, text| read(name, text).unwrap_err().to_string();
        assert_eq!(
            error("x.csv", "group,item\ng,a\nh,a\ng,a\n"),
            "x.csv, line 4: \"a\" has a row in group \"g\" already, in line 2; keep one of them"
        );
        assert_eq!(
            error("x.jsonl", "{\"uid\":1}\n\n{\"uid\":1,\"item\":2}\n"),
            "x.jsonl, line 3: the object has `item`, which the first object has not; give it to all objects, or to none"
        );
        assert_eq!(
            error("x.jsonl", "{\"uid\":0,\"a\":1,\"a\":2}"),
            "x.jsonl, line 1: the object has `a` twice; keep one of them"
        );
        assert_eq!(error("x.csv", "group,x\n,1\n"), "x.csv, line 2: column `group` is empty; give the group's name");
        assert_eq!(error("x.csv", "group,x\n"), "no row in x.csv; give at least one below the header");
        assert!(error("x.jsonl", "{\"uid\":0,\"item\":[1]}").contains("which is neither a string nor a number"));
    }

    #[test]
    fn rows_are_one_group_only_where_that_is_said() {
        let error = read("x.csv", "prompt,text\np,a\n").unwrap_err().to_string();
        assert_eq!(
            error,
            "x.csv has no column for the group (group, group_id, uid); its columns are `prompt`, `text`; name the \
             right one with --group COLUMN, or give --one-group if all rows belong to one group"
        );
        let found = rows_of(&read_as_one_group("x.csv", "group,text\ng,a\nh,b\n").unwrap().records);
        let names: Vec<[&str; 2]> = found.iter().map(|[group, item, _]| [group.as_str(), item.as_str()]).collect();
        assert_eq!(names, [["all", "0"], ["all", "1"]]);
    }
}
