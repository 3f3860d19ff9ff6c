//! The passes of a transform of single columns: lanes are neighbours within a column.
