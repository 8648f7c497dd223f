//! Passwords: hashed with Argon2id (RFC 9106, at OWASP's strength), a few at a time.
//!
//! A hash takes 19 MiB and some 20 ms of a core. So hashes are made beside the workers, as many at
//! once as half of the cores, and only so many may wait.

use std::{sync::Arc, thread};

use allocator_api2::{alloc::System, vec::Vec as VecIn};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use messaging_domain::{Error, Failure};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::metrics::gauges;

/// How many passwords may be checked or wait for it: the last waits a few seconds.
const QUEUE: usize = 256;

/// How many may be made or wait for it. They wait in a room of their own, so that a crowd that
/// registers does not keep out those who log in.
const NEW_QUEUE: usize = QUEUE / 2;

/// How much is asked of the system when a hash needs memory, in blocks of 1 KiB: of what is asked for beyond 32 MiB (on
/// a 64-bit machine), glibc gives all back at once when it is no longer needed, where the service's own allocator keeps
/// it for a while. What a hash does not use of it is never there.
const ROOM: usize = 33 * 1_024;

/// What a hash costs whoever makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
}

impl PasswordCost {
    /// 19 MiB and two passes: what the service runs with.
    pub const FULL: Self = Self {
        memory_kib: 19 * 1_024,
        passes: 2,
    };

    /// As little as the algorithm allows, for tests, which make many accounts.
    pub const CHEAP: Self = Self {
        memory_kib: 8,
        passes: 1,
    };
}

/// Whether a password is the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is not, or there is no such account.
    Wrong,
    /// It is.
    Right,
    /// It is, and here is a hash of today's strength in place of the weaker one.
    Rehashed(String),
}

/// Makes and checks hashes of passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Checked against when there is no account, so that the time taken tells nothing.
    nobody: Arc<str>,
    queue: Arc<Semaphore>,
    new_queue: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    refused: Counter,
}

impl Passwords {
    /// Hashes of this cost. Blocking, for as long as one hash takes.
    ///
    /// # Errors
    /// When the algorithm does not allow the cost.
    pub fn new(cost: PasswordCost) -> Result<Self, Failure> {
        let params =
            Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| failure(&error))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, "nobody has this password")?;
        let cores =
            thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4));
        Ok(Self {
            argon2,
            nobody: nobody.into(),
            queue: Arc::new(Semaphore::new(QUEUE)),
            new_queue: Arc::new(Semaphore::new(NEW_QUEUE)),
            cores: Arc::new(Semaphore::new(cores)),
            refused: Counter::default(),
        })
    }

    /// Names what hashing counts.
    pub fn expose(&self, registry: &mut Registry) {
        registry.register(
            "passwords_refused",
            "Passwords that were not looked at because too many waited",
            self.refused.clone(),
        );
        let (queue, new_queue) = (Arc::clone(&self.queue), Arc::clone(&self.new_queue));
        gauges(registry, move || {
            vec![
                (
                    "passwords_checking",
                    "Passwords that are being checked or wait for it",
                    QUEUE.saturating_sub(queue.available_permits()),
                ),
                (
                    "passwords_making",
                    "New passwords that are being hashed or wait for it",
                    NEW_QUEUE.saturating_sub(new_queue.available_permits()),
                ),
            ]
        });
    }

    /// The hash of a password, as a PHC string with a salt of its own.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many wait.
    pub async fn hash(&self, password: SecretString) -> Result<String, Error> {
        let argon2 = self.argon2.clone();
        self.run(&self.new_queue, move || {
            hash(&argon2, password.expose_secret())
        })
        .await
    }

    /// Whether a password is that of a hash. Without a hash it is not, after the same time.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many wait; [`Error::Failed`] for a hash that is none.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        let argon2 = self.argon2.clone();
        let nobody = Arc::clone(&self.nobody);
        self.run(&self.queue, move || {
            let known = stored.is_some();
            let stored = stored.as_deref().unwrap_or(&nobody);
            let stored = PasswordHash::new(stored).map_err(|error| failure(&error))?;
            let password = password.expose_secret();
            if !is_of(password, &stored) || !known {
                Ok(Verdict::Wrong)
            } else if is_weaker(&stored, argon2.params()) {
                hash(&argon2, password).map(Verdict::Rehashed)
            } else {
                Ok(Verdict::Right)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        room: &Semaphore,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let Ok(_place) = room.try_acquire() else {
            self.refused.inc();
            return Err(Error::Overloaded(Failure::new(
                "check a password",
                "too many are waiting",
            )));
        };
        let core = Arc::clone(&self.cores).acquire_owned().await;
        // The core is held by the work itself, which goes on when the caller is gone.
        let work = tokio::task::spawn_blocking(move || {
            let _core = core;
            work()
        });
        match work.await {
            Ok(result) => result.map_err(Error::Failed),
            Err(error) => Err(Error::Failed(Failure::new("check a password", error))),
        }
    }
}

fn hash(argon2: &Argon2<'static>, password: &str) -> Result<String, Failure> {
    let salt = Salt::generate();
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(|error| failure(&error))?,
        hash: Some(output(argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?),
        salt: Some(salt),
    };
    Ok(hash.to_string())
}

/// Whether a hash is that of a password. Compares in constant time.
fn is_of(password: &str, stored: &PasswordHash) -> bool {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return false;
    };
    let (Ok(algorithm), Ok(version), Ok(params)) = (
        Algorithm::try_from(stored.algorithm.as_str()),
        stored
            .version
            .map_or(Ok(Version::default()), Version::try_from),
        Params::try_from(stored),
    ) else {
        return false;
    };
    let argon2 = Argon2::new(algorithm, version, params);
    output(&argon2, password, salt, expected.len()).is_ok_and(|made| made == *expected)
}

fn output(argon2: &Argon2<'_>, password: &str, salt: &Salt, len: usize) -> Result<Output, Failure> {
    let blocks = argon2.params().block_count();
    let mut memory = VecIn::with_capacity_in(blocks.max(ROOM), System);
    memory.resize(blocks, Block::default());
    let mut out = vec![0; len];
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, &mut memory)
        .map_err(|error| failure(&error))?;
    Output::new(&out).map_err(|error| failure(&error))
}

fn is_weaker(stored: &PasswordHash, today: &Params) -> bool {
    let Ok(params) = Params::try_from(stored) else {
        return true;
    };
    stored.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || params.m_cost() < today.m_cost()
        || params.t_cost() < today.t_cost()
}

fn failure(error: &impl std::fmt::Display) -> Failure {
    Failure::new("hash a password", error.to_string())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn secret(password: &str) -> SecretString {
        SecretString::from(password)
    }

    #[actix_web::test]
    async fn a_password_is_known_by_its_hash_only() {
        let passwords = Passwords::new(PasswordCost::CHEAP).unwrap();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash(secret("correct horse")).await.unwrap());
        let verdict = passwords
            .verify(secret("correct horse"), Some(hash.clone()))
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Right);
        let verdict = passwords
            .verify(secret("battery staple"), Some(hash))
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Wrong);
    }

    /// From the reference implementation's own tests.
    #[actix_web::test]
    async fn hashes_that_others_have_made_are_known() {
        let hash =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let passwords = Passwords::new(PasswordCost::CHEAP).unwrap();
        for (password, expected) in [("password", Verdict::Right), ("Password", Verdict::Wrong)] {
            let verdict = passwords.verify(secret(password), Some(hash.to_owned()));
            assert_eq!(verdict.await.unwrap(), expected);
        }
    }

    #[actix_web::test]
    async fn a_crowd_that_registers_keeps_nobody_from_logging_in() {
        let passwords = Passwords::new(PasswordCost::CHEAP).unwrap();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        // All cores are busy, and nobody leaves.
        let cores = u32::try_from(passwords.cores.available_permits()).unwrap();
        let busy = passwords.cores.acquire_many(cores).await.unwrap();
        let mut crowd: Vec<_> = (0..300)
            .map(|number| Box::pin(passwords.hash(secret(&format!("correct horse {number}")))))
            .collect();
        let refused = crowd
            .iter_mut()
            .filter_map(FutureExt::now_or_never)
            .inspect(|refused| assert!(matches!(refused, Err(Error::Overloaded(_)))))
            .count();
        assert_eq!(refused, 300 - NEW_QUEUE);
        let mut logins: Vec<_> = (0..QUEUE)
            .map(|_| Box::pin(passwords.verify(secret("correct horse"), Some(hash.clone()))))
            .collect();
        assert!(
            logins
                .iter_mut()
                .all(|login| login.now_or_never().is_none())
        );
        drop((crowd, busy));
        for login in logins {
            assert_eq!(login.await.unwrap(), Verdict::Right);
        }
    }

    #[actix_web::test]
    async fn nobody_has_no_password_at_all() {
        let passwords = Passwords::new(PasswordCost::CHEAP).unwrap();
        let verdict = passwords
            .verify(secret("nobody has this password"), None)
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Wrong);
    }

    #[actix_web::test]
    async fn a_weaker_hash_is_replaced_when_its_owner_logs_in() {
        let weak = Passwords::new(PasswordCost::CHEAP).unwrap();
        let strong = Passwords::new(PasswordCost {
            memory_kib: 16,
            passes: 1,
        })
        .unwrap();
        let hash = weak.hash(secret("correct horse")).await.unwrap();
        let Verdict::Rehashed(hash) = strong
            .verify(secret("correct horse"), Some(hash))
            .await
            .unwrap()
        else {
            panic!("not rehashed")
        };
        assert!(hash.contains("m=16,"), "{hash}");
        assert_eq!(
            weak.verify(secret("correct horse"), Some(hash))
                .await
                .unwrap(),
            Verdict::Right
        );
    }
}
