//! The workflows of the workspace that nobody has open: read and analysed once, and again when they or something that they
//! use has changed. Blocks; whoever needs it asks the session.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use fermata_analysis::RuleSettings;
use fermata_store::{Index, IndexedWorld};
use fermata_workflow::world::PathKind;
use fermata_workflow::{FileId, World as _, detect};

use crate::document::{Analysis, Outline};
use crate::reports::{self, Said, Terms};
use crate::{Probe, convert};

/// Most YAML files of a workspace that are looked into; the rest is left alone.
const MOST: usize = 2_000;

/// Files above this size, in bytes, are not looked into: no workflow is that large.
const LARGEST: u64 = 8 * 1024 * 1024;

/// One file of the workspace.
#[derive(Debug)]
pub(crate) struct Known {
    stamp: Stamp,
    /// `None`: its words alone tell that it is no workflow.
    pub(crate) analysis: Option<Analysis>,
    /// What its analysis says.
    pub(crate) said: Said,
}

/// All YAML files of the workspace that nobody has open.
pub(crate) type Files = BTreeMap<PathBuf, Arc<Known>>;

/// When a file was written, and how long it is.
type Stamp = (Option<SystemTime>, u64);

/// What has changed since the last survey began.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Settings have, which concerns all.
    pub(crate) all: bool,
    /// Something has at these paths.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// Workflows whose outline is what it was.
    pub(crate) inside: BTreeSet<PathBuf>,
}

impl Changed {
    /// Whether a survey would find what the last one has found, but for what nobody has told of.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.all && self.paths.is_empty() && self.inside.is_empty()
    }

    /// Notes a workflow whose text is another one now.
    pub(crate) fn text(&mut self, path: &Path, before: Option<&Outline>, now: Option<&Outline>) {
        let which = if before.is_some() && before == now {
            &mut self.inside
        } else {
            &mut self.paths
        };
        which.insert(path.to_path_buf());
    }

    /// Whether an analysis may come out differently. `users` use what has changed inside.
    fn concerns(&self, path: &Path, analysis: &Analysis, users: &BTreeSet<PathBuf>) -> bool {
        let archon = analysis.outline.is_some();
        self.all
            || users.contains(path)
            || self.paths.iter().any(|path| analysis.concerns(path))
            || !archon && self.inside.iter().any(|path| analysis.concerns(path))
    }
}

/// The files that use some of these through any number of others, by what each uses.
pub(crate) fn users<'a>(
    of: &BTreeSet<PathBuf>,
    links: &[(&'a Path, &'a BTreeSet<PathBuf>)],
) -> BTreeSet<PathBuf> {
    let mut found: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        let before = found.len();
        for (path, used) in links {
            if used.iter().any(|p| of.contains(p) || found.contains(p)) {
                found.insert(path.to_path_buf());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// What a survey is made with.
pub(crate) struct Surveyor {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) known: Arc<Files>,
    pub(crate) changed: Changed,
    /// Outlines of all files as they were analysed last, open ones among them.
    pub(crate) outlines: BTreeMap<PathBuf, Outline>,
    /// What the open documents use.
    pub(crate) links: Vec<(PathBuf, Arc<BTreeSet<PathBuf>>)>,
    pub(crate) index: Index,
    pub(crate) overlay: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) rules: RuleSettings,
    pub(crate) terms: Terms,
    pub(crate) probe: Arc<Probe>,
}

impl Surveyor {
    /// Looks at every file again, and into those of which another answer may be expected. Blocks.
    pub(crate) fn survey(mut self) -> Files {
        let listed = self.listed();
        for path in self.known.keys().filter(|path| !listed.contains(*path)) {
            // It was opened, or is gone: whoever has it open has said so, and nothing else names it.
            if !self.overlay.iter().any(|(open, _)| open == path) {
                self.changed.paths.insert(path.clone());
            }
        }
        let (mut files, mut same) = (Files::new(), Vec::new());
        for path in listed {
            let Ok(meta) = std::fs::metadata(&path) else {
                continue;
            };
            let stamp = (meta.modified().ok(), meta.len());
            match self.known.get(&path).cloned() {
                Some(known) if known.stamp == stamp && self.is_as_known(&path, &known) => {
                    same.push((path, known));
                }
                _ if meta.len() > LARGEST => {}
                _ => {
                    if self.known.contains_key(&path) {
                        // Its text tells below whom that concerns.
                        self.changed.paths.remove(&path);
                    }
                    // The system may not have told of it yet.
                    self.index.touch(std::slice::from_ref(&path));
                    let known = self.read(&path, stamp);
                    let now = known.analysis.as_ref().and_then(|a| a.outline.as_ref());
                    let before = self.outlines.get(&path);
                    self.changed.text(&path, before, now);
                    files.insert(path, Arc::new(known));
                }
            }
        }
        let stale = {
            let analyses = same
                .iter()
                .filter_map(|(path, known)| Some((path.as_path(), known.analysis.as_ref()?)));
            let analyses: Vec<(&Path, &Analysis)> = analyses.collect();
            let fresh = files
                .iter()
                .filter_map(|(path, known)| Some((path.as_path(), known.analysis.as_ref()?)));
            let links: Vec<(&Path, &BTreeSet<PathBuf>)> = analyses
                .iter()
                .copied()
                .chain(fresh)
                .map(|(path, analysis)| (path, analysis.links.as_ref()))
                .chain(
                    self.links
                        .iter()
                        .map(|(path, l)| (path.as_path(), l.as_ref())),
                )
                .collect();
            let users = users(&self.changed.inside, &links);
            analyses
                .into_iter()
                .filter(|(path, analysis)| self.changed.concerns(path, analysis, &users))
                .map(|(path, _)| path.to_path_buf())
                .collect::<BTreeSet<_>>()
        };
        for (path, known) in same {
            let known = if stale.contains(&path) {
                Arc::new(self.read(&path, known.stamp))
            } else {
                known
            };
            files.insert(path, known);
        }
        files
    }

    /// Whether a file with an old stamp has its old text. Somebody may have told of a change that was seen already: then
    /// it is none. Somebody may have been quicker than the clock of the files, too.
    fn is_as_known(&mut self, path: &Path, known: &Known) -> bool {
        if !self.changed.paths.remove(path) {
            return true;
        }
        let Some(analysis) = &known.analysis else {
            return false;
        };
        let source = analysis.loaded.sources.get(FileId::ROOT);
        let text = source.map(|source| source.tree.text().as_bytes());
        std::fs::read(path).ok().as_deref() == text
    }

    /// The YAML files of the workspace that nobody has open.
    fn listed(&self) -> BTreeSet<PathBuf> {
        let mut listed: BTreeSet<PathBuf> = BTreeSet::new();
        for folder in &self.folders {
            listed.extend(fermata_store::files_below(folder).0);
        }
        for (open, _) in &self.overlay {
            listed.remove(open);
        }
        if listed.len() > MOST {
            tracing::warn!(
                files = listed.len(),
                "only the first {MOST} YAML files of the workspace are looked into"
            );
        }
        listed.into_iter().take(MOST).collect()
    }

    fn read(&self, path: &Path, stamp: Stamp) -> Known {
        let silent = Known {
            stamp,
            analysis: None,
            said: Said::new(),
        };
        // Most YAML is no workflow: it is not kept, and not watched.
        let possible = std::fs::read(path).is_ok_and(|bytes| detect::is_possible(path, &bytes));
        let Some(uri) = convert::uri(path).filter(|_| possible) else {
            return silent;
        };
        self.probe.lowerings.fetch_add(1, Ordering::Relaxed);
        let world = IndexedWorld::new(&self.index, self.overlay.iter().cloned());
        // A panic costs what is said about this file, never what is said about the others (invariant 6).
        let analysis = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Analysis::of(world, path, None, &self.rules, 0)
        }));
        let Ok(analysis) = analysis else {
            return silent;
        };
        let said = match analysis.dialect {
            Some(_) => reports::said(&uri, &analysis.loaded, &analysis.diagnostics, &self.terms),
            None => Said::new(),
        };
        Known {
            analysis: Some(analysis),
            said,
            ..silent
        }
    }
}

/// The analysis of a file that nobody has open, if there is a file. Blocks.
pub(crate) fn analyse_file(
    world: IndexedWorld,
    path: &Path,
    rules: &RuleSettings,
) -> Option<Analysis> {
    let is_file = world.kind(path).is_ok_and(|kind| kind == PathKind::File);
    is_file.then(|| Analysis::of(world, path, None, rules, 0))
}
