//! What protocols do each in their own way: how a device introduces itself, and
//! which rules the suite blames where no case is about them.

use iotmp_spec::model::Spec;

/// Which protocol a specification is a revision of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A device begins by Connect.
    Iotmp,
    /// A device begins by Login.
    Nubison,
}

impl Protocol {
    /// Told by the message that a device begins with.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        match spec.message(Self::Nubison.greeting()) {
            Some(_) => Self::Nubison,
            None => Self::Iotmp,
        }
    }

    /// The message that a device begins with.
    #[must_use]
    pub const fn greeting(self) -> &'static str {
        match self {
            Self::Iotmp => "connect",
            Self::Nubison => "login",
        }
    }

    /// The clause that is broken where a device begins with anything but [`greeting`](Self::greeting).
    #[must_use]
    pub const fn greets_first(self) -> &'static str {
        match self {
            Self::Iotmp => "IOTMP25-CONNECT-001",
            Self::Nubison => "NUB-LOGIN-002",
        }
    }

    /// The clause that is broken where that lacks something that it has to have.
    #[must_use]
    pub const fn greets_in_full(self) -> &'static str {
        match self {
            Self::Iotmp => "IOTMP25-CONNECT-003",
            Self::Nubison => "NUB-LOGIN-001",
        }
    }

    /// The clause that is broken where a subject does not live on after a case.
    #[must_use]
    pub const fn lives_on(self) -> &'static str {
        match self {
            Self::Iotmp => "IOTMP25-ROBUST-001",
            Self::Nubison => "NUB-ROBUST-001",
        }
    }

    /// The clause that is broken by a decoder that crashes or hangs.
    #[must_use]
    pub const fn decodes_unharmed(self) -> &'static str {
        match self {
            Self::Iotmp => "IOTMP25-ROBUST-002",
            Self::Nubison => "NUB-ROBUST-002",
        }
    }
}
