//! Benchmarks; see benches/engine.rs and compare.py.
