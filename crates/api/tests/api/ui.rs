//! The demo marketplace's page: what was built is what a browser gets, and may do no more than it must.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use reqwest::header::HeaderMap;

use crate::{app::TestApp, doors::until_closed};

/// A file as the web build wrote it, and where it is served.
struct Built {
    path: String,
    bytes: Vec<u8>,
}

/// All files of the page.
fn built() -> Vec<Built> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let (mut folders, mut built) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let file: PathBuf = entry.unwrap().path();
            let name = file.strip_prefix(&root).unwrap().to_str().unwrap();
            if file.is_dir() {
                folders.push(file);
            } else if !name.starts_with('.') {
                let address = if name == "index.html" { "" } else { name };
                built.push(Built {
                    path: format!("/{address}"),
                    bytes: fs::read(&file).unwrap(),
                });
            }
        }
    }
    assert!(built.iter().any(|file| file.path == "/"));
    built
}

async fn with_demo() -> TestApp {
    TestApp::start_with(|words| words.demo = Some("on".into())).await
}

/// An answer, as its bytes came.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body without its encoding.
    fn decoded(&self) -> Vec<u8> {
        let (body, mut decoded) = (self.body.as_slice(), Vec::new());
        match self.header("content-encoding") {
            None => decoded.extend(body),
            Some("br") => brotli::BrotliDecompress(&mut { body }, &mut decoded).unwrap(),
            Some("gzip") => {
                let mut gzip = flate2::read::GzDecoder::new(body);
                gzip.read_to_end(&mut decoded).unwrap();
            }
            Some(other) => panic!("{other}"),
        }
        decoded
    }
}

async fn ask(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(app.request(method, path), |request, (name, value)| {
            request.header(*name, *value)
        });
    let answer = request.send().await.unwrap();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.bytes().await.unwrap().to_vec(),
    }
}

#[actix_web::test]
async fn every_file_of_the_page_is_served_in_each_encoding() {
    let app = with_demo().await;
    for file in built() {
        let mut tags = Vec::new();
        for (accepted, named) in [
            ("identity", None),
            ("gzip", Some("gzip")),
            ("br", Some("br")),
        ] {
            let answer = ask(&app, "GET", &file.path, &[("accept-encoding", accepted)]).await;
            assert_eq!(answer.status, 200, "{}", file.path);
            assert!(
                answer.decoded() == file.bytes,
                "{} as {accepted}",
                file.path
            );
            let coding = answer.header("content-encoding");
            if coding.is_some() {
                assert_eq!(coding, named);
                assert!(answer.body.len() < file.bytes.len(), "{}", file.path);
            }
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert!(answer.header("content-type").unwrap().contains('/'));
            tags.push((
                coding.map(str::to_owned),
                answer.header("etag").unwrap().to_owned(),
            ));

            let head = ask(&app, "HEAD", &file.path, &[("accept-encoding", accepted)]).await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{}", file.path);
            for name in [
                "etag",
                "content-encoding",
                "content-type",
                "content-length",
                "vary",
            ] {
                assert_eq!(
                    head.header(name),
                    answer.header(name),
                    "{} {name}",
                    file.path
                );
            }
        }
        for (coding, tag) in &tags {
            for (other, of_other) in &tags {
                assert_eq!(coding == other, tag == of_other, "{} {tags:?}", file.path);
            }
        }
    }
}

#[actix_web::test]
async fn the_smallest_form_that_a_client_takes_is_sent() {
    let app = with_demo().await;
    for file in built() {
        let mut sizes = Vec::new();
        for accepted in ["identity", "gzip", "br", "gzip, deflate, br, zstd"] {
            let answer = ask(&app, "GET", &file.path, &[("accept-encoding", accepted)]).await;
            sizes.push(answer.body.len());
        }
        assert_eq!(sizes.iter().min(), sizes.last(), "{}", file.path);
    }
}

#[actix_web::test]
async fn a_browser_that_has_a_file_is_told_that_it_has_not_changed() {
    let app = with_demo().await;
    for file in built() {
        let encoding = ("accept-encoding", "gzip, br");
        let fresh = ask(&app, "GET", &file.path, &[encoding]).await;
        let tag = fresh.header("etag").unwrap();
        for known in [
            tag.to_owned(),
            format!("W/{tag}"),
            format!("\"other\", {tag}, \"more\""),
            "*".to_owned(),
        ] {
            for method in ["GET", "HEAD"] {
                let known = ("if-none-match", known.as_str());
                let answer = ask(&app, method, &file.path, &[encoding, known]).await;
                assert_eq!((answer.status, answer.body.len()), (304, 0), "{known:?}");
                // A browser takes the headers of a 304 for those of the page that it has.
                for name in [
                    "etag",
                    "cache-control",
                    "vary",
                    "content-security-policy",
                    "cross-origin-opener-policy",
                    "permissions-policy",
                    "referrer-policy",
                ] {
                    let values = |answer: &Answer| -> Vec<_> {
                        answer.headers.get_all(name).iter().cloned().collect()
                    };
                    assert_eq!(values(&answer), values(&fresh), "{} {name}", file.path);
                }
            }
        }
        for unknown in ["\"other\"", "nonsense", "", "W/\"*\""] {
            let unknown = ("if-none-match", unknown);
            let answer = ask(&app, "GET", &file.path, &[encoding, unknown]).await;
            assert_eq!(answer.status, 200, "{unknown:?}");
        }
        if fresh.header("content-encoding").is_some() {
            let plain = [("accept-encoding", "identity"), ("if-none-match", tag)];
            let answer = ask(&app, "GET", &file.path, &plain).await;
            assert_eq!(answer.status, 200, "the tag of another encoding");
        }
        assert_eq!(fresh.header("cache-control"), Some("no-cache"));
        let varies = |value: &reqwest::header::HeaderValue| {
            value
                .to_str()
                .unwrap()
                .eq_ignore_ascii_case("accept-encoding")
        };
        assert!(fresh.headers.get_all("vary").iter().any(varies));
    }
}

#[actix_web::test]
async fn the_page_may_do_no_more_than_it_must() {
    let app = with_demo().await;
    for file in built() {
        let answer = ask(&app, "GET", &file.path, &[]).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        match answer.header("content-type").unwrap() {
            "text/html; charset=utf-8" => {
                assert!(
                    !policy.contains("unsafe-") && !policy.contains('*'),
                    "{policy}"
                );
                for directive in [
                    "script-src 'self'",
                    "style-src 'self'",
                    "connect-src 'self'",
                    "base-uri 'none'",
                    "form-action 'none'",
                    "require-trusted-types-for 'script'",
                ] {
                    assert!(
                        policy.split("; ").any(|said| said == directive),
                        "{directive}"
                    );
                }
                assert_eq!(
                    answer.header("cross-origin-opener-policy"),
                    Some("same-origin")
                );
                let permissions = answer.header("permissions-policy").unwrap();
                assert!(permissions.contains("camera=()"), "{permissions}");
                let html = String::from_utf8(answer.body).unwrap().to_lowercase();
                for refused in ["<style", " style=", " onload=", " onclick=", "javascript:"] {
                    assert!(!html.contains(refused), "{}: {refused}", file.path);
                }
                for (_, script) in html
                    .match_indices("<script")
                    .map(|(at, _)| html.split_at(at))
                {
                    let tag = script.split('>').next().unwrap();
                    assert!(tag.contains(" src="), "{}: {tag}", file.path);
                }
            }
            "image/svg+xml" => assert!(policy.ends_with("; sandbox"), "{policy}"),
            _ => {}
        }
    }
}

#[actix_web::test]
async fn the_page_is_there_to_be_read_only() {
    let app = with_demo().await;
    let answer = ask(&app, "POST", "/", &[]).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[actix_web::test]
async fn without_the_demo_none_of_it_is_there() {
    let app = TestApp::start().await;
    for file in built().iter().filter(|file| file.path != "/") {
        let answer = app.answer(app.request("GET", &file.path)).await;
        answer.refused(404, "not_found", &[]);
    }
    for path in [
        "/index.html",
        "/app.js",
        "/app.css",
        "/pictures/leica-m3.svg",
    ] {
        let answer = app.answer(app.request("GET", path)).await;
        answer.refused(404, "not_found", &[]);
    }
    let front_door = app.answer(app.request("GET", "/")).await;
    assert!(
        front_door.text.contains("href=\"/docs\""),
        "{}",
        front_door.text
    );
    assert!(!front_door.text.contains("demo"), "{}", front_door.text);
}

#[actix_web::test]
async fn nothing_but_the_page_s_own_files_can_be_read() {
    let app = with_demo().await;
    for path in [
        "/../Cargo.toml",
        "/pictures/../../Cargo.toml",
        "/pictures/..",
        "/./index.html",
        "/pictures/",
        "/pictures",
        "//",
        "//index.html",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/..%5cCargo.toml",
        "/..\\Cargo.toml",
        "/index.html%00",
        "/index.html/",
        "/ui/index.html",
        "/etc/passwd",
        "/build.rs",
    ] {
        // By hand: a client would tidy the path up.
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = until_closed(app.address(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}
