//! Who is signed in: by the SHA-256 of a random token that only the browser has. Pure, but for the token's bytes.
//!
//! A session ends after the idle time without anybody there, twelve hours after it began, or when it is ended:
//! by signing out, by another password, by being disabled. In memory alone, by the clock that is never set.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::PersonName;
use crate::model::Mono;

/// Nobody works longer.
const LASTS: Duration = Duration::from_secs(12 * 3600);

/// So many devices a person signs in on.
const MOST_OF_ONE: usize = 10;
/// And so many people there are.
const MOST: usize = 1000;

/// What a browser shows: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// # Errors
    /// If the system gives no random bytes.
    pub fn random() -> anyhow::Result<Self> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("the system gives no random bytes: {e}"))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// One that was shown; what it is good for is seen by asking.
    pub fn shown(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the browser alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One person on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub name: PersonName,
    /// What a page shows with each change it asks for, so that no other site can ask.
    pub csrf: String,
    began: Mono,
    used: Mono,
}

/// All who are signed in.
#[derive(Debug)]
pub struct Sessions {
    idle: Duration,
    all: HashMap<[u8; 32], Session>,
}

impl Sessions {
    /// Sessions that end after `idle` without use.
    pub fn new(idle: Duration) -> Self {
        Self { idle, all: HashMap::new() }
    }

    /// After how long without use a session ends.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// Somebody signed in. Where they have too many already, the one that was not used for longest ends.
    pub fn begin(&mut self, token: &Token, csrf: &Token, name: PersonName, now: Mono) {
        self.all.retain(|_, session| is_alive(session, self.idle, now));
        let longest_unused = |all: &HashMap<[u8; 32], Session>, of: Option<&PersonName>| {
            let those = all.iter().filter(|(_, session)| of.is_none_or(|name| session.name == *name));
            those.min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        };
        let own = self.all.values().filter(|session| session.name == name).count();
        let leaves = match () {
            () if own >= MOST_OF_ONE => longest_unused(&self.all, Some(&name)),
            () if self.all.len() >= MOST => longest_unused(&self.all, None),
            () => None,
        };
        leaves.map(|key| self.all.remove(&key));
        let session = Session { name, csrf: csrf.as_str().to_owned(), began: now, used: now };
        self.all.insert(token.digest(), session);
    }

    /// The session of a token, if it has not ended.
    pub fn of(&self, token: &Token, now: Mono) -> Option<&Session> {
        self.all.get(&token.digest()).filter(|session| is_alive(session, self.idle, now))
    }

    /// Somebody is there.
    pub fn used(&mut self, token: &Token, now: Mono) {
        let idle = self.idle;
        if let Some(session) =
            self.all.get_mut(&token.digest()).filter(|session| is_alive(session, idle, now))
        {
            session.used = now;
        }
    }

    /// Ends one.
    pub fn end(&mut self, token: &Token) {
        self.all.remove(&token.digest());
    }

    /// Ends all of a person, but for the one with `but`.
    pub fn end_all_of(&mut self, name: &PersonName, but: Option<&Token>) {
        let but = but.map(Token::digest);
        self.all.retain(|key, session| session.name != *name || Some(*key) == but);
    }
}

fn is_alive(session: &Session, idle: Duration, now: Mono) -> bool {
    now.since(session.used) < idle && now.since(session.began) < LASTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    fn at(s: u64) -> Mono {
        Mono(Duration::from_secs(s))
    }

    fn name(text: &str) -> PersonName {
        PersonName::new(text).unwrap()
    }

    fn signed_in() -> (Sessions, Token) {
        let mut sessions = Sessions::new(Duration::from_secs(30 * MINUTE));
        let token = Token::random().unwrap();
        sessions.begin(&token, &Token::shown("c"), name("lan"), at(0));
        (sessions, token)
    }

    #[test]
    fn a_session_ends_without_use_and_use_keeps_it_for_half_a_day_at_most() {
        let (mut sessions, token) = signed_in();
        assert!(sessions.of(&token, at(29 * MINUTE)).is_some());
        assert!(sessions.of(&token, at(30 * MINUTE)).is_none());
        for minute in (0..720).step_by(20) {
            sessions.used(&token, at(minute * MINUTE));
        }
        assert!(sessions.of(&token, at(719 * MINUTE)).is_some());
        assert!(sessions.of(&token, at(720 * MINUTE)).is_none(), "the day is over");
    }

    #[test]
    fn what_ended_is_not_brought_back_by_use() {
        let (mut sessions, token) = signed_in();
        sessions.used(&token, at(31 * MINUTE));
        assert!(sessions.of(&token, at(32 * MINUTE)).is_none());
    }

    #[test]
    fn another_token_is_nobody_and_signing_out_ends_one() {
        let (mut sessions, token) = signed_in();
        assert!(sessions.of(&Token::random().unwrap(), at(1)).is_none());
        sessions.end(&token);
        assert!(sessions.of(&token, at(1)).is_none());
    }

    #[test]
    fn all_sessions_of_a_person_end_but_the_one_that_asked() {
        let (mut sessions, first) = signed_in();
        let (second, other) = (Token::random().unwrap(), Token::random().unwrap());
        sessions.begin(&second, &Token::shown("c"), name("lan"), at(1));
        sessions.begin(&other, &Token::shown("c"), name("minh"), at(1));
        sessions.end_all_of(&name("lan"), Some(&second));
        let alive = [&first, &second, &other].map(|token| sessions.of(token, at(2)).is_some());
        assert_eq!(alive, [false, true, true]);
    }

    #[test]
    fn the_eleventh_device_ends_the_one_that_was_not_used_for_longest() {
        let (mut sessions, first) = signed_in();
        let others: Vec<_> = (1..=10).map(|_| Token::random().unwrap()).collect();
        for (s, token) in others.iter().enumerate() {
            sessions.begin(token, &Token::shown("c"), name("lan"), at(s as u64 + 1));
        }
        assert!(sessions.of(&first, at(20)).is_none());
        assert!(others.iter().all(|token| sessions.of(token, at(20)).is_some()));
    }
}
