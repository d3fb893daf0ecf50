//! When signing in is refused for a while because it failed too often. Pure.
//!
//! An attempt counts as failed from its beginning, so that many at once do not all get through; the right password
//! takes that back. Of IPv6, whoever has an address has the 2^64 beside it.
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
    /// Somebody tries to sign in as `name` from `address`; says whether it is the last try that they have.
    ///
    /// # Errors
    /// For how long it is refused.
    pub fn begin(&mut self, name: &str, address: IpAddr, now: Mono) -> Result<bool, Duration> {
        let keys = [Key::Name(name.to_owned()), Key::Address(neighbourhood(address))];
        let until = keys.iter().filter_map(|key| self.0.get(key)?.locked_until).max();
        if let Some(left) = until.map(|until| until.since(now)).filter(|left| !left.is_zero()) {
            return Err(left);
        }
        let [name, address] = keys;
        let name = self.count(name, FAILURES_OF_NAME, now);
        let address = self.count(address, FAILURES_OF_ADDRESS, now);
        Ok(name || address)
    }

    /// It was the right password: what failed before is forgotten for the name, and this did not fail.
    pub fn succeeded(&mut self, name: &str, address: IpAddr) {
        self.0.pop(&Key::Name(name.to_owned()));
        if let Some(failures) = self.0.get_mut(&Key::Address(neighbourhood(address))) {
            failures.at.pop_back();
        }
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

/// The addresses that one machine has.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(std::net::Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
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
            assert_eq!(attempts.begin("lan", HERE, at(s)), Ok(false));
        }
        assert_eq!(attempts.begin("lan", HERE, at(4)), Ok(true));
        assert_eq!(attempts.begin("lan", HERE, at(5)), Err(Duration::from_secs(299)));
        assert_eq!(attempts.begin("minh", HERE, at(5)), Ok(false));
        assert_eq!(attempts.begin("lan", HERE, at(304)), Ok(false));
    }

    #[test]
    fn of_fifty_at_once_five_are_tried() {
        let mut attempts = Attempts::default();
        let tried = (0..50).filter(|_| attempts.begin("lan", HERE, at(1)).is_ok()).count();
        assert_eq!(tried, 5);
    }

    #[test]
    fn failures_far_apart_do_not_add_up_and_success_forgets_them() {
        let mut attempts = Attempts::default();
        assert!((0..20).all(|n| attempts.begin("lan", HERE, at(n * 100)) == Ok(false)));
        let mut attempts = Attempts::default();
        for s in 0..100 {
            assert_eq!(attempts.begin("lan", HERE, at(s)), Ok(false));
            attempts.succeeded("lan", HERE);
        }
    }

    #[test]
    fn one_password_tried_on_many_names_locks_the_address_and_those_beside_it() {
        let mut attempts = Attempts::default();
        let of = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, n]);
        let tried: Vec<_> =
            (0..20).map(|n| attempts.begin(&format!("name{n}"), of(n), at(u64::from(n)))).collect();
        assert_eq!(tried.iter().filter(|tried| **tried == Ok(true)).count(), 1);
        assert!(attempts.begin("anybody", of(99), at(21)).is_err());
        assert!(attempts.begin("anybody", IpAddr::from([10, 0, 0, 7]), at(21)).is_ok());
    }
}
