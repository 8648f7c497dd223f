//! Whatever comes, a decoder says yes or no: it does not panic, it takes only what is documented, and
//! what it took it gives back as it was.
//!
//! `HOSTILE_CASES=1000000 cargo test -p messaging-api --test hostile decoders` tries so many of each, and
//! `HOSTILE_SEED` others.

mod access;
mod bodies;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::{
    count,
    mutation::{Chance, input, lines},
};

/// Tries a target with the corpus as it is, and with much that is nearly in it.
#[track_caller]
fn hunt(corpus: &'static str, target: impl Fn(&[u8])) {
    let seeds = lines(corpus);
    let mut chance = Chance::new(u64::try_from(count("HOSTILE_SEED", 1)).unwrap());
    let made = (0..count("HOSTILE_CASES", 7_000)).map(|_| input(&mut chance, &seeds));
    let kept = seeds.iter().map(|seed| seed.as_bytes().to_vec());
    for input in kept.chain(made) {
        if let Err(found) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            #[expect(clippy::print_stdout, reason = "nobody could repeat it otherwise")]
            let () = println!("found with: {}", input.escape_ascii());
            resume_unwind(found);
        }
    }
}

/// The same, for what is text by the time it is decoded.
#[track_caller]
fn hunt_text(corpus: &'static str, target: impl Fn(&str)) {
    hunt(corpus, |input| target(&String::from_utf8_lossy(input)));
}
