//! The cases of the preference vectors on cycles: `HodgeRank` and general preference embeddings, each
//! at its own tolerance.

use palio::data::ItemId;
use palio::structure::hodge::{Flow, FlowEdge};
use serde_json::Value;

use crate::Check;
use crate::close::numbers;
use crate::preference::{Case, each};

pub(crate) const CHECKS: &[(&str, Check)] = &[("hodge", |shared| each(shared, "hodge", hodge))];

/// The vectors' pairs in their order; ours are sorted.
fn hodge(case: &Case<'_>) {
    let edges: Vec<[u32; 2]> = serde_json::from_value(case.input["edges"].clone()).unwrap();
    let values = numbers(&case.input["Y"]).into_iter().zip(numbers(&case.input["w"]));
    let given = edges.iter().zip(values).map(|(&[from, to], (value, weight))| FlowEdge {
        from: ItemId(from),
        to: ItemId(to),
        value,
        weight,
    });
    let flow = Flow::new(case.input["n"].as_u64().unwrap() as usize, given).unwrap();
    let found = flow.decompose();
    assert!(found.converged);
    let place = |&[low, high]: &[u32; 2]| {
        flow.pairs().iter().position(|pair| (pair.low.0, pair.high.0) == (low, high)).expect("the pair")
    };
    let in_their_order = |part: &[f64]| edges.iter().map(|edge| part[place(edge)]).collect::<Vec<_>>();
    case.holds("s", &found.potentials);
    case.holds("gradient", &in_their_order(&found.gradient));
    case.holds("curl", &in_their_order(&found.curl));
    case.holds("harmonic", &in_their_order(&found.harmonic));
    let curls = flow.curls();
    let triangles: Vec<[u32; 3]> = curls.iter().map(|curl| curl.items.map(|item| item.0)).collect();
    assert_eq!(serde_json::to_value(&triangles).unwrap(), case.expected["triangles"]);
    let expected = case.expected["triangle_curl"].as_array().unwrap();
    assert_eq!(curls.len(), expected.len());
    if !curls.is_empty() {
        case.holds("triangle_curl", &curls.iter().map(|curl| curl.curl).collect::<Vec<_>>());
    }
    let norm = |name: &str| case.expected["norms"][name].as_f64().unwrap();
    let norms = found.norms;
    let parts = [norms.total, norms.gradient, norms.curl, norms.harmonic];
    crate::close::assert_close("norms", &parts, &["total", "gradient", "curl", "harmonic"].map(norm), case.tolerance);
    let dimension = |name: &str| case.expected["dim"][name].as_u64().map(|dimension| dimension as usize);
    assert_eq!(Some(found.dimensions.pairs), dimension("edges"));
    assert_eq!(Some(found.dimensions.gradient), dimension("gradient"));
    assert_eq!(found.dimensions.curl, dimension("curl"));
    assert_ne!(case.expected["dim"], Value::Null);
}
