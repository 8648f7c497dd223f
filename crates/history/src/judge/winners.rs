//! I22: of exclusive acts one wins. A pair has one conversation about a product, and a refresh token is
//! good for one use.

use std::collections::BTreeMap;

use super::{
    case::{Case, End, Reply},
    findings::Findings,
    names::Name,
};
use crate::{call::Call, invariant::Invariant};

pub(super) fn judge(case: &Case, findings: &mut Findings) {
    conversations(case, findings);
    tokens(case, findings);
}

/// A conversation of a pair: its id, whether it was said to be new, and the line.
struct Started {
    id: Name,
    new: bool,
    line: u64,
}

fn conversations(case: &Case, findings: &mut Findings) {
    let mut pairs: BTreeMap<(Name, &str, Option<&str>), Vec<Started>> = BTreeMap::new();
    for op in &case.ops {
        let (
            Call::Start {
                product, seller, ..
            },
            Reply::Started { view, .. },
        ) = (&op.call, &op.reply)
        else {
            continue;
        };
        if let (Some((done, End::Ok { status })), Some((_, view))) =
            (&op.end, case.views.get(*view))
        {
            let pair = (op.user, seller.as_str(), product.as_deref());
            pairs.entry(pair).or_default().push(Started {
                id: view.id,
                new: *status == Some(201),
                line: done.i,
            });
        }
    }
    for (line, row) in &case.dump.conversations {
        if let (Some(id), Some(buyer)) =
            (case.names.find(&row.id), case.names.find(&row.buyer.user))
        {
            let pair = (buyer, row.seller.user.as_str(), row.product.as_deref());
            pairs.entry(pair).or_default().push(Started {
                id,
                new: false,
                line: *line,
            });
        }
    }
    for ((buyer, seller, _), started) in pairs {
        let lines: Vec<_> = started.iter().map(|one| one.line).collect();
        let same = started
            .iter()
            .all(|one| Some(one.id) == started.first().map(|one| one.id));
        let new = started.iter().filter(|one| one.new).count();
        findings.expect(Invariant::I22, same && new <= 1, &lines, || {
            format!(
                "{} and {seller} have more than one conversation about one thing, or it was new twice",
                case.names.text(buyer)
            )
        });
    }
}

fn tokens(case: &Case, findings: &mut Findings) {
    let mut uses: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for op in &case.ops {
        if let (Call::Rotate { token }, Some(done)) = (&op.call, op.done()) {
            uses.entry(token).or_default().push(done.i);
        }
    }
    for (token, lines) in uses {
        findings.expect(Invariant::I22, lines.len() <= 1, &lines, || {
            format!("the refresh token {token} was used {} times", lines.len())
        });
    }
}
