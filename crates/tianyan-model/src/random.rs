//! Random numbers that models need. Filled as streams arrive.
