//! PrefLib's files of orders: `soc` and `soi` without ties, complete and not, `toc` and `toi` with them.

use super::super::super::ItemId;
use super::super::super::profile::Profile;
use super::super::error::{Fault, ReadError, shown};
use super::super::fields::number;
use super::stripped;

/// What the ballots of a file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    extension: &'static str,
    ties: bool,
    incomplete: bool,
}

const KINDS: [Kind; 4] = [
    Kind { extension: "soc", ties: false, incomplete: false },
    Kind { extension: "soi", ties: false, incomplete: true },
    Kind { extension: "toc", ties: true, incomplete: false },
    Kind { extension: "toi", ties: true, incomplete: true },
];

impl Kind {
    /// By the name of the file.
    pub(super) fn of(path: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| stripped(uncompressed(path), kind.extension).is_some())
    }
}

/// Whether the name of a file says that it holds PrefLib's categories, which are no orders.
pub(super) fn holds_categories(path: &str) -> bool {
    stripped(uncompressed(path), "cat").is_some()
}

fn uncompressed(path: &str) -> &str {
    ["gz", "zst"].iter().find_map(|end| stripped(path, end)).unwrap_or(path)
}

/// Adds the ballots of a file to `profile` and says how many lines of them there are.
///
/// # Source
/// <https://preflib.github.io/format>: a header of `# KEY: value` lines and then `count: 1,2,{3,4}`.
/// Before 2022: the number of alternatives, `number,name` lines, a line of totals and then
/// `count,1,2,{3,4}`.
pub(super) fn parse(path: &str, bytes: &[u8], kind: Kind, profile: &mut Profile) -> Result<u64, ReadError> {
    let mut file = File { kind, header: Header::default(), profile, voters: 0.0, rows: 0 };
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    for (line, bytes) in (1_u64..).zip(bytes.split(|&byte| byte == b'\n')) {
        let line_read = match std::str::from_utf8(bytes) {
            Ok(text) => file.line(text.trim()),
            Err(_) => Err(Fault::LineEncoding),
        };
        line_read.map_err(|fault| ReadError::TableRow { path: path.to_owned(), line, fault })?;
    }
    if let Some(header) = file.header.orders.filter(|orders| *orders != file.rows) {
        return Err(ReadError::Orders { path: path.to_owned(), header, found: file.rows });
    }
    match file.header.voters {
        #[expect(clippy::float_cmp, reason = "whole numbers, exact up to 2^53")]
        Some(header) if header != file.voters => {
            Err(ReadError::Voters { path: path.to_owned(), header, found: file.voters })
        }
        _ => Ok(file.rows),
    }
}

struct File<'a> {
    kind: Kind,
    header: Header,
    profile: &'a mut Profile,
    voters: f64,
    rows: u64,
}

/// What is known of the alternatives before the first ballot.
#[derive(Default)]
struct Header {
    /// The number of alternatives, once it was given.
    alternatives: Option<usize>,
    /// Their names, `None` where it was not given.
    names: Vec<Option<String>>,
    voters: Option<f64>,
    /// How many different ballots there are.
    orders: Option<u64>,
    form: Form,
    /// The items of the alternatives, once a ballot was read.
    items: Vec<ItemId>,
}

/// How the file is written.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Present,
    /// The form before 2022, of whose header this many lines are still to come.
    Old { lines: usize },
}

/// More alternatives than this are no ballots but a damaged header.
const MOST_ALTERNATIVES: usize = 1 << 20;

impl File<'_> {
    fn line(&mut self, text: &str) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(comment) = text.strip_prefix('#') {
            return self.header.comment(comment);
        }
        if self.header.starts_old_form(text) {
            return Ok(());
        }
        match self.header.form {
            Form::Old { lines } if lines > 0 => self.header.old_line(text, lines),
            Form::Present => self.ballot(text, text.split_once(':')),
            Form::Old { .. } => self.ballot(text, text.split_once(',')),
        }
    }

    fn ballot(&mut self, text: &str, parts: Option<(&str, &str)>) -> Result<(), Fault> {
        let malformed = || Fault::PrefLib { value: shown(text.as_bytes()) };
        let (count, order) = parts.ok_or_else(malformed)?;
        let count = number(count.as_bytes()).ok_or_else(malformed)?;
        let numbers = groups(order).ok_or_else(malformed)?;
        if self.header.items.is_empty() {
            self.header.settle(self.profile, &numbers)?;
        }
        let item = |&alternative: &usize| {
            let found = alternative.checked_sub(1).and_then(|index| self.header.items.get(index));
            found.copied().ok_or(Fault::Alternative { number: alternative, most: self.header.items.len() })
        };
        let groups: Vec<Vec<ItemId>> =
            numbers.iter().map(|group| group.iter().map(item).collect()).collect::<Result<_, _>>()?;
        self.check(&groups)?;
        self.profile.push(&groups, count)?;
        self.voters += count;
        self.rows += 1;
        Ok(())
    }

    /// Whether a ballot is what the extension of the file promises.
    fn check(&self, groups: &[Vec<ItemId>]) -> Result<(), Fault> {
        let Kind { extension, ties, incomplete } = self.kind;
        let (ranked, of) = (groups.iter().map(Vec::len).sum(), self.header.items.len());
        if !ties && groups.iter().any(|group| group.len() > 1) {
            return Err(Fault::TiesIn { extension });
        }
        if !incomplete && ranked < of {
            return Err(Fault::Incomplete { extension, ranked, of });
        }
        Ok(())
    }
}

impl Header {
    /// A line of `KEY: value`; those of other keys are left out.
    fn comment(&mut self, text: &str) -> Result<(), Fault> {
        let Some((key, value)) = text.split_once(':') else { return Ok(()) };
        let (key, value) = (key.trim().to_ascii_uppercase(), value.trim());
        let bad = || Fault::PrefLibHeader { key: key.clone(), value: shown(value.as_bytes()) };
        if key == "NUMBER ALTERNATIVES" {
            self.alternatives(value).ok_or_else(bad)?;
        } else if key == "NUMBER VOTERS" {
            self.voters = Some(value.parse().ok().filter(|voters: &f64| voters.is_finite()).ok_or_else(bad)?);
        } else if key == "NUMBER UNIQUE ORDERS" {
            self.orders = Some(value.parse().ok().ok_or_else(bad)?);
        } else if key == "DATA TYPE" {
            if !KINDS.iter().any(|kind| kind.extension.eq_ignore_ascii_case(value)) {
                return Err(Fault::DataType { value: shown(value.as_bytes()) });
            }
        } else if let Some(number) = key.strip_prefix("ALTERNATIVE NAME ") {
            let number = number.trim().parse().ok().ok_or_else(bad)?;
            if !self.items.is_empty() {
                return Err(Fault::LateName { number });
            }
            self.name(number, value).ok_or_else(bad)?;
        }
        Ok(())
    }

    fn alternatives(&mut self, value: &str) -> Option<()> {
        let number = value.parse().ok().filter(|number| (1..=MOST_ALTERNATIVES).contains(number))?;
        self.alternatives = Some(number);
        Some(())
    }

    fn name(&mut self, number: usize, name: &str) -> Option<()> {
        let index = number.checked_sub(1).filter(|index| *index < MOST_ALTERNATIVES)?;
        self.names.resize(self.names.len().max(number), None);
        self.names[index] = Some(name.to_owned());
        Some(())
    }

    /// Whether this is the first line of the old form: a number and nothing else.
    fn starts_old_form(&mut self, text: &str) -> bool {
        let first = self.names.is_empty() && self.alternatives.is_none() && self.items.is_empty();
        if first && self.alternatives(text).is_some() {
            self.form = Form::Old { lines: self.alternatives.unwrap_or_default() + 1 };
            return true;
        }
        false
    }

    /// A line of an alternative's number and name, or of the totals, which is the last.
    fn old_line(&mut self, text: &str, lines: usize) -> Result<(), Fault> {
        let malformed = || Fault::PrefLib { value: shown(text.as_bytes()) };
        let (number, rest) = text.split_once(',').ok_or_else(malformed)?;
        let number = number.trim().parse().ok();
        if lines > 1 {
            self.name(number.ok_or_else(malformed)?, rest.trim()).ok_or_else(malformed)?;
        } else {
            self.voters = Some(number.ok_or_else(malformed)? as f64);
        }
        self.form = Form::Old { lines: lines - 1 };
        Ok(())
    }

    /// Makes the alternatives items of the profile. Without a header they are those of the first ballot.
    fn settle(&mut self, profile: &mut Profile, first: &[Vec<usize>]) -> Result<(), Fault> {
        let named = self.names.len();
        let highest = || first.iter().flatten().copied().max().unwrap_or_default().min(MOST_ALTERNATIVES);
        let number = self.alternatives.unwrap_or_else(|| if named > 0 { named } else { highest() });
        if named > number {
            return Err(Fault::Alternative { number: named, most: number });
        }
        self.names.resize(number, None);
        for (index, name) in self.names.iter().enumerate() {
            let item = profile.intern(name.as_deref().unwrap_or(&(index + 1).to_string()));
            if self.items.contains(&item) {
                let name = profile.items().name(item).to_owned();
                return Err(Fault::SameName { name });
            }
            self.items.push(item);
        }
        Ok(())
    }
}

/// The numbers of `1,2,{3,4},5`, with tied ones together; `None` where it is not written so.
fn groups(text: &str) -> Option<Vec<Vec<usize>>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut tied = false;
    for token in text.split(',') {
        let mut token = token.trim();
        let opens = token.strip_prefix('{');
        if let Some(rest) = opens {
            if tied {
                return None;
            }
            token = rest.trim_start();
        }
        let closes = token.strip_suffix('}');
        let number = closes.unwrap_or(token).trim().parse().ok()?;
        match groups.last_mut() {
            Some(group) if tied => group.push(number),
            _ => groups.push(vec![number]),
        }
        tied |= opens.is_some();
        if closes.is_some() && !std::mem::replace(&mut tied, false) {
            return None;
        }
    }
    (!tied).then_some(groups)
}

#[cfg(test)]
mod tests {
    use super::super::{BallotColumns, is_preflib, read_ballots_bytes};
    use super::*;

    fn read(name: &str, text: &str) -> Result<Profile, ReadError> {
        read_ballots_bytes(name, text.as_bytes(), &BallotColumns::default()).map(|reading| reading.profile)
    }

    fn refused(name: &str, text: &str) -> String {
        read(name, text).expect_err("an error").to_string()
    }

    const HEADER: &str = "# TITLE: x\n# NUMBER ALTERNATIVES: 3\n# NUMBER VOTERS: 5\n# ALTERNATIVE NAME 1: ada\n\
                          # ALTERNATIVE NAME 3: cleo\n";

    #[test]
    fn numbers_in_braces_are_tied() {
        assert_eq!(groups("1, {2,3} ,4"), Some(vec![vec![1], vec![2, 3], vec![4]]));
        assert_eq!(groups("{2}"), Some(vec![vec![2]]));
        for bad in ["", "1,,2", "{1,2", "1}", "{1,{2}}", "1 2", "a"] {
            assert_eq!(groups(bad), None, "{bad}");
        }
    }

    #[test]
    fn both_forms_of_the_format_are_read() {
        let present = read("x.toi", &format!("{HEADER}3: 1,{{2,3}}\r\n2: 3\n")).unwrap();
        let old = read("x.toi", "3\n1,ada\n2,2\n3,cleo\n5,5,2\n3,1,{2,3}\n2,3\n").unwrap();
        for profile in [present, old] {
            assert_eq!(profile.items().iter().collect::<Vec<_>>(), ["ada", "2", "cleo"]);
            assert_eq!((profile.len(), profile.voters()), (2, 5.0));
            assert_eq!(profile.ballot(0).levels, [0, 1, 1]);
        }
        assert!(is_preflib("x.SOC.gz") && !is_preflib("x.csv"));
    }

    #[test]
    fn a_bad_line_is_named() {
        let message = refused("x.soi", &format!("{HEADER}3: 1;2\n"));
        assert_eq!(
            message,
            "x.soi, line 6: \"3: 1;2\" is no ballot; write how many voters cast it, a colon and the alternatives, such \
             as 12: 3,1,{2,4}"
        );
        assert!(refused("x.soi", &format!("{HEADER}5: 1,2,1\n")).contains("line 6: \"ada\" is ranked twice"));
        assert!(refused("x.soi", &format!("{HEADER}5: 1,4\n")).contains("alternative 4 and the file has 3"));
        assert!(refused("x.soi", &format!("{HEADER}5: 1,{{2,3}}\n")).contains("name the file .toc or .toi"));
        assert!(refused("x.soc", &format!("{HEADER}5: 1,2\n")).contains("ranks 2 of 3 alternatives"));
        assert!(refused("x.soi", "# NUMBER ALTERNATIVES: many\n").contains("NUMBER ALTERNATIVES"));
        assert!(refused("x.soi", &format!("{HEADER}# ALTERNATIVE NAME 2: ada\n5: 1\n")).contains("two alternatives"));
    }

    #[test]
    fn a_header_that_does_not_go_with_the_ballots_is_refused() {
        let with = |line: &str| format!("{HEADER}{line}\n3: 1,2\n2: 2,1\n");
        assert!(read("x.soi", &with("# NUMBER UNIQUE ORDERS: 2")).is_ok());
        let orders = refused("x.soi", &with("# NUMBER UNIQUE ORDERS: 3"));
        assert!(orders.contains("says 3 unique orders and the file has 2"), "{orders}");
        assert!(read("x.soi", &with("# DATA TYPE: SOI")).is_ok());
        assert!(refused("x.soi", &with("# DATA TYPE: cat")).contains("line 6: the header's DATA TYPE is \"cat\""));
        let late = refused("x.soi", &format!("{HEADER}5: 1,2\n# ALTERNATIVE NAME 2: bob\n"));
        assert!(late.contains("line 7: alternative 2 gets its name after the first ballot"), "{late}");
        assert!(refused("x.cat", "# DATA TYPE: cat\n").contains("a file of categories"));
        let marked = read("x.soi", &format!("\u{feff}{HEADER}5: 1,2\n")).unwrap();
        assert_eq!((marked.items().len(), marked.voters()), (3, 5.0));
    }

    #[test]
    fn a_number_of_voters_that_is_none_is_refused() {
        assert!(refused("x.soi", &format!("{HEADER}1e308: 1,2\n")).contains("line 6: a ballot counts 1"));
        assert!(refused("x.soi", &format!("{HEADER}-1: 1,2\n")).contains("at most 2^53"));
        assert!(refused("x.soi", "9e15: 1,2\n9e15: 2,1\n").contains("line 2: with this ballot there are 18"));
    }

    #[test]
    fn a_cut_file_has_too_few_voters() {
        assert_eq!(
            refused("x.soi", &format!("{HEADER}3: 1,2\n")),
            "the header of x.soi says 5 voters and its ballots are of 3; the file may be cut off: get it again, or mend \
             the header"
        );
    }

    #[test]
    fn an_empty_profile_and_a_single_item_are_refused() {
        assert!(refused("x.soi", "# NUMBER ALTERNATIVES: 3\n").contains("no ballot in x.soi"));
        assert!(refused("x.soi", "# NUMBER ALTERNATIVES: 1\n4: 1\n").contains("two or more"));
    }
}
