//! The runner: seeds in processes of their own, and what it prints.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_corelog-sim");
    Command::new(program).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn seeds_are_divided_among_processes_and_all_of_them_run() {
    let output = run(&["--from", "10", "--seeds", "3", "--jobs", "2", "--verbose"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for seed in 10..13 {
        assert!(said.contains(&format!("seed {seed} ")), "{said}");
    }
    assert!(said.contains("3 seeds from 10, 0 failed"), "{said}");
    assert!(said.contains("client operations a second of one core"), "{said}");
}

#[test]
fn a_plan_is_followed_and_what_it_cannot_be_is_said() {
    let output = run(&[
        "--seed",
        "10",
        "--plan",
        "lives=1,start_crashes=0,trouble=none,shards=1",
    ]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("lives: 1") && said.contains("trouble: None"),
        "{said}"
    );
    for plan in ["lives", "lives=many", "deaths=3"] {
        let output = run(&["--seed", "10", "--plan", plan]);
        assert!(!output.status.success(), "{plan}");
    }
}

#[test]
fn the_brokers_world_follows_a_plan_too() {
    let mut arguments = vec!["--world", "broker", "--seed", "3", "--plan"];
    arguments.push("lives=1,masses=false,members=0,admins=0,ends_amid_deletions=false,shards=1");
    let output = run(&arguments);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("lives: 1") && said.contains("members: 0"), "{said}");
    arguments.pop();
    arguments.push("deaths=3");
    assert!(!run(&arguments).status.success());
}
