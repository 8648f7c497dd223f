//! Takes the demo marketplace's page (`ui/`, which the web build writes) into the binary: each file as
//! it is, and in those compressed forms that are smaller.

use std::{
    cmp::Reverse,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use brotli::{BrotliCompress, enc::BrotliEncoderParams};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

const FOLDER: &str = "ui";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(
        clippy::disallowed_methods,
        reason = "this is how cargo speaks to a build script"
    )]
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let out = PathBuf::from(out);
    let mut names = Vec::new();
    collect(Path::new(FOLDER), "", &mut names)
        .map_err(|error| format!("crates/api/{FOLDER}: {error}"))?;
    names.sort();
    if !names.iter().any(|name| name == "index.html") {
        return Err(format!("crates/api/{FOLDER}/index.html is missing: build web/").into());
    }
    let mut table = String::from("&[\n");
    for (number, name) in names.iter().enumerate() {
        let file = embed(&out, number, name)
            .map_err(|error| format!("crates/api/{FOLDER}/{name}: {error}"))?;
        table.push_str(&file);
    }
    table.push_str("]\n");
    fs::write(out.join("ui.rs"), table)?;
    Ok(())
}

/// The files of a folder and of those in it, but hidden ones, by their path from [`FOLDER`].
fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.starts_with('.') {
            continue;
        }
        if !name.chars().all(is_plain) {
            return Err(format!("{name:?} is no name that stands for itself in a URL").into());
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), names)?;
        } else {
            names.push(path);
        }
    }
    Ok(())
}

/// Writes a file's forms into the folder; gives back the expression that makes a `File` of them.
fn embed(out: &Path, number: usize, name: &str) -> Result<String, Box<dyn Error>> {
    let plain = fs::read(Path::new(FOLDER).join(name))?;
    let digest = hexadecimal(&Sha256::digest(&plain));
    let keep = |coding: &str, suffix: &str, bytes: &[u8]| -> io::Result<String> {
        let form = format!("{number}{suffix}");
        fs::write(out.join(&form), bytes)?;
        let etag = format!("\"{digest}{suffix}\"");
        Ok(format!(
            "Representation {{ coding: ContentEncoding::{coding}, etag: {etag:?}, \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{form}\")) }}"
        ))
    };
    let mut compressed = [
        ("Gzip", "-gz", gzip(&plain)?),
        ("Brotli", "-br", brotli(&plain)?),
    ];
    compressed.sort_by_key(|(_, _, bytes)| Reverse(bytes.len()));
    let smaller: Result<Vec<String>, _> = compressed
        .iter()
        .filter(|(_, _, bytes)| bytes.len() < plain.len())
        .map(|(coding, suffix, bytes)| keep(coding, suffix, bytes))
        .collect();
    let path = if name == "index.html" { "" } else { name };
    Ok(format!(
        "File {{ path: \"/{path}\", media_type: {:?}, plain: {}, compressed: &[{}] }},\n",
        media_type(name)?,
        keep("Identity", "", &plain)?,
        smaller?.join(", "),
    ))
}

fn media_type(name: &str) -> Result<&'static str, String> {
    let (_, extension) = name.rsplit_once('.').unwrap_or_default();
    Ok(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => return Err("say its media type in crates/api/build.rs".to_owned()),
    })
}

/// The first 16 bytes of a digest: enough that no two files ever share them.
fn hexadecimal(digest: &[u8]) -> String {
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn brotli(mut plain: &[u8]) -> io::Result<Vec<u8>> {
    let best = BrotliEncoderParams {
        quality: 11,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    BrotliCompress(&mut plain, &mut compressed, &best)?;
    Ok(compressed)
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}
