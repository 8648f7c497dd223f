//! A small disk of our own, to be filled up. Only root can mount one.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::bail;

/// A mounted file system that is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Tmpfs {
    path: PathBuf,
}

impl Tmpfs {
    /// Whether one can be mounted.
    pub(crate) fn possible() -> bool {
        rustix::process::geteuid().is_root()
            && std::env::temp_dir()
                .join(format!("chaos-try-{}", std::process::id()))
                .to_str()
                .is_some_and(|path| Self::mount(Path::new(path), 1).is_ok())
    }

    /// Mounts one of so many mebibytes.
    pub(crate) fn mount(path: &Path, mebibytes: u32) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path)?;
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(path)
            .status()?;
        if !status.success() {
            bail!("no file system could be mounted on {}", path.display());
        }
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it until nothing more fits; how many bytes that took.
    pub(crate) fn fill(&self) -> anyhow::Result<u64> {
        let mut file = File::create(self.ballast())?;
        let block = vec![b'x'; 64 * 1024];
        let mut written = 0;
        let mut size = block.len();
        // First in large pieces, then down to the last byte.
        while size > 0 {
            match file.write(block.get(..size).unwrap_or_default()) {
                Ok(0) => bail!("nothing is written"),
                Ok(count) => written += u64::try_from(count)?,
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => size /= 2,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// Makes room again.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
        let _ = std::fs::remove_dir(&self.path);
    }
}
