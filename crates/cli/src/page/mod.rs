//! One page that shows profiles in a browser: everything is in it, and it asks for nothing else.

mod data;
mod document;
mod rows;
mod stacks;
mod tables;
#[cfg(test)]
mod tests;
mod values;

use crate::load::Loaded;

const TEMPLATE: &str = include_str!("assets/page.html");
const STYLE: &str = include_str!("assets/page.css");
/// In an order in which whoever is needed while the script is read comes first. In the page they
/// are one: what stands at the top of any of them has a name that no other uses there, and each
/// `import` is a line.
const MODULES: [&str; 17] = [
    include_str!("assets/units.mjs"),
    include_str!("assets/dom.mjs"),
    include_str!("assets/estimates.mjs"),
    include_str!("assets/sums.mjs"),
    include_str!("assets/model.mjs"),
    include_str!("assets/tree.mjs"),
    include_str!("assets/table.mjs"),
    include_str!("assets/flame.mjs"),
    include_str!("assets/icicle.mjs"),
    include_str!("assets/sandwich.mjs"),
    include_str!("assets/graph.mjs"),
    include_str!("assets/histogram.mjs"),
    include_str!("assets/timeline.mjs"),
    include_str!("assets/notes.mjs"),
    include_str!("assets/state.mjs"),
    include_str!("assets/views.mjs"),
    include_str!("assets/main.mjs"),
];
/// Nothing is fetched from anywhere; what is in the page itself may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'";
/// A served page may ask whoever served it, and nobody else, whether there is news.
const LIVE_POLICY: &str = "; connect-src 'self'";

/// What a page is made of.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    /// The profiles.
    pub(crate) files: &'a [Loaded],
    /// What could not be read, and why.
    pub(crate) problems: &'a [String],
    /// What the server says the state of the files was; none of a page that is a file.
    pub(crate) version: Option<&'a str>,
}

impl Page<'_> {
    /// The whole page.
    pub(crate) fn render(&self) -> String {
        let mut policy = POLICY.to_owned();
        if self.version.is_some() {
            policy.push_str(LIVE_POLICY);
        }
        // Its first line says what lives there.
        let template = TEMPLATE
            .split_once('\n')
            .map_or("", |(_, template)| template);
        fill(
            template,
            &[
                ("policy", &policy),
                ("style", STYLE),
                ("data", &data::text(self)),
                ("script", &script()),
            ],
        )
    }
}

/// The modules as one: what they import from each other stands before them.
fn script() -> String {
    let mut script = String::new();
    for line in MODULES.iter().flat_map(|module| module.lines()) {
        if !line.starts_with("import ") {
            script.push_str(line.strip_prefix("export ").unwrap_or(line));
            script.push('\n');
        }
    }
    script
}

/// Puts texts where a template has `{{name}}`; what is put in is not looked at again.
fn fill(template: &str, texts: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, behind) = behind.split_once("}}").unwrap_or((behind, ""));
        let text = texts.iter().find(|(known, _)| *known == name);
        page.push_str(text.map_or("", |(_, text)| text));
        rest = behind;
    }
    page + rest
}
