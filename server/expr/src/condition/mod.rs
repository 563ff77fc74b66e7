//! Conductor's `when`: a template that renders to a truth word, or a plain expression over flattened names. Rule 4.3.

mod lexer;
mod parser;
mod plain;
mod routes;

pub use routes::{Chosen, choose_route};

use crate::ast::Expr;
use crate::error::{EvalError, SyntaxError};
use crate::reference::{self, Compared, Reference};
use crate::template;
use crate::value::dict::Dict;
use crate::value::json::from_json;
use crate::value::{Val, number};
use serde_json::Value;

/// The language a `when` is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// It holds both `{{` and `}}`: the rendered text decides.
    Template,
    /// A Python-like expression over flattened names.
    Plain,
}

/// A read condition.
#[derive(Debug)]
pub struct ConditionAst {
    form: Form,
}

#[derive(Debug)]
enum Form {
    Template(template::Parsed),
    Plain(Expr),
}

impl ConditionAst {
    /// Which of the two languages the text is in.
    pub fn language(&self) -> Language {
        match self.form {
            Form::Template(_) => Language::Template,
            Form::Plain(_) => Language::Plain,
        }
    }

    /// Names with their fields. In the plain language roots are flattened names such as `draft_output`.
    ///
    /// The functions of the plain language are left out.
    pub fn references(&self) -> Vec<Reference> {
        match &self.form {
            Form::Template(parsed) => parsed.references(),
            Form::Plain(expr) => {
                let mut found = Vec::new();
                reference::collect(expr, &|_| false, &mut found);
                found.retain(|r| {
                    !(r.called
                        && r.path.len() == 1
                        && matches!(
                            r.path[0].name.as_str(),
                            "int" | "float" | "str" | "rand" | "randint"
                        ))
                });
                found
            }
        }
    }

    /// Comparisons of a reference with a constant, in source order.
    pub fn comparisons(&self) -> Vec<Compared> {
        match &self.form {
            Form::Template(parsed) => parsed.comparisons(),
            Form::Plain(expr) => {
                let mut found = Vec::new();
                reference::comparisons(expr, &mut found);
                found
            }
        }
    }
}

/// The language of a `when`, without reading it.
pub fn language(when: &str) -> Language {
    if when.contains("{{") && when.contains("}}") {
        Language::Template
    } else {
        Language::Plain
    }
}

/// Reads a condition in its language.
///
/// # Errors
/// The first place where the text leaves the language.
pub fn parse(when: &str) -> Result<ConditionAst, SyntaxError> {
    let form = match language(when) {
        Language::Template => Form::Template(template::parse(when)?),
        Language::Plain => Form::Plain(plain::parse(when)?),
    };
    Ok(ConditionAst { form })
}

/// Decides a condition against the evaluation context, `output` included.
///
/// # Errors
/// Syntax, unknown names, types that do not fit, and the bounds in [`crate::fuel`].
pub fn evaluate(when: &str, context: &Value) -> Result<bool, EvalError> {
    match language(when) {
        Language::Template => {
            let text = template::render(when, context)?;
            Ok(!matches!(
                text.trim_matches(number::is_space).to_lowercase().as_str(),
                "false" | "0" | "no" | ""
            ))
        }
        Language::Plain => plain::evaluate(&plain::parse(when)?, flatten(context)),
    }
}

/// The names of the plain language: `key_sub` for each field of a dictionary, bare fields for `output`,
/// and the own name for every other value.
fn flatten(context: &Value) -> Dict {
    let mut names = Dict::default();
    let Value::Object(entries) = context else {
        return names;
    };
    for (key, value) in entries {
        match from_json(value) {
            Val::Dict(fields) => {
                for (field, value) in fields.borrow().iter() {
                    let Some(field) = field.text() else { continue };
                    names.set(&format!("{key}_{field}"), value.clone());
                    if key == "output" {
                        names.set(field, value.clone());
                    }
                }
            }
            other => names.set(key, other),
        }
    }
    names
}
