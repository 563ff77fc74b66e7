//! What is said when no agent of a name can be used.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use fermata_agents::{Agents, AgentsConfig, UserAgent};
use fermata_runner::agent::{AgentProvider as _, NoAgent};

use crate::stage::Stage;

fn agents(path: Option<OsString>, user: BTreeMap<String, UserAgent>) -> Agents {
    Agents::new(AgentsConfig {
        user,
        path,
        exe: PathBuf::from("fermata"),
        ..AgentsConfig::default()
    })
}

fn refused(agents: &Agents, name: &str) -> NoAgent {
    agents.available(name).expect_err("it is not there")
}

#[test]
fn a_known_agent_that_is_not_installed_names_programs_and_ways_out() {
    let nowhere = agents(None, BTreeMap::new());
    let no = refused(&nowhere, "copilot");
    assert!(
        no.looked_for
            .iter()
            .any(|it| it.contains("`copilot` on the PATH"))
    );
    assert!(
        no.looked_for
            .iter()
            .any(|it| it.contains("user configuration"))
    );
    for way in ["npm install", "--dry-run", "--agent scripted:FILE"] {
        assert!(no.advice.contains(way), "{way} in: {no}");
    }
    let no = refused(&nowhere, "claude-agent-sdk");
    assert!(
        no.looked_for
            .iter()
            .any(|it| it.contains("claude-agent-acp")),
        "{no}"
    );
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let no = refused(&agents(None, BTreeMap::new()), "hermes");
    assert!(no.to_string().contains("copilot"), "{no}");
    assert!(no.to_string().contains("hermes"), "{no}");
}

#[test]
fn the_users_own_command_comes_first_and_is_named_when_it_is_missing() {
    let own = UserAgent {
        command: Some("no-such-program".into()),
        ..UserAgent::default()
    };
    let no = refused(
        &agents(None, BTreeMap::from([("codex".into(), own)])),
        "codex",
    );
    assert!(no.looked_for[0].contains("no-such-program"), "{no}");
}

#[test]
fn a_program_on_the_path_is_found_only_when_it_is_executable() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Some(folder.path().as_os_str().to_owned());
    std::fs::write(folder.path().join("gemini"), "").expect("writes");
    assert!(
        agents(path.clone(), BTreeMap::new())
            .available("gemini")
            .is_err()
    );
    let file = Stage::shell(folder.path(), "");
    std::fs::rename(file, folder.path().join("gemini")).expect("renames");
    let agents = agents(path, BTreeMap::new());
    assert_eq!(agents.available("gemini"), Ok(()));
    let listed = agents.list();
    let gemini = listed
        .iter()
        .find(|it| it.name == "gemini")
        .expect("listed");
    assert!(
        gemini
            .command
            .as_deref()
            .is_some_and(|it| it.ends_with("gemini --acp"))
    );
    assert!(
        listed
            .iter()
            .any(|it| it.name == "copilot" && it.advice.is_some())
    );
}

#[test]
fn the_scripted_agent_wants_a_script_that_exists() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = agents(None, BTreeMap::new());
    assert!(
        refused(&none, "scripted")
            .advice
            .contains("NAME.script.yaml")
    );
    let script = folder.path().join("loop.script.yaml");
    let name = format!("scripted:{}", script.display());
    assert!(refused(&none, &name).looked_for[0].contains("loop.script.yaml"));
    std::fs::write(&script, "rules: []").expect("writes");
    assert_eq!(none.available(&name), Ok(()));
}
