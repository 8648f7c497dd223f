//! I18: memory and descriptors stay below their caps.

use super::{case::Case, findings::Findings};
use crate::{header::Limits, invariant::Invariant};

pub(super) fn judge(case: &Case, limits: &Limits, findings: &mut Findings) {
    for (at, node, rss, fds) in &case.samples {
        let node = case.names.text(*node);
        findings.expect(Invariant::I18, *rss <= limits.rss_bytes, &[at.i], || {
            format!("{node} uses {rss} bytes, {} are allowed", limits.rss_bytes)
        });
        findings.expect(Invariant::I18, *fds <= limits.fds, &[at.i], || {
            format!(
                "{node} has {fds} descriptors open, {} are allowed",
                limits.fds
            )
        });
    }
}
