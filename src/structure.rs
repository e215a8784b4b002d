//! Questions to a preference graph that need no rating: what is connected to what, and therefore
//! which differences the data can answer at all.

pub mod cycles;
pub mod dominance;
pub mod ensemble;
pub mod feedback_arcs;
pub mod hodge;
pub mod resistance;
pub mod triads;

use std::borrow::Cow;

use petgraph::algo::{connected_components, find_negative_cycle, kosaraju_scc};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use crate::data::ItemId;
use crate::data::graph::{PreferenceGraph, Record};

/// What a log can answer about the differences between its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every difference has a finite maximum likelihood estimate.
    Identified,
    /// All items are connected, but some differences are infinite: some items only ever won or
    /// only ever lost against the rest.
    PartiallyIdentified,
    /// Some items never met, not even through others: they can't be compared.
    Disconnected,
}

/// Components of a preference graph.
///
/// # Source
/// The maximum likelihood estimate exists, and is unique up to a shift, exactly where the graph of
/// wins is strongly connected (Zermelo 1929; Ford 1957).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connectivity {
    /// The number of weak components: groups of items that are connected at all.
    pub components: usize,
    /// The strong components, each sorted by id. Where one can beat another and not be beaten
    /// back, it stands first.
    pub strong_components: Vec<Vec<ItemId>>,
}

impl Connectivity {
    /// Weak and strong components of a graph of wins. O(items + arcs).
    pub fn of(wins: &DiGraph<ItemId, f64>) -> Self {
        // Not Tarjan's algorithm, which petgraph writes as a recursion: as deep as a long circle of items.
        let mut strong: Vec<Vec<ItemId>> = kosaraju_scc(wins)
            .into_iter()
            .map(|component| {
                let mut ids: Vec<ItemId> = component.into_iter().map(|node| wins[node]).collect();
                ids.sort_unstable();
                ids
            })
            .collect();
        // Its order is bottom up.
        strong.reverse();
        Self { components: connected_components(wins), strong_components: strong }
    }

    /// What these components let the data answer.
    pub fn status(&self) -> Status {
        match (self.components, self.strong_components.len()) {
            (0 | 1, 0 | 1) => Status::Identified,
            (0 | 1, _) => Status::PartiallyIdentified,
            _ => Status::Disconnected,
        }
    }

    /// The strong component with the most items, if it has two or more; of equal ones the one that
    /// holds the item seen first.
    pub fn largest_strong_component(&self) -> Option<&[ItemId]> {
        let several = self.strong_components.iter().filter(|component| component.len() > 1);
        several.min_by_key(|component| (std::cmp::Reverse(component.len()), component[0])).map(Vec::as_slice)
    }
}

/// Which items' ratings the data identify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identification {
    /// The verdict on the whole graph.
    pub status: Status,
    /// The items whose differences have finite estimates, sorted by id: all of them, those of the
    /// largest strong component of a connected graph, or none.
    pub members: Vec<ItemId>,
    /// The number of weak components.
    pub components: usize,
    /// The number of strong components.
    pub strong_components: usize,
    /// Whether a free tie parameter lets all ratings spread together without bound.
    pub ties_unbounded: bool,
}

impl Identification {
    /// Ties as half a win for both sides, or no ties at all: strong connection is what counts.
    pub fn by_strong_connection(graph: &PreferenceGraph) -> Self {
        let n = graph.items().len();
        if reciprocally_connected(graph) {
            return Self {
                status: Status::Identified,
                members: all(n),
                components: 1,
                strong_components: 1,
                ties_unbounded: false,
            };
        }
        Self::from_connectivity(&Connectivity::of(graph.wins()), n)
    }

    /// Ties as an outcome of their own with a free tie parameter: strong connection with ties as
    /// arcs both ways is needed, and not enough.
    ///
    /// # Source
    /// A direction (r, t) along which the likelihood never falls is one with `r_i − r_j ≥ 2t` for
    /// each win of i over j and `|r_i − r_j| ≤ 2t` for each tie. Strong connection excludes t = 0;
    /// for t > 0 this is a system of difference constraints, and it has no solution exactly where
    /// some cycle has more wins than ties. The parameter is shared by all pairs, so one such cycle
    /// anywhere holds it for all strong components.
    pub fn with_tie_parameter(graph: &PreferenceGraph) -> Self {
        let mut found = Self::by_strong_connection(graph);
        if !found.members.is_empty() && graph.tied_weight() > 0.0 && !has_cycle_of_wins(graph) {
            found.status = Status::PartiallyIdentified;
            found.members.clear();
            found.ties_unbounded = true;
        }
        found
    }

    /// All items count as identified where the graph is connected, none where it is not: for
    /// raters that need a path between items and no more.
    pub fn by_connection(graph: &PreferenceGraph) -> Self {
        let mut found = Self::by_strong_connection(graph);
        found.members = if found.status == Status::Disconnected { Vec::new() } else { all(graph.items().len()) };
        found
    }

    /// Leaves of the members those that are among `held`, sorted by id: for fits in which more than wins has to be
    /// told.
    pub(crate) fn hold(&mut self, held: &[ItemId]) {
        let before = self.members.len();
        self.members.retain(|member| held.binary_search(member).is_ok());
        if self.members.len() < before && self.status == Status::Identified {
            self.status = Status::PartiallyIdentified;
        }
    }

    /// All items count as identified: for raters whose numbers stand alone, like a win rate.
    pub fn unconditional(graph: &PreferenceGraph) -> Self {
        Self { members: all(graph.items().len()), ..Self::by_strong_connection(graph) }
    }

    /// All items are identified, because ballots are counted and not the comparisons that they come to.
    pub fn by_ballots(graph: &PreferenceGraph) -> Self {
        Self { status: Status::Identified, ..Self::unconditional(graph) }
    }

    fn from_connectivity(found: &Connectivity, items: usize) -> Self {
        let status = found.status();
        let members = match status {
            Status::Identified => all(items),
            Status::PartiallyIdentified => found.largest_strong_component().unwrap_or_default().to_vec(),
            Status::Disconnected => Vec::new(),
        };
        Self {
            status,
            members,
            components: found.components,
            strong_components: found.strong_components.len(),
            ties_unbounded: false,
        }
    }

    /// What is wrong with `graph`, as a note for the reader of a board that names the items concerned;
    /// nothing where all is identified.
    pub fn notes(&self, graph: &PreferenceGraph) -> Vec<Note> {
        let items = graph.items().len();
        match self.status {
            Status::Identified => Vec::new(),
            // A method that needs connection and no more.
            Status::PartiallyIdentified if self.members.len() == items => Vec::new(),
            Status::PartiallyIdentified if self.ties_unbounded => {
                let message = "no finite estimate exists: the ties leave all ratings free to spread together";
                vec![Note::new("not-identified", message)]
            }
            Status::PartiallyIdentified => {
                let flags = self.flags(items);
                let others: Vec<ItemId> = all(items).into_iter().filter(|item| !flags[item.index()]).collect();
                let records = graph.records();
                let why = |item: ItemId| match records[item.index()] {
                    Record { wins, losses, ties } if losses + ties <= 0.0 && wins > 0.0 => " (never lost)",
                    Record { wins, losses, ties } if wins + ties <= 0.0 && losses > 0.0 => " (never won)",
                    _ => "",
                };
                let names = graph.items().listed(&others, why);
                let message = format!(
                    "no finite estimate for {} of {items} items, which only won or only lost against the rest: {names}",
                    others.len()
                );
                vec![Note::new("not-identified", message)]
            }
            Status::Disconnected => {
                let others = outside_largest_component(graph);
                let names = graph.items().listed(&others, |_| "");
                let message = format!(
                    "{} groups of items never met, so no rating can be compared across them; outside the largest group are {} of {items} items: {names}; without their rows the rest can be rated",
                    self.components,
                    others.len()
                );
                vec![Note::new("disconnected", message)]
            }
        }
    }

    /// The [`notes`](Self::notes), each with what holds ratings that are not identified, such as a penalty.
    pub fn notes_held_by(&self, graph: &PreferenceGraph, what: &str) -> Vec<Note> {
        let mut notes = self.notes(graph);
        for note in &mut notes {
            note.message.push_str("; ");
            note.message.push_str(what);
        }
        notes
    }

    /// For each item whether its rating is identified.
    pub fn flags(&self, items: usize) -> Vec<bool> {
        let mut flags = vec![false; items];
        for member in &self.members {
            flags[member.index()] = true;
        }
        flags
    }
}

/// The weak components of a graph: the groups of items that comparisons connect, each sorted by id, the
/// group of the item seen first first. O(items + pairs).
pub fn weak_components(graph: &PreferenceGraph) -> Vec<Vec<ItemId>> {
    let mut groups = UnionFind::<u32>::new(graph.items().len());
    for pair in graph.pairs() {
        groups.union(pair.low.0, pair.high.0);
    }
    let mut components: Vec<Vec<ItemId>> = Vec::new();
    let mut component_of = vec![None; graph.items().len()];
    for (item, label) in groups.into_labeling().into_iter().enumerate() {
        let component = *component_of[label as usize].get_or_insert_with(|| {
            components.push(Vec::new());
            components.len() - 1
        });
        components[component].push(ItemId(item as u32));
    }
    components
}

/// The items that are not in the weak component with the most items.
fn outside_largest_component(graph: &PreferenceGraph) -> Vec<ItemId> {
    let components = weak_components(graph);
    let largest = (0..components.len()).rev().max_by_key(|&component| components[component].len());
    let others = components.into_iter().enumerate().filter(|(component, _)| Some(*component) != largest);
    let mut outside: Vec<ItemId> = others.flat_map(|(_, items)| items).collect();
    outside.sort_unstable();
    outside
}

fn all(items: usize) -> Vec<ItemId> {
    (0..items as u32).map(ItemId).collect()
}

/// Whether the pairs in which both sides took points connect all items: enough for strong
/// connection, and far cheaper to see than components are. True of nearly every real log.
fn reciprocally_connected(graph: &PreferenceGraph) -> bool {
    let mut groups = UnionFind::<u32>::new(graph.items().len());
    let mut left = graph.items().len();
    let (pairs, cells, sums) = (graph.pairs(), graph.cells(), graph.sums());
    let mut start = 0;
    while start < cells.len() && left > 1 {
        let pair = cells[start].pair;
        let (mut low, mut high) = (false, false);
        while start < cells.len() && cells[start].pair == pair {
            if sums[start].weight > 0.0 {
                low |= cells[start].share > 0.0;
                high |= cells[start].share < 1.0;
            }
            start += 1;
        }
        let Some(met) = pairs.get(pair as usize) else { break };
        if low && high && groups.union(met.low.0, met.high.0) {
            left -= 1;
        }
    }
    left <= 1
}

/// Whether some cycle has more wins than ties, each tie being an arc both ways.
fn has_cycle_of_wins(graph: &PreferenceGraph) -> bool {
    let decisive = graph.decisive();
    if Connectivity::of(decisive.wins()).largest_strong_component().is_some() {
        return true;
    }
    let mut costs: DiGraph<(), f64> = DiGraph::with_capacity(graph.items().len(), 2 * graph.pairs().len());
    for _ in 0..graph.items().len() {
        costs.add_node(());
    }
    for arc in decisive.wins().edge_references() {
        costs.add_edge(arc.source(), arc.target(), -1.0);
    }
    for (cell, sum) in graph.cells().iter().zip(graph.sums()) {
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        if cell.share == 0.5 && sum.weight > 0.0 {
            let pair = graph.pairs()[cell.pair as usize];
            let (low, high) = (NodeIndex::new(pair.low.index()), NodeIndex::new(pair.high.index()));
            costs.add_edge(low, high, 1.0);
            costs.add_edge(high, low, 1.0);
        }
    }
    // A cycle lies within one strong component, so one start in each finds it.
    let several = Connectivity::of(graph.wins()).strong_components.into_iter().filter(|component| component.len() > 1);
    several
        .map(|component| NodeIndex::new(component[0].index()))
        .any(|start| find_negative_cycle(&costs, start).is_some())
}

/// A thing about a result that its reader must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A stable name for programs.
    pub code: Cow<'static, str>,
    /// A sentence for people.
    pub message: String,
}

impl Note {
    /// A note of this code and message.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, Outcome};

    fn graph(items: usize, rows: &[(u32, u32, Outcome)]) -> PreferenceGraph {
        let mut tally = Tally::new((0..items).map(|i| i.to_string()).collect());
        for &(left, right, outcome) in rows {
            tally.add(Comparison::new(ItemId(left), ItemId(right), outcome));
        }
        PreferenceGraph::from_tally(tally)
    }

    fn ids(items: &[u32]) -> Vec<ItemId> {
        items.iter().copied().map(ItemId).collect()
    }

    use Outcome::{Left, Tie};

    #[test]
    fn a_cycle_is_identified_without_any_pair_going_both_ways() {
        let found = Identification::by_strong_connection(&graph(3, &[(0, 1, Left), (1, 2, Left), (2, 0, Left)]));
        assert_eq!(found.status, Status::Identified);
        assert_eq!(found.members, ids(&[0, 1, 2]));
    }

    #[test]
    fn strong_components_come_from_the_top_down() {
        let rows = [(2, 3, Left), (3, 2, Left), (0, 1, Left), (1, 0, Left), (2, 0, Left), (4, 2, Left)];
        let found = Connectivity::of(graph(5, &rows).wins());
        assert_eq!(found.strong_components, [ids(&[4]), ids(&[2, 3]), ids(&[0, 1])]);
        assert_eq!(found.largest_strong_component(), Some(&ids(&[0, 1])[..]));
        assert_eq!(found.status(), Status::PartiallyIdentified);
    }

    #[test]
    fn items_that_never_met_are_not_identified() {
        let found = Identification::by_strong_connection(&graph(4, &[(0, 1, Tie), (2, 3, Tie)]));
        assert_eq!((found.status, found.components), (Status::Disconnected, 2));
        assert!(found.members.is_empty());
    }

    #[test]
    fn ties_connect_half_wins_but_not_a_tie_parameter() {
        // The example of methods: a > b > c with ties between neighbours has no finite fit.
        let mut rows = vec![(0, 1, Left), (1, 2, Left), (0, 1, Tie), (1, 2, Tie)];
        let half = Identification::by_strong_connection(&graph(3, &rows));
        assert_eq!(half.status, Status::Identified);
        let free = Identification::with_tie_parameter(&graph(3, &rows));
        assert_eq!(free.status, Status::PartiallyIdentified);
        assert!(free.members.is_empty());
        // A cycle of two wins and one tie has more wins than ties.
        let cycle = [(0, 1, Left), (1, 2, Left), (2, 0, Tie)];
        assert_eq!(Identification::with_tie_parameter(&graph(3, &cycle)).status, Status::Identified);
        // An item below all three does not hold their differences either.
        rows.extend([(0, 3, Left), (1, 3, Left), (2, 3, Left)]);
        let below = Identification::with_tie_parameter(&graph(4, &rows));
        assert_eq!(below.status, Status::PartiallyIdentified);
        assert!(below.members.is_empty());
    }

    #[test]
    fn an_empty_graph_has_no_components() {
        let found = Connectivity::of(graph(0, &[]).wins());
        assert_eq!((found.components, found.status()), (0, Status::Identified));
    }
}
