//! The examples of how a service or a container gets the library: systemd, linters and schemas of containers and our own table understand them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use contract::options::TABLE;
use support::build::{container_tool, python, root, tool};
use support::scratch::Scratch;

/// All of them.
const FILES: [&str; 4] = [
    "systemd/lockprof.conf",
    "container/Dockerfile",
    "container/compose.yaml",
    "container/kubernetes.yaml",
];

/// A service that is denied what a careful administrator denies it.
const SERVICE: &str = "[Unit]
Description=A shop
[Service]
ExecStart=/bin/true
DynamicUser=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX
SystemCallFilter=@system-service
";

/// Loads a document and follows its mounts: each must name a volume of the same document.
const FOLLOW_MOUNTS: &str = r#"
import sys, yaml
pod = yaml.safe_load(open(sys.argv[1] + "/kubernetes.yaml"))["spec"]
volumes = {volume["name"] for volume in pod["volumes"]}
mounted = {mount["name"] for each in pod["initContainers"] + pod["containers"] for mount in each["volumeMounts"]}
assert volumes == mounted, (volumes, mounted)
variables = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
places = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
assert variables["LD_PRELOAD"].rsplit("/", 1)[0] in places, variables
assert variables["LOCKPROF_OUTPUT"] in places, variables
compose = yaml.safe_load(open(sys.argv[1] + "/compose.yaml"))
mounted = {volume.split(":")[0] for volume in compose["services"]["app"]["volumes"]}
assert mounted == set(compose["volumes"]), mounted
print("followed", len(volumes))
"#;

/// What systemd says about a service with this drop-in.
fn verified(drop_in: &str) -> String {
    let scratch = Scratch::new();
    let unit = scratch.join("shop.service");
    fs::write(&unit, SERVICE).unwrap();
    fs::create_dir(scratch.join("shop.service.d")).unwrap();
    fs::write(scratch.join("shop.service.d/lockprof.conf"), drop_in).unwrap();
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&unit)
        .output()
        .unwrap_or_else(|error| panic!("systemd-analyze (package systemd): {error}"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn systemd_has_nothing_to_say_about_the_drop_in() {
    let drop_in = fs::read_to_string(root().join("examples/systemd/lockprof.conf")).unwrap();
    assert_eq!(verified(&drop_in), "");
    // It would say so, if there were anything.
    let spoilt = drop_in.replace("StateDirectory=", "StateDirectory=/");
    assert!(verified(&spoilt).contains("absolute"));
}

/// Whether a reader of containers is content with an example, and what it says about it. What
/// `spoil` replaces is replaced first; the reader gets the path last.
fn read_by(reader: &[&str], file: &str, spoil: Option<(&str, &str)>) -> (bool, String) {
    let scratch = Scratch::new();
    let mut text = fs::read_to_string(root().join("examples/container").join(file)).unwrap();
    if let Some((what, with)) = spoil {
        assert!(text.contains(what), "{file}: {what}");
        text = text.replace(what, with);
    }
    let copy = scratch.join(file);
    fs::write(&copy, text).unwrap();
    let output = Command::new(container_tool(reader[0]))
        .args(&reader[1..])
        .arg(copy)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn hadolint_has_nothing_to_say_about_the_image() {
    let silent = read_by(&["hadolint", "--no-color"], "Dockerfile", None);
    assert_eq!(silent, (true, String::new()));
    let spoilt = Some(("--no-install-recommends ", ""));
    let (content, said) = read_by(&["hadolint", "--no-color"], "Dockerfile", spoilt);
    assert!(!content && said.contains("DL3015"), "{said}");
}

#[test]
fn compose_and_kubernetes_know_every_field() {
    let compose = [
        "python",
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
    ];
    let kubernetes = ["python", "-m", "kubernetes_validate", "--strict"];
    for (reader, file, field, misspelt) in [
        (&compose[..], "compose.yaml", "cap_drop", "cap_drops"),
        (&kubernetes, "kubernetes.yaml", "sizeLimit", "sizelimit"),
    ] {
        let (content, said) = read_by(reader, file, None);
        assert!(content, "{said}");
        let (content, said) = read_by(reader, file, Some((field, misspelt)));
        assert!(!content && said.contains(misspelt), "{said}");
    }
}

#[test]
fn volumes_of_containers_are_mounted_where_the_variables_say() {
    let mut command = Command::new(python());
    let said = tool(
        "PyYAML",
        command
            .args(["-c", FOLLOW_MOUNTS])
            .arg(root().join("examples/container")),
    );
    assert_eq!(said, "followed 2\n");
}

#[test]
fn examples_set_only_variables_that_exist() {
    let known: BTreeSet<&str> = TABLE.iter().map(|option| option.name).collect();
    for file in FILES {
        let text = fs::read_to_string(root().join("examples").join(file)).unwrap();
        let named: BTreeSet<&str> = text
            .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
            .filter(|word| word.starts_with("LOCKPROF_"))
            .collect();
        assert!(named.contains("LOCKPROF_OUTPUT") || file.ends_with("compose.yaml"));
        let unknown: Vec<&&str> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}
