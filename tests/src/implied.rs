//! Constraints that no false trace breaks alone, and why.

/// Group, number in the group, and the reason: whatever breaks it breaks another constraint too.
pub const IMPLIED: &[(&str, usize, &str)] = &[
    (
        "step-flags",
        0,
        "with the other flags bits and their sum right, STEP_0 could only be -1, beside CLOSE = 1 or \
         STEP_1 = 1. If STEP_0 + STEP_1 = 0, `chain-positions` 2 reads -STEP_0 = 0. If the sum is -1, \
         the row closes, so that position 0 is 3 and moves to 4, which are no two bits",
    ),
    (
        "step-flags",
        1,
        "as STEP_0, with `chain-positions` 3 and position 1",
    ),
    (
        "step-flags",
        2,
        "with the steps bits and the sum right, CLOSE could only be -1 or -2, beside one step or two. \
         `chain-positions` 4 and 5 say that both positions are 3 then, and a step moves them by one (or \
         by halves). They must be two bits in the next row, except in row 4 with CLOSE = -1, where \
         nothing says so; but then the first pair is at position 4 and never closes at 3",
    ),
    (
        "flags",
        6,
        "with the other flags and `acts` bits, IS_CREATE = -k for some k in 1 to 6. `new-keys` still \
         says PAYLOAD = J, so that `record` needs IS_CREATE + withdraws + rotates = 1, unless somebody \
         knows a preimage of the zero digest: a signed operation with both slots at once. Such an \
         operation leaves the root at J_before + 2 (J_after - J_before), and since `receives` is not 0 \
         then, the receiver's path must end in that",
    ),
];
