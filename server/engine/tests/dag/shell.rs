//! What goes into a shell text: every value one word, long values by a file,
//! what people wrote by the environment.

use fermata_engine::EventBody;
use serde_json::Map;

use crate::run::{Run, workflow};

#[test]
fn a_reference_becomes_one_word_whatever_is_in_it() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}\n  - {id: b, depends_on: [a], bash: 'printf %s $a.output'}\n",
    ));
    run.says("a", "it's $(rm -rf /) `x` \"y\" $a.output");
    assert_eq!(
        run.call("b").args[1],
        "printf %s 'it'\\''s $(rm -rf /) `x` \"y\" $a.output'"
    );
}

#[test]
fn what_people_wrote_stays_out_of_the_text() {
    let run = Run::asked(
        &workflow("  - {id: a, bash: 'echo $ARGUMENTS $WORKFLOW_ID'}\n"),
        Some("; rm -rf /"),
        Map::new(),
    );
    let call = run.call("a");
    assert_eq!(call.args[1], "echo $ARGUMENTS r1");
    assert!(
        call.env
            .contains(&("ARGUMENTS".to_owned(), "; rm -rf /".to_owned()))
    );
}

#[test]
fn a_long_value_comes_through_a_file_and_not_into_the_log_twice() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}\n  - {id: b, depends_on: [a], bash: 'wc -c <<< $a.output'}\n",
    ));
    let long = "x".repeat(1_000_000);
    run.says("a", &long);
    let call = run.call("b");
    assert_eq!(call.files.len(), 1);
    assert_eq!(call.files[0].1, long);
    assert!(call.args[1].len() < 1_000, "{}", call.args[1].len());
    let intents = run.log.iter().filter_map(|event| match &event.body {
        EventBody::StepStarted { rendered, .. } => Some(serde_json::to_string(rendered).unwrap()),
        _ => None,
    });
    assert!(intents.map(|text| text.len()).max().unwrap() < 2_000);
}

#[test]
fn a_long_message_reaches_the_shell_without_the_environment() {
    let long = "m".repeat(1_000_000);
    let run = Run::asked(
        &workflow("  - {id: a, bash: 'printf %s \"$ARGUMENTS\" | wc -c'}\n"),
        Some(&long),
        Map::new(),
    );
    let call = run.call("a");
    assert!(call.env.iter().all(|(_, value)| value.len() < 100_000));
    assert!(call.files.iter().any(|(_, text)| *text == long));
}
