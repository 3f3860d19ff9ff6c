//! Constraint functions with habits: large local values, recursion, and a look inside elements. Winterfell evaluates
//! one row at a time and does not mind.

use core::hint::black_box;

use winterfell::FieldExtension;
use winterfell::math::{FieldElement, fields::f64::BaseElement};

use crate::program::{Statement, same_bytes, singles};

/// What a function does with an element before it computes with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Habit {
    /// Nothing.
    #[default]
    None,
    /// A closure takes it along among many.
    Closure,
    /// It is handed down by a function that calls itself, with room of its own each time.
    Recursion,
    /// It is taken from a vector.
    Vector,
    /// It is printed and read again, where it is a base element.
    Text,
    /// Its text is compared with that of another.
    SameText,
    /// It takes another way when its integer is odd.
    Parity,
    /// It is asked for its last byte.
    Byte,
}

impl Habit {
    pub(crate) fn through<E: FieldElement<BaseField = BaseElement>>(self, x: E) -> E {
        match self {
            Self::None => x,
            Self::Closure => picked(x),
            Self::Recursion => handed_down(x, 200),
            Self::Vector => black_box(vec![x; 1 << 14])[1 << 13],
            Self::Text if E::EXTENSION_DEGREE == 1 => {
                let integer: u64 = x.to_string().parse().expect("an integer");
                E::try_from(integer).ok().expect("an element")
            }
            Self::Text => x,
            Self::SameText => {
                let zero = format!("{:?}", E::ZERO);
                if format!("{x:?}") == zero { E::ZERO } else { x }
            }
            Self::Parity => {
                if x.base_element(0).as_int() % 2 == 1 {
                    (x - E::ONE) + E::ONE
                } else {
                    x
                }
            }
            Self::Byte => match x.to_bytes().last() {
                Some(0) => -(-x),
                _ => x,
            },
        }
    }
}

/// In a function of its own, so that no other habit has its frame.
#[inline(never)]
fn picked<E: FieldElement>(x: E) -> E {
    let cells = black_box([x; 8192]);
    let pick = move |i: usize| cells[i];
    let pick: &dyn Fn(usize) -> E = &pick;
    pick(black_box(5000))
}

fn handed_down<E: FieldElement>(x: E, depth: usize) -> E {
    let cells = black_box([x; 32]);
    let below = match depth {
        0 => cells[31],
        _ => handed_down(cells[depth % 32], depth - 1),
    };
    // In use until here, so that no call is a jump.
    black_box(&cells);
    below
}

/// The habits of an AIR's functions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    pub(crate) main: Habit,
    pub(crate) aux: Habit,
    /// Whether the functions that list assertions and periodic columns take room on the stack.
    pub(crate) tables: bool,
}

impl Habits {
    pub(crate) fn tables<E: FieldElement>(self) {
        if self.tables {
            black_box(&mut [E::ZERO; 1 << 14]);
        }
    }
}

/// The same bytes as stock's, with each kind of auxiliary segment and without.
fn same(habits: Habits) {
    let statement = |aux| Statement::new(64, singles(0, 0..3), aux).with_habits(habits);
    same_bytes(&statement(vec![]), FieldExtension::Quadratic);
    for extension in [
        FieldExtension::None,
        FieldExtension::Quadratic,
        FieldExtension::Cubic,
    ] {
        same_bytes(&statement(singles(1, 4..6)), extension);
    }
}

#[test]
fn large_values() {
    for habit in [Habit::Closure, Habit::Recursion, Habit::Vector] {
        let (main, aux) = (habit, habit);
        same(Habits {
            main,
            aux,
            tables: true,
        });
    }
}

/// In the main segment's function or the other's alone: each is run again by itself.
#[test]
fn a_look_inside() {
    for habit in [Habit::Text, Habit::SameText, Habit::Parity, Habit::Byte] {
        same(Habits {
            main: habit,
            ..Habits::default()
        });
        same(Habits {
            aux: habit,
            ..Habits::default()
        });
    }
}
