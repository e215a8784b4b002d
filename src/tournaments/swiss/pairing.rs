//! The quick way to pair a round: backtracking, score group by score group, with a limit.

/// What the pairing of a round knows of an item.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Card {
    /// In millionths.
    pub(super) points: u64,
    /// Decides the order among equal points.
    pub(super) lot: u32,
    pub(super) byes: u32,
    /// How often it was on the left, minus how often on the right.
    pub(super) balance: i32,
}

/// Who of a score group meets whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preference {
    /// The top half meets the bottom half, in order.
    Fold,
    /// The first meets the second, the third the fourth.
    Adjacent,
    /// As `Adjacent`, in an order drawn anew each round.
    Random,
}

/// Who met whom: one bit a pair, N²/8 bytes.
#[derive(Debug, Default)]
pub(super) struct Met {
    words: usize,
    bits: Vec<u64>,
}

impl Met {
    pub(super) fn reset(&mut self, items: usize) {
        self.words = items.div_ceil(64);
        self.bits.clear();
        self.bits.resize(items * self.words, 0);
    }

    pub(super) fn insert(&mut self, a: u32, b: u32) {
        for (a, b) in [(a as usize, b as usize), (b as usize, a as usize)] {
            self.bits[a * self.words + b / 64] |= 1 << (b % 64);
        }
    }

    pub(super) fn contains(&self, a: u32, b: u32) -> bool {
        let (a, b) = (a as usize, b as usize);
        self.bits[a * self.words + b / 64] >> (b % 64) & 1 == 1
    }
}

/// A round that is to be paired.
#[derive(Debug)]
pub(super) struct Round<'a> {
    /// The items by standing. A place is an index into it.
    pub(super) order: &'a [u32],
    pub(super) cards: &'a [Card],
    pub(super) met: &'a Met,
    pub(super) preference: Preference,
}

impl Round<'_> {
    pub(super) fn card(&self, place: u32) -> &Card {
        &self.cards[self.order[place as usize] as usize]
    }

    fn met(&self, a: u32, b: u32) -> bool {
        self.met.contains(self.order[a as usize], self.order[b as usize])
    }

    /// For each place, the place after the last of its score group.
    pub(super) fn group_ends(&self, ends: &mut Vec<u32>) {
        let places = self.order.len();
        ends.clear();
        ends.resize(places, places as u32);
        for place in (1..places).rev() {
            let same = self.card(place as u32 - 1).points == self.card(place as u32).points;
            ends[place - 1] = if same { ends[place] } else { place as u32 };
        }
    }
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    /// It found a pairing without rematch.
    Paired,
    /// There is none.
    Impossible,
    /// It reached its limit.
    Unknown,
}

/// Memory of the search, used for one round after another.
///
/// Score groups are paired from the top, each with as few floaters as its number of items allows. A
/// group that can't be paired is merged with the next one, and the last with the one before, until
/// everything is one bracket. A limit on the steps of each attempt keeps this from being exponential:
/// O(N) steps a merge, and O(N²) for the one bracket at the end.
#[derive(Debug, Default)]
pub(super) struct Search {
    free: Vec<bool>,
    ends: Vec<u32>,
    steps: Vec<Step>,
    brackets: Vec<Bracket>,
}

/// Score groups that are paired together, with who floated down to them.
#[derive(Debug, Clone, Copy)]
struct Bracket {
    /// The first place that is free.
    start: u32,
    /// The place after the last.
    end: u32,
    /// The number of steps before it.
    steps: usize,
}

/// The highest free place of a bracket, and the opponent chosen for it.
#[derive(Debug, Clone, Copy)]
struct Step {
    upper: u32,
    /// The opponent that the preference names; others follow by distance from it.
    target: u32,
    chosen: Chosen,
    /// Where the search for the next opponent goes on.
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    Nobody,
    Place(u32),
    /// Leave to the next bracket.
    Float,
}

/// The order of opponents tried, each with the place to look at next.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// From the target down the score group.
    Down(u32),
    /// From the target up to the item itself, this place excluded.
    Up(u32),
    /// Below the score group, from its top.
    Below(u32),
    Float,
    End,
}

impl Search {
    /// Looks for a pairing without rematch of all but the place that has a bye.
    pub(super) fn pair(&mut self, round: &Round<'_>, bye: Option<u32>) -> Outlook {
        self.reset(round, bye);
        let places = round.order.len() as u32;
        let mut bracket = Bracket { start: 0, end: self.ends[0], steps: 0 };
        loop {
            let whole = bracket.start == 0 && bracket.end == places;
            let size = (bracket.end - bracket.start) as usize;
            let limit = if whole { 2 * size * size + 64 } else { 16 * size + 64 };
            let outlook = self.pair_bracket(round, &bracket, limit);
            if outlook == Outlook::Paired {
                if bracket.end == places {
                    return outlook;
                }
                self.brackets.push(bracket);
                bracket = self.next_bracket(&bracket);
            } else if bracket.end < places {
                bracket.end = self.ends[bracket.end as usize];
            } else if let Some(before) = self.brackets.pop() {
                self.undo(before.steps);
                bracket = Bracket { end: places, ..before };
            } else {
                return outlook;
            }
        }
    }

    /// The pairs found.
    pub(super) fn pairs(&self, pairs: &mut Vec<[u32; 2]>) {
        pairs.clear();
        pairs.extend(self.steps.iter().filter_map(|step| match step.chosen {
            Chosen::Place(lower) => Some([step.upper, lower]),
            Chosen::Nobody | Chosen::Float => None,
        }));
    }

    fn reset(&mut self, round: &Round<'_>, bye: Option<u32>) {
        round.group_ends(&mut self.ends);
        self.free.clear();
        self.free.resize(round.order.len(), true);
        if let Some(bye) = bye {
            self.free[bye as usize] = false;
        }
        self.steps.clear();
        self.brackets.clear();
    }

    fn next_bracket(&mut self, paired: &Bracket) -> Bracket {
        let floats = |step: &&Step| step.chosen == Chosen::Float;
        let floater = self.steps[paired.steps..].iter().find(floats).map(|step| step.upper);
        if let Some(floater) = floater {
            self.free[floater as usize] = true;
        }
        let end = self.ends[paired.end as usize];
        Bracket { start: floater.unwrap_or(paired.end), end, steps: self.steps.len() }
    }

    /// Takes back all steps but the first `keep`.
    fn undo(&mut self, keep: usize) {
        while self.steps.len() > keep {
            self.undo_last();
        }
    }

    fn undo_last(&mut self) {
        if let Some(step) = self.steps.pop() {
            self.free[step.upper as usize] = true;
            if let Chosen::Place(lower) = step.chosen {
                self.free[lower as usize] = true;
            }
        }
    }

    /// Pairs a bracket, all but one floater if its number is odd, in at most `limit` steps.
    fn pair_bracket(&mut self, round: &Round<'_>, bracket: &Bracket, limit: usize) -> Outlook {
        let inside = &self.free[bracket.start as usize..bracket.end as usize];
        let mut may_float = inside.iter().filter(|&&free| free).count() % 2 == 1;
        if !self.open_step(round, bracket) {
            return Outlook::Paired;
        }
        for _ in 0..limit {
            let Some(mut step) = self.steps.pop() else { return Outlook::Impossible };
            match step.chosen {
                Chosen::Place(lower) => self.free[lower as usize] = true,
                Chosen::Float => may_float = true,
                Chosen::Nobody => {}
            }
            step.chosen = self.next_choice(round, &mut step, bracket.end, may_float);
            match step.chosen {
                Chosen::Place(lower) => self.free[lower as usize] = false,
                Chosen::Float => may_float = false,
                Chosen::Nobody => {
                    self.free[step.upper as usize] = true;
                    if self.steps.len() == bracket.steps {
                        return Outlook::Impossible;
                    }
                    continue;
                }
            }
            self.steps.push(step);
            if !self.open_step(round, bracket) {
                return Outlook::Paired;
            }
        }
        self.undo(bracket.steps);
        Outlook::Unknown
    }

    /// Begins a step with the highest free place; there is none if all are paired.
    fn open_step(&mut self, round: &Round<'_>, bracket: &Bracket) -> bool {
        let before = self.steps[bracket.steps..].last().copied();
        let from = before.map_or(bracket.start, |step| step.upper + 1);
        let Some(upper) = (from..bracket.end).find(|&place| self.free[place as usize]) else { return false };
        let target = self.target(round, upper, before.as_ref());
        self.free[upper as usize] = false;
        self.steps.push(Step { upper, target, chosen: Chosen::Nobody, way: Way::Down(target) });
        true
    }

    /// The opponent that the preference names, or the end of the score group if nobody is left there.
    fn target(&self, round: &Round<'_>, upper: u32, before: Option<&Step>) -> u32 {
        let end = self.ends[upper as usize];
        let free_from = |from: u32| (from..end).filter(|&place| self.free[place as usize]);
        if round.preference != Preference::Fold {
            return free_from(upper + 1).next().unwrap_or(end);
        }
        // The middle of what is left moves on by one place a step, so that it need not be counted again.
        if let Some(before) = before
            && let Chosen::Place(lower) = before.chosen
            && self.ends[before.upper as usize] == end
            && lower < end
        {
            let from = if lower < before.target { before.target + 1 } else { before.target };
            return free_from(from.max(upper + 1)).next().unwrap_or(end);
        }
        let others = free_from(upper + 1).count();
        if others == 0 { end } else { free_from(upper + 1).nth(others.div_ceil(2) - 1).unwrap_or(end) }
    }

    /// The next opponent on the way of a step, `Nobody` at its end.
    fn next_choice(&self, round: &Round<'_>, step: &mut Step, end: u32, may_float: bool) -> Chosen {
        let upper = step.upper;
        let possible = |&place: &u32| self.free[place as usize] && !round.met(upper, place);
        let group_end = self.ends[upper as usize];
        loop {
            match step.way {
                Way::Down(from) => {
                    if let Some(place) = (from..group_end).find(possible) {
                        step.way = Way::Down(place + 1);
                        return Chosen::Place(place);
                    }
                    step.way = Way::Up(step.target);
                }
                Way::Up(to) => {
                    if let Some(place) = (upper + 1..to).rev().find(possible) {
                        step.way = Way::Up(place);
                        return Chosen::Place(place);
                    }
                    step.way = Way::Below(group_end);
                }
                Way::Below(from) => {
                    if let Some(place) = (from..end).find(possible) {
                        step.way = Way::Below(place + 1);
                        return Chosen::Place(place);
                    }
                    step.way = Way::Float;
                }
                Way::Float => {
                    step.way = Way::End;
                    if may_float {
                        return Chosen::Float;
                    }
                }
                Way::End => return Chosen::Nobody,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a search makes of items with these points, of which some have met.
    fn search(points: &[u64], met: &[[u32; 2]], bye: Option<u32>) -> (Outlook, Vec<[u32; 2]>) {
        let order: Vec<u32> = (0..points.len() as u32).collect();
        let cards: Vec<Card> = points.iter().map(|&points| Card { points, ..Card::default() }).collect();
        let mut table = Met::default();
        table.reset(points.len());
        for &[a, b] in met {
            table.insert(a, b);
        }
        let round = Round { order: &order, cards: &cards, met: &table, preference: Preference::Fold };
        let (mut search, mut pairs) = (Search::default(), Vec::new());
        let outlook = search.pair(&round, bye);
        search.pairs(&mut pairs);
        pairs.sort_unstable();
        (outlook, pairs)
    }

    #[test]
    fn the_last_of_an_odd_group_floats_to_the_top_of_the_next() {
        let (_, pairs) = search(&[2, 2, 2, 1, 1, 1], &[], None);
        assert_eq!(pairs, [[0, 1], [2, 3], [4, 5]]);
        let (_, pairs) = search(&[2, 2, 2, 1, 1, 1, 0, 0], &[[2, 3]], None);
        assert_eq!(pairs, [[0, 1], [2, 4], [3, 5], [6, 7]]);
        let (_, pairs) = search(&[1, 1, 1, 0, 0, 0, 0], &[], Some(6));
        assert_eq!(pairs, [[0, 1], [2, 3], [4, 5]]);
    }

    #[test]
    fn a_group_who_met_is_merged_with_the_next_and_the_last_with_the_one_before() {
        let (_, pairs) = search(&[2, 2, 1, 1, 1, 1], &[[0, 1]], None);
        assert_eq!(pairs, [[0, 2], [1, 3], [4, 5]]);
        let (_, pairs) = search(&[2, 2, 1, 1, 0, 0], &[[4, 5]], None);
        assert_eq!(pairs, [[0, 1], [2, 4], [3, 5]]);
        let (_, pairs) = search(&[3, 2, 1, 0], &[[0, 1], [2, 3], [0, 2]], None);
        assert_eq!(pairs, [[0, 3], [1, 2]]);
    }

    #[test]
    fn a_step_that_leads_nowhere_is_taken_back() {
        // The fold is 0–3, 1–4, 2–5, of whom 2 and 5 have met; then 1–5 and 2–4.
        let (_, pairs) = search(&[1; 6], &[[2, 5]], None);
        assert_eq!(pairs, [[0, 3], [1, 5], [2, 4]]);
    }

    #[test]
    fn a_round_that_has_no_pairing_without_rematch_is_known_to() {
        assert_eq!(search(&[1; 4], &[[0, 1], [0, 2], [0, 3]], None).0, Outlook::Impossible);
        // Two threesomes in which nobody has met.
        let across: Vec<[u32; 2]> = (0..3).flat_map(|a| (3..6).map(move |b| [a, b])).collect();
        assert_eq!(search(&[2, 2, 2, 1, 1, 1], &across, None).0, Outlook::Impossible);
    }

    #[test]
    fn who_met_is_known_of_more_items_than_a_word_has_bits() {
        let mut met = Met::default();
        met.reset(130);
        met.insert(1, 128);
        assert!(met.contains(1, 128) && met.contains(128, 1) && !met.contains(1, 64) && !met.contains(0, 128));
        met.reset(3);
        assert!(!met.contains(1, 2));
    }
}
