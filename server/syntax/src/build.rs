//! One strict pass: the parser's events become nodes with true spans. Stops
//! at the first error and hands back what it has so far; what to do about the
//! error is `heal`'s business. Wording is in `message`.

mod place;
mod stack;

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, StructureStyle, Tag};

use crate::expansion::{Expansion, Refusal, Worth};
use crate::node::NodeId;
use crate::scalar::ScalarStyle;
use crate::tree::{Comment, Data, NodeData, Props, span};
use crate::{MAX_DEPTH, MAX_NODES, MAX_PROBLEMS, Problem, ProblemKind, Span, message};
use stack::{Frame, Slot, Stack};

/// What a pass found.
#[derive(Default)]
pub(crate) struct Built {
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) root: Option<NodeId>,
    pub(crate) documents: usize,
    pub(crate) version: Option<(u32, u32)>,
    pub(crate) comments: Vec<Comment>,
    /// Everything but the error that ended the pass.
    pub(crate) problems: Vec<Problem>,
    /// The error that ended the pass.
    pub(crate) failure: Option<Failure>,
}

impl Built {
    /// Moves every end of a span that is inside a character of `text` to the
    /// character's start. Needed where the pass read a healed text, in which
    /// characters were replaced by several blanks. Order and nesting stay.
    pub(crate) fn snap_to_characters(&mut self, text: &str) {
        let snap = |span: &mut Span| {
            let start = place::boundary(text, span.start().into());
            let end = place::boundary(text, span.end().into());
            *span = crate::tree::span(start, end);
        };
        for node in &mut self.nodes {
            snap(&mut node.span);
            snap(&mut node.full);
            if let Data::Scalar { content, .. } = &mut node.data {
                snap(content);
            }
        }
        for problem in &mut self.problems {
            snap(&mut problem.span);
            problem.related.iter_mut().for_each(&snap);
        }
    }
}

/// Why a pass ended early.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    Scan(ErrorKind),
    TooDeep,
    TooManyNodes,
}

/// Where a pass ended early, and what was open there.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    /// The parser's own idea of the place.
    pub(crate) at: usize,
    /// Start of the outermost bracket that is open.
    pub(crate) bracket: Option<usize>,
    /// End of the last node that was complete.
    pub(crate) last_end: usize,
    /// The last scalar, if it is plain: it may be two lines that lack a colon.
    pub(crate) last_plain: Option<Range<usize>>,
}

/// Runs one strict pass over `text`.
pub(crate) fn run(text: &str) -> Built {
    let options = granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder {
        text,
        built: Built::default(),
        stack: Stack::default(),
        anchors: HashMap::new(),
        expansion: Expansion::default(),
        last_end: 0,
        last_plain: None,
        second_document: None,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let failed = match event {
            Ok((event, at)) => builder.event(event, &at).err().map(|reason| {
                let start = at.start.byte_offset().unwrap_or(0);
                (reason, start)
            }),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                let reason = match error.kind() {
                    ErrorKind::RecursionLimitExceeded => Reason::TooDeep,
                    other => Reason::Scan(other.clone()),
                };
                Some((reason, at))
            }
        };
        if let Some((reason, at)) = failed {
            builder.built.failure = Some(Failure {
                reason,
                at: place::boundary(text, at),
                bracket: builder.stack.bracket(),
                last_end: builder.last_end,
                last_plain: builder.last_plain.clone(),
            });
            break;
        }
    }
    builder.finish()
}

struct Builder<'i> {
    text: &'i str,
    built: Built,
    stack: Stack,
    anchors: HashMap<usize, NodeId>,
    expansion: Expansion,
    /// End of the last complete token of the first document.
    last_end: usize,
    last_plain: Option<Range<usize>>,
    second_document: Option<Range<usize>>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Reason> {
        let range = place::range(self.text, at);
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_, version) => {
                self.built.documents += 1;
                match self.built.documents {
                    1 => {
                        self.built.version = version.map(|v| (v.major, v.minor));
                        self.last_end = place::document_start(self.text, &range);
                    }
                    2 => self.second_document = Some(range),
                    _ => {}
                }
            }
            Event::Comment(comment, _) => self.built.comments.push(Comment {
                span: span(range.start, range.end),
                text: comment.trim().to_owned(),
            }),
            _ if self.built.documents > 1 => {}
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                self.alias(range, target)?;
            }
            Event::UnresolvedAlias(_) => self.alias(range, None)?,
            Event::Anchor(anchor, name) => self.anchor(anchor, &name, range),
            Event::Scalar(value, style, _, tag) => {
                let tag = tag.as_deref().map(|tag| (tag, at));
                self.scalar(&value, style, tag, range)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                let data = Data::Sequence {
                    items: Vec::new(),
                    flow: style == StructureStyle::Flow,
                };
                self.open(data, anchor, tag.as_deref().map(|tag| (tag, at)), range)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let data = Data::Mapping {
                    entries: Vec::new(),
                    flow: style == StructureStyle::Flow,
                };
                self.open(data, anchor, tag.as_deref().map(|tag| (tag, at)), range)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range),
            _ => {}
        }
        Ok(())
    }

    fn push(
        &mut self,
        data: Data,
        own: Range<usize>,
        tag: Option<(&Tag, &granit_parser::Span)>,
    ) -> Result<NodeId, Reason> {
        if self.built.nodes.len() >= MAX_NODES {
            return Err(Reason::TooManyNodes);
        }
        let id = NodeId(self.built.nodes.len() as u32);
        let own = span(own.start, own.end);
        let mut node = NodeData {
            span: own,
            full: own,
            parent: self.stack.top().map(|frame| frame.id),
            props: None,
            data,
        };
        if let Some((tag, at)) = tag {
            let written = at
                .tag_span()
                .map_or(own, |at| Span::from_range(self.text, &at));
            node.full = node.full.cover(written);
            node.props = Some(Box::new(Props {
                tag: Some((format!("{}{}", tag.handle(), tag.suffix()).into(), written)),
                anchor: None,
            }));
        }
        self.built.nodes.push(node);
        match self.stack.attach(id) {
            Slot::Root => self.built.root = Some(id),
            Slot::Key | Slot::Value | Slot::Item => {}
        }
        Ok(id)
    }

    fn scalar(
        &mut self,
        value: &str,
        style: granit_parser::ScalarStyle,
        tag: Option<(&Tag, &granit_parser::Span)>,
        range: Range<usize>,
    ) -> Result<(), Reason> {
        let style = match style {
            granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
            granit_parser::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
            granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
            granit_parser::ScalarStyle::Literal => ScalarStyle::Literal,
            granit_parser::ScalarStyle::Folded => ScalarStyle::Folded,
        };
        let tag_end = tag
            .and_then(|(_, at)| at.tag_span())
            .map(|at| place::range(self.text, &at).end);
        let from = tag_end.map_or(self.last_end, |end| end.max(self.last_end));
        let (own, content, value) = match style {
            ScalarStyle::Plain if range.is_empty() => {
                let at = match tag_end {
                    Some(end) => end,
                    None => {
                        let flow = self.stack.bracket().is_some();
                        place::empty(self.text, self.stack.next_slot(), flow, from, range.start)
                    }
                };
                (at..at, at..at, "")
            }
            ScalarStyle::Plain => (range.clone(), range, value),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let content = if range.len() >= 2 {
                    range.start + 1..range.end - 1
                } else {
                    range.clone()
                };
                (range, content, value)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let (own, content) = place::block(self.text, from, &range, style, value);
                (own, content, value)
            }
        };
        self.last_end = self.last_end.max(own.end);
        self.last_plain = (style == ScalarStyle::Plain).then(|| own.clone());
        let data = Data::Scalar {
            value: value.into(),
            style,
            content: span(content.start, content.end),
            segments: std::sync::OnceLock::new(),
        };
        self.push(data, own, tag)?;
        self.stack.worth(Worth::LEAF);
        Ok(())
    }

    fn alias(&mut self, range: Range<usize>, target: Option<NodeId>) -> Result<(), Reason> {
        let name: Box<str> = self.text[range.clone()].trim_start_matches('*').into();
        let own = span(range.start, range.end);
        let worth = match target {
            None => {
                self.report(message::unknown_alias(&name, own));
                None
            }
            Some(target) => match self.expansion.follow(target, self.stack.depth()) {
                Ok(worth) => Some(worth),
                Err(refusal) => {
                    let anchor = self.built.nodes[target.index()]
                        .props
                        .as_deref()
                        .and_then(|props| props.anchor.as_ref())
                        .map(|(_, span)| *span);
                    self.report(Problem {
                        kind: match refusal {
                            Refusal::Cycle | Refusal::Nodes => ProblemKind::AliasBomb,
                            Refusal::Depth => ProblemKind::TooDeep,
                        },
                        span: own,
                        message: message::refused_alias(&name, refusal),
                        related: anchor,
                        primary: false,
                    });
                    None
                }
            },
        };
        self.last_end = self.last_end.max(range.end);
        let data = Data::Alias {
            name,
            target: target.filter(|_| worth.is_some()),
        };
        self.push(data, range, None)?;
        self.stack.worth(worth.unwrap_or(Worth::LEAF));
        Ok(())
    }

    fn report(&mut self, problem: Problem) {
        if self.built.problems.len() < MAX_PROBLEMS {
            self.built.problems.push(problem);
        }
    }

    /// The anchor of the node that was pushed last.
    fn anchor(&mut self, anchor: usize, name: &str, range: Range<usize>) {
        let Some(last) = self.built.nodes.len().checked_sub(1) else {
            return;
        };
        let id = NodeId(last as u32);
        let node = &mut self.built.nodes[last];
        let written = span(range.start, range.end);
        if let Data::Scalar { content, style, .. } = &mut node.data {
            let behind = written.end();
            if *style == ScalarStyle::Plain && node.span.is_empty() && node.span.end() < behind {
                node.span = Span::empty(behind);
                node.full = node.full.cover(node.span);
                *content = node.span;
            }
            self.expansion.define(id, Worth::LEAF);
        }
        node.full = node.full.cover(written);
        let props = node.props.get_or_insert_default();
        props.anchor = Some((name.into(), written));
        self.last_end = self.last_end.max(range.end);
        self.anchors.insert(anchor, id);
    }

    fn open(
        &mut self,
        data: Data,
        anchor: usize,
        tag: Option<(&Tag, &granit_parser::Span)>,
        range: Range<usize>,
    ) -> Result<(), Reason> {
        if self.stack.depth() >= MAX_DEPTH {
            return Err(Reason::TooDeep);
        }
        let bracket = self.text[range.clone()]
            .starts_with(['[', '{'])
            .then_some(range.start);
        let tag_end = tag
            .and_then(|(_, at)| at.tag_span())
            .map_or(0, |at| place::range(self.text, &at).end);
        self.last_end = self.last_end.max(range.end.max(tag_end));
        self.last_plain = None;
        let id = self.push(data, range, tag)?;
        self.stack.push(Frame {
            id,
            bracket,
            anchored: anchor != 0,
            worth: Worth::LEAF,
            mapping: matches!(self.built.nodes[id.index()].data, Data::Mapping { .. }),
            key: None,
            entries: Vec::new(),
            items: Vec::new(),
        });
        Ok(())
    }

    fn close(&mut self, range: Range<usize>) {
        let Some(mut frame) = self.stack.pop() else {
            return;
        };
        if let Some(key) = frame.key.take() {
            self.missing_value(&mut frame, key);
        }
        let (first, last) = frame.ends();
        let full = |id: NodeId| self.built.nodes[id.index()].full;
        let (first, last) = (first.map(full), last.map(full));
        let node = &mut self.built.nodes[frame.id.index()];
        let mut own = node.span;
        if frame.bracket.is_none() {
            own = Span::empty(first.map_or(own.start(), |first| first.start().min(own.start())));
        }
        if let (Some(first), Some(last)) = (first, last) {
            own = own.cover(first).cover(last);
        }
        if frame.bracket.is_some() && self.text[range.clone()].starts_with([']', '}']) {
            own = own.cover(span(range.start, range.end));
        }
        node.full = node.full.cover(own);
        node.span = own;
        self.last_end = self.last_end.max(own.end().into());
        let worth = frame.worth;
        match &mut node.data {
            Data::Mapping { entries, .. } => *entries = frame.entries,
            Data::Sequence { items, .. } => *items = frame.items,
            Data::Scalar { .. } | Data::Alias { .. } => {}
        }
        if frame.anchored {
            self.expansion.define(frame.id, worth);
        }
        self.stack.worth(worth);
    }

    /// The pass ended between a key and its value.
    fn missing_value(&mut self, frame: &mut Frame, key: NodeId) {
        let at = Span::empty(self.built.nodes[key.index()].full.end());
        let value = NodeId(self.built.nodes.len() as u32);
        self.built.nodes.push(NodeData {
            span: at,
            full: at,
            parent: Some(frame.id),
            props: None,
            data: Data::Scalar {
                value: "".into(),
                style: ScalarStyle::Plain,
                content: at,
                segments: std::sync::OnceLock::new(),
            },
        });
        frame.entries.push((key, value));
    }

    fn finish(mut self) -> Built {
        while self.stack.depth() > 0 {
            self.close(self.text.len()..self.text.len());
        }
        if let Some(at) = &self.second_document {
            let first = self.built.root.map(|id| self.built.nodes[id.index()].span);
            let at = place::document_marker(self.text, at);
            self.built
                .problems
                .push(message::second_document(at, first));
        }
        crate::tabs::find(self.text, &self.built.nodes, &mut self.built.problems);
        crate::duplicates::find(&self.built.nodes, &mut self.built.problems);
        self.built
            .comments
            .sort_by_key(|comment| comment.span.start());
        self.built
    }
}

/// Spans from the parser's own.
trait FromRange {
    fn from_range(text: &str, at: &granit_parser::Span) -> Span;
}

impl FromRange for Span {
    fn from_range(text: &str, at: &granit_parser::Span) -> Span {
        let range = place::range(text, at);
        span(range.start, range.end)
    }
}
