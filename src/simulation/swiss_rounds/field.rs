//! The field of one tournament, and the loop that plays it: the hot path of the simulation.
//!
//! Members lie in one row for each number of points, so that a bucket is a row and nothing is ever
//! sorted. A round goes through the rows from the most points down: of each pair the winner is put
//! at the end of the row above, which was played before, and the loser moves to the front of its
//! own. A bit for each row says whether it is worth a visit, since most rows of a late round hold
//! one member or none. No step allocates. Every row has a place for every model, 8 bytes each: beyond some
//! megabytes (2,000 models in 500 rounds) memory, and no longer the processor, sets the pace.

#![expect(clippy::inline_always, reason = "a call for each meeting would cost as much as the meeting")]

use super::draws::Draws;
use super::rules::{HALVES, Rules, Shortfall};
use super::tensor::{Level, WinTensor, Worth};

/// The most models and rounds: their numbers take 16 bits.
pub(super) const MOST: usize = u16::MAX as usize;

/// A model in a tournament, packed so that one addition notes a meeting: from the lowest bit, 16
/// bits for the model, 32 for the points of its opponents when they met, 16 for the meetings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Member(u64);

impl Member {
    fn new(model: usize) -> Self {
        Self(model as u64)
    }

    #[inline(always)]
    pub(super) fn model(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }

    /// What a meeting adds to both when each has this many points.
    fn meeting(points: usize) -> u64 {
        ((points as u64) << 16) | (1 << 48)
    }

    #[inline(always)]
    fn after(self, meeting: u64) -> Self {
        Self(self.0 + meeting)
    }

    /// Points of opponents, summed over meetings.
    pub(super) fn opponents_points(self) -> u64 {
        (self.0 >> 16) & 0xFFFF_FFFF
    }

    pub(super) fn meetings(self) -> u64 {
        self.0 >> 48
    }
}

/// A model that has left the tournament.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    pub(super) member: Member,
    pub(super) points: usize,
    pub(super) round: usize,
}

/// Who gets what from a meeting.
trait Referee {
    fn verdict(&self, first: usize, second: usize, draws: &mut Draws) -> Verdict;
}

/// What came of a meeting. Nearly always one takes the point, and which one nobody can foresee: that
/// is a number to calculate with, and only the rest is a branch.
struct Verdict {
    first_wins: bool,
    /// Half points to both, where it is not one point for the winner.
    shared: Option<[u32; 2]>,
}

impl Verdict {
    #[inline(always)]
    fn decided(first_wins: bool) -> Self {
        Self { first_wins, shared: None }
    }

    #[inline(always)]
    fn of_halves(halves: [u32; 2]) -> Self {
        let decided = halves[0] + halves[1] == HALVES && halves[0] != halves[1];
        Self { first_wins: halves[0] > halves[1], shared: (!decided).then_some(halves) }
    }
}

struct ByOrder<'a>(&'a [u32]);
struct ByLevel<'a>(&'a [Level]);
struct ByPair<'a>(&'a [u8], usize);
struct ByChance<'a>(&'a [f64]);
struct ByPairChance<'a>(&'a [f64], usize);

impl Referee for ByOrder<'_> {
    #[inline(always)]
    fn verdict(&self, first: usize, second: usize, _draws: &mut Draws) -> Verdict {
        Verdict::decided(self.0[first] > self.0[second])
    }
}

impl Referee for ByLevel<'_> {
    #[inline(always)]
    fn verdict(&self, first: usize, second: usize, _draws: &mut Draws) -> Verdict {
        let (first, second) = (self.0[first], self.0[second]);
        if first.floor == second.floor {
            return Verdict::of_halves([first.against(second), second.against(first)]);
        }
        Verdict::decided(first.floor > second.floor)
    }
}

impl Referee for ByPair<'_> {
    #[inline(always)]
    fn verdict(&self, first: usize, second: usize, _draws: &mut Draws) -> Verdict {
        Verdict::of_halves([self.0[first * self.1 + second].into(), self.0[second * self.1 + first].into()])
    }
}

impl Referee for ByChance<'_> {
    #[inline(always)]
    fn verdict(&self, first: usize, second: usize, draws: &mut Draws) -> Verdict {
        Verdict::of_halves([first, second].map(|model| HALVES * u32::from(draws.chance(self.0[model]))))
    }
}

impl Referee for ByPairChance<'_> {
    #[inline(always)]
    fn verdict(&self, first: usize, second: usize, draws: &mut Draws) -> Verdict {
        Verdict::decided(draws.chance(self.0[first * self.1 + second]))
    }
}

/// The field of one tournament after another.
#[derive(Debug)]
pub(super) struct Field<'a> {
    tensor: &'a WinTensor,
    /// How many rows a point is: one, or two where half points are given.
    steps: usize,
    /// One row for each number of points, of `capacity` places.
    rows: Vec<Member>,
    capacity: usize,
    counts: Vec<u32>,
    /// A bit for each row: whether a round can change it.
    worth_a_visit: Vec<u64>,
    /// No member has fewer points.
    lowest: usize,
    active: usize,
    gone: Vec<Gone>,
}

impl<'a> Field<'a> {
    /// A field for tournaments of up to `rounds` rounds.
    pub(super) fn new(tensor: &'a WinTensor, rounds: usize, rules: &Rules) -> Self {
        let steps = steps(tensor, rules);
        let capacity = tensor.models();
        let rows = rounds * steps + 1;
        Self {
            tensor,
            steps,
            rows: vec![Member::default(); rows * capacity],
            capacity,
            counts: vec![0; rows],
            worth_a_visit: vec![0; rows.div_ceil(64)],
            lowest: 0,
            active: 0,
            gone: Vec::with_capacity(tensor.models()),
        }
    }

    /// How many half points a row is apart from the next.
    pub(super) fn halves_per_unit(&self) -> usize {
        HALVES as usize / self.steps
    }

    /// The half points of each model after a tournament.
    pub(super) fn halves(&self, halves: &mut [u32]) {
        let unit = self.halves_per_unit();
        for (points, members) in self.active() {
            for member in members {
                halves[member.model()] = (points * unit) as u32;
            }
        }
        for gone in &self.gone {
            halves[gone.member.model()] = (gone.points * unit) as u32;
        }
    }

    /// Plays one tournament: round k on benchmark `schedule[k]`.
    ///
    /// O(models × rounds) time, one random number a meeting.
    pub(super) fn play(&mut self, schedule: &[usize], rules: &Rules, draws: &mut Draws) {
        self.start();
        for (round, (&benchmark, &eliminated)) in schedule.iter().zip(&rules.eliminate).enumerate() {
            if self.active == 0 {
                return;
            }
            if self.steps == 1 {
                self.round::<2>(benchmark, rules, draws);
            } else {
                self.round::<3>(benchmark, rules, draws);
            }
            if eliminated > 0 {
                self.eliminate(eliminated, rules.shortfall, benchmark, round, draws);
            }
        }
    }

    fn start(&mut self) {
        let models = self.tensor.models();
        for (model, member) in self.rows[..models].iter_mut().enumerate() {
            *member = Member::new(model);
        }
        self.counts.fill(0);
        self.counts[0] = models as u32;
        self.worth_a_visit.fill(0);
        self.worth_a_visit[0] = 1;
        self.gone.clear();
        (self.lowest, self.active) = (0, models);
    }

    /// Plays all buckets on one benchmark. `REACH` is how many rows a meeting can lead to.
    fn round<const REACH: usize>(&mut self, benchmark: usize, rules: &Rules, draws: &mut Draws) {
        let bye = rules.bye.halves() as usize * self.steps / HALVES as usize;
        let models = self.tensor.models();
        match self.tensor.worth(benchmark) {
            Worth::Order(order) => self.buckets::<REACH, _>(&ByOrder(order), benchmark, bye, draws),
            Worth::Levels(levels) => self.buckets::<REACH, _>(&ByLevel(levels), benchmark, bye, draws),
            Worth::Pairs(halves) => self.buckets::<REACH, _>(&ByPair(halves, models), benchmark, bye, draws),
            Worth::Chances(chances) => self.buckets::<REACH, _>(&ByChance(chances), benchmark, bye, draws),
            Worth::PairChances(chances) => {
                self.buckets::<REACH, _>(&ByPairChance(chances, models), benchmark, bye, draws);
            }
        }
    }

    // On its own, so that what it works with stays in registers.
    #[inline(never)]
    fn buckets<const REACH: usize, R: Referee>(
        &mut self,
        referee: &R,
        benchmark: usize,
        bye: usize,
        draws: &mut Draws,
    ) {
        let has_absent = self.tensor.has_absent(benchmark);
        let least = if bye > 0 { 1 } else { 2 };
        for word in (0..self.worth_a_visit.len()).rev() {
            // Rows above are done: what is put there is for the next round.
            let mut rows = std::mem::take(&mut self.worth_a_visit[word]);
            let mut next_round = 0;
            while rows != 0 {
                let bit = 63 - rows.leading_zeros() as usize;
                rows ^= 1 << bit;
                let row = 64 * word + bit;
                let absent = if has_absent { self.absent_first(row, benchmark) } else { 0 };
                let counts = self.bucket::<REACH, R>(referee, row, absent, bye, draws);
                let mut worth = 0;
                for (above, count) in counts.into_iter().enumerate() {
                    worth |= u64::from(count >= least) << above;
                }
                next_round |= worth << bit;
                if bit + REACH > 64 {
                    self.worth_a_visit[word + 1] |= worth >> (64 - bit);
                }
            }
            self.worth_a_visit[word] |= next_round;
        }
    }

    /// Pairs the members of a row behind the first `absent` at random, and moves all to where they
    /// belong after the round; how many are then in each row from this one up.
    ///
    /// The first unpaired member draws its opponent among the others, and where they are odd the
    /// bye too: that makes all pairings equally likely, with one draw a pair.
    #[inline(always)]
    fn bucket<const REACH: usize, R: Referee>(
        &mut self,
        referee: &R,
        row: usize,
        absent: usize,
        bye: usize,
        draws: &mut Draws,
    ) -> [usize; REACH] {
        let capacity = self.capacity;
        let meeting = Member::meeting(row);
        let counts = &mut self.counts[row..][..REACH];
        let rows = &mut self.rows[row * capacity..][..REACH * capacity];
        let count = counts[0] as usize;
        let mut ends = Ends::<REACH>::new(capacity, absent, counts);
        let mut next = absent;
        while next < count {
            let other = next + 1 + draws.below(((count - next - 1) | 1) as u32);
            let first = rows[next];
            if other == count {
                rows[ends.place(bye)] = first;
                next += 1;
                continue;
            }
            let second = rows[other];
            rows[other] = rows[next + 1];
            next += 2;
            let verdict = referee.verdict(first.model(), second.model(), draws);
            let (first, second) = (first.after(meeting), second.after(meeting));
            if let Some(halves) = verdict.shared {
                let gained = halves.map(|halves| halves as usize * (REACH - 1) / HALVES as usize);
                rows[ends.place(gained[0])] = first;
                rows[ends.place(gained[1])] = second;
            } else {
                let (winner, loser) = if verdict.first_wins { (first, second) } else { (second, first) };
                rows[ends.place(REACH - 1)] = winner;
                rows[ends.place(0)] = loser;
            }
        }
        let ends = ends.counts(capacity);
        for (count, end) in counts.iter_mut().zip(ends) {
            *count = end as u32;
        }
        ends
    }

    /// Moves the members of a row that sit the round out to its front; how many they are.
    #[inline(never)]
    fn absent_first(&mut self, row: usize, benchmark: usize) -> usize {
        let members = &mut self.rows[row * self.capacity..][..self.counts[row] as usize];
        let mut absent = 0;
        for at in 0..members.len() {
            if self.tensor.sits_out(benchmark, members[at].model()) {
                members.swap(at, absent);
                absent += 1;
            }
        }
        absent
    }

    /// Takes `number` members out of the lowest bucket of those who took part in the round.
    fn eliminate(&mut self, number: u32, shortfall: Shortfall, benchmark: usize, round: usize, draws: &mut Draws) {
        while self.lowest < self.counts.len() && self.counts[self.lowest] == 0 {
            self.lowest += 1;
        }
        let mut left = number as usize;
        for row in self.lowest..self.counts.len() {
            if left == 0 || self.active == 0 {
                return;
            }
            let absent = if self.tensor.has_absent(benchmark) { self.absent_first(row, benchmark) } else { 0 };
            let present = self.counts[row] as usize - absent;
            if present == 0 {
                continue;
            }
            let most = if shortfall == Shortfall::KeepLast { present.min(self.active - 1) } else { present };
            let taken = left.min(most);
            self.take(row, absent, taken, round, draws);
            left -= taken;
            if shortfall != Shortfall::Cascade {
                return;
            }
        }
    }

    /// Takes members of a row behind the first `absent` out of the tournament, each equally likely.
    fn take(&mut self, row: usize, absent: usize, number: usize, round: usize, draws: &mut Draws) {
        let start = row * self.capacity;
        for _ in 0..number {
            let count = self.counts[row] as usize;
            let chosen = start + absent + draws.below((count - absent) as u32);
            self.gone.push(Gone { member: self.rows[chosen], points: row, round });
            self.rows[chosen] = self.rows[start + count - 1];
            self.counts[row] -= 1;
        }
        self.active -= number;
    }

    /// Those who were eliminated.
    pub(super) fn gone(&self) -> &[Gone] {
        &self.gone
    }

    /// Those who were not, and their points, the most points first.
    pub(super) fn active(&self) -> impl Iterator<Item = (usize, &[Member])> {
        let row = |points: usize| (points, &self.rows[points * self.capacity..][..self.counts[points] as usize]);
        (self.lowest..self.counts.len()).rev().map(row).filter(|(_, members)| !members.is_empty())
    }
}

/// Where the next member goes in each row that a meeting can lead to.
struct Ends<const REACH: usize>([usize; REACH]);

impl<const REACH: usize> Ends<REACH> {
    /// The row itself is filled from `kept` on, the ones above behind what they hold.
    #[inline(always)]
    fn new(capacity: usize, kept: usize, counts: &[u32]) -> Self {
        let mut ends = [kept; REACH];
        for above in 1..REACH {
            ends[above] = above * capacity + counts[above] as usize;
        }
        Self(ends)
    }

    /// How many members each row has then.
    #[inline(always)]
    fn counts(self, capacity: usize) -> [usize; REACH] {
        let mut counts = self.0;
        for (above, count) in counts.iter_mut().enumerate() {
            *count -= above * capacity;
        }
        counts
    }

    /// The place for a member that gains this many rows; without a branch, since no processor can
    /// foresee who wins.
    #[inline(always)]
    fn place(&mut self, gained: usize) -> usize {
        let mut place = self.0[0];
        for above in 1..REACH {
            place = if gained == above { self.0[above] } else { place };
        }
        for (above, end) in self.0.iter_mut().enumerate() {
            *end += usize::from(gained == above);
        }
        place
    }
}

/// How many rows a point must be for every gain to be whole.
fn steps(tensor: &WinTensor, rules: &Rules) -> usize {
    if tensor.gives_half_points() || !rules.bye.halves().is_multiple_of(HALVES) { HALVES as usize } else { 1 }
}
