//! From syntax nodes to values: scalar rules, aliases, merge keys, duplicate
//! keys (L5) and `!file` inclusion (L12, L13, L14).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use fermata_syntax::{Kind, Node, Offset, ScalarStyle, Span, Tree};

use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Loc, SourceFile, Sources, Text};
use crate::world::{PathKind, World, normal};

use super::super::ROOT;
use super::super::findings::Findings;
use super::printable;
use super::scalars::{Plain, plain};

/// Values that aliases may add to a document before we stop following them.
const ALIAS_BUDGET: usize = 500_000;
/// How deep aliases may lead to aliases.
const ALIAS_DEPTH: usize = 64;
/// How deep files may include each other.
const INCLUDE_DEPTH: usize = 64;

/// The value of the first document of the root file. `foreign`: the tree is not
/// the one in `sources`, so that its nodes must not be remembered.
pub(super) fn root(
    world: &dyn World,
    sources: &mut Sources,
    tree: &Tree,
    foreign: bool,
    findings: &mut Findings,
) -> Datum {
    let path = sources
        .get(ROOT)
        .map(|f| f.path.clone())
        .unwrap_or_default();
    let mut composer = Composer {
        world,
        sources,
        findings,
        stack: vec![path],
        sites: Vec::new(),
        budget: ALIAS_BUDGET,
        aliases: Vec::new(),
        raw: HashMap::new(),
        foreign,
    };
    composer.document(tree, ROOT)
}

struct Composer<'a> {
    world: &'a dyn World,
    sources: &'a mut Sources,
    findings: &'a mut Findings,
    /// Files being included, outermost first.
    stack: Vec<PathBuf>,
    /// Where each of them but the first is included.
    sites: Vec<Loc>,
    budget: usize,
    /// Aliases being followed, against cycles.
    aliases: Vec<(FileId, fermata_syntax::NodeId)>,
    /// Whether the root's tree is not the one that others will see.
    foreign: bool,
    /// Files already read.
    raw: HashMap<PathBuf, FileId>,
}

impl Composer<'_> {
    fn document(&mut self, tree: &Tree, file: FileId) -> Datum {
        let old = tree.yaml_version().is_some_and(|v| v < (1, 2));
        match tree.root() {
            Some(node) => self.node(node, file, old),
            None => Datum {
                shape: Shape::Null,
                loc: Loc {
                    file,
                    span: Span::empty(Offset::new(0)),
                },
                plain: false,
            },
        }
    }

    fn node(&mut self, node: Node<'_>, file: FileId, old: bool) -> Datum {
        let loc = Loc {
            file,
            span: node.span(),
        };
        if matches!(node.kind(), Kind::Alias(_)) {
            return self.alias(node, loc, old);
        }
        match node.kind() {
            Kind::Scalar(scalar) => {
                let tag = node.tag();
                if tag == Some("!file") {
                    return self.include(scalar.value(), loc);
                }
                let text = || {
                    let mapped = !(self.foreign && file == ROOT);
                    Shape::Text(Text {
                        value: scalar.value().to_owned(),
                        loc,
                        node: mapped.then(|| node.id()),
                        substituted: !mapped,
                        partials: Default::default(),
                    })
                };
                let shape = match tag {
                    Some("!") => text(),
                    Some(_) => tagged(tag, scalar.value(), old),
                    None if scalar.style() == ScalarStyle::Plain => {
                        match plain(scalar.value(), old) {
                            Plain::Null => Shape::Null,
                            Plain::Bool(b) => Shape::Bool(b),
                            Plain::Int(n) => Shape::Int(n),
                            Plain::Float(n) => Shape::Float(n),
                            Plain::Date => Shape::Date(scalar.value().to_owned()),
                            // Reserved words of older YAML: the dialect's reader keeps them as tagged nodes.
                            Plain::Text if matches!(scalar.value(), "<<" | "=") => {
                                Shape::Tagged(scalar.value().to_owned())
                            }
                            Plain::Text => text(),
                        }
                    }
                    None => text(),
                };
                let bare = tag.is_none() && scalar.style() == ScalarStyle::Plain;
                Datum {
                    shape,
                    loc,
                    plain: bare,
                }
            }
            Kind::Sequence(_) | Kind::Mapping(_) if node.tag() == Some("!file") => {
                let message = "`!file` takes the path of a file, like `!file prompt.md`";
                self.findings.load(
                    Diagnostic::new("yaml-syntax", Severity::Error, loc, message).upstream("L4"),
                );
                Datum {
                    shape: Shape::Null,
                    loc,
                    plain: false,
                }
            }
            Kind::Sequence(sequence) => {
                let items = sequence
                    .items()
                    .map(|item| self.node(item, file, old))
                    .collect();
                Datum {
                    shape: Shape::List(items),
                    loc,
                    plain: false,
                }
            }
            Kind::Mapping(_) => Datum {
                shape: Shape::Map(self.mapping(node, file, old)),
                loc,
                plain: false,
            },
            Kind::Alias(_) => Datum {
                shape: Shape::Null,
                loc,
                plain: false,
            },
        }
    }

    fn alias(&mut self, node: Node<'_>, loc: Loc, old: bool) -> Datum {
        let target = node.resolved();
        let key = (loc.file, target.id());
        let null = Datum {
            shape: Shape::Null,
            loc,
            plain: false,
        };
        if target.id() == node.id()
            || matches!(target.kind(), Kind::Alias(_))
            || self.aliases.len() >= ALIAS_DEPTH
            || self.aliases.contains(&key)
            || self.budget == 0
        {
            return null;
        }
        self.aliases.push(key);
        let mut datum = self.node(target, loc.file, old);
        self.aliases.pop();
        datum.plain = false;
        self.budget = self.budget.saturating_sub(count(&datum));
        if datum.list().is_none() && datum.map().is_none() {
            datum.loc = loc;
            if let Shape::Text(text) = &mut datum.shape
                && text.loc.file == loc.file
            {
                text.loc = loc;
            }
        }
        datum
    }

    fn mapping(&mut self, node: Node<'_>, file: FileId, old: bool) -> Map {
        let mut map = Map::default();
        let mut merged: Vec<Datum> = Vec::new();
        let mut seen: HashMap<String, Loc> = HashMap::new();
        let Some(mapping) = node.as_mapping() else {
            return map;
        };
        for entry in mapping.entries() {
            let is_merge = entry.key.tag().is_none()
                && entry
                    .key
                    .as_scalar()
                    .is_some_and(|s| s.style() == ScalarStyle::Plain && s.value() == "<<");
            let key = self.node(entry.key, file, old);
            let identity = identity(&key);
            if let Some(first) = seen.get(&identity) {
                self.duplicate(&key, *first);
            } else {
                seen.insert(identity, key.loc);
            }
            let value = self.node(entry.value, file, old);
            if is_merge {
                merged.push(value);
            } else {
                map.entries.push(Field { key, value });
            }
        }
        for value in merged {
            self.merge(&mut map, value);
        }
        map
    }

    fn duplicate(&mut self, key: &Datum, first: Loc) {
        let message = format!(
            "The key `{}` is written twice in this mapping; keep one of them",
            key.key_string()
        );
        self.findings.load(
            Diagnostic::new("duplicate-key", Severity::Error, key.loc, message)
                .upstream("L5")
                .related(first, "first written here"),
        );
    }

    fn merge(&mut self, map: &mut Map, value: Datum) {
        let loc = value.loc;
        let sources = match value.shape {
            Shape::Map(other) => vec![other],
            Shape::List(items) if items.iter().all(|i| i.map().is_some()) => items
                .into_iter()
                .filter_map(|i| {
                    if let Shape::Map(m) = i.shape {
                        Some(m)
                    } else {
                        None
                    }
                })
                .collect(),
            _ => {
                let message =
                    "`<<` takes a mapping or a list of mappings, usually an alias like `*base`";
                self.findings.load(
                    Diagnostic::new("merge-key", Severity::Error, loc, message).upstream("L4"),
                );
                return;
            }
        };
        let mut written: HashSet<String> = map.entries.iter().map(|f| identity(&f.key)).collect();
        for field in sources.into_iter().flat_map(|s| s.entries) {
            if written.insert(identity(&field.key)) {
                map.entries.push(field);
            }
        }
    }

    fn include(&mut self, written: &str, loc: Loc) -> Datum {
        let site = loc;
        let from = self.stack.last().cloned().unwrap_or_default();
        let path = normal(&from.parent().unwrap_or(Path::new("")).join(written));
        let raw = |text: String| Datum {
            shape: Shape::Text(Text {
                value: text,
                loc,
                node: None,
                substituted: true,
                partials: Default::default(),
            }),
            loc,
            plain: false,
        };
        let same = |p: &PathBuf| {
            *p == path
                || self
                    .world
                    .canonical(p)
                    .ok()
                    .zip(self.world.canonical(&path).ok())
                    .is_some_and(|(a, b)| a == b)
        };
        if self.stack.iter().any(same) || self.stack.len() > INCLUDE_DEPTH {
            let chain: Vec<String> = self
                .stack
                .iter()
                .chain([&path])
                .map(|p| file_name(p))
                .collect();
            let message = format!("`{written}` includes itself: {}", chain.join(" → "));
            // The circle is closed in another file, but it is this workflow that goes into it.
            let first = self.sites.first().copied().unwrap_or(loc);
            let mut diagnostic =
                Diagnostic::new("include-cycle", Severity::Error, first, message).upstream("L14");
            if first != loc {
                diagnostic = diagnostic.related(loc, "the circle is closed here");
            }
            self.findings.load(diagnostic);
            return raw(String::new());
        }
        let bytes = match self.world.read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = if matches!(self.world.kind(&path), Ok(PathKind::Folder)) {
                    format!("`!file` takes a file, `{written}` is a folder")
                } else if error.kind() == std::io::ErrorKind::NotFound {
                    format!("There is no file `{written}` beside `{}`", file_name(&from))
                } else {
                    format!("`{written}` cannot be read: {error}")
                };
                self.findings.load(
                    Diagnostic::new("included-file-missing", Severity::Error, loc, message)
                        .upstream("L12"),
                );
                return raw(String::new());
            }
        };
        let Ok(text) = String::from_utf8(bytes) else {
            let message = format!("`{written}` is not valid UTF-8; save it as UTF-8");
            self.findings.load(
                Diagnostic::new("included-file-encoding", Severity::Error, loc, message)
                    .upstream("L13"),
            );
            return raw(String::new());
        };
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let tree = fermata_syntax::parse(&text);
        let data = tree.problems().is_empty()
            && tree
                .root()
                .is_some_and(|n| n.as_mapping().is_some() || n.as_sequence().is_some())
            && printable::first_forbidden(&text).is_none();
        let file = match self.raw.get(&path) {
            Some(file) => *file,
            None => {
                let file = self.sources.add(SourceFile {
                    path: path.clone(),
                    tree: tree.clone(),
                    raw: !data,
                });
                self.raw.insert(path.clone(), file);
                file
            }
        };
        if data {
            self.stack.push(path);
            self.sites.push(site);
            let datum = self.document(&tree, file);
            self.sites.pop();
            self.stack.pop();
            return datum;
        }
        // A scalar document is parsed too, so a `!file` inside it is followed before its text is used.
        if let Some(inner) = tree
            .root()
            .filter(|n| tree.problems().is_empty() && n.tag() == Some("!file"))
            && let Some(scalar) = inner.as_scalar()
        {
            self.stack.push(path);
            self.sites.push(site);
            let datum = self.include(
                scalar.value(),
                Loc {
                    file,
                    span: inner.span(),
                },
            );
            self.sites.pop();
            self.stack.pop();
            if datum.list().is_some() || datum.map().is_some() {
                return datum;
            }
        }
        let span = Span::up_to(Offset::try_from(text.len()).unwrap_or_default());
        let loc = Loc { file, span };
        Datum {
            shape: Shape::Text(Text {
                value: text,
                loc,
                node: None,
                substituted: false,
                partials: Default::default(),
            }),
            loc,
            plain: false,
        }
    }
}

/// Tagged scalars: the dialect's parser keeps unknown tags, and even `!!str`, as tagged nodes.
fn tagged(tag: Option<&str>, text: &str, old: bool) -> Shape {
    let read = plain(text, old);
    match (tag, read) {
        (Some("tag:yaml.org,2002:int"), Plain::Int(n)) => Shape::Int(n),
        (Some("tag:yaml.org,2002:float"), Plain::Float(n)) => Shape::Float(n),
        #[allow(clippy::cast_precision_loss)]
        (Some("tag:yaml.org,2002:float"), Plain::Int(n)) => Shape::Float(n as f64),
        (Some("tag:yaml.org,2002:bool"), Plain::Bool(b)) => Shape::Bool(b),
        (Some("tag:yaml.org,2002:null"), _) => Shape::Null,
        (Some("tag:yaml.org,2002:timestamp"), Plain::Date) => Shape::Date(text.to_owned()),
        _ => Shape::Tagged(text.to_owned()),
    }
}

/// Keys that the dialect's parser takes for the same.
fn identity(key: &Datum) -> String {
    match &key.shape {
        Shape::Text(t) => format!("s{}", t.value),
        Shape::Bool(b) => format!("n{}", u8::from(*b)),
        Shape::Int(n) => format!("n{n}"),
        Shape::Float(n) => format!("n{n}"),
        Shape::Null => "0".into(),
        Shape::Date(s) => format!("d{s}"),
        Shape::Tagged(s) => format!("t{s}@{:?}", key.loc.span),
        Shape::List(_) | Shape::Map(_) => format!("c{:?}", key.loc.span),
    }
}

fn count(datum: &Datum) -> usize {
    match &datum.shape {
        Shape::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Shape::Map(map) => {
            1 + map
                .entries
                .iter()
                .map(|f| 1 + count(&f.value))
                .sum::<usize>()
        }
        _ => 1,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}
