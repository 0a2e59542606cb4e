//! The types that cross between browser, server and files.
