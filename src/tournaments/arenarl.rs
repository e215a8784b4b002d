//! Formats as in the published code of `ArenaRL` (arXiv 2601.06487; qqr 8653a9a), match by match, so
//! that the paper can be reproduced.
//!
//! They differ from the standard formats where N is not a power of two and where matches are tied: the
//! left item of a tied match goes on. Numbers of matches are in the order in which the code calls its
//! judge, but what does not depend on each other may be played at the same time. Shuffles are those of
//! the [`Draw`](super::Draw), and none under [`Draw::AsGiven`](super::Draw::AsGiven).
//!
//! One fault is not rebuilt: the Swiss tournament there shuffles the list of players in place and
//! credits points by place in that list, so that they go to anyone.

mod swiss;

pub use self::swiss::standing as swiss_standing;
pub(super) use self::swiss::swiss;

use super::bracket::{Elimination, Feed, Form, Graph, Seeding, halvings, positions};
use super::{Field, Rules, Stage, Topology};
use crate::settings::{Settings, SettingsError};

/// Refuses a setting that is given and has another value than the published code knows.
pub(super) fn refuse_other(settings: &Settings, name: &str, only: &str) -> Result<(), SettingsError> {
    match settings.get(name) {
        Some(value) if value != only => Err(SettingsError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected: format!("{only} under rules=arenarl, whose code has nothing else"),
        }),
        _ => Ok(()),
    }
}

/// The seeded single elimination: empty places are taken out of the bracket before items are paired, so
/// that byes fall to whoever is last in the list.
pub(super) fn single_elimination() -> Box<dyn Topology> {
    Box::new(Elimination::new(Form::Fixed(single_elimination_form), Seeding::Anchor, Rules::ArenaRl))
}

fn single_elimination_form(items: u32, graph: &mut Graph) {
    let seeds = positions(1 << halvings(items)).into_iter().filter(|&seed| seed < items);
    let mut list: Vec<Feed> = seeds.map(Feed::Seed).collect();
    let mut round = 0;
    while list.len() > 1 {
        round += 1;
        let pairs: Vec<[Feed; 2]> = list.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        let bye = list.chunks_exact(2).remainder().first().copied();
        list = play(graph, Stage::Main, round, &pairs, bye).winners;
    }
}

/// The double elimination: pairs are drawn anew in each round of both brackets, who dropped waits for
/// the next round of the losers' bracket, and there is no reset.
pub(super) fn double_elimination() -> Box<dyn Topology> {
    Box::new(Elimination::new(Form::Drawn(double_elimination_form), Seeding::None, Rules::ArenaRl))
}

fn double_elimination_form(field: &Field, graph: &mut Graph) {
    let mut draws = 0;
    let mut draw_and_play = |graph: &mut Graph, stage, round, list: &[Feed]| {
        draws += 1;
        let mut order: Vec<u32> = (0..list.len() as u32).collect();
        field.draw.shuffle(draws, &mut order);
        let drawn: Vec<Feed> = order.into_iter().rev().map(|place| list[place as usize]).collect();
        let pairs: Vec<[Feed; 2]> = drawn.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        play(graph, stage, round, &pairs, drawn.chunks_exact(2).remainder().first().copied())
    };
    let mut unbeaten: Vec<Feed> = (0..field.items).map(Feed::Seed).collect();
    let mut drops = Vec::new();
    while unbeaten.len() > 1 {
        let went = draw_and_play(graph, Stage::Main, drops.len() as u32 + 1, &unbeaten);
        unbeaten = went.winners;
        drops.push(went.losers);
    }
    let (mut beaten_once, mut time) = (Vec::new(), 0);
    for (dropped, round) in drops.into_iter().zip(1..) {
        beaten_once.extend(dropped);
        time = time.max(round);
        if beaten_once.len() > 1 {
            time += 1;
            beaten_once = draw_and_play(graph, Stage::Losers, time, &beaten_once).winners;
        }
    }
    while beaten_once.len() > 1 {
        time += 1;
        beaten_once = draw_and_play(graph, Stage::Losers, time, &beaten_once).winners;
    }
    unbeaten.extend(beaten_once);
    draw_and_play(graph, Stage::GrandFinal, time + 1, &unbeaten);
}

/// The sequential rounds of a [`double_elimination`] of so many items. O(log N).
pub(super) fn double_elimination_rounds(items: u32) -> u32 {
    if items < 2 {
        return 0;
    }
    let (mut unbeaten, mut beaten_once, mut time) = (items, 0, 0);
    for round in 1..=halvings(items) {
        beaten_once += unbeaten / 2;
        unbeaten = unbeaten.div_ceil(2);
        time = time.max(round);
        if beaten_once > 1 {
            time += 1;
            beaten_once = beaten_once.div_ceil(2);
        }
    }
    time + halvings(beaten_once) + 1
}

/// Where those of a round go on.
struct Went {
    winners: Vec<Feed>,
    losers: Vec<Feed>,
}

/// A round of matches: who has the bye is the first of the winners.
fn play(graph: &mut Graph, stage: Stage, round: u32, pairs: &[[Feed; 2]], bye: Option<Feed>) -> Went {
    let mut winners: Vec<Feed> =
        bye.into_iter().map(|item| Feed::Winner(graph.add(stage, round, [item, Feed::Bye]))).collect();
    let nodes: Vec<u32> = pairs.iter().map(|&pair| graph.add(stage, round, pair)).collect();
    winners.extend(nodes.iter().copied().map(Feed::Winner));
    Went { winners, losers: nodes.into_iter().map(Feed::Loser).collect() }
}
