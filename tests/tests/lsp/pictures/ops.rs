//! What happens in a sequence, and how sequences are made up.

use proptest::prelude::*;
use serde_json::{Value, json};

/// One replacement within a text: where, how many characters go, and what comes.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// Of 65536 parts of the text.
    pub(crate) at: u16,
    pub(crate) gone: u8,
    pub(crate) come: String,
}

/// What a client, or somebody beside it, does. Files and texts are numbers into the project, whatever their size.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// Opens with what is on disk, or with another text.
    Open {
        file: usize,
        text: Option<usize>,
        late: bool,
    },
    /// One notification with these edits.
    Change {
        file: usize,
        edits: Vec<Edit>,
    },
    /// The whole text is another one.
    Replace {
        file: usize,
        text: usize,
    },
    Close {
        file: usize,
    },
    /// What the editor shows goes to the disk.
    Save {
        file: usize,
    },
    /// Somebody else writes; the client may tell of it.
    Write {
        file: usize,
        text: usize,
        told: bool,
    },
    Delete {
        file: usize,
        told: bool,
    },
    /// A file gets the name of another; an open document goes with it.
    Rename {
        from: usize,
        to: usize,
        told: bool,
    },
    /// The folder of a file goes away, or comes back.
    Folder {
        file: usize,
        told: bool,
    },
    Settings {
        which: usize,
    },
    /// A request whose answer is not waited for; it may be cancelled at once.
    Ask {
        file: usize,
        which: usize,
        cancel: bool,
    },
}

/// Operations between two moments of quiet.
pub(crate) type Burst = Vec<Op>;

/// A whole sequence, and the client that plays it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Asks for diagnostics; they are not sent to it.
    pub(crate) pulls: bool,
    /// Has asked about the workspace, before and in between.
    pub(crate) surveys: bool,
    /// Escapes in addresses only what it must; the server escapes more.
    pub(crate) raw: bool,
    pub(crate) bursts: Vec<Burst>,
}

fn file() -> impl Strategy<Value = usize> {
    // Some are used by others, and matter more.
    prop_oneof![0_usize..1_000, prop::sample::select(vec![0_usize, 1, 5, 6])]
}

fn edit() -> impl Strategy<Value = Edit> {
    let come = prop::sample::select(vec![
        "",
        "",
        "x",
        "\n",
        ": ",
        "- ",
        "{",
        "]",
        "\"",
        "𝄐é",
        "$a.output",
        "nowhere",
        "\t",
        "#",
        "  - {id: n, include: sub}\n",
    ]);
    (any::<u16>(), 0_u8..6, come).prop_map(|(at, gone, come)| Edit {
        at,
        gone,
        come: come.to_owned(),
    })
}

fn op() -> impl Strategy<Value = Op> {
    let told = || prop::bool::weighted(0.7);
    prop_oneof![
        6 => (file(), prop::option::weighted(0.3, 0_usize..100), any::<bool>()).prop_map(|(file, text, late)| Op::Open { file, text, late }),
        6 => (file(), prop::collection::vec(edit(), 1..4)).prop_map(|(file, edits)| Op::Change { file, edits }),
        5 => (file(), 0_usize..100).prop_map(|(file, text)| Op::Replace { file, text }),
        3 => file().prop_map(|file| Op::Close { file }),
        2 => file().prop_map(|file| Op::Save { file }),
        4 => (file(), 0_usize..100, told()).prop_map(|(file, text, told)| Op::Write { file, text, told }),
        2 => (file(), told()).prop_map(|(file, told)| Op::Delete { file, told }),
        2 => (file(), file(), told()).prop_map(|(from, to, told)| Op::Rename { from, to, told }),
        1 => (file(), told()).prop_map(|(file, told)| Op::Folder { file, told }),
        1 => (0_usize..4).prop_map(|which| Op::Settings { which }),
        4 => (file(), 0_usize..100, any::<bool>()).prop_map(|(file, which, cancel)| Op::Ask { file, which, cancel }),
    ]
}

/// Sequences: single operations, whose effect can be seen by itself, and many at once.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let burst = prop_oneof![
        2 => prop::collection::vec(op(), 1),
        3 => prop::collection::vec(op(), 2..14),
    ];
    let bursts = prop::collection::vec(burst, 1..6);
    (any::<bool>(), any::<bool>(), any::<bool>(), bursts).prop_map(
        |(pulls, surveys, raw, bursts)| Case {
            pulls,
            surveys,
            raw,
            bursts,
        },
    )
}

/// Applies an edit as a client says it, in UTF-16.
pub(crate) fn apply(text: &mut String, edit: &Edit) -> Value {
    let length = text.chars().count();
    let at = usize::from(edit.at) * (length + 1) / 65_536;
    let end = (at + usize::from(edit.gone)).min(length);
    let byte = |n: usize| {
        text.char_indices()
            .nth(n)
            .map_or(text.len(), |(byte, _)| byte)
    };
    let (from, to) = (byte(at), byte(end));
    let place = |byte: usize| {
        let before = &text[..byte];
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        json!({"line": line, "character": before[start..].encode_utf16().count()})
    };
    let range = json!({"start": place(from), "end": place(to)});
    text.replace_range(from..to, &edit.come);
    json!({"range": range, "text": edit.come})
}
