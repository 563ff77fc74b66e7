//! `cargo xtask VERB`: what developers and CI run, one file per verb.
//! Nothing here ships; nothing a user of `fermata` needs may live here.
#![allow(
    clippy::print_stdout,
    reason = "a development tool talks to its terminal"
)]

mod bench;
mod check;
mod codegen;
mod demo;
mod dist;
mod documents;
mod house_rules;
mod process;
mod steps;
mod tally;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask VERB [OPTIONS]

  demo                    build, then walk through a run that holds, is answered, is stopped and asked about
  test                    everything that can be tested here, with a time table
        --only A,B        only these steps        --skip A,B   all but these
        --list            name the steps          --slow       loops as often as before a release
  check [--fix]           formatting, lints, file lengths, crate arrows, generated files
  bench [ARGS…]           the benchmarks; ARGS go to each of them
  codegen [--check]       JSON Schemas and what is generated from them
  dist [--debug] [--target NAME]
                          the extension package for this platform, its binary inside
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let verb = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    match dispatch(&verb, &rest) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo xtask {verb}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: &str, rest: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::discover()?;
    match verb {
        "demo" => demo::run(&workspace, rest),
        "test" => test::run(&workspace, rest),
        "check" => check::run(&workspace, rest),
        "bench" => bench::run(&workspace, rest),
        "codegen" => codegen::run(&workspace, rest),
        "dist" => dist::run(&workspace, rest),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => {
            eprint!("no such verb: {other}\n\n{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}
