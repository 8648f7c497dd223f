//! The demo marketplace's page as the build took it in (`build.rs`): its files, each in several encodings.

use actix_web::http::header::{AcceptEncoding, ContentEncoding, Encoding, Preference, Quality};

/// All files of the page.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// A file of the page.
#[derive(Debug)]
pub struct File {
    /// Where it is served.
    pub path: &'static str,
    /// What it is, for `Content-Type`.
    pub media_type: &'static str,
    /// The file as it is.
    plain: Representation,
    /// What is smaller than that; the smallest comes last.
    compressed: &'static [Representation],
}

/// A file in one encoding.
#[derive(Debug)]
pub struct Representation {
    /// How it is encoded.
    pub coding: ContentEncoding,
    /// A strong entity tag, in its quotes: no other encoding has it (RFC 9110, section 8.8.3.3).
    pub etag: &'static str,
    /// What is sent.
    pub bytes: &'static [u8],
}

impl File {
    /// What a client likes best, by the weights of its `Accept-Encoding` (RFC 9110, section 12.5.3);
    /// of what it likes as well, the smallest. Whoever accepts nothing gets the file as it is.
    pub fn preferred(&self, accepted: &AcceptEncoding) -> &Representation {
        let named = |wanted: &Preference<Encoding>| {
            let item = accepted.iter().find(|item| item.item == *wanted);
            item.map(|item| item.quality)
        };
        let weight = |coding| named(&Preference::Specific(Encoding::Known(coding)));
        let plain = weight(ContentEncoding::Identity).unwrap_or(Quality::ZERO);
        self.compressed
            .iter()
            .filter_map(|form| {
                Some((
                    weight(form.coding).or_else(|| named(&Preference::Any))?,
                    form,
                ))
            })
            .filter(|(weight, _)| *weight > Quality::ZERO && *weight >= plain)
            .max_by_key(|(weight, _)| *weight)
            .map_or(&self.plain, |(_, form)| form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn form(coding: ContentEncoding) -> Representation {
        Representation {
            coding,
            etag: "\"\"",
            bytes: &[],
        }
    }

    const FILE: File = File {
        path: "/",
        media_type: "text/html",
        plain: form(ContentEncoding::Identity),
        compressed: &[form(ContentEncoding::Gzip), form(ContentEncoding::Brotli)],
    };

    #[test]
    fn a_client_gets_what_it_likes_best() {
        for (accepted, expected) in [
            ("", ContentEncoding::Identity),
            ("gzip, deflate, br, zstd", ContentEncoding::Brotli),
            ("gzip;q=1, br;q=0.9", ContentEncoding::Gzip),
            ("GZIP", ContentEncoding::Gzip),
            ("gzip;q=0.001, br;q=0", ContentEncoding::Gzip),
            ("br;q=0, gzip;Q=0", ContentEncoding::Identity),
            ("*", ContentEncoding::Brotli),
            ("br;q=0, *", ContentEncoding::Gzip),
            ("*;q=0", ContentEncoding::Identity),
            ("gzip, *;q=0", ContentEncoding::Gzip),
            ("identity, br;q=0.5", ContentEncoding::Identity),
            ("identity;q=0.5, br", ContentEncoding::Brotli),
            ("identity;q=0, compress", ContentEncoding::Identity),
            ("zstd, nonsense; q=br, ,", ContentEncoding::Identity),
            ("brotli, xgzip", ContentEncoding::Identity),
        ] {
            let items = accepted
                .split(',')
                .filter_map(|item| item.trim().parse().ok());
            let found = FILE.preferred(&AcceptEncoding(items.collect())).coding;
            assert_eq!(found, expected, "{accepted}");
        }
    }

    #[test]
    fn no_two_representations_share_an_entity_tag() {
        let mut seen = std::collections::BTreeSet::new();
        for file in FILES {
            for form in file.compressed.iter().chain([&file.plain]) {
                assert!(form.etag.len() > 2 && seen.insert((file.path, form.etag)));
                assert!(
                    form.coding == ContentEncoding::Identity
                        || form.bytes.len() < file.plain.bytes.len()
                );
            }
        }
    }
}
