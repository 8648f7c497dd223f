//! Which of the machine's cores threads run on.

use std::{collections::BTreeSet, fmt, io};

/// Some of the machine's cores, by the kernel's numbers, which count from zero. Known on Linux alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cores(BTreeSet<usize>);

impl Cores {
    /// Those that this thread may run on, as do the threads that it starts.
    ///
    /// # Errors
    /// Those of the kernel; `Unsupported` where it is not Linux.
    pub fn allowed() -> io::Result<Self> {
        kernel::allowed().map(Self)
    }

    /// Those that are not among the others; none if nothing is left.
    pub fn without(&self, others: &Self) -> Option<Self> {
        let rest: BTreeSet<_> = self.0.difference(&others.0).copied().collect();
        (!rest.is_empty()).then_some(Self(rest))
    }

    /// Binds this thread, and those that it starts from now on, to these alone.
    ///
    /// # Errors
    /// Those of the kernel, as when none of these is this process's; `Unsupported` where it is not Linux.
    pub fn bind_thread(&self) -> io::Result<()> {
        kernel::bind_thread(&self.0)
    }
}

impl From<BTreeSet<usize>> for Cores {
    fn from(numbers: BTreeSet<usize>) -> Self {
        Self(numbers)
    }
}

/// Numbers, comma-separated.
impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::{collections::BTreeSet, io};

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub(super) fn allowed() -> io::Result<BTreeSet<usize>> {
        let set = sched_getaffinity(None)?;
        let cores = 0..CpuSet::MAX_CPU;
        Ok(cores.filter(|core| set.is_set(*core)).collect())
    }

    pub(super) fn bind_thread(cores: &BTreeSet<usize>) -> io::Result<()> {
        let mut set = CpuSet::new();
        for &core in cores.iter().filter(|core| **core < CpuSet::MAX_CPU) {
            set.set(core);
        }
        Ok(sched_setaffinity(None, &set)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::{collections::BTreeSet, io};

    pub(super) fn allowed() -> io::Result<BTreeSet<usize>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn bind_thread(_: &BTreeSet<usize>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores<const N: usize>(numbers: [usize; N]) -> Cores {
        BTreeSet::from(numbers).into()
    }

    #[test]
    fn what_is_left_is_not_nothing() {
        let left = cores([0, 1, 2]).without(&cores([1, 7])).unwrap();
        assert_eq!(left.to_string(), "0,2");
        assert_eq!(cores([0, 1]).without(&cores([0, 1])), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_runs_on_what_it_is_bound_to_alone_and_so_do_those_it_starts() {
        std::thread::spawn(|| {
            let allowed = Cores::allowed().unwrap();
            let first = Cores(allowed.0.first().copied().into_iter().collect());
            first.bind_thread().unwrap();
            let child = std::thread::spawn(|| Cores::allowed().unwrap());
            assert_eq!(child.join().unwrap(), first);
            assert_eq!(Cores::allowed().unwrap(), first);
            cores([1_000_000]).bind_thread().unwrap_err();
        })
        .join()
        .unwrap();
    }
}
