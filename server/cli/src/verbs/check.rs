//! `fermata check [PATH…]`: diagnostics for files or folders.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use fermata_analysis::RuleSettings;
use fermata_store::OsWorld;
use fermata_workflow::{Diagnostic, Dialect, Severity, loader};

use crate::console::Console;
use crate::exit::{Exit, Usage};
use crate::report::{self, Checked};

/// Files above this size are refused before they are read.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files or folders; every workflow below the current folder when none is named.
    paths: Vec<PathBuf>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The same as `--format json`.
    #[arg(long)]
    json: bool,
    /// The dialect to check for, instead of telling it from the file.
    #[arg(long, value_enum, default_value_t = Wanted::Auto)]
    dialect: Wanted,
    /// What else counts as an error for the exit code.
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Apply the first fix of every diagnostic that has one.
    #[arg(long)]
    fix: bool,
    /// Read one file from standard input and call it by this name.
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
    Sarif,
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wanted {
    Conductor,
    Archon,
    Auto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

impl Wanted {
    fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Conductor => Some(Dialect::Conductor),
            Self::Archon => Some(Dialect::Archon),
            Self::Auto => None,
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] for paths that cannot be read or are no workflows.
pub(crate) fn run(options: &Check, console: &Console) -> Result<Exit> {
    let mut files = collect(options)?;
    if options.fix {
        for checked in &mut files {
            fix(checked, options)?;
        }
    }
    let format = if options.json {
        Format::Json
    } else {
        options.format
    };
    match format {
        Format::Human => console.text(&report::human::text(&files, console.color())),
        Format::Json => console.json(&report::json::document(&files)),
        Format::Sarif => console.json(&report::sarif::document(&files)),
        Format::Github => console.text(&report::github::text(&files)),
    }
    let worst = match options.deny {
        Some(Deny::Warnings) => Severity::Warning,
        None => Severity::Error,
    };
    let bad = files
        .iter()
        .flat_map(|f| &f.diagnostics)
        .any(|d| d.severity <= worst);
    Ok(if bad { Exit::Failed } else { Exit::Fine })
}

fn collect(options: &Check) -> Result<Vec<Checked>> {
    let here = std::env::current_dir().context("the current folder cannot be told")?;
    if let Some(name) = &options.stdin_filename {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .context("standard input cannot be read")?;
        let path = here.join(name);
        let world = OsWorld::with_overlay([(path.clone(), bytes)]);
        let checked = check(&world, &path, name.clone(), options.dialect);
        return Ok(vec![checked.ok_or_else(|| not_a_workflow(name))?]);
    }
    let named: Vec<PathBuf> = if options.paths.is_empty() {
        vec![PathBuf::from(".")]
    } else {
        options.paths.clone()
    };
    let world = OsWorld::new();
    let mut files = Vec::new();
    for name in &named {
        let path = here.join(name);
        let meta = std::fs::metadata(&path).map_err(|error| {
            Usage::new(format!(
                "{}: {error}; name a workflow file or a folder",
                name.display()
            ))
        })?;
        if meta.is_dir() {
            for found in workflows_below(&path) {
                let shown = found.strip_prefix(&here).unwrap_or(&found).to_path_buf();
                files.extend(check(&world, &found, shown, options.dialect));
            }
            continue;
        }
        if meta.len() > LARGEST {
            let why = format!(
                "{} has {} bytes; a workflow file has at most {LARGEST}",
                name.display(),
                meta.len()
            );
            return Err(Usage::new(why).into());
        }
        std::fs::File::open(&path)
            .map_err(|error| Usage::new(format!("{}: {error}", name.display())))?;
        files.push(
            check(&world, &path, name.clone(), options.dialect)
                .ok_or_else(|| not_a_workflow(name))?,
        );
    }
    Ok(files)
}

fn check(world: &OsWorld, path: &Path, shown: PathBuf, wanted: Wanted) -> Option<Checked> {
    let loaded = match wanted.dialect() {
        Some(dialect) => loader::load_as(world, path, dialect),
        None => loader::load(world, path),
    };
    let dialect = loaded.dialect?;
    let diagnostics = fermata_analysis::run(&loaded, &RuleSettings::new());
    Some(Checked {
        shown,
        dialect,
        loaded,
        diagnostics,
    })
}

fn not_a_workflow(name: &Path) -> Usage {
    Usage::new(format!(
        "{} is not a workflow: expected `workflow:` with `agents:` (Conductor) or `nodes:` (Archon) at the top; say which with --dialect, or with a first line `# fermata: conductor`",
        name.display()
    ))
}

/// YAML files below a folder, in order, what git ignores left out.
fn workflows_below(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ignore::WalkBuilder::new(folder)
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "node_modules")
        .build()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| {
            path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file()
        })
        .collect();
    found.sort();
    found
}

/// Applies the first fix of every diagnostic, from the end of the file to its
/// start, leaving out those that overlap one already applied; then checks again.
fn fix(checked: &mut Checked, options: &Check) -> Result<()> {
    let Some(source) = checked.loaded.sources.get(fermata_workflow::FileId::ROOT) else {
        return Ok(());
    };
    let path = source.path.clone();
    let mut text = source.tree.text().to_owned();
    let mut fixable: Vec<&Diagnostic> = checked
        .diagnostics
        .iter()
        .filter(|d| d.loc.file == fermata_workflow::FileId::ROOT && !d.fixes.is_empty())
        .collect();
    fixable
        .sort_by_key(|d| std::cmp::Reverse(d.fixes[0].edits.iter().map(|e| e.span.start()).max()));
    let mut untouched = text.len();
    for d in fixable {
        let mut edits: Vec<_> = d.fixes[0].edits.iter().collect();
        edits.sort_by_key(|e| std::cmp::Reverse(e.span.start()));
        if edits
            .first()
            .is_some_and(|e| usize::from(e.span.end()) > untouched)
        {
            continue;
        }
        for edit in edits {
            text.replace_range(
                usize::from(edit.span.start())..usize::from(edit.span.end()),
                &edit.text,
            );
            untouched = usize::from(edit.span.start());
        }
    }
    std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    if let Some(again) = check(
        &OsWorld::new(),
        &path,
        checked.shown.clone(),
        options.dialect,
    ) {
        *checked = again;
    }
    Ok(())
}
