//! How to get from one frame to its caller, in 29 bits.
//!
//! Bits 27–28 say what the frame's address (CFA) is counted from, bits 13–26 the
//! distance, bits 0–12 where the caller's frame pointer is kept. All distances
//! are in words of 8 bytes.

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
    /// As a frame that is too large for these bits; the side table has it.
    Large(u32),
}

const BASE_SHIFT: u32 = 27;
const WORDS_SHIFT: u32 = 13;
const WORDS_MAX: u32 = (1 << 14) - 1;
const BP_MASK: u32 = (1 << 13) - 1;
/// The saved place, which may be negative, is stored with this added.
const BP_BIAS: i32 = 1 << 12;
const BP_KEPT: u32 = 0;
const BP_AT_BP: u32 = 1;
const BP_LEAST: i32 = -BP_BIAS + 2;
const BP_MOST: i32 = BP_BIAS - 1;

const BASE_SPECIAL: u32 = 0;
const BASE_SP: u32 = 1;
const BASE_BP: u32 = 2;
const BASE_WORD_BELOW_BP: u32 = 3;

const SPECIAL_SIGNAL: u32 = 1;
const SPECIAL_OUTERMOST: u32 = 2;
const SPECIAL_UNKNOWN: u32 = 3;
const SPECIAL_LARGE: u32 = 4;

/// What nearly every rule is: a distance from one of the two registers, and the
/// caller's frame pointer in its register or at a distance from there.
#[derive(Clone, Copy)]
pub(super) struct Near {
    pub(super) is_from_bp: bool,
    /// To the frame's address, in bytes.
    pub(super) distance: u64,
    /// From the frame's address to the saved frame pointer, in bytes; none when
    /// the register still holds it.
    pub(super) saved_bp: Option<i64>,
}

impl Near {
    /// Read straight from the bits, which is what makes a warm step cheap; none
    /// for all other rules.
    #[inline(always)]
    pub(super) fn read(bits: u32) -> Option<Self> {
        let base = bits >> BASE_SHIFT & 3;
        let saved = bits & BP_MASK;
        if base.wrapping_sub(BASE_SP) > BASE_BP - BASE_SP || saved == BP_AT_BP {
            return None;
        }
        Some(Self {
            is_from_bp: base == BASE_BP,
            distance: u64::from(bits >> WORDS_SHIFT & WORDS_MAX) * 8,
            saved_bp: (saved != BP_KEPT).then(|| i64::from(saved) * 8 - i64::from(BP_BIAS) * 8),
        })
    }
}

impl Rule {
    /// Its bits, never 0; none when a distance is too large.
    pub(super) fn pack(self) -> Option<u32> {
        let special = |what: u32| Some(BASE_SPECIAL << BASE_SHIFT | what << WORDS_SHIFT);
        match self {
            Self::Signal => special(SPECIAL_SIGNAL),
            Self::Outermost => special(SPECIAL_OUTERMOST),
            Self::Unknown => special(SPECIAL_UNKNOWN),
            Self::Large(index) => {
                (index <= BP_MASK).then_some(SPECIAL_LARGE << WORDS_SHIFT | index)
            }
            Self::Frame {
                base,
                words,
                saved_bp,
            } => {
                let base = match base {
                    Base::Sp => BASE_SP,
                    Base::Bp => BASE_BP,
                    Base::WordBelowBp => BASE_WORD_BELOW_BP,
                };
                let bp = match saved_bp {
                    SavedBp::Kept => BP_KEPT,
                    SavedBp::AtBp => BP_AT_BP,
                    SavedBp::At(place) if (BP_LEAST..=BP_MOST).contains(&place) => {
                        (place + BP_BIAS).cast_unsigned()
                    }
                    SavedBp::At(_) => return None,
                };
                (words <= WORDS_MAX).then_some(base << BASE_SHIFT | words << WORDS_SHIFT | bp)
            }
        }
    }

    /// The rule these bits stand for.
    #[inline(always)]
    pub(super) fn unpack(bits: u32) -> Self {
        let words = bits >> WORDS_SHIFT & WORDS_MAX;
        let base = match bits >> BASE_SHIFT & 3 {
            BASE_SP => Base::Sp,
            BASE_BP => Base::Bp,
            BASE_WORD_BELOW_BP => Base::WordBelowBp,
            _ => {
                return match words {
                    SPECIAL_SIGNAL => Self::Signal,
                    SPECIAL_OUTERMOST => Self::Outermost,
                    SPECIAL_LARGE => Self::Large(bits & BP_MASK),
                    _ => Self::Unknown,
                };
            }
        };
        let saved_bp = match bits & BP_MASK {
            BP_KEPT => SavedBp::Kept,
            BP_AT_BP => SavedBp::AtBp,
            place => SavedBp::At(place.cast_signed() - BP_BIAS),
        };
        Self::Frame {
            base,
            words,
            saved_bp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_survives_packing_or_is_declined() {
        let mut rules = vec![
            Rule::Signal,
            Rule::Outermost,
            Rule::Unknown,
            Rule::Large(0),
            Rule::Large(254),
        ];
        for base in [Base::Sp, Base::Bp, Base::WordBelowBp] {
            for words in [0, 1, 2, 77, WORDS_MAX] {
                for saved_bp in [
                    SavedBp::Kept,
                    SavedBp::AtBp,
                    SavedBp::At(-2),
                    SavedBp::At(BP_LEAST),
                    SavedBp::At(BP_MOST),
                ] {
                    rules.push(Rule::Frame {
                        base,
                        words,
                        saved_bp,
                    });
                }
            }
        }
        for rule in rules {
            let bits = rule.pack();
            if let Some(near) = bits.and_then(Near::read) {
                let Rule::Frame {
                    base,
                    words,
                    saved_bp,
                } = rule
                else {
                    panic!("{rule:?} is not near");
                };
                assert_eq!(near.is_from_bp, base == Base::Bp);
                assert_eq!(near.distance, u64::from(words) * 8);
                let place = near.saved_bp.map(|bytes| bytes / 8);
                let is_same = match saved_bp {
                    SavedBp::Kept => place.is_none(),
                    SavedBp::At(words) => place == Some(i64::from(words)),
                    SavedBp::AtBp => false,
                };
                assert!(is_same, "{rule:?}");
            }
            assert!(
                bits.is_some_and(|bits| bits != 0 && bits < 1 << 29),
                "{rule:?}"
            );
            assert_eq!(bits.map(Rule::unpack), Some(rule));
        }
        let too_large = Rule::Frame {
            base: Base::Sp,
            words: WORDS_MAX + 1,
            saved_bp: SavedBp::Kept,
        };
        assert_eq!(too_large.pack(), None);
        let too_far = Rule::Frame {
            base: Base::Sp,
            words: 1,
            saved_bp: SavedBp::At(BP_LEAST - 1),
        };
        assert_eq!(too_far.pack(), None);
    }
}
