//! A package as bytes in, a typed manifest out.
