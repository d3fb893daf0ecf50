//! The way between the ends: what a broker and its links can do to a message.

use std::collections::VecDeque;

use super::centre::Centre;
use super::dice::Dice;
use super::province::Province;
use crate::forward::dispatch::Token;
use crate::model::{EventId, FileId, Now};
use crate::wire::{FileInit, Receipt};

/// What a centre publishes.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Event(EventId, Vec<u8>),
    Init(FileId, FileInit),
    Chunk { file: FileId, offset: u64, bytes: Vec<u8> },
    Fin { file: FileId, size: u64, sha256: String },
}

#[derive(Default)]
pub(super) struct Broker {
    /// What the broker holds for the province.
    up: VecDeque<Message>,
    /// What the broker has and the centre was not told so.
    unacked: VecDeque<Token>,
    down: VecDeque<Receipt>,
    pub(super) connected: bool,
    /// Its subscriber is not there and no session is kept: what comes is taken and lost.
    pub(super) province_is_away: bool,
}

impl Broker {
    pub(super) fn publish(&mut self, token: Token, message: Message) {
        self.unacked.push_back(token);
        if !self.province_is_away {
            self.up.push_back(message);
        }
    }

    /// The centre's connection is gone: what is on the way to it, and its acknowledgements, are lost.
    pub(super) fn disconnect(&mut self) {
        self.connected = false;
        self.unacked.clear();
        self.down.clear();
    }

    /// It was killed: whatever it held is lost, also what it had acknowledged.
    pub(super) fn forget(&mut self) {
        self.up.clear();
        self.down.clear();
    }

    pub(super) fn receipts(&mut self, receipts: Vec<Receipt>) {
        // A centre that is away has no session here: it asks again.
        if self.connected {
            self.down.extend(receipts);
        }
    }

    pub(super) fn carry_up(&mut self, dice: &mut Dice, province: &mut Province) {
        let Some(n) = dice.index(self.up.len()) else { return };
        // Mostly in order; a session that was resumed sends some again.
        let n = if dice.one_in(4) { n } else { 0 };
        let message = match dice.below(20) {
            0 => return drop(self.up.remove(n)),
            1 | 2 => self.up.get(n).cloned(),
            _ => self.up.remove(n),
        };
        province.inbox.extend(message);
    }

    pub(super) fn carry_up_in_order(&mut self, province: &mut Province) -> bool {
        let some = !self.up.is_empty();
        province.inbox.extend(self.up.drain(..));
        some
    }

    pub(super) fn acknowledge(&mut self, dice: &mut Dice, centre: &mut Centre, now: Now) {
        let Some(n) = dice.index(self.unacked.len()) else { return };
        let n = if dice.one_in(4) { n } else { 0 };
        let Some(token) = self.unacked.remove(n) else { return };
        let is_taken = !dice.one_in(15);
        centre.acknowledged(self, token, is_taken, now);
    }

    pub(super) fn acknowledge_in_order(&mut self, centre: &mut Centre, now: Now) -> bool {
        let mut some = false;
        while let Some(token) = self.unacked.pop_front() {
            some = true;
            centre.acknowledged(self, token, true, now);
        }
        some
    }

    pub(super) fn carry_down(&mut self, dice: &mut Dice, centre: &mut Centre, now: Now) {
        let Some(n) = dice.index(self.down.len()) else { return };
        let receipt = match dice.below(20) {
            0 => return drop(self.down.remove(n)),
            1 | 2 => self.down.get(n).cloned(),
            _ => self.down.remove(n),
        };
        if let Some(receipt) = receipt {
            centre.receipt(self, receipt, now);
        }
    }

    pub(super) fn carry_down_in_order(&mut self, centre: &mut Centre, now: Now) -> bool {
        let mut some = false;
        while let Some(receipt) = self.down.pop_front() {
            some = true;
            centre.receipt(self, receipt, now);
        }
        some
    }
}
