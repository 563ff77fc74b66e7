//! `--format svg`: the graph as a picture that needs nothing else. It follows
//! the reader's colour scheme where it is shown by a browser.

use std::fmt::Write as _;

use fermata_ide::{Graph, GraphNode};

use super::layout::{self, LINE, Layout, Place, RANKS, Way};

/// Longest text on a route, in characters; the whole of it is its title.
const LABEL: usize = 34;

const STYLE: &str = "\
svg{--ink:#1f2328;--soft:#59636e;--line:#818b98;--paper:#fff;--box:#f6f8fa;--loop:#9a4b00}\
@media(prefers-color-scheme:dark){svg{--ink:#e6edf3;--soft:#9198a1;--line:#6e7681;--paper:#0d1117;--box:#161b22;--loop:#f0a35e}}\
.paper{fill:var(--paper)}.box{fill:var(--box);stroke:var(--line)}.entry{stroke:var(--ink);stroke-width:2}\
.way{fill:none;stroke:var(--line);stroke-width:1.4}.back{stroke:var(--loop);stroke-dasharray:5 4}\
.tip{fill:var(--line)}.tip-back{fill:var(--loop)}\
text{font:13px system-ui,sans-serif;fill:var(--ink)}.kind,.member,.label{font-size:11px;fill:var(--soft)}\
.label{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}.label-back{fill:var(--loop)}";

/// The picture.
pub(super) fn svg(graph: &Graph, name: &str) -> String {
    let layout = layout::layout(graph);
    let Layout { width, height, .. } = layout;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>",
        escaped(name)
    );
    for found in &graph.loops {
        let _ = writeln!(out, "<desc>loop: {}</desc>", escaped(&found.name));
    }
    out.push_str("<defs>");
    for (id, class) in [("tip", "tip"), ("tip-back", "tip-back")] {
        let _ = write!(
            out,
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"{class}\" d=\"M0 0 8 4 0 8z\"/></marker>"
        );
    }
    out.push_str("</defs>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    for way in &layout.ways {
        path(&mut out, way);
    }
    for (index, place) in &layout.places {
        let node = &graph.nodes[*index];
        let entry = graph.entry.as_deref() == Some(&node.id);
        boxed(&mut out, node, place, entry);
    }
    for way in &layout.ways {
        if let Some(text) = &graph.edges[way.edge].label {
            label(&mut out, way, text);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn path(out: &mut String, way: &Way) {
    let mut d = String::new();
    let [first, rest @ ..] = way.points.as_slice() else {
        return;
    };
    let _ = write!(d, "M{:.1} {:.1}", first.0, first.1);
    let mut before = *first;
    for point in rest {
        if way.back {
            let _ = write!(d, "L{:.1} {:.1}", point.0, point.1);
        } else {
            let middle = f64::midpoint(before.1, point.1);
            let _ = write!(
                d,
                "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
                before.0, point.0, point.0, point.1
            );
        }
        before = *point;
    }
    let (class, tip) = if way.back {
        ("way back", "tip-back")
    } else {
        ("way", "tip")
    };
    let _ = writeln!(
        out,
        "<path class=\"{class}\" d=\"{d}\" marker-end=\"url(#{tip})\"/>"
    );
}

fn boxed(out: &mut String, node: &GraphNode, place: &Place, entry: bool) {
    let (left, top) = (place.x - place.width / 2.0, place.y - place.height / 2.0);
    let round = if matches!(node.kind.as_str(), "end" | "terminate") {
        20
    } else {
        6
    };
    let class = if entry { "box entry" } else { "box" };
    let _ = write!(
        out,
        "<g><title>{}, {}{}</title><rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round}\"/>",
        escaped(&node.label),
        escaped(&node.kind),
        if entry { ", entry" } else { "" },
        place.width,
        place.height
    );
    let text = |out: &mut String, class: &str, y: f64, words: &str| {
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
            place.x,
            escaped(&cut(words))
        );
    };
    if node.kind == "end" {
        text(out, "name", place.y + 4.5, &node.label);
    } else {
        text(out, "name", top + 17.0, &node.label);
        text(out, "kind", top + 32.0, &node.kind.replace('_', " "));
        let mut y = top + 34.0;
        for member in &node.members {
            y += LINE;
            text(out, "member", y, member);
        }
    }
    out.push_str("</g>\n");
}

fn label(out: &mut String, way: &Way, words: &str) {
    let (x, y, anchor, class) = match way.points.as_slice() {
        [_, lane, into, _] if way.back => (
            lane.0 + 6.0,
            f64::midpoint(lane.1, into.1) + 4.0,
            "start",
            "label label-back",
        ),
        // Above where it comes to first: there it is apart from those that leave with it.
        [first, second, ..] => (second.0, first.1 + RANKS * 0.68, "middle", "label"),
        _ => return,
    };
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"><title>{}</title>{}</text>",
        escaped(words),
        escaped(&cut(words))
    );
}

/// One line, its end left out where it is too long.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LABEL {
        return line;
    }
    let kept: String = line.chars().take(LABEL - 1).collect();
    format!("{}…", kept.trim_end())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not allowed in XML in any form.
            '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fermata_ide::GraphEdge;

    use super::*;

    fn graph(names: &[&str], edges: &[(&str, &str, bool)]) -> Graph {
        let node = |name: &&str| GraphNode {
            id: (*name).to_owned(),
            kind: "agent".to_owned(),
            label: (*name).to_owned(),
            line: None,
            members: Vec::new(),
            runs: None,
        };
        let edge = |(from, to, back): &(&str, &str, bool)| GraphEdge {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            when: None,
            back: *back,
            label: Some("a < b & \"c\"".to_owned()),
        };
        Graph {
            nodes: names.iter().map(node).collect(),
            edges: edges.iter().map(edge).collect(),
            entry: names.first().map(|name| (*name).to_owned()),
            loops: Vec::new(),
        }
    }

    #[test]
    fn steps_never_overlap_and_routes_lead_down_but_for_those_that_lead_back() {
        let graph = graph(
            &["a", "b", "c", "d", "e"],
            &[
                ("a", "b", false),
                ("a", "c", false),
                ("b", "d", false),
                ("c", "d", false),
                ("a", "d", false),
                ("d", "a", true),
                ("d", "d", true),
                ("d", "e", false),
            ],
        );
        let layout = layout::layout(&graph);
        let places: Vec<Place> = layout.places.values().copied().collect();
        for (at, one) in places.iter().enumerate() {
            assert!(one.x + one.width / 2.0 <= layout.width, "{one:?}");
            for other in &places[at + 1..] {
                let apart = (one.x - other.x).abs() >= (one.width + other.width) / 2.0
                    || (one.y - other.y).abs() >= (one.height + other.height) / 2.0;
                assert!(apart, "{one:?} and {other:?}");
            }
        }
        for way in &layout.ways {
            let down = way.points.windows(2).all(|pair| pair[0].1 < pair[1].1);
            assert_eq!(down, !way.back, "{way:?}");
        }
        let back: BTreeSet<usize> = layout
            .ways
            .iter()
            .filter(|way| way.back)
            .map(|way| way.edge)
            .collect();
        assert_eq!(back, BTreeSet::from([5, 6]));
    }

    #[test]
    fn a_round_that_nobody_marked_still_ends() {
        let graph = graph(
            &["a", "b", "c"],
            &[("a", "b", false), ("b", "c", false), ("c", "b", false)],
        );
        assert_eq!(layout::layout(&graph).places.len(), 3);
    }

    #[test]
    fn authored_text_is_text() {
        let picture = svg(&graph(&["<a>"], &[("<a>", "<a>", true)]), "x & y");
        assert!(picture.contains("<title>x &amp; y</title>"), "{picture}");
        assert!(picture.contains("&lt;a&gt;") && !picture.contains("<a>"));
        assert!(picture.contains("a &lt; b &amp; &quot;c&quot;"));
    }
}
