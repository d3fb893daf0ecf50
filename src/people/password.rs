//! Passwords: argon2id (RFC 9106) with OWASP's least settings of 19 MiB, 2 passes and 1 lane; what a password has to
//! be; and passwords that are made for somebody, to be used once.

use std::collections::HashSet;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// NIST SP 800-63B asks for 8 and a check against known ones; longer is what stays good without rules of form.
const SHORTEST: usize = 12;
/// Hashing takes what it is given: more than this is no password.
const LONGEST: usize = 200;

/// Each hashing takes 19 MiB and a core for a moment: so many at once.
const AT_ONCE: usize = 2;

/// What begins like this is tried first by everyone who guesses.
const COMMON: [&str; 14] = [
    "123456",
    "password",
    "matkhau",
    "mật khẩu",
    "qwerty",
    "admin",
    "abc123",
    "quaywatch",
    "letmein",
    "iloveyou",
    "111111",
    "000000",
    "vietnam",
    "hanoi",
];

/// Letters that nobody takes for another when they are read out or written down.
const PLAIN: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567899";

/// What is wrong with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too easily guessed by trying.
    #[error("a password has at least {SHORTEST} characters: some words that only you put together are good")]
    TooShort,
    /// No password is so long.
    #[error("a password has at most {LONGEST} characters")]
    TooLong,
    /// Too easily guessed by thinking.
    #[error("this is among the first that somebody would try: take some words that only you put together")]
    TooCommon,
    /// The old one again.
    #[error("this is the password as it was")]
    Same,
}

impl Unfit {
    /// The stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Unfit::TooShort => "too-short",
            Unfit::TooLong => "too-long",
            Unfit::TooCommon => "too-common",
            Unfit::Same => "same",
        }
    }
}

/// Makes and checks digests of passwords.
#[derive(Debug)]
pub struct Secrets {
    room: Semaphore,
    /// What is checked where there is no such person, so that an answer takes as long.
    nobody: String,
}

impl Secrets {
    /// # Errors
    /// If the system gives no random bytes.
    pub fn new() -> anyhow::Result<Self> {
        let nobody = digest(&one_time()?)?;
        Ok(Self { room: Semaphore::new(AT_ONCE), nobody })
    }

    /// Whether `password` is the one of `digest`; without a digest it is not, and takes as long.
    ///
    /// # Errors
    /// If the work cannot be done.
    pub async fn is_right(&self, password: &str, of: Option<&str>) -> anyhow::Result<bool> {
        let (is_known, of) = (of.is_some(), of.unwrap_or(&self.nobody).to_owned());
        let password: String = composed(password).chars().take(LONGEST).collect();
        let _room = self.room.acquire().await?;
        let fits = tokio::task::spawn_blocking(move || {
            let of = PasswordHash::new(&of).map_err(|e| anyhow::anyhow!("a password's digest: {e}"))?;
            anyhow::Ok(argon2()?.verify_password(password.as_bytes(), &of).is_ok())
        });
        Ok(fits.await?? && is_known)
    }

    /// The digest of a password, in the PHC form, with a new salt.
    ///
    /// # Errors
    /// If the work cannot be done.
    pub async fn digest(&self, password: &str) -> anyhow::Result<String> {
        let password = composed(password);
        let _room = self.room.acquire().await?;
        tokio::task::spawn_blocking(move || digest(&password)).await?
    }
}

/// Whether somebody called `name` may choose this password.
///
/// # Errors
/// What is wrong with it.
pub fn fit(password: &str, name: &str) -> Result<(), Unfit> {
    let password = &*composed(password);
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(Unfit::TooShort);
    }
    if length > LONGEST {
        return Err(Unfit::TooLong);
    }
    let plain = password.to_lowercase();
    let kinds: HashSet<char> = plain.chars().collect();
    let rest = plain.replace(name, "");
    let is_common =
        COMMON.iter().any(|common| plain.starts_with(common) && length < common.chars().count() + 8);
    if kinds.len() < 5 || rest.chars().count() < SHORTEST / 2 || is_common || is_a_row(&plain) {
        return Err(Unfit::TooCommon);
    }
    Ok(())
}

/// One keyboard types an accented letter as one character, another as the letter and its marks: both are one password
/// (RFC 8265, 4.2).
fn composed(password: &str) -> String {
    password.nfc().collect()
}

/// Whether each character follows the one before it, as in `abcdefghijkl`.
fn is_a_row(text: &str) -> bool {
    let codes: Vec<u32> = text.chars().map(u32::from).collect();
    codes.windows(2).all(|pair| matches!(pair, [a, b] if a.abs_diff(*b) == 1 || (*a, *b) == (57, 48)))
}

/// A password for somebody to sign in with once: 80 random bits in four groups.
///
/// # Errors
/// If the system gives no random bytes.
pub fn one_time() -> anyhow::Result<String> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).map_err(|e| anyhow::anyhow!("the system gives no random bytes: {e}"))?;
    let mut letters =
        random.iter().filter_map(|byte| PLAIN.get(usize::from(byte & 31))).map(|b| char::from(*b));
    let groups = std::array::from_fn::<String, 4, _>(|_| letters.by_ref().take(4).collect());
    Ok(groups.join("-"))
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| anyhow::anyhow!("argon2: {e}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn digest(password: &str) -> anyhow::Result<String> {
    let mut salt = [0u8; 16];
    getrandom::fill(&mut salt).map_err(|e| anyhow::anyhow!("the system gives no random bytes: {e}"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|e| anyhow::anyhow!("a salt: {e}"))?;
    let digest = argon2()?.hash_password(password.as_bytes(), &salt);
    Ok(digest.map_err(|e| anyhow::anyhow!("a password's digest: {e}"))?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right_and_nobody_has_none() {
        let secrets = Secrets::new().unwrap();
        let digest = secrets.digest("bốn con trâu xanh").await.unwrap();
        assert!(digest.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{digest}");
        assert!(secrets.is_right("bốn con trâu xanh", Some(&digest)).await.unwrap());
        assert!(!secrets.is_right("bốn con trâu đỏ", Some(&digest)).await.unwrap());
        assert!(!secrets.is_right("bốn con trâu xanh", None).await.unwrap());
        let in_marks = "bốn con trâu xanh".nfd().collect::<String>();
        assert!(secrets.is_right(&in_marks, Some(&digest)).await.unwrap(), "typed on another keyboard");
        assert_ne!(digest, secrets.digest("bốn con trâu xanh").await.unwrap(), "each has a salt of its own");
    }

    #[test]
    fn what_is_soon_guessed_is_refused() {
        for (bad, why) in [
            ("ngắn quá", Unfit::TooShort),
            ("aaaaaaaaaaaaaaaa", Unfit::TooCommon),
            ("abcdefghijklmnop", Unfit::TooCommon),
            ("1234567890123", Unfit::TooCommon),
            ("password1234", Unfit::TooCommon),
            ("lan.anhlan.anh1", Unfit::TooCommon),
            (&"x y".repeat(100), Unfit::TooLong),
        ] {
            assert_eq!(fit(bad, "lan.anh"), Err(why), "{bad}");
        }
        assert_eq!(fit("bốn con trâu xanh", "lan.anh"), Ok(()));
    }

    #[test]
    fn a_password_for_once_is_random_and_can_be_read_out() {
        let (one, two) = (one_time().unwrap(), one_time().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 19);
        assert!(!one.contains(['l', 'i', 'o', '0', '1']), "{one}");
    }
}
