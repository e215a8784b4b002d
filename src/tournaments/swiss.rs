//! The Swiss system: everyone plays every round, against who has as many points and was not met.
//!
//! A round keeps to these, the first ones first: as few rematches as can be; a bye for one of those who
//! had fewest; leaders who meet each other, so that the best of a judge without errors is first alone;
//! the bye for the lowest of them; opponents of points near to each other; the preference inside score
//! groups; sides that become even. A quick search finds nearly all rounds, in microseconds for a group
//! of 16. Where it finds none without rematch, or up to 64 items none in which the leaders meet, an
//! exact matching does, or comes as near as can be. The search alone is less than exact in the points
//! between all others.
//!
//! This is not the Dutch system of FIDE (C.04.3): there are no ratings to protect, and sides are the
//! order of presentation. It takes from it the bye, score groups and floaters, and the fold.

mod matching;
mod pairing;

use std::cmp::Reverse;

use self::pairing::{Card, Met, Outlook, Preference, Round, Search};
use super::bracket::halvings;
use super::{
    Draw, Field, History, Match, MatchResult, RULES, Rules, Schedule, Size, Stage, Topology, TopologyEntry, arenarl,
};
use crate::settings::{Setting, Settings, SettingsError};

pub(super) const ENTRY: TopologyEntry = TopologyEntry {
    name: "swiss",
    summary: "each round pairs items of equal points that did not meet before; points decide",
    size_in_words: "⌊N/2⌋·R matches, R sequential rounds; R is ⌈log₂ N⌉ unless given",
    aggregation: "points",
    settings: &[RULES, ROUNDS, PAIRING, EXACT, SEEDS, BYE],
    size,
    build,
};

const ROUNDS: Setting = Setting {
    name: "rounds",
    default: "log2",
    summary: "how many rounds: from 1 up, or log2 for ⌈log₂ N⌉; more than N−1 (N, if N is odd) bring rematches",
};
const PAIRING: Setting = Setting {
    name: "pairing",
    default: "fold",
    summary: "who of a score group meets whom: fold (top half against bottom half), adjacent, random",
};
const EXACT: Setting = Setting {
    name: "exact",
    default: "false",
    summary: "true: every round is an exact matching, in O(N³); false: only where a quick search finds no pairing",
};
const SEEDS: Setting = Setting {
    name: "seeds",
    default: "none",
    summary: "the order before the first round: none (drawn), given (by scores of the field, if it has them; equal ones are drawn)",
};
const BYE: Setting = Setting {
    name: "bye",
    default: "1",
    summary: "what a bye is worth when the next rounds are paired: 0, 0.5 or 1; below 1 the best item of an odd number may sit out and not end first",
};

/// Points are counted in millionths, so that equal sums of shares are equal in any order.
const POINT: u64 = 1_000_000;

/// The draw of the first order; those of rounds have the number of the round, from 1.
const FIRST_ORDER: u32 = 0;

fn size(items: u32, settings: &Settings) -> Result<Size, SettingsError> {
    let mut rounds = rounds_for(items, rounds_given(settings)?);
    if Rules::of(settings)? == Rules::ArenaRl {
        standard_settings_are_absent(settings)?;
        rounds = rounds.min(items.saturating_sub(1));
    }
    Ok(Size::exactly(u64::from(items / 2) * u64::from(rounds), rounds))
}

fn build(settings: &Settings) -> Result<Box<dyn Topology>, SettingsError> {
    let rounds = rounds_given(settings)?;
    match Rules::of(settings)? {
        Rules::Standard => Ok(Box::new(Swiss::new(settings, rounds)?)),
        Rules::ArenaRl => {
            standard_settings_are_absent(settings)?;
            Ok(arenarl::swiss(rounds))
        }
    }
}

/// Refuses settings that the published code doesn't have, which would go unheard.
fn standard_settings_are_absent(settings: &Settings) -> Result<(), SettingsError> {
    let unheard =
        [PAIRING, EXACT, SEEDS, BYE].into_iter().find_map(|it| settings.get(it.name).map(|value| (it, value)));
    unheard.map_or(Ok(()), |(setting, value)| {
        Err(SettingsError::Value {
            name: setting.name.to_owned(),
            value: value.to_owned(),
            expected: "no value with rules=arenarl, which pairs greedily after a shuffle".to_owned(),
        })
    })
}

fn rounds_given(settings: &Settings) -> Result<Option<u32>, SettingsError> {
    match settings.get(ROUNDS.name) {
        None | Some("log2") => Ok(None),
        Some(_) => {
            settings.number(ROUNDS.name, 1, "a whole number from 1, or log2", |rounds: u32| rounds > 0).map(Some)
        }
    }
}

/// So many rounds find the best of `items` if the better one always wins: ⌈log₂ N⌉.
fn rounds_for(items: u32, given: Option<u32>) -> u32 {
    if items < 2 { 0 } else { given.unwrap_or_else(|| halvings(items)) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seeds {
    Drawn,
    Given,
}

/// The settings, the tournament as it stands, and memory that rounds and tournaments share.
#[derive(Debug)]
struct Swiss {
    rounds: Option<u32>,
    preference: Preference,
    exact: bool,
    seeds: Seeds,
    bye: u64,

    draw: Draw,
    last_round: u32,
    round: u32,
    next_id: u32,
    /// Matches of this round without a report.
    waiting: u32,
    cards: Vec<Card>,
    met: Met,

    /// The items by standing.
    order: Vec<u32>,
    /// What they are sorted by: points and lots, with the item.
    keys: Vec<(Reverse<u64>, u32, u32)>,
    lots: Vec<u32>,
    search: Search,
    /// Places in `order` that meet.
    pairs: Vec<[u32; 2]>,
}

impl Swiss {
    fn new(settings: &Settings, rounds: Option<u32>) -> Result<Self, SettingsError> {
        let preferences =
            [("fold", Preference::Fold), ("adjacent", Preference::Adjacent), ("random", Preference::Random)];
        Ok(Self {
            rounds,
            preference: settings.choice(PAIRING.name, &preferences)?,
            exact: settings.choice(EXACT.name, &[("false", false), ("true", true)])?,
            seeds: settings.choice(SEEDS.name, &[("none", Seeds::Drawn), ("given", Seeds::Given)])?,
            bye: settings.choice(BYE.name, &[("1", POINT), ("0.5", POINT / 2), ("0", 0)])?,
            draw: Draw::AsGiven,
            last_round: 0,
            round: 0,
            next_id: 0,
            waiting: 0,
            cards: Vec::new(),
            met: Met::default(),
            order: Vec::new(),
            keys: Vec::new(),
            lots: Vec::new(),
            search: Search::default(),
            pairs: Vec::new(),
        })
    }

    /// The order before the first round.
    fn seed(&mut self, field: &Field) {
        self.order.clear();
        self.order.extend(0..field.items);
        self.draw.shuffle(FIRST_ORDER, &mut self.order);
        if self.seeds == Seeds::Given && !field.scores.is_empty() {
            let score = |item: u32| field.scores[item as usize];
            self.order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        }
        for (&item, lot) in self.order.iter().zip(0..) {
            self.cards[item as usize].lot = lot;
        }
    }

    /// Draws the order inside score groups anew.
    fn draw_lots(&mut self) {
        self.lots.clear();
        self.lots.extend(0..self.cards.len() as u32);
        self.draw.shuffle(self.round, &mut self.lots);
        for (&item, lot) in self.lots.iter().zip(0..) {
            self.cards[item as usize].lot = lot;
        }
    }

    fn play_round(&mut self, schedule: &mut Schedule<'_>) {
        self.round += 1;
        if self.preference == Preference::Random {
            self.draw_lots();
        }
        self.sort();
        if let Some(place) = self.pair(schedule.history()) {
            let item = self.order[place as usize];
            let card = &mut self.cards[item as usize];
            card.byes += 1;
            card.points += self.bye;
            schedule.bye(self.round, item);
        }
        self.waiting = self.pairs.len() as u32;
        for table in 0..self.pairs.len() {
            let [left, right] = self.sides(table);
            self.cards[left as usize].balance += 1;
            self.cards[right as usize].balance -= 1;
            self.met.insert(left, right);
            schedule.play(Match { id: self.next_id, round: self.round, stage: Stage::Main, left, right });
            self.next_id += 1;
        }
    }

    /// Orders the items by points and lots. Keys are put together once an item, not once a comparison.
    fn sort(&mut self) {
        let cards = &self.cards;
        let key = |&item: &u32| (Reverse(cards[item as usize].points), cards[item as usize].lot, item);
        self.keys.clear();
        self.keys.extend(self.order.iter().map(key));
        self.keys.sort_unstable();
        self.order.clear();
        self.order.extend(self.keys.iter().map(|&(.., item)| item));
    }

    /// Fills `pairs`, by their upper places, and gives the place that has a bye.
    fn pair(&mut self, history: &History) -> Option<u32> {
        let items = self.order.len() as u32;
        let round = Round { order: &self.order, cards: &self.cards, met: &self.met, preference: self.preference };
        // After N−1 rounds, or N if one sits out in each, everyone has met everyone.
        let met_all = self.round > items - 1 + items % 2;
        let found = if self.exact || met_all { None } else { search(&mut self.search, &round) };
        let bye = if let Some(bye) = found {
            self.search.pairs(&mut self.pairs);
            bye
        } else {
            matching::pair(&round, history, &mut self.pairs)
        };
        self.pairs.sort_unstable();
        bye
    }

    /// Who was on the left less often goes left; where that is even, upper and lower places take turns
    /// from table to table.
    fn sides(&self, table: usize) -> [u32; 2] {
        let [upper, lower] = self.pairs[table].map(|place| self.order[place as usize]);
        let balance = |item: u32| self.cards[item as usize].balance;
        let upper_left = match balance(upper).cmp(&balance(lower)) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => table.is_multiple_of(2),
            std::cmp::Ordering::Greater => false,
        };
        if upper_left { [upper, lower] } else { [lower, upper] }
    }
}

/// A pairing without rematch in which the leaders meet, if the search finds one: the place that has a
/// bye, if there is one. The bye goes to the lowest of those who had fewest and leave such a pairing.
/// In fields too large to be matched exactly leaders may be apart.
#[expect(clippy::option_option, reason = "no pairing found, one without a bye, one with a bye")]
fn search(search: &mut Search, round: &Round<'_>) -> Option<Option<u32>> {
    let places = round.order.len() as u32;
    let most = if places > MOST_MATCHED { u64::MAX } else { round.least_leader_cost() };
    if places.is_multiple_of(2) {
        let paired = search.pair(round, None) == Outlook::Paired;
        return (paired && search.leader_cost(round, None) <= most).then_some(None);
    }
    let byes = |place: u32| round.card(place).byes;
    let fewest = (0..places).map(byes).min()?;
    for place in (0..places).rev().filter(|&place| byes(place) == fewest) {
        match search.pair(round, Some(place)) {
            Outlook::Paired if search.leader_cost(round, Some(place)) <= most => return Some(Some(place)),
            Outlook::Paired | Outlook::Impossible => {}
            Outlook::Unknown => return None,
        }
    }
    None
}

/// Fields up to this size are matched exactly where the quick search keeps leaders apart.
const MOST_MATCHED: u32 = 64;

impl Topology for Swiss {
    fn start(&mut self, field: &Field, schedule: &mut Schedule<'_>) {
        self.draw = field.draw;
        self.last_round = rounds_for(field.items, self.rounds);
        (self.round, self.next_id) = (0, 0);
        self.cards.clear();
        self.cards.resize(field.items as usize, Card::default());
        self.met.reset(field.items as usize);
        self.seed(field);
        self.play_round(schedule);
    }

    /// A match that nobody could answer counts as met, and gives no points.
    fn report(&mut self, played: Match, result: Option<MatchResult>, schedule: &mut Schedule<'_>) {
        if let Some(result) = result {
            let left = (result.outcome.share().clamp(0.0, 1.0) * POINT as f64).round() as u64;
            self.cards[played.left as usize].points += left;
            self.cards[played.right as usize].points += POINT - left;
        }
        self.waiting -= 1;
        if self.waiting == 0 && self.round < self.last_round {
            self.play_round(schedule);
        }
    }
}
