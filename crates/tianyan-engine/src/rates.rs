//! Tables of rates, made after INITIAL for all groups: mechanisms with the same parameters share one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tianyan_layout::{Group, MechanismTable};
use tianyan_nmodl::interpret;
use tianyan_nmodl::ir::Op;
use tianyan_nmodl::rates::Misfit;
use tianyan_nmodl::{RateTable, Rates};

/// A mechanism whose rates stay computed, since no table of them is exact enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfit {
    /// Its name.
    pub mechanism: String,
    /// Where a rate cannot be followed, mV.
    pub v_mv: f64,
    /// How far the table is off there, as a part of the rate.
    pub error: f64,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unfit { mechanism, v_mv, error } = self;
        write!(
            f,
            "warning[rates-computed]: the rates of `{mechanism}` are computed, not looked up: a table would be off "
        )?;
        write!(
            f,
            "by {error:.1e} at {v_mv:.3} mV\n  help: a rate that jumps or has a kink is followed where that is a "
        )?;
        write!(f, "multiple of 1/32 mV; or ask for a larger rate_error")
    }
}

/// The mechanism's name, and the bits of all numbers that its rates depend on.
type Key = (String, Vec<u64>);

/// All tables of rates of one run.
#[derive(Debug, Default)]
pub struct RateTables {
    made: HashMap<Key, Result<Arc<RateTable>, Misfit>>,
}

impl RateTables {
    /// The table for the `t`-th mechanism table of a group, if the run wants tables, the mechanism has rates, and they
    /// stay the same and can be followed.
    pub fn of(&mut self, group: &mut Group, t: usize) -> Option<Arc<RateTable>> {
        let bound = group.layout.run.rate_error?;
        let table = &group.layout.tables[t];
        let rates = table.mechanism.rates.as_ref().filter(|_| !group.layout.prepared_in_step.contains(&t))?;
        let (state, dt_ms) = (group.state.values_mut(), group.layout.run.dt_ms);
        let key = key(table, rates, state);
        self.made.entry(key).or_insert_with(|| fit(table, rates, bound, state, dt_ms).map(Arc::new)).clone().ok()
    }

    /// Mechanisms that were left as they are, by name.
    pub fn unfit(&self) -> Vec<Unfit> {
        let made = self.made.iter();
        let unfit = |(key, made): (&Key, &Result<_, Misfit>)| {
            let Misfit { v_mv, error } = *made.as_ref().err()?;
            Some(Unfit { mechanism: key.0.clone(), v_mv, error })
        };
        let mut unfit: Vec<Unfit> = made.filter_map(unfit).collect();
        unfit.sort_by(|a, b| a.mechanism.cmp(&b.mechanism).then(a.v_mv.total_cmp(&b.v_mv)));
        unfit.dedup_by(|a, b| a.mechanism == b.mechanism);
        unfit
    }
}

fn key(table: &MechanismTable, rates: &Rates, state: &[f64]) -> Key {
    let loaded = rates.kernel.ops.iter().filter_map(|op| match op {
        Op::Load(b) => Some(state[table.field[*b as usize] as usize].to_bits()),
        _ => None,
    });
    (table.mechanism.name.clone(), loaded.collect())
}

fn fit(table: &MechanismTable, rates: &Rates, bound: f64, state: &mut [f64], dt_ms: f64) -> Result<RateTable, Misfit> {
    let (field, index, n) = (&table.field, &table.index, table.padded);
    let mut arguments = vec![0.0; 1 + rates.count];
    RateTable::fit(rates, bound, |v_mv, values| {
        arguments[0] = v_mv;
        let mut call = interpret::Call { state: &mut *state, field, index, n, rates: &[], t_ms: 0.0, dt_ms };
        interpret::event(&table.mechanism, &rates.kernel, &mut call, 0, &mut arguments, &mut []);
        values.copy_from_slice(&arguments[1..]);
    })
}
