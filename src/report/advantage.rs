//! Advantages of samples as JSON, CSV, JSON lines and Markdown.
//!
//! There may be millions of rows, so they are written by all threads, a few thousand rows a piece, and
//! the pieces come in order.

use std::io::{self, Write};

use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::leaderboard::{escaped, lines, rounded};
use crate::data::samples::{ItemNames, SampleTable};
use crate::data::{ItemId, Items};

/// Samples of groups with their advantages, as a struct of arrays in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdvantageTable {
    /// The groups.
    pub groups: Items,
    /// The group of each sample, as an index into `groups`.
    pub group_ids: Vec<u32>,
    /// The name of each sample.
    pub items: ItemNames,
    /// What each sample won and lost; empty where samples did not meet.
    pub results: Vec<Results>,
    /// The reward of each sample; NaN where it is unknown, which masks the sample.
    pub rewards: Vec<f64>,
    /// The rank of each sample in its group, 1 for the best; NaN where it is unknown.
    pub ranks: Vec<f64>,
    /// The advantage of each sample; NaN where there is none.
    pub advantages: Vec<f64>,
}

/// Comparisons of a sample by how they ended, each as often as it counts: its weight. Of an outcome that is
/// a share, each side has its part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Results {
    /// Comparisons won.
    pub wins: f64,
    /// Comparisons lost.
    pub losses: f64,
    /// Comparisons that neither won.
    pub ties: f64,
}

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AdvantageRow<'a> {
    /// The name of its group.
    pub group: &'a str,
    /// Its name.
    pub item: &'a str,
    /// What it won and lost, where samples met.
    #[serde(flatten)]
    pub results: Option<Results>,
    /// Its reward, if it is known.
    pub reward: Option<f64>,
    /// Its rank in the group, if it is known.
    pub rank: Option<f64>,
    /// Its advantage, if it has one.
    pub advantage: Option<f64>,
    /// Whether its reward is unknown, so that it counts nowhere.
    pub masked: bool,
}

/// Rows of one piece.
const PIECE: usize = 1 << 13;
/// Pieces that are in memory at a time.
const WAVE: usize = 16;

impl AdvantageTable {
    /// Samples that did not meet, with one reward, rank and advantage each.
    pub fn of_samples(samples: SampleTable, rewards: Vec<f64>, ranks: Vec<f64>, advantages: Vec<f64>) -> Self {
        let SampleTable { groups, group_ids, items, .. } = samples;
        Self { groups, group_ids, items, results: Vec::new(), rewards, ranks, advantages }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.group_ids.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.group_ids.is_empty()
    }

    /// The sample at `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such sample, or a column has no entry for it.
    pub fn row(&self, index: usize) -> AdvantageRow<'_> {
        let known = |value: f64| Some(value).filter(|value| value.is_finite());
        let reward = known(self.rewards[index]);
        AdvantageRow {
            group: self.groups.name(ItemId(self.group_ids[index])),
            item: self.items.get(index),
            results: self.results.get(index).copied(),
            reward,
            rank: known(self.ranks[index]),
            advantage: known(self.advantages[index]),
            masked: reward.is_none(),
        }
    }

    /// All samples in their order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = AdvantageRow<'_>> {
        (0..self.len()).map(|index| self.row(index))
    }

    /// Writes all rows as CSV with a header, numbers in full; what is not known is empty.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let results = if self.results.is_empty() { "" } else { "wins,losses,ties," };
        writeln!(out, "group,item,{results}reward,rank,advantage,masked")?;
        self.write_pieces(out, |rows| {
            let mut bytes = Vec::with_capacity(rows.len() * 64);
            let mut numbers = zmij::Buffer::new();
            for row in rows.map(|index| self.row(index)) {
                push_csv(&mut bytes, &mut numbers, &row);
            }
            Ok(bytes)
        })
    }

    /// Writes all rows as JSON objects, one a line, with the keys of the JSON report's `items`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_jsonl(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_pieces(out, |rows| Ok(lines(rows.map(|index| self.row(index)))?))
    }

    /// Writes the rows as a Markdown table, numbers rounded for reading.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        let met = !self.results.is_empty();
        writeln!(
            out,
            "| group | item |{} reward | rank | advantage |",
            if met { " wins | losses | ties |" } else { "" }
        )?;
        writeln!(out, "|:--|:--|{}--:|--:|--:|", if met { "--:|--:|--:|" } else { "" })?;
        // What rounds to zero has no sign.
        let plain = |value: f64| rounded(if value.abs() < 5e-5 { 0.0 } else { value });
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), plain);
        for row in self.rows() {
            let met = |it: Results| format!(" {} | {} | {} |", it.wins, it.losses, it.ties);
            writeln!(
                out,
                "| {} | {} |{} {} | {} | {} |",
                escaped(row.group),
                escaped(row.item),
                row.results.map_or_else(String::new, met),
                number(row.reward),
                row.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string()),
                number(row.advantage),
            )?;
        }
        Ok(())
    }

    fn write_pieces(
        &self,
        out: &mut dyn Write,
        piece: impl Fn(std::ops::Range<usize>) -> io::Result<Vec<u8>> + Sync,
    ) -> io::Result<()> {
        for wave in (0..self.len()).step_by(PIECE * WAVE) {
            let starts = (wave..self.len().min(wave + PIECE * WAVE)).into_par_iter().step_by(PIECE);
            let pieces: Vec<_> = starts.map(|start| piece(start..self.len().min(start + PIECE))).collect();
            for bytes in pieces {
                out.write_all(&bytes?)?;
            }
        }
        Ok(())
    }
}

/// The report's `items`.
impl Serialize for AdvantageTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Items<'a> {
            items: Rows<'a>,
        }
        struct Rows<'a>(&'a AdvantageTable);
        impl Serialize for Rows<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.rows())
            }
        }
        Items { items: Rows(self) }.serialize(serializer)
    }
}

fn push_csv(bytes: &mut Vec<u8>, numbers: &mut zmij::Buffer, row: &AdvantageRow<'_>) {
    push_field(bytes, row.group);
    bytes.push(b',');
    push_field(bytes, row.item);
    for result in row.results.into_iter().flat_map(|results| [results.wins, results.losses, results.ties]) {
        push_number(bytes, numbers, Some(result));
    }
    for number in [row.reward, row.rank, row.advantage] {
        push_number(bytes, numbers, number);
    }
    bytes.extend_from_slice(if row.masked { b",true\n" } else { b",false\n" });
}

/// A text, in quotes where it needs them.
fn push_field(bytes: &mut Vec<u8>, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        bytes.extend_from_slice(text.as_bytes());
        return;
    }
    bytes.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

/// A comma and the shortest text that is this number, whole ones without a point.
fn push_number(bytes: &mut Vec<u8>, numbers: &mut zmij::Buffer, number: Option<f64>) {
    bytes.push(b',');
    if let Some(number) = number {
        let text = numbers.format_finite(number);
        bytes.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> AdvantageTable {
        AdvantageTable {
            groups: ["g,1", "h"].into_iter().collect(),
            group_ids: vec![0, 1, 0],
            items: ["a", "say \"b\"", ""].into_iter().collect(),
            results: Vec::new(),
            rewards: vec![1.0, f64::NAN, -1.5e-7],
            ranks: vec![1.0, f64::NAN, 2.5],
            advantages: vec![0.1, f64::NAN, -0.0],
        }
    }

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn csv_has_empty_fields_for_what_is_unknown() {
        let expected = "group,item,reward,rank,advantage,masked\n\"g,1\",a,1,1,0.1,false\nh,\"say \"\"b\"\"\",,,,true\n\
                        \"g,1\",,-1.5e-7,2.5,-0,false\n";
        assert_eq!(written(|out| table().write_csv(out)), expected);
    }

    #[test]
    fn jsonl_has_null_for_what_is_unknown() {
        let text = written(|out| table().write_jsonl(out));
        assert_eq!(
            text.lines().nth(1).unwrap(),
            r#"{"group":"h","item":"say \"b\"","reward":null,"rank":null,"advantage":null,"masked":true}"#
        );
        let results = Results { wins: 1.0, losses: 0.5, ties: 2.0 };
        let met = AdvantageTable { results: vec![results; 3], ..table() };
        let text = written(|out| met.write_jsonl(out));
        assert!(text.starts_with(r#"{"group":"g,1","item":"a","wins":1.0,"losses":0.5,"ties":2.0,"reward":1.0,"#));
    }

    #[test]
    fn markdown_has_no_zero_with_a_sign() {
        let text = written(|out| table().write_markdown(out));
        assert_eq!(text.lines().last().unwrap(), "| g,1 |  | 0.0000 | 2.5 | 0.0000 |");
    }

    #[test]
    fn many_rows_come_in_order() {
        let count = PIECE * WAVE + 2 * PIECE + 7;
        let numbers: Vec<f64> = (0..count).map(|row| row as f64 + 0.1).collect();
        let table = AdvantageTable {
            groups: ["g"].into_iter().collect(),
            group_ids: vec![0; count],
            items: (0..count).map(|row| row.to_string()).collect(),
            results: Vec::new(),
            rewards: numbers.clone(),
            ranks: numbers.clone(),
            advantages: numbers,
        };
        let text = written(|out| table.write_csv(out));
        let expected = (0..count).map(|row| format!("g,{row},{row}.1,{row}.1,{row}.1,false"));
        assert!(text.lines().skip(1).eq(expected));
    }
}
