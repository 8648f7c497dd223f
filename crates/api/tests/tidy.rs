//! The rules of the house that no compiler keeps: names, the walls between rooms, pairs of migrations.
//! Each failure says where, and what to do.

#![expect(
    clippy::panic,
    reason = "a check that cannot read its files has to stop"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The longest source file, in lines. Aim for 300.
const MAX_LINES: usize = 600;

/// A Rust file, by its path from the repository's root, such as `crates/api/src/ws/hub.rs`.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that hold any of the words, as `path:line: the line`.
    fn mentions(&self, words: &[&str]) -> Vec<String> {
        self.text
            .lines()
            .zip(1..)
            .filter(|(line, _)| words.iter().any(|word| line.contains(word)))
            .map(|(line, number)| format!("{}:{number}: {}", self.path, line.trim()))
            .collect()
    }

    /// The lines that reach into a module at the crate's root: `crate::ws`, and `ws` in `crate::{…}`.
    fn reaches_into(&self, modules: &[&str]) -> Vec<String> {
        self.crate_paths()
            .into_iter()
            .filter(|(_, module)| modules.contains(&module.as_str()))
            .map(|(number, module)| format!("{}:{number}: crate::{module}", self.path))
            .collect()
    }

    /// Each path from the crate's root: the line it stands in and its first segment.
    fn crate_paths(&self) -> Vec<(usize, String)> {
        let mut paths = Vec::new();
        for (at, root) in self.text.match_indices("crate::") {
            let (before, after) = self.text.split_at(at + root.len());
            let line = 1 + before.matches('\n').count();
            match after.strip_prefix('{') {
                None => paths.push((line, identifier(after))),
                Some(group) => paths.extend(
                    heads_of_group(group)
                        .into_iter()
                        .map(|(lines, head)| (line + lines, head)),
                ),
            }
        }
        paths
    }

    /// Whether it is the room of that name in a crate: `crates/api/src/ws.rs` or below `…/ws/`; with
    /// a `*` at the end, any room whose name begins so.
    fn is_room(&self, name: &str, room: &str) -> bool {
        let inside = self.path.strip_prefix(&format!("crates/{name}/src/"));
        let first = inside.and_then(|inside| inside.split('/').next());
        first.is_some_and(|first| {
            let first = first.strip_suffix(".rs").unwrap_or(first);
            match room.strip_suffix('*') {
                Some(start) => first.starts_with(start),
                None => first == room,
            }
        })
    }

    fn is_of(&self, name: &str) -> bool {
        self.path.starts_with(&format!("crates/{name}/src/"))
    }

    /// Written by a program, to its taste.
    fn is_generated(&self) -> bool {
        self.path == "crates/infra/src/schema.rs"
    }
}

/// The first segments of the paths in a `use` group, with the lines that each is below the opening
/// brace, after which `group` begins.
fn heads_of_group(group: &str) -> Vec<(usize, String)> {
    let mut heads = Vec::new();
    let (mut depth, mut line, mut at_head) = (1_usize, 0, true);
    for (at, character) in group.char_indices() {
        match character {
            '\n' => line += 1,
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => at_head = true,
            _ if at_head && !character.is_whitespace() => {
                heads.push((line, identifier(group.split_at(at).1)));
                at_head = false;
            }
            _ => {}
        }
    }
    heads
}

/// The identifier that a text begins with.
fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a folder holds, by name; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| match entry {
            Ok(entry) => entry.path(),
            Err(error) => panic!("{}: {error}", folder.display()),
        })
        .collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Every Rust file in the crates' `src` and `tests` but this one, which has to name what it forbids.
fn sources() -> Vec<Source> {
    fn collect(folder: &Path, path: &str, sources: &mut Vec<Source>) {
        for entry in entries(folder) {
            let path = format!("{path}/{}", name(&entry));
            if entry.is_dir() {
                collect(&entry, &path, sources);
            } else if entry.extension().is_some_and(|extension| extension == "rs")
                && path != "crates/api/tests/tidy.rs"
            {
                let text = read(&entry);
                sources.push(Source { path, text });
            }
        }
    }
    let mut sources = Vec::new();
    for member in entries(&root().join("crates")) {
        for half in ["src", "tests"] {
            let path = format!("crates/{}/{half}", name(&member));
            collect(&member.join(half), &path, &mut sources);
        }
    }
    assert!(!sources.is_empty(), "no sources under {}", root().display());
    sources
}

#[track_caller]
fn assert_none(found: &[String], remedy: &str) {
    assert!(
        found.is_empty(),
        "\n{}\nremedy: {remedy}\n",
        found.join("\n")
    );
}

#[test]
fn a_room_has_a_name_that_says_what_it_is_for() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.path.contains("/src/"))
        .filter(|source| {
            let modules = source.path.trim_end_matches(".rs").split('/').skip(3);
            let nameless = [
                "common", "helper", "helpers", "manager", "util", "utils", "mod",
            ];
            modules.into_iter().any(|module| nameless.contains(&module))
        })
        .map(|source| format!("{}:1", source.path))
        .collect();
    assert_none(
        &found,
        "call it after its purpose, or move each piece to where it is used; `room.rs` beside `room/` takes the place of mod.rs",
    );
}

#[test]
fn a_file_begins_with_the_line_that_says_what_it_is_for() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.path.contains("/src/") && !source.is_generated())
        .filter(|source| {
            // A crate's README is its documentation.
            let is_crate = source.path.ends_with("/src/lib.rs");
            let readme = "#![doc = include_str!(\"../README.md\")]";
            !(source.text.starts_with("//! ") || is_crate && source.text.starts_with(readme))
        })
        .map(|source| format!("{}:1", source.path))
        .collect();
    assert_none(
        &found,
        "begin it with a `//!` line; if the sentence needs an \"and\", the file wants to be two",
    );
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| !source.is_generated())
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(source, lines)| format!("{}:{lines}: more than {MAX_LINES} lines", source.path))
        .collect();
    assert_none(
        &found,
        "find the second purpose in it, and give that a file of its own",
    );
}

#[test]
fn nothing_is_left_undone() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| source.mentions(&["TODO", "FIXME", "todo!"]))
        .collect();
    assert_none(
        &found,
        "do it, or write an issue and leave the code without it",
    );
}

#[test]
fn no_test_is_ignored() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| source.mentions(&["#[ignore"]))
        .collect();
    assert_none(&found, "repair the test or remove it");
}

#[test]
fn every_queue_is_bounded() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| source.mentions(&["unbounded_channel"]))
        .collect();
    assert_none(
        &found,
        "use a channel with a capacity, and say what happens when it is full",
    );
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.path.contains("/src/") && !source.is_room("api", "config*"))
        // It is no part of the service: a release build cannot hold it.
        .filter(|source| !source.is_room("infra", "planted"))
        .flat_map(|source| source.mentions(&["env::var"]))
        .collect();
    assert_none(
        &found,
        "add a setting to crates/api/src/config.rs and pass its value on",
    );
}

#[test]
fn the_domain_depends_on_four_crates_and_no_more() {
    let path = root().join("crates/domain/Cargo.toml");
    let manifest = read(&path);
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        let dependency = if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            // `[dependencies.jiff]`, or of one target.
            section.split_once("dependencies.").map(|(_, name)| name)
        } else {
            section.ends_with("dependencies").then_some(line)
        };
        if let Some(dependency) = dependency.map(identifier_of_crate)
            && !dependency.is_empty()
            && !section.contains("dev-dependencies")
        {
            found.insert(dependency);
        }
    }
    let allowed = ["jiff", "thiserror", "unicode-normalization", "uuid"];
    assert!(
        found.iter().eq(allowed),
        "\ncrates/domain/Cargo.toml: [dependencies] are {found:?}, not {allowed:?}\nremedy: what does I/O or knows a format belongs behind a port, in messaging-infra or messaging-api\n"
    );
}

/// The crate's name that a line of a manifest begins with; empty for a comment.
fn identifier_of_crate(line: &str) -> String {
    line.chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        .collect()
}

#[test]
fn who_judges_and_measures_the_service_knows_none_of_its_crates() {
    let of_the_service = ["messaging-domain", "messaging-infra", "messaging-api"];
    let mut found = Vec::new();
    for folder in ["crates/history", "crates/chaos", "bench"] {
        let manifest = read(&root().join(folder).join("Cargo.toml"));
        let named = of_the_service
            .iter()
            .filter(|name| manifest.contains(*name));
        found.extend(named.map(|name| format!("{folder}/Cargo.toml: {name}")));
    }
    assert_none(&found, "speak to the binary, by the contract alone");
}

#[test]
fn the_wire_knows_no_door_and_no_store() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.is_room("api", "wire*"))
        .flat_map(|source| {
            let mut found = source.mentions(&["messaging_infra", "super::http", "super::ws"]);
            found.extend(source.reaches_into(&["http", "ws"]));
            found
        })
        .collect();
    assert_none(
        &found,
        "wire/ turns shapes into domain values and back; move what http and ws share to where both may look",
    );
}

#[test]
fn http_knows_no_socket_and_no_store() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.is_room("api", "http*"))
        .flat_map(|source| {
            let mut found = source.mentions(&["messaging_infra", "super::ws"]);
            found.extend(source.reaches_into(&["ws"]));
            found
        })
        .collect();
    assert_none(
        &found,
        "ask a port of messaging-domain; what http and ws share belongs to wire/, auth/ or the domain",
    );
}

#[test]
fn the_socket_knows_no_http_and_no_store() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.is_room("api", "ws*"))
        .flat_map(|source| {
            let mut found = source.mentions(&["messaging_infra", "super::http"]);
            found.extend(source.reaches_into(&["http"]));
            found
        })
        .collect();
    assert_none(
        &found,
        "ask a port of messaging-domain; what http and ws share belongs to wire/, auth/ or the domain",
    );
}

#[test]
fn only_the_composition_root_knows_the_stores() {
    let composition = ["lib", "main", "startup*", "cli*", "demo*"];
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.is_of("api"))
        .filter(|source| !composition.iter().any(|room| source.is_room("api", room)))
        .flat_map(|source| source.mentions(&["messaging_infra"]))
        .collect();
    assert_none(
        &found,
        "be generic over a port of messaging-domain, and let startup.rs choose the store",
    );
}

#[test]
fn the_stores_know_no_web_framework() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.is_of("infra"))
        .flat_map(|source| source.mentions(&["actix"]))
        .collect();
    assert_none(&found, "what speaks HTTP belongs to messaging-api");
}

#[test]
fn every_migration_exists_for_both_databases_and_can_be_undone() {
    let databases = ["postgres", "sqlite"];
    let folder = |database: &str| root().join("migrations").join(database);
    let names: BTreeSet<_> = databases
        .iter()
        .flat_map(|database| entries(&folder(database)))
        .filter(|entry| entry.is_dir())
        .map(|entry| name(&entry))
        .collect();
    assert!(!names.is_empty(), "no migrations under migrations/");
    let mut missing = Vec::new();
    for name in &names {
        for database in databases {
            for file in ["up.sql", "down.sql"] {
                if !folder(database).join(name).join(file).is_file() {
                    missing.push(format!("migrations/{database}/{name}/{file}:1: missing"));
                }
            }
        }
    }
    assert_none(
        &missing,
        "give both folders a migration of the same name, each with up.sql and down.sql",
    );
}

#[test]
fn a_wall_is_seen_through_a_group_of_imports() {
    let source = Source {
        path: "crates/api/src/wire.rs".to_owned(),
        text: "use crate::{\n    auth::{ws, Token},\n    http::Page,\n};\nuse crate::ws::hub;\n"
            .to_owned(),
    };
    assert_eq!(
        source.reaches_into(&["http", "ws"]),
        [
            "crates/api/src/wire.rs:3: crate::http",
            "crates/api/src/wire.rs:5: crate::ws"
        ]
    );
}

#[test]
fn the_readme_lists_the_settings_as_the_code_does() {
    let readme = read(&root().join("README.md"));
    let missing: Vec<String> = read(&root().join("crates/api/src/config.rs"))
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|row| row.starts_with("| `MESSAGING_"))
        .filter(|row| !readme.contains(row))
        .map(str::to_owned)
        .collect();
    assert_none(&missing, "copy these rows of config.rs into README.md");
}
