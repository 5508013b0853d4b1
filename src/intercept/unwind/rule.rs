//! How to get from one frame to its caller, in 29 bits.
//!
//! Bit 28 marks the rules that nearly all code has, which a walk reads straight
//! from the bits ([`Near`]): bit 27 says which register the frame's address (CFA)
//! is counted from, bits 13–26 the distance, bits 0–12 how far below that address
//! the caller's frame pointer is kept. All distances are in words of 8 bytes. All
//! other rules have a number in bits 13–26, and perhaps a place in a side table.

/// What a frame's address is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The stack pointer.
    Sp,
    /// The frame pointer.
    Bp,
    /// The word at frame pointer minus the distance: code that realigned its stack.
    WordBelowBp,
}

/// Where the caller's frame pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SavedBp {
    /// Still in the register.
    Kept,
    /// At this many words from the frame's address.
    At(i32),
    /// In the word the frame pointer points at.
    AtBp,
}

/// How to leave a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// To the caller, whose return address lies just below the frame's address.
    Frame {
        base: Base,
        words: u32,
        saved_bp: SavedBp,
    },
    /// To what a signal interrupted; its registers lie at the stack pointer.
    Signal,
    /// Not at all: it is the outermost.
    Outermost,
    /// Nobody knows: the code has no unwind table.
    Unknown,
    /// As a frame that these bits cannot say; the side table has it.
    Large(u32),
}

/// Marks a near rule.
pub(super) const NEAR: u32 = 1 << 28;
const FROM_BP: u32 = 1 << 27;
const WORDS_SHIFT: u32 = 13;
const WORDS_MAX: u32 = (1 << 14) - 1;
const SAVED_MASK: u32 = (1 << 13) - 1;
/// The first word below the frame's address is the return address.
const SAVED_LEAST: u32 = 2;

const SIGNAL: u32 = 1;
const OUTERMOST: u32 = 2;
const UNKNOWN: u32 = 3;
const LARGE: u32 = 4;

/// What nearly every rule is: a distance from one of the two registers, and the
/// caller's frame pointer in its register or within that distance. So both words
/// that a step reads lie between the register and the frame's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Near(u32);

impl Near {
    /// From a rule's bits without their mark.
    #[inline(always)]
    pub(super) fn new(bits: u32) -> Self {
        Self(bits)
    }

    #[inline(always)]
    pub(super) fn is_from_bp(self) -> bool {
        self.0 & FROM_BP != 0
    }

    /// To the frame's address, in bytes; at least 8.
    #[inline(always)]
    pub(super) fn distance(self) -> u64 {
        u64::from(self.0 >> (WORDS_SHIFT - 3)) & u64::from(WORDS_MAX << 3)
    }

    /// From the frame's address down to the saved frame pointer, in bytes, at most
    /// the distance; 0 when the register still holds it.
    #[inline(always)]
    pub(super) fn saved_bp(self) -> u64 {
        u64::from(self.0 & SAVED_MASK) * 8
    }

    fn pack(base: Base, words: u32, saved_bp: SavedBp) -> Option<u32> {
        let base = match base {
            Base::Sp => 0,
            Base::Bp => FROM_BP,
            Base::WordBelowBp => return None,
        };
        let saved = match saved_bp {
            SavedBp::Kept => 0,
            SavedBp::At(place) => u32::try_from(place.checked_neg()?)
                .ok()
                .filter(|saved| (SAVED_LEAST..=words.min(SAVED_MASK)).contains(saved))?,
            SavedBp::AtBp => return None,
        };
        (1..=WORDS_MAX)
            .contains(&words)
            .then_some(NEAR | base | words << WORDS_SHIFT | saved)
    }

    fn unpack(self) -> Rule {
        Rule::Frame {
            base: if self.is_from_bp() {
                Base::Bp
            } else {
                Base::Sp
            },
            words: self.0 >> WORDS_SHIFT & WORDS_MAX,
            saved_bp: match self.0 & SAVED_MASK {
                0 => SavedBp::Kept,
                saved => SavedBp::At(-saved.cast_signed()),
            },
        }
    }
}

impl Rule {
    /// Its bits, never 0; none for a frame that needs a place in the side table.
    pub(super) fn pack(self) -> Option<u32> {
        match self {
            Self::Signal => Some(SIGNAL << WORDS_SHIFT),
            Self::Outermost => Some(OUTERMOST << WORDS_SHIFT),
            Self::Unknown => Some(UNKNOWN << WORDS_SHIFT),
            Self::Large(index) => (index <= SAVED_MASK).then_some(LARGE << WORDS_SHIFT | index),
            Self::Frame {
                base,
                words,
                saved_bp,
            } => Near::pack(base, words, saved_bp),
        }
    }

    /// The rule these bits stand for.
    pub(super) fn unpack(bits: u32) -> Self {
        if bits & NEAR != 0 {
            return Near(bits).unpack();
        }
        match bits >> WORDS_SHIFT {
            SIGNAL => Self::Signal,
            OUTERMOST => Self::Outermost,
            LARGE => Self::Large(bits & SAVED_MASK),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_survives_packing_or_is_declined() {
        let rules = [
            Rule::Signal,
            Rule::Outermost,
            Rule::Unknown,
            Rule::Large(0),
            Rule::Large(254),
        ];
        for rule in rules {
            let bits = rule.pack();
            assert!(
                bits.is_some_and(|bits| bits != 0 && bits < NEAR),
                "{rule:?}"
            );
            assert_eq!(bits.map(Rule::unpack), Some(rule));
        }
    }

    #[test]
    fn a_near_rule_says_what_the_frame_is() {
        for base in [Base::Sp, Base::Bp] {
            for (words, saved_bp, below) in [
                (1, SavedBp::Kept, 0),
                (2, SavedBp::At(-2), 2),
                (77, SavedBp::At(-77), 77),
                (WORDS_MAX, SavedBp::At(-8191), 8191),
            ] {
                let rule = Rule::Frame {
                    base,
                    words,
                    saved_bp,
                };
                let bits = rule.pack().unwrap_or(0);
                assert!((NEAR..2 * NEAR).contains(&bits), "{rule:?}");
                assert_eq!(Rule::unpack(bits), rule);
                let near = Near::new(bits - NEAR);
                assert_eq!(near.is_from_bp(), base == Base::Bp);
                assert_eq!(near.distance(), u64::from(words) * 8);
                assert_eq!(near.saved_bp(), below * 8);
            }
        }
    }

    #[test]
    fn what_would_be_read_outside_of_the_frame_is_not_near() {
        let pack = |base, words, saved_bp| {
            Rule::Frame {
                base,
                words,
                saved_bp,
            }
            .pack()
        };
        assert_eq!(pack(Base::Sp, 0, SavedBp::Kept), None);
        assert_eq!(pack(Base::Sp, WORDS_MAX + 1, SavedBp::Kept), None);
        assert_eq!(pack(Base::Bp, 2, SavedBp::At(-3)), None);
        assert_eq!(pack(Base::Bp, 2, SavedBp::At(0)), None);
        assert_eq!(pack(Base::Bp, 2, SavedBp::At(i32::MIN)), None);
        assert_eq!(pack(Base::Sp, 2, SavedBp::AtBp), None);
        assert_eq!(pack(Base::WordBelowBp, 2, SavedBp::Kept), None);
    }
}
