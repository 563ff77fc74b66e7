//! Permission requests: between the agent's own option ids and the four kinds that
//! people and policies choose from. Who decides is not here.

use fermata_runner::agent::{
    PermissionChoice, PermissionDecision, PermissionOption as Choice, PermissionRequest,
};

use crate::wire::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SelectedPermissionOutcome, tool_kind_word,
};

/// What is asked, in the worker's words. `title` and `kind` are what is known of the tool call,
/// because some agents leave them out of the request.
pub(crate) fn asked(
    request: &RequestPermissionRequest,
    title: &str,
    kind: Option<&str>,
) -> PermissionRequest {
    let fields = &request.tool_call.fields;
    PermissionRequest {
        call: request.tool_call.tool_call_id.0.to_string(),
        title: fields.title.clone().unwrap_or_else(|| title.to_owned()),
        kind: fields
            .kind
            .map(|kind| tool_kind_word(kind).to_owned())
            .or_else(|| kind.map(str::to_owned)),
        input: fields.raw_input.clone(),
        options: choices(&request.options),
    }
}

/// What people can choose: of each kind the one that choosing the kind selects, so that every label says what it does.
fn choices(options: &[PermissionOption]) -> Vec<PermissionChoice> {
    let mut choices: Vec<PermissionChoice> = Vec::new();
    for option in options {
        if let Some(kind) = choice(option.kind)
            && choices.iter().all(|known| known.option != kind)
        {
            choices.push(PermissionChoice {
                option: kind,
                label: option.name.clone(),
            });
        }
    }
    choices
}

fn choice(kind: PermissionOptionKind) -> Option<Choice> {
    match kind {
        PermissionOptionKind::AllowOnce => Some(Choice::AllowOnce),
        PermissionOptionKind::AllowAlways => Some(Choice::AllowAlways),
        PermissionOptionKind::RejectOnce => Some(Choice::RejectOnce),
        PermissionOptionKind::RejectAlways => Some(Choice::RejectAlways),
        _ => None,
    }
}

/// What to tell the agent, and whether that allows the tool.
pub(crate) struct Reply {
    pub response: RequestPermissionResponse,
    pub allowed: bool,
}

/// The reply for a decision. A choice that the agent does not offer becomes the next narrower one
/// that it does, never a wider permission: without any way to allow once, the tool is not allowed.
pub(crate) fn reply(options: &[PermissionOption], decision: PermissionDecision) -> Reply {
    use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};

    let (wanted, allowed): (&[PermissionOptionKind], bool) = match decision {
        PermissionDecision::Chosen(Choice::AllowOnce) => (&[AllowOnce], true),
        PermissionDecision::Chosen(Choice::AllowAlways) => (&[AllowAlways, AllowOnce], true),
        PermissionDecision::Chosen(Choice::RejectOnce) => (&[RejectOnce, RejectAlways], false),
        PermissionDecision::Chosen(Choice::RejectAlways) => (&[RejectAlways, RejectOnce], false),
        PermissionDecision::Cancelled => (&[], false),
    };
    if let Some(response) = selected(options, wanted) {
        return Reply { response, allowed };
    }
    let refusal = if allowed {
        selected(options, &[RejectOnce, RejectAlways])
    } else {
        None
    };
    Reply {
        response: refusal.unwrap_or_else(cancelled),
        allowed: false,
    }
}

/// The reply of a turn that is over.
pub(crate) fn cancelled() -> RequestPermissionResponse {
    RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled)
}

fn selected(
    options: &[PermissionOption],
    wanted: &[PermissionOptionKind],
) -> Option<RequestPermissionResponse> {
    wanted
        .iter()
        .find_map(|kind| options.iter().find(|option| option.kind == *kind))
        .map(|option| {
            RequestPermissionResponse::new(RequestPermissionOutcome::Selected(
                SelectedPermissionOutcome::new(option.option_id.clone()),
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(kinds: &[PermissionOptionKind]) -> Vec<PermissionOption> {
        kinds
            .iter()
            .enumerate()
            .map(|(n, kind)| PermissionOption::new(format!("id-{n}"), "label", *kind))
            .collect()
    }

    fn told(
        kinds: &[PermissionOptionKind],
        decision: PermissionDecision,
    ) -> (Option<String>, bool) {
        let reply = reply(&options(kinds), decision);
        let id = match reply.response.outcome {
            RequestPermissionOutcome::Selected(chosen) => Some(chosen.option_id.0.to_string()),
            _ => None,
        };
        (id, reply.allowed)
    }

    #[test]
    fn of_two_options_of_a_kind_people_see_the_one_that_is_selected() {
        use PermissionOptionKind::{AllowAlways, AllowOnce};

        let kinds = [AllowAlways, AllowAlways, AllowOnce];
        let labels = ["all tools", "this tool", "once"];
        let options: Vec<_> = labels
            .iter()
            .zip(kinds)
            .map(|(label, kind)| PermissionOption::new(*label, *label, kind))
            .collect();
        let shown: Vec<_> = choices(&options).into_iter().map(|it| it.label).collect();
        assert_eq!(shown, ["all tools", "once"]);
        let chosen = PermissionDecision::Chosen(Choice::AllowAlways);
        let RequestPermissionOutcome::Selected(outcome) = reply(&options, chosen).response.outcome
        else {
            panic!("one is selected");
        };
        assert_eq!(&*outcome.option_id.0, "all tools");
    }

    #[test]
    fn an_option_is_chosen_by_its_kind_and_never_widened() {
        use PermissionDecision::{Cancelled, Chosen};
        use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};

        let all = [AllowAlways, RejectOnce, AllowOnce];
        assert_eq!(
            told(&all, Chosen(Choice::AllowOnce)),
            (Some("id-2".into()), true)
        );
        assert_eq!(
            told(&all, Chosen(Choice::RejectAlways)),
            (Some("id-1".into()), false)
        );
        assert_eq!(told(&all, Cancelled), (None, false));
        let once = [AllowOnce];
        assert_eq!(
            told(&once, Chosen(Choice::AllowAlways)),
            (Some("id-0".into()), true)
        );
        assert_eq!(told(&once, Chosen(Choice::RejectOnce)), (None, false));
        let wide = [AllowAlways, RejectAlways];
        assert_eq!(
            told(&wide, Chosen(Choice::AllowOnce)),
            (Some("id-1".into()), false)
        );
    }
}
