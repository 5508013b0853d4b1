//! Every format of a report as it was before, and as its own readers take it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::browser::{document_of, package_file};
use support::{Scratch, assert_golden, lockprof, several, stderr, stdout, tool};

/// What a command says of the profile of several locks.
fn said(scratch: &Scratch, arguments: &[&str]) -> String {
    let file = scratch.file("p.pb.gz", &several::encoded());
    let output = lockprof().args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

#[test]
fn every_format_keeps_its_shape() {
    let scratch = Scratch::new("shapes");
    for (golden, arguments) in [
        ("several.md", &["report", "--format", "markdown"][..]),
        (
            "several-histogram.txt",
            &["report", "--histogram", "--by", "name"],
        ),
        (
            "several-by-kind.csv",
            &["report", "--by", "kind", "--format", "csv"],
        ),
        (
            "several-by-lock.folded",
            &["report", "--format", "folded", "--root", "lock"],
        ),
        (
            "several-holds-by-thread.folded",
            &[
                "report", "--format", "folded", "--root", "thread", "--value", "hold",
            ],
        ),
        (
            "several-sync.folded",
            &["report", "--format", "folded", "--by", "sync"],
        ),
        (
            "several.speedscope.json",
            &["report", "--format", "speedscope", "--root", "lock"],
        ),
        ("several.dot", &["report", "--format", "dot"]),
        (
            "several-sync.dot",
            &["report", "--format", "dot", "--by", "sync"],
        ),
        ("several.svg", &["flamegraph"]),
        (
            "several-holds.svg",
            &[
                "flamegraph",
                "--value",
                "hold",
                "--root",
                "lock",
                "--icicle",
                "--title",
                "<a & b>",
            ],
        ),
    ] {
        assert_golden(golden, &said(&scratch, arguments));
    }
}

#[test]
fn graphviz_draws_who_waits_for_whom() {
    let scratch = Scratch::new("graphviz");
    let graph = scratch.join("graph.dot");
    fs::write(&graph, said(&scratch, &["report", "--format", "dot"])).unwrap();
    let svg = stdout(&tool("dot", &["-Tsvg".as_ref(), graph.as_os_str()]));
    for text in [
        "Store::put",
        "waited 1.20 s",
        "caused 1.25 s",
        "1,200 waits, 1.20 s",
        "log &amp; &quot;say&quot;",
        "operator&lt;",
        "[unknown]",
    ] {
        assert!(svg.contains(&format!(">{text}")), "{text}: {svg}");
    }
    assert_eq!(svg.matches("class=\"edge\"").count(), 4);
    // Half of the edges are not drawn in silence.
    let short = said(&scratch, &["report", "--format", "dot", "--top", "1"]);
    assert!(short.contains("label=\"1 of 4 edges; --top 0 draws all\""));
}

#[test]
fn a_flame_graph_is_xml_with_every_name_in_it() {
    let scratch = Scratch::new("xml");
    let svg = scratch.join("out.svg");
    let out = svg.to_str().unwrap();
    let printed = said(&scratch, &["flamegraph", "-o", out, "--title", "a < b & c"]);
    assert_eq!(printed, "");
    let script = "import sys, xml.etree.ElementTree as t\n\
        for e in t.parse(sys.argv[1]).iter('{http://www.w3.org/2000/svg}title'): print(e.text)\n";
    let arguments = [OsStr::new("-c"), OsStr::new(script), svg.as_os_str()];
    let titles = stdout(&tool("python3", &arguments));
    for title in [
        "all (1.85 s, 100%)",
        "main (1.85 s, 100%, /src/main.cc)",
        "Store::put (1.20 s, 64.9%, /src/store.cc)",
        "operator< (50.0 ms, 2.7%)",
        "log & \"say\" (50.0 ms, 2.7%)",
    ] {
        assert!(titles.lines().any(|line| line == title), "{titles}");
    }
}

#[test]
fn a_flame_graph_zooms_and_searches_by_itself() {
    let scratch = Scratch::new("zoom");
    let svg = said(&scratch, &["flamegraph"]);
    let (_, svg) = svg.split_once("?>").unwrap();
    let script = r##"
        const frame = (name) => document.querySelector(`#frames [data-n="${name}"]`);
        const width = (name) => Math.round(frame(name).querySelector("rect").getAttribute("width"));
        const isHidden = (name) => frame(name).classList.contains("hidden");
        const found = [];
        found.push(width("Store::put"), isHidden("Store::get"));
        frame("Store::put").dispatchEvent(new MouseEvent("click"));
        found.push(width("Store::put"), width("main"), isHidden("Store::get"));
        document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
        found.push(width("Store::put"), isHidden("Store::get"));
        window.prompt = () => "store::";
        document.dispatchEvent(new KeyboardEvent("keydown", {key: "/"}));
        found.push(document.getElementById("matched").textContent);
        found.push(document.querySelectorAll("#frames .match").length);
        frame("operator&lt;".replace("&lt;", "<")).dispatchEvent(new MouseEvent("mouseenter"));
        found.push(document.getElementById("details").textContent);
        document.getElementById("found").textContent = JSON.stringify(found);
    "##;
    let page = format!(
        "<!DOCTYPE html><body>{svg}<pre id=\"found\">nothing</pre><script>{script}</script></body>"
    );
    let file = scratch.file("page.html", page.as_bytes());
    let document = document_of(&scratch, &format!("file://{}", file.display()));
    let (_, found) = document.split_once("<pre id=\"found\">").unwrap();
    let (found, _) = found.split_once("</pre>").unwrap();
    let found = found.replace("&lt;", "<");
    // 1.2 s of 1.85 s of 1180 pixels; two functions of 1.2 s and 0.6 s, where locks were waited for.
    let expected = concat!(
        r#"[765,false,1180,1180,true,765,false,"Matched: 97.3%",2,"#,
        r#""operator< (50.0 ms, 2.7%)"]"#
    );
    assert_eq!(found, expected);
}

#[test]
fn speedscope_opens_what_we_export() {
    let scratch = Scratch::new("speedscope");
    let arguments = ["report", "--format", "speedscope", "--value", "hold"];
    let exported = scratch.file("several.json", said(&scratch, &arguments).as_bytes());
    let encoded = stdout(&tool("base64", &["-w0".as_ref(), exported.as_os_str()]));
    // As speedscope's own command hands it a file.
    let load = format!("speedscope.loadFileFromBase64(\"several.json\", \"{encoded}\")");
    let file = scratch.file("load.js", load.as_bytes());
    let index = package_file("speedscope/dist/release/index.html");
    let address = |index: &Path| {
        let (index, file) = (index.display(), file.display());
        format!("file://{index}#localProfilePath={file}")
    };
    let document = document_of(&scratch, &address(&index));
    // Its title bar names the profile shown, and which of how many it is.
    assert!(document.contains("hold (holding locks)"), "{document}");
    assert!(document.contains("(2/6)"), "{document}");
}

#[test]
fn speedscope_files_say_what_folded_stacks_say() {
    let scratch = Scratch::new("same");
    let file: Value =
        serde_json::from_str(&said(&scratch, &["report", "--format", "speedscope"])).unwrap();
    let frames = file["shared"]["frames"].as_array().unwrap();
    let profiles = file["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), 6);
    for profile in profiles {
        let word = profile["name"].as_str().unwrap().split(' ').next().unwrap();
        let stacks = profile["samples"].as_array().unwrap().iter();
        let weights = profile["weights"].as_array().unwrap();
        let mut lines: Vec<String> = stacks
            .zip(weights)
            .map(|(stack, weight)| {
                let names = stack.as_array().unwrap().iter().map(|id| {
                    let frame = &frames[usize::try_from(id.as_u64().unwrap()).unwrap()];
                    frame["name"].as_str().unwrap()
                });
                format!("{} {weight}\n", names.collect::<Vec<_>>().join(";"))
            })
            .collect();
        lines.sort();
        let folded = said(&scratch, &["report", "--format", "folded", "--value", word]);
        assert_eq!(lines.concat(), folded, "{word}");
        let sum: u64 = weights.iter().map(|weight| weight.as_u64().unwrap()).sum();
        assert_eq!(profile["endValue"], sum);
    }
}

#[test]
fn a_flame_graph_that_cannot_be_written_is_an_error() {
    let scratch = Scratch::new("unwritable");
    let file = scratch.file("p.pb.gz", &several::encoded());
    let out = scratch.join("no/such/folder.svg");
    let output = lockprof()
        .args(["flamegraph", "-o"])
        .args([&out, &file])
        .output()
        .unwrap();
    let line = format!("lockprof: {}: no such file or directory\n", out.display());
    assert_eq!(stderr(&output), line);
    assert_eq!(output.status.code(), Some(1));
    let missing = lockprof().args(["flamegraph", "x"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(stdout(&missing), "");
}
