//! How much of a real file survives when one line of it is broken. Prints the
//! shares; fails when they fall below what was promised.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod breaking;
mod corpus;
mod invariants;

use std::collections::{BTreeMap, BTreeSet};

use breaking::{Dice, break_once};
use fermata_syntax::{Kind, ProblemKind, Tree, parse};

/// The names of items: scalars under `name` or `id` of a mapping in a
/// sequence, with the line they stand on.
fn names(tree: &Tree) -> BTreeSet<(String, u32)> {
    tree.nodes()
        .filter_map(|node| match node.kind() {
            Kind::Mapping(mapping) if matches!(node.parent()?.kind(), Kind::Sequence(_)) => {
                let entry = ["name", "id"].iter().find_map(|key| mapping.get(key))?;
                let name = entry.value.as_scalar()?;
                let line = tree.line_index().line_of(name.span().start());
                (!name.value().is_empty()).then(|| (name.value().to_owned(), line))
            }
            _ => None,
        })
        .collect()
}

#[derive(Default)]
struct Tally {
    variants: u32,
    /// Variants in which all names that are not on the broken line are left.
    whole: u32,
    /// Variants in which all names are left, also that on the broken line.
    untouched: u32,
    /// Variants in which all names are above the error.
    above: u32,
    names: u32,
    kept: u32,
}

impl Tally {
    fn share(part: u32, of: u32) -> f64 {
        100.0 * f64::from(part) / f64::from(of.max(1))
    }
}

#[test]
fn most_step_names_survive_one_broken_line_and_none_is_invented() {
    let Some(root) = corpus::root() else {
        return;
    };
    let mut dice = Dice::new(7);
    let mut all = Tally::default();
    let mut by_way = BTreeMap::<&str, Tally>::new();
    let mut invented = Vec::new();
    for (path, text) in corpus::files(&root) {
        let tree = parse(&text);
        let original = names(&tree);
        if !tree.problems().is_empty() || original.is_empty() {
            continue;
        }
        for _ in 0..40 {
            let Some(broken) = break_once(&text, &mut dice) else {
                continue;
            };
            let healed = parse(&broken.text);
            let Some(error) = healed.problems().first().filter(|problem| {
                problem.primary && matches!(problem.kind, ProblemKind::Syntax | ProblemKind::Tab)
            }) else {
                continue;
            };
            invariants::check(&healed);
            let found = names(&healed);
            let error = healed.line_index().line_of(error.span.start());
            let other = original.iter().filter(|name| name.1 != broken.line);
            let (names, kept) = other.fold((0, 0), |(names, kept), name| {
                (names + 1, kept + u32::from(found.contains(name)))
            });
            for tally in [&mut all, by_way.entry(broken.way).or_default()] {
                tally.variants += 1;
                tally.names += names;
                tally.kept += kept;
                tally.whole += u32::from(kept == names);
                tally.untouched += u32::from(original.is_subset(&found));
                tally.above += u32::from(original.iter().all(|name| name.1 < error));
            }
            for name in found {
                if !original.iter().any(|known| known.0 == name.0) {
                    invented.push((path.clone(), broken.way, broken.line + 1, name));
                }
            }
        }
    }
    println!("variants that no longer parse: {}", all.variants);
    let share = |part: u32| Tally::share(part, all.variants);
    println!(
        "  every name on the other lines kept: {:.1} %",
        share(all.whole)
    );
    println!("  every name kept: {:.1} %", share(all.untouched));
    println!("  every name above the error: {:.1} %", share(all.above));
    println!(
        "  names on the other lines kept: {:.1} %",
        Tally::share(all.kept, all.names)
    );
    for (way, tally) in &by_way {
        let share = Tally::share(tally.whole, tally.variants);
        println!("  {way}: {share:.1} % of {}", tally.variants);
    }
    assert!(
        all.variants > 500,
        "too few to say anything: {}",
        all.variants
    );
    assert!(share(all.whole) >= 90.0);
    assert!(share(all.untouched) >= 77.0);
    assert_eq!(invented, [], "names that the unbroken text does not have");
}
