//! When signing in is refused for a while because it failed too often. Pure.
//!
//! Five wrong passwords for one name within five minutes lock that name for five minutes, whether anybody has it or
//! not (NIST SP 800-63B, 5.2.2). Twenty from one address lock the address, so that trying one password on many names
//! does not go faster. What was signed in stays so.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;

use crate::model::Mono;

const FAILURES_OF_NAME: usize = 5;
const FAILURES_OF_ADDRESS: usize = 20;
const WITHIN: Duration = Duration::from_secs(300);
const LOCKED_FOR: Duration = Duration::from_secs(300);

/// So many names and addresses are remembered; who fills that up has locked the own address long before.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9999);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Default)]
struct Failures {
    at: VecDeque<Mono>,
    locked_until: Option<Mono>,
}

/// Failures of the last minutes.
#[derive(Debug)]
pub struct Attempts(LruCache<Key, Failures>);

impl Default for Attempts {
    fn default() -> Self {
        Self(LruCache::new(REMEMBERED))
    }
}

impl Attempts {
    /// For how long signing in as `name` from `address` is refused, if it is.
    pub fn locked(&mut self, name: &str, address: IpAddr, now: Mono) -> Option<Duration> {
        let keys = [Key::Name(name.to_owned()), Key::Address(address)];
        let until = keys.iter().filter_map(|key| self.0.get(key)?.locked_until).max()?;
        Some(until.since(now)).filter(|left| !left.is_zero())
    }

    /// A wrong password; true if the name or the address is locked by it.
    pub fn failed(&mut self, name: &str, address: IpAddr, now: Mono) -> bool {
        let name = self.count(Key::Name(name.to_owned()), FAILURES_OF_NAME, now);
        let address = self.count(Key::Address(address), FAILURES_OF_ADDRESS, now);
        name || address
    }

    /// The right password: what failed before is forgotten for the name.
    pub fn succeeded(&mut self, name: &str) {
        self.0.pop(&Key::Name(name.to_owned()));
    }

    fn count(&mut self, key: Key, most: usize, now: Mono) -> bool {
        let failures = self.0.get_or_insert_mut(key, Failures::default);
        failures.at.retain(|at| now.since(*at) < WITHIN);
        failures.at.push_back(now);
        if failures.at.len() < most {
            return false;
        }
        failures.at.clear();
        failures.locked_until = Some(now.plus(LOCKED_FOR));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Mono {
        Mono(Duration::from_secs(s))
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn five_failures_lock_the_name_for_five_minutes_and_no_other() {
        let mut attempts = Attempts::default();
        for s in 0..4 {
            assert!(!attempts.failed("lan", HERE, at(s)));
        }
        assert_eq!(attempts.locked("lan", HERE, at(4)), None);
        assert!(attempts.failed("lan", HERE, at(4)));
        assert_eq!(attempts.locked("lan", HERE, at(5)), Some(Duration::from_secs(299)));
        assert_eq!(attempts.locked("minh", HERE, at(5)), None);
        assert_eq!(attempts.locked("lan", HERE, at(304)), None);
    }

    #[test]
    fn failures_far_apart_do_not_add_up_and_success_forgets_them() {
        let mut attempts = Attempts::default();
        assert!((0..20).all(|n| !attempts.failed("lan", HERE, at(n * 100))));
        let mut attempts = Attempts::default();
        assert!((0..4).all(|s| !attempts.failed("lan", HERE, at(s))));
        attempts.succeeded("lan");
        assert!(!attempts.failed("lan", HERE, at(5)));
    }

    #[test]
    fn one_password_tried_on_many_names_locks_the_address() {
        let mut attempts = Attempts::default();
        let locked =
            (0..20u64).map(|n| attempts.failed(&format!("name{n}"), HERE, at(n))).collect::<Vec<_>>();
        assert_eq!(locked.iter().filter(|locked| **locked).count(), 1);
        assert!(attempts.locked("anybody", HERE, at(21)).is_some());
        assert!(attempts.locked("anybody", IpAddr::from([10, 0, 0, 7]), at(21)).is_none());
    }
}
