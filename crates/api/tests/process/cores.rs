//! Which cores the process runs on.

use std::{collections::BTreeSet, fs, process::Command};

use messaging_infra::Cores;

use crate::node::Node;

/// Those who write are alone on the cores that are named, and nobody else is there.
#[test]
fn those_who_write_have_their_cores_alone() {
    let allowed = Cores::allowed().unwrap();
    let first = first_of(&allowed);
    let Some(others) = allowed.without(&first) else {
        return; // One core cannot be divided.
    };
    let node = Node::start(1_024, &[("MESSAGING_WRITER_CORES", &first.to_string())]);
    let mut writers = 0;
    for task in fs::read_dir(node.proc("task")).unwrap() {
        let task = task.unwrap().path();
        let name = fs::read_to_string(task.join("comm")).unwrap();
        let status = fs::read_to_string(task.join("status")).unwrap();
        let runs_on = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
            .unwrap();
        let is_writer = name.trim() == "writer";
        writers += u32::from(is_writer);
        let expected = if is_writer { &first } else { &others };
        assert_eq!(numbers(runs_on), expected.to_string(), "{name}");
    }
    assert_eq!(writers, 1);
}

/// A node that is told otherwise does not start, and says what to do.
#[test]
fn cores_are_there_and_one_is_left() {
    let allowed = Cores::allowed().unwrap().to_string();
    for (list, remedy) in [
        ("100000", "give cores that this process may use"),
        (allowed.as_str(), "leave one core of"),
    ] {
        let refused = Command::new(Node::BINARY)
            .env("MESSAGING_WRITER_CORES", list)
            // One that did start would end here.
            .env("MESSAGING_DATABASE_URL", "sqlite:///proc/none.db")
            .output()
            .unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success());
        assert!(
            said.contains("MESSAGING_WRITER_CORES") && said.contains(remedy),
            "{said}"
        );
    }
}

fn first_of(cores: &Cores) -> Cores {
    let numbers = cores.to_string();
    let first = numbers.split(',').next().unwrap().parse().unwrap();
    BTreeSet::from([first]).into()
}

/// The kernel's list, which has ranges.
fn numbers(list: &str) -> String {
    let numbers = list.trim().split(',').flat_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        from.parse::<usize>().unwrap()..=to.parse().unwrap()
    });
    numbers
        .map(|core| core.to_string())
        .collect::<Vec<_>>()
        .join(",")
}
