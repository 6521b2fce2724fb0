//! `inputs`: spikes, clamps, fields, replays.

mod current;
mod places;
mod replay;
mod spikes;
mod voltage;

use tianyan_model::{Gid, Problem, Problems, Waveform};

pub(crate) use current::clamp as current_clamp;
pub(crate) use places::Site;
pub(crate) use replay::{Activity, Replay};
pub(crate) use spikes::SpikeInput;
pub(crate) use voltage::clamp as voltage_clamp;

use crate::config::Entry;

/// A point process on each of some cells, with driven parameters.
#[derive(Debug, Clone)]
pub(crate) struct Clamp {
    pub mechanism: &'static str,
    /// Ascending.
    pub gids: Vec<Gid>,
    pub site: Site,
    pub parameters: Vec<(&'static str, f64)>,
    pub driven: Vec<(&'static str, Waveform)>,
}

impl Clamp {
    /// Whether a file gives its course.
    pub fn is_played(&self) -> bool {
        self.driven.iter().any(|(_, waveform)| matches!(waveform, Waveform::Played { .. }))
    }
}

/// Modules that BMTK has and that are not here.
pub(crate) fn unsupported(name: &str, module: &str, entry: &Entry) -> Problem {
    let help = match module {
        "function" => "functions in Python cannot be run: write their spikes to a file, and read it with module sonata",
        "comsol" | "ecephys_probe" => "spikes, IClamp, SEClamp, xstim, syn_activity and replay can be read",
        other => {
            let known = ["sonata", "h5", "csv", "nwb", "IClamp", "SEClamp", "xstim", "syn_activity", "replay"];
            let help = tianyan_io::did_you_mean(other, known);
            return entry
                .problem("module", "sonata-input", format!("input {name}: there is no module `{other}`"))
                .help(help);
        }
    };
    entry.problem("module", "sonata-input", format!("input {name}: the module `{module}` is not supported")).help(help)
}

/// Keys that all inputs have.
pub(crate) const COMMON: &[&str] = &["input_type", "module", "node_set", "enabled"];

/// Warns of keys that no input of a module has.
pub(crate) fn warn_unknown(entry: &Entry, keys: &[&str], warnings: &mut Problems) {
    entry.warn_unknown(&[COMMON, keys].concat(), warnings);
}
