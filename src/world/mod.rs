//! Both ends of the line in one small world, without a socket, a file or a clock: the centre's machine and the
//! province's decisions as they are, between them a broker that loses, doubles, reorders, delays and forgets.
//! Either end can die at any step, between any two of: stored, committed, said.
//!
//! Each seed is a life: some hundred steps in which anything goes wrong, then peace until nothing waits. Then
//! everything that was flagged is stored at the province exactly once, with its digest, or was given up by
//! the outbox's bounds and said so by an event that is stored.
//!
//! `QUAYWATCH_WORLDS=20000` lives more of them.

mod broker;

mod centre;

mod dice;

mod province;

use std::time::Duration;

use crate::model::{Now, Wall};
use broker::Broker;
use centre::Centre;
use dice::Dice;
use province::Province;

/// Lives if nothing else is said.
const LIVES: u64 = 2000;

/// Steps before peace.
const STEPS: usize = 400;

/// More steps than peace ever needs.
const PEACE: usize = 60_000;

struct World {
    dice: Dice,
    now: Now,
    centre: Centre,
    broker: Broker,
    province: Province,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let bound = *dice.one_of(&[u64::MAX, u64::MAX, 400, 150]);
        let window = *dice.one_of(&[1, 2, 5, 20]);
        Self {
            now: Now { wall: Wall::from_millis(1_795_400_000_000), ..Now::default() },
            centre: Centre::new(seed, bound, window),
            broker: Broker::default(),
            province: Province::default(),
            dice,
        }
    }

    fn live(&mut self) {
        for _ in 0..STEPS {
            self.step();
        }
        self.make_peace();
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..8 => self.centre.flag(&mut self.dice, self.now),
            8..14 => self.centre.connect(&mut self.broker, self.now),
            14..16 => self.centre.cut(&mut self.broker, self.now),
            16..18 => self.centre.crash(&mut self.broker, self.now),
            18..22 => drop(self.centre.commit(&self.province)),
            22..23 => self.centre.keep_within_bounds(self.now),
            23..45 => self.broker.carry_up(&mut self.dice, &mut self.province),
            45..60 => self.broker.acknowledge(&mut self.dice, &mut self.centre, self.now),
            60..75 => self.broker.carry_down(&mut self.dice, &mut self.centre, self.now),
            75..76 => self.broker.forget(),
            76..84 => self.province.take_in(&mut self.dice),
            84..86 => drop(self.province.read_back()),
            86..90 => drop(self.province.answer(&mut self.broker)),
            90..91 => self.province.crash(&mut self.dice),
            91..92 => self.province.is_full = !self.province.is_full,
            92..93 => self.province.is_in_trouble = !self.province.is_in_trouble,
            93..94 => self.broker.province_is_away = !self.broker.province_is_away,
            _ => {
                let ms = self.dice.below(15_000);
                self.wait(ms);
            }
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now = self.now.plus(Duration::from_millis(ms));
        self.centre.tick(&mut self.broker, self.now);
    }

    /// From here on nothing goes wrong.
    fn make_peace(&mut self) {
        (self.province.is_full, self.province.is_in_trouble, self.broker.province_is_away) =
            (false, false, false);
        for _ in 0..PEACE {
            self.centre.connect(&mut self.broker, self.now);
            let is_quiet = !self.broker.carry_up_in_order(&mut self.province)
                & !self.province.take_in_all()
                & !self.province.read_back()
                & !self.province.answer(&mut self.broker)
                & !self.broker.acknowledge_in_order(&mut self.centre, self.now)
                & !self.broker.carry_down_in_order(&mut self.centre, self.now)
                & !self.centre.commit(&self.province);
            if self.centre.waiting() == 0 {
                return;
            }
            if is_quiet {
                let due = self.centre.next_wakeup().expect("something waits, and nothing will happen");
                self.now.mono = due.max(self.now.mono.plus(Duration::from_millis(1)));
                self.centre.tick(&mut self.broker, self.now);
            }
        }
        panic!("peace does not come: {} wait", self.centre.waiting());
    }

    /// What must be so at the end.
    fn judge(&self) {
        for row in self.centre.rows() {
            let at_province = self.province.digest_of(row.item.id);
            match row.given_up_by {
                Some(event) => {
                    assert!(row.is_file(), "an event was given up");
                    assert!(self.province.has_event(event), "what was given up is not said at the province");
                }
                None => assert_eq!(
                    at_province,
                    Some(row.item.wire_digest()),
                    "{:?} is not stored as it was",
                    row.item
                ),
            }
        }
        // Each is stored once: what the province has, it has of a row, and under its own id.
        assert_eq!(self.province.stored_ids(), self.centre.ids_among(&self.province.stored_ids()));
        assert_eq!(self.province.missing_numbers(), 0, "a gap in the sequence");
        assert_eq!(self.centre.quarantined(), 0, "something good was refused");
    }
}

#[test]
fn whatever_breaks_everything_flagged_is_stored_once_or_given_up_and_said() {
    let lives = std::env::var("QUAYWATCH_WORLDS").ok().and_then(|lives| lives.parse().ok()).unwrap_or(LIVES);
    let mut given_up = 0;
    for seed in 0..lives {
        let lived = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            world.live();
            world.judge();
            world.centre.rows().filter(|row| row.given_up_by.is_some()).count()
        });
        match lived {
            Ok(files) => given_up += files,
            Err(why) => {
                let told = why.downcast_ref::<String>().cloned();
                panic!("world {seed}: {}", told.unwrap_or_else(|| "see above".to_owned()));
            }
        }
    }
    assert!(given_up > 0 || lives < 20, "no world was short of room: the bounds were not tried");
}
