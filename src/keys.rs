//! Private keys on disk: made where they are used, readable by their owner alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::disk;
use crate::wire::{Signer, Trust};

/// Reads the private key at `path`, or makes one there at the first start. The public half is
/// written beside it, ending in `.pub.pem`, to be taken to the other end.
///
/// # Errors
/// If the file is no key, is readable by others, or cannot be made.
pub fn load_or_make(path: &Path) -> anyhow::Result<Signer> {
    let signer = if path.exists() { load(path)? } else { make(path)? };
    let public = public_path(path);
    if !public.exists() {
        disk::write_atomically(&public, signer.public().to_pem()?.as_bytes())?;
    }
    Ok(signer)
}

/// Where the public half of the key at `path` is: `evidence.pem` → `evidence.pub.pem`.
pub fn public_path(path: &Path) -> PathBuf {
    path.with_extension("pub.pem")
}

/// Reads a file of public keys that are trusted.
///
/// # Errors
/// If it cannot be read or holds no key; with the path.
pub fn load_trust(path: &Path) -> anyhow::Result<Trust> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Trust::from_pem(&text).with_context(|| path.display().to_string())
}

/// The text of a private key's file, if its owner alone can read it.
///
/// # Errors
/// If others can, or it cannot be read; with the path.
pub fn read_secret(path: &Path) -> anyhow::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).with_context(|| path.display().to_string())?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{}: other users can read this private key; run: chmod 600 {}", path.display(), path.display());
    }
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn load(path: &Path) -> anyhow::Result<Signer> {
    Signer::from_pem(&read_secret(path)?).with_context(|| path.display().to_string())
}

fn make(path: &Path) -> anyhow::Result<Signer> {
    let mut secret = [0u8; 32];
    getrandom::fill(&mut secret).map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}"))?;
    let signer = Signer::from_secret(secret);
    if let Some(folder) = path.parent() {
        disk::make_folder(folder)?;
    }
    disk::write_secret(path, signer.to_pem()?.as_bytes())?;
    tracing::info!("made a new key {} at {}", signer.public().kid(), path.display());
    Ok(signer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/evidence.pem");
        let made = load_or_make(&path).unwrap();
        assert_eq!(load_or_make(&path).unwrap().public(), made.public());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(load_trust(&public_path(&path)).unwrap().knows(&made.public()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_make(&path).unwrap_err().to_string().contains("chmod 600"));
    }
}
