//! How much of a real file survives when one line of it is broken. Prints the
//! shares; fails when they fall below what was promised.

mod breaking;
mod corpus;
mod invariants;

use std::collections::BTreeSet;

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

#[test]
fn most_step_names_survive_one_broken_line_and_none_is_invented() {
    let Some(root) = corpus::root() else {
        return;
    };
    let mut dice = Dice::new(7);
    let (mut variants, mut whole, mut kept, mut all) = (0, 0, 0, 0);
    let (mut before_error, mut invented) = (0, Vec::new());
    let mut by_way = std::collections::BTreeMap::<&str, (u32, u32)>::new();
    let verbose = std::env::var_os("FERMATA_VERBOSE").is_some();
    for (path, text) in corpus::files(&root) {
        let tree = parse(&text);
        let original = names(&tree);
        if !tree.problems().is_empty() || original.is_empty() {
            continue;
        }
        let texts: BTreeSet<&str> = original.iter().map(|name| name.0.as_str()).collect();
        for _ in 0..60 {
            let Some(broken) = break_once(&text, &mut dice) else {
                continue;
            };
            let healed = parse(&broken.text);
            let Some(problem) = healed.problems().first().filter(|problem| {
                problem.primary && matches!(problem.kind, ProblemKind::Syntax | ProblemKind::Tab)
            }) else {
                continue;
            };
            invariants::check(&healed);
            let found = names(&healed);
            variants += 1;
            let error_line = healed.line_index().line_of(problem.span.start());
            let lost: Vec<_> = original
                .iter()
                .filter(|name| name.1 != broken.line && !found.contains(name))
                .collect();
            let counted = original.iter().filter(|name| name.1 != broken.line).count();
            all += counted;
            kept += counted - lost.len();
            whole += u32::from(lost.is_empty());
            let way = by_way.entry(broken.way).or_default();
            way.0 += 1;
            way.1 += u32::from(lost.is_empty());
            before_error += u32::from(original.iter().all(|name| name.1 < error_line));
            for name in &found {
                if !texts.contains(name.0.as_str()) {
                    invented.push((path.clone(), broken.way, broken.line + 1, name.clone()));
                }
            }
            if verbose && !lost.is_empty() {
                println!(
                    "{path} {} line {} error line {} lost {} of {counted} regions {:?}",
                    broken.way,
                    broken.line + 1,
                    error_line + 1,
                    lost.len(),
                    healed
                        .broken_regions()
                        .iter()
                        .map(|r| {
                            let index = healed.line_index();
                            (index.line_of(r.start()) + 1, index.line_of(r.end()) + 1)
                        })
                        .collect::<Vec<_>>(),
                );
                let n = std::env::var("FERMATA_VERBOSE").unwrap();
                if n.parse::<usize>().is_ok_and(|n| n > 1) {
                    let lines: Vec<_> = broken.text.lines().collect();
                    let at = broken.line as usize;
                    for i in at.saturating_sub(3)..(at + 6).min(lines.len()) {
                        println!(
                            "   {:4} {}",
                            i + 1,
                            lines[i].chars().take(90).collect::<String>()
                        );
                    }
                }
            }
        }
    }
    let share = |part: u32, of: u32| 100.0 * f64::from(part) / f64::from(of.max(1));
    println!("variants that no longer parse: {variants}");
    println!(
        "  every other step name kept: {:.1} %",
        share(whole, variants)
    );
    println!("  step names kept: {:.1} %", share(kept as u32, all as u32));
    println!(
        "  all names above the error (what stopping there would keep): {:.1} %",
        share(before_error, variants)
    );
    for (way, (count, whole)) in &by_way {
        println!("  {way}: {:.1} % of {count}", share(*whole, *count));
    }
    println!("  invented: {}", invented.len());
    for one in invented.iter().take(20) {
        println!("    {one:?}");
    }
    assert!(
        variants > 500,
        "too few variants to say anything: {variants}"
    );
    assert!(share(whole, variants) >= 77.0);
    assert_eq!(invented, []);
}
