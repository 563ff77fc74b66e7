//! Filters about addresses: percent encoding and links.

use super::text::plain;
use crate::call::{Args, flag};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::methods::dict::pairs_of;
use crate::template::render::Renderer;
use crate::value::{Val, iterate, number::is_space, repr};
use fancy_regex::Regex;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\A(?:(?:https?://|www\.)(?:(?:[\w%-]+\.)+)?(?:[a-z]{2,63}|xn--[\w%]{2,59})",
        r"|(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)",
        r"|https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))",
        r"(?::\d{1,5})?(?:[/?#]\S*)?\z",
    ))
    .expect("the pattern is constant and valid")
});
static MAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A\S+@\w[\w.-]*\.\w+\z").expect("the pattern is constant and valid")
});

fn quote(text: &str, keep_slash: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn urlencode(r: &Renderer, value: &Val) -> Res<Val> {
    let pairs = match value.defined()? {
        Val::Str(text) | Val::Markup(text) => return Ok(Val::str(quote(text, true))),
        Val::Dict(_) => pairs_of(value)?,
        other if iterate::length(other).is_err() && !matches!(other, Val::OneShot(_)) => {
            return Ok(Val::str(quote(&plain(r, other)?, true)));
        }
        other => {
            let mut pairs = Vec::new();
            for item in iterate::items(other, r.fuel())? {
                let parts = iterate::items(&item, r.fuel())?;
                let [key, value] = <[Val; 2]>::try_from(parts).map_err(|parts| {
                    EvalError::value(format!("expected 2 values to unpack, got {}", parts.len()))
                })?;
                pairs.push((key, value));
            }
            pairs
        }
    };
    let mut parts = Vec::new();
    for (key, value) in pairs {
        let field = |v: &Val| plain(r, v).map(|t| quote(&t, false).replace("%20", "+"));
        parts.push(format!("{}={}", field(&key)?, field(&value)?));
    }
    Ok(Val::str(parts.join("&")))
}

struct Style {
    limit: Option<usize>,
    attributes: String,
}

impl Style {
    fn label(&self, text: &str) -> String {
        match self.limit {
            Some(limit) if text.chars().count() > limit => {
                format!("{}...", text.chars().take(limit).collect::<String>())
            }
            _ => text.to_owned(),
        }
    }
}

fn link(word: &str, style: &Style) -> String {
    let (mut head, mut middle) = (String::new(), word);
    while let Some(mark) = ["(", "<", "&lt;"]
        .iter()
        .find(|mark| middle.starts_with(**mark))
    {
        head.push_str(mark);
        middle = &middle[mark.len()..];
    }
    let mut kept = middle.len();
    while let Some(mark) = [")", ">", ".", ",", "&gt;"]
        .iter()
        .find(|mark| middle[..kept].ends_with(**mark))
    {
        kept -= mark.len();
    }
    let mut tail = middle[kept..].to_owned();
    let mut middle = middle[..kept].to_owned();
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
        let opened = middle.matches(open).count();
        if opened <= middle.matches(close).count() {
            continue;
        }
        for _ in 0..opened.min(tail.matches(close).count()) {
            let Some(at) = tail.find(close) else { break };
            middle.push_str(&tail[..at + close.len()]);
            tail = tail[at + close.len()..].to_owned();
        }
    }
    let attributes = &style.attributes;
    if LINK.is_match(&middle).unwrap_or(false) {
        let prefix = if middle.starts_with("https://") || middle.starts_with("http://") {
            ""
        } else {
            "https://"
        };
        middle = format!(
            "<a href=\"{prefix}{middle}\"{attributes}>{}</a>",
            style.label(&middle)
        );
    } else if let Some(address) = middle
        .strip_prefix("mailto:")
        .filter(|a| MAIL.is_match(a).unwrap_or(false))
    {
        middle = format!("<a href=\"{middle}\">{address}</a>");
    } else if middle.contains('@')
        && !middle.starts_with("www.")
        && !middle.contains(':')
        && !middle.starts_with('@')
        && MAIL.is_match(&middle).unwrap_or(false)
    {
        middle = format!("<a href=\"mailto:{middle}\">{middle}</a>");
    }
    format!("{head}{middle}{tail}")
}

fn urlize(r: &Renderer, value: &Val, args: Args) -> Res<Val> {
    let names = [
        "trim_url_limit",
        "nofollow",
        "target",
        "rel",
        "extra_schemes",
    ];
    let [limit, nofollow, target, rel, _] = args.bind("urlize", names)?;
    let limit = match limit {
        None | Some(Val::None) => None,
        Some(v) => usize::try_from(v.index()?).ok(),
    };
    let mut relations: BTreeSet<String> = BTreeSet::from(["noopener".to_owned()]);
    if flag(nofollow, false)? {
        relations.insert("nofollow".to_owned());
    }
    if let Some(rel) = rel.filter(|v| !matches!(v, Val::None)) {
        relations.extend(plain(r, &rel)?.split_whitespace().map(str::to_owned));
    }
    let rel: Vec<String> = relations.into_iter().collect();
    let mut attributes = format!(" rel=\"{}\"", repr::escape(&rel.join(" ")));
    if let Some(target) = target.filter(|v| !matches!(v, Val::None)) {
        let _ = write!(
            attributes,
            " target=\"{}\"",
            repr::escape(&plain(r, &target)?)
        );
    }
    let style = Style { limit, attributes };
    let text = repr::escaped(value, r.fuel())?;
    let mut out = String::new();
    let mut rest = &*text;
    while !rest.is_empty() {
        let blanks = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
        out.push_str(&rest[..blanks]);
        rest = &rest[blanks..];
        let word = rest.find(is_space).unwrap_or(rest.len());
        r.fuel().spend(word as u64 + 1)?;
        if word > 0 {
            out.push_str(&link(&rest[..word], &style));
        }
        rest = &rest[word..];
    }
    r.fuel().text(out.len())?;
    Ok(if r.autoescape {
        Val::Markup(out.into())
    } else {
        Val::str(out)
    })
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    if name == "urlize" {
        return urlize(r, &value, args);
    }
    args.exactly::<0>(name)?;
    urlencode(r, &value)
}
