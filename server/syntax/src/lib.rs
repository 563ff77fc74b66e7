//! Text to tree and back: YAML with byte spans and comments, healing of broken text, line index. Knows no dialect.
