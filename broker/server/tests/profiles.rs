//! Which brokers a command asks: those of a flag, of the environment, of a profile, or the default.

use std::path::Path;
use std::process::{Command, Output};

/// Nobody listens on these ports: what a command says of the broker that it cannot reach names its address.
const PROFILE: &str = "127.0.0.1:1";
const OTHER_PROFILE: &str = "127.0.0.1:2";
const ENVIRONMENT: &str = "127.0.0.1:3";
const FLAG: &str = "127.0.0.1:4";

fn corelog(home: &Path, environment: &[(&str, &str)], line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corelog"))
        .args(line.split_whitespace())
        .env_clear()
        .env("HOME", home)
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs")
}

#[track_caller]
fn does(home: &Path, line: &str) -> String {
    let output = corelog(home, &[], line);
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_profile() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    does(home, &format!("profile create a --brokers {PROFILE}"));
    does(
        home,
        &format!("profile create b --brokers {OTHER_PROFILE} --no-use"),
    );
    let check = |environment: &[(&str, &str)], more: &str, expected: &str| {
        let output = corelog(home, environment, &format!("topic list {more}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(
            said.contains(&format!("cannot connect to {expected}:")),
            "{more}: {said}"
        );
    };
    let environment = [("CORELOG_BOOTSTRAP", ENVIRONMENT)];
    check(&[], "", PROFILE);
    check(&[], "-X profile=b", OTHER_PROFILE);
    check(&environment, "", ENVIRONMENT);
    check(&environment, &format!("--bootstrap {FLAG}"), FLAG);
    check(&environment, &format!("-X bootstrap.servers={FLAG}"), FLAG);
    does(home, "profile use b");
    check(&[], "", OTHER_PROFILE);
    does(home, "profile delete b");
    let gone = corelog(home, &[], "topic list -X profile=b");
    assert_eq!(gone.status.code(), Some(4), "{gone:?}");
    assert!(does(home, "profile list").contains(PROFILE));
}
