//! `fermata check [PATH…]`: diagnostics for files or folders.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use fermata_analysis::RuleSettings;
use fermata_store::OsWorld;
use fermata_workflow::{Diagnostic, Dialect, Severity, loader};

use crate::console::Console;
use crate::discover;
use crate::exit::{Exit, Usage};
use crate::report::{self, Checked};
use crate::source::{self, LARGEST};

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files, folders, or names of workflows below here; every workflow below here when nothing is named.
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
    /// Apply the first fix of every diagnostic that has one; with --stdin-filename the text is printed instead of written.
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

impl Check {
    /// Whether one JSON document of ours is asked for.
    pub(crate) fn json(&self) -> bool {
        matches!(self.format(), Format::Json)
    }

    /// Whether standard output belongs to a program: a document, or the text that `--fix` prints.
    pub(crate) fn machine(&self) -> bool {
        matches!(self.format(), Format::Json | Format::Sarif) || self.prints_text()
    }

    fn prints_text(&self) -> bool {
        self.fix && self.stdin_filename.is_some()
    }

    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] for paths that cannot be read or are no workflows.
pub(crate) fn run(options: &Check, console: &Console) -> Result<Exit> {
    let Collected {
        mut files,
        unreadable,
        folders,
    } = collect(options)?;
    if options.fix {
        for checked in &mut files {
            fix(checked, options)?;
        }
    }
    for reason in &unreadable {
        console.error(reason);
    }
    if options.prints_text() {
        for source in files
            .iter()
            .filter_map(|f| f.loaded.sources.get(fermata_workflow::FileId::ROOT))
        {
            console.document(source.tree.text());
        }
        console.text(&report::human::text(&files, console.color()));
        return Ok(exit(options, &files, &unreadable));
    }
    match options.format() {
        Format::Human if files.is_empty() && unreadable.is_empty() => {
            let below: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
            console.line(&format!(
                "no workflow below {}: nothing to check; `fermata new` writes one",
                below.join(", ")
            ));
        }
        Format::Human => console.text(&report::human::text(&files, console.color())),
        Format::Json => console.json(&report::json::document(&files)),
        Format::Sarif => console.json(&report::sarif::document(&files)),
        Format::Github => console.text(&report::github::text(&files)),
    }
    Ok(exit(options, &files, &unreadable))
}

fn exit(options: &Check, files: &[Checked], unreadable: &[String]) -> Exit {
    let worst = match options.deny {
        Some(Deny::Warnings) => Severity::Warning,
        None => Severity::Error,
    };
    let bad = files
        .iter()
        .flat_map(|f| &f.diagnostics)
        .any(|d| d.severity <= worst);
    match (unreadable.is_empty(), bad) {
        (false, _) => Exit::Usage,
        (true, true) => Exit::Failed,
        (true, false) => Exit::Fine,
    }
}

/// What the arguments came to.
#[derive(Default)]
struct Collected {
    files: Vec<Checked>,
    /// What was found below a folder and cannot be read, with the reason.
    unreadable: Vec<String>,
    folders: Vec<PathBuf>,
}

fn collect(options: &Check) -> Result<Collected> {
    let here = std::env::current_dir().context("the current folder cannot be told")?;
    if let Some(name) = &options.stdin_filename {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .context("standard input cannot be read")?;
        if bytes.len() as u64 > LARGEST {
            return Err(source::too_large("standard input", bytes.len() as u64).into());
        }
        let path = here.join(name);
        let world = OsWorld::with_overlay([(path.clone(), bytes)]);
        let checked = one(&world, &path, name.clone(), options.dialect.dialect())?;
        return Ok(Collected {
            files: vec![checked],
            ..Collected::default()
        });
    }
    let named: Vec<PathBuf> = if options.paths.is_empty() {
        vec![PathBuf::from(".")]
    } else {
        options.paths.clone()
    };
    let world = OsWorld::new().remembering();
    let mut all = Collected::default();
    for name in &named {
        let path = here.join(name);
        if !path.is_dir() {
            let path = discover::locate(name, &here)?;
            let shown = if here.join(name) == path {
                name.clone()
            } else {
                path.strip_prefix(&here).unwrap_or(&path).to_path_buf()
            };
            source::readable(&path, &shown)?;
            all.files
                .push(one(&world, &path, shown, options.dialect.dialect())?);
            continue;
        }
        let (found, closed) = discover::files_below(&path);
        all.unreadable.extend(closed);
        for found in found {
            let shown = found.strip_prefix(&here).unwrap_or(&found).to_path_buf();
            let shown = shown
                .strip_prefix(".")
                .map(Path::to_path_buf)
                .unwrap_or(shown);
            match source::readable(&found, &shown) {
                // What is no workflow is nobody's mistake here: folders hold all kinds of YAML.
                Ok(()) => all
                    .files
                    .extend(one(&world, &found, shown, options.dialect.dialect()).ok()),
                Err(error) => all.unreadable.push(error.to_string()),
            }
        }
        all.folders.push(name.clone());
    }
    Ok(all)
}

/// Checks one file; for the dialect that it is written in where none is given.
///
/// # Errors
/// [`Usage`] when it is no workflow.
pub(crate) fn one(
    world: &OsWorld,
    path: &Path,
    shown: PathBuf,
    wanted: Option<Dialect>,
) -> std::result::Result<Checked, Usage> {
    let loaded = match wanted {
        Some(dialect) => loader::load_as(world, path, dialect),
        None => loader::load(world, path),
    };
    let Some(dialect) = loaded.dialect else {
        return Err(source::not_a_workflow(&shown, &loaded));
    };
    let diagnostics = fermata_analysis::run(&loaded, &RuleSettings::new());
    Ok(Checked {
        shown,
        dialect,
        loaded,
        diagnostics,
    })
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
    let world = if options.prints_text() {
        OsWorld::with_overlay([(path.clone(), text.into_bytes())])
    } else {
        // A file that needs nothing keeps its time of change.
        if text != source.tree.text() {
            std::fs::write(&path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        OsWorld::new()
    };
    if let Ok(again) = one(
        &world,
        &path,
        checked.shown.clone(),
        options.dialect.dialect(),
    ) {
        *checked = again;
    }
    Ok(())
}
