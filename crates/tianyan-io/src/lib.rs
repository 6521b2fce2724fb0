//! placeholder
pub mod output;
pub mod read_back;
pub mod swc;
