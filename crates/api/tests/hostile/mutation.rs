//! Inputs that are nearly good: the lines of a committed corpus, cut, doubled, crossed and spiced, the
//! same ones each time for a seed.
//!
//! An input that was once too much belongs into the corpus: each line of it is tried as it is, too.

/// What decoders stumble over.
const SPICES: &[&[u8]] = &[
    b"",
    b"\0",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"[[[[[[[[",
    b"]",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1.5",
    b"1e999",
    b"-0",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551616",
    b",",
    b":",
    b"\r\n",
    b"\r",
    b"\n",
    b"\t",
    b" ",
    b"\x0b",
    b"\x7f",
    b"\x80",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{200d}".as_bytes(),
    "e\u{301}\u{301}\u{301}".as_bytes(),
    "\u{1f4a9}".as_bytes(),
    "\u{fdfa}".as_bytes(),
    "\u{2028}".as_bytes(),
    b"%00",
    b"%ff",
    b"%",
    b"+",
    b"&",
    b"=",
    b";",
    b"../",
    b"://",
    b"'",
    b"javascript:",
    b"@",
    b".",
    b"*",
];

/// A stream of numbers that is the same each time (splitmix64, Steele and others, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below the limit, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Whether one of so many times has come.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// The lines of a corpus.
pub(crate) fn lines(corpus: &'static str) -> Vec<&'static str> {
    corpus.lines().filter(|line| !line.is_empty()).collect()
}

/// An input that is nearly one of the seeds, and now and then no more than noise.
pub(crate) fn input(chance: &mut Chance, seeds: &[&str]) -> Vec<u8> {
    if chance.once_in(16) {
        let length = chance.below(200);
        return (0..length)
            .map(|_| u8::try_from(chance.below(256)).unwrap())
            .collect();
    }
    let mut input = chance.of(seeds).as_bytes().to_vec();
    for _ in 0..=chance.below(5) {
        edit(chance, &mut input, seeds);
    }
    input
}

/// Changes an input in one place.
pub(crate) fn edit(chance: &mut Chance, input: &mut Vec<u8>, seeds: &[&str]) {
    let length = input.len();
    let at = chance.below(length + 1);
    let until = (at + 1 + chance.below(40)).min(length);
    match chance.below(9) {
        0 | 1 => {
            input.splice(at..at, chance.of(SPICES).iter().copied());
        }
        2 => {
            let spice = chance.of(SPICES);
            input.splice(at..(at + spice.len()).min(length), spice.iter().copied());
        }
        3 => {
            input.drain(at..until);
        }
        4 => {
            let part = input[at..until].to_vec();
            input.splice(at..at, part);
        }
        5 => {
            if let Some(byte) = input.get(at).copied() {
                let times = chance.below(300);
                input.splice(at..at, std::iter::repeat_n(byte, times));
            }
        }
        6 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        7 => input.truncate(at),
        // From there on it is another one.
        _ => {
            let other = chance.of(seeds).as_bytes();
            input.truncate(at);
            input.extend(other.get(at..).unwrap_or(other));
        }
    }
}
