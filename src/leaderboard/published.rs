//! Boards that were made before, by palio or by others: JSON, or CSV in the columns of the public leaderboards.

use std::collections::HashSet;
use std::fmt;

use csv::StringRecord;
use serde_json::Value;
use thiserror::Error;

use super::ELO_PER_LOG_ODDS;

/// A board of an earlier week.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublishedBoard {
    /// What it is of: a category, a value of a column or a name; `None` if the file has one board without a name.
    pub name: Option<String>,
    /// Its items, in the order of the file.
    pub items: Vec<PublishedItem>,
    /// Items on it that its data did not identify, so that they have no rating.
    pub unrated: Vec<String>,
    /// What its ratings are in; `None` where the file does not say, as CSV does not.
    pub units: Option<PublishedUnits>,
    /// The method that made it, if the file says so.
    pub method: Option<String>,
}

/// What the ratings of a board are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedUnits {
    /// Elo points: a lead of 400 is odds of 10 to 1.
    Elo,
    /// Natural log-odds.
    LogOdds,
    /// Expected shares against this item, or against the mean item.
    WinRate(Option<String>),
    /// The units of this method.
    Own(String),
}

impl fmt::Display for PublishedUnits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elo => formatter.write_str("Elo points"),
            Self::LogOdds => formatter.write_str("log-odds"),
            Self::WinRate(None) => formatter.write_str("win rates against the mean item"),
            Self::WinRate(Some(item)) => write!(formatter, "win rates against {item:?}"),
            Self::Own(method) => write!(formatter, "units of {method}"),
        }
    }
}

impl PublishedUnits {
    /// What a number in these units is multiplied with to be in others; `None` where that depends on more.
    fn factor_to(&self, other: &Self) -> Option<f64> {
        match (self, other) {
            (one, other) if one == other => Some(1.0),
            (Self::Elo, Self::LogOdds) => Some(ELO_PER_LOG_ODDS.recip()),
            (Self::LogOdds, Self::Elo) => Some(ELO_PER_LOG_ODDS),
            _ => None,
        }
    }
}

impl PublishedBoard {
    /// The board in other units, which a board that does not say its units is taken to be in. `None` where there is
    /// no way from one to the other. O(items).
    pub fn in_units(&self, wanted: &PublishedUnits) -> Option<Self> {
        let factor = self.units.as_ref().map_or(Some(1.0), |units| units.factor_to(wanted))?;
        let scaled = |item: &PublishedItem| PublishedItem {
            item: item.item.clone(),
            rating: factor * item.rating,
            std_error: item.std_error.map(|error| factor * error),
            interval: item.interval.map(|ends| ends.map(|end| factor * end)),
        };
        let items = self.items.iter().map(scaled).collect();
        Some(Self { items, units: Some(wanted.clone()), ..self.clone() })
    }
}

/// An item of an earlier board.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedItem {
    /// Its name.
    pub item: String,
    /// Its rating, in the units of its board.
    pub rating: f64,
    /// The standard error of the rating, if the board says it.
    pub std_error: Option<f64>,
    /// The ends of its interval, if the board has one.
    pub interval: Option<[f64; 2]>,
}

/// Why a file is no board.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PublishedError {
    /// JSON that is none, or has no board.
    #[error("{path} is no board: {reason}; give the JSON of palio rank, or CSV with columns {NAMES:?} and {RATINGS:?}")]
    NoBoard {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A column that a board needs.
    #[error("{path} has no column for the {what} ({wanted}); its columns are {found}")]
    MissingColumn {
        /// The file.
        path: String,
        /// What the column is for.
        what: &'static str,
        /// The names looked for.
        wanted: String,
        /// The columns that are there.
        found: String,
    },
    /// A rating that is none.
    #[error("{path}, line {line}: column `{column}` holds {value:?}, which is not a finite number")]
    NotANumber {
        /// The file.
        path: String,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What it holds.
        value: String,
    },
    /// A standard error or a variance below 0.
    #[error("{path}, line {line}: column `{column}` holds {value}, and an error is not below 0")]
    Negative {
        /// The file.
        path: String,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What it holds.
        value: String,
    },
    /// An interval whose ends are the wrong way round.
    #[error("{path}, line {line}: the interval from {low} to {high} ends before it begins")]
    EmptyInterval {
        /// The file.
        path: String,
        /// The line.
        line: u64,
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// A date that is none.
    #[error("{path}, line {line}: column `{column}` holds {value:?}, which is no date like 2024-03-29")]
    NoDate {
        /// The file.
        path: String,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What it holds.
        value: String,
    },
    /// An item twice on one board.
    #[error("{path} has {item:?} twice on one board; keep one of them")]
    Twice {
        /// The file.
        path: String,
        /// The item.
        item: String,
    },
    /// A board without items.
    #[error("{path} has no item with a rating")]
    Empty {
        /// The file.
        path: String,
    },
}

/// What columns of boards are called. An index that a data frame wrote has no name.
const NAMES: &[&str] = &["item", "model_name", "model", "name", "key", ""];
const RATINGS: &[&str] = &["rating", "elo", "score"];
const ERRORS: &[&str] = &["std_error"];
const VARIANCES: &[&str] = &["variance"];
const LOWS: &[&str] = &["low", "rating_lower", "rating_q025"];
const HIGHS: &[&str] = &["high", "rating_upper", "rating_q975"];
const CATEGORIES: &[&str] = &["board", "by", "category"];
const DATES: &[&str] = &["leaderboard_publish_date"];

/// Reads the boards of a file from its bytes: JSON of `palio rank`, or CSV. Of several dates of publication the
/// latest counts. O(bytes).
pub fn read_boards(path: &str, bytes: &[u8]) -> Result<Vec<PublishedBoard>, PublishedError> {
    let text = std::str::from_utf8(bytes).map_err(|_| no_board(path, "it is not valid UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    let is_json = text.trim_start().starts_with('{');
    let boards = if is_json { from_json(path, text) } else { from_csv(path, text) }?;
    for board in &boards {
        let mut seen = HashSet::new();
        if let Some(twice) = board.items.iter().find(|item| !seen.insert(item.item.as_str())) {
            return Err(PublishedError::Twice { path: path.to_owned(), item: twice.item.clone() });
        }
    }
    if boards.iter().all(|board| board.items.is_empty()) {
        return Err(PublishedError::Empty { path: path.to_owned() });
    }
    Ok(boards)
}

fn no_board(path: &str, reason: impl Into<String>) -> PublishedError {
    PublishedError::NoBoard { path: path.to_owned(), reason: reason.into() }
}

fn from_json(path: &str, text: &str) -> Result<Vec<PublishedBoard>, PublishedError> {
    let report: Value = serde_json::from_str(text).map_err(|error| no_board(path, error.to_string()))?;
    if let Some(command) = report["command"].as_str().filter(|command| *command != "rank") {
        return Err(no_board(path, format!("it is a result of palio {command}")));
    }
    let boards = match report["boards"].as_array() {
        Some(boards) => boards.iter().collect(),
        None => vec![&report],
    };
    let (method, units) = (report["settings"]["method"].as_str(), units_of_json(path, &report["settings"])?);
    let board = |board: &Value| {
        let items = board["items"].as_array().ok_or_else(|| no_board(path, "it has no `items`"))?;
        let name = [&board["board"], &board["by"]].into_iter().find_map(Value::as_str).map(str::to_owned);
        let rated: Vec<PublishedItem> = items.iter().filter_map(item_of_json).collect();
        let names = items.iter().filter_map(|item| item["item"].as_str());
        let known: HashSet<&str> = rated.iter().map(|item| item.item.as_str()).collect();
        let unrated = names.filter(|name| !known.contains(name)).map(str::to_owned).collect();
        Ok(PublishedBoard { name, unrated, units: units.clone(), method: method.map(str::to_owned), items: rated })
    };
    boards.into_iter().map(board).collect()
}

/// What a result of `palio rank` says that its ratings are in.
fn units_of_json(path: &str, settings: &Value) -> Result<Option<PublishedUnits>, PublishedError> {
    Ok(match (settings["scale"].as_str(), settings["method"].as_str()) {
        (Some("elo"), _) => Some(PublishedUnits::Elo),
        (Some("log-odds"), _) => Some(PublishedUnits::LogOdds),
        (Some("win-rate"), _) => Some(PublishedUnits::WinRate(settings["baseline"].as_str().map(str::to_owned))),
        (Some(scale), _) => return Err(no_board(path, format!("its scale `{scale}` is unknown"))),
        (None, Some(method)) => Some(PublishedUnits::Own(method.to_owned())),
        (None, None) => None,
    })
}

/// An item with a rating that its data identified.
fn item_of_json(item: &Value) -> Option<PublishedItem> {
    let number = |key: &str| item[key].as_f64();
    let rated = item["identified"].as_bool().unwrap_or(true);
    Some(PublishedItem {
        item: item["item"].as_str()?.to_owned(),
        rating: number("rating").filter(|_| rated)?,
        std_error: number("std_error"),
        interval: number("low").zip(number("high")).map(|(low, high)| [low, high]).filter(|[low, high]| low <= high),
    })
}

/// Where the columns of a CSV file are.
struct Table<'a> {
    path: &'a str,
    header: StringRecord,
}

impl Table<'_> {
    fn find(&self, names: &[&str]) -> Option<usize> {
        let named = |name: &&str| self.header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        names.iter().find_map(named)
    }

    fn required(&self, what: &'static str, names: &[&str]) -> Result<usize, PublishedError> {
        let shown = |names: &mut dyn Iterator<Item = &str>| names.map(|it| format!("`{it}`")).collect::<Vec<_>>();
        self.find(names).ok_or_else(|| PublishedError::MissingColumn {
            path: self.path.to_owned(),
            what,
            wanted: names.iter().filter(|name| !name.is_empty()).copied().collect::<Vec<_>>().join(", "),
            found: shown(&mut self.header.iter()).join(", "),
        })
    }

    /// The number in a column of a row, if there is one.
    fn number(&self, row: &StringRecord, column: Option<usize>) -> Result<Option<f64>, PublishedError> {
        let Some((column, text)) = column.and_then(|column| Some((column, row.get(column)?.trim()))) else {
            return Ok(None);
        };
        if text.is_empty() || text == "null" || text.eq_ignore_ascii_case("nan") {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| PublishedError::NotANumber {
            path: self.path.to_owned(),
            line: line(row),
            column: self.column(column),
            value: text.to_owned(),
        })
    }

    /// The same of a number that is not below 0.
    fn error(&self, row: &StringRecord, column: Option<usize>) -> Result<Option<f64>, PublishedError> {
        let found = self.number(row, column)?;
        match (found.filter(|value| *value < 0.0), column) {
            (Some(value), Some(column)) => Err(PublishedError::Negative {
                path: self.path.to_owned(),
                line: line(row),
                column: self.column(column),
                value: value.to_string(),
            }),
            _ => Ok(found),
        }
    }

    /// The day in a column of a row.
    fn date(&self, row: &StringRecord, column: usize) -> Result<jiff::civil::Date, PublishedError> {
        let text = row.get(column).unwrap_or_default().trim();
        date(text).ok_or_else(|| PublishedError::NoDate {
            path: self.path.to_owned(),
            line: line(row),
            column: self.column(column),
            value: text.to_owned(),
        })
    }

    fn column(&self, column: usize) -> String {
        self.header.get(column).unwrap_or_default().to_owned()
    }
}

/// The day of a text like `2024-03-29`, or of one with a time of that day behind it.
pub fn date(text: &str) -> Option<jiff::civil::Date> {
    /// Years, months and days apart, so that dates also stand in their order as texts.
    const LENGTH: usize = "2024-03-29".len();
    text.get(..LENGTH).filter(|day| day.as_bytes()[4] == b'-')?;
    text.parse().ok()
}

fn line(row: &StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}

fn from_csv(path: &str, text: &str) -> Result<Vec<PublishedBoard>, PublishedError> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') && !first.contains(',') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let bad = |error: csv::Error| no_board(path, error.to_string());
    let table = Table { path, header: reader.headers().map_err(bad)?.clone() };
    let (name, rating) = (table.required("items", NAMES)?, table.required("ratings", RATINGS)?);
    let (error, variance) = (table.find(ERRORS), table.find(VARIANCES));
    let (low, high) = (table.find(LOWS), table.find(HIGHS));
    let (category, date) = (table.find(CATEGORIES), table.find(DATES));
    let rows: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().map_err(bad)?;
    let field =
        |row: &StringRecord, column: Option<usize>| column.and_then(|column| row.get(column)).map(str::to_owned);
    let rows = match date {
        Some(date) => of_latest_day(&table, rows, date)?,
        None => rows,
    };
    let mut boards: Vec<PublishedBoard> = Vec::new();
    for row in &rows {
        let (board, item) = (field(row, category), field(row, Some(name)).unwrap_or_default());
        let place = boards.iter().position(|known| known.name == board).unwrap_or_else(|| {
            boards.push(PublishedBoard { name: board, ..PublishedBoard::default() });
            boards.len() - 1
        });
        let Some(rating) = table.number(row, Some(rating))? else {
            boards[place].unrated.push(item);
            continue;
        };
        let std_error = match table.error(row, error)? {
            Some(error) => Some(error),
            None => table.error(row, variance)?.map(f64::sqrt),
        };
        let interval = table.number(row, low)?.zip(table.number(row, high)?).map(|(low, high)| [low, high]);
        if let Some([low, high]) = interval.filter(|[low, high]| low > high) {
            return Err(PublishedError::EmptyInterval { path: path.to_owned(), line: line(row), low, high });
        }
        boards[place].items.push(PublishedItem { item, rating, std_error, interval });
    }
    Ok(boards)
}

/// The rows of the latest date of publication. A board that says it of some rows says it of all; one that leaves the
/// column empty has no dates.
fn of_latest_day(
    table: &Table<'_>,
    rows: Vec<StringRecord>,
    column: usize,
) -> Result<Vec<StringRecord>, PublishedError> {
    if rows.iter().all(|row| row.get(column).is_none_or(|text| text.trim().is_empty())) {
        return Ok(rows);
    }
    let days: Vec<jiff::civil::Date> = rows.iter().map(|row| table.date(row, column)).collect::<Result<_, _>>()?;
    let latest = days.iter().max().copied();
    Ok(rows.into_iter().zip(days).filter(|(_, day)| Some(*day) == latest).map(|(row, _)| row).collect())
}

/// What a board of all comparisons is called.
const OVERALL: &[&str] = &["overall", "full", "all"];

/// Of several boards the one that another board is to be compared with: that of its name, or for one without a
/// name the only one there is, or the one of all comparisons.
pub fn matching<'b>(boards: &'b [PublishedBoard], name: Option<&str>) -> Option<&'b PublishedBoard> {
    let named = |name: &str| boards.iter().find(|board| board.name.as_deref() == Some(name));
    match name {
        Some(name) => named(name),
        None if boards.len() == 1 => boards.first(),
        None => boards.iter().find(|board| board.name.is_none()).or_else(|| OVERALL.iter().find_map(|it| named(it))),
    }
}

impl PublishedItem {
    /// The standard error: as the board says it, or from its interval, which is taken to be one of 95 %.
    pub fn error(&self) -> Option<f64> {
        /// Widths of a normal 95 % interval in standard errors.
        const WIDTH: f64 = 2.0 * 1.959_963_984_540_054;
        self.std_error.or_else(|| self.interval.map(|[low, high]| (high - low) / WIDTH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_of_the_public_leaderboards_are_read_by_their_columns() {
        let text = "model_name,rating,rating_lower,rating_upper,variance,vote_count,rank,category,leaderboard_publish_date\n\
                    x,1200,1190,1210,26.0,100,1,overall,2025-01-01\n\
                    x,1210,1200,1220,25.0,120,1,overall,2025-02-01\n\
                    x,1220,,,,10,1,math,2025-02-01\ny,1100,1090,1110,25.0,120,2,overall,2025-02-01\n";
        let boards = read_boards("board.csv", text.as_bytes()).unwrap();
        assert_eq!(boards.len(), 2);
        let overall = matching(&boards, None).unwrap();
        assert_eq!(overall.items.iter().map(|item| item.rating).collect::<Vec<_>>(), [1210.0, 1100.0]);
        assert_eq!(overall.items[0].error(), Some(5.0));
        assert_eq!(matching(&boards, Some("math")).unwrap().items[0].error(), None);
        assert_eq!(matching(&boards, Some("code")), None);
    }

    #[test]
    fn the_index_of_a_data_frame_is_the_items_name() {
        let text = ",rating,variance,rating_q975,rating_q025,num_battles,final_ranking\nx,921.5,22,930,913,5165,66\n";
        let boards = read_boards("board.csv", text.as_bytes()).unwrap();
        assert_eq!((boards[0].items[0].item.as_str(), boards[0].items[0].interval), ("x", Some([913.0, 930.0])));
        assert!(matching(&boards, None).is_some());
    }

    #[test]
    fn a_board_of_another_scale_is_converted_and_one_of_other_units_is_not() {
        let text = |settings: &str| {
            format!(
                "{{\"command\":\"rank\",\"settings\":{{{settings}}},\"items\":[{{\"item\":\"x\",\"rating\":2.0,\"std_error\":0.5}}]}}"
            )
        };
        let board = |settings: &str| read_boards("b", text(settings).as_bytes()).unwrap().remove(0);
        let log_odds = board("\"method\":\"bradley-terry\",\"scale\":\"log-odds\"");
        let elo = log_odds.in_units(&PublishedUnits::Elo).unwrap();
        approx::assert_relative_eq!(elo.items[0].rating, 800.0 / std::f64::consts::LN_10, epsilon = 1e-12);
        approx::assert_relative_eq!(elo.items[0].error().unwrap(), 200.0 / std::f64::consts::LN_10, epsilon = 1e-12);
        let own = board("\"method\":\"glicko2\",\"scale\":null");
        assert_eq!(own.units, Some(PublishedUnits::Own("glicko2".to_owned())));
        assert_eq!(own.in_units(&PublishedUnits::Elo), None);
        assert_eq!(board("\"scale\":\"win-rate\"").in_units(&PublishedUnits::LogOdds), None);
        // What does not say its units is taken to be in those of the board beside it.
        assert_eq!(board("").in_units(&PublishedUnits::LogOdds).unwrap().items, board("").items);
    }

    #[test]
    fn the_latest_day_is_that_of_the_calendar_and_what_is_no_day_is_refused() {
        let text = |one: &str, other: &str| format!("item,rating,leaderboard_publish_date\nx,1,{one}\nx,2,{other}\n");
        let rating = |one, other| {
            read_boards("b", text(one, other).as_bytes())
                .map(|boards| boards[0].items[0].rating)
                .map_err(|it| it.to_string())
        };
        assert_eq!(rating("2024-12-31", "2025-01-01"), Ok(2.0));
        assert_eq!(rating("2025-01-01", "2024-12-31T10:00:00"), Ok(1.0));
        assert_eq!(
            rating("2024-12-31", "Dec 2025"),
            Err("b, line 3: column `leaderboard_publish_date` holds \"Dec 2025\", which is no date like 2024-03-29"
                .to_owned())
        );
    }

    #[test]
    fn an_item_without_a_rating_is_kept_apart() {
        let boards = read_boards("b", b"item,rating\nx,1\ny,\n").unwrap();
        assert_eq!((boards[0].items.len(), boards[0].unrated.as_slice()), (1, &["y".to_owned()][..]));
    }

    #[test]
    fn what_is_no_board_has_its_message() {
        let message = |text: &str| read_boards("b", text.as_bytes()).unwrap_err().to_string();
        assert!(message("{\"command\":\"swiss\",\"items\":[]}").contains("it is a result of palio swiss"));
        assert!(message("{").starts_with("b is no board: EOF"));
        assert!(message("a,b\n1,2\n").contains("no column for the items (item, model_name"));
        assert!(
            message("item,b\n1,2\n")
                .contains("no column for the ratings (rating, elo, score); its columns are `item`, `b`")
        );
        assert_eq!(
            message("item,rating\nx,high\n"),
            "b, line 2: column `rating` holds \"high\", which is not a finite number"
        );
        assert_eq!(
            message("item,rating,variance\nx,1,-4\n"),
            "b, line 2: column `variance` holds -4, and an error is not below 0"
        );
        assert_eq!(message("item,rating\nx,1\nx,2\n"), "b has \"x\" twice on one board; keep one of them");
        assert_eq!(message("item,rating\nx,\n"), "b has no item with a rating");
    }
}
