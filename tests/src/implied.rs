//! Constraints that no false trace breaks alone. Why none can is in `air/docs/constraints.md`, which a
//! test compares with this list.

/// Group and number in the group: whatever breaks one of these breaks another constraint too.
pub const IMPLIED: &[(&str, usize)] = &[
    ("step-flags", 0),
    ("step-flags", 1),
    ("step-flags", 2),
    ("flags", 6),
];
