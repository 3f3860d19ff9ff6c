//! Groups of transition constraints: each is declared once, beside the function that computes it.
//!
//! A [`ConstraintGroup`] says what a function's constraints are called, how many they are, which degree they
//! have, what they say and what they enforce. An AIR lists its groups once, in the order of their constraints,
//! by `constraint_groups!`. The list makes everything else: the calls of the functions, the number of
//! constraints, the degrees that winterfell is told, and the table of the AIR's document, which a test compares.

use alloc::{format, string::String, vec, vec::Vec};
use core::ops::Range;

use winter_air::TransitionConstraintDegree;

/// Total degree that no constraint exceeds, so that a blowup factor of 2 proves a batch.
const MAX_DEGREE: usize = 3;

/// A group of constraints: what one function computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConstraintGroup {
    /// The group's name, by which documents and tests know it.
    pub name: &'static str,
    /// Number of constraints.
    pub len: usize,
    /// Degree in the trace columns.
    pub degree: usize,
    /// Whether constraints are also multiplied by a periodic column, and count one degree more for it.
    pub periodic: bool,
    /// What must be zero, in the notation of the AIR's document.
    pub constraint: &'static str,
    /// The rules that need it, or the reason for it.
    pub enforces: &'static str,
}

impl ConstraintGroup {
    /// A group of `len` constraints of degree `degree` in the trace columns alone.
    pub(crate) const fn new(name: &'static str, len: usize, degree: usize) -> Self {
        assert!(degree <= MAX_DEGREE, "the total degree is 3 at most");
        Self {
            name,
            len,
            degree,
            periodic: false,
            constraint: "",
            enforces: "",
        }
    }

    /// Also multiplied by a periodic column.
    pub(crate) const fn periodic(mut self) -> Self {
        assert!(self.degree < MAX_DEGREE, "the total degree is 3 at most");
        self.periodic = true;
        self
    }

    /// What the document says of the group.
    pub(crate) const fn says(mut self, constraint: &'static str, enforces: &'static str) -> Self {
        self.constraint = constraint;
        self.enforces = enforces;
        self
    }
}

/// All groups of an AIR, in the order of their constraints.
#[derive(Clone, Copy, Debug)]
pub struct ConstraintGroups(&'static [ConstraintGroup]);

impl ConstraintGroups {
    pub(crate) const fn new(groups: &'static [ConstraintGroup]) -> Self {
        Self(groups)
    }

    /// The groups, in the order of their constraints.
    pub fn iter(&self) -> impl Iterator<Item = &'static ConstraintGroup> + use<> {
        self.0.iter()
    }

    /// These groups and then those of `more`, which are `N` together.
    pub(crate) const fn followed_by<const N: usize>(&self, more: &Self) -> [ConstraintGroup; N] {
        assert!(self.0.len() + more.0.len() == N, "all groups of both");
        let mut all = [ConstraintGroup::new("", 0, 0); N];
        let mut i = 0;
        while i < N {
            all[i] = if i < self.0.len() {
                self.0[i]
            } else {
                more.0[i - self.0.len()]
            };
            i += 1;
        }
        all
    }

    /// Number of groups.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Number of constraints of all groups.
    #[must_use]
    pub const fn num_constraints(&self) -> usize {
        let (mut total, mut i) = (0, 0);
        while i < self.0.len() {
            total += self.0[i].len;
            i += 1;
        }
        total
    }

    /// The name of the group that a constraint is in, and its place in the group, by its number among all;
    /// `("none", _)` above the last.
    #[must_use]
    pub fn name_of(&self, constraint: usize) -> (&'static str, usize) {
        let mut index = constraint;
        for group in self.0 {
            if index < group.len {
                return (group.name, index);
            }
            index -= group.len;
        }
        ("none", index)
    }

    /// The group of a name and the numbers of its constraints among all; `None` when no group has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(&'static ConstraintGroup, Range<usize>)> {
        let mut start = 0;
        for group in self.0 {
            let end = start + group.len;
            if group.name == name {
                return Some((group, start..end));
            }
            start = end;
        }
        None
    }

    /// The table of the AIR's document, in Markdown: a line a group.
    #[must_use]
    pub fn table(&self) -> String {
        let line = |group: &ConstraintGroup| {
            format!(
                "| `{}` | {} | {} + {} | {} | {} |\n",
                group.name,
                group.len,
                group.degree,
                u8::from(group.periodic),
                group.constraint,
                group.enforces
            )
        };
        self.0.iter().map(line).collect()
    }

    /// The degree of each constraint, without the texts: what a verifier keeps of the groups.
    pub(crate) const fn degrees<const N: usize>(&self) -> [Degree; N] {
        let mut degrees = [Degree {
            columns: 0,
            periodic: false,
        }; N];
        let (mut at, mut i) = (0, 0);
        while i < self.0.len() {
            let group = self.0[i];
            let mut of_group = 0;
            while of_group < group.len {
                degrees[at] = Degree {
                    columns: group.degree,
                    periodic: group.periodic,
                };
                at += 1;
                of_group += 1;
            }
            i += 1;
        }
        assert!(at == N, "a degree for each constraint");
        degrees
    }
}

/// The degree of one constraint.
#[derive(Clone, Copy)]
pub(crate) struct Degree {
    columns: usize,
    periodic: bool,
}

impl Degree {
    /// The degrees as winterfell takes them; periodic columns have a period of `period` rows.
    pub(crate) fn all(degrees: &[Self], period: usize) -> Vec<TransitionConstraintDegree> {
        let declared = |degree: &Self| {
            if degree.periodic {
                TransitionConstraintDegree::with_cycles(degree.columns, vec![period])
            } else {
                TransitionConstraintDegree::new(degree.columns)
            }
        };
        degrees.iter().map(declared).collect()
    }
}

/// Takes the values of an AIR's `N` constraints in order.
pub(crate) struct Sink<'a, E, const N: usize> {
    values: &'a mut [E; N],
    len: usize,
}

impl<'a, E: Copy, const N: usize> Sink<'a, E, N> {
    /// The first `len` values are already there.
    #[inline(always)]
    pub(crate) fn after(values: &'a mut [E; N], len: usize) -> Self {
        Self { values, len }
    }

    /// The values of a group of `LEN` constraints.
    #[inline(always)]
    pub(crate) fn put<const LEN: usize>(&mut self, values: [E; LEN]) {
        for &value in &values {
            if let Some(slot) = self.values.get_mut(self.len) {
                *slot = value;
            }
            self.len += 1;
        }
    }

    /// How many values were taken.
    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

/// Lists an AIR's groups, in the order of their constraints: `module { GROUP = function, ... }`.
///
/// `GROUP` is the [`ConstraintGroup`] beside `function`, which takes the module's `View` and returns as many
/// values as the group says, or does not compile. The group before all others, if there is one, is the
/// permutation's, whose values `constrain` finds already in the sink.
macro_rules! constraint_groups {
    ($($first:expr)?; $($module:ident { $($group:ident = $function:ident,)* })*) => {
        /// The groups, in the order of their constraints.
        pub const CONSTRAINT_GROUPS: $crate::groups::ConstraintGroups =
            $crate::groups::ConstraintGroups::new(&[$($first,)? $($($module::$group,)*)*]);

        /// Number of transition constraints.
        pub const NUM_CONSTRAINTS: usize = CONSTRAINT_GROUPS.num_constraints();

        /// The degree of every constraint, in order.
        const DEGREES: [$crate::groups::Degree; NUM_CONSTRAINTS] = CONSTRAINT_GROUPS.degrees();

        #[inline(always)]
        fn constrain<E: FieldElement<BaseField = BaseElement>>(
            view: &View<'_, E>,
            sink: &mut $crate::groups::Sink<'_, E, NUM_CONSTRAINTS>,
        ) {
            $($(sink.put::<{ $module::$group.len }>($module::$function(view));)*)*
        }
    };
}

pub(crate) use constraint_groups;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::constraints::CONSTRAINT_GROUPS as BATCH,
        private::constraints::{
            CONSTRAINT_GROUPS as PRIVATE, CREDENTIAL_GROUPS as CREDENTIAL, signature,
        },
    };

    const BATCH_DOCUMENT: &str = include_str!("../docs/constraints.md");
    const PRIVATE_DOCUMENT: &str = include_str!("../docs/private.md");

    /// A document has the table that the declarations make, line by line, and no other line of a group; and says
    /// how many constraints there are.
    #[track_caller]
    fn compare(groups: ConstraintGroups, document: &str, totals: &str) {
        let section = document.split("\n## Constraints\n").nth(1).unwrap_or("");
        let section = section.split("\n## ").next().unwrap_or("");
        let found: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let table = groups.table();
        let expected: Vec<&str> = table.lines().collect();
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "the document's table should be:\n{table}");
        }
        assert_eq!(
            found.len(),
            expected.len(),
            "the document's table should be:\n{table}"
        );
        let total = format!("| transition constraints | {totals}");
        assert!(
            document.contains(&total),
            "the document should say `{total}`"
        );
    }

    #[test]
    fn the_documents_tables_are_those_of_the_declarations() {
        let totals = format!("{},", BATCH.num_constraints());
        compare(BATCH, BATCH_DOCUMENT, &totals);
        // two tables, one after the other
        let (all, more) = (
            PRIVATE.num_constraints(),
            signature::CONSTRAINT_GROUPS.num_constraints(),
        );
        let totals = format!(
            "{all}, each of total degree 3 at most, selectors included; a credential has {more} besides |"
        );
        compare(CREDENTIAL, PRIVATE_DOCUMENT, &totals);
        assert_eq!(CREDENTIAL.num_constraints(), all + more);
    }

    #[test]
    fn every_group_is_found_by_its_name() {
        for groups in [BATCH, PRIVATE, CREDENTIAL] {
            let mut at = 0;
            for group in groups.iter() {
                // a second group of a name would be found at the place of the first
                assert_eq!(groups.find(group.name), Some((group, at..at + group.len)));
                assert_eq!(groups.name_of(at), (group.name, 0));
                at += group.len;
                assert_eq!(groups.name_of(at - 1), (group.name, group.len - 1));
                assert!(
                    !group.constraint.is_empty() && !group.enforces.is_empty(),
                    "{}",
                    group.name
                );
            }
            assert_eq!(at, groups.num_constraints());
            assert_eq!(groups.name_of(at), ("none", 0));
            assert_eq!(groups.find("no such group"), None);
        }
    }
}
