//! The secret that a development service makes for itself, once, and keeps.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// The secret in the data directory, made at first: `jwt-secret`, readable by its owner only.
///
/// # Errors
/// When the directory cannot be written.
pub fn kept_secret(data_dir: &Path) -> io::Result<SecretString> {
    let path = data_dir.join("jwt-secret");
    match fs::read_to_string(&path) {
        Ok(secret) if secret.trim().len() >= 32 => Ok(SecretString::from(secret.trim())),
        Ok(_) => Err(io::Error::other(format!(
            "{} holds no secret of 32 bytes; delete it",
            path.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(data_dir, &path)?;
            // Of two processes that make one at the same time, one has won: both read the winner's.
            fs::read_to_string(&path).map(|secret| SecretString::from(secret.trim()))
        }
        Err(error) => Err(error),
    }
}

fn make(data_dir: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let mut random = [0; 48];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    // Written aside and linked into place, so that nobody ever reads half of one.
    let aside = data_dir.join(format!("jwt-secret.{}", uuid::Uuid::new_v4()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(URL_SAFE_NO_PAD.encode(random).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let first = kept_secret(&data).unwrap();
        assert!(first.expose_secret().len() >= 32);
        assert_eq!(
            kept_secret(&data).unwrap().expose_secret(),
            first.expose_secret()
        );
        let mode = fs::metadata(data.join("jwt-secret"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    }
}
