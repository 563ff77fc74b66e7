//! Where in a document an offset is, in words of the dialect: the keys that
//! lead to it, with `[]` for list items and `*` for keys that the author names.

use fermata_syntax::{Node, Offset, Span, Tree};

/// The way from the root to an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `agents[].routes[].to`; author-named keys stand as they are.
    pub(crate) path: String,
    /// The innermost key that the offset is on or under.
    pub(crate) key: Option<(String, Span)>,
    /// Whether the offset is on that key itself.
    pub(crate) on_key: bool,
    /// The scalar that the offset is in, if it is in a value.
    pub(crate) value: Option<(String, Span)>,
}

/// The place of an offset.
pub(crate) fn place(tree: &Tree, offset: Offset) -> Place {
    let mut found = Place {
        path: String::new(),
        key: None,
        on_key: false,
        value: None,
    };
    if let Some(root) = tree.root() {
        descend(root, offset, &mut found);
    }
    found
}

fn descend(node: Node<'_>, offset: Offset, found: &mut Place) {
    if let Some(mapping) = node.as_mapping() {
        for entry in mapping.entries() {
            let on_key = touches(entry.key.span(), offset);
            if !on_key && !touches(entry.value.span(), offset) {
                continue;
            }
            let Some(key) = entry.key_text() else { return };
            if !found.path.is_empty() {
                found.path.push('.');
            }
            found.path.push_str(key);
            found.key = Some((key.to_owned(), entry.key.span()));
            found.on_key = on_key;
            if !on_key {
                descend(entry.value, offset, found);
            }
            return;
        }
    } else if let Some(sequence) = node.as_sequence() {
        for item in sequence.items() {
            if touches(item.span(), offset) {
                found.path.push_str("[]");
                descend(item, offset, found);
                return;
            }
        }
    } else if let Some(scalar) = node.as_scalar()
        && touches(node.span(), offset)
    {
        found.value = Some((scalar.value().to_owned(), node.span()));
    }
}

fn touches(span: Span, offset: Offset) -> bool {
    span.contains_inclusive(offset)
}

/// Every text of a workflow that is rendered as a template.
pub(crate) fn templates(workflow: &fermata_workflow::Workflow) -> Vec<&fermata_workflow::Text> {
    use fermata_workflow::StepKind;
    use fermata_workflow::model::SetValue;
    let mut texts: Vec<&fermata_workflow::Text> = workflow.output.values().collect();
    for step in &workflow.steps {
        let step = match &step.kind {
            StepKind::ForEach(each) => &each.agent,
            _ => step,
        };
        texts.extend(step.routes.iter().filter_map(|route| route.when.as_ref()));
        texts.extend(step.routes.iter().flat_map(|route| route.output.values()));
        match &step.kind {
            StepKind::Agent(agent) => texts.extend(
                [
                    &agent.prompt,
                    &agent.system_prompt,
                    &agent.model,
                    &agent.working_dir,
                ]
                .into_iter()
                .flatten(),
            ),
            StepKind::HumanGate(gate) => texts.push(&gate.prompt),
            StepKind::Questions(questions) => {
                texts.extend(&questions.prompt);
                texts.extend(questions.questions.iter().map(|question| &question.text));
            }
            StepKind::Script(script) => {
                texts.push(&script.command);
                texts.extend(&script.args);
                texts.extend([&script.stdin, &script.working_dir].into_iter().flatten());
            }
            StepKind::Set(set) => match &set.value {
                SetValue::One(text) => texts.push(text),
                SetValue::Many(all) => texts.extend(all.values()),
            },
            StepKind::Wait(wait) => {
                texts.push(&wait.duration);
                texts.extend(&wait.reason);
            }
            StepKind::Terminate(end) => {
                texts.push(&end.reason);
                texts.extend(end.output_template.iter().flat_map(|all| all.values()));
            }
            StepKind::SubWorkflow(sub) => {
                texts.extend(sub.input_mapping.iter().flat_map(|all| all.values()))
            }
            StepKind::Parallel(_) | StepKind::ForEach(_) | StepKind::Archon(_) => {}
        }
    }
    texts
}
