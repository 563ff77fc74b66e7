//! Where the steps of a route graph go: ranks from the top down by the longest
//! way from the start, routes that lead back in lanes at the right, one lane
//! for each target, as in the panel. Pure; draws nothing.

use std::collections::BTreeMap;

use fermata_ide::{Graph, GraphNode};

/// Height of a line of text and of the box around a name.
pub(super) const LINE: f64 = 16.0;
const BOX: f64 = 40.0;
/// Space between ranks, between neighbours, around everything, and between lanes.
pub(super) const RANKS: f64 = 56.0;
const NEIGHBOURS: f64 = 36.0;
pub(super) const MARGIN: f64 = 24.0;
const LANE: f64 = 26.0;
/// Width of a character, on average.
const CHARACTER: f64 = 7.6;
/// Rounds of ordering; the picture changes no more after a few.
const SWEEPS: usize = 8;

/// A box, by its centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// One route: its points from box to box, and whether it leads back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Way {
    /// Index into the graph's edges.
    pub(super) edge: usize,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) back: bool,
}

/// A graph with places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// Places by index of the graph's nodes; members of groups stand inside their group and have none.
    pub(super) places: BTreeMap<usize, Place>,
    pub(super) ways: Vec<Way>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What stands in a rank: a step, or a bend of a route that passes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Node(usize),
    Bend { edge: usize },
}

/// Width that a text takes, at most that of 34 characters.
pub(super) fn width(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count().min(34)).unwrap_or(34)) * CHARACTER
}

/// Width of what is written on a route, which is smaller than a name.
fn label(graph: &Graph, edge: usize) -> f64 {
    width(graph.edges[edge].label.as_deref().unwrap_or_default()) * 0.85
}

/// Places everything.
pub(super) fn layout(graph: &Graph) -> Layout {
    let shown: Vec<usize> = (0..graph.nodes.len())
        .filter(|node| !is_member(graph, &graph.nodes[*node]))
        .collect();
    let index = |name: &str| {
        shown
            .iter()
            .copied()
            .find(|node| graph.nodes[*node].id == name)
    };
    let edges: Vec<(usize, usize, usize)> = graph
        .edges
        .iter()
        .enumerate()
        .filter_map(|(at, edge)| Some((at, index(&edge.from)?, index(&edge.to)?)))
        .collect();
    let ranks = ranks(graph, &shown, &edges);
    let leads_back = |from: usize, to: usize| ranks[&to] <= ranks[&from];
    let forward: Vec<(usize, usize, usize)> = edges
        .iter()
        .copied()
        .filter(|(_, from, to)| !leads_back(*from, *to))
        .collect();
    let rows = ordered(rows(&shown, &ranks, &forward), &forward);
    let (mut places, bends, inner, height) = placed(graph, &rows, &forward);
    let mut ways: Vec<Way> = forward
        .iter()
        .map(|(edge, from, to)| Way {
            edge: *edge,
            points: through(&places[from], &bends, *edge, &places[to]),
            back: false,
        })
        .collect();
    let backward: Vec<(usize, usize, usize)> = edges
        .iter()
        .copied()
        .filter(|(_, from, to)| leads_back(*from, *to))
        .collect();
    let mut targets: Vec<usize> = backward.iter().map(|(_, _, to)| *to).collect();
    // The lowest target has the innermost lane, so that lanes do not cross.
    targets.sort_by_key(|node| std::cmp::Reverse(ranks[node]));
    targets.dedup();
    let mut x = inner;
    for target in targets {
        x += LANE;
        let mut text: f64 = 0.0;
        for (edge, from, to) in backward.iter().filter(|(_, _, to)| *to == target) {
            text = text.max(label(graph, *edge));
            ways.push(Way {
                edge: *edge,
                points: aside(&places[from], x, &places[to]),
                back: true,
            });
        }
        // What is written on a lane stands between it and the next.
        x += text;
    }
    let width = x + MARGIN;
    places.retain(|node, _| shown.contains(node));
    Layout {
        places,
        ways,
        width,
        height,
    }
}

fn is_member(graph: &Graph, node: &GraphNode) -> bool {
    graph
        .nodes
        .iter()
        .any(|group| group.id != node.id && group.members.contains(&node.id))
}

/// Ranks by the longest way; a route that the server marks, or that would go round, does not count.
fn ranks(
    graph: &Graph,
    shown: &[usize],
    edges: &[(usize, usize, usize)],
) -> BTreeMap<usize, usize> {
    let mut ranks: BTreeMap<usize, usize> = shown.iter().map(|node| (*node, 0)).collect();
    let down: Vec<&(usize, usize, usize)> = edges
        .iter()
        .filter(|(edge, from, to)| !graph.edges[*edge].back && from != to)
        .collect();
    // Without a round every way is found in as many passes as there are steps; with one, that is where it stops.
    for _ in 0..shown.len() {
        let before = ranks.clone();
        for (_, from, to) in &down {
            let next = (ranks[from] + 1).min(shown.len());
            if ranks[to] < next {
                ranks.insert(*to, next);
            }
        }
        if ranks == before {
            break;
        }
    }
    ranks
}

fn rows(
    shown: &[usize],
    ranks: &BTreeMap<usize, usize>,
    forward: &[(usize, usize, usize)],
) -> Vec<Vec<Slot>> {
    let last = ranks.values().copied().max().unwrap_or(0);
    let mut rows = vec![Vec::new(); last + 1];
    for node in shown {
        rows[ranks[node]].push(Slot::Node(*node));
    }
    for (edge, from, to) in forward {
        for row in &mut rows[ranks[from] + 1..ranks[to]] {
            row.push(Slot::Bend { edge: *edge });
        }
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// Neighbours ordered by where their routes come from and go to, down and up in turn.
fn ordered(mut rows: Vec<Vec<Slot>>, forward: &[(usize, usize, usize)]) -> Vec<Vec<Slot>> {
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down {
            (1..rows.len()).collect()
        } else {
            (0..rows.len().saturating_sub(1)).rev().collect()
        };
        for at in order {
            let beside = rows[if down { at - 1 } else { at + 1 }].clone();
            let mut weighed: Vec<(f64, usize, Slot)> = rows[at]
                .iter()
                .enumerate()
                .map(|(index, slot)| (weight(*slot, &beside, forward, index), index, *slot))
                .collect();
            weighed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            rows[at] = weighed.into_iter().map(|(_, _, slot)| slot).collect();
        }
    }
    rows
}

/// The middle of a slot's neighbours in the row beside it; where it stands when it has none.
fn weight(slot: Slot, beside: &[Slot], forward: &[(usize, usize, usize)], index: usize) -> f64 {
    let touches = |other: &Slot| {
        forward.iter().any(|(edge, from, to)| {
            let ours = match slot {
                Slot::Node(node) => node == *from || node == *to,
                Slot::Bend { edge: ours } => ours == *edge,
            };
            let theirs = match other {
                Slot::Node(node) => node == from || node == to,
                Slot::Bend { edge: theirs } => theirs == edge,
            };
            ours && theirs
        })
    };
    let found: Vec<f64> = beside
        .iter()
        .enumerate()
        .filter(|(_, other)| touches(other))
        .map(|(at, _)| f64::from(u32::try_from(at).unwrap_or(0)))
        .collect();
    if found.is_empty() {
        f64::from(u32::try_from(index).unwrap_or(0))
    } else {
        found.iter().sum::<f64>() / f64::from(u32::try_from(found.len()).unwrap_or(1))
    }
}

type Bends = BTreeMap<usize, Vec<(f64, f64)>>;

/// Rows centred over each other: places of steps, bends of routes, where the lanes begin, and the height.
fn placed(
    graph: &Graph,
    rows: &[Vec<Slot>],
    forward: &[(usize, usize, usize)],
) -> (BTreeMap<usize, Place>, Bends, f64, f64) {
    let size = |slot: &Slot| match slot {
        Slot::Node(node) => {
            let node = &graph.nodes[*node];
            let text = node
                .members
                .iter()
                .map(|member| width(member) + 16.0)
                .fold(width(&node.label).max(width(&node.kind)), f64::max);
            let members = f64::from(u32::try_from(node.members.len()).unwrap_or(0));
            ((text + 32.0).max(96.0), BOX + LINE * members)
        }
        Slot::Bend { .. } => (12.0, 0.0),
    };
    // What is written on a route stands above the first slot that it comes to, so it needs its room there.
    let room = |slot: &Slot| {
        forward
            .iter()
            .filter(|(edge, _, to)| match slot {
                Slot::Node(node) => node == to,
                Slot::Bend { edge: bend } => bend == edge,
            })
            .map(|(edge, ..)| label(graph, *edge))
            .fold(size(slot).0, f64::max)
    };
    let wide = |row: &Vec<Slot>| {
        let gaps = f64::from(u32::try_from(row.len().saturating_sub(1)).unwrap_or(0));
        row.iter().map(room).sum::<f64>() + NEIGHBOURS * gaps
    };
    let widest = rows.iter().map(wide).fold(0.0, f64::max);
    let (mut places, mut bends) = (BTreeMap::new(), Bends::new());
    let mut y = MARGIN;
    for row in rows {
        let tall = row.iter().map(|slot| size(slot).1).fold(0.0, f64::max);
        let mut x = MARGIN + (widest - wide(row)) / 2.0;
        for slot in row {
            let ((width, height), room) = (size(slot), room(slot));
            let centre = (x + room / 2.0, y + tall / 2.0);
            match slot {
                Slot::Node(node) => {
                    let place = Place {
                        x: centre.0,
                        y: centre.1,
                        width,
                        height,
                    };
                    places.insert(*node, place);
                }
                Slot::Bend { edge } => bends.entry(*edge).or_default().push(centre),
            }
            x += room + NEIGHBOURS;
        }
        y += tall + RANKS;
    }
    (places, bends, MARGIN + widest, y - RANKS + MARGIN)
}

fn through(from: &Place, bends: &Bends, edge: usize, to: &Place) -> Vec<(f64, f64)> {
    let mut points = vec![(from.x, from.y + from.height / 2.0)];
    points.extend(bends.get(&edge).into_iter().flatten().copied());
    points.push((to.x, to.y - to.height / 2.0));
    points
}

/// Out at the right, along the lane, and in at the right.
fn aside(from: &Place, x: f64, to: &Place) -> Vec<(f64, f64)> {
    // In above where others go out, so that a step that leads to itself is seen to.
    let (out, into) = (from.y + from.height / 5.0, to.y - to.height / 5.0);
    vec![
        (from.x + from.width / 2.0, out),
        (x, out),
        (x, into),
        (to.x + to.width / 2.0, into),
    ]
}
