//! Rankings in CSV, TSV or JSON lines: one ballot a row, or one row a place.

use ::csv::ByteRecord;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::super::ItemId;
use super::super::super::profile::Profile;
use super::super::columns::{check_unique, missing, usual};
use super::super::error::{Fault, ReadError, shown};
use super::super::fields::{ScoreField, number, score};
use super::super::jsonl::text_of;
use super::BallotColumns;

const RANKING: &[&str] = &["ranking", "order"];
const COUNT: &[&str] = &["count", "votes", "weight"];
const VOTER: &[&str] = &["ballot", "voter", "voter_id", "judge"];
const ITEM: &[&str] = &["item", "model", "candidate", "alternative", "name"];
const RANK: &[&str] = &["rank", "position", "place"];

/// Which columns are read, as indices into the header.
#[derive(Debug)]
pub(super) enum Layout {
    /// One ballot a row.
    Rankings { ranking: usize, count: Option<usize> },
    /// One row a place.
    Places { voter: usize, item: usize, rank: usize, count: Option<usize> },
}

impl Layout {
    pub(super) fn find(path: &str, names: &[String], wanted: &BallotColumns) -> Result<Self, ReadError> {
        check_unique(path, names)?;
        let find = |asked: Option<&str>, known: &[&str], option: &str| match asked {
            None => Ok(usual(names, known)),
            Some(name) => {
                let absent = || missing(path, names, format!("{option} {name}"), option);
                names.iter().position(|column| column == name).map(Some).ok_or_else(absent)
            }
        };
        let count = find(wanted.count.as_deref(), COUNT, "--count")?;
        let counts: Vec<&String> =
            names.iter().filter(|name| COUNT.iter().any(|known| name.eq_ignore_ascii_case(known))).collect();
        if wanted.count.is_none() && counts.len() > 1 {
            let (path, columns) = (path.to_owned(), counts.into_iter().cloned().collect::<Vec<_>>().join(", "));
            return Err(ReadError::SeveralCounts { path, columns });
        }
        let places = [&wanted.voter, &wanted.item, &wanted.rank].into_iter().any(Option::is_some);
        let ranking = find(wanted.ranking.as_deref(), RANKING, "--ranking")?.filter(|_| !places);
        if let Some(ranking) = ranking {
            return Ok(Self::Rankings { ranking, count });
        }
        let needed = |asked: &Option<String>, known: &[&str], option: &str| {
            let what =
                format!("the ranking ({}), nor for the {} ({})", RANKING.join(", "), &option[2..], known.join(", "));
            find(asked.as_deref(), known, option)?
                .ok_or_else(|| missing(path, names, what, &format!("--ranking or {option}")))
        };
        Ok(Self::Places {
            voter: needed(&wanted.voter, VOTER, "--voter")?,
            item: needed(&wanted.item, ITEM, "--item")?,
            rank: needed(&wanted.rank, RANK, "--rank")?,
            count,
        })
    }
}

/// One file while it is read.
pub(super) struct Sheet<'a> {
    profile: &'a mut Profile,
    layout: &'a Layout,
    names: &'a [String],
    /// The places of each voter, of a file with one row a place.
    voters: IndexMap<String, Voter>,
    rows: u64,
}

struct Voter {
    places: Vec<Place>,
    count: f64,
    /// The line of the last row, counted from 0.
    line: u64,
}

struct Place {
    rank: f64,
    item: ItemId,
    line: u64,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(profile: &'a mut Profile, layout: &'a Layout, names: &'a [String]) -> Self {
        let (Layout::Rankings { count, .. } | Layout::Places { count, .. }) = *layout;
        if count.is_some_and(|column| names[column].eq_ignore_ascii_case("weight")) {
            profile.take_counts_as_weights();
        }
        Self { profile, layout, names, voters: IndexMap::new(), rows: 0 }
    }

    /// Adds a row of a CSV file.
    pub(super) fn add_record(&mut self, line: u64, record: &ByteRecord) -> Result<(), Fault> {
        let text = |column: usize| {
            let valid = std::str::from_utf8(&record[column]);
            valid.map_err(|_| Fault::Encoding { column: self.names[column].clone(), value: shown(&record[column]) })
        };
        self.rows += 1;
        let (Layout::Rankings { count, .. } | Layout::Places { count, .. }) = self.layout;
        let count = count.map_or(Ok(1.0), |column| self.count(column, text(column)?))?;
        match *self.layout {
            Layout::Rankings { ranking, .. } => {
                let groups = of_text(text(ranking)?);
                self.add_ballot(ranking, &groups, count)
            }
            Layout::Places { voter, item, rank, .. } => {
                let (voter, item, place) = (text(voter)?.to_owned(), text(item)?.to_owned(), text(rank)?.to_owned());
                self.add_place(line, voter, &item, &place, count)
            }
        }
    }

    /// Adds an object of JSON lines.
    pub(super) fn add_object(&mut self, line: u64, object: &[(String, &RawValue)]) -> Result<(), Fault> {
        let value = |column: usize| {
            let name = &self.names[column];
            let found = object.iter().find(|(key, _)| key == name);
            found.map(|&(_, value)| value).ok_or_else(|| Fault::MissingKey { column: name.clone() })
        };
        self.rows += 1;
        let (Layout::Rankings { count, .. } | Layout::Places { count, .. }) = self.layout;
        let count = count.map_or(Ok(1.0), |column| self.count(column, &text_of(value(column)?)))?;
        match *self.layout {
            Layout::Rankings { ranking, .. } => {
                let raw = value(ranking)?;
                let nested =
                    || Fault::Ranking { column: self.names[ranking].clone(), value: shown(raw.get().as_bytes()) };
                let groups =
                    if raw.get().starts_with('[') { of_list(raw).ok_or_else(nested)? } else { of_text(&text_of(raw)) };
                self.add_ballot(ranking, &groups, count)
            }
            Layout::Places { voter, item, rank, .. } => {
                let [voter, item, rank] = [voter, item, rank].map(value);
                let (voter, item, rank) = (text_of(voter?), text_of(item?), text_of(rank?));
                self.add_place(line, voter.into_owned(), &item, &rank, count)
            }
        }
    }

    fn count(&self, column: usize, text: &str) -> Result<f64, Fault> {
        let found = number(text.as_bytes()).filter(|count| *count >= 0.0);
        found.ok_or_else(|| Fault::Amount {
            column: self.names[column].clone(),
            what: "count",
            value: shown(text.as_bytes()),
        })
    }

    fn add_ballot(&mut self, column: usize, groups: &[Vec<String>], count: f64) -> Result<(), Fault> {
        if groups.iter().flatten().any(|name| name.trim().is_empty()) {
            return Err(Fault::EmptyPlace { column: self.names[column].clone() });
        }
        let mut items = |group: &Vec<String>| group.iter().map(|name| self.profile.intern(name)).collect();
        let groups: Vec<Vec<ItemId>> = groups.iter().map(&mut items).collect();
        Ok(self.profile.push(&groups, count)?)
    }

    fn add_place(&mut self, line: u64, voter: String, item: &str, place: &str, count: f64) -> Result<(), Fault> {
        let Layout::Places { item: column, rank, .. } = *self.layout else { return Ok(()) };
        if item.trim().is_empty() {
            return Err(Fault::EmptyName { column: self.names[column].clone() });
        }
        let item = self.profile.intern(item.trim());
        #[expect(clippy::float_cmp, reason = "one number, written again")]
        let other = self.voters.get(&voter).map(|ballot| ballot.count).filter(|earlier| *earlier != count);
        if let Some(earlier) = other {
            return Err(Fault::OtherCount { voter, count: count.to_string(), earlier: earlier.to_string() });
        }
        let ballot = self.voters.entry(voter).or_insert_with(|| Voter { places: Vec::new(), count, line });
        ballot.line = line;
        match score(place.as_bytes()) {
            ScoreField::Missing => Ok(()),
            ScoreField::Finite(rank) => {
                ballot.places.push(Place { rank, item, line });
                Ok(())
            }
            ScoreField::Infinite | ScoreField::Other => {
                Err(Fault::NotANumber { column: self.names[rank].clone(), value: shown(place.as_bytes()) })
            }
        }
    }

    /// Adds the ballots of a file with one row a place, and says how many rows there were.
    pub(super) fn finish(mut self) -> Result<u64, (u64, Fault)> {
        for (_, mut voter) in std::mem::take(&mut self.voters) {
            if let Some(again) = voter.ranked_again() {
                let item = self.profile.items().name(again.item).to_owned();
                return Err((again.line, super::BallotError::RankedTwice { item }.into()));
            }
            voter.places.sort_by(|a, b| a.rank.total_cmp(&b.rank).then(a.line.cmp(&b.line)));
            #[expect(clippy::float_cmp, reason = "equal ranks are ties")]
            let groups = voter.places.chunk_by(|a, b| a.rank == b.rank);
            let groups: Vec<Vec<ItemId>> = groups.map(|group| group.iter().map(|it| it.item).collect()).collect();
            self.profile.push(&groups, voter.count).map_err(|error| (voter.line, error.into()))?;
        }
        Ok(self.rows)
    }
}

impl Voter {
    /// The first place of an item that has one already. O(places log places).
    fn ranked_again(&mut self) -> Option<&Place> {
        self.places.sort_by_key(|place| (place.item, place.line));
        self.places.windows(2).filter(|pair| pair[0].item == pair[1].item).map(|pair| &pair[1]).min_by_key(|it| it.line)
    }
}

/// The names of `a > b = c > d`, with tied ones together; nothing of an empty text.
fn of_text(text: &str) -> Vec<Vec<String>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    text.split('>').map(|group| group.split('=').map(|name| name.trim().to_owned()).collect()).collect()
}

/// The names of `["a", ["b", "c"], "d"]`; `None` where it is not written so.
fn of_list(value: &RawValue) -> Option<Vec<Vec<String>>> {
    fn name(value: &Value) -> Option<String> {
        match value {
            Value::String(name) => Some(name.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
    let places: Vec<Value> = serde_json::from_str(value.get()).ok()?;
    let group = |place: &Value| match place {
        Value::Array(tied) => tied.iter().map(name).collect(),
        single => name(single).map(|name| vec![name]),
    };
    places.iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{BallotColumns, read_ballots_bytes};
    use super::*;

    fn read(name: &str, text: &str) -> Result<Profile, ReadError> {
        read_ballots_bytes(name, text.as_bytes(), &BallotColumns::default()).map(|reading| reading.profile)
    }

    fn refused(name: &str, text: &str) -> String {
        read(name, text).expect_err("an error").to_string()
    }

    /// Two voters with a > b = c, and one with c alone.
    fn expected() -> Profile {
        let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
        let [a, b, c] = [0, 1, 2].map(ItemId);
        profile.push(&[vec![a], vec![b, c]], 2.0).unwrap();
        profile.push(&[[c]], 1.0).unwrap();
        profile
    }

    #[test]
    fn a_ballot_is_written_in_four_ways() {
        for (name, text) in [
            ("x.csv", "ranking,count\na > b=c,2\nc,1\n"),
            ("x.jsonl", "{\"ranking\":[\"a\",[\"b\",\"c\"]],\"count\":2}\n{\"ranking\":\"c\",\"count\":1}\n"),
            ("x.csv", "voter,item,rank,count\n1,a,1,2\n1,b,2,2\n2,c,1,1\n1,c,2,2\n2,a,,1\n"),
            ("x.tsv", "item\trank\tballot\tvotes\na\t10\tone\t2\nb\t20\tone\t2\nc\t20\tone\t2\nc\t1\ttwo\t1\n"),
        ] {
            let (found, expected) = (read(name, text).unwrap(), expected());
            assert_eq!(found.items().len(), 3, "{text}");
            assert_eq!(found.graph().sums(), expected.graph().sums(), "{text}");
            assert_eq!((found.len(), found.voters()), (2, 3.0), "{text}");
        }
    }

    #[test]
    fn a_bad_row_is_named() {
        assert!(refused("x.csv", "ranking\na>b\na>b>a\n").starts_with("x.csv, line 3: \"a\" is ranked twice"));
        assert!(refused("x.csv", "ranking\na>>b\n").contains("line 2: a place in column `ranking` is empty"));
        assert!(refused("x.csv", "ranking,count\na>b,few\n").contains("line 2: column `count` holds \"few\""));
        assert!(
            refused("x.csv", "voter,item,rank\n1,a,first\n").contains("`rank` holds \"first\", which is not a number")
        );
        assert!(refused("x.csv", "voter,item,rank\n1,a,1\n1,a,2\n").contains("line 3: \"a\" is ranked twice"));
        assert!(refused("x.jsonl", "{\"ranking\":[{}]}\n").contains("line 1: `ranking` holds [{}]"));
        assert!(
            refused("x.csv", "item,rank\na,1\n")
                .contains("no column for the ranking (ranking, order), nor for the voter")
        );
    }

    #[test]
    fn all_rows_of_a_ballot_have_one_count() {
        let message = refused("x.csv", "voter,item,rank,count\nv,a,1,2\nw,a,1,1\nv,b,2,3\n");
        assert_eq!(
            message,
            "x.csv, line 4: the ballot of \"v\" counts 3 here and 2 in an earlier row; give all its rows one count"
        );
        // A row without a rank is one of them too.
        assert!(refused("x.csv", "voter,item,rank,count\nv,a,1,2\nv,b,,3\n").contains("counts 3 here"));
    }

    #[test]
    fn a_weight_is_no_number_of_voters() {
        assert!(read("x.csv", "ranking,weight\na>b,1000\n").unwrap().is_weighted());
        assert!(read("x.csv", "ranking,count\na>b,0.5\n").unwrap().is_weighted());
        assert!(!read("x.csv", "ranking,count\na>b,1000\n").unwrap().is_weighted());
    }

    #[test]
    fn names_are_trimmed_alike_and_signs_are_kept_in_lists() {
        let texts = [
            ("x.csv", "ranking\n a > b \n"),
            ("x.jsonl", "{\"ranking\":[\" a \",\"b \"]}\n"),
            ("x.csv", "voter,item,rank\n1, a ,1\n1,b ,2\n"),
        ];
        for (name, text) in texts {
            assert_eq!(read(name, text).unwrap().items().iter().collect::<Vec<_>>(), ["a", "b"], "{text}");
        }
        let signs = read("x.jsonl", "{\"ranking\":[\"a>b\",\"c=d\"]}\n").unwrap();
        assert_eq!(signs.items().iter().collect::<Vec<_>>(), ["a>b", "c=d"]);
    }

    #[test]
    fn an_empty_profile_and_a_single_item_are_refused() {
        assert!(refused("x.csv", "ranking\n").contains("no ballot in x.csv"));
        assert!(refused("x.csv", "ranking\na\n").contains("two or more"));
    }
}
