//! How the process takes its memory.

use crate::node::Node;

/// With huge pages a socket takes half as much memory again, wherever a machine gives them to everybody.
#[test]
fn no_huge_page_is_taken() {
    let node = Node::start(1_024, &[]);
    assert_eq!(node.memory("THP_enabled:"), 0);
}
