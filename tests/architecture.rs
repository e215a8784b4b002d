//! Modules use what comes before them, and never what comes after: the drawing of the design, read from
//! the sources. Tests inside the modules may use anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module at the top, and what stands directly before it.
const DRAWING: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("random", &[]),
    ("settings", &[]),
    ("data", &["error", "random", "settings"]),
    ("structure", &["data"]),
    ("models", &["structure"]),
    ("uncertainty", &["models"]),
    ("leaderboard", &["uncertainty"]),
    ("tournaments", &["data"]),
    ("metrics", &["models"]),
    ("validation", &["uncertainty", "metrics"]),
    ("advantages", &["models", "tournaments"]),
    ("simulation", &["uncertainty", "advantages", "metrics"]),
    ("judges", &["advantages"]),
    ("report", &["leaderboard", "validation", "simulation"]),
    ("cli", &["report", "judges"]),
];

/// Crates that belong to one module, and the file at the top that may name them too.
const OWNED_CRATES: &[(&str, &str)] =
    &[("anyhow", "cli"), ("indicatif", "cli"), ("comfy_table", "cli"), ("rand_chacha", "random")];

/// The two roots, which tie everything together.
const ROOTS: [&str; 2] = ["lib", "main"];

#[test]
fn no_module_uses_what_comes_after_it() {
    let before = everything_before();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !ROOTS.contains(&source.module.as_str())) {
        let allowed = before.get(source.module.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("'{}' is not in the drawing", source.module));
        for used in source.modules_used() {
            if used != source.module && !allowed.contains(used.as_str()) {
                wrong.push(format!("{} uses crate::{used}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that run back:\n{}", wrong.join("\n"));
}

#[test]
fn some_crates_are_named_in_one_module_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, owner) in OWNED_CRATES {
            let main_of_the_command = *owner == "cli" && source.module == "main";
            if source.module != *owner && !main_of_the_command && source.names(name) {
                wrong.push(format!("{} names {name}, which belongs to {owner}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let code = "use crate::data::{graph, ItemId};\nuse crate::{\n    models::Elo,\n    structure::{self, judges},\n};\nlet x = crate::random::stream(1);\n\
                // crate::cli is a comment\nuse super::super::report::Row;\n#[cfg(test)]\nmod tests {\n    use crate::simulation::x;\n}\nuse crate::error;";
    let source = Source::new("models/elo.rs".into(), code);
    let expected = ["data", "error", "models", "random", "report", "structure"];
    assert_eq!(source.modules_used(), expected.map(str::to_owned).into());
    assert!(source.names("random") && !source.names("cli") && !source.names("rand"));
}

/// For each module all that comes before it, directly or not.
fn everything_before() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, direct) in DRAWING {
        let mut all: BTreeSet<&str> = direct.iter().copied().collect();
        for earlier in *direct {
            let further = before.get(earlier).unwrap_or_else(|| panic!("{earlier} is drawn after {module}"));
            all.extend(further);
        }
        before.insert(module, all);
    }
    before
}

struct Source {
    /// Below `src`.
    path: PathBuf,
    /// The module at the top that the file belongs to.
    module: String,
    /// How many modules the file's own is below the crate.
    depth: usize,
    /// Without comments and without items that are for tests only.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push(Source::new(path.strip_prefix(&root).expect("below src").to_owned(), &text));
            }
        }
    }
    assert!(found.len() > 10, "the sources were found");
    found
}

impl Source {
    fn new(path: PathBuf, text: &str) -> Self {
        let parts: Vec<String> =
            path.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let root = ROOTS.contains(&parts[0].as_str());
        Self { module: parts[0].clone(), depth: if root { 0 } else { parts.len() }, code: code_of(text), path }
    }

    /// The modules at the top that paths beginning with `crate`, or with `super` up to the crate, lead to.
    fn modules_used(&self) -> BTreeSet<String> {
        let to_the_top = "super::".repeat(self.depth.max(1));
        let mut used = BTreeSet::new();
        for prefix in ["crate::", to_the_top.as_str()] {
            for (at, _) in self.code.match_indices(prefix) {
                if !self.code[..at].ends_with(is_of_a_name) && !self.code[..at].ends_with("super::") {
                    first_names(&self.code[at + prefix.len()..], &mut used);
                }
            }
        }
        used
    }

    /// Whether the code has this name as a whole word.
    fn names(&self, name: &str) -> bool {
        let whole = |at: usize| {
            !self.code[..at].ends_with(is_of_a_name) && !self.code[at + name.len()..].starts_with(is_of_a_name)
        };
        self.code.match_indices(name).any(|(at, _)| whole(at))
    }
}

fn is_of_a_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The name that `path` begins with, or those of the group in braces that it is.
fn first_names(path: &str, names: &mut BTreeSet<String>) {
    let name_of = |text: &str| text.chars().take_while(|&c| is_of_a_name(c)).collect::<String>();
    let Some(group) = path.strip_prefix('{') else {
        names.insert(name_of(path));
        return;
    };
    let mut depth = 0;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
        let earlier = group[..at].trim_end();
        let starts = earlier.is_empty() || earlier.ends_with(',');
        if depth == 0 && starts && character.is_alphabetic() && !group[..at].ends_with(is_of_a_name) {
            names.insert(name_of(&group[at..]));
        }
    }
}

/// The lines that are no comments and do not belong to an item under `#[cfg(test)]`.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            skip_item(&mut lines);
        } else {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// Passes over an item: up to the end of its braces, or of its line where it has none.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>) {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(first) = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")) else { return };
    if first.trim_end().ends_with(['}', ';']) {
        return;
    }
    let end = lines.by_ref().find(|line| indent(line) == indent(first) && line.trim_start().starts_with('}'));
    assert!(end.is_some(), "an item that ends");
}
