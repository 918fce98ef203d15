//! The one table of the events, and what follows from it: [`Event`], [`EventSet`].
//!
//! ```text
//! bit   0 ........ 10   11 ........ 15   16 .. 17      18
//!       Local           Other            Ancillary     BRANCH, an alias
//!       at a site,      no site,         go where      of BRANCH_LEFT and BRANCH_RIGHT,
//!       DISABLE works   global only      CALL goes     never stored
//! ```
//!
//! Invariants: bit numbers are dense and in table order, so an `Event` is an index; an [`EventSet`] that came
//! through one of the checked constructors holds neither ancillary events nor the alias.

use std::fmt;

/// How an event is controlled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Happens at a site; may be set for one code object and DISABLEd at one site.
    Local,
    /// Has no fixed site: set globally only, never DISABLEd.
    Other,
    /// Delivered wherever its controlling event is monitored; never stored in a set.
    Ancillary,
}

macro_rules! shapes {
    ($($(#[doc = $doc:literal])* $Shape:ident $arity:literal;)*) => {
        /// What a callback receives.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Shape {
            $($(#[doc = $doc])* $Shape,)*
        }

        impl Shape {
            /// How many positional arguments that is.
            #[inline]
            pub const fn arity(self) -> usize {
                match self { $(Shape::$Shape => $arity,)* }
            }
        }

        /// The shapes as types: what an embedder hangs its structs of arguments on.
        pub mod shape {
            $($(#[doc = $doc])* #[derive(Clone, Copy, Debug)] pub struct $Shape;)*
        }
    };
}

shapes! {
    /// `(code, offset)`
    Location 2;
    /// `(code, offset, value)`
    LocationValue 3;
    /// `(code, offset, callable, arg0)`
    Call 4;
    /// `(code, offset, exception)`
    Exception 3;
    /// `(code, line)`
    Line 2;
    /// `(code, source, destination)`
    Jump 3;
}

macro_rules! events {
    (
        $($(#[doc = $doc:literal])* $NAME:ident $Variant:ident $bit:literal $Group:ident $Controller:ident $disable:literal $Shape:ident;)*
        => $(#[doc = $alias_doc:literal])* $ALIAS:ident $Alias:ident $alias_bit:literal ($($Part:ident)*) $AliasShape:ident;
    ) => {
        /// One monitoring event. `BRANCH` is not among them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Event {
            $($(#[doc = $doc])* $Variant = $bit,)*
        }

        impl Event {
            /// All events, by bit number.
            pub const ALL: &'static [Event] = &[$(Event::$Variant),*];

            /// The name in `sys.monitoring.events`.
            pub const fn name(self) -> &'static str {
                match self { $(Event::$Variant => stringify!($NAME),)* }
            }

            /// How the event is controlled.
            #[inline]
            pub const fn group(self) -> Group {
                match self { $(Event::$Variant => Group::$Group,)* }
            }

            /// The event that must be monitored for this one to be delivered; mostly itself.
            #[inline]
            pub const fn controlling(self) -> Event {
                match self { $(Event::$Variant => Event::$Controller,)* }
            }

            /// Whether a callback may return DISABLE.
            pub const fn can_disable(self) -> bool {
                match self { $(Event::$Variant => $disable,)* }
            }

            /// What a callback receives.
            pub const fn shape(self) -> Shape {
                match self { $(Event::$Variant => Shape::$Shape,)* }
            }
        }

        bitflags::bitflags! {
            /// A set of events; the bits are those of `sys.monitoring.events`.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct EventSet: u32 {
                $($(#[doc = $doc])* const $NAME = 1 << $bit;)*
            }
        }

        /// The events as types, so that what a callback receives is known when it is compiled.
        pub mod typed {
            use super::{TypedEvent, shape};
            $(
                $(#[doc = $doc])*
                #[derive(Clone, Copy, Debug)]
                pub struct $Variant;
                impl TypedEvent for $Variant {
                    type Shape = shape::$Shape;
                    const BIT: u32 = $bit;
                }
            )*
            $(#[doc = $alias_doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $Alias;
            impl TypedEvent for $Alias {
                type Shape = shape::$AliasShape;
                const BIT: u32 = $alias_bit;
            }
        }

        /// Bit number of the alias for both branch events.
        const BRANCH_BIT: u32 = $alias_bit;
        /// What the alias stands for.
        const BRANCH_PARTS: EventSet = EventSet::empty()$(.union(Event::$Part.set()))*;
    };
}

events! {
//  name              variant          bit group     controller       DISABLE callback
    /// A Python function starts.
    PY_START          PyStart          0   Local     PyStart          true    Location;
    /// A Python function is resumed, not by throw().
    PY_RESUME         PyResume         1   Local     PyResume         true    Location;
    /// A Python function is about to return.
    PY_RETURN         PyReturn         2   Local     PyReturn         true    LocationValue;
    /// A Python function is about to yield.
    PY_YIELD          PyYield          3   Local     PyYield          true    LocationValue;
    /// A call is about to be made by Python code.
    CALL              Call             4   Local     Call             true    Call;
    /// An instruction of another line than the one before is about to run.
    LINE              Line             5   Local     Line             true    Line;
    /// An instruction is about to run.
    INSTRUCTION       Instruction      6   Local     Instruction      true    Location;
    /// An unconditional jump is made.
    JUMP              Jump             7   Local     Jump             true    Jump;
    /// A conditional branch goes left.
    BRANCH_LEFT       BranchLeft       8   Local     BranchLeft       true    Jump;
    /// A conditional branch goes right.
    BRANCH_RIGHT      BranchRight      9   Local     BranchRight      true    Jump;
    /// An artificial StopIteration: a generator returned into `yield from` or `await`.
    STOP_ITERATION    StopIteration    10  Local     StopIteration    true    Exception;
    /// An exception is raised, or arrives in a calling frame.
    RAISE             Raise            11  Other     Raise            false   Exception;
    /// An exception handler is entered.
    EXCEPTION_HANDLED ExceptionHandled 12  Other     ExceptionHandled false   Exception;
    /// A Python function is left by an exception.
    PY_UNWIND         PyUnwind         13  Other     PyUnwind         false   Exception;
    /// A Python function is resumed by throw().
    PY_THROW          PyThrow          14  Other     PyThrow          false   Exception;
    /// An exception is raised again.
    RERAISE           Reraise          15  Other     Reraise          false   Exception;
    /// A callable that is not a Python function has returned.
    C_RETURN          CReturn          16  Ancillary Call             false   Call;
    /// A callable that is not a Python function has raised.
    C_RAISE           CRaise           17  Ancillary Call             false   Call;
    =>
    /// Both branch events under one name.
    BRANCH            Branch           18  (BranchLeft BranchRight)           Jump;
}

/// One event of [`typed`], or the alias BRANCH.
pub trait TypedEvent: Copy {
    /// One type of [`shape`].
    type Shape;
    /// The bit number in `sys.monitoring.events`.
    const BIT: u32;

    /// What is stored for it: for the alias, both directions.
    fn events(self) -> EventSet {
        EventSet::from_bits_retain(1 << Self::BIT).stored().union(
            // `stored` leaves out the ancillary events, which have callbacks all the same.
            EventSet::from_bits_retain(1 << Self::BIT).intersection(EventSet::ANCILLARY),
        )
    }
}

impl Event {
    /// The event with this bit number.
    #[inline]
    pub const fn from_bit(bit: u32) -> Option<Event> {
        if (bit as usize) < Event::ALL.len() { Some(Event::ALL[bit as usize]) } else { None }
    }

    /// The bit number, as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The set of this event alone.
    #[inline]
    pub const fn set(self) -> EventSet {
        EventSet::from_bits_retain(1 << self as u32)
    }

    /// How many arguments a callback receives behind the code object: one to three.
    #[inline]
    pub const fn arguments(self) -> usize {
        self.shape().arity() - 1
    }

    /// This event and those it controls: for CALL also C_RETURN and C_RAISE.
    pub const fn with_ancillaries(self) -> EventSet {
        self.set().with_ancillaries()
    }

    /// JUMP or a direction of a branch: it names where it goes.
    #[inline]
    pub const fn is_jump(self) -> bool {
        matches!(self, Event::Jump | Event::BranchLeft | Event::BranchRight)
    }

    /// For a direction of a branch, the other one.
    #[inline]
    pub const fn other_direction(self) -> Option<Event> {
        match self {
            Event::BranchLeft => Some(Event::BranchRight),
            Event::BranchRight => Some(Event::BranchLeft),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const fn of_group(group: Group) -> EventSet {
    let mut set = EventSet::empty();
    let mut index = 0;
    while index < Event::ALL.len() {
        if Event::ALL[index].group() as u8 == group as u8 {
            set = set.union(Event::ALL[index].set());
        }
        index += 1;
    }
    set
}

impl EventSet {
    /// Events that happen at a site and may be set per code object.
    pub const LOCAL: EventSet = of_group(Group::Local);
    /// Events without a site.
    pub const OTHER: EventSet = of_group(Group::Other);
    /// Events that go where their controlling event goes.
    pub const ANCILLARY: EventSet = of_group(Group::Ancillary);
    /// Everything that is delivered at a site.
    pub const SITED: EventSet = EventSet::LOCAL.union(EventSet::ANCILLARY);

    /// The members, by bit number.
    #[inline]
    pub fn events(self) -> impl Iterator<Item = Event> {
        let mut bits = self.bits();
        std::iter::from_fn(move || {
            let event = Event::from_bit(bits.trailing_zeros())?;
            bits &= bits - 1;
            Some(event)
        })
    }

    /// The set with the events that its members control.
    pub const fn with_ancillaries(self) -> EventSet {
        if self.contains(EventSet::CALL) { self.union(EventSet::ANCILLARY) } else { self }
    }

    /// The events that control the members.
    pub fn controlling(self) -> EventSet {
        self.events().fold(EventSet::empty(), |set, e| set | e.controlling().set())
    }

    /// How many bits the constants use, the alias BRANCH included.
    pub const BITS: u32 = BRANCH_BIT + 1;

    /// What is stored for this set: without the ancillary events, and with BRANCH expanded.
    pub const fn stored(self) -> EventSet {
        let set = self.difference(EventSet::ANCILLARY);
        if set.bits() & (1 << BRANCH_BIT) == 0 {
            return set;
        }
        EventSet::from_bits_retain(set.bits() & !(1 << BRANCH_BIT)).union(BRANCH_PARTS)
    }
}

/// As in `LINE|CALL`; `NO_EVENTS` if empty.
impl fmt::Display for EventSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("NO_EVENTS");
        }
        for (position, event) in self.events().enumerate() {
            if position > 0 {
                f.write_str("|")?;
            }
            f.write_str(event.name())?;
        }
        Ok(())
    }
}

impl From<Event> for EventSet {
    fn from(event: Event) -> EventSet {
        event.set()
    }
}
