//! Values that a source gives under a key of their own, in rows, so that a table of keys says where a value
//! goes.

use super::config::Str;

/// Yes or no. None of them is 0, so that nothing said is zeros only, which take less room in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    /// No.
    No = 1,
    /// Yes.
    Yes = 2,
}

impl From<bool> for Flag {
    fn from(is_yes: bool) -> Flag {
        match is_yes {
            true => Flag::Yes,
            false => Flag::No,
        }
    }
}

/// A number that was said, plus one; 0: none was. The largest number of all cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(u32);

impl Number {
    /// None.
    pub const NONE: Number = Number(0);

    /// What was said.
    pub fn get(self) -> Option<u32> {
        self.0.checked_sub(1)
    }
}

impl From<Option<u32>> for Number {
    fn from(said: Option<u32>) -> Number {
        Number(said.map_or(0, |number| number.wrapping_add(1)))
    }
}

/// What was said; `None`: nothing, and the default holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Values {
    /// Yes or no.
    pub flags: [Option<Flag>; 8],
    /// Texts.
    pub texts: [Option<Str>; 3],
    /// Numbers.
    pub numbers: [Number; 4],
}

impl Values {
    /// Nothing.
    pub const NOTHING: Values = Values {
        flags: [None; 8],
        numbers: [Number::NONE; 4],
        texts: [None; 3],
    };
}

/// The names of the values in one row of the `said` of `$owner`, and what they are said by.
macro_rules! row {
    ($(#[$about:meta])* $visible:vis $name:ident in $rows:ident: $value:ty, by $said:ty, $owner:ty;
     with $get:expr, $put:expr; $($(#[$doc:meta])* $variant:ident,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $name {
            $($(#[$doc])* $variant,)*
        }

        // Each has its place in the row.
        const _: () = assert!([$($name::$variant),*].len() <= $crate::model::said::Values::NOTHING.$rows.len());

        impl $name {
            /// What was said of it.
            $visible fn of(self, owner: &$owner) -> Option<$value> {
                $get(*owner.said.$rows.get(self as usize)?)
            }

            /// Says it.
            $visible fn set(self, owner: &mut $owner, value: Option<$said>) {
                if let Some(row) = owner.said.$rows.get_mut(self as usize) {
                    *row = $put(value);
                }
            }
        }
    };
}
pub(crate) use row;

/// [`row`] of numbers or texts.
macro_rules! rows {
    ($(#[$about:meta])* $visible:vis $name:ident in numbers: $owner:ty; $($more:tt)*) => {
        $crate::model::said::row! {
            $(#[$about])*
            $visible $name in numbers: u32, by u32, $owner;
            with $crate::model::said::Number::get, Into::into; $($more)*
        }
    };
    ($(#[$about:meta])* $visible:vis $name:ident in texts: $owner:ty; $($more:tt)*) => {
        $crate::model::said::row! {
            $(#[$about])*
            $visible $name in texts: $crate::model::config::Str, by $crate::model::config::Str, $owner;
            with core::convert::identity, core::convert::identity; $($more)*
        }
    };
}
pub(crate) use rows;

/// [`row`] of yes and no.
macro_rules! flags {
    ($(#[$about:meta])* $visible:vis $name:ident of $owner:ty; $($more:tt)*) => {
        $crate::model::said::row! {
            $(#[$about])*
            $visible $name in flags: $crate::model::said::Flag, by bool, $owner;
            with core::convert::identity, |flag: Option<bool>| flag.map(Into::into); $($more)*
        }

        impl $name {
            /// Whether yes was said.
            $visible fn is_yes(self, owner: &$owner) -> bool {
                self.of(owner) == Some($crate::model::said::Flag::Yes)
            }

            /// Whether no was said.
            $visible fn is_no(self, owner: &$owner) -> bool {
                self.of(owner) == Some($crate::model::said::Flag::No)
            }
        }
    };
}
pub(crate) use flags;
