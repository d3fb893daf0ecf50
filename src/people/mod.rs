//! Who may sign in, what each may do, and the log of what was done: the same at a centre and at the province.
//!
//! A person has a role, which gives rights, and can be limited to some cameras (at the province: centres). Viewing,
//! exporting, holding and deleting are rights of their own. Who is signed in is known by a random token in a cookie;
//! the server keeps its digest, in memory: after a restart everyone signs in again.
//!
//! **Invariant:** what is to be on the audit log is there before it is done or given; what cannot be written there is
//! refused. The log is only added to, and each entry has the digest of the one before it.

mod audit;

mod attempts;

mod password;

mod person;

mod register;

mod rights;

mod sessions;

pub use attempts::Attempts;
pub use audit::{Act, AuditEntry, AuditFilter, AuditLog, Chain, check_chain, check_lines};
pub use password::{Secrets, Unfit, fit, one_time};
pub use person::{Change, Person, PersonName, full_name, places};
pub use register::{NotAdded, Register};
pub use rights::{Right, Role};
pub use sessions::{Session, Sessions, Token};
