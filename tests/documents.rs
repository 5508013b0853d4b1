//! Documents: every link leads somewhere, and every variable, picture, script and file they name is there.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use contract::options::TABLE;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use support::build::root;

/// Variables that are no options, each with the file that reads it.
const OTHER_VARIABLES: [(&str, &str); 5] = [
    ("LOCKPROF_DEBUG_DIRS", "crates/cli/src/symbolize/mod.rs"),
    ("LOCKPROF_LIBRARY", "crates/cli/src/locate.rs"),
    ("LOCKPROF_FUZZ_SEED", "crates/chance/src/lib.rs"),
    ("LOCKPROF_FUZZ_ROUNDS", "crates/chance/src/lib.rs"),
    ("LOCKPROF_COMMAND", "scripts/worked-example"),
];

/// The Markdown of the project, from its root: what stands there and below docs.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for place in ["", "docs"] {
        for entry in fs::read_dir(root().join(place)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.iter().any(|path| path.ends_with("docs/guide.md")));
    found
}

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// Where a document leads: its links, its pictures, and those in HTML.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for event in parse(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.push(dest_url.into_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                // Between the quotes of src="…", srcset="…" and href="…".
                let parts: Vec<&str> = html.split('"').collect();
                for pair in parts.windows(2) {
                    if ["src=", "srcset=", "href="]
                        .iter()
                        .any(|name| pair[0].ends_with(name))
                    {
                        found.push(pair[1].to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// What stands there to be typed or opened: code in a line, and blocks of it, in words.
fn code_lines(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut in_block = false;
    for event in parse(text) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Code(code) => found.push(words(&code)),
            Event::Text(block) if in_block => found.extend(block.lines().map(words)),
            _ => {}
        }
    }
    found
}

/// Up to a comment of the shell.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// What can stand behind the `#` of a link to a document, as GitHub makes it of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let before = seen.entry(slug.clone()).or_default();
                found.insert(match *before {
                    0 => slug,
                    n => format!("{slug}-{n}"),
                });
                *before += 1;
            }
            _ => {}
        }
    }
    found
}

fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// What is wrong with a link in a document, if anything is.
fn fault(document: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        document.to_owned()
    } else {
        document.parent().unwrap().join(path)
    };
    if !target.exists() {
        return Some(format!("{link}: there is no such file"));
    }
    if anchor.is_empty() {
        return None;
    }
    let text = fs::read_to_string(&target).unwrap();
    (!anchors(&text).contains(anchor)).then(|| format!("{link}: there is no such heading"))
}

#[test]
fn every_link_leads_to_a_file_or_a_heading() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            seen += 1;
            let fault = fault(&document, &link);
            faults.extend(fault.map(|fault| format!("{}: {fault}", document.display())));
        }
    }
    assert!(seen > 20, "only {seen} links were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let readme = root().join("README.md");
    assert_eq!(fault(&readme, "docs/guide.md"), None);
    assert_eq!(fault(&readme, "#what-it-costs"), None);
    for wrong in ["docs/no.md", "#no-such-heading", "docs/fleet.md#nor-this"] {
        assert!(fault(&readme, wrong).is_some(), "{wrong}");
    }
    let text = "[a](b.md) `[no](link)`\n\n<img src=\"c.png\" alt=\"d\">\n\n# A `b`: c\n\n# A b c\n";
    assert_eq!(links(text), ["b.md", "c.png"]);
    assert_eq!(
        anchors(text).into_iter().collect::<Vec<_>>(),
        ["a-b-c", "a-b-c-1"]
    );
}

#[test]
fn every_picture_is_shown_by_a_document() {
    let mut shown = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            shown.extend(document.parent().unwrap().join(link).canonicalize());
        }
    }
    for entry in fs::read_dir(root().join("docs/pictures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "png") {
            assert!(shown.contains(&path.canonicalize().unwrap()), "{path:?}");
            let bytes = fs::metadata(&path).unwrap().len();
            assert!(bytes < 150_000, "{path:?} has {bytes} bytes");
        }
    }
}

#[test]
fn every_variable_that_a_document_names_is_read_by_somebody() {
    let mut seen = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| word.starts_with("LOCKPROF_")) {
            seen.insert(word.to_owned());
        }
    }
    assert!(seen.len() > 20, "only {seen:?}");
    let unknown: Vec<&String> = seen.iter().filter(|name| !is_read(name)).collect();
    assert!(unknown.is_empty(), "nobody reads {unknown:?}");
}

fn is_read(name: &str) -> bool {
    TABLE.iter().any(|option| option.name == name)
        || OTHER_VARIABLES
            .iter()
            .filter(|(other, _)| *other == name)
            .any(|(_, file)| {
                fs::read_to_string(root().join(file))
                    .unwrap()
                    .contains(name)
            })
}

/// Folders whose files a document may name from the root; others are the reader's own, or made.
const OUR_FOLDERS: [&str; 8] = [
    "scripts/",
    "c-tests/",
    "crates/",
    "docs/",
    "examples/",
    "include/",
    "src/",
    "tests/",
];

/// What is wrong with a word of code, if it is a file of ours.
fn missing_file(word: &str) -> Option<String> {
    let path = word
        .trim_start_matches("$PWD/")
        .trim_end_matches(['/', ',', ';']);
    let ours = OUR_FOLDERS.iter().any(|folder| path.starts_with(folder));
    // With a star or a brace it is several, with an ellipsis none in particular.
    let is_one = !path.contains(['*', '{', '…', '<']);
    (ours && is_one && !root().join(path).exists()).then(|| format!("there is no {path}"))
}

/// What is wrong with the options of a script, if the line calls one.
fn unknown_options(line: &[String]) -> Vec<String> {
    let Some(at) = line.iter().position(|word| word.starts_with("scripts/")) else {
        return Vec::new();
    };
    let script = root().join(&line[at]);
    let Ok(text) = fs::read_to_string(&script) else {
        return Vec::new();
    };
    let has = |option: &str| {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .any(|word| word == option)
    };
    line[at + 1..]
        .iter()
        .map(|word| word.trim_end_matches(','))
        .filter(|word| word.starts_with("--") && !has(word))
        .map(|option| format!("{} has no {option}", line[at]))
        .collect()
}

#[test]
fn every_script_option_and_file_that_a_document_names_is_there() {
    let mut faults = Vec::new();
    let mut scripts = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for line in code_lines(&text) {
            let missing = line.iter().filter_map(|word| missing_file(word));
            let wrong = missing.chain(unknown_options(&line));
            faults.extend(wrong.map(|fault| format!("{}: {fault}", document.display())));
            scripts.extend(line.into_iter().filter(|word| word.starts_with("scripts/")));
        }
    }
    assert!(scripts.len() > 10, "only {scripts:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_script_option_or_file_that_is_not_there_is_found() {
    let lines = code_lines("`scripts/no x`\n\n```\nscripts/check --no # docs/no.md\n```\n");
    assert_eq!(
        lines,
        [vec!["scripts/no", "x"], vec!["scripts/check", "--no"]]
    );
    assert!(missing_file("scripts/no").is_some());
    assert_eq!(missing_file("scripts/check"), None);
    assert_eq!(unknown_options(&lines[1]), ["scripts/check has no --no"]);
}
