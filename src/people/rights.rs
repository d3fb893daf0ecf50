//! What there is to be allowed, and which role allows what. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// To see what the cameras show now.
    Live,
    /// To see recordings, incidents and their evidence.
    View,
    /// To work on incidents, and to flag a moment.
    Handle,
    /// To take footage away.
    Export,
    /// To hold footage against deletion, and to let it go again.
    Hold,
    /// To delete packages that were made of footage.
    Delete,
    /// To see how cameras, disk and link are.
    Health,
    /// To see which rule is wrong how often, and to try another threshold.
    Rules,
    /// To add people and to change what they may do.
    People,
    /// To read the audit log.
    Audit,
}

impl Right {
    /// Every right.
    pub const ALL: [Right; 10] = [
        Right::Live,
        Right::View,
        Right::Handle,
        Right::Export,
        Right::Hold,
        Right::Delete,
        Right::Health,
        Right::Rules,
        Right::People,
        Right::Audit,
    ];

    /// The word used in storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Live => "live",
            Right::View => "view",
            Right::Handle => "handle",
            Right::Export => "export",
            Right::Hold => "hold",
            Right::Delete => "delete",
            Right::Health => "health",
            Right::Rules => "rules",
            Right::People => "people",
            Right::Audit => "audit",
        }
    }
}

/// What somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks, and nothing more.
    Viewer,
    /// Works at the centre and deals with incidents.
    Staff,
    /// Answers for the centre: also exports, holds and reads the log.
    Supervisor,
    /// Sets up cameras; sees them live, and nothing that was recorded.
    Technician,
    /// Everything, also who may do what.
    Admin,
    /// Watches centres from the province.
    Monitor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] =
        [Role::Viewer, Role::Staff, Role::Supervisor, Role::Technician, Role::Admin, Role::Monitor];

    /// The word used in storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Staff => "staff",
            Role::Supervisor => "supervisor",
            Role::Technician => "technician",
            Role::Admin => "admin",
            Role::Monitor => "monitor",
        }
    }

    /// The reverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What the role allows, unless somebody is given other rights.
    pub fn rights(self) -> &'static [Right] {
        match self {
            Role::Viewer => &[Right::Live, Right::View],
            Role::Staff => &[Right::Live, Right::View, Right::Handle, Right::Health],
            Role::Supervisor => &[
                Right::Live,
                Right::View,
                Right::Handle,
                Right::Export,
                Right::Hold,
                Right::Delete,
                Right::Health,
                Right::Rules,
                Right::Audit,
            ],
            Role::Technician => &[Right::Live, Right::Health, Right::Rules],
            Role::Admin => &Right::ALL,
            Role::Monitor => &[Right::Live, Right::View, Right::Handle, Right::Health],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_messages() {
        for right in Right::ALL {
            assert_eq!(serde_json::to_string(&right).unwrap(), format!("\"{}\"", right.as_str()));
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.as_str()));
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn only_an_admin_says_who_may_do_what_and_a_technician_sees_nothing_recorded() {
        for role in Role::ALL {
            assert_eq!(role.rights().contains(&Right::People), role == Role::Admin, "{role:?}");
        }
        assert!(!Role::Technician.rights().contains(&Right::View));
        assert!(!Role::Viewer.rights().contains(&Right::Export));
    }
}
