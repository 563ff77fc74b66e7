//! Macros as values: a definition with the scopes it was made in.

use super::node;
use super::render::Scope;
use std::rc::Rc;

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) definition: Rc<node::Macro>,
    pub(crate) scopes: Vec<Scope>,
}
