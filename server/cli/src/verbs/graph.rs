//! `fermata graph WORKFLOW`: the route graph as text, Mermaid, DOT, SVG or JSON; loops are marked.

mod layout;
mod svg;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use fermata_ide::{Graph as RouteGraph, GraphEdge, GraphNode};
use fermata_store::OsWorld;
use fermata_workflow::loader;

use crate::console::Console;
use crate::exit::{Exit, Usage};
use crate::{discover, source};

/// Options of `graph`.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// A workflow file, or the name of a workflow below here.
    workflow: PathBuf,
    /// How to draw it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Mermaid,
    Dot,
    Svg,
    Json,
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] when the file is no workflow.
pub(crate) fn run(options: &Graph, console: &Console) -> Result<Exit> {
    let here = std::env::current_dir().context("the current folder cannot be told")?;
    let file = discover::locate(&options.workflow, &here)?;
    source::readable(&file, &options.workflow)?;
    let loaded = loader::load(&OsWorld::new(), &file);
    if loaded.workflow.is_none() {
        return Err(match loaded.diagnostics.first() {
            Some(d) => Usage::new(format!("{}: {}", options.workflow.display(), d.message)),
            None => source::not_a_workflow(&options.workflow, &loaded),
        }
        .into());
    }
    let graph = fermata_ide::graph(&loaded);
    match options.format {
        Format::Text => console.text(&text(&graph)),
        Format::Mermaid => console.text(&mermaid(&graph)),
        Format::Dot => console.text(&dot(&graph)),
        Format::Svg => {
            let name = loaded
                .workflow
                .as_ref()
                .map(|workflow| workflow.name.as_str());
            console.text(&svg::svg(&graph, name.unwrap_or_default()));
        }
        Format::Json => console.json(&graph.to_json()),
    }
    Ok(Exit::Fine)
}

fn text(graph: &RouteGraph) -> String {
    let mut out = String::new();
    for node in &graph.nodes {
        if node.kind == "end" {
            continue;
        }
        let entry = if graph.entry.as_deref() == Some(&node.id) {
            "entry, "
        } else {
            ""
        };
        // Writing to a String cannot fail.
        let runs = node
            .runs
            .as_ref()
            .map_or_else(String::new, |w| format!(" {w}"));
        let _ = writeln!(out, "{} ({entry}{}{runs})", node.label, node.kind);
        for edge in graph.edges.iter().filter(|edge| edge.from == node.id) {
            let back = if edge.back { "  ↺ loop" } else { "" };
            let _ = writeln!(out, "  → {}{}{back}", edge.to, condition(edge));
        }
    }
    for found in &graph.loops {
        let _ = writeln!(out, "loop: {}", found.name);
    }
    out
}

fn condition(edge: &GraphEdge) -> String {
    match (&edge.when, &edge.label) {
        (Some(when), _) => format!("  when {when}"),
        (None, Some(label)) => format!("  on “{label}”"),
        (None, None) => String::new(),
    }
}

/// What is written on a node where its kind is not: its name, and the workflow that it runs.
fn whole_label(node: &GraphNode) -> String {
    match &node.runs {
        Some(workflow) => format!("{} ({workflow})", node.label),
        None => node.label.clone(),
    }
}

fn mermaid(graph: &RouteGraph) -> String {
    let id = |name: &str| {
        graph
            .nodes
            .iter()
            .position(|node| node.id == name)
            .unwrap_or(0)
    };
    let quote = |text: &str| text.replace('"', "#quot;").replace('\n', " ");
    let mut out = String::from("flowchart TD\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let (open, close) = match node.kind.as_str() {
            "end" | "terminate" | "cancel" => ("([", "])"),
            "human_gate" | "questions" | "approval" => ("{{", "}}"),
            "parallel" | "for_each" | "loop_group" | "include" | "workflow" => ("[[", "]]"),
            _ => ("[", "]"),
        };
        let _ = writeln!(
            out,
            "  n{index}{open}\"{}\"{close}",
            quote(&whole_label(node))
        );
    }
    for edge in &graph.edges {
        let arrow = if edge.back { "-.->" } else { "-->" };
        let label = edge
            .label
            .as_deref()
            .map_or_else(String::new, |label| format!("|\"{}\"|", quote(label)));
        let _ = writeln!(
            out,
            "  n{} {arrow}{label} n{}",
            id(&edge.from),
            id(&edge.to)
        );
    }
    out
}

fn dot(graph: &RouteGraph) -> String {
    let quote = |text: &str| {
        format!(
            "\"{}\"",
            text.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', " ")
        )
    };
    let mut out = String::from("digraph workflow {\n");
    for node in &graph.nodes {
        let _ = writeln!(
            out,
            "  {} [label={}];",
            quote(&node.id),
            quote(&whole_label(node))
        );
    }
    for edge in &graph.edges {
        let label = edge
            .label
            .as_deref()
            .map_or_else(String::new, |label| format!("label={} ", quote(label)));
        let style = if edge.back { "style=dashed" } else { "" };
        let _ = writeln!(
            out,
            "  {} -> {} [{label}{style}];",
            quote(&edge.from),
            quote(&edge.to)
        );
    }
    out.push_str("}\n");
    out
}
